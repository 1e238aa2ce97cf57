#!/bin/sh
# The order of the rooms: a file includes headers of its own room or of one that it may
# use, from another room through a door in include/ only. A door is included by another
# room or by another door, and no two files of the program have the same base name.
exec /usr/bin/python3 tests/lint/rooms.py
