/* FNV-1a over the bytes of each name, text and number, with the finaliser of MurmurHash3: both
 * steps can be undone, so two values that differ in one byte never have the same sum. Members are
 * added up, so their order does not count; items of an array are chained, so theirs does. */
#include "base/json_sum.h"

#include <string.h>

#include "base/map.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* kind: what the bytes are, as "1" is not 1. */
static uint64_t bytes_sum(char kind, const char *bytes, size_t length)
{
	uint64_t sum = (FNV_START ^ (unsigned char)kind) * FNV_PRIME;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * FNV_PRIME;
	return hash_mix(sum);
}

uint64_t json_sum_member(const char *name, uint64_t value_sum)
{
	return hash_mix(bytes_sum('m', name, strlen(name)) + hash_mix(value_sum));
}

uint64_t json_sum_object(uint64_t members)
{
	return hash_mix(members ^ 'o');
}

uint64_t json_sum(const cJSON *value)
{
	struct buf text = BUF_INIT;
	uint64_t sum = FNV_START, members = 0;

	switch (value->type & 0xff) {
	case cJSON_True:
		return bytes_sum('b', "true", 4);
	case cJSON_False:
		return bytes_sum('b', "false", 5);
	case cJSON_Number:
	case cJSON_Raw:
		json_print(&text, value, 0);
		sum = bytes_sum('n', text.data, text.length);
		buf_release(&text);
		return sum;
	case cJSON_String:
		return bytes_sum('s', value->valuestring, strlen(value->valuestring));
	case cJSON_Array:
		for (const cJSON *item = value->child; item; item = item->next)
			sum = hash_mix(sum * FNV_PRIME + json_sum(item));
		return hash_mix(sum ^ 'a');
	case cJSON_Object:
		for (const cJSON *node = value->child; node; node = node->next)
			members += json_sum_member(node->string, json_sum(node));
		return json_sum_object(members);
	default:
		return bytes_sum('b', "null", 4);
	}
}
