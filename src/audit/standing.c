#include "audit/standing.h"

#include "audit/kept.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file grows by so many calls; it has as many chunks at most. */
#define CHUNK_CALLS 4096
#define CHUNKS_MAX 64
#define NAME "standing.now"
#define MAGIC "tandem-standing-2"
/* Of the head. */
#define TOKEN_BYTES 16
/* What is copied at once. */
#define PAGE_BYTES 4096
#define CHUNK_PAGES (CHUNK_BYTES / PAGE_BYTES)
#define PAGES_MAX (CHUNKS_MAX * CHUNK_PAGES)

/* HEAD: the first slot, which is no call's. */
enum state { FREE, STANDS, ENDS, HEAD };
enum { ENDED, WAITING, TAKEN, STANDING_LISTS };

/* As it is in the file. The state is written last, and so is what is true of the rest. */
struct slot {
	_Atomic uint32_t state;
	uint32_t version; /* of this struct: 1 */
	union {
		uint64_t start_us;
		uint64_t copy_inode; /* of the head */
	};
	/* Of the head: random, and the same in memory and in the copy that goes with it. */
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
	int fd; /* of the copy */
	pthread_mutex_t lock;
	struct kept kept;               /* LOCK: lock; the slots */
	unsigned chunks;                /* LOCK: lock */
	struct call *calls[CHUNKS_MAX]; /* LOCK: lock */
	bool changed[PAGES_MAX];        /* LOCK: lock; since they were copied */
	struct hash hash;               /* LOCK: lock */
	uint32_t free;                  /* LOCK: lock; a list */
	/* LOCK: lock; lists of calls that ended: whose record is being written, waits for the disk, waited when the audit thread
	 * looked */
	uint32_t lists[STANDING_LISTS];
	bool full; /* LOCK: lock; it was said */
	uint64_t left;
};

static struct slot *slot_at(struct standing *standing, uint32_t number)
{
	return (struct slot *)(void *)standing->kept.bytes + number;
}

static void mark_changed(struct standing *standing, uint32_t number)
{
	standing->changed[number * sizeof(struct slot) / PAGE_BYTES] = true;
}

