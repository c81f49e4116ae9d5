/*
 * What the process may do and leave behind: its limits, folders, user, capabilities and pid file. Only
 * at start, in this order: prepare, become. What both would object to is found before by check/check.h.
 */
#pragma once

#include "base/err.h"
#include "config/config.h"
#include "media/relay.h"

#include <pwd.h>
#include <stdbool.h>
#include <sys/types.h>

/* Whom a start by us becomes: [tandem] user, in memory that getpwnam(3) owns; NULL: we stay who we are. 0;
 * ERR_CONFIG with TEXT: there is no such user, or we cannot become him. */
int privilege_user(
	const struct config *config, const struct passwd **ret, struct err_text *text);
/* No core dumps, no tracing by others of the same user (keys are in memory); as many
 * descriptors as the system allows; makes state-dir (0750) and run-dir (0755), which belong to [tandem]
 * user. 0; ERR_CONFIG with TEXT: there is no such user, or we cannot become him; negative with TEXT. */
int privilege_prepare(const struct config *config, struct err_text *text);
/*
 * Becomes [tandem] user where one is set and we are root; *ret_changed says whether. Then all files are
 * read and made with his rights, as at a reload: *CONFIG is read once more, and the one before is given
 * back. Gives up all capabilities for good, and for whatever is executed; root that stays root gives up
 * all but those that its files take, and low ports. So media and listeners are open before it is called, and no other
 * thread has begun. 0; ERR_CONFIG, with ERRORS where he cannot read it; negative with TEXT.
 */
int privilege_become(struct config **config, struct config_errors *errors,
	bool *ret_changed, struct err_text *text);
/* Notes what each capability has been used for (process/rights.h): called while they are still there. */
void privilege_note_uses(const struct config *config, const struct io_shared *media);
/* Whose members may use the control socket beside root and our own user: [tandem] admin-group, else
 * tandem-admin where there is one. (gid_t)-1: nobody. 0, or ERR_CONFIG with TEXT. */
int privilege_admin_group(const struct config *config, gid_t *ret, struct err_text *text);
/* Two servers that write one state-dir would spoil each other's records: takes the lock STATE-DIR/lock, which
 * ends with *ret_fd, the caller's. 0; ERR_CONFIG with TEXT: another one has it; negative with TEXT. */
int privilege_lock_state(const struct config *config, int *ret_fd, struct err_text *text);
/* Writes RUN-DIR/tandemd.pid; *ret_path is owned by the caller, who unlinks it. */
int privilege_pid_file(
	const struct config *config, char **ret_path, struct err_text *text);
