/* The copy, the stream, the fence and the resume as a model that spin checks
 * exhaustively. tests/model/run.sh says which bounds and which mutations.
 *
 * One table: KEYS keys, rows of one value out of VALUES that is unique. The source's
 * application makes TRANSACTIONS transactions of its choice; COPIERS workers copy;
 * the process may die CRASHES times, at any instant, and is resumed from a state
 * taken at any instant before. At the end the target must equal the source. As no
 * action can be repeated for ever (all counters only grow), and an action must be
 * possible until the end is reached (spin reports any other stop as an invalid end
 * state), every run of the model ends, and ends equal.
 *
 * Each process below is a loop of guarded atomic steps over global variables; "the
 * process dies" is thus a reset of the variables that stand for its memory. Which
 * part is which code (src/README.md says in which room):
 *
 *   application   the source: I1 tells what its window between log and commit is
 *   copier        a reader and its batch writer: data_iterator.c, chunk_plan.c,
 *                 row_reader.c
 *   streamer      streamer.c, binlog_writer_add()
 *   applier       apply_main(), apply_batch(), advance_position() in binlog_writer.c,
 *                 boundaries as in change_queue.c
 *   issued, ticket, lowest_open()     fence.c
 *   saved_*       a snapshot of state_tracker.c, as dumped or in the state file
 *   fate          the death, the leftovers of the dead on the target, writer_lock.c,
 *                 the resume, and the end
 *
 * Mutations: a macro NO_I... takes one invariant of src/README.md away.
 *
 *   NO_I1        a chunk is read by a plain consistent read
 *   NO_I1_END    the end of the table is its largest key in a plain read
 *   NO_I2        changes are applied without waiting for chunks in flight
 *   NO_I3        a copied row replaces what is there
 *   NO_I4        a change of a key that no chunk has reached yet is dropped
 *   NO_I5_ODKU   images by INSERT ... ON DUPLICATE KEY UPDATE instead of REPLACE
 *   NO_I5_WHERE  INSERT IGNORE, UPDATE and DELETE WHERE all old columns = ...
 *   NO_I6        the recorded position is what was received, not what was applied
 *   NO_I8        a resume does not wait for leftover statements to end
 *   NO_PREFIX    the copied-up-to key is that of the furthest finished chunk, not
 *                the end of the contiguous finished prefix (src/README.md)
 *   NO_TICKET_END  a ticket is never ended: no wrong row, but a stream that waits for ever
 *   LEAKY_I2     the fence holds back deletes only; to show what I3 is good for
 *
 * I9 is about servers that do not agree which values are equal: with DISAGREE the
 * values 1 and 2 are one for the target. No run can end equal then if the source has both;
 * WITH_I9 it must not end without an error, and never with one if all rows are there:
 *
 *   WITH_I9      keys of skipped and displaced rows are remembered (owed_rows.c)
 *   NO_I9_SAVE   ... but those of displaced rows are not saved before the commit
 *
 * I3 is different from the others: with I1, I2 and I8 in force a copy that overwrites
 * ends equal too (the variants no-I3 hold). Nor does it seem to be for want of bounds:
 * whatever was applied before a chunk is written was received before its ticket was
 * issued (else the fence held it), thus is seen by its read (I1): the chunk is never
 * older than what it overwrites, and a row that it pushes out by sharing a unique value
 * has a change yet to come. So I3 is a second line: with a fence that lets images
 * through (LEAKY_I2) all stays equal with I3, and does not without.
 *
 * Left out, and why:
 *   - What the bounds leave out: two rows (three with one transaction), two or three
 *     transactions, one or two deaths, and not all of it at once: a death with two rows
 *     has one copier, or one transaction. Within its bounds each search is exhaustive;
 *     beyond them it shows nothing.
 *   - Tables without a key: keyless.pml.
 *   - Several tables, and with them groups finishing out of order (change_queue.c):
 *     tables share nothing but the position.
 *   - Parts of a batch, written at once (apply_parts.c): only where no two keys share a
 *     value, and those in any order are what apply() does.
 *   - Memory order of the fence's loads and stores: here they are single steps.
 *   - A transaction on the target is one step: InnoDB's row locks are kept to the end.
 *   - Several application transactions between log and commit at once: one at a time
 *     here. A longer window differs only in how many rows are locked.
 *   - A lost connection within a run (the open group comes again; a batch is tried
 *     again whole, once the lost session's lock is free, db.c): much like a death.
 *   - XA, DDL, decoding, values: no part of this algorithm.
 *   - LIMIT: chunk ends are chosen freely, which includes those that it gives. */

