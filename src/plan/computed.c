/* Which settings matter was found by trying:
 *
 *  - A TIMESTAMP is local time wherever an expression uses it, so time_zone decides
 *    what CAST(ts AS DATE) is; unix_timestamp() and its like feel it without one, and on
 *    MySQL a text with an offset that becomes a DATETIME does. The statement that writes
 *    such a row runs under the source's global zone, and so does the one that deletes it
 *    where an index holds what is computed: MySQL computes it once more to find the entry,
 *    and leaves a corrupt index behind when it does not. Whoever wrote the row on the
 *    source may have had another zone, which cannot be known: hence the finding, and
 *    verifiers compare computed values.
 *  - TIMESTAMP literals are UTC ones all the same. MySQL has literals with an offset.
 *    MariaDB has none: there the server turns the time round by CONVERT_TZ(), there and
 *    back; where it does not come back (the second pass of an hour that is there twice)
 *    the value becomes a text that no server stores. That fails closed, and names the time.
 *  - PAD_CHAR_TO_FULL_LENGTH, a sql_mode, gives CHARs their blanks back; no session of
 *    ours has it. Where it is the source's default, what is computed there has blanks.
 *  - Other settings are the source's in all sessions of the target (db/computing.h).
 *
 * Expressions are not parsed: one that mentions the name of a column, or of a function, anywhere
 * counts as depending on it. Too many are harmless. */
#include "plan/computed.h"

#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "plan/zone.h"

/* What becomes of a text of an expression. */
struct text {
	const char *what; /* "column day", for messages */
	const char *expression;
	const struct column *column; /* NULL: an index or CHECK */
	bool is_unique;
};

struct maker {
	struct moved_table *table;
	struct db *target;
	const struct zone *zone;
	struct findings *findings;
	bool pads; /* the source's sessions have PAD_CHAR_TO_FULL_LENGTH by default */
	/* Of the current table. */
	bool is_kept;	  /* something computed is stored, or checked */
	bool has_index;	  /* over what is computed */
	struct buf zoned; /* columns that feel time_zone */
	struct buf padded;
	bool padded_is_unique;
};

static bool mentions(const char *expression, const char *name)
{
	return strcasestr(expression, name) != NULL;
}

static bool is_mysql(const struct db *db)
{
	return db_version(db)->flavour == FLAVOUR_MYSQL;
}

static bool mentions_column(const struct table *table, const char *expression, enum column_type type)
{
	for (unsigned i = 0; i < table->column_count; i++)
		if (table->columns[i].type == type && mentions(expression, table->columns[i].name))
			return true;
	return false;
}

static bool is_temporal(const struct column *column)
{
	return column && (column->type == COLUMN_DATE || column->type == COLUMN_TIME ||
			  column->type == COLUMN_DATETIME || column->type == COLUMN_YEAR);
}

static bool feels_zone(const struct maker *m, const struct text *text)
{
	static const char *const functions[] = { "unix_timestamp", "from_unixtime", "convert_tz",
						 "current_",	   "curdate",	    "curtime",
						 "localtime",	   "now(",	    "sysdate" };

	if (text->column && text->column->type == COLUMN_TIMESTAMP)
		return true;
	if (mentions_column(m->table->source, text->expression, COLUMN_TIMESTAMP))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (mentions(text->expression, functions[i]))
			return true;
	return is_mysql(m->target) &&
	       (is_temporal(text->column) || mentions(text->expression, "date") ||
		mentions(text->expression, "time"));
}

static void put_what(struct buf *list, const char *what)
{
	buf_printf(list, "%s%s", list->length ? ", " : "", what);
}

static void classify(struct maker *m, const struct text *text)
{
	/* Hidden from the account: it may feel anything. */
	bool is_hidden = text->expression[0] == '\0';

	if (is_hidden || feels_zone(m, text))
		put_what(&m->zoned, text->what);
	if (m->pads &&
	    (is_hidden || mentions_column(m->table->source, text->expression, COLUMN_CHAR))) {
		put_what(&m->padded, text->what);
		m->padded_is_unique |= text->is_unique;
	}
}

/* Are its entries computed once more when the row goes? Of a stored column they are not. */
static bool index_computes(const struct table *table, const struct table_index *index)
{
	for (unsigned i = 0; i < index->part_count; i++) {
		unsigned column = index->parts[i].column;

		if (column == UINT_MAX || table->columns[column].generation == COLUMN_VIRTUAL)
			return true;
	}
	return false;
}

static bool is_in_unique(const struct table *table, unsigned column)
{
	for (unsigned i = 0; i < table->index_count; i++)
		for (unsigned part = 0; part < table->indexes[i].part_count; part++)
			if (table->indexes[i].is_unique &&
			    table->indexes[i].parts[part].column == column)
				return true;
	return false;
}

