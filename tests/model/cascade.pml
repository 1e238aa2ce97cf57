/* Cascades that the source does not log, as a model that spin checks exhaustively.
 * tests/model/run.sh says which bounds and which mutations; ferry.pml is the model of the
 * copy itself.
 *
 * Parents 1 to PARENTS, child rows that refer to them, and one grandchild row that refers to a
 * child row. The source's application makes TRANSACTIONS changes of its choice; each is logged,
 * but what a change of a parent or of a child does to the rows below is not. The process may die
 * CRASHES times, at any instant, and is resumed from a state taken at any instant before. Its
 * connection to the target may be lost LOSSES times within a resolution, which then begins again.
 * At the end the target must have the source's children and grandchild.
 *
 * With COPIED_FIRST all is copied before the application begins, for longer binlogs.
 *
 * There is one child row, of a key of its own; or, MOVING, one for each parent, whose key is the
 * reference, so that a parent's new key gives its children new keys, and these the grandchild
 * a new reference.
 *
 * The rules:
 *
 *   C1  a change of a referenced key is a barrier: all that was received before it is applied,
 *       and all chunks that were in flight have ended, before it is resolved
 *   C2  resolved are the rows that refer to the old key on the target, and those that refer to
 *       the new one on the source: each is read again by a locking read, and becomes on the
 *       target what it is there
 *   C3  a row that loses its key thereby is such a change itself, whatever it is on the source by
 *       now; leaves are written first
 *   C4  `ahead` is a position of the source. Beyond it, the children on the target are those that
 *       the source had at the stream's place. A change before it may not find its grandchildren:
 *       their table is in doubt, and is compared once the stream has passed that position
 *   C5  the recorded position does not pass a change before it is resolved
 *
 * Mutations:
 *
 *   NO_C1            chunks in flight are not waited for
 *   NO_C2_NEW        rows that refer to the new key are not looked for on the source
 *   NO_C2_LOCK       rows are read again by plain reads
 *   NO_C3            parents are written before leaves
 *   NO_C3_EFFECT     a row that is there again is not followed to those below
 *   NO_C4_COPY       `ahead` knows nothing of the end of the copy of the children,
 *   NO_C4_START      ... of what was on the target at the start,
 *   NO_C4_READ       ... of a row that, read again, is not what the change made of it,
 *   NO_C4_RENEW      ... of what is read again while the stream has not passed it
 *   NO_C4_SAVE       the state does not say that a table is in doubt
 *   CHECK_EARLY      a table in doubt is compared before the stream has passed `ahead`: no wrong
 *                    row, as each change before it brings the doubt back
 *   NO_C5            the position is recorded before the resolution
 *
 * Left out, and why:
 *   - The parents on the target: no cascade changes them.
 *   - Changes that wait in queues: the process has one at a time (ferry.pml has more).
 *   - SET NULL, which leaves the row below as it is, and grandchildren's children, whose table
 *     is in doubt whenever a row above is repaired.
 *   - Several rows read again one after the other: here all children are one read. */

#ifndef PARENTS
#define PARENTS 2 /* 3 at most */
#endif
#ifndef TRANSACTIONS
#define TRANSACTIONS 3
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifdef MOVING
#define KEYS PARENTS
#else
#define KEYS 1
#endif

/* --- the source --------------------------------------------------------------------- */

/* child[k]: the parent that the row k refers to, 0 if there is none. grandchild: likewise. What
 * reads see, and what it will be once the transaction in the window has committed. */
bool parent[4];
byte child[4], grandchild, next_child[4], next_grandchild;

mtype = { PARENT, CHILD, GRANDCHILD };
typedef change {
	mtype table;
	byte from, to; /* keys; of the grandchild: its reference is `to` */
	byte image;    /* of a child */
}
change binlog[TRANSACTIONS];
byte logged;
bool window, stopped;

/* --- the target --------------------------------------------------------------------- */

byte target_child[4], target_grandchild;

/* --- the process -------------------------------------------------------------------- */

#define NEVER 255

bool alive;
byte place; /* changes applied and resolved */
byte ahead;
bool doubt;

