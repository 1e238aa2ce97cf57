"""Many tables, large rows, a slow target: time, connections and memory stay bounded.

SCALE_TABLES=20000 moves so many tables instead of a few thousand."""

import os
import threading

from lib.moves import MoveTest

MIB = 1 << 20
TABLES = int(os.environ.get("SCALE_TABLES", "1000"))


def is_sanitized(program):
    """Sanitizers take memory and time of their own."""
    with open(program.binary, "rb") as f:
        content = f.read()
    return b"__asan_init" in content or b"__tsan_init" in content


class BoundsTest(MoveTest):
    def peak(self, ferry):
        """MiB the process ever held."""
        with open(f"/proc/{ferry.process.pid}/status") as f:
            return int(next(line for line in f if line.startswith("VmHWM")).split()[1]) // 1024

    def cpu(self, ferry):
        """Seconds of processor time."""
        with open(f"/proc/{ferry.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def assert_peak_below(self, ferry, mib):
        if not is_sanitized(ferry.program):
            self.assertLess(self.peak(ferry), mib)

    def wait_for_cutover(self, ferry, deadline=60):
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", deadline)

    def finish(self, ferry, deadline=60):
        """Cuts over; the program is still there, to be looked at."""
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done", deadline)


class ScaleTest(BoundsTest):
    """Broken: every table is looked up by walking the list of all: red with
    SCALE_TABLES=20000. A connection per table: red."""

    timeout = 120 + TABLES // 20

    def create(self):
        self.source.sql("CREATE DATABASE abc")

        def some(first):
            with self.source.connect() as db:
                for n in range(first, TABLES, 4):
                    db.run(f"CREATE TABLE abc.t{n:05} (id BIGINT PRIMARY KEY, v VARCHAR(20))"
                           " ENGINE=InnoDB", f"INSERT INTO abc.t{n:05} VALUES (1, 'a'), (2, 'b')")

        threads = [threading.Thread(target=some, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def connections(self, server):
        return sum(1 for row in server.sql("SHOW PROCESSLIST") if row[1] == "ghostferry")

    def test_many_tables(self):
        self.create()
        ferry = self.ferry(http=True, AutomaticCutover=False, args=())
        ferry.start()
        most = {self.source: 0, self.target: 0}

        def is_copied():
            for server in most:
                most[server] = max(most[server], self.connections(server))
            return (ferry.status() or {}).get("OverallState") == "wait-for-cutover"

        ferry.wait_until(is_copied, self.timeout)
        # Four readers or creators, the stream, the ferry's own; four writers of each kind.
        self.assertLessEqual(most[self.source], 7)
        self.assertLessEqual(most[self.target], 10)
        if not is_sanitized(ferry.program):
            # A third of it on a machine of one's own; a processor that is shared counts more.
            self.assertLess(self.cpu(ferry), 1 + TABLES * 0.003)
        self.source.sql(f"UPDATE abc.t{TABLES - 1:05} SET v = 'changed'",
                        "INSERT INTO abc.t00000 VALUES (3, 'c')")
        ferry.terminate()
        ferry.assert_status(2)
        state = ferry.state()
        self.assertEqual(len(state["LastKnownTableSchemaCache"]), TABLES)
        self.assertEqual(len(state["CopyStage"]["CompletedTables"]), TABLES)
        ferry.resume(state)
        self.wait_for_cutover(ferry, self.timeout)
        if not is_sanitized(ferry.program):
            self.assertLess(self.cpu(ferry), 1 + TABLES * 0.001)
        self.finish(ferry, self.timeout)
        ferry.terminate()
        ferry.assert_status(0)
        for n in (0, TABLES // 2, TABLES - 1):
            self.assertEqual(self.source.sql(f"SELECT * FROM abc.t{n:05}"),
                             self.target.sql(f"SELECT * FROM abc.t{n:05}"))
        self.assertEqual(self.target.db.value("SELECT COUNT(*) FROM information_schema.tables"
                                              " WHERE table_schema = 'abc'"), TABLES)

    def test_create_first_and_foreign_keys(self):
        """Over several connections, parents and children in any order."""
        self.source.sql("CREATE DATABASE abc")
        for n in range(90):
            parent = f", FOREIGN KEY (p) REFERENCES abc.t{n - 1} (id)" if n else ""
            self.source.sql(f"CREATE TABLE abc.t{n} (id INT PRIMARY KEY, p INT{parent})",
                            f"INSERT INTO abc.t{n} VALUES (1, 1)")
        self.ferry(TablesToBeCreatedFirst=["abc.t89", "abc.t3"]).run_ok()
        self.assert_equal()

    def test_one_that_cannot_be_created(self):
        """It is named, and the others stop too."""
        self.source.sql("CREATE DATABASE abc", *(
            f"CREATE TABLE abc.t{n} (id INT PRIMARY KEY)" for n in range(100)))
        probes = self.probes()
        stop = probes.stop_at("before_create_table", nth=60)
        ferry = self.ferry(probes=probes)
        ferry.start()
        self.reach(ferry, stop)
        self.target.kill_connections("ghostferry")
        stop.release()
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), r"cannot create table `abc`.`t\d+` for abc.t\d+; this may leave")
        self.assertLess(self.target.db.value("SELECT COUNT(*) FROM information_schema.tables"
                                             " WHERE table_schema = 'abc'"), 100)


class MemoryTest(BoundsTest):
    """Broken: readers take nothing from the budget and expect rows of any size: 172 MiB in
    test_large_rows_are_copied. Large changes copied into statements: red in
    test_large_rows_are_changed. A group per transaction whatever it holds: red in
    test_transactions_of_others."""

    LIMIT = 16 * MIB
    ROW = 20 * MIB

    def large(self, tables, rows):
        self.source.sql("CREATE DATABASE IF NOT EXISTS abc")
        for table in tables:
            self.source.sql(f"CREATE TABLE abc.{table} (id INT PRIMARY KEY, v LONGBLOB)")
            for n in range(rows):
                self.source.sql(f"INSERT INTO abc.{table} VALUES ({n}, REPEAT('{n}', {self.ROW}))")

    def test_large_rows_are_copied(self):
        self.large("pqr", 2)
        self.source.sql("INSERT INTO abc.p VALUES (-2, 'small'), (-1, ''), (7, 'small')")
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=self.LIMIT)
        ferry.start()
        self.wait_for_cutover(ferry)
        # The row in the library's buffer, and in a statement.
        self.assert_peak_below(ferry, 35 + 2 * 20)
        self.finish(ferry)
        self.assert_equal()

    def test_one_large_table_and_many_readers(self):
        self.large("p", 3)
        with self.source.connect() as db:
            db.run("INSERT INTO abc.p SELECT 10 + seq, REPEAT('x', 1000) FROM"
                   " (WITH RECURSIVE s AS (SELECT 1 seq UNION ALL SELECT seq + 1 FROM s"
                   " WHERE seq < 900) SELECT seq FROM s) t",
                   f"INSERT INTO abc.p VALUES (5000, REPEAT('y', {self.ROW}))")
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=self.LIMIT,
                           DataIterationBatchSize=50, VerifierType="Inline")
        ferry.start()
        self.wait_for_cutover(ferry)
        self.assert_peak_below(ferry, 35 + 2 * 20)
        self.finish(ferry)
        self.assert_equal()

    def test_batches_of_more_rows_than_are_kept(self):
        """They are not asked for: the server would send them again and again."""
        def read():
            return int(self.source.sql("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")[0][1])

        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.p (id INT PRIMARY KEY, v LONGBLOB)")
        for start in range(0, 1500, 100):
            self.source.sql("INSERT INTO abc.p VALUES " + ", ".join(
                f"({n}, REPEAT('{n % 10}', 50000))" for n in range(start, start + 100)))
        before = read()
        self.ferry(DataIterationBatchSize=1000, DataIterationConcurrency=1).run_ok()
        self.assertLess(read() - before, 3 * 1500)
        self.assert_equal()

    def test_large_rows_are_changed(self):
        self.large("pqr", 0)
        self.source.sql(*(f"INSERT INTO abc.{t} VALUES (0, 'small')" for t in "pqr"))
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=self.LIMIT)
        ferry.start()
        self.wait_for_cutover(ferry)
        for letter in "ab":
            for table in "pqr":
                self.source.sql(f"UPDATE abc.{table} SET v = REPEAT('{letter}', {self.ROW})")
        self.finish(ferry)
        # Both images in the event, and one waiting to be applied. Oracle's library grows
        # its buffer by copying it.
        self.assert_peak_below(ferry, 25 + 3 * 20 + (40 if ferry.program.inside else 0))
        self.assert_equal()

    def test_wide_tables(self):
        columns = [f"c{n}" for n in range(1010)]
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.w (id INT PRIMARY KEY, "
                        + ", ".join(f"{c} INT" for c in columns) + ")")
        for n in range(20):
            self.source.sql("INSERT INTO abc.w VALUES " + ", ".join(
                f"({n * 20 + k}, " + ", ".join(str(n + k + i) for i in range(1010)) + ")"
                for k in range(20)))
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=self.LIMIT)
        ferry.start()
        self.wait_for_cutover(ferry)
        self.source.sql("UPDATE abc.w SET c5 = c5 + 1 WHERE id % 2")
        self.finish(ferry)
        self.assert_peak_below(ferry, 70)
        self.assert_equal()

    def held_by_target(self, **settings):
        """A run that stands in the middle of a statement on the target, which has stopped."""
        self.source.sql("CREATE DATABASE abc", "CREATE DATABASE other",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v LONGTEXT)",
                        "CREATE TABLE other.t (id INT PRIMARY KEY)")
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=self.LIMIT, **settings)
        ferry.start()
        self.wait_for_cutover(ferry)
        self.target.suspend()
        self.addCleanup(self.target.resume)
        return ferry

    def test_changes_wait_for_a_target_that_stopped(self):
        """The reader waits, and says for whom."""
        ferry = self.held_by_target()
        for n in range(60):
            self.source.sql("INSERT INTO abc.t VALUES " + ", ".join(
                f"({n * 100 + k}, REPEAT('x', 10000))" for k in range(100)))
        ferry.wait_for_status(lambda s: s["LimitedBy"] == "target")
        self.assert_peak_below(ferry, 45 + 16)
        self.target.resume()
        self.finish(ferry)
        self.assert_peak_below(ferry, 45 + 16)
        self.assert_equal(databases=["abc"])

    def test_transactions_of_others(self):
        """Each moves the position, which cannot move while a change waits."""
        ferry = self.held_by_target()
        self.source.sql("INSERT INTO abc.t VALUES (1, 'waits')")
        before = 0 if is_sanitized(ferry.program) else self.peak(ferry)
        with self.source.connect() as db:
            for n in range(8000):
                db.rows(f"INSERT INTO other.t VALUES ({n})")
        last = self.source.position()
        ferry.wait_for_status(lambda s: (s["LastSuccessfulBinlogPos"]["Name"],
                                         s["LastSuccessfulBinlogPos"]["Pos"]) >= last)
        if before:
            self.assertLess(self.peak(ferry) - before, 3)  # of 4
        self.target.resume()
        self.finish(ferry)
        self.assert_equal(databases=["abc"])

    def test_an_xa_transaction_that_is_not_decided(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, v LONGTEXT)")
        ferry = self.ferry(http=True, AutomaticCutover=False, MemoryLimit=MIB)
        ferry.start()
        self.wait_for_cutover(ferry)
        xid = "'large'"
        with self.source.connect() as db:
            db.run(f"XA START {xid}", f"INSERT INTO abc.t VALUES (1, REPEAT('x', {MIB // 2}))",
                   f"XA END {xid}", f"XA PREPARE {xid}")
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "XA transactions that are not decided hold .* MemoryLimit")

        def is_committed():
            try:
                return self.source.sql(f"XA COMMIT {xid}") is not None
            except Exception as e:
                if "1397" in str(e):  # the session that prepared it is still there
                    return False
                raise

        self.wait_until(is_committed, what="XA COMMIT")
        ferry.resume(MemoryLimit=16 * MIB)
        self.wait_for_cutover(ferry)
        self.finish(ferry)
        self.assert_equal()
