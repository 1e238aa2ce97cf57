/* Engines without transactions that tables keep (no EngineRewrites): while rows are written the
 * target's table is InnoDB's, as what is written would else be neither safe nor repeatable. */
#ifndef CREATE_TARGET_ENGINE_H
#define CREATE_TARGET_ENGINE_H

#include "run/run.h"

/* By the ferry's thread, in the cutover: these tables are not written to any more. */
bool target_engines_give(struct run *run, struct error *err) MUST_CHECK;
/* What an earlier process of the run has given, or is there already, before rows are written. */
bool target_engines_take(struct run *run, struct db *target, struct error *err) MUST_CHECK;

#endif
