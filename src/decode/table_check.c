/* Does a table of the binlog still have the definition that was read at the start?
 *
 * A DDL statement in the stream ends the run anyway; this catches what no statement shows: a start
 * position from before an ALTER, a resumed run, a server whose statements are hidden from the
 * stream. What is compared is what the event has: the types, the metadata that decides how values
 * are laid out, signedness and names where binlog_row_metadata sends them. */
#include <string.h>

#include "decode/table_map.h"
#include "column_codec.h"

static bool same_always(const struct binlog_column *in UNUSED, const struct column *column UNUSED)
{
	return true;
}

static bool same_decimal(const struct binlog_column *in, const struct column *column)
{
	return in->meta == (column->precision << 8 | column->scale);
}

static bool same_width(const struct binlog_column *in, const struct column *column)
{
	return in->meta == column->precision;
}

/* The old formats have no metadata: the digits come from the schema. */
static bool same_fraction(const struct binlog_column *in, const struct column *column)
{
	bool is_old = in->type < TYPE_TIMESTAMP2;

	return is_old || in->meta == column->fraction;
}

static bool same_octets(const struct binlog_column *in, const struct column *column)
{
	return in->meta == column->max_octets;
}

/* The length of a compressed VARCHAR includes the byte for the method. */
static bool same_string(const struct binlog_column *in, const struct column *column)
{
	return in->meta == column->max_octets + (in->type == TYPE_VARCHAR_COMPRESSED);
}

static bool same_length_bytes(const struct binlog_column *in, const struct column *column)
{
	return in->meta == column->length_bytes;
}

static bool same_enum(const struct binlog_column *in, const struct column *column)
{
	return in->meta == (column->member_count > UINT8_MAX ? 2 : 1);
}

/* Five to eight bytes of members take eight. */
static bool same_set(const struct binlog_column *in, const struct column *column)
{
	unsigned bytes = (column->member_count + 7) / 8;

	return in->meta == (bytes > 4 ? 8 : bytes);
}

/* How a column of the schema may show itself in the binlog. */
static const struct family {
	uint8_t type;
	uint8_t old_type; /* of tables made by old servers, or COMPRESSED; or 0 */
	bool (*same)(const struct binlog_column *in, const struct column *column);
} families[COLUMN_TYPE_COUNT] = {
	[COLUMN_TINYINT] = { TYPE_TINY, 0, same_always },
	[COLUMN_SMALLINT] = { TYPE_SHORT, 0, same_always },
	[COLUMN_MEDIUMINT] = { TYPE_INT24, 0, same_always },
	[COLUMN_INT] = { TYPE_LONG, 0, same_always },
	[COLUMN_BIGINT] = { TYPE_LONGLONG, 0, same_always },
	[COLUMN_DECIMAL] = { TYPE_NEWDECIMAL, 0, same_decimal },
	[COLUMN_FLOAT] = { TYPE_FLOAT, 0, same_always },
	[COLUMN_DOUBLE] = { TYPE_DOUBLE, 0, same_always },
	[COLUMN_BIT] = { TYPE_BIT, 0, same_width },
	[COLUMN_YEAR] = { TYPE_YEAR, 0, same_always },
	[COLUMN_DATE] = { TYPE_DATE, TYPE_NEWDATE, same_always },
	[COLUMN_TIME] = { TYPE_TIME2, TYPE_TIME, same_fraction },
	[COLUMN_DATETIME] = { TYPE_DATETIME2, TYPE_DATETIME, same_fraction },
	[COLUMN_TIMESTAMP] = { TYPE_TIMESTAMP2, TYPE_TIMESTAMP, same_fraction },
	[COLUMN_CHAR] = { TYPE_STRING, 0, same_octets },
	[COLUMN_VARCHAR] = { TYPE_VARCHAR, TYPE_VARCHAR_COMPRESSED, same_string },
	[COLUMN_BINARY] = { TYPE_STRING, 0, same_octets },
	[COLUMN_VARBINARY] = { TYPE_VARCHAR, TYPE_VARCHAR_COMPRESSED, same_string },
	[COLUMN_TEXT] = { TYPE_BLOB, TYPE_BLOB_COMPRESSED, same_length_bytes },
	[COLUMN_BLOB] = { TYPE_BLOB, TYPE_BLOB_COMPRESSED, same_length_bytes },
	[COLUMN_ENUM] = { TYPE_ENUM, 0, same_enum },
	[COLUMN_SET] = { TYPE_SET, 0, same_set },
	[COLUMN_JSON] = { TYPE_JSON, 0, same_always },
	[COLUMN_GEOMETRY] = { TYPE_GEOMETRY, 0, same_always },
	/* MariaDB's is a VARBINARY in the binlog. */
	[COLUMN_UUID] = { TYPE_STRING, 0, same_octets },
	[COLUMN_INET4] = { TYPE_STRING, 0, same_octets },
	[COLUMN_INET6] = { TYPE_STRING, 0, same_octets },
	[COLUMN_VECTOR] = { TYPE_VECTOR, TYPE_VARCHAR, same_always },
};

