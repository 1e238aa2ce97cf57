/* What the ferry queries from the source while rows are moved: its clock, the end of its binlog,
 * and whether it was restarted.
 *
 * A restarted source may have lost commits. Where innodb_flush_log_at_trx_commit is not 1, a crash
 * loses the commits that it confirmed last. Its binlog may have them all the same, and so the
 * target, or the copy has read them. (What the binlog itself loses is noticed when the stream is
 * resumed.) Nothing distinguishes a crash from a restart, or says what was lost: all that was
 * copied is compared. */
#include "ferry_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "state/crash_safety.h"

static const char log_tag[] = "ferry";

#define SLEEP_MS 600

struct retry ferry_retry(struct ferry *f, const char *verb, const char *tag, unsigned attempts)
{
	const struct retry_policy policy = {
		.verb = verb,
		.tag = tag,
		.attempts = attempts,
		.sleep_ms = SLEEP_MS,
	};

	return retry_begin(&policy, &f->stop);
}

/* --- its clock ---------------------------------------------------------------- */

bool ferry_ask_clock(struct ferry *f, struct error *err)
{
	struct buf now = BUF_INIT;
	bool ok = db_ready(f->source, err) &&
		  db_value(f->source, &now, NULL, err, "SELECT UNIX_TIMESTAMP()");

	if (ok)
		atomic_store(&f->booted_at_s,
			     strtod(buf_text(&now), NULL) - (double)clock_boot_ms() / 1000);
	buf_release(&now);
	return ok;
}

/* Our own clock may be set meanwhile. */
double ferry_source_now(struct ferry *f)
{
	return atomic_load(&f->booted_at_s) + (double)clock_boot_ms() / 1000;
}

/* --- its binlog ---------------------------------------------------------------- */

bool ferry_read_end(struct ferry *f, unsigned attempts, struct binlog_position *end,
		    struct error *err)
{
	for (struct retry r = ferry_retry(f, "read current binlog position", "cutover", attempts);
	     retry_next(&r, err);)
		if (db_ready(f->source, err) && binlog_current_position(f->source, end, err))
			return true;
	return false;
}

/* --- its start ----------------------------------------------------------------- */

/* What was copied of them may be lost on the source, and no event says so. The next start or resume
 * copies them from scratch. */
static bool check_nontransactional(struct ferry *f, struct error *err)
{
	for (size_t i = 0; f->iterator && i < f->tables.count; i++)
		if (f->tables.tables[i]->is_nontransactional)
			return error_set(err, ERROR_DATA,
					 "the source was restarted, and what %s has of an engine "
					 "without transactions may not be what its binlog says: resume, "
					 "which copies it again",
					 f->tables.tables[i]->source->full_name);
	return true;
}

/* MySQL may have been started with innodb_native_foreign_keys, or an older one be behind the same
 * address by now. The resumed run compares their children, as its state carried none. */
static bool check_cascades(struct ferry *f, struct error *err)
{
	struct buf value = BUF_INIT;
	bool ok = true, is_logged = server_logs_cascades(db_version(f->source));

	if (f->cascades || !f->tables.relies_on_log)
		return true;
	if (is_logged)
		ok = db_value(f->source, &value, NULL, err,
			      "SELECT @@GLOBAL.innodb_native_foreign_keys");
	is_logged = is_logged && strcmp(buf_text(&value), "0") == 0;
	buf_release(&value);
	return ok &&
	       (is_logged || error_set(err, ERROR_UNSUPPORTED,
				       "the source was restarted, and no longer logs what foreign "
				       "keys change: resume, which carries it"));
}

bool ferry_check_source(struct ferry *f, struct error *err)
{
	uint64_t known = state_tracker_source_started(&f->tracker);
	static const char verb[] = "ask the source when it was started";
	struct crash_safety now;
	bool ok = false;

	for (struct retry r = ferry_retry(f, verb, log_tag, ASK_ATTEMPTS);
	     !ok && retry_next(&r, err);)
		ok = db_ready(f->source, err) && crash_safety_ask(f->source, &now, err);
	if (!ok)
		return error_wrap(err, "%s", verb);
	f->source_forgets |= !crash_safety_flushes(&now);
	if (known && known != now.started && f->source_forgets) {
		log_warn("the source was restarted, and innodb_flush_log_at_trx_commit is %" PRIu64
			 " (or was): if it had crashed it may have forgotten what the target has; %s",
			 now.flush_at_commit,
			 f->verifier ? "all tables are compared as a whole" :
				       "compare them before the target is used (-verify)");
		if (f->verifier)
			verifier_invalidate_all(f->verifier);
	}
	if (known && known != now.started &&
	    (!check_nontransactional(f, err) || !check_cascades(f, err)))
		return false;
	state_tracker_set_source_started(&f->tracker, now.started);
	return true;
}
