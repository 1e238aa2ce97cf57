"""The tables that most tests move. Each knows how to make the key and the other
values of its n-th row as SQL literals, so that writers need no reading first."""

import hashlib
import random

from .db import name, text

WORDS = ("ä", "Straße", "naïve", "日本語", "😀", "plain", "it's", "back\\slash", "", "x ",
         "tab\there", "% _", "ÿ", "NULL", "0", "-1")


def word(rng):
    return rng.choice(WORDS) + str(rng.randrange(1000)) if rng.random() < .8 else "w" * \
        rng.randrange(60)


def nullable(rng, literal):
    return "NULL" if rng.random() < .15 else literal


class Table:
    """name, key columns, the body of CREATE TABLE, and what fills a row:
    key(n) -> literals of the key; values(rng, n) -> {column: literal}.
    unique: columns with a secondary unique key (values come from unique(n))."""

    def __init__(self, table, keys, body, key, values, unique=None):
        self.name, self.keys, self.body = table, keys, body
        self.key, self.values, self.unique = key, values, unique or {}

    def columns(self, rng, n):
        row = dict(zip(self.keys, self.key(n)))
        row.update(self.values(rng, n))
        for column, literal in self.unique.items():
            row[column] = literal(n)
        return row

    def where(self, n):
        return " AND ".join(f"{name(c)} = {v}" for c, v in zip(self.keys, self.key(n)))


def _small(rng, n):
    return {"v": nullable(rng, text(word(rng))), "n": str(rng.randrange(-9999, 9999))}


def _wide_values(rng, n):
    num = lambda bits: str(rng.randrange(-(1 << bits - 1), 1 << bits - 1))  # noqa: E731
    uns = lambda bits: str(rng.getrandbits(bits))  # noqa: E731
    blob = lambda size: f"x'{rng.randbytes(rng.randrange(size)).hex()}'"  # noqa: E731
    latin = lambda: f"_latin1 x'{bytes(rng.choices(range(256), k=9)).hex()}'"  # noqa: E731
    when = f"{rng.randrange(1000, 9999)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    time = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    micro = f"{rng.randrange(10 ** 6):06}"
    row = {
        "c_tiny": num(8), "c_utiny": uns(8), "c_small": num(16), "c_usmall": uns(16),
        "c_medium": num(24), "c_umedium": uns(24), "c_int": num(32), "c_uint": uns(32),
        "c_big": num(64), "c_ubig": uns(64), "c_bool": str(rng.randrange(2)),
        "c_decimal": f"{num(60)}.{rng.randrange(10 ** 9):09}",
        "c_money": f"{num(20)}.{rng.randrange(100):02}",
        "c_float": f"'{rng.uniform(-1, 1) * 10 ** rng.randrange(-30, 30):.9g}'",
        "c_double": f"'{rng.uniform(-1, 1) * 10 ** rng.randrange(-300, 300):.17g}'",
        "c_bit": f"b'{rng.getrandbits(9):b}'", "c_bit64": f"b'{rng.getrandbits(64):b}'",
        "c_char": text(word(rng).rstrip()), "c_varchar": text(word(rng)),
        "c_latin1": latin(), "c_latin1_text": latin(),
        "c_ucs2": f"_ucs2 x'{'ä日x'.encode('utf-16-be').hex()}'",
        "c_text": text(word(rng) * rng.randrange(9)),
        "c_longtext": text(word(rng) * rng.randrange(99)),
        "c_binary": blob(12), "c_varbinary": blob(40), "c_blob": blob(400),
        "c_longblob": blob(4000),
        "c_enum": str(rng.randrange(1, 5)), "c_set": str(rng.getrandbits(4)),
        "c_date": f"'{when}'", "c_time": f"'{rng.choice(('-', ''))}{time}'",
        "c_time6": f"'{rng.choice(('-', ''))}8{time}.{micro}'",
        "c_datetime": f"'{when} {time}'", "c_datetime6": f"'{when} {time}.{micro}'",
        "c_timestamp": f"FROM_UNIXTIME({rng.randrange(1, 1 << 31 - 1)})",
        "c_timestamp3": f"FROM_UNIXTIME({rng.randrange(1, 1 << 31 - 1)}.{micro[:3]})",
        "c_year": str(rng.choice((0, 1901, 2024, 2155))),
        "c_json": text('{"k": [%d, null, true, "ä\\"\\\\"], "f": 1.5}' % rng.getrandbits(40)),
        "c_point": f"ST_GeomFromText('POINT({rng.randrange(99)} {rng.random()})')",
    }
    return {column: nullable(rng, literal) for column, literal in row.items()}


