/* Raw binlog events from a server. src/stream/feed.c is the only file that depends on the client
 * library: mysql_binlog_open/fetch (Oracle) or mariadb_rpl_open and mysql_net_read_packet (MariaDB
 * Connector/C). One thread. */
#ifndef STREAM_FEED_H
#define STREAM_FEED_H

#include "decode/position.h"
#include "db/db.h"

struct binlog_feed_params {
	const struct db_params *server; /* borrowed */
	uint32_t server_id;		/* 0: pick a random one unused on the server */
	unsigned read_timeout_s; /* no event nor heartbeat for so long: connection lost; 0: 30 */
	const char *if_purged;	 /* for messages: what else to do, in front of starting over */
};

struct binlog_feed; /* opaque */

/* Connects and asks for the stream from position on. Sets @source_binlog_checksum and
 * @master_binlog_checksum to the server's own algorithm (events then carry their CRC32), the
 * heartbeat period, @mariadb_slave_capability=4 on MariaDB and a replica uuid; does not register as
 * a replica. An offset beyond 4 GiB starts at the file's beginning (the protocol has 32 bits): the
 * caller skips what lies before. ERROR_PURGED when the server no longer has the file: some servers
 * say so only at the first binlog_feed_next(). */
struct binlog_feed *binlog_feed_open(const struct binlog_feed_params *params,
				     const struct binlog_position *position,
				     struct error *err) MUST_CHECK;
void binlog_feed_close(struct binlog_feed *feed);

/* The next event, header first, without the packet's status byte, valid until
 * the next call. Blocks until the server sends something (events or heartbeats).
 * ERROR_LOST when the connection ends. */
bool binlog_feed_next(struct binlog_feed *feed, const uint8_t **event, size_t *length,
		      struct error *err) MUST_CHECK;
/* Did it fail because the file ends in the middle of an event? All whole ones were sent. */
bool binlog_feed_is_cut_short(const struct binlog_feed *feed);
/* Where in its file the stream begins: at the position asked for, or in front of it, where
 * the server cannot be asked for that. */
uint64_t binlog_feed_begins_at(const struct binlog_feed *feed);
/* The checksum algorithm the events carry. */
bool binlog_feed_has_checksums(const struct binlog_feed *feed);

/* Where the source's binlog ends now, asked over an ordinary session. */
bool binlog_current_position(struct db *db, struct binlog_position *position,
			     struct error *err) MUST_CHECK;
/* False, ERROR_PURGED: the file of the position is gone, or ends before it. */
bool binlog_reaches(struct db *db, const struct binlog_position *position,
		    struct error *err) MUST_CHECK;

#endif
