#!/bin/sh
# Runs make in the MySQL tree, on a copy of the sources: Oracle's client library,
# and the newest gcc. Prints the copy's path there on the last line.
#   sid-make.sh [make arguments]
# With RUN='command', runs that in the copy instead. Status 77: there is no tree.
set -eu

cd "$(dirname "$0")/../.."
sid=$(tests/tools/tree.sh sid) || exit $?
# Several checkouts may share the tree.
copy=/tmp/build-$(pwd -P | cksum | cut -d' ' -f1)

mkdir -p "$sid$copy"
rm -rf "$sid$copy/src" "$sid$copy/include" "$sid$copy/tests"
cp -a src include tests "$sid$copy/" # with their times: only what changed is built
cp -a Makefile ./*.json "$sid$copy/" 2>/dev/null || cp -a Makefile "$sid$copy/"

if [ -n "${RUN:-}" ]; then
	exec chroot "$sid" sh -c "cd $copy && $RUN"
fi
chroot "$sid" env -u MAKEFLAGS make -C "$copy" --no-print-directory "$@" >&2
echo "$sid$copy"
