/* Rates are of the copy alone: a run may wait for days before it cuts over. */
#include "control/summary.h"

#include <inttypes.h>

#include "base/clock.h"
#include "control/progress.h"

#define SHORT_S 10

static const char log_tag[] = "summary";

void summary_update(struct summary *summary, enum phase phase, int64_t now_ms)
{
	if (phase == PHASE_COPYING && summary->copy_began_ms == 0)
		summary->copy_began_ms = now_ms;
	if (phase > PHASE_COPYING && summary->copy_began_ms > 0 && summary->copy_ended_ms == 0)
		summary->copy_ended_ms = now_ms;
}

static double copy_seconds(const struct summary *summary, int64_t now_ms)
{
	int64_t end_ms = summary->copy_ended_ms ? summary->copy_ended_ms : now_ms;

	return summary->copy_began_ms ? (double)(end_ms - summary->copy_began_ms) / 1000 : 0;
}

/* By all processes of the run. */
static struct copied run_copied(const struct ferry_status *status)
{
	struct copied copied = { .rows = 0 };

	for (size_t i = 0; i < status->table_count; i++) {
		copied.rows += status->tables[i].rows_written;
		copied.bytes += status->tables[i].bytes_written;
	}
	return copied;
}

void summary_fields(struct log_facts *facts, const struct summary *summary,
		    const struct ferry_status *status, int64_t now_ms)
{
	double seconds = copy_seconds(summary, now_ms);
	double divisor = seconds > 0 ? seconds : 1;
	const struct copied copied = run_copied(status);

	log_factf(facts, "#rows", "%" PRIu64, status->rows_written);
	log_factf(facts, "#bytes", "%" PRIu64, status->bytes_written);
	log_factf(facts, "#changes", "%" PRIu64, status->changes_applied);
	log_factf(facts, "#seconds", "%.3f", ferry_run_s(status));
	log_factf(facts, "#copy_seconds", "%.3f", seconds);
	log_factf(facts, "#rows_per_second", "%.0f", (double)status->rows_written / divisor);
	log_factf(facts, "#bytes_per_second", "%.0f", (double)status->bytes_written / divisor);
	log_factf(facts, "#run_rows", "%" PRIu64, copied.rows);
	log_factf(facts, "#run_bytes", "%" PRIu64, copied.bytes);
	log_factf(facts, "#tables", "%zu", status->table_count);
	log_factf(facts, "#tables_done", "%zu", status->completed_count);
	for (enum work_side side = 0; side < WORK_SIDES; side++)
		work_fields_add_side(facts, side, &status->work, NULL);
}

static void log_line(const struct summary *summary, const struct ferry_status *status)
{
	struct log_facts facts = { .count = 0 };
	const struct copied copied = run_copied(status);
	int64_t now_ms = clock_ms();
	double seconds = copy_seconds(summary, now_ms);
	struct buf text = BUF_INIT;

	summary_fields(&facts, summary, status, now_ms);
	progress_put_count(&text, (double)status->rows_written);
	buf_puts(&text, " rows copied in ");
	if (seconds < SHORT_S) /* else the rate beside it would be a riddle */
		buf_printf(&text, "%.2gs", seconds);
	else
		progress_put_duration(&text, seconds);
	buf_puts(&text, " (");
	progress_put_count(&text, (double)status->rows_written / (seconds > 0 ? seconds : 1));
	buf_printf(&text, " rows/s, %.1f MB/s), ",
		   (double)status->bytes_written / 1e6 / (seconds > 0 ? seconds : 1));
	progress_put_count(&text, (double)status->changes_applied);
	buf_printf(&text, " changes applied; copied by now are %zu of %zu table%s, ",
		   status->completed_count, status->table_count,
		   status->table_count == 1 ? "" : "s");
	progress_put_count(&text, (double)copied.rows);
	buf_puts(&text, " rows, ");
	progress_put_count(&text, (double)copied.bytes);
	log_info_facts(&facts, "%sB", buf_text(&text));
	buf_release(&text);
}

void summary_log(const struct summary *summary, struct ferry *ferry)
{
	struct ferry_status status;

	ferry_status(ferry, &status);
	if (status.has_started)
		log_line(summary, &status);
	ferry_status_release(&status);
}
