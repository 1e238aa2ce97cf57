/* Sets of transactions by their global ids, which are the same on a source and on all
 * its replicas. Values; not thread-safe.
 *
 * MySQL numbers the transactions of each server and tag by themselves and names sets
 * as "uuid:1-5:7,uuid:tag:1-3". MariaDB numbers those of a domain, whichever server they
 * come from, and names the last one of each: "0-1-100"; here that is 1-100 of domain 0
 * from server 1, one line per domain and server as in @@gtid_binlog_state. */
#ifndef DECODE_GTID_SET_H
#define DECODE_GTID_SET_H

#include "base/buf.h"
#include "base/error.h"

enum gtid_kind { GTID_NONE, GTID_MYSQL, GTID_MARIADB };

#define GTID_ORIGIN_SIZE 16
#define GTID_TAG_MAX 32

struct gtid {
	enum gtid_kind kind; /* GTID_NONE: no transaction */
	/* MySQL: the UUID. MariaDB: domain and server id, big-endian, then zeros. */
	uint8_t origin[GTID_ORIGIN_SIZE];
	char tag[GTID_TAG_MAX + 1]; /* MySQL 8.3 on; "": none */
	uint64_t number;	    /* from 1 on */
};

struct gtid_range {
	uint64_t first, last; /* both included */
};

struct gtid_line {
	uint8_t origin[GTID_ORIGIN_SIZE];
	char tag[GTID_TAG_MAX + 1];
	struct gtid_range *ranges; /* owned; in order, never touching each other */
	size_t count;
	size_t room;
};

struct gtid_set {
	enum gtid_kind kind;	 /* GTID_NONE: nothing was ever added */
	struct gtid_line *lines; /* owned; in order of origin and tag */
	size_t count;
	size_t room;
};

#define GTID_SET_INIT                                                                              \
	{                                                                                          \
		GTID_NONE, NULL, 0, 0                                                              \
	}

void gtid_set_release(struct gtid_set *set); /* leaves it empty */
bool gtid_set_is_empty(const struct gtid_set *set);
/* Kinds must not be mixed: adding another one asserts (gtid_set_suits()). */
void gtid_set_add(struct gtid_set *set, const struct gtid *gtid);
void gtid_set_add_range(struct gtid_set *set, const struct gtid *first, uint64_t last);
void gtid_set_merge(struct gtid_set *set, const struct gtid_set *more);
void gtid_set_copy(struct gtid_set *to, const struct gtid_set *from);
/* to gets what from has, from is empty then. */
void gtid_set_move(struct gtid_set *to, struct gtid_set *from);

/* Can they be compared: of one kind, or one of them empty? */
bool gtid_set_suits(const struct gtid_set *a, const struct gtid_set *b);
bool gtid_set_contains(const struct gtid_set *set, const struct gtid *gtid);
/* missing (may be NULL) gets what of part is not in whole. */
bool gtid_set_is_subset(const struct gtid_set *part, const struct gtid_set *whole,
			struct gtid_set *missing);
/* Has a server that executed `executed` done all of part? As the server itself sees it: MySQL by
 * every transaction, MariaDB by the last one of each domain. */
bool gtid_set_is_executed(const struct gtid_set *part, const struct gtid_set *executed,
			  struct gtid_set *missing);

/* MariaDB: a GTID of its parts, and the highest number of a domain (0: none). */
struct gtid gtid_mariadb(uint32_t domain, uint32_t server_id, uint64_t number);
uint32_t gtid_domain(const uint8_t *origin);
uint32_t gtid_server_id(const uint8_t *origin);
uint64_t gtid_set_last(const struct gtid_set *set, uint32_t domain);

/* Appends the text as the servers take it. */
void gtid_set_print(struct buf *out, const struct gtid_set *set);
/* The same for messages, cut off when long. */
void gtid_set_print_short(struct buf *out, const struct gtid_set *set);
/* Adds what a server's text says, of either kind; "" is the empty set. */
bool gtid_set_parse(struct gtid_set *set, const char *text, size_t length,
		    struct error *err) MUST_CHECK;

#endif
