/* What stands against a migration, collected so that all of it is reported at
 * once, each with the SQL or setting that fixes it. */
#ifndef PLAN_FINDINGS_H
#define PLAN_FINDINGS_H

#include "base/buf.h"

enum finding_severity { FINDING_NOTE, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_severity severity;
	char *text;   /* "source: binlog_format is STATEMENT, must be ROW" */
	char *remedy; /* "SET GLOBAL binlog_format = 'ROW'" or "" */
};

struct findings {
	struct finding *items; /* owned */
	size_t count;
};

void findings_init(struct findings *findings);
void findings_release(struct findings *findings);
void finding_add(struct findings *findings, enum finding_severity severity, const char *remedy,
		 const char *format, ...) PRINTF(4, 5);
size_t findings_errors(const struct findings *findings);

#endif
