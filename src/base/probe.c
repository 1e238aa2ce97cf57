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

void probe(const char *name, const char *detail_format, ...)
{
	const char *path = getenv("GHOSTFERRY_PROBES");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[1024], answer;
	va_list args;
	int fd, used;

	if (!path || *path == '\0' || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
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
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, line, (size_t)used, MSG_NOSIGNAL) == used)
		while (recv(fd, &answer, 1, 0) == 1 && answer != '\n')
			;
	close(fd);
}

#endif
