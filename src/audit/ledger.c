#include "audit/ledger.h"

#include "audit/log_keys.h"
#include "audit/log_lines.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/regular.h"
#include "evidence/handover.h"
#include "evidence/head.h"
#include "evidence/logbook.h"
#include "evidence/records.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The key as others need it, below the log's folder; with the name of the log, which it keeps for good. */
#define PUBLIC_FILE "key"
/* In one go: some 20 ms. */
#define GO_BYTES ((size_t)16 << 20)
/* A key in a token is waited for so long. */
#define OPENING_US UINT64_C(20000000)
/* At the end what a token has yet to sign is waited for so long, in so many pieces. */
#define FAREWELL_MS 300
#define FAREWELL_TURNS 10

struct ledger {
	char *state_dir;
	struct health *health;
	int dir_fd; /* of the folder; the logbook's */
	struct log_keys keys;
	uint64_t opening_us; /* the next key is waited for, since then; 0: it is not */
	bool handed; /* the next key has signed, and is yet to take the place of the other one */
	uint64_t handover; /* the record that said so */
	struct logbook *logbook;
	/* the file that is read */
	struct log_lines lines;
	uint64_t file;   /* as the journal numbers them; 0: none yet */
	uint64_t before; /* lines of it that are older than the log */
	uint64_t
		headless; /* behind these, records that have no head: a log began with them */
	uint64_t number;   /* of the next record */
	bool failing;      /* something could not be read or written last */
	bool sign_failing; /* nor signed */
	bool foreign;      /* a line that is no record was told of */

	atomic_bool stopped;   /* atomic */
	atomic_bool keep_keys; /* atomic; keys.keep of the next hand-over */
	pthread_mutex_t lock;
	struct ledger_state state; /* LOCK: lock */
	/* pkcs11: URIs, "": a file; where the log's key is to be, and where it is. NULL: there is none. LOCK: lock */
	char *wanted, *place;
};

/* Nothing is signed from now on. */
static void stop(struct ledger *ledger, const char *why)
{
	pthread_mutex_lock(&ledger->lock);
	if (!atomic_exchange(&ledger->stopped, true))
		log_error("ledger", "event=log-stopped error=\"%s\"", why);
	ledger->state.stopped = true;
	snprintf(ledger->state.why, sizeof(ledger->state.why), "%s", why);
	pthread_mutex_unlock(&ledger->lock);
}

bool ledger_is_stopped(const struct ledger *ledger)
{
	return atomic_load(&ledger->stopped);
}

/* What is tried again. */
static void fail(struct ledger *ledger, int err)
{
	ledger->failing = true;
	health_fail(ledger->health, "log", err);
}

/* A hand-over is for somebody to ask for: others have to know the key. */
static void tell_difference(void)
{
	log_warning("ledger", "event=log-key-differs");
}

/* Opening */

static int open_folder(const char *state_dir, struct err_text *text)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/" LOGBOOK_FOLDER, state_dir);
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_set(text, -errno, "cannot make %s: %s", path, err_str(-errno));
	fd = logbook_open_folder(state_dir);
	return fd < 0 ? err_set(text, fd, "cannot open %s: %s", path, err_str(fd)) : fd;
}

/* The name that the log was begun with. */
static int read_name(int dir_fd, char ret[static NOTE_NAME_MAX + 1])
{
	struct span line, rest;
	struct note_key key;
	struct buf file;
	int err;

	buf_init(&file, 0);
	err = regular_read(dir_fd, PUBLIC_FILE, NOTE_KEY_TEXT_SIZE, &file);
	rest = buf_span(&file);
	if (!err)
		err = span_next(&rest, '\n', &line) ? note_key_read(&key, line)
						    : ERR_FORMAT;
	if (!err)
		memcpy(ret, key.name, sizeof(key.name));
	buf_free(&file);
	return err;
}

