/* Makes every table once in a database of its own, which is dropped again: what the target
 * refuses is known before anything is created. */
#ifndef PREFLIGHT_TABLE_TRIAL_H
#define PREFLIGHT_TABLE_TRIAL_H

#include "preflight_priv.h"

#define TABLE_TRIAL_NAME_SIZE 64
/* For GRANT, where "_" stands for any character. */
#define TABLE_TRIAL_PATTERN "ghostferry\\_trial\\_"

void table_trial_name(char name[TABLE_TRIAL_NAME_SIZE], const char *run_id);
/* Of the tables that are neither there nor refused already. Adds a finding for each that
 * cannot be made. First drops what runs left behind that ended in the middle of this. */
bool table_trial_run(struct preflight *p, const char *scratch, struct error *err) MUST_CHECK;

#endif
