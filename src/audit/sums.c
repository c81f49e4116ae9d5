#include "audit/sums.h"

#include "evidence/digest.h"

#include <errno.h>
#include <stdlib.h>

struct sums {
	struct digest *file, *block;
	bool within; /* something of a block was added */
	uint64_t bytes, packets;
	struct tlog_tree tree;
};

int sums_new(struct sums **ret)
{
	struct sums *sums = calloc(1, sizeof(*sums));

	if (!sums || digest_new(&sums->file) != 0 || digest_new(&sums->block) != 0) {
		sums_free(sums);
		return -ENOMEM;
	}
	*ret = sums;
	return 0;
}

void sums_free(struct sums *sums)
{
	if (!sums)
		return;
	digest_free(sums->file);
	digest_free(sums->block);
	free(sums);
}

void sums_file(struct sums *sums, const void *data, size_t len)
{
	digest_add(sums->file, data, len);
	sums->bytes += len;
}

void sums_block(struct sums *sums, const void *data, size_t len)
{
	static const uint8_t leaf;

	/* as tlog_leaf() */
	if (!sums->within)
		digest_add(sums->block, &leaf, 1);
	sums->within = true;
	digest_add(sums->block, data, len);
}

void sums_leaf(struct sums *sums, const struct tlog_hash *leaf)
{
	tlog_tree_add(&sums->tree, leaf);
}

void sums_block_end(struct sums *sums, struct buf *leaves)
{
	struct tlog_hash leaf;

	digest_take(sums->block, &leaf);
	sums->within = false;
	sums_leaf(sums, &leaf);
	if (leaves)
		buf_add(leaves, leaf.bytes, sizeof(leaf.bytes));
}

void sums_block_drop(struct sums *sums)
{
	struct tlog_hash leaf;

	if (sums->within)
		digest_take(sums->block, &leaf);
	sums->within = false;
}

void sums_packet(struct sums *sums)
{
	sums->packets++;
}

int sums_look(const struct sums *sums, struct sums_state *ret)
{
	struct sums_state state = {.bytes = sums->bytes,
		.packets = sums->packets,
		.blocks = sums->tree.size};

	if (digest_look(sums->file, &state.file) != 0)
		return -ENOMEM;
	tlog_tree_root(&sums->tree, &state.root);
	*ret = state;
	return 0;
}
