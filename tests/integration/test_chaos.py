"""Whatever happens, and whatever happens together: after a resume and the cutover the
target equals the source. Each seed is a plan of faults; CHAOS_SEEDS=100-400 runs others
than the usual ones, and a failure prints the plan and what was done when."""

import unittest

from lib.case import FerryTest
from lib.chaos import FAULTS, Director, Plan, seeds

TAGS = ("chaos",)
USUAL = range(7, 19)  # together they have every fault


class ChaosTest(FerryTest):
    timeout = 180


def _seed_test(seed):
    def test(self):
        Director(self, Plan(seed)).run()
    return test


# By chance means minutes, and timeouts of servers that are killed: on request only,
# CHAOS_SEEDS=7-18 (the usual ones) or any others.
for _seed in seeds(()):
    setattr(ChaosTest, f"test_seed_{_seed:04}", _seed_test(_seed))


class PlanTest(unittest.TestCase):
    def test_the_usual_seeds_have_every_fault(self):
        seen = {name for seed in USUAL for _, name, _ in Plan(seed).faults}
        self.assertEqual(seen, set(FAULTS))

    def test_a_seed_makes_one_plan(self):
        self.assertEqual(Plan(7).text(), Plan(7).text())
        self.assertNotEqual(Plan(7).faults, Plan(8).faults)
