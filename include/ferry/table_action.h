/* How far a table is, for the status. */
#ifndef FERRY_TABLE_ACTION_H
#define FERRY_TABLE_ACTION_H

/* In the order in which a table goes through them. */
enum table_action { TABLE_WAITING, TABLE_COPYING, TABLE_INDEXING, TABLE_COMPLETED, TABLE_ACTIONS };

/* "copying", as /api/status and the metrics say it. */
const char *table_action_name(enum table_action action);

#endif
