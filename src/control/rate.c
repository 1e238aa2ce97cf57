/* Rate and time left.
 *
 * What is left is counted in rows, as the server's estimate of a table's rows is
 * the only size known beforehand. It may be off by half, so a running table never
 * counts as finished before it is, and nothing else relies on these figures. */
#include "control/rate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

/* A table that is being copied counts as copied up to here at most. */
#define FRACTION_MAX 0.99

static const struct rate_sample *sample_at(const struct rate *rate, unsigned index)
{
	return &rate->samples[(rate->first + index) % RATE_SAMPLES];
}

void rate_add(struct rate *rate, int64_t now_ms, uint64_t rows, uint64_t bytes)
{
	struct rate_sample sample = { now_ms, rows, bytes };

	if (rate->count > 0 && now_ms - sample_at(rate, rate->count - 1)->at_ms < RATE_SAMPLE_MS)
		return;
	if (rate->count == RATE_SAMPLES) {
		rate->first = (rate->first + 1) % RATE_SAMPLES;
		rate->count--;
	}
	rate->samples[(rate->first + rate->count) % RATE_SAMPLES] = sample;
	rate->count++;
}

static double per_second(uint64_t before, uint64_t after, int64_t ms)
{
	if (after <= before || ms <= 0)
		return 0;
	return (double)(after - before) * 1000.0 / (double)ms;
}

static bool key_number(const struct key *key, double *number)
{
	char text[21] = ""; /* a value has no NUL behind it */
	char *end;

	if (!key->is_set || key->count != 1 || key->values[0].length == 0 ||
	    key->values[0].length >= sizeof(text))
		return false;
	memcpy(text, key->values[0].bytes, key->values[0].length);
	errno = 0;
	*number = strtod(text, &end);
	return errno == 0 && *end == '\0' && isfinite(*number);
}

/* -1: not known. */
static double fraction_by_key(const struct ferry_table_status *table)
{
	const struct key_columns *key = table->key_columns;
	double last, target;

	if (!key || key->count != 1 || !key->table ||
	    key->table->columns[key->columns[0]].type < COLUMN_TINYINT ||
	    key->table->columns[key->columns[0]].type > COLUMN_BIGINT ||
	    !key_number(&table->last_key, &last) || !key_number(&table->target_key, &target) ||
	    last <= 0 || target <= 0)
		return -1;
	return last / target;
}

double estimate_table_fraction(const struct ferry_table_status *table)
{
	double fraction = -1;

	if (table->action >= TABLE_INDEXING)
		return 1;
	if (table->is_uncounted)
		fraction = fraction_by_key(table);
	if (fraction < 0 && table->estimated_rows > 0)
		fraction = (double)table->rows_written / (double)table->estimated_rows;
	if (fraction < 0)
		return 0;
	return fraction < FRACTION_MAX ? fraction : FRACTION_MAX;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void add_sizes(struct estimate *estimate, const struct ferry_table_status *table)
{
	bool is_known = table->action >= TABLE_INDEXING && !table->is_uncounted;

	estimate->done.rows += table->rows_written;
	estimate->done.bytes += table->bytes_written;
	estimate->all.rows +=
		is_known ? table->rows_written : larger(table->estimated_rows, table->rows_written);
	estimate->all.bytes += is_known ? table->bytes_written :
					  larger(table->estimated_bytes, table->bytes_written);
}

static void estimate_rest(struct estimate *estimate, const struct ferry_status *status)
{
	double all = 0, done = 0;

	for (size_t i = 0; i < status->table_count; i++) {
		const struct ferry_table_status *table = &status->tables[i];
		double rows = (double)larger(table->estimated_rows, table->rows_written);

		add_sizes(estimate, table);
		/* An empty table, or one without statistics, still counts for something. */
		if (rows < 1)
			rows = 1;
		all += rows;
		done += rows * estimate_table_fraction(table);
	}
	estimate->fraction = all > 0 ? done / all : 0;
	if (status->phase > PHASE_COPYING) {
		estimate->fraction = 1;
		estimate->eta_s = 0;
	} else if (status->has_started && status->completed_count == status->table_count) {
		estimate->eta_s = 0;
	} else {
		estimate->eta_s = estimate->rows_per_s > 0 && status->has_started ?
					  ceil((all - done) / estimate->rows_per_s) :
					  -1;
	}
}

void estimate_make(struct estimate *estimate, const struct rate *rate,
		   const struct ferry_status *status)
{
	*estimate = (struct estimate){ .fraction = 0 };
	if (rate->count > 1) {
		const struct rate_sample *oldest = sample_at(rate, 0);
		const struct rate_sample *newest = sample_at(rate, rate->count - 1);
		int64_t ms = newest->at_ms - oldest->at_ms;

		estimate->rows_per_s = per_second(oldest->rows, newest->rows, ms);
		estimate->bytes_per_s = per_second(oldest->bytes, newest->bytes, ms);
	}
	estimate_rest(estimate, status);
}

void estimate_totals(const struct ferry_status *status, uint64_t *rows, uint64_t *bytes)
{
	*rows = *bytes = 0;
	for (size_t i = 0; i < status->table_count; i++) {
		*rows += status->tables[i].estimated_rows;
		*bytes += status->tables[i].estimated_bytes;
	}
}

void estimate_average(struct estimate *estimate, const struct ferry_status *status)
{
	int64_t ms = (int64_t)(ferry_run_s(status) * 1000);

	*estimate = (struct estimate){ .fraction = 0 };
	estimate->rows_per_s = per_second(0, status->rows_written, ms);
	estimate->bytes_per_s = per_second(0, status->bytes_written, ms);
	estimate_rest(estimate, status);
}
