/*
 * Logs that are handed over from key to key, by processes that are killed before each of their steps.
 */
#pragma once

#include "chronicle_fixture.h"
#include "evidence/note.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Before the first folder: a hundred logs are synced again and again. */
static inline void sync_to_memory(void)
{
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", false);
}

/* Asks for a new key, and lets the audit thread turn until it is there, or is not. */
static inline void rotate(struct fixture *fixture)
{
	struct err_text text = {""};

	if (chronicle_rotate_key(fixture->chronicle, &text) != 0)
		fail_msg("%s", text.text);
	for (unsigned i = 0; i < 3; i++)
		(void)tick(fixture);
}

static inline void key_of(struct fixture *fixture, struct note_key *ret)
{
	struct ledger_state log;

	chronicle_state(fixture->chronicle, &log);
	assert_int_equal(note_key_read(ret, span_of(log.key)), 0);
}

static inline bool has(struct fixture *fixture, const char *name)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	return access(path, F_OK) == 0;
}

static inline void run(struct fixture *fixture, const char *command)
{
	char line[5000];

	snprintf(line, sizeof(line), "cd '%s' && %s", fixture->folder, command);
	assert_int_equal(system(line), 0);
}

/* A call of the kernel by which something changes. */
static inline bool is_step(uint64_t number)
{
	static const long steps[] = {
		SYS_openat, SYS_write, SYS_pwrite64, SYS_renameat, SYS_linkat,
		SYS_unlinkat, SYS_mkdirat, SYS_fsync, SYS_fdatasync, SYS_ftruncate,
#ifdef SYS_rename
		SYS_rename, SYS_link, SYS_unlink, SYS_mkdir, SYS_open
#endif
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if ((uint64_t)steps[i] == number)
			return true;
	return false;
}

/* Kills the child before its step NUMBER. False: it has no such step, and ended by itself. */
static inline bool kill_before(pid_t pid, unsigned number)
{
	struct __ptrace_syscall_info info;
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, NULL,
			(void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)),
		0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			return false;
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info),
				    &info) > 0);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_step(info.entry.nr) ||
			number-- > 0)
			continue;
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		return true;
	}
}

/* A record, written or waiting. */
static inline bool names_a_key(struct fixture *fixture)
{
	char line[4400];

	snprintf(line, sizeof(line),
		"cd '%s' && grep -qa '\"kind\":\"key\"' cdr.jsonl waiting",
		fixture->folder);
	return system(line) == 0;
}
