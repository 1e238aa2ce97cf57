/* The events of a binlog that carry GTIDs. Pure functions over an event's body; formats:
 * MySQL source, libs/mysql/binlog/event/control_events.h, sql/rpl_gtid_set.cc
 * (Gtid_set::encode) and libs/mysql/serialization; MariaDB knowledge base, "Gtid Event",
 * "Gtid List Event". */
#ifndef DECODE_GTID_EVENT_H
#define DECODE_GTID_EVENT_H

#include "decode/event.h"
#include "decode/gtid_set.h"

/* GTID, GTID_TAGGED and MARIADB_GTID: the transaction that follows. ANONYMOUS_GTID:
 * kind GTID_NONE. */
bool gtid_event_parse(const struct binlog_event *event, struct gtid *gtid,
		      struct error *err) MUST_CHECK;
/* PREVIOUS_GTIDS and GTID_LIST, at the head of each file: adds all that the server had
 * logged, or was told that it has, before the file. */
bool gtid_list_parse(const struct binlog_event *event, struct gtid_set *set,
		     struct error *err) MUST_CHECK;

#endif
