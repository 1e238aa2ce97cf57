#include "create_fulltext.h"

#include <string.h>

#include "create/create_text.h"

static const char begins[] = "FULLTEXT KEY `";

/* Behind the bracket that opens the list of columns and keys. */
static const char *find_list(const char *shown)
{
	const char *at = strchr(shown, '`');

	at = at ? strchr(create_skip_quoted(at), '(') : NULL;
	return at ? at + 1 : NULL;
}

/* The comma or the bracket behind the column or key that at stands in. */
static const char *skip_item(const char *at)
{
	while (*at && *at != ',' && *at != ')') {
		if (*at == '\'' || *at == '`' || *at == '"')
			at = create_skip_quoted(at);
		else if (*at == '(')
			at = create_skip_parentheses(at);
		else
			at++;
	}
	return at;
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, "\n ");
}

void create_leave_out_fulltext(struct buf *out, const char *shown)
{
	const char *at = find_list(shown), *end;
	bool is_first = true;

	if (!at) {
		buf_puts(out, shown);
		return;
	}
	buf_add(out, shown, (size_t)(at - shown));
	for (;; at = end + 1) {
		end = skip_item(at);
		if (!create_begins(skip_blanks(at), begins)) {
			buf_puts(out, is_first ? "" : ",");
			buf_add(out, at, (size_t)(end - at));
			is_first = false;
		}
		if (*end != ',')
			break;
	}
	if (out->data[out->length - 1] != '\n')
		buf_putc(out, '\n');
	buf_puts(out, end);
}

bool create_next_fulltext(const char **at, struct buf *text, struct buf *name)
{
	const char *item = create_begins(*at, "CREATE ") ? find_list(*at) : *at;
	const char *end;

	for (; item && *item; item = *end == ',' ? end + 1 : NULL) {
		end = skip_item(item);
		item = skip_blanks(item);
		if (!create_begins(item, begins))
			continue;
		*at = *end == ',' ? end + 1 : "";
		while (end[-1] == '\n')
			end--;
		buf_clear(text);
		buf_add(text, item, (size_t)(end - item));
		buf_clear(name);
		item += strlen(begins) - 1;
		end = create_skip_quoted(item) - 1;
		for (item++; item < end; item++) {
			buf_putc(name, *item);
			item += *item == '`';
		}
		return true;
	}
	return false;
}
