/* Status and progress as JSON.
 *
 * The two share most fields: Ghostferry's status is its progress with three times
 * as integers and more around it. A table without rows has no key, which is null
 * in the progress and the smallest key of its kind in the status. */
#include "control/status_json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/version.h"

/* How a key's value is told, by the type of its column. */
enum key_form { KEY_NUMBER, KEY_BYTES, KEY_TEXT };

static enum key_form column_form(const struct column *column)
{
	switch (column->type) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_MEDIUMINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
	case COLUMN_YEAR:
		return KEY_NUMBER;
	case COLUMN_CHAR:
	case COLUMN_VARCHAR:
	case COLUMN_BINARY:
	case COLUMN_VARBINARY:
		return KEY_BYTES;
	default:
		return KEY_TEXT;
	}
}

/* Digits as the server sends them may be padded with zeros, which JSON has not. */
static void add_number(cJSON *object, const char *text)
{
	bool negative = *text == '-';

	cJSON_AddStringToObject(object, "type", negative ? "int" : "uint64");
	if (negative)
		json_add_i64(object, "value", strtoll(text, NULL, 10));
	else
		json_add_u64(object, "value", strtoull(text, NULL, 10));
}

/* value without bytes: the smallest. */
static cJSON *value_json(const struct column *column, const struct value *value)
{
	cJSON *object = cJSON_CreateObject();
	struct buf text = BUF_INIT;

	switch (column_form(column)) {
	case KEY_NUMBER:
		buf_add(&text, value->bytes, value->length);
		add_number(object, buf_text(&text));
		break;
	case KEY_BYTES:
		buf_put_hex(&text, value->bytes, value->length);
		cJSON_AddStringToObject(object, "type", "binary");
		cJSON_AddStringToObject(object, "value", buf_text(&text));
		break;
	case KEY_TEXT:
		buf_add(&text, value->bytes, value->length);
		cJSON_AddStringToObject(object, "type", "text");
		cJSON_AddStringToObject(object, "value", buf_text(&text));
		break;
	}
	buf_release(&text);
	return object;
}

static const struct column *key_column(const struct key_columns *columns, unsigned index)
{
	return &columns->table->columns[columns->columns[index]];
}

static cJSON *single_json(const struct column *column, const struct value *value)
{
	cJSON *object = value_json(column, value);

	cJSON_AddStringToObject(object, "column", column->name);
	return object;
}

/* Ghostferry has none of these; as in the state. */
static cJSON *composite_json(const struct key_columns *columns, const struct key *key)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *names, *values;

	cJSON_AddStringToObject(object, "type", "composite");
	names = cJSON_AddArrayToObject(object, "columns");
	values = cJSON_AddArrayToObject(object, "values");
	for (unsigned i = 0; i < key->count; i++) {
		const struct column *column = key_column(columns, i);

		cJSON_AddItemToArray(names, cJSON_CreateString(column->name));
		cJSON_AddItemToArray(values, value_json(column, &key->values[i]));
	}
	return object;
}

/* or_smallest: what to say of a key that is not set. */
static cJSON *key_json(const struct ferry_table_status *table, const struct key *key,
		       bool or_smallest)
{
	const struct key_columns *columns = table->key_columns;
	static const struct value none = { "", 0 };

	if (!columns || !columns->table || columns->count == 0)
		return cJSON_CreateNull();
	if (key->is_set && key->count != columns->count)
		return cJSON_CreateNull();
	if (columns->count == 1 && (key->is_set || or_smallest))
		return single_json(key_column(columns, 0), key->is_set ? &key->values[0] : &none);
	return key->is_set ? composite_json(columns, key) : cJSON_CreateNull();
}

static const char *side_name(enum slower_side side)
{
	static const char *const names[] = {
		[SLOWER_NONE] = "",
		[SLOWER_SOURCE] = "source",
		[SLOWER_TARGET] = "target",
	};

	return names[side];
}

static void add_position(cJSON *object, const char *name, const struct binlog_position *position)
{
	cJSON *item = cJSON_AddObjectToObject(object, name);

	cJSON_AddStringToObject(item, "Name", position->file);
	json_add_u64(item, "Pos", position->offset);
}

