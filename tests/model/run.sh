#!/bin/bash
# Checks the models: as designed they must hold, with an invariant taken away they must
# not (I3 is a case of its own: ferry.pml). One line per variant; the last line counts
# them. With names, or their beginnings, only those run, and each counterexample is
# shown: one line of the model per step, then the state it ends in.
set -u

cd "$(dirname "$0")" || exit 1
models=$PWD
mem_mib=1900 # of one search; as many run at once as there are processors
limit_s=1800 # for one search: they may have to get by with what others leave them

# The bounds. Every search within them is exhaustive; "moving" has a unique value that
# can move between two rows, "death" one row and a process that may die.
moving="-DKEYS=2 -DVALUES=3 -DTRANSACTIONS=2"
moving_small="-DKEYS=2 -DVALUES=2 -DTRANSACTIONS=2"
moving_long="-DKEYS=2 -DVALUES=2 -DTRANSACTIONS=3 -DCOPIERS=1 -DBATCH=3"
three_keys="-DKEYS=3 -DVALUES=3 -DTRANSACTIONS=1"
death="-DKEYS=1 -DVALUES=2 -DTRANSACTIONS=2 -DCRASHES=1"
two_deaths="-DKEYS=1 -DVALUES=2 -DTRANSACTIONS=3 -DCRASHES=2"
death_moving="-DKEYS=2 -DVALUES=2 -DTRANSACTIONS=2 -DCRASHES=1 -DCOPIERS=1"
death_copiers="-DKEYS=2 -DVALUES=2 -DTRANSACTIONS=1 -DCRASHES=1"

# Of keyless.pml. A mutation must end with wrong rows that the program does not notice.
faults="-DVALUES=2 -DTRANSACTIONS=2 -DFAULTS=3"
long="-DVALUES=1 -DTRANSACTIONS=3 -DFAULTS=2"
three_values="-DVALUES=3 -DTRANSACTIONS=2 -DFAULTS=1"
fault="-DVALUES=2 -DTRANSACTIONS=2 -DFAULTS=1 -DMAY_STOP"
no_fault="-DVALUES=2 -DTRANSACTIONS=2 -DFAULTS=0 -DMAY_STOP"

# Of recopy.pml.
twice="-DVALUES=1 -DTRANSACTIONS=2 -DCHANGES=2 -DCRASHES=0"
once="-DVALUES=1 -DTRANSACTIONS=2 -DCHANGES=1 -DCRASHES=1"
# Of back.pml.
back="-DWRITES=2 -DCRASHES=2"
# Of cascade.pml.
family="-DTRANSACTIONS=2"
family_longer="-DTRANSACTIONS=3"
family_death="-DTRANSACTIONS=2 -DCRASHES=1 -DLOSSES=1"
family_long="-DTRANSACTIONS=4 -DCOPIED_FIRST"
family_three="-DMOVING -DPARENTS=3 -DTRANSACTIONS=4 -DCOPIED_FIRST"

