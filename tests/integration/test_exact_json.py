"""MySQL's JSON documents keep the type of every value in them, by the copy and by the
binlog: two documents with one text are not one document."""

import json
import random

from lib.case import FerryTest

MYSQL_ONLY = (("mysql", "mysql"),)
TYPED = ("id INT PRIMARY KEY, ts TIMESTAMP(3) NULL, dt DATETIME, d DATE, t TIME(2), bl BLOB,"
         " lb LONGBLOB, vb VARBINARY(9), b BINARY(3), bi BIT(12), y YEAR, m DECIMAL(10,2),"
         " m9 DECIMAL(9,4), bu BIGINT UNSIGNED, bs BIGINT, f FLOAT, db DOUBLE, s VARCHAR(40)")
SCALARS = [
    "ts", "dt", "d", "t", "bl", "lb", "vb", "b", "bi", "y", "m", "m9", "bu", "bs", "f", "db", "s",
    "NULL", "true", "false", "0", "5", "-5", "CAST(5 AS UNSIGNED)", "4294967295", "4294967296",
    "CAST(4294967295 AS UNSIGNED)", "CAST(4294967296 AS UNSIGNED)", "9223372036854775807",
    "-9223372036854775808", "18446744073709551615", "1.50", "-1.5", "0.5", "1e0", "1.5e0",
    "-0e0", "0.1e0", "1e300", "5e-324", "1.7976931348623157e308", "0.30000000000000004e0",
    "123456789.12345679e0", "CAST(5 AS DECIMAL(9,0))", "CAST('1' AS DECIMAL(65,0))",
    "CAST('-0.000000000000000000000000000001' AS DECIMAL(65,30))",
    "123456789012345678901234567890.123", "CAST('0000-00-00' AS DATE)",
    "CAST('2024-02-30' AS DATE)", "CAST('0000-00-00 00:00:00' AS DATETIME)",
    "CAST('-838:59:59' AS TIME)", "CAST('-00:00:00.000001' AS TIME(6))", "x''", "x'ff00'",
    "REPEAT(x'ff', 200)", "'2024-01-01'", "'base64:type15:YWJj'", "'12:00:00.000000'",
    "'it''s'", "''", "'\\\\\"'", "'é😀'", "JSON_ARRAY()", "JSON_OBJECT()",
]
KEYS = ["a", "b b", "", "é''", "$.x[*]", "q\\\\\"q", "0", "\\n"]
# The values of a document, in order, with their types.
VALUES = ("SELECT t.id, j.n, JSON_TYPE(j.v), CAST(j.v AS CHAR) FROM abc.t, JSON_TABLE(c,"
          " '$**[0]' COLUMNS (n FOR ORDINALITY, v JSON PATH '$')) j ORDER BY 1, 2")
TEXTS = "SELECT id, CAST(c AS CHAR) FROM abc.t ORDER BY id"


def document(rng, depth=0):
    """An SQL expression."""
    kind = rng.random()
    if depth == 0 or (depth < 5 and kind < 0.3):
        if rng.random() < 0.5:
            return f"JSON_ARRAY({', '.join(document(rng, depth + 1) for _ in range(rng.randrange(6)))})"
        members = [f"'{key}', {document(rng, depth + 1)}"
                   for key in rng.sample(KEYS, rng.randrange(len(KEYS)))]
        return f"JSON_OBJECT({', '.join(members)})"
    return rng.choice(SCALARS)


