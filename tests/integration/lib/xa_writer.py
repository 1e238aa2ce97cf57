"""XA transactions on the source, as random as those of the writer."""

import random
import time

import pymysql

from .background import Background
from .db import Connection
from .writer import GONE, Writer


class XaWriter(Background):
    """XA transactions, some of which stay undecided for a while, also beyond the end
    of the session and the server that prepared them."""

    def __init__(self, server, database, tables, seed, span):
        super().__init__()
        self.server, self.rng = server, random.Random(seed)
        self.inner = Writer(server, database, tables, seed=seed, span=span)
        self.inner._do = self._do
        self.count = 0
        self._db = None
        self._prefix = f"x{seed}"

    def _do(self, *statements):
        for sql in statements:
            self._db.run(sql)

    def _run(self):
        while not self._stop.is_set():
            try:
                self._session()
            except (pymysql.Error, OSError) as e:
                if not (e.args and e.args[0] in GONE | {1317, 1205, 1213, 1062, 1614, 1613, 1399,
                                                        1402, 1397}):
                    self.error = e
                    return
                self._stop.wait(.05)
            except Exception as e:
                self.error = e
                return
        self._clear_up()

    def _clear_up(self):
        """Nothing stays prepared: its locks would outlive everybody."""
        end, left = time.monotonic() + 30, True
        while left:
            try:
                with Connection(unix_socket=self.server.socket, user="root") as self._db:
                    self._decide_leftovers()
                    left = self._left()
            except (pymysql.Error, OSError) as e:
                if time.monotonic() > end:
                    self.error = e
                    return
            time.sleep(.05 if left else 0)

    def _session(self):
        # Its statements run on a connection of its own; errors end the session.
        self._db = Connection(unix_socket=self.server.socket, user="root")
        try:
            self._db.run("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
                         "SET innodb_lock_wait_timeout=2")
            self._decide_leftovers()
            while not self._stop.is_set():
                self._transaction()
                self._stop.wait(.01)
                if self.count % 10 == 0:  # a session that was lost may have left one late
                    self._decide_leftovers()
            self._decide_leftovers()
        finally:
            self._db.close()

    def _left(self):
        """What is prepared; MariaDB's are bytes."""
        xids = [row[3] for row in self._db.rows("XA RECOVER")]
        return [xid for xid in (x.decode() if isinstance(x, bytes) else x for x in xids)
                if xid.startswith(self._prefix)]

    def _decide_leftovers(self):
        for xid in self._left():
            self._db.run(f"XA {self.rng.choice(('COMMIT', 'ROLLBACK'))} '{xid}'")

    def _transaction(self):
        rng, xid = self.rng, f"{self._prefix}-{self.count}"
        self.count += 1
        self._db.run(f"XA START '{xid}'")
        try:
            for _ in range(rng.randrange(1, 4)):
                self.inner._any()
        except pymysql.Error as e:
            if e.args[0] not in (1062, 1205, 1213):
                raise
            if e.args[0] != 1062:  # rolled back by the server, or to be
                try:
                    self._db.run(f"XA END '{xid}'")
                except pymysql.Error:
                    pass
                self._db.run(f"XA ROLLBACK '{xid}'")
                return
        self._db.run(f"XA END '{xid}'")
        if rng.random() < .2:
            self._db.run(f"XA COMMIT '{xid}' ONE PHASE")
            return
        self._db.run(f"XA PREPARE '{xid}'")
        if rng.random() < .4:
            self._stop.wait(rng.uniform(0, .3))
        self._db.run(f"XA {'ROLLBACK' if rng.random() < .3 else 'COMMIT'} '{xid}'")
