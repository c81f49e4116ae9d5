#include "audit/blocks_file.h"

#include "audit/blocks.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP ((size_t)64 << 10)
/* The longest block, and what is read at once behind it. */
#define ROOM ((size_t)CLASSIC_RECORD_HEAD + PCAPNG_BLOCK_MAX + STEP)

struct blocks_file {
	int fd;
	bool classic, first;
	bool lost; /* what follows is no block */
	off_t at, limit;
	size_t begin, end;
	uint8_t bytes[ROOM];
};

int blocks_file_new(struct blocks_file **ret, int fd, bool classic, off_t limit)
{
	struct blocks_file *file = malloc(sizeof(*file));

	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	file->fd = fd;
	file->classic = classic;
	file->first = true;
	file->lost = false;
	file->at = 0;
	file->limit = limit;
	file->begin = file->end = 0;
	*ret = file;
	return 0;
}

void blocks_file_free(struct blocks_file *file)
{
	if (!file)
		return;
	close(file->fd);
	free(file);
}

/* Has LEN bytes in memory, where there are so many. 0 or a negated errno. */
static int fill(struct blocks_file *file, size_t len)
{
	size_t wanted;
	ssize_t n;

	if (file->end - file->begin >= len || file->at >= file->limit)
		return 0;
	memmove(file->bytes, file->bytes + file->begin, file->end - file->begin);
	file->end -= file->begin;
	file->begin = 0;
	while (file->end < len && file->at < file->limit) {
		wanted = ROOM - file->end < STEP ? ROOM - file->end : STEP;
		if ((off_t)wanted > file->limit - file->at)
			wanted = (size_t)(file->limit - file->at);
		n = pread(file->fd, file->bytes + file->end, wanted, file->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			file->limit = file->at;
		file->at += n;
		file->end += (size_t)n;
	}
	return 0;
}

static int take_rest(struct blocks_file *file, struct block *ret)
{
	const size_t have = file->end - file->begin;

	file->lost = true;
	*ret = (struct block){{(char *)file->bytes + file->begin, have}, false};
	file->begin = file->end;
	return ERR_FORMAT;
}

int blocks_file_next(struct blocks_file *file, struct block *ret)
{
	int err = fill(file, BLOCKS_HEAD);
	const uint8_t *block = file->bytes + file->begin;
	size_t len;

	if (err)
		return err;
	if (file->begin == file->end)
		return -ENOENT;
	if (file->lost)
		return take_rest(file, ret);
	block = file->bytes + file->begin;
	len = blocks_len(file->classic, file->first, block, file->end - file->begin);
	err = fill(file, len);
	if (err)
		return err;
	if (len == 0 || file->end - file->begin < len)
		return take_rest(file, ret);
	block = file->bytes + file->begin;
	*ret = (struct block){{(const char *)block, len},
		blocks_is_packet(file->classic, file->first, block, len)};
	file->first = false;
	file->begin += len;
	return 0;
}
