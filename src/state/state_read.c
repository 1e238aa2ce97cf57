/* Reading a state and putting it to use.
 *
 * Two layouts are taken. The documented one keeps what matters in "CopyStage"; later
 * Ghostferry versions have the same members at the top and a second position for their
 * inline verifier, and the copy then starts from the smaller of the two. Members are
 * found by any of the names they had over time.
 *
 * A state is trusted no further than it was checked: whatever is missing, of another
 * type, or does not suit today's tables stops the start, with the path of the member
 * that is wrong. */
#include "state/state_read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/version.h"
#include "state/state_write.h"

enum { STATE_FORMAT_MAX = STATE_FORMAT_RECOPIED, LOCKS_MAX = 1000000 };

static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(node) ? NULL : node;
}

/* The first of the names (ended by NULL) that is there and not null. */
static const cJSON *member_of(const cJSON *object, const char *const *names, const char **found)
{
	for (; *names; names++) {
		const cJSON *node = member(object, *names);

		*found = *names;
		if (node)
			return node;
	}
	return NULL;
}

static bool fail_type(struct error *err, const char *path, const char *wanted, const cJSON *node)
{
	if (!node)
		return error_set(err, ERROR_CONFIG, "%s is missing", path);
	return error_set(err, ERROR_CONFIG, "%s: must be %s, is %s", path, wanted,
			 json_type_name(node));
}

/* The three numbers that lead "1.3.1+2026..."; false where there are none. */
static bool parse_version(const char *text, uint64_t numbers[3])
{
	for (int i = 0; i < 3; i++) {
		char *end;

		if (!isdigit((unsigned char)*text))
			return false;
		numbers[i] = strtoull(text, &end, 10); /* too large is the largest */
		if (i < 2 && *end != '.')
			return false;
		text = end + 1;
	}
	return true;
}

static bool read_version(struct saved_state *state, struct error *err)
{
	const cJSON *node = member(state->tree, "GhostferryVersion");
	const cJSON *format = member(state->tree, "StateFormat");
	uint64_t number, theirs[3], ours[3];
	int i = 0;

	if (!node)
		return error_set(err, ERROR_CONFIG,
				 "it has no GhostferryVersion: this is no state of a run");
	if (!cJSON_IsString(node))
		return fail_type(err, "GhostferryVersion", "a string", node);
	state->version = node->valuestring;
	if (format && (!json_u64(format, &number) || number > STATE_FORMAT_MAX))
		return error_set(err, ERROR_CONFIG,
				 "StateFormat: this version reads formats up to %d; resume with the "
				 "version that wrote the state, %.100s",
				 STATE_FORMAT_MAX, state->version);
	/* A version that is none ("?.?.?+..." of a build by hand) says nothing: accepted. */
	if (!parse_version(state->version, theirs) || !parse_version(version_text, ours))
		return true;
	while (i < 2 && theirs[i] == ours[i])
		i++;
	if (theirs[i] > ours[i])
		return error_set(err, ERROR_CONFIG,
				 "GhostferryVersion: the state was written by version %.100s, which "
				 "is newer than this one, %s; resume with that version",
				 state->version, version_text);
	return true;
}

/* Unset when node is NULL or names no file. */
static bool read_position(const cJSON *node, const char *path, struct binlog_position *position,
			  struct error *err)
{
	const cJSON *name = member(node, "Name");
	const cJSON *offset = member(node, "Pos");
	uint64_t number;

	memset(position, 0, sizeof(*position));
	if (!node)
		return true;
	if (!cJSON_IsObject(node))
		return fail_type(err, path, "an object", node);
	if (!cJSON_IsString(name))
		return fail_type(err, "Name", "a string", name) || error_wrap(err, "%s", path);
	if (!json_u64(offset, &number))
		return fail_type(err, "Pos", "a whole number", offset) ||
		       error_wrap(err, "%s", path);
	if (!binlog_position_set(position, name->valuestring, strlen(name->valuestring), number,
				 err)) {
		err->kind = ERROR_CONFIG;
		return error_wrap(err, "%s", path);
	}
	return true;
}

static bool read_gtids(const cJSON *object, const char *name, struct gtid_set *set, bool *is_there,
		       struct error *err)
{
	const cJSON *node = member(object, name);

	*is_there = node != NULL;
	if (!node)
		return true;
	if (!cJSON_IsString(node))
		return fail_type(err, name, "a string", node);
	if (gtid_set_parse(set, node->valuestring, strlen(node->valuestring), err))
		return true;
	err->kind = ERROR_CONFIG;
	return error_wrap(err, "%s", name);
}

