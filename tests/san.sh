#!/bin/bash
# The integration tests with a program that watches itself: AddressSanitizer with
# UndefinedBehaviorSanitizer, or ThreadSanitizer. What they find fails the run, and is
# printed, whatever the tests themselves say.
#   san.sh address,undefined|thread [arguments of run.py, as -k PATTERN]
set -u

cd "$(dirname "$0")/.." || exit 1
san=$1 status=0
shift
build=build/probes-${san%%,*}
make -s PROBES=1 SAN="$san" BUILD="$build" all || exit 1

found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
# ClockTest preloads a library of its own.
export ASAN_OPTIONS=log_path=$found/log:detect_stack_use_after_return=1:verify_asan_link_order=0
export UBSAN_OPTIONS=log_path=$found/log:print_stacktrace=1
# A run that ends early leaves its threads where they are, perhaps in queries that hang:
# that is meant, and the only thing that is not looked for.
export TSAN_OPTIONS=log_path=$found/log:report_thread_leaks=0:exitcode=0
run=()
[ "$san" = thread ] && run=(setarch -R) # TSan cannot live with every address layout

"${run[@]}" /usr/bin/python3 tests/integration/run.py --build "$build" "$@" || status=$?
if compgen -G "$found/log*" >/dev/null; then
	cat "$found"/log*
	echo "**** FAILED: $(cat "$found"/log* | grep -c '^SUMMARY\|runtime error') findings"
	status=1
fi
exit $status
