"""Whatever happens, and whatever happens together: after a resume and the cutover the
target equals the source. Each seed is a plan of faults; CHAOS_SEEDS=100-400 runs others
than the usual ones, between different flavours too, and a failure prints the plan and
what was done when."""

import os
import unittest

from lib.case import ALL_PAIRS, BOTH, CROSS, FerryTest
from lib.chaos import ChangesDirector, Director, Plan, seeds
from lib.faults import FAULTS

TAGS = ("chaos",)
USUAL = range(293, 305)  # together they have every fault, and some go back
CHANGING = range(301, 304)


class ChaosTest(FerryTest):
    timeout = 240
    pairs = BOTH + CROSS if os.environ.get("CHAOS_SEEDS") else BOTH


def _seed_test(seed):
    def test(self):
        Director(self, Plan(seed)).run()
    return test


for _seed in seeds(USUAL):
    setattr(ChaosTest, f"test_seed_{_seed:04}", _seed_test(_seed))


class ChaosChangesTest(FerryTest):
    """The same while definitions change."""

    timeout = 240
    pairs = BOTH


def _changes_test(seed):
    def test(self):
        ChangesDirector(self, Plan(seed).with_changes()).run()
    return test


for _seed in seeds(CHANGING):
    setattr(ChaosChangesTest, f"test_seed_{_seed:04}", _changes_test(_seed))


class ChaosElsewhereTest(FerryTest):
    """One plan for each other pair of versions, together they have most faults."""

    timeout = 240
    pairs = ()
    also = tuple(pair for pair in ALL_PAIRS if pair not in BOTH)

    def test_one_plan(self):
        Director(self, Plan(USUAL[self.also.index(self.pair) % len(USUAL)])).run()


class PlanTest(unittest.TestCase):
    def test_the_usual_seeds_have_every_fault(self):
        seen = {name for seed in USUAL for _, name, _ in Plan(seed).faults}
        self.assertEqual(seen, set(FAULTS))

    def test_a_seed_makes_one_plan(self):
        self.assertEqual(Plan(7).text(), Plan(7).text())
        self.assertNotEqual(Plan(7).faults, Plan(8).faults)
