"""How fast the program is beside what else moves tables, on private servers.

Only ratios mean anything, and only those of one report: all contenders take turns within
a round, and medians of the rounds are divided by each other. Servers and program share
the machine's processors, so the processor seconds of all three are reported too: they are
steadier than the time that passes. Timing never fails; a contender that cannot run is
left out.

BENCH_FLAVOURS=mariadb,mysql  BENCH_ROWS=200000 (in all)  BENCH_ROUNDS=3
BENCH_WAYS=plain,inline (parts of the names below)"""

import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../integration")]
sys.dont_write_bytecode = True

from bench_ways import EVENTS, FOUR, PER_COMMIT, Bench, Used  # noqa: E402
from lib import place  # noqa: E402
from lib.ferry import Program  # noqa: E402
from lib.server import Unavailable  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", "200000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FLAVOURS = os.environ.get("BENCH_FLAVOURS", "mariadb,mysql").split(",")
WAYS = [way for way in os.environ.get("BENCH_WAYS", "").lower().split(",") if way]

PLAIN, UNLOGGED, FLOOR = "plain", "sql_log_bin 0", "floor: LOAD DATA LOCAL"
DUMP, LOADER, LOADER_UNLOGGED = "dump | client", "mydumper, -e", "mydumper, binlog off"
HOT = ("t1",)


def ferry(**settings):
    return lambda bench: bench.ferry(**settings)


COPY = {
    PLAIN: ferry(),
    "Inline": ferry(VerifierType="Inline"),
    "Iterative": ferry(VerifierType="Iterative"),
    "ChecksumTable": ferry(VerifierType="ChecksumTable"),
    "an empty table": ferry(database="nothing"),
    "one table": ferry(database="single"),
    "deferred indexes": ferry(DeferSecondaryIndexes=True),
    "INSERT": ferry(TargetWriteMethod="insert"),
    UNLOGGED: ferry(Target={"Params": {"sql_log_bin": "0"}}),
    DUMP: lambda bench: bench.dump(),
    LOADER: lambda bench: bench.mydumper("-e"),
    LOADER_UNLOGGED: lambda bench: bench.mydumper(),
    FLOOR: lambda bench: bench.floor(),
}
APPLY = {}
for _what, _names in (("four tables", FOUR), ("hot table", HOT)):
    APPLY[f"{_what}: applied"] = lambda bench, names=_names: bench.apply(names)
    for _workers in (1, 4):
        APPLY[f"{_what}: native, {_workers}"] = \
            lambda bench, names=_names, workers=_workers: bench.native(names, workers)

# Who, at most what multiple, of whom.
AIMS = [
    (PLAIN, 1.15, FLOOR), (PLAIN, 0.50, DUMP), (PLAIN, 1.00, LOADER),
    (UNLOGGED, 1.00, LOADER_UNLOGGED), ("one table", 1.10, PLAIN), ("Inline", 1.15, PLAIN),
    *((f"{what}: applied", 0.33, f"{what}: native, 4") for what in ("four tables", "hot table")),
]
PEAK = 64  # MiB


def chosen(ways):
    return {name: way for name, way in ways.items()
            if not WAYS or name == PLAIN or any(part in name.lower() for part in WAYS)}


def run(bench):
    """name -> the medians of what it used."""
    found, failed = {}, {}
    bench.clear()
    bench.ferry()  # warms up
    for _ in range(ROUNDS):
        for name, way in {**chosen(COPY), **chosen(APPLY)}.items():
            if name in failed:
                continue
            bench.clear()
            try:
                used = way(bench)
                bench.check()
                found.setdefault(name, []).append(used.columns())
            except (RuntimeError, AssertionError, OSError) as e:
                failed[name] = e
                found.pop(name, None)
    for name, error in failed.items():
        print(f"{name}: left out: {str(error).strip()[-600:]}")
    return {name: Used(*map(statistics.median, zip(*rounds))) for name, rounds in found.items()}


def table(medians, names, base):
    print(f"\n{'':24}{'seconds':>9}{'ratio':>7}{'program':>10}{'source':>9}{'target':>9}{'MiB':>7}")
    for name in names:
        if name in medians:
            used = medians[name]
            ratio = f"{used.seconds / medians[base].seconds:7.2f}" if base in medians else " " * 7
            print(f"{name:24}{used.seconds:9.2f}{ratio}{used.program:10.2f}{used.source:9.2f}"
                  f"{used.target:9.2f}" + (f"{used.peak:7.0f}" if used.peak else ""))


def processor(used):
    return used.program + used.source + used.target


def aims(medians):
    print(f"\n{'aim':52}{'at most':>9}{'reached':>9}{'':10}in processor seconds")
    for name, most, of in AIMS:
        if name in medians and of in medians:
            ratio = medians[name].seconds / medians[of].seconds
            print(f"{name + ' / ' + of:52}{most:9.2f}{ratio:9.2f}"
                  f"  {'yes' if ratio <= most else 'missed':8}"
                  f"{processor(medians[name]) / processor(medians[of]):6.2f}")
    if PLAIN in medians:
        peak = medians[PLAIN].peak
        print(f"{PLAIN + ', peak memory in MiB':52}{PEAK:9}{peak:9.0f}"
              f"  {'yes' if peak < PEAK else 'missed'}")


def report(bench, medians):
    print(f"\n{bench.source.flavour} {bench.source.value('SELECT VERSION()')}, {os.cpu_count()}"
          f" processors: {bench.rows} rows in four tables, medians of {ROUNDS} round(s); program,"
          " source, target: processor seconds")
    table(medians, COPY, PLAIN)
    print(f"\n{EVENTS} waiting row events, {PER_COMMIT} a transaction; ratio: of native with"
          " four workers")
    for what in ("four tables", "hot table"):
        table(medians, [name for name in APPLY if name.startswith(what)], f"{what}: native, 4")
    aims(medians)
    sys.stdout.flush()


def main():
    program = Program(os.environ.get("GHOSTFERRY_BUILD", os.path.join(place.TOP, "build")))
    for flavour in FLAVOURS:
        try:
            bench = Bench(program, flavour, ROWS)
        except Unavailable as e:
            print(f"\n{flavour}: left out ({e})")
            continue
        try:
            report(bench, run(bench))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
