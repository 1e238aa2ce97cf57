/* A change of a parent that a foreign key acts on (P) is resolved where it stands in the stream, by
 * the streamer's thread:
 *
 *   deliver P; wait until all earlier changes of the tables below are applied, and the rows of
 *   reads that were under way are written (C1); collect the children on the target (C2) and those
 *   below them (C3); copy them again from the source, bottom up; go on.
 *
 * Rows of one table that are deleted one after the other are resolved together: nothing between
 * them changes a table below, as any other change makes them be resolved first.
 *
 * Children of P itself are found whatever has happened: each row of the target is what the source
 * had at P or later, and one that still refers to what P took away is not later. Those further
 * below are found through rows that must be what they were at P. That is certain beyond
 * certain_from; before it, tables below the first level are in doubt, and compared as a whole
 * before the cutover (C4):
 *
 *  - certain_from is the end of the source's binlog, read by each process when all tables are
 *    copied. So it covers the copy, and what a resumed run receives again: whatever was written by
 *    then is not newer.
 *  - Rows that were copied again for another reason (a repair, lax_writer.c), or that became
 *    something other than what the foreign key makes of them (cascade_rows.c), raise it to the end
 *    of the source's binlog after that, as does a lost connection after which changes come again.
 *
 * A kill at any point: the position is recorded after the resolution (C5), as the boundary is
 * delivered after it; the resumed run gets P again, before certain_from. A doubt is in the state
 * before the position passes the P that caused it. */
#include "cascades_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "stream/feed.h"
#include "verify/verifier.h"

static const char log_tag[] = "cascades";

#define GONE_MAX 1000

/* --- doubts -------------------------------------------------------------------------------- */

void cascades_doubt(struct cascades *c, size_t table, const char *why)
{
	mutex_lock(&c->lock);
	bool is_new = c->doubts[table] == 0;
	c->doubts[table] = ++c->doubt_count;
	mutex_unlock(&c->lock);
	if (is_new)
		log_info("table %s will be compared as a whole before the cutover: %s",
			 c->run->tables->tables[table]->source->full_name, why);
	probe("cascade_doubt", "%s", c->run->tables->tables[table]->source->full_name);
}

/* After a change of the parent: tables with rows found through those of others, or their own. */
static void doubt_below(struct cascades *c, const struct moved_table *parent)
{
	const struct moved_tables *tables = c->run->tables;
	bool *marks = mem_calloc(tables->count + 1, sizeof(*marks));

	for (size_t i = 0; i < tables->cascade_count; i++)
		if (tables->cascades[i].parent == parent)
			cascade_mark_below(tables, tables->cascades[i].child, marks);
	for (size_t i = 0; i < tables->count; i++)
		if (marks[i])
			cascades_doubt(c, i,
				       "a foreign key changed rows there that could not be "
				       "determined exactly");
	free(marks);
}

/* A repair displaced a row, and it is not known which. */
static void displaced(void *context, size_t table)
{
	cascades_doubt(context, table, "another row gave way to one that was copied again");
}

cJSON *cascades_nothing_in_doubt(void)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddArrayToObject(object, "InDoubt");
	return object;
}

cJSON *cascades_state(struct cascades *c)
{
	cJSON *object, *array;

	if (!c)
		return NULL;
	object = cascades_nothing_in_doubt();
	array = cJSON_GetObjectItemCaseSensitive(object, "InDoubt");
	mutex_lock(&c->lock);
	for (size_t i = 0; i < c->run->tables->count; i++)
		if (c->doubts[i])
			cJSON_AddItemToArray(array,
					     cJSON_CreateString(
						     c->run->tables->tables[i]->source->full_name));
	mutex_unlock(&c->lock);
	return object;
}

/* --- set-up ---------------------------------------------------------------------------------- */

/* A table in the state that is no longer selected is refused elsewhere. */
static void restore(struct cascades *c, const cJSON *stage)
{
	const struct moved_tables *tables = c->run->tables;
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(stage, "InDoubt");
	const cJSON *item;

	for (size_t i = 0; i < tables->count; i++) {
		/* Nothing was carried: by another version, or one configured not to. */
		bool is_in_doubt = c->is_child[i] && !cJSON_IsArray(array);

		cJSON_ArrayForEach(item, array) is_in_doubt |=
			cJSON_IsString(item) &&
			strcmp(item->valuestring, tables->tables[i]->source->full_name) == 0;
		if (is_in_doubt)
			cascades_doubt(c, i, "it was in doubt in the resumed state");
	}
}

