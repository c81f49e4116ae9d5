#include "sdp_text.h"

#define LYNC                                                                             \
	"v=0\r\n"                                                                        \
	"o=- 0 4 IN IP4 198.51.100.63\r\n"                                               \
	"s=session\r\n"                                                                  \
	"c=IN IP4 198.51.100.63\r\n"                                                     \
	"b=CT:99980\r\n"                                                                 \
	"t=0 0\r\n"                                                                      \
	"m=audio 6354 RTP/SAVP 0 13 101\r\n"                                             \
	"c=IN IP4 198.51.100.64\r\n"                                                     \
	"a=rtcp:6355\r\n"                                                                \
	"a=cryptoscale:1 client AES_CM_128_HMAC_SHA1_80 inline:x|2^31|1:1\r\n"           \
	"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:y|2^31|1:1\r\n"                       \
	"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:z|2^31\r\n"                           \
	"a=inactive\r\n"                                                                 \
	"a=rtpmap:0 PCMU/8000\r\n"                                                       \
	"a=rtpmap:13 CN/8000\r\n"                                                        \
	"a=rtpmap:101 telephone-event/8000\r\n"                                          \
	"a=fmtp:101 0-16\r\n"                                                            \
	"a=ptime:20\r\n"

#define MIXED_ENDS                                                                       \
	"v=0\no=- 1 1 IN IP4 192.0.2.1\r\ns= \nt=0 0\r\nc=IN IP4 192.0.2.1\n"            \
	"m=audio  5000 RTP/AVP 0  8 \r\ny=0100000001\nf=\na= odd : "                     \
	"\r\nz=\xc3\xa4\t\x01\n"

/* Parses a copy of TEXT in memory of exactly its size, so that ASan sees a read past it. */
static int parse_exact(const char *text, size_t len, struct err_text *error)
{
	char *copy = malloc(len ? len : 1);
	struct sdp *sdp = NULL;

	assert_non_null(copy);
	memcpy(copy, text, len);
	int err = sdp_read(&sdp, copy, len, error);

	free(copy);
	if (err)
		assert_null(sdp);
	sdp_free(sdp);
	return err;
}

static void lync_offer_is_read(void **state)
{
	struct sdp *sdp = sdp_of(LYNC);
	const struct sdp_media *media = sdp_media(sdp, 0);
	struct span value;

	(void)state;
	assert_int_equal(sdp_count_media(sdp), 1);
	assert_int_equal(sdp_origin_version(sdp), 4);
	assert_span(media->type, "audio");
	assert_int_equal(media->port, 6354);
	assert_int_equal(media->port_count, 1);
	assert_int_equal(media->proto, SDP_PROTO_SAVP);
	assert_span(media->proto_text, "RTP/SAVP");
	assert_span(media->formats, "0 13 101");
	assert_addr(&media->rtp, "198.51.100.64:6354");
	assert_addr(&media->rtcp, "198.51.100.64:6355");
	assert_false(media->rtcp_mux);
	assert_false(media->on_hold_address);
	assert_int_equal(media->direction, SDP_INACTIVE);

	/* a=cryptoscale is another attribute than a=crypto. */
	assert_true(sdp_attribute(sdp, 0, "crypto", 1, &value));
	assert_span(value, "3 AES_CM_128_HMAC_SHA1_80 inline:z|2^31");
	assert_false(sdp_attribute(sdp, 0, "crypto", 2, &value));
	assert_true(sdp_attribute(sdp, 0, "inactive", 0, &value));
	assert_span(value, "");
	assert_false(sdp_attribute(sdp, SDP_SESSION, "inactive", 0, &value));
	assert_sdp(sdp, LYNC);
	sdp_free(sdp);
}

static void untouched_text_leaves_byte_for_byte(void **state)
{
	static const char *const texts[] = {
		SESSION,
		SESSION AUDIO,
		SESSION AUDIO "a=sendonly", /* no line end */
		SESSION AUDIO "a=sendonly\r\n\r\n\n\r\n",
		MIXED_ENDS,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sdp *sdp = sdp_of(texts[i]);
		struct sdp *copy = sdp_copy(sdp);

		assert_sdp(sdp, texts[i]);
		sdp_free(sdp);
		assert_sdp(copy, texts[i]);
		sdp_free(copy);
	}
}

