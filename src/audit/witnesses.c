#include "audit/witnesses.h"

#include "base/log.h"
#include "evidence/cosign.h"
#include "evidence/logbook_file.h"
#include "evidence/submit.h"
#include "evidence/tiles.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Submissions of one checkpoint to one witness: the first may tell what it saw last. */
#define TRIES 3
/* Rounds that are left out after failures, at most: 2^5 - 1. */
#define PAUSE_MAX 5

/* Of a URL, behind which the path has to have room. */
#define URL_SIZE (MAIL_URL_SIZE - (sizeof(SUBMIT_PATH) - 1))

struct witness {
	struct note_key key;
	uint64_t known;    /* the size that it saw last, as far as that is known */
	unsigned tries;    /* of this round */
	unsigned failures; /* one after the other */
	unsigned pause;    /* rounds that it is left out */
	struct buf
		line; /* its cosignature of the note of the round; empty: there is none */
};

struct witnesses {
	char *state_dir, *https_ca;
	uint64_t interval_us;
	struct mail *mail;
	unsigned first_box;
	unsigned count;
	struct witness list[WITNESSES_MAX];
	uint64_t next_us; /* of the monotonic clock: no round before */
	/* the round */
	uint64_t size;
	struct buf note; /* as the log signed it */
	pthread_mutex_t lock;
	struct witnesses_state state; /* LOCK: lock */
};

/* The list */

static int read_one(struct span entry, char url[static URL_SIZE], struct note_key *key,
	struct err_text *text)
{
	struct span address;

	entry = span_trim(entry);
	if (!span_next(&entry, ' ', &address) || !entry.p)
		return err_set(text, ERR_FORMAT,
			"expected URL KEY of each witness, with a blank between them");
	if (!span_starts(address, "http://") && !span_starts(address, "https://"))
		return err_set(text, ERR_FORMAT,
			"expected an http: or https: URL, got \"%.*s\"", (int)address.len,
			address.p);
	/* the path that is added begins with one */
	while (address.p[address.len - 1] == '/')
		address.len--;
	if (address.len <= strlen("https:"))
		return err_set(text, ERR_FORMAT,
			"expected the name of a host in the URL of a witness");
	if (span_copy(address, url, URL_SIZE) != 0)
		return err_set(text, ERR_FORMAT,
			"expected a URL of at most %zu characters, got %zu", URL_SIZE - 1,
			address.len);
	entry = span_trim(entry);
	if (cosign_key_read(key, entry) != 0)
		return err_set(text, ERR_FORMAT,
			"expected the key of a witness for cosignatures (NAME+ID+KEY), "
			"got "
			"\"%.*s\"",
			(int)entry.len, entry.p);
	return 0;
}

/* RET and STATE may be NULL. */
static int read_list(struct witnesses *ret, const char *list, const char *https_ca,
	struct err_text *text)
{
	struct span rest = span_of(list), entry;
	char url[URL_SIZE];
	struct note_key key;
	unsigned count = 0;
	int err;

	while (span_next(&rest, ',', &entry)) {
		if (count == WITNESSES_MAX)
			return err_set(text, ERR_FORMAT, "expected at most %d witnesses",
				WITNESSES_MAX);
		err = read_one(entry, url, &key, text);
		if (err)
			return err;
		if (strncmp(url, "https:", 6) == 0 && !https_ca[0])
			return err_set(text, ERR_FORMAT,
				"expected witness-https-ca beside it for %s", url);
		if (ret) {
			ret->list[count].key = key;
			snprintf(ret->state.list[count].name,
				sizeof(ret->state.list[count].name), "%s", key.name);
			snprintf(ret->state.list[count].url,
				sizeof(ret->state.list[count].url), "%s", url);
			ret->count = ret->state.count = count + 1;
		}
		count++;
	}
	return 0;
}

int witnesses_check(const char *list, const char *https_ca, struct err_text *text)
{
	return read_list(NULL, list, https_ca, text);
}

int witnesses_new(struct witnesses **ret, const struct witnesses_params *params,
	struct err_text *text)
{
	struct witnesses *witnesses = calloc(1, sizeof(*witnesses));
	int err;

