#include "sdp_text.h"

#include "sdp/offer.h"

/*
 * The examples of RFC 4317: an offer of Alice's, what Bob answers. Its "s= " is
 * "s=-" here; our o= takes the place of the sender's.
 */
#define ALICE                                                                            \
	"v=0\r\no=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\ns=-"    \
	"\r\n"
#define ALICE_C "c=IN IP4 host.atlanta.example.com\r\nt=0 0\r\n"
#define BOB "v=0\r\no=bob 2808844564 2808844564 IN IP4 host.biloxi.example.com\r\ns=-\r\n"
#define BOB_C "c=IN IP4 host.biloxi.example.com\r\nt=0 0\r\n"
#define PCMU "a=rtpmap:0 PCMU/8000\r\n"
#define PCMA "a=rtpmap:8 PCMA/8000\r\n"
#define ILBC "a=rtpmap:97 iLBC/8000\r\n"
#define H261 "a=rtpmap:31 H261/90000\r\n"
#define MPV "a=rtpmap:32 MPV/90000\r\n"

struct exchange {
	const char *section;
	const char *offer;
	const char *answer;
};

static const struct exchange rfc4317[] = {
	{"2.1 audio and video 1",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 0 8 97\r\n" PCMU PCMA ILBC
			      "m=video 51372 RTP/AVP 31 32\r\n" H261 MPV,
		BOB BOB_C "m=audio 49174 RTP/AVP 0\r\n" PCMU
			  "m=video 49170 RTP/AVP 32\r\n" MPV},
	{"2.2 audio and video 2",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 0 8 97\r\n" PCMU PCMA ILBC
			      "m=video 51372 RTP/AVP 31 32\r\n" H261 MPV,
		BOB BOB_C "m=audio 49174 RTP/AVP 0 8\r\n" PCMU PCMA
			  "m=video 0 RTP/AVP 31\r\n" H261},
	{"2.3 audio and video 3",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n"
			      "m=video 51372 RTP/AVP 31\r\n" H261,
		BOB BOB_C "m=audio 49172 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n"
			  "m=video 51374 RTP/AVP 31\r\n" H261},
	{"2.4 two audio streams",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 0 8\r\n" PCMU PCMA
			      "m=audio 49172 RTP/AVP 99\r\na=rtpmap:99 "
			      "telephone-event/8000\r\na=sendonly\r\n",
		BOB BOB_C "m=audio 49172 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\n"
			  "m=audio 49174 RTP/AVP 99\r\na=rtpmap:99 "
			  "telephone-event/8000\r\na=recvonly\r\n"},
	{"2.6 audio only 1",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 0 8 97\r\n" PCMU PCMA ILBC,
		BOB BOB_C "m=audio 49172 RTP/AVP 97\r\n" ILBC},
	{"3.1 hold", ALICE ALICE_C "m=audio 49170 RTP/AVP 0\r\n" PCMU "a=sendonly\r\n",
		BOB BOB_C "m=audio 49172 RTP/AVP 0\r\n" PCMU "a=recvonly\r\n"},
	{"4.2 second stream added with null connection",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 97\r\n" ILBC
			      "m=audio 49172 RTP/AVP 98\r\nc=IN IP4 "
			      "0.0.0.0\r\na=rtpmap:98 telephone-event/8000\r\n",
		BOB BOB_C "m=audio 49174 RTP/AVP 97\r\n" ILBC
			  "m=audio 49176 RTP/AVP 98\r\na=rtpmap:98 "
			  "telephone-event/8000\r\na=inactive\r\n"},
	{"4.3 stream deleted",
		ALICE ALICE_C "m=audio 49170 RTP/AVP 99\r\na=rtpmap:99 "
			      "iLBC/8000\r\nm=video 0 RTP/AVP 31\r\n" H261,
		BOB BOB_C "m=audio 49174 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\nm=video "
			  "0 RTP/AVP 31\r\n" H261},
};

static const char ours[] = "192.0.2.200";

/* Sends TEXT as ours and keeps the result when RET is given. */
static int send_text(struct offer *offer, const char *text)
{
	struct addr address = addr_of(ours);
	struct sdp *sdp = sdp_of(text);
	int err = offer_send(offer, sdp, &address);

	sdp_free(sdp);
	return err;
}

