/* The table behind the configuration: every key with its type, its place in
 * struct config, its default and one line of help. The table parses, sets
 * defaults and is printed as a man page; a key that is not in it does not exist. */
#ifndef CONFIG_CONFIG_KEYS_H
#define CONFIG_CONFIG_KEYS_H

#include "config/config.h"

enum option_type {
	OPTION_STRING,	 /* const char * */
	OPTION_BOOL,	 /* bool */
	OPTION_PORT,	 /* unsigned */
	OPTION_U32,	 /* unsigned or uint32_t, up to max */
	OPTION_U64,	 /* uint64_t, up to max */
	OPTION_EITHER,	 /* bool; a string, one of two names */
	OPTION_CHOICE,	 /* an enum; a string, one of names in the enum's order */
	OPTION_LOCKED,	 /* enum locked_tables; true, false or "small" */
	OPTION_DURATION, /* int64_t, ms; a string in Go's notation */
	OPTION_LIST,	 /* struct string_list */
	OPTION_MAP,	 /* struct map, of depth levels: "a.b.c" -> see leaf */
	OPTION_POINTS,	 /* struct batch_points; numbers as keys */
	OPTION_OBJECT,	 /* a group of options */
	OPTION_STATE,	 /* const cJSON *; any object */
	OPTION_REFUSED,	 /* not stored: setting it is an error, help says why */
	OPTION_IGNORED,	 /* not stored: setting it is a warning, help says why */
};

/* What a name in an OPTION_MAP stands for. */
enum option_leaf {
	LEAF_STRING,	/* char * */
	LEAF_U64,	/* uint64_t * */
	LEAF_LIST,	/* struct string_list * */
	LEAF_NAMES,	/* a list of names, which become one more level */
	LEAF_ALGORITHM, /* cJSON *, a string */
	LEAF_NOTHING,	/* cJSON *, {} */
};

struct option_group;

struct config_option {
	const char *key;
	enum option_type type;
	size_t offset; /* in the struct that the group describes */
	uint64_t max;
	const char *const *names;	  /* NULL behind the last one */
	const struct option_group *group; /* OPTION_OBJECT */
	size_t given;			  /* OPTION_OBJECT: of a bool: is it there? 0: not needed */
	unsigned depth;			  /* OPTION_MAP: levels of objects */
	enum option_leaf leaf;
	bool is_secret;	      /* never shown in messages */
	bool not_null;	      /* JSON null is an error instead of the default */
	const char *preset;   /* the default, as text, of a key that may also be 0 or "" */
	const char *fallback; /* the default, which 0 and "" stand for, too */
	const char *instead;  /* deprecated: dotted path of the key with the same place */
	const char *help;
};

struct option_group {
	const struct config_option *options; /* sorted by key */
	size_t count;
	bool is_filter; /* an unknown key would move the wrong rows: an error */
};

/* All of it: describes struct config. */
extern const struct option_group config_options;

/* object is the struct that group describes, a part of config. */
void options_preset(const struct option_group *group, struct config *config, void *object);
void options_release(const struct option_group *group, void *object);
/* Keys are compared without case. Messages begin with the dotted path. On failure
 * config is partly filled. */
bool options_parse(struct config *config, struct config_warnings *warnings,
		   struct error *err) MUST_CHECK;

/* The key of group that was probably meant, or NULL. */
const char *options_nearest(const struct option_group *group, const char *key);

/* Config takes ownership of block, and returns it. */
void *config_keep(struct config *config, void *block);
/* The text that could not be turned into the value at place, or NULL. */
const char *config_unread_text(const struct config *config, const void *place);
/* Moves found, if it is one, to *first, or where there is one to config's more_errors, with
 * doing in front. node: where, or NULL; hint: what would do, or NULL. */
void config_add_error(struct config *config, const char *doing, struct error *found,
		      const cJSON *node, const char *hint, struct error *first);
/* The node of a key, by its dotted path, or the nearest above it that is there; NULL: none. */
const cJSON *config_find(const struct config *config, const char *path);
/* A key that could not be read says nothing more. True also for what is in it or around it. */
void config_set_unusable(struct config *config, const char *path);
bool config_is_unusable(const struct config *config, const char *path);
/* What config_validate() finds beside the error that there is already. */
void config_validate_rest(struct config *config, struct error *first);
/* Appends text and takes ownership of it. */
void config_warn(struct config_warnings *warnings, char *text);

#endif
