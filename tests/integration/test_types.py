"""Every column type, with its extremes, by both ways a row can come: the copy and
the binlog. Values are compared byte for byte."""

import datetime
import random
import struct

from lib import compare
from lib.case import CROSS, OTHER_CROSS, OTHER_MARIADB, FerryTest
from lib.db import name, text

MIB = 1 << 20
SESSION = ("SET time_zone = '+00:00', sql_mode ="
           " 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'")
# MySQL and MariaDB refuse ordinal 0 of an ENUM in strict mode only.
LENIENT = "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'"


def quoted(*values):
    return [f"'{value}'" for value in values]


def encoded(charset, codec, *values):
    return [text(value.encode(codec), charset) for value in values]


def integers():
    columns = {}
    for kind, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32),
                       ("BIGINT", 64)):
        half = 1 << bits - 1
        columns[kind] = [-half, half - 1, 0, -1, 1, -half + 1]
        columns[kind + " UNSIGNED"] = [0, half - 1, half, half + 1, 2 * half - 1, 1]
    columns["INT(5) ZEROFILL"] = [0, 7, 123456]
    columns["BOOLEAN"] = [0, 1, -128]
    return columns


def decimals():
    nines = "9" * 35 + "." + "9" * 30
    return {
        "DECIMAL(65,30)": [nines, "-" + nines, "0", "1e-30", "-1e-30", "1.5",
                           "-123456789.000000000123456789"],
        "DECIMAL(65,0)": ["9" * 65, "-" + "9" * 65, "0", "1000000000", "-1"],
        "DECIMAL(5,5)": ["0.99999", "-0.99999", "0.00001", "-0.00001", "0"],
        "DECIMAL(30,30)": ["0." + "9" * 30, "-0." + "1" * 30, "1e-30"],
        "DECIMAL(10,2)": ["1.50", "-99999999.99", "99999999.99", "-0.01"],
        "DECIMAL(9,9)": ["0.123456789", "-0.999999999"],
        "DECIMAL(18,9)": ["123456789.123456789", "-100000000.000000001"],
        "DECIMAL(19,10) UNSIGNED": ["0", "999999999.9999999999"],
        "DECIMAL(1,0)": ["9", "-9", "0"],
        "NUMERIC(12,4) ZEROFILL": ["0", "1.5", "12345678.9999"],
    }


def floats(mysql):
    zero = quoted("-0.0") if mysql else []  # MariaDB stores no negative zero
    return {
        "FLOAT": quoted("3.4028234663852886e38", "-3.4028234663852886e38",
                        "1.1754943508222875e-38", "1.4e-45", "-1.4e-45", "16777216",
                        "16777217", "16777215", "0.1", "1.234567", "-2.7182817", "1e10",
                        "0") + zero,
        "DOUBLE": quoted("1.7976931348623157e308", "-1.7976931348623157e308",
                         "2.2250738585072014e-308", "5e-324", "-5e-324", "0.1",
                         "0.30000000000000004", "9007199254740993", "1e22", "1e23",
                         "123456789012345680000", "0") + zero,
        "FLOAT(7,4)": quoted("999.9999", "-0.0001", "12.3456"),
        "DOUBLE(20,3)": quoted("12345678901234.567", "-0.001"),
        "FLOAT UNSIGNED": quoted("0", "3.4028234663852886e38"),
        "REAL": quoted("2.5", "-1e-7"),
    }


def fractions(value, digits):
    return value + ("." + "123456"[:digits] if digits else "")


def temporals():
    columns = {
        "DATE": quoted("0000-00-00", "1000-01-01", "9999-12-31", "2024-02-30", "2024-00-00",
                       "2024-05-00", "0000-01-01", "0001-01-01", "2024-02-29"),
        "YEAR": ["0", "1901", "2155", "2024", "'2000'"],
    }
    for n in range(7):
        end = "." + "9" * n if n else ""
        last = "." + "0" * (n - 1) + "1" if n else ""
        columns[f"TIME({n})"] = quoted(
            "838:59:59", "-838:59:59", "00:00:00" + last, "-00:00:00" + last, "00:00:00",
            "-00:00:01" + last, "24:00:00" + end, "-99:59:59" + end, "23:59:59" + end,
            fractions("-12:34:56", n), fractions("100:00:01", n))
        columns[f"DATETIME({n})"] = quoted(
            "0000-00-00 00:00:00", "1000-01-01 00:00:00", "9999-12-31 23:59:59" + end,
            "2024-02-30 12:00:00" + last, "2024-00-00 00:00:01", "0000-01-01 00:00:00" + last,
            fractions("1969-12-31 23:59:59", n), fractions("2024-02-29 23:59:59", n))
        columns[f"TIMESTAMP({n})"] = quoted(
            "0000-00-00 00:00:00", "1970-01-01 00:00:01" + end, "2038-01-19 03:14:07" + end,
            "1970-01-01 00:00:01", fractions("2024-03-31 02:30:00", n),
            "2024-10-27 02:30:00" + last)
    return columns


TRICKY = ("", "plain", "it's", 'say "x"', "back\\slash", "\\'", "nul\0in\0it", "new\nline\r\t",
          "\x1a", "blank at the end ", "   ", "%_", "NULL", "x'00'", "`", "--", "/*", ";", "\\")


