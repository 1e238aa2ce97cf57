/* Tables whose definition changed on the source in mid-run, or that somebody wants copied again:
 * they are dropped on the target, created again with the source's present definition, and copied
 * from their start. All others continue from where they are.
 *
 * None of this happens while rows are moved. A change that the stream delivers ends the run, which
 * is resumed at once (restart.c), and the start does the rest, in this order:
 *
 *   D1  A position in the source's binlog is read, then the definition, after the end of any
 *       statement that is changing it. So no statement from before the position is missing in
 *       what is read: one that is logged holds the table's metadata lock until it is visible.
 *   D2  From this position on the table has a run of its own. What the stream delivers of it from
 *       before, rows and definitions alike, is older than any chunk that will be read (I1: it
 *       is logged, so a locking read waits for it), and is skipped, never decoded with a
 *       definition that is not its own. What comes after is applied, as in I4.
 *   D3  A change of the definition after the position is again one in mid-run: all of this starts
 *       over. A definition that was read before its statement arrived is valid until it arrives.
 *   D4  The state says that the table must be copied again, and nothing else about it, before
 *       it is dropped; it has the position before a row is copied. A process that dies in between
 *       has dropped, or created, a table that the next one drops.
 *   D5  The table is dropped when no statement of a dead process can write to it any more (I8),
 *       and only if it was the run's.
 *
 *   D6  TRUNCATE of a table that has a key, and is moved as a whole, is none of this: it is a
 *       change among the changes of the table's rows, "there is no row", applied in its turn
 *       after the fence (binlog_writer_truncate(), truncate_apply.c; src/README.md says why no
 *       row is lost). Without a key a snapshot may include it or not, and a part of a table is
 *       not all that the target has: these are copied again.
 *
 * RENAME is not carried out by RENAME on the target, though all of its names may be known. It would
 * come again after a crash, when the table may have been renamed or not, or renamed and another one
 * created by its old name; a record of it on the target is not in one transaction with it on either
 * flavour, and definitions do not distinguish two tables that swap their names. Nor could a chunk,
 * a queued change or an owed key from before be distinguished by its table's name from a later one.
 * Copying again is exact, wherever it is interrupted.
 *
 * A statement that the stream has not delivered yet shows in other ways: the state's schema is not
 * the source's when a run is resumed, or the source refuses a read. */
#include "ferry_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "create/table_creator.h"
#include "db/db_rows.h"
#include "db/sql.h"
#include "plan/name_filter.h"
#include "state/state_recopy.h"

static const char log_tag[] = "recopy";

#define LOAD_ATTEMPTS 5
#define LOAD_SLEEP_MS 100

/* --- what is wanted ----------------------------------------------------------------- */

static bool says_recopy(bool of_all, const struct map *of, const char *table)
{
	const char *own = map_get_text(of, table);

	return own ? strcmp(own, "recopy") == 0 : of_all;
}

static bool is_allowed(const struct move_options *options, const char *table)
{
	return says_recopy(options->recopies, &options->recopies_of, table);
}

bool ferry_may_recopy(const struct ferry *f)
{
	return f->options.recopies || f->options.recopies_of.count > 0;
}

static void want(struct ferry *f, const char *table)
{
	bool is_known = recopies_is_pending(&f->recopies, table);
	struct recopy *r = recopies_want(&f->recopies, table);

	if (!is_known)
		r->is_ours = saved_state_has_table(f->resume, table);
}

/* On another server the positions mean nothing. */
static void begin(struct ferry *f)
{
	recopies_copy(&f->recopies, &f->resume->run.recopies);
	for (size_t i = 0; i < f->recopies.count; i++)
		if (f->start.is_other_server)
			want(f, f->recopies.items[i].table);
	for (size_t i = 0; i < f->options.recopy.count; i++)
		want(f, f->options.recopy.items[i]);
}

/* A state_schema_remedy. */
static bool see_to(void *context, const char *table, const struct error *err)
{
	struct ferry *f = context;

	if (recopies_is_pending(&f->recopies, table))
		return true;
	if (!is_allowed(&f->options, table))
		return false;
	log_info("%s: it is copied again", err->text);
	want(f, table);
	return true;
}

/* --- the definition and its position (D1) ------------ ------------------------------------- */

