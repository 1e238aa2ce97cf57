/* Can the target create the tables that are to be created there? All tables that it would refuse
 * are reported at once, before anything is created.
 *
 * A dry run writes nothing: statements are prepared, which shows what the server cannot parse
 * (functions, parsers, collations, types, options it does not know); what it would find only
 * when it creates a table is checked by rules, as far as there are any. A start that may create
 * and drop a database of its own also tries every statement in it (table_trial.c). */
#include "preflight_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "create/create_text.h"
#include "create/fulltext_keys.h"
#include "table_trial.h"

#define NO_FUNCTION 1305

static const char make_it_yourself[] = "create the table on the target yourself, as it is to be "
				       "there, and set AllowExistingTargetTable";

void create_refusals_add(struct preflight *p, const struct moved_table *t, const char *why)
{
	p->is_refused[t->index] = true;
	finding_add(p->findings, FINDING_ERROR, make_it_yourself,
		    "source: %s cannot be created on the target: %s", t->source->full_name, why);
}

/* --- by rule -------------------------------------------------------------------- */

/* The server logs rows of such a table without the statement that wrote them, so our own
 * would count as written by others; and the sequence's value would not be carried. */
static void check_sequence(struct preflight *p, const struct moved_table *t, const char *shown)
{
	if (!create_find(shown, "nextval("))
		return;
	bool is_mariadb = db_version(p->target.db)->flavour == FLAVOUR_MARIADB;

	p->is_refused[t->index] = true;
	finding_add(p->findings, FINDING_ERROR,
		    is_mariadb ?
			    "create the table on the target yourself without that default, and set "
			    "AllowExistingTargetTable; after the cutover create the sequence there "
			    "with the source's value (SETVAL) and give the column its default" :
			    "create the table on the target yourself with AUTO_INCREMENT or no "
			    "default in its place, as MySQL has no sequences, and set "
			    "AllowExistingTargetTable",
		    "source: a column of %s has its default from a SEQUENCE, which is not moved",
		    t->source->full_name);
}

/* Rows would be refused (fulltext_keys.h). A key that the source has as well was added by an
 * earlier process of the resumed run: it is dropped before rows are written. */
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
	buf_puts(&remedy,
		 fulltext_keys_are_late(t->source) && fulltext_keys_have(t->source, index->name) ?
			 "; the cutover adds it again" :
			 "; add it there when the move is done");
	/* In use until the cutover. */
	finding_add(p->findings, p->options->way_back.is_foreseen ? FINDING_WARNING : FINDING_ERROR,
		    buf_text(&remedy),
		    "target: the FULLTEXT key %s of %s, over its own FTS_DOC_ID, takes rows only in "
		    "the order of these ids",
		    index->name, existing->full_name);
	buf_release(&remedy);
}

static void check_document_ids(struct preflight *p, const struct moved_table *t)
{
	const struct table *existing = p->pairs.there[t->index];

	if (existing && fulltext_keys_are_late(existing))
		refuse_late_keys(p, t, existing);
	if (fulltext_keys_are_late(t->source))
		finding_add(p->findings, FINDING_NOTE, "",
			    "target: the FULLTEXT keys of %s, over its own FTS_DOC_ID, are made "
			    "during the cutover, which takes longer by that",
			    t->source->full_name);
}

/* False when the server cannot be queried. If it refuses, CREATE TABLE will show it. */
static bool ask(struct preflight *p, const char *sql, bool *found, struct error *err)
{
	struct error failure = ERROR_INIT;

	if (db_has_row(p->trial, sql, found, &failure))
		return true;
	*found = true;
	if (!error_is_retryable(&failure))
		return true;
	*err = failure;
	return false;
}

static bool check_tablespace(struct preflight *p, const struct moved_table *t, struct error *err)
{
	const char *at = create_find(p->maker.translated.data, "TABLESPACE `");
	struct buf query = BUF_INIT, name = BUF_INIT;
	char *why;
	bool found, ok;

	if (!at || create_begins(at, "innodb_"))
		return true;
	buf_add(&name, at, (size_t)(create_skip_quoted(at - 1) - at - 1));
	buf_puts(&query, "SELECT 1 FROM information_schema.FILES WHERE TABLESPACE_NAME = ");
	sql_text(&query, buf_text(&name));
	ok = ask(p, query.data, &found, err);
	if (ok && !found) {
		why = mem_printf("it lies in the TABLESPACE `%s`, which is not there",
				 buf_text(&name));
		create_refusals_add(p, t, why);
		free(why);
	}
	buf_release(&query);
	buf_release(&name);
	return ok;
}

static bool check_srids(struct preflight *p, const struct moved_table *t, struct error *err)
{
	static const char sql[] = "SELECT 1 FROM information_schema.ST_SPATIAL_REFERENCE_SYSTEMS"
				  " WHERE SRS_ID = %lu";
	const char *at = p->maker.translated.data;
	char query[sizeof(sql) + 20], why[80];
	bool found;

	while ((at = create_find(at, "80003 SRID "))) {
		unsigned long srid = strtoul(at, NULL, 10);

		snprintf(query, sizeof(query), sql, srid);
		if (!ask(p, query, &found, err))
			return false;
		if (found)
			continue;
		snprintf(why, sizeof(why), "the spatial reference system %lu is not there", srid);
		create_refusals_add(p, t, why);
		return true;
	}
	return true;
}

/* --- prepared ------------------------------------------------------------------- */

/* An error that is about preparing, not about the statement. */
static bool says_nothing(const struct error *failure)
{
	static const unsigned codes[] = {
		1049, /* the database does not exist yet */
		1050, /* the table exists */
		1295, /* cannot be prepared */
		1461, /* max_prepared_stmt_count */
	};

	return error_has_code_of(failure, codes, ARRAY_LEN(codes)) || failure->kind == ERROR_ACCESS;
}

