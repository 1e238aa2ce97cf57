/* Hashes in memory and in a file. */
#include "../../../src/preflight/value_hashes.h"
#include "../unit.h"

static struct value_hash hash_of(uint64_t n)
{
	struct value_hash hash = { { 0 } };

	n *= UINT64_C(0x9E3779B97F4A7C15); /* spread */
	memcpy(hash.bytes, &n, sizeof(n));
	return hash;
}

/* Numbers up to count, and those of a list once more. */
static void check(uint64_t held_max, uint64_t count, const uint64_t *again, size_t times)
{
	struct value_hashes h;
	struct value_hash hash, twice;
	struct error err = ERROR_INIT;
	uint64_t merged;
	bool found = times == 0;

	value_hashes_init(&h, held_max, NULL);
	for (uint64_t i = 0; i < count + times; i++) {
		hash = hash_of(i < count ? i : again[i - count]);
		assert_true(value_hashes_add(&h, &hash, &err));
	}
	assert_int_equal(h.spilled > 0, count + times > held_max);
	assert_true(value_hashes_find_twice(&h, &twice, &merged, &err));
	assert_int_equal(merged, times);
	for (size_t i = 0; i < times; i++) {
		hash = hash_of(again[i]);
		found |= memcmp(&hash, &twice, sizeof(hash)) == 0;
	}
	assert_true(found);
	value_hashes_release(&h);
}

TEST(those_that_are_there_twice)
{
	static const uint64_t again[] = { 0, 5, 5, 99999 };
	static const uint64_t limits[] = { 1000000, 100004, 50000, 7777 };

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		check(limits[i], 100000, again, 4);
		check(limits[i], 100000, NULL, 0);
	}
	check(1, 6, again, 3);
	check(1000, 0, NULL, 0);
}

TEST_MAIN(cmocka_unit_test(those_that_are_there_twice))
