/*
 * The command line of tandem-verify(1). One thread.
 */
#pragma once

#include "evidence/verify.h"

#define HANDOVERS_MAX 64

/* Exit codes: tandem-verify(1). */
enum { GOOD = 0, BAD = 1, USAGE = 2, UNREADABLE = 3 };

struct options {
	const char *key;
	const char *tiles;
	const char *record;
	uint64_t from, to;
	bool live, json, quiet;
	const char *older[VERIFY_OLDER_MAX];
	unsigned older_count;
	const char *handovers[HANDOVERS_MAX];
	unsigned handover_count;
	const char *witnesses[VERIFY_WITNESSES_MAX];
	unsigned witness_count;
	const char *tsa_ca; /* who stamps: a PEM file */
	uint64_t quorum;    /* 0: all of them */
	char given[32];     /* the letters of those that are there */
	const char *command;
	char **args;
	int arg_count;
};

/* To stderr: WHY, unless it is NULL, and how it is used. Returns USAGE. */
int options_usage(const char *why);
/* Reads it, with what stands behind the command in args. False: all is said, and *RET_CODE is the exit code. */
bool options_read(struct options *ret, int argc, char **argv, int *ret_code);
