/* Values stand in statements as literals of db/sql.h, but for documents, TIMESTAMPs of a table
 * that is written in a zone, and text that becomes JSON on the target.
 *
 * The comparison of one column, by its type:
 *
 *  - numbers, dates and times compare by value, which is all they store; but -0.0 equals
 *    0.0, so that its sign is looked at where the target can store it (MariaDB cannot);
 *  - FLOAT is widened first, as a literal with all its digits never equals the column;
 *  - strings compare as bytes: no collation, no trailing blanks;
 *  - ENUM and SET by number, for members that are blank or invalid;
 *  - JSON by the text that the target itself makes of the document, and by the types
 *    inside, as it takes 1 and 1.0 for equal;
 *  - what has no order, by its hash.
 *
 * Where an index of the table begins with a string column, its plain comparison stands
 * beside the exact one, which can use no index: equal bytes are equal in any collation.
 * Only for plain characters, as the servers refuse a literal that is not valid. */
#include "rows/row_sql.h"

#include <stdlib.h>
#include <string.h>

#include "db/sql_json.h"
#include "plan/computed.h"

#define INDEXED_LENGTH_MAX 191

/* --- values ---------------------------------------------------------------------------- */

bool row_sql_is_whole_text(const struct column *column, size_t length)
{
	static const struct {
		const char *charset;
		unsigned width;
	} wide[] = { { "ucs2", 2 }, { "utf16", 2 }, { "utf16le", 2 }, { "utf32", 4 } };

	if (length % 4 == 0 || !column_is_text(column) || column->charset[0] != 'u' ||
	    strncmp(column->charset, "utf8", 4) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (strcmp(column->charset, wide[i].charset) == 0)
			return length % wide[i].width == 0;
	return true;
}

static bool is_empty(const struct column *column, struct value value)
{
	return value.bytes && value.length == 0 && !column->is_nullable &&
	       (column->type == COLUMN_GEOMETRY || column->type == COLUMN_VECTOR);
}

static bool put_tuple(struct buf *sql, const struct moved_table *table, const struct value *values,
		      bool omits_empty, uint64_t *invalid_enums, struct error *err)
{
	static const struct column json = { .type = COLUMN_JSON };
	char separator = '(';

	for (unsigned i = 0; i < table->written_count; i++) {
		const struct column *column = &table->source->columns[table->written[i]];
		struct value value = values[table->written[i]];

		if (omits_empty && is_empty(column, value))
			continue;
		buf_putc(sql, separator);
		separator = ',';
		if (column->type == COLUMN_JSON && value.bytes && table->json_is_typed) {
			if (!sql_json(sql, value, err))
				return error_wrap(err, "%s.%s", table->source->full_name,
						  column->name);
			continue;
		}
		if (column->type == COLUMN_JSON && value.bytes) {
			value.length = sql_json_text_length(value);
			sql_literal(sql, column, value);
			continue;
		}
		if (column->type == COLUMN_TIMESTAMP && value.bytes && table->zone) {
			computed_put_timestamp(sql, table, column, value);
			continue;
		}
		if (value.bytes && !row_sql_is_whole_text(column, value.length))
			return error_set(err, ERROR_DATA,
					 "%s.%s: a text of %zu bytes ends inside a character of %s, and "
					 "the target would store another one: fix it on the source",
					 table->source->full_name, column->name, value.length,
					 column->charset);
		/* MySQL makes no document of a binary string. */
		sql_literal(sql,
			    table->as_json && table->as_json[table->written[i]] ? &json : column,
			    value);
		if (column->type == COLUMN_ENUM && value.length == 1 && value.bytes[0] == '0')
			(*invalid_enums)++;
	}
	if (separator == '(')
		buf_putc(sql, separator);
	buf_putc(sql, ')');
	return true;
}

bool row_sql_tuple(struct buf *sql, const struct moved_table *table, const struct value *values,
		   uint64_t *invalid_enums, struct error *err)
{
	return put_tuple(sql, table, values, false, invalid_enums, err);
}

bool row_sql_has_empty(const struct moved_table *table, const struct value *values)
{
	for (unsigned i = 0; i < table->written_count; i++)
		if (is_empty(&table->source->columns[table->written[i]], values[table->written[i]]))
			return true;
	return false;
}

bool row_sql_without_empty(struct buf *sql, const struct moved_table *table,
			   const struct value *values, uint64_t *invalid_enums, struct error *err)
{
	bool omitted[SERVER_COLUMNS_MAX] = { false };

	for (unsigned i = 0; i < table->written_count && i < SERVER_COLUMNS_MAX; i++)
		omitted[i] = is_empty(&table->source->columns[table->written[i]],
				      values[table->written[i]]);
	moved_table_put_replace(sql, table, omitted);
	return put_tuple(sql, table, values, true, invalid_enums, err);
}

/* --- the condition ---------------------------------------------------------------------- */

static void put_name_of(struct buf *sql, const struct column *column, const char *before,
			const char *after)
{
	buf_puts(sql, before);
	sql_name(sql, column->name);
	buf_puts(sql, after);
}

static bool is_zero(struct value value)
{
	for (size_t i = 0; i < value.length; i++)
		if (value.bytes[i] >= '1' && value.bytes[i] <= '9')
			return false;
		else if (value.bytes[i] == 'e')
			break;
	return true;
}

static void put_real(struct buf *sql, const struct moved_table *table, const struct column *column,
		     struct value value)
{
	put_name_of(sql, column, "", column->type == COLUMN_FLOAT ? "*1e0=" : "=");
	sql_key_literal(sql, column, value);
	if (!table->target_is_mysql || !is_zero(value))
		return;
	put_name_of(sql, column, " AND LEFT(", "*1e0,1)");
	buf_puts(sql, value.length && value.bytes[0] == '-' ? "='-'" : "<>'-'");
}

static bool leads_an_index(const struct table *table, const struct column *column)
{
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].part_count > 0 &&
		    table->indexes[i].parts[0].column == column->position)
			return true;
	return false;
}

