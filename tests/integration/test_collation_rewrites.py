"""CollationRewrites: collations that the target does not know become others, as proposed by the
refusal, with live writes, kill and resume; no row is merged silently by the other collation,
whichever way it comes."""

import json
import re

from lib.moves import MoveTest

TAGS = ("collations", "any_client")

# The ends that differ most, and both ways between the flavours.
PAIRS = (("mysql", "mariadb"), ("mysql", "mariadb-11.8"), ("mysql", "mariadb-10.5"),
         ("mariadb-11.8", "mysql"), ("mariadb", "mariadb-10.5"))


class RewriteTest(MoveTest):
    def own(self, strength="ai_ci", language=""):
        """A collation of the source's flavour alone."""
        if self.source.is_mysql:
            return f"utf8mb4_{language and 'de_pb_'}0900_{strength}"
        return f"utf8mb4_uca1400_{language and 'german2_'}{strength}"

    def proposed(self, ferry):
        """Runs into the refusal, and pastes what it says."""
        ferry.run()
        ferry.assert_status(1)
        found = re.search(r'"CollationRewrites": (\{[^}]*\})', ferry.log() + ferry.stdout())
        self.assertTrue(found, ferry.log()[-3000:])
        return json.loads(found.group(1))

    def collation(self, server, column, table="t"):
        return server.value("SELECT COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA"
                            f" = 'abc' AND TABLE_NAME = '{table}' AND COLUMN_NAME = '{column}'")


class ProposalTest(RewriteTest):
    pairs = PAIRS

    NEAREST = {
        "mysql": ("utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_de_pb_0900_ai_ci"),
        "mariadb": ("utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_uca1400_nopad_as_cs",
                    "utf8mb4_uca1400_german2_nopad_ai_ci"),
        "mariadb-10.5": ("utf8mb4_unicode_520_ci", "utf8mb4_nopad_bin", "utf8mb4_german2_ci"),
    }

    def test_what_is_proposed_leads_out(self):
        """With writes meanwhile; killed in the copy and in the stream."""
        ai, cs, german = self.own(), self.own("as_cs"), self.own(language="german")
        self.source.sql(
            f"CREATE DATABASE abc COLLATE {ai}", "USE abc",
            f"CREATE TABLE t (k VARCHAR(40) COLLATE {ai} NOT NULL, c VARCHAR(40) COLLATE {cs},"
            f" g TEXT COLLATE {german}, e ENUM('a', 'B') COLLATE {ai}, l VARCHAR(40) CHARACTER SET"
            f" latin1, u VARCHAR(40) AS (UPPER(k)) STORED, PRIMARY KEY (k), UNIQUE KEY c (c))"
            f" COLLATE {ai}", *(f"INSERT INTO t (k, c, g, e, l) VALUES ('kéy {n}', 'C{n}', 'ß{n}',"
                                f" 'B', 'é')" for n in range(60)))
        ferry = self.one_by_one(VerifierType="Inline")
        if self.pair[1] != "mariadb-11.8":
            ferry.config["CollationRewrites"] = rewrites = self.proposed(ferry)
            names = self.NEAREST[self.pair[1]]
            if self.pair == ("mariadb", "mariadb-10.5"):
                names = names[0], "utf8mb4_bin", names[2]
            self.assertEqual(rewrites, dict(zip((ai, cs, german), names)))
        else:
            ferry.config["CollationRewrites"] = {
                "*_0900_ai_ci": "utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_0900_as_*": "utf8mb4_nopad_bin",
                german: "utf8mb4_german2_ci"}
            names = "utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_nopad_bin", "utf8mb4_german2_ci"
        probes = self.probes()
        ferry = self.one_by_one(VerifierType="Inline", probes=probes,
                                CollationRewrites=ferry.config["CollationRewrites"])
        stop = probes.stop_at("after_batch_write")
        ferry.start()
        self.reach(ferry, stop)
        self.source.sql("UPDATE abc.t SET k = CONCAT(k, ' x'), c = CONCAT(c, 'é') WHERE k < 'kéy 3'",
                        "DELETE FROM abc.t WHERE k LIKE '%5'")
        ferry.kill9()
        stop.release()
        done = probes.stop_at("copy_done")
        ferry.resume_file()
        self.reach(ferry, done)
        self.source.sql("INSERT INTO abc.t (k, c) VALUES ('late', 'late'), ('late2', 'LATE')",
                        "UPDATE abc.t SET k = 'LATE' WHERE k = 'late'",
                        "DELETE FROM abc.t WHERE k = 'kéy 7'")
        self.seen(ferry, probes, "after_binlog_apply")
        ferry.kill9()
        done.release()
        ferry.resume_file()
        ferry.assert_status(0)
        self.assert_equal()
        self.assertEqual(ferry.run("-verify"), 0)
        self.assertEqual(tuple(self.collation(self.target, c) for c in "kcg"), names)
        self.assertEqual(self.collation(self.target, "e"), names[0])
        self.assertEqual(self.target.value("SELECT DEFAULT_COLLATION_NAME FROM information_schema"
                                           ".SCHEMATA WHERE SCHEMA_NAME = 'abc'"), names[0])
        self.assertEqual(self.target.value("SELECT TABLE_COLLATION FROM information_schema.TABLES"
                                           " WHERE TABLE_SCHEMA = 'abc'"), names[0])


