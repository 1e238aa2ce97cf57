/* Writing the state. The lock is held while a few values and keys are copied; the
 * text is made of the copy, so a slow dump never holds up a writer. The schema's part
 * does not change and is made once. */
#include "state/state_write.h"

#include <assert.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_sum.h"
#include "base/mem.h"
#include "base/version.h"
#include "state/state_key.h"

enum { STATE_FORMAT = 1, STATE_INDENT = 1 };

static const char checksum_key[] = "StateChecksum";

struct snapshot {
	uint64_t number;
	enum phase phase;
	struct binlog_position position;
	struct binlog_position watched;
	struct binlog_position streamed;
	bool cutover_unlocked;
	bool has_gtids;
	struct gtid_set applied;
	struct gtid_set received;
	char run_id[RUN_ID_SIZE];
	struct state_line line; /* owned; its last step is added when the text is made */
	char source_uuid[64];
	unsigned lock_count;
	uint64_t source_started;
	struct table_state *tables; /* owned, with keys of its own */
	size_t table_count;
};

static void copy_table(struct table_state *to, const struct table_state *from)
{
	*to = *from;
	to->copied_up_to = (struct key)KEY_INIT;
	key_copy(&to->copied_up_to, &from->copied_up_to);
}

static void take_snapshot(struct state_tracker *s, struct snapshot *copy)
{
	memset(copy, 0, sizeof(*copy));
	mutex_lock(&s->lock);
	copy->number = ++s->snapshots;
	state_line_copy(&copy->line, &s->ancestors);
	copy->phase = s->phase;
	if (s->has_position)
		copy->position = s->position;
	copy->watched = s->watched;
	if (s->has_position && binlog_position_is_set(&s->streamed) &&
	    binlog_position_compare(&s->streamed, &s->position) > 0)
		copy->streamed = s->streamed;
	copy->cutover_unlocked = s->cutover_unlocked;
	copy->has_gtids = s->has_gtids;
	gtid_set_copy(&copy->applied, &s->applied);
	gtid_set_copy(&copy->received, &s->received);
	memcpy(copy->run_id, s->run_id, sizeof(copy->run_id));
	memcpy(copy->source_uuid, s->source_uuid, sizeof(copy->source_uuid));
	copy->lock_count = s->lock_count;
	copy->source_started = s->source_started;
	copy->table_count = s->table_count;
	copy->tables = mem_calloc(s->table_count + 1, sizeof(*copy->tables));
	for (size_t i = 0; i < s->table_count; i++)
		copy_table(&copy->tables[i], &s->tables[i]);
	mutex_unlock(&s->lock);
}

static void release_snapshot(struct snapshot *copy)
{
	for (size_t i = 0; i < copy->table_count; i++)
		key_release(&copy->tables[i].copied_up_to);
	free(copy->tables);
	gtid_set_release(&copy->applied);
	gtid_set_release(&copy->received);
	state_line_release(&copy->line);
}

/* Ghostferry's numbers of column types, by COLUMN_TYPE text. */
static uint64_t type_code(const struct column *column)
{
	static const unsigned char codes[COLUMN_TYPE_COUNT] = {
		[COLUMN_UNKNOWN] = 5,	 [COLUMN_TINYINT] = 1,	[COLUMN_SMALLINT] = 1,
		[COLUMN_MEDIUMINT] = 13, [COLUMN_INT] = 1,	[COLUMN_BIGINT] = 1,
		[COLUMN_DECIMAL] = 12,	 [COLUMN_FLOAT] = 2,	[COLUMN_DOUBLE] = 2,
		[COLUMN_BIT] = 10,	 [COLUMN_YEAR] = 1,	[COLUMN_DATE] = 8,
		[COLUMN_TIME] = 9,	 [COLUMN_DATETIME] = 6, [COLUMN_TIMESTAMP] = 7,
		[COLUMN_CHAR] = 5,	 [COLUMN_VARCHAR] = 5,	[COLUMN_BINARY] = 14,
		[COLUMN_VARBINARY] = 14, [COLUMN_TEXT] = 5,	[COLUMN_BLOB] = 5,
		[COLUMN_ENUM] = 3,	 [COLUMN_SET] = 4,	[COLUMN_JSON] = 11,
		[COLUMN_GEOMETRY] = 5,	 [COLUMN_VECTOR] = 5,
	};

	if (column->type == COLUMN_GEOMETRY && strstr(column->raw_type, "point"))
		return 15;
	return codes[column->type];
}

static void add_members(cJSON *object, const char *key, const struct column *column,
			enum column_type type)
{
	cJSON *members;

