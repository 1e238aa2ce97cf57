/* The order of the checks. Of those that need the tables, what is on the target comes first, as
 * the others depend on it. */
#include "preflight_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/collation.h"

bool preflight_forgive(struct preflight *p, const char *check, const struct error *failure,
		       struct error *err)
{
	if (error_is_retryable(failure)) {
		*err = *failure;
		return error_wrap(err, "%s", check);
	}
	finding_add(p->findings, FINDING_ERROR, "", "%s: %s", check, failure->text);
	return true;
}

const char *preflight_variable(const struct preflight_server *server, const char *name)
{
	return map_get_text(&server->variables, name);
}

bool preflight_is_on(const struct preflight_server *server, const char *name)
{
	const char *value = preflight_variable(server, name);

	return value && (strcasecmp(value, "ON") == 0 || strcmp(value, "1") == 0);
}

static bool ask(struct preflight *p, struct preflight_server *server, struct error *err)
{
	struct error failure = ERROR_INIT;
	struct db_rows rows;

	if (!db_ready(server->db, err))
		return false;
	rows = db_rows_of(server->db, "SHOW GLOBAL VARIABLES", err);
	while (db_rows_next(&rows))
		free(map_put_text(&server->variables, db_rows_text(&rows, 0),
				  mem_strdup(db_rows_text(&rows, 1))));
	return rows.ok && (grants_read(&server->grants, server->db, &failure) ||
			   preflight_forgive(p, "privileges cannot be read", &failure, err));
}

struct preflight *preflight_new(const struct move_options *options, struct db *source,
				struct db *target, struct findings *findings, struct error *err)
{
	struct preflight *p = mem_calloc(1, sizeof(*p));

	p->options = options;
	p->findings = findings;
	p->source.db = source;
	p->target.db = target;
	map_init(&p->source.variables);
	map_init(&p->target.variables);
	map_init(&p->collations);
	map_init(&p->constraints);
	if (ask(p, &p->source, err) && ask(p, &p->target, err))
		return p;
	preflight_free(p);
	return NULL;
}

static void release_server(struct preflight_server *server)
{
	const struct map_entry *entry;
	size_t cursor = 0;

	while ((entry = map_next(&server->variables, &cursor)))
		free(entry->value);
	map_release(&server->variables);
	grants_release(&server->grants);
}

void preflight_free(struct preflight *p)
{
	if (!p)
		return;
	db_close(p->trial);
	objects_release(p);
	free(p->is_refused);
	free(p->lacks_collation);
	map_release(&p->collations);
	map_release(&p->constraints);
	table_pairs_release(&p->pairs);
	release_server(&p->source);
	release_server(&p->target);
	free(p);
}

bool preflight_servers(struct preflight *p, struct error *err)
{
	if (p->options->way_back.is_foreseen)
		target_server_foresee(p);
	return server_settings_check(p, err) && binlog_settings_check(p, err);
}

bool preflight_tables(struct preflight *p, const struct schema *schema, struct moved_tables *tables,
		      const struct recopies *resumed, const struct preflight_attempt *attempt,
		      struct error *err)
{
	p->schema = schema;
	p->tables = tables;
	p->is_resuming = resumed != NULL;
	p->resumed = resumed;
	p->attempt = attempt;
	p->is_refused = mem_calloc(tables->count + 1, sizeof(*p->is_refused));
	p->lacks_collation = mem_calloc(tables->count + 1, sizeof(*p->lacks_collation));
	return db_ready(p->source.db, err) && db_ready(p->target.db, err) &&
	       collations_load(&p->collations, p->target.db, err) &&
	       table_pairs_load(&p->pairs, tables, p->target.db, err) && objects_load(p, err) &&
	       target_tables_check(p, err) && target_server_check(p, err) &&
	       collations_check(p, err) && unique_orders_check(p, err) &&
	       source_tables_check(p, err) && timestamp_range_check(p, err) &&
	       objects_check(p, err) && not_moved_report(p, err);
}
