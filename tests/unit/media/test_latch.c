/* A far end that is elsewhere than its SDP says: whom a path believes, and when. */
#include "path_test.h"

#include <errno.h>
#include <string.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool no_memory;

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

#define NATTED "203.0.113.5:6000"
#define NATTED_RTCP "203.0.113.5:6001"
#define SPRAYER "198.51.100.66:7000"
#define SPRAYER_RTCP "198.51.100.66:7001"

/* One packet that comes to the external end of a path, and what it does there. */
struct latch_row {
	const char *source;
	char what; /* 'r' RTP, 'c' RTCP; 'u' UDPTL; 't' RTP of another type, 'x' no RTP at all; 's' none,
		      * but SDP as before, 'n' SDP with another address */
	bool taken;
	bool latched;      /* by this packet */
	uint64_t later_us; /* than the packet before */
};

static void make_packet(struct fixture *f, char what, uint16_t seq)
{
	test_rtp(&f->packet, 5, seq, 160);
	if (what == 'c')
		test_rtcp(&f->packet, 5);
	else if (what == 't')
		f->packet.data[1] = 96;
	else if (what == 'x')
		f->packet.data[0] = 0x16;
	else if (what == 'u') {
		memcpy(f->packet.data, "\x00\x01\x01\x02\x00\x00", 6);
		f->packet.len = 6;
	}
}

/* PEER seals what is not from a sprayer; NULL: the end is plain. */
static void play_latch(struct fixture *f, const struct latch_row *rows, size_t count,
	struct srtp_context *peer)
{
	for (size_t i = 0; i < count; i++) {
		const struct latch_row *row = &rows[i];
		struct relay_remote *remote = &f->remote[RELAY_B];
		uint64_t dropped = stats(f, RELAY_B).dropped_source;
		bool taken;

		f->batch.now_us += row->later_us;
		if (row->what == 's' || row->what == 'n') {
			if (row->what == 'n')
				remote->rtp = test_addr(row->source);
			apply(f);
			continue;
		}
		make_packet(f, row->what, (uint16_t)(i + 1));
		if (peer && strncmp(row->source, "198.51", 6) != 0)
			srtp_context_seal(
				peer, row->what == 'c', f->packet.data, &f->packet.len);
		f->path.latched.due = false;
		taken = take(f, RELAY_B, row->what == 'c', row->source);
		if (taken != row->taken || f->path.latched.due != row->latched)
			fail_msg("row %zu, %c from %s", i, row->what, row->source);
		assert_int_equal(stats(f, RELAY_B).dropped_source, dropped + !row->taken);
		if (!row->taken)
			continue;
		make_packet(f, row->what, (uint16_t)(i + 1));
		assert_true(take(f, RELAY_A, row->what == 'c',
			row->what == 'c' ? INTERNAL_RTCP : INTERNAL_RTP));
		assert_true(goes_to(f, row->what == 'c', row->source));
	}
	assert_int_equal(stats(f, RELAY_B).dropped_auth, 0);
}

#define PLAY(f, rows, peer) play_latch(f, rows, sizeof(rows) / sizeof((rows)[0]), peer)

static void allow_latch(struct fixture *f)
{
	f->remote[RELAY_B].latch = true;
	f->remote[RELAY_B].payload_types[0] = 1; /* PCMU */
	apply(f);
}

static void nothing_latches_unless_allowed(void **state)
{
	static const struct latch_row rows[] = {
		{NATTED, 'r', false, false, 0},
		{NATTED_RTCP, 'c', false, false, 0},
		{EXTERNAL_RTP, 'r', true, false, 0},
	};
	struct fixture *f = *state;

	PLAY(f, rows, NULL);
}

static void plain_media_latches_once(void **state)
{
	static const struct latch_row rows[] = {
		{SPRAYER, 't', false, false, 0}, /* not what was agreed */
		{SPRAYER, 'x', false, false, 0},
		{SPRAYER_RTCP, 'c', false, false, 0}, /* RTP is not there */
		{NATTED, 'r', true, true, 9000000},
		{NATTED, 'r', true, false, 0},
		{SPRAYER, 'r', false, false, 0},
		{EXTERNAL_RTP, 'r', false, false, 0}, /* nor back */
		{SPRAYER_RTCP, 'c', false, false, 0},
		{NATTED_RTCP, 'c', true, true, 0},
		{SPRAYER_RTCP, 'c', false, false, 0},
		{NATTED, 'r', true, false, 100000000},
		{NATTED_RTCP, 'c', true, false, 0},
	};
	struct fixture *f = *state;

	allow_latch(f);
	PLAY(f, rows, NULL);
}

