/* The assembler puts the files in as they are; the Makefile knows that this one depends on
 * them. */
#include "assets.h"

#include <string.h>

#define EMBED(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		".globl asset_" #name "\nasset_" #name ":\n.incbin \"src/control/" file            \
		"\"\n.globl asset_" #name "_end\nasset_" #name "_end:\n.byte 0\n"                  \
		".popsection\n");                                                                  \
	extern const char asset_##name[], asset_##name##_end[]

EMBED(html, "page.html");
EMBED(css, "page.css");
EMBED(js, "page.js");
EMBED(login, "login.html");
EMBED(openapi, "openapi.json");

static const struct asset assets[] = {
	{ "/", "text/html; charset=utf-8", asset_html, asset_html_end },
	{ "/login", "text/html; charset=utf-8", asset_login, asset_login_end },
	{ "/page.css", "text/css; charset=utf-8", asset_css, asset_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", asset_js, asset_js_end },
	{ "/api/openapi.json", "application/json", asset_openapi, asset_openapi_end },
};

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}
