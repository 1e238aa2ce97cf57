"""Random faults from a seed, against a move with writers on the source.

A plan is a list of (seconds, fault, parameters), made from the seed alone before
anything runs. The director carries it out, resumes the program whenever it has ended,
fixes everything at the end and brings the move to its cutover, during which a few
more things happen.
"""

import heapq
import os
import random
import re
import signal
import threading
import time

import pymysql

from .db import name
from .family import FamilyWriter
from .faults import CHANGES, FAULTS, LATE
from .proxy import Proxy
from .tables import create_without_key
from .writer import Writer
from .xa_writer import XaWriter

# The program may give up for these, with its state dumped; anything else that ends it
# is a bug.
MAY_END = re.compile(
    r"signal received|[Cc]an't connect|Lost connection|gone away|not connected|"
    r"ended the connection|ended the binlog stream|Server shutdown|shutdown in progress|"
    r"Lock wait timeout|Deadlock|interrupted|Connection was killed|Connection refused|"
    r"Connection reset|handshake|initial communication packet|is held by connection|"
    r"another process is working on this state|not held by us|Malformed packet|"
    r"packets out of order|Broken pipe|reading authorization packet|timeout|timed out|"
    r"Session was killed|starting up|Got packets|Got timeout|read.only|"
    r"Unknown error|SSL connection error|stood still", re.I)
BY_SIGNAL = (-signal.SIGKILL, -signal.SIGTERM)  # SIGTERM: before it listened to signals

RESTARTS = ("restart_source", "restart_target", "kill_9_source", "kill_9_target")
RESTARTS_MAX = 2  # of a plan: they take the longest


