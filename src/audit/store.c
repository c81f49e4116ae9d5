#include "audit/store_priv.h"

#include "audit/pcapng.h"
#include "audit/store_packet.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The final answer to a BYE comes right behind the call's end: do not close before it. Behind the end of an encrypted
 * file nothing can be added: what comes later, as repetitions of a BYE, begins a file of its own. */
#define CLOSE_AFTER_US UINT64_C(500000)
#define FINISH_AFTER_US UINT64_C(5000000)
/* Rounds of store_expire() without a record, after which a file is closed for the time being:
 * a call that talks, and is captured by its messages alone, needs none. */
#define IDLE_ROUNDS 8

int store_new(struct store **ret, const char *state_dir, unsigned open_max,
	struct health *health, struct err_text *text)
{
	struct store *store = calloc(1, sizeof(*store));
	int err;

	if (!store)
		return err_set(text, -ENOMEM, "out of memory");
	store->health = health;
	store->open_max = open_max > 0 ? open_max : 1;
	store->root_fd = -1;
	store->day = FOLDER_NO_DAY;
	list_init(&store->opened);
	list_init(&store->urgent);
	list_init(&store->media);
	list_init(&store->closing);
	list_init(&store->closed);
	store->state_dir = strdup(state_dir);
	if (!store->state_dir || hash_init(&store->entries) != 0 ||
		hash_init(&store->names) != 0) {
		err = err_set(text, -ENOMEM, "out of memory");
		goto out;
	}
	store->root_fd = folder_root(state_dir);
	if (store->root_fd < 0) {
		err = err_set(text, store->root_fd, "cannot use %s/audit: %s", state_dir,
			err_str(store->root_fd));
		goto out;
	}
	err = classic_new(&store->classic);
	if (!err)
		err = whose_new(&store->whose);
	if (!err)
		err = sealing_new(&store->sealing);
	if (!err)
		err = certs_pool_new(&store->certs);
	if (!err)
		err = marks_new(
			&store->marks, store->root_fd, sealing_found(store->sealing));
	if (err) {
		err_set(text, err, "cannot use %s/audit/open.log: %s", state_dir,
			err_str(err));
		goto out;
	}
	*ret = store;
	return 0;
out:
	store_free(store);
	return err;
}

void store_set_seal(struct store *store, sealing_h *h, void *arg)
{
	sealing_set(store->sealing, h, arg);
}

static struct entry *find(const struct store *store, uint64_t call)
{
	struct hash_node *node =
		hash_find(&store->entries, hash_bytes(&call, sizeof(call), 0));
	struct entry *entry;

	for (; node; node = hash_find_next(node)) {
		entry = HASH_ENTRY(node, struct entry, node);
		if (entry->call == call)
			return entry;
	}
	return NULL;
}

static void count_lost(struct store *store, struct entry *entry, uint64_t records)
{
	atomic_fetch_add(&store->lost, records);
	if (entry)
		entry->lost += records;
}

void store_begin(struct store *store, const struct store_call *begun)
{
	const uint64_t call = begun->call;
	struct entry *entry;

	if (!store_id_ok(begun->id) || find(store, call))
		return;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return; /* its records will be counted as lost */
	entry->call = call;
	entry->wall_us = begun->wall_us;
	entry->mono_us = begun->mono_us;
	entry->style = style_ref(begun->style);
	entry->part = 1;
	snprintf(entry->id, sizeof(entry->id), "%s", begun->id);
	store_date(begun->wall_us, entry->date);
	list_init(&entry->opened);
	list_init(&entry->dirty);
	list_init(&entry->phase);
	buf_init(&entry->files, 0);
	hash_add(&store->entries, &entry->node, hash_bytes(&call, sizeof(call), 0));
	hash_add(&store->names, &entry->named, store_name_hash(entry->id));
}

/* Says whose its capture is, as far as that was not said. */
static void entry_say_whose(struct store *store, struct entry *entry)
{
	const struct party_seen *party;

	while ((party = parties_untold(&entry->parties)))
		whose_add(store->whose, entry->date, entry->id, party->trunk);
}

void store_party(struct store *store, const struct tap_party *party)
{
	struct entry *entry = find(store, party->call);

	if (!entry)
		return;
	parties_tell(&entry->parties, party->party, party->end, party->leg, party->trunk);
	if (entry->capture)
		entry_say_whose(store, entry);
}

void store_certs(
	struct store *store, uint64_t call, uint32_t party, struct span certificates)
{
	struct entry *entry = find(store, call);

	if (entry)
		certs_add(&entry->certs, store->certs, party, certificates);
}

/* Whether ENTRY's mark is in its file, as it must be before anything of its capture is. Records
 * that were added without it are lost then. */