/* Changes of these in the stream before their own position are skipped (D2), and so is what they
 * caused below. */
static void doubt_recopied(struct cascades *c)
{
	const struct moved_tables *tables = c->run->tables;
	bool *marks = mem_calloc(tables->count + 1, sizeof(*marks));

	for (size_t i = 0; i < tables->count; i++)
		if (c->is_parent[i] && c->run->recopies &&
		    recopies_find(c->run->recopies, tables->tables[i]->source->full_name))
			cascade_mark_below(tables, tables->tables[i], marks);
	for (size_t i = 0; i < tables->count; i++)
		if (marks[i])
			cascades_doubt(c, i, "a table that it refers to is copied again");
	free(marks);
}

/* The target finds children by its own collation, so it has to be the source's. */
static bool check_collations(const struct cascades *c, const struct cascade *key, struct error *err)
{
	const struct table *there = c->diff.pairs.there[key->child->index];

	for (unsigned n = 0; there && n < key->count; n++) {
		const struct column *column = &key->child->source->columns[key->columns[n]];
		const struct column *other = table_column_of_other(there, column);

		if (other && column_is_text(column) &&
		    strcmp(column->collation, other->collation) != 0)
			return error_set(err, ERROR_UNSUPPORTED,
					 "column %s of table %s has the collation %s, and %s on the "
					 "target: what a foreign key of it changes on the source without "
					 "logging it cannot be carried; drop it for the time of the "
					 "move, or set SkipForeignKeyConstraintsCheck if no row of the "
					 "parent is deleted or gets another key meanwhile",
					 column->name, key->child->source->full_name,
					 column->collation, other->collation);
	}
	return true;
}

/* Treats what cannot be carried as the start-up checks do. */
static bool check_keys(struct cascades *c, struct error *err)
{
	const struct moved_tables *tables = c->run->tables;

	for (size_t i = 0; i < tables->cascade_count; i++) {
		struct cascade *key = &tables->cascades[i];

		if (check_collations(c, key, err))
			continue;
		if (!c->run->options->skip_foreign_key_check)
			return false;
		log_warn("%s", err->text);
		key->on_delete = key->on_update = FOREIGN_KEY_REFUSES;
		tables->tables[key->child->index]->may_change_unlogged = true;
	}
	return true;
}

static void mark_tables(struct cascades *c)
{
	const struct moved_tables *tables = c->run->tables;

	for (size_t i = 0; i < tables->cascade_count; i++) {
		c->is_parent[tables->cascades[i].parent->index] = true;
		c->is_child[tables->cascades[i].child->index] = true;
	}
	for (size_t i = 0; i < tables->count; i++)
		tables->tables[i]->passes_cascades = cascade_passes(tables, tables->tables[i]);
}

struct cascades *cascades_new(struct run *run, struct binlog_writer *writer,
			      struct verifier *verifier, struct db *target, const cJSON *stage,
			      bool is_resumed, const struct cascades_hooks *hooks, struct error *err)
{
	struct cascades *c = mem_calloc(1, sizeof(*c));
	size_t count = run->tables->count + 1;

	c->run = run;
	c->writer = writer;
	c->hooks = *hooks;
	c->options = *run->options;
	map_init(&c->options.verify.ignored_columns);
	map_init(&c->options.verify.ignored_bare);
	c->cascade_plan = (struct repair_plan){
		.run = run, .displaced = displaced, .context = c, .is_cascade = true
	};
	c->check_plan = (struct repair_plan){ .run = run, .displaced = displaced, .context = c };
	c->is_parent = mem_calloc(count, sizeof(*c->is_parent));
	c->is_child = mem_calloc(count, sizeof(*c->is_child));
	c->below = mem_calloc(count, sizeof(*c->below));
	c->doubts = mem_calloc(count, sizeof(*c->doubts));
	mutex_init(&c->lock);
	mark_tables(c);
	cascade_rows_init(&c->rows, run, verifier, &c->cascade_plan);
	if (is_resumed)
		restore(c, stage);
	doubt_recopied(c);
	if (table_diff_load(&c->diff, &c->options, run->tables, target, run->stop, err) &&
	    check_keys(c, err)) {
		log_info("foreign keys whose changes are not in the source's binlog: %zu, carried",
			 run->tables->cascade_count);
		return c;
	}
	cascades_free(c);
	return NULL;
}

