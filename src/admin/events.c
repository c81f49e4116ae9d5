#include "admin/events.h"

#include "admin/event_line.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Lines that wait for the loop's next turn, and how much of each is kept. */
#define RING_LINES 512
#define LINE_SIZE 2048

struct waiting {
	uint64_t wall_us;
	enum log_level level;
	size_t len;
	char line[LINE_SIZE];
};

struct events {
	struct loop *loop;
	struct loop_fd watch;
	int fd; /* of eventfd(2): there are lines */
	struct list followers;
	unsigned follower_count;
	pthread_mutex_t lock;
	struct waiting *ring;  /* LOCK: lock; NULL while nobody follows */
	unsigned first, count; /* LOCK: lock */
	uint64_t lost;         /* LOCK: lock */
};

struct events_follower {
	struct list node;
	struct events *events;
	struct event_filter filter;
	events_h *h;
	void *arg;
	uint64_t lost; /* not yet told */
};

/* Any thread. */
static void on_line(void *arg, enum log_level level, const char *line, size_t len)
{
	struct events *events = arg;
	struct waiting *waiting;
	const uint64_t one = 1;
	bool first = false;

	pthread_mutex_lock(&events->lock);
	if (!events->ring || events->count == RING_LINES) {
		events->lost++;
	} else {
		waiting = &events->ring[(events->first + events->count) % RING_LINES];
		waiting->wall_us = clock_real()->wall_us(clock_real());
		waiting->level = level;
		waiting->len = len < LINE_SIZE - 1 ? len : LINE_SIZE - 1;
		memcpy(waiting->line, line, waiting->len);
		waiting->line[waiting->len] = '\0';
		first = events->count++ == 0;
	}
	pthread_mutex_unlock(&events->lock);
	/* It counts to 2^64 before it would fail. */
	if (first)
		(void)!write(events->fd, &one, sizeof(one));
}

static void tell_lost(struct events_follower *follower)
{
	if (follower->lost > 0 &&
		follower->h(follower->arg,
			json_pack("{s:I}", "lost", (json_int_t)follower->lost)))
		follower->lost = 0;
}

static void tell(struct events *events, const struct waiting *waiting)
{
	struct event_line line;

	if (event_line_read(&line, waiting->level, waiting->line))
		return;
	LIST_FOREACH (&events->followers, node, next) {
		struct events_follower *follower =
			LIST_ENTRY(node, struct events_follower, node);

		if (!event_filter_pass(&follower->filter, &line))
			continue;
		tell_lost(follower);
		/* In their order: while a loss is not told nothing behind it is. */
		if (follower->lost > 0 ||
			!follower->h(
				follower->arg, event_line_json(&line, waiting->wall_us)))
			follower->lost++;
	}
	event_line_free(&line);
}

/* Takes the oldest line. False when there is none. */
static bool take(struct events *events, struct waiting *ret)
{
	const struct waiting *waiting;
	bool taken;

	pthread_mutex_lock(&events->lock);
	taken = events->count > 0;
	if (taken) {
		waiting = &events->ring[events->first];
		ret->wall_us = waiting->wall_us;
		ret->level = waiting->level;
		ret->len = waiting->len;
		memcpy(ret->line, waiting->line, waiting->len + 1);
		events->first = (events->first + 1) % RING_LINES;
		events->count--;
	}
	pthread_mutex_unlock(&events->lock);
	return taken;
}

static void on_ready(void *arg, uint32_t ready)
{
	struct events *events = arg;
	struct waiting waiting;
	uint64_t count, lost;

	(void)ready;
	(void)!read(events->fd, &count, sizeof(count));
	while (take(events, &waiting))
		tell(events, &waiting);
	pthread_mutex_lock(&events->lock);
	lost = events->lost;
	events->lost = 0;
	pthread_mutex_unlock(&events->lock);
	LIST_FOREACH (&events->followers, node, next) {
		struct events_follower *follower =
			LIST_ENTRY(node, struct events_follower, node);

		follower->lost += lost;
		tell_lost(follower);
	}
}

int events_new(struct events **ret, struct loop *loop)
{
	struct events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return -ENOMEM;
	events->loop = loop;
	list_init(&events->followers);
	pthread_mutex_init(&events->lock, NULL);
	events->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = events->fd < 0 ? -errno
			     : loop_watch(loop, &events->watch, events->fd, EPOLLIN,
				       on_ready, events);
	if (err) {
		events_free(events);
		return err;
	}
	*ret = events;
	return 0;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	log_set_tap(NULL, LOG_LEVEL_INFO, NULL);
	loop_unwatch(&events->watch);
	if (events->fd >= 0)
		close(events->fd);
	pthread_mutex_destroy(&events->lock);
	free(events->ring);
	free(events);
}

/* With the first follower. */
static int begin(struct events *events)
{
	struct waiting *ring = calloc(RING_LINES, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	pthread_mutex_lock(&events->lock);
	events->ring = ring;
	events->first = events->count = 0;
	events->lost = 0;
	pthread_mutex_unlock(&events->lock);
	log_set_tap(on_line, LOG_LEVEL_INFO, events);
	return 0;
}

/* With the last one. */
static void end(struct events *events)
{
	log_set_tap(NULL, LOG_LEVEL_INFO, NULL);
	pthread_mutex_lock(&events->lock);
	free(events->ring);
	events->ring = NULL;
	events->count = 0;
	pthread_mutex_unlock(&events->lock);
}

int events_follow(struct events *events, struct events_follower **ret,
	const char *const *matches, size_t count, events_h *h, void *arg,
	struct err_text *text)
{
	struct events_follower *follower;
	int err;

	if (events->follower_count >= EVENTS_FOLLOWERS_MAX)
		return err_set(text, ERR_LIMIT, "%d follow already, which is the limit",
			EVENTS_FOLLOWERS_MAX);
	follower = calloc(1, sizeof(*follower));
	if (!follower)
		return err_set(text, -ENOMEM, "out of memory");
	follower->events = events;
	follower->h = h;
	follower->arg = arg;
	list_init(&follower->node);
	err = event_filter_read(&follower->filter, matches, count, text);
	if (!err && events->follower_count == 0)
		err = begin(events);
	if (err) {
		event_filter_free(&follower->filter);
		free(follower);
		return err;
	}
	list_append(&events->followers, &follower->node);
	events->follower_count++;
	*ret = follower;
	return 0;
}

void events_unfollow(struct events_follower *follower)
{
	struct events *events;

	if (!follower)
		return;
	events = follower->events;
	list_remove(&follower->node);
	event_filter_free(&follower->filter);
	free(follower);
	if (--events->follower_count == 0)
		end(events);
}
