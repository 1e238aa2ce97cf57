"""MoveObjects: views, triggers, routines, events and sequences arrive as they are on the source,
whatever happens meanwhile."""

from lib.case import BOTH
from lib.moves import MoveTest

KINDS = ["views", "triggers", "routines", "events", "sequences"]
# What SHOW CREATE has, but for the time of creation.
SHOWN = {
    "VIEW": ("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '{}'", 4),
    "PROCEDURE": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'"
                  " AND ROUTINE_TYPE = 'PROCEDURE'", 6),
    "FUNCTION": ("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{}'"
                 " AND ROUTINE_TYPE = 'FUNCTION'", 6),
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
                db.run("CREATE SEQUENCE s START WITH 5 INCREMENT BY 3 MAXVALUE 1000 CACHE 4",
                       "CREATE SEQUENCE used", "SELECT NEXT VALUE FOR used", "SELECT NEXT VALUE FOR s",
                       "SELECT NEXT VALUE FOR s")

    def shown(self, server, database="abc"):
        found = {}
        with server.connect() as db:
            db.run(f"USE {database}")
            for kind, (query, columns) in SHOWN.items():
                for (name,) in db.rows(query.format(database)):
                    found[kind, name] = db.rows(f"SHOW CREATE {kind} `{name}`")[0][:columns]
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
            rows.append(server.sql("SELECT id, a, g FROM abc.t ORDER BY id") +
                        server.sql("SELECT COUNT(*), MAX(x) FROM abc.log") +
                        server.sql("SELECT * FROM abc.b ORDER BY id") + server.sql("SELECT n FROM abc.w"))
        self.assertEqual(*rows)
        self.assertEqual(self.target.value("SELECT g FROM abc.t WHERE id = 29"), "x|y!")
        if ("SEQUENCE", "s") in self.shown(self.target):
            for name in ("s", "used"):
                value = "SELECT next_not_cached_value FROM abc." + name
                self.assertEqual(self.source.value(value), self.target.value(value))
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
