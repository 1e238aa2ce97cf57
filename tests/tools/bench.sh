#!/bin/sh
# Ratios between ways of moving and comparing the same tables: see bench.py.
set -eu

cd "$(dirname "$0")/../.."
tests/tools/deps.sh demo
case ${BENCH_FLAVOURS:-mysql} in
*mysql*) tests/tools/tree.sh sid >/dev/null || echo "no MySQL here: left out" >&2 ;;
esac
make -s all
exec /usr/bin/python3 tests/tools/bench.py
