/* apply_sql: the statements of one transaction of changes. */
#include "../../../src/apply/apply_sql.h"

#include "../table_fixture.h"
#include "../unit.h"

enum { CHANGES_MAX = 2500 };

struct bench {
	struct fixture fixture;
	struct moved_table table;
	struct apply_sql script;
	struct change *changes[CHANGES_MAX];
	size_t count;
};

static char insert_head[] = "INSERT ", insert_tail[] = " TAIL";
static char replace_head[] = "REPLACE ", delete_head[] = "DELETE ";

static void bench_init(struct bench *b, bool may_displace)
{
	memset(b, 0, sizeof(*b));
	fixture_init(&b->fixture);
	struct table *t = fixture_table(&b->fixture, "abc", "t");

	fixture_column(t, "id", COLUMN_INT, "int", "");
	b->table = (struct moved_table){ .source = t,
					 .key = { .table = t, .count = 1 },
					 .may_displace = may_displace,
					 .insert_head = insert_head,
					 .insert_tail = insert_tail,
					 .replace_head = replace_head,
					 .delete_head = delete_head };
	b->script = (struct apply_sql){ .packet_limit = 1 << 20, .batch_bytes = 1 << 20 };
}

/* image "": a delete. */
static void add(struct bench *b, const char *key, const char *image)
{
	struct buf text = BUF_INIT;

	change_begin(&text);
	buf_puts(&text, key);
	buf_puts(&text, image);
	b->changes[b->count++] = change_end(&text, strlen(key), 0, 0, 0);
	buf_release(&text);
}

static void check(struct bench *b, const char *const *want, size_t count, size_t deletes)
{
	struct error err = ERROR_INIT;

	assert_true(apply_sql_make(&b->script, &b->table, b->changes, b->count, &err));
	assert_int_equal(b->script.count, count);
	assert_int_equal(b->script.deletes, deletes);
	for (size_t i = 0; want && i < count; i++)
		assert_string_equal(buf_text(&b->script.statements[i].sql), want[i]);
}

static void bench_release(struct bench *b)
{
	apply_sql_release(&b->script);
	for (size_t i = 0; i < b->count; i++)
		free(b->changes[i]);
	fixture_release(&b->fixture);
}

TEST(rows_replace)
{
	static const char *const want[] = { "REPLACE (1,'a'),(2,'b')" };
	struct bench b;
	uint64_t inserted = 0;

	bench_init(&b, false);
	add(&b, "`id`=1", "(1,'a')");
	add(&b, "`id`=2", "(2,'b')");
	check(&b, want, 1, 0);
	assert_int_equal(apply_sql_count_inserted(&b.script, &inserted), 2);
	assert_ptr_equal(b.script.statements[0].affected, &inserted);
	bench_release(&b);
}

TEST(deletes_go_by_key)
{
	static const char *const want[] = { "DELETE (`id`=1) OR (`id`=2)" };
	struct bench b;

	bench_init(&b, false);
	add(&b, "`id`=1", "");
	add(&b, "`id`=2", "");
	check(&b, want, 1, 1);
	bench_release(&b);
}

/* All keys are deleted first, and what is brought is inserted if absent. */
TEST(rows_that_may_displace)
{
	static const char *const want[] = { "DELETE (`id`=1) OR (`id`=2)", "INSERT (2,'b') TAIL" };
	struct bench b;

	bench_init(&b, true);
	add(&b, "`id`=1", "");
	add(&b, "`id`=2", "(2,'b')");
	check(&b, want, 2, 1);
	bench_release(&b);
}

/* The head has begun a condition, and each statement ends it. */
TEST(deletes_of_a_part)
{
	static char where[] = "(w)";
	static const char *const want[] = { "DELETE (`id`=1) OR (`id`=2))", "INSERT (2,'b') TAIL" };
	struct bench b;

	bench_init(&b, true);
	b.table.where = where;
	add(&b, "`id`=1", "");
	add(&b, "`id`=2", "(2,'b')");
	check(&b, want, 2, 1);
	bench_release(&b);
}

/* More keys in one DELETE, and MySQL reads the whole table. */
TEST(many_deletes_are_several_statements)
{
	struct bench b;
	char key[32];

	bench_init(&b, false);
	for (int i = 0; i < CHANGES_MAX; i++) {
		snprintf(key, sizeof(key), "`id`=%d", i);
		add(&b, key, "");
	}
	check(&b, NULL, 3, 3);
	assert_int_equal(b.script.statements[0].rows, 1000);
	assert_int_equal(b.script.statements[2].rows, 500);
	bench_release(&b);
}

TEST(a_full_statement_takes_no_more)
{
	static const char *const want[] = { "REPLACE (1,'aaaa'),(2,'bbbb')", "REPLACE (3,'cccc')" };
	struct bench b;

	bench_init(&b, false);
	b.script.batch_bytes = 20;
	add(&b, "`id`=1", "(1,'aaaa')");
	add(&b, "`id`=2", "(2,'bbbb')");
	add(&b, "`id`=3", "(3,'cccc')");
	check(&b, want, 2, 0);
	bench_release(&b);
}

TEST(a_row_that_fits_no_packet)
{
	struct error err = ERROR_INIT;
	struct bench b;

	bench_init(&b, false);
	b.script.packet_limit = 10;
	add(&b, "`id`=1", "(1,'a row that is too long')");
	assert_false(apply_sql_make(&b.script, &b.table, b.changes, b.count, &err));
	assert_int_equal(err.kind, ERROR_DATA);
	assert_non_null(strstr(err.text, "abc.t"));
	bench_release(&b);
}

TEST_MAIN(cmocka_unit_test(rows_replace), cmocka_unit_test(deletes_go_by_key),
	  cmocka_unit_test(rows_that_may_displace), cmocka_unit_test(deletes_of_a_part),
	  cmocka_unit_test(many_deletes_are_several_statements),
	  cmocka_unit_test(a_full_statement_takes_no_more),
	  cmocka_unit_test(a_row_that_fits_no_packet))
