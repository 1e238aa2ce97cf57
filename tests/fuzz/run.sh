#!/bin/sh
# Builds the fuzzers with clang and runs each for some seconds (default 60) from its
# corpus. New inputs stay in the build directory; a crash ends the script.
# Usage: tests/fuzz/run.sh [seconds [name ...]]
set -eu

cd "$(dirname "$0")/../.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
build=${BUILD:-build/fuzz}
mkdir -p "$build"
# All that parses, nothing that needs a client library.
sources="$(ls src/base/*.c src/binlog/*.c | grep -v -e /feed.c -e /streamer.c) src/db/server.c"
for name; do
	clang -std=c11 -D_GNU_SOURCE -Iinclude -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o "$build/fuzz_$name" "tests/fuzz/fuzz_$name.c" \
		$sources -lcjson -lz -lzstd -lm -lpthread
	mkdir -p "$build/corpus/$name" "$build/crashes"
	"$build/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$build/crashes/$name-" -print_final_stats=1 \
		"$build/corpus/$name" "tests/fuzz/corpus/$name" >"$build/$name.log" 2>&1 || {
		tail -40 "$build/$name.log"
		exit 1
	}
	grep -E 'number_of_executed_units|^Done' "$build/$name.log" | sed "s/^/$name: /"
done
