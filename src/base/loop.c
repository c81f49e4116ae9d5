#include "base/loop.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Events fetched by one system call; the rest comes with the next turn. */
#define BATCH 256
/* A wait this long is one: less is what asking costs when work is there already. */
#define IDLE_US 50

struct loop {
	struct clock *clock;
	struct timers *timers;
	int epoll_fd;
	int wake_fd; /* written by loop_wake() in other threads; all else is the loop's */
	struct loop_fd wake_watch;
	struct list tasks;
	bool stopped;
	bool turning; /* loop_turn() is past its wait */
	/* What this turn fetched; those before `next` are done. */
	struct epoll_event events[BATCH];
	int event_count;
	int next;
	uint64_t turn_us;    /* when the present turn began */
	uint64_t idle_us;    /* when the loop last had to wait for something to do */
	unsigned busy_turns; /* since then */
};

static void woken(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	uint64_t count;

	(void)events;
	/* Nothing to read when a signal handler's write came and went: no harm. */
	(void)!read(loop->wake_fd, &count, sizeof(count));
}

int loop_new(struct loop **ret, struct clock *clock)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;
	loop->clock = clock;
	loop->turn_us = loop->idle_us = clock->mono_us(clock);
	loop->epoll_fd = -1;
	loop->wake_fd = -1;
	list_init(&loop->tasks);
	err = timers_new(&loop->timers, clock);
	if (err)
		goto out;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		err = -errno;
		goto out;
	}
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0) {
		err = -errno;
		goto out;
	}
	err = loop_watch(loop, &loop->wake_watch, loop->wake_fd, EPOLLIN, woken, loop);
	if (err)
		goto out;
	*ret = loop;
	return 0;
out:
	loop_free(loop);
	return err;
}

static struct loop_task *first_task(const struct loop *loop)
{
	return LIST_ENTRY(loop->tasks.next, struct loop_task, node);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (!list_empty(&loop->tasks))
		loop_cancel(first_task(loop));
	timers_free(loop->timers);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop);
}

struct timers *loop_timers(struct loop *loop)
{
	return loop->timers;
}

struct clock *loop_clock(struct loop *loop)
{
	return loop->clock;
}

int loop_watch(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events,
	loop_fd_h *h, void *arg)
{
	struct epoll_event event = {.events = events, .data = {.ptr = watch}};

	assert(!watch->loop && "a watch is for one descriptor at a time");
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		return -errno;
	*watch = (struct loop_fd){
		.loop = loop, .fd = fd, .events = events, .h = h, .arg = arg};
	return 0;
}

int loop_rewatch(struct loop_fd *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data = {.ptr = watch}};

	if (events == watch->events)
		return 0;
	if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
		return -errno;
	watch->events = events;
	return 0;
}

void loop_unwatch(struct loop_fd *watch)
{
	struct loop *loop = watch->loop;

	if (!loop)
		return;
	/* Fails only if the descriptor was closed before, and then it is off already. */
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = loop->next; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	}
	watch->loop = NULL;
}

void loop_defer(
	struct loop *loop, struct loop_task *task, void (*h)(void *arg), void *arg)
{
	if (task->queued)
		return;
	*task = (struct loop_task){.queued = true, .h = h, .arg = arg};
	list_append(&loop->tasks, &task->node);
}

void loop_cancel(struct loop_task *task)
{
	if (!task->queued)
		return;
	list_remove(&task->node);
	task->queued = false;
}

bool loop_is_turning(const struct loop *loop)
{
	return loop->turning;
}

/* How long to wait: not past the next timer, and not at all with work at hand. */
static int wait_ms(const struct loop *loop, int timeout_ms)
{
	int64_t next_ms;

	if (!list_empty(&loop->tasks))
		return 0;
	next_ms = timers_next_ms(loop->timers);
	if (next_ms < 0 || (timeout_ms >= 0 && timeout_ms < next_ms))
		return timeout_ms;
	return next_ms < INT_MAX ? (int)next_ms : INT_MAX;
}

static void run_fds(struct loop *loop)
{
	loop->next = 0;
	while (loop->next < loop->event_count) {
		struct epoll_event *event = &loop->events[loop->next++];
		struct loop_fd *watch = event->data.ptr;

		if (watch)
			watch->h(watch->arg, event->events);
	}
	loop->next = 0;
	loop->event_count = 0;
}

static void run_tasks(struct loop *loop)
{
	while (!list_empty(&loop->tasks)) {
		struct loop_task *task = first_task(loop);

		loop_cancel(task); /* the handler may defer it again, or free it */
		task->h(task->arg);
	}
}

static void loop_rested(struct loop *loop)
{
	loop->idle_us = loop->turn_us;
	loop->busy_turns = 0;
}

int loop_turn(struct loop *loop, int timeout_ms)
{
	uint64_t before_us = loop->clock->mono_us(loop->clock);
	int count = epoll_wait(
		loop->epoll_fd, loop->events, BATCH, wait_ms(loop, timeout_ms));

	if (count < 0 && errno != EINTR)
		return -errno;
	/* Before any handler runs: what it takes for now is behind the wait. */
	loop->turn_us = timers_begin_turn(loop->timers);
	if (count <= 0 || loop->turn_us - before_us >= IDLE_US)
		loop_rested(loop);
	loop->busy_turns++;
	loop->event_count = count < 0 ? 0 : count;
	loop->turning = true;
	log_gather();
	run_fds(loop);
	timers_fire(loop->timers);
	run_tasks(loop);
	log_release();
	timers_end_turn(loop->timers);
	loop->turning = false;
	return 0;
}

uint64_t loop_busy_us(const struct loop *loop)
{
	return loop->turn_us - loop->idle_us;
}

unsigned loop_busy_turns(const struct loop *loop)
{
	return loop->busy_turns;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	while (!loop->stopped && !err)
		err = loop_turn(loop, -1);
	loop->stopped = false;
	return err;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_wake(struct loop *loop)
{
	const uint64_t one = 1;
	int saved_errno = errno; /* a signal handler must leave it as it was */

	/* Fails only when the counter is full, and then the loop is awake anyway. */
	(void)!write(loop->wake_fd, &one, sizeof(one));
	errno = saved_errno;
}