def texts(mysql):
    modern = ("é", "Straße", "日本語", "😀😁", "\u200d", "a\u0301") + TRICKY
    columns = {
        "VARCHAR(50)": encoded("utf8mb4", "utf8", *modern),
        "CHAR(20)": encoded("utf8mb4", "utf8", *modern),
        "CHAR(255)": encoded("utf8mb4", "utf8", "😀" * 255, "é" * 255, "", "x"),
        "CHAR(0)": ["''"],
        "VARCHAR(300)": encoded("utf8mb4", "utf8", "é" * 300, "x" * 255, "x" * 256, ""),
        "TINYTEXT": encoded("utf8mb4", "utf8", "x" * 255, "é" * 127, *TRICKY),
        "TEXT": encoded("utf8mb4", "utf8", "x" * 65535, "日" * 9, *TRICKY),
        "MEDIUMTEXT": encoded("utf8mb4", "utf8", "x" * 70000, "😀" * 5000, *TRICKY),
        "LONGTEXT": encoded("utf8mb4", "utf8", "é" * 70000, *TRICKY),
        "VARCHAR(40) COLLATE utf8mb4_bin": encoded("utf8mb4", "utf8", *modern),
        "CHAR(1) BINARY": encoded("utf8mb4", "utf8", "é", "", "'"),
    }
    if mysql:
        columns["VARCHAR(40) COLLATE utf8mb4_0900_ai_ci"] = encoded("utf8mb4", "utf8", *modern)
    return columns


def charsets(mysql):
    latin = [f"_latin1 x'{bytes(range(start, start + 32)).hex()}'"
             for start in range(0, 256, 32)]
    gbk = "誠縗乗運"  # and below, pairs whose second byte is a backslash
    bmp = ("é", "日本語", "\u00df") + TRICKY
    all_planes = ("😀",) + bmp
    columns = {
        "VARCHAR(40) CHARACTER SET latin1": latin,
        "CHAR(40) CHARACTER SET latin1": latin,
        "TEXT CHARACTER SET latin1": latin,
        "VARCHAR(40) CHARACTER SET ascii": encoded("ascii", "ascii", *TRICKY),
        "VARCHAR(40) CHARACTER SET gbk": encoded("gbk", "gbk", gbk, *TRICKY)
        + ["_gbk x'955C'", "_gbk x'955C27'"],
        "CHAR(40) CHARACTER SET gbk": encoded("gbk", "gbk", gbk, *TRICKY),
        "TEXT CHARACTER SET gbk": encoded("gbk", "gbk", gbk, *TRICKY),
        "VARCHAR(40) CHARACTER SET sjis": ["_sjis x'835C'", "_sjis x'835C27'", "_sjis x'955C'"],
        "CHAR(40) CHARACTER SET sjis": ["_sjis x'835C'", "_sjis x'835C27'", "_sjis x'B1B2'"],
        "VARCHAR(40) CHARACTER SET cp1251": encoded("cp1251", "cp1251", "Привет", *TRICKY),
        "VARCHAR(40) CHARACTER SET big5": ["_big5 x'A45C'", "_big5 x'A45C27'"],
        "ENUM('é','ß','plain') CHARACTER SET latin1": ["1", "2", "3"],
        "SET('é','ß','plain') CHARACTER SET ucs2": ["1", "2", "7", "0"],
    }
    for charset, codec, values in (
            ("utf8mb3", "utf8", bmp), ("ucs2", "utf-16-be", bmp),
            ("utf16", "utf-16-be", all_planes), ("utf16le", "utf-16-le", all_planes),
            ("utf32", "utf-32-be", all_planes)):
        for kind in ("VARCHAR(40)", "CHAR(40)", "TEXT", "LONGTEXT"):
            if kind == "LONGTEXT" and charset not in ("ucs2", "utf32"):
                continue
            if kind == "CHAR(40)" and charset == "utf32":
                kind = "CHAR(64)"  # 256 bytes: the length needs the ninth bit
            columns[f"{kind} CHARACTER SET {charset}"] = encoded(charset, codec, *values)
    return columns


def binaries():
    odd = ["x''", "x'00'", "x'0000'", "x'27'", "x'5C'", "x'5C27'", "x'FF'", "x'00FF00'",
           "x'20'", "x'2000'", "x'1A'", "x'E9'", "x'F09F9880'", "x'303030'"]
    every = f"x'{bytes(range(256)).hex()}'"
    return {
        "BINARY(1)": ["x''", "x'00'", "x'FF'", "x'27'"],
        "BINARY(16)": odd + ["x'" + "00" * 16 + "'", "x'" + "FF" * 16 + "'",
                             "x'" + "AB" * 15 + "00'"],
        "BINARY(255)": odd + ["x'" + "7F" * 255 + "'"],
        "BINARY(0)": ["x''"],
        "VARBINARY(20)": odd,
        "VARBINARY(300)": odd + [every, "x'" + "00" * 300 + "'"],
        "TINYBLOB": odd, "BLOB": odd + [every],
        "MEDIUMBLOB": odd + [every], "LONGBLOB": odd + [every, f"REPEAT({every}, 300)"],
    }


def choices():
    labels = ",".join(f"'m{n}'" for n in range(64))
    many = ",".join(f"'e{n}'" for n in range(300))
    columns = {
        "ENUM('a','B','é','','0','1','it''s','x,y')": [str(n) for n in range(9)],
        f"ENUM({many})": ["1", "255", "256", "300"],
        "SET('a','b','é')": ["0", "1", "5", "7"],
        f"SET({labels})": ["0", "1", str(1 << 63), str((1 << 64) - 1), str((1 << 63) + 1),
                           str(1 << 53 | 1)],
    }
    for members in (8, 9, 16, 17, 24, 25, 32, 33):
        labels = ",".join(f"'m{n}'" for n in range(members))
        columns[f"SET({labels})"] = ["0", "1", str(1 << members - 1), str((1 << members) - 1)]
    return columns


def bits():
    return {f"BIT({n})": ["0", str((1 << n) - 1), str(1 << n - 1), "1", str(0x315c2700 % (1 << n))]
            for n in range(1, 65)}


