/* The text: fields end by a tab, rows by a line end, and a backslash stands before either of
 * them and before itself; \N is NULL. That is all the server undoes (its manual, "LOAD DATA",
 * "Field and Line Handling"), and with CHARACTER SET binary it converts nothing: a column
 * gets the bytes as from a _binary literal. \0 stands for a zero byte, as a server's reader
 * of its own end of text may not be trusted with one.
 *
 * Not every column takes its value as bytes:
 *  - BIT, ENUM and SET take a text for a value or a label, so their number goes through a
 *    user variable and CAST.
 *  - MySQL makes no document of bytes (3144), UUID and INET columns would take them for the
 *    stored form: they go through CONVERT.
 *
 * Where the target computes something of a row (generated columns, functional keys), MariaDB
 * says nothing about what a strict INSERT refuses: '12abc' as a number becomes 12 with no
 * warning. Such tables are written by INSERT. */
#include "rows/load_text.h"

#include <string.h>

#include "db/sql_json.h"
#include "rows/row_sql.h"

#define WORD 8

enum field { FIELD_PLAIN, FIELD_NUMBER, FIELD_TEXT };

static enum field field_of(const struct moved_table *table, unsigned column)
{
	switch (table->source->columns[column].type) {
	case COLUMN_BIT:
	case COLUMN_ENUM:
	case COLUMN_SET:
		return FIELD_NUMBER;
	case COLUMN_JSON:
	case COLUMN_UUID:
	case COLUMN_INET4:
	case COLUMN_INET6:
		return FIELD_TEXT;
	default:
		return table->as_json && table->as_json[column] ? FIELD_TEXT : FIELD_PLAIN;
	}
}

bool load_text_suits(const struct moved_table *table)
{
	if (table->zone || table->json_is_typed || table->written_count == 0 ||
	    table->key.count == 0)
		return false;
	for (unsigned i = 0; i < table->source->column_count; i++)
		if (table->source->columns[i].type == COLUMN_UNKNOWN ||
		    table->source->columns[i].expression[0] != '\0')
			return false;
	for (unsigned i = 0; i < table->source->index_count; i++)
		if (table->source->indexes[i].expressions)
			return false;
	return true;
}

void load_text_put_statement(struct buf *sql, const struct moved_table *table, const char *comment,
			     bool replaces)
{
	const char *separator = "";

	buf_puts(sql, comment);
	buf_printf(sql, "LOAD DATA LOCAL INFILE 'rows' %sINTO TABLE ", replaces ? "REPLACE " : "");
	sql_table_name(sql, table->target_schema, table->target_name);
	/* In hex, so that no sql_mode reads the signs in another way. */
	buf_puts(sql, " CHARACTER SET binary FIELDS TERMINATED BY x'09' ESCAPED BY x'5C' "
		      "LINES TERMINATED BY x'0A' (");
	for (unsigned i = 0; i < table->written_count; i++) {
		unsigned column = table->written[i];

		buf_puts(sql, i ? "," : "");
		if (field_of(table, column) == FIELD_PLAIN)
			sql_name(sql, table->source->columns[column].name);
		else
			buf_printf(sql, "@c%u", i);
	}
	buf_putc(sql, ')');
	for (unsigned i = 0; i < table->written_count; i++) {
		unsigned column = table->written[i];
		enum field field = field_of(table, column);

		if (field == FIELD_PLAIN)
			continue;
		buf_puts(sql, *separator ? separator : " SET ");
		separator = ",";
		sql_name(sql, table->source->columns[column].name);
		buf_printf(sql,
			   field == FIELD_NUMBER ? "=CAST(@c%u AS UNSIGNED)" :
						   "=CONVERT(@c%u USING utf8mb4)",
			   i);
	}
}

/* Of eight bytes none needs a backslash, as far as can be seen at once: none is less than 11,
 * and none is a backslash. */
