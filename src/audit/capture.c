/*
 * The file is appended to by write(2), in order: what is there after a short write is a prefix of what should be, and
 * the blocks in memory say where its last whole one ends.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "audit/capture.h"

#include "audit/pcapng.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define APPLICATION "Tandem " PACKAGE_VERSION
/* As capture.h says of what must stay in memory. */
#define ENCRYPTED_MAX ((size_t)2 * AGE_CHUNK + PCAPNG_BLOCK_MAX)

/* Where the next block of what waits is. */
struct cursor {
	size_t at;        /* the first that did not end yet */
	bool is_record;   /* else it belongs to the format */
	size_t next;      /* where it ends; 0: not looked at */
	uint64_t records; /* whose end was passed since the last flush */
};

struct capture {
	int fd; /* -1: it rests */
	dev_t device;
	ino_t inode;
	struct style *style;
	struct classic *classic;
	unsigned part;
	off_t good; /* the file is whole up to here; what is added is written from here */
	struct buf waiting; /* plain */
	struct cursor cursor;
	uint64_t records; /* that wait */
	struct buf
		begin; /* what a section of pcapng begins with, all interfaces included */
	uint32_t interfaces;
	bool anew;         /* of BEGIN not all is in the file: it is repeated */
	bool head_waits;   /* what waits begins with the head of a file of pcap */
	struct buf sealed; /* encrypted: its head at first, later chunks */
	struct age_stream stream;
	bool finished;
};

static int last_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

static bool is_encrypted(const struct capture *capture)
{
	return capture->style->recipients != NULL;
}

static bool is_classic(const struct capture *capture)
{
	return capture->style->format == CONFIG_CAPTURE_PCAP;
}

/* ---- blocks ---- */

/* The length of the block at the beginning of BLOCK, LEN bytes, of a file where it is the first or a later one; 0: it is
 * none. */
static size_t block_len(bool classic, bool first, const uint8_t *block, size_t len)
{
	if (classic && first)
		return len >= CLASSIC_HEAD ? CLASSIC_HEAD : 0;
	if (classic)
		return len >= CLASSIC_RECORD_HEAD ? classic_record_len(block) : 0;
	return len >= PCAPNG_BLOCK_HEAD ? pcapng_block_len(block) : 0;
}

/* Goes over the blocks that end within LIMIT bytes of what waits. */
static void pass_blocks(struct capture *capture, size_t limit)
{
	struct cursor *cursor = &capture->cursor;
	const struct buf *waiting = &capture->waiting;
	bool first;

	for (;;) {
		if (cursor->next == 0 && cursor->at < limit) {
			const uint8_t *block = (uint8_t *)waiting->data + cursor->at;

			first = capture->head_waits;
			cursor->next =
				cursor->at + block_len(is_classic(capture), first, block,
						     waiting->len - cursor->at);
			cursor->is_record =
				is_classic(capture) ? !first : pcapng_is_packet(block);
		}
		if (cursor->next == 0 || cursor->next > limit)
			return;
		cursor->records += cursor->is_record;
		cursor->at = cursor->next;
		capture->head_waits = false;
		cursor->next = 0;
	}
}

/* The first LEN bytes of what waits are in the file. */
static void consume(struct capture *capture, size_t len)
{
	struct cursor *cursor = &capture->cursor;

	buf_consume(&capture->waiting, len);
	if (cursor->next > 0)
		cursor->next -= len;
	cursor->at = cursor->at > len ? cursor->at - len : 0;
}

static void begin_section(struct capture *capture)
{
	capture->head_waits = is_classic(capture);
	if (is_classic(capture))
		classic_head(capture->classic, &capture->waiting);
	else
		buf_add_span(&capture->waiting, buf_span(&capture->begin));
	capture->anew = false;
}

/* ---- the file ---- */

static const char *name_of(const struct capture *capture, bool finished,
	char buf[static STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)])
{
	style_file_name(capture->style, capture->part, buf);
	if (is_encrypted(capture) && !finished)
		strcat(buf, STYLE_UNFINISHED);
	return buf;
}

