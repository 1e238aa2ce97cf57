/* Where the control server listens, as the configuration says it. Pure functions. */
#ifndef CONTROL_BIND_ADDRESS_H
#define CONTROL_BIND_ADDRESS_H

#include "base/error.h"

#define BIND_PATH_MAX 107 /* the system's limit, of a socket's name */

struct bind_address {
	bool is_unix;
	char host[256]; /* "": every address of the machine; of a unix socket its path */
	char port[6];	/* "" of a unix socket */
};

/* "host:port", "[::1]:8000", ":8000", "unix:/run/ferry.sock". The message begins with the
 * text in quotes. */
bool bind_address_parse(struct bind_address *address, const char *text,
			struct error *err) MUST_CHECK;

/* Only this machine can connect, whatever names stand for: of names, localhost alone. */
bool bind_address_is_local(const struct bind_address *address);

#endif
