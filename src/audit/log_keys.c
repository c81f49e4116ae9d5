#include "audit/log_keys.h"

#include "base/log.h"
#include "base/secret.h"
#include "evidence/logbook_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW "log.key"
#define NEXT NOW ".new"
/* PEM of a key has some 120 bytes. */
#define FILE_MAX 4096
#define PATH_SIZE 4200

static const char *path_of(
	const struct log_keys *keys, const char *name, char out[static PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s", keys->state_dir, name);
	return out;
}

static bool is_there(const struct log_keys *keys, const char *name)
{
	char path[PATH_SIZE];

	return access(path_of(keys, name, path), F_OK) == 0 || errno != ENOENT;
}

/* Renames below the state folder are on the disk when this returns. */
static int sync_folder(const struct log_keys *keys)
{
	int fd = open(keys->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Reads the file FD. Its length, or negative. */
static ssize_t read_key(int fd, char out[static FILE_MAX])
{
	ssize_t n = pread(fd, out, FILE_MAX, 0);

	return n < 0 ? -errno : n;
}

/* A copy at PATH, on the disk when this returns. */
static int put_by(int fd, const char *path)
{
	int copy =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	char bytes[FILE_MAX];
	ssize_t n;
	int err = 0;

	if (copy < 0)
		return -errno;
	n = read_key(fd, bytes);
	if (n < 0)
		err = (int)n;
	else if (write(copy, bytes, (size_t)n) != n || fsync(copy) < 0)
		err = errno > 0 ? -errno : -ENOSPC;
	secret_wipe_bytes(bytes, sizeof(bytes));
	close(copy);
	return err;
}

/* Overwrites the bytes of a file that has no name any more, as far as the file system does that in place. */
static void destroy(int fd)
{
	static const char zeros[FILE_MAX];
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size <= FILE_MAX &&
		pwrite(fd, zeros, (size_t)st.st_size, 0) == st.st_size)
		(void)fdatasync(fd);
}

static void key_of(struct note_key *ret, const struct ed25519 *key, const char *name)
{
	uint8_t public[ED25519_PUBLIC_LEN];

	*ret = (struct note_key){.id = 0};
	ed25519_public(key, public);
	(void)note_key_make(ret, span_of(name), public);
}

static bool has_signed(const struct ed25519 *key, int dir_fd, const char *name)
{
	struct logbook_note published;
	struct note_key verifier;
	bool has;

	if (logbook_read_note(&published, dir_fd, LOGBOOK_CHECKPOINT) != 0)
		return false;
	key_of(&verifier, key, name);
	has = note_verify(&published.note, &verifier) == 0;
	logbook_free_note(&published);
	return has;
}

/* A key is made for a log that begins; one that is there needs its own. */
static int load_now(struct log_keys *keys, int dir_fd, struct err_text *text)
{
	char path[PATH_SIZE];
	int err;

	path_of(keys, NOW, path);
	if (!is_there(keys, NOW)) {
		if (faccessat(dir_fd, LOGBOOK_CHECKPOINT, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(text, -ENOENT,
				"%s is missing, which signed %s/log; put it back, or "
				"move log and cdr.jsonl away to begin another log",
				path, keys->state_dir);
		err = ed25519_create(path, text);
		if (err)
			return err;
		log_info("ledger", "event=log-key-made file=%s", path);
	}
	return ed25519_load(&keys->now, path, text);
}

int log_keys_open(
	struct log_keys *keys, int dir_fd, const char *name, struct err_text *text)
{
	char next[PATH_SIZE];
	struct err_text why = {""};
	int err = load_now(keys, dir_fd, text);

	if (err)
		return err;
	/* One that was cut by a kill was named by no record. */
	if (is_there(keys, NEXT) &&
		ed25519_load(&keys->next, path_of(keys, NEXT, next), &why) != 0)
		keys->next = NULL;
	if (keys->next && has_signed(keys->next, dir_fd, name)) {
		err = log_keys_take_next(keys, name);
		if (err)
			return err_set(text, err,
				"cannot put %s in the place of the key before: %s", next,
				err_str(err));
	}
	return 0;
}

void log_keys_close(struct log_keys *keys)
{
	ed25519_free(keys->now);
	ed25519_free(keys->next);
	keys->now = keys->next = NULL;
}

int log_keys_make_next(struct log_keys *keys, struct err_text *text)
{
	char path[PATH_SIZE];
	int err;

	ed25519_free(keys->next);
	keys->next = NULL;
	if (unlink(path_of(keys, NEXT, path)) < 0 && errno != ENOENT)
		return err_set(
			text, -errno, "cannot remove %s: %s", path, err_str(-errno));
	err = ed25519_create(path, text);
	if (!err)
		err = sync_folder(keys);
	return err ? err : ed25519_load(&keys->next, path, text);
}

/* The file of the next key takes the place of the one that is there. */
static int replace(const struct log_keys *keys, const char *name)
{
	char now[PATH_SIZE], next[PATH_SIZE], kept[PATH_SIZE], by_id[32];
	struct note_key verifier;
	int err = 0, fd;

	fd = open(path_of(keys, NOW, now), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (keys->keep) {
		key_of(&verifier, keys->now, name);
		snprintf(by_id, sizeof(by_id), NOW ".%08x", verifier.id);
		err = put_by(fd, path_of(keys, by_id, kept));
	}
	if (!err && rename(path_of(keys, NEXT, next), now) < 0)
		err = -errno;
	if (!err && !keys->keep)
		destroy(fd);
	close(fd);
	return err;
}

int log_keys_take_next(struct log_keys *keys, const char *name)
{
	/* Tried again: what was done is not done twice. */
	int err = is_there(keys, NEXT) ? replace(keys, name) : 0;

	if (!err)
		err = sync_folder(keys);
	if (err)
		return err;
	ed25519_free(keys->now);
	keys->now = keys->next;
	keys->next = NULL;
	return 0;
}
