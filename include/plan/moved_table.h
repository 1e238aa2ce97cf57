/* A table being moved: its source definition, its place on the target, its key,
 * and the SQL texts that never change. Made at start by moved_tables_make();
 * afterwards read-only. */
#ifndef PLAN_MOVED_TABLE_H
#define PLAN_MOVED_TABLE_H

#include "db/key.h"
#include "plan/move_options.h"
#include "plan/row_filter.h"
#include "plan/zone.h"

struct moved_table {
	const struct table *source; /* borrowed from the schema */
	const char *target_schema;  /* borrowed from options or source */
	const char *target_name;
	struct key_columns key; /* count 0: none; if that is not allowed a finding says so */
	/* Its engine has no transactions: copied under a lock, and otherwise as one without a key. */
	bool is_nontransactional;
	bool keeps_engine;	/* and gets it on the target, in the cutover: see target_engine.h */
	bool key_is_configured; /* by CascadingPaginationColumnConfig */
	struct row_filter *filter; /* Tables.Where, owned; NULL: all rows are moved */
	/* Can a row have another one's key or unique value in its way on the target: is there
	 * more than one unique key, are there texts in the key, or rows outside of the part? */
	bool may_displace;
	/* Has it a unique key that may take more values for equal on the target? Set by the
	 * start-up checks. */
	bool may_merge;
	unsigned index;	     /* in moved_tables.tables */
	uint64_t batch_rows; /* its own fixed rows per batch; 0: what holds for the run */
	bool is_cascaded_to; /* by a foreign key, on a source that logs what it does, but not what
				it does for a statement in statement format */
	bool may_change_unlogged; /* by a foreign key that cascades, on a source that does not
				   * log that, and that are not carried; set by the start-up
				   * checks */
	bool passes_cascades;	  /* see cascade_passes(); likewise */
	/* Indexes in source->columns; owned. */
	unsigned *selected; /* in the order of select_list: written ones first */
	unsigned selected_count;
	unsigned *written; /* in the order of the INSERT's columns: table order */
	unsigned written_count;
	/* Documents keep the types of their values (db/sql_json.h); else only their text. */
	bool json_is_typed;
	unsigned types_count; /* columns of types_list */
	bool target_is_mysql;
	bool *as_json; /* owned, by column: a text there, JSON on the target; NULL: none */
	bool is_between_flavours;
	/* By computed.h: rows are written with time_zone set to this, owned; NULL: as usual. */
	char *zone;
	/* The offsets that this zone has had, for rows that it has no literal for: lax_writer.c. */
	char (*zone_offsets)[ZONE_OFFSET_SIZE]; /* owned */
	unsigned zone_offset_count;
	bool deletes_in_zone;	  /* and deleted */
	bool has_offset_literals; /* '... +00:00' is a TIMESTAMP there */
	/* Owned texts. */
	char *comment;	    /* what every statement of ours begins with */
	char *select_list;  /* "`a`,CAST(`b` AS UNSIGNED)": all written columns in table
			     * order, then the generated ones of the key */
	char *types_list;   /* for the copy, behind select_list: the types in its JSON
			     * columns, ",(...),(...)", or "" */
	char *insert_head;  /* "comment INSERT INTO `t` (`a`,`b`) VALUES " */
	char *insert_tail;  /* " ON DUPLICATE KEY UPDATE `a`=`a`" (I3); "" without a key */
	char *replace_head; /* "comment REPLACE INTO `t` (`a`,`b`) VALUES " */
	char *delete_head;  /* "comment DELETE FROM `t` WHERE ", or "... WHERE (condition) AND (" */
	char *where;	    /* "(condition)", right on both servers; NULL: all rows */
};

struct cascade;

struct moved_tables {
	struct moved_table **tables; /* owned; largest data_bytes first */
	size_t count;
	struct moved_table **of_source; /* owned; by the source table's index */
	struct map by_source;		/* full source name -> struct moved_table * */
	/* Tables of which Tables.Where chooses rows in a way that findings say is refused. */
	size_t refused_conditions;
	/* Foreign keys whose changes of children are carried (cascade.h); owned. */
	struct cascade *cascades;
	size_t cascade_count;
	bool carried_cascades; /* so did the run that is resumed */
	bool relies_on_log;    /* there are such keys whose changes the source logs */
};

/* schema and options must outlive the tables. run_id is put into the statements
 * (statement_tag.h); NULL: nothing will be written. Findings that make a table impossible
 * to move (no usable key, a column type or engine that cannot be carried, two tables
 * with one target name) are added to findings, one line each; the table is in the
 * list even then. */
struct findings;
void moved_tables_make(const struct move_options *options, const char *run_id,
		       const struct schema *schema, struct moved_tables *tables,
		       struct findings *findings);
/* How JSON columns are carried between these two servers. Typed documents whose types the source
 * cannot list become findings. */
void moved_tables_set_json(struct moved_tables *tables, const struct move_options *options,
			   const struct server_version *source, const struct server_version *target,
			   struct findings *findings);
/* A table that is on the target already: which of its columns take JSON there. */
void moved_table_set_target(struct moved_table *t, const struct table *target);
void moved_tables_release(struct moved_tables *tables);
/* replace_head without some of the written columns: a flag for each. */
void moved_table_put_replace(struct buf *sql, const struct moved_table *t, const bool *omitted);
/* Behind WHERE, in front of a condition of one's own, which moved_table_end_where() ends: only
 * rows of the part. */
void moved_table_begin_where(struct buf *sql, const struct moved_table *t);
void moved_table_end_where(struct buf *sql, const struct moved_table *t);
/* A query without rows that the source refuses when the account may not read all columns:
 * those that it may not read it does not even see, in information_schema neither. Not for
 * a table without selected columns. */
void moved_table_put_read_check(struct buf *sql, const struct moved_table *t);
/* Does the option that is for tables like this one let it be moved? */
bool locked_table_is_allowed(enum locked_tables which, const struct table *table);
/* An engine that logs each statement's rows before anybody else sees a lock of its own go. */
bool engine_is_lockable(const char *engine);
/* The one that moves this table of the source's schema. */
struct moved_table *moved_tables_of(const struct moved_tables *tables, const struct table *source);
struct moved_table *moved_tables_find(const struct moved_tables *tables, const char *schema,
				      const char *name);

#endif
