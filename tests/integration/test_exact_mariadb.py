"""Types that only MariaDB has, by the copy and by the binlog."""

from lib import compare
from lib.case import MARIADB, OTHER_MARIADB, FerryTest


class MariaDBTypes(FerryTest):
    pairs = (MARIADB,)
    also = OTHER_MARIADB

    def needs(self, major, minor):
        if min(self.source.number, self.target.number) < (major, minor):
            self.skipTest(f"types that MariaDB has since {major}.{minor}")

    def move(self, between, **settings):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, DataIterationBatchSize=3, **settings).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        between()
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()
        compare.assert_same_definitions(self.source, self.target)

    ADDRESSES = (
        ("UUID", ["00000000-0000-0000-0000-000000000000", "11223344-5566-1788-99aa-bbccddeeff00",
                  "11223344-5566-4788-99aa-bbccddeeff00", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                  "11223344-5566-7788-9900-000000000000", "00000000-0000-0000-0000-000000000001",
                  "6ccd780c-baba-1026-9564-5b8c656024db"]),
        ("INET4", ["0.0.0.0", "1.2.3.4", "10.0.0.0", "255.255.255.255", "1.2.0.0", "127.0.0.1",
                   "0.0.0.39"]),
        ("INET6", ["::", "::1", "1:2:3::8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::",
                   "::ffff:1.2.3.4", "::1.2.3.4", "2001:db8::27"]),
    )

    def test_uuid_and_addresses(self):
        self.needs(10, 10)
        self.source.sql("CREATE DATABASE abc")
        for kind, values in self.ADDRESSES:
            self.source.sql(f"CREATE TABLE abc.`{kind}` (k {kind} PRIMARY KEY, v {kind}, n INT)",
                            f"CREATE TABLE abc.`{kind} n` (k {kind}, n INT, PRIMARY KEY (n, k))")
            for n, value in enumerate(values):
                self.source.sql(f"INSERT INTO abc.`{kind}` VALUES ('{value}', '{value}', {n})",
                                f"INSERT INTO abc.`{kind} n` VALUES ('{value}', {n % 3})")

        def change():
            for kind, values in self.ADDRESSES:
                self.source.sql(
                    f"UPDATE abc.`{kind}` SET n = n + 100, v = NULL WHERE n % 3 = 0",
                    f"DELETE FROM abc.`{kind}` WHERE n % 3 = 1",
                    f"INSERT INTO abc.`{kind}` SELECT k, k, n FROM abc.`{kind} n` WHERE n = 1"
                    f" ON DUPLICATE KEY UPDATE v = VALUES(v)",
                    f"UPDATE abc.`{kind} n` SET n = n + 7 WHERE n < 2")
        self.move(change)

    def test_uuid_keys_interrupted_and_resumed(self):
        self.needs(10, 7)
        self.source.sql("CREATE DATABASE abc", "USE abc",
                        "CREATE TABLE abc.t (k UUID PRIMARY KEY DEFAULT UUID(), a INET6, n INT)",
                        "INSERT INTO abc.t (n) SELECT seq FROM seq_1_to_200",
                        "UPDATE abc.t SET a = '1::2'")
        probes = self.probes()
        stop = probes.stop_at("batch_recorded", nth=7)
        ferry = self.ferry(probes=probes, DataIterationBatchSize=9).start()
        ferry.wait_until(lambda: stop.reached, what="batch_recorded")
        ferry.terminate()
        stop.release()
        ferry.assert_status(2)
        self.source.sql("DELETE FROM abc.t WHERE n % 7 = 0", "UPDATE abc.t SET n = n + 1000",
                        "INSERT INTO abc.t (n) SELECT seq FROM seq_1_to_50")
        ferry.environ.pop("GHOSTFERRY_PROBES")
        ferry.resume().assert_status(0)
        self.assert_equal()

    COMPRESSED = ["VARCHAR(10)", "VARCHAR(200)", "VARCHAR(255) CHARACTER SET latin1",
                  "VARCHAR(254) CHARACTER SET latin1", "VARCHAR(5000)", "VARBINARY(50)",
                  "VARBINARY(9000)", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "TINYBLOB",
                  "BLOB", "MEDIUMBLOB", "LONGBLOB", "TEXT CHARACTER SET ucs2"]

    def test_compressed_columns(self):
        columns = ", ".join(f"c{n} {kind.replace('CHARACTER', 'COMPRESSED CHARACTER')}"
                            + ("" if "CHARACTER" in kind else " COMPRESSED")
                            for n, kind in enumerate(self.COMPRESSED))
        self.source.sql("CREATE DATABASE abc CHARACTER SET utf8mb4",
                        f"CREATE TABLE abc.t (id INT PRIMARY KEY, {columns})")
        values = ["''", "NULL", "'x'", "REPEAT('x', 9)", "REPEAT('ab', 5)", "REPEAT('x', 1000)",
                  "SHA2('y', 512)", "REPEAT(SHA2('z', 512), 600)", "REPEAT(0x00, 40)",
                  "REPEAT('x', 70000)"]
        settings = ("SET column_compression_zlib_level = 6, column_compression_threshold = 100,"
                    " column_compression_zlib_wrap = 0, sql_mode = ''",
                    "SET column_compression_threshold = 0, column_compression_zlib_wrap = 1",
                    "SET column_compression_zlib_level = 0",
                    "SET column_compression_zlib_level = 9, column_compression_zlib_wrap = 0")

        def fill(first):
            for i, setting in enumerate(settings):
                self.source.sql(setting)
                for j, value in enumerate(values):
                    row = ", ".join([value] * len(self.COMPRESSED))
                    self.source.sql(f"INSERT INTO abc.t VALUES ({first + i * 100 + j}, {row})")
        fill(0)

        def change():
            fill(1000)
            self.source.sql("UPDATE abc.t SET c8 = CONCAT(c8, 'more'), c12 = c13 WHERE id < 300",
                            "DELETE FROM abc.t WHERE id % 5 = 2")
        self.move(change)

    def test_json_alias_is_text(self):
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, j JSON)",
            """INSERT INTO abc.t VALUES (1, '{"b":1.0,  "a": [1,2 ]}'), (2, 'null'), (3, NULL)""")
        self.move(lambda: self.source.sql(
            """INSERT INTO abc.t VALUES (11, ' {"a":1e2,"a":"\\\\u00e9"} '), (12, '"x"')""",
            "UPDATE abc.t SET j = JSON_SET(j, '$.c', 5) WHERE id = 1"))

    def test_old_temporal_formats(self):
        """Without fractions and with; kept by ALTER and copied to a server of the new one."""
        columns = "id INT PRIMARY KEY" + "".join(
            f", t{n} TIME({n}), d{n} DATETIME({n}), s{n} TIMESTAMP({n}) NULL" for n in range(7))
        source = self.private_server("source", "--mysql56-temporal-format=OFF")
        self.source = source
        source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci", "SET time_zone = '+00:00', sql_mode ="
                   " 'ALLOW_INVALID_DATES'", f"CREATE TABLE abc.t ({columns})")

        def fill(first):
            for i, (t, d, s) in enumerate((
                    ("'-838:59:59'", "'0000-00-00 00:00:00'", "'0000-00-00 00:00:00'"),
                    ("'838:59:59'", "'9999-12-31 23:59:59'", "'2038-01-19 03:14:07'"),
                    ("'-00:00:00.999999'", "'2024-02-30 01:02:03.000001'",
                     "'1970-01-01 00:00:01.000001'"),
                    ("'12:34:56.789012'", "'1969-12-31 23:59:59.123456'",
                     "'2024-10-27 02:30:00.654321'"), ("NULL", "NULL", "NULL"))):
                source.sql(f"INSERT INTO abc.t VALUES ({first + i}" + f", {t}, {d}, {s}" * 7 + ")")
        fill(0)
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        fill(10)
        source.sql("UPDATE abc.t SET t3 = '-00:00:01.5', d6 = NULL WHERE id = 1")
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()
