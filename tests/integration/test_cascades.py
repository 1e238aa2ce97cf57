"""Changes that foreign keys make in child rows, and that no binlog has, are carried (C1 to C6 of
src/README.md). Above each class stands what was broken in the program to see it go red."""

import threading

import pymysql

from lib.case import CROSS, MARIADB, MARIADB_105, MARIADB_118, MYSQL
from lib.moves import MoveTest

# Every action, and every shape of a key. Rows of p: 1 to 99, in nines: see changes().
SCHEMA = (
    "SET foreign_key_checks = 1",
    "CREATE DATABASE abc CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "USE abc",
    "CREATE TABLE p (id INT PRIMARY KEY, k INT NOT NULL UNIQUE, code VARCHAR(20) UNIQUE,"
    " a INT, b INT, UNIQUE (a, b))",
    # CASCADE on both, and below it grandchildren.
    "CREATE TABLE c (id INT PRIMARY KEY, p INT, v INT, FOREIGN KEY (p) REFERENCES p (id)"
    " ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE g (id INT PRIMARY KEY, c INT, v INT, FOREIGN KEY (c) REFERENCES c (id)"
    " ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE n (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id)"
    " ON DELETE SET NULL ON UPDATE SET NULL)",
    # The foreign key is within the child's own key, and that of the grandchild.
    "CREATE TABLE u (k INT, x INT, v INT, PRIMARY KEY (k, x), FOREIGN KEY (k) REFERENCES p (k)"
    " ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE ug (k INT, x INT, y INT, PRIMARY KEY (k, x, y), FOREIGN KEY (k, x)"
    " REFERENCES u (k, x) ON DELETE CASCADE ON UPDATE CASCADE)",
    # Two keys, to the same parent.
    "CREATE TABLE two (id INT PRIMARY KEY, p INT, q INT, FOREIGN KEY (p) REFERENCES p (id)"
    " ON DELETE CASCADE ON UPDATE CASCADE, FOREIGN KEY (q) REFERENCES p (id)"
    " ON DELETE SET NULL ON UPDATE CASCADE)",
    "CREATE TABLE m (id INT PRIMARY KEY, a INT, b INT, FOREIGN KEY (a, b) REFERENCES p (a, b)"
    " ON DELETE SET NULL ON UPDATE CASCADE)",
    "CREATE TABLE s (id INT PRIMARY KEY, code VARCHAR(20), FOREIGN KEY (code) REFERENCES p (code)"
    " ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES tree (id)"
    " ON DELETE CASCADE)",
)
FILL = tuple(
    f"INSERT INTO {table} SELECT {values} FROM seq" for table, values in (
        ("p", "i, i, CONCAT('Code ', i), i, i * 2"),
        ("c", "i, i, 0"), ("c", "i + 1000, i, 0"), ("g", "i, i, 0"), ("g", "i + 1000, i + 1000, 0"),
        ("n", "i, i"), ("u", "i, 1, 0"), ("u", "i, 2, 0"), ("ug", "i, 1, 1"), ("ug", "i, 2, 5"),
        ("two", "i, i, i"), ("two", "i + 1000, i, MOD(i, 99) + 1"),
        ("m", "i, i, i * 2"), ("s", "i, CONCAT('cODE ', i)"),
        ("tree", "i, NULL"), ("tree", "i + 1000, i"), ("tree", "i + 2000, i + 1000"),
        ("tree", "i + 3000, i + 2000")))
TABLES = ("p", "c", "g", "n", "u", "ug", "two", "m", "s", "tree")


