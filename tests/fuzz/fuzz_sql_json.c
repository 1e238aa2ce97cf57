/* A JSON document and the list of its types. What is made of it must leave no string
 * open: all quotes come in pairs. */
#include <assert.h>

#include "db/sql_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value value = { (const char *)data, size };
	struct buf sql = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t quotes = 0;

	if (size > 0 && sql_json(&sql, value, &err)) {
		for (size_t i = 0; i < sql.length; i++)
			quotes += sql.data[i] == '\'';
		assert(quotes % 2 == 0);
	}
	buf_release(&sql);
	return 0;
}
