/* A list of texts; who owns them says whoever has one. */
#ifndef PLAN_STRING_LIST_H
#define PLAN_STRING_LIST_H

#include <stddef.h>

struct string_list {
	char **items;
	size_t count;
};

#endif
