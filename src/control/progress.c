/* The progress line. */
#include "control/progress.h"

#include <math.h>
#include <string.h>

enum { TABLES_SHOWN = 3 };

void progress_put_duration(struct buf *out, double seconds)
{
	uint64_t s = seconds > 0 && seconds < 1e15 ? (uint64_t)ceil(seconds) : 0;

	if (s < 60)
		buf_printf(out, "%" PRIu64 "s", s);
	else if (s < 3600)
		buf_printf(out, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		buf_printf(out, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s % 3600 / 60);
	else
		buf_printf(out, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s % 86400 / 3600);
}

void progress_put_count(struct buf *out, double count)
{
	static const char units[] = "kMGTPE";
	size_t unit = 0;

	if (!(count >= 1000)) {
		buf_printf(out, "%.0f", count > 0 ? floor(count) : 0);
		return;
	}
	/* 999950 would be printed as 1000.0k. */
	for (count /= 1000; count >= 999.95 && units[unit + 1]; count /= 1000)
		unit++;
	buf_printf(out, "%.1f%c", count, units[unit]);
}

/* "1.2M/2.9M rows, 340.0M/900.0MB" */
static void put_sizes(struct buf *line, const struct estimate *estimate)
{
	buf_puts(line, ", ");
	progress_put_count(line, (double)estimate->done.rows);
	buf_putc(line, '/');
	progress_put_count(line, (double)estimate->all.rows);
	buf_puts(line, " rows, ");
	progress_put_count(line, (double)estimate->done.bytes);
	buf_putc(line, '/');
	progress_put_count(line, (double)estimate->all.bytes);
	buf_putc(line, 'B');
}

static void put_tables(struct buf *line, const struct ferry_status *status)
{
	size_t active = 0;

	for (size_t i = 0; i < status->table_count; i++) {
		if (!table_action_is_copy(status->tables[i].action))
			continue;
		if (active++ < TABLES_SHOWN)
			buf_printf(line, ", %s", status->tables[i].name);
	}
	if (active > TABLES_SHOWN)
		buf_printf(line, " and %zu more", active - TABLES_SHOWN);
}

void progress_line(struct buf *line, const struct ferry_status *status,
		   const struct estimate *estimate)
{
	bool is_copying = status->phase == PHASE_COPYING;

	buf_puts(line, phase_name(status->phase));
	if (status->is_paused && status->phase != PHASE_DONE)
		buf_puts(line, " (paused)");
	else if (*status->throttle_text && status->phase != PHASE_DONE)
		buf_printf(line, " (throttled: %s)", status->throttle_text);
	if (status->has_started)
		buf_printf(line, " %zu/%zu tables", status->completed_count, status->table_count);
	if (is_copying) {
		buf_printf(line, ", %.1f%%, ", estimate->fraction * 100);
		progress_put_count(line, estimate->rows_per_s);
		buf_printf(line, " rows/s, %.1f MB/s, ETA ", estimate->bytes_per_s / 1e6);
		if (estimate->eta_s < 0 || status->is_paused)
			buf_puts(line, "unknown");
		else
			progress_put_duration(line, estimate->eta_s);
	}
	if (status->has_started && status->phase < PHASE_DONE) {
		buf_puts(line, ", lag ");
		progress_put_duration(line, status->streamer_lag_s);
	}
	if (status->queued_changes > 0) {
		buf_puts(line, ", ");
		progress_put_count(line, (double)status->queued_changes);
		buf_puts(line, " changes queued");
	}
	if (*status->waiting_for && status->phase != PHASE_DONE)
		buf_printf(line, ", waiting for %s", status->waiting_for);
	if (is_copying) {
		put_sizes(line, estimate);
		put_tables(line, status);
	}
}
