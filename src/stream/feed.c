/* The stream of binlog events as a server sends it to a replica.
 *
 * The session says what it understands by user variables, then asks for the dump
 * and only reads from there on: rotations, events and, when nothing happens,
 * heartbeats. So silence longer than the read timeout means a dead connection.
 *
 * Two client libraries can do this. Oracle's has mysql_binlog_open and _fetch. MariaDB's has
 * mariadb_rpl_open; its mariadb_rpl_fetch is not used, as it parses events itself and stops at
 * unknown types: the packets are read from the connection instead, as it does. Either way the
 * packets of an event over 16 MiB come joined, with one status byte in front.
 *
 * The dump command has 32 bits for the offset. */
#include "stream/feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mysql.h>
#if defined(MARIADB_PACKAGE_VERSION)
#include <mariadb_rpl.h>
#endif

#include "base/advice.h"
#include "base/mem.h"

#define READ_TIMEOUT_S 30
#define BINLOG_START 4	     /* behind the magic number at the head of each file */
#define MARIADB_HEAD_MAX 512 /* the format's event ends before */
#define NS_PER_MS 1000000
/* The server sends one after so long without events. The cutover waits for one or two, while the
 * application's writers wait for it. */
#define HEARTBEAT_MS UINT64_C(20)

/* MySQL 8.0.26 on: heartbeats as HEARTBEAT_V2, with a 64-bit offset
 * (USE_HEARTBEAT_EVENT_V2). MariaDB: send ANNOTATE_ROWS events too
 * (BINLOG_SEND_ANNOTATE_ROWS_EVENT), so that event sizes add up to offsets. */
#define DUMP_FLAGS 2

/* ER_SOURCE_FATAL_ERROR_READING_BINLOG; older name ER_MASTER_... */
#define ER_READING_BINLOG 1236

struct binlog_feed {
	struct db_params server; /* the caller's with our read timeout */
	struct db *db;		 /* owned */
	struct binlog_position start;
	uint64_t begins_at;    /* in the same file; what the server is asked for */
	const char *if_purged; /* borrowed */
	uint32_t server_id;
	bool has_checksums;
	bool is_cut_short; /* its last event is not whole */
#if defined(MARIADB_PACKAGE_VERSION)
	MARIADB_RPL *dump; /* owned */
#else
	MYSQL_RPL dump;
	bool is_dumping;
#endif
};

/* The server gives one number and a text when it cannot send: the texts must be told apart, as
 * starting over is the only remedy for a log that is gone. */
static bool is_gone(const char *text)
{
	static const char *const reasons[] = {
		"Could not find first log file", /* both servers */
		"could not find next log",	 /* both, after RESET */
		"purged required binary logs",	 /* MySQL */
		"position > file size",		 /* MySQL: a log lost in a crash, or reset */
		"impossible position",		 /* MariaDB: the same */
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strstr(text, reasons[i]))
			return true;
	return false;
}

static bool dump_failed(struct binlog_feed *feed, const char *doing, struct error *err)
{
	db_fail(feed->db, err, doing);
	if (err->server_code == ER_READING_BINLOG)
		err->kind = is_gone(err->text) ? ERROR_PURGED : ERROR_SQL;
	feed->is_cut_short = err->server_code == ER_READING_BINLOG &&
			     strstr(err->text, "truncated in the middle of event");
	if (err->kind == ERROR_PURGED)
		return error_wrap(err,
				  "the %s no longer has its binlog from " POSITION_FORMAT " on, so "
				  "that it is unknown what changed since; %s%s, and let it keep its logs "
				  "for longer (binlog_expire_logs_seconds, expire_logs_days)",
				  feed->server.label, POSITION_ARGS(&feed->start), feed->if_purged,
				  advice_start_over());
	return error_wrap(err, "binlog from " POSITION_FORMAT, POSITION_ARGS(&feed->start));
}

#if defined(MARIADB_PACKAGE_VERSION)
static bool dump_open(struct binlog_feed *feed, uint32_t offset, struct error *err)
{
	feed->dump = mariadb_rpl_init(db_native(feed->db));
	if (!feed->dump)
		return dump_failed(feed, "prepare the binlog dump", err);
	mariadb_rpl_optionsv(feed->dump, MARIADB_RPL_FILENAME, feed->start.file,
			     strlen(feed->start.file));
	mariadb_rpl_optionsv(feed->dump, MARIADB_RPL_START, (unsigned long)offset);
	mariadb_rpl_optionsv(feed->dump, MARIADB_RPL_SERVER_ID, (unsigned)feed->server_id);
	mariadb_rpl_optionsv(feed->dump, MARIADB_RPL_FLAGS, (unsigned)DUMP_FLAGS);
	if (mariadb_rpl_open(feed->dump))
		return dump_failed(feed, "ask for the binlog", err);
	return true;
}

