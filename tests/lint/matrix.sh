#!/bin/sh
# tests/COVERAGE.md is what the tests say, and so are the versions that README names.
exec /usr/bin/python3 tests/tools/matrix.py --check
