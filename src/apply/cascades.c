/* A change of a parent that a foreign key acts on (P) is resolved where it stands in the stream, by
 * the streamer's thread:
 *
 *   deliver P; wait until all earlier changes of the tables below are applied, and the rows of
 *   reads that were under way are written (C1); collect the children on the target (C2) and those
 *   below them (C3); copy them again from the source, bottom up; go on.
 *
 * Changes of one table that follow each other are resolved together: nothing but themselves changes
 * a table below, as any other change makes them be resolved first. A row below that several of them
 * change is found by what it was before the first: so none may find only what an earlier one made.
 * As foreign keys hand on values as they are, it does not as long as none of the values that it
 * takes away was given by an earlier one. Hence nothing is resolved together with an earlier change
 * that gave a value which others may equal without having its bytes, nor with an update of a
 * table that leads to itself, which changes a table below.
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

#define HELD_MAX 1000

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

/* Of the tables as they have been created. */
static bool check_collations(const struct cascades *c, const struct cascade *key,
			     const struct db *source, const struct db *target, struct error *err)
{
	const struct table *there = c->diff.pairs.there[key->child->index];
	struct error why = ERROR_INIT;

	for (unsigned n = 0; there && n < key->count; n++) {
		const struct column *column = &key->child->source->columns[key->columns[n]];
		const struct column *other = table_column_of_other(there, column);

		if (other && !cascade_is_found(column, db_version(source)->flavour,
					       other->collation, db_version(target)->flavour, &why))
			return error_set(err, ERROR_UNSUPPORTED,
					 "table %s: %s: what a foreign key of it changes on the source "
					 "without logging it cannot be carried; drop it for the time of "
					 "the move, or set SkipForeignKeyConstraintsCheck if no row of "
					 "the parent is deleted or gets another key meanwhile",
					 key->child->source->full_name, why.text);
	}
	return true;
}

/* Treats what cannot be carried as the start-up checks do. */
static bool check_keys(struct cascades *c, const struct db *target, struct error *err)
{
	const struct moved_tables *tables = c->run->tables;
	const struct db *source = cascade_rows_source(&c->rows, err);

	for (size_t i = 0; source && i < tables->cascade_count; i++) {
		struct cascade *key = &tables->cascades[i];

		if (check_collations(c, key, source, target, err))
			continue;
		if (!c->run->options->skip_foreign_key_check)
			return false;
		log_warn("%s", err->text);
		key->on_delete = key->on_update = FOREIGN_KEY_REFUSES;
		tables->tables[key->child->index]->may_change_unlogged = true;
	}
	return source != NULL;
}

static void mark_tables(struct cascades *c)
{
	const struct moved_tables *tables = c->run->tables;

	for (size_t i = 0; i < tables->cascade_count; i++) {
		c->is_parent[tables->cascades[i].parent->index] = true;
		c->is_child[tables->cascades[i].child->index] = true;
	}
	for (size_t i = 0; i < tables->count; i++) {
		tables->tables[i]->passes_cascades = cascade_passes(tables, tables->tables[i]);
		c->is_circular[i] = cascade_reaches_itself(tables, tables->tables[i]);
	}
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
	c->is_circular = mem_calloc(count, sizeof(*c->is_circular));
	c->below = mem_calloc(count, sizeof(*c->below));
	c->doubts = mem_calloc(count, sizeof(*c->doubts));
	c->held.changes = mem_calloc(HELD_MAX, sizeof(*c->held.changes));
	map_init(&c->held.given);
	mutex_init(&c->lock);
	mark_tables(c);
	cascade_rows_init(&c->rows, run, verifier, &c->cascade_plan);
	if (is_resumed)
		restore(c, stage);
	doubt_recopied(c);
	if (table_diff_load(&c->diff, &c->options, run->tables, target, run->stop, err) &&
	    check_keys(c, target, err)) {
		log_info("foreign keys whose changes are not in the source's binlog: %zu, carried",
			 run->tables->cascade_count);
		return c;
	}
	cascades_free(c);
	return NULL;
}

static void forget_held(struct held_changes *held)
{
	for (size_t i = 0; i < held->count; i++) {
		free(held->changes[i].before);
		free(held->changes[i].after);
	}
	held->count = 0;
	held->parent = NULL;
	held->is_vague = false;
	map_clear(&held->given);
}

