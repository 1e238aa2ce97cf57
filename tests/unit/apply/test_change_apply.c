/* change_apply: what a batch of changes becomes, in how many transactions, and what is tried
 * again. Seen to fail with the first change of a key kept, with rows that were written sent
 * again after a lost connection, without the bound beside a copy, and without smaller
 * transactions after a deadlock. */
#include "../../../src/apply/change_apply.h"

#include <inttypes.h>

#include "../../../src/apply/apply_parts.h"
#include "../../../src/apply/displacement.h"
#include "base/log.h"
#include "plan/computed.h"
#include "rows/lax_writer.h"
#include "rows/target_write.h"
#include "../table_fixture.h"
#include "../unit.h"

#define ER_LOCK_DEADLOCK 1213

static struct fixture fixture;
static struct moved_table table;
static struct move_options options;
static struct table_sync shared;
static struct stop stop;
static struct run run;
static struct table_queue queue;
static struct apply_parts parts;
static struct change *first, **end;
static char insert_head[] = "INSERT ", insert_tail[] = " TAIL";
static char replace_head[] = "REPLACE ", delete_head[] = "DELETE ";

/* "k": the next transaction is committed; "d": a deadlock, "l": lost, "x": bad data, "s":
 * as "k", and the run ends; "u": LOAD DATA is unsuited, "U": and the connection is lost in the roll
 * back. Behind the end: committed. */
static const char *script;
static bool shows_rows; /* in sent: how many rows, not the texts */
static struct buf sent;
static unsigned displacements;
static unsigned unsuited_loads;
static bool is_broken;

/* --- the target ---------------------------------------------------------------------- */

static bool answer(struct error *err)
{
	char step = *script ? *script++ : 'k';

	is_broken = step == 'U';
	if (step == 's')
		stop_set(&stop);
	if (step == 'k' || step == 's')
		return true;
	buf_putc(&sent, '!');
	error_set(err, step == 'x' ? ERROR_DATA : step == 'l' ? ERROR_LOST : ERROR_BUSY, "no");
	if (step == 'd')
		err->server_code = ER_LOCK_DEADLOCK;
	return false;
}

static void send(const struct write_statement *statements, size_t count)
{
	uint64_t rows = 0;

	buf_puts(&sent, sent.length ? " | " : "");
	for (size_t i = 0; i < count; i++) {
		rows += statements[i].rows;
		if (statements[i].text.length > 0)
			buf_printf(&sent, "%s%s %s", i ? "; " : "",
				   strstr(buf_text(&statements[i].sql), "REPLACE INTO") ? "LOAD" :
											  "?",
				   buf_text(&statements[i].text));
		else if (!shows_rows)
			buf_printf(&sent, "%s%s", i ? "; " : "", buf_text(&statements[i].sql));
	}
	if (shows_rows)
		buf_printf(&sent, "%" PRIu64 "%s", rows, shared.claims.is_alone ? " alone" : "");
}

bool write_statements(struct db *target UNUSED, const struct write_statement *statements,
		      size_t count, struct error *err)
{
	char step = *script;

	send(statements, count);
	if (step == 'u' || step == 'U')
		*statements[0].is_unsuited = true;
	return answer(err);
}

void run_count_unsuited_load(struct run *of UNUSED, const struct moved_table *for_table UNUSED)
{
	unsuited_loads++;
}

bool run_takes_loads_of(const struct run *of UNUSED, const struct moved_table *for_table UNUSED)
{
	return unsuited_loads < 3;
}

bool db_is_broken(const struct db *db UNUSED)
{
	return is_broken;
}

const char *db_label(const struct db *db UNUSED)
{
	return "target";
}

void computed_put_timestamp(struct buf *sql UNUSED, const struct moved_table *of UNUSED,
			    const struct column *column UNUSED, struct value value UNUSED)
{
}

bool write_begin(struct db *target UNUSED, const struct write_statement *statements, size_t count,
		 struct error *err UNUSED)
{
	send(statements, count);
	*statements[count - 1].affected += 1;
	return true;
}

bool write_end(struct db *target UNUSED, bool ok, bool *is_uncertain, struct error *err)
{
	*is_uncertain = false;
	return ok && answer(err);
}

void write_statement_release(struct write_statement *statement)
{
	buf_release(&statement->sql);
	buf_release(&statement->text);
}

uint64_t write_packet_limit(const struct db *target UNUSED)
{
	return 1 << 20;
}

