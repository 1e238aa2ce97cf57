/* rows: the images of both servers for the same statements, in the form of
 * db/sql.h, and rows events that are cut off, incomplete or of other kinds. */
#include "../binlog_sample.h"

#define COLUMNS 17

static const char *const row_1[COLUMNS] = {
	"1",
	"n'\xc3\xa9",
	"-12.50",
	"2",
	"3",
	"c",
	"\x01\0\0", /* BINARY(4): sent as 01, padded */
	"513",
	"2024-02-29 01:02:03.456",
	"2024-02-29 01:02:03.456789",
	"-12:34:56.78",
	"2024-02-29",
	"2024",
	"1.5",
	"-2.25",
	"text",
	"-5",
};

struct seen {
	unsigned count;
	enum row_change_kind kinds[4];
	char *text[4]; /* owned */
	bool refuse;
};

typedef bool row_function(void *context, const struct row_change *change, struct error *err);

static bool each_row(struct row_decoder *decoder, const struct binlog_event *event,
		     const struct binlog_format *format, const struct binlog_table_map *map,
		     row_function *see_row, void *context, struct error *err)
{
	enum rows_result result;
	struct row_change change;

	if (!row_decoder_begin(decoder, event, format, map, err))
		return false;
	while ((result = row_decoder_next(decoder, &change, err)) == ROWS_NEXT)
		if (!see_row(context, &change, err))
			return false;
	return result == ROWS_END;
}

static void put_image(struct buf *text, const struct value *values)
{
	for (unsigned i = 0; values && i < COLUMNS; i++) {
		if (i > 0)
			buf_putc(text, '|');
		if (!values[i].bytes)
			buf_puts(text, "NULL");
		else if (sample_columns[i].type == COLUMN_BINARY)
			buf_put_hex(text, values[i].bytes, values[i].length);
		else
			buf_add(text, values[i].bytes, values[i].length);
	}
}

static bool see(void *context, const struct row_change *change, struct error *err)
{
	struct seen *seen = context;
	struct buf text = BUF_INIT;

	if (seen->refuse)
		return error_set(err, ERROR_STOPPED, "refused");
	assert_true(seen->count < ARRAY_LEN(seen->text));
	assert_string_equal(change->table->full_name, "v.t");
	assert_int_equal(change->before != NULL, change->kind != ROW_INSERT);
	assert_int_equal(change->after != NULL, change->kind != ROW_DELETE);
	put_image(&text, change->before);
	buf_puts(&text, " -> ");
	put_image(&text, change->after);
	seen->kinds[seen->count] = change->kind;
	seen->text[seen->count++] = buf_take(&text);
	return true;
}

static void forget(struct seen *seen)
{
	for (unsigned i = 0; i < seen->count; i++)
		free(seen->text[i]);
	*seen = (struct seen){ .count = 0 };
}

static char *image_of(const char *const *texts)
{
	struct value values[COLUMNS];
	struct buf text = BUF_INIT;

	for (unsigned i = 0; i < COLUMNS; i++) {
		values[i].bytes = texts[i];
		values[i].length = texts[i] ? strlen(texts[i]) : 0;
		if (texts[i] && sample_columns[i].type == COLUMN_BINARY)
			values[i].length = sample_columns[i].max_octets;
	}
	put_image(&text, values);
	return buf_take(&text);
}

static bool decode(const char *map_hex, struct binlog_event *event, struct seen *seen,
		   struct error *err)
{
	struct row_decoder *decoder = row_decoder_new();
	struct binlog_format format = sample_format();
	struct table table = sample_table();
	struct binlog_table_map map;
	bool ok;

	sample_map(map_hex, &map);
	map.table = &table;
	ok = binlog_table_map_check(&map, &table, err) &&
	     each_row(decoder, event, &format, &map, see, seen, err);
	binlog_table_map_release(&map);
	row_decoder_free(decoder);
	return ok;
}

