/* Does each setting arrive where it takes effect? */
#include "../unit.h"

#include "config/config.h"

static const char settings[] =
	"{\"Source\": {\"Host\": \"db1\", \"Port\": 3307, \"User\": \"u1\", \"Pass\": \"p1\","
	"  \"Collation\": \"utf8mb4_bin\", \"Params\": {\"lock_wait_timeout\": \"5\"},"
	"  \"TLS\": {\"CertPath\": \"/dev/null\", \"ServerName\": \"sn\"}, \"ReadTimeout\": 7,"
	"  \"WriteTimeout\": 8, \"Marginalia\": \"m1\"},"
	" \"Target\": {\"Host\": \"/run/sock\", \"Net\": \"unix\", \"User\": \"u2\"},"
	" \"Databases\": {\"Whitelist\": [\"a\", \"b\"], \"Rewrites\": {\"a\": \"x\"}},"
	" \"Tables\": {\"Blacklist\": [\"t\"]},"
	" \"CollationRewrites\": {\"a_*\": \"b_c\"}, \"EngineRewrites\": {\"MyISAM\": \"InnoDB\"},"
	" \"AllowNonTransactionalTables\": true,"
	" \"TablesToBeCreatedFirst\": [\"a.t1\"], \"AllowExistingTargetTable\": true,"
	" \"CascadingPaginationColumnConfig\": {\"PerTable\": {\"a\": {\"t1\": \"c\"}},"
	"  \"FallbackColumn\": \"f\"},"
	" \"DataIterationBatchSizePerTableOverride\": {\"MinRowSize\": 1, \"MaxRowSize\": 2,"
	"  \"ControlPoints\": {\"1\": 5, \"2\": 4}, \"TableOverride\": {\"a\": {\"t1\": 33}}},"
	" \"UpdatableConfig\": {\"DataIterationBatchSize\": 44},"
	" \"DBWriteRetries\": 11, \"ServerAwayTimeout\": 14, \"DBReadRetries\": 12,"
	" \"MyServerId\": 13,"
	" \"DataIterationConcurrency\": 14, \"BinlogWriterConcurrency\": 15,"
	" \"BinlogEventBatchSize\": 16, \"MemoryLimit\": 100000000,"
	" \"SkipBinlogRowImageCheck\": true, \"SkipForeignKeyConstraintsCheck\": true,"
	" \"AllowSuperUserOnReadOnly\": true, \"AutomaticCutover\": true,"
	" \"MaxCutoverRetries\": 17, \"CutoverRetryWaitSeconds\": 18,"
	" \"DoNotIncludeSchemaCacheInStateDump\": true,"
	" \"CutoverLock\": {\"URI\": \"http://lock\", \"Payload\": \"pl\"}}";

static void make(struct config *config, const char *more)
{
	struct config_warnings warnings = { 0 };
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	buf_add(&text, settings, strlen(settings) - 1);
	buf_puts(&text, more);
	buf_putc(&text, '}');
	if (!config_parse(buf_text(&text), text.length, config, &warnings, &err) ||
	    !config_validate(config, &err))
		fail_msg("%s", err.text);
	config_warnings_release(&warnings);
	buf_release(&text);
}

static void check_servers(const struct move_options *o)
{
	assert_string_equal(o->source.label, "source");
	assert_string_equal(o->source.host, "db1");
	assert_int_equal(o->source.port, 3307);
	assert_false(o->source.is_unix);
	assert_string_equal(o->source.user, "u1");
	assert_string_equal(o->source.pass, "p1");
	assert_string_equal(o->source.collation, "utf8mb4_bin");
	assert_int_equal(o->source.variables.count, 1);
	assert_string_equal(map_get_text(&o->source.variables, "lock_wait_timeout"), "5");
	assert_true(o->source.use_tls);
	assert_string_equal(o->source.tls_ca_path, "/dev/null");
	assert_int_equal(o->source.tls_verify, DB_TLS_FULL);
	assert_string_equal(o->source.tls_server_name, "sn");
	assert_int_equal(o->source.read_timeout_s, 7);
	assert_int_equal(o->source.write_timeout_s, 8);
	assert_string_equal(o->source.marginalia, "m1");
	assert_string_equal(o->target.label, "target");
	assert_true(o->target.is_unix);
	assert_string_equal(o->target.host, "/run/sock");
	assert_false(o->target.use_tls);
	assert_non_null(o->target.marginalia);
}