/* Looks what FD is. Takes it, even on failure. */
static int take_file(struct capture *capture, int fd, bool known)
{
	struct stat st;
	int err = 0;

	if (fstat(fd, &st) < 0)
		err = last_error();
	/* A second name could be a way to have us write into somebody's file. */
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		err = -EPERM;
	else if (known && (st.st_dev != capture->device || st.st_ino != capture->inode ||
				  st.st_size < capture->good))
		err = -ENOENT;
	if (err) {
		close(fd);
		return err;
	}
	capture->device = st.st_dev;
	capture->inode = st.st_ino;
	capture->fd = fd;
	return 0;
}

#define OPEN_FLAGS (O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

static int make_file(struct capture *capture, int dir_fd)
{
	char name[STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)];
	struct stat st;
	int fd;

	/* encrypted: nothing may have the name that it is to get */
	if (is_encrypted(capture) && fstatat(dir_fd, name_of(capture, true, name), &st,
					     AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	fd = openat(dir_fd, name_of(capture, false, name), OPEN_FLAGS | O_CREAT | O_EXCL,
		0600);
	return fd < 0 ? last_error() : take_file(capture, fd, false);
}

static int begin_sealing(struct capture *capture)
{
	struct age_secrets secrets;
	int err = age_secrets_make(&secrets);

	if (!err) {
		age_header(&capture->sealed, capture->style->recipients, &secrets);
		age_stream_begin(&capture->stream, &secrets);
		err = capture->sealed.err;
	}
	secret_wipe_bytes(&secrets, sizeof(secrets));
	return err;
}

int capture_new(struct capture **ret, const struct capture_params *params)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	char comment[2 * PCAPNG_TEXT_MAX];
	int err;

	if (!capture)
		return -ENOMEM;
	capture->fd = -1;
	capture->style = style_ref(params->style);
	capture->classic = params->classic;
	capture->part = params->part;
	capture->anew = true;
	buf_init(&capture->waiting, 0);
	buf_init(&capture->begin, 0);
	buf_init(&capture->sealed, 0);
	snprintf(comment, sizeof(comment), "server %s, %s", params->style->server,
		params->comment);
	pcapng_section(&capture->begin, APPLICATION, comment);
	err = capture->begin.err;
	if (!err && is_encrypted(capture))
		err = begin_sealing(capture);
	if (!err)
		err = make_file(capture, params->dir_fd);
	if (err) {
		capture_close(capture);
		return err;
	}
	*ret = capture;
	return 0;
}

/* ---- what is added ---- */

/* Without memory what waits is as it was with LEN bytes. */
static bool undo(struct capture *capture, size_t len)
{
	if (!capture->waiting.err)
		return false;
	capture->waiting.len = len;
	capture->waiting.err = 0;
	capture->anew = true;
	return true;
}

uint32_t capture_interface(
	struct capture *capture, const char *name, const char *description)
{
	const size_t begin = capture->begin.len, before = capture->waiting.len;

	pcapng_interface(&capture->begin, name, description);
	if (!capture->anew && !is_classic(capture) && !capture->begin.err)
		buf_add(&capture->waiting, capture->begin.data + begin,
			capture->begin.len - begin);
	undo(capture, before);
	return capture->interfaces++;
}

bool capture_add(struct capture *capture, const struct capture_packet *packet)
{
	const struct pcapng_packet block = {.interface = packet->interface,
		.wall_us = packet->wall_us,
		.sent = packet->sent,
		.comment = packet->comment,
		.data = packet->data,
		.len = packet->len,
		.whole = packet->whole};
	const size_t before = capture->waiting.len;

	if (capture->finished || capture->begin.err ||
		(is_encrypted(capture) && before >= ENCRYPTED_MAX))
		return false;
	if (capture->anew)
		begin_section(capture);
	if (is_classic(capture))
		classic_packet(capture->classic, &capture->waiting, packet->wall_us,
			packet->data, packet->len, packet->whole);
	else
		pcapng_packet(&capture->waiting, &block);
	if (undo(capture, before))
		return false;
	capture->records++;
	return true;
}

