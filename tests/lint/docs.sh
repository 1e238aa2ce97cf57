#!/bin/sh
# The documents agree with the program and with each other; the manual renders quietly.
set -u

bad=0
/usr/bin/python3 tests/lint/docs.py || bad=1
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning src/man/*.[1-8] || bad=1
fi
exit $bad
