/* A growing list, in the order in which they were found. */
#include "plan/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void findings_init(struct findings *findings)
{
	*findings = (struct findings){ NULL, 0 };
}

void findings_release(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].text);
		free(findings->items[i].remedy);
	}
	free(findings->items);
	findings_init(findings);
}

void finding_add(struct findings *findings, enum finding_severity severity, const char *remedy,
		 const char *format, ...)
{
	struct finding *added;
	va_list arguments;

	findings->items = mem_resize(findings->items, findings->count + 1, sizeof(*added));
	added = &findings->items[findings->count++];
	added->severity = severity;
	added->remedy = mem_strdup(remedy ? remedy : "");
	va_start(arguments, format);
	if (vasprintf(&added->text, format, arguments) < 0)
		added->text = mem_strdup(format);
	va_end(arguments);
}

size_t findings_errors(const struct findings *findings)
{
	size_t errors = 0;

	for (size_t i = 0; i < findings->count; i++)
		errors += findings->items[i].severity == FINDING_ERROR;
	return errors;
}
