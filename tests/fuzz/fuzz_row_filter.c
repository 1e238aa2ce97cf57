/* Two conditions of Tables.Where, a line each. What is taken is put into SQL that is taken again
 * and is the same, and a row that is said to belong to both does. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/row_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char names[][2] = { "a", "b", "c", "d" };
static char none[1], utf8[] = "utf8mb4";

static struct column columns[] = {
	{ .name = names[0],
	  .charset = none,
	  .raw_type = none,
	  .type = COLUMN_TINYINT,
	  .position = 0,
	  .is_nullable = true },
	{ .name = names[1],
	  .charset = none,
	  .raw_type = none,
	  .type = COLUMN_BIGINT,
	  .position = 1,
	  .is_unsigned = true },
	{ .name = names[2],
	  .charset = utf8,
	  .raw_type = none,
	  .type = COLUMN_VARCHAR,
	  .position = 2,
	  .is_nullable = true },
	{ .name = names[3], .charset = none, .raw_type = none, .type = COLUMN_BIGINT, .position = 3 },
};

static const struct table table = { .columns = columns, .column_count = ARRAY_LEN(columns) };

static struct row_filter *make(const char *text)
{
	struct error err = ERROR_INIT;
	struct row_filter *filter = row_filter_parse(text, &err);

	if (filter && row_filter_bind(filter, &table, &err))
		return filter;
	assert(err.kind == ERROR_CONFIG && err.text[0]);
	row_filter_free(filter);
	return NULL;
}

static void check_sql(const struct row_filter *filter)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	row_filter_put(&once, filter);

	struct row_filter *again = row_filter_parse(buf_text(&once), &(struct error)ERROR_INIT);

	/* Parentheses that were left out may make too many levels. */
	if (again) {
		struct error err = ERROR_INIT;

		assert(row_filter_bind(again, &table, &err));
		row_filter_put(&twice, again);
		assert(strcmp(buf_text(&once), buf_text(&twice)) == 0);
	}
	row_filter_free(again);
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_memdup((const char *)data, size > 300 ? 300 : size);
	char *line = strchr(text, '\n');
	struct row_filter *a, *b;

	if (line)
		*line++ = '\0';
	a = make(text);
	b = line ? make(line) : NULL;
	if (a)
		check_sql(a);
	if (a && b) {
		struct buf example = BUF_INIT, other = BUF_INIT;
		enum filter_overlap overlap = row_filter_overlap(a, b, &table, &example);

		assert((overlap == FILTERS_OVERLAP) == (example.length > 0));
		assert(overlap == row_filter_overlap(b, a, &table, &other));
		buf_release(&example);
		buf_release(&other);
	}
	row_filter_free(a);
	row_filter_free(b);
	free(text);
	return 0;
}
