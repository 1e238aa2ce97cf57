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

    # What a start without any of the options refuses, by a word of the reason.
    REASONS = {"collation": r"target: the collation \S+ of (.+) is not",
               "engine": r"source: table (\S+) uses the engine",
               "key": r"source: (\S+) has no Primary Key|source: Pagination Key \S+ for (\S+) has"
                      r"|source: the primary key of (\S+) has",
               "cascade": r"found at least 1 foreign key constraint on source DB. table: (\S+),"}

    def refused(self, ferry):
        """The tables that each reason refuses. There are no others, and each can be answered."""
        found = {reason: set() for reason in self.REASONS}
        lines = ferry.stdout().splitlines()
        for n, line in enumerate(lines):
            if not line.startswith("error: "):
                continue
            reasons = [(reason, re.search(pattern, line)) for reason, pattern in self.REASONS.items()]
            reason, hit = next(((reason, hit) for reason, hit in reasons if hit), (None, None))
            self.assertTrue(hit, line)
            # "a.b, a.c and 17 more tables"
            names, _, more = "".join(filter(None, hit.groups())).partition(" and ")
            found[reason].update(names.split(", "))
            found[reason].update((line, i) for i in range(int(more.split()[0] if more else 0)))
            self.assertRegex(lines[n + 1], {
                "collation": '"CollationRewrites"|^  remedy: the same',
                "engine": 'ENGINE=InnoDB, or set .*"AllowNonTransactionalTables": true',
                "key": 'ALTER TABLE .* ADD .*"AllowTablesWithoutKey": true',
                "cascade": "ALTER TABLE .* DROP FOREIGN KEY|UnloggedCascades"}[reason])
        return found

    def assert_refused(self, found, tables, **at_most):
        """No more than so many of a hundred tables, by the reason."""
        for reason, percent in at_most.items():
            self.assertLessEqual(len(found[reason]) * 100, percent * tables, (reason, found[reason]))

    def move(self, source, target):
        """Answers the refusal by what it proposes; returns what was refused."""
        ferry = self.ferry(self.databases, source=source, target=target)
        self.assertEqual(ferry.run("-dryrun"), 1)
        refused = self.refused(ferry)
        found = re.search(r'"CollationRewrites": (\{[^}]*\})', ferry.stdout())
        self.assertTrue(found, ferry.stdout()[-3000:])
        ferry = self.ferry(self.databases, source=source, target=target,
                           CollationRewrites=json.loads(found.group(1)),
                           VerifierType="ChecksumTable")
        ferry.run_ok()
        compare.assert_equal(source, target, self.databases)
        return refused

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
        tables = self.source.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA"
                                   " LIKE 'app\\_%'")
        there = self.move(self.source, self.target)
        self.assertGreater(len(there["collation"]), tables * 0.4)
        # With the rewrites pasted none is left: the tables without a key or without transactions are
        # small.
        self.assert_refused(there, tables, engine=0, key=0, cascade=0)
        self.source.drop_user_databases()
        # What MySQL calls utf8mb4_0900_ai_ci goes there and comes back; what MariaDB's foreign keys
        # change without logging it is carried.
        back = self.move(self.target, self.source)
        self.assert_refused(back, tables, engine=0, key=0, cascade=0)
        self.assertEqual(set(self.source.sql(self.SHAPE)), before)