/* Without a server's name the log is one of this program. */
static void make_name(const char *server, char ret[static NOTE_NAME_MAX + 1])
{
	snprintf(ret, NOTE_NAME_MAX + 1, "%.200s/records",
		server && *server ? server : "tandem");
}

/* Lock held. */
static void compare_places(struct ledger *ledger)
{
	ledger->state.in_token = ledger->place && ledger->place[0];
	ledger->state.differs = ledger->place && ledger->wanted &&
				strcmp(ledger->place, ledger->wanted) != 0;
}

/* Where the key is that the log has now. Returns whether it is wanted elsewhere. */
static bool note_place(struct ledger *ledger)
{
	const char *uri = ledger->keys.now.uri;
	bool differs;

	pthread_mutex_lock(&ledger->lock);
	free(ledger->place);
	ledger->place = strdup(uri ? uri : "");
	compare_places(ledger);
	differs = ledger->state.differs;
	pthread_mutex_unlock(&ledger->lock);
	return differs;
}

int ledger_want_key(struct ledger *ledger, const char *uri)
{
	char *wanted = strdup(uri);
	bool before, differs;

	if (!wanted)
		return -ENOMEM;
	pthread_mutex_lock(&ledger->lock);
	before = ledger->state.differs && ledger->wanted &&
		 strcmp(ledger->wanted, wanted) == 0;
	free(ledger->wanted);
	ledger->wanted = wanted;
	compare_places(ledger);
	differs = ledger->state.differs;
	pthread_mutex_unlock(&ledger->lock);
	if (differs && !before)
		tell_difference();
	return 0;
}

void ledger_keep_keys(struct ledger *ledger, bool keep)
{
	atomic_store(&ledger->keep_keys, keep);
}

/* The key that the log has now, for others: it is in the folder, and what ledger_state() says. */
static int publish_key(struct ledger *ledger)
{
	char line[NOTE_KEY_TEXT_SIZE + 1];
	struct buf file;
	int err = 0;

	note_key_text(logbook_key(ledger->logbook), line);
	pthread_mutex_lock(&ledger->lock);
	snprintf(ledger->state.key, sizeof(ledger->state.key), "%s", line);
	pthread_mutex_unlock(&ledger->lock);
	strcat(line, "\n");
	buf_init(&file, 0);
	if (regular_read(ledger->dir_fd, PUBLIC_FILE, NOTE_KEY_TEXT_SIZE, &file) != 0 ||
		!span_equal_str(buf_span(&file), line))
		err = logbook_replace(ledger->dir_fd, PUBLIC_FILE, span_of(line));
	buf_free(&file);
	return err;
}

static int open_log(struct ledger *ledger, const char *server, struct err_text *text)
{
	char name[NOTE_NAME_MAX + 1];
	int dir_fd = open_folder(ledger->state_dir, text), err, named;

	if (dir_fd < 0)
		return dir_fd;
	named = read_name(dir_fd, name);
	if (named == -ENOENT)
		make_name(server, name);
	err = named && named != -ENOENT
		      ? err_set(text, named,
				"%s/" LOGBOOK_FOLDER "/" PUBLIC_FILE " is damaged",
				ledger->state_dir)
		      : log_keys_open(&ledger->keys, dir_fd, name, ledger->wanted, text);
	if (err) {
		close(dir_fd);
		return err;
	}
	ledger->dir_fd = dir_fd;
	if (note_place(ledger))
		tell_difference();
	err = logbook_new(&ledger->logbook, dir_fd, ledger->keys.now.key, name, text);
	if (err)
		return err;
	snprintf(ledger->state.name, sizeof(ledger->state.name), "%s", name);
	ledger->state.size = logbook_published(ledger->logbook);
	err = publish_key(ledger);
	return err ? err_set(text, err,
			     "cannot write %s/" LOGBOOK_FOLDER "/" PUBLIC_FILE ": %s",
			     ledger->state_dir, err_str(err))
		   : 0;
}

