/* A table without a key: its snapshot, the changes that are counted, and beginning again,
 * as a model that spin checks exhaustively. tests/model/run.sh says which bounds and which
 * mutations; ferry.pml is the model of all other tables.
 *
 * Rows are of VALUES kinds; a server holds so many of each. The source's application
 * makes TRANSACTIONS transactions of its choice. FAULTS faults befall the run, at any
 * instant, and of any kinds mixed: the process dies and is resumed from a state taken at
 * any instant before, a COMMIT is not answered, a connection is lost that empties the
 * target, holds the lock, holds the snapshot, or brings the binlog. At the end the target
 * must hold what the source does; and no batch may ever miss a row that it deletes. As in
 * ferry.pml all counters only grow, so every run of the model ends.
 *
 * Which part is which code (src/README.md says in which room):
 *
 *   application   the source: I1 tells what its window between log and commit is
 *   copier        copy_whole() in data_iterator.c, snapshot_copy.c; for the applier too,
 *                 copy_anew() in keyless_apply.c
 *   streamer      streamer.c, add_without_key() in binlog_writer.c
 *   applier       take_changes(), batch_is_applied() in binlog_writer.c, keyless_apply.c
 *   begun, place, received, HELD()   snapshot_mark.c
 *   saved_*       a snapshot of state_tracker.c, as dumped or in the state file
 *   fate          the death, what the dead and lost connections left behind on the target,
 *                 writer_lock.c and take_lock() in db.c, the resume, and the end
 *
 * Mutations:
 *
 *   NO_LOCK         no LOCK TABLES
 *   LOCK_WAITS_NOT  it does not wait for a transaction between log and commit
 *   PLACE_FIRST     the place is asked for before the lock
 *   PLACE_LAST      ... after it was given back
 *   PLACE_ELSEWHERE ... by another session than the one that holds the lock
 *   SNAPSHOT_FIRST  the snapshot is taken before the lock
 *   SNAPSHOT_LAST   ... after it was given back
 *   SNAPSHOT_SHORT  a result that is cut short is taken for whole
 *   NO_DROP         no change is dropped
 *   NO_DROP_QUEUED  no change that is queued is: only at once, when it is received
 *   DROP_UNPLACED   changes are dropped until the place is known, not until the snapshot
 *                   is begun
 *   DROP_TOO_FAR    the first change behind the place is dropped too
 *   DROP_BY_OLD     the place of the first snapshot is kept when an applier copies again
 *   NO_FENCE        changes are applied without waiting for the copy
 *   TICKET_LATE     the ticket is issued after the snapshot is begun
 *   NO_ONCE         what the stream repeats is taken for new
 *   COMMIT_AGAIN    a batch whose COMMIT was not answered is tried again
 *   NO_EMPTYING     the target is not emptied before a copy is begun again
 *   NO_RECOPY       a resumed run takes a table that was complete for copied
 *   NO_WRITER_LOCK  nobody waits for statements of dead and lost connections to end
 *   MAY_STOP        a batch that misses a row ends the run, as it does in the program,
 *                   rather than being an error: for mutations, to show that they end with
 *                   wrong rows that nothing has noticed
 *
 * Left out, and why:
 *   - What the bounds leave out: one to three kinds of rows, two or three transactions, one
 *     to three faults, and not all of it at once. Within its bounds each search is
 *     exhaustive; beyond them it shows nothing.
 *   - What is in ferry.pml: other tables, several application transactions between log and
 *     commit at once, memory order, values. Tables share nothing but the position.
 *   - A unique key over columns that may be NULL: what is on the target between two changes
 *     is what was on the source between the two (keyless_apply.c).
 *   - Whether two rows are taken for equal (row_match.c): no part of this algorithm.
 *   - A transaction on the target that fails before its COMMIT is sent: it is as if it had
 *     not been, and is tried again.
 *   - What LOCK TABLES does while it waits, and that it gives up after a second: here it
 *     is just not granted yet. XA transactions: a window that lasts longer.
 *   - That the lock of a dead process may last a while: writers wait for it, nothing else.
 *   - A connection that is lost before its COMMIT is sent, and the end of its session: it
 *     is waited for like the others. What empties the target does so in one step.
 *   - A stream that is taken up further back than at the open transaction, as behind an XA
 *     transaction that is not decided: what it repeats is known by its place all the same.
 *   - The order in which the snapshot's rows come: here it is free. */

