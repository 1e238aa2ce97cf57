/* Callbacks against a small HTTP server of our own: what is sent, what counts as
 * success, and that nothing waits for ever. */
#include <curl/curl.h>
#include <microhttpd.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "control/listen.h"
#include "control/reporter.h"
#include "../unit.h"

static struct {
	struct MHD_Daemon *daemon;
	unsigned port;
	struct mutex lock;
	struct condition changed;
	/* Guarded by lock. */
	struct buf bodies;     /* of all posts, one after the other */
	char content_type[64]; /* of the last */
	unsigned posts;
	bool held; /* /held waits until this is false */
} remote;

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      const char *location)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(3, (void *)(uintptr_t) "abc",
									MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (location)
		MHD_add_response_header(response, "Location", location);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* The path is the status to answer with. */
static enum MHD_Result serve(void *context UNUSED, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version UNUSED,
			     const char *data, size_t *size, void **slot)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");

	if (!*slot) {
		*slot = &remote;
		return MHD_YES;
	}
	mutex_lock(&remote.lock);
	if (*size > 0) {
		buf_add(&remote.bodies, data, *size);
		*size = 0;
		mutex_unlock(&remote.lock);
		return MHD_YES;
	}
	remote.posts += strcmp(method, "POST") == 0;
	snprintf(remote.content_type, sizeof(remote.content_type), "%s", type ? type : "");
	condition_broadcast(&remote.changed);
	while (strcmp(path, "/held") == 0 && remote.held)
		condition_wait(&remote.changed, &remote.lock);
	mutex_unlock(&remote.lock);
	if (strcmp(path, "/307") == 0 || strcmp(path, "/302") == 0)
		return answer(connection, (unsigned)strtoul(path + 1, NULL, 10), "/200");
	if (strcmp(path, "/loop") == 0)
		return answer(connection, 302, "/loop");
	return answer(connection,
		      strcmp(path, "/held") == 0 ? 200 : (unsigned)strtoul(path + 1, NULL, 10),
		      NULL);
}

static int set_up(void **state UNUSED)
{
	struct listener listener;
	struct error err = ERROR_INIT;

	signal(SIGPIPE, SIG_IGN);
	setenv("NO_PROXY", "127.0.0.1", 1);
	log_set_level(LOG_ERROR);
	log_set_fd(-1); /* refused callbacks are logged: not here */
	curl_global_init(CURL_GLOBAL_ALL);
	mutex_init(&remote.lock);
	condition_init(&remote.changed);
	if (!listen_open(&listener, "127.0.0.1:0", &err))
		return -1;
	remote.port = listener.port;
	remote.daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
				 NULL, NULL, serve, NULL, MHD_OPTION_LISTEN_SOCKET, listener.fd,
				 MHD_OPTION_END);
	return remote.daemon ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	MHD_stop_daemon(remote.daemon);
	buf_release(&remote.bodies);
	condition_destroy(&remote.changed);
	mutex_destroy(&remote.lock);
	curl_global_cleanup();
	return 0;
}

static int forget(void **state UNUSED)
{
	mutex_lock(&remote.lock);
	buf_clear(&remote.bodies);
	remote.posts = 0;
	remote.held = false;
	mutex_unlock(&remote.lock);
	return 0;
}

static const char *url(const char *path)
{
	static char text[128];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", remote.port, path);
	return text;
}

