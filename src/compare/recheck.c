/* Each look asks both servers for all rows that are not settled yet. What is equal is
 * dropped; what differs as it did in the looks before is settled; what differs otherwise
 * than before is on the move and looked at again. */
#include "compare/recheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "compare/row_repair.h"

static const char log_tag[] = "verifier";

#define PAUSE_MAX_MS 1000
#define REPAIRS_MAX 3 /* of one row */
#define REPAIRS_SHOWN 10

struct candidate {
	enum difference_kind kind;
	char print[SIDE_COUNT][FINGERPRINT_SIZE];
	unsigned same;	   /* looks that found it as the look before */
	unsigned look;	   /* the last one that found it */
	bool is_settled;
	unsigned repairs;
	char *key; /* owned: for people; NULL: not seen to differ yet */
};

/* One look under way. */
struct look {
	struct recheck *r;
	unsigned number;
};

void recheck_init(struct recheck *r, const struct row_hash *f)
{
	r->f = f;
	map_init(&r->rows);
}

static void free_candidate(struct candidate *candidate)
{
	if (candidate)
		free(candidate->key);
	free(candidate);
}

static void clear(struct recheck *r)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(&r->rows, &cursor)))
		free_candidate(entry->value);
	map_clear(&r->rows);
}

void recheck_release(struct recheck *r)
{
	clear(r);
	map_release(&r->rows);
}

static struct candidate *candidate_of(struct recheck *r, const char *condition, size_t length)
{
	struct candidate *candidate = map_get(&r->rows, condition, length);

	if (!candidate) {
		candidate = mem_calloc(1, sizeof(*candidate));
		map_put(&r->rows, condition, length, candidate);
	}
	return candidate;
}

static void take_difference(struct recheck *r, struct candidate *candidate,
			    const struct row_difference *difference)
{
	bool same = candidate->key &&
		    memcmp(candidate->print, difference->print, sizeof(candidate->print)) == 0;
	struct buf text = BUF_INIT;

	candidate->same = same ? candidate->same + 1 : 0;
	candidate->kind = difference->kind;
	/* snprintf() does not fill the rest: copied as texts. */
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		memset(candidate->print[side], 0, FINGERPRINT_SIZE);
		memcpy(candidate->print[side], difference->print[side],
		       strlen(difference->print[side]));
	}
	if (candidate->key)
		return;
	range_diff_key_text(&text, &r->f->table->key, difference->key);
	candidate->key = buf_take(&text);
}

void recheck_add(struct recheck *r, const struct row_difference *difference)
{
	take_difference(r, candidate_of(r, difference->condition, difference->condition_length),
			difference);
}

void recheck_add_key(struct recheck *r, const char *condition, size_t length)
{
	candidate_of(r, condition, length);
}

static void found_again(void *context, const struct row_hash *f,
			const struct row_difference *difference)
{
	struct look *look = context;
	struct candidate *candidate = candidate_of(look->r, difference->condition,
						   difference->condition_length);

	(void)f;
	take_difference(look->r, candidate, difference);
	candidate->look = look->number;
}

/* Borrowed from the map; the array is the caller's. */
static const char **open_conditions(struct recheck *r, size_t *count)
{
	const char **conditions = mem_calloc(r->rows.count + 1, sizeof(*conditions));
	const struct map_entry *entry;
	size_t cursor = 0;

	*count = 0;
	while ((entry = map_next(&r->rows, &cursor)))
		if (!((const struct candidate *)entry->value)->is_settled)
			conditions[(*count)++] = entry->key;
	return conditions;
}

static bool take_look(struct recheck *r, struct range_diff *c, unsigned number,
		      struct error *err)
{
	struct look look = { .r = r, .number = number };
	difference_found *found = c->found;
	void *context = c->context;
	size_t count;
	const char **conditions = open_conditions(r, &count);
	/* The map may grow while they are asked for: its keys are copies that stay. */
	c->found = found_again;
	c->context = &look;
	bool ok = range_diff_keys(c, r->f, conditions, count, err);

	c->found = found;
	c->context = context;
	free(conditions);
	return ok;
}

static void note_repaired(const struct recheck *r, const struct candidate *candidate,
			  struct table_verdict *verdict)
{
	if (candidate->repairs == 0)
		return;
	if (++verdict->repaired <= REPAIRS_SHOWN)
		log_warn("table %s, key %s: repaired (%s)", r->f->table->source->full_name,
			 candidate->key, difference_kind_name(candidate->kind));
}

/* How many are still open. */
static size_t sort_out(struct recheck *r, const struct recheck_rules *rules, unsigned number,
		       struct table_verdict *verdict)
{
	size_t cursor = 0, open = 0;
	struct map_entry *entry;

	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (candidate->is_settled)
			continue;
		if (candidate->look != number) {
			note_repaired(r, candidate, verdict);
			free_candidate(map_remove(&r->rows, entry->key, entry->key_length));
			continue;
		}
		candidate->is_settled = candidate->same >= rules->looks_same;
		open += !candidate->is_settled;
	}
	return open;
}

static void tell(struct recheck *r, struct table_verdict *verdict)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (!candidate->is_settled) {
			verdict->unsettled++;
			continue;
		}
		diff_report_add(verdict, candidate->kind, candidate->key,
			    candidate->print[SIDE_SOURCE], candidate->print[SIDE_TARGET]);
		candidate->key = NULL;
	}
	clear(r);
}

static bool look_until_settled(struct recheck *r, struct range_diff *c,
			       const struct recheck_rules *rules, struct table_verdict *verdict,
			       struct error *err)
{
	int64_t pause_ms = rules->pause_ms;
	size_t open = r->rows.count;

	for (unsigned number = 1; open > 0 && number <= rules->looks_max; number++) {
		if (!stop_sleep_ms(c->stop, pause_ms))
			return error_set(err, ERROR_STOPPED, "stopped");
		if (rules->catch_up &&
		    !rules->catch_up(rules->context, c->db[SIDE_SOURCE], err))
			return false;
		if (!take_look(r, c, number, err))
			return false;
		open = sort_out(r, rules, number, verdict);
		pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
	}
	return true;
}

/* The settled ones become open again: whoever was repaired is looked at anew. Borrowed
 * from the map; the array is the caller's. */
static const char **reopen_settled(struct recheck *r, size_t *count)
{
	const char **conditions = mem_calloc(r->rows.count + 1, sizeof(*conditions));
	struct map_entry *entry;
	size_t cursor = 0;

	*count = 0;
	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (!candidate->is_settled || candidate->repairs == REPAIRS_MAX)
			continue;
		candidate->repairs++;
		candidate->is_settled = false;
		candidate->look = 0;
		candidate->same = 0;
		conditions[(*count)++] = entry->key;
	}
	return conditions;
}

bool recheck_run(struct recheck *r, struct range_diff *c, const struct recheck_rules *rules,
		 struct row_repair *repair, struct table_verdict *verdict, struct error *err)
{
	bool ok = look_until_settled(r, c, rules, verdict, err);
	size_t count = 1;

	while (ok && repair && count > 0) {
		const char **conditions = reopen_settled(r, &count);

		ok = count == 0 || (row_repair_rows(repair, c->db[SIDE_SOURCE], r->f->table,
						    conditions, count, err) &&
				    look_until_settled(r, c, rules, verdict, err));
		free(conditions);
	}
	if (ok)
		tell(r, verdict);
	return ok;
}
