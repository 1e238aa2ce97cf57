/* One statement for each key, as InnoDB builds one at a time in place; a copy of the table
 * would meet error 182 itself. In place it reads the rows by itself and takes any ids.
 *
 * A process that dies in between leaves some keys there, and maybe a statement that still runs. The
 * connection holds a lock of the run, so a resumed run waits for the end of that statement (I8);
 * then it drops the source's keys on the target, as changes come again, and adds them when it gets
 * here. A lost connection is handled in the same way: which keys are missing is read again before
 * each statement. */
#include "create/fulltext_keys.h"

#include "base/log.h"
#include "base/probe.h"
#include "base/retry.h"
#include "create_keys.h"
#include "create/create_statement.h"
#include "create_translate.h"
#include "db/sql.h"
#include "create/target_alter.h"

static const char log_tag[] = "fulltext_keys";

#define READ_SLEEP_MS 500

struct late_keys {
	struct run *run;
	struct db *source; /* borrowed */
	struct db *target;
	const struct moved_table *table;
	struct buf shown;  /* the source's table */
	struct buf wanted; /* the same in the target's words */
};

bool fulltext_keys_have(const struct table *table, const char *name)
{
	const struct table_index *index = table_index_named(table, name);

	return index && index->is_fulltext;
}

bool fulltext_keys_are_late(const struct table *table)
{
	if (!table_column(table, "FTS_DOC_ID"))
		return false;
	for (unsigned i = 0; i < table->index_count; i++)
		if (table->indexes[i].is_fulltext)
			return true;
	return false;
}

static bool read_source(struct late_keys *k, struct error *err)
{
	const struct table *source = k->table->source;

	buf_clear(&k->wanted);
	return db_ready(k->source, err) &&
	       create_show_table(k->source, source->schema, source->name, &k->shown, err) &&
	       create_translate(&k->wanted, k->shown.data, db_version(k->source)->flavour,
				db_version(k->target)->flavour, err);
}

/* The next FULLTEXT key. */
static bool next_key(const char **at, struct create_key *key)
{
	while (create_next_key(at, key))
		if (key->is_fulltext)
			return true;
	return false;
}

static bool add_key(struct late_keys *k, const struct create_key *key, struct error *err)
{
	struct buf what = BUF_INIT;
	bool ok;

	log_info("adding the FULLTEXT key %s of %s to the target", buf_text(&key->name),
		 k->table->source->full_name);
	buf_puts(&what, " ADD ");
	buf_add(&what, key->text.data, key->text.length);
	ok = target_alter(k->run, k->target, k->table, what.data, err);
	buf_release(&what);
	if (ok)
		probe("fulltext_key_added", "%s %s", k->table->source->full_name,
		      buf_text(&key->name));
	return ok;
}

static bool add_missing(struct late_keys *k, struct error *err)
{
	const struct moved_table *t = k->table;
	const char *at = k->wanted.data;
	struct create_key key = { .is_fulltext = false }, found = { .is_fulltext = false };
	struct buf there = BUF_INIT;
	bool ok = db_ready(k->target, err) &&
		  create_show_table(k->target, t->target_schema, t->target_name, &there, err);

	while (ok && next_key(&at, &key))
		if (!create_find_key(there.data, buf_text(&key.name), &found))
			ok = add_key(k, &key, err);
	buf_release(&there);
	create_key_release(&key);
	create_key_release(&found);
	return ok;
}

static bool add_to_table(struct late_keys *k, struct error *err)
{
	const struct retry_policy reading = {
		.verb = "read the definition on the source",
		.tag = "cutover",
		.attempts = k->run->options->read_attempts,
		.sleep_ms = READ_SLEEP_MS,
	};
	bool is_read = false, ok = false;

	for (struct retry r = retry_begin(&reading, k->run->stop); !is_read && retry_next(&r, err);)
		is_read = read_source(k, err);
	if (is_read)
		for (struct retry r = run_write_begin(k->run, "add FULLTEXT keys", "cutover");
		     !ok && retry_next(&r, err);)
			ok = add_missing(k, err);
	return ok || error_wrap(err, "table %s: add its FULLTEXT keys to the target",
				k->table->source->full_name);
}

static bool add_all(struct late_keys *k, struct error *err)
{
	struct db_params params;
	bool ok = false;

	k->target = target_alter_session(k->run, 0, &params);
	for (struct retry r = run_write_begin(k->run, "connect", "cutover");
	     !ok && retry_next(&r, err);)
		ok = db_ready(k->target, err);
	for (size_t i = 0; ok && i < k->run->tables->count; i++) {
		k->table = k->run->tables->tables[i];
		if (fulltext_keys_are_late(k->table->source))
			ok = add_to_table(k, err);
	}
	db_close(k->target);
	return ok;
}

bool fulltext_keys_add(struct run *run, struct db *source, struct error *err)
{
	struct late_keys k = { .run = run, .source = source };
	bool is_needed = false, ok;

	for (size_t i = 0; i < run->tables->count; i++)
		is_needed |= fulltext_keys_are_late(run->tables->tables[i]->source);
	if (!is_needed)
		return true;
	ok = add_all(&k, err);
	buf_release(&k.shown);
	buf_release(&k.wanted);
	return ok;
}

static bool drop_from_table(struct run *run, struct db *target, const struct moved_table *t,
			    struct error *err)
{
	struct buf there = BUF_INIT, what = BUF_INIT;
	struct create_key key = { .is_fulltext = false };
	bool ok = create_show_table(target, t->target_schema, t->target_name, &there, err);
	const char *at = ok ? there.data : "";

	while (ok && next_key(&at, &key)) {
		if (!fulltext_keys_have(t->source, buf_text(&key.name)))
			continue;
		log_info("dropping the FULLTEXT key %s of %s from the target, to be added again when "
			 "all rows have arrived",
			 buf_text(&key.name), t->source->full_name);
		buf_clear(&what);
		buf_puts(&what, " DROP KEY ");
		sql_name(&what, buf_text(&key.name));
		ok = target_alter(run, target, t, what.data, err);
	}
	buf_release(&there);
	buf_release(&what);
	create_key_release(&key);
	return ok || error_wrap(err, "table %s: drop its FULLTEXT keys from the target",
				t->source->full_name);
}

bool fulltext_keys_drop(struct run *run, struct db *target, struct error *err)
{
	for (size_t i = 0; i < run->tables->count; i++)
		if (fulltext_keys_are_late(run->tables->tables[i]->source) &&
		    !drop_from_table(run, target, run->tables->tables[i], err))
			return false;
	return true;
}