def json_texts():
    """Of any server; MariaDB stores the text as it is."""
    documents = [
        "{}", "[]", "null", "true", "false", "0", "-1", "1", '""', '"x"', "1.5", "1.0", "-0.0",
        "1e100", "1.7976931348623157e308", "5e-324", "6.02214076e23", "0.1", "1e-7",
        "123456789012345680000.0", "18446744073709551615", "-9223372036854775808", "32767",
        "32768", "-32768", "-32769", "65535", "65536", "2147483647", "2147483648", "4294967295",
        "4294967296", '{"a": 1, "b": [true, null, {"c": "d"}]}', '{"": {"": []}}',
        '["\\"", "\\\\", "\\n\\t\\u0000\\u001f", "/", "<>&", "\'"]', '"é日😀"', '{"é😀": "ß"}',
        '[[[[[[[[[[1]]]]]]]]]]', '{"b": 1, "aa": 2, "a": 3, "B": 4}', '"\\u2028"',
        '[1, 1.0, "1", true]',
    ]
    documents.append("[" + ", ".join(str(n * 100003) for n in range(9000)) + "]")  # > 64 KiB
    documents.append("{" + ", ".join(f'"key{n}": "{"v" * 20}"' for n in range(3000)) + "}")
    documents.append('{"long": "' + "x" * 70000 + '", "mid": "' + "y" * 200 + '"}')
    return {"JSON": [text(d) for d in documents]}


def geometries(mysql):
    def shape(kind, wkt):
        return [f"ST_GeomFromText('{wkt}')", f"ST_GeomFromText('{wkt}', {srid})"]
    srid = 4326
    points = shape("POINT", "POINT(1 2)") + shape("POINT", "POINT(-0.1 1.5)")
    line = shape("LINESTRING", "LINESTRING(0 0,1 1.25,2 2)")
    polygon = shape("POLYGON", "POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 2,1 1))")
    several = (shape("MULTIPOINT", "MULTIPOINT(1 1,2 2)")
               + shape("MULTILINESTRING", "MULTILINESTRING((0 0,1 1),(2 2,3 3))")
               + shape("MULTIPOLYGON", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))")
               + shape("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"))
    columns = {"GEOMETRY": points + line + polygon + several, "POINT": points,
               "LINESTRING": line, "POLYGON": polygon,
               "GEOMETRYCOLLECTION": several[-2:]}
    if mysql:
        columns["POINT SRID 4326"] = points[1::2]
        columns["GEOMETRY"].append("ST_GeomFromText('GEOMETRYCOLLECTION EMPTY', 4326)")
    return columns


def vectors():
    def packed(*numbers):
        return f"x'{struct.pack(f'<{len(numbers)}f', *numbers).hex()}'"

    return {"VECTOR(3)": [packed(0, 0, 0), packed(1, 2, 3), packed(-1.5, 3.4e38, 1e-45),
                          packed(0.1, -0.0, 0.3)],
            "VECTOR": [packed(1), packed(*range(2000)), packed(0, 0)]}


class Matrix:
    """A table with a column for each definition. A row is named by its number,
    and its values rotate through those of each column."""

    def __init__(self, server, table, columns, lenient=False):
        self.server, self.table = server, name("abc", table)
        self.columns = [(f"c{n}", definition, [str(v) for v in values] + ["NULL"])
                        for n, (definition, values) in enumerate(columns.items())]
        self.rows = max(len(values) for _, _, values in self.columns)
        self.session = [SESSION] + [LENIENT] * lenient

    def _do(self, *statements):
        with self.server.connect() as db:
            db.run(*self.session, *statements)

    def create(self):
        body = ", ".join(f"{column} {definition} NULL"
                         for column, definition, _ in self.columns)
        self._do(f"CREATE TABLE {self.table} (id INT PRIMARY KEY, {body})"
                 " COLLATE utf8mb4_general_ci ROW_FORMAT=DYNAMIC")

    def _value(self, values, n):
        return values[n % len(values)]

    def _insert(self, start):
        for n in range(self.rows):
            row = ", ".join(self._value(values, n) for _, _, values in self.columns)
            yield f"INSERT INTO {self.table} VALUES ({start + n}, {row})"

    def fill(self):
        self._do(*self._insert(1), *self._insert(1001), *self._insert(2001),
                 *self._insert(3001))

    def updated(self):
        for n in range(self.rows):
            values = ", ".join(f"{column} = {self._value(values, n + 1)}"
                               for column, _, values in self.columns)
            yield f"UPDATE {self.table} SET {values} WHERE id = {1001 + n}"

    def deleted(self):
        yield f"DELETE FROM {self.table} WHERE id BETWEEN 2001 AND 3000"

    def given_another_key(self):
        yield f"UPDATE {self.table} SET id = id + 1000 WHERE id BETWEEN 3001 AND 4000"

    def inserted(self):
        yield from self._insert(5001)

    # How rows come by the binlog; tests/COVERAGE.md names these (tests/tools/matrix.py).
    ways = (updated, deleted, given_another_key, inserted)

    def change(self):
        self._do("BEGIN", *(sql for way in self.ways for sql in way(self)), "COMMIT")


def types_of_mariadb():
    long = ["''", "'x'", "REPEAT('é long ', 200)", "REPEAT(x'5C27', 900)"]
    return {
        "UUID": quoted("00000000-0000-0000-0000-000000000000",
                       "ffffffff-ffff-ffff-ffff-ffffffffffff",
                       "123e4567-e89b-12d3-a456-426655440000",
                       "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
                       "6ccd780c-baba-1026-9564-5b8c65602700"),
        "INET6": quoted("::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::",
                        "::ffff:192.0.2.1"),
        "INET4": quoted("0.0.0.0", "255.255.255.255", "10.39.92.0", "127.0.0.1"),
        "TEXT COMPRESSED": long, "VARCHAR(2000) COMPRESSED": long,
        "VARBINARY(4000) COMPRESSED": long, "LONGBLOB COMPRESSED": long,
        "MEDIUMTEXT COMPRESSED CHARACTER SET latin1": long}


def all_charsets(mysql):
    columns = charsets(mysql)
    if mysql:  # of gbk, a pair that MySQL's table does not have
        columns["VARCHAR(40) CHARACTER SET gb18030"] = encoded(
            "gb18030", "gb18030", "誠", "😀", *TRICKY)
    return columns


