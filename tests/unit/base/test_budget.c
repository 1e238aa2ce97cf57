/* budget: in the order of asking, whole when nothing else is held, ended by a stop. */
#include "base/budget.h"
#include "../unit.h"

struct taker {
	struct budget *budget;
	struct stop *stop;
	uint64_t bytes;
	struct thread thread;
	atomic_bool has_it;
};

static void take(void *argument)
{
	struct taker *t = argument;

	if (budget_acquire(t->budget, t->bytes, t->stop))
		atomic_store(&t->has_it, true);
}

/* Returns when it stands in the queue (or got through). */
static void start(struct taker *t, struct budget *b, struct stop *stop, uint64_t bytes)
{
	mutex_lock(&b->lock);
	uint64_t asked = b->requested;
	mutex_unlock(&b->lock);
	*t = (struct taker){ .budget = b, .stop = stop, .bytes = bytes };
	thread_start(&t->thread, "taker", take, t);
	for (;;) {
		mutex_lock(&b->lock);
		bool stands = b->requested > asked;
		mutex_unlock(&b->lock);
		if (stands)
			return;
	}
}

TEST(gives_in_the_order_of_asking)
{
	struct taker large, small;
	struct budget b;
	struct stop stop;

	stop_init(&stop);
	budget_init(&b, 100);
	assert_true(budget_acquire(&b, 60, &stop));
	start(&large, &b, &stop, 1000);
	start(&small, &b, &stop, 1);
	/* It would fit, but the large one came first. */
	assert_false(atomic_load(&small.has_it));
	assert_true(budget_is_waited_for(&b));
	budget_change(&b, 60, 0);
	thread_join(&large.thread);
	assert_true(atomic_load(&large.has_it));
	assert_false(atomic_load(&small.has_it));
	budget_change(&b, 1000, 99);
	thread_join(&small.thread);
	assert_true(atomic_load(&small.has_it));
	assert_false(budget_is_waited_for(&b));
	assert_int_equal(b.used, 100);
	budget_destroy(&b);
	stop_destroy(&stop);
}

TEST(a_stop_ends_the_wait)
{
	struct taker t;
	struct budget b;
	struct stop stop;

	stop_init(&stop);
	budget_init(&b, 10);
	assert_true(budget_acquire(&b, 11, &stop));
	start(&t, &b, &stop, 1);
	stop_set(&stop);
	thread_join(&t.thread);
	assert_false(atomic_load(&t.has_it));
	assert_int_equal(b.used, 11);
	budget_destroy(&b);
	stop_destroy(&stop);
}

TEST_MAIN(cmocka_unit_test(gives_in_the_order_of_asking), cmocka_unit_test(a_stop_ends_the_wait))
