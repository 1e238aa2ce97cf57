/* A packed decimal behind its precision and scale. What is printed is a number of just
 * these digits, and takes just the bytes they pack into. */
#include <assert.h>

#include "../../src/decode/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, unsigned precision, unsigned scale)
{
	unsigned digits = 0, behind = 0;
	bool has_point = false;

	if (*text == '-')
		text++;
	for (; *text; text++) {
		if (*text == '.') {
			assert(!has_point);
			has_point = true;
			continue;
		}
		assert(*text >= '0' && *text <= '9');
		digits++;
		behind += has_point;
	}
	assert(behind == scale && has_point == (scale > 0));
	assert(digits <= precision + 1 && digits > scale);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over(data, size);
	unsigned precision = reader_u8(&r), scale = reader_u8(&r);
	struct buf text = BUF_INIT;

	decimal_read(&r, precision, scale, &text);
	if (!r.failed)
		check_text(buf_text(&text), precision, scale);
	buf_release(&text);
	return 0;
}
