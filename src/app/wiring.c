/* From struct config to struct ferry_options, member by member. */
#include "wiring.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define ROW_BYTES_MIN (UINT64_C(1) << 20)
#define ROW_BYTES_MAX (UINT64_C(16) << 20)

struct callback wiring_callback(const struct http_callback *configured)
{
	return (struct callback){ .uri = configured->uri, .payload = configured->payload };
}

static struct db_variable *variables(const struct map *params)
{
	struct db_variable *list = mem_calloc(params->count + 1, sizeof(*list));
	const struct map_entry *entry;
	size_t cursor = 0, count = 0;

	while ((entry = map_next(params, &cursor)))
		list[count++] = (struct db_variable){ entry->key, entry->value };
	return list;
}

static enum db_tls_verify tls_verify(const char *name)
{
	if (name && strcmp(name, "none") == 0)
		return DB_TLS_NONE;
	return name && strcmp(name, "ca") == 0 ? DB_TLS_CA : DB_TLS_FULL;
}

static struct db_params database(const char *label, const struct database_config *from,
				 const struct db_variable *list)
{
	bool is_unix = from->net && strcmp(from->net, "unix") == 0;

	return (struct db_params){
		.label = label,
		.host = from->host,
		.port = is_unix ? 0 : from->port,
		.is_unix = is_unix,
		.user = from->user,
		.pass = from->password,
		.collation = from->collation,
		.variables = list,
		.variable_count = from->params.count,
		.use_tls = from->tls.enabled,
		.tls_verify = tls_verify(from->tls.verify),
		.tls_ca_path = from->tls.cert_path,
		.tls_server_name = from->tls.server_name,
		.tls_cert_path = from->tls.client_cert_path,
		.tls_key_path = from->tls.client_key_path,
		.connect_timeout_s = from->connect_timeout_s,
		.network_timeout_s = from->network_timeout_s,
		.read_timeout_s = from->read_timeout_s,
		.write_timeout_s = from->write_timeout_s,
	};
}

static struct string_list list(const struct config_list *from)
{
	return (struct string_list){ from->items, from->count };
}

/* The map is copied by value: the copy is read and never released. */
static struct name_rules rules(const struct filter_and_rewrite *from)
{
	return (struct name_rules){ .whitelist = list(&from->whitelist),
				    .blacklist = list(&from->blacklist),
				    .rewrites = from->rewrites };
}

static void what_to_move(struct ferry_options *options, const struct config *config)
{
	options->databases = rules(&config->databases);
	options->tables = rules(&config->tables);
	options->create_first = list(&config->tables_to_be_created_first);
	options->allow_existing_target_table = config->allow_existing_target_table;
	config_flatten(&config->cascading_pagination.per_table, &options->keys.per_table);
	options->keys.fallback = config->cascading_pagination.fallback_column;
}

static struct batch_point *batch_points(const struct config_points *from)
{
	struct batch_point *points = mem_calloc(from->count + 1, sizeof(*points));

	for (size_t i = 0; i < from->count; i++)
		points[i] = (struct batch_point){ from->items[i].row_size,
						  from->items[i].batch_size };
	return points;
}

/* Three eighths for row changes that wait, a quarter for copied rows on their way, a
 * quarter for XA transactions that are not decided; of the last eighth a quarter is for
 * keys of owed rows, and the rest the verifier's (how_to_verify()). A buffer that each connection keeps comes on top: small enough not
 * to count, as larger rows are read one at a time and their buffers freed. */
static void share_memory(struct ferry_options *options, uint64_t limit)
{
	uint64_t row_bytes = limit / 64;

	options->queue_bytes = limit / 8 * 3;
	options->rows_bytes = limit / 4;
	options->xa_bytes = limit / 4;
	options->owed_bytes = limit / 32;
	options->row_bytes = row_bytes < ROW_BYTES_MIN	 ? ROW_BYTES_MIN :
			     row_bytes > ROW_BYTES_MAX ? ROW_BYTES_MAX :
							 row_bytes;
}

static void how_to_move(struct wiring *wiring, const struct config *config)
{
	struct ferry_options *options = &wiring->options;

	options->write_attempts = config->db_write_retries;
	options->away_s = config->server_away_timeout_s;
	options->read_attempts = config->db_read_retries;
	options->server_id = config->my_server_id;
	options->copy_workers = config->data_iteration_concurrency;
	options->apply_workers = config->binlog_writer_concurrency;
	options->batch_rows = config->updatable.data_iteration_batch_size;
	options->batch_bytes = config->updatable.data_iteration_batch_bytes;
	config_flatten(&config->batch_size_override.table_override,
		       &options->batch_rows_per_table);
	options->batch_points = (struct batch_points){
		.items = wiring->batch_points,
		.count = config->batch_size_override.control_points.count,
		.min_row_bytes = config->batch_size_override.min_row_size,
		.max_row_bytes = config->batch_size_override.max_row_size,
	};
	options->apply_rows = config->binlog_event_batch_size;
	share_memory(options, config->memory_limit);
}

static int64_t milliseconds(const struct config_duration *duration)
{
	return (duration->ns + 999999) / 1000000;
}

