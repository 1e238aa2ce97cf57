/* Browsers let any page post a form to any address, 127.0.0.1 included, but they say
 * where it comes from: Origin (and Sec-Fetch-Site). curl and other programs send
 * neither and are let through. A page of another site cannot read our answer to its
 * GET, and a link from another page may lead to ours: that does no harm.
 *
 * With its own name server another site can have its name point at 127.0.0.1
 * ("DNS rebinding"); then it is the same site for the browser, which lets it read status,
 * keys and the output of scripts. So whatever the method, a server that listens on a
 * loopback address, or at a unix socket, must be called by an address, as localhost, or by
 * a name that the configuration trusts: that of a reverse proxy. Such a proxy may put its
 * own address in Host, or leave it; Origin always has the name that the browser knows. */
#include "request_origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ":8000" or nothing */
static bool is_port(const char *text)
{
	return *text == '\0' || (*text == ':' && strlen(text) <= 6 &&
				 text[1 + strspn(text + 1, "0123456789")] == '\0');
}

/* Without its port and brackets; false: it is no "name", "name:port" or "[address]:port". */
static bool get_name(const char *host, char *name, size_t size)
{
	bool is_v6 = *host == '[';
	size_t length = is_v6 ? strcspn(host + 1, "]") : strcspn(host, ":");
	const char *rest = host + length + (is_v6 ? 1 : 0);
	struct in6_addr v6;

	if (length >= size)
		return false;
	snprintf(name, size, "%.*s", (int)length, host + is_v6);
	if (is_v6)
		return *rest == ']' && is_port(rest + 1) && inet_pton(AF_INET6, name, &v6) == 1;
	return is_port(rest);
}

static bool is_local_name(const char *host)
{
	char name[64];
	struct in_addr v4;

	return get_name(host, name, sizeof(name)) &&
	       (*host == '[' || strcasecmp(name, "localhost") == 0 ||
		inet_pton(AF_INET, name, &v4) == 1);
}

bool request_origin_is_host(const char *text)
{
	char name[256];

	if (!get_name(text, name, sizeof(name)))
		return false;
	for (const char *c = name; *c && *text != '['; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	return *name != '\0';
}

/* host: of a Host header, or what stands behind the scheme in Origin. */
static bool is_trusted(const struct string_list *trusted, const char *host)
{
	for (size_t i = 0; trusted && i < trusted->count; i++) {
		const char *entry = trusted->items[i];
		size_t length = strlen(entry);

		/* What follows a whole entry is nothing; one without a port may be followed by any. */
		if (strncasecmp(host, entry, length) == 0 && is_port(host + length))
			return true;
	}
	return false;
}

bool request_origin_allows(const struct request_origin *origin, bool is_local,
			   const struct string_list *trusted)
{
	const char *scheme_end;

	if (is_local && origin->host && !is_local_name(origin->host) &&
	    !is_trusted(trusted, origin->host))
		return false;
	if (!origin->changes_something)
		return true;
	if (origin->fetch_site && strcmp(origin->fetch_site, "cross-site") == 0)
		return false;
	if (!origin->origin)
		return true;
	/* Without a scheme it is "null": a sandboxed page, or one that was redirected. */
	scheme_end = strstr(origin->origin, "://");
	return scheme_end && ((origin->host && strcasecmp(scheme_end + 3, origin->host) == 0) ||
			      is_trusted(trusted, scheme_end + 3));
}
