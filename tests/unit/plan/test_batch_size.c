/* Rows per batch by row size; the vectors are Ghostferry's own
 * (test/go/data_iterator_test.go). */
#include "../../../src/plan/batch_size.h"
#include "../unit.h"

static const struct batch_point two[] = { { 100, 2000 }, { 10000, 200 } };
static const struct batch_point five[] = {
	{ 1000, 5000 }, { 3000, 4000 }, { 4000, 3500 }, { 5000, 3000 }, { 10000, 200 },
};
static const struct batch_points points_of_two = { two, 2, 100, 10000 };
static const struct batch_points points_of_five = { five, 5, 1000, 10000 };

TEST(interpolates)
{
	static const struct {
		const struct batch_points *points;
		uint64_t bytes, rows;
	} cases[] = {
		{ &points_of_two, 0, 2000 },	 { &points_of_two, 100, 2000 },
		{ &points_of_two, 200, 1981 },	 { &points_of_two, 500, 1927 },
		{ &points_of_two, 1000, 1836 },	 { &points_of_two, 2000, 1654 },
		{ &points_of_two, 3500, 1381 },	 { &points_of_two, 5000, 1108 },
		{ &points_of_two, 10000, 200 },	 { &points_of_two, UINT64_MAX, 200 },
		{ &points_of_five, 3276, 3862 }, { &points_of_five, 4000, 3500 },
		{ &points_of_five, 999, 5000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(batch_size_for(cases[i].points, cases[i].bytes), cases[i].rows);
}

TEST(nothing_configured_says_nothing)
{
	static const struct batch_points none;

	assert_int_equal(batch_size_for(&none, 500), 0);
}

TEST_MAIN(cmocka_unit_test(interpolates), cmocka_unit_test(nothing_configured_says_nothing))
