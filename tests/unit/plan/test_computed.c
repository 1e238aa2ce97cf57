/* computed: tables of which something is computed by the time zone or of padded CHARs, and
 * TIMESTAMPs as literals in another zone. Seen to fail with virtual columns that nothing holds
 * taken for kept ones, with an indexed one deleted under UTC, and with the turned value not
 * turned back. */
#include "plan/computed.h"

#include "../table_fixture.h"
#include "../unit.h"

struct db {
	struct server_version version;
};

static struct zone zone;
static const char *sql_mode;
static struct db_computing on_source, on_target;
static struct fixture fixture;
static struct table *source_table;
static struct moved_table table, *pointer = &table;
static struct moved_tables tables = { .tables = &pointer, .count = 1 };
static struct findings findings;

bool zone_ask(struct zone *to, struct db *source UNUSED, struct db *target UNUSED,
	      struct error *err UNUSED)
{
	*to = zone;
	return true;
}

bool db_value(struct db *db UNUSED, struct buf *value, bool *is_null UNUSED,
	      struct error *err UNUSED, const char *format UNUSED, ...)
{
	buf_puts(value, sql_mode);
	return true;
}

const struct server_version *db_version(const struct db *db)
{
	return &db->version;
}

bool computing_ask(struct db *db UNUSED, struct db_computing *computing, struct error *err UNUSED)
{
	*computing = on_target;
	return true;
}

const char *computing_name(unsigned n)
{
	return n == 0 ? "block_encryption_mode" : "other";
}

/* abc.t(id INT, ts TIMESTAMP, c CHAR, g, PRIMARY KEY (id)); the key may be another one. */
static int set_up(void **state UNUSED)
{
	fixture_init(&fixture);
	source_table = fixture_table(&fixture, "abc", "t");
	fixture_column(source_table, "id", COLUMN_INT, "int", "");
	fixture_column(source_table, "ts", COLUMN_TIMESTAMP, "timestamp", "");
	fixture_column(source_table, "c", COLUMN_CHAR, "char(9)", "utf8mb4_bin");
	fixture_column(source_table, "g", COLUMN_INT, "int", "");
	fixture_index(source_table, "PRIMARY", true, "id");
	table = (struct moved_table){ .source = source_table,
				      .key = { .table = source_table, .count = 1 } };
	zone = (struct zone){ .name = "+05:00", .on_source = "Here" };
	sql_mode = "STRICT_ALL_TABLES";
	memset(&on_source, 0, sizeof(on_source));
	on_target = on_source;
	findings_init(&findings);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	free(table.zone);
	free(table.zone_offsets);
	findings_release(&findings);
	fixture_release(&fixture);
	return 0;
}

static void set(enum flavour flavour, unsigned number)
{
	struct db target = { .version = { .flavour = flavour, .number = number } };
	struct error err = ERROR_INIT;

	free(table.zone);
	free(table.zone_offsets);
	table.zone = NULL;
	table.zone_offsets = NULL;
	findings_release(&findings);
	assert_true(computed_set(&tables, &on_source, NULL, &target, &findings, &err));
}

static void generate(enum column_generation generation, const char *expression)
{
	struct column *g = &source_table->columns[3];

	g->generation = generation;
	free(g->expression);
	g->expression = mem_strdup(expression);
}

/* The only finding; NULL: there is none. */
static void check_finding(const char *begins, enum finding_severity severity)
{
	assert_int_equal(findings.count, begins != NULL);
	if (!begins)
		return;
	assert_int_equal(findings.items[0].severity, severity);
	assert_memory_equal(findings.items[0].text, begins, strlen(begins));
}

TEST(what_feels_the_time_zone)
{
	static const struct {
		enum column_generation generation;
		const char *expression;
		bool on_mariadb, on_mysql;
	} cases[] = {
		{ COLUMN_STORED, "cast(`ts` as date)", true, true },
		{ COLUMN_STORED, "CAST(`TS` AS DATE)", true, true },
		{ COLUMN_STORED, "`id` + 1", false, false },
		{ COLUMN_STORED, "unix_timestamp(`c`)", true, true },
		{ COLUMN_STORED, "from_unixtime(`id`)", true, true },
		{ COLUMN_STORED, "cast(`c` as datetime)", false, true }, /* '...+05:00' */
		{ COLUMN_STORED, "", true, true },			 /* it is hidden */
		{ COLUMN_VIRTUAL, "cast(`ts` as date)", false, false },	 /* nothing holds it */
		{ COLUMN_PLAIN, "", false, false },
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		bool is_mysql = i % 2;
		bool feels = is_mysql ? cases[i / 2].on_mysql : cases[i / 2].on_mariadb;

		print_message("%s\n", cases[i / 2].expression);
		generate(cases[i / 2].generation, cases[i / 2].expression);
		set(is_mysql ? FLAVOUR_MYSQL : FLAVOUR_MARIADB, is_mysql ? 80400 : 101100);
		assert_int_equal(table.zone != NULL, feels);
		check_finding(feels ? "source: abc.t: column g is computed by the time zone: rows "
				      "are written under the source's, Here" :
				      NULL,
			      FINDING_NOTE);
		assert_false(table.deletes_in_zone);
		assert_int_equal(feels && table.has_offset_literals, feels && is_mysql);
	}
}

TEST(a_source_in_utc_needs_nothing)
{
	zone.is_utc = true;
	generate(COLUMN_STORED, "cast(`ts` as date)");
	set(FLAVOUR_MYSQL, 80400);
	check_finding(NULL, FINDING_NOTE);
	assert_null(table.zone);
}

