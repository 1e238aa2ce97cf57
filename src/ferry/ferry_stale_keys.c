/* A foreign key follows its parent: RENAME TABLE, or a new name for a column of the parent, changes
 * the definition of each child, which the statement does not name. The target does not do the same,
 * as the parent is dropped there and created by its new definition: its children would refer to a
 * table that is gone, and take no row any more once the application writes there.
 *
 * So when tables are to be copied again, the tables whose foreign keys on the target refer to one
 * of these are looked at: where the source does not have the same key, the table is copied again,
 * too. A key that only the source has needs no look: the one that it was is only on the target. */
#include "ferry_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "create/create_statement.h"
#include "plan/foreign_key.h"
#include "plan/name_filter.h"

struct child {
	struct ferry *f;
	const struct table *table;
	struct table_name target;
	struct buf here, there; /* SHOW CREATE TABLE; that of the source once it is needed */
};

/* The schema is that of the child where the key does not name one. */
static bool is_table(const struct table_name *table, const struct foreign_key *key,
		     const char *schema)
{
	return strcasecmp(table->schema, *key->parent_schema ? key->parent_schema : schema) == 0 &&
	       strcasecmp(table->name, key->parent_table) == 0;
}

/* A table that is gone on the source may have more than one dot in its name: then it is unknown
 * what it was called on the target, and it stays there. */
static bool is_of_recopied(const struct child *c, const struct foreign_key *key)
{
	const struct ferry *f = c->f;
	bool is_one = false;

	for (size_t i = 0; i < f->recopies.count && !is_one; i++) {
		const char *full = f->recopies.items[i].table, *dot = strchr(full, '.');
		const struct table *now = schema_find(&f->schema, full);

		if (!f->recopies.items[i].is_pending || (!now && (!dot || strchr(dot + 1, '.'))))
			continue;
		char *schema =
			now ? mem_strdup(now->schema) : mem_memdup(full, (size_t)(dot - full));
		struct table_name target =
			name_on_target(&f->options, schema, now ? now->name : dot + 1);

		is_one = is_table(&target, key, c->target.schema);
		free(schema);
	}
	return is_one;
}

static bool are_same_columns(const struct foreign_key *a, const struct foreign_key *b)
{
	if (a->column_count != b->column_count || a->parent_column_count != b->parent_column_count)
		return false;
	for (unsigned i = 0; i < a->column_count && i < KEY_COLUMNS_MAX; i++)
		if (strcasecmp(a->columns[i], b->columns[i]) != 0)
			return false;
	for (unsigned i = 0; i < a->parent_column_count && i < KEY_COLUMNS_MAX; i++)
		if (strcasecmp(a->parent_columns[i], b->parent_columns[i]) != 0)
			return false;
	return true;
}

/* A table that the run created has the parent's name as it is on the source (but for the database,
 * where it is the child's own); one that was there before may have the one that Rewrites give. */
static bool is_same(const struct child *c, const struct foreign_key *on_source,
		    const struct foreign_key *on_target)
{
	const char *own = *on_source->parent_schema ? on_source->parent_schema : c->table->schema;
	const struct table_name verbatim = { *on_source->parent_schema ? on_source->parent_schema :
									 c->target.schema,
					     on_source->parent_table };
	const struct table_name rewritten =
		name_on_target(&c->f->options, own, on_source->parent_table);

	return are_same_columns(on_source, on_target) &&
	       (is_table(&verbatim, on_target, c->target.schema) ||
		is_table(&rewritten, on_target, c->target.schema));
}

static bool is_on_source(struct child *c, const struct foreign_key *key, bool *is_there,
			 struct error *err)
{
	struct foreign_key other;
	const char *at;

	*is_there = false;
	if (c->here.length == 0 &&
	    !create_show_table(c->f->source, c->table->schema, c->table->name, &c->here, err))
		return false;
	for (at = c->here.data; !*is_there && foreign_key_next(&at, &other);)
		*is_there = is_same(c, &other, key);
	return true;
}

/* *stale: the key that the source does not have; its name is "" if there is none. */
static bool find_stale(struct child *c, struct foreign_key *stale, struct error *err)
{
	bool is_there = true;
	const char *at;

	stale->name[0] = '\0';
	if (!create_show_table(c->f->target, c->target.schema, c->target.name, &c->there, err))
		return err->server_code == 1146 || err->server_code == 1049; /* to be created */
	for (at = c->there.data; is_there && foreign_key_next(&at, stale);)
		if (is_of_recopied(c, stale) && !is_on_source(c, stale, &is_there, err))
			return false;
	if (is_there)
		stale->name[0] = '\0';
	return true;
}

bool ferry_find_stale_keys(struct ferry *f, const struct table *table, bool *is_stale,
			   struct error *err)
{
	struct child c = { .f = f,
			   .table = table,
			   .target = name_on_target(&f->options, table->schema, table->name),
			   .here = BUF_INIT,
			   .there = BUF_INIT };
	struct foreign_key stale;
	bool ok = find_stale(&c, &stale, err);

	*is_stale = ok && stale.name[0];
	if (*is_stale)
		error_set(err, ERROR_SCHEMA,
			  "table %s: its foreign key %s follows %s, which was changed on the source",
			  table->full_name, stale.name, stale.parent_table);
	else if (!ok)
		error_wrap(err, "table %s: look at its foreign keys", table->full_name);
	buf_release(&c.here);
	buf_release(&c.there);
	return ok;
}