/* Receives TEXT, which must be what IS_OFFER says when it is taken. */
static int receive_text(struct offer *offer, const char *text, bool is_offer)
{
	struct sdp *sdp = sdp_of(text);
	struct err_text error = {""};
	bool was_offer = !is_offer;
	int err = offer_receive(offer, sdp, &was_offer, &error);

	if (err) {
		sdp_free(sdp);
		assert_string_not_equal(error.text, "");
		assert_int_equal(was_offer, !is_offer); /* untouched */
	} else {
		assert_int_equal(was_offer, is_offer);
	}
	return err;
}

static void rfc_4317_exchanges_fit_when_we_offer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4317) / sizeof(rfc4317[0]); i++) {
		struct offer offer;

		offer_init(&offer);
		assert_int_equal(send_text(&offer, rfc4317[i].offer), 0);
		assert_int_equal(offer.state, OFFER_SENT);
		assert_false(offer.complete);
		if (receive_text(&offer, rfc4317[i].answer, false) != 0)
			fail_msg("RFC 4317 %s", rfc4317[i].section);
		assert_int_equal(offer.state, OFFER_IDLE);
		assert_true(offer.complete);
		assert_null(offer.previous);
		assert_sdp(offer.remote, rfc4317[i].answer);
		offer_free(&offer);
	}
}

static void rfc_4317_exchanges_fit_when_we_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4317) / sizeof(rfc4317[0]); i++) {
		struct offer offer;

		offer_init(&offer);
		assert_int_equal(receive_text(&offer, rfc4317[i].offer, true), 0);
		assert_int_equal(offer.state, OFFER_RECEIVED);
		if (send_text(&offer, rfc4317[i].answer) != 0)
			fail_msg("RFC 4317 %s", rfc4317[i].section);
		assert_int_equal(offer.state, OFFER_IDLE);
		assert_true(offer.complete);
		assert_sdp(offer.remote, rfc4317[i].offer);
		offer_free(&offer);
	}
}

/* RFC 4317 2.7: one of two codecs is chosen by a second exchange. */
static void second_offer_raises_the_version(void **state)
{
	static const char first[] =
		ALICE ALICE_C "m=audio 49170 RTP/AVP 0 8 97\r\n" PCMU PCMA ILBC;
	static const char both[] = BOB BOB_C "m=audio 49172 RTP/AVP 0 8\r\n" PCMU PCMA;
	static const char second[] = ALICE ALICE_C "m=audio 49170 RTP/AVP 0\r\n" PCMU;
	static const char one[] = BOB BOB_C "m=audio 49172 RTP/AVP 0\r\n" PCMU;
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(send_text(&offer, first), 0);
	assert_int_equal(sdp_origin_version(offer.local), 1);
	assert_int_equal(receive_text(&offer, both, false), 0);
	assert_int_equal(send_text(&offer, second), 0);
	assert_int_equal(sdp_origin_version(offer.local), 2);
	assert_int_equal(receive_text(&offer, one, false), 0);
	/* A session refresh (RFC 4028) repeats the text, and so the version. */
	assert_int_equal(send_text(&offer, second), 0);
	assert_int_equal(sdp_origin_version(offer.local), 2);
	assert_int_equal(receive_text(&offer, one, false), 0);
	/* As answer to theirs too. */
	assert_int_equal(receive_text(&offer, one, true), 0);
	assert_int_equal(send_text(&offer, second), 0);
	assert_int_equal(offer.version, 2);
	offer_free(&offer);
}

static void origin_is_ours_alone(void **state)
{
	struct addr address = addr_of("2001:db8::1");
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	char text[256];
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_true(offer.session_id > 0 && offer.session_id <= INT32_MAX);
	assert_int_equal(offer_send(&offer, sdp, &address), 0);
	snprintf(text, sizeof(text),
		"v=0\r\no=- %llu 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP4 "
		"192.0.2.1\r\nt=0 0\r\n" AUDIO,
		(unsigned long long)offer.session_id);
	assert_sdp(sdp, text);
	assert_sdp(offer.local, text);
	/* What the caller does with its own afterwards is not what was sent. */
	assert_int_equal(sdp_set_media(sdp, 0, 0, NULL), 0);
	assert_sdp(offer.local, text);
	sdp_free(sdp);
	offer_free(&offer);
}

