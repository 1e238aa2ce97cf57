/* chunk_plan: chunks finish in any order, the copied prefix grows in key order. */
#include "../../../src/copy/chunk_plan.h"
#include "../unit.h"

static struct key key_of(const char *digits)
{
	struct key key = KEY_INIT;

	if (digits)
		key_set(&key, &(struct value){ digits, strlen(digits) }, 1);
	return key;
}

static struct chunk *append(struct chunk_plan *plan, const char *high)
{
	struct key key = key_of(high);
	struct chunk *chunk = chunk_plan_append(plan, &key);

	key_release(&key);
	return chunk;
}

/* What the state may say after it; NULL: nothing was finished. */
static void collect(struct chunk_plan *plan, const char *end)
{
	struct key key = KEY_INIT;
	bool any = chunk_plan_collect(plan, &key);

	assert_int_equal(any, end != NULL);
	if (end && *end) {
		assert_true(key.is_set);
		assert_int_equal(key.values[0].length, strlen(end));
		assert_memory_equal(key.values[0].bytes, end, strlen(end));
	} else {
		assert_false(key.is_set);
	}
	key_release(&key);
}

TEST(a_chunk_begins_where_the_last_one_ended)
{
	struct chunk_plan plan;

	chunk_plan_init(&plan, NULL);
	assert_false(append(&plan, "10")->low.is_set);
	struct chunk *second = append(&plan, NULL);
	assert_memory_equal(second->low.values[0].bytes, "10", 2);
	assert_false(second->high.is_set);
	chunk_plan_release(&plan);
}

TEST(the_prefix_waits_for_the_chunk_before)
{
	struct chunk_plan plan;

	chunk_plan_init(&plan, NULL);
	struct chunk *chunks[] = { append(&plan, "10"), append(&plan, "20"), append(&plan, "30") };

	chunks[1]->is_read = chunks[2]->is_read = true;
	collect(&plan, NULL);
	chunks[0]->is_read = true;
	chunks[0]->batches = 1; /* read, and not yet written */
	collect(&plan, NULL);
	chunks[0]->batches = 0;
	chunks[0]->rows = 10;
	chunks[1]->rows = 5;
	chunks[2]->bytes = 7;
	collect(&plan, "30");
	assert_int_equal(plan.rows, 15);
	assert_int_equal(plan.bytes, 7);
	assert_null(plan.first);
	assert_false(plan.is_complete); /* its end was not seen */
	chunk_plan_release(&plan);
}

TEST(a_table_is_complete_when_its_end_was_seen_and_all_is_written)
{
	struct chunk_plan plan;

	chunk_plan_init(&plan, NULL);
	struct chunk *first = append(&plan, "10"), *last = append(&plan, NULL);

	plan.is_exhausted = last->is_read = true;
	collect(&plan, NULL);
	assert_false(plan.is_complete);
	first->is_read = true;
	collect(&plan, "10"); /* the last one had no rows, and no key */
	assert_true(plan.is_complete);
	chunk_plan_release(&plan);
}

TEST_MAIN(cmocka_unit_test(a_chunk_begins_where_the_last_one_ended),
	  cmocka_unit_test(the_prefix_waits_for_the_chunk_before),
	  cmocka_unit_test(a_table_is_complete_when_its_end_was_seen_and_all_is_written))
