/* The state file: temporary file, fsync, rename, fsync of the directory.
 *
 * A failure is logged, at once and every minute, and tried again a second later. It does
 * not end the run: the move itself is sound, and the state can still be had by a signal.
 *
 * No thread that moves rows waits for any of this: the thread takes a copy of the state under the
 * tracker's lock, and holds nothing while the disk is busy. A disk that does not answer at all is
 * reported by the loop. No other thread writes the file, so an older state never replaces a newer
 * one. */
#include "state/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/probe.h"

static const char log_tag[] = "state_file";

#define CLOSE_LOOK_MS 200
#define WAIT_MS 500 /* at a time */
#define STOOD_STILL_MS 3000
#define CANNOT_BE_WRITTEN "the state file cannot be written"

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

/* The state names hosts, tables and keys: for its owner only, also where something by that
 * name is left over from others. */
static bool write_temporary(const char *path, const struct buf *text, int *held, struct error *err)
{
	int fd;
	bool ok;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, "%s", path);
	ok = write_all(fd, buf_text(text), text->length) && write_all(fd, "\n", 1) && fsync(fd) == 0;
	if (!ok)
		error_errno(err, "%s", path);
	if (ok && held && flock(fd, LOCK_EX | LOCK_NB) == 0)
		*held = fd;
	else if (close(fd) != 0 && ok)
		ok = error_errno(err, "%s", path);
	return ok;
}

