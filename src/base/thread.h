/*
 * A thread of Tandem's beside the loop's. Signals are the loop thread's, but for a fault of the thread itself.
 */
#pragma once

#include <pthread.h>

/* Starts RUN with ARG under NAME, of which 15 bytes show. 0 or the negated errno. */
int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg);