static bool is_plain_word(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101, tops = ones << 7;
	uint64_t word, differs;

	memcpy(&word, bytes, sizeof(word));
	differs = word ^ ones * '\\';
	return ((((word - ones * ('\n' + 1)) & ~word) | ((differs - ones) & ~differs)) & tops) == 0;
}

static bool needs_backslash(char c)
{
	return (unsigned char)c > '\n' ? c == '\\' : c == '\0' || c == '\t' || c == '\n';
}

/* Behind the plain bytes that at begins with, or some of them. The last word overlaps. */
static const char *skip_plain(const char *at, const struct value *value)
{
	const char *end = value->bytes + value->length;

	while (end - at >= WORD && is_plain_word(at))
		at += WORD;
	if (end - at < WORD && value->length >= WORD && is_plain_word(end - WORD))
		return end;
	while (at < end && !needs_backslash(*at))
		at++;
	return at;
}

static void put_field(struct buf *text, struct value value)
{
	const char *end = value.bytes + value.length;
	const char *from = value.bytes;

	for (const char *at = from; (at = skip_plain(at, &value)) < end; at++) {
		buf_add(text, from, (size_t)(at - from));
		buf_putc(text, '\\');
		buf_putc(text, *at == '\0' ? '0' : *at);
		from = at + 1;
	}
	buf_add(text, from, (size_t)(end - from));
}

bool load_text_put_row(struct buf *text, const struct moved_table *table, const struct value *values)
{
	for (unsigned i = 0; i < table->written_count; i++) {
		const struct column *column = &table->source->columns[table->written[i]];
		struct value value = values[table->written[i]];

		if (value.bytes &&
		    (column->type == COLUMN_ENUM ? value.length == 1 && value.bytes[0] == '0' :
						   !row_sql_is_whole_text(column, value.length)))
			return false;
	}
	for (unsigned i = 0; i < table->written_count; i++) {
		struct value value = values[table->written[i]];

		if (i > 0)
			buf_putc(text, '\t');
		/* A document of the binlog has its types behind it. */
		if (value.bytes && table->source->columns[table->written[i]].type == COLUMN_JSON)
			value.length = sql_json_text_length(value);
		if (value.bytes)
			put_field(text, value);
		else
			buf_add(text, "\\N", 2);
	}
	buf_putc(text, '\n');
	return true;
}

/* One field from *at on: its bytes are appended, *at is left on what ended it. */
static bool parse_field(const struct buf *text, size_t *at, struct buf *bytes)
{
	size_t i = *at;
	bool is_null = i + 2 < text->length && memcmp(text->data + i, "\\N", 2) == 0 &&
		       (text->data[i + 2] == '\t' || text->data[i + 2] == '\n');

	if (is_null) {
		*at = i + 2;
		return false;
	}
	for (; i < text->length && text->data[i] != '\t' && text->data[i] != '\n'; i++) {
		char c = text->data[i];

		if (c == '\\' && i + 1 < text->length) {
			c = text->data[++i];
			c = c == '0' ? '\0' : c;
		}
		buf_putc(bytes, c);
	}
	*at = i;
	return true;
}

bool load_text_next_row(const struct buf *text, size_t *at, const struct moved_table *table,
			struct buf *bytes, struct value *values)
{
	size_t end = *at;

	if (*at >= text->length)
		return false;
	while (text->data[end] != '\n') /* each row ends by one that is not escaped */
		end += text->data[end] == '\\' ? 2 : 1;
	buf_clear(bytes);
	buf_reserve(bytes, end - *at + table->written_count); /* values point into it */
	for (unsigned i = 0; i < table->written_count; i++) {
		size_t start = bytes->length;
		bool is_value = parse_field(text, at, bytes);

		values[table->written[i]] =
			is_value ? (struct value){ bytes->data + start, bytes->length - start } :
				   (struct value){ NULL, 0 };
		(*at)++;
	}
	return true;
}
