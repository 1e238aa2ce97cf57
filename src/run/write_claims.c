/* The order of waiting: a range waits for the rows that are being written, which do not wait. Rows
 * that are chosen avoid the ranges, also those that wait, so a range waits for one transaction at
 * most; and a key lies in one range of a copy, so each change gets its turn. Whoever wants the
 * table comes next, before new ranges and rows. */
#include "run/write_claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/change.h"
#include "plan/key_order.h"

#define LOOK_MS 200

void write_claims_init(struct write_claims *claims)
{
	*claims = (struct write_claims){ .ranges = NULL };
	mutex_init(&claims->lock);
	condition_init(&claims->changed);
}

void write_claims_destroy(struct write_claims *claims)
{
	condition_destroy(&claims->changed);
	mutex_destroy(&claims->lock);
}

static bool is_behind_low(const struct range_claim *range, const struct change *change)
{
	return !range->has_low || key_order_compare(change_order(change), change->order_length,
						    range->low.data, range->low.length) > 0;
}

static bool is_up_to_high(const struct range_claim *range, const struct change *change)
{
	return !range->has_high || key_order_compare(change_order(change), change->order_length,
						     range->high.data, range->high.length) <= 0;
}

/* The first row behind the range's low end is the only one to look at. */
static bool meets(const struct row_claim *claim, const struct range_claim *range)
{
	size_t from = 0, to = claim->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (is_behind_low(range, claim->changes[middle]))
			to = middle;
		else
			from = middle + 1;
	}
	return from < claim->count && is_up_to_high(range, claim->changes[from]);
}

static bool meets_rows(const struct write_claims *claims, const struct range_claim *range)
	REQUIRES(claims->lock)
{
	const struct row_claim *claim = claims->rows;

	while (claim && !meets(claim, range))
		claim = claim->next;
	return claim != NULL;
}

static void wait_while_table_is_wanted(struct write_claims *claims, struct stop *stop)
	REQUIRES(claims->lock)
{
	while ((claims->is_alone || claims->alone_waiting > 0) && !stop_is_set(stop))
		condition_wait_ms(&claims->changed, &claims->lock, LOOK_MS);
}

static void unlink_range(struct write_claims *claims, struct range_claim *range)
	REQUIRES(claims->lock)
{
	struct range_claim **at = &claims->ranges;

	while (*at != range)
		at = &(*at)->next;
	*at = range->next;
	condition_broadcast(&claims->changed);
}

bool write_claims_take_range(struct write_claims *claims, struct range_claim *range,
			     struct stop *stop)
{
	mutex_lock(&claims->lock);
	wait_while_table_is_wanted(claims, stop);
	range->next = claims->ranges;
	claims->ranges = range;
	while (meets_rows(claims, range) && !stop_is_set(stop))
		condition_wait_ms(&claims->changed, &claims->lock, LOOK_MS);

	bool ok = !stop_is_set(stop);

	if (!ok)
		unlink_range(claims, range);
	mutex_unlock(&claims->lock);
	return ok;
}

void write_claims_release_range(struct write_claims *claims, struct range_claim *range)
{
	mutex_lock(&claims->lock);
	unlink_range(claims, range);
	mutex_unlock(&claims->lock);
}

/* How many were moved to the front. */
static size_t choose_rows(struct write_claims *claims, struct change **changes, size_t count,
			  size_t max) REQUIRES(claims->lock)
{
	struct change **left;
	size_t chosen = 0, skipped = 0;

	if (!claims->ranges)
		return count < max ? count : max;
	left = mem_calloc(count, sizeof(*left));
	for (size_t i = 0; i < count; i++) {
		const struct range_claim *range = claims->ranges;

		while (range &&
		       !(is_behind_low(range, changes[i]) && is_up_to_high(range, changes[i])))
			range = range->next;
		if (chosen < max && !range)
			changes[chosen++] = changes[i];
		else
			left[skipped++] = changes[i];
	}
	memcpy(changes + chosen, left, skipped * sizeof(*left));
	free(left);
	return chosen;
}

size_t write_claims_take_rows(struct write_claims *claims, struct row_claim *claim,
			      struct change **changes, size_t count, size_t max, struct stop *stop)
{
	size_t chosen = 0;

	mutex_lock(&claims->lock);
	for (;;) {
		wait_while_table_is_wanted(claims, stop);
		if (stop_is_set(stop) || (chosen = choose_rows(claims, changes, count, max)) > 0)
			break;
		condition_wait_ms(&claims->changed, &claims->lock, LOOK_MS);
	}
	if (chosen > 0) {
		*claim = (struct row_claim){ changes, chosen, claims->rows };
		claims->rows = claim;
	}
	mutex_unlock(&claims->lock);
	return chosen;
}

void write_claims_release_rows(struct write_claims *claims, struct row_claim *claim)
{
	struct row_claim **at = &claims->rows;

	mutex_lock(&claims->lock);
	while (*at != claim)
		at = &(*at)->next;
	*at = claim->next;
	condition_broadcast(&claims->changed);
	mutex_unlock(&claims->lock);
}

bool write_claims_take_table(struct write_claims *claims, struct stop *stop)
{
	mutex_lock(&claims->lock);
	claims->alone_waiting++;
	while ((claims->is_alone || claims->ranges || claims->rows) && !stop_is_set(stop))
		condition_wait_ms(&claims->changed, &claims->lock, LOOK_MS);
	claims->alone_waiting--;

	bool ok = !stop_is_set(stop);

	claims->is_alone |= ok;
	if (!ok)
		condition_broadcast(&claims->changed);
	mutex_unlock(&claims->lock);
	return ok;
}

void write_claims_release_table(struct write_claims *claims)
{
	mutex_lock(&claims->lock);
	claims->is_alone = false;
	condition_broadcast(&claims->changed);
	mutex_unlock(&claims->lock);
}
