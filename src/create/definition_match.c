/* Values travel as the bytes the source holds, so they must mean the same in both columns; the
 * exceptions are character sets of which one contains the other, byte for byte.
 *
 * Keys matter as much. A row is recognised by the key that the copy uses, hence the target must
 * enforce just that one. A unique key that the source does not have would make REPLACE delete rows
 * that still exist on the source. */
#include "create/definition_match.h"

#include <limits.h>
#include <string.h>

#include "plan/collation.h"
#include "plan/collation_rewrite.h"
#include "db/type_text.h"

struct comparison {
	const struct moved_table *t;
	const struct table *source;
	const struct table *target;
	struct findings *findings;
	struct buf name; /* of the target table, as SQL */
};

#define MYSQL_DECIMALS_MAX 30

static const char alike[] = "make the definitions alike, have the table created under another name "
			    "(Databases.Rewrites, Tables.Rewrites), or leave it out "
			    "(Tables.Blacklist)";
/* The target may not know the source's expression: then another name does not help. */
static const char generate_it[] =
	"make it a generated column there too, by an expression that gives "
	"the same values, drop it on the source until the move is done, "
	"or leave the table out (Tables.Blacklist)";

/* Is every text of the one the same bytes in the other? From utf8mb4 to utf8mb3 the
 * server refuses what does not fit. */
static bool same_bytes(const char *from, const char *to)
{
	return charset_equal(from, to) ||
	       (strcmp(from, "ascii") == 0 &&
		(charset_equal(to, "utf8mb4") || strcmp(to, "latin1") == 0));
}

/* MySQL has no more than 30 decimals: values that need them stop the run. Rows are recognised
 * by the text of their keys. */
static bool fewer_decimals(const struct comparison *c, const struct column *source,
			   const struct column *target)
{
	for (unsigned i = 0; i < c->t->key.count; i++)
		if (c->t->key.columns[i] == source->position)
			return false;
	return c->t->target_is_mysql && c->t->key.count > 0 && source->type == COLUMN_DECIMAL &&
	       target->type == COLUMN_DECIMAL && source->is_unsigned == target->is_unsigned &&
	       source->scale > MYSQL_DECIMALS_MAX && target->scale == MYSQL_DECIMALS_MAX;
}

static void add(struct comparison *c, const struct column *column, const char *what,
		const char *source, const char *target)
{
	finding_add(c->findings, FINDING_ERROR, alike,
		    "target: column %s of %s %s: %s on the source, %s on the target", column->name,
		    buf_text(&c->name), what, source, target);
}

static void compare_types(struct comparison *c, const struct column *source,
			  const struct column *target)
{
	bool is_set = source->type == COLUMN_ENUM || source->type == COLUMN_SET;
	/* MariaDB's JSON is a LONGTEXT. */
	bool json_as_text = source->type == COLUMN_JSON && target->type == COLUMN_TEXT &&
			    target->length_bytes == 4 && strcmp(target->charset, "utf8mb4") == 0;
	/* MySQL's own JSON in the place of MariaDB's. Not in a table without a key: it is changed
	 * by comparing whole rows, and MySQL stores another text of the document. */
	bool text_as_json = source->type == COLUMN_TEXT && target->type == COLUMN_JSON &&
			    c->t->key.count > 0 && same_bytes(source->charset, "utf8mb4");

	if (json_as_text || text_as_json || fewer_decimals(c, source, target))
		return;
	/* ENUM and SET travel as numbers: further members at the end change none of them. */
	if (is_set ? !column_same_members(source, target, source->member_count) :
		     !type_text_equal(source->raw_type, target->raw_type))
		add(c, source, "is of another type", source->raw_type, target->raw_type);
	else if (!is_set && !same_bytes(source->charset, target->charset))
		add(c, source, "has another character set", source->charset, target->charset);
}

