#include "evidence/tiles.h"

#include "base/err.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file system leaves of a file that was being written when the power went. */
static bool has_holes(const struct tlog_hash *hashes, unsigned count)
{
	static const struct tlog_hash none;

	for (unsigned i = 0; i < count; i++)
		if (tlog_equal(&hashes[i], &none))
			return true;
	return false;
}

/* COUNT hashes of the file at PATH, which has FILE_COUNT. */
static int load_file(int dir_fd, const char *path, unsigned file_count, unsigned count,
	struct tlog_hash *ret)
{
	struct stat st;
	int fd = regular_open(dir_fd, path, &st);
	size_t want = (size_t)count * TLOG_HASH_LEN;
	int err = 0;

	if (fd < 0)
		return fd;
	if (st.st_size != (off_t)file_count * TLOG_HASH_LEN)
		err = ERR_FORMAT;
	else if (pread(fd, ret, want, 0) != (ssize_t)want)
		err = errno > 0 ? -errno : -EIO;
	else if (has_holes(ret, count))
		err = ERR_FORMAT;
	close(fd);
	return err;
}

int tiles_load(
	int dir_fd, const struct tile *tile, struct tlog_hash ret[static TILE_WIDTH])
{
	struct tile full = *tile;
	char path[TILE_PATH_SIZE];
	int err;

	errno = 0;
	err = load_file(dir_fd, tile_path(tile, path), tile->width, tile->width, ret);
	if (err != -ENOENT || tile->width == TILE_WIDTH)
		return err;
	full.width = TILE_WIDTH;
	return load_file(dir_fd, tile_path(&full, path), TILE_WIDTH, tile->width, ret);
}

void tiles_init(struct tiles *tiles, int dir_fd, uint64_t size)
{
	tiles->dir_fd = dir_fd;
	tiles->size = size;
	for (unsigned i = 0; i < TILE_LEVELS; i++)
		tiles->kept[i].tile.width = 0;
}

int tiles_read(void *arg, unsigned level, uint64_t index, struct tlog_hash *ret)
{
	struct tiles *tiles = arg;
	const unsigned inner = level % 8, count = 1U << inner;
	struct tile tile = {.level = level / 8};
	uint64_t first;
	int err;

	if (level >= 8 * TILE_LEVELS || index > TLOG_SIZE_MAX >> level)
		return ERR_LIMIT;
	first = index << inner;
	tile.index = first / TILE_WIDTH;
	tile.width = tile_width(tile.level, tile.index, tiles->size);
	if (first % TILE_WIDTH + count > tile.width)
		return ERR_LIMIT;
	if (tiles->kept[tile.level].tile.width != tile.width ||
		tiles->kept[tile.level].tile.index != tile.index) {
		tiles->kept[tile.level].tile.width = 0;
		err = tiles_load(tiles->dir_fd, &tile, tiles->kept[tile.level].hashes);
		if (err)
			return err;
		tiles->kept[tile.level].tile = tile;
	}
	tile_root(ret, &tiles->kept[tile.level].hashes[first % TILE_WIDTH], count);
	return 0;
}
