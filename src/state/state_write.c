/* The text is made of a copy of the tracker's state, so a slow dump never holds up a writer.
 * The schema's part does not change and is made once. */
#include "state/state_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_sum.h"
#include "base/mem.h"
#include "base/version.h"
#include "state/state_key.h"
#include "state/state_read.h"

enum { STATE_INDENT = 1 };

static const char checksum_key[] = "StateChecksum";

/* What goes with it beyond Ghostferry's two members is left out where it is unknown. */
static cJSON *add_position(cJSON *object, const char *name, const struct binlog_position *position)
{
	cJSON *added = cJSON_AddObjectToObject(object, name);

	cJSON_AddStringToObject(added, "Name", position->file);
	json_add_u64(added, "Pos", position->offset);
	if (position->file_created)
		json_add_u64(added, "FileCreated", position->file_created);
	return added;
}

static void add_gtids(cJSON *object, const char *key, const struct gtid_set *set)
{
	struct buf text = BUF_INIT;

	gtid_set_print(&text, set);
	cJSON_AddStringToObject(object, key, buf_text(&text));
	buf_release(&text);
}

static void add_copy_stage(cJSON *state, const struct run_state *copy)
{
	cJSON *stage = cJSON_AddObjectToObject(state, "CopyStage");
	cJSON *position = add_position(stage, "LastProcessedBinlogPosition", &copy->position);

	if (copy->has_gtids)
		add_gtids(position, "GTIDSet", &copy->applied);
	if (binlog_position_is_set(&copy->watched))
		add_position(stage, "LastStoredBinlogPositionForTargetVerifier", &copy->watched);

	cJSON *keys = cJSON_AddObjectToObject(stage, "LastSuccessfulPaginationKeys");
	cJSON *completed = cJSON_AddObjectToObject(stage, "CompletedTables");

	for (size_t i = 0; i < copy->table_count; i++) {
		const struct table_state *t = &copy->tables[i];
		const char *name = t->table->source->full_name;

		if (t->copied_up_to.is_set)
			cJSON_AddItemToObject(keys, name,
					      saved_key_write(&t->table->key, &t->copied_up_to));
		if (t->is_complete)
			cJSON_AddTrueToObject(completed, name);
	}
}

/* Not of tables without a key: those are copied from scratch. */
static void add_copied(cJSON *state, const struct run_state *copy)
{
	cJSON *tables = cJSON_AddObjectToObject(state, "CopiedRows");

	for (size_t i = 0; i < copy->table_count; i++) {
		const struct table_state *t = &copy->tables[i];
		cJSON *item;

		if (t->is_uncounted || t->table->key.count == 0 ||
		    !(t->copied_up_to.is_set || t->is_complete))
			continue;
		item = cJSON_AddObjectToObject(tables, t->table->source->full_name);
		json_add_u64(item, "Rows", t->copied.rows);
		json_add_u64(item, "Bytes", t->copied.bytes);
	}
}

static void add_deferred(cJSON *state, const struct run_state *copy)
{
	cJSON *deferred = NULL;

	for (size_t i = 0; i < copy->table_count; i++) {
		const struct table_state *t = &copy->tables[i];
		const struct table *table = t->table->source;
		cJSON *names;

		if (!t->deferred)
			continue;
		if (!deferred)
			deferred = cJSON_AddObjectToObject(state, "DeferredIndexes");
		names = cJSON_AddArrayToObject(deferred, table->full_name);
		for (unsigned n = 0; n < table->index_count && n < DEFERRED_INDEXES_MAX; n++)
			if (t->deferred >> n & 1)
				cJSON_AddItemToArray(names,
						     cJSON_CreateString(table->indexes[n].name));
	}
}

static void add_filters(cJSON *state, const struct run_state *copy)
{
	cJSON *filters = NULL;

	for (size_t i = 0; i < copy->table_count; i++) {
		const struct moved_table *t = copy->tables[i].table;

		if (!t->where)
			continue;
		if (!filters)
			filters = cJSON_AddObjectToObject(state, "RowFilters");
		cJSON_AddStringToObject(filters, t->source->full_name, t->where);
	}
}

/* Beyond Ghostferry's layout: readers of that pass over unknown keys. */
static void add_own_keys(cJSON *state, const struct run_state *copy)
{
	cJSON *recopied = recopies_json(&copy->recopies, &copy->position, &copy->watched);

	json_add_u64(state, "StateFormat", recopied ? STATE_FORMAT_RECOPIED : STATE_FORMAT);
	if (recopied)
		cJSON_AddItemToObject(state, "Recopied", recopied);
	cJSON_AddStringToObject(state, "RunID", copy->run_id);
	cJSON_AddStringToObject(state, "SourceServerUUID", copy->source_uuid);
	if (copy->has_gtids)
		add_gtids(state, "ReceivedGTIDSet", &copy->received);
	if (binlog_position_is_set(&copy->position) && binlog_position_is_set(&copy->streamed) &&
	    binlog_position_compare(&copy->streamed, &copy->position) > 0)
		add_position(state, "StreamedBinlogPosition", &copy->streamed);
	json_add_u64(state, "TargetLockCount", copy->lock_count);
	if (copy->source_started)
		json_add_u64(state, "SourceStarted", copy->source_started);
	if (copy->cutover_unlocked)
		cJSON_AddTrueToObject(state, "CutoverUnlockCalled");

	cJSON *key_columns = cJSON_AddObjectToObject(state, "PaginationKeyColumns");

	for (size_t i = 0; i < copy->table_count; i++) {
		const struct moved_table *t = copy->tables[i].table;

		cJSON_AddItemToObject(key_columns, t->source->full_name,
				      saved_key_column_names(&t->key));
	}
	add_copied(state, copy);
	add_deferred(state, copy);
	add_filters(state, copy);
}