mtype = { IDLE, RECEIVED, BARRIER, FOUND, READ, WRITTEN };
mtype phase = IDLE;
bool old_ticket, old_leaf_ticket; /* in flight as the change was received */

/* The copy: the chunk is the row `copied` + 1. */
byte copied;
bool ticket, has_read;
byte copy_row;
bool leaf_copied, leaf_ticket, leaf_read;
byte leaf_row;

/* A resolution: children read again, their images, keys gone and come, and the grandchild. */
bool found[4], gone[4], come[4];
byte image[4], leaf_image;
bool leaf_found;

mtype = { NONE, BEGUN, COMPARED };
mtype check = NONE;
byte check_image;

/* --- what survives it --------------------------------------------------------------- */

byte crashes, losses;
byte saved_place, saved_copied;
bool saved_leaf, saved_doubt;
bool over;

#ifdef WITNESS
byte seen;
#define SEE(what) seen = seen | what
#else
#define SEE(what) skip
#endif
#define SEEN_DEEP 1	/* a grandchild was resolved */
#define SEEN_REPAIRED 2 /* a comparison found a difference */
#define SEEN_NEW 4	/* a child was found by the new key only */
#define SEEN_DEATH 8	/* a death within a resolution */

/* --- the application ------------------------------------------------------------------ */

#define CAN_WRITE (logged < TRANSACTIONS && !window && !stopped)

inline log_change(t, f, n, v) {
	binlog[logged].table = t;
	binlog[logged].from = f;
	binlog[logged].to = n;
	binlog[logged].image = v;
	logged++;
	window = true
}

inline cascade_key(k, b) { /* the child k gets the key b, or goes */
	if
	:: next_grandchild == k -> next_grandchild = b
	:: else
	fi
}

inline cascade(a, b) {
#ifdef MOVING
	if
	:: next_child[a] != 0 -> next_child[a] = 0; next_child[b] = b; cascade_key(a, b)
	:: else
	fi;
	next_child[0] = 0
#else
	if
	:: next_child[1] == a -> next_child[1] = b;
		if
		:: b == 0 -> cascade_key(1, 0)
		:: else
		fi
	:: else
	fi
#endif
}

#define PARENT_OF(a) \
	:: d_step { CAN_WRITE && a <= PARENTS && !parent[a] -> parent[a] = true; \
		log_change(PARENT, 0, a, 0) } \
	:: d_step { CAN_WRITE && a <= PARENTS && parent[a] -> parent[a] = false; \
		cascade(a, 0); log_change(PARENT, a, 0, 0) }
#define RENAME(a, b) \
	:: d_step { CAN_WRITE && b <= PARENTS && a <= PARENTS && parent[a] && !parent[b] -> \
		parent[a] = false; parent[b] = true; cascade(a, b); log_change(PARENT, a, b, 0) }
#define LEAF(k) \
	:: d_step { CAN_WRITE && k <= KEYS && child[k] != 0 && grandchild != k -> \
		next_grandchild = k; log_change(GRANDCHILD, 0, k, 0) }
#ifdef MOVING
#define CHILD_OF(a) \
	:: d_step { CAN_WRITE && a <= PARENTS && parent[a] && child[a] == 0 -> \
		next_child[a] = a; log_change(CHILD, 0, a, a) } \
	:: d_step { CAN_WRITE && a <= PARENTS && child[a] != 0 -> \
		next_child[a] = 0; cascade_key(a, 0); log_change(CHILD, a, 0, 0) }
#else
#define CHILD_OF(a) \
	:: d_step { CAN_WRITE && a <= PARENTS && parent[a] && child[1] != a -> \
		log_change(CHILD, (child[1] != 0), 1, a); next_child[1] = a } \
	:: d_step { CAN_WRITE && child[1] == a -> \
		next_child[1] = 0; cascade_key(1, 0); log_change(CHILD, 1, 0, 0) }
#endif

