/* Connections are socket pairs; one that was cut off reads its end. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../../src/control/peers.h"
#include "../unit.h"

#define MAX (PEERS_SPARE + 3)

static struct {
	int here, there;
	struct peer *peer;
} all[20];
static struct peers peers;

static void add(unsigned i, const char *address)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int pair[2];

	assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	all[i].here = pair[0];
	all[i].there = pair[1];
	all[i].peer = peers_add(&peers, pair[0], (struct sockaddr *)(void *)&from, MAX);
	all[i].peer->since_ms -= 1000 - i; /* in the order in which they came */
}

static bool is_cut(unsigned i)
{
	char byte;

	return read(all[i].there, &byte, 1) == 0;
}

static void remove_all(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		peers_remove(&peers, all[i].peer);
		close(all[i].here);
		close(all[i].there);
	}
	assert_int_equal(peers.count, 0);
	assert_null(peers.first);
}

TEST(the_oldest_gives_way)
{
	for (unsigned i = 0; i < 5; i++)
		add(i, "127.0.0.1");
	assert_true(is_cut(0));
	assert_true(is_cut(1));
	for (unsigned i = 2; i < 5; i++)
		assert_false(is_cut(i));
	peer_begin(all[2].peer);
	add(5, "127.0.0.1");
	assert_false(is_cut(2));
	assert_true(is_cut(3));
	remove_all(6);
}

TEST(those_of_other_machines_go_first)
{
	add(0, "127.0.0.1");
	add(1, "10.0.0.1");
	add(2, "10.0.0.2");
	add(3, "10.0.0.3");
	assert_false(is_cut(0));
	assert_true(is_cut(1));
	add(4, "127.0.0.1");
	assert_true(is_cut(2));
	assert_false(is_cut(0));
	remove_all(5);
}

TEST(slow_ones_are_cut_off)
{
	add(0, "127.0.0.1");
	add(1, "127.0.0.1");
	peers_cut_slow(&peers, 60000);
	assert_false(is_cut(0));
	peer_begin(all[1].peer);
	peers_cut_slow(&peers, 900);
	assert_true(is_cut(0));
	assert_false(is_cut(1));
	peers_cut_slow(&peers, 900);
	remove_all(2);
}

TEST_MAIN(cmocka_unit_test(the_oldest_gives_way), cmocka_unit_test(those_of_other_machines_go_first),
	  cmocka_unit_test(slow_ones_are_cut_off))
