/* Every item is taken once; the first error ends the pool. */
#include "../unit.h"

#include "base/worker_pool.h"

enum { ITEMS = 1000, WORKERS = 4, BROKEN = 100 };

struct worker {
	struct worker_pool *pool;
	unsigned char *taken; /* by item */
	size_t broken;	      /* the item at which it fails */
};

static void work(void *argument)
{
	struct worker *worker = argument;
	struct error err;
	size_t item;

	while (worker_pool_next(worker->pool, &item)) {
		worker->taken[item]++;
		if (item != worker->broken)
			continue;
		(void)error_set(&err, ERROR_SQL, "item %zu", item);
		worker_pool_fail(worker->pool, &err);
	}
}

static bool run(unsigned workers, size_t broken, unsigned char taken[ITEMS], struct error *err)
{
	struct worker_pool pool;
	struct worker all[WORKERS + 1];

	memset(taken, 0, ITEMS);
	worker_pool_init(&pool, 0, ITEMS);
	for (unsigned i = 0; i <= workers; i++)
		all[i] = (struct worker){ &pool, taken, broken };
	worker_pool_start(&pool, "worker", work, all, sizeof(all[0]), workers);
	if (workers == 0)
		work(&all[0]);
	return worker_pool_join(&pool, err);
}

TEST(takes_every_item_once)
{
	unsigned char taken[ITEMS];
	struct error err = ERROR_INIT;

	for (unsigned workers = 0; workers <= WORKERS; workers++) {
		assert_true(run(workers, ITEMS, taken, &err));
		for (size_t i = 0; i < ITEMS; i++)
			assert_int_equal(taken[i], 1);
	}
}

TEST(ends_by_the_first_error)
{
	unsigned char taken[ITEMS];
	struct error err = ERROR_INIT;

	assert_false(run(0, BROKEN, taken, &err));
	assert_string_equal(err.text, "item 100");
	assert_int_equal(taken[BROKEN], 1);
	assert_int_equal(taken[BROKEN + 1], 0);
	assert_false(run(WORKERS, BROKEN, taken, &err));
	assert_string_equal(err.text, "item 100");
}

TEST(keeps_the_first_error)
{
	struct worker_pool pool;
	struct error err, other;
	size_t item;

	worker_pool_init(&pool, 0, 2);
	(void)error_set(&err, ERROR_SQL, "first");
	(void)error_set(&other, ERROR_SQL, "second");
	assert_false(worker_pool_has_failed(&pool));
	worker_pool_fail(&pool, &err);
	worker_pool_fail(&pool, &other);
	assert_true(worker_pool_has_failed(&pool));
	assert_false(worker_pool_next(&pool, &item));
	assert_false(worker_pool_join(&pool, &other));
	assert_string_equal(other.text, "first");
}

TEST_MAIN(cmocka_unit_test(takes_every_item_once), cmocka_unit_test(ends_by_the_first_error),
	  cmocka_unit_test(keeps_the_first_error))
