/*
 * Keys that the service manager hands over: credential:NAME in the place of a path, for LoadCredential=NAME:FILE of
 * the unit (systemd.exec(5)). The file is read by root before the server starts; the server has a copy in memory
 * that nobody else can read. Loop thread.
 */
#pragma once

#include <stdbool.h>

bool credential_is(const char *text);
/* Of TEXT that is one: whether its name can be that of a file. */
bool credential_name_valid(const char *text);
/* Where it is: in $CREDENTIALS_DIRECTORY, else where the service's are while it runs, so that -t finds them. Owned
 * by the caller; NULL when out of memory. */
char *credential_path(const char *text);
/* The name of what PATH holds and does not hold: a credential that is not there. NULL: it is no credential's path,
 * or all is well. Borrows PATH. */
const char *credential_missing(const char *path);
