/* GTIDs of a server, and the place in its binlog that a set of them stands for.
 *
 * What lies before a file only grows from file to file, so the newest one that suits is
 * found by halving: a handful of short dumps, whatever the number of files. */
#include "stream/gtid_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "decode/event.h"
#include "decode/gtid_event.h"

#define FILE_START 4

static bool is_mariadb(const struct db *db)
{
	return db_version(db)->flavour == FLAVOUR_MARIADB;
}

/* query gives one text. */
static bool add_text(struct db *db, struct gtid_set *set, const char *query, struct error *err)
{
	struct buf text = BUF_INIT;
	bool ok = db_value(db, &text, NULL, err, "%s", query) &&
		  (gtid_set_parse(set, buf_text(&text), text.length, err) ||
		   error_wrap(err, "%s: %s", db_label(db), query));

	buf_release(&text);
	return ok;
}

bool gtid_source_has(struct db *db, bool *has, struct error *err)
{
	struct buf mode = BUF_INIT;
	bool ok = true;

	*has = true;
	if (!is_mariadb(db)) {
		ok = db_value(db, &mode, NULL, err, "SELECT @@global.gtid_mode");
		*has = ok && strcmp(buf_text(&mode), "ON") == 0;
	}
	buf_release(&mode);
	return ok;
}

/* File names are the server's own words, but may hold quotes. */
static bool add_mariadb_before(struct db *db, const struct binlog_position *position,
			       struct gtid_set *before, struct error *err)
{
	struct buf query = BUF_INIT;

	buf_puts(&query, "SELECT BINLOG_GTID_POS(x'");
	buf_put_hex(&query, position->file, strlen(position->file));
	buf_printf(&query, "', %" PRIu64 ")", position->offset);
	bool ok = add_text(db, before, buf_text(&query), err);

	buf_release(&query);
	return ok;
}

/* In this order: what was done before is in the log when the position is read. */
bool gtid_source_current(struct db *db, struct binlog_position *position, struct gtid_set *before,
			 struct error *err)
{
	const char *done =
		is_mariadb(db) ? "SELECT @@global.gtid_slave_pos" : "SELECT @@global.gtid_executed";

	return add_text(db, before, done, err) && binlog_current_position(db, position, err) &&
	       (!is_mariadb(db) || add_mariadb_before(db, position, before, err));
}

bool gtid_source_executed(struct db *db, struct gtid_set *executed, struct error *err)
{
	if (!is_mariadb(db))
		return add_text(db, executed, "SELECT @@global.gtid_executed", err);
	return add_text(db, executed, "SELECT @@global.gtid_binlog_state", err) &&
	       add_text(db, executed, "SELECT @@global.gtid_slave_pos", err);
}

bool gtid_source_unlogged(struct db *db, struct gtid_set *unlogged, struct error *err)
{
	struct gtid_set replicated = GTID_SET_INIT;
	struct gtid_set logged = GTID_SET_INIT;

	if (!is_mariadb(db))
		return add_text(db, unlogged, "SELECT @@global.gtid_purged", err);
	bool ok = add_text(db, &replicated, "SELECT @@global.gtid_slave_pos", err) &&
		  add_text(db, &logged, "SELECT @@global.gtid_binlog_state", err);

	for (size_t i = 0; ok && i < replicated.count; i++) {
		uint32_t domain = gtid_domain(replicated.lines[i].origin);
		uint64_t last = gtid_set_last(&replicated, domain);
		struct gtid gtid =
			gtid_mariadb(domain, gtid_server_id(replicated.lines[i].origin), last);

		if (gtid_set_last(&logged, domain) < last)
			gtid_set_add(unlogged, &gtid);
	}
	gtid_set_release(&replicated);
	gtid_set_release(&logged);
	return ok;
}

/* --- files -------------------------------------------------------------------------- */

/* The event that says what lies before the file comes right behind its format. */
enum head { HEAD_READ, HEAD_MORE, HEAD_NONE, HEAD_FAILED };

static enum head head_event(struct binlog_feed *feed, struct binlog_format *format,
			    struct gtid_set *before, struct error *err)
{
	const uint8_t *bytes;
	size_t length;
	struct binlog_event event;

