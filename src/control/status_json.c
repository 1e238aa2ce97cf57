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
#include "state/state_key.h"

/* As in the state, but for integers; a value without bytes is the smallest. */
static cJSON *value_json(const struct column *column, const struct value *value)
{
	struct buf text = BUF_INIT;
	cJSON *object;

	if (saved_kind_of(column) != SAVED_INTEGER)
		return saved_value_write(column, *value);
	object = cJSON_CreateObject();
	/* The server may pad digits with zeros, which JSON does not allow. */
	buf_add(&text, value->bytes, value->length);
	if (*buf_text(&text) == '-') {
		cJSON_AddStringToObject(object, "type", "int");
		json_add_i64(object, "value", strtoll(buf_text(&text), NULL, 10));
	} else {
		cJSON_AddStringToObject(object, "type", "uint64");
		json_add_u64(object, "value", strtoull(buf_text(&text), NULL, 10));
	}
	buf_release(&text);
	return object;
}

static const struct column *key_column(const struct key_columns *columns, unsigned index)
{
	return &columns->table->columns[columns->columns[index]];
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

/* or_smallest: for a key that is not set. */
static cJSON *key_json(const struct ferry_table_status *table, const struct key *key,
		       bool or_smallest)
{
	const struct key_columns *columns = table->key_columns;
	static const struct value none = { "", 0 };
	cJSON *object;

	if (!columns || !columns->table || columns->count == 0)
		return cJSON_CreateNull();
	if (key->is_set && key->count != columns->count)
		return cJSON_CreateNull();
	if (columns->count == 1 && (key->is_set || or_smallest)) {
		object = value_json(key_column(columns, 0), key->is_set ? &key->values[0] : &none);
		cJSON_AddStringToObject(object, "column", key_column(columns, 0)->name);
		return object;
	}
	return key->is_set ? composite_json(columns, key) : cJSON_CreateNull();
}

static void add_position(cJSON *object, const char *name, const struct binlog_position *position)
{
	cJSON *item = cJSON_AddObjectToObject(object, name);

	cJSON_AddStringToObject(item, "Name", position->file);
	json_add_u64(item, "Pos", position->offset);
}

static double seconds(double value)
{
	return isfinite(value) && value > 0 ? value : 0;
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
		cJSON_AddStringToObject(item, "CurrentAction", table_action_name(table->action));
		json_add_u64(item, "RowsWritten", table->rows_written);
		json_add_u64(item, "BatchSize", table->batch_rows);
		json_add_u64(item, "BytesWritten", table->bytes_written);
		/* Only where it applies: Ghostferry has none of it. */
		if (table->is_recopied)
			cJSON_AddTrueToObject(item, "IsCopiedAgain");
		if (table->deferred_indexes)
			json_add_u64(item, "DeferredIndexes", table->deferred_indexes);
		if (table->indexing_since > 0)
			json_add_u64(item, "IndexingSeconds",
				     (uint64_t)(clock_ms() - table->indexing_since) / 1000);
	}
}

static void add_seconds(cJSON *object, const char *name, double value, bool whole)
{
	if (whole)
		json_add_u64(object, name, (uint64_t)seconds(value));
	else
		cJSON_AddNumberToObject(object, name, seconds(value));
}

/* whole: Ghostferry's status has these times without fraction. */
static void add_progress(cJSON *object, const struct status_view *view, bool whole)
{
	const struct ferry_status *status = view->status;
	const struct estimate *estimate = view->estimate;
	char message[96] = "";
	uint64_t active = 0;

	for (size_t i = 0; i < status->table_count; i++)
		active += table_action_is_copy(status->tables[i].action);
	if (status->has_verifier)
		snprintf(message, sizeof(message),
			 "currentRowCount = %" PRIu64 ", currentEntryCount = %" PRIu64,
			 status->verifier.queued, status->verifier.queued);
	cJSON_AddStringToObject(object, "CurrentState", phase_name(status->phase));
	cJSON_AddStringToObject(object, "CustomPayload",
				view->custom_payload ? view->custom_payload : "");
	add_position(object, "LastSuccessfulBinlogPos", &status->streamed);
	add_seconds(object, "BinlogStreamerLag", status->streamer_lag_s, whole);
	add_seconds(object, "BinlogWriterLag", status->writer_lag_s, false);
	/* Of limits per second it is the rate that says so. */
	cJSON_AddBoolToObject(object, "Throttled",
			      status->throttle_reason > THROTTLE_NONE &&
				      status->throttle_reason < THROTTLE_ROWS);
	add_seconds(object, "TargetBinlogStreamerLag", 0, false);
	json_add_u64(object, "ActiveDataIterators", active);
	cJSON_AddStringToObject(object, "VerifierType",
				status->has_verifier ? status->verifier.type : "");
	cJSON_AddStringToObject(object, "VerifierMessage", message);
	add_position(object, "FinalBinlogPos", &status->final);
	json_add_u64(object, "PaginationKeysPerSecond", (uint64_t)seconds(estimate->rows_per_s));
	/* Ghostferry's callbacks have 0 where the time left is not known. */
	if (whole && (estimate->eta_s < 0 || status->is_paused))
		cJSON_AddNullToObject(object, "ETA");
	else
		add_seconds(object, "ETA", estimate->eta_s, whole);
	add_seconds(object, "TimeTaken", ferry_run_s(status), whole);
}

