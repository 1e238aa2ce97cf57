"""Text that servers keep in a table's definition: of generated columns, CHECKs, DEFAULT
(expr), functional keys and partitions. It is parsed when a table is opened, in the sql_mode
of whichever session opens it, and what comes of it serves the application too."""

import random
import threading

from lib import compare
from lib.case import BOTH, MARIADB_105, MARIADB_118, FerryTest
from lib.db import text

# One table cache, of few tables: what the application gets was often opened by us.
SMALL_CACHE = ("--table-open-cache=12", "--table-open-cache-instances=1")
ALL = BOTH + (MARIADB_105, MARIADB_118)

MODES = ("", "ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "HIGH_NOT_PRECEDENCE",
         "IGNORE_SPACE", "REAL_AS_FLOAT")
COMMON = (
    r"CREATE TABLE b.t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(50),"
    r" g VARCHAR(80) AS (REPLACE(a, '\n', '|')) STORED,"
    r" v VARCHAR(80) AS (CONCAT(a, '\t.')) VIRTUAL,"
    r" d VARCHAR(20) DEFAULT (CONCAT('\n', '\\n')), KEY g (g), KEY v (v))",
    r"CREATE TABLE b.mail (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(60),"
    r" CHECK (email REGEXP '^[^@]+@[^@]+\\.[^@]+$'))",
    r"CREATE TABLE b.quote (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20),"
    r" d VARCHAR(20) DEFAULT (CONCAT('it''s \\', '\n')),"
    r" CHECK (a <> 'it''s'), CHECK (a <> '\\'), CHECK (a <> '\"'))",
    r"CREATE TABLE b.part (id INT PRIMARY KEY) PARTITION BY RANGE (id)"
    r" (PARTITION p0 VALUES LESS THAN (100) COMMENT = 'it''s \\ here',"
    r" PARTITION p1 VALUES LESS THAN MAXVALUE COMMENT = 'ends in \\')",
    r"CREATE TABLE b.list (v VARCHAR(9) NOT NULL PRIMARY KEY) PARTITION BY LIST COLUMNS (v)"
    r" (PARTITION p0 VALUES IN ('it''s', '\\'), PARTITION p1 VALUES IN ('\n'))",
)
OWN = {"mysql": (
    r"CREATE TABLE b.func (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(50),"
    r" KEY f ((REPLACE(a, '\n', '|'))), KEY e ((CONCAT(a, '\\', 'it''s'))))",),
    "mariadb": ()}
# Written in another dialect than the one that servers keep and print.
DIALECTS = {
    "": r"CONCAT(a, 'x\n')", "NO_BACKSLASH_ESCAPES": r"REPLACE(a, '\n', '\')",
    "ANSI_QUOTES": r"""CONCAT("a", 'it''s \\ "')""", "PIPES_AS_CONCAT": r"(a || '\\n')",
    "HIGH_NOT_PRECEDENCE": "(NOT n BETWEEN -5 AND 5)", "IGNORE_SPACE": "CONCAT (a, '\\\\')",
    "REAL_AS_FLOAT": "(n / 3e0)",
}
VALUES = ("x\ny", "\\n", "it", "a\\b\nc", "", "'\\'", "plain")


def g_of(a):
    return a.replace("\n", "|")


class Application(threading.Thread):
    """Writes from many sessions, each statement in the next, and has the tables opened again
    and again."""

    SESSIONS = 6

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random = server, random.Random(seed)
        self.stopping = threading.Event()
        self.failed, self.rows = [], 0
        self.sessions = [server.connect() for _ in range(self.SESSIONS)]

    def write(self, session):
        a = self.random.choice(VALUES)
        session.run(f"INSERT INTO b.t (a) VALUES ({text(a)})",
                    f"INSERT INTO b.mail (email) VALUES ('a{self.rows}@b.example')",
                    f"INSERT INTO b.quote (a) VALUES ({text(a)[:-1]}61')")
        if self.server.is_mysql:
            session.run(f"INSERT INTO b.func (a) VALUES ({text(a)})")
        if self.rows % 5 == 0:
            session.run(f"UPDATE b.t SET a = {text(a)} WHERE id = {self.rows // 2 + 1}")
        self.rows += 1

    def run(self):
        while not self.stopping.is_set():
            session = self.sessions[self.rows % self.SESSIONS]
            try:
                if self.rows % 7 == 0:
                    session.run("FLUSH TABLES")
                self.write(session)
            except Exception as e:  # whatever a writer of the application would be told
                self.failed.append(e)
                return

    def stop(self):
        self.stopping.set()
        self.join(30)
        for session in self.sessions:
            session.close()


