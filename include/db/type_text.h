/* Column definitions as different server versions word them, made comparable. */
#ifndef DB_TYPE_TEXT_H
#define DB_TYPE_TEXT_H

#include "base/buf.h"

/* COLUMN_TYPEs, except for display widths and how the server stores the column. */
bool type_text_equal(const char *a, const char *b);
/* "utf8_bin" is "utf8mb3_bin", "utf8" is "utf8mb3". */
bool collation_equal(const char *a, const char *b);
/* Are texts the same bytes in both? utf8mb3 is part of utf8mb4; "" is "binary", as MariaDB
 * shows none for it. */
bool charset_equal(const char *a, const char *b);

#endif
