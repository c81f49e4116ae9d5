#include "setup/program.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Beside this program, or in ../sbin, where packages have it. False when it is in neither. */
static bool find_beside(char ret[static PATH_MAX])
{
	static const char *const places[] = {"tandemd", "../sbin/tandemd"};
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return false;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (snprintf(ret, PATH_MAX, "%s/%s", self, places[i]) < PATH_MAX &&
			access(ret, X_OK) == 0)
			return true;
	return false;
}

int program_check(const char *file)
{
	char path[PATH_MAX] = "tandemd";
	char name[] = "tandemd", test[] = "-t", config[] = "-c", copy[PATH_MAX];
	char *argv[] = {name, test, config, copy, NULL};
	pid_t pid;
	int status;
	int err;

	snprintf(copy, sizeof(copy), "%s", file);
	err = find_beside(path)
		      ? posix_spawn(&pid, path, NULL, NULL, argv, environ)
		      : posix_spawnp(&pid, "tandemd", NULL, NULL, argv, environ);
	if (err != 0)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
