/* What the migration is asked to do: filled by the configuration (config_keys.c), read-only
 * and borrowed afterwards. */
#ifndef PLAN_MOVE_OPTIONS_H
#define PLAN_MOVE_OPTIONS_H

#include "base/map.h"
#include "decode/position.h"
#include "db/db.h"
#include "plan/string_list.h"
#include "plan/throttle_limits.h"

/* Ghostferry's FilterAndRewrite: case-sensitive names, and patterns: see name_filter.h. */
struct name_rules {
	struct string_list whitelist; /* non-empty: only these */
	struct string_list blacklist; /* else: all but these */
	struct map rewrites;	      /* source name -> target name (char *) */
	struct map where; /* tables alone: entry, as in the lists -> condition (row_filter.h) */
};

/* CascadingPaginationColumnConfig */
struct key_rules {
	struct map per_table; /* "schema.table" -> column name (char *) */
	const char *fallback; /* column name, or NULL */
};

/* Rows per batch at a row size. */
struct batch_point {
	uint64_t row_bytes;
	uint64_t rows;
};

struct batch_points {
	const struct batch_point *items; /* by row_bytes, ascending */
	size_t count;			 /* 0: none are configured */
	uint64_t min_row_bytes;		 /* smaller rows count as this */
	uint64_t max_row_bytes;		 /* larger ones as this */
};

/* TargetWriteMethod: how copied rows are written. AUTO: by LOAD DATA LOCAL wherever the target
 * takes it and it is exact. */
enum write_method { WRITE_AUTO, WRITE_INSERT };
/* Of the tables that are copied in one read under a lock. */
enum locked_tables { LOCKED_SMALL, LOCKED_ALL, LOCKED_NONE };

enum unlogged_cascades { CASCADES_CARRIED, CASCADES_REFUSED };

enum verifier_type { VERIFIER_NONE, VERIFIER_CHECKSUM_TABLE, VERIFIER_ITERATIVE, VERIFIER_INLINE };

struct verify_options {
	enum verifier_type type;
	int64_t interval_ms;	    /* Inline: between two rounds over changed rows */
	int64_t max_downtime_ms;    /* of the last verification; 0: no limit */
	uint64_t queue_bytes;	    /* keys of changed rows held in memory */
	const char *spill_beside;   /* what exceeds that goes to a file beside this one; NULL:
				     * in $TMPDIR */
	unsigned workers;	    /* tables compared at the same time */
	bool repair;		    /* rows that differ are copied again */
	struct map ignored_columns; /* "schema.table.column" -> anything */
	struct map ignored_bare;    /* "table.column", in whatever database -> anything */
	struct string_list ignored_tables; /* by bare name */
	struct map compressed_columns;	   /* "schema.table.column" -> anything: by snappy */
	struct map compressed_bare;	   /* "table.column", in whatever database -> anything */
	struct map force_index;		   /* "schema.table" -> index name (char *) */
};

/* RunFerryFromReplica */
struct replica_options {
	bool enabled; /* the source is a replica of master */
	struct db_params master;
	const char *position_query; /* NULL: the replica's own status is asked */
	int64_t timeout_ms;	    /* of each wait for the replica; 0: none */
};

/* Throttle */
struct throttle_options {
	struct throttle_limits limits; /* at the start: may change at run time */
	/* How to log in to replicas, whatever its host and port; without it as to the server
	 * that they replicate. */
	bool has_login;
	struct db_params login;
};

struct table_name {
	const char *schema, *name;
};

/* Of a table that was moved, on the way back. */
struct name_pair {
	struct table_name source, target; /* as they are now */
};

/* The way back: what was moved, from the target to the source again (plan/turn_round.h). */
struct way_back_options {
	/* PrepareRollback: the file for the state of the run that goes back; NULL: none is
	 * wanted. */
	const char *state_path;
	/* This run is the one that goes back: by their names on what is the source now, the
	 * tables that were moved, and what they are called on the other side. "schema.table" ->
	 * struct name_pair *; NULL: it is not. */
	const struct map *names;
	bool is_foreseen; /* ... or one of which it is to be known whether it could */
};