	if (column->type != type) {
		cJSON_AddNullToObject(object, key);
		return;
	}
	members = cJSON_AddArrayToObject(object, key);
	for (unsigned i = 0; i < column->member_count; i++)
		cJSON_AddItemToArray(members, cJSON_CreateString(column->members[i]));
}

static cJSON *column_json(const struct column *column)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "Name", column->name);
	json_add_u64(object, "Type", type_code(column));
	cJSON_AddStringToObject(object, "Collation", column->collation);
	cJSON_AddStringToObject(object, "RawType", column->raw_type);
	cJSON_AddBoolToObject(object, "IsAuto", column->is_auto_increment);
	cJSON_AddBoolToObject(object, "IsUnsigned", column->is_unsigned);
	cJSON_AddBoolToObject(object, "IsVirtual", column->generation == COLUMN_VIRTUAL);
	cJSON_AddBoolToObject(object, "IsStored", column->generation == COLUMN_STORED);
	add_members(object, "EnumValues", column, COLUMN_ENUM);
	add_members(object, "SetValues", column, COLUMN_SET);
	return object;
}

static cJSON *index_json(const struct table *table, const struct table_index *index)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *columns, *cardinality;

	cJSON_AddStringToObject(object, "Name", index->name);
	columns = cJSON_AddArrayToObject(object, "Columns");
	cardinality = cJSON_AddArrayToObject(object, "Cardinality");
	for (unsigned i = 0; i < index->part_count; i++) {
		unsigned column = index->parts[i].column;
		const char *name = column < table->column_count ? table->columns[column].name : "";

		cJSON_AddItemToArray(columns, cJSON_CreateString(name));
		/* Ghostferry counts 1, 2, 3 here, whatever the real figures. */
		cJSON_AddItemToArray(cardinality, json_new_u64(i + 1));
	}
	return object;
}

static void add_primary_columns(cJSON *object, const struct table *table)
{
	const struct table_index *primary = table_primary(table);
	cJSON *columns;

	if (!primary) {
		cJSON_AddNullToObject(object, "PKColumns");
		return;
	}
	columns = cJSON_AddArrayToObject(object, "PKColumns");
	for (unsigned i = 0; i < primary->part_count; i++)
		cJSON_AddItemToArray(columns, json_new_u64(primary->parts[i].column));
}

static cJSON *table_json(const struct table *table)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *columns, *indexes;

	cJSON_AddStringToObject(object, "Schema", table->schema);
	cJSON_AddStringToObject(object, "Name", table->name);
	columns = cJSON_AddArrayToObject(object, "Columns");
	for (unsigned i = 0; i < table->column_count; i++)
		cJSON_AddItemToArray(columns, column_json(&table->columns[i]));
	indexes = cJSON_AddArrayToObject(object, "Indexes");
	for (unsigned i = 0; i < table->index_count; i++)
		cJSON_AddItemToArray(indexes, index_json(table, &table->indexes[i]));
	add_primary_columns(object, table);
	cJSON_AddNullToObject(object, "UnsignedColumns");
	return object;
}

/* Table by table: a tree of all would be many times the text. */
void state_json_schema(struct state_schema *made, const struct schema *schema)
{
	struct buf text = BUF_INIT;
	uint64_t members = 0;

	buf_putc(&text, '{');
	for (size_t i = 0; i < schema->table_count; i++) {
		cJSON *name = cJSON_CreateStringReference(schema->tables[i].full_name);
		cJSON *table = table_json(&schema->tables[i]);

		buf_puts(&text, i ? ",\n  " : "\n  ");
		json_print(&text, name, 0);
		buf_puts(&text, ": ");
		json_print_within(&text, table, STATE_INDENT, 2);
		members += json_sum_member(schema->tables[i].full_name, json_sum(table));
		cJSON_Delete(name);
		cJSON_Delete(table);
	}
	buf_puts(&text, schema->table_count ? "\n }" : "}");
	made->text = buf_take(&text);
	made->sum = json_sum_object(members);
}

void state_schema_release(struct state_schema *made)
{
	free(made->text);
	*made = (struct state_schema){ .text = NULL };
}

/* The text is borrowed, not copied: it may have many megabytes. */
static void add_schema(cJSON *state, const struct state_schema *schema)
{
	cJSON *text = schema ? cJSON_CreateStringReference(schema->text) : cJSON_CreateNull();

	if (schema)
		text->type = cJSON_Raw | cJSON_IsReference;
	cJSON_AddItemToObject(state, "LastKnownTableSchemaCache", text);
}

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

static void add_copy_stage(cJSON *state, const struct snapshot *copy)
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

