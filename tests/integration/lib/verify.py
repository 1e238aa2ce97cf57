"""What tests of the verification share."""

import http.server
import json
import threading

from .case import BOTH, FerryTest
from .db import name

KINDS = {"missing": "row missing on target", "extra": "row missing on source",
         "differs": "rows checksum difference"}

ODD = """id INT NOT NULL PRIMARY KEY, s VARCHAR(50), c CHAR(20), l VARCHAR(50) CHARACTER SET latin1,
 t TEXT, b BLOB, lb LONGBLOB, f FLOAT, d DOUBLE, x DECIMAL(20,4), n INT, bt BIT(64),
 e ENUM('a','b'), st SET('x','y','z'), dt DATETIME(6), ts TIMESTAMP(3) NULL, tm TIME(2),
 y YEAR, bin BINARY(6), j JSON, g POINT"""
ROW = ("({id}, 'text {id}', 'char', _latin1 x'e4f6fc', REPEAT('t',3000), x'000102',"
       " REPEAT('long ', 20000), 1.1, '-2.2250738585072014e-308', 12.5, 7,"
       " 0xfffffffffffffffe, 'b', 5, '2020-01-01 10:11:12.123456', '2020-01-01 10:11:12.5',"
       " '-08:00:00.25', 2024, x'610000', '{{\"a\": 1.5, \"b\": [\"ä\", null]}}',"
       " ST_GeomFromText('POINT(1 2)'))")


def difference(table, number, kind):
    """A row of a report, of a table whose key is the integer id."""
    database, name = table.split(".")
    sql = f"SELECT * FROM `{database}`.`{name}` WHERE `id` = {number}"
    return {"Key": str(number), "TypedKey": number, "Kind": KINDS[kind], "SourceSQL": sql,
            "TargetSQL": sql}


class VerifyTest(FerryTest):
    def fill_both(self, rows=50, body=ODD, row=ROW, table="odd"):
        for server in (self.source, self.target):
            with server.connect() as db:
                db.run("SET time_zone='+00:00'", "CREATE DATABASE IF NOT EXISTS abc"
                       " CHARACTER SET utf8mb4", f"CREATE TABLE abc.{name(table)} ({body})",
                       f"INSERT INTO abc.{name(table)} VALUES "
                       + ", ".join(row.format(id=n) for n in range(1, rows + 1)))

    def report(self, *args, status=0, behind=(), **settings):
        """What -verify says: {table: its report}."""
        ferry = self.ferry(**settings)
        got = ferry.run("-verify", "-json", *args, behind=behind)
        with open(ferry.stdout_path) as f:
            text = f.read()
        self.assertEqual(got, status, text + ferry.logs())
        report = json.loads(text)
        self.assertEqual(report["Equal"], status == 0)
        return {table["Table"]: table for table in report["Tables"]}

    def copied(self, rows=200, **how):
        """The usual tables, moved."""
        made = self.basic_tables(rows=rows, **how)
        self.ferry().run_ok()
        return made


TYPES = ("ChecksumTable", "Iterative", "Inline")


class MoveVerified(VerifyTest):
    """Verification as part of a move."""

    pairs = BOTH

    def hooks(self, lock=lambda: None):
        """A server for callbacks: its URL, and the list of what was posted."""
        calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                calls.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                if self.path == "/lock":
                    lock()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}", calls

    def move(self, kind, **how):
        return self.ferry(VerifierType=kind, **how)

    def ask(self, ferry, correct):
        code, body, _ = ferry.http("POST", "/api/verify", {})
        self.assertLess(code, 400, body)
        status = ferry.wait_for_status(lambda s: s["VerificationDone"])
        self.assertEqual(status["VerificationResult"]["DataCorrect"], correct,
                         status["VerificationResult"])
        return status
