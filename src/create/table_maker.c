/* innodb_strict_mode refuses what a lenient session may have made: a row format and a block size
 * that do not go together, rows that may not fit a page. Values do not depend on it, so such a
 * table is made in the same way on the target, and the log says so. Strict comes first, as a
 * lenient server silently accepts an option that it cannot follow. */
#include "create/table_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "create_exact.h"
#include "create_keys.h"
#include "create_rewrite.h"
#include "create/create_statement.h"
#include "create_translate.h"
#include "create/fulltext_keys.h"
#include "index_deferral.h"
#include "plan/collation.h"
#include "plan/collation_rewrite.h"

static const char log_tag[] = "table_creator";

#define BUSY_ATTEMPTS 20
#define BUSY_SLEEP_MS 100
#define NO_DATABASE 1046

bool table_maker_begin(struct table_maker *m, struct db *source, struct db *target,
		       const struct move_options *options, const struct map *collations,
		       struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok = db_ready(source, err) && db_ready(target, err) &&
		  create_dialect_begin_target(target, db_version(source), err) &&
		  db_value(target, &value, NULL, err, "SELECT @@GLOBAL.innodb_default_row_format");

	*m = (struct table_maker){
		.source = source, .target = target, .options = options, .collations = collations
	};
	snprintf(m->default_row_format, sizeof(m->default_row_format), "%s", buf_text(&value));
	buf_release(&value);
	return ok;
}

bool table_maker_end(struct table_maker *m, bool ok, struct error *err)
{
	struct error end_error = ERROR_INIT;
	bool ended = create_dialect_end_target(m->target, &end_error);

	if (ok && !ended)
		*err = end_error;
	buf_release(&m->shown);
	buf_release(&m->exact);
	buf_release(&m->rewritten);
	buf_release(&m->translated);
	buf_release(&m->sql);
	return ok && ended;
}

/* In the target's words. */
static bool translate(struct table_maker *m, const struct buf *text, struct error *err)
{
	buf_clear(&m->translated);
	return create_translate(&m->translated, text->data, db_version(m->source)->flavour,
				db_version(m->target)->flavour, err);
}

/* The default one of the database there, "" where the server's own is as good as any. */
static bool query_collation(struct table_maker *m, const char *schema, struct buf *collation,
			    struct error *err)
{
	struct buf sql = BUF_INIT, name = BUF_INIT;
	const char *there;

	buf_puts(&sql, "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
		       " WHERE SCHEMA_NAME = ");
	sql_text(&sql, schema);
	bool ok = db_value(m->source, &name, NULL, err, "%s", sql.data);

	there = ok ? collation_on_target(&m->options->collation_rewrites, buf_text(&name)) : "";
	if (strcmp(there, buf_text(&name)) != 0)
		buf_puts(collation, there);
	buf_release(&sql);
	buf_release(&name);
	return ok;
}

bool table_maker_put_database(struct table_maker *m, const struct moved_table *t, struct error *err)
{
	const char *schema = t->source->schema;
	struct buf name = BUF_INIT, collation = BUF_INIT;
	bool ok;

	sql_name(&name, t->target_schema);
	buf_clear(&m->sql);
	sql_comment(&m->sql, m->options->target.marginalia);
	ok = create_show_database(m->source, schema, &m->shown, err) &&
	     translate(m, &m->shown, err) &&
	     (m->options->collation_rewrites.count == 0 ||
	      query_collation(m, schema, &collation, err));
	if (ok && collation.length > 0) {
		buf_clear(&m->rewritten);
		create_rewrite_database(&m->rewritten, m->translated.data, buf_text(&collation));
		ok = create_rename(&m->sql, m->rewritten.data, "DATABASE", true, name.data, err);
	} else if (ok) {
		ok = create_rename(&m->sql, m->translated.data, "DATABASE", true, name.data, err);
	}
	buf_release(&name);
	buf_release(&collation);
	return ok;
}

/* A default collation that no column has, and that the target does not know: columns with
 * another one name it, so the default says nothing of any row. */
