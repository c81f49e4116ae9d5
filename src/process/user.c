#include "process/user.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <sys/prctl.h>
#include <unistd.h>

int user_find(const char *name, const struct passwd **ret, struct err_text *text)
{
	*ret = NULL;
	if (!name[0])
		return 0;
	*ret = getpwnam(name);
	if (!*ret)
		return err_set(
			text, ERR_CONFIG, "[tandem] user: there is no user \"%s\"", name);
	if (geteuid() == (*ret)->pw_uid) {
		*ret = NULL;
		return 0;
	}
	if (geteuid() != 0)
		return err_set(text, ERR_CONFIG,
			"[tandem] user: only root can become %s; start as root or as %s",
			name, name);
	return 0;
}

static int take_groups(const struct passwd *user, gid_t group)
{
	gid_t groups[NGROUPS_MAX + 1];
	int count;

	if (initgroups(user->pw_name, user->pw_gid))
		return -errno;
	count = getgroups(NGROUPS_MAX, groups);
	if (count < 0)
		return -errno;
	if (group == (gid_t)-1)
		return 0;
	groups[count] = group;
	return setgroups((size_t)count + 1, groups) ? -errno : 0;
}

int user_become(const struct passwd *user, gid_t group, struct err_text *text)
{
	int err = take_groups(user, group);

	if (!err && (setgid(user->pw_gid) || setuid(user->pw_uid)))
		err = -errno;
	if (err)
		return err_set(
			text, err, "cannot become %s: %s", user->pw_name, err_str(err));
	prctl(PR_SET_DUMPABLE, 0); /* setuid() made us dumpable again */
	return 0;
}
