#include "audit/chronicle.h"

#include "audit/spool.h"
#include "audit/standing.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "evidence/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Records are synced and signed so often. */
#define SYNC_US UINT64_C(1000000)
/* Where the record of a call is looked for whose process was killed while it was written: all that waits is written at once. */
#define TAIL_BYTES (SPOOL_MAX + ((size_t)1 << 20))
#define SECOND_US UINT64_C(1000000)
/* "trunk ID" */
#define PARTY_SIZE 128

struct chronicle {
	char *state_dir;
	struct health *health;
	struct journal *journal;
	struct ledger *ledger;
	struct vouch *vouch;       /* NULL: nobody vouches */
	struct standing *standing; /* NULL: it could not be opened */
	pthread_mutex_t lock;
	uint64_t refused_second; /* LOCK: lock; of the wall clock */
	unsigned refused;        /* LOCK: lock; that have a record each, in that second */
	uint64_t refused_more;   /* LOCK: lock; that are to be counted in one */
	/* audit thread */
	uint64_t sync_us;
	bool behind;       /* lines of before are still added to the tree */
	uint64_t gap;      /* of captures, not told yet */
	uint64_t since_us; /* wall; when it began */
	uint64_t uncaptured, uncaptured_us; /* the same of calls without a capture */
};

static uint64_t wall_us(void)
{
	return clock_real()->wall_us(clock_real());
}

static bool add_body(struct chronicle *chronicle, const char *kind, struct buf *body)
{
	const bool added = !body->err &&
			   journal_add(chronicle->journal, kind, body->data, body->len);

	buf_free(body);
	return added;
}

/* The process before */

/* A call that has a record. */
struct told {
	struct hash_node node;
	char id[STANDING_ID_SIZE];
};

struct left {
	struct chronicle *chronicle;
	struct hash told; /* of those that ended last */
	bool is_known;
};

static void told_h(void *arg, struct span id)
{
	struct left *left = arg;
	struct told *told = calloc(1, sizeof(*told));

	if (told && span_copy(id, told->id, sizeof(told->id)) == 0)
		hash_add(&left->told, &told->node, hash_bytes(id.p, id.len, 0));
	else
		free(told);
}

static void forget_told_h(void *arg, struct hash_node *node)
{
	struct left *left = arg;

	hash_remove(&left->told, node);
	free(HASH_ENTRY(node, struct told, node));
}

/* The process was killed between the record of a call and its forgetting it. */
static bool is_recorded(struct left *left, const char *id)
{
	struct hash_node *node;

	if (!left->is_known)
		journal_each_call(left->chronicle->journal, TAIL_BYTES, told_h, left);
	left->is_known = true;
	for (node = hash_find(&left->told, hash_bytes(id, strlen(id), 0)); node;
		node = hash_find_next(node))
		if (strcmp(HASH_ENTRY(node, struct told, node)->id, id) == 0)
			return true;
	return false;
}

static void left_h(void *arg, const char *id, uint64_t start_us, bool ending)
{
	struct left *left = arg;
	struct buf body;

	if (ending && is_recorded(left, id))
		return;
	buf_init(&body, 0);
	entry_lost(&body, wall_us(), id, start_us);
	add_body(left->chronicle, "lost", &body);
	log_warning("chronicle", "call=%s event=call-lost", id);
}

static void tell_left(struct chronicle *chronicle)
{
	struct left left = {.chronicle = chronicle};

	if (hash_init(&left.told) != 0)
		return; /* they are told at the next start */
	standing_take_left(chronicle->standing, left_h, &left);
	hash_each(&left.told, forget_told_h, &left);
	hash_free(&left.told);
}

/* Says what the file says of the process before, and which calls it left without a record. */
static void tell_past(struct chronicle *chronicle)
{
	const uint64_t signed_count = ledger_size(chronicle->ledger);
	struct journal_past past;
	uint64_t calls;
	struct buf body;

	journal_past(chronicle->journal, &past);
	calls = chronicle->standing ? standing_count_left(chronicle->standing) : 0;
	if (past.records < signed_count) {
		buf_init(&body, 0);
		entry_gap(&body, wall_us(), "file", signed_count - past.records, 0,
			"records before this one are neither in " JOURNAL_NAME
			" nor in " JOURNAL_NAME ".1");
		add_body(chronicle, "gap", &body);
		log_error("chronicle", "event=records-missing records=%" PRIu64,
			signed_count - past.records);
	}
	if (calls > 0 || (past.any && !past.stopped)) {
		buf_init(&body, 0);
		entry_crash(&body, wall_us(), past.last, calls);
		add_body(chronicle, "crash", &body);
		log_warning("chronicle", "event=crash-found calls=%" PRIu64, calls);
	}
	if (chronicle->standing)
		tell_left(chronicle);
}

static void tell_start(struct chronicle *chronicle)
{
	struct ledger_state state;
	struct buf body;

	ledger_state(chronicle->ledger, &state);
	buf_init(&body, 0);
	entry_start(&body, wall_us(), state.name, state.key);
	add_body(chronicle, "start", &body);
}

