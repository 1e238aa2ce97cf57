#!/bin/sh
# The C sources are laid out as tests/lint/clang-format says ('make format' does it).
set -u

command -v clang-format >/dev/null || { echo "no clang-format: 'make deps' installs it"; exit 77; }
# shellcheck disable=SC2046 # a list of words
clang-format --style=file:tests/lint/clang-format --dry-run -Werror \
	$(find src include tests -name '*.[ch]' | sort) 2>&1 | grep -E 'error|warning' && exit 1
exit 0
