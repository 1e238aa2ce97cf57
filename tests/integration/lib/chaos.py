"""Random faults from a seed, against a move with writers on the source.

A plan is a list of (seconds, fault, parameters), made from the seed alone before
anything runs. The director carries it out, resumes the program whenever it has ended,
mends everything at the end and brings the move to its cutover.
"""

import heapq
import os
import random
import re
import signal
import threading
import time

import pymysql

from .db import Connection, name
from .proxy import TO_PROGRAM, TO_SERVER, Proxy
from .writer import GONE, Writer

FAULTS = {}  # name -> (weight, function(director, rng) -> None or (seconds, undo))

# The program may give up for these, with its state dumped; anything else that ends it
# is a bug.
MAY_END = re.compile(
    r"signal received|[Cc]an't connect|Can't connect|Lost connection|gone away|not connected|"
    r"ended the connection|ended the binlog stream|Server shutdown|shutdown in progress|"
    r"Lock wait timeout|Deadlock|interrupted|Connection was killed|Connection refused|"
    r"Connection reset|handshake|initial communication packet|is held by connection|"
    r"another process is working on this state|Unknown error|Malformed packet|"
    r"packets out of order|Broken pipe|reading authorization packet|timeout|Session was killed|"
    r"starting up|Got packets|Got timeout", re.I)


def fault(weight=1):
    def add(function):
        FAULTS[function.__name__] = (weight, function)
        return function
    return add


# --- the program ---------------------------------------------------------------


@fault(3)
def terminate(d, rng):
    d.signal(signal.SIGTERM)


@fault(4)
def kill_9(d, rng):
    d.signal(signal.SIGKILL)


@fault(2)
def suspend(d, rng):
    d.signal(signal.SIGSTOP)
    return rng.uniform(.05, 1.5), lambda: d.signal(signal.SIGCONT)


@fault(2)
def pause(d, rng):
    d.http("/api/pause")
    return rng.uniform(.05, 1), lambda: d.http("/api/unpause")


# --- the servers ---------------------------------------------------------------


def _some_side(d, rng):
    return rng.choice((d.source, d.target))


@fault(3)
def kill_connections(d, rng):
    side, share = _some_side(d, rng), rng.choice((.2, .5, 1))
    d.kill_connections(side, share, rng)


@fault(1)
def restart_source(d, rng):
    d.restart(d.source, signal.SIGTERM, rng.choice((0, 0, .5)))


@fault(1)
def restart_target(d, rng):
    d.restart(d.target, signal.SIGTERM, rng.choice((0, 0, .5)))


@fault(1)
def kill_9_source(d, rng):
    d.restart(d.source, signal.SIGKILL, rng.choice((0, 0, .5)))


@fault(1)
def kill_9_target(d, rng):
    d.restart(d.target, signal.SIGKILL, rng.choice((0, 0, .5)))


@fault(1)
def suspend_server(d, rng):
    side = _some_side(d, rng)
    side.suspend()
    return rng.uniform(.05, 1.5), side.resume


@fault(2)
def flush_logs(d, rng):
    for _ in range(rng.randrange(1, 4)):
        d.admin(d.source, "FLUSH BINARY LOGS")


@fault(2)
def lock_rows(d, rng):
    side, table = _some_side(d, rng), rng.choice(d.tables)
    return rng.uniform(.1, 2), d.hold(
        side, "BEGIN", f"SELECT COUNT(*) FROM {name(d.database, table.name)} FOR UPDATE")


@fault(1)
def lock_table(d, rng):
    side, table = _some_side(d, rng), rng.choice(d.tables)
    return rng.uniform(.1, 1), d.hold(
        side, f"LOCK TABLES {name(d.database, table.name)} WRITE")


@fault(1)
def read_lock(d, rng):
    side = _some_side(d, rng)
    return rng.uniform(.1, 1), d.hold(side, "FLUSH TABLES WITH READ LOCK")


# --- the network -----------------------------------------------------------------


def _some_proxy(d, rng):
    return rng.choice(d.proxies)


def _bytes(rng):
    return int(2 ** rng.uniform(0, 16))


@fault(3)
def cut(d, rng):
    _some_proxy(d, rng).cut(rng.choice((.3, 1)), rng, rng.random() < .7)


@fault(4)
def cut_after(d, rng):
    _some_proxy(d, rng).cut_after(_bytes(rng), rng.choice((TO_PROGRAM, TO_SERVER)),
                                  rng.random() < .7)