static void compare_column(struct comparison *c, const struct column *source)
{
	const struct column *target = table_column_of_other(c->target, source);
	bool is_written = column_is_written(source);

	if (!target) {
		finding_add(c->findings, FINDING_ERROR, alike,
			    "target: table %s has no column %s (%s)", buf_text(&c->name),
			    source->name, source->raw_type);
		return;
	}
	compare_types(c, source, target);
	if (!is_written && column_is_written(target))
		finding_add(c->findings, FINDING_ERROR, generate_it,
			    "target: column %s of %s is generated on one side only: generated on the "
			    "source, plain on the target",
			    source->name, buf_text(&c->name));
	else if (is_written != column_is_written(target))
		add(c, source, "is generated on one side only", "plain", "generated");
	else if (is_written && source->is_nullable && !target->is_nullable)
		add(c, source, "may be NULL on one side only", "NULL", "NOT NULL");
}

static void check_extra_columns(struct comparison *c, const struct map *without_default)
{
	struct buf key = BUF_INIT;

	for (unsigned i = 0; i < c->target->column_count; i++) {
		const struct column *column = &c->target->columns[i];

		if (table_column_of_other(c->source, column) || !column_is_written(column) ||
		    column->is_auto_increment)
			continue;
		buf_clear(&key);
		sql_table_name(&key, c->target->schema, c->target->name);
		buf_putc(&key, '.');
		sql_name(&key, column->name);
		if (map_get(without_default, key.data, key.length))
			finding_add(c->findings, FINDING_ERROR, alike,
				    "target: column %s of %s is not on the source, is NOT NULL and "
				    "has no default",
				    column->name, buf_text(&c->name));
	}
	buf_release(&key);
}

/* Is there a part of the index for the column, with the same prefix? */
static bool has_part(const struct table *table, const struct table_index *index, const char *name,
		     unsigned prefix)
{
	for (unsigned i = 0; i < index->part_count; i++) {
		unsigned column = index->parts[i].column;

		if (column != UINT_MAX && strcasecmp(table->columns[column].name, name) == 0)
			return index->parts[i].prefix == prefix;
	}
	return false;
}

/* The same parts, in whatever order; parts that are expressions are identified by the index's
 * name. */
static bool same_index(const struct table *a, const struct table_index *left, const struct table *b,
		       const struct table_index *right)
{
	if (left->part_count != right->part_count)
		return false;
	for (unsigned i = 0; i < left->part_count; i++) {
		const struct index_part *part = &left->parts[i];

		if (part->column == UINT_MAX) {
			if (strcasecmp(left->name, right->name) != 0)
				return false;
		} else if (!has_part(b, right, a->columns[part->column].name, part->prefix)) {
			return false;
		}
	}
	return true;
}

static const struct table_index *find_unique(const struct table *in, const struct table *of,
					     const struct table_index *wanted)
{
	for (unsigned i = 0; i < in->index_count; i++)
		if (in->indexes[i].is_unique && same_index(of, wanted, in, &in->indexes[i]))
			return &in->indexes[i];
	return NULL;
}

static bool is_copy_key(const struct key_columns *key, const struct table *target,
			const struct table_index *index)
{
	if (!index->is_unique || index->is_nullable || index->part_count != key->count)
		return false;
	for (unsigned i = 0; i < key->count; i++)
		if (!has_part(target, index, key->table->columns[key->columns[i]].name, 0))
			return false;
	return true;
}

static void check_copy_key(struct comparison *c)
{
	const struct key_columns *key = &c->t->key;
	struct buf columns = BUF_INIT, remedy = BUF_INIT;
	const char *kind = table_primary(c->target) ? "UNIQUE" : "PRIMARY";
	bool may_be_null = false;

	for (unsigned i = 0; i < c->target->index_count; i++)
		if (is_copy_key(key, c->target, &c->target->indexes[i]))
			return;
	for (unsigned i = 0; i < key->count; i++) {
		const struct column *column = &key->table->columns[key->columns[i]];
		const struct column *there = table_column_of_other(c->target, column);

		buf_puts(&columns, i ? ", " : "");
		sql_name(&columns, column->name);
		may_be_null = may_be_null || (there && there->is_nullable);
	}
	buf_printf(&remedy, "ALTER TABLE %s ADD %s KEY (%s)", buf_text(&c->name), kind,
		   buf_text(&columns));
	if (may_be_null && table_primary(c->target))
		buf_puts(&remedy, ", and make its columns NOT NULL");
	finding_add(c->findings, FINDING_ERROR, buf_text(&remedy),
		    "target: table %s has no UNIQUE key over just the NOT NULL columns (%s), by "
		    "which its rows are recognised",
		    buf_text(&c->name), buf_text(&columns));
	buf_release(&columns);
	buf_release(&remedy);
}