static void udptl_latches_as_plain_media_does(void **state)
{
	static const struct latch_row rows[] = {
		{SPRAYER, 'x', false, false, 0},
		{SPRAYER, 'r', false, false, 0},
		{NATTED, 'u', true, true, 9000000},
		{SPRAYER, 'u', false, false, 0},
		{EXTERNAL_RTP, 'u', false, false, 0},
		{NATTED, 'u', true, false, 100000000},
		{"192.0.2.9:5200", 'n', false, false, 0},
		{SPRAYER, 'u', false, false, REMOTE_LATCH_US + 1},
	};
	struct fixture *f = *state;

	f->remote[RELAY_A].udptl = f->remote[RELAY_B].udptl = true;
	allow_latch(f);
	PLAY(f, rows, NULL);
}

static void media_from_where_sdp_says_settles_it(void **state)
{
	static const struct latch_row rows[] = {
		{EXTERNAL_RTP, 'r', true, false, 0},
		{SPRAYER, 'r', false, false, 0},
		{EXTERNAL_RTP, 'r', true, false, 0},
	};
	struct fixture *f = *state;

	allow_latch(f);
	PLAY(f, rows, NULL);
}

static void plain_media_latches_soon_or_never(void **state)
{
	static const struct latch_row rows[] = {
		{NATTED, 'r', false, false, REMOTE_LATCH_US + 1},
		{"", 's', false, false, 0},
		{NATTED, 'r', true, true, REMOTE_LATCH_US},
	};
	struct fixture *f = *state;

	allow_latch(f);
	PLAY(f, rows, NULL);
}

/* SDP that repeats itself keeps what was found, and allows one more move. */
static void new_sdp_opens_the_latch_once_more(void **state)
{
	static const struct latch_row rows[] = {
		{NATTED, 'r', true, true, 0},
		{"", 's', false, false, 0},
		{NATTED, 'r', true, false, 0},
		{SPRAYER, 'r', false, false, 0},
		{"", 's', false, false, 0},
		{"203.0.113.5:6100", 'r', true, true, 0},
		{NATTED, 'r', false, false, 0},
		{"192.0.2.9:5200", 'n', false, false, 0},
		{"203.0.113.5:6100", 'r', true, true, 0},
		{"192.0.2.9:5400", 'n', false, false, 0},
		{"192.0.2.9:5400", 'r', true, false, 0},
		{"203.0.113.5:6100", 'r', false, false, 0},
	};
	struct fixture *f = *state;

	allow_latch(f);
	PLAY(f, rows, NULL);
}

static void a_sprayer_never_latches_on_an_srtp_side(void **state)
{
	static const struct latch_row rows[] = {
		{SPRAYER, 'r', false, false, 0},
		{SPRAYER_RTCP, 'c', false, false, 0},
		{SPRAYER, 'r', false, false, 0},
		{NATTED, 'r', true, true, 100000000}, /* authentic at any time */
		{SPRAYER, 'r', false, false, 0},
		{NATTED_RTCP, 'c', true, true, 0},
		{SPRAYER_RTCP, 'c', false, false, 0},
		{NATTED, 'r', true, false, 0},
	};
	struct fixture *f = *state;
	struct srtp_context *peer;

	use_srtp(f, RELAY_B, RELAY_AES_CM_128_HMAC_SHA1_80);
	allow_latch(f);
	peer = test_context(&f->remote[RELAY_B].rx, SRTP_SEAL);
	PLAY(f, rows, peer);
	srtp_context_free(peer);
}

/* Recorded on the way and sent again from elsewhere, before the next SDP and after it. */
static void a_replayed_packet_does_not_latch(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;
	struct test_packet sealed;

	use_srtp(f, RELAY_B, RELAY_AES_CM_128_HMAC_SHA1_80);
	allow_latch(f);
	peer = test_context(&f->remote[RELAY_B].rx, SRTP_SEAL);
	test_rtp(&sealed, 5, 1, 160);
	srtp_context_seal(peer, false, sealed.data, &sealed.len);
	f->packet = sealed;
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	apply(f);
	f->packet = sealed;
	assert_false(take(f, RELAY_B, PATH_RTP, SPRAYER));
	assert_false(f->path.latched.due);
	assert_int_equal(stats(f, RELAY_B).dropped_replay, 0);
	assert_int_equal(stats(f, RELAY_B).dropped_source, 1);
	srtp_context_free(peer);
}

static void with_mux_rtcp_follows(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_B].rtcp_mux = true;
	allow_latch(f);
	test_rtcp(&f->packet, 5);
	assert_false(take(f, RELAY_B, PATH_RTP, SPRAYER));
	test_rtp(&f->packet, 5, 1, 160);
	assert_true(take(f, RELAY_B, PATH_RTP, NATTED));
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_B, PATH_RTP, NATTED));
	test_rtcp(&f->packet, 6);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_true(goes_to(f, PATH_RTP, NATTED));
}

static void a_side_on_hold_does_not_latch(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_B].receive = false;
	allow_latch(f);
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_B, PATH_RTP, NATTED));
	f->remote[RELAY_B].receive = true;
	f->remote[RELAY_B].rtp.len = 0; /* c=0.0.0.0 */
	apply(f);
	assert_false(take(f, RELAY_B, PATH_RTP, NATTED));
	assert_false(f->path.latched.due);
}

