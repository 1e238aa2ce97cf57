/* Time: monotonic for waiting and measuring, wall clock for people. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/attr.h"

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_ms(void);
int64_t clock_us(void);
/* Processor time of this thread. */
int64_t clock_thread_us(void);
/* The same, going on while the machine is suspended. */
int64_t clock_boot_ms(void);
/* Seconds since 1970 UTC, with fraction. */
double clock_wall(void);
/* "2026-01-02T03:04:05Z" of the seconds given; text holds CLOCK_RFC3339_SIZE. */
#define CLOCK_RFC3339_SIZE 32
void clock_rfc3339(double wall_seconds, char text[CLOCK_RFC3339_SIZE]);
/* Go's time.ParseDuration: "300ms", "1h10m", "1.5s", "-2m", "0"; units ns, us,
 * ms, s, m, h. False when text is not a duration or overflows. */
bool clock_parse_duration(const char *text, int64_t *nanoseconds) MUST_CHECK;

#endif
