/* A server leg that offers and a gateway leg that answers, over the fake relay. */
#pragma once

#include "../unit.h"

#include "../../scenario/told.h"

#include "base/log.h"
#include "bridge/media_sdp.h"
#include "bridge/tolerated.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define KEY30 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"

static struct config_server server = {.common = {.suites = CONFIG_SUITE_AES_CM_128_80}};

struct rig {
	struct config config;
	struct config_gateway gateway;
	struct bridge bridge;
	struct bridge_side sides[2];
	struct leg a, b;
	struct relay *relay;
	struct relay_session *session;
};

static inline void rig_init(struct rig *rig)
{
	const struct relay_params params = {0};
	const struct relay_open open = {.call = 1};

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(addr_parse(&rig->config.media.internal[0], "10.0.0.1", 0), 0);
	assert_int_equal(addr_parse(&rig->config.media.external[0], "192.0.2.1", 0), 0);
	rig->sides[0].bridge = rig->sides[1].bridge = &rig->bridge;
	rig->sides[1].which = SIDE_EXTERNAL;
	rig->gateway.common.srtp = CONFIG_SRTP_OFF;
	rig->a = (struct leg){.home = &rig->sides[0],
		.server = &server,
		.settings = &server.common,
		.name = "a"};
	rig->b = (struct leg){.home = &rig->sides[1],
		.end = RELAY_B,
		.gateway = &rig->gateway,
		.settings = &rig->gateway.common,
		.name = "b"};
	offer_init(&rig->a.offer);
	offer_init(&rig->b.offer);
	assert_int_equal(relay_new(&rig->relay, &params, NULL), 0);
	assert_int_equal(relay_open(rig->relay, &rig->session, &open), 0);
}

static inline void leg_drop(struct leg *leg)
{
	offer_free(&leg->offer);
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		stream_free(leg->streams[i]);
}

static inline void rig_free(struct rig *rig)
{
	leg_drop(&rig->a);
	leg_drop(&rig->b);
	relay_free(rig->relay);
}

static inline struct sdp *parse(const char *host, const char *lines)
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
static inline int offer_text(
	struct rig *rig, const char *lines, struct buf *out, struct err_text *text)
{
	struct sdp *result = NULL;
	bool is_offer;
	int err;

	assert_int_equal(
		offer_receive(&rig->a.offer, parse("10.0.0.9", lines), &is_offer, text),
		0);
	assert_true(is_offer);
	err = media_sdp_offer(rig->session, &rig->config, &rig->a, rig->a.offer.remote,
		&rig->b, &result, text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static inline int offer(struct rig *rig, const char *lines, struct buf *out)
{
	struct err_text text = {{0}};

	return offer_text(rig, lines, out, &text);
}

/* The same offer to the next candidate, as the settings of the gateway are now. */
static inline int offer_again(struct rig *rig, struct buf *out)
{
	struct err_text text = {{0}};
	struct sdp *result = NULL;
	int err;

	leg_drop(&rig->b);
	rig->b = (struct leg){.home = &rig->sides[1],
		.end = RELAY_B,
		.gateway = &rig->gateway,
		.settings = &rig->gateway.common,
		.name = "b"};
	offer_init(&rig->b.offer);
	err = media_sdp_offer(rig->session, &rig->config, &rig->a, rig->a.offer.remote,
		&rig->b, &result, &text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static inline int answer_text(
	struct rig *rig, const char *lines, struct buf *out, struct err_text *text)
{
	struct sdp *result = NULL;
	bool is_offer;
	int err;

	assert_int_equal(
		offer_receive(&rig->b.offer, parse("192.0.2.9", lines), &is_offer, text),
		0);
	assert_false(is_offer);
	err = media_sdp_answer(rig->session, &rig->config, &rig->b, rig->b.offer.remote,
		&rig->a, true, &result, text);
	buf_clear(out);
	if (!err)
		sdp_write(result, out);
	sdp_free(result);
	return err;
}

static inline int answer(struct rig *rig, const char *lines, struct buf *out)
{
	struct err_text text = {{0}};

	return answer_text(rig, lines, out, &text);
}

static inline void assert_told(
	struct rig *rig, enum relay_end end, unsigned index, const char *pattern)
{
	struct buf text;

	buf_init(&text, 0);
	told_stream(rig->relay, end, index, &text);
	if (fnmatch(pattern, buf_str(&text), 0))
		fail_msg("\"%s\", not \"%s\"", buf_str(&text), pattern);
	buf_free(&text);
}

#define CRYPTO "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "\r\n"
#define VIDEO_OFFERED "m=video 20002 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n" CRYPTO
#define VIDEO_ANSWERED "m=video 30002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
#define AUDIO "m=audio 20000 RTP/SAVP 8 0 101\r\n" CRYPTO

static inline void assert_lines(
	const struct buf *out, const char *const *wanted, const char *const *unwanted)
{
	for (; *wanted; wanted++)
		if (!memmem(out->data, out->len, *wanted, strlen(*wanted)))
			fail_msg("no \"%s\" in\n%.*s", *wanted, (int)out->len, out->data);
	for (; *unwanted; unwanted++)
		if (memmem(out->data, out->len, *unwanted, strlen(*unwanted)))
			fail_msg("\"%s\" in\n%.*s", *unwanted, (int)out->len, out->data);
}