static bool read_received(struct saved_state *state, struct error *err)
{
	bool is_there;

	if (!read_gtids(state->tree, "ReceivedGTIDSet", &state->run.received, &is_there, err))
		return false;
	/* Without knowing what the target may hold, it cannot be decided whether a server has
	 * it. */
	if (!is_there)
		state->run.has_gtids = false;
	if (state->run.has_gtids && !gtid_set_suits(&state->run.applied, &state->run.received))
		return error_set(err, ERROR_CONFIG,
				 "ReceivedGTIDSet: is of another flavour than GTIDSet");
	return true;
}

/* The stream starts at the smaller one: what lies between was applied, but not seen by
 * the verifier; applying it again does no harm. */
static bool read_positions(struct saved_state *state, const cJSON *part, struct error *err)
{
	static const char *const names[] = { "LastProcessedBinlogPosition",
					     "LastWrittenBinlogPosition", NULL };
	static const char inline_name[] = "LastStoredBinlogPositionForInlineVerifier";
	static const char target_name[] = "LastStoredBinlogPositionForTargetVerifier";
	const char *path;
	const cJSON *node = member_of(part, names, &path);
	const cJSON *created = member(node, "FileCreated");
	struct binlog_position stored;
	uint64_t seconds = 0;

	if (!read_position(node, path, &state->run.position, err))
		return false;
	/* What goes with this one, and with no other that the state may have. */
	if (created && (!json_u64(created, &seconds) || seconds > UINT32_MAX))
		return fail_type(err, "FileCreated", "a whole number of seconds", created) ||
		       error_wrap(err, "%s", path);
	state->run.position.file_created = (uint32_t)seconds;
	if (!read_gtids(node, "GTIDSet", &state->run.applied, &state->run.has_gtids, err))
		return error_wrap(err, "%s", path);
	if (!read_position(member(part, inline_name), inline_name, &stored, err) ||
	    !read_position(member(part, target_name), target_name, &state->run.watched, err))
		return false;
	if (binlog_position_is_set(&stored) &&
	    (!binlog_position_is_set(&state->run.position) ||
	     binlog_position_compare(&stored, &state->run.position) < 0))
		state->run.position = stored; /* its file's time is not known */
	if (!binlog_position_is_set(&state->run.position))
		return error_set(err, ERROR_CONFIG,
				 "%s: names no binlog file: the state was dumped before the run had "
				 "started; start from scratch without it",
				 path);
	return true;
}

static bool read_keys(struct saved_state *state, const cJSON *part, struct error *err)
{
	static const char *const names[] = { "LastSuccessfulPaginationKeys",
					     "LastSuccessfulPrimaryKeys", NULL };
	const char *name;
	const cJSON *keys = member_of(part, names, &name);
	char path[512];

	if (!keys)
		return true;
	if (!cJSON_IsObject(keys))
		return fail_type(err, name, "an object", keys);
	state->keys = mem_calloc((size_t)cJSON_GetArraySize(keys) + 1, sizeof(*state->keys));
	for (const cJSON *node = keys->child; node; node = node->next) {
		struct saved_key *key = &state->keys[state->key_count++];

		key->table = node->string;
		snprintf(path, sizeof(path), "%s.%s", name, node->string);
		if (!saved_key_read(node, path, key, err))
			return false;
	}
	return true;
}

static bool read_completed(struct saved_state *state, const cJSON *part, struct error *err)
{
	const cJSON *completed = member(part, "CompletedTables");

	if (!completed)
		return true;
	if (!cJSON_IsObject(completed))
		return fail_type(err, "CompletedTables", "an object", completed);
	state->completed =
		mem_calloc((size_t)cJSON_GetArraySize(completed) + 1, sizeof(*state->completed));
	for (const cJSON *node = completed->child; node; node = node->next) {
		if (!cJSON_IsBool(node))
			return fail_type(err, node->string, "true", node) ||
			       error_wrap(err, "CompletedTables");
		if (cJSON_IsTrue(node))
			state->completed[state->completed_count++] = node->string;
	}
	return true;
}

static bool read_text(const cJSON *tree, const char *name, char *text, size_t size,
		      struct error *err)
{
	const cJSON *node = member(tree, name);

	if (node && !cJSON_IsString(node))
		return fail_type(err, name, "a string", node);
	if (node && strlen(node->valuestring) >= size)
		return error_set(err, ERROR_CONFIG, "%s: is longer than %zu bytes", name, size - 1);
	snprintf(text, size, "%s", node ? node->valuestring : "");
	return true;
}

/* One changed digit of a key or a position loses rows unnoticed. States of other programs have no
 * checksum. */
