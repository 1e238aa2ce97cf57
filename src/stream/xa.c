/* XA transactions between PREPARE and the decision. The servers log the xid in one
 * canonical form, X'gtrid',X'bqual',format, whatever the client wrote. */
#include "xa.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define XID_PART_MAX 64 /* MAXGTRIDSIZE, MAXBQUALSIZE */

void xa_prepare(struct xa_list *list, const char *xid, const struct binlog_position *before,
		struct event_buffer *buffered)
{
	struct xa_transaction *transaction = mem_calloc(1, sizeof(*transaction));
	struct xa_transaction **end = &list->first;

	transaction->xid = mem_strdup(xid);
	transaction->before = *before;
	transaction->buffered = *buffered;
	buffered->bytes = (struct buf)BUF_INIT;
	while (*end)
		end = &(*end)->next;
	*end = transaction;
}

struct xa_transaction *xa_decide(struct xa_list *list, const char *xid, struct gtid_set *done)
{
	for (struct xa_transaction **at = &list->first; *at; at = &(*at)->next) {
		struct xa_transaction *found = *at;

		if (strcmp(found->xid, xid) == 0) {
			*at = found->next;
			gtid_set_merge(done, &found->gtids);
			return found;
		}
		done = &found->gtids;
	}
	return NULL;
}

struct gtid_set *xa_newest_gtids(struct xa_list *list)
{
	struct xa_transaction *newest = list->first;

	while (newest && newest->next)
		newest = newest->next;
	return newest ? &newest->gtids : NULL;
}

void xa_transaction_free(struct xa_transaction *transaction)
{
	if (!transaction)
		return;
	free(transaction->xid);
	buf_release(&transaction->buffered.bytes);
	gtid_set_release(&transaction->gtids);
	free(transaction);
}

size_t xa_list_bytes(const struct xa_list *list)
{
	size_t bytes = 0;

	for (const struct xa_transaction *xa = list->first; xa; xa = xa->next)
		bytes += xa->buffered.bytes.length;
	return bytes;
}

void xa_list_release(struct xa_list *list)
{
	while (list->first) {
		struct xa_transaction *next = list->first->next;

		xa_transaction_free(list->first);
		list->first = next;
	}
}

bool xa_prepare_parse(struct binlog_event *event, struct buf *xid, bool *one_phase,
		      struct error *err)
{
	struct reader *r = &event->body;

	*one_phase = reader_u8(r) != 0;
	uint32_t format = reader_u32(r);
	uint32_t gtrid_length = reader_u32(r);
	uint32_t bqual_length = reader_u32(r);

	if (gtrid_length > XID_PART_MAX || bqual_length > XID_PART_MAX)
		r->failed = true;

	const uint8_t *gtrid = reader_bytes(r, gtrid_length);
	const uint8_t *bqual = reader_bytes(r, bqual_length);

	if (r->failed)
		return error_set(err, ERROR_CORRUPT, "XA_PREPARE event cut short");
	buf_clear(xid);
	buf_puts(xid, "x'");
	buf_put_hex(xid, gtrid, gtrid_length);
	buf_puts(xid, "',x'");
	buf_put_hex(xid, bqual, bqual_length);
	buf_printf(xid, "',%u", format);
	return true;
}

bool xa_statement_parse(const char *sql, size_t length, struct buf *xid, struct error *err)
{
	const char *quote = memchr(sql, '\'', length);
	const char *end = sql + length;

	buf_clear(xid);
	if (!quote || quote == sql)
		return error_set(err, ERROR_UNSUPPORTED,
				 "an XA statement without a logged xid: %.*s",
				 length < 200 ? (int)length : 200, sql);
	for (const char *at = quote - 1; at < end; at++)
		if (!isspace((unsigned char)*at))
			buf_putc(xid, (char)tolower((unsigned char)*at));

	/* MySQL takes 64 bits for the format, and logs 32 of them when it prepares. */
	const char *format = strrchr(buf_text(xid), ',');

	if (format && isdigit((unsigned char)format[1])) {
		uint32_t cut = (uint32_t)strtoull(format + 1, NULL, 10);

		buf_truncate(xid, (size_t)(format + 1 - buf_text(xid)));
		buf_printf(xid, "%" PRIu32, cut);
	}
	return true;
}
