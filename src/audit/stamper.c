#include "audit/stamper.h"

#include "base/log.h"
#include "evidence/logbook_file.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The pause after a failure, which doubles up to the interval. */
#define RETRY_US UINT64_C(30000000)

struct stamper {
	char *state_dir;
	char *url, *https_ca, *authorities;
	uint64_t interval_us;
	struct mail *mail;
	unsigned box;
	uint64_t next_us; /* of the monotonic clock: not asked before */
	unsigned failures;
	/* what is being stamped */
	struct buf note;
	uint64_t size;
	uint8_t nonce[STAMP_NONCE_LEN];
	pthread_mutex_t lock;
	struct stamper_state state; /* LOCK: lock */
};

int stamper_new(struct stamper **ret, const struct stamper_params *params)
{
	struct stamper *stamper = calloc(1, sizeof(*stamper));

	if (!stamper)
		return -ENOMEM;
	pthread_mutex_init(&stamper->lock, NULL);
	buf_init(&stamper->note, 0);
	stamper->interval_us = params->interval_us;
	stamper->mail = params->mail;
	stamper->box = params->box;
	stamper->state_dir = strdup(params->state_dir);
	stamper->url = strdup(params->url);
	stamper->authorities = strdup(params->authorities);
	stamper->https_ca = strdup(params->https_ca);
	if (!stamper->state_dir || !stamper->url || !stamper->https_ca ||
		!stamper->authorities) {
		stamper_free(stamper);
		return -ENOMEM;
	}
	*ret = stamper;
	return 0;
}

void stamper_go_on(struct stamper *stamper, struct stamper *before)
{
	stamper_state(before, &stamper->state);
	stamper->state.why[0] = '\0';
}

void stamper_free(struct stamper *stamper)
{
	if (!stamper)
		return;
	buf_free(&stamper->note);
	pthread_mutex_destroy(&stamper->lock);
	free(stamper->state_dir);
	free(stamper->url);
	free(stamper->https_ca);
	free(stamper->authorities);
	free(stamper);
}

void stamper_state(struct stamper *stamper, struct stamper_state *ret)
{
	pthread_mutex_lock(&stamper->lock);
	*ret = stamper->state;
	pthread_mutex_unlock(&stamper->lock);
}

static void fail(struct stamper *stamper, uint64_t mono_us, const char *why)
{
	uint64_t pause = RETRY_US;

	for (unsigned i = 0; i < stamper->failures && pause < stamper->interval_us; i++)
		pause *= 2;
	if (pause > stamper->interval_us)
		pause = stamper->interval_us;
	stamper->failures++;
	stamper->next_us = mono_us + pause;
	pthread_mutex_lock(&stamper->lock);
	snprintf(stamper->state.why, sizeof(stamper->state.why), "%s", why);
	pthread_mutex_unlock(&stamper->lock);
	log_warning("stamper", "event=stamp-failed reason=\"%s\" next-try-s=%" PRIu64,
		why, pause / 1000000);
}

/* The checkpoint as it is published now, and its size. 0 or negative. */
static int read_checkpoint(struct stamper *stamper)
{
	struct logbook_note published;
	int fd = logbook_open_folder(stamper->state_dir), err;

	if (fd < 0)
		return fd;
	err = logbook_read_note(&published, fd, LOGBOOK_CHECKPOINT);
	close(fd);
	if (err)
		return err;
	stamper->size = published.checkpoint.size;
	buf_free(&stamper->note);
	stamper->note = published.whole;
	return 0;
}

static void ask(struct stamper *stamper, uint64_t mono_us)
{
	struct mail_letter letter = {
		.type = STAMP_REQUEST_TYPE, .want = STAMP_RESPONSE_TYPE};
	char why[MAIL_WHY_SIZE];
	int err = read_checkpoint(stamper);

	if (err) {
		snprintf(why, sizeof(why), "the checkpoint cannot be read: %s",
			err_str(err));
		fail(stamper, mono_us, why);
		return;
	}
	if (stamp_nonce(stamper->nonce) != 0) {
		fail(stamper, mono_us, "no random numbers");
		return;
	}
	mail_address(&letter, stamper->url, stamper->https_ca);
	buf_init(&letter.body, 0);
	stamp_request(&letter.body, buf_span(&stamper->note), stamper->nonce);
	if (letter.body.err) {
		buf_free(&letter.body);
		fail(stamper, mono_us, "out of memory");
		return;
	}
	mail_send(stamper->mail, stamper->box, &letter);
}

/* The response last: whoever finds it finds what it stamps. */
static int keep(const struct stamper *stamper, struct span response)
{
	char path[STAMP_PATH_SIZE];
	int fd = logbook_open_folder(stamper->state_dir), err;

	if (fd < 0)
		return fd;
	err = logbook_replace(
		fd, stamp_note_path(stamper->size, path), buf_span(&stamper->note));
	if (!err)
		err = logbook_replace(
			fd, stamp_response_path(stamper->size, path), response);
	close(fd);
	return err;
}

static int judge(struct stamper *stamper, const struct mail_letter *letter,
	struct stamp *ret, struct err_text *text)
{
	const struct span response = buf_span(&letter->body);
	int err = letter->err;

	if (err)
		return err_set(text, err, "%s", letter->why);
	if (letter->status != 200)
		return err_set(
			text, ERR_FORMAT, "it answers with status %ld", letter->status);
	err = stamp_read(ret, response, buf_span(&stamper->note), stamper->nonce, text);
	if (!err)
		err = stamp_verify(response, stamper->authorities, text);
	if (err)
		return err;
	err = keep(stamper, response);
	return err ? err_set(text, err, "the stamp cannot be written: %s", err_str(err))
		   : 0;
}

static void take(
	struct stamper *stamper, const struct mail_letter *letter, uint64_t mono_us)
{
	struct err_text text = {""};
	struct stamp stamp;

	if (judge(stamper, letter, &stamp, &text) != 0) {
		fail(stamper, mono_us, text.text);
		return;
	}
	stamper->failures = 0;
	stamper->next_us = mono_us + stamper->interval_us;
	pthread_mutex_lock(&stamper->lock);
	stamper->state.size = stamper->size;
	memcpy(stamper->state.time, stamp.time, sizeof(stamp.time));
	stamper->state.why[0] = '\0';
	pthread_mutex_unlock(&stamper->lock);
	log_info("stamper", "event=stamped records=%" PRIu64 " time=%s", stamper->size,
		stamp.time);
}

void stamper_tick(struct stamper *stamper, uint64_t mono_us, uint64_t size)
{
	struct mail_letter letter;

	if (mail_take(stamper->mail, stamper->box, &letter)) {
		take(stamper, &letter, mono_us);
		buf_free(&letter.body);
	}
	/* Only the audit thread changes that size. */
	if (mono_us >= stamper->next_us && size > stamper->state.size &&
		mail_is_free(stamper->mail, stamper->box))
		ask(stamper, mono_us);
}
