#!/usr/bin/python3
"""Runs the integration tests. The last line counts them."""

import argparse
import fnmatch
import importlib
import os
import signal
import sys
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
    parser.add_argument("--client", choices=("mariadb", "oracle"), default="mariadb",
                        help="the client library the program was built with")
    parser.add_argument("--build", metavar="DIR", help="where ghostferry-copydb is"
                        " (default: build/probes; may lie in the MySQL tree)")
    parser.add_argument("--tag", help="only tests of modules that have this in TAGS")
    parser.add_argument("--without", action="append", metavar="TAG", default=[],
                        help="and not these; repeatable")
    return parser.parse_args()


def per_pair(cls, flavour):
    """The classes that a test class stands for."""
    from lib import case
    if not issubclass(cls, case.ServerTest):
        return [cls]
    made = []
    for pair in cls.pairs:
        if flavour in (None, *pair) and (flavour is None or pair == (flavour, flavour)):
            label = pair[0] if pair[0] == pair[1] else ">".join(pair)
            made.append(type(f"{cls.__name__}[{label}]", (cls,),
                             {"pair": pair, "__module__": cls.__module__}))
    return made


def collect(flavour, tag, without):
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
                for one in per_pair(cls, flavour):
                    yield from loader.loadTestsFromTestCase(one)


def label(test):
    return test.id()


def chosen(test, patterns):
    name = label(test)
    return not patterns or any(p in name or fnmatch.fnmatchcase(name, p) for p in patterns)


class Result(unittest.TestResult):
    """One line per test; a failure with its logs."""

    def startTest(self, test):
        super().startTest(test)
        self.began, self.outcome = time.monotonic(), "ok"
        signal.alarm(getattr(test, "timeout", 120))

    def stopTest(self, test):
        signal.alarm(0)
        print(f"{self.outcome}: {label(test)} ({time.monotonic() - self.began:.2f} s)",
              flush=True)
        super().stopTest(test)

    def _report(self, test, err):
        self.outcome = "FAILED"
        print("".join(traceback.format_exception(*err)), end="")
        if hasattr(test, "logs"):
            print(test.logs(), end="")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._report(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._report(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            print(f"in {subtest}")
            self._report(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome = f"SKIPPED ({reason})"


# A busy machine may be too slow for a deadline: such a test gets a second try, loudly.
# Never one whose data differs, or whose program said something else than expected.
TIMING = ("AssertionError: waited in vain", "TimeoutError: the test took too long",
          "AssertionError: the writer ")


def too_slow(reason):
    return any(words in reason for words in TIMING) and "source and target differ" not in reason


def try_again(result):
    """The tests that failed for good."""
    reasons = {}
    for test, reason in result.failures + result.errors:
        test = getattr(test, "test_case", test)
        reasons.setdefault(test, []).append(reason)
    bad = []
    for test, all_reasons in reasons.items():
        if all(map(too_slow, all_reasons)):
            print(f"SECOND TRY of {label(test)}", flush=True)
            second = Result()
            test.run(second)
            if second.wasSuccessful():
                print(f"**** TOO SLOW AT FIRST: {label(test)}", flush=True)
                continue
        bad.append(label(test))
    return bad


def on_alarm(*_):
    raise TimeoutError("the test took too long")


def main():
    args = arguments()
    sys.path.insert(0, HERE)
    sys.dont_write_bytecode = True
    if args.build:
        os.environ["GHOSTFERRY_BUILD"] = os.path.abspath(args.build)
    from lib import case

    tests = [t for t in collect(args.flavour, args.tag, args.without) if chosen(t, args.k)]
    if args.list:
        print("\n".join(map(label, tests)))
        return 0
    signal.signal(signal.SIGALRM, on_alarm)
    # Ends by SystemExit, so that servers are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    result = Result()
    result.failfast = args.failfast
    began = time.monotonic()
    try:
        unittest.TestSuite(tests).run(result)
        bad = try_again(result)
    finally:
        case.pool.close()
    skipped = len(result.skipped)
    good = max(result.testsRun - len(bad) - skipped, 0)
    print(f"integration, client {args.client}: {time.monotonic() - began:.0f} s")
    print(f"{good} passed, {len(bad)} failed, {skipped} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
