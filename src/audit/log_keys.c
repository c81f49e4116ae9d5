#include "audit/log_keys.h"

#include "base/log.h"
#include "base/regular.h"
#include "base/secret.h"
#include "evidence/logbook_file.h"
#include "evidence/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW "log.key"
#define NEXT NOW ".new"
#define MOVED NOW ".moved"
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

/* A new file at PATH with BYTES, on the disk when this returns. What has the name may be a link, a FIFO, or have another name
 * besides: it is taken away, and never written to. 0 or negative. */
static int write_new(const char *path, struct span bytes)
{
	int err, fd;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = regular_write(fd, bytes, NULL);
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* A copy at PATH, on the disk when this returns. */
static int put_by(int fd, const char *path)
{
	char bytes[FILE_MAX];
	ssize_t n = read_key(fd, bytes);
	int err = n < 0 ? (int)n : write_new(path, (struct span){bytes, (size_t)n});

	secret_wipe_bytes(bytes, sizeof(bytes));
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

/* One key */

static void close_key(struct log_key *key)
{
	ed25519_free(key->own);
	token_free(key->token);
	free(key->uri);
	*key = (struct log_key){.key = NULL};
}

/* Begins with the key of URI. 0 or negative, with TEXT. */
static int begin_token(struct log_key *ret, const char *uri, struct err_text *text)
{
	int err;

	*ret = (struct log_key){.uri = strdup(uri)};
	if (!ret->uri)
		return err_set(text, -ENOMEM, "out of memory");
	err = token_open(&ret->token, uri, text);
	if (err)
		close_key(ret);
	return err;
}

/* Takes what the token says of it, within WAIT_MS. As token_ready(). */
static int end_token(struct log_key *key, unsigned wait_ms, struct err_text *text)
{
	int err = token_ready(key->token, wait_ms, text);

	if (!err)
		key->key = token_key(key->token);
	return err;
}

/* The key of URI, which can be used. 0 or negative, with TEXT. */
static int load_token(struct log_key *ret, const char *uri, struct err_text *text)
{
	int err = begin_token(ret, uri, text);

	if (err)
		return err;
	err = end_token(ret, LOG_KEYS_OPEN_MS, text);
	if (err)
		close_key(ret);
	return err;
}

static int load_file(struct log_key *ret, const char *path, struct err_text *text)
{
	int err = ed25519_load(&ret->own, path, text);

	ret->key = ret->own;
	return err;
}

/* The URI that the file NAME has, of the caller; NULL: it has none, or cannot be read. */
static char *read_uri(const struct log_keys *keys, const char *name)
{
	char path[PATH_SIZE], *uri = NULL;
	struct buf file;

	buf_init(&file, 0);
	if (regular_read(AT_FDCWD, path_of(keys, name, path), FILE_MAX, &file) == 0 &&
		span_starts(buf_span(&file), "pkcs11:"))
		uri = strndup(file.data, strcspn(buf_str(&file), "\r\n"));
	buf_free(&file);
	return uri;
}

/* URI becomes what the file NAME has. 0, or negative with TEXT. */
static int write_uri(const struct log_keys *keys, const char *name, const char *uri,
	struct err_text *text)
{
	char path[PATH_SIZE];
	struct buf line;
	int err;

	buf_init(&line, 0);
	buf_printf(&line, "%s\n", uri);
	path_of(keys, name, path);
	err = line.err ? line.err : write_new(path, buf_span(&line));
	if (!err)
		err = sync_folder(keys);
	buf_free(&line);
	return err ? err_set(text, err, "cannot write %s: %s", path, err_str(err)) : 0;
}

/* The log's key in its token is found by URI from now on. 0, or negative with TEXT. */
static int move_to(const struct log_keys *keys, const char *uri, struct err_text *text)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	int err = write_uri(keys, MOVED, uri, text);

	if (err)
		return err;
	err = rename(path_of(keys, MOVED, from), path_of(keys, NOW, to)) < 0
		      ? -errno
		      : sync_folder(keys);
	return err ? err_set(text, err, "cannot write %s: %s", to, err_str(err)) : 0;
}

/* Opening */

/* Whether more than one key of the log NAME has signed what is published: it was handed over. */
static bool is_handed_over(int dir_fd, const char *name)
{
	struct logbook_note published;
	unsigned count = 0;

	if (logbook_read_note(&published, dir_fd, LOGBOOK_CHECKPOINT) != 0)
		return false;
	for (unsigned i = 0; i < published.note.count; i++)
		count += span_equal_str(published.note.signatures[i].name, name);
	logbook_free_note(&published);
	return count > 1;
}

/* Whether WANTED, where nothing says that it is the log's key, is that of what was signed; then it is kept where. Of two that have
 * signed one has no say any more. */
static bool take_moved(
	struct log_keys *keys, int dir_fd, const char *name, const char *wanted)
{
	struct err_text why = {""};

	if (!wanted[0] || load_token(&keys->now, wanted, &why) != 0)
		return false;
	if (has_signed(keys->now.key, dir_fd, name) && !is_handed_over(dir_fd, name) &&
		move_to(keys, wanted, &why) == 0)
		return true;
	close_key(&keys->now);
	return false;
}

/* A log that begins. */
static int make_now(struct log_keys *keys, const char *wanted, struct err_text *text)
{
	char path[PATH_SIZE];
	int err;

	path_of(keys, NOW, path);
	if (wanted[0]) {
		err = load_token(&keys->now, wanted, text);
		return err ? err : write_uri(keys, NOW, wanted, text);
	}
	err = ed25519_create(path, text);
	if (err)
		return err;
	log_info("ledger", "event=log-key-made file=%s", path);
	return load_file(&keys->now, path, text);
}

/* A key is made for a log that begins; one that is there needs its own. */
static int load_now(struct log_keys *keys, int dir_fd, const char *name,
	const char *wanted, struct err_text *text)
{
	char path[PATH_SIZE], *uri;
	int err;

	path_of(keys, NOW, path);
	if (!is_there(keys, NOW)) {
		if (faccessat(dir_fd, LOGBOOK_CHECKPOINT, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			return make_now(keys, wanted, text);
		if (take_moved(keys, dir_fd, name, wanted))
			return 0;
		return err_set(text, -ENOENT,
			"%s is missing, which signed %s/log; put it back, or "
			"move log and cdr.jsonl away to begin another log",
			path, keys->state_dir);
	}
	uri = read_uri(keys, NOW);
	if (!uri)
		return load_file(&keys->now, path, text);
	if (strcmp(uri, wanted) != 0 && take_moved(keys, dir_fd, name, wanted))
		err = 0;
	else
		err = load_token(&keys->now, uri, text);
	free(uri);
	return err;
}

/* The next key, if one is there. 0; or negative with TEXT: it cannot be used, and the log was handed over to it. */
static int load_next(
	struct log_keys *keys, int dir_fd, const char *name, struct err_text *text)
{
	char path[PATH_SIZE], *uri;
	struct err_text why = {""};
	int err;

	if (!is_there(keys, NEXT))
		return 0;
	uri = read_uri(keys, NEXT);
	err = uri ? load_token(&keys->next, uri, &why)
		  : load_file(&keys->next, path_of(keys, NEXT, path), &why);
	free(uri);
	if (!err)
		return 0;
	/* One that was cut by a kill was named by no record. */
	snprintf(keys->next_why, sizeof(keys->next_why), "%s", why.text);
	return is_handed_over(dir_fd, name)
		       ? err_set(text, err,
				 "the key that the log was handed over to cannot be "
				 "used: %s",
				 why.text)
		       : 0;
}

int log_keys_open(struct log_keys *keys, int dir_fd, const char *name, const char *wanted,
	struct err_text *text)
{
	int err = load_now(keys, dir_fd, name, wanted, text);

	if (!err)
		err = load_next(keys, dir_fd, name, text);
	if (err)
		return err;
	if (keys->next.key && has_signed(keys->next.key, dir_fd, name)) {
		err = log_keys_take_next(keys, name);
		if (err)
			return err_set(text, err,
				"cannot put %s/" NEXT
				" in the place of the key before: %s",
				keys->state_dir, err_str(err));
	}
	return 0;
}

void log_keys_close(struct log_keys *keys)
{
	close_key(&keys->now);
	close_key(&keys->next);
}

/* Another one */

void log_keys_drop_next(struct log_keys *keys)
{
	char path[PATH_SIZE];

	close_key(&keys->next);
	keys->next_why[0] = '\0';
	(void)unlink(path_of(keys, NEXT, path));
}

int log_keys_begin_next(struct log_keys *keys, const char *wanted, struct err_text *text)
{
	char path[PATH_SIZE];
	int err;

	close_key(&keys->next);
	keys->next_why[0] = '\0';
	if (unlink(path_of(keys, NEXT, path)) < 0 && errno != ENOENT)
		return err_set(
			text, -errno, "cannot remove %s: %s", path, err_str(-errno));
	if (wanted[0])
		return begin_token(&keys->next, wanted, text);
	err = ed25519_create(path, text);
	if (err)
		return err;
	err = sync_folder(keys);
	if (err)
		return err_set(text, err, "cannot write %s: %s", path, err_str(err));
	return load_file(&keys->next, path, text);
}

static bool is_same(const struct ed25519 *a, const struct ed25519 *b)
{
	uint8_t left[ED25519_PUBLIC_LEN], right[ED25519_PUBLIC_LEN];

	ed25519_public(a, left);
	ed25519_public(b, right);
	return memcmp(left, right, sizeof(left)) == 0;
}

int log_keys_next_ready(struct log_keys *keys, struct err_text *text)
{
	struct log_key *next = &keys->next;
	int err;

	if (next->own)
		return 0;
	err = end_token(next, TOKEN_WAIT_MS, text);
	if (err == -EAGAIN)
		return err;
	/* Written when it is known to be good: the next start waits for no other. */
	if (!err && !is_same(next->key, keys->now.key)) {
		err = write_uri(keys, NEXT, next->uri, text);
	} else if (!err) {
		err = move_to(keys, next->uri, text);
		if (!err) {
			free(keys->now.uri);
			keys->now.uri = next->uri;
			next->uri = NULL;
			err = err_set(text, -EEXIST,
				"log-key names the key that the log has already");
		}
	}
	if (err)
		log_keys_drop_next(keys);
	return err;
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
		key_of(&verifier, keys->now.key, name);
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
	close_key(&keys->now);
	keys->now = keys->next;
	keys->next = (struct log_key){.key = NULL};
	return 0;
}

void log_keys_wait(struct log_keys *keys, unsigned wait_ms)
{
	if (keys->now.token)
		token_wait(keys->now.token, wait_ms);
	if (keys->next.key && keys->next.token)
		token_wait(keys->next.token, wait_ms);
}
