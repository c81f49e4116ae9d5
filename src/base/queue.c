/*
 * A ring of records: a header of eight bytes, then the bytes of the record, padded to
 * eight. `head` and `tail` count bytes since the start and are never reduced; their place
 * in the ring is what remains after division by its size. A record that would run over
 * the ring's end is put at its start, behind a header that says "skip to there".
 *
 * Waking: the consumer declares that it may sleep, then looks once more at `head`; the
 * producer moves `head`, then looks whether the consumer sleeps. All four are sequentially
 * consistent, so at least one of them sees the other, and no record is left behind.
 */
#include "base/queue.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CACHE_LINE 64
#define ALIGNMENT 8
#define MIN_SIZE 64
#define MAX_SIZE ((size_t)1 << 31)
#define SKIP UINT32_MAX

struct record {
	uint32_t len; /* bytes that follow, or SKIP */
	uint32_t reserved;
};

_Static_assert(sizeof(struct record) == ALIGNMENT, "records stay aligned");

struct queue {
	/* RO after start */
	uint8_t *ring;
	size_t size;
	int fd;

	/* Written by the producer. */
	_Alignas(CACHE_LINE) atomic_size_t head; /* atomic */
	size_t known_tail;                       /* what the producer last saw of tail */
	_Atomic uint64_t dropped;                /* atomic */

	/* Written by the consumer. */
	_Alignas(CACHE_LINE) atomic_size_t tail; /* atomic */
	size_t known_head;                       /* what the consumer last saw of head */

	/* Written by both, seldom. */
	_Alignas(CACHE_LINE) atomic_bool sleeping; /* atomic */
};

int queue_new(struct queue **ret, size_t size_bytes)
{
	struct queue *queue;
	size_t size = MIN_SIZE;
	int err;

	if (size_bytes > MAX_SIZE)
		return -EINVAL;
	while (size < size_bytes)
		size *= 2;
	queue = aligned_alloc(CACHE_LINE, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	memset(queue, 0, sizeof(*queue));
	queue->size = size;
	queue->fd = -1;
	atomic_init(&queue->head, 0);
	atomic_init(&queue->tail, 0);
	atomic_init(&queue->dropped, 0);
	atomic_init(&queue->sleeping, true);
	queue->ring = aligned_alloc(CACHE_LINE, size);
	if (!queue->ring) {
		err = -ENOMEM;
		goto out;
	}
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		err = -errno;
		goto out;
	}
	*ret = queue;
	return 0;
out:
	queue_free(queue);
	return err;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	if (queue->fd >= 0)
		close(queue->fd);
	free(queue->ring);
	free(queue);
}

int queue_fd(const struct queue *queue)
{
	return queue->fd;
}

static struct record *record_at(const struct queue *queue, size_t position)
{
	return (struct record *)(void *)(queue->ring + (position & (queue->size - 1)));
}

static size_t record_size(size_t len)
{
	return sizeof(struct record) + (len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static int drop(struct queue *queue)
{
	atomic_fetch_add_explicit(&queue->dropped, 1, memory_order_relaxed);
	return -ENOBUFS;
}

/* Whether NEEDED bytes are free behind HEAD; asks the consumer's cache line only when the
 * last known tail does not do. */
static bool has_room(struct queue *queue, size_t head, size_t needed)
{
	if (queue->size - (head - queue->known_tail) >= needed)
		return true;
	queue->known_tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	return queue->size - (head - queue->known_tail) >= needed;
}

void queue_wake(struct queue *queue)
{
	const uint64_t one = 1;

	if (atomic_load(&queue->sleeping) && atomic_exchange(&queue->sleeping, false)) {
		/* Fails only when the counter is full, and then the fd is readable. */
		(void)!write(queue->fd, &one, sizeof(one));
	}
}

int queue_push_quiet(struct queue *queue, const void *head, size_t head_len,
	const void *body, size_t body_len)
{
	size_t position = atomic_load_explicit(&queue->head, memory_order_relaxed);
	size_t to_end = queue->size - (position & (queue->size - 1));
	size_t limit = queue->size / 2 - sizeof(struct record);
	size_t size, skipped = 0;
	struct record *record;
	uint8_t *data;

	/* A longer record might wait for ever for the place that its wrap needs. */
	if (head_len > limit || body_len > limit - head_len)
		return drop(queue);
	size = record_size(head_len + body_len);
	if (size > to_end)
		skipped = to_end;
	if (!has_room(queue, position, skipped + size))
		return drop(queue);
	if (skipped > 0)
		record_at(queue, position)->len = SKIP;
	position += skipped;
	record = record_at(queue, position);
	record->len = (uint32_t)(head_len + body_len);
	data = (uint8_t *)(record + 1);
	if (head_len > 0)
		memcpy(data, head, head_len);
	if (body_len > 0)
		memcpy(data + head_len, body, body_len);
	atomic_store(&queue->head, position + size);
	return 0;
}

int queue_push(struct queue *queue, const void *head, size_t head_len, const void *body,
	size_t body_len)
{
	int err = queue_push_quiet(queue, head, head_len, body, body_len);

	if (!err)
		queue_wake(queue);
	return err;
}

/* Whether there is something behind TAIL. When not, the consumer is taken to sleep. */
static bool has_record(struct queue *queue, size_t tail)
{
	if (tail != queue->known_head)
		return true;
	queue->known_head = atomic_load_explicit(&queue->head, memory_order_acquire);
	if (tail != queue->known_head)
		return true;
	atomic_store(&queue->sleeping, true);
	queue->known_head = atomic_load(&queue->head);
	if (tail == queue->known_head)
		return false;
	atomic_store(&queue->sleeping, false);
	return true;
}

const void *queue_peek(struct queue *queue, size_t *ret_len)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	const struct record *record;

	if (!has_record(queue, tail))
		return NULL;
	record = record_at(queue, tail);
	if (record->len == SKIP) {
		/* The record behind a skip was published with it. */
		tail += queue->size - (tail & (queue->size - 1));
		atomic_store_explicit(&queue->tail, tail, memory_order_release);
		record = record_at(queue, tail);
	}
	*ret_len = record->len;
	return record + 1;
}

void queue_pop(struct queue *queue)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	struct record *record = record_at(queue, tail);

	assert(tail != queue->known_head && record->len != SKIP &&
		"peek comes before pop");
	/* Else what was said waits here until the ring has come round. */
	secret_wipe_bytes(record + 1, record->len);
	atomic_store_explicit(
		&queue->tail, tail + record_size(record->len), memory_order_release);
}

void queue_clear_fd(struct queue *queue)
{
	uint64_t count;

	/* Nothing to read when it was not written: no harm. */
	(void)!read(queue->fd, &count, sizeof(count));
}

uint64_t queue_dropped(const struct queue *queue)
{
	return atomic_load_explicit(&queue->dropped, memory_order_relaxed);
}
