/* notify: what arrives at a service manager's socket, by a path and by an abstract name. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../src/app/notify.h"
#include "../unit.h"

/* The socket of a manager; name as in the environment. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	return fd;
}

static void arrives(int fd, const char *want)
{
	char got[4096];
	ssize_t length = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_true(length >= 0);
	got[length] = '\0';
	assert_string_equal(got, want);
}

TEST(what_arrives)
{
	char path[64], abstract[64], longest[5000], got[4096];
	const char *names[] = { path, abstract };

	snprintf(path, sizeof(path), "/tmp/gf-notify-%d", getpid());
	snprintf(abstract, sizeof(abstract), "@gf-notify-%d", getpid());
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int fd = listen_at(names[i]);

		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_init();
		assert_true(notify_is_wanted());
		notify_send("READY=1", NULL);
		arrives(fd, "READY=1");
		notify_send(NULL, "copying");
		arrives(fd, "STATUS=copying");
		notify_send("STOPPING=1", "gone\nMAINPID=1");
		arrives(fd, "STOPPING=1\nSTATUS=gone MAINPID=1");
		memset(longest, 'x', sizeof(longest));
		longest[sizeof(longest) - 1] = '\0';
		notify_send(NULL, longest);
		assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 2048);
		close(fd);
		notify_send("READY=1", NULL); /* nobody is there */
	}
	unlink(path);
}

TEST_MAIN(cmocka_unit_test(what_arrives))
