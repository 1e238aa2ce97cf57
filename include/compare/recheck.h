/* Rows of one table that differed when they were first compared, and comparing them again.
 * While rows are written, one that differs may only be on its way: a difference counts when
 * neither side of the row has moved from one attempt to the next. */
#ifndef COMPARE_RECHECK_H
#define COMPARE_RECHECK_H

#include "compare/diff_report.h"

struct row_repair;

struct recheck_rules {
	unsigned stable_after; /* further attempts that must find the same difference */
	unsigned attempts;     /* at most */
	int64_t pause_ms;      /* before the first attempt; doubles up to a second */
	/* Called before each attempt: waits until the target has caught up; NULL: only the pause.
	 * source is free for queries. */
	bool (*catch_up)(void *context, struct db *source, struct error *err);
	void *context;
};

struct recheck {
	const struct row_hash *f; /* borrowed */
	struct map rows;	  /* condition -> struct candidate *, owned */
	unsigned attempt;	  /* the one under way, from 1; 0: none */
};

void recheck_init(struct recheck *r, const struct row_hash *f);
void recheck_release(struct recheck *r);
/* A row that differed; its kind and prints are those of the last attempt. */
void recheck_add(struct recheck *r, const struct row_difference *difference);
/* A row that may differ. */
void recheck_add_key(struct recheck *r, const char *condition, size_t length);

/* Attempts until all are equal or confirmed; the report gets the rest. r is empty then.
 * repair, which may be NULL: rows that are confirmed are repaired by it and compared
 * again, a few times. */
bool recheck_run(struct recheck *r, struct range_diff *c, const struct recheck_rules *rules,
		 struct row_repair *repair, struct table_report *report,
		 struct error *err) MUST_CHECK;

#endif
