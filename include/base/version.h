/* The version put in at build time: "2.0.0+<UTC of the commit>+<short id>". */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

extern const char version_text[];

#endif
