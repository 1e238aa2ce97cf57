/* write_claims: who waits for whom, and that nobody waits for ever. */
#include <stdlib.h>

#include "plan/change.h"
#include "run/write_claims.h"
#include "plan/key_order.h"
#include "base/clock.h"
#include "base/mem.h"
#include "../table_fixture.h"
#include "../unit.h"

enum { KEYS = 100 };

struct bench {
	struct fixture fixture;
	struct key_columns columns;
	struct write_claims claims;
	struct row_claim rows, more_rows;
	struct stop stop;
	struct change *changes[KEYS];
	struct change *all[KEYS]; /* in order, to be freed */
};

static void put_order(struct bench *b, struct buf *out, int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", number);
	const struct value value = { text, strlen(text) };
	key_order_put(out, &b->columns, &value);
}

/* One change for each key, which is its index. */
static void bench_init(struct bench *b)
{
	struct buf text = BUF_INIT;

	memset(b, 0, sizeof(*b));
	fixture_init(&b->fixture);
	struct table *t = fixture_table(&b->fixture, "abc", "t");
	fixture_column(t, "id", COLUMN_INT, "int", "");
	b->columns = (struct key_columns){ .table = t, .count = 1 };
	write_claims_init(&b->claims);
	stop_init(&b->stop);
	for (int i = 0; i < KEYS; i++) {
		change_begin(&text);
		buf_puts(&text, "kx");
		size_t start = text.length;
		put_order(b, &text, i);
		b->all[i] = b->changes[i] = change_end(&text, 1, 0, text.length - start, 0);
	}
	buf_release(&text);
}

static void bench_release(struct bench *b)
{
	for (int i = 0; i < KEYS; i++)
		free(b->all[i]);
	write_claims_destroy(&b->claims);
	stop_destroy(&b->stop);
	fixture_release(&b->fixture);
}

/* (low, high]; negative: open. */
static struct range_claim make_range(struct bench *b, int low, int high)
{
	struct range_claim range = { .has_low = low >= 0, .has_high = high >= 0 };

	if (range.has_low)
		put_order(b, &range.low, low);
	if (range.has_high)
		put_order(b, &range.high, high);
	return range;
}

static void release_range(struct range_claim *range)
{
	buf_release(&range->low);
	buf_release(&range->high);
}

TEST(rows_in_ranges_wait_and_the_others_do_not)
{
	struct bench b;

	bench_init(&b);
	struct range_claim middle = make_range(&b, 9, 19), end = make_range(&b, 89, -1);
	assert_true(write_claims_take_range(&b.claims, &middle, &b.stop));
	assert_true(write_claims_take_range(&b.claims, &end, &b.stop));

	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes, KEYS, 1000, &b.stop),
			 80);
	for (int i = 0; i < 80; i++)
		assert_ptr_equal(b.changes[i], b.all[i < 10 ? i : i + 10]);
	for (int i = 80; i < KEYS; i++) /* sorted too */
		assert_ptr_equal(b.changes[i], b.all[i < 90 ? i - 70 : i]);
	write_claims_release_rows(&b.claims, &b.rows);

	write_claims_release_range(&b.claims, &middle);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes + 80, 20, 4, &b.stop),
			 4);
	write_claims_release_rows(&b.claims, &b.rows);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes + 84, 16, 99, &b.stop),
			 6);
	write_claims_release_rows(&b.claims, &b.rows);
	write_claims_release_range(&b.claims, &end);
	release_range(&middle);
	release_range(&end);
	bench_release(&b);
}

struct waiter {
	struct bench *bench;
	struct range_claim *range; /* NULL: the table */
	_Atomic bool has_it;
	struct thread thread;
};

static void wait_for_claim(void *argument)
{
	struct waiter *w = argument;
	struct write_claims *claims = &w->bench->claims;

	if (w->range ? write_claims_take_range(claims, w->range, &w->bench->stop) :
		       write_claims_take_table(claims, &w->bench->stop))
		atomic_store(&w->has_it, true);
}

static void start_waiter(struct waiter *w, struct bench *b, struct range_claim *range)
{
	*w = (struct waiter){ .bench = b, .range = range };
	thread_start(&w->thread, "waiter", wait_for_claim, w);
}

/* Until all of what waits is seen to wait. */
static void wait_for_waiting(struct bench *b, unsigned ranges, unsigned alone)
{
	for (;;) {
		unsigned seen = 0;

		mutex_lock(&b->claims.lock);
		for (struct range_claim *range = b->claims.ranges; range; range = range->next)
			seen++;
		bool done = seen == ranges && b->claims.alone_waiting == alone;
		mutex_unlock(&b->claims.lock);
		if (done)
			return;
		usleep(1000);
	}
}

