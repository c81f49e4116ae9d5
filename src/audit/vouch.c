#include "audit/vouch.h"

#include "audit/courier.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

/* In the mail. */
#define STAMPER_BOX 0
#define WITNESSES_BOX 1

_Static_assert(WITNESSES_BOX + WITNESSES_MAX <= MAIL_BOXES, "one box each");

struct vouch {
	struct mail *mail;
	struct courier *courier;
	struct stamper *stamper;     /* NULL: there is none */
	struct witnesses *witnesses; /* NULL: there are none */
};

static int add_stamper(struct vouch *vouch, const struct config *config)
{
	const struct stamper_params params = {.state_dir = config->tandem.state_dir,
		.url = config->audit.timestamp_url,
		.https_ca = config->audit.timestamp_https_ca,
		.authorities = config->audit.timestamp_ca,
		.interval_us = config->audit.timestamp_ms * 1000,
		.mail = vouch->mail,
		.box = STAMPER_BOX};

	return params.url[0] ? stamper_new(&vouch->stamper, &params) : 0;
}

static int add_witnesses(
	struct vouch *vouch, const struct config *config, struct err_text *text)
{
	const struct witnesses_params params = {.state_dir = config->tandem.state_dir,
		.list = config->audit.witness,
		.https_ca = config->audit.witness_https_ca,
		.interval_us = config->audit.witness_ms * 1000,
		.mail = vouch->mail,
		.first_box = WITNESSES_BOX};
	struct err_text why = {""};
	int err = params.list[0] ? witnesses_new(&vouch->witnesses, &params, &why) : 0;

	return err ? err_set(text, err, "[audit] witness: %s", why.text) : 0;
}

int vouch_new(struct vouch **ret, const struct config *config, struct loop *loop,
	struct resolver *resolver, struct err_text *text)
{
	struct vouch *vouch = calloc(1, sizeof(*vouch));
	int err = vouch ? mail_new(&vouch->mail) : -ENOMEM;

	if (!err)
		err = add_stamper(vouch, config);
	if (err)
		err_set(text, err, "%s", err_str(err));
	else
		err = add_witnesses(vouch, config, text);
	if (!err && (vouch->stamper || vouch->witnesses)) {
		err = courier_new(&vouch->courier, loop, resolver, vouch->mail);
		if (err)
			err_set(text, err, "%s", err_str(err));
	}
	if (err || !vouch->courier) {
		vouch_free(vouch);
		vouch = NULL;
	}
	*ret = vouch;
	return err;
}

void vouch_free(struct vouch *vouch)
{
	if (!vouch)
		return;
	courier_free(vouch->courier);
	stamper_free(vouch->stamper);
	witnesses_free(vouch->witnesses);
	mail_free(vouch->mail);
	free(vouch);
}

void vouch_tick(struct vouch *vouch, uint64_t mono_us, uint64_t size)
{
	if (vouch->stamper)
		stamper_tick(vouch->stamper, mono_us, size);
	if (vouch->witnesses)
		witnesses_tick(vouch->witnesses, mono_us, size);
}

void vouch_state(struct vouch *vouch, struct vouch_state *ret)
{
	*ret = (struct vouch_state){.has_stamper = vouch && vouch->stamper};
	if (ret->has_stamper)
		stamper_state(vouch->stamper, &ret->stamper);
	if (vouch && vouch->witnesses)
		witnesses_state(vouch->witnesses, &ret->witnesses);
}
