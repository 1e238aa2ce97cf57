"""Schemas of real applications, from MySQL to MariaDB and back: every refusal is answered by what
it proposes, and no table stays behind."""

import json
import re

from lib import compare, foreign
from lib.moves import MoveTest
from lib.server import GRANTS

TAGS = ("collations", "any_client")


class ThereAndBackTest(MoveTest):
    pairs = (("mysql", "mariadb"),)
    timeout = 300

    SHAPE = ("SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLLATION_NAME FROM information_schema"
             ".COLUMNS WHERE TABLE_SCHEMA LIKE 'app\\_%' AND COLLATION_NAME IS NOT NULL")

    def load(self):
        schemas = foreign.schemas()
        if not schemas:
            self.skipTest("no package with a schema can be had")
        for package, statements in schemas.items():
            database = "app_" + package.replace("-", "_")
            with self.source.connect() as db:
                db.run(f"CREATE DATABASE {database}", f"USE {database}",
                       "SET SESSION foreign_key_checks = 0, sql_mode = ''", *statements)
                foreign.fill(db, database)
            yield database

    def move(self, source, target):
        """Answers the refusal by what it proposes; returns how many tables were refused."""
        settings = {"AllowNonTransactionalTables": True, "AllowTablesWithoutKey": True,
                    "SkipForeignKeyConstraintsCheck": True, "VerifierType": "ChecksumTable"}
        ferry = self.ferry(self.databases, source=source, target=target, **settings)
        ferry.run("-dryrun")
        found = re.search(r'"CollationRewrites": (\{[^}]*\})', ferry.stdout())
        self.assertTrue(found, ferry.stdout()[-3000:])
        refused = set(re.findall(r"(?m)^error: target: the collation \S+ of (\S+) is not", ferry.stdout()))
        ferry = self.ferry(self.databases, source=source, target=target,
                           CollationRewrites=json.loads(found.group(1)), **settings)
        ferry.run_ok()
        compare.assert_equal(source, target, self.databases)
        return len(refused)

    def may_do_both(self, server):
        """An account of a source and of a target."""
        for role in ("source", "target"):
            server.sql(f"GRANT {GRANTS[role]} ON *.* TO ghostferry@'%'")
        return server

    def test_move(self):
        self.source, self.target = (self.may_do_both(self.private_server(role))
                                    for role in ("source", "target"))
        self.databases = list(self.load())
        before = set(self.source.sql(self.SHAPE))
        tables = {row[:2] for row in before}
        self.assertGreater(self.move(self.source, self.target), len(tables) * 0.5)
        self.source.drop_user_databases()
        # What MySQL calls utf8mb4_0900_ai_ci goes there and comes back.
        self.move(self.target, self.source)
        self.assertEqual(set(self.source.sql(self.SHAPE)), before)
