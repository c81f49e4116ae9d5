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

static void well_formed_text_leaves_byte_for_byte(void **state)
{
	static const char *const texts[] = {
		SESSION,
		SESSION AUDIO,
		SESSION AUDIO "a=sendonly\r\n",
		SESSION AUDIO "i=x\r\nb=AS:1\r\nk=prompt\r\na=f:\r\na=u:\xc3\xa4\t1\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sdp *sdp = sdp_of(texts[i]);
		struct sdp *copy = sdp_copy(sdp);

		assert_false(sdp_was_repaired(sdp));
		assert_sdp(sdp, texts[i]);
		sdp_free(sdp);
		assert_sdp(copy, texts[i]);
		sdp_free(copy);
	}
}

/* TEXT, of LEN bytes or as long as its string, is read as WANTED. */
static void assert_repaired(const char *text, size_t len, const char *wanted)
{
	struct sdp *sdp = sdp_of_bytes(text, len ? len : strlen(text));
	struct sdp *again;

	assert_sdp(sdp, wanted);
	assert_true(sdp_was_repaired(sdp));
	sdp_free(sdp);
	again = sdp_of(wanted);
	assert_false(sdp_was_repaired(again));
	sdp_free(again);
}

#define V "v=0\r\n"
#define O "o=- 7 8 IN IP4 192.0.2.1\r\n"
#define C "c=IN IP4 192.0.2.1\r\n"
#define NO_ORIGIN "o=- 0 0 IN IP4 0.0.0.0\r\n"

