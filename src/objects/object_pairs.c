/* The source's objects are translated for the target as they are read, so all that remains to be
 * checked later is whether the target has them in that form. */
#include "objects/object_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/db_rows.h"
#include "db/sql.h"
#include "objects/object_text.h"
#include "plan/name_filter.h"

bool object_databases_load(struct string_list *schemas, const struct move_options *options,
			   struct db *source, struct error *err)
{
	struct db_rows rows = db_rows_of(source,
					 "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
					 " ORDER BY SCHEMA_NAME",
					 err);

	*schemas = (struct string_list){ .count = 0 };
	while (db_rows_next(&rows)) {
		const char *schema = db_rows_text(&rows, 0);

		if (!name_is_chosen(options, schema, NULL))
			continue;
		schemas->items =
			mem_resize(schemas->items, schemas->count + 1, sizeof(*schemas->items));
		schemas->items[schemas->count++] = mem_strdup(schema);
	}
	return rows.ok;
}

void object_databases_release(struct string_list *schemas)
{
	for (size_t i = 0; i < schemas->count; i++)
		free(schemas->items[i]);
	free(schemas->items);
}

/* NULL: there is no such database. */
static bool load_default(char **collation, struct db *db, const char *schema, struct error *err)
{
	struct buf value = BUF_INIT, name = BUF_INIT;
	bool found, ok;

	sql_text(&name, schema);
	ok = db_value(db, &value, &found, err,
		      "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
		      " WHERE SCHEMA_NAME = %s",
		      buf_text(&name));
	*collation = ok && found ? buf_take(&value) : NULL;
	buf_release(&value);
	buf_release(&name);
	return ok;
}

static void note_others(struct object_pairs *pairs)
{
	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const char *own = pairs->wanted.items[i].database_collation;

		if (!*own || strcmp(own, pairs->default_there) == 0)
			continue;
		pairs->has_others = true;
		pairs->is_left_over |= pairs->default_here && strcmp(own, pairs->default_here) == 0;
	}
}

/* Keeps the objects that are chosen, translated, and releases the others. */
static void choose(struct object_list *list, const struct object_terms *terms)
{
	struct object_list others = { .count = 0 };
	size_t kept = 0;

	others.items = mem_calloc(list->count + 1, sizeof(*others.items));
	for (size_t i = 0; i < list->count; i++) {
		struct object *o = &list->items[i];

		if (!object_is_chosen(terms->options, o)) {
			others.items[others.count++] = *o;
			continue;
		}
		object_translate(o, terms);
		list->items[kept++] = *o;
	}
	list->count = kept;
	object_list_release(&others);
}

bool object_pairs_load(struct object_pairs *pairs, const struct move_options *options,
		       const struct map *collations, const char *schema, enum object_kind first,
		       enum object_kind last, struct db *source, struct db *target,
		       struct error *err)
{
	struct object_terms terms = { .options = options, .collations = collations };

	*pairs = (struct object_pairs){
		.schema_here = mem_strdup(database_on_target(options, schema)),
	};
	if (!load_default(&pairs->default_there, source, schema, err) ||
	    !load_default(&pairs->default_here, target, pairs->schema_here, err))
		return false;
	terms.source = db_version(source);
	terms.target = db_version(target);
	if (!pairs->default_there) /* dropped just now */
		pairs->default_there = mem_strdup("");
	terms.default_there = pairs->default_there;
	terms.default_here = pairs->default_here ? pairs->default_here : terms.default_there;
	pairs->exact = object_prints_alike(terms.source, terms.target);
	for (enum object_kind kind = first; kind <= last; kind++)
		if (object_kind_is_moved(options, kind) &&
		    (!object_list_load(&pairs->wanted, source, kind, schema, NULL, err) ||
		     !object_list_load(&pairs->there, target, kind, pairs->schema_here, NULL, err)))
			return false;
	note_others(pairs);
	if (pairs->is_left_over)
		terms.default_here = terms.default_there;
	choose(&pairs->wanted, &terms);
	return true;
}

void object_pairs_release(struct object_pairs *pairs)
{
	object_list_release(&pairs->wanted);
	object_list_release(&pairs->there);
	free(pairs->schema_here);
	free(pairs->default_there);
	free(pairs->default_here);
}

bool object_pairs_has(const struct object_pairs *pairs, const struct object *wanted)
{
	const struct object *there = object_list_find(&pairs->there, wanted);

	return there && object_agrees(wanted, there, pairs->exact);
}
