/* All that a state says of a table is taken out: how far it is copied, its definition, indexes
 * that were left out, rows that are owed or wait to be verified. What is left is of a run that
 * has this table still before it.
 *
 * Such a state has no line. The states before it say that the table is copied, which is over
 * once it is dropped on the target: they branch off from all that come behind this one, and
 * are refused from then on (state_line.h). This one itself may be resumed again and again. */
#include "state/state_recopy.h"

#include <inttypes.h>
#include <stdio.h>

#include "state/state_write.h"

static cJSON *member(cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void forget(cJSON *tree, const char *table)
{
	cJSON *copy_stage = member(tree, "CopyStage");
	cJSON *stage = copy_stage ? copy_stage : tree;
	cJSON *const of_tables[] = {
		member(stage, "CompletedTables"),
		member(stage, "LastSuccessfulPaginationKeys"),
		member(stage, "LastSuccessfulPrimaryKeys"),
		member(tree, "LastKnownTableSchemaCache"),
		member(tree, "PaginationKeyColumns"),
		member(tree, "DeferredIndexes"),
		member(tree, "OwedRows"),
		member(member(tree, "VerifierStage"), "Tables"),
	};

	for (size_t i = 0; i < ARRAY_LEN(of_tables); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(of_tables[i], table);
}

static void replace(cJSON *tree, const char *name, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(tree, name);
	cJSON_AddItemToObject(tree, name, item);
}

bool state_recopy_make(const struct saved_state *from, const struct recopies *list,
		       struct saved_state *made, struct error *err)
{
	cJSON *tree = cJSON_Duplicate(from->tree, true);
	cJSON *recopied = recopies_json(list, &from->run.position, &from->run.watched);
	char text[17];

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].is_pending)
			forget(tree, list->items[i].table);
	replace(tree, "StateFormat", json_new_u64(STATE_FORMAT_RECOPIED));
	replace(tree, "Recopied", recopied ? recopied : cJSON_CreateObject());
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "StateLine");
	cJSON_DeleteItemFromObjectCaseSensitive(tree, "StateChecksum");
	snprintf(text, sizeof(text), "%016" PRIx64, state_sum(tree));
	cJSON_AddStringToObject(tree, "StateChecksum", text);
	if (!saved_state_parse(tree, made, err))
		return error_wrap(err, "the state cannot have a table copied again");
	state_line_copy(&made->line_on_file, &from->line_on_file);
	made->owed_on_file = cJSON_Duplicate(from->owed_on_file, true);
	return true;
}
