/*
 * What is left to the process once it serves: the files that it may reach (Landlock), and the system calls that
 * it may make (seccomp). Both last as long as the process, and hold for every thread. Nothing is ever executed.
 * The two functions that begin are called once each, by the loop thread.
 */
#pragma once

#include "base/err.h"
#include "config/config.h"

#include <stdbool.h>

struct sandbox_state {
	unsigned
		landlock_abi; /* what the kernel offers of it; 0: files are not confined */
	unsigned calls_allowed; /* system calls on the list; 0: they are not confined */
	char files_why[96];     /* why not; "" where they are */
	char calls_why[96];
};

/* RO after start. */
const struct sandbox_state *sandbox_state(void);

/*
 * Files, before there is a second thread: from here on nothing can be written but what is below the folders of
 * CONFIG that are ours, nor read but what is beside a file that it names, and what libraries read. Temporary
 * files go to run-dir (TMPDIR). 0, also without support of the kernel, unless CONFIG requires it: ERR_CONFIG with
 * TEXT.
 */
int sandbox_files(const struct config *config, struct err_text *text);
/*
 * System calls, once everything has been started, for all threads. A call that is not on the list ends the
 * process by SIGSYS, after a line that names it. Return values as of sandbox_files().
 */
int sandbox_calls(const struct config *config, struct err_text *text);

/*
 * Where the line about a forbidden call goes: FD, by one send(2) or write(2), MARK in front of it. Without this:
 * stderr. What they mean to the far end is the caller's matter. Before sandbox_calls().
 */
void sandbox_report_to(int fd, const char *mark);
