/* channel: order, bounds, closing, and many threads at once. */
#include <assert.h>

#include "base/channel.h"
#include "base/clock.h"
#include "../unit.h"

static int items[4];

TEST(first_in_first_out)
{
	struct channel c;
	void *got;

	channel_init(&c, 3);
	for (int round = 0; round < 5; round++) {
		assert_true(channel_push(&c, &items[0]));
		assert_true(channel_push(&c, &items[1]));
		assert_true(channel_pop(&c, &got));
		assert_ptr_equal(got, &items[0]);
		assert_true(channel_try_pop(&c, &got));
		assert_ptr_equal(got, &items[1]);
		assert_false(channel_try_pop(&c, &got));
	}
	channel_destroy(&c);
}

TEST(closed_gives_what_is_left)
{
	struct channel c;
	void *got;

	channel_init(&c, 3);
	assert_true(channel_push(&c, &items[0]));
	channel_close(&c);
	channel_close(&c);
	assert_false(channel_push(&c, &items[1]));
	assert_true(channel_pop(&c, &got));
	assert_ptr_equal(got, &items[0]);
	assert_false(channel_pop(&c, &got));
	assert_false(channel_try_pop(&c, &got));
	channel_destroy(&c);
}

struct worker {
	struct channel *channel;
	size_t count;
	bool refused;
};

static void push_until_closed(void *argument)
{
	struct worker *w = argument;

	while (channel_push(w->channel, &items[0]))
		w->count++;
	w->refused = true;
}

TEST(close_wakes_a_pusher_without_room)
{
	struct thread thread = { 0 };
	struct channel c;
	struct worker w = { .channel = &c };

	channel_init(&c, 2);
	thread_start(&thread, "pusher", push_until_closed, &w);
	/* It fills the channel and stays; give up waiting for that at no time. */
	for (;;) {
		size_t count;

		mutex_lock(&c.lock);
		count = c.count;
		mutex_unlock(&c.lock);
		if (count == 2)
			break;
		usleep(1000);
	}
	channel_close(&c);
	thread_join(&thread);
	assert_true(w.refused);
	assert_int_equal(w.count, 2);
	channel_destroy(&c);
}

static void pop_until_closed(void *argument)
{
	struct worker *w = argument;
	void *got;

	while (channel_pop(w->channel, &got)) {
		(*(int *)got)++;
		w->count++;
	}
}

TEST(close_wakes_poppers)
{
	struct thread threads[3] = { 0 };
	struct worker workers[3] = { { 0 } };
	struct channel c;

	channel_init(&c, 1);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		workers[i].channel = &c;
		thread_start(&threads[i], "popper", pop_until_closed, &workers[i]);
	}
	channel_close(&c);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		thread_join(&threads[i]);
	channel_destroy(&c);
}

enum { EACH = 5000, PUSHERS = 3, POPPERS = 4 };

/* Every item is handed over exactly once: its new owner alone touches it, which
 * TSan would tell otherwise. */
static int owned[PUSHERS][EACH];

struct pusher {
	struct channel *channel;
	int *items;
};

static void push_all(void *argument)
{
	struct pusher *p = argument;

	for (size_t i = 0; i < EACH; i++) {
		p->items[i] = 1;
		assert(channel_push(p->channel, &p->items[i]));
	}
}

TEST(many_threads_hand_over_everything_once)
{
	struct thread pushing[PUSHERS] = { 0 }, popping[POPPERS] = { 0 };
	struct pusher pushers[PUSHERS];
	struct worker poppers[POPPERS] = { { 0 } };
	struct channel c;
	size_t total = 0;

	channel_init(&c, 7);
	for (size_t i = 0; i < POPPERS; i++) {
		poppers[i].channel = &c;
		thread_start(&popping[i], "popper", pop_until_closed, &poppers[i]);
	}
	for (size_t i = 0; i < PUSHERS; i++) {
		pushers[i] = (struct pusher){ &c, owned[i] };
		thread_start(&pushing[i], "pusher", push_all, &pushers[i]);
	}
	for (size_t i = 0; i < PUSHERS; i++)
		thread_join(&pushing[i]);
	channel_close(&c);
	for (size_t i = 0; i < POPPERS; i++) {
		thread_join(&popping[i]);
		total += poppers[i].count;
	}
	assert_int_equal(total, PUSHERS * EACH);
	for (size_t i = 0; i < PUSHERS; i++)
		for (size_t j = 0; j < EACH; j++)
			assert_int_equal(owned[i][j], 2);
	channel_destroy(&c);
}

TEST_MAIN(cmocka_unit_test(first_in_first_out), cmocka_unit_test(closed_gives_what_is_left),
	  cmocka_unit_test(close_wakes_a_pusher_without_room), cmocka_unit_test(close_wakes_poppers),
	  cmocka_unit_test(many_threads_hand_over_everything_once))
