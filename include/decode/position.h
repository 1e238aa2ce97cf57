/* A place in a server's binlog. Values, any thread. */
#ifndef DECODE_POSITION_H
#define DECODE_POSITION_H

#include <inttypes.h>

#include "base/error.h"

#define BINLOG_FILE_MAX 512 /* FN_REFLEN of the servers */

struct binlog_position {
	char file[BINLOG_FILE_MAX]; /* "mysql-bin.000008"; "": none */
	uint64_t offset;	    /* 64 bits: headers wrap at 4 GiB */
	/* When the server made the file, its clock's seconds; 0: not known. A file of the
	 * same name with another time is another file: the server's binlog was reset. */
	uint32_t file_created;
};

struct log_facts;
/* The fields file and position of a line of the log. */
void binlog_position_facts(struct log_facts *facts, const struct binlog_position *p);

#define POSITION_FORMAT "%s:%" PRIu64
#define POSITION_ARGS(position) (position)->file, (position)->offset

bool binlog_position_is_set(const struct binlog_position *p);
/* Copies file; a name too long is an ERROR_CORRUPT. The file's time is unknown then. */
bool binlog_position_set(struct binlog_position *p, const char *file, size_t file_length,
			 uint64_t offset, struct error *err) MUST_CHECK;
/* The same for one that is set already; the time of the same file is kept. */
bool binlog_position_move(struct binlog_position *p, const char *file, size_t file_length,
			  uint64_t offset, struct error *err) MUST_CHECK;
/* Negative, 0, positive. Files order by their numeric suffix (999999 before
 * 1000000); a suffix that is no number sorts as text. */
int binlog_position_compare(const struct binlog_position *a, const struct binlog_position *b);

#endif
