/* When a key is removed: when a look at the target found its row. A look that began before
 * the displacing transaction was committed still sees the row. Hence a key is not removed
 * while a transaction is under way that may have added it, nor if one began during the
 * look, and one that was added again since it was copied from the queue stays
 * (pending_rows_resolve()). That a row goes after it was seen is no loss: a change deletes
 * it, or displaces it, and the latter is remembered by itself. */
#include "verify/owed_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "compare/range_diff.h"
#include "merged_rows.h"

static const char log_tag[] = "owed_rows";

#define KEYS_PER_LOOK 2000
#define LOOKS_MAX 12 /* a transaction may still become visible */
#define LOOK_PAUSE_MS 20
#define LOOK_PAUSE_MAX_MS 500
#define QUIET_WAIT_MS 60000
#define KEYS_SHOWN 10
#define KEYS_SEARCHED 20 /* of each look's missing ones, for what is in their way */

/* One walk over the queue. */
struct look {
	struct owed_rows *o;
	struct range_diff comparer;
	struct row_hash print; /* of the keys alone, of the current table */
	struct map missing;    /* condition -> text of the key, owned */
	bool was_quiet;	       /* when the keys were copied from the queue */
	uint64_t begun;	       /* displacements by then */
	bool stops_at_merged;  /* a row that has no place ends the run */
	struct buf *report;    /* of the cutover */
	uint64_t rows;	       /* missing, of all tables */
	uint64_t shown;	       /* of the table at hand */
};

static char *key_list(const struct moved_table *t, bool as_bytes)
{
	struct buf sql = BUF_INIT;

	for (unsigned i = 0; i < t->key.count; i++) {
		buf_puts(&sql, i ? "," : "");
		buf_puts(&sql, as_bytes ? "CAST(" : "");
		sql_select_column(&sql, &t->source->columns[t->key.columns[i]]);
		buf_puts(&sql, as_bytes ? " AS BINARY)" : "");
	}
	return buf_take(&sql);
}

static void make_print(struct row_hash *f, const struct moved_table *t)
{
	struct buf from[SIDE_COUNT] = { BUF_INIT, BUF_INIT };
	char *bytes = key_list(t, true);

	*f = (struct row_hash){ .table = t };
	sql_table_name(&from[SIDE_SOURCE], t->source->schema, t->source->name);
	sql_table_name(&from[SIDE_TARGET], t->target_schema, t->target_name);
	for (enum side side = 0; side < SIDE_COUNT; side++) {
		f->from[side] = buf_take(&from[side]);
		f->keys[side] = key_list(t, false);
		f->row[side] = mem_strdup("'1'");
		f->sum[side] = mem_printf("CAST(CONV(LEFT(SHA2(CONCAT_WS('#',%s),256),16),16,10)"
					  " AS UNSIGNED)",
					  bytes);
	}
	free(bytes);
}

static void found_missing(void *context, const struct row_hash *f,
			  const struct row_difference *difference)
{
	struct look *look = context;
	struct buf text = BUF_INIT;

	if (difference->kind != ROW_MISSING_ON_TARGET)
		return;
	range_diff_key_text(&text, &f->table->key, difference->key);
	free(map_put(&look->missing, difference->condition, difference->condition_length,
		     buf_take(&text)));
}

static void clear_missing(struct look *look)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&look->missing, &cursor)))
		free(entry->value);
	map_clear(&look->missing);
}

static bool look_open(struct look *look, struct owed_rows *o, struct error *err)
{
	*look = (struct look){ .o = o };
	map_init(&look->missing);
	return range_diff_open(&look->comparer, o->run->options, o->run->stop, found_missing, look,
			       err);
}

static void look_close(struct look *look)
{
	clear_missing(look);
	map_release(&look->missing);
	row_hash_release(&look->print);
	range_diff_close(&look->comparer);
}

static const struct row_hash *print_of(struct look *look, size_t index)
{
	const struct moved_table *table = look->o->run->tables->tables[index];

	if (look->print.table != table) {
		row_hash_release(&look->print);
		make_print(&look->print, table);
	}
	return &look->print;
}

static bool ask(struct look *look, size_t table, const char *const *conditions, size_t count,
		struct error *err)
{
	clear_missing(look);
	return range_diff_keys(&look->comparer, print_of(look, table), conditions, count, err);
}

/* Rows that are missing for good say so each time: some of them will do. */
static bool stop_at_merged(struct look *look, size_t table, struct error *err)
{
	const struct map_entry *entry;
	struct buf report = BUF_INIT;
	size_t cursor = 0, count = 0;
	bool ok = true;

	while (ok && count++ < KEYS_SEARCHED && (entry = map_next(&look->missing, &cursor))) {
		ok = merged_rows_find(&look->comparer, look->o->run->tables->tables[table],
				      entry->key, entry->key_length, &report, err);
		if (ok && report.length > 0)
			ok = error_set(err, ERROR_DIFFERENT, "%s", buf_text(&report));
	}
	buf_release(&report);
	return ok;
}

