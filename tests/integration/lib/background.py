"""What goes on beside a test, in a thread of its own."""

import threading


class Background:
    """_run() goes on until _stop is set, and leaves what was wrong in error."""

    def __init__(self):
        self.error = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        if self._thread.is_alive():
            raise AssertionError(f"the {type(self).__name__} does not stop")
        if self.error:
            raise self.error