static void spaces_between_words_do_not_matter(void **state)
{
	struct sdp *sdp = sdp_of("v=0\no=- 1 1 IN IP4 192.0.2.1 \nt=0 0\n"
				 "c=IN  IP4 192.0.2.1 \nm=audio  5000 RTP/AVP 0  8 \n"
				 "a=sendonly \n");

	(void)state;
	assert_span(sdp_media(sdp, 0)->formats, "0  8");
	assert_addr(&sdp_media(sdp, 0)->rtp, "192.0.2.1:5000");
	assert_int_equal(sdp_media(sdp, 0)->direction, SDP_SENDONLY);
	sdp_free(sdp);
}

struct connection_case {
	const char *line;
	const char *rtp;
	bool hold;
};

static void connections_are_read(void **state)
{
	static const struct connection_case cases[] = {
		{"IN IP4 192.0.2.9", "192.0.2.9:5000", false},
		{"IN IP4 224.2.36.42/127", "224.2.36.42:5000", false},
		{"IN IP4 224.2.1.1/127/3", "224.2.1.1:5000", false},
		{"IN IP6 FF15::101/3", "[ff15::101]:5000", false},
		{"IN IP6 2001:db8::1", "[2001:db8::1]:5000", false},
		{"IN IP6 ::ffff:192.0.2.1", "[::ffff:192.0.2.1]:5000", false},
		{"IN IP4 0.0.0.0", "0.0.0.0:5000", true},
		{"IN IP6 ::", "[::]:5000", true},
		{"IN IP4 media.example.com", "", false},
		{"IN IP6 host-1.example", "", false},
		{"PSTN E164 +441134960123", "", false},
		{"ATM NSAP 47.0091.8100 more words", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s%sc=%s\r\n", SESSION, AUDIO,
			cases[i].line);
		struct sdp *sdp = sdp_of(text);

		assert_addr(&sdp_media(sdp, 0)->rtp, cases[i].rtp);
		assert_int_equal(sdp_media(sdp, 0)->on_hold_address, cases[i].hold);
		assert_sdp(sdp, text);
		sdp_free(sdp);
	}
}

static void first_of_several_connections_counts(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO "c=IN IP4 224.2.1.1/127\r\n"
					       "c=IN IP4 224.2.1.2/127\r\n");

	(void)state;
	assert_addr(&sdp_media(sdp, 0)->rtp, "224.2.1.1:5000");
	sdp_free(sdp);
}

struct rtcp_case {
	const char *lines;
	const char *rtcp;
};

static void rtcp_address_is_the_given_or_the_next_port(void **state)
{
	static const struct rtcp_case cases[] = {
		{AUDIO, "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020\r\n", "192.0.2.1:53020"},
		{AUDIO "a=rtcp:53020 IN IP4 126.16.64.4\r\n", "126.16.64.4:53020"},
		{AUDIO "a=rtcp:53020 IN IP6 2001:db8::5\r\n", "[2001:db8::5]:53020"},
		{AUDIO "a=rtcp:53020 IN IP4 rtcp.example.com\r\n", ""},
		/* malformed: as good as none */
		{AUDIO "a=rtcp:0\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:65536\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020 IN IP4\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020 IN IP5 192.0.2.7\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020 IN IP4 192.0.2.7 x\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020 ATM IP4 192.0.2.7\r\n", "192.0.2.1:5001"},
		{AUDIO "a=rtcp:53020 IN IP6 192.0.2.7\r\n", "192.0.2.1:5001"},
		{"m=audio 65535 RTP/AVP 0\r\n", ""},
		{"m=audio 0 RTP/AVP 0\r\na=rtcp:5001\r\n", ""},
		{AUDIO "c=IN IP4 host.example\r\n", ""},
		{AUDIO "c=IN IP4 host.example\r\na=rtcp:5001\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s%s", SESSION, cases[i].lines);
		struct sdp *sdp = sdp_of(text);

		assert_addr(&sdp_media(sdp, 0)->rtcp, cases[i].rtcp);
		sdp_free(sdp);
	}
}

static void rtcp_mux_is_seen(void **state)
{
	struct sdp *sdp = sdp_of(SESSION AUDIO AUDIO "a=rtcp-mux\r\n");

	(void)state;
	assert_false(sdp_media(sdp, 0)->rtcp_mux);
	assert_true(sdp_media(sdp, 1)->rtcp_mux);
	sdp_free(sdp);
}

