/* COLUMN_TYPE and EXTRA, the texts in which information_schema describes a
 * column, taken apart. A type that is not in the table stays COLUMN_UNKNOWN, and
 * the column must be refused. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "db/schema.h"

/* How the numbers in parentheses are to be read. */
enum arguments {
	ARGUMENTS_NONE, /* nothing that matters: display width, characters */
	ARGUMENTS_DECIMAL,
	ARGUMENTS_REAL,
	ARGUMENTS_BITS,
	ARGUMENTS_FRACTION,
	ARGUMENTS_OCTETS,
	ARGUMENTS_MEMBERS,
};

enum { UUID_BYTES = 16, INET4_BYTES = 4, INET6_BYTES = 16 };

static const struct type_name {
	const char *name; /* DATA_TYPE */
	enum column_type type;
	enum arguments arguments;
	unsigned length_bytes;
} type_names[] = {
	{ "tinyint", COLUMN_TINYINT, ARGUMENTS_NONE, 0 },
	{ "smallint", COLUMN_SMALLINT, ARGUMENTS_NONE, 0 },
	{ "mediumint", COLUMN_MEDIUMINT, ARGUMENTS_NONE, 0 },
	{ "int", COLUMN_INT, ARGUMENTS_NONE, 0 },
	{ "bigint", COLUMN_BIGINT, ARGUMENTS_NONE, 0 },
	{ "decimal", COLUMN_DECIMAL, ARGUMENTS_DECIMAL, 0 },
	{ "float", COLUMN_FLOAT, ARGUMENTS_REAL, 0 },
	{ "double", COLUMN_DOUBLE, ARGUMENTS_REAL, 0 },
	{ "bit", COLUMN_BIT, ARGUMENTS_BITS, 0 },
	{ "year", COLUMN_YEAR, ARGUMENTS_NONE, 0 },
	{ "date", COLUMN_DATE, ARGUMENTS_NONE, 0 },
	{ "time", COLUMN_TIME, ARGUMENTS_FRACTION, 0 },
	{ "datetime", COLUMN_DATETIME, ARGUMENTS_FRACTION, 0 },
	{ "timestamp", COLUMN_TIMESTAMP, ARGUMENTS_FRACTION, 0 },
	{ "char", COLUMN_CHAR, ARGUMENTS_NONE, 0 },
	{ "varchar", COLUMN_VARCHAR, ARGUMENTS_NONE, 0 },
	{ "binary", COLUMN_BINARY, ARGUMENTS_OCTETS, 0 },
	{ "varbinary", COLUMN_VARBINARY, ARGUMENTS_OCTETS, 0 },
	{ "tinytext", COLUMN_TEXT, ARGUMENTS_NONE, 1 },
	{ "text", COLUMN_TEXT, ARGUMENTS_NONE, 2 },
	{ "mediumtext", COLUMN_TEXT, ARGUMENTS_NONE, 3 },
	{ "longtext", COLUMN_TEXT, ARGUMENTS_NONE, 4 },
	{ "tinyblob", COLUMN_BLOB, ARGUMENTS_NONE, 1 },
	{ "blob", COLUMN_BLOB, ARGUMENTS_NONE, 2 },
	{ "mediumblob", COLUMN_BLOB, ARGUMENTS_NONE, 3 },
	{ "longblob", COLUMN_BLOB, ARGUMENTS_NONE, 4 },
	{ "enum", COLUMN_ENUM, ARGUMENTS_MEMBERS, 0 },
	{ "set", COLUMN_SET, ARGUMENTS_MEMBERS, 0 },
	{ "json", COLUMN_JSON, ARGUMENTS_NONE, 0 },
	{ "geometry", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "point", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "linestring", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "polygon", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "multipoint", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "multilinestring", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "multipolygon", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "geometrycollection", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "geomcollection", COLUMN_GEOMETRY, ARGUMENTS_NONE, 0 },
	{ "vector", COLUMN_VECTOR, ARGUMENTS_NONE, 0 },
	{ "uuid", COLUMN_UUID, ARGUMENTS_NONE, 0 },
	{ "inet4", COLUMN_INET4, ARGUMENTS_NONE, 0 },
	{ "inet6", COLUMN_INET6, ARGUMENTS_NONE, 0 },
};

