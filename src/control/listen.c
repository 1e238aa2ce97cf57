/* Binds an address as Go's net.Listen reads it, but for two things: a host name that has
 * several addresses is bound at the first that can be had, and "unix:/path" is a socket
 * there.
 *
 * Such a socket outlives its process when that is killed, and a resumed run must not stumble over
 * it. Connecting shows whether one is alive: a dead one has no listener. Between that and its
 * removal another process may do the same, and between its bind() and listen() a living one looks
 * dead: so all of this happens under a lock of the folder. */
#include "control/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 128, LOCK_TRIES = 200, LOCK_WAIT_NS = 10000000 };

#define REMEDY                                                                                     \
	"another move, or another program, has it: choose another "                                \
	"ControlServerConfig.ServerBindAddr"

bool address_is_local(const struct sockaddr *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

	if (address->sa_family == AF_UNIX)
		return true;
	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (address->sa_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
}

/* Always -1; keeps errno. */
static int close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* --- TCP ---------------------------------------------------------------------- */

/* The socket, or -1 with errno. */
static int bind_one(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	return close_failed(fd);
}

/* "" is every address: an IPv6 socket serves both families where there is IPv6, so
 * that is tried first. */
static bool bind_any(struct listener *listener, const struct addrinfo *list, bool every)
{
	for (int pass = every ? 0 : 1; pass < 2 && listener->fd < 0; pass++) {
		for (const struct addrinfo *i = list; i && listener->fd < 0; i = i->ai_next) {
			if (pass == 0 && i->ai_family != AF_INET6)
				continue;
			listener->fd = bind_one(i);
			listener->is_local = address_is_local(i->ai_addr);
		}
	}
	return listener->fd >= 0;
}

static void remember_port(struct listener *listener, const char *text)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof(bound);

	if (getsockname(listener->fd, (struct sockaddr *)(void *)&bound, &size) == 0)
		listener->port = ntohs(bound.ss_family == AF_INET6 ?
					       ((struct sockaddr_in6 *)(void *)&bound)->sin6_port :
					       ((struct sockaddr_in *)(void *)&bound)->sin_port);
	snprintf(listener->text, sizeof(listener->text), "%.*s:%u",
		 (int)(strrchr(text, ':') - text), text, listener->port);
}

static bool open_tcp(struct listener *listener, const char *text, struct error *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	const char *host = listener->address.host;
	struct addrinfo *list = NULL;
	int code = getaddrinfo(*host ? host : NULL, listener->address.port, &hints, &list);

	if (code != 0)
		return error_set(err, ERROR_CONFIG, "control server address \"%s\": %s", text,
				 code == EAI_SYSTEM ? "the name cannot be looked up" :
						      gai_strerror(code));
	if (bind_any(listener, list, *host == '\0'))
		remember_port(listener, text);
	else if (errno == EADDRINUSE)
		error_set(err, ERROR_SYSTEM,
			  "control server cannot listen on %s: %s (" REMEDY
			  ", with port 0 for any that is free)",
			  text, strerror(EADDRINUSE));
	else
		error_errno(err, "control server cannot listen on %s", text);
	freeaddrinfo(list);
	return listener->fd >= 0;
}

/* --- unix sockets ------------------------------------------------------------- */

/* The folder's descriptor, which has the lock until it is closed, or -1 with errno. Others hold it
 * for a moment; if one holds it longer, the wait is limited. */
static int lock_folder(const char *path)
{
	char folder[BIND_PATH_MAX + 1];
	const char *end = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", end == path ? 1 : (int)(end - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK || i >= LOCK_TRIES)
			return close_failed(fd);
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_WAIT_NS }, NULL);
	}
	return fd;
}

/* Is there a socket without a listener? */
static bool is_left_over(const struct sockaddr_un *name)
{
	struct stat info;
	int fd;
	bool is_dead;

	if (lstat(name->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	is_dead = connect(fd, (const struct sockaddr *)(const void *)name, sizeof(*name)) != 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return is_dead;
}

/* Nobody can connect before listen(): by then the mode is right. False with errno. */
static bool bind_unix(struct listener *listener)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const struct sockaddr *address = (const struct sockaddr *)(const void *)&name;
	struct stat info;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok;

	if (fd < 0)
		return false;
	memcpy(name.sun_path, listener->address.host, sizeof(name.sun_path)); /* with its NUL */
	ok = bind(fd, address, sizeof(name)) == 0;
	if (!ok && errno == EADDRINUSE) {
		if (is_left_over(&name) && unlink(name.sun_path) == 0)
			ok = bind(fd, address, sizeof(name)) == 0;
		else
			errno = EADDRINUSE;
	}
	if (!ok || chmod(name.sun_path, 0600) != 0 || stat(name.sun_path, &info) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		close_failed(fd);
		return false;
	}
	listener->fd = fd;
	listener->device = info.st_dev;
	listener->inode = info.st_ino;
	return true;
}

static bool open_unix(struct listener *listener, const char *text, struct error *err)
{
	int lock = lock_folder(listener->address.host);
	bool ok = lock >= 0 && bind_unix(listener);

	listener->is_local = true;
	snprintf(listener->text, sizeof(listener->text), "%s", text);
	if (!ok && errno == EADDRINUSE)
		error_set(err, ERROR_SYSTEM, "control server cannot listen on %s: %s (" REMEDY ")",
			  text, strerror(EADDRINUSE));
	else if (!ok)
		error_errno(err, "control server cannot listen on %s", text);
	if (lock >= 0)
		close(lock);
	return ok;
}

void listen_remove(const struct listener *listener)
{
	const char *path = listener->address.host;
	struct stat info;

	if (listener->address.is_unix && listener->inode && lstat(path, &info) == 0 &&
	    info.st_dev == listener->device && info.st_ino == listener->inode)
		(void)unlink(path);
}

bool listen_open(struct listener *listener, const char *address, struct error *err)
{
	*listener = (struct listener){ .fd = -1 };
	if (!bind_address_parse(&listener->address, address, err))
		return error_wrap(err, "control server address");
	return listener->address.is_unix ? open_unix(listener, address, err) :
					   open_tcp(listener, address, err);
}
