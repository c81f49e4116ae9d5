/*
 * Whether audit can write. Who writes sets it, anybody may read it. One log line is written
 * when writing begins to fail, and one when it works again. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct health {
	atomic_bool failing; /* atomic */
	pthread_mutex_t lock;
	char why[128]; /* LOCK: lock */
};

void health_init(struct health *health);
void health_free(struct health *health);

/* WHAT ("capture", "cdr") failed with the negated errno ERR. */
void health_fail(struct health *health, const char *what, int err);
/* Writing works again; LOST records went missing since the start. */
void health_recover(struct health *health, uint64_t lost);
bool health_is_failing(const struct health *health);
/* Copies why it fails, or last failed; "" when it never did. */
void health_why(struct health *health, char *ret_why, size_t size);