int ledger_new(struct ledger **ret, const struct ledger_params *params)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	struct err_text text = {""};

	if (!ledger)
		return -ENOMEM;
	pthread_mutex_init(&ledger->lock, NULL);
	ledger->health = params->health;
	ledger->keys.keep = params->keep_keys;
	atomic_init(&ledger->keep_keys, params->keep_keys);
	ledger->state_dir = strdup(params->state_dir);
	ledger->wanted = strdup(params->key ? params->key : "");
	if (log_lines_init(&ledger->lines) != 0 || !ledger->state_dir ||
		!ledger->wanted) {
		ledger_free(ledger);
		return -ENOMEM;
	}
	ledger->keys.state_dir = ledger->state_dir;
	if (open_log(ledger, params->name, &text) != 0)
		stop(ledger, text.text);
	*ret = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	logbook_free(ledger->logbook);
	log_keys_close(&ledger->keys);
	log_lines_free(&ledger->lines);
	pthread_mutex_destroy(&ledger->lock);
	free(ledger->state_dir);
	free(ledger->wanted);
	free(ledger->place);
	free(ledger);
}

uint64_t ledger_size(const struct ledger *ledger)
{
	uint64_t size = ledger->logbook ? logbook_size(ledger->logbook) : 0;

	return size > ledger->state.size ? size : ledger->state.size;
}

uint64_t ledger_published(const struct ledger *ledger)
{
	return logbook_published(ledger->logbook);
}

void ledger_state(struct ledger *ledger, struct ledger_state *ret)
{
	pthread_mutex_lock(&ledger->lock);
	*ret = ledger->state;
	pthread_mutex_unlock(&ledger->lock);
}

/* Reading */

/*
 * Which lines of the file are records, by the first one with a head. Lines before it were written by older versions. They are
 * the first records of a log that began in this file, and else no records.
 */
static int find_number(struct ledger *ledger, off_t limit)
{
	uint64_t count, seq = 0;
	const int found = log_lines_find_head(&ledger->lines, limit, &count, &seq);

	if (found < 0)
		return found;
	ledger->foreign = false;
	if (!found && logbook_size(ledger->logbook) == 0)
		seq = count; /* it begins now */
	ledger->headless = seq <= count ? seq : 0;
	ledger->before = count - ledger->headless;
	ledger->number = ledger->headless > 0 ? 0 : seq;
	if (!found && ledger->headless == 0)
		ledger->number = logbook_size(ledger->logbook);
	return 0;
}

/* FD, which is taken, is read from its beginning. 0, or negative: then no file is, and ledger_follow() begins again. */
static int take_file(struct ledger *ledger, int fd, uint64_t file, off_t limit)
{
	int err = fd < 0 ? fd : 0;

	log_lines_take(&ledger->lines, err ? -1 : fd);
	ledger->file = file;
	if (!err)
		err = find_number(ledger, limit);
	if (err)
		log_lines_take(&ledger->lines, -1);
	return err;
}

/* The file of VIEW. */
static int take_view(struct ledger *ledger, const struct journal_view *view)
{
	const int fd = fcntl(view->fd, F_DUPFD_CLOEXEC, 0);

	return take_file(ledger, fd < 0 ? -errno : fd, view->file, view->size);
}

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_size;
}

/* Begins with the file of VIEW; or with the one before it, when that has lines that were not signed. What is
 * no file is none of ours; a file that cannot be opened now may be later. */
static int begin(struct ledger *ledger, const struct journal_view *view)
{
	char path[4200];
	int err, fd;

	err = take_view(ledger, view);
	if (err || ledger->number <= logbook_size(ledger->logbook))
		return err;
	snprintf(path, sizeof(path), "%s/" JOURNAL_NAME ".1", ledger->state_dir);
	fd = regular_open(AT_FDCWD, path, NULL);
	if (fd == -ENOENT || fd == -ELOOP || fd == -EPERM)
		return 0;
	return take_file(ledger, fd, 0, fd < 0 ? 0 : size_of(fd));
}

