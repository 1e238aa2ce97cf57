/* What stands against a migration, collected so that all of it is reported at
 * once, each with the SQL or setting that mends it. */
#ifndef PLAN_PROBLEMS_H
#define PLAN_PROBLEMS_H

#include "base/buf.h"

enum problem_severity { PROBLEM_NOTE, PROBLEM_WARNING, PROBLEM_ERROR };

struct problem {
	enum problem_severity severity;
	char *text;   /* "source: binlog_format is STATEMENT, must be ROW" */
	char *remedy; /* "SET GLOBAL binlog_format = 'ROW'" or "" */
};

struct problems {
	struct problem *items; /* owned */
	size_t count;
};

void problems_init(struct problems *problems);
void problems_release(struct problems *problems);
void problem_add(struct problems *problems, enum problem_severity severity, const char *remedy,
		 const char *format, ...) PRINTF(4, 5);
size_t problems_errors(const struct problems *problems);

#endif
