/* server_settings: what is said of the settings of both servers. The first line of each case is
 * what holds by default: nothing is wrong there. Seen to fail with the alternative row image
 * refused, with a read-only primary refused, and with a setting that a server does not have
 * taken for a wrong one. */
#include "../../../src/preflight/preflight_priv.h"

#include "preflight/replica_status.h"
#include "../unit.h"

enum { SETTINGS_MAX = 4 };

struct db {
	struct server_version version;
	const char *label;
};

static const struct server_version mysql = { .flavour = FLAVOUR_MYSQL, .number = 80400 };
static const struct server_version mariadb = { .flavour = FLAVOUR_MARIADB, .number = 101100 };
static const struct server_version ancient = { .flavour = FLAVOUR_MYSQL, .number = 50600 };

static enum grants_answer process;
static enum replicates replicates;
static enum error_kind replica_fails;

const struct server_version *db_version(const struct db *db)
{
	return &db->version;
}

const char *db_label(const struct db *db)
{
	return db->label;
}

const char *preflight_variable(const struct preflight_server *server, const char *name)
{
	return map_get_text(&server->variables, name);
}

bool preflight_is_on(const struct preflight_server *server, const char *name)
{
	const char *value = preflight_variable(server, name);

	return value && strcmp(value, "ON") == 0;
}

bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err)
{
	if (failure->kind == ERROR_ACCESS)
		finding_add(p->findings, PROBLEM_WARNING, "", "cannot check %s", check);
	else
		*err = *failure;
	return failure->kind == ERROR_ACCESS;
}

enum grants_answer grants_allow(const struct grants *grants UNUSED, const char *privilege,
				const char *schema)
{
	assert_string_equal(privilege, "PROCESS");
	assert_null(schema);
	return process;
}

bool replica_status_check(struct db *server, enum replicates *answer, struct error *err)
{
	assert_string_equal(server->label, "source");
	*answer = replicates;
	return !replica_fails || error_set(err, replica_fails, "no");
}
