#include "audit/standing.h"

#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file grows by so many calls; it has as many chunks at most. */
#define CHUNK_CALLS 4096
#define CHUNKS_MAX 64
#define MAGIC "tandem-standing-1"

enum state { FREE, STANDS, ENDS };
enum { ENDED, WAITING, TAKEN, STANDING_LISTS };

/* As it is in the file. The state is written last, and so is what is true of the rest. */
struct slot {
	_Atomic uint32_t state;
	uint32_t version; /* of this struct: 1 */
	uint64_t start_us;
	char id[STANDING_ID_SIZE];
	char magic[48]; /* so that a file of others is known */
};

_Static_assert(sizeof(struct slot) == 128, "what is in the file");

#define CHUNK_BYTES (CHUNK_CALLS * sizeof(struct slot))

/* What the process knows of a slot besides. */
struct call {
	struct hash_node node; /* in standing.calls while it is used */
	uint64_t call;
	uint32_t
		next; /* of the free ones, or of those that end: its number and 1; 0: there is none */
};

struct standing {
	char *path;
	pthread_mutex_t lock;
	int fd;
	unsigned chunks;                /* LOCK: lock */
	struct slot *slots[CHUNKS_MAX]; /* LOCK: lock */
	struct call *calls[CHUNKS_MAX]; /* LOCK: lock */
	struct hash hash;               /* LOCK: lock */
	uint32_t free;                  /* LOCK: lock; a list */
	/* LOCK: lock; lists of calls that ended: whose record is being written, waits for the disk, waited when the audit thread
	 * looked */
	uint32_t lists[STANDING_LISTS];
	bool full; /* LOCK: lock; it was said */
	uint64_t left;
	atomic_bool dirty; /* atomic */
};

static struct slot *slot_at(struct standing *standing, uint32_t number)
{
	return &standing->slots[number / CHUNK_CALLS][number % CHUNK_CALLS];
}

static struct call *call_at(struct standing *standing, uint32_t number)
{
	return &standing->calls[number / CHUNK_CALLS][number % CHUNK_CALLS];
}

static void put_free(struct standing *standing, uint32_t number)
{
	call_at(standing, number)->next = standing->free;
	standing->free = number + 1;
}

