/* JSON texts from cJSON trees. Not cJSON_Print(), as that would print the numbers
 * whose exact text json_parse() kept (see json.c) from their doubles. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53 */

/* States of many tables are megabytes of this: what needs no escape is copied as a whole. */
static void print_string(struct buf *out, const char *text)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	buf_putc(out, '"');
	for (;;) {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
		       text[plain] != '\\')
			plain++;
		buf_add(out, text, plain);
		text += plain;
		if (!*text)
			break;

		const char *letter = strchr(letters, *text);

		if (letter && (letter - letters) % 2 == 0) {
			buf_putc(out, '\\');
			buf_putc(out, letter[1]);
		} else {
			buf_printf(out, "\\u%04x", (unsigned char)*text);
		}
		text++;
	}
	buf_putc(out, '"');
}

static void print_number(struct buf *out, const cJSON *node)
{
	char text[40];

	if (node->valuestring) {
		buf_puts(out, node->valuestring);
		return;
	}
	if (!isfinite(node->valuedouble)) {
		buf_puts(out, "null");
		return;
	}
	/* The shortest that reads back as the same double. */
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, node->valuedouble);
		if (strtod(text, NULL) == node->valuedouble)
			break;
	}
	if (node->valuedouble == trunc(node->valuedouble) && fabs(node->valuedouble) <= EXACT_MAX)
		snprintf(text, sizeof(text), "%.0f", node->valuedouble);
	buf_puts(out, text);
}

static void new_line(struct buf *out, int indent, int level)
{
	if (indent <= 0)
		return;
	buf_putc(out, '\n');
	for (int i = 0; i < indent * level; i++)
		buf_putc(out, ' ');
}

void json_print_within(struct buf *out, const cJSON *node, int indent, int level)
{
	bool is_object = cJSON_IsObject(node);

	switch (node->type & 0xff) {
	case cJSON_True:
		buf_puts(out, "true");
		break;
	case cJSON_False:
		buf_puts(out, "false");
		break;
	case cJSON_Number:
		print_number(out, node);
		break;
	case cJSON_Raw:
		buf_puts(out, node->valuestring);
		break;
	case cJSON_String:
		print_string(out, node->valuestring);
		break;
	case cJSON_Array:
	case cJSON_Object:
		buf_putc(out, is_object ? '{' : '[');
		for (const cJSON *item = node->child; item; item = item->next) {
			new_line(out, indent, level + 1);
			if (is_object) {
				print_string(out, item->string);
				buf_puts(out, indent > 0 ? ": " : ":");
			}
			json_print_within(out, item, indent, level + 1);
			if (item->next)
				buf_putc(out, ',');
		}
		if (node->child)
			new_line(out, indent, level);
		buf_putc(out, is_object ? '}' : ']');
		break;
	default:
		buf_puts(out, "null");
	}
}

void json_print(struct buf *out, const cJSON *value, int indent)
{
	json_print_within(out, value, indent, 0);
}
