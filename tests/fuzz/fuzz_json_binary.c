/* A binary JSON document. What is printed is JSON, and no longer than a document of
 * this size can be. */
#include <assert.h>

#include <cjson/cJSON.h>

#include "../../src/decode/json_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	bool ok = json_binary_text(data, size, &text);

	assert(text.length <= 64 + 64 * size);
	if (ok) {
		cJSON *tree = cJSON_ParseWithLength(buf_text(&text), text.length);

		assert(tree);
		cJSON_Delete(tree);
	}
	buf_release(&text);
	return 0;
}
