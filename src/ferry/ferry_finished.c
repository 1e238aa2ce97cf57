/* A start of a move that is finished already, as its state says: from the same source, with all
 * tables that are chosen now, and these exist on the target. Their contents may be in use by now,
 * so nothing is done, or advised. */
#include "ferry_priv.h"

#include <string.h>

#include "plan/table_pairs.h"

bool ferry_check_finished(struct ferry *f, struct error *err)
{
	struct table_pairs pairs;
	struct db_identity identity;
	bool ok;

	if (!f->finished || f->tables.count == 0)
		return true;
	/* Not the tracker's: it has none if the source is not fit for a move, which it no longer
	 * needs to be. */
	if (!db_ask_identity(f->source, &identity, err))
		return error_wrap(err, "read the identity of the source");
	f->is_finished = strcmp(f->finished->run.source_uuid, identity.text) == 0;
	for (size_t i = 0; f->is_finished && i < f->tables.count; i++)
		f->is_finished = map_get_text(&f->finished->key_columns_of,
					      f->tables.tables[i]->source->full_name) != NULL;
	if (!f->is_finished)
		return true;
	ok = table_pairs_load(&pairs, &f->tables, f->target, err);
	for (size_t i = 0; ok && f->is_finished && i < f->tables.count; i++)
		f->is_finished = pairs.there[i] != NULL;
	table_pairs_release(&pairs);
	return ok || error_wrap(err, "look for the tables of the finished move");
}
