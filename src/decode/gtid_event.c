/* GTIDs in binlog events.
 *
 * A tagged GTID is written by MySQL's serialization library: numbers of variable length
 * (as many ones at the low end of the first byte as there are bytes to follow), fields
 * that are each preceded by their number, in order; the ones that matter come first. */
#include "decode/gtid_event.h"

#include <string.h>

#define FORMAT_TAGGED 1
#define MARIADB_COUNT_BITS 28 /* the rest are flags */

static bool cut_short(const struct binlog_event *event, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "%s event cut short, or not a GTID",
			 binlog_event_type_name(event->type));
}

static uint64_t read_varlen(struct reader *r)
{
	uint8_t first = reader_u8(r);
	unsigned more = 0;

	while (more < 8 && first >> more & 1)
		more++;
	if (more == 0)
		return first >> 1;
	uint64_t high = reader_uint(r, more);

	/* With 7 bytes to follow nothing is left of the first one, with 8 even less. */
	return more >= 7 ? high : high << (7 - more) | (uint64_t)(first >> (more + 1));
}

static bool is_tag(const char *tag, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(tag[i] == '_' || (tag[i] >= 'a' && tag[i] <= 'z') ||
		      (i > 0 && tag[i] >= '0' && tag[i] <= '9')))
			return false;
	return true;
}

static void read_tag(struct reader *r, char tag[GTID_TAG_MAX + 1])
{
	uint64_t length = read_varlen(r);
	const uint8_t *bytes = length <= GTID_TAG_MAX ? reader_bytes(r, (size_t)length) : NULL;

	if (!bytes || !is_tag((const char *)bytes, (size_t)length)) {
		r->failed = true;
		return;
	}
	memcpy(tag, bytes, (size_t)length);
	tag[length] = '\0';
}

static void read_origin(struct reader *r, uint8_t *origin)
{
	const uint8_t *bytes = reader_bytes(r, GTID_ORIGIN_SIZE);

	if (bytes)
		memcpy(origin, bytes, GTID_ORIGIN_SIZE);
}

static void read_tagged(struct reader *r, struct gtid *gtid)
{
	enum { VERSION = 1, FIELD_FLAGS = 0, FIELD_UUID, FIELD_NUMBER, FIELD_TAG };

	if (read_varlen(r) != VERSION)
		r->failed = true;
	read_varlen(r); /* the size of all */
	read_varlen(r); /* the last field that may not be ignored */
	for (uint64_t wanted = FIELD_FLAGS; wanted <= FIELD_TAG; wanted++) {
		if (read_varlen(r) != wanted) {
			r->failed = true;
			return;
		}
		switch (wanted) {
		case FIELD_FLAGS:
			read_varlen(r);
			break;
		case FIELD_UUID:
			for (unsigned i = 0; i < GTID_ORIGIN_SIZE; i++)
				gtid->origin[i] = (uint8_t)read_varlen(r);
			break;
		case FIELD_NUMBER:
			gtid->number = read_varlen(r) >> 1; /* the sign comes last */
			break;
		case FIELD_TAG:
			read_tag(r, gtid->tag);
		}
	}
}

bool gtid_event_parse(const struct binlog_event *event, struct gtid *gtid, struct error *err)
{
	struct reader r = event->body;

	*gtid = (struct gtid){ .kind = GTID_MYSQL };
	switch (event->type) {
	case EVENT_ANONYMOUS_GTID:
		gtid->kind = GTID_NONE;
		return true;
	case EVENT_GTID_TAGGED:
		read_tagged(&r, gtid);
		break;
	case EVENT_MARIADB_GTID: {
		uint64_t number = reader_u64(&r);

		*gtid = gtid_mariadb(reader_u32(&r), event->server_id, number);
		break;
	}
	default:
		reader_u8(&r);
		read_origin(&r, gtid->origin);
		gtid->number = reader_u64(&r);
	}
	if (r.failed || gtid->number == 0)
		return cut_short(event, err);
	return true;
}

/* One UUID, and tag, with its ranges, whose ends are not included. */
static void read_line(struct reader *r, bool is_tagged, struct gtid_set *set)
{
	struct gtid gtid = { .kind = GTID_MYSQL };

	read_origin(r, gtid.origin);
	if (is_tagged)
		read_tag(r, gtid.tag);
	for (uint64_t count = reader_u64(r); count > 0 && !r->failed; count--) {
		gtid.number = reader_u64(r);
		uint64_t end = reader_u64(r);

		if (r->failed || gtid.number == 0 || end <= gtid.number)
			r->failed = true;
		else
			gtid_set_add_range(set, &gtid, end - 1);
	}
}

/* The highest byte of the count of lines is the format; where there are tags the lowest
 * is too. */
static void read_previous(struct reader *r, struct gtid_set *set)
{
	uint64_t count = reader_u64(r);
	unsigned format = (unsigned)(count >> 56);

	if (format > FORMAT_TAGGED)
		r->failed = true;
	if (format == FORMAT_TAGGED)
		count = count << 8 >> 16;
	for (; count > 0 && !r->failed; count--)
		read_line(r, format == FORMAT_TAGGED, set);
}

static void read_mariadb_list(struct reader *r, struct gtid_set *set)
{
	uint32_t count = reader_u32(r) & ((1u << MARIADB_COUNT_BITS) - 1);

	for (; count > 0 && !r->failed; count--) {
		uint32_t domain = reader_u32(r);
		uint32_t server = reader_u32(r);
		struct gtid gtid = gtid_mariadb(domain, server, reader_u64(r));

		if (gtid.number == 0)
			r->failed = true;
		if (!r->failed)
			gtid_set_add(set, &gtid);
	}
}

bool gtid_list_parse(const struct binlog_event *event, struct gtid_set *set, struct error *err)
{
	struct reader r = event->body;
	enum gtid_kind kind = event->type == EVENT_PREVIOUS_GTIDS ? GTID_MYSQL : GTID_MARIADB;

	if (set->kind != GTID_NONE && set->kind != kind)
		r.failed = true;
	else if (kind == GTID_MYSQL)
		read_previous(&r, set);
	else
		read_mariadb_list(&r, set);
	return !r.failed || cut_short(event, err);
}