static void session_lines_that_say_nothing_of_media_are_repaired(void **state)
{
	static const struct {
		const char *text;
		const char *wanted;
	} cases[] = {
		/* what is missing */
		{V O "s=-\r\n" C AUDIO, SESSION AUDIO},
		{V O C "t=0 0\r\n" AUDIO, SESSION AUDIO},
		{V O "s=\r\n" C "t=0 0\r\n" AUDIO, SESSION AUDIO},
		{V C AUDIO, V NO_ORIGIN "s=-\r\n" C "t=0 0\r\n" AUDIO},
		/* what is there several times, or at another place */
		{V O O "s=-\r\ns=x\r\n" C "t=0 0\r\nt=1 2\r\n" AUDIO, SESSION AUDIO},
		{V C "t=0 0\r\ns=-\r\n" O AUDIO, SESSION AUDIO},
		{O V "s=-\r\n" C "t=0 0\r\n" AUDIO, SESSION AUDIO},
		{V O "s=-\r\n" C AUDIO "t=0 0\r\ns=x\r\nv=0\r\n" O, SESSION AUDIO},
		{V O "a=x\r\nb=CT:1\r\ns=-\r\n" C "t=0 0\r\n" AUDIO
		     "a=y\r\nb=AS:2\r\na=z\r\ni=n\r\n",
			V O "s=-\r\n" C "b=CT:1\r\nt=0 0\r\na=x\r\n" AUDIO
			    "i=n\r\nb=AS:2\r\na=y\r\na=z\r\n"},
		/* what is malformed */
		{V "o=- 7 9 IN IP4\r\ns=-\r\n" C "t=0 0\r\n",
			V "o=- 0 9 IN IP4 0.0.0.0\r\ns=-\r\n" C "t=0 0\r\n"},
		{V "o=a b 7 9 IN IP4 192.0.2.1\r\ns=-\r\n" C "t=0 0\r\n",
			V "o=- 0 7 IN IP4 0.0.0.0\r\ns=-\r\n" C "t=0 0\r\n"},
		{V "o=\r\ns=-\r\n" C "t=0 0\r\n", V NO_ORIGIN "s=-\r\n" C "t=0 0\r\n"},
		{V O "s=-\r\n" C "t=now\r\n", SESSION},
		{V O "s=-\r\n" C "t=0\r\n", SESSION},
		{V O "s=-\r\n" C "b=\r\nb=AS\r\nb=AS:x\r\nb=:1\r\nt=0 0\r\n", SESSION},
		{SESSION "y=0100000001\r\nf=\r\nX=1\r\nq=\r\n=\r\nnonsense\r\n" AUDIO
			 "w=1\r\n-\r\n",
			SESSION AUDIO},
		{SESSION "a=\r\na=:x\r\na=b c:x\r\na=x\x01\r\na=(\r\n" AUDIO,
			SESSION AUDIO},
		/* blanks and ends */
		{"v=0 \r\n" O "s=-\r\n" C "t=0 0\t\r\n" AUDIO, SESSION AUDIO},
		{"\r\n \r\n" SESSION "\r\n" AUDIO "\r\n\n  \r\n", SESSION AUDIO},
		{SESSION "m=audio 5000 RTP/AVP 0", SESSION AUDIO},
		{"v=0\no=- 7 8 IN IP4 192.0.2.1\rs=-\r\r\nc=IN IP4 192.0.2.1\n\r"
		 "t=0 0\nm=audio 5000 RTP/AVP 0\n",
			SESSION AUDIO},
		{SESSION " m=audio  5000   RTP/AVP 0 \r\na=x:\r\n a = y : z \r\n",
			SESSION AUDIO "a=x:\r\n"},
		{SESSION AUDIO "a=sendonly \r\na=crypto :1\r\n",
			SESSION AUDIO "a=sendonly\r\na=crypto:1\r\n"},
		/* formats that RTP does not know, and one twice */
		{SESSION "m=audio 5000 RTP/AVP 200 0 * 0\r\n", SESSION AUDIO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_repaired(cases[i].text, 0, cases[i].wanted);
}

static void nul_bytes_and_blanks_at_the_end_are_left_out(void **state)
{
	static const char text[] = SESSION AUDIO " \0\r\n\0\0";

	(void)state;
	assert_repaired(text, sizeof(text) - 1, SESSION AUDIO);
}

static void spaces_between_words_do_not_matter(void **state)
{
	struct sdp *sdp = sdp_of("v=0\no=- 1 1 IN IP4 192.0.2.1 \nt=0 0\n"
				 "c=IN  IP4 192.0.2.1 \nm=audio  5000 RTP/AVP 0  8 \n"
				 "a=sendonly \n");

	(void)state;
	assert_span(sdp_media(sdp, 0)->formats, "0 8");
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
		{"in ip4 192.0.2.9", "192.0.2.9:5000", false},
		{"IN IP4 192.0.2.9/127", "192.0.2.9:5000", false},
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

static const struct bad_case bad_texts[] = {
	{"", "empty"},
	{"\r\n\r\n", "empty"},
	{"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "no v=0"},
	{"s=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\n", "no v=0"},
	{"this is no SDP", "no v=0"},
	{V "this is no SDP", "line 2 of the SDP: it is not of the form"},
	{"m=audio 0 RTP/AVP 0\r\n" SESSION, "no v=0"},
	{SESSION "m=\r\n", "line 6 of the SDP: the media type"},
	{SESSION "m=au/dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "m=au:dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "m=au@dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "m=au[dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "m=au]dio 1 RTP/AVP 0\r\n", "media type"},
	{SESSION "\r\nm=audio\r\n", "line 7 of the SDP: m= has no port"},
	{SESSION "m=audio 5000\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 RTP//AVP 0\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 RTP/ 0\r\n", "no valid protocol"},
	{SESSION "m=audio 5000 /AVP 0\r\n", "no valid protocol"},
};

#define NO_C V O "s=-\r\nt=0 0\r\n"

/* The line is kept, with what makes it useless; the other one lives. */
static void media_lines_that_cannot_be_used_have_a_fault(void **state)
{
	static const struct bad_case cases[] = {
		{SESSION AUDIO "c=IN IP4\r\n", "fewer than three"},
		{SESSION AUDIO "c=\r\n", "fewer than three"},
		{SESSION AUDIO "c=IN IP4 192.0.2.1 x\r\n", "more than three"},
		{SESSION AUDIO "c=IN IP5 192.0.2.1\r\n", "neither"},
		{SESSION AUDIO "c=IN IP4 2001:db8::1\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP6 192.0.2.1\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP6 fe80::1%lo\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP4 192.0.2.256\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP4 192.0.2\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP4 a_b$\r\n" C, "no valid address"},
		{SESSION AUDIO "c=IN IP4 /127\r\n", "no valid address"},
		{SESSION AUDIO "c=IN IP4 224.2.1.1/\r\n", "TTL"},
		{SESSION AUDIO "c=IN IP4 224.2.1.1/256\r\n", "TTL"},
		{SESSION AUDIO "c=IN IP4 224.2.1.1/127/3/4\r\n", "TTL"},
		{SESSION AUDIO "c=IN IP6 ff15::1/127/3\r\n", "TTL"},
		{SESSION AUDIO "c=IN IP4 localhost\r\n", "name of a host"},
		{SESSION AUDIO "c=IN IP4 media.example.com\r\n", "name of a host"},
		{SESSION AUDIO "c=IN IP6 host-1.example\r\n", "name of a host"},
		{SESSION AUDIO "c=IN IP4 a_zA-Z0.9az\r\n", "name of a host"},
		{SESSION AUDIO "c=IN IP4 zAz\r\n", "name of a host"},
		{SESSION AUDIO "c=PSTN E164 +441134960123\r\n", "another network"},
		{V O "s=-\r\nc=IN IP4 h.example\r\nt=0 0\r\n" AUDIO, "name of a host"},
		{NO_C AUDIO, "no c="},
		{SESSION "m=audio 65536 RTP/AVP 0\r\n", "port of m="},
		{SESSION "m=audio -1 RTP/AVP 0\r\n", "port of m="},
		{SESSION "m=audio /2 RTP/AVP 0\r\n", "port of m="},
		{SESSION "m=audio 5000/ RTP/AVP 0\r\n", "port of m="},
		{SESSION "m=audio 5000/0 RTP/AVP 0\r\n", "port of m="},
		{SESSION "m=audio 5000 RTP/AVP\r\n", "no valid format"},
		{SESSION "m=audio 5000 RTP/AVP 128\r\n", "no valid format"},
		{SESSION "m=audio 5000 RTP/SAVPF *\r\n", "no valid format"},
		{SESSION "m=image 5000 udptl (\r\n", "no valid format"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		struct sdp *sdp, *copy;

		snprintf(text, sizeof(text), "%sm=audio 7 RTP/AVP 8\r\n%s", cases[i].text,
			C);
		sdp = sdp_of(text);
		copy = sdp_copy(sdp);
		if (!sdp_media(sdp, 0)->fault ||
			!strstr(sdp_media(sdp, 0)->fault, cases[i].says))
			fail_msg("%s: %s", text, sdp_media(sdp, 0)->fault);
		assert_ptr_equal(sdp_media(sdp, 0)->fault, sdp_media(copy, 0)->fault);
		assert_null(sdp_media(sdp, 1)->fault);
		assert_addr(&sdp_media(sdp, 1)->rtp, "192.0.2.1:7");
		sdp_free(sdp);
		sdp_free(copy);
	}
}

/* RFC 3264 6: a refused line may say what it likes. */
static void refused_lines_have_no_fault(void **state)
{
	static const char *const lines[] = {"m=audio 0 RTP/AVP\r\n",
		"m=audio 0 RTP/AVP 200\r\n", "m=audio 0 RTP/AVP x y\r\n",
		"m=audio 0 RTP/AVP 0\r\nc=IN IP4 nowhere.example\r\n",
		"m=image 0 udptl (\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[256];
		struct sdp *sdp;

		snprintf(text, sizeof(text), "%s%s", NO_C, lines[i]);
		sdp = sdp_of(text);
		assert_null(sdp_media(sdp, 0)->fault);
		assert_int_equal(sdp_media(sdp, 0)->port, 0);
		sdp_free(sdp);
	}
}

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

static bool keep_none(struct span name, struct span value, void *arg)
{
	(void)name;
	(void)value;
	(void)arg;
	return false;
}

/* COUNT times LINE behind the first of two media lines. */
static struct sdp *crowded(const char *line, size_t count)
{
	struct buf buf;
	struct sdp *sdp;

	buf_init(&buf, 0);
	buf_add_str(&buf, SESSION AUDIO);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&buf, line);
	buf_add_str(&buf, AUDIO "a=last\r\n");
	sdp = sdp_of_bytes(buf.data, buf.len);
	buf_free(&buf);
	return sdp;
}

static void a_line_with_too_many_attributes_lives_alone_with_its_fault(void **state)
{
	struct sdp *sdp = crowded("a=x\r\n", SDP_MAX_ATTRIBUTES);
	struct span value;

	(void)state;
	assert_null(sdp_media(sdp, 0)->fault);
	assert_true(sdp_attribute(sdp, 0, "x", SDP_MAX_ATTRIBUTES - 1, &value));
	sdp_free(sdp);
	sdp = crowded("a=x\r\n", SDP_MAX_ATTRIBUTES + 1);
	assert_non_null(strstr(sdp_media(sdp, 0)->fault, "too many attributes"));
	assert_false(sdp_attribute(sdp, 0, "x", SDP_MAX_ATTRIBUTES, &value));
	assert_null(sdp_media(sdp, 1)->fault);
	assert_true(sdp_attribute(sdp, 1, "last", 0, &value));
	sdp_free(sdp);
	/* too long lines are left out */
	char line[SDP_MAX_LINE + 8];

	memset(line, 'x', sizeof(line));
	memcpy(line, "a=", 2);
	memcpy(line + SDP_MAX_LINE, "\r\n", 3);
	sdp = crowded(line, 1);
	assert_int_equal(sdp_keep_attributes(sdp, 0, keep_none, NULL), 1);
	sdp_free(sdp);
	memcpy(line + SDP_MAX_LINE, "x\r\n", 4);
	sdp = crowded(line, 1);
	assert_int_equal(sdp_keep_attributes(sdp, 0, keep_none, NULL), 0);
	assert_true(sdp_was_repaired(sdp));
	sdp_free(sdp);
}

static void bounds_hold_to_the_last_byte(void **state)
{
	static const char other[] = "i=2345678901234\r\n";
	char line[SDP_MAX_LINE + 8];
	struct err_text error;
	struct buf buf;

	(void)state;
	assert_int_equal(parse_repeated(AUDIO, SDP_MAX_MEDIA - 1, NULL), 0);
	assert_int_equal(parse_repeated(AUDIO, SDP_MAX_MEDIA, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "more than 32 media"));

	memset(line, '1', sizeof(line));
	memcpy(line, "m=audio 5 RTP/AVP", 17);
	for (size_t i = 17; i < SDP_MAX_LINE; i += 2)
		line[i] = ' ';
	memcpy(line + SDP_MAX_LINE, "\n", 2);
	assert_int_equal(parse_repeated(line, 1, NULL), 0);
	memcpy(line + SDP_MAX_LINE, "1\n", 3);
	assert_int_equal(parse_repeated(line, 1, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "line 7 of the SDP has 1025 bytes"));

	/* without a format one is made up, for which there must be room */
	memset(line, 'x', sizeof(line));
	memcpy(line, "m=", 2);
	memcpy(line + SDP_MAX_LINE - 9, " 5 RTP/AVP\n", 12);
	assert_int_equal(parse_repeated(line, 1, &error), ERR_LIMIT);
	memcpy(line + SDP_MAX_LINE - 12, " 5 RTP/AVP\n", 12);
	assert_int_equal(parse_repeated(line, 1, NULL), 0);

	buf_init(&buf, 0);
	buf_add_str(&buf, SESSION AUDIO);
	while (buf.len + strlen(other) <= SDP_MAX_BYTES)
		buf_add_str(&buf, other);
	while (buf.len < SDP_MAX_BYTES)
		buf_add_str(&buf, "x");
	assert_int_equal(parse_exact(buf.data, buf.len, NULL), 0);
	buf_add_str(&buf, "x");
	assert_int_equal(parse_exact(buf.data, buf.len, &error), ERR_LIMIT);
	assert_non_null(strstr(error.text, "32768 are allowed"));
	buf_free(&buf);
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

/* What leaves is well formed: reading it changes nothing. */
static void assert_reads_again(const struct sdp *sdp)
{
	struct buf buf;
	struct sdp *again;

	buf_init(&buf, 0);
	sdp_write(sdp, &buf);
	again = sdp_of_bytes(buf.data, buf.len);
	assert_false(sdp_was_repaired(again));
	assert_sdp(again, buf_str(&buf));
	sdp_free(again);
	buf_free(&buf);
}

/* Files that broke, slowed or misled another parser. */
static void hostile_files_are_refused_or_kept(void **state)
{
	static const struct {
		const char *name;
		int err;
	} cases[] = {
		{"sdp-mline-oom.sdp", 0},
		{"sdp-mline-unicode.sdp", ERR_FORMAT},
		{"sdp_bigport", 0},
		{"sdp_cr", 0},
		{"sdp_fmtloop", 0},
		{"sdp_fmtloop2", 0},
		{"sdp_full", 0},
		{"sdp_negport", 0},
		{"sdp_nul", ERR_FORMAT},
		{"sdp_pt200", 0},
		{"sdp_rtpmapnull", 0},
		{"sdp_short", 0},
		{"sdp_short2", 0},
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

		assert_reads_again(sdp);
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
	assert_true(sdp_proto_has_feedback(SDP_PROTO_AVPF));
	assert_true(sdp_proto_has_feedback(SDP_PROTO_SAVPF));
	assert_false(sdp_proto_has_feedback(SDP_PROTO_AVP));
	assert_false(sdp_proto_has_feedback(SDP_PROTO_SAVP));
	assert_false(sdp_proto_has_feedback(SDP_PROTO_UDPTL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lync_offer_is_read),
		cmocka_unit_test(well_formed_text_leaves_byte_for_byte),
		cmocka_unit_test(session_lines_that_say_nothing_of_media_are_repaired),
		cmocka_unit_test(nul_bytes_and_blanks_at_the_end_are_left_out),
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
		cmocka_unit_test(media_lines_that_cannot_be_used_have_a_fault),
		cmocka_unit_test(refused_lines_have_no_fault),
		cmocka_unit_test(
			a_line_with_too_many_attributes_lives_alone_with_its_fault),
		cmocka_unit_test(bounds_hold_to_the_last_byte),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(hostile_files_are_refused_or_kept),
		cmocka_unit_test(words_for_directions_and_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