def changes(base):
    """Of nine parents: every action, and children that the application changes too."""
    one, two, three, four, five, six, seven, eight, nine = range(base + 1, base + 10)
    return (
        "SET foreign_key_checks = 1", "USE abc",
        f"DELETE FROM p WHERE id = {one}",
        f"UPDATE p SET id = id + 10000 WHERE id = {two}",
        f"UPDATE p SET k = k + 10000 WHERE id = {three}",
        f"UPDATE p SET code = CONCAT('NEW ', id) WHERE id = {four}",
        f"UPDATE p SET a = a + 10000 WHERE id = {five}",
        # Several at once; then back again, with children of the same keys.
        f"DELETE FROM p WHERE id IN ({six}, {seven})",
        f"INSERT INTO p VALUES ({six}, {six}, 'x{six}', NULL, NULL)",
        f"INSERT INTO c VALUES ({six}, {six}, 1)", f"INSERT INTO u VALUES ({six}, 1, 1)",
        f"DELETE FROM tree WHERE id IN ({one}, {two})",
        f"INSERT INTO tree VALUES ({one}, NULL), ({one + 1000}, {one})",
        # The application before and behind the key, in one transaction.
        "BEGIN", f"UPDATE c SET v = 2 WHERE p = {eight}", f"INSERT INTO g VALUES ({eight + 5000}, {eight}, 3)",
        f"UPDATE p SET id = id + 20000, k = k + 20000 WHERE id = {eight}",
        f"UPDATE c SET v = v + 1 WHERE p = {eight + 20000}",
        f"UPDATE u SET v = 7 WHERE k = {eight + 20000} AND x = 1", "COMMIT",
        f"UPDATE p SET id = id + 30000 WHERE id = {eight + 20000}",
        "BEGIN", f"DELETE FROM c WHERE id = {nine}", f"REPLACE INTO p VALUES ({nine}, {nine}, 'r{nine}', 1, {nine})",
        f"INSERT INTO c VALUES ({nine}, {nine}, 4)", "COMMIT")


class Cascades(MoveTest):
    pairs = (MARIADB,)
    timeout = 60
    compressed = ()  # options by which the source's binlog is

    def setUp(self):
        super().setUp()
        self.choose_source()
        self.source.sql(*SCHEMA, "CREATE TEMPORARY TABLE seq (i INT PRIMARY KEY)",
                        "INSERT INTO seq VALUES " + ",".join(f"({i})" for i in range(1, 100)), *FILL)

    def choose_source(self):
        if self.source.is_mysql:  # else it logs them
            self.use_source("--innodb-native-foreign-keys=ON", *self.compressed)
        elif self.compressed:
            self.use_source(*self.compressed)

    def change(self, *statements):
        """By a session that checks foreign keys."""
        self.source.sql("SET foreign_key_checks = 1", "USE abc", *statements)

    def carry(self, **settings):
        """Without a verifier: nobody else would see to it."""
        return self.one_by_one(**{"DataIterationConcurrency": 2, "AutomaticCutover": False,
                                  "http": True, **settings})

    def carry_all(self, probes):
        """Once all is copied, and nothing in doubt."""
        ferry = self.carry(probes=probes).start()
        ferry.wait_until(lambda: probes.hits("cascades_certain"), what="the end of the copy")
        return ferry

    def cut_over(self, ferry):
        """What is left in doubt is compared in the cutover at the latest."""
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.end()
        self.assert_equal(databases=["abc"])

    def repaired(self, probes):
        return sum(int(detail) for name, detail in probes.seen if name == "doubts_compared")


class EveryActionTest(Cascades):
    """Broken: cascades_after() does nothing."""

    pairs = (MARIADB, MYSQL, *CROSS)
    also = (MARIADB_105,)

    def test_copy_stream_kill_and_resume(self):
        probes = self.probes()
        ferry = self.carry(probes=probes)
        copying = probes.stop_at("before_chunk_read", r"abc\.c ")
        ferry.start()
        self.reach(ferry, copying)
        self.source.sql(*changes(0))
        copying.release()
        ferry.wait_for_log("data copy is complete")
        self.source.sql(*changes(9))  # while it streams
        # Killed in the middle of resolutions.
        for base, place, table in ((18, "before_cascade_write", r"abc\.c "), (27, "after_cascade_write", r"abc\.g "),
                                   (36, "after_repair_read", r"abc\.u "), (45, "cascade_collected", "tree"),
                                   (54, "after_cascade", "p")):
            stop = probes.stop_at(place, table)
            self.source.sql(*changes(base))
            self.reach(ferry, stop)
            ferry.kill9()
            probes.release_all()
            ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.source.sql(*changes(63))
        self.cut_over(ferry)


