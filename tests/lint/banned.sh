#!/bin/sh
# Functions that overflow, keep hidden state or hide errors are not called.
set -u

names='strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol'
names="$names|atoll|atof|localtime|gmtime|ctime|asctime|alloca|tmpnam|mktemp|rand"
names="$names|srand|system|popen"

# Comments and strings may name them.
find src include -name '*.[ch]' 2>/dev/null | sort | {
	bad=0
	while read -r file; do
		sed -e 's/"\([^"\\]\|\\.\)*"/""/g' -e 's:/\*.*\*/::g' -e 's://.*::' \
			-e '/^[ \t]*\/\*/,/\*\//d' "$file" |
			grep -nE "(^|[^A-Za-z0-9_.>])($names)[ \t]*\(" |
			sed "s|^[0-9]*:|$file: |" | grep . && bad=1
	done
	exit $bad
}
