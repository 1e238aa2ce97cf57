/* CREATE statements of one flavour for a server of the other. */
#ifndef CREATE_CREATE_TRANSLATE_H
#define CREATE_CREATE_TRANSLATE_H

#include "base/buf.h"
#include "db/server.h"

/* Appends what SHOW CREATE printed on the one flavour in the words of the other (as it
 * is when both are the same). Only what means the same is translated: false with the
 * reason in *err (ERROR_UNSUPPORTED) where something has no counterpart. Pure. */
bool create_translate(struct buf *out, const char *shown, enum flavour from, enum flavour to,
		      struct error *err) MUST_CHECK;

#endif
