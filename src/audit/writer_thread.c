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
	const bool packet = item->kind == ITEM_PACKET;
	const struct store_datagram datagram = {
		.call = item->call,
		.mono_us = item->mono_us,
		.media = packet,
		.party = item->party,
		.end = item->end,
		.sent = item->sent,
		.how = item->skip && !packet ? (const char *)(item + 1) : "",
		.onward = item->skip && packet
				  ? &((const struct onward_item *)item)->onward
				  : NULL,
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

/* How many records it was offered as. */
static unsigned records_of(const struct item *item)
{
	return item->kind == ITEM_PACKET && item->skip ? 2 : 1;
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
	case ITEM_CERTS:
		store_certs(writer->store, item->call, item->party,
			(struct span){(const char *)(item + 1), len - sizeof(*item)});
		break;
	case ITEM_MESSAGE:
	case ITEM_PACKET:
		if (!add_item(writer, item, len))
			store_refuse(writer->store, records_of(item));
		break;
	case ITEM_END:
		store_end(writer->store, item->call, item->lost, item->mono_us);
		break;
	}
}

/* ---- queues: what they carry is taken by its time, so that a file has it in that order ---- */

/* The oldest of a queue; ITEM NULL: it was found empty. */
struct head {
	const struct item *item;
	size_t len;
};

static void look(const struct writer *writer, struct head *heads, unsigned nth)
{
	heads[nth].item = queue_peek(writer->sources[nth].queue, &heads[nth].len);
}

/* Which queue has the oldest of all, of those alike the first; until when it goes on having it in *RET_UNTIL_US. COUNT: all are empty. */
static unsigned find_oldest(
	const struct head *heads, unsigned count, uint64_t *ret_until_us)
{
	uint64_t first_us = UINT64_MAX, second_us = UINT64_MAX, us;
	unsigned first = count;

	for (unsigned i = 0; i < count; i++) {
		if (!heads[i].item)
			continue;
		us = heads[i].item->mono_us;
		if (first == count || us < first_us) {
			second_us = first_us;
			first_us = us;
			first = i;
		} else if (us < second_us) {
			second_us = us;
		}
	}
	*ret_until_us = second_us;
	return first;
}

/* Takes what the loop's queue has. */
static void drain_loop(struct writer *writer, struct head *heads)
{
	look(writer, heads, 0);
	for (unsigned left = BATCH_ITEMS; left > 0 && heads[0].item; left--) {
		take_item(writer, heads[0].item, heads[0].len);
		queue_pop(writer->sources[0].queue);
		look(writer, heads, 0);
	}
}

/* A worker's packet. */
static void take_packet(struct writer *writer, struct head *heads, unsigned nth)
{
	if (add_item(writer, heads[nth].item, heads[nth].len))
		return;
	/* A call's beginning was queued before its packets, but elsewhere, and behind what was looked at. */
	drain_loop(writer, heads);
	take_item(writer, heads[nth].item, heads[nth].len);
}

/* Everything that is queued, once around. False: it was too much. */
static bool drain_queues(struct writer *writer, struct head *heads)
{
	const unsigned count = writer->source_count;
	unsigned left = BATCH_ITEMS * count, nth;
	uint64_t until_us;

	for (unsigned i = 0; i < count; i++)
		look(writer, heads, i);
	while (left > 0 && (nth = find_oldest(heads, count, &until_us)) < count)
		do {
			if (nth == 0)
				take_item(writer, heads[0].item, heads[0].len);
			else
				take_packet(writer, heads, nth);
			queue_pop(writer->sources[nth].queue);
			look(writer, heads, nth);
		} while (--left > 0 && heads[nth].item &&
			 heads[nth].item->mono_us <= until_us);
	return left > 0;
}

/* Returns whether more may be waiting. */
static bool drain(struct writer *writer, struct head *heads)
{
	size_t len;
	bool more = false;

	if (drain_queues(writer, heads))
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
	uint64_t uncaptured;
};

