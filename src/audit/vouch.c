#include "audit/vouch.h"

#include "audit/courier.h"
#include "config/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* In the mail. */
#define STAMPER_BOX 0
#define WITNESSES_BOX 1

_Static_assert(WITNESSES_BOX + WITNESSES_MAX <= MAIL_BOXES, "one box each");

/* As one configuration has it. */
struct vouch_parts {
	struct config *config;
	struct stamper *stamper;     /* NULL: there is none */
	struct witnesses *witnesses; /* NULL: there are none */
};

struct vouch {
	struct loop *loop;
	struct resolver *resolver;
	struct config *config; /* of the loop: that of the last parts */
	struct mail *mail;
	struct courier *courier; /* NULL: nobody was ever to vouch */
	pthread_mutex_t lock;
	/* LOCK: lock; the audit thread's, which puts FRESH in the place of NOW when no letter is under way */
	struct vouch_parts *now;
	struct vouch_parts *fresh; /* NULL: nothing is new */
};

_Static_assert(CONFIG_TIMESTAMP_URL_MAX < MAIL_URL_SIZE, "a letter has room for it");

static int add_stamper(
	struct vouch_parts *parts, struct mail *mail, const struct config *config)
{
	const struct stamper_params params = {.state_dir = config->tandem.state_dir,
		.url = config->audit.timestamp_url,
		.https_ca = config->audit.timestamp_https_ca,
		.authorities = config->audit.timestamp_ca,
		.interval_us = config->audit.timestamp_ms * 1000,
		.mail = mail,
		.box = STAMPER_BOX};

	return params.url[0] ? stamper_new(&parts->stamper, &params) : 0;
}

static int add_witnesses(struct vouch_parts *parts, struct mail *mail,
	const struct config *config, struct err_text *text)
{
	const struct witnesses_params params = {.state_dir = config->tandem.state_dir,
		.list = config->audit.witness,
		.https_ca = config->audit.witness_https_ca,
		.interval_us = config->audit.witness_ms * 1000,
		.mail = mail,
		.first_box = WITNESSES_BOX};
	struct err_text why = {""};
	int err = params.list[0] ? witnesses_new(&parts->witnesses, &params, &why) : 0;

	return err ? err_set(text, err, "[audit] witness: %s", why.text) : 0;
}

void vouch_drop(struct vouch_parts *parts)
{
	if (!parts)
		return;
	stamper_free(parts->stamper);
	witnesses_free(parts->witnesses);
	config_unref(parts->config);
	free(parts);
}

static bool is_same(const struct config *a, const struct config *b)
{
	return strcmp(a->audit.timestamp_url, b->audit.timestamp_url) == 0 &&
	       strcmp(a->audit.timestamp_ca, b->audit.timestamp_ca) == 0 &&
	       strcmp(a->audit.timestamp_https_ca, b->audit.timestamp_https_ca) == 0 &&
	       a->audit.timestamp_ms == b->audit.timestamp_ms &&
	       strcmp(a->audit.witness, b->audit.witness) == 0 &&
	       strcmp(a->audit.witness_https_ca, b->audit.witness_https_ca) == 0 &&
	       a->audit.witness_ms == b->audit.witness_ms;
}

int vouch_load(struct vouch_parts **ret, struct vouch *vouch, struct config *config,
	struct err_text *text)
{
	struct vouch_parts *parts;
	int err;

	*ret = NULL;
	if (vouch->config && is_same(vouch->config, config))
		return 0;
	parts = calloc(1, sizeof(*parts));
	if (!parts)
		return err_set(text, -ENOMEM, "out of memory");
	parts->config = config_ref(config);
	err = add_stamper(parts, vouch->mail, config);
	if (err)
		err_set(text, err, "%s", err_str(err));
	else
		err = add_witnesses(parts, vouch->mail, config, text);
	if (!err && !vouch->courier && (parts->stamper || parts->witnesses)) {
		err = courier_new(
			&vouch->courier, vouch->loop, vouch->resolver, vouch->mail);
		if (err)
			err_set(text, err, "%s", err_str(err));
	}
	if (err) {
		vouch_drop(parts);
		return err;
	}
	*ret = parts;
	return 0;
}

