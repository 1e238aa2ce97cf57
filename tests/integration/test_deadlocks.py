"""The copy and the stream's changes write to the same table of the target at the same time,
and do not end each other."""

import random
import threading

from lib.case import BOTH, MARIADB_105, MARIADB_118
from lib.moves import MoveTest

TAGS = ("faults",)
ROWS = 60000


class Load:
    """Changes rows all over a table from several sessions, some 50 rows a transaction."""

    def __init__(self, server, change, sessions=3):
        self.server, self.change = server, change
        self._stop, self.error = threading.Event(), None
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                         for n in range(sessions)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        if self.error:
            raise self.error

    def _run(self, seed):
        rng = random.Random(seed)
        try:
            with self.server.connect() as db:
                while not self._stop.is_set():
                    try:
                        db.run("BEGIN", *self.change(rng), "COMMIT")
                    except Exception as e:
                        if e.args[0] not in (1062, 1205, 1213):
                            raise
                        db.run("ROLLBACK")
                    self._stop.wait(.02)
        except Exception as e:
            self.error = e


class BusyTableTest(MoveTest):
    """Broken: changes in the order of a hash, all of a batch in one transaction. Red: status
    2 with "Deadlock found" after seconds."""

    pairs = BOTH + (MARIADB_105, MARIADB_118)
    timeout = 180

    def move(self, create, insert, change, **settings):
        self.source.sql("CREATE DATABASE abc", "USE abc", create)
        for low in range(0, ROWS, 5000):
            self.source.sql("INSERT INTO abc.t VALUES " + ",".join(
                insert(n) for n in range(low, low + 5000)))
        load = Load(self.source, change).start()
        self.addCleanup(load.stop)
        # Small batches, so that there are many of both at the same time.
        ferry = self.ferry(http=True, AutomaticCutover=False, DataIterationBatchSize=500,
                           **settings).start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 120)
        load.stop()
        ferry.allow_cutover()
        status = ferry.wait_for_status(lambda s: s["OverallState"] == "done", 60)
        ferry.interrupt()
        self.done(ferry)
        return ferry, status

    def test_integer_key(self):
        def change(rng):
            some = ",".join(str(rng.randrange(ROWS)) for _ in range(40))
            gone = ",".join(str(rng.randrange(ROWS)) for _ in range(6))
            return (f"UPDATE abc.t SET k = {rng.randrange(ROWS)} WHERE id IN ({some})",
                    f"DELETE FROM abc.t WHERE id IN ({gone})",
                    *(f"REPLACE INTO abc.t VALUES ({rng.randrange(ROWS)}, 1, 'again')"
                      for _ in range(6)))
        ferry, status = self.move(
            "CREATE TABLE t (id INT PRIMARY KEY, k INT, c VARCHAR(200), KEY (k))",
            lambda n: f"({n}, {n * 7 % ROWS}, REPEAT('x', 100))", change)
        self.assertEqual(status["TargetDeadlocks"], 0, ferry.logs())

    def test_composite_key_of_texts(self):
        def key(n):
            return f"'{n % 97:02}', 'Name{n}'"

        def change(rng):
            some = ",".join(f"({key(rng.randrange(ROWS))})" for _ in range(40))
            return (f"UPDATE abc.t SET k = {rng.randrange(ROWS)} WHERE (a, b) IN ({some})",
                    *(f"REPLACE INTO abc.t VALUES ({key(rng.randrange(ROWS))}, 1, 'again')"
                      for _ in range(6)))
        ferry, status = self.move(
            "CREATE TABLE t (a CHAR(2), b VARCHAR(20), k INT, c VARCHAR(200),"
            " PRIMARY KEY (a, b DESC)) DEFAULT CHARSET utf8mb4" if self.flavour == "mysql" else
            "CREATE TABLE t (a CHAR(2), b VARCHAR(20), k INT, c VARCHAR(200),"
            " PRIMARY KEY (a, b)) DEFAULT CHARSET utf8mb4",
            lambda n: f"({key(n)}, {n}, REPEAT('x', 100))", change)
        self.assertLess(status["TargetDeadlocks"], 10, ferry.logs())

    def test_other_unique_keys(self):
        """Their order is not that of the rows, so some deadlocks are left. None of them
        counts, and they do not go on for ever."""
        def change(rng):
            some = ",".join(str(rng.randrange(ROWS)) for _ in range(40))
            a, b = rng.randrange(ROWS), rng.randrange(ROWS)
            return (f"UPDATE abc.t SET k = k + 1 WHERE id IN ({some})",
                    f"DELETE FROM abc.t WHERE id = {a}",
                    f"UPDATE abc.t SET u = -{a} - 1 WHERE id = {b}",
                    f"REPLACE INTO abc.t VALUES ({rng.randrange(ROWS)}, {rng.randrange(ROWS)},"
                    f" 1, 'again')")
        self.move(
            "CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, k INT, c VARCHAR(200))",
            lambda n: f"({n}, {n * 7919 % ROWS}, {n}, REPEAT('x', 100))", change,
            DBWriteRetries=1)
