/*
 * Queues between those who see traffic and the one thread that writes it down.
 *
 * The loop thread knows which calls are captured and drops the messages of others at once. It overwrites
 * keys before it queues a message, so that none reaches the queue's memory, the thread
 * behind it, or a file. CDRs do not pass the queue: see journal.h.
 */
#include "audit/writer.h"

#include "audit/backlog.h"
#include "audit/cdr.h"
#include "audit/health.h"
#include "audit/journal.h"
#include "audit/mask.h"
#include "audit/store.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/queue.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define QUEUE_BYTES_DEFAULT ((size_t)8 << 20)
/* One of five descriptors that a process may have: a call's media take four. */
#define OPEN_FILES_SHARE 5
#define OPEN_FILES_MIN 64
#define OPEN_FILES_MAX 16384
/* After a wake-up, so that producers find the thread awake and need no system call, and
 * files are written by the batch. Also what a SIGKILL may cost a capture of its messages; of
 * its media half a second. */
#define GATHER_US 5000
#define GATHER_MEDIA_MS 20
#define BATCH_ITEMS 4096
#define TICK_MS 250
#define TICK_US UINT64_C(250000)
#define MEDIA_US UINT64_C(500000)
#define SYNC_US UINT64_C(1000000)
/* Longer than STORE_LINGER_US must not be: the store would have forgotten the call. */
#define WATCH_US (STORE_LINGER_US - UINT64_C(1000000))
/* A SIP message is 64 kB at most; a datagram with media is shorter. */
#define ITEM_DATA_MAX 65536

enum item_kind { ITEM_BEGIN, ITEM_MESSAGE, ITEM_PACKET, ITEM_END };

/* What the queues carry; BEGIN is followed by the call's id, MESSAGE and PACKET by their
 * bytes. */
struct item {
	uint64_t call;
	uint64_t time_us; /* wall; monotonic for END */
	uint64_t lost;    /* END: of this call, refused by the queue */
	struct addr source;
	struct addr destination;
	enum item_kind kind;
};

/* One producer's side. */
struct source {
	struct queue *queue;
	_Atomic uint64_t offered; /* atomic; written by the producer */
	_Atomic uint64_t refused; /* atomic; written by the producer */
};

/* A call that is captured, as the loop thread knows it. */
struct watch {
	struct hash_node node;
	struct list ended; /* in writer.ended once it ended, oldest first */
	uint64_t call;
	uint64_t start_wall_us;
	uint64_t ended_us; /* monotonic */
	uint64_t lost;
	bool paused;   /* its messages are not captured now */
	bool begun;    /* BEGIN found room in the queue */
	bool end_said; /* END did */
	char id[STORE_ID_SIZE];
	char path[];
};

struct writer {
	/* RO after start */
	struct tap tap;
	struct source *sources; /* the loop's, then one for each worker */
	unsigned source_count;
	char *state_dir;
	struct store *store; /* audit thread */
	struct journal *journal;
	pthread_t thread;
	bool started;
	int stop_fd;

	struct health *health; /* has its own lock */
	struct backlog backlog;
	atomic_bool stopping; /* atomic */
	struct pulse pulse;   /* of the audit thread */

	/* loop thread */
	struct hash watches;
	struct list ended;
	struct buf line;
	char masked[ITEM_DATA_MAX];
};

static uint64_t mono_us(void)
{
	return clock_real()->mono_us(clock_real());
}

/* Loop thread: which calls are captured */

static struct watch *watch_find(const struct writer *writer, uint64_t call)
{
	struct hash_node *node = hash_find(&writer->watches, call);
	struct watch *watch;

	for (; node; node = hash_find_next(node)) {
		watch = HASH_ENTRY(node, struct watch, node);
		if (watch->call == call)
			return watch;
	}
	return NULL;
}

static bool push(struct writer *writer, unsigned nth, const struct item *item,
	const void *data, size_t len)
{
	struct queue *queue = writer->sources[nth].queue;
	bool room = queue_push(queue, item, sizeof(*item), data, len) == 0;

	if (!room)
		backlog_overrun(&writer->backlog);
	return room;
}

