/* Mediation: what one leg's description becomes for the other, and what the relay is told. */
#include "../unit.h"

#include "../../scenario/told.h"

#include "base/log.h"
#include "bridge/mediate.h"
#include "bridge/tolerated.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define KEY30 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"

static struct config_server server = {.common = {.suites = CONFIG_SUITE_AES_CM_128_80}};

/* A server leg that offers and a gateway leg that answers, over the fake relay. */
struct rig {
	struct config config;
	struct config_gateway gateway;
	struct bridge_side sides[2];
	struct leg a, b;
	struct relay *relay;
	struct relay_session *session;
};

static void rig_init(struct rig *rig)
{
	struct relay_params params = {0};
	struct relay_open open = {.call = 1};

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(addr_parse(&params.address[0], "10.0.0.1", 0), 0);
	assert_int_equal(addr_parse(&params.address[1], "192.0.2.1", 0), 0);
	rig->config.media.internal[0] = params.address[0];
	rig->config.media.external[0] = params.address[1];
	rig->sides[1].which = RELAY_EXTERNAL;
	rig->gateway.common.srtp = CONFIG_SRTP_OFF;
	rig->a = (struct leg){.home = &rig->sides[0],
		.server = &server,
		.settings = &server.common,
		.name = "a"};
	rig->b = (struct leg){.home = &rig->sides[1],
		.gateway = &rig->gateway,
		.settings = &rig->gateway.common,
		.name = "b"};
	offer_init(&rig->a.offer);
	offer_init(&rig->b.offer);
	assert_int_equal(relay_new(&rig->relay, &params, NULL), 0);
	assert_int_equal(relay_open(rig->relay, &rig->session, &open), 0);
}

