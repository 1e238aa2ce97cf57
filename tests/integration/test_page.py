"""The web page in a browser. PICTURES=folder keeps a picture of each state."""

import json
import os
import unittest

from lib import browser, case
from test_control import ControlTest

TAGS = ("any_client",)
NASTY = "<img src=x onerror=document.title='owned'>"


@unittest.skipUnless(browser.exists(), "SKIPPED: there is no chromium")
class PageTest(ControlTest):
    pairs = (case.MARIADB,)

    def setUp(self):
        super().setUp()
        self.browser = browser.Browser()
        self.addCleanup(self.browser.close)
        self.browser.look()

    def show(self, ferry):
        self.browser.open(f"http://127.0.0.1:{ferry.port}/")
        self.browser.wait("document.querySelector('#facts dd')")

    def picture(self, name):
        folder = os.environ.get("PICTURES")
        if folder:
            self.browser.picture(os.path.join(folder, f"{name}.png"))

    def pictures(self, name):
        for kind, look in (("phone", {"width": 375, "height": 900}), ("dark", {"dark": True})):
            self.browser.look(**look)
            self.picture(f"{name}-{kind}")
        self.browser.look()
        self.picture(name)

    def state(self, wanted):
        self.browser.wait(f"document.querySelector('#state').textContent === '{wanted}'")

    def no_complaints(self):
        self.assertEqual([line for line in self.browser.console if "ERR_" not in line], [])

    def test_a_move_from_its_start_to_its_end(self):
        probes = self.probes()
        stop = probes.stop_at("before_batch_write", r"abc\.big ")
        ferry = self.ferry(http=True, probes=probes, AutomaticCutover=False,
                           VerifierType="Inline").start()
        ferry.wait_until(lambda: stop.reached, what="the batch")
        self.show(ferry)
        self.state("copying")
        self.assertIn("abc.big", self.browser.wait(
            "document.querySelector('#tables tbody tr').textContent"))
        self.pictures("copying")
        self.browser.press("Pause")
        self.state("copying, paused")
        self.picture("paused")
        self.browser.press("Go on")
        stop.release()
        self.state("wait-for-cutover")
        self.pictures("waiting")
        self.browser.press("Verify now")
        self.browser.wait("document.querySelector('#verdict').textContent === 'All tables are equal'")
        self.browser.press("Cut over now")
        text = self.browser.wait("document.querySelector('#ask[open]').innerText")
        self.assertIn("Lag of reading", text)
        self.assertIn("Verification: All tables are equal", text)
        self.picture("asked")
        self.browser.press("Cancel")
        self.assertFalse(ferry.status()["AutomaticCutover"])
        self.browser.press("Cut over now")
        # Cancelled and asked again before the browser has told that the first was closed.
        self.browser.value("document.querySelector('#ask button').click();"
                           " [...document.querySelectorAll('button')]"
                           ".find(b => b.textContent === 'Cut over now').click();"
                           " new Promise(r => requestAnimationFrame(() => setTimeout(r)))")
        self.browser.press("Cut over")
        self.state("done")
        self.pictures("done")
        ferry.terminate()
        ferry.assert_status(0)
        self.state("gone")
        self.assertIn("process is gone", self.browser.value(
            "document.querySelector('#gone').textContent"))
        self.picture("gone")
        self.no_complaints()

    def test_differences_and_scripts(self):
        """Broken: innerHTML for textContent in element()."""
        ferry = self.ferry(http=True, AutomaticCutover=False, VerifierType="Inline")
        ferry.config["ControlServerConfig"]["CustomScripts"] = {
            NASTY: ["/bin/sh", "-c", "echo '<img src=x onerror=alert(1)>'; exit 3"]}
        ferry.start()
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover")
        self.target.sql("DELETE FROM abc.big WHERE id = 3")
        self.show(ferry)
        self.browser.press("Verify now")
        row = self.browser.wait("document.querySelector('#findings tbody tr').innerText")
        self.assertEqual(row.split("\t"), ["abc.big", "3", "row missing on target"])
        self.browser.value("document.querySelector('#script-list button').click()")
        self.browser.wait("document.querySelector('#ask[open]')")
        self.browser.value("document.querySelector('#ask-yes').click()")
        self.browser.wait("document.querySelector('#script-list').innerText"
                          ".includes('exit status 3')")
        self.assertIn("<img src=x", self.browser.wait("document.querySelector('pre').textContent"))
        self.assertEqual(self.browser.value("document.querySelectorAll('img').length"), 0)
        self.assertNotEqual(self.browser.value("document.title"), "owned")
        self.pictures("differences")
        self.browser.press("Stop")
        self.browser.value("document.querySelector('#ask-yes').click()")
        ferry.assert_status(2)
        self.state("gone")
        self.no_complaints()

    def focused(self):
        return self.browser.value("(() => { const e = document.activeElement;"
                                  " return e.getAttribute('aria-label') || e.id || e.textContent })()")

    def test_by_keyboard(self):
        """Every control can be reached and seen to be; the dialog is left by Escape.

        Broken: a button that is disabled while its request is under way, or goes away."""
        ferry = self.waiting()
        self.show(ferry)
        self.state("wait-for-cutover")
        reached = []
        for _ in range(9):
            self.browser.key("Tab")
            reached.append(self.focused())
            self.assertEqual(self.browser.value(
                "getComputedStyle(document.activeElement).outlineStyle"), "solid", reached)
        self.assertEqual(reached, ["Cut over now", "Pause", "Stop", "rows",
                                   "Set rows per batch", "which", "most", "Set throttle limit", "search"])
        self.browser.value("document.activeElement.blur()")
        self.browser.value("[...document.querySelectorAll('button')]"
                           ".find(b => b.textContent === 'Pause').focus()")
        self.browser.key(" ")
        self.state("wait-for-cutover, paused")
        self.assertEqual(self.focused(), "Go on")
        self.browser.key("Enter")
        self.state("wait-for-cutover")
        self.assertEqual(self.focused(), "Pause")
        self.browser.key("Tab", shift=True)
        self.browser.key("Enter")
        self.browser.wait("document.querySelector('#ask[open]')")
        for _ in range(5):
            self.assertIn(self.browser.value(
                "document.activeElement.closest('#ask') || document.activeElement === document.body"
                " ? 'inside' : document.activeElement.outerHTML"), ["inside"])
            self.browser.key("Tab")
        self.browser.key("Escape")
        self.browser.wait("!document.querySelector('#ask').open")
        self.assertEqual(self.focused(), "Cut over now")
        self.assertFalse(ferry.status()["AutomaticCutover"])
        self.names_and_roles()
        self.no_complaints()
        self.finish(ferry)

    def limit(self, ferry):
        """What stands in the field, and what holds."""
        shown = self.browser.wait("document.querySelector('#most').value")
        config = json.loads(ferry.http("GET", "/api/config")[1])
        return shown, config.get("Throttle", {}).get("MaxRowsPerSecond", 0)

    def test_a_limit_of_the_throttle(self):
        """Broken: a limit is posted beside Throttle, not in it."""
        ferry = self.waiting()
        self.show(ferry)
        self.assertEqual(self.limit(ferry), ("0", 0))
        set_it = ("document.querySelector('#most').value = '{}';"
                  " document.querySelector('#throttle').requestSubmit()")
        self.browser.value(set_it.format(700))
        self.browser.wait("document.querySelector('#answer').textContent === 'Done: config'")
        self.assertEqual(self.limit(ferry), ("700", 700))
        self.browser.value(set_it.format(-1))  # the browser refuses it
        self.show(ferry)
        self.assertEqual(self.limit(ferry), ("700", 700))
        self.browser.value("(() => { const w = document.querySelector('#which'); w.value = 'MaxLag';"
                           " w.dispatchEvent(new Event('change')) })()")
        self.assertEqual(self.limit(ferry), ("1", 700))
        self.no_complaints()
        self.finish(ferry)

    def names_and_roles(self):
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        seen = {}
        for node in nodes:
            if not node.get("ignored"):
                seen.setdefault(node["role"]["value"], []).append(
                    (node.get("name", {}).get("value"), node))
        names = {role: [name for name, _ in found] for role, found in seen.items()}
        self.assertEqual([len(names[role]) for role in ("banner", "main")], [1, 1])
        self.assertLessEqual({"Run", "Control", "Last minutes", "Tables"}, set(names["region"]))
        self.assertEqual(len(names["figure"]), 3)
        self.assertEqual(names["progressbar"][0], "Copied in all")
        self.assertIn("Copied of abc.big", names["progressbar"])
        self.assertTrue(all("value" in node for _, node in seen["progressbar"]))
        self.assertTrue(all(names["button"] + names["figure"] + names["searchbox"] +
                            names["spinbutton"]), names)
        self.assertIn("Tables", names["table"])
        # What is announced changes with the state alone, not with each figure.
        live = self.browser.value("[...document.querySelectorAll('[role=status],[role=alert],"
                                  "[aria-live]')].map(e => e.id)")
        self.assertEqual(live, ["state", "gone", "answer", "verdict", "shown"])

    def test_many_tables(self):
        for i in range(1200):
            self.source.sql(f"CREATE TABLE abc.many_{i:04} (id INT PRIMARY KEY)")
        ferry = self.ferry(http=True, AutomaticCutover=False).start()
        self.show(ferry)
        self.picture("starting")
        ferry.wait_for_status(lambda s: s["OverallState"] == "wait-for-cutover", 300)
        self.browser.wait("document.querySelector('#shown').textContent === 'showing 100 of 1203'")
        self.pictures("many")
        self.browser.value("(() => { const s = document.querySelector('#search');"
                           "s.value = 'MANY_0123'; s.dispatchEvent(new Event('input')) })()")
        self.assertEqual(self.browser.value("document.querySelectorAll('#tables tbody tr').length"),
                         1)
        self.no_complaints()