static void checks_and_cutover(struct ferry_options *options, const struct config *config)
{
	options->allow_tables_without_key = config->allow_tables_without_key;
	options->allow_inexact_json = config->allow_inexact_json;
	options->skip_row_image_check = config->skip_binlog_row_image_check;
	options->skip_foreign_key_check = config->skip_foreign_key_constraints_check;
	options->watch_target = !config->skip_target_verification;
	options->target.logs_statements = options->watch_target;
	options->allow_read_only_target = config->allow_super_user_on_read_only;
	options->automatic_cutover = config->automatic_cutover;
	options->cutover_attempts = config->max_cutover_retries;
	options->cutover_retry_wait_s = config->cutover_retry_wait_s;
	options->open_transactions_ms = milliseconds(&config->open_transactions_timeout);
	options->stops_writers = config->cutover_lock.uri && *config->cutover_lock.uri;
	options->no_schema_cache_in_state = config->do_not_include_schema_cache_in_state_dump;
}

/* "database.table.column" of three levels of maps. */
static void flatten_columns(struct map *flat, const struct map *by_database)
{
	struct buf name = BUF_INIT;
	struct map by_table;
	const struct map_entry *table, *column;
	size_t cursor = 0;

	map_init(flat);
	config_flatten(by_database, &by_table);
	while ((table = map_next(&by_table, &cursor))) {
		size_t next = 0;

		while ((column = map_next(table->value, &next))) {
			buf_clear(&name);
			buf_printf(&name, "%s.%s", table->key, column->key);
			map_put(flat, name.data, name.length, column->value);
		}
	}
	map_release(&by_table);
	buf_release(&name);
}

/* "table.column" of the Iterative verifier. */
static void ignored_bare(struct map *flat, const struct iterative_verifier_config *verifier)
{
	struct buf name = BUF_INIT;
	const struct map_entry *table;
	size_t cursor = 0;

	map_init(flat);
	while ((table = map_next(&verifier->ignored_columns, &cursor))) {
		const struct config_list *columns = table->value;

		for (size_t i = 0; i < columns->count; i++) {
			buf_clear(&name);
			buf_printf(&name, "%s.%s", table->key, columns->items[i]);
			map_put(flat, name.data, name.length, columns->items[i]);
		}
	}
	buf_release(&name);
}

static enum verifier_type verifier_type(const struct config *config)
{
	static const struct {
		const char *name;
		enum verifier_type type;
	} types[] = {
		{ "ChecksumTable", VERIFIER_CHECKSUM_TABLE },
		{ "Inline", VERIFIER_INLINE },
		{ "Iterative", VERIFIER_ITERATIVE },
	};

	for (size_t i = 0; config->verifier_type && i < ARRAY_LEN(types); i++)
		if (strcmp(config->verifier_type, types[i].name) == 0)
			return types[i].type;
	return VERIFIER_NONE;
}

static void how_to_verify(struct verify_options *verify, const struct config *config)
{
	const struct iterative_verifier_config *iterative = &config->iterative_verifier;
	const struct inline_verifier_config *inlined = &config->inline_verifier;

	verify->type = verifier_type(config);
	verify->workers = config->data_iteration_concurrency;
	verify->repair = config->verifier_repair;
	verify->spill_beside = config->state_file;
	verify->queue_bytes = config->memory_limit / 32 * 3;
	config_flatten(&config->force_index, &verify->force_index);
	flatten_columns(&verify->ignored_columns, &config->ignored_columns);
	flatten_columns(&verify->compressed_columns, &config->compressed_columns);
	map_init(&verify->ignored_bare);
	map_init(&verify->compressed_bare);
	if (verify->type == VERIFIER_ITERATIVE) {
		ignored_bare(&verify->ignored_bare, iterative);
		config_flatten(&iterative->table_column_compression, &verify->compressed_bare);
		verify->ignored_tables = list(&iterative->ignored_tables);
		verify->workers = iterative->concurrency;
		verify->max_downtime_ms = milliseconds(&iterative->max_expected_downtime);
	} else if (verify->type == VERIFIER_INLINE) {
		verify->interval_ms = milliseconds(&inlined->verify_binlog_events_interval);
		verify->max_downtime_ms = milliseconds(&inlined->max_expected_downtime);
	}
}

static void where_writers_write(struct wiring *wiring, const struct config *config)
{
	wiring->options.replica = (struct replica_options){
		.enabled = config->run_ferry_from_replica,
		.master = database("source_master", &config->source_replication_master,
				   wiring->master_variables),
		.position_query = config->replicated_master_position_query,
		.timeout_ms = milliseconds(&config->wait_for_replication_timeout),
	};
}

void wiring_make(struct wiring *wiring, const struct config *config)
{
	struct ferry_options *options = &wiring->options;

	*wiring = (struct wiring){ .source_variables = variables(&config->source.params),
				   .target_variables = variables(&config->target.params),
				   .master_variables = variables(
					   &config->source_replication_master.params),
				   .batch_points = batch_points(
					   &config->batch_size_override.control_points) };
	options->source = database("source", &config->source, wiring->source_variables);
	options->target = database("target", &config->target, wiring->target_variables);
	options->source_marginalia = config->source.marginalia;
	options->target_marginalia = config->target.marginalia;
	what_to_move(options, config);
	how_to_move(wiring, config);
	checks_and_cutover(options, config);
	where_writers_write(wiring, config);
	how_to_verify(&options->verify, config);
}

void wiring_release(struct wiring *wiring)
{
	map_release(&wiring->options.keys.per_table);
	map_release(&wiring->options.batch_rows_per_table);
	free(wiring->batch_points);
	map_release(&wiring->options.verify.force_index);
	map_release(&wiring->options.verify.ignored_columns);
	map_release(&wiring->options.verify.ignored_bare);
	map_release(&wiring->options.verify.compressed_columns);
	map_release(&wiring->options.verify.compressed_bare);
	free(wiring->source_variables);
	free(wiring->target_variables);
	free(wiring->master_variables);
}
