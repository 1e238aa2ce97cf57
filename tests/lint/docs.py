"""See docs.sh."""

import glob
import os
import re
import sys

README_LINES = 250
PAGES = sorted(glob.glob("src/man/*.[1-8]"))
MARKDOWN = ["README.md", "src/README.md", "tests/README.md", "tests/COVERAGE.md"]
KEY = re.compile(r'^\s*\{ "([A-Z]\w+)",', re.MULTILINE)
FLAG = re.compile(r'^\s*\{ "([a-z-]+)", (?:NULL|"[A-Z]+"),', re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
PATH = re.compile(r"(?<![\w./-])((?:src|include|tests|\.ci)/[\w./-]*\w)")
PAGE = re.compile(r"\b(ghostferry-copydb(?:\.conf)?)(?:\\fR)? ?\(([1-8])\)")
SECTION = re.compile(r"\bsee ([A-Z][A-Z ]*[A-Z])\b")
# A chain of calls: "copy/batch_writer.c   write_batch() → write_rows()".
CHAIN = re.compile(r"^(\w+/\w+\.c)?\s*(?:[^()]*?\s)?(\w+)\(\)")
CALL = re.compile(r"\b(\w+)\(\)")
FILE = re.compile(r"`(\w+\.[ch])`")

bad = 0


def complain(text):
    global bad
    print(text)
    bad = 1


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def plain(roff):
    """Without fonts, and with plain hyphens."""
    return re.sub(r"\\f[BIR]|\\&", "", roff).replace("\\-", "-")


def check_length():
    lines = read("README.md").count("\n")
    if lines > README_LINES:
        complain(f"README.md: {lines} lines, at most {README_LINES} are wanted")


def check_keys():
    text = read("README.md") + "".join(plain(read(page)) for page in PAGES)
    keys = KEY.findall(read("src/config/config_keys.c"))
    if len(keys) < 50:
        complain("src/config/config_keys.c: no keys found")
    for key in keys:
        if not re.search(rf"\b{key}\b", text):
            complain(f"no document names the key {key}")


def check_flags():
    text = plain(read("src/man/ghostferry-copydb.1"))
    flags = FLAG.findall(read("src/app/cli.c"))
    if "dryrun" not in flags:
        complain("src/app/cli.c: no flags found")
    for flag in flags:
        if not re.search(rf"(?<!\w)-{flag}(?![\w-])", text):
            complain(f"ghostferry-copydb.1 lacks the flag -{flag}")


def check_version():
    version = re.search(r"^VERSION +:= (.*)$", read("Makefile"), re.MULTILINE).group(1)
    if f"This is version {version}." not in read("README.md"):
        complain(f"README.md does not say: This is version {version}.")
    for page in PAGES:
        title = re.search(r"^\.TH .*", read(page), re.MULTILINE)
        if not (title and f'"ghostferry-copydb {version}"' in title.group()):
            complain(f"{page}: its title does not say ghostferry-copydb {version}")


def check_links():
    for path in MARKDOWN:
        text = read(path)
        for link in LINK.findall(text):
            if "://" not in link and not os.path.exists(
                    os.path.join(os.path.dirname(path), link)):
                complain(f"{path}: there is no {link}")
    for path in MARKDOWN + PAGES:
        text = plain(read(path))
        for name in PATH.findall(text):
            if not os.path.exists(name):
                complain(f"{path}: there is no {name}")
        for name, section in PAGE.findall(re.sub(r"\s+\(", "(", text)):
            if f"src/man/{name}.{section}" not in PAGES:
                complain(f"{path}: there is no {name}({section})")
        sections = re.findall(r"^\.SH (.*)$", text, re.MULTILINE)
        for section in SECTION.findall(" ".join(text.split())):
            if sections and section not in sections:
                complain(f"{path}: there is no section {section}")
    guide = re.findall(r"^\.SH (.*)$", read("src/man/ghostferry-copydb.7"), re.MULTILINE)
    for path in MARKDOWN:
        for section in re.findall(r'copydb\(7\), "([A-Z0-9. ]+)"', " ".join(read(path).split())):
            if section not in guide:
                complain(f"{path}: ghostferry-copydb.7 has no section {section}")


def definitions():
    """{function: files that define it}"""
    found = {}
    for path in glob.glob("src/*/*.c"):
        for name in re.findall(r"^[a-z][^;={}#\n]*?\b(\w+)\(", read(path), re.MULTILINE):
            found.setdefault(name, set()).add(path)
    return found


def check_chain(block, defined):
    """Each function is where the chain says, and mentioned in the file of its caller: the
    last one before it that stands further to the left."""
    file, callers = None, []
    for line in block.split("\n"):
        first = CHAIN.match(line)
        if not first:
            continue
        file = first.group(1) and f"src/{first.group(1)}" or file
        calls = CALL.findall(line)
        column = first.start(2)
        callers = [(c, f) for c, f in callers if c < column]
        for i, name in enumerate(calls):
            files = defined.get(name, set())
            if not files:
                continue  # said already
            if i == 0 and file not in files:
                complain(f"src/README.md: {name}() is not in {file}")
            before = (callers[-1][1] if callers else None) if i == 0 or "→" not in line \
                else where
            if before and not any(re.search(rf"\b{name}\b", read(f)) for f in before):
                complain(f"src/README.md: {name}() is not called in {' or '.join(before)}")
            where = files
        if calls:
            callers.append((column, defined.get(calls[0], set())))


def check_map():
    text = read("src/README.md")
    defined = definitions()
    files = {os.path.basename(f) for f in glob.glob("src/*/*.[ch]") + glob.glob("include/*/*.h")}
    for name in sorted(set(CALL.findall(text)) - set(defined)):
        complain(f"src/README.md: there is no function {name}()")
    for name in FILE.findall(text):
        if name not in files:
            complain(f"src/README.md: there is no file {name}")
    for name in re.findall(r"^(\w+/\w+\.c)\b", text, re.MULTILINE):
        if not os.path.exists("src/" + name):
            complain(f"src/README.md: there is no src/{name}")
    blocks = text.split("```")[1::2]
    for block in blocks:
        check_chain(block, defined)
    rooms = re.findall(r"^\| `(\w+)` \|", text.split("## Rooms")[1].split("## Threads")[0],
                       re.MULTILINE)
    wanted = [os.path.basename(d) for d in glob.glob("src/*")
              if glob.glob(d + "/*.c")]
    if sorted(rooms) != sorted(wanted):
        complain(f"src/README.md: its rooms differ: {sorted(set(rooms) ^ set(wanted))}")
    threads = set(re.findall(r'thread_start\([^"]*"(\w+)"',
                             " ".join(read(f) for f in glob.glob("src/*/*.c"))))
    table = text.split("## Threads")[1].split("\n## ")[0]
    for name in sorted(threads):
        if f"`{name}`" not in table:
            complain(f"src/README.md: its threads lack {name}")


for check in (check_length, check_keys, check_flags, check_version, check_links, check_map):
    check()
sys.exit(bad)
