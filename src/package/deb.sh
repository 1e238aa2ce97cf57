#!/bin/sh
# Makes $BUILD/ghostferry-copydb_VERSION_ARCH.deb: the program with Debian's hardening flags, its
# pages, completions and unit. The same sources give the same bytes, wherever they lie:
# SOURCE_DATE_EPOCH, the last commit's time when it is not set, is the only date in it.
set -eu

cd "$(dirname "$0")/../.."
for tool in dpkg-buildflags dpkg-shlibdeps; do
	command -v $tool >/dev/null || {
		echo "deb: no $tool: install dpkg-dev" >&2
		exit 1
	}
done
build=${BUILD:-build}/deb
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
arch=$(dpkg --print-architecture)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)}"
export SOURCE_DATE_EPOCH DEB_BUILD_MAINT_OPTIONS=hardening=+all
package=${BUILD:-build}/ghostferry-copydb_${version}_$arch.deb
rm -rf "$build/root" "$build/debian"
root=$build/root
mkdir -p "$root/DEBIAN" "$build/debian"

make -s BUILD="$build" PREFIX=/usr DESTDIR="$root" DEV= PROBES= SAN= \
	CPPFLAGS="$(dpkg-buildflags --get CPPFLAGS)" \
	CFLAGS="$(dpkg-buildflags --get CFLAGS)" \
	LDFLAGS="$(dpkg-buildflags --get LDFLAGS) -Wl,--as-needed" install >/dev/null
strip --strip-unneeded --remove-section=.comment "$root/usr/bin/ghostferry-copydb"

unit=$root/lib/systemd/system/ghostferry-copydb@.service
install -D -m 644 "src/package/ghostferry-copydb@.service" "$unit"
doc=$root/usr/share/doc/ghostferry-copydb
install -D -m 644 src/package/copyright "$doc/copyright"
install -m 644 README.md "$doc/README.md"
install -D -m 644 conf.example.json "$doc/examples/conf.example.json"
printf 'ghostferry-copydb (%s) stable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n' \
	"$version" "$version" "$(sed -n 's/^Maintainer: //p' src/package/control.in)" \
	"$(LC_ALL=C TZ=UTC0 date -R -d "@$SOURCE_DATE_EPOCH")" >"$doc/changelog"
gzip -9n "$doc/changelog"
find "$root/usr/share/man" -type f -exec gzip -9nf {} +

# What it needs to run is asked of the libraries' own packages.
echo "Source: ghostferry-copydb" >"$build/debian/control"
depends=$(cd "$build" && dpkg-shlibdeps -O root/usr/bin/ghostferry-copydb 2>/dev/null |
	sed -n 's/^shlibs:Depends=//p')
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@DEPENDS@/$depends/" \
	-e "s/@SIZE@/$(du -sk --apparent-size "$root/usr" | cut -f1)/" \
	src/package/control.in >"$root/DEBIAN/control"
(cd "$root" && find usr lib -type f | LC_ALL=C sort | xargs md5sum) >"$root/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$root"
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
echo "$package"