static bool is_no_table(const struct error *err)
{
	return err->server_code == 1146 || err->server_code == 1049; /* table, database */
}

/* Waits until no statement is changing the table, whether it exists or not. In a name with several
 * dots, any of these may be the separator. */
static bool wait_for_change(struct ferry *f, const char *table, struct error *err)
{
	bool is_sure = strchr(table, '.') == strrchr(table, '.');
	struct buf sql = BUF_INIT;
	bool ok = true, found;

	for (const char *dot = strchr(table, '.'); ok && dot; dot = strchr(dot + 1, '.')) {
		char *schema = mem_memdup(table, (size_t)(dot - table));

		buf_clear(&sql);
		buf_puts(&sql, "SELECT 1 FROM ");
		sql_table_name(&sql, schema, dot + 1);
		buf_puts(&sql, " LIMIT 0");
		ok = db_has_row(f->source, sql.data, &found, err) || is_no_table(err) ||
		     (!is_sure && err->kind == ERROR_ACCESS);
		free(schema);
	}
	buf_release(&sql);
	return ok;
}

static bool read_place(struct ferry *f, struct error *err)
{
	struct binlog_position place;

	if (recopies_pending(&f->recopies) == 0)
		return true;
	if (!binlog_current_position(f->source, &place, err))
		return false;
	for (size_t i = 0; i < f->recopies.count; i++) {
		struct recopy *r = &f->recopies.items[i];

		if (!r->is_pending)
			continue;
		r->from = place;
		if (!wait_for_change(f, r->table, err))
			return error_wrap(err, "table %s: wait for a change of its definition",
					  r->table);
	}
	return true;
}

/* A table without an engine could not be opened: it is broken, or was renamed right then (MariaDB,
 * whose answer has NULLs for it). */
static bool is_torn(const struct schema *schema)
{
	for (size_t i = 0; i < schema->table_count; i++)
		if (!*schema->tables[i].engine)
			return true;
	return false;
}

/* A table dropped between the reads of tables and of columns is not in the next list. */
static bool load(struct ferry *f, struct error *err)
{
	for (unsigned attempt = 1; read_place(f, err); attempt++) {
		bool is_last = attempt == LOAD_ATTEMPTS;
		bool ok = schema_load(f->source, ferry_is_chosen, f, &f->schema, err);

		if (ok && (is_last || !is_torn(&f->schema)))
			return true;
		if (ok) {
			schema_release(&f->schema);
			error_set(err, ERROR_SCHEMA, "a table cannot be opened");
		}
		if (err->kind != ERROR_SCHEMA || is_last || !stop_sleep_ms(&f->stop, LOAD_SLEEP_MS))
			break;
	}
	return error_wrap(err, "load table definitions of the source");
}

/* Children of tables that are copied again. */
static bool want_children(struct ferry *f, struct error *err)
{
	bool is_stale;

	for (size_t i = 0; i < f->schema.table_count && recopies_pending(&f->recopies) > 0; i++) {
		const struct table *table = &f->schema.tables[i];
		const char *name = table->full_name;

		if (recopies_is_pending(&f->recopies, name) ||
		    !saved_state_has_table(f->resume, name))
			continue;
		if (!ferry_find_stale_keys(f, table, &is_stale, err))
			return false;
		if (is_stale && !see_to(f, name, err))
			return error_wrap(err, "resume with -recopy %s too", name);
	}
	return true;
}

bool ferry_load_schema(struct ferry *f, struct error *err)
{
	if (!f->resume)
		return load(f, err);
	begin(f);
	for (;;) {
		size_t pending = recopies_pending(&f->recopies);

		if (!load(f, err) || !state_schema_check(f->resume, &f->schema, see_to, f, err) ||
		    !want_children(f, err))
			return false;
		if (recopies_pending(&f->recopies) == pending)
			return true;
		schema_release(&f->schema);
	}
}

/* A run that has just begun has written nothing yet, whatever its options for changes: its checks
 * have seen two definitions of one table. */
static bool may_start_again(const struct ferry *f)
{
	return f->resume ? ferry_may_recopy(f) : f->step == PART_INITIALIZE || f->step == PART_START;
}

/* A database, column, table or index that is gone, or a definition that has changed. */
static bool names_what_changed(const struct error *err)
{
	static const unsigned codes[] = { 1049, 1054, 1146, 1176, 1412 };

	return error_has_code_of(err, codes, ARRAY_LEN(codes));
}

