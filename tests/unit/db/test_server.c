/* Versions as servers really say them, and what depends on them. */
#include "db/server.h"
#include "../unit.h"

static struct server_version parsed(const char *text, const char *comment)
{
	struct server_version version;
	struct error err = ERROR_INIT;

	if (!server_version_parse(text, comment, &version, &err))
		fail_msg("%s: %s", text, err.text);
	return version;
}

TEST(version_is_parsed)
{
	static const struct {
		const char *text, *comment;
		enum flavour flavour;
		unsigned number;
	} cases[] = {
		{ "9.7.4-2", "(Debian)", FLAVOUR_MYSQL, 90704 },
		{ "8.0.36", NULL, FLAVOUR_MYSQL, 80036 },
		{ "8.0.36-28", "Percona Server (GPL), Release 28", FLAVOUR_MYSQL, 80036 },
		{ "8.4.3-commercial", "", FLAVOUR_MYSQL, 80403 },
		{ "5.7.44-log", "", FLAVOUR_MYSQL, 50744 },
		{ "5.7.mysql_aurora.2.11.5", "", FLAVOUR_MYSQL, 50700 },
		{ "8.0", "", FLAVOUR_MYSQL, 80000 },
		{ "10.11.19-MariaDB-0+deb12u1-log", "Debian 12", FLAVOUR_MARIADB, 101119 },
		{ "5.5.5-10.6.2-MariaDB", "", FLAVOUR_MARIADB, 100602 },
		{ "11.4.2-mariadb", "", FLAVOUR_MARIADB, 110402 },
		{ "10.5.8", "mariadb.org binary distribution", FLAVOUR_MARIADB, 100508 },
		{ "5.5.5-log", "MySQL Community Server", FLAVOUR_MYSQL, 50505 },
		{ "26.10.0", "", FLAVOUR_MYSQL, 261000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct server_version version = parsed(cases[i].text, cases[i].comment);

		assert_int_equal(version.flavour, cases[i].flavour);
		assert_int_equal(version.number, cases[i].number);
		assert_string_equal(version.text, cases[i].text);
	}
}

TEST(nonsense_is_refused)
{
	static const char *const texts[] = {
		"",
		"x",
		"8",
		"8.",
		".0.1",
		"-1.2.3",
		"8.x",
		"MariaDB",
		"8.999.1",
		"8.0.12345",
		"99999999999999999999.1.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct server_version version;
		struct error err = ERROR_INIT;

		assert_false(server_version_parse(texts[i], "", &version, &err));
		assert_int_equal(err.kind, ERROR_PREFLIGHT);
	}
}

TEST(long_version_is_cut)
{
	static const char text[] =
		"10.11.19-MariaDB-a-very-long-suffix-that-somebody-put-behind-it-for-reasons";
	struct server_version version = parsed(text, "");

	assert_int_equal(strlen(version.text), sizeof(version.text) - 1);
	assert_memory_equal(version.text, text, sizeof(version.text) - 1);
}

TEST(statements_fit_the_server)
{
	static const struct {
		const char *text, *lock, *status, *replicas;
		bool cascades, supported;
	} cases[] = {
		{ "5.6.51", "LOCK IN SHARE MODE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS", false,
		  false },
		{ "5.7.0", "LOCK IN SHARE MODE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS", false,
		  true },
		{ "8.0.0", "LOCK IN SHARE MODE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS", false,
		  true },
		{ "8.0.1", "FOR SHARE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS", false, true },
		{ "8.0.22", "FOR SHARE", "SHOW MASTER STATUS", "SHOW REPLICAS", false, true },
		{ "8.2.0", "FOR SHARE", "SHOW BINARY LOG STATUS", "SHOW REPLICAS", false, true },
		{ "9.5.9", "FOR SHARE", "SHOW BINARY LOG STATUS", "SHOW REPLICAS", false, true },
		{ "9.6.0", "FOR SHARE", "SHOW BINARY LOG STATUS", "SHOW REPLICAS", true, true },
		{ "10.4.9-MariaDB", "LOCK IN SHARE MODE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS",
		  false, false },
		{ "10.5.0-MariaDB", "LOCK IN SHARE MODE", "SHOW MASTER STATUS", "SHOW SLAVE HOSTS",
		  false, true },
		{ "10.5.1-MariaDB", "LOCK IN SHARE MODE", "SHOW MASTER STATUS",
		  "SHOW REPLICA HOSTS", false, true },
		{ "12.1.2-MariaDB", "LOCK IN SHARE MODE", "SHOW MASTER STATUS",
		  "SHOW REPLICA HOSTS", false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct server_version version = parsed(cases[i].text, "");

		assert_string_equal(server_share_lock(&version), cases[i].lock);
		assert_string_equal(server_binlog_status_query(&version), cases[i].status);
		assert_string_equal(server_replicas_query(&version), cases[i].replicas);
		assert_int_equal(server_logs_cascades(&version), cases[i].cascades);
		assert_int_equal(server_is_supported(&version), cases[i].supported);
	}
}

TEST(flavours_have_names)
{
	assert_string_equal(flavour_name(FLAVOUR_MYSQL), "MySQL");
	assert_string_equal(flavour_name(FLAVOUR_MARIADB), "MariaDB");
}

TEST_MAIN(cmocka_unit_test(version_is_parsed), cmocka_unit_test(nonsense_is_refused),
	  cmocka_unit_test(long_version_is_cut), cmocka_unit_test(statements_fit_the_server),
	  cmocka_unit_test(flavours_have_names))
