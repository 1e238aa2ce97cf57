/* The status and progress JSON, field by field. */
#include "../fake_ferry.h"

#include "base/json.h"
#include "control/status_json.h"
#include "../unit.h"

static struct ferry_table_status tables[4];

/* One table per state and form of key; "shop.empty" has neither rows nor keys. */
static struct ferry_status example(void)
{
	struct ferry_status status = { .phase = PHASE_COPYING,
				       .has_started = true,
				       .start_time = 1000,
				       .phase_s = { [PHASE_STARTING] = 2, [PHASE_COPYING] = 8.5 },
				       .streamer_lag_s = 1.75,
				       .writer_lag_s = 0.5,
				       .rows_written = 500,
				       .bytes_written = 50000,
				       .tables = tables,
				       .table_count = 4,
				       .completed_count = 1 };

	tables[0] =
		(struct ferry_table_status){ .name = "shop.orders",
					     .key_column = "id",
					     .action = TABLE_COPYING,
					     .last_key = fake_key("00200", NULL),
					     .target_key = fake_key("18446744073709551615", NULL),
					     .key_columns = &fake_id,
					     .rows_written = 200,
					     .bytes_written = 4000,
					     .estimated_rows = 1000,
					     .batch_rows = 200 };
	tables[1] = (struct ferry_table_status){ .name = "shop.empty",
						 .key_column = "id",
						 .action = TABLE_COMPLETED,
						 .key_columns = &fake_id };
	tables[2] = (struct ferry_table_status){ .name = "blog.users",
						 .key_column = "uuid",
						 .action = TABLE_COPYING,
						 .last_key = fake_key("\x01\xff", NULL),
						 .key_columns = &fake_uuid };
	tables[3] = (struct ferry_table_status){ .name = "shop.log",
						 .key_column = "at,id",
						 .action = TABLE_WAITING,
						 .target_key = fake_key("2026-01-02 03:04:05", "-7"),
						 .key_columns = &fake_both };
	strcpy(status.streamed.file, "mysql-bin.000008");
	status.streamed.offset = 5000000000;
	strcpy(status.source_address, "db1:3306");
	strcpy(status.target_address, "db2:3307");
	status.deadlocks = 7;
	status.lock_waits = 2;
	status.work.us[WORK_ON_SOURCE][WORK_BUILDING] = 2999;
	status.work.us[WORK_ON_TARGET][WORK_WRITING] = 1500000;
	strcpy(status.waiting_for, "a \"lock\"");
	return status;
}

static cJSON *made(void (*write)(struct buf *, const struct status_view *),
		   const struct ferry_status *status)
{
	struct estimate estimate = { .rows_per_s = 12.7, .eta_s = 3.5 };
	const struct status_view view = {
		.status = status, .estimate = &estimate, .custom_payload = "mine", .now = 1010.5
	};
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	cJSON *tree;

	write(&text, &view);
	tree = json_parse(text.data, text.length, &err);
	if (!tree)
		fail_msg("%s: %s", err.text, text.data);
	buf_release(&text);
	return tree;
}

/* The text of a member, found by names. */
static void check(const cJSON *tree, const char *one, const char *two, const char *three,
		  const char *want)
{
	const char *path[] = { one, two, three };
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < 3 && path[i] && tree; i++)
		tree = cJSON_GetObjectItemCaseSensitive(tree, path[i]);
	if (tree)
		json_print(&text, tree, 0);
	if (strcmp(buf_text(&text), want) != 0)
		fail_msg("%s %s %s is %s, not %s", one, two ? two : "", three ? three : "",
			 buf_text(&text), want);
	buf_release(&text);
}

TEST(progress_has_all_fields)
{
	static const struct {
		const char *path[3], *want;
	} cases[] = {
		{ { "CurrentState" }, "\"copying\"" },
		{ { "CustomPayload" }, "\"mine\"" },
		{ { "LastSuccessfulBinlogPos" },
		  "{\"Name\":\"mysql-bin.000008\",\"Pos\":5000000000}" },
		{ { "FinalBinlogPos" }, "{\"Name\":\"\",\"Pos\":0}" },
		{ { "BinlogStreamerLag" }, "1.75" },
		{ { "BinlogWriterLag" }, "0.5" },
		{ { "TargetBinlogStreamerLag" }, "0" },
		{ { "Throttled" }, "false" },
		{ { "ActiveDataIterators" }, "2" },
		{ { "VerifierType" }, "\"\"" },
		{ { "VerifierMessage" }, "\"\"" },
		{ { "PaginationKeysPerSecond" }, "12" },
		{ { "ETA" }, "3.5" },
		{ { "TimeTaken" }, "10.5" },
		{ { "Tables", "shop.orders", "LastSuccessfulPaginationKey" },
		  "{\"type\":\"uint64\",\"value\":200,\"column\":\"id\"}" },
		{ { "Tables", "shop.orders", "TargetPaginationKey" },
		  "{\"type\":\"uint64\",\"value\":18446744073709551615,\"column\":\"id\"}" },
		{ { "Tables", "shop.orders", "CurrentAction" }, "\"copying\"" },
		{ { "Tables", "shop.orders", "RowsWritten" }, "200" },
		{ { "Tables", "shop.orders", "BatchSize" }, "200" },
		{ { "Tables", "shop.orders", "BytesWritten" }, "4000" },
		{ { "Tables", "shop.empty", "LastSuccessfulPaginationKey" }, "null" },
		{ { "Tables", "shop.empty", "TargetPaginationKey" }, "null" },
		{ { "Tables", "blog.users", "LastSuccessfulPaginationKey" },
		  "{\"type\":\"binary\",\"value\":\"01ff\",\"column\":\"uuid\"}" },
		{ { "Tables", "shop.log", "TargetPaginationKey" },
		  "{\"type\":\"composite\",\"columns\":[\"at\",\"id\"],\"values\":["
		  "{\"type\":\"text\",\"value\":\"2026-01-02 03:04:05\"},"
		  "{\"type\":\"int\",\"value\":-7}]}" },
	};
	struct ferry_status status = example();
	cJSON *tree = made(progress_json_write, &status);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(tree, cases[i].path[0], cases[i].path[1], cases[i].path[2], cases[i].want);
	cJSON_Delete(tree);
}

