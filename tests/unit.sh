#!/bin/sh
# Runs the unit tests of a build directory and counts their cases. The last line
# reads "N passed, N failed, N skipped". A program that dies counts as a failure.
set -u

build=${1:-build}
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for program in "$build"/unit/*/test_*; do
	[ -f "$program" ] && [ -x "$program" ] || continue
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$program" </dev/null >"$out" 2>&1
	status=$?
	# Some versions of cmocka print a skipped case as "not ok N # SKIP".
	skip=$(grep -ciE '^(not )?ok [0-9]+.*# *skip' "$out")
	bad=$(grep -E '^not ok [0-9]' "$out" | grep -civ '# *skip')
	good=$(grep -E '^ok [0-9]' "$out" | grep -civ '# *skip')
	# Nothing wrong was printed, yet it did not end well: a crash, a sanitizer.
	[ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
	if [ "$bad" -gt 0 ]; then
		echo "FAILED: $program (status $status)"
		sed 's/^/    /' "$out"
	else
		echo "ok: $(basename "$program") ($good)"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
done
# Nothing was built, or another directory is meant.
[ $((passed + failed + skipped)) -gt 0 ] || {
	echo "FAILED: no unit tests in $build/unit (make unit)"
	failed=1
}
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
