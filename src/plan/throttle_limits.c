/* Copies, as limits change while one thread sets and another uses them. */
#include "plan/throttle_limits.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void throttle_limits_copy(struct throttle_limits *to, const struct throttle_limits *from)
{
	*to = *from;
	for (int side = 0; side < THROTTLE_SIDES; side++) {
		const struct string_list *replicas = &from->replicas[side];

		to->replicas[side].items = mem_calloc(replicas->count + 1, sizeof(char *));
		for (size_t i = 0; i < replicas->count; i++)
			to->replicas[side].items[i] = mem_strdup(replicas->items[i]);
		to->query[side] = from->query[side] ? mem_strdup(from->query[side]) : NULL;
	}
}

void throttle_limits_release(struct throttle_limits *limits)
{
	for (int side = 0; side < THROTTLE_SIDES; side++) {
		for (size_t i = 0; i < limits->replicas[side].count; i++)
			free(limits->replicas[side].items[i]);
		free(limits->replicas[side].items);
		free((void *)(uintptr_t)limits->query[side]);
	}
	*limits = (struct throttle_limits){ .max_lag_s = 0 };
}

bool throttle_limits_are_set(const struct throttle_limits *limits)
{
	for (int side = 0; side < THROTTLE_SIDES; side++)
		if (limits->replicas[side].count || limits->max_threads[side] ||
		    limits->max_history[side] || limits->query[side])
			return true;
	return limits->rows_per_s || limits->bytes_per_s;
}

bool throttle_address(const char *text, char *host, unsigned *port)
{
	const char *first = strchr(text, ':'), *last = strrchr(text, ':');
	size_t length = strlen(text);
	char *end;

	*port = 3306;
	if (*text == '[') {
		last = strchr(text, ']');
		if (!last || (last[1] != '\0' && last[1] != ':'))
			return false;
		length = (size_t)(last++ - ++text);
		last = *last ? last : NULL;
	} else if (first && first == last) {
		length = (size_t)(last - text);
	} else {
		last = NULL; /* no port, or an address of IPv6 alone */
	}
	if (last) {
		unsigned long number = strtoul(last + 1, &end, 10);

		if (last[1] < '0' || last[1] > '9' || *end || number == 0 || number > UINT16_MAX)
			return false;
		*port = (unsigned)number;
	}
	if (length == 0 || length >= THROTTLE_HOST_SIZE)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return true;
}

bool throttle_limits_check(const struct throttle_limits *limits, struct error *err)
{
	static const char *const keys[] = { "SourceReplicas", "TargetReplicas" };
	char host[THROTTLE_HOST_SIZE];
	unsigned port;

	for (int side = 0; side < THROTTLE_SIDES; side++)
		for (size_t i = 0; i < limits->replicas[side].count; i++)
			if (!throttle_address(limits->replicas[side].items[i], host, &port))
				return error_set(err, ERROR_CONFIG,
						 "%s: \"%s\" is not a host or host:port",
						 keys[side], limits->replicas[side].items[i]);
	if (limits->interval_ms < THROTTLE_INTERVAL_MIN_MS)
		return error_set(err, ERROR_CONFIG, "UpdateInterval must be at least %dms",
				 THROTTLE_INTERVAL_MIN_MS);
	return true;
}
