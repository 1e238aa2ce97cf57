/* change_queue: how the applied position moves, and what is held meanwhile. */
#include "../../src/ferry/change_queue.h"
#include "unit.h"

static struct binlog_position at(uint64_t offset)
{
	return (struct binlog_position){ .file = "bin.000001", .offset = offset };
}

static void close_at(struct change_groups *groups, uint64_t offset, uint32_t timestamp)
{
	struct binlog_position position = at(offset);

	change_groups_close(groups, &position, timestamp);
}

TEST(the_position_waits_for_the_oldest_change)
{
	struct change_groups groups;
	struct binlog_position end;

	change_groups_init(&groups);
	close_at(&groups, 10, 1);
	assert_true(change_groups_collect(&groups, &end));
	assert_int_equal(end.offset, 10);

	struct change_group *first = groups.last;
	first->pending = 2;
	close_at(&groups, 20, 2);
	struct change_group *second = groups.last;
	second->pending = 1;
	close_at(&groups, 30, 3);
	second->pending = 0;
	assert_false(change_groups_collect(&groups, &end));
	assert_int_equal(groups.count, 2);
	first->pending = 0;
	assert_true(change_groups_collect(&groups, &end));
	assert_int_equal(end.offset, 30);
	assert_int_equal(groups.count, 0);
	change_groups_release(&groups);
}

/* Transactions that change nothing of ours while a change waits. */
TEST(empty_groups_take_no_memory)
{
	struct change_groups groups;
	struct binlog_position end;

	change_groups_init(&groups);
	groups.last->pending = 1;
	close_at(&groups, 20, 7);
	for (uint64_t i = 1; i <= 1000; i++)
		close_at(&groups, 20 + i, 8);
	assert_int_equal(groups.count, 1);
	assert_int_equal(groups.first->timestamp, 7);
	assert_false(change_groups_collect(&groups, &end));
	groups.first->pending = 0;
	assert_true(change_groups_collect(&groups, &end));
	assert_int_equal(end.offset, 1020);

	/* Behind what was collected there is nothing to be added to. */
	close_at(&groups, 2000, 9);
	assert_int_equal(groups.count, 1);
	assert_true(change_groups_collect(&groups, &end));
	assert_int_equal(end.offset, 2000);
	change_groups_release(&groups);
}

static struct change *make(struct buf *text, const char *head, size_t image_length)
{
	change_begin(text);
	buf_puts(text, "`id`=1");
	buf_puts(text, head);
	for (size_t i = 0; i < image_length; i++)
		buf_putc(text, 'x');
	return change_end(text, 6, strlen(head), 3);
}

TEST(small_changes_leave_the_buffer_large_ones_take_it)
{
	struct buf text = BUF_INIT;
	struct change *change = make(&text, "", 5);

	assert_memory_equal(change_key(change), "`id`=1", 6);
	assert_memory_equal(change_image(change), "xxxxx", 5);
	assert_int_equal(change->image_length, 5);
	assert_int_equal(change->invalid_enums, 3);
	assert_false(change->is_delete);
	assert_non_null(text.data);
	free(change);

	change = make(&text, "", 0);
	assert_true(change->is_delete);
	free(change);

	change = make(&text, "REPLACE ", 2 << 20);
	assert_null(text.data);
	assert_int_equal(change->image_length, 2 << 20);
	assert_memory_equal(change_image(change) - 8, "REPLACE x", 9);
	assert_true(change_size(change) >= (2 << 20) + 14);
	free(change);
	buf_release(&text);
}

TEST_MAIN(cmocka_unit_test(the_position_waits_for_the_oldest_change),
	  cmocka_unit_test(empty_groups_take_no_memory),
	  cmocka_unit_test(small_changes_leave_the_buffer_large_ones_take_it))