/* LINE, the next record, is to hand the log over. 0, or negative: it is stopped, or the same is tried again later. */
static int take_handover(struct ledger *ledger, struct span line)
{
	uint8_t public[ED25519_PUBLIC_LEN];
	char why[LEDGER_WHY_SIZE];
	struct handover handover;
	int err = ERR_FORMAT;

	/* What was signed before is only added again; and no line of ours is one that cannot be read. */
	if (ledger->number < logbook_published(ledger->logbook) ||
		ledger->number < logbook_known(ledger->logbook) ||
		handover_read_line(&handover, line) != 0)
		return 0;
	if (ledger->keys.next.key) {
		ed25519_public(ledger->keys.next.key, public);
		if (memcmp(public, handover.to.key, sizeof(public)) == 0)
			err = logbook_hand_over(ledger->logbook, ledger->keys.next.key,
				ledger->number, line);
	}
	if (!err)
		ledger->handover = ledger->number;
	if (err != ERR_FORMAT)
		return err;
	if (ledger->keys.next_why[0])
		snprintf(why, sizeof(why),
			"record %" PRIu64
			" hands the log over to the key of log.key.new, which cannot be "
			"used: %.128s",
			ledger->number, ledger->keys.next_why);
	else
		snprintf(why, sizeof(why),
			"record %" PRIu64
			" hands the log over to a key that is not in log.key.new; put it "
			"back, or move log and cdr.jsonl away to begin another log",
			ledger->number);
	stop(ledger, why);
	return ERR_STATE;
}

/* The folder was removed, or another one stands there: what it has goes on, and the rest is made anew of the records. 0, or
 * negative: it is stopped, or the same is tried again later. */
static int reopen(struct ledger *ledger)
{
	struct logbook *logbook = NULL;
	struct err_text text = {""};
	int dir_fd = open_folder(ledger->state_dir, &text), err;

	if (dir_fd < 0)
		return dir_fd;
	err = logbook_new(
		&logbook, dir_fd, ledger->keys.now.key, ledger->state.name, &text);
	if (!err && logbook_go_on(logbook, ledger->logbook) != 0) {
		err = err_set(&text, ERR_TRUST, "another log stands in its place");
		logbook_free(logbook);
	}
	if (err == ERR_TRUST)
		stop(ledger, text.text);
	if (err)
		return err;
	log_error(
		"ledger", "event=log-made-anew records=%" PRIu64, logbook_size(logbook));
	logbook_free(ledger->logbook);
	ledger->logbook = logbook;
	ledger->dir_fd = dir_fd;
	log_lines_take(&ledger->lines, -1);
	return publish_key(ledger);
}

static int follow_folder(struct ledger *ledger)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/" LOGBOOK_FOLDER, ledger->state_dir);
	return logbook_is_in(ledger->logbook, path) ? 0 : reopen(ledger);
}

/* 0: LINE is done with; or negative, and the log is stopped, or the same is tried again later. */
static int take_line(struct ledger *ledger, struct span line)
{
	const uint64_t size = logbook_size(ledger->logbook);
	struct tlog_hash leaf;
	char why[LEDGER_WHY_SIZE];
	uint64_t seq;
	int err;

	if (ledger->before > 0) {
		ledger->before--;
		return 0;
	}
	if (head_read(line, &seq) == 0) {
		ledger->number = seq;
	} else if (ledger->headless > 0) {
		ledger->headless--;
	} else {
		if (!ledger->foreign)
			log_error("ledger", "event=foreign-line file=" JOURNAL_NAME);
		ledger->foreign = true;
		return 0;
	}
	if (ledger->number > size) {
		snprintf(why, sizeof(why),
			"record %" PRIu64 " is missing in " JOURNAL_NAME
			" where it was not signed yet; move it and log away to begin "
			"another log",
			size);
		stop(ledger, why);
		return ERR_STATE;
	}
	if (ledger->number < size) {
		ledger->number++;
		return 0;
	}
	err = handover_is(line) ? take_handover(ledger, line) : 0;
	if (!err)
		err = tlog_leaf(&leaf, line);
	if (!err)
		err = logbook_add(ledger->logbook, &leaf);
	if (!err)
		ledger->number++;
	if (err == ERR_TRUST)
		stop(ledger, "the records are not those that were signed before");
	else if (err && !ledger_is_stopped(ledger))
		fail(ledger, err);
	return err;
}

