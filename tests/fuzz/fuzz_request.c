/* A request to the control server: the route, what kind of body it has and whether the
 * server can be reached from other machines and has a token, three headers that say where it
 * comes from and two that say who sends it (each with its length in front), the body. Forms are
 * taken apart by the library; here the body stands for the field that is asked for. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/fake_ferry.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/reader.h"
#include "control/api.h"
#include "../../src/control/request_origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bool server_form_value(const struct server_request *request, const char *name UNUSED,
		       struct buf *value)
{
	buf_add(value, request->body, request->body_length);
	return request->body_length > 0;
}

void server_reply_text(struct server_reply *reply, unsigned status, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	assert(vasprintf(&text, format, args) >= 0);
	va_end(args);
	reply->status = status;
	buf_clear(&reply->body);
	buf_puts(&reply->body, text);
	free(text);
}

void server_reply_success(struct server_reply *reply, const struct server_request *request)
{
	reply->status = request->is_json ? 200 : 303;
}

static char *read_header(struct reader *r)
{
	unsigned length = reader_u8(r);
	const uint8_t *bytes = reader_bytes(r, length);

	return bytes && length > 0 ? mem_memdup(bytes, length) : NULL;
}

/* What is let in has the token or the cookie in it, whatever stands around. */
static bool is_let_in(const struct access *access, const char *authorization, const char *cookie)
{
	bool is_allowed = access_allows(access, authorization, cookie);

	assert(!is_allowed || !access->token ||
	       (authorization && strstr(authorization, access->token)) ||
	       (cookie && strstr(cookie, access->session)));
	return is_allowed;
}

static void handle(struct reader *r, const struct access *access, unsigned which, bool is_json,
		   bool is_allowed)
{
	static const struct rate rate;
	struct api api = { .ferry = &fake_ferry, .rate = &rate, .access = access };
	char *body = mem_memdup(r->at, reader_left(r)); /* with the NUL behind it */
	const struct server_route *route = &api_routes[which % api_route_count];
	struct server_request request = {
		.method = route->method,
		.path = route->path,
		.content_type = is_json ? "application/json" : "",
		.is_json = is_json,
		.is_allowed = is_allowed,
		.body = body,
		.body_length = reader_left(r),
	};
	struct server_reply reply = { .status = 200 };

	if (!is_allowed && !route->is_public) {
		free(body);
		return;
	}
	route->handle(&api, &request, &reply);
	assert(reply.status == 200 || reply.status == 303 || reply.status == 400 ||
	       reply.status == 401 || reply.status == 404 || reply.status == 501);
	assert(reply.cookie.length == 0 || reply.status == 303);
	buf_release(&reply.cookie);
	buf_release(&reply.body);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "ferry.example", with_port[] = "a:1";
	static char *names[] = { name, with_port };
	static const struct string_list trusted = { names, 2 };
	struct reader r = reader_over(data, size);
	unsigned which = reader_u8(&r), kind = reader_u8(&r);
	char *headers[5]; /* Host, Origin, Sec-Fetch-Site, Authorization, Cookie */
	struct access access;

	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		headers[i] = read_header(&r);
	log_set_level(LOG_ERROR);
	access_init(&access, kind & 8 ? "t" : NULL, &trusted, 1);
	strcpy(access.session, "s"); /* short enough to be found */
	const struct request_origin from = { headers[0], headers[1], headers[2], kind & 4 };
	bool is_allowed = is_let_in(&access, headers[3], headers[4]);

	if (!r.failed && request_origin_allows(&from, kind & 2, access.trusted))
		handle(&r, &access, which, kind & 1, is_allowed);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		free(headers[i]);
	return 0;
}
