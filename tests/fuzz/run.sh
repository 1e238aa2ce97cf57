#!/bin/sh
# Replays each fuzzer's corpus under ASan and UBSan, then, where there is clang, runs it
# for some seconds (default 20), as many fuzzers at once as there are processors (or as
# JOBS says). New inputs stay in the build directory; a crash is printed and counted. The
# last line reads "N passed, N failed, N skipped".
# Usage: tests/fuzz/run.sh [seconds [name ...]]
set -u

cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build/fuzz}
jobs=${JOBS:-$(nproc)}
flags="-std=c11 -D_GNU_SOURCE -Iinclude -g -O1 -fno-sanitize-recover=all"
libs="-lcjson -lz -lzstd -lev -lm -lpthread"
# All that parses, nothing that needs a client library or a web server.
sources="$(ls src/base/*.c src/decode/*.c src/stream/*.c src/state/*.c src/config/*.c |
	grep -v -e /feed.c -e /gtid_source.c -e /crash_safety.c)
	$(ls src/plan/*.c | grep -v -e /computed.c -e /collation.c -e /collation_proposal.c -e /zone.c)
	$(for name in server sql sql_json key schema type_text; do echo src/db/$name.c; done)
	$(for name in create_translate create_text; do echo src/create/$name.c; done)
	$(for name in access api assets bind_address events listen login metrics progress rate \
		request_origin scripts status_json throttle_json; do echo src/control/$name.c; done)
	src/ferry/table_action.c src/objects/object_kind.c src/run/work_time.c src/run/throttler.c src/run/token_bucket.c"

# Compiles what all fuzzers share: folder, compiler, flags.
objects() {
	mkdir -p "$1"
	# What a header says is in every object.
	[ -z "$(find src include -name '*.h' -newer "$1/all.a" 2>/dev/null | head -n 1)" ] ||
		rm -f "$1"/*.o
	objects=
	for source in $sources; do
		objects="$objects $1/$(echo "$source" | tr / _).o"
	done
	for source in $sources; do
		object=$1/$(echo "$source" | tr / _).o
		[ "$object" -nt "$source" ] || echo "$source -o $object"
	done | xargs -r -P "$jobs" -L 1 "$2" $flags $3 -c || return 1
	# shellcheck disable=SC2086 # a list of words
	rm -f "$1/all.a" && ar rcs "$1/all.a" $objects
}

# Files in the build directory tell how it went: name.kind.log, and name.kind.ok.
replay() {
	${CC:-cc} $flags -fsanitize=address,undefined -o "$build/replay_$1" \
		"tests/fuzz/fuzz_$1.c" tests/fuzz/replay.c "$build/cc/all.a" $libs &&
		"$build/replay_$1" "tests/fuzz/corpus/$1"
}

fuzz() {
	mkdir -p "$build/corpus/$1" "$build/crashes"
	clang $flags -fsanitize=fuzzer,address,undefined -o "$build/fuzz_$1" \
		"tests/fuzz/fuzz_$1.c" "$build/clang/all.a" $libs &&
		"$build/fuzz_$1" -max_total_time="$seconds" -timeout="${TIMEOUT:-30}" -rss_limit_mb=2048 \
			-artifact_prefix="$build/crashes/$1-" -print_final_stats=1 \
			"$build/corpus/$1" "tests/fuzz/corpus/$1"
}

# One of several at once: run.sh --replay|--fuzz seconds name
case ${1:-} in
--replay | --fuzz)
	kind=${1#--} seconds=$2
	rm -f "$build/$3.$kind.ok"
	"$kind" "$3" >"$build/$3.$kind.log" 2>&1 && touch "$build/$3.$kind.ok"
	exit 0
	;;
esac

passed=0 failed=0 skipped=0
outcome() { # kind, name
	log=$build/$2.$1.log
	if [ -f "$build/$2.$1.ok" ]; then
		passed=$((passed + 1))
		echo "ok: $1 $2" $(grep -a -o 'number_of_executed_units: .*' "$log")
	else
		failed=$((failed + 1))
		echo "FAILED: $1 $2"
		tail -n 40 "$log"
	fi
}

all() { # kind, names
	kind=$1
	shift
	echo "$*" | xargs -r -n 1 -P "$jobs" "tests/fuzz/run.sh" "--$kind" "$seconds"
	for name; do
		outcome "$kind" "$name"
	done
}

seconds=${1:-20}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
objects "$build/cc" "${CC:-cc}" -fsanitize=address,undefined || exit 1
all replay "$@"
if command -v clang >/dev/null; then
	objects "$build/clang" clang -fsanitize=fuzzer-no-link,address,undefined || exit 1
	all fuzz "$@"
else
	echo "**** NO clang: the fuzzers are SKIPPED, only their corpus was replayed ****"
	skipped=$#
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
