"""Chromium without a screen, driven by the DevTools protocol over a pair of pipes."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


def exists():
    return shutil.which("chromium") is not None


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # Chromium reads requests from 3 and writes answers to 4.
        script = f"exec 3<&{theirs_in} 4>&{theirs_out}; exec \"$@\""
        self.process = subprocess.Popen(
            ["bash", "-c", script, "chromium", "chromium", "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.answers = os.fdopen(ours_in, "rb")
        self.requests = os.fdopen(ours_out, "wb")
        self.number, self.session, self.console = 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def message(self):
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            if not byte:
                raise ConnectionError("the browser is gone")
            text += byte
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        self.requests.write(json.dumps(request).encode() + b"\0")
        self.requests.flush()
        while (answer := self.message()).get("id") != self.number:
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.console.append(json.dumps(answer["params"]))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def look(self, width=1200, height=1000, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def seen(self, expression):
        """Null, too, while the page makes way for another one."""
        try:
            return self.value(f"(() => {{ try {{ const v = {expression};"
                              " return v instanceof Node ? true : v } "
                              "catch (e) { return null } })()")
        except RuntimeError as e:
            if "navigated" in str(e):
                return None
            raise

    def wait(self, expression, deadline=30):
        end = time.monotonic() + deadline
        while not (value := self.seen(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression}; {self.console[:3]} "
                                   f"{self.value('document.documentElement.innerText')[:2000]}")
            time.sleep(0.05)
        return value

    def press(self, label):
        self.wait(f"[...document.querySelectorAll('button')].some(b => b.textContent === "
                  f"{json.dumps(label)} && b.checkVisibility() && !b.disabled)")
        self.value(f"[...document.querySelectorAll('button')].find(b => b.textContent === "
                   f"{json.dumps(label)} && b.checkVisibility()).click()")

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def close(self):
        self.requests.close()
        self.answers.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
