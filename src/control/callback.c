/* A post by libcurl's easy interface: one handle per post, as there are few of them
 * and they may come from any thread. Proxies are taken from the environment.
 *
 * A redirection is followed as the POST it was. Go's client turns some of them into
 * a GET, which would lock nothing and still be answered by 200. */
#include "control/callback.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"

static const char log_tag[] = "http-callback";

enum { ANSWER_LOGGED_MAX = 2048, REDIRECTIONS_MAX = 5 };

/* One post under way. */
struct post {
	CURL *curl;
	struct curl_slist *headers;
	struct buf body;
	struct buf answer; /* its beginning, for the log */
	struct buf uri;	   /* as it may be shown */
	char status[128];  /* "500 Internal Server Error", of the last answer */
	char detail[CURL_ERROR_SIZE];
};

/* Without account, password and query: these may be secrets. */
static void put_plain_uri(struct buf *out, const char *uri)
{
	const char *scheme = strstr(uri, "://");
	const char *authority = scheme ? scheme + 3 : uri;
	size_t length = strcspn(authority, "/?#");
	const char *account_end = memrchr(authority, '@', length);

	buf_add(out, uri, (size_t)(authority - uri));
	if (account_end)
		authority = account_end + 1;
	buf_add(out, authority, strcspn(authority, "?#"));
}

bool callback_is_set(const struct callback *callback)
{
	return callback->uri && *callback->uri;
}

/* Newline included. */
static void callback_body(struct buf *body, const char *payload)
{
	cJSON *object = cJSON_CreateObject();
	struct buf json = BUF_INIT;

	cJSON_AddStringToObject(object, "Payload", payload ? payload : "");
	json_print(&json, object, 0);
	cJSON_Delete(object);
	/* Go's encoder writes these so; in JSON they can only stand inside strings. */
	for (const char *at = buf_text(&json); *at; at++) {
		if (strchr("<>&", *at))
			buf_printf(body, "\\u%04x", (unsigned char)*at);
		else
			buf_putc(body, *at);
	}
	buf_putc(body, '\n');
	buf_release(&json);
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct post *post = context;
	size_t room = ANSWER_LOGGED_MAX - post->answer.length;

	buf_add(&post->answer, bytes, size * count < room ? size * count : room);
	return size * count;
}

/* "HTTP/1.1 500 Internal Server Error\r\n", once per answer on the way. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct post *post = context;
	const char *end = bytes + size * count;
	const char *at = size * count > 5 && memcmp(bytes, "HTTP/", 5) == 0 ?
				 memchr(bytes, ' ', size * count) :
				 NULL;

	if (at) {
		at++;
		while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
			end--;
		snprintf(post->status, sizeof(post->status), "%.*s", (int)(end - at), at);
		buf_clear(&post->answer);
	}
	return size * count;
}

/* Each option is known to this libcurl and of the right type, so none can fail but
 * for lack of memory, which shows as a failing post. */
static void set_options(struct post *post, const char *uri, long timeout_ms)
{
	CURL *curl = post->curl;
	long connect_ms =
		timeout_ms < CALLBACK_CONNECT_TIMEOUT_MS ? timeout_ms : CALLBACK_CONNECT_TIMEOUT_MS;

	curl_easy_setopt(curl, CURLOPT_URL, uri);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTIONS_MAX);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, buf_text(&post->body));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.length);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, post);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, post->detail);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* threads */
}

static bool perform(struct post *post, const char *uri, long timeout_ms, struct error *err)
{
	enum error_kind kind = ERROR_LOST;
	CURLcode code;
	long status = 0;

	set_options(post, uri, timeout_ms);
	code = curl_easy_perform(post->curl);
	if (code == CURLE_OPERATION_TIMEDOUT)
		kind = ERROR_TIMEOUT;
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
		 code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_PEER_FAILED_VERIFICATION)
		kind = ERROR_HTTP;
	if (code != CURLE_OK)
		return error_set(err, kind, "post to %s: %s", buf_text(&post->uri),
				 post->detail[0] ? post->detail : curl_easy_strerror(code));
	curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return true;
	log_write(LOG_ERROR, log_tag, NULL,
		  (const struct log_field[]){ { "uri", buf_text(&post->uri) },
					      { "status", post->status },
					      { "body", buf_text(&post->answer) },
					      { NULL, NULL } },
		  "callback not ok");
	return error_set(err, ERROR_HTTP, "callback returned %s", post->status);
}

bool callback_post(const char *uri, const char *payload, long timeout_ms, struct error *err)
{
	struct post post = { .curl = curl_easy_init() };
	bool ok = false;

	callback_body(&post.body, payload);
	put_plain_uri(&post.uri, uri);
	/* No "Expect: 100-continue": servers that do not support it cost a second. */
	post.headers = curl_slist_append(curl_slist_append(NULL, "Expect:"),
					 "Content-Type: application/json");
	if (post.curl && post.headers)
		ok = perform(&post, uri, timeout_ms, err);
	else
		error_set(err, ERROR_SYSTEM, "curl cannot be set up");
	curl_slist_free_all(post.headers);
	curl_easy_cleanup(post.curl);
	buf_release(&post.body);
	buf_release(&post.answer);
	buf_release(&post.uri);
	return ok;
}