static int take_lines(struct ledger *ledger)
{
	struct span line;
	int err = 0;

	while (!err && log_lines_next(&ledger->lines, &line)) {
		err = take_line(ledger, line);
		if (!err)
			ledger->lines.begin += line.len + 1;
	}
	return err;
}

bool ledger_follow(struct ledger *ledger, const struct journal_view *view)
{
	size_t done = 0;
	ssize_t n;
	int err = 0;

	ledger->failing = false;
	if (ledger_is_stopped(ledger) || view->fd < 0)
		return false;
	err = follow_folder(ledger);
	if (err) {
		if (!ledger_is_stopped(ledger))
			fail(ledger, err);
		return false;
	}
	if (ledger->lines.fd < 0)
		err = begin(ledger, view);
	else if (ledger->file == view->file && view->size < ledger->lines.at)
		err = take_view(ledger, view); /* it was cut in place */
	while (!err && done < GO_BYTES) {
		err = take_lines(ledger);
		if (err)
			return false;
		n = log_lines_fill(&ledger->lines, ledger->file == view->file
							   ? view->size
							   : size_of(ledger->lines.fd));
		done += n > 0 ? (size_t)n : 0;
		if (n < 0)
			err = (int)n;
		else if (n == 0 && ledger->file == view->file)
			return false;
		else if (n == 0)
			err = take_view(ledger, view);
	}
	if (err)
		fail(ledger, err);
	return !err;
}

/* Another key */

int ledger_rotate_key(struct ledger *ledger, struct err_text *text)
{
	struct ledger_rotation *rotation = &ledger->state.rotation;
	int err = 0;

	pthread_mutex_lock(&ledger->lock);
	if (ledger->state.stopped)
		err = err_set(
			text, ERR_STATE, "records are not signed: %s", ledger->state.why);
	else if (rotation->is_wanted)
		err = err_set(text, ERR_STATE, "the log is being handed over already");
	else
		*rotation = (struct ledger_rotation){
			.is_wanted = true, .count = rotation->count};
	pthread_mutex_unlock(&ledger->lock);
	return err;
}

/* What was asked for is given up. */
static void give_up_rotation(struct ledger *ledger, const char *why)
{
	struct ledger_rotation *rotation = &ledger->state.rotation;

	pthread_mutex_lock(&ledger->lock);
	rotation->is_wanted = false;
	snprintf(rotation->why, sizeof(rotation->why), "%s", why);
	pthread_mutex_unlock(&ledger->lock);
}

/* One is done; it may be that of a process before, while another one is wanted. */
static void end_rotation(struct ledger *ledger)
{
	struct ledger_rotation *rotation = &ledger->state.rotation;

	pthread_mutex_lock(&ledger->lock);
	if (rotation->is_recorded)
		rotation->is_wanted = rotation->is_recorded = false;
	rotation->count++;
	rotation->record = ledger->handover;
	pthread_mutex_unlock(&ledger->lock);
}

