/* Only differences of wording are removed: a width that means something, as in
 * char(5) or decimal(5,2), stays. */
#include "db/type_text.h"

#include <string.h>

/* Appends COLUMN_TYPE without the display width of integer types and YEAR, which 5.7
 * and MariaDB show and 8.0 does not: "bigint(20) unsigned" is "bigint unsigned"; and
 * without what says only how MariaDB keeps a column. */
static void put_normalised(struct buf *out, const char *raw_type)
{
	static const char *const with_width[] = { "tinyint", "smallint", "mediumint",
						  "int",     "bigint",	 "year" };
	static const char *const endings[] = {
		/* 10.5 writes the comment in another way than later versions. */
		" /*M!100301 COMPRESSED*/",
		" /*!100301 COMPRESSED*/",
		/* At the end: how old temporal columns are stored, the same values all the same. */
		" /* mariadb-5.3 */",
		" /* 5.5 binary format */",
	};
	size_t name_length = strcspn(raw_type, "( ");
	const char *closed = strchr(raw_type, ')');
	bool has_width = false;

	for (size_t i = 0; i < ARRAY_LEN(with_width); i++)
		has_width |= strlen(with_width[i]) == name_length &&
			     memcmp(raw_type, with_width[i], name_length) == 0;
	if (strcmp(raw_type, "geomcollection") == 0) {
		buf_puts(out, "geometrycollection");
	} else if (raw_type[name_length] == '(' && closed && has_width) {
		buf_add(out, raw_type, name_length);
		buf_puts(out, closed + 1);
	} else {
		buf_puts(out, raw_type);
	}
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		const char *ending = strstr(buf_text(out), endings[i]);

		if (ending && (i < 2 || ending[strlen(endings[i])] == '\0'))
			buf_truncate(out, (size_t)(ending - out->data));
	}
}

bool type_text_equal(const char *a, const char *b)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	bool equal;

	put_normalised(&left, a);
	put_normalised(&right, b);
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