#ifndef KEYS
#define KEYS 2 /* 3 at most */
#endif
#ifndef VALUES
#define VALUES 3 /* 3 at most; 0 stands for "no row" */
#endif
#ifndef TRANSACTIONS
#define TRANSACTIONS 3
#endif
#ifndef COPIERS
#define COPIERS 2 /* 2 at most */
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef BATCH
#define BATCH 2 /* changes in one statement of the applier, 3 at most */
#endif

#define LOG (2 * TRANSACTIONS)

/* --- the two servers --------------------------------------------------------- */

byte source[3]; /* what a read sees */
byte target[3];

/* The binlog: the keys and images of changes in order; image 0 is a delete. */
typedef change {
	byte key;
	byte image;
#ifdef NO_I5_WHERE
	byte before;
#endif
	bool ends; /* its transaction: behind it is a boundary */
}
change binlog[LOG];
byte logged;	   /* changes in the binlog */
byte transactions; /* begun so far */
bool window;	   /* the last transaction is in the binlog, not yet readable, and its rows locked */

/* --- the process's memory ------------------------------------------------------ */

bool alive;

/* Chunks. Of each copier: what it does, its ticket (0: none), its range, how far it
 * has read, and the rows that it read. */
mtype = { IDLE, TAKEN, READING, WRITING, WRITTEN };
mtype step[2] = IDLE;
byte ticket[2];
byte low[2], high[2], at[2];
byte rows[6];	  /* 3 per copier */
byte next_low;	  /* chunk_plan.next_low */
bool finished[3]; /* keys in finished chunks */
#ifdef NO_I1_END
byte table_end;
#else
#define table_end KEYS
#endif

byte issued; /* fence.issued */

/* Changes: the first `applied` are applied and recorded, those up to `received` are
 * queued, each with its barrier; of them the first `sent` are a statement on its way,
 * or committed. */
byte received, applied, sent;
bool committed;
byte barrier[LOG];
#ifdef NO_I4
bool dropped[LOG];
#endif

/* What state_tracker holds besides: */
byte copied; /* keys below it are copied */

/* --- what survives the process --------------------------------------------------- */

byte crashes;
byte saved_position, saved_copied;

/* Keys of rows that were skipped or displaced, in memory and in the state. Without WITH_I9
 * they are never set. */
bool owed[3], saved_owed[3];

/* Statements that the dead left behind on the target. */
bool left_insert[2];
byte left_rows[6];
byte left_from, left_count; /* of the binlog */

bool over;

#ifdef WITNESS
/* Marks that something worth checking has happened on the way. */
byte seen;
#define SEEN_SKIPPED 1	/* a copied row was skipped for another row's unique value */
#define SEEN_PUSHED 2	/* an image pushed another row out */
#define SEEN_LANDED 4	/* a leftover statement was carried out after the death */
#define SEEN_REPLAYED 8 /* changes were applied again after a resume */
#define SEE(what) seen = seen | what
#else
#define SEE(what) skip
#endif

/* --- helpers ------------------------------------------------------------------- */

#define HOLDS(side, v) (side[0] == v || side[1] == v || side[2] == v)

/* What the target's collation calls equal. */
#ifdef DISAGREE
#define SAME(a, b) (a == b || (a != 0 && b != 0 && a + b == 3))
#else
#define SAME(a, b) (a == b)
#endif
#define TARGET_HOLDS(v) (SAME(target[0], v) || SAME(target[1], v) || SAME(target[2], v))

