/* The statements of one transaction of row changes. */
#ifndef APPLY_APPLY_SQL_H
#define APPLY_APPLY_SQL_H

#include "change_queue.h"
#include "rows/target_write.h"

struct apply_sql {
	uint64_t packet_limit;		    /* of the target: bytes of a statement */
	uint64_t batch_bytes;		    /* a statement that has as many gets no more rows */
	struct write_statement *statements; /* owned; those of large rows borrow their change */
	size_t count;
	size_t deletes; /* the first so many delete, the others put rows there */
};

/* script has its limits and nothing else. changes: one per key, sorted, and all of them deletes
 * or none, unless the table may displace rows; they outlive the script. ERROR_DATA when a row does
 * not fit into a packet. */
bool apply_sql_make(struct apply_sql *script, const struct moved_table *table,
		    struct change *const *changes, size_t count, struct error *err) MUST_CHECK;
/* The statements that put rows there sum up how many they inserted. Returns how many there
 * are to be. */
uint64_t apply_sql_count_inserted(struct apply_sql *script, uint64_t *inserted);
void apply_sql_release(struct apply_sql *script);

#endif
