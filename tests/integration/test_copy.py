"""Plain moves, with everything going on that goes on around a live move."""

import pymysql

from lib import tables
from lib.case import BOTH, CROSS
from lib.db import name
from lib.moves import MoveTest

TAGS = ("copy",)


class CopyTest(MoveTest):
    """A writer is at work until the copy is done; the stream brings the rest."""

    def moved(self, rows=300, writers=1, tables=None, **settings):
        made = self.basic_tables(rows=rows, names=tables)
        at_work = [self.writer(made, seed=n + 1) for n in range(writers)]
        ferry = self.ferry(AutomaticCutover=False, http=True, **settings).start()
        ferry.wait_for_log("data copy is complete")
        at_work[0].wait_for(300)
        for writer in at_work:
            writer.stop()
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        self.assert_equal()
        ferry.terminate()  # the control server stays until then
        ferry.assert_status(0)
        self.assertEqual(ferry.stdout(), "")
        return ferry

    def test_all_tables(self):
        self.moved(DataIterationBatchSize=20)

    def test_one_worker(self):
        self.moved(DataIterationBatchSize=20, DataIterationConcurrency=1,
                   BinlogWriterConcurrency=1)

    def test_many_workers(self):
        self.moved(DataIterationBatchSize=10, DataIterationConcurrency=16,
                   BinlogWriterConcurrency=8)

    def test_several_workers_within_one_table(self):
        self.moved(rows=1000, tables=("composite",), DataIterationBatchSize=15,
                   DataIterationConcurrency=6)

    def test_several_writers(self):
        self.moved(writers=3, DataIterationBatchSize=20)

    def test_batches_sized_by_bytes(self):
        self.moved(rows=600)

    def test_small_batches_sized_by_bytes(self):
        self.moved(UpdatableConfig={"DataIterationBatchBytes": 2000})

    def test_changes_in_small_batches(self):
        self.moved(DataIterationBatchSize=50, BinlogEventBatchSize=7)

    def test_one_row_at_a_time(self):
        self.moved(rows=40, DataIterationBatchSize=1, BinlogEventBatchSize=1)

    def test_little_memory(self):
        """The streamer waits for the writers, again and again."""
        self.moved(rows=200, DataIterationBatchSize=20, MemoryLimit=1000000)


class ShapesTest(MoveTest):
    def test_many_small_tables(self):
        with self.source.connect() as db:
            db.run("CREATE DATABASE abc", "CREATE DATABASE abd")
            for n in range(200):
                table = name("ab" + "cd"[n % 2], f"t{n}")
                db.run(f"CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))")
                if n % 3:
                    db.run(f"INSERT INTO {table} VALUES (1, 'one'), (2, 'two'), ({n + 3}, 'n')")
        probes = self.probes()
        ferry = self.ferry(databases=("abc", "abd"), probes=probes, DataIterationBatchSize=2)
        stop = probes.stop_at("batch_recorded", nth=100)
        ferry.start()
        self.reach(ferry, stop)
        for n in range(0, 200, 7):
            table = name("ab" + "cd"[n % 2], f"t{n}")
            self.source.sql(f"INSERT INTO {table} VALUES (50000, 'new')",
                            f"UPDATE {table} SET v = 'changed' WHERE id = 2")
        stop.release()
        self.done(ferry)

    def test_nothing_but_empty_tables(self):
        for table in ("a", "b", "c"):
            self.table(table, rows=0)
        self.ferry().run_ok()
        self.assert_equal()

    def test_an_empty_table_that_fills_while_others_are_copied(self):
        self.table("empty", rows=0)
        self.table("t", rows=50)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("before_batch_write", r"abc\.t 2$")
        ferry.start()
        self.reach(ferry, stop)
        tables.fill_fast(self.source.db, "abc", "empty", 30)
        stop.release()
        self.done(ferry)

    def test_exactly_full_chunks(self):
        for rows in (9, 10, 11, 20):
            self.table(f"t{rows}", rows=rows)
        self.done(self.one_by_one().start())

    def test_huge_rows(self):
        """Rows of 5 MiB by the copy and by the stream, beside small ones."""
        self.table(rows=40, body="id INT NOT NULL PRIMARY KEY, v LONGBLOB, n INT")
        self.source.sql("UPDATE abc.t SET v = REPEAT(CHAR(n, n + 100, 0, 39, 92), 1048576)"
                        " WHERE id IN (3, 4, 20)")
        probes = self.probes()
        ferry = self.ferry(probes=probes, DataIterationBatchSize=10)
        stop = probes.stop_at("after_chunk_read", r"abc\.t 2 ")
        ferry.start()
        self.reach(ferry, stop)
        self.source.sql("INSERT INTO abc.t VALUES (100, RANDOM_BYTES(1024), 1)",
                        "UPDATE abc.t SET v = REPEAT(v, 5120) WHERE id = 100",
                        "UPDATE abc.t SET n = -n WHERE id IN (3, 20)")
        stop.release()
        self.done(ferry)

    def test_rows_far_larger_than_their_neighbours(self):
        """The size of a read is guessed from small rows: the rest of it is left."""
        self.table(rows=400, body="id INT NOT NULL PRIMARY KEY, v LONGBLOB, n INT")
        self.source.sql("UPDATE abc.t SET v = REPEAT('x', 300000 + id) WHERE id > 350")
        self.done(self.ferry(UpdatableConfig={"DataIterationBatchBytes": 100000}).start())

    def test_keys_that_are_far_apart(self):
        self.table(rows=0, body="id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(200), n INT")
        edges = [f"({sign}{2 ** bits - less}, 'v', {bits})" for bits in (8, 16, 32, 53, 63)
                 for less in (1, 2) for sign in ("", "-")]
        self.source.sql("SET sql_mode='NO_AUTO_VALUE_ON_ZERO'", "INSERT INTO abc.t VALUES"
                        " (0, 'zero', 0), (-9223372036854775808, 'least', 0), "
                        + ", ".join(edges))
        self.done(self.ferry(DataIterationBatchSize=3).start())

    def test_the_binlog_rotates_with_nearly_every_transaction(self):
        self.assertEqual(self.source.value("SELECT @@max_binlog_size"), 4096)
        made = self.basic_tables(rows=50, names=("big", "wide"))
        before = self.source.position()
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("copy_done")
        writer = self.writer(made, span=60)
        ferry.start()
        self.reach(ferry, stop)
        writer.wait_for(400)
        for _ in range(5):
            self.source.sql("FLUSH BINARY LOGS")
        writer.stop()
        self.assertGreater(int(self.source.position()[0][-6:]), int(before[0][-6:]) + 10)
        stop.release()
        self.done(ferry)


