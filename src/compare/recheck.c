/* Each attempt reads all rows that are still open from both servers. What is equal is dropped; what
 * differs as it did in the attempts before is confirmed; what differs otherwise than before is
 * still changing and read again. */
#include "compare/recheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "compare/row_repair.h"
#include "state/state_key.h"

static const char log_tag[] = "verifier";

#define PAUSE_MAX_MS 1000
#define REPAIRS_MAX 3 /* of one row */
#define REPAIRS_SHOWN 10

struct candidate {
	enum difference_kind kind;
	char print[SIDE_COUNT][FINGERPRINT_SIZE];
	unsigned stable;   /* attempts that found it as the one before did */
	unsigned attempt;  /* the last one that found it */
	bool is_confirmed; /* not read again */
	unsigned repairs;
	char *key;   /* owned: for display; NULL: not seen to differ yet */
	char *typed; /* owned: the same as JSON */
};

void recheck_init(struct recheck *r, const struct row_hash *f)
{
	*r = (struct recheck){ .f = f };
	map_init(&r->rows);
}

static void free_candidate(struct candidate *candidate)
{
	if (candidate) {
		free(candidate->key);
		free(candidate->typed);
	}
	free(candidate);
}

void recheck_release(struct recheck *r)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(&r->rows, &cursor)))
		free_candidate(entry->value);
	map_release(&r->rows);
}

void recheck_add_key(struct recheck *r, const char *condition, size_t length)
{
	if (!map_get(&r->rows, condition, length))
		map_put(&r->rows, condition, length, mem_calloc(1, sizeof(struct candidate)));
}

void recheck_add(struct recheck *r, const struct row_difference *difference)
{
	struct candidate *candidate;
	struct buf text = BUF_INIT;
	cJSON *typed;

	recheck_add_key(r, difference->condition, difference->condition_length);
	candidate = map_get(&r->rows, difference->condition, difference->condition_length);
	candidate->attempt = r->attempt;
	candidate->kind = difference->kind;
	if (candidate->key &&
	    strcmp(candidate->print[SIDE_SOURCE], difference->print[SIDE_SOURCE]) == 0 &&
	    strcmp(candidate->print[SIDE_TARGET], difference->print[SIDE_TARGET]) == 0)
		candidate->stable++;
	else
		candidate->stable = 0;
	memcpy(candidate->print, difference->print, sizeof(candidate->print));
	if (candidate->key)
		return;
	range_diff_key_text(&text, &r->f->table->key, difference->key);
	candidate->key = buf_take(&text);
	typed = saved_key_write(&r->f->table->key, difference->key);
	json_print(&text, typed, 0);
	candidate->typed = buf_take(&text);
	cJSON_Delete(typed);
}

static void found_again(void *context, const struct row_hash *f UNUSED,
			const struct row_difference *difference)
{
	recheck_add(context, difference);
}

static bool query_open_rows(struct recheck *r, struct range_diff *c, struct error *err)
{
	const char **conditions = mem_calloc(r->rows.count + 1, sizeof(*conditions));
	difference_found *found = c->found;
	void *context = c->context;
	const struct map_entry *entry;
	size_t cursor = 0, count = 0;

	while ((entry = map_next(&r->rows, &cursor)))
		if (!((const struct candidate *)entry->value)->is_confirmed)
			conditions[count++] = entry->key;
	/* The map may grow while they are read: its keys are copies that stay. */
	c->found = found_again;
	c->context = r;
	bool ok = range_diff_keys(c, r->f, conditions, count, err);

	c->found = found;
	c->context = context;
	free(conditions);
	return ok;
}

/* After an attempt. How many are still open. */
static size_t drop_resolved(struct recheck *r, const struct recheck_rules *rules,
			    struct table_report *report)
{
	size_t cursor = 0, open = 0;
	struct map_entry *entry;

	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (candidate->is_confirmed)
			continue;
		if (candidate->attempt == r->attempt) {
			candidate->is_confirmed = candidate->stable >= rules->stable_after;
			open += !candidate->is_confirmed;
			continue;
		}
		if (candidate->repairs > 0 && ++report->repaired <= REPAIRS_SHOWN)
			log_warn("table %s, key %s: repaired (%s)", r->f->table->source->full_name,
				 candidate->key, difference_kind_name(candidate->kind));
		free_candidate(map_remove(&r->rows, entry->key, entry->key_length));
	}
	return open;
}

static bool resolve(struct recheck *r, struct range_diff *c, const struct recheck_rules *rules,
		    struct table_report *report, struct error *err)
{
	int64_t pause_ms = rules->pause_ms;
	size_t open = r->rows.count;

	for (r->attempt = 1; open > 0 && r->attempt <= rules->attempts; r->attempt++) {
		if (!stop_sleep_ms(c->stop, pause_ms))
			return error_set(err, ERROR_STOPPED, "stopped");
		if (rules->catch_up && !rules->catch_up(rules->context, c->db[SIDE_SOURCE], err))
			return false;
		if (!query_open_rows(r, c, err))
			return false;
		open = drop_resolved(r, rules, report);
		pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
	}
	r->attempt = 0;
	return true;
}

/* Confirmed ones become open again. Their conditions, borrowed from the map; the array is the
 * caller's. */
static const char **reopen_for_repair(struct recheck *r, size_t *count)
{
	const char **conditions = mem_calloc(r->rows.count + 1, sizeof(*conditions));
	struct map_entry *entry;
	size_t cursor = 0;

	*count = 0;
	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (!candidate->is_confirmed || candidate->repairs == REPAIRS_MAX)
			continue;
		candidate->repairs++;
		candidate->is_confirmed = false;
		candidate->attempt = 0;
		candidate->stable = 0;
		conditions[(*count)++] = entry->key;
	}
	return conditions;
}

bool recheck_run(struct recheck *r, struct range_diff *c, const struct recheck_rules *rules,
		 struct row_repair *repair, struct table_report *report, struct error *err)
{
	const struct map_entry *entry;
	size_t cursor = 0, count = 1;
	bool ok = resolve(r, c, rules, report, err);

	while (ok && repair && count > 0) {
		const char **conditions = reopen_for_repair(r, &count);

		ok = count == 0 || (row_repair_rows(repair, c->db[SIDE_SOURCE], r->f->table,
						    conditions, count, err) &&
				    resolve(r, c, rules, report, err));
		free(conditions);
	}
	if (!ok)
		return false;
	while ((entry = map_next(&r->rows, &cursor))) {
		struct candidate *candidate = entry->value;

		if (!candidate->is_confirmed) {
			report->unsettled++;
			continue;
		}
		struct diff_report_row row = { .kind = candidate->kind,
					       .key = candidate->key,
					       .typed = candidate->typed,
					       .where = mem_strdup(entry->key) };

		memcpy(row.print, candidate->print, sizeof(row.print));
		diff_report_add(report, &row);
		candidate->key = candidate->typed = NULL;
	}
	recheck_release(r);
	return true;
}
