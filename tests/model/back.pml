/* What the cutover of a move leaves for the way back, as a model that spin checks exhaustively.
 * tests/model/run.sh says which bounds and which mutations; the stream itself, and a death
 * on the way back, which is a run like any other, are in ferry.pml.
 *
 * One row. The application writes to the source until it is locked out, and to the target once
 * it was told; it makes up to WRITES writes on either side. A run that dies, CRASHES times at
 * any instant, lets it go on on the source, unless the state says that it was told. Somebody
 * else may write to the target once, at any time. At the end the way back has brought
 * the target's binlog from its place on to the source: both must be equal then, and no write
 * of the move's own may have been among it, as that would lead the source back behind the
 * cutover.
 *
 * Which part is which code (src/README.md says in which room):
 *
 *   application   the two servers, and who writes to them
 *   move          ferry_cutover.c, ferry_back.c; look: target_watch_finish()
 *   saved_*       the move's state file
 *   file, has_file   the state of the way back
 *   back          the run that goes back: streamer.c, binlog_writer.c
 *
 * Mutations: a macro takes one of the rules B1 to B5 of ferry_back.c away.
 *
 *   PLACE_FIRST  B1: the place is read before the last write
 *   LOOK_FIRST   B2: it is read behind the last look for writes of others
 *   PLACE_LATE   B3: it is read when the application was told
 *   FILE_LATE    B4: the move's state says that it was told before the file is there
 *   STATE_LATE   B4: the move's state says so only when it was told
 *   KEEP_FILE    B5: a resumed run keeps the file, though it writes again
 *   PLACE_AGAIN  B5: a resumed run reads the place again, though the application was told
 *
 * Left out, and why:
 *   - An application that writes to the source although it was told: the way back's look at
 *     its own target notices that (target_watch.c).
 *   - Others who write behind the place: as the application does.
 *   - More than one row: the order in the binlog is all that matters. */

#ifndef WRITES
#define WRITES 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif

#define SOURCE_LOG WRITES
#define TARGET_LOG ((CRASHES + 1) * (WRITES + 1) + WRITES + 1)

/* The order of the cutover's steps behind the drained stream. */
#define STREAM 0
#define LOCKED 1
#if defined(PLACE_FIRST)
#define PLACE 2
#define LAST_WRITE 3
#else
#define LAST_WRITE 2
#endif
#if defined(LOOK_FIRST)
#define LOOK 3
#define PLACE 4
#elif defined(PLACE_LATE)
#define LOOK 3
#elif !defined(PLACE_FIRST)
#define PLACE 3
#endif
#ifndef LOOK
#define LOOK 4
#endif
#if defined(PLACE_LATE)
#define SAVE 4
#define TELL 5
#define PLACE 6
#define WRITE_FILE 7
#elif defined(FILE_LATE)
#define SAVE 5
#define WRITE_FILE 6
#define TELL 7
#elif defined(STATE_LATE)
#define WRITE_FILE 5
#define TELL 6
#define SAVE 7
#else
#define WRITE_FILE 5
#define SAVE 6
#define TELL 7
#endif
#define DONE 8
#ifdef PLACE_AGAIN
#define IN_USE PLACE
#else
#define IN_USE TELL
#endif

/* --- the two servers --------------------------------------------------------- */

byte clock; /* each write makes a new row */
byte source, target;
byte source_log[SOURCE_LOG], source_logged;
mtype = { OURS, APPLICATION, OTHERS };
byte target_log[TARGET_LOG], target_logged;
mtype writer[TARGET_LOG];

bool is_locked, is_told;
byte source_writes, target_writes;
bool others_wrote;

inline write_target(row, who) {
	target = row;
	target_log[target_logged] = row;
	writer[target_logged] = who;
	target_logged++
}

/* --- the move --------------------------------------------------------------------- */

byte step = STREAM;
byte applied, place;
bool over, failed;

/* On the disk. */
byte saved_applied, file;
bool saved_told, has_file;

byte crashes, back_at;
bool goes_back;

proctype application() {
	do
	:: d_step { !is_locked && !is_told && source_writes < WRITES && !over ->
		source_writes++; clock++; source = clock;
		source_log[source_logged] = source; source_logged++ }
	:: d_step { is_told && target_writes < WRITES ->
		target_writes++; clock++; write_target(clock, APPLICATION) }
	/* Or makes no more. */
	:: d_step { is_told && target_writes < WRITES -> target_writes = WRITES }
	:: d_step { !others_wrote && !is_told && !over ->
		others_wrote = true; clock++; write_target(clock, OTHERS) }
	:: over -> break
	od
}

proctype move() {
	byte i;

	do
	:: d_step { step <= LOCKED && applied < source_logged ->
		write_target(source_log[applied], OURS); applied++ }
	:: d_step { step == STREAM -> is_locked = true; step = LOCKED }
	:: d_step { step == LOCKED && applied == source_logged -> step++ }
	/* AUTO_INCREMENT, say. */
	:: d_step { step == LAST_WRITE -> write_target(target, OURS); step++ }
	:: d_step { step == PLACE -> place = target_logged; step++ }
	:: d_step { step == LOOK ->
		i = 0;
		do
		:: i < target_logged && writer[i] == OTHERS -> failed = true; break
		:: i < target_logged && writer[i] != OTHERS -> i++
		:: i == target_logged -> break
		od;
		i = 0;
		step++ }
	:: d_step { step == WRITE_FILE && !failed ->
#ifdef KEEP_FILE
		file = (has_file -> file : place);
#else
		file = place;
#endif
		has_file = true; step++ }
	:: d_step { step == SAVE && !failed -> saved_told = true; saved_applied = applied; step++ }
	:: d_step { step == TELL && !failed -> is_told = true; step++ }
	/* Noticed: nobody is told. */
	:: d_step { failed && !over -> over = true }
	:: over -> break
	od
}

proctype fate() {
	do
	:: d_step { step < DONE && !failed && saved_applied < applied -> saved_applied = applied }
	/* Dies, while the application switches too, and is resumed. */
	:: d_step { !goes_back && !failed && crashes < CRASHES && !over ->
		crashes++;
		applied = saved_applied;
		place = 0;
		is_locked = is_told || saved_told;
		step = (saved_told -> IN_USE : STREAM) }
	:: d_step { step == DONE && !goes_back -> assert(has_file); goes_back = true; back_at = file }
	:: d_step { goes_back && back_at < target_logged ->
		assert(writer[back_at] != OURS);
		source = target_log[back_at]; back_at++ }
	:: d_step { goes_back && back_at == target_logged && target_writes == WRITES && !over ->
#ifdef WITNESS
		assert(crashes < CRASHES || !others_wrote);
#else
		assert(source == target);
#endif
		over = true }
	:: over -> break
	od
}

init {
	atomic {
		run application();
		run move();
		run fate()
	}
}