int chronicle_new(struct chronicle **ret, const struct chronicle_params *params,
	struct err_text *text)
{
	struct chronicle *chronicle = calloc(1, sizeof(*chronicle));
	const struct ledger_params ledger = {.state_dir = params->state_dir,
		.health = params->health,
		.name = params->name,
		.keep_keys = params->keep_keys,
		.key = params->key};
	struct err_text why = {""};
	int err = -ENOMEM;

	if (!chronicle)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&chronicle->lock, NULL);
	chronicle->health = params->health;
	chronicle->vouch = params->vouch;
	chronicle->state_dir = strdup(params->state_dir);
	if (!chronicle->state_dir || ledger_new(&chronicle->ledger, &ledger) != 0) {
		err_set(text, err, "out of memory");
		goto out;
	}
	err = journal_new(&chronicle->journal, params->state_dir, params->run_dir,
		ledger_size(chronicle->ledger), params->health, text);
	if (err)
		goto out;
	/* Without it the calls of a killed process have no record: no reason not to serve others. */
	if (standing_new(
		    &chronicle->standing, params->state_dir, params->run_dir, &why) != 0)
		log_error("chronicle", "event=standing-unusable error=\"%s\"", why.text);
	tell_past(chronicle);
	tell_start(chronicle);
	chronicle_write(chronicle);
	*ret = chronicle;
	return 0;
out:
	ledger_free(chronicle->ledger);
	pthread_mutex_destroy(&chronicle->lock);
	free(chronicle->state_dir);
	free(chronicle);
	return err;
}

/* Loop thread */

void chronicle_begin(
	struct chronicle *chronicle, uint64_t call, const char *id, uint64_t start_us)
{
	if (chronicle->standing)
		standing_add(chronicle->standing, call, id, start_us);
}

void chronicle_add(
	struct chronicle *chronicle, uint64_t call, const char *body, size_t len)
{
	if (chronicle->standing)
		standing_end(chronicle->standing, call);
	(void)journal_add(chronicle->journal, "call", body, len);
	if (chronicle->standing)
		standing_recorded(chronicle->standing);
}

/* With the lock held: those of a second that is over, or of ALL, that have no record yet. */
static void tell_refused(struct chronicle *chronicle, uint64_t now_us, bool all)
{
	struct buf body;

	if (!all && now_us / SECOND_US == chronicle->refused_second)
		return;
	chronicle->refused_second = now_us / SECOND_US;
	chronicle->refused = 0;
	if (chronicle->refused_more == 0)
		return;
	buf_init(&body, 0);
	entry_refused(&body, now_us, chronicle->refused_more, "", "");
	add_body(chronicle, "refused", &body);
	chronicle->refused_more = 0;
}

void chronicle_refused(
	struct chronicle *chronicle, const char *word, const char *id, const char *reason)
{
	const uint64_t now_us = wall_us();
	char party[PARTY_SIZE];
	struct buf body;

	pthread_mutex_lock(&chronicle->lock);
	tell_refused(chronicle, now_us, false);
	if (chronicle->refused < CHRONICLE_REFUSED_MAX) {
		snprintf(party, sizeof(party), "%s %s", word, id);
		buf_init(&body, 0);
		entry_refused(&body, now_us, 1, party, reason);
		add_body(chronicle, "refused", &body);
		chronicle->refused++;
	} else {
		chronicle->refused_more++;
	}
	pthread_mutex_unlock(&chronicle->lock);
}

void chronicle_report(struct chronicle *chronicle, const struct entry_report *report,
	uint64_t *ret_number)
{
	struct buf body;

	*ret_number = UINT64_MAX;
	buf_init(&body, 0);
	entry_report(&body, wall_us(), report);
	if (!body.err)
		journal_add_numbered(
			chronicle->journal, "report", body.data, body.len, ret_number);
	buf_free(&body);
}

void chronicle_act(struct chronicle *chronicle, const struct entry_act *act)
{
	struct buf body;

	buf_init(&body, 0);
	entry_act(&body, wall_us(), act);
	add_body(chronicle, "act", &body);
}

void chronicle_export(struct chronicle *chronicle, const struct entry_export *export)
{
	struct buf body;

	buf_init(&body, 0);
	entry_export(&body, wall_us(), export);
	add_body(chronicle, "export", &body);
}

/* Audit thread */

void chronicle_files(struct chronicle *chronicle, const char *id, const char *day,
	uint64_t lost, struct span files)
{
	struct buf body;

	buf_init(&body, 0);
	entry_files(&body, wall_us(), id, day, lost, files);
	add_body(chronicle, "files", &body);
}

void chronicle_lost(struct chronicle *chronicle, uint64_t count)
{
	if (count > 0 && chronicle->gap == 0)
		chronicle->since_us = wall_us();
	chronicle->gap += count;
}

