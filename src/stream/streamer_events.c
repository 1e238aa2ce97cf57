/* What each event of a binlog does: a table of handlers, and the group (transaction) that
 * is open between two boundaries. Events come in the order of the log; what may change a
 * copied table in a way that is not decoded ends the run. */
#include "streamer_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "decode/gtid_event.h"
#include "decode/payload.h"

void streamer_forget_table_maps(struct binlog_streamer *s)
{
	size_t cursor = 0;
	struct map_entry *entry;

	while ((entry = map_next(&s->table_maps, &cursor))) {
		binlog_table_map_release(entry->value);
		free(entry->value);
	}
	map_clear(&s->table_maps);
}

void streamer_leave_group(struct binlog_streamer *s)
{
	s->group = GROUP_NONE;
	s->group_is_xa = false;
	s->group_has_rows = false;
	s->has_text = false;
	s->group_rows = 0;
	s->passes_group = false;
	s->gtid.kind = s->open_gtid.kind = GTID_NONE;
	buf_clear(&s->held);
	s->savepoint_count = 0;
	streamer_forget_table_maps(s);
}

bool streamer_refuse_if_rows(struct binlog_streamer *s, const char *what, struct error *err)
{
	if (!s->group_has_rows)
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "the transaction after " POSITION_FORMAT " %s and holds rows of copied "
			 "tables; they cannot be undone on the target: start the copy anew",
			 POSITION_ARGS(&s->boundary), what);
}

/* What was prepared and is committed later was not moved. */
static void warn_of_undecided(const struct binlog_streamer *s)
{
	const char *log_tag = s->params.tag;

	for (const struct xa_transaction *xa = s->undecided.first; xa; xa = xa->next)
		log_warn("the XA transaction %s is prepared but neither committed nor rolled back: "
			 "what it changes in copied tables is not moved (XA RECOVER shows it)",
			 xa->xid);
}

#define NAMED_XA_MAX 3

/* Under the lock, at a boundary. */
static void publish_undecided(struct binlog_streamer *s)
{
	unsigned count = 0;

	buf_clear(&s->undecided_text);
	for (const struct xa_transaction *xa = s->undecided.first; xa; xa = xa->next, count++)
		if (count < NAMED_XA_MAX)
			buf_printf(&s->undecided_text, "%s%s", count ? "; " : "", xa->xid);
	if (count > NAMED_XA_MAX)
		buf_printf(&s->undecided_text, " and %u more", count - NAMED_XA_MAX);
}

/* The final position is reached. What follows is looked at, but is no part of the move:
 * positions that a resumed run begins at stay in front of it. */
static void become_late(struct binlog_streamer *s)
{
	s->is_late = true;
	warn_of_undecided(s);
	mutex_lock(&s->lock);
	s->is_final = true;
	condition_broadcast(&s->changed);
	mutex_unlock(&s->lock);
}

bool streamer_at_boundary(struct binlog_streamer *s, uint32_t timestamp, struct error *err)
{
	if (s->is_behind || binlog_position_compare(&s->position, &s->skip_to) < 0)
		return true;
	s->group_start = s->position;
	/* Never past an XA transaction that may still be committed: its rows must come
	 * again after a resume (src/README.md). */
	const struct binlog_position *safe =
		s->undecided.first ? &s->undecided.first->before : &s->position;

	mutex_lock(&s->lock);
	s->boundary = *safe;
	s->passed = s->position;
	s->last_timestamp = timestamp;
	publish_undecided(s);
	bool is_final = binlog_position_is_set(&s->final) &&
			binlog_position_compare(&s->position, &s->final) >= 0;
	bool reached = binlog_position_is_set(&s->stop_at) &&
		       binlog_position_compare(&s->position, &s->stop_at) >= 0;
	mutex_unlock(&s->lock);

	if (!s->is_late &&
	    !s->params.handler.boundary(s->params.handler.context, safe, &s->done, timestamp, err))
		return false;
	gtid_set_release(&s->done);
	if (is_final && !s->is_late)
		become_late(s);
	s->late_after = s->position;
	s->is_finished = reached;
	return true;
}

