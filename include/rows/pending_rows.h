/* Which rows are still to be verified: per table how far its full comparison is, and
 * the keys of rows that differed or were changed since. Bounded: when the keys take too
 * much memory, those of the largest table go to a file. Where that is not possible, or
 * reading every row of the table is less work than looking at the keys one by one, they
 * are dropped instead and the table is to be compared as a whole.
 *
 * Any thread; locks itself, never across I/O. One thread at a time goes through the keys
 * (pending_rows_each()). */
#ifndef ROWS_PENDING_ROWS_H
#define ROWS_PENDING_ROWS_H

#include "base/json.h"
#include "base/thread.h"
#include "plan/moved_table.h"
#include "base/spill_file.h"

enum table_stage {
	TABLE_UNCOMPARED, /* will be as a whole: keys are not recorded */
	TABLE_COMPARING,  /* rows up to a key were: keys are recorded */
	TABLE_COMPARED,	  /* all rows were, or need not be: keys are recorded */
};

/* Keys in the file: each is led by its length. */
struct spilled_keys {
	uint64_t offset;
	uint64_t bytes;
	uint64_t count;
	struct spilled_keys *next;
};

struct queue_table {
	const struct moved_table *table;
	enum table_stage stage;
	struct key compared_up_to;
	struct map keys; /* condition -> its sequence number, as a pointer */
	size_t bytes;
	struct spilled_keys *spilled; /* owned list, oldest first */
	uint64_t spilled_count;	      /* of keys in the list, and of those being written */
};

struct pending_rows {
	struct mutex lock;
	struct queue_table *tables; /* guarded by lock; by moved_table.index; owned */
	size_t count;
	uint64_t bytes;		 /* guarded by lock; of all keys, about */
	uint64_t bytes_max;	 /* constant */
	uint64_t sequence;	 /* guarded by lock: counts up with each key that is added */
	struct spill_file spill; /* constant; itself needs no lock */
	uint64_t spill_end;	 /* guarded by lock: where the next keys go */
	unsigned spill_users;	 /* guarded by lock: that write or read just now */
};

/* A key as it was when it was taken. */
struct queued_key {
	char *condition; /* owned */
	size_t length;
	uint64_t sequence; /* 0: it came from the file */
};

void pending_rows_init(struct pending_rows *q, const struct moved_tables *tables,
		       enum table_stage stage, uint64_t bytes_max);
/* Before keys are added: where the file lies (spill_file.h). Without a file it works,
 * too; the log says so. */
void pending_rows_spill_to(struct pending_rows *q, const char *beside);
void pending_rows_release(struct pending_rows *q);

/* This row must be looked at (again). */
void pending_rows_add(struct pending_rows *q, size_t table, const char *condition, size_t length);
/* Hands out the keys of a table that are there at the beginning, so many at once at most.
 * A key that came from the file is forgotten when its slice was taken, unless keep is
 * set: whoever takes it adds it again if the row is not equal. Ends at the first false. */
typedef bool pending_rows_slice(void *context, size_t table, const struct queued_key *keys,
				size_t count, struct error *err);
bool pending_rows_each(struct pending_rows *q, size_t table, size_t slice, bool keep,
		       pending_rows_slice *take, void *context, struct error *err) MUST_CHECK;
/* Their conditions, borrowed; the array is the caller's. */
const char **pending_rows_conditions(const struct queued_key *keys, size_t count);
/* What became of a key that was handed out. The row was equal: forgets it unless it was added
 * again since. It was not: keeps it, wherever it came from. */
void pending_rows_resolve(struct pending_rows *q, size_t table, const struct queued_key *key,
			  bool is_equal);
uint64_t pending_rows_count(struct pending_rows *q);

/* The whole comparison: begins (or goes on behind low), went on, came to its end.
 * False: the table needs none. */
bool pending_rows_begin(struct pending_rows *q, size_t table, struct key *low);
void pending_rows_compared(struct pending_rows *q, size_t table, const struct key *end);
void pending_rows_set_stage(struct pending_rows *q, size_t table, enum table_stage stage);
/* The table is to be compared as a whole again. */
void pending_rows_invalidate(struct pending_rows *q, size_t table);
/* Tables whose whole comparison is not at its end. */
size_t pending_rows_uncompared(struct pending_rows *q);

/* For the state. What a state does not carry, or what does not fit the tables, is to be
 * compared as a whole. */
cJSON *pending_rows_to_json(struct pending_rows *q);
void pending_rows_from_json(struct pending_rows *q, const cJSON *tables);
/* The same, in addition to what is there; tables that are not named stay as they are. */
void pending_rows_add_json(struct pending_rows *q, const cJSON *tables);

#endif
