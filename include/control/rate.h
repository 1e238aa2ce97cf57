/* How fast the copy goes and when it will be done. The loop thread takes a sample
 * now and then; the rate is that of the last twenty seconds or so, thus a pause
 * or a slow phase shows soon. Everything here belongs to its caller's thread. */
#ifndef CONTROL_RATE_H
#define CONTROL_RATE_H

#include "ferry/ferry.h"

#define RATE_SAMPLES 40
#define RATE_SAMPLE_MS 500 /* samples that come sooner are dropped */

struct rate_sample {
	int64_t at_ms;
	uint64_t rows;
	uint64_t bytes;
};

struct rate {
	struct rate_sample samples[RATE_SAMPLES]; /* a ring */
	unsigned first;
	unsigned count;
};

/* rows and bytes are sums since the start; now_ms is of clock_ms(). */
void rate_add(struct rate *rate, int64_t now_ms, uint64_t rows, uint64_t bytes);

struct estimate {
	double fraction;    /* of the rows to copy, 0 to 1 */
	double rows_per_s;  /* 0 while unknown */
	double bytes_per_s; /* 0 while unknown */
	double eta_s;	    /* until the copy is done; negative: unknown */
	/* Of all tables and processes of the run. What there is in all is the source's estimate,
	 * and of copied tables what was copied. */
	struct copied done;
	struct copied all;
};

void estimate_make(struct estimate *estimate, const struct rate *rate,
		   const struct ferry_status *status);
/* Of one table's rows, 0 to 1. Where earlier processes copied rows without counting them, keys are
 * compared instead if they are numbers. */
double estimate_table_fraction(const struct ferry_table_status *table);
/* The same without samples: the average since the start. */
void estimate_average(struct estimate *estimate, const struct ferry_status *status);
/* Rows and bytes of all tables, as the source estimates. */
void estimate_totals(const struct ferry_status *status, uint64_t *rows, uint64_t *bytes);

#endif