bool write_is_too_large(const struct moved_table *of UNUSED, const char *what UNUSED,
			size_t length UNUSED, uint64_t packet_limit UNUSED, struct error *err UNUSED)
{
	return false;
}

bool lax_is_refusal(const struct error *err)
{
	return err->kind == ERROR_DATA || err->kind == ERROR_SQL;
}

bool db_ready(struct db *db UNUSED, struct error *err UNUSED)
{
	return true;
}

struct retry run_write_begin(struct run *of, const char *verb, const char *tag)
{
	const struct retry_policy policy = { .verb = verb, .tag = tag, .attempts = 3 };

	return retry_begin(&policy, of->stop);
}

void displacement_init(struct displacement *d, struct run *of UNUSED,
		       const struct moved_table *for_table, struct change *changes)
{
	*d = (struct displacement){ .table = for_table, .changes = changes };
	displacements++;
}

bool displacement_resolve(struct displacement *d, struct db *target UNUSED, struct error *err)
{
	/* What the statements inserted in this attempt alone. */
	buf_printf(&sent, " (%" PRIu64 " of %" PRIu64 ")", d->inserted, d->rows);
	return answer(err);
}

void displacement_end(struct displacement *d UNUSED)
{
	displacements--;
}

/* --- set-up -------------------------------------------------------------------------- */

static int set_up(void **state UNUSED)
{
	struct table *t;

	fixture_init(&fixture);
	t = fixture_table(&fixture, "abc", "t");
	fixture_column(t, "id", COLUMN_INT, "int", "");
	table = (struct moved_table){ .source = t,
				      .key = { .table = t, .count = 1 },
				      .insert_head = insert_head,
				      .insert_tail = insert_tail,
				      .replace_head = replace_head,
				      .delete_head = delete_head };
	options = (struct move_options){ .batch_bytes = 1 << 20 };
	stop_init(&stop);
	fence_init(&shared.fence);
	write_claims_init(&shared.claims);
	apply_parts_init(&parts, NULL, NULL);
	run = (struct run){ .options = &options, .syncs = &shared, .stop = &stop };
	queue = (struct table_queue){ .table = &table, .rows_max = TABLE_QUEUE_ROWS_MAX };
	first = NULL;
	end = &first;
	script = "";
	shows_rows = false;
	unsuited_loads = 0;
	log_set_level(LOG_ERROR);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	for (struct change *next; first; first = next) {
		next = first->next;
		free(first);
	}
	assert_int_equal(displacements, 0);
	apply_parts_destroy(&parts);
	write_claims_destroy(&shared.claims);
	fence_destroy(&shared.fence);
	stop_destroy(&stop);
	buf_release(&sent);
	fixture_release(&fixture);
	return 0;
}

/* image "": a delete. */
static void add(unsigned id, const char *image)
{
	struct buf text = BUF_INIT;
	char key[20], order[20];
	int key_length = snprintf(key, sizeof(key), "`id` = %u", id);
	int order_length = snprintf(order, sizeof(order), "%06u", id);

	change_begin(&text);
	buf_printf(&text, "%s%s%s", key, image, order);
	*end = change_end(&text, (size_t)key_length, 0, (size_t)order_length, 0);
	end = &(*end)->next;
	buf_release(&text);
}

static void add_rows(unsigned count)
{
	for (unsigned id = count; id > 0; id--)
		add(id, "(1)");
}

static void check(const char *steps, const char *want, enum error_kind kind)
{
	struct error err = ERROR_INIT;

	script = steps;
	assert_int_equal(change_apply(&run, NULL, &parts, &queue, first, &err), kind == ERROR_NONE);
	if (kind != ERROR_NONE) {
		assert_int_equal(err.kind, kind);
		assert_non_null(strstr(err.text, "apply row changes of table abc.t: "));
	}
	assert_string_equal(buf_text(&sent), want);
	assert_false(shared.claims.is_alone);
	assert_null(shared.claims.rows);
	buf_clear(&sent);
}

/* --- tests --------------------------------------------------------------------------- */

static void add_a_batch(void)
{
	add(3, "(3,'c')");
	add(1, "(1,'a')");
	add(2, "");
	add(5, "");
	add(1, "(1,'b')");
	add(2, "(2,'x')");
	add(4, "(4,'y')");
	add(4, "");
}

