/* Creates, drops and enables objects one by one on the target, over a session that serves nothing
 * else: it takes on the settings that each was created with. */
#ifndef OBJECTS_OBJECT_MAKER_H
#define OBJECTS_OBJECT_MAKER_H

#include "objects/object_list.h"

struct object_maker {
	struct db *target; /* borrowed, like the rest */
	const char *marginalia;
	const char *run_id; /* NULL: none is put into the statements */
};

/* The session's settings are restored, also after a failure. */
bool object_make(const struct object_maker *m, const struct object *o, struct error *err) MUST_CHECK;
bool object_drop(const struct object_maker *m, const struct object *o, struct error *err) MUST_CHECK;
/* An event. */
bool object_enable(const struct object_maker *m, const struct object *o,
		   struct error *err) MUST_CHECK;
/* value: arguments of SETVAL, which never sets a sequence back. */
bool object_set_value(const struct object_maker *m, const struct object *o, const char *value,
		      struct error *err) MUST_CHECK;
/* Does the server take the object's settings? Nothing is made. */
bool object_try_settings(struct db *target, const struct object *o, struct error *err) MUST_CHECK;
/* The default for tables that name no collation, and database_collation of new objects. */
bool object_set_database_collation(const struct object_maker *m, const char *schema,
				   const char *collation, struct error *err) MUST_CHECK;

#endif
