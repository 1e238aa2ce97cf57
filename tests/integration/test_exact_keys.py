"""Tables walked and addressed by keys of every kind: each table is copied in small
batches, changed meanwhile, interrupted and resumed."""

import random

from lib.case import BOTH, CROSS, OTHER_CROSS, OTHER_MARIADB, FerryTest

SESSION = ("SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'")


def quoted(*values):
    return [f"'{value}'" for value in values]


def pairs(first, second):
    return [f"{a}, {b}" for a in first for b in second]


DATES = quoted("0000-00-00", "0000-01-01", "2024-00-00", "2024-02-00", "2024-02-28", "2024-02-29",
               "2024-02-30", "2024-03-01", "9999-12-31")
TIMES = quoted("-838:59:59", "-100:00:00.5", "-00:00:00.000001", "00:00:00", "00:00:00.000001",
               "00:00:01", "12:00:00", "838:59:59")
WORDS = quoted("a", "b", "Ab", "é", "ß", "z", "Ö", "", "aa", "10", "9", "_", "%", "it''s", "日本",
               "\\\\", "x y", "ZZ")

# Name: (key columns, key, key values).
KEYS = {
    "enum": ("k ENUM('z','a','m','','é') NOT NULL", "k", ["0", "1", "2", "3", "4", "5"]),
    "enum_pair": ("k ENUM('z','a','m') NOT NULL, n INT NOT NULL", "k, n",
                  pairs(range(4), [-5, 0, 1, 2, 3, 9])),
    "enum_second": ("n INT NOT NULL, k ENUM('z','a','m') NOT NULL", "n, k",
                    pairs([-1, 0, 7], range(4))),
    "enum_down": ("k ENUM('z','a','m') NOT NULL, n INT NOT NULL", "k DESC, n",
                  pairs(range(4), range(6))),
    "set": ("k SET('z','a','m','x') NOT NULL", "k", [str(n) for n in range(16)]),
    "set64": ("k SET(" + ",".join(f"'m{n}'" for n in range(64)) + ") NOT NULL", "k",
              ["0", "1", "9007199254740993", "9007199254740992", "9223372036854775808",
               "18446744073709551615", "4611686018427387904", "9223372036854775809"]),
    "year": ("k YEAR NOT NULL", "k", ["0", "1901", "1999", "2000", "2024", "2069", "2155"]),
    "date": ("k DATE NOT NULL", "k", DATES),
    "datetime": ("k DATETIME(3) NOT NULL", "k", [d[:-1] + " 10:00:00.125'" for d in DATES] +
                 quoted("0000-00-00 00:00:00", "2024-02-28 10:00:00.126")),
    "timestamp": ("k TIMESTAMP(6) NOT NULL DEFAULT '2000-01-01'", "k", quoted(
        "0000-00-00 00:00:00", "1970-01-01 00:00:01", "1970-01-01 00:00:01.000001",
        "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2038-01-19 03:14:07.999999")),
    "time": ("k TIME(6) NOT NULL", "k", TIMES),
    "time_down": ("k TIME(6) NOT NULL, n INT NOT NULL", "k DESC, n DESC", pairs(TIMES, [1, 2])),
    "bit": ("k BIT(64) NOT NULL", "k", ["b'0'", "b'1'", "b'10'", "0x7fffffffffffffff",
                                        "0x8000000000000000", "0xffffffffffffffff", "0x31"]),
    "bit_pair": ("k BIT(3) NOT NULL, n SMALLINT NOT NULL", "k, n",
                 pairs([f"b'{n:b}'" for n in range(8)], [-1, 1])),
    "decimal": ("k DECIMAL(65,30) NOT NULL", "k",
                ["0", "1e-30", "-1e-30", "1.5", "-1.5", "99999999999999999999999999999999999",
                 "-99999999999999999999999999999999999", "0.1", "10"]),
    "ubig": ("k BIGINT UNSIGNED NOT NULL", "k",
             ["0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615"]),
    "negative": ("k TINYINT NOT NULL", "k", [str(n) for n in range(-128, 128, 9)]),
    "down": ("k INT NOT NULL", "k DESC", [str(n) for n in range(-20, 20)]),
    "mixed": ("a INT NOT NULL, b VARCHAR(5) NOT NULL, c DATE NOT NULL", "a, b DESC, c",
              [f"{a}, {b}, {c}" for a in (1, 2) for b in WORDS[:4] for c in DATES[:3]]),
    "binary": ("k BINARY(3) NOT NULL", "k",
               ["x''", "x'0001'", "x'ff'", "x'ffffff'", "x'27'", "x'5c'"]),
    "varbinary": ("k VARBINARY(5) NOT NULL", "k",
                  ["x''", "x'00'", "x'0000'", "x'ff'", "x'ff00'", "x'3078'", "x'27'", "x'5c27'"]),
    "general_ci": ("k VARCHAR(9) NOT NULL", "k", WORDS),
    "bin": ("k VARCHAR(9) COLLATE utf8mb4_bin NOT NULL", "k", WORDS + quoted("A", "a\u0301")),
    "char": ("k CHAR(9) NOT NULL", "k", WORDS),
    "latin1": ("k VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_german2_ci NOT NULL", "k",
               [f"_latin1 x'{n:02x}'" for n in (0x41, 0x62, 0xe4, 0xdf, 0x27, 0x5c, 0xff, 0x80)]),
    "ucs2": ("k VARCHAR(9) CHARACTER SET ucs2 NOT NULL", "k", WORDS),
    "gbk": ("k CHAR(9) CHARACTER SET gbk NOT NULL", "k",
            ["_gbk x'955C'", "_gbk x'955C27'", "'a'", "'b'", "''"]),
    # Alike when put one behind the other, whatever stands between them.
    "two_texts": ("k VARCHAR(9) NOT NULL, m VARCHAR(9) NOT NULL", "k, m",
                  ["'a', 'bc'", "'ab', 'c'", "'abc', ''", "'', 'abc'", "'a,b', 'c'", "'a', 'b,c'",
                   "'a''', 'b'", "'a', '''b'"]),
    "two_bytes": ("k VARBINARY(9) NOT NULL, m VARBINARY(9) NOT NULL", "k, m",
                  ["x'', x'00'", "x'00', x''", "x'0000', x'00'", "x'00', x'0000'", "x'01', x'00'",
                   "x'0100', x''", "x'', x'0100'", "x'2c', x'2c'"]),
    "unique_only": ("k VARCHAR(9) NOT NULL, n INT NOT NULL", None, pairs(WORDS, [1, 2])),
    "prefix_and_unique": ("k VARCHAR(9) NOT NULL, n INT NOT NULL", "k(3), n",
                          [f"{w}, {i}" for i, w in enumerate(WORDS)]),
}
MYSQL_KEYS = {
    "0900": ("k VARCHAR(9) COLLATE utf8mb4_0900_ai_ci NOT NULL", "k", WORDS + quoted("a ", "b  ")),
    "0900_as_cs": ("k VARCHAR(9) COLLATE utf8mb4_0900_as_cs NOT NULL", "k",
                   WORDS + quoted("A", "e", "a ")),
}


