/* Only differences of wording are taken away: a width that means something, as in
 * char(5) or decimal(5,2), stays. */
#include "db/type_text.h"

#include <string.h>

static bool has_display_width(const char *raw_type, size_t name_length)
{
	static const char *const names[] = { "tinyint", "smallint", "mediumint",
					     "int",	"bigint",   "year" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == name_length && memcmp(raw_type, names[i], name_length) == 0)
			return true;
	return false;
}

static void normalise_width(struct buf *out, const char *raw_type)
{
	size_t name_length = strcspn(raw_type, "( ");
	const char *closed = strchr(raw_type, ')');

	if (raw_type[name_length] != '(' || !closed || !has_display_width(raw_type, name_length)) {
		buf_puts(out, raw_type);
		return;
	}
	buf_add(out, raw_type, name_length);
	buf_puts(out, closed + 1);
}

/* How old temporal columns are stored: the same values all the same. */
static void drop_format(struct buf *out, size_t start)
{
	static const char *const formats[] = { " /* mariadb-5.3 */", " /* 5.5 binary format */" };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		size_t length = strlen(formats[i]);

		if (out->length - start > length &&
		    memcmp(out->data + out->length - length, formats[i], length) == 0)
			buf_truncate(out, out->length - length);
	}
}

/* How MariaDB keeps a column; 10.5 writes the comment in another way than later versions. */
static void drop_compressed(struct buf *out, size_t start)
{
	static const char *const comments[] = { " /*M!100301 COMPRESSED*/",
						" /*!100301 COMPRESSED*/" };

	for (size_t i = 0; out->length > start && i < ARRAY_LEN(comments); i++) {
		char *comment = strstr(out->data + start, comments[i]);

		if (comment)
			buf_truncate(out, (size_t)(comment - out->data));
	}
}

void type_text_normalise(struct buf *out, const char *raw_type)
{
	size_t start = out->length;

	if (strcmp(raw_type, "geomcollection") == 0)
		raw_type = "geometrycollection";
	normalise_width(out, raw_type);
	drop_compressed(out, start);
	drop_format(out, start);
}

bool type_text_equal(const char *a, const char *b)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	bool equal;

	type_text_normalise(&left, a);
	type_text_normalise(&right, b);
	equal = strcmp(buf_text(&left), buf_text(&right)) == 0;
	buf_release(&left);
	buf_release(&right);
	return equal;
}

/* What follows "utf8" or "utf8mb3" in the name, NULL for other character sets. */
static const char *after_utf8(const char *name)
{
	if (strncmp(name, "utf8mb3", 7) == 0)
		return name + 7;
	if (strncmp(name, "utf8", 4) == 0 && (name[4] == '_' || name[4] == '\0'))
		return name + 4;
	return NULL;
}

bool collation_equal(const char *a, const char *b)
{
	const char *left = after_utf8(a), *right = after_utf8(b);

	if (left && right)
		return strcmp(left, right) == 0;
	return strcmp(a, b) == 0;
}

bool charset_equal(const char *a, const char *b)
{
	a = *a ? a : "binary";
	b = *b ? b : "binary";
	return strcmp(a, b) == 0 || (strncmp(a, "utf8", 4) == 0 && strncmp(b, "utf8", 4) == 0);
}
