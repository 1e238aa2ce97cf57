"""What is chosen, what it is called on the target, and names of every kind."""

import re

from lib import compare
from lib.case import FerryTest
from lib.db import name, text

TAGS = ("any_client",)

ODD = ("we`ird", "d.o.t", "a blank", "日本 ü", "it's", 'say "x"', "back\\slash", "semi;colon",
       "select", "1234", "per%cent_", "/*c*/", "x€")


class NamesTest(FerryTest):
    def make(self, database, *tables, rows=3):
        self.source.sql(f"CREATE DATABASE IF NOT EXISTS {name(database)}")
        for table in tables:
            full = name(database, table)
            self.source.sql(
                f"CREATE TABLE {full} (id INT PRIMARY KEY, v VARCHAR(40))",
                f"INSERT INTO {full} VALUES " + ", ".join(
                    f"({n}, {text(f'{database}.{table} {n}')})" for n in range(rows)))

    def held(self, **how):
        """A run held at the end of the copy."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, **how).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        ferry.held = stop
        return ferry

    def change(self, database, table):
        full = name(database, table)
        self.source.sql(f"UPDATE {full} SET v = 'changed' WHERE id = 1",
                        f"DELETE FROM {full} WHERE id = 2",
                        f"INSERT INTO {full} VALUES (99, 'new')")

    def moved(self):
        """Names of all tables on the target."""
        return sorted(f"{database}.{table}" for database in self.target.databases()
                      for table in compare.tables(self.target.db, database))

    def refused(self, ferry, *patterns):
        """It does not start, says why, and leaves the target alone."""
        before = self.moved()
        self.assertEqual(ferry.run(timeout=30), 1)
        for pattern in patterns:
            self.assertRegex(ferry.log(), pattern)
        self.assertEqual(ferry.stdout(), "")
        self.assertEqual(self.moved(), before)
        return ferry.log()


class OddNamesTest(NamesTest):
    def test_tables_and_columns(self):
        self.source.sql("CREATE DATABASE abc")
        for odd in ODD:
            table, column = name("abc", odd), name(odd + "!")
            self.source.sql(
                f"CREATE TABLE {table} ({column} INT, {name(odd + '?')} VARCHAR(9),"
                f" PRIMARY KEY ({column}))")
        names = [row[0] for row in self.source.sql("SHOW TABLES FROM abc")]
        for table in names:
            self.source.sql(f"INSERT INTO {name('abc', table)} VALUES (1, 1), (2, 2)")
        ferry = self.held()
        for table in names:
            key, value = (column for column, _ in compare.columns(self.source.db, "abc", table))
            full = name("abc", table)
            self.source.sql(f"INSERT INTO {full} VALUES (3, 3)",
                            f"UPDATE {full} SET {name(value)} = 7 WHERE {name(key)} = 1",
                            f"DELETE FROM {full} WHERE {name(key)} = 2")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal()
        compare.assert_same_definitions(self.source, self.target)

    def test_databases(self):
        chosen = list(ODD)
        for database in chosen:
            self.make(database, "t", "tab`le.x")
        ferry = self.held(databases=chosen)
        for database in chosen:
            self.change(database, "t")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal(chosen)

    def test_rewritten_to_odd_names(self):
        self.make("abc", "t", "u`1")
        to, table = "new `d`.'b", 'to "x" \\ y'
        ferry = self.held(Databases={"Rewrites": {"abc": to}},
                          Tables={"Rewrites": {"t": table, "u`1": "plain"}})
        self.change("abc", "t")
        self.change("abc", "u`1")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal(rewrites={"abc": to}, table_rewrites={"t": table, "u`1": "plain"})
        self.assertEqual(self.target.databases(), [to])

    def test_an_interrupted_copy_of_odd_names_is_resumed(self):
        chosen = ["we`ird", "d.o.t", "日本 ü"]
        for database in chosen:
            self.make(database, "we`ird", "d.o", "'\"\\", rows=30)
        probes = self.probes()
        stop = probes.stop_at("batch_recorded", nth=5)
        ferry = self.ferry(databases=chosen, probes=probes,
                           UpdatableConfig={"DataIterationBatchSize": 7}).start()
        ferry.wait_until(lambda: stop.reached, what="a batch")
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        for database in chosen:
            self.change(database, "d.o")
        ferry.resume().assert_status(0)
        self.assert_equal(chosen)

    def test_names_that_run_together_are_refused(self):
        self.make("a", "b.c")
        self.make("a.b", "c")
        self.refused(self.ferry(databases=["a", "a.b"]), r"a\.b\.c")


class FiltersTest(NamesTest):
    def setUp(self):
        super().setUp()
        for database in ("one", "two", "three"):
            self.make(database, "t", "u", "w")

    def move(self, **how):
        self.ferry(**how).run_ok()
        return self.moved()

    def test_whitelist_of_databases(self):
        self.assertEqual(self.move(databases=["one"]), ["one.t", "one.u", "one.w"])

    def test_blacklist_of_databases(self):
        self.assertEqual(self.move(Databases={"Whitelist": None, "Blacklist": ["one", "three"]}),
                         ["two.t", "two.u", "two.w"])

    def test_whitelist_of_tables(self):
        self.assertEqual(self.move(databases=["one", "two"], Tables={"Whitelist": ["t", "w"]}),
                         ["one.t", "one.w", "two.t", "two.w"])

    def test_blacklist_of_tables(self):
        self.assertEqual(self.move(databases=["one", "two"], Tables={"Blacklist": ["t"]}),
                         ["one.u", "one.w", "two.u", "two.w"])

    def test_patterns(self):
        for settings, want in (
                ({"Databases": {"Whitelist": ["t*"]}, "Tables": {"Whitelist": ["?"]}},
                 ["three.t", "three.u", "three.w", "two.t", "two.u", "two.w"]),
                ({"Databases": {"Whitelist": None, "Blacklist": ["t*"]},
                  "Tables": {"Blacklist": ["one.t", "*.u"]}}, ["one.w"]),
                ({"Databases": {"Whitelist": None}, "Tables": {"Whitelist": ["two.*", "one.t", "`three`.`u`"]}},
                 ["one.t", "three.u", "two.t", "two.u", "two.w"])):
            with self.subTest(settings):
                self.assertEqual(self.move(**settings), want)
                self.target.drop_user_databases()

    def test_names_with_wildcards_in_them(self):
        self.make("wild", "what?", "whatx", "a*", "ab", "d.ot")
        for entries, want in ((["`what?`", "`a*`"], ["a*", "what?"]),
                              (["what?"], ["what?", "whatx"]), (["wild.`a*`"], ["a*"]),
                              (["d.ot"], ["d.ot"]), (["wild.d.ot"], ["d.ot"])):
            with self.subTest(entries):
                self.assertEqual(self.move(databases=["wild"], Tables={"Whitelist": entries}),
                                 [f"wild.{name}" for name in want])
                self.target.drop_user_databases()

    def test_patterns_that_choose_nothing(self):
        for lists, key in (({"Databases": {"Whitelist": ["one", "f*"]}}, "Databases.Whitelist"),
                           ({"Tables": {"Whitelist": ["t", "one.?x"]}}, "Tables.Whitelist"),
                           ({"Tables": {"Whitelist": ["t", "two.t"]}}, "Tables.Whitelist")):
            with self.subTest(lists):
                log = self.refused(self.ferry(databases=["one"], **lists))
                self.assertRegex(log, f"error: source: {key} names the .*, which does not exist")

    def test_what_is_to_stay_need_not_be_there(self):
        """One list may serve several servers, as in Ghostferry's examples. But a name that is
        nearly another's was meant to be that (test_names_that_do_not_exist)."""
        self.assertEqual(self.move(databases=["one"], Tables={"Blacklist": ["schema_migrations",
                                                                            "", "crm.*"]}),
                         ["one.t", "one.u", "one.w"])

    def test_a_table_that_is_created_meanwhile(self):
        """One that a pattern chooses stops the run, as any new one that is chosen does; others
        are none of its business."""
        ferry = self.held(databases=["one"], Tables={"Whitelist": ["one.t*"]})
        self.source.sql("CREATE TABLE one.x (id INT PRIMARY KEY)",
                        "CREATE TABLE one.tx (id INT PRIMARY KEY)")
        ferry.held.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"one\.tx")
        self.assertNotRegex(ferry.log(), r"one\.x\b")

    def test_all_but_the_systems(self):
        self.assertEqual(len(self.move(Databases={"Whitelist": None})), 9)
        self.assert_equal()

    def test_names_are_compared_exactly(self):
        log = self.refused(self.ferry(databases=["ONE", "on", "one", "missing"],
                                      Tables={"Whitelist": ["T", "t", "%"]}))
        for key, wrong, remedy in (
                ("Databases.Whitelist", "database ONE", "did you mean one"),
                ("Databases.Whitelist", "database missing", "take it out"),
                ("Tables.Whitelist", "table T", "did you mean t"),
                ("Tables.Whitelist", "table %", "take it out")):
            self.assertRegex(log, f"error: source: {key} names the {wrong}, which does not exist"
                                  rf".*\n  remedy: {remedy}")

    def test_nothing_chosen(self):
        """It is no finished move."""
        self.source.sql("CREATE DATABASE bare")
        log = self.refused(self.ferry(databases=["bare"]))
        self.assertIn("no table is chosen by Databases and Tables", log)
        self.assertEqual(self.moved(), [])

    def test_names_that_do_not_exist(self):
        """Each is a mistake of the person who wrote it. Broken: it is passed over."""
        column = {"one": {"t": {"idd": {}}, "x": {"id": {}}}}
        for settings, *patterns in (
                ({"Databases": {"Whitelist": None, "Blacklist": ["tow", "mysql"]}},
                 "Databases.Blacklist names the database tow,.*did you mean two"),
                ({"Databases": {"Rewrites": {"oen": "x"}}}, "Rewrites.*oen.*did you mean one"),
                ({"Tables": {"Blacklist": ["tt"]}}, "Tables.Blacklist names the table tt,"),
                ({"Tables": {"Rewrites": {"vv": "x"}}}, "Tables.Rewrites names the table vv,"),
                ({"TablesToBeCreatedFirst": ["one.t", "one.tt"]},
                 "TablesToBeCreatedFirst .* one.tt,.*did you mean one.t"),
                ({"CascadingPaginationColumnConfig": {"PerTable": {"one": {"x": "id"}}}},
                 "PerTable names the table one.x"),
                ({"DataIterationBatchSizePerTableOverride": {
                    "MinRowSize": 1, "MaxRowSize": 2, "ControlPoints": {"1": 5, "2": 5},
                    "TableOverride": {"one": {"s": 5}}}}, "TableOverride names the table one.s"),
                ({"VerifierType": "Inline", "IgnoredColumnsForVerification": column},
                 "names the column one.t.idd,.*did you mean one.t.id", "the column one.x.id,"),
                ({"VerifierType": "Inline", "ForceIndexForVerification": {
                    "one": {"t": "PRIMAR", "x": "PRIMARY"}}},
                 "the index PRIMAR,.*did you mean PRIMARY", "the table one.x,"),
                ({"VerifierType": "Iterative", "IterativeVerifierConfig": {
                    "IgnoredTables": ["tu"], "IgnoredColumns": {"t": ["ide"]}}},
                 "IgnoredTables names the table tu,", "the column t.ide,")):
            with self.subTest(settings):
                log = self.refused(self.ferry(databases=["one"], **settings))
                for pattern in patterns:
                    self.assertRegex(log, "(?s)" + pattern)
                self.assertEqual(self.target.databases(), [])

    def test_names_that_exist_and_have_no_effect(self):
        """One configuration may serve several runs."""
        self.assertEqual(self.move(
            databases=["one"], Tables={"Blacklist": ["w"]},
            TablesToBeCreatedFirst=["two.t", "one.u"],
            CascadingPaginationColumnConfig={"PerTable": {"two": {"t": "id"}}},
            VerifierType="Inline", ForceIndexForVerification={"two": {"t": "any"}},
            IgnoredColumnsForVerification={"two": {"t": {"any": {}}}}), ["one.t", "one.u"])

    def test_compared_names_must_exist_too(self):
        self.move(databases=["one"])
        ferry = self.ferry(databases=["one"], Tables={"Blacklist": ["tt"]})
        ferry.run("-verify")
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "Tables.Blacklist names the table tt")

    def test_both_lists_are_refused(self):
        for key in ("Databases", "Tables"):
            log = self.refused(self.ferry(**{key: {"Whitelist": ["a"], "Blacklist": ["b"]}}))
            self.assertIn("Whitelist and Blacklist cannot both be specified", log)

    def test_changes_of_tables_that_are_not_chosen_stay_away(self):
        ferry = self.held(databases=["one"], Tables={"Blacklist": ["w"]})
        for database, table in (("one", "w"), ("two", "t"), ("one", "t")):
            self.change(database, table)
        ferry.held.release()
        ferry.assert_status(0)
        self.assertEqual(self.moved(), ["one.t", "one.u"])
        self.assert_equal(["one"], only=["t", "u"])


