/* change_queue: how the applied position moves, and what is held meanwhile. */
#include "../../../src/apply/change_queue.h"
#include "../unit.h"

static struct binlog_position at(uint64_t offset)
{
	return (struct binlog_position){ .file = "bin.000001", .offset = offset };
}

/* Each group is one transaction, numbered by where it ends. */
static void close_at(struct change_groups *groups, uint64_t offset, uint32_t timestamp)
{
	struct binlog_position position = at(offset);
	struct gtid_set gtids = GTID_SET_INIT;
	const struct gtid gtid = { .kind = GTID_MYSQL, .number = offset };

	gtid_set_add(&gtids, &gtid);
	change_groups_close(groups, &position, &gtids, timestamp);
	assert_true(gtid_set_is_empty(&gtids));
}

/* Collects up to offset; the GTIDs of all groups that went are these. */
static void collect_to(struct change_groups *groups, uint64_t offset, const char *ranges)
{
	struct gtid_set gtids = GTID_SET_INIT;
	struct buf text = BUF_INIT;
	struct binlog_position end;

	assert_true(change_groups_collect(groups, &end, &gtids));
	assert_int_equal(end.offset, offset);
	gtid_set_print(&text, &gtids);
	assert_string_equal(strchr(buf_text(&text), ':') + 1, ranges);
	buf_release(&text);
	gtid_set_release(&gtids);
}

static void collect_nothing(struct change_groups *groups)
{
	struct gtid_set gtids = GTID_SET_INIT;
	struct binlog_position end;

	assert_false(change_groups_collect(groups, &end, &gtids));
	assert_true(gtid_set_is_empty(&gtids));
}

TEST(the_position_waits_for_the_oldest_change)
{
	struct change_groups groups;

	change_groups_init(&groups);
	close_at(&groups, 10, 1);
	collect_to(&groups, 10, "10");

	struct change_group *first = groups.last;
	first->pending = 2;
	close_at(&groups, 20, 2);
	struct change_group *second = groups.last;
	second->pending = 1;
	close_at(&groups, 30, 3);
	second->pending = 0;
	collect_nothing(&groups);
	assert_int_equal(groups.count, 2);
	first->pending = 0;
	collect_to(&groups, 30, "20:30");
	assert_int_equal(groups.count, 0);
	change_groups_release(&groups);
}

/* Transactions that change nothing of ours while a change waits. */
TEST(empty_groups_take_no_memory)
{
	struct change_groups groups;

	change_groups_init(&groups);
	groups.last->pending = 1;
	close_at(&groups, 20, 7);
	for (uint64_t i = 1; i <= 1000; i++)
		close_at(&groups, 20 + i, 8);
	assert_int_equal(groups.count, 1);
	assert_int_equal(groups.first->timestamp, 7);
	collect_nothing(&groups);
	groups.first->pending = 0;
	collect_to(&groups, 1020, "20-1020");

	/* Behind what was collected there is nothing to be added to. */
	close_at(&groups, 2000, 9);
	assert_int_equal(groups.count, 1);
	collect_to(&groups, 2000, "2000");
	change_groups_release(&groups);
}

static struct change *make(struct buf *text, const char *head, size_t image_length)
{
	change_begin(text);
	buf_puts(text, "`id`=1");
	buf_puts(text, head);
	for (size_t i = 0; i < image_length; i++)
		buf_putc(text, 'x');
	return change_end(text, 6, strlen(head), 0, 3);
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
