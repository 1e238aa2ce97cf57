/* A value has a kind, which follows from the column's type. What is read
 * may have been edited or written by another program, and ends up as a literal in a WHERE: so
 * a value must be of its column's kind, look like one, and be in the column's range. A
 * number too large for the column would quietly skip the rest of the table. */
#include "state/state_key.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum saved_kind saved_kind_of(const struct column *column)
{
	switch (column->type) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_MEDIUMINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
	case COLUMN_YEAR:
		return SAVED_INTEGER;
	case COLUMN_CHAR:
	case COLUMN_VARCHAR:
	case COLUMN_BINARY:
	case COLUMN_VARBINARY:
		return SAVED_BYTES;
	default:
		return SAVED_TEXT;
	}
}

static const char *const kind_names[] = {
	[SAVED_INTEGER] = "an integer",
	[SAVED_BYTES] = "hexadecimal bytes",
	[SAVED_TEXT] = "a text",
};

cJSON *saved_value_write(const struct column *column, struct value value)
{
	static const char *const types[] = {
		[SAVED_INTEGER] = "int",
		[SAVED_BYTES] = "binary",
		[SAVED_TEXT] = "text",
	};
	enum saved_kind kind = saved_kind_of(column);
	cJSON *object = cJSON_CreateObject();
	struct buf text = BUF_INIT;

	if (kind == SAVED_BYTES)
		buf_put_hex(&text, value.bytes, value.length);
	else
		buf_add(&text, value.bytes, value.length);
	cJSON_AddStringToObject(object, "type", types[kind]);
	cJSON_AddStringToObject(object, "value", buf_text(&text));
	buf_release(&text);
	return object;
}

static cJSON *write_composite(const struct key_columns *columns, const struct key *key)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *names = cJSON_CreateArray();
	cJSON *values = cJSON_CreateArray();

	for (unsigned i = 0; i < key->count; i++) {
		const struct column *column = &columns->table->columns[columns->columns[i]];

		cJSON_AddItemToArray(names, cJSON_CreateString(column->name));
		cJSON_AddItemToArray(values, saved_value_write(column, key->values[i]));
	}
	cJSON_AddStringToObject(object, "type", "composite");
	cJSON_AddItemToObject(object, "columns", names);
	cJSON_AddItemToObject(object, "values", values);
	return object;
}

cJSON *saved_key_write(const struct key_columns *columns, const struct key *key)
{
	const struct column *first = &columns->table->columns[columns->columns[0]];
	cJSON *object;

	assert(key->is_set && key->count == columns->count);
	if (key->count > 1)
		return write_composite(columns, key);
	/* The digits of a ZEROFILL column lead with zeros, which JSON numbers must not. */
	if (saved_kind_of(first) == SAVED_INTEGER)
		return *key->values[0].bytes == '-' ?
			       json_new_i64(strtoll(key->values[0].bytes, NULL, 10)) :
			       json_new_u64(strtoull(key->values[0].bytes, NULL, 10));
	object = saved_value_write(first, key->values[0]);
	cJSON_AddStringToObject(object, "column", first->name);
	return object;
}

cJSON *saved_key_column_names(const struct key_columns *columns)
{
	cJSON *names = cJSON_CreateArray();
	struct buf name = BUF_INIT;

	for (unsigned i = 0; i < columns->count; i++) {
		buf_clear(&name);
		buf_puts(&name, columns->table->columns[columns->columns[i]].name);
		buf_puts(&name, columns->descending[i] ? " DESC" : "");
		cJSON_AddItemToArray(names, cJSON_CreateString(buf_text(&name)));
	}
	buf_release(&name);
	return names;
}

static bool only_of(const char *text, const char *allowed)
{
	return *text && text[strspn(text, allowed)] == '\0';
}

