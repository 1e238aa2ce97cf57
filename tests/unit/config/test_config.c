/* config: what is read, what is refused and in which words. */
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "base/mem.h"
#include "../unit.h"

#define SOURCE "\"Source\":{\"Host\":\"s\"}"
#define TARGET "\"Target\":{\"Host\":\"t\"}"
#define SERVERS SOURCE "," TARGET
/* A configuration with two servers and something more. */
#define WITH(text) "{" SERVERS "," text "}"

static struct config config;
static struct config_warnings warnings;
static struct error err;

static int clean(void **state UNUSED)
{
	config_release(&config);
	config_warnings_release(&warnings);
	return 0;
}

static bool parse(const char *text)
{
	clean(NULL);
	return config_parse(text, strlen(text), &config, &warnings, &err);
}

static void must_parse(const char *text)
{
	if (!parse(text))
		fail_msg("%s: %s", text, err.text);
}

static void must_validate(const char *text)
{
	must_parse(text);
	if (!config_validate(&config, &err))
		fail_msg("%s: %s", text, err.text);
}

TEST(defaults)
{
	must_validate("{" SERVERS "}");
	assert_int_equal(warnings.texts.count, 0);
	assert_string_equal(config.move.source.host, "s");
	assert_int_equal(config.move.source.port, 3306);
	assert_string_equal(config.move.source.user, "ghostferry");
	assert_false(config.move.source.is_unix);
	assert_string_equal(config.move.source.marginalia, "application:ghostferry");
	assert_int_equal(config.move.source.connect_timeout_s, 10);
	assert_int_equal(config.move.source.read_timeout_s, 0);
	assert_false(config.move.source.use_tls);
	assert_null(config.move.source.pass);
	assert_int_equal(config.move.target.port, 3306);
	assert_int_equal(config.move.replica.master.port, 0);
	assert_null(config.move.replica.master.user);
	assert_int_equal(config.move.read_attempts, 60);
	assert_int_equal(config.move.write_attempts, 5);
	assert_int_equal(config.move.copy_workers, 4);
	assert_int_equal(config.move.apply_workers, 4);
	assert_int_equal(config.move.apply_rows, 0);
	assert_true(config.move.batch_rows == 0);
	assert_true(config.move.batch_bytes == 1048576);
	assert_true(config.memory_limit == 268435456);
	assert_int_equal(config.move.cutover_attempts, 1);
	assert_int_equal(config.move.cutover_retry_wait_s, 1);
	assert_true(config.control_server.enabled);
	assert_string_equal(config.control_server.server_bind_addr, "127.0.0.1:8000");
	assert_string_equal(config.control_server.web_basedir, ".");
	assert_int_equal(config.iterative_workers, 4);
	assert_int_equal(config.move.verify.interval_ms, 1000);
	assert_int_equal(config.move.open_transactions_ms, 30000);
	assert_int_equal(config.progress_report_frequency_ms, 0);
	assert_false(config.move.automatic_cutover);
	assert_false(config_prints_state(&config));
	assert_null(config.state_file);
	assert_int_equal(config.move.verify.type, VERIFIER_NONE);
	assert_false(config.batch_size_override_given);
}

TEST(zero_and_empty_stand_for_the_default)
{
	must_validate(WITH("\"DBReadRetries\":0,\"DBWriteRetries\":0,\"MemoryLimit\":0,"
			   "\"DataIterationConcurrency\":0,\"LogLevel\":\"\","
			   "\"UpdatableConfig\":{\"DataIterationBatchBytes\":0},"
			   "\"ControlServerConfig\":{\"Enabled\":false,\"ServerBindAddr\":\"\"}"));
	assert_int_equal(config.move.read_attempts, 60);
	assert_int_equal(config.move.copy_workers, 4);
	assert_true(config.memory_limit == 268435456);
	assert_true(config.move.batch_bytes == 1048576);
	assert_false(config.control_server.enabled);
	assert_string_equal(config.control_server.server_bind_addr, "127.0.0.1:8000");
}

TEST(every_type_is_read)
{
	must_validate(
		"{\"Source\":{\"Host\":\"s\",\"Port\":65535,\"Pass\":\"p\",\"ReadTimeout\":7,"
		"\"Params\":{\"time_zone\":\"'+00:00'\",\"x\":\"\"},"
		"\"TLS\":{\"ServerName\":\"n\"}},"
		"\"Target\":{\"Host\":\"/run/s\",\"Net\":\"unix\",\"User\":\"u\"},"
		"\"Databases\":{\"Whitelist\":[\"a\",\"\"],\"Rewrites\":{\"a\":\"b\",\"A\":\"c\"}},"
		"\"MyServerId\":4294967295,\"MemoryLimit\":18446744073709551615,"
		"\"DumpStateOnSignal\":true,\"WaitForReplicationTimeout\":\"1h10m\","
		"\"StateToResumeFrom\":{\"n\":18446744073709551615},\"StateFile\":\"f\","
		"\"ControlServerConfig\":{\"CustomScripts\":{\"s\":[\"/bin/x\",\"-y\"]}},"
		"\"DataIterationBatchSizePerTableOverride\":{\"MinRowSize\":100,\"MaxRowSize\":900,"
		"\"ControlPoints\":{\"900\":2,\"100\":50,\"500\":9},"
		"\"TableOverride\":{\"d\":{\"t\":7}}},"
		"\"IgnoredColumnsForVerification\":{\"d\":{\"t\":{\"c\":{}}}},"
		"\"ForceIndexForVerification\":{\"d\":{\"t\":\"i\"}}}");
	assert_int_equal(config.move.source.port, 65535);
	assert_string_equal(config.move.source.pass, "p");
	assert_int_equal(config.move.source.read_timeout_s, 7);
	assert_string_equal(map_get_text(&config.move.source.variables, "x"), "");
	assert_true(config.move.source.use_tls);
	assert_string_equal(config.move.source.tls_server_name, "n");
	assert_true(config.move.target.is_unix);
	assert_int_equal(config.move.databases.whitelist.count, 2);
	assert_string_equal(config.move.databases.whitelist.items[1], "");
	assert_string_equal(map_get_text(&config.move.databases.rewrites, "a"), "b");
	assert_string_equal(map_get_text(&config.move.databases.rewrites, "A"), "c");
	assert_true(config.move.server_id == UINT32_MAX);
	assert_true(config.memory_limit == UINT64_MAX);
	assert_true(config_prints_state(&config));
	assert_true(config.move.replica.timeout_ms == 4200000);
	assert_string_equal(config.state_file, "f");
	assert_string_equal(((struct string_list *)map_get_text(&config.control_server.custom_scripts,
								"s"))
				    ->items[1],
			    "-y");
	assert_int_equal(config.move.batch_points.count, 3);
	assert_int_equal(config.move.batch_points.items[1].row_bytes, 500);
	assert_int_equal(config.move.batch_points.items[1].rows, 9);
}

