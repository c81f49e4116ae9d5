#include "base/aside.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct shared {
	atomic_uint users;     /* atomic */
	atomic_bool cancelled; /* atomic */
	atomic_bool done;      /* atomic: the work is the loop's, or nobody's */
	/* RO after start */
	int done_fd; /* -1: nobody is told */
	struct aside_group *group;
	uint64_t began_us; /* wall clock */
	void (*work_h)(void *work, const atomic_bool *cancelled);
	void (*free_h)(void *work);
	void *work; /* NULL: the loop has taken it. Of whoever's turn it is */
	/* LOCK: group->lock */
	bool ended, given_up;
};

struct aside {
	struct loop_fd watch;
	struct shared *shared;
	void (*done_h)(void *arg, void *work);
	void *arg;
};

static bool is_last(struct shared *shared)
{
	return atomic_fetch_sub(&shared->users, 1) == 1;
}

static void shared_free(struct shared *shared)
{
	if (shared->work)
		shared->free_h(shared->work);
	if (shared->done_fd >= 0)
		close(shared->done_fd);
	free(shared);
}

static void leave(struct shared *shared)
{
	if (is_last(shared))
		shared_free(shared);
}

static void count_given_up(struct shared *shared)
{
	struct aside_group *group = shared->group;

	pthread_mutex_lock(&group->lock);
	if (!shared->ended) {
		shared->given_up = true;
		if (group->given_up++ == 0 || shared->began_us < group->since_us)
			group->since_us = shared->began_us;
	}
	pthread_mutex_unlock(&group->lock);
}

static void count_ended(struct shared *shared)
{
	struct aside_group *group = shared->group;

	pthread_mutex_lock(&group->lock);
	shared->ended = true;
	if (shared->given_up)
		group->given_up--;
	pthread_mutex_unlock(&group->lock);
}

unsigned aside_given_up(struct aside_group *group, uint64_t *ret_since_us)
{
	unsigned count;

	pthread_mutex_lock(&group->lock);
	count = group->given_up;
	if (count > 0)
		*ret_since_us = group->since_us;
	pthread_mutex_unlock(&group->lock);
	return count;
}

static void *run(void *arg)
{
	struct shared *shared = arg;
	const uint64_t one = 1;

	if (shared->work_h)
		shared->work_h(shared->work, &shared->cancelled);
	/* to free it may take as long as the disk does */
	if (atomic_load(&shared->cancelled)) {
		shared->free_h(shared->work);
		shared->work = NULL;
	}
	count_ended(shared);
	atomic_store(&shared->done, true);
	if (shared->done_fd >= 0)
		(void)!write(shared->done_fd, &one, sizeof(one));
	leave(shared);
	return NULL;
}

static void aside_free(struct aside *aside)
{
	if (aside->watch.loop)
		loop_unwatch(&aside->watch);
	leave(aside->shared);
	free(aside);
}

static void on_done(void *arg, uint32_t events)
{
	struct aside *aside = arg;
	struct shared *shared = aside->shared;
	void (*done_h)(void *arg, void *work) = aside->done_h;
	void *done_arg = aside->arg, *work;

	(void)events;
	if (!atomic_load(&shared->done))
		return;
	work = shared->work;
	shared->work = NULL;
	aside_free(aside);
	done_h(done_arg, work);
}

/* One more user is the thread. */
static int begin(struct shared *shared, const char *name)
{
	pthread_t thread;
	int err;

	atomic_fetch_add(&shared->users, 1);
	err = thread_start(&thread, name, run, shared);
	if (err)
		atomic_fetch_sub(&shared->users, 1);
	else
		pthread_detach(thread);
	return err;
}

static int begin_watched(struct aside *aside, const struct aside_params *params)
{
	struct shared *shared = aside->shared;
	int err;

	shared->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (shared->done_fd < 0)
		return -errno;
	err = loop_watch(
		params->loop, &aside->watch, shared->done_fd, EPOLLIN, on_done, aside);
	return err ? err : begin(shared, params->name);
}

/* With one user. */
static struct shared *shared_new(
	struct aside_group *group, void (*free_h)(void *work), void *work)
{
	const struct clock *clock = clock_real();
	struct shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	atomic_init(&shared->users, 1);
	atomic_init(&shared->cancelled, false);
	atomic_init(&shared->done, false);
	shared->done_fd = -1;
	shared->group = group;
	shared->began_us = clock->wall_us(clock_real());
	shared->free_h = free_h;
	shared->work = work;
	return shared;
}

int aside_start(struct aside **ret, const struct aside_params *params)
{
	struct aside *aside = calloc(1, sizeof(*aside));
	struct shared *shared = shared_new(params->group, params->free_h, params->work);
	int err;

	if (!aside || !shared) {
		free(aside);
		free(shared);
		params->free_h(params->work);
		return -ENOMEM;
	}
	shared->work_h = params->work_h;
	aside->shared = shared;
	aside->done_h = params->done_h;
	aside->arg = params->arg;
	err = begin_watched(aside, params);
	if (err)
		aside_free(aside);
	else
		*ret = aside;
	return err;
}

void aside_discard(struct aside_group *group, void (*free_h)(void *work), void *work)
{
	struct shared *shared = shared_new(group, free_h, work);

	if (!shared) {
		free_h(work);
		return;
	}
	count_given_up(shared);
	atomic_store(&shared->cancelled, true);
	if (begin(shared, "discard") != 0)
		count_ended(shared);
	leave(shared);
}

void aside_cancel(struct aside *aside)
{
	struct shared *shared = aside->shared;

	loop_unwatch(&aside->watch);
	free(aside);
	count_given_up(shared);
	atomic_store(&shared->cancelled, true);
	if (!is_last(shared))
		return;
	/* the thread was done already, and did not know */
	if (shared->work)
		aside_discard(shared->group, shared->free_h, shared->work);
	shared->work = NULL;
	shared_free(shared);
}