static void leg_drop(struct leg *leg)
{
	offer_free(&leg->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(leg->streams[i]);
}

static void rig_free(struct rig *rig)
{
	leg_drop(&rig->a);
	leg_drop(&rig->b);
	relay_free(rig->relay);
}

static struct sdp *parse(const char *host, const char *lines)
{
	struct err_text text = {{0}};
	char whole[8192];
	struct sdp *sdp;
	int len = snprintf(whole, sizeof(whole),
		"v=0\r\no=alice 5 5 IN IP4 %s\r\ns=secret\r\ni=secret\r\nc=IN IP4 %s\r\n"
		"t=0 0\r\na=tool:secret\r\n%s",
		host, host, lines);

	if (sdp_read(&sdp, whole, (size_t)len, &text))
		fail_msg("%s", text.text);
	return sdp;
}

/* LEG said LINES; the result for the other leg as text in OUT, or the error. */
static int offer_text(
	struct rig *rig, const char *lines, struct buf *out, struct err_text *text)
{
	struct sdp *result = NULL;
	bool is_offer;
	int err;

	assert_int_equal(
		offer_receive(&rig->a.offer, parse("10.0.0.9", lines), &is_offer, text),
		0);
	assert_true(is_offer);
	err = mediate_offer(rig->session, &rig->config, &rig->a, rig->a.offer.remote,
		&rig->b, &result, text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static int offer(struct rig *rig, const char *lines, struct buf *out)
{
	struct err_text text = {{0}};

	return offer_text(rig, lines, out, &text);
}

/* The same offer to the next candidate, as the settings of the gateway are now. */
static int offer_again(struct rig *rig, struct buf *out)
{
	struct err_text text = {{0}};
	struct sdp *result = NULL;
	int err;

	leg_drop(&rig->b);
	rig->b = (struct leg){.home = &rig->sides[1],
		.gateway = &rig->gateway,
		.settings = &rig->gateway.common,
		.name = "b"};
	offer_init(&rig->b.offer);
	err = mediate_offer(rig->session, &rig->config, &rig->a, rig->a.offer.remote,
		&rig->b, &result, &text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static int answer_text(
	struct rig *rig, const char *lines, struct buf *out, struct err_text *text)
{
	struct sdp *result = NULL;
	bool is_offer;
	int err;

	assert_int_equal(
		offer_receive(&rig->b.offer, parse("192.0.2.9", lines), &is_offer, text),
		0);
	assert_false(is_offer);
	err = mediate_answer(rig->session, &rig->config, &rig->b, rig->b.offer.remote,
		&rig->a, true, &result, text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static int answer(struct rig *rig, const char *lines, struct buf *out)
{
	struct err_text text = {{0}};

	return answer_text(rig, lines, out, &text);
}

static void assert_told(
	struct rig *rig, enum relay_side side, unsigned index, const char *pattern)
{
	struct buf text;

	buf_init(&text, 0);
	told_stream(rig->relay, side, index, &text);
	if (fnmatch(pattern, buf_str(&text), 0))
		fail_msg("\"%s\", not \"%s\"", buf_str(&text), pattern);
	buf_free(&text);
}

#define CRYPTO "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "\r\n"
#define VIDEO_OFFERED "m=video 20002 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n" CRYPTO
#define VIDEO_ANSWERED "m=video 30002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
#define AUDIO "m=audio 20000 RTP/SAVP 8 0 101\r\n" CRYPTO

static void assert_lines(
	const struct buf *out, const char *const *wanted, const char *const *unwanted)
{
	for (; *wanted; wanted++)
		if (!memmem(out->data, out->len, *wanted, strlen(*wanted)))
			fail_msg("no \"%s\" in\n%.*s", *wanted, (int)out->len, out->data);
	for (; *unwanted; unwanted++)
		if (memmem(out->data, out->len, *unwanted, strlen(*unwanted)))
			fail_msg("\"%s\" in\n%.*s", *unwanted, (int)out->len, out->data);
}

static void crosses_both_ways(void **state)
{
	static const char *const offered[] = {"c=IN IP4 192.0.2.1\r\n",
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "a=sendrecv\r\n", "s=-\r\n", NULL};
	static const char *const answered[] = {"c=IN IP4 10.0.0.1\r\n",
		"m=audio 40000 RTP/SAVP 8\r\n",
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", NULL};
	static const char *const hidden[] = {
		"10.0.0.9", "192.0.2.9", "secret", "alice", KEY30, NULL};
	static const char *const plain[] = {"crypto", NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_lines(&out, offered, hidden);
	assert_lines(&out, offered, plain);
	/* nothing flows before the answer */
	assert_told(&rig, RELAY_INTERNAL, 0, "reserved");
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_lines(&out, answered, hidden);
	assert_told(&rig, RELAY_INTERNAL, 0,
		"rtp=10.0.0.9:20000 suite=AES_CM_128_HMAC_SHA1_80 * send receive "
		"rx=" KEY30 " tx=*");
	assert_told(
		&rig, RELAY_EXTERNAL, 0, "rtp=192.0.2.9:30000 suite=RTP * send receive");
	buf_free(&out);
	rig_free(&rig);
}

/* RFC 3264 6.1: every offered direction with every answered one. */
static void mirrors_directions(void **state)
{
	static const struct {
		const char *offered, *answered;
		const char *result;              /* in the answer to a */
		const char *internal, *external; /* what the relay may do there */
	} rows[] = {
		{"sendrecv", "sendrecv", "sendrecv", "* send receive*",
			"* send receive*"},
		{"sendrecv", "sendonly", "sendonly", "* send receive*", "* receive*"},
		{"sendrecv", "recvonly", "recvonly", "* send receive*", "* send*"},
		{"sendrecv", "inactive", "inactive", "* send receive*", "*"},
		{"sendonly", "recvonly", "recvonly", "* receive*", "* send*"},
		/* an answer that claims more than was offered is cut */
		{"sendonly", "sendrecv", "recvonly", "* receive*", "* send*"},
		{"recvonly", "sendonly", "sendonly", "* send*", "* receive*"},
		{"inactive", "inactive", "inactive", "*", "*"},
	};
	char lines[256];
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *none[] = {NULL};
		const char *wanted[] = {lines, NULL};
		struct rig rig;

		rig_init(&rig);
		snprintf(lines, sizeof(lines), AUDIO "a=%s\r\n", rows[i].offered);
		assert_int_equal(offer(&rig, lines, &out), 0);
		snprintf(lines, sizeof(lines), "a=%s\r\n", rows[i].offered);
		assert_lines(&out, wanted, none);
		snprintf(lines, sizeof(lines), "m=audio 30000 RTP/AVP 8\r\na=%s\r\n",
			rows[i].answered);
		assert_int_equal(answer(&rig, lines, &out), 0);
		snprintf(lines, sizeof(lines), "a=%s\r\n", rows[i].result);
		assert_lines(&out, wanted, none);
		assert_told(&rig, RELAY_INTERNAL, 0, rows[i].internal);
		assert_told(&rig, RELAY_EXTERNAL, 0, rows[i].external);
		rig_free(&rig);
	}
	buf_free(&out);
}

static void refuses_what_it_cannot_serve(void **state)
{
	static const char *const rows[] = {
		"m=audio 20000 RTP/AVP 8\r\n",         /* no SRTP from a server */
		"m=audio 20000 RTP/SAVP 8\r\n",        /* no key */
		"m=image 20000 udptl t38\r\n",         /* by default */
		"m=audio 20000 RTP/SAVP 3\r\n" CRYPTO, /* no codec of ours */
		"m=audio 20000 RTP/SAVP 101\r\na=rtpmap:101 "
		"telephone-event/8000\r\n" CRYPTO,
	};
	char *words[] = {(char[]){"PCMA"}};
	struct buf out;

	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig rig;

		rig_init(&rig);
		rig.gateway.common.codecs = (struct config_words){words, 1};
		if (offer(&rig, rows[i], &out) != ERR_SUPPORT)
			fail_msg("taken: %s", rows[i]);
		assert_told(&rig, RELAY_INTERNAL, 0, "none");
		rig_free(&rig);
	}
	buf_free(&out);
}

/* RFC 3264 5 and 8.2: nothing to serve is no reason to refuse. */
static void passes_on_what_has_no_active_line(void **state)
{
	static const struct {
		const char *lines;
		const char *shown[3];
	} rows[] = {
		{"", {"t=0 0\r\n", NULL}},
		{"m=audio 0 RTP/SAVP 8\r\n" CRYPTO, {"m=audio 0 RTP/SAVP 8\r\n", NULL}},
		{"m=audio 0 RTP/AVP\r\nm=image 0 udptl t38\r\n",
			{"m=audio 0 RTP/AVP 0\r\n", "m=image 0 udptl t38\r\n", NULL}},
	};
	static const char *const hidden[] = {"m=audio 4", "a=", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig rig;
		struct buf out;

		rig_init(&rig);
		buf_init(&out, 0);
		assert_int_equal(offer(&rig, rows[i].lines, &out), 0);
		assert_lines(&out, rows[i].shown, hidden);
		assert_int_equal(answer(&rig, rows[i].lines, &out), 0);
		assert_lines(&out, rows[i].shown, hidden);
		assert_told(&rig, RELAY_INTERNAL, 0, "none");
		rig_free(&rig);
		buf_free(&out);
	}
}

/* An answer is served as far as it can be. */
static void serves_answers_that_nearly_fit(void **state)
{
	static const struct {
		const char *offered, *answered;
		const char *wanted[4];
		unsigned tolerated;
	} rows[] = {
		/* as it should be */
		{AUDIO, "m=audio 30000 RTP/AVP 8\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", NULL}, 0},
		/* lines too few, too many, in another order */
		{AUDIO VIDEO_OFFERED, "m=audio 30000 RTP/AVP 8\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", "m=video 0 RTP/SAVP 96\r\n",
				NULL},
			1 << TOLERATED_SDP_LINE_MISSING},
		{AUDIO, "m=audio 30000 RTP/AVP 8\r\nm=video 30002 RTP/AVP 96\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", NULL},
			1 << TOLERATED_SDP_LINE_EXTRA},
		{AUDIO VIDEO_OFFERED, VIDEO_ANSWERED "m=audio 30000 RTP/AVP 8\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", "m=video 40002 RTP/SAVP 96\r\n",
				NULL},
			1 << TOLERATED_SDP_LINE_ORDER},
		{AUDIO, "", {"m=audio 0 RTP/SAVP 8 0 101\r\n", NULL},
			1 << TOLERATED_SDP_LINE_MISSING},
		/* port 0 with whatever behind it */
		{AUDIO, "m=audio 0 RTP/AVP x\r\nc=IN IP4 nowhere.example\r\n",
			{"m=audio 0 RTP/SAVP 8 0 101\r\n", NULL}, 0},
		/* a line that cannot be used, beside one that can */
		{AUDIO VIDEO_OFFERED,
			"m=audio 30000 RTP/AVP 8\r\n" VIDEO_ANSWERED
			"c=IN IP4 nowhere.example\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", "m=video 0 RTP/SAVP 96\r\n",
				NULL},
			1 << TOLERATED_SDP_LINE_UNUSABLE},
		/* profiles: the answer that leaves has that of the offer */
		{AUDIO, "m=audio 30000 RTP/AVPF 8\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", NULL},
			1 << TOLERATED_SDP_PROFILE},
		{"m=audio 20000 RTP/SAVPF 8\r\n" CRYPTO "a=rtcp-fb:* nack\r\n",
			"m=audio 30000 RTP/AVP 8\r\n",
			{"m=audio 40000 RTP/SAVPF 8\r\n", NULL},
			1 << TOLERATED_SDP_PROFILE},
		/* formats: more than were offered, and one under another number */
		{AUDIO, "m=audio 30000 RTP/AVP 18 8\r\n",
			{"m=audio 40000 RTP/SAVP 8\r\n", NULL},
			1 << TOLERATED_SDP_FORMAT},
		{"m=audio 20000 RTP/SAVP 111\r\na=rtpmap:111 opus/48000/2\r\n" CRYPTO,
			"m=audio 30000 RTP/AVP 96\r\na=rtpmap:96 OPUS/48000/2\r\n",
			{"m=audio 40000 RTP/SAVP 96\r\n", "a=rtpmap:96 OPUS/48000/2\r\n",
				NULL},
			1 << TOLERATED_SDP_FORMAT},
		{"m=audio 20000 RTP/SAVP 111\r\na=rtpmap:111 opus/48000/2\r\n" CRYPTO,
			"m=audio 30000 RTP/AVP 111\r\n",
			{"m=audio 40000 RTP/SAVP 111\r\n",
				"a=rtpmap:111 opus/48000/2\r\n", NULL},
			0},
		{"m=audio 20000 RTP/SAVP 18\r\n" CRYPTO,
			"m=audio 30000 RTP/AVP 18\r\na=rtpmap:18 G729a/8000\r\n",
			{"m=audio 40000 RTP/SAVP 18\r\n", NULL}, 0},
	};
	static const char *const hidden[] = {"rtcp-fb", "nowhere", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig rig;
		struct buf out;

		rig_init(&rig);
		buf_init(&out, 0);
		assert_int_equal(offer(&rig, rows[i].offered, &out), 0);
		if (answer(&rig, rows[i].answered, &out))
			fail_msg("row %zu refused", i);
		assert_lines(&out, rows[i].wanted, hidden);
		if ((rig.b.tolerated & ~(1u << TOLERATED_SDP_FORM)) != rows[i].tolerated)
			fail_msg("row %zu: %#x", i, rig.b.tolerated);
		assert_int_equal(rig.a.tolerated & ~(1u << TOLERATED_SDP_FORM), 0);
		rig_free(&rig);
		buf_free(&out);
	}
}

/* Nobody would hear anything, or less than was demanded: the call ends, with the reason. */
static void refuses_answers_that_cannot_be_served(void **state)
{
	static const struct {
		const char *answered, *says;
	} rows[] = {
		{"m=audio 30000 RTP/AVP 18\r\n", "codec G729, none that was offered"},
		{"m=audio 30000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
			"none that was offered"},
		{"m=audio 30000 RTP/AVP 96\r\na=rtpmap:96 a\"b/8000\r\n", "codec a?b,"},
		{"m=audio 30000 RTP/AVP 8\r\nc=IN IP4 localhost\r\n", "name of a host"},
		{"m=audio 30000 udptl t38\r\n", "another protocol"},
		{"m=audio 30000 UDP/TLS/RTP/SAVPF 8\r\n", "DTLS-SRTP"},
		{"m=image 30000 udptl t38\r\n", "no media line that was offered"},
		{"m=audio 70000 RTP/AVP 8\r\n", "port of m="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_text text = {{0}};
		struct rig rig;
		struct buf out;

		rig_init(&rig);
		buf_init(&out, 0);
		assert_int_equal(offer(&rig,
					 "m=audio 20000 RTP/SAVP 8 0 101\r\n"
					 "a=rtpmap:101 telephone-event/8000\r\n" CRYPTO,
					 &out),
			0);
		assert_int_equal(
			answer_text(&rig, rows[i].answered, &out, &text), ERR_SUPPORT);
		if (!strstr(text.text, rows[i].says))
			fail_msg("\"%s\", not \"%s\"", text.text, rows[i].says);
		rig_free(&rig);
		buf_free(&out);
	}
}

/* A gateway that answered RTP/AVP to RTP/AVPF is offered RTP/AVP from then on. */
static void remembers_the_profile_of_a_far_end(void **state)
{
	static const char offered[] =
		"m=audio 20000 RTP/SAVPF 8\r\n" CRYPTO "a=rtcp-fb:8 nack\r\n";
	static const char *const first[] = {
		"m=audio 40000 RTP/AVPF 8\r\n", "a=rtcp-fb:8 nack\r\n", NULL};
	static const char *const second[] = {"m=audio 40000 RTP/AVP 8\r\n", NULL};
	static const char *const answered[] = {"m=audio 40000 RTP/SAVPF 8\r\n", NULL};
	static const char *const nothing[] = {NULL};
	static const char *const feedback[] = {"rtcp-fb", NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, offered, &out), 0);
	assert_lines(&out, first, nothing);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_lines(&out, answered, feedback);
	assert_int_equal(offer(&rig, offered, &out), 0);
	assert_lines(&out, second, feedback);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_lines(&out, answered, feedback);
	rig_free(&rig);
	buf_free(&out);
}

/* RFC 3264 5.1: where media may not be sent to, the line is refused by name. */
static void judges_where_media_is(void **state)
{
	static const struct {
		const char *lines, *says;
	} rows[] = {
		{AUDIO "c=IN IP4 224.2.1.1/127\r\n",
			"media line 1 has a multicast address"},
		{AUDIO "c=IN IP6 2001:db8::7\r\n", "media line 1 has an IPv6 address"},
		{AUDIO "c=IN IP4 192.0.2.1\r\n", "an address of the other side"},
		{AUDIO "c=IN IP4 127.0.0.1\r\n", "loopback"},
	};
	static const char *const answers[] = {
		"m=audio 30000 RTP/AVP 8\r\nc=IN IP4 239.1.1.1\r\n",
		"m=audio 30000 RTP/AVP 8\r\nc=IN IP6 2001:db8::7\r\n",
		"m=audio 30000 RTP/AVP 8\r\nc=IN IP4 10.0.0.1\r\n",
		"m=audio 30000 RTP/AVP 8\r\nc=IN IP4 255.255.255.255\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_text text = {{0}};
		struct rig rig;
		struct buf out;

		rig_init(&rig);
		buf_init(&out, 0);
		assert_int_equal(
			offer_text(&rig, rows[i].lines, &out, &text), ERR_SUPPORT);
		if (!strstr(text.text, rows[i].says))
			fail_msg("\"%s\", not \"%s\"", text.text, rows[i].says);
		/* as an answer too */
		rig_free(&rig);
		rig_init(&rig);
		assert_int_equal(offer(&rig, AUDIO, &out), 0);
		assert_int_equal(answer(&rig, answers[i], &out), ERR_SUPPORT);
		rig_free(&rig);
		buf_free(&out);
	}
}

/* a=rtcp elsewhere than media may be: RTCP goes beside RTP. */
static void rtcp_follows_rtp_where_its_own_address_may_not_be(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO "a=rtcp:20007 IN IP4 224.0.0.1\r\n", &out), 0);
	assert_int_equal(answer(&rig,
				 "m=audio 30000 RTP/AVP 8\r\n"
				 "a=rtcp:30007 IN IP4 192.0.2.10\r\n",
				 &out),
		0);
	assert_told(&rig, RELAY_INTERNAL, 0, "rtp=10.0.0.9:20000 * rtcp=10.0.0.9:20001 *");
	assert_told(
		&rig, RELAY_EXTERNAL, 0, "rtp=192.0.2.9:30000 * rtcp=192.0.2.10:30007 *");
	rig_free(&rig);
	buf_free(&out);
}

