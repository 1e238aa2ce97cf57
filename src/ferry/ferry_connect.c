/* The ferry's own connections to both servers, and advice when they fail. */
#include "ferry_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static const char log_tag[] = "ferry";

/* In both client libraries: a failed handshake, or a bad certificate. */
#define TLS_FAILED 2026
/* ER_SECURE_TRANSPORT_REQUIRED of MySQL; MariaDB denies access. */
#define TLS_WANTED 3159
#define PRIVILEGE_WANTED 1227
#define RUN_LOCK_WAIT_MS 10000
#define HOLDER_IS_SILENT_S 5

/* Seconds since the last sign of life of the connection that holds the run's lock; -1: unknown. */
static int64_t holder_silent_s(struct ferry *f, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct buf id = BUF_INIT;
	int64_t silent_s = -1;
	struct db_row row;
	struct db *db = db_open(&f->options.target, DB_SESSION_READ, NULL, &ignored);

	if (db && db_value(db, &id, NULL, &ignored, "SELECT IS_USED_LOCK('%s')", name) &&
	    db_queryf(db, &ignored, "SHOW PROCESSLIST"))
		while (db_row_next(db, &row, &ignored) == DB_ROW)
			if (row.count > 5 && row.values[0] && row.values[4] && row.values[5] &&
			    strcmp(row.values[0], buf_text(&id)) == 0 &&
			    strcmp(row.values[4], "Sleep") == 0)
				silent_s = strtoll(row.values[5], NULL, 10);
	buf_release(&id);
	db_close(db);
	return silent_s;
}

/* The run's own lock distinguishes a second process from the leftovers of a killed one: an idle
 * connection of a dead process ends at once, a live one stays, and gives a sign of life twice a
 * second. One that gives none is waited for until its lease expires. */
static bool open_target(struct ferry *f, struct error *err)
{
	char name[WRITER_LOCK_NAME_SIZE];
	int64_t deadline = clock_ms() + RUN_LOCK_WAIT_MS;
	bool is_told = false;

	writer_lock_name(name, f->run.run_id, 0);
	snprintf(f->run.guard.lock_name, sizeof(f->run.guard.lock_name), "%s", name);
	for (;;) {
		f->target =
			db_new(&f->options.target, DB_SESSION_WRITE, f->is_dry_run ? NULL : name);
		db_set_lease(f->target, RUN_LOCK_START_LEASE_S);
		if (db_ready(f->target, err))
			return true;
		db_close(f->target);
		f->target = NULL;
		if (err->kind != ERROR_BUSY)
			return false;
		if (clock_ms() > deadline) {
			int64_t silent_s = holder_silent_s(f, name);

			if (silent_s < HOLDER_IS_SILENT_S || silent_s > RUN_LOCK_LEASE_S + 10)
				return error_wrap(
					err,
					"another process is working on this state (it holds the lock "
					"'%s' on the target; SELECT IS_USED_LOCK('%s') names its "
					"connection, which was last heard of %" PRId64
					" s ago; where its machine is gone the lock ends by itself %d s "
					"after its last sign of life, and an hour after it where that "
					"process had just begun: resume then)",
					name, name, silent_s < 0 ? 0 : silent_s, RUN_LOCK_LEASE_S);
			if (!is_told)
				log_warn("the process that holds the lock '%s' on the target was last "
					 "heard of %" PRId64 " s ago: waiting until %d s are over",
					 name, silent_s, RUN_LOCK_LEASE_S);
			is_told = true;
			deadline = clock_ms() + 1000;
		}
		if (!stop_sleep_ms(&f->stop, 200))
			return error_set(err, ERROR_STOPPED, "stopped");
	}
}

