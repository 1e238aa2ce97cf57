/* The control server end to end: the loop runs in a thread of its own with the real
 * routes over a fake ferry, and the tests talk to it with libcurl and by hand. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/api.h"
#include "../../../src/control/request_origin.h"
#include "../fake_ferry.h"
#include "../unit.h"

static struct {
	struct thread thread;
	struct ev_loop *loop;
	ev_async stop;
	struct server *server;
	struct rate rate;
	struct access access;
	struct api api;
	unsigned port;
} here;

static void on_stop(struct ev_loop *loop, ev_async *watcher UNUSED, int events UNUSED)
{
	ev_break(loop, EVBREAK_ALL);
}

static void run_loop(void *argument UNUSED)
{
	ev_run(here.loop, 0);
}

static atomic_int stops;

static void note_stop(void *context UNUSED)
{
	atomic_fetch_add(&stops, 1);
}

static char any_port[] = "ferry.example", one_port[] = "moves.example:8443", v6[] = "[fd00::1]";
static char *trusted_names[] = { any_port, one_port, v6 };
static const struct string_list trusted = { trusted_names, ARRAY_LEN(trusted_names) };

static int set_up(void **state UNUSED)
{
	struct error err = ERROR_INIT;
	struct listener listener;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	curl_global_init(CURL_GLOBAL_ALL);
	here.loop = ev_loop_new(EVFLAG_AUTO);
	here.api = (struct api){
		.ferry = &fake_ferry, .rate = &here.rate, .access = &here.access, .stop = note_stop
	};
	if (!listen_open(&listener, "127.0.0.1:0", &err))
		return -1;
	here.port = listener.port;
	access_init(&here.access, NULL, &trusted, listener.port);
	here.server = server_new(here.loop, &listener, &here.access, api_routes, api_route_count,
				 &here.api, &err);
	ev_async_init(&here.stop, on_stop);
	ev_async_start(here.loop, &here.stop);
	thread_start(&here.thread, "loop", run_loop, NULL);
	return here.server ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	ev_async_send(here.loop, &here.stop);
	thread_join(&here.thread);
	server_free(here.server);
	api_release(&here.api);
	ev_loop_destroy(here.loop);
	curl_global_cleanup();
	return 0;
}

struct exchange {
	const char *method;
	const char *path;
	const char *header; /* one, or NULL */
	const char *body;   /* or NULL */
	size_t body_length; /* 0: strlen(body) */
	long status;
	struct buf reply;
	struct buf headers;
};

static size_t collect(char *bytes, size_t size, size_t count, void *to)
{
	buf_add(to, bytes, size * count);
	return size * count;
}

static void release(struct exchange *x)
{
	buf_release(&x->reply);
	buf_release(&x->headers);
}

static void perform(struct exchange *x)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	char url[256];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", here.port, x->path);
	/* Without one, curl would call every body a form. */
	headers = curl_slist_append(headers, x->header ? x->header : "Content-Type:");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, x->method);
	curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(x->method, "HEAD") == 0 ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &x->reply);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &x->headers);
	if (x->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, x->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
				 (long)(x->body_length ? x->body_length : strlen(x->body)));
	}
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &x->status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

#define JSON "Content-Type: application/json"
#define FORM "Content-Type: application/x-www-form-urlencoded"

