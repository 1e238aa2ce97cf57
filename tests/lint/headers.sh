#!/bin/sh
# Each header compiles alone, and its guard is named after it.
set -u

bad=0
for header in $(find include src -name '*.h' 2>/dev/null | sort); do
	# shellcheck disable=SC2086 # flags are a list of words
	${CC:-cc} ${CPPFLAGS:--D_GNU_SOURCE -Iinclude} -std=c11 -Wall -Wextra -Werror \
		-fsyntax-only -x c -include "$header" /dev/null || bad=1
	guard=$(echo "${header#*/}" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$header" || {
		echo "$header: its guard should be $guard"
		bad=1
	}
done
exit $bad
