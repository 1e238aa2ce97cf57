/* Splits binlog events and reads the small ones.
 *
 * Every event is a 19-byte header, a body and, when the file's FORMAT_DESCRIPTION event says so, a
 * CRC32 of all that (MySQL source, libs/mysql/binlog/event/binlog_event.h; MariaDB knowledge base,
 * "2-Binlog Event Header"). The body starts with a post-header whose size per event type is in
 * FORMAT_DESCRIPTION as well: a server newer than this program may have added bytes to it, so they
 * are skipped, and fewer than we read are an error.
 *
 * Sizes inside the bytes are only ever used through a reader. */
#include "decode/event.h"

#include <string.h>
#include <zlib.h>

#define CHECKSUM_SIZE 4
#define CHECKSUM_OFF 0
#define CHECKSUM_CRC32 1
#define FLAGS_OFFSET 17
#define FLAG_IN_USE 0x0001
#define SERVER_VERSION_SIZE 50
#define OFFSET_MAX INT64_MAX /* my_off_t of the servers; sums with it do not wrap */
#define QUERY_POST_HEADER 13

static const struct {
	unsigned type;
	const char *name;
} type_names[] = {
	{ EVENT_START_V3, "START_V3" },
	{ EVENT_QUERY, "QUERY" },
	{ EVENT_STOP, "STOP" },
	{ EVENT_ROTATE, "ROTATE" },
	{ EVENT_INTVAR, "INTVAR" },
	{ EVENT_LOAD, "LOAD" },
	{ EVENT_SLAVE, "SLAVE" },
	{ EVENT_CREATE_FILE, "CREATE_FILE" },
	{ EVENT_APPEND_BLOCK, "APPEND_BLOCK" },
	{ EVENT_EXEC_LOAD, "EXEC_LOAD" },
	{ EVENT_DELETE_FILE, "DELETE_FILE" },
	{ EVENT_NEW_LOAD, "NEW_LOAD" },
	{ EVENT_RAND, "RAND" },
	{ EVENT_USER_VAR, "USER_VAR" },
	{ EVENT_FORMAT_DESCRIPTION, "FORMAT_DESCRIPTION" },
	{ EVENT_XID, "XID" },
	{ EVENT_BEGIN_LOAD_QUERY, "BEGIN_LOAD_QUERY" },
	{ EVENT_EXECUTE_LOAD_QUERY, "EXECUTE_LOAD_QUERY" },
	{ EVENT_TABLE_MAP, "TABLE_MAP" },
	{ EVENT_WRITE_ROWS_V1, "WRITE_ROWS_V1" },
	{ EVENT_UPDATE_ROWS_V1, "UPDATE_ROWS_V1" },
	{ EVENT_DELETE_ROWS_V1, "DELETE_ROWS_V1" },
	{ EVENT_INCIDENT, "INCIDENT" },
	{ EVENT_HEARTBEAT, "HEARTBEAT" },
	{ EVENT_IGNORABLE, "IGNORABLE" },
	{ EVENT_ROWS_QUERY, "ROWS_QUERY" },
	{ EVENT_WRITE_ROWS_V2, "WRITE_ROWS" },
	{ EVENT_UPDATE_ROWS_V2, "UPDATE_ROWS" },
	{ EVENT_DELETE_ROWS_V2, "DELETE_ROWS" },
	{ EVENT_GTID, "GTID" },
	{ EVENT_ANONYMOUS_GTID, "ANONYMOUS_GTID" },
	{ EVENT_PREVIOUS_GTIDS, "PREVIOUS_GTIDS" },
	{ EVENT_TRANSACTION_CONTEXT, "TRANSACTION_CONTEXT" },
	{ EVENT_VIEW_CHANGE, "VIEW_CHANGE" },
	{ EVENT_XA_PREPARE, "XA_PREPARE" },
	{ EVENT_PARTIAL_UPDATE_ROWS, "PARTIAL_UPDATE_ROWS" },
	{ EVENT_TRANSACTION_PAYLOAD, "TRANSACTION_PAYLOAD" },
	{ EVENT_HEARTBEAT_V2, "HEARTBEAT_V2" },
	{ EVENT_GTID_TAGGED, "GTID_TAGGED" },
	{ EVENT_MARIADB_ANNOTATE_ROWS, "ANNOTATE_ROWS" },
	{ EVENT_MARIADB_BINLOG_CHECKPOINT, "BINLOG_CHECKPOINT" },
	{ EVENT_MARIADB_GTID, "MARIADB_GTID" },
	{ EVENT_MARIADB_GTID_LIST, "GTID_LIST" },
	{ EVENT_MARIADB_START_ENCRYPTION, "START_ENCRYPTION" },
	{ EVENT_MARIADB_QUERY_COMPRESSED, "QUERY_COMPRESSED" },
	{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, "WRITE_ROWS_COMPRESSED_V1" },
	{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1, "UPDATE_ROWS_COMPRESSED_V1" },
	{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1, "DELETE_ROWS_COMPRESSED_V1" },
	{ EVENT_MARIADB_WRITE_ROWS_COMPRESSED, "WRITE_ROWS_COMPRESSED" },
	{ EVENT_MARIADB_UPDATE_ROWS_COMPRESSED, "UPDATE_ROWS_COMPRESSED" },
	{ EVENT_MARIADB_DELETE_ROWS_COMPRESSED, "DELETE_ROWS_COMPRESSED" },
};

