/* The build passes -DGHOSTFERRY_VERSION='"..."'; a build without it says so. */
#include "base/version.h"

#ifndef GHOSTFERRY_VERSION
#define GHOSTFERRY_VERSION "2.3.0+00000000000000+unknown"
#endif

const char version_text[] = GHOSTFERRY_VERSION;
