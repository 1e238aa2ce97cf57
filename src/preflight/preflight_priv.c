/* Asking the servers, and what the parts of the checks have in common. */
#include "preflight/preflight_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *preflight_text(const struct db_row *row, unsigned column)
{
	const char *text = column < row->count ? row->values[column] : NULL;

	return text ? text : "";
}

bool preflight_rows(struct db *db, const char *sql,
		    bool (*take)(void *context, const struct db_row *row), void *context,
		    struct error *err)
{
	enum db_fetch fetched;
	struct db_row row;

	if (!db_query(db, sql, strlen(sql), err))
		return false;
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		if (take(context, &row))
			continue;
		db_row_finish(db);
		return true;
	}
	return fetched == DB_END;
}

bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err)
{
	if (error_is_retryable(failure)) {
		*err = *failure;
		return error_wrap(err, "%s", check);
	}
	finding_add(p->findings, PROBLEM_ERROR, "", "%s: %s", check, failure->text);
	return true;
}

const char *preflight_variable(const struct map *variables, const char *name)
{
	return map_get_text(variables, name);
}

bool preflight_is_on(const struct map *variables, const char *name)
{
	const char *value = preflight_variable(variables, name);

	return value && (strcasecmp(value, "ON") == 0 || strcmp(value, "1") == 0);
}

static bool take_variable(void *context, const struct db_row *row)
{
	free(map_put_text(context, preflight_text(row, 0), mem_strdup(preflight_text(row, 1))));
	return true;
}

static bool take_grant(void *context, const struct db_row *row)
{
	grants_add(context, preflight_text(row, 0));
	return true;
}

static bool take_account(void *context, const struct db_row *row)
{
	struct grants *grants = context;
	struct buf account = BUF_INIT;

	if (sql_account(&account, preflight_text(row, 0)))
		snprintf(grants->account, sizeof(grants->account), "%s", account.data);
	buf_release(&account);
	return true;
}

static bool ask(struct preflight *p, struct db *db, struct map *variables, struct grants *grants,
		struct error *err)
{
	struct error failure = ERROR_INIT;

	map_init(variables);
	if (!db_ready(db, err) ||
	    !preflight_rows(db, "SHOW GLOBAL VARIABLES", take_variable, variables, err) ||
	    !preflight_rows(db, "SELECT CURRENT_USER()", take_account, grants, err))
		return false;
	if (!preflight_rows(db, "SHOW GRANTS", take_grant, grants, &failure))
		return preflight_forgive(p, "privileges cannot be read", &failure, err);
	return true;
}

bool preflight_begin(struct preflight *p, struct error *err)
{
	return ask(p, p->source, &p->source_variables, &p->source_grants, err) &&
	       ask(p, p->target, &p->target_variables, &p->target_grants, err);
}

static void release_variables(struct map *variables)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(variables, &cursor)))
		free(entry->value);
	map_release(variables);
}

void preflight_end(struct preflight *p)
{
	db_close(p->trial);
	free(p->is_refused);
	release_variables(&p->source_variables);
	release_variables(&p->target_variables);
	grants_release(&p->source_grants);
	grants_release(&p->target_grants);
	schema_release(&p->on_target);
	map_release(&p->wanted);
	free(p->existing);
	free(p->lacks_collation);
}
