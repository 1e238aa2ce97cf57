#!/bin/sh
# Replays each fuzzer's corpus under ASan and UBSan, then, where there is clang, runs it
# for some seconds (default 20). New inputs stay in the build directory; a crash is
# printed and counted. The last line reads "N passed, N failed, N skipped".
# Usage: tests/fuzz/run.sh [seconds [name ...]]
set -u

cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-20}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
build=${BUILD:-build/fuzz}
passed=0 failed=0 skipped=0
# All that parses, nothing that needs a client library.
sources="$(ls src/base/*.c src/binlog/*.c | grep -v -e /feed.c -e /streamer.c -e /gtid_source.c) src/db/server.c
	src/db/sql.c src/db/sql_json.c src/ferry/create_translate.c"
flags="-std=c11 -D_GNU_SOURCE -Iinclude -g -O1 -fno-sanitize-recover=all"
libs="-lcjson -lz -lzstd -lm -lpthread"

# Compiles what all fuzzers share once: folder, compiler, flags.
objects() {
	mkdir -p "$1"
	for source in $sources; do
		object=$1/$(echo "$source" | tr / _).o
		[ "$object" -nt "$source" ] ||
			echo "$source -o $object"
	done | xargs -r -P "$(nproc)" -L 1 "$2" $flags $3 -c
}

outcome() { # status, name, log
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "ok: $2"
	else
		failed=$((failed + 1))
		echo "FAILED: $2"
		tail -n 40 "$3"
	fi
}

replay() {
	log=$build/$1.replay.log
	${CC:-cc} $flags -fsanitize=address,undefined -o "$build/replay_$1" \
		"tests/fuzz/fuzz_$1.c" tests/fuzz/replay.c "$build"/cc/*.o $libs >"$log" 2>&1 &&
		"$build/replay_$1" "tests/fuzz/corpus/$1" >>"$log" 2>&1
	outcome $? "replay of $1" "$log"
}

fuzz() {
	log=$build/$1.log
	mkdir -p "$build/corpus/$1" "$build/crashes"
	clang $flags -fsanitize=fuzzer,address,undefined -o "$build/fuzz_$1" \
		"tests/fuzz/fuzz_$1.c" "$build"/clang/*.o $libs >"$log" 2>&1 &&
		"$build/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
			-artifact_prefix="$build/crashes/$1-" -print_final_stats=1 \
			"$build/corpus/$1" "tests/fuzz/corpus/$1" >>"$log" 2>&1
	outcome $? "$seconds s of $1" "$log"
	grep -a -o 'number_of_executed_units: .*' "$log" | sed "s/^/    /"
}

objects "$build/cc" "${CC:-cc}" -fsanitize=address,undefined || exit 1
for name; do
	replay "$name"
done
if command -v clang >/dev/null; then
	objects "$build/clang" clang -fsanitize=fuzzer-no-link,address,undefined || exit 1
	for name; do
		fuzz "$name"
	done
else
	echo "**** NO clang: the fuzzers are SKIPPED, only their corpus was replayed ****"
	skipped=$#
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
