/*
 * The file is appended to by write(2), in order: what is there after a short write is a prefix of what should be, and
 * the blocks in memory say where its last whole one ends.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "audit/capture.h"

#include "audit/blocks.h"
#include "audit/pcapng.h"
#include "base/regular.h"
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

/* Of leaves, that are written at once: as many as two chunks have of media. */
#define LEAVES_BATCH ((size_t)16384)

/* Where the next block of what waits is. */
struct cursor {
	size_t at;        /* the first that did not end yet */
	bool is_record;   /* else it belongs to the format */
	size_t next;      /* where it ends; 0: not looked at */
	size_t summed;    /* up to here blocks were given to the sums */
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
	bool anew;       /* of BEGIN not all is in the file: it is repeated */
	bool head_waits; /* what waits begins with the head of a file of pcap */
	struct buf head; /* encrypted: what the file begins with, until it is there */
	struct age_stream stream;
	bool finished;
	bool uncut; /* what should have been cut off stands behind its end */
	struct sums *sums;
	struct buf leaves; /* encrypted: that are not in their file */
	off_t leaves_good; /* bytes of that */
	bool leaves_made;
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

/* Of the block where the cursor is, what is within LIMIT bytes of what waits is in the file. */
static void sum_block(struct capture *capture, size_t limit)
{
	struct cursor *cursor = &capture->cursor;
	const size_t from = cursor->summed > cursor->at ? cursor->summed : cursor->at;
	const size_t to = cursor->next < limit ? cursor->next : limit;

	if (is_classic(capture) || to <= from)
		return;
	sums_block(capture->sums, capture->waiting.data + from, to - from);
	cursor->summed = to;
}

static void end_block(struct capture *capture)
{
	struct cursor *cursor = &capture->cursor;

	if (!is_classic(capture))
		sums_block_end(
			capture->sums, is_encrypted(capture) ? &capture->leaves : NULL);
	if (cursor->is_record)
		sums_packet(capture->sums);
	cursor->records += cursor->is_record;
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
				cursor->at + blocks_len(is_classic(capture), first, block,
						     waiting->len - cursor->at);
			cursor->is_record =
				is_classic(capture) ? !first : pcapng_is_packet(block);
		}
		if (cursor->next == 0)
			return;
		sum_block(capture, limit);
		if (cursor->next > limit)
			return;
		end_block(capture);
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
	cursor->summed = cursor->summed > len ? cursor->summed - len : 0;
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
		err = age_header(&capture->head, capture->style->recipients, &secrets);
		age_stream_begin(&capture->stream, &secrets);
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
	buf_init(&capture->head, 0);
	buf_init(&capture->leaves, 0);
	snprintf(comment, sizeof(comment), "server %s, %s", params->style->server,
		params->comment);
	pcapng_section(&capture->begin, APPLICATION, comment);
	err = capture->begin.err;
	if (!err)
		err = sums_new(&capture->sums);
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
		.id = packet->id,
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
	sums_block_drop(capture->sums);
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

/* Nothing better can be done when this fails: the next write comes here again, and capture_repair() at the next
 * start. */
static void cut_back(struct capture *capture)
{
	capture->uncut = ftruncate(capture->fd, capture->good) < 0;
}

static int flush_plain(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost)
{
	size_t written;
	int err = regular_write(capture->fd, buf_span(&capture->waiting), &written);

	pass_blocks(capture, written);
	sums_file(capture->sums, capture->waiting.data, capture->cursor.at);
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

/* SEALED, which is whole in the file afterwards, or not there at all. */
static int write_sealed(struct capture *capture, const struct buf *sealed)
{
	int err = regular_write(capture->fd, buf_span(sealed), NULL);

	if (err) {
		cut_back(capture);
		return err;
	}
	sums_file(capture->sums, sealed->data, sealed->len);
	capture->good += (off_t)sealed->len;
	return 0;
}

/* The next chunk, LEN bytes of what waits. When it cannot be written it is made again, and is the same. */
static int write_chunk(struct capture *capture, size_t len, bool last)
{
	struct age_stream stream = capture->stream;
	struct buf
		sealed; /* not kept: the next capture's is in memory that is still in the cache */
	int err;

	buf_init(&sealed, 0);
	err = age_stream_seal(&stream, &sealed, capture->waiting.data, len, last);
	if (!err)
		err = write_sealed(capture, &sealed);
	if (!err) {
		pass_blocks(capture, len);
		capture->stream = stream;
		consume(capture, len);
	}
	buf_free(&sealed);
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
		err = write_sealed(capture, &capture->head);
		if (!err)
			buf_free(&capture->head);
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

int capture_seal(const struct capture *capture, struct capture_seal *ret)
{
	if (capture->good == 0)
		return -ENOENT;
	name_of(capture, capture->finished, ret->name);
	ret->has_tree = !is_classic(capture);
	ret->whole = !capture->uncut && (capture->finished || !is_encrypted(capture));
	return sums_look(capture->sums, &ret->sums);
}

bool capture_has_leaves(const struct capture *capture)
{
	return capture->leaves.len >= LEAVES_BATCH;
}

static int open_leaves(struct capture *capture, int dir_fd)
{
	char name[STYLE_NAME_SIZE];
	const int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int fd;

	style_leaves_name(capture->part, name);
	if (capture->leaves_made)
		return openat(dir_fd, name, flags);
	fd = openat(dir_fd, name, flags | O_CREAT | O_EXCL, 0600);
	capture->leaves_made = fd >= 0;
	return fd;
}

int capture_leaves(struct capture *capture, int dir_fd)
{
	struct buf *leaves = &capture->leaves;
	int fd, err = 0;
	ssize_t n;

	if (leaves->err || leaves->len == 0)
		return leaves->err;
	fd = open_leaves(capture, dir_fd);
	if (fd < 0)
		return last_error();
	while (!err && leaves->len > 0) {
		n = pwrite(fd, leaves->data, leaves->len, capture->leaves_good);
		err = n > 0 ? 0 : n < 0 && errno == EINTR ? 0 : last_error();
		if (n > 0) {
			capture->leaves_good += n;
			buf_consume(leaves, (size_t)n);
		}
	}
	close(fd);
	return err;
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
	buf_free(&capture->head);
	buf_free(&capture->leaves);
	sums_free(capture->sums);
	secret_wipe_bytes(&capture->stream, sizeof(capture->stream));
	style_unref(capture->style);
	free(capture);
	return lost;
}