#ifndef VALUES
#define VALUES 2 /* 3 at most */
#endif
#ifndef TRANSACTIONS
#define TRANSACTIONS 2
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef BATCH
#define BATCH 2 /* changes that are applied at once, 3 at most */
#endif

#define LOG (2 * TRANSACTIONS)

/* --- the two servers --------------------------------------------------------- */

byte source[3]; /* what a read sees: how many rows of each kind */
byte target[3];

/* The binlog: one row more, or less; an update is two of these. */
typedef change {
	byte row;
	bool is_delete;
	bool ends; /* its transaction: behind it is a boundary */
}
change binlog[LOG];
byte logged;	   /* changes in the binlog */
byte transactions; /* begun so far */
bool window;	   /* the last transaction is in the binlog, and not yet readable */
bool locked;	   /* LOCK TABLES ... READ: a session of ours has it */

/* --- the process's memory ------------------------------------------------------ */

bool alive;

/* The copy: a copier's, later perhaps an applier's. */
mtype = { IDLE, EMPTYING, EMPTY, BEGUN, LOCKED, SNAPPED, PLACED, UNLOCKED, READING, WRITING };
mtype step = IDLE;
bool is_copied;	 /* the copier has done its part */
bool by_applier; /* it is an applier that copies */
byte rows[3];	 /* of the snapshot, yet to be read */
byte batch[3];	 /* being written */
byte asked;	 /* copy.place */

/* fence.c, for the one ticket that there is: issued, and not yet ended. */
bool issued, open;

/* The mark. A place is how many changes lie before it; 0 is also "not known". */
bool begun;
byte place;
byte received; /* changes that came at least once */

/* Changes. Those up to `received` were dropped, or are queued, so many times, each with its
 * barrier; the first `applied` are done with, the next `sent` are a batch on its way. */
byte next;	   /* what the stream brings next: less than received after a cut */
byte times[LOG];
bool barrier[LOG]; /* it covers the ticket */
byte applied, sent;
short sums[3]; /* what the batch does */
bool committed;

/* --- what survives the process --------------------------------------------------- */

byte faults; /* so far */
byte saved_position;
bool saved_complete; /* NO_RECOPY */

/* What the dead, or a connection that was lost, left behind on the target: a statement
 * that empties the table, or a COMMIT. There is one at most, as the table has one writer
 * at a time. */
mtype = { NOTHING, LEFT_EMPTYING, LEFT_COMMIT };
mtype left = NOTHING;
short left_sums[3];

bool over;

#ifdef WITNESS
/* Marks that something worth checking has happened on the way. */
byte seen;
#define SEEN_QUEUED 1	 /* a change was dropped that had been queued */
#define SEEN_ANEW 2	 /* an applier has copied the table again */
#define SEEN_LANDED 4	 /* what was left behind was carried out */
#define SEEN_RETAKEN 8	 /* the lock was lost, and all of it done again */
#define SEEN_REPEATED 16 /* the stream has repeated a change */
#define SEEN_APPLIED 32	 /* a batch was applied after a fault */
#define SEE(what) seen = seen | what
#else
#define SEE(what) skip
#endif

/* --- helpers ------------------------------------------------------------------- */

#define MAY_FAIL (alive && faults < FAULTS && !over)

/* A position is a boundary; rounding down gives the last one. */
#define BOUNDARY(p) (p - (p > 0 && !binlog[p - 1].ends))
#define POSITION BOUNDARY(applied) /* I6 */
#ifdef NO_RECOPY
#define IS_COMPLETE (is_copied && !by_applier)
#else
#define IS_COMPLETE false /* apply_completed() in state_read.c does not look at it */
#endif

#define SUM(counts) (counts[0] + counts[1] + counts[2])