/* Media goes on to be sent to where SDP says. */
static void check_asymmetric(
	struct fixture *f, uint16_t seq, const char *source, bool taken)
{
	test_rtp(&f->packet, 5, seq, 160);
	if (take(f, RELAY_B, PATH_RTP, source) != taken)
		fail_msg("%u from %s", seq, source);
	assert_false(f->path.latched.due);
	test_rtp(&f->packet, 6, seq, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(goes_to(f, PATH_RTP, EXTERNAL_RTP));
}

static void asymmetric_media_comes_from_one_other_port(void **state)
{
	struct fixture *f = *state;

	check_asymmetric(f, 1, "192.0.2.9:5002", false);
	f->remote[RELAY_B].asymmetric = true;
	f->remote[RELAY_B].payload_types[0] = 1;
	apply(f);
	f->batch.now_us += 10 * REMOTE_LATCH_US;
	check_asymmetric(f, 2, SPRAYER, false); /* not its host */
	check_asymmetric(f, 3, EXTERNAL_RTP, true);
	test_rtp(&f->packet, 5, 4, 160);
	f->packet.data[1] = 96; /* of no type of the exchange */
	assert_false(take(f, RELAY_B, PATH_RTP, "192.0.2.9:5002"));
	check_asymmetric(f, 5, "192.0.2.9:5004", true);
	check_asymmetric(f, 6, "192.0.2.9:5004", true);
	check_asymmetric(f, 7, "192.0.2.9:5006", false); /* it is settled */
	check_asymmetric(f, 8, EXTERNAL_RTP, true);
	/* The same SDP again, then one that moves it. */
	apply(f);
	check_asymmetric(f, 9, "192.0.2.9:5004", true);
	f->remote[RELAY_B].rtp = test_addr("192.0.2.10:5000");
	apply(f);
	test_rtp(&f->packet, 5, 10, 160);
	assert_false(take(f, RELAY_B, PATH_RTP, "192.0.2.9:5004"));
	assert_true(take(f, RELAY_B, PATH_RTP, "192.0.2.10:7000"));
}

static void asymmetric_rtcp_comes_from_the_host_of_rtp(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_B].asymmetric = true;
	apply(f);
	test_rtcp(&f->packet, 5);
	assert_false(take(f, RELAY_B, PATH_RTCP, SPRAYER_RTCP));
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_B, PATH_RTCP, "192.0.2.9:5003"));
	test_rtcp(&f->packet, 6);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_true(goes_to(f, PATH_RTCP, EXTERNAL_RTCP));
}

/* On an SRTP end whoever has no key settles nothing. */
static void asymmetric_srtp_is_settled_by_an_authentic_packet(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;

	f->remote[RELAY_B].asymmetric = true;
	use_srtp(f, RELAY_B, RELAY_AEAD_AES_128_GCM);
	peer = test_context(&f->remote[RELAY_B].rx, SRTP_SEAL);
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_B, PATH_RTP, "192.0.2.9:5002"));
	test_rtp(&f->packet, 5, 2, 160);
	srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
	assert_true(take(f, RELAY_B, PATH_RTP, "192.0.2.9:5004"));
	test_rtp(&f->packet, 5, 3, 160);
	srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
	assert_false(take(f, RELAY_B, PATH_RTP, "192.0.2.9:5002"));
	srtp_context_free(peer);
}

static void without_memory_to_look_for_it_an_end_is_closed(void **state)
{
	struct fixture *f = *state;
	int err;

	f->remote[RELAY_B].latch = true;
	f->remote[RELAY_B].payload_types[0] = 1; /* PCMU */
	no_memory = true;
	err = path_set(&f->path, RELAY_B, &f->remote[RELAY_B], f->batch.now_us);
	no_memory = false;
	assert_int_equal(err, -ENOMEM);
	make_packet(f, 'r', 1);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	make_packet(f, 'r', 1);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	apply(f);
	make_packet(f, 'r', 2);
	assert_true(take(f, RELAY_B, PATH_RTP, NATTED));
	assert_true(f->path.latched.due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_latches_unless_allowed),
		TEST(plain_media_latches_once),
		TEST(udptl_latches_as_plain_media_does),
		TEST(media_from_where_sdp_says_settles_it),
		TEST(plain_media_latches_soon_or_never),
		TEST(new_sdp_opens_the_latch_once_more),
		TEST(a_sprayer_never_latches_on_an_srtp_side),
		TEST(a_replayed_packet_does_not_latch),
		TEST(with_mux_rtcp_follows),
		TEST(a_side_on_hold_does_not_latch),
		TEST(asymmetric_media_comes_from_one_other_port),
		TEST(asymmetric_rtcp_comes_from_the_host_of_rtp),
		TEST(asymmetric_srtp_is_settled_by_an_authentic_packet),
		TEST(without_memory_to_look_for_it_an_end_is_closed),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
