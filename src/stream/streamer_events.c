/* What each event of a binlog does: a table of handlers. Events come in the order of the
 * log; what may change a copied table in a way that is not decoded ends the run. */
#include "streamer_priv.h"

#include <string.h>

#include "base/advice.h"
#include "base/log.h"
#include "decode/gtid_event.h"
#include "decode/payload.h"

/* Events outside of transactions: their end is a boundary. Inside they are not. */
static bool pass(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (s->transaction.state != TRANSACTION_NONE)
		return true;
	return streamer_at_boundary(s, event->timestamp, err);
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
				 "the binlog goes back from " POSITION_FORMAT " to " POSITION_FORMAT
				 ", as after RESET: changes may be missing; "
				 "%s",
				 POSITION_ARGS(&s->position), POSITION_ARGS(&to),
				 advice_start_over());
	/* A machine that loses its power may lose the end of its binlog, unnoticed by others: the
	 * server goes on in a new file. */
	if (binlog_position_is_set(&s->cut_at) &&
	    binlog_position_compare(&s->position, &s->cut_at) < 0 &&
	    binlog_position_compare(&to, &s->cut_at) > 0)
		return error_set(err, ERROR_PURGED,
				 "the binlog ends at " POSITION_FORMAT
				 " in that file, but was sent up "
				 "to " POSITION_FORMAT ": the source lost transactions, in a crash "
				 "perhaps (sync_binlog), of which the target holds rows; %s",
				 POSITION_ARGS(&s->position), POSITION_ARGS(&s->cut_at),
				 advice_start_over());
	/* The server's fake rotation at the start of a dump and of each file says
	 * where the following events stand. */
	if (s->transaction.state != TRANSACTION_NONE) {
		if (s->transaction.delivered > 0)
			return streamer_refuse_delivered(s,
							 "was cut short by the end of its binlog file",
							 err);
		transaction_reset(&s->transaction);
	}
	s->position = to;
	s->is_behind = false;
	if (event->timestamp != 0 ||
	    (event->log_pos != 0 && !(event->flags & EVENT_FLAG_ARTIFICIAL)))
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
	if (s->transaction.state != TRANSACTION_NONE)
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

static bool on_format(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	/* A file's first event says when it was made, and is sent at the start of any dump. */
	uint32_t created = event->timestamp, known = s->position.file_created;

	if (!binlog_format_parse(event, &s->format, err))
		return false;
	s->position.file_created = created;
	if (known != 0 && created != 0 && known != created)
		return error_set(err, ERROR_PURGED,
				 "the source's binlog file %s is another one than that of the position "
				 "(made at %" PRIu32 ", not at %" PRIu32
				 "): the binlog was reset, or the "
				 "server's data replaced; it is unknown what changed since: %s",
				 s->position.file, created, known, advice_start_over());
	return pass(s, event, err);
}

static bool on_gtid_list(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	return (s->transaction.state != TRANSACTION_NONE || streamer_gtid_list(s, event, err)) &&
	       pass(s, event, err);
}

static bool on_gtid(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (s->transaction.state == TRANSACTION_OPEN)
		return error_set(err, ERROR_CORRUPT,
				 "a transaction begins before the one after " POSITION_FORMAT
				 " has ended",
				 POSITION_ARGS(&s->boundary));
	s->transaction.state = TRANSACTION_ANNOUNCED;
	return streamer_gtid_begins(s, event, err);
}

#define MARIADB_GTID_STANDALONE 1
#define MARIADB_GTID_PREPARED_XA 64

static bool on_mariadb_gtid(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct binlog_mariadb_gtid gtid;

	if (!on_gtid(s, event, err) || !gtid_event_parse(event, &s->transaction.mariadb, err) ||
	    !binlog_mariadb_gtid_parse(event, &gtid, err))
		return false;
	/* MariaDB sends no BEGIN of its own: the flag says what follows. */
	if (!(gtid.flags & MARIADB_GTID_STANDALONE))
		s->transaction.state = TRANSACTION_OPEN;
	s->transaction.is_unfinished = gtid.is_unfinished_alter;
	if (gtid.flags & MARIADB_GTID_PREPARED_XA)
		s->transaction.is_xa = true;
	return true;
}

static bool on_xid(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	return streamer_deliver_buffered(s, "an XID event", err) &&
	       streamer_end_transaction(s, event, err);
}