bool capture_is_full(const struct capture *capture)
{
	return capture->waiting.len > (is_encrypted(capture) ? AGE_CHUNK : CAPTURE_BATCH);
}

static void forget_waiting(struct capture *capture)
{
	buf_clear(&capture->waiting);
	capture->cursor = (struct cursor){0};
	capture->records = 0;
	/* what is lost may have described an interface */
	capture->anew = capture->good == 0 || !is_classic(capture);
	capture->head_waits = false;
}

uint64_t capture_drop(struct capture *capture)
{
	const uint64_t lost = capture->records;

	/* a chunk before it may have half of its first record */
	if (is_encrypted(capture))
		return 0;
	forget_waiting(capture);
	return lost;
}

/* ---- writing ---- */

/* Appends BYTES. 0 or a negated errno; *ret_written of them are there. */
static int write_all(int fd, struct span bytes, size_t *ret_written)
{
	ssize_t got;

	*ret_written = 0;
	while (*ret_written < bytes.len) {
		errno = 0;
		got = write(fd, bytes.p + *ret_written, bytes.len - *ret_written);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return last_error();
		*ret_written += (size_t)got;
	}
	return 0;
}

/* Nothing better can be done when this fails: the next write comes here again, and capture_repair() at the next
 * start. */
static void cut_back(const struct capture *capture)
{
	(void)!ftruncate(capture->fd, capture->good);
}

static int flush_plain(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost)
{
	size_t written;
	int err = write_all(capture->fd, buf_span(&capture->waiting), &written);

	pass_blocks(capture, written);
	*ret_stored = capture->cursor.records;
	*ret_lost = capture->records - *ret_stored;
	capture->good += (off_t)capture->cursor.at;
	if (err)
		cut_back(capture);
	forget_waiting(capture);
	if (!err)
		capture->anew = false;
	return err;
}

/* Writes what is sealed. */
static int write_sealed(struct capture *capture)
{
	size_t written;
	int err = capture->sealed.err;

	if (!err)
		err = write_all(capture->fd, buf_span(&capture->sealed), &written);
	if (err)
		cut_back(capture);
	else
		capture->good += (off_t)capture->sealed.len;
	return err;
}

/* The next chunk, LEN bytes of what waits. When it cannot be written it is made again, and is the same. */
static int write_chunk(struct capture *capture, size_t len, bool last)
{
	struct age_stream stream = capture->stream;
	int err;

	age_stream_seal(&stream, &capture->sealed, capture->waiting.data, len, last);
	err = write_sealed(capture);
	if (!err) {
		pass_blocks(capture, len);
		capture->stream = stream;
		consume(capture, len);
	}
	buf_clear(&capture->sealed);
	secret_wipe_bytes(&stream, sizeof(stream));
	return err;
}

static int flush_encrypted(
	struct capture *capture, bool last, uint64_t *ret_stored, uint64_t *ret_lost)
{
	int err = 0;

	*ret_lost = 0;
	/* its head */
	if (capture->good == 0) {
		err = write_sealed(capture);
		if (!err)
			buf_clear(&capture->sealed);
	}
	/* the last chunk of a file is not empty */
	while (!err && capture->waiting.len > AGE_CHUNK)
		err = write_chunk(capture, AGE_CHUNK, false);
	if (!err && last)
		err = write_chunk(capture, capture->waiting.len, true);
	*ret_stored = capture->cursor.records;
	capture->cursor.records = 0;
	capture->records -= *ret_stored;
	return err;
}

static int flush(
	struct capture *capture, bool last, uint64_t *ret_stored, uint64_t *ret_lost)
{
	const uint64_t had = capture->records;
	struct stat st;

	if (is_encrypted(capture) && !last && capture->good > 0 &&
		capture->waiting.len <= AGE_CHUNK) {
		*ret_stored = 0;
		*ret_lost = 0;
		return 0;
	}
	if (fstat(capture->fd, &st) == 0 && st.st_nlink == 0) {
		forget_waiting(capture);
		*ret_stored = 0;
		*ret_lost = had;
		return -ENOENT;
	}
	if (is_encrypted(capture))
		return flush_encrypted(capture, last, ret_stored, ret_lost);
	return flush_plain(capture, ret_stored, ret_lost);
}