static bool check_sum(const struct saved_state *state, struct error *err)
{
	const cJSON *node = member(state->tree, "StateChecksum");
	char text[17];

	if (!node)
		return true;
	snprintf(text, sizeof(text), "%016" PRIx64, state_sum(state->tree));
	return (cJSON_IsString(node) && strcmp(node->valuestring, text) == 0) ||
	       error_set(err, ERROR_CONFIG,
			 "StateChecksum: the state was changed after it had been written: a wrong "
			 "key or position in it would lose rows without a word; resume from an "
			 "unchanged one, or say that the change is meant by -force-state (or take "
			 "StateChecksum out)");
}

static bool read_own_keys(struct saved_state *state, struct error *err)
{
	static const char streamed_name[] = "StreamedBinlogPosition";
	const cJSON *locks = member(state->tree, "TargetLockCount");
	const cJSON *started = member(state->tree, "SourceStarted");
	uint64_t count = 0;

	if (!read_text(state->tree, "RunID", state->run.run_id, sizeof(state->run.run_id), err))
		return false;
	/* It goes into names of locks: only what we make ourselves is taken. */
	if (*state->run.run_id && (strlen(state->run.run_id) != RUN_ID_SIZE - 1 ||
				   strspn(state->run.run_id, "0123456789abcdef") != RUN_ID_SIZE - 1))
		return error_set(err, ERROR_CONFIG, "RunID: must be %d hexadecimal digits",
				 RUN_ID_SIZE - 1);
	if (!state_line_read(member(state->tree, "StateLine"), &state->run.line, err) ||
	    !read_position(member(state->tree, streamed_name), streamed_name, &state->run.streamed,
			   err) ||
	    !read_text(state->tree, "SourceServerUUID", state->run.source_uuid,
		       sizeof(state->run.source_uuid), err))
		return false;
	if (locks && (!json_u64(locks, &count) || count > LOCKS_MAX))
		return error_set(err, ERROR_CONFIG,
				 "TargetLockCount: must be a whole number up to %d", LOCKS_MAX);
	state->run.lock_count = (unsigned)count;
	if (started && !json_u64(started, &state->run.source_started))
		return fail_type(err, "SourceStarted", "a whole number of seconds", started);
	if (!recopies_read(member(state->tree, "Recopied"), &state->run.recopies, err))
		return false;
	state->key_columns = member(state->tree, "PaginationKeyColumns");
	if (state->key_columns && !cJSON_IsObject(state->key_columns))
		return fail_type(err, "PaginationKeyColumns", "an object", state->key_columns);
	state->deferred = member(state->tree, "DeferredIndexes");
	if (state->deferred && !cJSON_IsObject(state->deferred))
		return fail_type(err, "DeferredIndexes", "an object", state->deferred);
	state->copied = member(state->tree, "CopiedRows");
	if (state->copied && !cJSON_IsObject(state->copied))
		return fail_type(err, "CopiedRows", "an object", state->copied);
	state->filters = member(state->tree, "RowFilters");
	if (state->filters && !cJSON_IsObject(state->filters))
		return fail_type(err, "RowFilters", "an object", state->filters);
	return true;
}

static bool read_stage(struct saved_state *state, struct error *err)
{
	const cJSON *stage = member(state->tree, "CurrentStage");
	const cJSON *unlocked = member(state->tree, "CutoverUnlockCalled");

	if (stage && !cJSON_IsString(stage))
		return fail_type(err, "CurrentStage", "a string", stage);
	if (unlocked && !cJSON_IsBool(unlocked))
		return fail_type(err, "CutoverUnlockCalled", "true", unlocked);
	if (stage && strcmp(stage->valuestring, phase_stage(PHASE_DONE)) == 0)
		state->run.phase = PHASE_DONE;
	state->run.cutover_unlocked = state->run.phase == PHASE_DONE || cJSON_IsTrue(unlocked);
	state->verifier_stage = member(state->tree, "VerifierStage");
	state->owed_rows = member(state->tree, "OwedRows");
	state->cascades = member(state->tree, "Cascades");
	if (!way_back_read(member(state->tree, "WayBack"), &state->way_back, err))
		return error_wrap(err, "WayBack");
	state->schema_cache = member(state->tree, "LastKnownTableSchemaCache");
	if (state->schema_cache && !cJSON_IsObject(state->schema_cache))
		return fail_type(err, "LastKnownTableSchemaCache", "an object or null",
				 state->schema_cache);
	return true;
}

static bool read_part(struct saved_state *state, const cJSON *part, struct error *err)
{
	return read_positions(state, part, err) && read_keys(state, part, err) &&
	       read_completed(state, part, err);
}

