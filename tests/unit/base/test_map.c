/* map: against a plain array that is obviously right. */
#include "base/map.h"
#include "../unit.h"

static int values[1000];

static void *value(size_t i)
{
	return &values[i];
}

TEST(empty)
{
	struct map m;
	size_t cursor = 0;

	map_init(&m);
	assert_null(map_get_text(&m, "x"));
	assert_null(map_remove(&m, "x", 1));
	assert_null(map_next(&m, &cursor));
	map_clear(&m);
	map_release(&m);
}

TEST(put_get_replace_remove)
{
	struct map m;

	map_init(&m);
	assert_null(map_put_text(&m, "a", value(1)));
	assert_ptr_equal(map_put_text(&m, "a", value(2)), value(1));
	assert_int_equal(m.count, 1);
	assert_ptr_equal(map_get_text(&m, "a"), value(2));
	assert_ptr_equal(map_remove(&m, "a", 1), value(2));
	assert_null(map_get_text(&m, "a"));
	assert_int_equal(m.count, 0);
	map_release(&m);
}

TEST(keys_are_bytes)
{
	struct map m;

	map_init(&m);
	map_put(&m, "a\0b", 3, value(1));
	map_put(&m, "a\0c", 3, value(2));
	map_put(&m, "", 0, value(3));
	map_put(&m, "a", 1, value(4));
	map_put(&m, "a\0", 2, value(5)); /* zero bytes count */
	assert_ptr_equal(map_get(&m, "a\0b", 3), value(1));
	assert_ptr_equal(map_get(&m, "a\0c", 3), value(2));
	assert_ptr_equal(map_get(&m, NULL, 0), value(3));
	assert_ptr_equal(map_get(&m, "a", 1), value(4));
	assert_ptr_equal(map_get(&m, "a\0", 2), value(5));
	assert_int_equal(m.count, 5);
	map_release(&m);
}

static void check_order(const struct map *m, const char *want)
{
	struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(m, &cursor))) {
		assert_int_equal(entry->key[0], *want);
		assert_int_equal(entry->key[entry->key_length], '\0');
		want++;
	}
	assert_int_equal(*want, '\0');
}

TEST(iterates_in_order_of_insertion)
{
	struct map m;

	map_init(&m);
	for (const char *key = "hgfedcba"; *key; key++)
		map_put(&m, key, 1, value(1));
	check_order(&m, "hgfedcba");
	map_put_text(&m, "f", value(2)); /* replacing keeps the place */
	check_order(&m, "hgfedcba");
	map_remove(&m, "h", 1);
	map_remove(&m, "e", 1);
	check_order(&m, "gfdcba");
	map_put_text(&m, "h", value(1));
	check_order(&m, "gfdcbah");
	map_clear(&m);
	check_order(&m, "");
	map_put_text(&m, "z", value(1));
	check_order(&m, "z");
	map_release(&m);
}

TEST(many_random_steps)
{
	bool present[ARRAY_LEN(values)] = { false };
	size_t live = 0;
	struct map m;

	map_init(&m);
	srandom(1);
	for (int step = 0; step < 200000; step++) {
		/* Few keys at first, later many, so that it shrinks and grows. */
		size_t i = (size_t)random() % (step < 100000 ? 20 : ARRAY_LEN(values));
		void *want = present[i] ? value(i) : NULL;
		char key[24];

		snprintf(key, sizeof(key), "key number %zu", i);
		if (random() % 2) {
			assert_ptr_equal(map_put_text(&m, key, value(i)), want);
			present[i] = true;
			live += want == NULL;
		} else {
			assert_ptr_equal(map_remove(&m, key, strlen(key)), want);
			present[i] = false;
			live -= want != NULL;
		}
		assert_int_equal(m.count, live);
		assert_ptr_equal(map_get_text(&m, key), present[i] ? value(i) : NULL);
	}
	/* Leftovers of removed entries do not pile up. */
	assert_true(m.entries_room <= 4 * ARRAY_LEN(values));
	map_release(&m);
}

TEST_MAIN(cmocka_unit_test(empty), cmocka_unit_test(put_get_replace_remove),
	  cmocka_unit_test(keys_are_bytes), cmocka_unit_test(iterates_in_order_of_insertion),
	  cmocka_unit_test(many_random_steps))
