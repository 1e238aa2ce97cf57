/* The routes. A handler takes a snapshot or sets a flag of the ferry; nothing here
 * waits for a server or a worker. */
#include "control/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "assets.h"
#include "control/status_json.h"
#include "events.h"
#include "login.h"
#include "metrics.h"
#include "control/throttle_json.h"

static const char log_tag[] = "control_server";

/* The run as it is now: all of it of one moment. */
struct snapshot {
	struct ferry_status status; /* owned */
	struct estimate estimate;
	struct status_view view;
};

static void snapshot_take(struct snapshot *snapshot, const struct api *api)
{
	ferry_status(api->ferry, &snapshot->status);
	estimate_make(&snapshot->estimate, api->rate, &snapshot->status);
	snapshot->view = (struct status_view){ .status = &snapshot->status,
					       .estimate = &snapshot->estimate,
					       .custom_payload = api->custom_payload,
					       .scripts = api->scripts,
					       .address = api->address,
					       .now = clock_wall() };
}

static void write_view(const struct api *api, struct buf *out,
		       void (*write)(struct buf *out, const struct status_view *view))
{
	struct snapshot now;

	snapshot_take(&now, api);
	write(out, &now.view);
	ferry_status_release(&now.status);
}

static void get_asset(void *context UNUSED, const struct server_request *request,
		      struct server_reply *reply)
{
	const struct asset *asset = asset_find(request->path);

	reply->content_type = asset->content_type;
	buf_add(&reply->body, asset->bytes, (size_t)(asset->end - asset->bytes));
}

/* Clients that must log in are shown the form. */
static void get_page(void *context, const struct server_request *request, struct server_reply *reply)
{
	if (request->is_allowed)
		get_asset(context, request, reply);
	else
		login_refuse(reply, "");
}

static void get_metrics(void *context, const struct server_request *request UNUSED,
			struct server_reply *reply)
{
	reply->content_type = METRICS_CONTENT_TYPE;
	write_view(context, &reply->body, metrics_write);
}

static void next_event(void *context, uint64_t *seen, struct buf *out)
{
	struct api *api = context;
	struct snapshot now;

	/* One snapshot for all clients. */
	if (!api->events || clock_ms() - api->events_ms >= SERVER_BEAT_MS / 2) {
		snapshot_take(&now, api);
		events_take(&api->events, &now.view);
		ferry_status_release(&now.status);
		api->events_ms = clock_ms();
	}
	events_put(api->events, seen, out);
}

static void get_events(void *context UNUSED, const struct server_request *request UNUSED,
		       struct server_reply *reply)
{
	reply->content_type = "text/event-stream; charset=utf-8";
	reply->next = next_event;
}

void api_release(struct api *api)
{
	events_free(api->events);
	api->events = NULL;
}

static void get_status(void *context, const struct server_request *request UNUSED,
		       struct server_reply *reply)
{
	reply->content_type = "application/json";
	write_view(context, &reply->body, status_json_write);
	buf_putc(&reply->body, '\n');
}

static void post_pause(void *context, const struct server_request *request,
		       struct server_reply *reply)
{
	const struct api *api = context;
	bool paused = strcmp(request->path, "/api/pause") == 0;

	log_info("%s through the control server", paused ? "paused" : "unpaused");
	ferry_set_paused(api->ferry, paused);
	server_reply_success(reply, request);
}

/* The body as a JSON object, or NULL and a 400. */
static cJSON *body_object(const struct server_request *request, struct server_reply *reply)
{
	struct error err = ERROR_INIT;
	cJSON *body = json_parse(request->body, request->body_length, &err);

	if (cJSON_IsObject(body))
		return body;
	if (body)
		server_reply_text(reply, 400, "the body must be a JSON object, not %s",
				  json_type_name(body));
	else
		server_reply_text(reply, 400, "the body is not JSON: %s", err.text);
	cJSON_Delete(body);
	return NULL;
}

/* A string of the JSON body or of the form, as the request is the one or the other.
 * An absent one is "". */
static bool text_parameter(const struct server_request *request, const char *name,
			   struct buf *value, struct server_reply *reply)
{
	cJSON *body;
	const cJSON *item;

	buf_clear(value);
	if (!request->is_json) {
		if (!server_form_value(request, name, value))
			buf_clear(value);
		return true;
	}
	body = body_object(request, reply);
	if (!body)
		return false;
	item = cJSON_GetObjectItem(body, name); /* any case, as Go's decoder */
	if (cJSON_IsString(item))
		buf_puts(value, item->valuestring);
	cJSON_Delete(body);
	return true;
}

static void post_cutover(void *context, const struct server_request *request,
			 struct server_reply *reply)
{
	const struct api *api = context;
	struct buf type = BUF_INIT;

	if (text_parameter(request, "type", &type, reply)) {
		bool automatic = strcmp(buf_text(&type), "automatic") == 0;

		if (automatic || strcmp(buf_text(&type), "manual") == 0) {
			log_info("cutover set to %s through the control server", buf_text(&type));
			ferry_set_automatic_cutover(api->ferry, automatic);
			server_reply_success(reply, request);
		} else {
			server_reply_text(reply, 400, "cutover type must be automatic or manual");
		}
	}
	buf_release(&type);
}

static void stop_now(void *context)
{
	const struct api *api = context;

	api->stop(api->stop_context);
}

/* The process is about to end: first comes the answer. */
static void post_stop(void *context UNUSED, const struct server_request *request,
		      struct server_reply *reply)
{
	log_info("stop was asked for through the control server");
	server_reply_success(reply, request);
	reply->then = stop_now;
}

