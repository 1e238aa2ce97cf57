/* A CREATE statement for the other flavour: the first byte's lowest bit says which. */
#include <stdlib.h>
#include <string.h>

#include "../../src/create/create_translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum flavour to = size > 0 && (data[0] & 1) ? FLAVOUR_MYSQL : FLAVOUR_MARIADB;
	enum flavour from = to == FLAVOUR_MYSQL ? FLAVOUR_MARIADB : FLAVOUR_MYSQL;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	char *text;

	if (size == 0)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!create_translate(&out, text, from, to, &err))
		buf_clear(&out);
	buf_release(&out);
	free(text);
	return 0;
}
