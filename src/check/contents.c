/* What an earlier start left in the folders: it must be of the right kind, and ours to write. */
#include "check/check_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct item {
	bool run;         /* in run-dir, else in state-dir */
	const char *name; /* "": the folder itself */
	mode_t kind;
	const char *what; /* that it must be */
	enum finding_level level;
};

static const struct item items[] = {
	{false, "", S_IFDIR, "folder", FINDING_ERROR},
	{false, "/lock", S_IFREG, "file", FINDING_ERROR},
	{false, "/cdr.jsonl", S_IFREG, "file", FINDING_ERROR},
	{false, "/audit", S_IFDIR, "folder", FINDING_ERROR},
	{false, "/audit/open.log", S_IFREG, "file", FINDING_ERROR},
	{false, "/peers", S_IFDIR, "folder", FINDING_WARNING},
	{false, "/log", S_IFDIR, "folder", FINDING_WARNING},
	{false, "/log.key", S_IFREG, "file", FINDING_WARNING},
	{false, "/standing", S_IFREG, "file", FINDING_WARNING},
	{true, "", S_IFDIR, "folder", FINDING_ERROR},
	{true, "/tandemd.pid", S_IFREG, "file", FINDING_ERROR},
	{true, "/control.sock", S_IFSOCK, "socket", FINDING_ERROR},
};

static void refuse(struct check *check, const struct item *item, const char *path,
	const char *remedy, const char *why)
{
	findings_add(check->findings, item->level,
		where_main(check, "tandem", item->run ? "run-dir" : "state-dir"), remedy,
		"%s: %s %s", item->run ? "run-dir" : "state-dir", path, why);
}

static void check_item(struct check *check, const struct item *item, const char *path)
{
	struct stat status;
	char why[128];

	if ((item->name[0] ? lstat(path, &status) : stat(path, &status))) {
		if (errno == ENOENT)
			return;
		snprintf(why, sizeof(why), "cannot be reached: %s", strerror(errno));
		refuse(check, item, path,
			"the user that the server runs as must be able to enter each "
			"folder above",
			why);
		return;
	}
	/* told of the folder itself, with its own words */
	if (!item->name[0])
		return;
	if ((status.st_mode & S_IFMT) != item->kind) {
		snprintf(why, sizeof(why), "is no %s", item->what);
		refuse(check, item, path, "remove it", why);
	} else if (check->user && status.st_uid != check->user->pw_uid &&
		   strrchr(item->name, '/') == item->name) {
		return; /* told with the folder: whose it is */
	} else if (access(path, item->kind == S_IFDIR ? W_OK | X_OK : W_OK)) {
		snprintf(why, sizeof(why), "cannot be written: %s", strerror(errno));
		refuse(check, item, path,
			"give it to the user that the server runs as, with write "
			"permission",
			why);
	}
}

/* Whether a server answers at the socket PATH. */
static bool is_alive(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	memcpy(address.sun_path, path, strlen(path) + 1);
	alive = fd >= 0 &&
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		close(fd);
	return alive;
}

static void check_socket(struct check *check)
{
	const struct item *item = &items[sizeof(items) / sizeof(items[0]) - 1];
	char *path;

	if (asprintf(&path, "%s/control.sock", check->config->tandem.run_dir) < 0)
		return;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		refuse(check, item, path, "name a shorter folder",
			"is too long for a socket");
	else if (!check->running && is_alive(path))
		refuse(check, item, path, "end it, or name a run-dir of its own for each",
			"is another server's, which runs");
	free(path);
}

void check_folder_contents(struct check *check)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		char *path;

		if (asprintf(&path, "%s%s",
			    items[i].run ? config->tandem.run_dir
					 : config->tandem.state_dir,
			    items[i].name) < 0)
			return;
		check_item(check, &items[i], path);
		free(path);
	}
	check_socket(check);
}
