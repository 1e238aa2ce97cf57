/* Connection options, for either client library.
 *
 * TLS is all or nothing: with use_tls the certificate is verified as the configuration
 * says before the account's password is sent, or there is no connection. Without it
 * nothing is required of the connection (Oracle's library then encrypts where the server
 * offers it, MariaDB's does not).
 *
 * The server says how the password is to be sent. Two methods send it in the clear, and an impostor
 * could request them: so they are refused unless the server's identity is verified. (MariaDB's
 * library would do both. Oracle's uses one only if an environment variable allows it, and lacks the
 * other.) */
#include "client.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum {
	DEFAULT_CONNECT_TIMEOUT_S = 10,
	DEFAULT_NETWORK_TIMEOUT_S = 120,
};

static void set_certificates(MYSQL *mysql, const struct db_params *params)
{
	if (params->tls_ca_path)
		mysql_options(mysql, MYSQL_OPT_SSL_CA, params->tls_ca_path);
	if (params->tls_cert_path)
		mysql_options(mysql, MYSQL_OPT_SSL_CERT, params->tls_cert_path);
	if (params->tls_key_path)
		mysql_options(mysql, MYSQL_OPT_SSL_KEY, params->tls_key_path);
}

/* Both libraries compare the certificate with the name they connect to, and take no other name.
 * (Oracle's TLS_SNI_SERVERNAME is only sent.) Connecting anyway would mean trusting any server. */
static bool check_server_name(const struct db_params *params, struct error *err)
{
	const char *name = params->tls_server_name;

	if (!name || name[0] == '\0' || (!params->is_unix && strcmp(name, params->host) == 0))
		return true;
	return error_set(err, ERROR_CONFIG,
			 "%s: the certificate cannot be checked against the name %s while"
			 " connecting to %s: make %s resolve to the server and use it as Host",
			 params->label, name, params->host, name);
}

static bool knows_who_answers(const struct db_params *params)
{
	return params->is_unix || (params->use_tls && params->tls_verify != DB_TLS_NONE);
}

#ifdef MARIADB_BASE_VERSION

/* All that do not send the password itself: neither mysql_clear_password nor dialog. */
static const char safe_plugins[] = "mysql_native_password,caching_sha2_password,sha256_password,"
				   "client_ed25519,parsec,auth_gssapi_client";

static bool set_security(MYSQL *mysql, const struct db_params *params, struct error *err)
{
	my_bool wanted = params->use_tls;
	/* The name; a chain is verified whenever there is a CA to do it by. */
	my_bool verified = wanted && params->tls_verify == DB_TLS_FULL;

	/* Said in either case: from version 3.4 on the library verifies by default. */
	mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verified);
	if (!knows_who_answers(params))
		mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, safe_plugins);
	if (!params->use_tls)
		return true;
	if (!check_server_name(params, err))
		return false;
	mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &wanted);
	set_certificates(mysql, params);
	return true;
}

static int socket_of(MYSQL *mysql)
{
	return (int)mysql_get_socket(mysql);
}

#else /* Oracle's */

static bool set_security(MYSQL *mysql, const struct db_params *params, struct error *err)
{
	static const unsigned modes[] = {
		[DB_TLS_FULL] = SSL_MODE_VERIFY_IDENTITY,
		[DB_TLS_CA] = SSL_MODE_VERIFY_CA,
		[DB_TLS_NONE] = SSL_MODE_REQUIRED,
	};
	bool ask_for_key = true, in_clear = false;

	/* Lets caching_sha2_password log in without TLS. */
	mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &ask_for_key);
	if (!knows_who_answers(params))
		mysql_options(mysql, MYSQL_ENABLE_CLEARTEXT_PLUGIN, &in_clear);
	if (!params->use_tls)
		return true;
	if (!check_server_name(params, err))
		return false;
	mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[params->tls_verify]);
	/* This library has no default: where Linux distributions keep theirs. */
	if (!params->tls_ca_path && params->tls_verify == DB_TLS_FULL)
		mysql_options(mysql, MYSQL_OPT_SSL_CAPATH, "/etc/ssl/certs");
	set_certificates(mysql, params);
	return true;
}

/* The number stays behind when the library has closed the socket itself, and may
 * be another thread's by then. */
static int socket_of(MYSQL *mysql)
{
	return mysql->net.vio ? (int)mysql->net.fd : -1;
}

#endif

bool client_set_options(MYSQL *mysql, const struct db_params *params, uint64_t packet_max,
			struct error *err)
{
	unsigned protocol = params->is_unix ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	unsigned local_infile = 0;
	unsigned long max_packet = packet_max ? (unsigned long)packet_max : 1ul << 30;
	unsigned connect_timeout =
		params->connect_timeout_s ? params->connect_timeout_s : DEFAULT_CONNECT_TIMEOUT_S;

	/* "localhost" would mean a socket to the libraries. */
	mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile);
	mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &max_packet);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "ghostferry-copydb");
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
	if (params->read_timeout_s > 0)
		mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &params->read_timeout_s);
	if (params->write_timeout_s > 0)
		mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &params->write_timeout_s);
	return set_security(mysql, params, err);
}

/* Keepalive finds a dead network while an answer is waited for; the user timeout while
 * something was sent and is not acknowledged, which without it takes a quarter of an
 * hour. A server that is merely busy acknowledges either. */
void client_keep_alive(MYSQL *mysql, const struct db_params *params)
{
	unsigned limit_s =
		params->network_timeout_s ? params->network_timeout_s : DEFAULT_NETWORK_TIMEOUT_S;
	int limit = limit_s < INT_MAX / 1000 ? (int)limit_s : INT_MAX / 1000;
	int step = limit < 8 ? 1 : limit / 8;
	const struct {
		int level;
		int name;
		int value;
	} settings[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, limit < 2 ? 1 : limit / 2 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, step },
		{ IPPROTO_TCP, TCP_KEEPCNT, 4 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, limit * 1000 },
	};

	/* Unix sockets, and systems that refuse, do without. */
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		(void)setsockopt(socket_of(mysql), settings[i].level, settings[i].name,
				 &settings[i].value, sizeof(settings[i].value));
}

void client_hang_up(MYSQL *mysql)
{
	(void)shutdown(socket_of(mysql), SHUT_RDWR);
}
