#include "create/create_default.h"

#include <string.h>

static bool has_column_of(const struct table *table, const char *collation)
{
	for (unsigned i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i].collation, collation) == 0)
			return true;
	return false;
}

/* False only when the server cannot be asked. */
static bool ask_whether_known(struct db *target, const char *collation, bool *known,
			      struct error *err)
{
	struct error failure = ERROR_INIT;
	struct buf value = BUF_INIT;

	*known = db_value(target, &value, NULL, &failure, "SELECT CONVERT('' USING %.*s) COLLATE %s",
			  (int)strcspn(collation, "_"), collation, collation);
	buf_release(&value);
	if (*known || !error_is_retryable(&failure))
		return true;
	*err = failure;
	return false;
}

bool create_leave_out_default(struct buf *sql, const struct table *table, struct db *target,
			      struct error *err)
{
	struct buf option = BUF_INIT, rest = BUF_INIT;
	char *at = NULL;
	bool known;

	if (!*table->collation || has_column_of(table, table->collation))
		return true;
	if (!ask_whether_known(target, table->collation, &known, err))
		return false;
	if (known)
		return true;
	buf_printf(&option, " COLLATE=%s", table->collation);
	/* Options stand in the last line that begins with a bracket. */
	for (char *line = strstr(sql->data, "\n) "); line; line = strstr(line + 1, "\n) "))
		at = line;
	at = at ? strstr(at, buf_text(&option)) : NULL;
	if (at) {
		buf_puts(&rest, at + option.length);
		buf_truncate(sql, (size_t)(at - sql->data));
		buf_puts(sql, buf_text(&rest));
	}
	buf_release(&option);
	buf_release(&rest);
	return true;
}