static void add_tables(cJSON *object, const struct ferry_status *status)
{
	cJSON *tables = cJSON_AddObjectToObject(object, "Tables");

	for (size_t i = 0; i < status->table_count; i++) {
		const struct ferry_table_status *table = &status->tables[i];
		cJSON *item = cJSON_AddObjectToObject(tables, table->name);

		cJSON_AddItemToObject(item, "LastSuccessfulPaginationKey",
				      key_json(table, &table->last_key, false));
		cJSON_AddItemToObject(item, "TargetPaginationKey",
				      key_json(table, &table->target_key, false));
		cJSON_AddStringToObject(item, "CurrentAction", table->action);
		json_add_u64(item, "RowsWritten", table->rows_written);
		json_add_u64(item, "BatchSize", table->batch_rows);
		json_add_u64(item, "BytesWritten", table->bytes_written);
	}
}

static uint64_t active_tables(const struct ferry_status *status)
{
	uint64_t active = 0;

	for (size_t i = 0; i < status->table_count; i++)
		active += strcmp(status->tables[i].action, "copying") == 0;
	return active;
}

static double seconds(double value)
{
	return isfinite(value) && value > 0 ? value : 0;
}

static double time_taken(const struct status_view *view)
{
	const struct ferry_status *status = view->status;

	if (status->start_time <= 0)
		return 0;
	return seconds((status->done_time > 0 ? status->done_time : view->now) -
		       status->start_time);
}

static void add_seconds(cJSON *object, const char *name, double value, bool whole)
{
	if (whole)
		json_add_u64(object, name, (uint64_t)seconds(value));
	else
		cJSON_AddNumberToObject(object, name, seconds(value));
}

static void add_verifier_message(cJSON *object, const struct ferry_status *status)
{
	char text[96] = "";

	if (status->has_verifier)
		snprintf(text, sizeof(text),
			 "currentRowCount = %" PRIu64 ", currentEntryCount = %" PRIu64,
			 status->verifier.queued, status->verifier.queued);
	cJSON_AddStringToObject(object, "VerifierMessage", text);
}

/* whole: Ghostferry's status has these times without fraction. */
static void add_progress(cJSON *object, const struct status_view *view, bool whole)
{
	const struct ferry_status *status = view->status;
	const struct estimate *estimate = view->estimate;

	cJSON_AddStringToObject(object, "CurrentState", phase_name(status->phase));
	cJSON_AddStringToObject(object, "CustomPayload",
				view->custom_payload ? view->custom_payload : "");
	add_tables(object, status);
	add_position(object, "LastSuccessfulBinlogPos", &status->streamed);
	add_seconds(object, "BinlogStreamerLag", status->streamer_lag_s, whole);
	add_seconds(object, "BinlogWriterLag", status->writer_lag_s, false);
	cJSON_AddBoolToObject(object, "Throttled", status->is_paused);
	add_seconds(object, "TargetBinlogStreamerLag", 0, false);
	json_add_u64(object, "ActiveDataIterators", active_tables(status));
	cJSON_AddStringToObject(object, "VerifierType",
				status->has_verifier ? status->verifier.type : "");
	add_verifier_message(object, status);
	add_position(object, "FinalBinlogPos", &status->final);
	json_add_u64(object, "PaginationKeysPerSecond", (uint64_t)seconds(estimate->rows_per_s));
	add_seconds(object, "ETA", estimate->eta_s, whole);
	add_seconds(object, "TimeTaken", time_taken(view), whole);
}

static void print_and_delete(struct buf *out, cJSON *object)
{
	json_print(out, object, 0);
	cJSON_Delete(object);
}

void progress_json_write(struct buf *out, const struct status_view *view)
{
	cJSON *object = cJSON_CreateObject();

	assert(object);
	add_progress(object, view, false);
	print_and_delete(out, object);
}

/* Sorts indexes, thus no hidden context for qsort(). */
struct table_rank {
	int action;
	const char *name;
	size_t index;
};

static int action_rank(const char *action)
{
	static const char *const order[] = { "completed", "copying", "waiting" };
	int rank = 0;

	while (rank < (int)ARRAY_LEN(order) && strcmp(action, order[rank]) != 0)
		rank++;
	return rank;
}