static void direction_is_inherited_and_the_first_counts(void **state)
{
	struct sdp *sdp =
		sdp_of(SESSION "a=recvonly\r\n" AUDIO AUDIO "a=sendrecv\r\n" AUDIO
			       "a=inactive\r\na=sendonly\r\n" AUDIO "a=Sendonly\r\n");

	(void)state;
	assert_int_equal(sdp_media(sdp, 0)->direction, SDP_RECVONLY);
	assert_int_equal(sdp_media(sdp, 1)->direction, SDP_SENDRECV);
	assert_int_equal(sdp_media(sdp, 2)->direction, SDP_INACTIVE);
	assert_int_equal(sdp_media(sdp, 3)->direction, SDP_RECVONLY);
	sdp_free(sdp);
}

static void eight_media_lines_of_all_kinds_fit(void **state)
{
	struct sdp *sdp =
		sdp_of("v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\n"
		       "m=audio 5000/2 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=audio 5002 RTP/AVPF 0\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=audio 5004 rtp/savp 0\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=video 5006 RTP/SAVPF 96\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=image 5008 udptl t38\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=image 5010 UDPTL t38\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=application 9 UDP/TLS/RTP/SAVPF *\r\nc=IN IP6 2001:db8::1\r\n"
		       "m=message 0 TCP/MSRP *\r\n" /* refused: needs no c= */);
	static const enum sdp_proto protos[] = {SDP_PROTO_AVP, SDP_PROTO_AVPF,
		SDP_PROTO_SAVP, SDP_PROTO_SAVPF, SDP_PROTO_UDPTL, SDP_PROTO_UDPTL,
		SDP_PROTO_OTHER, SDP_PROTO_OTHER};

	(void)state;
	assert_int_equal(sdp_count_media(sdp), 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(sdp_media(sdp, i)->proto, protos[i]);
	assert_int_equal(sdp_media(sdp, 0)->port_count, 2);
	assert_int_equal(sdp_media(sdp, 7)->port, 0);
	assert_int_equal(sdp_media(sdp, 7)->rtp.len, 0);
	sdp_free(sdp);
}

static void t38_lines_are_read(void **state)
{
	struct sdp *sdp = sdp_of(SESSION "m=image 49170 udptl t38\r\n"
					 "a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
					 "a=T38FaxFillBitRemoval\r\n"
					 "a=T38FaxRateManagement:transferredTCF\r\n");
	struct span value;

	(void)state;
	assert_span(sdp_media(sdp, 0)->formats, "t38");
	assert_true(sdp_attribute(sdp, 0, "T38FaxFillBitRemoval", 0, &value));
	assert_int_equal(value.len, 0);
	assert_true(sdp_attribute(sdp, 0, "T38FaxRateManagement", 0, &value));
	assert_span(value, "transferredTCF");
	assert_false(sdp_format_codec(sdp, 0, span_of("t38"), &value));
	sdp_free(sdp);
}

static void codecs_have_names(void **state)
{
	struct sdp *sdp = sdp_of(SESSION "m=audio 5000 RTP/AVP 0 8 18 19 96 97 98 101\r\n"
					 "a=rtpmap:\r\na=rtpmap:96 opus/48000/2\r\n"
					 "a=rtpmap:97\r\na=rtpmap:98 /8000\r\n"
					 "a=rtpmap:101 telephone-event/8000\r\n"
					 "a=rtpmap:8 X-PCMA/16000\r\n"
					 "m=application 9 UDP/DTLS/SCTP 0\r\n");
	static const char *const cases[][2] = {{"0", "PCMU"}, {"8", "X-PCMA"},
		{"18", "G729"}, {"96", "opus"}, {"101", "telephone-event"},
		{"34", "H263"}, {"19", NULL}, {"97", NULL}, {"98", NULL}, {"99", NULL},
		{"", NULL}, {"PCMU", NULL}};
	struct span name;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool known = sdp_format_codec(sdp, 0, span_of(cases[i][0]), &name);

		assert_int_equal(known, cases[i][1] != NULL);
		if (known)
			assert_span(name, cases[i][1]);
	}
	/* Payload type 0 is PCMU in RTP alone. */
	assert_false(sdp_format_codec(sdp, 1, span_of("0"), &name));
	sdp_free(sdp);
}

