#include "base/spill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

bool spill_file_open(struct spill_file *s, const char *beside, struct error *err)
{
	const char *from_environment = getenv("TMPDIR"), *where = "/tmp";
	char *copy = beside ? mem_strdup(beside) : NULL;
	char *path;

	if (copy)
		where = dirname(copy);
	else if (from_environment && *from_environment)
		where = from_environment;
	path = mem_printf("%s/ghostferry-rows-XXXXXX", where);

	/* Not every file system makes files without a name. */
	s->fd = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		s->fd = mkostemp(path, O_CLOEXEC);
		if (s->fd >= 0)
			unlink(path);
	}
	bool ok = s->fd >= 0 || error_errno(err, "make a file in %s", where);

	free(path);
	free(copy);
	return ok;
}

void spill_file_close(struct spill_file *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

bool spill_file_write(const struct spill_file *s, uint64_t offset, const char *bytes, size_t length,
		      struct error *err)
{
	while (length > 0) {
		ssize_t done = pwrite(s->fd, bytes, length, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(err, "write rows to be verified to a file");
		bytes += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return true;
}

bool spill_file_read(const struct spill_file *s, uint64_t offset, char *bytes, size_t length,
		     struct error *err)
{
	while (length > 0) {
		ssize_t done = pread(s->fd, bytes, length, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_errno(err, "read rows to be verified from a file");
		if (done == 0)
			return error_set(err, ERROR_CORRUPT,
					 "the file of rows to be verified was cut short");
		bytes += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return true;
}
