/* SQL text from names and values.
 *
 * The form of a literal is a property of the column's type, one line per type in
 * the table below; what each line rests on was tried on MySQL 9.7 and MariaDB
 * 10.11:
 *  - _binary'...' stores exactly those bytes in a column of any charset, with
 *    no warning; bytes that are not valid in it are refused (1366).
 *  - MySQL takes no _binary text for JSON (3144), but _utf8mb4'...'.
 *  - A quoted number is a text to BIT ("31" is two bytes) and a label to ENUM and
 *    SET: they take bare numbers only. YEAR '0' would be 2000, bare 0 is 0000.
 *  - A bare -0 is the integer 0; '-0' keeps the sign (MariaDB stores no -0.0).
 * Values are often a state file's or another server's: what should be a number
 * and is not goes out quoted, so that the server refuses it as data. */
#include "db/sql.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum form {
	FORM_NUMBER,   /* bare digits */
	FORM_QUOTED,   /* '...' */
	FORM_BYTES,    /* _binary'...' */
	FORM_JSON,     /* _utf8mb4'...' */
	FORM_HEX,      /* x'..' */
	FORM_TEXT_HEX, /* _charset x'..' */
};

enum reading {
	READ_PLAIN,
	READ_AS_DOUBLE,
	READ_AS_NUMBER,
};

/* How a type is read, written into VALUES and compared with. */
static const struct {
	enum reading reading;
	enum form stored;
	enum form compared;
} types[COLUMN_TYPE_COUNT] = {
	[COLUMN_UNKNOWN] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_TINYINT] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_SMALLINT] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_MEDIUMINT] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_INT] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_BIGINT] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_DECIMAL] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_FLOAT] = { READ_AS_DOUBLE, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_DOUBLE] = { READ_AS_DOUBLE, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_BIT] = { READ_AS_NUMBER, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_YEAR] = { READ_PLAIN, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_DATE] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_TIME] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_DATETIME] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_TIMESTAMP] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_CHAR] = { READ_PLAIN, FORM_BYTES, FORM_TEXT_HEX },
	[COLUMN_VARCHAR] = { READ_PLAIN, FORM_BYTES, FORM_TEXT_HEX },
	[COLUMN_BINARY] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_VARBINARY] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_TEXT] = { READ_PLAIN, FORM_BYTES, FORM_TEXT_HEX },
	[COLUMN_BLOB] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_ENUM] = { READ_AS_NUMBER, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_SET] = { READ_AS_NUMBER, FORM_NUMBER, FORM_NUMBER },
	[COLUMN_JSON] = { READ_PLAIN, FORM_JSON, FORM_JSON },
	[COLUMN_GEOMETRY] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_VECTOR] = { READ_PLAIN, FORM_BYTES, FORM_HEX },
	[COLUMN_UUID] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_INET4] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
	[COLUMN_INET6] = { READ_PLAIN, FORM_QUOTED, FORM_QUOTED },
};

static const char *find(const char *at, const char *end, char c)
{
	const char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;

	return found ? found : end;
}

/* Statements are hundreds of megabytes of this: whole runs are copied, each sign is looked
 * for only once it has been passed, and room for the usual case (nothing to double) is
 * made once. A quote is doubled rather than escaped, so that the literal ends where it
 * should even in a session that is not set up yet, whose server has NO_BACKSLASH_ESCAPES.
 * Bytes of utf8mb4 characters are never one of the two signs. */
