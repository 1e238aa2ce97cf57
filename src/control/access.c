#include "control/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "request_origin.h"

#define BEARER "Bearer"

void access_init(struct access *access, const char *token, const struct string_list *trusted,
		 unsigned port)
{
	unsigned char bytes[(ACCESS_SESSION_SIZE - 1) / 2];

	*access = (struct access){ .token = token, .trusted = trusted };
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort(); /* cannot be: so few bytes come whole, or the call waits */
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(access->session + 2 * i, 3, "%02x", bytes[i]);
	if (port > 0)
		snprintf(access->cookie_name, sizeof(access->cookie_name), "ghostferry_%u",
			 port & UINT16_MAX);
	else
		snprintf(access->cookie_name, sizeof(access->cookie_name), "ghostferry");
}

bool access_token_is_usable(const char *token)
{
	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *token != '\0';
}

bool access_host_is_usable(const char *host)
{
	return request_origin_is_host(host);
}

/* Takes the same time for each text of that length. */
static bool is_same(const char *secret, const char *bytes, size_t length)
{
	size_t wanted = strlen(secret);
	volatile size_t differs = wanted ^ length;

	for (size_t i = 0; i < length; i++)
		differs = differs | (size_t)((unsigned char)secret[i % (wanted + 1)] ^
					     (unsigned char)bytes[i]);
	return differs == 0;
}

bool access_is_token(const struct access *access, const char *bytes, size_t length)
{
	return access->token && *access->token && is_same(access->token, bytes, length);
}

static bool has_token(const struct access *access, const char *authorization)
{
	const char *at = authorization + strlen(BEARER);
	size_t length;

	if (strncasecmp(authorization, BEARER, strlen(BEARER)) != 0 || *at != ' ')
		return false;
	at += strspn(at, " ");
	length = strlen(at);
	while (length > 0 && at[length - 1] == ' ')
		length--;
	return access_is_token(access, at, length);
}

/* "a=b; name=value" */
static bool has_session(const struct access *access, const char *cookies)
{
	size_t name_length = strlen(access->cookie_name);
	bool found = false;

	for (const char *at = cookies; *at;) {
		at += strspn(at, "; \t");

		size_t length = strcspn(at, ";");

		if (length > name_length && at[name_length] == '=' &&
		    memcmp(at, access->cookie_name, name_length) == 0)
			found = found || is_same(access->session, at + name_length + 1,
						 length - name_length - 1);
		at += length;
	}
	return found;
}

bool access_allows(const struct access *access, const char *authorization, const char *cookie)
{
	return !access->token || (authorization && has_token(access, authorization)) ||
	       (cookie && has_session(access, cookie));
}

/* Without Path it goes to the folder of the login alone: behind a proxy that is this run. */
void access_put_cookie(const struct access *access, bool by_https, struct buf *out)
{
	buf_printf(out, "%s=%s; HttpOnly; SameSite=Strict%s", access->cookie_name, access->session,
		   by_https ? "; Secure" : "");
}
