/* Fingerprints by key. */
#include "rows/row_prints.h"
#include "../unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct value text(const char *bytes, size_t length)
{
	return (struct value){ bytes, length };
}

static void add(struct row_prints *prints, const char *a, const char *b, const char *print)
{
	struct value key[] = { text(a, strlen(a)), text(b, strlen(b)) };

	assert_true(row_prints_add(prints, key, 2, text(print, 64)));
}

static void look(struct row_prints *prints, const char *a, const char *b, const char *print)
{
	struct value key[] = { text(a, strlen(a)), text(b, strlen(b)) };

	row_prints_look(prints, key, 2, text(print, 64));
}

TEST(rows_are_alike_when_each_is)
{
	struct row_prints prints;

	row_prints_init(&prints);
	assert_true(row_prints_are_alike(&prints));
	/* Twice, as the memory is used again. */
	for (int round = 0; round < 2; round++) {
		add(&prints, "1", "22", A);
		add(&prints, "12", "2", B);
		row_prints_begin_look(&prints);
		look(&prints, "1", "22", A);
		assert_false(row_prints_are_alike(&prints));
		look(&prints, "1", "22", A); /* the same one */
		assert_false(row_prints_are_alike(&prints));
		look(&prints, "12", "2", A);
		assert_false(row_prints_are_alike(&prints));
		look(&prints, "", "122", B);
		assert_false(row_prints_are_alike(&prints));
		look(&prints, "12", "2", B);
		assert_true(row_prints_are_alike(&prints));
		row_prints_begin_look(&prints);
		assert_false(row_prints_are_alike(&prints));
		row_prints_clear(&prints);
		assert_true(row_prints_are_alike(&prints));
	}
	row_prints_release(&prints);
}

TEST(what_is_no_fingerprint_is_refused)
{
	struct value key = text("1", 1);
	struct row_prints prints;

	row_prints_init(&prints);
	assert_false(row_prints_add(&prints, &key, 1, text(NULL, 0)));
	assert_false(row_prints_add(&prints, &key, 1, text(A, 63)));
	assert_true(row_prints_add(&prints, &key, 1, text(A, 64)));
	row_prints_begin_look(&prints);
	row_prints_look(&prints, &key, 1, text(NULL, 0));
	assert_false(row_prints_are_alike(&prints));
	row_prints_release(&prints);
}

TEST_MAIN(cmocka_unit_test(rows_are_alike_when_each_is),
	  cmocka_unit_test(what_is_no_fingerprint_is_refused))
