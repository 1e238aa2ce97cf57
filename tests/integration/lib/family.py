"""Tables whose foreign keys cascade, and an application that makes them do so: what follows in
the rows below is in no binlog of MariaDB."""

import random

import pymysql

from .background import Background
from .db import Connection
from .writer import GONE

PARENTS = 12  # few, so that keys go and come again
NAMES = ("parent", "child", "kept", "grandchild", "moving", "moved")
# Of child and kept: a key of their own. moving and moved: the reference is within the key.
TABLES = (
    "CREATE TABLE parent (id INT PRIMARY KEY, n INT)",
    "CREATE TABLE child (id INT PRIMARY KEY, up INT, n INT, FOREIGN KEY (up)"
    " REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE kept (id INT PRIMARY KEY, up INT, n INT, FOREIGN KEY (up)"
    " REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE)",
    "CREATE TABLE grandchild (id INT PRIMARY KEY, up INT, n INT, FOREIGN KEY (up)"
    " REFERENCES child (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE moving (up INT, x INT, n INT, PRIMARY KEY (up, x), FOREIGN KEY (up)"
    " REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE moved (id INT PRIMARY KEY, up INT, x INT, n INT, FOREIGN KEY (up, x)"
    " REFERENCES moving (up, x) ON DELETE CASCADE ON UPDATE CASCADE)",
)
EXPECTED = {1062, 1205, 1213, 1317, 1451, 1452, 1761}  # keys that are there, or are not


class FamilyWriter(Background):
    """Changes of these, also by several statements in one transaction."""

    def __init__(self, server, database, seed):
        super().__init__()
        self.server, self.database = server, database
        self.rng = random.Random(f"{seed}, family")

    def create(self):
        with self._connect() as db:
            db.run(*(sql + " ENGINE=InnoDB" for sql in TABLES))
            for _ in range(200):
                self._try(db, self._insert())

    def _connect(self):
        return Connection(unix_socket=self.server.socket, user="root", database=self.database)

    def _run(self):
        while not self._stop.is_set():
            try:
                with self._connect() as db:
                    db.run("SET innodb_lock_wait_timeout = 2")
                    while not self._stop.is_set():
                        self._transaction(db)
                        self._stop.wait(self.rng.random() * .01)
            except (pymysql.Error, OSError) as e:
                if not (e.args and e.args[0] in GONE):
                    self.error = e
                    return
                self._stop.wait(.05)

    def _transaction(self, db):
        db.run("BEGIN")
        for _ in range(self.rng.choice((1, 1, 2, 4))):
            self._try(db, self.rng.choice((self._insert, self._insert, self._insert,
                                           self._change))())
        db.run(self.rng.choice(("COMMIT", "COMMIT", "COMMIT", "ROLLBACK")))

    @staticmethod
    def _try(db, sql):
        try:
            db.run(sql)
        except pymysql.Error as e:
            if e.args[0] not in EXPECTED:
                raise

    def _insert(self):
        up, x, n = (self.rng.randint(1, m) for m in (PARENTS, 3, 9999))
        row = self.rng.randint(1, PARENTS * 3)
        return self.rng.choice((
            f"INSERT INTO parent VALUES ({up}, {n})",
            f"INSERT INTO child VALUES ({row}, {up}, {n})",
            f"INSERT INTO kept VALUES ({row}, {up}, {n})",
            f"INSERT INTO grandchild VALUES ({n % 100}, {row}, {n})",
            f"INSERT INTO moving VALUES ({up}, {x}, {n})",
            f"INSERT INTO moved VALUES ({n % 100}, {up}, {x}, {n})"))

    def _change(self):
        up, other = (self.rng.randint(1, PARENTS) for _ in range(2))
        row, n = self.rng.randint(1, PARENTS * 3), self.rng.randint(1, 9999)
        return self.rng.choice((
            f"DELETE FROM parent WHERE id = {up}",
            f"UPDATE parent SET id = {other} WHERE id = {up}",
            f"UPDATE parent SET id = {other} WHERE id = {up}",
            f"REPLACE INTO parent VALUES ({up}, {n})",
            f"UPDATE child SET up = {up}, n = {n} WHERE id = {row}",
            f"UPDATE child SET id = {n % 36 + 1} WHERE id = {row}",
            f"DELETE FROM moving WHERE up = {up} AND x = {n % 3 + 1}",
            f"UPDATE moving SET x = {n % 3 + 1} WHERE up = {up} AND x = {other % 3 + 1}",
            f"UPDATE kept SET n = {n} WHERE up = {up}"))
