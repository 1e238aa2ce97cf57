/* What strict mode refuses, or notes something about, need not be wrong: a column for which no
 * value is sent is computed by the target, from an expression that is only lawful in a lax mode
 * ('12abc' as a number), or is rounded as it was on the source; FLOAT(10,6) at its limit is out of
 * range as digits; a POINT NOT NULL that ALTER TABLE filled is of length 0, which no statement can
 * write. Only the source can say whether it is right. So the rows are
 *
 *   read from the source again, each with its fingerprint, by one locking SELECT;
 *   START TRANSACTION; DELETE the keys; REPLACE the rows, without strict mode;
 *   each row's fingerprint read back on the target; COMMIT only if all are alike
 *
 * else rolled back. No warning needs to be understood: the fingerprint covers all columns
 * of the row, those that were sent and those that were computed.
 *
 * Why the rows may be newer than those that were to be written (I1, I2): as for a repair
 * (row_repair.c). A copied batch still has its ticket, so that changes received since it was issued
 * are applied later, over what is written here; those received before are seen by this read, which
 * begins later. The thread that applies changes has the table for itself: what this read sees
 * beyond the change at hand stands in the stream behind it and is applied by the same thread later,
 * perhaps leading the row back through older images, the last one of which is what was read here. A
 * row that is gone meanwhile is left out, as its delete comes too. If we die in between, the
 * transaction is undone and neither the key nor the position has moved.
 *
 * It is unknown in which mode rows were stored on the source, and each may have another: what is
 * lax has a few kinds, as it says of dates whether they are invalid. They are tried one after the
 * other; where none fits all rows, with half of the rows, down to one. So are the time zones: in
 * the hour that summer time makes twice a MariaDB has no literal for one of the two passes. It has
 * one under the offset of that pass as a zone, by which all is computed as by the zone itself,
 * unless another TIMESTAMP of the row lies in the other half of the year and something is computed
 * of that too: then no zone fits, and the run ends. */
#include "rows/lax_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"
#include "rows/row_hash.h"
#include "rows/owed_rows.h"
#include "plan/key_condition.h"

static const char log_tag[] = "lax_writer";

#define KEYS_PER_WRITE 200

/* Computed values depend on these. A table whose text has DATE'0000-00-00' cannot be opened in the
 * last one: then that one does not fit. */
const char *const lax_modes[LAX_MODES] = {
	DB_LAX_SQL_MODE,
	"NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION",
	"NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE",
};

/* What is known of a table once it was needed. */
struct lax_table {
	bool is_loaded;
	struct schema schema; /* the target's, of this table */
	struct row_hash hash;
	bool is_lax_first;
};

void lax_writer_init(struct lax_writer *w, struct run *run, const char *tag)
{
	*w = (struct lax_writer){ .run = run, .tag = tag };
	row_prints_init(&w->prints);
}

void lax_writer_release(struct lax_writer *w)
{
	for (size_t i = 0; w->tables && i < w->run->tables->count; i++) {
		if (!w->tables[i].is_loaded)
			continue;
		row_hash_release(&w->tables[i].hash);
		schema_release(&w->tables[i].schema);
	}
	free(w->tables);
	w->tables = NULL;
	row_reader_close(&w->reader);
	row_prints_release(&w->prints);
}

bool lax_writer_is_strict_first(const struct lax_writer *w, const struct moved_table *table)
{
	return !w->tables || !w->tables[table->index].is_lax_first;
}

bool lax_is_refusal(const struct error *err)
{
	return err->kind == ERROR_DATA || err->kind == ERROR_SQL;
}

/* --- the fingerprint -------------------------------------------------------------- */

static bool is_target(void *context, const char *schema, const char *name)
{
	const struct moved_table *table = context;

	return strcmp(schema, table->target_schema) == 0 && strcmp(name, table->target_name) == 0;
}

bool lax_hash_load(struct row_hash *hash, struct schema *schema, const struct run *run,
		   struct db *target, const struct moved_table *table, struct error *err)
{
	struct move_options options = *run->options;