proctype application() {
	do
	PARENT_OF(1) PARENT_OF(2) PARENT_OF(3)
	RENAME(1, 2) RENAME(1, 3) RENAME(2, 1) RENAME(2, 3) RENAME(3, 1) RENAME(3, 2)
	CHILD_OF(1) CHILD_OF(2) CHILD_OF(3)
	LEAF(1) LEAF(2) LEAF(3)
	:: d_step { CAN_WRITE && grandchild != 0 -> next_grandchild = 0;
		log_change(GRANDCHILD, 0, 0, 0) }
	:: d_step { window -> child[1] = next_child[1]; child[2] = next_child[2];
		child[3] = next_child[3]; grandchild = next_grandchild; window = false }
	:: d_step { CAN_WRITE && logged > 0 -> stopped = true }
	:: (stopped || logged == TRANSACTIONS) && !window -> break
	od
}

/* --- the process ------------------------------------------------------------------------ */

#define LOCKED(k) (child[k] != next_child[k])
#define LEAF_LOCKED (grandchild != next_grandchild)
#define NOW binlog[place_of]
#define place_of (place - resolved_early)
#ifdef NO_C5
bool resolved_early;
#else
#define resolved_early 0
#endif

/* The locking read of the children: those that refer to the old key on the target, to the new
 * one on the source. */
#ifdef NO_C2_NEW
#define REFERS(k) false
#define MAY_REFER(k) false
#else
#define REFERS(k) (NOW.to != 0 && child[k] == NOW.to)
#define MAY_REFER(k) (NOW.to != 0 && (child[k] == NOW.to || next_child[k] == NOW.to))
#endif
#define IS_FOUND(k) (target_child[k] != 0 && target_child[k] == NOW.from)
#ifdef NO_C2_LOCK
#define WAITS(k) false
#define LEAF_WAITS false
#else
#define WAITS(k) (LOCKED(k) && (IS_FOUND(k) || MAY_REFER(k)))
#define LEAF_WAITS (LEAF_LOCKED && (gone[target_grandchild] || come[grandchild] || come[next_grandchild]))
#endif

/* What the change makes of a child, as the target has it. */
#ifdef MOVING
#define EXPECTED(k) (k == NOW.from && IS_FOUND(k) -> 0 : \
	(k == NOW.to && target_child[NOW.from] != 0 && NOW.from != 0 -> k : target_child[k]))
#else
#define EXPECTED(k) (IS_FOUND(k) -> NOW.to : target_child[k])
#endif

/* Whatever the source has now: the row may have gone, with those below it, and come again. */
#if defined(NO_C3_EFFECT)
#define GOES(k) (found[k] && target_child[k] != 0 && image[k] == 0)
#elif defined(MOVING)
#define GOES(k) IS_FOUND(k)
#else
#define GOES(k) (IS_FOUND(k) && NOW.to == 0)
#endif

#define FIND(k) \
	found[k] = IS_FOUND(k) || REFERS(k); \
	image[k] = (found[k] -> child[k] : 0); \
	gone[k] = GOES(k); \
	come[k] = found[k] && target_child[k] == 0 && image[k] != 0; \
	differs = differs || (child[k] != EXPECTED(k) && (found[k] || target_child[k] != EXPECTED(k)))

#define WRITE_CHILDREN() \
	target_child[1] = (found[1] -> image[1] : target_child[1]); \
	target_child[2] = (found[2] -> image[2] : target_child[2]); \
	target_child[3] = (found[3] -> image[3] : target_child[3])
#define WRITE_LEAF() target_grandchild = (leaf_found -> leaf_image : target_grandchild)

inline forget_resolution() {
	found[1] = false; found[2] = false; found[3] = false;
	gone[1] = false; gone[2] = false; gone[3] = false;
	come[1] = false; come[2] = false; come[3] = false;
	image[1] = 0; image[2] = 0; image[3] = 0;
	leaf_found = false; leaf_image = 0
}

inline end_change() {
	forget_resolution();
	phase = IDLE;
#ifdef NO_C5
	if
	:: resolved_early -> resolved_early = false
	:: else -> place++
	fi
#else
	place++;
	/* Nothing looks at it any more, so that states which differ in nothing else are one. */
	if
	:: crashes == CRASHES -> binlog[place - 1].table = PARENT; binlog[place - 1].from = 0;
		binlog[place - 1].to = 0; binlog[place - 1].image = 0
	:: else
	fi
#endif
}

