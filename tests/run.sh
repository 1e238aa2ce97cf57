#!/bin/bash
# Everything `make test` stands for. The last line counts all of it:
# "N passed, N failed, N skipped". A lane that cannot run here counts as skipped.
set -u

cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=-j$(nproc)
passed=0 failed=0 skipped=0 trouble=()

count() { # passed failed skipped
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# lane NAME COMMAND…: what the command counts in its last line is added. Status 77
# means that the lane cannot run here; a failure that was not counted counts as one.
lane() {
	local name=$1 status last start=$SECONDS
	shift
	echo "==== $name"
	"$@" </dev/null 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	last=$(tail -n 1 "$log")
	if [ "$status" = 77 ]; then
		echo "**** SKIPPED: $name"
		trouble+=("skipped: $name")
		count 0 0 1
	elif [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
		[ "${BASH_REMATCH[2]}" = 0 ] || trouble+=("failed: $name")
		if [ "$status" != 0 ] && [ "${BASH_REMATCH[2]}" = 0 ]; then
			trouble+=("failed: $name (status $status)")
			count 0 1 0
		fi
	elif [ "$status" != 0 ]; then
		echo "**** FAILED: $name (status $status)"
		trouble+=("failed: $name")
		count 0 1 0
	fi
	echo "==== $name: $((SECONDS - start)) s"
	return "$status"
}

unit_with() { # BUILD and further make variables; RUNNER may wrap the tests
	make -s "$jobs" "$@" DEV=1 unit || return
	${RUNNER:-} tests/unit.sh "${1#BUILD=}"
}

in_sid() {
	local status=0
	tests/tools/sid-make.sh -s "$jobs" DEV=1 all unit || return
	RUN='tests/unit.sh build' tests/tools/sid-make.sh || status=$?
	return $status
}

integration() { # client, build directory, further arguments
	# They wait for servers and for each other's threads most of the time.
	/usr/bin/python3 tests/integration/run.py -j "$((2 * $(nproc)))" --client "$1" --build "$2" "${@:3}"
}

oracle_integration() {
	local copy
	copy=$(tests/tools/sid-make.sh -s "$jobs" PROBES=1 BUILD=build/probes all) || return
	# The faults wait for real timeouts, and those are the same with either client.
	# Of chaos a few seeds, between all pairs of flavours. What other versions of the servers
	# do, and what never comes near the client library, is the same with either.
	CHAOS_SEEDS=1-2 integration oracle "$(tail -n 1 <<<"$copy")/build/probes" --without harness \
		--without faults --without versions --without any_client
}

# Beside the integration tests, which wait for servers most of the time, with what they
# leave of the processor: an input may seem slow.
fuzz_meanwhile() {
	TIMEOUT=600 chrt --idle 0 tests/fuzz/run.sh 60 </dev/null >"$fuzz_log" 2>&1 &
	fuzz=$!
}

fuzz_result() {
	cat "$fuzz_log"
	return "$fuzz_status"
}

log=$(mktemp) fuzz_log=$(mktemp)
trap 'rm -f "$log" "$fuzz_log"; [ -z "${fuzz:-}" ] || kill "$fuzz" 2>/dev/null' EXIT

lane "dependencies" tests/tools/deps.sh test || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
lane "MySQL tree" tests/tools/tree.sh sid
lane "MariaDB 10.5 tree" tests/tools/tree.sh bullseye
lane "MariaDB 11.8 tree" tests/tools/tree.sh trixie
lane "lint" make -s lint
lane "build" make -s "$jobs" DEV=1
lane "model" tests/model/run.sh
lane "package" tests/package.sh
lane "unit tests" unit_with BUILD=build
lane "unit tests, ASan and UBSan" unit_with BUILD=build/asan SAN=address,undefined
# TSan cannot live with every address layout.
RUNNER="setarch -R" lane "unit tests, TSan" unit_with BUILD=build/tsan SAN=thread
lane "build and unit tests with Oracle's client" in_sid
fuzz_meanwhile
if lane "build with probes" make -s "$jobs" DEV=1 PROBES=1 BUILD=build/probes; then
	lane "integration, MariaDB's client" integration mariadb build/probes
else
	# The tools' own tests need no program.
	lane "integration, harness only" integration mariadb build/probes -k test_harness
fi
lane "integration, Oracle's client" oracle_integration
fuzz_status=0
wait "$fuzz" || fuzz_status=$?
fuzz=
lane "fuzz, a minute each" fuzz_result

echo "==== all of it: $SECONDS s"
[ "${#trouble[@]}" = 0 ] || printf '**** %s\n' "${trouble[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