class RewritesTest(NamesTest):
    def test_databases_and_tables(self):
        for database in ("one", "two"):
            self.make(database, "t", "u")
        ferry = self.held(databases=["one", "two"], Databases={"Rewrites": {"one": "uno"}},
                          Tables={"Rewrites": {"t": "te"}})
        for database in ("one", "two"):
            self.change(database, "t")
            self.change(database, "u")
        ferry.held.release()
        ferry.assert_status(0)
        self.assertEqual(self.moved(), ["two.te", "two.u", "uno.te", "uno.u"])
        self.assert_equal(rewrites={"one": "uno"}, table_rewrites={"t": "te"})

    def test_two_names_that_change_places(self):
        self.make("one", "t")
        self.make("two", "t")
        self.ferry(databases=["one", "two"],
                   Databases={"Rewrites": {"one": "two", "two": "one"}}).run_ok()
        self.assert_equal(rewrites={"one": "two", "two": "one"})

    def test_two_tables_to_one_name_are_refused(self):
        self.make("abc", "t", "u")
        self.make("two", "t", "u")
        self.refused(self.ferry(Tables={"Rewrites": {"u": "t"}}), r"abc\.t", r"abc\.u", "Rewrites")
        self.refused(self.ferry(databases=["abc", "two"],
                                Databases={"Rewrites": {"two": "abc"}}), r"two\.t", r"abc\.t")

    def test_onto_the_source_itself(self):
        """Allowed under another name, refused under the same."""
        self.make("abc", "t")
        own = self.source
        self.source.sql("GRANT ALL ON copy_of_abc.* TO ghostferry@'%'",
                        "GRANT ALL ON abc.* TO ghostferry@'%'")
        self.addCleanup(self.source.sql, "REVOKE ALL ON copy_of_abc.* FROM ghostferry@'%'",
                        "REVOKE ALL ON abc.* FROM ghostferry@'%'")
        ferry = self.ferry(target=own)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), "same server")
        self.assertEqual(own.value("SELECT COUNT(*) FROM abc.t"), 3)
        self.ferry(target=own, Databases={"Rewrites": {"abc": "copy_of_abc"}}).run_ok()
        compare.assert_equal(own, own, ["abc"], rewrites={"abc": "copy_of_abc"})


