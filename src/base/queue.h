/*
 * A bounded queue of byte records from one thread to another, lock-free: one producer,
 * one consumer. The packet path pushes without a system call unless the consumer sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

/* SIZE_BYTES is rounded up to a power of two. 0 or a negated errno. */
int queue_new(struct queue **ret, size_t size_bytes);
void queue_free(struct queue *queue);

/* An eventfd that becomes readable when something was pushed; for the consumer's epoll.
 * Owned by the queue. */
int queue_fd(const struct queue *queue);

/*
 * Producer: appends one record made of HEAD and BODY (either may be empty). The consumer
 * is woken. 0, or -ENOBUFS when the queue is full or the record would take more than half
 * of it (counted, nothing is stored).
 */
int queue_push(struct queue *queue, const void *head, size_t head_len, const void *body,
	size_t body_len);

/*
 * Producer: the same without waking, for several records in a row: queue_wake() follows soon,
 * also when the queue was full. Cheap when the consumer is awake.
 */
int queue_push_quiet(struct queue *queue, const void *head, size_t head_len,
	const void *body, size_t body_len);
void queue_wake(struct queue *queue);

/*
 * Consumer: the oldest record, valid until queue_pop(), 8-byte aligned; NULL when empty.
 * queue_clear_fd() resets the eventfd and is called before the queue is drained. Drain
 * until NULL: only then is the consumer taken to sleep, and woken by the next push.
 */
const void *queue_peek(struct queue *queue, size_t *ret_len);
void queue_pop(struct queue *queue);
void queue_clear_fd(struct queue *queue);

/* Records refused since the start. Any thread. */
uint64_t queue_dropped(const struct queue *queue);