bool streamer_end_group(struct binlog_streamer *s, const struct binlog_event *event,
		      struct error *err)
{
	streamer_gtid_done(s);
	streamer_leave_group(s);
	return streamer_at_boundary(s, event->timestamp, err);
}

/* Events outside of transactions: their end is a boundary. Inside they are not. */
static bool pass(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (s->group != GROUP_NONE)
		return true;
	return streamer_at_boundary(s, event->timestamp, err);
}

/* A machine that loses its power may lose the end of its binlog, which nobody else would
 * miss: the server goes on in a new file. */
static bool check_cut(const struct binlog_streamer *s, const struct binlog_position *to,
		      struct error *err)
{
	if (!binlog_position_is_set(&s->cut_at) ||
	    binlog_position_compare(&s->position, &s->cut_at) >= 0 ||
	    binlog_position_compare(to, &s->cut_at) <= 0)
		return true;
	return error_set(err, ERROR_PURGED,
			 "the binlog ends at " POSITION_FORMAT " in that file, but was sent up to "
			 POSITION_FORMAT ": the source lost transactions, in a crash perhaps "
			 "(sync_binlog), of which the target holds rows; drop what was copied on "
			 "the target and start anew",
			 POSITION_ARGS(&s->position), POSITION_ARGS(&s->cut_at));
}

static bool on_rotate(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const char *log_tag = s->params.tag;
	struct binlog_rotate rotate;
	struct binlog_position to = s->position;

	if (!binlog_rotate_parse(event, &rotate, err) ||
	    !binlog_position_move(&to, rotate.file, rotate.file_length, rotate.offset, err))
		return false;
	/* What follows would be taken for events that were seen already. */
	if (binlog_position_compare(&to, &s->position) < 0)
		return error_set(err, ERROR_PURGED,
				 "the binlog goes back from " POSITION_FORMAT
				 " to " POSITION_FORMAT ", as after RESET: changes may be missing; "
				 "drop what was copied on the target and start anew",
				 POSITION_ARGS(&s->position), POSITION_ARGS(&to));
	if (!check_cut(s, &to, err))
		return false;
	/* The server's fake rotation at the start of a dump and of each file says
	 * where the following events stand. */
	if (s->group != GROUP_NONE) {
		if (!streamer_refuse_if_rows(s, "was cut short by the end of its binlog file", err))
			return false;
		streamer_leave_group(s);
	}
	s->position = to;
	s->is_behind = false;
	if (event->timestamp != 0 || (event->log_pos != 0 && !(event->flags & EVENT_FLAG_ARTIFICIAL)))
		log_info("binlog file rotated to " POSITION_FORMAT, POSITION_ARGS(&s->position));
	/* When a dump begins in mid-file far behind, this is not yet a place to go on
	 * from for the application: positions never go back. */
	if (binlog_position_compare(&s->position, &s->boundary) <= 0)
		return true;
	return streamer_at_boundary(s, event->timestamp, err);
}

static bool on_heartbeat(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct binlog_heartbeat heartbeat;
	struct binlog_position at;

	if (!binlog_heartbeat_parse(event, &heartbeat, err))
		return false;
	if (s->group != GROUP_NONE)
		return true;
	if (!binlog_position_set(&at, heartbeat.file, heartbeat.file_length, heartbeat.offset, err))
		return false;
	if (!heartbeat.offset_is_64 && strcmp(at.file, s->position.file) == 0) {
		at.offset |= s->position.offset & ~UINT64_C(0xffffffff);
		if (at.offset < s->position.offset)
			at.offset = s->position.offset;
	}
	if (binlog_position_compare(&at, &s->position) > 0 &&
	    !binlog_position_move(&s->position, at.file, strlen(at.file), at.offset, err))
		return false;
	s->is_behind = false;
	return streamer_at_boundary(s, 0, err);
}