class Plan:
    """What a seed stands for."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.seed = seed
        self.seconds = rng.uniform(1, 2.5)
        self.faults = [(rng.uniform(0, self.seconds), n, rng.getrandbits(32))
                       for n in self._names(rng, rng.randrange(3, 11))]
        if rng.random() < .4:  # things that go wrong together
            at = rng.uniform(0, self.seconds)
            self.faults += [(at + rng.uniform(0, .05), n, rng.getrandbits(32))
                            for n in self._names(rng, 3)]
        self._drop_some_restarts()
        self.late = [(rng.uniform(0, .3), rng.choice(LATE), rng.getrandbits(32))
                     for _ in range(rng.choice((0, 0, 1, 2)))]
        self.writers = rng.randrange(1, 4)
        self.settings = {
            "DataIterationBatchSize": rng.choice((3, 5, 20, 100)),
            "DataIterationConcurrency": rng.choice((1, 2, 4)),
            "BinlogWriterConcurrency": rng.choice((1, 2, 4)),
            "BinlogEventBatchSize": rng.choice((0, 0, 1, 10)),
            "VerifierType": rng.choice(("NoVerification", "Inline", "Iterative")),
            "InlineVerifierConfig": {"VerifyBinlogEventsInterval": "100ms"},
        }
        self.rows = rng.choice((30, 100, 300))
        self.has_xa = rng.random() < .6
        self._plan_the_way_back(random.Random(f"{seed}, and back"))
        self.has_family = (not self.goes_back and
                           random.Random(f"{seed}, and a family").random() < .5)

    def _plan_the_way_back(self, rng):
        """Whether there is one, and what goes wrong on it."""
        self.goes_back = rng.random() < .3
        self.back_faults = self.back_late = ()
        if not self.goes_back:
            return
        # A second program has a state file of its own, and so a way back of its own.
        self.faults = [f for f in self.faults if f[1] != "overtake"]
        self.back_faults = sorted(
            (rng.uniform(0, 1.5), n, rng.getrandbits(32))
            for n in self._names(rng, rng.randrange(2, 6))
            if n not in ("overtake", *RESTARTS))
        self.back_late = [(rng.uniform(0, .3), rng.choice(LATE), rng.getrandbits(32))
                          for _ in range(rng.choice((0, 1)))]
        self.settings["PrepareRollback"] = True

    def with_changes(self):
        """The same with changes of definitions among the faults."""
        rng = random.Random(self.seed + 2)
        self.faults = sorted(self.faults + [
            (rng.uniform(0, self.seconds), rng.choice(sorted(CHANGES)), rng.getrandbits(32))
            for _ in range(rng.randrange(1, 5))])
        self.settings["OnSchemaChange"] = "recopy"
        return self

    @staticmethod
    def _names(rng, count):
        names = sorted(FAULTS)
        return rng.choices(names, [FAULTS[n][0] for n in names], k=count)

    def _drop_some_restarts(self):
        self.faults.sort()
        restarts = [f for f in self.faults if f[1] in RESTARTS]
        self.faults = [f for f in self.faults if f not in restarts[RESTARTS_MAX:]]

    def has(self, fault_name):
        return any(n == fault_name for _, n, _ in self.faults)

    def text(self):
        lines = [f"--- chaos, seed {self.seed}: CHAOS_SEEDS={self.seed}; {self.rows} rows,"
                 f" {self.writers} writers, XA {self.has_xa}, family {self.has_family},"
                 f" {self.settings}"]
        lines += [f"{at:8.2f} s {n}" for at, n, _ in self.faults]
        lines += [f"cutover + {at:.2f} s {n}" for at, n, _ in sorted(self.late)]
        lines += [f"back + {at:.2f} s {n}" for at, n, _ in self.back_faults]
        lines += [f"rollback + {at:.2f} s {n}" for at, n, _ in sorted(self.back_late)]
        return "\n".join(lines) + "\n"


class Director:
    """Runs one plan over a test's servers. test: a FerryTest."""

    database = "abc"
    deadline = 90  # seconds for the fixed move to come to its end

    def __init__(self, test, plan):
        self.test, self.plan = test, plan
        self.rng = random.Random(plan.seed + 1)
        if plan.has_family and test.source.is_mysql:  # else it logs what cascades
            test.use_source("--innodb-native-foreign-keys=ON")
        self.source, self.target = test.source, test.target
        self.proxies = [Proxy(self.source), Proxy(self.target)]
        for proxy in self.proxies:
            test.addCleanup(proxy.close)
        self.told = []  # (seconds, what)
        self.began = time.monotonic()
        self.held = []         # connections that hold locks
        self.fights = []       # events that end threads
        self.down = {}         # server -> the time from which it is to be up again
        self.overtaken = []    # programs that another one has replaced
        self.resumed_from = None
        self.kept = None       # an older state of this very move
        self.early = None      # the first one that was seen
        self.left = None       # one that the move has gone on from an older state since
        self.terms = 0         # SIGTERMs that the running program got
        self.is_suspended = False
        self.is_allowed = False  # to cut over
        self.bad_starts = 0    # in a row
        self.changes = 0       # of definitions: they make names

    def tell(self, what):
        self.told.append((time.monotonic() - self.began, what))

    def logs(self):
        return self.plan.text() + "".join(f"{at:8.2f} s {what}\n" for at, what in self.told)

    # -- what faults do to the program ----------------------------------------------

    def signal(self, number):
        if not self.ferry.running:
            return
        self.terms += number == signal.SIGTERM
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.is_suspended = number == signal.SIGSTOP
        self.ferry.signal(number)

    def http(self, path, body=None):
        """A program that is suspended would only read it when it is forgotten."""
        if self.is_suspended or not self.ferry.running:
            return
        try:
            self.ferry.http("POST", path, body or {}, timeout=1)
        except OSError:
            pass

    def keep_the_state(self):
        self.kept = self.ferry.state_file() or self.kept

    def overtake(self):
        state = self.ferry.state_file()
        if not self.ferry.running or not state:
            return
        old = self.ferry
        old.suspend()
        self.overtaken.append(old)
        self.kill_connections(self.target, 1, self.rng)
        self.ferry = self.new_ferry()
        self.resume(state)

    def wake_overtaken(self):
        for old in self.overtaken:
            if old.running:
                old.go_on()

    def end_overtaken(self):
        for old in self.overtaken:
            old.end()

    # -- and to the servers -----------------------------------------------------------

    @staticmethod
    def connect(side):
        """One that is suspended would not answer."""
        side.resume()
        db = side.connect(connect_timeout=3, read_timeout=5)
        db.run("SET innodb_lock_wait_timeout=1, lock_wait_timeout=1")
        return db

    def admin(self, side, *statements):
        """Says whether that was done."""
        try:
            with self.connect(side) as db:
                db.run(*statements)
            return True
        except (pymysql.Error, OSError) as e:
            self.tell(f"{statements[0]}: {e}")
            return False

    def writable(self):
        return self.admin(self.target, "SET GLOBAL read_only = 0")

    def kill_connections(self, side, share, rng):
        try:
            with self.connect(side) as db:
                ours = (row[0] for row in db.rows("SHOW PROCESSLIST")
                        if row[1].startswith("ghostferry"))
                for number in sorted(ours):
                    if rng.random() < share:
                        try:
                            db.run(f"KILL {number}")
                        except pymysql.Error:
                            pass  # it ended by itself
        except (pymysql.Error, OSError) as e:
            self.tell(f"kill connections: {e}")

    def restart(self, side, number, down):
        """Ends it; see_to_servers() brings it back."""
        if side not in self.down:
            side.resume()
            side.process.send_signal(number)
            self.down[side] = time.monotonic() + down

    def see_to_servers(self):
        for side, since in list(self.down.items()):
            is_gone, now = side.process.poll() is not None, time.monotonic()
            if is_gone and now > since:
                side.launch()
                del self.down[side]
            elif now > since + 3:  # MySQL waits 10 s for a binlog dump
                side.process.kill()

    def hold(self, side, *statements):
        """Locks until the returned function is called, when they can be had at all."""
        db = None
        try:
            db = self.connect(side)
            self.held.append(db)
            db.run(*statements)
        except (pymysql.Error, OSError) as e:
            self.tell(f"{statements[-1]}: {e}")
        return lambda: db and db.close()

    def fight(self, side, seed):
        """Locks a few rows at a time, in any order, until the returned function is called."""
        end, rng = threading.Event(), random.Random(seed)
        tables = [name(self.database, t.name) for t in self.tables]
        self.fights.append(end)

        def run():
            try:
                with side.connect(connect_timeout=3) as db:
                    db.run("SET innodb_lock_wait_timeout=1")
                    while not end.is_set():
                        self._lock_some(db, rng, tables)
            except (pymysql.Error, OSError):
                pass  # the server was restarted
        threading.Thread(target=run, daemon=True).start()
        return end.set

    @staticmethod
    def _lock_some(db, rng, tables):
        db.run("BEGIN")
        try:
            for _ in range(4):
                db.run(f"SELECT 1 FROM {rng.choice(tables)} ORDER BY 1 DESC"
                       f" LIMIT {rng.randrange(1, 60)} FOR UPDATE")
        except pymysql.Error as e:
            if e.args[0] not in (1205, 1213, 1146):
                raise
        db.run("ROLLBACK")

    # -- the run ----------------------------------------------------------------------

    def run(self):
        self.set_up()
        self.began = time.monotonic()
        self.carry_out(self.plan.faults)
        self.mend()
        self.finish(self.plan.late)
        if self.plan.goes_back:
            self.go_back()

    def carry_out(self, faults):
        began = time.monotonic()
        agenda = [(at, i, n, number) for i, (at, n, number) in enumerate(faults)]
        heapq.heapify(agenda)
        while agenda:
            at, _, what, number = heapq.heappop(agenda)
            while time.monotonic() - began < at:
                self.look_after()
                time.sleep(.01)
            self.look_after()
            if callable(what):
                self.tell(f"end of {number}")
                what()
                continue
            self.tell(what)
            undo = (FAULTS.get(what) or CHANGES[what])[1](self, random.Random(number))
            if undo:
                heapq.heappush(agenda, (time.monotonic() - began + undo[0], id(undo),
                                        undo[1], what))

    def set_up(self):
        plan, test = self.plan, self.test
        # A collation that both flavours have.
        self.source.sql(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4"
                        " COLLATE utf8mb4_general_ci")
        self.tables = test.basic_tables(plan.rows, names=(
            "big", "composite", "string_ci", "uniques", "uuid"), seed=plan.seed)
        if not plan.goes_back:  # such a table cannot
            self.tables.append(create_without_key(self.source, self.database, plan.rows))
        # MariaDB's binlog and its data may disagree on XA after a crash.
        has_xa = plan.has_xa and (self.source.is_mysql or not plan.has("kill_9_source"))
        self.writers = self.start_writers()
        if has_xa:
            self.writers.append(XaWriter(self.source, self.database, self.tables,
                                         plan.seed, plan.rows + 50).start())
        if plan.has_family:
            family = FamilyWriter(self.source, self.database, plan.seed)
            family.create()
            self.writers.append(family.start())
        for writer in self.writers:
            test.addCleanup(_quietly, writer.stop)
        test.addCleanup(_quietly, self.mend)  # so that they can stop
        test.watched.insert(0, self)
        self.ferry = self.new_ferry().start()

    def start_writers(self):
        plan = self.plan
        return [Writer(self.source, self.database, self.tables, seed=plan.seed * 10 + n,
                       span=plan.rows + 50, pause=.003, reconnect=True).start()
                for n in range(plan.writers)]

    def go_back(self):
        """The application writes to the target now, which is the source from here on."""
        self.tell("the way back")
        self.source, self.target = self.target, self.source
        self.writers = self.start_writers()
        for writer in self.writers:
            self.test.addCleanup(_quietly, writer.stop)
        self.ferry.args = [*self.ferry.args, "-back"]
        self.kept = self.left = self.early = None
        self.terms, self.bad_starts, self.is_allowed = 0, 0, False
        self.resumed_from = self.ferry.state_file()
        self.ferry.start()
        self.carry_out(self.plan.back_faults)
        self.mend()
        self.finish(self.plan.back_late)

    def new_ferry(self):
        # What the network does to the program shows within seconds.
        soon = {"NetworkTimeout": 2, "ConnectTimeout": 3}
        return self.test.ferry(
            http=True, user="ghostferry_all" if self.plan.goes_back else "ghostferry", AutomaticCutover=False, AllowTablesWithoutKey=True,
            SkipTargetVerification=self.plan.seed % 2 == 1,
            Source={"Port": self.proxies[0].port, **soon},
            Target={"Port": self.proxies[1].port, **soon}, **self.plan.settings)

    def look_after(self):
        """Starts again whatever has ended."""
        self.see_to_servers()
        self.early = self.early or self.ferry.state_file()
        if self.ferry.running:
            return
        status = self.ferry.wait()
        # The fatal error and, where it is that problems were found, these.
        reason = re.search(r"(?ms)^[^\n]*errfrom=.*|^error: .*", self.ferry.log())
        reason = reason[0] if reason else ""
        if status == 0 and self.is_allowed:
            return
        self.tell(f"the program ended with {status}: {reason[:300]}")
        if status not in (1, 2, *BY_SIGNAL):
            raise AssertionError(f"exit status {status}")
        if "to be resumed was left" in reason and self.take_over():
            return
        # A signal that finds it ending does so at once and without a word.
        if status > 0 and not MAY_END.search(reason) and not (self.terms and not reason):
            raise AssertionError(f"ended with {status} for no good reason: {reason}")
        self.bad_starts = self.bad_starts + 1 if status == 1 else 0
        if self.bad_starts > 1:
            time.sleep(.2)  # not at once and for ever
        self.start_again(status)

    def start_again(self, status):
        state = self.ferry.state_file()
        if status == 2 and self.rng.random() < .5 and self.ferry.stdout():
            state = self.ferry.state()
        # No older one is resumed then.
        is_over = state and (state["CurrentStage"] == "DONE" or state.get("CutoverUnlockCalled"))
        if self.left and state and branches(self.left, state) and self.rng.random() < .7:
            self.try_left()
        if self.kept and not is_over and self.rng.random() < .5:
            self.left = state  # as soon as the other one is on the file's line
            state, self.kept = self.kept, None
            self.tell("from an older state")
        state = state or self.resumed_from
        if state:
            self.resume(state)
        else:
            self.start_anew()

    def take_over(self):
        """One that was overtaken woke up before its successor had written anything, and went on:
        the run is its own, and where it has copied a table again, states of others are left."""
        states = [old.state_file() for old in self.overtaken if old.running]
        self.end_overtaken()
        self.overtaken = []
        if states:
            self.tell("from the state of the one that was overtaken")
            self.resume(states[-1])
        return bool(states)

    def try_left(self):
        """It is refused, unless somebody else is in the way, and nothing changes by it."""
        state, self.left = self.left, None
        self.tell("from a state that was left")
        self.terms, self.is_suspended = 0, False
        self.ferry.resume(state)
        end = time.monotonic() + self.deadline
        while self.ferry.running and time.monotonic() < end:
            self.see_to_servers()
            time.sleep(.01)
        log = self.ferry.log()
        if self.ferry.running or self.ferry.wait() != 1 or not (
                "that is to be resumed was left" in log or MAY_END.search(log)
                or "was finished" in log):
            raise AssertionError(f"a state that was left: {self.ferry.how()}")

    def branch(self):
        """Back to an older state for a moment, then the newer one again."""
        self.tell("killed, to go back to an older state")
        self.ferry.kill9()
        newer = self.ferry.state_file()
        if not newer or branches(self.early, newer):
            self.resume(newer or self.early)
            return
        self.resume(self.early)
        self.wait_for(lambda: self.state() in ("copying", "wait-for-cutover"), "resumed")
        self.ferry.kill9()
        self.left, self.kept = newer, None  # which may be left, too
        if branches(newer, self.ferry.state_file()):
            self.try_left()
        self.resume(self.ferry.state_file())

    def resume(self, state):
        self.terms, self.is_suspended, self.resumed_from = 0, False, state
        self.ferry.resume(state)

    def start_anew(self):
        """Nothing was moved, but tables may have been made."""
        self.end_overtaken()
        self.release()
        self.target.resume()
        try:
            self.target.drop_user_databases()
        except (pymysql.Error, OSError) as e:
            self.tell(f"the target cannot be cleared: {e}")
            self.target._forget_admin()
            return
        self.kept = self.left = self.early = None
        self.terms, self.is_suspended = 0, False
        self.ferry.start()

    def mend(self):
        self.tell("fixed")
        self.release()
        for proxy in self.proxies:
            proxy.heal()
        self.end_overtaken()
        for side in (self.source, self.target):
            side.resume()
            while side in self.down:
                self.see_to_servers()
                time.sleep(.01)
            side.wait_until_up()
        self.signal(signal.SIGCONT)
        self.http("/api/unpause")
        self.test.wait_until(self.writable, 60, "the target to be writable")

    def release(self):
        for db in self.held:
            db.close()
        for end in self.fights:
            end.set()
        self.held, self.fights = [], []

    def state(self):
        """The move's; None while it is not to be had."""
        status = self.ferry.status()
        return status and status["OverallState"]

    def wait_for(self, condition, what):
        end = time.monotonic() + self.deadline
        while True:
            for writer in self.writers:
                if writer.error:
                    raise writer.error
            if condition():
                return
            self.look_after()
            if time.monotonic() > end:
                raise AssertionError(f"not {what} after {self.deadline} s: {self.ferry.status()}")
            time.sleep(.05)

    def finish(self, late):
        self.wait_for(lambda: self.state() == "wait-for-cutover", "ready for the cutover")
        if self.early and self.rng.random() < .5:
            self.branch()
            self.wait_for(lambda: self.state() == "wait-for-cutover", "ready once more")
        for writer in self.writers:
            writer.stop()
        self.tell("the writers have stopped")
        self.allow_cutover()
        self.carry_out(late)
        self.mend()
        self.wait_for(self.is_done, "done")
        if self.ferry.running:
            self.ferry.interrupt()
        self.ferry.assert_status(0)
        self.test.assert_equal()
        self.tell("source and target are equal")
        if os.environ.get("CHAOS_TELL"):
            print(self.logs(), end="")

    def is_done(self):
        """Says once more that the cutover may come, in case the program was resumed."""
        if not self.ferry.running:
            return self.ferry.wait() == 0
        state = self.state()
        if state == "wait-for-cutover":
            self.allow_cutover()
        return state == "done"

    def allow_cutover(self):
        self.is_allowed = True
        self.http("/api/cutover", {"type": "automatic"})