TEST(maps_of_maps_are_flat)
{
	const struct verify_options *verify = &config.move.verify;

	must_parse("{\"CascadingPaginationColumnConfig\":{\"PerTable\":"
		   "{\"a\":{\"t\":\"x\",\"u\":\"y\"},\"b\":{\"t\":\"z\"}}},"
		   "\"IgnoredColumnsForVerification\":{\"d\":{\"t\":{\"c\":{},\"e\":{}}}},"
		   "\"IterativeVerifierConfig\":{\"IgnoredColumns\":{\"t\":[\"c\",\"e\"]}}}");
	assert_int_equal(config.move.keys.per_table.count, 3);
	assert_string_equal(map_get_text(&config.move.keys.per_table, "a.u"), "y");
	assert_string_equal(map_get_text(&config.move.keys.per_table, "b.t"), "z");
	assert_int_equal(verify->ignored_columns.count, 2);
	assert_non_null(map_get_text(&verify->ignored_columns, "d.t.e"));
	assert_int_equal(verify->ignored_bare.count, 2);
	assert_non_null(map_get_text(&verify->ignored_bare, "t.e"));
}

TEST(keys_are_found_in_any_case)
{
	must_parse("{\"SOURCE\":{\"host\":\"s\",\"tLs\":{\"certpath\":\"c\"}},\"mysERVERid\":3}");
	assert_int_equal(warnings.texts.count, 0);
	assert_string_equal(config.move.source.host, "s");
	assert_string_equal(config.move.source.tls_ca_path, "c");
	assert_int_equal(config.move.server_id, 3);
}

TEST(null_keeps_the_default)
{
	must_validate(WITH("\"DBReadRetries\":null,\"Databases\":null,\"LogLevel\":null,"
			   "\"SourceReplicationMaster\":null,\"StateToResumeFrom\":null,"
			   "\"DataIterationBatchSizePerTableOverride\":null,"
			   "\"ControlServerConfig\":{\"Enabled\":null},\"TableFilter\":null,"
			   "\"TablesToBeCreatedFirst\":null,\"DumpStateOnSignal\":null"));
	assert_int_equal(warnings.texts.count, 0);
	assert_int_equal(config.move.read_attempts, 60);
	assert_true(config.control_server.enabled);
	assert_false(config.source_replication_master_given);
	assert_false(config.batch_size_override_given);
	must_validate(
		"{\"Source\":{\"Host\":\"s\",\"Port\":null,\"TLS\":null,\"Params\":null}," TARGET
		"}");
	assert_int_equal(config.move.source.port, 3306);
	assert_false(config.move.source.use_tls);
}

