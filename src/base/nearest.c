/* Levenshtein's distance, without case. */
#include "base/nearest.h"

#include <string.h>
#include <strings.h>

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Neither is longer than NEAREST_MAX. */
static size_t edit_distance(const char *left, const char *right)
{
	size_t row[NEAREST_MAX + 1], width = strlen(right);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; left[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t change = diagonal + (lower(left[i - 1]) != lower(right[j - 1]));

			diagonal = row[j];
			row[j] = smallest(change, row[j] + 1, row[j - 1] + 1);
		}
	}
	return row[width];
}

/* Is one the beginning of the other, as in ControlServer and ControlServerConfig? */
static bool is_cut_short(const char *left, const char *right)
{
	size_t shorter = strlen(left) < strlen(right) ? strlen(left) : strlen(right);

	return shorter >= 4 && strncasecmp(left, right, shorter) == 0;
}

void nearest_init(struct nearest *n, const char *wanted)
{
	*n = (struct nearest){ .wanted = wanted, .best = strlen(wanted) / 3 + 2 };
}

void nearest_try(struct nearest *n, const char *name)
{
	size_t distance;

	if (strlen(n->wanted) > NEAREST_MAX || strlen(name) > NEAREST_MAX)
		return;
	distance = edit_distance(n->wanted, name);
	if (is_cut_short(n->wanted, name) && distance > 1)
		distance = 1;
	/* With every letter another one it is no slip. */
	if (distance >= n->best || (distance > 0 && distance >= strlen(n->wanted)))
		return;
	n->best = distance;
	n->name = name;
}
