/* The comment in front of every statement that writes to the target: the configuration's
 * Marginalia, as Ghostferry has it, and which run it was. By it the binlog tells our
 * writes from those of others. Pure functions. */
#ifndef PLAN_STATEMENT_TAG_H
#define PLAN_STATEMENT_TAG_H

#include "base/buf.h"

enum signature {
	SIGNATURE_OURS,	     /* Marginalia, and our run or none at all */
	SIGNATURE_OTHER_RUN, /* Marginalia, and the id of another run */
	SIGNATURE_NONE,
};

/* run_id NULL: Marginalia alone. */
void statement_tag_put(struct buf *sql, const char *marginalia, const char *run_id);
/* text: the beginning of a statement. Only what stands at its very start counts, and
 * Marginalia must be the first comment. Statements that a person signs with it by hand
 * are accepted, as Ghostferry does. */
enum signature statement_tag_read(const char *text, size_t length, const char *marginalia,
				  const char *run_id);

#endif
