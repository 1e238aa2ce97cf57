#!/bin/sh
# The top level holds these names and dot-files, nothing else.
set -u

bad=0
for name in $(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u); do
	case "$name" in
	src | include | tests | Makefile | README.md | LICENSE | conf.example.json) ;;
	.*) ;;
	*) echo "top level: $name does not belong there"; bad=1 ;;
	esac
done
exit $bad