/* Where a side has both families, a line goes by that of its far end. */
static void each_leg_has_the_family_of_its_far_end(void **state)
{
	static const char *const offered[] = {
		"c=IN IP4 192.0.2.1\r\n", "m=audio 40000 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const answered[] = {
		"c=IN IP6 2001:db8::1\r\n", "o=- ", "IN IP6 2001:db8::1\r\ns=-", NULL};
	static const char *const nothing[] = {NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(addr_parse(&rig.config.media.internal[1], "2001:db8::1", 0), 0);
	assert_int_equal(offer(&rig, AUDIO "c=IN IP6 2001:db8::9\r\n", &out), 0);
	assert_lines(&out, offered, nothing);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_lines(&out, answered, nothing);
	assert_told(&rig, RELAY_INTERNAL, 0, "rtp=[[]2001:db8::9]:20000 *");
	/* it stays so: media moves to another family by a new call alone */
	assert_int_equal(offer(&rig, AUDIO, &out), ERR_SUPPORT);
	rig_free(&rig);
	buf_free(&out);
}

/* The codec of record and quality: the first of the answer that was offered and is one. */
static void says_which_codec_was_agreed(void **state)
{
	const struct stream_codec *codec;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig,
				 "m=audio 20000 RTP/SAVP 0 8 111 13 101\r\n"
				 "a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 "
				 "telephone-event/8000\r\n" CRYPTO,
				 &out),
		0);
	assert_int_equal(answer(&rig,
				 "m=audio 30000 RTP/AVP 13 18 96 8\r\n"
				 "a=rtpmap:96 opus/48000/2\r\n",
				 &out),
		0);
	codec = &rig.b.streams[0]->now.codec;
	assert_string_equal(codec->name, "opus");
	assert_int_equal(codec->rate, 48000);
	assert_int_equal(codec->type, 111); /* as we offered it, so it sends it */
	codec = &rig.a.streams[0]->now.codec;
	assert_string_equal(codec->name, "opus");
	assert_int_equal(codec->type, 96);
	rig_free(&rig);
	buf_free(&out);
}