/* The name itself must reach the disk too. */
static bool sync_directory(const char *path, struct error *err)
{
	char *copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	/* Some file systems know no fsync of a directory. */
	if (!ok && fd >= 0 && errno == EINVAL)
		ok = true;
	if (!ok)
		error_errno(err, "directory of %s", path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return ok;
}

bool state_file_write(const char *path, const struct buf *text, int *held, struct error *err)
{
	char *temporary = mem_printf("%s.new", path);
	bool ok = write_temporary(temporary, text, held, err);

	if (ok)
		probe("state_file_written", "%s", path);
	if (ok && rename(temporary, path) != 0)
		ok = error_errno(err, "%s", path);
	if (!ok)
		unlink(temporary);
	ok = ok && sync_directory(path, err);
	free(temporary);
	return ok;
}

/* The lock goes with the process, however it ends. */
bool state_file_is_written(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return is_held;
}

bool state_file_check(const char *path, struct error *err)
{
	char *temporary = mem_printf("%s.new", path);
	struct buf nothing = BUF_INIT;
	bool ok = write_temporary(temporary, &nothing, NULL, err);

	unlink(temporary);
	free(temporary);
	return ok || error_wrap(err, CANNOT_BE_WRITTEN);
}

bool state_file_foresee(const char *path, struct error *err)
{
	char *copy = mem_strdup(path);
	bool ok = access(dirname(copy), W_OK | X_OK) == 0;

	if (!ok)
		error_errno(err, "%s", path);
	free(copy);
	return ok || error_wrap(err, CANNOT_BE_WRITTEN);
}

/* False: the file is older than the state. */
static bool save(struct state_file *file)
{
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	bool ok = true;

	atomic_store(&file->began_ms, clock_ms());
	if (file->take(file->context, &text) &&
	    (text.length != file->written.length ||
	     memcmp(text.data, file->written.data, text.length) != 0)) {
		int held = -1, gone;
		bool is_written = state_file_write(file->path, &text, &held, &err);

		/* The former one is no file any more. One that could not be put in its place is
		 * gone. */
		gone = held < 0 ? -1 : is_written ? file->held : held;
		if (held >= 0 && is_written)
			file->held = held;
		if (gone >= 0)
			close(gone);
		if (is_written) {
			struct buf former = file->written;

			file->written = text;
			text = former;
			if (file->is_failing)
				log_info("the state file is written again");
			file->is_failing = false;
		} else {
			int64_t now_ms = clock_ms();

			if (!file->is_failing ||
			    now_ms - file->last_logged_ms >= STATE_FILE_LOG_EVERY_MS) {
				log_error_err(&err,
					      "the state file cannot be written, trying on: if "
					      "the run were killed now it could only be resumed "
					      "from where the file is");
				file->last_logged_ms = now_ms;
			}
			file->is_failing = true;
			ok = false;
		}
	}
	atomic_store(&file->began_ms, 0);
	buf_release(&text);
	return ok;
}

void state_file_look(struct state_file *file)
{
	int64_t now_ms = clock_ms();
	int64_t began_ms = atomic_load(&file->began_ms);

	if (began_ms == 0 || now_ms - began_ms < STATE_FILE_SLOW_MS ||
	    (file->slow_logged_ms > began_ms &&
	     now_ms - file->slow_logged_ms < STATE_FILE_LOG_EVERY_MS))
		return;
	file->slow_logged_ms = now_ms;
	log_error("writing the state file takes %lld s already, its disk does not answer: if the "
		  "run were killed now it could only be resumed from where the file is",
		  (long long)((now_ms - began_ms) / 1000));
}

/* False: closed. requested: how many requests the next save answers. */
static bool wait_turn(struct state_file *file, int64_t wait_ms, uint64_t *requested)
{
	int64_t until_ms = clock_ms() + wait_ms;
	bool closed;

	mutex_lock(&file->lock);
	while (!file->poked && !file->closed && clock_ms() < until_ms) {
		int64_t left_ms = until_ms - clock_ms();
		int64_t some_ms = left_ms < WAIT_MS ? left_ms : WAIT_MS;
		int64_t before_ms = clock_boot_ms();

		condition_wait_ms(&file->changed, &file->lock, some_ms);
		/* The process was suspended. Give run_lock's thread time to find out whether the
		 * lock is lost: another process may have taken over, and have written a newer state
		 * there. */
		if (clock_boot_ms() - before_ms > some_ms + STOOD_STILL_MS)
			until_ms = clock_ms() + STATE_FILE_INTERVAL_MS;
	}
	file->poked = false;
	closed = file->closed;
	*requested = file->requested;
	mutex_unlock(&file->lock);
	return !closed;
}

static void announce_saved(struct state_file *file, uint64_t requested, bool saved)
{
	mutex_lock(&file->lock);
	file->tried_up_to = requested;
	if (saved)
		file->saved_up_to = requested;
	condition_broadcast(&file->tried);
	mutex_unlock(&file->lock);
}

static void run(void *argument)
{
	struct state_file *file = argument;
	int64_t wait_ms = STATE_FILE_INTERVAL_MS;
	uint64_t requested;

	while (wait_turn(file, wait_ms, &requested)) {
		int64_t started_ms = clock_ms();

		announce_saved(file, requested, save(file));
		/* A large state on a slow disk: no more than a tenth of the time. */
		wait_ms = (clock_ms() - started_ms) * 10;
		if (wait_ms < STATE_FILE_INTERVAL_MS)
			wait_ms = STATE_FILE_INTERVAL_MS;
	}
	announce_saved(file, requested, save(file)); /* what was recorded before it was closed */
	mutex_lock(&file->lock);
	file->ended = true;
	condition_signal(&file->changed);
	mutex_unlock(&file->lock);
}

void state_file_start(struct state_file *file, const char *path, state_file_taker *take,
		      void *context)
{
	*file = (struct state_file){ .path = path, .take = take, .context = context, .held = -1 };
	mutex_init(&file->lock);
	condition_init(&file->changed);
	condition_init(&file->tried);
	if (path)
		thread_start(&file->thread, "state_file", run, file);
}

void state_file_poke(struct state_file *file)
{
	mutex_lock(&file->lock);
	file->poked = true;
	condition_signal(&file->changed);
	mutex_unlock(&file->lock);
}

bool state_file_save(struct state_file *file, int64_t patience_ms)
{
	int64_t until_ms = clock_ms() + patience_ms;

	if (!file->path)
		return true;
	mutex_lock(&file->lock);
	uint64_t number = ++file->requested;
	file->poked = true;
	condition_signal(&file->changed);
	while (file->tried_up_to < number && !file->ended && clock_ms() < until_ms)
		condition_wait_ms(&file->tried, &file->lock, until_ms - clock_ms());
	bool saved = file->saved_up_to >= number;
	mutex_unlock(&file->lock);
	return saved;
}

bool state_file_close(struct state_file *file, int64_t patience_ms)
{
	int64_t until_ms = clock_ms() + patience_ms;
	bool ended;

	if (!file->path)
		return true;
	mutex_lock(&file->lock);
	file->closed = true;
	condition_signal(&file->changed);
	while (!file->ended && clock_ms() < until_ms) {
		condition_wait_ms(&file->changed, &file->lock, CLOSE_LOOK_MS);
		state_file_look(file);
	}
	ended = file->ended;
	mutex_unlock(&file->lock);
	return ended;
}

void state_file_finish(struct state_file *file)
{
	while (!state_file_close(file, STATE_FILE_LOG_EVERY_MS))
		;
	thread_join(&file->thread);
	buf_release(&file->written);
	if (file->held >= 0)
		close(file->held);
	condition_destroy(&file->changed);
	condition_destroy(&file->tried);
	mutex_destroy(&file->lock);
}
