#!/bin/sh
# Installs the Debian packages that building and testing need and that are not
# there yet: what building needs, with "demo" what a demonstration needs too, with "bench"
# that and what the program is compared with, with "test" what building, demonstration and
# tests need. Servers come as -core packages: nothing starts as a service.
set -eu

BUILD="gcc libc6-dev make pkg-config default-libmysqlclient-dev libcjson-dev
	libev-dev libmicrohttpd-dev libcurl4-openssl-dev zlib1g-dev libzstd-dev
	libsnappy-dev"
DEMO="ca-certificates mariadb-server-core mariadb-client-core python3 python3-pymysql
	python3-cryptography openssl debootstrap"
BENCH="mydumper mariadb-client"
TEST="libcmocka-dev spin mandoc chromium dpkg-dev lintian
	clang clang-format clang-tidy libclang-rt-14-dev"

case ${1:-build} in
build) wanted=$BUILD ;;
demo) wanted="$BUILD $DEMO" ;;
bench) wanted="$BUILD $DEMO $BENCH" ;;
test) wanted="$BUILD $DEMO $TEST" ;;
*) echo "deps.sh: $1 is not known" >&2; exit 1 ;;
esac

# A real package of that name, or an installed one that provides it.
installed() {
	dpkg-query -W -f '${db:Status-Status} ${Provides}\n' "$1" 2>/dev/null |
		grep -q '^installed'
}

missing=
for package in $wanted; do
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "deps: missing:$missing; run 'make deps' as root" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "deps: installing$missing"
install_missing() {
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y --no-install-recommends $missing </dev/null >"$log" 2>&1
}
# The package lists may be absent or stale: fetch them only if it fails without.
if ! install_missing; then
	apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
	install_missing || { cat "$log" >&2; exit 1; }
fi
