/*
 * Queues between those who see traffic and the one thread that writes it down.
 *
 * The loop thread knows which calls are captured and drops the messages of others at once. Keys were
 * overwritten before they come here (taps.h), so that none reaches the queue's memory, the thread behind it, or a
 * file. CDRs do not pass the queue: see journal.h.
 */
#include "audit/writer_priv.h"

#include "audit/cdr.h"
#include "audit/certs.h"
#include "audit/parties.h"
#include "base/log.h"

#include <errno.h>
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
/* Longer than STORE_LINGER_US must not be: the store would have forgotten the call. */
#define WATCH_US (STORE_LINGER_US - UINT64_C(1000000))

/* A call that is captured, as the loop thread knows it. */
struct watch {
	struct hash_node node;
	struct list ended; /* in writer.ended once it ended, oldest first */
	uint64_t call;
	uint64_t start_wall_us, start_us; /* one moment by both clocks */
	uint64_t ended_us;                /* monotonic */
	struct style *style;              /* owned reference */
	uint64_t lost;
	uint64_t lost_before; /* of all calls, when it began: writer_lost() */
	unsigned shown_count;
	uint32_t shown[CERTS_PARTIES_MAX]; /* parties whose certificates are told */
	bool paused;                       /* its messages are not captured now */
	bool begun;                        /* BEGIN found room in the queue */
	bool end_said;                     /* END did */
	char id[STORE_ID_SIZE];
	char path[];
};

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

/* HEAD begins with a struct item. */
static bool push_head(struct writer *writer, unsigned nth, const void *head,
	size_t head_len, const void *data, size_t len)
{
	bool room =
		queue_push(writer->sources[nth].queue, head, head_len, data, len) == 0;

	if (!room)
		backlog_overrun(&writer->backlog);
	return room;
}

static bool push(struct writer *writer, unsigned nth, const struct item *item,
	const void *data, size_t len)
{
	return push_head(writer, nth, item, sizeof(*item), data, len);
}

/* Tells the audit thread of what it could not be told when its queue was full. */
static void watch_say(struct writer *writer, struct watch *watch)
{
	struct item item = {.call = watch->call, .mono_us = watch->start_us};

	if (!watch->begun) {
		item.kind = ITEM_BEGIN;
		item.begin.wall_us = watch->start_wall_us;
		item.begin.style = style_ref(watch->style);
		watch->begun = push(writer, 0, &item, watch->id, strlen(watch->id) + 1);
		if (!watch->begun)
			style_unref(item.begin.style);
	}
	if (watch->begun && watch->ended_us > 0 && !watch->end_said) {
		item.kind = ITEM_END;
		item.mono_us = watch->ended_us;
		item.lost = watch->lost;
		watch->end_said = push(writer, 0, &item, NULL, 0);
	}
}

