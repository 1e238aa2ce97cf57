#!/usr/bin/python3
"""Would the unit tests notice if a decoder were wrong by one bit?

Breaks the sources that decode foreign bytes in one place at a time (a number by its
lowest bit, a comparison, an operator, a truth value), builds the unit tests that belong
to the file with it, and runs them. Mutants that no test kills are printed, and make the
exit status 1. Those that survive are tried again with ASan and UBSan, which see a read
behind the end. Not part of `make test`: it takes a while.

Usage: tests/mutate.py [--jobs N] [--every N] [file of src/binlog ...]

A line whose last word is in SAME cannot be told apart by its mutant; the reason stands
beside it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(TOP)

# Source: the unit tests that see it.
TESTS = {
    "column_codec": ("column_codec", "row", "table_map"),
    "decimal": ("decimal",),
    "double_text": ("double_text", "json_binary"),
    "event": ("event",),
    "json_binary": ("json_binary",),
    "payload": ("payload", "streamer"),
    "position": ("position",),
    "row_image": ("row", "column_codec"),
    "rows": ("row",),
    "table_check": ("table_map", "column_codec"),
    "table_map": ("table_map", "row"),
    "temporal": ("temporal",),
    "xa": ("xa", "streamer"),
}
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
         "||": "&&", "+": "-", "-": "+", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
         "*": "+", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "|=": "&=", "++": "--",
         "true": "false", "false": "true", "/=": "*=", "!": "!!"}
TOKEN = re.compile(r"""
    (?P<skip>/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\#[ \t]*include[^\n]*|assert\([^;]*;)
  | (?P<char>'(?:\\.|[^'\\])+')
  | (?P<number>\b(?:0x[0-9a-fA-F]+|\d+)[uUlL]*\b)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|->|\+=|-=|\|=|&=|/=|[-+*/%&|^!<>=~?:;,.(){}\[\]])
    """, re.X | re.S)
CFLAGS = "-std=c11 -D_GNU_SOURCE -Iinclude -w"
SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=all"


class Mutant:
    def __init__(self, source, text, start, end, new):
        self.source, self.start, self.end, self.new = source, start, end, new
        self.old = text[start:end]
        self.line = text.count("\n", 0, start) + 1
        begin = text.rfind("\n", 0, start) + 1
        self.shown = text[begin:text.find("\n", end)].strip()

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def __str__(self):
        return f"src/binlog/{self.source}.c:{self.line}: {self.old} -> {self.new}: {self.shown}"


def flipped(number):
    digits = re.match(r"0x[0-9a-fA-F]+|\d+", number).group()
    value = int(digits, 16 if digits.startswith("0x") else 10) ^ 1
    return (hex(value) if digits.startswith("0x") else str(value)) + number[len(digits):]


def is_binary(text, start):
    """An operator with a value on its left: no sign, no pointer."""
    before = text[:start].rstrip()
    if not before or not (before[-1].isalnum() or before[-1] in "_)]'"):
        return False
    word = re.search(r"\w+$", before)
    return not word or word.group() not in ("return", "case")


def is_declaration(text, start):
    """The star of `struct reader *r`."""
    line = text[text.rfind("\n", 0, start) + 1:start]
    return bool(re.search(r"(?:\b(?:struct|enum|const|char|void|bool|unsigned|int|size_t|Bytef|"
                          r"u?int\d+_t)\s+|\w+_t\s+|\()\s*\**\w*\s*$", line)) and \
        not re.search(r"[-+*/=<>&|]\s*\w+\s*$", line)


def mutants_of(source):
    text = open(f"src/binlog/{source}.c").read()
    for match in TOKEN.finditer(text):
        start, end, token = match.start(), match.end(), match.group()
        if match.lastgroup == "number":
            new = flipped(token)
        elif match.lastgroup == "char":
            new = "'~'"
        elif token in SWAPS and match.lastgroup in ("op", "word"):
            if token in "*&-+" and (not is_binary(text, start) or is_declaration(text, start)):
                continue
            new = SWAPS[token]
        else:
            continue
        yield Mutant(source, text, start, end, new)


def run(command, timeout=20):
    try:
        return subprocess.run(command, shell=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=timeout, errors="replace")
    except subprocess.TimeoutExpired:
        return None


class Build:
    """All objects once, with or without sanitizers; then one object and the tests again
    for each mutant."""

    def __init__(self, folder, flags):
        self.folder, self.flags = folder, f"{CFLAGS} {flags}"
        os.makedirs(folder, exist_ok=True)
        self.libs = subprocess.run(
            "pkg-config --cflags --libs mysqlclient libcjson zlib libzstd", shell=True,
            capture_output=True, text=True, check=True).stdout.strip() + " -lcmocka -lm -lpthread"
        self.cc = os.environ.get("CC", "cc")

    def prepare(self, sources, jobs):
        files = [f"src/{layer}/{name}" for layer in ("base", "binlog", "db")
                 for name in os.listdir(f"src/{layer}") if name.endswith(".c")]
        tests = sorted({t for s in sources for t in TESTS[s]})
        files += [f"tests/unit/test_{test}.c" for test in tests]

        def compile_one(file):
            subprocess.run(f"{self.cc} {self.flags} {self.libs} -c -o {self.object(file)} {file}",
                           shell=True, check=True)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(compile_one, files))
        self.archive = f"{self.folder}/all.a"
        objects = " ".join(self.object(f) for f in files if f.startswith("src/"))
        subprocess.run(f"rm -f {self.archive}; ar rcs {self.archive} {objects}", shell=True,
                       check=True)

    def object(self, file):
        return f"{self.folder}/{file.replace('/', '_')}.o"

    def kills(self, mutant, text, number):
        """Does a test fail, or the compiler refuse?"""
        place = tempfile.mkdtemp(prefix="m", dir=self.folder)
        try:
            source = f"{place}/{mutant.source}.c"
            with open(source, "w") as file:
                file.write(mutant.apply(text))
            built = run(f"{self.cc} {self.flags} -Isrc/binlog {self.libs} -c -o {place}/m.o {source}",
                        120)
            if built is None or built.returncode:
                return "compiler"
            for test in TESTS[mutant.source]:
                linked = run(f"{self.cc} {self.flags} -o {place}/t"
                             f" {self.object(f'tests/unit/test_{test}.c')} {place}/m.o"
                             f" {self.archive} {self.libs}", 120)
                if linked is None or linked.returncode:
                    raise SystemExit(f"{mutant}: {linked and linked.stderr}")
                ran = run(f"exec {place}/t")
                if ran is None or ran.returncode:
                    return test
            return None
        finally:
            shutil.rmtree(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--every", type=int, default=1, help="only every Nth mutant")
    parser.add_argument("sources", nargs="*", default=sorted(TESTS))
    args = parser.parse_args()
    folder = os.path.join("build", "mutants")
    builds = [Build(f"{folder}/plain", "-O0"), Build(f"{folder}/asan", f"-O0 {SANITIZE}")]
    builds[0].prepare(args.sources, args.jobs)
    texts = {s: open(f"src/binlog/{s}.c").read() for s in args.sources}
    mutants = [m for s in args.sources for m in list(mutants_of(s))[::args.every]]

    def survivors(build, candidates):
        with ThreadPoolExecutor(args.jobs) as pool:
            killers = pool.map(lambda i: build.kills(candidates[i], texts[candidates[i].source], i),
                               range(len(candidates)))
            return [m for m, killer in zip(candidates, killers) if killer is None]
    left = survivors(builds[0], mutants)
    if left:
        builds[1].prepare(args.sources, args.jobs)
        left = survivors(builds[1], left)
    for mutant in left:
        print(mutant)
    for source in args.sources:
        count = sum(m.source == source for m in mutants)
        alive = sum(m.source == source for m in left)
        print(f"{source}: {count} mutants, {alive} survive")
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
