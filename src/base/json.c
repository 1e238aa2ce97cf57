/* JSON on top of cJSON.
 *
 * cJSON builds the tree. Then a second pass walks the text and the tree together, for what cJSON
 * lacks:
 *  - Numbers. It keeps doubles; the text of every number that is not an integer within
 *    2^53 goes into the node's valuestring. cJSON_Delete() frees that, cJSON_Duplicate()
 *    copies it, and cJSON itself uses valuestring of strings and raw nodes only.
 *  - Refusals. It takes duplicate keys, \u0000 (which ends the string), "01", "1.",
 *    1e999, "\u12g4", and control characters in strings and as white space.
 *  - Places. It stops at the beginning of a string that is not closed or a word that is
 *    misspelt, and one too far at a key without quotes. So where it refuses a text, the
 *    pass goes over the text alone. */
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

enum { DEPTH_MAX = 200, FILE_MAX = 1 << 30 };

struct walk {
	const char *text; /* the whole of it, for line and column */
	const char *at;
	const char *end;
	struct error *err;
	const cJSON *wanted; /* the node whose place is looked for, or NULL */
	const char *found;   /* where it begins, a member with its name */
};

static void count_lines(const char *text, const char *at, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (const char *c = text; c < at; c++) {
		++*column;
		if (*c == '\n') {
			++*line;
			*column = 1;
		}
	}
}

static bool fail_at(const struct walk *w, const char *at, const char *finding)
{
	size_t line, column;

	count_lines(w->text, at, &line, &column);
	return error_set(w->err, ERROR_CORRUPT, "line %zu, column %zu: %s", line, column, finding);
}

static bool fail_unexpected(const struct walk *w, const char *at)
{
	char finding[64];
	unsigned char byte;

	if (at >= w->end)
		return fail_at(w, at, "the text ends too early");
	byte = (unsigned char)*at;
	if (byte > 0x20 && byte < 0x7f)
		snprintf(finding, sizeof(finding), "unexpected '%c'", byte);
	else
		snprintf(finding, sizeof(finding), "unexpected byte 0x%02x", byte);
	return fail_at(w, at, finding);
}

static void skip_space(struct walk *w)
{
	while (w->at < w->end &&
	       (*w->at == ' ' || *w->at == '\t' || *w->at == '\n' || *w->at == '\r'))
		w->at++;
}

static bool next_is(struct walk *w, char wanted)
{
	skip_space(w);
	if (w->at >= w->end || *w->at != wanted)
		return false;
	w->at++;
	return true;
}

static bool expect(struct walk *w, char wanted)
{
	return next_is(w, wanted) || fail_unexpected(w, w->at);
}

static bool optional(struct walk *w, const char *any_of)
{
	if (w->at >= w->end || *w->at == '\0' || !strchr(any_of, *w->at))
		return false;
	w->at++;
	return true;
}

static bool digits(struct walk *w)
{
	if (!optional(w, "0123456789"))
		return fail_unexpected(w, w->at);
	while (optional(w, "0123456789"))
		;
	return true;
}

/* RFC 8259, section 6. node: what cJSON made of it; NULL while looking for a mistake. */
static bool walk_number(struct walk *w, cJSON *node)
{
	const char *start = w->at;
	bool is_plain = true; /* neither fraction nor exponent */

	optional(w, "-");
	if (!optional(w, "0") && !digits(w))
		return false;
	if (optional(w, ".")) {
		is_plain = false;
		if (!digits(w))
			return false;
	}
	if (optional(w, "eE")) {
		is_plain = false;
		optional(w, "+-");
		if (!digits(w))
			return false;
	}
	if (!node)
		return true;
	if (!isfinite(node->valuedouble))
		return fail_at(w, start, "the number is out of range");
	if (!node->valuestring && (!is_plain || fabs(node->valuedouble) >= EXACT_MAX))
		node->valuestring = mem_memdup(start, (size_t)(w->at - start));
	return true;
}

