"""Start-up checks: what stands against a move is found before anything is written,
all of it at once, with the remedy; and what is created is what the source has."""

import re

from lib.case import FerryTest

TAGS = ("any_client",)


class PreflightTest(FerryTest):
    def setUp(self):
        super().setUp()
        self.before = []
        self.source.sql("CREATE DATABASE abc",
                        "CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9))")

    def report(self, status=1, **settings):
        """The text of a dry run that ends with this status."""
        ferry = self.ferry(**settings)
        ferry.run("-dryrun")
        ferry.assert_status(status)
        self.assertEqual(self.target.databases(), self.before)
        return ferry.stdout() + ferry.log()

    def on_target(self, *statements):
        self.target.sql("CREATE DATABASE abc", *statements)
        self.before = ["abc"]

    def assert_found(self, text, *parts):
        for part in parts:
            self.assertIn(part, text)

    def test_a_plain_table_has_nothing_against_it(self):
        text = self.report(0)
        self.assertNotIn("error:", text)
        self.assertNotIn("warning:", text)

    def test_everything_is_found_at_once(self):
        self.source.sql(
            "CREATE TABLE abc.nokey (a INT)",
            "CREATE TABLE abc.old (a INT PRIMARY KEY) ENGINE=MyISAM",
            "CREATE TABLE abc.approximate (d DOUBLE PRIMARY KEY)",
            "CREATE VIEW abc.w AS SELECT 1 AS one")
        self.assert_found(
            self.report(AllowTablesWithoutKey=False, AllowNonTransactionalTables=False),
            "`abc`.`nokey` has no Primary Key", "ALTER TABLE `abc`.`nokey` ADD PRIMARY KEY",
            "table abc.old uses the engine MyISAM", "ALTER TABLE `abc`.`old` ENGINE=InnoDB",
            "`d`, which is a floating point number",
            "the view abc.w is not moved")

    def test_an_existing_table_is_refused_by_name(self):
        self.on_target("CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9))")
        self.assert_found(self.report(), "target: 1 table is there already: `abc`.`t`",
                          "DROP TABLE `abc`.`t`", "AllowExistingTargetTable")

    def test_the_statement_that_drops_existing_tables_works(self):
        names = [f"t{n}" for n in range(60)]
        create = [f"CREATE TABLE abc.{name} (id INT PRIMARY KEY)" for name in names]
        create.append("CREATE TABLE abc.u (id INT PRIMARY KEY, t INT,"
                      " FOREIGN KEY (t) REFERENCES abc.t1 (id))")
        self.source.sql(*create)
        self.on_target(*create)
        remedy = re.search("remedy: (.*); or set AllowExisting", self.report()).group(1)
        with self.target.connect() as db:
            db.run(*remedy.split("; "))
        self.report(0)

    def test_an_existing_table_must_fit(self):
        self.on_target("CREATE TABLE abc.t (id INT, v VARCHAR(8), x INT NOT NULL,"
                       " UNIQUE KEY u (v))",
                       "CREATE TRIGGER abc.tr BEFORE INSERT ON abc.t FOR EACH ROW SET NEW.x = 1")
        self.assert_found(
            self.report(AllowExistingTargetTable=True, user="ghostferry_all"),
            "column v of `abc`.`t` is of another type: varchar(9) on the source",
            "column x of `abc`.`t` is not on the source",
            "no UNIQUE key over just the NOT NULL columns (`id`)",
            "the unique key u of `abc`.`t` is not on the source",
            "the trigger tr on abc.t would change rows")

    def test_an_existing_table_that_fits_is_used(self):
        self.on_target("CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9))")
        self.source.sql("INSERT INTO abc.t VALUES (-1, 'x'), (0, NULL), (7, '')")
        self.ferry(AllowExistingTargetTable=True).run_ok()
        self.assert_equal()

    def test_settings_of_the_servers(self):
        self.source.sql("SET GLOBAL binlog_format = 'MIXED'",
                        "SET GLOBAL binlog_row_image = 'MINIMAL'")
        self.target.sql("SET GLOBAL read_only = 1")
        try:
            text = self.report()
        finally:
            self.source.sql("SET GLOBAL binlog_format = 'ROW'",
                            "SET GLOBAL binlog_row_image = 'FULL'")
            self.target.sql("SET GLOBAL read_only = 0")
        self.assert_found(text, "binlog_format must be ROW, not MIXED",
                          "binlog_row_image must be FULL, not MINIMAL",
                          "@@read_only must be OFF on target db")

    def test_cascades_that_are_not_logged(self):
        self.source.sql("CREATE TABLE abc.c (id INT PRIMARY KEY, p INT, CONSTRAINT fk"
                        " FOREIGN KEY (p) REFERENCES abc.t (id) ON DELETE CASCADE)")
        found = "found at least 1 foreign key constraint on source DB. table: abc.c,"
        if self.flavour == "mariadb":
            self.assertNotIn(found, self.report(0))
            self.assertIn(found, self.report(UnloggedCascades="refuse"))
            self.assertNotIn(found, self.report(0, UnloggedCascades="refuse",
                                                SkipForeignKeyConstraintsCheck=True))
        else:  # from MySQL 9.6 on cascades are in the binlog
            self.assertNotIn(found, self.report(0))

    def test_plain_foreign_keys_are_moved(self):
        self.source.sql(
            "CREATE TABLE abc.a (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES abc.t (id))",
            "INSERT INTO abc.t VALUES (1, 'x')", "INSERT INTO abc.a VALUES (1, 1)")
        self.ferry(Databases={"Rewrites": {"abc": "xyz"}}).run_ok()
        self.assertIn("REFERENCES `t` (`id`)",
                      self.target.db.rows("SHOW CREATE TABLE xyz.a")[0][1])

    def account(self, *grants):
        """Settings with an account on the source that may do no more than this."""
        self.source.sql("CREATE USER narrow@'%' IDENTIFIED BY 'secret'",
                        *(f"GRANT {what} TO narrow@'%'" for what in grants))
        self.addCleanup(self.source.sql, "DROP USER narrow@'%'")
        return {"Source": {"User": "narrow", "Pass": "secret"}}

    def test_columns_that_may_not_be_read_are_not_left_out(self):
        self.source.sql("INSERT INTO abc.t VALUES (1, 'x')")
        narrow = self.account("REPLICATION SLAVE, REPLICATION CLIENT, TRIGGER ON *.*",
                              "SELECT (id) ON abc.t")
        self.assert_found(self.report(**narrow),
                          "cannot be copied: table abc.t: source: SELECT command denied",
                          "remedy: GRANT SELECT ON `abc`.`t` TO `narrow`@`%`")
        self.on_target("CREATE TABLE abc.t (id INT PRIMARY KEY, v VARCHAR(9))",
                       "INSERT INTO abc.t VALUES (1, 'x')")
        ferry = self.ferry(**narrow)
        ferry.run("-verify")
        ferry.assert_status(1)
        self.assertIn("cannot compare: table abc.t: source: SELECT command denied", ferry.log())
        self.source.sql("GRANT SELECT ON abc.t TO narrow@'%'")
        self.assertNotIn("error:", self.report(0, AllowExistingTargetTable=True, **narrow))

    def test_an_invisible_column_that_may_not_be_read(self):
        """MariaDB's "t.*" is enough of a test there."""
        self.source.sql("ALTER TABLE abc.t ADD hidden INT INVISIBLE DEFAULT 1")
        text = self.report(**self.account(
            "REPLICATION SLAVE, REPLICATION CLIENT, TRIGGER ON *.*", "SELECT (id, v) ON abc.t"))
        self.assert_found(text, "cannot be copied: table abc.t: "
                          + ("the account may read 2 of its 3 columns" if self.source.is_mysql
                             else "source: SELECT command denied"),
                          "remedy: GRANT SELECT ON `abc`.`t` TO `narrow`@`%`")

    def test_a_table_that_may_not_be_read(self):
        text = self.report(**self.account(
            "REPLICATION SLAVE, REPLICATION CLIENT, TRIGGER ON *.*"))
        self.assertIn("abc.t: the server does not show the column id of index PRIMARY: the "
                      "account lacks SELECT on it", text)

    def test_the_source_itself_is_no_target(self):
        text = self.report(target=self.source, AllowExistingTargetTable=True)
        self.assert_found(text, "source and target are the same server")

    def test_names_in_any_spelling_are_created(self):
        self.source.sql(
            "CREATE DATABASE `a``b.c`",
            "CREATE TABLE `a``b.c`.`tä``b (x` (id INT PRIMARY KEY, d VARCHAR(20)"
            " DEFAULT 'it''s\\\\' COMMENT 'li\\nne', b BINARY(2) DEFAULT 'a\\0')")
        self.ferry(databases=["a`b.c"]).run_ok()
        shown = "SHOW CREATE TABLE `a``b.c`.`tä``b (x`"
        self.assertEqual(self.target.db.rows(shown), self.source.db.rows(shown))