static void check_decoded(const char *map_hex, const char *rows_hex, enum row_change_kind kind,
			  const char *const *wants, unsigned count)
{
	struct seen seen = { .count = 0 };
	struct binlog_event event;
	struct bytes b = sample_event(rows_hex, &event);
	struct error err = ERROR_INIT;

	if (!decode(map_hex, &event, &seen, &err))
		fail_msg("%s", err.text);
	assert_int_equal(seen.count, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(seen.kinds[i], kind);
		assert_string_equal(seen.text[i], wants[i]);
	}
	forget(&seen);
	free(b.at);
}

TEST(images)
{
	static const char *const nulls[COLUMNS] = { "4294967295" };
	const char *updated[COLUMNS];
	char *first, *second, *last;
	char text[2][1024], update[1024], deleted[1024];
	const char *inserts[] = { text[0], text[1] };
	const char *updates[] = { update };
	const char *deletes[] = { deleted };

	memcpy(updated, row_1, sizeof(updated));
	updated[2] = "0.05";
	updated[16] = "8388607";
	first = image_of(row_1);
	second = image_of(updated);
	last = image_of(nulls);
	snprintf(text[0], sizeof(text[0]), " -> %s", first);
	snprintf(text[1], sizeof(text[1]), " -> %s", last);
	snprintf(update, sizeof(update), "%s -> %s", first, second);
	snprintf(deleted, sizeof(deleted), "%s -> ", last);

	check_decoded(sample_mysql_map, sample_mysql_write, ROW_INSERT, inserts, 2);
	check_decoded(sample_mysql_map, sample_mysql_update, ROW_UPDATE, updates, 1);
	check_decoded(sample_mysql_map, sample_mysql_delete, ROW_DELETE, deletes, 1);
	check_decoded(sample_mariadb_map, sample_mariadb_write, ROW_INSERT, inserts, 2);
	check_decoded(sample_mariadb_map, sample_mariadb_update, ROW_UPDATE, updates, 1);
	check_decoded(sample_mariadb_map, sample_mariadb_delete, ROW_DELETE, deletes, 1);
	free(first);
	free(second);
	free(last);
}

/* Cut at every byte: an error, or between two rows the rows before. */
static void truncate_rows(const char *map_hex, const char *rows_hex, size_t first_row)
{
	struct binlog_event event;
	struct bytes all = sample_event(rows_hex, &event);
	unsigned accepted = 0;

	for (size_t n = EVENT_HEADER_SIZE; n < all.length - 4; n++) {
		struct bytes b = bytes_copy(all.at, n);
		struct seen seen = { .count = 0 };
		struct error err = ERROR_INIT;

		event.body = reader_over(b.at + EVENT_HEADER_SIZE, n - EVENT_HEADER_SIZE);
		if (decode(map_hex, &event, &seen, &err)) {
			assert_true(n >= first_row);
			assert_int_equal(seen.count, accepted);
			accepted++;
		} else {
			assert_int_equal(err.kind, ERROR_CORRUPT);
		}
		forget(&seen);
		free(b.at);
	}
	/* No row, and for the inserts the first of two. */
	assert_int_equal(accepted,
			 event.type == EVENT_WRITE_ROWS_V1 || event.type == EVENT_WRITE_ROWS_V2 ? 2 :
												  1);
	free(all.at);
}

TEST(rejects_every_truncation)
{
	truncate_rows(sample_mysql_map, sample_mysql_write, EVENT_HEADER_SIZE + 14);
	truncate_rows(sample_mysql_map, sample_mysql_update, EVENT_HEADER_SIZE + 17);
	truncate_rows(sample_mysql_map, sample_mysql_delete, EVENT_HEADER_SIZE + 14);
	truncate_rows(sample_mariadb_map, sample_mariadb_write, EVENT_HEADER_SIZE + 12);
	truncate_rows(sample_mariadb_map, sample_mariadb_update, EVENT_HEADER_SIZE + 15);
	truncate_rows(sample_mariadb_map, sample_mariadb_delete, EVENT_HEADER_SIZE + 12);
}

