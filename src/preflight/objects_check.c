/* Can what MoveObjects lists be created on the target, and does the account see all of it? What
 * would go wrong in the cutover is reported now: definitions that the account may not read, names
 * that are rewritten, accounts, settings and tables that the target lacks, privileges, and objects
 * that have such a name already. A start that may create a database of its own also creates
 * everything there once (object_trial.c). */
#include "preflight_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "create/create_text.h"
#include "object_trial.h"
#include "objects/object_maker.h"
#include "objects/object_text.h"
#include "plan/collation.h"
#include "plan/name_filter.h"

#define LEAVE_OUT "leave its kind out of MoveObjects and make it by hand"

/* --- one object -------------------------------------------------------------------- */

/* MariaDB shows the columns of a view only to who may execute what it calls. */
static void refuse_call(struct preflight *p, const struct object *o)
{
	char *remedy = mem_printf("GRANT EXECUTE ON *.* TO %s, or leave the view out "
				  "(Tables.Blacklist)",
				  p->source.grants.account);

	finding_add(p->findings, FINDING_ERROR, remedy, "source: %s %s cannot be looked at: %s",
		    o->type, o->full_name, o->broken);
	free(remedy);
}

static void check_text(struct preflight *p, const struct object *o)
{
	const char *name = object_rewritten_name(p->options, o);

	if (o->created.length == 0)
		finding_add(p->findings, FINDING_ERROR,
			    o->kind == OBJECT_ROUTINE ?
				    "GRANT SHOW_ROUTINE ON *.* (MySQL), or SELECT ON mysql.proc "
				    "(MariaDB), to the account" :
				    "GRANT SHOW VIEW, TRIGGER, EVENT on its database to the account",
			    "source: the account may not read the definition of %s %s", o->type,
			    o->full_name);
	if (o->broken && o->lacks_execute)
		refuse_call(p, o);
	else if (o->broken)
		finding_add(p->findings, FINDING_ERROR,
			    "drop it, grant its definer what it needs, or leave it out "
			    "(Tables.Blacklist)",
			    "source: %s %s cannot be used: %s", o->type, o->full_name, o->broken);
	if (name)
		finding_add(p->findings, FINDING_ERROR,
			    map_get_text(&p->options->tables.rewrites, name) ?
				    LEAVE_OUT :
			    o->kind == OBJECT_VIEW ?
				    "call neither a table nor an alias of the view like the database, "
				    "leave it out (Tables.Blacklist), or " LEAVE_OUT :
				    "take the database's name out (a name without one means the "
				    "object's own), or " LEAVE_OUT,
			    "source: %s %s mentions %s, which has another name on the target",
			    o->type, o->full_name, name);
	if (object_is_in_two_charsets(o, db_version(p->source.db)->flavour))
		finding_add(p->findings, FINDING_ERROR,
			    "make it again on the source after SET NAMES utf8mb4, or " LEAVE_OUT,
			    "source: the server shows the name of %s %s in UTF-8, and the rest of it in "
			    "%s, so it cannot be read",
			    o->type, o->full_name, o->client);
	if (o->kind == OBJECT_SEQUENCE && db_version(p->target.db)->flavour == FLAVOUR_MYSQL)
		finding_add(p->findings, FINDING_ERROR, "take sequences out of MoveObjects",
			    "target: MySQL has no sequences, as %s is one", o->full_name);
}

static bool has_entry(struct db *db, const char *what, const char *schema, const char *name,
		      bool *found, struct error *err)
{
	struct buf sql = BUF_INIT;
	bool ok;

	buf_printf(&sql, "SELECT 1 FROM information_schema.%sS WHERE %s_SCHEMA = ", what, what);
	sql_text(&sql, schema);
	buf_printf(&sql, " AND %s_NAME = ", what);
	sql_text(&sql, name);
	ok = db_has_row(db, buf_text(&sql), found, err);
	buf_release(&sql);
	return ok;
}

