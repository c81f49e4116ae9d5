#include "audit/wire.h"

#include "audit/folder.h"
#include "base/clock.h"
#include "base/log.h"
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
#define ENCRYPTED WIRE_KEYS_NAME ".age"
/* As of captures: what cannot be opened to its end is known by its name. */
#define UNFINISHED ENCRYPTED ".part"
#define NAME_SIZE 40

struct wire {
	int keys_fd; /* the folder */
	int fd;      /* the file */
	struct addr hosts[WIRE_HOSTS_MAX];
	unsigned host_count;
	struct age_recipients *recipients;
	struct age_stream stream;
	struct buf waiting; /* plain, for a chunk; wiped by itself */
	uint64_t kept, lost;
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

static int make_file(struct wire *wire)
{
	wire->fd = openat(wire->keys_fd, wire->recipients ? UNFINISHED : WIRE_KEYS_NAME,
		O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return wire->fd < 0 ? -errno : 0;
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
	return wire->keys_fd < 0 ? wire->keys_fd : make_file(wire);
}

/* ---- writing ---- */

static int write_all(int fd, const struct buf *bytes)
{
	ssize_t written;

	if (bytes->err)
		return bytes->err;
	errno = 0;
	written = write(fd, bytes->data, bytes->len);
	if (written == (ssize_t)bytes->len)
		return 0;
	return errno > 0 ? -errno : -EIO;
}

static int begin_sealing(struct wire *wire)
{
	struct age_secrets secrets;
	struct buf head;
	int err = age_secrets_make(&secrets);

	buf_init(&head, 0);
	if (!err) {
		age_header(&head, wire->recipients, &secrets);
		age_stream_begin(&wire->stream, &secrets);
		err = write_all(wire->fd, &head);
	}
	secret_wipe_bytes(&secrets, sizeof(secrets));
	buf_free(&head);
	return err;
}

/* A chunk is sealed once, so one that cannot be written ends the file. */
static int write_chunk(struct wire *wire, size_t len, bool last)
{
	struct buf sealed;
	int err;

	buf_init(&sealed, 0);
	age_stream_seal(&wire->stream, &sealed, wire->waiting.data, len, last);
	err = write_all(wire->fd, &sealed);
	buf_consume(&wire->waiting, len);
	buf_free(&sealed);
	return err;
}

static int add(struct wire *wire, struct span line)
{
	int err = 0;

	buf_add_span(&wire->waiting, line);
	err = wire->waiting.err;
	if (!err && !wire->recipients)
		err = write_all(wire->fd, &wire->waiting);
	else if (!err && wire->waiting.len > AGE_CHUNK)
		err = write_chunk(wire, AGE_CHUNK, false);
	if (!wire->recipients)
		buf_free(&wire->waiting);
	return err;
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
	int err;

	if (!is_covered(wire, remote))
		return;
	err = wire->fd < 0 ? -EBADF : add(wire, line);
	if (!err) {
		wire->kept++;
		return;
	}
	if (wire->lost++ == 0)
		log_error("wire", "event=keys-lost error=\"%s\"", err_str(err));
	if (wire->fd >= 0 && wire->recipients) {
		close(wire->fd);
		wire->fd = -1;
	}
}

/* ---- life ---- */

int wire_new(struct wire **ret, const struct wire_params *params, struct err_text *text)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int err;

	if (!wire)
		return err_set(text, -ENOMEM, "out of memory");
	wire->keys_fd = wire->fd = -1;
	buf_init(&wire->waiting, 0);
	wire->recipients = age_recipients_ref(params->recipients);
	wire->host_count = params->host_count;
	for (unsigned i = 0; i < params->host_count; i++)
		wire->hosts[i] = params->hosts[i];
	err = make(wire, params);
	if (!err && wire->recipients)
		err = begin_sealing(wire);
	if (err) {
		err_set(text, err, "cannot make %s: %s", wire->folder, err_str(err));
		if (wire->fd >= 0)
			close(wire->fd);
		wire->fd = -1;
		wire_free(wire);
		return err;
	}
	*ret = wire;
	return 0;
}

static void end_file(struct wire *wire)
{
	int err = write_chunk(wire, wire->waiting.len, true);

	if (!err && renameat2(wire->keys_fd, UNFINISHED, wire->keys_fd, ENCRYPTED,
			    RENAME_NOREPLACE) < 0)
		err = -errno;
	if (err)
		log_error("wire", "event=keys-lost error=\"%s\"", err_str(err));
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	if (wire->fd >= 0 && wire->recipients)
		end_file(wire);
	if (wire->fd >= 0)
		close(wire->fd);
	if (wire->keys_fd >= 0)
		close(wire->keys_fd);
	buf_free(&wire->waiting);
	age_recipients_unref(wire->recipients);
	secret_wipe_bytes(&wire->stream, sizeof(wire->stream));
	free(wire);
}

const char *wire_folder(const struct wire *wire)
{
	return wire->folder;
}

uint64_t wire_kept(const struct wire *wire)
{
	return wire->kept;
}

uint64_t wire_lost(const struct wire *wire)
{
	return wire->lost;
}
