/* The one exception to I4: changes of a table without a key are dropped when the
 * snapshot that its copy is read from holds them. Why nothing is lost:
 *
 * The snapshot is taken while the table is locked against writes, which waits for every
 * transaction that has changed it, and its place is the end of the binlog under that lock
 * (see snapshot_copy.c). So it holds exactly the changes logged before its place.
 *
 * A change that is received before the snapshot was begun was logged before, hence lies
 * before the place that is read later. One that is received afterwards is compared with
 * the place, as soon as that is known: here, or when it is about to be applied, which
 * the fence allows only after the copy has ended. The copy never ends without either the
 * whole snapshot on the target, or another snapshot with a later place.
 *
 * Changes without a key cannot be applied twice. The stream repeats what it has delivered when its
 * connection was lost: always from a place between transactions, so a change is known by the end of
 * its event and its number in the transaction, which both only go up. */
#include "run/snapshot_mark.h"

#include <stdio.h>
#include <string.h>

void snapshot_mark_init(struct snapshot_mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	mutex_init(&mark->lock);
}

void snapshot_mark_destroy(struct snapshot_mark *mark)
{
	mutex_destroy(&mark->lock);
}

void snapshot_mark_begin(struct snapshot_mark *mark)
{
	mutex_lock(&mark->lock);
	mark->is_begun = true;
	mutex_unlock(&mark->lock);
}

void snapshot_mark_place(struct snapshot_mark *mark, const struct binlog_position *place)
{
	mutex_lock(&mark->lock);
	mark->place = *place;
	mutex_unlock(&mark->lock);
}

static bool is_before_place(const struct snapshot_mark *mark, const struct binlog_position *end)
	REQUIRES(mark->lock)
{
	return binlog_position_is_set(&mark->place) &&
	       binlog_position_compare(end, &mark->place) <= 0;
}

bool snapshot_mark_holds_received(struct snapshot_mark *mark, const struct binlog_position *end)
{
	mutex_lock(&mark->lock);
	bool holds = !mark->is_begun || is_before_place(mark, end);
	mutex_unlock(&mark->lock);
	return holds;
}

bool snapshot_mark_holds(struct snapshot_mark *mark, const char *file, uint64_t offset)
{
	struct binlog_position end = { .offset = offset };

	snprintf(end.file, sizeof(end.file), "%s", file);
	mutex_lock(&mark->lock);
	bool holds = is_before_place(mark, &end);
	mutex_unlock(&mark->lock);
	return holds;
}

bool snapshot_mark_is_repeated(struct snapshot_mark *mark, const struct binlog_position *end,
			       uint64_t number)
{
	int order = binlog_position_is_set(&mark->received) ?
			    binlog_position_compare(end, &mark->received) :
			    1;

	if (order < 0 || (order == 0 && number <= mark->received_number))
		return true;
	mark->received = *end;
	mark->received_number = number;
	return false;
}