TEST(every_route_and_its_refusals)
{
	static const struct {
		const char *method, *path, *header, *body;
		long status;
		const char *reply; /* exactly, NULL: any */
	} cases[] = {
		{ "GET", "/", NULL, NULL, 200, NULL },
		{ "POST", "/", NULL, "", 405, NULL },
		{ "GET", "/api/status", NULL, NULL, 200, NULL },
		{ "GET", "/api/status", JSON, NULL, 200, NULL },
		{ "POST", "/api/status", JSON, "", 405, NULL },
		{ "GET", "/api/nothing", NULL, NULL, 404, "404 page not found\n" },
		{ "POST", "/api/nothing", JSON, "{}", 404, NULL },
		{ "GET", "/api/pause", NULL, NULL, 405, NULL },
		{ "DELETE", "/api/pause", NULL, NULL, 405, NULL },
		{ "POST", "/api/pause", JSON, "", 200, "" },
		{ "POST", "/api/pause", NULL, "", 303, "" },
		{ "POST", "/api/pause", JSON "; charset=utf-8", "", 200, "" },
		{ "POST", "/api/pause", JSON "-seq", "", 303, "" },
		{ "GET", "/page.css", NULL, NULL, 200, NULL },
		{ "GET", "/page.js", NULL, NULL, 200, NULL },
		{ "GET", "/metrics", NULL, NULL, 200, NULL },
		{ "HEAD", "/api/events", NULL, NULL, 200, NULL },
		{ "GET", "/api/openapi.json", NULL, NULL, 200, NULL },
		{ "POST", "/api/unpause", JSON, "", 200, "" },
		{ "POST", "/api/unpause", FORM, "", 303, "" },
		{ "GET", "/api/stop", NULL, NULL, 405, NULL },
		{ "POST", "/api/stop", JSON, "", 200, "" },
		{ "POST", "/api/stop", FORM, "", 303, "" },
		{ "POST", "/api/verify", JSON, "", 501, "no verifier is configured\n" },
		{ "POST", "/api/cutover", FORM, "type=automatic", 303, "" },
		{ "POST", "/api/cutover", FORM, "a=b&type=man%75al", 303, "" },
		{ "POST", "/api/cutover", FORM, "type=now", 400, NULL },
		{ "POST", "/api/cutover", FORM, "", 400, NULL },
		{ "POST", "/api/cutover?type=automatic", NULL, "", 303, "" },
		{ "POST", "/api/cutover", "Content-Type: multipart/form-data; boundary=xx",
		  "--xx\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nmanual\r\n"
		  "--xx--\r\n",
		  415, NULL },
		{ "POST", "/api/cutover", JSON, "{\"type\":\"automatic\"}", 200, "" },
		{ "POST", "/api/cutover", JSON, "{\"type\":\"manual\"}", 200, "" },
		{ "POST", "/api/cutover", JSON, "{\"type\":1}", 400, NULL },
		{ "POST", "/api/cutover", JSON, "{\"type\":", 400, NULL },
		{ "POST", "/api/cutover", JSON, "[]", 400, NULL },
		{ "POST", "/api/cutover", JSON, "", 400, NULL },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":300}", 200, "" },
		{ "GET", "/api/config", NULL, NULL, 200, "{\"DataIterationBatchSize\":300}\n" },
		{ "POST", "/api/config", JSON, "{\"dataiterationbatchsize\":301}", 200, "" },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":0}", 200, "" },
		{ "GET", "/api/config", NULL, NULL, 200, "{\"DataIterationBatchSize\":0}\n" },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":301}", 200, "" },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":null}", 200, "" },
		{ "POST", "/api/config", JSON, "{}", 200, "" },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":-1}", 400, NULL },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":1.5}", 400, NULL },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":\"9\"}", 400, NULL },
		{ "POST", "/api/config", JSON, "{\"DataIterationBatchSize\":9,\"X\":1}", 400,
		  "json: unknown field \"X\"\n" },
		{ "POST", "/api/config", JSON, "nonsense", 400, NULL },
		{ "GET", "/api/config", NULL, NULL, 200, "{\"DataIterationBatchSize\":301}\n" },
		{ "PUT", "/api/config", NULL, "", 405, NULL },
		{ "POST", "/api/pause", "Origin: http://evil.example", "", 403, NULL },
		{ "POST", "/api/pause", "Origin: null", "", 403, NULL },
		{ "POST", "/api/pause", "Sec-Fetch-Site: cross-site", "", 403, NULL },
		{ "POST", "/api/pause", "Host: evil.example:8000", "", 403, NULL },
		{ "POST", "/api/unpause", "Host: localhost:9", "", 303, "" },
		{ "POST", "/api/unpause", "Host: ferry.example", "", 303, "" },
		{ "POST", "/api/unpause", "Origin: https://ferry.example", "", 303, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct exchange x = { .method = cases[i].method,
				      .path = cases[i].path,
				      .header = cases[i].header,
				      .body = cases[i].body };

		perform(&x);
		if (x.status != cases[i].status ||
		    (cases[i].reply && strcmp(buf_text(&x.reply), cases[i].reply) != 0))
			fail_msg("case %zu, %s %s %s: %ld %s", i, x.method, x.path,
				 x.body ? x.body : "", x.status, buf_text(&x.reply));
		if (x.status == 303)
			assert_non_null(strstr(x.headers.data, "Location: /\r\n"));
		if (x.status == 405)
			assert_non_null(strstr(x.headers.data, "Allow: "));
		release(&x);
	}
}

