/* A table whose definition changes in mid-run: it is dropped on the target, made again and
 * copied again, as a model that spin checks exhaustively. tests/model/run.sh says which bounds
 * and which mutations; ferry.pml is the model of the copy itself.
 *
 * One table of one row, of VALUES values or none. The source's application makes TRANSACTIONS
 * transactions of its choice and CHANGES changes of the definition, each of which may replace the
 * row without a row event (a RENAME that puts another table in its place; TRUNCATE, which is applied
 * in its place among the rows, and says itself that there is none). The process
 * may die CRASHES times, at any instant, and is resumed from a state taken at any instant
 * before. At the end the target must have the source's row and definition. A run that ends
 * because of a change is resumed at once; that may not happen more often than there are reasons.
 *
 * Which part is which code (src/README.md says in which room):
 *
 *   application   the source: a statement is logged and becomes visible in either order, and holds
 *                 the metadata lock meanwhile
 *   run           the start: ferry_recopy.c; the copy: data_iterator.c; the stream: is_older() and
 *                 may_change(), streamer_statements.c, streamer_rows.c; the appliers
 *   saved_*       a snapshot of state_tracker.c; a state made by state_recopy.c
 *   fate          the death, and what the dead leave behind on the target
 *
 * Mutations, by the letters in ferry_recopy.c:
 *
 *   NO_D1_WAIT    the definition is read while a statement is changing it
 *   D1_LATE       the place is read behind the definition
 *   NO_D2         what lies before the place is not passed over
 *   D2_UNSAVED    ... not by a run that was resumed since: no wrong row, but the table may be
 *                 copied once more
 *   NO_D3         a change behind the place is passed over
 *   NO_D4         the state does not say that the table is to be copied again
 *   NO_D5         statements of the dead are not waited for before the table is dropped, nor
 *                 before a run goes on
 *   NO_D6         TRUNCATE is passed over, as the copy reads what is left
 *   NO_D6_FENCE   ... is applied while a chunk from before it is on its way
 *
 * The definition that an event was logged by is compared with the one that is known, as far as
 * the event tells it (table_check.c). It does not tell all: BLIND, neither it nor any other comparison tells anything, and a row that
 * is taken by another definition than its own is a wrong one.
 *
 * Left out, and why:
 *   - What is in ferry.pml: chunks, several rows and what they share, I4 to I7. The copy here is
 *     one read by I1, behind I2, inserted by I3.
 *   - Other tables: a change of theirs ends the run as well, which is a death.
 *   - A table that comes or goes: it has another definition, "none", on either side. */

#ifndef VALUES
#define VALUES 2
#endif
#ifndef TRANSACTIONS
#define TRANSACTIONS 2
#endif
#ifndef CHANGES
#define CHANGES 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef ASKS
#define ASKS 0 /* -recopy, by hand */
#endif

#define LOG (TRANSACTIONS + CHANGES)
#define RESTARTS (3 * CHANGES + ASKS + 1)

/* --- the source ------------------------------------------------------------------- */

byte row, definition; /* what a read sees; row 0: none */
typedef event {
	bool is_change;	 /* of the definition */
	bool is_truncate;
	byte image;	 /* of a row; 0 is a delete */
	byte definition; /* by which it was logged */
}
event binlog[LOG];
byte logged, transactions, changes;
bool row_window;	  /* a row is logged, locked, and not yet readable */
bool is_changing;	  /* a statement holds the metadata lock */
bool change_logged, change_visible, redefines, truncates;
byte new_row;

/* --- the target ------------------------------------------------------------------- */

byte target_row, target_definition;
bool is_dropped;

/* --- the process -------------------------------------------------------------------- */

mtype = { DEAD, STARTING, PLACED, READ, ACCEPTED, DROPPED, RUNNING };
mtype phase = DEAD;
byte known, from, place;
bool wanted; /* named to the process that follows */
byte asks = ASKS;
bool pending;
byte received, applied;
bool fenced[LOG]; /* received while the copy's ticket was out */
bool ticket, has_read, copied;
byte copy_row;
byte restarts;

/* --- what survives it ----------------------------------------------------------------- */

byte saved_position, saved_known, saved_from;
bool saved_copied, saved_pending;
byte crashes;
bool left;
byte left_row;
bool over;

#ifdef WITNESS
byte seen;
#define SEE(what) seen = seen | what
#else
#define SEE(what) skip
#endif
#define SEEN_AGAIN 1	/* a change behind the place of a copy that was made again */
#define SEEN_OLDER 2	/* something from before the place was passed over */
#define SEEN_PENDING 4	/* a death between the drop and the copy */
#define SEEN_LEFT 8	/* an insert of the dead was carried out */
#define SEEN_EMPTIED 16 /* a row from behind a TRUNCATE, copied before it was applied, went with it */
#define SEEN_LEFT_TRUNCATE 32 /* a TRUNCATE of the dead took a row */

