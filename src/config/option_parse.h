/* Parsing in progress: where we are, for messages. */
#ifndef CONFIG_OPTION_PARSE_H
#define CONFIG_OPTION_PARSE_H

#include "config_keys.h"

struct option_parse {
	struct config *config;
	struct buf path; /* "Source.Params", what is being read */
	struct config_warnings *warnings;
	size_t unknown;	    /* keys so far */
	const cJSON *node;  /* the present one */
	bool is_secret;	    /* of the present one, no message shows it */
	struct error *err;  /* what is wrong with the present one */
	struct error first; /* of all that are wrong */
};

/* Appends ".key" (or "key" at the top level) to the path; returns the length to
 * truncate it to when leaving. */
size_t option_enter(struct option_parse *p, const char *key);
/* "<path>: <node> is not <wanted>"; never shows a string. Always false. */
bool option_wrong(struct option_parse *p, const cJSON *node, const char *wanted);
/* A whole number of 0..max. */
bool option_parse_number(struct option_parse *p, const cJSON *node, uint64_t max, uint64_t *number);

bool option_parse_list(struct option_parse *p, const cJSON *node, struct string_list *list);
bool option_parse_map(struct option_parse *p, const cJSON *node, const struct config_option *option,
		      struct map *map);
bool option_parse_points(struct option_parse *p, const cJSON *node, struct batch_points *points);

#endif
