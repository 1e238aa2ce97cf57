/* A configuration: read, checked, and printed; what is printed is read again without
 * an error. */
#include <assert.h>
#include <stdlib.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No files are read for what a fuzzer makes up. */
static void forget_file(struct database_config *database)
{
	free(database->pass_file);
	database->pass_file = NULL;
}

static void check(struct config *config)
{
	struct error err = ERROR_INIT;

	forget_file(&config->source);
	forget_file(&config->target);
	forget_file(&config->source_replication_master);
	if (!config_validate(config, &err))
		assert(err.kind == ERROR_CONFIG && err.text[0]);
}

static void print(const struct config *config)
{
	cJSON *tree = config_to_json(config);
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	cJSON *again;

	assert(tree);
	json_print(&text, tree, 1);
	again = json_parse(text.data, text.length, &err);
	assert(again);
	cJSON_Delete(again);
	cJSON_Delete(tree);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct config_warnings warnings = { .texts = { NULL, 0 } };
	struct error err = ERROR_INIT;

	if (config_parse((const char *)data, size, &config, &warnings, &err)) {
		print(&config);
		check(&config);
	} else {
		assert(err.kind == ERROR_CONFIG && err.text[0]);
	}
	config_release(&config);
	config_warnings_release(&warnings);
	return 0;
}
