/* Every figure is of the same snapshot as the status JSON's. Counters count since the start of
 * this process, as Prometheus expects of a process that begins again. */
#include "metrics.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/version.h"

enum figure_type { U64, DOUBLE };

#define STATUS(type, field) type, offsetof(struct ferry_status, field)

static const struct figure {
	const char *name, *kind, *help;
	enum figure_type type;
	size_t offset;
} figures[] = {
	{ "start_time_seconds", "gauge", "When this process started, in seconds since 1970.",
	  STATUS(DOUBLE, start_time) },
	{ "copied_rows_total", "counter", "Rows written by the copy.", STATUS(U64, rows_written) },
	{ "copied_bytes_total", "counter", "Bytes written by the copy.", STATUS(U64, bytes_written) },
	{ "copied_batches_total", "counter", "Batches written by the copy.",
	  STATUS(U64, batches_written) },
	{ "changes_received_total", "counter", "Row changes received from the source.",
	  STATUS(U64, changes_received) },
	{ "changes_applied_total", "counter", "Row changes applied on the target.",
	  STATUS(U64, changes_applied) },
	{ "queued_changes", "gauge", "Row changes received and not yet applied.",
	  STATUS(U64, queued_changes) },
	{ "tables_copied_again", "gauge", "Tables copied again, as their definition changed.",
	  STATUS(U64, recopied_count) },
	{ "queued_bytes", "gauge", "Memory that the queued changes take.",
	  STATUS(U64, queued_bytes) },
};

static void head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_printf(out, "# HELP ghostferry_%s %s\n# TYPE ghostferry_%s %s\n", name, help, name,
		   kind);
}

/* The value of a label: what would end it is escaped. */
static void put_label(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			buf_puts(out, "\\n");
			continue;
		}
		if (*text == '"' || *text == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
}

static void put_sample(struct buf *out, const char *name, const char *label, const char *value,
		       double number)
{
	buf_printf(out, "ghostferry_%s", name);
	if (label) {
		buf_printf(out, "{%s=\"", label);
		put_label(out, value);
		buf_puts(out, "\"}");
	}
	if (isfinite(number))
		buf_printf(out, " %.17g\n", number);
	else
		buf_puts(out, " NaN\n");
}

static void put_one(struct buf *out, const char *name, const char *kind, const char *help,
		    double number)
{
	head(out, name, kind, help);
	put_sample(out, name, NULL, NULL, number);
}

static void put_figures(struct buf *out, const struct ferry_status *status)
{
	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		const struct figure *f = &figures[i];
		const char *at = (const char *)status + f->offset;
		uint64_t whole;
		double number;

		head(out, f->name, f->kind, f->help);
		if (f->type == U64) {
			memcpy(&whole, at, sizeof(whole));
			buf_printf(out, "ghostferry_%s %" PRIu64 "\n", f->name, whole);
		} else {
			memcpy(&number, at, sizeof(number));
			put_sample(out, f->name, NULL, NULL, number);
		}
	}
}

static void put_stages(struct buf *out, const struct ferry_status *status)
{
	head(out, "stage", "gauge", "1 for the present stage, 0 for the others.");
	for (int i = 0; i < PHASE_COUNT; i++)
		put_sample(out, "stage", "stage", phase_name((enum phase)i),
			   (int)status->phase == i);
	head(out, "stage_seconds_total", "counter", "Time spent in each stage.");
	for (int i = 0; i < PHASE_COUNT; i++)
		put_sample(out, "stage_seconds_total", "stage", phase_name((enum phase)i),
			   status->phase_s[i]);
	put_one(out, "paused", "gauge", "1 while paused.", status->is_paused);
	head(out, "throttled", "gauge", "1 for what holds the run up on purpose, 0 for the others.");
	for (int i = THROTTLE_PAUSE; i < THROTTLE_REASONS; i++)
		put_sample(out, "throttled", "reason", throttle_reason_name((enum throttle_reason)i),
			   (int)status->throttle_reason == i);
	head(out, "throttled_seconds_total", "counter", "Time that the run was held up on purpose.");
	for (int i = THROTTLE_PAUSE; i < THROTTLE_REASONS; i++)
		put_sample(out, "throttled_seconds_total", "reason",
			   throttle_reason_name((enum throttle_reason)i), status->throttled_s[i]);
}

static void put_lag(struct buf *out, const struct ferry_status *status)
{
	head(out, "lag_seconds", "gauge", "How far reading and applying are behind the source.");
	put_sample(out, "lag_seconds", "of", "reading", status->streamer_lag_s);
	put_sample(out, "lag_seconds", "of", "applying", status->writer_lag_s);
	head(out, "retries_total", "counter", "Writes to the target that were tried again.");
	put_sample(out, "retries_total", "cause", "deadlock", (double)status->deadlocks);
	put_sample(out, "retries_total", "cause", "lock_wait", (double)status->lock_waits);
}

static void put_tables(struct buf *out, const struct status_view *view)
{
	const struct ferry_status *status = view->status;
	uint64_t rows, bytes;

	head(out, "tables", "gauge", "Tables by their state.");
	for (int action = 0; action < TABLE_ACTIONS; action++) {
		double count = 0;

		for (size_t i = 0; i < status->table_count; i++)
			count += (int)status->tables[i].action == action;
		put_sample(out, "tables", "state", table_action_name((enum table_action)action),
			   count);
	}
	estimate_totals(status, &rows, &bytes);
	put_one(out, "estimated_rows", "gauge", "Rows of all tables, as the source estimates.",
		(double)rows);
	put_one(out, "estimated_bytes", "gauge", "Bytes of all tables, as the source estimates.",
		(double)bytes);
	put_one(out, "copied_ratio", "gauge", "Part of the rows that is copied, 0 to 1.",
		view->estimate->fraction);
}

static void put_verification(struct buf *out, const struct ferry_status *status)
{
	const struct verifier_status *verifier = &status->verifier;

	if (!status->has_verifier)
		return;
	put_one(out, "different_rows", "gauge", "Rows that the newest verification found different.",
		(double)verifier->different_rows);
	put_one(out, "different_tables", "gauge",
		"Tables that the newest verification found different.",
		(double)verifier->incorrect_count);
	put_one(out, "repaired_rows_total", "counter", "Rows that were repaired.",
		(double)verifier->repaired);
	put_one(out, "unverified_rows", "gauge", "Rows that wait to be verified.",
		(double)verifier->queued);
}

void metrics_write(struct buf *out, const struct status_view *view)
{
	const struct ferry_status *status = view->status;

	head(out, "info", "gauge", "What runs, between which servers.");
	buf_puts(out, "ghostferry_info{version=\"");
	put_label(out, version_text);
	buf_puts(out, "\",source=\"");
	put_label(out, status->source_address);
	buf_puts(out, "\",target=\"");
	put_label(out, status->target_address);
	buf_puts(out, "\"} 1\n");
	put_figures(out, status);
	put_stages(out, status);
	put_one(out, "way_back", "gauge", "1 on the way back from the target to the old source.",
		status->is_way_back);
	put_one(out, "way_back_prepared", "gauge",
		"1 when the move has left what a way back begins with.",
		binlog_position_is_set(&status->way_back));
	put_lag(out, status);
	put_tables(out, view);
	put_verification(out, status);
}
