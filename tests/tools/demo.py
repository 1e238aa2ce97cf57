"""Moves a database between two throwaway servers while it is being written to,
interrupts the move twice, resumes it from the state it printed, cuts over, and
proves that both sides are equal."""

import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))
sys.dont_write_bytecode = True

from lib import compare, place, tables  # noqa: E402
from lib.db import name, text  # noqa: E402
from lib.ferry import Ferry, Program  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.writer import Writer  # noqa: E402

FLAVOUR = os.environ.get("DEMO_FLAVOUR", "mariadb")
ROWS = int(os.environ.get("DEMO_ROWS", "150000"))
DATABASE = "shop"
BEGAN = time.monotonic()


def say(line=""):
    print(f"[{time.monotonic() - BEGAN:6.1f} s] {line}" if line else "", flush=True)


def small(rng, n):
    return {"v": text(f"changed {rng.random()}"), "n": str(rng.randrange(1000))}


BODY = "v VARCHAR(200) NOT NULL, n INT NOT NULL"
SHOP = [
    tables.Table("customers", ["id"], f"id BIGINT AUTO_INCREMENT PRIMARY KEY, {BODY}",
                 lambda n: [str(n)], small),
    tables.Table("orders", ["customer", "number"], "customer INT NOT NULL, number INT NOT NULL,"
                 f" {BODY}, PRIMARY KEY (customer, number)",
                 lambda n: [str(n % 1000), str(n)], small),
    tables.Table("sessions", ["token"], "token VARCHAR(40) COLLATE utf8mb4_general_ci"
                 f" PRIMARY KEY, {BODY}", lambda n: [text(f"tökén-{n}")], small),
]
FILL = {
    "customers": ("id, v, n", "n, CONCAT('customer ', n), n % 100"),
    "orders": ("customer, number, v, n", "n % 1000, n, CONCAT('order ', n), n % 100"),
    "sessions": ("token, v, n", "CONCAT('tökén-', n), CONCAT('session ', n), n % 100"),
}


def fill(source):
    with source.connect() as db:
        db.run(f"CREATE DATABASE {DATABASE}")
        for table in SHOP:
            db.run(f"CREATE TABLE {name(DATABASE, table.name)} ({table.body})")
            columns, select = FILL[table.name]
            tables.fill_fast(db, DATABASE, table.name, ROWS, select, columns)


def rows(server):
    """How many rows each table has there; {} before they are made."""
    with server.connect() as db:
        there = set(compare.tables(db, DATABASE))
        return {t.name: db.value(f"SELECT COUNT(*) FROM {name(DATABASE, t.name)}")
                for t in SHOP if t.name in there}


def copied(target):
    return sum(rows(target).values()) / (ROWS * len(SHOP))


def interrupt(ferry, target, fraction):
    ferry.wait_until(lambda: copied(target) >= fraction, 600, f"{fraction:.0%} of the rows")
    say(f"{copied(target):.0%} of the rows are on the target: SIGTERM")
    ferry.terminate()
    status = ferry.wait(60)
    if status != 2:
        raise AssertionError(f"exit status {status}, not 2\n{ferry.logs()}")
    state = ferry.state()
    copy = state.get("CopyStage") or state
    position = copy.get("LastProcessedBinlogPosition") or {}
    say(f"it ended with status {status} and printed {len(ferry.stdout())} bytes of state: "
        f"binlog {position.get('Name')}:{position.get('Pos')}")
    for table, key in sorted((copy.get("LastSuccessfulPaginationKeys") or {}).items()):
        say(f"  {table}: copied up to {json.dumps(key, ensure_ascii=False)}")


def cut_over(ferry, writer):
    ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 600,
                          "the end of the copy")
    say("the copy is complete; it follows the binlog and waits for leave to cut over")
    writer.wait_for(200)
    say("the application stops writing to the source (the writer ends)")
    writer.stop()
    ferry.allow_cutover()
    say("POST /api/cutover type=automatic: it may cut over")

    # With a control server it stays, to show its status, until it is told to end.
    def done():
        return not ferry.running or (ferry.status() or {}).get("OverallState") == "done"
    ferry.wait_until(done, 120, "the end of the run")
    if ferry.running:
        ferry.terminate()
    ferry.assert_status(0, 60)
    say("cut over; exit status 0")


def prove(source, target):
    here, there = rows(source), rows(target)
    for table in SHOP:
        what = name(DATABASE, table.name)
        sums = [s.sql(f"CHECKSUM TABLE {what}")[0][1] for s in (source, target)]
        say(f"  {table.name}: {here[table.name]} rows = {there[table.name]} rows, "
            f"CHECKSUM TABLE {sums[0]} = {sums[1]}")
        if here != there or sums[0] != sums[1]:
            raise AssertionError(f"{table.name} differs")
    compare.assert_equal(source, target)
    say("  and every byte of every row is the same")


def demo(stack):
    options = ["--max-binlog-size=16M"]
    say(f"two private {FLAVOUR} servers start in temporary directories")
    source, target = (Server(FLAVOUR, role, options) for role in ("source", "target"))
    stack += [source.remove, target.remove]
    source.start()
    target.start()
    say(f"source on port {source.port}, target on port {target.port}")
    fill(source)
    say(f"the source has {sum(rows(source).values())} rows in {len(SHOP)} tables")

    writer = Writer(source, DATABASE, SHOP, span=ROWS + ROWS // 10, pause=0.002).start()
    stack.append(lambda: writer._stop.set())
    writer.wait_for(100)
    say("an application writes to it: inserts, updates, deletes, changed keys, rollbacks")

    program = Program(os.path.join(place.TOP, "build"))
    ferry = Ferry(program, source, target, [DATABASE], http=True, AutomaticCutover=False,
                  SkipTargetVerification=False)
    stack.append(ferry.end)
    ferry.start()
    say(f"ghostferry-copydb -verbose {ferry.config_path}")
    interrupt(ferry, target, 0.25)
    for fraction in (0.6, None):
        before = writer.statements
        writer.wait_for(300)
        say(f"the application wrote on: {writer.statements - before} statements meanwhile")
        ferry.resume()
        say("ghostferry-copydb -resumestate <that state> …: resumed")
        if fraction:
            interrupt(ferry, target, fraction)
    cut_over(ferry, writer)
    say(f"{writer.statements} statements were written during the move. Are both sides equal?")
    prove(source, target)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    stack = []
    try:
        demo(stack)
        say("done: nothing was lost")
        return 0
    except KeyboardInterrupt:
        say("stopped by Ctrl-C")
        return 130
    except Exception as e:  # noqa: BLE001 - whatever it is, say it and clean up
        say(f"FAILED: {e}")
        return 1
    finally:
        for undo in reversed(stack):
            undo()
        say("servers stopped, temporary directories removed")


if __name__ == "__main__":
    sys.exit(main())
