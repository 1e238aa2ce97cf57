#include "create_keys.h"

#include <string.h>
#include <strings.h>

#include "create/create_text.h"

void create_key_release(struct create_key *key)
{
	buf_release(&key->text);
	buf_release(&key->name);
}

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

/* The item from at to end. False: it is something else. */
static bool parse_key(const char *at, const char *end, struct create_key *key)
{
	static const char *const kinds[] = { "KEY `", "FULLTEXT KEY `", "SPATIAL KEY `" };
	const char *name = NULL, *name_end;

	at += strspn(at, "\n ");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (create_begins(at, kinds[i]))
			name = at + strlen(kinds[i]);
	if (!name)
		return false;
	while (end[-1] == '\n')
		end--;
	buf_clear(&key->text);
	buf_add(&key->text, at, (size_t)(end - at));
	buf_clear(&key->name);
	for (name_end = create_skip_quoted(name - 1) - 1; name < name_end; name++) {
		buf_putc(&key->name, *name);
		name += *name == '`';
	}
	key->is_fulltext = *at == 'F';
	return true;
}

bool create_next_key(const char **at, struct create_key *key)
{
	const char *item = create_begins(*at, "CREATE ") ? find_list(*at) : *at;
	const char *end;

	for (; item && *item; item = *end == ',' ? end + 1 : NULL) {
		end = skip_item(item);
		if (parse_key(item, end, key)) {
			*at = *end == ',' ? end + 1 : "";
			return true;
		}
	}
	return false;
}

bool create_find_key(const char *shown, const char *name, struct create_key *key)
{
	while (create_next_key(&shown, key))
		if (strcasecmp(buf_text(&key->name), name) == 0)
			return true;
	return false;
}

/* Up to the end of the list of parts, without directions. */
static void put_parts(struct buf *out, const struct create_key *key)
{
	const char *at = buf_text(&key->text);
	const char *parts = strchr(create_skip_quoted(strchr(at, '`')), '(');
	const char *end = parts ? create_skip_parentheses(parts) : at + strlen(at);

	while (at < end) {
		const char *next = *at == '`' ? create_skip_quoted(at) : at + 1;

		if (create_begins(at, " DESC"))
			next = at + strlen(" DESC");
		else
			buf_add(out, at, (size_t)(next - at));
		at = next;
	}
}

bool create_same_key(const struct create_key *a, const struct create_key *b)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	bool same;

	put_parts(&left, a);
	put_parts(&right, b);
	same = strcasecmp(buf_text(&left), buf_text(&right)) == 0;
	buf_release(&left);
	buf_release(&right);
	return same;
}

void create_leave_out_keys(struct buf *out, const char *shown, create_key_filter *chosen,
			   const void *context)
{
	const char *at = find_list(shown), *end;
	struct create_key key = { .is_fulltext = false };
	bool is_first = true;

	if (!at) {
		buf_puts(out, shown);
		return;
	}
	buf_add(out, shown, (size_t)(at - shown));
	for (;; at = end + 1) {
		end = skip_item(at);
		if (!parse_key(at, end, &key) || !chosen(context, &key)) {
			buf_puts(out, is_first ? "" : ",");
			buf_add(out, at, (size_t)(end - at));
			is_first = false;
		}
		if (*end != ',')
			break;
	}
	create_key_release(&key);
	if (out->data[out->length - 1] != '\n')
		buf_putc(out, '\n');
	buf_puts(out, end);
}