static bool pass_slice(void *context, size_t table, const struct queued_key *keys, size_t count,
		       struct error *err)
{
	struct look *look = context;
	const char **conditions = pending_rows_conditions(keys, count);
	bool ok = throttler_wait(look->o->run->throttler, THROTTLED_WORK, look->o->run->stop) ||
		  error_set(err, ERROR_STOPPED, "stopped");
	ok = ok && ask(look, table, conditions, count, err);
	mutex_lock(&look->o->lock);
	bool is_quiet = look->was_quiet && look->o->begun == look->begun;
	mutex_unlock(&look->o->lock);

	for (size_t i = 0; ok && i < count; i++)
		pending_rows_resolve(&look->o->queue, table, &keys[i],
				     is_quiet && !map_get(&look->missing, keys[i].condition,
							  keys[i].length));
	free(conditions);
	return ok && (!look->stops_at_merged || stop_at_merged(look, table, err));
}

static bool pass(struct look *look, struct error *err)
{
	struct owed_rows *o = look->o;
	bool ok = true;

	for (size_t i = 0; ok && i < o->run->tables->count; i++) {
		if (look->stops_at_merged && !o->run->tables->tables[i]->may_merge)
			continue;
		mutex_lock(&o->lock);
		look->was_quiet = o->begun == o->ended;
		look->begun = o->begun;
		mutex_unlock(&o->lock);
		ok = pending_rows_each(&o->queue, i, KEYS_PER_LOOK, false, pass_slice, look, err);
	}
	return ok;
}

/* --- all rows of a table ------------------------------------------------------------------ */

/* A displacement that began before the table's rows were noted did not note its own. */
static bool wait_until_quiet(struct owed_rows *o)
{
	int64_t until_ms = clock_ms() + QUIET_WAIT_MS;
	bool quiet;

	mutex_lock(&o->lock);
	while (!(quiet = o->begun == o->ended) && clock_ms() < until_ms && !stop_is_set(o->run->stop))
		condition_wait_ms(&o->quiet, &o->lock, 200);
	mutex_unlock(&o->lock);
	return quiet;
}

static bool look_for_all(struct look *look, size_t table, struct error *err)
{
	struct owed_rows *o = look->o;
	const struct row_hash *f = print_of(look, table);
	struct key low = KEY_INIT, high = KEY_INIT;
	struct range_rows rows;
	bool ok = true;

	if (!pending_rows_begin(&o->queue, table, &low))
		return true;
	log_info("table %s: all rows of the source are looked for on the target",
		 f->table->source->full_name);
	if (!wait_until_quiet(o)) {
		key_release(&low);
		pending_rows_invalidate(&o->queue, table);
		return !stop_is_set(o->run->stop) || error_set(err, ERROR_STOPPED, "stopped");
	}
	do {
		struct map_entry *entry;
		size_t cursor = 0;

		clear_missing(look);
		ok = (throttler_wait(o->run->throttler, THROTTLED_WORK, o->run->stop) ||
		      error_set(err, ERROR_STOPPED, "stopped")) &&
		     range_diff_next(&look->comparer, f, &low, &high, err) &&
		     range_diff_range(&look->comparer, f, &low, &high, &rows, err);
		while (ok && (entry = map_next(&look->missing, &cursor)))
			pending_rows_add(&o->queue, table, entry->key, entry->key_length);
		if (ok)
			pending_rows_compared(&o->queue, table, &high);
		key_copy(&low, &high);
	} while (ok && high.is_set);
	key_release(&low);
	key_release(&high);
	return ok;
}

static bool look_for_all_tables(struct look *look, struct error *err)
{
	for (size_t i = 0; i < look->o->run->tables->count; i++)
		if (!look_for_all(look, i, err))
			return false;
	return true;
}

static bool owes_nothing(struct owed_rows *o)
{
	return pending_rows_count(&o->queue) == 0 && pending_rows_uncompared(&o->queue) == 0;
}

bool owed_check_while_moving(struct owed_rows *o, struct error *err)
{
	struct look look;

	if (pending_rows_count(&o->queue) == 0)
		return true;
	bool ok = look_open(&look, o, err);

	look.stops_at_merged = true;
	ok = ok && pass(&look, err);
	look_close(&look);
	return ok;
}

