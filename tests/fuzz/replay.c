/*
 * Instead of libFuzzer: runs a fuzz target once over each file of its corpus, so that
 * `make check` keeps what fuzzing found. The target fuzz_NAME reads tests/fuzz/corpus/NAME,
 * or the files and directories that it is given.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

#define MAX_BYTES (1024 * 1024)

static unsigned replayed;

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(MAX_BYTES);
	size_t len;

	if (file == NULL || data == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	len = fread(data, 1, MAX_BYTES, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	replayed++;
}

static void replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL) {
		replay_file(path);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		char file[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
		replay_file(file);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strstr(argv[0], "fuzz_");
	char corpus[4096];

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	while (name != NULL && strstr(name + 1, "fuzz_") != NULL)
		name = strstr(name + 1, "fuzz_");
	if (argc == 1 && name != NULL) {
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s",
			srcdir != NULL ? srcdir : ".", name + strlen("fuzz_"));
		replay(corpus);
	}
	printf("%u inputs replayed\n", replayed);
	return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
