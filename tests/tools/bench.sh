#!/bin/sh
# Ratios between this program and others that move the same tables: see bench.py.
set -eu

cd "$(dirname "$0")/../.."
tests/tools/deps.sh bench
case ${BENCH_FLAVOURS:-mysql} in
*mysql*) tests/tools/tree.sh sid >/dev/null || echo "no MySQL here: left out" >&2 ;;
esac
make -s all
exec /usr/bin/python3 tests/tools/bench.py
