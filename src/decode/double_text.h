/* Doubles as the servers print them. Pure function. */
#ifndef DECODE_DOUBLE_TEXT_H
#define DECODE_DOUBLE_TEXT_H

#include "base/buf.h"

/* Appends the shortest text that gives the same double when read back; false for
 * infinities and NaN, which no server stores. */
bool double_text(double number, struct buf *text) MUST_CHECK;

#endif
