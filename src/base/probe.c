/* Named stops for tests; see the header. Each call makes its own connection, so
 * that threads waiting at different probes do not get each other's answer. */
#include "base/probe.h"

#ifdef PROBES

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void wait_for_line(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1)
		if (byte == '\n')
			return;
}

void probe(const char *name, const char *detail_format, ...)
{
	const char *path = getenv("GHOSTFERRY_PROBES");
	char line[1024];
	va_list args;
	int fd, used;

	if (!path || *path == '\0')
		return;
	fd = connect_to(path);
	if (fd < 0)
		return;
	used = snprintf(line, sizeof(line), "%s ", name);
	va_start(args, detail_format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, detail_format, args);
	va_end(args);
	used = (int)strlen(line);
	if (used > (int)sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	if (send(fd, line, (size_t)used, MSG_NOSIGNAL) == used)
		wait_for_line(fd);
	close(fd);
}

#else

/* ISO C wants something in every unit. */
extern const int probe_is_off;
const int probe_is_off = 1;

#endif