static bool is_plain_text(const struct column *column, struct value value)
{
	if (value.length > INDEXED_LENGTH_MAX || strncmp(column->charset, "ucs2", 4) == 0 ||
	    strncmp(column->charset, "utf16", 5) == 0 || strncmp(column->charset, "utf32", 5) == 0)
		return false;
	for (size_t i = 0; i < value.length; i++)
		if (value.bytes[i] < 0x20 || value.bytes[i] > 0x7e)
			return false;
	return true;
}

static void put_string(struct buf *sql, const struct moved_table *table,
		       const struct column *column, struct value value)
{
	if (leads_an_index(table->source, column) && is_plain_text(column, value)) {
		put_name_of(sql, column, "", "=");
		sql_key_literal(sql, column, value);
		buf_puts(sql, " AND ");
	}
	put_name_of(sql, column, "CAST(", " AS BINARY)=");
	sql_literal(sql, column, value);
}

/* The list is the servers' own words and numbers. */
static void put_types(struct buf *sql, const struct moved_table *table, const struct column *column,
		      struct value value)
{
	struct table there = { .schema = (char *)(uintptr_t)table->target_schema,
			       .name = (char *)(uintptr_t)table->target_name };
	size_t text = sql_json_text_length(value), types;
	struct value list = { value.bytes + text, value.length - text };

	if (list.length > 0) /* the NUL between the two */
		list = (struct value){ list.bytes + 1, list.length - 1 };
	types = list.length > 0;
	for (size_t i = 0; i < list.length; i++)
		types += list.bytes[i] == ',';
	buf_puts(sql, " AND ");
	sql_json_select_types(sql, &there, column);
	buf_printf(sql, "='%zu:", types);
	buf_add(sql, list.bytes, list.length);
	buf_putc(sql, '\'');
}

static bool put_json(struct buf *sql, const struct moved_table *table, const struct column *column,
		     struct value value, struct error *err)
{
	struct value text = { value.bytes, sql_json_text_length(value) };

	if (!table->target_is_mysql) {
		put_name_of(sql, column, "CAST(", " AS BINARY)=CAST(");
		sql_literal(sql, column, text);
		buf_puts(sql, " AS BINARY)");
		return true;
	}
	put_name_of(sql, column, "CAST(CAST(", " AS CHAR CHARACTER SET utf8mb4) AS BINARY)=");
	buf_puts(sql, "CAST(CAST(CAST(");
	if (!table->json_is_typed)
		sql_literal(sql, column, text);
	else if (!sql_json(sql, value, err))
		return error_wrap(err, "%s.%s", table->source->full_name, column->name);
	buf_puts(sql, " AS JSON) AS CHAR CHARACTER SET utf8mb4) AS BINARY)");
	if (table->json_is_typed)
		put_types(sql, table, column, value);
	return true;
}

static bool put_column(struct buf *sql, const struct moved_table *table,
		       const struct column *column, struct value value, struct error *err)
{
	if (!value.bytes) {
		put_name_of(sql, column, "", " IS NULL");
		return true;
	}
	switch (column->type) {
	case COLUMN_JSON:
		return put_json(sql, table, column, value, err);
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
		put_real(sql, table, column, value);
		return true;
	case COLUMN_BIT:
	case COLUMN_ENUM:
	case COLUMN_SET:
		put_name_of(sql, column, "CAST(", " AS UNSIGNED)=");
		break;
	case COLUMN_CHAR:
	case COLUMN_VARCHAR:
	case COLUMN_TEXT:
		put_string(sql, table, column, value);
		return true;
	case COLUMN_GEOMETRY:
	case COLUMN_VECTOR:
		put_name_of(sql, column, "SHA2(", ",256)=SHA2(");
		sql_literal(sql, column, value);
		buf_puts(sql, ",256)");
		return true;
	default:
		put_name_of(sql, column, "", "=");
		break;
	}
	sql_literal(sql, column, value);
	return true;
}

bool row_sql_match(struct buf *sql, const struct moved_table *table, const struct value *values,
		   struct error *err)
{
	for (unsigned i = 0; i < table->written_count; i++) {
		unsigned at = table->written[i];

		if (i > 0)
			buf_puts(sql, " AND ");
		if (!put_column(sql, table, &table->source->columns[at], values[at], err))
			return false;
	}
	return true;
}

bool row_sql_match_stored(struct buf *sql, const struct moved_table *table,
			  const struct value *values, struct error *err)
{
	for (unsigned i = 0; i < table->source->column_count; i++) {
		const struct column *column = &table->source->columns[i];

		if (column->generation != COLUMN_STORED)
			continue;
		buf_puts(sql, " AND ");
		if (!put_column(sql, table, column, values[i], err))
			return false;
	}
	return true;
}