static bool differs_now(struct ferry *f)
{
	struct state_schema then, now;
	struct error err = ERROR_INIT;
	struct schema schema;

	if (!f->has_tables || stop_is_set(&f->stop) || !db_ready(f->source, &err))
		return false;
	if (!schema_load(f->source, ferry_is_chosen, f, &schema, &err))
		return err.kind == ERROR_SCHEMA; /* one is changing right now */
	state_schema_make(&then, &f->schema);
	state_schema_make(&now, &schema);
	bool has_changed = then.sum != now.sum;
	state_schema_release(&then);
	state_schema_release(&now);
	schema_release(&schema);
	return has_changed;
}

/* What was dropped and is there again by now was gone when the start looked. */
bool ferry_has_changed(struct ferry *f, struct error *failure)
{
	if (may_start_again(f))
		return f->has_tables && !stop_is_set(&f->stop) &&
		       (names_what_changed(failure) || differs_now(f));
	if (!f->resume && f->step == PART_CREATE_TABLES && differs_now(f))
		error_wrap(failure, "a definition was changed on the source meanwhile: drop what was "
				    "created, and start again");
	return false;
}

/* --- the state (D4) -------------------------------------------------------------------------- */

bool ferry_recopy_state(struct ferry *f, struct error *err)
{
	if (recopies_pending(&f->recopies) == 0)
		return true;
	if (f->resume->run.cutover_unlocked)
		return error_set(err, ERROR_CONFIG,
				 "the state says that this move was finished, or CutoverUnlock "
				 "called: no table is dropped and copied again, as the target may "
				 "be in use");
	if (!state_recopy_make(f->resume, &f->recopies, &f->recopy_state, err))
		return false;
	mutex_lock(&f->lock);
	f->resume = &f->recopy_state;
	mutex_unlock(&f->lock);
	return true;
}

/* --- the target (D5) --------------------------------------------------------------------------- */

/* For a table that is gone on the source, its name determines the one on the target, unless it has
 * more than one dot. */
static bool put_target(const struct ferry *f, const char *table, struct buf *name)
{
	const struct moved_table *t = map_get_text(&f->tables.by_source, table);
	const char *dot = strchr(table, '.');
	char *schema;

	if (t)
		sql_table_name(name, t->target_schema, t->target_name);
	else if (!dot || strchr(dot + 1, '.'))
		return false;
	if (t)
		return true;
	schema = mem_memdup(table, (size_t)(dot - table));
	struct table_name target = name_on_target(&f->options, schema, dot + 1);

	sql_table_name(name, target.schema, target.name);
	free(schema);
	return true;
}

static bool drop(struct ferry *f, const struct recopy *r, struct error *err)
{
	bool is_there = map_get_text(&f->tables.by_source, r->table) != NULL;
	struct buf sql = BUF_INIT, name = BUF_INIT;
	bool ok = true;

	if (!put_target(f, r->table, &name)) {
		log_warn("table %s is gone on the source, and stays on the target, as dots in its "
			 "name leave open what it is called there: drop it yourself",
			 r->table);
	} else if (r->is_ours) {
		sql_comment(&sql, f->options.target.marginalia);
		buf_printf(&sql, "DROP TABLE IF EXISTS %s", name.data);
		ok = db_exec(f->target, sql.data, sql.length, err) ||
		     error_wrap(err, "drop table %s on the target", name.data);
		log_info("table %s: dropped on the target%s", r->table,
			 is_there ? ", to be copied again" : ", as it is gone on the source");
	} else if (is_there) {
		log_info("table %s is new on the source: it is copied", r->table);
	}
	buf_release(&sql);
	buf_release(&name);
	probe("recopy_dropped", "%s", r->table);
	return ok;
}

static bool drop_all(struct ferry *f, struct error *err)
{
	struct binlog_position dropped = { .file = "" };

	for (size_t i = 0; i < f->recopies.count; i++)
		if (f->recopies.items[i].is_pending && !drop(f, &f->recopies.items[i], err))
			return false;
	/* The target's binlog has DROP TABLE without our comment. */
	if (f->options.watch_target && !binlog_current_position(f->target, &dropped, err))
		return error_wrap(err, "read the target's binlog position");
	for (size_t i = 0; i < f->recopies.count; i++)
		if (f->recopies.items[i].is_pending)
			f->recopies.items[i].dropped = dropped;
	return true;
}

