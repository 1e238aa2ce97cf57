/* A client that sends a byte now and then never is idle, and the library's own time limit never
 * ends it: so each request, and each answer, has a limit as a whole. And when the places run out,
 * the client that has waited longest gives way to the new one: 64 silent clients cannot lock out an
 * active one. Those of other machines go first, so that users of this one get in.
 *
 * A connection is cut by shutdown(): the library sees its end and closes it. */
#include "peers.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/listen.h"

static void cut(struct peers *peers, struct peer *peer)
{
	peer->is_cut = true;
	peers->count--;
	(void)shutdown(peer->fd, SHUT_RDWR);
}

/* Of other machines, if there is one. */
static struct peer *longest_waiting(const struct peers *peers)
{
	struct peer *found = NULL;

	for (struct peer *p = peers->first; p; p = p->next)
		if (!p->is_cut &&
		    (!found || (found->is_local && !p->is_local) ||
		     (found->is_local == p->is_local && p->since_ms <= found->since_ms)))
			found = p;
	return found;
}

struct peer *peers_add(struct peers *peers, int fd, const struct sockaddr *address, unsigned max)
{
	struct peer *peer = mem_calloc(1, sizeof(*peer));

	while (peers->count > 0 && peers->count + PEERS_SPARE >= max)
		cut(peers, longest_waiting(peers));
	*peer = (struct peer){ .next = peers->first,
			       .fd = fd,
			       .is_local = address && address_is_local(address),
			       .since_ms = clock_ms() };
	peers->first = peer;
	peers->count++;
	return peer;
}

void peers_remove(struct peers *peers, struct peer *peer)
{
	struct peer **at = &peers->first;

	while (*at && *at != peer)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = peer->next;
	if (!peer->is_cut)
		peers->count--;
	free(peer);
}

void peers_cut_slow(struct peers *peers, int64_t limit_ms)
{
	int64_t now = clock_ms();

	for (struct peer *p = peers->first; p; p = p->next)
		if (!p->is_cut && now - p->since_ms > limit_ms)
			cut(peers, p);
}

void peer_begin(struct peer *peer)
{
	if (peer)
		peer->since_ms = clock_ms();
}
