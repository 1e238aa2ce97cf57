/* The owner of a batch applies its parts itself until none is left, so the batch gets done even if
 * no other thread is free to help; then it waits for the helpers. After a part has failed, the
 * batch is tried again or the run ends, so its remaining parts are dropped. An error that says that
 * rows were refused has the lowest precedence: after it they are written in another way
 * (lax_writer.c), while a lost connection may have left a statement that still runs on the server,
 * and that must be waited for first (I8).
 *
 * A helper that dies takes the process with it. One that hangs in a query holds up the owner, as
 * the owner's own query would. */
#include "apply_parts.h"

#include "base/probe.h"
#include "rows/lax_writer.h"
#include "run/work_time.h"

struct parted_batch {
	size_t open; /* guarded by the lock, like the rest: parts queued or being applied */
	bool has_failed;
	struct error err; /* of a part that failed */
};

void apply_parts_init(struct apply_parts *parts, void (*wake)(void *context), void *context)
{
	*parts = (struct apply_parts){ .wake = wake, .context = context };
	mutex_init(&parts->lock);
	condition_init(&parts->done);
}

void apply_parts_destroy(struct apply_parts *parts)
{
	condition_destroy(&parts->done);
	mutex_destroy(&parts->lock);
}

/* The next part of the batch; NULL: of any batch. */
static struct apply_part *take(struct apply_parts *parts, const struct parted_batch *batch)
{
	struct apply_part **at = &parts->first, *part;

	mutex_lock(&parts->lock);
	while (*at && batch && (*at)->batch != batch)
		at = &(*at)->next;
	part = *at;
	if (part)
		*at = part->next;
	mutex_unlock(&parts->lock);
	return part;
}

/* The part and its batch may no longer exist afterwards. */
static void end(struct apply_parts *parts, struct apply_part *part, bool ok, const struct error *err)
{
	struct parted_batch *batch = part->batch;

	mutex_lock(&parts->lock);
	if (!ok && (!batch->has_failed || lax_is_refusal(&batch->err))) {
		batch->has_failed = true;
		batch->err = *err;
	}
	for (struct apply_part **at = &parts->first; batch->has_failed && *at;) {
		if ((*at)->batch == batch) {
			*at = (*at)->next;
			batch->open--;
		} else {
			at = &(*at)->next;
		}
	}
	batch->open--;
	condition_broadcast(&parts->done);
	mutex_unlock(&parts->lock);
}

static void put(struct apply_parts *parts, struct apply_part *first, struct parted_batch *batch)
{
	struct apply_part **at = &parts->first;

	mutex_lock(&parts->lock);
	while (*at)
		at = &(*at)->next;
	*at = first;
	for (; first; first = first->next) {
		first->batch = batch;
		batch->open++;
	}
	mutex_unlock(&parts->lock);
}

static void wait_until_ended(struct apply_parts *parts, struct parted_batch *batch)
{
	mutex_lock(&parts->lock);
	while (batch->open > 0)
		condition_wait(&parts->done, &parts->lock);
	mutex_unlock(&parts->lock);
}

bool apply_parts_run(struct apply_parts *parts, struct apply_part *first, struct db *target,
		     struct error *err)
{
	struct parted_batch batch = { .open = 0 };
	bool is_for_others = first && first->next;
	struct apply_part *part;
	struct error own;

	put(parts, first, &batch);
	if (is_for_others && parts->wake)
		parts->wake(parts->context);
	while ((part = take(parts, &batch)))
		end(parts, part, part->apply(part, target, &own), &own);

	enum work before = work_begin(WORK_WAITING_FOR_LOCK);

	wait_until_ended(parts, &batch);
	work_begin(before);
	if (batch.has_failed)
		*err = batch.err;
	return !batch.has_failed;
}

bool apply_parts_are_left(struct apply_parts *parts)
{
	mutex_lock(&parts->lock);
	bool are_left = parts->first != NULL;
	mutex_unlock(&parts->lock);
	return are_left;
}

void apply_parts_help(struct apply_parts *parts, struct db *target)
{
	struct apply_part *part = take(parts, NULL);
	struct error err;

	if (!part)
		return;
	probe("part_taken", " ");
	end(parts, part, part->apply(part, target, &err), &err);
}