/* --- the application ---------------------------------------------------------------- */

inline log_event(change, image_of) {
	binlog[logged].is_change = change;
	binlog[logged].image = image_of;
	binlog[logged].definition = definition;
	logged++
}

#define CAN_WRITE (transactions < TRANSACTIONS && !row_window && !is_changing && !over)
#define CAN_CHANGE (changes < CHANGES && !row_window && !is_changing && !over)

proctype application() {
	do
	:: d_step { CAN_WRITE && row != 0 ->
		new_row = 0; log_event(false, 0); transactions++; row_window = true }
	:: d_step { CAN_WRITE && row != 1 -> new_row = 1; log_event(false, 1); transactions++;
		row_window = true }
	:: d_step { CAN_WRITE && VALUES > 1 && row != 2 -> new_row = 2; log_event(false, 2);
		transactions++; row_window = true }
	:: d_step { row_window -> row = new_row; new_row = 0; row_window = false }
	/* ALTER; TRUNCATE; RENAME of another table. */
	:: d_step { CAN_CHANGE -> is_changing = true; changes++; new_row = row; redefines = true }
	:: d_step { CAN_CHANGE -> is_changing = true; changes++; new_row = 0; truncates = true }
	:: d_step { CAN_CHANGE -> is_changing = true; changes++; new_row = !row; redefines = true }
	:: d_step { is_changing && !change_logged -> binlog[logged].is_truncate = truncates;
		log_event(!truncates, 0); change_logged = true }
	:: d_step { is_changing && !change_visible -> row = new_row;
		definition = definition + redefines; change_visible = true }
	:: d_step { is_changing && change_logged && change_visible -> is_changing = false;
		change_logged = false; change_visible = false; new_row = 0;
		redefines = false; truncates = false }
	:: d_step { CAN_WRITE && CAN_CHANGE -> transactions = TRANSACTIONS; changes = CHANGES }
	:: transactions == TRANSACTIONS && changes == CHANGES && !row_window && !is_changing -> break
	:: over -> break
	od
}

/* --- the process -------------------------------------------------------------------------- */

inline forget() {
	received = 0; applied = 0; known = 0; from = 0; place = 0;
	pending = false; ticket = false; has_read = false; copied = false; copy_row = 0;
	i = 0;
	do
	:: i < LOG -> fenced[i] = false; i++
	:: else -> break
	od;
	i = 0
}

#ifdef NO_D2
#define IS_OLDER(n) false
#else
#define IS_OLDER(n) (n < from)
#endif

/* The process's end; an insert may be on its way, or a TRUNCATE. */
inline end_process() {
	if
	:: phase == RUNNING && has_read && !copied && copy_row != 0 ->
		left = true; left_row = copy_row
	:: phase == RUNNING && applied < received && binlog[applied].is_truncate &&
	   !IS_OLDER(applied) && !fenced[applied] -> left = true
	:: else
	fi;
	phase = DEAD;
	forget()
}

#define SAVE() saved_position = applied; saved_known = known; saved_from = from; \
	saved_copied = copied; saved_pending = false

/* The run ends, and is resumed at once; named: with the table's name. */
inline begin_again(named) {
	assert(restarts < RESTARTS);
	restarts++;
	SAVE();
	wanted = named;
	end_process()
}

/* The state's schema is compared with the source's. */
#ifdef BLIND
#define IS_SEEN false
#else
#define IS_SEEN true
#endif
/* A row that is taken by another definition than its own. */
#define BAD 3
#define TAKEN(image, by) ((by) == known || (image) == 0 -> (image) : BAD)
#ifdef BLIND
#define FITS(n) true
#define IS_SAME true
#else
#define FITS(n) (binlog[n].definition == known)
#define IS_SAME (definition == known)
#endif
#ifdef NO_D1_WAIT
#define MAY_READ_DEFINITION true
#else
#define MAY_READ_DEFINITION !is_changing
#endif
#ifdef NO_D5
#define MAY_DROP true
#else
#define MAY_DROP !left
#endif
#ifdef D1_LATE
#define PLACE_AT_READ place = logged
#define PLACE_FIRST skip
#else
#define PLACE_AT_READ skip
#define PLACE_FIRST place = logged
#endif

#ifdef NO_D6
#define APPLIES(n) (!binlog[n].is_change && !IS_OLDER(n) && !binlog[n].is_truncate)
#else
#define APPLIES(n) (!binlog[n].is_change && !IS_OLDER(n))
#endif
#ifdef NO_D6_FENCE
#define WAITS(n) !binlog[n].is_truncate
#else
#define WAITS(n) true
#endif

