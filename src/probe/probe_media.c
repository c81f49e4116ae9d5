/* The media of a probe: an offer of SRTP without a relay behind it, and what is said to it.
 * RFC 4568, RFC 3264. What counts as enough is the rule of bridge/protect.h. */
#include "probe/probe_priv.h"
#include "sdp/sdes.h"
#include "sdp/sdp.h"

#include <errno.h>

/* Nobody listens there (RFC 863); the line is inactive, so nothing is to be sent either. */
#define DISCARD_PORT 9

enum config_srtp probe_srtp_rule(const struct probe *probe)
{
	return probe->settings->srtp_with_tls;
}

static const struct addr *our_address(const struct probe *probe)
{
	const struct config *config = probe->config;
	const struct addr *ours = probe->gateway ? config->media.external_advertise
						 : config->media.internal_advertise;

	if (!ours->len)
		ours = probe->gateway ? config->media.external : config->media.internal;
	return ours->len && !addr_is_any(ours) ? ours : &probe->flow->local;
}

/* Suite SUITE as the NTH line. The key protects nothing and is wiped at once. */
static void add_crypto(struct buf *out, unsigned nth, enum sdes_suite suite)
{
	struct sdes_crypto crypto;

	if (sdes_make(&crypto, nth, suite)) {
		out->err = -EIO;
		return;
	}
	buf_add_str(out, "a=crypto:");
	sdes_print(&crypto, out);
	buf_add_str(out, "\r\n");
	sdes_wipe(&crypto);
}

void probe_add_offer(struct probe *probe, struct buf *out)
{
	const struct addr *address = our_address(probe);
	const char *family = addr_is_v6(address) ? "IP6" : "IP4";
	unsigned suites = probe->settings->suites;
	/* short tags only where nothing else is allowed */
	unsigned strong = suites & ((1u << SDES_AES_256_CM_HMAC_SHA1_32) - 1);
	char host[ADDR_TEXT_SIZE];

	addr_host_text(address, host);
	buf_printf(out,
		"v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n"
		"m=audio %d RTP/%s 8 0 9 18\r\n",
		family, host, family, host, DISCARD_PORT,
		probe_srtp_rule(probe) == CONFIG_SRTP_REQUIRED ? "SAVP" : "AVP");
	probe->call.offered_count = 0;
	for (unsigned suite = 0; suite < SDES_SUITES; suite++) {
		if (!((strong ? strong : suites) & (1u << suite)))
			continue;
		probe->call.offered[probe->call.offered_count++] = (enum sdes_suite)suite;
		add_crypto(out, probe->call.offered_count, (enum sdes_suite)suite);
	}
	buf_add_str(out, "a=inactive\r\n");
}

/* ---- what is said to it ---- */

static enum probe_verdict fail(struct probe *probe, const char *why)
{
	probe_say(probe, "%s", why);
	probe_fix(probe,
		"let the far end take SRTP with SDES keys (a=crypto) and one of the "
		"suites of %s",
		probe->settings->file);
	return PROBE_FAILED;
}

/* It would talk without encryption, which may be all that is asked. */
static enum probe_verdict judge_plain(struct probe *probe, const char *why)
{
	if (probe_srtp_rule(probe) == CONFIG_SRTP_REQUIRED)
		return fail(probe, why);
	probe_say(probe,
		"%s: calls would work, their media in clear, as srtp = optional "
		"allows",
		why);
	return PROBE_OK;
}

/* The first audio line of SDP, -1: it has none. */
static int find_audio(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp_count_media(sdp); i++)
		if (span_equal_nocase(sdp_media(sdp, i)->type, "audio"))
			return (int)i;
	return -1;
}

/* What VALUE of a=crypto names; the key is wiped, not looked at. */
static int read_suite(struct span value, unsigned *ret_tag, enum sdes_suite *ret_suite)
{
	struct sdes_crypto crypto;
	int err = sdes_parse(&crypto, value, NULL);

	if (err)
		return err;
	*ret_tag = crypto.tag;
	*ret_suite = crypto.suite;
	sdes_wipe(&crypto);
	return 0;
}