	if (!binlog_feed_next(feed, &bytes, &length, err) ||
	    !binlog_event_parse(bytes, length, format, &event, err))
		return HEAD_FAILED;
	switch (event.type) {
	case EVENT_FORMAT_DESCRIPTION:
		return binlog_format_parse(&event, format, err) ? HEAD_MORE : HEAD_FAILED;
	case EVENT_ROTATE:
	case EVENT_MARIADB_START_ENCRYPTION:
		return HEAD_MORE;
	case EVENT_PREVIOUS_GTIDS:
	case EVENT_MARIADB_GTID_LIST:
		return gtid_list_parse(&event, before, err) ? HEAD_READ : HEAD_FAILED;
	default:
		return HEAD_NONE;
	}
}

/* *known false: the file does not say. */
static bool read_head(const struct binlog_feed_params *params, const struct binlog_position *start,
		      struct gtid_set *before, bool *known, struct error *err)
{
	struct binlog_format format;
	struct binlog_feed *feed = binlog_feed_open(params, start, err);
	enum head head = HEAD_MORE;

	if (!feed)
		return false;
	binlog_format_init(&format);
	format.has_checksum = binlog_feed_has_checksums(feed);
	gtid_set_release(before);
	while (head == HEAD_MORE)
		head = head_event(feed, &format, before, err);
	binlog_feed_close(feed);
	*known = head == HEAD_READ;
	return head != HEAD_FAILED || error_wrap(err, "head of binlog file %s", start->file);
}

struct files {
	struct binlog_position *starts; /* owned; oldest first */
	size_t count;
};

static bool list_files(struct db *db, struct files *files, struct error *err)
{
	struct db_row row;
	enum db_fetch fetched;
	bool ok = true;

	if (!db_queryf(db, err, "SHOW BINARY LOGS"))
		return false;
	while (ok && (fetched = db_row_next(db, &row, err)) == DB_ROW) {
		files->starts = mem_resize(files->starts, files->count + 1, sizeof(*files->starts));
		ok = row.values[0] ?
			     binlog_position_set(&files->starts[files->count++], row.values[0],
						 row.lengths[0], FILE_START, err) :
			     error_set(err, ERROR_CORRUPT, "a binlog without a name");
	}
	db_row_finish(db);
	return ok && fetched != DB_FAILED;
}

static bool search(const struct files *files, const struct binlog_feed_params *params,
		   const struct gtid_set *applied, struct binlog_position *start, bool *found,
		   struct gtid_set *before, struct error *err)
{
	struct gtid_set head = GTID_SET_INIT;
	size_t low = 0, high = files->count; /* suits below low, not from high on */
	bool ok = true, known;

	*found = false;
	while (ok && low < high) {
		size_t middle = low + (high - low) / 2;

		ok = read_head(params, &files->starts[middle], &head, &known, err);
		if (!ok)
			break;
		if (known && gtid_set_is_subset(&head, applied, NULL)) {
			*start = files->starts[middle];
			*found = true;
			low = middle + 1;
		} else {
			high = middle;
			gtid_set_copy(before, &head); /* ends with the oldest one's */
		}
	}
	gtid_set_release(&head);
	return ok;
}

bool gtid_source_find(struct db *db, const struct binlog_feed_params *params,
		      const struct gtid_set *applied, struct binlog_position *start, bool *found,
		      struct gtid_set *before, struct error *err)
{
	struct files files = { NULL, 0 };
	bool ok = list_files(db, &files, err) &&
		  search(&files, params, applied, start, found, before, err);

	free(files.starts);
	return ok;
}

bool gtid_source_next_file(const struct binlog_feed_params *params,
			   const struct binlog_position *position, struct binlog_position *next,
			   bool *found, struct gtid_set *before, struct error *err)
{
	struct files files = { NULL, 0 };
	struct db *db = db_open(params->server, DB_SESSION_READ, NULL, err);
	bool ok = db && list_files(db, &files, err);

	db_close(db);
	*found = false;
	for (size_t i = 0; ok && i + 1 < files.count; i++) {
		if (strcmp(files.starts[i].file, position->file) != 0)
			continue;
		*next = files.starts[i + 1];
		ok = read_head(params, next, before, found, err);
		break;
	}
	free(files.starts);
	return ok;
}