/* Broken: is_public of all routes; no is_allowed in answer(). */
TEST(with_a_token)
{
	char session[200];
	const struct {
		const char *method, *path, *header, *body;
		long status;
		const char *in_reply; /* or in the headers; NULL: any */
	} cases[] = {
		{ "GET", "/", NULL, NULL, 401, "<form method=\"post\" action=\"login\">" },
		{ "GET", "/", NULL, NULL, 401, "WWW-Authenticate: Bearer" },
		{ "GET", "/login", NULL, NULL, 200, "name=\"token\"" },
		{ "GET", "/page.css", NULL, NULL, 200, NULL },
		{ "GET", "/page.js", NULL, NULL, 401, NULL },
		{ "GET", "/metrics", NULL, NULL, 401, "unauthorized" },
		{ "GET", "/api/status", NULL, NULL, 401, NULL },
		{ "GET", "/api/config", NULL, NULL, 401, NULL },
		{ "GET", "/api/openapi.json", NULL, NULL, 401, NULL },
		{ "HEAD", "/api/events", NULL, NULL, 401, NULL },
		{ "GET", "/api/nothing", NULL, NULL, 401, NULL },
		{ "POST", "/api/status", NULL, "", 401, NULL },
		{ "POST", "/api/pause", JSON, "", 401, NULL },
		{ "POST", "/api/stop", JSON, "", 401, NULL },
		{ "POST", "/api/pause?token=the-token", JSON, "", 401, NULL },
		{ "POST", "/login", FORM, "token=the-tokem", 401, "That is not the token" },
		{ "POST", "/login", FORM, "token=", 401, "That is not the token" },
		{ "POST", "/login", FORM, "", 401, "That is not the token" },
		{ "POST", "/login", JSON, "{\"token\":\"the-token\"}", 401, NULL },
		{ "POST", "/login", "Origin: http://evil.example", "token=the-token", 403, NULL },
		{ "POST", "/login", FORM, "token=the%2Dtoken", 303, session },
		{ "POST", "/login", FORM, "token=the%2Dtoken", 303, "Location: ./\r\n" },
		{ "GET", "/", "Authorization: Bearer the-token", NULL, 200, "page.js" },
		{ "GET", "/metrics", "Authorization: Bearer the-token", NULL, 200, NULL },
		{ "GET", "/api/status", "Authorization: Bearer the-tokem", NULL, 401, NULL },
		{ "HEAD", "/api/events", "Authorization: Bearer the-token", NULL, 200, NULL },
		{ "GET", "/api/nothing", "Authorization: Bearer the-token", NULL, 404, NULL },
		{ "GET", "/api/status", session + 4, NULL, 200, NULL },
		{ "POST", "/api/unpause", session + 4, "", 303, NULL },
	};

	snprintf(session, sizeof(session), "Set-Cookie: %s=%s; HttpOnly; SameSite=Strict\r\n",
		 here.access.cookie_name, here.access.session);
	here.access.token = "the-token";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char header[200];
		struct exchange x = { .method = cases[i].method,
				      .path = cases[i].path,
				      .header = header,
				      .body = cases[i].body };

		snprintf(header, sizeof(header), "%s",
			 cases[i].header ? cases[i].header : "Content-Type:");
		header[strcspn(header, "\r")] = '\0';
		perform(&x);
		if (x.status != cases[i].status ||
		    (cases[i].in_reply && !strstr(buf_text(&x.reply), cases[i].in_reply) &&
		     !strstr(x.headers.data, cases[i].in_reply)))
			fail_msg("case %zu, %s %s: %ld %s%s", i, x.method, x.path, x.status,
				 x.headers.data, buf_text(&x.reply));
		assert_null(strstr(x.headers.data, "the-token"));
		assert_null(strstr(buf_text(&x.reply), "the-token"));
		release(&x);
	}
	here.access.token = NULL;
}