static void log_connected(struct db *db)
{
	const char *cipher = db_tls_cipher(db);
	const struct log_field fields[] = {
		{ "dbname", db_label(db) },
		{ "hasSSL", *cipher ? "true" : "false" },
		{ "ssl_cipher", cipher },
		{ "version", db_version(db)->text },
		{ NULL, NULL },
	};

	log_write(LOG_INFO, log_tag, NULL, fields, "connected to %s", db_label(db));
}

/* When a first connection fails, the cause is mostly the configuration. */
static bool fail_connect(const char *key, const struct db_params *server, struct error *err)
{
	size_t length = strlen(err->text);
	size_t room = sizeof(err->text) - length;

	if (server->use_tls && err->server_code == TLS_FAILED)
		snprintf(err->text + length, room,
			 ": does it offer TLS, does CertPath hold its CA, and is its certificate "
			 "valid for %s.Host? Else see %s.TLS.Verify",
			 key, key);
	else if (err->server_code == TLS_WANTED)
		snprintf(err->text + length, room,
			 ": it wants TLS, set %s.TLS (Verify is for a certificate of its own making)",
			 key);
	else if (err->server_code == DB_PLUGIN_REFUSED)
		snprintf(err->text + length, room,
			 ": set %s.TLS, so that it is known who answers, or have the account use "
			 "another plugin",
			 key);
	else if (err->server_code == PRIVILEGE_WANTED)
		snprintf(err->text + length, room,
			 ": %s.Params sets what the account may not; sql_log_bin takes "
			 "SESSION_VARIABLES_ADMIN on MySQL and BINLOG ADMIN on MariaDB",
			 key);
	else if (err->kind == ERROR_LOST && server->is_unix)
		snprintf(err->text + length, room,
			 ": does it run there, and is %s.Host the path of its socket?", key);
	else if (err->kind == ERROR_LOST && *server->host == '/')
		snprintf(err->text + length, room,
			 ": %s.Host is a path: set %s.Net to \"unix\" for a socket", key, key);
	else if (err->kind == ERROR_LOST)
		snprintf(err->text + length, room,
			 ": does it run there, and are %s.Host and %s.Port right?", key, key);
	else if (err->kind == ERROR_ACCESS)
		snprintf(err->text + length, room,
			 ": are %s.User and its password (Pass, PassFile or PassEnv) right%s%s%s?",
			 key,
			 server->use_tls ? "" : ", and if the server or the account wants TLS, is ",
			 server->use_tls ? "" : key, server->use_tls ? "" : ".TLS set");
	return false;
}

static void warn_unverified(const struct db_params *server, const char *key)
{
	if (server->use_tls && server->tls_verify == DB_TLS_NONE)
		log_warn("%s: its certificate is not verified (%s.TLS.Verify): the connection is "
			 "encrypted, but another server may answer in its place",
			 server->label, key);
}

/* When the source cannot be reached: is there a second thing to fix? */
static void try_target(struct ferry *f)
{
	struct error err = ERROR_INIT;
	struct db *target;

	if (stop_is_set(&f->stop))
		return;
	target = db_open(&f->options.target, DB_SESSION_READ, NULL, &err);
	if (!target) {
		fail_connect("Target", &f->options.target, &err);
		finding_add(&f->findings, FINDING_ERROR, "", "%s", err.text);
	}
	db_close(target);
}

bool ferry_connect(struct ferry *f, struct error *err)
{
	ferry_waits_for(f, "connections to both servers");
	f->source = db_open(&f->options.source, DB_SESSION_READ, NULL, err);
	if (!f->source) {
		try_target(f);
		return fail_connect("Source", &f->options.source, err);
	}
	log_connected(f->source);
	if (!computing_ask(f->source, &f->computing, err))
		return false;
	if (!open_target(f, err))
		return fail_connect("Target", &f->options.target, err);
	log_connected(f->target);
	warn_unverified(&f->options.source, "Source");
	warn_unverified(&f->options.target, "Target");
	if (f->options.replica.enabled)
		warn_unverified(&f->options.replica.master, "SourceReplicationMaster");
	return true;
}
