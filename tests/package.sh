#!/bin/bash
# The Debian package: what lintian says, the same bytes from another folder, and how it installs,
# runs and goes away on a bare Debian 12. The last line counts. Status 77: no such tree here.
set -u

cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # NAME COMMAND…
	local name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		echo "FAILED: $name"
		tail -n 20 "$work/out" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
}

tree=$(tests/tools/tree.sh bookworm) || exit 77
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "${proxy:-}" ] || export http_proxy="${http_proxy:-$proxy}"

make_deb() { # FOLDER: of a checkout
	make -s -C "$1" "-j$(nproc)" BUILD=build/package deb
}

in_tree() { chroot "$tree" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@" </dev/null; }

lintian_finds_no_error() { lintian --allow-root --fail-on error "$deb"; }

same_bytes_elsewhere() {
	git clone -q . "$work/other-folder" && git ls-files -z |
		tar -c --null -T - | tar -x -C "$work/other-folder" || return
	make_deb "$work/other-folder" && cmp "$deb" "$work/other-folder/$deb"
}

installs() {
	cp "$deb" "$tree/tmp/package.deb" && in_tree apt-get update &&
		in_tree apt-get install -y --no-install-recommends /tmp/package.deb
}

runs() {
	in_tree ghostferry-copydb -version | grep -q '^[^ ]*' &&
		in_tree ghostferry-copydb -help 2>&1 | grep -q -- -resumestate &&
		[ -f "$tree/usr/share/man/man5/ghostferry-copydb.conf.5.gz" ]
}

unit_is_sound() {
	in_tree apt-get install -y --no-install-recommends systemd || return
	in_tree systemd-analyze verify --man=no \
		/lib/systemd/system/ghostferry-copydb@shop.service || return
	in_tree systemd-analyze security --offline=true --threshold=30 --no-pager \
		/lib/systemd/system/ghostferry-copydb@shop.service
}

# What the shell offers for a word, as the completion's function leaves it.
completes() {
	in_tree bash -c '
		source /usr/share/bash-completion/completions/ghostferry-copydb || exit
		COMP_WORDS=(ghostferry-copydb -resu) COMP_CWORD=1
		_ghostferry_copydb
		[[ " ${COMPREPLY[*]} " == *" -resumestate "* ]] || exit
		cd /usr/share/doc/ghostferry-copydb/examples || exit
		COMP_WORDS=(ghostferry-copydb conf) COMP_CWORD=1
		_ghostferry_copydb
		[[ "${COMPREPLY[*]}" == conf.example.json ]]'
}

completes_in_zsh() {
	tests/tools/zsh_complete.py build/package/deb/root/usr/bin/ghostferry-copydb src/package
}

leaves_nothing() {
	in_tree apt-get purge -y ghostferry-copydb systemd &&
		in_tree apt-get autoremove -y --purge || return
	! find "$tree/usr" "$tree/lib/systemd" "$tree/etc" "$tree/var/lib" -name '*ghostferry*' \
		-not -path '*/apt/*' | grep .
}

if ! make_deb . >"$work/out" 2>&1; then
	cat "$work/out"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
deb=$(ls build/package/*.deb)
for test in lintian_finds_no_error same_bytes_elsewhere installs runs unit_is_sound completes \
	completes_in_zsh leaves_nothing; do
	check "${test//_/ }" "$test"
done
rm -f "$tree/tmp/package.deb"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
