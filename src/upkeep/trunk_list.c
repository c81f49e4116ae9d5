#include "upkeep/trunk_list.h"

#include <string.h>

static uint64_t key_of(const struct trunk *trunk)
{
	return hash_bytes(&trunk, sizeof(trunk), 0);
}

struct trunk_entry *trunk_list_find(
	const struct trunk_list *list, const struct trunk *trunk)
{
	struct hash_node *node = hash_find(&list->by_trunk, key_of(trunk));

	for (; node; node = hash_find_next(node)) {
		struct trunk_entry *entry =
			HASH_ENTRY(node, struct trunk_entry, by_trunk);

		if (entry->target->trunk == trunk)
			return entry;
	}
	return NULL;
}

static void drop(struct trunk_entry *entry)
{
	struct trunk_list *list = entry->list;
	struct target *target = entry->target;

	list_remove(&entry->node);
	hash_remove(&list->by_trunk, &entry->by_trunk);
	list->handlers.free_h(entry);
	target_unref(target);
}

static struct trunk_entry *add(struct trunk_list *list, struct target *target)
{
	struct trunk_entry *entry = list->handlers.new_h(list);

	if (!entry)
		return NULL;
	entry->list = list;
	entry->target = target_ref(target);
	list_append(&list->entries, &entry->node);
	hash_add(&list->by_trunk, &entry->by_trunk, key_of(target->trunk));
	return entry;
}

static bool is_elsewhere(const struct target *a, const struct target *b)
{
	if (a->transport != b->transport || target_port(a) != target_port(b) ||
		target_name_count(a) != target_name_count(b))
		return true;
	for (unsigned i = 0; i < target_name_count(a); i++)
		if (strcmp(target_name(a, i), target_name(b, i)) != 0)
			return true;
	return false;
}

/* TARGET is what its trunk is today. */
static void want(struct trunk_list *list, struct target *target)
{
	struct trunk_entry *entry = trunk_list_find(list, target->trunk);

	/* the one of before goes with all that are not wanted any more */
	if (!entry || is_elsewhere(entry->target, target))
		entry = add(list, target);
	if (!entry)
		return;
	entry->wanted = true;
	target_ref(target);
	target_unref(entry->target);
	entry->target = target;
}

static void want_all(
	struct trunk_list *list, const struct trunks *trunks, enum trunk_kind kind)
{
	struct target *target;
	struct trunk *trunk;

	for (unsigned i = 0; (trunk = trunks_at(trunks, kind, i)); i++) {
		const struct config_trunk *settings = trunk_settings(trunk);

		if (!settings->enabled || !list->handlers.wanted_h(settings) ||
			target_new(&target, trunk, trunk->config))
			continue;
		want(list, target);
		target_unref(target);
	}
}

void trunk_list_apply(struct trunk_list *list, const struct trunks *trunks)
{
	unsigned count = 0;

	LIST_FOREACH (&list->entries, node, next)
		LIST_ENTRY(node, struct trunk_entry, node)->wanted = false;
	want_all(list, trunks, TRUNK_SERVER);
	want_all(list, trunks, TRUNK_GATEWAY);
	LIST_FOREACH (&list->entries, node, next) {
		struct trunk_entry *entry = LIST_ENTRY(node, struct trunk_entry, node);

		if (entry->wanted)
			count++;
		else
			drop(entry);
	}
	LIST_FOREACH (&list->entries, node, next)
		list->handlers.settle_h(
			LIST_ENTRY(node, struct trunk_entry, node), count);
}

int trunk_list_init(
	struct trunk_list *list, const struct trunk_list_handlers *handlers, void *arg)
{
	list_init(&list->entries);
	list->handlers = *handlers;
	list->arg = arg;
	return hash_init(&list->by_trunk);
}

void trunk_list_clear(struct trunk_list *list)
{
	LIST_FOREACH (&list->entries, node, next)
		drop(LIST_ENTRY(node, struct trunk_entry, node));
	hash_free(&list->by_trunk);
}
