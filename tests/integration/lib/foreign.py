"""Schemas of real applications, out of Debian's packages. What a package holds is kept beside
the servers' trees as one .sql file each; one that cannot be had is left out."""

import fcntl
import gzip
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

from . import place

SQL = {
    "bacula-director-mysql": ("usr/share/dbconfig-common/data/bacula-director-mysql/install/mysql",),
    "gammu-smsd": ("usr/share/doc/gammu-smsd/examples/mysql.sql",),
    "icinga2-ido-mysql": ("usr/share/icinga2-ido-mysql/schema/mysql.sql",),
    "mediawiki": ("usr/share/mediawiki/maintenance/tables-generated.sql",
                  "usr/share/mediawiki/maintenance/tables.sql"),
    "phpmyadmin": ("usr/share/phpmyadmin/sql/create_tables.sql",),
    "roundcube-core": ("usr/share/dbconfig-common/data/roundcube/install/mysql",),
    "zabbix-server-mysql": ("usr/share/zabbix-server-mysql/schema.sql.gz",),
}


def _fetch(package, path):
    """The package is unpacked, never installed."""
    with tempfile.TemporaryDirectory() as work:
        # apt's own sandbox user may write there.
        os.chmod(work, 0o777)
        subprocess.run(["apt-get", "-qq", "download", package], cwd=work, check=True, timeout=90,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        file = os.path.join(work, os.listdir(work)[0])
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as deb, \
                open(path + ".new", "wb") as out, \
                tarfile.open(fileobj=deb.stdout, mode="r|") as tar:
            for member in tar:
                if member.name.removeprefix("./") in SQL[package]:
                    with tar.extractfile(member) as inside:
                        text = inside.read()
                    out.write(gzip.decompress(text) if member.name.endswith(".gz") else text)
    os.rename(path + ".new", path)


def _statements(text):
    """CREATE TABLE statements without the placeholders that installers fill in."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"(?m)^\s*(--|#).*$", "", text)
    for statement in re.findall(r"(?is)\bCREATE\s+TABLE\b(?:'(?:[^'\\]|\\.|'')*'|[^';])*;", text):
        yield statement.rstrip(";")


def _value(column, data_type, n):
    """An SQL value that tells rows apart, where the type can."""
    if "int" in data_type or data_type in ("decimal", "float", "double", "bit", "year"):
        return str(n)
    if data_type in ("date", "datetime", "timestamp"):
        return f"'2024-01-{n:02} 01:02:03'" if data_type != "date" else f"'2024-01-{n:02}'"
    return {"enum": "1", "set": "1", "json": "'{}'", "time": "'01:02:03'"}.get(
        data_type, f"'é {n}'")


def fill(db, database, rows=3):
    """Some rows in every table that takes them; whatever their foreign keys say."""
    db.run("SET SESSION foreign_key_checks = 0, sql_mode = ''")
    tables = {}
    for table, column, kind in db.rows(
            "SELECT table_name, column_name, LOWER(data_type) FROM information_schema.columns WHERE"
            f" table_schema = '{database}' AND extra NOT LIKE '%GENERATED%' ORDER BY"
            " table_name, ordinal_position"):
        tables.setdefault(table, []).append((column, kind))
    for table, columns in tables.items():
        names = ", ".join(f"`{column}`" for column, _ in columns)
        db.run(f"INSERT IGNORE INTO `{database}`.`{table}` ({names}) VALUES " + ", ".join(
            "(" + ", ".join(_value(column, kind, n + 1) for column, kind in columns) + ")"
            for n in range(rows)))
    return len(tables)


def schemas():
    """{package: [CREATE TABLE statement, ...]} of those that can be had."""
    directory = os.path.join(place.SERVERS, "foreign")
    os.makedirs(directory, exist_ok=True)
    found = {}
    with open(os.path.join(directory, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for package in SQL:
            path = os.path.join(directory, package + ".sql")
            try:
                if not os.path.exists(path) and shutil.which("apt-get"):
                    _fetch(package, path)
                with open(path, errors="replace") as file:
                    found[package] = list(_statements(file.read()))
            except (OSError, subprocess.SubprocessError, tarfile.TarError, IndexError):
                continue
    return found
