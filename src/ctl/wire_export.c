#include <pcap.h>

#include "ctl/wire_export.h"

#include "admin/api.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pcapng_block.h"
#include "base/secret.h"
#include "ctl/wire_media.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4400
#define KEYS_MAX ((size_t)256 << 20)
#define READ_STEP 65536
#define FLUSH_BYTES ((size_t)1 << 20)

#define OPTION_END 0
#define OPTION_COMMENT 1
#define SECRETS_TLS 0x544c534b /* "TLSK": a key log */

struct join {
	const char *folder, *to, *keys, *media_keys;
	const char *call; /* packets that its keys open, and no others; NULL: all */
	bool wants_media;
	struct wire_media *media; /* NULL: SRTP stays as it is */
	u_char *room;             /* of a frame that is opened */
	size_t room_size;
	uint64_t opened, closed, again; /* packets */
	int fd;
	struct buf out;
	int link_type; /* -1: no interface yet */
	uint32_t interface;
	uint64_t packets;
	struct err_text text;
};

static int failed(struct join *join, const char *what, int err)
{
	err_set(&join->text, err, "%s: %s", what, err_str(err));
	return err;
}

/* ---- blocks ---- */

static void put_section(struct buf *out)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_SECTION);
	const uint16_t version[2] = {1, 0};

	pcapng_block_put32(out, PCAPNG_BLOCK_MAGIC);
	buf_add(out, version, sizeof(version));
	pcapng_block_put32(out, UINT32_MAX);
	pcapng_block_put32(out, UINT32_MAX);
	pcapng_block_end(out, at);
}

static void put_secrets(struct buf *out, struct span keys)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_SECRETS);

	pcapng_block_put32(out, SECRETS_TLS);
	pcapng_block_put32(out, (uint32_t)keys.len);
	buf_add_span(out, keys);
	pcapng_block_end(out, at);
}

static void put_interface(struct buf *out, int link_type)
{
	const size_t at = pcapng_block_begin(out, PCAPNG_BLOCK_INTERFACE);
	const uint16_t type[2] = {(uint16_t)link_type, 0};

	buf_add(out, type, sizeof(type));
	pcapng_block_put32(out, 0);
	pcapng_block_end(out, at);
}

static void put_comment(struct buf *out, const char *text)
{
	const uint16_t head[2] = {OPTION_COMMENT, (uint16_t)strlen(text)};

	buf_add(out, head, sizeof(head));
	buf_add_str(out, text);
	pcapng_block_pad(out, strlen(text));
	pcapng_block_put32(out, OPTION_END);
}

/* NOTE "": none. */
static void put_packet(struct join *join, const struct pcap_pkthdr *head,
	const u_char *data, const char *note)
{
	const uint64_t us =
		(uint64_t)head->ts.tv_sec * 1000000 + (uint64_t)head->ts.tv_usec;
	const size_t at = pcapng_block_begin(&join->out, PCAPNG_BLOCK_PACKET);

	pcapng_block_put32(&join->out, join->interface);
	pcapng_block_put32(&join->out, (uint32_t)(us >> 32));
	pcapng_block_put32(&join->out, (uint32_t)us);
	pcapng_block_put32(&join->out, head->caplen);
	pcapng_block_put32(&join->out, head->len);
	buf_add(&join->out, data, head->caplen);
	pcapng_block_pad(&join->out, head->caplen);
	if (note[0])
		put_comment(&join->out, note);
	pcapng_block_end(&join->out, at);
	join->packets++;
}

/* A copy that can be changed; NULL: out of memory. */
static u_char *copy_frame(struct join *join, const u_char *data, size_t len)
{
	u_char *room = join->room;

	if (len > join->room_size) {
		room = realloc(join->room, len);
		if (!room)
			return NULL;
		join->room = room;
		join->room_size = len;
	}
	memcpy(room, data, len);
	return room;
}

static void put_opened(struct join *join, const struct pcap_pkthdr *head,
	const struct wire_frame *frame, u_char *data)
{
	char note[WIRE_MEDIA_NOTE_SIZE] = "";
	struct pcap_pkthdr changed = *head;
	const uint64_t us =
		(uint64_t)head->ts.tv_sec * 1000000 + (uint64_t)head->ts.tv_usec;
	enum wire_media_found found;
	size_t len;

	found = wire_media_open(join->media, us, frame, data, &len, note);
	switch (found) {
	case WIRE_MEDIA_OPENED:
		changed.caplen = changed.len =
			(bpf_u_int32)wire_frame_write(frame, data, len);
		join->opened++;
		break;
	case WIRE_MEDIA_AGAIN:
		join->again++;
		break;
	case WIRE_MEDIA_CLOSED:
		join->closed++;
		break;
	case WIRE_MEDIA_NONE:
		break;
	}
	if (!join->call || found == WIRE_MEDIA_OPENED)
		put_packet(join, &changed, data, note);
}

static int put_any(struct join *join, const struct pcap_pkthdr *head, const u_char *data)
{
	struct wire_frame frame;
	u_char *copy;

	if (!join->media ||
		!wire_frame_read(&frame, join->link_type, data, head->caplen)) {
		if (!join->call)
			put_packet(join, head, data, "");
		return 0;
	}
	copy = copy_frame(join, data, head->caplen);
	if (!copy)
		return failed(join, join->to, -ENOMEM);
	put_opened(join, head, &frame, copy);
	return 0;
}

static int flush(struct join *join)
{
	ssize_t written;

	if (join->out.err)
		return failed(join, join->to, join->out.err);
	errno = 0;
	written = write(join->fd, join->out.data, join->out.len);
	if (written != (ssize_t)join->out.len)
		return failed(join, join->to, errno > 0 ? -errno : -EIO);
	buf_clear(&join->out);
	return 0;
}

