/* The folders that a start makes, or finds. */
#include "check/check_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Below these a folder is said to be nearly full: a captured call of an hour is some 160 MB. */
#define SPACE_MIN_BYTES ((uint64_t)256 * 1024 * 1024)
#define INODES_MIN 1000

struct folder {
	const char *key; /* of [tandem] */
	const char *path;
	bool small; /* some bytes are enough */
};

static struct place place_of(struct check *check, const struct folder *folder)
{
	return where_main(check, "tandem", folder->key);
}

static const char *user_name(const struct check *check)
{
	return check->user ? check->user->pw_name : "this user";
}

/* What an earlier start under another user left would be refused to us piece by piece, when calls are
 * recorded. */
static void check_owner(struct check *check, const struct folder *folder)
{
	DIR *dir = opendir(folder->path);
	const struct dirent *entry;
	struct stat status;
	char remedy[512];

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			fstatat(dirfd(dir), entry->d_name, &status,
				AT_SYMLINK_NOFOLLOW) ||
			status.st_uid == check->user->pw_uid)
			continue;
		snprintf(remedy, sizeof(remedy), "chown -R %s: %s", check->user->pw_name,
			folder->path);
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			remedy, "%s: %s/%s belongs to another user than %s", folder->key,
			folder->path, entry->d_name, check->user->pw_name);
		break;
	}
	if (dir)
		closedir(dir);
}

static void check_missing(struct check *check, const struct folder *folder)
{
	char *parent = strdup(folder->path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	const char *above = slash == parent ? "/" : parent;
	struct stat status;
	char remedy[512];

	if (!slash) {
		free(parent);
		return;
	}
	*slash = '\0';
	snprintf(remedy, sizeof(remedy), "mkdir -p %s", above);
	if (stat(above, &status))
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			remedy, "%s: %s cannot be made: the folder above it: %s",
			folder->key, folder->path, strerror(errno));
	else if (access(above, W_OK | X_OK))
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"make it for this user, or start as root",
			"%s: %s cannot be made: %s: %s", folder->key, folder->path, above,
			strerror(errno));
	free(parent);
}

static void check_space(struct check *check, const struct folder *folder)
{
	struct statvfs fs;
	uint64_t bytes, inodes;

	if (statvfs(folder->path, &fs))
		return;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	inodes = fs.f_files ? (uint64_t)fs.f_favail : INODES_MIN;
	if (fs.f_flag & ST_RDONLY)
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"mount it for writing, or name another folder",
			"%s: %s is on a read-only file system", folder->key,
			folder->path);
	else if (inodes == 0)
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"make room: remove files, or name another folder",
			"%s: no inode is left for a file in %s", folder->key,
			folder->path);
	else if (bytes == 0 && folder->small)
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"make room, or name another folder",
			"%s: no space is left in %s for the process id", folder->key,
			folder->path);
	else if (inodes < INODES_MIN)
		findings_add(check->findings, FINDING_WARNING, place_of(check, folder),
			"a captured call takes two: make room",
			"%s: %llu inodes are left in %s", folder->key,
			(unsigned long long)inodes, folder->path);
	else if (bytes < SPACE_MIN_BYTES && !folder->small)
		findings_add(check->findings, FINDING_WARNING, place_of(check, folder),
			check->config->audit.required
				? "make room: without it new calls are refused, since "
				  "[audit] required is yes"
				: "make room: without it records and captures are lost",
			"%s: %llu MB are left in %s", folder->key,
			(unsigned long long)(bytes >> 20), folder->path);
}

/* Whether files can be made in FOLDER by whom it belongs to after a start. */
static void check_mode(
	struct check *check, const struct folder *folder, const struct stat *status)
{
	char remedy[512];

	snprintf(remedy, sizeof(remedy), "chmod u+rwx %s", folder->path);
	if (check->user && (status->st_mode & S_IRWXU) != S_IRWXU)
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			remedy, "%s: %s has mode %04o: %s cannot write there",
			folder->key, folder->path, (unsigned)status->st_mode & 07777,
			user_name(check));
	else if (!check->user && access(folder->path, W_OK | X_OK) && errno != EROFS)
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"give it to this user, or start as root",
			"%s: %s cannot be written: %s", folder->key, folder->path,
			strerror(errno));
}

static void check_folder(struct check *check, const struct folder *folder)
{
	struct stat status;

	if (stat(folder->path, &status)) {
		if (errno == ENOENT)
			check_missing(check, folder);
		else
			findings_add(check->findings, FINDING_ERROR,
				place_of(check, folder), "name another folder",
				"%s: %s: %s", folder->key, folder->path, strerror(errno));
		return;
	}
	if (!S_ISDIR(status.st_mode)) {
		findings_add(check->findings, FINDING_ERROR, place_of(check, folder),
			"remove it, or name another folder", "%s: %s: is no folder",
			folder->key, folder->path);
		return;
	}
	if (check->user)
		check_owner(check, folder);
	check_mode(check, folder, &status);
	check_space(check, folder);
}

/* A state-dir that another server writes to. */
static void check_lock(struct check *check)
{
	char *path;
	long pid;

	if (check->by == CHECK_BY_SERVER ||
		asprintf(&path, "%s/lock", check->config->tandem.state_dir) < 0)
		return;
	pid = holder_of_lock(path);
	if (pid > 0 && pid != check->running)
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "tandem", "state-dir"),
			"each needs one of its own",
			"state-dir: another tandemd, process %ld, writes to %s", pid,
			check->config->tandem.state_dir);
	free(path);
}

void check_folders(struct check *check)
{
	const struct folder folders[] = {
		{"state-dir", check->config->tandem.state_dir, false},
		{"run-dir", check->config->tandem.run_dir, true},
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		check_folder(check, &folders[i]);
	check_lock(check);
}