static bool on_xa_prepare(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct transaction *t = &s->transaction;
	bool one_phase;

	if (!xa_prepare_parse(event, &s->xid, &one_phase, err) || !streamer_check_xa_size(s, err))
		return false;
	if (one_phase) {
		struct event_buffer buffered = t->buffered;

		t->buffered.bytes = (struct buf)BUF_INIT;
		bool ok = streamer_deliver_xa(s, &buffered, err);
		buf_release(&buffered.bytes);
		return ok && streamer_end_transaction(s, event, err);
	}
	if (t->buffered.bytes.length)
		xa_prepare(&s->undecided, buf_text(&s->xid), &s->begin, &t->buffered);
	return streamer_end_transaction(s, event, err);
}

/* XA COMMIT, XA ROLLBACK. */
static bool on_xa_decision(struct binlog_streamer *s, const struct statement *statement,
			   const struct binlog_query *query, struct error *err)
{
	/* Rows in front of it would be its own. */
	if (statement->kind != STATEMENT_XA_ROLLBACK && transaction_has_rows(&s->transaction))
		return streamer_refuse_unprepared(s, statement->verb, err);
	if (!xa_statement_parse(query->sql, query->sql_length, &s->xid, err))
		return false;

	/* One that is not known had no rows of copied tables, or was prepared before the
	 * start: then its locks made the copy wait for the decision. */
	struct xa_transaction *xa = xa_decide(&s->undecided, buf_text(&s->xid), &s->done);
	bool ok = !xa || statement->kind != STATEMENT_XA_COMMIT ||
		  streamer_deliver_xa(s, &xa->buffered, err);

	xa_transaction_free(xa);
	return ok;
}

/* Statements: the brackets of transactions, XA decisions, and what must end the run. */
static bool on_query(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	struct transaction *t = &s->transaction;
	struct binlog_query query;
	struct statement statement;

	if (!binlog_query_parse(event, &s->format, &query, err))
		return false;
	statement_parse(query.sql, query.sql_length,
			query.is_literal ? STATEMENT_LITERAL :
			query.is_utf8	 ? STATEMENT_ESCAPES :
					   STATEMENT_EITHER,
			&statement);
	switch (statement.kind) {
	case STATEMENT_XA_START:
		t->is_xa = true;
		t->state = TRANSACTION_OPEN;
		return true;
	case STATEMENT_BEGIN:
		t->state = TRANSACTION_OPEN;
		return true;
	case STATEMENT_COMMIT:
		return streamer_deliver_buffered(s, statement.verb, err) &&
		       streamer_end_transaction(s, event, err);
	case STATEMENT_ROLLBACK:
		if (t->delivered > 0)
			return streamer_refuse_delivered(s, "was rolled back", err);
		return streamer_end_transaction(s, event, err);
	case STATEMENT_SAVEPOINT:
		transaction_set_savepoint(t, statement.names[0].name);
		return true;
	case STATEMENT_ROLLBACK_TO:
		if (!transaction_roll_back_to(t, statement.names[0].name) &&
		    (t->delivered > 0 || t->buffered.bytes.length > 0))
			return streamer_refuse_delivered(s, "was rolled back in part", err);
		return true;
	case STATEMENT_RELEASE_SAVEPOINT:
	case STATEMENT_XA_END:
		return true;
	case STATEMENT_XA_PREPARE:
	case STATEMENT_XA_COMMIT:
	case STATEMENT_XA_ROLLBACK:
		return on_xa_decision(s, &statement, &query, err) &&
		       streamer_end_transaction(s, event, err);
	case STATEMENT_HARMLESS:
		streamer_notice_side_effects(s, &query);
		break;
	case STATEMENT_TABLE:
		if (!streamer_check_statement(s, &statement, &query, event->timestamp, err))
			return false;
		break;
	case STATEMENT_DML:
	case STATEMENT_UNKNOWN:
		if (!streamer_check_statement(s, &statement, &query, event->timestamp, err) ||
		    !streamer_check_side_effects(s, &query, err))
			return false;
		break;
	}
	/* A statement by itself is its own transaction; inside of one (the first half of
	 * CREATE TABLE ... SELECT, statement-format DML) it is not. */
	return t->state == TRANSACTION_OPEN || streamer_end_transaction(s, event, err);
}

