/* A named zone is only as good as the tables behind it, and SYSTEM is another zone on each machine.
 * So the local time of both servers is compared, every six hours from 1970 to 2038. One number
 * stands for all of it. A zone that never changes needs no name: it becomes "+05:00", which every
 * server accepts. */
#include "plan/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"

struct look {
	char sum[32];
	long lowest, highest; /* offset, seconds east */
};

/* 99,999 steps of six hours are 68 years. */
#define DIGITS                                                                                     \
	"(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4"  \
	" UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8"             \
	" UNION ALL SELECT 9) "

#define LOCAL_TIMES                                                                                       \
	"(SELECT n,TIMESTAMPDIFF(SECOND,'1970-01-01'+INTERVAL n SECOND,"                                  \
	"FROM_UNIXTIME(n)) o FROM (SELECT 21600*(1+a.d+10*b.d+100*c.d+1000*e.d+10000*f.d) n FROM " DIGITS \
	"a CROSS JOIN " DIGITS "b CROSS JOIN " DIGITS "c CROSS JOIN " DIGITS                              \
	"e CROSS JOIN " DIGITS "f) s WHERE n<2147000000) l"

static const char look_sql[] =
	"SELECT BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT(n,'#',o),256),16),16,10) AS UNSIGNED)),"
	"MIN(o),MAX(o) FROM " LOCAL_TIMES;
static const char offsets_sql[] = "SELECT DISTINCT o FROM " LOCAL_TIMES;

static bool sample_zone(struct db *db, struct look *look, struct error *err)
{
	struct db_row row;

	if (!db_query(db, look_sql, strlen(look_sql), err) || !db_check_columns(db, 3, err))
		return false;

	enum db_fetch fetched = db_row_next(db, &row, err);

	if (fetched != DB_ROW)
		return fetched == DB_END && error_set(err, ERROR_SQL, "no answer about time zones");

	bool is_whole = row.values[0] && row.values[1] && row.values[2];

	if (is_whole) {
		snprintf(look->sum, sizeof(look->sum), "%s", row.values[0]);
		look->lowest = strtol(row.values[1], NULL, 10);
		look->highest = strtol(row.values[2], NULL, 10);
	}
	db_row_finish(db);
	return is_whole || error_set(err, ERROR_SQL, "%s: no local times", db_label(db));
}

/* *knows: the server takes the name. */
static bool look_at(struct db *db, const char *name, struct look *look, bool *knows,
		    struct error *err)
{
	struct error refused = ERROR_INIT;
	struct buf sql = BUF_INIT;

	buf_puts(&sql, "SET SESSION time_zone=");
	sql_text(&sql, name);
	*knows = db_exec(db, sql.data, sql.length, &refused);
	buf_release(&sql);
	if (!*knows) {
		if (db_is_broken(db))
			*err = refused;
		return !db_is_broken(db);
	}
	return sample_zone(db, look, err) && db_execf(db, err, "SET SESSION time_zone='+00:00'");
}

/* Zones are whole minutes everywhere; what is not, or too far from UTC, has no such name. */
static bool name_fixed(char *name, size_t size, long offset)
{
	long minutes = labs(offset) / 60;

	if (offset % 60 != 0 || minutes >= 13 * 60)
		return false;
	snprintf(name, size, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return true;
}

static bool list_offsets(struct db *db, struct zone *zone, struct error *err)
{
	struct db_row row;
	enum db_fetch fetched;
	bool fits = true;

	if (!db_execf(db, err, "SET SESSION time_zone='%s'", zone->name) ||
	    !db_query(db, offsets_sql, strlen(offsets_sql), err) || !db_check_columns(db, 1, err))
		return false;
	while ((fetched = db_row_next(db, &row, err)) == DB_ROW) {
		fits = fits && row.values[0] && zone->offset_count < ZONE_OFFSETS_MAX &&
		       name_fixed(zone->offsets[zone->offset_count], ZONE_OFFSET_SIZE,
				  strtol(row.values[0], NULL, 10));
		zone->offset_count += fits;
	}
	if (!fits)
		zone->offset_count = 0;
	return fetched == DB_END && db_execf(db, err, "SET SESSION time_zone='+00:00'");
}

static bool query_names(struct db *db, struct zone *zone, char *name, size_t size, struct error *err)
{
	struct buf text = BUF_INIT;
	bool ok = db_value(db, &text, NULL, err, "SELECT CAST(@@global.time_zone AS BINARY)");

	if (ok) {
		snprintf(name, size, "%s", buf_text(&text));
		ok = db_value(db, &text, NULL, err, "SELECT CAST(@@system_time_zone AS BINARY)");
	}
	if (ok && strcmp(name, "SYSTEM") == 0)
		snprintf(zone->on_source, sizeof(zone->on_source), "SYSTEM (%s)", buf_text(&text));
	else if (ok)
		snprintf(zone->on_source, sizeof(zone->on_source), "%s", name);
	buf_release(&text);
	return ok;
}

bool zone_ask(struct zone *zone, struct db *source, struct db *target, struct error *err)
{
	struct look here = { .lowest = 0 }, there = { .lowest = 0 };
	char name[100];
	bool knows;

	*zone = (struct zone){ .name = "" };
	if (!query_names(source, zone, name, sizeof(name), err) ||
	    !look_at(source, name, &here, &knows, err))
		return error_wrap(err, "ask for the time zone");
	if (!knows)
		return true;
	zone->is_utc = here.lowest == 0 && here.highest == 0;
	zone->has_changes = here.lowest != here.highest;
	if (!zone->has_changes)
		(void)name_fixed(zone->name, sizeof(zone->name), here.lowest);
	if (zone->is_utc || zone->name[0])
		return true;
	if (!look_at(target, name, &there, &knows, err))
		return error_wrap(err, "ask for the time zone");
	if (!knows || strcmp(here.sum, there.sum) != 0)
		return true;
	snprintf(zone->name, sizeof(zone->name), "%s", name);
	return list_offsets(target, zone, err) || error_wrap(err, "ask for the time zone");
}
