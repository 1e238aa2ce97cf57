#!/usr/bin/python3
"""zsh_complete.py PROGRAM FOLDER: does a real zsh complete the program's flags and files by the
function in that folder? Ends with 1, and what was on the screen, if it does not."""

import os
import pty
import select
import subprocess
import sys
import tempfile
import time

CASES = (("-dry", "-dryrun"), ("-res", "-resume"), ("-resume", "-- resume the interrupted run"),
         ("-resumestate o", "-resumestate other.txt"), ("c", "conf.json"))


class Shell:
    def __init__(self, program, folder, home):
        env = {"TERM": "vt100", "LC_ALL": "C.UTF-8", "HOME": home, "ZDOTDIR": home,
               "PATH": f"{os.path.dirname(program)}:{os.environ['PATH']}"}
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe("zsh", ["zsh", "-f", "-i"], env)
        os.write(self.screen, f"fpath=('{folder}' $fpath); autoload -Uz compinit; compinit -u -D;"
                              " PROMPT=READ; PROMPT+='Y> '\n".encode())
        self.read("READY> ")

    def read(self, wanted, deadline=20):
        text, end = "", time.monotonic() + deadline
        while wanted not in text and time.monotonic() < end:
            if select.select([self.screen], [], [], 0.2)[0]:
                text += os.read(self.screen, 65536).decode(errors="replace")
        return text

    def completes(self, word, wanted):
        os.write(self.screen, f"ghostferry-copydb {word}\t\t".encode())
        text = self.read(wanted)
        os.write(self.screen, b"\x15\n")  # the line is not run
        self.read("READY> ")
        if wanted not in text:
            print(f"{word!r} does not become {wanted!r}: {text!r}")
        return wanted in text


def main():
    program, folder = (os.path.abspath(path) for path in sys.argv[1:3])
    subprocess.run(["zsh", "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as home:
        for name in ("conf.json", "other.txt"):
            with open(os.path.join(home, name), "w", encoding="ascii"):
                pass
        shell = Shell(program, folder, home)
        passed = [shell.completes(*each) for each in CASES]
        os.close(shell.screen)
        os.waitpid(shell.pid, 0)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