static bool entry_is_safe(struct store *store, struct entry *entry)
{
	int err;

	if (marks_reached(store->marks, entry->mark))
		return true;
	err = store_write_sayings(store);
	if (!err)
		return true;
	count_lost(store, entry, capture_drop(entry->capture));
	health_fail(store->health, "capture", err);
	return false;
}

/* Its file is closed, for a while. */
static void entry_rested(struct store *store, struct entry *entry)
{
	list_remove(&entry->opened);
	atomic_fetch_sub(&store->open_files, 1);
}

/* Forgets the capture; what waits for its file is lost. The next record begins another file. */
static void entry_drop(struct store *store, struct entry *entry, enum sealing_end end)
{
	list_remove(&entry->dirty);
	entry->urgent = false;
	if (!entry->capture)
		return;
	sealing_file(&entry->files, entry->capture, end);
	if (capture_is_open(entry->capture))
		entry_rested(store, entry);
	count_lost(store, entry, capture_close(entry->capture));
	entry->capture = NULL;
	parties_forget_interfaces(&entry->parties);
}

/* What came of writing ENTRY's file. */
static void entry_written(
	struct store *store, struct entry *entry, int err, uint64_t stored, uint64_t lost)
{
	atomic_fetch_add(&store->stored, stored);
	if (!err)
		return;
	count_lost(store, entry, lost);
	health_fail(store->health, "capture", err);
	if (err == -ENOENT) /* the file was removed under us */
		entry_drop(store, entry, SEALING_REMOVED);
}

/* A descriptor, or a negated errno. */
static int entry_folder(
	struct store *store, const struct entry *entry, enum folder_way way)
{
	return folder_call_in(&store->day, store->root_fd, entry->date, entry->id, way);
}

/* Keeps the leaves of an encrypted capture. Those that cannot be written stay in memory. */
static void entry_leaves(struct store *store, struct entry *entry)
{
	int dir_fd = entry_folder(store, entry, FOLDER_FIND);
	int err = dir_fd < 0 ? dir_fd : capture_leaves(entry->capture, dir_fd);

	if (dir_fd >= 0)
		close(dir_fd);
	if (err)
		health_fail(store->health, "capture", err);
}

/* Writes what waits for ENTRY's file. */
static void entry_flush(struct store *store, struct entry *entry)
{
	uint64_t stored, lost;
	int err;

	list_remove(&entry->dirty);
	entry->urgent = false;
	if (!entry->capture || !capture_is_open(entry->capture) ||
		!entry_is_safe(store, entry))
		return;
	err = capture_flush(entry->capture, &stored, &lost);
	entry_written(store, entry, err, stored, lost);
	if (entry->capture && capture_has_leaves(entry->capture))
		entry_leaves(store, entry);
}

/* Closes its file for a while. */
static void entry_rest(struct store *store, struct entry *entry)
{
	entry_flush(store, entry);
	if (!entry->capture || !capture_is_open(entry->capture))
		return;
	if (capture_is_final(entry->capture))
		entry_leaves(store, entry);
	capture_rest(entry->capture);
	entry_rested(store, entry);
}

static int entry_mark(struct store *store, struct entry *entry)
{
	int err = 0;

	if (entry->mark == 0) {
		err = marks_add(store->marks, entry->date, entry->id, &entry->mark);
		store->marked += !err;
	}
	return err;
}

static void entry_unmark(struct store *store, struct entry *entry)
{
	if (entry->mark == 0)
		return;
	marks_remove(store->marks, entry->date, entry->id);
	entry->mark = 0;
	store->marked--;
}

static int entry_new_file(const struct store *store, struct entry *entry, int dir_fd)
{
	char comment[256], moment[CLOCK_TEXT_SIZE];
	const struct capture_params params = {.dir_fd = dir_fd,
		.style = entry->style,
		.classic = store->classic,
		.part = entry->part,
		.comment = comment};

	snprintf(comment, sizeof(comment),
		"call %s, part %u; as received and as sent, keys overwritten; "
		"times are of the monotonic clock, which was mapped to wall "
		"time once, at %s",
		entry->id, entry->part, clock_text(entry->wall_us, moment));
	return capture_new(&entry->capture, &params);
}

static int open_or_create(struct store *store, struct entry *entry, int dir_fd)
{
	int err = -ENOENT;

	if (entry->capture)
		err = capture_wake(entry->capture, dir_fd);
	if (err == -ENOENT) {
		entry_drop(store, entry, SEALING_REMOVED);
		err = entry_new_file(store, entry, dir_fd);
		/* a process before this one had the call too */
		while (err == -EEXIST && entry->part < STYLE_PARTS_MAX) {
			entry->part++;
			err = entry_new_file(store, entry, dir_fd);
		}
	}
	return err;
}

