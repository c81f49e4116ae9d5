/*
 * An intrusive hash table and its keyed hash function (SipHash-2-4 with a key of this
 * process's own, so that no peer can choose colliding Call-IDs). No locking.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_node {
	struct hash_node *next;
	uint64_t hash;
};

struct hash {
	struct hash_node **slots;
	size_t slot_count; /* a power of two */
	size_t count;      /* nodes in the table */
};

#define HASH_ENTRY(node, type, member)                                                   \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/* 0 or -ENOMEM. */
int hash_init(struct hash *hash);
/* Frees the table, not the nodes. */
void hash_free(struct hash *hash);

/* Keyed hash of LEN bytes; SEED lets a caller chain several fields. */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);

/* Sets the bit of VALUE among the COUNT bits, a multiple of 64, of BITS: a memory of bounded size of what was seen. False:
 * it was set, by VALUE or by one that shares its bit. */
bool hash_mark(uint64_t *bits, size_t count, uint64_t value);

/* Puts NODE in under its hash. Never fails: the table grows when memory allows. */
void hash_add(struct hash *hash, struct hash_node *node, uint64_t value);
void hash_remove(struct hash *hash, struct hash_node *node);
/* The first node under VALUE, then the next one under the same; NULL at the end. */
struct hash_node *hash_find(const struct hash *hash, uint64_t value);
struct hash_node *hash_find_next(const struct hash_node *node);

/* Calls H for every node; H may remove the node that it was given. */
typedef void hash_each_h(void *arg, struct hash_node *node);
void hash_each(struct hash *hash, hash_each_h *h, void *arg);
