/* The open connections of the control server: those that take too long are cut off, and
 * the one that has waited longest where a new one finds no room. All by the loop's thread. */
#ifndef CONTROL_PEERS_H
#define CONTROL_PEERS_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"

/* Of the places that there are, so that a new connection is always taken. */
#define PEERS_SPARE 8

struct peer {
	struct peer *next;
	int fd; /* the library's */
	bool is_local;
	bool is_cut;
	int64_t since_ms; /* its request, or answer, began */
};

struct peers {
	struct peer *first; /* owned; the newest */
	unsigned count;	    /* that are not cut */
};

/* Another one is there; those that have to go are cut off. */
struct peer *peers_add(struct peers *peers, int fd, const struct sockaddr *address, unsigned max);
/* The library has closed it. */
void peers_remove(struct peers *peers, struct peer *peer);
/* Cuts those off whose request or answer takes longer. */
void peers_cut_slow(struct peers *peers, int64_t limit_ms);
/* A new request, or the answer to it, begins. */
void peer_begin(struct peer *peer);

#endif