TEST(refused_when_read)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "null", "the configuration must be an object, not null" },
		{ "[]", "the configuration must be an object, not an array" },
		{ "", "line 1, column 1: empty: there is no JSON value" },
		{ "{} {}", "line 1, column 4: unexpected '{'" },
		{ "{\"Databases\":{\"Whitlist\":[\"a\"]}}",
		  "unknown key Databases.Whitlist, did you mean Databases.Whitelist?" },
		{ "{\"tables\":{\"Only\":[]}}", "unknown key tables.Only" },
		{ "{\"Database\":{}}", "unknown key Database, did you mean Databases?" },
		{ "{\"Source\":null}", "Source: null is not an object" },
		{ "{\"Target\":null}", "Target: null is not an object" },
		{ "{\"Source\":\"x\"}", "Source: a string is not an object" },
		{ "{\"Source\":{\"Port\":70000}}", "Source.Port: 70000 is not a port (1..65535)" },
		{ "{\"Source\":{\"Port\":-1}}", "Source.Port: -1 is not a port (1..65535)" },
		{ "{\"Source\":{\"Port\":3306.5}}", "Source.Port: 3306.5 is not a port (1..65535)" },
		{ "{\"Source\":{\"Port\":\"3306\"}}",
		  "Source.Port: a string is not a port (1..65535)" },
		{ "{\"Source\":{\"Host\":5}}", "Source.Host: 5 is not a string" },
		{ "{\"Source\":{\"Pass\":{}}}", "Source.Pass: an object is not a string" },
		{ "{\"Source\":{\"Pass\":5}}", "Source.Pass: a number is not a string" },
		{ "{\"ControlServerConfig\":{\"AuthToken\":5}}",
		  "ControlServerConfig.AuthToken: a number is not a string" },
		{ "{\"source\":{\"tls\":true}}", "source.tls: a boolean is not an object" },
		{ "{\"Source\":{\"Params\":{\"a b\":1}}}", "Source.Params.a b: 1 is not a string" },
		{ "{\"Source\":{\"Params\":[]}}", "Source.Params: an array is not an object" },
		{ "{\"Source\":{\"ReadTimeout\":-1}}",
		  "Source.ReadTimeout: -1 is not a whole number (0..4294967295)" },
		{ "{\"DBWriteRetries\":-1}",
		  "DBWriteRetries: -1 is not a whole number (0..2147483647)" },
		{ "{\"BinlogEventBatchSize\":-1}",
		  "BinlogEventBatchSize: -1 is not a whole number (0..2147483647)" },
		{ "{\"DataIterationConcurrency\":1e3}",
		  "DataIterationConcurrency: 1e3 is not a whole number (0..2147483647)" },
		{ "{\"MyServerId\":4294967296}",
		  "MyServerId: 4294967296 is not a whole number (0..4294967295)" },
		{ "{\"UpdatableConfig\":{\"DataIterationBatchSize\":18446744073709551616}}",
		  "UpdatableConfig.DataIterationBatchSize: 18446744073709551616 is not a whole "
		  "number (0..18446744073709551615)" },
		{ "{\"DumpStateOnSignal\":\"true\"}",
		  "DumpStateOnSignal: a string is not true or false" },
		{ "{\"DumpStateOnSignal\":1}", "DumpStateOnSignal: 1 is not true or false" },
		{ "{\"Databases\":{\"Whitelist\":\"a\"}}",
		  "Databases.Whitelist: a string is not a list of strings" },
		{ "{\"Databases\":{\"Whitelist\":[\"a\",null]}}",
		  "Databases.Whitelist[1]: null is not a string" },
		{ "{\"Tables\":{\"Rewrites\":{\"a\":null}}}",
		  "Tables.Rewrites.a: null is not a string" },
		{ "{\"WaitForReplicationTimeout\":5}",
		  "WaitForReplicationTimeout: 5 is not a string" },
		{ "{\"StateToResumeFrom\":\"state.json\"}",
		  "StateToResumeFrom: a string is not an object" },
		{ "{\"ControlServerConfig\":{\"CustomScripts\":{\"a\":\"b\"}}}",
		  "ControlServerConfig.CustomScripts.a: a string is not a list of strings" },
		{ "{\"CascadingPaginationColumnConfig\":{\"PerTable\":{\"d\":{\"t\":1}}}}",
		  "CascadingPaginationColumnConfig.PerTable.d.t: 1 is not a string" },
		{ "{\"CascadingPaginationColumnConfig\":{\"PerTable\":{\"d\":\"t\"}}}",
		  "CascadingPaginationColumnConfig.PerTable.d: a string is not an object" },
		{ "{\"IgnoredColumnsForVerification\":{\"d\":{\"t\":{\"c\":1}}}}",
		  "IgnoredColumnsForVerification.d.t.c: 1 is not {}" },
		{ "{\"DataIterationBatchSizePerTableOverride\":{\"ControlPoints\":{\"x\":1}}}",
		  "DataIterationBatchSizePerTableOverride.ControlPoints.x: the key is not a row "
		  "size in bytes" },
		{ "{\"DataIterationBatchSizePerTableOverride\":{\"ControlPoints\":{\"1\":-1}}}",
		  "DataIterationBatchSizePerTableOverride.ControlPoints.1: -1 is not a whole "
		  "number (0..18446744073709551615)" },
		{ "{\"DataIterationBatchSizePerTableOverride\":{\"ControlPoints\":"
		  "{\"1\":1,\"01\":2}}}",
		  "DataIterationBatchSizePerTableOverride.ControlPoints: row size 1 comes twice" },
		{ "{\"DataIterationBatchSizePerTableOverride\":{\"TableOverride\":"
		  "{\"d\":{\"t\":\"5\"}}}}",
		  "DataIterationBatchSizePerTableOverride.TableOverride.d.t: a string is not a "
		  "whole number (0..18446744073709551615)" },
		{ "{\"TableFilter\":{}}",
		  "TableFilter: cannot be set in a file; use Databases and Tables" },
		{ "{\"CopyFilter\":{}}",
		  "CopyFilter: cannot be set in a file; use Databases and Tables" },
		{ "{\"Tables\":{},\"tables\":{}}",
		  "tables: the key comes twice, before as \"Tables\"" },
		{ "{\"Tables\":{},\"Tables\":{}}", "line 1, column 14: duplicate key \"Tables\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (parse(cases[i].text))
			fail_msg("%s was taken", cases[i].text);
		assert_int_equal(err.kind, ERROR_CONFIG);
		assert_string_equal(err.text, cases[i].want);
	}
}

#define OVERRIDE(text) WITH("\"DataIterationBatchSizePerTableOverride\":{" text "}")
#define BAD_POINTS "DataIterationBatchSizePoints invalid: "
#define REPLICA(text) WITH("\"RunFerryFromReplica\":true," text)
#define NEEDS_MASTER                                                                               \
	"RunFerryFromReplica needs SourceReplicationMaster: "                                      \
	"{\"Host\": ..., \"Port\": 3306, \"User\": ..., \"Pass\": ...}"

