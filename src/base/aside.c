#include "base/aside.h"

#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct shared {
	atomic_uint users;     /* atomic */
	atomic_bool cancelled; /* atomic */
	/* RO after start */
	int done_fd;
	void (*work_h)(void *work, const atomic_bool *cancelled);
	void (*free_h)(void *work);
	void *work;
};

struct aside {
	struct loop_fd watch;
	struct shared *shared;
	void (*done_h)(void *arg, void *work);
	void *arg;
};

static void leave(struct shared *shared)
{
	if (atomic_fetch_sub(&shared->users, 1) > 1)
		return;
	shared->free_h(shared->work);
	if (shared->done_fd >= 0)
		close(shared->done_fd);
	free(shared);
}

static void *run(void *arg)
{
	struct shared *shared = arg;
	const uint64_t one = 1;

	shared->work_h(shared->work, &shared->cancelled);
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

	(void)events;
	loop_unwatch(&aside->watch);
	aside->done_h(aside->arg, aside->shared->work);
	aside_free(aside);
}

static int begin(struct aside *aside, const struct aside_params *params)
{
	struct shared *shared = aside->shared;
	pthread_t thread;
	int err;

	shared->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (shared->done_fd < 0)
		return -errno;
	err = loop_watch(
		params->loop, &aside->watch, shared->done_fd, EPOLLIN, on_done, aside);
	if (err)
		return err;
	atomic_fetch_add(&shared->users, 1);
	err = thread_start(&thread, params->name, run, shared);
	if (err)
		atomic_fetch_sub(&shared->users, 1);
	else
		pthread_detach(thread);
	return err;
}

int aside_start(struct aside **ret, const struct aside_params *params)
{
	struct aside *aside = calloc(1, sizeof(*aside));
	struct shared *shared = calloc(1, sizeof(*shared));
	int err;

	if (!aside || !shared) {
		free(aside);
		free(shared);
		params->free_h(params->work);
		return -ENOMEM;
	}
	atomic_init(&shared->users, 1);
	atomic_init(&shared->cancelled, false);
	shared->done_fd = -1;
	shared->work_h = params->work_h;
	shared->free_h = params->free_h;
	shared->work = params->work;
	aside->shared = shared;
	aside->done_h = params->done_h;
	aside->arg = params->arg;
	err = begin(aside, params);
	if (err)
		aside_free(aside);
	else
		*ret = aside;
	return err;
}

void aside_cancel(struct aside *aside)
{
	atomic_store(&aside->shared->cancelled, true);
	aside_free(aside);
}