static void origin_version_is_a_number_or_zero(void **state)
{
	static const struct {
		const char *word;
		uint64_t version;
	} cases[] = {{"18446744073709551615", UINT64_MAX}, {"18446744073709551616", 0},
		{"x", 0}, {"-1", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"v=0\r\no=a b %s IN IP4 192.0.2.1\r\nt=0 0\r\n", cases[i].word);
		struct sdp *sdp = sdp_of(text);

		assert_true(sdp_origin_version(sdp) == cases[i].version);
		assert_int_equal(sdp_count_media(sdp), 0);
		sdp_free(sdp);
	}
}

static void equality_ignores_origin_and_line_ends(void **state)
{
	static const char base[] = "v=0\no=- 1 1 IN IP4 192.0.2.1\nt=0 0\na=x\n";
	static const struct {
		const char *text;
		bool equal;
	} cases[] = {
		{"v=0\no=- 1 2 IN IP4 192.0.2.1\nt=0 0\na=x\n", true},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\na=x", true},
		{"v=0\no=- 1 1 IN IP4 192.0.2.1\nt=0 0\na=y\n", false},
		{"v=0\no=- 1 1 IN IP4 192.0.2.1\nt=0 0\na=xx\n", false},
		{"v=0\no=- 1 1 IN IP4 192.0.2.1\nt=0 0\n", false},
	};
	struct sdp *a = sdp_of(base);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp *b = sdp_of(cases[i].text);

		assert_int_equal(sdp_equal_but_origin(a, b), cases[i].equal);
		sdp_free(b);
	}
	sdp_free(a);
}

struct bad_case {
	const char *text;
	const char *says; /* part of the error text */
};

#define O "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"