/* A file's first event says when it was made, and is sent at the start of any dump. */
static bool check_file(struct binlog_streamer *s, uint32_t created, struct error *err)
{
	uint32_t known = s->position.file_created;

	s->position.file_created = created;
	if (known == 0 || created == 0 || known == created)
		return true;
	return error_set(err, ERROR_PURGED,
			 "the source's binlog file %s is another one than that of the position (made "
			 "at %" PRIu32 ", not at %" PRIu32 "): the binlog was reset, or the server's "
			 "data replaced; nobody knows what changed since: drop what was copied on "
			 "the target and start anew",
			 s->position.file, created, known);
}

static bool on_format(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (!binlog_format_parse(event, &s->format, err))
		return false;
	return check_file(s, event->timestamp, err) && pass(s, event, err);
}

static bool on_gtid_list(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	return (s->group != GROUP_NONE || streamer_gtid_list(s, event, err)) && pass(s, event, err);
}

static bool on_gtid(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (s->group == GROUP_TRANSACTION)
		return error_set(err, ERROR_CORRUPT,
				 "a transaction begins before the one after " POSITION_FORMAT
				 " has ended",
				 POSITION_ARGS(&s->boundary));
	s->group = GROUP_ANNOUNCED;
	return streamer_gtid_begins(s, event, err);
}

#define MARIADB_GTID_STANDALONE 1
#define MARIADB_GTID_PREPARED_XA 64

static bool on_mariadb_gtid(struct binlog_streamer *s, struct binlog_event *event,
			    struct error *err)
{
	struct binlog_mariadb_gtid gtid;

	if (!on_gtid(s, event, err) || !gtid_event_parse(event, &s->open_gtid, err) ||
	    !binlog_mariadb_gtid_parse(event, &gtid, err))
		return false;
	/* MariaDB sends no BEGIN of its own: the flag says what follows. */
	if (!(gtid.flags & MARIADB_GTID_STANDALONE))
		s->group = GROUP_TRANSACTION;
	if (gtid.flags & MARIADB_GTID_PREPARED_XA)
		s->group_is_xa = true;
	return true;
}

static bool on_commit(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	return streamer_hand_on_kept(s, err) && streamer_end_group(s, event, err);
}

/* Memory is not without end, and neither is the time until somebody decides. */
static bool hold(struct binlog_streamer *s, const struct binlog_event *event, struct error *err)
{
	uint64_t limit = s->params.xa_bytes_max;
	uint64_t bytes = xa_list_bytes(&s->undecided) + s->held.length + reader_left(&event->body);

	if (limit > 0 && bytes > limit)
		return error_set(err, ERROR_UNSUPPORTED,
				 "XA transactions that are not decided hold %" PRIu64
				 " bytes of changes in copied tables, more than a quarter of "
				 "MemoryLimit: commit them or roll them back (XA RECOVER shows those "
				 "that are prepared), or raise MemoryLimit to %" PRIu64
				 " or more, and resume",
				 bytes, bytes * 5);
	xa_hold(&s->held, event);
	return true;
}

static bool on_table_map(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const struct binlog_handler *h = &s->params.handler;
	const struct binlog_event whole = *event;

	if (s->passes_group) /* its tables may have been others then */
		return true;
	if (s->text_is_over)
		s->has_text = false;

	struct binlog_table_map *map = mem_calloc(1, sizeof(*map));

	if (!binlog_table_map_parse(event, &s->format, map, err)) {
		free(map);
		return false;
	}
	map->table = h->find_table(h->context, map->schema, map->name);
	if (map->table && s->group_is_xa && !streamer_is_watched(s) &&
	    !hold(s, &whole, err)) {
		binlog_table_map_release(map);
		free(map);
		return false;
	}
	struct binlog_table_map *old =
		map_put(&s->table_maps, &map->table_id, sizeof(map->table_id), map);
	if (old) {
		binlog_table_map_release(old);
		free(old);
	}
	return !map->table || streamer_is_watched(s) ||
	       binlog_table_map_check(map, map->table, err);
}

/* Row events carry this id, and no rows, to end a statement without any. */
#define DUMMY_TABLE_ID UINT64_C(0xffffff)