static void simple(const char *method, const char *path, const char *header, const char *body)
{
	struct exchange x = { .method = method, .path = path, .header = header, .body = body };

	perform(&x);
	assert_true(x.status < 400);
	release(&x);
}

TEST(posts_reach_the_ferry)
{
	simple("POST", "/api/pause", JSON, "");
	assert_true(atomic_load(&fake_ferry.paused));
	simple("POST", "/api/unpause", JSON, "");
	assert_false(atomic_load(&fake_ferry.paused));
	simple("POST", "/api/cutover", FORM, "type=automatic");
	assert_true(atomic_load(&fake_ferry.automatic));
	simple("POST", "/api/cutover", JSON, "{\"type\":\"manual\"}");
	assert_false(atomic_load(&fake_ferry.automatic));
	simple("POST", "/api/config", JSON, "{\"DataIterationBatchSize\":18446744073709551615}");
	assert_true(atomic_load(&fake_ferry.batch_rows) == UINT64_MAX);
}

TEST(status_is_json)
{
	struct exchange x = { .method = "GET", .path = "/api/status", .header = JSON };
	struct error err = ERROR_INIT;
	cJSON *tree;

	perform(&x);
	assert_non_null(strstr(x.headers.data, "Content-Type: application/json\r\n"));
	tree = json_parse(x.reply.data, x.reply.length, &err);
	assert_non_null(tree);
	assert_string_equal(cJSON_GetObjectItem(tree, "OverallState")->valuestring, "starting");
	cJSON_Delete(tree);
	release(&x);
}

/* Names are the user's: none may end its label. */
TEST(metrics_escape_everything)
{
	static const char nasty[] = "a\"b\\c\nd";
	struct exchange x = { .method = "GET", .path = "/metrics" };

	strcpy(fake_ferry.status.source_address, nasty);
	perform(&x);
	memset(&fake_ferry.status, 0, sizeof(fake_ferry.status));
	assert_non_null(strstr(x.headers.data, "Content-Type: text/plain; version=0.0.4"));
	assert_non_null(strstr(x.reply.data, "source=\"a\\\"b\\\\c\\nd\","));
	release(&x);
}

/* Nothing of other sites runs in the page, or holds it in a frame. */
TEST(the_page_says_what_may_run_in_it)
{
	struct exchange x = { .method = "GET", .path = "/" };

	perform(&x);
	assert_non_null(strstr(x.headers.data, "default-src 'none'; style-src 'self'; "
					       "script-src 'self';"));
	assert_non_null(strstr(x.headers.data, "X-Frame-Options: DENY"));
	assert_null(strstr(x.reply.data, "http://"));
	assert_null(strstr(x.reply.data, "https://"));
	release(&x);
}

/* Its documented routes are those that there are. */
TEST(the_description_has_every_route)
{
	struct exchange x = { .method = "GET", .path = "/api/openapi.json" };
	struct error err = ERROR_INIT;
	const cJSON *path;
	size_t described = 0;
	cJSON *tree;

	perform(&x);
	tree = json_parse(x.reply.data, x.reply.length, &err);
	assert_non_null(tree);
	cJSON_ArrayForEach(path, cJSON_GetObjectItem(tree, "paths")) described +=
		(size_t)cJSON_GetArraySize(path);
	for (size_t i = 0; i < api_route_count; i++) {
		path = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItem(tree, "paths"),
							api_routes[i].path);
		if (!cJSON_GetObjectItem(path, api_routes[i].method)) /* in any case */
			fail_msg("%s %s", api_routes[i].method, api_routes[i].path);
	}
	assert_int_equal(described, api_route_count);
	cJSON_Delete(tree);
	release(&x);
}

