/* A list with one table per line in the order in which they are copied. */
#include "dry_run.h"

#include <string.h>

#include "base/printable.h"
#include "control/progress.h"

void findings_text(struct buf *out, const struct findings *findings)
{
	static const char *const severities[] = {
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_ERROR] = "error",
	};

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		buf_printf(out, "%s: ", severities[finding->severity]);
		printable_put(out, finding->text);
		buf_putc(out, '\n');
		if (!finding->remedy || !*finding->remedy)
			continue;
		buf_puts(out, "  remedy: ");
		printable_put(out, finding->remedy);
		/* A name with a line end in it has no other form in SQL: such a statement is to
		 * be finished by hand. */
		if (strpbrk(finding->remedy, "\n\r\t"))
			buf_puts(out, " (where \\n, \\r or \\t stands for that character itself)");
		buf_putc(out, '\n');
	}
}

static void put_table(struct buf *out, const struct moved_table *table)
{
	const struct table *source = table->source;
	const struct key_columns *key = &table->key;

	buf_puts(out, "  ");
	printable_put(out, source->full_name);
	if (strcmp(table->target_schema, source->schema) != 0 ||
	    strcmp(table->target_name, source->name) != 0) {
		buf_puts(out, " -> ");
		printable_put(out, table->target_schema);
		buf_putc(out, '.');
		printable_put(out, table->target_name);
	}
	buf_puts(out, ": key ");
	if (key->count == 0)
		buf_puts(out, "none");
	for (unsigned i = 0; i < key->count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		printable_put(out, key->table->columns[key->columns[i]].name);
	}
	buf_puts(out, ", about ");
	progress_put_count(out, (double)source->estimated_rows);
	buf_puts(out, " rows, ");
	progress_put_count(out, (double)source->data_bytes);
	buf_puts(out, "B\n");
}

void dry_run_text(struct buf *out, const struct moved_tables *tables,
		  const struct findings *findings)
{
	size_t errors = findings_errors(findings);
	double rows = 0, bytes = 0;

	buf_printf(out, "%zu table%s would be moved:\n", tables->count,
		   tables->count == 1 ? "" : "s");
	for (size_t i = 0; i < tables->count; i++)
		put_table(out, tables->tables[i]);
	for (size_t i = 0; i < tables->count; i++) {
		rows += (double)tables->tables[i]->source->estimated_rows;
		bytes += (double)tables->tables[i]->source->data_bytes;
	}
	buf_puts(out, "in all about ");
	progress_put_count(out, rows);
	buf_puts(out, " rows, ");
	progress_put_count(out, bytes);
	buf_puts(out, "B\n");
	findings_text(out, findings);
	if (errors > 0)
		buf_printf(out, "%zu error%s must be fixed before anything can be moved\n", errors,
			   errors == 1 ? "" : "s");
	else
		buf_puts(out, "ready: nothing stands in the way\n");
	buf_puts(out, "exiting due to dryrun\n");
}