class ChangesDirector(Director):
    """Of a plan with changes of definitions. States from before a table was copied again are
    refused, so none of these is tried; a start that a change overtakes may be."""

    def set_up(self):
        self.target.sql("GRANT DROP ON *.* TO ghostferry@'%'")
        self.test.addCleanup(self.target.sql, "REVOKE DROP ON *.* FROM ghostferry@'%'")
        super().set_up()

    def keep_the_state(self):
        pass

    def look_after(self):
        super().look_after()
        self.early = self.kept = self.left = None

    def finish(self, late):
        end = self.source.position()
        self.wait_for(lambda: self.state() == "wait-for-cutover"
                      and position(self.ferry.state_file()) >= tuple(end), "past all changes")
        super().finish(late)


def position(state):
    at = state["CopyStage"]["LastProcessedBinlogPosition"]
    return at["Name"], at["Pos"]


def branches(state, known):
    """Do the lines of two states part? As src/state/state_line.c has it."""
    ours, theirs = ([(s["Process"], s["Save"]) for s in x.get("StateLine", ())]
                    for x in (state, known))
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a == b:
            continue
        if a[0] != b[0]:
            return True
        return i + 1 < len(ours if a[1] < b[1] else theirs)
    return False


def _quietly(function):
    try:
        function()
    except Exception:
        pass


def seeds(default):
    """CHAOS_SEEDS=from-to or a single one; else the default."""
    text = os.environ.get("CHAOS_SEEDS")
    if not text:
        return default
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