#define ALTERED                                                                                    \
	"the table was altered while it was being copied; start the copy of this table again"

static bool check_supported(const struct binlog_table_map *map, unsigned index,
			    const struct table *table, struct error *err)
{
	const struct column *column = &table->columns[index];
	const struct binlog_column *in = &map->columns[index];
	bool is_known = index < map->known_count && column_codec(in->type)->decode;

	if (column->type != COLUMN_UNKNOWN && is_known)
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "table %s: column %u (`%s`) is %s, which cannot be read from the binlog "
			 "(type %u): leave the table out or change the column's type",
			 table->full_name, index + 1, column->name, column->raw_type, in->type);
}

static bool is_same(const struct binlog_column *in, const struct column *column)
{
	const struct family *family = &families[column->type];

	if (in->type != family->type && (in->type != family->old_type || !family->old_type))
		return false;
	if (in->sign != SIGN_UNKNOWN && (in->sign == SIGN_UNSIGNED) != column->is_unsigned)
		return false;
	return family->same(in, column);
}

static bool check_column(const struct binlog_table_map *map, unsigned index,
			 const struct table *table, struct error *err)
{
	const struct column *column = &table->columns[index];
	const struct binlog_column *in = &map->columns[index];
	struct buf found = BUF_INIT;

	if (in->name && strcmp(in->name, column->name) != 0)
		return error_set(err, ERROR_SCHEMA,
				 "table %s: column %u is `%s` in the schema read at the start but "
				 "the binlog has `%s`: " ALTERED,
				 table->full_name, index + 1, column->name, in->name);
	if (!check_supported(map, index, table, err))
		return false;
	if (is_same(in, column))
		return true;
	column_codec_describe(in, &found);
	error_set(err, ERROR_SCHEMA,
		  "table %s: column %u (`%s`) is %s in the schema read at the start but the binlog "
		  "has %s: " ALTERED,
		  table->full_name, index + 1, column->name, column->raw_type, buf_text(&found));
	buf_release(&found);
	return false;
}

/* MariaDB keeps a UNIQUE over long strings, and one that was declared USING HASH, by a
 * hash in a hidden column behind the others: BIGINT UNSIGNED, one for each such index
 * (seen as DB_ROW_HASH_1 with binlog_row_metadata=FULL). The schema does not have them,
 * the table map does. */
static bool is_hidden_hashes(const struct binlog_table_map *map, const struct table *table)
{
	unsigned indexes = 0;

	for (unsigned i = 0; i < table->index_count; i++)
		indexes += table->indexes[i].is_hashed;
	for (unsigned i = table->column_count; i < map->column_count; i++)
		if (map->columns[i].type != TYPE_LONGLONG || map->columns[i].sign == SIGN_SIGNED)
			return false;
	return map->column_count - table->column_count <= indexes;
}

bool binlog_table_map_check(const struct binlog_table_map *map, const struct table *table,
			    struct error *err)
{
	if (map->column_count < table->column_count || !is_hidden_hashes(map, table))
		return error_set(err, ERROR_SCHEMA,
				 "table %s has %u columns in the schema read at the start but %u "
				 "in the binlog: " ALTERED,
				 table->full_name, table->column_count, map->column_count);
	for (unsigned i = 0; i < table->column_count; i++)
		if (!check_column(map, i, table, err))
			return false;
	return true;
}
