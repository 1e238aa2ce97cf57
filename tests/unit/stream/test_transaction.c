/* What is buffered of an open transaction, and what a savepoint takes away again. Seen to fail
 * with rows that were delivered taken for buffered ones, with the oldest savepoint of a name
 * chosen, and with those behind it kept. */
#include "../../../src/stream/transaction.h"
#include "base/mem.h"
#include "../unit.h"

static struct transaction transaction;

static int set_up(void **state UNUSED)
{
	memset(&transaction, 0, sizeof(transaction));
	transaction_init(&transaction);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	transaction_release(&transaction);
	return 0;
}

static void buffer(const char *row)
{
	struct binlog_event event = { .body = reader_over(row, strlen(row)) };

	event_buffer_add(&transaction.buffered, &event);
}

/* The buffered rows, one behind the other. */
static void check_rows(const char *want)
{
	struct binlog_event event;
	struct buf rows = BUF_INIT;
	size_t offset = 0;

	while (event_buffer_next(&transaction.buffered, &offset, &event))
		buf_add(&rows, event.body.at, reader_left(&event.body));
	assert_string_equal(buf_text(&rows), want);
	assert_int_equal(transaction_has_rows(&transaction), *want != '\0');
	buf_release(&rows);
}

TEST(a_rollback_drops_what_came_since_the_savepoint)
{
	check_rows("");
	buffer("a");
	transaction_set_savepoint(&transaction, "one");
	buffer("b");
	transaction_set_savepoint(&transaction, "two");
	buffer("c");
	check_rows("abc");
	assert_true(transaction_roll_back_to(&transaction, "TWO"));
	check_rows("ab");
	buffer("d");
	assert_true(transaction_roll_back_to(&transaction, "one"));
	check_rows("a");
}

TEST(it_goes_to_the_last_savepoint_of_the_name_and_ends_it_and_all_behind_it)
{
	transaction_set_savepoint(&transaction, "s");
	buffer("a");
	transaction_set_savepoint(&transaction, "s");
	buffer("b");
	transaction_set_savepoint(&transaction, "later");
	assert_true(transaction_roll_back_to(&transaction, "s"));
	check_rows("a");
	assert_false(transaction_roll_back_to(&transaction, "later"));
}

TEST(rows_that_were_delivered_cannot_be_dropped)
{
	transaction_set_savepoint(&transaction, "before");
	transaction.delivered = 3;
	transaction_set_savepoint(&transaction, "after");
	buffer("a");
	assert_true(transaction_roll_back_to(&transaction, "after"));
	check_rows("");
	assert_false(transaction_roll_back_to(&transaction, "before"));
}

TEST(there_is_no_such_savepoint)
{
	static const char *const names[] = { "", "other", "s " };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		transaction_set_savepoint(&transaction, "s");
		assert_false(transaction_roll_back_to(&transaction, names[i]));
	}
	/* A server allows 64 characters of up to 3 bytes. */
	char name[193];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	transaction_set_savepoint(&transaction, name);
	assert_true(transaction_roll_back_to(&transaction, name));
}

TEST(rows_that_were_too_many_count_as_well)
{
	transaction.unbuffered = 1;
	assert_true(transaction_has_rows(&transaction));
}

static struct binlog_table_map *add_map(uint64_t id, const char *name)
{
	struct binlog_table_map *map = mem_calloc(1, sizeof(*map));

	map->table_id = id;
	map->name = mem_strdup(name);
	transaction_add_map(&transaction, map);
	return map;
}

static const struct binlog_table_map *map_of(uint64_t id)
{
	return map_get(&transaction.maps, &id, sizeof(id));
}

TEST(the_last_map_of_a_table_counts)
{
	add_map(7, "old");
	struct binlog_table_map *last = add_map(7, "t");
	struct binlog_table_map *other = add_map(UINT64_C(7) << 32, "other");

	assert_ptr_equal(map_of(7), last);
	assert_ptr_equal(map_of(UINT64_C(7) << 32), other);
	transaction_forget_maps(&transaction);
	assert_null(map_of(7));
}

TEST(between_transactions_everything_is_forgotten)
{
	transaction.state = TRANSACTION_OPEN;
	transaction.is_xa = transaction.is_applied = transaction.has_statement = true;
	transaction.unbuffered = 1;
	transaction.gtid.kind = GTID_MYSQL;
	transaction.mariadb.kind = GTID_MARIADB;
	add_map(7, "t");
	buffer("a");
	transaction_set_savepoint(&transaction, "s");
	transaction.delivered = 1;
	transaction_reset(&transaction);
	assert_int_equal(transaction.state, TRANSACTION_NONE);
	assert_false(transaction.is_xa || transaction.is_applied || transaction.has_statement);
	assert_int_equal(transaction.delivered, 0);
	assert_int_equal(transaction.unbuffered, 0);
	assert_int_equal(transaction.gtid.kind, GTID_NONE);
	assert_int_equal(transaction.mariadb.kind, GTID_NONE);
	assert_null(map_of(7));
	check_rows("");
	assert_false(transaction_roll_back_to(&transaction, "s"));
}

TEST_MAIN(CASE(a_rollback_drops_what_came_since_the_savepoint),
	  CASE(it_goes_to_the_last_savepoint_of_the_name_and_ends_it_and_all_behind_it),
	  CASE(rows_that_were_delivered_cannot_be_dropped), CASE(there_is_no_such_savepoint),
	  CASE(rows_that_were_too_many_count_as_well), CASE(the_last_map_of_a_table_counts),
	  CASE(between_transactions_everything_is_forgotten))
