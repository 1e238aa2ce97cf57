/* recheck: which of the rows that differed still do, and which have only been on their way.
 * Both servers and the repair are made up here. Seen to fail with rows confirmed that had
 * moved, with confirmed ones asked for again, without the bound on repairs, and with an open
 * row that was not found any more taken for unsettled. */
#include "compare/recheck.h"

#include "base/log.h"
#include "compare/row_repair.h"
#include "../table_fixture.h"
#include "../unit.h"

enum { ATTEMPTS_MAX = 8 };

/* Rows are "1ab 2-b": a key, what the source has of it and what the target has; '-' is nothing,
 * and "1" alone may differ. One text per attempt; lists are sorted. */
struct scenario {
	const char *name, *first;
	const char *finds[ATTEMPTS_MAX];
	unsigned stable_after, attempts;
	bool repairs;
	const char *asked, *repaired_keys, *different;
	unsigned unsettled, repaired;
};

static const struct scenario *scenario;
static unsigned attempt;
static struct buf asked, repaired, pauses;
static int64_t stops_after;
static enum error_kind server_fails, repair_fails, catch_up_fails;
static struct fixture fixture;
static struct moved_table table;
static struct row_hash hash;

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_keys(struct buf *out, const char *const *conditions, size_t count)
{
	const char *sorted[ATTEMPTS_MAX];

	memcpy(sorted, conditions, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_text);
	if (out->length)
		buf_putc(out, '|');
	for (size_t i = 0; i < count; i++)
		buf_puts(out, sorted[i]);
}

static void find(difference_found *found, void *context, const char *rows)
{
	for (; *rows; rows += rows[3] ? 4 : 3) {
		char condition[] = { rows[0], '\0' };
		struct key key = { .is_set = true, .count = 1, .values = { { condition, 1 } } };
		struct row_difference difference = {
			.kind = rows[1] == '-' ? ROW_MISSING_ON_SOURCE :
				rows[2] == '-' ? ROW_MISSING_ON_TARGET :
						 ROW_DIFFERS,
			.condition = condition,
			.condition_length = 1,
			.key = &key,
		};

		for (int side = 0; side < SIDE_COUNT; side++)
			difference.print[side][0] = rows[1 + side] == '-' ? '\0' : rows[1 + side];
		found(context, &hash, &difference);
	}
}

bool range_diff_keys(struct range_diff *c, const struct row_hash *f, const char *const *conditions,
		     size_t count, struct error *err)
{
	assert_ptr_equal(f, &hash);
	put_keys(&asked, conditions, count);
	assert_true(attempt < ATTEMPTS_MAX);
	if (server_fails)
		return error_set(err, server_fails, "server");
	const char *rows = scenario->finds[attempt++];

	find(c->found, c->context, rows ? rows : "");
	return true;
}

void range_diff_key_text(struct buf *out, const struct key_columns *columns, const struct key *key)
{
	assert_ptr_equal(columns, &table.key);
	buf_add(out, key->values[0].bytes, key->values[0].length);
}

const char *difference_kind_name(enum difference_kind kind)
{
	return kind == ROW_DIFFERS ? "differs" : "missing";
}

bool row_repair_rows(struct row_repair *r UNUSED, struct db *source UNUSED,
		     const struct moved_table *of, const char *const *conditions, size_t count,
		     struct error *err)
{
	assert_ptr_equal(of, &table);
	put_keys(&repaired, conditions, count);
	return !repair_fails || error_set(err, repair_fails, "repair");
}

bool stop_sleep_ms(struct stop *s UNUSED, int64_t milliseconds)
{
	buf_printf(&pauses, "%s%d", pauses.length ? " " : "", (int)milliseconds);
	return stops_after-- != 0;
}

static bool catch_up(void *context, struct db *source UNUSED, struct error *err)
{
	assert_ptr_equal(context, &table);
	return !catch_up_fails || error_set(err, catch_up_fails, "catch up");
}

static void found_before(void *context UNUSED, const struct row_hash *f UNUSED,
			 const struct row_difference *difference UNUSED)
{
	fail();
}

static int set_up(void **state UNUSED)
{
	fixture_init(&fixture);
	table = (struct moved_table){ .source = fixture_table(&fixture, "abc", "t") };
	hash = (struct row_hash){ .table = &table };
	log_set_level(LOG_ERROR);
	stops_after = -1;
	server_fails = repair_fails = catch_up_fails = ERROR_NONE;
	attempt = 0;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	fixture_release(&fixture);
	buf_release(&asked);
	buf_release(&repaired);
	buf_release(&pauses);
	return 0;
}