static void forget_gone(struct cascades *c)
{
	while (c->gone) {
		struct gone_parent *next = c->gone->next;

		free(c->gone->values);
		free(c->gone);
		c->gone = next;
	}
	c->gone_count = 0;
	c->parent = NULL;
}

void cascades_free(struct cascades *c)
{
	if (!c)
		return;
	forget_gone(c);
	cascade_rows_release(&c->rows);
	table_diff_release(&c->diff);
	mutex_destroy(&c->lock);
	free(c->is_parent);
	free(c->is_child);
	free(c->below);
	free(c->doubts);
	free(c);
}

/* --- certainty --------------------------------------------------------------------------------- */

static void raise_certain_from(struct cascades *c, const struct binlog_position *end)
{
	mutex_lock(&c->lock);
	if (!binlog_position_is_set(&c->certain_from) ||
	    binlog_position_compare(&c->certain_from, end) < 0)
		c->certain_from = *end;
	mutex_unlock(&c->lock);
}

/* The end of the source's binlog now: whatever was read before is not newer. */
static bool read_end(struct cascades *c, struct error *err)
{
	struct binlog_position end;
	struct db *source = cascade_rows_source(&c->rows, err);

	if (!source)
		return false;
	for (struct retry retry = run_write_begin(c->run, "read the source's position", log_tag);
	     retry_next(&retry, err);)
		if (db_ready(source, err) && binlog_current_position(source, &end, err)) {
			raise_certain_from(c, &end);
			return true;
		}
	return error_wrap(err, "read the source's position");
}

/* Consumes what happened since the last call: if anything did, P's place is not certain. */
static bool take_ahead(struct cascades *c, bool *was_ahead, struct error *err)
{
	*was_ahead = atomic_exchange(&c->run->rows_are_ahead, false) || c->was_repeated;
	c->was_repeated = false;
	return !*was_ahead || read_end(c, err);
}

static bool is_certain_at(struct cascades *c, const struct binlog_position *end)
{
	mutex_lock(&c->lock);
	bool is_certain = c->is_copied && binlog_position_compare(end, &c->certain_from) > 0;
	mutex_unlock(&c->lock);
	return is_certain;
}

void cascades_copied(struct cascades *c, const struct binlog_position *end)
{
	raise_certain_from(c, end);
	mutex_lock(&c->lock);
	c->is_copied = true;
	mutex_unlock(&c->lock);
	probe("cascades_certain", POSITION_FORMAT, POSITION_ARGS(end));
}

/* --- resolving ---------------------------------------------------------------------------------- */

/* before NULL: all rows that are gone, of which there are no values after. */
static bool collect(struct cascades *c, const struct moved_table *parent,
		    const struct value *before, const struct value *after, struct error *err)
{
	bool ok = true;

	if (before)
		return cascade_rows_add(&c->rows, parent, before, after, err);
	for (struct gone_parent *gone = c->gone; ok && gone; gone = gone->next)
		ok = cascade_rows_add(&c->rows, parent, gone->values, NULL, err);
	return ok;
}

/* before NULL: the rows that are gone. place: where the first of the changes ended. */
static bool resolve(struct cascades *c, const struct moved_table *parent,
		    const struct value *before, const struct value *after,
		    const struct binlog_position *place, struct error *err)
{
	const char *name = parent->source->full_name;
	uint64_t written = c->rows.written;
	bool was_ahead;

	memset(c->below, 0, c->run->tables->count * sizeof(*c->below));
	cascade_mark_below(c->run->tables, parent, c->below);
	probe("before_cascade", "%s", name);
	if (!binlog_writer_settle(c->writer, c->below, err) || !take_ahead(c, &was_ahead, err))
		return false;
	c->rows.is_in_doubt = was_ahead || !is_certain_at(c, place);
	bool ok = collect(c, parent, before, after, err);

	if (ok)
		probe("cascade_collected", "%s", name);
	ok = ok && cascade_rows_write(&c->rows, err);
	if (ok && c->rows.is_in_doubt)
		doubt_below(c, parent);
	if (!ok)
		return error_wrap(err, "carry what foreign keys change below table %s", name);
	if (c->rows.written > written)
		log_debug("%" PRIu64 " rows below table %s were looked at again",
			  c->rows.written - written, name);
	probe("after_cascade", "%s", name);
	return true;
}

