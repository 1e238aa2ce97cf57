/* The body of a TABLE_MAP event; the first byte says how long its post-header is. What
 * is read of it is whole: names end, and every known type can be described. */
#include <assert.h>
#include <string.h>

#include "../../src/decode/column_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct binlog_table_map *map, size_t size)
{
	struct buf text = BUF_INIT;
	size_t names = 0;

	assert(map->schema && map->name && !map->table);
	assert(map->column_count > 0 && map->column_count <= size);
	assert(map->known_count <= map->column_count);
	for (unsigned i = 0; i < map->column_count; i++) {
		const struct binlog_column *column = &map->columns[i];

		names += column->name ? strlen(column->name) : 0;
		if (i < map->known_count)
			assert(column_codec(column->type)->name);
		buf_clear(&text);
		column_codec_describe(column, &text);
		assert(text.length > 0);
	}
	assert(names <= size);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binlog_event event = { .type = EVENT_TABLE_MAP };
	struct binlog_table_map map;
	struct binlog_format format;
	struct error err = ERROR_INIT;

	if (size == 0)
		return 0;
	binlog_format_init(&format);
	format.header_sizes[EVENT_TABLE_MAP] = data[0];
	event.body = reader_over(data + 1, size - 1);
	if (!binlog_table_map_parse(&event, &format, &map, &err))
		return 0;
	check(&map, size);
	binlog_table_map_release(&map);
	return 0;
}
