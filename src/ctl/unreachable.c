#include "ctl/unreachable.h"

#include "config/config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_FILE TANDEM_SYSCONFDIR "/tandem.conf"

/* Whether USER is in GROUP by the database. */
static bool is_member(const char *user, const struct group *group)
{
	for (char *const *name = group->gr_mem; *name; name++)
		if (strcmp(*name, user) == 0)
			return true;
	return false;
}

/* The socket's group is who may use it; where even that cannot be seen, its folder's. */
static enum api_code explain_denied(const char *path, struct err_text *text)
{
	const struct passwd *entry = getpwuid(geteuid());
	const char *user = entry ? entry->pw_name : "you";
	const struct group *group = NULL;
	struct stat st;

	if (lstat(path, &st) == 0 && (st.st_mode & S_IWGRP))
		group = getgrgid(st.st_gid);
	if (!group || st.st_gid == 0)
		err_set(text, 0,
			"%s: permission denied. Try as root, or set admin-group in "
			"tandem.conf and become a member of it",
			path);
	else if (is_member(user, group))
		err_set(text, 0,
			"%s: permission denied. %s is in group %s, but not in this "
			"session: log in again",
			path, user, group->gr_name);
	else
		err_set(text, 0,
			"%s: permission denied. Try as root, or join its group: usermod "
			"-aG %s %s, and log in again",
			path, group->gr_name, user);
	return API_DENIED;
}

/* The installed configuration may have its socket elsewhere. */
static bool find_other(const char *path, char *ret_other, size_t size)
{
	struct config_errors errors;
	struct config *config = NULL;
	bool found = false;

	config_errors_init(&errors);
	if (access(CONFIG_FILE, R_OK) == 0 &&
		config_load(&config, CONFIG_FILE, &errors) == 0) {
		snprintf(ret_other, size, "%s/control.sock", config->tandem.run_dir);
		found = strcmp(ret_other, path) != 0;
	}
	config_unref(config);
	config_errors_free(&errors);
	return found;
}

static void explain_missing(const char *path, struct err_text *text)
{
	char other[256];

	if (find_other(path, other, sizeof(other)))
		err_set(text, 0,
			"no server: %s does not exist. By %s it is %s: tandemctl -s %s",
			path, CONFIG_FILE, other, other);
	else
		err_set(text, 0,
			"no server: %s does not exist. Is tandemd running? Where its "
			"run-dir is another: tandemctl -s RUN-DIR/control.sock",
			path);
}

enum api_code unreachable_explain(const char *path, int errnum, struct err_text *text)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return explain_denied(path, text);
	case ENOENT:
	case ENOTDIR:
		explain_missing(path, text);
		break;
	case ECONNREFUSED:
		err_set(text, 0,
			"no server: the one that made %s is gone. Start tandemd; it "
			"takes the place of the old socket",
			path);
		break;
	case EAGAIN:
		err_set(text, 0, "%s: the server is busy with others; try again", path);
		return API_FAILED;
	default:
		err_set(text, 0, "no server answers on %s: %s", path, err_str(-errnum));
		break;
	}
	return API_NOT_RUNNING;
}
