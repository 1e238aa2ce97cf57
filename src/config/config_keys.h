/* The table behind the configuration: every key with its type, its place in
 * struct config, its default and one line of help. The table parses, fills in
 * defaults, prints and frees; a key that is not in it does not exist. */
#ifndef CONFIG_CONFIG_KEYS_H
#define CONFIG_CONFIG_KEYS_H

#include "config/config.h"

enum option_type {
	OPTION_STRING,	 /* char * */
	OPTION_BOOL,	 /* bool */
	OPTION_PORT,	 /* uint16_t */
	OPTION_INT,	 /* unsigned, up to INT_MAX */
	OPTION_U32,	 /* uint32_t */
	OPTION_U64,	 /* uint64_t */
	OPTION_DURATION, /* struct config_duration; a string in Go's notation */
	OPTION_LIST,	 /* struct config_list; strings */
	OPTION_MAP,	 /* struct map, of depth levels, see leaf */
	OPTION_POINTS,	 /* struct config_points; numbers as keys */
	OPTION_OBJECT,	 /* a struct of its own, with a group of options */
	OPTION_STATE,	 /* cJSON *; any object */
	OPTION_REFUSED,	 /* not stored: setting it is an error, help says why */
	OPTION_IGNORED,	 /* not stored: setting it is a warning, help says why */
};

/* What the innermost map of an OPTION_MAP holds. */
enum option_leaf {
	LEAF_STRING,  /* char * */
	LEAF_U64,     /* uint64_t * */
	LEAF_LIST,    /* struct config_list * */
	LEAF_NOTHING, /* {} in JSON; some pointer that is not NULL */
};

enum option_flag {
	OPTION_SECRET = 1, /* printed masked */
	OPTION_NOT_NULL = 2, /* JSON null is an error instead of the default */
};

struct option_group;

struct config_option {
	const char *key;
	enum option_type type;
	size_t offset; /* in the struct that the group describes */
	const struct option_group *group; /* OPTION_OBJECT */
	unsigned depth; /* OPTION_MAP: levels of objects */
	enum option_leaf leaf;
	unsigned flags; /* enum option_flag */
	const char *preset;   /* value before the file is read, as text */
	const char *fallback; /* value when it is 0 or "" after the file is read */
	const char *instead;  /* deprecated: dotted path of the key with the same place */
	const char *help;
};

struct option_group {
	const struct config_option *options; /* sorted by key */
	size_t count;
	bool is_filter; /* a key that is not known would move what is not meant: an error */
	bool has_given; /* is there a bool that tells whether the object was given? */
	size_t given;	/* its offset */
};

/* All of it: describes struct config. */
extern const struct option_group config_options;

/* object is the struct that group describes. */
void options_preset(const struct option_group *group, void *object);
void options_fallback(const struct option_group *group, void *object);
void options_release(const struct option_group *group, void *object);
cJSON *options_to_json(const struct option_group *group, const void *object);
/* Keys are compared without case. Messages begin with the dotted path. On failure
 * object is partly filled. */
bool options_parse(const struct option_group *group, void *object, const cJSON *tree,
		   struct config_warnings *warnings, struct error *err) MUST_CHECK;

/* The key of group that was probably meant, or NULL. */
const char *options_nearest(const struct option_group *group, const char *key);

#endif