# Name, what must come out (holds, differs, hangs), macros. "seen" asserts at the end
# that something did not happen: that it is found shows that the model gets there. The
# longest searches stand first.
variants() {
	cat <<-END
	I9/servers-disagree/death holds $death_moving -DWITH_I9 -DDISAGREE
	I9/never-wrongly holds $death_moving -DWITH_I9
	base/death-and-moving-value holds $death_moving
	base/moving-value holds $moving
	base/two-deaths holds $two_deaths
	base/moving-value-longer holds $moving_long
	base/death-and-two-copiers holds $death_copiers
	base/three-keys holds $three_keys
	keyless/base/three-faults holds $faults
	keyless/base/three-values holds $three_values
	keyless/base/longer holds $long
	back/base holds $back
	back/seen/death-and-others differs $back -DWITNESS
	back/place-first differs $back -DPLACE_FIRST
	back/look-first differs $back -DLOOK_FIRST
	back/place-late differs $back -DPLACE_LATE
	back/file-late differs $back -DFILE_LATE
	back/state-late differs $back -DSTATE_LATE
	back/keep-file differs $back -DKEEP_FILE
	back/place-again differs $back -DPLACE_AGAIN
	seen/skipped-and-pushed-out differs $moving_small -DWITNESS=3
	seen/leftover-and-replay differs $death_moving -DWITNESS=15
	no-ticket-end hangs $death -DNO_TICKET_END
	no-I1/moving-value differs $moving_small -DNO_I1
	no-I1/death differs $death -DNO_I1
	no-I1/end-of-table differs $death -DNO_I1_END
	no-I2/moving-value differs $moving_small -DNO_I2
	no-I2/death differs $death -DNO_I2
	no-I4/moving-value differs $moving_small -DNO_I4
	no-I4/death differs $death -DNO_I4
	no-I5/on-duplicate-key-update differs $moving -DNO_I5_ODKU
	no-I5/where-old-columns differs $moving -DNO_I5_WHERE
	no-I6/death differs $death -DNO_I6
	no-I8/death differs $death -DNO_I8
	no-I8/death-and-moving-value differs $death_moving -DNO_I8
	no-contiguous-prefix differs $death_copiers -DNO_PREFIX
	no-I3/moving-value holds $moving_small -DNO_I3
	no-I3/death-and-two-copiers holds $death_copiers -DNO_I3
	I9/servers-disagree holds $moving_small -DWITH_I9 -DDISAGREE
	no-I9/servers-disagree differs $moving_small -DDISAGREE
	I9/not-saved-first differs $death_moving -DWITH_I9 -DDISAGREE -DNO_I9_SAVE
	leaky-I2/with-I3 holds $moving_small -DLEAKY_I2
	leaky-I2/no-I3 differs $moving_small -DLEAKY_I2 -DNO_I3
	leaky-I2/no-I3/death differs $death -DLEAKY_I2 -DNO_I3
	keyless/seen/queued-and-dropped differs $no_fault -DWITNESS=1
	keyless/seen/copied-anew-and-applied differs $fault -DWITNESS=35
	keyless/seen/leftover-and-applied differs $fault -DWITNESS=36
	keyless/seen/lock-lost-and-stream-cut differs $faults -DWITNESS=24
	keyless/no-lock differs $no_fault -DNO_LOCK
	keyless/lock-waits-not differs $no_fault -DLOCK_WAITS_NOT
	keyless/place-first differs $no_fault -DPLACE_FIRST
	keyless/place-last differs $no_fault -DPLACE_LAST
	keyless/place-elsewhere differs $fault -DPLACE_ELSEWHERE
	keyless/snapshot-first differs $no_fault -DSNAPSHOT_FIRST
	keyless/snapshot-last differs $no_fault -DSNAPSHOT_LAST
	keyless/snapshot-short differs $fault -DSNAPSHOT_SHORT
	keyless/no-drop differs $no_fault -DNO_DROP
	keyless/no-drop-queued differs $no_fault -DNO_DROP_QUEUED
	keyless/drop-unplaced differs $no_fault -DDROP_UNPLACED
	keyless/drop-too-far differs $no_fault -DDROP_TOO_FAR
	keyless/drop-by-old-place differs $fault -DDROP_BY_OLD
	keyless/no-fence differs $no_fault -DNO_FENCE
	keyless/ticket-late differs $no_fault -DTICKET_LATE
	keyless/no-once differs $fault -DNO_ONCE
	keyless/commit-again differs $fault -DCOMMIT_AGAIN
	keyless/no-emptying differs $fault -DNO_EMPTYING
	keyless/no-recopy differs $fault -DNO_RECOPY
	keyless/no-writer-lock differs $fault -DNO_WRITER_LOCK
	recopy/base/two-changes holds $twice
	recopy/base/death-and-asked-for holds $once -DASKS=1
	recopy/base/two-changes-unseen holds $twice -DBLIND
	recopy/base/death-unseen holds $once -DASKS=1 -DBLIND
	recopy/seen/again-and-older differs $twice -DWITNESS=3
	recopy/seen/pending-and-leftover differs $once -DWITNESS=12
	recopy/seen/emptied-again differs $twice -DWITNESS=16
	recopy/seen/truncate-of-the-dead differs $once -DWITNESS=32
	recopy/no-D1/no-wait differs $twice -DNO_D1_WAIT -DBLIND
	recopy/no-D1/place-last differs $twice -DD1_LATE -DBLIND
	recopy/no-D2 differs $twice -DNO_D2
	recopy/no-D2/unsaved holds $once -DD2_UNSAVED -DBLIND
	recopy/no-D3 differs $twice -DNO_D3
	recopy/no-D4 differs $once -DNO_D4
	recopy/no-D5 differs $once -DNO_D5
	recopy/no-D6 differs $twice -DNO_D6
	recopy/no-D6/no-fence differs $twice -DNO_D6_FENCE
	cascade/base/death holds $family_death
	cascade/base/moving-key holds $family -DMOVING
	cascade/base/longer holds $family_longer
	cascade/base/copied-first holds $family_long
	cascade/base/three-keys holds $family_three
	cascade/seen/new-and-deep differs $family -DMOVING -DWITNESS=5
	cascade/seen/death-and-repaired differs $family_death -DWITNESS=10
	cascade/no-C1 differs $family -DNO_C1
	cascade/no-C2/new-key differs $family_longer -DMOVING -DNO_C2_NEW
	cascade/no-C2/plain-read differs $family -DNO_C2_LOCK
	cascade/no-C3/leaves-last differs $family_death -DNO_C3
	cascade/no-C3/there-again differs $family_longer -DNO_C3_EFFECT
	cascade/no-C4/copy differs $family -DNO_C4_COPY
	cascade/no-C4/start differs -DTRANSACTIONS=3 -DCRASHES=1 -DNO_C4_START
	cascade/no-C4/read-again differs $family_longer -DNO_C4_READ
	cascade/no-C4/renewed differs $family_three -DNO_C4_RENEW
	cascade/no-C4/unsaved differs $family_death -DNO_C4_SAVE
	cascade/compared-early holds $family_long -DCHECK_EARLY
	cascade/no-C5 differs $family_death -DNO_C5
	END
}