/* Their line must take one of ours: same tag, same suite (RFC 4568 5.1.3). */
static bool is_offered(const struct probe *probe, unsigned tag, enum sdes_suite suite)
{
	return tag >= 1 && tag <= probe->call.offered_count &&
	       probe->call.offered[tag - 1] == suite;
}

static enum probe_verdict judge_answer_line(
	struct probe *probe, const struct sdp *sdp, int audio)
{
	bool secure = sdp_proto_is_secure(sdp_media(sdp, (unsigned)audio)->proto);
	enum sdes_suite suite;
	struct span value;
	unsigned tag;

	if (sdp_media(sdp, (unsigned)audio)->port == 0)
		return fail(probe, "it refused the audio line of an offer of SRTP");
	if (!sdp_attribute(sdp, audio, "crypto", 0, &value))
		return secure ? fail(probe,
					"it answered RTP/SAVP without a key (a=crypto)")
			      : judge_plain(
					probe, "it answered an offer of SRTP with RTP");
	if (!secure && probe_srtp_rule(probe) == CONFIG_SRTP_REQUIRED)
		return fail(probe, "it answered an offer of SRTP with RTP/AVP and a key");
	if (read_suite(value, &tag, &suite))
		return fail(probe, "its a=crypto line cannot be read");
	if (!is_offered(probe, tag, suite))
		return fail(probe, "its a=crypto line takes none of ours");
	probe_say(probe, "it takes SRTP with %s", sdes_suite_name(suite));
	return PROBE_OK;
}

enum probe_verdict probe_judge_answer(struct probe *probe, struct span text)
{
	struct err_text why = {""};
	enum probe_verdict verdict;
	struct sdp *sdp;
	int audio;

	if (sdp_read(&sdp, text.p, text.len, &why)) {
		probe_say(
			probe, "its answer to an offer of SRTP is no SDP: %s", why.text);
		return PROBE_FAILED;
	}
	audio = find_audio(sdp);
	verdict = audio < 0 ? fail(probe,
				      "its answer to an offer of SRTP has no audio line")
			    : judge_answer_line(probe, sdp, audio);
	sdp_free(sdp);
	return verdict;
}

/* A description of what it can do (RFC 3264 9): its ports mean nothing. */
static enum probe_verdict judge_ability(
	struct probe *probe, const struct sdp *sdp, int audio)
{
	bool secure = sdp_proto_is_secure(sdp_media(sdp, (unsigned)audio)->proto);
	unsigned lines = 0, tag;
	enum sdes_suite suite;
	struct span value;

	for (; sdp_attribute(sdp, audio, "crypto", lines, &value); lines++) {
		if (read_suite(value, &tag, &suite) ||
			!(probe->settings->suites & (1u << suite)))
			continue;
		probe_say(probe, "it names SRTP with %s in its answer to OPTIONS",
			sdes_suite_name(suite));
		return PROBE_OK;
	}
	if (lines)
		return fail(probe, "it names no SRTP suite in its answer to OPTIONS that "
				   "is allowed here");
	if (!secure)
		return judge_plain(probe, "it names RTP alone in its answer to OPTIONS");
	probe_say(probe, "it names RTP/SAVP in its answer to OPTIONS");
	return PROBE_OK;
}

enum probe_verdict probe_judge_options(
	struct probe *probe, const struct message *response)
{
	struct span text = message_body(response);
	enum probe_verdict verdict = PROBE_UNKNOWN;
	struct sdp *sdp;
	int audio = -1;

	if (text.len &&
		span_equal_nocase(message_content_type(response), "application/sdp") &&
		sdp_read(&sdp, text.p, text.len, NULL) == 0) {
		audio = find_audio(sdp);
		if (audio >= 0)
			verdict = judge_ability(probe, sdp, audio);
		sdp_free(sdp);
	}
	if (audio >= 0)
		return verdict;
	probe_say(probe, "its answer to OPTIONS says nothing of media");
	if (probe->gateway)
		probe_fix(probe,
			"set probe-number in %s to a number that may be called: "
			"it is then offered SRTP",
			probe->settings->file);
	return PROBE_UNKNOWN;
}
