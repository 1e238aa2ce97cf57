/* Looks whether the rows that the target is owed (owed_rows.h) are there. One thread at a time:
 * owed_watch.h, then the ferry's. */
#ifndef VERIFY_OWED_CHECK_H
#define VERIFY_OWED_CHECK_H

#include "rows/owed_rows.h"

/* While rows are moved, of tables that may merge rows: forgets what is there. ERROR_DIFFERENT
 * names a row that will never be, and the one in its way. */
bool owed_check_while_moving(struct owed_rows *o, struct error *err) MUST_CHECK;
/* While rows change: forgets what is there, so that little is left for the cutover. */
bool owed_check_before_cutover(struct owed_rows *o, struct error *err) MUST_CHECK;
/* Source and target stand still. ERROR_DIFFERENT names tables and keys. */
bool owed_check_during_cutover(struct owed_rows *o, struct error *err) MUST_CHECK;

#endif