@fault(2)
def cut_new(d, rng):
    proxy = _some_proxy(d, rng)
    proxy.cut_new(_bytes(rng), rng.choice((TO_PROGRAM, TO_SERVER)), rng.random() < .7)
    proxy.cut(rng.choice((.3, 1)), rng)
    return rng.uniform(.1, 1.5), lambda: proxy.cut_new(None)


@fault(2)
def black_hole(d, rng):
    proxy, ends_by_reset = _some_proxy(d, rng), rng.random() < .5
    proxy.is_hole = True

    def undo():
        if ends_by_reset:
            proxy.cut()
        proxy.is_hole = False
    return rng.uniform(.1, 2), undo


@fault(3)
def delay(d, rng):
    proxy = _some_proxy(d, rng)
    proxy.delay = rng.choice((.001, .005, .02))

    def undo():
        proxy.delay = 0.0
    return rng.uniform(.5, 3), undo


# --- the plan ----------------------------------------------------------------------


class Plan:
    """What a seed stands for."""

    def __init__(self, seed, seconds=None):
        rng = random.Random(seed)
        self.seed = seed
        self.seconds = seconds or rng.uniform(2, 4)
        names = sorted(FAULTS)
        weights = [FAULTS[n][0] for n in names]
        self.faults = sorted(
            (rng.uniform(0, self.seconds), rng.choices(names, weights)[0], rng.getrandbits(32))
            for _ in range(rng.randrange(3, 11)))
        # Bursts: things that go wrong together.
        if rng.random() < .4:
            at = rng.uniform(0, self.seconds)
            self.faults += [(at + rng.uniform(0, .05), n, rng.getrandbits(32))
                            for n in rng.choices(names, weights, k=3)]
            self.faults.sort()
        self.writers = rng.randrange(1, 4)
        self.settings = {
            "DataIterationBatchSize": rng.choice((1, 5, 20, 100)),
            "DataIterationConcurrency": rng.choice((1, 2, 4)),
            "BinlogWriterConcurrency": rng.choice((1, 2, 4)),
            "BinlogEventBatchSize": rng.choice((0, 0, 1, 10)),
        }
        self.rows = rng.choice((30, 200, 600))
        self.has_xa = rng.random() < .6

    def has(self, fault_name):
        return any(n == fault_name for _, n, _ in self.faults)

    def text(self):
        lines = [f"--- chaos, seed {self.seed}: CHAOS_SEEDS={self.seed}; {self.rows} rows,"
                 f" {self.writers} writers, XA {self.has_xa}, {self.settings}"]
        return "\n".join(lines + [f"{at:8.2f} s {n}" for at, n, _ in self.faults]) + "\n"


