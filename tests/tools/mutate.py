#!/usr/bin/python3
"""Would the unit tests notice if a decoder were wrong by one bit?

Breaks the sources that decode foreign bytes, and those that buffer what was decoded, in
one place at a time (a number by its lowest bit, a comparison, an operator, a truth value),
builds the unit tests that belong to the file with it, and runs them. Mutants that no test kills are printed, and make the
exit status 1. Those that survive are tried again with ASan and UBSan, which see a read
behind the end. Not part of `make test`: it takes a while.

Usage: tests/tools/mutate.py [--jobs N] [--every N] [file of src/decode or src/stream ...]

SAME lists the mutants that do the same as the original, each with the reason.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
os.chdir(TOP)

# Source: the unit tests that see it.
TESTS = {
    "column_codec": ("column_codec", "row", "table_map"),
    "decimal": ("decimal",),
    "double_text": ("double_text", "json_binary"),
    "event": ("event",),
    "event_buffer": ("event_buffer",),
    "json_binary": ("json_binary",),
    "payload": ("payload", "streamer"),
    "position": ("position",),
    "row_image": ("row", "column_codec"),
    "rows": ("row",),
    "table_check": ("table_map", "column_codec"),
    "table_map": ("table_map", "row"),
    "temporal": ("temporal",),
    "transaction": ("transaction",),
    "xa": ("xa", "streamer"),
}
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
         "||": "&&", "+": "-", "-": "+", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
         "*": "+", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "|=": "&=", "++": "--",
         "true": "false", "false": "true", "/=": "*=", "!": "!!"}
ANY = None
# Source: (part of the line and the one before it, old, new, why nothing can tell them apart).
SAME = {
    "column_codec": (
        ("else r->failed = true;", "true", "false", "inet_ntop() has the room it needs"),
        ("cell->length < column->max_octets", "<", "<=", "padding by nothing"),
        ("if (length > UINT32_MAX || original", ANY, ANY, "no stream comes near any of these limits, and what"
         " is beyond them is refused by zlib too"),
        ("MAX_WBITS) != Z_OK) return false;", "false", "true", "inflateInit2() fails for lack of memory only"),
        ("codecs[256]", "256", "257", "a longer table"),
    ),
    "decimal": (
        ("BYTES_MAX 44", "44", "45", "a longer buffer"),
        ("1, 10, 100, 1000,", "1", "0", "no group has 0 digits"),
        ("plain[BYTES_MAX] = { 0 }", "0", "1", "overwritten"),
    ),
    "double_text": (
        ("i < count; i++)", "<", "<=", "overwritten by the end mark"),
        ("while (count > 1", ">", ">=", "the first digit is never 0"),
        ("while (count > 1", "1", "0", "the first digit is never 0"),
        ("d->digits[count] = '\\0'", "'\\0'", ANY, "count says where they end"),
        ("while (*last == '9')", "'9'", ANY, "no power of two needs a carry (tried: all)"),
        ("*last-- = '0'", "'0'", ANY, "the same"),
        ("if (*last == '.')", "'.'", ANY, "the same"),
        ("if (*last == '.') return false;", "false", "true", "the same"),
        ("char text[40]", "40", "41", "a longer buffer"),
        ("number < DBL_MIN", "<", "<=", "DBL_MIN itself takes 17 digits"),
        ("d->point > 0 ? d->point : 0", ">", ">=", "0 is 0"),
    ),
    "event": (
        ("read = { .has_checksum = false };", "false", "true", "set below"),
        ("while (reader_left(r) > 0)", "0", "1", "what is left is the end mark"),
        ("reader_left(&event->body) > 8", ">", ">=", "an offset without a name is refused"),
        ("post_header > QUERY_POST_HEADER", ">", ">=", "skips nothing"),
        ("if (r->failed || heartbeat->file_length == 0 || heartbeat->offset >", ">", ">=",
         "its eighth byte is 0"),
    ),
    "json_binary": (
        ("bytes > p->budget", ">", ">=", "the first byte, a type, is never paid for"),
        ("escapes[0x20]", "0x20", "0x21", "a longer table"),
        ("shift < 35", "35", "34", "shift is 28 or 35"),
        ("return 0;", "0", "1", "failed"),
        ("types.length > 0", "0", "1", "an entry has more bytes than one"),
        ("if (byte >= 0x20) {", ">=", ">", "a quote or a backslash: there is no blank here"),
        ("if (byte >= 0x20) {", "0x20", "0x21", "the same"),
        ("i > 0 && i % 57", "0", "1", "i is a multiple of 3"),
        ("if (r.failed || !pay(", "||", "&&", "the value has failed as well"),
    ),
    "payload": (
        ("FIELD_UNCOMPRESSED_SIZE = 3", "3", "2", "only its number, and not read"),
        ("want < reader_left", "<", "<=", "the same number"),
        ("EVENT_BYTES_MAX (UINT64_C(1) << 30)", "30", "31", "refused for its end is not there"),
        ("out.pos == 0 && in.pos", "&&", "||", "a call ends with output full or input empty"),
        ("size < EVENT_HEADER_SIZE ||", "||", "&&", "refused for its size is another"),
        ("size > EVENT_BYTES_MAX", ">", ">=", "refused for its end is not there"),
        ("size / 1040 >", ">", ">=", "zlib is far from it"),
        ("size / 1040 >", "1040", "1041", "zlib is far from it"),
        ("size / 1040 >", "64", "65", "zlib is far from it"),
        ("extra >= 2 ?", ">=", ">", "of 2 nothing is left"),
        ("extra >= 2 ?", "2", "3", "of 2 nothing is left"),
        ("while (want > 0)", ">", ">=", "nothing comes out for a want of 0"),
        ("want < (1U << 20) ? want", "20", "21", "the size of a step only"),
        ("want < (1U << 20) ? want", "<", "<=", "the same number"),
        ("p->event.data[p->event.length] = '\\0'", ANY, ANY, "events are no texts"),
        ("out->data[out->length] = '\\0'", ANY, ANY, "buf_reserve() left one"),
    ),
    "position": (
        ("x_length < y_length", "<", "<=", "they differ"),
    ),
    "row_image": (
        ("columns <= image->room", "<=", "<", "grows to what it has"),
        ("{ .room = 0 }", "0", "1", "not used after its release"),
    ),
    "table_check": (
        ("[COLUMN_TINYINT]", "0", "1", "its own type"),
        ("[COLUMN_ENUM]", "0", "1", "TINYINT has no width"),
        ("index < map->known_count && column_codec", ANY, ANY, "the first type that is not known"
         " has no decoder either"),
        ("part->column >= table->column_count", ">=", ">", "a column, or none"),
    ),
    "table_map": (
        ("bytes && !r->failed", "&&", "||", "the map is thrown away"),
        ("uint8_t bits = 0", "0", "1", "overwritten"),
        ("used++ % 8", "++", "--", "the same multiples of 8"),
        ("mem_alloc(size + 1)", "1", "0", "the NUL of each name takes the place of its length"),
    ),
    "temporal": (
        ("char digits[8]", "8", "9", "a longer buffer"),
        (".is_negative = false }", "false", "true", "overwritten, or not looked at"),
        ("if (r->failed || width > 3)", "||", "&&", "refused behind it: no clock has these fields"),
        ("widths[FRACTION_MAX + 1] = { 3,", "3", "2", "not used for fraction 0"),
        ("widths[FRACTION_MAX + 1] = { 8,", "8", "9", "not used for fraction 0"),
        ("f.year * 13 + f.month", "13", "12", "a year is more than 838 hours"),
        ("9999 ? 10000 :", "10000", "10001", "neither is a year"),
        ("part < powers[fraction]", "<", "<=", "a whole second of micros is refused"),
        ("packed >> 40", "40", "41", "such a year is refused"),
        ("if (fraction > FRACTION_MAX) r->failed = true;", "true", "false", "put_datetime_checked() looks at it again"),
    ),
    "xa": (
        ("length < 200 ?", ANY, ANY, "how much a message shows"),
    ),
}
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
        before = text[:begin].rstrip("\n").rpartition("\n")[2].strip()
        self.context, self.own = f"{before} {self.shown}", len(before) + 1

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def is_same(self):
        return any(self.context.rfind(part) + len(part) > self.own and part in self.context
                   and old in (ANY, self.old) and new in (ANY, self.new)
                   for part, old, new, _ in SAME.get(self.source, ()))

    def __str__(self):
        return f"{path_of(self.source)}:{self.line}: {self.old} -> {self.new}: {self.shown}"


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


def path_of(source):
    return glob.glob(f"src/*/{source}.c")[0]


def test_of(test):
    return glob.glob(f"tests/unit/*/test_{test}.c")[0]


def mutants_of(source):
    text = open(path_of(source)).read()
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
        files = [f"src/{layer}/{name}" for layer in ("base", "db", "decode", "stream")
                 for name in os.listdir(f"src/{layer}") if name.endswith(".c")]
        tests = sorted({t for s in sources for t in TESTS[s]})
        files += [test_of(test) for test in tests]

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
            built = run(f"{self.cc} {self.flags} -I{os.path.dirname(path_of(mutant.source))} {self.libs} -c -o {place}/m.o {source}",
                        120)
            if built is None or built.returncode:
                return "compiler"
            for test in TESTS[mutant.source]:
                linked = run(f"{self.cc} {self.flags} -o {place}/t"
                             f" {self.object(test_of(test))} {place}/m.o"
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
    texts = {s: open(path_of(s)).read() for s in args.sources}
    mutants = [m for s in args.sources for m in list(mutants_of(s))[::args.every]
               if not m.is_same()]

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
