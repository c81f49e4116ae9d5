/* What others may know of the store. */
#include "audit/store_priv.h"

#include <string.h>

struct sought {
	const char *date, *id;
	bool found;
};

static void compare_name(void *arg, struct hash_node *node)
{
	const struct entry *entry = HASH_ENTRY(node, struct entry, node);
	struct sought *sought = arg;

	sought->found |= strcmp(entry->id, sought->id) == 0 &&
			 strcmp(entry->date, sought->date) == 0;
}

bool store_uses(struct store *store, const char *date, const char *id)
{
	struct sought sought = {.date = date, .id = id};

	hash_each(&store->entries, compare_name, &sought);
	return sought.found;
}

bool store_has_ended(const struct store *store)
{
	return !list_empty(&store->closing) || !list_empty(&store->closed);
}

void store_counts(const struct store *store, struct store_counts *ret)
{
	ret->stored = atomic_load(&store->stored);
	ret->lost = atomic_load(&store->lost);
	ret->cut = atomic_load(&store->cut);
	ret->open_files = atomic_load(&store->open_files);
}
