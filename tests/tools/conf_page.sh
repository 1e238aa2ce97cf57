#!/bin/sh
# Makes src/man/ghostferry-copydb.conf.5 of its template and the table of configuration keys.
# With --check: fails when that would change the file.
set -eu

cd "$(dirname "$0")/../.."
page=src/man/ghostferry-copydb.conf.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} ${CPPFLAGS:--D_GNU_SOURCE -Iinclude} -std=c11 -o "$work/conf_page" \
	tests/tools/conf_page.c src/config/config_keys.c
"$work/conf_page" <$page.in >"$work/page"
if [ "${1-}" != --check ]; then
	cp "$work/page" $page
	exit
fi
diff -u $page "$work/page" || {
	echo "$page is not what its template and the key table make: run tests/tools/conf_page.sh"
	exit 1
}
