/* MySQL's binary JSON documents as text. Pure function. */
#ifndef DECODE_JSON_BINARY_H
#define DECODE_JSON_BINARY_H

#include "base/buf.h"

/* Appends the document in the form of db/sql_json.h: its text as the server prints it, and the
 * types that the text does not show. False when it is none that a server writes; then part of it
 * may have been appended. */
bool json_binary_text(const uint8_t *bytes, size_t length, struct buf *text) MUST_CHECK;

#endif