	if (!witnesses)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&witnesses->lock, NULL);
	buf_init(&witnesses->note, 0);
	for (unsigned i = 0; i < WITNESSES_MAX; i++)
		buf_init(&witnesses->list[i].line, 0);
	witnesses->interval_us = params->interval_us;
	witnesses->mail = params->mail;
	witnesses->first_box = params->first_box;
	err = read_list(witnesses, params->list, params->https_ca, text);
	witnesses->state_dir = strdup(params->state_dir);
	witnesses->https_ca = strdup(params->https_ca);
	if (!err && (!witnesses->state_dir || !witnesses->https_ca))
		err = err_set(text, -ENOMEM, "out of memory");
	if (err) {
		witnesses_free(witnesses);
		return err;
	}
	*ret = witnesses;
	return 0;
}

void witnesses_go_on(struct witnesses *witnesses, const struct witnesses *before)
{
	for (unsigned i = 0; i < witnesses->count; i++) {
		for (unsigned j = 0; j < before->count; j++) {
			if (!note_key_equal(
				    &witnesses->list[i].key, &before->list[j].key))
				continue;
			witnesses->list[i].known = before->list[j].known;
			witnesses->state.list[i].size = before->state.list[j].size;
			witnesses->state.list[i].time_s = before->state.list[j].time_s;
		}
	}
}

void witnesses_free(struct witnesses *witnesses)
{
	if (!witnesses)
		return;
	buf_free(&witnesses->note);
	for (unsigned i = 0; i < WITNESSES_MAX; i++)
		buf_free(&witnesses->list[i].line);
	pthread_mutex_destroy(&witnesses->lock);
	free(witnesses->state_dir);
	free(witnesses->https_ca);
	free(witnesses);
}

void witnesses_state(struct witnesses *witnesses, struct witnesses_state *ret)
{
	pthread_mutex_lock(&witnesses->lock);
	*ret = witnesses->state;
	pthread_mutex_unlock(&witnesses->lock);
}

/* A round */

/* It failed in this round, for WHY; CONFLICT: because it saw another log. */
static void fail(
	struct witnesses *witnesses, unsigned nth, bool conflict, const char *why)
{
	struct witness *witness = &witnesses->list[nth];

	if (witness->failures < PAUSE_MAX)
		witness->failures++;
	witness->pause = (1U << witness->failures) - 1;
	pthread_mutex_lock(&witnesses->lock);
	snprintf(witnesses->state.list[nth].why, sizeof(witnesses->state.list[nth].why),
		"%s", why);
	pthread_mutex_unlock(&witnesses->lock);
	if (conflict)
		log_error("witnesses",
			"event=witness-conflict witness=%s records=%" PRIu64
			" reason=\"%s\"",
			witness->key.name, witnesses->size, why);
	else
		log_warning("witnesses", "event=witness-failed witness=%s reason=\"%s\"",
			witness->key.name, why);
}

/* It is not the witness that failed, but WHAT. */
static void fail_to(struct witnesses *witnesses, unsigned nth, const char *what, int err)
{
	char why[MAIL_WHY_SIZE];

	snprintf(why, sizeof(why), "%s: %s", what, err_str(err));
	fail(witnesses, nth, false, why);
}

/* The note without what witnesses said: a log signs by its own name. */
static void add_own(struct buf *out, const struct note *note, struct span origin)
{
	buf_add_span(out, note->text);
	buf_add_char(out, '\n');
	for (unsigned i = 0; i < note->count; i++) {
		if (!span_equal(note->signatures[i].name, origin))
			continue;
		buf_add_str(out, "\xe2\x80\x94 ");
		buf_add_span(out, note->signatures[i].name);
		buf_add_char(out, ' ');
		buf_add_span(out, note->signatures[i].base64);
		buf_add_char(out, '\n');
	}
}

/* NOTE is that of the round, of so many records. What was said of another one is of no use any more. 0 or -ENOMEM. */
static int take_note(struct witnesses *witnesses, struct span note, uint64_t size)
{
	if (span_equal(note, buf_span(&witnesses->note)))
		return 0;
	for (unsigned i = 0; i < witnesses->count; i++)
		buf_clear(&witnesses->list[i].line);
	buf_clear(&witnesses->note);
	buf_add_span(&witnesses->note, note);
	witnesses->size = size;
	return witnesses->note.err;
}