class TargetTablesTest(NamesTest):
    def created(self):
        """Names of tables in the order in which the target made them."""
        events = [row[5] for (file, *_) in self.target.sql("SHOW BINARY LOGS")
                  for row in self.target.sql(f"SHOW BINLOG EVENTS IN '{file}'")]
        return re.findall(r"CREATE TABLE `abc`\.`(\w+)`", "\n".join(events))

    def test_order_of_creation(self):
        self.make("abc", "a", "b", "c", "d")
        self.target.sql("RESET MASTER" if not self.target.is_mysql
                        else "RESET BINARY LOGS AND GTIDS")
        self.ferry(TablesToBeCreatedFirst=["abc.d", "abc.b"]).run_ok()
        self.assertEqual(self.created()[:2], ["d", "b"])
        self.assertEqual(sorted(self.created()), ["a", "b", "c", "d"])

    def test_children_and_parents_in_any_order(self):
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.z_parent (id INT PRIMARY KEY) ENGINE=InnoDB",
            "CREATE TABLE abc.a_child (id INT PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p)"
            " REFERENCES z_parent (id)) ENGINE=InnoDB",
            "INSERT INTO abc.z_parent VALUES (1), (2)", "INSERT INTO abc.a_child VALUES (1, 2)")
        ferry = self.held()
        self.source.sql("INSERT INTO abc.z_parent VALUES (3)",
                        "INSERT INTO abc.a_child VALUES (2, 3)",
                        "DELETE FROM abc.z_parent WHERE id = 1")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal()
        compare.assert_same_definitions(self.source, self.target)

    def test_definitions_are_carried_over(self):
        mysql = self.source.is_mysql
        self.source.sql(
            "CREATE DATABASE abc CHARACTER SET utf8mb4",
            "CREATE TABLE abc.t (id INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'it''s \"x\" é',"
            " a VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'ü''x',"
            " b TEXT, c INT NOT NULL DEFAULT 7 CHECK (c > 0), d TIMESTAMP NULL DEFAULT NULL,"
            " g INT AS (c * 2) STORED, PRIMARY KEY (id, c), UNIQUE KEY u (a, c), FULLTEXT KEY f (b),"
            " KEY k (a(5) DESC))"
            " COMMENT='a; b -- ' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
            "CREATE TABLE abc.parts (id INT, y INT, PRIMARY KEY (id, y)) PARTITION BY RANGE (y)"
            " (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
            "CREATE TABLE abc.expr (id INT PRIMARY KEY, v INT, KEY e ((v + 1)))" if mysql else
            "CREATE TABLE abc.expr (id INT PRIMARY KEY, v INT INVISIBLE)",
            "INSERT INTO abc.t (id, c) VALUES (40, 1)",
            "INSERT INTO abc.parts VALUES (1, 1999), (1, 2001), (2, 2002)",
            "INSERT INTO abc.expr (id, v) VALUES (1, 1)")
        self.ferry().run_ok()
        self.assert_equal()
        compare.assert_same_definitions(self.source, self.target)
        self.target.sql("INSERT INTO abc.t (c) VALUES (9)")
        self.assertGreater(self.target.value("SELECT MAX(id) FROM abc.t"), 40)

    def test_character_set_and_collation_of_databases(self):
        self.source.sql(
            "CREATE DATABASE abc CHARACTER SET latin1 COLLATE latin1_german1_ci",
            "CREATE DATABASE d2 CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "CREATE TABLE abc.t (k VARCHAR(9) PRIMARY KEY)",
            "CREATE TABLE d2.t (k VARCHAR(9) PRIMARY KEY) CHARACTER SET ucs2",
            "INSERT INTO abc.t VALUES (_latin1 x'E4'), ('x')", "INSERT INTO d2.t VALUES ('ä')")
        self.ferry(databases=["abc", "d2"], Databases={"Rewrites": {"abc": "neu"}}).run_ok()
        self.assertEqual(self.target.sql(
            "SELECT schema_name, default_character_set_name, default_collation_name"
            " FROM information_schema.schemata WHERE schema_name IN ('neu', 'd2') ORDER BY 1"),
            (("d2", "utf8mb4", "utf8mb4_bin"), ("neu", "latin1", "latin1_german1_ci")))
        self.assert_equal(rewrites={"abc": "neu"})

    def test_an_existing_database_is_fine(self):
        self.make("abc", "t")
        self.target.sql("CREATE DATABASE abc CHARACTER SET latin1",
                        "CREATE TABLE abc.another (id INT)")
        self.ferry().run_ok()
        self.assert_equal()

    def test_an_existing_table_is_refused(self):
        self.make("abc", "t", "u")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.u (id INT PRIMARY KEY, v INT)",
                        "INSERT INTO abc.u VALUES (77, 7)")
        log = self.refused(self.ferry(), r"`abc`\.`u`", "may be in use",
                           "AllowExistingTargetTable")
        self.assertNotRegex(log, "already.*`abc`.`t`|DROP TABLE")
        self.assertEqual(self.target.sql("SELECT * FROM abc.u"), ((77, 7),))

    def test_an_existing_table_of_the_same_definition(self):
        self.make("abc", "t", "u")
        definition = self.source.sql("SHOW CREATE TABLE abc.t")[0][1]
        self.target.sql("CREATE DATABASE abc", "USE abc", definition,
                        "INSERT INTO t VALUES (1, 'stale'), (2, 'also stale')",
                        "DELETE FROM t")
        ferry = self.held(AllowExistingTargetTable=True)
        self.change("abc", "t")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_existing_tables_that_differ(self):
        for definition, column in (
                ("id INT PRIMARY KEY", "v"),
                ("id INT PRIMARY KEY, v VARCHAR(10)", "v"),
                ("id INT PRIMARY KEY, v VARCHAR(40) CHARACTER SET latin1", "v"),
                ("id SMALLINT PRIMARY KEY, v VARCHAR(40)", "id"),
                ("id INT UNSIGNED PRIMARY KEY, v VARCHAR(40)", "id"),
                ("id INT, v VARCHAR(40), KEY (id)", "id"),
                ("id INT PRIMARY KEY, v VARCHAR(40), extra INT NOT NULL", "extra"),
                ("id INT PRIMARY KEY, v INT", "v")):
            with self.subTest(definition):
                for server in (self.source, self.target):
                    server.drop_user_databases()
                self.make("abc", "t")
                self.target.sql("CREATE DATABASE abc CHARACTER SET utf8mb4",
                                f"CREATE TABLE abc.t ({definition})")
                self.refused(self.ferry(AllowExistingTargetTable=True),
                             rf"error: target: [^\n]*\b{column}\b", r"error: [^\n]*abc[^\n]*t\b")
                self.assertEqual(self.target.value("SELECT COUNT(*) FROM abc.t"), 0)

    def test_triggers_on_an_existing_table_are_refused(self):
        self.make("abc", "t")
        definition = self.source.sql("SHOW CREATE TABLE abc.t")[0][1]
        self.target.sql("CREATE DATABASE abc", "USE abc", definition,
                        "CREATE TRIGGER `tr``g` BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x'")
        self.refused(self.ferry(user="ghostferry_all", AllowExistingTargetTable=True),
                     "tr`g", r"DROP TRIGGER `abc`\.`tr``g`")

    def test_views_are_left_out(self):
        self.make("abc", "t")
        self.source.sql("CREATE VIEW abc.a_view AS SELECT * FROM abc.t",
                        "CREATE VIEW abc.broken AS SELECT * FROM abc.t AS nothing",
                        "CREATE TABLE abc.passing (id INT PRIMARY KEY)",
                        "CREATE OR REPLACE VIEW abc.broken AS SELECT * FROM abc.passing",
                        "DROP TABLE abc.passing",
                        "CREATE PROCEDURE abc.p() SELECT 1",
                        "CREATE TRIGGER abc.tr BEFORE INSERT ON abc.t FOR EACH ROW SET NEW.v = 1")
        if not self.source.is_mysql:
            self.source.sql("CREATE SEQUENCE abc.s")
        ferry = self.ferry().run_ok()
        self.assertEqual(self.moved(), ["abc.t"])
        for left_out in ("a_view", "broken"):
            self.assertRegex(ferry.log(), rf"view.*{left_out}")

    def test_a_view_in_the_place_of_a_table(self):
        self.make("abc", "t")
        self.target.sql("CREATE DATABASE abc", "CREATE VIEW abc.t AS SELECT 1 AS id")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"abc\.t is a view")


