/* Parsing in progress: where we are, for messages. */
#ifndef CONFIG_OPTION_PARSE_H
#define CONFIG_OPTION_PARSE_H

#include "config_keys.h"

struct option_parse {
	struct buf path; /* "Source.Params", what is being read */
	struct config_warnings *warnings;
	size_t unknown; /* keys so far */
	struct error *err;
};

/* Appends ".key" (or "key" at the top level) to the path; returns the length to
 * truncate it to when leaving. */
size_t option_enter(struct option_parse *p, const char *key);
size_t option_enter_item(struct option_parse *p, size_t index);
/* "<path>: <node>, must be <wanted>"; never shows a string. Always false. */
bool option_wrong(struct option_parse *p, const cJSON *node, const char *wanted);

bool option_parse_string(struct option_parse *p, const cJSON *node, char **text);
/* A whole number of min..max. */
bool option_parse_number(struct option_parse *p, const cJSON *node, uint64_t min, uint64_t max,
			 uint64_t *number);

/* Containers; the former value, a default, is released. */
bool option_parse_list(struct option_parse *p, const cJSON *node, struct config_list *list);
bool option_parse_map(struct option_parse *p, const cJSON *node, unsigned depth,
		      enum option_leaf leaf, struct map *map);
bool option_parse_points(struct option_parse *p, const cJSON *node, struct config_points *points);

void option_list_release(struct config_list *list);
void option_map_release(struct map *map, unsigned depth, enum option_leaf leaf);
void option_points_release(struct config_points *points);

cJSON *option_list_to_json(const struct config_list *list);
cJSON *option_map_to_json(const struct map *map, unsigned depth, enum option_leaf leaf);
cJSON *option_points_to_json(const struct config_points *points);

#endif
