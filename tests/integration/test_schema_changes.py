"""OnSchemaChange: a change of a table's definition on the source costs that table alone."""

import re

from lib.case import BOTH
from lib.compare import assert_same_definitions
from lib.moves import MoveTest, completed


class SchemaChangeTest(MoveTest):
    pairs = BOTH

    ROWS = 300

    def setUp(self):
        super().setUp()
        self.target.sql("GRANT DROP ON *.* TO ghostferry@'%'")
        self.addCleanup(self.target.sql, "REVOKE DROP ON *.* FROM ghostferry@'%'")

    def begin(self, *more, rows=ROWS, **settings):
        """Three tables, a run that waits for its cutover once they are copied."""
        for name in ("a", "b", "c") + more:
            self.table(name, rows)
        settings.setdefault("SkipTargetVerification", False)
        settings.setdefault("OnSchemaChange", "recopy")
        return self.one_by_one(http=True, AutomaticCutover=False, VerifierType="Inline",
                               Databases={"Whitelist": ["abc"]}, **settings)

    def copied(self, ferry, times=1):
        """So often all tables were seen to be copied."""
        ferry.wait_until(lambda: len(re.findall("waiting for cutover", ferry.log())) >= times, 60,
                         f"all tables to be copied {times} times")

    def change(self, *statements):
        with self.source.connect() as db:
            db.run("USE abc", *statements)

    def finish(self, ferry):
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.interrupt()
        self.done(ferry)
        assert_same_definitions(self.source, self.target)

    def dropped(self, ferry):
        return sorted(re.findall(r"table (\S+): dropped on the target", ferry.log()))


class OneTableTest(SchemaChangeTest):
    def test_an_alter(self):
        ferry = self.begin().start()
        self.copied(ferry)
        self.change("UPDATE b SET n = 7 WHERE id < 50",
                    "ALTER TABLE b ADD COLUMN more INT NOT NULL DEFAULT 5 FIRST, DROP COLUMN v",
                    "UPDATE b SET n = 8, more = id WHERE id < 40", "UPDATE a SET n = 9 WHERE id < 9",
                    "INSERT INTO b (id, n) VALUES (1000, 1)", "DELETE FROM b WHERE id = 60")
        self.copied(ferry, 2)
        self.assertEqual(self.dropped(ferry), ["abc.b"])
        self.finish(ferry)