/* Blocks are taken now: memory of a file that has none would end the process when the disk is full. */
static int write_zeros(int fd, off_t at)
{
	static const char zeros[4096];
	ssize_t n;

	for (size_t i = 0; i < CHUNK_BYTES; i += sizeof(zeros)) {
		n = pwrite(fd, zeros, sizeof(zeros), at + (off_t)i);
		if (n != (ssize_t)sizeof(zeros))
			return n < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

/* Maps the next chunk, which is in the file. */
static int map_chunk(struct standing *standing)
{
	const unsigned chunk = standing->chunks;
	struct call *calls = calloc(CHUNK_CALLS, sizeof(*calls));
	void *slots = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		standing->fd, (off_t)(chunk * CHUNK_BYTES));
	int err = slots == MAP_FAILED ? -errno : -ENOMEM;

	if (!calls || slots == MAP_FAILED) {
		if (slots != MAP_FAILED)
			munmap(slots, CHUNK_BYTES);
		free(calls);
		return err;
	}
	standing->slots[chunk] = slots;
	standing->calls[chunk] = calls;
	standing->chunks++;
	return 0;
}

static int grow(struct standing *standing)
{
	const uint32_t first = standing->chunks * CHUNK_CALLS;
	int err = standing->chunks == CHUNKS_MAX
			  ? ERR_LIMIT
			  : write_zeros(standing->fd,
				    (off_t)(standing->chunks * CHUNK_BYTES));

	if (!err)
		err = map_chunk(standing);
	for (uint32_t i = CHUNK_CALLS; !err && i > 0; i--)
		put_free(standing, first + i - 1);
	return err;
}

static bool is_ours(const struct slot *slot)
{
	const uint32_t state = atomic_load(&slot->state);

	if (state == FREE)
		return true;
	return (state == STANDS || state == ENDS) && slot->version == 1 &&
	       memcmp(slot->magic, MAGIC, sizeof(MAGIC)) == 0 &&
	       memchr(slot->id, '\0', sizeof(slot->id));
}

/* Maps what is there. What is not ours is emptied: there is nothing in it that could be said. */
static int load(struct standing *standing)
{
	struct stat st;
	uint64_t left = 0;
	bool ours = true;
	int err = 0;

	if (fstat(standing->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	if (st.st_nlink > 1)
		return -EMLINK;
	for (off_t at = 0; !err && at + (off_t)CHUNK_BYTES <= st.st_size &&
			   standing->chunks < CHUNKS_MAX;
		at += (off_t)CHUNK_BYTES)
		err = map_chunk(standing);
	for (uint32_t i = standing->chunks * CHUNK_CALLS; !err && i > 0; i--) {
		struct slot *slot = slot_at(standing, i - 1);

		ours = ours && is_ours(slot);
		left += atomic_load(&slot->state) != FREE;
		put_free(standing, i - 1);
	}
	standing->left = ours ? left : 0;
	for (uint32_t i = 0; !ours && i < standing->chunks * CHUNK_CALLS; i++)
		memset(slot_at(standing, i), 0, sizeof(struct slot));
	if (!err && !ours)
		log_warning("standing", "event=standing-foreign file=%s", standing->path);
	if (!err && standing->chunks == 0)
		err = grow(standing);
	return err;
}

int standing_new(struct standing **ret, const char *state_dir, struct err_text *text)
{
	struct standing *standing = calloc(1, sizeof(*standing));
	int err = -ENOMEM;

	if (!standing)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&standing->lock, NULL);
	standing->fd = -1;
	if (asprintf(&standing->path, "%s/standing", state_dir) < 0)
		standing->path = NULL;
	if (standing->path && hash_init(&standing->hash) == 0) {
		standing->fd = open(standing->path,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
		err = standing->fd < 0 ? -errno : load(standing);
	}
	if (err) {
		err_set(text, err, "cannot use %s/standing: %s", state_dir, err_str(err));
		standing_free(standing);
		return err;
	}
	*ret = standing;
	return 0;
}

void standing_free(struct standing *standing)
{
	if (!standing)
		return;
	for (unsigned i = 0; i < standing->chunks; i++) {
		munmap(standing->slots[i], CHUNK_BYTES);
		free(standing->calls[i]);
	}
	if (standing->fd >= 0)
		close(standing->fd);
	hash_free(&standing->hash);
	pthread_mutex_destroy(&standing->lock);
	free(standing->path);
	free(standing);
}

uint64_t standing_count_left(const struct standing *standing)
{
	return standing->left;
}

void standing_take_left(struct standing *standing, standing_h *h, void *arg)
{
	for (uint32_t i = 0; i < standing->chunks * CHUNK_CALLS; i++) {
		struct slot *slot = slot_at(standing, i);
		const uint32_t state = atomic_load(&slot->state);

		if (state == FREE)
			continue;
		/* Killed behind H, its record is found. */
		atomic_store(&slot->state, ENDS);
		h(arg, slot->id, slot->start_us, state == ENDS);
		atomic_store(&slot->state, FREE);
	}
	standing->left = 0;
}

static struct call *find(struct standing *standing, uint64_t call)
{
	struct hash_node *node =
		hash_find(&standing->hash, hash_bytes(&call, sizeof(call), 0));
	struct call *entry;

	for (; node; node = hash_find_next(node)) {
		entry = HASH_ENTRY(node, struct call, node);
		if (entry->call == call)
			return entry;
	}
	return NULL;
}

/* Which slot it is of. */
static uint32_t number_of(const struct standing *standing, const struct call *call)
{
	unsigned chunk = 0;

	while (call < standing->calls[chunk] ||
		call >= standing->calls[chunk] + CHUNK_CALLS)
		chunk++;
	return chunk * CHUNK_CALLS + (uint32_t)(call - standing->calls[chunk]);
}

void standing_add(
	struct standing *standing, uint64_t call, const char *id, uint64_t start_us)
{
	struct call *entry;
	struct slot *slot;
	uint32_t number;

	pthread_mutex_lock(&standing->lock);
	if (find(standing, call))
		goto out;
	if (standing->free == 0 && grow(standing) != 0) {
		if (!standing->full)
			log_error("standing", "event=standing-full calls=%u",
				standing->chunks * CHUNK_CALLS);
		standing->full = true;
		goto out;
	}
	number = standing->free - 1;
	entry = call_at(standing, number);
	slot = slot_at(standing, number);
	standing->free = entry->next;
	entry->call = call;
	entry->next = 0;
	hash_add(&standing->hash, &entry->node, hash_bytes(&call, sizeof(call), 0));
	slot->version = 1;
	slot->start_us = start_us;
	snprintf(slot->id, sizeof(slot->id), "%s", id);
	memcpy(slot->magic, MAGIC, sizeof(MAGIC));
	atomic_store_explicit(&slot->state, STANDS, memory_order_release);
	atomic_store_explicit(&standing->dirty, true, memory_order_relaxed);
out:
	pthread_mutex_unlock(&standing->lock);
}

void standing_end(struct standing *standing, uint64_t call)
{
	struct call *entry;
	uint32_t number;

	pthread_mutex_lock(&standing->lock);
	entry = find(standing, call);
	if (entry) {
		number = number_of(standing, entry);
		atomic_store(&slot_at(standing, number)->state, ENDS);
		hash_remove(&standing->hash, &entry->node);
		entry->next = standing->lists[ENDED];
		standing->lists[ENDED] = number + 1;
	}
	pthread_mutex_unlock(&standing->lock);
}

static void move(struct standing *standing, unsigned from, unsigned to)
{
	struct call *call;
	uint32_t number;

	pthread_mutex_lock(&standing->lock);
	while (standing->lists[from] > 0) {
		number = standing->lists[from] - 1;
		call = call_at(standing, number);
		standing->lists[from] = call->next;
		call->next = standing->lists[to];
		standing->lists[to] = number + 1;
	}
	pthread_mutex_unlock(&standing->lock);
}

static void forget(struct standing *standing, unsigned from)
{
	uint32_t number;

	pthread_mutex_lock(&standing->lock);
	while (standing->lists[from] > 0) {
		number = standing->lists[from] - 1;
		standing->lists[from] = call_at(standing, number)->next;
		atomic_store(&slot_at(standing, number)->state, FREE);
		put_free(standing, number);
		atomic_store_explicit(&standing->dirty, true, memory_order_relaxed);
	}
	pthread_mutex_unlock(&standing->lock);
}

void standing_recorded(struct standing *standing, bool written)
{
	if (written)
		forget(standing, ENDED);
	else
		move(standing, ENDED, WAITING);
}

void standing_look(struct standing *standing)
{
	move(standing, WAITING, TAKEN);
}

void standing_written(struct standing *standing)
{
	forget(standing, TAKEN);
}

void standing_sync(struct standing *standing)
{
	if (atomic_exchange(&standing->dirty, false))
		(void)!fdatasync(standing->fd);
}
