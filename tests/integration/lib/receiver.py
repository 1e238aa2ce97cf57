"""An HTTP endpoint for the program's callbacks, in this process."""

import http.server
import json
import threading


class Receiver:
    """Records what is posted. answer(path) -> status is asked for each post, and may
    wait or do something first; it runs in a thread of its own."""

    def __init__(self, answer=lambda path: 200):
        self.answer = answer
        self.posts = []  # (path, payload text)
        self.bodies = []  # (content type, whole body)
        self.arrived = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver._take(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        with self.arrived:
            self.posts.append((request.path, json.loads(body)["Payload"]))
            self.bodies.append((request.headers["Content-Type"], body))
            self.arrived.notify_all()
        try:
            request.send_response(self.answer(request.path))
            request.send_header("Content-Length", "0")
            request.end_headers()
        except OSError:
            pass  # the program is gone

    def url(self, path):
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def callback(self, path, payload=None):
        """The configuration of a callback to this path."""
        return {"URI": self.url(path), **({"Payload": payload} if payload is not None else {})}

    def payloads(self, path):
        with self.arrived:
            return [payload for at, payload in self.posts if at == path]

    def paths(self):
        with self.arrived:
            return [path for path, _ in self.posts]

    def wait_for(self, path, count=1, timeout=30):
        """Until that many posts to the path have come; returns their payloads."""
        with self.arrived:
            if not self.arrived.wait_for(
                    lambda: sum(at == path for at, _ in self.posts) >= count, timeout):
                raise AssertionError(f"no {count} posts to {path} in {timeout} s, only"
                                     f" {[at for at, _ in self.posts]}")
        return self.payloads(path)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
