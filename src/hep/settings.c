#include "hep/settings.h"

#include "tls/password.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int load_trust(struct hep_settings *settings, const struct config_tls *tls,
	const struct hep_settings *before, struct err_text *text)
{
	if (!before || !before->trust ||
		!trust_is_of(before->trust, tls->trust, tls->crl))
		return trust_load(&settings->trust, tls->trust, tls->crl, text);
	settings->trust = trust_ref(before->trust);
	return 0;
}

static int load_tls(struct hep_settings *settings, const struct config_tls *tls,
	const struct hep_settings *before, struct err_text *text)
{
	struct sender_target *target = &settings->target;
	struct peer_params params = {.id = "collector", .name = target->place.host};
	struct peer *peer;
	int err = cred_load(&target->cred, tls->certificate, tls->key, NULL, text);

	if (!err)
		err = load_trust(settings, tls, before, text);
	if (!err)
		err = peer_set_new(&settings->peers);
	params.trust = settings->trust;
	if (!err)
		err = peer_add(settings->peers, &params, &peer);
	if (!err)
		target->peer = peer;
	return err;
}

static int load(struct hep_settings *settings, const struct config *config,
	const struct hep_settings *before, struct err_text *text)
{
	int err = collector_parse(config->hep.collector, &settings->target.place);

	settings->target.queue_bytes = config->hep.queue_bytes;
	settings->calls = config->hep.calls;
	settings->capture_id = config->hep.capture_id;
	settings->node = strdup(config->tandem.fqdn);
	if (!err && !settings->node)
		err = -ENOMEM;
	if (!err && config->hep.password[0])
		err = password_read(&settings->key, config->hep.password, text);
	if (!err && settings->target.place.transport == COLLECTOR_TLS)
		err = load_tls(settings, &config->hep.tls, before, text);
	return err;
}

int hep_settings_load(struct hep_settings **ret, const struct config *config,
	const struct hep_settings *before, struct err_text *text)
{
	struct hep_settings *settings;
	struct err_text why = {{0}};
	int err;

	if (!config->hep.collector[0]) {
		*ret = NULL;
		return 0;
	}
	settings = calloc(1, sizeof(*settings));
	if (!settings)
		return err_set(text, -ENOMEM, "out of memory");
	buf_init(&settings->key, 0);
	err = load(settings, config, before, &why);
	if (err) {
		hep_settings_free(settings);
		return err_set(
			text, err, "[hep] %s", why.text[0] ? why.text : err_str(err));
	}
	*ret = settings;
	return 0;
}

void hep_settings_free(struct hep_settings *settings)
{
	if (!settings)
		return;
	peer_set_unref(settings->peers);
	trust_unref(settings->trust);
	cred_unref(settings->target.cred);
	buf_free(&settings->key);
	free(settings->node);
	free(settings);
}

static bool same_tls(const struct hep_settings *a, const struct hep_settings *b)
{
	if (!a->target.cred || !b->target.cred)
		return a->target.cred == b->target.cred;
	return cred_equal(a->target.cred, b->target.cred) && a->trust == b->trust;
}

bool hep_settings_same_way(const struct hep_settings *a, const struct hep_settings *b)
{
	const struct collector_place *from = &a->target.place, *to = &b->target.place;

	return from->transport == to->transport && from->port == to->port &&
	       strcmp(from->host, to->host) == 0 &&
	       a->target.queue_bytes == b->target.queue_bytes && same_tls(a, b);
}
