/* A statement. Every name in the list is a terminated text. */
#include <assert.h>
#include <string.h>

#include "../../src/stream/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct statement statement;

	statement_parse((const char *)data, size, STATEMENT_EITHER, &statement);
	assert(statement.verb);
	assert(statement.name_count <= STATEMENT_NAMES_MAX);
	for (unsigned i = 0; i < statement.name_count; i++) {
		const struct statement_name *name = &statement.names[i];

		assert(memchr(name->schema, '\0', sizeof(name->schema)));
		assert(memchr(name->name, '\0', sizeof(name->name)));
	}
	return 0;
}