/* What retention asks and tells. */
struct retaining {
	struct writer *writer;
	const struct keep *keep;
};

static bool in_use_h(void *arg, const char *date, const char *id)
{
	const struct retaining *retaining = arg;

	return store_uses(retaining->writer->store, date, id);
}

static bool short_h(void *arg)
{
	const struct retaining *retaining = arg;

	return disk_is_below(
		store_root(retaining->writer->store), retaining->keep->disk_low);
}

static void deleted_h(void *arg, const struct retention_deletion *deletion)
{
	const struct retaining *retaining = arg;

	chronicle_deleted(retaining->writer->chronicle,
		&(const struct entry_deleted){.id = deletion->id,
			.day = deletion->day,
			.why = deletion->why,
			.rule = deletion->rule,
			.files = deletion->files,
			.bytes = deletion->bytes,
			.written_us = deletion->written_us});
}

static void retain(struct writer *writer, struct keep *keep, uint64_t now_us)
{
	struct retaining retaining = {.writer = writer, .keep = keep};
	const struct retention_step step = {.root_fd = store_root(writer->store),
		.keep = keep,
		.wall_us = clock_real()->wall_us(clock_real()),
		.mono_us = now_us,
		.in_use_h = in_use_h,
		.short_h = short_h,
		.deleted_h = deleted_h,
		.arg = &retaining};

	if (step.root_fd >= 0)
		retention_step(writer->retention, &step);
}

/* One line when it changes. */
static void judge_disk(struct writer *writer, const struct keep *keep)
{
	const enum disk_state before = (enum disk_state)atomic_load(&writer->disk);
	const enum disk_state now = disk_judge(
		store_root(writer->store), keep->disk_low, keep->disk_critical, before);

	if (now == before)
		return;
	atomic_store(&writer->disk, (int)now);
	if (now == DISK_CRITICAL)
		log_error("audit", "event=disk-critical");
	else if (now == DISK_LOW)
		log_warning("audit", "event=disk-low");
	else
		log_warning("audit", "event=disk-good");
}

/* What follows from how much room there is, and how long captures are kept. Not while what comes cannot be written in time:
 * but that may be for want of the room that is made here. */
static void keep_room(struct writer *writer, struct ticks *ticks, bool busy)
{
	const uint64_t uncaptured = atomic_load(&writer->uncaptured);
	struct keep *keep;

	pthread_mutex_lock(&writer->keep_lock);
	keep = keep_ref(writer->keep);
	pthread_mutex_unlock(&writer->keep_lock);
	chronicle_uncaptured(writer->chronicle, uncaptured - ticks->uncaptured);
	ticks->uncaptured = uncaptured;
	if (!keep)
		return;
	judge_disk(writer, keep);
	if (!busy || atomic_load(&writer->disk) != DISK_GOOD)
		retain(writer, keep, writer_now_us());
	keep_unref(keep);
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
	keep_room(writer, ticks, failing || backlog_is_behind(&writer->backlog));
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
	struct head *heads = calloc(writer->source_count, sizeof(*heads));
	struct ticks ticks = {0};
	bool more = false;

	/* calls go before their captures when the processor is scarce */
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	while (fds && heads && (more || !atomic_load(&writer->stopping))) {
		if (!more)
			wait_for_work(writer, fds);
		health_turn_begins(writer->health, writer_now_us());
		for (unsigned i = 0; i < writer->source_count; i++)
			queue_clear_fd(writer->sources[i].queue);
		more = drain(writer, heads);
		/* a disk that fails is tried a few times a second */
		if (!health_is_failing(writer->health))
			chronicle_write(writer->chronicle);
		tick(writer, &ticks);
		pulse_beat(&writer->pulse);
		health_turn_ends(writer->health);
	}
	while (heads && drain(writer, heads))
		;
	free(heads);
	free(fds);
	return NULL;
}

int writer_thread_start(struct writer *writer)
{
	int err = thread_start(&writer->thread, "audit", run, writer);

	writer->started = !err;
	return err;
}
