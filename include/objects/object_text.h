/* What an object of the source must be on the target, and whether it is that. Pure functions. */
#ifndef OBJECTS_OBJECT_TEXT_H
#define OBJECTS_OBJECT_TEXT_H

#include "objects/object_list.h"
#include "plan/move_options.h"

/* What applies to the objects of one database; all borrowed. */
struct object_terms {
	const struct move_options *options;
	const struct server_version *source;
	const struct server_version *target;
	const struct map *collations; /* those that the target knows */
	const char *default_there;    /* the database's collation on the source */
	const char *default_here;     /* and on the target */
};

/* Is it moved at all, by MoveObjects? */
bool object_kind_is_moved(const struct move_options *options, enum object_kind kind);
bool object_is_moved_any(const struct move_options *options);
/* By the filters: views, sequences and triggers' tables by Tables, all by Databases. */
bool object_is_chosen(const struct move_options *options, const struct object *o);
/* Does the statement contain this word, apart from the account? In strings and comments too: a
 * statement may be assembled there. */
bool object_mentions(const struct object *o, const char *word);
/* A name in its statement that is another one on the target, and that object_translate() cannot
 * replace; or NULL. */
const char *object_rewritten_name(const struct move_options *options, const struct object *o);

/* Is the name in its statement in UTF-8, and the rest in what the object was made in? */
bool object_is_in_two_charsets(const struct object *o, enum flavour source);
/* An event that a server does not keep once its time is over. */
bool object_may_be_over(const struct object *o);

/* Changes the source's object into what the target should have. */
void object_translate(struct object *o, const struct object_terms *terms);
/* Are both servers known to print the same object in the same way? */
bool object_prints_alike(const struct server_version *a, const struct server_version *b);
/* Equal, enabled or not? exact: byte by byte; else in what all servers report in the same words. */
bool object_agrees(const struct object *wanted, const struct object *there, bool exact);

#endif
