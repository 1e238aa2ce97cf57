"""What a message tells to do is done to the letter here, and leads to a better place: the
same start succeeds, or has one problem less. Where somebody may need what is there, nothing
is to be dropped or removed."""

import os
import re

import pymysql

from lib.moves import MoveTest, keys
from lib.receiver import Receiver

TAGS = ("any_client",)

state_of_none = {"CopyStage": {"LastSuccessfulPaginationKeys": {}}}
PROMISES = re.compile(r"\bDROP (TABLE|DATABASE)|drop what was copied|drop the target", re.I)


class RemedyTest(MoveTest):
    """Follows what is printed."""

    def remedies(self, ferry):
        """[(problem, remedy)] of a start that was refused."""
        return re.findall(r"(?m)^error: (.*)\n  remedy: (.*)$", ferry.log())

    def refused(self, ferry, pattern, *args):
        ferry.run(*args)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), pattern)
        return ferry.log()

    def run_sql(self, side, remedy):
        """The statements up to the words behind them."""
        for statement in re.split(r", (?:and|or|if)\b|; or |; |$", remedy):
            if re.match(r"(SET|DROP|ALTER|GRANT|DELETE|UPDATE|CREATE) ", statement):
                side.sql(statement)


class SqlTest(RemedyTest):
    """SQL of the preflight: as it is printed, on the side that the problem names."""

    def test_settings_of_the_source(self):
        self.table(rows=5)
        for setting in ("binlog_format = 'STATEMENT'", "binlog_row_image = 'MINIMAL'"):
            with self.subTest(setting):
                name = setting.split()[0]
                before = self.source.value(f"SELECT @@GLOBAL.{name}")
                self.source.sql(f"SET GLOBAL {setting}")
                self.addCleanup(self.source.sql, f"SET GLOBAL {name} = '{before}'")
                ferry = self.ferry()
                self.refused(ferry, name)
                for problem, remedy in self.remedies(ferry):
                    self.assertIn("source", problem)
                    self.run_sql(self.source, remedy)
                ferry.run_ok()
                self.assert_equal()
                self.target.drop_user_databases()

    def test_tables(self):
        """A table without key, one of another engine, one that cannot be read, leftovers."""
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.bare (v INT NOT NULL)",
                        "CREATE TABLE abc.other (id INT PRIMARY KEY) ENGINE=MyISAM")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.other (x INT)")
        ferry = self.ferry()
        for _ in range(4):
            ferry.run()
            found = self.remedies(ferry)
            if not found:
                break
            for problem, remedy in found:
                remedy = remedy.replace("(...)", "(v)")
                self.run_sql(self.source if problem.startswith("source") else self.target, remedy)
        ferry.assert_status(0)
        self.assert_equal()

    def test_privileges(self):
        self.table(rows=5)
        for side in (self.source, self.target):
            side.sql("CREATE USER poor@'%' IDENTIFIED BY 'x'")
            self.addCleanup(side.sql, "DROP USER poor@'%'")
        poor = {"User": "poor", "Pass": "x"}
        ferry = self.ferry(Source=poor, Target=poor)
        self.source.sql("GRANT SELECT ON abc.* TO poor@'%'")
        for _ in range(6):
            ferry.run()
            found = self.remedies(ferry)
            if not found:
                break
            for problem, remedy in found:
                self.run_sql(self.target if "target" in problem else self.source, remedy)
        ferry.assert_status(0)
        self.assert_equal()