/* A displaced row: in the state before the commit. A leftover statement that is carried
 * out had that done before its COMMIT was sent. */
#ifdef WITH_I9
#ifdef NO_I9_SAVE
#define DISPLACED(k) SEE(SEEN_PUSHED); owed[k] = alive
#else
#define DISPLACED(k) SEE(SEEN_PUSHED); owed[k] = alive; saved_owed[k] = (crashes < CRASHES || !alive)
#endif
#define SKIPPED(k) SEE(SEEN_SKIPPED); owed[k] = owed[k] || alive
#else
#define DISPLACED(k) SEE(SEEN_PUSHED)
#define SKIPPED(k) SEE(SEEN_SKIPPED)
#endif
#define IS_MISSING(k) (owed[k] && source[k] != 0 && target[k] == 0)
#define IS_REPORTED (IS_MISSING(0) || IS_MISSING(1) || IS_MISSING(2))

/* Rows that a reading copier holds a shared lock on: those it has seen (I1:
 * to the end of its statement). At READ COMMITTED there is none on a gap. */
#ifdef NO_I1
#define SHARED(w, k) false
#else
#define SHARED(w, k) (step[w] == READING && low[w] <= k && k < at[w] && rows[3 * w + k] != 0)
#endif
#define LOCKED_BY_READ(k) (SHARED(0, k) || SHARED(1, k))

/* The second change from the end belongs to the last transaction. */
#define LAST_IS_PAIR (logged > 1 && !binlog[logged - 2].ends)
#define LOCKED_BY_WRITE(k) \
	(window && (binlog[logged - 1].key == k || (LAST_IS_PAIR && binlog[logged - 2].key == k)))

/* fence_is_passed(): lowest_open > barrier. */
#define OPEN_AT_OR_BELOW(w, b) (ticket[w] != 0 && ticket[w] <= b)
#define FENCE_PASSED(b) (!OPEN_AT_OR_BELOW(0, b) && !OPEN_AT_OR_BELOW(1, b))

#if defined(NO_I2)
#define MAY_APPLY(i) true
#elif defined(LEAKY_I2)
#define MAY_APPLY(i) (binlog[i].image != 0 || FENCE_PASSED(barrier[i]))
#else
#define MAY_APPLY(i) FENCE_PASSED(barrier[i])
#endif

/* A position is a boundary; rounding down gives the last one. */
#define BOUNDARY(p) (p - (p > 0 && !binlog[p - 1].ends))

#define LEFTOVERS (left_insert[0] || left_insert[1] || left_count > 0)

/* Not part of the algorithm: values that nothing will look at any more become 0, so
 * that states which differ in nothing else are one. */
inline tidy() {
	i = 0;
	do
	:: i < logged ->
		if
		:: i < applied || !alive -> barrier[i] = 0
		:: i >= applied && alive && FENCE_PASSED(barrier[i]) -> barrier[i] = 0
		:: else
		fi;
		/* The change before a position tells whether it is a boundary. */
		if
		:: alive && !window && i + 1 < applied &&
		   (crashes == CRASHES || i + 1 < saved_position) &&
		   (left_count == 0 || i < left_from) ->
			binlog[i].key = 0;
			binlog[i].image = 0;
#ifdef NO_I5_WHERE
			binlog[i].before = 0;
#endif
			binlog[i].ends = true
		:: else
		fi;
		i++
	:: else -> break
	od;
	if
	:: crashes == CRASHES && alive ->
		saved_position = 0; saved_copied = 0;
		saved_owed[0] = false; saved_owed[1] = false; saved_owed[2] = false
	:: else
	fi;
	i = 0
}

/* --- the source's application ---------------------------------------------------- */

inline log_change(k, v, is_last) {
	binlog[logged].key = k;
	binlog[logged].image = v;
#ifdef NO_I5_WHERE
	binlog[logged].before = source[k];
#endif
	binlog[logged].ends = is_last;
	logged++
}

#define CAN_BEGIN (transactions < TRANSACTIONS && !window)
#define FREE(v) (v == 0 || (v <= VALUES && !HOLDS(source, v)))

