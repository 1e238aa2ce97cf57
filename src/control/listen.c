/* Binds an address as Go's net.Listen reads it, but for one thing: a host name that
 * has several addresses is bound at the first that can be had. */
#include "control/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

bool listen_split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
	const char *colon = strrchr(address, ':');
	const char *from = address;
	size_t length;

	if (!colon)
		return false;
	length = (size_t)(colon - address);
	if (*from == '[') {
		if (length < 2 || colon[-1] != ']')
			return false;
		from++;
		length -= 2;
	} else if (memchr(from, ':', length)) {
		return false; /* an IPv6 address needs its brackets */
	}
	if (length >= host_size || strlen(colon + 1) >= port_size)
		return false;
	snprintf(host, host_size, "%.*s", (int)length, from);
	snprintf(port, port_size, "%s", colon + 1);
	return *port;
}

bool address_is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (address->sa_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
}

/* The socket, or -1 with errno. */
static int bind_one(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* "" is every address: an IPv6 socket serves both families where there is IPv6, so
 * that is tried first. */
static bool bind_any(struct listener *listener, const struct addrinfo *list, bool every)
{
	listener->fd = -1;
	for (int pass = every ? 0 : 1; pass < 2 && listener->fd < 0; pass++) {
		for (const struct addrinfo *i = list; i && listener->fd < 0; i = i->ai_next) {
			if (pass == 0 && i->ai_family != AF_INET6)
				continue;
			listener->fd = bind_one(i);
			listener->is_loopback = address_is_loopback(i->ai_addr);
		}
	}
	return listener->fd >= 0;
}

bool listen_open(struct listener *listener, const char *address, struct error *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof(bound);
	struct addrinfo *list = NULL;
	char host[256], port[32];
	bool ok;
	int code;

	*listener = (struct listener){ .fd = -1 };
	/* getaddrinfo() takes 99999 for the port that its lower 16 bits make. */
	if (!listen_split(address, host, sizeof(host), port, sizeof(port)) ||
	    (port[strspn(port, "0123456789")] == '\0' &&
	     (strlen(port) > 5 || strtoul(port, NULL, 10) > UINT16_MAX)))
		return error_set(err, ERROR_CONFIG,
				 "control server address \"%s\": must be host:port, [IPv6]:port or "
				 ":port, with a port up to 65535",
				 address);
	code = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (code != 0)
		return error_set(err, ERROR_CONFIG, "control server address \"%s\": %s", address,
				 code == EAI_SYSTEM ? "the name cannot be looked up" :
						      gai_strerror(code));
	ok = bind_any(listener, list, *host == '\0');
	if (!ok)
		error_errno(err, "control server cannot listen on %s", address);
	else if (getsockname(listener->fd, (struct sockaddr *)(void *)&bound, &size) == 0)
		listener->port = ntohs(bound.ss_family == AF_INET6 ?
					       ((struct sockaddr_in6 *)(void *)&bound)->sin6_port :
					       ((struct sockaddr_in *)(void *)&bound)->sin_port);
	freeaddrinfo(list);
	return ok;
}
