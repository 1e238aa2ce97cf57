/* Loading: defaults, the file over them, what follows from the two. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "option_parse.h"

static void clear_string(char **text)
{
	free(*text);
	*text = NULL;
}

void config_init(struct config *config)
{
	*config = (struct config){ 0 };
	options_preset(&config_options, config);
	/* Ghostferry has defaults for Source and Target only. */
	config->source_replication_master.port = 0;
	clear_string(&config->source_replication_master.user);
	options_fallback(&config_options, config);
}

/* Not in the table, since it is made, not read. */
static void release_password(struct database_config *database)
{
	clear_string(&database->password);
}

void config_release(struct config *config)
{
	release_password(&config->source);
	release_password(&config->target);
	release_password(&config->source_replication_master);
	options_release(&config_options, config);
	*config = (struct config){ 0 };
}

void config_warnings_release(struct config_warnings *warnings)
{
	option_list_release(&warnings->texts);
}

void config_warn(struct config_warnings *warnings, char *text)
{
	struct config_list *texts = &warnings->texts;

	texts->items = mem_resize(texts->items, texts->count + 1, sizeof(*texts->items));
	texts->items[texts->count++] = text;
}

static void fill_in(struct config *config)
{
	options_fallback(&config_options, config);
	if (config->progress_callback.uri && config->progress_report_frequency_ms == 0)
		config->progress_report_frequency_ms = 5000;
	if (config->state_callback.uri && config->state_report_frequency_ms == 0)
		config->state_report_frequency_ms = 5000;
}

static void warn_about_values(const struct config *config, struct config_warnings *warnings)
{
	enum log_backend backend;

	if (config->log_backend && !log_parse_backend(config->log_backend, &backend))
		config_warn(warnings,
			    mem_printf("unknown log backend \"%s\", falling back to \"logrus\"",
				       config->log_backend));
	if (config->control_server.web_basedir &&
	    strcmp(config->control_server.web_basedir, ".") != 0)
		config_warn(warnings, mem_strdup("ControlServerConfig.WebBasedir has no effect: the "
						 "web page is part of the program"));
	if (config->enable_pprof)
		config_warn(warnings, mem_strdup("EnablePProf has no effect"));
}

static bool take_tree(struct config *config, const cJSON *tree, struct config_warnings *warnings,
		      struct error *err)
{
	if (!options_parse(&config_options, config, tree, warnings, err))
		return false;
	fill_in(config);
	warn_about_values(config, warnings);
	return true;
}

/* Takes ownership of tree; NULL: *err is filled already. state_file: the default. */
static bool take(struct config *config, cJSON *tree, const char *state_file,
		 struct config_warnings *warnings, struct error *err)
{
	bool ok;

	config_init(config);
	if (!tree) {
		err->kind = ERROR_CONFIG;
		return false;
	}
	config->state_file = state_file ? mem_strdup(state_file) : NULL;
	ok = take_tree(config, tree, warnings, err);
	cJSON_Delete(tree);
	return ok;
}

bool config_parse(const char *text, size_t length, struct config *config,
		  struct config_warnings *warnings, struct error *err)
{
	return take(config, json_parse(text, length, err), NULL, warnings, err);
}

/* The state would be written over it. */
static bool check_state_file(const struct config *config, const struct stat *own,
			     struct error *err)
{
	struct stat state;

	if (!config->state_file || stat(config->state_file, &state) != 0 ||
	    state.st_dev != own->st_dev || state.st_ino != own->st_ino)
		return true;
	return error_set(err, ERROR_CONFIG, "StateFile: is the configuration file itself");
}

bool config_load(const char *path, struct config *config, struct config_warnings *warnings,
		 struct error *err)
{
	struct stat info;
	char *state_file;
	cJSON *tree;
	bool ok;

	*config = (struct config){ 0 };
	if (stat(path, &info) != 0 && errno == ENOENT)
		return error_set(err, ERROR_CONFIG, "%s does not exist", path);
	tree = json_parse_file(path, err);
	if (!tree && err->kind == ERROR_SYSTEM) {
		err->kind = ERROR_CONFIG;
		return error_wrap(err, "failed to open config file");
	}
	state_file = mem_printf("%s.state", path);
	ok = take(config, tree, state_file, warnings, err) &&
	     check_state_file(config, &info, err);
	free(state_file);
	return ok || error_wrap(err, "failed to parse config file");
}

bool config_prints_state(const struct config *config)
{
	return config->dump_state_on_signal || config->dump_state_to_stdout_on_error;
}

cJSON *config_to_json(const struct config *config)
{
	return options_to_json(&config_options, config);
}

void config_flatten(const struct map *nested, struct map *flat)
{
	const struct map_entry *outer, *inner;
	size_t at_outer = 0, at_inner;
	struct buf key = BUF_INIT;

	map_init(flat);
	while ((outer = map_next(nested, &at_outer))) {
		at_inner = 0;
		while ((inner = map_next(outer->value, &at_inner))) {
			buf_clear(&key);
			buf_printf(&key, "%s.%s", outer->key, inner->key);
			map_put(flat, key.data, key.length, inner->value);
		}
	}
	buf_release(&key);
}
