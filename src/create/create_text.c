#include "create/create_text.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "db/sql.h"

const char *create_skip_quoted(const char *at)
{
	char quote = *at++;

	for (; *at && (*at != quote || at[1] == quote); at++)
		if (*at == quote || (*at == '\\' && quote != '`' && at[1]))
			at++;
	return *at ? at + 1 : at;
}

const char *create_skip_parentheses(const char *at)
{
	unsigned depth = 0;

	while (*at) {
		if (*at == '\'' || *at == '`' || *at == '"') {
			at = create_skip_quoted(at);
			continue;
		}
		depth += *at == '(';
		if (*at++ == ')' && --depth == 0)
			break;
	}
	return at;
}

bool create_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

bool create_begins(const char *at, const char *text)
{
	return strncmp(at, text, strlen(text)) == 0;
}

const char *create_find(const char *at, const char *text)
{
	while (*at) {
		if (*at == '\'' || *at == '`' || *at == '"') {
			at = create_skip_quoted(at);
			continue;
		}
		if (create_begins(at, text))
			return at + strlen(text);
		at++;
	}
	return NULL;
}

const struct column *create_column(const struct table *table, const char *at)
{
	const char *end = create_skip_quoted(at);
	struct buf name = BUF_INIT;
	const struct column *column;

	for (at++; at < end - 1; at++) {
		buf_putc(&name, *at);
		at += *at == '`';
	}
	column = table_column(table, buf_text(&name));
	buf_release(&name);
	return column;
}

bool create_unique_parts(const char *shown, const struct table_index *index, char **expressions,
			 struct buf *definition)
{
	static const char line_start[] = "\n  ";
	struct buf key = BUF_INIT;
	const char *line, *at;

	buf_puts(&key, line_start);
	buf_puts(&key, "UNIQUE KEY ");
	sql_name(&key, index->name);
	buf_puts(&key, " (");
	line = strstr(shown, buf_text(&key));
	at = line ? line + key.length : NULL;
	buf_release(&key);
	if (line) {
		size_t length;

		line += sizeof(line_start) - 1;
		length = strcspn(line, "\n");
		buf_add(definition, line, length - (line[length - 1] == ','));
	}
	for (unsigned i = 0; at && i < index->part_count; i++) {
		const char *end = *at == '(' ? create_skip_parentheses(at) : at;

		if ((end > at) != (index->parts[i].column == UINT_MAX))
			return false;
		if (end > at)
			expressions[i] = mem_memdup(at, (size_t)(end - at));
		/* The rest of the part: a name, a prefix, DESC. */
		while (*end && *end != ',' && *end != ')')
			end = *end == '`' ? create_skip_quoted(end) :
			      *end == '(' ? create_skip_parentheses(end) :
					    end + 1;
		at = end + (*end != '\0');
	}
	return at != NULL;
}