static bool read_integer(const cJSON *node, const char *path, struct buf *text, struct error *err)
{
	uint64_t positive;
	int64_t any;

	if (json_u64(node, &positive)) {
		buf_put_u64(text, positive);
		return true;
	}
	if (json_i64(node, &any)) {
		buf_put_i64(text, any);
		return true;
	}
	if (cJSON_IsString(node) &&
	    only_of(node->valuestring + (*node->valuestring == '-'), "0123456789")) {
		buf_puts(text, node->valuestring);
		return true;
	}
	return error_set(err, ERROR_CONFIG, "%s: must be an integer, is %s%s", path,
			 json_type_name(node), cJSON_IsNumber(node) ? " that is none" : "");
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool read_bytes(const cJSON *node, const char *path, struct buf *bytes, struct error *err)
{
	const char *at = cJSON_IsString(node) ? node->valuestring : NULL;

	if (!at)
		return error_set(err, ERROR_CONFIG, "%s: must be a string, is %s", path,
				 json_type_name(node));
	for (; *at; at += 2) {
		int high = hex_digit(at[0]);
		int low = high < 0 ? -1 : hex_digit(at[1]);

		if (low < 0)
			return error_set(err, ERROR_CONFIG,
					 "%s: must be hexadecimal, two digits per byte", path);
		buf_putc(bytes, (char)(high * 16 + low));
	}
	return true;
}

static const struct {
	const char *type;
	enum saved_kind kind;
} value_types[] = {
	{ "binary", SAVED_BYTES },
	{ "int", SAVED_INTEGER },
	{ "text", SAVED_TEXT },
	{ "uint64", SAVED_INTEGER }, /* Ghostferry's name */
};

/* {"type": ..., "value": ...}: appends to value and sets the kind. */
static bool read_value(const cJSON *node, const char *path, struct buf *value,
		       enum saved_kind *kind, struct error *err)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(node, "type");
	size_t i = 0;

	if (cJSON_IsNumber(node)) {
		*kind = SAVED_INTEGER;
		return read_integer(node, path, value, err);
	}
	if (!cJSON_IsString(type))
		return error_set(err, ERROR_CONFIG,
				 "%s: must be a number or an object with \"type\"", path);
	while (i < ARRAY_LEN(value_types) && strcmp(type->valuestring, value_types[i].type) != 0)
		i++;
	if (i == ARRAY_LEN(value_types))
		return error_set(err, ERROR_CONFIG, "%s: unknown key type \"%.40s\"", path,
				 type->valuestring);
	*kind = value_types[i].kind;
	node = cJSON_GetObjectItemCaseSensitive(node, "value");
	if (*kind == SAVED_INTEGER)
		return read_integer(node, path, value, err);
	if (*kind == SAVED_BYTES)
		return read_bytes(node, path, value, err);
	if (!cJSON_IsString(node) || !*node->valuestring)
		return error_set(err, ERROR_CONFIG, "%s: must be a text, is %s", path,
				 cJSON_IsString(node) ? "empty" : json_type_name(node));
	buf_puts(value, node->valuestring);
	return true;
}

static bool read_single(const cJSON *node, const char *path, struct saved_key *saved,
			struct error *err)
{
	const cJSON *column = cJSON_GetObjectItemCaseSensitive(node, "column");
	struct buf bytes = BUF_INIT;
	bool ok = read_value(node, path, &bytes, &saved->kinds[0], err);

	if (ok) {
		struct value value = { buf_text(&bytes), bytes.length };

		key_set(&saved->key, &value, 1);
	}
	if (cJSON_IsString(column) && *column->valuestring)
		saved->columns[0] = column->valuestring;
	buf_release(&bytes);
	return ok;
}

static bool read_composite(const cJSON *node, const char *path, struct saved_key *saved,
			   struct error *err)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(node, "columns");
	const cJSON *values = cJSON_GetObjectItemCaseSensitive(node, "values");
	const cJSON *name = cJSON_IsArray(names) ? names->child : NULL;
	int count = cJSON_IsArray(values) ? cJSON_GetArraySize(values) : 0;
	struct value parts[KEY_COLUMNS_MAX];
	struct buf bytes = BUF_INIT;
	size_t start = 0;
	bool ok = true;
	unsigned i = 0;

	/* The size of an object is that of its members. */
	if (count < 1 || count > KEY_COLUMNS_MAX || !cJSON_IsArray(names) ||
	    cJSON_GetArraySize(names) != count)
		return error_set(err, ERROR_CONFIG,
				 "%s: \"columns\" and \"values\" must be arrays of the same "
				 "length, 1 to %d",
				 path, KEY_COLUMNS_MAX);
	for (const cJSON *v = values->child; v && ok; v = v->next, name = name->next, i++) {
		saved->columns[i] = cJSON_IsString(name) ? name->valuestring : NULL;
		ok = saved->columns[i] ?
			     read_value(v, path, &bytes, &saved->kinds[i], err) :
			     error_set(err, ERROR_CONFIG, "%s: column names must be strings", path);
		parts[i].length = bytes.length - start;
		start = bytes.length;
	}
	/* They lie one behind the other in bytes, which has moved while it grew. */
	start = 0;
	for (i = 0; ok && i < (unsigned)count; i++) {
		parts[i].bytes = buf_text(&bytes) + start;
		start += parts[i].length;
	}
	if (ok)
		key_set(&saved->key, parts, (unsigned)count);
	buf_release(&bytes);
	return ok;
}