const char *binlog_event_type_name(unsigned type)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return "unknown event";
}

void binlog_format_init(struct binlog_format *format)
{
	*format = (struct binlog_format){ .has_checksum = false };
}

static bool cut_short(const struct binlog_event *event, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "%s event cut short or not valid (%u bytes)",
			 binlog_event_type_name(event->type), event->size);
}

static bool check_crc32(const uint8_t *bytes, size_t length, struct binlog_event *event,
			struct error *err)
{
	struct reader tail = reader_over(bytes + length, CHECKSUM_SIZE);
	uint32_t stored = reader_u32(&tail);
	uint8_t flags[2] = { bytes[FLAGS_OFFSET], bytes[FLAGS_OFFSET + 1] };
	uLong sum = crc32_z(0, bytes, FLAGS_OFFSET);

	/* A file that is still written to carries the in-use flag, which is set after
	 * the sum was made (MySQL source, Log_event_footer::event_checksum_test). */
	if (event->type == EVENT_FORMAT_DESCRIPTION)
		flags[0] &= (uint8_t)~FLAG_IN_USE;
	sum = crc32_z(sum, flags, sizeof(flags));
	sum = crc32_z(sum, bytes + EVENT_HEADER_SIZE, length - EVENT_HEADER_SIZE);
	if (stored != sum)
		return error_set(err, ERROR_CORRUPT,
				 "%s event ending at %u has checksum %08x, its bytes give %08x: it "
				 "was damaged on disk or on the way",
				 binlog_event_type_name(event->type), event->log_pos, stored,
				 (unsigned)sum);
	return true;
}

/* Cuts the checksum off event->body and verifies it. A FORMAT_DESCRIPTION event
 * has room for one and names its own algorithm just before, whatever the setting
 * of the server, on every server that can checksum (MySQL 5.6.1, MariaDB 5.3). */
static bool cut_checksum(const uint8_t *bytes, size_t length, const struct binlog_format *format,
			 struct binlog_event *event, struct error *err)
{
	bool is_format = event->type == EVENT_FORMAT_DESCRIPTION;
	bool has_checksum = format->has_checksum;
	size_t left = reader_left(&event->body);

	if (!is_format && !has_checksum)
		return true;
	if (left < CHECKSUM_SIZE + (is_format ? 1 : 0))
		return cut_short(event, err);
	if (is_format)
		has_checksum = bytes[length - CHECKSUM_SIZE - 1] == CHECKSUM_CRC32;
	event->body = reader_over(bytes + EVENT_HEADER_SIZE, left - CHECKSUM_SIZE);
	return !has_checksum || check_crc32(bytes, length - CHECKSUM_SIZE, event, err);
}

bool binlog_event_parse(const uint8_t *bytes, size_t length, const struct binlog_format *format,
			struct binlog_event *event, struct error *err)
{
	struct reader r = reader_over(bytes, length);

	event->timestamp = reader_u32(&r);
	event->type = reader_u8(&r);
	event->server_id = reader_u32(&r);
	event->size = reader_u32(&r);
	event->log_pos = reader_u32(&r);
	event->flags = reader_u16(&r);
	if (r.failed)
		return error_set(err, ERROR_CORRUPT, "a binlog event of %zu bytes", length);
	if (event->size != length)
		return error_set(err, ERROR_CORRUPT, "%s event says it has %u bytes, but has %zu",
				 binlog_event_type_name(event->type), event->size, length);
	event->body = r;
	return cut_checksum(bytes, length, format, event, err);
}

