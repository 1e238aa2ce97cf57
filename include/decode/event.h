/* Binlog events: header, checksum and the bodies the program reads. Everything
 * points into the event's bytes, nothing is allocated but where said. Formats:
 * MySQL internals manual "Binary Log Event", mysql/binlog/event, MariaDB
 * "Replication Protocol". Pure functions. */
#ifndef DECODE_EVENT_H
#define DECODE_EVENT_H

#include "base/error.h"
#include "base/reader.h"

enum binlog_event_type {
	EVENT_UNKNOWN = 0,
	EVENT_START_V3 = 1,
	EVENT_QUERY = 2,
	EVENT_STOP = 3,
	EVENT_ROTATE = 4,
	EVENT_INTVAR = 5,
	EVENT_LOAD = 6,
	EVENT_SLAVE = 7,
	EVENT_CREATE_FILE = 8,
	EVENT_APPEND_BLOCK = 9,
	EVENT_EXEC_LOAD = 10,
	EVENT_DELETE_FILE = 11,
	EVENT_NEW_LOAD = 12,
	EVENT_RAND = 13,
	EVENT_USER_VAR = 14,
	EVENT_FORMAT_DESCRIPTION = 15,
	EVENT_XID = 16,
	EVENT_BEGIN_LOAD_QUERY = 17,
	EVENT_EXECUTE_LOAD_QUERY = 18,
	EVENT_TABLE_MAP = 19,
	EVENT_WRITE_ROWS_V1 = 23,
	EVENT_UPDATE_ROWS_V1 = 24,
	EVENT_DELETE_ROWS_V1 = 25,
	EVENT_INCIDENT = 26,
	EVENT_HEARTBEAT = 27,
	EVENT_IGNORABLE = 28,
	EVENT_ROWS_QUERY = 29,
	EVENT_WRITE_ROWS_V2 = 30,
	EVENT_UPDATE_ROWS_V2 = 31,
	EVENT_DELETE_ROWS_V2 = 32,
	EVENT_GTID = 33,
	EVENT_ANONYMOUS_GTID = 34,
	EVENT_PREVIOUS_GTIDS = 35,
	EVENT_TRANSACTION_CONTEXT = 36,
	EVENT_VIEW_CHANGE = 37,
	EVENT_XA_PREPARE = 38,
	EVENT_PARTIAL_UPDATE_ROWS = 39,
	EVENT_TRANSACTION_PAYLOAD = 40,
	EVENT_HEARTBEAT_V2 = 41,
	EVENT_GTID_TAGGED = 42,
	EVENT_MARIADB_ANNOTATE_ROWS = 160,
	EVENT_MARIADB_BINLOG_CHECKPOINT = 161,
	EVENT_MARIADB_GTID = 162,
	EVENT_MARIADB_GTID_LIST = 163,
	EVENT_MARIADB_START_ENCRYPTION = 164,
	EVENT_MARIADB_QUERY_COMPRESSED = 165,
	EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1 = 166,
	EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1 = 167,
	EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1 = 168,
	EVENT_MARIADB_WRITE_ROWS_COMPRESSED = 169,
	EVENT_MARIADB_UPDATE_ROWS_COMPRESSED = 170,
	EVENT_MARIADB_DELETE_ROWS_COMPRESSED = 171,
};

#define EVENT_HEADER_SIZE 19
#define EVENT_FLAG_ARTIFICIAL 0x0020
#define EVENT_FLAG_IGNORABLE 0x0080

/* "WRITE_ROWS", "PARTIAL_UPDATE_ROWS", ... or "event type 99". */
const char *binlog_event_type_name(unsigned type);

struct binlog_event {
	uint32_t timestamp; /* seconds, the source's clock; 0: artificial */
	uint8_t type;
	uint32_t server_id;
	uint32_t size;	  /* of the whole event */
	uint32_t log_pos; /* low 32 bits of the end offset; 0: none */
	uint16_t flags;
	struct reader body; /* behind the header, checksum cut off */
};

/* What the stream's FORMAT_DESCRIPTION event says; starts with binlog_format_init(). */
struct binlog_format {
	bool has_checksum; /* events end in a CRC32 */
	bool is_mariadb;
	char server_version[51];
	uint8_t header_sizes[256]; /* post-header size by event type; 0 unknown */
	unsigned header_size_count;
};

void binlog_format_init(struct binlog_format *format);
/* Splits an event. The size in the header must be the length given. Verifies the
 * CRC32 when the format has it: a wrong one is ERROR_CORRUPT. A FORMAT_DESCRIPTION
 * event itself always ends in an algorithm byte and, when that is 1, a checksum. */
bool binlog_event_parse(const uint8_t *bytes, size_t length, const struct binlog_format *format,
			struct binlog_event *event, struct error *err) MUST_CHECK;
bool binlog_format_parse(struct binlog_event *event, struct binlog_format *format,
			 struct error *err) MUST_CHECK;

struct binlog_rotate {
	uint64_t offset;
	const char *file; /* not terminated */
	size_t file_length;
};
bool binlog_rotate_parse(struct binlog_event *event, struct binlog_rotate *rotate,
			 struct error *err) MUST_CHECK;

/* HEARTBEAT and HEARTBEAT_V2: where the server is; offset 64 bits in V2, taken
 * from the header in V1. */
struct binlog_heartbeat {
	uint64_t offset;
	bool offset_is_64; /* V2, and MariaDB beyond 4 GiB */
	const char *file;
	size_t file_length;
};
bool binlog_heartbeat_parse(struct binlog_event *event, struct binlog_heartbeat *heartbeat,
			    struct error *err) MUST_CHECK;

struct binlog_query {
	const char *schema; /* the default database, not terminated */
	size_t schema_length;
	const char *sql; /* not terminated */
	size_t sql_length;
	bool is_utf8;	 /* sql is in UTF-8; else in whatever the session spoke */
	bool is_literal; /* NO_BACKSLASH_ESCAPES */
	uint16_t error_code;
};
bool binlog_query_parse(struct binlog_event *event, const struct binlog_format *format,
			struct binlog_query *query, struct error *err) MUST_CHECK;

struct binlog_mariadb_gtid {
	uint64_t sequence;
	uint32_t domain;
	/* 1 standalone, 2 commit id, 4 transactional, ... 32 DDL, 64 prepared XA, 128
	 * completed XA */
	uint8_t flags;
	/* START ALTER, ROLLBACK ALTER: a statement of its own, with the text of the ALTER TABLE
	 * that it says has begun, or is given up. */
	bool is_unfinished_alter;
};
bool binlog_mariadb_gtid_parse(struct binlog_event *event, struct binlog_mariadb_gtid *gtid,
			       struct error *err) MUST_CHECK;

#endif