static bool find_map(struct binlog_streamer *s, const struct binlog_event *event,
		     const struct binlog_table_map **map, struct error *err)
{
	uint64_t id;

	*map = NULL;
	if (s->passes_group)
		return true;
	if (!binlog_rows_table_id(event, &s->format, &id, err))
		return false;
	s->text_is_over = binlog_rows_end_statement(event, &s->format);
	*map = map_get(&s->table_maps, &id, sizeof(id));
	if (!*map && id != DUMMY_TABLE_ID)
		return error_set(err, ERROR_CORRUPT, "%s for table id %" PRIu64 " that was not mapped",
				 binlog_event_type_name(event->type), id);
	return true;
}

/* *map: of a copied table whose rows are to be decoded. NULL: the table is another, or the
 * stream is watched and was told. */
static bool map_to_decode(struct binlog_streamer *s, const struct binlog_event *event,
			  const struct binlog_table_map **map, struct error *err)
{
	const struct binlog_table_map *found;

	*map = NULL;
	if (!find_map(s, event, &found, err))
		return false;
	if (!found || !found->table)
		return true;
	if (streamer_is_watched(s))
		return streamer_watch_rows(s, event, found, err);
	*map = found;
	return true;
}

static bool on_row(void *context, const struct row_change *change, struct error *err)
{
	struct binlog_streamer *s = context;
	struct row_change placed = *change;

	placed.end = &s->position;
	placed.number = ++s->group_rows;
	if (s->is_late) /* a lost connection is taken up again from further back */
		return binlog_position_compare(&s->position, &s->late_after) <= 0 ||
		       s->params.handler.late(s->params.handler.context, &placed, err);
	return s->params.handler.row(s->params.handler.context, &placed, err);
}

static bool decode_rows(struct binlog_streamer *s, struct binlog_event *event,
			const struct binlog_table_map *map, struct error *err)
{
	s->group_has_rows = true;
	return binlog_rows_decode(s->decoder, event, &s->format, map, on_row, s, err);
}

bool streamer_decode_rows(struct binlog_streamer *s, struct binlog_event *event,
			  struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	return !map || decode_rows(s, event, map, err);
}

static bool on_rows(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	if (!map)
		return true;
	if (s->group_is_xa)
		return hold(s, event, err);
	if (s->group != GROUP_TRANSACTION)
		return error_set(err, ERROR_CORRUPT, "rows of %s outside of a transaction",
				 map->table->full_name);
	if (streamer_keep(s, event))
		return true;
	return streamer_hand_on_kept(s, err) && decode_rows(s, event, map, err);
}

bool streamer_hand_on_held(struct binlog_streamer *s, const struct buf *events, struct error *err)
{
	struct reader held = reader_over(events->data, events->length);
	struct binlog_event event;
	bool ok = true;

	streamer_forget_table_maps(s);
	s->group = GROUP_TRANSACTION;
	s->group_is_xa = false;
	while (ok && xa_next(&held, &event))
		ok = event.type == EVENT_TABLE_MAP ? on_table_map(s, &event, err)
						   : streamer_decode_rows(s, &event, err);
	return ok;
}

static bool on_xa_prepare(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	bool one_phase;

	if (!xa_prepare_parse(event, &s->xid, &one_phase, err))
		return false;
	if (one_phase) {
		struct buf held = s->held;

		s->held = (struct buf)BUF_INIT;
		bool ok = streamer_hand_on_held(s, &held, err);
		buf_release(&held);
		return ok && streamer_end_group(s, event, err);
	}
	if (s->held.length)
		xa_prepare(&s->undecided, buf_text(&s->xid), &s->group_start, &s->held);
	return streamer_end_group(s, event, err);
}

static bool on_compressed_rows(struct binlog_streamer *s, struct binlog_event *event,
			       struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	/* Rows of other tables are not even unpacked. */
	if (!map)
		return true;
	return mariadb_event_uncompress(event, &s->format, &s->plain, err) && on_rows(s, event, err);
}

