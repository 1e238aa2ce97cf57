#include "plan/statement_tag.h"

#include "db/sql.h"

#define RUN_MARK "run "

void statement_tag_put(struct buf *sql, const char *marginalia, const char *run_id)
{
	sql_comment(sql, marginalia);
	if (!run_id)
		return;
	buf_puts(sql, "/*" RUN_MARK);
	buf_puts(sql, run_id);
	buf_puts(sql, "*/ ");
}

static bool takes(const char **text, size_t *length, const char *prefix, size_t prefix_length)
{
	if (*length < prefix_length || memcmp(*text, prefix, prefix_length) != 0)
		return false;
	*text += prefix_length;
	*length -= prefix_length;
	return true;
}

static void skip_blanks(const char **text, size_t *length)
{
	while (*length > 0 && **text == ' ') {
		(*text)++;
		(*length)--;
	}
}

static bool takes_marginalia(const char **text, size_t *length, const char *marginalia)
{
	struct buf comment = BUF_INIT;

	sql_comment(&comment, marginalia);
	/* Without the blank behind it. */
	bool found = takes(text, length, comment.data, comment.length - 1);
	buf_release(&comment);
	return found;
}

enum signature statement_tag_read(const char *text, size_t length, const char *marginalia,
			      const char *run_id)
{
	static const char mark[] = "/*" RUN_MARK;

	if (!takes_marginalia(&text, &length, marginalia))
		return SIGNATURE_NONE;
	skip_blanks(&text, &length);
	if (!takes(&text, &length, mark, sizeof(mark) - 1))
		return SIGNATURE_OURS;
	return takes(&text, &length, run_id, strlen(run_id)) &&
			       takes(&text, &length, "*/", 2)
		       ? SIGNATURE_OURS
		       : SIGNATURE_OTHER_RUN;
}
