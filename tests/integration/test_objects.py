"""MoveObjects: views, triggers, routines, events and sequences arrive as they are on the source,
whatever happens meanwhile."""

import re

import pymysql

from lib.case import BOTH
from lib.moves import MoveTest
from lib.receiver import Receiver
from lib.server import GRANTS

TAGS = ("any_client",)

KINDS = ["views", "triggers", "routines", "events", "sequences"]
# What SHOW CREATE has, but for the time of creation.
SHOWN = {
    "VIEW": ("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '{}'", 4),
    "PROCEDURE": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'"
                  " AND ROUTINE_TYPE = 'PROCEDURE'", 6),
    "FUNCTION": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'"
                 " AND ROUTINE_TYPE = 'FUNCTION'", 6),
    "PACKAGE": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'"
                " AND ROUTINE_TYPE = 'PACKAGE'", 6),
    "PACKAGE BODY": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA ="
                     " '{}' AND ROUTINE_TYPE = 'PACKAGE BODY'", 6),
    "TRIGGER": ("SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{}'"
                " ORDER BY ACTION_ORDER", 6),
    "EVENT": ("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{}'", 7),
    "SEQUENCE": ("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{}' AND"
                 " TABLE_TYPE = 'SEQUENCE'", 2),
}


class ObjectsTest(MoveTest):
    pairs = BOTH
    also = (("mysql", "mariadb"), ("mariadb", "mysql"), ("mariadb-10.5",) * 2,
            ("mariadb-11.8",) * 2)

    def setUp(self):
        super().setUp()
        for server in (self.source, self.target):
            for account in ("app@'%'", "`app``x`@'10.%'"):
                server.sql(f"CREATE USER IF NOT EXISTS {account}")
        self.mixed = self.source.flavour != self.target.flavour

    def ferry(self, *args, **how):
        return super().ferry(*args, **{"user": "ghostferry_all", "MoveObjects": KINDS, **how})

    def make(self, database="abc"):
        """Of every kind, each over others, in modes and character sets of their own."""
        with self.source.connect() as db:
            db.run(f"CREATE DATABASE {database} COLLATE utf8mb4_general_ci", f"USE {database}",
                   "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), g VARCHAR(20) AS"
                   r" (REPLACE(a, '\n', '|')) STORED)",
                   "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(90))",
                   "INSERT INTO t (id, a) VALUES (1, 'one'), (2, 'two')",
                   # z on y on x; one that reads itself through a function.
                   "CREATE VIEW x AS SELECT id, a FROM t",
                   "CREATE VIEW y AS SELECT id, CONCAT(a, 'é') AS b FROM x",
                   "CREATE DEFINER = app@'%' SQL SECURITY INVOKER VIEW b AS SELECT * FROM y"
                   " WHERE id > 1 WITH CASCADED CHECK OPTION",
                   "RENAME TABLE y TO zz", "CREATE OR REPLACE VIEW b AS SELECT * FROM zz",
                   "CREATE FUNCTION f (n INT) RETURNS INT READS SQL DATA"
                   " RETURN (SELECT COUNT(*) FROM v)",
                   "CREATE VIEW v AS SELECT id FROM t", "CREATE OR REPLACE VIEW w AS SELECT f(id) AS n FROM t",
                   # Its account has no privilege on the target, and the view is no use there.
                   f"GRANT SELECT ON {database}.t TO app@'%'",
                   "CREATE DEFINER = app@'%' VIEW granted AS SELECT id FROM t",
                   "CREATE DEFINER = `app``x`@'10.%' PROCEDURE p (IN n INT, OUT s VARCHAR(20))"
                   " COMMENT 'it''s' SQL SECURITY INVOKER\nBEGIN\n  -- none\n  SELECT 'ä' INTO s;\nEND",
                   "CREATE TRIGGER t_b BEFORE INSERT ON t FOR EACH ROW SET NEW.a = CONCAT(NEW.a, '!')",
                   "CREATE TRIGGER t_a BEFORE INSERT ON t FOR EACH ROW INSERT INTO log (x) VALUES (NEW.a)",
                   "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 00:00:00' DO SELECT 1",
                   "CREATE DEFINER = app@'%' EVENT off ON SCHEDULE AT '2036-01-01 00:00:00' ON"
                   " COMPLETION PRESERVE DISABLE COMMENT 'ENABLE' DO INSERT INTO log (x) VALUES ('off')",
                   "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT', NAMES latin1,"
                   " time_zone = '+03:00'",
                   'CREATE PROCEDURE q () SELECT "a" || \'x\' FROM "t"',
                   'CREATE EVENT "ev" ON SCHEDULE EVERY 2 HOUR STARTS \'2036-01-01 00:00:00\' DO'
                   ' DELETE FROM "log" WHERE "x" = \'none\'',
                   "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
                   "CREATE TRIGGER t_c AFTER UPDATE ON t FOR EACH ROW SET @a = 'a\\'",
                   "SET SESSION sql_mode = DEFAULT, NAMES utf8mb4, time_zone = DEFAULT")
            if not self.source.is_mysql and not self.target.is_mysql:
                db.run("SET SESSION sql_mode = ORACLE",
                       "CREATE PACKAGE pack AS FUNCTION one RETURN INT; END",
                       "CREATE PACKAGE BODY pack AS FUNCTION one RETURN INT AS BEGIN RETURN 1; END; END",
                       "SET SESSION sql_mode = DEFAULT")
                db.run("CREATE SEQUENCE spent MAXVALUE 2 NOCACHE", "CREATE SEQUENCE down INCREMENT BY"
                       " -2 MAXVALUE 9", "CREATE SEQUENCE round MAXVALUE 2 CYCLE",
                       *["SELECT NEXT VALUE FOR spent", "SELECT NEXT VALUE FOR down"] * 2,
                       *["SELECT NEXT VALUE FOR round"] * 3)
                db.run("CREATE SEQUENCE s START WITH 5 INCREMENT BY 3 MAXVALUE 1000 CACHE 4",
                       "CREATE SEQUENCE used", "SELECT NEXT VALUE FOR used", "SELECT NEXT VALUE FOR s",
                       "SELECT NEXT VALUE FOR s")

    def shown(self, server, database="abc"):
        found = {}
        with server.connect() as db:
            db.run(f"USE {database}")
            for kind, (query, columns) in SHOWN.items():
                for (name,) in db.rows(query.format(database)):
                    shown = db.rows(f"SHOW CREATE {kind} `{name}`")[0][:columns]
                    if name == "granted":  # MariaDB, where it may not be used
                        shown = [str(v).replace(f"`{database}`.", "") for v in shown]
                    found[kind, name] = tuple(shown)
        return found

    def assert_objects(self, there="abc"):
        wanted, found = self.shown(self.source), self.shown(self.target, there)
        self.assertEqual(set(wanted), set(found))
        if not self.mixed:
            self.maxDiff = None
            self.assertEqual(wanted, found)
        return found

    def assert_works(self):
        """Modes are not what the tables are read in: a text with a line end in it."""
        rows = []
        for server in (self.source, self.target):
            for n in range(20):
                server.sql(f"INSERT INTO abc.t (id, a) VALUES ({10 + n}, 'x\\ny')")
            g = "a" if self.mixed else "g"  # MariaDB reads _utf8mb4'\\n' otherwise
            rows.append(server.sql(f"SELECT id, a, {g} FROM abc.t ORDER BY id") +
                        server.sql("SELECT COUNT(*), MAX(x) FROM abc.log") +
                        server.sql("SELECT * FROM abc.b ORDER BY id") + server.sql("SELECT n FROM abc.w"))
        self.assertEqual(*rows)
        if not self.mixed:
            self.assertEqual(self.target.value("SELECT g FROM abc.t WHERE id = 29"), "x|y!")
        if ("SEQUENCE", "s") in self.shown(self.target):
            for name in ("s", "used", "spent", "down", "round"):
                value = "SELECT next_not_cached_value, cycle_count FROM abc." + name
                self.assertEqual(self.source.sql(value), self.target.sql(value))
            for name in ("s", "used"):
                self.assertGreater(self.target.value(f"SELECT NEXT VALUE FOR abc.{name}"), 4)


