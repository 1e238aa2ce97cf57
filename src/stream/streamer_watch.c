/* A stream that is watched: what touched a copied table, and by which statement.
 *
 * The server logs a statement's text in front of its rows (ROWS_QUERY on MySQL, ANNOTATE_ROWS on
 * MariaDB) when it is configured to. It holds from there to the last rows event of the statement:
 * rows that follow without a text of their own have none. Only its beginning is kept, as a
 * statement may be megabytes long. */
#include "streamer_priv.h"

#include <stdio.h>

#define TEXT_MAX 4096

bool streamer_is_watched(const struct binlog_streamer *s)
{
	return s->params.handler.touched != NULL;
}

void streamer_on_statement_text(struct binlog_streamer *s, const struct binlog_event *event)
{
	struct transaction *t = &s->transaction;
	struct reader r = event->body;

	/* One byte of the length in front, of no use for longer ones. */
	if (event->type == EVENT_ROWS_QUERY)
		reader_u8(&r);

	size_t length = reader_left(&r) < TEXT_MAX ? reader_left(&r) : TEXT_MAX;
	const uint8_t *text = reader_bytes(&r, length);

	buf_clear(&t->statement);
	buf_add(&t->statement, text, r.failed ? 0 : length);
	t->has_statement = true;
	t->is_statement_over = false;
}

bool streamer_watch_rows(struct binlog_streamer *s, const struct binlog_event *event,
			 const struct binlog_table_map *map, struct error *err)
{
	const struct transaction *t = &s->transaction;
	char table[400];
	const struct watched_statement statement = {
		.what = binlog_event_type_name(event->type),
		.table = table,
		.text = t->has_statement ? buf_text(&t->statement) : NULL,
		.text_length = t->statement.length,
		.timestamp = event->timestamp,
		.after = &s->boundary,
	};

	snprintf(table, sizeof(table), "%s.%s", map->schema, map->name);
	return s->params.handler.touched(s->params.handler.context, &statement, err);
}

bool streamer_watch_statement(struct binlog_streamer *s, const char *verb, const char *hit,
			      const struct binlog_query *query, uint32_t timestamp,
			      struct error *err)
{
	const struct watched_statement statement = {
		.what = verb,
		.table = hit,
		.text = query->sql,
		.text_length = query->sql_length,
		.timestamp = timestamp,
		.after = &s->boundary,
	};

	return s->params.handler.touched(s->params.handler.context, &statement, err);
}
