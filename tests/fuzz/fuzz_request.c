/* A request to the control server: the route, what kind of body it has and whether the
 * server can be reached from other machines, three headers that say where it comes from
 * (each with its length in front), the body. Forms are taken apart by the library; here
 * the body stands for the field that is asked for. */
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

static void handle(struct reader *r, unsigned which, bool is_json)
{
	static const struct rate rate;
	struct api api = { .ferry = &fake_ferry, .rate = &rate };
	char *body = mem_memdup(r->at, reader_left(r)); /* with the NUL behind it */
	const struct server_route *route = &api_routes[which % api_route_count];
	struct server_request request = {
		.method = route->method,
		.path = route->path,
		.content_type = is_json ? "application/json" : "",
		.is_json = is_json,
		.body = body,
		.body_length = reader_left(r),
	};
	struct server_reply reply = { .status = 200 };

	route->handle(&api, &request, &reply);
	assert(reply.status == 200 || reply.status == 303 || reply.status == 400 ||
	       reply.status == 404 || reply.status == 501);
	buf_release(&reply.body);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over(data, size);
	unsigned which = reader_u8(&r), kind = reader_u8(&r);
	char *host = read_header(&r);
	char *origin = read_header(&r);
	char *site = read_header(&r);

	log_set_level(LOG_ERROR);
	const struct request_origin from = { host, origin, site, kind & 4 };

	if (!r.failed && request_origin_allows(&from, kind & 2))
		handle(&r, which, kind & 1);
	free(host);
	free(origin);
	free(site);
	return 0;
}