/* Beyond Ghostferry's layout: readers of that pass over unknown keys. */
static void add_own_keys(cJSON *state, const struct snapshot *copy)
{
	cJSON *key_columns;

	json_add_u64(state, "StateFormat", STATE_FORMAT);
	cJSON_AddStringToObject(state, "RunID", copy->run_id);
	cJSON_AddStringToObject(state, "SourceServerUUID", copy->source_uuid);
	if (copy->has_gtids)
		add_gtids(state, "ReceivedGTIDSet", &copy->received);
	if (binlog_position_is_set(&copy->streamed))
		add_position(state, "StreamedBinlogPosition", &copy->streamed);
	json_add_u64(state, "TargetLockCount", copy->lock_count);
	if (copy->source_started)
		json_add_u64(state, "SourceStarted", copy->source_started);
	if (copy->cutover_unlocked)
		cJSON_AddTrueToObject(state, "CutoverUnlockCalled");
	key_columns = cJSON_AddObjectToObject(state, "PaginationKeyColumns");
	for (size_t i = 0; i < copy->table_count; i++) {
		const struct moved_table *t = copy->tables[i].table;

		cJSON_AddItemToObject(key_columns, t->source->full_name,
				      saved_key_column_names(&t->key));
	}
}

/* schema: what stands in the state as a text; NULL: nothing does. */
static uint64_t members_sum(const cJSON *state, const struct state_schema *schema)
{
	uint64_t members = 0;

	for (const cJSON *node = state->child; node; node = node->next)
		if (strcmp(node->string, checksum_key) != 0)
			members += json_sum_member(node->string,
						   schema && cJSON_IsRaw(node) &&
								   node->valuestring == schema->text
							   ? schema->sum
							   : json_sum(node));
	return json_sum_object(members);
}

uint64_t state_json_sum(const cJSON *state)
{
	return members_sum(state, NULL);
}

/* The number of the save is of what the rest says, the checksum of all. */
static void add_line_and_checksum(cJSON *state, struct state_tracker *tracker,
				  struct snapshot *copy, const struct state_schema *schema)
{
	char text[17];

	state_line_add(&copy->line, tracker->process,
		       state_tracker_number(tracker, copy->number, members_sum(state, schema)));
	cJSON_AddItemToObject(state, "StateLine", state_line_json(&copy->line));
	snprintf(text, sizeof(text), "%016" PRIx64, members_sum(state, schema));
	cJSON_AddStringToObject(state, checksum_key, text);
}

void state_json_write(struct state_tracker *tracker, const struct state_schema *schema,
		      const struct state_part *verification, const struct state_part *owed,
		      struct buf *out)
{
	struct snapshot copy;
	cJSON *state = cJSON_CreateObject();

	take_snapshot(tracker, &copy);
	cJSON *stage = verification ? verification->get(verification->context) :
				      cJSON_CreateNull();
	cJSON_AddStringToObject(state, "GhostferryVersion", version_text);
	add_schema(state, schema);
	cJSON_AddStringToObject(state, "CurrentStage", phase_stage(copy.phase));
	add_copy_stage(state, &copy);
	cJSON_AddItemToObject(state, "VerifierStage", stage);
	add_own_keys(state, &copy);
	if (owed)
		cJSON_AddItemToObject(state, "OwedRows", owed->get(owed->context));
	add_line_and_checksum(state, tracker, &copy, schema);
	json_print(out, state, STATE_INDENT);
	cJSON_Delete(state);
	release_snapshot(&copy);
}

static bool has_stage(const cJSON *table, const char *wanted)
{
	const cJSON *stage = cJSON_GetObjectItemCaseSensitive(table, "Stage");

	return cJSON_IsString(stage) && strcmp(stage->valuestring, wanted) == 0;
}

static bool holds_text(const cJSON *array, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array)
		if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
			return true;
	return false;
}

/* Where the two do not both name single rows, all of the table are looked for. */
static void owe_table(cJSON *tables, const char *name, cJSON *more)
{
	cJSON *known = cJSON_GetObjectItemCaseSensitive(tables, name);
	cJSON *rows = cJSON_GetObjectItemCaseSensitive(known, "Rows");
	const cJSON *row;

	if (known && has_stage(known, "compared") && has_stage(more, "compared")) {
		cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(more, "Rows"))
			if (!holds_text(rows, row->valuestring))
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

void state_json_owe(struct state_tracker *tracker, const struct buf *text, cJSON *owed,
		    struct buf *out)
{
	struct error err = ERROR_INIT;
	cJSON *state = owed->child ? json_parse(text->data, text->length, &err) : NULL;
	struct snapshot copy;

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
	take_snapshot(tracker, &copy);
	add_line_and_checksum(state, tracker, &copy, NULL);
	release_snapshot(&copy);
	json_print(out, state, STATE_INDENT);
	cJSON_Delete(state);
}
