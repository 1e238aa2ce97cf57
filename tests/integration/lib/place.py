"""Where things are: the tree of the project, of the servers, and free ports."""

import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
SERVERS = os.environ.get("SERVERS_DIR", os.path.join(TOP, ".servers"))
SID = os.path.join(SERVERS, "sid")  # a Debian tree with MySQL, see tests/tools/tree.sh
TRIXIE, BULLSEYE = os.path.join(SERVERS, "trixie"), os.path.join(SERVERS, "bullseye")

_libc = ctypes.CDLL(None)


def temp_dir(inside=None):
    """A new directory, gone when the process ends. Short: sockets live there.
    With inside, it is in that tree's /tmp."""
    base = os.path.join(inside, "tmp") if inside else None
    path = tempfile.mkdtemp(prefix="gf-", dir=base)
    os.chmod(path, 0o755)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def popen(argv, **how):
    """A child that does not outlive us, whatever happens to us. The kernel ties
    it to the thread that started it, so only the main thread's are tied."""
    if threading.current_thread() is threading.main_thread():
        how["preexec_fn"] = _die_with_parent
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, **how)


def tail(path, lines=60, without=None):
    try:
        with open(path, errors="replace") as f:
            return "".join([line for line in f if not without or without not in line][-lines:])
    except OSError as e:
        return f"({e})\n"
