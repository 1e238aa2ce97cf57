"""A TCP proxy between the program and a server, which treats connections badly."""

import contextlib
import ctypes
import random
import socket
import struct
import threading
import time

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
TO_SERVER, TO_PROGRAM = "to the server", "to the program"


class _Link:
    """One connection through the proxy: two sockets and what is left of its life."""

    def __init__(self, proxy, program, server):
        self.proxy, self.ends = proxy, {TO_SERVER: (program, server), TO_PROGRAM: (server, program)}
        self.left = {TO_SERVER: None, TO_PROGRAM: None}  # bytes until it is cut; None: no limit
        self.is_reset = True
        for direction in self.ends:
            threading.Thread(target=self._pump, args=(direction,), daemon=True).start()

    def _pump(self, direction):
        source, sink = self.ends[direction]
        try:
            while data := source.recv(1 << 16):
                self.proxy._pass(len(data))
                left = self.left[direction]
                if left is not None and len(data) >= left:
                    sink.sendall(data[:left])
                    break
                if left is not None:
                    self.left[direction] = left - len(data)
                sink.sendall(data)
        except OSError:
            pass
        self.cut(self.left[direction] is not None and self.is_reset)

    def cut(self, is_reset=True):
        """By RST, which loses what is on its way, or in good order."""
        with self.proxy._lock:
            self.proxy._links.discard(self)
        for end in self.ends[TO_SERVER]:
            with contextlib.suppress(OSError):
                if is_reset:  # shut first, or the other thread keeps the socket alive
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                    end.close()
                else:
                    end.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens on .port and leads to the server, wherever that listens at the time."""

    def __init__(self, server):
        self.server = server
        self.bytes = 0
        self.is_hole = False  # nothing gets through, and nothing says so
        self.delay = 0.0      # seconds for each piece of data
        self._every_byte = None  # what new connections get, see cut_new()
        self._links, self._lock = set(), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                program, _ = self._listener.accept()
            except OSError:
                return  # closed
            program.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                server = socket.create_connection(("127.0.0.1", self.server.port), 5)
                server.settimeout(None)
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                program.close()
                continue
            link = _Link(self, program, server)
            with self._lock:
                self._links.add(link)
                if self._every_byte:
                    direction, count, link.is_reset = self._every_byte
                    link.left[direction] = count

    def _pass(self, length):
        self.bytes += length
        if self.delay:
            time.sleep(self.delay)
        while self.is_hole:
            time.sleep(0.01)

    def links(self):
        with self._lock:
            return sorted(self._links, key=id)

    def cut(self, share=1.0, rng=random, is_reset=True):
        """Cuts the connections, or a share of them; returns how many."""
        links = [link for link in self.links() if rng.random() < share]
        for link in links:
            link.cut(is_reset)
        return len(links)

    def cut_after(self, count, direction=TO_PROGRAM, is_reset=True):
        """Each connection there is ends after that many more bytes in a direction."""
        for link in self.links():
            link.is_reset = is_reset
            link.left[direction] = count

    def cut_new(self, count, direction=TO_PROGRAM, is_reset=True):
        """The same for each one to come; cut_new(None) ends it."""
        with self._lock:
            self._every_byte = None if count is None else (direction, count, is_reset)

    def vanish(self):
        """As if the cable were cut: packets of the program are dropped unseen, so its
        connections hear nothing any more, not even that data has arrived."""
        self.is_hole = True
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF: ret 0
        program = struct.pack("HxxxxxxP", 1, ctypes.addressof(drop_all))
        for end in [self._listener] + [link.ends[TO_SERVER][0] for link in self.links()]:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def reappear(self):
        """The end of vanish(): what TCP has not given up goes on."""
        for end in [self._listener] + [link.ends[TO_SERVER][0] for link in self.links()]:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        self.is_hole = False

    def heal(self):
        """Everything passes again, on connections old and new."""
        self.reappear()
        self.delay = 0.0
        self.cut_new(None)
        for link in self.links():
            link.left = dict.fromkeys(link.left)

    def close(self):
        self.heal()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
