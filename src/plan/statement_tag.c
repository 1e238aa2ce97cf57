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

enum signature statement_tag_read(const char *text, size_t length, const char *marginalia,
				  const char *run_id)
{
	static const char mark[] = "/*" RUN_MARK;
	struct buf comment = BUF_INIT;
	bool is_signed;

	sql_comment(&comment, marginalia);
	/* Without the blank behind it. */
	is_signed = takes(&text, &length, comment.data, comment.length - 1);
	buf_release(&comment);
	if (!is_signed)
		return SIGNATURE_NONE;
	while (takes(&text, &length, " ", 1))
		;
	if (!takes(&text, &length, mark, sizeof(mark) - 1))
		return SIGNATURE_OURS;
	return takes(&text, &length, run_id, strlen(run_id)) && takes(&text, &length, "*/", 2) ?
		       SIGNATURE_OURS :
		       SIGNATURE_OTHER_RUN;
}
