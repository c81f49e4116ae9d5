#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* FOLDER (0750), owned by [tandem] user from the beginning where there is one. */
static int make_folder(
	const char *folder, const struct passwd *user, struct err_text *text)
{
	if (mkdir(folder, 0750) && errno != EEXIST)
		return err_set(
			text, -errno, "%s: cannot be made: %s", folder, strerror(errno));
	if (user && chown(folder, user->pw_uid, user->pw_gid))
		return err_set(text, -errno, "%s: cannot be given to %s: %s", folder,
			user->pw_name, strerror(errno));
	return 0;
}

static int find_user(
	const struct config *config, const struct passwd **ret, struct err_text *text)
{
	*ret = NULL;
	if (!config->tandem.user[0] || geteuid() != 0)
		return 0;
	*ret = getpwnam(config->tandem.user);
	if (!*ret)
		return err_set(text, ERR_CONFIG, "[tandem] user: there is no user \"%s\"",
			config->tandem.user);
	return 0;
}

int privilege_prepare(const struct config *config, struct err_text *text)
{
	const struct rlimit no_core = {0, 0};
	const struct passwd *user;
	struct rlimit files;
	int err;

	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	umask(0027);
	err = find_user(config, &user, text);
	if (!err)
		err = make_folder(config->tandem.state_dir, user, text);
	return err ? err : make_folder(config->tandem.run_dir, user, text);
}

int privilege_pid_file(
	const struct config *config, char **ret_path, struct err_text *text)
{
	FILE *file;

	if (asprintf(ret_path, "%s/tandemd.pid", config->tandem.run_dir) < 0) {
		*ret_path = NULL;
		return -ENOMEM;
	}
	file = fopen(*ret_path, "we");
	if (!file)
		return err_set(text, -errno, "%s: cannot be written: %s", *ret_path,
			strerror(errno));
	fprintf(file, "%ld\n", (long)getpid());
	return fclose(file) ? -errno : 0;
}

void privilege_drop_network(void)
{
	static const unsigned spent[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF};
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, sets) != 0)
		return;
	for (unsigned i = 0; i < sizeof(spent) / sizeof(spent[0]); i++) {
		struct __user_cap_data_struct *set = &sets[CAP_TO_INDEX(spent[i])];
		uint32_t bit = CAP_TO_MASK(spent[i]);

		set->effective &= ~bit;
		set->permitted &= ~bit;
		set->inheritable &= ~bit;
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, spent[i], 0, 0);
	}
	/* Fewer are always allowed. */
	syscall(SYS_capset, &head, sets);
}

int privilege_drop(const struct config *config, struct err_text *text)
{
	const struct passwd *user;
	int err = find_user(config, &user, text);

	if (err || !user)
		return err;
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
		setuid(user->pw_uid))
		return err_set(text, -errno, "cannot become %s: %s", user->pw_name,
			strerror(errno));
	prctl(PR_SET_DUMPABLE, 0); /* setuid() made us dumpable again */
	return 0;
}
