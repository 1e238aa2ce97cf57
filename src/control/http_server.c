/* libmicrohttpd on libev.
 *
 * The library keeps its sockets in an epoll set of its own, and that descriptor is
 * one more in our loop: when it is readable, or the library's own time is up, its
 * work is done by MHD_run(), which never waits.
 *
 * A request comes in three or more calls of on_request(): head, pieces of the
 * body, end. It is answered at its end; only a body that is announced as too large
 * is refused at once. A body that turns out too large while it comes is read on and
 * dropped up to a second limit, then the connection is cut.
 *
 * A page of another site must not make a browser press our buttons: see
 * request_origin.h. */
#include "control/http_server.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http_stream.h"
#include "peers.h"
#include "request_origin.h"

static const char log_tag[] = "control_server";

/* When all connections were taken and end, the library listens again at its next run,
 * which nothing but the clock may bring about. */
#define RUN_EVERY_MS 1000

enum { DROPPED_MAX = 1 << 20, FORM_BUFFER = 1024 };

struct server {
	struct ev_loop *loop; /* borrowed */
	const struct server_route *routes;
	size_t route_count;
	void *context;
	bool is_local;
	const struct access *access; /* borrowed */
	struct peers peers;
	struct streams streams;
	struct MHD_Daemon *daemon;
	ev_io readable;
	ev_timer timeout;
	ev_timer beat;
};

/* One request under way; owned by its connection. */
struct exchange {
	int64_t started_us;
	char *method; /* owned, as the log line comes when the request is gone */
	char *path;
	struct buf body;
	size_t received; /* of the body, dropped bytes included */
	void (*then)(void *context);
};

static void run_daemon(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	peers_cut_slow(&server->peers, (int64_t)SERVER_REQUEST_TIMEOUT_S * 1000);
	MHD_run(server->daemon);
	ev_timer_stop(server->loop, &server->timeout);
	if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES || wait_ms > RUN_EVERY_MS)
		wait_ms = RUN_EVERY_MS;
	ev_timer_set(&server->timeout, (double)wait_ms / 1000.0, 0.);
	ev_timer_start(server->loop, &server->timeout);
}

static void on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
	run_daemon(watcher->data);
}

static void on_timeout(struct ev_loop *loop UNUSED, ev_timer *watcher, int events UNUSED)
{
	run_daemon(watcher->data);
}

static void on_beat(struct ev_loop *loop UNUSED, ev_timer *watcher, int events UNUSED)
{
	server_beat(watcher->data);
}

