/* A list of texts; each user says who owns them. */
#ifndef PLAN_STRING_LIST_H
#define PLAN_STRING_LIST_H

#include <stddef.h>

struct string_list {
	char **items;
	size_t count;
};

#endif
