/* The statements of one transaction of row changes. */
#ifndef APPLY_APPLY_SQL_H
#define APPLY_APPLY_SQL_H

#include "change_queue.h"
#include "rows/target_write.h"

struct apply_sql {
	uint64_t packet_limit;		    /* of the target: bytes per statement */
	uint64_t batch_bytes;		    /* a statement of this size gets no more rows */
	bool avoids_load;		    /* all in SQL */
	bool is_unsuited;		    /* LOAD DATA failed: the same again, in SQL */
	struct write_statement *statements; /* owned; one for a large row borrows its change */
	size_t count;
	size_t deletes; /* of these, which come first; the others write rows */
};

/* script: only what is above the statements is set, and it stays where it is. changes: one per key,
 * sorted, and all or none of them deletes, unless the table may displace rows; they outlive the
 * script. ERROR_DATA when a row does not fit into a packet. */
bool apply_sql_make(struct apply_sql *script, const struct moved_table *table,
		    struct change *const *changes, size_t count, struct error *err) MUST_CHECK;
/* Makes the statements that write rows add the number inserted to *inserted. Returns how many rows
 * they contain. */
uint64_t apply_sql_count_inserted(struct apply_sql *script, uint64_t *inserted);
void apply_sql_release(struct apply_sql *script);

#endif
