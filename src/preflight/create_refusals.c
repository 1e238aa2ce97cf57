/* Can the target make the tables that are to be created there? What is refused is said for all
 * tables at once, before anything is created.
 *
 * A dry run writes nothing: statements are prepared, which shows what the server cannot read
 * (functions, parsers, collations, types, options it does not know), and what it finds only
 * as it makes a table is asked for by rule, where there is one. A start that may create and
 * drop a database of its own tries every statement in it as well (table_trial.c). */
#include "preflight/preflight_priv.h"

#include <stdlib.h>
#include <string.h>

#include "create/create_default.h"
#include "create/create_exact.h"
#include "create/create_statement.h"
#include "create/create_text.h"
#include "create/create_translate.h"
#include "create/fulltext_keys.h"
#include "table_trial.h"

#define NO_FUNCTION 1305

static const char make_it_yourself[] = "create the table on the target yourself, as it is to be "
				       "there, and set AllowExistingTargetTable";

void preflight_refuse_create(struct preflight *p, const struct moved_table *t, const char *why)
{
	p->is_refused[t->index] = true;
	finding_add(p->findings, PROBLEM_ERROR, make_it_yourself,
		    "source: %s cannot be created on the target: %s", t->source->full_name, why);
}

/* The statement as it will be; false when a problem was added. */
static bool put_statement(struct preflight *p, const struct moved_table *t, const char *shown,
			  struct buf *sql)
{
	struct buf exact = BUF_INIT, translated = BUF_INIT, name = BUF_INIT;
	struct error why = ERROR_INIT;
	bool ok;

	sql_table_name(&name, t->target_schema, t->target_name);
	ok = create_exact(&exact, shown, t->source, NULL, &why) &&
	     create_leave_out_default(&exact, t->source, p->trial, &why) &&
	     create_translate(&translated, exact.data, db_version(p->source)->flavour,
			      db_version(p->target)->flavour, &why) &&
	     create_rename(sql, translated.data, "TABLE", false, name.data, &why);
	if (!ok)
		preflight_refuse_create(p, t, why.text);
	buf_release(&exact);
	buf_release(&translated);
	buf_release(&name);
	return ok;
}

/* --- by rule -------------------------------------------------------------------- */

/* Behind the first `text` that stands in no quotes, or NULL. */
static const char *find_plain(const char *at, const char *text)
{
	while (*at) {
		if (*at == '\'' || *at == '`' || *at == '"') {
			at = create_skip_quoted(at);
			continue;
		}
		if (create_begins(at, text))
			return at + strlen(text);
		at++;
	}
	return NULL;
}

/* The server logs rows of such a table without the statement that made them, so that our own
 * would count as written by others; and the sequence's value would stay behind. */
static void check_sequence(struct preflight *p, const struct moved_table *t, const char *shown)
{
	if (!find_plain(shown, "nextval("))
		return;
	p->is_refused[t->index] = true;
	finding_add(p->findings, PROBLEM_ERROR,
		    "create the table on the target yourself without that default, and set "
		    "AllowExistingTargetTable; after the cutover create the sequence there with the "
		    "source's value (SETVAL) and give the column its default",
		    "source: a column of %s has its default from a SEQUENCE, which is not moved",
		    t->source->full_name);
}

/* Rows would not be taken (fulltext_keys.h). A key that the source has as well was made by an
 * earlier process of the run that is resumed: it is dropped before rows are written. */
static void refuse_late_keys(struct preflight *p, const struct moved_table *t,
			     const struct table *existing)
{
	const struct table_index *index = NULL;
	struct buf remedy = BUF_INIT;

	for (unsigned i = 0; i < existing->index_count; i++)
		if (existing->indexes[i].is_fulltext &&
		    !(p->is_resuming && fulltext_keys_have(t->source, existing->indexes[i].name)))
			index = &existing->indexes[i];
	if (!index)
		return;
	p->is_refused[t->index] = true;
	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, existing->schema, existing->name);
	buf_puts(&remedy, " DROP INDEX ");
	sql_name(&remedy, index->name);
	buf_puts(&remedy, fulltext_keys_are_late(t->source) &&
					  fulltext_keys_have(t->source, index->name) ?
				  "; the cutover adds it again" :
				  "; add it there when the move is done");
	finding_add(p->findings, PROBLEM_ERROR, buf_text(&remedy),
		    "target: the FULLTEXT key %s of %s, over its own FTS_DOC_ID, takes rows only in "
		    "the order of these ids",
		    index->name, existing->full_name);
	buf_release(&remedy);
}

