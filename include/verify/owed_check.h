/* Looks whether the rows that the target is owed (owed_rows.h) are there. The ferry's thread. */
#ifndef VERIFY_OWED_CHECK_H
#define VERIFY_OWED_CHECK_H

#include "rows/owed_rows.h"

/* While rows change: forgets what is there, so that little is left for the cutover. */
bool owed_check_before_cutover(struct owed_rows *o, struct error *err) MUST_CHECK;
/* Source and target stand still. ERROR_DIFFERENT names tables and keys. */
bool owed_check_during_cutover(struct owed_rows *o, struct error *err) MUST_CHECK;

#endif