/* A family of one gateway's list, and what goes with a clock rate that went. */
static void filters_by_families_and_clock_rates(void **state)
{
	static const struct {
		const char *word, *formats, *wanted;
	} rows[] = {
		{"G711", "111 8 18 0 101 100", "8 0 101"},
		{"G729", "0 18 101 100", "18 101"},
		{"G729", "0 97 101 100", "97 101"},
		{"alaw", "0 8 13 101", "8 13 101"},
		{"opus", "111 8 101 100 13", "111 100"},
		{"x-none", "8", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *wanted[2] = {NULL, NULL};
		static const char *const nothing[] = {NULL};
		char word[16], lines[512], line[64];
		char *words[] = {word};
		struct rig rig;
		struct buf out;

		rig_init(&rig);
		buf_init(&out, 0);
		snprintf(word, sizeof(word), "%s", rows[i].word);
		rig.gateway.common.codecs = (struct config_words){words, 1};
		snprintf(lines, sizeof(lines),
			"m=audio 20000 RTP/SAVP %s\r\na=rtpmap:111 opus/48000/2\r\n"
			"a=rtpmap:97 G729AB/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
			"a=rtpmap:100 telephone-event/48000\r\n" CRYPTO,
			rows[i].formats);
		assert_int_equal(
			offer(&rig, lines, &out), rows[i].wanted ? 0 : ERR_SUPPORT);
		snprintf(line, sizeof(line), "m=audio 40000 RTP/AVP %s\r\n",
			rows[i].wanted ? rows[i].wanted : "");
		wanted[0] = rows[i].wanted ? line : NULL;
		assert_lines(&out, wanted, nothing);
		rig_free(&rig);
		buf_free(&out);
	}
}

static void serves_one_line_of_two(void **state)
{
	static const char *const wanted[] = {
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "m=video 0 RTP/AVP 96\r\n", NULL};
	static const char *const unwanted[] = {"a=rtpmap:96", NULL};
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(
		offer(&rig,
			AUDIO "m=video 20002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
			&out),
		0);
	assert_lines(&out, wanted, unwanted);
	assert_int_equal(
		answer(&rig, "m=audio 30000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n", &out),
		0);
	assert_told(&rig, RELAY_EXTERNAL, 1, "none");
	rig_free(&rig);
	buf_free(&out);
}

/* Media of a gateway with an address of its own; the next candidate may have another. */
static void media_is_where_the_gateway_has_it(void **state)
{
	static const char *const first[] = {
		"c=IN IP4 198.51.100.7\r\n", "m=audio 40000 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const second[] = {
		"c=IN IP4 192.0.2.3\r\n", "m=audio 40002 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const third[] = {
		"c=IN IP4 192.0.2.1\r\n", "m=audio 40004 RTP/AVP 8 0 101\r\n", NULL};
	static const char *const unwanted[] = {NULL};
	struct addr local;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(
		addr_parse(&rig.gateway.common.media.address, "192.0.2.2", 0), 0);
	assert_int_equal(
		addr_parse(&rig.gateway.common.media.advertise, "198.51.100.7", 0), 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_lines(&out, first, unwanted);
	relay_stream_local(rig.session, 0, RELAY_EXTERNAL, &local);
	assert_true(addr_equal_host(&local, &rig.gateway.common.media.address));
	relay_stream_local(rig.session, 0, RELAY_INTERNAL, &local);
	assert_true(addr_equal_host(&local, &rig.config.media.internal[0]));

	assert_int_equal(
		addr_parse(&rig.gateway.common.media.address, "192.0.2.3", 0), 0);
	rig.gateway.common.media.advertise.len = 0;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, second, unwanted);
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, second, unwanted);

	rig.gateway.common.media.address.len = 0;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, third, unwanted);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	rig_free(&rig);
	buf_free(&out);
}

