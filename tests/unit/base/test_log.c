/* log: the two formats, levels, quoting, whole lines from many threads. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/thread.h"
#include "../unit.h"

static const char log_tag[] = "test_log";

static char path[64];
static int file;

static int to_a_file(void **state UNUSED)
{
	strcpy(path, "/tmp/test_log_XXXXXX");
	file = mkstemp(path);
	log_set_fd(file);
	log_set_level(LOG_INFO);
	log_set_backend(LOG_BACKEND_LOGRUS);
	return file < 0;
}

static int away(void **state UNUSED)
{
	log_set_fd(2);
	close(file);
	return unlink(path);
}

/* All that was logged; empties the file. */
static const char *logged(void)
{
	static char text[65536];
	ssize_t length = pread(file, text, sizeof(text) - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	return text;
}

/* Behind time="2026-01-02T03:04:05Z" and a space, which is checked. */
static const char *without_time(const char *line)
{
	assert_memory_equal(line, "time=\"2", 7);
	assert_memory_equal(line + 25, "Z\" ", 3);
	return line + 28;
}

TEST(logfmt)
{
	static const struct log_field fields[] = {
		{ "table", "a.b" },
		{ "file", "" },
		{ "zone", "x=y" },
		{ NULL, NULL },
	};
	struct error err = ERROR_INIT;

	log_info("copied %d rows", 3);
	assert_string_equal(without_time(logged()),
			    "level=info msg=\"copied 3 rows\" tag=test_log\n");
	log_warn("done");
	assert_string_equal(without_time(logged()), "level=warning msg=done tag=test_log\n");
	error_set(&err, ERROR_LOST, "gone away");
	log_error_err(&err, "failed");
	assert_string_equal(without_time(logged()),
			    "level=error msg=failed error=\"gone away\" tag=test_log\n");
	log_write(LOG_INFO, "ferry", &err, fields, "x");
	assert_string_equal(without_time(logged()), "level=info msg=x error=\"gone away\" file= "
						    "table=a.b tag=ferry zone=\"x=y\"\n");
}

TEST(quoting)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "plain-._/@^+9", "plain-._/@^+9" },
		{ "a b", "\"a b\"" },
		{ "say \"x\\y\"", "\"say \\\"x\\\\y\\\"\"" },
		{ "two\nlines\r\t", "\"two\\nlines\\r\\t\"" },
		{ "\x01\x7f", "\"\\x01\\x7f\"" },
		{ "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
		{ "bad\xff\xc3", "\"bad\\xff\\xc3\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[128];

		log_info("%s", cases[i].text);
		snprintf(want, sizeof(want), "level=info msg=%s tag=test_log\n", cases[i].want);
		assert_string_equal(without_time(logged()), want);
	}
}

TEST(levels)
{
	log_debug("unseen");
	assert_string_equal(logged(), "");
	log_set_level(LOG_DEBUG);
	log_debug("seen");
	assert_string_equal(without_time(logged()), "level=debug msg=seen tag=test_log\n");
	log_set_level(LOG_ERROR);
	log_warn("unseen");
	assert_string_equal(logged(), "");
	log_error("seen");
	assert_string_equal(without_time(logged()), "level=error msg=seen tag=test_log\n");
}

TEST(zerolog_lines_are_json)
{
	static const struct log_field fields[] = { { "table", "a\"b\t\xff" }, { NULL, NULL } };
	struct error err = ERROR_INIT;
	const char *line;
	cJSON *root;

	log_set_backend(LOG_BACKEND_ZEROLOG);
	error_set(&err, ERROR_LOST, "gone\x01");
	log_write(LOG_WARN, "ferry", &err, fields, "two\nlines");
	line = logged();
	assert_memory_equal(line, "{\"level\":\"warn\",\"time\":\"2", 25);
	root = json_parse(line, strlen(line), &err);
	assert_non_null(root);
	assert_string_equal(cJSON_GetObjectItem(root, "msg")->valuestring, "two\nlines");
	assert_string_equal(cJSON_GetObjectItem(root, "error")->valuestring, "gone\x01");
	assert_string_equal(cJSON_GetObjectItem(root, "table")->valuestring, "a\"b\t\xef\xbf\xbd");
	assert_string_equal(cJSON_GetObjectItem(root, "tag")->valuestring, "ferry");
	cJSON_Delete(root);
}