def shared_geometries():
    shapes = geometries(False)
    del shapes["GEOMETRYCOLLECTION"]  # has another name on MySQL
    return shapes


class Types:
    """A group of column types, tested as one table. tests/COVERAGE.md has a line for each."""

    def __init__(self, test, how, columns, only=None, crossing=None, lenient=False):
        self.test, self.how = test, how
        self.columns = columns  # of "is it MySQL?": definition -> values
        self.only = only        # the flavour that has them, where it is one
        self.crossing = crossing  # what goes from one flavour to the other
        self.lenient = lenient


TYPES = (
    Types("integers", "exact, all widths and signs", lambda _: integers(), crossing=integers),
    Types("decimals", "exact", lambda _: decimals(), crossing=decimals),
    Types("floating_point", "all bits; -0.0 where the target can store it (MariaDB cannot)",
          floats, crossing=lambda: floats(False)),
    Types("dates_and_times", "with fractions; zero and impossible dates as stored; TIMESTAMP in"
          " UTC", lambda _: temporals(), crossing=temporals),
    Types("texts", "the stored bytes", texts, crossing=lambda: texts(False)),
    Types("character_sets", "the stored bytes; a text that ends inside a character is refused",
          all_charsets, crossing=lambda: charsets(False)),
    Types("binaries", "the stored bytes", lambda _: binaries(), crossing=binaries),
    Types("enum_and_set", "by number, invalid ENUM values (0) included", lambda _: choices(),
          crossing=choices, lenient=True),
    Types("bits", "exact", lambda _: bits(), crossing=bits),
    Types("json", "see below", lambda _: json_texts()),
    Types("geometries", "the stored bytes", geometries, crossing=shared_geometries),
    Types("vectors", "the stored bytes", lambda _: vectors(), only="mysql"),
    Types("types_of_mariadb", "exact", lambda _: types_of_mariadb(), only="mariadb"),
)


class MatrixTest(FerryTest):
    """Two comparisons: when all rows are copied and no change was made, and when
    the changes made then have come by the binlog."""

    def run_matrix(self, *tables, lenient=False, **settings):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        made = [Matrix(self.source, f"t{n}", columns, lenient)
                for n, columns in enumerate(tables)]
        for matrix in made:
            matrix.create()
            matrix.fill()
        probes = self.probes()
        copied = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, **settings).start()
        self.reach(ferry, copied)
        self.assert_equal()
        for matrix in made:
            matrix.change()
        copied.release()
        ferry.assert_status(0)
        self.assert_equal()
        self.assertEqual(ferry.stdout(), "")

    def reach(self, ferry, stop):
        ferry.wait_until(lambda: stop.reached, what=f"the probe {stop.probe}")

    @property
    def mysql(self):
        return self.source.is_mysql

    def known(self, columns):
        """Without the types that one of the servers is too old for."""
        version = min(server.number for server in (self.source, self.target)
                      if not server.is_mysql or self.mysql)
        young = {"UUID": (10, 7), "INET4": (10, 10)}
        return {kind: values for kind, values in columns.items()
                if self.mysql or young.get(kind, (0,)) <= version}


class TypesTest(MatrixTest):
    also = OTHER_MARIADB

    def test_every_type_when_the_copy_has_seen_the_changes_already(self):
        """Changes made between the start position and the copy come twice."""
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        groups = [integers(), decimals(), floats(self.mysql), temporals(), texts(self.mysql),
                  binaries(), json_texts(), geometries(self.mysql), choices()]
        made = [Matrix(self.source, f"t{n}", columns, lenient=n == len(groups) - 1)
                for n, columns in enumerate(groups)]
        for matrix in made:
            matrix.create()
            matrix.fill()
        probes = self.probes()
        stop = probes.stop_at("start_position_read")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        for matrix in made:
            matrix.change()
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_changes_while_the_first_chunk_is_held(self):
        """They arrive while the rows they change are on their way."""
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        made = [Matrix(self.source, f"t{n}", columns) for n, columns in enumerate(
            [integers(), temporals(), binaries(), texts(self.mysql)])]
        for matrix in made:
            matrix.create()
            matrix.fill()
        probes = self.probes()
        stops = [probes.stop_at("after_chunk_read", rf"abc\.t{n} ") for n in range(len(made))]
        ferry = self.ferry(probes=probes).start()
        for stop in stops:
            self.reach(ferry, stop)
        for matrix in made:
            matrix.change()
        ferry.wait_until(lambda: probes.hits("change_received"), what="the changes")
        for stop in stops:
            stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_typed_values_inside_json(self):
        """Their text survives; that they were typed does not, see the documentation."""
        if not self.mysql:
            self.skipTest("MariaDB's JSON is text")
        self.source.sql("CREATE DATABASE abc")
        self.source.sql(
            "CREATE TABLE abc.t (id INT PRIMARY KEY, v JSON)",
            "INSERT INTO abc.t VALUES"
            " (1, JSON_OBJECT('d', CAST('2020-02-29' AS DATE), 't', CAST('12:34:56.5' AS TIME(6)),"
            "  'dt', CAST('2020-01-02 03:04:05.000006' AS DATETIME(6)))),"
            " (2, JSON_ARRAY(CAST(1.5 AS DECIMAL(10,2)), CAST(-3 AS SIGNED)))")
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        copied = [self.texts_of_json(server) for server in (self.source, self.target)]
        self.source.sql("INSERT INTO abc.t SELECT id + 10, v FROM abc.t")
        stop.release()
        ferry.assert_status(0)
        mine, theirs = (dict(self.texts_of_json(server)) for server in (self.source, self.target))
        for n in (1, 2):  # by both ways the same document
            self.assertEqual(theirs[n], theirs[n + 10])
        self.assertEqual(copied[0][0], copied[1][0])
        self.assertEqual(mine[11], theirs[11])

    @staticmethod
    def texts_of_json(server):
        return server.sql("SELECT id, CAST(v AS CHAR) FROM abc.t ORDER BY id")

    def test_empty_json_of_a_lenient_insert(self):
        """A NOT NULL column without a value holds a document of no bytes."""
        if not self.mysql:
            self.skipTest("MariaDB's JSON is text")
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v JSON NOT NULL)",
                        "SET sql_mode = ''", "INSERT IGNORE INTO abc.t (id) VALUES (1)")
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        self.source.sql("INSERT IGNORE INTO abc.t (id) VALUES (2)",
                        "INSERT INTO abc.t VALUES (3, '[1]')",
                        "UPDATE abc.t SET id = 4 WHERE id = 1")
        stop.release()
        ferry.assert_status(0)
        self.assertEqual(self.target.sql("SELECT id, CAST(v AS CHAR) FROM abc.t ORDER BY id"),
                         self.source.sql("SELECT id, CAST(v AS CHAR) FROM abc.t ORDER BY id"))