void vouch_use(struct vouch *vouch, struct vouch_parts *parts)
{
	struct vouch_parts *passed_over;

	if (!parts)
		return;
	config_unref(vouch->config);
	vouch->config = config_ref(parts->config);
	pthread_mutex_lock(&vouch->lock);
	passed_over = vouch->fresh;
	vouch->fresh = parts;
	pthread_mutex_unlock(&vouch->lock);
	vouch_drop(passed_over);
}

int vouch_new(struct vouch **ret, struct config *config, struct loop *loop,
	struct resolver *resolver, struct err_text *text)
{
	struct vouch *vouch = calloc(1, sizeof(*vouch));
	struct vouch_parts *parts;
	int err = vouch ? mail_new(&vouch->mail) : -ENOMEM;

	if (err) {
		free(vouch);
		return err_set(text, err, "out of memory");
	}
	pthread_mutex_init(&vouch->lock, NULL);
	vouch->loop = loop;
	vouch->resolver = resolver;
	err = vouch_load(&parts, vouch, config, text);
	if (err) {
		vouch_free(vouch);
		return err;
	}
	vouch_use(vouch, parts);
	*ret = vouch;
	return 0;
}

void vouch_free(struct vouch *vouch)
{
	if (!vouch)
		return;
	courier_free(vouch->courier);
	vouch_drop(vouch->now);
	vouch_drop(vouch->fresh);
	mail_free(vouch->mail);
	config_unref(vouch->config);
	pthread_mutex_destroy(&vouch->lock);
	free(vouch);
}

/* What was answered to those of before is passed over; what is under way is waited for. */
static bool is_mail_empty(struct mail *mail)
{
	struct mail_letter letter;
	bool empty = true;

	for (unsigned i = 0; i < MAIL_BOXES; i++) {
		if (mail_take(mail, i, &letter))
			buf_free(&letter.body);
		empty &= mail_is_free(mail, i);
	}
	return empty;
}

/* Returns whether those that are there may go on. */
static bool renew(struct vouch *vouch)
{
	struct vouch_parts *before = NULL;
	bool fresh;

	pthread_mutex_lock(&vouch->lock);
	fresh = vouch->fresh != NULL;
	pthread_mutex_unlock(&vouch->lock);
	if (!fresh)
		return true;
	if (!is_mail_empty(vouch->mail))
		return false;
	pthread_mutex_lock(&vouch->lock);
	before = vouch->now;
	vouch->now = vouch->fresh;
	vouch->fresh = NULL;
	if (before && before->stamper && vouch->now->stamper)
		stamper_go_on(vouch->now->stamper, before->stamper);
	if (before && before->witnesses && vouch->now->witnesses)
		witnesses_go_on(vouch->now->witnesses, before->witnesses);
	pthread_mutex_unlock(&vouch->lock);
	vouch_drop(before);
	return true;
}

void vouch_tick(struct vouch *vouch, uint64_t mono_us, uint64_t size)
{
	if (!renew(vouch) || !vouch->now)
		return;
	if (vouch->now->stamper)
		stamper_tick(vouch->now->stamper, mono_us, size);
	if (vouch->now->witnesses)
		witnesses_tick(vouch->now->witnesses, mono_us, size);
}

void vouch_state(struct vouch *vouch, struct vouch_state *ret)
{
	const struct vouch_parts *parts;

	*ret = (struct vouch_state){.has_stamper = false};
	if (!vouch)
		return;
	pthread_mutex_lock(&vouch->lock);
	/* Who is yet to begin is shown as he will be. */
	parts = vouch->fresh ? vouch->fresh : vouch->now;
	ret->has_stamper = parts && parts->stamper;
	if (ret->has_stamper)
		stamper_state(parts->stamper, &ret->stamper);
	if (parts && parts->witnesses)
		witnesses_state(parts->witnesses, &ret->witnesses);
	pthread_mutex_unlock(&vouch->lock);
}