static void find_preserved(struct maker *m)
{
	const struct table *table = m->table->source;

	m->is_kept = table->checks && is_mysql(m->target);
	m->has_index = false;
	for (unsigned i = 0; i < table->column_count; i++)
		m->is_kept |= table->columns[i].generation == COLUMN_STORED;
	for (unsigned i = 0; i < table->index_count; i++)
		m->has_index |= index_computes(table, &table->indexes[i]);
	m->is_kept |= m->has_index;
}

/* Virtual ones too: what is stored may be computed of them. */
static void classify_all(struct maker *m)
{
	const struct table *table = m->table->source;
	struct buf what = BUF_INIT;

	for (unsigned i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		if (column_is_written(column))
			continue;
		buf_clear(&what);
		buf_printf(&what, "column %s", column->name);
		classify(m, &(struct text){ buf_text(&what),
					    column->expression ? column->expression : "", column,
					    is_in_unique(table, i) });
	}
	for (unsigned i = 0; i < table->index_count; i++) {
		const struct table_index *index = &table->indexes[i];

		if (!index->expressions)
			continue;
		buf_clear(&what);
		buf_printf(&what, "index %s", index->name);
		classify(m, &(struct text){ buf_text(&what), index->expressions, NULL,
					    index->is_unique });
	}
	if (table->checks && is_mysql(m->target))
		classify(m, &(struct text){ "a CHECK", table->checks, NULL, false });
	buf_release(&what);
}

/* Its DELETE would have to find a TIMESTAMP under the zone by which the index computes. */
static bool deletes_by_timestamp(const struct maker *m)
{
	const struct moved_table *t = m->table;

	for (unsigned i = 0; i < t->key.count; i++)
		if (t->source->columns[t->key.columns[i]].type == COLUMN_TIMESTAMP)
			return true;
	for (unsigned i = 0; t->key.count == 0 && i < t->source->column_count; i++)
		if (t->source->columns[i].type == COLUMN_TIMESTAMP)
			return true;
	return false;
}

static void set_zone(struct maker *m)
{
	struct moved_table *t = m->table;
	const struct server_version *version = db_version(m->target);

	if (m->zone->name[0] == '\0') {
		finding_add(m->findings, FINDING_ERROR,
			    "load the same time zone tables on both servers (mysql_tzinfo_to_sql), "
			    "and SET GLOBAL time_zone on the source to the zone's name, as "
			    "'Europe/Berlin'",
			    "source: %s: %s is computed by the time zone, and the target cannot be "
			    "set to the source's, %s",
			    t->source->full_name, buf_text(&m->zoned), m->zone->on_source);
		return;
	}
	if (m->has_index && deletes_by_timestamp(m)) {
		finding_add(m->findings, FINDING_ERROR,
			    "drop the index for the time of the move, or leave the table out "
			    "(Tables.Blacklist)",
			    "source: %s: %s is computed by the time zone and indexed, and rows are "
			    "found by a TIMESTAMP: they cannot be deleted under the zone %s",
			    t->source->full_name, buf_text(&m->zoned), m->zone->on_source);
		return;
	}
	t->zone = mem_strdup(m->zone->name);
	t->deletes_in_zone = m->has_index;
	t->has_offset_literals = version->flavour == FLAVOUR_MYSQL && version->number >= 80019;
	if (!t->has_offset_literals) {
		t->zone_offset_count = m->zone->offset_count;
		t->zone_offsets = mem_calloc(ZONE_OFFSETS_MAX, sizeof(*t->zone_offsets));
		memcpy(t->zone_offsets, m->zone->offsets, sizeof(m->zone->offsets));
	}
	finding_add(m->findings, FINDING_NOTE,
		    "have the tables compared (VerifierType, -verify) if sessions of the application "
		    "set another time_zone",
		    "source: %s: %s is computed by the time zone: rows are written under the "
		    "source's, %s",
		    t->source->full_name, buf_text(&m->zoned), m->zone->on_source);
}

/* It is unknown which sessions left it out; and a UNIQUE key would take rows for each other that
 * are not, or the other way round. */
static void find_padded(struct maker *m)
{
	finding_add(m->findings, m->padded_is_unique ? FINDING_ERROR : FINDING_WARNING,
		    m->padded_is_unique ?
			    "drop the unique key for the time of the move, or leave the table out "
			    "(Tables.Blacklist)" :
			    "have the tables compared (VerifierType, -verify)",
		    "source: %s: %s is computed of a CHAR, and the source's sql_mode has "
		    "PAD_CHAR_TO_FULL_LENGTH, which this program never sets: what the target computes "
		    "has no blanks at the end",
		    m->table->source->full_name, buf_text(&m->padded));
}

