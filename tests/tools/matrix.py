#!/usr/bin/python3
"""The tables of tests/COVERAGE.md: what is carried, made from the tests' own tables; and
which tests show what the operator's guide says under WHAT HAPPENS IF.

--write puts them there; --check (part of `make lint`) fails when the page says anything
else, when a test that is named here or in the guide is gone, when a test of these modules
is not named, or when README names other versions. Needs no server.
"""

import ast
import fnmatch
import importlib
import os
import re
import sys
import types

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
COVERAGE = os.path.join(TOP, "tests/COVERAGE.md")
README = os.path.join(TOP, "README.md")
GUIDE = os.path.join(TOP, "src/man/ghostferry-copydb.7")
TESTS = os.path.join(TOP, "tests/integration")
BEGIN, END = "<!-- made by tests/tools/matrix.py from the tests -->", "<!-- end of what is made -->"
sys.path.insert(0, TESTS)
try:
    import pymysql  # noqa: F401 (the tests' modules want it, nothing here does)
except ImportError:
    sys.modules["pymysql"] = types.ModuleType("pymysql")

MODULES = ("test_types", "test_parts", "test_exact_cross", "test_exact_json", "test_exact_keys",
           "test_exact_mariadb", "test_exact_shapes", "test_objects", "test_stream_events")
PAIRS = (("mysql", "mysql"), ("mariadb", "mariadb"), ("mysql", "mariadb"), ("mariadb", "mysql"))
NAMES = {"mysql": "MySQL", "mariadb": "MariaDB"}
# The makes of lib/server.py, and what of the tests runs on each pair of them.
MAKES = {"mariadb-10.5": "MariaDB 10.5", "mariadb": "MariaDB 10.11", "mariadb-11.8": "MariaDB 11.8",
         "mysql": "MySQL 9.7"}
GROUPS = (("t", "types", "test_types"), ("k", "keys", "test_exact_keys"),
          ("b", "all of the binlog's events", "test_stream_events"),
          ("m", "moves, interrupted, resumed and verified", "test_versions"),
          ("c", "chaos", "test_chaos"))

