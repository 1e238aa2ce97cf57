/* JSON texts on top of cJSON, with exact integers and precise messages.
 *
 * cJSON keeps numbers as double, which rounds integers above 2^53. When parsing here, every number
 * token that is not a plain integer within +-2^53 is also kept as its text (see json_u64()) and
 * printed as that; when writing, integers go out as raw text. Trees belong to one thread at a
 * time. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

/* Parses one JSON value; anything but white space after it is an error, as are
 * nesting deeper than 200 and duplicate keys in one object (compared with
 * case). The message has line and column. Caller frees with cJSON_Delete().
 * Strings with a NUL (\u0000) inside are refused. NULL and *err on failure. */
cJSON *json_parse(const char *text, size_t length, struct error *err) MUST_CHECK;

/* Reads a whole file; "" is an error like any other non-JSON. At most 1 GiB. */
cJSON *json_parse_file(const char *path, struct error *err) MUST_CHECK;
/* The same, and appends the text to content. */
cJSON *json_read_file(const char *path, struct buf *content, struct error *err) MUST_CHECK;

/* Where node, which is in the tree root, stands in the text that root was parsed from: a
 * member's name, or an item's value. False: it is not there. */
bool json_place(const char *text, size_t length, cJSON *root, const cJSON *node, size_t *line,
		size_t *column) MUST_CHECK;

/* The exact integer of a number node. False when it is not a number, has a
 * fraction or exponent, or is out of the type's range. */
bool json_u64(const cJSON *node, uint64_t *number) MUST_CHECK;
bool json_i64(const cJSON *node, int64_t *number) MUST_CHECK;

/* Exact integers into trees under construction. */
cJSON *json_add_u64(cJSON *object, const char *key, uint64_t number);
cJSON *json_add_i64(cJSON *object, const char *key, int64_t number);
cJSON *json_new_u64(uint64_t number);
cJSON *json_new_i64(int64_t number);

/* Appends the value's text: indent spaces per level, 0 for one line. */
void json_print(struct buf *out, const cJSON *value, int indent);
/* The same for a value that will be nested level deep in others. */
void json_print_within(struct buf *out, const cJSON *value, int indent, int level);

/* "an object", "null", ... for messages. */
const char *json_type_name(const cJSON *node);

#endif
