"""Every version of the servers that is claimed, as source and as target of every other:
a move under writes that is interrupted and resumed, verified, and what ends it. The
types, keys and chaos tests run on these pairs too (their `also`)."""

from lib.case import ALL_PAIRS
from lib.moves import MoveTest, completed, keys
from lib.verify import VerifyTest

TAGS = ("versions",)
# Of those that most tests use: nothing in their definitions has another name elsewhere.
SHARED = ("big", "composite", "string_ci", "string_latin1", "uuid", "negative", "uniques", "empty")


class MoveElsewhere(MoveTest, VerifyTest):
    pairs = ALL_PAIRS

    def create(self, **how):
        self.source.sql("CREATE DATABASE abc CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        return self.basic_tables(names=SHARED, **how)

    def test_interrupted_twice_resumed_and_compared(self):
        made = self.create(rows=200)
        writer = self.writer(made, span=250, pause=0.001)
        probes = self.probes()
        stop = probes.stop_at("before_commit", nth=12)
        ferry = self.ferry(probes=probes, AutomaticCutover=False, DataIterationBatchSize=20,
                           VerifierType="Inline").start()
        self.reach(ferry, stop)
        ferry.terminate()
        ferry.assert_status(2)
        self.assertTrue(keys(ferry.state()))
        probes.release_all()
        ferry.resume()
        ferry.wait_for_log("data copy is complete")
        writer.wait_for(300)
        ferry.kill9()
        writer.wait_for(100)
        ferry.resume(ferry.state_file(), AutomaticCutover=False)
        ferry.wait_for_log("data copy is complete")
        ferry.terminate()
        ferry.assert_status(2)
        self.assertEqual(len(completed(ferry.state())), len(SHARED))
        writer.stop()
        ferry.resume(AutomaticCutover=True)
        self.done(ferry)
        for table in self.report(Databases={"Whitelist": ["abc"]}).values():
            self.assertTrue(table["Equal"])

    def test_differences_are_found(self):
        self.create(rows=60)
        self.ferry().run_ok()
        self.target.sql("UPDATE abc.big SET v = CONCAT(COALESCE(v, ''), ' ') WHERE id = 7",
                        "DELETE FROM abc.negative WHERE id = -50",
                        "INSERT INTO abc.empty (id, v) VALUES (18446744073709551615, 'x')")
        report = self.report(status=3)
        for table, key in (("big", "7"), ("negative", "-50"), ("empty", "18446744073709551615")):
            self.assertEqual([d["Key"] for d in report[f"abc.{table}"]["Differences"]], [key])

    def test_transactions_of_every_kind(self):
        self.create(rows=40)
        self.source.sql("CREATE TABLE abc.left_out (id INT PRIMARY KEY)")
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes, Tables={"Blacklist": ["left_out"]}).start()
        self.reach(ferry, stop)
        with self.source.connect() as db:
            db.run("BEGIN", "UPDATE abc.big SET id = id + 1000 WHERE id < 10",
                   "SAVEPOINT a", "DELETE FROM abc.big WHERE id > 20", "ROLLBACK TO a",
                   "UPDATE abc.uniques SET u = CONCAT(u, 'x')", "COMMIT",
                   "BEGIN", "DELETE FROM abc.big", "ROLLBACK",
                   "XA START 'x'", "DELETE FROM abc.negative WHERE id < -90", "XA END 'x'",
                   "XA PREPARE 'x'", "XA COMMIT 'x'",
                   "XA START 'y'", "DELETE FROM abc.negative", "XA END 'y'", "XA PREPARE 'y'",
                   "XA ROLLBACK 'y'",
                   "REPLACE INTO abc.uniques (id, u, w) VALUES (900, 'u900', -900),"
                   " (901, 'u901', -900)",
                   "UPDATE abc.string_ci SET k = CONCAT(k, '!') ORDER BY k LIMIT 5",
                   "INSERT INTO abc.left_out VALUES (1)", "ALTER TABLE abc.left_out ADD x INT")
        stop.release()
        self.done(ferry, only=SHARED)

    def test_what_cannot_be_carried_stops(self):
        self.create(rows=20)
        probes = self.probes()
        stop = probes.stop_at("copy_done")
        ferry = self.ferry(probes=probes).start()
        self.reach(ferry, stop)
        self.source.sql("TRUNCATE TABLE abc.big")
        stop.release()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"abc\.big")
        self.assertRegex(ferry.log(), r"bin\.\d{6}:\d+")
