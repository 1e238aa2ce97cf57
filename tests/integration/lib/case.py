"""Base classes: a test is written once and run on each pair of flavours."""

import os
import time
import unittest

from . import compare, place, tables
from .ferry import Ferry, Program
from .probes import Probes
from .server import COMMON_COLLATION, Server, Unavailable
from .writer import Writer

MARIADB, MYSQL = ("mariadb", "mariadb"), ("mysql", "mysql")
BOTH = (MARIADB, MYSQL)
CROSS = (("mariadb", "mysql"), ("mysql", "mariadb"))
# Versions that the whole suite does not run on, and all ordered pairs of makes.
MARIADB_105, MARIADB_118 = ("mariadb-10.5",) * 2, ("mariadb-11.8",) * 2
# Modules that write by LOAD DATA with one client library, and by INSERT and REPLACE with the other.
EXACT = ("test_types", "test_exact_", "test_stored_text")
MAKES = ("mariadb-10.5", "mariadb", "mariadb-11.8", "mysql")
ALL_PAIRS = tuple((source, target) for source in MAKES for target in MAKES)
# What a class of BOTH, and one of CROSS, may run on beside these (its `also`).
OTHER_MARIADB = tuple(pair for pair in ALL_PAIRS if "mysql" not in pair and pair != MARIADB)
OTHER_CROSS = tuple((source, target) for source, target in ALL_PAIRS
                    if (source == "mysql") != (target == "mysql")
                    and (source, target) not in CROSS)


class Pool:
    """The servers of a run, started when first asked for and shared by all tests. Those that
    no test has asked for lately go again: several processes run tests, each with its own."""

    AT_MOST = 8  # more than one test has

    def __init__(self):
        self._servers, self._missing = {}, {}

    def get(self, make, role, *options):
        """One server per make, role and options."""
        if make in self._missing:
            raise unittest.SkipTest(self._missing[make])
        server = self._servers.get((make, role, options))
        try:
            if server is None:
                while len(self._servers) >= self.AT_MOST:
                    self._servers.pop(next(iter(self._servers))).remove()
                server = Server(make, role, options)
            # The one that was asked for last stands last.
            self._servers.pop((make, role, options), None)
            self._servers[make, role, options] = server
            if server.process is None or server.process.poll() is not None:
                server.start()
        except Unavailable as e:
            self._missing[make] = str(e)
            raise unittest.SkipTest(str(e)) from None
        return server

    def close(self):
        for server in self._servers.values():
            server.remove()
        self._servers.clear()


pool = Pool()
program = Program(os.environ.get("GHOSTFERRY_BUILD", os.path.join(place.TOP, "build/probes")))


class ServerTest(unittest.TestCase):
    """A test over an empty source and an empty target: self.source, self.target.
    The runner makes one class per pair of `pairs`, which are makes of servers."""

    pairs = BOTH
    also = ()  # further pairs, of other versions
    pair = None
    timeout = 120  # seconds for one test

    def setUp(self):
        mixed = self.pair[0] != self.pair[1]
        self.source, self.target = (
            pool.get(make, role, *(COMMON_COLLATION.get(make, ()) if mixed else ()))
            for make, role in zip(self.pair, ("source", "target")))
        self.watched = [self.source, self.target]
        for server in (self.source, self.target):
            server.drop_user_databases()

    @property
    def flavour(self):
        """The source's."""
        return self.source.flavour

    def use_source(self, *options):
        """A source with further command-line options, shared by the tests that want these."""
        self.source = pool.get(self.pair[0], "source", *options)
        self.watched.append(self.source)
        self.source.drop_user_databases()

    def private_server(self, role="source", *options, make=None, home=None):
        """A server for this test alone, with further command-line options."""
        server = Server(make or self.pair[role == "target"], role, options, home)
        self.addCleanup(server.remove)
        self.watched.append(server)
        return server.start()

    def basic_tables(self, rows=300, database="abc", **how):
        return tables.create_basic_tables(self.source, database, rows, **how)

    def writer(self, made, database="abc", **how):
        """Random writes to the source's tables; ends with the test."""
        writer = Writer(self.source, database, made, **how)
        self.addCleanup(writer.stop)
        return writer.start()

    def assert_equal(self, *args, **how):
        compare.assert_equal(self.source, self.target, *args, **how)

    def wait_until(self, condition, deadline=60, what="the condition"):
        """Polls; returns what the condition returns."""
        end = time.monotonic() + deadline
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what} ({deadline} s)")
            time.sleep(0.02)

    def logs(self):
        """For a failed test's report."""
        return "".join(thing.logs() for thing in getattr(self, "watched", ()))


class FerryTest(ServerTest):
    """A ServerTest that runs the program."""

    def setUp(self):
        super().setUp()
        if not program.exists:
            self.fail(f"there is no {program.binary}")

    def probes(self):
        probes = Probes(program.inside)
        self.addCleanup(probes.close)
        return probes

    def ferry(self, databases=("abc",), source=None, target=None, **how):
        if program.inside and type(self).__module__.startswith(EXACT):
            how.setdefault("TargetWriteMethod", "insert")
        ferry = Ferry(program, source or self.source, target or self.target, databases, **how)
        self.addCleanup(ferry.end)
        self.watched.insert(0, ferry)
        return ferry
