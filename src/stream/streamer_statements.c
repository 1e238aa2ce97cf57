/* Does a statement touch a copied table? A definition, or a change in statement format,
 * that may do so ends the run before anything that follows is applied, naming the table,
 * the position and the remedy. */
#include "streamer_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/advice.h"
#include "base/utf8.h"

static void fold(const struct binlog_streamer *s, char *name)
{
	if (s->params.ignores_case)
		schema_fold_case(name);
}

/* Is it certain which table or database a name in a statement means? They are known in UTF-8, while
 * a statement is logged as the session sent it. And beyond ASCII nothing is folded here: of the
 * scripts that have letters of two cases, Latin, Greek and Cyrillic begin with these bytes. */
static bool is_clear(const struct binlog_streamer *s, const struct binlog_query *query,
		     const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c >= 0x80 && !query->is_utf8)
			return false;
		if (s->params.ignores_case && ((c >= 0xc3 && c <= 0xdf) || c == 0xe1))
			return false;
	}
	return true;
}

/* Migrations of applications say "if it is there" whenever they start. The table is known as
 * it was read behind the start position, and no statement that changed it has come since;
 * one from before that changed it then, and it was read without the index, or with it. */
static bool leaves_table(const struct binlog_streamer *s, const struct statement *statement,
			 const struct table *table)
{
	if (!statement->index[0] || !utf8_is_ascii(statement->index) || streamer_is_watched(s))
		return false;
	return (table_index_named(table, statement->index) != NULL) == statement->creates_index;
}

bool streamer_is_older(const struct binlog_streamer *s, const char *schema, const char *name)
{
	const struct binlog_handler *h = &s->params.handler;

	return h->is_older && h->is_older(h->context, schema, name, &s->begin);
}

static bool is_touched(const struct binlog_streamer *s, const struct statement *statement,
		       const char *schema, const char *name)
{
	const struct binlog_handler *h = &s->params.handler;
	const struct table *table;

	if (streamer_is_older(s, schema, *name ? name : NULL))
		return false;
	if (!*name)
		return h->is_chosen(h->context, schema, NULL);
	table = h->find_table(h->context, schema, name);
	if (statement->creates)
		return h->is_chosen(h->context, schema, name) && !(statement->if_absent && table);
	if (table)
		return !leaves_table(s, statement, table);
	return !statement->drops && h->is_chosen(h->context, schema, name);
}

static bool may_change(const struct binlog_streamer *s, const struct statement *statement,
		       const char *schema, const char *name)
{
	const struct binlog_handler *h = &s->params.handler;

	return (*name || statement->drops) && statement->kind == STATEMENT_TABLE && h->may_change &&
	       h->may_change(h->context, schema, *name ? name : NULL, true);
}

/* What a statement touches: a copied table that it names, or that it may touch unnamed. Of
 * several the first that ends the run. */
struct touch {
	char hit[400]; /* "": nothing */
	bool is_table; /* it is one that is copied, or would be */
	bool may_change;
};

/* Whatever the table is called: nothing of that database is copied. */
static bool is_elsewhere(const struct binlog_streamer *s, const char *schema)
{
	const struct binlog_handler *h = &s->params.handler;

	return !h->is_chosen(h->context, schema, NULL);
}

static void look_at_names(struct binlog_streamer *s, const struct statement *statement,
			  const struct binlog_query *query, const char *schema, struct touch *touch)
{
	for (unsigned i = 0; i < statement->name_count; i++) {
		struct statement_name name = statement->names[i];
		const char *in = name.schema[0] ? name.schema : schema;

		fold(s, name.schema);
		if (is_clear(s, query, in) && is_elsewhere(s, in))
			continue;
		if (!is_clear(s, query, name.schema) || !is_clear(s, query, name.name)) {
			snprintf(touch->hit, sizeof(touch->hit),
				 "a table that cannot be told by its name, perhaps one");
			touch->is_table = false;
			return;
		}
		fold(s, name.name);
		if (!is_touched(s, statement, in, name.name))
			continue;
		snprintf(touch->hit, sizeof(touch->hit), "%s%s%s", in, name.name[0] ? "." : "",
			 name.name);
		touch->is_table = name.name[0] != '\0';
		if (!may_change(s, statement, in, name.name))
			return;
	}
	touch->may_change = touch->hit[0] != '\0';
}

static void default_schema(const struct binlog_streamer *s, const struct binlog_query *query,
			   char schema[STATEMENT_NAME_SIZE])
{
	size_t length = query->schema_length < STATEMENT_NAME_SIZE - 1 ? query->schema_length :
									 STATEMENT_NAME_SIZE - 1;

	memcpy(schema, query->schema, length);
	schema[length] = '\0';
	fold(s, schema);
}

static void find_touched(struct binlog_streamer *s, const struct statement *statement,
			 const struct binlog_query *query, struct touch *touch)
{
	const struct binlog_handler *h = &s->params.handler;
	char schema[STATEMENT_NAME_SIZE];

	default_schema(s, query, schema);
	*touch = (struct touch){ .may_change = false };
	look_at_names(s, statement, query, schema, touch);
	if (touch->hit[0] && !touch->may_change)
		return;
	if (statement->is_open)
		snprintf(touch->hit, sizeof(touch->hit), "any table");
	else if (!statement->is_complete && h->is_chosen(h->context, schema, NULL))
		snprintf(touch->hit, sizeof(touch->hit), "database %s", schema);
	else
		return;
	touch->may_change = touch->is_table = false;
}

