#!/usr/bin/python3
"""Runs the integration tests. The last line counts them.

With --jobs N, N processes take them a few at a time, each with servers of its own;
tests that were only too slow are tried again at the end, by themselves. Those that may take
longest begin first."""

import argparse
import collections
import fnmatch
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", action="append", metavar="PATTERN", default=[],
                        help="only tests whose name contains this or matches it; repeatable")
    parser.add_argument("-f", "--failfast", action="store_true")
    parser.add_argument("-l", "--list", action="store_true", help="names only")
    parser.add_argument("--flavour", choices=("mariadb", "mysql"),
                        help="only pairs of this flavour")
    parser.add_argument("--pair", metavar="SOURCE>TARGET",
                        help="on these makes of servers, such as mariadb-10.5>mysql, what runs"
                        " on a pair of such flavours")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N",
                        help="processes that run tests at the same time (default: 1)")
    parser.add_argument("--slowest", type=int, default=10, metavar="N",
                        help="tests and modules whose times are shown at the end (default: 10)")
    parser.add_argument("--worker", type=int, metavar="FD", help=argparse.SUPPRESS)
    parser.add_argument("--client", choices=("mariadb", "oracle"), default="mariadb",
                        help="the client library the program was built with")
    parser.add_argument("--build", metavar="DIR", help="where ghostferry-copydb is"
                        " (default: build/probes; may lie in the MySQL tree)")
    parser.add_argument("--tag", help="only tests of modules that have this in TAGS")
    parser.add_argument("--without", action="append", metavar="TAG", default=[],
                        help="and not these; repeatable; \"versions\": only the usual versions"
                        " of the servers")
    return parser.parse_args()


def flavours(pair):
    return tuple(make.split("-")[0] for make in pair)


def per_pair(cls, flavour, pair, usual_only):
    """The classes that a test class stands for."""
    from lib import case
    if not issubclass(cls, case.ServerTest):
        return [] if pair else [cls]
    made = []
    pairs = [*cls.pairs, *cls.also]
    if usual_only:
        pairs = [p for p in pairs if p == flavours(p)]
    if pair:
        pairs = [pair] if flavours(pair) in map(flavours, pairs) else []
    for pair in pairs:
        if flavour is None or flavours(pair) == (flavour, flavour):
            label = pair[0] if pair[0] == pair[1] else ">".join(pair)
            made.append(type(f"{cls.__name__}[{label}]", (cls,),
                             {"pair": pair, "__module__": cls.__module__}))
    return made


def collect(flavour, pair, tag, without):
    loader = unittest.TestLoader()
    for file in sorted(os.listdir(HERE)):
        if not (file.startswith("test_") and file.endswith(".py")):
            continue
        module = importlib.import_module(file[:-3])
        tags = getattr(module, "TAGS", ())
        if (tag and tag not in tags) or set(without) & set(tags):
            continue
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, unittest.TestCase) \
                    and cls.__module__ == module.__name__:
                for one in per_pair(cls, flavour, pair, "versions" in without):
                    yield from loader.loadTestsFromTestCase(one)


def label(test):
    return test.id()


def chosen(test, patterns):
    name = label(test)
    return not patterns or any(p in name or fnmatch.fnmatchcase(name, p) for p in patterns)


