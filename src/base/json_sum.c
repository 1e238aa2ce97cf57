/* FNV-1a over the bytes of each name, text and number, with the finish of MurmurHash3:
 * both steps can be undone, so two values that differ in one byte never have the same
 * sum. Members are added up, which makes their order not count; items of an array are
 * chained, which makes it count. */
#include "base/json_sum.h"

#include <string.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t finish(uint64_t sum)
{
	sum ^= sum >> 33;
	sum *= UINT64_C(0xff51afd7ed558ccd);
	sum ^= sum >> 33;
	sum *= UINT64_C(0xc4ceb9fe1a85ec53);
	return sum ^ sum >> 33;
}

/* kind: what the bytes are, as "1" is not 1. */
static uint64_t bytes_sum(char kind, const char *bytes, size_t length)
{
	uint64_t sum = (FNV_START ^ (unsigned char)kind) * FNV_PRIME;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * FNV_PRIME;
	return finish(sum);
}

static uint64_t number_sum(const cJSON *number)
{
	struct buf text = BUF_INIT;
	uint64_t sum;

	json_print(&text, number, 0);
	sum = bytes_sum('n', text.data, text.length);
	buf_release(&text);
	return sum;
}

static uint64_t array_sum(const cJSON *array)
{
	uint64_t sum = FNV_START;

	for (const cJSON *item = array->child; item; item = item->next)
		sum = finish(sum * FNV_PRIME + json_sum(item));
	return finish(sum ^ 'a');
}

static uint64_t object_sum(const cJSON *object)
{
	uint64_t members = 0;

	for (const cJSON *node = object->child; node; node = node->next)
		members += json_sum_member(node->string, json_sum(node));
	return json_sum_object(members);
}

uint64_t json_sum_member(const char *name, uint64_t value_sum)
{
	return finish(bytes_sum('m', name, strlen(name)) + finish(value_sum));
}

uint64_t json_sum_object(uint64_t members)
{
	return finish(members ^ 'o');
}

uint64_t json_sum(const cJSON *value)
{
	switch (value->type & 0xff) {
	case cJSON_True:
		return bytes_sum('b', "true", 4);
	case cJSON_False:
		return bytes_sum('b', "false", 5);
	case cJSON_Number:
	case cJSON_Raw:
		return number_sum(value);
	case cJSON_String:
		return bytes_sum('s', value->valuestring, strlen(value->valuestring));
	case cJSON_Array:
		return array_sum(value);
	case cJSON_Object:
		return object_sum(value);
	default:
		return bytes_sum('b', "null", 4);
	}
}
