"""Are two servers' tables equal, byte for byte?

Every column is selected in a form that shows each of its bytes, and rows are
compared as a multiset here, so neither collations nor display rules take part.
"""

from collections import Counter

from .db import name, text

SHOW_AT_MOST = 8
_HEX = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "binary",
        "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_GEOMETRY = ("geometry", "point", "linestring", "polygon", "multipoint", "geomcollection",
             "multilinestring", "multipolygon", "geometrycollection", "vector")


def _form(column, data_type):
    """The expression that shows all of a column."""
    if data_type in _HEX:
        # Long values by length and hash: the answer stays small.
        return (f"IF(LENGTH({column}) > 4096, CONCAT(LENGTH({column}), ' bytes ',"
                f" SHA2(CAST({column} AS BINARY), 256)), HEX({column}))")
    if data_type in _GEOMETRY:
        return f"HEX({column})"
    if data_type in ("enum", "set"):
        return (f"CONCAT(CAST({column} AS UNSIGNED), ' ',"
                f" HEX(CONVERT({column} USING utf8mb4)))")
    if data_type in ("float", "double"):
        return f"{column} * 1e0"  # all digits; CAST AS CHAR would cut them
    if data_type == "bit":
        return f"CAST({column} AS UNSIGNED)"
    if data_type == "json":
        return f"HEX(CAST({column} AS CHAR CHARACTER SET utf8mb4))"
    return f"CAST({column} AS CHAR)"


def columns(db, database, table):
    """[(name, data type)] in order, invisible and generated ones included."""
    return db.rows(
        "SELECT column_name, LOWER(data_type) FROM information_schema.columns"
        f" WHERE table_schema = {text(database)} AND table_name = {text(table)}"
        " ORDER BY ordinal_position")


def key_columns(db, database, table):
    """The primary key's column names, or a unique key's, or none."""
    found = db.rows(
        "SELECT index_name, column_name FROM information_schema.statistics"
        f" WHERE table_schema = {text(database)} AND table_name = {text(table)}"
        " AND non_unique = 0 ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index")
    return [column for index, column in found if index == found[0][0]]


def tables(db, database):
    return [row[0] for row in db.rows(
        "SELECT table_name FROM information_schema.tables"
        f" WHERE table_schema = {text(database)} AND table_type = 'BASE TABLE'"
        " ORDER BY table_name")]


def _session(db):
    db.run("SET time_zone = '+00:00', sql_mode = ''")


def fetch(db, database, table, where=None):
    """(column names, rows): every value as bytes or None."""
    _session(db)
    cols = columns(db, database, table)
    if not cols:
        raise AssertionError(f"there is no table {name(database, table)}")
    forms = ", ".join(_form(name(column), kind) for column, kind in cols)
    rows = db.raw(f"SELECT {forms} FROM {name(database, table)}"
                  + (f" WHERE {where}" if where else ""))
    real = [i for i, (_, kind) in enumerate(cols) if kind in ("float", "double")]
    if real:
        rows = [_alike(row, real) for row in rows]
    return [column for column, _ in cols], rows


def _alike(row, real):
    """The servers print the same number differently."""
    return tuple(repr(float(value)).encode() if i in real and value is not None else value
                 for i, value in enumerate(row))


def _readable(form):
    if form is None:
        return "NULL"
    shown = form.decode("utf8", "replace")
    try:
        plain = bytes.fromhex(shown)
        if len(shown) >= 2 and plain.decode().isprintable():
            shown += f" ({plain.decode()!r})"
    except ValueError:
        pass
    return shown if len(shown) <= 200 else shown[:200] + "…"


def _differences(names, key, mine, theirs):
    """Lines that tell how two multisets of rows differ."""
    at = [names.index(k) for k in key] or range(len(names))

    def by_key(rows):
        found = {}
        for row in rows.elements():
            found.setdefault(tuple(row[i] for i in at), []).append(row)
        return found

    left, right = by_key(mine - theirs), by_key(theirs - mine)
    order = sorted(set(left) | set(right),
                   key=lambda k: [(v is not None, v or b"") for v in k])
    for k in order[:SHOW_AT_MOST]:
        label = ", ".join(f"{names[i]}={_readable(v)}" for i, v in zip(at, k))
        a, b = left.get(k, []), right.get(k, [])
        if not b:
            yield f"  row {label}: missing on the target" + _times(a)
        elif not a:
            yield f"  row {label}: only on the target" + _times(b)
        else:
            for i, column in enumerate(names):
                if a[0][i] != b[0][i]:
                    yield (f"  row {label}: {column}: source {_readable(a[0][i])},"
                           f" target {_readable(b[0][i])}")
    if len(order) > SHOW_AT_MOST:
        yield f"  … {len(order)} differing keys in all"


def _times(rows):
    return f" ({len(rows)} times)" if len(rows) > 1 else ""


def diff_table(source, target, where_is, goes_to, where=None):
    """Lines of difference between a source table and its copy; [] when equal."""
    names, mine = fetch(source, *where_is, where)
    their_names, theirs = fetch(target, *goes_to, where)
    head = f"{name(*where_is)} -> {name(*goes_to)}"
    if names != their_names:
        return [f"{head}: columns {names} on the source, {their_names} on the target"]
    if len(mine) == len(theirs) and sorted(mine, key=repr) == sorted(theirs, key=repr):
        return []
    lines = [f"{head}: {len(mine)} rows on the source, {len(theirs)} on the target"]
    return lines + list(_differences(names, key_columns(source, *where_is),
                                     Counter(mine), Counter(theirs)))


def assert_equal(source, target, databases=None, only=None, rewrites=None,
                 table_rewrites=None, where=None):
    """Servers or connections. databases: names (default: all of the source's);
    only: names of tables; rewrites: {source database: target database}."""
    with _own(source) as mine, _own(target) as theirs:
        lines, seen = [], 0
        for database in databases or source.databases():
            to = (rewrites or {}).get(database, database)
            for table in tables(mine, database):
                if only and table not in only:
                    continue
                seen += 1
                try:
                    lines += diff_table(mine, theirs, (database, table),
                                        (to, (table_rewrites or {}).get(table, table)),
                                        where)
                except AssertionError as e:
                    lines.append(str(e))
    if lines:
        raise AssertionError("source and target differ\n" + "\n".join(lines))
    if not seen:
        raise AssertionError("nothing was compared: no such table on the source")


def assert_same_definitions(source, target, databases=None):
    """SHOW CREATE TABLE agrees, counters aside. Same flavour only."""
    def definition(server, database, table):
        sql = server.sql(f"SHOW CREATE TABLE {name(database, table)}")[0][1]
        sql = sql.replace("/*!100301 ", "/*M!100301 ")  # the word of MariaDB 10.5
        return " ".join(w for w in sql.split() if not w.startswith("AUTO_INCREMENT="))

    for database in databases or source.databases():
        for table in tables(source.db, database):
            a, b = (definition(s, database, table) for s in (source, target))
            if a != b:
                raise AssertionError(f"{name(database, table)}:\nsource {a}\ntarget {b}")


class _own:
    """A connection of our own to a server: comparing changes session settings."""

    def __init__(self, server):
        self.db = server.connect()

    def __enter__(self):
        return self.db

    def __exit__(self, *_):
        self.db.close()
