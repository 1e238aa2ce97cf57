/* The control server's listening socket. */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <sys/socket.h>
#include <sys/types.h>

#include "control/bind_address.h"

struct listener {
	int fd;			     /* the caller closes it or gives it away */
	bool is_local;		     /* only this machine can connect */
	unsigned port;		     /* 0: a unix socket */
	char text[300];		     /* as it was asked for, with the port that it got */
	struct bind_address address; /* as it was asked for */
	/* A unix socket's file. */
	dev_t device;
	ino_t inode;
};

/* Port 0 takes any free one. A unix socket is its owner's alone (mode 0600); one that a dead
 * process has left is replaced. The message names the address. */
bool listen_open(struct listener *listener, const char *address, struct error *err) MUST_CHECK;
/* Removes a unix socket's file, unless it belongs to another process; before the socket is closed,
 * as that is what keeps others from having this inode. Fine on zeroed memory. */
void listen_remove(const struct listener *listener);

/* A loopback address, or a unix socket's. */
bool address_is_local(const struct sockaddr *address);

#endif
