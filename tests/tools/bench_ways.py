"""The contenders of bench.py: each moves the same rows between the same two servers, or
applies the same waiting changes, and returns what it used."""

import os
import shutil
import signal
import subprocess
import threading
import time

from lib import place, tables
from lib.ferry import Ferry
from lib.server import PASSWORD, Server

OPTIONS = ["--max-binlog-size=1G", "--innodb-buffer-pool-size=1G", "--max-allowed-packet=64M"]
TICK = os.sysconf("SC_CLK_TCK")
QUOTED = "'" + PASSWORD.replace("\\", "\\\\").replace("'", "\\'") + "'"
EVENTS, PER_COMMIT = 100_000, 10

# About 190 bytes a row; no NULL, which the files of the floor would not carry.
COLUMNS = ("id BIGINT PRIMARY KEY, customer INT NOT NULL, name VARCHAR(60) NOT NULL,"
           " street VARCHAR(60) NOT NULL, note VARCHAR(120) NOT NULL, amount DECIMAL(12,2) NOT NULL,"
           " made DATETIME NOT NULL, KEY (customer)")
SELECT = ("n, n * 7919 % 50000, CONCAT('name ', LEFT(SHA2(n, 256), 40)),"
          " CONCAT('street ', LEFT(SHA2(n + 1, 256), 40)), CONCAT('note ', SHA2(n + 2, 256)),"
          " n / 7, FROM_UNIXTIME(1500000000 + n)")
NAMES = "id, customer, name, street, note, amount, made"
FOUR = ("t1", "t2", "t3", "t4")


class Used:
    """Of one contender: seconds, processor seconds of it and of both servers, MiB."""

    def __init__(self, seconds, program, source, target, peak):
        self.seconds, self.peak = seconds, peak
        self.program, self.source, self.target = program, source, target

    def columns(self):
        return self.seconds, self.program, self.source, self.target, self.peak