/* Views and sequences share their names with tables. */
static bool check_name(struct preflight *p, const struct object_pairs *pairs,
		       const struct object *o, struct error *err)
{
	bool found;

	if ((o->kind != OBJECT_VIEW && o->kind != OBJECT_SEQUENCE) ||
	    object_list_find(&pairs->there, o))
		return true;
	if (!has_entry(p->objects_target, "TABLE", o->schema, o->name, &found, err))
		return false;
	if (found || table_pairs_find(&p->pairs, o->schema, o->name))
		finding_add(p->findings, FINDING_ERROR, "drop or rename one of the two",
			    "target: %s %s.%s cannot be made, as a table has that name", o->type,
			    o->schema, o->name);
	return true;
}

/* Of the runs that share a table the first one to cut over would make them, and they would fire for
 * the rows of all others. */
static void check_parts(struct preflight *p, const struct object *o)
{
	const struct moved_table *t =
		o->kind == OBJECT_TRIGGER ?
			moved_tables_find(p->tables, o->source_schema, o->table) :
			NULL;

	if (t && t->where && p->options->friendly_runs.count > 0)
		finding_add(p->findings, FINDING_ERROR,
			    "take triggers out of MoveObjects, and make them on the target when the last "
			    "run is done (mysqldump --no-data --no-create-info)",
			    "source: TRIGGER %s would fire on the target for rows of %s that are moved "
			    "by other runs (FriendlyRuns)",
			    o->full_name, t->source->full_name);
}

/* Databases may have the same name on the target. */
static void check_others(struct preflight *p, const struct object *o, struct map *seen)
{
	char *key = mem_printf("%s %s\n%s", o->type, o->schema, o->name);
	const char *other = map_put_text(seen, key, o->full_name);

	if (other)
		finding_add(p->findings, FINDING_ERROR,
			    "drop or rename one of the two, or " LEAVE_OUT,
			    "source: %s %s and %s have the same name on the target", o->type, other,
			    o->full_name);
	free(key);
}

static void check_existing(struct preflight *p, const struct object_pairs *pairs,
			   const struct object *o)
{
	struct buf remedy = BUF_INIT;

	if (!object_list_find(&pairs->there, o) || object_pairs_has(pairs, o))
		return;
	buf_printf(&remedy, "DROP %s ", o->type);
	sql_table_name(&remedy, o->schema, o->name);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: %s %s.%s is there already, and not as it is on the source", o->type,
		    o->schema, o->name);
	buf_release(&remedy);
}

/* It is set back to the source's, even if the process dies in between. */
static void check_collation(struct preflight *p, const struct object_pairs *pairs)
{
	struct buf remedy = BUF_INIT;

	if (!pairs->has_others || p->is_resuming || !pairs->default_here ||
	    strcmp(pairs->default_here, pairs->default_there) == 0)
		return;
	buf_puts(&remedy, "ALTER DATABASE ");
	sql_name(&remedy, pairs->schema_here);
	buf_printf(&remedy, " COLLATE %s on the target", pairs->default_there);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: database %s has the collation %s, and needs the source's, as it has "
		    "objects that were made under others",
		    pairs->schema_here, pairs->default_here);
	buf_release(&remedy);
}

static bool check_settings(struct preflight *p, const struct object_pairs *pairs,
			   const struct object *o, struct error *err)
{
	const char *own = o->database_collation;
	struct error why = ERROR_INIT;

	if (pairs->has_others && !collation_is_known(&p->collations, own))
		finding_add(p->findings, FINDING_ERROR, "make it again on the source",
			    "target: %s %s was made while its database had the collation %s, which "
			    "the server does not know",
			    o->type, o->full_name, own);
	if (object_try_settings(p->objects_target, o, &why))
		return true;
	if (error_is_retryable(&why)) {
		*err = why;
		return false;
	}
	finding_add(p->findings, FINDING_ERROR,
		    "make it again on the source under settings that both servers know, or " LEAVE_OUT,
		    "target: the settings that %s %s was made with are not accepted: %s", o->type,
		    o->full_name, why.text);
	return true;
}

/* --- accounts ----------------------------------------------------------------------- */