TEST(refused_by_validation)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ WITH("\"Databases\":{\"Whitelist\":[\"a\"],\"Blacklist\":[\"b\"]}"),
		  "Whitelist and Blacklist cannot both be specified" },
		{ WITH("\"Tables\":{\"Whitelist\":[\"a\"],\"Blacklist\":[\"b\"]}"),
		  "Whitelist and Blacklist cannot both be specified" },
		{ WITH("\"Tables\":{\"Rewrites\":{\"a\":\"b\",\"c\":\"\"}}"),
		  "Tables.Rewrites.c is empty" },
		{ WITH("\"Databases\":{\"Where\":{\"a\":\"b = 1\"}}"),
		  "Databases.Where is not known" },
		{ WITH("\"Tables\":{\"Where\":{\"a.b\":\"c = 1 AND\"}}"),
		  "Tables.Where.a.b: a column is missing at byte 10 (its end): a condition is made of "
		  "comparisons of columns with literals (=, <>, <, <=, >, >=, BETWEEN, IN, IS NULL, "
		  "MOD), AND, OR, NOT and parentheses" },
		{ WITH("\"Tables\":{\"Where\":{\"a.b\":\"c = 1\"}},\"VerifierRepair\":true,"
		       "\"VerifierType\":\"Inline\""),
		  "VerifierRepair cannot be used with Tables.Where: it overwrites rows" },
		{ WITH("\"Tables\":{\"Where\":{\"a.b\":\"c = 1\"}},\"DeferSecondaryIndexes\":true"),
		  "DeferSecondaryIndexes cannot be used with Tables.Where: others may write to the "
		  "table" },
		{ WITH("\"FriendlyRuns\":[\"a\",\"\"]"), "FriendlyRuns: an entry is empty" },
		{ WITH("\"CollationRewrites\":{\"utf8mb4_*\":\"x y\"}"),
		  "CollationRewrites.utf8mb4_*: \"x y\" is no name of a collation" },
		{ WITH("\"CollationRewrites\":{\"a'b\":\"utf8mb4_bin\"}"),
		  "CollationRewrites: \"a'b\" is no name of a collation" },
		{ WITH("\"CollationRewrites\":{\"utf8mb4_bin\":\"latin1_bin\"}"),
		  "CollationRewrites.utf8mb4_bin: latin1_bin is of another character set" },
		{ WITH("\"EngineRewrites\":{\"MyISAM\":\"Aria\"}"),
		  "EngineRewrites.MyISAM: \"Aria\" is not InnoDB" },
		{ WITH("\"WaitForReplicationTimeout\":\"soon\""),
		  "WaitForReplicationTimeout: time: invalid duration \"soon\"" },
		{ WITH("\"WaitForReplicationTimeout\":\"5\""),
		  "WaitForReplicationTimeout: time: missing unit in duration \"5\"" },
		{ WITH("\"WaitForReplicationTimeout\":\"-5s\""),
		  "WaitForReplicationTimeout: -5s is negative" },
		{ WITH("\"RunFerryFromReplica\":true"), NEEDS_MASTER },
		{ REPLICA("\"SourceReplicationMaster\":null"), NEEDS_MASTER },
		{ REPLICA("\"SourceReplicationMaster\":{}"),
		  "SourceReplicationMaster: host is empty" },
		{ REPLICA("\"SourceReplicationMaster\":{\"Host\":\"h\"}"),
		  "SourceReplicationMaster: port is not specified" },
		{ REPLICA("\"SourceReplicationMaster\":{\"Host\":\"h\",\"Port\":1}"),
		  "SourceReplicationMaster: user is empty" },
		{ WITH("\"LogLevel\":\"loud\""),
		  "invalid LogLevel \"loud\" (valid: debug, info, warn, error)" },
		{ "{}", "source: host is empty" },
		{ "{\"Source\":{\"Host\":\"\"}}", "source: host is empty" },
		{ "{\"Source\":{\"Host\":\"s\",\"Port\":0}}", "source: port is not specified" },
		{ "{\"Source\":{\"Host\":\"s\",\"Port\":0,\"Net\":\"unix\"}}",
		  "source: port is not specified" },
		{ "{\"Source\":{\"Host\":\"s\",\"Net\":\"udp\"}}",
		  "source: net is unknown (valid modes: tcp, unix)" },
		{ "{\"Source\":{\"Host\":\"s\",\"User\":\"\"}}", "source: user is empty" },
		{ "{\"Source\":{\"Host\":\"s\",\"Params\":{\"time_zone\":\"+00:00\"}}}",
		  "source: time_zone must be set to '+00:00'" },
		{ "{\"Source\":{\"Host\":\"s\",\"Params\":{\"sql_mode\":\"\"}}}",
		  "source: sql_mode must be set to 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'" },
		{ "{\"Source\":{\"Host\":\"s\",\"Pass\":\"a\",\"PassEnv\":\"b\"}}",
		  "source: only one of Pass, PassFile and PassEnv can be specified" },
		{ "{\"Source\":{\"Host\":\"s\",\"PassEnv\":\"NO_SUCH_VARIABLE\"}}",
		  "source: PassEnv: the environment variable NO_SUCH_VARIABLE is not set" },
		{ "{\"Source\":{\"Host\":\"s\",\"PassFile\":\"/no/such\"}}",
		  "source: PassFile: open /no/such: No such file or directory" },
		{ "{\"Source\":{\"Host\":\"s\",\"PassFile\":\"/\"}}",
		  "source: PassFile: read /: Is a directory" },
		{ "{\"Source\":{\"Host\":\"s\",\"PassFile\":\"/dev/null\"}}",
		  "source: PassFile: the first line of /dev/null is empty" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"CertPath\":\"/no/such\"}}}",
		  "source: failed to build TLS config: open /no/such: No such file or directory" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"Verify\":\"no\"}}}",
		  "source: TLS.Verify must be full, ca or none, not no" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"Verify\":\"ca\"}}}",
		  "source: TLS.Verify ca needs TLS.CertPath, the CA that has signed the server's "
		  "certificate" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"Verify\":\"none\","
		  "\"CertPath\":\"/dev/null\"}}}",
		  "source: TLS.CertPath is not used with TLS.Verify none: take it out, or have "
		  "Verify be ca" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"Verify\":\"none\","
		  "\"ServerName\":\"x\"}}}",
		  "source: TLS.ServerName is not checked with TLS.Verify none: take one of them "
		  "out" },
		{ "{\"Source\":{\"Host\":\"s\",\"TLS\":{\"ClientKeyPath\":\"/k\"}}}",
		  "source: failed to build TLS config: ClientCertPath and ClientKeyPath go "
		  "together" },
		{ "{" SOURCE "}", "target: host is empty" },
		{ "{" SOURCE ",\"Target\":{\"Host\":\"t\",\"Port\":0}}",
		  "target: port is not specified" },
		{ WITH("\"VerifierType\":\"inline\""), "'inline' is not a known VerifierType" },
		{ WITH("\"VerifierType\":\"Inline\","
		       "\"InlineVerifierConfig\":{\"MaxExpectedDowntime\":\"1\"}"),
		  "InlineVerifierConfig invalid: MaxExpectedDowntime: time: missing unit in "
		  "duration \"1\"" },
		{ WITH("\"VerifierType\":\"Inline\","
		       "\"InlineVerifierConfig\":{\"VerifyBinlogEventsInterval\":\"0s\"}"),
		  "InlineVerifierConfig invalid: VerifyBinlogEventsInterval must be more than 0" },
		{ WITH("\"VerifierType\":\"Inline\","
		       "\"InlineVerifierConfig\":{\"VerifyBinlogEventsInterval\":\"-1s\"}"),
		  "InlineVerifierConfig invalid: VerifyBinlogEventsInterval: -1s is negative" },
		{ WITH("\"VerifierType\":\"Inline\",\"CompressedColumnsForVerification\":"
		       "{\"d\":{\"t\":{\"c\":\"GZIP\"}}}"),
		  "CompressedColumnsForVerification invalid: Compression algorithm: GZIP not "
		  "supported on table: d.t for column: c" },
		{ WITH("\"VerifierType\":\"Iterative\","
		       "\"IterativeVerifierConfig\":{\"MaxExpectedDowntime\":\"x\"}"),
		  "IterativeVerifierConfig invalid: MaxExpectedDowntime: time: invalid duration "
		  "\"x\"" },
		{ WITH("\"VerifierType\":\"Iterative\",\"IterativeVerifierConfig\":"
		       "{\"TableColumnCompression\":{\"t\":{\"c\":\"GZIP\"}}}"),
		  "IterativeVerifierConfig invalid: Compression algorithm: GZIP not supported on "
		  "table: t for column: c" },
		{ WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"localhost\"}"),
		  "ControlServerConfig invalid: ServerBindAddr \"localhost\" is not host:port" },
		{ WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\":65536\"}"),
		  "ControlServerConfig invalid: ServerBindAddr \":65536\" is not host:port" },
		{ WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"unix:x\"}"),
		  "ControlServerConfig invalid: ServerBindAddr \"unix:x\": a unix socket needs its "
		  "whole path, as unix:/run/ferry.sock" },
		{ WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\":8000\"}"),
		  "ControlServerConfig invalid: others can reach ServerBindAddr \":8000\", and there "
		  "is no AuthToken" },
		{ WITH("\"ServerBindAddr\":\"10.0.0.1:8000\""),
		  "ControlServerConfig invalid: others can reach ServerBindAddr \"10.0.0.1:8000\", "
		  "and there is no AuthToken" },
		{ WITH("\"ControlServerConfig\":{\"AuthToken\":\"a secret\"}"),
		  "ControlServerConfig invalid: AuthToken has a space, or a character that is not "
		  "ASCII: it could not be sent in a header" },
		{ WITH("\"ControlServerConfig\":{\"AuthToken\":\"a\",\"AuthTokenFile\":\"/b\"}"),
		  "ControlServerConfig invalid: only one of AuthToken and AuthTokenFile can be "
		  "specified" },
		{ WITH("\"ControlServerConfig\":{\"AuthTokenFile\":\"/nowhere/token\"}"),
		  "ControlServerConfig invalid: AuthTokenFile: open /nowhere/token: No such file or "
		  "directory" },
		{ WITH("\"ControlServerConfig\":{\"AuthTokenFile\":\"/dev/null\"}"),
		  "ControlServerConfig invalid: AuthTokenFile: the first line of /dev/null is empty" },
		{ WITH("\"ControlServerConfig\":{\"TrustedHosts\":[\"a\",\"https://b\"]}"),
		  "ControlServerConfig invalid: TrustedHosts: \"https://b\" is not a name, or "
		  "name:port" },
		{ WITH("\"ControlServerConfig\":{\"CustomScripts\":{\"a\":[]}}"),
		  "ControlServerConfig invalid: CustomScripts.a has no command" },
		{ WITH("\"CutoverLock\":{\"URI\":\"localhost:3000/lock\"}"),
		  "CutoverLock.URI must begin with http:// or https://" },
		{ WITH("\"DataIterationConcurrency\":257"),
		  "DataIterationConcurrency must be at most 256" },
		{ WITH("\"BinlogWriterConcurrency\":1000000"),
		  "BinlogWriterConcurrency must be at most 256" },
		{ OVERRIDE(""), BAD_POINTS "must provide batch size for MinRowSize" },
		{ OVERRIDE("\"MinRowSize\":1,\"MaxRowSize\":9,\"ControlPoints\":{\"1\":1}"),
		  BAD_POINTS "must provide batch size for MaxRowSize" },
		{ OVERRIDE("\"MinRowSize\":9,\"MaxRowSize\":1,"
			   "\"ControlPoints\":{\"1\":1,\"9\":1}"),
		  BAD_POINTS "MinRowSize is larger than MaxRowSize" },
		{ OVERRIDE("\"MinRowSize\":1,\"MaxRowSize\":9,"
			   "\"ControlPoints\":{\"1\":1,\"9\":0}"),
		  BAD_POINTS "batch size for row size 9 must not be 0" },
		{ OVERRIDE("\"ControlPoints\":{\"0\":1},\"TableOverride\":{\"d\":{\"t\":0}}"),
		  BAD_POINTS "batch size for d.t must not be 0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		must_parse(cases[i].text);
		if (config_validate(&config, &err))
			fail_msg("%s was taken", cases[i].text);
		assert_int_equal(err.kind, ERROR_CONFIG);
		assert_string_equal(err.text, cases[i].want);
	}
}

