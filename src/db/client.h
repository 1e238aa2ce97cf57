/* What differs between MariaDB Connector/C and Oracle's libmysqlclient when a
 * connection is made. Used by db.c alone. */
#ifndef DB_CLIENT_H
#define DB_CLIENT_H

#include <mysql.h>

#include "db/db.h"

/* Sets all options on a handle that is not yet connected. False when the library
 * cannot do what the params ask for (checking a certificate, say). packet_max: bytes
 * of the largest packet to be received; 0: 1 GiB. */
bool client_set_options(MYSQL *mysql, const struct db_params *params, uint64_t packet_max,
			struct error *err) MUST_CHECK;

/* After connecting: detects within minutes that a peer has silently vanished. */
void client_keep_alive(MYSQL *mysql, const struct db_params *params);

/* Cuts the connection, so that nothing waits for the server any more; the handle
 * is still to be closed. */
void client_hang_up(MYSQL *mysql);

#endif