static bool has_account(struct preflight *p, const char *from, const char *definer, bool *found,
			struct error *err)
{
	const char *host = strrchr(definer, '@');
	struct buf sql = BUF_INIT, user = BUF_INIT;
	bool ok;

	buf_add(&user, definer, host ? (size_t)(host - definer) : strlen(definer));
	buf_printf(&sql, "SELECT 1 FROM %s AND User = ", from);
	sql_text(&sql, buf_text(&user));
	buf_puts(&sql, " AND Host = ");
	sql_text(&sql, host ? host + 1 : "");
	ok = db_has_row(p->objects_target, buf_text(&sql), found, err);
	buf_release(&sql);
	buf_release(&user);
	return ok;
}

static bool is_own_account(const struct preflight *p, const char *definer)
{
	struct buf account = BUF_INIT;
	bool is_own = sql_account(&account, definer) &&
		      strcmp(buf_text(&account), p->target.grants.account) == 0;

	buf_release(&account);
	return is_own;
}

static void check_definer_privilege(struct preflight *p)
{
	const struct server_version *version = db_version(p->target.db);
	const char *wanted = version->flavour == FLAVOUR_MARIADB ? "SET USER" :
			     version->number >= 80200		 ? "SET_ANY_DEFINER" :
			     version->number >= 80000		 ? "SET_USER_ID" :
								   "SUPER";
	char *remedy;

	if (grants_allow(&p->target.grants, wanted, NULL) != GRANTS_NO ||
	    grants_allow(&p->target.grants, "SUPER", NULL) != GRANTS_NO)
		return;
	remedy = mem_printf("GRANT %s ON *.* TO %s, or name that account in DefinerRewrites",
			    wanted, p->target.grants.account);
	finding_add(p->findings, FINDING_ERROR, remedy,
		    "target: the account %s may not make objects for other accounts",
		    p->target.grants.account);
	free(remedy);
}

/* MySQL: who makes an object for an account that has it, such as root, must have it, too. */
static bool check_system_user(struct preflight *p, const struct object *o, struct error *err)
{
	const struct server_version *version = db_version(p->target.db);
	bool is_system_user;
	char *remedy;

	if (version->flavour == FLAVOUR_MARIADB || version->number < 80016 ||
	    grants_allow(&p->target.grants, "SYSTEM_USER", NULL) != GRANTS_NO)
		return true;
	if (!has_account(p, "mysql.global_grants WHERE PRIV = 'SYSTEM_USER'", o->definer,
			 &is_system_user, err))
		return false;
	if (!is_system_user)
		return true;
	remedy = mem_printf("GRANT SYSTEM_USER ON *.* TO %s, or set \"DefinerRewrites\": {\"%s\": "
			    "\"...\"}",
			    p->target.grants.account, o->definer);
	finding_add(p->findings, FINDING_ERROR, remedy,
		    "target: the account %s may not make objects for %s, such as %s %s, as that "
		    "account has the privilege SYSTEM_USER",
		    p->target.grants.account, o->definer, o->type, o->full_name);
	free(remedy);
	return true;
}

/* seen: what was checked already, by accounts and by names of objects. */
static bool check_definer(struct preflight *p, const struct object *o, struct map *seen,
			  struct error *err)
{
	struct error failure = ERROR_INIT;
	char *remedy;
	bool found = true;

	if (!*o->definer || map_put_text(seen, o->definer, p))
		return true;
	if (!is_own_account(p, o->definer) && !map_put_text(seen, "", p))
		check_definer_privilege(p);
	if (!has_account(p, "mysql.user WHERE TRUE", o->definer, &found, &failure) ||
	    (found && !is_own_account(p, o->definer) && !check_system_user(p, o, &failure))) {
		if (error_is_retryable(&failure)) {
			*err = failure;
			return false;
		}
		finding_add(p->findings, FINDING_WARNING, "GRANT SELECT ON mysql.* to the account",
			    "target: whether there is the account %s, for which %s %s is made, and what "
			    "it may do, cannot be seen: %s",
			    o->definer, o->type, o->full_name, failure.text);
	}
	if (found)
		return true;
	remedy = mem_printf("create the account, or set \"DefinerRewrites\": {\"%s\": \"...\"}",
			    o->definer);
	finding_add(p->findings, FINDING_ERROR, remedy,
		    "target: there is no account %s, for which %s %s is made", o->definer, o->type,
		    o->full_name);
	free(remedy);
	return true;
}