class RefusedTest(RewriteTest):
    pairs = (("mysql", "mariadb"),)

    def test_of_another_character_set_or_unknown(self):
        self.source.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t (k VARCHAR(9) COLLATE {self.own()}"
                        " PRIMARY KEY)")
        for name, says in (("latin1_bin", "of another character set"),
                           ("utf8mb4_nothing", "not known to the server")):
            ferry = self.ferry(CollationRewrites={"utf8mb4_0900_ai_*": name})
            self.assertEqual(self.proposed(ferry),
                             {self.own(): "utf8mb4_uca1400_nopad_ai_ci", "utf8mb4_0900_ai_*": name})
            self.assertRegex(ferry.log() + ferry.stdout(),
                             f"{name}, which CollationRewrites has for the utf8mb4_0900_ai_ci of"
                             rf" abc(\.t)?, is {says}")

    def test_many_tables(self):
        """One error for all. Broken: one for each, with the same remedy."""
        self.source.sql("CREATE DATABASE abc", *(
            f"CREATE TABLE abc.t{i:02} (k VARCHAR(9) COLLATE {self.own()} PRIMARY KEY)"
            for i in range(23)))
        self.source.sql(f"ALTER DATABASE abc COLLATE {self.own()}", *(
            f"CREATE TABLE abc.n{i} (k INT PRIMARY KEY)" for i in range(3)))
        ferry = self.ferry()
        self.assertEqual(self.proposed(ferry), {self.own(): "utf8mb4_uca1400_nopad_ai_ci"})
        for what in ("database abc", r"abc\.n\d, abc\.n\d, abc\.n\d"):
            self.assertRegex(ferry.log(), rf"(?m)^warning: .*the default collation {self.own()} of"
                             rf' {what} is not known .*\n  remedy: set "CollationRewrites": ')
        self.assertRegex(ferry.log(), rf"(?m)^error: .*the collation {self.own()} of"
                         r" (abc\.t\d\d(, | )){20}and 3 more tables is not known to the server$")
        self.assertEqual(ferry.log().count("\nerror: target: the collation"), 1, ferry.log())

    def test_values_that_would_become_one(self):
        """By the target's own collation, which the source does not know."""
        self.source.sql("CREATE DATABASE abc", "CREATE TABLE abc.t (k VARCHAR(9) COLLATE"
                        " utf8mb4_0900_as_cs PRIMARY KEY)",
                        "INSERT INTO abc.t VALUES ('a'), ('A'), ('á'), ('b'), ('c')")
        ferry = self.ferry(CollationRewrites={"*": "utf8mb4_uca1400_nopad_ai_ci"})
        ferry.run()
        ferry.assert_status(1)
        self.assertRegex(ferry.log() + ferry.stdout(), r"abc\.t\.k is unique .*for equal, and 2 rows"
                         " in all would not find a place")