class NothingIsDroppedTest(RemedyTest):
    """Where a lock is held, or the target was handed over, no text offers to drop anything.
    Broken: DROP TABLE is the remedy for tables that are there."""

    def test_a_finished_move_started_again(self):
        self.table(rows=20)
        ferry = self.ferry().run_ok()
        self.target.sql("UPDATE abc.t SET v = 'in use' WHERE id = 3")
        ferry.run()
        ferry.assert_status(0)
        self.assertRegex(ferry.log(), "this move is finished.*nothing to do")
        self.assertNotRegex(ferry.log(), PROMISES)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 3"), "in use")

    def test_and_its_source_is_read_only(self):
        self.table(rows=20)
        ferry = self.ferry().run_ok()
        self.source.sql("SET GLOBAL read_only = 1")
        self.addCleanup(self.source.sql, "SET GLOBAL read_only = 0")
        ferry.run()
        ferry.assert_status(0)

    def test_and_its_state_file_is_gone(self):
        self.table(rows=20)
        ferry = self.ferry().run_ok()
        os.unlink(ferry.config_path + ".state")
        log = self.refused(ferry, "table is there already")
        self.assertNotRegex(log, PROMISES)
        # To the letter: another name, or the tables with their rows.
        ferry.config["Databases"]["Rewrites"] = {"abc": "again"}
        ferry.run_ok()
        self.assert_equal(rewrites={"abc": "again"})
        os.unlink(ferry.config_path + ".state")
        del ferry.config["Databases"]["Rewrites"]
        ferry.config["AllowExistingTargetTable"] = True
        ferry.run_ok()
        self.assert_equal()

    def test_another_move_by_the_same_configuration(self):
        """What was finished is not this one."""
        self.table(rows=20)
        self.table("u", rows=5)
        ferry = self.ferry(Tables={"Whitelist": ["t"]}).run_ok()
        ferry.config["Tables"] = {"Whitelist": ["u"]}
        ferry.run_ok()
        self.assert_equal()
        ferry.config["Tables"] = {"Whitelist": ["t", "u"]}
        self.assertNotRegex(self.refused(ferry, "there already"), PROMISES)
        self.target.sql("DROP TABLE abc.t", "DROP TABLE abc.u")
        ferry.run_ok()
        self.assert_equal()

    def running(self, rows=40):
        self.table(rows=rows)
        probes = self.probes()
        stop = probes.stop_at("before_copy")
        first = self.one_by_one(probes=probes).start()
        self.reach(first, stop)
        return first, stop

    def test_a_second_configuration_while_the_first_copies(self):
        """The tables are still empty."""
        first, stop = self.running()
        second = self.ferry()
        log = self.refused(second, "another run is working on this target")
        self.assertNotRegex(log, PROMISES)
        stop.release()
        first.assert_status(0)
        self.assertNotRegex(self.refused(second, "there already.*\n.*may be in use"), PROMISES)
        self.assert_equal()

    def test_the_same_configuration_while_it_copies(self):
        first, stop = self.running()
        second = self.ferry(StateFile=first.config_path + ".state")
        log = self.refused(second, "a run that goes on just now")
        self.assertNotRegex(log, "remove")
        stop.release()
        first.assert_status(0)
        self.assert_equal()

    def test_a_run_that_was_ended_after_the_unlock(self):
        self.table(rows=20)
        receiver = Receiver(lambda path: 500)
        self.addCleanup(receiver.close)
        ferry = self.ferry(CutoverUnlock=receiver.callback("/unlock"))
        ferry.run()
        ferry.assert_status(2)
        self.target.sql("UPDATE abc.t SET v = 'in use' WHERE id = 3")
        log = self.refused(ferry, "says that CutoverUnlock was called")
        self.assertNotRegex(log, "remove|" + PROMISES.pattern)
        command = re.search(r"-resumestate (\S+?)[,;]", log)[1]
        ferry.config["CutoverUnlock"] = {}
        ferry.run("-resumestate", command)
        ferry.assert_status(0)
        self.assertEqual(self.target.value("SELECT v FROM abc.t WHERE id = 3"), "in use")


    def test_and_the_source_has_lost_its_binlog(self):
        """Resumed from the state of a finished move."""
        self.table(rows=20)
        ferry = self.ferry().run_ok()
        state = ferry.state_file()
        self.source.sql("RESET BINARY LOGS AND GTIDS" if self.source.is_mysql
                        else "RESET MASTER")
        ferry.resume(state)
        self.assertIn(ferry.wait(), (1, 2))
        self.assertNotRegex(ferry.log(), PROMISES)
        self.assertRegex(ferry.log(), "leave the target alone, as it may be in use")


class UnfinishedTest(RemedyTest):
    """Of a run that was killed, each of the ways that are offered."""

    def killed(self):
        self.table(rows=60)
        probes = self.probes()
        stop = probes.stop_at("after_chunk_read", r"abc\.t 3 ")
        ferry = self.one_by_one(probes=probes).start()
        self.reach(ferry, stop)
        ferry.wait_until(lambda: keys(ferry.state_file() or state_of_none))
        ferry.kill9()
        probes.release_all()
        return ferry, self.refused(ferry, "holds the state of an unfinished run")

    def test_resumed(self):
        ferry, log = self.killed()
        ferry.run("-resumestate", re.search(r"-resumestate (\S+?);", log)[1])
        self.done(ferry)

    def test_begun_again(self):
        ferry, log = self.killed()
        os.unlink(re.search(r"(\S+) holds the state", log)[1])
        log = self.refused(ferry, "they hold rows, and may be in use.*removed by you")
        self.target.sql("DROP TABLE abc.t")
        ferry.run_ok()
        self.assert_equal()

    def test_an_entry_taken_out(self):
        """Of a table whose key is another one now."""
        ferry, _ = self.killed()
        state = ferry.state_file()
        state["PaginationKeyColumns"]["abc.t"] = ["n"]
        ferry.args.append("-force-state")
        ferry.resume(state, as_it_is=True)
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), "take this entry out, and give -force-state")
        del state["CopyStage"]["LastSuccessfulPaginationKeys"]["abc.t"]
        ferry.resume(state, as_it_is=True)
        self.done(ferry)