/* A state may be hostile: members that are null are not there. */
static void index_members(struct map *by_name, const cJSON *object)
{
	for (cJSON *node = object ? object->child : NULL; node; node = node->next)
		if (!cJSON_IsNull(node))
			map_put_text(by_name, node->string, node);
}

static bool read_state(struct saved_state *state, struct error *err)
{
	const cJSON *copy_stage = member(state->tree, "CopyStage");

	if (!cJSON_IsObject(state->tree))
		return fail_type(err, "the state", "an object", state->tree);
	if (!read_version(state, err) || !check_sum(state, err) || !read_stage(state, err) ||
	    !read_own_keys(state, err))
		return false;
	index_members(&state->schema_tables, state->schema_cache);
	index_members(&state->key_columns_of, state->key_columns);
	index_members(&state->copied_of, state->copied);
	if (!copy_stage)
		return read_part(state, state->tree, err) && read_received(state, err);
	if (!cJSON_IsObject(copy_stage))
		return fail_type(err, "CopyStage", "an object", copy_stage);
	if (!read_part(state, copy_stage, err))
		return error_wrap(err, "CopyStage");
	return read_received(state, err);
}

bool saved_state_parse(cJSON *tree, struct saved_state *state, struct error *err)
{
	memset(state, 0, sizeof(*state));
	state->tree = tree;
	if (read_state(state, err))
		return true;
	saved_state_release(state);
	return false;
}

void saved_state_release(struct saved_state *state)
{
	for (size_t i = 0; i < state->key_count; i++)
		key_release(&state->keys[i].key);
	free(state->keys);
	free(state->completed);
	map_release(&state->schema_tables);
	map_release(&state->key_columns_of);
	map_release(&state->copied_of);
	run_state_release(&state->run);
	state_line_release(&state->line_on_file);
	cJSON_Delete(state->owed_on_file);
	way_back_release(&state->way_back);
	cJSON_Delete(state->tree);
	memset(state, 0, sizeof(*state));
}

/* Is the key made of the columns, in the directions, that it was made of then? Ghostferry
 * walks upwards only and names the column in its schema cache, if at all. */
static bool check_key_columns(const struct saved_state *state, const struct moved_table *t,
			      struct error *err)
{
	const char *name = t->source->full_name;
	const cJSON *then = map_get_text(&state->key_columns_of, name);
	const cJSON *cached =
		member(map_get_text(&state->schema_tables, name), "PaginationKeyColumn");
	cJSON *now;
	bool same;

	cached = member(cached, "Name");
	if (!then && cJSON_IsString(cached) &&
	    strcmp(cached->valuestring, t->source->columns[t->key.columns[0]].name) != 0)
		return error_set(err, ERROR_CONFIG,
				 "the table was walked by `%.200s` and is by `%s` now",
				 cached->valuestring, t->source->columns[t->key.columns[0]].name);
	now = saved_key_column_names(&t->key);
	same = then ? cJSON_Compare(then, now, true) : !t->key.descending[0];
	cJSON_Delete(now);
	return same || error_set(err, ERROR_CONFIG,
				 "the table's key columns are not those the copy was made with");
}

static bool apply_key(const struct saved_state *state, const struct saved_key *saved,
		      const struct moved_tables *tables, struct state_tracker *tracker,
		      struct error *err)
{
	const struct moved_table *t = map_get_text(&tables->by_source, saved->table);

	if (!t)
		return error_set(err, ERROR_CONFIG,
				 "the table is not among those chosen now (dropped, or Databases or "
				 "Tables changed)");
	if (t->key.count == 0)
		return error_set(err, ERROR_CONFIG, "the table has no usable key now");
	if (!check_key_columns(state, t, err) || !saved_key_fits(saved, &t->key, err))
		return error_wrap(err,
				  "take this entry out, and give -force-state, to have the table "
				  "copied from its start");
	state_tracker_copied_up_to(tracker, t, &saved->key);
	return true;
}

bool saved_state_has_table(const struct saved_state *state, const char *table)
{
	return cJSON_IsArray(map_get_text(&state->key_columns_of, table));
}

static bool apply_deferred(const cJSON *node, const struct moved_tables *tables,
			   struct state_tracker *tracker, struct error *err)
{
	const struct moved_table *t = map_get_text(&tables->by_source, node->string);
	const cJSON *name;
	uint64_t indexes = 0;