def _test_of(group):
    def test(self):
        if group.only not in (None, self.flavour):
            self.skipTest("types of the other flavour")
        self.run_matrix(self.known(group.columns(self.mysql)), lenient=group.lenient)
    return test


for _group in TYPES:
    setattr(TypesTest, f"test_{_group.test}", _test_of(_group))


class CrossTypesTest(MatrixTest):
    """From one kind of server to the other: what both know."""

    pairs = CROSS
    also = OTHER_CROSS

    def test_what_both_know(self):
        self.run_matrix(*(group.crossing() for group in TYPES
                          if group.crossing and not group.lenient))

    def test_enum_and_set(self):
        self.run_matrix(*(group.crossing() for group in TYPES
                          if group.crossing and group.lenient), lenient=True)

    def test_types_that_the_target_does_not_have_are_refused_by_name(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci",
                        "CREATE TABLE abc.good (id INT PRIMARY KEY)")
        if self.mysql:
            self.source.sql("CREATE TABLE abc.v (id INT PRIMARY KEY, v_col VECTOR(3))")
            # MariaDB 11.7 knows the type, in a definition of its own.
            columns = ("v_col" if self.target.number < (11, 7) else r"abc\.v .*vector",)
        else:
            own = [kind for kind in ("UUID", "INET4", "INET6") if self.known({kind: ()})]
            columns = [f"{kind}_col".lower() for kind in own]
            for kind, column in zip(own, columns):
                self.source.sql(f"CREATE TABLE abc.{kind} (id INT PRIMARY KEY, {column} {kind})")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        for column in columns:
            self.assertRegex(ferry.log(), rf"error: .*{column}")
        self.assertEqual(self.target.databases(), [])


class LongValuesTest(FerryTest):
    def setUp(self):
        super().setUp()
        for server in (self.source, self.target):
            server.sql("SET GLOBAL max_allowed_packet = 134217728")
            server._forget_admin()
            self.addCleanup(self.restore, server)

    @staticmethod
    def restore(server):
        server.sql("SET GLOBAL max_allowed_packet = 67108864")

    def long(self, size, seed):
        return f"x'{random.Random(seed).randbytes(size).hex()}'"

    def test_values_over_one_and_sixteen_mebibytes(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, b LONGBLOB, m MEDIUMBLOB, c LONGTEXT)")
        with self.source.connect() as db:
            # Of the server's own making: not every value has to be sent there.
            db.run(f"INSERT INTO abc.t VALUES (1, {self.long(MIB + 1, 1)}, NULL,"
                   " REPEAT('é''\\\\', 400000))",
                   "INSERT INTO abc.t SELECT 2, REPEAT(b, 20), b, NULL FROM abc.t WHERE id = 1",
                   "INSERT INTO abc.t SELECT 3, NULL, LEFT(REPEAT(b, 17), 16777215), 'x'"
                   " FROM abc.t WHERE id = 1",
                   "INSERT INTO abc.t SELECT 3 + id, b, m, c FROM abc.t WHERE id < 3")
            probes = self.probes()
            stop = probes.stop_at("copy_done")
            ferry = self.ferry(probes=probes).start()
            ferry.wait_until(lambda: stop.reached, what="the end of the copy")
            self.assert_equal()
            db.run("INSERT INTO abc.t SELECT 10 + id, b, m, c FROM abc.t WHERE id IN (1, 2)",
                   "UPDATE abc.t SET b = CONCAT(b, 'x') WHERE id = 2",
                   "UPDATE abc.t SET id = 20 WHERE id = 5", "DELETE FROM abc.t WHERE id = 3")
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_events_that_end_with_a_packet(self):
        """A packet has 16 MiB less one byte at most; after one that is full, another
        follows, an empty one too."""
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, b LONGBLOB)")
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.source.sql("INSERT INTO abc.t VALUES (1, REPEAT('x', 100000))")
        around = self.size_of_last_rows() - 100000
        full = (16 * MIB - 1) - 1 - around  # the first byte of the first packet is no event's
        self.source.sql(f"INSERT INTO abc.t VALUES (2, REPEAT('y', {full}))",
                        f"INSERT INTO abc.t VALUES (3, REPEAT('z', {full + 16 * MIB - 1}))")
        self.assertEqual(self.size_of_last_rows() + 1, 2 * (16 * MIB - 1))
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def size_of_last_rows(self):
        for (file, *_) in reversed(self.source.sql("SHOW BINARY LOGS")):
            for row in reversed(self.source.sql(f"SHOW BINLOG EVENTS IN '{file}'")):
                if row[2].lower().startswith("write_rows"):
                    return row[4] - row[1]
        raise AssertionError("no rows in the binlog")

    def test_a_row_larger_than_the_target_takes_is_refused_by_name(self):
        self.target = self.private_server("target", "--max-allowed-packet=1M")
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, b LONGBLOB)",
                        "INSERT INTO abc.t VALUES (1, 'x'), (2, REPEAT('y', 2000000))")
        ferry = self.ferry()
        self.assertIn(ferry.run(), (1, 2))
        self.assertRegex(ferry.log(), r"(?s)abc\.t.*max_allowed_packet|"
                                      r"max_allowed_packet.*abc\.t")