static bool dump_next(struct binlog_feed *feed, const uint8_t **packet, size_t *length,
		      struct error *err)
{
	MYSQL *mysql = db_native(feed->db);
	unsigned long got = mysql_net_read_packet(mysql);

	if (got == packet_error)
		return dump_failed(feed, "read the binlog", err);
	*packet = mysql->net.read_pos;
	*length = got;
	return true;
}

static void dump_close(struct binlog_feed *feed)
{
	if (feed->dump)
		mariadb_rpl_close(feed->dump);
}
#else
static bool dump_open(struct binlog_feed *feed, uint32_t offset, struct error *err)
{
	feed->dump = (MYSQL_RPL){
		.file_name = feed->start.file,
		.file_name_length = strlen(feed->start.file),
		.start_position = offset,
		.server_id = feed->server_id,
		.flags = DUMP_FLAGS,
	};
	if (mysql_binlog_open(db_native(feed->db), &feed->dump))
		return dump_failed(feed, "ask for the binlog", err);
	feed->is_dumping = true;
	return true;
}

static bool dump_next(struct binlog_feed *feed, const uint8_t **packet, size_t *length,
		      struct error *err)
{
	if (mysql_binlog_fetch(db_native(feed->db), &feed->dump))
		return dump_failed(feed, "read the binlog", err);
	*packet = feed->dump.buffer;
	*length = feed->dump.size;
	return true;
}

static void dump_close(struct binlog_feed *feed)
{
	MYSQL *mysql = db_native(feed->db);

	/* It reads what is still to come, which is nothing when the connection is gone. */
	if (feed->is_dumping && mysql)
		mysql_binlog_close(mysql, &feed->dump);
}
#endif

static bool random_bytes(void *bytes, size_t length, struct error *err)
{
	if (getrandom(bytes, length, 0) != (ssize_t)length)
		return error_errno(err, "get random bytes");
	return true;
}

/* A second dump with the same server id or replica uuid would end the first. */
static bool is_taken(struct binlog_feed *feed, uint32_t id, bool *taken, struct error *err)
{
	struct db_row row;
	enum db_fetch fetch;

	*taken = id == 0;
	if (!db_queryf(feed->db, err, "%s", server_replicas_query(db_version(feed->db))))
		/* Not every account may ask; one in 2^32 is good enough then. */
		return err->kind == ERROR_ACCESS;
	while ((fetch = db_row_next(feed->db, &row, err)) == DB_ROW)
		if (row.count > 0 && row.values[0] && strtoul(row.values[0], NULL, 10) == id)
			*taken = true;
	return fetch != DB_FAILED;
}

static bool pick_server_id(struct binlog_feed *feed, uint32_t wanted, struct error *err)
{
	bool taken = true;

	feed->server_id = wanted;
	if (wanted)
		return true;
	while (taken) {
		if (!random_bytes(&feed->server_id, sizeof(feed->server_id), err) ||
		    !is_taken(feed, feed->server_id, &taken, err))
			return error_wrap(err, "pick a server id");
	}
	return true;
}

/* Each variable under its old and its new name: which one is read depends on the
 * server. (One does not see the other's new value inside a statement.) Capability
 * 4: MariaDB sends GTID events instead of stand-ins. */
static bool set_up_session(struct binlog_feed *feed, struct error *err)
{
	uint64_t period = HEARTBEAT_MS * NS_PER_MS;
	struct buf uuid = BUF_INIT;
	struct buf algorithm = BUF_INIT;
	uint8_t random[16];
	bool ok;

	if (!random_bytes(random, sizeof(random), err))
		return false;
	random[6] = (uint8_t)((random[6] & 0x0f) | 0x40); /* version 4 (RFC 9562) */
	random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
	buf_put_uuid(&uuid, random);
	ok = db_execf(feed->db, err,
		      "SET @source_binlog_checksum = @@global.binlog_checksum,"
		      " @master_binlog_checksum = @@global.binlog_checksum,"
		      " @source_heartbeat_period = %" PRIu64 ", @master_heartbeat_period = %" PRIu64
		      ", @replica_uuid = '%s', @slave_uuid = '%s', @mariadb_slave_capability = 4",
		      period, period, buf_text(&uuid), buf_text(&uuid)) &&
	     db_value(feed->db, &algorithm, NULL, err, "SELECT @master_binlog_checksum");
	feed->has_checksums = strcmp(buf_text(&algorithm), "CRC32") == 0;
	buf_release(&uuid);
	buf_release(&algorithm);
	return ok;
}

