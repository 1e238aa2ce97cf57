"""The program under test: one configuration, run once or several times."""

import copy
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from . import place
from .server import PASSWORD


WRITTEN = {}  # states of this process's programs, by their checksums


def remember(state):
    WRITTEN[state.get("StateChecksum")] = copy.deepcopy(state)
    return state


class Program:
    """A build directory's ghostferry-copydb. One built in the MySQL tree runs
    there by chroot (Oracle's client library); it shares our network."""

    def __init__(self, build):
        build = os.path.realpath(build)
        inside = os.path.realpath(place.SID)
        self.inside = inside if build.startswith(inside + "/") else None
        self.binary = os.path.join(build, "ghostferry-copydb")

    @property
    def exists(self):
        return os.access(self.binary, os.X_OK)

    def seen(self, path):
        """A path of ours as the program sees it."""
        return path[len(self.inside):] if self.inside else path

    def argv(self, *args):
        argv = [self.seen(self.binary), *args]
        return ["chroot", self.inside] + argv if self.inside else argv

    def run(self, *args, timeout=20):
        """Runs it to its end; returns (status, stdout, stderr)."""
        done = subprocess.run(self.argv(*args), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout)
        return done.returncode, done.stdout, done.stderr


def merge(base, changes):
    """Objects are merged, all else replaced; None removes the key."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


class Ferry:
    """Starts and watches the program. Settings are configuration keys that
    override the base; http=True gives it a control server."""

    def __init__(self, program, source, target, databases=(), http=False, probes=None,
                 user="ghostferry", args=("-verbose",), environ=None, **settings):
        self.program, self.args = program, list(args)
        self.dir = place.temp_dir(program.inside)
        self.config_path = os.path.join(self.dir, "conf.json")
        self.config = {
            "Source": self._side(source, user), "Target": self._side(target, user),
            "Databases": {"Whitelist": list(databases)},
            "AutomaticCutover": True, "DumpStateOnSignal": True,
            "DumpStateToStdoutOnError": True,
            "ControlServerConfig": {"Enabled": False},
            "VerifierType": "NoVerification", "SkipTargetVerification": True,
        }
        self.port = place.free_port() if http else None
        if http:
            self.config["ControlServerConfig"] = {
                "Enabled": True, "ServerBindAddr": f"127.0.0.1:{self.port}"}
        self.config = merge(self.config, settings)
        self.environ = dict(os.environ, **(environ or {}))
        if probes:
            self.environ["GHOSTFERRY_PROBES"] = program.seen(probes.path)
        self.process = None
        self.runs = 0

    @staticmethod
    def _side(server, user):
        return {"Host": "127.0.0.1", "Port": server.port, "User": user, "Pass": PASSWORD}

    # -- running ------------------------------------------------------------------

    @property
    def stdout_path(self):
        return os.path.join(self.dir, f"stdout.{self.runs}")

    @property
    def stderr_path(self):
        return os.path.join(self.dir, f"stderr.{self.runs}")

    def start(self, *args, behind=()):
        """Starts a run, with these arguments before the configuration's path and behind it."""
        assert not self.running, "it runs already"
        with open(self.config_path, "w") as f:
            json.dump(self.config, f, indent=1)
        self.runs += 1
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = place.popen(
                self.program.argv(*self.args, *args, self.program.seen(self.config_path), *behind),
                stdout=out, stderr=err, env=self.environ)
        return self

    def resume(self, state=None, as_it_is=False, **settings):
        """Starts the next run from a state: the last run's dump by default. A test that has
        changed it means to, unless it says as_it_is: the checksum is taken out."""
        state = self.state() if state is None else state
        written = WRITTEN.get(state.get("StateChecksum")) if isinstance(state, dict) else None
        if not as_it_is and written is not None and written != state:
            state = {key: value for key, value in state.items() if key != "StateChecksum"}
        path = os.path.join(self.dir, f"resume.{self.runs}.json")
        with open(path, "w") as f:
            json.dump(state, f)
        self.config = merge(self.config, settings)
        return self.start("-resumestate", self.program.seen(path))

    def resume_file(self, *args):
        """Starts the next run from the state file beside the configuration, as a user would."""
        return self.start("-resumestate", self.program.seen(self.config_path + ".state"), *args)

    def run(self, *args, timeout=120, behind=()):
        """A run to its end; returns the status."""
        self.start(*args, behind=behind)
        return self.wait(timeout)

    def run_ok(self, *args, timeout=120):
        self.run(*args, timeout=timeout)
        self.assert_status(0)
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, timeout=120):
        """The exit status; -N when signal N ended it."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout} s\n{self.logs()}") from None

    def assert_status(self, wanted, timeout=120):
        got = self.wait(timeout)
        if got != wanted:
            raise AssertionError(f"exit status {got}, not {wanted}\n{self.logs()}")

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def interrupt(self):
        self.signal(signal.SIGINT)

    def kill9(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def suspend(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    def end(self):
        """For teardown: nothing stays behind."""
        if self.running:
            self.signal(signal.SIGCONT)
            self.kill9()

    # -- what it says --------------------------------------------------------------

    def stdout(self):
        with open(self.stdout_path) as f:
            return f.read()

    def log(self):
        with open(self.stderr_path, errors="replace") as f:
            return f.read()

    def state(self):
        """The state on stdout, which holds nothing else; integers are exact."""
        text = self.stdout()
        try:
            return remember(json.loads(text))
        except ValueError:
            raise AssertionError(f"stdout is no state dump: {text[:300]!r}\n"
                                 + self.logs()) from None

    def state_file(self):
        """The state as the program keeps it on disk; None when there is no file."""
        path = self.config.get("StateFile", self.config_path + ".state")
        if "-back" in self.args:
            path += ".back"
        try:
            with open(path) as f:
                return remember(json.load(f))
        except FileNotFoundError:
            return None

    def log_contains(self, pattern):
        return re.search(pattern, self.log()) is not None

    def wait_for_log(self, pattern, deadline=60):
        """Polls until the log matches; returns the match."""
        def look():
            return re.search(pattern, self.log())
        return self.wait_until(look, deadline, f"the log to match {pattern!r}")

    def wait_until(self, condition, deadline=60, what="the condition"):
        """Polls; ends early when the program does. Returns what condition does."""
        end = time.monotonic() + deadline
        while True:
            alive = self.running
            found = condition()
            if found:
                return found
            if not alive or time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what} ({self.how()})\n{self.logs()}")
            time.sleep(0.02)

    # -- its control server ----------------------------------------------------------

    def http(self, method, path, body=None, headers=None, timeout=10):
        """(status, body as bytes, headers). A dict body goes as JSON."""
        headers = dict(headers or {})
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers,
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read(), dict(e.headers)

    def status(self):
        """The status JSON; None while the control server is not there (yet)."""
        try:
            code, body, _ = self.http("GET", "/api/status",
                                      headers={"Content-Type": "application/json"})
        except OSError:
            return None
        return json.loads(body) if code == 200 else None

    def wait_for_status(self, condition, deadline=60, what="the status"):
        """Polls the status until condition(status) holds; returns that status."""
        def look():
            status = self.status()
            return status if status and condition(status) else None
        return self.wait_until(look, deadline, what)

    def allow_cutover(self):
        code, body, _ = self.http("POST", "/api/cutover", {"type": "automatic"})
        assert code < 400, (code, body)

    # -- reports -----------------------------------------------------------------------

    def how(self):
        if self.process is None:
            return "never started"
        code = self.process.poll()
        return "running" if code is None else f"ended with status {code}"

    def logs(self):
        if not self.runs:
            return "--- ghostferry-copydb: never started\n"
        return (f"--- ghostferry-copydb, run {self.runs}, {self.how()}; end of its log\n"
                + place.tail(self.stderr_path, without="served http request")
                + f"--- stdout\n{place.tail(self.stdout_path, 5)[:1000]}")
