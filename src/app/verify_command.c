/* A run without a ferry: two connections, the tables that the configuration chooses,
 * one comparison. Nothing is locked and nothing is written. SIGINT and SIGTERM end the
 * process at once, with a word on what was compared, as there is nothing to save. */
#include "verify_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/printable.h"
#include "db/computing.h"
#include "dry_run.h"
#include "shutdown.h"
#include "verify_progress.h"
#include "ferry/auto_increment.h"
#include "plan/name_filter.h"
#include "preflight/preflight.h"
#include "verify_objects.h"
#include "compare/table_diff.h"
#include "compare/recheck.h"

/* Rows that are being written, or wait for a running move to bring them over, get this
 * long to become equal: 0.2 + 0.4 + 0.8 + 1 + 1 s. */
static const struct recheck_rules rules = {
	.stable_after = 5,
	.attempts = 30,
	.pause_ms = 200,
};

struct command {
	const struct cli *cli;
	struct move_options options;   /* a copy; its target knows the next */
	struct db_computing computing; /* the source's */
	struct db *source;
	struct db *target;
	struct schema schema;
	struct moved_tables tables;
	struct findings findings;
	struct table_diff verification;
	struct diff_report verdict;
	struct verify_progress progress;
	unsigned different_objects;
	struct stop stop;
};

static bool is_chosen(void *context, const char *schema, const char *table)
{
	const struct command *c = context;
	char *const *at = c->cli->tables;

	if (!name_is_chosen(&c->options, schema, table))
		return false;
	while (*at && !name_matches_table(*at, schema, table))
		at++;
	return *at || !*c->cli->tables;
}

/* One that is misspelt must not make the rest look like all. */
static bool check_tables_of_command(const struct command *c, struct error *err)
{
	for (char *const *at = c->cli->tables; *at; at++) {
		size_t i = 0;

		while (i < c->schema.table_count &&
		       !name_matches_table(*at, c->schema.tables[i].schema, c->schema.tables[i].name))
			i++;
		if (i == c->schema.table_count)
			return error_set(err, ERROR_CONFIG,
					 "%s names no table of those that Databases and Tables choose",
					 *at);
	}
	return true;
}

/* A column that the account may not read would be left out silently. */
static bool check_readable(struct command *c, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < c->tables.count; i++) {
		const struct moved_table *t = c->tables.tables[i];

		if (t->selected_count == 0)
			continue;
		buf_clear(&sql);
		moved_table_put_read_check(&sql, t);
		ok = db_exec(c->source, sql.data, sql.length, err) ||
		     error_wrap(err, "table %s", t->source->full_name);
	}
	buf_release(&sql);
	return ok;
}

/* "Equal" must not be said of tables that a misspelt name has left out. */
static bool check_names(struct command *c, struct error *err)
{
	struct findings found;
	struct buf text = BUF_INIT;
	bool ok;

	findings_init(&found);
	ok = preflight_names(&c->options, c->source, &c->schema, false, &found, err);
	if (ok && findings_errors(&found) > 0) {
		findings_text(&text, &found);
		fputs(buf_text(&text), stderr);
		ok = error_set(err, ERROR_CONFIG, "names of the configuration do not exist");
	}
	buf_release(&text);
	findings_release(&found);
	return ok;
}

static bool load(struct command *c, struct error *err)
{
	c->source = db_open(&c->options.source, DB_SESSION_READ, NULL, err);
	if (!c->source || !computing_ask(c->source, &c->computing, err))
		return false;
	c->target = db_open(&c->options.target, DB_SESSION_READ, NULL, err);
	if (!c->target)
		return false;
	if (!schema_load(c->source, is_chosen, c, &c->schema, err))
		return error_wrap(err, "load table definitions of the source");
	if (!check_tables_of_command(c, err))
		return false;
	moved_tables_make(&c->options, NULL, &c->schema, &c->tables, &c->findings);
	moved_tables_set_json(&c->tables, &c->options, db_version(c->source), db_version(c->target),
			      &c->findings);
	if (c->tables.count == 0)
		return error_set(err, ERROR_CONFIG,
				 "no table is chosen by Databases and Tables: there is nothing to "
				 "compare");
	if (!check_names(c, err))
		return false;
	if (c->tables.refused_conditions > 0) { /* other rows than were moved */
		struct buf text = BUF_INIT;

		findings_text(&text, &c->findings);
		fputs(buf_text(&text), stderr);
		buf_release(&text);
		return error_set(err, ERROR_CONFIG, "rows cannot be chosen by Tables.Where");
	}
	return check_readable(c, err) &&
	       table_diff_load(&c->verification, &c->options, &c->tables, c->target, &c->stop, err);
}

