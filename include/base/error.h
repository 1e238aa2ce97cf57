/* What went wrong, as a value on the caller's stack.
 *
 * A function that can fail returns bool and takes a struct error last: true and *err untouched, or
 * false and *err filled. The kind decides what happens next (is it tried again, which exit status),
 * the text is for people and never decides anything. error_set() and error_wrap() return false, so
 * that failing is one line, and each level prepends what only it knows (table, position). Any
 * thread may use it: an error belongs to whoever holds the struct. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/attr.h"

/* kind, is it worth trying the same again on a (new) connection */
#define ERROR_KINDS(X)                                                                             \
	X(ERROR_NONE, false)                                                                       \
	/* The user's input is wrong: configuration, state file, flags. */                         \
	X(ERROR_CONFIG, false)                                                                     \
	/* A server does not meet what the program needs (start-up checks). */                     \
	X(ERROR_PREFLIGHT, false)                                                                  \
	/* The operating system refused: files, sockets, threads. */                               \
	X(ERROR_SYSTEM, false)                                                                     \
	/* The connection could not be made or was lost; the server went away. */                  \
	X(ERROR_LOST, true)                                                                        \
	/* Deadlock, lock wait timeout, query interrupted: the same again may work. */             \
	X(ERROR_BUSY, true)                                                                        \
	/* Account, password, privileges. */                                                       \
	X(ERROR_ACCESS, false)                                                                     \
	/* The server is read only now (failover in progress): may be over soon. */                \
	X(ERROR_READ_ONLY, true)                                                                   \
	/* The server refused the data: out of range, too long, invalid bytes. */                  \
	X(ERROR_DATA, false)                                                                       \
	/* The server refused the statement for any other reason. */                               \
	X(ERROR_SQL, false)                                                                        \
	/* Bytes that do not decode: binlog events, JSON, state. */                                \
	X(ERROR_CORRUPT, false)                                                                    \
	/* Decodes, but cannot be carried exactly; the text names the remedy. */                   \
	X(ERROR_UNSUPPORTED, false)                                                                \
	/* The source's binlog at the wanted position is gone. */                                  \
	X(ERROR_PURGED, false)                                                                     \
	/* A table is not what it was when the run started. */                                     \
	X(ERROR_SCHEMA, false)                                                                     \
	/* Source and target hold different data. */                                               \
	X(ERROR_DIFFERENT, false)                                                                  \
	/* A callback or other HTTP exchange failed. */                                            \
	X(ERROR_HTTP, false)                                                                       \
	/* A wait passed its deadline. */                                                          \
	X(ERROR_TIMEOUT, false)                                                                    \
	/* The run is ending (signal or another thread's error): unwind quietly. */                \
	X(ERROR_STOPPED, false)

enum error_kind {
#define X(kind, retryable) kind,
	ERROR_KINDS(X)
#undef X
};

#define ERROR_TEXT_MAX 2048

struct error {
	enum error_kind kind;
	unsigned server_code;	   /* MySQL error number where a server said so, else 0 */
	char text[ERROR_TEXT_MAX]; /* always terminated; longer texts end in "..." */
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		.kind = ERROR_NONE                                                                 \
	}

/* Fills *err; the former content is overwritten. Always returns false. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF(3, 4);

/* Puts "<formatted>: " in front of the text that is there. Always returns false. */
bool error_wrap(struct error *err, const char *format, ...) PRINTF(2, 3);

/* error_set(ERROR_SYSTEM) with ": <strerror(errno)>" at the end. Always false. */
bool error_errno(struct error *err, const char *format, ...) PRINTF(2, 3);

bool error_is_retryable(const struct error *err);
/* Is it one of these numbers that the server gave? */
bool error_has_code_of(const struct error *err, const unsigned *codes, size_t count);

#endif