class ManyChildrenTest(Cascades):
    """More than a page of them. Broken: collect_scan() ends behind the first page."""

    def test_of_one_parent(self):
        self.source.sql(
            "USE abc", "INSERT INTO p VALUES (500, 500, NULL, NULL, NULL)",
            *(f"INSERT INTO {table} SELECT seq + 100000, {column}, 0 FROM seq_1_to_5200"
              for table, column in (("c", "500"), ("g", "seq + 100000"))))
        probes = self.probes()
        ferry = self.carry(probes=probes, DataIterationBatchSize=1000).start()
        ferry.wait_for_log("data copy is complete")
        carried = probes.stop_at("after_cascade", "p")
        self.change("UPDATE p SET id = id + 1000 WHERE id = 500")
        self.reach(ferry, carried)
        stop = probes.stop_at("after_cascade_write", r"abc\.g ")
        self.change("DELETE FROM p WHERE id = 1500")
        carried.release()
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)
        self.assertEqual(self.target.sql("SELECT COUNT(*) FROM abc.g WHERE id > 100000"), ((0,),))


class TogetherTest(Cascades):
    """Changes of one parent that follow each other."""

    def held_at_once(self, probes, *statements):
        """The source goes on while the program has yet to look at what they did."""
        ferry = self.carry_all(probes)
        stop = probes.stop_at("before_cascade", "p")
        self.change(*statements)
        self.reach(ferry, stop)
        return ferry, stop

    def test_of_one_statement(self):
        """Killed amidst them. Broken: joins() is always false."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        self.change("UPDATE p SET id = id + 10000", "UPDATE p SET k = k + 10000, a = a + 10000", "DELETE FROM p WHERE k < 10050")
        ferry.wait_until(lambda: probes.hits("after_cascade") >= 3, what="the changes")
        stop = probes.stop_at("after_cascade_write", r"abc\.m ")
        self.change("UPDATE p SET id = id - 10000, a = a - 10000")
        self.reach(ferry, stop)
        self.assertEqual(probes.hits("before_cascade"), 4)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)

    def test_one_of_what_another_gave(self):
        """The child looks just as the first one made it. Broken: is_given() is always false."""
        probes = self.probes()
        ferry, stop = self.held_at_once(
            probes, "BEGIN", "UPDATE p SET id = 10001 WHERE id = 1", "DELETE FROM p WHERE id = 10001", "COMMIT",
            "INSERT INTO p VALUES (10001, 1, NULL, NULL, NULL)", "INSERT INTO c VALUES (1, 10001, 0)")
        stop.release()
        self.cut_over(ferry)

    def test_texts(self):
        """What is equal need not have the same bytes. Broken: cascade_is_exact() is always true."""
        self.change("CREATE TABLE sg (id INT PRIMARY KEY, s INT, FOREIGN KEY (s) REFERENCES s (id) ON DELETE CASCADE)",
                    "INSERT INTO sg SELECT id, id FROM s", "ALTER TABLE p ADD other VARCHAR(20) UNIQUE",
                    "UPDATE p SET other = code", "UPDATE p SET other = 'NEW' WHERE id = 5",
                    "DELETE FROM s WHERE id = 5", "ALTER TABLE s ADD FOREIGN KEY (code) REFERENCES p (other)"
                    " ON DELETE CASCADE")
        probes = self.probes()
        ferry, stop = self.held_at_once(
            probes, "BEGIN", "UPDATE p SET code = 'new' WHERE id = 4", "DELETE FROM p WHERE id = 5", "COMMIT",
            "INSERT INTO p (id, k, other) VALUES (5, 5, 'new')", "INSERT INTO s VALUES (4, 'new')")
        stop.release()
        self.cut_over(ferry)


class XaTest(Cascades):
    """Broken: an XA transaction is delivered when it is prepared."""

    pairs = (MARIADB, MYSQL)

    def prepared(self, xid, *statements):
        db = self.source.connect()
        self.addCleanup(db.close)
        db.run("SET foreign_key_checks = 1", "USE abc", f"XA START '{xid}'", *statements, f"XA END '{xid}'",
               f"XA PREPARE '{xid}'")
        return db

    def test_prepared_across_a_stop(self):
        probes = self.probes()
        ferry = self.carry(probes=probes)
        copying = probes.stop_at("before_chunk_read", r"abc\.c ")
        ferry.start()
        self.reach(ferry, copying)
        early = self.prepared("early", "UPDATE p SET id = id + 10000, k = k + 10000 WHERE id = 1")
        copying.release()  # its chunks wait for these rows
        early.run("XA COMMIT 'early'")
        ferry.wait_until(lambda: probes.hits("cascades_certain"), what="the end of the copy")
        kept = self.prepared("kept", "UPDATE p SET id = id + 10000, k = k + 10000 WHERE id = 12", "DELETE FROM p WHERE id = 13")
        undone = self.prepared("undone", "DELETE FROM p WHERE id = 24")
        while_down = self.prepared("while down", "UPDATE p SET k = k + 10000 WHERE id = 35")
        self.change("DELETE FROM p WHERE id = 46")
        ferry.wait_until(lambda: not self.target.sql("SELECT 1 FROM abc.n WHERE p = 46"), what="a change behind them")
        self.assertEqual(self.target.sql("SELECT COUNT(*) FROM abc.c WHERE p IN (12, 13, 24, 35)"), ((8,),))
        ferry.terminate()
        ferry.assert_status(2)
        while_down.run("XA COMMIT 'while down'")
        stop = probes.stop_at("after_cascade_write", r"abc\.ug ")
        ferry.resume()
        undone.run("XA ROLLBACK 'undone'")
        kept.run("XA COMMIT 'kept'")
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)
        self.assertEqual(self.target.sql("SELECT COUNT(*) FROM abc.c WHERE p IN (12, 13, 24, 35)"), ((4,),))


class CompressedTest(Cascades):
    pairs = (MARIADB,)
    compressed = ("--log-bin-compress=ON", "--log-bin-compress-min-len=10")

    def test_in_compressed_events(self):
        probes = self.probes()
        ferry = self.carry_all(probes)
        self.source.sql(*changes(0))
        stop = probes.stop_at("cascade_collected", "p")
        self.source.sql(*changes(9))
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)


class CompressedTransactionsTest(CompressedTest):
    pairs = (MYSQL,)
    compressed = ("--binlog-transaction-compression=ON",)


class SetDefaultTest(Cascades):
    """Broken: SET DEFAULT counts as an action: the children are refused, as their parent is not moved."""

    pairs = (MARIADB, MYSQL)
    also = (MARIADB_105, MARIADB_118)

    def test_no_server_does_it(self):
        self.change("CREATE TABLE d (id INT PRIMARY KEY, p INT DEFAULT 7, FOREIGN KEY (p) REFERENCES p (id)"
                    " ON DELETE SET DEFAULT)", "CREATE TABLE e (id INT PRIMARY KEY, p INT DEFAULT 7, FOREIGN KEY (p)"
                    " REFERENCES p (id) ON UPDATE SET DEFAULT)", "INSERT INTO d VALUES (1, 1)", "INSERT INTO e VALUES (1, 2)")
        for statement in ("DELETE FROM p WHERE id = 1", "UPDATE p SET id = 1000 WHERE id = 2"):
            with self.assertRaisesRegex(pymysql.Error, "1451"):
                self.change(statement)
        self.ferry(Tables={"Whitelist": ["d", "e"]}).run_ok()
        self.assert_equal(databases=["abc"], only=["d", "e"])


class NativeKeysTest(Cascades):
    """MySQL is started again with the other kind of foreign keys."""

    pairs = (MYSQL,)

    def choose_source(self):
        self.source = self.private_server("source")

    def restart(self, value):
        self.source.options[:] = [f"--innodb-native-foreign-keys={value}"]
        self.source.restart()

    def test_that_are_logged_no_longer_and_again(self):
        """Broken: check_cascades() of ferry_source.c is always true; carried_cascades is never set."""
        probes = self.probes()
        ferry = self.carry(probes=probes).start()
        ferry.wait_for_log("data copy is complete")
        self.change("DELETE FROM p WHERE id = 1")
        self.restart("ON")
        self.change("DELETE FROM p WHERE id = 2")
        ferry.wait_until(lambda: not self.target.sql("SELECT 1 FROM abc.p WHERE id = 2"), what="the change")
        ferry.allow_cutover()
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), "the source was restarted, and no longer logs what foreign keys change")
        ferry.resume()
        ferry.wait_until(lambda: probes.hits("cascades_certain"), what="the end of the copy")
        stop = probes.stop_at("before_cascade", "p")
        self.change("DELETE FROM p WHERE id = 3")
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        self.restart("OFF")
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.change("DELETE FROM p WHERE id = 4")
        self.cut_over(ferry)


class PartsTest(Cascades):
    """Tables.Where, and two runs that move the two parts."""

    pairs = (MARIADB, MYSQL)
    WHERE = "tenant = %d"

    def setUp(self):
        super().setUp()
        rule = "FOREIGN KEY (%s) REFERENCES %s ON DELETE CASCADE ON UPDATE CASCADE"
        self.change(
            "CREATE TABLE tp (id INT PRIMARY KEY, k INT NOT NULL UNIQUE, tenant INT)",
            f"CREATE TABLE tc (id INT PRIMARY KEY, tenant INT, p INT, {rule % ('p', 'tp (id)')})",
            f"CREATE TABLE tg (id INT PRIMARY KEY, tenant INT, c INT, {rule % ('c', 'tc (id)')})",
            f"CREATE TABLE tu (k INT, x INT, tenant INT, PRIMARY KEY (k, x), {rule % ('k', 'tp (k)')})",
            *(f"INSERT INTO tp VALUES ({i}, {i}, {i % 2})" for i in range(1, 30)),
            # Of parents in the part and outside of it, and so the rows below them.
            *(f"INSERT INTO t{t} VALUES ({i + 100 * n}, {n % 2}, {i})"
              for t in "cg" for i in range(1, 30) for n in (0, 1)),
            "UPDATE tg SET c = c + 100 WHERE id > 115",
            *(f"INSERT INTO tu VALUES ({i}, {n}, {n})" for i in range(1, 30) for n in (0, 1)))
        self.target.sql("GRANT ALL ON _ghostferry.* TO ghostferry@'%'")
        self.addCleanup(self.target.sql, "REVOKE ALL ON _ghostferry.* FROM ghostferry@'%'")

    def part(self, tenant, **settings):
        return self.carry(
            Tables={"Whitelist": ["tp", "tc", "tg", "tu"], "Where": {f"abc.t{t}": self.WHERE % tenant for t in "pcgu"}},
            Target={"Marginalia": f"part {tenant}"}, FriendlyRuns=[f"part {1 - tenant}"], **settings)

    def test_across_the_border(self):
        probes = self.probes()
        # The tables are there before the second run looks.
        first = self.part(0).start()
        first.wait_for_log("data copy is complete")
        second = self.part(1, probes=probes, AllowExistingTargetTable=True)
        copying = probes.stop_at("before_chunk_read", r"abc\.tc ")
        second.start()
        self.reach(second, copying)
        self.change("DELETE FROM tp WHERE id IN (1, 2)", "UPDATE tp SET id = id + 1000, k = k + 1000 WHERE id IN (3, 4)")
        copying.release()
        second.wait_for_log("data copy is complete")
        stop = probes.stop_at("after_cascade_write", r"abc\.tg ")
        self.change("DELETE FROM tp WHERE id BETWEEN 5 AND 8", "UPDATE tp SET id = id + 1000, k = k + 1000 WHERE id BETWEEN 9 AND 14",
                    "DELETE FROM tc WHERE id IN (20, 21, 120, 121)", "DELETE FROM tp WHERE id IN (15, 16, 17)")
        self.reach(second, stop)
        second.kill9()
        probes.release_all()
        second.resume(second.state_file(), as_it_is=True)
        second.wait_for_log("data copy is complete")
        for run in (first, second):
            run.allow_cutover()
            run.wait_for_status(lambda s: s["OverallState"] == "done")
            run.end()
        self.assert_equal(databases=["abc"], only=["tp", "tc", "tg", "tu"])

    def test_a_row_of_others_stays(self):
        """Broken: repair_slice() replaces."""
        ferry = self.part(1).start()
        ferry.wait_for_log("data copy is complete")
        self.target.sql("SET @a = 1 /* part 0 */", "INSERT INTO abc.tu VALUES (1001, 1, 0)")
        self.change("UPDATE tp SET k = 1001 WHERE id = 1")
        ferry.assert_status(2)
        self.assertRegex(ferry.log(), r"a row is in the way of one that is copied again, and does not belong")
        self.assertEqual(self.target.sql("SELECT tenant FROM abc.tu WHERE k = 1001"), ((0,),))
        self.target.sql("DELETE FROM abc.tu WHERE k = 1001")
        ferry.resume()
        ferry.wait_for_log("data copy is complete")
        ferry.allow_cutover()
        ferry.wait_for_status(lambda s: s["OverallState"] == "done")
        ferry.end()
        self.assert_equal(databases=["abc"], only=["tp", "tc", "tg", "tu"], where=self.WHERE % 1)


class CertainTest(Cascades):
    """Broken: is_certain_at() is always false."""

    def test_nothing_is_in_doubt_once_all_is_copied(self):
        probes = self.probes()
        ferry = self.carry_all(probes)
        for base in range(0, 90, 9):
            self.change(f"DELETE FROM p WHERE id = {base + 1}",
                        f"UPDATE p SET id = id + 10000 WHERE id = {base + 2}",
                        f"DELETE FROM tree WHERE id = {base + 3}")
        self.cut_over(ferry)
        self.assertEqual(probes.hits("cascade_doubt"), 0, ferry.log())


class DoubtTest(Cascades):
    """Broken: cascades_before_cutover() and cascades_during_cutover() do nothing, red are all but
    the last."""

    def test_a_child_that_was_not_copied_yet(self):
        """(a): the grandchild was copied before the change, its parent is read after it."""
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, DataIterationConcurrency=2,
                                Tables={"Whitelist": ["p", "c", "g"]})
        copying = probes.stop_at("before_chunk_read", r"abc\.c ")
        ferry.start()
        self.reach(ferry, copying)
        ferry.wait_for_log(r"table abc\.g is copied")
        self.change("DELETE FROM p WHERE id < 90")
        copying.release()
        ferry.assert_status(0)
        self.assert_equal(databases=["abc"], only=["p", "c", "g"])
        self.assertGreater(self.repaired(probes), 0)

    def test_b_replay(self):
        """(b): the first pass removed the child, the second brings the grandchild back."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        stop = probes.stop_at("after_cascade", "p")
        self.change("BEGIN", "INSERT INTO g VALUES (5000, 1, 9)", "DELETE FROM p WHERE id = 1", "COMMIT")
        self.reach(ferry, stop)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)
        self.assertGreater(self.repaired(probes), 0)

    def test_c_ahead(self):
        """(c): as the child is looked at again it is gone already, by a later change."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        stop = probes.stop_at("before_cascade", "p")
        self.change("UPDATE p SET id = 10001 WHERE id = 1")
        self.reach(ferry, stop)
        self.change("INSERT INTO g VALUES (5000, 1, 9)", "DELETE FROM p WHERE id = 10001")
        stop.release()
        # The doubt is in the state; the changes do not come again. Broken: restore().
        ferry.wait_until(lambda: not self.target.sql("SELECT 1 FROM abc.p WHERE id IN (1, 10001)"),
                         what="the last change")
        self.let_the_state_be_saved(ferry)
        ferry.terminate()
        ferry.assert_status(2)
        self.assertIn("abc.g", ferry.state()["Cascades"]["InDoubt"])
        ferry.resume()
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)
        self.assertGreater(self.repaired(probes), 0)

    def test_b_replay_in_one_process(self):
        """(b), by a lost connection in mid-transaction. Broken: note_place() notices nothing."""
        self.source.sql("CREATE TABLE abc.bulk (id INT PRIMARY KEY, v LONGTEXT)")
        probes = self.probes()
        ferry = self.carry(probes=probes, MemoryLimit=128 << 20).start()
        ferry.wait_until(lambda: probes.hits("cascades_certain"), what="the end of the copy")
        stop = probes.stop_at("after_cascade", "p")
        # More than is buffered until the commit, and than is on its way.
        self.change("BEGIN", "INSERT INTO g VALUES (5000, 1, 9)", "DELETE FROM p WHERE id = 1",
                    "INSERT INTO bulk SELECT seq, REPEAT('x', 200000) FROM seq_1_to_150", "COMMIT")
        self.reach(ferry, stop)
        self.source.kill_connections("ghostferry")
        stop.release()
        ferry.wait_for_log("binlog stream taken up again")
        self.cut_over(ferry)
        self.assertGreater(self.repaired(probes), 0)

    def test_an_owed_child(self):
        """It was skipped, and changed by foreign keys only: nothing else brings it. Broken:
        doubt_owed() does nothing: red, by status 3."""
        self.change("CREATE TABLE one (id INT PRIMARY KEY, p INT UNIQUE, FOREIGN KEY (p)"
                    " REFERENCES p (id) ON UPDATE CASCADE)", "INSERT INTO one SELECT id, id FROM p")
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, Tables={"Whitelist": ["p", "one"]})
        copying = probes.stop_at("before_chunk_read", r"abc\.one ", nth=3)
        ferry.start()
        self.reach(ferry, copying)
        streaming = probes.stop_at("before_cascade")
        self.change("UPDATE p SET id = 1000 WHERE id = 1", "UPDATE p SET id = 1 WHERE id = 50")
        self.reach(ferry, streaming)
        copying.release()
        self.seen(ferry, probes, "rows_skipped", r"abc\.one")
        streaming.release()
        ferry.assert_status(0)
        self.assert_equal(databases=["abc"], only=["p", "one"])

    def test_the_same_child_again(self):
        """Broken: what is below a row is looked for only where the row looks different now."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        stop = probes.stop_at("before_cascade", "p")
        self.change("DELETE FROM p WHERE id = 1")
        self.reach(ferry, stop)
        self.change("INSERT INTO p VALUES (1, 1, 'Code 1', 1, 2)", "INSERT INTO c VALUES (1, 1, 0)")
        stop.release()
        self.cut_over(ferry)


