/* A growing list, in the order in which the problems were found. */
#include "plan/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void problems_init(struct problems *problems)
{
	*problems = (struct problems){ NULL, 0 };
}

void problems_release(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->items[i].text);
		free(problems->items[i].remedy);
	}
	free(problems->items);
	problems_init(problems);
}

void problem_add(struct problems *problems, enum problem_severity severity, const char *remedy,
		 const char *format, ...)
{
	struct problem *added;
	va_list arguments;

	problems->items = mem_resize(problems->items, problems->count + 1, sizeof(*added));
	added = &problems->items[problems->count++];
	added->severity = severity;
	added->remedy = mem_strdup(remedy ? remedy : "");
	va_start(arguments, format);
	if (vasprintf(&added->text, format, arguments) < 0)
		added->text = mem_strdup(format);
	va_end(arguments);
}

size_t problems_errors(const struct problems *problems)
{
	size_t errors = 0;

	for (size_t i = 0; i < problems->count; i++)
		errors += problems->items[i].severity == PROBLEM_ERROR;
	return errors;
}