static void tell_gap(struct chronicle *chronicle)
{
	char why[128];
	struct buf body;

	health_why(chronicle->health, why, sizeof(why));
	buf_init(&body, 0);
	entry_gap(&body, wall_us(), "capture", chronicle->gap, chronicle->since_us, why);
	add_body(chronicle, "gap", &body);
	chronicle->gap = 0;
}

static void tell_uncaptured(struct chronicle *chronicle)
{
	struct buf body;

	if (chronicle->uncaptured == 0)
		return;
	buf_init(&body, 0);
	entry_gap(&body, wall_us(), "calls", chronicle->uncaptured,
		chronicle->uncaptured_us, "disk-critical");
	add_body(chronicle, "gap", &body);
	chronicle->uncaptured = 0;
}

void chronicle_uncaptured(struct chronicle *chronicle, uint64_t count)
{
	if (count > 0 && chronicle->uncaptured == 0)
		chronicle->uncaptured_us = wall_us();
	chronicle->uncaptured += count;
}

void chronicle_deleted(struct chronicle *chronicle, const struct entry_deleted *deleted)
{
	struct buf body;

	buf_init(&body, 0);
	entry_deleted(&body, wall_us(), deleted);
	add_body(chronicle, "deleted", &body);
}

void chronicle_write(struct chronicle *chronicle)
{
	if (chronicle->standing)
		standing_look(chronicle->standing);
	if (journal_write(chronicle->journal) && chronicle->standing)
		standing_written(chronicle->standing);
}

/* Returns whether all that waited is on the disk. */
static bool write_waiting(struct chronicle *chronicle, struct journal_view *ret_view)
{
	bool whole;

	if (!chronicle->standing)
		return journal_tick(chronicle->journal, ret_view);
	standing_look(chronicle->standing);
	whole = journal_tick(chronicle->journal, ret_view);
	if (whole)
		standing_written(chronicle->standing);
	standing_sync(chronicle->standing);
	return whole;
}

static void tell_key(struct chronicle *chronicle)
{
	struct ledger_keys keys;
	struct buf body;

	if (!ledger_wants_record(chronicle->ledger, &keys))
		return;
	buf_init(&body, 0);
	entry_key(&body, wall_us(), keys.from, keys.to);
	if (add_body(chronicle, HANDOVER_KIND, &body))
		ledger_recorded(chronicle->ledger, &keys);
}

bool chronicle_tick(struct chronicle *chronicle, uint64_t mono_us, bool failing)
{
	struct journal_view view;
	bool whole;

	if (!failing && !chronicle->behind && mono_us < chronicle->sync_us)
		return true;
	chronicle->sync_us = mono_us + SYNC_US;
	if (!failing && chronicle->gap > 0)
		tell_gap(chronicle);
	tell_uncaptured(chronicle);
	pthread_mutex_lock(&chronicle->lock);
	tell_refused(chronicle, wall_us(), false);
	pthread_mutex_unlock(&chronicle->lock);
	whole = write_waiting(chronicle, &view);
	chronicle->behind = ledger_follow(chronicle->ledger, &view);
	if (!chronicle->behind)
		tell_key(chronicle);
	whole &= ledger_publish(chronicle->ledger);
	if (chronicle->vouch && !ledger_is_stopped(chronicle->ledger))
		vouch_tick(
			chronicle->vouch, mono_us, ledger_published(chronicle->ledger));
	return whole;
}

void chronicle_counts(struct chronicle *chronicle, struct journal_counts *ret)
{
	journal_counts(chronicle->journal, ret);
}

int chronicle_want_key(struct chronicle *chronicle, const char *uri)
{
	return ledger_want_key(chronicle->ledger, uri);
}

void chronicle_keep_keys(struct chronicle *chronicle, bool keep)
{
	ledger_keep_keys(chronicle->ledger, keep);
}

int chronicle_rotate_key(struct chronicle *chronicle, struct err_text *text)
{
	return ledger_rotate_key(chronicle->ledger, text);
}

void chronicle_state(struct chronicle *chronicle, struct ledger_state *ret)
{
	ledger_state(chronicle->ledger, ret);
}

bool chronicle_is_stopped(const struct chronicle *chronicle)
{
	return ledger_is_stopped(chronicle->ledger);
}

void chronicle_free(struct chronicle *chronicle)
{
	struct journal_view view;
	struct buf body;

	if (!chronicle)
		return;
	if (chronicle->gap > 0)
		tell_gap(chronicle);
	tell_uncaptured(chronicle);
	tell_refused(chronicle, wall_us(), true);
	buf_init(&body, 0);
	entry_stop(&body, wall_us());
	add_body(chronicle, "stop", &body);
	(void)write_waiting(chronicle, &view);
	while (ledger_follow(chronicle->ledger, &view))
		;
	ledger_finish(chronicle->ledger);
	journal_free(chronicle->journal);
	ledger_free(chronicle->ledger);
	standing_free(chronicle->standing);
	pthread_mutex_destroy(&chronicle->lock);
	free(chronicle->state_dir);
	free(chronicle);
}