static bool on_compressed_query(struct binlog_streamer *s, struct binlog_event *event,
				struct error *err)
{
	return mariadb_event_uncompress(event, &s->format, &s->plain, err) &&
	       streamer_on_query(s, event, err);
}

/* Row events in a form that is not decoded: harmless for other tables. */
static bool on_undecoded_rows(struct binlog_streamer *s, struct binlog_event *event,
			      struct error *err)
{
	const struct binlog_table_map *map;

	if (!map_to_decode(s, event, &map, err))
		return false;
	if (!map)
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "table %s is changed by a %s event, which is not decoded: set "
			 "binlog_row_value_options = '' on the source, drop what was copied on the "
			 "target and start anew",
			 map->table->full_name, binlog_event_type_name(event->type));
}

static bool on_undecoded(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const char *remedy = "start anew without what makes the server log it";

	if (s->passes_group)
		return true;
	if (event->type == EVENT_INCIDENT)
		remedy = "the server lost changes that it should have logged: start anew";
	return error_set(err, ERROR_UNSUPPORTED,
			 "the binlog holds a %s event, which is not decoded: %s",
			 binlog_event_type_name(event->type), remedy);
}

static bool on_text(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (streamer_is_watched(s))
		streamer_take_text(s, event);
	return pass(s, event, err);
}

static bool on_payload(struct binlog_streamer *s, struct binlog_event *event, struct error *err);

typedef bool event_function(struct binlog_streamer *s, struct binlog_event *event,
			    struct error *err);

/* What each event does; a type without a line is unknown, see streamer_dispatch(). */
static event_function *const handlers[256] = {
	[EVENT_QUERY] = streamer_on_query,
	[EVENT_STOP] = pass,
	[EVENT_ROTATE] = on_rotate,
	/* Context of a statement-format QUERY that follows and is looked at itself. */
	[EVENT_INTVAR] = pass,
	[EVENT_RAND] = pass,
	[EVENT_USER_VAR] = pass,
	[EVENT_FORMAT_DESCRIPTION] = on_format,
	[EVENT_XID] = on_commit,
	[EVENT_BEGIN_LOAD_QUERY] = pass,
	[EVENT_APPEND_BLOCK] = pass,
	[EVENT_DELETE_FILE] = pass,
	[EVENT_EXECUTE_LOAD_QUERY] = streamer_on_query, /* LOAD DATA in statement format */
	[EVENT_TABLE_MAP] = on_table_map,
	[EVENT_WRITE_ROWS_V1] = on_rows,
	[EVENT_UPDATE_ROWS_V1] = on_rows,
	[EVENT_DELETE_ROWS_V1] = on_rows,
	[EVENT_INCIDENT] = on_undecoded,
	[EVENT_HEARTBEAT] = on_heartbeat,
	[EVENT_IGNORABLE] = pass,
	[EVENT_ROWS_QUERY] = on_text,
	[EVENT_WRITE_ROWS_V2] = on_rows,
	[EVENT_UPDATE_ROWS_V2] = on_rows,
	[EVENT_DELETE_ROWS_V2] = on_rows,
	[EVENT_GTID] = on_gtid,
	[EVENT_ANONYMOUS_GTID] = on_gtid,
	[EVENT_PREVIOUS_GTIDS] = on_gtid_list,
	[EVENT_TRANSACTION_CONTEXT] = pass,
	[EVENT_VIEW_CHANGE] = pass,
	[EVENT_XA_PREPARE] = on_xa_prepare,
	[EVENT_PARTIAL_UPDATE_ROWS] = on_undecoded_rows,
	[EVENT_TRANSACTION_PAYLOAD] = on_payload,
	[EVENT_HEARTBEAT_V2] = on_heartbeat,
	[EVENT_GTID_TAGGED] = on_gtid,
	[EVENT_MARIADB_ANNOTATE_ROWS] = on_text,
	[EVENT_MARIADB_BINLOG_CHECKPOINT] = pass,
	[EVENT_MARIADB_GTID] = on_mariadb_gtid,
	[EVENT_MARIADB_GTID_LIST] = on_gtid_list,
	[EVENT_MARIADB_START_ENCRYPTION] = pass,
	[EVENT_MARIADB_QUERY_COMPRESSED] = on_compressed_query,
	[EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1] = on_compressed_rows,
	[EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1] = on_compressed_rows,
	[EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1] = on_compressed_rows,
	[EVENT_MARIADB_WRITE_ROWS_COMPRESSED] = on_compressed_rows,
	[EVENT_MARIADB_UPDATE_ROWS_COMPRESSED] = on_compressed_rows,
	[EVENT_MARIADB_DELETE_ROWS_COMPRESSED] = on_compressed_rows,
};