void progress_json_write(struct buf *out, const struct status_view *view)
{
	cJSON *object = cJSON_CreateObject();

	assert(object);
	add_progress(object, view, false);
	add_tables(object, view->status);
	json_print(out, object, 0);
	cJSON_Delete(object);
}

/* Sorts indexes, thus no hidden context for qsort(). */
struct table_rank {
	enum table_action action;
	const char *name;
	size_t index;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct table_rank *x = a, *y = b;

	return x->action != y->action ? (int)y->action - (int)x->action : strcmp(x->name, y->name);
}

/* Indexes of the tables: completed ones first, waiting ones last, by name within. Caller frees. */
static size_t *status_table_order(const struct ferry_status *status)
{
	struct table_rank *ranks = mem_calloc(status->table_count + 1, sizeof(*ranks));
	size_t *order = mem_calloc(status->table_count + 1, sizeof(*order));

	for (size_t i = 0; i < status->table_count; i++)
		ranks[i] =
			(struct table_rank){ status->tables[i].action, status->tables[i].name, i };
	qsort(ranks, status->table_count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < status->table_count; i++)
		order[i] = ranks[i].index;
	free(ranks);
	return order;
}

static cJSON *table_json(const struct ferry_table_status *table)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "TableName", table->name);
	cJSON_AddStringToObject(item, "PaginationKeyName",
				table->key_column ? table->key_column : "");
	cJSON_AddStringToObject(item, "Status", table_action_name(table->action));
	cJSON_AddItemToObject(item, "LastSuccessfulPaginationKey",
			      key_json(table, &table->last_key, true));
	cJSON_AddItemToObject(item, "TargetPaginationKey",
			      key_json(table, &table->target_key, true));
	json_add_u64(item, "BatchSize", table->batch_rows);
	/* Not in Ghostferry. */
	json_add_u64(item, "RowsWritten", table->rows_written);
	json_add_u64(item, "BytesWritten", table->bytes_written);
	json_add_u64(item, "EstimatedRows", table->estimated_rows);
	json_add_u64(item, "EstimatedBytes", table->estimated_bytes);
	cJSON_AddNumberToObject(item, "Fraction", estimate_table_fraction(table));
	return item;
}

void status_json_table(struct buf *out, const struct status_view *view, size_t index)
{
	cJSON *item = table_json(&view->status->tables[index]);

	json_print(out, item, 0);
	cJSON_Delete(item);
}

static void add_table_statuses(cJSON *object, const struct status_view *view)
{
	const struct ferry_status *status = view->status;
	cJSON *array = cJSON_AddArrayToObject(object, "TableStatuses");
	size_t *order = status_table_order(status);

	for (size_t i = 0; i < status->table_count; i++)
		cJSON_AddItemToArray(array, table_json(&status->tables[order[i]]));
	free(order);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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
		const struct key_columns *columns = status->tables[i].key_columns;

		tables[i] = mem_strdup(status->tables[i].name);
		databases[i] = columns && columns->table ?
				       mem_strdup(columns->table->schema) :
				       mem_memdup(tables[i], strcspn(tables[i], "."));
	}
	add_names(object, "AllTableNames", tables, status->table_count);
	add_names(object, "AllDatabaseNames", databases, status->table_count);
}

/* Tables that differ, [] when none does; null before that is known. And of their rows the
 * first, each with its key. */
