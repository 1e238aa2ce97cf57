/* Numbers of named locks: none is given to two, and none is left out of the count. */
#include "run/run_part.h"
#include "run/writer_lock.h"
#include "../unit.h"

static void check(const struct move_options *options, unsigned repairs, unsigned readers)
{
	struct lock_numbers locks;

	lock_numbers_make(&locks, options);
	assert_int_equal(locks.batch_writers, 1);
	assert_int_equal(locks.binlog_writers, locks.batch_writers + options->copy_workers);
	assert_int_equal(locks.repairs, locks.binlog_writers + options->apply_workers);
	assert_int_equal(locks.cascades, locks.repairs + repairs);
	assert_int_equal(locks.readers,
			 locks.cascades + (options->unlogged_cascades == CASCADES_CARRIED));
	assert_int_equal(locks.count, locks.readers + readers - 1);
}

TEST(each_writer_has_its_number)
{
	struct move_options options = { .copy_workers = 4,
					.without_key = LOCKED_NONE,
					.nontransactional = LOCKED_NONE,
					.apply_workers = 3,
					.unlogged_cascades = CASCADES_REFUSED };

	check(&options, 0, 0);
	options.verify = (struct verify_options){ .repair = true, .workers = 2 };
	check(&options, 0, 0); /* nothing is verified, so nothing is repaired */
	options.verify.type = VERIFIER_INLINE;
	check(&options, 3, 0); /* one more, for the ferry's own thread */
	options.without_key = LOCKED_SMALL;
	check(&options, 3, 4);
	/* What is in doubt is repaired by the comparison's workers, and the stream writes too. */
	options.verify.type = VERIFIER_NONE;
	options.unlogged_cascades = CASCADES_CARRIED;
	check(&options, 3, 4);
}

TEST(a_lock_has_the_run_s_name)
{
	char name[WRITER_LOCK_NAME_SIZE];

	writer_lock_name(name, "0123456789abcdef0123456789abcdef", 1024);
	assert_string_equal(name, "ghostferry-copydb/0123456789abcdef0123456789abcdef/1024");
}

TEST(every_part_has_a_name)
{
	for (int part = PART_INITIALIZE; part <= PART_SYSTEM; part++) {
		assert_non_null(run_part_name(part));
		for (int other = PART_INITIALIZE; other < part; other++)
			assert_string_not_equal(run_part_name(part), run_part_name(other));
	}
}

TEST_MAIN(cmocka_unit_test(each_writer_has_its_number), cmocka_unit_test(a_lock_has_the_run_s_name),
	  cmocka_unit_test(every_part_has_a_name))
