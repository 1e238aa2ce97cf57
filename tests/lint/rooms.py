"""See rooms.sh, and src/README.md for what is in each room."""

import collections
import glob
import os
import re

CHAIN = ("base", "db", "decode", "stream", "plan", "state", "run", "rows", "create", "objects",
         "preflight", "compare", "verify", "copy", "apply", "ferry", "control", "config", "app")
# Beside the chain: these use less than what stands to their left.
ONLY = {
    "create": ("base", "db", "decode", "stream", "plan", "state", "run", "rows"),
    "compare": ("base", "db", "decode", "stream", "plan", "state", "run", "rows"),
    "verify": ("base", "db", "decode", "stream", "plan", "state", "run", "rows", "compare"),
    "copy": ("base", "db", "decode", "stream", "plan", "state", "run", "rows", "compare",
             "verify"),
    "apply": ("base", "db", "decode", "stream", "plan", "state", "run", "rows", "compare",
              "verify", "copy"),
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def may_use(room):
    return {room, *ONLY.get(room, CHAIN[:CHAIN.index(room)])}


def is_complaint(text):
    print(text)
    return 1


def lint():
    files = sorted(glob.glob("src/*/*.[ch]") + glob.glob("include/*/*.h"))
    bad = 0
    names, users = collections.defaultdict(set), collections.defaultdict(set)
    for path in files:
        top, room, name = path.split("/")
        names[name.rsplit(".")[0]].add(room)
        if room not in CHAIN:
            bad += is_complaint(f"{path}: there is no room {room}")
            continue
        with open(path, encoding="utf-8") as file:
            for used in INCLUDE.findall(file.read()):
                if os.path.exists("include/" + used):
                    # What a door includes is seen through it.
                    users["include/" + used].add("door" if top == "include" else room)
                    if used.split("/")[0] not in may_use(room):
                        bad += is_complaint(f"{path}: {room} may not use {used}")
                elif top == "include" or not os.path.exists(f"src/{room}/{used}"):
                    bad += is_complaint(f"{path}: {used} is no door, and not of this room")
    for path in files:
        room = path.split("/")[1]
        if path.startswith("include/") and not users[path] - {room}:
            bad += is_complaint(f"{path}: no other room opens it, it belongs beside its code")
    for name, rooms in names.items():
        if len(rooms) > 1:
            bad += is_complaint(f"{name}: in {' and '.join(sorted(rooms))}")
    return bad


raise SystemExit(1 if lint() else 0)
