/* What an account may do, as far as SHOW GRANTS tells. */
#ifndef PREFLIGHT_GRANTS_H
#define PREFLIGHT_GRANTS_H

#include "db/db.h"

struct grant {
	char *privileges; /* "SELECT, INSERT" */
	char *scope;	  /* "*.*", "`db`.*", "`db`.`t`" */
};

struct grants {
	struct grant *items; /* owned */
	size_t count;
	bool is_partial;   /* roles or revokes: may have more or less */
	char account[300]; /* "`user`@`host`", for remedies */
};

enum grants_answer { GRANTS_NO, GRANTS_YES, GRANTS_UNKNOWN };

/* The grants of the session. *grants is zeroed; release it even on failure. */
bool grants_read(struct grants *grants, struct db *db, struct error *err) MUST_CHECK;
void grants_release(struct grants *grants);
/* Parses one line of SHOW GRANTS. */
void grants_add(struct grants *grants, const char *line);
/* schema NULL: global privileges. */
enum grants_answer grants_allow(const struct grants *grants, const char *privilege,
				const char *schema);
/* Does a pattern of a scope (% and _, \ before literal ones) mean this name? */
bool grants_pattern_matches(const char *pattern, const char *name);

#endif