/* What may stand inside a compressed transaction: it has no place of its own in the
 * file, so nothing that speaks of places. */
static bool may_be_packed(uint8_t type)
{
	switch (type) {
	case EVENT_QUERY:
	case EVENT_XID:
	case EVENT_TABLE_MAP:
	case EVENT_WRITE_ROWS_V1:
	case EVENT_UPDATE_ROWS_V1:
	case EVENT_DELETE_ROWS_V1:
	case EVENT_WRITE_ROWS_V2:
	case EVENT_UPDATE_ROWS_V2:
	case EVENT_DELETE_ROWS_V2:
	case EVENT_PARTIAL_UPDATE_ROWS:
	case EVENT_ROWS_QUERY:
	case EVENT_INTVAR:
	case EVENT_RAND:
	case EVENT_USER_VAR:
	case EVENT_TRANSACTION_CONTEXT:
	case EVENT_XA_PREPARE:
		return true;
	default:
		return false;
	}
}

static bool inner_event(struct binlog_streamer *s, const uint8_t *bytes, size_t length,
			struct error *err)
{
	struct binlog_event event;
	/* The checksum stands behind the whole payload. */
	bool has_checksum = s->format.has_checksum;

	s->format.has_checksum = false;
	bool ok = binlog_event_parse(bytes, length, &s->format, &event, err);
	s->format.has_checksum = has_checksum;
	if (!ok)
		return false;
	if (!may_be_packed(event.type))
		return on_undecoded(s, &event, err);
	return handlers[event.type](s, &event, err);
}

/* The position has moved to the payload's end already: the inner XID or COMMIT makes
 * that the boundary. */
static bool on_payload(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct payload *payload = payload_open(event, err);
	enum payload_result result = PAYLOAD_FAILED;
	const uint8_t *bytes;
	size_t length;
	bool ok = payload != NULL;

	while (ok && (result = payload_next(payload, &bytes, &length, err)) == PAYLOAD_EVENT)
		ok = inner_event(s, bytes, length, err);
	payload_close(payload);
	return ok && result == PAYLOAD_END;
}

static bool has_own_position(const struct binlog_event *event)
{
	switch (event->type) {
	case EVENT_ROTATE:
	case EVENT_HEARTBEAT:
	case EVENT_HEARTBEAT_V2:
		return true;
	default:
		return false;
	}
}

/* Moves the position to the event's end. False: the event was seen already (a dump
 * that had to begin at the start of a file). */
static bool advance(struct binlog_streamer *s, const struct binlog_event *event)
{
	if (!has_own_position(event) && event->log_pos != 0 &&
	    !(event->flags & EVENT_FLAG_ARTIFICIAL)) {
		uint64_t offset = (s->position.offset & ~UINT64_C(0xffffffff)) | event->log_pos;

		if (offset < s->position.offset)
			offset += UINT64_C(1) << 32;
		s->position.offset = offset;
		s->is_behind = false;
	} else if (s->group != GROUP_NONE) {
		s->is_behind = true;
	}
	return has_own_position(event) || event->type == EVENT_FORMAT_DESCRIPTION ||
	       binlog_position_compare(&s->position, &s->skip_to) > 0;
}

bool streamer_dispatch(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (!advance(s, event))
		return true;
	if (handlers[event->type])
		return handlers[event->type](s, event, err);
	if (event->flags & EVENT_FLAG_IGNORABLE)
		return pass(s, event, err);
	return on_undecoded(s, event, err);
}