/* One row gets the value v, or goes (v = 0). */
#define ONE(k, v) \
	:: atomic { CAN_BEGIN && k < KEYS && source[k] != v && FREE(v) && !LOCKED_BY_READ(k) -> \
		d_step { log_change(k, v, true); transactions++; window = true } }

/* Row b gets a's value, a gets another one or goes: with v = 0 and no row b this
 * is also an update of the key (I5: "is both"). */
#define TWO(a, b, v) \
	:: atomic { CAN_BEGIN && a < KEYS && b < KEYS && source[a] != 0 && FREE(v) && \
		    !LOCKED_BY_READ(a) && !LOCKED_BY_READ(b) -> \
		d_step { log_change(a, v, false); log_change(b, source[a], true); \
			 transactions++; window = true } }

#define ONE_OF(k) ONE(k, 0) ONE(k, 1) ONE(k, 2) ONE(k, 3)
#define TWO_OF(a, b) TWO(a, b, 0) TWO(a, b, 1) TWO(a, b, 2) TWO(a, b, 3)

proctype application() {
	do
	/* Statements, then the log: from here on the streamer may have it. */
	ONE_OF(0) ONE_OF(1) ONE_OF(2)
	TWO_OF(0, 1) TWO_OF(1, 0) TWO_OF(0, 2) TWO_OF(2, 0) TWO_OF(1, 2) TWO_OF(2, 1)
	/* The rows become readable, their locks are released. */
	:: d_step { window ->
		if
		:: LAST_IS_PAIR -> source[binlog[logged - 2].key] = binlog[logged - 2].image
		:: else
		fi;
		source[binlog[logged - 1].key] = binlog[logged - 1].image;
		window = false }
	/* Cutover: the application stops. */
	:: d_step { CAN_BEGIN -> transactions = TRANSACTIONS }
	:: transactions == TRANSACTIONS && !window -> break
	od
}

/* --- writing to the target -------------------------------------------------------- */

/* REPLACE: whatever shares the key or the unique value goes. */
inline replace(k, v) {
	if
	:: SAME(target[0], v) && k != 0 -> target[0] = 0; DISPLACED(0)
	:: SAME(target[1], v) && k != 1 -> target[1] = 0; DISPLACED(1)
	:: SAME(target[2], v) && k != 2 -> target[2] = 0; DISPLACED(2)
	:: else
	fi;
	target[k] = v
}

/* row_batch.c: INSERT ... ON DUPLICATE KEY UPDATE k = k (I3). */
#ifdef NO_I3
#define INSERT_ROW(k, v) \
	if \
	:: v != 0 -> replace(k, v) \
	:: else \
	fi
#else
#define INSERT_ROW(k, v) \
	if \
	:: v != 0 && target[k] == 0 && !TARGET_HOLDS(v) -> target[k] = v \
	:: v != 0 && target[k] == 0 && TARGET_HOLDS(v) -> SKIPPED(k) \
	:: else \
	fi
#endif

#define INSERT_ROWS(batch, w) \
	INSERT_ROW(0, batch[3 * w]); \
	INSERT_ROW(1, batch[3 * w + 1]); \
	INSERT_ROW(2, batch[3 * w + 2])

#ifdef NO_I5_ODKU
/* The row found by the key, else that found by the unique value, gets the image's
 * other columns. An update onto a third row's value is an error: the run stops
 * there, which is no wrong row. */
inline put_image(k, v) {
	if
	:: target[k] != v && target[k] != 0 && HOLDS(target, v) -> over = true
	:: target[k] == 0 && HOLDS(target, v)
	:: else -> target[k] = v
	fi
}
#else
#define put_image(k, v) replace(k, v)
#endif

#define PUT_ONE(k) \
	if \
	:: last[k] != 0 && last[k] != GONE -> put_image(k, last[k]) \
	:: else \
	fi

#define GONE 255
#ifdef NO_I4
#define IS_DROPPED(j) dropped[j]
#else
#define IS_DROPPED(j) false
#endif

