"""How the verifiers, the number of workers and a plain dump compare, on private servers.

Only ratios mean anything, and only those of one report: all ways of moving the same two
tables take turns within one run, several times, and the medians are divided by each
other. Servers and program share the machine's processors, so the processor seconds of
all three are told, too: they are steadier than the time that passes.

BENCH_FLAVOURS=mariadb,mysql  BENCH_ROWS=60000 (per table)  BENCH_REPEAT=3
BENCH_WAYS=plain,inline (a part of the names below)  never fails on timing."""

import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))
sys.dont_write_bytecode = True

from lib import place, tables  # noqa: E402
from lib.ferry import Ferry, Program  # noqa: E402
from lib.server import Server, Unavailable  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", "60000"))
REPEAT = int(os.environ.get("BENCH_REPEAT", "3"))
FLAVOURS = os.environ.get("BENCH_FLAVOURS", "mariadb,mysql").split(",")
WAYS = os.environ.get("BENCH_WAYS", "")
OPTIONS = ["--max-binlog-size=1G", "--innodb-buffer-pool-size=256M", "--max-allowed-packet=64M"]
TICK = os.sysconf("SC_CLK_TCK")

NARROW = ("id BIGINT PRIMARY KEY, v VARCHAR(200) NOT NULL, n INT", "id, v, n",
          "n, CONCAT('value ', n), n % 1000")
WIDE = ("id BIGINT PRIMARY KEY, customer INT NOT NULL, a VARCHAR(100), b VARCHAR(100), c TEXT,"
        " amount DECIMAL(12,2), f DOUBLE, made DATETIME(3), state ENUM('new','paid','sent'),"
        " flags INT UNSIGNED, h BINARY(16), note VARCHAR(200), KEY (customer)",
        "id, customer, a, b, c, amount, f, made, state, flags, h, note",
        "n, n % 5000, CONCAT('street ', n), CONCAT('city ', n % 700), REPEAT('some text ', n % 40),"
        " n / 7, n / 3.0, FROM_UNIXTIME(1500000000 + n), 1 + n % 3, n * 7, UNHEX(LEFT(SHA2(n, 256), 32)), NULL")


def fill(source):
    with source.connect() as db:
        db.run("CREATE DATABASE bench", "SET SESSION sql_mode=''")
        for table, (body, columns, select) in (("narrow", NARROW), ("wide", WIDE)):
            db.run(f"CREATE TABLE bench.{table} ({body}) ENGINE=InnoDB")
            tables.fill_fast(db, "bench", table, ROWS, select, columns)
            db.run(f"ANALYZE TABLE bench.{table}")


def server_seconds(server):
    """Of the processor, since it started. By chroot the process is still the server."""
    with open(f"/proc/{server.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Bench:
    def __init__(self, program, flavour):
        self.program = program
        self.source = Server(flavour, "source", OPTIONS).start()
        self.target = Server(flavour, "target", OPTIONS).start()
        self.is_mysql = self.source.is_mysql
        fill(self.source)

    def close(self):
        self.source.remove()
        self.target.remove()

    def clear(self):
        self.target.drop_user_databases()

    def ferry(self, *args, **settings):
        """Its processor seconds."""
        ferry = Ferry(self.program, self.source, self.target, ("bench",), args=(), **settings)
        ferry.start(*args)
        _, status, usage = os.wait4(ferry.process.pid, 0)
        ferry.process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            raise SystemExit(f"it failed: {ferry.logs()}")
        return usage.ru_utime + usage.ru_stime

    def can_dump(self):
        return self.is_mysql or (shutil.which("mariadb-dump") and shutil.which("mariadb"))

    def dump(self):
        names = ("mysqldump", "mysql") if self.is_mysql else ("mariadb-dump", "mariadb")
        common = ["--no-defaults", "-uroot"]
        wrap = self.source.kind.wrap
        self.target.sql("CREATE DATABASE bench")
        out = subprocess.Popen(
            wrap([names[0], *common, f"--socket={self.source.seen(self.source.socket)}",
                  "--single-transaction", "--quick",
                  *(["--set-gtid-purged=OFF"] if self.is_mysql else []), "bench"]),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        into = subprocess.run(
            wrap([names[1], *common, f"--socket={self.target.seen(self.target.socket)}", "bench"]),
            stdin=out.stdout, stderr=subprocess.PIPE)
        out.stdout.close()
        if out.wait() or into.returncode:
            raise SystemExit(f"the dump failed: {into.stderr}")
        return 0.0

    def measure(self, way):
        """(seconds, of the program's processor, of the servers')."""
        before = server_seconds(self.source) + server_seconds(self.target)
        began = time.monotonic()
        own = way(self)
        took = time.monotonic() - began
        return took, own, server_seconds(self.source) + server_seconds(self.target) - before


def move(**settings):
    return lambda bench: bench.ferry(**settings)


# name, what is divided by, the way; a comparison needs what the last move left.
BASE, DUMP = "NoVerification", "dump and load"
LIST = [
    (BASE, BASE, move()),
    ("Inline", BASE, move(VerifierType="Inline")),
    ("Iterative", BASE, move(VerifierType="Iterative")),
    ("ChecksumTable", BASE, move(VerifierType="ChecksumTable")),
    ("one worker", BASE, move(DataIterationConcurrency=1)),
    (DUMP, BASE, lambda bench: bench.dump()),
    ("-verify alone", BASE, lambda bench: bench.ferry("-verify")),
]


def chosen():
    wanted = [w for w in WAYS.lower().split(",") if w]
    return [way for way in LIST if not wanted or way[0] == BASE
            or any(w in way[0].lower() for w in wanted)]


def run(bench):
    """name -> its measurements."""
    found = {name: [] for name, _, _ in chosen()}
    if not bench.can_dump():
        found.pop(DUMP, None)
    for turn in range(REPEAT + 1):  # the first warms up
        for name, _, way in chosen():
            if name not in found:
                continue
            if not name.startswith("-verify"):
                bench.clear()
            result = bench.measure(way)
            if turn:
                found[name].append(result)
    return {name: [statistics.median(column) for column in zip(*results)]
            for name, results in found.items()}


def report(flavour, medians):
    base = medians[BASE]
    print(f"\n{flavour}: {2 * ROWS} rows, medians of {REPEAT} turns; times as a multiple of"
          f" {BASE} ({base[0]:.2f} s)\n")
    print(f"{'':16}{'time':>8}{'processor, all':>18}{'program, us/row':>18}")
    for name, per, _ in chosen():
        if name not in medians:
            print(f"{name:16}left out: mariadb-dump and mariadb are not here"
                  " (apt-get install mariadb-client)")
            continue
        took, own, servers = medians[name]
        base = medians[per]
        print(f"{name:16}{took / base[0]:8.2f}{(own + servers) / (base[1] + base[2]):18.2f}"
              + (f"{own * 1e6 / (2 * ROWS):18.2f}" if own else ""))


def main():
    program = Program(os.environ.get("GHOSTFERRY_BUILD", os.path.join(place.TOP, "build")))
    for flavour in FLAVOURS:
        try:
            bench = Bench(program, flavour)
        except Unavailable as e:
            print(f"\n{flavour}: left out ({e})")
            continue
        try:
            report(flavour, run(bench))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
