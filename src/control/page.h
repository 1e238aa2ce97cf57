/* The page for people at GET /. */
#ifndef CONTROL_PAGE_H
#define CONTROL_PAGE_H

#include "control/status_json.h"

/* Appends the whole HTML document. */
void page_write(struct buf *out, const struct status_view *view);
/* Appends text with everything that means something in HTML written as entities. */
void page_escape(struct buf *out, const char *text);

#endif