/* The next key is made, or opened in its token. Returns whether it is there. */
static bool has_next(struct ledger *ledger)
{
	struct err_text text = {""};
	const uint64_t now_us = clock_real()->mono_us(clock_real());
	char *wanted = NULL;
	int err = 0;

	if (ledger->opening_us == 0) {
		ledger->opening_us = now_us;
		/* Tried again, it is as it was begun: no try destroys a key that one before put by. */
		ledger->keys.keep = atomic_load(&ledger->keep_keys);
		pthread_mutex_lock(&ledger->lock);
		wanted = strdup(ledger->wanted);
		pthread_mutex_unlock(&ledger->lock);
		err = wanted ? log_keys_begin_next(&ledger->keys, wanted, &text)
			     : err_set(&text, -ENOMEM, "out of memory");
		free(wanted);
	}
	if (!err)
		err = log_keys_next_ready(&ledger->keys, &text);
	if (err == -EAGAIN && now_us - ledger->opening_us < OPENING_US)
		return false;
	ledger->opening_us = 0;
	if (!err)
		return true;
	if (err == -EAGAIN)
		log_keys_drop_next(&ledger->keys);
	(void)note_place(ledger);
	give_up_rotation(ledger, text.text);
	return false;
}

bool ledger_wants_record(struct ledger *ledger, struct ledger_keys *ret)
{
	struct ledger_state state;
	uint8_t public[ED25519_PUBLIC_LEN];
	struct note_key key;

	ledger_state(ledger, &state);
	if (state.stopped || !state.rotation.is_wanted || state.rotation.is_recorded ||
		ledger->handed || logbook_is_handing_over(ledger->logbook))
		return false;
	/* A line that was not read may name the next key that is there. */
	if (ledger->lines.fd < 0 || ledger->failing ||
		health_is_failing(ledger->health) || !has_next(ledger))
		return false;
	ed25519_public(ledger->keys.next.key, public);
	(void)note_key_make(&key, span_of(state.name), public);
	note_key_text(logbook_key(ledger->logbook), ret->from);
	note_key_text(&key, ret->to);
	return true;
}

void ledger_recorded(struct ledger *ledger, const struct ledger_keys *keys)
{
	pthread_mutex_lock(&ledger->lock);
	ledger->state.rotation.is_recorded = true;
	snprintf(ledger->state.rotation.from, sizeof(ledger->state.rotation.from), "%s",
		keys->from);
	pthread_mutex_unlock(&ledger->lock);
}

/* The next key has signed: it is the one that the next start has to find. */
static int take_next(struct ledger *ledger)
{
	int err = ledger->keys.next.key
			  ? log_keys_take_next(&ledger->keys, ledger->state.name)
			  : 0;

	if (!err)
		err = publish_key(ledger);
	if (err)
		return err;
	ledger->handed = false;
	(void)note_place(ledger);
	log_info("ledger", "event=log-key-changed record=%" PRIu64 " key=%s",
		ledger->handover, ledger->state.key);
	end_rotation(ledger);
	return 0;
}

/* 0; -EAGAIN: a token takes its time, which is no failure; or negative. */
static int publish(struct ledger *ledger)
{
	const bool handing = logbook_is_handing_over(ledger->logbook);
	int err = logbook_publish(ledger->logbook);

	if (handing && !logbook_is_handing_over(ledger->logbook))
		ledger->handed = true;
	if (!err && ledger->handed)
		err = take_next(ledger);
	if (err && err != -EAGAIN)
		fail(ledger, err);
	/* Who takes his time after a failure may fail again. */
	if (err != -EAGAIN)
		ledger->sign_failing = err != 0;
	pthread_mutex_lock(&ledger->lock);
	ledger->state.size = logbook_published(ledger->logbook);
	pthread_mutex_unlock(&ledger->lock);
	return err;
}

bool ledger_publish(struct ledger *ledger)
{
	if (ledger_is_stopped(ledger))
		return true;
	(void)publish(ledger);
	return !ledger->failing && !ledger->sign_failing;
}

void ledger_finish(struct ledger *ledger)
{
	for (unsigned i = 0; i < FAREWELL_TURNS && !ledger_is_stopped(ledger) &&
			     publish(ledger) == -EAGAIN;
		i++)
		log_keys_wait(&ledger->keys, FAREWELL_MS);
}