class WholeTest(ObjectsTest):
    def test_a_database_arrives_complete(self):
        self.make()
        ferry = self.ferry(SkipTargetVerification=False, VerifierType="Inline")
        probes = self.probes()
        ferry.environ["GHOSTFERRY_PROBES"] = ferry.program.seen(probes.path)
        stops = [probes.stop_at(name) for name in ("before_late_objects", "before_enabling")]
        ferry.start()
        self.reach(ferry, stops[0])
        kinds = {kind for kind, _ in self.shown(self.target)}
        self.assertLessEqual({"VIEW", "PROCEDURE", "FUNCTION"}, kinds)
        self.assertFalse(kinds & {"TRIGGER", "EVENT"})
        stops[0].release()
        self.reach(ferry, stops[1])
        self.assertFalse(self.target.sql("SELECT 1 FROM information_schema.EVENTS WHERE STATUS ="
                                         " 'ENABLED' AND EVENT_SCHEMA = 'abc'"))
        probes.release_all()
        ferry.assert_status(0)
        self.assert_objects()
        self.assertRegex(ferry.log(), "triggers that were moved: 3")
        self.assertNotRegex(ferry.log(), "(is|are|were) not moved")
        self.assert_works()

    def test_named_otherwise_on_the_target(self):
        """Definers are replaced, and databases in views; a body that names its database is
        refused, as is a view with an alias of that name; the others arrive."""
        self.make()
        self.target.sql("CREATE USER IF NOT EXISTS app@'10.%'")
        self.source.sql("CREATE DATABASE zoo", "CREATE TABLE zoo.o (id INT PRIMARY KEY)",
                        "INSERT INTO zoo.o VALUES (1)", "USE abc", "CREATE VIEW far AS SELECT o.id,"
                        " f(1) > 0 AS f, 'abc.t' AS s FROM zoo.o JOIN t ON t.id = o.id",
                        "CREATE VIEW alias AS SELECT abc.id FROM zoo.o AS abc")
        how = {"Databases": {"Whitelist": ["abc", "zoo"], "Rewrites": {"abc": "xyz", "zoo": "abc"}},
               "DefinerRewrites": {"app@%": "app@10.%"}}
        self.source.sql("CREATE PROCEDURE abc.named () SELECT 'abc.t'")
        ferry = self.ferry(**how)
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertIn("PROCEDURE abc.named mentions abc, which has another name", ferry.stdout())
        self.assertIn("VIEW abc.alias mentions abc, which has another name", ferry.stdout())
        self.assertNotIn("abc.far mentions", ferry.stdout())
        self.source.sql("DROP PROCEDURE abc.named", "DROP VIEW abc.alias")
        ferry.run_ok()
        self.assertEqual(self.target.sql("SELECT * FROM xyz.far"), ((1, 1, "abc.t"),))
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())
        self.source.sql("DROP VIEW abc.far")
        self.target.sql("DROP VIEW xyz.far")
        self.maxDiff = None
        replaced = {key: tuple(str(v).replace("`app`@`%`", "`app`@`10.%`") for v in shown)
                    for key, shown in self.shown(self.source).items()}
        found = {key: tuple(map(str, shown)) for key, shown in self.shown(self.target, "xyz").items()}
        if self.mixed:
            replaced, found = set(replaced), set(found)
        self.assertEqual(replaced, found)
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())
        self.target.sql("ALTER EVENT xyz.e DISABLE", "DROP VIEW xyz.b", "DROP PROCEDURE xyz.q",
                        "CREATE PROCEDURE xyz.q () SELECT 1")
        self.assertEqual(ferry.run("-verify"), 3, ferry.logs())
        for line in ("EVENT abc.e is not", "VIEW abc.b is not on the target",
                     "PROCEDURE abc.q is not on the target as it is on the source"):
            self.assertIn("different: " + line, ferry.logs())


