"""What tests of the move itself share: small tables with one chunk per few rows,
stops, held commits, and reading positions out of states and binlogs."""

import os
import re
import threading
import time

import pymysql

from . import tables
from .case import FerryTest
from .db import name


class HeldCommits:
    """Commits on a server that stand between the binlog and visibility: dump threads
    have sent them, nobody can read them. Semi-synchronous replication waits at
    AFTER_SYNC for a replica that never comes. Every commit made meanwhile hangs."""

    def __init__(self, server):
        self.server = server
        self._prefix = "rpl_semi_sync_" + ("source" if server.is_mysql else "master")
        self._sessions = []
        if server.is_mysql:
            try:
                server.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'")
            except pymysql.Error as e:
                if e.args[0] not in (1125, 1968):  # it is there
                    raise
        replica = "replica" if server.is_mysql else "slave"
        for variable, value in (("wait_point", "AFTER_SYNC"), (f"wait_no_{replica}", "1"),
                                ("timeout", "600000"), ("enabled", "1")):
            server.sql(f"SET GLOBAL {self._prefix}_{variable} = {value}")

    def commit(self, *statements):
        """Runs them as one transaction in a session of its own; returns when it is in
        the binlog, with the position before it."""
        before = self.server.position()
        session = threading.Thread(target=self._run, args=(statements,), daemon=True)
        session.error = None
        self._sessions.append(session)
        session.start()
        while self.server.position() == before:
            if not session.is_alive():
                raise AssertionError(f"not held: {session.error}")
        return before

    def _run(self, statements):
        try:
            with self.server.connect() as db:
                db.run("BEGIN", *statements, "COMMIT")
        except Exception as e:
            threading.current_thread().error = e

    def release(self):
        """They become visible; waits for it."""
        self.server.sql(f"SET GLOBAL {self._prefix}_enabled = 0")
        for session in self._sessions:
            session.join(30)
            if session.is_alive() or session.error:
                raise AssertionError(f"held commit: {session.error or 'still hangs'}")
        self._sessions = []


def position(state):
    """The place in the binlog that a state resumes from, comparable."""
    at = state["CopyStage"]["LastProcessedBinlogPosition"]
    return at["Name"], at["Pos"]


def keys(state):
    return state["CopyStage"]["LastSuccessfulPaginationKeys"]


def completed(state):
    return sorted(t for t, done in state["CopyStage"]["CompletedTables"].items() if done)


def places_between_transactions(server, file):
    """The offsets of a binlog file from which a stream may be taken up."""
    places, inside, begun = {4}, False, False
    for _, _, kind, _, end, info in server.sql(f"SHOW BINLOG EVENTS IN '{file}'"):
        if kind in ("Gtid", "Anonymous_Gtid", "Gtid_tagged"):
            inside, begun = True, info.startswith("BEGIN")
        elif kind == "Query" and info.upper() == "BEGIN":
            inside = begun = True
        elif kind in ("Xid", "XA_prepare"):
            inside = begun = False
        elif kind == "Query":
            if not begun or info.upper() in ("COMMIT", "ROLLBACK"):
                inside = begun = False
        if not inside:
            places.add(end)
    return places


class MoveTest(FerryTest):
    """Chunks of 10 rows, one reader, one writer and one applier unless told
    otherwise, so that the order of things is known."""

    def table(self, table="t", rows=100, body="id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(200),"
              " n INT", database="abc", **fill):
        with self.source.connect() as db:
            db.run(f"CREATE DATABASE IF NOT EXISTS {name(database)}",
                   f"CREATE TABLE {name(database, table)} ({body}) ENGINE=InnoDB")
            if rows:
                tables.fill_fast(db, database, table, rows, **fill)
        return table

    def one_by_one(self, **settings):
        for key, value in {"DataIterationBatchSize": 10, "DataIterationConcurrency": 1,
                           "BinlogWriterConcurrency": 1}.items():
            settings.setdefault(key, value)
        return self.ferry(**settings)

    def held_commits(self):
        held = HeldCommits(self.source)
        self.addCleanup(held.release)
        return held

    def reach(self, ferry, *stops, deadline=60):
        """Waits until the program stands at the stops; fails early when it ends."""
        for stop in stops:
            ferry.wait_until(lambda: stop.reached, deadline, f"the stop at {stop.probe}")
        return stops[-1].detail

    def killed_at_each(self, ferry, probes, places):
        """Goes on to each place, given as to stop_at(), and dies there; yields its number then."""
        for n, (name, detail, nth) in enumerate(places):
            stop = probes.stop_at(name, detail, nth)
            if ferry.runs:
                ferry.resume(ferry.state_file(), as_it_is=True)
            else:
                ferry.start()
            self.reach(ferry, stop)
            self.let_the_state_be_saved(ferry)
            ferry.kill9()
            probes.release_all()
            yield n

    def let_the_state_be_saved(self, ferry):
        """One thread stands in the stop, the others go on: what they record meanwhile
        must not pass by what it has not done. Saved every second, when it changes; what is
        written right after the call may be the state of before it."""
        path, end = ferry.config_path + ".state", time.monotonic() + 1.5
        fresh = time.time() + 0.1
        self.wait_until(lambda: (os.path.exists(path) and os.stat(path).st_mtime > fresh)
                        or time.monotonic() > end)

    def received(self, ferry, probes, count, table=""):
        """Waits until that many row changes (of the table) were received."""
        self.seen(ferry, probes, "change_received", table, count)

    def seen(self, ferry, probes, name, detail="", count=1):
        """Waits until calls of a probe whose detail matches have come by."""
        ferry.wait_until(lambda: self.count(probes, name, detail) >= count, 60,
                         f"{count} of {name} {detail!r}; hits: {dict(probes.counts)}")

    @staticmethod
    def count(probes, name, detail=""):
        return sum(1 for n, d in list(probes.seen) if n == name and re.search(detail, d))

    @staticmethod
    def waits_for_a_lock(server, sessions=1):
        """Do so many sessions wait for a row lock? INNODB_TRX answers from a cache; MySQL's
        monitor leaves out reads, MariaDB's counter stays up after a KILL."""
        if server.is_mysql:
            waits = server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1]
            return int(waits) >= sessions
        status = server.sql("SHOW ENGINE INNODB STATUS")[0][2]
        # Before that part stands the latest deadlock, perhaps of another test.
        return status.split("\nTRANSACTIONS\n")[-1].count("\nLOCK WAIT ") >= sessions

    def done(self, ferry, *args, **how):
        """The run ends well and the target is equal to the source."""
        ferry.assert_status(0)
        self.assert_equal(*args, **how)

    def assert_may_resume_from(self, state):
        file, offset = position(state)
        self.assertIn(offset, places_between_transactions(self.source, file),
                      f"{file}:{offset} lies inside a transaction")
