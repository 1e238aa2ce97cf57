/* GTID events, lists and texts, by the first byte. What is taken prints as a text that
 * reads the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "decode/gtid_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_and_read(const struct gtid_set *set)
{
	struct gtid_set again = GTID_SET_INIT;
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	gtid_set_print(&text, set);
	/* Numbers above INT64_MAX are in no text of MySQL's. */
	if (gtid_set_parse(&again, buf_text(&text), text.length, &err)) {
		assert(gtid_set_is_subset(set, &again, NULL));
		if (set->kind == GTID_MYSQL)
			assert(gtid_set_is_subset(&again, set, NULL));
	} else {
		assert(set->kind == GTID_MYSQL);
	}
	gtid_set_release(&again);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t types[] = { EVENT_PREVIOUS_GTIDS, EVENT_MARIADB_GTID_LIST, EVENT_GTID,
					 EVENT_GTID_TAGGED, EVENT_MARIADB_GTID };
	struct gtid_set set = GTID_SET_INIT;
	struct error err = ERROR_INIT;
	struct gtid gtid;

	if (size == 0)
		return 0;
	struct binlog_event event = { .type = types[data[0] % ARRAY_LEN(types)],
				      .body = reader_over(data + 1, size - 1) };

	if (data[0] == 't') {
		if (gtid_set_parse(&set, (const char *)data + 1, size - 1, &err))
			print_and_read(&set);
	} else if (event.type == EVENT_PREVIOUS_GTIDS || event.type == EVENT_MARIADB_GTID_LIST) {
		if (gtid_list_parse(&event, &set, &err))
			print_and_read(&set);
	} else if (gtid_event_parse(&event, &gtid, &err)) {
		gtid_set_add(&set, &gtid);
		print_and_read(&set);
	}
	gtid_set_release(&set);
	return 0;
}
