/* Browsers let any page post a form to any address, 127.0.0.1 included, but they say
 * where it comes from: Origin (and Sec-Fetch-Site). curl and other programs send
 * neither and are let through.
 *
 * With its own name server a foreign page can have its name point at 127.0.0.1
 * ("DNS rebinding"); then Origin and Host agree. So a server that listens on a
 * loopback address wants to be called by an address or as localhost. */
#include "control/foreign.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_same_site(const char *host, const char *origin)
{
	const char *scheme_end = strstr(origin, "://");

	/* "null": a sandboxed page, or one that was redirected */
	return host && scheme_end && strcasecmp(scheme_end + 3, host) == 0;
}

/* host: a Host header, "name", "name:port", "[address]:port" */
static bool is_local_name(const char *host)
{
	size_t length = strcspn(host, ":");
	char name[64];
	struct in_addr address;

	if (*host == '[')
		return true;
	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

bool foreign_allows(const char *host, const char *origin, const char *fetch_site, bool is_loopback)
{
	if (fetch_site && strcmp(fetch_site, "cross-site") == 0)
		return false;
	if (origin && !is_same_site(host, origin))
		return false;
	return !is_loopback || !host || is_local_name(host);
}
