#include "config/credential.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CREDENTIAL "credential:"
#define SERVICE_FOLDER "/run/credentials/tandemd.service"

static const char *folder(void)
{
	const char *ours = getenv("CREDENTIALS_DIRECTORY");

	return ours ? ours : SERVICE_FOLDER;
}

bool credential_is(const char *text)
{
	return strncmp(text, CREDENTIAL, strlen(CREDENTIAL)) == 0;
}

bool credential_name_valid(const char *text)
{
	const char *name = text + strlen(CREDENTIAL);
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX && name[0] != '.' && !strchr(name, '/');
}

char *credential_path(const char *text)
{
	char *path;

	return asprintf(&path, "%s/%s", folder(), text + strlen(CREDENTIAL)) < 0 ? NULL
										 : path;
}

const char *credential_missing(const char *path)
{
	const char *where = folder();
	size_t len = strlen(where);

	if (strncmp(path, where, len) != 0 || path[len] != '/')
		return NULL;
	return access(path, F_OK) != 0 && errno == ENOENT ? path + len + 1 : NULL;
}