class StreamTest(RemedyTest):
    """What ends a run that copies, and what is said then."""

    def ended(self, *statements, **settings):
        """Its log; the statements are run on the source in mid-copy."""
        probes = self.probes()
        stop = probes.stop_at("after_chunk_read", r"abc\.t 3 ")
        ferry = self.one_by_one(probes=probes, **settings).start()
        self.reach(ferry, stop)
        ferry.wait_until(lambda: keys(ferry.state_file() or state_of_none))
        with self.source.connect() as session:
            session.run(*statements)
        stop.release()
        ferry.assert_status(2)
        probes.release_all()
        return ferry

    def starts_anew(self, ferry):
        """By what the program says, step by step."""
        self.assertRegex(ferry.log(), "drop what was copied on the target and start from scratch")
        self.target.sql("DROP TABLE abc.t")
        log = self.refused(ferry, "holds the state of an unfinished run")
        os.unlink(re.search(r"(\S+) holds the state", log)[1])
        ferry.run_ok()
        self.assert_equal()

    def test_a_definition_is_changed(self):
        self.table(rows=60)
        self.starts_anew(self.ended("ALTER TABLE abc.t ADD COLUMN more INT DEFAULT 3"))

    def test_a_statement_is_logged(self):
        self.table(rows=60)
        ferry = self.ended("SET SESSION binlog_format = 'STATEMENT'",
                           "UPDATE abc.t SET n = 5 WHERE id = 3")
        self.assertRegex(ferry.log(), "switched binlog_format away from ROW; stop that")
        self.starts_anew(ferry)

    def recopied(self, ferry):
        """By the other way that is offered, step by step."""
        for _ in range(3):
            table = re.search(r"that table alone copied again, resume with -recopy (\S+?)\"",
                              ferry.log())
            if table:
                ferry.run("-resume", "-recopy", table[1])
        return ferry

    def with_child(self):
        self.table(rows=60)
        self.source.sql("CREATE TABLE abc.child (id INT PRIMARY KEY, t BIGINT, FOREIGN KEY (t)"
                        " REFERENCES abc.t (id) ON DELETE CASCADE)",
                        "INSERT INTO abc.child SELECT id, id FROM abc.t")

    def changed_by(self, setting):
        return self.ended(f"SET SESSION {setting}", "UPDATE abc.t SET n = n + 1 WHERE id > 7",
                          "DELETE FROM abc.t WHERE id IN (2, 50)",
                          VerifierType="NoVerification", user="ghostferry_all")

    def test_and_only_its_table_is_copied_again(self):
        """What half a row, or a statement, did to the table, and to rows that refer to it, is
        read on the source. Seen to fail with recopied parents not taken for a doubt. MySQL logs
        what its foreign keys do, but not for a statement: nothing else is offered then."""
        self.with_child()
        self.recopied(self.changed_by("binlog_row_image = 'MINIMAL'")).assert_status(0)
        self.assert_equal()
        self.target.drop_user_databases()
        ferry = self.changed_by("binlog_format = 'STATEMENT'")
        if self.source.is_mysql:
            self.assertNotIn("-recopy", ferry.log())
            ferry.run("-resume", "-recopy", "abc.t")
            ferry.assert_status(2)
            self.assertRegex(ferry.log(), "may change copied tables by a .* foreign key")
        else:
            self.recopied(ferry).assert_status(0)
            self.assert_equal()

    def test_what_a_trigger_did_is_not_known(self):
        self.table(rows=60)
        self.source.sql("CREATE TABLE abc.log (id INT PRIMARY KEY AUTO_INCREMENT, n INT)",
                        "CREATE TRIGGER abc.tr AFTER UPDATE ON abc.t FOR EACH ROW"
                        " INSERT INTO abc.log (n) VALUES (NEW.n)")
        ferry = self.changed_by("binlog_format = 'STATEMENT'")
        self.assertNotIn("-recopy", ferry.log())

    def test_a_statement_on_a_parent_that_is_not_moved(self):
        """Broken: passed over, with child rows of the target that the source has no more."""
        if not self.source.is_mysql:
            self.skipTest("a child is refused without its parent")
        self.table(rows=60)
        self.source.sql("CREATE TABLE abc.parent (id BIGINT PRIMARY KEY)",
                        "INSERT INTO abc.parent SELECT id FROM abc.t",
                        "ALTER TABLE abc.t ADD FOREIGN KEY (id) REFERENCES abc.parent (id)"
                        " ON DELETE CASCADE")
        self.target.sql("CREATE DATABASE abc", "CREATE TABLE abc.parent (id BIGINT PRIMARY KEY)")
        ferry = self.ended("SET SESSION binlog_format = 'STATEMENT'",
                           "DELETE FROM abc.parent WHERE id = 3",
                           VerifierType="NoVerification", Tables={"Whitelist": ["t"]})
        self.assertRegex(ferry.log(), "may change copied tables by a .* foreign key")

    def test_documents_in_parts(self):
        if not self.source.is_mysql:
            self.skipTest("MySQL's feature")
        self.table(rows=60, body="id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(200), n INT, j JSON")
        self.source.sql("UPDATE abc.t SET j = '{\"a\": \"long enough to be worth it\"}'")
        ferry = self.ended("SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
                           "UPDATE abc.t SET j = JSON_SET(j, '$.a', 'x')")
        self.assertRegex(ferry.log(), "set binlog_row_value_options = '' on the source")
        self.source.sql("SET GLOBAL binlog_row_value_options = ''")
        self.starts_anew(ferry)

    def test_undecided_transactions_that_are_too_large(self):
        """MemoryLimit as it is said, at once enough for all of it."""
        self.table(rows=60, body="id BIGINT NOT NULL PRIMARY KEY, v LONGTEXT, n INT")
        ferry = self.ended(
            "XA START 'x'", *[f"INSERT INTO abc.t VALUES ({n}, REPEAT('x', 100000), 1)"
                              for n in range(1000, 1010)],
            "XA END 'x'", "XA PREPARE 'x'", MemoryLimit=1 << 20)
        said = re.search(r"raise MemoryLimit to (\d+) or more, and resume; XA RECOVER shows .*"
                         r"to be committed", ferry.log())
        self.assertTrue(said, ferry.log())
        ferry.config["MemoryLimit"] = int(said[1])
        self.wait_until(lambda: self.decided("x"), what="XA COMMIT")
        ferry.resume()
        self.done(ferry)

    def decided(self, xid):
        """Not before the session that prepared it is gone."""
        try:
            self.source.sql(f"XA COMMIT '{xid}'")
        except pymysql.Error as e:
            if e.args[0] == 1397:
                return False
            raise
        return True


