#!/bin/bash
# Everything `make test` stands for. The last line counts all of it:
# "N passed, N failed, N skipped". A lane that cannot run here counts as skipped.
set -u

cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
jobs=-j$(nproc)
export jobs
passed=0 failed=0 skipped=0 trouble=()
declare -A meanwhile

count() { # passed failed skipped
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# A lane that takes as long hangs: even a machine of others has done it by then.
limit_s=3600

# begin LOG COMMAND…: in the background, in a process group of its own, which timeout ends as a
# whole. Sets $begun.
begin() {
	local to=$1
	shift
	timeout --kill-after=60 "$limit_s" bash -c '"$@"' lane "$@" </dev/null >"$to" 2>&1 &
	begun=$!
}

# finish PID LOG: shows what it says from its first line on, and returns its status.
finish() {
	tail -n +1 -s 0.2 -f --pid="$1" "$2" &
	wait "$1"
	local status=$?
	wait $!
	return "$status"
}

# lane NAME COMMAND…: what the command counts in its last line is added. Status 77
# means that the lane cannot run here; a failure that was not counted counts as one.
lane() {
	local name=$1
	shift
	if [ -z "${meanwhile["$name"]:-}" ]; then
		begin "$work/log" "$@"
		result "$name" "$begun" "$work/log"
	else
		result "$name" "${meanwhile["$name"]}" "$work/$name"
	fi
}

# meanwhile NAME COMMAND…: begins a lane, which `lane NAME` waits for.
meanwhile() {
	begin "$work/$1" "${@:2}"
	meanwhile["$1"]=$begun
}

result() { # name, pid, log
	local name=$1 log=$3 status last start=$SECONDS
	echo "==== $name"
	finish "$2" "$log"
	status=$?
	last=$(tail -n 1 "$log")
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		kill -KILL -- "-$2" 2>/dev/null # what is left of its process group
		echo "**** FAILED: $name was killed (after $limit_s s at the latest)"
		trouble+=("failed: $name was killed (after $limit_s s at the latest)")
		count 0 1 0
	elif [ "$status" = 77 ]; then
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
	# They wait for servers and for each other's threads most of the time. Each process may
	# come to have some GiB of servers.
	local many=$((3 * $(nproc))) room
	room=$(awk '/^MemAvailable/ { print int($2 / 2500000) }' /proc/meminfo)
	[ "$many" -le "$room" ] || many=$((room > 2 * $(nproc) ? room : 2 * $(nproc)))
	/usr/bin/python3 tests/integration/run.py -j "$many" --client "$1" --build "$2" "${@:3}"
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

idly() { # sets $idly; a container may forbid the first
	idly=(chrt --idle 0)
	"${idly[@]}" true 2>/dev/null || idly=(nice -n 19)
}

# Beside the integration tests, which wait for servers most of the time, with what they
# leave of the processor: an input may seem slow.
models() {
	idly
	"${idly[@]}" tests/model/run.sh
}

fuzz() { # after this process, as both want much memory
	tail -f --pid="$1" /dev/null
	idly
	TIMEOUT=600 "${idly[@]}" tests/fuzz/run.sh 60
}

export -f unit_with in_sid integration oracle_integration idly models fuzz
work=$(mktemp -d)
trap 'kill $(jobs -pr) 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

lane "dependencies" tests/tools/deps.sh test || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
# Trees wait for the network and the disk.
meanwhile "MySQL tree" tests/tools/tree.sh sid
meanwhile "MariaDB 10.5 tree" tests/tools/tree.sh bullseye
meanwhile "MariaDB 11.8 tree" tests/tools/tree.sh trixie
meanwhile "package" tests/package.sh
lane "lint" make -s lint
lane "build" make -s "$jobs" DEV=1
lane "unit tests" unit_with BUILD=build
# Warnings are for the build that is used.
fast="CFLAGS=-O1 -g -w"
lane "unit tests, ASan and UBSan" unit_with BUILD=build/asan SAN=address,undefined "$fast"
# TSan cannot live with every address layout.
RUNNER="setarch -R" lane "unit tests, TSan" unit_with BUILD=build/tsan SAN=thread "$fast"
lane "MySQL tree"
lane "MariaDB 10.5 tree"
lane "MariaDB 11.8 tree"
lane "package"
lane "build and unit tests with Oracle's client" in_sid
meanwhile "model" models
meanwhile "fuzz, a minute each" fuzz "$begun"
if lane "build with probes" make -s "$jobs" DEV=1 PROBES=1 BUILD=build/probes; then
	lane "integration, MariaDB's client" integration mariadb build/probes
else
	# The tools' own tests need no program.
	lane "integration, harness only" integration mariadb build/probes -k test_harness
fi
lane "integration, Oracle's client" oracle_integration
lane "model"
lane "fuzz, a minute each"

echo "==== all of it: $SECONDS s"
[ "${#trouble[@]}" = 0 ] || printf '**** %s\n' "${trouble[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
