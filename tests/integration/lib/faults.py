"""What can go wrong during a move, each as a function of the director that has the
program, the servers and the network in its hands (lib.chaos), and a random generator.
One that lasts for a while returns (seconds, what ends it)."""

import signal

from .db import name
from .proxy import TO_PROGRAM, TO_SERVER

FAULTS = {}  # name -> (weight, function)
LATE = []    # names of those that may also happen during the cutover


def fault(weight=1, late=False):
    def add(function):
        FAULTS[function.__name__] = (weight, function)
        if late:
            LATE.append(function.__name__)
        return function
    return add


# --- the program ---------------------------------------------------------------


@fault(3, late=True)
def terminate(d, rng):
    d.signal(signal.SIGTERM)


@fault(4, late=True)
def kill_9(d, rng):
    d.signal(signal.SIGKILL)


@fault(2, late=True)
def suspend(d, rng):
    d.signal(signal.SIGSTOP)
    return rng.uniform(.05, 1), lambda: d.signal(signal.SIGCONT)


@fault(2)
def pause(d, rng):
    d.http("/api/pause")
    return rng.uniform(.05, .5), lambda: d.http("/api/unpause")


@fault(2)
def keep_the_state(d, rng):
    """A later run is resumed from this older state of the move: as good as any."""
    d.keep_the_state()


@fault(1)
def overtake(d, rng):
    """Suspended and cut off, another process goes on, then the first one wakes up."""
    d.overtake()
    return rng.uniform(.2, 1), d.wake_overtaken


# --- the servers ---------------------------------------------------------------


def _some_side(d, rng):
    return rng.choice((d.source, d.target))


@fault(3, late=True)
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
    return rng.uniform(.05, 1), side.resume


@fault(2)
def flush_logs(d, rng):
    for _ in range(rng.randrange(1, 4)):
        d.admin(d.source, "FLUSH BINARY LOGS")


CHANGES = {}  # those of plans that have changes of definitions


def change(function):
    CHANGES[function.__name__] = (1, function)
    return function


@change
def truncate_table(d, rng):
    d.admin(d.source, f"TRUNCATE TABLE {name(d.database, rng.choice(d.tables).name)}")


@change
def add_column(d, rng):
    d.changes += 1
    d.admin(d.source, f"ALTER TABLE {name(d.database, rng.choice(d.tables).name)}"
            f" ADD COLUMN chaos{d.changes} INT NOT NULL DEFAULT {d.changes}"
            + rng.choice(("", " FIRST")))


@change
def add_index(d, rng):
    d.changes += 1
    table = name(d.database, rng.choice(d.tables).name)
    if d.admin(d.source, f"ALTER TABLE {table} ADD COLUMN chaos{d.changes} INT, ALGORITHM=COPY"):
        d.admin(d.source, f"CREATE INDEX chaos{d.changes} ON {table} (chaos{d.changes})")


@change
def swap_table(d, rng):
    """As gh-ost and pt-online-schema-change do at last, with another table's rows."""
    d.changes += 1
    table, made, old = (name(d.database, n) for n in (
        rng.choice(d.tables).name, f"chaos_made{d.changes}", f"chaos_old{d.changes}"))
    if d.admin(d.source, f"CREATE TABLE {made} LIKE {table}",
               f"INSERT INTO {made} SELECT * FROM {table} LIMIT 7"):
        d.admin(d.source, f"RENAME TABLE {table} TO {old}, {made} TO {table}",
                f"DROP TABLE {old}")


@change
def new_table(d, rng):
    d.changes += 1
    d.admin(d.source, f"CREATE TABLE {d.database}.chaos{d.changes} (id INT PRIMARY KEY)",
            f"INSERT INTO {d.database}.chaos{d.changes} VALUES (1), ({rng.randrange(2, 99)})",
            *([f"DROP TABLE {d.database}.chaos{d.changes}"] if rng.random() < .3 else []))


@fault(2)
def lock_rows(d, rng):
    side, table = _some_side(d, rng), rng.choice(d.tables)
    return rng.uniform(.1, 1), d.hold(
        side, "BEGIN", f"SELECT COUNT(*) FROM {name(d.database, table.name)} FOR UPDATE")


@fault(1)
def lock_table(d, rng):
    side, table = _some_side(d, rng), rng.choice(d.tables)
    return rng.uniform(.1, .7), d.hold(
        side, f"LOCK TABLES {name(d.database, table.name)} WRITE")


@fault(1)
def read_lock(d, rng):
    side = _some_side(d, rng)
    return rng.uniform(.1, .7), d.hold(side, "FLUSH TABLES WITH READ LOCK")


@fault(2)
def deadlocks(d, rng):
    """Somebody locks rows of the target, or of the source, in an order of his own."""
    return rng.uniform(.3, 1.5), d.fight(_some_side(d, rng), rng.getrandbits(32))


@fault(2)
def read_only(d, rng):
    d.admin(d.target, "SET GLOBAL read_only = 1")
    return rng.uniform(.1, 1), d.writable


# --- the network -----------------------------------------------------------------


def _some_proxy(d, rng):
    return rng.choice(d.proxies)


def _bytes(rng):
    return int(2 ** rng.uniform(0, 16))


@fault(3, late=True)
def cut(d, rng):
    _some_proxy(d, rng).cut(rng.choice((.3, 1)), rng, rng.random() < .7)


@fault(4, late=True)
def cut_after(d, rng):
    _some_proxy(d, rng).cut_after(_bytes(rng), rng.choice((TO_PROGRAM, TO_SERVER)),
                                  rng.random() < .7)


@fault(2)
def cut_new(d, rng):
    proxy = _some_proxy(d, rng)
    proxy.cut_new(_bytes(rng), rng.choice((TO_PROGRAM, TO_SERVER)), rng.random() < .7)
    proxy.cut(rng.choice((.3, 1)), rng)
    return rng.uniform(.1, 1), lambda: proxy.cut_new(None)


@fault(2)
def black_hole(d, rng):
    """What is sent is acknowledged and never arrives, or late."""
    proxy, ends_by_reset = _some_proxy(d, rng), rng.random() < .5
    proxy.is_hole = True

    def undo():
        if ends_by_reset:
            proxy.cut()
        proxy.is_hole = False
    return rng.uniform(.1, 1.5), undo


@fault(2)
def vanish(d, rng):
    """Not even acknowledged; now and then for longer than the program's NetworkTimeout."""
    proxy, is_long = _some_proxy(d, rng), rng.random() < .4
    proxy.vanish()

    def undo():
        if is_long:
            proxy.cut()
        proxy.reappear()
    return rng.uniform(2.5, 3) if is_long else rng.uniform(.1, 1), undo


@fault(3)
def delay(d, rng):
    proxy = _some_proxy(d, rng)
    proxy.delay = rng.choice((.001, .005, .02))

    def undo():
        proxy.delay = 0.0
    return rng.uniform(.3, 1.5), undo