TEST(the_last_change_of_each_key_in_the_order_of_the_index_deletes_first)
{
	add_a_batch();
	check("", "DELETE (`id` = 4) OR (`id` = 5) | REPLACE (1,'b'),(2,'x'),(3,'c')", ERROR_NONE);
}

TEST(where_rows_may_be_displaced_all_of_it_is_one_transaction)
{
	table.may_displace = true;
	add_a_batch();
	check("",
	      "DELETE (`id` = 1) OR (`id` = 2) OR (`id` = 3) OR (`id` = 4) OR (`id` = 5); "
	      "INSERT (1,'b'),(2,'x'),(3,'c') TAIL (1 of 3)",
	      ERROR_NONE);
}

TEST(a_batch_of_deletes_alone_or_of_none)
{
	add(1, "");
	check("", "DELETE (`id` = 1)", ERROR_NONE);
	add(1, "(1)");
	check("", "REPLACE (1)", ERROR_NONE);
}

TEST(what_is_committed_is_not_sent_again)
{
	add(1, "");
	add(2, "(2)");
	check("klk", "DELETE (`id` = 1) | REPLACE (2)! | REPLACE (2)", ERROR_NONE);
	queue.rows_max = 1;
	for (unsigned id = 3; id <= 5; id++)
		add(id, "(3)");
	check("kklk", "DELETE (`id` = 1) | REPLACE (2),(3) | REPLACE (3),(3)! | REPLACE (3),(3)",
	      ERROR_NONE);
}

TEST(transactions_are_small_beside_a_copy)
{
	shows_rows = true;
	add_rows(2500);
	check("", "2500", ERROR_NONE);
	uint64_t ticket = fence_issue(&shared.fence);

	check("", "1000 | 1000 | 500", ERROR_NONE);
	queue.rows_max = 900;
	check("", "900 | 1000 | 600", ERROR_NONE);
	fence_end(&shared.fence, ticket);
}

TEST(a_deadlock_makes_them_smaller_and_has_the_table_to_itself)
{
	shows_rows = true;
	add_rows(8);
	queue.rows_max = 8;
	check("dk", "8! | 4 alone | 4", ERROR_NONE);
	assert_int_equal(queue.rows_max, 8);
	check("ddk", "8! | 4 alone! | 2 alone | 4 | 2", ERROR_NONE);
	/* They grow again, up to a bound. */
	queue.rows_max = TABLE_QUEUE_ROWS_MAX - 1;
	check("", "8", ERROR_NONE);
	assert_int_equal(queue.rows_max, TABLE_QUEUE_ROWS_MAX - 1);
	queue.rows_max = 1;
	check("", "1 | 2 | 4 | 1", ERROR_NONE);
	check("l", "8! | 8", ERROR_NONE); /* no deadlock */
}

TEST(one_row_is_the_least)
{
	shows_rows = true;
	add_rows(1);
	check("d", "1! | 1 alone", ERROR_NONE);
	assert_int_equal(queue.rows_max, 2);
}

TEST(displacing_has_the_table_to_itself_while_it_is_copied_or_after_a_deadlock)
{
	shows_rows = true;
	table.may_displace = true;
	add_rows(2);
	check("", "4 (1 of 2)", ERROR_NONE);
	check("dkk", "4 (1 of 2)! | 4 alone (1 of 2)", ERROR_NONE);
	check("kdkk", "4 (1 of 2)! | 4 alone (1 of 2)", ERROR_NONE);
	check("l", "4 (1 of 2)! | 4 (1 of 2)", ERROR_NONE);
	uint64_t ticket = fence_issue(&shared.fence);

	check("", "4 alone (1 of 2)", ERROR_NONE);
	fence_end(&shared.fence, ticket);
}

static void add_lines(unsigned count)
{
	static unsigned written[] = { 0 };
	static char comment[] = "";
	struct change **from = end;

	table.written = written;
	table.written_count = ARRAY_LEN(written);
	table.comment = comment;
	table.target_schema = "abc";
	table.target_name = "t";
	for (unsigned id = 1; id <= count; id++) {
		char line[20];

		snprintf(line, sizeof(line), "%u\n", id);
		add(id, line);
	}
	for (struct change *change = *from; change; change = change->next)
		change->is_text = true;
}

#define LINES "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n"
#define TUPLES "(1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11),(12),(13),(14),(15),(16)"