/* "enum" of the members of this name, wherever they stand. */
static unsigned check_names(const cJSON *node, const char *member, const char *const *names,
			    size_t count)
{
	const cJSON *child, *values;
	unsigned found = 0;

	cJSON_ArrayForEach(child, node)
	{
		found += check_names(child, member, names, count);
		values = cJSON_GetObjectItemCaseSensitive(child, "enum");
		if (!child->string || strcmp(child->string, member) != 0 || !values)
			continue;
		assert_int_equal(cJSON_GetArraySize(values), count);
		for (size_t i = 0; i < count; i++)
			assert_string_equal(cJSON_GetArrayItem(values, (int)i)->valuestring,
					    names[i]);
		found++;
	}
	return found;
}

TEST(the_description_has_every_state)
{
	struct exchange x = { .method = "GET", .path = "/api/openapi.json" };
	const char *phases[PHASE_COUNT], *actions[TABLE_ACTIONS];
	struct error err = ERROR_INIT;
	cJSON *tree;

	for (int i = 0; i < PHASE_COUNT; i++)
		phases[i] = phase_name((enum phase)i);
	for (int i = 0; i < TABLE_ACTIONS; i++)
		actions[i] = table_action_name((enum table_action)i);
	perform(&x);
	tree = json_parse(x.reply.data, x.reply.length, &err);
	assert_int_equal(check_names(tree, "OverallState", phases, PHASE_COUNT), 2);
	assert_int_equal(check_names(tree, "CurrentState", phases, PHASE_COUNT), 2);
	assert_int_equal(check_names(tree, "CurrentAction", actions, TABLE_ACTIONS), 1);
	assert_int_equal(check_names(tree, "Status", actions, TABLE_ACTIONS), 1);
	cJSON_Delete(tree);
	release(&x);
}

TEST(a_stop_comes_after_its_answer)
{
	int before = atomic_load(&stops);

	simple("POST", "/api/stop", JSON, "");
	for (int i = 0; i < 500 && atomic_load(&stops) == before; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&stops), before + 1);
}

TEST(large_bodies_are_refused)
{
	static const struct {
		size_t length;
		const char *header;
		long status;
	} cases[] = {
		{ SERVER_BODY_MAX, JSON, 400 }, /* read, and not JSON */
		{ SERVER_BODY_MAX + 1, JSON, 413 },
		{ SERVER_BODY_MAX + 1, "Transfer-Encoding: chunked", 413 },
		{ 500000, "Transfer-Encoding: chunked", 413 },
	};
	char *body = calloc(1, 500001);

	memset(body, 'x', 500000);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct exchange x = { .method = "POST",
				      .path = "/api/config",
				      .header = cases[i].header,
				      .body = body,
				      .body_length = cases[i].length };

		perform(&x);
		assert_int_equal(x.status, cases[i].status);
		release(&x);
	}
	free(body);
}

/* Sends bytes as they are and reads until the server closes, or has nothing to say for a
 * second: it may wait for the rest of a request until the connection is idle for long. */
static size_t talk(const char *bytes, size_t length, char *answer, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)here.port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval patience = { .tv_sec = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t have = 0;
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));

	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
	while (length > 0) {
		got = send(fd, bytes, length, MSG_NOSIGNAL);
		if (got <= 0)
			break;
		bytes += got;
		length -= (size_t)got;
	}
	shutdown(fd, SHUT_WR);
	while (have < size - 1 && (got = recv(fd, answer + have, size - 1 - have, 0)) > 0)
		have += (size_t)got;
	answer[have] = '\0';
	close(fd);
	return have;
}