TEST(status_has_all_fields)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "BinlogStreamerLag", "1" },
		{ "ETA", "3" },
		{ "TimeTaken", "10" },
		{ "SourceHostPort", "\"db1:3306\"" },
		{ "TargetHostPort", "\"db2:3307\"" },
		{ "OverallState", "\"copying\"" },
		{ "StartTime", "\"1970-01-01T00:16:40Z\"" },
		{ "CurrentTime", "\"1970-01-01T00:16:50Z\"" },
		{ "AutomaticCutover", "false" },
		{ "BinlogStreamerStopRequested", "false" },
		{ "CompletedTableCount", "1" },
		{ "TotalTableCount", "4" },
		{ "AllTableNames", "[\"blog.users\",\"shop.empty\",\"shop.log\",\"shop.orders\"]" },
		{ "VerifierSupport", "false" },
		{ "VerifierAvailable", "false" },
		{ "VerificationStarted", "false" },
		{ "VerificationDone", "false" },
		{ "VerificationResult",
		  "{\"DataCorrect\":false,\"Message\":\"\",\"IncorrectTables\":null}" },
		{ "VerificationErr", "null" },
		{ "CustomScriptStatuses", "null" },
		{ "TargetDeadlocks", "7" },
		{ "TargetLockWaits", "2" },
		{ "WaitingFor", "\"a \\\"lock\\\"\"" },
		{ "SourceTimeMs", "{\"Reading\":0,\"WaitingForLock\":0,\"WaitingForRoom\":0,"
				  "\"Building\":2,\"Throttled\":0,\"Other\":0}" },
		{ "TargetTimeMs",
		  "{\"WaitingForLock\":0,\"Building\":0,\"Writing\":1500,\"Committing\":0,"
		  "\"Checking\":0,\"Throttled\":0,\"Other\":0}" },
	};
	struct ferry_status status = example();
	cJSON *tree = made(status_json_write, &status);
	const cJSON *first;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(tree, cases[i].name, NULL, NULL, cases[i].want);
	assert_true(cJSON_HasObjectItem(tree, "GhostferryVersion"));
	assert_true(cJSON_HasObjectItem(tree, "Tables"));
	/* Completed, copying by name, waiting; a missing key is the smallest. */
	first = cJSON_GetObjectItem(tree, "TableStatuses")->child;
	check(first, "TableName", NULL, NULL, "\"shop.empty\"");
	check(first, "LastSuccessfulPaginationKey", NULL, NULL,
	      "{\"type\":\"uint64\",\"value\":0,\"column\":\"id\"}");
	check(first->next, "TableName", NULL, NULL, "\"blog.users\"");
	check(first->next, "TargetPaginationKey", NULL, NULL,
	      "{\"type\":\"binary\",\"value\":\"\",\"column\":\"uuid\"}");
	check(first->next->next, "TableName", NULL, NULL, "\"shop.orders\"");
	check(first->next->next, "PaginationKeyName", NULL, NULL, "\"id\"");
	check(first->next->next->next, "Status", NULL, NULL, "\"waiting\"");
	check(first->next->next->next, "LastSuccessfulPaginationKey", NULL, NULL, "null");
	cJSON_Delete(tree);
}

/* Before any table is known, and with figures that make no sense. */
TEST(status_survives_the_very_beginning)
{
	struct ferry_status status = { .streamer_lag_s = -1, .writer_lag_s = 1e300 * 1e300 };
	struct ferry_table_status bare = { .name = "odd", .action = TABLE_WAITING };
	cJSON *tree = made(status_json_write, &status);

	check(tree, "CurrentState", NULL, NULL, "\"starting\"");
	check(tree, "BinlogStreamerLag", NULL, NULL, "0");
	check(tree, "BinlogWriterLag", NULL, NULL, "0");
	check(tree, "TimeTaken", NULL, NULL, "0");
	check(tree, "TableStatuses", NULL, NULL, "[]");
	cJSON_Delete(tree);

	status.tables = &bare;
	status.table_count = 1;
	tree = made(status_json_write, &status);
	check(tree, "Tables", "odd", "LastSuccessfulPaginationKey", "null");
	check(tree, "AllDatabaseNames", NULL, NULL, "[\"odd\"]");
	cJSON_Delete(tree);
}

/* By a clock that nobody sets: start_time is far from now, and it takes two seconds. */
TEST(time_taken_is_the_sum_of_the_phases)
{
	struct ferry_status status = { .phase = PHASE_DONE,
				       .start_time = 1000,
				       .phase_s = { [PHASE_COPYING] = 1.5, [PHASE_CUTOVER] = 0.5 } };
	cJSON *tree = made(progress_json_write, &status);

	check(tree, "TimeTaken", NULL, NULL, "2");
	cJSON_Delete(tree);
}

TEST_MAIN(cmocka_unit_test(progress_has_all_fields), cmocka_unit_test(status_has_all_fields),
	  cmocka_unit_test(status_survives_the_very_beginning),
	  cmocka_unit_test(time_taken_is_the_sum_of_the_phases))