static void check_document_ids(struct preflight *p, const struct moved_table *t)
{
	const struct table *existing = p->existing[t->index];

	if (existing && fulltext_keys_are_late(existing))
		refuse_late_keys(p, t, existing);
	if (fulltext_keys_are_late(t->source))
		finding_add(p->findings, PROBLEM_NOTE, "",
			    "target: the FULLTEXT keys of %s, over its own FTS_DOC_ID, are made "
			    "during the cutover, which takes longer by that",
			    t->source->full_name);
}

static bool take_any(void *context, const struct db_row *row UNUSED)
{
	*(bool *)context = true;
	return false;
}

/* False when the server cannot be asked. Where it refuses, CREATE TABLE will tell. */
static bool ask(struct preflight *p, const char *sql, bool *found, struct error *err)
{
	struct error failure = ERROR_INIT;

	*found = false;
	if (preflight_rows(p->trial, sql, take_any, found, &failure))
		return true;
	*found = true;
	if (!error_is_retryable(&failure))
		return true;
	*err = failure;
	return false;
}

static bool check_tablespace(struct preflight *p, const struct moved_table *t, const char *sql,
			     struct error *err)
{
	const char *at = find_plain(sql, "TABLESPACE `");
	struct buf query = BUF_INIT, name = BUF_INIT, why = BUF_INIT;
	bool found, ok;

	if (!at || create_begins(at, "innodb_"))
		return true;
	buf_add(&name, at, (size_t)(create_skip_quoted(at - 1) - at - 1));
	buf_puts(&query, "SELECT 1 FROM information_schema.FILES WHERE TABLESPACE_NAME = ");
	sql_text(&query, buf_text(&name));
	ok = ask(p, query.data, &found, err);
	if (ok && !found) {
		buf_printf(&why, "it lies in the TABLESPACE `%s`, which is not there",
			   buf_text(&name));
		preflight_refuse_create(p, t, buf_text(&why));
	}
	buf_release(&query);
	buf_release(&name);
	buf_release(&why);
	return ok;
}

static bool check_srids(struct preflight *p, const struct moved_table *t, const char *sql,
			struct error *err)
{
	struct buf query = BUF_INIT, why = BUF_INIT;
	bool ok = true, found = true;
	unsigned long srid = 0;

	for (const char *at = sql; ok && found && (at = find_plain(at, "80003 SRID "));) {
		srid = strtoul(at, NULL, 10);
		buf_clear(&query);
		buf_printf(&query,
			   "SELECT 1 FROM information_schema.ST_SPATIAL_REFERENCE_SYSTEMS"
			   " WHERE SRS_ID = %lu",
			   srid);
		ok = ask(p, query.data, &found, err);
	}
	if (ok && !found) {
		buf_printf(&why, "the spatial reference system %lu is not there", srid);
		preflight_refuse_create(p, t, buf_text(&why));
	}
	buf_release(&query);
	buf_release(&why);
	return ok;
}

/* --- prepared ------------------------------------------------------------------- */