static bool on_compressed_query(struct binlog_streamer *s, struct binlog_event *event,
				struct error *err)
{
	return mariadb_event_uncompress(event, &s->format, &s->plain, err) &&
	       on_query(s, event, err);
}

static bool on_undecoded(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	const char *why = "find out what makes the server log it, stop that";

	if (s->transaction.is_applied)
		return true;
	if (event->type == EVENT_INCIDENT)
		why = "the server lost changes that it should have logged";
	return error_set(err, ERROR_UNSUPPORTED,
			 "the binlog holds a %s event, which is not decoded: %s; %s",
			 binlog_event_type_name(event->type), why, advice_start_over());
}

static bool on_text(struct binlog_streamer *s, struct binlog_event *event, struct error *err)
{
	if (streamer_is_watched(s))
		streamer_on_statement_text(s, event);
	return pass(s, event, err);
}

static bool on_payload(struct binlog_streamer *s, struct binlog_event *event, struct error *err);

typedef bool event_function(struct binlog_streamer *s, struct binlog_event *event,
			    struct error *err);

/* What each event does; a type without a line is unknown, see streamer_dispatch(). */
static event_function *const handlers[256] = {
	[EVENT_QUERY] = on_query,
	[EVENT_STOP] = pass,
	[EVENT_ROTATE] = on_rotate,
	/* Context of a statement-format QUERY that follows and is looked at itself. */
	[EVENT_INTVAR] = pass,
	[EVENT_RAND] = pass,
	[EVENT_USER_VAR] = pass,
	[EVENT_FORMAT_DESCRIPTION] = on_format,
	[EVENT_XID] = on_xid,
	[EVENT_BEGIN_LOAD_QUERY] = pass,
	[EVENT_APPEND_BLOCK] = pass,
	[EVENT_DELETE_FILE] = pass,
	[EVENT_EXECUTE_LOAD_QUERY] = on_query, /* LOAD DATA in statement format */
	[EVENT_TABLE_MAP] = streamer_on_table_map,
	[EVENT_WRITE_ROWS_V1] = streamer_on_rows,
	[EVENT_UPDATE_ROWS_V1] = streamer_on_rows,
	[EVENT_DELETE_ROWS_V1] = streamer_on_rows,
	[EVENT_INCIDENT] = on_undecoded,
	[EVENT_HEARTBEAT] = on_heartbeat,
	[EVENT_IGNORABLE] = pass,
	[EVENT_ROWS_QUERY] = on_text,
	[EVENT_WRITE_ROWS_V2] = streamer_on_rows,
	[EVENT_UPDATE_ROWS_V2] = streamer_on_rows,
	[EVENT_DELETE_ROWS_V2] = streamer_on_rows,
	[EVENT_GTID] = on_gtid,
	[EVENT_ANONYMOUS_GTID] = on_gtid,
	[EVENT_PREVIOUS_GTIDS] = on_gtid_list,
	[EVENT_TRANSACTION_CONTEXT] = pass,
	[EVENT_VIEW_CHANGE] = pass,
	[EVENT_XA_PREPARE] = on_xa_prepare,
	[EVENT_PARTIAL_UPDATE_ROWS] = streamer_on_partial_rows,
	[EVENT_TRANSACTION_PAYLOAD] = on_payload,
	[EVENT_HEARTBEAT_V2] = on_heartbeat,
	[EVENT_GTID_TAGGED] = on_gtid,
	[EVENT_MARIADB_ANNOTATE_ROWS] = on_text,
	[EVENT_MARIADB_BINLOG_CHECKPOINT] = pass,
	[EVENT_MARIADB_GTID] = on_mariadb_gtid,
	[EVENT_MARIADB_GTID_LIST] = on_gtid_list,
	[EVENT_MARIADB_START_ENCRYPTION] = pass,
	[EVENT_MARIADB_QUERY_COMPRESSED] = on_compressed_query,
	[EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1] = streamer_on_compressed_rows,
	[EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1] = streamer_on_compressed_rows,
	[EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1] = streamer_on_compressed_rows,
	[EVENT_MARIADB_WRITE_ROWS_COMPRESSED] = streamer_on_compressed_rows,
	[EVENT_MARIADB_UPDATE_ROWS_COMPRESSED] = streamer_on_compressed_rows,
	[EVENT_MARIADB_DELETE_ROWS_COMPRESSED] = streamer_on_compressed_rows,
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
	} else if (s->transaction.state != TRANSACTION_NONE) {
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
