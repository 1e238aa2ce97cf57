/* Workers take one table after the other; each has a connection to both servers. */
#include "compare/table_diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "base/worker_pool.h"
#include "compare/recheck.h"
#include "compare/row_repair.h"

static const char log_tag[] = "verifier";

/* Rows that differed at first, kept until they are compared again. */
#define CANDIDATES_MAX 2000

static bool has_null_key(struct db *db, const struct row_hash *f, const char *column, bool *has,
			 struct error *err)
{
	struct buf sql = BUF_INIT, found = BUF_INIT;

	buf_printf(&sql, "SELECT EXISTS (SELECT 1 FROM %s WHERE ", f->from[SIDE_TARGET]);
	sql_name(&sql, column);
	buf_puts(&sql, " IS NULL)");
	bool ok = db_value(db, &found, NULL, err, "%s", buf_text(&sql));
	*has = ok && strcmp(buf_text(&found), "0") != 0;
	buf_release(&sql);
	buf_release(&found);
	return ok || error_wrap(err, "table %s", f->table->source->full_name);
}

/* A row with NULL in its key lies in no range: it would never be met. */
static bool find_null_keys(struct db *db, struct row_hash *f, const struct table *target,
			   struct error *err)
{
	const struct key_columns *key = &f->table->key;

	for (unsigned i = 0; target && i < key->count && !f->finding; i++) {
		const struct column *column = &key->table->columns[key->columns[i]];
		const struct column *there = table_column_of_other(target, column);
		bool has;

		if (!there || !there->is_nullable)
			continue;
		if (!has_null_key(db, f, there->name, &has, err))
			return false;
		if (has)
			f->finding = mem_printf("rows of the target have NULL in %s, a column of "
						"the key",
						there->name);
	}
	return true;
}

bool table_diff_load(struct table_diff *v, const struct move_options *options,
		     const struct moved_tables *tables, struct db *target, struct stop *stop,
		     struct error *err)
{
	bool keep_zero_sign = db_version(target)->flavour == FLAVOUR_MYSQL;
	bool ok;

	*v = (struct table_diff){ .options = options, .stop = stop };
	v->count = tables->count;
	v->hashes = mem_calloc(v->count + 1, sizeof(*v->hashes));
	ok = table_pairs_load(&v->pairs, tables, target, err);
	for (size_t i = 0; ok && i < v->count; i++) {
		row_hash_make(&v->hashes[i], options, tables->tables[i], v->pairs.there[i],
			      keep_zero_sign);
		ok = find_null_keys(target, &v->hashes[i], v->pairs.there[i], err);
	}
	return ok;
}

void table_diff_release(struct table_diff *v)
{
	for (size_t i = 0; i < v->count; i++)
		row_hash_release(&v->hashes[i]);
	free(v->hashes);
	table_pairs_release(&v->pairs);
	*v = (struct table_diff){ .options = NULL };
}

/* --- workers --------------------------------------------------------------------- */

struct job {
	struct worker_pool pool; /* its items are the tables */
	const struct table_diff *v;
	const struct comparison *how;
	struct diff_report *verdict; /* each table is one thread's */
};

struct compare_worker {
	struct job *job;
	struct range_diff comparer;
	struct recheck recheck;	  /* of the current table */
	struct row_repair repair; /* initialised if there is a plan for it */
	unsigned number;
};

static void differs(void *context, const struct row_hash *f, const struct row_difference *difference)
{
	struct compare_worker *worker = context;
	const struct comparison *how = worker->job->how;

	if (how->found)
		how->found(how->context, f, difference);
	else
		recheck_add(&worker->recheck, difference);
}

static bool may_go_on(struct job *job, struct error *err)
{
	if (job->how->throttler && !throttler_wait(job->how->throttler, THROTTLED_WORK, job->v->stop))
		return error_set(err, ERROR_STOPPED, "stopped");
	return (!worker_pool_has_failed(&job->pool) && !stop_is_set(job->v->stop)) ||
	       error_set(err, ERROR_STOPPED, "stopped");
}

static bool compare_next(struct compare_worker *worker, struct table_report *verdict,
			 struct key *low, struct key *high, struct error *err)
{
	const struct comparison *how = worker->job->how;
	struct range_rows rows;

	if (!may_go_on(worker->job, err) ||
	    !range_diff_next(&worker->comparer, verdict->f, low, high, err) ||
	    !range_diff_range(&worker->comparer, verdict->f, low, high, &rows, err))
		return false;
	verdict->rows[SIDE_SOURCE] += rows.rows[SIDE_SOURCE];
	verdict->rows[SIDE_TARGET] += rows.rows[SIDE_TARGET];
	if (worker->recheck.rows.count >= (high->is_set ? CANDIDATES_MAX : 1) &&
	    !recheck_run(&worker->recheck, &worker->comparer, how->rules,
			 how->repair ? &worker->repair : NULL, verdict, err))
		return false;
	probe("range_compared", "%s", verdict->f->table->source->full_name);
	if (how->compared)
		how->compared(how->context, verdict->f->table->index, high);
	return true;
}

/* A table without a key, as a multiset of rows. Each attempt makes both servers read the whole
 * table; rows that are written meanwhile lead to another attempt. */
