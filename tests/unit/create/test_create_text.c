/* Walking over the text of a CREATE statement. */
#include "create/create_text.h"
#include "../unit.h"

#include <limits.h>

static const char shown[] =
	"CREATE TABLE `t` (\n"
	"  `a` varchar(20) NOT NULL COMMENT 'CHECK (''x'')\\n  UNIQUE KEY `u` (`a`)',\n"
	"  `a CHECK (` int DEFAULT NULL,\n"
	"  UNIQUE KEY `u` (`a`(3) DESC,(concat(`a`,_utf8mb4') it\\'s (')) DESC,`a CHECK (`),\n"
	"  UNIQUE KEY `v``w` ((lower(`a`)))\n"
	") ENGINE=InnoDB";

TEST(finds_what_stands_in_no_quotes)
{
	assert_null(create_find(shown, "CHECK ("));
	assert_null(create_find(shown, "it"));
	assert_true(create_begins(create_find(shown, "ENGINE="), "InnoDB"));
	assert_null(create_find("", "x"));
}

TEST(reads_the_expressions_of_a_unique_key)
{
	static char u[] = "u", v[] = "v`w", none[] = "w";
	struct index_part parts[] = { { .column = 0 }, { .column = UINT_MAX }, { .column = 1 } };
	struct table_index index = { .name = u, .parts = parts, .part_count = 3 };
	char *expressions[3] = { NULL };
	struct buf definition = BUF_INIT;

	assert_true(create_unique_parts(shown, &index, expressions, &definition));
	assert_null(expressions[0]);
	assert_string_equal(expressions[1], "(concat(`a`,_utf8mb4') it\\'s ('))");
	assert_null(expressions[2]);
	assert_string_equal(definition.data,
			    "UNIQUE KEY `u` (`a`(3) DESC,(concat(`a`,_utf8mb4') it\\'s (')) DESC,"
			    "`a CHECK (`)");
	free(expressions[1]);
	expressions[1] = NULL;

	index = (struct table_index){ .name = v, .parts = &parts[1], .part_count = 1 };
	buf_clear(&definition);
	assert_true(create_unique_parts(shown, &index, expressions, &definition));
	assert_string_equal(expressions[0], "(lower(`a`))");
	assert_string_equal(definition.data, "UNIQUE KEY `v``w` ((lower(`a`)))");
	free(expressions[0]);
	expressions[0] = NULL;

	/* Another key by that name, or none. */
	index.parts = parts;
	assert_false(create_unique_parts(shown, &index, expressions, &definition));
	index.name = none;
	assert_false(create_unique_parts(shown, &index, expressions, &definition));
	assert_null(expressions[0]);
	buf_release(&definition);
}

TEST_MAIN(cmocka_unit_test(finds_what_stands_in_no_quotes),
	  cmocka_unit_test(reads_the_expressions_of_a_unique_key))