TEST(a_range_waits_for_rows_in_it_alone)
{
	struct waiter waiter;
	struct bench b;

	bench_init(&b);
	struct range_claim before = make_range(&b, -1, 39), around = make_range(&b, 39, 49);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes + 45, 1, 9, &b.stop),
			 1);
	assert_true(write_claims_take_range(&b.claims, &before, &b.stop));
	start_waiter(&waiter, &b, &around);
	wait_for_waiting(&b, 2, 0);
	assert_false(atomic_load(&waiter.has_it));
	write_claims_release_rows(&b.claims, &b.rows);
	thread_join(&waiter.thread);
	assert_true(atomic_load(&waiter.has_it));
	write_claims_release_range(&b.claims, &before);
	write_claims_release_range(&b.claims, &around);
	release_range(&before);
	release_range(&around);
	bench_release(&b);
}

TEST(a_range_and_the_table_wait_for_the_rows_of_all)
{
	struct waiter range, table;
	struct bench b;

	bench_init(&b);
	struct range_claim around = make_range(&b, 39, 49);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes, 41, 99, &b.stop), 41);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.more_rows, b.changes + 45, 9, 9,
						&b.stop),
			 9);
	start_waiter(&range, &b, &around);
	wait_for_waiting(&b, 1, 0);
	write_claims_release_rows(&b.claims, &b.rows);
	usleep(5000);
	assert_false(atomic_load(&range.has_it));
	write_claims_release_rows(&b.claims, &b.more_rows);
	thread_join(&range.thread);
	assert_true(atomic_load(&range.has_it));
	write_claims_release_range(&b.claims, &around);

	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes, 1, 9, &b.stop), 1);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.more_rows, b.changes + 1, 1, 9,
						&b.stop),
			 1);
	start_waiter(&table, &b, NULL);
	wait_for_waiting(&b, 0, 1);
	write_claims_release_rows(&b.claims, &b.more_rows);
	usleep(5000);
	assert_false(atomic_load(&table.has_it));
	write_claims_release_rows(&b.claims, &b.rows);
	thread_join(&table.thread);
	assert_true(atomic_load(&table.has_it));
	write_claims_release_table(&b.claims);
	release_range(&around);
	bench_release(&b);
}

TEST(the_table_is_had_before_what_comes_later)
{
	struct waiter table, range;
	struct bench b;

	bench_init(&b);
	struct range_claim first = make_range(&b, -1, 9), later = make_range(&b, 9, 19);
	assert_true(write_claims_take_range(&b.claims, &first, &b.stop));
	start_waiter(&table, &b, NULL);
	wait_for_waiting(&b, 1, 1);
	start_waiter(&range, &b, &later);
	assert_false(atomic_load(&table.has_it));
	write_claims_release_range(&b.claims, &first);
	thread_join(&table.thread);
	assert_true(atomic_load(&table.has_it));
	assert_false(atomic_load(&range.has_it));
	write_claims_release_table(&b.claims);
	thread_join(&range.thread);
	assert_true(atomic_load(&range.has_it));
	write_claims_release_range(&b.claims, &later);
	release_range(&first);
	release_range(&later);
	bench_release(&b);
}

TEST(stop_ends_every_wait)
{
	struct waiter table, range;
	struct bench b;

	bench_init(&b);
	struct range_claim all = make_range(&b, -1, -1);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes, 1, 9, &b.stop), 1);
	start_waiter(&range, &b, &all);
	wait_for_waiting(&b, 1, 0);
	start_waiter(&table, &b, NULL);
	stop_set(&b.stop);
	thread_join(&table.thread);
	thread_join(&range.thread);
	assert_false(atomic_load(&table.has_it));
	assert_false(atomic_load(&range.has_it));
	assert_null(b.claims.ranges);
	assert_int_equal(write_claims_take_rows(&b.claims, &b.rows, b.changes, 1, 9, &b.stop), 0);
	release_range(&all);
	bench_release(&b);
}

TEST_MAIN(cmocka_unit_test(rows_in_ranges_wait_and_the_others_do_not),
	  cmocka_unit_test(a_range_waits_for_rows_in_it_alone),
	  cmocka_unit_test(a_range_and_the_table_wait_for_the_rows_of_all),
	  cmocka_unit_test(the_table_is_had_before_what_comes_later),
	  cmocka_unit_test(stop_ends_every_wait))
