/* Tables as a server describes them, read with a few information_schema queries
 * however many tables there are. Loaded by one thread, read-only afterwards and
 * then free for all threads. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "base/map.h"
#include "db/db.h"

enum column_type {
	COLUMN_UNKNOWN, /* named by raw_type; cannot be carried */
	COLUMN_TINYINT,
	COLUMN_SMALLINT,
	COLUMN_MEDIUMINT,
	COLUMN_INT,
	COLUMN_BIGINT,
	COLUMN_DECIMAL,
	COLUMN_FLOAT,
	COLUMN_DOUBLE,
	COLUMN_BIT,
	COLUMN_YEAR,
	COLUMN_DATE,
	COLUMN_TIME,
	COLUMN_DATETIME,
	COLUMN_TIMESTAMP,
	COLUMN_CHAR,
	COLUMN_VARCHAR,
	COLUMN_BINARY,
	COLUMN_VARBINARY,
	COLUMN_TEXT, /* TINYTEXT to LONGTEXT, by length_bytes */
	COLUMN_BLOB, /* TINYBLOB to LONGBLOB */
	COLUMN_ENUM,
	COLUMN_SET,
	COLUMN_JSON,	 /* MySQL's own; MariaDB's alias is a TEXT */
	COLUMN_GEOMETRY, /* and all its subtypes */
	COLUMN_VECTOR,
	COLUMN_UUID, /* MariaDB's; text to the outside, max_octets in the binlog */
	COLUMN_INET4,
	COLUMN_INET6,
	COLUMN_TYPE_COUNT,
};

enum column_generation { COLUMN_PLAIN, COLUMN_VIRTUAL, COLUMN_STORED };

struct column {
	char *name;	  /* owned, utf8mb4 */
	char *raw_type;	  /* COLUMN_TYPE: "bigint(20) unsigned", "enum('a','b')" */
	char *charset;	  /* "" for types without */
	char *collation;  /* "" for types without */
	char *extra;	  /* EXTRA as the server says it */
	char *expression; /* of a generated column, as the server says it; else "" */
	enum column_type type;
	enum column_generation generation;
	unsigned position; /* index in table->columns */
	bool is_unsigned;
	bool is_nullable;
	bool is_auto_increment;
	bool is_invisible;
	bool is_compressed;    /* MariaDB COMPRESSED, MySQL/Percona COLUMN_FORMAT COMPRESSED */
	unsigned length_bytes; /* TEXT/BLOB: 1..4 length bytes; CHAR/BINARY etc.: 0 */
	uint64_t max_octets;   /* CHARACTER_OCTET_LENGTH; BINARY(n): n; UUID, INET: bytes; else 0 */
	unsigned precision;    /* DECIMAL digits, BIT width */
	unsigned scale;	       /* DECIMAL; FLOAT(M,D)/DOUBLE(M,D): D, see has_scale */
	bool has_scale;	       /* FLOAT/DOUBLE declared with (M,D) */
	unsigned fraction;     /* TIME, DATETIME, TIMESTAMP: digits of seconds */
	unsigned member_count; /* ENUM, SET */
	char **members;	       /* ENUM, SET: owned texts, unquoted, for messages: the servers
				* show what is not in utf8mb3 as '?' */
	char **member_bytes;   /* their bytes in the column's character set, in hex; NULL where
				* the texts determine them, or the server does not say */
	char *default_bytes;   /* of the column's default, likewise */
};

struct index_part {
	unsigned column; /* index in table->columns; UINT_MAX: an expression */
	unsigned prefix; /* characters or bytes of a prefix index, else 0 */
	bool descending;
};

struct table_index {
	char *name; /* "PRIMARY" or other */
	bool is_unique;
	bool is_primary;
	bool is_visible;  /* usable by the optimizer: MySQL Visible, MariaDB not Ignored */
	bool is_nullable; /* some part may be NULL */
	bool is_ordered;  /* a B-tree: rows can be walked in its order */
	bool is_fulltext;
	bool is_hashed;	     /* MariaDB: unique by a hash of its values, in a hidden column */
	bool has_expression; /* or a prefix: cannot identify rows by plain columns */
	char *expressions;   /* of functional parts, one after the other; or NULL */
	uint64_t cardinality;
	struct index_part *parts;
	unsigned part_count;
};

struct table {
	char *schema;
	char *name;
	char *full_name; /* "schema.name": key in maps, state and logs */
	size_t index;	 /* in schema->tables */
	char *engine;	 /* "InnoDB" */
	char *collation;
	char *row_format; /* as InnoDB has it: "Dynamic" */
	uint64_t estimated_rows;
	uint64_t data_bytes;	/* DATA_LENGTH estimate */
	uint64_t avg_row_bytes; /* AVG_ROW_LENGTH estimate, 0 unknown */
	char *checks;  /* MySQL: the texts of enforced CHECKs, one after the other; or NULL */
	bool is_small; /* by small_tables_find() */
	bool is_system_versioned; /* MariaDB WITH SYSTEM VERSIONING: history rows too */
	struct column *columns;
	unsigned column_count;
	struct table_index *indexes; /* PRIMARY first, then by name as the server lists them */
	unsigned index_count;
};

#define SERVER_COLUMNS_MAX 4096 /* of a table: the servers' limit */

struct schema {
	struct table *tables; /* sorted by schema, then name */
	size_t table_count;
	struct map by_name; /* full_name -> struct table * */
	char **views;	    /* full names of chosen views: left out of the copy */
	size_t view_count;
};

/* Which tables to load. Called for every base table and view that is not in
 * mysql, information_schema, performance_schema or sys. */
typedef bool schema_filter(void *context, const char *schema, const char *table);

bool schema_load(struct db *db, schema_filter *chosen, void *context, struct schema *schema,
		 struct error *err) MUST_CHECK;
void schema_release(struct schema *schema);
/* Does the server take names of tables that differ in case for the same
 * (lower_case_table_names)? */
bool schema_ignores_case(struct db *db, bool *ignores_case, struct error *err) MUST_CHECK;
/* Folds a name: ASCII letters to lower case. */
void schema_fold_case(char *name);
struct table *schema_find(const struct schema *schema, const char *full_name);
const struct column *table_column(const struct table *table, const char *name); /* or NULL */
/* The column that has the other table's column's name, or NULL: for the servers its case
 * does not count. */
const struct column *table_column_of_other(const struct table *table, const struct column *other);
/* By its name, in any case; or NULL. */
const struct table_index *table_index_named(const struct table *table, const char *name);
const struct table_index *table_primary(const struct table *table); /* or NULL */
/* Number of unique indexes (the primary key included, invisible ones too). */
unsigned table_unique_count(const struct table *table);
/* Do the first `count` members of both mean the same, byte for byte where both are in one
 * character set? */
bool column_same_members(const struct column *a, const struct column *b, unsigned count);
/* Columns that are written: everything but generated ones. */
bool column_is_written(const struct column *column);
/* CHAR, VARCHAR, TEXT: bytes in the column's character set. */
bool column_is_text(const struct column *column);

/* Parses COLUMN_TYPE etc. into the type fields of *column whose raw_type is set;
 * separate for unit tests. */
void column_parse_type(struct column *column, const char *data_type);

#endif
