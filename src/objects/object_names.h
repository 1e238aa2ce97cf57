/* Names of databases in the statements of routines, triggers and events. Pure functions. */
#ifndef OBJECTS_OBJECT_NAMES_H
#define OBJECTS_OBJECT_NAMES_H

#include "objects/object_list.h"

/* Is the name for certain this database's, or none at all, wherever the statement has it, and can
 * it be replaced by the other one there? */
bool object_names_are_certain(const struct object *o, const char *database, const char *other);
/* Replaces those of databases in the map, for which all of that is certain. */
void object_names_replace(struct object *o, const struct map *rewrites);

#endif
