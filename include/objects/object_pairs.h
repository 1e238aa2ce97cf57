/* The objects of one database that are moved, as the target should have them, and those that it
 * has. */
#ifndef OBJECTS_OBJECT_PAIRS_H
#define OBJECTS_OBJECT_PAIRS_H

#include "objects/object_list.h"
#include "plan/move_options.h"

struct object_pairs {
	struct object_list wanted; /* chosen by MoveObjects and filters; translated */
	struct object_list there;  /* on the target, of the same kinds */
	bool exact;		   /* both servers print alike (object_agrees()) */
	char *schema_here;	   /* its name on the target */
	char *default_there;	   /* the database's collation on the source */
	char *default_here;	   /* on the target; NULL: it is not there yet */
	bool has_others;	   /* objects created while that was another one */
	bool is_left_over;	   /* and the target's is that of such an object */
};

/* Databases of the source that the filters choose; must be released in any case. */
bool object_databases_load(struct string_list *schemas, const struct move_options *options,
			   struct db *source, struct error *err) MUST_CHECK;
void object_databases_release(struct string_list *schemas);

/* collations: those that the target knows. Must be released in any case. */
bool object_pairs_load(struct object_pairs *pairs, const struct move_options *options,
		       const struct map *collations, const char *schema, enum object_kind first,
		       enum object_kind last, struct db *source, struct db *target,
		       struct error *err) MUST_CHECK;
void object_pairs_release(struct object_pairs *pairs);
/* Does the target have the object, as it should be? */
bool object_pairs_has(const struct object_pairs *pairs, const struct object *wanted) MUST_CHECK;

#endif