static void mark_all(struct standing *standing)
{
	pthread_mutex_lock(&standing->lock);
	for (uint32_t i = 0; i < standing->chunks * CHUNK_CALLS; i++)
		mark_changed(standing, i);
	pthread_mutex_unlock(&standing->lock);
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

/* The next chunk is used, which is in memory. */
static int use_chunk(struct standing *standing)
{
	struct call *calls = calloc(CHUNK_CALLS, sizeof(*calls));

	if (!calls)
		return -ENOMEM;
	standing->calls[standing->chunks++] = calls;
	return 0;
}

static int grow(struct standing *standing)
{
	const uint32_t first = standing->chunks * CHUNK_CALLS;
	int err = standing->chunks == CHUNKS_MAX
			  ? ERR_LIMIT
			  : kept_grow(&standing->kept,
				    (standing->chunks + 1) * CHUNK_BYTES);

	if (!err)
		err = use_chunk(standing);
	for (uint32_t i = CHUNK_CALLS; !err && i > 0; i--) {
		if (first + i > 1)
			put_free(standing, first + i - 1);
		mark_changed(standing, first + i - 1); /* the copy has whole chunks */
	}
	return err;
}

static bool is_marked(const struct slot *slot)
{
	return slot->version == 1 && memcmp(slot->magic, MAGIC, sizeof(MAGIC)) == 0 &&
	       memchr(slot->id, '\0', sizeof(slot->id));
}

static bool is_head(const struct slot *slot)
{
	return atomic_load(&slot->state) == HEAD && is_marked(slot);
}

static bool is_call(const struct slot *slot)
{
	const uint32_t state = atomic_load(&slot->state);

	return (state == STANDS || state == ENDS) && is_marked(slot);
}

static bool is_free(const struct slot *slot)
{
	return atomic_load(&slot->state) == FREE;
}

static bool goes_with(struct standing *standing, const struct stat *copy)
{
	const struct slot *head;
	struct slot copied;

	if (standing->kept.size < CHUNK_BYTES ||
		pread(standing->fd, &copied, sizeof(copied), 0) !=
			(ssize_t)sizeof(copied))
		return false;
	head = slot_at(standing, 0);
	return is_head(head) && head->copy_inode == copy->st_ino && is_head(&copied) &&
	       strcmp(head->id, copied.id) == 0;
}

/* All slots of the copy that are whole. Its last chunk may have been cut: the machine went down, or the disk was full. */
static int read_copy(struct standing *standing, const struct stat *copy)
{
	const size_t max = CHUNKS_MAX * CHUNK_BYTES;
	const size_t whole = copy->st_size > (off_t)max ? max : (size_t)copy->st_size;
	const size_t size = whole - whole % sizeof(struct slot);
	const size_t chunks = (size + CHUNK_BYTES - 1) / CHUNK_BYTES;
	ssize_t n;
	int err;

	kept_shrink(&standing->kept, 0);
	err = kept_grow(&standing->kept, chunks * CHUNK_BYTES);
	if (err)
		return err;
	for (size_t at = 0; at < size; at += (size_t)n) {
		n = pread(standing->fd, standing->kept.bytes + at, size - at, (off_t)at);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

/* Takes what is in memory, which is that of FILE. What is not ours is emptied: there is nothing in it that could be said. */
static int take_slots(struct standing *standing, const char *file)
{
	const struct slot *head;
	uint64_t left = 0;
	bool ours = true;
	int err = 0;

	while (!err && (standing->chunks + 1) * CHUNK_BYTES <= standing->kept.size)
		err = use_chunk(standing);
	for (uint32_t i = standing->chunks * CHUNK_CALLS; !err && i > 1; i--) {
		const struct slot *slot = slot_at(standing, i - 1);

		ours = ours && (is_free(slot) || is_call(slot));
		left += !is_free(slot);
		put_free(standing, i - 1);
		mark_changed(standing, i - 1);
	}
	if (standing->chunks > 0) {
		head = slot_at(standing, 0);
		/* a copy of which the first page did not reach the disk has none */
		ours = ours && (is_free(head) || is_head(head));
	}
	standing->left = ours ? left : 0;
	for (uint32_t i = 0; !ours && i < standing->chunks * CHUNK_CALLS; i++)
		memset(slot_at(standing, i), 0, sizeof(struct slot));
	if (!err && !ours)
		log_warning("standing", "event=standing-foreign file=%s", file);
	if (!err && standing->chunks == 0)
		err = grow(standing);
	return err;
}

/* Takes PAGE if it changed. */
static bool take_page(struct standing *standing, size_t page, char ret[static PAGE_BYTES])
{
	bool changed;

	pthread_mutex_lock(&standing->lock);
	changed = standing->changed[page];
	if (changed)
		memcpy(ret, standing->kept.bytes + page * PAGE_BYTES, PAGE_BYTES);
	standing->changed[page] = false;
	pthread_mutex_unlock(&standing->lock);
	return changed;
}

/* Returns whether all of it is on the disk. */
static bool copy_changed(struct standing *standing)
{
	char bytes[PAGE_BYTES];
	bool any = false, whole = true;
	size_t pages;

	pthread_mutex_lock(&standing->lock);
	pages = standing->chunks * CHUNK_PAGES;
	pthread_mutex_unlock(&standing->lock);
	for (size_t page = 0; whole && page < pages; page++) {
		if (!take_page(standing, page, bytes))
			continue;
		any = true;
		whole = pwrite(standing->fd, bytes, PAGE_BYTES,
				(off_t)(page * PAGE_BYTES)) == PAGE_BYTES;
		if (whole)
			continue;
		pthread_mutex_lock(&standing->lock);
		standing->changed[page] = true;
		pthread_mutex_unlock(&standing->lock);
	}
	/* What became of those that were copied is not known then. */
	if (any && fdatasync(standing->fd) < 0) {
		mark_all(standing);
		whole = false;
	}
	return whole;
}

/*
 * Memory and copy get a new head. A memory that has the one before, and was not used by this process, is of a process long ago: what
 * stands in it was told, or is here.
 */
static void renew_head(struct standing *standing, const struct stat *copy)
{
	struct slot *head = slot_at(standing, 0);

	head->version = 1;
	head->copy_inode = copy->st_ino;
	memcpy(head->magic, MAGIC, sizeof(MAGIC));
	secret_token(head->id, TOKEN_BYTES);
	atomic_store(&head->state, HEAD);
	mark_changed(standing, 0);
	if (!copy_changed(standing))
		log_error("standing", "event=standing-copy-old file=%s", standing->path);
}

static int load(struct standing *standing, const char *run_dir)
{
	char path[4200];
	struct stat st;
	bool kept;
	int err = 0;

	if (fstat(standing->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EPERM;
	if (st.st_nlink > 1)
		return -EMLINK;
	kept = goes_with(standing, &st);
	if (kept)
		snprintf(path, sizeof(path), "%s/" NAME, run_dir);
	else
		err = read_copy(standing, &st);
	if (!err)
		err = take_slots(standing, kept ? path : standing->path);
	if (err)
		return err;
	if (!kept || is_free(slot_at(standing, 0)))
		renew_head(standing, &st);
	return 0;
}

/* Where a killed process leaves it, or else in this process, whose copy is left. */
static int open_memory(
	struct standing *standing, const char *run_dir, struct err_text *text)
{
	const size_t max = CHUNKS_MAX * CHUNK_BYTES;
	struct err_text why = {""};

	if (run_dir && kept_open(&standing->kept, run_dir, NAME, max, &why) == 0)
		return 0;
	if (run_dir)
		log_error("standing", "event=standing-unkept error=\"%s\"", why.text);
	return kept_open(&standing->kept, NULL, NAME, max, text);
}

int standing_new(struct standing **ret, const char *state_dir, const char *run_dir,
	struct err_text *text)
{
	struct standing *standing = calloc(1, sizeof(*standing));
	int err = -ENOMEM;

	if (!standing)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&standing->lock, NULL);
	standing->fd = standing->kept.fd = -1;
	if (asprintf(&standing->path, "%s/standing", state_dir) < 0)
		standing->path = NULL;
	if (standing->path && hash_init(&standing->hash) == 0 &&
		open_memory(standing, run_dir, text) == 0) {
		standing->fd = open(standing->path,
			O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
		err = standing->fd < 0 ? -errno : load(standing, run_dir);
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
	for (unsigned i = 0; i < standing->chunks; i++)
		free(standing->calls[i]);
	kept_close(&standing->kept);
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
	for (uint32_t i = 1; i < standing->chunks * CHUNK_CALLS; i++) {
		struct slot *slot = slot_at(standing, i);
		const uint32_t state = atomic_load(&slot->state);

		if (state == FREE)
			continue;
		/* Killed behind H, its record is found. */
		atomic_store(&slot->state, ENDS);
		h(arg, slot->id, slot->start_us, state == ENDS);
		atomic_store(&slot->state, FREE);
		mark_changed(standing, i);
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
				standing->chunks * CHUNK_CALLS - 1);
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
	mark_changed(standing, number);
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
		mark_changed(standing, number);
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
		mark_changed(standing, number);
	}
	pthread_mutex_unlock(&standing->lock);
}

void standing_recorded(struct standing *standing)
{
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
	(void)copy_changed(standing);
}