/* Only toward the gateway that asks for it, with what either side may send. */
static void says_what_may_latch(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	rig.gateway.latch = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8 96\r\n", &out), 0);
	/* 0 and 8; 96 and 101 */
	assert_told(&rig, RELAY_EXTERNAL, 0, "* send receive latch=2100000000:101");
	assert_told(&rig, RELAY_INTERNAL, 0, "* send receive rx=*");
	rig_free(&rig);
	buf_free(&out);
}

#define FAX "m=image 20000 udptl t38\r\na=T38FaxVersion:0\r\n"

/* Our key toward the server, as the relay was told. */
static struct secret sealing_key(const struct rig *rig)
{
	return rig->a.streams[0]->now.ours.key;
}

/* Audio, fax in its place, audio: no key crosses the fax, and none is used twice. */
static void fax_in_the_place_of_audio_and_back(void **state)
{
	static const char *const wanted[] = {
		"m=image 40000 udptl t38\r\n", "a=T38FaxVersion:0\r\n", NULL};
	static const char *const unwanted[] = {"crypto", "RTP", "rtcp-mux", NULL};
	struct config_server relaying = server;
	struct secret before, after;
	struct rig rig;
	struct buf out;

	(void)state;
	relaying.common.media.t38 = CONFIG_T38_RELAY;
	rig_init(&rig);
	rig.a.server = &relaying;
	rig.a.settings = &relaying.common;
	rig.gateway.common.media.t38 = CONFIG_T38_RELAY;
	rig.gateway.latch = true;
	rig.gateway.rtcp_mux = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_false(rig.a.udptl || rig.b.udptl);
	before = sealing_key(&rig);
	assert_int_equal(offer(&rig, FAX, &out), 0);
	assert_lines(&out, wanted, unwanted);
	assert_int_equal(answer(&rig, FAX, &out), 0);
	assert_lines(&out, wanted, unwanted);
	assert_true(rig.a.udptl && rig.b.udptl);
	assert_told(
		&rig, RELAY_INTERNAL, 0, "rtp=10.0.0.9:20000 suite=UDPTL send receive");
	assert_told(&rig, RELAY_EXTERNAL, 0,
		"rtp=192.0.2.9:20000 suite=UDPTL send receive latch=0:0");
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_told(&rig, RELAY_INTERNAL, 0, "* suite=AES_CM_128_HMAC_SHA1_80 *");
	assert_told(&rig, RELAY_EXTERNAL, 0, "* suite=RTP *");
	after = sealing_key(&rig);
	assert_false(secret_equal(&before, &after));
	/* what was in clear once is remembered */
	assert_true(rig.a.udptl && rig.b.udptl);
	rig_free(&rig);
	buf_free(&out);
}

