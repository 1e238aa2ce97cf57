/* -resume: what the state file says. -resumestate, else StateToResumeFrom, else none: a fresh
 * start, unless the state file speaks against it. The state file matters in the other cases as
 * well: it may be a later state of the same run.
 *
 * No text offers to remove anything that a living run, or a finished move, still needs. */
#include "start_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "plan/name_filter.h"
#include "state/state_file.h"

static bool read_file(const char *path, bool is_forced, struct saved_state *state, struct error *err)
{
	struct stat info;
	cJSON *tree;

	if (stat(path, &info) != 0 && errno == ENOENT)
		return error_set(err, ERROR_CONFIG, "%s does not exist", path);
	tree = json_parse_file(path, err);
	if (!tree)
		return error_wrap(err, err->kind == ERROR_SYSTEM ? "failed to open state file" :
								   "failed to parse state file");
	if (is_forced && cJSON_IsObject(tree))
		cJSON_DeleteItemFromObjectCaseSensitive(tree, "StateChecksum");
	return saved_state_parse(tree, state, err) ||
	       error_wrap(err, "failed to parse state file: %s", path);
}

static bool fail_alive(const char *path, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "%s is the state of a run that goes on just now: another process writes it; "
			 "leave both to it, or end it and resume with -resumestate %s",
			 path, path);
}

static bool fail_unfinished(const struct saved_state *other, const char *path, struct error *err)
{
	if (other->run.cutover_unlocked)
		return error_set(err, ERROR_CONFIG,
				 "%s says that CutoverUnlock was called, and that the run was ended "
				 "before it was done: the target may be in use; resume it with "
				 "-resumestate %s, which changes nothing that was written since",
				 path, path);
	return error_set(err, ERROR_CONFIG,
			 "%s holds the state of an unfinished run: resume it with -resumestate %s; or, "
			 "to give up what it has copied, remove the file to start from scratch",
			 path, path);
}

/* A fresh start over the state of an unfinished run would lose that run. A dry run says so too,
 * or its user would drop what that run has copied. */
static bool check_nothing_unfinished(struct start_state *start, const char *path, struct error *err)
{
	bool is_alive;

	if (!path || (access(path, F_OK) != 0 && errno == ENOENT))
		return true;
	is_alive = state_file_is_written(path);
	if (!read_file(path, false, &start->finished, err))
		return is_alive ?
			       fail_alive(path, err) :
			       error_wrap(err, "a state file is there already, and cannot be read "
					       "(remove it to start from scratch)");
	start->has_finished = start->finished.run.phase == PHASE_DONE;
	if (start->has_finished)
		return true;
	if (is_alive)
		fail_alive(path, err);
	else
		fail_unfinished(&start->finished, path, err);
	saved_state_release(&start->finished);
	return false;
}

/* The file's state of the same run: has it finished since, and how far does its line go? A file
 * that cannot be read does not count. */
static bool compare_with_file(struct saved_state *state, const char *path, struct error *err)
{
	struct error ignored;
	struct saved_state other;
	bool is_over;

	if (!path || !*state->run.run_id || !read_file(path, false, &other, &ignored))
		return true;
	is_over = false;
	if (strcmp(other.run.run_id, state->run.run_id) == 0) {
		is_over = other.run.cutover_unlocked && !state->run.cutover_unlocked;
		state_line_copy(&state->line_on_file, &other.run.line);
		state->owed_on_file = cJSON_Duplicate(other.owed_rows, true);
	}
	saved_state_release(&other);
	return !is_over ||
	       error_set(err, ERROR_CONFIG,
			 "%s says that this run was finished, or CutoverUnlock called, later than "
			 "the state that is to be resumed: older changes would be done again over "
			 "what was written to the target since; if the target is not in use, remove "
			 "that file to resume all the same",
			 path);
}

/* "database.table" of a finished move, as the configuration has it now. A name with another
 * dot in it is none that is sure. */
static bool is_still_chosen(const struct move_options *options, const char *full_name)
{
	const char *dot = strchr(full_name, '.');
	char *schema;
	bool ok;

	if (!dot || strchr(dot + 1, '.'))
		return false;
	schema = mem_memdup(full_name, (size_t)(dot - full_name));
	ok = name_is_chosen(options, schema, dot + 1);
	free(schema);
	return ok;
}

/* Is every entry of the list met? schema_only: of databases. */
static bool is_list_met(const struct string_list *list, const struct map *tables, bool schema_only)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct map_entry *entry;
		bool is_met = false;
		size_t cursor = 0;

		while (!is_met && (entry = map_next(tables, &cursor))) {
			const char *table = entry->key + strcspn(entry->key, ".") + 1;
			char *schema = mem_memdup(entry->key, (size_t)(table - entry->key) - 1);

			is_met = schema_only ? name_matches_database(list->items[i], schema) :
					       name_matches_table(list->items[i], schema, table);
			free(schema);
		}
		if (!is_met)
			return false;
	}
	return true;
}

/* Is the finished move the configuration's, as far as names alone say? Its servers may be
 * gone, and are not needed then. */
static bool is_that_move(const struct saved_state *finished, const struct move_options *options)
{
	const struct map *tables = &finished->key_columns_of;
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(tables, &cursor)))
		if (!is_still_chosen(options, entry->key))
			return false;
	return tables->count > 0 && is_list_met(&options->databases.whitelist, tables, true) &&
	       is_list_met(&options->tables.whitelist, tables, false);
}

