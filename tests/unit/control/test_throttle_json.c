/* Throttle at run time: all or nothing, and the same keys as in the configuration. */
#include "../../../src/config/config_keys.h"
#include "control/throttle_json.h"
#include "../unit.h"

static struct throttle_limits limits;

static int set_up(void **state UNUSED)
{
	limits = (struct throttle_limits){ .max_lag_s = 1, .interval_ms = 1000 };
	return 0;
}

static int tear_down(void **state UNUSED)
{
	throttle_limits_release(&limits);
	return 0;
}

static bool change(const char *text, struct error *err)
{
	cJSON *object = json_parse(text, strlen(text), err);

	assert_non_null(object);
	bool ok = throttle_json_read(object, &limits, err);

	cJSON_Delete(object);
	return ok;
}

static void check_is(const char *wanted)
{
	cJSON *object = throttle_json(&limits);
	struct buf text = BUF_INIT;

	json_print(&text, object, 0);
	assert_string_equal(buf_text(&text), wanted);
	buf_release(&text);
	cJSON_Delete(object);
}

TEST(what_is_left_out_stays)
{
	struct error err = ERROR_INIT;

	assert_true(
		change("{\"maxlag\":7,\"SourceReplicas\":[\"a\",\"b:1\"],\"TargetQuery\":\"SELECT 1\","
		       "\"UpdateInterval\":\"1m0.5s\",\"MaxBytesPerSecond\":18446744073709551615}",
		       &err));
	assert_true(change("{\"MaxRowsPerSecond\":5,\"MaxLag\":null}", &err));
	check_is("{\"MaxBytesPerSecond\":18446744073709551615,\"MaxLag\":7,\"MaxRowsPerSecond\":5,"
		 "\"MaxSourceHistoryLength\":0,\"MaxSourceThreadsRunning\":0,"
		 "\"MaxTargetHistoryLength\":0,\"MaxTargetThreadsRunning\":0,"
		 "\"SourceQuery\":\"\",\"SourceQueryMax\":0,\"SourceReplicas\":[\"a\",\"b:1\"],"
		 "\"TargetQuery\":\"SELECT 1\",\"TargetQueryMax\":0,\"TargetReplicas\":[],"
		 "\"UpdateInterval\":\"60500ms\"}");
	/* "" and 0 stand for what the configuration has without them. */
	assert_true(change("{\"MaxLag\":0,\"SourceReplicas\":[],\"TargetQuery\":\"\","
			   "\"UpdateInterval\":\"\",\"MaxBytesPerSecond\":0,\"MaxRowsPerSecond\":0}",
			   &err));
	assert_int_equal(limits.max_lag_s, 1);
	assert_int_equal(limits.interval_ms, 1000);
	assert_null(limits.query[THROTTLE_TARGET]);
	assert_false(throttle_limits_are_set(&limits));
}

/* What it prints it reads: a process that runs itself again hands it on so. */
TEST(what_is_written_is_read)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	cJSON *object;

	assert_true(
		change("{\"SourceQuery\":\"SELECT \\\"\\u00e9\\\"\",\"TargetReplicas\":[\"[::1]:9\"],"
		       "\"MaxSourceThreadsRunning\":3,\"UpdateInterval\":\"250ms\"}",
		       &err));
	object = throttle_json(&limits);
	json_print(&text, object, 0);
	cJSON_Delete(object);
	throttle_limits_release(&limits);
	assert_true(change(buf_text(&text), &err));
	check_is(buf_text(&text));
	buf_release(&text);
}

TEST(refusals_change_nothing)
{
	static const struct {
		const char *object, *text;
	} cases[] = {
		{ "[]", "Throttle must be an object, not an array" },
		{ "{\"MaxRowsPerSecond\":9,\"Lag\":1}", "json: unknown field \"Throttle.Lag\"" },
		{ "{\"MaxRowsPerSecond\":9,\"MaxLag\":-1}",
		  "Throttle.MaxLag must be a whole number, not one like this" },
		{ "{\"MaxRowsPerSecond\":9,\"MaxLag\":\"1\"}",
		  "Throttle.MaxLag must be a whole number, not one like this" },
		{ "{\"MaxRowsPerSecond\":9,\"SourceQuery\":[]}",
		  "Throttle.SourceQuery must be a string, not an array" },
		{ "{\"MaxRowsPerSecond\":9,\"SourceReplicas\":\"a\"}",
		  "Throttle.SourceReplicas must be a list of strings, not one like this" },
		{ "{\"MaxRowsPerSecond\":9,\"SourceReplicas\":[\"a\",1]}",
		  "Throttle.SourceReplicas must be a list of strings, not an array" },
		{ "{\"MaxRowsPerSecond\":9,\"SourceReplicas\":[\"a:b\"]}",
		  "Throttle: SourceReplicas: \"a:b\" is not a host or host:port" },
		{ "{\"MaxRowsPerSecond\":9,\"UpdateInterval\":\"5\"}",
		  "Throttle.UpdateInterval must be a duration like \"500ms\", not one like this" },
		{ "{\"MaxRowsPerSecond\":9,\"UpdateInterval\":\"-1s\"}",
		  "Throttle: UpdateInterval must be at least 100ms" },
		{ "{\"MaxRowsPerSecond\":9,\"UpdateInterval\":\"1us\"}",
		  "Throttle: UpdateInterval must be at least 100ms" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;

		assert_false(change(cases[i].object, &err));
		assert_int_equal(err.kind, ERROR_CONFIG);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(limits.rows_per_s, 0);
	}
}

static const struct option_group *throttle_group(void)
{
	for (size_t i = 0; i < config_options.count; i++)
		if (strcmp(config_options.options[i].key, "Throttle") == 0)
			return config_options.options[i].group;
	return NULL;
}

TEST(keys_are_those_of_the_configuration)
{
	const struct option_group *group = throttle_group();
	cJSON *object = throttle_json(&limits);
	const cJSON *item = object->child;

	assert_non_null(group);
	for (size_t i = 0; i < group->count; i++) {
		if (strcmp(group->options[i].key, "ReplicaConnection") == 0)
			continue;
		assert_non_null(item);
		assert_string_equal(item->string, group->options[i].key);
		item = item->next;
	}
	assert_null(item);
	cJSON_Delete(object);
}

TEST_MAIN(CASE(what_is_left_out_stays), CASE(what_is_written_is_read),
	  CASE(refusals_change_nothing), CASE(keys_are_those_of_the_configuration))
