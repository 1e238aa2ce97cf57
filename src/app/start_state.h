/* The state that a run goes on from, or that says that there is nothing to go on from.
 * main's thread, before anything is connected. */
#ifndef APP_START_STATE_H
#define APP_START_STATE_H

#include "cli.h"
#include "config/config.h"
#include "state/state_read.h"

struct start_state {
	bool is_resumed;
	struct saved_state state; /* owned, valid if is_resumed */
	/* A fresh start, and the state file is of a move that was finished. */
	bool has_finished;
	struct saved_state finished; /* owned, valid if has_finished */
	bool is_over;		     /* -resume: and that is all there is to do */
};

/* With -back: the state of the way back, which is always resumed. */
bool start_state_find_back(struct start_state *start, const struct cli *cli,
			   const struct config *config, struct error *err) MUST_CHECK;
bool start_state_find(struct start_state *start, const struct cli *cli, const struct config *config,
		      struct error *err) MUST_CHECK;
void start_state_release(struct start_state *start);

#endif