static void leave_out_default(const struct table_maker *m, struct buf *sql,
			      const struct table *table)
{
	const char *collation =
		collation_on_target(&m->options->collation_rewrites, table->collation);
	char *option, *at = NULL;

	if (collation_is_known(m->collations, collation))
		return;
	for (unsigned i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i].collation, table->collation) == 0)
			return;
	option = mem_printf(" COLLATE=%s", collation);
	/* Options stand in the last line that begins with a bracket. */
	for (char *line = strstr(sql->data, "\n) "); line; line = strstr(line + 1, "\n) "))
		at = line;
	at = at ? strstr(at, option) : NULL;
	if (at) {
		size_t length = strlen(option);

		memmove(at, at + length, strlen(at + length) + 1);
		buf_truncate(sql, sql->length - length);
	}
	free(option);
}

struct late_choice {
	const struct table *table;
	uint64_t deferred;
};

static bool comes_later(const void *context, const struct create_key *key)
{
	const struct late_choice *choice = context;

	return (key->is_fulltext && fulltext_keys_are_late(choice->table)) ||
	       index_set_has(choice->table, choice->deferred, buf_text(&key->name));
}

bool table_maker_put_shown(struct table_maker *m, const struct moved_table *t, const char *shown,
			   const char *name, bool if_not_exists, struct error *err)
{
	const struct late_choice choice = { t->source,
					    m->deferral ? index_deferral_of(m->deferral, t) : 0 };
	struct buf rest = BUF_INIT;

	buf_clear(&m->sql);
	buf_clear(&m->exact);
	buf_clear(&m->rewritten);
	sql_comment(&m->sql, m->options->target.marginalia);
	if (!create_exact(&m->exact, shown, t->source, m->default_row_format, err))
		return false;
	create_rewrite_table(&m->rewritten, m->exact.data, t->source,
			     &m->options->collation_rewrites);
	leave_out_default(m, &m->rewritten, t->source);
	if (t->is_nontransactional) {
		create_rewrite_engine(&rest, m->rewritten.data);
		buf_release(&m->rewritten);
		m->rewritten = rest;
		rest = (struct buf)BUF_INIT;
	}
	if (!m->keeps_late_keys) {
		create_leave_out_keys(&rest, m->rewritten.data, comes_later, &choice);
		buf_release(&m->rewritten);
		m->rewritten = rest;
	}
	return translate(m, &m->rewritten, err) &&
	       create_rename(&m->sql, m->translated.data, "TABLE", if_not_exists, name, err);
}

bool table_maker_put_table(struct table_maker *m, const struct moved_table *t, const char *name,
			   bool if_not_exists, struct error *err)
{
	return create_show_table(m->source, t->source->schema, t->source->name, &m->shown, err) &&
	       table_maker_put_shown(m, t, m->shown.data, name, if_not_exists, err);
}

/* Two that refer to each other may deadlock over their names: then nothing was done. */
static bool execute(struct table_maker *m, struct stop *stop, struct error *err)
{
	for (unsigned i = 1; !db_exec(m->target, m->sql.data, m->sql.length, err); i++)
		if (err->kind != ERROR_BUSY || i >= BUSY_ATTEMPTS ||
		    !stop_sleep_ms(stop, BUSY_SLEEP_MS))
			return false;
	return true;
}

/* The first error stands when this fails too. Not every account may set it. */
static bool execute_leniently(struct table_maker *m, const struct moved_table *t, struct stop *stop,
			      struct error *err)
{
	struct error failure = ERROR_INIT;
	bool ok = db_execf(m->target, &failure, "SET SESSION innodb_strict_mode = OFF");

	if (!ok)
		return false;
	ok = execute(m, stop, &failure);
	if (ok)
		log_warn("table %s was made with innodb_strict_mode off, as on the source: %s",
			 t->source->full_name, err->text);
	if (!db_execf(m->target, &failure, "SET SESSION innodb_strict_mode = ON")) {
		*err = failure;
		return false;
	}
	return ok;
}

bool table_maker_execute(struct table_maker *m, const struct moved_table *t, struct stop *stop,
			 struct error *err)
{
	if (execute(m, stop, err))
		return true;
	if (!error_is_retryable(err) && err->kind != ERROR_ACCESS &&
	    execute_leniently(m, t, stop, err))
		return true;
	if (err->server_code == NO_DATABASE) /* MySQL's code when no database is in use */
		error_wrap(err, "a function in the definition is not known to the server");
	return false;
}
