/* Foreign keys in CREATE TABLE statements. */
#include "plan/foreign_key.h"
#include "../unit.h"

static const char statement[] =
	"CREATE TABLE `c` (\n"
	"  `id` int NOT NULL COMMENT '\\n  CONSTRAINT `no` FOREIGN KEY (`a`) REFERENCES `x` "
	"(`y`)',\n"
	"  PRIMARY KEY (`id`),\n"
	"  CONSTRAINT `plain` FOREIGN KEY (`p`) REFERENCES `par` (`id`),\n"
	"  CONSTRAINT `check` CHECK (`p` > 0),\n"
	"  CONSTRAINT `ca``s` FOREIGN KEY (`p`, `q)`) REFERENCES `d``b`.`p``t` (`id`, `x`)"
	" ON DELETE CASCADE,\n"
	"  CONSTRAINT `null` FOREIGN KEY (`p`) REFERENCES `par` (`id`) ON UPDATE SET NULL,\n"
	"  CONSTRAINT ` CASCADE` FOREIGN KEY (`p`) REFERENCES ` CASCADE` (` CASCADE`)"
	" ON DELETE NO ACTION ON UPDATE RESTRICT\n"
	") ENGINE=InnoDB COMMENT=' CASCADE'";

TEST(finds_each_with_its_rules)
{
	static const struct {
		const char *name, *schema, *table;
		bool changes_child;
	} wanted[] = {
		{ "plain", "", "par", false },
		{ "ca`s", "d`b", "p`t", true },
		{ "null", "", "par", true },
		{ " CASCADE", "", " CASCADE", false },
	};
	const char *at = statement;
	struct foreign_key key;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		assert_true(foreign_key_next(&at, &key));
		assert_string_equal(key.name, wanted[i].name);
		assert_string_equal(key.parent_schema, wanted[i].schema);
		assert_string_equal(key.parent_table, wanted[i].table);
		assert_int_equal(foreign_key_changes_child(&key), wanted[i].changes_child);
	}
	assert_false(foreign_key_next(&at, &key));
}

TEST(knows_columns_and_actions)
{
	const char *at = statement;
	struct foreign_key key;

	assert_true(foreign_key_next(&at, &key) && foreign_key_next(&at, &key));
	assert_int_equal(key.column_count, 2);
	assert_int_equal(key.parent_column_count, 2);
	assert_string_equal(key.columns[1], "q)");
	assert_string_equal(key.parent_columns[1], "x");
	assert_int_equal(key.on_delete, FOREIGN_KEY_CASCADES);
	assert_int_equal(key.on_update, FOREIGN_KEY_REFUSES);
	assert_true(foreign_key_next(&at, &key));
	assert_int_equal(key.on_delete, FOREIGN_KEY_REFUSES);
	assert_int_equal(key.on_update, FOREIGN_KEY_SETS_NULL);
	at = "\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`b`) ON DELETE SET DEFAULT ON UPDATE "
	     "CASCADE\n";
	assert_true(foreign_key_next(&at, &key));
	assert_int_equal(key.on_delete, FOREIGN_KEY_REFUSES); /* no server does it */
	assert_int_equal(key.on_update, FOREIGN_KEY_CASCADES);
}

TEST(survives_every_truncation)
{
	char text[sizeof(statement)];

	for (size_t length = 0; length < sizeof(statement); length++) {
		const char *at = text;
		struct foreign_key key;

		memcpy(text, statement, length);
		text[length] = '\0';
		while (foreign_key_next(&at, &key))
			;
		assert_true(at <= text + length);
	}
}

TEST_MAIN(cmocka_unit_test(finds_each_with_its_rules), cmocka_unit_test(knows_columns_and_actions),
	  cmocka_unit_test(survives_every_truncation))