	if (!schema_load(target, is_target, (void *)(uintptr_t)table, schema, err))
		return error_wrap(err, "load the target's definition of %s",
				  table->source->full_name);
	map_init(&options.verify.ignored_columns);
	map_init(&options.verify.ignored_bare);
	row_hash_make(hash, &options, table, schema->table_count ? &schema->tables[0] : NULL,
		      db_version(target)->flavour == FLAVOUR_MYSQL);
	if (!hash->finding)
		return true;
	error_set(err, ERROR_UNSUPPORTED, "rows cannot be compared: %s", hash->finding);
	row_hash_release(hash);
	schema_release(schema);
	return false;
}

static bool load(struct lax_writer *w, struct db *target, const struct moved_table *table,
		 struct lax_table **found, struct error *err)
{
	struct lax_table *known;

	if (!w->tables)
		w->tables = mem_calloc(w->run->tables->count + 1, sizeof(*w->tables));
	known = *found = &w->tables[table->index];
	if (!known->is_loaded)
		known->is_loaded =
			lax_hash_load(&known->hash, &known->schema, w->run, target, table, err);
	return known->is_loaded;
}

static bool open_source(struct lax_writer *w, struct db *target, struct error *err)
{
	if (w->reader.source)
		return true;
	if (!row_reader_open(&w->reader, w->run, write_packet_limit(target), err))
		return false;
	/* Whatever its size, the row was held before. */
	row_reader_expect(&w->reader, ROW_READER_LARGEST_ROW);
	return true;
}

/* --- one transaction --------------------------------------------------------------- */

struct lax_write {
	struct lax_writer *w;
	const struct lax_table *known;
	struct db *target;
	const char *const *conditions;
	size_t count;
	const struct moved_table *table;
	struct write_statement *statements; /* owned; the texts of the rows' are not */
	size_t statement_count;
	uint64_t warnings;
	uint64_t rows;	   /* to be inserted */
	uint64_t affected; /* by the REPLACEs */
	bool displaces;	   /* owed_rows_begin() was called */
};

/* Of the target just these keys, whatever its collations take for equal. */
static void put_conditions(struct buf *sql, const struct lax_write *a)
{
	for (size_t i = 0; i < a->count; i++) {
		buf_puts(sql, i ? " OR (" : "(");
		key_condition_put_exact(sql, &a->table->key, a->conditions[i],
					strlen(a->conditions[i]));
		buf_putc(sql, ')');
	}
}

static bool look_at_rows(struct lax_write *a, struct error *err)
{
	unsigned count = a->table->key.count;
	struct value key[KEY_COLUMNS_MAX];
	struct db_row row;
	enum db_fetch fetched;

	while ((fetched = db_row_next(a->target, &row, err)) == DB_ROW) {
		if (row.count != count + 1)
			continue; /* never: then no row is seen */
		for (unsigned i = 0; i < count; i++)
			key[i] = (struct value){ row.values[i], row.lengths[i] };
		row_prints_look(&a->w->prints, key, count,
				(struct value){ row.values[count], row.lengths[count] });
	}
	return fetched == DB_END;
}

/* Before the commit: our own rows are seen. */
static bool compare_rows(struct lax_write *a, struct error *err)
{
	const struct row_hash *f = &a->known->hash;
	struct buf sql = BUF_INIT;
	bool ok;

	buf_printf(&sql, "SELECT %s,%s FROM %s WHERE ", f->keys[SIDE_TARGET], f->row[SIDE_TARGET],
		   f->from[SIDE_TARGET]);
	put_conditions(&sql, a);
	row_prints_begin_look(&a->w->prints);
	ok = db_query(a->target, sql.data, sql.length, err) && look_at_rows(a, err);
	buf_release(&sql);
	probe("after_lax_write", "%s %zu", a->table->source->full_name, a->w->prints.seen);
	if (ok && !row_prints_are_alike(&a->w->prints))
		return error_set(err, ERROR_DATA,
				 "without strict mode the target makes another row "
				 "of it than the source has");
	return ok;
}

