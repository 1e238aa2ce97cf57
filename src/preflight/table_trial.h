/* Creates every table once in a scratch database, which is then dropped, so that what the target
 * refuses is known before anything else is created. */
#ifndef PREFLIGHT_TABLE_TRIAL_H
#define PREFLIGHT_TABLE_TRIAL_H

#include "preflight_priv.h"

#define TABLE_TRIAL_NAME_SIZE 64
/* For GRANT, where "_" stands for any character. */
#define TABLE_TRIAL_PATTERN "ghostferry\\_trial\\_"

void table_trial_name(char name[TABLE_TRIAL_NAME_SIZE], const char *run_id);
/* Tries the tables that neither exist nor are refused already, and adds a finding for each that
 * cannot be created. First drops what runs that died in their trial left behind. */
bool table_trial_run(struct preflight *p, const char *scratch, struct error *err) MUST_CHECK;

#endif
