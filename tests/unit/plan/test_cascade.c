/* Which changes of a parent a foreign key follows, and what it makes of the child. */
#include "plan/cascade.h"
#include "plan/findings.h"
#include "../table_fixture.h"
#include "../unit.h"

#define TEXT(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct value null_value = { NULL, 0 };

/* par (id, x), child (id, p, y) with key (id), below (p, z) with key (p, z). */
struct world {
	struct fixture fixture;
	struct move_options options;
	struct moved_tables tables;
	struct findings findings;
};

static void add_table(struct world *w, const char *name, const char *a, const char *b, bool is_wide)
{
	struct table *t = fixture_table(&w->fixture, "db", name);
	char wide[32];

	snprintf(wide, sizeof(wide), "%s,%s", a, b);

	fixture_column(t, a, COLUMN_INT, "int", "")->is_nullable = false;
	fixture_column(t, b, COLUMN_INT, "int", "")->is_nullable = !is_wide;
	fixture_index(t, "PRIMARY", true, is_wide ? wide : a);
}

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fixture_init(&w->fixture);
	w->options.target.marginalia = "application:ghostferry";
	findings_init(&w->findings);
	add_table(w, "par", "id", "x", false);
	add_table(w, "child", "id", "p", false);
	add_table(w, "below", "c", "z", true);
	moved_tables_make(&w->options, NULL, &w->fixture.schema, &w->tables, &w->findings);
}

static void end(struct world *w)
{
	moved_tables_release(&w->tables);
	findings_release(&w->findings);
	fixture_release(&w->fixture);
}

static const struct moved_table *table_of(struct world *w, const char *name)
{
	return moved_tables_find(&w->tables, "db", name);
}

static const struct cascade *add(struct world *w, const char *child, const char *column,
				 const char *parent, const char *rules, struct error *err)
{
	struct buf text = BUF_INIT;
	struct foreign_key key;
	const char *at;

	buf_printf(&text, "\n  CONSTRAINT `f` FOREIGN KEY (`%s`) REFERENCES `%s` (`id`)%s", column,
		   parent, rules);
	at = buf_text(&text);
	assert_true(foreign_key_next(&at, &key));
	buf_release(&text);
	return cascade_add(&w->tables, table_of(w, child), &key, err) ?
		       &w->tables.cascades[w->tables.cascade_count - 1] :
		       NULL;
}

TEST(follows_what_changes_the_columns)
{
	struct value before[] = { TEXT("1"), TEXT("a") }, same[] = { TEXT("1"), TEXT("b") },
		     other[] = { TEXT("2"), TEXT("a") }, none[] = { null_value, TEXT("a") };
	struct error err = ERROR_INIT;
	struct world w;

	begin(&w);
	const struct cascade *c =
		add(&w, "child", "p", "par", " ON DELETE SET NULL ON UPDATE CASCADE", &err);

	assert_non_null(c);
	assert_false(c->moves_key);
	assert_int_equal(cascade_judge(c, before, NULL), FOREIGN_KEY_SETS_NULL);
	assert_int_equal(cascade_judge(c, before, other), FOREIGN_KEY_CASCADES);
	assert_int_equal(cascade_judge(c, before, none), FOREIGN_KEY_CASCADES);
	assert_int_equal(cascade_judge(c, before, same), FOREIGN_KEY_REFUSES);
	assert_int_equal(cascade_judge(c, NULL, before), FOREIGN_KEY_REFUSES); /* an INSERT */
	assert_int_equal(cascade_judge(c, none, NULL), FOREIGN_KEY_REFUSES);   /* nobody refers */
	c = add(&w, "child", "p", "par", " ON DELETE CASCADE", &err);
	assert_int_equal(cascade_judge(c, before, NULL), FOREIGN_KEY_CASCADES);
	assert_int_equal(cascade_judge(c, before, other), FOREIGN_KEY_REFUSES);
	end(&w);
}

TEST(predicts_what_becomes_of_the_child)
{
	struct value after[] = { TEXT("2"), TEXT("a") }, child[] = { TEXT("7"), TEXT("1") };
	struct error err = ERROR_INIT;
	struct world w;

	begin(&w);
	const struct cascade *c =
		add(&w, "child", "p", "par", " ON DELETE CASCADE ON UPDATE CASCADE", &err);

	assert_true(cascade_predict(c, FOREIGN_KEY_CASCADES, after, child));
	assert_string_equal(child[0].bytes, "7");
	assert_string_equal(child[1].bytes, "2");
	assert_false(cascade_predict(c, FOREIGN_KEY_CASCADES, NULL, child));
	assert_true(cascade_predict(c, FOREIGN_KEY_SETS_NULL, NULL, child));
	assert_null(child[1].bytes);
	end(&w);
}

TEST(knows_who_is_below)
{
	bool marks[3] = { false };
	struct error err = ERROR_INIT;
	struct world w;

	begin(&w);
	assert_non_null(add(&w, "child", "p", "par", " ON DELETE CASCADE", &err));
	assert_non_null(add(&w, "below", "c", "child", " ON UPDATE CASCADE", &err));
	assert_true(w.tables.cascades[1].moves_key);
	assert_true(cascade_passes(&w.tables, table_of(&w, "child")));
	assert_false(cascade_passes(&w.tables, table_of(&w, "par")));
	assert_false(cascade_passes(&w.tables, table_of(&w, "below")));
	cascade_mark_below(&w.tables, table_of(&w, "par"), marks);
	assert_false(marks[table_of(&w, "par")->index]);
	assert_true(marks[table_of(&w, "child")->index]);
	assert_true(marks[table_of(&w, "below")->index]);
	memset(marks, 0, sizeof(marks));
	assert_non_null(add(&w, "child", "p", "child", " ON DELETE CASCADE", &err)); /* itself */
	cascade_mark_below(&w.tables, table_of(&w, "child"), marks);
	assert_true(marks[table_of(&w, "child")->index]);
	assert_false(marks[table_of(&w, "par")->index]);
	end(&w);
}

