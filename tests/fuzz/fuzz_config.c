/* A configuration: read and checked. */
#include <assert.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct config *config)
{
	struct error err = ERROR_INIT;

	/* No files are read for what a fuzzer makes up. */
	config->move.source.pass_file = NULL;
	config->move.target.pass_file = NULL;
	config->move.replica.master.pass_file = NULL;
	if (!config_validate(config, &err))
		assert(err.kind == ERROR_CONFIG && err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct config_warnings warnings = { .texts = { NULL, 0 } };
	struct error err = ERROR_INIT;

	if (config_parse((const char *)data, size, &config, &warnings, &err))
		check(&config);
	else
		assert(err.kind == ERROR_CONFIG && err.text[0]);
	config_release(&config);
	config_warnings_release(&warnings);
	return 0;
}
