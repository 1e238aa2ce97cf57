/* Named stops for tests. In builds with -DPROBES and GHOSTFERRY_PROBES=<path of
 * a unix socket> in the environment, probe() connects, writes "<name> <detail>\n"
 * and waits until it reads a line back; so a test can hold the program at an
 * exact point. If the socket cannot be reached or closes, the program goes on.
 * In ordinary builds it is nothing at all. Any thread; holds no lock. */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

#include "base/attr.h"

#ifdef PROBES
void probe(const char *name, const char *detail_format, ...) PRINTF(2, 3);
#else
#define probe(...) ((void)0)
#endif

#endif