class XaWriter:
    """XA transactions, some of which stay undecided for a while, also beyond the end
    of the session and the server that prepared them."""

    def __init__(self, server, database, tables, seed, span):
        self.server, self.rng = server, random.Random(seed)
        self.inner = Writer(server, database, tables, seed=seed, span=span)
        self.inner._do = self._do
        self.count, self.error = 0, None
        self._stop = threading.Event()
        self._db = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._prefix = f"x{seed}"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        if self._thread.is_alive():
            raise AssertionError("the XA writer does not stop")
        if self.error:
            raise self.error

    def _do(self, *statements):
        for sql in statements:
            self._db.run(sql)

    def _run(self):
        while not self._stop.is_set():
            try:
                self._session()
            except (pymysql.Error, OSError) as e:
                if not (e.args and e.args[0] in GONE | {1317, 1205, 1213, 1062, 1614, 1613, 1399,
                                                        1402, 1397}):
                    self.error = e
                    return
                self._stop.wait(.05)
            except Exception as e:
                self.error = e
                return
        self._clear_up()

    def _clear_up(self):
        """Nothing stays prepared: its locks would outlive everybody."""
        end, left = time.monotonic() + 30, True
        while left:
            try:
                with Connection(unix_socket=self.server.socket, user="root") as self._db:
                    self._decide_leftovers()
                    left = self._left()
            except (pymysql.Error, OSError) as e:
                if time.monotonic() > end:
                    self.error = e
                    return
            time.sleep(.05 if left else 0)

    def _session(self):
        # Its statements run on a connection of its own; errors end the session.
        self._db = Connection(unix_socket=self.server.socket, user="root")
        try:
            self._db.run("SET sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
                         "SET innodb_lock_wait_timeout=2")
            self._decide_leftovers()
            while not self._stop.is_set():
                self._transaction()
                self._stop.wait(.01)
                if self.count % 10 == 0:  # a session that was lost may have left one late
                    self._decide_leftovers()
            self._decide_leftovers()
        finally:
            self._db.close()

    def _left(self):
        """What is prepared; MariaDB's are bytes."""
        xids = [row[3] for row in self._db.rows("XA RECOVER")]
        return [xid for xid in (x.decode() if isinstance(x, bytes) else x for x in xids)
                if xid.startswith(self._prefix)]

    def _decide_leftovers(self):
        for xid in self._left():
            self._db.run(f"XA {self.rng.choice(('COMMIT', 'ROLLBACK'))} '{xid}'")

    def _transaction(self):
        rng, xid = self.rng, f"{self._prefix}-{self.count}"
        self.count += 1
        self._db.run(f"XA START '{xid}'")
        try:
            for _ in range(rng.randrange(1, 4)):
                self.inner._any()
        except pymysql.Error as e:
            if e.args[0] not in (1062, 1205, 1213):
                raise
            if e.args[0] != 1062:  # rolled back by the server, or to be
                try:
                    self._db.run(f"XA END '{xid}'")
                except pymysql.Error:
                    pass
                self._db.run(f"XA ROLLBACK '{xid}'")
                return
        self._db.run(f"XA END '{xid}'")
        if rng.random() < .2:
            self._db.run(f"XA COMMIT '{xid}' ONE PHASE")
            return
        self._db.run(f"XA PREPARE '{xid}'")
        if rng.random() < .4:
            self._stop.wait(rng.uniform(0, .3))
        self._db.run(f"XA {'ROLLBACK' if rng.random() < .3 else 'COMMIT'} '{xid}'")


