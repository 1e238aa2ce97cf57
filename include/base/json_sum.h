/* A sum over what a JSON value says, not over how it is written: blanks, escapes and the order of
 * an object's members do not count, each digit does. It finds mistakes and changes by hand; it is
 * no protection against tampering. */
#ifndef BASE_JSON_SUM_H
#define BASE_JSON_SUM_H

#include "base/json.h"

/* Of a tree that was parsed, or is under construction. A raw node counts as the number
 * that it holds. */
uint64_t json_sum(const cJSON *value);

/* For an object that never exists as one tree: add up its members, then close the sum. */
uint64_t json_sum_member(const char *name, uint64_t value_sum);
uint64_t json_sum_object(uint64_t members);

#endif