class Keys(FerryTest):
    pairs = BOTH
    also = OTHER_MARIADB

    def create(self):
        self.keys = dict(KEYS, **(MYSQL_KEYS if self.source.is_mysql else {}))
        self.source.sql("CREATE DATABASE abc CHARACTER SET utf8mb4"
                        " COLLATE utf8mb4_general_ci", "USE abc", SESSION)
        for table, (columns, key, values) in self.keys.items():
            index = f"PRIMARY KEY ({key})" if key else "UNIQUE KEY u (k, n)"
            if table == "prefix_and_unique":
                index += ", UNIQUE KEY u (n)"
            self.source.sql(f"CREATE TABLE `{table}` ({columns}, v INT, w VARCHAR(20), {index})")
            self.insert(table, values)

    def insert(self, table, values, verb="INSERT"):
        for i, value in enumerate(values):
            self.source.sql(f"{verb} INTO abc.`{table}` VALUES ({value}, {i}, 'row {i}')")

    def change(self, rng):
        """Updates, deletes, and moves of keys to other values that were free."""
        self.source.sql("USE abc", SESSION)
        for table, (_, _, values) in self.keys.items():
            some = rng.sample(values, max(1, len(values) // 3))
            self.source.sql(f"DELETE FROM `{table}` ORDER BY v DESC LIMIT {len(values) // 4}",
                            f"UPDATE `{table}` SET v = v + 100, w = REVERSE(w) ORDER BY v LIMIT 3")
            self.insert(table, some, "REPLACE")

    def test_every_kind_copied_and_changed(self):
        self.create()
        rng = random.Random(11)
        probes = self.probes()
        stops = [probes.stop_at("after_chunk_read", r"abc\.enum"),
                 probes.stop_at("batch_recorded", nth=40), probes.stop_at("copy_done")]
        ferry = self.ferry(probes=probes, DataIterationBatchSize=2,
                           DataIterationConcurrency=3).start()
        for stop in stops:
            ferry.wait_until(lambda: stop.reached, what=stop.probe)
            self.change(rng)
            stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_interrupted_and_resumed(self):
        self.create()
        rng = random.Random(12)
        ferry = None
        for nth in (5, 30, 30):
            probes = self.probes()
            stop = probes.stop_at("batch_recorded", nth=nth)
            if ferry is None:
                ferry = self.ferry(probes=probes, DataIterationBatchSize=2,
                                   DataIterationConcurrency=1).start()
            else:
                ferry.environ["GHOSTFERRY_PROBES"] = ferry.program.seen(probes.path)
                ferry.resume()
            ferry.wait_until(lambda: stop.reached, what=stop.probe)
            self.change(rng)
            ferry.terminate()
            ferry.assert_status(2)
            probes.release_all()
            self.change(rng)
        del ferry.environ["GHOSTFERRY_PROBES"]
        ferry.resume().assert_status(0)
        self.assert_equal()

    def test_keys_equal_to_the_server_and_not_in_bytes(self):
        """By collation or padding: 'a', 'A', 'a ' are one key, one after the other."""
        collations = ["utf8mb4_general_ci", "utf8mb4_unicode_ci"]
        if self.source.is_mysql:
            collations.append("utf8mb4_0900_ai_ci")
        self.source.sql("CREATE DATABASE abc CHARACTER SET utf8mb4", "USE abc", SESSION)
        forms = quoted("a", "A", "á", "Á", "a ", "A  ")
        for collation in collations:
            for kind in ("VARCHAR(9)", "CHAR(9)"):
                self.source.sql(f"CREATE TABLE `{collation} {kind}` (k {kind} COLLATE {collation},"
                                " n INT, v INT, PRIMARY KEY (k, n), UNIQUE KEY (n))")
        tables = [f"`{row[0]}`" for row in self.source.sql("SHOW TABLES")]
        for table in tables:
            for n in range(30):
                self.source.sql(f"INSERT INTO {table} VALUES ({forms[n % 6]}, {n}, 0)")
        rng = random.Random(13)

        def change():
            for table in tables:
                for n in rng.sample(range(30), 20):
                    how = rng.randrange(4)
                    form = rng.choice(forms)
                    if how == 0:
                        self.source.sql(f"UPDATE {table} SET k = {form}, v = v + 1 WHERE n = {n}")
                    elif how == 1:
                        self.source.sql(f"REPLACE INTO {table} VALUES ({form}, {n}, {n})")
                    elif how == 2:
                        self.source.sql(f"DELETE FROM {table} WHERE n = {n}",
                                        f"INSERT INTO {table} VALUES ({form}, {n}, 1)")
                    else:
                        self.source.sql(f"DELETE FROM {table} WHERE n = {n}")
        probes = self.probes()
        stops = [probes.stop_at("after_chunk_read", nth=n) for n in (2, 7, 12)]
        stops.append(probes.stop_at("copy_done"))
        ferry = self.ferry(probes=probes, DataIterationBatchSize=3).start()
        for stop in stops:
            ferry.wait_until(lambda: stop.reached, what=stop.probe)
            change()
            stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_floating_point_keys_are_refused(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (f FLOAT PRIMARY KEY)",
                        "CREATE TABLE abc.u (d DOUBLE, n INT, PRIMARY KEY (d, n))")
        ferry = self.ferry(AllowTablesWithoutKey=False)
        self.assertEqual(ferry.run(), 1)
        for table, column in (("t", "f"), ("u", "d")):
            self.assertRegex(ferry.log(), f"primary key of `abc`.`{table}` has the column"
                                          f" `{column}`, which is a floating point")
        self.assertIn("ADD UNIQUE KEY", ferry.log())


class KeysElsewhere(Keys):
    """Each server has its own order for what both call by one name."""

    pairs = CROSS
    also = OTHER_CROSS
    test_interrupted_and_resumed = test_floating_point_keys_are_refused = None
    test_keys_equal_to_the_server_and_not_in_bytes = None

    def create(self):
        super().create()
        for table in MYSQL_KEYS:
            if self.keys.pop(table, None):
                self.source.sql(f"DROP TABLE abc.`{table}`")
