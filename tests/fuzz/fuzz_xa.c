/* An XA_PREPARE event's body behind a 0, a statement behind any other byte; both are
 * also buffered and read back, as the rows of a prepared transaction are. */
#include <assert.h>

#include "../../src/stream/xa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void buffer_and_read(const uint8_t *data, size_t size)
{
	struct binlog_event event = { .type = data[0], .body = reader_over(data, size) };
	struct event_buffer events = { BUF_INIT };
	size_t offset = 0;

	event_buffer_add(&events, &event);
	assert(event_buffer_next(&events, &offset, &event) && reader_left(&event.body) == size);
	assert(!event_buffer_next(&events, &offset, &event));
	buf_release(&events.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct binlog_event event = { .type = EVENT_XA_PREPARE };
	struct buf xid = BUF_INIT;
	struct error err = ERROR_INIT;
	bool one_phase, ok;

	if (size == 0)
		return 0;
	buffer_and_read(data, size);
	event.body = reader_over(data + 1, size - 1);
	if (data[0] == 0)
		ok = xa_prepare_parse(&event, &xid, &one_phase, &err);
	else
		ok = xa_statement_parse((const char *)data + 1, size - 1, &xid, &err);
	assert(!ok || xid.length > 0);
	buf_release(&xid);
	return 0;
}
