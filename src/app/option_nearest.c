/* Which key did a person mean who wrote one that does not exist? The one with the
 * fewest edits to it, if these are few for its length. */
#include <strings.h>

#include "app/options.h"

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

enum { KEY_MAX = 64 };

/* Levenshtein's, without case. Neither is longer than KEY_MAX. */
static size_t edit_distance(const char *left, const char *right)
{
	size_t row[KEY_MAX + 1], width = strlen(right);

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

const char *options_nearest(const struct option_group *group, const char *key)
{
	const char *nearest = NULL;
	size_t best = strlen(key) / 3 + 2;

	if (strlen(key) > KEY_MAX)
		return NULL;
	for (size_t i = 0; i < group->count; i++) {
		const char *candidate = group->options[i].key;
		size_t distance = edit_distance(key, candidate);

		if (group->options[i].instead || group->options[i].type >= OPTION_REFUSED)
			continue;
		if (is_cut_short(key, candidate) && distance > 1)
			distance = 1;
		if (distance < best) {
			best = distance;
			nearest = candidate;
		}
	}
	return nearest;
}