class BodiesTest(ObjectsTest):
    """What somebody typed, where the database has another name on the target, or servers differ.

    Broken: object_names_replace() left out; bodies compared as information_schema has them; 1049
    not among what a trial forgives (MySQL)."""

    also = (("mysql", "mariadb"), ("mariadb", "mysql"))
    HOW = {"Databases": {"Whitelist": ["abc", "zoo"], "Rewrites": {"abc": "xyz", "zoo": "abc"}}}

    def make(self):
        with self.source.connect() as db:
            db.run("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "USE abc",
                   "CREATE DATABASE zoo COLLATE utf8mb4_general_ci",
                   "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20))",
                   "CREATE TABLE log (id INT PRIMARY KEY)", "CREATE TABLE zoo.o (id INT PRIMARY KEY)",
                   "INSERT INTO t VALUES (1, 'one'), (2, 'two')", "INSERT INTO zoo.o VALUES (1)",
                   # Of databases that are not on the target yet.
                   "CREATE VIEW zoo.above AS SELECT t.id FROM zoo.o JOIN abc.t USING (id)",
                   "CREATE PROCEDURE named (OUT n INT) COMMENT 'it''s'\nBEGIN\n  -- it's abc's own\n"
                   "  SELECT COUNT(*) INTO n FROM `abc`.`t` JOIN zoo . o USING (id)"
                   r" WHERE abc.t.a <> 'it''s \\ \n';" "\nEND",
                   "CREATE FUNCTION zoo.one () RETURNS INT DETERMINISTIC RETURN 1",
                   "CREATE TRIGGER abc.t_q BEFORE INSERT ON abc.t FOR EACH ROW SET NEW.a ="
                   " CONCAT((SELECT COUNT(*) FROM abc.t), '''', zoo.one())",
                   "CREATE EVENT far ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 00:00:00' DO"
                   r" DELETE FROM abc.log WHERE id < '\''",
                   "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
                   r"""CREATE PROCEDURE ansi () SELECT '\', "abc"."t"."id" FROM "abc"."t" """.strip(),
                   "SET SESSION sql_mode = DEFAULT")

    def test_names_of_databases_in_bodies(self):
        self.make()
        probes = self.probes()
        ferry = self.ferry(probes=probes, **self.HOW)
        places = (("object_made", "PROCEDURE abc.named", 1), ("object_made", "TRIGGER abc.t_q", 1))
        for n in self.killed_at_each(ferry, probes, places):
            self.source.sql(f"INSERT INTO abc.t (id) VALUES ({10 + n})")
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(0)
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())
        with self.target.connect() as db:
            db.run("CALL xyz.named(@n)")
            self.assertEqual(db.value("SELECT @n"), 1)
            self.assertEqual(db.rows("SELECT id FROM abc.above"), ((1,),))
            db.run("INSERT INTO xyz.t (id) VALUES (20)")
            self.assertEqual(db.value("SELECT a FROM xyz.t WHERE id = 20"), "4'1")
        found = self.shown(self.target, "xyz")
        self.assertIn(r" DELETE FROM `xyz`.log WHERE id < '\''", found["EVENT", "far"][3])
        self.assertTrue(found["PROCEDURE", "ansi"][2].endswith(
            r"""SELECT '\', `xyz`."t"."id" FROM `xyz`."t" """.strip()), found["PROCEDURE", "ansi"])
        self.assertIn("-- it's abc's own\n", found["PROCEDURE", "named"][2])

    def test_named_when_it_is_too_late(self):
        """Broken: names looked for at the start alone. Red: status 0, `late` names a database that
        is another one there."""
        self.make()
        probes = self.probes()
        stop = probes.stop_at("before_late_objects")
        ferry = self.ferry(probes=probes, **self.HOW).start()
        self.reach(ferry, stop)
        self.source.sql("CREATE PROCEDURE abc.late () SELECT 'abc.t'")
        stop.release()
        ferry.assert_status(2)
        self.assertIn("PROCEDURE abc.late: it mentions abc, which has another name", ferry.log())
        self.source.sql("DROP PROCEDURE abc.late")
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(0)

    def test_what_meets_on_the_target(self):
        """Broken: constraint_names.c, check_others(), check_parts() left out; the name looked for in
        UTF-8 alone. Red: status 0 of the dry run, or no such line."""
        self.make()
        latin, o = (name.encode().decode("latin1") for name in ("lü", "ö"))
        with self.source.connect() as db:
            db.run("USE abc", "SET NAMES latin1", "CREATE DATABASE `lü`", "CREATE PROCEDURE latin () SELECT * FROM `lü`.t",
                   "CREATE EVENT `ö` ON SCHEDULE EVERY 1 DAY STARTS '2036-01-01 00:00:00' DO SELECT 1",
                   "CREATE PROCEDURE zoo.ansi () SELECT 2",
                   "CREATE TABLE c (id INT PRIMARY KEY, x INT, CONSTRAINT k FOREIGN KEY (x)"
                   " REFERENCES t (id))",
                   "CREATE TABLE zoo.d (id INT PRIMARY KEY, x INT, CONSTRAINT k FOREIGN KEY (x)"
                   " REFERENCES zoo.o (id))", "CREATE TABLE `lü`.t (id INT PRIMARY KEY)")
        names = {"abc": "both", "zoo": "both", latin: "lo"}
        ferry = self.ferry(Databases={"Whitelist": list(names), "Rewrites": names},
                           Tables={"Where": {"abc.log": "id > 0", "abc.t": "id > 0"}},
                           FriendlyRuns=["other"])
        self.assertEqual(ferry.run("-dryrun"), 1)
        for line in ("PROCEDURE abc.ansi and zoo.ansi have the same name on the target",
                     "zoo.d cannot be created on the target: its foreign key `k` has the name of one"
                     " of abc.c", f"PROCEDURE abc.latin mentions {latin}, which has another name",
                     f"shows the name of EVENT abc.{o} in UTF-8, and the rest of it in latin1",
                     "TRIGGER abc.t_q would fire on the target for rows of abc.t"):
            self.assertIn(line, ferry.stdout())


