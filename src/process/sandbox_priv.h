/*
 * What the files of the sandbox share; nobody else includes this.
 */
#pragma once

#include "process/sandbox.h"

#include <stddef.h>
#include <stdint.h>

/* Folders, and single files, that the configuration and libraries need. */
struct sandbox_paths {
	struct sandbox_path {
		char *path; /* links resolved */
		bool writable;
	} * list;
	size_t count;
};

/* Those of CONFIG, as they are now. 0 or -ENOMEM, *RET to be freed either way. */
int sandbox_list_paths(const struct config *config, struct sandbox_paths *ret);
void sandbox_free_paths(struct sandbox_paths *paths);
/* Whether PATH, which need not exist, is one of them or below one. */
bool sandbox_reaches(const struct sandbox_paths *paths, const char *path);

/* What of Landlock may be used, as its ABI; 0 with errno: nothing. */
unsigned sandbox_landlock_abi(void);
/* 0 or negative with TEXT. */
int sandbox_landlock(
	unsigned abi, const struct sandbox_paths *paths, struct err_text *text);

/* One system call on the list, whole or for certain arguments. */
struct sandbox_rule {
	const char *name; /* one that an architecture does not have is left out there */
	enum sandbox_when {
		SANDBOX_ALWAYS,
		SANDBOX_EQUAL,  /* argument ARG, of the bits MASK, is VALUE */
		SANDBOX_OURS,   /* argument ARG is our process id */
		SANDBOX_NO_SUCH /* answered with ENOSYS: glibc does without */
	} when;
	unsigned arg;
	uint64_t mask; /* 0: all */
	uint64_t value;
};

extern const struct sandbox_rule sandbox_rules[];
extern const size_t sandbox_rule_count;

/* Loads the filter into all threads. 0 or negative with TEXT. */
int sandbox_filter(unsigned *ret_allowed, struct err_text *text);
