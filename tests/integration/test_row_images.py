"""What servers leave out of the images of changed rows: generated columns, the hidden hash
of a UNIQUE over long values (MariaDB 11.8), what an update did not change (FULL_NODUP)."""

from lib.case import MARIADB, MARIADB_105, MARIADB_118, MYSQL, FerryTest

TABLES = {
    "g": "id INT PRIMARY KEY, a INT, v INT AS (a + 1) VIRTUAL, b INT, s INT AS (a + 2) STORED,"
         " t VARCHAR(20)",
    # Values of a unique generated column move from row to row.
    "u": "id INT PRIMARY KEY, a INT, s INT AS (a * 2) STORED, UNIQUE KEY (s)",
    "w": "id INT PRIMARY KEY, a INT, s INT AS (a * 2) VIRTUAL, UNIQUE KEY (s), n INT",
    "tail": "k VARCHAR(9) NOT NULL, s INT AS (LENGTH(k)) STORED, UNIQUE KEY (k), n BIGINT",
}
# Only MariaDB keeps a unique key by a hash of its values.
HASHED = {
    "long": "id INT PRIMARY KEY, a TEXT, b VARCHAR(3000), n INT, UNIQUE KEY (a), UNIQUE KEY (b)",
    "short": "id INT PRIMARY KEY, a INT, n INT, UNIQUE KEY (a) USING HASH",
    "parts": "id INT PRIMARY KEY, a VARCHAR(20), b INT, UNIQUE KEY (a(5), b) USING HASH,"
             " s INT AS (b + 1) STORED",
    "walked": "id INT NOT NULL, a INT, PRIMARY KEY (id) USING HASH",
}
FILL = {
    "g": "(id, a, b, t) VALUES (1, 1, 1, 'a'), (2, NULL, 2, NULL), (3, 3, NULL, ''), (4, 4, 4, 'd')",
    "u": "(id, a) VALUES (1, 1), (2, 2), (3, 3), (4, NULL)",
    "w": "(id, a, n) VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, NULL, NULL)",
    "tail": "(k, n) VALUES ('a', 1), ('bb', 2), ('ccc', NULL), ('dddd', -4)",
    "long": "(id, a, b, n) VALUES (1, REPEAT('a', 900), 'b', 1), (2, NULL, NULL, 2), (3, 'c', 'c', 3),"
            " (4, '', '', 4)",
    "short": "(id, a, n) VALUES (1, 1, 1), (2, NULL, 2), (3, 3, 3), (4, 4, 4)",
    "parts": "(id, a, b) VALUES (1, 'aaaaaa', 1), (2, NULL, NULL), (3, 'aaaaab', 2), (4, 'd', 1)",
    "walked": "(id, a) VALUES (1, 1), (2, NULL), (3, 3), (4, 4)",
}
CHANGE = {
    "g": ("UPDATE abc.g SET a = 10 WHERE id = 1", "UPDATE abc.g SET t = 'é', b = NULL WHERE id = 2",
          "UPDATE abc.g SET id = 9 WHERE id = 3", "DELETE FROM abc.g WHERE id = 4",
          "INSERT INTO abc.g (id, a, b, t) VALUES (4, 7, 7, 'seven'), (5, NULL, 5, 'five')",
          "UPDATE abc.g SET a = NULL WHERE id = 4"),
    "u": ("UPDATE abc.u SET a = 9 WHERE id = 1", "UPDATE abc.u SET a = 1 WHERE id = 2",
          "UPDATE abc.u SET a = 2 WHERE id = 1", "DELETE FROM abc.u WHERE id = 3",
          "UPDATE abc.u SET a = 3 WHERE id = 4", "UPDATE abc.u SET id = 5 WHERE id = 1"),
    "w": ("UPDATE abc.w SET a = 9 WHERE id = 1", "UPDATE abc.w SET a = 1 WHERE id = 2",
          "UPDATE abc.w SET a = 2 WHERE id = 1", "DELETE FROM abc.w WHERE id = 3",
          "UPDATE abc.w SET a = 3 WHERE id = 4", "UPDATE abc.w SET n = 5 WHERE id = 1"),
    "tail": ("UPDATE abc.tail SET k = 'xxxxx' WHERE k = 'a'", "DELETE FROM abc.tail WHERE k = 'bb'",
             "UPDATE abc.tail SET n = 7 WHERE k = 'ccc'", "INSERT INTO abc.tail (k) VALUES ('a')"),
    "long": ("UPDATE abc.long SET a = 'x', n = 9 WHERE id = 1",
             "UPDATE abc.long SET b = REPEAT('b', 2999) WHERE id = 2",
             "UPDATE abc.long SET n = NULL WHERE id = 3", "DELETE FROM abc.long WHERE id = 4",
             "INSERT INTO abc.long VALUES (5, REPEAT('a', 900), NULL, 5)"),
    "short": ("UPDATE abc.short SET a = 9 WHERE id = 1", "UPDATE abc.short SET n = 9 WHERE id = 3",
              "DELETE FROM abc.short WHERE id = 4", "INSERT INTO abc.short VALUES (5, 1, 5)",
              "UPDATE abc.short SET id = 7, a = 4 WHERE id = 2"),
    "parts": ("UPDATE abc.parts SET b = 3 WHERE id = 1", "DELETE FROM abc.parts WHERE id = 4",
              "UPDATE abc.parts SET a = 'd', b = 1 WHERE id = 2",
              "INSERT INTO abc.parts (id, a, b) VALUES (6, NULL, 1)"),
    "walked": ("UPDATE abc.walked SET a = 9 WHERE id = 1", "DELETE FROM abc.walked WHERE id = 4",
               "UPDATE abc.walked SET id = 6 WHERE id = 3"),
}


