/* The stream of the source's row changes: opened at the position where the copy begins, and
 * delivered to the binlog writer, by the streamer's thread. */
#include "ferry_priv.h"

#include <string.h>

#include "base/log.h"
#include "objects/object_text.h"
#include "plan/name_filter.h"

static const char log_tag[] = "ferry";

/* --- what the streamer calls ---------------------------------------------------- */

bool ferry_is_chosen(void *context, const char *schema, const char *table)
{
	struct ferry *f = context;

	return name_is_chosen(&f->options, schema, table);
}

static const struct table *stream_find_table(void *context, const char *schema, const char *name)
{
	struct ferry *f = context;
	const struct moved_table *table = moved_tables_find(&f->tables, schema, name);

	return table ? table->source : NULL;
}

/* One event may have many rows. */
static void note_streamed(struct ferry *f, const struct binlog_position *end)
{
	if (end->offset == f->streamed.offset && strcmp(end->file, f->streamed.file) == 0)
		return;
	f->streamed = *end;
	state_tracker_streamed(&f->tracker, end);
}

static bool stream_truncate(void *context, const struct table *table,
			    const struct binlog_position *end, bool *is_taken, struct error *err)
{
	struct ferry *f = context;

	*is_taken = ferry_may_truncate(f, table);
	if (!*is_taken)
		return true;
	note_streamed(f, end);
	/* What leads to rows below must exist until they are found. */
	if (f->cascades && !cascades_boundary(f->cascades, err))
		return false;
	return binlog_writer_truncate(f->writer, table, err);
}

static bool stream_row(void *context, const struct row_change *change, struct error *err)
{
	struct ferry *f = context;

	/* The triggers would fire. */
	if (ferry_target_is_in_use(f) && object_kind_is_moved(&f->options, OBJECT_TRIGGER))
		return error_set(err, ERROR_UNSUPPORTED,
				 "rows of %s have changed on the source since CutoverUnlock was "
				 "called, and the target may have its triggers by now: bring them over "
				 "by hand",
				 change->table->full_name);
	note_streamed(f, change->end);
	if (f->cascades && !cascades_before(f->cascades, change, err))
		return false;
	return binlog_writer_add(f->writer, change, err) &&
	       (!f->cascades || cascades_after(f->cascades, change, err));
}

static void stream_received(void *context, const struct gtid *gtid)
{
	struct ferry *f = context;

	if (!gtid)
		log_warn("the source's binlog has a transaction without GTID: from now on the state "
			 "cannot be resumed on another server");
	state_tracker_received(&f->tracker, gtid);
}

static bool stream_boundary(void *context, const struct binlog_position *position,
			    struct gtid_set *gtids, uint32_t timestamp, struct error *err)
{
	struct ferry *f = context;

	if (f->cascades && !cascades_boundary(f->cascades, err))
		return false;
	binlog_writer_boundary(f->writer, position, gtids, timestamp);
	return true;
}

static void stream_failed(void *context, const struct error *err)
{
	if (!ferry_on_late_failure(context, err))
		ferry_fail_run(context, PART_BINLOG_STREAMER, err);
}

/* --- opening it ------------------------------------------------------------------ */

struct binlog_feed_params ferry_feed_params(struct ferry *f)
{
	return (struct binlog_feed_params){ .server = &f->options.source,
					    .server_id = f->options.server_id,
					    .if_purged = "" };
}

/* An account without the privilege sees no triggers: then there may be some. */
static bool query_side_effects(struct ferry *f, bool *may_have, struct error *err)
{
	struct buf answer = BUF_INIT;
	bool ok = db_ready(f->source, err) &&
		  db_value(f->source, &answer, NULL, err,
			   "SELECT EXISTS(SELECT 1 FROM information_schema.TRIGGERS"
			   " WHERE TRIGGER_SCHEMA NOT IN ('mysql', 'sys'))"
			   " OR EXISTS(SELECT 1 FROM information_schema.ROUTINES"
			   " WHERE ROUTINE_TYPE <> 'PROCEDURE'"
			   " AND ROUTINE_SCHEMA NOT IN ('mysql', 'sys'))"
			   " OR NOT EXISTS(SELECT 1 FROM information_schema.USER_PRIVILEGES"
			   " WHERE PRIVILEGE_TYPE = 'TRIGGER' AND GRANTEE ="
			   " CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@',"
			   " QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))))");

	*may_have = strcmp(buf_text(&answer), "0") != 0;
	for (size_t i = 0; i < f->tables.count; i++)
		*may_have = *may_have || f->tables.tables[i]->is_cascaded_to;
	buf_release(&answer);
	return ok || error_wrap(err, "look for triggers and stored functions of the source");
}

bool ferry_open_stream(struct ferry *f, struct error *err)
{
	const struct binlog_position *start = &f->start.position;
	bool has_side_effects;
	bool ignores_case;

	if (!query_side_effects(f, &has_side_effects, err))
		return false;
	/* A statement is logged with the names as the session wrote them, but refers to the tables
	 * that are known in lower case. */
	if (!schema_ignores_case(f->source, &ignores_case, err))
		return error_wrap(err, "ask the source how it compares names");
	if (!ferry_ask_clock(f, err))
		return false;

	const struct binlog_streamer_params params = {
		.feed = ferry_feed_params(f),
		.tag = "source_binlog_streamer",
		.start = *start,
		.applied = f->start.has_gtids ? &f->start.applied : NULL,
		.is_other_server = f->start.is_other_server,
		.delivered = f->resume && !f->start.is_other_server ?
				     f->resume->run.streamed :
				     (struct binlog_position){ .offset = 0 },
		.handler = { .context = f,
			     .find_table = stream_find_table,
			     .is_chosen = ferry_is_chosen,
			     .is_older = ferry_is_older,
			     .may_change = ferry_may_change,
			     .truncate = stream_truncate,
			     .row = stream_row,
			     .received = stream_received,
			     .boundary = stream_boundary,
			     .late = ferry_on_late_row,
			     .failed = stream_failed },
		.has_side_effects = has_side_effects,
		.ignores_case = ignores_case,
		.xa_bytes_max = f->options.xa_bytes,
		.buffered_bytes_max = f->options.xa_bytes / 8,
		.stop = &f->stop,
	};

	struct binlog_streamer *streamer = binlog_streamer_open(&params, err);
	struct log_facts facts = { .count = 0 };

	if (!streamer)
		return error_wrap(err, "open the source's binlog at " POSITION_FORMAT,
				  POSITION_ARGS(start));
	mutex_lock(&f->lock);
	f->streamer = streamer;
	mutex_unlock(&f->lock);
	binlog_position_facts(&facts, start);
	log_info_facts(&facts, "streaming the source's binlog from " POSITION_FORMAT,
		       POSITION_ARGS(start));
	return true;
}
