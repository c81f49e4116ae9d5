#include "loadgen_watch.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int watch_parse(struct watch *ret, const char *list)
{
	ret->count = 0;
	while (*list && ret->count < WATCH_PIDS_MAX) {
		char *end;
		long pid = strtol(list, &end, 10);

		if (pid <= 0 || (*end != '\0' && *end != ','))
			return -1;
		ret->pids[ret->count++] = (int)pid;
		list = *end ? end + 1 : end;
	}
	return *list ? -1 : 0;
}

/* The nanoseconds that a thread ran: finer than the ticks of /proc/PID/stat. */
static double thread_ms(int pid, const char *thread)
{
	char path[300];
	uint64_t ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return (double)ns / 1e6;
}

double watch_cpu_ms(const struct watch *watch)
{
	double total = 0;

	for (unsigned i = 0; i < watch->count; i++) {
		const struct dirent *entry;
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/task", watch->pids[i]);
		dir = opendir(path);
		while (dir && (entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
				total += thread_ms(watch->pids[i], entry->d_name);
		if (dir)
			closedir(dir);
	}
	return total;
}

uint64_t watch_memory_kb(const struct watch *watch)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < watch->count; i++) {
		char path[64], line[256];
		uint64_t kb;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", watch->pids[i]);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "Pss: %" SCNu64, &kb) == 1)
				total += kb;
		if (file)
			fclose(file);
	}
	return total;
}