/* Of the attempt, not of the statement. */
static bool says_nothing(const struct error *failure)
{
	static const unsigned codes[] = {
		1049, /* the database is not there yet */
		1050, /* the table is */
		1295, /* cannot be prepared */
		1461, /* max_prepared_stmt_count */
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (failure->server_code == codes[i])
			return true;
	return failure->kind == ERROR_ACCESS;
}

static bool prepare(struct preflight *p, const struct buf *sql, struct error *err)
{
	struct buf set = BUF_INIT;
	bool ok;

	buf_puts(&set, "SET @ghostferry_create = CONVERT(x'");
	buf_put_hex(&set, sql->data, sql->length);
	buf_puts(&set, "' USING utf8mb4)");
	ok = db_exec(p->trial, set.data, set.length, err) &&
	     db_execf(p->trial, err, "PREPARE ghostferry_create FROM @ghostferry_create") &&
	     db_execf(p->trial, err, "DEALLOCATE PREPARE ghostferry_create");
	buf_release(&set);
	return ok;
}

static bool check_prepared(struct preflight *p, const struct moved_table *t, const struct buf *sql,
			   struct error *err)
{
	struct error failure = ERROR_INIT;

	if (prepare(p, sql, &failure) || says_nothing(&failure))
		return true;
	if (error_is_retryable(&failure)) {
		*err = failure;
		return false;
	}
	preflight_refuse_create(p, t, failure.text);
	return true;
}

/* SELECT (expression) over the table's columns. */
static void put_evaluation(struct buf *sql, const struct table *table, const char *expression,
			   const char *end)
{
	buf_puts(sql, "SELECT ");
	buf_add(sql, expression, (size_t)(end - expression));
	buf_puts(sql, " FROM (SELECT ");
	for (unsigned i = 0; i < table->column_count; i++) {
		buf_puts(sql, i ? ", NULL AS " : "NULL AS ");
		sql_name(sql, table->columns[i].name);
	}
	buf_puts(sql, ") t");
}

/* What is no function of its own the server takes for a stored one, which no CHECK can have;
 * and nothing else in the expression could be denied. */
static bool is_missing_function(const struct error *failure)
{
	return failure->server_code == NO_FUNCTION || failure->kind == ERROR_ACCESS;
}

/* A CHECK of a table is read when the table is made, not when the statement is prepared. Only
 * that a function is missing counts here. */
static bool check_functions(struct preflight *p, const struct moved_table *t, const char *sql,
			    struct error *err)
{
	struct buf select = BUF_INIT;
	bool ok = true;

	for (const char *at = sql; ok && !p->is_refused[t->index] && (at = find_plain(at, " CHECK "));) {
		struct error failure = ERROR_INIT;

		if (*at != '(')
			continue;
		buf_clear(&select);
		put_evaluation(&select, t->source, at, create_skip_parentheses(at));
		if (prepare(p, &select, &failure))
			continue;
		if (is_missing_function(&failure)) {
			error_wrap(&failure, "a function of a CHECK is not known to the server");
			preflight_refuse_create(p, t, failure.text);
		}
		ok = !error_is_retryable(&failure);
		if (!ok)
			*err = failure;
	}
	buf_release(&select);
	return ok;
}

bool preflight_create_begin(struct preflight *p, struct error *err)
{
	p->trial = db_open(&p->options->target, DB_SESSION_WRITE, NULL, err);
	/* With no database in use MySQL does not say which function it does not know. */
	return p->trial &&
	       create_dialect_begin_target(p->trial, db_version(p->source), err) &&
	       db_execf(p->trial, err, "USE information_schema");
}

bool preflight_create(struct preflight *p, const struct moved_table *t, const char *shown,
		      struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok = true;

	check_document_ids(p, t);
	if (p->existing[t->index] || p->is_refused[t->index])
		return true;
	check_sequence(p, t, shown);
	if (!p->is_refused[t->index] && put_statement(p, t, shown, &sql))
		ok = check_prepared(p, t, &sql, err) && check_functions(p, t, sql.data, err) &&
		     check_tablespace(p, t, sql.data, err) && check_srids(p, t, sql.data, err);
	buf_release(&sql);
	return ok;
}

/* --- tried ---------------------------------------------------------------------- */

static bool may_try(struct preflight *p, const char *scratch)
{
	return grants_allow(&p->target_grants, "CREATE", scratch) == GRANTS_YES &&
	       grants_allow(&p->target_grants, "DROP", scratch) == GRANTS_YES;
}

static bool creates_any(const struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (!p->existing[i])
			return true;
	return false;
}

static void tell_untried(struct preflight *p)
{
	struct buf remedy = BUF_INIT;

	buf_printf(&remedy, "GRANT CREATE, DROP, REFERENCES ON `%s%%`.* TO %s",
		   TABLE_TRIAL_PATTERN, p->target_grants.account);
	finding_add(p->findings, PROBLEM_NOTE, buf_text(&remedy),
		    "target: definitions are read but not tried, as the account may not create and "
		    "drop a database for that: what the server refuses only as it makes a table "
		    "(row sizes, DATA DIRECTORY) ends the run at that table");
	buf_release(&remedy);
}

bool preflight_create_end(struct preflight *p, struct error *err)
{
	char scratch[TABLE_TRIAL_NAME_SIZE];

	db_close(p->trial);
	p->trial = NULL;
	if (p->is_resuming || !creates_any(p))
		return true;
	table_trial_name(scratch, p->attempt ? p->attempt->run_id : "");
	if (!may_try(p, scratch)) {
		tell_untried(p);
		return true;
	}
	return !p->attempt || table_trial_run(p, scratch, err);
}
