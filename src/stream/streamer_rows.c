/* Rows: table maps, row events, the rows of copied tables that wait for the commit, and
 * their delivery. */
#include "streamer_priv.h"

#include <stdlib.h>

#include "base/advice.h"
#include "base/mem.h"
#include "decode/payload.h"

/* Row events carry this id, and no rows, to end a statement without any. */
#define DUMMY_TABLE_ID UINT64_C(0xffffff)

static uint64_t undecided_bytes(const struct binlog_streamer *s)
{
	return xa_list_bytes(&s->undecided) + s->transaction.buffered.bytes.length +
	       s->transaction.unbuffered;
}

/* Memory is limited, and the decision may be a long time coming. */
static void buffer_xa(struct binlog_streamer *s, const struct binlog_event *event)
{
	struct transaction *t = &s->transaction;
	uint64_t limit = s->params.xa_bytes_max;
	uint64_t bytes = reader_left(&event->body);

	if (t->unbuffered > 0 || (limit > 0 && undecided_bytes(s) + bytes > limit))
		t->unbuffered += bytes;
	else
		event_buffer_add(&t->buffered, event);
}

/* Deciding them would not do: the binlog brings each before its decision, to a resumed run as
 * well. */
bool streamer_check_xa_size(struct binlog_streamer *s, struct error *err)
{
	uint64_t bytes = undecided_bytes(s);

	if (s->transaction.unbuffered == 0)
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "XA transactions that are not decided hold %" PRIu64
			 " bytes of changes in copied tables, more than a quarter of MemoryLimit: "
			 "raise MemoryLimit to %" PRIu64
			 " or more, and resume; XA RECOVER shows those that are still prepared, which "
			 "are to be committed or rolled back",
			 bytes, bytes * 5);
}

bool streamer_on_table_map(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const struct binlog_handler *h = &s->params.handler;
	struct transaction *t = &s->transaction;
	const struct binlog_event whole = *event;

	if (t->is_applied) /* its tables may have been others then */
		return true;
	if (t->is_statement_over)
		t->has_statement = false;

	struct binlog_table_map *map = mem_calloc(1, sizeof(*map));

	if (!binlog_table_map_parse(event, &s->format, map, err)) {
		free(map);
		return false;
	}
	if (!streamer_is_older(s, map->schema, map->name))
		map->table = h->find_table(h->context, map->schema, map->name);
	transaction_add_map(t, map);
	if (!map->table || streamer_is_watched(s))
		return true;
	if (t->is_xa)
		buffer_xa(s, &whole);
	if (binlog_table_map_check(map, map->table, err))
		return true;
	/* Between the place that a copy begins at and its definition, say. */
	if (h->may_change && h->may_change(h->context, map->schema, map->name, false))
		error_wrap(err, "the table alone is to be copied again, as the run is resumed");
	return false;
}

/* *map: of a copied table whose rows are to be decoded. NULL: the table is another, or the
 * stream is watched, and the rows were reported. */
static bool map_to_decode(struct binlog_streamer *s, const struct binlog_event *event,
			  const struct binlog_table_map **map, struct error *err)
{
	struct transaction *t = &s->transaction;
	const struct binlog_table_map *found;
	uint64_t id;

	*map = NULL;
	if (t->is_applied)
		return true;
	if (!binlog_rows_table_id(event, &s->format, &id, err))
		return false;
	t->is_statement_over = binlog_rows_end_statement(event, &s->format);
	found = map_get(&t->maps, &id, sizeof(id));
	if (!found && id != DUMMY_TABLE_ID)
		return error_set(err, ERROR_CORRUPT,
				 "%s for table id %" PRIu64 " that was not mapped",
				 binlog_event_type_name(event->type), id);
	if (!found || !found->table)
		return true;
	if (streamer_is_watched(s))
		return streamer_watch_rows(s, event, found, err);
	*map = found;
	return true;
}

static bool deliver_rows(struct binlog_streamer *s, struct binlog_event *event,
			 const struct binlog_table_map *map, struct error *err)
{
	const struct binlog_handler *h = &s->params.handler;
	enum rows_result result;
	struct row_change change;

	if (!row_decoder_begin(s->decoder, event, &s->format, map, err))
		return false;
	while ((result = row_decoder_next(s->decoder, &change, err)) == ROWS_NEXT) {
		change.end = &s->position;
		change.number = ++s->transaction.delivered;
		if (!s->is_late) {
			if (!h->row(h->context, &change, err))
				return false;
			/* After a lost connection rows come again from further back. */
		} else if (binlog_position_compare(&s->position, &s->late_after) > 0 &&
			   !h->late(h->context, &change, err)) {
			return false;
		}
	}
	return result == ROWS_END;
}

static bool deliver(struct binlog_streamer *s, const struct event_buffer *buffered,
		    struct error *err)
{
	const struct binlog_table_map *map;
	struct binlog_event event;
	size_t offset = 0;

	while (event_buffer_next(buffered, &offset, &event)) {
		if (event.type == EVENT_TABLE_MAP) {
			if (!streamer_on_table_map(s, &event, err))
				return false;
		} else if (!map_to_decode(s, &event, &map, err) ||
			   (map && !deliver_rows(s, &event, map, err))) {
			return false;
		}
	}
	return true;
}

bool streamer_on_rows(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct transaction *t = &s->transaction;
	struct event_buffer *buffered = &t->buffered;
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	if (!map)
		return true;
	if (t->is_xa) {
		buffer_xa(s, event);
		return true;
	}
	if (t->state != TRANSACTION_OPEN)
		return error_set(err, ERROR_CORRUPT, "rows of %s outside of a transaction",
				 map->table->full_name);
	if (buffered->bytes.length + reader_left(&event->body) <= s->params.buffered_bytes_max) {
		event_buffer_add(buffered, event);
		return true;
	}
	if (!deliver(s, buffered, err))
		return false;
	buf_clear(&buffered->bytes);
	return deliver_rows(s, event, map, err);
}

bool streamer_on_compressed_rows(struct binlog_streamer *s, struct binlog_event *event,
				 struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	/* Rows of other tables are not even unpacked. */
	if (!map)
		return true;
	return mariadb_event_uncompress(event, &s->format, &s->plain, err) &&
	       streamer_on_rows(s, event, err);
}

bool streamer_on_partial_rows(struct binlog_streamer *s, struct binlog_event *event,
			      struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	if (!map) /* harmless for other tables */
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "table %s is changed by a %s event, which is not decoded: set "
			 "binlog_row_value_options = '' on the source, %s; or, to have that table alone "
			 "copied again, resume with -recopy %s",
			 map->table->full_name, binlog_event_type_name(event->type),
			 advice_start_over(), map->table->full_name);
}

bool streamer_deliver_buffered(struct binlog_streamer *s, const char *verb, struct error *err)
{
	struct transaction *t = &s->transaction;

	/* An XA transaction is buffered for the XA COMMIT behind its PREPARE. */
	if (t->is_xa && transaction_has_rows(t))
		return streamer_refuse_unprepared(s, verb, err);
	return deliver(s, &t->buffered, err);
}

bool streamer_deliver_xa(struct binlog_streamer *s, const struct event_buffer *buffered,
			 struct error *err)
{
	transaction_forget_maps(&s->transaction);
	s->transaction.state = TRANSACTION_OPEN;
	s->transaction.is_xa = false;
	return deliver(s, buffered, err);
}
