#!/bin/sh
# Prints the path of Prometheus' promtool. Out of Debian's package without installing it, as that
# would start a server on this machine. Exit status 77: it cannot be had here.
set -eu

cd "$(dirname "$0")/../.."
place=${SERVERS_DIR:-$PWD/.servers}/prometheus
tool=$place/usr/bin/promtool

command -v promtool && exit 0
if ! [ -x "$tool" ]; then
	new=$(mktemp -d)
	trap 'rm -rf "$new"' EXIT
	(cd "$new" && apt-get download prometheus && dpkg-deb -x prometheus_*.deb tree) >&2 || exit 77
	mkdir -p "$(dirname "$place")"
	rm -rf "$place"
	cp -r "$new/tree" "$place"
fi
echo "$tool"