/* --- what views depend on ------------------------------------------------------------ */

static bool is_moved(const struct preflight *p, const char *schema, const char *name, bool is_call)
{
	if (!is_call && moved_tables_find(p->tables, schema, name))
		return true;
	for (size_t i = 0; i < p->database_count; i++)
		for (size_t n = 0; n < p->databases[i].wanted.count; n++) {
			const struct object *o = &p->databases[i].wanted.items[n];

			if ((o->kind == OBJECT_ROUTINE) == is_call &&
			    strcmp(o->source_schema, schema) == 0 && strcmp(o->name, name) == 0)
				return true;
		}
	return false;
}

/* Names that are no table on the source are those of columns and of parts of the view. */
static bool check_reference(struct preflight *p, const struct object *view, const char *schema,
			    const char *name, bool is_call, struct error *err)
{
	const char *what = is_call ? "ROUTINE" : "TABLE";
	bool found;

	if (is_moved(p, schema, name, is_call))
		return true;
	if (!has_entry(p->objects_source, what, schema, name, &found, err))
		return false;
	if (!found)
		return true;
	if (!has_entry(p->objects_target, what, database_on_target(p->options, schema), name,
		       &found, err))
		return false;
	if (!found)
		finding_add(p->findings, FINDING_ERROR,
			    is_call ? "add routines to MoveObjects, or make it on the target" :
				      "move it too, make it on the target, or leave the view out "
				      "(Tables.Blacklist)",
			    "source: the view %s uses %s.%s, which is neither moved nor on the target",
			    view->full_name, schema, name);
	return true;
}

/* Returns the end of a name in backquotes, or NULL. */
static const char *read_name(const char *at, struct buf *name)
{
	const char *end;

	if (*at != '`')
		return NULL;
	end = create_skip_quoted(at);
	buf_clear(name);
	for (at++; at < end - 1; at++) {
		buf_putc(name, *at);
		at += *at == '`';
	}
	return end;
}

static bool check_references(struct preflight *p, const struct object *view, const char *text,
			     struct error *err)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	const char *at = text, *end, *behind;
	bool ok = true;

	while (ok && *at) {
		end = read_name(at, &first);
		if (!end) {
			at = *at == '\'' ? create_skip_quoted(at) : at + 1;
			continue;
		}
		at = end;
		behind = *at == '.' ? read_name(at + 1, &second) : NULL;
		if (behind)
			ok = check_reference(p, view, buf_text(&first), buf_text(&second),
					     *behind == '(', err);
		else if (*at == '(')
			ok = check_reference(p, view, view->source_schema, buf_text(&first), true,
					     err);
		at = behind ? behind : at;
	}
	buf_release(&first);
	buf_release(&second);
	return ok;
}

/* With another current database the server prints all table names with their database. Here they
 * are looked up, so they are wanted as everything else, not in the view's own character set. */
static bool check_view(struct preflight *p, const struct object *o, struct error *err)
{
	struct buf sql = BUF_INIT, text = BUF_INIT;
	bool ok = db_execf(p->objects_source, err, "USE information_schema") &&
		  db_execf(p->objects_source, err, "SET character_set_results = utf8mb4");

	buf_puts(&sql, "SHOW CREATE VIEW ");
	sql_table_name(&sql, o->source_schema, o->name);
	if (ok) {
		struct db_rows rows = db_rows_of(p->objects_source, buf_text(&sql), err);

		while (db_rows_next(&rows))
			buf_puts(&text, db_rows_text(&rows, 1));
		ok = rows.ok &&
		     db_execf(p->objects_source, err, "SET character_set_results = NULL") &&
		     check_references(p, o, buf_text(&text), err);
	}
	buf_release(&sql);
	buf_release(&text);
	return ok;
}

