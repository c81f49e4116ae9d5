/*
 * The trunks that an agent looks after: those whose present settings ask for it, each with what the agent
 * keeps of it, over reloads. Loop thread.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "trunk/target.h"

struct trunk_list;

/* The first member of what an agent keeps of a trunk. */
struct trunk_entry {
	struct list node;
	struct hash_node by_trunk;
	struct trunk_list *list;
	struct target *target; /* a reference: the trunk with its present settings */
	bool wanted;
};

struct trunk_list_handlers {
	bool (*wanted_h)(const struct config_trunk *settings);
	/* A zeroed entry; NULL without memory: it is not looked after until the next reload. */
	struct trunk_entry *(*new_h)(struct trunk_list *list);
	void (*free_h)(struct trunk_entry *entry); /* its target goes afterwards */
	/* Its settings are in force from now on, with those of COUNT trunks in all. */
	void (*settle_h)(struct trunk_entry *entry, unsigned count);
};

struct trunk_list {
	struct list entries; /* in the order of servers, then gateways, when they came */
	struct hash by_trunk;
	struct trunk_list_handlers handlers;
	void *arg;
};

/* 0 or -ENOMEM. */
int trunk_list_init(
	struct trunk_list *list, const struct trunk_list_handlers *handlers, void *arg);
void trunk_list_clear(struct trunk_list *list);
/*
 * The trunks were changed. One that is not wanted any more, disabled or removed goes; one that is somewhere
 * else now (host, port, transport) begins anew.
 */
void trunk_list_apply(struct trunk_list *list, const struct trunks *trunks);
struct trunk_entry *trunk_list_find(
	const struct trunk_list *list, const struct trunk *trunk);
