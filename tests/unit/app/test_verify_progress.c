/* What -verify says meanwhile. */
#include "../../../src/app/verify_progress.h"
#include "../unit.h"

#include "base/mem.h"

static void check(const struct verify_table *tables, size_t count, int64_t ms, const char *want)
{
	struct verify_progress p = { .count = count };
	struct buf line = BUF_INIT;

	mutex_init(&p.lock);
	p.tables = mem_calloc(count, sizeof(*tables));
	memcpy(p.tables, tables, count * sizeof(*tables));
	verify_progress_line(&line, &p, ms);
	assert_string_equal(buf_text(&line), want);
	buf_release(&line);
	free(p.tables);
	mutex_destroy(&p.lock);
}

TEST(how_far_it_is)
{
	struct verify_table tables[] = { { .name = "a.b", .estimated_rows = 1000 },
					 { .name = "a.c", .estimated_rows = 3000 } };

	check(tables, 2, 0, "comparing 0/2 tables, 0.0%, 0/4.0k rows, 0 rows/s, ETA unknown");
	/* What was compared counts, where there are more rows than was estimated. */
	tables[0].is_begun = tables[0].is_done = tables[1].is_begun = true;
	tables[0].rows = 500;
	tables[1].rows = 500;
	tables[1].different = 1;
	check(tables, 2, 2000,
	      "comparing 1/2 tables, 28.6%, 1.0k/3.5k rows, 500 rows/s, ETA 5s, 1 row differs, a.c");
	tables[1].rows = 4000;
	tables[1].different = 2;
	check(tables, 2, 4500,
	      "comparing 1/2 tables, 99.0%, 4.5k/4.5k rows, 1.0k rows/s, ETA 0s, 2 rows differ, a.c");
	tables[1].is_done = true;
	tables[1].different = 0;
	check(tables, 2, 4500, "comparing 2/2 tables, 100.0%, 4.5k/4.5k rows, 1.0k rows/s, ETA 0s");
}

TEST_MAIN(cmocka_unit_test(how_far_it_is))
