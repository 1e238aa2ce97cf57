/* The same name is not the same collation everywhere. Compared over all characters of all
 * collations that both flavours have: every utf8mb4_*_0900_* but _bin (MariaDB has them
 * since 11.4.5 as other names of its uca1400), *_croatian_ci and tis620_thai_ci differ
 * between MySQL and MariaDB; all others agree, as do those of one flavour's versions. */
#include "plan/collation.h"

#include <string.h>

#include "db/db_rows.h"
#include "db/type_text.h"

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool collation_is_exact(const char *name)
{
	return strcmp(name, "binary") == 0 || ends_with(name, "_0900_bin") ||
	       ends_with(name, "_nopad_bin");
}

bool collation_pads(const char *name)
{
	return strcmp(name, "binary") != 0 && !strstr(name, "_0900_") && !strstr(name, "_nopad_");
}

static bool is_the_flavours_own(const char *name)
{
	return (strstr(name, "_0900_") && !ends_with(name, "_bin")) ||
	       ends_with(name, "_croatian_ci") || strcmp(name, "tis620_thai_ci") == 0;
}

bool collation_agrees(const char *a, enum flavour of_a, const char *b, enum flavour of_b)
{
	const char *left = strchr(a, '_'), *right = strchr(b, '_');
	/* "utf8mb4_bin" and "utf8mb3_bin" compare alike. */
	bool same_name = collation_equal(a, b) || (left && right && strcmp(left, right) == 0);

	return same_name && (of_a == of_b || !is_the_flavours_own(a));
}

bool collation_merges(const struct column *source, enum flavour of_source, const char *there,
		      enum flavour of_there)
{
	return *there && source->collation[0] && source->member_count == 0 &&
	       !collation_is_exact(there) &&
	       !collation_agrees(source->collation, of_source, there, of_there);
}

bool collation_splits(const struct column *source, enum flavour of_source, const char *there,
		      enum flavour of_there)
{
	return *there && source->collation[0] && source->member_count == 0 &&
	       !collation_is_exact(source->collation) &&
	       !collation_agrees(source->collation, of_source, there, of_there);
}

/* MariaDB has the name with its character set in a column of its own; other columns hold no
 * name of a collation that could be mistaken. */
bool collations_load(struct map *known, struct db *db, struct error *err)
{
	struct db_rows rows =
		db_rows_of(db,
			   "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY",
			   err);

	while (db_rows_next(&rows))
		for (unsigned i = 0; i < rows.row.count; i++)
			map_put_text(known, db_rows_text(&rows, i), known);
	return rows.ok || error_wrap(err, "read the collations that the server knows");
}

/* utf8 and utf8mb3 are one, by different names in different versions. */
bool collation_is_known(const struct map *known, const char *name)
{
	struct buf other = BUF_INIT;
	bool found;

	if (*name == '\0' || map_get_text(known, name))
		return true;
	if (strncmp(name, "utf8mb3_", 8) == 0)
		buf_printf(&other, "utf8_%s", name + 8);
	else if (strncmp(name, "utf8_", 5) == 0)
		buf_printf(&other, "utf8mb3_%s", name + 5);
	found = other.length > 0 && map_get_text(known, buf_text(&other));
	buf_release(&other);
	return found;
}
