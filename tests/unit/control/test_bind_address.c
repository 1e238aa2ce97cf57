/* Addresses of the control server, as they are written. */
#include "../unit.h"

#include "control/bind_address.h"

TEST(addresses)
{
	static const struct {
		const char *address, *host, *port; /* host NULL: refused */
		bool is_local;
	} cases[] = {
		{ "127.0.0.1:8000", "127.0.0.1", "8000", true },
		{ "127.9.9.9:1", "127.9.9.9", "1", true },
		{ "128.0.0.1:1", "128.0.0.1", "1", false },
		{ "0.0.0.0:8000", "0.0.0.0", "8000", false },
		{ ":8000", "", "8000", false },
		{ "[::]:8000", "::", "8000", false },
		{ "[::1]:80", "::1", "80", true },
		{ "[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", "80", true },
		{ "LocalHost:80", "LocalHost", "80", true },
		{ "localhost.example:80", "localhost.example", "80", false },
		{ "db-copier.internal:0", "db-copier.internal", "0", false },
		{ "x:65535", "x", "65535", false },
		{ "unix:/run/a:b.sock", "/run/a:b.sock", "", true },
		{ "unix:/", "/", "", true },
		{ "", NULL, NULL, false },
		{ "localhost", NULL, NULL, false },
		{ "localhost:", NULL, NULL, false },
		{ "localhost:http", NULL, NULL, false },
		{ "localhost:65536", NULL, NULL, false },
		{ "localhost:000080", NULL, NULL, false },
		{ "localhost:-1", NULL, NULL, false },
		{ "localhost: 1", NULL, NULL, false },
		{ "::1:8000", NULL, NULL, false },
		{ "[::1]", NULL, NULL, false },
		{ "[::1:8000", NULL, NULL, false },
		{ "[:8000", NULL, NULL, false },
		{ "unix:", NULL, NULL, false },
		{ "unix:ferry.sock", NULL, NULL, false },
		{ "unix:@ferry", NULL, NULL, false },
	};
	struct bind_address address;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool ok = bind_address_parse(&address, cases[i].address, &err);

		if (ok != (cases[i].host != NULL))
			fail_msg("%s", cases[i].address);
		if (!ok) {
			assert_int_equal(err.text[0], '"');
			assert_non_null(strstr(err.text, cases[i].address));
			continue;
		}
		assert_string_equal(address.host, cases[i].host);
		assert_string_equal(address.port, cases[i].port);
		if (bind_address_is_local(&address) != cases[i].is_local)
			fail_msg("%s is local", cases[i].address);
	}
}

TEST(lengths)
{
	struct bind_address address;
	struct error err = ERROR_INIT;
	char text[400];

	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[5 + BIND_PATH_MAX] = '\0';
	assert_true(bind_address_parse(&address, text, &err));
	text[5 + BIND_PATH_MAX] = 'x';
	text[6 + BIND_PATH_MAX] = '\0';
	assert_false(bind_address_parse(&address, text, &err));
	assert_non_null(strstr(err.text, "at most 107 bytes"));

	memset(text, 'x', sizeof(text));
	memcpy(text + 255, ":1", 3);
	assert_true(bind_address_parse(&address, text, &err));
	text[255] = 'x';
	memcpy(text + 256, ":1", 3);
	assert_false(bind_address_parse(&address, text, &err));
}

TEST_MAIN(cmocka_unit_test(addresses), cmocka_unit_test(lengths))
