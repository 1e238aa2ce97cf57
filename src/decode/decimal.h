/* Packed decimals of row images and JSON documents. Pure functions. */
#ifndef DECODE_DECIMAL_H
#define DECODE_DECIMAL_H

#include "base/buf.h"
#include "base/reader.h"

/* Appends the number as the servers print it: every digit of the scale, one zero
 * before the point when there is nothing else. Anything that no server writes
 * fails the reader. */
void decimal_read(struct reader *r, unsigned precision, unsigned scale, struct buf *text);

#endif