/* Reads one member, *at behind its opening quote; *at ends behind the closing one. The
 * servers write a quote inside doubled, and \n, \r, NUL and the backslash with a
 * backslash, whatever the sql_mode. A NUL ends the text here: nothing but messages
 * shows members. */
static char *parse_member(const char **at)
{
	struct buf text = BUF_INIT;
	const char *from = *at;

	for (; *from; from++) {
		if (from[0] == '\\' && from[1]) {
			from++;
			buf_putc(&text, *from == 'n' ? '\n' :
					*from == 'r' ? '\r' :
					*from == '0' ? '\0' :
						       *from);
		} else if (from[0] == '\'') {
			if (from[1] != '\'')
				break;
			buf_putc(&text, *++from);
		} else {
			buf_putc(&text, *from);
		}
	}
	*at = *from ? from + 1 : from;
	return buf_take(&text);
}

static void parse_members(struct column *column, const char *at)
{
	unsigned room = 0;

	while (*at == '\'' || (at[0] == 'x' && at[1] == '\'')) {
		bool is_text = *at == '\'';

		at += is_text ? 1 : 2;
		if (column->member_count == room) {
			room = room ? room * 2 : 8;
			column->members =
				mem_resize(column->members, room, sizeof(*column->members));
		}
		char *member = parse_member(&at);

		/* MySQL's x'..' of bytes that are not text leaves out zeros: it cannot be used. */
		if (!is_text) {
			free(member);
			member = mem_strdup("?");
		}
		column->members[column->member_count++] = member;
		if (*at == ',')
			at++;
	}
}

static void parse_arguments(struct column *column, enum arguments arguments, const char *at)
{
	char *end;
	unsigned long first;
	unsigned long second = 0;
	bool has_second;

	if (arguments == ARGUMENTS_MEMBERS) {
		parse_members(column, at);
		return;
	}
	first = strtoul(at, &end, 10);
	has_second = *end == ',';
	if (has_second)
		second = strtoul(end + 1, NULL, 10);

	if (arguments == ARGUMENTS_DECIMAL || arguments == ARGUMENTS_BITS)
		column->precision = (unsigned)first;
	if (arguments == ARGUMENTS_DECIMAL || arguments == ARGUMENTS_REAL)
		column->scale = (unsigned)second;
	if (arguments == ARGUMENTS_REAL)
		column->has_scale = has_second;
	if (arguments == ARGUMENTS_FRACTION)
		column->fraction = (unsigned)first;
	if (arguments == ARGUMENTS_OCTETS)
		column->max_octets = first;
}

void column_parse_type(struct column *column, const char *data_type)
{
	const struct type_name *known = NULL;
	const char *extra = column->extra ? column->extra : "";
	const char *open = strchr(column->raw_type, '(');
	const char *members_end = strrchr(column->raw_type, ')');
	const char *rest = members_end ? members_end : column->raw_type;

	for (size_t i = 0; !known && i < ARRAY_LEN(type_names); i++)
		if (strcmp(type_names[i].name, data_type) == 0)
			known = &type_names[i];
	column->type = known ? known->type : COLUMN_UNKNOWN;
	column->length_bytes = known ? known->length_bytes : 0;
	/* Of the types whose length is no argument. */
	column->max_octets = column->type == COLUMN_UUID  ? UUID_BYTES :
			     column->type == COLUMN_INET4 ? INET4_BYTES :
			     column->type == COLUMN_INET6 ? INET6_BYTES :
							    0;
	/* A parenthesis may also be in a comment or in a member. */
	if (known && open && (size_t)(open - column->raw_type) == strcspn(column->raw_type, " ("))
		parse_arguments(column, known->arguments, open + 1);

	/* "zerofill" implies unsigned, and the server says both. */
	column->is_unsigned = strstr(rest, "unsigned") != NULL;
	column->is_compressed = strstr(column->raw_type, " COMPRESSED*/") != NULL;
	column->is_auto_increment = strstr(extra, "auto_increment") != NULL;
	column->is_invisible = strstr(extra, "INVISIBLE") != NULL;
	/* "DEFAULT_GENERATED" is but a default that is an expression. */
	column->generation = COLUMN_PLAIN;
	if (strstr(extra, "VIRTUAL GENERATED"))
		column->generation = COLUMN_VIRTUAL;
	else if (strstr(extra, "STORED GENERATED") || strstr(extra, "PERSISTENT"))
		column->generation = COLUMN_STORED;
}