/* schema: what stands in the state as a text; NULL: nothing does. */
static uint64_t members_sum(const cJSON *state, const struct state_schema *schema)
{
	uint64_t members = 0;

	for (const cJSON *node = state->child; node; node = node->next)
		if (strcmp(node->string, checksum_key) != 0)
			members +=
				json_sum_member(node->string,
						schema && cJSON_IsRaw(node) &&
								node->valuestring == schema->text ?
							schema->sum :
							json_sum(node));
	return json_sum_object(members);
}

uint64_t state_sum(const cJSON *state)
{
	return members_sum(state, NULL);
}

/* The number of the save is of what the rest says, the checksum of all. */
static void add_line_and_checksum(cJSON *state, struct state_tracker *tracker, uint64_t snapshot,
				  const struct state_schema *schema)
{
	struct state_line line = STATE_LINE_INIT;
	char text[17];

	state_tracker_line(tracker, snapshot, members_sum(state, schema), &line);
	cJSON_AddItemToObject(state, "StateLine", state_line_json(&line));
	state_line_release(&line);
	snprintf(text, sizeof(text), "%016" PRIx64, members_sum(state, schema));
	cJSON_AddStringToObject(state, checksum_key, text);
}

void state_write(struct buf *out, struct state_tracker *tracker, const struct run_state *snapshot,
		 const struct state_parts *parts)
{
	cJSON *state = cJSON_CreateObject(), *schema = NULL;

	cJSON_AddStringToObject(state, "GhostferryVersion", version_text);
	if (parts->schema) {
		/* The text is borrowed, not copied: it may have many megabytes. */
		schema = cJSON_CreateStringReference(parts->schema->text);
		schema->type = cJSON_Raw | cJSON_IsReference;
	}
	cJSON_AddItemToObject(state, "LastKnownTableSchemaCache",
			      schema ? schema : cJSON_CreateNull());
	cJSON_AddStringToObject(state, "CurrentStage", phase_stage(snapshot->phase));
	add_copy_stage(state, snapshot);
	cJSON_AddItemToObject(state, "VerifierStage",
			      parts->verification ? parts->verification : cJSON_CreateNull());
	add_own_keys(state, snapshot);
	if (parts->owed_rows)
		cJSON_AddItemToObject(state, "OwedRows", parts->owed_rows);
	if (parts->cascades)
		cJSON_AddItemToObject(state, "Cascades", parts->cascades);
	if (parts->way_back)
		cJSON_AddItemToObject(state, "WayBack", parts->way_back);
	add_line_and_checksum(state, tracker, snapshot->snapshot, parts->schema);
	json_print(out, state, STATE_INDENT);
	cJSON_Delete(state);
}

static bool is_compared(const cJSON *table)
{
	const cJSON *stage = cJSON_GetObjectItemCaseSensitive(table, "Stage");

	return cJSON_IsString(stage) && strcmp(stage->valuestring, "compared") == 0;
}

static bool holds_text(const cJSON *array, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array) if (cJSON_IsString(item) &&
					    strcmp(item->valuestring, text) == 0) return true;
	return false;
}

/* Where the two do not both name single rows, all of the table are looked for. */
static void owe_table(cJSON *tables, const char *name, cJSON *more)
{
	cJSON *known = cJSON_GetObjectItemCaseSensitive(tables, name);
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(known, "Rows");
	const cJSON *row;

	if (known && is_compared(known) && is_compared(more)) {
		cJSON_ArrayForEach(row,
				   cJSON_GetObjectItemCaseSensitive(
					   more, "Rows")) if (!holds_text(rows, row->valuestring))
			cJSON_AddItemToArray(rows, cJSON_CreateString(row->valuestring));
		cJSON_Delete(more);
		return;
	}
	if (known) {
		cJSON_DeleteItemFromObjectCaseSensitive(tables, name);
		cJSON_ReplaceItemInObjectCaseSensitive(more, "Stage",
						       cJSON_CreateString("uncompared"));
		cJSON_ReplaceItemInObjectCaseSensitive(more, "Rows", cJSON_CreateArray());
		cJSON_DeleteItemFromObjectCaseSensitive(more, "ComparedUpTo");
	}
	cJSON_AddItemToObject(tables, name, more);
}

void state_write_again(struct buf *out, struct state_tracker *tracker, const struct buf *text,
		       cJSON *owed)
{
	struct error err = ERROR_INIT;
	cJSON *state = owed->child ? json_parse(text->data, text->length, &err) : NULL;

	if (!state) {
		assert(!owed->child); /* it is our own text */
		buf_add(out, text->data, text->length);
		cJSON_Delete(owed);
		return;
	}
	cJSON *tables = cJSON_GetObjectItemCaseSensitive(state, "OwedRows");

	while (owed->child) {
		cJSON *more = cJSON_DetachItemViaPointer(owed, owed->child);
		char *name = mem_strdup(more->string);

		owe_table(tables, name, more);
		free(name);
	}
	cJSON_Delete(owed);
	cJSON_DeleteItemFromObjectCaseSensitive(state, "StateLine");
	cJSON_DeleteItemFromObjectCaseSensitive(state, checksum_key);
	add_line_and_checksum(state, tracker, 0, NULL);
	json_print(out, state, STATE_INDENT);
	cJSON_Delete(state);
}