static void compare_orders(struct comparison *c, const struct table_index *index,
			   const struct map *rewrites)
{
	for (unsigned i = 0; i < index->part_count; i++) {
		unsigned position = index->parts[i].column;
		const struct column *source =
			position != UINT_MAX ? &c->source->columns[position] : NULL;
		const struct column *target =
			source ? table_column_of_other(c->target, source) : NULL;

		const char *wanted =
			target ? collation_on_target(rewrites, source->collation) : NULL;

		if (target && !collation_is_exact(target->collation) &&
		    !collation_agrees(wanted, FLAVOUR_MYSQL, target->collation, FLAVOUR_MYSQL))
			add(c, source, "is unique under another collation", wanted,
			    target->collation);
	}
}

static void compare_unique_keys(struct comparison *c)
{
	for (unsigned i = 0; i < c->target->index_count; i++) {
		const struct table_index *index = &c->target->indexes[i];
		struct buf remedy = BUF_INIT;

		if (!index->is_unique || find_unique(c->source, c->target, index))
			continue;
		buf_printf(&remedy, "ALTER TABLE %s DROP INDEX ", buf_text(&c->name));
		sql_name(&remedy, index->name);
		finding_add(c->findings, FINDING_ERROR, buf_text(&remedy),
			    "target: the unique key %s of %s is not on the source; rows could push "
			    "each other out",
			    index->name, buf_text(&c->name));
		buf_release(&remedy);
	}
	for (unsigned i = 0; i < c->source->index_count; i++) {
		const struct table_index *index = &c->source->indexes[i];

		if (!index->is_unique)
			continue;
		if (!is_copy_key(&c->t->key, c->source, index) &&
		    !find_unique(c->target, c->source, index))
			finding_add(c->findings, FINDING_WARNING, alike,
				    "target: table %s lacks the source's unique key %s",
				    buf_text(&c->name), index->name);
	}
}

void target_definition_check(const struct moved_table *t, const struct table *target,
			     const struct map *without_default, struct findings *findings)
{
	struct comparison c = { .t = t, .source = t->source, .target = target, .findings = findings };

	sql_table_name(&c.name, target->schema, target->name);
	if (strcasecmp(target->engine, "InnoDB") != 0 &&
	    !(t->keeps_engine && strcasecmp(target->engine, t->source->engine) == 0))
		finding_add(findings, FINDING_ERROR, alike,
			    "target: table %s uses the engine %s; rows and positions are safe in "
			    "InnoDB only",
			    buf_text(&c.name), target->engine);
	for (unsigned i = 0; i < c.source->column_count; i++)
		compare_column(&c, &c.source->columns[i]);
	check_extra_columns(&c, without_default);
	if (t->key.count > 0)
		check_copy_key(&c);
	compare_unique_keys(&c);
	buf_release(&c.name);
}

void target_definition_check_orders(const struct moved_table *t, const struct table *target,
				    const struct map *rewrites, struct findings *findings)
{
	struct comparison c = { .t = t, .source = t->source, .target = target, .findings = findings };

	sql_table_name(&c.name, target->schema, target->name);
	for (unsigned i = 0; i < c.source->index_count; i++)
		if (c.source->indexes[i].is_unique)
			compare_orders(&c, &c.source->indexes[i], rewrites);
	buf_release(&c.name);
}