static const struct bad_case bad_texts[] = {
	{"", "empty"},
	{"\r\n\r\n", "line 1 of the SDP: an SDP begins with v=0"},
	{"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "line 1"},
	{"v=0 \r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "line 1"},
	{"s=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "line 1"},
	{"m=audio 0 RTP/AVP 0\r\n" SESSION, "line 1"},
	{"v=0\r\n", "line 2 of the SDP: o= must"},
	{"v=0\r\ns=-\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "line 2"},
	{"v=0\r\no=- 1 1 IN IP4\r\nt=0 0\r\n", "fewer than six"},
	{"v=0\r\no=- 1 1 IN IP4 192.0.2.1 x\r\nt=0 0\r\n", "more than six"},
	{O, "line 3 of the SDP: no t="},
	{O "s=-\r\nm=audio 0 RTP/AVP 0\r\nt=0 0\r\n", "line 4 of the SDP: no t="},
	{O "t=0 0\r\nv=0\r\n", "only once"},
	{O "t=0 0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "only once"},
	{O "s=a\r\ns=b\r\nt=0 0\r\n", "only once"},
	{SESSION AUDIO "s=x\r\n", "before the first m="},
	{SESSION AUDIO "v=0\r\n", "before the first m="},
	{SESSION AUDIO "t=0 0\r\n", "before the first m="},
	{SESSION AUDIO "o=- 1 1 IN IP4 192.0.2.1\r\n", "line 7"},
	/* lines */
	{SESSION "a\r\n", "line 6 of the SDP does not begin"},
	{SESSION "\r\n" AUDIO, "line 6 of the SDP does not begin"},
	{SESSION "C=IN IP4 192.0.2.1\r\n", "small letter"},
	{SESSION " a=x\r\n", "small letter"},
	{SESSION "=x\r\n", "small letter"},
	{SESSION "a=x\ry\r\n", "line 6 of the SDP has a carriage return"},
	{SESSION "a=x\r\r\n", "carriage return"},
	{SESSION "a=x\r", "carriage return"},
	/* c= */
	{SESSION "c=IN IP4\r\n", "fewer than three"},
	{SESSION AUDIO "c=IN IP4 192.0.2.1 x\r\n", "more than three"},
	{SESSION AUDIO "c=IN IP5 192.0.2.1\r\n", "neither"},
	{SESSION AUDIO "c=IN IP4 2001:db8::1\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP6 192.0.2.1\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP6 fe80::1%lo\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP4 192.0.2.256\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP4 192.0.2\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP4 0x7f000001\r\nc=IN IP4 a_b$\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP4 /127\r\n", "no valid address"},
	{SESSION AUDIO "c=IN IP4 224.2.1.1/\r\n", "TTL"},
	{SESSION AUDIO "c=IN IP4 224.2.1.1/256\r\n", "TTL"},
	{SESSION AUDIO "c=IN IP4 224.2.1.1/127/3/4\r\n", "TTL"},
	{SESSION AUDIO "c=IN IP4 224.2.1.1/127/\r\n", "TTL"},
	{SESSION AUDIO "c=IN IP6 ff15::1/127/3\r\n", "TTL"},
	{O "t=0 0\r\n" AUDIO, "line 4 of the SDP: this m= has no c="},
	{O "t=0 0\r\n" AUDIO "c=IN IP4 192.0.2.1\r\n" AUDIO, "line 6"},
	/* m= */
	{SESSION "m=\r\n", "media type"},
	{SESSION "m=au/dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "m=audio\r\n", "no port"},
	{SESSION "m=audio 65536 RTP/AVP 0\r\n", "port of m="},
	{SESSION "m=audio -1 RTP/AVP 0\r\n", "port of m="},
	{SESSION "m=audio /2 RTP/AVP 0\r\n", "port of m="},
	{SESSION "m=audio 5000/ RTP/AVP 0\r\n", "number of ports"},
	{SESSION "m=audio 5000/0 RTP/AVP 0\r\n", "number of ports"},
	{SESSION "m=audio 5000\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 RTP//AVP 0\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 RTP/ 0\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 /AVP 0\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 RTP/AVP\r\n", "no format"},
	{SESSION "m=audio 5000 RTP/AVP \r\n", "no format"},
	{SESSION "m=audio 5000 RTP/AVP 128\r\n", "payload type"},
	{SESSION "m=audio 5000 RTP/AVP 0 0000\r\n", "payload type"},
	{SESSION "m=audio 5000 RTP/SAVPF *\r\n", "payload type"},
	{SESSION "m=image 5000 udptl (\r\n", "no token"},
	{SESSION "m=image 5000 udptl t\xc3\xa4\r\n", "no token"},
};

static void wrong_texts_are_refused_with_line_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		const struct bad_case *c = &bad_texts[i];
		struct err_text error = {""};
		int err = parse_exact(c->text, strlen(c->text), &error);

		if (err != ERR_FORMAT || !strstr(error.text, c->says))
			fail_msg("case %zu \"%s\": %s: \"%s\"", i, c->text, err_str(err),
				error.text);
		assert_int_equal(parse_exact(c->text, strlen(c->text), NULL), ERR_FORMAT);
	}
}

/* Appends COUNT times LINE to SESSION AUDIO and parses. */
static int parse_repeated(const char *line, size_t count, struct err_text *error)
{
	struct buf buf;

	buf_init(&buf, 0);
	buf_add_str(&buf, SESSION AUDIO);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&buf, line);
	int err = parse_exact(buf.data, buf.len, error);

	buf_free(&buf);
	return err;
}

static void bounds_hold_to_the_last_byte(void **state)
{
	char line[SDP_MAX_LINE + 3];
	size_t rest = SDP_MAX_BYTES - strlen(SESSION AUDIO);
	struct err_text error;

	(void)state;
	assert_int_equal(parse_repeated("a=x\r\n", SDP_MAX_ATTRIBUTES, NULL), 0);
	assert_int_equal(
		parse_repeated("a=x\r\n", SDP_MAX_ATTRIBUTES + 1, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "more than 64 attributes"));
	assert_int_equal(parse_repeated(AUDIO, SDP_MAX_MEDIA - 1, NULL), 0);
	assert_int_equal(parse_repeated(AUDIO, SDP_MAX_MEDIA, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "more than 8 media"));

	memset(line, 'x', sizeof(line));
	memcpy(line, "i=", 2);
	memcpy(line + SDP_MAX_LINE, "\n", 2);
	assert_int_equal(parse_repeated(line, 1, NULL), 0);
	memcpy(line + SDP_MAX_LINE, "x\n", 3);
	assert_int_equal(parse_repeated(line, 1, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "line 7 of the SDP has 1025 bytes"));

	memset(line, 0, sizeof(line));
	memset(line, '\n',
		rest % 4 + 4); /* empty lines at the end take up what is left */
	assert_int_equal(parse_repeated("i=x\n", rest / 4, NULL), 0);
	assert_int_equal(parse_repeated("i=x\n", rest / 4 + 1, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "8192 are allowed"));
}

static void nul_bytes_are_refused(void **state)
{
	static const char text[] = SESSION AUDIO "\0a=sendonly\r\n";
	struct err_text error;

	(void)state;
	assert_int_equal(parse_exact(text, sizeof(text) - 1, &error), ERR_FORMAT);
	assert_non_null(strstr(error.text, "NUL"));
	assert_int_equal(parse_exact(text, sizeof(SESSION AUDIO) - 1, NULL), 0);
}

/* Files that broke, slowed or misled another parser. */
static void hostile_files_are_refused_or_kept(void **state)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{"sdp-mline-oom.sdp", ERR_FORMAT},
		{"sdp-mline-unicode.sdp", ERR_FORMAT},
		{"sdp_bigport", ERR_FORMAT},
		{"sdp_cr", ERR_FORMAT},
		{"sdp_fmtloop", ERR_FORMAT},
		{"sdp_fmtloop2", ERR_FORMAT},
		{"sdp_full", 0},
		{"sdp_negport", ERR_FORMAT},
		{"sdp_nul", ERR_FORMAT},
		{"sdp_pt200", ERR_FORMAT},
		{"sdp_rtpmapnull", 0},
		{"sdp_short", ERR_FORMAT},
		{"sdp_short2", ERR_FORMAT},
		{"sdp_tias", 0},
	};
	const char *srcdir = getenv("srcdir");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[4096];
		char text[SDP_MAX_BYTES + 1];

		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/sdp/%s",
			srcdir ? srcdir : ".", cases[i].name);
		FILE *file = fopen(path, "rb");

		if (!file)
			fail_msg("%s is missing", path);
		size_t len = fread(text, 1, sizeof(text), file);

		fclose(file);
		if (parse_exact(text, len, NULL) != cases[i].err)
			fail_msg("%s", path);
		if (cases[i].err)
			continue;
		struct sdp *sdp = sdp_of_bytes(text, len);

		text[len] = '\0';
		assert_sdp(sdp, text);
		sdp_free(sdp);
	}
}