class SpecialColumnsTest(FerryTest):
    also = OTHER_MARIADB

    def move(self, *changes):
        """Copies what there is, then the changes come by the binlog."""
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.assert_equal()
        self.source.sql(*changes)
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_generated_columns(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (v INT AS (a + 1) VIRTUAL, id INT PRIMARY KEY,"
            " s VARCHAR(30) AS (CONCAT('<', b, '>')) STORED, a INT, b VARCHAR(20),"
            " w INT AS (a * 2) VIRTUAL, KEY (v), KEY (s))",
            "INSERT INTO abc.t (id, a, b) VALUES (1, 10, 'x'), (2, NULL, NULL), (3, -1, 'é')")
        self.move("INSERT INTO abc.t (id, a, b) VALUES (4, 4, 'four'), (5, 5, NULL)",
                  "UPDATE abc.t SET a = 11 WHERE id = 1", "UPDATE abc.t SET b = 'y' WHERE id = 2",
                  "UPDATE abc.t SET id = 9 WHERE id = 5", "DELETE FROM abc.t WHERE id = 3")

    def test_a_generated_column_in_the_key(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (a INT NOT NULL, k INT AS (a * 2) STORED NOT NULL, b INT,"
            " UNIQUE KEY (k))" if self.source.is_mysql else
            "CREATE TABLE abc.t (a INT NOT NULL, k INT AS (a * 2) STORED, b INT,"
            " UNIQUE KEY (k))",
            "INSERT INTO abc.t (a, b) VALUES (1, 1), (2, 2), (3, 3)")
        if not self.source.is_mysql:
            # MariaDB has no generated columns that are NOT NULL: there is no key.
            ferry = self.ferry(AllowTablesWithoutKey=False)
            self.assertEqual(ferry.run(), 1)
            self.assertRegex(ferry.log(), r"abc.*t.*PRIMARY KEY")
            return
        self.move("INSERT INTO abc.t (a, b) VALUES (4, 4)", "UPDATE abc.t SET a = 9 WHERE a = 1",
                  "UPDATE abc.t SET b = 7 WHERE a = 2", "DELETE FROM abc.t WHERE a = 3")

    def test_invisible_columns(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, h INT DEFAULT 7 INVISIBLE, v INT,"
            " g INT AS (h + 1) INVISIBLE)",
            "INSERT INTO abc.t (id, h, v) VALUES (1, 1, 1), (2, NULL, 2)",
            "INSERT INTO abc.t (id, v) VALUES (3, 3)")
        self.move("INSERT INTO abc.t (id, h, v) VALUES (4, 44, 4)",
                  "UPDATE abc.t SET h = 5 WHERE id = 1", "UPDATE abc.t SET id = 9 WHERE id = 2",
                  "DELETE FROM abc.t WHERE id = 3")

    def test_a_generated_invisible_primary_key(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.source.sql(
            "CREATE DATABASE abc", "SET sql_generate_invisible_primary_key = ON",
            "CREATE TABLE abc.t (v INT)", "INSERT INTO abc.t VALUES (1), (1), (2)")
        self.move("INSERT INTO abc.t VALUES (3)", "DELETE FROM abc.t WHERE v = 2",
                  "UPDATE abc.t SET v = 8 WHERE v = 3")

    def test_id_0_of_an_auto_increment_column(self):
        self.source.sql(
            "CREATE DATABASE abc", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            "CREATE TABLE abc.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
            "CREATE TABLE abc.u (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
            "INSERT INTO abc.t VALUES (0, 1), (5, 5), (-3, 2)", "INSERT INTO abc.u VALUES (4, 4)")
        self.move("INSERT INTO abc.u VALUES (0, 0), (-1, -1)", "UPDATE abc.t SET v = 9",
                  "UPDATE abc.t SET id = 3 WHERE id = 0")

    def test_on_update_current_timestamp_does_not_fire(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, v INT, at TIMESTAMP(6) NOT NULL"
            " DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), dt DATETIME"
            " DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
            "INSERT INTO abc.t VALUES (1, 1, '2001-01-01', '2001-01-01'), (2, 2, '2002-02-02',"
            " NULL)")
        self.move("UPDATE abc.t SET v = 9, at = '2003-03-03', dt = '2003-03-03' WHERE id = 1",
                  "INSERT INTO abc.t VALUES (3, 3, '1999-09-09', NULL)")

    def test_time_zones_of_the_servers_play_no_part(self):
        for server, zone in ((self.source, "+05:30"), (self.target, "-08:00")):
            server.sql(f"SET GLOBAL time_zone = '{zone}'")
            self.addCleanup(server.sql, "SET GLOBAL time_zone = SYSTEM")
        now = datetime.datetime(2024, 5, 6, 7, 8, 9).isoformat(" ")
        self.source.sql(
            "SET time_zone = '+05:30'", "CREATE DATABASE abc",
            "CREATE TABLE abc.t (id INT PRIMARY KEY, ts TIMESTAMP(2) NULL, dt DATETIME)",
            f"INSERT INTO abc.t VALUES (1, '{now}', '{now}')")
        self.move(f"INSERT INTO abc.t VALUES (2, '{now}.25', '{now}')")

    def test_system_versioned_tables_are_refused_or_exact(self):
        if self.source.is_mysql:
            self.skipTest("MariaDB's feature")
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
                        "INSERT INTO abc.t VALUES (1, 1)", "UPDATE abc.t SET v = 2")
        ferry = self.ferry()
        self.assertEqual(ferry.run(), 1)
        self.assertRegex(ferry.log(), r"abc\.t")
        self.assertRegex(ferry.log(), r"(?i)version")


def keys(mysql):
    """label: (key columns with definitions, key values as tuples of literals)"""
    def one(definition, *values):
        return [("k", definition)], [(str(v),) for v in values]

    def strings(charset, codec, *values):
        return encoded(charset, codec, *values)

    words = ("b", "a", "Zebra", "äpfel", "日", "it's", "back\\", "x ", "0", "-1", "", "ß", "ÿ\\")
    made = {
        "tiny": one("TINYINT", -128, -1, 0, 1, 127),
        "utiny": one("TINYINT UNSIGNED", 0, 1, 127, 128, 255),
        "small": one("SMALLINT", -32768, 0, 32767, 5, 6),
        "umedium": one("MEDIUMINT UNSIGNED", 0, 8388607, 8388608, 16777215, 3),
        "medium": one("MEDIUMINT", -8388608, -1, 0, 8388607, 3),
        "int": one("INT", -2147483648, 0, 2147483647, -1, 1),
        "uint": one("INT UNSIGNED", 0, 2147483648, 4294967295, 1, 2),
        "big": one("BIGINT", -9223372036854775808, 9223372036854775807, 0, -1, 1),
        "ubig": one("BIGINT UNSIGNED", 18446744073709551615, 9223372036854775808,
                    9223372036854775807, 0, 1),
        "zerofill": one("INT(6) UNSIGNED ZEROFILL", 0, 7, 123, 1234567, 99),
        "dec": one("DECIMAL(30,10)", "-1.5", "0", "1.5", "99999999999999999999.9999999999",
                   "0.0000000001"),
        "date": one("DATE", *quoted("0000-00-00", "1000-01-01", "2024-02-30", "9999-12-31",
                                    "2024-02-29")),
        "datetime": one("DATETIME(3)", *quoted("0000-00-00 00:00:00", "2024-01-01 00:00:00.001",
                                               "2024-01-01 00:00:00.002", "9999-12-31 23:59:59",
                                               "2024-00-00 00:00:00")),
        "timestamp": one("TIMESTAMP(6)", *quoted("0000-00-00 00:00:00", "1970-01-01 00:00:01",
                                                 "2038-01-19 03:14:07", "2024-01-01 01:02:03.4",
                                                 "2024-01-01 01:02:03.400001")),
        "time": one("TIME(2)", *quoted("-838:59:59", "838:59:59", "00:00:00", "-00:00:00.01",
                                       "12:00:00")),
        "year": one("YEAR", 0, 1901, 2155, 2024, 1999),
        "bit": one("BIT(64)", 0, 1, 1 << 63, (1 << 64) - 1, 39),
        "bit9": one("BIT(9)", 0, 1, 256, 511, 39),
        "enum": one("ENUM('z','y','x','it''s','é')", 1, 2, 3, 4, 5),
        "set": one("SET('z','y','x')", 0, 1, 2, 4, 7),
        "char": one("CHAR(20) COLLATE utf8mb4_general_ci", *strings("utf8mb4", "utf8", *words)),
        "varchar": one("VARCHAR(20) COLLATE utf8mb4_unicode_ci",
                       *strings("utf8mb4", "utf8", *words)),
        "varchar_bin": one("VARCHAR(20) COLLATE utf8mb4_bin", *strings(
            "utf8mb4", "utf8", "a", "A", "ä", *words[2:])),
        "latin1": one("VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci",
                      *strings("latin1", "latin1", "b", "a", "é", "x ", "'", "\\", "ÿ")),
        "gbk": one("VARCHAR(20) CHARACTER SET gbk", "_gbk x'955C'", "_gbk x'955C27'", "'a'",
                   "'b'", "''"),
        "sjis": one("CHAR(20) CHARACTER SET sjis", "_sjis x'835C'", "_sjis x'835C27'", "'a'",
                    "'b'"),
        "ucs2": one("VARCHAR(20) CHARACTER SET ucs2",
                    *strings("ucs2", "utf-16-be", "b", "a", "日", "é", "")),
        "utf16": one("CHAR(20) CHARACTER SET utf16",
                     *strings("utf16", "utf-16-be", "b", "a", "😀", "é", "")),
        "utf32": one("VARCHAR(20) CHARACTER SET utf32",
                     *strings("utf32", "utf-32-be", "b", "a", "😀", "é", "")),
        # Whole: the server does not pad what it compares with.
        "binary": one("BINARY(4)", "x'00000000'", "x'01000000'", "x'01000100'", "x'27000000'",
                      "x'5C275C00'", "x'FFFFFFFF'", "x'20000000'", "x'00000001'"),
        "varbinary": one("VARBINARY(8)", "x''", "x'00'", "x'0000'", "x'01'", "x'27'", "x'5C'",
                         "x'FF'", "x'20'", "x'2000'", "x'E9'"),
        "composite": ([("a", "INT"), ("b", "VARCHAR(9) COLLATE utf8mb4_general_ci"),
                       ("c", "DATE"), ("d", "VARBINARY(4)")],
                      [(str(a), f"'{b}'", f"'{c}'", d) for a in (-1, 2) for b in ("x", "Y")
                       for c in ("0000-00-00", "2024-01-01") for d in ("x''", "x'00'", "x'FF'")]),
        "composite_enum": ([("a", "ENUM('z','a')"), ("b", "DECIMAL(5,2)"),
                            ("c", "BIT(9)")],
                           [(str(a), b, str(c)) for a in (1, 2) for b in ("-1.50", "2.25")
                            for c in (0, 300)]),
    }
    if mysql:
        made["modern"] = one("VARCHAR(20) COLLATE utf8mb4_0900_ai_ci",
                             *strings("utf8mb4", "utf8", "x", "x ", *words[:7]))
        made["modern_cs"] = one("VARCHAR(20) COLLATE utf8mb4_0900_as_cs",
                                *strings("utf8mb4", "utf8", "a", "A", "á", *words[2:7]))
    return made


class KeysTest(FerryTest):
    """Every kind of key is walked in chunks of two rows, and serves to find the
    rows that change."""

    also = OTHER_MARIADB

    def create(self, made, suffix=""):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        with self.source.connect() as db:
            db.run(SESSION)
            for label, (columns, values) in made.items():
                body = ", ".join(f"{c} {kind} NOT NULL" for c, kind in columns)
                names = ", ".join(c + suffix for c, _ in columns)
                db.run(f"CREATE TABLE abc.{label} (v INT, {body}, PRIMARY KEY ({names}))")
                for n, row in enumerate(values[:-1]):
                    db.run(f"INSERT INTO abc.{label} VALUES ({n}, {', '.join(row)})")

    def change(self, made):
        with self.source.connect() as db:
            db.run(SESSION)
            for label, (columns, values) in made.items():
                def where(row):
                    return " AND ".join(f"{c} = {v}" for (c, _), v in zip(columns, row))

                last = ", ".join(f"{c} = {v}" for (c, _), v in zip(columns, values[-1]))
                db.run(f"UPDATE abc.{label} SET v = v + 100",
                       f"DELETE FROM abc.{label} WHERE {where(values[1])}",
                       f"UPDATE abc.{label} SET {last} WHERE {where(values[2])}",
                       f"INSERT INTO abc.{label} VALUES (55, {', '.join(values[1])})",
                       f"DELETE FROM abc.{label} WHERE {where(values[0])}")

    def check(self, made, **settings):
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, DataIterationBatchSize=2, **settings).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.assert_equal()
        for label, (_, values) in made.items():
            self.assertEqual(self.target.value(f"SELECT COUNT(*) FROM abc.{label}"),
                             len(values) - 1, label)
        self.change(made)
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_every_type(self):
        made = keys(self.source.is_mysql)
        self.create(made)
        self.check(made)

    def test_descending(self):
        if not self.source.is_mysql:
            self.skipTest("MariaDB walks descending keys like others")
        every = keys(True)
        made = {k: every[k] for k in ("int", "ubig", "varchar", "binary", "datetime",
                                      "composite")}
        self.create(made, " DESC")
        self.check(made)

    def test_mixed_directions(self):
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (a INT, b INT, c INT, v INT,"
                        " PRIMARY KEY (a, b DESC, c))",
                        "INSERT INTO abc.t (a, b, c) VALUES " + ", ".join(
                            f"({a}, {b}, {c})" for a in range(3) for b in range(3)
                            for c in range(3)))
        self.ferry(DataIterationBatchSize=2).run_ok()
        self.assert_equal()

    def test_every_type_in_a_state_that_is_resumed(self):
        """Stopped when the first chunk of each table is recorded."""
        made = keys(self.source.is_mysql)
        self.create(made)
        probes = self.probes()
        stops = [probes.stop_at("batch_recorded", rf"abc\.{label} 2$") for label in made]
        ferry = self.ferry(probes=probes, DataIterationBatchSize=2,
                           DataIterationConcurrency=len(made)).start()
        for stop in stops:
            ferry.wait_until(lambda: stop.reached, what=f"{stop._detail.pattern}")
        ferry.terminate()
        ferry.assert_status(2)
        probes.release_all()
        self.change(made)
        ferry.resume().assert_status(0)
        self.assert_equal()

    def test_unique_not_null_in_place_of_a_primary_key(self):
        self.source.sql(
            "CREATE DATABASE abc",
            "CREATE TABLE abc.t (a INT NULL, u VARCHAR(20) NOT NULL, n INT NULL,"
            " UNIQUE KEY nullable (n), UNIQUE KEY u (u))",
            "CREATE TABLE abc.two (x INT NOT NULL, y BINARY(2) NOT NULL, v INT,"
            " UNIQUE KEY (x, y))",
            "INSERT INTO abc.t VALUES (1, 'one', NULL), (2, 'two', NULL), (3, 'three', 3)",
            "INSERT INTO abc.two VALUES (1, 'a', 1), (1, 'b', 2), (2, '', 3)")
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, DataIterationBatchSize=1).start()
        ferry.wait_until(lambda: stop.reached, what="the end of the copy")
        self.assert_equal()
        self.source.sql("UPDATE abc.t SET n = 8 WHERE u = 'one'",
                        "UPDATE abc.t SET u = 'TWO!' WHERE u = 'two'",
                        "DELETE FROM abc.t WHERE u = 'three'",
                        "UPDATE abc.two SET y = 'c' WHERE v = 3", "DELETE FROM abc.two WHERE v = 1")
        stop.release()
        ferry.assert_status(0)
        self.assert_equal()

    def test_keys_that_cannot_be_walked_are_refused_with_a_remedy(self):
        prefix = "CREATE TABLE abc.prefix_key (v TEXT NOT NULL, PRIMARY KEY (v(10)))"
        self.source.sql(
            "CREATE DATABASE abc", "CREATE TABLE abc.float_key (f FLOAT PRIMARY KEY, v INT)",
            "CREATE TABLE abc.double_key (d DOUBLE NOT NULL, UNIQUE KEY (d))", prefix,
            "CREATE TABLE abc.no_key (v INT, KEY (v))",
            "CREATE TABLE abc.null_key (v INT NULL, UNIQUE KEY (v))")
        ferry = self.ferry(AllowTablesWithoutKey=False)
        self.assertEqual(ferry.run(), 1)
        log = ferry.log()
        for table in ("float_key", "double_key", "prefix_key", "no_key", "null_key"):
            self.assertRegex(log, rf"{table}.*\n  remedy: ALTER TABLE")
        self.assertEqual(self.target.databases(), [])

    def test_an_empty_table_and_one_of_one_row(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.none (id INT PRIMARY KEY)",
                        "CREATE TABLE abc.one (id INT PRIMARY KEY)",
                        "INSERT INTO abc.one VALUES (0)")
        self.ferry().run_ok()
        self.assert_equal()
        compare.assert_same_definitions(self.source, self.target)