static bool compare_whole(struct compare_worker *worker, struct table_report *verdict,
			  struct error *err)
{
	const struct recheck_rules *rules = worker->job->how->rules;
	struct range_diff *c = &worker->comparer;
	struct table_sums before, sums = { .figures = { { 0 } } };
	unsigned same = 0;

	for (unsigned look = 1; look <= rules->attempts && same < rules->stable_after; look++) {
		before = sums;
		if (!may_go_on(worker->job, err) ||
		    (look > 1 && !stop_sleep_ms(worker->job->v->stop, rules->pause_ms) &&
		     !error_set(err, ERROR_STOPPED, "stopped")) ||
		    (look > 1 && rules->catch_up &&
		     !rules->catch_up(rules->context, c->db[SIDE_SOURCE], err)) ||
		    !range_diff_whole(c, verdict->f, &sums, err))
			return false;
		verdict->rows[SIDE_SOURCE] = sums.figures[SIDE_SOURCE][0];
		verdict->rows[SIDE_TARGET] = sums.figures[SIDE_TARGET][0];
		if (memcmp(sums.figures[SIDE_SOURCE], sums.figures[SIDE_TARGET],
			   sizeof(sums.figures[SIDE_SOURCE])) == 0)
			return true;
		same = look > 1 && memcmp(&before, &sums, sizeof(sums)) == 0 ? same + 1 : 0;
	}
	if (same < rules->stable_after)
		verdict->unsettled++;
	else
		diff_report_add_whole(verdict);
	return true;
}

static void log_table(const struct comparison *how, const struct table_report *verdict)
{
	const char *name = verdict->f->table->source->full_name;
	struct log_facts facts = { .count = 0 };

	log_fact(&facts, "table", name);
	log_fact_number(&facts, "#rows", (double)verdict->rows[SIDE_SOURCE]);
	log_fact_number(&facts, "#different", (double)verdict->different);
	if (how->found)
		log_debug_facts(&facts, "compared table %s: %" PRIu64 " rows", name,
				verdict->rows[SIDE_SOURCE]);
	else if (table_report_is_different(verdict))
		log_write(LOG_ERROR, log_tag, NULL, facts.fields,
			  "tables on source and target DOES NOT MATCH: %s, %" PRIu64 " rows differ",
			  name, verdict->different);
	else
		log_info_facts(&facts,
			       "tables on source and target verified to match: %s, %" PRIu64 " rows",
			       name, verdict->rows[SIDE_SOURCE]);
}

static bool compare_table(struct compare_worker *worker, size_t table, struct error *err)
{
	const struct comparison *how = worker->job->how;
	struct table_report *verdict = &worker->job->verdict->tables[table];
	struct key low = KEY_INIT, high = KEY_INIT;
	bool ok = true;

	if (verdict->f->finding || (how->begin && !how->begin(how->context, table, &low))) {
		key_release(&low);
		return true;
	}
	log_debug("checking table %s", verdict->f->table->source->full_name);
	if (verdict->f->note)
		log_warn("table %s: not compared: %s", verdict->f->table->source->full_name,
			 verdict->f->note);
	if (verdict->f->table->key.count == 0) {
		verdict->is_compared = ok = compare_whole(worker, verdict, err);
		if (ok && how->compared)
			how->compared(how->context, table, &high);
		if (ok)
			log_table(how, verdict);
		key_release(&low);
		return ok;
	}
	recheck_init(&worker->recheck, verdict->f);
	do {
		ok = compare_next(worker, verdict, &low, &high, err);
		key_copy(&low, &high);
	} while (ok && high.is_set);
	recheck_release(&worker->recheck);
	key_release(&low);
	key_release(&high);
	verdict->is_compared = ok;
	if (ok)
		log_table(how, verdict);
	return ok;
}

static void worker_main(void *argument)
{
	struct compare_worker *worker = argument;
	struct job *job = worker->job;
	struct error err;
	size_t table;

	if (job->how->repair)
		row_repair_init(&worker->repair, job->how->repair, worker->number);
	bool ok = range_diff_open(&worker->comparer, job->v->options, job->v->stop, differs, worker,
				  &err);

	while (ok && worker_pool_next(&job->pool, &table))
		ok = compare_table(worker, table, &err);
	range_diff_close(&worker->comparer);
	if (job->how->repair)
		row_repair_release(&worker->repair);
	if (!ok)
		worker_pool_fail(&job->pool, &err);
}

bool table_diff_compare(const struct table_diff *v, const struct comparison *how,
			struct diff_report *verdict, struct error *err)
{
	struct job job = { .v = v, .how = how, .verdict = verdict };
	unsigned count = how->workers > v->count ? (unsigned)v->count : how->workers;
	struct compare_worker *workers = mem_calloc(count + 1, sizeof(*workers));

	worker_pool_init(&job.pool, 0, v->count);
	for (unsigned i = 0; i < count; i++)
		workers[i] = (struct compare_worker){ .job = &job, .number = i };
	worker_pool_start(&job.pool, "verifier", worker_main, workers, sizeof(*workers), count);
	bool ok = worker_pool_join(&job.pool, err);
	free(workers);
	return ok;
}