static void make(struct maker *m)
{
	find_preserved(m);
	if (!m->is_kept)
		return;
	buf_clear(&m->zoned);
	buf_clear(&m->padded);
	m->padded_is_unique = false;
	classify_all(m);
	if (m->zoned.length && !m->zone->is_utc)
		set_zone(m);
	if (m->padded.length)
		find_padded(m);
}

static bool computes(const struct moved_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++) {
		const struct table *table = tables->tables[i]->source;

		if (table->checks)
			return true;
		for (unsigned c = 0; c < table->column_count; c++)
			if (!column_is_written(&table->columns[c]))
				return true;
		for (unsigned n = 0; n < table->index_count; n++)
			if (table->indexes[n].expressions)
				return true;
	}
	return false;
}

static bool query_padding(struct maker *m, struct db *source, struct error *err)
{
	struct buf mode = BUF_INIT;
	bool ok = db_value(source, &mode, NULL, err, "SELECT CAST(@@global.sql_mode AS BINARY)");

	m->pads = ok && strstr(buf_text(&mode), "PAD_CHAR_TO_FULL_LENGTH");
	buf_release(&mode);
	return ok;
}

/* Our sessions have the source's; the application's will have the target's. */
static bool compare_settings(const struct maker *m, const struct db_computing *on_source,
			     struct error *err)
{
	struct db_computing on_target;

	if (!computing_ask(m->target, &on_target, err))
		return false;
	for (unsigned i = 0; i < COMPUTING_COUNT; i++) {
		const char *here = on_source->values[i], *there = on_target.values[i];
		struct buf remedy = BUF_INIT;

		if (!*here || !*there || strcmp(here, there) == 0)
			continue;
		buf_printf(&remedy, "SET GLOBAL %s there as on the source before it is used",
			   computing_name(i));
		finding_add(m->findings, FINDING_WARNING, buf_text(&remedy),
			    "target: %s is %s, and %s on the source: what is computed of it would be "
			    "another value there",
			    computing_name(i), there, here);
		buf_release(&remedy);
	}
	return true;
}

bool computed_set(struct moved_tables *tables, const struct db_computing *on_source,
		  struct db *source, struct db *target, struct findings *findings, struct error *err)
{
	struct zone zone;
	struct maker m = { .target = target, .zone = &zone, .findings = findings };

	if (!computes(tables))
		return true;
	if (!zone_ask(&zone, source, target, err) || !query_padding(&m, source, err) ||
	    !compare_settings(&m, on_source, err))
		return false;
	for (size_t i = 0; i < tables->count; i++) {
		m.table = tables->tables[i];
		make(&m);
	}
	buf_release(&m.zoned);
	buf_release(&m.padded);
	return true;
}

/* Only such a text is put between quotes and words of ours. */
static bool is_time(struct value value)
{
	for (size_t i = 0; i < value.length; i++)
		if (!memchr("0123456789-: .", value.bytes[i], 14))
			return false;
	return value.length > 4;
}

/* "CONVERT_TZ(x,'+00:00',zone)" */
static void put_turned(struct buf *sql, const char *x, const char *from, const char *to)
{
	buf_printf(sql, "CONVERT_TZ(%s,%s,%s)", x, from, to);
}

static void put_turned_back(struct buf *sql, const char *x, const char *zone)
{
	struct buf there = BUF_INIT;

	put_turned(&there, x, "'+00:00'", zone);
	buf_puts(sql, "IF(");
	put_turned(sql, buf_text(&there), zone, "'+00:00'");
	buf_printf(sql,
		   "=%s,%s,CONCAT(%s,' UTC, in an hour that is there twice in this time zone'))", x,
		   buf_text(&there), x);
	buf_release(&there);
}

void computed_put_timestamp(struct buf *sql, const struct moved_table *table,
			    const struct column *column, struct value value)
{
	struct buf text = BUF_INIT;

	/* What is no time at all is the same in all zones, and the server's to refuse. */
	if (!is_time(value) || memcmp(value.bytes, "0000", 4) == 0) {
		sql_literal(sql, column, value);
		return;
	}
	if (table->has_offset_literals) {
		buf_putc(sql, '\'');
		buf_add(sql, value.bytes, value.length);
		buf_puts(sql, "+00:00'");
		return;
	}
	sql_literal(&text, column, value);
	/* The session's, which is the table's or one of its offsets. */
	put_turned_back(sql, buf_text(&text), "@@time_zone");
	buf_release(&text);
}
