/* The keys in the text of a CREATE TABLE statement, as SHOW CREATE TABLE prints it, that enforce
 * nothing: plain, FULLTEXT and SPATIAL ones. Pure functions. */
#ifndef CREATE_CREATE_KEYS_H
#define CREATE_CREATE_KEYS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

struct create_key {
	struct buf text; /* as it can stand behind ALTER TABLE ... ADD */
	struct buf name;
	bool is_fulltext;
};

void create_key_release(struct create_key *key);
/* The first one behind *at, which begins as the statement and is moved on. False: there is
 * none. */
bool create_next_key(const char **at, struct create_key *key) MUST_CHECK;
/* The one of this name (the case of letters does not count). */
bool create_find_key(const char *shown, const char *name, struct create_key *key) MUST_CHECK;
/* Are they of one kind and over the same parts? Comments and options do not count, nor do
 * directions, which not every server has. */
bool create_same_key(const struct create_key *a, const struct create_key *b) MUST_CHECK;
/* The statement without those that are chosen. */
typedef bool create_key_filter(const void *context, const struct create_key *key);
void create_leave_out_keys(struct buf *out, const char *shown, create_key_filter *chosen,
			   const void *context);

#endif