static void add_findings(cJSON *result, const struct verifier_status *verifier)
{
	cJSON *array;

	if (verifier->result != VERIFICATION_EQUAL && verifier->result != VERIFICATION_DIFFERENT) {
		cJSON_AddNullToObject(result, "IncorrectTables");
		return;
	}
	array = cJSON_AddArrayToObject(result, "IncorrectTables");
	for (size_t i = 0; i < verifier->incorrect_count; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(verifier->incorrect_tables[i]));
	json_add_u64(result, "DifferentRows", verifier->different_rows);
	array = cJSON_AddArrayToObject(result, "Findings");
	for (size_t i = 0; i < verifier->finding_count; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToArray(array, item);
		cJSON_AddStringToObject(item, "Table", verifier->findings[i].table);
		cJSON_AddStringToObject(item, "Key", verifier->findings[i].key);
		cJSON_AddStringToObject(item, "Kind", verifier->findings[i].kind);
	}
}

/* Without a verifier: what Ghostferry says then. */
static void add_verification(cJSON *object, const struct ferry_status *status)
{
	static char no_message[] = "";
	const struct verifier_status none = { .message = no_message };
	const struct verifier_status *verifier = status->has_verifier ? &status->verifier : &none;
	cJSON *result;

	cJSON_AddBoolToObject(object, "VerifierSupport", status->has_verifier);
	cJSON_AddBoolToObject(object, "VerifierAvailable", verifier->is_available);
	cJSON_AddBoolToObject(object, "VerificationStarted", verifier->result != VERIFICATION_NONE);
	cJSON_AddBoolToObject(object, "VerificationDone", verifier->result > VERIFICATION_RUNNING);
	result = cJSON_AddObjectToObject(object, "VerificationResult");
	cJSON_AddBoolToObject(result, "DataCorrect", verifier->result == VERIFICATION_EQUAL);
	cJSON_AddStringToObject(result, "Message", verifier->message);
	if (status->has_verifier)
		json_add_u64(result, "RepairedRows", verifier->repaired);
	add_findings(result, verifier);
	if (verifier->result == VERIFICATION_FAILED)
		cJSON_AddStringToObject(object, "VerificationErr", verifier->message);
	else
		cJSON_AddNullToObject(object, "VerificationErr");
}

static void add_scripts(cJSON *object, const struct scripts *scripts)
{
	cJSON *all;

	if (scripts_count(scripts) == 0) {
		cJSON_AddNullToObject(object, "CustomScriptStatuses");
		return;
	}
	all = cJSON_AddObjectToObject(object, "CustomScriptStatuses");
	for (size_t i = 0; i < scripts_count(scripts); i++) {
		struct script_status status;
		struct buf output = BUF_INIT;
		cJSON *item;

		scripts_status(scripts, i, &status);
		scripts_output(scripts, i, &output);
		item = cJSON_AddObjectToObject(all, status.name);
		cJSON_AddStringToObject(item, "Name", status.name);
		cJSON_AddStringToObject(item, "Status", status.text);
		cJSON_AddStringToObject(item, "Logs", buf_text(&output));
		json_add_i64(item, "ExitCode", status.exit_code);
		cJSON_AddBoolToObject(item, "Running", status.is_running);
		buf_release(&output);
	}
}

static void add_time(cJSON *object, const char *name, double wall)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(wall, text);
	cJSON_AddStringToObject(object, name, text);
}

static void add_work(cJSON *object, const char *key, const int64_t *us,
		     const struct work_name *names)
{
	cJSON *item = cJSON_AddObjectToObject(object, key);

	for (size_t i = 0; i < WORK_COUNT; i++)
		if (names[i].status)
			json_add_i64(item, names[i].status, us[i] / 1000);
}

/* Not in Ghostferry: the figures of the whole run. What was written, received and applied is
 * that of this process, what was copied that of all processes of the run. */