static void entry_open(struct store *store, struct entry *entry)
{
	const bool fresh = !entry->capture && entry->part == 1;
	int dir_fd, err;

	if (atomic_load(&store->open_files) >= store->open_max)
		entry_rest(store, LIST_ENTRY(store->opened.next, struct entry, opened));
	err = entry_mark(store, entry);
	dir_fd = err ? err
		     : entry_folder(store, entry, fresh ? FOLDER_FRESH : FOLDER_MAKE);
	err = dir_fd < 0 ? dir_fd : open_or_create(store, entry, dir_fd);
	if (dir_fd >= 0)
		close(dir_fd);
	if (!err) {
		entry_say_whose(store, entry);
		entry->used = store->round;
		list_append(&store->opened, &entry->opened);
		atomic_fetch_add(&store->open_files, 1);
	} else if (folder_is_refusal(err)) {
		entry->refused = true;
		entry_drop(store, entry, SEALING_REMOVED);
		entry_unmark(store, entry);
		log_error("store", "call=%s event=capture-refused error=\"%s\"",
			entry->id, err_str(err));
	} else {
		health_fail(store->health, "capture", err);
	}
}

/* A record waits for ENTRY's file. */
static void entry_await(struct store *store, struct entry *entry, bool urgent)
{
	if (list_empty(&entry->dirty)) {
		entry->used = store->round;
		list_remove(&entry->opened);
		list_append(&store->opened, &entry->opened);
	} else if (entry->urgent || !urgent) {
		return;
	}
	list_remove(&entry->dirty);
	list_append(urgent ? &store->urgent : &store->media, &entry->dirty);
	entry->urgent = urgent;
}

void store_refuse(struct store *store, unsigned records)
{
	count_lost(store, NULL, records);
}

static bool is_open(const struct entry *entry)
{
	return entry->capture && capture_is_open(entry->capture);
}

static bool entry_add(struct store *store, struct entry *entry,
	const struct store_datagram *datagram, bool onward)
{
	const unsigned end = onward ? datagram->onward->end : datagram->end;
	struct party_seen *party =
		datagram->media ? parties_at(&entry->parties, end)
				: parties_find(&entry->parties, datagram->party);
	char comment[PARTY_COMMENT_SIZE];
	struct capture_packet packet = {
		.interface = parties_interface(&entry->parties, party, entry->capture),
		.wall_us = entry->wall_us + datagram->mono_us - entry->mono_us,
		.sent = datagram->sent || onward,
		.comment = datagram->media
				   ? ""
				   : parties_comment(party, datagram->how, comment),
		.id = secret_below(UINT64_MAX),
		.data = store->packet};

	packet.len = store_packet_build(store->packet, datagram, onward, &packet.whole);
	if (packet.len < packet.whole)
		atomic_fetch_add(&store->cut, 1);
	return capture_add(entry->capture, &packet);
}

/* As it was received and, where it went on, as it was sent. Returns how many records were lost. */
static unsigned entry_add_all(
	struct store *store, struct entry *entry, const struct store_datagram *datagram)
{
	unsigned lost = !entry_add(store, entry, datagram, false);

	if (datagram->onward)
		lost += !entry_add(store, entry, datagram, true);
	return lost;
}

bool store_add(struct store *store, const struct store_datagram *datagram)
{
	struct entry *entry = find(store, datagram->call);
	unsigned lost;

	if (!entry)
		return false;
	if (!is_open(entry) && !entry->refused)
		entry_open(store, entry);
	if (!is_open(entry)) {
		count_lost(store, entry, datagram->onward ? 2 : 1);
		return true;
	}
	lost = entry_add_all(store, entry, datagram);
	if (lost > 0)
		count_lost(store, entry, lost);
	entry_await(store, entry, !datagram->media);
	if (capture_is_full(entry->capture))
		entry_flush(store, entry);
	return true;
}

void store_end(struct store *store, uint64_t call, uint64_t lost, uint64_t mono_us)
{
	struct entry *entry = find(store, call);

	if (!entry || entry->ended_us > 0)
		return;
	entry->ended_us = mono_us;
	entry->lost += lost;
	list_append(&store->closing, &entry->phase);
}

static void flush_all(struct store *store, struct list *dirty)
{
	LIST_FOREACH (dirty, node, next)
		entry_flush(store, LIST_ENTRY(node, struct entry, dirty));
}

void store_flush(struct store *store)
{
	flush_all(store, &store->urgent);
}