# What, how, and the tests that show it ("module.Class.test", * at the end of a name).
COLUMNS = (
    ("values and rows over 16 MiB", "carried, up to the target's `max_allowed_packet`",
     "test_types.LongValuesTest.*"),
    ("JSON of MySQL, with the type of every value inside",
     "DECIMAL with its scale, DATE, TIME, DATETIME, TIMESTAMP, BIT and binary values, signed and"
     " unsigned numbers; not the storage width of a DECIMAL, which shows in JSON_STORAGE_SIZE()"
     " alone. Values of TINYBLOB and short MEDIUMBLOB columns inside a document stop the run, and a"
     " source older than MySQL 8.0.4 is refused, unless `AllowInexactJSON` is set: then the text is"
     " carried", "test_exact_json.ExactJson.* test_types.TypesTest.test_typed_values_inside_json"
     " test_types.TypesTest.test_empty_json_of_a_lenient_insert"),
    ("JSON of MySQL in a text column of MariaDB", "its text", "test_exact_json.JsonBecomesText.*"),
    ("JSON of MariaDB", "it is text", "test_exact_mariadb.MariaDBTypes.test_json_alias_is_text"),
    ("every type, changed while the copy is at work", "carried",
     "test_types.TypesTest.test_every_type_when_the_copy_has_seen_the_changes_already"
     " test_types.TypesTest.test_changes_while_the_first_chunk_is_held"),
    ("generated columns", "computed by the target, by the source's settings (COMPUTED COLUMNS in"
     " ghostferry-copydb(7))",
     "test_types.SpecialColumnsTest.test_generated_columns"),
    ("invisible columns", "carried", "test_types.SpecialColumnsTest.test_invisible_columns"),
    ("AUTO_INCREMENT 0, columns ON UPDATE CURRENT_TIMESTAMP, computed defaults",
     "as the source's row has them", "test_types.SpecialColumnsTest.test_id_0_*"
     " test_types.SpecialColumnsTest.test_on_update_*"
     " test_exact_shapes.ColumnsTest.test_computed_defaults"),
    ("servers of different time zones, PAD_CHAR_TO_FULL_LENGTH, a short wait_timeout, sql_select_limit",
     "change nothing but what is computed",
     "test_types.SpecialColumnsTest.test_time_zones_* test_exact_shapes.SettingsTest.*"),
    ("1017 columns", "carried",
     "test_exact_shapes.ColumnsTest.test_as_many_columns_as_there_can_be"),
    ("UUID, INET4, INET6, COMPRESSED columns of MariaDB", "exact, as keys too",
     "test_exact_mariadb.MariaDBTypes.test_uuid_*"
     " test_exact_mariadb.MariaDBTypes.test_compressed_columns"),
    ("temporal columns of the old formats (`mysql56_temporal_format=OFF`)", "exact",
     "test_exact_mariadb.MariaDBTypes.test_old_temporal_formats"),
    ("bytes that are not valid in their character set", "carried where the target takes them, else"
     " the run stops", "test_exact_shapes.InvalidTextTest.*"),
    ("indexes on expressions", "carried", "test_exact_shapes.ExpressionIndexTest.*"),
    ("tables of the other flavour", "created in the target's words where they mean the same, and"
     " compared with the source before rows are copied", "test_exact_cross.Translated.test_created_*"
     " test_types.CrossTypesTest.test_what_both_know test_types.CrossTypesTest.test_enum_and_set"),
    ("types and definitions that the other flavour does not have", "**refused**, by name, before"
     " anything is created: create such a table yourself and set `AllowExistingTargetTable`",
     "test_exact_cross.Translated.test_refused_*"
     " test_types.CrossTypesTest.test_types_that_the_target_does_not_have_*"),
    ("`AllowExistingTargetTable`: another order of columns, further columns with defaults, further"
     " members of ENUM and SET, utf8mb4 for utf8mb3", "carried",
     "test_exact_shapes.ExistingTest.test_of_another_order_*"),
    ("… and other types, wider ones too", "**refused**, by name",
     "test_exact_shapes.ExistingTest.test_wider_types_*"),
    ("system-versioned tables", "**refused**, by name",
     "test_types.SpecialColumnsTest.test_system_versioned_*"),
    ("parts of tables (`Tables.Where`)", "rows for which the condition is true, by the copy, the"
     " stream, the verifiers and `-verify`; no other row of the target is touched",
     "test_parts.TenantTest.* test_parts.ExactTest.*"),
    ("a database in parts, by several processes at once (`FriendlyRuns`)", "as if by one",
     "test_parts.FriendlyRunsTest.*"),
    ("views, triggers, events, routines, sequences (`MoveObjects`)", "exact, with their settings",
     "test_objects.WholeTest.* test_objects.InterruptedTest.* test_objects.CrossTest.*"),
    ("… that name databases with another name on the target (`Databases.Rewrites`)",
     "translated where the names are that for certain, else **refused**", "test_objects.BodiesTest.*"),
    ("… that the target does not take", "**refused**, by name", "test_objects.RefusedTest.*"),
    ("… without `MoveObjects`", "not moved; listed at the start",
     "test_exact_shapes.LeftOutTest.*"),
)
KEYS = (
    ("descending, and of mixed directions", "walked in their order",
     "test_types.KeysTest.test_descending test_types.KeysTest.test_mixed_directions"),
    ("UNIQUE over NOT NULL columns in place of a PRIMARY KEY", "carried",
     "test_types.KeysTest.test_unique_not_null_*"),
    ("generated invisible primary keys", "carried",
     "test_types.SpecialColumnsTest.test_a_generated_invisible_*"),
    ("generated columns as keys", "carried; MariaDB has none that are NOT NULL: **refused**",
     "test_types.SpecialColumnsTest.test_a_generated_column_*"),
    ("keys that are equal for the collation and not in bytes", "the server's order and equality"
     " count", "test_exact_keys.Keys.test_keys_equal_*"),
    ("keys of one flavour on the other, which may order them differently", "carried",
     "test_exact_keys.KeysElsewhere.*"),
    ("empty tables, and of one row", "carried", "test_types.KeysTest.test_an_empty_table_*"),
    ("every kind above, interrupted and resumed", "carried",
     "test_exact_keys.Keys.test_interrupted_and_resumed test_exact_keys.Keys.test_every_kind_*"
     " test_types.KeysTest.test_every_type*"),
    ("FLOAT and DOUBLE, prefixes, keys with NULL, no key at all", "**refused**, with the statement"
     " that adds one", "test_types.KeysTest.test_keys_that_cannot_be_walked_*"
     " test_exact_keys.Keys.test_floating_point_keys_*"),
)
EVENTS = (
    ("rows events of both versions, large transactions", "carried",
     "test_stream_events.FormatsTest.test_a_transaction_of_many_rows"),
    ("compressed transactions (`binlog_transaction_compression`), over 16 MiB too", "carried; what"
     " stops the run stops it inside of them too", "test_stream_events.FormatsTest.test_compressed_transactions"
     " test_stream_events.FormatsTest.test_large_compressed_*"
     " test_stream_events.FormatsTest.test_what_stops_stops_inside_*"),
    ("compressed events (`log_bin_compress`)", "carried",
     "test_stream_events.FormatsTest.test_compressed_events"),
    ("binlogs that the source keeps encrypted", "carried", "test_stream_events.EncryptedTest.*"),
    ("GTIDs of both flavours, tagged ones, and none", "carried",
     "test_stream_events.FormatsTest.test_tagged_gtids"
     " test_stream_events.TransactionsTest.test_without_gtids"),
    ("checksums, switched on and off", "verified", "test_stream_events.FormatsTest.test_checksums*"),
    ("`binlog_row_metadata`, statements logged beside rows, rotations", "carried",
     "test_stream_events.FormatsTest.test_row_metadata test_stream_events.FormatsTest.test_rows_query_events"
     " test_stream_events.FormatsTest.test_flush_logs"),
    ("savepoints, rollbacks, also those that are logged (with tables without transactions, with"
     " temporary tables on MariaDB)", "carried; rolled back transactions that are logged and take more"
     " than a 32nd of `MemoryLimit` in copied tables stop the run",
     "test_stream_events.TransactionsTest.test_savepoints"
     " test_stream_events.TransactionsTest.test_rolled_back_*"
     " test_stream_events.TransactionsTest.test_a_large_one_rolled_back_*"
     " test_stream_events.TransactionsTest.test_a_mixed_*"),
    ("XA transactions", "held until they are decided, across an interrupt too",
     "test_stream_events.XaTest.*"),
    ("LOAD DATA and triggers, logged as rows", "carried",
     "test_stream_events.StatementsTest.test_load_data_in_rows"
     " test_stream_events.DefinitionsTest.test_a_trigger_*"),
    ("statements and definitions of tables that are not copied; what changes no rows", "passed over",
     "test_stream_events.DefinitionsTest.test_tables_that_are_not_copied_*"
     " test_stream_events.DefinitionsTest.test_the_same_without_database_*"
     " test_stream_events.DefinitionsTest.test_what_leaves_*"
     " test_stream_events.StatementsTest.test_statements_on_other_tables"
     " test_stream_events.StatementsTest.test_statements_over_several_*"
     " test_stream_events.StatementsTest.test_load_data_of_other_tables"),
    ("ALTER, DROP, TRUNCATE, CREATE INDEX, RENAME of or onto a copied table, DROP DATABASE, new"
     " tables that the filters choose (CREATE … LIKE and … SELECT too)", "**stop** the run",
     "test_stream_events.DefinitionsTest.test_alter_* test_stream_events.DefinitionsTest.test_truncate"
     " test_stream_events.DefinitionsTest.test_drop test_stream_events.DefinitionsTest.test_rename_*"
     " test_stream_events.DefinitionsTest.test_new_* test_stream_events.DefinitionsTest.test_or_replace"),
    ("the same by names in the character set of a session, in another case where"
     " `lower_case_table_names` is not 0", "**stop** the run, also where the name cannot be told",
     "test_stream_events.DefinitionsTest.test_names_*"),
    ("changes of copied tables in statement format (MIXED, LOAD DATA, through functions, triggers,"
     " foreign keys too)", "**stop** the run", "test_stream_events.StatementsTest.test_statements_of_a_session_*"
     " test_stream_events.StatementsTest.test_a_transaction_of_rows_and_statements"
     " test_stream_events.StatementsTest.test_a_function_* test_stream_events.StatementsTest.test_a_trigger_*"
     " test_stream_events.StatementsTest.test_mixed_* test_stream_events.StatementsTest.test_load_data_in_statement_format"),
    ("row images MINIMAL, NOBLOB, PARTIAL_JSON, of one session", "**stop** the run where they are of"
     " a copied table", "test_stream_events.RowImagesTest.*"),
    ("RESET of the source's binlog", "**stops** the run",
     "test_stream_events.FormatsTest.test_reset_*"),
)