/* Seen to fail with the rest of a batch loaded again, and with no bound. */
TEST(what_load_data_does_not_take_is_replaced)
{
	add_lines(16);
	check("", "LOAD " LINES, ERROR_NONE);
	check("l", "LOAD " LINES "! | LOAD " LINES, ERROR_NONE);
	check("U", "LOAD " LINES "! | LOAD " LINES, ERROR_NONE);
	check("u", "LOAD " LINES "! | REPLACE " TUPLES, ERROR_NONE);
	check("ux", "LOAD " LINES "! | REPLACE " TUPLES "!", ERROR_DATA);
	assert_int_equal(unsuited_loads, 3);
	check("", "REPLACE " TUPLES, ERROR_NONE);
	unsuited_loads = 0;
	add(17, "(17)"); /* too large for a line, or not to be stored by one */
	check("", "LOAD " LINES "; REPLACE (17)", ERROR_NONE);
	check("u", "LOAD " LINES "; REPLACE (17)! | REPLACE " TUPLES ",(17)", ERROR_NONE);
}

TEST(few_rows_are_not_worth_a_load)
{
	add_lines(3);
	check("", "REPLACE (1),(2),(3)", ERROR_NONE);
}

TEST(what_is_not_tried_again)
{
	for (int i = 0; i < 2; i++) {
		const char *counted = i ? " (1 of 2)" : "";
		char want[100];

		shows_rows = true;
		table.may_displace = i == 1;
		if (!first)
			add_rows(2);
		snprintf(want, sizeof(want), "%d%s!", i ? 4 : 2, counted);
		check("x", want, ERROR_DATA);
		snprintf(want, sizeof(want), "%d%s! | %d%s! | %d%s!", i ? 4 : 2, counted, i ? 4 : 2,
			 counted, i ? 4 : 2, counted);
		check("lll", want, ERROR_LOST);
	}
}

TEST(a_batch_in_parts_neither_too_small_nor_too_large)
{
	shows_rows = true;
	options.apply_workers = 4;
	add_rows(8);
	check("", "8", ERROR_NONE);
	options.apply_rows = 3; /* what a transaction may have */
	check("", "2 | 3 | 3", ERROR_NONE);
	options.apply_rows = 0;
	options.batch_bytes = 4 * 3 * change_size(first); /* a fourth of it is a part */
	check("", "4 | 4", ERROR_NONE);
	options.batch_bytes = 4;
	check("", "2 | 2 | 2 | 2", ERROR_NONE); /* not more than there are writers */
	table.may_displace = true;
	check("", "16 (1 of 8)", ERROR_NONE);
}

TEST(deletes_are_over_before_there_are_images)
{
	options.apply_workers = 2;
	options.batch_bytes = 4;
	add_a_batch();
	check("",
	      "DELETE (`id` = 4) | DELETE (`id` = 5) | REPLACE (1,'b') | REPLACE (2,'x'); REPLACE (3,'c')",
	      ERROR_NONE);
	check("x", "DELETE (`id` = 4)!", ERROR_DATA); /* the rest is not tried */
	check("d",
	      "DELETE (`id` = 4)! | DELETE (`id` = 4) | DELETE (`id` = 5) | REPLACE (1,'b')"
	      " | REPLACE (2,'x'); REPLACE (3,'c')",
	      ERROR_NONE);
}

TEST(the_run_ends_in_between)
{
	shows_rows = true;
	add_rows(3);
	queue.rows_max = 1;
	check("s", "1", ERROR_STOPPED);
}

TEST_MAIN(CASE(the_last_change_of_each_key_in_the_order_of_the_index_deletes_first),
	  CASE(where_rows_may_be_displaced_all_of_it_is_one_transaction),
	  CASE(a_batch_of_deletes_alone_or_of_none), CASE(what_is_committed_is_not_sent_again),
	  CASE(transactions_are_small_beside_a_copy),
	  CASE(a_deadlock_makes_them_smaller_and_has_the_table_to_itself),
	  CASE(one_row_is_the_least),
	  CASE(displacing_has_the_table_to_itself_while_it_is_copied_or_after_a_deadlock),
	  CASE(what_load_data_does_not_take_is_replaced), CASE(few_rows_are_not_worth_a_load),
	  CASE(what_is_not_tried_again), CASE(a_batch_in_parts_neither_too_small_nor_too_large),
	  CASE(deletes_are_over_before_there_are_images), CASE(the_run_ends_in_between))