#define SET(counts, to) counts[0] = to[0]; counts[1] = to[1]; counts[2] = to[2]
#define CLEAR(counts) counts[0] = 0; counts[1] = 0; counts[2] = 0

/* is_before_place(), snapshot_mark_holds(), snapshot_mark_holds_received() */
#ifdef DROP_TOO_FAR
#define IS_BEFORE_PLACE(i) (place > 0 && i <= place)
#else
#define IS_BEFORE_PLACE(i) (i < place)
#endif
#if defined(NO_DROP)
#define HELD(i) false
#define HELD_RECEIVED(i) false
#elif defined(NO_DROP_QUEUED)
#define HELD(i) false
#define HELD_RECEIVED(i) (!begun || IS_BEFORE_PLACE(i))
#else
#define HELD(i) IS_BEFORE_PLACE(i)
#define HELD_RECEIVED(i) (!begun || IS_BEFORE_PLACE(i))
#endif

#ifdef NO_FENCE
#define MAY_APPLY(i) true
#else
#define MAY_APPLY(i) (times[i] == 0 || !open || !barrier[i])
#endif

/* A connection that is made again waits until the lock of the one before is free. Without
 * that, the rows that a COMMIT has locked make the emptying wait all the same. */
#ifdef NO_WRITER_LOCK
#define MAY_WRITE true
#define MAY_EMPTY (left != LEFT_COMMIT)
#define MAY_RESUME true
#else
#define MAY_WRITE (left == NOTHING)
#define MAY_EMPTY MAY_WRITE
#define MAY_RESUME MAY_WRITE /* writer_locks_take_over() */
#endif

/* Nobody waits for what was dropped. */
inline pass_dropped() {
	do
	:: applied < received && times[applied] == 0 -> applied++
	:: else -> break
	od
}

/* Not part of the algorithm: values that nothing will look at any more become 0, so
 * that states which differ in nothing else are one. */
inline tidy() {
	i = 0;
	do
	:: i < logged ->
		if
		:: i < applied || !alive -> times[i] = 0; barrier[i] = false
		:: i >= applied && alive && issued && !open -> barrier[i] = false
		:: else
		fi;
		/* The change before a position tells whether it is a boundary. */
		if
		:: alive && !window && i + 1 < applied && (faults == FAULTS || i + 1 < saved_position) ->
			binlog[i].row = 0;
			binlog[i].is_delete = false;
			binlog[i].ends = true
		:: else
		fi;
		i++
	:: else -> break
	od;
	if
	:: place < applied -> place = 0
	:: else
	fi;
	if
	:: faults == FAULTS && alive -> saved_position = 0; saved_complete = false
	:: else
	fi;
	i = 0
}

/* --- the source's application ---------------------------------------------------- */

inline log_change(r, deletes, is_last) {
	binlog[logged].row = r;
	binlog[logged].is_delete = deletes;
	binlog[logged].ends = is_last;
	logged++
}

#define CAN_BEGIN (transactions < TRANSACTIONS && !window && !locked)

#define INSERT_ONE(a) \
	:: atomic { CAN_BEGIN && a < VALUES -> \
		d_step { log_change(a, false, true); transactions++; window = true } }

#define DELETE_ONE(a) \
	:: atomic { CAN_BEGIN && a < VALUES && source[a] > 0 -> \
		d_step { log_change(a, true, true); transactions++; window = true } }

/* With a == b one row goes and an equal one comes, which is nothing in all. */
#define UPDATE_ONE(a, b) \
	:: atomic { CAN_BEGIN && a < VALUES && b < VALUES && source[a] > 0 -> \
		d_step { log_change(a, true, false); log_change(b, false, true); \
			 transactions++; window = true } }

/* The second change from the end belongs to the last transaction. */
#define LAST_IS_PAIR (logged > 1 && !binlog[logged - 2].ends)

inline make_readable(c) {
	source[c.row] = source[c.row] + (c.is_delete -> -1 : 1)
}