static void watch_free(struct writer *writer, struct watch *watch)
{
	list_remove(&watch->ended);
	hash_remove(&writer->watches, &watch->node);
	style_unref(watch->style);
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

void writer_call_stands(struct writer *writer, uint64_t call, const char *id)
{
	chronicle_begin(writer->chronicle, call, id, clock_real()->wall_us(clock_real()));
}

void writer_call_begin(struct writer *writer, uint64_t call, const char *id)
{
	size_t path_size = strlen(writer->state_dir) + sizeof("/audit//") +
			   STORE_DATE_SIZE + STORE_ID_SIZE + STYLE_NAME_SIZE;
	char date[STORE_DATE_SIZE], name[STYLE_NAME_SIZE];
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
	if (atomic_load(&writer->disk) == DISK_CRITICAL) {
		atomic_fetch_add(&writer->uncaptured, 1);
		return;
	}
	watch = calloc(1, sizeof(*watch) + path_size);
	if (!watch)
		return;
	list_init(&watch->ended);
	watch->call = call;
	watch->start_wall_us = clock_real()->wall_us(clock_real());
	watch->start_us = writer_now_us();
	watch->lost_before = writer_lost(writer);
	watch->style = style_ref(writer->style);
	snprintf(watch->id, sizeof(watch->id), "%s", id);
	snprintf(watch->path, path_size, "%s/audit/%s/%s/%s", writer->state_dir,
		store_date(watch->start_wall_us, date), id,
		style_file_name(watch->style, 1, name));
	hash_add(&writer->watches, &watch->node, call);
	watch_say(writer, watch);
	expire_watches(writer, watch->start_us);
}

void writer_call_pause(struct writer *writer, uint64_t call)
{
	struct watch *watch = watch_find(writer, call);

	if (watch)
		watch->paused = true;
}

/* There is a record to write. */
static void wake(struct writer *writer)
{
	queue_wake(writer->sources[0].queue);
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
	chronicle_add(
		writer->chronicle, record->call, writer->line.data, writer->line.len);
	wake(writer);
}

void writer_refused(
	struct writer *writer, const char *word, const char *id, const char *reason)
{
	chronicle_refused(writer->chronicle, word, id, reason);
	wake(writer);
}

uint64_t writer_report(struct writer *writer, const struct entry_report *report)
{
	uint64_t number;

	chronicle_report(writer->chronicle, report, &number);
	wake(writer);
	return number;
}

void writer_act(struct writer *writer, const struct entry_act *act)
{
	chronicle_act(writer->chronicle, act);
	wake(writer);
}

void writer_export(struct writer *writer, const struct entry_export *export)
{
	chronicle_export(writer->chronicle, export);
	wake(writer);
}

/* A packet that found no room is known by its worker alone, and of the disk the audit thread knows: where anything was lost in
 * its time, it may be of this call. */
static const char *state_of(const struct writer *writer, const struct watch *watch)
{
	if (watch->lost > 0)
		return "lossy";
	return writer_lost(writer) != watch->lost_before ||
			       health_is_failing(writer->health)
		       ? "unknown"
		       : "whole";
}

/* WATCH may be NULL: where it was to be captured nevertheless, that is said. False: there is nothing to say. */
static bool fill_capture(const struct writer *writer, const struct watch *watch,
	const char *mode, struct record_capture *ret, char date[static STORE_DATE_SIZE])
{
	if (!watch) {
		*ret = (struct record_capture){.state = "none"};
		return mode && strcmp(mode, "off") != 0;
	}
	*ret = (struct record_capture){.day = store_date(watch->start_wall_us, date),
		.state = state_of(writer, watch),
		.lost = watch->lost};
	return true;
}

void writer_call_end(struct writer *writer, const struct record *record)
{
	struct watch *watch = watch_find(writer, record->call);
	char date[STORE_DATE_SIZE];
	struct record_capture capture;
	struct record told = *record;

	if (fill_capture(writer, watch, record->capture_mode, &capture, date))
		told.captured = &capture;
	writer_cdr(writer, &told);
	if (!watch || watch->ended_us > 0)
		return;
	watch->ended_us = writer_now_us();
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

/* To the queue of the NTH source, RECORDS that are one item, what begins with HEAD (push_head()). False: it was refused. */
static bool offer(struct writer *writer, unsigned nth, unsigned records, const void *head,
	size_t head_len, const void *data, size_t len)
{
	struct source *source = &writer->sources[nth];

	atomic_fetch_add_explicit(&source->offered, records, memory_order_relaxed);
	if (push_head(writer, nth, head, head_len, data, len))
		return true;
	atomic_fetch_add_explicit(&source->refused, records, memory_order_relaxed);
	return false;
}

static void tap_party(void *arg, const struct tap_party *party)
{
	struct writer *writer = arg;
	struct watch *watch = watch_find(writer, party->call);
	const struct item item = {.kind = ITEM_PARTY,
		.call = party->call,
		.party = party->party,
		.end = (uint8_t)party->end};
	char names[PARTY_LEG_SIZE + PARTY_TRUNK_SIZE];
	int len;

	if (!watch)
		return;
	if (!watch->begun)
		watch_say(writer, watch);
	len = snprintf(names, sizeof(names), "%.*s%c%.*s", PARTY_LEG_SIZE - 1, party->leg,
		'\0', PARTY_TRUNK_SIZE - 1, party->trunk);
	/* without room its messages are nobody's, which is no loss of theirs */
	(void)push(writer, 0, &item, names, (size_t)len + 1);
}

/* How MESSAGE came or goes, with its NUL. Returns its length. */
static size_t how_it_came(
	const struct tap_message *message, char out[static ITEM_HOW_MAX])
{
	static const char *const names[] = {
		[TAP_UDP] = "UDP", [TAP_TCP] = "TCP", [TAP_TLS] = "TLS"};
	const char *const words[] = {
		message->version[0] ? message->version : names[message->transport],
		message->cipher, message->peer_names,
		message->waits ? "(its connection is being made)" : ""};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t more = strlen(words[i]);

		if (more == 0)
			continue;
		if (len > 0 && len < ITEM_HOW_MAX - 1)
			out[len++] = ' ';
		if (more > ITEM_HOW_MAX - 1 - len)
			more = ITEM_HOW_MAX - 1 - len;
		memcpy(out + len, words[i], more);
		len += more;
	}
	out[len] = '\0';
	return len + 1;
}

static bool wants_message(void *arg, const struct tap_message *message)
{
	struct writer *writer = arg;
	const struct watch *watch;

	if (!list_empty(&writer->ended))
		expire_watches(writer, writer_now_us());
	watch = message->call != 0 ? watch_find(writer, message->call) : NULL;
	return watch && !watch->paused;
}

/* What a far end presented, with the first message of it that there is. */
static void tell_certs(
	struct writer *writer, struct watch *watch, const struct tap_message *message)
{
	const struct item item = {
		.kind = ITEM_CERTS, .call = message->call, .party = message->party};
	static char bytes[CERTS_BYTES_MAX];
	struct span chain[CERTS_CHAIN_MAX];
	unsigned count;
	size_t len = 0;

	for (unsigned i = 0; i < watch->shown_count; i++)
		if (watch->shown[i] == message->party)
			return;
	if (watch->shown_count == CERTS_PARTIES_MAX || message->party == 0)
		return;
	count = message->chain_h(message->peer, chain, CERTS_CHAIN_MAX);
	for (unsigned i = 0; i < count && certs_put(bytes, &len, chain[i]); i++)
		;
	/* without room with its next message */
	if (len > 0 && push(writer, 0, &item, bytes, len))
		watch->shown[watch->shown_count++] = message->party;
}

static void tap_message(void *arg, const struct tap_message *message)
{
	struct writer *writer = arg;
	struct watch *watch = watch_find(writer, message->call);
	struct {
		struct item item;
		char how[ITEM_HOW_MAX];
	} head;
	size_t len = message->len < ITEM_DATA_MAX ? message->len : ITEM_DATA_MAX;

	if (!watch)
		return;
	if (!watch->begun)
		watch_say(writer, watch);
	if (message->chain_h)
		tell_certs(writer, watch, message);
	head.item = (struct item){
		.kind = ITEM_MESSAGE,
		.call = message->call,
		.party = message->party,
		.mono_us = message->mono_us,
		.source = message->source,
		.destination = message->destination,
		.sent = message->sent,
		.skip = (uint16_t)how_it_came(message, head.how),
	};
	if (!offer(writer, 0, 1, &head, sizeof(head.item) + head.item.skip, message->data,
		    len))
		watch->lost++;
}

static void tap_packet(void *arg, const struct tap_packet *packet)
{
	struct writer *writer = arg;
	const bool both = atomic_load_explicit(&writer->media_both, memory_order_relaxed);
	const bool onward = packet->onward && both;
	struct onward_item item = {.item = {
					   .kind = ITEM_PACKET,
					   .call = packet->call,
					   .mono_us = packet->mono_us,
					   .source = packet->source,
					   .destination = packet->destination,
					   .end = (uint8_t)packet->end,
					   .sent = packet->sent,
				   }};
	size_t len = packet->len < ITEM_DATA_MAX ? packet->len : ITEM_DATA_MAX;

	if (packet->worker + 1 >= writer->source_count || (packet->sent && !both))
		return;
	if (onward) {
		item.onward = *packet->onward;
		item.item.skip = sizeof(item) - sizeof(item.item);
	}
	(void)offer(writer, packet->worker + 1, 1U + onward, &item,
		sizeof(item.item) + item.item.skip, packet->data, len);
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

static int take_style(struct writer *writer, struct style *given)
{
	struct style *style =
		given ? style_ref(given) : style_new(CONFIG_CAPTURE_PCAPNG, NULL, "");

	if (style)
		writer_set_style(writer, style);
	style_unref(style);
	return style ? 0 : -ENOMEM;
}

static void seal_h(void *arg, const struct seal *seal)
{
	chronicle_files(arg, seal->id, seal->date, seal->lost, buf_span(&seal->files));
}

int writer_new(
	struct writer **ret, const struct writer_params *params, struct err_text *text)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	struct chronicle_params chronicle = {.state_dir = params->state_dir,
		.run_dir = params->run_dir,
		.name = params->name,
		.keep_keys = params->keep_keys,
		.vouch = params->vouch,
		.key = params->key};
	int err;

	if (!writer)
		return err_set(text, -ENOMEM, "out of memory");
	writer->stop_fd = -1;
	pthread_mutex_init(&writer->keep_lock, NULL);
	writer->listener.tap = (struct tap){.party_h = tap_party,
		.message_h = tap_message,
		.packet_h = tap_packet,
		.arg = writer};
	writer->listener.wants_h = wants_message;
	list_init(&writer->ended);
	buf_init(&writer->line, 0);
	err = take_style(writer, params->style);
	if (!err)
		err = memory_new(writer, params);
	chronicle.health = writer->health;
	if (err) {
		err_set(text, err, "cannot start audit: %s", err_str(err));
		goto out;
	}
	err = store_new(&writer->store, params->state_dir, open_files_max(),
		writer->health, text);
	if (!err)
		err = retention_new(&writer->retention);
	if (!err)
		err = chronicle_new(&writer->chronicle, &chronicle, text);
	if (!err)
		store_set_seal(writer->store, seal_h, writer->chronicle);
	if (err)
		goto out;
	err = writer_thread_start(writer);
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
	retention_free(writer->retention);
	chronicle_free(writer->chronicle);
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
	style_unref(writer->style);
	keep_unref(writer->keep);
	pthread_mutex_destroy(&writer->keep_lock);
	free(writer);
}

const struct style *writer_style(const struct writer *writer)
{
	return writer->style;
}

void writer_set_style(struct writer *writer, struct style *style)
{
	style_ref(style);
	style_unref(writer->style);
	writer->style = style;
	pthread_mutex_lock(&writer->keep_lock);
	keep_unref(writer->keep);
	writer->keep = keep_ref(style->keep);
	pthread_mutex_unlock(&writer->keep_lock);
	atomic_store(&writer->media_both, style->media_both);
}

struct taps_listener *writer_listener(struct writer *writer)
{
	return &writer->listener;
}

void writer_totals(const struct writer *writer, struct writer_totals *ret)
{
	struct store_counts counts;
	struct journal_counts cdrs;

	*ret = (struct writer_totals){0};
	store_counts(writer->store, &counts);
	chronicle_counts(writer->chronicle, &cdrs);
	ret->stored = counts.stored;
	ret->cut = counts.cut;
	ret->open_files = counts.open_files;
	ret->lost = writer_lost(writer);
	for (unsigned i = 0; i < writer->source_count; i++)
		ret->offered += atomic_load(&writer->sources[i].offered);
	ret->cdrs = cdrs.written;
	ret->cdrs_lost = cdrs.lost;
	ret->cdrs_waiting_bytes = cdrs.waiting_bytes;
	ret->failing = health_is_failing(writer->health);
	ret->behind = backlog_is_behind(&writer->backlog);
	ret->stalled = health_is_stalled(writer->health);
	ret->deleted = retention_deleted(writer->retention);
	ret->disk = disk_state_name((enum disk_state)atomic_load(&writer->disk));
	ret->uncaptured = atomic_load(&writer->uncaptured);
	ret->overflows = backlog_times(&writer->backlog);
	health_why(writer->health, ret->why, sizeof(ret->why));
}

int writer_want_key(struct writer *writer, const char *uri)
{
	return chronicle_want_key(writer->chronicle, uri);
}

void writer_keep_keys(struct writer *writer, bool keep)
{
	chronicle_keep_keys(writer->chronicle, keep);
}

int writer_rotate_key(struct writer *writer, struct err_text *text)
{
	return chronicle_rotate_key(writer->chronicle, text);
}

void writer_log(const struct writer *writer, struct ledger_state *ret)
{
	chronicle_state(writer->chronicle, ret);
}

void writer_look(struct writer *writer)
{
	health_look(writer->health, writer_now_us());
}

bool writer_turns(struct writer *writer)
{
	return pulse_look(&writer->pulse);
}

bool writer_ready(const struct writer *writer)
{
	return !health_is_failing(writer->health) && !health_is_stalled(writer->health) &&
	       !backlog_is_behind(&writer->backlog) &&
	       atomic_load(&writer->disk) != DISK_CRITICAL &&
	       !chronicle_is_stopped(writer->chronicle);
}
