#include "bridge/media_relay.h"

#include "bridge/bridge_priv.h"

#include <string.h>

static void copy_key(struct relay_key *key, bool secure, const struct sdes_crypto *crypto)
{
	memset(key, 0, sizeof(*key));
	key->suite = RELAY_PLAIN;
	if (!secure)
		return;
	key->suite = (enum relay_suite)crypto->suite;
	key->key = crypto->key;
	key->mki_len = crypto->mki_len;
	for (unsigned i = 0; i < crypto->mki_len; i++)
		key->mki[i] = (uint8_t)(crypto->mki >> (8 * (crypto->mki_len - 1 - i)));
}

static bool keeps_roc(const struct leg *leg)
{
	const struct config_media *media = &leg->settings->media;

	return media->rekey_roc == CONFIG_ROC_KEEP;
}

/* Nothing proves that UDPTL is from them: to find it elsewhere than their SDP says is for those
 * alone whose RTP is in clear too. */
static bool may_latch(const struct leg *leg, const struct stream_terms *terms)
{
	return leg->gateway && leg->gateway->latch &&
	       (terms->proto != SDP_PROTO_UDPTL || leg->settings->tls != CONFIG_TLS_YES);
}

/* The clocks that the relay cannot know by itself: that of the codec, and of its events. */
static void add_formats(struct relay_remote *remote, const struct stream_terms *terms)
{
	if (terms->codec.rate > 0)
		remote->formats[remote->format_count++] = (struct relay_format){
			.type = terms->codec.type, .rate = terms->codec.rate};
	for (unsigned i = 0; i < terms->dtmf.count; i++)
		remote->formats[remote->format_count++] =
			(struct relay_format){.type = terms->dtmf.formats[i].type,
				.aside = true,
				.event = true,
				.rate = terms->dtmf.formats[i].rate};
}

static void tell_keys(const struct relay_session *session, unsigned index,
	const struct leg *leg, const struct stream_terms *terms)
{
	const struct bridge *bridge = leg->home->bridge;
	struct addr local;
	const struct bridge_media_keys keys = {.call = leg->id,
		.leg = leg->name,
		.line = index,
		.trunk = leg->trunk,
		.local = &local,
		.remote = &terms->rtp,
		.theirs = &terms->theirs,
		.ours = &terms->ours};

	relay_stream_local(session, index, leg_end(leg), &local);
	bridge->keys_h(bridge->keys_arg, &keys);
}

int media_relay_set(struct relay_session *session, unsigned index, const struct leg *leg,
	const struct stream_terms *terms)
{
	struct relay_remote remote = {.rtp = terms->rtp, .rtcp = terms->rtcp};
	int err;

	remote.rtcp_mux = terms->mux;
	remote.udptl = terms->proto == SDP_PROTO_UDPTL;
	remote.latch = may_latch(leg, terms);
	remote.asymmetric = leg->settings->media.rtp_asymmetric;
	memcpy(remote.payload_types, terms->payload_types, sizeof(remote.payload_types));
	remote.receive = sdp_direction_sends(terms->direction);
	remote.send = sdp_direction_receives(terms->direction) && !terms->hold_address;
	if (leg->stand_in)
		remote.receive = remote.send = remote.latch = false;
	if (terms->hold_address || leg->stand_in)
		remote.rtp.len = remote.rtcp.len = 0;
	remote.keep_roc = keeps_roc(leg);
	remote.dtmf = terms->dtmf;
	add_formats(&remote, terms);
	remote.after = leg->streams[index] ? leg->streams[index]->after : 0;
	copy_key(&remote.rx, terms->secure && !leg->stand_in, &terms->theirs);
	copy_key(&remote.tx, terms->secure && !leg->stand_in, &terms->ours);
	err = relay_stream_set(session, index, leg_end(leg), &remote);
	secret_wipe(&remote.rx.key);
	secret_wipe(&remote.tx.key);
	if (err == 0 && remote.send && leg->streams[index])
		leg->streams[index]->after = 0;
	if (err == 0 && terms->secure && !leg->stand_in && leg->home->bridge->keys_h)
		tell_keys(session, index, leg, terms);
	return err;
}
