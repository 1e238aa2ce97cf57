/* Each round queries one server after the other. A server that hangs delays the others' results, by
 * LOOK_S at most: what was reported before stays until then. */
#include "throttle_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server_load.h"

static const char log_tag[] = "throttler";

#define LOOK_S 10
#define CONNECT_S 5
#define LOG_EVERY_MS 60000

struct watched_server {
	enum throttle_side side;
	bool is_replica;
	struct db_params params; /* its label and host are below */
	char label[THROTTLE_HOST_SIZE + 20];
	char host[THROTTLE_HOST_SIZE];
	struct db *db; /* owned */
};

static const struct watched_load {
	enum throttle_reason reason;
	enum throttle_side side; /* replicas: both */
	server_load *ask;
} loads[] = {
	{ THROTTLE_LAG, THROTTLE_SIDES, server_load_lag },
	{ THROTTLE_SOURCE_THREADS, THROTTLE_SOURCE, server_load_threads },
	{ THROTTLE_TARGET_THREADS, THROTTLE_TARGET, server_load_threads },
	{ THROTTLE_SOURCE_HISTORY, THROTTLE_SOURCE, server_load_history },
	{ THROTTLE_TARGET_HISTORY, THROTTLE_TARGET, server_load_history },
	{ THROTTLE_SOURCE_QUERY, THROTTLE_SOURCE, server_load_query },
	{ THROTTLE_TARGET_QUERY, THROTTLE_TARGET, server_load_query },
};

/* --- the servers -------------------------------------------------------------------- */

static void drop_servers(struct throttle_watch *w)
{
	for (size_t i = 0; i < w->count; i++)
		db_close(w->servers[i].db);
	free(w->servers);
	w->servers = NULL;
	w->count = 0;
	throttle_limits_release(&w->limits);
}

/* An answer that takes longer counts as none. */
static void shorten(unsigned *timeout_s, unsigned most_s)
{
	if (*timeout_s == 0 || *timeout_s > most_s)
		*timeout_s = most_s;
}

static struct watched_server *add_server(struct throttle_watch *w, enum throttle_side side,
					 const struct db_params *params)
{
	struct watched_server *server = &w->servers[w->count++];

	*server = (struct watched_server){ .side = side, .params = *params };
	shorten(&server->params.connect_timeout_s, CONNECT_S);
	shorten(&server->params.read_timeout_s, LOOK_S);
	shorten(&server->params.write_timeout_s, LOOK_S);
	return server;
}

static void add_replica(struct throttle_watch *w, enum throttle_side side, const char *address)
{
	const struct db_params *near =
		side == THROTTLE_SOURCE ? &w->options->source : &w->options->target;
	struct watched_server *server =
		add_server(w, side,
			   w->options->throttle.has_login ? &w->options->throttle.login : near);
	struct db_params *params = &server->params;

	server->is_replica = true;
	snprintf(server->label, sizeof(server->label), "replica %s", address);
	params->label = server->label;
	params->host = server->host;
	params->is_unix = false;
	params->identity = NULL;
	params->computing = NULL;
	if (!throttle_address(address, server->host, &params->port))
		server->host[0] = '\0'; /* was checked before */
}

static bool is_wanted(const struct throttle_limits *limits, const struct watched_load *load,
		      const struct watched_server *server)
{
	if (load->ask == server_load_lag || server->is_replica)
		return load->ask == server_load_lag && server->is_replica;
	if (load->side != server->side)
		return false;
	return load->ask == server_load_threads ? limits->max_threads[load->side] > 0 :
	       load->ask == server_load_history ? limits->max_history[load->side] > 0 :
						  limits->query[load->side] != NULL;
}

