/* 1,500 tables are half a megabyte of JSON, and most of them do not change from one second to
 * the next. So each table's text is kept with the number of the snapshot in which it changed,
 * and a client gets what is newer than the last snapshot it has seen, whether it has missed
 * some or not. */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct event_table {
	char *text; /* owned */
	uint64_t changed;
};

struct events {
	uint64_t number; /* of the snapshot, from 1 */
	struct buf overall;
	struct event_table *tables; /* owned */
	size_t count;
};

void events_take(struct events **made, const struct status_view *view)
{
	struct events *events = *made ? *made : mem_calloc(1, sizeof(*events));
	size_t count = view->status->table_count;

	*made = events;
	events->number++;
	buf_clear(&events->overall);
	status_json_overall(&events->overall, view);
	if (count > events->count) {
		events->tables = mem_resize(events->tables, count, sizeof(*events->tables));
		memset(events->tables + events->count, 0,
		       (count - events->count) * sizeof(*events->tables));
		events->count = count;
	}
	for (size_t i = 0; i < count; i++) {
		struct event_table *table = &events->tables[i];
		struct buf text = BUF_INIT;

		status_json_table(&text, view, i);
		if (table->text && strcmp(table->text, buf_text(&text)) == 0) {
			buf_release(&text);
			continue;
		}
		free(table->text);
		table->text = buf_take(&text);
		table->changed = events->number;
	}
}

void events_put(const struct events *events, uint64_t *seen, struct buf *out)
{
	bool is_first = true;

	if (*seen == 0)
		buf_puts(out, "retry: 2000\n");
	buf_puts(out, "data: ");
	buf_add(out, events->overall.data, events->overall.length - 1); /* but its brace */
	buf_puts(out, ",\"TableStatuses\":[");
	for (size_t i = 0; i < events->count; i++) {
		if (events->tables[i].changed <= *seen)
			continue;
		buf_printf(out, "%s%s", is_first ? "" : ",", events->tables[i].text);
		is_first = false;
	}
	buf_puts(out, "]}\n\n");
	*seen = events->number;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->count; i++)
		free(events->tables[i].text);
	free(events->tables);
	buf_release(&events->overall);
	free(events);
}
