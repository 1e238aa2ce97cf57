/* Checks of the tables to be copied that need the source: may they be read under a lock, and
 * what do their foreign keys do?
 *
 * MySQL before 9.6 and all versions of MariaDB do not log what a cascade does inside InnoDB; such
 * changes of a child table are carried by apply/cascades.c where that is possible. Plain foreign
 * keys are no problem, as the target checks none while rows arrive. */
#include "preflight_priv.h"

#include <string.h>

#include "create/create_statement.h"
#include "plan/cascade.h"
#include "plan/name_filter.h"

/* MySQL 9.6 has a setting to go back to InnoDB's own cascades. */
static bool logs_cascades(const struct preflight *p)
{
	return server_logs_cascades(db_version(p->source.db)) &&
	       !preflight_is_on(&p->source, "innodb_native_foreign_keys");
}

/* What the check reports where it must not refuse. */
static void note_cascade(struct preflight *p, const struct moved_table *t,
			 const struct foreign_key *key)
{
	bool is_verified = p->options->verify.type != VERIFIER_NONE;

	finding_add(p->findings, is_verified ? FINDING_NOTE : FINDING_WARNING, "",
		    "source: %s may be changed by the foreign key %s, which %s does not write to the "
		    "binlog: %s",
		    t->source->full_name, key->name, flavour_name(db_version(p->source.db)->flavour),
		    is_verified ? "the table is compared as a whole during the cutover" :
				  "set a VerifierType, or use -verify after the move");
}

static void refuse_cascade(struct preflight *p, const struct moved_table *t,
			   const struct foreign_key *key, const char *why)
{
	const char *schema = *key->parent_schema ? key->parent_schema : t->source->schema;
	struct buf remedy = BUF_INIT;

	if (*why && !moved_tables_find(p->tables, schema, key->parent_table))
		buf_printf(&remedy, "choose %s.%s too, or ", schema, key->parent_table);
	buf_puts(&remedy, "ALTER TABLE ");
	sql_table_name(&remedy, t->source->schema, t->source->name);
	buf_puts(&remedy, " DROP FOREIGN KEY ");
	sql_name(&remedy, key->name);
	buf_puts(&remedy, " for the time of the move, or SkipForeignKeyConstraintsCheck if no row "
			  "of the parent is deleted or gets another key meanwhile");
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "found at least 1 foreign key constraint on source DB. table: %s, constraint: "
		    "%s: it cascades or sets NULL, which %s does not write to the binlog%s%s",
		    t->source->full_name, key->name, flavour_name(db_version(p->source.db)->flavour),
		    *why ? ", and is not carried: " : "", why);
	buf_release(&remedy);
}

/* The target finds children by its own collation. Tables that are created here are looked at once
 * more when they are there. */
static bool is_found_there(struct preflight *p, const struct moved_table *t,
			   const struct foreign_key *key, struct error *why)
{
	for (unsigned i = 0; i < key->column_count && i < KEY_COLUMNS_MAX; i++) {
		const struct column *column = table_column(t->source, key->columns[i]);
		const char *there = column ? preflight_collation_there(p, t, column) : NULL;

		if (there && !cascade_is_found(column, db_version(p->source.db)->flavour, there,
					       db_version(p->target.db)->flavour, why))
			return false;
	}
	return true;
}

/* False: why not. */
static bool carry(struct preflight *p, const struct moved_table *t, const struct foreign_key *key,
		  struct error *why)
{
	return p->options->unlogged_cascades == CASCADES_CARRIED &&
	       is_found_there(p, t, key, why) && cascade_add(p->tables, t, key, why);
}

/* If the source logs it now, but did not for the run that is resumed, changes that come again may
 * be of that time: what was carried then, and nothing else, is carried on. */
static void check_cascade(struct preflight *p, struct moved_table *t, const struct foreign_key *key)
{
	struct error why = ERROR_INIT;
	bool is_logged = logs_cascades(p);

	if (!foreign_key_changes_child(key))
		return;
	t->is_cascaded_to |= is_logged;
	p->tables->relies_on_log |= is_logged;
	if ((is_logged && !p->tables->carried_cascades) || carry(p, t, key, &why) || is_logged)
		return;
	t->may_change_unlogged = true;
	if (p->options->skip_foreign_key_check)
		note_cascade(p, t, key);
	else
		refuse_cascade(p, t, key, why.text);
}

/* The statement names the parent as on the source; on the target that is right only if
 * rewrites do not change the name, or change only the table's own database. */
static void check_parent(struct preflight *p, const struct moved_table *t,
			 const struct foreign_key *key)
{
	bool is_own = *key->parent_schema == '\0';
	const char *schema = is_own ? t->source->schema : key->parent_schema;
	const struct moved_table *parent = moved_tables_find(p->tables, schema, key->parent_table);

	if (!parent) {
		finding_add(p->findings, FINDING_WARNING, "choose it too, or create it before",
			    "source: %s refers to %s.%s by the foreign key %s, and that table is "
			    "not moved",
			    t->source->full_name, schema, key->parent_table, key->name);
		return;
	}
	if (p->pairs.there[t->index])
		return; /* has been created otherwise */
	if (strcmp(parent->target_name, key->parent_table) == 0 &&
	    strcmp(parent->target_schema, is_own ? t->target_schema : key->parent_schema) == 0)
		return;
	finding_add(p->findings, FINDING_ERROR,
		    "create the target tables beforehand and set AllowExistingTargetTable",
		    "source: the foreign key %s of %s refers to %s.%s, which has another name on the "
		    "target (Rewrites)",
		    key->name, t->source->full_name, schema, key->parent_table);
}

