/* The options of the way back. */
#include "plan/turn_round.h"
#include "../unit.h"

static char orders[] = "orders";

TEST(servers_change_places_and_filters_go)
{
	struct name_pair pair = { { "shop", "sold" }, { "app", "orders" } };
	struct map names = { 0 };
	struct turned_options turned;
	struct move_options from = {
		.source = { .label = "source", .host = "old", .marginalia = "m" },
		.target = { .label = "target", .host = "new", .logs_statements = true },
		.tables.whitelist = { (char *[]){ orders }, 1 },
		.defer_indexes = true,
		.watch_target = true,
		.way_back.state_path = "state.back",
	};

	map_put_text(&names, "shop.sold", &pair);
	turn_round(&turned, &from, &names);
	assert_string_equal(turned.move.source.host, "new");
	assert_string_equal(turned.move.source.label, "source");
	assert_false(turned.move.source.logs_statements);
	assert_string_equal(turned.move.target.host, "old");
	assert_string_equal(turned.move.target.marginalia, "m");
	assert_true(turned.move.target.logs_statements);
	assert_int_equal(turned.move.tables.whitelist.count, 0);
	assert_false(turned.move.defer_indexes);
	/* There is no way forward again. */
	assert_null(turned.move.way_back.state_path);
	turned_options_release(&turned);
	map_release(&names);
}

TEST(what_is_said_of_tables_is_said_of_their_other_names)
{
	struct name_pair pairs[] = { { { "shop", "sold" }, { "app", "orders" } },
				     { { "shop", "other" }, { "app", "orders_old" } } };
	struct move_options from = { .verify.ignored_tables = { (char *[]){ orders }, 1 } };
	struct verify_options *verify = &from.verify;
	struct map names = { 0 };
	struct turned_options turned;
	static char index[] = "by_day";

	map_put_text(&names, "shop.sold", &pairs[0]);
	map_put_text(&names, "shop.other", &pairs[1]);
	map_put_text(&verify->ignored_columns, "app.orders.seen", index);
	map_put_text(&verify->ignored_bare, "orders.seen", index);
	map_put_text(&verify->force_index, "app.orders", index);
	map_put_text(&verify->force_index, "gone.orders", index);
	turn_round(&turned, &from, &names);
	assert_non_null(map_get_text(&turned.move.verify.ignored_columns, "shop.sold.seen"));
	assert_int_equal(turned.move.verify.ignored_columns.count, 1);
	assert_non_null(map_get_text(&turned.move.verify.ignored_bare, "sold.seen"));
	assert_int_equal(turned.move.verify.ignored_bare.count, 1);
	assert_string_equal(map_get_text(&turned.move.verify.force_index, "shop.sold"), "by_day");
	assert_int_equal(turned.move.verify.force_index.count, 1);
	assert_int_equal(turned.move.verify.ignored_tables.count, 1);
	assert_string_equal(turned.move.verify.ignored_tables.items[0], "sold");
	turned_options_release(&turned);
	map_release(&verify->ignored_columns);
	map_release(&verify->ignored_bare);
	map_release(&verify->force_index);
	map_release(&names);
}

TEST_MAIN(cmocka_unit_test(servers_change_places_and_filters_go),
	  cmocka_unit_test(what_is_said_of_tables_is_said_of_their_other_names))