static void check_refused(const char *rows_hex, size_t at, uint8_t byte, enum error_kind kind,
			  const char *text)
{
	struct binlog_event event;
	struct bytes b = sample_event(rows_hex, &event);
	struct seen seen = { .count = 0 };
	struct error err = ERROR_INIT;

	b.at[EVENT_HEADER_SIZE + at] = byte;
	assert_false(decode(sample_mysql_map, &event, &seen, &err));
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, "table v.t"));
	assert_non_null(strstr(err.text, text));
	assert_int_equal(seen.count, 0);
	forget(&seen);
	free(b.at);
}

/* Offsets in the body: extra length 8, columns 10, bitmaps 11 and 14. */
TEST(images_that_are_not_full)
{
	check_refused(sample_mysql_write, 11, 0xfe, ERROR_UNSUPPORTED, "binlog_row_image=FULL");
	check_refused(sample_mysql_write, 13, 0x00, ERROR_UNSUPPORTED, "binlog_row_image=FULL");
	check_refused(sample_mysql_update, 12, 0x7f, ERROR_UNSUPPORTED, "binlog_row_image=FULL");
	check_refused(sample_mysql_delete, 11, 0x01, ERROR_UNSUPPORTED, "binlog_row_image=FULL");
}

TEST(bits_behind_the_last_column_mean_nothing)
{
	struct binlog_event event;
	struct bytes b = sample_event(sample_mysql_delete, &event);
	struct seen seen = { .count = 0 };
	struct error err = ERROR_INIT;

	b.at[EVENT_HEADER_SIZE + 13] = 0x01;
	assert_true(decode(sample_mysql_map, &event, &seen, &err));
	assert_int_equal(seen.count, 1);
	forget(&seen);
	free(b.at);
}

TEST(rows_that_do_not_fit_their_map)
{
	check_refused(sample_mysql_write, 10, 16, ERROR_CORRUPT, "rows of 16 columns");
	check_refused(sample_mysql_write, 10, 18, ERROR_CORRUPT, "rows of 18 columns");
	check_refused(sample_mysql_write, 8, 1, ERROR_CORRUPT, "cut short");
	check_refused(sample_mysql_write, 9, 0xff, ERROR_CORRUPT, "cut short");
	/* The year 10082 in the first row's DATETIME is named with its column. */
	check_refused(sample_mysql_write, 47, 0xff, ERROR_CORRUPT, "column 10 (`dt`");
}

TEST(extra_data_is_skipped)
{
	struct binlog_event event;
	struct bytes b = sample_event(sample_mysql_delete, &event);
	size_t size = b.length - EVENT_HEADER_SIZE - 4;
	uint8_t *body = malloc(size + 3);
	struct seen seen = { .count = 0 };
	struct error err = ERROR_INIT;

	assert_non_null(body);
	memcpy(body, b.at + EVENT_HEADER_SIZE, 10);
	body[8] = 5;
	memset(body + 10, 0xee, 3);
	memcpy(body + 13, b.at + EVENT_HEADER_SIZE + 10, size - 10);
	event.body = reader_over(body, size + 3);
	assert_true(decode(sample_mysql_map, &event, &seen, &err));
	assert_int_equal(seen.count, 1);
	forget(&seen);
	free(body);
	free(b.at);
}

/* From servers before MySQL 5.1.4 the id has four bytes. */
TEST(short_ids)
{
	struct row_decoder *decoder = row_decoder_new();
	struct binlog_format format = sample_format();
	struct table table = sample_table();
	struct binlog_table_map map;
	struct binlog_event event;
	struct bytes b = sample_event(sample_mariadb_delete, &event);
	struct seen seen = { .count = 0 };
	struct error err = ERROR_INIT;

	format.header_sizes[EVENT_DELETE_ROWS_V1] = 6;
	event.body.at += 2;
	sample_map(sample_mariadb_map, &map);
	map.table = &table;
	assert_true(each_row(decoder, &event, &format, &map, see, &seen, &err));
	assert_int_equal(seen.count, 1);
	forget(&seen);
	binlog_table_map_release(&map);
	row_decoder_free(decoder);
	free(b.at);
}