static bool is_utf8(const struct buf *text)
{
	const unsigned char *at = (const unsigned char *)buf_text(text);
	size_t length = 1;

	for (; *at && length > 0; at += length)
		length = utf8_length(at);
	return length > 0;
}

/* MariaDB shows a default of binary bytes as such, which a prepared text cannot have: nothing is
 * found out about it here. */
static bool prepare(struct preflight *p, const struct buf *sql, struct error *err)
{
	struct buf set = BUF_INIT;
	bool ok;

	if (!is_utf8(sql))
		return true;
	buf_puts(&set, "SET @ghostferry_create = CONVERT(x'");
	buf_put_hex(&set, sql->data, sql->length);
	buf_puts(&set, "' USING utf8mb4)");
	ok = db_exec(p->trial, set.data, set.length, err) &&
	     db_execf(p->trial, err, "PREPARE ghostferry_create FROM @ghostferry_create") &&
	     db_execf(p->trial, err, "DEALLOCATE PREPARE ghostferry_create");
	buf_release(&set);
	return ok;
}

static bool check_prepared(struct preflight *p, const struct moved_table *t, struct error *err)
{
	struct error failure = ERROR_INIT;

	if (prepare(p, &p->maker.sql, &failure) || says_nothing(&failure))
		return true;
	if (error_is_retryable(&failure)) {
		*err = failure;
		return false;
	}
	create_refusals_add(p, t, failure.text);
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

/* A table's CHECK is parsed when the table is created, not when the statement is prepared. Only
 * a missing function counts here: the server takes a function that it does not know for a stored
 * one, which no CHECK can have; and nothing else in the expression could be denied. */
static bool check_functions(struct preflight *p, const struct moved_table *t, struct error *err)
{
	const char *at = p->maker.translated.data;
	struct buf select = BUF_INIT;
	bool ok = true;

	while (ok && !p->is_refused[t->index] && (at = create_find(at, " CHECK "))) {
		struct error failure = ERROR_INIT;
		char *why;

		if (*at != '(')
			continue;
		buf_clear(&select);
		put_evaluation(&select, t->source, at, create_skip_parentheses(at));
		if (prepare(p, &select, &failure))
			continue;
		if (failure.server_code == NO_FUNCTION || failure.kind == ERROR_ACCESS) {
			/* The server's words may be of a database that nobody has named. */
			why = mem_printf("a function of a CHECK is not known to the server: %.*s",
					 (int)(create_skip_parentheses(at) - at), at);
			create_refusals_add(p, t, why);
			free(why);
		}
		ok = !error_is_retryable(&failure);
		if (!ok)
			*err = failure;
	}
	buf_release(&select);
	return ok;
}

bool create_refusals_begin(struct preflight *p, struct error *err)
{
	p->trial = db_open(&p->options->target, DB_SESSION_WRITE, NULL, err);
	if (!p->trial ||
	    !table_maker_begin(&p->maker, p->source.db, p->trial, p->options, &p->collations, err))
		return false;
	p->maker.keeps_late_keys = true; /* would the server take them? */
	/* Without a current database MySQL does not say which function it does not know. */
	return db_execf(p->trial, err, "USE information_schema");
}

bool create_refusals_check(struct preflight *p, const struct moved_table *t, const char *shown,
			   struct error *err)
{
	struct buf name = BUF_INIT;
	struct error why = ERROR_INIT;
	bool ok;

	check_document_ids(p, t);
	/* Such tables are refused wherever they are (moved_table.c). */
	if (p->pairs.there[t->index] || p->is_refused[t->index] || t->source->is_system_versioned)
		return true;
	check_sequence(p, t, shown);
	if (p->is_refused[t->index])
		return true;
	sql_table_name(&name, t->target_schema, t->target_name);
	ok = table_maker_put_shown(&p->maker, t, shown, name.data, false, &why);
	buf_release(&name);
	if (!ok) {
		create_refusals_add(p, t, why.text);
		return true;
	}
	return constraint_names_check(p, t, p->maker.translated.data, err) &&
	       check_prepared(p, t, err) && check_functions(p, t, err) &&
	       check_tablespace(p, t, err) && check_srids(p, t, err);
}

/* --- tried ---------------------------------------------------------------------- */

static bool creates_any(const struct preflight *p)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (!p->pairs.there[i])
			return true;
	return false;
}

bool create_refusals_end(struct preflight *p, bool ok, struct error *err)
{
	const struct grants *grants = &p->target.grants;
	char scratch[TABLE_TRIAL_NAME_SIZE], *remedy;

	ok = table_maker_end(&p->maker, ok, err);
	db_close(p->trial);
	p->trial = NULL;
	if (!ok || p->is_resuming || !creates_any(p))
		return ok;
	table_trial_name(scratch, p->attempt ? p->attempt->run_id : "");
	if (grants_allow(grants, "CREATE", scratch) == GRANTS_YES &&
	    grants_allow(grants, "DROP", scratch) == GRANTS_YES)
		return !p->attempt || table_trial_run(p, scratch, err);
	remedy = mem_printf("GRANT CREATE, DROP, REFERENCES ON `%s%%`.* TO %s", TABLE_TRIAL_PATTERN,
			    grants->account);
	finding_add(p->findings, FINDING_NOTE, remedy,
		    "target: definitions are read but not tried, as the account may not create and "
		    "drop a database for that: what the server refuses only as it makes a table "
		    "(row sizes, DATA DIRECTORY) ends the run at that table");
	free(remedy);
	return true;
}
