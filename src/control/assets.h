/* The files of the web page, and the description of the HTTP interface: part of the program. */
#ifndef CONTROL_ASSETS_H
#define CONTROL_ASSETS_H

#include "base/buf.h"

struct asset {
	const char *path, *content_type;
	const char *bytes, *end;
};

/* NULL: there is none at that path. */
const struct asset *asset_find(const char *path);

#endif