class KeyColumnsTest(NamesTest):
    """CascadingPaginationColumnConfig"""

    def keys(self, per_table=None, fallback=None):
        return {"CascadingPaginationColumnConfig": {
            "PerTable": {"abc": per_table or {}}, "FallbackColumn": fallback or ""}}

    def used(self, table):
        """By the dry run's list."""
        return lambda ferry: re.search(rf"abc\.{table}: key ([^ ]+), about",
                                       ferry.stdout()).group(1).rstrip(",")

    def create(self, *bodies):
        self.source.sql("CREATE DATABASE abc")
        for n, body in enumerate(bodies):
            self.source.sql(f"CREATE TABLE abc.t{n} ({body})",
                            f"INSERT INTO abc.t{n} (id, other) VALUES (1, 30), (2, 20), (3, 10)")

    def move(self, wanted, **how):
        dry = self.ferry(**how)
        self.assertEqual(dry.run("-dryrun"), 0)
        for table, key in wanted.items():
            self.assertEqual(self.used(table)(dry), key)
        ferry = self.held(UpdatableConfig={"DataIterationBatchSize": 1}, **how)
        self.assert_equal()
        for table in wanted:
            self.source.sql(f"UPDATE abc.{table} SET other = 25 WHERE id = 2",
                            f"DELETE FROM abc.{table} WHERE id = 1",
                            f"INSERT INTO abc.{table} (id, other) VALUES (4, 5)")
        ferry.held.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_column_per_table(self):
        self.create("id INT PRIMARY KEY, other INT NOT NULL, UNIQUE KEY (other)",
                    "id INT, other INT, PRIMARY KEY (other, id)")
        self.move({"t0": "other", "t1": "other,id"}, **self.keys({"t0": "other"}))

    def test_fallback_column(self):
        self.create("id INT PRIMARY KEY, other INT NOT NULL, UNIQUE KEY (other)",
                    "id INT NOT NULL, other INT NOT NULL, UNIQUE KEY (other)")
        self.move({"t0": "id", "t1": "other"}, **self.keys(fallback="other"))

    def test_a_column_that_is_not_unique_gives_way_to_the_key(self):
        self.create("id INT PRIMARY KEY, other INT NOT NULL, KEY (other)")
        ferry = self.ferry(**self.keys({"t0": "other"})).run_ok()
        self.assertRegex(ferry.log(), r"level=warning.*abc\.t0\.other")
        self.assert_equal()

    def test_a_column_that_does_not_exist(self):
        self.create("id INT PRIMARY KEY, other INT")
        self.refused(self.ferry(**self.keys({"t0": "missing"})),
                     "Pagination Key `missing` for `abc`.`t0` non existent")
        self.source.sql("CREATE TABLE abc.bare (v INT)")
        self.refused(self.ferry(**self.keys(fallback="missing")),
                     "Pagination Key `missing` for `abc`.`bare` non existent")

    def test_a_column_that_is_no_key_and_there_is_no_other(self):
        self.create("id INT NOT NULL, other INT NOT NULL, KEY (other)",
                    "id INT NULL, other INT NULL, UNIQUE KEY (other)")
        log = self.refused(self.ferry(AllowTablesWithoutKey=False,
                                      **self.keys({"t0": "other"}, fallback="id")))
        for table in ("t0", "t1"):
            self.assertRegex(log, rf"`{table}`.*(\n  remedy: .*)?ADD UNIQUE KEY")