static void add_first(void *context, const struct row_hash *f UNUSED,
		      const struct row_difference *difference)
{
	recheck_add(context, difference);
}

static bool run(const struct scenario *s, struct diff_report *report, struct error *err)
{
	struct range_diff c = { .found = found_before, .context = &c };
	struct recheck_rules rules = { .stable_after = s->stable_after,
				       .attempts = s->attempts,
				       .pause_ms = 300,
				       .catch_up = catch_up,
				       .context = &table };
	struct row_repair *repair = s->repairs ? mem_calloc(1, sizeof(*repair)) : NULL;
	struct recheck r;

	scenario = s;
	attempt = 0;
	buf_clear(&asked);
	buf_clear(&repaired);
	buf_clear(&pauses);
	diff_report_init(report, &hash, 1);
	recheck_init(&r, &hash);
	if (strlen(s->first) == 1)
		recheck_add_key(&r, s->first, 1);
	else
		find(add_first, &r, s->first);
	bool ok = recheck_run(&r, &c, &rules, repair, report->tables, err);

	assert_true(c.found == found_before && c.context == &c);
	assert_true(!ok || r.rows.count == 0);
	recheck_release(&r);
	free(repair);
	return ok;
}

/* As rows are written above. */
static void check_different(const struct table_report *report, const char *want)
{
	const char *rows[REPORT_KEYS_SHOWN];
	char texts[REPORT_KEYS_SHOWN][8];
	struct buf text = BUF_INIT;

	assert_int_equal(report->shown_count, report->different);
	for (size_t i = 0; i < report->shown_count; i++) {
		const struct diff_report_row *row = &report->shown[i];
		char source = row->print[SIDE_SOURCE][0], target = row->print[SIDE_TARGET][0];

		snprintf(texts[i], sizeof(texts[i]), "%s%c%c", row->key, source ? source : '-',
			 target ? target : '-');
		assert_int_equal(row->kind, !source ? ROW_MISSING_ON_SOURCE :
					    !target ? ROW_MISSING_ON_TARGET :
						      ROW_DIFFERS);
		rows[i] = texts[i];
	}
	qsort(rows, report->shown_count, sizeof(*rows), by_text);
	for (size_t i = 0; i < report->shown_count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", rows[i]);
	assert_string_equal(buf_text(&text), want);
	buf_release(&text);
}

static const struct scenario scenarios[] = {
	{ .name = "it was on its way",
	  .first = "1ab",
	  .finds = { "" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1",
	  .different = "" },
	{ .name = "it stays as it is",
	  .first = "1ab",
	  .finds = { "1ab" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1",
	  .different = "1ab" },
	{ .name = "it has to stay longer",
	  .first = "1ab",
	  .finds = { "1ab", "1ab", "1ab" },
	  .stable_after = 3,
	  .attempts = 5,
	  .asked = "1|1|1",
	  .different = "1ab" },
	{ .name = "it moves on the source, and then stays",
	  .first = "1ab",
	  .finds = { "1cb", "1cb" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1|1",
	  .different = "1cb" },
	{ .name = "it moves on the target, and then stays",
	  .first = "1ab",
	  .finds = { "1ac", "1ac" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1|1",
	  .different = "1ac" },
	{ .name = "a move begins the count again",
	  .first = "1ab",
	  .finds = { "1ab", "1cb", "1cb", "1cb" },
	  .stable_after = 2,
	  .attempts = 5,
	  .asked = "1|1|1|1",
	  .different = "1cb" },
	{ .name = "it moves in every attempt",
	  .first = "1ab",
	  .finds = { "1cb", "1db", "1eb" },
	  .stable_after = 1,
	  .attempts = 3,
	  .asked = "1|1|1",
	  .different = "",
	  .unsettled = 1 },
	{ .name = "there is no attempt",
	  .first = "1ab 2ab",
	  .stable_after = 1,
	  .asked = "",
	  .different = "",
	  .unsettled = 2 },
	{ .name = "one that is confirmed is not asked for again",
	  .first = "1ab 2ab 3ab",
	  .finds = { "1ab 2cb", "2cb" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "123|2",
	  .different = "1ab 2cb" },
	{ .name = "one side lacks it",
	  .first = "1-b 2a-",
	  .finds = { "1-b 2a-" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "12",
	  .different = "1-b 2a-" },
	{ .name = "it comes up under another condition",
	  .first = "1a-",
	  .finds = { "1a- 3-b", "3-b" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1|3",
	  .different = "1a- 3-b" },
	{ .name = "it may differ, and does",
	  .first = "1",
	  .finds = { "1ab", "1ab" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1|1",
	  .different = "1ab" },
	{ .name = "it may differ, and does not",
	  .first = "1",
	  .finds = { "" },
	  .stable_after = 1,
	  .attempts = 5,
	  .asked = "1",
	  .different = "" },
	{ .name = "a repair helps",
	  .first = "1ab 2ab",
	  .finds = { "1ab", "" },
	  .stable_after = 1,
	  .attempts = 5,
	  .repairs = true,
	  .asked = "12|1",
	  .repaired_keys = "1",
	  .different = "",
	  .repaired = 1 },
	{ .name = "a repair does not help",
	  .first = "1ab 2ab",
	  .finds = { "1ab 2ab", "1ab", "1ab", "1ab" },
	  .stable_after = 1,
	  .attempts = 5,
	  .repairs = true,
	  .asked = "12|12|1|1",
	  .repaired_keys = "12|1|1",
	  .different = "1ab",
	  .repaired = 1 },
	{ .name = "what is not confirmed is not repaired",
	  .first = "1ab",
	  .finds = { "1cb", "1db" },
	  .stable_after = 1,
	  .attempts = 2,
	  .repairs = true,
	  .asked = "1|1",
	  .different = "",
	  .unsettled = 1 },
	{ .name = "it moves after its repair",
	  .first = "1ab",
	  .finds = { "1ab", "1cb", "1db" },
	  .stable_after = 1,
	  .attempts = 2,
	  .repairs = true,
	  .asked = "1|1|1",
	  .repaired_keys = "1",
	  .different = "",
	  .unsettled = 1 },
};

TEST(what_is_confirmed)
{
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		const struct scenario *s = &scenarios[i];
		struct diff_report report;
		struct error err = ERROR_INIT;

		print_message("%s\n", s->name);
		assert_true(run(s, &report, &err));
		assert_string_equal(buf_text(&asked), s->asked);
		assert_string_equal(buf_text(&repaired), s->repaired_keys ? s->repaired_keys : "");
		check_different(report.tables, s->different);
		assert_int_equal(report.tables[0].unsettled, s->unsettled);
		assert_int_equal(report.tables[0].repaired, s->repaired);
		diff_report_release(&report);
	}
}

/* Each attempt moves it: five of them. */
static const struct scenario restless = { .first = "1ab",
					  .finds = { "1cb", "1db", "1eb", "1fb", "1gb" },
					  .stable_after = 1,
					  .attempts = 5 };

TEST(pauses_grow_up_to_a_second)
{
	struct diff_report report;
	struct error err = ERROR_INIT;

	assert_true(run(&restless, &report, &err));
	assert_string_equal(buf_text(&pauses), "300 600 1000 1000 1000");
	diff_report_release(&report);
}

TEST(what_ends_it_early)
{
	static const struct {
		enum error_kind *fails;
		enum error_kind kind;
		const char *asked;
	} cases[] = {
		{ NULL, ERROR_STOPPED, "1|1" },
		{ &catch_up_fails, ERROR_LOST, "" },
		{ &server_fails, ERROR_SQL, "1" },
		{ &repair_fails, ERROR_DATA, "1" },
	};
	static const struct scenario repairs = {
		.first = "1ab", .finds = { "1ab" }, .stable_after = 1, .attempts = 5, .repairs = true
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool is_repair = cases[i].fails == &repair_fails;
		struct diff_report report;
		struct error err = ERROR_INIT;

		if (cases[i].fails)
			*cases[i].fails = cases[i].kind;
		stops_after = cases[i].fails ? -1 : 2;
		assert_false(run(is_repair ? &repairs : &restless, &report, &err));
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(buf_text(&asked), cases[i].asked);
		/* Nobody knows: nothing is said of rows. */
		assert_int_equal(report.tables[0].different, 0);
		assert_int_equal(report.tables[0].unsettled, 0);
		if (cases[i].fails)
			*cases[i].fails = ERROR_NONE;
		diff_report_release(&report);
	}
}

TEST_MAIN(CASE(what_is_confirmed), CASE(pauses_grow_up_to_a_second), CASE(what_ends_it_early))