class ExactJson(FerryTest):
    pairs = MYSQL_ONLY

    def prepare(self, columns="id INT PRIMARY KEY, c JSON"):
        self.source.sql(
            "CREATE DATABASE abc", "SET time_zone = '+00:00', sql_mode = ''",
            f"CREATE TABLE abc.t ({columns})", f"CREATE TABLE abc.s ({TYPED})",
            "INSERT INTO abc.s VALUES (1, '2024-01-02 03:04:05.678', '2024-01-02 03:04:05',"
            " '2024-01-02', '-12:34:56.78', x'ff0041', x'ff0041', x'ff0041', x'ff0041',"
            " b'101010101010', 2024, 12.34, 99999.9999, 5, 5000000000, 1.1, 1.1, 'text')")

    def insert(self, expressions, first=1):
        rows = [f"SELECT {first + i}, {e} FROM abc.s WHERE id = 1"
                for i, e in enumerate(expressions)]
        for at in range(0, len(rows), 50):
            self.source.sql("INSERT INTO abc.t (id, c) " + " UNION ALL ".join(rows[at:at + 50]))

    def add(self, expressions, first=1):
        """One by one: a UNION would give all one type."""
        for i, e in enumerate(expressions):
            self.source.sql(f"INSERT INTO abc.t (id, c) SELECT {first + i}, {e} FROM abc.s")

    def move(self, between, **settings):
        """Moves, calling between() when the copy is done."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, **settings).start()
        ferry.wait_until(lambda: stop.reached, what="copy_done")
        between()
        stop.release()
        return ferry

    def assert_same_values(self):
        source, target = self.source.sql(VALUES), self.target.sql(VALUES)
        for mine, theirs in zip(source, target):
            self.assertEqual(mine, theirs)
        self.assertEqual(len(source), len(target))
        self.assertEqual(self.source.sql(TEXTS), self.target.sql(TEXTS))

    def check(self, expressions, **settings):
        half = len(expressions)
        self.add(expressions)

        def stream():
            self.source.sql(f"INSERT INTO abc.t (id, c) SELECT id + {half}, c FROM abc.t")
        self.move(stream, **settings).assert_status(0)
        self.assert_same_values()

    def test_every_kind_alone_and_inside(self):
        self.prepare()
        self.check([f"JSON_ARRAY({s})" for s in SCALARS] +
                   [f"JSON_OBJECT('k', {s}, 'l', JSON_ARRAY(1, JSON_ARRAY({s}, {s})))"
                    for s in SCALARS] +
                   [f"JSON_EXTRACT(JSON_ARRAY({s}), '$[0]')" for s in SCALARS])

    def test_random_documents(self):
        self.prepare()
        rng = random.Random(7)
        self.check([document(rng) for _ in range(400)])

    def test_every_size_of_decimal(self):
        """Among them those that take just the bytes of the DOUBLE they would become."""
        self.prepare()
        self.check(["JSON_ARRAY(%s)" % ", ".join(
            f"CAST('{'1' * (p - s)}.{'5' * s}' AS DECIMAL({p},{s})), {p}{s}.5e0"
            for s in range(0, min(p, 30) + 1)) for p in range(1, 66)])

    def test_doubles(self):
        self.prepare()
        rng = random.Random(3)
        numbers = [rng.random() * 10.0 ** rng.randint(-30, 30) for _ in range(3000)]
        numbers += [round(rng.random() * 1000, rng.randrange(6)) for _ in range(500)]
        self.check(["JSON_ARRAY(%s)" % ", ".join(
            (repr(x) if "e" in repr(x) else repr(x) + "e0") for x in numbers[at:at + 250])
            for at in range(0, len(numbers), 250)])

    def test_deep_and_large(self):
        self.prepare()
        deep = "1.50"
        for level in range(96):
            deep = f"JSON_ARRAY({deep})" if level % 2 else f"JSON_OBJECT('k', {deep})"
        large = json.dumps({f"key {i}": ["x" * 900, i, i + 0.5, None] for i in range(3000)})
        self.check([deep, f"JSON_SET(CAST('{large}' AS JSON), '$.a', 1.50, '$.\"key 77\"[1]', d)",
                    f"CAST('{large}' AS JSON)",
                    "JSON_ARRAY(%s)" % ", ".join(f"{i}.50, {i}" for i in range(3000))])

    def test_several_columns_and_null(self):
        self.prepare("id INT PRIMARY KEY, n JSON, c JSON, v JSON, j INT")
        self.source.sql("INSERT INTO abc.t VALUES (1, NULL, JSON_ARRAY(1.50), JSON_ARRAY(2.50), 1),"
                        " (2, JSON_ARRAY(3.50), NULL, '{}', 2), (3, 'null', '1', '\"x\"', 3)")
        self.move(lambda: self.source.sql(
            "UPDATE abc.t SET j = j + 1", "INSERT INTO abc.t SELECT id + 10, v, n, c, j FROM abc.t")
        ).assert_status(0)
        self.assert_same_values()
        for column in "nv":
            values = f"SELECT id, {column}, JSON_TYPE({column}->'$[0]') FROM abc.t ORDER BY id"
            self.assertEqual(self.source.sql(values), self.target.sql(values))

    def test_what_cannot_be_written_stops_the_run(self):
        self.prepare()
        self.source.sql("CREATE TABLE abc.x (id INT PRIMARY KEY, b TINYBLOB)", "INSERT INTO abc.x VALUES (1, 'x')",
                        "INSERT INTO abc.t SELECT 1, JSON_ARRAY(b) FROM abc.x")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 2)
        self.assertRegex(ferry.log(), r"abc\.t\.c.*BLOB.*AllowInexactJSON")

    def test_text_alone_when_that_is_allowed(self):
        self.prepare()
        self.add([f"JSON_ARRAY({s})" for s in SCALARS])
        self.move(lambda: self.source.sql("INSERT INTO abc.t SELECT id + 1000, c FROM abc.t"),
                  AllowInexactJSON=True).assert_status(0)
        for (_, mine), (_, theirs) in zip(self.source.sql(TEXTS), self.target.sql(TEXTS)):
            self.assertEqual(json.loads(mine), json.loads(theirs))
        self.assertNotIn("DECIMAL", [row[2] for row in self.target.sql(VALUES)])


class JsonBecomesText(ExactJson):
    """On MariaDB a document is its text; its JSON_VALID() allows 32 levels only."""

    pairs = (("mysql", "mariadb"),)
    assert_same_values = None
    test_every_size_of_decimal = test_several_columns_and_null = None
    test_what_cannot_be_written_stops_the_run = test_text_alone_when_that_is_allowed = None

    def check(self, expressions, **settings):
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, c LONGTEXT)",
                        f"CREATE TABLE abc.s ({TYPED})")
        self.assert_same_values = lambda: self.assertEqual(
            self.source.sql(TEXTS), self.target.sql(TEXTS))
        super().check(expressions, AllowExistingTargetTable=True, **settings)
