#!/bin/sh
# A live move, watched: see demo.py. DEMO_FLAVOUR=mysql moves between MySQL servers.
set -eu

cd "$(dirname "$0")/../.."
tests/tools/deps.sh demo
[ "${DEMO_FLAVOUR:-mariadb}" = mariadb ] || tests/tools/tree.sh sid >/dev/null
make -s all
exec /usr/bin/python3 tests/tools/demo.py