static void post_verify(void *context, const struct server_request *request,
			struct server_reply *reply)
{
	const struct api *api = context;
	struct error err = ERROR_INIT;

	if (ferry_verify(api->ferry, &err))
		server_reply_success(reply, request);
	else
		server_reply_text(reply, err.kind == ERROR_UNSUPPORTED ? 501 : 500, "%s", err.text);
}

static void post_script(void *context, const struct server_request *request,
			struct server_reply *reply)
{
	const struct api *api = context;
	struct buf name = BUF_INIT;

	if (!text_parameter(request, request->is_json ? "script-name" : "script", &name, reply)) {
		buf_release(&name);
		return;
	}
	switch (scripts_start(api->scripts, buf_text(&name))) {
	case SCRIPT_UNKNOWN:
		server_reply_text(reply, 404, "there is no such script in CustomScripts");
		break;
	case SCRIPT_RUNS_ALREADY:
		log_warn("script %s: script already running, ignoring start request",
			 buf_text(&name));
		server_reply_success(reply, request);
		break;
	case SCRIPT_STARTED:
		server_reply_success(reply, request);
		break;
	}
	buf_release(&name);
}

static void get_config(void *context, const struct server_request *request UNUSED,
		       struct server_reply *reply)
{
	const struct api *api = context;
	struct throttle_limits limits;
	cJSON *object = cJSON_CreateObject();

	ferry_throttle_limits(api->ferry, &limits);
	json_add_u64(object, "DataIterationBatchSize", ferry_batch_rows(api->ferry));
	if (throttle_limits_are_set(&limits)) /* Ghostferry has none of it */
		cJSON_AddItemToObject(object, "Throttle", throttle_json(&limits));
	throttle_limits_release(&limits);
	reply->content_type = "application/json";
	json_print(&reply->body, object, 0);
	buf_putc(&reply->body, '\n');
	cJSON_Delete(object);
}

/* What a request changes. */
struct config_change {
	bool has_rows, has_limits;
	uint64_t rows;
	struct throttle_limits limits; /* owned: as they were, or are to be */
};

/* All or nothing. */
static bool read_config(const cJSON *body, struct config_change *change, struct server_reply *reply)
{
	struct error err = ERROR_INIT;
	const cJSON *item;

	cJSON_ArrayForEach(item, body)
	{
		bool is_throttle = strcasecmp(item->string, "Throttle") == 0;

		if (!is_throttle && strcasecmp(item->string, "DataIterationBatchSize") != 0) {
			server_reply_text(reply, 400, "json: unknown field \"%s\"", item->string);
			return false;
		}
		if (cJSON_IsNull(item))
			continue;
		change->has_limits |= is_throttle;
		change->has_rows |= !is_throttle;
		if (is_throttle && !throttle_json_read(item, &change->limits, &err)) {
			server_reply_text(reply, 400, "%s", err.text);
			return false;
		}
		if (!is_throttle && !json_u64(item, &change->rows)) {
			server_reply_text(reply, 400,
					  "DataIterationBatchSize must be a whole number, not %s",
					  cJSON_IsNumber(item) ? "a number like this" :
								 json_type_name(item));
			return false;
		}
	}
	return true;
}

static void change_config(struct ferry *ferry, const struct config_change *change)
{
	if (change->has_rows) {
		log_info("DataIterationBatchSize set to %" PRIu64 " through the control server%s",
			 change->rows, change->rows == 0 ? ": batches are sized by bytes" : "");
		ferry_set_batch_rows(ferry, change->rows);
	}
	if (change->has_limits) {
		cJSON *limits = throttle_json(&change->limits);
		struct buf text = BUF_INIT;

		json_print(&text, limits, 0);
		log_info("Throttle set to %s through the control server", buf_text(&text));
		buf_release(&text);
		cJSON_Delete(limits);
		ferry_set_throttle_limits(ferry, &change->limits);
	}
}

static void post_config(void *context, const struct server_request *request,
			struct server_reply *reply)
{
	const struct api *api = context;
	cJSON *body = body_object(request, reply);
	struct config_change change = { .rows = 0 };

	ferry_throttle_limits(api->ferry, &change.limits);
	if (body && read_config(body, &change, reply)) {
		change_config(api->ferry, &change);
		server_reply_success(reply, request);
	}
	throttle_limits_release(&change.limits);
	cJSON_Delete(body);
}

const struct server_route api_routes[] = {
	{ "GET", "/", true, get_page },
	{ "GET", "/api/config", false, get_config },
	{ "POST", "/api/config", false, post_config },
	{ "POST", "/api/cutover", false, post_cutover },
	{ "GET", "/api/events", false, get_events },
	{ "GET", "/api/openapi.json", false, get_asset },
	{ "POST", "/api/pause", false, post_pause },
	{ "POST", "/api/script", false, post_script },
	{ "GET", "/api/status", false, get_status },
	{ "POST", "/api/stop", false, post_stop },
	{ "POST", "/api/unpause", false, post_pause },
	{ "POST", "/api/verify", false, post_verify },
	{ "GET", "/login", true, login_get },
	{ "POST", "/login", true, login_post },
	{ "GET", "/metrics", false, get_metrics },
	{ "GET", "/page.css", true, get_asset },
	{ "GET", "/page.js", false, get_asset },
};

const size_t api_route_count = ARRAY_LEN(api_routes);
