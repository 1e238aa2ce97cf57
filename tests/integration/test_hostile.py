"""Servers and systems that do not do what they should: the program ends in good order."""

import resource
import subprocess

from lib.case import BOTH, FerryTest
from lib.rewriter import Rewriter

# Fewer columns than were wanted, NULL, no row, other values, no rows at all.
ANSWERS = ("SELECT NULL", "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
           ", NULL, NULL", "SELECT 1 FROM DUAL WHERE 1 = 0", "SELECT '-1'", "DO 0")
LOOKS_AGAIN = 2  # s; a wrong answer may be asked for again and again: that is given this long


class HostileAnswersTest(FerryTest):
    """Every statement that expects rows gets other ones."""

    pairs = BOTH
    timeout = 600

    def setUp(self):
        super().setUp()
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY, v INT,"
                        " g INT AS (v + 1) STORED, KEY (g))", "INSERT INTO abc.t (id, v) VALUES"
                        " (1, 1), (2, 2)",
                        "CREATE TABLE abc.u (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY (a, b))",
                        "INSERT INTO abc.u VALUES (1, 1)")

    def ends_in_order(self, side, shape, answer, *args):
        self.target.drop_user_databases()
        rewriter = Rewriter(getattr(self, side), shape, answer)
        self.addCleanup(rewriter.close)
        ferry = self.ferry(VerifierType="Inline", SkipTargetVerification=False, DBReadRetries=1,
                           DBWriteRetries=1, **{side.capitalize(): {"Port": rewriter.port}})
        ferry.start(*args)
        try:
            status = ferry.process.wait(LOOKS_AGAIN)
        except subprocess.TimeoutExpired:
            ferry.kill9()
            status = None  # it waits for something, and is alive
        self.assertIn(status, (None, 0, 1, 2, 3), f"{shape} got {answer}\n{ferry.logs()}")
        ferry.end()
        rewriter.close()
        return rewriter.shapes

    def test_every_answer(self):
        for side in ("source", "target"):
            seen = []
            for args in (("-dryrun",), ()):
                # One answer or another each: all to all would take half an hour.
                shapes = [shape for shape in self.ends_in_order(side, None, None, *args)
                          if shape.split()[0].lstrip("(") in ("SELECT", "SHOW")
                          or "SELECT" in shape.split("*/")[-1][:20]]
                self.assertGreater(len(shapes), 5)
                for n, shape in enumerate(s for s in shapes if s not in seen):
                    for answer in (ANSWERS[n % 5], ANSWERS[(n + 2) % 5]):
                        with self.subTest(side, shape=shape, answer=answer):
                            self.ends_in_order(side, shape, answer, *args)
                seen = shapes


class LimitsTest(FerryTest):
    """The system gives no more memory, threads or stack: the state, and status 2."""

    pairs = BOTH

    def limited(self, limit, value):
        ferry = self.ferry()
        before = resource.getrlimit(limit)
        resource.setrlimit(limit, (value, before[1]))
        try:
            ferry.start()
        finally:
            resource.setrlimit(limit, before)
        return ferry

    def fill(self, rows):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY"
                        " AUTO_INCREMENT, b LONGBLOB)",
                        *["INSERT INTO abc.t (b) VALUES (REPEAT('x', 1000000))"] * rows)

    def test_too_little_memory(self):
        self.fill(20)
        ended = []
        # What is missed first differs: a library's memory at a connection, ours, a stack.
        for megabytes in (*range(75, 180, 7), 200, 300):
            self.target.drop_user_databases()
            ferry = self.limited(resource.RLIMIT_AS, megabytes << 20)
            ended.append(ferry.wait(90))
            self.assertIn(ended[-1], (0, 2), ferry.logs())
            if ended[-1] == 2:
                self.assertRegex(ferry.log(), "out of memory|cannot start a thread|run out of")
            else:
                self.assert_equal()
        self.assertIn(2, ended)
        # The last state is one to go on from.
        self.target.drop_user_databases()
        for megabytes in range(75, 300, 5):
            ferry = self.limited(resource.RLIMIT_AS, megabytes << 20)
            if ferry.wait(90) == 0 or "LastProcessedBinlogPosition" in ferry.stdout():
                break
        if ferry.wait() == 2:
            ferry.resume().assert_status(0)
        self.assert_equal()

    def test_a_small_stack(self):
        self.fill(1)
        columns = ", ".join(f"c{n} INT" for n in range(1000))
        self.source.sql(f"CREATE TABLE abc.wide (id INT PRIMARY KEY, {columns})",
                        "INSERT INTO abc.wide (id) VALUES (1), (2)")
        self.limited(resource.RLIMIT_STACK, 64 << 10).assert_status(0)
        self.assert_equal()

    def test_many_unknown_keys(self):
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (id INT PRIMARY KEY)")
        unknown = {f"NoSuchKeyAtAll{n}": n for n in range(200000)}
        ferry = self.ferry(**unknown)
        ferry.run_ok("-dryrun", timeout=20)
        self.assertTrue(ferry.log_contains("199900 more unknown keys are ignored"))
