/* apply_parts: each part is applied once, whoever does it, and nobody leaves before the last
 * has ended. Seen to fail without the wait for those who help, and with the first error kept. */
#include "../../../src/apply/apply_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

enum { PARTS = 40, HELPERS = 3 };

struct item {
	struct apply_part part; /* at the beginning */
	_Atomic unsigned tried;
	enum error_kind kind; /* how it ends */
	_Atomic bool *gate;   /* waits until this is set; NULL: does not */
	_Atomic bool *begun;  /* is set; NULL: nothing is */
};

static struct apply_parts parts;
static struct item items[PARTS];
static _Atomic bool is_over;

static bool apply(struct apply_part *part, struct db *target UNUSED, struct error *err)
{
	struct item *item = (struct item *)part;

	if (item->begun)
		atomic_store(item->begun, true);
	while (item->gate && !atomic_load(item->gate))
		usleep(1000);
	atomic_fetch_add(&item->tried, 1);
	return item->kind == ERROR_NONE || error_set(err, item->kind, "kind %d", (int)item->kind);
}

static struct apply_part *make(size_t count)
{
	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){
			.part = { .apply = apply, .next = i + 1 < count ? &items[i + 1].part : NULL }
		};
	return &items[0].part;
}

static void help(void *argument UNUSED)
{
	while (!atomic_load(&is_over)) {
		if (apply_parts_are_left(&parts))
			apply_parts_help(&parts, NULL);
		else
			usleep(100);
	}
}

static unsigned woken;

static void wake(void *context UNUSED)
{
	woken++;
}

static void with_helpers(void (*run)(void))
{
	struct thread helpers[HELPERS];

	atomic_store(&is_over, false);
	woken = 0;
	apply_parts_init(&parts, wake, NULL);
	for (int i = 0; i < HELPERS; i++)
		thread_start(&helpers[i], "helper", help, NULL);
	run();
	atomic_store(&is_over, true);
	for (int i = 0; i < HELPERS; i++)
		thread_join(&helpers[i]);
	assert_false(apply_parts_are_left(&parts));
	apply_parts_destroy(&parts);
}

static void run_all(void)
{
	struct error err;

	for (int round = 0; round < 200; round++) {
		struct apply_part *first = make(PARTS);

		assert_true(apply_parts_run(&parts, first, NULL, &err));
		for (int i = 0; i < PARTS; i++)
			assert_int_equal(atomic_load(&items[i].tried), 1);
	}
	assert_int_equal(woken, 200);
}

TEST(each_is_applied_once)
{
	with_helpers(run_all);
}

/* --- one of two is a helper's, which takes its time -------------------------------------- */

static _Atomic bool has_begun, may_end, has_returned;
static struct error returned;

static void run_two(void *argument UNUSED)
{
	bool ok = apply_parts_run(&parts, &items[0].part, NULL, &returned);

	assert_int_equal(ok, returned.kind == ERROR_NONE);
	atomic_store(&has_returned, true);
}

/* The owner's part ends with one kind, the helper's later with the other. */
static enum error_kind ended(enum error_kind owners, enum error_kind helpers)
{
	struct thread owner;
	static _Atomic bool owner_may_end;

	apply_parts_init(&parts, NULL, NULL);
	make(3);
	items[0].begun = &has_begun;
	items[0].gate = &owner_may_end;
	items[0].kind = owners;
	items[1].gate = &may_end;
	items[1].kind = helpers;
	atomic_store(&has_begun, false);
	atomic_store(&may_end, false);
	atomic_store(&has_returned, false);
	atomic_store(&owner_may_end, false);
	returned = (struct error){ .kind = ERROR_NONE };
	thread_start(&owner, "owner", run_two, NULL);
	while (!atomic_load(&has_begun))
		usleep(1000);

	struct thread helper;

	atomic_store(&is_over, false);
	atomic_store(&has_begun, false);
	items[1].begun = &has_begun;
	thread_start(&helper, "helper", help, NULL);
	while (!atomic_load(&has_begun))
		usleep(1000);
	atomic_store(&owner_may_end, true);
	usleep(10000);
	assert_false(atomic_load(&has_returned));
	atomic_store(&may_end, true);
	thread_join(&owner);
	atomic_store(&is_over, true);
	thread_join(&helper);
	assert_int_equal(atomic_load(&items[2].tried), owners == ERROR_NONE);
	apply_parts_destroy(&parts);
	return returned.kind;
}

TEST(the_owner_waits_for_who_helps)
{
	assert_int_equal(ended(ERROR_NONE, ERROR_NONE), ERROR_NONE);
	assert_int_equal(ended(ERROR_NONE, ERROR_LOST), ERROR_LOST);
}

TEST(rows_that_are_refused_are_the_last_to_be_heard_of)
{
	assert_int_equal(ended(ERROR_DATA, ERROR_NONE), ERROR_DATA);
	assert_int_equal(ended(ERROR_DATA, ERROR_LOST), ERROR_LOST);
	assert_int_equal(ended(ERROR_SQL, ERROR_STOPPED), ERROR_STOPPED);
	assert_int_equal(ended(ERROR_LOST, ERROR_DATA), ERROR_LOST);
}

TEST(without_help_and_after_a_failure_the_rest_is_dropped)
{
	struct error err;

	apply_parts_init(&parts, NULL, NULL);
	make(3);
	items[1].kind = ERROR_BUSY;
	assert_false(apply_parts_run(&parts, &items[0].part, NULL, &err));
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_int_equal(items[0].tried, 1);
	assert_int_equal(items[2].tried, 0);
	assert_false(apply_parts_are_left(&parts));
	apply_parts_help(&parts, NULL);
	apply_parts_destroy(&parts);
}

TEST_MAIN(cmocka_unit_test(each_is_applied_once), cmocka_unit_test(the_owner_waits_for_who_helps),
	  cmocka_unit_test(rows_that_are_refused_are_the_last_to_be_heard_of),
	  cmocka_unit_test(without_help_and_after_a_failure_the_rest_is_dropped))