# What holds is searched to its end; a counterexample is found sooner than a compiler could
# make that faster.
search() { # expected, macros; in the variant's own directory
	local speed=-O0
	[ "$1" != holds ] || speed=-O2
	shift
	spin "$@" -a "$model" >out 2>&1 &&
		gcc -w "$speed" -DSAFETY -DNOREDUCE -DMEMLIM="$mem_mib" -o pan pan.c >>out 2>&1 &&
		timeout "$limit_s" ./pan -m2000 -w22 >>out 2>&1
}

# What came out; "unfinished" when the search was cut short without an error.
result() {
	if grep -q '^pan:.*assertion violated' out; then
		echo differs
	elif grep -q '^pan:.*invalid end state' out; then
		echo hangs
	elif grep -q 'errors: 0$' out && ! grep -Eq 'not completed|depth too small|reached -DMEM' out; then
		echo holds
	else
		echo unfinished
	fi
}

steps() { # macros
	spin "$@" -k "${model##*/}.trail" -p "$model" | awk -v model="$model" '
		BEGIN { while ((getline text < model) > 0) line[++n] = text }
		/^spin: trail ends/ { ended = 1 }
		ended && /=/ { print "    " $0 }
		!ended && $2 == "proc" && $1 != step && match($0, /:[0-9]+ \(state/) {
			step = $1
			at = substr($0, RSTART + 1) + 0
			print "    " $4 " " line[at]
		}'
}

check() { # name expected macros...
	local name=$1 expected=$2 model=$models/ferry.pml verdict=ok got states start=$SECONDS
	shift 2
	case $name in
	keyless/*) model=$models/keyless.pml ;;
	recopy/*) model=$models/recopy.pml ;;
	back/*) model=$models/back.pml ;;
	cascade/*) model=$models/cascade.pml ;;
	esac
	mkdir -p "$work/$name" && cd "$work/$name" || exit 1
	search "$expected" "$@" || echo "status $?" >>out
	got=$(result)
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
	[ "$got" = "$expected" ] || verdict="not ok"
	echo "$verdict model/$name: $got${states:+, $states states}, $((SECONDS - start)) s"
	if [ "$verdict" != ok ]; then
		tail -n 20 out | sed 's/^/    /'
		show=1
	fi
	[ -z "$show" ] || [ ! -f "${model##*/}.trail" ] || steps "$@"
}

if [ "${1:-}" = --one ]; then # by xargs below: work, show, then a line of variants
	work=$2 show=$3
	shift 3
	check "$@"
	exit
fi

command -v spin >/dev/null || { echo "spin is missing: make deps"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
show=${1:+1}
variants | if [ $# -gt 0 ]; then grep "$(printf '^%s\n' "$@")"; else cat; fi >"$work/list"
[ -s "$work/list" ] || { echo "no such variant"; exit 1; }
xargs -P "$(nproc)" -L 1 ./run.sh --one "$work" "$show" <"$work/list" | tee "$work/lines"
passed=$(grep -c '^ok ' "$work/lines")
failed=$(($(wc -l <"$work/list") - passed))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
