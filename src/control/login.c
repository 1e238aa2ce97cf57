#include "login.h"

#include "assets.h"
#include "base/log.h"
#include "control/api.h"

static const char log_tag[] = "control_server";

void login_get(void *context UNUSED, const struct server_request *request UNUSED,
	       struct server_reply *reply)
{
	const struct asset *asset = asset_find("/login");

	reply->content_type = asset->content_type;
	buf_add(&reply->body, asset->bytes, (size_t)(asset->end - asset->bytes));
}

/* HTML allows closing tags to be left out, so the word may come last. */
void login_refuse(struct server_reply *reply, const char *word)
{
	login_get(NULL, NULL, reply);
	reply->status = 401;
	if (*word)
		buf_printf(&reply->body, "<p class=\"bad\" role=\"alert\">%s</p>\n", word);
}

void login_post(void *context, const struct server_request *request, struct server_reply *reply)
{
	const struct api *api = context;
	struct buf token = BUF_INIT;

	if (!server_form_value(request, "token", &token))
		buf_clear(&token);
	if (!api->access->token || access_is_token(api->access, buf_text(&token), token.length)) {
		reply->status = 303;
		reply->location = "./"; /* behind a proxy the page need not be at / */
		if (api->access->token)
			access_put_cookie(api->access, request->by_https, &reply->cookie);
	} else {
		log_warn("an attempt to log in to the control server with a wrong token");
		login_refuse(reply, "That is not the token.");
	}
	buf_release(&token);
}