/* With TLS a packet that may move the media must be authentic, which UDPTL cannot be. */
static void fax_of_a_gateway_with_tls_does_not_latch(void **state)
{
	struct config_server relaying = server;
	struct rig rig;
	struct buf out;

	(void)state;
	relaying.common.media.t38 = CONFIG_T38_RELAY;
	rig_init(&rig);
	rig.a.server = &relaying;
	rig.a.settings = &relaying.common;
	rig.gateway.common.media.t38 = CONFIG_T38_RELAY;
	rig.gateway.common.tls = CONFIG_TLS_YES;
	rig.gateway.latch = true;
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, FAX, &out), 0);
	assert_int_equal(answer(&rig, FAX, &out), 0);
	assert_told(
		&rig, RELAY_EXTERNAL, 0, "rtp=192.0.2.9:20000 suite=UDPTL send receive");
	rig_free(&rig);
	buf_free(&out);
}

static void says_when_ports_are_gone(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	told_set_empty(rig.relay, true);
	assert_int_equal(offer(&rig, AUDIO, &out), -EADDRNOTAVAIL);
	rig_free(&rig);
	buf_free(&out);
}

static void a_cancelled_change_leaves_what_was_agreed(void **state)
{
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, AUDIO, &out), 0);
	assert_int_equal(answer(&rig, "m=audio 30000 RTP/AVP 8\r\n", &out), 0);
	assert_false(mediate_on_hold(&rig.a));
	assert_int_equal(offer(&rig,
				 "m=audio 26000 RTP/SAVP 8\r\n" CRYPTO "a=sendonly\r\n"
				 "m=video 26002 RTP/SAVP 96\r\n" CRYPTO,
				 &out),
		0);
	assert_told(&rig, RELAY_INTERNAL, 1, "reserved");
	mediate_cancel(rig.session, &rig.a, &rig.b);
	assert_told(&rig, RELAY_INTERNAL, 0, "rtp=10.0.0.9:20000 *");
	assert_told(&rig, RELAY_INTERNAL, 1, "none");
	assert_false(mediate_on_hold(&rig.a));
	/* and the next change begins afresh */
	assert_int_equal(offer(&rig, AUDIO "a=sendonly\r\n", &out), 0);
	assert_int_equal(
		answer(&rig, "m=audio 30000 RTP/AVP 8\r\na=recvonly\r\n", &out), 0);
	assert_true(mediate_on_hold(&rig.a));
	rig_free(&rig);
	buf_free(&out);
}