/* The log's checkpoint as it is now. 0 or negative. */
static int read_checkpoint(struct witnesses *witnesses)
{
	struct logbook_note published;
	struct buf own;
	int fd = logbook_open_folder(witnesses->state_dir), err;

	if (fd < 0)
		return fd;
	err = logbook_read_note(&published, fd, LOGBOOK_CHECKPOINT);
	close(fd);
	if (err)
		return err;
	buf_init(&own, 0);
	add_own(&own, &published.note, published.checkpoint.origin);
	err = own.err ? own.err
		      : take_note(witnesses, buf_span(&own), published.checkpoint.size);
	logbook_free_note(&published);
	buf_free(&own);
	return err;
}

/* That the log grew from what the witness knows. Nothing, or nothing less, needs no proof. */
static int prove(struct witnesses *witnesses, uint64_t known, struct tlog_proof *ret)
{
	struct tiles *tiles;
	int fd, err;

	ret->count = 0;
	if (known == 0 || known == witnesses->size)
		return 0;
	tiles = malloc(sizeof(*tiles));
	fd = logbook_open_folder(witnesses->state_dir);
	if (fd < 0 || !tiles) {
		err = fd < 0 ? fd : -ENOMEM;
	} else {
		tiles_init(tiles, fd, witnesses->size);
		err = tlog_prove_growth(ret, known, witnesses->size, tiles_read, tiles);
	}
	if (fd >= 0)
		close(fd);
	free(tiles);
	return err;
}

static void submit(struct witnesses *witnesses, unsigned nth)
{
	struct witness *witness = &witnesses->list[nth];
	struct mail_letter letter = {.type = "application/octet-stream"};
	struct submission submission = {
		.old = witness->known, .note = buf_span(&witnesses->note)};
	char url[MAIL_URL_SIZE];
	int err = prove(witnesses, witness->known, &submission.proof);

	witness->tries++;
	if (err) {
		fail_to(witnesses, nth, "no proof can be made for it", err);
		return;
	}
	/* Its address does not change. */
	snprintf(url, sizeof(url), "%s%s", witnesses->state.list[nth].url, SUBMIT_PATH);
	mail_address(&letter, url, witnesses->https_ca);
	buf_init(&letter.body, 0);
	submit_write(&letter.body, &submission);
	if (letter.body.err) {
		buf_free(&letter.body);
		fail(witnesses, nth, false, "out of memory");
		return;
	}
	mail_send(witnesses->mail, witnesses->first_box + nth, &letter);
}

/* Whether the published checkpoint is the one of the note WHOLE still. */
static bool is_published(int fd, struct span whole)
{
	struct logbook_note published;
	struct note ours;
	bool is;

	if (logbook_read_note(&published, fd, LOGBOOK_CHECKPOINT) != 0)
		return false;
	is = note_read(&ours, whole) == 0 && span_equal(published.note.text, ours.text);
	logbook_free_note(&published);
	return is;
}

/* What was cosigned is kept; and where the log has not grown since, it is the published checkpoint too. */
static int keep(struct witnesses *witnesses)
{
	struct buf whole;
	int fd = logbook_open_folder(witnesses->state_dir), err;

	if (fd < 0)
		return fd;
	buf_init(&whole, 0);
	buf_add_span(&whole, buf_span(&witnesses->note));
	for (unsigned i = 0; i < witnesses->count; i++)
		buf_add_span(&whole, buf_span(&witnesses->list[i].line));
	err = whole.err;
	if (!err)
		err = logbook_replace(fd, LOGBOOK_WITNESSED, buf_span(&whole));
	if (!err && is_published(fd, buf_span(&whole)))
		err = logbook_replace(fd, LOGBOOK_CHECKPOINT, buf_span(&whole));
	buf_free(&whole);
	close(fd);
	return err;
}

/* LINES are those of a note, of which that of WITNESS alone is taken. 0; -ENOENT: it is not among them; ERR_TRUST: it is
 * wrong; or negative. */
static int take_line(struct witnesses *witnesses, struct witness *witness,
	struct span lines, uint64_t *ret_time_s)
{
	struct span line;
	struct note ours, note;
	struct buf one;
	int err =
		note_read(&ours, buf_span(&witnesses->note)) == 0 ? -ENOENT : ERR_FORMAT;

