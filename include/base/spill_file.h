/* An unnamed file for what does not fit into memory: keys of rows to be verified. The
 * caller keeps track of offsets; reads and writes need no lock as long as their ranges
 * differ. */
#ifndef BASE_SPILL_FILE_H
#define BASE_SPILL_FILE_H

#include "base/buf.h"
#include "base/error.h"

struct spill_file {
	int fd; /* owned; -1: not open */
};

/* beside: a path in whose directory the file lies; NULL: in $TMPDIR or /tmp. Only we may
 * read it, and it goes with the process, however that ends. */
bool spill_file_open(struct spill_file *s, const char *beside, struct error *err) MUST_CHECK;
void spill_file_close(struct spill_file *s);
bool spill_file_write(const struct spill_file *s, uint64_t offset, const char *bytes, size_t length,
		      struct error *err) MUST_CHECK;
/* Exactly length bytes; fewer are an error. */
bool spill_file_read(const struct spill_file *s, uint64_t offset, char *bytes, size_t length,
		     struct error *err) MUST_CHECK;

#endif