static bool write_once(struct lax_write *a, struct error *err)
{
	bool does_not_matter;

	a->warnings = a->affected = 0;
	if (!db_ready(a->target, err))
		return false;
	enum work before = work_begin(WORK_WRITING);
	bool ok = write_begin(a->target, a->statements, a->statement_count, err) &&
		  compare_rows(a, err);
	/* The keys were deleted: rows touched beyond those inserted were displaced, or may have
	 * been where a row is there twice (I9). */
	if (ok && a->affected > a->rows && a->table->may_displace) {
		owed_rows_begin(a->w->run->owed, &a->displaces);
		ok = owed_rows_displacing_some(a->w->run->owed, a->table, err);
	}
	ok = write_end(a->target, ok, &does_not_matter, err);
	work_begin(before);
	return ok;
}

/* A lax mode forgives NULL in a computed NOT NULL column only where a statement has several
 * rows: a single one is there twice. */
static void double_single(struct write_statement *statement, size_t head_length, size_t limit)
{
	struct buf *sql = &statement->sql;
	struct buf row = BUF_INIT;

	if (statement->rows != 1 || statement->is_alone || sql->length > limit)
		return;
	buf_add(&row, sql->data + head_length, sql->length - head_length);
	buf_putc(sql, ',');
	buf_add(sql, row.data, row.length);
	buf_release(&row);
}

static void make_statements(struct lax_write *a, struct row_batch *batch)
{
	struct buf *deletes;

	a->rows = batch->rows;
	a->statement_count = batch->statement_count + 1;
	a->statements = mem_calloc(a->statement_count, sizeof(*a->statements));
	deletes = &a->statements[0].sql;
	buf_puts(deletes, a->table->delete_head);
	put_conditions(deletes, a);
	moved_table_end_where(deletes, a->table);
	a->statements[0].zone = a->table->deletes_in_zone ? a->table->zone : NULL;
	for (size_t i = 0; i < batch->statement_count; i++) {
		a->statements[i + 1] = batch->statements[i];
		a->statements[i + 1].warnings = &a->warnings;
		a->statements[i + 1].affected = &a->affected;
	}
}

static bool try_modes(struct lax_write *a, struct error *err)
{
	struct lax_writer *w = a->w;

	for (size_t mode = 0; mode < LAX_MODES; mode++) {
		for (size_t i = 0; i < a->statement_count; i++)
			a->statements[i].mode = lax_modes[mode];
		for (struct retry r =
			     run_write_begin(w->run, "write rows without strict mode", w->tag);
		     retry_next(&r, err);)
			if (write_once(a, err))
				return true;
		if (!lax_is_refusal(err))
			break;
	}
	return false;
}

/* In one mode after the other, and in one zone after the other. */
static bool try_all(struct lax_write *a, struct error *err)
{
	const struct moved_table *t = a->table;
	bool ok = try_modes(a, err);

	for (unsigned zone = 0; !ok && lax_is_refusal(err) && zone < t->zone_offset_count; zone++) {
		struct error failure;

		for (size_t i = 0; i < a->statement_count; i++)
			if (a->statements[i].zone)
				a->statements[i].zone = t->zone_offsets[zone];
		ok = try_modes(a, &failure);
		if (!ok && !lax_is_refusal(&failure))
			*err = failure;
	}
	for (size_t i = 0; i < a->statement_count; i++)
		if (a->statements[i].zone)
			a->statements[i].zone = t->zone;
	return ok;
}

static bool write_rows(struct lax_write *a, struct row_batch *batch, struct error *err)
{
	bool ok;

	make_statements(a, batch);
	ok = try_all(a, err);
	if (!ok && lax_is_refusal(err) && batch->rows == 1) {
		double_single(&a->statements[1], strlen(batch->head), a->w->reader.packet_limit / 4);
		batch->statements[0].sql = a->statements[1].sql;
		ok = try_all(a, err);
	}
	if (a->displaces)
		owed_rows_displaced(a->w->run->owed, a->table, NULL);
	buf_release(&a->statements[0].sql);
	free(a->statements);
	return ok;
}