class Result(unittest.TestResult):
    """One line per test; a failure with its logs. Printed at once, as others print too."""

    def __init__(self):
        super().__init__()
        self.bad = {}  # test -> what was wrong, as text
        self.skips = 0
        self.times = {}  # name of a test -> seconds

    def startTest(self, test):
        super().startTest(test)
        self.began, self.outcome, self.report = time.monotonic(), "ok", []
        signal.alarm(getattr(test, "timeout", 120))

    def stopTest(self, test):
        signal.alarm(0)
        took = self.times[label(test)] = round(time.monotonic() - self.began, 2)
        self.report.append(f"{self.outcome}: {label(test)} ({took:.2f} s)\n")
        sys.stdout.write("".join(self.report))
        sys.stdout.flush()
        super().stopTest(test)

    def _bad(self, test, err):
        self.outcome = "FAILED"
        text = "".join(traceback.format_exception(*err))
        self.bad.setdefault(test, []).append(text)
        self.report.append(text)
        if hasattr(test, "logs"):
            self.report.append(test.logs())

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):  # a class that could not be set up
            self.outcome, self.report = "FAILED", []
            self._bad(test, err)
            print("".join(self.report) + f"FAILED: {label(test)}", flush=True)
            return
        self._bad(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.report.append(f"in {subtest}\n")
            self._bad(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skips += 1
        self.outcome = f"SKIPPED ({reason})"

    def counts(self):
        return {"run": self.testsRun, "skipped": self.skips, "times": self.times,
                "bad": {label(test): reasons for test, reasons in self.bad.items()}}


# On a busy machine threads and servers come by in an order that a test did not think of:
# one that fails is tried once more, by itself, and loudly. Never one that tells of lost
# data or of a crash.
NEVER_AGAIN = ("source and target differ", "exit status -", "ended with status -",
               "Sanitizer", "its process died")


def may_be_chance(reason):
    return not any(words in reason for words in NEVER_AGAIN)


def try_again(tests, bad):
    """The names of those that failed for good."""
    by_name = {label(test): test for test in tests}
    for name, reasons in list(bad.items()):
        if name in by_name and all(map(may_be_chance, reasons)):
            print(f"SECOND TRY of {name}", flush=True)
            second = Result()
            unittest.TestSuite([by_name[name]]).run(second)
            if not second.bad:
                print(f"**** FAILED AT FIRST: {name}", flush=True)
                del bad[name]
    return list(bad)


AT_A_TIME = 6  # tests handed to a process: few, so that all end at about the same time


class Worker:
    """A process that runs the tests it is told to: their numbers go in, counts come out."""

    alive = set()

    def __init__(self):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--worker", str(writer)],
            stdin=subprocess.PIPE, pass_fds=[writer], text=True)
        os.close(writer)
        self.counts = os.fdopen(reader)
        self.alive.add(self)

    def run(self, numbers):
        """What it counted; None when it died."""
        try:
            self.process.stdin.write(json.dumps(numbers) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.counts.readline()
        return json.loads(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.alive.discard(self)


def share_out(tests, jobs):
    """Counts of all. What runs in one piece: the tests of one class, a few of them."""
    pieces, total = [], {"run": 0, "skipped": 0, "times": {}, "bad": {}}
    for number, test in enumerate(tests):
        last = pieces[-1] if pieces else None
        if not last or len(last) == AT_A_TIME or type(tests[last[0]]) is not type(test):
            pieces.append([])
        pieces[-1].append(number)
    # The last ones to be taken must not be long: the processors would idle.
    pieces.sort(key=lambda piece: -getattr(tests[piece[0]], "timeout", 0))
    pieces.reverse()
    lock = threading.Lock()

    def go_on():
        worker = Worker()
        while True:
            with lock:
                piece = pieces.pop() if pieces else None
            counted = worker.run(piece) if piece else None
            if piece and not counted:
                counted = {"run": len(piece), "skipped": 0, "times": {},
                           "bad": {label(tests[n]): ["its process died"] for n in piece}}
            if not piece:
                break
            with lock:
                total["run"] += counted["run"]
                total["skipped"] += counted["skipped"]
                total["bad"].update(counted["bad"])
                total["times"].update(counted["times"])
            if worker.process.poll() is not None:
                worker.close()
                worker = Worker()
        worker.close()

    threads = [threading.Thread(target=go_on, daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        for worker in Worker.alive:
            worker.process.terminate()
    return total


def work(tests, fd):
    with os.fdopen(fd, "w") as out:
        for line in sys.stdin:
            result = Result()
            unittest.TestSuite([tests[n] for n in json.loads(line)]).run(result)
            out.write(json.dumps(result.counts()) + "\n")
            out.flush()
    return 0


def in_one_process(tests, failfast):
    result = Result()
    result.failfast = failfast
    unittest.TestSuite(tests).run(result)
    return result.counts()


def show_slowest(times, count):
    """What the run's seconds went to: its slowest tests, and modules."""
    modules = collections.Counter()
    for name, seconds in times.items():
        modules[name.split(".")[0]] += seconds
    for what, those in ("tests", collections.Counter(times)), ("modules", modules):
        if count and len(those) > 1:
            print(f"slowest {what}, of {sum(times.values()):.0f} s in all:")
            for name, seconds in those.most_common(count):
                print(f"{seconds:8.1f} s {name}")


def on_alarm(*_):
    raise TimeoutError("the test took too long")


def main():
    args = arguments()
    sys.path.insert(0, HERE)
    sys.dont_write_bytecode = True
    if args.build:
        os.environ["GHOSTFERRY_BUILD"] = os.path.abspath(args.build)
    from lib import case

    pair = tuple(args.pair.split(">")) if args.pair else None
    if pair and (len(pair) != 2 or not set(pair) <= set(case.MAKES)):
        sys.exit(f"--pair: two of {', '.join(case.MAKES)}, with > between them")
    tests = [t for t in collect(args.flavour, pair, args.tag, args.without) if chosen(t, args.k)]
    if args.list:
        print("\n".join(map(label, tests)))
        return 0
    signal.signal(signal.SIGALRM, on_alarm)
    # Ends by SystemExit, so that servers are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    try:
        if args.worker is not None:
            return work(tests, args.worker)
        if args.jobs > 1:
            counts = share_out(tests, args.jobs)
        else:
            counts = in_one_process(tests, args.failfast)
        bad = try_again(tests, counts["bad"])
    finally:
        case.pool.close()
    good = max(counts["run"] - len(bad) - counts["skipped"], 0)
    show_slowest(counts["times"], args.slowest)
    print(f"integration, client {args.client}: {time.monotonic() - began:.0f} s")
    print(f"{good} passed, {len(bad)} failed, {counts['skipped']} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