struct binlog_feed *binlog_feed_open(const struct binlog_feed_params *params,
				     const struct binlog_position *position, struct error *err)
{
	struct binlog_feed *feed = mem_calloc(1, sizeof(*feed));

	feed->server = *params->server;
	feed->server.read_timeout_s =
		params->read_timeout_s ? params->read_timeout_s : READ_TIMEOUT_S;
	feed->start = *position;
	feed->if_purged = params->if_purged;
	feed->db = db_open(&feed->server, DB_SESSION_BINLOG, NULL, err);
	if (feed->db) {
		/* A server can be asked for the first 4 GiB of a file only. And where MariaDB
		 * keeps its binlog encrypted, there is a place between the event of the format and
		 * the one with the key, from which it would send garbage. */
		feed->begins_at = feed->start.offset;
		if (feed->begins_at < BINLOG_START || feed->begins_at > UINT32_MAX ||
		    (db_version(feed->db)->flavour == FLAVOUR_MARIADB &&
		     feed->begins_at <= MARIADB_HEAD_MAX))
			feed->begins_at = BINLOG_START;
		if (pick_server_id(feed, params->server_id, err) && set_up_session(feed, err) &&
		    dump_open(feed, (uint32_t)feed->begins_at, err))
			return feed;
	}
	binlog_feed_close(feed);
	return NULL;
}

void binlog_feed_close(struct binlog_feed *feed)
{
	if (!feed)
		return;
	if (feed->db)
		dump_close(feed);
	db_close(feed->db);
	free(feed);
}

/* A packet is a status byte, 0, and the event; 0xfe alone ends the stream. */
bool binlog_feed_next(struct binlog_feed *feed, const uint8_t **event, size_t *length,
		      struct error *err)
{
	const uint8_t *packet = NULL;
	size_t size = 0;

	if (!dump_next(feed, &packet, &size, err))
		return false;
	if (size == 0 || packet[0] == 0xfe)
		return error_set(err, ERROR_LOST, "the server ended the binlog stream");
	if (packet[0] != 0)
		return error_set(err, ERROR_CORRUPT, "a binlog packet with status byte %u",
				 packet[0]);
	*event = packet + 1;
	*length = size - 1;
	return true;
}

bool binlog_feed_is_cut_short(const struct binlog_feed *feed)
{
	return feed->is_cut_short;
}

uint64_t binlog_feed_begins_at(const struct binlog_feed *feed)
{
	return feed->begins_at;
}

bool binlog_feed_has_checksums(const struct binlog_feed *feed)
{
	return feed->has_checksums;
}

static bool read_position(struct db *db, const struct db_row *row, struct binlog_position *position,
			  struct error *err)
{
	if (row->count < 2 || !row->values[0] || !row->values[1])
		return error_set(err, ERROR_SQL, "%s: an odd binlog status", db_label(db));
	return binlog_position_set(position, row->values[0], row->lengths[0],
				   strtoull(row->values[1], NULL, 10), err);
}

bool binlog_current_position(struct db *db, struct binlog_position *position, struct error *err)
{
	struct db_row row;
	bool ok = true;

	if (!db_queryf(db, err, "%s", server_binlog_status_query(db_version(db))))
		return false;
	switch (db_row_next(db, &row, err)) {
	case DB_FAILED:
		return false;
	case DB_END:
		return error_set(err, ERROR_PREFLIGHT,
				 "%s: binary logging is off (log_bin in its configuration)",
				 db_label(db));
	case DB_ROW:
		ok = read_position(db, &row, position, err);
	}
	db_row_finish(db);
	return ok;
}

bool binlog_reaches(struct db *db, const struct binlog_position *position, struct error *err)
{
	struct binlog_position end;
	enum db_fetch fetched;
	struct db_row row;
	bool reaches = false;

	if (!db_queryf(db, err, "SHOW BINARY LOGS"))
		return false;
	while (!reaches && (fetched = db_row_next(db, &row, err)) == DB_ROW)
		if (!read_position(db, &row, &end, err))
			break;
		else
			reaches = strcmp(end.file, position->file) == 0 &&
				  end.offset >= position->offset;
	db_row_finish(db);
	if (reaches || fetched != DB_END)
		return reaches;
	return error_set(err, ERROR_PURGED,
			 "the source no longer has its binlog up to " POSITION_FORMAT ": it was "
			 "reset, or lost in a crash, or the state was changed; %s",
			 POSITION_ARGS(position), advice_start_over());
}