#ifdef NO_I5_WHERE
/* Change by change; an update that meets another row's value is an error. */
inline apply(from, count, downwards) {
	i = from;
	do
	:: i < from + count ->
		if
		:: binlog[i].before == 0 -> INSERT_ROW(binlog[i].key, binlog[i].image)
		:: binlog[i].before != 0 && target[binlog[i].key] == binlog[i].before ->
			if
			:: binlog[i].image != 0 && HOLDS(target, binlog[i].image) -> over = true
			:: else -> target[binlog[i].key] = binlog[i].image
			fi
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}
#else
/* apply_batch(): the last change per key; deletes first, then images, in the order of
 * a hash map. Keys upwards or downwards gives each pair of keys both orders. */
inline apply(from, count, downwards) {
	i = from;
	do
	:: i < from + count && IS_DROPPED(i) -> i++
	:: i < from + count && !IS_DROPPED(i) ->
		if
		:: binlog[i].image == 0 -> last[binlog[i].key] = GONE
		:: else -> last[binlog[i].key] = binlog[i].image
		fi;
		i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < 3 && last[i] == GONE -> target[i] = 0; i++
	:: i < 3 && last[i] != GONE -> i++
	:: else -> break
	od;
	if
	:: downwards -> PUT_ONE(2); PUT_ONE(1); PUT_ONE(0)
	:: else -> PUT_ONE(0); PUT_ONE(1); PUT_ONE(2)
	fi;
	last[0] = 0;
	last[1] = 0;
	last[2] = 0;
	i = 0
}
#endif

/* --- the copy ------------------------------------------------------------------------ */

inline forget_chunk(w) {
	step[w] = IDLE;
#ifndef NO_TICKET_END
	ticket[w] = 0;
#endif
	low[w] = 0;
	high[w] = 0;
	at[w] = 0;
	rows[3 * w] = 0;
	rows[3 * w + 1] = 0;
	rows[3 * w + 2] = 0
}

inline take_chunk(w, upper) {
	low[w] = next_low;
	high[w] = upper;
	next_low = upper + 1;
	step[w] = TAKEN
}

/* chunk_plan_collect() */
inline record_chunk(w) {
#ifdef NO_PREFIX
	if
	:: high[w] + 1 > copied -> copied = high[w] + 1
	:: else
	fi
#else
	i = low[w];
	do
	:: i <= high[w] -> finished[i] = true; i++
	:: else -> break
	od;
	do
	:: copied < KEYS && finished[copied] -> finished[copied] = false; copied++
	:: else -> break
	od;
	i = 0
#endif
}

#define CAN_TAKE(w, upper) \
	(alive && step[w] == IDLE && upper < table_end && next_low <= upper && \
	 (w == 0 || step[0] != IDLE)) /* the workers are alike: one order is enough */

proctype copier(byte w) {
	byte i;

	do
	/* take_chunk(): any upper end. */
	:: d_step { CAN_TAKE(w, 0) -> take_chunk(w, 0) }
	:: d_step { CAN_TAKE(w, 1) -> take_chunk(w, 1) }
	:: d_step { CAN_TAKE(w, 2) -> take_chunk(w, 2) }
	/* read_part(): the ticket, before the read is sent. */
	:: d_step { step[w] == TAKEN -> issued++; ticket[w] = issued; at[w] = low[w]; step[w] = READING }
#ifdef NO_I1
	/* A consistent read is of one instant and waits for nobody. */
	:: d_step { step[w] == READING ->
		do
		:: at[w] <= high[w] -> rows[3 * w + at[w]] = source[at[w]]; at[w]++
		:: else -> break
		od;
		step[w] = WRITING }
#else
	/* A locking read goes from row to row, waits at one that is being changed, and
	 * is no snapshot: rows behind it may appear meanwhile. */
	:: d_step { step[w] == READING && !LOCKED_BY_WRITE(at[w]) ->
		rows[3 * w + at[w]] = source[at[w]];
		if
		:: at[w] == high[w] -> at[w] = 0; step[w] = WRITING
		:: else -> at[w]++
		fi }
#endif
	/* write_batch(): one transaction. */
	:: d_step { step[w] == WRITING -> INSERT_ROWS(rows, w); step[w] = WRITTEN;
		rows[3 * w] = 0; rows[3 * w + 1] = 0; rows[3 * w + 2] = 0 }
	/* batch_is_done(): recorded, then the ticket ends. */
	:: d_step { step[w] == WRITTEN -> record_chunk(w); forget_chunk(w); tidy() }
	:: over -> break
	od
}