proctype application() {
	do
	/* Statements, then the log: from here on the streamer may have it. */
	INSERT_ONE(0) INSERT_ONE(1) INSERT_ONE(2)
	DELETE_ONE(0) DELETE_ONE(1) DELETE_ONE(2)
	UPDATE_ONE(0, 0) UPDATE_ONE(0, 1) UPDATE_ONE(1, 0)
	UPDATE_ONE(0, 2) UPDATE_ONE(2, 0) UPDATE_ONE(1, 2) UPDATE_ONE(2, 1)
	/* The rows become readable, the table's metadata lock is given back. */
	:: d_step { window ->
		if
		:: LAST_IS_PAIR -> make_readable(binlog[logged - 2])
		:: else
		fi;
		make_readable(binlog[logged - 1]);
		window = false }
	/* Cutover: the application stops. */
	:: d_step { CAN_BEGIN -> transactions = TRANSACTIONS }
	:: transactions == TRANSACTIONS && !window -> break
	od
}

/* --- writing to the target -------------------------------------------------------- */

#define ADD(counts) \
	target[0] = target[0] + counts[0]; \
	target[1] = target[1] + counts[1]; \
	target[2] = target[2] + counts[2]

/* check_affected() */
#define MISSES_ROWS \
	(target[0] + sums[0] < 0 || target[1] + sums[1] < 0 || target[2] + sums[2] < 0)

#define LEAVE_COMMIT(counts) left = LEFT_COMMIT; SET(left_sums, counts)

inline forget_left() {
	left = NOTHING;
	CLEAR(left_sums)
}

/* --- the copy ------------------------------------------------------------------------ */

#ifdef NO_EMPTYING
#define FIRST_STEP EMPTY
#else
#define FIRST_STEP EMPTYING
#endif

/* copy_once() */
inline begin_copy() {
	CLEAR(rows);
	CLEAR(batch);
	step = FIRST_STEP
}

inline issue_ticket() {
	issued = true;
	open = !is_copied /* an applier that copies has none */
}

inline take_lock() {
#ifdef NO_LOCK
	skip
#else
	locked = true
#endif
}

#if defined(NO_LOCK) || defined(LOCK_WAITS_NOT)
#define LOCK_IS_GRANTED true
#else
#define LOCK_IS_GRANTED !window
#endif
#if defined(NO_LOCK) || defined(PLACE_ELSEWHERE)
#define IS_ANSWERED true
#else
#define IS_ANSWERED locked
#endif

#define READ_ROW(v) \
	:: d_step { step == READING && rows[v] > 0 -> rows[v] = rows[v] - 1; batch[v] = 1; \
		step = WRITING }

proctype copier() {
	byte i;

	do
	/* copy_whole(): the ticket, before anything else. */
	:: d_step { alive && step == IDLE && !is_copied ->
#ifndef TICKET_LATE
		issue_ticket();
#endif
		begin_copy() }
	/* make_empty() */
	:: d_step { step == EMPTYING && MAY_EMPTY -> CLEAR(target); step = EMPTY }
	/* take_snapshot() */
	:: d_step { step == EMPTY ->
#ifndef DROP_UNPLACED
		begun = true;
#endif
#ifdef PLACE_FIRST
		asked = logged;
#endif
#ifdef SNAPSHOT_FIRST
		SET(rows, source);
#endif
		step = BEGUN }
	/* snapshot_under_lock(): the lock waits until the window is closed ... */
	:: d_step { step == BEGUN && LOCK_IS_GRANTED ->
#ifdef TICKET_LATE
		issue_ticket();
#endif
		take_lock(); step = LOCKED }
	:: d_step { step == LOCKED ->
#ifndef SNAPSHOT_FIRST
		SET(rows, source);
#endif
		step = SNAPPED }
	/* ... and where it was lost, the question for the binlog's end fails. */
	:: d_step { step == SNAPPED && IS_ANSWERED ->
#ifndef PLACE_FIRST
		asked = logged;
#endif
		step = PLACED }
	:: d_step { step == SNAPPED && !IS_ANSWERED -> CLEAR(rows); step = EMPTY; SEE(SEEN_RETAKEN) }
	:: d_step { step == PLACED -> locked = false; step = UNLOCKED }
	:: d_step { step == UNLOCKED ->
#ifdef PLACE_LAST
		asked = logged;
#endif
#ifdef SNAPSHOT_LAST
		SET(rows, source);
#endif
#ifdef DROP_BY_OLD
		place = (by_applier -> place : asked);
#else
		place = asked;
#endif
		begun = true; asked = 0; step = READING; tidy() }
	/* copy_rows(): a batch is one row, or all the others. */
	READ_ROW(0) READ_ROW(1) READ_ROW(2)
	:: d_step { step == READING && SUM(rows) > 1 -> SET(batch, rows); CLEAR(rows);
		step = WRITING }
	/* write_batch(): one transaction. */
	:: d_step { step == WRITING && MAY_WRITE -> ADD(batch); CLEAR(batch); step = READING }
	/* Recorded, then the ticket ends. */
	:: d_step { step == READING && SUM(rows) == 0 && !by_applier ->
		step = IDLE; is_copied = true; open = false; tidy() }
	/* What the applier's batch was to bring lies before the new place. */
	:: d_step { step == READING && SUM(rows) == 0 && by_applier ->
		step = IDLE; by_applier = false; committed = true; SEE(SEEN_ANEW) }
	:: over -> break
	od
}

