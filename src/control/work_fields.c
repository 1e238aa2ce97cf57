/* Names are those of the status, in the log's spelling. */
#include "control/work_fields.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void work_fields_init(struct work_fields *f)
{
	f->count = 0;
	f->fields[0] = (struct log_field){ NULL, NULL };
}

void work_fields_add(struct work_fields *f, const char *key, const char *format, ...)
{
	size_t at = f->count++;
	va_list args;

	assert(at < WORK_FIELDS_MAX);
	snprintf(f->keys[at], sizeof(f->keys[at]), "%s", key);
	va_start(args, format);
	vsnprintf(f->values[at], sizeof(f->values[at]), format, args);
	va_end(args);
	f->fields[at] = (struct log_field){ f->keys[at], f->values[at] };
	f->fields[f->count] = (struct log_field){ NULL, NULL };
}

/* "WaitingForLock" becomes "source_waiting_for_lock_ms". */
static void spell(char *key, size_t size, const char *side, const char *name)
{
	size_t length = (size_t)snprintf(key, size, "%s", side);

	for (; *name && length + sizeof("_x_ms") < size; name++) {
		if (isupper((unsigned char)*name))
			key[length++] = '_';
		key[length++] = (char)tolower((unsigned char)*name);
	}
	snprintf(key + length, size - length, "_ms");
}

void work_fields_add_side(struct work_fields *f, enum work_side side, const struct work_times *now,
			  const struct work_times *then)
{
	static const char *const sides[] = { "source", "target" };
	char key[40];

	for (size_t i = 0; i < WORK_COUNT; i++) {
		if (!work_names[side][i])
			continue;
		spell(key, sizeof(key), sides[side], work_names[side][i]);
		work_fields_add(f, key, "%" PRId64,
				(now->us[side][i] - (then ? then->us[side][i] : 0)) / 1000);
	}
}