def server_seconds(server):
    """Of the processor, since it started. By chroot the process is still the server."""
    with open(f"/proc/{server.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid):
    """The most that this process held so far, in MiB; getrusage() would have counted what
    this script held when it forked."""
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def finish(children):
    """Waits for all of them, which run at once; returns (processor seconds, MiB)."""
    left, peaks, seconds = list(children), {}, 0.0
    while left:
        time.sleep(0.005)
        for child in list(left):
            peaks[child.pid] = max(peaks.get(child.pid, 0.0), resident(child.pid))
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if not pid:
                continue
            left.remove(child)
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds += usage.ru_utime + usage.ru_stime
            if child.returncode:
                for other in left:
                    other.kill()
                    other.wait()
                raise RuntimeError(f"{child.args} ended with {child.returncode}")
    return seconds, sum(peaks.values())


class Bench:
    """A source with database bench of four tables, single, which has their rows in one
    table, and nothing, with an empty one; and a target."""

    def __init__(self, program, flavour, rows):
        self.program, self.rows = program, rows
        self.source = self.target = None
        try:
            self.source = Server(flavour, "source", OPTIONS).start()
            self.target = Server(flavour, "target", OPTIONS + self.parallel(flavour)).start()
            self.is_mysql = self.source.is_mysql
            self.work = place.temp_dir(self.target.kind.inside)
            self.errors = open(os.path.join(self.work, "errors"), "wb")
            self.fill()
            self.allow_without_binlog()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def parallel(flavour):
        return ["--skip-replica-start"] if flavour == "mysql" else ["--skip-slave-start"]

    def close(self):
        for server in (self.source, self.target):
            if server:
                server.remove()

    def fill(self):
        each = self.rows // len(FOUR)
        with self.source.connect() as db:
            db.run("SET sql_log_bin = 0", "CREATE DATABASE bench", "CREATE DATABASE single",
                   "CREATE DATABASE nothing", "CREATE TABLE nothing.t (id INT PRIMARY KEY)",
                   f"CREATE TABLE single.t ({COLUMNS}) ENGINE=InnoDB")
            for number, table in enumerate(FOUR):
                db.run(f"CREATE TABLE bench.{table} ({COLUMNS}) ENGINE=InnoDB")
                tables.fill_fast(db, "bench", table, each, SELECT, NAMES)
                db.run(f"INSERT INTO single.t SELECT id + {number * each}, {NAMES[4:]}"
                       f" FROM bench.{table}", f"ANALYZE TABLE bench.{table}")
            db.run("ANALYZE TABLE single.t")

    def allow_without_binlog(self):
        privilege = "SESSION_VARIABLES_ADMIN" if self.is_mysql else "BINLOG ADMIN"
        self.target.sql(f"GRANT {privilege} ON *.* TO ghostferry@'%'")

    def clear(self):
        """The target is empty, and its binlog too, which would fill the disk."""
        self.target.drop_user_databases()
        self.target.sql("RESET BINARY LOGS AND GTIDS" if self.is_mysql else "RESET MASTER")

    def check(self):
        """What a contender has left is what the source has: else its time means nothing."""
        moved = self.target.databases()
        if len(moved) != 1:
            raise RuntimeError(f"databases on the target: {moved}")
        names = FOUR if moved == ["bench"] else ("t",)
        checksum = "CHECKSUM TABLE " + ", ".join(f"{moved[0]}.{table}" for table in names)
        if self.source.sql(checksum) != self.target.sql(checksum):
            raise RuntimeError("source and target differ")

    def measure(self, work):
        """work() returns (processor seconds, MiB) of the contender's own processes. What was done
        before is on the disk: the first commits would wait for it."""
        os.sync()
        source, target = server_seconds(self.source), server_seconds(self.target)
        began = time.monotonic()
        own, peak = work()
        return Used(time.monotonic() - began, own, server_seconds(self.source) - source,
                    server_seconds(self.target) - target, peak)

    def popen(self, *argv, inside=False, **how):
        how.setdefault("stderr", self.errors)
        how.setdefault("stdout", self.errors)
        argv = list(argv)
        return subprocess.Popen(self.source.kind.wrap(argv) if inside else argv, **how)

    # -- copying -------------------------------------------------------------------

    def ferry(self, *args, database="bench", **settings):
        ferry = Ferry(self.program, self.source, self.target, (database,), args=(), **settings)

        def work():
            ferry.start(*args)
            return finish([ferry.process])
        try:
            return self.measure(work)
        except RuntimeError:
            raise RuntimeError(ferry.logs()) from None

    def client(self, server, name, *args, **how):
        """mysql or mysqldump of this flavour, as root."""
        names = {"mysql": "mariadb", "mysqldump": "mariadb-dump"}
        return self.popen(name if self.is_mysql else names[name], "--no-defaults", "-uroot",
                          f"--socket={server.seen(server.socket)}", *args, inside=True, **how)

    def dump(self):
        def work():
            gtid = ["--set-gtid-purged=OFF"] if self.is_mysql else []
            out = self.client(self.source, "mysqldump", "--single-transaction", "--quick", *gtid,
                              "bench", stdout=subprocess.PIPE)
            into = self.client(self.target, "mysql", "bench", stdin=out.stdout)
            out.stdout.close()
            return finish([out, into])
        self.target.sql("CREATE DATABASE bench")
        return self.measure(work)

    def mydumper(self, *args):
        """With four threads each, as the program has; through files, which is all it can."""
        where = os.path.join(self.work, "dump")

        def work():
            both = []
            for server, argv in ((self.source, ["mydumper", "-o", where, "-B", "bench"]),
                                 (self.target, ["myloader", "-d", where, *args])):
                both.append(finish([self.popen(*argv, "-t", "4", "-u", "root",
                                               "-S", server.socket)]))
            return sum(own for own, _ in both), max(peak for _, peak in both)
        try:
            return self.measure(work)
        finally:
            shutil.rmtree(where, ignore_errors=True)

    def files(self):
        """Of the four tables, in the form that LOAD DATA reads; made once, and again when
        their rows have changed."""
        paths = [os.path.join(self.work, table) for table in FOUR]
        for table, path in zip(FOUR, paths):
            if not os.path.exists(path):
                with open(path, "wb") as out:
                    finish([self.client(self.source, "mysql", "--batch", "--quick",
                                        "--skip-column-names", "-e",
                                        f"SELECT * FROM bench.{table}", stdout=out)])
        return paths

    def floor(self):
        """What no copy can be faster than: the target's part, by the cheapest statement."""
        paths = self.files()
        self.target.sql("CREATE DATABASE bench", *(
            f"CREATE TABLE bench.{table} ({COLUMNS}) ENGINE=InnoDB" for table in FOUR))
        return self.measure(lambda: finish(
            [self.client(self.target, "mysql", "--local-infile=1", "-e",
                         f"LOAD DATA LOCAL INFILE '{self.target.seen(path)}' INTO TABLE"
                         f" bench.{table} CHARACTER SET binary")
             for table, path in zip(FOUR, paths)]))

    # -- applying ------------------------------------------------------------------

    def copied(self, **settings):
        """The program's state when all is copied and the cutover is still to come."""
        ferry = Ferry(self.program, self.source, self.target, ("bench",), args=(),
                      AutomaticCutover=False, **settings)
        ferry.start()
        ferry.wait_for_log("data copy is complete, waiting for cutover")
        ferry.signal(signal.SIGTERM)
        ferry.wait()
        return ferry

    def change(self, names):
        """EVENTS rows, on four connections, PER_COMMIT neighbours a transaction: shared out
        among the tables, or each connection's own part of the only one."""
        for table in FOUR:
            if os.path.exists(os.path.join(self.work, table)):
                os.unlink(os.path.join(self.work, table))
        each = EVENTS // 4
        there = self.rows // 4 // PER_COMMIT  # groups of neighbours in a table

        def work(number):
            with self.source.connect() as db:
                for i in range(each // PER_COMMIT):
                    group = (i * 4 + number if len(names) == 1 else i) * 7919 % there
                    low = group * PER_COMMIT + 1
                    db.run(f"UPDATE bench.{names[number % len(names)]} SET customer = customer + 1,"
                           f" amount = {i} WHERE id BETWEEN {low} AND {low + PER_COMMIT - 1}")
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def apply(self, names):
        """From the start of a resumed run to its end, cutover included."""
        ferry = self.copied()
        self.change(names)

        def work():
            ferry.resume(AutomaticCutover=True)
            return finish([ferry.process])
        try:
            return self.measure(work)
        except RuntimeError:
            raise RuntimeError(ferry.logs()) from None

    def native(self, names, workers):
        """Of rows that the program has copied. Only the applying: the relay log is there."""
        self.copied()
        self.target.sql("RESET BINARY LOGS AND GTIDS" if self.is_mysql else "RESET MASTER")
        file, offset = self.source.position()
        self.change(names)
        end = self.source.position()
        new = self.is_mysql
        source, replica = ("SOURCE", "REPLICA") if new else ("MASTER", "SLAVE")
        self.target.sql(
            f"SET GLOBAL {replica.lower()}_parallel_{'workers' if new else 'threads'} = {workers}",
            f"CHANGE {'REPLICATION SOURCE' if new else 'MASTER'} TO {source}_HOST='127.0.0.1',"
            f" {source}_PORT={self.source.port}, {source}_USER='ghostferry_all',"
            f" {source}_PASSWORD={QUOTED}, {source}_LOG_FILE='{file}', {source}_LOG_POS={offset},"
            + (" GET_SOURCE_PUBLIC_KEY=1" if new else " MASTER_USE_GTID=no"),
            f"START {replica} IO_THREAD")
        try:
            self.until(replica, f"Read_{source.title()}_Log_Pos", f"{source.title()}_Log_File", end)

            def work():
                self.target.sql(f"START {replica} SQL_THREAD")
                self.until(replica, f"Exec_{source.title()}_Log_Pos",
                           f"Relay_{source.title()}_Log_File", end)
                return 0.0, 0.0
            return self.measure(work)
        finally:
            self.target.sql(f"STOP {replica}", f"RESET {replica} ALL")

    def until(self, replica, offset, file, end):
        """The replica is at this end of the source's binlog."""
        for _ in range(60_000):
            status = self.target.db.dicts(f"SHOW {replica} STATUS")[0]
            if (status[file], int(status[offset])) >= end:
                return
            error = status["Last_IO_Error"] or status["Last_SQL_Error"]
            if error:
                raise RuntimeError(error)
            time.sleep(0.01)
        raise RuntimeError("replication does not get there")