static bool see_number(void *context, const struct row_change *change, struct error *err UNUSED)
{
	struct buf *text = context;

	buf_add(text, change->after[0].bytes, change->after[0].length);
	buf_putc(text, ' ');
	return true;
}

/* Of hidden columns behind those of the schema, eight bytes each, or NULL. */
TEST(hidden_columns_are_skipped)
{
	static char name[] = "id", full_name[] = "v.h";
	struct column column = { .name = name, .raw_type = sample_type, .type = COLUMN_INT };
	struct table table = { .full_name = full_name, .columns = &column, .column_count = 1 };
	struct binlog_column in[3] = { { .type = 3 }, { .type = 8 }, { .type = 8 } };
	struct binlog_table_map map = {
		.columns = in, .column_count = 3, .known_count = 3, .table = &table
	};
	struct bytes b = bytes_of_hex("070000000000 0100 03 ff"
				      "f8 01000000 aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb"
				      "fa 02000000 cccccccccccccccc" /* the first is NULL */
				      "fe 03000000"
				      "fc 04000000 dddddddddddddddd"); /* the second */
	struct row_decoder *decoder = row_decoder_new();
	struct binlog_format format = sample_format();
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	for (size_t cut = 0; cut < 2; cut++) {
		struct binlog_event event = { .type = EVENT_WRITE_ROWS_V1,
					      .body = reader_over(b.at, b.length - cut) };

		buf_clear(&text);
		assert_int_equal(each_row(decoder, &event, &format, &map, see_number, &text, &err),
				 !cut);
		assert_string_equal(buf_text(&text), cut ? "1 2 3 " : "1 2 3 4 ");
	}
	buf_release(&text);
	row_decoder_free(decoder);
	free(b.at);
}

static bool see_values(void *context, const struct row_change *change, struct error *err UNUSED)
{
	const struct value *images[] = { change->before, change->after };

	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		for (unsigned c = 0; images[i] && c < change->table->column_count; c++)
			buf_printf(context, "%.*s,",
				   images[i][c].bytes ? (int)images[i][c].length : 4,
				   images[i][c].bytes ? images[i][c].bytes : "NULL");
		buf_putc(context, i ? ';' : '>');
	}
	return true;
}

/* MariaDB 11.8: nd (id INT, a INT, g INT AS (a + 1) STORED, t TEXT UNIQUE), with a hidden
 * hash: updates and deletes have neither g nor the hash; with FULL_NODUP the image after an
 * update has but what changed. */
