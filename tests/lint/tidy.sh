#!/bin/sh
# What clang-tidy takes for mistakes, less what is a matter of taste, or of gcc's -Wconversion.
set -u

command -v clang-tidy >/dev/null || { echo "no clang-tidy: 'make deps' installs it"; exit 77; }
checks='-*,bugprone-*'
for taste in branch-clone easily-swappable-parameters implicit-widening-of-multiplication-result \
	macro-parentheses narrowing-conversions not-null-terminated-result sizeof-expression \
	suspicious-memory-comparison; do
	checks="$checks,-bugprone-$taste"
done
# shellcheck disable=SC2046,SC2086 # lists of words
clang-tidy --quiet --checks="$checks" --warnings-as-errors='*' $(find src -name '*.c' | sort) \
	-- ${CPPFLAGS:--D_GNU_SOURCE -Iinclude} -std=c11 2>/dev/null