TEST(broken_requests_do_no_harm)
{
	static const char *const requests[] = {
		"",
		"\r\n\r\n",
		"GET",
		"GET / HTTP/9.9\r\n\r\n",
		"POST /api/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"POST /api/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
		"POST /api/config HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET /%ff%2e%2e HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	};
	char answer[4096];

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		talk(requests[i], strlen(requests[i]), answer, sizeof(answer));
		assert_null(strstr(answer, " 200 "));
	}
	simple("GET", "/api/status", JSON, NULL);
}

/* An endless body is cut off; a client that says nothing does not hold up others. */
TEST(endless_and_silent_clients)
{
	static const char head[] = "POST /api/config HTTP/1.1\r\nHost: localhost\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n1000000\r\n";
	size_t length = sizeof(head) - 1 + 0x1000000;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)here.port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int silent = socket(AF_INET, SOCK_STREAM, 0);
	char *request = malloc(length), answer[256];

	memset(request, 'x', length);
	memcpy(request, head, sizeof(head) - 1);
	assert_int_equal(connect(silent, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
	talk(request, length, answer, sizeof(answer));
	assert_null(strstr(answer, " 200 "));
	simple("GET", "/api/status", JSON, NULL);
	close(silent);
	free(request);
}

TEST(failures_to_listen_name_the_address)
{
	char taken[64];
	const char *const bad[] = { taken, "127.0.0.1:99999", "no-such-host.invalid:1", "x" };
	struct listener listener;
	struct error err = ERROR_INIT;

	snprintf(taken, sizeof(taken), "127.0.0.1:%u", here.port);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(listen_open(&listener, bad[i], &err));
		assert_non_null(strstr(err.text, bad[i]));
	}
	assert_true(listen_open(&listener, ":0", &err));
	assert_false(listener.is_local);
	assert_true(listener.port > 0);
	assert_string_equal(listener.text + 1, strchr(listener.text, ':') + 1);
	close(listener.fd);
	assert_false(listen_open(&listener, taken, &err));
	assert_non_null(strstr(err.text, "in use (another move"));
	assert_non_null(strstr(err.text, "ServerBindAddr"));
}

/* Broken: no unlink() in bind_unix(); is_left_over() always true; no comparison of inodes in
 * listen_remove(). */