/* MySQL source, libs/mysql/binlog/event/control_events.h,
 * Format_description_event. */
bool binlog_format_parse(struct binlog_event *event, struct binlog_format *format, struct error *err)
{
	struct reader *r = &event->body;
	struct binlog_format read = { .has_checksum = false };
	unsigned binlog_version = reader_u16(r);
	const uint8_t *version = reader_bytes(r, SERVER_VERSION_SIZE);
	unsigned header_size, algorithm;

	reader_u32(r); /* when the file was created */
	header_size = reader_u8(r);
	if (r->failed || reader_left(r) < 1)
		return cut_short(event, err);
	if (binlog_version != 4 || header_size != EVENT_HEADER_SIZE)
		return error_set(err, ERROR_UNSUPPORTED,
				 "binlog format version %u with event headers of %u bytes",
				 binlog_version, header_size);
	memcpy(read.server_version, version, SERVER_VERSION_SIZE);
	read.is_mariadb = strstr(read.server_version, "MariaDB") != NULL;
	for (unsigned type = 1; reader_left(r) > 1; type++) {
		uint8_t size = reader_u8(r);

		if (type < ARRAY_LEN(read.header_sizes)) {
			read.header_sizes[type] = size;
			read.header_size_count = type;
		}
	}
	algorithm = reader_u8(r);
	if (algorithm != CHECKSUM_OFF && algorithm != CHECKSUM_CRC32)
		return error_set(err, ERROR_UNSUPPORTED, "binlog checksum algorithm %u", algorithm);
	read.has_checksum = algorithm == CHECKSUM_CRC32;
	*format = read;
	return true;
}

/* offset[8], then the name up to the end. */
bool binlog_rotate_parse(struct binlog_event *event, struct binlog_rotate *rotate, struct error *err)
{
	struct reader *r = &event->body;

	rotate->offset = reader_u64(r);
	rotate->file_length = reader_left(r);
	rotate->file = (const char *)reader_bytes(r, rotate->file_length);
	if (r->failed || rotate->file_length == 0 || rotate->offset > OFFSET_MAX)
		return cut_short(event, err);
	return true;
}

/* A list of fields, each a number, a size and a value, ended by number 0 (MySQL
 * source, libs/mysql/binlog/event/codecs/binary.cpp). */
static bool parse_heartbeat_v2(struct binlog_event *event, struct binlog_heartbeat *heartbeat,
			       struct error *err)
{
	enum { END_MARK, LOG_FILENAME, LOG_POSITION };
	struct reader *r = &event->body;
	bool has_offset = false;

	while (reader_left(r) > 0) {
		uint64_t field = reader_lenenc(r);
		struct reader value;

		if (field == END_MARK)
			break;
		value = reader_sub(r, reader_lenenc(r));
		if (field == LOG_FILENAME) {
			heartbeat->file_length = reader_left(&value);
			heartbeat->file = (const char *)reader_bytes(&value, heartbeat->file_length);
		} else if (field == LOG_POSITION) {
			heartbeat->offset = reader_lenenc(&value);
			has_offset = !value.failed;
		}
	}
	heartbeat->offset_is_64 = true;
	if (r->failed || !has_offset || heartbeat->file_length == 0 ||
	    heartbeat->offset > OFFSET_MAX)
		return cut_short(event, err);
	return true;
}

bool binlog_heartbeat_parse(struct binlog_event *event, struct binlog_heartbeat *heartbeat,
			    struct error *err)
{
	struct reader *r = &event->body;

	*heartbeat = (struct binlog_heartbeat){ .offset = event->log_pos };
	if (event->type == EVENT_HEARTBEAT_V2)
		return parse_heartbeat_v2(event, heartbeat, err);
	/* MariaDB puts an offset beyond 4 GiB in front of the name and says so by 0 in
	 * the header (its source, Heartbeat_log_event, HB_SUB_HEADER_LEN). The header of
	 * a MySQL may wrap to 0 too, but a name has no zero bytes. */
	if (event->log_pos == 0 && reader_left(r) > 8 && r->at[7] == 0) {
		heartbeat->offset = reader_u64(r);
		heartbeat->offset_is_64 = true;
	}
	heartbeat->file_length = reader_left(r);
	heartbeat->file = (const char *)reader_bytes(r, heartbeat->file_length);
	if (r->failed || heartbeat->file_length == 0 || heartbeat->offset > OFFSET_MAX)
		return cut_short(event, err);
	return true;
}