static void two_calls_have_two_session_ids(void **state)
{
	struct offer a, b;

	(void)state;
	offer_init(&a);
	offer_init(&b);
	assert_true(a.session_id != b.session_id);
	offer_free(&a);
	offer_free(&b);
}

#define VIDEO "m=video 9 RTP/AVP 31\r\n"
#define NO_AUDIO "m=audio 0 RTP/AVP 0\r\n"
#define NO_VIDEO "m=video 0 RTP/AVP 31\r\n"

/* Somebody has picked up: an answer is served as far as it can be understood. */
static void answers_are_made_to_fit(void **state)
{
	static const struct {
		const char *offer;
		const char *answer;
		const char *wanted;
		unsigned fit;
	} rows[] = {
		{AUDIO, AUDIO, AUDIO, 0},
		{"", "", "", 0},
		{AUDIO, "m=Audio 5000 RTP/AVP 0\r\n", "m=Audio 5000 RTP/AVP 0\r\n", 0},
		{AUDIO, "", NO_AUDIO, SDP_FIT_MISSING},
		{AUDIO VIDEO, AUDIO "a=x\r\n", AUDIO "a=x\r\n" NO_VIDEO, SDP_FIT_MISSING},
		{AUDIO VIDEO, VIDEO, NO_AUDIO VIDEO, SDP_FIT_MISSING | SDP_FIT_ORDER},
		{AUDIO, AUDIO VIDEO, AUDIO, SDP_FIT_EXTRA},
		{AUDIO, AUDIO AUDIO "a=x\r\n", AUDIO, SDP_FIT_EXTRA},
		{"", AUDIO, "", SDP_FIT_EXTRA},
		{AUDIO VIDEO, VIDEO AUDIO "a=x\r\n", AUDIO "a=x\r\n" VIDEO,
			SDP_FIT_ORDER},
		{AUDIO, VIDEO, NO_AUDIO, SDP_FIT_MISSING | SDP_FIT_EXTRA},
		/* what it says of its protocol is judged elsewhere */
		{AUDIO, "m=audio 5 RTP/SAVPF 0\r\n", "m=audio 5 RTP/SAVPF 0\r\n", 0},
		/* a line that cannot be used is still its line, and stays so when moved */
		{VIDEO AUDIO, "m=audio 5 RTP/AVP x\r\n",
			NO_VIDEO "m=audio 5 RTP/AVP 0\r\n",
			SDP_FIT_MISSING | SDP_FIT_ORDER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct offer offer;

		offer_init(&offer);
		snprintf(text, sizeof(text), "%s%s", SESSION, rows[i].offer);
		assert_int_equal(send_text(&offer, text), 0);
		snprintf(text, sizeof(text), "%s%s", SESSION, rows[i].answer);
		assert_int_equal(receive_text(&offer, text, false), 0);
		snprintf(text, sizeof(text), "%s%s", SESSION, rows[i].wanted);
		assert_sdp(offer.remote, text);
		assert_int_equal(offer.fit, rows[i].fit);
		assert_int_equal(offer.state, OFFER_IDLE);
		if (strstr(rows[i].answer, " x\r\n"))
			assert_non_null(sdp_media(offer.remote, 1)->fault);
		offer_free(&offer);
	}
}

/* What we answer ourselves fits to the letter. */
static void our_answers_must_fit(void **state)
{
	static const struct {
		const char *offer;
		const char *answer;
		int err;
	} rows[] = {
		{AUDIO, AUDIO, 0},
		{AUDIO, "m=audio 5 RTP/SAVPF 0\r\n", 0},
		{AUDIO, "", ERR_FORMAT},
		{AUDIO, AUDIO AUDIO, ERR_FORMAT},
		{AUDIO VIDEO, VIDEO AUDIO, ERR_FORMAT},
		{AUDIO NO_AUDIO, AUDIO AUDIO, ERR_FORMAT},
		{"m=image 1 udptl t38\r\n", "m=image 1 RTP/AVP 0\r\n", ERR_FORMAT},
		{"m=image 1 TCP t38\r\n", "m=image 1 udptl t38\r\n", ERR_FORMAT},
		{"m=image 1 udptl t38\r\n", "m=image 1 UDPTL t38\r\n", 0},
		{"m=audio 1 RTP/SAVP 0\r\n" AUDIO, "m=audio 0 x/y 0\r\n" AUDIO, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[512], second[512];
		struct offer offer;

		snprintf(first, sizeof(first), "%s%s", SESSION, rows[i].offer);
		snprintf(second, sizeof(second), "%s%s", SESSION, rows[i].answer);
		offer_init(&offer);
		assert_int_equal(receive_text(&offer, first, true), 0);
		if (send_text(&offer, second) != rows[i].err)
			fail_msg("row %zu", i);
		assert_int_equal(offer.state, rows[i].err ? OFFER_RECEIVED : OFFER_IDLE);
		assert_int_equal(offer.version, rows[i].err ? 0 : 1);
		offer_free(&offer);
	}
}

static void offers_do_not_cross(void **state)
{
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_false(offer_would_glare(&offer));
	assert_int_equal(receive_text(&offer, SESSION AUDIO, true), 0);
	assert_true(offer_would_glare(&offer));
	assert_int_equal(receive_text(&offer, SESSION AUDIO, true), ERR_STATE);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_true(offer_would_glare(&offer));
	assert_int_equal(send_text(&offer, SESSION AUDIO), ERR_STATE);
	assert_int_equal(receive_text(&offer, SESSION AUDIO, false), 0);
	assert_false(offer_would_glare(&offer));
	offer_free(&offer);
}

static void cancelled_offer_of_ours_leaves_what_was_agreed(void **state)
{
	static const char changed[] = SESSION AUDIO "a=sendonly\r\n";
	struct offer offer;

	(void)state;
	offer_init(&offer);
	offer_cancel(&offer); /* nothing to cancel */
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(receive_text(&offer, SESSION AUDIO, false), 0);
	struct sdp *agreed = offer.local;

	assert_int_equal(send_text(&offer, changed), 0);
	assert_int_equal(offer.version, 2);
	offer_cancel(&offer);
	assert_int_equal(offer.state, OFFER_IDLE);
	assert_ptr_equal(offer.local, agreed);
	assert_null(offer.previous);
	assert_true(offer.complete);
	/* The peer has seen version 2 with another text: what differs from it is version 3. */
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(sdp_origin_version(offer.local), 3);
	offer_cancel(&offer);
	offer_free(&offer);
}

static void cancelled_offer_of_theirs_leaves_what_was_agreed(void **state)
{
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(receive_text(&offer, SESSION AUDIO, true), 0);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(receive_text(&offer, SESSION AUDIO "a=inactive\r\n", true), 0);
	offer_cancel(&offer);
	assert_int_equal(offer.state, OFFER_IDLE);
	assert_sdp(offer.remote, SESSION AUDIO);
	assert_null(offer.previous);
	offer_free(&offer);
}

static void first_offer_cancelled_leaves_nothing(void **state)
{
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	offer_cancel(&offer);
	assert_null(offer.local);
	assert_false(offer.complete);
	assert_int_equal(receive_text(&offer, SESSION AUDIO, true), 0);
	offer_cancel(&offer);
	assert_null(offer.remote);
	offer_free(&offer);
}

/* RFC 6337 3.1.1: an answer in an unreliable 18x, then another one in the 200. */
static void previewed_answer_gives_way_to_the_final_one(void **state)
{
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(receive_text(&offer, SESSION AUDIO "a=recvonly\r\n", false), 0);
	offer_reopen(&offer, OFFER_SENT);
	assert_true(offer_would_glare(&offer));
	assert_int_equal(receive_text(&offer, SESSION AUDIO, false), 0);
	assert_sdp(offer.remote, SESSION AUDIO);

	assert_int_equal(receive_text(&offer, SESSION AUDIO, true), 0);
	assert_int_equal(send_text(&offer, SESSION AUDIO "a=recvonly\r\n"), 0);
	offer_reopen(&offer, OFFER_RECEIVED);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(offer.state, OFFER_IDLE);
	assert_int_equal(offer.version, 3);
	offer_free(&offer);
}

static void freed_in_the_middle_nothing_leaks(void **state)
{
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(send_text(&offer, SESSION AUDIO), 0);
	assert_int_equal(receive_text(&offer, SESSION AUDIO, false), 0);
	assert_int_equal(receive_text(&offer, SESSION AUDIO "a=inactive\r\n", true), 0);
	offer_free(&offer);
	assert_null(offer.local);
	offer_free(&offer);
}

static void a_kept_text_names_the_codec_of_its_first_format(void **state)
{
	static const struct {
		const char *lines, *codec;
	} cases[] = {{"", NULL}, {"m=audio 5000 RTP/AVP 8\r\n", "PCMA"},
		{"m=audio 5000 RTP/AVP 96 8\r\na=rtpmap:8 X/8000\r\n"
		 "a=rtpmap:96 opus/48000/2\r\n",
			"opus"},
		{"m=audio 5000 RTP/AVP 8\r\na=rtpmap:8 /8000\r\na=rtpmap:8 X/8000\r\n",
			"PCMA"},
		{"m=audio 5000 RTP/AVP 96\r\nm=audio 5002 RTP/AVP 96\r\n"
		 "a=rtpmap:96 opus/48000/2\r\n",
			NULL},
		{"m=audio 5000 RTP/AVP 0 8\r\na=rtpmap:8 X/8000\r\n", "PCMU"},
		{"m=image 5000 udptl t38\r\n", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char whole[512];
		struct span name;

		snprintf(whole, sizeof(whole), "%s%s", SESSION, cases[i].lines);
		struct sdp_text *text = sdp_text_take(sdp_of(whole));

		assert_non_null(text);
		assert_int_equal(sdp_text_codec(text, &name), cases[i].codec != NULL);
		if (cases[i].codec)
			assert_span(name, cases[i].codec);
		sdp_text_free(text);
	}
}

/* Some of the lines were edited, and stand elsewhere than the others. */
static void a_text_is_kept_with_its_edits_and_read_again(void **state)
{
	struct addr address = addr_of("192.0.2.9");
	struct sdp *sdp = sdp_of("v=0\r\nt=0 0\r\nc=IN IP4 192.0.2.1\r\n" AUDIO
				 "a=rtcp:9\r\na=sendonly\r\n" AUDIO);
	struct sdp *again = NULL;
	struct buf before;

	(void)state;
	assert_true(sdp_was_repaired(sdp));
	assert_int_equal(sdp_set_origin(sdp, "-", 7, 8, &address), 0);
	assert_int_equal(sdp_set_direction(sdp, 0, SDP_INACTIVE), 0);
	assert_int_equal(sdp_set_connection(sdp, 1, &address), 0);
	buf_init(&before, 0);
	sdp_write(sdp, &before);
	struct sdp_text *text = sdp_text_take(sdp);

	assert_non_null(text);
	assert_span(sdp_text_span(text), buf_str(&before));
	assert_int_equal(sdp_text_read(&again, text), 0);
	sdp_text_free(text);
	assert_sdp(again, buf_str(&before));
	assert_int_equal(sdp_origin_version(again), 8);
	assert_int_equal(sdp_count_media(again), 2);
	assert_int_equal(sdp_media(again, 0)->direction, SDP_INACTIVE);
	assert_addr(&sdp_media(again, 0)->rtcp, "192.0.2.1:9");
	assert_addr(&sdp_media(again, 1)->rtp, "192.0.2.9:5000");
	buf_free(&before);
	sdp_free(again);
}

static void assert_codec(const struct offer *offer, const char *codec)
{
	struct span name;

	assert_true(offer_remote_codec(offer, &name));
	assert_span(name, codec);
}

static void assert_text(const struct sdp_text *text, const char *expected)
{
	assert_non_null(text);
	assert_span(sdp_text_span(text), expected);
}

#define THEIR_OFFER SESSION "m=audio 5000 RTP/AVP 8 97\r\n" PCMA ILBC
#define OUR_ANSWER SESSION "m=audio 5000 RTP/AVP 97\r\n" ILBC

static void what_was_agreed_rests_as_text_and_wakes_as_it_was(void **state)
{
	struct addr address = addr_of(ours);
	struct offer offer;
	struct buf local;

	(void)state;
	offer_init(&offer);
	assert_int_equal(receive_text(&offer, THEIR_OFFER, true), 0);
	offer_rest(&offer); /* an exchange is open */
	assert_non_null(offer.remote);
	struct sdp *sdp = sdp_of(OUR_ANSWER);

	assert_int_equal(offer_send(&offer, sdp, &address), 0);
	buf_init(&local, 0);
	sdp_write(offer.local, &local);
	assert_codec(&offer, "PCMA");

	offer_rest(&offer);
	assert_null(offer.local);
	assert_null(offer.remote);
	assert_text(offer.local_text, buf_str(&local));
	assert_text(offer.remote_text, THEIR_OFFER);
	assert_codec(&offer, "PCMA");
	offer_rest(&offer); /* once more changes nothing */
	assert_text(offer.remote_text, THEIR_OFFER);

	assert_int_equal(offer_wake(&offer), 0);
	assert_int_equal(offer_wake(&offer), 0);
	assert_null(offer.local_text);
	assert_null(offer.remote_text);
	assert_sdp(offer.local, buf_str(&local));
	assert_sdp(offer.remote, THEIR_OFFER);
	/* the same text again is no other version (RFC 3264 8) */
	assert_int_equal(offer_send(&offer, sdp, &address), 0);
	assert_int_equal(offer.version, 1);
	buf_free(&local);
	sdp_free(sdp);
	offer_free(&offer);
}

static void a_description_whose_fault_its_text_does_not_show_stays(void **state)
{
	static const char faulty[] = SESSION "m=audio 70000 RTP/AVP 0\r\n";
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(receive_text(&offer, faulty, true), 0);
	assert_int_equal(send_text(&offer, SESSION "m=audio 0 RTP/AVP 0\r\n"), 0);
	offer_rest(&offer);
	assert_null(offer.local);
	assert_non_null(offer.remote);
	assert_non_null(sdp_media(offer.remote, 0)->fault);
	assert_codec(&offer, "PCMU");
	assert_int_equal(offer_wake(&offer), 0);
	assert_non_null(offer.local);
	offer_rest(&offer);
	offer_free(&offer); /* a resting one leaks nothing either */
	assert_null(offer.local_text);
}

static void without_a_remote_description_no_codec_is_known(void **state)
{
	struct span name;
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_false(offer_remote_codec(&offer, &name));
	offer_rest(&offer);
	assert_false(offer_remote_codec(&offer, &name));
	assert_int_equal(offer_wake(&offer), 0);
	offer_free(&offer);
}

static void no_address_is_no_origin(void **state)
{
	struct addr none = {.len = 0};
	struct sdp *sdp = sdp_of(SESSION AUDIO);
	struct offer offer;

	(void)state;
	offer_init(&offer);
	assert_int_equal(offer_send(&offer, sdp, &none), ERR_FORMAT);
	assert_int_equal(offer.state, OFFER_IDLE);
	assert_sdp(sdp, SESSION AUDIO);
	sdp_free(sdp);
	offer_free(&offer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_4317_exchanges_fit_when_we_offer),
		cmocka_unit_test(rfc_4317_exchanges_fit_when_we_answer),
		cmocka_unit_test(second_offer_raises_the_version),
		cmocka_unit_test(origin_is_ours_alone),
		cmocka_unit_test(two_calls_have_two_session_ids),
		cmocka_unit_test(answers_are_made_to_fit),
		cmocka_unit_test(our_answers_must_fit),
		cmocka_unit_test(offers_do_not_cross),
		cmocka_unit_test(cancelled_offer_of_ours_leaves_what_was_agreed),
		cmocka_unit_test(cancelled_offer_of_theirs_leaves_what_was_agreed),
		cmocka_unit_test(first_offer_cancelled_leaves_nothing),
		cmocka_unit_test(previewed_answer_gives_way_to_the_final_one),
		cmocka_unit_test(freed_in_the_middle_nothing_leaks),
		cmocka_unit_test(a_kept_text_names_the_codec_of_its_first_format),
		cmocka_unit_test(a_text_is_kept_with_its_edits_and_read_again),
		cmocka_unit_test(what_was_agreed_rests_as_text_and_wakes_as_it_was),
		cmocka_unit_test(a_description_whose_fault_its_text_does_not_show_stays),
		cmocka_unit_test(without_a_remote_description_no_codec_is_known),
		cmocka_unit_test(no_address_is_no_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
