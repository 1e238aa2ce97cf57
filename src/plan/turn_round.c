/* Only the comparison's options for single tables have to be translated: nothing is copied on the
 * way back, and any key of a table will do to apply its changes by. */
#include "plan/turn_round.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void translate_entry(struct map *to, const struct map_entry *entry,
			    const struct name_pair *pair, bool is_bare)
{
	struct buf name = BUF_INIT, key = BUF_INIT;
	const char *rest;

	/* The entry names the table, or something in it: "schema.table.column". */
	if (!is_bare)
		buf_printf(&name, "%s.", pair->target.schema);
	buf_puts(&name, pair->target.name);
	rest = entry->key + name.length;
	if (strncmp(entry->key, name.data, name.length) == 0 && (!*rest || *rest == '.')) {
		if (!is_bare)
			buf_printf(&key, "%s.", pair->source.schema);
		buf_printf(&key, "%s%s", pair->source.name, rest);
		map_put(to, key.data, key.length, entry->value);
	}
	buf_release(&name);
	buf_release(&key);
}

/* is_bare: the keys name no database. */
static void translate(struct map *to, const struct map *from, const struct map *names, bool is_bare)
{
	const struct map_entry *entry, *pair;
	size_t cursor = 0;

	map_init(to);
	while ((entry = map_next(from, &cursor))) {
		size_t at = 0;

		while ((pair = map_next(names, &at)))
			translate_entry(to, entry, pair->value, is_bare);
	}
}

static void translate_list(struct turned_options *turned, const struct string_list *from,
			   const struct map *names)
{
	struct string_list *to = &turned->texts;

	for (size_t i = 0; i < from->count; i++) {
		const struct map_entry *entry;
		size_t at = 0;

		while ((entry = map_next(names, &at))) {
			const struct name_pair *pair = entry->value;

			if (strcmp(from->items[i], pair->target.name) != 0)
				continue;
			to->items = mem_resize(to->items, to->count + 1, sizeof(*to->items));
			to->items[to->count++] = mem_strdup(pair->source.name);
		}
	}
	turned->move.verify.ignored_tables = *to;
}

void turn_round(struct turned_options *turned, const struct move_options *from,
		const struct map *names)
{
	struct move_options *to = &turned->move;
	struct verify_options *verify = &to->verify;
	struct throttle_limits *limits = &to->throttle.limits;
	const struct throttle_limits *were = &from->throttle.limits;

	*turned = (struct turned_options){ .move = *from };
	to->source = from->target;
	to->target = from->source;
	to->source.label = "source";
	to->target.label = "target";
	to->source.logs_statements = false;
	to->target.logs_statements = from->watch_target;
	to->source.identity = to->target.identity = NULL;
	to->source.computing = to->target.computing = NULL;
	to->databases = to->tables = (struct name_rules){ .whitelist = { NULL, 0 } };
	to->keys = (struct key_rules){ .fallback = NULL };
	to->batch_rows_per_table = (struct map){ .count = 0 };
	to->create_first = (struct string_list){ NULL, 0 };
	to->defer_indexes = false;
	to->move_objects = (struct string_list){ NULL, 0 };
	to->collation_rewrites = (struct map){ .count = 0 };
	/* A table that is copied again would be dropped where the data came from. */
	to->recopies = false;
	to->recopies_of = (struct map){ .count = 0 };
	to->truncates = from->recopies;
	translate(&to->truncates_of, &from->recopies_of, names, false);
	/* The limits belong to the servers. */
	for (enum throttle_side side = 0; side < THROTTLE_SIDES; side++) {
		limits->replicas[side] = were->replicas[!side];
		limits->max_threads[side] = were->max_threads[!side];
		limits->max_history[side] = were->max_history[!side];
		limits->query[side] = were->query[!side];
		limits->query_max[side] = were->query_max[!side];
	}
	to->way_back = (struct way_back_options){ .names = names };
	translate(&verify->ignored_columns, &from->verify.ignored_columns, names, false);
	translate(&verify->ignored_bare, &from->verify.ignored_bare, names, true);
	translate(&verify->compressed_columns, &from->verify.compressed_columns, names, false);
	translate(&verify->compressed_bare, &from->verify.compressed_bare, names, true);
	translate(&verify->force_index, &from->verify.force_index, names, false);
	translate_list(turned, &from->verify.ignored_tables, names);
}

void turned_options_release(struct turned_options *turned)
{
	struct verify_options *verify = &turned->move.verify;

	map_release(&turned->move.truncates_of);
	map_release(&verify->ignored_columns);
	map_release(&verify->ignored_bare);
	map_release(&verify->compressed_columns);
	map_release(&verify->compressed_bare);
	map_release(&verify->force_index);
	for (size_t i = 0; i < turned->texts.count; i++)
		free(turned->texts.items[i]);
	free(turned->texts.items);
	*turned = (struct turned_options){ .texts = { NULL, 0 } };
}
