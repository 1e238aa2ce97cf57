/* snapshot_mark: which changes of a table without a key a snapshot holds, and which were
 * received before. */
#include "run/snapshot_mark.h"
#include "../unit.h"

static struct binlog_position at(const char *file, uint64_t offset)
{
	struct binlog_position position = { .offset = offset };

	snprintf(position.file, sizeof(position.file), "%s", file);
	return position;
}

static bool holds_received(struct snapshot_mark *mark, const char *file, uint64_t offset)
{
	struct binlog_position end = at(file, offset);

	return snapshot_mark_holds_received(mark, &end);
}

TEST(what_is_received_before_the_snapshot_is_in_it)
{
	struct snapshot_mark mark;
	struct binlog_position place = at("bin.000002", 100);

	snapshot_mark_init(&mark);
	assert_true(holds_received(&mark, "bin.000002", 500));
	snapshot_mark_begin(&mark);
	/* Nobody knows yet: it is kept. */
	assert_false(holds_received(&mark, "bin.000001", 50));
	assert_false(snapshot_mark_holds(&mark, "bin.000001", 50));
	snapshot_mark_place(&mark, &place);
	assert_true(holds_received(&mark, "bin.000001", 5000));
	assert_true(snapshot_mark_holds(&mark, "bin.000002", 100));
	assert_false(snapshot_mark_holds(&mark, "bin.000002", 101));
	assert_false(holds_received(&mark, "bin.000003", 4));
	snapshot_mark_destroy(&mark);
}

static bool is_repeated(struct snapshot_mark *mark, uint64_t offset, uint64_t number)
{
	struct binlog_position end = at("bin.000002", offset);

	return snapshot_mark_is_repeated(mark, &end, number);
}

TEST(a_change_is_known_by_its_event_and_number)
{
	struct snapshot_mark mark;

	snapshot_mark_init(&mark);
	assert_false(is_repeated(&mark, 100, 1));
	assert_false(is_repeated(&mark, 100, 2)); /* the next row of the same event */
	assert_true(is_repeated(&mark, 100, 1));  /* the stream was cut and begins again */
	assert_true(is_repeated(&mark, 100, 2));
	assert_false(is_repeated(&mark, 100, 3));
	assert_true(is_repeated(&mark, 50, 9));
	assert_false(is_repeated(&mark, 200, 1)); /* another transaction counts from the start */
	snapshot_mark_destroy(&mark);
}

TEST_MAIN(cmocka_unit_test(what_is_received_before_the_snapshot_is_in_it),
	  cmocka_unit_test(a_change_is_known_by_its_event_and_number))
