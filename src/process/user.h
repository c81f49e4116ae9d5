/*
 * Another user to become, for good: whoever starts as root reads and makes files with his rights, not with root's.
 * Before any other thread has begun.
 */
#pragma once

#include "base/err.h"

#include <pwd.h>
#include <sys/types.h>

/* Whom a process by us is to become to be the user NAME ("": nobody else), in memory that getpwnam(3) owns; NULL: we
 * stay who we are. 0; ERR_CONFIG with TEXT: there is no such user, or we cannot become him. */
int user_find(const char *name, const struct passwd **ret, struct err_text *text);
/* Becomes USER, with his groups and GROUP, (gid_t)-1: none. 0, or negative with TEXT. */
int user_become(const struct passwd *user, gid_t group, struct err_text *text);
