#!/bin/sh
# Prints the path of a Debian tree of another release, which holds a server that this
# machine's release does not have; makes it by debootstrap when it is not there.
#   tree.sh sid|trixie|bullseye|bookworm
# Exit status 77: it cannot be had here, and the caller skips what needs it.
set -eu

cd "$(dirname "$0")/../.."
servers=${SERVERS_DIR:-$PWD/.servers}
suite=$1
tree=$servers/$suite

case $suite in
sid) # MySQL and Oracle's client library, with what builds the program against it
	what="MySQL 9.7" made=usr/bin/make server=usr/sbin/mysqld
	packages=mysql-server-core,mysql-client-core,libmysqlclient-dev,gcc,libc6-dev
	packages=$packages,make,pkg-config,libcjson-dev,libev-dev,libmicrohttpd-dev
	packages=$packages,libcurl4-openssl-dev,zlib1g-dev,libzstd-dev,libsnappy-dev
	packages=$packages,libcmocka-dev ;;
trixie)
	what="MariaDB 11.8" made=usr/bin/mariadb server=usr/sbin/mariadbd
	packages=mariadb-server-core,mariadb-client-core ;;
bullseye)
	what="MariaDB 10.5" made=usr/bin/mariadb server=usr/sbin/mariadbd
	packages=mariadb-server-core-10.5,mariadb-client-core-10.5 ;;
bookworm) # a bare machine, to install the package on
	what="Debian 12" made=usr/bin/dpkg server=usr/bin/apt-get
	packages=ca-certificates ;;
*)
	echo "tree.sh: unknown suite $suite" >&2
	exit 1 ;;
esac

unavailable() {
	echo "**** NO TREE OF $what: $1. Everything that needs it is SKIPPED. ****" >&2
	exit 77
}

# Programs that run in the tree look names up there.
name_localhost() {
	grep -qs localhost "$1/etc/hosts" || echo '127.0.0.1 localhost' >>"$1/etc/hosts"
}

if [ -x "$tree/$server" ] && [ -x "$tree/$made" ]; then
	name_localhost "$tree"
	echo "$tree"
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
new=$(mktemp -d "$servers/$suite.new.XXXXXX")
log=$servers/$suite.log
trap 'rm -rf "$new"' EXIT
echo "making the tree of $what by debootstrap, once (half a minute or more)" >&2
# shellcheck disable=SC2086 # no mirror means debootstrap's own default
debootstrap --variant=minbase --include="$packages" "$suite" "$new" $url \
	</dev/null >"$log" 2>&1 ||
	{ tail -n 5 "$log" >&2; unavailable "debootstrap failed"; }
rm -rf "$new"/var/cache/apt/archives/*.deb
chmod 755 "$new"
name_localhost "$new"
mv -T "$new" "$tree"
trap - EXIT
echo "$tree"
