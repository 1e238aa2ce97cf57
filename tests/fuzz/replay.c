/* Stands in for libFuzzer where there is no clang: runs a fuzzer over the files of its
 * corpus, and over everything that is left of them when they are cut short. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 20, CUTS_MAX = 4096 };

/* In memory of exact size, so that a sanitizer sees a read behind the end. */
static void run_one(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = mem_calloc(length ? length : 1, 1);

	memcpy(copy, bytes, length);
	LLVMFuzzerTestOneInput(copy, length);
	free(copy);
}

static bool run_file(const char *path)
{
	static uint8_t bytes[FILE_MAX];
	FILE *file = fopen(path, "rb");
	size_t length;

	if (!file) {
		perror(path);
		return false;
	}
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	run_one(bytes, length);
	for (size_t cut = 0; cut < length && cut < CUTS_MAX; cut++)
		run_one(bytes, cut);
	return true;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned files = 0;

	if (!folder) {
		fprintf(stderr, "usage: %s corpus-folder\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (!run_file(path))
			return 1;
		files++;
	}
	closedir(folder);
	return files > 0 ? 0 : 1;
}
