/* Loading: defaults, the file over them, what follows from the two. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "option_parse.h"

void *config_keep(struct config *config, void *block)
{
	struct config_memory *memory = &config->memory;

	memory->blocks =
		mem_resize(memory->blocks, memory->block_count + 1, sizeof(*memory->blocks));
	memory->blocks[memory->block_count++] = block;
	return block;
}

const char *config_unread_text(const struct config *config, const void *place)
{
	for (size_t i = config->unread_count; i > 0; i--)
		if (config->unread[i - 1].place == place)
			return config->unread[i - 1].text;
	return NULL;
}

void config_release(struct config *config)
{
	options_release(&config_options, config);
	for (size_t i = 0; i < config->memory.block_count; i++)
		free(config->memory.blocks[i]);
	free(config->memory.blocks);
	cJSON_Delete(config->memory.file);
	free(config->memory.text);
	free(config->unread);
	*config = (struct config){ 0 };
}

void config_warnings_release(struct config_warnings *warnings)
{
	for (size_t i = 0; i < warnings->texts.count; i++)
		free(warnings->texts.items[i]);
	free(warnings->texts.items);
	warnings->texts = (struct string_list){ 0 };
}

void config_warn(struct config_warnings *warnings, char *text)
{
	struct string_list *texts = &warnings->texts;

	texts->items = mem_resize(texts->items, texts->count + 1, sizeof(*texts->items));
	texts->items[texts->count++] = text;
}

static void warn_about_values(const struct config *config, struct config_warnings *warnings)
{
	enum log_backend backend;

	if (config->log_backend && !log_parse_backend(config->log_backend, &backend))
		config_warn(warnings,
			    mem_printf("unknown log backend \"%s\", falling back to \"logrus\"",
				       config->log_backend));
	const char *web = config->control_server.web_basedir;

	/* Ghostferry's defaults, of its source and of its package. */
	if (web && *web && strcmp(web, ".") != 0 && strcmp(web, "/usr/share/ghostferry") != 0)
		config_warn(warnings, mem_strdup("ControlServerConfig.WebBasedir has no effect: the "
						 "web page is part of the program"));
	if (config->enable_pprof)
		config_warn(warnings, mem_strdup("EnablePProf has no effect"));
}

/* Ghostferry's own default, which some configurations state: it means the default here, too, which
 * only this machine can reach. */
static void keep_to_loopback(struct control_server_config *server, struct config_warnings *warnings)
{
	if (!server->enabled || strcmp(server->server_bind_addr, "0.0.0.0:8000") != 0 ||
	    server->auth_token || server->auth_token_file || server->allow_unauthenticated)
		return;
	server->server_bind_addr = "127.0.0.1:8000";
	config_warn(warnings,
		    mem_strdup("ControlServerConfig.ServerBindAddr \"0.0.0.0:8000\", Ghostferry's "
			       "default, is taken for \"127.0.0.1:8000\": for others to reach it, "
			       "set AuthTokenFile, AuthToken or AllowUnauthenticated"));
}

/* Takes ownership of tree and its text; tree NULL: *err is filled already. state_file: the
 * default, owned. */
static bool take(struct config *config, cJSON *tree, struct buf text, char *state_file,
		 struct config_warnings *warnings, struct error *err)
{
	struct move_options *move = &config->move;
	struct stat info;

	*config = (struct config){
		.memory = { .file = tree, .text = text.data, .length = text.length },
		.state_file = state_file,
	};
	config_keep(config, state_file);
	if (!tree) {
		err->kind = ERROR_CONFIG;
		return false;
	}
	options_preset(&config_options, config, config);
	move->source.label = "source";
	move->target.label = "target";
	move->replica.master.label = "source_master";
	/* Ghostferry has defaults for Source and Target only. */
	move->replica.master.port = 0;
	move->replica.master.user = NULL;
	if (!options_parse(config, warnings, err))
		return false;
	if (config->progress_callback.uri && config->progress_report_frequency_ms == 0)
		config->progress_report_frequency_ms = 5000;
	if (config->state_callback.uri && config->state_report_frequency_ms == 0)
		config->state_report_frequency_ms = 5000;
	warn_about_values(config, warnings);
	keep_to_loopback(&config->control_server, warnings);
	const char *token_file = config->control_server.auth_token_file;
	if (token_file && stat(token_file, &info) == 0 && info.st_mode & S_IROTH)
		config_warn(warnings, mem_printf("AuthTokenFile: everybody on this machine can read "
						 "%s (chmod o-r)",
						 token_file));
	return true;
}

bool config_parse(const char *text, size_t length, struct config *config,
		  struct config_warnings *warnings, struct error *err)
{
	struct buf copy = BUF_INIT;

	buf_add(&copy, text, length);
	return take(config, json_parse(text, length, err), copy, NULL, warnings, err);
}

bool config_load(const char *path, struct config *config, struct config_warnings *warnings,
		 struct error *err)
{
	struct buf text = BUF_INIT;
	struct stat own, state;
	cJSON *tree;

	*config = (struct config){ 0 };
	if (stat(path, &own) != 0 && errno == ENOENT)
		return error_set(err, ERROR_CONFIG, "%s does not exist", path);
	tree = json_read_file(path, &text, err);
	if (!tree && err->kind == ERROR_SYSTEM) {
		buf_release(&text);
		err->kind = ERROR_CONFIG;
		return error_wrap(err, "failed to open config file");
	}
	if (take(config, tree, text, mem_printf("%s.state", path), warnings, err)) {
		/* The state would overwrite the configuration. */
		if (!config->state_file || stat(config->state_file, &state) != 0 ||
		    state.st_dev != own.st_dev || state.st_ino != own.st_ino)
			return true;
		error_set(err, ERROR_CONFIG, "StateFile: is the configuration file itself");
	}
	/* What is wrong with the rest is reported now, too. */
	if (cJSON_IsObject(tree))
		config_validate_rest(config, err);
	return error_wrap(err, CONFIG_PARSING);
}

bool config_prints_state(const struct config *config)
{
	return config->dump_state_on_signal || config->dump_state_to_stdout_on_error;
}
