/* What the newest verification found, kept for the status. The message says the same as text; here
 * each row that differs is a value of its own. */
#include "verifier_priv.h"

#include <stdlib.h>

#include "base/mem.h"

void verifier_findings_free(struct verifier_finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(findings[i].key);
		free(findings[i].kind);
	}
	free(findings);
}

static void add(struct verifier *v, const struct table_report *t, const char *key, const char *kind)
{
	if (v->finding_count == VERIFIER_FINDINGS_MAX)
		return;
	v->findings = mem_resize(v->findings, v->finding_count + 1, sizeof(*v->findings));
	v->findings[v->finding_count++] = (struct verifier_finding){
		.table = t->f->table->source->full_name,
		.key = mem_strdup(key),
		.kind = mem_strdup(kind),
	};
}

static void add_table(struct verifier *v, const struct table_report *t)
{
	for (size_t k = 0; k < t->shown_count; k++)
		add(v, t, t->shown[k].key, difference_kind_name(t->shown[k].kind));
	if (t->f->finding)
		add(v, t, "", t->f->finding);
	else if (table_report_repeats_ids(t))
		add(v, t, "", "AUTO_INCREMENT is behind that of the source");
	else if (t->shown_count == 0)
		add(v, t, "", "the tables' sums differ, there is no key");
	v->different_rows += t->different;
}

void verifier_set_findings(struct verifier *v, const struct diff_report *report)
{
	verifier_findings_free(v->findings, v->finding_count);
	v->findings = NULL;
	v->finding_count = 0;
	v->different_rows = 0;
	for (size_t i = 0; report && i < report->count; i++)
		if (table_report_is_different(&report->tables[i]) && !v->tables[i].is_ignored)
			add_table(v, &report->tables[i]);
}

void verifier_copy_findings(const struct verifier *v, struct verifier_status *status)
{
	status->findings = mem_calloc(v->finding_count + 1, sizeof(*status->findings));
	status->finding_count = v->finding_count;
	status->different_rows = v->different_rows;
	for (size_t i = 0; i < v->finding_count; i++)
		status->findings[i] = (struct verifier_finding){
			.table = v->findings[i].table,
			.key = mem_strdup(v->findings[i].key),
			.kind = mem_strdup(v->findings[i].kind),
		};
}
