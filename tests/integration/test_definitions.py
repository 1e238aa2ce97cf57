"""Definitions that SHOW CREATE TABLE does not print as they are: each arrives as the source
has it, by what information_schema and the stored bytes say."""

from lib.case import BOTH, CROSS, MARIADB_105, MARIADB_118, FerryTest
from lib.db import name

ALL = BOTH + (MARIADB_105, MARIADB_118)


class DefinitionTest(FerryTest):
    def move(self, *between, compares=True, **settings):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, VerifierType="ChecksumTable", **settings).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        for sql in between:
            self.source.sql(sql)
        stop.release()
        ferry.assert_status(0)
        if compares:
            self.assert_equal()
        return ferry

    def members(self, server, column, count, is_set=False):
        """Their bytes, through a row each."""
        server.sql("CREATE DATABASE IF NOT EXISTS probe", "DROP TABLE IF EXISTS probe.t",
                   "CREATE TABLE probe.t LIKE abc.t")
        for n in range(1, count + 1):
            server.sql(f"INSERT INTO probe.t (id, {name(column)}) VALUES ({n}, "
                       f"{1 << n - 1 if is_set else n})")
        rows = server.sql(f"SELECT HEX(CAST({name(column)} AS BINARY)) FROM probe.t ORDER BY id")
        server.sql("DROP DATABASE probe")
        return rows


class NullableCounterTest(DefinitionTest):
    pairs = ALL + CROSS

    def test_null_stays_null(self):
        """SHOW CREATE TABLE prints no NULL for the column."""
        self.source.sql(
            "CREATE DATABASE abc COLLATE utf8mb4_general_ci",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, c INT AUTO_INCREMENT NULL UNIQUE COMMENT"
            " 'AUTO_INCREMENT')",
            "CREATE TABLE abc.u (id INT PRIMARY KEY, `AUTO_INCREMENT` INT UNSIGNED AUTO_INCREMENT"
            " NULL, d VARCHAR(20) DEFAULT 'AUTO_INCREMENT', KEY (`AUTO_INCREMENT`))",
            "CREATE TABLE abc.v (c INT AUTO_INCREMENT PRIMARY KEY, d INT)",
            "INSERT INTO abc.t VALUES (1, NULL), (2, 7), (3, NULL)",
            "INSERT INTO abc.u VALUES (1, NULL, NULL), (2, 7, 'x'), (3, NULL, '')",
            "INSERT INTO abc.v (d) VALUES (1), (2)")
        self.move("INSERT INTO abc.t VALUES (4, NULL), (5, 8)", "DELETE FROM abc.t WHERE id = 1",
                  "UPDATE abc.t SET c = NULL WHERE id = 2", "UPDATE abc.u SET id = 9 WHERE id = 1")
        sql = ("SELECT table_name, column_name, is_nullable FROM information_schema.columns"
               " WHERE table_schema = 'abc' ORDER BY table_name, ordinal_position")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assertEqual(self.target.sql("SELECT id, c FROM abc.t ORDER BY id"),
                         ((2, None), (3, None), (4, None), (5, 8)))