class CrossTest(ObjectsTest):
    """What is tried at the start is what will be there.

    Broken, MySQL's: objects tried in a collation that the target lacks; on the source's definition of
    a table that was made by hand. MariaDB's: its own names of CHECKs taken along; a default of binary
    bytes prepared. Red: a status of 1."""

    pairs = (("mysql", "mariadb"), ("mariadb", "mysql"))
    also = ()

    def make(self):
        with self.source.connect() as db:
            db.run("CREATE DATABASE abc", "USE abc", "CREATE TABLE t (id INT PRIMARY KEY, x INT CHECK"
                   " (x > 0), CHECK (x < id))", "CREATE TABLE u (id INT PRIMARY KEY, b VARBINARY(4)"
                   " DEFAULT x'ff00', CHECK (id > 0))", "INSERT INTO t VALUES (2, 1)",
                   "INSERT INTO u (id) VALUES (1)", "CREATE VIEW v AS SELECT x FROM t",
                   "CREATE TRIGGER q BEFORE INSERT ON t FOR EACH ROW SET NEW.x = LENGTH('it''s')",
                   "CREATE PROCEDURE p () SELECT 'it''s'", "CREATE DATABASE zoo", "CREATE TABLE zoo.t"
                   " (id INT PRIMARY KEY)", "CREATE PROCEDURE zoo.p () SELECT 1")
            if self.source.is_mysql:
                db.run("ALTER TABLE t ADD g GEOMETRY SRID 0")
                self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, x INT,"
                                " g GEOMETRY)")

    def test_they_are_tried_as_they_will_be(self):
        self.make()
        ferry = self.ferry(AllowExistingTargetTable=self.source.is_mysql,
                           Databases={"Whitelist": ["abc", "zoo"]})
        ferry.run_ok()
        self.assert_objects()
        for server in (self.source, self.target):
            server.sql("INSERT INTO abc.u (id) VALUES (2)", "INSERT INTO abc.t (id, x) VALUES (9, 1)")
        self.assert_equal(["abc"])
        self.assertEqual(self.target.value("SELECT HEX(b) FROM abc.u WHERE id = 2"), "FF00")
        with self.assertRaises(pymysql.Error):
            self.target.sql("INSERT INTO abc.u (id) VALUES (-1)")
        self.assertEqual(ferry.run("-verify"), 0, ferry.logs())