int capture_flush(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost)
{
	return flush(capture, false, ret_stored, ret_lost);
}

/* ---- resting, the end ---- */

void capture_rest(struct capture *capture)
{
	if (capture->fd >= 0)
		close(capture->fd);
	capture->fd = -1;
	if (capture->waiting.len == 0)
		buf_free(&capture->waiting);
	if (capture->good > 0)
		buf_free(&capture->sealed);
}

int capture_wake(struct capture *capture, int dir_fd)
{
	char name[STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)];
	const int fd =
		openat(dir_fd, name_of(capture, capture->finished, name), OPEN_FLAGS);

	return fd < 0 ? last_error() : take_file(capture, fd, true);
}

bool capture_is_open(const struct capture *capture)
{
	return capture->fd >= 0;
}

bool capture_is_final(const struct capture *capture)
{
	return is_encrypted(capture);
}

int capture_finish(
	struct capture *capture, int dir_fd, uint64_t *ret_stored, uint64_t *ret_lost)
{
	char part[STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)];
	char whole[STYLE_NAME_SIZE + sizeof(STYLE_UNFINISHED)];
	int err = flush(capture, true, ret_stored, ret_lost);

	if (err || !is_encrypted(capture))
		return err;
	capture->finished = true;
	if (renameat2(dir_fd, name_of(capture, false, part), dir_fd,
		    name_of(capture, true, whole), RENAME_NOREPLACE) < 0)
		return last_error();
	return 0;
}

uint64_t capture_close(struct capture *capture)
{
	uint64_t lost;

	if (!capture)
		return 0;
	lost = capture->records;
	if (capture->fd >= 0)
		close(capture->fd);
	buf_free(&capture->waiting);
	buf_free(&capture->begin);
	buf_free(&capture->sealed);
	secret_wipe_bytes(&capture->stream, sizeof(capture->stream));
	style_unref(capture->style);
	free(capture);
	return lost;
}

/* ---- after a process that was killed ---- */

/* The end of the last whole block of FD, which is SIZE bytes long. */
static off_t walk(int fd, bool classic, off_t size)
{
	uint8_t head[CLASSIC_HEAD];
	ssize_t got;
	size_t len;
	off_t at = 0;

	while (at < size) {
		got = pread(fd, head, sizeof(head), at);
		len = got > 0 ? block_len(classic, at == 0, head, (size_t)got) : 0;
		if (len == 0 || (off_t)len > size - at)
			break;
		at += (off_t)len;
	}
	return at;
}

static int repair(int fd, bool classic, off_t *ret_cut)
{
	struct stat st;
	off_t end;

	if (fstat(fd, &st) < 0)
		return last_error();
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EPERM;
	end = walk(fd, classic, st.st_size);
	if (end < st.st_size && ftruncate(fd, end) < 0)
		return last_error();
	*ret_cut = st.st_size - end;
	return 0;
}

/* NAME, a plain one. */
static int repair_named(int dir_fd, const char *name, bool classic, off_t *ret_cut)
{
	const int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return last_error();
	err = repair(fd, classic, ret_cut);
	close(fd);
	return err;
}

int capture_repair(int dir_fd, off_t *ret_cut, bool *ret_unfinished)
{
	static const char *const unfinished[] = {
		"call.pcapng.age" STYLE_UNFINISHED, "call.pcap.age" STYLE_UNFINISHED};
	struct stat st;
	int err = repair_named(dir_fd, "call.pcapng", false, ret_cut);

	if (err == -ENOENT)
		err = repair_named(dir_fd, "call.pcap", true, ret_cut);
	if (err != -ENOENT)
		return err;
	for (size_t i = 0; i < sizeof(unfinished) / sizeof(unfinished[0]); i++) {
		if (fstatat(dir_fd, unfinished[i], &st, AT_SYMLINK_NOFOLLOW) == 0) {
			*ret_cut = 0;
			*ret_unfinished = true;
			return 0;
		}
	}
	return err;
}