TEST(a_zone_that_the_target_does_not_know)
{
	zone.name[0] = '\0';
	generate(COLUMN_STORED, "cast(`ts` as date)");
	set(FLAVOUR_MYSQL, 80400);
	check_finding("source: abc.t: column g is computed by the time zone, and the target cannot "
		      "be set to the source's, Here",
		      FINDING_ERROR);
	assert_null(table.zone);
}

/* MySQL computes an entry once more to find it. */
TEST(what_an_index_holds_is_deleted_under_the_zone)
{
	generate(COLUMN_VIRTUAL, "cast(`ts` as date)");
	fixture_index(source_table, "i", false, "g");
	set(FLAVOUR_MARIADB, 101100);
	check_finding("source: abc.t: column g is computed", FINDING_NOTE);
	assert_true(table.deletes_in_zone);
	assert_false(table.has_offset_literals);
	/* Rows without a key, or with this one, are found by ts. */
	for (unsigned count = 0; count < 2; count++) {
		table.key.count = count;
		table.key.columns[0] = 1;
		set(FLAVOUR_MARIADB, 101100);
		check_finding("source: abc.t: column g is computed by the time zone and indexed, and "
			      "rows are found by a TIMESTAMP",
			      FINDING_ERROR);
		assert_null(table.zone);
	}
}

TEST(expressions_of_indexes_and_checks)
{
	struct table_index *index = fixture_index(source_table, "i", false, "id");
	char expressions[] = "cast(`ts` as date)";

	index->parts[0].column = UINT_MAX;
	index->expressions = expressions;
	set(FLAVOUR_MYSQL, 80400);
	check_finding("source: abc.t: index i is computed by the time zone", FINDING_NOTE);
	assert_true(table.deletes_in_zone);
	index->expressions = NULL;
	index->parts[0].column = 0;
	source_table->checks = expressions;
	set(FLAVOUR_MYSQL, 80400);
	check_finding("source: abc.t: a CHECK is computed by the time zone", FINDING_NOTE);
	/* Those of a MariaDB server are not looked at. */
	set(FLAVOUR_MARIADB, 101100);
	check_finding(NULL, FINDING_NOTE);
	source_table->checks = NULL;
}

TEST(blanks_at_the_end_of_a_char)
{
	generate(COLUMN_STORED, "length(`c`)");
	set(FLAVOUR_MARIADB, 101100);
	check_finding(NULL, FINDING_NOTE);
	sql_mode = "ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH";
	set(FLAVOUR_MARIADB, 101100);
	check_finding("source: abc.t: column g is computed of a CHAR", FINDING_WARNING);
	fixture_index(source_table, "u", true, "g");
	set(FLAVOUR_MARIADB, 101100);
	check_finding("source: abc.t: column g is computed of a CHAR", FINDING_ERROR);
	generate(COLUMN_STORED, "`id` + 1");
	set(FLAVOUR_MARIADB, 101100);
	check_finding(NULL, FINDING_NOTE);
}

TEST(settings_that_differ)
{
	generate(COLUMN_STORED, "`id` + 1");
	snprintf(on_source.values[0], COMPUTING_VALUE_SIZE, "aes-128-ecb");
	snprintf(on_source.values[1], COMPUTING_VALUE_SIZE, "only here");
	snprintf(on_target.values[0], COMPUTING_VALUE_SIZE, "aes-256-cbc");
	snprintf(on_target.values[2], COMPUTING_VALUE_SIZE, "only there");
	set(FLAVOUR_MYSQL, 80400);
	check_finding("target: block_encryption_mode is aes-256-cbc, and aes-128-ecb on the source",
		      FINDING_WARNING);
	generate(COLUMN_PLAIN, ""); /* nothing is computed */
	set(FLAVOUR_MYSQL, 80400);
	check_finding(NULL, FINDING_NOTE);
}

TEST(a_timestamp_in_another_zone)
{
	static const struct {
		const char *value;
		bool has_offset_literals;
		const char *want;
	} cases[] = {
		{ "2024-10-27 00:30:00.5", true, "'2024-10-27 00:30:00.5+00:00'" },
		{ "0000-00-00 00:00:00", true, "'0000-00-00 00:00:00'" },
		{ "0000-00-00 00:00:00", false, "'0000-00-00 00:00:00'" },
		{ "2024-01-01 00:00:00", false,
		  "IF(CONVERT_TZ(CONVERT_TZ('2024-01-01 00:00:00','+00:00',@@time_zone),"
		  "@@time_zone,'+00:00')='2024-01-01 00:00:00',"
		  "CONVERT_TZ('2024-01-01 00:00:00','+00:00',@@time_zone),"
		  "CONCAT('2024-01-01 00:00:00',' UTC, in an hour that is there twice in this "
		  "time zone'))" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sql = BUF_INIT;
		struct value value = { cases[i].value, strlen(cases[i].value) };

		table.has_offset_literals = cases[i].has_offset_literals;
		computed_put_timestamp(&sql, &table, &source_table->columns[1], value);
		assert_string_equal(buf_text(&sql), cases[i].want);
		buf_release(&sql);
	}
	/* What is no time is a literal, whatever it holds. */
	struct buf sql = BUF_INIT;

	table.has_offset_literals = true;
	computed_put_timestamp(&sql, &table, &source_table->columns[1],
			       (struct value){ "2024' OR 1", 10 });
	assert_null(strstr(buf_text(&sql), "+00:00"));
	assert_null(strstr(buf_text(&sql), "4' OR"));
	buf_release(&sql);
}

TEST_MAIN(CASE(what_feels_the_time_zone), CASE(a_source_in_utc_needs_nothing),
	  CASE(a_zone_that_the_target_does_not_know),
	  CASE(what_an_index_holds_is_deleted_under_the_zone),
	  CASE(expressions_of_indexes_and_checks), CASE(blanks_at_the_end_of_a_char),
	  CASE(settings_that_differ), CASE(a_timestamp_in_another_zone))
