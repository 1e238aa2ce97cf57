#!/bin/sh
# Prints the path of a folder with the plugins of the installed MariaDB server, which
# Debian ships in the package that would also start a service. Exit status 77: they
# cannot be had here, and the caller skips what needs them.
set -eu

cd "$(dirname "$0")/../.."
servers=${SERVERS_DIR:-$PWD/.servers}
version=$(dpkg-query -W -f '${Version}' mariadb-server-core 2>/dev/null) || exit 77
plugins=$servers/plugins-$(echo "$version" | tr : _)

if [ ! -d "$plugins" ]; then
	mkdir -p "$servers"
	new=$(mktemp -d "$servers/plugins.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	(cd "$new" && apt-get -o APT::Sandbox::User=root download "mariadb-server=$version" &&
		dpkg-deb -x ./*.deb .) </dev/null >"$new/log" 2>&1 || { cat "$new/log" >&2; exit 77; }
	chmod 755 "$new"
	mv -T "$new/usr/lib/mysql/plugin" "$plugins" 2>/dev/null || [ -d "$plugins" ] || exit 77
fi
echo "$plugins"