TEST(all_errors_are_reported)
{
	assert_false(parse("{\"Source\":{\"Port\":\"x\",\"Host\":1},\"Tables\":{\"Only\":[]},"
			   "\"MyServerId\":-1}"));
	assert_string_equal(err.text, "Source.Port: a string is not a port (1..65535)");
	assert_int_equal(config.more_errors.count, 3);
	assert_string_equal(config.more_errors.items[0],
			    "failed to parse config file: Source.Host: 1 is not a string");
	assert_string_equal(config.more_errors.items[1],
			    "failed to parse config file: unknown key Tables.Only");
	assert_string_equal(config.more_errors.items[2],
			    "failed to parse config file: MyServerId: -1 is not a whole number "
			    "(0..4294967295)");

	must_parse("{\"LogLevel\":\"loud\",\"VerifierType\":\"x\"," SOURCE "}");
	for (int i = 0; i < 2; i++) {
		assert_false(config_validate(&config, &err));
		assert_string_equal(err.text, "invalid LogLevel \"loud\" (valid: debug, info, "
					      "warn, error)");
		assert_int_equal(config.more_errors.count, 2);
		assert_string_equal(config.more_errors.items[0],
				    "failed to validate config: target: host is empty");
		assert_string_equal(config.more_errors.items[1],
				    "failed to validate config: 'x' is not a known VerifierType");
	}
}