static void count_left_out(void *arg, enum log_level level, const char *line)
{
	unsigned *count = arg;

	if (strstr(line, "event=sdp-attribute-left-out"))
		++*count;
	assert_true(level == LOG_LEVEL_DEBUG || !strstr(line, "left-out"));
	assert_null(strstr(line, "value"));
}

/* Once a trunk and name, however often it comes. */
static void attributes_left_out_are_said_once(void **state)
{
	static const char lines[] = AUDIO "a=one:value\r\na=two:value\r\na=one:more\r\n";
	enum log_level before = log_get_level();
	struct config_server named = server;
	char first[] = "pbx1", second[] = "pbx2";
	struct rig rig;
	struct buf out;
	unsigned count = 0;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	named.common.id = first;
	rig.a.settings = &named.common;
	log_set_sink(count_left_out, &count);
	assert_int_equal(offer(&rig, lines, &out), 0);
	assert_int_equal(count, 0);
	log_set_level(LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(offer_again(&rig, &out), 0);
		/* one, two, tool and our own crypto's name */
		assert_int_equal(count, 4);
	}
	named.common.id = second;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_int_equal(count, 8);
	log_set_level(before);
	log_set_sink(NULL, NULL);
	rig_free(&rig);
	buf_free(&out);
}

/* The setting of either trunk counts; what belongs to one hop crosses by no setting. */
static void a_trunk_may_add_attributes(void **state)
{
	static const char lines[] = AUDIO "a=x-note:1\r\na=X-Note:2\r\na=acap:3\r\n";
	static const char *const crosses[] = {"a=x-note:1\r\n", NULL};
	static const char *const hidden[] = {"X-Note", "acap", NULL};
	static const char *const none[] = {"note", "acap", NULL};
	static const char *const nothing[] = {NULL};
	char note[] = "x-note", capability[] = "acap";
	char *words[] = {note, capability};
	const struct config_words added = {words, 2};
	struct config_server noting = server;
	struct rig rig;
	struct buf out;

	(void)state;
	rig_init(&rig);
	buf_init(&out, 0);
	assert_int_equal(offer(&rig, lines, &out), 0);
	assert_lines(&out, nothing, none);
	rig.gateway.common.media.sdp_attributes = added;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, crosses, hidden);
	rig.gateway.common.media.sdp_attributes = (struct config_words){0};
	noting.common.media.sdp_attributes = added;
	rig.a.settings = &noting.common;
	assert_int_equal(offer_again(&rig, &out), 0);
	assert_lines(&out, crosses, hidden);
	rig_free(&rig);
	buf_free(&out);
}

