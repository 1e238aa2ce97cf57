/* One line per setting; what each is there for:
 *
 *   block_encryption_mode   AES_ENCRYPT, AES_DECRYPT
 *   default_regex_flags     REGEXP and its functions, MariaDB
 *   default_week_format     WEEK
 *   div_precision_increment the digits of a / b, and of AVG
 *   lc_time_names           DAYNAME, MONTHNAME, DATE_FORMAT, STR_TO_DATE */
#include "db/computing.h"

#include <stdio.h>
#include <string.h>

#include "db/db.h"
#include "db/sql.h"

static const struct setting {
	const char *name;
	unsigned mysql_from;
	unsigned mariadb_from;
	bool is_number;
} settings[COMPUTING_COUNT] = {
	{ "block_encryption_mode", 50704, 110200, false },
	{ "default_regex_flags", SERVER_NEVER, 100011, false },
	{ "default_week_format", 0, 0, true },
	{ "div_precision_increment", 0, 0, true },
	{ "lc_time_names", 0, 0, false },
};

bool computing_ask(struct db *db, struct db_computing *computing, struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok = true;

	*computing = (struct db_computing){ .values = { "" } };
	for (size_t i = 0; ok && i < COMPUTING_COUNT; i++) {
		if (!server_is_from(db_version(db), settings[i].mysql_from, settings[i].mariadb_from))
			continue;
		ok = db_value(db, &value, NULL, err, "SELECT @@global.%s", settings[i].name);
		if (ok)
			snprintf(computing->values[i], COMPUTING_VALUE_SIZE, "%s", buf_text(&value));
	}
	buf_release(&value);
	return ok || error_wrap(err, "ask for settings of expressions");
}

const char *computing_name(unsigned n)
{
	return settings[n].name;
}

void computing_put(struct buf *sql, const struct db_computing *computing,
		   const struct server_version *version)
{
	for (size_t i = 0; i < COMPUTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		const char *value = computing ? computing->values[i] : "";

		if (!server_is_from(version, setting->mysql_from, setting->mariadb_from))
			continue;
		buf_printf(sql, ", %s=", setting->name);
		/* An empty value is one of default_regex_flags. */
		if (!*value)
			buf_printf(sql, "@@global.%s", setting->name);
		else if (setting->is_number)
			buf_puts(sql,
				 value[strspn(value, "0123456789")] == '\0' ? value : "DEFAULT");
		else
			sql_text(sql, value);
	}
}
