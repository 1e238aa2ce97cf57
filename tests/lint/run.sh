#!/bin/sh
# All lint checks; the last line counts them.
set -u

cd "$(dirname "$0")/../.."
passed=0 failed=0 skipped=0
for check in rooms headers banned toplevel conf docs matrix; do
	if out=$(tests/lint/$check.sh 2>&1); then
		echo "ok: lint $check"
		passed=$((passed + 1))
	else
		echo "FAILED: lint $check"
		echo "$out" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
