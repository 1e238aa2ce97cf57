/* Tokens and cookies, as headers have them. */
#include "../unit.h"

#include "base/mem.h"
#include "control/access.h"

#define TOKEN "s3cret-t0ken+/="

TEST(who_may_call)
{
	static const struct {
		const char *authorization, *cookie; /* %s: the session */
		bool is_allowed;
	} cases[] = {
		{ NULL, NULL, false },
		{ "Bearer " TOKEN, NULL, true },
		{ "bearer   " TOKEN "  ", NULL, true },
		{ "Bearer", NULL, false },
		{ "Bearer ", NULL, false },
		{ "Bearer" TOKEN, NULL, false },
		{ "Bearer\t" TOKEN, NULL, false },
		{ "Bearer " TOKEN "x", NULL, false },
		{ "Bearer s3cret-t0ken+/", NULL, false },
		{ "Bearer S3cret-t0ken+/=", NULL, false },
		{ "Bearer " TOKEN " " TOKEN, NULL, false },
		{ "Basic " TOKEN, NULL, false },
		{ "Basic OnMzY3JldA==", NULL, false },
		{ TOKEN, NULL, false },
		{ "", "", false },
		{ NULL, "ghostferry_8000=%s", true },
		{ NULL, "a=b; ghostferry_8000=%s", true },
		{ NULL, "a=b;ghostferry_8000=%s;c=d", true },
		{ NULL, "ghostferry_8000=old; ghostferry_8000=%s", true },
		{ NULL, "ghostferry_8000=%s; ghostferry_8000=old", true },
		{ NULL, "ghostferry_8000-%s", false },
		{ "Bearer wrong", "ghostferry_8000=%s", true },
		{ NULL, "ghostferry_8000=%sx", false },
		{ NULL, "ghostferry_8000=", false },
		{ NULL, "ghostferry_8000", false },
		{ NULL, "ghostferry_8001=%s", false },
		{ NULL, "xghostferry_8000=%s", false },
		{ NULL, "a=ghostferry_8000=%s", false },
		{ NULL, "ghostferry_8000=" TOKEN, false },
		{ NULL, ";;; ;", false },
	};
	struct access access;

	access_init(&access, TOKEN, NULL, 8000);
	assert_int_equal(strlen(access.session), ACCESS_SESSION_SIZE - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char cookie[200];
		const char *at = cases[i].cookie ? strstr(cases[i].cookie, "%s") : NULL;

		snprintf(cookie, sizeof(cookie), "%.*s%s%s", at ? (int)(at - cases[i].cookie) : 200,
			 cases[i].cookie ? cases[i].cookie : "", at ? access.session : "",
			 at ? at + 2 : "");
		if (access_allows(&access, cases[i].authorization,
				  cases[i].cookie ? cookie : NULL) != cases[i].is_allowed)
			fail_msg("case %zu", i);
	}
	/* Each byte of it counts. */
	for (size_t i = 0; i < strlen(TOKEN); i++) {
		char wrong[] = TOKEN;

		wrong[i] ^= 1;
		assert_false(access_is_token(&access, wrong, strlen(wrong)));
		assert_false(access_is_token(&access, TOKEN, i));
	}
	assert_true(access_is_token(&access, TOKEN, strlen(TOKEN)));
	assert_false(access_is_token(&access, TOKEN, sizeof(TOKEN))); /* its NUL too */
}

TEST(without_a_token_everybody_may)
{
	struct access access;

	access_init(&access, NULL, NULL, 8000);
	assert_true(access_allows(&access, NULL, NULL));
	assert_true(access_allows(&access, "Bearer x", "y"));
	assert_false(access_is_token(&access, "", 0));
}

/* It tells nothing of the token, and another process knows nothing of it. */
TEST(the_cookie)
{
	struct access first, second;
	struct buf text = BUF_INIT;

	access_init(&first, TOKEN, NULL, 8000);
	access_init(&second, TOKEN, NULL, 0);
	assert_string_not_equal(first.session, second.session);
	access_put_cookie(&first, false, &text);
	assert_memory_equal(text.data, "ghostferry_8000=", 16);
	assert_memory_equal(text.data + 16, first.session, ACCESS_SESSION_SIZE - 1);
	assert_string_equal(text.data + 16 + ACCESS_SESSION_SIZE - 1, "; HttpOnly; SameSite=Strict");
	buf_clear(&text);
	access_put_cookie(&second, true, &text);
	assert_memory_equal(text.data, "ghostferry=", 11);
	assert_non_null(strstr(text.data, "; Secure"));
	buf_release(&text);
}

TEST(what_can_be_configured)
{
	static const char *const tokens[] = { "x", TOKEN, "!~\"" };
	static const char *const not_tokens[] = { "", " ", "a b", "a\tb", "a\n", "\xc3\xa4", "\x7f" };
	static const char *const hosts[] = { "a",	 "a.example:1", "A_b-c.d",
					     "10.0.0.1", "[::1]",	"[fd00::2]:443" };
	static const char *const not_hosts[] = { "",	":1",	 "a b",	 "a/",	"http://a", "*.a",
						 "a:b", "a:1:2", "[::1", "[x]", "a:1234567" };

	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		assert_true(access_token_is_usable(tokens[i]));
	for (size_t i = 0; i < ARRAY_LEN(not_tokens); i++)
		assert_false(access_token_is_usable(not_tokens[i]));
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		assert_true(access_host_is_usable(hosts[i]));
	for (size_t i = 0; i < ARRAY_LEN(not_hosts); i++)
		assert_false(access_host_is_usable(not_hosts[i]));
}

TEST_MAIN(cmocka_unit_test(who_may_call), cmocka_unit_test(without_a_token_everybody_may),
	  cmocka_unit_test(the_cookie), cmocka_unit_test(what_can_be_configured))