class MembersTest(DefinitionTest):
    pairs = ALL + CROSS

    COLUMNS = {
        "e": ("ENUM(0xC840,'A','','it''s',0x5c,'?') CHARACTER SET big5 DEFAULT 0xC840", 6),
        "s": ("SET(0xC840,'A',0xC841) CHARACTER SET big5 DEFAULT 'A'", 3),
        "m": ("ENUM('😀','a','?','ß') COLLATE utf8mb4_general_ci NOT NULL DEFAULT 'ß'", 4),
        "w": ("ENUM('a','é','?') COLLATE utf16_general_ci DEFAULT 'é'", 3),
        "b": ("ENUM(0xff00fe,'A') CHARACTER SET binary", 2),
        "l": ("SET('é','ÿ','a') CHARACTER SET latin1 DEFAULT 'é,a'", 3),
        "x": ("SET(" + ",".join(f"'é{n}'" for n in range(64)) + ") COLLATE utf8mb4_bin", 64),
    }

    def create(self):
        self.source.sql(
            "CREATE DATABASE abc COLLATE utf8mb4_general_ci",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, "
            + ", ".join(f"{column} {kind}" for column, (kind, _) in self.COLUMNS.items()) + ")",
            "INSERT INTO abc.t (id) VALUES (1), (2)",
            "INSERT INTO abc.t VALUES (3, 1, 5, 1, 2, 1, 3, 1), (4, 6, 0, 3, 3, 2, 7,"
            " 9223372036854775809), (5, NULL, NULL, 4, NULL, NULL, NULL, NULL)")

    def assert_same_members(self):
        for column, (kind, count) in self.COLUMNS.items():
            with self.subTest(column):
                sides = [self.members(server, column, count, kind.startswith("SET"))
                         for server in (self.source, self.target)]
                self.assertEqual(*sides)
                self.assertEqual(len(set(sides[0])), count)

    def test_by_their_bytes(self):
        self.create()
        self.move("INSERT INTO abc.t (id, e, m) VALUES (6, 2, 3)", "UPDATE abc.t SET s = 4, x = 3"
                  " WHERE id = 1", "DELETE FROM abc.t WHERE id = 2",
                  # The flavours make different texts of bytes that are none.
                  compares=self.source.flavour == self.target.flavour)
        sql = (f"SELECT id, {', '.join(f'CAST({c} AS UNSIGNED)' for c in self.COLUMNS)} FROM abc.t"
               " ORDER BY id")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assert_same_members()
        for server in (self.source, self.target):
            server.sql("SET SESSION sql_mode = ''", "INSERT INTO abc.t (id) VALUES (100)")
        sql = f"SELECT {', '.join(f'CAST({c} AS UNSIGNED)' for c in 'esmwl')} FROM abc.t WHERE id = 100"
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.assertEqual(self.source.sql(sql), ((1, 2, 4, 2, 5),))

    def test_many(self):
        many = ",".join(f"'é{n}'" for n in range(1203)) + ",0xC3A9"
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        f"CREATE TABLE abc.t (id INT PRIMARY KEY, e ENUM({many}))",
                        "INSERT INTO abc.t VALUES (1, 1), (2, 600), (3, 1203), (4, 1204)")
        self.move()

    def test_of_an_existing_table(self):
        """Refused by name: the same text, other bytes."""
        for server, member in ((self.source, "0xC840"), (self.target, "'?'")):
            server.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                       f"CREATE TABLE abc.t (id INT PRIMARY KEY, e ENUM({member},'A')"
                       " CHARACTER SET big5)")
        self.source.sql("INSERT INTO abc.t VALUES (1, 1), (2, 2)")
        ferry = self.ferry(AllowExistingTargetTable=True)
        self.assertEqual(ferry.run(), 1)
        self.assertIn("column e of `abc`.`t` is of another type", ferry.log())
        self.target.sql("DROP TABLE abc.t", "CREATE TABLE abc.t (id INT PRIMARY KEY,"
                        " e ENUM(0xC840,'A') CHARACTER SET big5)")
        self.ferry(AllowExistingTargetTable=True).run_ok()
        self.assert_equal()


class LenientTest(DefinitionTest):
    """Tables of sessions with innodb_strict_mode=OFF."""

    pairs = ALL

    WIDE = ", ".join(f"c{n} CHAR(250)" for n in range(45))

    def test_made_as_on_the_source(self):
        self.source.sql(
            "CREATE DATABASE abc COLLATE latin1_swedish_ci", "SET SESSION innodb_strict_mode = OFF",
            "CREATE TABLE abc.a (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=8",
            "CREATE TABLE abc.b (id INT PRIMARY KEY) ROW_FORMAT=FIXED",
            f"CREATE TABLE abc.c (id INT PRIMARY KEY, {self.WIDE}) ROW_FORMAT=COMPACT",
            "INSERT INTO abc.a VALUES (1)", "INSERT INTO abc.c (id, c3) VALUES (1, 'x')")
        self.move("INSERT INTO abc.b VALUES (2)", user="ghostferry_all")
        sql = ("SELECT table_name, row_format, create_options FROM information_schema.tables"
               " WHERE table_schema = 'abc' ORDER BY table_name")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))

    def test_the_row_format_of_the_source(self):
        """The servers' defaults differ; the table names none."""
        self.addCleanup(self.source.sql, "SET GLOBAL innodb_default_row_format = DYNAMIC")
        self.source.sql("CREATE DATABASE abc", "SET GLOBAL innodb_default_row_format = COMPACT",
                        "CREATE TABLE abc.a (id INT PRIMARY KEY, t TEXT) COMMENT='\n) ROW_FORMAT='",
                        "CREATE TABLE abc.d (id INT PRIMARY KEY, t TEXT) ROW_FORMAT=DYNAMIC",
                        "CREATE TABLE abc.k (id INT PRIMARY KEY, t TEXT) KEY_BLOCK_SIZE=8",
                        "CREATE TABLE abc.p (id INT PRIMARY KEY, t TEXT) PARTITION BY HASH (id)"
                        " PARTITIONS 3",
                        "INSERT INTO abc.a VALUES (1, 'a')")
        self.move()
        sql = ("SELECT table_name, row_format FROM information_schema.tables"
               " WHERE table_schema = 'abc' ORDER BY table_name")
        self.assertEqual(self.source.sql(sql), self.target.sql(sql))
