#include "verify_objects.h"

#include <stdio.h>

#include "base/printable.h"
#include "objects/object_pairs.h"
#include "objects/object_text.h"
#include "plan/collation.h"

static const char *verdict(const struct object_pairs *pairs, const struct object *wanted)
{
	const struct object *there = object_list_find(&pairs->there, wanted);

	if (!there)
		return "is not on the target";
	if (!object_pairs_has(pairs, wanted))
		return "is not on the target as it is on the source";
	/* It may be disabled on the source by now, as it runs on the target. */
	if (wanted->status == OBJECT_ENABLED && there->status != OBJECT_ENABLED)
		return "is not enabled on the target";
	return NULL;
}

static void compare(const struct object_pairs *pairs, unsigned *different)
{
	for (size_t i = 0; i < pairs->wanted.count; i++) {
		const struct object *o = &pairs->wanted.items[i];
		const char *what = verdict(pairs, o);
		struct buf name = BUF_INIT;

		if (!what)
			continue;
		printable_put(&name, o->full_name);
		fprintf(stderr, "different: %s %s %s\n", o->type, buf_text(&name), what);
		buf_release(&name);
		++*different;
	}
}

bool verify_objects(const struct move_options *options, struct db *source, struct db *target,
		    unsigned *different, struct error *err)
{
	struct string_list schemas;
	struct map collations;
	bool ok;

	if (!object_is_moved_any(options))
		return true;
	map_init(&collations);
	ok = db_ready(source, err) && db_ready(target, err) &&
	     object_databases_load(&schemas, options, source, err);
	if (ok) {
		ok = collations_load(&collations, target, err);
		for (size_t i = 0; ok && i < schemas.count; i++) {
			struct object_pairs pairs;

			ok = object_pairs_load(&pairs, options, &collations, schemas.items[i], 0,
					       OBJECT_KINDS - 1, source, target, err);
			if (ok)
				compare(&pairs, different);
			object_pairs_release(&pairs);
		}
		object_databases_release(&schemas);
	}
	map_release(&collations);
	return ok;
}
