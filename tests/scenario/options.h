/*
 * The options that both programs of random flows have: --seed N, --runs N, --seconds N, --events N,
 * --replay SEED, --all.
 */
#pragma once

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

struct flow_options {
	uint64_t seed, runs;
	unsigned seconds; /* 0: no limit; else there is none of RUNS */
	unsigned events;
	bool all; /* nothing that is known is left out */
	bool replay;
};

/* Their rows for getopt_long(3); the letters are s r t e p a. */
#define FLOW_OPTIONS                                                                     \
	{"seed", required_argument, NULL, 's'}, {"runs", required_argument, NULL, 'r'},  \
		{"seconds", required_argument, NULL, 't'},                               \
		{"events", required_argument, NULL, 'e'},                                \
		{"replay", required_argument, NULL, 'p'},                                \
	{                                                                                \
		"all", no_argument, NULL, 'a'                                            \
	}

/* Takes one that getopt_long() found; false: it is another. */
bool flow_option(struct flow_options *options, int letter, const char *value);
