/* What all servers print in the same words. */
#include "../unit.h"

#include "../../../src/objects/object_body.h"

static char none[] = "", routine[] = "FUNCTION", package[] = "PACKAGE BODY", trigger[] = "TRIGGER",
	    event[] = "EVENT", view[] = "VIEW", account[] = "a@%";

static void check(enum object_kind kind, char *type, const char *created, const char *wanted)
{
	struct object o = {
		.kind = kind, .type = type, .definer = account, .sql_mode = none, .created = BUF_INIT
	};
	struct buf text = BUF_INIT;

	buf_puts(&o.created, created);
	object_body_put(&text, &o);
	assert_string_equal(buf_text(&text), wanted);
	buf_release(&text);
	buf_release(&o.created);
}

TEST(of_a_routine_with_its_parameters)
{
	check(OBJECT_ROUTINE, routine,
	      "CREATE DEFINER=`a`@`%` FUNCTION `f(`(s ENUM('a)','b'), d DECIMAL(5,2)) RETURNS int(11)\n"
	      "    READS SQL DATA\n    DETERMINISTIC\n    SQL SECURITY INVOKER\n"
	      "    COMMENT 'it''s \\\\ ''\n    x'\nRETURN\n    DETERMINISTIC",
	      "(s ENUM('a)','b'), d DECIMAL(5,2))RETURN\n    DETERMINISTIC");
	check(OBJECT_ROUTINE, routine, "CREATE DEFINER=`a`@`%` FUNCTION `f`()", "()");
	check(OBJECT_ROUTINE, package, "CREATE DEFINER=`a`@`%` PACKAGE BODY \"p\" AS END",
	      " PACKAGE BODY \"p\" AS END");
}

TEST(of_a_trigger)
{
	check(OBJECT_TRIGGER, trigger,
	      "CREATE DEFINER=`a`@`%` TRIGGER `b`.`each row` BEFORE INSERT ON b.row for  each /* row */\n"
	      " ROW  SET @a = ' FOR EACH ROW '",
	      "SET @a = ' FOR EACH ROW '");
}

TEST(of_an_event)
{
	check(OBJECT_EVENT, event,
	      "CREATE DEFINER=`a`@`%` EVENT `do` ON SCHEDULE EVERY 1 DAY DISABLE COMMENT ' DO it''s' DO"
	      " DO SLEEP(1)",
	      "DO SLEEP(1)");
	check(OBJECT_VIEW, view, "CREATE VIEW `v` AS select 1", "");
}

TEST_MAIN(cmocka_unit_test(of_a_routine_with_its_parameters), cmocka_unit_test(of_a_trigger),
	  cmocka_unit_test(of_an_event))
