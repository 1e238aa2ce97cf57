#!/bin/sh
# Locks: clang knows which function takes and gives which (base/attr.h). Anything else that
# it warns of counts, too.
set -u

command -v clang >/dev/null || { echo "no clang: 'make deps' installs it"; exit 77; }
# shellcheck disable=SC2086 # flags are a list of words
find src -name '*.c' | sort | xargs -n 20 clang ${CPPFLAGS:--D_GNU_SOURCE -Iinclude} -std=c11 \
	-Wthread-safety -fsyntax-only -Werror