/* Collations of utf8mb3 and utf8mb4, those of both flavours. A session that speaks
 * "binary" is taken by its bytes, which is UTF-8 where names are concerned. */
static bool is_utf8_collation(unsigned id)
{
	static const struct {
		unsigned first, last;
	} ranges[] = {
		{ 33, 33 },	{ 45, 46 },	{ 63, 63 },	{ 76, 76 },	{ 83, 83 },
		{ 192, 247 },	{ 255, 323 },	{ 576, 578 },	{ 608, 610 },	{ 1057, 1057 },
		{ 1069, 1070 }, { 1107, 1107 }, { 1216, 1271 }, { 2048, 2559 },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (id >= ranges[i].first && id <= ranges[i].last)
			return true;
	return false;
}

/* code[1] value, in the order of their codes but for the catalog; what the session speaks
 * has only these in front of it (MySQL source, sql/log_event.cc, Query_log_event::write). */
static void read_session(struct binlog_query *query, struct reader status)
{
	enum { FLAGS2, SQL_MODE, OLD_CATALOG, AUTO_INCREMENT, CHARSET, CATALOG = 6 };
	enum { NO_BACKSLASH_ESCAPES = 0x100000 };

	query->is_utf8 = query->is_literal = false;
	while (reader_left(&status) > 0) {
		switch (reader_u8(&status)) {
		case FLAGS2:
		case AUTO_INCREMENT:
			reader_skip(&status, 4);
			break;
		case SQL_MODE:
			query->is_literal = reader_u64(&status) & NO_BACKSLASH_ESCAPES;
			break;
		case OLD_CATALOG:
			reader_skip(&status, reader_u8(&status) + 1u);
			break;
		case CATALOG:
			reader_skip(&status, reader_u8(&status));
			break;
		case CHARSET: {
			unsigned client = reader_u16(&status);

			query->is_utf8 = !status.failed && is_utf8_collation(client);
			return;
		}
		default:
			return;
		}
	}
}

/* thread[4] seconds[4] schema length[1] error[2] status length[2], the status
 * variables, the schema with a NUL, the statement up to the end. */
bool binlog_query_parse(struct binlog_event *event, const struct binlog_format *format,
			struct binlog_query *query, struct error *err)
{
	struct reader *r = &event->body;
	/* EXECUTE_LOAD_QUERY has more fixed fields in front of the same. */
	unsigned post_header =
		format->header_sizes[event->type == EVENT_EXECUTE_LOAD_QUERY ? EVENT_EXECUTE_LOAD_QUERY :
									       EVENT_QUERY];
	unsigned status_length;

	reader_u32(r);
	reader_u32(r);
	query->schema_length = reader_u8(r);
	query->error_code = reader_u16(r);
	status_length = reader_u16(r);
	if (post_header > QUERY_POST_HEADER)
		reader_skip(r, post_header - QUERY_POST_HEADER);
	read_session(query, reader_sub(r, status_length));
	query->schema = (const char *)reader_bytes(r, query->schema_length);
	reader_u8(r);
	if (r->failed)
		return cut_short(event, err);
	query->sql_length = reader_left(r);
	query->sql = (const char *)reader_bytes(r, query->sql_length);
	return true;
}

/* MariaDB knowledge base, "Gtid Event": what follows depends on the flags and is
 * not needed here. */
bool binlog_mariadb_gtid_parse(struct binlog_event *event, struct binlog_mariadb_gtid *gtid,
			       struct error *err)
{
	enum { GTID_HAS_COMMIT_ID = 2, GTID_XA = 64 | 128, GTID_UNFINISHED_ALTER = 2 | 8 };
	struct reader r = event->body;
	uint8_t further = 0;

	gtid->sequence = reader_u64(&r);
	gtid->domain = reader_u32(&r);
	gtid->flags = reader_u8(&r);
	if (r.failed)
		return cut_short(event, err);
	/* What follows is padded with zeros, and may be left out. */
	if (gtid->flags & GTID_HAS_COMMIT_ID)
		reader_u64(&r);
	if (!(gtid->flags & GTID_XA))
		further = reader_u8(&r);
	gtid->is_unfinished_alter = !r.failed && (further & GTID_UNFINISHED_ALTER);
	return true;
}