_WIDE = """id INT NOT NULL, c_tiny TINYINT, c_utiny TINYINT UNSIGNED, c_small SMALLINT,
 c_usmall SMALLINT UNSIGNED, c_medium MEDIUMINT, c_umedium MEDIUMINT UNSIGNED, c_int INT,
 c_uint INT UNSIGNED, c_big BIGINT, c_ubig BIGINT UNSIGNED, c_bool BOOLEAN,
 c_decimal DECIMAL(40,9), c_money DECIMAL(10,2), c_float FLOAT, c_double DOUBLE, c_bit BIT(9),
 c_bit64 BIT(64), c_char CHAR(70), c_varchar VARCHAR(70), c_latin1 VARCHAR(20) CHARACTER SET
 latin1, c_latin1_text TEXT CHARACTER SET latin1, c_ucs2 VARCHAR(9) CHARACTER SET ucs2, c_text
 TEXT, c_longtext LONGTEXT, c_binary BINARY(12), c_varbinary VARBINARY(40), c_blob BLOB,
 c_longblob LONGBLOB, c_enum ENUM('a','B','é','0'), c_set SET('w','x','y','ö'), c_date DATE,
 c_time TIME, c_time6 TIME(6), c_datetime DATETIME, c_datetime6 DATETIME(6),
 c_timestamp TIMESTAMP NULL, c_timestamp3 TIMESTAMP(3) NULL, c_year YEAR, c_json JSON, c_point
 POINT, PRIMARY KEY (id)"""
_VN = "v VARCHAR(200), n INT"
# Uniqueness is ours to keep: no two n may give keys equal under the collation.
_STRING = "k VARCHAR(64) CHARACTER SET {} COLLATE {} NOT NULL, " + _VN + ", PRIMARY KEY (k)"


def _string_key(n):
    return [text(("Kéy-", "key ", "KEY_", "ключ", "鍵")[n % 5] + f"{n:x}")]


def _latin1_key(n):
    return ["_latin1 x'%s'" % (("Ünï-", "z'z", "ÿ\\")[n % 3] + str(n)).encode("latin1").hex()]


def _uuid_key(n):
    data = hashlib.sha256(str(n).encode()).digest()[:16]
    if n % 7 == 0:  # zero bytes at the end are easily lost
        data = data[:12] + b"\0\0\0\0"
    return [f"x'{data.hex()}'"]


