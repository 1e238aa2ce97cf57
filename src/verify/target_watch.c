/* Happy path: the streamer watches the target's binlog, each statement on a table of the
 * run is found to be ours, and each boundary moves the tracker's watched position. During
 * the cutover the end of the target's binlog is read and waited for.
 *
 * Failure: the streamer restores a lost connection. The watched position stays in front of a
 * foreign write, so that a resumed run meets it again. What a session with sql_log_bin=0 does
 * cannot be seen. */
#include "verify/target_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/advice.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/retry.h"
#include "stream/streamer.h"
#include "plan/statement_tag.h"

static const char log_tag[] = "target_verifier";

#define POSITION_ATTEMPTS 300
#define POSITION_SLEEP_MS 600
#define POLL_MS 10

struct target_watch {
	/* Constant once open. */
	struct run *run;
	bool ignores_case;    /* lower_case_table_names: names are compared in lower case */
	struct map by_target; /* "schema.name" there -> struct moved_table * */
	struct map schemas;   /* there -> anything */
	struct binlog_streamer *streamer;

	/* Owned by the ferry's thread. */
	struct db *db;
	struct binlog_position end; /* of the target's binlog, when last read */
};

/* --- tables by their names on the target ------------------------------------------- */

static void fold(const struct target_watch *v, char *name)
{
	if (v->ignores_case)
		schema_fold_case(name);
}

static struct moved_table *find(const struct target_watch *v, const char *schema, const char *name)
{
	char key[400];

	snprintf(key, sizeof(key), "%s.%s", schema, name);
	fold(v, key);
	return map_get_text(&v->by_target, key);
}

static const struct table *find_table(void *context, const char *schema, const char *name)
{
	const struct moved_table *table = find(context, schema, name);

	return table ? table->source : NULL;
}

static bool is_chosen(void *context, const char *schema, const char *name)
{
	struct target_watch *v = context;
	char key[200];

	if (name)
		return find(v, schema, name) != NULL;
	snprintf(key, sizeof(key), "%s", schema);
	fold(v, key);
	return map_get_text(&v->schemas, key) != NULL;
}

static void add_table(struct target_watch *v, struct moved_table *table)
{
	char *key = mem_printf("%s.%s", table->target_schema, table->target_name);
	char *schema = mem_strdup(table->target_schema);

	fold(v, key);
	fold(v, schema);
	map_put_text(&v->by_target, key, table);
	map_put_text(&v->schemas, schema, table);
	free(key);
	free(schema);
}

/* --- what the stream reports ---------------------------------------------------------- */

/* Without values of rows: "UPDATE abc.t SET v". */
static int shown_length(const struct watched_statement *statement)
{
	size_t length = 0;

	while (length < statement->text_length && length < 120 &&
	       !strchr("('\"=0123456789", statement->text[length]))
		length++;
	return (int)length;
}

static bool refuse(const struct watched_statement *s, enum signature signature, struct error *err)
{
	static const char remedy[] =
		"where it does no harm, resume with SkipTargetVerification and compare (-verify)";
	time_t seconds = (time_t)s->timestamp;
	struct tm when;
	char by[300], at[40];

	gmtime_r(&seconds, &when);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &when);
	if (!s->text)
		snprintf(by, sizeof(by),
			 "by a statement that was not logged with its rows "
			 "(binlog_rows_query_log_events, binlog_annotate_row_events)");
	else if (signature == SIGNATURE_OTHER_RUN)
		snprintf(by, sizeof(by), "by another run of ghostferry-copydb");
	else
		snprintf(by, sizeof(by), "by: %.*s", shown_length(s), s->text);
	return error_set(err, ERROR_DIFFERENT,
			 "row data of %s has been corrupted by a change directly performed in the "
			 "target at binlog file: %s and position: %" PRIu64
			 " (%s at %s, %s): find out who "
			 "writes there and stop that, %s; %s",
			 s->table, s->after->file, s->after->offset, s->what, at, by,
			 advice_start_over(), remedy);
}

/* The server logs DROP TABLE in words of its own. That of one table alone, before the place behind
 * our own drops: what others do before that is undone by the table that is made then. */
static bool is_own_drop(const struct target_watch *v, const struct watched_statement *s)
{
	const struct moved_table *t = map_get_text(&v->by_target, s->table);
	const struct recopy *r = t ? recopies_find(v->run->recopies, t->source->full_name) : NULL;

	return r && strcmp(s->what, "DROP TABLE") == 0 && binlog_position_is_set(&r->dropped) &&
	       binlog_position_compare(s->after, &r->dropped) < 0 &&
	       !memchr(s->text, ',', s->text_length);
}

