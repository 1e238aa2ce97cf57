/* The workers of a comparison may wait in queries for long, so timers and signals have a thread of
 * their own. It takes signals by sigtimedwait(): its answer to one is ordinary code. */
#include "verify_progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/progress.h"

static const char log_tag[] = "verifier";

/* Of all tables. The source's estimate may be too small: what was compared counts then. */
struct sums {
	size_t done;
	const char *table; /* the first one under way, or NULL */
	double rows, all, different, fraction, rows_per_s, eta_s;
};

static void add_up(struct verify_progress *p, int64_t now_ms, struct sums *sums)
{
	double seconds = (double)(now_ms - p->began_ms) / 1000;

	*sums = (struct sums){ .eta_s = -1 };
	mutex_lock(&p->lock);
	for (size_t i = 0; i < p->count; i++) {
		const struct verify_table *t = &p->tables[i];
		bool is_known = t->is_done || t->rows > t->estimated_rows;

		sums->done += t->is_done;
		sums->rows += (double)t->rows;
		sums->all += (double)(is_known ? t->rows : t->estimated_rows);
		sums->different += (double)t->different;
		if (t->is_begun && !t->is_done && !sums->table)
			sums->table = t->name;
	}
	mutex_unlock(&p->lock);
	sums->fraction = sums->all > 0 ? sums->rows / sums->all : 0;
	if (sums->fraction > 0.99 && sums->done < p->count)
		sums->fraction = 0.99;
	if (seconds > 0)
		sums->rows_per_s = sums->rows / seconds;
	if (sums->rows_per_s > 0)
		sums->eta_s = (sums->all - sums->rows) / sums->rows_per_s;
}

static void put_sums(struct buf *out, const struct verify_progress *p, const struct sums *sums)
{
	buf_printf(out, "%zu/%zu tables, %.1f%%, ", sums->done, p->count, sums->fraction * 100);
	progress_put_count(out, sums->rows);
	buf_putc(out, '/');
	progress_put_count(out, sums->all);
	buf_puts(out, " rows");
}

static void put_different(struct buf *out, double rows)
{
	progress_put_count(out, rows);
	buf_puts(out, rows < 1 || rows > 1 ? " rows differ" : " row differs");
}

static void put_line(struct buf *line, const struct verify_progress *p, const struct sums *sums)
{
	buf_puts(line, "comparing ");
	put_sums(line, p, sums);
	buf_puts(line, ", ");
	progress_put_count(line, sums->rows_per_s);
	buf_puts(line, " rows/s, ETA ");
	if (sums->eta_s < 0)
		buf_puts(line, "unknown");
	else
		progress_put_duration(line, sums->eta_s);
	if (sums->different > 0) {
		buf_puts(line, ", ");
		put_different(line, sums->different);
	}
	if (sums->table)
		buf_printf(line, ", %s", sums->table);
}

void verify_progress_line(struct buf *line, struct verify_progress *p, int64_t now_ms)
{
	struct sums sums;

	add_up(p, now_ms, &sums);
	put_line(line, p, &sums);
}

static void add_facts(struct log_facts *facts, const struct verify_progress *p,
		      const struct sums *sums)
{
	log_fact_number(facts, "#tables", (double)p->count);
	log_fact_number(facts, "#tables_done", (double)sums->done);
	log_fact_number(facts, "#rows", sums->rows);
	log_fact_number(facts, "#all_rows", sums->all);
	log_fact_number(facts, "#different", sums->different);
	log_fact_number(facts, "#fraction", sums->fraction);
	log_fact_number(facts, "#rows_per_s", sums->rows_per_s);
	if (sums->eta_s >= 0)
		log_fact_number(facts, "#eta_s", sums->eta_s);
}

static void show(struct verify_progress *p, int64_t *logged_ms)
{
	struct log_facts facts = { .count = 0 };
	struct buf line = BUF_INIT;
	int64_t now_ms = clock_ms();
	struct sums sums;

	if (!log_is_terminal() && now_ms - *logged_ms < PROGRESS_LOG_MS)
		return;
	add_up(p, now_ms, &sums);
	put_line(&line, p, &sums);
	if (log_is_terminal()) {
		log_progress(buf_text(&line));
	} else {
		add_facts(&facts, p, &sums);
		log_info_facts(&facts, "%s", buf_text(&line));
	}
	*logged_ms = now_ms;
	buf_release(&line);
}

static void log_interrupted(struct verify_progress *p)
{
	struct log_facts facts = { .count = 0 };
	struct buf text = BUF_INIT;
	struct sums sums;

	log_progress("");
	add_up(p, clock_ms(), &sums);
	put_sums(&text, p, &sums);
	buf_puts(&text, " were compared, of these ");
	put_different(&text, sums.different);
	add_facts(&facts, p, &sums);
	log_write(LOG_WARN, log_tag, NULL, facts.fields, "interrupted by a signal: %s",
		  buf_text(&text));
	buf_release(&text);
}

static void watch(void *argument)
{
	const struct timespec pause = { .tv_nsec = PROGRESS_TERMINAL_MS * 1000000L };
	struct verify_progress *p = argument;
	int64_t logged_ms = p->began_ms;
	int number;

	while ((number = sigtimedwait(&p->signals, NULL, &pause)) != SIGUSR1) {
		if (number > 0) {
			log_interrupted(p);
			_exit(EXIT_NOT_STARTED);
		}
		show(p, &logged_ms);
	}
	log_progress("");
}

void verify_progress_start(struct verify_progress *p, const struct diff_report *verdict)
{
	*p = (struct verify_progress){ .began_ms = clock_ms(), .count = verdict->count };
	mutex_init(&p->lock);
	p->tables = mem_calloc(p->count + 1, sizeof(*p->tables));
	for (size_t i = 0; i < p->count; i++) {
		const struct row_hash *f = verdict->tables[i].f;

		p->tables[i] = (struct verify_table){
			.name = f->table->source->full_name,
			.estimated_rows = f->table->source->estimated_rows,
			.is_done = f->finding != NULL, /* cannot be compared */
		};
		if (f->finding)
			p->tables[i].estimated_rows = 0;
	}
	sigemptyset(&p->signals);
	sigaddset(&p->signals, SIGINT);
	sigaddset(&p->signals, SIGTERM);
	sigaddset(&p->signals, SIGUSR1); /* ours, to stop it */
	pthread_sigmask(SIG_BLOCK, &p->signals, &p->before);
	thread_start(&p->thread, "verify_watch", watch, p);
}

void verify_progress_stop(struct verify_progress *p)
{
	kill(getpid(), SIGUSR1);
	thread_join(&p->thread);
	pthread_sigmask(SIG_SETMASK, &p->before, NULL);
	mutex_destroy(&p->lock);
	free(p->tables);
}

void verify_progress_note(struct verify_progress *p, const struct table_report *t, bool is_done)
{
	mutex_lock(&p->lock);
	struct verify_table *table = &p->tables[t->f->table->index];
	table->is_begun = true;
	table->is_done = is_done;
	table->rows = t->rows[SIDE_SOURCE];
	table->different = t->different;
	mutex_unlock(&p->lock);
}