TEST(only_200_is_success)
{
	static const struct {
		const char *path, *error; /* NULL: succeeds */
	} cases[] = {
		{ "/200", NULL },
		{ "/201", "callback returned 201 Created" },
		{ "/204", "callback returned 204 No Content" },
		{ "/404", "callback returned 404 Not Found" },
		{ "/500", "callback returned 500 Internal Server Error" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err = (struct error)ERROR_INIT;
		assert_int_equal(callback_post(url(cases[i].path), "x", 5000, &err),
				 cases[i].error == NULL);
		assert_string_equal(err.text, cases[i].error ? cases[i].error : "");
		assert_int_equal(err.kind, cases[i].error ? ERROR_HTTP : ERROR_NONE);
	}
}

TEST(the_body_is_that_of_go)
{
	struct error err = ERROR_INIT;

	assert_true(callback_post(url("/200"), "a \"b\" <c> & {\"n\": 1}\n\xc3\xa9", 5000, &err));
	assert_string_equal(remote.content_type, "application/json");
	assert_string_equal(buf_text(&remote.bodies),
			    "{\"Payload\":\"a \\\"b\\\" \\u003cc\\u003e \\u0026 {\\\"n\\\": 1}"
			    "\\n\xc3\xa9\"}\n");
	forget(NULL);
	assert_true(callback_post(url("/200"), NULL, 5000, &err));
	assert_string_equal(buf_text(&remote.bodies), "{\"Payload\":\"\"}\n");
}

TEST(large_payloads_arrive)
{
	size_t length = 3000000;
	char *payload = malloc(length + 1);
	struct error err = ERROR_INIT;

	memset(payload, 'x', length);
	payload[length] = '\0';
	assert_true(callback_post(url("/200"), payload, 20000, &err));
	assert_int_equal(remote.bodies.length, length + strlen("{\"Payload\":\"\"}\n"));
	free(payload);
}

TEST(redirections_stay_posts)
{
	struct error err = ERROR_INIT;

	assert_true(callback_post(url("/307"), "x", 5000, &err));
	assert_int_equal(remote.posts, 2);
	assert_true(callback_post(url("/302"), "x", 5000, &err));
	assert_int_equal(remote.posts, 4);
	assert_false(callback_post(url("/loop"), "x", 5000, &err));
}

TEST(nothing_waits_for_ever)
{
	struct error err = ERROR_INIT;
	int64_t started = clock_ms();
	bool ok;

	remote.held = true;
	ok = callback_post(url("/held"), "x", 300, &err);
	assert_true(clock_ms() - started < 5000);
	forget(NULL);
	condition_broadcast(&remote.changed);
	assert_false(ok);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
}

TEST(secrets_stay_out_of_messages)
{
	struct error err = ERROR_INIT;

	assert_false(callback_post("http://joe:secret@127.0.0.1:1/x?token=abc", "x", 2000, &err));
	assert_int_equal(err.kind, ERROR_LOST);
	assert_non_null(strstr(err.text, "http://127.0.0.1:1/x: "));
	assert_null(strstr(err.text, "secret"));
	assert_null(strstr(err.text, "abc"));
	assert_false(callback_post("file:///etc/passwd", "x", 2000, &err));
	assert_int_equal(err.kind, ERROR_HTTP);
	assert_false(callback_post("", "x", 2000, &err));
}

static void wait_for_posts(unsigned posts)
{
	mutex_lock(&remote.lock);
	while (remote.posts < posts)
		if (!condition_wait_ms(&remote.changed, &remote.lock, 10000))
			break;
	assert_true(remote.posts >= posts);
	mutex_unlock(&remote.lock);
}

/* While the first post hangs, newer reports of its kind take the place of those that wait, and
 * those of the other kind are posted. */
TEST(the_latest_report_wins)
{
	static char held[128], plain[128];
	struct callback progress = { .uri = held }, posted_state = { .uri = plain };
	struct reporter reporter;

	snprintf(held, sizeof(held), "%s", url("/held"));
	snprintf(plain, sizeof(plain), "%s", url("/200"));
	mutex_lock(&remote.lock);
	remote.held = true;
	mutex_unlock(&remote.lock);
	reporter_start(&reporter, &progress, &posted_state);
	assert_true(reporter_wants(&reporter, REPORT_STATE));
	reporter_send(&reporter, REPORT_PROGRESS, strdup("one"));
	wait_for_posts(1);
	reporter_send(&reporter, REPORT_PROGRESS, strdup("two"));
	reporter_send(&reporter, REPORT_STATE, strdup("state"));
	wait_for_posts(2);
	reporter_send(&reporter, REPORT_PROGRESS, strdup("three"));
	mutex_lock(&remote.lock);
	remote.held = false;
	condition_broadcast(&remote.changed);
	mutex_unlock(&remote.lock);
	reporter_finish(&reporter);
	assert_string_equal(buf_text(&remote.bodies), "{\"Payload\":\"one\"}\n"
						      "{\"Payload\":\"state\"}\n"
						      "{\"Payload\":\"three\"}\n");
}

TEST(without_callbacks_there_is_no_reporter)
{
	struct callback none = { .uri = NULL }, empty = { .uri = "" };
	struct reporter reporter;

	reporter_start(&reporter, &none, &empty);
	assert_false(reporter_wants(&reporter, REPORT_PROGRESS));
	assert_false(reporter.senders[REPORT_PROGRESS].thread.started);
	assert_false(reporter.senders[REPORT_STATE].thread.started);
	reporter_finish(&reporter);
}

TEST_MAIN_GROUP(set_up, tear_down, cmocka_unit_test_setup(only_200_is_success, forget),
		cmocka_unit_test_setup(the_body_is_that_of_go, forget),
		cmocka_unit_test_setup(large_payloads_arrive, forget),
		cmocka_unit_test_setup(redirections_stay_posts, forget),
		cmocka_unit_test_setup(nothing_waits_for_ever, forget),
		cmocka_unit_test_setup(secrets_stay_out_of_messages, forget),
		cmocka_unit_test_setup(the_latest_report_wins, forget),
		cmocka_unit_test_setup(without_callbacks_there_is_no_reporter, forget))