/* Tells the audit thread of what it could not be told when its queue was full. */
static void watch_say(struct writer *writer, struct watch *watch)
{
	struct item item = {.call = watch->call, .time_us = watch->start_wall_us};

	if (!watch->begun) {
		item.kind = ITEM_BEGIN;
		watch->begun = push(writer, 0, &item, watch->id, strlen(watch->id) + 1);
	}
	if (watch->begun && watch->ended_us > 0 && !watch->end_said) {
		item.kind = ITEM_END;
		item.time_us = watch->ended_us;
		item.lost = watch->lost;
		watch->end_said = push(writer, 0, &item, NULL, 0);
	}
}

static void watch_free(struct writer *writer, struct watch *watch)
{
	list_remove(&watch->ended);
	hash_remove(&writer->watches, &watch->node);
	free(watch);
}

/* Forgets calls that ended long ago. Without a timer of its own: every tapped message,
 * keep-alives too, comes by here. */
static void expire_watches(struct writer *writer, uint64_t now_us)
{
	struct watch *watch;

	LIST_FOREACH (&writer->ended, node, next) {
		watch = LIST_ENTRY(node, struct watch, ended);
		if (!watch->end_said)
			watch_say(writer, watch);
		if (!watch->end_said || now_us - watch->ended_us < WATCH_US)
			return;
		watch_free(writer, watch);
	}
}

void writer_call_begin(struct writer *writer, uint64_t call, const char *id)
{
	size_t path_size = strlen(writer->state_dir) + sizeof("/audit//call.pcap") +
			   STORE_DATE_SIZE + STORE_ID_SIZE;
	char date[STORE_DATE_SIZE];
	struct watch *watch;

	if (call == 0)
		return;
	watch = watch_find(writer, call);
	if (watch) {
		watch->paused = false;
		return;
	}
	if (!store_id_ok(id)) {
		log_error("writer",
			"event=capture-refused error=\"call id unfit for a path\"");
		return;
	}
	watch = calloc(1, sizeof(*watch) + path_size);
	if (!watch)
		return;
	list_init(&watch->ended);
	watch->call = call;
	watch->start_wall_us = clock_real()->wall_us(clock_real());
	snprintf(watch->id, sizeof(watch->id), "%s", id);
	snprintf(watch->path, path_size, "%s/audit/%s/%s/call.pcap", writer->state_dir,
		store_date(watch->start_wall_us, date), id);
	hash_add(&writer->watches, &watch->node, call);
	watch_say(writer, watch);
	expire_watches(writer, mono_us());
}

void writer_call_pause(struct writer *writer, uint64_t call)
{
	struct watch *watch = watch_find(writer, call);

	if (watch)
		watch->paused = true;
}

void writer_cdr(struct writer *writer, const struct record *record)
{
	buf_clear(&writer->line);
	cdr_format(record, &writer->line);
	buf_add_char(&writer->line, '\n');
	if (writer->line.err) {
		log_error("writer", "event=cdr-lost error=\"%s\"",
			err_str(writer->line.err));
		return;
	}
	journal_add(writer->journal, writer->line.data, writer->line.len);
}

void writer_call_end(struct writer *writer, const struct record *record)
{
	struct watch *watch = watch_find(writer, record->call);

	writer_cdr(writer, record);
	if (!watch || watch->ended_us > 0)
		return;
	watch->ended_us = mono_us();
	list_append(&writer->ended, &watch->ended);
	watch_say(writer, watch);
	expire_watches(writer, watch->ended_us);
}

const char *writer_capture_path(const struct writer *writer, uint64_t call)
{
	const struct watch *watch = watch_find(writer, call);

	return watch ? watch->path : "";
}

/* Taps */

/* To the queue of the NTH source. False: it was refused. */
static bool offer(struct writer *writer, unsigned nth, const struct item *item,
	const void *data, size_t len)
{
	struct source *source = &writer->sources[nth];

	atomic_fetch_add_explicit(&source->offered, 1, memory_order_relaxed);
	if (push(writer, nth, item, data, len))
		return true;
	atomic_fetch_add_explicit(&source->refused, 1, memory_order_relaxed);
	return false;
}

