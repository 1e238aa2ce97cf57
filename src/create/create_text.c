#include "create/create_text.h"

#include <ctype.h>
#include <string.h>

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