class CrossFlavourTest(MoveTest):
    pairs = CROSS

    def test_simple_tables(self):
        self.source.sql("CREATE DATABASE abc COLLATE utf8mb4_general_ci")
        made = self.basic_tables(rows=150, names=("composite", "string_ci", "string_latin1",
                                                  "uuid", "negative", "uniques", "empty", "big"))
        writer = self.writer(made, span=200)
        ferry = self.ferry(AutomaticCutover=False, DataIterationBatchSize=20).start()
        ferry.wait_for_log("data copy is complete")
        writer.wait_for(300)
        ferry.terminate()
        ferry.assert_status(2)
        writer.wait_for(100)
        writer.stop()
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)


class LostConnectionsTest(MoveTest):
    """Connections are cut; the run goes on by itself."""

    pairs = BOTH

    def kill(self, server, pattern):
        """Kills the program's sessions whose processlist line matches; how many."""
        ids = server.sql("SELECT id FROM information_schema.processlist WHERE user ="
                         f" 'ghostferry' AND CONCAT(command, ' ', COALESCE(info, '')) LIKE"
                         f" '{pattern}'")
        for (number,) in ids:
            try:
                server.sql(f"KILL {number}")
            except pymysql.Error:
                pass  # it ended by itself
        return len(ids)

    def test_the_binlog_dump_is_killed(self):
        """Several times in the middle of a transaction, with and without a copy."""
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        first = probes.stop_at("after_chunk_read", r"abc\.t 2 ")
        last = probes.stop_at("copy_done")
        ferry.start()
        self.reach(ferry, first)
        for n in (1, 2, 3):
            stop = probes.stop_at("binlog_event", "(?i)rows", nth=n)
            self.source.sql("BEGIN", *(f"UPDATE abc.t SET v = REPEAT('{n}', 200), n = {m}"
                                       " WHERE id > 20" for m in range(4)), "COMMIT")
            self.reach(ferry, stop)
            ferry.wait_until(lambda: self.kill(self.source, "Binlog Dump%"))
            self.source.sql("DELETE FROM abc.t WHERE id = %d" % (n + 30))
            stop.release()
            ferry.wait_until(lambda: ferry.log().count("binlog stream taken up again") == n)
            if n == 2:
                first.release()
        last.release()
        self.done(ferry)

    def test_the_copy_s_connections_are_killed_on_the_source(self):
        self.table(rows=100)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stops = [probes.stop_at("before_chunk_read", rf"abc\.t {n}$") for n in (2, 5, 9)]
        ferry.start()
        for stop in stops:
            self.reach(ferry, stop)
            self.assertTrue(self.kill(self.source, "Sleep%"))
            self.source.sql("UPDATE abc.t SET v = 'later' WHERE id % 13 = 0")
            stop.release()
        self.done(ferry)

    def test_a_read_that_waits_is_killed(self):
        self.table(rows=60)
        ferry = self.one_by_one()
        with self.source.connect() as db:
            db.run("BEGIN", "UPDATE abc.t SET v = 'held' WHERE id = 15")
            ferry.start()
            for _ in range(2):
                ferry.wait_until(lambda: self.kill(self.source, "Query%LIMIT 1 %"))
            db.run("COMMIT")
        self.done(ferry)

    def test_a_read_that_waits_holds_nothing_else(self):
        """The application goes on around a locked row.

        Broken: the locking read waits without NOWAIT. The UPDATEs ran into the locks of
        the rows that the waiting read had passed already."""
        self.table(rows=60)
        ferry = self.one_by_one()
        with self.source.connect() as db, self.source.connect() as app:
            db.run("BEGIN", "UPDATE abc.t SET v = 'held' WHERE id = 15")
            ferry.start()
            ferry.wait_until(lambda: app.rows(
                "SELECT 1 FROM information_schema.processlist"
                " WHERE info LIKE '%FROM `abc`.`t`%LIMIT 1 %SHARE%' AND id <> CONNECTION_ID()"),
                what="a read of one row")
            app.run("SET innodb_lock_wait_timeout = 1")
            for row in (11, 12, 13, 14, 16, 17, 20):
                app.run(f"UPDATE abc.t SET v = 'passed' WHERE id = {row}")
            db.run("COMMIT")
        self.done(ferry)

    def test_the_copy_s_connections_are_killed_on_the_target(self):
        """In the middle of the transaction that writes a batch, and around it."""
        self.table(rows=100)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stops = [probes.stop_at("before_batch_write", r"abc\.t 2$"),
                 probes.stop_at("before_commit"), probes.stop_at("after_batch_write",
                                                                 r"abc\.t 6$")]
        stops[1]._left = 4  # the fourth commit
        ferry.start()
        for stop in stops:
            self.reach(ferry, stop)
            self.assertTrue(self.kill(self.target, "Sleep%"))
            self.source.sql("UPDATE abc.t SET v = CONCAT(v, '+') WHERE id % 13 = 0")
            stop.release()
        self.done(ferry)

    def test_the_appliers_connections_are_killed(self):
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, BinlogEventBatchSize=5)
        stops = [probes.stop_at("copy_done"), probes.stop_at("before_binlog_apply", nth=2),
                 probes.stop_at("after_binlog_apply", nth=4)]
        ferry.start()
        self.reach(ferry, stops[0])
        self.source.sql("UPDATE abc.t SET v = 'changed', id = id + 1000 WHERE id % 2 = 0",
                        "DELETE FROM abc.t WHERE id % 5 = 0")
        for stop in (stops[1], stops[2]):
            self.reach(ferry, stop)
            self.assertTrue(self.kill(self.target, "Sleep%"))
            stop.release()
        stops[0].release()
        self.done(ferry)

    def test_a_write_that_waits_is_killed(self):
        """The row it waits for is locked by somebody else, who then goes away."""
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("before_batch_write", r"abc\.t 2$")
        ferry.start()
        self.reach(ferry, stop)
        with self.target.connect() as db:
            db.run("BEGIN", "INSERT INTO abc.t VALUES (15, 'not mine', 0)")
            stop.release()
            for _ in range(2):
                ferry.wait_until(lambda: self.kill(self.target, "Query%INTO%`abc`%"))
            db.run("ROLLBACK")
        self.done(ferry)

    def test_a_deadlock_with_another_writer_on_the_target(self):
        """It has the last row of a batch, wants the first, and is the heavier one."""
        self.table(rows=60)
        probes = self.probes()
        ferry = self.one_by_one(probes=probes)
        stop = probes.stop_at("before_batch_write", r"abc\.t 2$")
        ferry.start()
        self.reach(ferry, stop)
        with self.target.connect() as db:
            db.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN",
                   "INSERT INTO abc.t VALUES (20, 'not mine', 0)",
                   *(f"UPDATE abc.t SET n = n + {n} WHERE id < 11" for n in range(9)),
                   *(f"INSERT INTO abc.t SELECT id + {n}0000, v, n FROM abc.t WHERE id < 11"
                     for n in range(1, 9)))
            stop.release()
            ferry.wait_until(lambda: self.waits_for_a_lock(self.target))
            db.run("INSERT INTO abc.t VALUES (11, 'not mine', 0)", "ROLLBACK")
        ferry.wait_for_log("Deadlock found")
        self.done(ferry)


class RestartTest(MoveTest):
    """A server dies in the middle and comes back. Reads, writes and the stream are tried
    again; should a write's few attempts be used up, the state is there to go on from."""

    def restarted(self, server, stop_name):
        made = self.basic_tables(rows=150, names=("big", "uniques", "composite"))
        writer = self.writer(made, span=200, pause=0.002, reconnect=True)
        probes = self.probes()
        ferry = self.ferry(probes=probes, DataIterationBatchSize=10, AutomaticCutover=False)
        stop = probes.stop_at(stop_name, nth=8)
        ferry.start()
        self.reach(ferry, stop)
        server.kill9()
        stop.release()
        server.start()
        ferry.wait_until(lambda: not ferry.running or ferry.log_contains("data copy is complete"))
        writer.wait_for(100)
        if ferry.running:
            ferry.terminate()
        ferry.assert_status(2)
        writer.stop()
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)

    def test_source_while_reading(self):
        self.restarted(self.source, "after_chunk_read")

    def test_source_between_events(self):
        self.restarted(self.source, "binlog_event")

    def test_target_before_a_commit(self):
        self.restarted(self.target, "before_commit")

    def test_target_while_changes_are_applied(self):
        self.restarted(self.target, "before_binlog_apply")
