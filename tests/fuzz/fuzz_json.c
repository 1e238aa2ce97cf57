/* A JSON text, as of a configuration, a state or a request. What was read is printed
 * and read again, and is the same then. */
#include <assert.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_again(const struct buf *first, int indent)
{
	struct buf second = BUF_INIT;
	struct error err = ERROR_INIT;
	cJSON *tree = json_parse(first->data, first->length, &err);

	assert(tree);
	json_print(&second, tree, indent);
	assert(second.length == first->length);
	assert(memcmp(second.data, first->data, first->length) == 0);
	cJSON_Delete(tree);
	buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	cJSON *tree = json_parse((const char *)data, size, &err);
	uint64_t u;
	int64_t i;

	if (!tree) {
		assert(err.text[0]);
		return 0;
	}
	if (json_u64(tree, &u) && json_i64(tree, &i))
		assert(u == (uint64_t)i);
	for (int indent = 0; indent < 2; indent++) {
		buf_clear(&text);
		json_print(&text, tree, indent);
		print_again(&text, indent);
	}
	buf_release(&text);
	cJSON_Delete(tree);
	return 0;
}