static void tap_message(void *arg, const struct tap_message *message)
{
	struct writer *writer = arg;
	size_t len = message->len < ITEM_DATA_MAX ? message->len : ITEM_DATA_MAX;
	struct item item = {
		.kind = ITEM_MESSAGE,
		.call = message->call,
		.time_us = message->wall_us,
		.source = message->source,
		.destination = message->destination,
	};
	struct watch *watch;

	if (!list_empty(&writer->ended))
		expire_watches(writer, mono_us());
	watch = message->call != 0 ? watch_find(writer, message->call) : NULL;
	if (!watch || watch->paused)
		return;
	if (!watch->begun)
		watch_say(writer, watch);
	if (len > 0)
		memcpy(writer->masked, message->data, len);
	mask_keys(writer->masked, len);
	if (!offer(writer, 0, &item, writer->masked, len))
		watch->lost++;
}

static void tap_packet(void *arg, const struct tap_packet *packet)
{
	struct writer *writer = arg;
	struct item item = {
		.kind = ITEM_PACKET,
		.call = packet->call,
		.time_us = packet->wall_us,
		.source = packet->source,
		.destination = packet->destination,
	};
	size_t len = packet->len < ITEM_DATA_MAX ? packet->len : ITEM_DATA_MAX;

	if (packet->worker + 1 < writer->source_count)
		(void)offer(writer, packet->worker + 1, &item, packet->data, len);
}

/* Audit thread */

/* False: its call is not known. */
static bool add_item(struct writer *writer, const struct item *item, size_t len)
{
	const struct store_datagram datagram = {
		.call = item->call,
		.wall_us = item->time_us,
		.media = item->kind == ITEM_PACKET,
		.source = item->source,
		.destination = item->destination,
		.data = item + 1,
		.len = len - sizeof(*item),
	};

	return store_add(writer->store, &datagram);
}

static void take_item(struct writer *writer, const struct item *item, size_t len)
{
	switch (item->kind) {
	case ITEM_BEGIN:
		store_begin(writer->store, item->call, (const char *)(item + 1),
			item->time_us);
		break;
	case ITEM_MESSAGE:
	case ITEM_PACKET:
		if (!add_item(writer, item, len))
			store_refuse(writer->store);
		break;
	case ITEM_END:
		store_end(writer->store, item->call, item->lost, item->time_us);
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

static uint64_t count_lost(const struct writer *writer)
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
	uint64_t sync_us;
	uint64_t lost; /* as last told in the log */
};

static void tick(struct writer *writer, struct ticks *ticks)
{
	uint64_t now_us = mono_us(), lost = count_lost(writer);
	bool failing = health_is_failing(writer->health), journal_ok = true;

	if (now_us < ticks->next_us)
		return;
	ticks->next_us = now_us + TICK_US;
	if (now_us >= ticks->media_us) {
		ticks->media_us = now_us + MEDIA_US;
		store_flush_media(writer->store);
	}
	store_expire(writer->store, now_us);
	if (failing || now_us >= ticks->sync_us) {
		ticks->sync_us = now_us + SYNC_US;
		journal_ok = journal_tick(writer->journal);
	}
	if (failing && journal_ok && store_probe(writer->store))
		health_recover(writer->health, lost);
	backlog_tick(&writer->backlog, lost);
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

/* Start, stop, state */

static int sources_new(struct writer *writer, unsigned workers, size_t queue_bytes)
{
	int err;

	writer->sources = calloc(workers + 1, sizeof(*writer->sources));
	if (!writer->sources)
		return -ENOMEM;
	for (unsigned i = 0; i <= workers; i++) {
		err = queue_new(&writer->sources[i].queue,
			queue_bytes > 0 ? queue_bytes : QUEUE_BYTES_DEFAULT);
		if (err)
			return err;
		writer->source_count++;
	}
	return 0;
}

static int start_thread(struct writer *writer)
{
	int err = thread_start(&writer->thread, "audit", run, writer);

	writer->started = !err;
	return err;
}

static int memory_new(struct writer *writer, const struct writer_params *params)
{
	int err = hash_init(&writer->watches);

	if (err)
		return err;
	writer->state_dir = strdup(params->state_dir);
	writer->health = calloc(1, sizeof(*writer->health));
	if (!writer->state_dir || !writer->health)
		return -ENOMEM;
	health_init(writer->health);
	writer->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->stop_fd < 0)
		return -errno;
	return sources_new(writer, params->workers, params->queue_bytes);
}

static unsigned open_files_max(void)
{
	struct rlimit files;
	rlim_t share = OPEN_FILES_MIN;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		share = files.rlim_cur / OPEN_FILES_SHARE;
	if (share < OPEN_FILES_MIN)
		share = OPEN_FILES_MIN;
	return share < OPEN_FILES_MAX ? (unsigned)share : OPEN_FILES_MAX;
}

int writer_new(
	struct writer **ret, const struct writer_params *params, struct err_text *text)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return err_set(text, -ENOMEM, "out of memory");
	writer->stop_fd = -1;
	writer->tap = (struct tap){
		.message_h = tap_message, .packet_h = tap_packet, .arg = writer};
	list_init(&writer->ended);
	buf_init(&writer->line, 0);
	err = memory_new(writer, params);
	if (err) {
		err_set(text, err, "cannot start audit: %s", err_str(err));
		goto out;
	}
	err = store_new(&writer->store, params->state_dir, open_files_max(),
		writer->health, text);
	if (!err)
		err = journal_new(&writer->journal, params->state_dir, "cdr.jsonl",
			writer->health, text);
	if (err)
		goto out;
	err = start_thread(writer);
	if (err) {
		err_set(text, err, "cannot start the audit thread: %s", err_str(err));
		goto out;
	}
	*ret = writer;
	return 0;
out:
	writer_free(writer);
	return err;
}