class OrderTest(Cascades):
    def test_a_commit_that_is_not_visible_yet(self):
        """I1. Broken: row_reader_keys() without a lock, red by the DELETE; no wait_for_parent(), red
        by the UPDATE, which moves the children's own key."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        for n, change in enumerate(("DELETE FROM abc.p WHERE id = 1",
                                    "UPDATE abc.p SET k = 10002 WHERE id = 2"), 1):
            held = self.held_commits()
            held.commit("SET foreign_key_checks = 1", change)
            ferry.wait_until(lambda: self.waits_for_a_lock(self.source)
                             or probes.hits("after_cascade") == n, what="a read that waits")
            held.release()
            ferry.wait_until(lambda: probes.hits("after_cascade") == n, what="the children")
        self.cut_over(ferry)

    def test_a_chunk_on_its_way(self):
        """C1. Broken: binlog_writer_settle() waits for nothing."""
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, Tables={"Whitelist": ["p", "n"]})
        stop = probes.stop_at("after_chunk_read", r"abc\.n ")
        ferry.start()
        self.reach(ferry, stop)
        self.change("DELETE FROM p WHERE id < 10")
        ferry.wait_until(lambda: probes.hits("before_cascade"), what="the change")
        threading.Timer(.5, stop.release).start()
        ferry.assert_status(0)
        self.assert_equal(databases=["abc"], only=["p", "n"])

    def test_killed_before_it_is_resolved(self):
        """C5. Broken: cascades_boundary() behind binlog_writer_boundary()."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        stop = probes.stop_at("before_cascade", "p")
        self.change("DELETE FROM p WHERE id = 2")
        self.reach(ferry, stop)
        ferry.wait_until(lambda: not self.target.sql("SELECT 1 FROM abc.p WHERE id = 2"),
                         what="the parent's own change")
        self.let_the_state_be_saved(ferry)
        ferry.kill9()
        probes.release_all()
        ferry.resume(ferry.state_file(), as_it_is=True)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)

    def test_changes_that_are_queued(self):
        """C1. Broken: the same."""
        probes = self.probes()
        ferry = self.carry_all(probes)
        stop = probes.stop_at("before_binlog_apply", r"abc\.n ")
        self.change("UPDATE n SET p = 2 WHERE id = 1", "DELETE FROM p WHERE id = 2")
        self.reach(ferry, stop)
        ferry.wait_until(lambda: probes.hits("before_cascade"), what="the change")
        threading.Timer(.5, stop.release).start()
        self.cut_over(ferry)


