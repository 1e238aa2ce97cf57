/* A ferry that only remembers what it was told: stands in for src/ferry/ferry.c in
 * tests of the layers above. To be included by one file of a program. */
#ifndef TESTS_UNIT_FAKE_FERRY_H
#define TESTS_UNIT_FAKE_FERRY_H

#include <stdatomic.h>
#include <string.h>

#include "ferry/ferry.h"

struct ferry {
	atomic_bool paused;
	atomic_bool automatic;
	atomic_uint_fast64_t batch_rows;
	_Atomic(const char *) state;   /* NULL: none yet */
	struct throttle_limits limits; /* owned by the test, which sets them on one thread */
	struct ferry_status status;    /* handed out as it is; tables are not owned */
};

static struct ferry fake_ferry UNUSED;

void ferry_set_paused(struct ferry *ferry, bool paused)
{
	atomic_store(&ferry->paused, paused);
}

void ferry_throttle_limits(struct ferry *ferry, struct throttle_limits *limits)
{
	throttle_limits_copy(limits, &ferry->limits);
}

void ferry_set_throttle_limits(struct ferry *ferry, const struct throttle_limits *limits)
{
	throttle_limits_release(&ferry->limits);
	throttle_limits_copy(&ferry->limits, limits);
}

void ferry_set_automatic_cutover(struct ferry *ferry, bool automatic)
{
	atomic_store(&ferry->automatic, automatic);
}

bool ferry_verify(struct ferry *ferry, struct error *err)
{
	(void)ferry;
	return error_set(err, ERROR_UNSUPPORTED, "no verifier is configured");
}

void ferry_set_batch_rows(struct ferry *ferry, uint64_t rows)
{
	atomic_store(&ferry->batch_rows, rows);
}

uint64_t ferry_batch_rows(struct ferry *ferry)
{
	return atomic_load(&ferry->batch_rows);
}

bool ferry_state(struct ferry *ferry, struct buf *out)
{
	const char *state = atomic_load(&ferry->state);

	if (state)
		buf_puts(out, state);
	return state != NULL;
}

bool ferry_may_save(struct ferry *ferry)
{
	return atomic_load(&ferry->state) != NULL;
}

void ferry_status(struct ferry *ferry, struct ferry_status *status)
{
	*status = ferry->status;
	status->is_paused = atomic_load(&ferry->paused);
	if (status->is_paused)
		status->throttle_reason = THROTTLE_PAUSE;
	status->automatic_cutover = atomic_load(&ferry->automatic);
}

void ferry_status_release(struct ferry_status *status)
{
	memset(status, 0, sizeof(*status));
}

/* Columns for keys of every form. */
static struct column fake_columns[] = {
	{ .name = (char[]){ "id" }, .type = COLUMN_BIGINT },
	{ .name = (char[]){ "uuid" }, .type = COLUMN_VARBINARY },
	{ .name = (char[]){ "at" }, .type = COLUMN_DATETIME },
};

static struct table fake_table = {
	.schema = (char[]){ "shop" },
	.name = (char[]){ "orders" },
	.columns = fake_columns,
	.column_count = 3,
};

static const struct key_columns fake_id UNUSED = { .table = &fake_table,
						   .count = 1,
						   .columns = { 0 } };
static const struct key_columns fake_uuid UNUSED = { .table = &fake_table,
						     .count = 1,
						     .columns = { 1 } };
static const struct key_columns fake_both UNUSED = { .table = &fake_table,
						     .count = 2,
						     .columns = { 2, 0 } };

static inline struct key fake_key(const char *first, const char *second)
{
	struct key key = { .is_set = true, .count = second ? 2 : 1 };

	key.values[0] = (struct value){ first, strlen(first) };
	if (second)
		key.values[1] = (struct value){ second, strlen(second) };
	return key;
}

#endif