class RefusedTest(ObjectsTest):
    also = (("mysql", "mariadb"), ("mariadb", "mysql"))

    def refused(self, *parts, **how):
        ferry = self.ferry(**how)
        self.assertEqual(ferry.run("-dryrun"), 1, ferry.logs())
        for part in parts:
            self.assertRegex(ferry.stdout() + ferry.log(), part)

    def test_what_would_fail_in_the_cutover(self):
        self.make()
        for server in (self.source, self.target):
            server.sql("CREATE DATABASE IF NOT EXISTS other", "CREATE TABLE IF NOT EXISTS other.o (id INT PRIMARY KEY)")
        self.source.sql("CREATE USER IF NOT EXISTS gone@'%'",
                        "CREATE DEFINER = gone@'%' PROCEDURE abc.g () SELECT 1",
                        "CREATE TABLE other.only (id INT PRIMARY KEY)",
                        "CREATE VIEW abc.far AS SELECT o.id FROM other.o JOIN other.only USING (id)",
                        "CREATE VIEW abc.stale AS SELECT * FROM other.only", "DROP TABLE other.o")
        self.addCleanup(self.source.sql, "DROP USER gone@'%'")
        self.target.sql("DROP USER IF EXISTS gone@'%'", "CREATE DATABASE abc",
                        "CREATE PROCEDURE abc.q () SELECT 2",
                        "SET GLOBAL log_bin_trust_function_creators = 0")
        self.addCleanup(self.target.sql, "SET GLOBAL log_bin_trust_function_creators = 1")
        self.source.sql("CREATE FUNCTION abc.open () RETURNS INT RETURN RAND()")
        self.refused("there is no account gone@%", "DefinerRewrites",
                     "VIEW abc.far cannot be used", "abc.stale uses other.only, which is neither",
                     "PROCEDURE abc.q is there already, and not as it is on the source",
                     "DROP PROCEDURE `abc`.`q`", "log_bin_trust_function_creators is OFF")

    def test_privileges(self):
        self.make()
        self.source.sql("CREATE USER few IDENTIFIED BY 'secret'",
                        "GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO few")
        self.addCleanup(self.source.sql, "DROP USER few")
        self.target.sql("CREATE USER few IDENTIFIED BY 'secret'", "GRANT SELECT, INSERT, UPDATE,"
                        " DELETE, CREATE, ALTER, REFERENCES ON *.* TO few")
        self.addCleanup(self.target.sql, "DROP USER few")
        side = {"User": "few", "Pass": "secret"}
        self.refused("source: the account .few.@.%. lacks the privilege SHOW VIEW on abc",
                     "lacks the privilege TRIGGER on abc", "lacks the privilege EVENT on abc",
                     Source=side)
        self.refused("target: .*lacks the privilege CREATE VIEW on abc", "CREATE ROUTINE on abc",
                     "target: .*TRIGGER on abc", "EVENT on abc", "may not make objects for other accounts",
                     Target=side)

    def test_the_grants_that_are_shown_lead_out(self):
        """From the README's accounts. Broken: SYSTEM_USER (MySQL, objects of root) is missed in
        the phase making-objects, a view that calls a function (MariaDB) needs no grant."""
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "USE abc",
                        "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)",
                        "CREATE FUNCTION f (n INT) RETURNS INT DETERMINISTIC RETURN n + 1",
                        "CREATE VIEW w AS SELECT f(id) AS x FROM t")
        for server, grants in ((self.source, GRANTS["source"]), (self.target, GRANTS["target"])):
            server.sql("CREATE USER few IDENTIFIED BY 'secret'", f"GRANT {grants} ON *.* TO few")
            self.addCleanup(server.sql, "DROP USER few")
        side = {"User": "few", "Pass": "secret"}
        ferry = self.ferry(MoveObjects=["views", "routines"], Source=side, Target=side)
        for _ in range(4):
            ferry.run()
            grants = re.findall(r"(?m)^error: (source|target): .*\n  remedy: (GRANT .*?)(?:, or|$)",
                                ferry.log())
            if not grants:
                break
            for name, grant in grants:
                (self.source if name == "source" else self.target).sql(grant)
        ferry.assert_status(0)
        self.assertEqual(self.target.sql("SELECT x FROM abc.w"), ((2,),))

    def test_tried_on_the_target(self):
        """What no rule tells: the other flavour's words, by a start that may make a database."""
        if not self.mixed:
            self.skipTest("the same words")
        self.make()
        word = "JSON_VALID(JSON_SCHEMA_VALIDATION_REPORT('{}', '{}'))" if self.source.is_mysql else \
            "NATURAL_SORT_KEY('a')"
        body = "SELECT a INTO @x FROM t LIMIT 1 FOR UPDATE OF t SKIP LOCKED" if self.source.is_mysql \
            else "FOR i IN 1 .. 3 DO SELECT i; END FOR"
        self.source.sql(f"CREATE VIEW abc.other AS SELECT {word} AS x",
                        f"CREATE PROCEDURE abc.loop_ () BEGIN {body}; END")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1, ferry.logs())
        self.assertIn("PROCEDURE abc.loop_ cannot be made on the target", ferry.logs())
        self.assertEqual(self.target.sql("SHOW DATABASES LIKE 'ghostferry%'"), ())


