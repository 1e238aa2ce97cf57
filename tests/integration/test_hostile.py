"""Servers and systems that do not do what they should: the program ends in good order."""

import os
import resource
import subprocess

from lib.case import BOTH, FerryTest, program
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
