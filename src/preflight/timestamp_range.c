/* MariaDB's TIMESTAMP goes to the year 2106 from 11.5 on, that of other servers to 2038. Rows
 * beyond are searched for, as one would end the run in the middle of the copy. That reads whole
 * tables where no index helps: only for a short time, and a finding says what was not read. */
#include "preflight_priv.h"

#include <string.h>

#include "base/clock.h"

#define LONG_TIMESTAMP_FROM 110500
#define LAST_SECOND "2038-01-19 03:14:07.999999"
#define TABLE_SECONDS 5
#define ALL_MS 60000
#define TIME_IS_UP 1969

static const char remedy[] = "make it a DATETIME on the source (ALTER TABLE ... MODIFY), or move to "
			     "MariaDB 11.5 or later";

static bool is_long(const struct server_version *version)
{
	return version->flavour == FLAVOUR_MARIADB && version->number >= LONG_TIMESTAMP_FROM;
}

static bool put_query(struct buf *sql, const struct table *table)
{
	const char *separator = " WHERE ";

	buf_clear(sql);
	buf_printf(sql, "SET STATEMENT max_statement_time=%d FOR SELECT 1 FROM ", TABLE_SECONDS);
	sql_table_name(sql, table->schema, table->name);
	for (unsigned i = 0; i < table->column_count; i++) {
		if (table->columns[i].type != COLUMN_TIMESTAMP)
			continue;
		buf_puts(sql, separator);
		sql_name(sql, table->columns[i].name);
		buf_puts(sql, " > '" LAST_SECOND "'");
		separator = " OR ";
	}
	buf_puts(sql, " LIMIT 1");
	return strcmp(separator, " OR ") == 0;
}

static bool look(struct preflight *p, const struct table *table, const char *sql, bool *is_seen,
		 struct error *err)
{
	struct error failure = ERROR_INIT;
	bool found = false;

	*is_seen = db_has_row(p->source.db, sql, &found, &failure);
	if (!*is_seen && failure.server_code != TIME_IS_UP && error_is_retryable(&failure)) {
		*err = failure;
		return false;
	}
	if (found)
		finding_add(p->findings, FINDING_ERROR, remedy,
			    "source: a TIMESTAMP column of %s has values beyond 2038-01-19 03:14:07, "
			    "which the target cannot hold",
			    table->full_name);
	return true;
}

bool timestamp_range_check(struct preflight *p, struct error *err)
{
	int64_t deadline = clock_ms() + ALL_MS;
	struct buf sql = BUF_INIT;
	bool ok = true;

	if (p->is_resuming || !is_long(db_version(p->source.db)) ||
	    is_long(db_version(p->target.db)))
		return true;
	for (size_t i = 0; ok && i < p->tables->count; i++) {
		const struct table *table = p->tables->tables[i]->source;
		bool is_seen = false;

		if (!put_query(&sql, table))
			continue;
		if (clock_ms() < deadline)
			ok = look(p, table, buf_text(&sql), &is_seen, err);
		if (ok && !is_seen)
			finding_add(p->findings, FINDING_WARNING, remedy,
				    "source: %s was not searched to its end for TIMESTAMP values beyond "
				    "2038-01-19 03:14:07, which the target cannot hold: one would stop "
				    "the run",
				    table->full_name);
	}
	buf_release(&sql);
	return ok;
}