def basic(flavour):
    """The usual set of tables for a flavour."""
    modern = "utf8mb4_0900_ai_ci" if flavour == "mysql" else "utf8mb4_unicode_ci"
    number = lambda n: [str(n)]  # noqa: E731
    return [
        Table("big", ["id"], "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, " + _VN
              + ", changed TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6)"
              " ON UPDATE CURRENT_TIMESTAMP(6)", number, _small),
        Table("composite", ["a", "b"], "v VARCHAR(200), a INT NOT NULL, n INT, b VARCHAR(20)"
              " COLLATE utf8mb4_general_ci NOT NULL, PRIMARY KEY (a, b)",
              lambda n: [str(n % 13 - 6), text(f"Bé {n}")], _small),
        Table("string_ci", ["k"], _STRING.format("utf8mb4", "utf8mb4_general_ci"),
              _string_key, _small),
        Table("string_modern", ["k"], _STRING.format("utf8mb4", modern), _string_key, _small),
        Table("string_latin1", ["k"], _STRING.format("latin1", "latin1_swedish_ci"),
              _latin1_key, _small),
        Table("uuid", ["id"], "id BINARY(16) NOT NULL PRIMARY KEY, " + _VN, _uuid_key, _small),
        Table("negative", ["id"], "id INT NOT NULL PRIMARY KEY, " + _VN,
              lambda n: [str(n - 100)], _small),
        Table("uniques", ["id"], "id INT NOT NULL PRIMARY KEY, " + _VN + ", u VARCHAR(40) NULL,"
              " w BIGINT NULL, UNIQUE KEY u (u), UNIQUE KEY w (w)", number, _small,
              {"u": lambda n: text(f"u{n}"), "w": lambda n: str(-n)}),
        Table("empty", ["id"], "id BIGINT UNSIGNED NOT NULL PRIMARY KEY, " + _VN, number, _small),
        Table("we`ird.na me", ["i`d"], "`i``d` INT NOT NULL PRIMARY KEY, v TEXT, n INT,"
              " `sel ect` INT, `ünï.code` VARCHAR(9)", number, _small),
        Table("wide", ["id"], _WIDE, number, _wide_values),
    ]


def create_basic_tables(server, database, rows=300, seed=1, names=None):
    """Makes the database and its tables, each with that many rows; "empty" stays
    empty, "wide" gets at most 300. Returns the tables, for a Writer."""
    rng = random.Random(seed)
    chosen = [t for t in basic(server.flavour) if names is None or t.name in names]
    with server.connect() as db:
        db.run("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
               f"CREATE DATABASE IF NOT EXISTS {name(database)} CHARACTER SET utf8mb4")
        for table in chosen:
            db.run(f"CREATE TABLE {name(database, table.name)} ({table.body}) ENGINE=InnoDB")
            count = {"empty": 0, "wide": min(rows, 300)}.get(table.name, rows)
            fill(db, database, table, count, rng)
    return chosen


def create_without_key(server, database, rows, seed=1, name_of="bare"):
    """A table without any key whose rows are there several times, for a Writer."""
    table = Table(name_of, ["id"], "", lambda n: [str(n % 60)], _small)
    with server.connect() as db:
        db.run(f"CREATE TABLE {name(database, name_of)} (id INT, v VARCHAR(200), n INT, KEY (id))"
               " ENGINE=InnoDB")
        fill(db, database, table, rows, random.Random(seed))
    return table


def fill(db, database, table, rows, rng, batch=500):
    """Rows 1..rows of a table, in batches."""
    for start in range(1, rows + 1, batch):
        made = [table.columns(rng, n) for n in range(start, min(start + batch, rows + 1))]
        columns = ", ".join(name(c) for c in made[0])
        values = ", ".join("(" + ", ".join(row.values()) + ")" for row in made)
        db.run(f"INSERT INTO {name(database, table.name)} ({columns}) VALUES {values}")


def fill_fast(db, database, table, rows, select="n, CONCAT('value ', n), n % 1000",
              columns="id, v, n"):
    """Very many rows by one INSERT … SELECT; n runs from 1 to rows."""
    digit = "(SELECT 0 d UNION ALL " + " UNION ALL ".join(
        f"SELECT {d}" for d in range(1, 10)) + ")"
    places = len(str(rows))
    froms = ", ".join(f"{digit} d{p}" for p in range(places))
    n = " + ".join(f"d{p}.d * {10 ** p}" for p in range(places))
    db.run(f"INSERT INTO {name(database, table)} ({columns}) SELECT {select} FROM"
           f" (SELECT {n} + 1 AS n FROM {froms}) numbers WHERE n <= {rows} ORDER BY n")
