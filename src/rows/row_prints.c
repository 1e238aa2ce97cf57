/* Keys are compared by their bytes, each value led by its length: 'a' and 'A' are two keys
 * here though one for a collation, and a row under the other one is not alike. */
#include "rows/row_prints.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct row_print {
	char digits[ROW_PRINT_DIGITS];
	bool is_seen;
};

void row_prints_init(struct row_prints *prints)
{
	*prints = (struct row_prints){ .seen = 0 };
	map_init(&prints->rows);
}

void row_prints_clear(struct row_prints *prints)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&prints->rows, &cursor)))
		free(entry->value);
	map_clear(&prints->rows);
	prints->seen = 0;
}

void row_prints_release(struct row_prints *prints)
{
	row_prints_clear(prints);
	map_release(&prints->rows);
	buf_release(&prints->key);
}

static void put_key(struct row_prints *prints, const struct value *key, unsigned count)
{
	buf_clear(&prints->key);
	for (unsigned i = 0; i < count; i++) {
		buf_printf(&prints->key, "%zu:", key[i].length);
		buf_add(&prints->key, key[i].bytes, key[i].length);
	}
}

bool row_prints_add(struct row_prints *prints, const struct value *key, unsigned count,
		    struct value print)
{
	struct row_print *row;

	if (!print.bytes || print.length != ROW_PRINT_DIGITS)
		return false;
	row = mem_calloc(1, sizeof(*row));
	memcpy(row->digits, print.bytes, ROW_PRINT_DIGITS);
	put_key(prints, key, count);
	free(map_put(&prints->rows, prints->key.data, prints->key.length, row));
	return true;
}

void row_prints_begin_look(struct row_prints *prints)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&prints->rows, &cursor)))
		((struct row_print *)entry->value)->is_seen = false;
	prints->seen = 0;
}

void row_prints_look(struct row_prints *prints, const struct value *key, unsigned count,
		     struct value print)
{
	struct row_print *row;

	put_key(prints, key, count);
	row = map_get(&prints->rows, prints->key.data, prints->key.length);
	if (!row || row->is_seen || !print.bytes || print.length != ROW_PRINT_DIGITS ||
	    memcmp(row->digits, print.bytes, ROW_PRINT_DIGITS) != 0)
		return;
	row->is_seen = true;
	prints->seen++;
}

bool row_prints_are_alike(const struct row_prints *prints)
{
	return prints->seen == prints->rows.count;
}
