/* Sets of GTIDs: sorted lines, each with sorted ranges that do not touch. Almost always
 * there are few lines of one range, and the next number is added at a range's end. */
#include "decode/gtid_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void gtid_set_release(struct gtid_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->lines[i].ranges);
	free(set->lines);
	*set = (struct gtid_set)GTID_SET_INIT;
}

bool gtid_set_is_empty(const struct gtid_set *set)
{
	return set->count == 0;
}

static int compare_line(const struct gtid_line *line, const uint8_t *origin, const char *tag)
{
	int order = memcmp(line->origin, origin, GTID_ORIGIN_SIZE);

	return order ? order : strcmp(line->tag, tag);
}

/* The first line that is not before this one; there may be none. */
static size_t place_of(const struct gtid_set *set, const uint8_t *origin, const char *tag)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_line(&set->lines[middle], origin, tag) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct gtid_line *find_line(const struct gtid_set *set, const uint8_t *origin,
					 const char *tag)
{
	size_t i = place_of(set, origin, tag);

	return i < set->count && compare_line(&set->lines[i], origin, tag) == 0 ? &set->lines[i] :
										  NULL;
}

static struct gtid_line *get_line(struct gtid_set *set, const uint8_t *origin, const char *tag)
{
	size_t i = place_of(set, origin, tag);

	if (i < set->count && compare_line(&set->lines[i], origin, tag) == 0)
		return &set->lines[i];
	if (set->count == set->room) {
		set->room = set->room ? 2 * set->room : 1;
		set->lines = mem_resize(set->lines, set->room, sizeof(*set->lines));
	}
	memmove(&set->lines[i + 1], &set->lines[i], (set->count - i) * sizeof(*set->lines));
	set->count++;
	struct gtid_line *line = &set->lines[i];

	memset(line, 0, sizeof(*line));
	memcpy(line->origin, origin, GTID_ORIGIN_SIZE);
	memcpy(line->tag, tag, strlen(tag) + 1);
	return line;
}

