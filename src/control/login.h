/* The page's way in: a form for the token, which gives the browser its cookie. */
#ifndef CONTROL_LOGIN_H
#define CONTROL_LOGIN_H

#include "control/http_server.h"

void login_get(void *context, const struct server_request *request, struct server_reply *reply);
void login_post(void *context, const struct server_request *request, struct server_reply *reply);
/* 401 and the form, with a word, or "". */
void login_refuse(struct server_reply *reply, const char *word);

#endif