class MergedTest(RewriteTest):
    """Rows that the preflight could not see, under a collation that takes more for equal."""

    pairs = PAIRS[:1] + PAIRS[3:4]

    def start(self, body="k VARCHAR(9) COLLATE {fine} PRIMARY KEY, v INT",
              rows="('b', 1), ('c', 1)", at=("before_copy",), **settings):
        fine, self.coarse = (("utf8mb4_0900_as_cs", "utf8mb4_uca1400_ai_ci")
                             if self.source.is_mysql else
                             ("utf8mb4_uca1400_as_cs", "utf8mb4_0900_ai_ci"))
        self.source.sql("CREATE DATABASE abc", f"CREATE TABLE abc.t ({body.format(fine=fine)})",
                        f"INSERT INTO abc.t VALUES {rows}")
        probes = self.probes()
        ferry = self.one_by_one(probes=probes, CollationRewrites={fine: self.coarse}, **settings)
        before, done = probes.stop_at(*at), probes.stop_at("copy_done")
        ferry.start()
        self.reach(ferry, before)
        return ferry, probes, before, done

    def refused(self, ferry):
        """By whoever looks first: the verifier, or I9."""
        ferry.assert_status(3)
        self.assertRegex(ferry.log(), r"abc\.t.*(PKs:|key) '?[xX]'?\W.*missing on( the)? target|"
                         r"abc\.t.*rows.*differ")

    def test_by_the_copy(self):
        for settings in ({"TargetWriteMethod": "insert", "VerifierType": "ChecksumTable"},
                         {"TargetWriteMethod": "auto", "VerifierType": "Inline"},
                         {"TargetWriteMethod": "auto"}):
            with self.subTest(**settings):
                for server in (self.source, self.target):
                    server.drop_user_databases()
                ferry, _, before, done = self.start(**settings)
                # As if they had been there, and the preflight had not looked.
                self.source.sql("INSERT INTO abc.t VALUES ('x', 1), ('X', 2)")
                before.release()
                self.refused(ferry)  # not at the cutover: the copy's end is held up
                done.release()

    def test_by_the_stream_and_a_resume(self):
        """A deletion hits exactly its row; what had to give way is owed, over a resume, too."""
        ferry, probes, before, done = self.start()
        before.release()
        self.reach(ferry, done)
        self.source.sql("INSERT INTO abc.t VALUES ('x', 1)", "INSERT INTO abc.t VALUES ('X', 2)",
                        "INSERT INTO abc.t VALUES ('y', 1)", "INSERT INTO abc.t VALUES ('Y', 2)",
                        "DELETE FROM abc.t WHERE k = 'y'", "UPDATE abc.t SET v = 3 WHERE k = 'Y'")
        # Not at the cutover, which is held up.
        self.refused(ferry)
        self.assertRegex(ferry.log(), r"abc\.t, key x: .* beside the row with key X: the source's"
                                      " unique key PRIMARY tells x and X apart")
        done.release()
        state = ferry.state()
        ferry.resume(state)
        # The start looks at all values again, and says so before anything is done.
        ferry.assert_status(1)
        self.assertIn("for equal, and 1 row in all", ferry.log() + ferry.stdout())
        self.source.sql("DELETE FROM abc.t WHERE k = 'x'")
        ferry.resume(state)
        ferry.assert_status(0)
        self.assert_equal()

    def test_a_value_that_moves_is_no_alarm(self):
        """From a copied row to one that is copied later, which finds it taken; the change that
        makes room is held up while it is looked at. Red with has() of merged_rows.c looking at
        keys alone."""
        ferry, probes, read, done = self.start(
            "id INT PRIMARY KEY, u VARCHAR(9) COLLATE {fine}, UNIQUE KEY u (u)",
            ", ".join(f"({n}, 'v{n}')" for n in range(1, 26)), ("before_chunk_read", "", 2))
        held = probes.stop_at("change_received")
        self.source.sql("BEGIN", "UPDATE abc.t SET u = 'w' WHERE id = 3",
                        "UPDATE abc.t SET u = 'V3' WHERE id = 13", "COMMIT")
        self.reach(ferry, held)
        read.release()
        self.reach(ferry, done)
        self.seen(ferry, probes, "owed_row_searched", "abc.t", 2)
        held.release()
        done.release()
        self.done(ferry)

    def test_by_the_stream(self):
        ferry, _, before, done = self.start(VerifierType="Inline")
        before.release()
        self.reach(ferry, done)
        self.source.sql("INSERT INTO abc.t VALUES ('x', 1)", "INSERT INTO abc.t VALUES ('X', 2)")
        done.release()
        self.refused(ferry)
