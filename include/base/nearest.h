/* Which name did a person mean who wrote one that does not exist? */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/attr.h"

enum { NEAREST_MAX = 64 }; /* longer names are near to none */

struct nearest {
	const char *wanted;
	const char *name; /* the one with the fewest edits so far, if these are few for its
			   * length, or NULL; borrowed */
	size_t best;
};

void nearest_init(struct nearest *n, const char *wanted);
/* Of two that are as near the first one stays. */
void nearest_try(struct nearest *n, const char *name);

#endif