void sql_bytes(struct buf *sql, const char *bytes, size_t length)
{
	const char *end = bytes + length;
	const char *quote = find(bytes, end, '\'');
	const char *backslash = find(bytes, end, '\\');

	buf_reserve(sql, length + 2);
	buf_putc(sql, '\'');
	for (;;) {
		const char *found = quote < backslash ? quote : backslash;

		if (found == end)
			break;
		buf_add(sql, bytes, (size_t)(found - bytes) + 1);
		buf_putc(sql, *found);
		bytes = found + 1;
		if (found == quote)
			quote = find(bytes, end, '\'');
		else
			backslash = find(bytes, end, '\\');
	}
	buf_add(sql, bytes, (size_t)(end - bytes));
	buf_putc(sql, '\'');
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (!a->bytes || !b->bytes)
		return a->bytes == b->bytes;
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* A backslash is nothing special in a name. */
void sql_name(struct buf *sql, const char *name)
{
	const char *end = name + strlen(name);

	buf_putc(sql, '`');
	for (const char *found; (found = find(name, end, '`')) < end; name = found + 1) {
		buf_add(sql, name, (size_t)(found - name) + 1);
		buf_putc(sql, '`');
	}
	buf_add(sql, name, (size_t)(end - name));
	buf_putc(sql, '`');
}

void sql_table_name(struct buf *sql, const char *schema, const char *table)
{
	sql_name(sql, schema);
	buf_putc(sql, '.');
	sql_name(sql, table);
}

bool sql_account(struct buf *sql, const char *current_user)
{
	const char *at = strrchr(current_user, '@');
	char *user;

	if (!at)
		return false;
	user = mem_memdup(current_user, (size_t)(at - current_user));
	sql_name(sql, user);
	buf_putc(sql, '@');
	sql_name(sql, at + 1);
	free(user);
	return true;
}

void sql_text(struct buf *sql, const char *text)
{
	sql_bytes(sql, text, strlen(text));
}

void sql_comment(struct buf *sql, const char *marginalia)
{
	buf_puts(sql, "/*");
	/* Servers execute the text of a comment that begins with "!" or "M!". */
	if (marginalia[0] == '!' || marginalia[0] == 'M' || marginalia[0] == '+')
		buf_putc(sql, ' ');
	for (const char *at = marginalia; *at; at++) {
		buf_putc(sql, *at);
		if (at[0] == '*' && at[1] == '/')
			buf_putc(sql, ' ');
	}
	buf_puts(sql, "*/ ");
}

/* `c`+0 would not do: on MySQL SET+0 is a DOUBLE, on MariaDB negative from the
 * 64th member on. FLOAT alone has 6 digits, and `c`+0e0 loses the sign of -0.0. */
void sql_select_column(struct buf *sql, const struct column *column)
{
	enum reading reading = types[column->type].reading;

	if (reading == READ_AS_NUMBER)
		buf_puts(sql, "CAST(");
	sql_name(sql, column->name);
	if (reading == READ_AS_NUMBER)
		buf_puts(sql, " AS UNSIGNED)");
	else if (reading == READ_AS_DOUBLE)
		buf_puts(sql, "*1e0");
}

/* Optional sign, digits, and perhaps a point and digits. */
static bool is_number(struct value value)
{
	const char *at = value.bytes;
	const char *end = at + value.length;
	size_t digits = 0;
	size_t points = 0;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end; at++) {
		if (*at >= '0' && *at <= '9')
			digits++;
		else if (*at == '.')
			points++;
		else
			return false;
	}
	return digits > 0 && points <= 1;
}

void sql_hex(struct buf *sql, const char *bytes, size_t length)
{
	buf_puts(sql, "x'");
	buf_put_hex(sql, bytes, length);
	buf_putc(sql, '\'');
}

static void put_value(struct buf *sql, enum form form, const struct column *column,
		      struct value value)
{
	switch (form) {
	case FORM_NUMBER:
		if (!is_number(value))
			break;
		buf_add(sql, value.bytes, value.length);
		return;
	case FORM_TEXT_HEX:
		if (column->charset[0] != '\0' && strcmp(column->charset, "binary") != 0) {
			buf_putc(sql, '_');
			buf_puts(sql, column->charset);
			buf_putc(sql, ' ');
		}
		sql_hex(sql, value.bytes, value.length);
		return;
	case FORM_HEX:
		sql_hex(sql, value.bytes, value.length);
		return;
	case FORM_BYTES:
		buf_add(sql, "_binary", 7);
		break;
	case FORM_JSON:
		buf_puts(sql, "_utf8mb4");
		break;
	case FORM_QUOTED:
		break;
	}
	sql_bytes(sql, value.bytes, value.length);
}

void sql_literal(struct buf *sql, const struct column *column, struct value value)
{
	if (value.bytes)
		put_value(sql, types[column->type].stored, column, value);
	else
		buf_add(sql, "NULL", 4);
}

void sql_key_literal(struct buf *sql, const struct column *column, struct value value)
{
	put_value(sql, types[column->type].compared, column, value);
}
