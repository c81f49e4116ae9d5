/* How media is protected: which offers are taken, what is offered, which answers are enough. */
#include "../unit.h"

#include "bridge/keying.h"
#include "bridge/tolerated.h"

#include <stdio.h>
#include <string.h>

#define KEY30 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
#define KEY46 KEY30 "QUFBQUFBQUFBQUFBQUFBQQ=="
#define AES80 " AES_CM_128_HMAC_SHA1_80 inline:" KEY30
#define AES32 " AES_CM_128_HMAC_SHA1_32 inline:" KEY30
#define AES256 " AES_256_CM_HMAC_SHA1_80 inline:" KEY46
#define ALL_SUITES ((1u << SDES_SUITES) - 1)

#define SERVER(x) .server = &(x), .settings = &(x).common
#define GATEWAY(x) .gateway = &(x), .settings = &(x).common

static struct config_server server = {
	.common = {
		.tls = CONFIG_TLS_YES, .tls_min = CONFIG_TLS_1_2, .suites = ALL_SUITES}};
static struct config_gateway required = {
	.common = {.srtp = CONFIG_SRTP_REQUIRED, .suites = ALL_SUITES}};
static struct config_gateway optional = {
	.common = {.srtp = CONFIG_SRTP_OPTIONAL, .suites = ALL_SUITES}};
static struct config_gateway only32 = {
	.common = {.srtp = CONFIG_SRTP_REQUIRED, .suites = CONFIG_SUITE_AES_CM_128_32}};
static struct config_gateway off = {.common = {.srtp = CONFIG_SRTP_OFF}};

static struct sdp *parse(const char *profile, const char *crypto, const char *more)
{
	struct err_text text = {{0}};
	char whole[1024];
	struct sdp *sdp;
	int len = snprintf(whole, sizeof(whole),
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 "
		"0\r\n"
		"m=audio 4000 RTP/%s 0\r\n%s%s%s%s%s%s",
		profile, *crypto ? "a=crypto:" : "", crypto, *crypto ? "\r\n" : "",
		*more ? "a=crypto:" : "", more, *more ? "\r\n" : "");

	if (sdp_read(&sdp, whole, (size_t)len, &text))
		fail_msg("%s", text.text);
	return sdp;
}

/* One that an offer is to be made on, or was. */
static struct stream *make_stream(void)
{
	struct stream *stream = stream_new();

	assert_non_null(stream);
	assert_int_equal(stream_make_next(stream), 0);
	return stream;
}

/* Reads the one line of SDP as an offer; the stream keeps the terms. */
static int read_offer(const struct leg *leg, struct stream *stream, struct sdp *sdp)
{
	struct err_text text = {{0}};
	int err;

	stream_clear_next(stream);
	stream->next->proto = sdp_media(sdp, 0)->proto;
	err = keying_read_offer(leg, stream, sdp, 0, &text);
	/* a refusal says why, and no key is ever in it */
	assert_int_equal(err != 0, text.text[0] != '\0');
	assert_null(strstr(text.text, "QUFB"));
	sdp_free(sdp);
	return err;
}

static int read_answer(struct leg *leg, struct stream *stream, struct sdp *sdp)
{
	struct err_text text = {{0}};
	int err;

	stream->next->proto = sdp_media(sdp, 0)->proto;
	err = keying_read_answer(leg, stream, sdp, 0, &text);
	assert_null(strstr(text.text, "QUFB"));
	sdp_free(sdp);
	return err;
}