static void check_hint(size_t i, const char *want)
{
	assert_true(i < config.hints.count);
	assert_string_equal(config.hints.items[i], want);
}

/* The place is the key's, or that of the nearest one around it that is there. */
TEST(errors_name_their_place_and_what_would_do)
{
	assert_false(parse("{\n  \"Source\": {\"Host\": \"s\",\n    \"Port\": \"x\"},\n"
			   "  \"Tables\": {\"Whitelist\": [\"a\",\n 7]}\n}"));
	assert_int_equal(config.hints.count, 2);
	check_hint(0, "line 3, column 5");
	check_hint(1, "line 5, column 2");

	must_parse("{" TARGET ",\n\"source\":{},\n \"VerifierType\":\"inline\",\n"
		   "  \"WaitForReplicationTimeout\":\"5 min\",\"TargetWriteMethod\":\"load\"}");
	assert_false(config_validate(&config, &err));
	assert_string_equal(err.text, "WaitForReplicationTimeout: time: invalid duration \"5 min\"");
	assert_int_equal(config.more_errors.count, 3);
	assert_string_equal(config.more_errors.items[2],
			    "failed to validate config: 'load' is not a known TargetWriteMethod");
	check_hint(0,
		   "line 4, column 3: a duration is, for example, \"1m30s\", \"500ms\" or \"2h\"");
	check_hint(1, "line 2, column 1: for example \"db1.example.com\"");
	check_hint(2, "line 3, column 2: known: NoVerification, ChecksumTable, Iterative, Inline");
	check_hint(3, "line 4, column 39: known: auto, insert");
}

/* Of a file that cannot be read everything is said, but not twice. */
TEST(what_cannot_be_read_does_not_hide_the_rest)
{
	char path[] = "/tmp/ghostferry-config-XXXXXX";
	static const char text[] = "{\"Source\":{\"Host\":1},\"Target\":{\"Hst\":\"t\"},"
				   "\"LogLevel\":\"loud\"}";
	int fd = mkstemp(path);

	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	clean(NULL);
	assert_false(config_load(path, &config, &warnings, &err));
	unlink(path);
	assert_string_equal(err.text, "failed to parse config file: Source.Host: 1 is not a string");
	assert_int_equal(config.more_errors.count, 2);
	assert_non_null(strstr(config.more_errors.items[0], "invalid LogLevel \"loud\""));
	assert_string_equal(config.more_errors.items[1],
			    "failed to validate config: target: host is empty");
}

#define PARAMS(text) "{\"Source\":{\"Host\":\"s\",\"Params\":{" text "}}," TARGET "}"

TEST(options_of_the_go_driver_are_no_variables)
{
	const struct db_params *source = &config.move.source;

	must_validate(PARAMS("\"timeout\":\"1500ms\",\"readTimeout\":\"1m\",\"writeTimeout\":\"0\","
			     "\"collation\":\"utf8mb4_bin\",\"tls\":\"skip-verify\","
			     "\"charset\":\"utf8mb4,utf8\",\"innodb_lock_wait_timeout\":\"5\","
			     "\"readtimeout\":\"1\""));
	assert_int_equal(warnings.texts.count, 0);
	assert_int_equal(source->connect_timeout_s, 2);
	assert_int_equal(source->read_timeout_s, 60);
	assert_int_equal(source->write_timeout_s, 0);
	assert_string_equal(source->collation, "utf8mb4_bin");
	assert_true(source->use_tls);
	assert_int_equal(source->tls_verify, DB_TLS_NONE);
	assert_int_equal(source->variables.count, 3);
	assert_false(config.move.target.use_tls);

	must_validate(PARAMS("\"parseTime\":\"true\",\"loc\":\"Local\",\"compress\":\"true\","
			     "\"maxAllowedPacket\":\"0\",\"multiStatements\":\"true\","
			     "\"tls\":\"false\",\"connectionAttributes\":\"a:b\""));
	assert_int_equal(source->variables.count, 0);
	assert_false(source->use_tls);
	assert_int_equal(warnings.texts.count, 6);
	assert_string_equal(warnings.texts.items[0],
			    "Source.Params.compress is an option of Go's driver, and has no effect: "
			    "connections are not compressed");

	assert_false(parse(PARAMS("\"timeout\":\"soon\",\"tls\":\"mine\"")));
	assert_string_equal(err.text, "Source.Params.timeout: time: invalid duration \"soon\"");
	assert_int_equal(config.more_errors.count, 1);
	assert_non_null(strstr(config.more_errors.items[0], "Source.Params.tls: \"mine\" is not"));
	check_hint(0, "line 1, column 33");
}

TEST(accepted_by_validation)
{
	static const char *const cases[] = {
		WITH("\"Databases\":{\"Whitelist\":[],\"Blacklist\":[\"b\"]}"),
		/* Only checked when in use, as in Ghostferry. */
		WITH("\"SourceReplicationMaster\":{}"),
		WITH("\"InlineVerifierConfig\":{\"MaxExpectedDowntime\":\"x\"}"),
		WITH("\"ControlServerConfig\":{\"Enabled\":false,\"ServerBindAddr\":\"x\"}"),
		WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"[::1]:0\"}"),
		WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"unix:/run/ferry.sock\"}"),
		WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"0.0.0.0:8000\"}"),
		WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\":1\",\"AuthToken\":\"t\"}"),
		WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\":1\","
		     "\"AllowUnauthenticated\":true}"),
		WITH("\"ControlServerConfig\":{\"TrustedHosts\":[\"a.b\",\"c:1\",\"[::1]:2\"]}"),
		WITH("\"VerifierType\":\"ChecksumTable\",\"LogLevel\":\"WARNING\""),
		WITH("\"VerifierType\":\"\",\"LogBackend\":\"zerolog\""),
		WITH("\"VerifierType\":\"Iterative\",\"IterativeVerifierConfig\":"
		     "{\"TableColumnCompression\":{\"t\":{\"c\":\"snappy\"}}}"),
		OVERRIDE("\"ControlPoints\":{\"0\":1},\"TableOverride\":{\"d\":{\"t\":1}}"),
		"{\"Source\":{\"Host\":\"s\",\"TLS\":{}}," TARGET "}",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		must_validate(cases[i]);
		if (!config_validate(&config, &err))
			fail_msg("not twice: %s", err.text);
	}
}

