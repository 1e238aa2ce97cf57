"""A server that asks for the password as it is, whatever the account: who answers in the
real one's place could do that."""

import socket
import struct
import threading

FIRST, SALT = b"mysql_native_password", b"A" * 20
# All but compression and TLS, up to CLIENT_DEPRECATE_EOF.
CAPABILITIES = 0x01ffffff & ~0x20 & ~0x800


def packet(number, body):
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


class FalseServer:
    """Records what clients send, as one string of bytes."""

    def __init__(self, plugin):
        self.request = b"\xfe" + plugin.encode() + b"\0"
        if plugin == "dialog":
            self.request += b"\x04Password: "
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client):
        low, high = struct.pack("<H", CAPABILITIES & 0xffff), struct.pack("<H", CAPABILITIES >> 16)
        greeting = (b"\x0a8.0.40\0" + struct.pack("<I", 5) + SALT[:8] + b"\0" + low + b"\x2d"
                    + struct.pack("<H", 2) + high + bytes([21]) + bytes(10) + SALT[8:] + b"\0"
                    + FIRST + b"\0")
        with client:
            try:
                client.settimeout(10)
                client.sendall(packet(0, greeting))
                self.received += client.recv(4096)
                client.sendall(packet(2, self.request))
                self.received += client.recv(4096)
            except OSError:
                pass  # the client is gone

    def close(self):
        self._listener.close()
