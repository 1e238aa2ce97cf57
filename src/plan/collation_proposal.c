/* What comes nearest is found by taking the name apart, as these have one make: MySQL's
 * utf8mb4_de_pb_0900_as_cs is language, version and strength, and never pads; MariaDB's
 * utf8mb4_uca1400_german2_nopad_as_cs is version, language, padding and strength. Candidates
 * are tried from the nearest on, and what the server has decides: version and strength first,
 * then the language's older collation, then the older version for all languages. Whether two
 * values of a unique key are one there is no matter of names: see unique_orders.c. */
#include "plan/collation_proposal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "plan/collation.h"

static const struct language {
	const char *mysql;
	const char *mariadb;
} languages[] = {
	{ "cs", "czech" },     { "da", "danish" },     { "de_pb", "german2" },
	{ "eo", "esperanto" }, { "es", "spanish" },    { "es_trad", "spanish2" },
	{ "et", "estonian" },  { "hr", "croatian" },   { "hu", "hungarian" },
	{ "is", "icelandic" }, { "la", "roman" },      { "lt", "lithuanian" },
	{ "lv", "latvian" },   { "pl", "polish" },     { "ro", "romanian" },
	{ "sk", "slovak" },    { "sl", "slovenian" },  { "sv", "swedish" },
	{ "tr", "turkish" },   { "vi", "vietnamese" },
};

struct parts {
	char charset[16];
	const struct language *language; /* NULL: of all */
	char strength[8];		 /* "ai_ci"; "" where the name is no such one */
	bool is_nopad;
};

struct choice {
	const struct map *known;
	struct buf *out;
};

static const struct language *find_language(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		const struct language *l = &languages[i];

		if ((strlen(l->mysql) == length && strncmp(l->mysql, name, length) == 0) ||
		    (strlen(l->mariadb) == length && strncmp(l->mariadb, name, length) == 0))
			return l;
	}
	return NULL;
}

/* rest: the name behind its character set. */
static void parse_rest(struct parts *parts, const char *rest)
{
	static const char of_mysql[] = "0900_", of_mariadb[] = "uca1400_", nopad[] = "nopad_";
	const char *version = strstr(rest, of_mysql), *at, *end;

	if (version) {
		at = rest;
		end = version;
		rest = version + strlen(of_mysql);
	} else if (strncmp(rest, of_mariadb, strlen(of_mariadb)) == 0) {
		at = rest + strlen(of_mariadb);
		rest = at + strlen(at);
		for (unsigned i = 0; i < 2 && rest > at; i++) /* "ai_ci" are two words */
			for (rest--; rest > at && rest[-1] != '_'; rest--)
				;
		end = rest;
	} else {
		parts->is_nopad = strstr(rest, nopad) != NULL;
		return;
	}
	parts->is_nopad = version || memmem(at, (size_t)(end - at), nopad, strlen(nopad));
	if (!version && parts->is_nopad)
		end -= strlen(nopad);
	if (end > at)
		parts->language = find_language(at, (size_t)(end - at) - 1);
	snprintf(parts->strength, sizeof(parts->strength), "%.5s", rest);
}

static bool parse(struct parts *parts, const char *name)
{
	size_t length = strcspn(name, "_");

	*parts = (struct parts){ .language = NULL };
	if (length == 0 || length >= sizeof(parts->charset) || !name[length])
		return false;
	memcpy(parts->charset, name, length);
	parse_rest(parts, name + length + 1);
	return true;
}

PRINTF(2, 3)
static bool try(struct choice *c, const char *format, ...)
{
	char name[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	if (!collation_is_known(c->known, name))
		return false;
	buf_puts(c->out, name);
	return true;
}

/* The same version, or the other flavour's that is nearly as new. */
static bool try_new(struct choice *c, const struct parts *p, const struct language *l,
		    const char *strength)
{
	return try(c, "%s_uca1400_%s%s%s%s", p->charset, l ? l->mariadb : "", l ? "_" : "",
		   p->is_nopad ? "nopad_" : "", strength) ||
	       try(c, "%s_%s%s0900_%s", p->charset, l ? l->mysql : "", l ? "_" : "", strength);
}

static bool try_exact(struct choice *c, const struct parts *p)
{
	return (p->is_nopad &&
		(try(c, "%s_nopad_bin", p->charset) || try(c, "%s_0900_bin", p->charset))) ||
	       try(c, "%s_bin", p->charset);
}

static bool propose_by_version(struct choice *c, const struct parts *p)
{
	bool folds_case = strcmp(p->strength + 2, "_ci") == 0;
	/* MySQL has none that distinguishes case but not accents. */
	const char *finer = strcmp(p->strength, "ai_cs") == 0 ? "as_cs" : p->strength;

	if (strcmp(p->strength, "bin") == 0)
		return try_exact(c, p);
	if (p->language &&
	    (try_new(c, p, p->language, p->strength) || try_new(c, p, p->language, finer) ||
	     (folds_case && try(c, "%s_%s_ci", p->charset, p->language->mariadb))))
		return true;
	return try_new(c, p, NULL, p->strength) || try_new(c, p, NULL, finer) ||
	       (!folds_case && try_exact(c, p));
}

/* Without "nopad_", which MySQL's others do not have. */
static bool propose_padding(struct choice *c, const char *name)
{
	static const char nopad[] = "nopad_";
	const char *at = strstr(name, nopad);

	return at && try(c, "%.*s%s", (int)(at - name), name, at + strlen(nopad));
}

bool collation_propose(struct buf *out, const struct map *known, const char *name)
{
	struct choice c = { known, out };
	struct parts p;

	if (!parse(&p, name))
		return false;
	if (p.strength[0] && propose_by_version(&c, &p))
		return true;
	if (strstr(name, "_nopad_bin"))
		return try_exact(&c, &p);
	return propose_padding(&c, name) || try(&c, "%s_unicode_520_ci", p.charset) ||
	       try(&c, "%s_general_ci", p.charset) || try(&c, "%s_bin", p.charset);
}