/* --- the stream ---------------------------------------------------------------------- */

proctype streamer() {
	byte i;

	do
	/* binlog_writer_add(): what is in the log may come at any time from then on. */
	:: d_step { alive && received < logged ->
		barrier[received] = issued;
#ifdef NO_I4
		dropped[received] = binlog[received].key >= next_low;
#endif
		received++;
		tidy() }
#ifdef WITH_I9
	/* Seen on the target, at any time. */
	:: d_step { alive && owed[0] && target[0] != 0 -> owed[0] = false }
	:: d_step { alive && owed[1] && target[1] != 0 -> owed[1] = false }
	:: d_step { alive && owed[2] && target[2] != 0 -> owed[2] = false }
#endif
	:: over -> break
	od
}

#define CAN_SEND(count) (alive && sent == 0 && count <= BATCH && applied + count <= received)

proctype applier() {
	byte i;
	byte last[3];

	do
	/* take_changes(): as many as there are, or fewer. */
	:: d_step { CAN_SEND(1) && MAY_APPLY(applied) -> sent = 1 }
	:: d_step { CAN_SEND(2) && MAY_APPLY(applied) && MAY_APPLY(applied + 1) -> sent = 2 }
	:: d_step { CAN_SEND(3) && MAY_APPLY(applied) && MAY_APPLY(applied + 1) &&
		    MAY_APPLY(applied + 2) -> sent = 3 }
	/* apply_batch(), in either order of keys. */
	:: d_step { sent > 0 && !committed -> apply(applied, sent, false); committed = true }
	:: d_step { sent > 1 && !committed -> apply(applied, sent, true); committed = true }
	/* batch_is_applied() */
	:: d_step { committed -> applied = applied + sent; sent = 0; committed = false; tidy() }
	:: over -> break
	od
}

/* --- start, death and resume ------------------------------------------------------------ */

#ifdef NO_I6
#define POSITION BOUNDARY(received)
#else
#define POSITION BOUNDARY(applied) /* I6 */
#endif

/* A statement sent and not answered goes on in the server. */
inline leave_behind(w) {
	if
	:: step[w] == WRITING ->
		left_insert[w] = true;
		left_rows[3 * w] = rows[3 * w];
		left_rows[3 * w + 1] = rows[3 * w + 1];
		left_rows[3 * w + 2] = rows[3 * w + 2]
	:: else
	fi;
	forget_chunk(w)
}

inline forget_leftover(w) {
	left_insert[w] = false;
	left_rows[3 * w] = 0;
	left_rows[3 * w + 1] = 0;
	left_rows[3 * w + 2] = 0
}

inline die() {
	leave_behind(0);
	leave_behind(1);
	if
	:: sent > 0 && !committed -> left_from = applied; left_count = sent
	:: else
	fi;
	alive = false;
	crashes++;
	sent = 0;
	committed = false;
	received = 0;
	applied = 0;
	issued = 0;
	next_low = 0;
	copied = 0;
	finished[0] = false;
	finished[1] = false;
	finished[2] = false;
	owed[0] = false;
	owed[1] = false;
	owed[2] = false;
	tidy()
}

inline forget_left_changes() {
	left_from = 0;
	left_count = 0;
	tidy()
}

#ifdef NO_I1_END
inline find_end() {
	if
	:: source[2] != 0 -> table_end = 3
	:: source[2] == 0 && source[1] != 0 -> table_end = 2
	:: source[2] == 0 && source[1] == 0 && source[0] != 0 -> table_end = 1
	:: else -> table_end = 0
	fi
}
#else
#define find_end() skip
#endif