/* The process's end; inserts may be on their way, and are waited for (I8). */
inline die() {
	alive = false;
	if
	:: has_read && target_child[copied + 1] == 0 -> target_child[copied + 1] = copy_row
	:: true
	fi;
	if
	:: leaf_read && target_grandchild == 0 -> target_grandchild = leaf_row
	:: true
	fi;
	forget_resolution();
#ifdef NO_C5
	resolved_early = false;
#endif
	phase = IDLE; old_ticket = false; old_leaf_ticket = false;
	ticket = false; has_read = false; copy_row = 0;
	leaf_ticket = false; leaf_read = false; leaf_row = 0; leaf_copied = false;
	check = NONE; check_image = 0; doubt = false; ahead = 0; place = 0; copied = 0
}

#ifdef NO_C1
#define MAY_RESOLVE true
#else
#define MAY_RESOLVE (!old_ticket && !old_leaf_ticket)
#endif
#ifdef NO_C4_COPY
#define UNCOPIED 0
#define COPY_ENDS skip
#else
#define UNCOPIED NEVER
#define COPY_ENDS ahead = logged
#endif
#ifdef NO_C4_START
#define START 0
#else
#define START logged
#endif
#ifdef NO_C4_READ
#define READ_AHEAD false
#else
#define READ_AHEAD differs
#endif
#ifdef NO_C4_RENEW
#define RENEWS false
#else
#define RENEWS true
#endif
#ifdef NO_C4_SAVE
#define DOUBT false
#else
#define DOUBT doubt
#endif
#ifdef CHECK_EARLY
#define MAY_CHECK true
#else
#define MAY_CHECK (place >= ahead)
#endif
#define COPIED (copied == KEYS && leaf_copied)