	if (!t)
		return error_set(err, ERROR_CONFIG,
				 "the table is not among those chosen now (dropped, or Databases or "
				 "Tables changed)");
	if (!cJSON_IsArray(node))
		return fail_type(err, "its indexes", "an array", node);
	cJSON_ArrayForEach(name, node)
	{
		unsigned i = 0, count = t->source->index_count;

		while (i < count && (!cJSON_IsString(name) ||
				     strcmp(t->source->indexes[i].name, name->valuestring) != 0))
			i++;
		if (i >= count || i >= DEFERRED_INDEXES_MAX)
			return error_set(err, ERROR_CONFIG, "the source has no index %.200s now",
					 cJSON_IsString(name) ? name->valuestring : "of no name");
		indexes |= UINT64_C(1) << i;
	}
	state_tracker_set_deferred(tracker, t, indexes);
	return true;
}

/* A state of before these figures, or of another program, goes without. */
static bool apply_copied(const struct saved_state *state, const struct moved_table *t,
			 struct state_tracker *tracker, struct error *err)
{
	const cJSON *node = map_get_text(&state->copied_of, t->source->full_name);
	struct copied before;
	struct key key = KEY_INIT;
	bool is_complete;

	if (node && (!json_u64(member(node, "Rows"), &before.rows) ||
		     !json_u64(member(node, "Bytes"), &before.bytes)))
		return error_set(err, ERROR_CONFIG, "must have Rows and Bytes, whole numbers");
	/* Whose key was taken out by hand begins at its start. */
	state_tracker_key(tracker, t, &key, &is_complete);
	state_tracker_set_before(tracker, t, node && (key.is_set || is_complete) ? &before : NULL);
	key_release(&key);
	return true;
}

/* Of rows that were not chosen then neither the copy nor the stream brings what lies before
 * the state; those that are not chosen now would stay as they are. */
static bool check_filter(const struct saved_state *state, const struct moved_table *t,
			 struct error *err)
{
	const cJSON *then = member(state->filters, t->source->full_name);
	const char *text = cJSON_IsString(then) ? then->valuestring : "";
	const char *now = t->where ? t->where : "";

	/* One that was not part of the run begins now. */
	if (strcmp(text, now) == 0 ||
	    (*state->run.run_id && !saved_state_has_table(state, t->source->full_name)))
		return true;
	return error_set(err, ERROR_CONFIG,
			 "RowFilters: the rows of table %s were chosen by %.200s in the run that is "
			 "resumed, and are by %.200s now: set Tables.Where as it was, or start from "
			 "scratch",
			 t->source->full_name, *text ? text : "no condition",
			 *now ? now : "no condition");
}

bool saved_state_apply(const struct saved_state *state, const struct moved_tables *tables,
		       struct state_tracker *tracker, struct error *err)
{
	for (size_t i = 0; i < tables->count; i++)
		if (!check_filter(state, tables->tables[i], err))
			return false;
	state_tracker_resume(tracker, &state->run);
	for (size_t i = 0; i < state->key_count; i++)
		if (!apply_key(state, &state->keys[i], tables, tracker, err))
			return error_wrap(err, "LastSuccessfulPaginationKeys.%s",
					  state->keys[i].table);
	for (const cJSON *node = state->deferred ? state->deferred->child : NULL; node;
	     node = node->next)
		if (!apply_deferred(node, tables, tracker, err))
			return error_wrap(err, "DeferredIndexes.%s", node->string);
	for (size_t i = 0; i < state->completed_count; i++) {
		const struct moved_table *t = map_get_text(&tables->by_source, state->completed[i]);

		if (!t)
			return error_set(err, ERROR_CONFIG,
					 "CompletedTables.%s: the table is not among those chosen now "
					 "(dropped, or Databases or Tables changed)",
					 state->completed[i]);
		/* Without a key it is copied from scratch: its changes may not come twice. */
		if (t->key.count > 0)
			state_tracker_set_complete(tracker, t, true);
	}
	for (size_t i = 0; i < tables->count; i++)
		if (!apply_copied(state, tables->tables[i], tracker, err))
			return error_wrap(err, "CopiedRows.%s",
					  tables->tables[i]->source->full_name);
	/* A table without a key is emptied and copied from scratch. That would undo what
	 * others have written to the target since a finished move, and must not befall a
	 * table that was not part of the run. */
	for (size_t i = 0; i < tables->count; i++)
		if (tables->tables[i]->key.count == 0 && state->run.cutover_unlocked)
			return error_set(err, ERROR_CONFIG,
					 "the state says that this move was finished, or "
					 "CutoverUnlock called, and table %s has no key, so it could "
					 "only be copied again, over what was written to the target "
					 "since: nothing is left to do, have the tables compared "
					 "(-verify)",
					 tables->tables[i]->source->full_name);
	return true;
}