/* --- the stream ---------------------------------------------------------------------- */

proctype streamer() {
	byte i;

	do
	/* What is in the log may come at any time from then on. */
	:: d_step { alive && next < logged && next == received ->
		if
		:: HELD_RECEIVED(next)
		:: else -> times[next] = 1; barrier[next] = issued
		fi;
		received++;
		next++;
		pass_dropped();
		tidy() }
	/* snapshot_mark_is_repeated() */
	:: d_step { alive && next < received ->
#ifdef NO_ONCE
		if
		:: next >= applied + sent && !HELD_RECEIVED(next) -> times[next] = times[next] + 1
		:: else
		fi;
#endif
		next++;
		SEE(SEEN_REPEATED) }
	:: over -> break
	od
}

/* sum_up() */
inline send(count) {
	sent = count;
	i = applied;
	do
	:: i < applied + sent && times[i] > 0 && !HELD(i) ->
		sums[binlog[i].row] = sums[binlog[i].row] +
				      (binlog[i].is_delete -> 0 - times[i] : times[i]);
		i++
	:: i < applied + sent && times[i] > 0 && HELD(i) -> SEE(SEEN_QUEUED); i++
	:: i < applied + sent && times[i] == 0 -> i++
	:: else -> break
	od;
	i = 0
}

#define CAN_SEND(count) (alive && sent == 0 && count <= BATCH && applied + count <= received)

proctype applier() {
	byte i;

	do
	/* take_changes(): as many as there are, or fewer. */
	:: d_step { CAN_SEND(1) && MAY_APPLY(applied) -> send(1) }
	:: d_step { CAN_SEND(2) && MAY_APPLY(applied) && MAY_APPLY(applied + 1) -> send(2) }
	:: d_step { CAN_SEND(3) && MAY_APPLY(applied) && MAY_APPLY(applied + 1) &&
		    MAY_APPLY(applied + 2) -> send(3) }
	/* apply_once(): one transaction. */
	:: d_step { sent > 0 && !committed && !by_applier && MAY_WRITE ->
		if
		:: MISSES_ROWS ->
#ifdef MAY_STOP
			over = true
#else
			assert(false)
#endif
		:: else -> ADD(sums); committed = true
		fi }
	/* batch_is_applied() */
	:: d_step { committed -> applied = applied + sent; sent = 0; CLEAR(sums);
		committed = false; SEE((faults > 0 -> SEEN_APPLIED : 0)); pass_dropped(); tidy() }
	:: over -> break
	od
}

/* --- faults, start, death and resume ------------------------------------------------------- */