/* Sets up the servers for the current limits. */
static void take_limits(struct throttle_watch *w)
{
	drop_servers(w);
	w->version = throttler_limits(w->throttler, &w->limits);
	w->servers = mem_calloc(w->limits.replicas[THROTTLE_SOURCE].count +
					w->limits.replicas[THROTTLE_TARGET].count + THROTTLE_SIDES,
				sizeof(*w->servers));
	for (int side = 0; side < THROTTLE_SIDES; side++) {
		const struct string_list *replicas = &w->limits.replicas[side];

		if (w->limits.max_threads[side] || w->limits.max_history[side] ||
		    w->limits.query[side])
			add_server(w, (enum throttle_side)side,
				   side == THROTTLE_SOURCE ? &w->options->source :
							     &w->options->target);
		for (size_t i = 0; i < replicas->count; i++)
			add_replica(w, (enum throttle_side)side, replicas->items[i]);
	}
	/* Their labels and hosts do not move any more. */
	for (size_t i = 0; i < w->count; i++)
		w->servers[i].db = db_new(&w->servers[i].params, DB_SESSION_READ, NULL);
}

/* --- a look ------------------------------------------------------------------------ */

static void ask(struct throttle_watch *w, const struct watched_load *load,
		struct watched_server *server, struct findings *findings,
		char text[THROTTLE_TEXT_SIZE])
{
	struct error err = ERROR_INIT;
	struct buf remedy = BUF_INIT;

	text[0] = '\0';
	if (db_ready(server->db, &err) && load->ask(server->db, &w->limits, server->side, text, &err))
		return;
	w->has_failed = true;
	server_load_remedy(server->db, load->ask, &err, &remedy);
	if (findings)
		finding_add(findings,
			    w->is_resumed && error_is_retryable(&err) ? FINDING_WARNING :
									FINDING_ERROR,
			    buf_text(&remedy), "Throttle: %s", err.text);
	snprintf(text, THROTTLE_TEXT_SIZE, "%.250s%s%.120s", err.text, remedy.length ? ": " : "",
		 buf_text(&remedy));
	buf_release(&remedy);
}

/* Of several replicas, the first that is too far behind is reported. */
static void look(struct throttle_watch *w, struct findings *findings)
{
	w->has_failed = false;
	for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
		char text[THROTTLE_TEXT_SIZE], first[THROTTLE_TEXT_SIZE] = "";

		for (size_t j = 0; j < w->count && !stop_is_set(w->stop); j++) {
			if (!is_wanted(&w->limits, &loads[i], &w->servers[j]))
				continue;
			ask(w, &loads[i], &w->servers[j], findings, text);
			if (!first[0])
				snprintf(first, sizeof(first), "%s", text);
		}
		throttler_report(w->throttler, w->version, loads[i].reason, first);
	}
}

/* Once a minute: a server near its limit crosses it every other second. */
static void log_reason(struct throttle_watch *w)
{
	char text[THROTTLE_TEXT_SIZE];
	enum throttle_reason reason = throttler_reason(w->throttler, text);
	bool is_held = reason > THROTTLE_PAUSE && reason < THROTTLE_ROWS;

	if (!is_held && w->is_logged)
		log_info("not throttled any more");
	w->is_logged = w->is_logged && is_held;
	if (!is_held || (w->logged_ms && clock_ms() - w->logged_ms < LOG_EVERY_MS))
		return;
	struct log_facts facts = { .count = 0 };

	log_fact(&facts, "reason", throttle_reason_name(reason));
	log_write(w->has_failed ? LOG_WARN : LOG_INFO, log_tag, NULL, facts.fields, "throttled: %s",
		  text);
	w->logged_ms = clock_ms();
	w->is_logged = true;
}

static void watch_main(void *argument)
{
	struct throttle_watch *w = argument;

	take_limits(w);
	while (!stop_is_set(w->stop) && !throttler_is_over(w->throttler)) {
		look(w, NULL);
		log_reason(w);
		if (throttler_wait_for_change(w->throttler, w->version, w->stop,
					      w->limits.interval_ms))
			take_limits(w);
	}
	drop_servers(w);
}

void throttle_watch_check(struct throttle_watch *watch, bool is_resumed, struct findings *findings)
{
	watch->is_resumed = is_resumed;
	take_limits(watch);
	look(watch, findings);
	drop_servers(watch);
}

void throttle_watch_start(struct throttle_watch *watch)
{
	thread_start(&watch->thread, "throttle_watch", watch_main, watch);
}

void throttle_watch_join(struct throttle_watch *watch)
{
	thread_join(&watch->thread);
}