struct move_options {
	struct db_params source;
	struct db_params target;
	struct replica_options replica;
	struct throttle_options throttle;

	struct name_rules databases;
	struct name_rules tables;
	struct string_list create_first; /* TablesToBeCreatedFirst: "schema.table" */
	bool allow_existing_target_table;
	bool defer_indexes;		 /* DeferSecondaryIndexes */
	struct string_list move_objects; /* MoveObjects: "views", ... */
	struct map definer_rewrites;	 /* "user@host" -> "user@host" (char *) */
	struct map collation_rewrites;	 /* CollationRewrites: see collation_rewrite.h */
	struct key_rules keys;

	unsigned write_attempts; /* DBWriteRetries */
	unsigned away_s;	 /* ServerAwayTimeout */
	unsigned read_attempts;	 /* DBReadRetries */
	uint32_t server_id;	 /* MyServerId, 0: random */
	unsigned copy_workers;	 /* DataIterationConcurrency: readers, and as many writers */
	unsigned apply_workers;	 /* BinlogWriterConcurrency */
	uint64_t batch_rows;	 /* DataIterationBatchSize; 0: sized by batch_bytes */
	uint64_t batch_bytes;	 /* of one INSERT, about */
	struct map batch_rows_per_table;  /* "schema.table" -> uint64_t *, wins over batch_rows */
	struct batch_points batch_points; /* for tables not in it; wins over batch_rows too */
	uint64_t apply_rows;		  /* BinlogEventBatchSize; 0: sized by batch_bytes */
	uint64_t queue_bytes;		  /* row changes held in memory before the streamer waits */
	uint64_t rows_bytes;		  /* copied rows held in memory before readers wait */
	uint64_t row_bytes;		  /* larger rows are read one at a time, see row_reader.h */
	uint64_t xa_bytes;		  /* events of undecided XA transactions */
	uint64_t owed_bytes;		  /* keys of owed rows in memory before they go to a file */

	enum locked_tables without_key;	     /* AllowTablesWithoutKey */
	enum locked_tables nontransactional; /* AllowNonTransactionalTables */
	struct map engine_rewrites;	     /* EngineRewrites: engine -> engine (char *) */
	enum write_method write_method;	     /* TargetWriteMethod */
	bool allow_inexact_json;	     /* AllowInexactJSON: documents by their text alone */
	bool skip_row_image_check;	     /* SkipBinlogRowImageCheck */
	bool skip_foreign_key_check;	     /* SkipForeignKeyConstraintsCheck */
	enum unlogged_cascades unlogged_cascades; /* UnloggedCascades */
	bool allow_read_only_target;		  /* AllowSuperUserOnReadOnly */
	bool watch_target;			  /* not SkipTargetVerification */
	struct string_list friendly_runs;	  /* FriendlyRuns: their Marginalia on the target */
	bool automatic_cutover;	   /* may change at run time: see ferry_set_automatic_cutover() */
	unsigned cutover_attempts; /* MaxCutoverRetries */
	unsigned cutover_retry_wait_s; /* CutoverRetryWaitSeconds */
	/* OpenTransactionsTimeout: longest wait for transactions that are open on copied
	 * tables before the final position is read; 0: they are only named. */
	int64_t open_transactions_ms;
	bool stops_writers;	/* there is a CutoverLock: behind it nobody writes to the source */
	bool recopies;		/* OnSchemaChange: what is not in recopies_of is copied again */
	struct map recopies_of; /* OnSchemaChangePerTable: "schema.table" -> "stop" or "recopy" */
	/* The same of the way back, which applies TRUNCATE where the move would, and copies nothing. */
	bool truncates;
	struct map truncates_of;
	struct string_list recopy;     /* -recopy: "schema.table" */
	bool no_schema_cache_in_state; /* DoNotIncludeSchemaCacheInStateDump */

	struct verify_options verify;
	struct way_back_options way_back;
};

#endif
