"""One connection, as the tests like it: rows, a single value, or raw bytes."""

import pymysql


class Connection:
    """Wraps one pymysql connection, autocommitted, of one thread at a time."""

    def __init__(self, **how):
        how.setdefault("charset", "utf8mb4")
        how.setdefault("autocommit", True)
        how.setdefault("max_allowed_packet", 1 << 30)
        how.setdefault("connect_timeout", 20)
        self._db = pymysql.connect(**how)

    def rows(self, sql):
        """All rows of the statement; () where it has none. Takes str or bytes."""
        self._db.query(sql.encode() if isinstance(sql, str) else sql)
        return self._db._result.rows or ()

    def raw(self, sql):
        """All rows, every value as the bytes the server sent, or None."""
        decoders, self._db.decoders = self._db.decoders, {}
        self._db.use_unicode = False
        try:
            return self.rows(sql)
        finally:
            self._db.decoders, self._db.use_unicode = decoders, True

    def dicts(self, sql):
        """All rows by column name."""
        rows = self.rows(sql)
        names = [field.name for field in self._db._result.fields]
        return [dict(zip(names, row)) for row in rows]

    def value(self, sql):
        """The only column of the only row; None where there is no row."""
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def run(self, *statements):
        """Runs them in order; returns the affected rows of the last one."""
        for sql in statements:
            self.rows(sql)
        return self._db._result.affected_rows

    def warnings(self):
        """What SHOW WARNINGS says of the last statement."""
        return self.rows("SHOW WARNINGS")

    def id(self):
        return self._db.thread_id()

    def close(self):
        try:
            self._db.close()
        except pymysql.Error:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def name(*parts):
    """Quotes an identifier: name("db", "odd`name")."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def text(value, charset="utf8mb4"):
    """A string literal that no sql_mode reads differently."""
    data = value.encode() if isinstance(value, str) else value
    return f"_{charset} x'{data.hex()}'"