class StoredTextTest(FerryTest):
    pairs = ALL

    def setUp(self):
        super().setUp()
        self.source = self.private_server("source", *SMALL_CACHE)

    def create(self, rows=60):
        self.source.sql("CREATE DATABASE b", *COMMON, *OWN[self.flavour],
                        "INSERT INTO b.part VALUES (1), (100), (200)",
                        r"INSERT INTO b.list VALUES ('it''s'), ('\\'), ('\n')")
        for number in range(rows):
            a = text(VALUES[number % len(VALUES)])
            self.source.sql(f"INSERT INTO b.t (a) VALUES ({a})",
                            f"INSERT INTO b.quote (a) VALUES ('{number}')",
                            f"INSERT INTO b.mail (email) VALUES ('x{number}@b.example')")
            if self.source.is_mysql:
                self.source.sql(f"INSERT INTO b.func (a) VALUES ({a})")

    def assert_as_written(self, server):
        """What each row should hold is worked out here, not by a server."""
        rows = server.sql("SELECT id, a, g, v, d FROM b.t")
        wrong = [row for row in rows
                 if row[2:] != (g_of(row[1]), row[1] + "\t.", "\n\\n")]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} of {len(rows)} rows on {server}")
        by_index = ["SELECT COUNT(*) FROM b.t FORCE INDEX (g) WHERE g LIKE '%|%'"]
        by_rows = "SELECT COUNT(*) FROM b.t IGNORE INDEX (g) WHERE a LIKE _utf8mb4 x'250a25'"
        self.assertEqual(server.value(by_index[0]), server.value(by_rows))
        if server.is_mysql and "func" in compare.tables(server.db, "b"):
            found = server.value(r"SELECT COUNT(*) FROM b.func FORCE INDEX (f)"
                                 r" WHERE REPLACE(a, '\n', '|') = 'x|y'")
            self.assertEqual(found, server.value("SELECT COUNT(*) FROM b.func IGNORE INDEX (f)"
                                                 " WHERE a = _utf8mb4 x'780a79'"))

    def watched_application(self):
        application = Application(self.source, self.pair[0])
        self.addCleanup(application.stop)
        application.start()
        self.wait_until(lambda: application.rows > 20 or application.failed)
        return application

    def beside(self, application, rows=40):
        """Another few rows of it."""
        wanted = application.rows + rows
        self.wait_until(lambda: application.rows > wanted or application.failed)
        self.assertEqual(application.failed, [])

    def test_what_the_application_writes_meanwhile(self):
        """Red with NO_BACKSLASH_ESCAPES in our sessions: wrong rows on both sides (MySQL),
        good ones refused (3819), tables that cannot be read (1064), in all modes."""
        self.create()
        application = self.watched_application()
        ferry = self.ferry(databases=["b"], AutomaticCutover=False, VerifierType="Inline",
                           UpdatableConfig={"DataIterationBatchSize": 7}, http=True)
        ferry.run_ok("-dryrun")
        self.beside(application)
        ferry.start()
        ferry.wait_for_log("data copy is complete")
        self.beside(application)
        application.stop()
        ferry.allow_cutover()
        ferry.wait_for_log("ghostferry run is complete")
        ferry.terminate()
        ferry.wait()
        self.assertEqual(application.failed, [])
        for server in (self.source, self.target):
            self.assert_as_written(server)
        self.assert_equal(["b"])

    def test_tables_opened_by_a_comparison(self):
        """-verify reads with sessions of its own: each table is opened by it first, and
        served to the application afterwards, also when the program has ended. (Only tables
        that NO_BACKSLASH_ESCAPES spoils without a word.)"""
        self.create()
        params = {"Params": {"sql_mode": "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"}}
        chosen = {"Tables": {"Whitelist": ["t", "mail"]}, "Source": params, "Target": params}
        self.ferry(databases=["b"], **chosen).run_ok()
        self.source.sql("FLUSH TABLES")
        self.target.sql("FLUSH TABLES")
        self.ferry(databases=["b"], **chosen).run_ok("-verify")
        self.source.sql(*(f"INSERT INTO b.t (a) VALUES ({text(a)})" for a in VALUES),
                        "INSERT INTO b.mail (email) VALUES ('good@mail.example')")
        for server in (self.source, self.target):
            self.assert_as_written(server)

    def test_text_of_other_dialects(self):
        """Created in another sql_mode, and read as it was meant by ours, on both sides."""
        self.source.sql("CREATE DATABASE b")
        for number, mode in enumerate(MODES):
            self.source.sql(
                f"SET sql_mode = '{mode}'",
                f"CREATE TABLE b.t{number} (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(50),"
                f" n INT, g VARCHAR(80) AS ({DIALECTS[mode]}) STORED, z DATE,"
                " CHECK (z <> DATE'0000-00-00'))")
            self.source.sql("SET sql_mode = ''", *(
                f"INSERT INTO b.t{number} (a, n) VALUES ({text(a)}, {i - 3})"
                for i, a in enumerate(VALUES)))
        self.target.sql("SET sql_mode = ''")
        before = [self.source.sql(f"SELECT g FROM b.t{n} ORDER BY id") for n in range(len(MODES))]
        self.source.sql("FLUSH TABLES")
        self.ferry(databases=["b"], VerifierType="ChecksumTable").run_ok()
        self.assert_equal(["b"])
        for number, wanted in enumerate(before):
            self.source.sql(*(f"INSERT INTO b.t{number} (a, n) VALUES ({text(a)}, {i - 3})"
                              for i, a in enumerate(VALUES)))
            for server, rows in ((self.source, wanted * 2), (self.target, wanted)):
                self.assertEqual(server.sql(f"SELECT g FROM b.t{number} ORDER BY id"), rows,
                                 MODES[number])