class Director:
    """Runs one plan over a test's servers. test: a FerryTest."""

    database = "abc"
    deadline = 60  # seconds for the mended move to come to its end

    def __init__(self, test, plan):
        self.test, self.plan = test, plan
        self.rng = random.Random(plan.seed + 1)
        self.source, self.target = test.source, test.target
        self.proxies = [Proxy(self.source), Proxy(self.target)]
        for proxy in self.proxies:
            test.addCleanup(proxy.close)
        self.told = []  # (seconds, what)
        self.ends = []  # how runs of the program ended
        self.began = time.monotonic()
        self.held = []

    def tell(self, what):
        self.told.append((time.monotonic() - self.began, what))

    def logs(self):
        return self.plan.text() + "".join(f"{at:8.2f} s {what}\n" for at, what in self.told)

    # -- what faults use ----------------------------------------------------------

    def signal(self, number):
        if self.ferry.running:
            self.ferry.signal(number)

    def http(self, path):
        try:
            self.ferry.http("POST", path, {})
        except OSError:
            pass

    @staticmethod
    def connect(side):
        """One that is suspended would not answer."""
        side.resume()
        return side.connect(read_timeout=10)

    def admin(self, side, sql):
        try:
            with self.connect(side) as db:
                db.run(sql)
        except (pymysql.Error, OSError) as e:
            self.tell(f"{sql}: {e}")

    def kill_connections(self, side, share, rng):
        try:
            with self.connect(side) as db:
                for (number,) in db.rows("SELECT id FROM information_schema.processlist"
                                         " WHERE user = 'ghostferry' ORDER BY id"):
                    if rng.random() < share:
                        try:
                            db.run(f"KILL {number}")
                        except pymysql.Error:
                            pass  # it ended by itself
        except (pymysql.Error, OSError) as e:
            self.tell(f"kill connections: {e}")

    def restart(self, side, number, down):
        """Gone, for some seconds and the time it takes to come back."""
        side._end(number, 30)
        time.sleep(down)
        side.start()

    def hold(self, side, *statements):
        """Locks until the returned function is called, when they can be had at all."""
        db = None
        try:
            db = self.connect(side)
            db.run("SET innodb_lock_wait_timeout=1, lock_wait_timeout=1")
            db.run(*statements)
            self.held.append(db)
        except (pymysql.Error, OSError) as e:
            self.tell(f"{statements[-1]}: {e}")
        return lambda: db and db.close()

    # -- the run ----------------------------------------------------------------------

    def run(self):
        self.set_up()
        agenda = [(at, i, n, number) for i, (at, n, number) in enumerate(self.plan.faults)]
        heapq.heapify(agenda)
        self.began = time.monotonic()
        while agenda:
            at, _, what, number = heapq.heappop(agenda)
            while time.monotonic() - self.began < at:
                self.look_after()
                time.sleep(.01)
            self.look_after()
            if callable(what):
                self.tell(f"end of {number}")
                what()
                continue
            self.tell(what)
            undo = FAULTS[what][1](self, random.Random(number))
            if undo:
                heapq.heappush(agenda, (time.monotonic() - self.began + undo[0], id(undo),
                                        undo[1], what))
        self.mend()
        self.finish()

    def set_up(self):
        plan, test = self.plan, self.test
        self.tables = test.basic_tables(plan.rows, names=(
            "big", "composite", "string_ci", "uniques", "uuid"), seed=plan.seed)
        # MariaDB's binlog and its data may disagree on XA after a crash.
        has_xa = plan.has_xa and (self.source.is_mysql or not plan.has("kill_9_source"))
        self.writers = [Writer(self.source, self.database, self.tables, seed=plan.seed * 10 + n,
                               span=plan.rows + 50, pause=.003, reconnect=True).start()
                        for n in range(plan.writers)]
        if has_xa:
            self.writers.append(XaWriter(self.source, self.database, self.tables,
                                         plan.seed, plan.rows + 50).start())
        for writer in self.writers:
            test.addCleanup(_quietly, writer.stop)
        test.addCleanup(_quietly, self.mend)  # so that they can stop
        self.ferry = test.ferry(
            SkipTargetVerification=plan.seed % 2 == 1,
            http=True, AutomaticCutover=False, Source={"Port": self.proxies[0].port},
            Target={"Port": self.proxies[1].port}, **plan.settings)
        test.watched.insert(0, self)
        self.ferry.start()

    def look_after(self):
        """Starts the program again when it has ended."""
        if self.ferry.running:
            return
        status, log = self.ferry.wait(), self.ferry.log()
        reason = re.findall(r'(?m)^.*errfrom=.*$|^error: .*$', log)
        self.ends.append((status, reason[0] if reason else ""))
        self.tell(f"the program ended with {status}: {reason[0][:300] if reason else ''}")
        if status not in (1, 2, -9, -15):  # -15: before it listened to signals
            raise AssertionError(f"exit status {status}")
        if status > 0 and not (reason and MAY_END.search(reason[0])):
            raise AssertionError(f"ended with {status} for no good reason: {reason}")
        self.start_again(status)

    def start_again(self, status):
        state = self.ferry.state_file()
        if status == 2 and self.rng.random() < .5 and self.ferry.stdout():
            state = self.ferry.state()
        if state:
            time.sleep(.1)  # does not come back at once and for ever
            self.ferry.resume(state)
            return
        # Nothing was moved, but tables may have been made.
        self.release()
        self.target.resume()
        try:
            self.target.drop_user_databases()
        except (pymysql.Error, OSError) as e:
            self.tell(f"the target cannot be cleared: {e}")
            self.target._forget_admin()
            return
        self.ferry.start()

    def mend(self):
        self.tell("mended")
        for side in (self.source, self.target):
            side.resume()
        self.release()
        for proxy in self.proxies:
            proxy.heal()
        self.signal(signal.SIGCONT)
        self.http("/api/unpause")

    def release(self):
        for db in self.held:
            db.close()
        self.held = []

    def wait_for_state(self, wanted):
        end = time.monotonic() + self.deadline
        while True:
            for writer in self.writers:
                if writer.error:
                    raise writer.error
            self.look_after()
            status = self.ferry.status()
            if status and status["OverallState"] == wanted:
                return
            if time.monotonic() > end:
                raise AssertionError(f"not {wanted} after {self.deadline} s:"
                                     f" {status and status['WaitingFor']}")
            time.sleep(.2)

    def finish(self):
        self.wait_for_state("wait-for-cutover")
        for writer in self.writers:
            writer.stop()
        self.tell("the writers have stopped")
        self.ferry.allow_cutover()
        self.wait_for_state("done")
        self.ferry.interrupt()
        self.ferry.assert_status(0)
        self.test.assert_equal()
        self.tell("source and target are equal")
        if os.environ.get("CHAOS_TELL"):
            print(self.logs(), end="")


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