static bool walk_string(struct walk *w)
{
	if (!expect(w, '"'))
		return false;
	while (w->at < w->end && *w->at != '"') {
		const char *start = w->at;

		if ((unsigned char)*start < 0x20)
			return fail_at(w, start, "control character in a string");
		if (*w->at++ != '\\' || optional(w, "\"\\/bfnrt"))
			continue;
		if (w->at == w->end)
			break;
		if (!optional(w, "u"))
			return fail_at(w, start, "bad escape");
		for (int i = 0; i < 4; i++)
			if (!optional(w, "0123456789abcdefABCDEF"))
				return fail_unexpected(w, w->at);
		if (memcmp(start, "\\u0000", 6) == 0)
			return fail_at(w, start, "NUL (\\u0000) in a string");
	}
	return expect(w, '"');
}

/* A member's name and the colon behind it. */
static bool walk_name(struct walk *w, cJSON *member, struct map *seen)
{
	const char *start;
	char finding[160];

	skip_space(w);
	start = w->at;
	if (!walk_string(w))
		return false;
	if (member && map_put_text(seen, member->string, member)) {
		snprintf(finding, sizeof(finding), "duplicate key \"%.100s\"", member->string);
		return fail_at(w, start, finding);
	}
	return expect(w, ':');
}

static bool walk_value(struct walk *w, cJSON *node, unsigned depth);

static bool walk_container(struct walk *w, const cJSON *node, unsigned depth)
{
	cJSON *item = node ? node->child : NULL;
	bool is_object = *w->at == '{', ok = true;
	char end = is_object ? '}' : ']';
	struct map seen;

	if (depth == DEPTH_MAX)
		return fail_at(w, w->at, "nested deeper than 200");
	w->at++;
	if (next_is(w, end))
		return true;
	map_init(&seen);
	do {
		skip_space(w);
		if (item && item == w->wanted)
			w->found = w->at;
		ok = (!is_object || walk_name(w, item, &seen)) && walk_value(w, item, depth + 1);
		item = item ? item->next : NULL;
	} while (ok && next_is(w, ','));
	map_release(&seen);
	return ok && expect(w, end);
}

static bool walk_value(struct walk *w, cJSON *node, unsigned depth)
{
	const char *literal;

	skip_space(w);
	if (w->at == w->end)
		return fail_unexpected(w, w->at);
	switch (*w->at) {
	case '{':
	case '[':
		return walk_container(w, node, depth);
	case '"':
		return walk_string(w);
	case 'n':
		literal = "null";
		break;
	case 't':
		literal = "true";
		break;
	case 'f':
		literal = "false";
		break;
	default:
		return walk_number(w, node);
	}
	for (; *literal; literal++, w->at++)
		if (w->at == w->end || *w->at != *literal)
			return fail_unexpected(w, w->at);
	return true;
}

cJSON *json_parse(const char *text, size_t length, struct error *err)
{
	struct walk w = { .text = text, .at = text, .end = text + length, .err = err };
	const char *stopped = NULL;
	cJSON *root;
	bool ok;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		w.at += 3; /* a byte order mark, as some editors put there */
	skip_space(&w);
	if (w.at == w.end) {
		fail_at(&w, w.at, "empty: there is no JSON value");
		return NULL;
	}
	root = cJSON_ParseWithLengthOpts(w.at, (size_t)(w.end - w.at), &stopped, false);
	ok = walk_value(&w, root, 0);
	skip_space(&w);
	if (ok && w.at < w.end)
		ok = fail_unexpected(&w, w.at);
	if (!ok) {
		cJSON_Delete(root);
		return NULL;
	}
	if (!root) /* half a surrogate pair, or a number of more than 63 digits */
		fail_at(&w, stopped, "the string or number cannot be read");
	return root;
}