void cascades_free(struct cascades *c)
{
	if (!c)
		return;
	forget_held(&c->held);
	free(c->held.changes);
	map_release(&c->held.given);
	cascade_rows_release(&c->rows);
	table_diff_release(&c->diff);
	mutex_destroy(&c->lock);
	free(c->is_parent);
	free(c->is_child);
	free(c->is_circular);
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

static bool resolve(struct cascades *c, struct error *err)
{
	const struct held_changes *held = &c->held;
	const char *name = held->parent->source->full_name;
	uint64_t written = c->rows.written;
	bool was_ahead;

	probe("before_cascade", "%s", name);
	if (!binlog_writer_settle(c->writer, c->below, err) || !take_ahead(c, &was_ahead, err))
		return false;
	c->rows.is_in_doubt = was_ahead || !is_certain_at(c, &held->from);
	bool ok = cascade_rows_add(&c->rows, held->parent, held->changes, held->count, err);

	if (ok)
		probe("cascade_collected", "%s", name);
	ok = ok && cascade_rows_write(&c->rows, err);
	if (ok && c->rows.is_in_doubt)
		doubt_below(c, held->parent);
	if (!ok)
		return error_wrap(err, "carry what foreign keys change below table %s", name);
	if (c->rows.written > written)
		log_debug("%" PRIu64 " rows below table %s were looked at again",
			  c->rows.written - written, name);
	probe("after_cascade", "%s", name);
	return true;
}

static bool resolve_held(struct cascades *c, struct error *err)
{
	bool ok = !c->held.parent || resolve(c, err);

	forget_held(&c->held);
	return ok;
}

static bool is_referenced(const struct cascades *c, const struct moved_table *parent,
			  unsigned column)
{
	const struct moved_tables *tables = c->run->tables;

	for (size_t i = 0; i < tables->cascade_count; i++)
		for (unsigned n = 0; n < tables->cascades[i].count; n++)
			if (tables->cascades[i].parent == parent &&
			    tables->cascades[i].parent_columns[n] == column)
				return true;
	return false;
}

/* A copy of the values that foreign keys refer to, in one allocation. */
static struct value *hold_values(const struct cascades *c, const struct moved_table *parent,
				 const struct value *values)
{
	size_t count = parent->source->column_count, bytes = 0;
	bool wanted[SERVER_COLUMNS_MAX] = { false };

	for (unsigned i = 0; i < count; i++) {
		wanted[i] = values[i].bytes && is_referenced(c, parent, i);
		bytes += wanted[i] ? values[i].length + 1 : 0;
	}

	struct value *held = mem_calloc(1, count * sizeof(*held) + bytes);
	char *at = (char *)(held + count);

	for (size_t i = 0; i < count; i++) {
		if (!wanted[i])
			continue;
		memcpy(at, values[i].bytes, values[i].length);
		held[i] = (struct value){ at, values[i].length };
		at += values[i].length + 1;
	}
	return held;
}

static void hold(struct cascades *c, const struct moved_table *parent,
		 const struct row_change *change)
{
	struct held_changes *held = &c->held;
	struct parent_change *one = &held->changes[held->count++];

	if (!held->parent) {
		held->parent = parent;
		held->from = *change->end;
		memset(c->below, 0, c->run->tables->count * sizeof(*c->below));
		cascade_mark_below(c->run->tables, parent, c->below);
	}
	one->before = hold_values(c, parent, change->before);
	one->after = NULL;
	if (change->kind != ROW_UPDATE)
		return;
	one->after = hold_values(c, parent, change->after);
	for (unsigned i = 0; i < parent->source->column_count; i++) {
		if (!one->after[i].bytes || value_equal(&one->before[i], &one->after[i]))
			continue;
		map_put(&held->given, one->after[i].bytes, one->after[i].length, c);
		held->is_vague |= !cascade_is_exact(&parent->source->columns[i]);
	}
}

/* Is the row as an earlier one of the held changes made it, in any of the referenced columns? */
static bool is_given(const struct cascades *c, const struct moved_table *parent,
		     const struct value *before)
{
	for (unsigned i = 0; c->held.given.count > 0 && i < parent->source->column_count; i++)
		if (before[i].bytes && is_referenced(c, parent, i) &&
		    map_get(&c->held.given, before[i].bytes, before[i].length))
			return true;
	return false;
}

/* May it be resolved together with the held ones? See above. */
static bool joins(const struct cascades *c, const struct moved_table *table,
		  const struct row_change *change)
{
	const struct held_changes *held = &c->held;

	return table == held->parent && held->count < HELD_MAX && change->kind != ROW_INSERT &&
	       (change->kind == ROW_DELETE || !c->is_circular[table->index]) && !held->is_vague &&
	       !is_given(c, table, change->before);
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

	if (c->held.parent && !joins(c, table, change) && !resolve_held(c, err))
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
	hold(c, table, change);
	return change->kind == ROW_DELETE || !c->is_circular[table->index] || resolve_held(c, err);
}

bool cascades_boundary(struct cascades *c, struct error *err)
{
	bool was_ahead = false;

	if (!resolve_held(c, err))
		return false;
	/* Not only at the next relevant change, which may come much later. */
	return !(atomic_load(&c->run->rows_are_ahead) || c->was_repeated) ||
	       take_ahead(c, &was_ahead, err);
}
