/* Which name was probably meant by one that does not exist? */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/attr.h"

enum { NEAREST_MAX = 64 }; /* longer names match nothing */

struct nearest {
	const char *wanted;
	const char *name; /* the one with the fewest edits so far, if these are few for its
			   * length, or NULL; borrowed */
	size_t best;
};

void nearest_init(struct nearest *n, const char *wanted);
/* Of two equally near names the first one wins. */
void nearest_try(struct nearest *n, const char *name);

#endif