bool json_place(const char *text, size_t length, cJSON *root, const cJSON *node, size_t *line,
		size_t *column)
{
	struct error ignored;
	struct walk w = {
		.text = text, .at = text, .end = text + length, .err = &ignored, .wanted = node
	};

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		w.at += 3;
	skip_space(&w);
	if (root == node)
		w.found = w.at;
	if (!walk_value(&w, root, 0) || !w.found)
		return false;
	count_lines(text, w.found, line, column);
	return true;
}

cJSON *json_parse_file(const char *path, struct error *err)
{
	struct buf content = BUF_INIT;
	cJSON *root = json_read_file(path, &content, err);

	buf_release(&content);
	return root;
}

cJSON *json_read_file(const char *path, struct buf *content, struct error *err)
{
	cJSON *root = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		error_errno(err, "%s", path);
		return NULL;
	}
	do {
		buf_reserve(content, 65536);
		got = read(fd, content->data + content->length, 65536);
		if (got > 0)
			content->length += (size_t)got;
	} while (content->length <= FILE_MAX && (got > 0 || (got < 0 && errno == EINTR)));
	if (got > 0)
		error_set(err, ERROR_CORRUPT, "larger than 1 GiB");
	else if (got < 0)
		error_errno(err, "read");
	else
		root = json_parse(content->data, content->length, err);
	if (!root)
		error_wrap(err, "%s", path);
	close(fd);
	return root;
}

/* A number as sign and magnitude. */
static bool split_integer(const cJSON *node, bool *negative, uint64_t *magnitude)
{
	const char *digits_at;
	char *end;

	if (!cJSON_IsNumber(node) && !cJSON_IsRaw(node))
		return false;
	if (!node->valuestring) {
		if (node->valuedouble != trunc(node->valuedouble) ||
		    fabs(node->valuedouble) > EXACT_MAX)
			return false;
		*negative = node->valuedouble < 0;
		*magnitude = (uint64_t)fabs(node->valuedouble);
		return true;
	}
	*negative = *node->valuestring == '-';
	digits_at = node->valuestring + *negative;
	errno = 0;
	*magnitude = strtoull(digits_at, &end, 10);
	return *digits_at >= '0' && *digits_at <= '9' && errno == 0 && *end == '\0';
}

bool json_u64(const cJSON *node, uint64_t *number)
{
	bool negative;
	uint64_t magnitude;

	if (!split_integer(node, &negative, &magnitude) || (negative && magnitude != 0))
		return false;
	*number = magnitude;
	return true;
}

bool json_i64(const cJSON *node, int64_t *number)
{
	bool negative;
	uint64_t magnitude;

	if (!split_integer(node, &negative, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	*number = (int64_t)(negative ? 0 - magnitude : magnitude);
	return true;
}

cJSON *json_new_u64(uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return cJSON_CreateRaw(text);
}

cJSON *json_new_i64(int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	return cJSON_CreateRaw(text);
}

/* Lack of memory, the one reason to fail, does not come back from the allocator. */
cJSON *json_add_u64(cJSON *object, const char *key, uint64_t number)
{
	cJSON *node = json_new_u64(number);

	(void)cJSON_AddItemToObject(object, key, node);
	return node;
}

cJSON *json_add_i64(cJSON *object, const char *key, int64_t number)
{
	cJSON *node = json_new_i64(number);

	(void)cJSON_AddItemToObject(object, key, node);
	return node;
}

const char *json_type_name(const cJSON *node)
{
	switch (node ? node->type & 0xff : cJSON_Invalid) {
	case cJSON_NULL:
		return "null";
	case cJSON_True:
	case cJSON_False:
		return "a boolean";
	case cJSON_Number:
	case cJSON_Raw:
		return "a number";
	case cJSON_String:
		return "a string";
	case cJSON_Array:
		return "an array";
	case cJSON_Object:
		return "an object";
	default:
		return "nothing";
	}
}
