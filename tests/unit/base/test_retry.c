/* retry: what is tried again, how often, how long it sleeps between. */
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/retry.h"
#include "../unit.h"

struct script {
	enum error_kind fail_with;
	unsigned fail_times;
	unsigned called;
	struct stop *stop_in; /* set during the first call */
};

static bool act(struct script *script, struct error *err)
{
	script->called++;
	if (script->stop_in)
		stop_set(script->stop_in);
	if (script->called <= script->fail_times)
		return error_set(err, script->fail_with, "no %u", script->called);
	return true;
}

static bool retry(const struct retry_policy *policy, struct stop *stop, struct script *script,
		  struct error *err)
{
	for (struct retry r = retry_begin(policy, stop); retry_next(&r, err);)
		if (act(script, err))
			return true;
	return false;
}

static int quiet(void **state UNUSED)
{
	log_set_fd(open("/dev/null", O_WRONLY));
	return 0;
}

TEST(tries_as_often_as_told)
{
	static const struct {
		unsigned attempts;
		struct script script;
		bool want;
		unsigned calls;
		enum error_kind kind;
	} cases[] = {
		{ 5, { ERROR_LOST, 0, 0, NULL }, true, 1, ERROR_NONE },
		{ 5, { ERROR_LOST, 4, 0, NULL }, true, 5, ERROR_NONE },
		{ 5, { ERROR_LOST, 5, 0, NULL }, false, 5, ERROR_LOST },
		{ 1, { ERROR_BUSY, 9, 0, NULL }, false, 1, ERROR_BUSY },
		{ 5, { ERROR_DATA, 9, 0, NULL }, false, 1, ERROR_DATA },
		{ 5, { ERROR_STOPPED, 9, 0, NULL }, false, 1, ERROR_STOPPED },
		{ 0, { ERROR_LOST, 50, 0, NULL }, true, 51, ERROR_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct retry_policy policy = { .verb = "do it",
					       .tag = "test",
					       .attempts = cases[i].attempts };
		struct script script = cases[i].script;
		struct error err = ERROR_INIT;
		struct stop stop;

		stop_init(&stop);
		assert_int_equal(retry(&policy, &stop, &script, &err), cases[i].want);
		assert_int_equal(script.called, cases[i].calls);
		if (!cases[i].want)
			assert_int_equal(err.kind, cases[i].kind);
		stop_destroy(&stop);
	}
}

TEST(stop_ends_it)
{
	struct retry_policy policy = { .verb = "do it", .tag = "test", .sleep_ms = 600000 };
	struct script script = { ERROR_LOST, 99, 0, NULL };
	struct error err = ERROR_INIT;
	struct stop stop;

	stop_init(&stop);
	script.stop_in = &stop;
	assert_false(retry(&policy, &stop, &script, &err));
	assert_int_equal(script.called, 1);
	assert_int_equal(err.kind, ERROR_STOPPED);

	/* Set before it begins: not even one attempt. */
	assert_false(retry(&policy, &stop, &script, &err));
	assert_int_equal(script.called, 1);
	assert_int_equal(err.kind, ERROR_STOPPED);
	stop_destroy(&stop);
}

TEST(sleeps_double_up_to_the_limit)
{
	struct retry_policy policy = {
		.verb = "do it", .tag = "test", .attempts = 5, .sleep_ms = 4, .max_sleep_ms = 9
	};
	struct script script = { ERROR_LOST, 4, 0, NULL };
	struct error err = ERROR_INIT;
	int64_t start = clock_us();
	struct stop stop;

	stop_init(&stop);
	assert_true(retry(&policy, &stop, &script, &err));
	assert_true(clock_us() - start >= (4 + 8 + 9 + 9) * 1000 - 2000);
	stop_destroy(&stop);
}

static bool excuse_busy(void *context, const struct error *err)
{
	unsigned *times = context;

	*times += err->kind == ERROR_BUSY;
	return err->kind == ERROR_BUSY;
}

TEST(what_is_excused_does_not_count)
{
	unsigned times = 0;
	struct retry_policy policy = { .verb = "do it",
				       .tag = "test",
				       .attempts = 2,
				       .excuse = excuse_busy,
				       .excuse_context = &times };
	struct script busy = { ERROR_BUSY, 4, 0, NULL }, lost = { ERROR_LOST, 9, 0, NULL };
	struct error err = ERROR_INIT;
	int64_t start = clock_us();
	struct stop stop;

	stop_init(&stop);
	assert_true(retry(&policy, &stop, &busy, &err));
	assert_int_equal(times, 4);
	/* Random pauses of up to 20, 40, 80 and 160 ms, and half of that at least. */
	assert_true(clock_us() - start >= 150 * 1000);
	assert_false(retry(&policy, &stop, &lost, &err));
	assert_int_equal(lost.called, 2);
	stop_destroy(&stop);
}

TEST(a_lost_connection_has_its_time)
{
	struct retry_policy policy = {
		.verb = "do it", .tag = "test", .attempts = 2, .sleep_ms = 10, .lost_ms = 200
	};
	struct script lost = { ERROR_LOST, 9999, 0, NULL }, busy = { ERROR_BUSY, 9, 0, NULL };
	struct error err = ERROR_INIT;
	int64_t start = clock_us();
	struct stop stop;

	stop_init(&stop);
	assert_false(retry(&policy, &stop, &lost, &err));
	assert_true(lost.called > 2);
	assert_true(clock_us() - start >= 199 * 1000);
	assert_false(retry(&policy, &stop, &busy, &err));
	assert_int_equal(busy.called, 2);
	stop_destroy(&stop);
}

TEST(says_what_it_does)
{
	struct retry_policy policy = { .verb = "write row batch",
				       .tag = "batch_writer",
				       .attempts = 2 };
	struct script script = { ERROR_LOST, 9, 0, NULL };
	struct error err = ERROR_INIT;
	char path[] = "/tmp/test_retry_XXXXXX", text[1024] = "";
	int fd = mkstemp(path);
	struct stop stop;

	log_set_fd(fd);
	stop_init(&stop);
	assert_false(retry(&policy, &stop, &script, &err));
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "msg=\"failed to write row batch, 1 of 2 max retries\" "
				     "error=\"no 1\" tag=batch_writer\n"));
	assert_non_null(strstr(text, "msg=\"failed to write row batch after 2 attempts, "
				     "retry limit exceeded\" error=\"no 2\" tag=batch_writer\n"));
	stop_destroy(&stop);
	close(fd);
	unlink(path);
	quiet(NULL);
}

TEST_MAIN_GROUP(quiet, NULL, cmocka_unit_test(tries_as_often_as_told),
		cmocka_unit_test(stop_ends_it), cmocka_unit_test(sleeps_double_up_to_the_limit),
		cmocka_unit_test(what_is_excused_does_not_count),
		cmocka_unit_test(a_lost_connection_has_its_time),
		cmocka_unit_test(says_what_it_does))
