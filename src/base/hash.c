#include "base/hash.h"

#include "base/secret.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 16

struct sip_key {
	uint64_t k0;
	uint64_t k1;
};

static struct sip_key process_key; /* RO after the first hash_bytes() */

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

/* Little endian, as the definition of SipHash has it, on any machine. */
static uint64_t load_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

static uint64_t load_rest(const uint8_t *p, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)p[i] << (8 * i);
	return word;
}

static void sip_rounds(uint64_t v[static 4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(uint64_t v[static 4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

/* SipHash-2-4 of the eight bytes of FIRST followed by DATA. */
static uint64_t siphash(
	const struct sip_key *key, uint64_t first, const uint8_t *data, size_t len)
{
	uint64_t v[4] = {
		key->k0 ^ UINT64_C(0x736f6d6570736575),
		key->k1 ^ UINT64_C(0x646f72616e646f6d),
		key->k0 ^ UINT64_C(0x6c7967656e657261),
		key->k1 ^ UINT64_C(0x7465646279746573),
	};
	uint64_t total = sizeof(first) + len;

	sip_word(v, first);
	for (; len >= 8; len -= 8, data += 8)
		sip_word(v, load_word(data));
	sip_word(v, total << 56 | load_rest(data, len));
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void make_key(void)
{
	struct secret random;

	if (secret_random(&random, sizeof(process_key)) != 0)
		abort(); /* a known key would let a peer choose collisions */
	memcpy(&process_key, random.bytes, sizeof(process_key));
	secret_wipe(&random);
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_key);
	return siphash(&process_key, seed, data, len);
}

int hash_init(struct hash *hash)
{
	*hash = (struct hash){0};
	hash->slots = calloc(FIRST_SLOTS, sizeof(struct hash_node *));
	if (!hash->slots)
		return -ENOMEM;
	hash->slot_count = FIRST_SLOTS;
	return 0;
}

void hash_free(struct hash *hash)
{
	free(hash->slots);
	*hash = (struct hash){0};
}

static struct hash_node **slot_of(const struct hash *hash, uint64_t value)
{
	/* Callers may hash by a plain number whose low bits hardly differ. */
	return &hash->slots[(value ^ value >> 32) & (hash->slot_count - 1)];
}

static void insert(struct hash *hash, struct hash_node *node)
{
	struct hash_node **slot = slot_of(hash, node->hash);

	node->next = *slot;
	*slot = node;
}

/* Doubles the slots. Without memory the chains just become longer. */
static void grow(struct hash *hash)
{
	struct hash_node **old_slots = hash->slots;
	size_t old_count = hash->slot_count;
	struct hash_node **slots = calloc(old_count * 2, sizeof(struct hash_node *));

	if (!slots)
		return;
	hash->slots = slots;
	hash->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct hash_node *node = old_slots[i];

		while (node) {
			struct hash_node *next = node->next;

			insert(hash, node);
			node = next;
		}
	}
	free(old_slots);
}

bool hash_mark(uint64_t *bits, size_t count, uint64_t value)
{
	const uint64_t at = value % count;
	const uint64_t bit = (uint64_t)1 << at % 64;
	const bool is_new = !(bits[at / 64] & bit);

	bits[at / 64] |= bit;
	return is_new;
}

void hash_add(struct hash *hash, struct hash_node *node, uint64_t value)
{
	if (hash->count >= hash->slot_count)
		grow(hash);
	node->hash = value;
	insert(hash, node);
	hash->count++;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
	struct hash_node **link = slot_of(hash, node->hash);

	while (*link && *link != node)
		link = &(*link)->next;
	assert(*link && "the node is in this table");
	*link = node->next;
	node->next = NULL;
	hash->count--;
}

static struct hash_node *first_under(struct hash_node *node, uint64_t value)
{
	while (node && node->hash != value)
		node = node->next;
	return node;
}

struct hash_node *hash_find(const struct hash *hash, uint64_t value)
{
	return first_under(*slot_of(hash, value), value);
}

struct hash_node *hash_find_next(const struct hash_node *node)
{
	return first_under(node->next, node->hash);
}

void hash_each(struct hash *hash, hash_each_h *h, void *arg)
{
	for (size_t i = 0; i < hash->slot_count; i++) {
		struct hash_node *node = hash->slots[i];

		while (node) {
			struct hash_node *next = node->next;

			h(arg, node);
			node = next;
		}
	}
}
