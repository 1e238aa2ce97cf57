/* GTID sets as text, as the servers print and take them.
 *
 * MySQL: "uuid:1-5:7,uuid:tag:1-3"; one UUID's tags may also follow each other, "uuid:1-5:tag:1-3",
 * and there may be white space around anything. MariaDB: "domain-server-number,...". A UUID is
 * recognised by the colon behind it. */
#include "decode/gtid_set.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define SHORT_MAX 300

static void put_mysql(struct buf *out, const struct gtid_line *line)
{
	buf_put_uuid(out, line->origin);
	if (line->tag[0])
		buf_printf(out, ":%s", line->tag);
	for (size_t i = 0; i < line->count; i++) {
		buf_putc(out, ':');
		buf_put_u64(out, line->ranges[i].first);
		if (line->ranges[i].first == line->ranges[i].last)
			continue;
		buf_putc(out, '-');
		buf_put_u64(out, line->ranges[i].last);
	}
}

void gtid_set_print(struct buf *out, const struct gtid_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct gtid_line *line = &set->lines[i];

		if (i > 0)
			buf_putc(out, ',');
		if (set->kind == GTID_MYSQL)
			put_mysql(out, line);
		else
			buf_printf(out, "%" PRIu32 "-%" PRIu32 "-%" PRIu64,
				   gtid_domain(line->origin), gtid_server_id(line->origin),
				   line->ranges[line->count - 1].last);
	}
}

void gtid_set_print_short(struct buf *out, const struct gtid_set *set)
{
	size_t begin = out->length;

	gtid_set_print(out, set);
	if (out->length - begin > SHORT_MAX) {
		buf_truncate(out, begin + SHORT_MAX);
		buf_puts(out, "...");
	}
}

/* --- reading ------------------------------------------------------------------------- */

struct text {
	const char *at, *end;
};

static void skip_space(struct text *t)
{
	while (t->at < t->end && isspace((unsigned char)*t->at))
		t->at++;
}

static bool take(struct text *t, char byte)
{
	skip_space(t);
	if (t->at == t->end || *t->at != byte)
		return false;
	t->at++;
	return true;
}

static bool parse_number(struct text *t, uint64_t max, uint64_t *number)
{
	skip_space(t);
	if (t->at == t->end || !isdigit((unsigned char)*t->at))
		return false;
	for (*number = 0; t->at < t->end && isdigit((unsigned char)*t->at); t->at++) {
		unsigned digit = (unsigned)(*t->at - '0');

		if (*number > (max - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_uuid(struct text *t, uint8_t *uuid)
{
	for (unsigned i = 0; i < GTID_ORIGIN_SIZE; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && !(t->at < t->end && *t->at++ == '-'))
			return false;
		if (t->end - t->at < 2)
			return false;
		int high = hex_digit(*t->at++);
		int low = hex_digit(*t->at++);

		if (high < 0 || low < 0)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Tags are kept in lower case by the servers. */
static bool parse_tag(struct text *t, char *tag)
{
	size_t length = 0;

	while (t->at < t->end && (isalnum((unsigned char)*t->at) || *t->at == '_')) {
		if (length == GTID_TAG_MAX)
			return false;
		tag[length++] = (char)tolower((unsigned char)*t->at++);
	}
	tag[length] = '\0';
	return length > 0;
}

static bool parse_range(struct text *t, struct gtid_set *set, struct gtid *gtid)
{
	uint64_t last;

	if (!parse_number(t, INT64_MAX, &gtid->number))
		return false;
	last = gtid->number;
	if (take(t, '-') && !parse_number(t, INT64_MAX, &last))
		return false;
	if (gtid->number == 0)
		return false;
	if (last >= gtid->number) /* the servers take "7-5" for nothing */
		gtid_set_add_range(set, gtid, last);
	return true;
}

/* uuid[:tag]:1-5:7[:tag:...]... */
static bool parse_mysql(struct text *t, struct gtid_set *set)
{
	struct gtid gtid = { .kind = GTID_MYSQL };

	if (set->kind == GTID_MARIADB || !parse_uuid(t, gtid.origin))
		return false;
	while (take(t, ':')) {
		skip_space(t);
		if (t->at < t->end && !isdigit((unsigned char)*t->at)) {
			if (!parse_tag(t, gtid.tag) || !take(t, ':'))
				return false;
		}
		if (!parse_range(t, set, &gtid))
			return false;
	}
	return true;
}

static bool parse_mariadb(struct text *t, struct gtid_set *set)
{
	uint64_t domain, server, number;
	struct gtid gtid;

	if (set->kind == GTID_MYSQL || !parse_number(t, UINT32_MAX, &domain) || !take(t, '-') ||
	    !parse_number(t, UINT32_MAX, &server) || !take(t, '-') ||
	    !parse_number(t, UINT64_MAX, &number) || number == 0)
		return false;
	gtid = gtid_mariadb((uint32_t)domain, (uint32_t)server, number);
	gtid_set_add(set, &gtid);
	return true;
}

bool gtid_set_parse(struct gtid_set *set, const char *text, size_t length, struct error *err)
{
	struct text t = { text, text + length };

	for (skip_space(&t); t.at < t.end; skip_space(&t)) {
		const char *begin = t.at, *comma = memchr(begin, ',', (size_t)(t.end - begin));
		const char *end = comma ? comma : t.end;

		if (take(&t, ',')) /* the servers take empty parts too */
			continue;
		if (!(memchr(begin, ':', (size_t)(end - begin)) ? parse_mysql(&t, set) :
								  parse_mariadb(&t, set)) ||
		    (skip_space(&t), t.at < t.end && *t.at != ','))
			return error_set(err, ERROR_CORRUPT, "not a GTID set from \"%.*s\" on",
					 (int)(t.end - begin < 60 ? t.end - begin : 60), begin);
	}
	return true;
}
