"""The other end of the program's probe() calls (test builds only).

The program connects once per call, says "<name> <detail>", and waits for a line.
Each call is answered at once unless a test armed a stop for it.
"""

import os
import re
import socket
import threading
from collections import Counter

from . import place


class Stop:
    """One armed stop: the nth matching call waits until it is released."""

    def __init__(self, probes, probe, detail, nth):
        self._probes, self.probe = probes, probe
        self._detail = re.compile(detail) if detail else None
        self._left = nth
        self._reached, self._go = threading.Event(), threading.Event()
        self.detail = None  # what the program said, once reached

    def _takes(self, probe, detail):
        """Under the probes' lock."""
        if probe != self.probe or self._left == 0:
            return False
        if self._detail and not self._detail.search(detail):
            return False
        self._left -= 1
        if self._left:
            return False
        self.detail = detail
        return True

    @property
    def reached(self):
        return self._reached.is_set()

    def wait_reached(self, timeout=60):
        """Returns the detail; raises if the program does not come by."""
        if not self._reached.wait(timeout):
            raise AssertionError(f"waited in vain for the probe {self.probe} ({timeout} s);"
                                 f" hits: {dict(self._probes.counts)}")
        return self.detail

    def release(self):
        self._go.set()


class Probes:
    """Listens on a socket of its own, at .path; with inside, in that tree's /tmp."""

    def __init__(self, inside=None):
        self.path = os.path.join(place.temp_dir(inside), "probes")
        self.counts = Counter()
        self.seen = []  # (name, detail) in order of arrival
        self._stops = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop_at(self, name, detail_regex=None, nth=1):
        """Arms a stop at the nth call from now that matches."""
        stop = Stop(self, name, detail_regex, nth)
        with self._lock:
            self._stops.append(stop)
        return stop

    def hits(self, name):
        with self._lock:
            return self.counts[name]

    def release_all(self):
        """Every stop, waiting or armed."""
        with self._lock:
            stops, self._stops = self._stops, []
        for stop in stops:
            stop.release()

    def close(self):
        self.release_all()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self):
        while True:
            try:
                call, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._answer, args=(call,), daemon=True).start()

    def _answer(self, call):
        try:
            with call, call.makefile("rb") as lines:
                line = lines.readline().decode("utf8", "replace")
                if not line.endswith("\n"):
                    return  # killed while it spoke
                name, _, detail = line[:-1].partition(" ")
                stop = self._count(name, detail)
                if stop:
                    stop._reached.set()
                    stop._go.wait()
                call.sendall(b"go\n")
        except OSError:
            pass  # the program is gone; nothing waits for the answer

    def _count(self, name, detail):
        """The stop that takes this call, if any. Each stop sees the call."""
        with self._lock:
            self.counts[name] += 1
            self.seen.append((name, detail))
            taken = [stop for stop in self._stops if stop._takes(name, detail)]
            for stop in taken[1:]:
                stop._reached.set()  # several stops at one call: the first one holds it
            if taken:
                self._stops = [s for s in self._stops if s not in taken[1:]]
            return taken[0] if taken else None