/* --- rows by their keys -------------------------------------------------------------- */

/* *all false: the rows are too large to be held at once, nothing was done. */
static bool write_slice(struct lax_writer *w, struct db *target, struct lax_table *known,
			const struct moved_table *table, const char *const *conditions,
			size_t count, bool *all, struct error *err)
{
	/* The ticket is the caller's. */
	struct row_batch *batch = row_batch_new(table, 0);
	struct lax_write write = { .w = w,
				   .known = known,
				   .target = target,
				   .conditions = conditions,
				   .count = count,
				   .table = table };

	batch->head = table->replace_head;
	batch->tail = "";
	batch->omits_empty = true;
	batch->sum_expression = known->hash.row[SIDE_SOURCE];
	batch->prints = &w->prints;
	probe("before_lax_read", "%s %zu", table->source->full_name, count);
	bool ok = row_reader_keys(&w->reader, batch, conditions, count, all, err);

	run_rows_are_ahead(w->run, table);
	if (ok && *all) {
		ok = write_rows(&write, batch, err);
		if (ok)
			known->is_lax_first = write.warnings > 0;
	}
	row_batch_free(batch);
	return ok;
}

/* Halves what is too large, and what no mode fits. */
static bool write_some(struct lax_writer *w, struct db *target, struct lax_table *known,
		       const struct moved_table *table, const char *const *conditions, size_t count,
		       struct error *err)
{
	bool all = true;

	if (write_slice(w, target, known, table, conditions, count, &all, err)) {
		if (all)
			return true;
	} else if (!lax_is_refusal(err)) {
		return false;
	} else if (count == 1) {
		return error_wrap(err, "the row with %s", conditions[0]);
	}
	return write_some(w, target, known, table, conditions, count / 2, err) &&
	       write_some(w, target, known, table, conditions + count / 2, count - count / 2, err);
}

/* The refusal comes first, as it says more. */
static bool fail_refused(const struct error *refused, struct error *err)
{
	struct error own = *err;

	if (!refused || own.kind == ERROR_STOPPED)
		return false;
	return error_set(err, refused->kind, "%s; %s", refused->text, own.text);
}

bool lax_writer_keys(struct lax_writer *w, struct db *target, const struct moved_table *table,
		     const struct buf *conditions, size_t count, const struct error *refused,
		     struct error *err)
{
	const char **list = mem_calloc(count + 1, sizeof(*list));
	const char *at = conditions->data;
	struct lax_table *known = NULL;

	/* REPLACE would overwrite rows outside of the part. */
	if (table->filter) {
		error_set(err, ERROR_DATA,
			  "rows are not written without strict mode to a table of Tables.Where");
		free(list);
		return fail_refused(refused, err);
	}
	bool ok = db_ready(target, err) && load(w, target, table, &known, err) &&
		  open_source(w, target, err);

	if (ok && refused && !known->is_lax_first)
		log_info("table %s: rows are written without strict mode and compared: %s",
			 table->source->full_name, refused->text);
	for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
		list[i] = at;
	for (size_t done = 0; ok && done < count; done += KEYS_PER_WRITE) {
		size_t left = count - done;

		ok = write_some(w, target, known, table, list + done,
				left < KEYS_PER_WRITE ? left : KEYS_PER_WRITE, err);
	}
	free(list);
	return ok || fail_refused(refused, err);
}

/* Keys that came since are in the stream, too; they do no harm. */
bool lax_writer_batch(struct lax_writer *w, struct db *target, const struct row_batch *batch,
		      const struct error *refused, struct error *err)
{
	struct buf conditions = BUF_INIT;
	size_t count = 0;
	bool ok = db_ready(target, err) && open_source(w, target, err) &&
		  row_reader_list(&w->reader, batch->table, &batch->low, &batch->last, &conditions,
				  &count, err) &&
		  lax_writer_keys(w, target, batch->table, &conditions, count, refused, err);

	buf_release(&conditions);
	return ok;
}
