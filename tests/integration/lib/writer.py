"""Random writes from a thread, while something else goes on."""

import random
import threading
import time

import pymysql

from .db import Connection, name, text
from .tables import word

# Part of the game: duplicates, deadlocks, lock waits. Anything else is an error.
EXPECTED = {1062, 1205, 1213, 1305}  # 1305: a deadlock took the savepoint along
GONE = {2002, 2003, 2006, 2013, 1053, 1317, 1927, 0}


class Writer:
    """Writes to the tables (of lib.tables) of one database, with one connection,
    until it is stopped. The same seed makes the same statements.

    pause: seconds between two transactions. span: rows 1..span are played with.
    reconnect: carry on when the server goes away for a while."""

    def __init__(self, server, database, tables, seed=1, span=400, pause=0.0,
                 reconnect=False):
        self.server, self.database, self.tables = server, database, tables
        self.rng = random.Random(seed)
        self.span, self.pause, self.reconnect = span, pause, reconnect
        self.statements = 0  # only the thread writes it
        self.transactions = 0
        self.error = None
        self._stop = threading.Event()
        self._held = threading.Event()
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._db = None
        self._socket = server.socket

    # -- from the test's thread ----------------------------------------------

    def start(self):
        self._thread.start()
        return self

    def stop(self, deadline=30):
        """Ends it after its transaction and raises what went wrong in it."""
        self._stop.set()
        self._held.clear()
        if self._thread.ident:
            self._thread.join(deadline)
            if self._thread.is_alive():
                raise AssertionError("the writer does not stop: its statement hangs")
        if self.error:
            raise self.error

    def hold(self, deadline=30):
        """Returns when it is between two transactions, where it stays."""
        self._idle.clear()
        self._held.set()
        if not self._idle.wait(deadline):
            raise AssertionError("the writer does not come to a rest")

    def go_on(self):
        self._held.clear()

    def wait_for(self, more, deadline=60):
        """Waits until it has run that many further statements."""
        goal, end = self.statements + more, time.monotonic() + deadline
        while self.statements < goal:
            if self.error:
                raise self.error
            if time.monotonic() > end or not self._thread.is_alive():
                raise AssertionError(f"the writer stands at {self.statements} statements")
            time.sleep(0.005)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except Exception:
            if kind is None:
                raise

    # -- the thread ------------------------------------------------------------

    def _run(self):
        while not self._stop.is_set():
            try:
                self._session()
                return
            except (pymysql.Error, OSError) as e:
                if not (self.reconnect and e.args and e.args[0] in GONE):
                    self.error = e
                    return
                self._stop.wait(0.05)
            except Exception as e:
                self.error = e
                return
            finally:
                self._idle.set()

    def _session(self):
        self._db = Connection(unix_socket=self._socket, user="root")
        try:
            self._do("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
                     "SET innodb_lock_wait_timeout=5")
            while not self._stop.is_set():
                while self._held.is_set() and not self._stop.is_set():
                    self._idle.set()
                    time.sleep(0.002)
                self._transaction()
                self.transactions += 1
                if self.pause:
                    self._stop.wait(self.pause)
        finally:
            self._db.close()

    def _do(self, *statements):
        for sql in statements:
            self.statements += 1
            try:
                self._db.run(sql)
            except pymysql.Error as e:
                if e.args[0] not in EXPECTED:
                    raise type(e)(*e.args, sql[:300]) from e

    def _transaction(self):
        rng = self.rng
        if rng.random() < .4:  # autocommitted
            self._any()
            return
        self._do("BEGIN")
        for _ in range(rng.randrange(1, 6)):
            self._any()
            if rng.random() < .15:
                self._do("SAVEPOINT s")
                self._any()
                self._do(rng.choice(("ROLLBACK TO s", "RELEASE SAVEPOINT s"))
                         if self._in_transaction() else "DO 0")
        self._do("ROLLBACK" if rng.random() < .15 else "COMMIT")

    def _in_transaction(self):
        """A deadlock ends the transaction, and its savepoints with it."""
        return bool(self._db._db.server_status & 1)

    def _any(self):
        table = self.rng.choice(self.tables)
        kinds = [self._insert, self._insert, self._update, self._update, self._update,
                 self._rekey, self._delete, self._upsert, self._replace, self._many,
                 self._delete_many]
        if table.unique:
            kinds += [self._swap, self._swap, self._take_over]
        self.rng.choice(kinds)(table, name(self.database, table.name), self._n())

    def _n(self):
        return self.rng.randrange(1, self.span + 1)

    def _some_columns(self, table, n):
        values = table.values(self.rng, n)
        chosen = self.rng.sample(sorted(values), self.rng.randrange(1, min(5, len(values)) + 1))
        return ", ".join(f"{name(c)} = {values[c]}" for c in chosen)

    def _row(self, table, n):
        row = table.columns(self.rng, n)
        return ", ".join(map(name, row)), "(" + ", ".join(row.values()) + ")"

    def _insert(self, table, where, n):
        columns, values = self._row(table, n)
        if self.rng.random() < .3:  # several rows, perhaps a duplicate among them
            values += "".join(", " + self._row(table, m)[1]
                              for m in {self._n() for _ in range(4)} - {n})
        self._do(f"INSERT IGNORE INTO {where} ({columns}) VALUES {values}")

    def _update(self, table, where, n):
        self._do(f"UPDATE {where} SET {self._some_columns(table, n)} WHERE {table.where(n)}")

    def _rekey(self, table, where, n):
        new = zip(table.keys, table.key(self._n()))
        self._do(f"UPDATE {where} SET " + ", ".join(f"{name(c)} = {v}" for c, v in new)
                 + f" WHERE {table.where(n)}")

    def _delete(self, table, where, n):
        self._do(f"DELETE FROM {where} WHERE {table.where(n)}")

    def _upsert(self, table, where, n):
        columns, values = self._row(table, n)
        self._do(f"INSERT INTO {where} ({columns}) VALUES {values}"
                 f" ON DUPLICATE KEY UPDATE {self._some_columns(table, n)}")

    def _replace(self, table, where, n):
        columns, values = self._row(table, n)
        self._do(f"REPLACE INTO {where} ({columns}) VALUES {values}")

    def _some(self, table):
        keys = {" AND ".join(f"{name(c)} = {v}" for c, v in zip(table.keys, table.key(n)))
                for n in (self._n() for _ in range(6))}
        return " OR ".join(f"({k})" for k in sorted(keys))

    def _many(self, table, where, n):
        self._do(f"UPDATE {where} SET v = {text(word(self.rng))} WHERE {self._some(table)}"
                 if table.name != "wide" else
                 f"UPDATE {where} SET c_int = {n} WHERE {self._some(table)}")

    def _delete_many(self, table, where, n):
        self._do(f"DELETE FROM {where} WHERE {self._some(table)}")

    # -- unique values that move between rows ------------------------------------

    def _swap(self, table, where, n):
        other, column = self._n(), self.rng.choice(sorted(table.unique))
        a, b = (table.unique[column](m) for m in (n, other))
        self._do(f"UPDATE {where} SET {column} = NULL WHERE {column} IN ({a}, {b})",
                 f"UPDATE {where} SET {column} = {b} WHERE {table.where(n)}",
                 f"UPDATE {where} SET {column} = {a} WHERE {table.where(other)}")

    def _take_over(self, table, where, n):
        """The holder goes and another row gets its value."""
        column = self.rng.choice(sorted(table.unique))
        value = table.unique[column](n)
        self._do(f"DELETE FROM {where} WHERE {column} = {value}",
                 f"UPDATE {where} SET {column} = {value} WHERE {table.where(self._n())}")