static void add_totals(cJSON *object, const struct status_view *view)
{
	const struct ferry_status *status = view->status;
	uint64_t rows, bytes;
	cJSON *states;

	estimate_totals(status, &rows, &bytes);
	add_position(object, "AppliedBinlogPos", &status->applied);
	cJSON_AddBoolToObject(object, "WayBack", status->is_way_back);
	add_position(object, "WayBackBinlogPos", &status->way_back);
	json_add_u64(object, "ChangesReceived", status->changes_received);
	json_add_u64(object, "ChangesApplied", status->changes_applied);
	json_add_u64(object, "ChangesQueued", status->queued_changes);
	json_add_u64(object, "QueuedBytes", status->queued_bytes);
	json_add_u64(object, "RowsWritten", status->rows_written);
	json_add_u64(object, "BytesWritten", status->bytes_written);
	json_add_u64(object, "BatchesWritten", status->batches_written);
	json_add_u64(object, "CopiedRows", view->estimate->done.rows);
	json_add_u64(object, "CopiedBytes", view->estimate->done.bytes);
	json_add_u64(object, "EstimatedRows", rows);
	json_add_u64(object, "EstimatedBytes", bytes);
	cJSON_AddNumberToObject(object, "Fraction", view->estimate->fraction);
	cJSON_AddNumberToObject(object, "BytesPerSecond", view->estimate->bytes_per_s);
	states = cJSON_AddObjectToObject(object, "SecondsPerState");
	for (int i = 0; i < PHASE_COUNT; i++)
		cJSON_AddNumberToObject(states, phase_name((enum phase)i), status->phase_s[i]);
	cJSON_AddNumberToObject(object, "PausedSeconds", status->throttled_s[THROTTLE_PAUSE]);
}

static void add_throttling(cJSON *object, const struct ferry_status *status)
{
	cJSON *seconds;

	cJSON_AddBoolToObject(object, "Paused", status->is_paused);
	cJSON_AddStringToObject(object, "ThrottledBy",
				throttle_reason_name(status->throttle_reason));
	cJSON_AddStringToObject(object, "ThrottledBecause", status->throttle_text);
	seconds = cJSON_AddObjectToObject(object, "ThrottledSeconds");
	for (int i = THROTTLE_PAUSE; i < THROTTLE_REASONS; i++)
		cJSON_AddNumberToObject(seconds, throttle_reason_name((enum throttle_reason)i),
					status->throttled_s[i]);
}

/* Not in Ghostferry: why nothing seems to move, or not any faster. */
static void add_obstacles(cJSON *object, const struct ferry_status *status)
{
	static const char *const side_names[] = {
		[SLOWER_NONE] = "",
		[SLOWER_SOURCE] = "source",
		[SLOWER_TARGET] = "target",
	};
	cJSON *late;

	add_throttling(object, status);
	json_add_u64(object, "TargetDeadlocks", status->deadlocks);
	json_add_u64(object, "TargetLockWaits", status->lock_waits);
	cJSON_AddStringToObject(object, "LimitedBy", side_names[status->limit]);
	cJSON_AddStringToObject(object, "WaitingFor", status->waiting_for);
	add_work(object, "SourceTimeMs", status->work.us[WORK_ON_SOURCE],
		 work_names[WORK_ON_SOURCE]);
	add_work(object, "TargetTimeMs", status->work.us[WORK_ON_TARGET],
		 work_names[WORK_ON_TARGET]);
	late = cJSON_AddObjectToObject(object, "RowsBehindFinalBinlogPos");
	for (size_t i = 0; i < status->table_count; i++)
		if (status->tables[i].late_rows > 0)
			json_add_u64(late, status->tables[i].name, status->tables[i].late_rows);
	if (*status->failure)
		cJSON_AddStringToObject(object, "Failure", status->failure);
	else
		cJSON_AddNullToObject(object, "Failure");
}

static void add_overall(cJSON *object, const struct status_view *view)
{
	const struct ferry_status *status = view->status;

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
	add_verification(object, status);
	add_scripts(object, view->scripts);
	/* Not in Ghostferry: where this is served, which a port of 0 leaves open. */
	cJSON_AddStringToObject(object, "ControlServerAddress", view->address ? view->address : "");
	add_obstacles(object, status);
	add_totals(object, view);
}

void status_json_write(struct buf *out, const struct status_view *view)
{
	cJSON *object = cJSON_CreateObject();

	assert(object);
	add_overall(object, view);
	add_tables(object, view->status);
	add_table_statuses(object, view);
	add_all_names(object, view->status);
	json_print(out, object, 0);
	cJSON_Delete(object);
}

void status_json_overall(struct buf *out, const struct status_view *view)
{
	cJSON *object = cJSON_CreateObject();

	assert(object);
	add_overall(object, view);
	json_print(out, object, 0);
	cJSON_Delete(object);
}
