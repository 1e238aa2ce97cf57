/* TABLE_MAP events: which table the rows that follow belong to and how its
 * columns are laid out in them (MySQL source, libs/mysql/binlog/event/
 * rows_event.h, Table_map_event):
 *
 *   id[6] flags[2] schema name column-count types metadata null-bitmap optional
 *
 * The optional part is a list of type[1] length value; how much of it comes is up
 * to binlog_row_metadata of the server. Everything is copied out of the event, as
 * the map outlives it. A corrupt event leaves nothing behind. */
#include "decode/table_map.h"

#include <stdlib.h>

#include "base/mem.h"
#include "column_codec.h"

#define SHORT_ID_POST_HEADER 6 /* servers before 5.1.4 had ids of four bytes */

enum { OPTIONAL_SIGNEDNESS = 1, OPTIONAL_COLUMN_NAME = 4 };

static uint64_t read_table_id(struct reader *r, unsigned post_header)
{
	return post_header == SHORT_ID_POST_HEADER ? reader_u32(r) : reader_uint(r, 6);
}

bool binlog_rows_table_id(const struct binlog_event *event, const struct binlog_format *format,
			  uint64_t *table_id, struct error *err)
{
	struct reader r = event->body;

	*table_id = read_table_id(&r, format->header_sizes[event->type]);
	if (r.failed)
		return error_set(err, ERROR_CORRUPT, "%s event cut short",
				 binlog_event_type_name(event->type));
	return true;
}

#define STATEMENT_END 1 /* STMT_END_F */

bool binlog_rows_end_statement(const struct binlog_event *event, const struct binlog_format *format)
{
	struct reader r = event->body;

	read_table_id(&r, format->header_sizes[event->type]);
	return reader_u16(&r) & STATEMENT_END;
}

/* length[1], the text, a NUL. */
static char *read_name(struct reader *r)
{
	unsigned length = reader_u8(r);
	const uint8_t *bytes = reader_bytes(r, length);

	reader_u8(r);
	return bytes && !r->failed ? mem_memdup(bytes, length) : NULL;
}

static void read_columns(struct reader *r, struct binlog_table_map *map)
{
	uint64_t count = reader_lenenc(r);
	const uint8_t *types = reader_bytes(r, count);
	struct reader meta = reader_sub(r, reader_lenenc(r));
	const uint8_t *nullable = reader_bytes(r, (count + 7) / 8);
	bool is_known = true;

	/* Also bounds the memory: each column has at least its type byte. */
	if (r->failed || count == 0)
		return;
	map->column_count = (unsigned)count;
	map->columns = mem_calloc(count, sizeof(*map->columns));
	for (unsigned i = 0; i < map->column_count; i++) {
		struct binlog_column *column = &map->columns[i];

		column->type = types[i];
		column->is_nullable = nullable[i / 8] >> (i % 8) & 1; /* the lowest bit first */
		is_known = is_known && column_codec(types[i])->name;
		if (!is_known)
			continue;
		if (column_codec(types[i])->read_meta)
			column_codec(types[i])->read_meta(&meta, column);
		map->known_count = i + 1;
	}
	r->failed |= meta.failed;
}

/* One bit per numeric column, from the highest bit of the first byte down. YEAR
 * has one too, always set: it says nothing, and the schema does not have it. */
static void read_signedness(struct reader *value, struct binlog_table_map *map)
{
	uint8_t bits = 0;
	unsigned used = 0;

	if (map->known_count < map->column_count)
		return;
	for (unsigned i = 0; i < map->column_count; i++) {
		if (!column_codec(map->columns[i].type)->is_numeric)
			continue;
		if (used++ % 8 == 0)
			bits = reader_u8(value);
		if (map->columns[i].type != TYPE_YEAR)
			map->columns[i].sign = bits & 0x80 ? SIGN_UNSIGNED : SIGN_SIGNED;
		bits = (uint8_t)(bits << 1);
	}
}

/* length and text for each column. A text takes the place of its length, and
 * the next length becomes its NUL. */
static void read_names(struct reader *value, struct binlog_table_map *map)
{
	size_t size = reader_left(value);
	char *to;

	if (map->names) {
		value->failed = true; /* twice */
		return;
	}
	map->names = mem_alloc(size + 1);
	to = map->names;
	for (unsigned i = 0; i < map->column_count && !value->failed; i++) {
		uint64_t length = reader_lenenc(value);
		const uint8_t *bytes = reader_bytes(value, length);

		if (!bytes)
			break;
		memcpy(to, bytes, length);
		to[length] = '\0';
		map->columns[i].name = to;
		to += length + 1;
	}
}

static void read_optional(struct reader *r, struct binlog_table_map *map)
{
	while (reader_left(r) > 0) {
		unsigned field = reader_u8(r);
		struct reader value = reader_sub(r, reader_lenenc(r));

		if (field == OPTIONAL_SIGNEDNESS)
			read_signedness(&value, map);
		else if (field == OPTIONAL_COLUMN_NAME)
			read_names(&value, map);
		r->failed |= value.failed;
	}
}

bool binlog_table_map_parse(struct binlog_event *event, const struct binlog_format *format,
			    struct binlog_table_map *map, struct error *err)
{
	struct reader *r = &event->body;

	*map = (struct binlog_table_map){ .table = NULL };
	map->table_id = read_table_id(r, format->header_sizes[EVENT_TABLE_MAP]);
	reader_u16(r); /* flags */
	map->schema = read_name(r);
	map->name = read_name(r);
	read_columns(r, map);
	if (!r->failed)
		read_optional(r, map);
	if (!r->failed && map->column_count > 0)
		return true;
	error_set(err, ERROR_CORRUPT, "TABLE_MAP event of %s.%s cut short or not valid",
		  map->schema ? map->schema : "?", map->name ? map->name : "?");
	binlog_table_map_release(map);
	return false;
}

void binlog_table_map_release(struct binlog_table_map *map)
{
	free(map->schema);
	free(map->name);
	free(map->columns);
	free(map->names);
	*map = (struct binlog_table_map){ .table = NULL };
}
