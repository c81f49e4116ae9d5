#include "evidence/tar.h"

#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where a head has what. */
enum field {
	FIELD_PATH = 0,
	FIELD_MODE = 100,
	FIELD_OWNER = 108,
	FIELD_GROUP = 116,
	FIELD_SIZE = 124,
	FIELD_TIME = 136,
	FIELD_SUM = 148,
	FIELD_TYPE = 156,
	FIELD_MAGIC = 257,
};

static void put_octal(uint8_t *out, size_t size, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIo64, (int)size - 1, value);
	memcpy(out, text, size);
}

int tar_head(uint8_t out[static TAR_BLOCK], const char *path, uint64_t size)
{
	const size_t len = strlen(path);
	unsigned sum = 0;

	if (len == 0 || len >= TAR_PATH_SIZE - 1 || size >= TAR_SIZE_MAX)
		return ERR_LIMIT;
	memset(out, 0, TAR_BLOCK);
	memcpy(out + FIELD_PATH, path, len);
	put_octal(out + FIELD_MODE, 8, 0644);
	put_octal(out + FIELD_OWNER, 8, 0);
	put_octal(out + FIELD_GROUP, 8, 0);
	put_octal(out + FIELD_SIZE, 12, size);
	put_octal(out + FIELD_TIME, 12, 0);
	memset(out + FIELD_SUM, ' ', 8);
	out[FIELD_TYPE] = '0';
	memcpy(out + FIELD_MAGIC, "ustar\00000", 8);
	for (unsigned i = 0; i < TAR_BLOCK; i++)
		sum += out[i];
	put_octal(out + FIELD_SUM, 7, sum);
	return 0;
}

int tar_read(const uint8_t head[static TAR_BLOCK], char ret_path[static TAR_PATH_SIZE],
	uint64_t *ret_size)
{
	static const uint8_t zeros[TAR_BLOCK];
	uint8_t again[TAR_BLOCK];
	char path[TAR_PATH_SIZE];
	uint64_t size = 0;

	if (memcmp(head, zeros, TAR_BLOCK) == 0)
		return -ENOENT;
	memcpy(path, head + FIELD_PATH, TAR_PATH_SIZE - 1);
	path[TAR_PATH_SIZE - 1] = '\0';
	for (unsigned i = 0; i < 11; i++) {
		const uint8_t c = head[FIELD_SIZE + i];

		if (c < '0' || c > '7')
			return ERR_FORMAT;
		size = size << 3 | (uint64_t)(c - '0');
	}
	if (tar_head(again, path, size) != 0 || memcmp(head, again, TAR_BLOCK) != 0)
		return ERR_FORMAT;
	memcpy(ret_path, path, sizeof(path));
	*ret_size = size;
	return 0;
}

size_t tar_padding(uint64_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}
