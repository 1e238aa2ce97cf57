/* It holds a tenth of a second, so that after a rest no burst follows. */
#include "run/token_bucket.h"

#define BURST_S 0.1

static void fill(struct token_bucket *bucket, int64_t now_us)
{
	double most = (double)bucket->per_s * BURST_S;

	if (now_us > bucket->last_us)
		bucket->tokens += (double)bucket->per_s * (double)(now_us - bucket->last_us) / 1e6;
	if (bucket->tokens > most)
		bucket->tokens = most;
	bucket->last_us = now_us;
}

void token_bucket_set(struct token_bucket *bucket, uint64_t per_s, int64_t now_us)
{
	bool is_new = bucket->per_s == 0;

	if (is_new)
		bucket->tokens = (double)per_s * BURST_S;
	else
		fill(bucket, now_us);
	bucket->per_s = per_s;
	bucket->last_us = now_us;
}

int64_t token_bucket_wait_us(struct token_bucket *bucket, int64_t now_us)
{
	if (bucket->per_s == 0)
		return 0;
	fill(bucket, now_us);
	if (bucket->tokens > 0)
		return 0;
	double us = -bucket->tokens / (double)bucket->per_s * 1e6 + 1;

	return us < 1e15 ? (int64_t)us : (int64_t)1e15;
}

void token_bucket_take(struct token_bucket *bucket, double tokens)
{
	if (bucket->per_s)
		bucket->tokens -= tokens;
}