static void check_names(const struct move_options *o)
{
	assert_int_equal(o->databases.whitelist.count, 2);
	assert_string_equal(o->databases.whitelist.items[1], "b");
	assert_string_equal(map_get_text(&o->databases.rewrites, "a"), "x");
	assert_string_equal(o->tables.blacklist.items[0], "t");
	assert_string_equal(o->create_first.items[0], "a.t1");
	assert_string_equal(map_get_text(&o->collation_rewrites, "a_*"), "b_c");
	assert_string_equal(map_get_text(&o->engine_rewrites, "MyISAM"), "InnoDB");
	assert_int_equal(o->nontransactional, LOCKED_ALL);
	assert_int_equal(o->without_key, LOCKED_SMALL);
	assert_true(o->allow_existing_target_table);
	assert_string_equal(map_get_text(&o->keys.per_table, "a.t1"), "c");
	assert_string_equal(o->keys.fallback, "f");
	assert_int_equal(*(uint64_t *)map_get_text(&o->batch_rows_per_table, "a.t1"), 33);
}

static void check_numbers(const struct move_options *o)
{
	assert_int_equal(o->batch_rows, 44);
	assert_true(o->batch_bytes > 0);
	assert_int_equal(o->write_attempts, 11);
	assert_int_equal(o->away_s, 14);
	assert_int_equal(o->read_attempts, 12);
	assert_int_equal(o->server_id, 13);
	assert_int_equal(o->copy_workers, 14);
	assert_int_equal(o->apply_workers, 15);
	assert_int_equal(o->apply_rows, 16);
	assert_int_equal(o->queue_bytes, 37500000);
	assert_int_equal(o->rows_bytes, 25000000);
	assert_int_equal(o->xa_bytes, 25000000);
	assert_int_equal(o->row_bytes, 1562500);
	assert_true(o->skip_row_image_check);
	assert_true(o->skip_foreign_key_check);
	assert_true(o->allow_read_only_target);
	assert_true(o->watch_target);
	assert_true(o->target.logs_statements);
	assert_true(o->automatic_cutover);
	assert_int_equal(o->cutover_attempts, 17);
	assert_int_equal(o->cutover_retry_wait_s, 18);
	assert_true(o->no_schema_cache_in_state);
}

TEST(every_setting_arrives)
{
	struct config config;

	make(&config, "");
	check_servers(&config.move);
	check_names(&config.move);
	check_numbers(&config.move);
	assert_true(config.move.stops_writers);
	assert_string_equal(config.cutover_lock.payload, "pl");
	assert_false(callback_is_set(&config.error_callback));
	config_release(&config);
}

/* The iterative verifier names tables and columns without their database. */
TEST(verifiers_arrive)
{
	static const struct {
		const char *json;
		enum verifier_type type;
	} cases[] = {
		{ ", \"VerifierType\": \"NoVerification\"", VERIFIER_NONE },
		{ ", \"VerifierType\": \"ChecksumTable\"", VERIFIER_CHECKSUM_TABLE },
		{ ", \"VerifierType\": \"Inline\"", VERIFIER_INLINE },
		{ ", \"VerifierType\": \"Iterative\", \"IterativeVerifierConfig\": "
		  "{\"IgnoredTables\": [\"t\"], "
		  "\"IgnoredColumns\": {\"t\": [\"c\"]}}",
		  VERIFIER_ITERATIVE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config config;
		bool iterative = cases[i].type == VERIFIER_ITERATIVE;

		make(&config, cases[i].json);
		const struct verify_options *verify = &config.move.verify;
		assert_int_equal(verify->type, cases[i].type);
		assert_int_equal(verify->ignored_tables.count, iterative);
		assert_int_equal(map_get_text(&verify->ignored_bare, "t.c") != NULL, iterative);
		config_release(&config);
	}
}

TEST(a_replica_arrives)
{
	struct config config;
	const struct replica_options *replica = &config.move.replica;

	make(&config, ", \"RunFerryFromReplica\": true, \"WaitForReplicationTimeout\": \"2s\","
		      "\"ReplicatedMasterPositionQuery\": \"SELECT f, p FROM q\","
		      "\"SourceReplicationMaster\": {\"Host\": \"m\", \"Port\": 3308,"
		      "\"User\": \"mu\", \"Params\": {\"a\": \"1\"}}");
	assert_true(replica->enabled);
	assert_string_equal(replica->position_query, "SELECT f, p FROM q");
	assert_int_equal(replica->timeout_ms, 2000);
	assert_string_equal(replica->master.label, "source_master");
	assert_string_equal(replica->master.host, "m");
	assert_int_equal(replica->master.port, 3308);
	assert_string_equal(replica->master.user, "mu");
	assert_string_equal(map_get_text(&replica->master.variables, "a"), "1");
	config_release(&config);
}

TEST_MAIN(cmocka_unit_test(every_setting_arrives), cmocka_unit_test(verifiers_arrive),
	  cmocka_unit_test(a_replica_arrives))