/* -resume: one command line for the start and for all that comes after. */
static bool find_by_file(struct start_state *start, const struct cli *cli,
			 const struct config *config, struct error *err)
{
	const char *path = config->state_file;

	if (!path || config->state_to_resume_from)
		return error_set(err, ERROR_CONFIG,
				 path ? "-resume and StateToResumeFrom: take one of them out" :
					"-resume needs a StateFile");
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	/* Not of a dry run: it takes no part in the run that goes on. */
	if (!cli->dry_run && state_file_is_written(path))
		return fail_alive(path, err);
	if (!read_file(path, cli->force_state, &start->state, err))
		return false;
	if (start->state.run.phase != PHASE_DONE) {
		start->is_resumed = true;
		return true;
	}
	start->finished = start->state;
	start->has_finished = true;
	start->is_over = !cli->dry_run && is_that_move(&start->finished, &config->move);
	return true;
}

/* -resumestate counts more than the configuration. */
static bool find(struct start_state *start, const struct cli *cli, const struct config *config,
		 struct error *err)
{
	if (cli->resume)
		return find_by_file(start, cli, config, err);
	if (cli->resume_state) {
		start->is_resumed =
			read_file(cli->resume_state, cli->force_state, &start->state, err);
		if (!start->is_resumed)
			return false;
	} else if (config->state_to_resume_from) {
		cJSON *tree = cJSON_Duplicate(config->state_to_resume_from, true);

		if (cli->force_state)
			cJSON_DeleteItemFromObjectCaseSensitive(tree, "StateChecksum");
		start->is_resumed = saved_state_parse(tree, &start->state, err);
		if (!start->is_resumed)
			return error_wrap(err, "StateToResumeFrom");
	} else {
		return check_nothing_unfinished(start, config->state_file, err);
	}
	return compare_with_file(&start->state, config->state_file, err);
}

/* A state of the way back would have the source's rows overwritten by the target's. */
bool start_state_find(struct start_state *start, const struct cli *cli, const struct config *config,
		      struct error *err)
{
	if (!find(start, cli, config, err))
		return false;
	return !start->is_resumed || !start->state.way_back.is_set ||
	       error_set(err, ERROR_CONFIG,
			 "the state that is to be resumed is that of a way back: give -back too");
}

/* --- the way back ---------------------------------------------------------------------- */

/* The move's own state, where it is there still: is it over, and the one that is undone? */
static bool check_move(const char *path, const struct way_back *back, struct error *err)
{
	struct saved_state move;
	bool ok = true;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (state_file_is_written(path))
		return error_set(err, ERROR_CONFIG,
				 "%s is the state of a run that goes on just now, or whose control "
				 "server is online still: there is nothing to go back from before that "
				 "process has ended",
				 path);
	if (!read_file(path, false, &move, err))
		return false;
	if (strcmp(move.run.run_id, back->run_id) != 0)
		ok = error_set(err, ERROR_CONFIG,
			       "%s is the state of another move (RunID %s) than the one that the way "
			       "back is of (%s): give the configuration of that move",
			       path, move.run.run_id, back->run_id);
	else if (!move.run.cutover_unlocked)
		ok = error_set(err, ERROR_CONFIG,
			       "%s says that the move was not cut over: the application uses the "
			       "source, and there is nothing to go back from; resume it with "
			       "-resumestate %s",
			       path, path);
	saved_state_release(&move);
	return ok;
}

static bool read_back(struct start_state *start, const struct cli *cli, const char *path,
		      struct error *err)
{
	const char *from = cli->resume_state ? cli->resume_state : path;

	if (access(from, F_OK) != 0 && errno == ENOENT)
		return error_set(err, ERROR_CONFIG,
				 "%s does not exist: the move was made without PrepareRollback, or "
				 "was not cut over yet, so there is no way back",
				 from);
	if (!cli->dry_run && state_file_is_written(path))
		return fail_alive(path, err);
	if (!read_file(from, cli->force_state, &start->state, err))
		return false;
	start->is_resumed = true;
	return start->state.way_back.is_set ||
	       error_set(err, ERROR_CONFIG,
			 "%s is the state of a move, not of a way back: leave out -back, or give "
			 "-resumestate %s",
			 from, path);
}

bool start_state_find_back(struct start_state *start, const struct cli *cli,
			   const struct config *config, struct error *err)
{
	char *path;
	bool ok;

	if (!config->state_file || config->state_to_resume_from)
		return error_set(err, ERROR_CONFIG,
				 config->state_file ?
					 "-back and StateToResumeFrom: take one of them out" :
					 "-back needs a StateFile: the way back is kept beside it");
	path = mem_printf("%s.back", config->state_file);
	ok = read_back(start, cli, path, err) &&
	     check_move(config->state_file, &start->state.way_back, err) &&
	     compare_with_file(&start->state, path, err);
	free(path);
	if (!ok || start->state.run.phase != PHASE_DONE)
		return ok;
	start->finished = start->state;
	start->has_finished = true;
	start->is_resumed = false;
	start->is_over = true;
	return true;
}

void start_state_release(struct start_state *start)
{
	if (start->is_resumed)
		saved_state_release(&start->state);
	if (start->has_finished)
		saved_state_release(&start->finished);
}