class RefusalTest(Cascades):
    def test_what_cannot_be_carried(self):
        ferry = self.ferry(Tables={"Whitelist": ["c", "g"]})
        ferry.run()
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), r"table: abc\.c, constraint: .*and is not carried: abc\.p is not moved"
                         r"\n +remedy: choose abc\.p too, or ALTER TABLE `abc`\.`c` DROP FOREIGN KEY")
        self.assertNotRegex(ferry.log(), r"table: abc\.g, constraint")

    def test_another_collation_on_the_target(self):
        """Broken: is_found_there() is always true: the dry run finds nothing."""
        ferry = self.ferry(CollationRewrites={"utf8mb4_general_ci": "utf8mb4_bin"})
        said = (r"table: abc\.s, constraint: .*is not carried: column code has the collation utf8mb4_general_ci on"
                r" MariaDB, and utf8mb4_bin on the target")
        self.assertEqual(ferry.run("-dryrun"), 1)
        self.assertRegex(ferry.stdout(), said)
        ferry.run()
        ferry.assert_status(1)
        self.assertRegex(ferry.log(), said)
        self.assertEqual(self.target.databases(), [])

    def test_a_state_that_knows_nothing_of_it(self):
        """A run that was told not to look carries no cascade; one that goes on makes up for it."""
        probes = self.probes()
        ferry = self.carry(probes=probes, UnloggedCascades="refuse", SkipForeignKeyConstraintsCheck=True).start()
        ferry.wait_for_log("data copy is complete")
        self.change("DELETE FROM p WHERE id < 10")
        ferry.wait_until(lambda: not self.target.sql("SELECT 1 FROM abc.p WHERE id < 10"),
                         what="the parents' own change")
        self.let_the_state_be_saved(ferry)
        ferry.terminate()
        ferry.assert_status(2)
        ferry.resume(UnloggedCascades="carry", SkipForeignKeyConstraintsCheck=False)
        ferry.wait_for_log("data copy is complete")
        self.cut_over(ferry)
