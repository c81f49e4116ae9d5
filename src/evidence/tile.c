#include "evidence/tile.h"

#include <inttypes.h>
#include <stdio.h>

/* Parts of three digits that the index of a tile can have. */
#define PARTS 7

unsigned tile_width(unsigned level, uint64_t index, uint64_t size)
{
	uint64_t hashes = size >> 8 * level; /* of all its level */
	uint64_t first = index * TILE_WIDTH;

	if (hashes >> 8 < index || hashes <= first)
		return 0;
	return hashes - first < TILE_WIDTH ? (unsigned)(hashes - first) : TILE_WIDTH;
}

/* "tile/LEVEL/x001/x234/067". Returns how long it is. */
static int write_index(const struct tile *tile, char out[static TILE_PATH_SIZE])
{
	unsigned parts[PARTS], count = 0;
	uint64_t index = tile->index;
	int len;

	do {
		parts[count++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0 && count < PARTS);
	len = snprintf(out, TILE_PATH_SIZE, "tile/%u", tile->level);
	while (count-- > 0)
		len += snprintf(out + len, TILE_PATH_SIZE - (size_t)len,
			count > 0 ? "/x%03u" : "/%03u", parts[count]);
	return len;
}

const char *tile_path(const struct tile *tile, char out[static TILE_PATH_SIZE])
{
	int len = write_index(tile, out);

	if (tile->width < TILE_WIDTH)
		snprintf(out + len, TILE_PATH_SIZE - (size_t)len, ".p/%u", tile->width);
	return out;
}

const char *tile_partial_folder(const struct tile *tile, char out[static TILE_PATH_SIZE])
{
	int len = write_index(tile, out);

	snprintf(out + len, TILE_PATH_SIZE - (size_t)len, ".p");
	return out;
}

void tile_root(struct tlog_hash *ret, const struct tlog_hash *hashes, unsigned count)
{
	struct tlog_hash nodes[TILE_WIDTH / 2];

	if (count == 1) {
		*ret = hashes[0];
		return;
	}
	for (unsigned i = 0; i < count / 2; i++)
		tlog_node(&nodes[i], &hashes[2 * i], &hashes[2 * i + 1]);
	for (count /= 2; count > 1; count /= 2)
		for (unsigned i = 0; i < count / 2; i++)
			tlog_node(&nodes[i], &nodes[2 * i], &nodes[2 * i + 1]);
	*ret = nodes[0];
}