static void takes_offers_by_the_rule_of_the_leg(void **state)
{
	const struct {
		struct leg leg;
		const char *profile, *crypto;
		int err;
		bool secure;
	} rows[] = {
		/* servers and gateways with srtp = required: SRTP, or nothing */
		{{SERVER(server)}, "SAVP", "1" AES80, 0, true},
		{{SERVER(server)}, "SAVPF", "1" AES80, 0, true},
		{{SERVER(server)}, "SAVP", "", ERR_SUPPORT, false},
		{{SERVER(server)}, "SAVP", "1 NO_SUCH inline:" KEY30, ERR_SUPPORT, false},
		/* the library cannot have an MKI with tags of two lengths */
		{{SERVER(server)}, "SAVP", "1" AES80 "|1:4", 0, true},
		{{SERVER(server)}, "SAVP", "1" AES32 "|1:4", ERR_SUPPORT, false},
		{{SERVER(server)}, "AVP", "", ERR_SUPPORT, false},
		{{SERVER(server)}, "AVP", "1" AES80, ERR_SUPPORT, false},
		{{GATEWAY(required)}, "SAVP", "1" AES80, 0, true},
		{{GATEWAY(required)}, "AVP", "", ERR_SUPPORT, false},
		/* optional: what they offer */
		{{GATEWAY(optional)}, "SAVP", "1" AES80, 0, true},
		{{GATEWAY(optional)}, "AVP", "1" AES80, 0, true},
		{{GATEWAY(optional)}, "AVP", "", 0, false},
		{{GATEWAY(optional)}, "SAVP", "", ERR_SUPPORT, false},
		/* off: keys over a leg without TLS are no secret */
		{{GATEWAY(off)}, "AVP", "", 0, false},
		{{GATEWAY(off)}, "SAVP", "1" AES80, ERR_SUPPORT, false},
		{{GATEWAY(off)}, "AVP", "1" AES80, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream *stream = make_stream();
		int err = read_offer(
			&rows[i].leg, stream, parse(rows[i].profile, rows[i].crypto, ""));

		if (err != rows[i].err || stream->next->secure != rows[i].secure)
			fail_msg("row %zu: %d, secure=%d", i, err, stream->next->secure);
		stream_free(stream);
	}
}

static void chooses_the_strongest_line(void **state)
{
	const struct {
		const struct config_gateway *gateway;
		const char *first, *second;
		unsigned tag;
	} rows[] = {
		{&required, "1" AES32, "2" AES80, 2},
		{&required, "1" AES80, "2" AES256, 2},
		{&required, "7" AES256, "8" AES80, 7},
		/* what cannot be read is skipped (RFC 4568 5.1.2) */
		{&required, "1 NO_SUCH inline:" KEY30, "2" AES32, 2},
		{&required, "1" AES32 "|1:4", "2" AES32, 2},
		/* and so is what is not allowed */
		{&only32, "1" AES80, "2" AES32, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct leg leg = {GATEWAY(*rows[i].gateway)};
		struct stream *stream = make_stream();

		assert_int_equal(read_offer(&leg, stream,
					 parse("SAVP", rows[i].first, rows[i].second)),
			0);
		assert_int_equal(stream->next->theirs.tag, rows[i].tag);
		/* our answer is under their tag, in their suite, with another key */
		assert_int_equal(stream->next->ours.tag, rows[i].tag);
		assert_int_equal(stream->next->ours.suite, stream->next->theirs.suite);
		assert_false(
			secret_equal(&stream->next->ours.key, &stream->next->theirs.key));
		stream_free(stream);
	}
}

static void keeps_our_key_in_a_further_offer(void **state)
{
	struct leg leg = {SERVER(server)};
	struct stream *stream = make_stream();
	struct secret first;

	(void)state;
	assert_int_equal(read_offer(&leg, stream, parse("SAVP", "1" AES80, "")), 0);
	stream->now = *stream->next;
	first = stream->now.ours.key;
	/* the suite in use is taken again although a stronger one is there */
	assert_int_equal(
		read_offer(&leg, stream, parse("SAVP", "1" AES256, "2" AES80)), 0);
	assert_int_equal(stream->next->ours.tag, 2);
	assert_true(secret_equal(&stream->next->ours.key, &first));
	stream_free(stream);
}

static void offers_what_the_leg_demands(void **state)
{
	const struct {
		struct leg leg;
		bool secure_proto;
		unsigned lines;
	} rows[] = {
		{{SERVER(server)}, true, 4},
		{{GATEWAY(required)}, true, 4},
		{{GATEWAY(optional)}, false, 4},
		{{GATEWAY(off)}, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream *stream = make_stream();
		bool secure_proto;

		assert_int_equal(
			keying_make_offer(&rows[i].leg, stream, &secure_proto), 0);
		assert_int_equal(secure_proto, rows[i].secure_proto);
		assert_int_equal(stream->offered_count, rows[i].lines);
		for (unsigned j = 0; j < stream->offered_count; j++) {
			assert_int_equal(stream->offered[j].tag, j + 1);
			/* no short tags where anything else is allowed */
			assert_true(
				stream->offered[j].suite < SDES_AES_256_CM_HMAC_SHA1_32);
		}
		stream_free(stream);
	}
}

static void fax_in_clear_takes_the_word_of_both(void **state)
{
	struct config_server relaying = server;
	struct config_gateway too = required;
	const struct leg server_leg = {SERVER(server)}, yes = {SERVER(relaying)},
			 gateway_leg = {GATEWAY(required)}, gateway_yes = {GATEWAY(too)};
	struct sdp_media media = {.proto = SDP_PROTO_UDPTL,
		.type = span_of("image"),
		.formats = span_of("t38")};

	(void)state;
	relaying.common.media.t38 = too.common.media.t38 = CONFIG_T38_RELAY;
	assert_false(keying_takes_udptl(&server_leg, &gateway_leg, &media));
	assert_false(keying_takes_udptl(&server_leg, &gateway_yes, &media));
	assert_false(keying_takes_udptl(&gateway_leg, &yes, &media));
	assert_true(keying_takes_udptl(&gateway_yes, &yes, &media));
	assert_true(keying_takes_udptl(&yes, &gateway_yes, &media));
	assert_string_equal(keying_least_media(&server_leg), "SRTP");
	assert_string_equal(keying_least_media(&yes), "SRTP or UDPTL");
	media.formats = span_of("t38 x");
	assert_false(keying_takes_udptl(&yes, &gateway_yes, &media));
	media.formats = span_of("t38");
	media.type = span_of("audio");
	assert_false(keying_takes_udptl(&yes, &gateway_yes, &media));
	media.type = span_of("image");
	media.proto = SDP_PROTO_OTHER;
	assert_false(keying_takes_udptl(&yes, &gateway_yes, &media));
}

static void offers_no_less_than_before(void **state)
{
	struct leg leg = {GATEWAY(optional)};
	struct stream *stream = make_stream();
	bool secure_proto;

	(void)state;
	stream->now.secure = true;
	assert_int_equal(
		sdes_make(&stream->now.ours, 3, SDES_AES_CM_128_HMAC_SHA1_80), 0);
	assert_int_equal(keying_make_offer(&leg, stream, &secure_proto), 0);
	assert_true(secure_proto);
	assert_int_equal(stream->offered_count, 1);
	assert_true(secret_equal(&stream->offered[0].key, &stream->now.ours.key));
	stream_free(stream);
}

static void takes_no_answer_that_gives_less(void **state)
{
	/* we offer tags 1 to 4: AEAD 256, AEAD 128, AES 256, AES 128 */
	const struct {
		const struct config_gateway *gateway;
		const char *profile, *crypto, *more;
		int err;
		bool secure;
	} rows[] = {
		{&required, "SAVP", "4" AES80, "", 0, true},
		{&required, "SAVP", "3" AES256, "", 0, true},
		{&required, "SAVP", "", "", ERR_SUPPORT, false},
		{&required, "AVP", "", "", ERR_SUPPORT, false},
		{&required, "AVP", "4" AES80, "", ERR_SUPPORT, false},
		/* a suite that was not offered, whatever the tag (RFC 4568 5.1.3) */
		{&required, "SAVP", "4" AES32, "", ERR_SUPPORT, false},
		{&required, "SAVP", "1" AES32, "9" AES32, ERR_SUPPORT, false},
		{&required, "SAVP", "4 AES_CM_128_HMAC_SHA1_80 inline:short", "",
			ERR_SUPPORT, false},
		{&only32, "SAVP", "1" AES32, "", 0, true},
		{&only32, "SAVP", "1" AES32 "|1:4", "", ERR_SUPPORT, false},
		{&optional, "AVP", "", "", 0, false},
		{&optional, "AVP", "4" AES80, "", 0, true},
		{&optional, "SAVP", "4" AES80, "", 0, true},
		{&optional, "SAVP", "", "", ERR_SUPPORT, false},
		{&off, "AVP", "", "", 0, false},
		{&off, "SAVP", "1" AES80, "", ERR_SUPPORT, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct leg leg = {GATEWAY(*rows[i].gateway)};
		struct stream *stream = make_stream();
		bool secure_proto;
		int err;

		assert_int_equal(keying_make_offer(&leg, stream, &secure_proto), 0);
		leg.name = "b";
		err = read_answer(&leg, stream,
			parse(rows[i].profile, rows[i].crypto, rows[i].more));
		if (err != rows[i].err || stream->next->secure != rows[i].secure)
			fail_msg("row %zu: %d, secure=%d", i, err, stream->next->secure);
		stream_free(stream);
	}
}

/* Of the lines of an answer the first counts whose suite was offered, under any tag. */
static void takes_the_line_that_is_meant(void **state)
{
	/* as above: tags 1 to 4 */
	const struct {
		const char *crypto, *more;
		unsigned tag; /* of ours that is used */
		unsigned tolerated;
	} rows[] = {
		{"4" AES80, "", 4, 0},
		{"1" AES80, "", 4, 1 << TOLERATED_SDES_TAG},
		{"9" AES80, "", 4, 1 << TOLERATED_SDES_TAG},
		/* the tag is that of another suite: it says nothing */
		{"4" AES256, "", 3, 1 << TOLERATED_SDES_TAG},
		{"4" AES80, "4" AES80, 4, 1 << TOLERATED_SDES_LINES},
		{"4" AES80, "3" AES256, 4, 1 << TOLERATED_SDES_LINES},
		{"3" AES256, "4" AES80, 3, 1 << TOLERATED_SDES_LINES},
		{"5" AES32, "4" AES80, 4, 1 << TOLERATED_SDES_LINES},
		{"4 NO_SUCH inline:" KEY30, "1" AES80, 4,
			1 << TOLERATED_SDES_LINES | 1 << TOLERATED_SDES_TAG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct leg leg = {GATEWAY(required), .name = "b"};
		struct stream *stream = make_stream();
		bool secure_proto;

		assert_int_equal(keying_make_offer(&leg, stream, &secure_proto), 0);
		assert_int_equal(read_answer(&leg, stream,
					 parse("SAVP", rows[i].crypto, rows[i].more)),
			0);
		assert_true(stream->next->secure);
		assert_int_equal(stream->next->ours.tag, rows[i].tag);
		assert_int_equal(stream->next->ours.suite, stream->next->theirs.suite);
		assert_int_equal(leg.tolerated, rows[i].tolerated);
		stream_free(stream);
	}
}

/* A refusal names the line and what it lacks. */
static void says_what_an_offer_lacks(void **state)
{
	static const struct {
		const struct config_gateway *gateway;
		const char *profile, *lines, *says;
	} rows[] = {
		{&required, "AVP", "", "media line 1 offers no SRTP"},
		{&required, "AVP", "a=crypto:1" AES80 "\r\n", "a=crypto in RTP/AVP"},
		{&required, "AVPF", "a=fingerprint:sha-256 AA\r\n", "a=fingerprint"},
		{&required, "SAVPF", "a=fingerprint:sha-256 AA\r\n", "DTLS-SRTP"},
		{&required, "SAVP", "", "without a=crypto"},
		{&only32, "SAVP", "a=crypto:1" AES80 "\r\n",
			"no SRTP suite that is allowed"},
		{&off, "SAVP", "a=crypto:1" AES80 "\r\n", "on a trunk without TLS"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct leg leg = {GATEWAY(*rows[i].gateway)};
		struct stream *stream = make_stream();
		struct err_text text = {{0}};
		char whole[512];
		struct sdp *sdp;
		int len = snprintf(whole, sizeof(whole),
			"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/%s 0\r\n%s",
			rows[i].profile, rows[i].lines);

		assert_int_equal(sdp_read(&sdp, whole, (size_t)len, NULL), 0);
		stream->next->proto = sdp_media(sdp, 0)->proto;
		assert_int_equal(
			keying_read_offer(&leg, stream, sdp, 0, &text), ERR_SUPPORT);
		if (!strstr(text.text, rows[i].says))
			fail_msg("\"%s\", not \"%s\"", text.text, rows[i].says);
		/* it goes out in a header's quoted string */
		assert_null(strpbrk(text.text, "\"\\"));
		sdp_free(sdp);
		stream_free(stream);
	}
}

static void what_is_demanded_has_a_name(void **state)
{
	struct config_gateway gateway = {
		.common = {.srtp = CONFIG_SRTP_REQUIRED, .tls = CONFIG_TLS_YES}};
	const struct leg to_server = {SERVER(server)};
	const struct leg to_gateway = {GATEWAY(gateway)};

	(void)state;
	assert_string_equal(keying_least_tls(to_server.settings), "TLS1.2");
	assert_string_equal(keying_least_media(&to_server), "SRTP");
	gateway.common.tls_min = CONFIG_TLS_1_3;
	assert_string_equal(keying_least_tls(to_gateway.settings), "TLS1.3");
	assert_string_equal(keying_least_media(&to_gateway), "SRTP");
	gateway.common.tls_min = CONFIG_TLS_1_0;
	gateway.common.srtp = CONFIG_SRTP_OPTIONAL;
	assert_string_equal(keying_least_tls(to_gateway.settings), "TLS1.0");
	assert_string_equal(keying_least_media(&to_gateway), "");
	gateway.common.tls = CONFIG_TLS_OBSERVE;
	gateway.common.srtp = CONFIG_SRTP_OFF;
	assert_string_equal(keying_least_tls(to_gateway.settings), "");
	assert_string_equal(keying_least_media(&to_gateway), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_demanded_has_a_name),
		cmocka_unit_test(takes_offers_by_the_rule_of_the_leg),
		cmocka_unit_test(chooses_the_strongest_line),
		cmocka_unit_test(keeps_our_key_in_a_further_offer),
		cmocka_unit_test(offers_what_the_leg_demands),
		cmocka_unit_test(fax_in_clear_takes_the_word_of_both),
		cmocka_unit_test(offers_no_less_than_before),
		cmocka_unit_test(takes_no_answer_that_gives_less),
		cmocka_unit_test(takes_the_line_that_is_meant),
		cmocka_unit_test(says_what_an_offer_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
