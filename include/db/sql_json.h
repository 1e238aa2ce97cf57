/* MySQL's JSON documents with the types of their values, as text and back into SQL.
 *
 * The text a server prints of a document does not say everything: a DECIMAL comes
 * back from it as a DOUBLE, a DATETIME as a string, an unsigned 5 as a signed one.
 * So a struct value of a COLUMN_JSON is the text, and where it would not come back as
 * it was, a NUL and the list of such values after it:
 *
 *   {"a": 1.50, "b": ["2024-01-01", 2]}\0002 DECIMAL,3 DATE
 *
 * Values are counted from 1 in the order of the text as MySQL's path $**[0] finds
 * them: every value but arrays, and those arrays that come first in another. The
 * names are JSON_TYPE()'s; any other name than those known here stands for a value
 * printed as "base64:type<n>:...". Pure functions. */
#ifndef DB_SQL_JSON_H
#define DB_SQL_JSON_H

#include "db/sql.h"

/* Whole numbers up to this one are parsed as signed, those beyond as unsigned. */
#define JSON_PARSED_SIGNED_MAX UINT32_MAX

/* The text alone. */
size_t sql_json_text_length(struct value value);

/* An expression whose value is the document, types included: _utf8mb4'...', or
 * JSON_REPLACE(CAST(_utf8mb4'...' AS JSON),path,value,...). False and *err for what
 * no expression makes, or a list that does not fit the text. */
bool sql_json(struct buf *sql, struct value value, struct error *err) MUST_CHECK;

/* What is to be selected beside the column (which belongs to that table) to know the
 * types: "<number>:<list>". MySQL 8.0.4 on. */
void sql_json_select_types(struct buf *sql, const struct table *table, const struct column *column);
/* The list in a value selected so. False: it is not complete. */
bool sql_json_types(struct value selected, struct value *list);

#endif