inline begin_at(position, key) {
	received = position;
	applied = position;
	next_low = key;
	copied = key;
	find_end();
	owed[0] = saved_owed[0];
	owed[1] = saved_owed[1];
	owed[2] = saved_owed[2];
	alive = true;
	SEE((crashes > 0 && position < logged -> SEEN_REPLAYED : 0));
	tidy()
}

#ifdef NO_I8
#define MAY_RESUME true
#else
#define MAY_RESUME !LEFTOVERS /* writer_locks_take_over() */
#endif

#ifdef NO_I1_END
#define COPY_IS_COMPLETE (copied >= table_end && next_low >= table_end)
#else
#define COPY_IS_COMPLETE (copied == KEYS)
#endif

#define IS_DRAINED \
	(alive && COPY_IS_COMPLETE && step[0] == IDLE && step[1] == IDLE && \
	 transactions == TRANSACTIONS && !window && applied == logged && sent == 0 && !LEFTOVERS)

#define OWES_OTHERS \
	(saved_owed[0] != owed[0] || saved_owed[1] != owed[1] || saved_owed[2] != owed[2])

#define IS_EQUAL (source[0] == target[0] && source[1] == target[1] && source[2] == target[2])

proctype fate() {
	byte i;
	byte last[3];

	/* choose_start(): the position first; whatever is in the log before it is left to
	 * the copy, also what is not yet readable. */
	d_step { begin_at(logged, 0); saved_position = logged; tidy() }

	do
	/* The state may be written at any instant (I7) ... */
	:: d_step { alive && crashes < CRASHES &&
		    (saved_position != POSITION || saved_copied != copied || OWES_OTHERS) ->
		saved_position = POSITION; saved_copied = copied;
		saved_owed[0] = owed[0]; saved_owed[1] = owed[1]; saved_owed[2] = owed[2]; tidy() }
	/* ... and the process die at any other. */
	:: d_step { alive && crashes < CRASHES && !LEFTOVERS -> die() }
	:: d_step { !alive && MAY_RESUME -> begin_at(saved_position, saved_copied) }

	/* Leftover statements are carried out, or killed. */
	:: d_step { left_insert[0] -> INSERT_ROWS(left_rows, 0); forget_leftover(0); SEE(SEEN_LANDED) }
	:: d_step { left_insert[0] -> forget_leftover(0) }
	:: d_step { left_insert[1] -> INSERT_ROWS(left_rows, 1); forget_leftover(1); SEE(SEEN_LANDED) }
	:: d_step { left_insert[1] -> forget_leftover(1) }
	:: d_step { left_count > 0 -> apply(left_from, left_count, false); forget_left_changes();
		SEE(SEEN_LANDED) }
	:: d_step { left_count > 1 -> apply(left_from, left_count, true); forget_left_changes();
		SEE(SEEN_LANDED) }
	:: d_step { left_count > 0 -> forget_left_changes() }

	/* Cutover: the source is at rest and the stream drained. */
	:: atomic { IS_DRAINED && !over ->
#ifdef WITNESS
		assert((seen & WITNESS) != WITNESS);
#else
#ifdef DISAGREE
		assert(IS_EQUAL || IS_REPORTED);
#else
		assert(IS_EQUAL && !IS_REPORTED);
#endif
#endif
		over = true }
	:: over -> break
	od
}

/* Any rows to begin with. Values are alike but for their numbers, so the first row
 * needs no other than 1. */
init {
	atomic {
		if
		:: source[0] = 1
		:: skip
		fi;
		if
		:: KEYS > 1 && VALUES > 1 -> source[1] = 2
		:: skip
		fi;
		if
		:: KEYS > 2 && VALUES > 2 -> source[2] = 3
		:: skip
		fi;
		run application();
		run copier(0);
		if
		:: COPIERS > 1 -> run copier(1)
		:: else
		fi;
		run streamer();
		run applier();
		run fate()
	}
}
