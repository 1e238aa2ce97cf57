#include "wiring.h"

void wiring_make(struct wiring *wiring, const struct config *config)
{
	struct ferry_options *options = &wiring->options;

	*wiring = (struct wiring){ .options = config->move };
	options->verify.spill_beside = config->state_file;
	options->source.identity = options->source_identity = &wiring->source_identity;
	options->target.computing = options->computing = &wiring->computing;
}