/* Browsers' video has more than a hundred; what does not cross does not count. */
static void many_attributes_refuse_one_line_at_most(void **state)
{
	static const char *const served[] = {"m=audio 40000 RTP/AVP 8 0 101\r\n",
		"m=video 40002 RTP/AVP 96\r\n", NULL};
	static const char *const refused[] = {
		"m=audio 40000 RTP/AVP 8 0 101\r\n", "m=video 0 RTP/SAVP 96\r\n", NULL};
	static const char *const nothing[] = {NULL};

	(void)state;
	for (unsigned count = 108; count <= 300; count += 192) {
		struct buf lines, out;
		struct rig rig;

		rig_init(&rig);
		buf_init(&lines, 0);
		buf_init(&out, 0);
		buf_add_str(&lines, AUDIO "m=video 20002 RTP/SAVP 96\r\n" CRYPTO);
		for (unsigned i = 1; i < count; i++)
			buf_printf(&lines, "a=x:%u\r\n", i);
		assert_int_equal(offer(&rig, buf_str(&lines), &out), 0);
		assert_lines(&out, count > 256 ? refused : served, nothing);
		rig_free(&rig);
		buf_free(&out);
		buf_free(&lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crosses_both_ways),
		cmocka_unit_test(mirrors_directions),
		cmocka_unit_test(refuses_what_it_cannot_serve),
		cmocka_unit_test(passes_on_what_has_no_active_line),
		cmocka_unit_test(serves_answers_that_nearly_fit),
		cmocka_unit_test(refuses_answers_that_cannot_be_served),
		cmocka_unit_test(remembers_the_profile_of_a_far_end),
		cmocka_unit_test(judges_where_media_is),
		cmocka_unit_test(rtcp_follows_rtp_where_its_own_address_may_not_be),
		cmocka_unit_test(each_leg_has_the_family_of_its_far_end),
		cmocka_unit_test(says_which_codec_was_agreed),
		cmocka_unit_test(filters_by_families_and_clock_rates),
		cmocka_unit_test(serves_one_line_of_two),
		cmocka_unit_test(media_is_where_the_gateway_has_it),
		cmocka_unit_test(says_what_may_latch),
		cmocka_unit_test(fax_in_the_place_of_audio_and_back),
		cmocka_unit_test(fax_of_a_gateway_with_tls_does_not_latch),
		cmocka_unit_test(says_when_ports_are_gone),
		cmocka_unit_test(a_cancelled_change_leaves_what_was_agreed),
		cmocka_unit_test(attributes_left_out_are_said_once),
		cmocka_unit_test(a_trunk_may_add_attributes),
		cmocka_unit_test(many_attributes_refuse_one_line_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
