"""Private throwaway database servers: own directory, own port, loopback only.

A MariaDB server is this machine's own; MySQL and other versions of MariaDB run in trees
of other Debian releases (tests/tools/tree.sh) by chroot, with their data inside that tree. Data
directories are initialised once per version, and copied from then on.

A server's make is its flavour, and its version where it is not this machine's usual one:
"mariadb", "mariadb-10.5", "mariadb-11.8", "mysql".
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time

import pymysql

from . import place
from .db import Connection, name

PASSWORD = 'ferry "secret"\\'
SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

COMMON = [
    "--bind-address=127.0.0.1", "--log-bin=bin", "--binlog-format=ROW",
    "--binlog-row-image=FULL", "--max-binlog-size=4096",
    "--character-set-server=utf8mb4", "--log-bin-trust-function-creators=1",
    "--innodb-buffer-pool-size=64M", "--max-allowed-packet=64M",
    "--max-connections=200", "--innodb-lock-wait-timeout=20",
    # What is committed lasts, by the settings. InnoDB syncs nothing all the same, as all
    # of it survives kill -9 of the server.
    "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1",
    "--innodb-flush-method=nosync",
    # The kernel has requests for some twenty servers only (fs.aio-max-nr).
    "--innodb-use-native-aio=0", "--local-infile=1",
]
# What the program's documentation asks for, and no more.
GRANTS = {
    "source": "SELECT, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT, SHOW VIEW,"
              " TRIGGER, EVENT, LOCK TABLES",
    "target": "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, REFERENCES, TRIGGER,"
              " PROCESS, REPLICATION SLAVE, REPLICATION CLIENT",
}
GRANTS["replica"] = GRANTS["source"]  # of the source, and may become it


class Unavailable(Exception):
    """The server cannot be had on this machine; what needs it is skipped."""


class MariaDB:
    extra = ["--innodb-log-file-size=64M", "--performance-schema=OFF",
             "--log-slave-updates"]

    def __init__(self, inside=None, *further):
        self.inside = inside  # the tree it is chrooted to
        self.extra = self.extra + list(further)

    def wrap(self, argv):
        return ["chroot", self.inside] + argv if self.inside else argv

    def init(self, datadir):
        return self.wrap(["mariadb-install-db", "--no-defaults", "--user=root",
                          f"--datadir={datadir}", "--skip-test-db",
                          "--force",  # a host that cannot look up its own name will do
                          "--auth-root-authentication-method=normal",
                          "--innodb-log-file-size=64M"])

    def daemon(self):
        if self.inside:
            if not os.path.exists(os.path.join(self.inside, "usr/sbin/mariadbd")):
                raise Unavailable(f"no tree {os.path.basename(self.inside)} (tests/tools/tree.sh)")
            return "/usr/sbin/mariadbd"
        path = shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin")
        if not path:
            raise Unavailable("no mariadbd on this machine (make deps)")
        return path


class MySQL:
    inside = place.SID
    extra = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=OFF",
             "--binlog-rows-query-log-events=ON",
             "--secure-file-priv=NULL", "--innodb-redo-log-capacity=64M",
             "--performance-schema=OFF"]

    def wrap(self, argv):
        return ["chroot", self.inside] + argv

    def init(self, datadir):
        return self.wrap(["mysqld", "--no-defaults", "--user=root",
                          "--initialize-insecure", f"--datadir={datadir}",
                          "--innodb-redo-log-capacity=64M"])

    def daemon(self):
        if not os.path.exists(os.path.join(self.inside, "usr/sbin/mysqld")):
            raise Unavailable("no MySQL tree (tests/tools/tree.sh sid)")
        return "mysqld"


MAKES = {"mariadb": MariaDB(), "mysql": MySQL(), # As the others have it by default: tests speak of columns with what they say.
         "mariadb-10.5": MariaDB(place.BULLSEYE, "--explicit-defaults-for-timestamp=ON"),
         "mariadb-11.8": MariaDB(place.TRIXIE)}
# Its default collation is unknown to all others.
COMMON_COLLATION = {"mariadb-11.8": ("--character-set-collations=utf8mb4=utf8mb4_general_ci",
                                     "--collation-server=utf8mb4_general_ci")}
_next_id = 0


def _run(argv, log, **env):
    with open(log, "wb") as out:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, timeout=300,
                              env=dict(os.environ, **env))
    if done.returncode:
        raise RuntimeError(f"{argv[0]} failed:\n{place.tail(log)}")


def _template(make):
    """An initialised data directory of this version, made when there is none, by the first
    of the processes that ask."""
    kind = MAKES[make]
    version = subprocess.run(kind.wrap([kind.daemon(), "--version"]), text=True,
                             capture_output=True).stdout.split("Ver ")[-1].split()[0]
    path = os.path.join(place.SERVERS, f"data-{make}-{version}")
    os.makedirs(place.SERVERS, exist_ok=True)
    with open(os.path.join(place.SERVERS, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            _make_template(kind, path)
    return path


def _make_template(kind, path):
    work = place.temp_dir(kind.inside)
    datadir = os.path.join(work, "data")
    seen = work[len(kind.inside):] if kind.inside else work
    # A MariaDB that starts removes the temporary tables it finds, perhaps another's.
    _run(kind.init(os.path.join(seen, "data")), os.path.join(work, "init.log"), TMPDIR=seen)
    for own in ("auto.cnf",):  # holds the server's UUID
        if os.path.exists(os.path.join(datadir, own)):
            os.unlink(os.path.join(datadir, own))
    new = f"{path}.{os.getpid()}"
    subprocess.run(["cp", "-a", "--sparse=always", datadir, new], check=True)
    os.rename(new, path)
    shutil.rmtree(work)


class Server:
    """One server of a make. Options are further command-line options, as strings; home is an empty
    directory (of place.temp_dir()) where it may live."""

    def __init__(self, make="mariadb", role="source", options=(), home=None):
        global _next_id
        _next_id += 1
        self.make, self.role = make, role
        self.flavour = make.split("-")[0]
        self.kind = MAKES[make]
        self.id = (os.getpid() % 40000) * 100 + _next_id
        self.options = list(options)
        self.daemon = self.kind.daemon()
        template = _template(make)
        self.dir = home or place.temp_dir(self.kind.inside)
        # With a disk of its own, its logs take their room at once, as they would there.
        subprocess.run(["cp", "-a", f"--sparse={'never' if home else 'always'}", template,
                        self._at("data")], check=True)
        os.mkdir(self._at("tmp"))
        self.socket = self._at("sock")
        self.log = self._at("log")
        self.port = place.free_port()
        self.process = None
        self._admin = None

    def _at(self, leaf):
        return os.path.join(self.dir, leaf)

    def seen(self, path):
        """The path as the server itself sees it."""
        return path[len(self.kind.inside):] if self.kind.inside else path

    def argv(self):
        return self.kind.wrap(
            [self.daemon, "--no-defaults", "--user=root",
             f"--datadir={self.seen(self._at('data'))}",
             f"--socket={self.seen(self.socket)}", f"--port={self.port}",
             # A MariaDB that starts removes the temporary tables it finds.
             f"--tmpdir={self.seen(self._at('tmp'))}",
             f"--pid-file={self.seen(self._at('pid'))}",
             f"--server-id={self.id}"] + COMMON + self.kind.extra + self.options)

    # -- life ---------------------------------------------------------------

    def start(self, deadline=60):
        """Starts it and waits until it answers; the first time makes the users."""
        self.launch()
        self.wait_until_up(deadline)
        if not os.path.exists(self._at("users-made")):
            self._make_users()
            open(self._at("users-made"), "w").close()
        return self

    def launch(self):
        """Starts it, and leaves it at that."""
        self._forget_admin()
        with open(self.log, "ab") as log:
            self.process = place.popen(self.argv(), stdout=log, stderr=log)

    def wait_until_up(self, deadline=60):
        """After launch(). A port that somebody else has taken meanwhile is changed."""
        for attempt in range(3):
            if self._answers_within(deadline):
                return
            if "in use" not in place.tail(self.log) or attempt == 2:
                raise RuntimeError(f"{self} did not start:\n{place.tail(self.log)}")
            self.port = place.free_port()
            self.launch()

    def _answers_within(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.connect().close()
                return True
            except (pymysql.Error, OSError):
                time.sleep(0.03)
        return False

    def _make_users(self):
        secret = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        with self.connect() as db:
            # Not logged: the log of a fresh server begins with the test's own.
            db.run("SET sql_log_bin=0",
                   f"CREATE USER ghostferry@'%' IDENTIFIED BY '{secret}'",
                   f"GRANT {GRANTS[self.role]} ON *.* TO ghostferry@'%'",
                   f"CREATE USER ghostferry_all@'%' IDENTIFIED BY '{secret}'",
                   "GRANT ALL ON *.* TO ghostferry_all@'%'")

    def stop(self, deadline=30):
        self._end(signal.SIGTERM, deadline)

    def kill9(self):
        self._end(signal.SIGKILL, 10)

    def _end(self, sig, deadline):
        self._forget_admin()
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(sig)
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def remove(self):
        """Stops it and removes its directory."""
        self.kill9()
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- use ----------------------------------------------------------------

    @property
    def is_mysql(self):
        return self.flavour == "mysql"

    @property
    def number(self):
        """Its version, comparable: (10, 11)."""
        return tuple(int(part) for part in self.value("SELECT VERSION()").split(".")[:2])

    def connect(self, **how):
        """As root over the socket, unless told otherwise."""
        if "host" not in how:
            how.setdefault("unix_socket", self.socket)
        else:
            how.setdefault("port", self.port)
        how.setdefault("user", "root")
        return Connection(**how)

    @property
    def db(self):
        """The main thread's own connection, made again after a restart."""
        if self._admin is None:
            self._admin = self.connect()
        return self._admin

    def _forget_admin(self):
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def sql(self, *statements):
        """Runs the statements; returns the rows of the last one."""
        for sql in statements[:-1]:
            self.db.rows(sql)
        return self.db.rows(statements[-1])

    def value(self, sql):
        return self.db.value(sql)

    def databases(self):
        return [row[0] for row in self.sql("SHOW DATABASES") if row[0] not in SYSTEM]

    def drop_user_databases(self):
        """A fresh session over an empty server, settings back to how it started."""
        self._forget_admin()
        self.db.run("SET foreign_key_checks=0")
        for _, length, _, xid in self.sql("XA RECOVER"):  # left by a test that failed
            xid = xid[:length]  # MariaDB's are bytes
            self.db.run("XA ROLLBACK " + (f"x'{xid.hex()}'" if isinstance(xid, bytes)
                                          else f"'{xid}'"))
        for database in self.databases():
            self.db.run(f"DROP DATABASE {name(database)}")

    def kill_connections(self, user):
        """Kills the sessions of a user; returns how many there were."""
        # MySQL's information_schema.processlist fails on statements beyond utf8mb3.
        ids = [row[0] for row in self.sql("SHOW PROCESSLIST") if row[1] == user]
        for number in ids:
            try:
                self.db.run(f"KILL {number}")
            except pymysql.Error:
                pass  # it ended by itself
        return len(ids)

    def position(self):
        """(file, offset) of the end of the binlog."""
        show = "SHOW BINARY LOG STATUS" if self.is_mysql else "SHOW MASTER STATUS"
        return tuple(self.sql(show)[0][:2])

    def events_since(self, position):
        """Rows of SHOW BINLOG EVENTS from there on. What is before it is other tests', and may
        hold events that no answer has room for, or bytes that are no text."""
        first, offset = position
        with self.connect(charset="latin1") as db:
            return [row for file, *_ in db.rows("SHOW BINARY LOGS") if file >= first
                    for row in db.rows(f"SHOW BINLOG EVENTS IN '{file}'"
                                       + (f" FROM {offset}" if file == first else ""))]

    def logs(self):
        return f"--- {self}: end of its log\n{place.tail(self.log, 20)}"

    def __str__(self):
        return f"{self.make} {self.role} on port {self.port}"
