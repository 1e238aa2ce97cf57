#!/bin/sh
# All lint checks; the last line counts them. One that exits with 77 lacks its tool.
set -u

cd "$(dirname "$0")/../.."
passed=0 failed=0 skipped=0
for check in rooms headers format banned toplevel conf docs matrix threads tidy analyze; do
	out=$(tests/lint/$check.sh 2>&1)
	status=$?
	if [ "$status" = 0 ]; then
		echo "ok: lint $check"
		passed=$((passed + 1))
	elif [ "$status" = 77 ]; then
		echo "SKIPPED: lint $check: $out"
		skipped=$((skipped + 1))
	else
		echo "FAILED: lint $check"
		echo "$out" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
