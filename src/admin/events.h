/*
 * What happens, for whoever follows it: the lines of the log at info and above, with the time and their
 * words, so that no fact is told twice. While nobody follows, it costs nothing: the log has no tap then.
 *
 * Lines come from any thread. They wait in a ring of fixed size, which the loop empties in its next turn.
 * Nobody waits for the loop, nor the loop for a follower: what does not fit is dropped and counted, and each
 * follower gets the count. Loop thread, but for the tap.
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define EVENTS_FOLLOWERS_MAX 8
#define EVENTS_MATCHES_MAX 8

struct events;
struct events_follower;

/* EVENT ({"time", "level", "module", "words", "line"}, or {"lost": N}) is the callee's. False: it had no
 * room. It must not unfollow. */
typedef bool events_h(void *arg, json_t *event);

/* 0, or a negated errno. One a process. */
int events_new(struct events **ret, struct loop *loop);
/* Its followers are gone. NULL is fine. */
void events_free(struct events *events);

/*
 * H gets what matches all of MATCHES ("KEY=VALUE"), which are copied; of those with the same key one is
 * enough. KEY is a word of the line, or: level, at least that; module; trunk, by whatever word a line
 * names it, and what the calls do that it was named with; call, by id or number. 0; -EINVAL with TEXT for
 * what is no match; ERR_LIMIT with TEXT when EVENTS_FOLLOWERS_MAX follow; -ENOMEM.
 */
int events_follow(struct events *events, struct events_follower **ret,
	const char *const *matches, size_t count, events_h *h, void *arg,
	struct err_text *text);
/* NULL is fine. */
void events_unfollow(struct events_follower *follower);
