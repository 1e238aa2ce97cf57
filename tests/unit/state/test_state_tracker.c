/* Progress under one lock, asked for while it is made. */
#include "plan/findings.h"
#include "state/state_write.h"
#include "../table_fixture.h"
#include "../unit.h"

static struct fixture fixture;
static struct moved_tables tables;
static struct state_tracker tracker;
static atomic_bool is_over;

static int set_up(void **state UNUSED)
{
	static const struct move_options options = { .target.marginalia = "x" };
	struct findings findings;
	struct table *t;

	fixture_init(&fixture);
	t = fixture_table(&fixture, "abc", "t1");
	fixture_column(t, "id", COLUMN_BIGINT, "bigint", "");
	fixture_index(t, "PRIMARY", true, "id");
	findings_init(&findings);
	moved_tables_make(&options, NULL, &fixture.schema, &tables, &findings);
	findings_release(&findings);
	state_tracker_init(&tracker);
	state_tracker_set_tables(&tracker, &tables);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	state_tracker_destroy(&tracker);
	moved_tables_release(&tables);
	fixture_release(&fixture);
	return 0;
}

TEST(counts_rows_and_bytes)
{
	const struct moved_table *t = tables.tables[0];

	assert_true(tracker.state.start_time > 0);
	assert_false(tracker.state.tables[0].is_active);
	state_tracker_started(&tracker, t);
	assert_true(tracker.state.tables[0].is_active);
	state_tracker_batch_written(&tracker, t, 10, 1000);
	state_tracker_batch_written(&tracker, t, 5, 500);
	state_tracker_changes_applied(&tracker, 3);
	assert_int_equal(tracker.state.tables[0].written.rows, 15);
	assert_int_equal(tracker.state.rows_written, 15);
	assert_int_equal(tracker.state.bytes_written, 1500);
	assert_int_equal(tracker.state.changes_applied, 3);
}

TEST(walks_the_phases)
{
	assert_int_equal(state_tracker_phase(&tracker), PHASE_STARTING);
	state_tracker_set_phase(&tracker, PHASE_COPYING);
	state_tracker_set_phase(&tracker, PHASE_WAIT_FOR_CUTOVER);
	state_tracker_set_phase(&tracker, PHASE_CUTOVER);
	state_tracker_set_phase(&tracker, PHASE_DONE);
	assert_int_equal(state_tracker_phase(&tracker), PHASE_DONE);
}

TEST(knows_no_position_at_first)
{
	struct binlog_position position = { .file = "b.1", .offset = 4 }, got;

	assert_false(state_tracker_position(&tracker, &got));
	state_tracker_start_at(&tracker, &position, false, NULL, NULL);
	assert_true(state_tracker_position(&tracker, &got));
	assert_string_equal(got.file, "b.1");
}

TEST(a_run_id_is_new_or_kept)
{
	char first[RUN_ID_SIZE];

	state_tracker_begin(&tracker, NULL);
	memcpy(first, tracker.state.run_id, sizeof(first));
	assert_int_equal(strlen(first), 32);
	/* Another program's state has none: the locks are named by this one already. */
	state_tracker_begin(&tracker, "");
	assert_string_equal(first, tracker.state.run_id);
	state_tracker_destroy(&tracker);
	state_tracker_init(&tracker);
	state_tracker_begin(&tracker, NULL);
	assert_string_not_equal(first, tracker.state.run_id);
	state_tracker_begin(&tracker, first);
	assert_string_equal(first, tracker.state.run_id);
}

static void advance(void *unused UNUSED)
{
	const struct moved_table *t = tables.tables[0];
	struct key key = KEY_INIT;
	char digits[24];

	for (int i = 1; i <= 20000; i++) {
		struct value value = { digits, (size_t)snprintf(digits, sizeof(digits), "%d", i) };

		key_set(&key, &value, 1);
		state_tracker_copied_up_to(&tracker, t, &key);
		state_tracker_batch_written(&tracker, t, 1, 10);
	}
	key_release(&key);
	atomic_store(&is_over, true);
}

static void write_state(const struct state_schema *schema, struct buf *out)
{
	const struct state_parts parts = { .schema = schema };
	struct run_state snapshot;

	state_tracker_snapshot(&tracker, &snapshot);
	state_write(out, &tracker, &snapshot, &parts);
	run_state_release(&snapshot);
}

TEST(a_dump_is_whole_while_others_go_on)
{
	struct thread thread = { 0 };
	struct buf out = BUF_INIT;
	struct error err;
	cJSON *tree;
	struct state_schema schema;

	state_schema_make(&schema, &fixture.schema);
	thread_start(&thread, "advance", advance, NULL);
	while (!atomic_load(&is_over)) {
		buf_clear(&out);
		write_state(&schema, &out);
		tree = json_parse(out.data, out.length, &err);
		assert_non_null(tree);
		cJSON_Delete(tree);
	}
	thread_join(&thread);
	buf_clear(&out);
	write_state(NULL, &out);
	assert_non_null(strstr(out.data, "\"abc.t1\": 20000"));
	buf_release(&out);
	state_schema_release(&schema);
}

TEST_MAIN(CASE(counts_rows_and_bytes), CASE(walks_the_phases), CASE(knows_no_position_at_first),
	  CASE(a_run_id_is_new_or_kept), CASE(a_dump_is_whole_while_others_go_on))