bool ferry_recopy_tables(struct ferry *f, struct error *err)
{
	if (recopies_pending(&f->recopies) == 0)
		return true;
	ferry_waits_for(f, "tables to be dropped on the target, and created again");
	if (!ferry_accept_state(f, err) || !drop_all(f, err) ||
	    !tables_create(&f->options, f->source, f->target, &f->schema, &f->tables, &f->recopies,
			   &f->tracker, &f->stop, err))
		return error_wrap(err, "create tables that are copied again");
	probe("recopy_created", " ");
	for (size_t i = 0; i < f->recopies.count; i++) {
		struct recopy *r = &f->recopies.items[i];
		const struct moved_table *t = map_get_text(&f->tables.by_source, r->table);

		if (t && r->is_pending)
			run_sync(&f->run, t)->mark.is_ours = true;
		if (t && r->is_pending)
			log_info("table %s is copied by its definition of now: changes count from " POSITION_FORMAT
				 " on",
				 r->table, POSITION_ARGS(&r->from));
		r->is_pending = r->is_ours = false;
	}
	state_tracker_set_recopies(&f->tracker, &f->recopies);
	return true;
}

/* --- the stream (D2, D3) ------------------------------------------------------------------------- */

/* What a statement does to a database as a whole it does to the tables that exist in it: to none,
 * if all of them were gone, or copied again, after it. */
static bool is_all_older(struct ferry *f, const char *schema, const struct binlog_position *begin)
{
	for (size_t i = 0; i < f->tables.count; i++) {
		const struct table *table = f->tables.tables[i]->source;

		if (strcmp(table->schema, schema) == 0 &&
		    !ferry_is_older(f, schema, table->name, begin))
			return false;
	}
	return ferry_may_recopy(f);
}

bool ferry_is_older(void *context, const char *schema, const char *name,
		    const struct binlog_position *begin)
{
	struct ferry *f = context;
	const struct recopy *r;
	char *table;

	if (!name)
		return is_all_older(f, schema, begin);
	if (f->recopies.count == 0)
		return false;
	table = mem_printf("%s.%s", schema, name);
	r = recopies_find(&f->recopies, table);
	free(table);
	return r && binlog_position_compare(begin, &r->from) < 0;
}

static bool may_drop_database(struct ferry *f, const char *schema)
{
	bool may = true;

	for (size_t i = 0; may && i < f->tables.count; i++) {
		const struct table *table = f->tables.tables[i]->source;

		may = strcmp(table->schema, schema) != 0 ||
		      ferry_may_change(f, schema, table->name, true);
	}
	return may;
}

bool ferry_may_change(void *context, const char *schema, const char *name, bool is_stated)
{
	struct ferry *f = context;

	if (!name)
		return may_drop_database(f, schema);

	char *table = mem_printf("%s.%s", schema, name);
	bool may = is_allowed(&f->options, table) &&
		   state_tracker_phase(&f->tracker) < PHASE_CUTOVER &&
		   !(f->resume && f->resume->run.cutover_unlocked);

	mutex_lock(&f->lock);
	if (may) {
		recopies_want(&f->changed_tables, table);
		f->is_stated = is_stated;
	}
	mutex_unlock(&f->lock);
	free(table);
	return may;
}

bool ferry_may_truncate(const struct ferry *f, const struct table *table)
{
	const struct moved_table *t = moved_tables_of(&f->tables, table);
	const struct move_options *options = &f->options;

	return t->key.count > 0 && !t->filter && !ferry_target_is_in_use(f) &&
	       (is_allowed(options, table->full_name) ||
		says_recopy(options->truncates, &options->truncates_of, table->full_name));
}

bool ferry_changed_tables(struct ferry *f, struct recopies *tables)
{
	mutex_lock(&f->lock);
	recopies_copy(tables, &f->changed_tables);
	bool is_stated = f->is_stated;
	mutex_unlock(&f->lock);
	return is_stated;
}

bool ferry_is_schema_change(const struct ferry *f, const struct error *err)
{
	return ferry_may_recopy(f) && (names_what_changed(err) || err->kind == ERROR_SCHEMA);
}