/* --- privileges ---------------------------------------------------------------------- */

static void require(struct preflight *p, const struct preflight_server *server, const char *side,
		    const char *privilege, const char *schema, enum object_kind kind)
{
	struct buf remedy = BUF_INIT;

	if (grants_allow(&server->grants, privilege, schema) != GRANTS_NO)
		return;
	buf_printf(&remedy, "GRANT %s ON ", privilege);
	sql_name(&remedy, schema);
	buf_printf(&remedy, ".* TO %s", server->grants.account);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "%s: the account %s lacks the privilege %s on %s, which %s need", side,
		    server->grants.account, privilege, schema, object_kind_name(kind));
	buf_release(&remedy);
}

/* What the account may not see would be missing silently. */
static void check_visible(struct preflight *p, const char *schema)
{
	static const struct {
		enum object_kind kind;
		const char *privilege;
	} needed[] = {
		{ OBJECT_VIEW, "SHOW VIEW" },
		{ OBJECT_TRIGGER, "TRIGGER" },
		{ OBJECT_EVENT, "EVENT" },
	};
	const struct server_version *version = db_version(p->source.db);
	const struct grants *grants = &p->source.grants;

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (object_kind_is_moved(p->options, needed[i].kind))
			require(p, &p->source, "source", needed[i].privilege, schema,
				needed[i].kind);
	if (!object_kind_is_moved(p->options, OBJECT_ROUTINE))
		return;
	if (version->flavour == FLAVOUR_MARIADB)
		require(p, &p->source, "source", "SELECT", "mysql", OBJECT_ROUTINE);
	else if (grants_allow(grants, "SHOW_ROUTINE", NULL) == GRANTS_NO &&
		 grants_allow(grants, "SELECT", NULL) == GRANTS_NO)
		finding_add(p->findings, FINDING_ERROR, "GRANT SHOW_ROUTINE ON *.* to the account",
			    "source: the account %s may not see all routines", grants->account);
}

static bool is_open_function(const struct object *o)
{
	const char *text = buf_text(&o->created);

	return strcmp(o->type, "FUNCTION") == 0 && !strstr(text, "\n    DETERMINISTIC\n") &&
	       !strstr(text, "\n    NO SQL\n") && !strstr(text, "\n    READS SQL DATA\n");
}

/* Reported once, for the first object that needs it. */
static void check_trust(struct preflight *p, const struct object *o, bool *is_said)
{
	bool may = grants_allow(&p->target.grants, "SUPER", NULL) != GRANTS_NO;

	if (*is_said || !preflight_is_on(&p->target, "log_bin") ||
	    preflight_is_on(&p->target, "log_bin_trust_function_creators") ||
	    !(is_open_function(o) ||
	      (!may && (o->kind == OBJECT_TRIGGER || strcmp(o->type, "FUNCTION") == 0))))
		return;
	*is_said = true;
	finding_add(p->findings, FINDING_ERROR,
		    "SET GLOBAL log_bin_trust_function_creators = 1 on the target until the move is done",
		    "target: log_bin_trust_function_creators is OFF, and %s %s cannot be made",
		    o->type, o->full_name);
}

static void check_privileges(struct preflight *p, const struct object_pairs *pairs)
{
	static const char *const needed[OBJECT_KINDS][3] = {
		[OBJECT_SEQUENCE] = { "CREATE", "INSERT", "DROP" },
		[OBJECT_ROUTINE] = { "CREATE ROUTINE", "ALTER ROUTINE" },
		[OBJECT_VIEW] = { "CREATE VIEW", "SHOW VIEW", "DROP" },
		[OBJECT_TRIGGER] = { "TRIGGER" },
		[OBJECT_EVENT] = { "EVENT" },
	};
	bool is_said[OBJECT_KINDS] = { false }, is_trust_said = false;

	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const struct object *o = &pairs->wanted.items[i];

		for (size_t n = 0; !is_said[o->kind] && n < 3 && needed[o->kind][n]; n++)
			require(p, &p->target, "target", needed[o->kind][n], o->schema, o->kind);
		is_said[o->kind] = true;
		check_trust(p, o, &is_trust_said);
	}
	if (pairs->has_others)
		require(p, &p->target, "target", "ALTER", pairs->schema_here, OBJECT_ROUTINE);
}