TEST(finds_children_by_the_parent_s_values)
{
	struct value before[] = { TEXT("12"), TEXT("a") };
	struct error err = ERROR_INIT;
	struct buf sql = BUF_INIT;
	struct world w;

	begin(&w);
	cascade_put_match(&sql, add(&w, "child", "p", "par", " ON DELETE CASCADE", &err), before);
	assert_string_equal(buf_text(&sql), "`p`=12");
	buf_clear(&sql);
	cascade_put_parent(&sql, &w.tables.cascades[0], before);
	assert_string_equal(buf_text(&sql), "`id`=12");
	buf_release(&sql);
	end(&w);
}

TEST(knows_tables_that_lead_to_themselves)
{
	struct error err = ERROR_INIT;
	struct world w;

	begin(&w);
	assert_non_null(add(&w, "child", "p", "par", " ON UPDATE CASCADE", &err));
	assert_non_null(add(&w, "below", "c", "child", " ON DELETE CASCADE", &err));
	assert_false(cascade_reaches_itself(&w.tables, table_of(&w, "child")));
	assert_non_null(add(&w, "child", "p", "child", " ON DELETE CASCADE", &err));
	assert_true(cascade_reaches_itself(&w.tables, table_of(&w, "child")));
	assert_false(cascade_reaches_itself(&w.tables, table_of(&w, "par")));
	end(&w);
}

TEST(knows_values_that_are_equal_by_other_bytes)
{
	static const struct {
		enum column_type type;
		bool is_exact;
	} cases[] = { { COLUMN_INT, true },   { COLUMN_VARBINARY, true },
		      { COLUMN_DATE, true },  { COLUMN_VARCHAR, false },
		      { COLUMN_CHAR, false }, { COLUMN_DOUBLE, false } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(cascade_is_exact(&(struct column){ .type = cases[i].type }),
				 cases[i].is_exact);
}

/* Red: names are compared. */
TEST(finds_children_by_the_target_s_collation)
{
	static struct {
		char here[24], there[24];
		enum flavour of_here, of_there;
		bool is_found;
	} cases[] = {
		{ "utf8_general_ci", "utf8mb3_general_ci", FLAVOUR_MARIADB, FLAVOUR_MYSQL, true },
		{ "utf8mb4_general_ci", "utf8mb4_bin", FLAVOUR_MARIADB, FLAVOUR_MARIADB, false },
		{ "utf8mb4_croatian_ci", "utf8mb4_croatian_ci", FLAVOUR_MARIADB, FLAVOUR_MYSQL,
		  false },
		{ "utf8mb4_croatian_ci", "utf8mb4_croatian_ci", FLAVOUR_MYSQL, FLAVOUR_MYSQL, true },
		{ "utf8mb4_0900_bin", "utf8mb4_general_ci", FLAVOUR_MYSQL, FLAVOUR_MARIADB, true },
		{ "", "", FLAVOUR_MYSQL, FLAVOUR_MARIADB, true },
	};
	char name[] = "s";
	struct column column = { .name = name };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		column.collation = cases[i].here;
		assert_int_equal(cascade_is_found(&column, cases[i].of_here, cases[i].there,
						  cases[i].of_there, &err),
				 cases[i].is_found);
	}
	assert_non_null(
		strstr(err.text, "column s has the collation utf8mb4_croatian_ci on MariaDB"));
}

TEST(refuses_what_it_cannot_carry)
{
	struct error err = ERROR_INIT;
	struct world w;

	begin(&w);
	assert_null(add(&w, "child", "p", "nobody", " ON DELETE CASCADE", &err));
	assert_string_equal(err.text, "db.nobody is not moved");
	assert_null(add(&w, "child", "no", "par", " ON DELETE CASCADE", &err));
	w.fixture.schema.tables[0].columns[0].generation = COLUMN_STORED;
	assert_null(add(&w, "child", "p", "par", " ON DELETE CASCADE", &err));
	assert_string_equal(err.text, "it refers to a generated column");
	w.fixture.schema.tables[1].is_system_versioned = true;
	assert_null(add(&w, "child", "p", "par", " ON DELETE CASCADE", &err));
	assert_int_equal(w.tables.cascade_count, 0);
	end(&w);
}

TEST_MAIN(cmocka_unit_test(follows_what_changes_the_columns),
	  cmocka_unit_test(predicts_what_becomes_of_the_child), cmocka_unit_test(knows_who_is_below),
	  cmocka_unit_test(finds_children_by_the_parent_s_values),
	  cmocka_unit_test(knows_tables_that_lead_to_themselves),
	  cmocka_unit_test(knows_values_that_are_equal_by_other_bytes),
	  cmocka_unit_test(finds_children_by_the_target_s_collation),
	  cmocka_unit_test(refuses_what_it_cannot_carry))
