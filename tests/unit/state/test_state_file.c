/* The state file: whole at every moment, and kept up to date by its thread. */
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "state/state_file.h"
#include "../unit.h"

static _Atomic(const char *) now; /* the state; NULL: none yet */

static bool take(void *context UNUSED, struct buf *text)
{
	const char *state = atomic_load(&now);

	if (state)
		buf_puts(text, state);
	return state != NULL;
}

static char directory[] = "/tmp/gf-state-XXXXXX";
static char path[64], temporary[64];

static int set_up(void **state UNUSED)
{
	log_set_fd(-1);
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/state", directory);
	snprintf(temporary, sizeof(temporary), "%s/state.new", directory);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	unlink(path);
	return rmdir(directory); /* fails when something was left behind */
}

/* "" when there is no file. */
static const char *content(void)
{
	static char text[256];
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[length] = '\0';
	if (file)
		fclose(file);
	return text;
}

TEST(a_file_is_replaced_as_a_whole)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct stat info;

	buf_puts(&text, "{\"long\": \"first\"}");
	assert_true(state_file_write(path, &text, NULL, &err));
	assert_string_equal(content(), "{\"long\": \"first\"}\n");
	buf_clear(&text);
	buf_puts(&text, "{}");
	assert_true(state_file_write(path, &text, NULL, &err));
	assert_string_equal(content(), "{}\n");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_not_equal(access(temporary, F_OK), 0);
	buf_release(&text);
}

TEST(a_failure_leaves_the_old_state)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	buf_puts(&text, "new");
	assert_int_equal(mkdir(temporary, 0700), 0); /* stands in the way, root or not */
	assert_false(state_file_write(path, &text, NULL, &err));
	assert_false(state_file_check(path, &err));
	assert_int_equal(rmdir(temporary), 0);
	assert_non_null(strstr(err.text, temporary));
	assert_string_equal(content(), "{}\n");
	assert_false(state_file_check("/nowhere/at/all", &err));
	assert_true(state_file_check(path, &err));
	assert_string_equal(content(), "{}\n");
	buf_release(&text);
}

TEST(a_dry_run_foresees_it_and_touches_nothing)
{
	struct error err = ERROR_INIT;

	assert_false(state_file_foresee("/nowhere/at/all", &err));
	assert_string_equal(err.text, "the state file cannot be written: /nowhere/at/all: "
				      "No such file or directory");
	/* Of a process that is just writing it. */
	assert_int_equal(mkdir(temporary, 0700), 0);
	assert_true(state_file_foresee(path, &err));
	assert_int_equal(rmdir(temporary), 0);
}

static void wait_for_content(const char *wanted)
{
	int64_t deadline = clock_ms() + 10000;

	while (strcmp(content(), wanted) != 0 && clock_ms() < deadline)
		usleep(5000);
	assert_string_equal(content(), wanted);
}

TEST(the_thread_keeps_it_up_to_date)
{
	struct state_file file;

	unlink(path);
	atomic_store(&now, NULL);
	state_file_start(&file, path, take, NULL);
	assert_true(state_file_save(&file, 10000)); /* nothing yet: no file */
	assert_int_not_equal(access(path, F_OK), 0);
	atomic_store(&now, "one");
	state_file_poke(&file);
	wait_for_content("one\n");
	atomic_store(&now, "two");
	wait_for_content("two\n"); /* by itself */
	atomic_store(&now, "three");
	assert_true(state_file_save(&file, 10000));
	assert_string_equal(content(), "three\n");
	atomic_store(&now, "too late");
	assert_int_equal(mkdir(temporary, 0700), 0);
	assert_false(state_file_save(&file, 10000));
	assert_int_equal(rmdir(temporary), 0);
	atomic_store(&now, "four");
	state_file_finish(&file);
	assert_string_equal(content(), "four\n");
}

TEST(nothing_is_written_once_it_is_closed)
{
	struct state_file file;

	atomic_store(&now, "one");
	state_file_start(&file, path, take, NULL);
	atomic_store(&now, "two");
	assert_true(state_file_close(&file, 10000));
	assert_string_equal(content(), "two\n");
	atomic_store(&now, "three");
	state_file_poke(&file);
	assert_true(state_file_close(&file, 0));
	state_file_finish(&file);
	assert_string_equal(content(), "two\n");
}

TEST(without_a_path_nothing_happens)
{
	struct state_file file;

	state_file_start(&file, NULL, take, NULL);
	state_file_poke(&file);
	assert_true(state_file_save(&file, 10000));
	assert_true(state_file_close(&file, 0));
	state_file_finish(&file);
}

TEST_MAIN_GROUP(set_up, tear_down, cmocka_unit_test(a_file_is_replaced_as_a_whole),
		cmocka_unit_test(a_failure_leaves_the_old_state),
		cmocka_unit_test(a_dry_run_foresees_it_and_touches_nothing),
		cmocka_unit_test(the_thread_keeps_it_up_to_date),
		cmocka_unit_test(nothing_is_written_once_it_is_closed),
		cmocka_unit_test(without_a_path_nothing_happens))
