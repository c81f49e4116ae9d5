/*
 * What the process may do and leave behind: its limits, folders, user and pid file. Only
 * at start, before other threads matter.
 */
#pragma once

#include "base/err.h"
#include "config/config.h"

/* No core dumps, no tracing by others of the same user (keys are in memory); as many
 * descriptors as the system allows; makes state-dir and run-dir (0750). 0, or negative with
 * TEXT. */
int privilege_prepare(const struct config *config, struct err_text *text);
/* Writes RUN-DIR/tandemd.pid; *ret_path is owned by the caller, who unlinks it. */
int privilege_pid_file(
	const struct config *config, char **ret_path, struct err_text *text);
/* Gives up what only the opening of media's sockets needs (CAP_BPF, CAP_NET_ADMIN,
 * CAP_NET_RAW), root too. For this thread and those that it makes. */
void privilege_drop_network(void);
/* Becomes [tandem] user where one is set and we are root. 0, or negative with TEXT. */
int privilege_drop(const struct config *config, struct err_text *text);
