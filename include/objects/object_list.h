/* What a database has besides tables, as a server shows it: views, triggers, routines, events,
 * sequences. */
#ifndef OBJECTS_OBJECT_LIST_H
#define OBJECTS_OBJECT_LIST_H

#include "db/db.h"

/* In the order in which they are created. */
enum object_kind {
	OBJECT_SEQUENCE,
	OBJECT_ROUTINE,
	OBJECT_VIEW,
	OBJECT_TRIGGER,
	OBJECT_EVENT,
	OBJECT_KINDS,
};

enum object_status {
	OBJECT_ENABLED,
	OBJECT_DISABLED,
	OBJECT_ENABLED_ELSEWHERE, /* an event of the server that this one replicates from */
};

struct object {
	enum object_kind kind;
	enum object_status status; /* of an event */
	char *type;		   /* "VIEW", "PACKAGE BODY": as in SHOW CREATE and DROP */
	char *source_schema;	   /* where it was read */
	char *schema;		   /* where it belongs on the target */
	char *name;
	char *full_name; /* schema.name, where it was read */
	char *table;	 /* a trigger's; "": none */
	char *definer;	 /* user@host; "": none */
	/* The settings it was created with; "": it has none. */
	char *sql_mode;
	char *time_zone;
	char *client;		  /* character_set_client */
	char *collation;	  /* collation_connection */
	char *database_collation; /* the database's default at that time */
	/* SHOW CREATE, in the client's character set, an event as if disabled, a view without the
	 * name of its database where it names no other. "": the account may not read it. */
	struct buf created;
	/* What all servers report about it in the same words, but for its body. */
	char *likeness;
	bool has_packages; /* a routine's, trigger's or event's: there are some in its database */
	/* A view's. It is unusable if its definer lacks privileges, or if what it is based on is
	 * missing. */
	char *columns;	    /* NULL: it is unusable, or its definer does not exist */
	char *broken;	    /* why; NULL: at most a missing definer */
	bool lacks_execute; /* broken, for this account: it may not execute what the view calls */
};

struct object_list {
	struct object *items; /* owned */
	size_t count;
};

/* "views": as in MoveObjects. */
const char *object_kind_name(enum object_kind kind);
bool object_kind_named(const char *name) MUST_CHECK;
/* A query that counts them by database. */
void object_kind_put_count(struct buf *sql, enum object_kind kind);

/* Appends the objects of this kind of a database; none if there is no such database. name NULL: all
 * of them. The session uses the database afterwards. */
bool object_list_load(struct object_list *list, struct db *db, enum object_kind kind,
		      const char *schema, const char *name, struct error *err) MUST_CHECK;
/* The list is empty and may be used again. */
void object_list_release(struct object_list *list);
/* The one of the same kind, type and name, or NULL. */
struct object *object_list_find(const struct object_list *list, const struct object *like);

#endif