static void free_watch_node(void *arg, struct hash_node *node)
{
	watch_free(arg, HASH_ENTRY(node, struct watch, node));
}

void writer_free(struct writer *writer)
{
	const uint64_t one = 1;

	if (!writer)
		return;
	if (writer->started) {
		atomic_store(&writer->stopping, true);
		(void)!write(writer->stop_fd, &one, sizeof(one));
		pthread_join(writer->thread, NULL);
	}
	store_free(writer->store);
	journal_free(writer->journal);
	if (writer->watches.slots)
		hash_each(&writer->watches, free_watch_node, writer);
	hash_free(&writer->watches);
	for (unsigned i = 0; i < writer->source_count; i++)
		queue_free(writer->sources[i].queue);
	free(writer->sources);
	if (writer->stop_fd >= 0)
		close(writer->stop_fd);
	if (writer->health)
		health_free(writer->health);
	free(writer->health);
	buf_free(&writer->line);
	free(writer->state_dir);
	free(writer);
}

const struct tap *writer_tap(struct writer *writer)
{
	return &writer->tap;
}

void writer_totals(const struct writer *writer, struct writer_totals *ret)
{
	struct store_counts counts;
	struct journal_counts cdrs;

	*ret = (struct writer_totals){0};
	store_counts(writer->store, &counts);
	journal_counts(writer->journal, &cdrs);
	ret->stored = counts.stored;
	ret->cut = counts.cut;
	ret->open_files = counts.open_files;
	ret->lost = count_lost(writer);
	for (unsigned i = 0; i < writer->source_count; i++)
		ret->offered += atomic_load(&writer->sources[i].offered);
	ret->cdrs = cdrs.written;
	ret->cdrs_lost = cdrs.lost;
	ret->cdrs_waiting_bytes = cdrs.waiting_bytes;
	ret->failing = health_is_failing(writer->health);
	ret->behind = backlog_is_behind(&writer->backlog);
	ret->overflows = backlog_times(&writer->backlog);
	health_why(writer->health, ret->why, sizeof(ret->why));
}

bool writer_turns(struct writer *writer)
{
	return pulse_look(&writer->pulse);
}

bool writer_ready(const struct writer *writer)
{
	return !health_is_failing(writer->health) && !backlog_is_behind(&writer->backlog);
}
