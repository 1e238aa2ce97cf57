/* Levenshtein's distance, without case. */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void nearest_init(struct nearest *n, const char *wanted)
{
	*n = (struct nearest){ .wanted = wanted, .best = strlen(wanted) / 3 + 2 };
}

void nearest_try(struct nearest *n, const char *name)
{
	size_t length = strlen(n->wanted), other = strlen(name), distance;
	size_t row[NEAREST_MAX + 1];
	size_t shorter = length < other ? length : other;

	if (length > NEAREST_MAX || other > NEAREST_MAX)
		return;
	for (size_t j = 0; j <= other; j++)
		row[j] = j;
	for (size_t i = 1; i <= length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= other; j++) {
			bool same = tolower((unsigned char)n->wanted[i - 1]) ==
				    tolower((unsigned char)name[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			if (diagonal + !same < least)
				least = diagonal + !same;
			diagonal = row[j];
			row[j] = least;
		}
	}
	distance = row[other];
	/* One is the beginning of the other, as in ControlServer and ControlServerConfig. */
	if (distance > 1 && shorter >= 4 && strncasecmp(n->wanted, name, shorter) == 0)
		distance = 1;
	/* A typo does not change every letter. */
	if (distance >= n->best || (distance > 0 && distance >= length))
		return;
	n->best = distance;
	n->name = name;
}