/* A statement sent and not answered goes on in the server. */
inline die() {
	if
	:: left == NOTHING && step == EMPTYING -> left = LEFT_EMPTYING
	:: left == NOTHING && step == WRITING -> LEAVE_COMMIT(batch)
	:: left == NOTHING && sent > 0 && !committed && !by_applier -> LEAVE_COMMIT(sums)
	:: else
	fi;
	alive = false;
	locked = false;
	step = IDLE;
	is_copied = false;
	by_applier = false;
	CLEAR(rows);
	CLEAR(batch);
	asked = 0;
	issued = false;
	open = false;
	begun = false;
	place = 0;
	received = 0;
	next = 0;
	applied = 0;
	sent = 0;
	CLEAR(sums);
	committed = false;
	faults++;
	tidy()
}

inline begin_at(position) {
	received = position;
	next = position;
	applied = position;
#ifdef NO_RECOPY
	is_copied = saved_complete;
	begun = saved_complete;
#endif
	alive = true;
	tidy()
}

#define IS_DRAINED \
	(alive && is_copied && step == IDLE && transactions == TRANSACTIONS && !window && \
	 applied == logged && sent == 0 && left == NOTHING)

#define IS_EQUAL (source[0] == target[0] && source[1] == target[1] && source[2] == target[2])

proctype fate() {
	byte i;

	/* choose_start(): the position first; whatever is in the log before it is left to
	 * the copy, also what is not yet readable. */
	d_step { begin_at(logged); saved_position = logged; tidy() }

	do
	/* The state may be written at any instant (I7) ... */
	:: d_step { MAY_FAIL && (saved_position != POSITION || saved_complete != IS_COMPLETE) ->
		saved_position = POSITION; saved_complete = IS_COMPLETE; tidy() }
	/* ... and the process die at any other. */
	:: d_step { MAY_FAIL -> die() }
	:: d_step { !alive && MAY_RESUME -> begin_at(saved_position) }

	/* The answer to a COMMIT is missing: of the copy ... */
	:: d_step { MAY_FAIL && step == WRITING && left == NOTHING ->
		LEAVE_COMMIT(batch); faults++;
#ifndef COMMIT_AGAIN
		begin_copy();
#endif
		tidy() }
	/* ... or of changes: copy_anew(). */
	:: d_step { MAY_FAIL && sent > 0 && !committed && !by_applier && left == NOTHING &&
		    !MISSES_ROWS ->
		LEAVE_COMMIT(sums); faults++;
#ifndef COMMIT_AGAIN
		by_applier = true;
		begin_copy();
#endif
		tidy() }
	/* A connection is lost: that empties the target; */
	:: d_step { MAY_FAIL && step == EMPTYING && left == NOTHING ->
		left = LEFT_EMPTYING; faults++; tidy() }
	/* with the lock; */
	:: d_step { MAY_FAIL && locked -> locked = false; faults++; tidy() }
	/* with the snapshot; */
	:: d_step { MAY_FAIL && step == READING ->
#ifdef SNAPSHOT_SHORT
		CLEAR(rows);
#else
		begin_copy();
#endif
		faults++; tidy() }
	/* with the stream in mid-transaction, which then comes again. */
	:: d_step { MAY_FAIL && next != BOUNDARY(next) -> next = BOUNDARY(next); faults++; tidy() }

	/* What was left behind is carried out, or killed. */
	:: d_step { left == LEFT_EMPTYING -> CLEAR(target); forget_left(); SEE(SEEN_LANDED) }
	:: d_step { left == LEFT_COMMIT -> ADD(left_sums); forget_left(); SEE(SEEN_LANDED) }
	:: d_step { left != NOTHING -> forget_left() }

	/* Cutover: the source is at rest and the stream drained. */
	:: atomic { IS_DRAINED && !over ->
#ifdef WITNESS
		assert((seen & WITNESS) != WITNESS);
#else
		assert(IS_EQUAL);
#endif
		over = true }
	:: over -> break
	od
}

/* Any rows to begin with: two of one kind at most, and one of another. */
init {
	atomic {
		if
		:: source[0] = 1
		:: source[0] = 2
		:: skip
		fi;
		if
		:: VALUES > 1 -> source[1] = 1
		:: skip
		fi;
		run application();
		run copier();
		run streamer();
		run applier();
		run fate()
	}
}