void store_flush_media(struct store *store)
{
	flush_all(store, &store->media);
}

/* An encrypted file gets its end. False: it could not be written. */
static bool entry_end_file(struct store *store, struct entry *entry)
{
	uint64_t stored, lost;
	int dir_fd, err;

	if (!is_open(entry))
		entry_open(store, entry);
	if (!is_open(entry) || !entry_is_safe(store, entry))
		return false;
	dir_fd = entry_folder(store, entry, FOLDER_FIND);
	if (dir_fd < 0)
		return false;
	err = capture_finish(entry->capture, dir_fd, &stored, &lost);
	close(dir_fd);
	entry_written(store, entry, err, stored, lost);
	if (err)
		return false;
	entry_leaves(store, entry);
	entry_drop(store, entry, SEALING_CLOSED);
	entry->part++;
	entry->refused = entry->part > STYLE_PARTS_MAX;
	return true;
}

/* Its file is closed; more may come all the same. */
static void entry_finish(struct store *store, struct entry *entry)
{
	int err;

	if (entry->capture && capture_is_final(entry->capture))
		(void)entry_end_file(store, entry);
	entry_rest(store, entry);
	if (entry->certs.count == 0 || entry->mark == 0)
		return;
	err = certs_write(&entry->certs, store->certs, &entry->parties,
		entry_folder(store, entry, FOLDER_FIND), &entry->files);
	if (err)
		health_fail(store->health, "capture", err);
}

static void entry_free(struct store *store, struct entry *entry)
{
	entry_finish(store, entry);
	if (entry->capture && capture_is_final(entry->capture))
		log_error("store", "call=%s event=capture-cut", entry->id);
	entry_drop(store, entry, SEALING_CLOSED);
	sealing_record(store->sealing, &(struct seal){.date = entry->date,
					       .id = entry->id,
					       .lost = entry->lost,
					       .files = entry->files});
	entry_unmark(store, entry);
	/* The gap is declared where the call's other events are. */
	if (entry->lost > 0)
		log_warning("store", "call=%s event=capture-incomplete lost=%" PRIu64,
			entry->id, entry->lost);
	list_remove(&entry->phase);
	hash_remove(&store->entries, &entry->node);
	hash_remove(&store->names, &entry->named);
	parties_free(&entry->parties);
	certs_free(&entry->certs, store->certs);
	buf_free(&entry->files);
	style_unref(entry->style);
	free(entry);
}

void store_expire(struct store *store, uint64_t mono_us)
{
	struct entry *entry;

	store->round++;
	folder_day_forget(&store->day);
	whose_rest(store->whose);
	if (!health_is_failing(store->health) && !store_root_stands(store)) {
		LIST_FOREACH (&store->opened, node, next)
			entry_rest(store, LIST_ENTRY(node, struct entry, opened));
		store_follow_root(store);
	}
	LIST_FOREACH (&store->opened, node, next) {
		entry = LIST_ENTRY(node, struct entry, opened);
		if (store->round - entry->used < IDLE_ROUNDS)
			break;
		entry_rest(store, entry);
	}
	/* Both lists are in order of the calls' ends. */
	LIST_FOREACH (&store->closing, node, next) {
		entry = LIST_ENTRY(node, struct entry, phase);
		if (mono_us - entry->ended_us <
			(entry->style->recipients ? FINISH_AFTER_US : CLOSE_AFTER_US))
			break;
		entry_finish(store, entry);
		list_remove(&entry->phase);
		list_append(&store->closed, &entry->phase);
	}
	LIST_FOREACH (&store->closed, node, next) {
		entry = LIST_ENTRY(node, struct entry, phase);
		if (mono_us - entry->ended_us < STORE_LINGER_US)
			break;
		entry_free(store, entry);
	}
	sealing_step(store->sealing, store->root_fd, store->marks);
	store_tend_marks(store);
}

static void free_node(void *arg, struct hash_node *node)
{
	entry_free(arg, HASH_ENTRY(node, struct entry, node));
}

void store_free(struct store *store)
{
	if (!store)
		return;
	if (store->entries.slots)
		hash_each(&store->entries, free_node, store);
	/* None is left but what a start has to go on with. */
	if (store->marks)
		(void)store_renew_marks(store);
	sealing_free(store->sealing);
	certs_pool_free(store->certs);
	marks_free(store->marks);
	if (store->whose)
		(void)whose_write(store->whose, store->root_fd);
	whose_free(store->whose);
	classic_free(store->classic);
	hash_free(&store->entries);
	hash_free(&store->names);
	folder_day_forget(&store->day);
	if (store->root_fd >= 0)
		close(store->root_fd);
	free(store->state_dir);
	free(store);
}