TEST(a_unix_socket)
{
	struct error err = ERROR_INIT;
	struct listener first, second;
	char folder[] = "/tmp/listenXXXXXX", *text;
	struct stat info;
	int file;

	assert_non_null(mkdtemp(folder));
	text = mem_printf("unix:%s/socket", folder);

	assert_true(listen_open(&first, text, &err));
	assert_true(first.is_local);
	assert_int_equal(first.port, 0);
	assert_string_equal(first.text, text);
	assert_int_equal(stat(text + 5, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);

	assert_false(listen_open(&second, text, &err)); /* it lives */
	assert_non_null(strstr(err.text, "in use (another move"));
	assert_int_equal(unlink(text + 5), 0);
	assert_true(listen_open(&second, text, &err));
	listen_remove(&first); /* is not its own any more */
	assert_int_equal(access(text + 5, F_OK), 0);
	close(first.fd);
	close(second.fd);
	assert_true(listen_open(&second, text, &err)); /* it was left over */
	listen_remove(&second);
	assert_int_equal(access(text + 5, F_OK), -1);
	close(second.fd);

	file = open(text + 5, O_CREAT | O_WRONLY, 0600); /* no socket: somebody's data */
	close(file);
	assert_false(listen_open(&first, text, &err));
	assert_int_equal(unlink(text + 5), 0);
	rmdir(folder);
	assert_false(listen_open(&first, text, &err));
	assert_non_null(strstr(err.text, "No such file"));
	free(text);
}

TEST(who_may_call)
{
	static const struct {
		const char *host, *origin, *site;
		bool local, may_post, may_get;
	} cases[] = {
		{ "127.0.0.1:8000", NULL, NULL, true, true, true },
		{ NULL, NULL, NULL, true, true, true },
		{ "127.0.0.1:8000", "http://127.0.0.1:8000", "same-origin", true, true, true },
		{ "LOCALHOST:8000", "http://localhost:8000", NULL, true, true, true },
		{ "[::1]:8000", "http://[::1]:8000", NULL, true, true, true },
		{ "[::1]", NULL, NULL, true, true, true },
		{ "127.0.0.1:8000", "http://127.0.0.1:8001", NULL, true, false, true },
		{ "127.0.0.1:8000", "http://evil.example", NULL, true, false, true },
		{ "127.0.0.1:8000", NULL, "cross-site", true, false, true },
		{ "evil.example:8000", "http://evil.example:8000", NULL, true, false, false },
		{ "evil.example:8000", NULL, NULL, true, false, false },
		{ "localhost.evil.example", NULL, NULL, true, false, false },
		{ "[x", NULL, NULL, true, false, false },
		{ "[", NULL, NULL, true, false, false },
		{ "[::1", NULL, NULL, true, false, false },
		{ "[::1]x", NULL, NULL, true, false, false },
		{ "[evil.example]:80", NULL, NULL, true, false, false },
		{ "127.0.0.1:x", NULL, NULL, true, false, false },
		{ "127.0.0.1:8000:1", NULL, NULL, true, false, false },
		{ "", NULL, NULL, true, false, false },
		{ "copier.internal:8000", "http://copier.internal:8000", NULL, false, true, true },
		{ "copier.internal", "https://copier.internal", NULL, false, true, true },
		{ "copier.internal", "null", NULL, false, false, true },
		{ "copier.internal", NULL, "cross-site", false, false, true },
		{ NULL, "http://x", NULL, false, false, true },
		/* Through a proxy, which leaves Host or sets its own. */
		{ "ferry.example", "https://ferry.example", NULL, true, true, true },
		{ "FERRY.example:81", "https://ferry.EXAMPLE:8443", NULL, true, true, true },
		{ "127.0.0.1:8000", "https://ferry.example", "same-origin", true, true, true },
		{ "127.0.0.1:8000", "https://ferry.example", "cross-site", true, false, true },
		{ "copier", "https://ferry.example", NULL, false, true, true },
		{ "ferry.example", "https://evil.example", NULL, true, false, true },
		{ "localhost", "https://ferry.example.evil.example", NULL, true, false, true },
		{ "localhost", "https://evil.ferry.example", NULL, true, false, true },
		{ "localhost", "https://moves.example:8443", NULL, true, true, true },
		{ "localhost", "https://moves.example", NULL, true, false, true },
		{ "localhost", "https://moves.example:84430", NULL, true, false, true },
		{ "moves.example:8443", NULL, NULL, true, true, true },
		{ "moves.example", NULL, NULL, true, false, false },
		{ "localhost", "https://[fd00::1]:7", NULL, true, true, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request_origin from = { cases[i].host, cases[i].origin, cases[i].site,
					       false };

		if (request_origin_allows(&from, cases[i].local, &trusted) != cases[i].may_get)
			fail_msg("case %zu, GET", i);
		from.changes_something = true;
		if (request_origin_allows(&from, cases[i].local, &trusted) != cases[i].may_post)
			fail_msg("case %zu, POST", i);
	}
}

TEST_MAIN_GROUP(set_up, tear_down, cmocka_unit_test(every_route_and_its_refusals),
		cmocka_unit_test(with_a_token), cmocka_unit_test(posts_reach_the_ferry),
		cmocka_unit_test(status_is_json), cmocka_unit_test(metrics_escape_everything),
		cmocka_unit_test(the_page_says_what_may_run_in_it),
		cmocka_unit_test(the_description_has_every_route),
		cmocka_unit_test(the_description_has_every_state),
		cmocka_unit_test(a_stop_comes_after_its_answer),
		cmocka_unit_test(large_bodies_are_refused),
		cmocka_unit_test(broken_requests_do_no_harm),
		cmocka_unit_test(endless_and_silent_clients),
		cmocka_unit_test(failures_to_listen_name_the_address),
		cmocka_unit_test(a_unix_socket), cmocka_unit_test(who_may_call))