/* Ghostferry's default runs as it is, and lets nobody else in for that. */
TEST(the_address_that_ghostferry_has)
{
	static const struct {
		const char *more, *address;
	} cases[] = {
		{ "", "127.0.0.1:8000" },
		{ ",\"AuthToken\":\"t\"", "0.0.0.0:8000" },
		{ ",\"AllowUnauthenticated\":true", "0.0.0.0:8000" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = mem_printf(
			WITH("\"ControlServerConfig\":{\"ServerBindAddr\":\"0.0.0.0:8000\"%s}"),
			cases[i].more);

		must_validate(text);
		assert_string_equal(config.control_server.server_bind_addr, cases[i].address);
		assert_int_equal(warnings.texts.count, i == 0);
		free(text);
	}
}

TEST(a_token_in_a_file)
{
	char path[] = "/tmp/tokenXXXXXX", *text;
	int file = mkstemp(path);

	text = mem_printf(WITH("\"ControlServerConfig\":{\"AuthTokenFile\":\"%s\"}"), path);
	assert_int_equal(write(file, "abc123\r\nmore\n", 14), 14);
	must_validate(text);
	assert_string_equal(config.control_server.auth_token, "abc123");
	assert_int_equal(warnings.texts.count, 0);
	assert_int_equal(fchmod(file, 0644), 0);
	must_validate(text);
	assert_true(config_validate(&config, &err));
	assert_string_equal(config.control_server.auth_token, "abc123");
	assert_int_equal(warnings.texts.count, 1);
	assert_non_null(strstr(warnings.texts.items[0], "everybody on this machine can read"));
	close(file);
	unlink(path);
	free(text);
}

TEST(warned_about)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "{\"Sorce\":{}}", "unknown key Sorce is ignored, did you mean Source?" },
		{ "{\"Source\":{\"Hots\":\"\"}}",
		  "unknown key Source.Hots is ignored, did you mean Source.Host?" },
		{ "{\"source\":{\"tls\":{\"CAPath\":\"\"}}}",
		  "unknown key source.tls.CAPath is ignored, did you mean source.tls.CertPath?" },
		{ "{\"ControlServer\":{}}",
		  "unknown key ControlServer is ignored, did you mean ControlServerConfig?" },
		{ "{\"Whitelist\":[]}", "unknown key Whitelist is ignored" },
		{ "{\"Tables\":{\"_comment\":\"x\"}}", "unknown key Tables._comment is ignored" },
		{ "{\"\":1}", "unknown key  is ignored" },
		{ "{\"DatabaseRewrites\":{\"a\":\"b\"}}",
		  "DatabaseRewrites: is ignored, use Databases.Rewrites" },
		{ "{\"DataIterationBatchSize\":5}",
		  "Config.DataIterationBatchSize is deprecated in favour of "
		  "Config.UpdatableConfig.DataIterationBatchSize" },
		{ "{\"ServerBindAddr\":\":1\"}", "Config.ServerBindAddr is deprecated in favour of "
						 "Config.ControlServerConfig.ServerBindAddr" },
		{ "{\"ControlServerConfig\":{\"WebBasedir\":\"w\"}}",
		  "ControlServerConfig.WebBasedir has no effect: the web page is part of the "
		  "program" },
		{ "{\"WebBasedir\":\".\"}", "Config.WebBasedir is deprecated in favour of "
					    "Config.ControlServerConfig.WebBasedir" },
		{ "{\"ControlServerCustomScripts\":{\"a\":[\"b\"]}}",
		  "Config.ControlServerCustomScripts is deprecated in favour of "
		  "Config.ControlServerConfig.CustomScripts" },
		{ "{\"LogBackend\":\"x\"}", "unknown log backend \"x\", falling back to \"logrus\"" },
		{ "{\"EnablePProf\":true}", "EnablePProf has no effect" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		must_parse(cases[i].text);
		if (warnings.texts.count != 1)
			fail_msg("%s: %zu warnings", cases[i].text, warnings.texts.count);
		assert_string_equal(warnings.texts.items[0], cases[i].want);
	}
}

TEST(deprecated_keys_win_wherever_they_stand)
{
	must_parse("{\"DataIterationBatchSize\":5,\"ServerBindAddr\":\":1\",\"WebBasedir\":\"w\","
		   "\"ControlServerCustomScripts\":{\"a\":[\"b\"]},"
		   "\"UpdatableConfig\":{\"DataIterationBatchSize\":9},"
		   "\"ControlServerConfig\":{\"ServerBindAddr\":\":2\",\"WebBasedir\":\"v\","
		   "\"CustomScripts\":{\"c\":[\"d\"]}}}");
	assert_int_equal(warnings.texts.count, 5);
	assert_true(config.move.batch_rows == 5);
	assert_string_equal(config.control_server.server_bind_addr, ":1");
	assert_string_equal(config.control_server.web_basedir, "w");
	assert_int_equal(config.control_server.custom_scripts.count, 1);
	assert_non_null(map_get_text(&config.control_server.custom_scripts, "a"));

	/* Empty ones say nothing. */
	must_parse("{\"UpdatableConfig\":{\"DataIterationBatchSize\":9},"
		   "\"DataIterationBatchSize\":0,\"ServerBindAddr\":\"\","
		   "\"ControlServerCustomScripts\":{}}");
	assert_int_equal(warnings.texts.count, 0);
	assert_true(config.move.batch_rows == 9);
}