static int compare_ranks(const void *a, const void *b)
{
	const struct table_rank *x = a, *y = b;

	return x->action != y->action ? x->action - y->action : strcmp(x->name, y->name);
}

size_t *status_table_order(const struct ferry_status *status)
{
	struct table_rank *ranks = mem_calloc(status->table_count + 1, sizeof(*ranks));
	size_t *order = mem_calloc(status->table_count + 1, sizeof(*order));

	for (size_t i = 0; i < status->table_count; i++)
		ranks[i] = (struct table_rank){ action_rank(status->tables[i].action),
						status->tables[i].name, i };
	qsort(ranks, status->table_count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < status->table_count; i++)
		order[i] = ranks[i].index;
	free(ranks);
	return order;
}

static void add_table_statuses(cJSON *object, const struct ferry_status *status)
{
	cJSON *array = cJSON_AddArrayToObject(object, "TableStatuses");
	size_t *order = status_table_order(status);

	for (size_t i = 0; i < status->table_count; i++) {
		const struct ferry_table_status *table = &status->tables[order[i]];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToArray(array, item);
		cJSON_AddStringToObject(item, "TableName", table->name);
		cJSON_AddStringToObject(item, "PaginationKeyName",
					table->key_column ? table->key_column : "");
		cJSON_AddStringToObject(item, "Status", table->action);
		cJSON_AddItemToObject(item, "LastSuccessfulPaginationKey",
				      key_json(table, &table->last_key, true));
		cJSON_AddItemToObject(item, "TargetPaginationKey",
				      key_json(table, &table->target_key, true));
		json_add_u64(item, "BatchSize", table->batch_rows);
	}
	free(order);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *database_name(const struct ferry_table_status *table)
{
	if (table->key_columns && table->key_columns->table)
		return mem_strdup(table->key_columns->table->schema);
	return mem_memdup(table->name, strcspn(table->name, "."));
}

/* Sorted and without repetition; takes the texts. */
static void add_names(cJSON *object, const char *key, char **names, size_t count)
{
	cJSON *array = cJSON_AddArrayToObject(object, key);

	qsort(names, count, sizeof(*names), compare_texts);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			cJSON_AddItemToArray(array, cJSON_CreateString(names[i]));
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void add_all_names(cJSON *object, const struct ferry_status *status)
{
	char **tables = mem_calloc(status->table_count + 1, sizeof(*tables));
	char **databases = mem_calloc(status->table_count + 1, sizeof(*databases));

	for (size_t i = 0; i < status->table_count; i++) {
		tables[i] = mem_strdup(status->tables[i].name);
		databases[i] = database_name(&status->tables[i]);
	}
	add_names(object, "AllTableNames", tables, status->table_count);
	add_names(object, "AllDatabaseNames", databases, status->table_count);
}

static void add_verifier_result(cJSON *object, const struct verifier_status *verifier)
{
	cJSON *result = cJSON_AddObjectToObject(object, "VerificationResult");
	cJSON *tables;

	cJSON_AddBoolToObject(result, "DataCorrect",
			      verifier->result == VERIFICATION_EQUAL);
	cJSON_AddStringToObject(result, "Message", verifier->message);
	json_add_u64(result, "RepairedRows", verifier->repaired);
	if (verifier->incorrect_count == 0) {
		cJSON_AddNullToObject(result, "IncorrectTables");
		return;
	}
	tables = cJSON_AddArrayToObject(result, "IncorrectTables");
	for (size_t i = 0; i < verifier->incorrect_count; i++)
		cJSON_AddItemToArray(tables, cJSON_CreateString(verifier->incorrect_tables[i]));
}

static void add_verifier(cJSON *object, const struct verifier_status *verifier)
{
	cJSON_AddTrueToObject(object, "VerifierSupport");
	cJSON_AddBoolToObject(object, "VerifierAvailable", verifier->is_available);
	cJSON_AddBoolToObject(object, "VerificationStarted",
			      verifier->result != VERIFICATION_NONE);
	cJSON_AddBoolToObject(object, "VerificationDone",
			      verifier->result > VERIFICATION_RUNNING);
	add_verifier_result(object, verifier);
	if (verifier->result == VERIFICATION_FAILED)
		cJSON_AddStringToObject(object, "VerificationErr", verifier->message);
	else
		cJSON_AddNullToObject(object, "VerificationErr");
}

/* Without a verifier: what Ghostferry says then. */
static void add_verification(cJSON *object, const struct ferry_status *status)
{
	cJSON *result;

	if (status->has_verifier) {
		add_verifier(object, &status->verifier);
		return;
	}
	cJSON_AddFalseToObject(object, "VerifierSupport");
	cJSON_AddFalseToObject(object, "VerifierAvailable");
	cJSON_AddFalseToObject(object, "VerificationStarted");
	cJSON_AddFalseToObject(object, "VerificationDone");
	result = cJSON_AddObjectToObject(object, "VerificationResult");
	cJSON_AddFalseToObject(result, "DataCorrect");
	cJSON_AddStringToObject(result, "Message", "");
	cJSON_AddNullToObject(result, "IncorrectTables");
	cJSON_AddNullToObject(object, "VerificationErr");
}

static void add_script(cJSON *all, const struct scripts *scripts, size_t index)
{
	struct script_status status;
	struct buf output = BUF_INIT;
	cJSON *object;

	scripts_status(scripts, index, &status);
	scripts_output(scripts, index, &output);
	object = cJSON_AddObjectToObject(all, status.name);
	cJSON_AddStringToObject(object, "Name", status.name);
	cJSON_AddStringToObject(object, "Status", status.text);
	cJSON_AddStringToObject(object, "Logs", buf_text(&output));
	json_add_i64(object, "ExitCode", status.exit_code);
	cJSON_AddBoolToObject(object, "Running", status.is_running);
	buf_release(&output);
}

static void add_scripts(cJSON *object, const struct scripts *scripts)
{
	cJSON *all;

	if (scripts_count(scripts) == 0) {
		cJSON_AddNullToObject(object, "CustomScriptStatuses");
		return;
	}
	all = cJSON_AddObjectToObject(object, "CustomScriptStatuses");
	for (size_t i = 0; i < scripts_count(scripts); i++)
		add_script(all, scripts, i);
}

static void add_time(cJSON *object, const char *name, double wall)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(wall, text);
	cJSON_AddStringToObject(object, name, text);
}

/* Tables without any are not named. */
static void add_late_rows(cJSON *object, const struct ferry_status *status)
{
	cJSON *late = cJSON_AddObjectToObject(object, "RowsBehindFinalBinlogPos");

	for (size_t i = 0; i < status->table_count; i++)
		if (status->tables[i].late_rows > 0)
			json_add_u64(late, status->tables[i].name, status->tables[i].late_rows);
}

void status_json_write(struct buf *out, const struct status_view *view)
{
	const struct ferry_status *status = view->status;
	cJSON *object = cJSON_CreateObject();

	assert(object);
	add_progress(object, view, true);
	cJSON_AddStringToObject(object, "GhostferryVersion", version_text);
	cJSON_AddStringToObject(object, "SourceHostPort", status->source_address);
	cJSON_AddStringToObject(object, "TargetHostPort", status->target_address);
	cJSON_AddStringToObject(object, "OverallState", phase_name(status->phase));
	add_time(object, "StartTime", status->start_time);
	add_time(object, "CurrentTime", view->now);
	cJSON_AddBoolToObject(object, "AutomaticCutover", status->automatic_cutover);
	cJSON_AddBoolToObject(object, "BinlogStreamerStopRequested", status->stop_requested);
	json_add_u64(object, "CompletedTableCount", status->completed_count);
	json_add_u64(object, "TotalTableCount", status->table_count);
	add_table_statuses(object, status);
	add_all_names(object, status);
	add_verification(object, status);
	add_scripts(object, view->scripts);
	/* Not in Ghostferry: why nothing seems to move, or not any faster. */
	json_add_u64(object, "TargetDeadlocks", status->deadlocks);
	json_add_u64(object, "TargetLockWaits", status->lock_waits);
	cJSON_AddStringToObject(object, "LimitedBy", side_name(status->limit));
	cJSON_AddStringToObject(object, "WaitingFor", status->waiting_for);
	add_late_rows(object, status);
	print_and_delete(out, object);
}
