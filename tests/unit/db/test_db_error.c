/* What error numbers mean. */
#include "db/db.h"
#include "../unit.h"

TEST(numbers_have_kinds)
{
	static const struct {
		unsigned number;
		enum error_kind kind;
	} cases[] = {
		{ 1020, ERROR_BUSY }, /* the first of the table and the last */
		{ 6138, ERROR_DATA },	   { 1040, ERROR_BUSY },      { 1044, ERROR_ACCESS },
		{ 1045, ERROR_ACCESS },	   { 1053, ERROR_LOST },      { 1062, ERROR_DATA },
		{ 1064, ERROR_SQL },	   { 1114, ERROR_BUSY },      { 1146, ERROR_SQL },
		{ 1153, ERROR_DATA },	   { 1158, ERROR_LOST },      { 1205, ERROR_BUSY },
		{ 1213, ERROR_BUSY },	   { 1227, ERROR_ACCESS },    { 1236, ERROR_PURGED },
		{ 1264, ERROR_DATA },	   { 1290, ERROR_READ_ONLY }, { 1317, ERROR_BUSY },
		{ 1366, ERROR_DATA },	   { 1406, ERROR_DATA },      { 1792, ERROR_READ_ONLY },
		{ 1836, ERROR_READ_ONLY }, { 1927, ERROR_LOST },      { 2002, ERROR_LOST },
		{ 2003, ERROR_LOST },	   { 2006, ERROR_LOST },      { 2013, ERROR_LOST },
		{ 2055, ERROR_LOST },	   { 2059, ERROR_ACCESS },    { 3024, ERROR_BUSY },
		{ 3118, ERROR_ACCESS },	   { 3140, ERROR_DATA },      { 3572, ERROR_BUSY },
		{ 4025, ERROR_DATA },	   { 4031, ERROR_LOST },      { 0, ERROR_SQL },
		{ 1, ERROR_SQL },	   { 999999, ERROR_SQL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(db_error_kind(cases[i].number), cases[i].kind);
}

TEST_MAIN(cmocka_unit_test(numbers_have_kinds))
