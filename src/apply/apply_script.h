/* The statements of one transaction of row changes. */
#ifndef APPLY_APPLY_SCRIPT_H
#define APPLY_APPLY_SCRIPT_H

#include "change_queue.h"
#include "rows/write_statement.h"

struct apply_script {
	uint64_t packet_limit; /* of the target: bytes of a statement */
	uint64_t batch_bytes;  /* a statement that has as many gets no more rows */
	struct write_statement *statements; /* owned; those of large rows borrow their change */
	size_t count;
	size_t deletes; /* the first so many delete, the others put rows there */
};

/* script has its limits and nothing else. changes: one per key, sorted, and all of them deletes
 * or none, unless the table may displace rows; they outlive the script. ERROR_DATA when a row does not fit into a packet. */
bool apply_script_make(struct apply_script *script, const struct ferry_table *table,
		       struct change *const *changes, size_t count,
		       struct error *err) MUST_CHECK;
/* The statements that put rows there sum up how many they inserted. Returns how many there
 * are to be. */
uint64_t apply_script_count_inserted(struct apply_script *script, uint64_t *inserted);
void apply_script_release(struct apply_script *script);

#endif
