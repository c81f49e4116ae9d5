#include "privilege.h"

#include "process/rights.h"
#include "process/user.h"

#include <errno.h>
#include <fcntl.h>
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

#define ADMIN_GROUP "tandem-admin"

/* FOLDER with MODE, owned by [tandem] user from the beginning where there is one. */
static int make_folder(
	const char *folder, mode_t mode, const struct passwd *user, struct err_text *text)
{
	if (mkdir(folder, mode) && errno != EEXIST)
		return err_set(
			text, -errno, "%s: cannot be made: %s", folder, strerror(errno));
	if (user && chown(folder, user->pw_uid, user->pw_gid))
		return err_set(text, -errno, "%s: cannot be given to %s: %s", folder,
			user->pw_name, strerror(errno));
	return 0;
}

int privilege_user(
	const struct config *config, const struct passwd **ret, struct err_text *text)
{
	return user_find(config->tandem.user, ret, text);
}

int privilege_admin_group(const struct config *config, gid_t *ret, struct err_text *text)
{
	const char *name = config->tandem.admin_group;
	const struct group *group = getgrnam(name[0] ? name : ADMIN_GROUP);

	*ret = (gid_t)-1;
	if (!group && name[0])
		return err_set(text, ERR_CONFIG,
			"[tandem] admin-group: there is no group \"%s\"", name);
	/* a server that somebody starts for himself is his alone */
	if (group && (name[0] || geteuid() == 0 || group_member(group->gr_gid)))
		*ret = group->gr_gid;
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
	err = privilege_user(config, &user, text);
	if (!err)
		err = make_folder(config->tandem.state_dir, 0750, user, text);
	/* whoever may use the control socket must find it */
	umask(0022);
	if (!err)
		err = make_folder(config->tandem.run_dir, 0755, user, text);
	umask(0027);
	return err;
}

/* Root that stays root keeps what its files take, and low ports that a reload brings; others keep nothing. */
static void drop_capabilities(void)
{
	static const unsigned kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
		CAP_FOWNER, CAP_NET_BIND_SERVICE};
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
	struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3] = {{0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (geteuid() == 0 && syscall(SYS_capget, &head, had) != 0)
		return;
	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const unsigned at = CAP_TO_INDEX(kept[i]);
		const uint32_t ours = had[at].permitted & CAP_TO_MASK(kept[i]);

		sets[at].effective |= ours;
		sets[at].permitted |= ours;
	}
	/* fewer are always allowed */
	syscall(SYS_capset, &head, sets);
}

void privilege_note_uses(const struct config *config, const struct io_shared *media)
{
	const struct addr *const listeners[] = {&config->internal.listen,
		&config->external.udp, &config->external.tcp,
		&config->external.tls_listen};
	const unsigned first = rights_first_port();
	bool low = config->media.port_min < first;
	const struct passwd *user;

	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++)
		low = low || (listeners[i]->len && addr_port(listeners[i]) < first);
	if (low)
		rights_note(CAP_NET_BIND_SERVICE, "low ports");
	if (relay_io_steers(media)) {
		rights_note(CAP_BPF, "media by steering");
		rights_note(CAP_NET_ADMIN, "media by steering");
		rights_note(CAP_NET_RAW, "media by steering");
	}
	if (privilege_user(config, &user, NULL) == 0 && user) {
		rights_note(CAP_CHOWN, "the user's folders");
		rights_note(CAP_SETGID, "to become the user");
		rights_note(CAP_SETUID, "to become the user");
	}
}

/* Becomes [tandem] user where one is set and we are root, and gives up what a start alone needs. */
static int become(const struct config *config, bool *ret_changed, struct err_text *text)
{
	const struct passwd *user;
	gid_t admin; /* of the control socket, which he is to give it to */
	int err = privilege_user(config, &user, text);

	*ret_changed = false;
	if (err)
		return err;
	if (user) {
		err = privilege_admin_group(config, &admin, text);
		if (!err)
			err = user_become(user, admin, text);
		if (err)
			return err;
		*ret_changed = true;
	}
	rights_note_user();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	drop_capabilities();
	return 0;
}

int privilege_become(struct config **config, struct config_errors *errors,
	bool *ret_changed, struct err_text *text)
{
	struct config *again;
	int err = become(*config, ret_changed, text);

	if (err || !*ret_changed)
		return err;
	err = config_load(&again, (*config)->file, errors);
	if (err)
		return err_set(text, ERR_CONFIG,
			"%s: cannot be read by the user %s, who reads it at each reload",
			(*config)->file, (*config)->tandem.user);
	config_unref(*config);
	*config = again;
	return 0;
}

/* The process that has the lock of FD; 0: unknown. */
static long lock_owner(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

int privilege_lock_state(const struct config *config, int *ret_fd, struct err_text *text)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const char *folder = config->tandem.state_dir;
	char *path;
	int fd, err = 0;

	if (asprintf(&path, "%s/lock", folder) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		err = err_set(
			text, -errno, "%s: cannot be made: %s", path, strerror(errno));
	else if (fcntl(fd, F_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
		err = err_set(text, ERR_CONFIG,
			"[tandem] state-dir: another tandemd, process %ld, writes to %s; "
			"each needs one of its own",
			lock_owner(fd), folder);
	free(path);
	if (err && fd >= 0)
		close(fd);
	if (!err)
		*ret_fd = fd;
	return err;
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
