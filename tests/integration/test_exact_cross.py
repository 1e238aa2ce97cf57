"""Tables created on a server of the other flavour: what means the same there is
translated, what does not is refused before anything exists."""

from lib.case import CROSS, FerryTest

PLAIN = """CREATE TABLE abc.plain (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(20) DEFAULT 'it''s',
  c DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  d TIMESTAMP NULL DEFAULT NULL, e ENUM('x','DEFAULT y') DEFAULT 'x' COMMENT 'CHECK (json_valid(`e`))',
  f INT AS (a + 1) VIRTUAL, g INT AS (a + 2) STORED, h BIT(3) DEFAULT b'101',
  i DECIMAL(10,2) UNSIGNED ZEROFILL DEFAULT 1.5, j DOUBLE DEFAULT -1, k YEAR, l TEXT,
  m VARCHAR(10) CHARACTER SET latin1, n CHAR(5) CHARACTER SET ucs2 COLLATE ucs2_bin,
  o INT CHECK (o > 3), p GEOMETRYCOLLECTION, q POINT, r VARCHAR(40) DEFAULT (UUID()),
  s DATE DEFAULT (CURDATE()), t BLOB DEFAULT ('x'), u INT DEFAULT (1 + 2), v INT INVISIBLE,
  UNIQUE KEY u (b, m), KEY k (a DESC), FULLTEXT KEY ft (l)) COLLATE utf8mb4_bin COMMENT='a /*!80016 x*/'"""
INSERT = """INSERT INTO abc.plain (a, b, d, e, h, i, j, k, l, m, n, o, p, q) VALUES
  (1, 'b', '2024-01-01', 2, b'11', 2.5, 1e300, 2024, 'text', 'é', 'é', 4,
   ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))'), ST_GeomFromText('POINT(3 4)')),
  (NULL, 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
OWN = {
    "mysql": ("""CREATE TABLE abc.own (id INT PRIMARY KEY, j JSON DEFAULT (JSON_ARRAY(1)),
  c INT STORAGE DISK COLUMN_FORMAT FIXED, KEY hidden (c) INVISIBLE) COLLATE utf8mb4_general_ci
  COMPRESSION='none'""", "INSERT INTO abc.own VALUES (1, '{\"a\": 1.5}', 2)"),
    "mariadb": ("""CREATE TABLE abc.own (id INT PRIMARY KEY, j JSON, t TEXT DEFAULT 'x',
  u TEXT DEFAULT (CONCAT('a','b')), c VARCHAR(20) COMPRESSED, KEY hidden (c(3)) IGNORED)
  COLLATE utf8mb4_general_ci PAGE_CHECKSUM=1""".replace(", KEY hidden (c(3)) IGNORED",
                                                        ", n INT, KEY hidden (n) IGNORED"),
                "INSERT INTO abc.own VALUES (1, '{\"a\":  1.5}', 't', 'u', REPEAT('c', 20), 3)"),
}
REFUSED = {
    "mysql": {"a_collation": "id INT PRIMARY KEY, a VARCHAR(9) COLLATE utf8mb4_0900_ai_ci",
              "an_expression": "id INT PRIMARY KEY, a INT, KEY k ((a + 1))",
              "a_check": "id INT PRIMARY KEY, a INT, CHECK (a > 1) NOT ENFORCED",
              "an_srid": "id INT PRIMARY KEY, a POINT SRID 4326",
              "a_vector": "id INT PRIMARY KEY, a VECTOR(3)"},
    "mariadb": {"a_uuid": "id UUID PRIMARY KEY", "an_inet": "id INT PRIMARY KEY, a INET6",
                "a_hash": "id INT PRIMARY KEY, a TEXT, UNIQUE KEY (a)",
                "a_collation": "id INT PRIMARY KEY, a VARCHAR(9) COLLATE utf8mb4_nopad_bin"},
}


class Translated(FerryTest):
    pairs = CROSS

    def test_created_as_it_means(self):
        self.source.sql("CREATE DATABASE abc", PLAIN, INSERT, *OWN[self.flavour])
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        self.source.sql("UPDATE abc.plain SET a = 7, q = NULL WHERE id = 1", "DELETE FROM abc.own",
                        INSERT.replace("'b'", "'B'").replace("'c'", "'C'"), OWN[self.flavour][1])
        stop.release()
        ferry.assert_status(0)
        self.assert_equal(only=["plain"])
        for sql in ("SELECT id, CAST(j AS CHAR) FROM abc.own", "SELECT * FROM abc.own"):
            self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        for sql in ("SELECT column_name, is_nullable, extra LIKE '%INVISIBLE%', collation_name"
                    " FROM information_schema.columns WHERE table_name = 'plain'"
                    " ORDER BY ordinal_position",):
            self.assertEqual(self.source.sql(sql), self.target.sql(sql))
        self.target.sql("INSERT INTO abc.plain (a) VALUES (5)")
        self.assertEqual(self.target.sql("SELECT b, e + 0, LENGTH(r), t, u, j FROM abc.plain"
                                         " WHERE a = 5"), (("it's", 1.0, 36, b"x", 3, -1.0),))

    def test_refused_all_at_once_before_anything_exists(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        refused = REFUSED[self.flavour]
        for table, columns in refused.items():
            self.source.sql(f"CREATE TABLE abc.{table} ({columns})")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        for table in refused:
            self.assertRegex(ferry.log(), rf"abc\.{table}")
        self.assertIn("AllowExistingTargetTable", ferry.log())
        self.assertEqual(self.target.databases(), [])
