/* The stream after the final position: copied tables should not be written to there any more, as
 * such changes are not moved. So the stream is read on until the last look, and each changed row of
 * a copied table is counted. Where CutoverLock has confirmed that the writers are stopped, the
 * first one ends the run, before CutoverUnlock; the state is not past the final position, so a
 * resumed run moves the rows. Without a CutoverLock (a rehearsal, writers stopped by hand) there is
 * a warning, and a count for each table in the log and the status.
 *
 * What cannot be decoded there, or changes a definition, is treated alike. */
#include "ferry_priv.h"

#include "base/log.h"

static const char log_tag[] = "cutover";

#define ATTEMPTS_UNLOCKED 3

/* The streamer's thread. */
bool ferry_on_late_row(void *context, const struct row_change *change, struct error *err)
{
	struct ferry *f = context;
	const struct moved_table *table = moved_tables_of(&f->tables, change->table);
	struct binlog_position final;

	/* Rows that are not moved may change. */
	if (table->filter &&
	    row_filter_judge(table->filter, change->before, change->after) == ROW_OUTSIDE)
		return true;
	if (atomic_fetch_add(&f->late[table->index].count, 1) > 0)
		return true;
	mutex_lock(&f->lock);
	final = f->final;
	mutex_unlock(&f->lock);
	if (f->options.stops_writers)
		return error_set(err, ERROR_UNSUPPORTED,
				 "table %s was changed on the source behind the final position " POSITION_FORMAT
				 ", although CutoverLock was called; the target lacks "
				 "that, and CutoverUnlock is not called: stop the writers, then resume",
				 table->source->full_name, POSITION_ARGS(&final));
	log_warn("table %s was changed on the source at " POSITION_FORMAT ", behind the final "
		 "position " POSITION_FORMAT ": the target lacks this and what follows (stop the "
		 "writers before the cutover)",
		 table->source->full_name, POSITION_ARGS(change->end), POSITION_ARGS(&final));
	return true;
}

/* The streamer's thread. False: the failure is not one after the final position. */
bool ferry_on_late_failure(struct ferry *f, const struct error *err)
{
	if (!binlog_streamer_is_final(f->streamer))
		return false;
	if (f->options.stops_writers) {
		ferry_fail_run(f, PART_CUTOVER, err);
		return true;
	}
	log_warn_err(err, "the source's binlog is not watched any more behind the final position: "
			  "whether copied tables are written to there is not known");
	return true;
}

static void log_counts(struct ferry *f)
{
	for (size_t i = 0; i < f->tables.count; i++) {
		uint64_t rows = atomic_load(&f->late[i].count);

		if (rows > 0)
			log_warn("%" PRIu64 " rows of table %s were changed on the source behind the "
				 "final position, and are not moved",
				 rows, f->tables.tables[i]->source->full_name);
	}
}

/* What is prepared by then may be committed at any time. */
static bool check_undecided(struct ferry *f, struct error *err)
{
	struct buf undecided = BUF_INIT;
	bool ok = true;

	(void)binlog_streamer_undecided(f->streamer, &f->seen_end, &undecided);
	/* With a limit of 0 they are only logged, as was done before. */
	if (undecided.length > 0 && f->options.stops_writers && f->options.open_transactions_ms > 0)
		ok = error_set(err, ERROR_UNSUPPORTED,
			       "XA transactions that have changed copied tables are prepared, although "
			       "CutoverLock was called: %s; CutoverUnlock is not called: XA COMMIT or XA "
			       "ROLLBACK them, then resume",
			       buf_text(&undecided));
	buf_release(&undecided);
	return ok;
}

/* Up to the source's end as it is now, and no further. */
static bool read_to_end(struct ferry *f, struct error *err)
{
	unsigned attempts = f->options.stops_writers ? ASK_ATTEMPTS : ATTEMPTS_UNLOCKED;

	if (f->options.replica.enabled && f->options.stops_writers && !ferry_wait_for_replica(f, err))
		return false;
	if (!ferry_read_end(f, attempts, &f->seen_end, err))
		return error_wrap(err, "read the source's binlog position behind the final one");
	binlog_streamer_stop_at(f->streamer, &f->seen_end);
	if (!binlog_streamer_join(f->streamer))
		return ferry_stopped(err);
	return !stop_is_set(&f->stop) || ferry_stopped(err);
}

bool ferry_check_late(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, "the source's binlog to be read up to its end");
	if (read_to_end(f, err)) {
		log_counts(f);
		return check_undecided(f, err);
	}
	if (f->options.stops_writers || stop_is_set(&f->stop))
		return false;
	/* The stream has logged why, or the source is gone. */
	if (err->kind != ERROR_STOPPED)
		log_warn_err(err,
			     "whether copied tables were written to behind the final position is "
			     "not known");
	log_counts(f);
	return true;
}
