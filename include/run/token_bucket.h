/* So much per second: what is taken may exceed what is there, and is waited for afterwards,
 * so that one batch passes that is larger than the limit. Not thread-safe; the caller's
 * clock. */
#ifndef RUN_TOKEN_BUCKET_H
#define RUN_TOKEN_BUCKET_H

#include "base/attr.h"

struct token_bucket {
	uint64_t per_s; /* 0: no limit */
	double tokens;	/* below 0: owed */
	int64_t last_us;
};

/* What is owed stays owed, to be paid at the new rate. */
void token_bucket_set(struct token_bucket *bucket, uint64_t per_s, int64_t now_us);
/* Until something may be taken; 0: now. */
int64_t token_bucket_wait_us(struct token_bucket *bucket, int64_t now_us);
/* Below 0: gives back. */
void token_bucket_take(struct token_bucket *bucket, double tokens);

#endif