static void words_for_directions_and_protocols(void **state)
{
	(void)state;
	assert_int_equal(sdp_direction_reverse(SDP_SENDONLY), SDP_RECVONLY);
	assert_int_equal(sdp_direction_reverse(SDP_RECVONLY), SDP_SENDONLY);
	assert_int_equal(sdp_direction_reverse(SDP_SENDRECV), SDP_SENDRECV);
	assert_int_equal(sdp_direction_reverse(SDP_INACTIVE), SDP_INACTIVE);
	assert_string_equal(sdp_direction_name(SDP_INACTIVE), "inactive");
	assert_string_equal(sdp_proto_text(SDP_PROTO_AVP, true), "RTP/SAVP");
	assert_string_equal(sdp_proto_text(SDP_PROTO_SAVP, false), "RTP/AVP");
	assert_string_equal(sdp_proto_text(SDP_PROTO_SAVPF, false), "RTP/AVPF");
	assert_string_equal(sdp_proto_text(SDP_PROTO_AVPF, true), "RTP/SAVPF");
	assert_string_equal(sdp_proto_text(SDP_PROTO_UDPTL, true), "udptl");
	assert_null(sdp_proto_text(SDP_PROTO_OTHER, true));
	assert_true(sdp_proto_is_secure(SDP_PROTO_SAVPF));
	assert_false(sdp_proto_is_secure(SDP_PROTO_AVPF));
	assert_false(sdp_proto_is_rtp(SDP_PROTO_UDPTL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lync_offer_is_read),
		cmocka_unit_test(untouched_text_leaves_byte_for_byte),
		cmocka_unit_test(spaces_between_words_do_not_matter),
		cmocka_unit_test(connections_are_read),
		cmocka_unit_test(first_of_several_connections_counts),
		cmocka_unit_test(rtcp_address_is_the_given_or_the_next_port),
		cmocka_unit_test(rtcp_mux_is_seen),
		cmocka_unit_test(direction_is_inherited_and_the_first_counts),
		cmocka_unit_test(eight_media_lines_of_all_kinds_fit),
		cmocka_unit_test(t38_lines_are_read),
		cmocka_unit_test(codecs_have_names),
		cmocka_unit_test(origin_version_is_a_number_or_zero),
		cmocka_unit_test(equality_ignores_origin_and_line_ends),
		cmocka_unit_test(wrong_texts_are_refused_with_line_and_reason),
		cmocka_unit_test(bounds_hold_to_the_last_byte),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(hostile_files_are_refused_or_kept),
		cmocka_unit_test(words_for_directions_and_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
