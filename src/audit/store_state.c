/* What others may know of the store. */
#include "audit/store_priv.h"

bool store_uses(const struct store *store, const char *date, const char *id)
{
	struct hash_node *node = hash_find(&store->names, store_name_hash(id));
	const struct entry *entry;

	for (; node; node = hash_find_next(node)) {
		entry = HASH_ENTRY(node, struct entry, named);
		if (strcmp(entry->id, id) == 0 && strcmp(entry->date, date) == 0)
			return true;
	}
	return false;
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