class InterruptedTest(ObjectsTest):
    also = (("mysql", "mariadb"), ("mariadb", "mysql"))

    """Broken: nothing dropped before rows are written again: red at object_made of a TRIGGER."""

    PLACES = (("object_made", "FUNCTION abc.f"), ("before_object", "VIEW abc.b"),
              ("object_made", "TRIGGER abc.t_b"), ("before_object", "EVENT abc.off"),
              ("before_enabling", r"abc\.ev"))

    def test_killed_at_each_place(self):
        self.make()
        probes = self.probes()
        ferry = self.ferry(probes=probes, SkipTargetVerification=False)
        for n in self.killed_at_each(ferry, probes, [(*place, 1) for place in self.PLACES]):
            # Fires on the source; must not on the target.
            self.source.sql(f"INSERT INTO abc.t (id, a) VALUES ({100 + n}, 'n{n}')")
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(0)
        self.assert_objects()
        self.assert_equal(["abc"], only=["t", "log"])
        self.assertRegex(ferry.log(), "dropping TRIGGER abc.t_b from the target")

    def test_changed_on_the_source_meanwhile(self):
        self.make()
        probes = self.probes()
        stop = probes.stop_at("before_late_objects")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        self.source.sql("CREATE OR REPLACE VIEW abc.w AS SELECT a FROM abc.t", "DROP VIEW abc.b",
                        "CREATE PROCEDURE abc.late () SELECT 1", "DROP EVENT abc.off")
        if not self.source.is_mysql and not self.mixed:  # its body goes with it
            with self.source.connect() as db:
                db.run("USE abc", "SET SESSION sql_mode = ORACLE",
                       "CREATE OR REPLACE PACKAGE pack AS -- changed\nFUNCTION one RETURN INT; END",
                       "CREATE OR REPLACE PACKAGE BODY pack AS FUNCTION one RETURN INT AS BEGIN"
                       " RETURN 1; END; END")
        stop.release()
        ferry.assert_status(0)
        self.assert_objects()
        for line in ("VIEW abc.w was changed on the source", "VIEW abc.b was dropped on the source"):
            self.assertIn(line, ferry.log())

    def test_the_connection_is_lost(self):
        self.make()
        probes = self.probes()
        ferry = self.ferry(probes=probes, SkipTargetVerification=False)
        stops = [probes.stop_at(*place) for place in (("before_object", "VIEW abc.w"),
                                                      ("object_made", "TRIGGER abc.t_a"),
                                                      ("before_enabling", ""))]
        ferry.start()
        for stop in stops:
            self.reach(ferry, stop)
            for (session,) in self.target.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE"
                                              " USER = 'ghostferry_all' AND DB = 'abc'"):
                self.target.sql(f"KILL {session}")
            stop.release()
        ferry.assert_status(0)
        self.assertIn("failed to make objects, 1 of", ferry.log())
        self.assert_objects()

    def test_an_unlock_that_is_refused(self):
        """The triggers stay, as the target may be in use: nothing may make them fire.

        Broken: rows applied all the same. Red: status 0, and a row "n!!" on the target."""
        self.make()
        receiver = Receiver(lambda path: 500)
        self.addCleanup(receiver.close)
        ferry = self.ferry(CutoverUnlock=receiver.callback("/unlock"))
        self.assertEqual(ferry.run(), 2)
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(2)
        self.assertIn("unlocking failed", ferry.log())
        state = ferry.state_file()
        self.source.sql("INSERT INTO abc.t (id, a) VALUES (50, 'n')")
        ferry.resume(state, as_it_is=True)
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"rows of abc\.(t|log) have changed on the source since"
                                      " CutoverUnlock was called")
        self.target.sql("INSERT INTO abc.t (id, a) VALUES (51, 'in use')")
        self.assertEqual(self.target.value("SELECT a FROM abc.t WHERE id = 51"), "in use!")
        self.assert_objects()

    def test_made_by_somebody_else_meanwhile(self):
        self.make()
        probes = self.probes()
        stop = probes.stop_at("before_object", "VIEW abc.w")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        self.target.sql("CREATE VIEW abc.zz AS SELECT 1 AS one")
        stop.release()
        ferry.assert_status(2)
        self.assertIn("VIEW abc.zz: ", ferry.log())

    def test_the_database_had_another_collation(self):
        """Each is made under it; the database keeps its own, whoever dies."""
        self.make()
        self.source.sql("ALTER DATABASE abc COLLATE latin1_german2_ci")
        with self.source.connect() as db:
            db.run("USE abc", "CREATE PROCEDURE old (OUT s VARCHAR(9)) SET s = 'ß'",
                   "ALTER DATABASE abc COLLATE utf8mb4_general_ci")
        probes = self.probes()
        stop = probes.stop_at("database_collation_set", nth=2)  # the first is a trial
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        self.let_the_state_be_saved(ferry)
        ferry.kill9()
        probes.release_all()
        collation = "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE" \
                    " SCHEMA_NAME = 'abc'"
        self.assertEqual(self.target.value(collation), "latin1_german2_ci")
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.assert_status(0)
        self.assert_objects()
        self.assertEqual(self.target.value(collation), "utf8mb4_general_ci")
