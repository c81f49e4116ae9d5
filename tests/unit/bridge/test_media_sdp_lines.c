/* Mediation line by line: what is served, and what is refused with which words. */
#include "media_sdp_rig.h"

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
		assert_told(&rig, RELAY_A, 0, "none");
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
	assert_told(&rig, RELAY_A, 0, "rtp=10.0.0.9:20000 * rtcp=10.0.0.9:20001 *");
	assert_told(&rig, RELAY_B, 0, "rtp=192.0.2.9:30000 * rtcp=192.0.2.10:30007 *");
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
	assert_told(&rig, RELAY_A, 0, "rtp=[[]2001:db8::9]:20000 *");
	/* it stays so: media moves to another family by a new call alone */
	assert_int_equal(offer(&rig, AUDIO, &out), ERR_SUPPORT);
	rig_free(&rig);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_on_what_has_no_active_line),
		cmocka_unit_test(serves_answers_that_nearly_fit),
		cmocka_unit_test(refuses_answers_that_cannot_be_served),
		cmocka_unit_test(remembers_the_profile_of_a_far_end),
		cmocka_unit_test(says_which_codec_was_agreed),
		cmocka_unit_test(filters_by_families_and_clock_rates),
		cmocka_unit_test(judges_where_media_is),
		cmocka_unit_test(rtcp_follows_rtp_where_its_own_address_may_not_be),
		cmocka_unit_test(each_leg_has_the_family_of_its_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
