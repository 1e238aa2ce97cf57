/* Addresses of replicas, and what limits cannot be meant. */
#include "plan/throttle_limits.h"
#include "../unit.h"

TEST(addresses)
{
	static const struct {
		const char *text, *host; /* host NULL: it is none */
		unsigned port;
	} cases[] = {
		{ "db2", "db2", 3306 },
		{ "db2:3307", "db2", 3307 },
		{ "10.0.0.5:65535", "10.0.0.5", 65535 },
		{ "[::1]:3310", "::1", 3310 },
		{ "[::1]", "::1", 3306 },
		{ "fe80::1", "fe80::1", 3306 },
		{ "", NULL, 0 },
		{ ":3306", NULL, 0 },
		{ "db2:", NULL, 0 },
		{ "db2:0", NULL, 0 },
		{ "db2:65536", NULL, 0 },
		{ "db2:-1", NULL, 0 },
		{ "db2:33x", NULL, 0 },
		{ "[::1", NULL, 0 },
		{ "[]:3306", NULL, 0 },
		{ "[::1]3306", NULL, 0 },
	};
	char host[THROTTLE_HOST_SIZE], longest[THROTTLE_HOST_SIZE + 1];
	unsigned port;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (throttle_address(cases[i].text, host, &port) != (cases[i].host != NULL))
			fail_msg("%s", cases[i].text);
		if (!cases[i].host)
			continue;
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
	memset(longest, 'x', sizeof(longest));
	longest[THROTTLE_HOST_SIZE] = '\0';
	assert_false(throttle_address(longest, host, &port));
	longest[THROTTLE_HOST_SIZE - 1] = '\0';
	assert_true(throttle_address(longest, host, &port));
}

TEST(limits_that_cannot_be_meant)
{
	struct throttle_limits limits = { .interval_ms = 100 };
	char *wrong[] = { (char[]){ "a" }, (char[]){ "b:c" } };
	struct error err;

	assert_false(throttle_limits_are_set(&limits));
	assert_true(throttle_limits_check(&limits, &err));
	limits.replicas[THROTTLE_TARGET] = (struct string_list){ wrong, 2 };
	assert_true(throttle_limits_are_set(&limits));
	assert_false(throttle_limits_check(&limits, &err));
	assert_string_equal(err.text, "TargetReplicas: \"b:c\" is not a host or host:port");
	limits = (struct throttle_limits){ .interval_ms = 99 };
	assert_false(throttle_limits_check(&limits, &err));
	assert_string_equal(err.text, "UpdateInterval must be at least 100ms");
}

TEST_MAIN(cmocka_unit_test(addresses), cmocka_unit_test(limits_that_cannot_be_meant))
