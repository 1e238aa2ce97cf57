/* Binlog positions: setting them from foreign text and putting them in order.
 *
 * The servers number their files with six digits and go on with seven, so
 * "bin.1000000" follows "bin.999999" although it sorts before it as text
 * (github/gh-ost#1604). */
#include "decode/position.h"

#include <string.h>

#include "base/log.h"

bool binlog_position_is_set(const struct binlog_position *p)
{
	return p->file[0] != '\0';
}

bool binlog_position_set(struct binlog_position *p, const char *file, size_t file_length,
			 uint64_t offset, struct error *err)
{
	if (file_length >= sizeof(p->file))
		return error_set(err, ERROR_CORRUPT, "a binlog file name of %zu bytes", file_length);
	if (file_length > 0 && memchr(file, '\0', file_length))
		return error_set(err, ERROR_CORRUPT, "a binlog file name with a zero byte in it");
	if (file_length > 0)
		memmove(p->file, file, file_length);
	p->file[file_length] = '\0';
	p->offset = offset;
	p->file_created = 0;
	return true;
}

bool binlog_position_move(struct binlog_position *p, const char *file, size_t file_length,
			  uint64_t offset, struct error *err)
{
	const struct binlog_position before = *p;

	if (!binlog_position_set(p, file, file_length, offset, err))
		return false;
	if (strcmp(p->file, before.file) == 0)
		p->file_created = before.file_created;
	return true;
}

/* The number behind the last dot, leading zeros skipped; NULL when it is none. */
static const char *suffix_digits(const char *file)
{
	const char *dot = strrchr(file, '.');
	const char *digits;

	if (!dot || dot[1] == '\0' || dot[1 + strspn(dot + 1, "0123456789")] != '\0')
		return NULL;
	digits = dot + 1;
	return digits + strspn(digits, "0");
}

static int compare_files(const char *a, const char *b)
{
	const char *x = suffix_digits(a);
	const char *y = suffix_digits(b);
	size_t x_length, y_length;
	int order;

	if (!x || !y)
		return strcmp(a, b);
	x_length = strlen(x);
	y_length = strlen(y);
	if (x_length != y_length)
		return x_length < y_length ? -1 : 1;
	order = strcmp(x, y);
	return order ? order : strcmp(a, b);
}

int binlog_position_compare(const struct binlog_position *a, const struct binlog_position *b)
{
	int order = compare_files(a->file, b->file);

	if (order)
		return order;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void binlog_position_facts(struct log_facts *facts, const struct binlog_position *p)
{
	log_fact(facts, "file", p->file);
	log_fact_number(facts, "#position", (double)p->offset);
}