/* ---- what is read ---- */

static int read_keys(struct join *join, const char *path, struct buf *keys)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;
	char *room;

	if (fd < 0)
		return -errno;
	while (got > 0 && (room = buf_reserve(keys, READ_STEP))) {
		got = read(fd, room, READ_STEP);
		if (got > 0)
			keys->len += (size_t)got;
	}
	close(fd);
	return keys->err ? failed(join, path, keys->err) : 0;
}

/* GIVEN, or NAME of the capture's folder. */
static int find_keys(struct join *join, const char *given, const char *name,
	const char *option, struct buf *ret)
{
	char path[PATH_SIZE];
	int err;

	snprintf(path, sizeof(path), "%s/keys/%s", join->folder, name);
	err = read_keys(join, given ? given : path, ret);
	if (err == -ENOENT && !given) {
		snprintf(path, sizeof(path), "%s/keys/%s.age", join->folder, name);
		if (access(path, F_OK) == 0)
			err_set(&join->text, err,
				"the secrets are encrypted: `age -d -i KEY -o %s %s`, "
				"then "
				"%s %s",
				name, path, option, name);
	}
	if (err && !join->text.text[0])
		failed(join, given ? given : path, err);
	return err;
}

static int add_keys(struct join *join)
{
	struct buf keys;
	int err;

	buf_init(&keys, KEYS_MAX);
	err = find_keys(join, join->keys, "tls.keys", "--keys", &keys);
	if (!err)
		put_secrets(&join->out, buf_span(&keys));
	buf_free(&keys);
	return err;
}

static int load_media_keys(struct join *join)
{
	struct err_text why = {""};
	struct buf keys;
	int err;

	if (!join->wants_media)
		return 0;
	buf_init(&keys, KEYS_MAX);
	err = find_keys(join, join->media_keys, "srtp.keys", "--media-keys", &keys);
	if (!err && (err = wire_media_new(
			     &join->media, buf_span(&keys), join->call, &why)) != 0)
		err_set(&join->text, err, "srtp.keys: %s", why.text);
	buf_free(&keys);
	return err;
}

static int add_file(struct join *join, const char *name)
{
	char path[PATH_SIZE], why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *head;
	const u_char *data;
	pcap_t *pcap;
	int err = 0;

	snprintf(path, sizeof(path), "%s/%s", join->folder, name);
	pcap = pcap_open_offline(path, why);
	if (!pcap)
		return err_set(&join->text, -EIO, "%s", why);
	if (pcap_datalink(pcap) != join->link_type) {
		join->interface += join->link_type >= 0;
		join->link_type = pcap_datalink(pcap);
		put_interface(&join->out, join->link_type);
	}
	/* one that was not closed ends in the middle of a packet, which is left out */
	while (!err && pcap_next_ex(pcap, &head, &data) == 1) {
		err = put_any(join, head, data);
		if (!err && join->out.len > FLUSH_BYTES)
			err = flush(join);
	}
	pcap_close(pcap);
	return err;
}

static int is_capture(const struct dirent *entry)
{
	return strncmp(entry->d_name, "wire-", 5) == 0;
}

static int add_files(struct join *join)
{
	struct dirent **entries = NULL;
	const int count = scandir(join->folder, &entries, is_capture, alphasort);
	int err = count < 0 ? failed(join, join->folder, -errno) : 0;

	for (int i = 0; i < count; i++) {
		if (!err)
			err = add_file(join, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (count == 0)
		err = failed(join, join->folder, -ENOENT);
	return err;
}

static int write_it(struct join *join)
{
	/* secrets of TLS would show the calls of others */
	int err = join->call ? 0 : add_keys(join);

	if (!err)
		err = load_media_keys(join);
	if (!err)
		err = add_files(join);
	return err ? err : flush(join);
}

static bool read_options(struct join *join, char *const *args)
{
	for (; *args; args++) {
		if (strcmp(*args, "--keys") == 0 && args[1])
			join->keys = *++args;
		else if (strcmp(*args, "--media-keys") == 0 && args[1])
			join->media_keys = *++args;
		else if (strcmp(*args, "--call") == 0 && args[1])
			join->call = *++args;
		else if (strcmp(*args, "--media") == 0)
			join->wants_media = true;
		else if (strcmp(*args, "--to") == 0 && args[1])
			join->to = *++args;
		else if (!join->folder && (*args)[0] != '-')
			join->folder = *args;
		else
			return false;
	}
	join->wants_media |= join->media_keys || join->call;
	return join->folder && join->to;
}

static void print_counts(const struct join *join)
{
	printf("%llu packets\n", (unsigned long long)join->packets);
	if (join->wants_media)
		printf("SRTP: %llu opened, %llu that no key opens, %llu captured twice\n",
			(unsigned long long)join->opened,
			(unsigned long long)join->closed,
			(unsigned long long)join->again);
}

int wire_export(
	const struct session *session, const struct command *command, char *const *args)
{
	struct join join = {.fd = -1, .link_type = -1};
	int err = 0;

	if (!read_options(&join, args)) {
		fprintf(stderr, "tandemctl: usage: %s\n", command->usage);
		return API_USAGE;
	}
	buf_init(&join.out, 0);
	put_section(&join.out);
	join.fd = open(join.to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = join.fd < 0 ? failed(&join, join.to, -errno) : write_it(&join);
	buf_free(&join.out);
	wire_media_free(join.media);
	secret_free(join.room, join.room_size);
	if (join.fd >= 0)
		close(join.fd);
	if (err && join.fd >= 0)
		unlink(join.to);
	if (err)
		fprintf(stderr, "tandemctl: %s\n", join.text.text);
	else if (!session->options->quiet)
		print_counts(&join);
	return err ? API_FAILED : API_OK;
}
