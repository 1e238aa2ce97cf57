/* A foreign key's name is there once in a database; on MySQL a CHECK's is, too, while MariaDB has it
 * once in a table. So tables of one database, or of several that become one, may not fit into one on
 * the target, nor beside what is there. No trial shows this, as it makes one table at a time. */
#include "preflight_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "create/create_text.h"

/* quoted: in backquotes. Names are compared without case. */
static void put_key(struct buf *key, const char *schema, const char *kind, const char *quoted,
		    size_t length)
{
	buf_clear(key);
	buf_printf(key, "%s\n%s", schema, kind);
	for (size_t i = 0; i < length; i++)
		buf_putc(key, (char)tolower((unsigned char)quoted[i]));
}

/* A table that is to be copied again goes, with its names, before it is created. */
static bool goes(struct preflight *p, const char *schema, const char *table)
{
	const struct moved_table *t = table_pairs_find(&p->pairs, schema, table);

	return t && (!p->pairs.there[t->index] ||
		     (p->resumed && recopies_is_pending(p->resumed, t->source->full_name)));
}

/* Names of the target's own, once per database. */
static bool load(struct preflight *p, const char *schema, struct error *err)
{
	static char there[] = "another table";
	struct buf sql = BUF_INIT, key = BUF_INIT, name = BUF_INIT;

	buf_puts(&sql, "SELECT CONSTRAINT_TYPE, CONSTRAINT_NAME, TABLE_NAME FROM information_schema."
		       "TABLE_CONSTRAINTS WHERE CONSTRAINT_TYPE IN ('FOREIGN KEY', 'CHECK') AND "
		       "CONSTRAINT_SCHEMA = ");
	sql_text(&sql, schema);

	struct db_rows rows = db_rows_of(p->target.db, buf_text(&sql), err);

	while (db_rows_next(&rows)) {
		if (goes(p, schema, db_rows_text(&rows, 2)))
			continue;
		buf_clear(&name);
		sql_name(&name, db_rows_text(&rows, 1));
		put_key(&key, schema, db_rows_text(&rows, 0), name.data, name.length);
		map_put(&p->constraints, key.data, key.length, there);
	}
	map_put_text(&p->constraints, schema, there);
	buf_release(&sql);
	buf_release(&key);
	buf_release(&name);
	return rows.ok;
}

/* at: on the name. */
static void check_one(struct preflight *p, const struct moved_table *t, const char *at)
{
	const char *end = create_skip_quoted(at), *other;
	bool is_foreign = create_begins(end, " FOREIGN KEY ");
	struct buf key = BUF_INIT;

	if (!is_foreign && (!create_begins(end, " CHECK ") ||
			    db_version(p->target.db)->flavour == FLAVOUR_MARIADB))
		return;
	put_key(&key, t->target_schema, is_foreign ? "FOREIGN KEY" : "CHECK", at,
		(size_t)(end - at));
	other = map_put(&p->constraints, key.data, key.length, t->source->full_name);
	if (other && !p->is_refused[t->index]) {
		char *why = mem_printf("its %s %.*s has the name of one of %s in the database %s",
				       is_foreign ? "foreign key" : "CHECK", (int)(end - at), at,
				       other, t->target_schema);

		create_refusals_add(p, t, why);
		free(why);
	}
	buf_release(&key);
}

bool constraint_names_check(struct preflight *p, const struct moved_table *t, const char *created,
			    struct error *err)
{
	if (!map_get_text(&p->constraints, t->target_schema) && !load(p, t->target_schema, err))
		return false;
	while ((created = create_find(created, "\n  CONSTRAINT ")))
		if (*created == '`')
			check_one(p, t, created);
	return true;
}