TEST(report_frequencies_have_a_default_when_in_use)
{
	must_validate(WITH("\"ProgressCallback\":{\"URI\":\"http://x\"},"
			   "\"StateCallback\":{\"URI\":\"HTTPS://x\"},\"StateReportFrequency\":7"));
	assert_int_equal(config.progress_report_frequency_ms, 5000);
	assert_int_equal(config.state_report_frequency_ms, 7);
}

static char *write_file(const char *text)
{
	char *path = mem_strdup("/tmp/test_config_XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

TEST(passwords)
{
	static const struct {
		const char *content, *want;
	} cases[] = {
		{ "secret", "secret" },
		{ "secret\n", "secret" },
		{ "se cret \r\nnot this\n", "se cret " },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *path = write_file(cases[i].content);
		char *text =
			mem_printf("{\"Source\":{\"Host\":\"s\",\"PassFile\":\"%s\"}," TARGET "}",
				   path);

		must_validate(text);
		assert_string_equal(config.move.source.pass, cases[i].want);
		unlink(path);
		free(text);
		free(path);
	}
	setenv("TEST_CONFIG_PASSWORD", "from the environment", true);
	must_validate("{\"Source\":{\"Host\":\"s\",\"PassEnv\":\"TEST_CONFIG_PASSWORD\"}," TARGET
		      "}");
	assert_string_equal(config.move.source.pass, "from the environment");
}

TEST(files)
{
	char *path = write_file("{" SERVERS "}");
	char *state_path = mem_printf("%s.state", path);
	char *twice = mem_printf("{\"StateFile\":\"%s\"}", path);
	FILE *file;

	assert_true(config_load(path, &config, &warnings, &err));
	assert_string_equal(config.state_file, state_path);
	clean(NULL);

	file = fopen(path, "w");
	fputs("{\"StateFile\":\"\"}", file);
	fclose(file);
	assert_true(config_load(path, &config, &warnings, &err));
	assert_null(config.state_file);
	clean(NULL);

	file = fopen(path, "w");
	fputs(twice, file);
	fclose(file);
	assert_false(config_load(path, &config, &warnings, &err));
	assert_string_equal(err.text, "failed to parse config file: "
				      "StateFile: is the configuration file itself");
	clean(NULL);

	file = fopen(path, "w");
	fputs("{", file);
	fclose(file);
	assert_false(config_load(path, &config, &warnings, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_memory_equal(err.text, "failed to parse config file: /tmp/", 34);
	assert_non_null(strstr(err.text, ": line 1, column 2: the text ends too early"));
	clean(NULL);

	assert_false(config_load("/no/such", &config, &warnings, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_string_equal(err.text, "/no/such does not exist");
	assert_false(config_load("/", &config, &warnings, &err));
	assert_int_equal(err.kind, ERROR_CONFIG);
	assert_memory_equal(err.text, "failed to open config file: ", 28);

	unlink(path);
	free(twice);
	free(state_path);
	free(path);
}

static const char long_text[] =
	WITH("\"Databases\":{\"Whitelist\":[\"a\",\"b\"],\"Rewrites\":{\"x\":\"y\"}},"
	     "\"DataIterationBatchSizePerTableOverride\":{\"ControlPoints\":{\"0\":5},"
	     "\"TableOverride\":{\"d\":{\"t\":7}}},\"DataIterationBatchSize\":5,\"Unknown\":[{}],"
	     "\"ControlServerCustomScripts\":{\"a\":[\"b\",\"c\"]},\"StateToResumeFrom\":{\"a\":1},"
	     "\"IgnoredColumnsForVerification\":{\"d\":{\"t\":{\"c\":{}}}}");

TEST(rejects_every_truncation)
{
	for (size_t n = 0; n < sizeof(long_text) - 1; n++) {
		char *copy = malloc(n ? n : 1); /* for ASan: not one byte more */

		memcpy(copy, long_text, n);
		clean(NULL);
		assert_false(config_parse(copy, n, &config, &warnings, &err));
		assert_int_equal(err.kind, ERROR_CONFIG);
		free(copy);
	}
	must_validate(long_text);
}

TEST(survives_any_byte_changed)
{
	static const char bytes[] = "\"{}[]:,0-9ntf\\ \x80z";
	char copy[sizeof(long_text)];

	for (size_t i = 0; i < sizeof(long_text) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			memcpy(copy, long_text, sizeof(copy));
			copy[i] = bytes[j];
			clean(NULL);
			if (!config_parse(copy, sizeof(copy) - 1, &config, &warnings, &err) ||
			    !config_validate(&config, &err))
				assert_int_equal(err.kind, ERROR_CONFIG);
		}
	}
}

#define CLEAN(name) cmocka_unit_test_setup_teardown(name, clean, clean)

TEST_MAIN(CLEAN(defaults), CLEAN(zero_and_empty_stand_for_the_default), CLEAN(every_type_is_read),
	  CLEAN(maps_of_maps_are_flat), CLEAN(keys_are_found_in_any_case),
	  CLEAN(null_keeps_the_default), CLEAN(refused_when_read), CLEAN(refused_by_validation),
	  CLEAN(all_errors_are_reported), CLEAN(errors_name_their_place_and_what_would_do),
	  CLEAN(what_cannot_be_read_does_not_hide_the_rest),
	  CLEAN(options_of_the_go_driver_are_no_variables), CLEAN(accepted_by_validation),
	  CLEAN(the_address_that_ghostferry_has), CLEAN(a_token_in_a_file), CLEAN(warned_about),
	  CLEAN(deprecated_keys_win_wherever_they_stand),
	  CLEAN(report_frequencies_have_a_default_when_in_use), CLEAN(passwords), CLEAN(files),
	  CLEAN(rejects_every_truncation), CLEAN(survives_any_byte_changed))