static bool begin(void *context, size_t table, struct key *low UNUSED)
{
	struct command *c = context;

	verify_progress_note(&c->progress, &c->verdict.tables[table], false);
	return true;
}

/* Called by the table's worker. */
static void compared(void *context, size_t table, const struct key *end)
{
	struct command *c = context;

	verify_progress_note(&c->progress, &c->verdict.tables[table], !end->is_set);
}

static bool compare(struct command *c, struct error *err)
{
	const struct comparison how = { .rules = &rules,
					.begin = begin,
					.compared = compared,
					.context = c,
					.workers = c->options.copy_workers };

	diff_report_init(&c->verdict, c->verification.hashes, c->verification.count);
	for (size_t i = 0; i < c->verdict.count; i++)
		c->verdict.tables[i].shown_max = c->cli->verify_keys;
	verify_progress_start(&c->progress, &c->verdict);
	bool ok = table_diff_compare(&c->verification, &how, &c->verdict, err);
	verify_progress_stop(&c->progress);
	return ok;
}

#define CATCH_UP_MS 3000
#define CATCH_UP_POLL_MS 200

/* A target that a running move keeps up with may be there a moment later. */
static bool compare_next_id(struct command *c, struct table_report *t, int64_t deadline,
			    struct error *err)
{
	const struct moved_table *table = t->f->table;

	if (t->f->finding)
		return true;
	if (!auto_increment_read_source(c->source, table, &t->next_id[SIDE_SOURCE], err))
		return false;
	if (t->next_id[SIDE_SOURCE] <= 1)
		return true;
	for (;;) {
		if (!auto_increment_read_target(c->target, table, &t->next_id[SIDE_TARGET], err))
			return false;
		if (!table_report_repeats_ids(t) || clock_ms() > deadline)
			return true;
		if (!stop_sleep_ms(&c->stop, CATCH_UP_POLL_MS))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
}

static bool compare_next_ids(struct command *c, struct error *err)
{
	int64_t deadline = clock_ms() + CATCH_UP_MS;
	bool ok = db_ready(c->source, err) && db_ready(c->target, err);

	for (size_t i = 0; ok && i < c->verdict.count; i++)
		ok = compare_next_id(c, &c->verdict.tables[i], deadline, err);
	return ok;
}

static bool print(const struct command *c, struct error *err)
{
	struct buf text = BUF_INIT;

	if (c->cli->json)
		diff_report_json(&text, &c->verdict);
	else
		diff_report_text(&text, &c->verdict);
	bool ok = shutdown_print(text.data, text.length, err);
	buf_release(&text);
	return ok;
}

/* "Equal" would be a guess where rows were never seen to be. */
static int exit_status(const struct command *c)
{
	uint64_t unsettled = diff_report_unsettled(&c->verdict);

	if (diff_report_different_tables(&c->verdict) > 0 || c->different_objects > 0)
		return EXIT_DIFFERENT;
	if (unsettled == 0)
		return EXIT_DONE;
	fprintf(stderr,
		"error: cannot tell whether all rows are equal: %" PRIu64
		" changed whenever they were looked at; compare again when fewer are written\n",
		unsettled);
	return EXIT_NOT_STARTED;
}

static void release(struct command *c)
{
	diff_report_release(&c->verdict);
	table_diff_release(&c->verification);
	moved_tables_release(&c->tables);
	schema_release(&c->schema);
	findings_release(&c->findings);
	db_close(c->source);
	db_close(c->target);
	stop_destroy(&c->stop);
}

int verify_command_run(const struct config *config, const struct cli *cli)
{
	struct command command = { .cli = cli, .options = config->move };
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	int status = EXIT_NOT_STARTED;

	stop_init(&command.stop);
	findings_init(&command.findings);
	shutdown_at_next_signal(EXIT_NOT_STARTED);
	command.options.target.computing = &command.computing;
	if (load(&command, &err) && compare(&command, &err) && compare_next_ids(&command, &err) &&
	    (*command.cli->tables || verify_objects(&command.options, command.source, command.target,
						    &command.different_objects, &err)) &&
	    print(&command, &err)) {
		status = exit_status(&command);
	} else {
		printable_put(&text, err.text);
		fprintf(stderr, "error: cannot compare: %s\n", buf_text(&text));
		buf_release(&text);
	}
	release(&command);
	return status;
}