void server_beat(struct server *server)
{
	if (!server || server->streams.count == 0)
		return;
	streams_beat(&server->streams);
	run_daemon(server);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

void server_reply_text(struct server_reply *reply, unsigned status, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	reply->status = status;
	reply->content_type = "text/plain; charset=utf-8";
	buf_clear(&reply->body);
	buf_puts(&reply->body, text ? text : "");
	buf_putc(&reply->body, '\n');
	free(text);
}

void server_reply_success(struct server_reply *reply, const struct server_request *request)
{
	reply->status = request->is_json ? 200 : 303;
	reply->location = request->is_json ? NULL : "/";
}

/* The field of a form that is wanted. */
struct form_search {
	const char *name;
	struct buf *value;
	bool found;
};

static enum MHD_Result on_form_field(void *context, enum MHD_ValueKind kind UNUSED, const char *key,
				     const char *filename UNUSED, const char *content_type UNUSED,
				     const char *encoding UNUSED, const char *data, uint64_t offset,
				     size_t size)
{
	struct form_search *search = context;

	if (!key || strcmp(key, search->name) != 0)
		return MHD_YES;
	if (offset == 0)
		buf_clear(search->value);
	buf_add(search->value, data, size);
	search->found = true;
	return MHD_YES;
}

bool server_form_value(const struct server_request *request, const char *name, struct buf *value)
{
	struct form_search search = { name, value, false };
	struct MHD_PostProcessor *processor = NULL;
	const char *in_query;

	buf_clear(value);
	/* NULL: a content type that is no form. */
	if (*request->content_type)
		processor = MHD_create_post_processor(request->native, FORM_BUFFER, on_form_field,
						      &search);
	if (processor) {
		MHD_post_process(processor, request->body, request->body_length);
		MHD_destroy_post_processor(processor);
	}
	if (search.found)
		return true;
	in_query = MHD_lookup_connection_value(request->native, MHD_GET_ARGUMENT_KIND, name);
	if (in_query)
		buf_puts(value, in_query);
	return in_query != NULL;
}

/* 405 must name the methods there are. */
static void add_allow(struct MHD_Response *response, const struct server *server, const char *path)
{
	struct buf allow = BUF_INIT;

	for (size_t i = 0; i < server->route_count; i++)
		if (strcmp(server->routes[i].path, path) == 0)
			buf_printf(&allow, "%s%s%s", allow.length > 0 ? ", " : "",
				   server->routes[i].method,
				   strcmp(server->routes[i].method, "GET") == 0 ? ", HEAD" : "");
	MHD_add_response_header(response, "Allow", buf_text(&allow));
	buf_release(&allow);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* Takes the reply's body. NULL: it cannot be made. */
static struct MHD_Response *make_response(struct server *server, struct MHD_Connection *connection,
					  struct server_reply *reply)
{
	struct MHD_Response *response;

	if (reply->next) {
		response = stream_open(&server->streams, connection, peer_of(connection),
				       reply->next, server->context);
		if (response)
			return response;
		server_reply_text(reply, 503, "too many clients, at most %d may listen",
				  SERVER_STREAMS_MAX);
	}

	size_t length = reply->body.length;
	char *body = buf_take(&reply->body);

	response = MHD_create_response_from_buffer(length, body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(body);
	return response;
}

/* Takes the reply's body. */
static enum MHD_Result send_reply(struct server *server, struct MHD_Connection *connection,
				  const char *path, struct server_reply *reply)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		/* Not "no-referrer": with that a form's Origin is "null". */
		{ "Referrer-Policy", "same-origin" },
		{ "Content-Security-Policy",
		  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
		  "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
		/* A reverse proxy is to hand pieces on as they come. */
		{ "X-Accel-Buffering", "no" },
	};
	struct MHD_Response *response = make_response(server, connection, reply);
	enum MHD_Result result;

	if (!response) {
		buf_release(&reply->cookie);
		return MHD_NO;
	}
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (reply->content_type)
		MHD_add_response_header(response, "Content-Type", reply->content_type);
	if (reply->location)
		MHD_add_response_header(response, "Location", reply->location);
	if (reply->cookie.length > 0)
		MHD_add_response_header(response, "Set-Cookie", buf_text(&reply->cookie));
	if (reply->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (reply->status == 405)
		add_allow(response, server, path);
	buf_release(&reply->cookie);
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static const struct server_route *find_route(const struct server *server, const char *method,
					     const char *path, bool *path_is_known)
{
	/* The library leaves the body out. */
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	*path_is_known = false;
	for (size_t i = 0; i < server->route_count; i++) {
		if (strcmp(server->routes[i].path, path) != 0)
			continue;
		*path_is_known = true;
		if (strcmp(server->routes[i].method, method) == 0)
			return &server->routes[i];
	}
	return NULL;
}

static bool origin_is_allowed(const struct server *server, struct MHD_Connection *connection,
			      const char *method)
{
	const struct request_origin origin = {
		.host = header(connection, "Host"),
		.origin = header(connection, "Origin"),
		.fetch_site = header(connection, "Sec-Fetch-Site"),
		.changes_something = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0,
	};

	return request_origin_allows(&origin, server->is_local, server->access->trusted);
}

/* Says why not. */
static bool is_refused(const struct server *server, struct MHD_Connection *connection,
		       const struct exchange *exchange, struct server_reply *reply)
{
	if (exchange->received > SERVER_BODY_MAX)
		server_reply_text(reply, 413, "request body is larger than %d bytes",
				  SERVER_BODY_MAX);
	else if (!origin_is_allowed(server, connection, exchange->method))
		server_reply_text(reply, 403,
				  "refused: the request comes from another site, or "
				  "calls a loopback address by a name (ControlServerConfig.TrustedHosts "
				  "has those of a reverse proxy)");
	else
		return false;
	return true;
}

static void answer(const struct server *server, struct MHD_Connection *connection,
		   struct exchange *exchange, struct server_reply *reply)
{
	const char *sent_type = header(connection, "Content-Type");
	const char *content_type = sent_type ? sent_type : "";
	const char *origin = header(connection, "Origin");
	static const char json[] = "application/json"; /* perhaps with "; charset=utf-8" */
	struct server_request request = {
		.method = exchange->method,
		.path = exchange->path,
		.content_type = content_type,
		.is_json = strncasecmp(content_type, json, sizeof(json) - 1) == 0 &&
			   strchr("; \t", content_type[sizeof(json) - 1]),
		.body = buf_text(&exchange->body),
		.body_length = exchange->body.length,
		.is_allowed = access_allows(server->access, header(connection, "Authorization"),
					    header(connection, "Cookie")),
		.by_https = origin && strncasecmp(origin, "https://", 8) == 0,
		.native = connection,
	};
	bool path_is_known;
	const struct server_route *route =
		find_route(server, request.method, request.path, &path_is_known);

	if (is_refused(server, connection, exchange, reply))
		return;
	if (!request.is_allowed && !(route && route->is_public))
		server_reply_text(reply, 401,
				  "unauthorized: send ControlServerConfig.AuthToken as "
				  "\"Authorization: Bearer ...\", or log in at /login");
	else if (!path_is_known)
		server_reply_text(reply, 404, "404 page not found");
	else if (!route)
		server_reply_text(reply, 405, "method not allowed");
	else if (strncasecmp(content_type, "multipart/", 10) == 0)
		server_reply_text(reply, 415,
				  "multipart forms are not understood: send "
				  "application/x-www-form-urlencoded (curl: -d, not -F) or "
				  "application/json");
	else
		route->handle(server->context, &request, reply);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version UNUSED,
				  const char *data, size_t *size, void **slot)
{
	struct server *server = context;
	struct exchange *exchange = *slot;

	if (!exchange) {
		const char *announced = header(connection, "Content-Length");

		*slot = exchange = mem_calloc(1, sizeof(*exchange));
		exchange->started_us = clock_us();
		exchange->method = mem_strdup(method);
		exchange->path = mem_strdup(path);
		if (!announced || strtoull(announced, NULL, 10) <= SERVER_BODY_MAX)
			return MHD_YES;
		exchange->received = SERVER_BODY_MAX + 1;
	} else if (*size > 0) {
		exchange->received += *size;
		if (exchange->received <= SERVER_BODY_MAX)
			buf_add(&exchange->body, data, *size);
		*size = 0;
		return exchange->received <= DROPPED_MAX ? MHD_YES : MHD_NO;
	}

	struct server_reply reply = { .status = 200 };

	peer_begin(peer_of(connection));
	answer(server, connection, exchange, &reply);
	exchange->then = reply.then;
	return send_reply(server, connection, exchange->path, &reply);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *fd =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		const union MHD_ConnectionInfo *address =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

		*slot = fd ? peers_add(&server->peers, fd->connect_fd,
				       address ? address->client_addr : NULL,
				       SERVER_CONNECTIONS_MAX) :
			     NULL;
	} else if (*slot) {
		peers_remove(&server->peers, *slot);
		*slot = NULL;
	}
}

static void on_request_done(void *context, struct MHD_Connection *connection, void **slot,
			    enum MHD_RequestTerminationCode code UNUSED)
{
	const struct server *server = context;
	struct exchange *exchange = *slot;
	char time[32];

	peer_begin(peer_of(connection));
	if (!exchange)
		return;
	snprintf(time, sizeof(time), "%.3fms", (double)(clock_us() - exchange->started_us) / 1000);
	/* logrus renames a field that would hide the line's own time. */
	log_write(LOG_INFO, log_tag, NULL,
		  (const struct log_field[]){ { "method", exchange->method },
					      { "path", exchange->path },
					      { "fields.time", time },
					      { NULL, NULL } },
		  "served http request");
	if (exchange->then)
		exchange->then(server->context);
	free(exchange->method);
	free(exchange->path);
	buf_release(&exchange->body);
	free(exchange);
	*slot = NULL;
}

static void log_library(void *context, const char *format, va_list args) PRINTF(2, 0);

static void log_library(void *context UNUSED, const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("%s", text);
}

struct server *server_new(struct ev_loop *loop, const struct listener *listener,
			  const struct access *access, const struct server_route *routes,
			  size_t route_count, void *context, struct error *err)
{
	struct server *server = mem_calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;

	server->loop = loop;
	server->routes = routes;
	server->route_count = route_count;
	server->context = context;
	server->is_local = listener->is_local;
	server->access = access;
	server->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0,
				 NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
				 log_library, NULL, MHD_OPTION_LISTEN_SOCKET, listener->fd,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS_MAX,
				 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE_TIMEOUT_S,
				 MHD_OPTION_NOTIFY_COMPLETED, on_request_done, server,
				 MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
				 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (!server->daemon) {
		error_errno(err, "control server cannot be started");
		close(listener->fd);
		free(server);
		return NULL;
	}
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	ev_io_init(&server->readable, on_readable, info->epoll_fd, EV_READ);
	ev_timer_init(&server->timeout, on_timeout, 0., 0.);
	server->readable.data = server;
	ev_timer_init(&server->beat, on_beat, SERVER_BEAT_MS / 1000., SERVER_BEAT_MS / 1000.);
	server->timeout.data = server->beat.data = server;
	ev_timer_start(loop, &server->beat);
	ev_io_start(loop, &server->readable);
	run_daemon(server);
	return server;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	ev_io_stop(server->loop, &server->readable);
	ev_timer_stop(server->loop, &server->timeout);
	ev_timer_stop(server->loop, &server->beat);
	streams_end(&server->streams);
	MHD_stop_daemon(server->daemon);
	free(server);
}
