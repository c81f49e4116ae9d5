/* What the server under test uses, from /proc: CPU and memory of some processes. */
#pragma once

#include <stdint.h>

#define WATCH_PIDS_MAX 32

struct watch {
	int pids[WATCH_PIDS_MAX];
	unsigned count;
};

/* A comma list of process ids; their threads count, their children do not. 0 or -1. */
int watch_parse(struct watch *ret, const char *list);
/* User and system time so far, of all of them together. */
double watch_cpu_ms(const struct watch *watch);
/* Their share of memory (Pss), which counts what several share once. */
uint64_t watch_memory_kb(const struct watch *watch);
