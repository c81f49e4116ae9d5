#include "audit/repair.h"

#include "audit/blocks.h"
#include "audit/style.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The end of the last whole block of FD, which is SIZE bytes long. */
static off_t walk(int fd, bool classic, off_t size)
{
	uint8_t head[BLOCKS_HEAD];
	ssize_t got;
	size_t len;
	off_t at = 0;

	while (at < size) {
		got = pread(fd, head, sizeof(head), at);
		len = got > 0 ? blocks_len(classic, at == 0, head, (size_t)got) : 0;
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
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EPERM;
	end = walk(fd, classic, st.st_size);
	if (end < st.st_size && ftruncate(fd, end) < 0)
		return -errno;
	*ret_cut = st.st_size - end;
	return 0;
}

/* NAME, a plain one. */
static int repair_named(int dir_fd, const char *name, bool classic, off_t *ret_cut)
{
	const int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = repair(fd, classic, ret_cut);
	close(fd);
	return err;
}

/* Part PART of the capture. As repair_capture(). */
static int repair_part(int dir_fd, unsigned part, off_t *ret_cut, bool *ret_unfinished)
{
	static const char *const formats[] = {"pcapng", "pcap"};
	char number[16] = "", name[STYLE_NAME_SIZE];
	int err = -ENOENT;
	struct stat st;

	if (part > 1)
		snprintf(number, sizeof(number), ".%u", part);
	for (unsigned i = 0; err == -ENOENT && i < 2; i++) {
		snprintf(name, sizeof(name), "call%s.%s", number, formats[i]);
		err = repair_named(dir_fd, name, i == 1, ret_cut);
	}
	for (unsigned i = 0; err == -ENOENT && i < 2; i++) {
		snprintf(name, sizeof(name), "call%s.%s" STYLE_ENCRYPTED STYLE_UNFINISHED,
			number, formats[i]);
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*ret_unfinished = true;
		err = 0;
	}
	return err;
}

int repair_capture(int dir_fd, off_t *ret_cut, bool *ret_unfinished)
{
	bool unfinished = false, any = false;
	off_t cut = 0, sum = 0;
	int err;

	for (unsigned part = 1; part <= STYLE_PARTS_MAX; part++) {
		cut = 0;
		err = repair_part(dir_fd, part, &cut, &unfinished);
		if (err && err != -ENOENT)
			return err;
		any |= err == 0;
		sum += cut;
	}
	if (!any)
		return -ENOENT;
	*ret_cut = sum;
	if (unfinished)
		*ret_unfinished = true;
	return 0;
}
