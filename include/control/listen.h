/* The control server's listening socket. */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <sys/socket.h>

#include "base/error.h"

struct listener {
	int fd; /* the caller closes it or gives it away */
	unsigned port;
	bool is_loopback; /* only this machine can connect */
};

/* "host:port", "[::1]:8000", ":8000" (every address of the machine, both
 * families). Port 0 takes any free one. The message names the address. */
bool listen_open(struct listener *listener, const char *address, struct error *err) MUST_CHECK;

bool address_is_loopback(const struct sockaddr *address);

/* Splits "host:port" without looking at either; false when there is no port. */
bool listen_split(const char *address, char *host, size_t host_size, char *port,
		  size_t port_size) MUST_CHECK;

#endif
