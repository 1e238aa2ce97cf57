#!/bin/sh
# A file includes headers of its own layer or of one below, never above.
set -u

bad=0
below=' '
for layer in base db binlog ferry control app; do
	below="$below$layer "
	for file in $(find "src/$layer" "include/$layer" -name '*.[ch]' 2>/dev/null); do
		for used in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([a-z]*\)\/.*/\1/p' "$file"); do
			case "$below" in
			*" $used "*) ;;
			*) echo "$file: $layer includes $used/"; bad=1 ;;
			esac
		done
		if grep -n '#[ ]*include[ ]*"\.\./' "$file"; then
			echo "$file: reaches out of its folder"
			bad=1
		fi
	done
done
exit $bad