class ImageTest(FerryTest):
    def create(self, tables):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        for table, columns in tables.items():
            self.source.sql(f"CREATE TABLE abc.{table} ({columns})",
                            f"INSERT INTO abc.{table} {FILL[table]}")

    def move(self, tables, *before, **settings):
        """Changes during the copy, and behind it."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, DataIterationBatchSize=2, VerifierType="Inline",
                           **settings).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        self.source.sql(*before, *(sql for table in tables for sql in CHANGE[table]))
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()


class GeneratedTest(ImageTest):
    pairs = (MARIADB_118, MARIADB_105, MARIADB, MYSQL, ("mariadb-11.8", "mariadb"),
             ("mariadb-11.8", "mysql"), ("mysql", "mariadb-11.8"))

    def test_generated_columns(self):
        self.create(TABLES)
        self.move(TABLES)

    def test_with_names_in_the_binlog(self):
        before = self.source.value("SELECT @@global.binlog_row_metadata")
        self.addCleanup(self.source.sql, f"SET GLOBAL binlog_row_metadata = {before}")
        self.source.sql("SET GLOBAL binlog_row_metadata = FULL")
        self.create(TABLES)
        self.move(TABLES, "SET SESSION binlog_row_image = FULL")


class HashedTest(ImageTest):
    pairs = (MARIADB_118, MARIADB_105, MARIADB, ("mariadb-11.8", "mariadb-10.5"),
             ("mariadb-10.5", "mariadb-11.8"))

    def test_unique_by_a_hash(self):
        self.create(HASHED)
        self.move(HASHED)


class NoDuplicatesTest(ImageTest):
    """MariaDB 11.4 and later: binlog_row_image=FULL_NODUP"""

    pairs = (MARIADB_118, ("mariadb-11.8", "mysql"), ("mariadb-11.8", "mariadb-10.5"))

    def test_images_after_an_update_hold_what_changed(self):
        tables = dict(TABLES, **(HASHED if self.target.flavour == "mariadb" else {}))
        self.create(tables)
        self.addCleanup(self.source.sql, "SET GLOBAL binlog_row_image = 'FULL'")
        self.source.sql("SET GLOBAL binlog_row_image = 'FULL_NODUP'")
        self.move(tables, "SET SESSION binlog_row_image = 'FULL_NODUP'")