bool owed_check_before_cutover(struct owed_rows *o, struct error *err)
{
	struct look look;

	if (owes_nothing(o))
		return true;
	bool ok = look_open(&look, o, err) && look_for_all_tables(&look, err) && pass(&look, err);

	look_close(&look);
	return ok || error_wrap(err, "look for rows that were skipped or displaced");
}

/* --- the cutover ----------------------------------------------------------------------------- */

/* Checks what was missing again, until nothing is missing or the same rows stay missing. */
static bool look_again(struct look *look, size_t table, struct error *err)
{
	int64_t pause_ms = LOOK_PAUSE_MS;
	bool ok = true;

	for (unsigned i = 1; ok && look->missing.count > 0 && i < LOOKS_MAX; i++) {
		const char **conditions = mem_calloc(look->missing.count + 1, sizeof(*conditions));
		struct map before = look->missing;
		const struct map_entry *entry;
		size_t cursor = 0, count = 0;

		while ((entry = map_next(&before, &cursor)))
			conditions[count++] = entry->key;
		map_init(&look->missing);
		ok = stop_sleep_ms(look->o->run->stop, pause_ms) ||
		     error_set(err, ERROR_STOPPED, "stopped");
		ok = ok && ask(look, table, conditions, count, err);
		for (cursor = 0; (entry = map_next(&before, &cursor));)
			free(entry->value);
		map_release(&before);
		free(conditions);
		pause_ms = pause_ms * 2 > LOOK_PAUSE_MAX_MS ? LOOK_PAUSE_MAX_MS : pause_ms * 2;
	}
	return ok;
}

static bool resolve_slice(void *context, size_t table, const struct queued_key *keys, size_t count,
			  struct error *err)
{
	struct look *look = context;
	const char *name = look->o->run->tables->tables[table]->source->full_name;
	const char **conditions = pending_rows_conditions(keys, count);
	const struct map_entry *entry;
	size_t cursor = 0;
	bool ok = ask(look, table, conditions, count, err) && look_again(look, table, err);

	free(conditions);
	/* What is missing stays in the state, what is there is done with: after CutoverUnlock the
	 * application may delete it. */
	for (size_t i = 0; ok && i < count; i++)
		pending_rows_resolve(&look->o->queue, table, &keys[i],
				     !map_get(&look->missing, keys[i].condition, keys[i].length));
	while (ok && (entry = map_next(&look->missing, &cursor))) {
		look->rows++;
		if (look->shown == 0)
			buf_printf(look->report, "%s%s [", look->report->length ? "; " : "", name);
		if (++look->shown > KEYS_SHOWN)
			continue;
		buf_printf(look->report, "%s%s", look->shown > 1 ? ", " : "",
			   (const char *)entry->value);
		log_error("table %s, key %s: the row is missing on the target, as another row there "
			  "had its key or one of its unique values",
			  name, (const char *)entry->value);
	}
	return ok;
}

static bool resolve(struct look *look, uint64_t *looked_for, struct error *err)
{
	struct owed_rows *o = look->o;
	bool ok = look_for_all_tables(look, err);

	*looked_for = pending_rows_count(&o->queue);
	for (size_t i = 0; ok && i < o->run->tables->count; i++) {
		look->shown = 0;
		ok = pending_rows_each(&o->queue, i, KEYS_PER_LOOK, false, resolve_slice, look, err);
		if (look->shown > KEYS_SHOWN)
			buf_printf(look->report, " and %" PRIu64 " more", look->shown - KEYS_SHOWN);
		if (look->shown > 0)
			buf_putc(look->report, ']');
	}
	return ok;
}

bool owed_check_during_cutover(struct owed_rows *o, struct error *err)
{
	struct buf report = BUF_INIT;
	struct look look;
	uint64_t looked_for = 0;

	if (owes_nothing(o))
		return true;
	bool ok = look_open(&look, o, err);

	look.report = &report;
	ok = ok && resolve(&look, &looked_for, err);
	look_close(&look);
	if (!ok)
		error_wrap(err, "look for rows that were skipped or displaced");
	else if (look.rows > 0)
		ok = error_set(
			err, ERROR_DIFFERENT,
			"%" PRIu64 " row%s missing on the target, by key: %s: another row there had "
			"the key or one of the unique values, as somebody else wrote to the target, "
			"or its collation takes for equal what the source's tells apart; drop the "
			"tables on the target (in the latter case create them with a binary NO PAD "
			"collation of these columns and set AllowExistingTargetTable) and start "
			"without the state",
			look.rows, look.rows == 1 ? " is" : "s are", buf_text(&report));
	else
		log_info("rows that were skipped or displaced are all on the target (%" PRIu64
			 " were looked for)",
			 looked_for);
	buf_release(&report);
	return ok;
}