static bool resolve_gone(struct cascades *c, struct error *err)
{
	bool ok = !c->parent || resolve(c, c->parent, NULL, NULL, &c->gone_from, err);

	forget_gone(c);
	return ok;
}

/* A copy of the values that foreign keys refer to, in one allocation. */
static struct value *hold_values(const struct cascades *c, const struct moved_table *parent,
				 const struct value *values)
{
	const struct moved_tables *tables = c->run->tables;
	size_t count = parent->source->column_count, bytes = 0;
	bool wanted[SERVER_COLUMNS_MAX] = { false };

	for (size_t i = 0; i < tables->cascade_count; i++)
		for (unsigned n = 0; n < tables->cascades[i].count; n++)
			if (tables->cascades[i].parent == parent)
				wanted[tables->cascades[i].parent_columns[n]] = true;
	for (size_t i = 0; i < count; i++)
		bytes += wanted[i] && values[i].bytes ? values[i].length + 1 : 0;

	struct value *held = mem_calloc(1, count * sizeof(*held) + bytes);
	char *at = (char *)(held + count);

	for (size_t i = 0; i < count; i++) {
		if (!wanted[i] || !values[i].bytes)
			continue;
		memcpy(at, values[i].bytes, values[i].length);
		held[i] = (struct value){ at, values[i].length };
		at += values[i].length + 1;
	}
	return held;
}

static bool is_followed(const struct cascades *c, const struct moved_table *parent,
			const struct value *before, const struct value *after)
{
	const struct moved_tables *tables = c->run->tables;

	for (size_t i = 0; c->is_parent[parent->index] && i < tables->cascade_count; i++)
		if (tables->cascades[i].parent == parent &&
		    cascade_judge(&tables->cascades[i], before, after) != FOREIGN_KEY_REFUSES)
			return true;
	return false;
}

/* After a lost connection changes come again from further back: they are recognized by the place
 * where they end, and within it by their number. */
static void note_place(struct cascades *c, const struct row_change *change)
{
	int order = binlog_position_compare(change->end, &c->last);

	if (binlog_position_is_set(&c->last) &&
	    (order < 0 || (order == 0 && change->number <= c->last_number)))
		c->was_repeated = true;
	if (order != 0)
		c->last = *change->end;
	c->last_number = change->number;
}

bool cascades_before(struct cascades *c, const struct row_change *change, struct error *err)
{
	const struct moved_table *table = moved_tables_of(c->run->tables, change->table);

	if (c->parent &&
	    (change->kind != ROW_DELETE || table != c->parent || c->gone_count >= GONE_MAX) &&
	    !resolve_gone(c, err))
		return false;
	note_place(c, change);
	return true;
}

bool cascades_after(struct cascades *c, const struct row_change *change, struct error *err)
{
	const struct moved_table *table = moved_tables_of(c->run->tables, change->table);

	if (change->kind == ROW_INSERT ||
	    !is_followed(c, table, change->before, change->kind == ROW_DELETE ? NULL : change->after))
		return true;
	if (c->hooks.is_target_in_use)
		return error_set(err, ERROR_UNSUPPORTED,
				 "a row of %s that foreign keys follow has changed on the source "
				 "since CutoverUnlock was called, and the target may be in use: bring "
				 "over by hand what they changed",
				 table->source->full_name);
	if (change->kind == ROW_UPDATE)
		return resolve(c, table, change->before, change->after, change->end, err);

	struct gone_parent *gone = mem_calloc(1, sizeof(*gone));

	gone->values = hold_values(c, table, change->before);
	gone->next = c->gone;
	if (!c->gone)
		c->gone_from = *change->end;
	c->gone = gone;
	c->gone_count++;
	c->parent = table;
	return true;
}

bool cascades_boundary(struct cascades *c, struct error *err)
{
	bool was_ahead = false;

	if (!resolve_gone(c, err))
		return false;
	/* Not only at the next relevant change, which may come much later. */
	return !(atomic_load(&c->run->rows_are_ahead) || c->was_repeated) ||
	       take_ahead(c, &was_ahead, err);
}