/* The first range that ends at `number` or later. */
static size_t range_from(const struct gtid_line *line, uint64_t number)
{
	size_t low = 0, high = line->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (line->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_to_line(struct gtid_line *line, struct gtid_range range)
{
	size_t i = range_from(line, range.first - 1); /* one that ends just before is extended */

	if (i == line->count || line->ranges[i].first - 1 > range.last) {
		if (line->count == line->room) {
			line->room = line->room ? 2 * line->room : 1;
			line->ranges = mem_resize(line->ranges, line->room, sizeof(*line->ranges));
		}
		memmove(&line->ranges[i + 1], &line->ranges[i], (line->count - i) * sizeof(range));
		line->ranges[i] = range;
		line->count++;
		return;
	}
	struct gtid_range *grown = &line->ranges[i];
	size_t end = i + 1;

	if (range.first < grown->first)
		grown->first = range.first;
	if (range.last > grown->last)
		grown->last = range.last;
	while (end < line->count && line->ranges[end].first - 1 <= grown->last) {
		if (line->ranges[end].last > grown->last)
			grown->last = line->ranges[end].last;
		end++;
	}
	memmove(grown + 1, &line->ranges[end], (line->count - end) * sizeof(*grown));
	line->count -= end - (i + 1);
}

void gtid_set_add_range(struct gtid_set *set, const struct gtid *first, uint64_t last)
{
	struct gtid_range range = { .first = first->number, .last = last };

	assert(first->kind != GTID_NONE && range.first > 0 && range.first <= last);
	assert(set->kind == GTID_NONE || set->kind == first->kind);
	set->kind = first->kind;
	add_to_line(get_line(set, first->origin, first->tag), range);
}

void gtid_set_add(struct gtid_set *set, const struct gtid *gtid)
{
	struct gtid first = *gtid;

	if (gtid->kind == GTID_MARIADB)
		first.number = 1;
	gtid_set_add_range(set, &first, gtid->number);
}

void gtid_set_merge(struct gtid_set *set, const struct gtid_set *more)
{
	if (gtid_set_is_empty(more))
		return;
	assert(set->kind == GTID_NONE || set->kind == more->kind);
	set->kind = more->kind;
	for (size_t i = 0; i < more->count; i++) {
		const struct gtid_line *from = &more->lines[i];
		struct gtid_line *to = get_line(set, from->origin, from->tag);

		for (size_t j = 0; j < from->count; j++)
			add_to_line(to, from->ranges[j]);
	}
}

void gtid_set_copy(struct gtid_set *to, const struct gtid_set *from)
{
	gtid_set_release(to);
	gtid_set_merge(to, from);
}

void gtid_set_move(struct gtid_set *to, struct gtid_set *from)
{
	gtid_set_release(to);
	*to = *from;
	*from = (struct gtid_set)GTID_SET_INIT;
}

bool gtid_set_suits(const struct gtid_set *a, const struct gtid_set *b)
{
	return gtid_set_is_empty(a) || gtid_set_is_empty(b) || a->kind == b->kind;
}

bool gtid_set_contains(const struct gtid_set *set, const struct gtid *gtid)
{
	const struct gtid_line *line = find_line(set, gtid->origin, gtid->tag);
	size_t i = line ? range_from(line, gtid->number) : 0;

	return set->kind == gtid->kind && line && i < line->count &&
	       line->ranges[i].first <= gtid->number;
}

/* What of the range is not in the line goes into missing, line by line of the gaps. */
static bool range_is_in(struct gtid_range range, const struct gtid_line *line, struct gtid at,
			struct gtid_set *missing)
{
	bool all = true;

	for (size_t i = line ? range_from(line, range.first) : 0;; i++) {
		bool is_last = !line || i >= line->count || line->ranges[i].first > range.last;
		uint64_t gap_end = is_last ? range.last : line->ranges[i].first - 1;

		if (range.first <= gap_end) {
			all = false;
			at.number = range.first;
			if (missing)
				gtid_set_add_range(missing, &at, gap_end);
		}
		if (is_last || line->ranges[i].last >= range.last)
			return all;
		range.first = line->ranges[i].last + 1;
	}
}

static struct gtid gtid_of(const struct gtid_set *set, const struct gtid_line *line, uint64_t number)
{
	struct gtid gtid = { .kind = set->kind, .number = number };

	memcpy(gtid.origin, line->origin, sizeof(gtid.origin));
	memcpy(gtid.tag, line->tag, sizeof(gtid.tag));
	return gtid;
}

bool gtid_set_is_subset(const struct gtid_set *part, const struct gtid_set *whole,
			struct gtid_set *missing)
{
	bool all = true;

	for (size_t i = 0; i < part->count; i++) {
		const struct gtid_line *line = &part->lines[i];
		const struct gtid_line *in =
			part->kind == whole->kind ? find_line(whole, line->origin, line->tag) : NULL;

		for (size_t j = 0; j < line->count; j++)
			all &= range_is_in(line->ranges[j], in, gtid_of(part, line, 1), missing);
	}
	return all;
}

/* --- MariaDB ----------------------------------------------------------------------- */

static void put_be32(uint8_t *bytes, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t get_be32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

struct gtid gtid_mariadb(uint32_t domain, uint32_t server_id, uint64_t number)
{
	struct gtid gtid = { .kind = GTID_MARIADB, .number = number };

	put_be32(gtid.origin, domain);
	put_be32(gtid.origin + 4, server_id);
	return gtid;
}

uint32_t gtid_domain(const uint8_t *origin)
{
	return get_be32(origin);
}

uint32_t gtid_server_id(const uint8_t *origin)
{
	return get_be32(origin + 4);
}

uint64_t gtid_set_last(const struct gtid_set *set, uint32_t domain)
{
	uint64_t last = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct gtid_line *line = &set->lines[i];
		uint64_t end = line->ranges[line->count - 1].last;

		if (gtid_domain(line->origin) == domain && end > last)
			last = end;
	}
	return last;
}

/* A server that was set up from a backup knows the last transaction of a domain, not the
 * last of each server that ever wrote there: so that one alone counts, as it does for a
 * replica that connects. It must be known by its own server: numbers alone would take
 * the transactions of another history for ours. */
bool gtid_set_is_executed(const struct gtid_set *part, const struct gtid_set *executed,
			  struct gtid_set *missing)
{
	struct gtid_set last = GTID_SET_INIT;

	if (part->kind != GTID_MARIADB)
		return gtid_set_is_subset(part, executed, missing);
	for (size_t i = 0; i < part->count; i++) {
		const struct gtid_line *line = &part->lines[i];
		uint64_t end = line->ranges[line->count - 1].last;
		struct gtid gtid = gtid_of(part, line, end);

		if (end == gtid_set_last(part, gtid_domain(line->origin)))
			gtid_set_add(&last, &gtid);
	}
	bool all = true;

	for (size_t i = 0; i < last.count; i++) {
		const struct gtid_line *line = &last.lines[i];
		struct gtid gtid = gtid_of(&last, line, line->ranges[0].last);

		if (gtid_set_contains(executed, &gtid))
			continue;
		all = false;
		if (missing)
			gtid_set_add(missing, &gtid);
	}
	gtid_set_release(&last);
	return all;
}