proctype run_process() {
	byte i;

	do
	/* The start. */
	:: d_step { phase == DEAD && !over -> phase = STARTING; applied = saved_position;
		received = saved_position; known = saved_known; copied = saved_copied;
		from = saved_from; pending = saved_pending || wanted || 
				   (saved_known != definition && IS_SEEN);
#ifdef D2_UNSAVED
		from = 0
#endif
		}
	:: d_step { phase == STARTING && !pending && MAY_DROP -> assert(!is_dropped);
		phase = RUNNING; wanted = false }
	:: d_step { phase == STARTING && !pending && asks > 0 -> asks--; pending = true }
	:: d_step { phase == STARTING && pending -> PLACE_FIRST; phase = PLACED }
	:: d_step { phase == PLACED && MAY_READ_DEFINITION -> known = definition; phase = READ }
	:: d_step { phase == READ -> PLACE_AT_READ; copied = false; from = place;
#ifndef NO_D4
		saved_pending = true; saved_copied = false;
#endif
		wanted = false; phase = ACCEPTED }
	:: d_step { phase == ACCEPTED && MAY_DROP -> is_dropped = true; target_row = 0;
		phase = DROPPED }
	/* Made by what SHOW CREATE says; if that is another definition, the start is one again. */
	:: d_step { phase == DROPPED && !is_changing && IS_SAME -> is_dropped = false;
		target_definition = definition; pending = false; phase = RUNNING }
	:: d_step { phase == DROPPED && !is_changing && !IS_SAME ->
		assert(restarts < RESTARTS); restarts++; phase = DEAD; forget() }

	/* The stream. */
	:: d_step { phase == RUNNING && received < logged && !over ->
		if
		:: IS_OLDER(received) -> SEE(SEEN_OLDER); received++
		:: !IS_OLDER(received) && binlog[received].is_change ->
#ifdef NO_D3
			received++
#else
			SEE((from > 0 -> SEEN_AGAIN : 0));
			begin_again(true)
#endif
		:: !IS_OLDER(received) && !binlog[received].is_change && !FITS(received) ->
			begin_again(true)
		:: else -> fenced[received] = ticket && !copied && WAITS(received); received++
		fi }
	:: d_step { phase == RUNNING && applied < received && APPLIES(applied) &&
		    !fenced[applied] ->
		SEE((binlog[applied].is_truncate && target_row == row && row != 0 ->
		     SEEN_EMPTIED : 0));
		target_row = TAKEN(binlog[applied].image, binlog[applied].definition); applied++ }
	:: d_step { phase == RUNNING && applied < received && !APPLIES(applied) -> applied++ }

	/* The copy: a locking read, which the source refuses when the definition is another one;
	 * an insert where no row is. */
	:: d_step { phase == RUNNING && !copied && !ticket -> ticket = true }
	:: d_step { phase == RUNNING && ticket && !has_read && !row_window && !is_changing &&
		    IS_SAME -> copy_row = TAKEN(row, definition); has_read = true }
	:: d_step { phase == RUNNING && ticket && !has_read && !is_changing &&
		    !IS_SAME -> begin_again(false) }
	:: d_step { phase == RUNNING && has_read && !copied ->
		target_row = (target_row == 0 -> copy_row : target_row);
		copied = true; ticket = false; has_read = false; copy_row = 0;
		i = 0;
		do
		:: i < LOG -> fenced[i] = false; i++
		:: else -> break
		od;
		i = 0 }

	/* The state may be written at any instant, and the process die. */
	:: d_step { phase == RUNNING && crashes < CRASHES &&
		    (saved_position != applied || saved_copied != copied || saved_from != from ||
		     saved_known != known || saved_pending) -> SAVE() }
	:: d_step { phase != DEAD && crashes < CRASHES && !left && !over -> crashes++;
		SEE((is_dropped -> SEEN_PENDING : 0)); wanted = false; end_process() }

	/* What the dead left behind is carried out, or not. */
	:: d_step { left ->
		if
		:: !is_dropped && left_row == 0 -> SEE((target_row -> SEEN_LEFT_TRUNCATE : 0));
			target_row = 0
		:: !is_dropped && left_row != 0 && target_row == 0 -> target_row = left_row;
			SEE(SEEN_LEFT)
		:: else
		fi;
		left = false; left_row = 0 }
	:: d_step { left -> left = false; left_row = 0 }

	/* The cutover. */
	:: atomic { phase == RUNNING && copied && transactions == TRANSACTIONS &&
		    changes == CHANGES && !row_window && !is_changing && applied == logged &&
		    !left && !over ->
#ifdef WITNESS
		assert((seen & WITNESS) != WITNESS);
#else
		assert(target_row == row && target_definition == definition);
#endif
		over = true }
	:: over -> break
	od
}

init {
	atomic {
		if
		:: row = 1
		:: skip
		fi;
		run application();
		run run_process()
	}
}
