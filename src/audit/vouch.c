#include "audit/vouch.h"

#include "audit/courier.h"
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

/* In the mail. */
#define STAMPER_BOX 0

struct vouch {
	struct mail *mail;
	struct courier *courier;
	struct stamper *stamper; /* NULL: there is none */
};

static int add_stamper(struct vouch *vouch, const struct config *config)
{
	const struct stamper_params params = {.state_dir = config->tandem.state_dir,
		.url = config->audit.timestamp_url,
		.authorities = config->audit.timestamp_ca,
		.interval_us = config->audit.timestamp_ms * 1000,
		.mail = vouch->mail,
		.box = STAMPER_BOX};

	return params.url[0] ? stamper_new(&vouch->stamper, &params) : 0;
}

int vouch_new(struct vouch **ret, const struct config *config, struct loop *loop,
	struct resolver *resolver, struct err_text *text)
{
	struct vouch *vouch = calloc(1, sizeof(*vouch));
	int err = vouch ? mail_new(&vouch->mail) : -ENOMEM;

	if (!err)
		err = add_stamper(vouch, config);
	if (!err && vouch->stamper)
		err = courier_new(&vouch->courier, loop, resolver, vouch->mail);
	if (err)
		err_set(text, err, "%s", err_str(err));
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
	mail_free(vouch->mail);
	free(vouch);
}

void vouch_tick(struct vouch *vouch, uint64_t mono_us, uint64_t size)
{
	if (vouch->stamper)
		stamper_tick(vouch->stamper, mono_us, size);
}

void vouch_state(struct vouch *vouch, struct vouch_state *ret)
{
	*ret = (struct vouch_state){.has_stamper = vouch && vouch->stamper};
	if (ret->has_stamper)
		stamper_state(vouch->stamper, &ret->stamper);
}
