/* Access to the control server: by token, and from which pages. A program sends the token itself
 * with each request ("Authorization: Bearer ..."); a browser gets a cookie for it, a random number
 * of this process that reveals nothing about the token. */
#ifndef CONTROL_ACCESS_H
#define CONTROL_ACCESS_H

#include "base/buf.h"
#include "plan/move_options.h"

#define ACCESS_SESSION_SIZE 65 /* 32 bytes in hex */

/* Constant after access_init(). */
struct access {
	const char *token;			      /* borrowed; NULL: access is open */
	const struct string_list *trusted;	      /* borrowed; NULL: none; TrustedHosts */
	char session[ACCESS_SESSION_SIZE];	      /* the cookie's value */
	char cookie_name[sizeof("ghostferry_65535")]; /* browsers share cookies between ports */
};

/* port: 0 of a unix socket. */
void access_init(struct access *access, const char *token, const struct string_list *trusted,
		 unsigned port);

/* Can it be sent in a header as it is? */
bool access_token_is_usable(const char *token);
/* "name", "name:port", "[v6]:port": as in a Host header. */
bool access_host_is_usable(const char *host);

/* By the headers as they were sent, NULL when absent. */
bool access_allows(const struct access *access, const char *authorization, const char *cookie);
/* Compares in a time that says nothing about the token. */
bool access_is_token(const struct access *access, const char *bytes, size_t length);
/* The text of a Set-Cookie header. */
void access_put_cookie(const struct access *access, bool by_https, struct buf *out);

#endif
