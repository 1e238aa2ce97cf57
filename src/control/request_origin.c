/* Browsers let any page post a form to any address, 127.0.0.1 included, but they say
 * where it comes from: Origin (and Sec-Fetch-Site). curl and other programs send
 * neither and are let through. A page of another site cannot read our answer to its
 * GET, and a link from another page may lead to ours: that does no harm.
 *
 * With its own name server another site can have its name point at 127.0.0.1
 * ("DNS rebinding"); then it is the same site for the browser, which lets it read status,
 * keys and the output of scripts. So whatever the method, a server that listens on a
 * loopback address must be called by an address or as localhost. */
#include "request_origin.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ":8000" or nothing */
static bool is_port(const char *text)
{
	return *text == '\0' || (*text == ':' && strlen(text) <= 6 &&
				 text[1 + strspn(text + 1, "0123456789")] == '\0');
}

/* host: a Host header, "name", "name:port", "[address]:port" */
static bool is_local_name(const char *host)
{
	bool is_v6 = *host == '[';
	size_t length = is_v6 ? strcspn(host + 1, "]") : strcspn(host, ":");
	const char *rest = host + length + (is_v6 ? 1 : 0);
	char name[64];
	struct in6_addr v6;
	struct in_addr v4;

	if (length >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)length, host + is_v6);
	if (is_v6)
		return *rest == ']' && is_port(rest + 1) && inet_pton(AF_INET6, name, &v6) == 1;
	return is_port(rest) &&
	       (strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &v4) == 1);
}

bool request_origin_allows(const struct request_origin *origin, bool is_loopback)
{
	const char *scheme_end;

	if (is_loopback && origin->host && !is_local_name(origin->host))
		return false;
	if (!origin->changes_something)
		return true;
	if (origin->fetch_site && strcmp(origin->fetch_site, "cross-site") == 0)
		return false;
	if (!origin->origin)
		return true;
	/* Without a scheme it is "null": a sandboxed page, or one that was redirected. */
	scheme_end = strstr(origin->origin, "://");
	return origin->host && scheme_end && strcasecmp(scheme_end + 3, origin->host) == 0;
}