/* Not where it may have failed in part, nor behind rows that a decision may still bring in
 * front of it, nor behind the final position. */
static bool is_plain_truncate(const struct binlog_streamer *s, const struct statement *statement,
			      const struct binlog_query *query)
{
	return statement->empties && statement->name_count == 1 && statement->is_complete &&
	       query->error_code == 0 && s->params.handler.truncate && !s->is_late &&
	       !streamer_is_watched(s) && !s->undecided.first &&
	       s->transaction.state != TRANSACTION_OPEN;
}

/* *is_taken: it is done in the order of the stream, and nothing else is to be done. */
static bool take_truncate(struct binlog_streamer *s, const struct statement *statement,
			  const struct binlog_query *query, bool *is_taken, struct error *err)
{
	const struct binlog_handler *h = &s->params.handler;
	struct statement_name name = statement->names[0];
	const struct table *table;

	*is_taken = false;
	if (!is_plain_truncate(s, statement, query) || !is_clear(s, query, name.schema) ||
	    !is_clear(s, query, name.name))
		return true;
	if (!name.schema[0])
		default_schema(s, query, name.schema);
	fold(s, name.schema);
	fold(s, name.name);
	table = h->find_table(h->context, name.schema, name.name);
	if (!table || streamer_is_older(s, name.schema, name.name))
		return true;
	return h->truncate(h->context, table, &s->position, is_taken, err);
}

bool streamer_check_statement(struct binlog_streamer *s, const struct statement *statement,
			      const struct binlog_query *query, uint32_t timestamp,
			      struct error *err)
{
	struct touch touch;
	int shown = query->sql_length < 300 ? (int)query->sql_length : 300;
	const char *recopy_it = "";
	bool is_taken;

	if (s->transaction.is_applied) /* it was applied, or came before the copy */
		return true;
	/* Nothing has changed, and the statement comes once more if something does. */
	if (s->transaction.is_unfinished && statement->kind == STATEMENT_TABLE)
		return true;
	if (!take_truncate(s, statement, query, &is_taken, err))
		return false;
	if (is_taken)
		return true;
	find_touched(s, statement, query, &touch);
	if (!touch.hit[0])
		return true;
	/* Of what it did elsewhere nothing is known. */
	if (touch.is_table && advice_may_recopy() &&
	    (statement->kind == STATEMENT_TABLE || !s->params.has_side_effects))
		recopy_it = "; or, to have that table alone copied again, resume with -recopy ";
	if (streamer_is_watched(s))
		return streamer_watch_statement(s, statement->verb, touch.hit, query, timestamp,
						err);
	if (touch.may_change)
		return error_set(err, ERROR_SCHEMA,
				 "%s on the source changes %s (after " POSITION_FORMAT
				 ": %.*s): %s to be dropped on the target and copied "
				 "again, as the run is resumed (-recopy %s%s)",
				 statement->verb, touch.hit, POSITION_ARGS(&s->boundary), shown,
				 query->sql,
				 touch.is_table ? "that table alone is" : "its tables are",
				 touch.hit, touch.is_table ? "" : ".TABLE for each");
	if (statement->kind == STATEMENT_TABLE)
		return error_set(err, ERROR_UNSUPPORTED,
				 "%s on the source touches %s, which is being copied (after " POSITION_FORMAT
				 ": %.*s); changes of definitions are not carried "
				 "over: %s%s%s",
				 statement->verb, touch.hit, POSITION_ARGS(&s->boundary), shown,
				 query->sql, advice_start_over(), recopy_it,
				 *recopy_it ? touch.hit : "");
	return error_set(err, ERROR_UNSUPPORTED,
			 "a statement logged in statement format may change %s, which is being copied "
			 "(after " POSITION_FORMAT ": %.*s): a session switched binlog_format away "
			 "from ROW; stop that, %s%s%s",
			 touch.hit, POSITION_ARGS(&s->boundary), shown, query->sql,
			 advice_start_over(), recopy_it, *recopy_it ? touch.hit : "");
}

/* What a trigger, stored function or foreign key does for a statement is logged with it only in row
 * format. */
bool streamer_check_side_effects(struct binlog_streamer *s, const struct binlog_query *query,
				 struct error *err)
{
	int shown = query->sql_length < 300 ? (int)query->sql_length : 300;

	if (!s->params.has_side_effects || s->transaction.is_applied)
		return true;
	return error_set(err, ERROR_UNSUPPORTED,
			 "a statement logged in statement format may change copied tables by a trigger, "
			 "a stored function or a foreign key of the source (after " POSITION_FORMAT
			 ": %.*s): a "
			 "session switched binlog_format away from ROW; stop that, %s",
			 POSITION_ARGS(&s->boundary), shown, query->sql, advice_start_over());
}

void streamer_notice_side_effects(struct binlog_streamer *s, const struct binlog_query *query)
{
	char begin[200];
	size_t length = query->sql_length < sizeof(begin) ? query->sql_length : sizeof(begin) - 1;

	memcpy(begin, query->sql, length);
	begin[length] = '\0';
	if (strcasestr(begin, "TRIGGER") || strcasestr(begin, "FUNCTION") ||
	    strcasestr(begin, "PACKAGE"))
		s->params.has_side_effects = true;
}