	while (err == -ENOENT && lines.len > 0 && span_next(&lines, '\n', &line)) {
		buf_init(&one, 0);
		buf_add_span(&one, ours.text);
		buf_add_char(&one, '\n');
		buf_add_span(&one, line);
		buf_add_char(&one, '\n');
		if (!one.err && note_read(&note, buf_span(&one)) == 0)
			err = cosign_verify(&note, &witness->key, ret_time_s);
		buf_free(&one);
	}
	if (err)
		return err;
	buf_clear(&witness->line);
	buf_add_span(&witness->line, line);
	buf_add_char(&witness->line, '\n');
	return witness->line.err;
}

static void take_cosignature(
	struct witnesses *witnesses, unsigned nth, const struct mail_letter *letter)
{
	struct witness *witness = &witnesses->list[nth];
	uint64_t time_s = 0;
	int err = take_line(witnesses, witness, buf_span(&letter->body), &time_s);

	if (err) {
		fail(witnesses, nth, false,
			err == ERR_TRUST ? "its cosignature is wrong"
					 : "it answers without its cosignature");
		return;
	}
	witness->known = witnesses->size;
	err = keep(witnesses);
	if (err) {
		fail_to(witnesses, nth, "its cosignature cannot be written", err);
		return;
	}
	witness->failures = 0;
	pthread_mutex_lock(&witnesses->lock);
	witnesses->state.list[nth].size = witnesses->size;
	witnesses->state.list[nth].time_s = time_s;
	witnesses->state.list[nth].why[0] = '\0';
	pthread_mutex_unlock(&witnesses->lock);
	log_debug("witnesses", "event=witnessed witness=%s records=%" PRIu64,
		witness->key.name, witnesses->size);
}

/* It saw another size last than we thought. */
static void take_size(
	struct witnesses *witnesses, unsigned nth, const struct mail_letter *letter)
{
	struct witness *witness = &witnesses->list[nth];
	uint64_t size;
	char why[128];

	if (submit_read_size(&size, buf_span(&letter->body)) != 0) {
		fail(witnesses, nth, false, "it answers with status 409 and no size");
		return;
	}
	if (size > witnesses->size) {
		snprintf(why, sizeof(why), "it has seen %" PRIu64 " records of this log",
			size);
		fail(witnesses, nth, true, why);
		return;
	}
	if (size == witnesses->size && size == witness->known) {
		fail(witnesses, nth, true, "it has seen another log of this size");
		return;
	}
	witness->known = size;
	if (witness->tries < TRIES)
		submit(witnesses, nth);
	else
		fail(witnesses, nth, false, "it answers with one size after the other");
}

static void take(
	struct witnesses *witnesses, unsigned nth, const struct mail_letter *letter)
{
	char why[64];

	if (letter->err)
		fail(witnesses, nth, false, letter->why);
	else if (letter->status == 200)
		take_cosignature(witnesses, nth, letter);
	else if (letter->status == 409)
		take_size(witnesses, nth, letter);
	else if (letter->status == 422)
		fail(witnesses, nth, true,
			"it has seen a log that this one did not grow from");
	else {
		snprintf(why, sizeof(why), "it answers with status %ld", letter->status);
		fail(witnesses, nth, false, why);
	}
}

static bool is_round_over(const struct witnesses *witnesses)
{
	for (unsigned i = 0; i < witnesses->count; i++)
		if (!mail_is_free(witnesses->mail, witnesses->first_box + i))
			return false;
	return true;
}

static void begin_round(struct witnesses *witnesses)
{
	if (read_checkpoint(witnesses) != 0)
		return;
	for (unsigned i = 0; i < witnesses->count; i++) {
		struct witness *witness = &witnesses->list[i];

		witness->tries = 0;
		if (witness->pause > 0)
			witness->pause--;
		else
			submit(witnesses, i);
	}
}

void witnesses_tick(struct witnesses *witnesses, uint64_t mono_us, uint64_t size)
{
	struct mail_letter letter;

	for (unsigned i = 0; i < witnesses->count; i++) {
		if (!mail_take(witnesses->mail, witnesses->first_box + i, &letter))
			continue;
		take(witnesses, i, &letter);
		buf_free(&letter.body);
	}
	if (mono_us < witnesses->next_us || size == 0 || !is_round_over(witnesses))
		return;
	witnesses->next_us = mono_us + witnesses->interval_us;
	begin_round(witnesses);
}
