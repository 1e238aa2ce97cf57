/* What an error number of a server or a client library means for the program:
 * one table, sorted by number. Numbers that are not in it are ERROR_SQL.
 *
 * Below 2000, and from 3000 on, numbers are the servers' (MySQL's and MariaDB's
 * lists agree up to about 1900, and from 3000 on they go separate ways: 4000 on is
 * MariaDB's but for 4031); 2000 to 2999 are the client libraries'. */
#include "db/db.h"

#include <stdlib.h>

static const struct known_error {
	unsigned number;
	enum error_kind kind;
} known_errors[] = {
	{ 1020, ERROR_BUSY },	   /* record has changed since last read */
	{ 1021, ERROR_BUSY },	   /* disk full: somebody can make room */
	{ 1026, ERROR_BUSY },	   /* error writing file */
	{ 1028, ERROR_BUSY },	   /* sort aborted */
	{ 1030, ERROR_BUSY },	   /* error from the storage engine */
	{ 1037, ERROR_BUSY },	   /* out of memory */
	{ 1038, ERROR_BUSY },	   /* out of sort memory */
	{ 1040, ERROR_BUSY },	   /* too many connections */
	{ 1041, ERROR_BUSY },	   /* out of memory */
	{ 1042, ERROR_LOST },	   /* cannot get the host name of the client */
	{ 1043, ERROR_LOST },	   /* bad handshake */
	{ 1044, ERROR_ACCESS },	   /* access denied to the database */
	{ 1045, ERROR_ACCESS },	   /* access denied: user, password */
	{ 1048, ERROR_DATA },	   /* column cannot be NULL */
	{ 1053, ERROR_LOST },	   /* server shutdown in progress */
	{ 1062, ERROR_DATA },	   /* duplicate entry */
	{ 1077, ERROR_LOST },	   /* normal shutdown */
	{ 1078, ERROR_LOST },	   /* got signal */
	{ 1079, ERROR_LOST },	   /* shutdown complete */
	{ 1080, ERROR_LOST },	   /* forcing close of thread */
	{ 1095, ERROR_ACCESS },	   /* not owner of the thread */
	{ 1114, ERROR_BUSY },	   /* table (tablespace) is full */
	{ 1118, ERROR_DATA },	   /* row size too large */
	{ 1129, ERROR_ACCESS },	   /* host is blocked: FLUSH HOSTS */
	{ 1130, ERROR_ACCESS },	   /* host is not allowed to connect */
	{ 1131, ERROR_ACCESS },	   /* anonymous user */
	{ 1132, ERROR_ACCESS },	   /* password privileges */
	{ 1135, ERROR_BUSY },	   /* cannot create a thread */
	{ 1142, ERROR_ACCESS },	   /* command denied on the table */
	{ 1143, ERROR_ACCESS },	   /* command denied on the column */
	{ 1152, ERROR_LOST },	   /* aborted connection */
	{ 1153, ERROR_DATA },	   /* packet bigger than max_allowed_packet */
	{ 1154, ERROR_LOST },	   /* read error from pipe */
	{ 1155, ERROR_LOST },	   /* error from fcntl */
	{ 1156, ERROR_LOST },	   /* packets out of order */
	{ 1157, ERROR_LOST },	   /* cannot uncompress packet */
	{ 1158, ERROR_LOST },	   /* network read error */
	{ 1159, ERROR_LOST },	   /* network read timeout */
	{ 1160, ERROR_LOST },	   /* network write error */
	{ 1161, ERROR_LOST },	   /* network write timeout */
	{ 1162, ERROR_DATA },	   /* result string too long */
	{ 1180, ERROR_BUSY },	   /* error during COMMIT */
	{ 1184, ERROR_LOST },	   /* aborted connection before log-in */
	{ 1189, ERROR_LOST },	   /* network error reading from the source */
	{ 1190, ERROR_LOST },	   /* network error writing to the source */
	{ 1203, ERROR_BUSY },	   /* too many connections of this user */
	{ 1205, ERROR_BUSY },	   /* lock wait timeout */
	{ 1206, ERROR_BUSY },	   /* lock table full */
	{ 1213, ERROR_BUSY },	   /* deadlock */
	{ 1216, ERROR_DATA },	   /* foreign key: no parent row */
	{ 1217, ERROR_DATA },	   /* foreign key: there is a child row */
	{ 1226, ERROR_BUSY },	   /* user's hourly resources used up */
	{ 1227, ERROR_ACCESS },	   /* privilege needed */
	{ 1236, ERROR_PURGED },	   /* cannot read the binlog from that position */
	{ 1251, ERROR_ACCESS },	   /* authentication protocol */
	{ 1263, ERROR_DATA },	   /* NULL in a NOT NULL column */
	{ 1264, ERROR_DATA },	   /* out of range */
	{ 1265, ERROR_DATA },	   /* data truncated */
	{ 1290, ERROR_READ_ONLY }, /* --read-only (or another option) forbids it */
	{ 1292, ERROR_DATA },	   /* incorrect value */
	{ 1300, ERROR_DATA },	   /* invalid character string */
	{ 1317, ERROR_BUSY },	   /* query interrupted */
	{ 1364, ERROR_DATA },	   /* no default value */
	{ 1366, ERROR_DATA },	   /* incorrect value for the column */
	{ 1367, ERROR_DATA },	   /* illegal value in parsing */
	{ 1370, ERROR_ACCESS },	   /* command denied on the routine */
	{ 1396, ERROR_ACCESS },	   /* operation on a user failed */
	{ 1406, ERROR_DATA },	   /* data too long */
	{ 1411, ERROR_DATA },	   /* incorrect value for function */
	{ 1412, ERROR_BUSY },	   /* table definition changed: restart the transaction */
	{ 1416, ERROR_DATA },	   /* not a geometry */
	{ 1451, ERROR_DATA },	   /* foreign key: there is a child row */
	{ 1452, ERROR_DATA },	   /* foreign key: no parent row */
	{ 1526, ERROR_DATA },	   /* no partition for the value */
	{ 1613, ERROR_BUSY },	   /* XA transaction rolled back: too long */
	{ 1614, ERROR_BUSY },	   /* XA transaction rolled back: deadlock */
	{ 1637, ERROR_BUSY },	   /* too many transactions */
	{ 1690, ERROR_DATA },	   /* value out of range */
	{ 1698, ERROR_ACCESS },	   /* access denied without password */
	{ 1748, ERROR_DATA },	   /* row outside the given partitions */
	{ 1792, ERROR_READ_ONLY }, /* read only transaction */
	{ 1836, ERROR_READ_ONLY }, /* server runs in read only mode */
	{ 1862, ERROR_ACCESS },	   /* password expired */
	{ 1927, ERROR_LOST },	   /* MariaDB: connection was killed */
	{ 1969, ERROR_BUSY },	   /* MariaDB: max_statement_time exceeded */
	{ 2000, ERROR_LOST },	   /* unknown error of the client library */
	{ 2001, ERROR_LOST },	   /* cannot create a socket */
	{ 2002, ERROR_LOST },	   /* cannot connect (socket; MariaDB's library: TCP too) */
	{ 2003, ERROR_LOST },	   /* cannot connect (TCP) */
	{ 2004, ERROR_LOST },	   /* cannot create a TCP socket */
	{ 2005, ERROR_LOST },	   /* unknown host: name servers come back */
	{ 2006, ERROR_LOST },	   /* server has gone away */
	{ 2012, ERROR_LOST },	   /* error in the handshake */
	{ 2013, ERROR_LOST },	   /* connection lost during the query */
	{ 2020, ERROR_DATA },	   /* packet larger than max_allowed_packet */
	{ 2026, ERROR_LOST },	   /* TLS error: also any read error under TLS */
	{ 2027, ERROR_LOST },	   /* malformed packet */
	{ 2048, ERROR_LOST },	   /* invalid connection handle */
	{ 2049, ERROR_ACCESS },	   /* old authentication protocol */
	{ 2055, ERROR_LOST },	   /* connection lost at a system call */
	{ 2059, ERROR_ACCESS },	   /* authentication plugin cannot be loaded */
	{ 2061, ERROR_LOST }, /* authentication plugin failed: also a cut while it asks for a key */
	{ 2068, ERROR_ACCESS }, /* LOAD DATA LOCAL refused */
	{ 3024, ERROR_BUSY },	/* MySQL: max_execution_time exceeded */
	{ 3032, ERROR_LOST },	/* MySQL: server is in offline mode */
	{ 3037, ERROR_DATA },	/* MySQL: invalid GIS data */
	{ 3058, ERROR_BUSY },	/* deadlock of user locks */
	{ 3100, ERROR_BUSY },	/* MySQL: hook before commit failed (group replication) */
	{ 3101, ERROR_BUSY },	/* MySQL: rolled back by group replication */
	{ 3118, ERROR_ACCESS }, /* MySQL: account is locked */
	{ 3140, ERROR_DATA },	/* MySQL: invalid JSON text */
	{ 3141, ERROR_DATA },	/* MySQL: invalid JSON text in an argument */
	{ 3142, ERROR_DATA },	/* MySQL: invalid JSON binary data */
	{ 3143, ERROR_DATA },	/* MySQL: invalid JSON path */
	{ 3144, ERROR_DATA },	/* MySQL: JSON from a binary string */
	{ 3150, ERROR_DATA },	/* MySQL: JSON document too big */
	{ 3155, ERROR_DATA },	/* MySQL: invalid JSON value for CAST */
	{ 3157, ERROR_DATA },	/* MySQL: JSON document too deep */
	{ 3158, ERROR_DATA },	/* MySQL: JSON key is NULL */
	{ 3159, ERROR_ACCESS }, /* MySQL: secure transport required */
	{ 3169, ERROR_LOST },	/* MySQL: session was killed */
	{ 3572, ERROR_BUSY },	/* MySQL: lock not available at once (NOWAIT) */
	{ 3643, ERROR_DATA },	/* MySQL: SRID of the geometry differs from the column's */
	{ 3819, ERROR_DATA },	/* MySQL: CHECK violated */
	{ 3955, ERROR_ACCESS }, /* MySQL: account blocked after failed log-ins */
	{ 4025, ERROR_DATA },	/* MariaDB: CHECK violated */
	{ 4031, ERROR_LOST },	/* MySQL: disconnected for inactivity */
	{ 4151, ERROR_ACCESS }, /* MariaDB: account is locked */
	{ 6136, ERROR_DATA },	/* MySQL: data incompatible with a vector */
	{ 6137, ERROR_DATA },	/* MySQL: too many dimensions for the vector column */
	{ 6138, ERROR_DATA },	/* MySQL: not a vector */
};

static int compare_numbers(const void *wanted, const void *member)
{
	const struct known_error *known = member;
	unsigned number = *(const unsigned *)wanted;

	return (number > known->number) - (number < known->number);
}

enum error_kind db_error_kind(unsigned number)
{
	const struct known_error *known = bsearch(&number, known_errors, ARRAY_LEN(known_errors),
						  sizeof(known_errors[0]), compare_numbers);

	return known ? known->kind : ERROR_SQL;
}

bool db_error_is_deadlock(const struct error *err)
{
	return err->kind == ERROR_BUSY && err->server_code == 1213;
}

bool db_error_is_lock_wait(const struct error *err)
{
	return err->kind == ERROR_BUSY && err->server_code == 1205;
}