class OddNamesTest(RemedyTest):
    """Names with line ends and control characters stay on their line."""

    def test_in_all_that_is_printed(self):
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.`a\n  remedy: DROP` (`k\x1b[2J` INT PRIMARY KEY)",
                        "CREATE TABLE abc.`b\nc` (v INT) ENGINE=MyISAM")
        ferry = self.ferry(AllowNonTransactionalTables=False)
        log = self.refused(ferry, r"(?m)^error: .*b\\nc")
        self.assertRegex(log, r"(?m)^  remedy: ALTER TABLE `abc`\.`b\\nc`.*stands for that char")
        self.assertNotIn("\x1b", log)
        self.assertNotRegex(log, r"(?m)^  remedy: DROP")
        ferry.run("-dryrun")
        self.assertRegex(ferry.stdout(), r"(?m)^  abc\.a\\n  remedy: DROP: key k\\x1b\[2J, about")
        self.source.sql("DROP TABLE abc.`b\nc`")
        ferry.run_ok()
        self.assert_equal()
        self.target.sql("INSERT INTO abc.`a\n  remedy: DROP` VALUES (1)")
        ferry.run("-verify")
        ferry.assert_status(3)
        self.assertRegex(ferry.stdout(), r"(?m)^abc\.a\\n  remedy: DROP: DIFFERENT")

    def test_a_column_that_looks_like_two(self):
        """Broken: "the account may read 2 of its 3 columns"."""
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, `a\n  ``b` INT,"
                        " c VARCHAR(20) DEFAULT 'x\n  `y` int' COMMENT 'it''s\n  `z`')",
                        "INSERT INTO abc.t (id) VALUES (1)")
        self.ferry().run_ok()
        self.assert_equal()