TEST(settings)
{
	enum log_backend backend = LOG_BACKEND_LOGRUS;
	enum log_level level = LOG_INFO;

	assert_true(log_parse_level("WARNING", &level) && level == LOG_WARN);
	assert_true(log_parse_level("warn", &level) && level == LOG_WARN);
	assert_true(log_parse_level("Debug", &level) && level == LOG_DEBUG);
	assert_true(log_parse_level("error", &level) && level == LOG_ERROR);
	assert_false(log_parse_level("fatal", &level));
	assert_false(log_parse_level("", &level));
	assert_true(log_parse_backend("zerolog", &backend) && backend == LOG_BACKEND_ZEROLOG);
	assert_true(log_parse_backend("logrus", &backend) && backend == LOG_BACKEND_LOGRUS);
	assert_false(log_parse_backend("syslog", &backend));
}

TEST(errno_survives_and_progress_needs_a_terminal)
{
	errno = ENOTDIR;
	log_info("x");
	log_progress("half way");
	assert_int_equal(errno, ENOTDIR);
	assert_null(strstr(logged(), "half"));
	assert_false(log_is_terminal());
}

static void log_much(void *argument UNUSED)
{
	for (int i = 0; i < 100; i++)
		log_info("a line of a thread");
}

TEST(lines_of_threads_stay_whole)
{
	struct thread threads[4] = { 0 };
	size_t count = 0;
	char *text;

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		thread_start(&threads[i], "logger", log_much, NULL);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		thread_join(&threads[i]);
	text = strdup(logged());
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), count++)
		assert_string_equal(without_time(line),
				    "level=info msg=\"a line of a thread\" tag=test_log");
	assert_int_equal(count, 400);
	free(text);
}

/* Numbers are such in JSON, and sorted by their name without the mark. */
TEST(facts_are_fields)
{
	struct log_facts facts = { .count = 0 };
	char large[2 * LOG_FACTS_SIZE];

	log_fact(&facts, "table", "a.b c");
	log_fact_number(&facts, "#rows", 9007199254740991.0);
	log_fact_number(&facts, "#rate", 0.5);
	log_fact_number(&facts, "#eta", 1.0 / 0.0);
	log_info_facts(&facts, "x");
	assert_string_equal(without_time(logged()), "level=info msg=x rate=0.500 "
						    "rows=9007199254740991 table=\"a.b c\" "
						    "tag=test_log\n");
	log_set_backend(LOG_BACKEND_ZEROLOG);
	log_info_facts(&facts, "x");
	assert_non_null(strstr(logged(), "\"rate\":0.500,\"rows\":9007199254740991,"
					 "\"table\":\"a.b c\",\"tag\":\"test_log\"}\n"));
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	log_fact(&facts, "large", large);
	for (int i = 0; i < 2 * LOG_FACTS_MAX; i++)
		log_fact(&facts, "k", "v");
	assert_int_equal(facts.count, LOG_FACTS_MAX);
	assert_null(facts.fields[LOG_FACTS_MAX].key);
	assert_string_equal(facts.fields[3].key, "k");
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, to_a_file, away)

TEST_MAIN(LOG_TEST(logfmt), LOG_TEST(quoting), LOG_TEST(levels), LOG_TEST(zerolog_lines_are_json),
	  LOG_TEST(settings), LOG_TEST(errno_survives_and_progress_needs_a_terminal),
	  LOG_TEST(facts_are_fields), LOG_TEST(lines_of_threads_stay_whole))
