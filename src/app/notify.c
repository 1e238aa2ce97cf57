/* systemd's protocol is a datagram to a socket whose name is in the environment; a name that
 * begins with @ is an abstract one. Not by libsystemd: it would be a library more to install
 * for thirty lines. The variable stays in the environment for the program that restart.c
 * runs in this one's place; CustomScripts may not notify, as systemd takes what the main
 * process sends only. */
#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 2048 };

static struct sockaddr_un manager = { .sun_family = AF_UNIX };
static socklen_t manager_length; /* 0: there is none */

void notify_init(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name ? strlen(name) : 0;

	if (length < 2 || length >= sizeof(manager.sun_path) || (*name != '/' && *name != '@'))
		return;
	memcpy(manager.sun_path, name, length);
	if (*name == '@')
		manager.sun_path[0] = '\0';
	manager_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

bool notify_is_wanted(void)
{
	return manager_length > 0;
}

/* A line end in the status would begin another assignment. */
void notify_send(const char *state, const char *status)
{
	char message[MESSAGE_MAX];
	int fd, length;

	if (!notify_is_wanted())
		return;
	length = snprintf(message, sizeof(message), "%s%s%s", state ? state : "",
			  state && status ? "\n" : "", status ? "STATUS=" : "");
	for (; status && *status && length < MESSAGE_MAX; status++)
		message[length++] = *status == '\n' ? ' ' : *status;
	/* A manager that does not listen must not hold up the loop. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, message, (size_t)length, MSG_NOSIGNAL, (const struct sockaddr *)&manager,
		     manager_length);
	close(fd);
}