/* Rows may conflict in such a key without having equal values in it. */
static void check_periods(struct preflight *p, const struct moved_table *t, const char *shown)
{
	for (const char *line = strstr(shown, "\n  "); line; line = strstr(line + 1, "\n  ")) {
		const char *end = line + 1 + strcspn(line + 1, "\n");

		if ((strncmp(line + 3, "PRIMARY KEY ", 12) == 0 ||
		     strncmp(line + 3, "UNIQUE KEY ", 11) == 0) &&
		    memmem(line, (size_t)(end - line), " WITHOUT OVERLAPS", 17)) {
			p->is_refused[t->index] = true;
			finding_add(p->findings, FINDING_ERROR,
				    "leave the table out (Tables.Blacklist)",
				    "source: %s has a key WITHOUT OVERLAPS, which cannot be carried",
				    t->source->full_name);
			return;
		}
	}
}

/* Names and texts may contain line ends, and what looks like the beginning of a column. Returns
 * the end of a quoted text that begins at this place; where none begins, the place itself. */
static const char *end_of_quoted(const char *at)
{
	char quote = *at;

	if (quote != '`' && quote != '\'')
		return at;
	for (const char *c = at + 1; *c; c++) {
		if (quote == '\'' && *c == '\\' && c[1])
			c++;
		else if (*c == quote && c[1] == quote)
			c++;
		else if (*c == quote)
			return c;
	}
	return at;
}

/* MySQL: an INVISIBLE column that the account may not read is neither shown by
 * information_schema nor part of "t.*". SHOW CREATE TABLE prints each column on a
 * line of its own that begins with the name, as no other line does. */
static bool check_all_shown(const struct moved_table *t, const char *shown, struct error *err)
{
	unsigned count = 0;

	for (const char *at = shown; *at; at++) {
		if (strncmp(at, "\n  `", 4) == 0) {
			count++;
			at += 3;
		}
		at = end_of_quoted(at);
	}
	return count <= t->source->column_count ||
	       error_set(err, ERROR_ACCESS, "the account may read %u of its %u columns",
			 t->source->column_count, count);
}

static bool check_definition(struct preflight *p, struct moved_table *t, struct buf *shown,
			     struct error *err)
{
	struct foreign_key key;
	const char *at;

	if (!create_show_table(p->source.db, t->source->schema, t->source->name, shown, err) ||
	    !check_all_shown(t, shown->data, err))
		return false;
	check_periods(p, t, shown->data);
	if (!create_refusals_check(p, t, shown->data, err))
		return false;
	for (at = shown->data; foreign_key_next(&at, &key);) {
		check_cascade(p, t, &key);
		check_parent(p, t, &key);
	}
	return true;
}

/* The snapshot is taken under a lock (snapshot_copy.c). */
static void check_lock_privilege(struct preflight *p, const struct moved_table *t)
{
	struct buf remedy = BUF_INIT;

	bool is_locked =
		t->is_nontransactional ||
		(t->key.count == 0 && locked_table_is_allowed(p->options->without_key, t->source));

	if (!is_locked ||
	    grants_allow(&p->source.grants, "LOCK TABLES", t->source->schema) != GRANTS_NO)
		return;
	buf_puts(&remedy, "GRANT LOCK TABLES ON ");
	sql_name(&remedy, t->source->schema);
	buf_printf(&remedy, ".* TO %s", p->source.grants.account);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy),
		    "source: the account %s lacks the privilege LOCK TABLES, which the table %s "
		    "without %s needs for its snapshot",
		    p->source.grants.account, t->source->full_name,
		    t->is_nontransactional ? "transactions" : "a key");
	buf_release(&remedy);
}

static void add_denied(struct preflight *p, const struct moved_table *t, const struct error *failure)
{
	struct buf remedy = BUF_INIT;

	buf_puts(&remedy, "GRANT SELECT ON ");
	sql_table_name(&remedy, t->source->schema, t->source->name);
	buf_printf(&remedy, " TO %s", p->source.grants.account);
	finding_add(p->findings, FINDING_ERROR, buf_text(&remedy), "cannot be copied: %s",
		    failure->text);
	buf_release(&remedy);
}

static bool check_table(struct preflight *p, struct moved_table *t, struct buf *text,
			struct error *err)
{
	struct error failure = ERROR_INIT;

	check_lock_privilege(p, t);
	if (t->selected_count == 0)
		return true;
	/* The same kind of statement as the copy's, without a row: the server checks the privileges
	 * on all columns and for the lock. */
	buf_clear(text);
	moved_table_put_read_check(text, t);
	buf_printf(text, " %s", server_share_lock(db_version(p->source.db)));
	if (db_exec(p->source.db, text->data, text->length, &failure) &&
	    check_definition(p, t, text, &failure))
		return true;
	error_wrap(&failure, "table %s", t->source->full_name);
	if (failure.kind == ERROR_ACCESS) {
		add_denied(p, t, &failure);
		return true;
	}
	/* Gone, or with other columns by now: the start looks again. */
	if (failure.server_code == 1146 || failure.server_code == 1054) {
		*err = failure;
		return false;
	}
	return preflight_forgive(p, "cannot be copied", &failure, err);
}

bool source_tables_check(struct preflight *p, struct error *err)
{
	struct buf text = BUF_INIT;
	bool ok = true;

	if (!create_refusals_begin(p, err))
		return false;
	for (size_t i = 0; ok && i < p->tables->count; i++)
		ok = check_table(p, p->tables->tables[i], &text, err);
	buf_release(&text);
	return create_refusals_end(p, ok, err);
}
