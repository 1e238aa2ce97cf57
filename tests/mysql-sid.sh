#!/bin/sh
# Prints the path of a Debian sid tree that holds MySQL's server and Oracle's
# libmysqlclient, neither of which Debian stable has; makes it when it is not
# there. Exit status 77: it cannot be had here, and the caller skips what needs it.
set -eu

cd "$(dirname "$0")/.."
servers=${SERVERS_DIR:-$PWD/.servers}
sid=$servers/sid

PACKAGES=mysql-server-core,mysql-client-core,libmysqlclient-dev,gcc,libc6-dev
PACKAGES=$PACKAGES,make,pkg-config,libcjson-dev,libev-dev,libmicrohttpd-dev
PACKAGES=$PACKAGES,libcurl4-openssl-dev,zlib1g-dev,libzstd-dev,libsnappy-dev
PACKAGES=$PACKAGES,libcmocka-dev

unavailable() {
	echo "**** NO MYSQL TREE: $1. Everything that needs MySQL is SKIPPED. ****" >&2
	exit 77
}

# Programs that run in the tree look names up there.
name_localhost() {
	grep -qs localhost "$1/etc/hosts" || echo '127.0.0.1 localhost' >>"$1/etc/hosts"
}

if [ -x "$sid/usr/sbin/mysqld" ] && [ -x "$sid/usr/bin/make" ]; then
	name_localhost "$sid"
	echo "$sid"
	exit 0
fi
[ "$(id -u)" = 0 ] || unavailable "debootstrap and chroot need root"
command -v debootstrap >/dev/null || unavailable "debootstrap is not installed"

# The mirror this machine's own packages come from, and its proxy.
mirror() {
	sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\(http[^ ]*\) .*/\2/p' \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
	sed -n 's/^URIs: *\(http[^ ]*\).*/\1/p' \
		/etc/apt/sources.list.d/*.sources 2>/dev/null
}
url=${DEBIAN_MIRROR:-$(mirror | grep -m 1 '/debian/*$' || true)}
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "${proxy:-}" ] || export http_proxy="${http_proxy:-$proxy}"

mkdir -p "$servers"
new=$(mktemp -d "$servers/sid.new.XXXXXX")
log=$servers/sid.log
trap 'rm -rf "$new"' EXIT
echo "making the MySQL tree by debootstrap, once (some minutes)" >&2
# shellcheck disable=SC2086 # no mirror means debootstrap's own default
debootstrap --variant=minbase --include="$PACKAGES" sid "$new" $url \
	</dev/null >"$log" 2>&1 ||
	{ tail -n 5 "$log" >&2; unavailable "debootstrap failed"; }
rm -rf "$new"/var/cache/apt/archives/*.deb
chmod 755 "$new"
name_localhost "$new"
mv -T "$new" "$sid"
trap - EXIT
echo "$sid"