TEST(columns_that_are_left_out)
{
	static char names[4][3] = { "id", "a", "g", "t" }, full_name[] = "v.nd";
	struct column columns[4] = {
		{ .type = COLUMN_INT },
		{ .type = COLUMN_INT },
		{ .type = COLUMN_INT, .generation = COLUMN_STORED },
		{ .type = COLUMN_TEXT, .length_bytes = 2 },
	};
	struct table table = { .full_name = full_name, .columns = columns, .column_count = 4 };
	struct binlog_column in[5] = {
		{ .type = 3 }, { .type = 3 }, { .type = 3 }, { .type = 252, .meta = 2 },
		{ .type = 8 },
	};
	struct binlog_table_map map = {
		.columns = in, .column_count = 5, .known_count = 5, .table = &table
	};
	static const struct {
		uint8_t type;
		const char *hex;
		const char *wants; /* NULL: refused, as a plain column is missing */
	} events[] = {
		{ EVENT_WRITE_ROWS_V1,
		  "05 1f e0 01000000 02000000 03000000 0100 78 aaaaaaaaaaaaaaaa", ">1,2,3,x,;" },
		{ EVENT_UPDATE_ROWS_V1, "05 0b 0b f8 01000000 02000000 0100 78 fc 01000000 05000000",
		  "1,2,NULL,x,>1,5,NULL,NULL,;" },
		{ EVENT_UPDATE_ROWS_V1, "05 0b 02 f8 01000000 02000000 0100 78 fe 05000000",
		  "1,2,NULL,x,>1,5,NULL,x,;" },
		{ EVENT_UPDATE_ROWS_V1, "05 0b 08 f8 01000000 02000000 0100 78 ff",
		  "1,2,NULL,x,>1,2,NULL,NULL,;" },
		{ EVENT_UPDATE_ROWS_V1,
		  "05 0f 06 f0 01000000 02000000 03000000 0100 78 fc 07000000 08000000",
		  "1,2,3,x,>1,7,8,x,;" },
		{ EVENT_UPDATE_ROWS_V1, "05 0f 02 f0 01000000 02000000 03000000 0100 78 fe 07000000",
		  "1,2,3,x,>1,7,NULL,x,;" },
		{ EVENT_DELETE_ROWS_V1, "05 0b f8 01000000 02000000 0100 78", "1,2,NULL,x,>;" },
		{ EVENT_DELETE_ROWS_V1, "05 03 fc 01000000 02000000", NULL },
		{ EVENT_UPDATE_ROWS_V1, "05 0a 0b fc 02000000 0100 78 f8 01000000 05000000 0100 78",
		  NULL },
		{ EVENT_WRITE_ROWS_V1, "05 1d f0 01000000 03000000 0100 78 aaaaaaaaaaaaaaaa", NULL },
	};

	for (unsigned i = 0; i < 4; i++) {
		columns[i].name = names[i];
		columns[i].raw_type = sample_type;
		columns[i].position = i;
	}
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		char hex[200];
		snprintf(hex, sizeof(hex), "070000000000 0100 %s", events[i].hex);
		struct bytes b = bytes_of_hex(hex);
		struct binlog_event event = { .type = events[i].type,
					      .body = reader_over(b.at, b.length) };
		struct row_decoder *decoder = row_decoder_new();
		struct binlog_format format = sample_format();
		struct buf text = BUF_INIT;
		struct error err = ERROR_INIT;

		bool ok = each_row(decoder, &event, &format, &map, see_values, &text, &err);

		assert_int_equal(ok, events[i].wants != NULL);
		if (ok)
			assert_string_equal(buf_text(&text), events[i].wants);
		else
			assert_non_null(strstr(err.text, "binlog_row_image=FULL"));
		buf_release(&text);
		row_decoder_free(decoder);
		free(b.at);
	}
}

TEST(other_events_are_refused)
{
	static const uint8_t types[] = { EVENT_PARTIAL_UPDATE_ROWS,
					 EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1, 99 };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct binlog_event event;
		struct bytes b = sample_event(sample_mysql_write, &event);
		struct seen seen = { .count = 0 };
		struct error err = ERROR_INIT;

		event.type = types[i];
		assert_false(decode(sample_mysql_map, &event, &seen, &err));
		assert_int_equal(err.kind, ERROR_UNSUPPORTED);
		free(b.at);
	}
}

TEST(the_handler_may_refuse)
{
	struct binlog_event event;
	struct bytes b = sample_event(sample_mysql_write, &event);
	struct seen seen = { .refuse = true };
	struct error err = ERROR_INIT;

	assert_false(decode(sample_mysql_map, &event, &seen, &err));
	assert_int_equal(err.kind, ERROR_STOPPED);
	free(b.at);
}

TEST_MAIN(cmocka_unit_test(images), cmocka_unit_test(rejects_every_truncation),
	  cmocka_unit_test(images_that_are_not_full),
	  cmocka_unit_test(bits_behind_the_last_column_mean_nothing),
	  cmocka_unit_test(rows_that_do_not_fit_their_map), cmocka_unit_test(extra_data_is_skipped),
	  cmocka_unit_test(short_ids), cmocka_unit_test(hidden_columns_are_skipped),
	  cmocka_unit_test(columns_that_are_left_out), cmocka_unit_test(other_events_are_refused),
	  cmocka_unit_test(the_handler_may_refuse))
