/* Checks that need the tables: first what is on the target, as that bears on the
 * others. */
#include "preflight/preflight_priv.h"

bool preflight_tables(const struct ferry_options *options, struct db *source, struct db *target,
		      const struct schema *schema, const struct moved_tables *tables, bool resuming,
		      const struct preflight_attempt *attempt, struct findings *findings,
		      struct error *err)
{
	struct preflight p = {
		.options = options,
		.source = source,
		.target = target,
		.findings = findings,
		.schema = schema,
		.tables = tables,
		.is_resuming = resuming,
		.attempt = attempt,
	};
	bool ok = preflight_begin(&p, err) && preflight_target_tables(&p, err) &&
		  preflight_target(&p, err) && preflight_collations(&p, err) &&
		  preflight_orders(&p, err) && preflight_source_tables(&p, err) &&
		  preflight_timestamps(&p, err) && preflight_left_out(&p, err);

	preflight_end(&p);
	return ok;
}
