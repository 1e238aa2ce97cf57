/* A text's literal in a condition is always hex, so it can be used once more to compare
 * bytes. The index serves the first comparison, the second only looks at what it found. */
#include "plan/key_condition.h"

#include <ctype.h>
#include <string.h>

/* 12, -1.5, 'text' with its quotes doubled, x'00', _latin1 x'00', _utf8mb4'text'. */
const char *key_condition_skip_literal(const char *at)
{
	if (*at == '-' || isdigit((unsigned char)*at))
		return at + 1 + strspn(at + 1, "0123456789.");
	if (*at == '_')
		at += 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (*at == ' ')
		at++;
	if (*at == 'x')
		at++;
	if (*at != '\'')
		return NULL;
	for (at++; *at; at++) {
		if (*at != '\'')
			continue;
		if (at[1] != '\'')
			return at + 1;
		at++;
	}
	return NULL;
}

bool key_condition_is_vague(const struct key_columns *columns)
{
	for (unsigned i = 0; i < columns->count; i++)
		if (column_is_text(&columns->table->columns[columns->columns[i]]))
			return true;
	return false;
}

void key_condition_put_exact(struct buf *sql, const struct key_columns *columns,
			     const char *condition, size_t length)
{
	struct buf text = BUF_INIT, name = BUF_INIT;

	buf_add(sql, condition, length);
	if (!key_condition_is_vague(columns))
		return;
	buf_add(&text, condition, length);

	const char *at = buf_text(&text);

	for (unsigned i = 0; at && i < columns->count; i++) {
		const struct column *column = &columns->table->columns[columns->columns[i]];
		const char *hex, *end;

		/* Names hold anything, so they are stepped over and not looked for. */
		buf_clear(&name);
		sql_name(&name, column->name);
		at = strstr(at, buf_text(&name));
		at = at ? strstr(at + name.length, " = ") : NULL;
		end = at ? key_condition_skip_literal(at + 3) : NULL;
		if (!end)
			break;
		hex = strchr(at + 3, 'x');
		while (hex && hex < end && hex[1] != '\'')
			hex = strchr(hex + 1, 'x');
		if (column_is_text(column) && hex && hex < end) {
			buf_printf(sql, " AND CAST(%s AS BINARY) = ", buf_text(&name));
			buf_add(sql, hex, (size_t)(end - hex));
		}
		at = end;
	}
	buf_release(&name);
	buf_release(&text);
}
