/* The one thread that writes captures: it takes what the queues carry to the store. */
#include "audit/writer_priv.h"

#include "base/log.h"
#include "base/thread.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* After a wake-up, so that producers find the thread awake and need no system call, and
 * files are written by the batch. Also what a SIGKILL may cost a capture of its messages; of
 * its media half a second. */
#define GATHER_US 5000
#define GATHER_MEDIA_MS 20
#define BATCH_ITEMS 4096
#define TICK_MS 250
#define TICK_US UINT64_C(250000)
#define MEDIA_US UINT64_C(500000)

/* False: its call is not known. */
static bool add_item(struct writer *writer, const struct item *item, size_t len)
{
	const struct store_datagram datagram = {
		.call = item->call,
		.mono_us = item->mono_us,
		.media = item->kind == ITEM_PACKET,
		.party = item->party,
		.end = item->end,
		.sent = item->sent,
		.how = item->skip ? (const char *)(item + 1) : "",
		.source = item->source,
		.destination = item->destination,
		.data = (const char *)(item + 1) + item->skip,
		.len = len - sizeof(*item) - item->skip,
	};

	return store_add(writer->store, &datagram);
}

static void take_begin(struct writer *writer, const struct item *item)
{
	const struct store_call begun = {.call = item->call,
		.id = (const char *)(item + 1),
		.wall_us = item->begin.wall_us,
		.mono_us = item->mono_us,
		.style = item->begin.style};

	store_begin(writer->store, &begun);
	style_unref(item->begin.style);
}

static void take_party(struct writer *writer, const struct item *item)
{
	const char *leg = (const char *)(item + 1);
	const struct tap_party party = {.call = item->call,
		.party = item->party,
		.end = item->end,
		.leg = leg,
		.trunk = leg + strlen(leg) + 1};

	store_party(writer->store, &party);
}

static void take_item(struct writer *writer, const struct item *item, size_t len)
{
	switch ((enum item_kind)item->kind) {
	case ITEM_BEGIN:
		take_begin(writer, item);
		break;
	case ITEM_PARTY:
		take_party(writer, item);
		break;
	case ITEM_MESSAGE:
	case ITEM_PACKET:
		if (!add_item(writer, item, len))
			store_refuse(writer->store);
		break;
	case ITEM_END:
		store_end(writer->store, item->call, item->lost, item->mono_us);
		break;
	}
}

/* These two return whether the queue was found empty. */
static bool drain_loop(struct writer *writer, unsigned max)
{
	struct queue *queue = writer->sources[0].queue;
	const struct item *item;
	size_t len;

	for (; max > 0 && (item = queue_peek(queue, &len)); max--) {
		take_item(writer, item, len);
		queue_pop(queue);
	}
	return max > 0;
}

static bool drain_worker(struct writer *writer, struct queue *queue)
{
	const struct item *item;
	size_t len;

	unsigned taken = 0;

	for (; taken < BATCH_ITEMS && (item = queue_peek(queue, &len)); taken++) {
		if (!add_item(writer, item, len)) {
			/* A call's beginning was queued before its packets, but elsewhere. */
			drain_loop(writer, BATCH_ITEMS);
			take_item(writer, item, len);
		}
		queue_pop(queue);
	}
	return taken < BATCH_ITEMS;
}

/* Everything that is queued, once around. Returns whether more may be waiting. */
static bool drain(struct writer *writer)
{
	size_t len;
	bool more = false, drained = drain_loop(writer, BATCH_ITEMS);

	for (unsigned i = 1; i < writer->source_count; i++)
		drained &= drain_worker(writer, writer->sources[i].queue);
	if (drained)
		backlog_drained(&writer->backlog);
	store_flush(writer->store);
	for (unsigned i = 0; i < writer->source_count; i++)
		more |= queue_peek(writer->sources[i].queue, &len) != NULL;
	return more;
}

uint64_t writer_lost(const struct writer *writer)
{
	struct store_counts counts;
	uint64_t lost;

	store_counts(writer->store, &counts);
	lost = counts.lost;
	for (unsigned i = 0; i < writer->source_count; i++)
		lost += atomic_load(&writer->sources[i].refused);
	return lost;
}

/* What the thread remembers between its ticks. */
struct ticks {
	uint64_t next_us;
	uint64_t media_us;
	uint64_t lost; /* as last told in the log */
};

static bool in_use_h(void *arg, const char *date, const char *id)
{
	return store_uses(arg, date, id);
}

static void retain(struct writer *writer, uint64_t now_us)
{
	const struct retention_step step = {.root_fd = store_root(writer->store),
		.keep_us = atomic_load(&writer->keep_us),
		.keep_bytes = atomic_load(&writer->keep_bytes),
		.wall_us = clock_real()->wall_us(clock_real()),
		.mono_us = now_us,
		.in_use_h = in_use_h,
		.arg = writer->store};

	if (step.root_fd >= 0)
		retention_step(writer->retention, &step);
}

static void tick(struct writer *writer, struct ticks *ticks)
{
	uint64_t now_us = writer_now_us(), lost = writer_lost(writer);
	bool failing = health_is_failing(writer->health), written;

	if (now_us < ticks->next_us)
		return;
	ticks->next_us = now_us + TICK_US;
	if (now_us >= ticks->media_us) {
		ticks->media_us = now_us + MEDIA_US;
		store_flush_media(writer->store);
	}
	store_expire(writer->store, now_us);
	chronicle_lost(writer->chronicle, lost - ticks->lost);
	written = chronicle_tick(writer->chronicle, now_us, failing);
	if (failing && written && store_probe(writer->store))
		health_recover(writer->health, lost);
	backlog_tick(&writer->backlog, lost);
	if (!failing && !backlog_is_behind(&writer->backlog))
		retain(writer, now_us);
	/* While the disk fails, its own line has told. */
	if (lost > ticks->lost && !failing)
		log_error("writer", "event=lost records=%" PRIu64 " total=%" PRIu64,
			lost - ticks->lost, lost);
	ticks->lost = lost;
}

static void wait_for_work(struct writer *writer, struct pollfd *fds)
{
	nfds_t count = writer->source_count;

	for (nfds_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){
			.fd = queue_fd(writer->sources[i].queue), .events = POLLIN};
	fds[count] = (struct pollfd){.fd = writer->stop_fd, .events = POLLIN};
	if (poll(fds, count + 1, TICK_MS) <= 0 || fds[count].revents != 0)
		return;
	/* Media alone gathers for longer, unless a message comes. */
	if (fds[0].revents == 0) {
		fds[1] = fds[count];
		if (poll(fds, 2, GATHER_MEDIA_MS) <= 0 || fds[1].revents != 0)
			return;
	}
	usleep(GATHER_US);
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	struct pollfd *fds = calloc(writer->source_count + 1, sizeof(*fds));
	struct ticks ticks = {0};
	bool more = false;

	/* calls go before their captures when the processor is scarce */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	while (fds && (more || !atomic_load(&writer->stopping))) {
		if (!more)
			wait_for_work(writer, fds);
		for (unsigned i = 0; i < writer->source_count; i++)
			queue_clear_fd(writer->sources[i].queue);
		more = drain(writer);
		tick(writer, &ticks);
		pulse_beat(&writer->pulse);
	}
	while (drain(writer))
		;
	free(fds);
	return NULL;
}

int writer_thread_start(struct writer *writer)
{
	int err = thread_start(&writer->thread, "audit", run, writer);

	writer->started = !err;
	return err;
}
