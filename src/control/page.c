/* A page without scripts and without anything from other servers: it is served by the
 * program alone, to people who may have no other way to the machine. */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "control/progress.h"

static const char head[] = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
			   "<meta name=\"viewport\" content=\"width=device-width\">";

static const char style[] =
	"<style>body{font-family:sans-serif;margin:2em;max-width:70em}"
	"table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;"
	"border-bottom:1px solid #ccc}form{display:inline}</style></head><body>\n";

void page_escape(struct buf *out, const char *text)
{
	static const struct {
		char byte;
		const char *entity;
	} entities[] = {
		{ '&', "&amp;" },  { '<', "&lt;" },   { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (; *text; text++) {
		size_t i = 0;

		while (i < ARRAY_LEN(entities) && entities[i].byte != *text)
			i++;
		if (i < ARRAY_LEN(entities))
			buf_puts(out, entities[i].entity);
		else
			buf_putc(out, *text);
	}
}

static void put_row(struct buf *out, const char *name, const char *value)
{
	buf_puts(out, "<tr><th>");
	page_escape(out, name);
	buf_puts(out, "</th><td>");
	page_escape(out, value);
	buf_puts(out, "</td></tr>\n");
}

static void put_position(struct buf *out, const char *name, const struct binlog_position *position)
{
	char text[BINLOG_FILE_MAX + 32];

	snprintf(text, sizeof(text), POSITION_FORMAT, POSITION_ARGS(position));
	put_row(out, name, binlog_position_is_set(position) ? text : "-");
}

static void put_overall(struct buf *out, const struct status_view *view)
{
	const struct ferry_status *status = view->status;
	struct buf line = BUF_INIT;

	buf_puts(out, "<table>\n");
	put_row(out, "Version", version_text);
	put_row(out, "Source", status->source_address);
	put_row(out, "Target", status->target_address);
	put_row(out, "State", phase_name(status->phase));
	progress_line(&line, status, view->estimate);
	put_row(out, "Progress", buf_text(&line));
	put_row(out, "Paused", status->is_paused ? "yes" : "no");
	put_row(out, "Automatic cutover", status->automatic_cutover ? "allowed" : "not allowed");
	put_row(out, "Waiting for", *status->waiting_for ? status->waiting_for : "-");
	put_position(out, "Binlog read up to", &status->streamed);
	put_position(out, "Binlog applied up to", &status->applied);
	put_position(out, "Binlog ends at", &status->final);
	if (status->has_verifier) {
		const struct verifier_status *verifier = &status->verifier;
		static const char *const results[] = {
			[VERIFICATION_NONE] = "not started",
			[VERIFICATION_RUNNING] = "under way",
			[VERIFICATION_FAILED] = "could not be found out",
			[VERIFICATION_EQUAL] = "equal",
			[VERIFICATION_DIFFERENT] = "DIFFERENT",
		};

		buf_clear(&line);
		buf_printf(&line, "%s: %s%s%s", verifier->type, results[verifier->result],
			   *verifier->message ? ", " : "", verifier->message);
		put_row(out, "Verification", buf_text(&line));
	}
	buf_puts(out, "</table>\n");
	buf_release(&line);
}

/* A button per post that a person may want, where it would do something. */
static void put_buttons(struct buf *out, const struct ferry_status *status)
{
	/* Once the cutover has begun there is nothing to allow or to take back. */
	bool is_on = status->phase != PHASE_DONE;
	bool is_before_cutover = is_on && status->phase != PHASE_CUTOVER;
	const struct {
		const char *path, *field, *value, *label;
		bool is_shown;
	} buttons[] = {
		{ "/api/verify", "", "", "Run verification",
		  status->has_verifier && status->verifier.is_available },
		{ "/api/pause", "", "", "Pause", is_on && !status->is_paused },
		{ "/api/unpause", "", "", "Unpause", is_on && status->is_paused },
		{ "/api/cutover", "type", "automatic", "Allow automatic cutover",
		  is_before_cutover && !status->automatic_cutover },
		{ "/api/cutover", "type", "manual", "Disallow automatic cutover",
		  is_before_cutover && status->automatic_cutover },
	};

	for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
		if (!buttons[i].is_shown)
			continue;
		buf_printf(out, "<form method=\"post\" action=\"%s\">", buttons[i].path);
		if (*buttons[i].field)
			buf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"%s\">",
				   buttons[i].field, buttons[i].value);
		buf_printf(out, "<button>%s</button></form>\n", buttons[i].label);
	}
}

static void put_tables(struct buf *out, const struct ferry_status *status)
{
	size_t *order = status_table_order(status);

	buf_puts(out, "<h2>Tables</h2>\n<table><tr><th>Table</th><th>Key</th><th>Status</th>"
		      "<th>Rows written</th><th>Rows (estimate)</th></tr>\n");
	for (size_t i = 0; i < status->table_count; i++) {
		const struct ferry_table_status *table = &status->tables[order[i]];

		buf_puts(out, "<tr><td>");
		page_escape(out, table->name);
		buf_puts(out, "</td><td>");
		page_escape(out, table->key_column ? table->key_column : "");
		buf_puts(out, "</td><td>");
		page_escape(out, table->action);
		buf_printf(out, "</td><td>%" PRIu64 "</td><td>%" PRIu64 "</td></tr>\n",
			   table->rows_written, table->estimated_rows);
	}
	buf_puts(out, "</table>\n");
	free(order);
}

static void put_script(struct buf *out, const struct scripts *scripts, size_t index)
{
	struct script_status status;
	struct buf output = BUF_INIT;

	scripts_status(scripts, index, &status);
	scripts_output(scripts, index, &output);
	buf_puts(out, "<tr><td>");
	page_escape(out, status.name);
	buf_puts(out, "</td><td><form method=\"post\" action=\"/api/script\">"
		      "<input type=\"hidden\" name=\"script\" value=\"");
	page_escape(out, status.name);
	buf_puts(out, "\"><button>Run</button></form></td><td>");
	page_escape(out, status.text);
	buf_puts(out, "</td><td><pre>");
	page_escape(out, buf_text(&output));
	buf_puts(out, "</pre></td></tr>\n");
	buf_release(&output);
}

static void put_scripts(struct buf *out, const struct scripts *scripts)
{
	if (scripts_count(scripts) == 0)
		return;
	buf_puts(out, "<h2>Custom scripts</h2>\n<table><tr><th>Name</th><th></th><th>Status</th>"
		      "<th>Output</th></tr>\n");
	for (size_t i = 0; i < scripts_count(scripts); i++)
		put_script(out, scripts, i);
	buf_puts(out, "</table>\n");
}

void page_write(struct buf *out, const struct status_view *view)
{
	const struct ferry_status *status = view->status;

	buf_puts(out, head);
	if (status->phase != PHASE_DONE)
		buf_puts(out, "<meta http-equiv=\"refresh\" content=\"60\">");
	buf_puts(out, "<title>Ghostferry: ");
	page_escape(out, status->source_address);
	buf_puts(out, " -&gt; ");
	page_escape(out, status->target_address);
	buf_puts(out, "</title>");
	buf_puts(out, style);
	buf_puts(out, "<h1>ghostferry-copydb</h1>\n");
	put_overall(out, view);
	put_buttons(out, status);
	put_scripts(out, view->scripts);
	put_tables(out, status);
	buf_puts(out, "</body></html>\n");
}
