#include "audit/wire.h"

#include "audit/folder.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/regular.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "wire"
#define KEYS "keys"
#define ENCRYPTED ".age"
/* As of captures: what cannot be opened to its end is known by its name. */
#define UNFINISHED ENCRYPTED ".part"
#define NAME_SIZE 40

/* A file of secrets. */
struct keys {
	const char *name;
	int fd;
	off_t size;  /* of the lines that are whole, where it is not sealed */
	bool sealed; /* encrypted as it is written */
	struct age_stream stream;
	struct buf waiting; /* plain, for a chunk; wiped by itself */
	struct wire_count count;
};

struct wire {
	int keys_fd; /* the folder */
	struct addr hosts[WIRE_HOSTS_MAX];
	unsigned host_count;
	struct age_recipients *recipients;
	struct keys of_tls, of_srtp;
	char folder[4300];
};

/* ---- folders ---- */

static int make_folder(int parent_fd, const char *name)
{
	int fd;

	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Takes PARENT_FD. */
static int descend(int parent_fd, const char *name)
{
	const int fd = parent_fd < 0 ? parent_fd : make_folder(parent_fd, name);

	if (parent_fd >= 0)
		close(parent_fd);
	return fd;
}

static int make(struct wire *wire, const struct wire_params *params)
{
	char name[NAME_SIZE], time[CLOCK_TEXT_SIZE];

	snprintf(name, sizeof(name), "%s", clock_text(params->wall_us, time));
	for (char *p = name; *p; p++)
		if (*p == ':' || *p == '.')
			*p = '-';
	snprintf(wire->folder, sizeof(wire->folder), "%s/audit/" FOLDER "/%s",
		params->state_dir, name);
	wire->keys_fd = descend(
		descend(descend(folder_root(params->state_dir), FOLDER), name), KEYS);
	return wire->keys_fd < 0 ? wire->keys_fd : 0;
}

/* ---- writing ---- */

static int write_all(int fd, const struct buf *bytes)
{
	return bytes->err ? bytes->err : regular_write(fd, buf_span(bytes), NULL);
}

static int begin_sealing(struct keys *keys, const struct age_recipients *recipients)
{
	struct age_secrets secrets;
	struct buf head;
	int err = age_secrets_make(&secrets);

	buf_init(&head, 0);
	if (!err) {
		err = age_header(&head, recipients, &secrets);
		age_stream_begin(&keys->stream, &secrets);
		if (!err)
			err = write_all(keys->fd, &head);
	}
	secret_wipe_bytes(&secrets, sizeof(secrets));
	buf_free(&head);
	return err;
}

/* A chunk is sealed once, so one that cannot be written ends the file. */
static int write_chunk(struct keys *keys, size_t len, bool last)
{
	struct buf sealed;
	int err;

	buf_init(&sealed, 0);
	err = age_stream_seal(&keys->stream, &sealed, keys->waiting.data, len, last);
	if (!err)
		err = write_all(keys->fd, &sealed);
	buf_consume(&keys->waiting, len);
	buf_free(&sealed);
	return err;
}

static void end_early(struct keys *keys)
{
	close(keys->fd);
	keys->fd = -1;
}

/* A line that is there in part would spoil the next one: it is cut, or no other comes. */
static int write_line(struct keys *keys)
{
	int err = write_all(keys->fd, &keys->waiting);

	if (!err)
		keys->size += (off_t)keys->waiting.len;
	else if (ftruncate(keys->fd, keys->size) < 0)
		end_early(keys);
	return err;
}

static int add(struct keys *keys, struct span line)
{
	int err;

	buf_add_span(&keys->waiting, line);
	err = keys->waiting.err;
	if (!err && !keys->sealed)
		err = write_line(keys);
	else if (!err && keys->waiting.len > AGE_CHUNK)
		err = write_chunk(keys, AGE_CHUNK, false);
	if (!keys->sealed)
		buf_free(&keys->waiting);
	return err;
}

static void lose(struct keys *keys, int err)
{
	if (keys->count.lost++ == 0)
		log_error("wire", "event=keys-lost file=%s error=\"%s\"", keys->name,
			err_str(err));
}

/* LINE with p NULL: there was no room to make it. */
static void keep(struct keys *keys, struct span line)
{
	int err = -ENOMEM;

	if (line.p)
		err = keys->fd < 0 ? -EBADF : add(keys, line);
	if (!err) {
		keys->count.kept++;
		return;
	}
	lose(keys, err);
	if (line.p && keys->fd >= 0 && keys->sealed)
		end_early(keys);
}

static bool is_covered(const struct wire *wire, const struct addr *remote)
{
	for (unsigned i = 0; i < wire->host_count; i++)
		if (addr_equal_host(&wire->hosts[i], remote))
			return true;
	return wire->host_count == 0;
}

void wire_key(struct wire *wire, const struct addr *remote, struct span line)
{
	if (remote->len == 0 && wire->host_count > 0)
		lose(&wire->of_tls, -ENOTCONN);
	else if (is_covered(wire, remote))
		keep(&wire->of_tls, line);
}

void wire_media_key(struct wire *wire, struct span line)
{
	keep(&wire->of_srtp, line);
}

/* ---- life ---- */

static int begin_keys(struct wire *wire, struct keys *keys)
{
	char name[NAME_SIZE];
	int err;

	keys->sealed = wire->recipients != NULL;
	snprintf(name, sizeof(name), "%s%s", keys->name, keys->sealed ? UNFINISHED : "");
	keys->fd = openat(wire->keys_fd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (keys->fd < 0)
		return -errno;
	err = keys->sealed ? begin_sealing(keys, wire->recipients) : 0;
	if (!err)
		return 0;
	/* no whole file, so it is not ended as one */
	end_early(keys);
	return err;
}

static void init_keys(struct keys *keys, const char *name)
{
	keys->name = name;
	keys->fd = -1;
	buf_init(&keys->waiting, 0);
}

int wire_new(struct wire **ret, const struct wire_params *params, struct err_text *text)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int err;

	if (!wire)
		return err_set(text, -ENOMEM, "out of memory");
	wire->keys_fd = -1;
	init_keys(&wire->of_tls, WIRE_KEYS_NAME);
	init_keys(&wire->of_srtp, WIRE_MEDIA_KEYS_NAME);
	wire->recipients = age_recipients_ref(params->recipients);
	wire->host_count = params->host_count;
	for (unsigned i = 0; i < params->host_count; i++)
		wire->hosts[i] = params->hosts[i];
	err = make(wire, params);
	if (!err)
		err = begin_keys(wire, &wire->of_tls);
	if (!err)
		err = begin_keys(wire, &wire->of_srtp);
	if (err) {
		err_set(text, err, "cannot make %s: %s", wire->folder, err_str(err));
		wire_free(wire);
		return err;
	}
	*ret = wire;
	return 0;
}

static int end_sealed(int dir_fd, struct keys *keys)
{
	char before[NAME_SIZE], after[NAME_SIZE];
	int err = write_chunk(keys, keys->waiting.len, true);

	if (err)
		return err;
	snprintf(before, sizeof(before), "%s" UNFINISHED, keys->name);
	snprintf(after, sizeof(after), "%s" ENCRYPTED, keys->name);
	return renameat2(dir_fd, before, dir_fd, after, RENAME_NOREPLACE) < 0 ? -errno
									      : 0;
}

static void end_keys(int dir_fd, struct keys *keys)
{
	const int err = keys->fd >= 0 && keys->sealed ? end_sealed(dir_fd, keys) : 0;

	if (err)
		log_error("wire", "event=keys-lost file=%s error=\"%s\"", keys->name,
			err_str(err));
	if (keys->fd >= 0)
		close(keys->fd);
	buf_free(&keys->waiting);
	secret_wipe_bytes(&keys->stream, sizeof(keys->stream));
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	end_keys(wire->keys_fd, &wire->of_tls);
	end_keys(wire->keys_fd, &wire->of_srtp);
	if (wire->keys_fd >= 0)
		close(wire->keys_fd);
	age_recipients_unref(wire->recipients);
	free(wire);
}

const char *wire_folder(const struct wire *wire)
{
	return wire->folder;
}

struct wire_count wire_count(const struct wire *wire)
{
	return wire->of_tls.count;
}

struct wire_count wire_media_count(const struct wire *wire)
{
	return wire->of_srtp.count;
}