# Of src/README.md: what breaks when it is broken. tests/model has most of them as a model, too.
INVARIANTS = (
    ("I1, the locking read", "LockingReadTest"), ("I2, the fence", "FenceTest"),
    ("I3, insert if absent", "InsertIfAbsentTest"),
    ("I4, nothing is discarded", "NothingDiscardedTest"),
    ("I5, by key, as whole rows", "UniqueValuesTest"), ("I6, the position", "PositionTest"),
    ("I7, the state", "EveryStopTest test_kill.py"), ("I8, no zombie", "LeftoverWriterTest"),
    ("I9, nothing skipped or displaced is forgotten", "test_owed_rows.py"),
    ("D1 to D5, definitions that change", "test_schema_changes.py"),
    ("tables without a key", "test_without_key.py"),
    ("B1 to B5 of src/ferry/ferry_back.c, the way back", "test_way_back.py"),
    ("parts of tables: nothing outside of them is written", "test_parts.py"),
)


# --- The tests ------------------------------------------------------------------------

def tests_of(module):
    """{"module.Class.test": pairs it runs on}"""
    loaded = importlib.import_module(module)
    source = open(loaded.__file__).read()
    bodies = {node.name: {f.name: ast.get_source_segment(source, f) for f in node.body
                          if isinstance(f, ast.FunctionDef)}
              for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    found = {}
    for name, cls in vars(loaded).items():
        if not isinstance(cls, type) or cls.__module__ != module:
            continue
        for test in dir(cls):
            if test.startswith("test") and callable(getattr(cls, test)):
                body = next((bodies[c.__name__][test] for c in cls.__mro__
                             if test in bodies.get(c.__name__, ())), "")
                found[f"{module}.{name}.{test}"] = [p for p in cls.pairs if not skips(body, p)]
    return found


def skips(body, pair):
    """Is the test skipped on that pair?"""
    found = re.search(r"if (not )?self\.(?:source\.is_)?mysql:\s+self\.skipTest", body)
    return bool(found) and (pair[0] == "mysql") == (found.group(1) is None)


class Catalogue:
    def __init__(self):
        self.tests = {}
        for module in MODULES:
            self.tests.update(tests_of(module))
        self.named, self.missing = set(), []

    def pairs(self, patterns):
        """Pairs on which any of these tests runs."""
        pairs = set()
        for pattern in patterns.split():
            found = [t for t in self.tests if fnmatch.fnmatchcase(t, pattern)]
            if not found:
                self.missing.append(f"there is no test {pattern}")
            self.named.update(found)
            pairs.update(p for t in found for p in self.tests[t])
        return pairs

    def unnamed(self):
        return sorted(set(self.tests) - self.named)


# --- The tables -----------------------------------------------------------------------

def row(*cells):
    return "| " + " | ".join(cells) + " |"


def head(*titles):
    return [row(*titles), row(*["---"] * len(titles))]


def marks(pairs, mark):
    return [mark if pair in pairs else "" for pair in PAIRS]


PAIR_TITLES = [f"{NAMES[a]}→{NAMES[b]}" for a, b in PAIRS]


def base(definition):
    """"DECIMAL(5,2) UNSIGNED" -> "DECIMAL"."""
    return re.match(r"[A-Z0-9]+", definition).group()


def in_order(things):
    return list(dict.fromkeys(things))


def list_types(columns):
    """Their names once each, and what stands behind them."""
    text = ", ".join(in_order(base(c) for c in columns))
    for word in ("UNSIGNED", "ZEROFILL", "COMPRESSED"):
        if any(word in c for c in columns):
            text += f", {word}"
    charsets = in_order(m.group(1) for c in columns
                        for m in [re.search(r"CHARACTER SET (\w+)", c)] if m)
    return text + (" in " + ", ".join(charsets) if charsets else "")


def values(columns):
    return sum(len(v) for v in columns.values())


def types_table(catalogue, module):
    letters = "c" + "".join(sorted((way.__name__[0] if way.__name__[0] != "g" else "k")
                                   for way in module.Matrix.ways))
    order = "".join(letter for letter in "ciudk" if letter in letters)
    yield from head("column types", "as", "values", *PAIR_TITLES)
    crossing = catalogue.pairs("test_types.CrossTypesTest.test_what_both_know"
                               " test_types.CrossTypesTest.test_enum_and_set")
    for group in module.TYPES:
        pairs = catalogue.pairs(f"test_types.TypesTest.test_{group.test}")
        pairs = {p for p in pairs if group.only in (None, p[0])}
        if group.crossing:
            pairs |= crossing
        columns = {}
        for flavour in ("mysql", "mariadb"):
            if group.only in (None, flavour):
                columns.update(group.columns(flavour == "mysql"))
        yield row(list_types(columns), group.how, str(values(columns)), *marks(pairs, order))


def key_parts(definition):
    """The columns of "a INT NOT NULL, b ENUM('x','y') NOT NULL", their types alone."""
    flat = re.sub(r"\([^)]*\)", "", definition)
    return [part.split()[1] for part in flat.split(",")]


def keys_table(catalogue, module, exact):
    kinds = [[base(kind) for _, kind in columns] for columns, _ in module.keys(True).values()]
    kinds += [key_parts(columns) for columns, *_ in {**exact.KEYS, **exact.MYSQL_KEYS}.values()]
    pairs = catalogue.pairs("test_types.KeysTest.test_every_type"
                            " test_exact_keys.Keys.test_every_kind_*")
    yield from head("keys", "how", *PAIR_TITLES)
    yield row("of one column: " + ", ".join(in_order(k[0] for k in kinds if len(k) == 1)),
              "the copy walks them, changes find rows by them; negative, zero, in any charset",
              *marks(pairs, "yes"))
    yield row("of several columns: " + "; ".join(in_order(", ".join(k) for k in kinds if len(k) > 1)),
              "the same", *marks(pairs, "yes"))
    yield from features(catalogue, KEYS)


def features(catalogue, table):
    for what, how, tests in table:
        yield row(what, how, *marks(catalogue.pairs(tests), "yes"))


def pairs_of_module(name):
    module = importlib.import_module(name)
    return {pair for cls in vars(module).values()
            if isinstance(cls, type) and cls.__module__ == name and hasattr(cls, "pairs")
            for pair in (*cls.pairs, *cls.also)}


def versions_table():
    ran = [(letter, pairs_of_module(module)) for letter, _, module in GROUPS]
    yield "Versions that the tests run on, each as the source of each other: " + ", ".join(
        f"**{letter}** {what}" for letter, what, _ in GROUPS) + "."
    yield ""
    yield from head("from \\ to", *MAKES.values())
    for source, label in MAKES.items():
        yield row(label, *("".join(letter for letter, pairs in ran if (source, target) in pairs)
                           for target in MAKES))


def versions_sentence():
    """What README says of MAKES: "MySQL 9.7 and MariaDB 10.5, 10.11 and 11.8"."""
    versions = {}
    for label in MAKES.values():
        versions.setdefault(label.split()[0], []).append(label.split()[1])
    return " and ".join(f"{name} " + " and ".join(
        [", ".join(versions[name][:-1]), versions[name][-1]] if len(versions[name]) > 1
        else versions[name]) for name in NAMES.values())


def wrong_in_readme():
    moves = pairs_of_module("test_versions")
    text = " ".join(open(README).read().split())
    claim = f"The tests run on {versions_sentence()}, each as the source of each other"
    if claim not in text:
        yield f"README.md does not say: {claim}"
    for pair in ((a, b) for a in MAKES for b in MAKES if (a, b) not in moves):
        yield f"no test moves from {pair[0]} to {pair[1]}, as README.md says"


# --- What happens if ------------------------------------------------------------------

def names_of_tests():
    """Of all integration tests: test_x.py, Class, Class.test and test."""
    for file in sorted(os.listdir(TESTS)):
        if not (file.startswith("test_") and file.endswith(".py")):
            continue
        yield file
        for node in ast.parse(open(os.path.join(TESTS, file)).read()).body:
            if not isinstance(node, ast.ClassDef):
                continue
            yield node.name
            for test in node.body:
                if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                    yield test.name
                    yield f"{node.name}.{test.name}"


def plain(roff):
    """The text of a heading of the guide."""
    return re.sub(r"\\f[BIR]|\\&", "", roff).replace("\\-", "-").replace('\\(dq', '"')


def missing(tests, known, where):
    return [f"{where}: there is no test {test}" for test in tests if not fnmatch.filter(known, test)]


def invariants_table(wrong):
    known = set(names_of_tests())
    yield from head("invariant", "tests")
    for what, tests in INVARIANTS:
        wrong += missing(tests.split(), known, "tests/tools/matrix.py")
        yield row(what, ", ".join(f"`{test}`" for test in tests.split()))


def cases(wrong):
    """(group, case, its tests), as the guide has them."""
    section = open(GUIDE).read().split("\n.SH WHAT HAPPENS IF\n")[1].split("\n.SH ")[0]
    known, group, case = set(names_of_tests()), "", ""
    for line in section.split("\n"):
        if line.startswith(".SS "):
            group = plain(line[4:])
        elif line == ".TP" and case:
            wrong.append(f"ghostferry-copydb.7: no tests are named for: {case}")
        elif line.startswith(".B "):
            case = plain(line[3:].strip('"'))
        elif line.startswith('.\\" tests: '):
            tests = line[11:].split()
            wrong += missing(tests, known, "ghostferry-copydb.7")
            yield group, case, tests
            case = ""


def cases_table(wrong):
    last = None
    for group, case, tests in cases(wrong):
        if group != last:
            yield ""
            yield from head(group, "tests")
            last = group
        yield row(case.replace("|", "\\|"), ", ".join(f"`{t}`" for t in tests))


def made(catalogue):
    module, exact = (importlib.import_module(name) for name in ("test_types", "test_exact_keys"))
    yield "## Versions"
    yield ""
    yield from versions_table()
    yield ""
    yield "## Column types"
    yield ""
    yield "Each group of types is a table with the extremes of each, and NULL, in the tests. Its rows"
    yield "are **c**opied; or **i**nserted, **u**pdated, **d**eleted or given another **k**ey while the"
    yield "stream runs; and compared byte for byte. `yes`: shown by a test of that pair of servers."
    yield "From one kind of server to the other goes what both have."
    yield ""
    yield from types_table(catalogue, module)
    yield ""
    yield "## Columns and tables"
    yield ""
    yield from head("columns and tables", "how", *PAIR_TITLES)
    yield from features(catalogue, COLUMNS)
    yield ""
    yield "## Keys"
    yield ""
    yield from keys_table(catalogue, module, exact)
    yield ""
    yield "## Events"
    yield ""
    yield from head("in the binlog", "how", *PAIR_TITLES)
    yield from features(catalogue, EVENTS)


def main():
    catalogue = Catalogue()
    lines = list(made(catalogue))
    wrong = catalogue.missing + [f"no line of tests/tools/matrix.py names {t}"
                                 for t in catalogue.unnamed()]
    wrong += wrong_in_readme()
    lines += ["", "## Invariants", "", *invariants_table(wrong), "", "## What happens if", ""]
    lines.append("The cases of ghostferry-copydb(7), which says what is seen then and what to do.")
    lines += cases_table(wrong)
    page = open(COVERAGE).read()
    if BEGIN not in page or END not in page:
        wrong.append(f"tests/COVERAGE.md lacks the marks {BEGIN} and {END}")
    else:
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        new = before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after
        if "--write" in sys.argv:
            open(COVERAGE, "w").write(new)
        elif new != page:
            wrong.append("tests/COVERAGE.md is not what the tests say: run tests/tools/matrix.py --write")
    for line in wrong:
        print(line)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