bool saved_key_read(const cJSON *node, const char *path, struct saved_key *saved, struct error *err)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(node, "type");

	if (cJSON_IsString(type) && strcmp(type->valuestring, "composite") == 0)
		return read_composite(node, path, saved, err);
	return read_single(node, path, saved, err);
}

static bool integer_fits(const struct column *column, const char *text)
{
	static const unsigned char bits[COLUMN_TYPE_COUNT] = {
		[COLUMN_TINYINT] = 8, [COLUMN_SMALLINT] = 16, [COLUMN_MEDIUMINT] = 24,
		[COLUMN_INT] = 32,    [COLUMN_BIGINT] = 64,   [COLUMN_YEAR] = 16,
	};
	bool negative = *text == '-';
	bool is_unsigned = column->is_unsigned || column->type == COLUMN_YEAR;
	uint64_t largest = UINT64_MAX >> (64 - bits[column->type] + !is_unsigned);
	uint64_t magnitude;

	errno = 0;
	magnitude = strtoull(text + negative, NULL, 10);
	if (errno != 0)
		return false;
	if (negative && is_unsigned)
		return magnitude == 0;
	return magnitude <= largest + negative;
}

static bool is_decimal(const char *text)
{
	size_t whole;

	text += *text == '-';
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '\0')
		return whole > 0;
	return whole > 0 && *text == '.' && only_of(text + 1, "0123456789");
}

static bool value_fits(const struct column *column, enum saved_kind kind, struct value value)
{
	char text[128];

	if (kind == SAVED_BYTES)
		return true;
	if (value.length >= sizeof(text))
		return false;
	memcpy(text, value.bytes, value.length);
	text[value.length] = '\0';
	if (kind == SAVED_INTEGER)
		return integer_fits(column, text);
	switch (column->type) {
	case COLUMN_DECIMAL:
		return is_decimal(text);
	case COLUMN_BIT:
	case COLUMN_ENUM:
	case COLUMN_SET:
		return only_of(text, "0123456789");
	case COLUMN_DATE:
	case COLUMN_TIME:
	case COLUMN_DATETIME:
	case COLUMN_TIMESTAMP:
		return only_of(text, "0123456789-:. ");
	case COLUMN_UUID:
	case COLUMN_INET4:
	case COLUMN_INET6:
		return only_of(text, "0123456789abcdefABCDEF-:.");
	default:
		return false;
	}
}

static bool part_fits(const struct saved_key *saved, unsigned i, const struct column *column,
		      struct error *err)
{
	enum saved_kind wanted = saved_kind_of(column);

	if (saved->columns[i] && strcmp(saved->columns[i], column->name) != 0)
		return error_set(err, ERROR_CONFIG,
				 "the saved key is of column `%.200s`, the table's key is `%s` now",
				 saved->columns[i], column->name);
	if (saved->kinds[i] != wanted)
		return error_set(err, ERROR_CONFIG,
				 "the saved key is %s, the key column `%s` (%.100s) needs %s",
				 kind_names[saved->kinds[i]], column->name, column->raw_type,
				 kind_names[wanted]);
	if (!value_fits(column, saved->kinds[i], saved->key.values[i]))
		return error_set(err, ERROR_CONFIG,
				 "the saved key is not a value of the key column `%s` (%.100s)",
				 column->name, column->raw_type);
	return true;
}

bool saved_key_fits(const struct saved_key *saved, const struct key_columns *columns,
		    struct error *err)
{
	if (saved->key.count != columns->count)
		return error_set(err, ERROR_CONFIG,
				 "the saved key has %u column%s, the table's key has %u now",
				 saved->key.count, saved->key.count == 1 ? "" : "s", columns->count);
	for (unsigned i = 0; i < columns->count; i++)
		if (!part_fits(saved, i, &columns->table->columns[columns->columns[i]], err))
			return false;
	return true;
}