/* Such a run was named: it may write to a table of which we move a part, and make databases. */
static bool is_friendly(const struct target_watch *v, const struct watched_statement *s)
{
	const struct string_list *friends = &v->run->options->friendly_runs;
	const struct moved_table *table;
	/* What a run does to a table that it shares with others; ALTER: its AUTO_INCREMENT. */
	bool is_sharing = strstr(s->what, "_ROWS") || strcmp(s->what, "CREATE TABLE") == 0 ||
			  strcmp(s->what, "ALTER TABLE") == 0;
	char name[400];

	snprintf(name, sizeof(name), "%s", s->table);
	fold(v, name);
	table = map_get_text(&v->by_target, name);
	if (!s->text || (table && (!table->filter || !is_sharing)))
		return false;
	for (size_t i = 0; i < friends->count; i++)
		if (statement_tag_read(s->text, s->text_length, friends->items[i], "") !=
		    SIGNATURE_NONE)
			return true;
	return false;
}

static bool touched(void *context, const struct watched_statement *statement, struct error *err)
{
	struct target_watch *v = context;
	enum signature signature = SIGNATURE_NONE;

	if (statement->text)
		signature = statement_tag_read(statement->text, statement->text_length,
					       v->run->options->target.marginalia, v->run->run_id);
	return signature == SIGNATURE_OURS || is_own_drop(v, statement) ||
	       is_friendly(v, statement) || refuse(statement, signature, err);
}

static bool boundary(void *context, const struct binlog_position *position,
		     struct gtid_set *gtids UNUSED, uint32_t timestamp UNUSED,
		     struct error *err UNUSED)
{
	struct target_watch *v = context;

	state_tracker_set_watched(v->run->tracker, position);
	return true;
}

static void failed(void *context, const struct error *err)
{
	struct target_watch *v = context;

	run_fail(v->run, PART_TARGET_VERIFIER, err);
}

/* --- life --------------------------------------------------------------------------- */

/* The source's stream has MyServerId: a server that both go to would end the first. */
static bool open_stream(struct target_watch *v, const struct binlog_position *from,
			struct error *err)
{
	const struct binlog_streamer_params params = {
		.feed = { .server = &v->run->options->target,
			  .if_purged =
				  "resume with SkipTargetVerification and compare (-verify), or " },
		.tag = "target_binlog_streamer",
		.start = *from,
		.handler = { .context = v,
			     .find_table = find_table,
			     .is_chosen = is_chosen,
			     .touched = touched,
			     .boundary = boundary,
			     .failed = failed },
		.stop = v->run->stop,
	};

	v->streamer = binlog_streamer_open(&params, err);
	return v->streamer ||
	       error_wrap(err, "open the target's binlog at " POSITION_FORMAT, POSITION_ARGS(from));
}

struct target_watch *target_watch_open(struct run *run, struct db *target,
				       const struct binlog_position *from, struct error *err)
{
	struct target_watch *v = mem_calloc(1, sizeof(*v));
	struct binlog_position start = *from;

	v->run = run;
	map_init(&v->by_target);
	map_init(&v->schemas);
	v->db = db_new(&run->options->target, DB_SESSION_READ, NULL);
	bool ok = schema_ignores_case(target, &v->ignores_case, err);
	for (size_t i = 0; ok && i < run->tables->count; i++)
		add_table(v, run->tables->tables[i]);
	if (!ok ||
	    (!binlog_position_is_set(&start) && !binlog_current_position(target, &start, err)) ||
	    !open_stream(v, &start, err)) {
		target_watch_free(v);
		return NULL;
	}
	state_tracker_set_watched(run->tracker, &start);
	log_info("watching the target for writes of others from " POSITION_FORMAT " on",
		 POSITION_ARGS(&start));
	return v;
}

void target_watch_start(struct target_watch *v)
{
	binlog_streamer_start(v->streamer);
}

static bool query_end(struct target_watch *v, struct error *err)
{
	const struct retry_policy policy = {
		.verb = "read the target's binlog position",
		.tag = log_tag,
		.attempts = POSITION_ATTEMPTS,
		.sleep_ms = POSITION_SLEEP_MS,
	};

	for (struct retry r = retry_begin(&policy, v->run->stop); retry_next(&r, err);)
		if (db_ready(v->db, err) && binlog_current_position(v->db, &v->end, err))
			return true;
	return error_wrap(err, "read the target's binlog position");
}

bool target_watch_catch_up(struct target_watch *v, struct error *err)
{
	struct binlog_position seen;

	if (!query_end(v, err))
		return false;
	for (;;) {
		binlog_streamer_position(v->streamer, &seen);
		if (binlog_position_compare(&seen, &v->end) >= 0)
			return true;
		if (!stop_sleep_ms(v->run->stop, POLL_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
}

bool target_watch_finish(struct target_watch *v, struct error *err)
{
	if (!query_end(v, err))
		return false;
	binlog_streamer_stop_at(v->streamer, &v->end);
	if (!binlog_streamer_join(v->streamer))
		return error_set(err, ERROR_STOPPED, "stopped");
	log_info("nobody else wrote to the target's tables up to " POSITION_FORMAT,
		 POSITION_ARGS(&v->end));
	return true;
}

void target_watch_free(struct target_watch *v)
{
	if (!v)
		return;
	binlog_streamer_free(v->streamer);
	db_close(v->db);
	map_release(&v->by_target);
	map_release(&v->schemas);
	free(v);
}
