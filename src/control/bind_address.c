#include "control/bind_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/listen.h"

#define UNIX_PREFIX "unix:"

static bool parse_unix(struct bind_address *address, const char *text, struct error *err)
{
	const char *path = text + strlen(UNIX_PREFIX);

	address->is_unix = true;
	if (*path != '/')
		return error_set(err, ERROR_CONFIG,
				 "\"%s\": a unix socket needs its whole path, as unix:/run/ferry.sock",
				 text);
	if (strlen(path) > BIND_PATH_MAX)
		return error_set(err, ERROR_CONFIG,
				 "\"%s\": the path of a unix socket has at most %d bytes", text,
				 BIND_PATH_MAX);
	snprintf(address->host, sizeof(address->host), "%s", path);
	return true;
}

/* getaddrinfo() takes 99999 for the port that its lower 16 bits make, and names too. */
static bool is_port(const char *text)
{
	return *text && strlen(text) <= 5 && text[strspn(text, "0123456789")] == '\0' &&
	       strtoul(text, NULL, 10) <= UINT16_MAX;
}

static bool split(struct bind_address *address, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (!colon || !is_port(colon + 1))
		return false;
	snprintf(address->port, sizeof(address->port), "%s", colon + 1);
	if (*text == '[') {
		if (length < 2 || colon[-1] != ']')
			return false;
		text++;
		length -= 2;
	} else if (memchr(text, ':', length)) {
		return false; /* an IPv6 address needs its brackets */
	}
	if (length >= sizeof(address->host))
		return false;
	memcpy(address->host, text, length);
	return true;
}

bool bind_address_parse(struct bind_address *address, const char *text, struct error *err)
{
	*address = (struct bind_address){ .is_unix = false };
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_unix(address, text, err);
	return split(address, text) || error_set(err, ERROR_CONFIG, "\"%s\" is not host:port", text);
}

bool bind_address_is_local(const struct bind_address *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (address->is_unix || strcasecmp(address->host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, address->host, &v4.sin_addr) == 1)
		return address_is_local((const struct sockaddr *)(const void *)&v4);
	return inet_pton(AF_INET6, address->host, &v6.sin6_addr) == 1 &&
	       address_is_local((const struct sockaddr *)(const void *)&v6);
}
