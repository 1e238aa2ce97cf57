/* The fence by itself, and under threads (to be run with SAN=thread too). */
#include "run/fence.h"
#include "../unit.h"

TEST(nothing_in_flight_is_passed)
{
	struct fence fence;

	fence_init(&fence);
	assert_true(fence_is_passed(&fence, fence_barrier(&fence)));
	fence_end(&fence, fence_issue(&fence));
	assert_true(fence_is_passed(&fence, fence_barrier(&fence)));
	fence_destroy(&fence);
}

TEST(a_barrier_waits_for_all_before_it)
{
	struct fence fence;
	uint64_t first, second, third, barrier;

	fence_init(&fence);
	first = fence_issue(&fence);
	second = fence_issue(&fence);
	assert_true(first < second);
	barrier = fence_barrier(&fence);
	third = fence_issue(&fence);
	assert_false(fence_is_passed(&fence, barrier));
	fence_end(&fence, second);
	assert_false(fence_is_passed(&fence, barrier));
	fence_end(&fence, first);
	assert_true(fence_is_passed(&fence, barrier)); /* third came later */
	assert_false(fence_is_passed(&fence, fence_barrier(&fence)));
	fence_end(&fence, third);
	assert_true(fence_is_passed(&fence, fence_barrier(&fence)));
	fence_destroy(&fence);
}

TEST(holds_as_many_tickets_as_promised)
{
	struct fence fence;
	uint64_t barrier;

	fence_init(&fence);
	for (unsigned i = 0; i < FENCE_TICKETS_MAX; i++)
		assert_int_equal(fence_issue(&fence), i + 1);
	barrier = fence_barrier(&fence);
	for (uint64_t ticket = FENCE_TICKETS_MAX; ticket >= 1; ticket--) {
		assert_false(fence_is_passed(&fence, barrier));
		fence_end(&fence, ticket);
	}
	assert_true(fence_is_passed(&fence, barrier));
	fence_destroy(&fence);
}

enum { COPIERS = 4, ASKERS = 2, ROUNDS = 20000, TICKETS = COPIERS * ROUNDS };

static struct fence shared;
static bool ended[TICKETS + 1]; /* plain on purpose: the fence orders the accesses */
static atomic_bool is_over;
static atomic_uint too_early, passed;

static void copier(void *unused UNUSED)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t ticket = fence_issue(&shared);

		if (fence_is_passed(&shared, fence_barrier(&shared)))
			atomic_fetch_add(&too_early, 1);
		ended[ticket] = true;
		fence_end(&shared, ticket);
	}
}

static void check_all_ended(uint64_t from, uint64_t barrier)
{
	for (uint64_t ticket = from; ticket <= barrier; ticket++)
		if (!ended[ticket])
			atomic_fetch_add(&too_early, 1);
	atomic_fetch_add(&passed, 1);
}

static void asker(void *unused UNUSED)
{
	uint64_t barrier = 0, checked = 0;

	while (!atomic_load(&is_over) || barrier < TICKETS) {
		barrier = fence_barrier(&shared);
		while (!fence_is_passed(&shared, barrier))
			sched_yield();
		check_all_ended(checked + 1, barrier);
		checked = barrier;
	}
}

TEST(never_passes_before_the_end_of_a_ticket)
{
	struct thread copiers[COPIERS] = { 0 }, askers[ASKERS] = { 0 };

	fence_init(&shared);
	for (unsigned i = 0; i < ASKERS; i++)
		thread_start(&askers[i], "asker", asker, NULL);
	for (unsigned i = 0; i < COPIERS; i++)
		thread_start(&copiers[i], "copier", copier, NULL);
	for (unsigned i = 0; i < COPIERS; i++)
		thread_join(&copiers[i]);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < ASKERS; i++)
		thread_join(&askers[i]);
	assert_int_equal(atomic_load(&too_early), 0);
	assert_true(atomic_load(&passed) > 0);
	fence_destroy(&shared);
}

TEST_MAIN(cmocka_unit_test(nothing_in_flight_is_passed),
	  cmocka_unit_test(a_barrier_waits_for_all_before_it),
	  cmocka_unit_test(holds_as_many_tickets_as_promised),
	  cmocka_unit_test(never_passes_before_the_end_of_a_ticket))
