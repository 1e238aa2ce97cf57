/* The state dump reaches its reader whole, or the failure is told. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../unit.h"

#include "../../../src/app/shutdown.h"
#include "base/clock.h"
#include "base/mem.h"

/* stdout of the test, while it is a pipe. */
static int saved = -1, reading_end = -1;

static void redirect(void)
{
	int ends[2];

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[1]);
	reading_end = ends[0];
}

static void restore(void)
{
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

/* Late and in small pieces. */
static void read_slowly(void *argument)
{
	struct buf *got = argument;
	char piece[3000];
	ssize_t length;

	usleep(100000);
	while ((length = read(reading_end, piece, sizeof(piece))) > 0)
		buf_add(got, piece, (size_t)length);
}

static void check_large_dump(int flags)
{
	size_t length = 1000003;
	char *dump = mem_alloc(length);
	struct buf got = BUF_INIT;
	struct error err = ERROR_INIT;
	struct thread reader = { .started = false };
	bool ok;

	for (size_t i = 0; i < length; i++)
		dump[i] = (char)('a' + i % 23);
	redirect();
	fcntl(STDOUT_FILENO, F_SETFL, flags);
	thread_start(&reader, "reader", read_slowly, &got);
	ok = shutdown_print(dump, length, &err);
	restore();
	thread_join(&reader);
	close(reading_end);
	assert_true(ok);
	assert_int_equal(got.length, length);
	assert_memory_equal(got.data, dump, length);
	buf_release(&got);
	free(dump);
}

TEST(a_slow_reader_gets_every_byte)
{
	check_large_dump(0);
}

TEST(so_does_one_behind_a_nonblocking_pipe)
{
	check_large_dump(O_NONBLOCK);
}

TEST(a_reader_that_is_gone_is_an_error)
{
	struct error err = ERROR_INIT;
	bool ok;

	redirect();
	close(reading_end);
	ok = shutdown_print("state", 5, &err);
	restore();
	assert_false(ok);
	assert_string_equal(err.text, "stdout: Broken pipe");
}

TEST(a_full_disk_is_an_error)
{
	struct error err = ERROR_INIT;
	int full = open("/dev/full", O_WRONLY);
	bool ok;

	if (full < 0)
		skip();
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(full, STDOUT_FILENO);
	close(full);
	ok = shutdown_print("state", 5, &err);
	restore();
	assert_false(ok);
	assert_string_equal(err.text, "stdout: No space left on device");
}

static int set_up(void **state UNUSED)
{
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

TEST_MAIN_GROUP(set_up, NULL, cmocka_unit_test(a_slow_reader_gets_every_byte),
		cmocka_unit_test(so_does_one_behind_a_nonblocking_pipe),
		cmocka_unit_test(a_reader_that_is_gone_is_an_error),
		cmocka_unit_test(a_full_disk_is_an_error))