proctype run_process() {
	bool differs;

	do
	:: d_step { !alive && !over -> alive = true; place = saved_place; copied = saved_copied;
		leaf_copied = saved_leaf; doubt = saved_doubt;
		ahead = (copied < KEYS -> UNCOPIED : START) }

	/* The stream: a change waits for the chunks that were in flight (I2), and one of a key
	 * that rows may refer to for those of the whole family. */
	:: d_step { alive && phase == IDLE && place < logged && !over -> phase = RECEIVED;
		old_ticket = ticket; old_leaf_ticket = leaf_ticket }
	:: d_step { phase == RECEIVED && NOW.table == PARENT && NOW.from != 0 -> phase = BARRIER }
	:: d_step { phase == RECEIVED && NOW.table == PARENT && NOW.from == 0 -> end_change() }
	:: d_step { phase == RECEIVED && NOW.table == CHILD && !old_ticket ->
		target_child[NOW.from] = 0; target_child[NOW.to] = NOW.image;
		target_child[0] = 0;
		if
		:: NOW.from != 0 && NOW.from != NOW.to -> phase = BARRIER
		:: else -> end_change()
		fi }
	:: d_step { phase == RECEIVED && NOW.table == GRANDCHILD && !old_leaf_ticket ->
		target_grandchild = NOW.to; end_change() }
#ifdef NO_C5
	:: d_step { phase == BARRIER && !resolved_early -> resolved_early = true; place++ }
#endif

	/* A change of a referenced key. */
	:: d_step { phase == BARRIER && MAY_RESOLVE && NOW.table == CHILD ->
		gone[NOW.from] = true; come[NOW.to] = true; come[0] = false; phase = FOUND }
	:: d_step { phase == BARRIER && MAY_RESOLVE && NOW.table == PARENT &&
		    !WAITS(1) && !WAITS(2) && !WAITS(3) ->
		differs = false;
		FIND(1); FIND(2); FIND(3);
		SEE((NOW.to != 0 && come[NOW.to] && !gone[NOW.from] -> SEEN_NEW : 0));
		if
		:: place_of < ahead -> doubt = true;
			ahead = (RENEWS && ahead != NEVER -> logged : ahead)
		:: place_of >= ahead && READ_AHEAD -> ahead = logged
		:: else
		fi;
		differs = false;
		phase = FOUND }
	:: d_step { phase == FOUND && !LEAF_WAITS ->
		leaf_found = gone[target_grandchild] || come[grandchild];
		leaf_image = (leaf_found -> grandchild : 0);
		SEE((leaf_found -> SEEN_DEEP : 0));
		phase = READ }
#ifdef NO_C3
	:: d_step { phase == READ -> WRITE_CHILDREN(); phase = WRITTEN }
	:: d_step { phase == WRITTEN -> WRITE_LEAF(); end_change() }
#else
	:: d_step { phase == READ -> WRITE_LEAF(); phase = WRITTEN }
	:: d_step { phase == WRITTEN -> WRITE_CHILDREN(); end_change() }
#endif
	:: d_step { phase == WRITTEN && losses < LOSSES -> losses++; forget_resolution();
		phase = BARRIER }

	/* The copy: a locking read, an insert where no row is. */
	:: d_step { alive && copied < KEYS && !ticket -> ticket = true }
	:: d_step { ticket && !has_read && !LOCKED(copied + 1) -> copy_row = child[copied + 1];
		has_read = true }
	:: d_step { has_read ->
		target_child[copied + 1] = (target_child[copied + 1] == 0 -> copy_row :
					    target_child[copied + 1]);
		copied++; ticket = false; has_read = false; copy_row = 0; old_ticket = false;
		if
		:: copied == KEYS -> COPY_ENDS
		:: else
		fi }
	:: d_step { alive && !leaf_copied && !leaf_ticket -> leaf_ticket = true }
	:: d_step { leaf_ticket && !leaf_copied && !leaf_read && !LEAF_LOCKED ->
		leaf_row = grandchild; leaf_read = true }
	:: d_step { leaf_read ->
		target_grandchild = (target_grandchild == 0 -> leaf_row : target_grandchild);
		leaf_copied = true; leaf_ticket = false; leaf_read = false; leaf_row = 0;
		old_leaf_ticket = false }

	/* A table in doubt is compared, and made equal, with a ticket. */
	:: d_step { doubt && COPIED && MAY_CHECK && phase == IDLE && check == NONE ->
		check = BEGUN; doubt = false; leaf_ticket = true }
	:: d_step { check == BEGUN && !LEAF_LOCKED -> check_image = grandchild;
		check = COMPARED }
	:: d_step { check == COMPARED ->
		SEE((target_grandchild != check_image -> SEEN_REPAIRED : 0));
		target_grandchild = check_image; check_image = 0; check = NONE;
		leaf_ticket = false; old_leaf_ticket = false }

	/* The state may be written at any instant, and the process die. */
	:: d_step { alive && crashes < CRASHES && !over &&
		    (saved_place != place || saved_copied != copied ||
		     saved_leaf != leaf_copied || saved_doubt != (doubt || check != NONE)) ->
		saved_place = place; saved_copied = copied; saved_leaf = leaf_copied;
		saved_doubt = DOUBT || (DOUBT == doubt && check != NONE) }
	:: atomic { alive && crashes < CRASHES && !over -> crashes++;
		SEE((phase == READ || phase == WRITTEN -> SEEN_DEATH : 0)); die() }

	/* The cutover. */
	:: atomic { alive && COPIED && (stopped || logged == TRANSACTIONS) && !window &&
		    place == logged && phase == IDLE && !doubt && check == NONE && !over ->
#ifdef WITNESS
		assert((seen & WITNESS) != WITNESS);
#else
		assert(target_child[1] == child[1] && target_child[2] == child[2] &&
		       target_child[3] == child[3] && target_grandchild == grandchild);
#endif
		over = true }
	:: over -> break
	od
}

/* At first: a parent with or without child and grandchild. */
init {
	atomic {
		parent[1] = true;
		if
		:: child[1] = 1; next_child[1] = 1
		:: child[1] = 1; next_child[1] = 1; grandchild = 1; next_grandchild = 1
		:: skip
		fi;
#ifdef COPIED_FIRST
		saved_copied = KEYS; saved_leaf = true;
		target_child[1] = child[1]; target_grandchild = grandchild;
#endif
		run application();
		run run_process()
	}
}