/* --- all ---------------------------------------------------------------------------- */

static bool will_be_there(const struct preflight *p, const struct object_pairs *pairs)
{
	for (size_t i = 0; i < p->tables->count; i++)
		if (strcmp(p->tables->tables[i]->target_schema, pairs->schema_here) == 0)
			return true;
	return pairs->default_here != NULL;
}

static bool check_database(struct preflight *p, const struct object_pairs *pairs, struct map *seen,
			   struct error *err)
{
	check_privileges(p, pairs);
	check_collation(p, pairs);
	if (pairs->wanted.count > 0 && !will_be_there(p, pairs)) {
		finding_add(p->findings, FINDING_ERROR, "create it there",
			    "target: there is no database %s, and no table of it is moved",
			    pairs->schema_here);
		return true;
	}
	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const struct object *o = &pairs->wanted.items[i];

		check_text(p, o);
		check_others(p, o, seen);
		check_parts(p, o);
		check_existing(p, pairs, o);
		if (!check_name(p, pairs, o, err) || !check_settings(p, pairs, o, err) ||
		    !check_definer(p, o, seen, err) ||
		    (o->kind == OBJECT_VIEW && o->created.length > 0 && !check_view(p, o, err)))
			return false;
	}
	return true;
}

bool objects_load(struct preflight *p, struct error *err)
{
	struct string_list schemas;
	bool ok;

	if (!object_is_moved_any(p->options))
		return true;
	p->objects_source = db_open(&p->options->source, DB_SESSION_READ, NULL, err);
	p->objects_target =
		p->objects_source ? db_open(&p->options->target, DB_SESSION_WRITE, NULL, err) : NULL;
	if (!p->objects_target)
		return false;
	ok = object_databases_load(&schemas, p->options, p->objects_source, err);
	p->databases = mem_calloc(schemas.count + 1, sizeof(*p->databases));
	for (size_t i = 0; ok && i < schemas.count; i++) {
		check_visible(p, schemas.items[i]);
		ok = object_pairs_load(&p->databases[p->database_count++], p->options,
				       &p->collations, schemas.items[i], 0, OBJECT_KINDS - 1,
				       p->objects_source, p->objects_target, err);
	}
	object_databases_release(&schemas);
	return ok;
}

void objects_release(struct preflight *p)
{
	for (size_t i = 0; i < p->database_count; i++)
		object_pairs_release(&p->databases[i]);
	free(p->databases);
	db_close(p->objects_source);
	db_close(p->objects_target);
}

bool objects_have_trigger(const struct preflight *p, const char *schema, const char *name)
{
	char type[] = "TRIGGER", *copy = mem_strdup(name);
	const struct object like = { .kind = OBJECT_TRIGGER, .type = type, .name = copy };
	bool has = false;

	for (size_t i = 0; !has && i < p->database_count; i++) {
		const struct object *o = object_list_find(&p->databases[i].wanted, &like);

		has = o && strcmp(o->schema, schema) == 0 && object_pairs_has(&p->databases[i], o);
	}
	free(copy);
	return has;
}

bool objects_check(struct preflight *p, struct error *err)
{
	struct map seen;
	bool ok = true;

	map_init(&seen);
	for (size_t i = 0; ok && i < p->database_count; i++)
		ok = check_database(p, &p->databases[i], &seen, err);
	map_release(&seen);
	/* Errors that are known already would only be reported again in other words. */
	if (ok && p->attempt && !p->is_resuming && findings_errors(p->findings) == 0)
		for (size_t i = 0; ok && i < p->database_count; i++)
			ok = object_trial_run(p, &p->databases[i], err);
	return ok;
}
