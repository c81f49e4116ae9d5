/* One packet in, one packet out: tables without sockets. */
#include "path_test.h"

static void plain_rtp_and_rtcp_cross_under_ssrcs_of_ours(void **state)
{
	struct fixture *f = *state;
	struct test_packet before;
	uint32_t outward, inward;

	test_rtp(&f->packet, 5, 1, 160);
	before = f->packet;
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(goes_to(f, PATH_RTP, EXTERNAL_RTP));
	assert_true(test_same(&f->packet, &before));
	outward = rtp_ssrc(f->packet.data);
	test_rtcp(&f->packet, 5);
	before = f->packet;
	assert_true(take(f, RELAY_B, PATH_RTCP, EXTERNAL_RTCP));
	assert_true(test_same(&f->packet, &before));
	inward = rtp_get32(f->packet.data + 4);
	assert_int_not_equal(outward, 5);
	assert_int_not_equal(inward, 5);
	assert_int_not_equal(inward, outward);
	assert_int_not_equal(inward, 0);
	assert_true(goes_to(f, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(stats(f, RELAY_A).rx_packets, 1);
	assert_int_equal(stats(f, RELAY_A).rx_bytes, 172);
	assert_int_equal(stats(f, RELAY_A).ssrc, 5);
	assert_int_equal(stats(f, RELAY_A).last_rx_us, 1000000);
	assert_int_equal(stats(f, RELAY_B).tx_packets, 1);
	assert_int_equal(stats(f, RELAY_B).tx_bytes, 172);
	assert_int_equal(stats(f, RELAY_B).rx_rtcp, 1);
	assert_int_equal(stats(f, RELAY_A).tx_rtcp, 1);
}

/* RFC 3550 8: chosen at random, for each end and each stream of packets. */
static void ssrcs_of_ours_are_each_ends_and_calls_own(void **state)
{
	struct fixture *f = *state;
	uint32_t first[2];

	for (unsigned round = 0; round < 2; round++) {
		for (enum relay_end end = 0; end < 2; end++) {
			const struct outgoing *outgoing = &f->path.end[end].outgoing;

			assert_int_not_equal(outgoing_ssrc(outgoing), 0);
			if (round == 0)
				first[end] = outgoing_ssrc(outgoing);
			else
				assert_int_not_equal(outgoing_ssrc(outgoing), first[end]);
		}
		assert_int_not_equal(outgoing_ssrc(&f->path.end[0].outgoing),
			outgoing_ssrc(&f->path.end[1].outgoing));
		path_clear(&f->path);
		path_init(&f->path, &(struct path_params){.cname = "ours", .seed = 2});
	}
}

static void other_sources_are_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum path_channel channel;
		const char *source;
	} rows[] = {
		{PATH_RTP, STRANGER},      /* another port */
		{PATH_RTP, INTERNAL_RTCP}, /* the right host's other port */
		{PATH_RTCP, INTERNAL_RTP},
		{PATH_RTP, "10.0.0.3:4000"}, /* another host */
		{PATH_RTP, EXTERNAL_RTP},    /* the other end's peer */
		{PATH_RTP, "[::ffff:10.0.0.1]:4000"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_rtp(&f->packet, 5, 1, 160);
		assert_false(take(f, RELAY_A, rows[i].channel, rows[i].source));
		assert_int_equal(stats(f, RELAY_A).dropped_source, i + 1);
	}
	assert_int_equal(stats(f, RELAY_A).last_rx_us, 0);
	assert_int_equal(f->tapped.count, 0);
}

/* RFC 7983's first bytes, RFC 5761's second bytes, on a port with and one without mux. */
static void packets_are_told_apart_by_their_first_bytes(void **state)
{
	struct fixture *f = *state;
	unsigned drops = 0, taken = 0;
	uint16_t seq = 0;

	for (unsigned mux = 0; mux < 2; mux++) {
		f->remote[RELAY_A].rtcp_mux = mux;
		apply(f);
		for (unsigned first = 0; first < 256; first++) {
			bool rtp = first >= 128 && first < 192 && !(first & 0x3f);

			if (!rtp && first >= 128 && first < 192)
				continue; /* flags: see malformed_headers_are_dropped */
			test_rtp(&f->packet, 5, ++seq, 160);
			f->packet.data[0] = (uint8_t)first;
			drops += !rtp;
			taken += rtp;
			assert_int_equal(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP), rtp);
			assert_int_equal(stats(f, RELAY_A).dropped_malformed, drops);
		}
		for (unsigned second = 0; second < 256; second++) {
			bool rtcp = second >= 192 && second < 224;
			struct relay_stats now;

			test_rtp(&f->packet, 5, ++seq, 20);
			if (rtcp)
				test_rtcp(&f->packet, 5);
			f->packet.data[1] = (uint8_t)second;
			drops += rtcp && !mux;
			taken += !rtcp || mux;
			take(f, RELAY_A, PATH_RTP, INTERNAL_RTP);
			now = stats(f, RELAY_A);
			assert_int_equal(now.dropped_malformed, drops);
			assert_int_equal(now.rx_packets + now.rx_rtcp, taken);
		}
	}
}

/* What the far end had of another line before is told with the rest, and how far it has come since is counted. */
static void numbers_go_on_behind_those_of_another_line(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_B].after = 1 + 65535;
	apply(f);
	assert_int_equal(stats(f, RELAY_B).sent_after, 0);
	for (unsigned i = 0; i < 3; i++) {
		test_rtp(&f->packet, 5, (uint16_t)(1000 + i), 160);
		assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
		assert_int_equal(rtp_seq(f->packet.data), i);
		assert_int_equal(stats(f, RELAY_B).sent_after, 1 + i);
	}
	assert_int_equal(stats(f, RELAY_A).sent_after, 0);
}

static void malformed_headers_are_dropped(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *what;
		uint8_t first;
		size_t len;
		uint8_t last;
		bool good;
	} rows[] = {
		{"a header and no more", 0x80, 12, 0, true},
		{"cut header", 0x80, 11, 0, false},
		{"empty", 0x80, 0, 0, false},
		{"one byte", 0x80, 1, 0, false},
		{"15 sources, all there", 0x8f, 72, 0, true},
		{"15 sources, one short", 0x8f, 71, 0, false},
		{"extension cut off", 0x90, 15, 0, false},
		{"empty extension", 0x90, 16, 0, true},
		{"padding of 4", 0xa0, 20, 4, true},
		{"padding of all", 0xa0, 20, 8, true},
		{"padding beyond", 0xa0, 20, 9, false},
		{"padding of 0", 0xa0, 20, 0, false},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_rtp(&f->packet, 5, (uint16_t)i, 0);
		f->packet.data[0] = rows[i].first;
		f->packet.len = rows[i].len;
		if (rows[i].last)
			f->packet.data[rows[i].len - 1] = rows[i].last;
		if (take(f, RELAY_A, PATH_RTP, INTERNAL_RTP) != rows[i].good)
			fail_msg("%s", rows[i].what);
	}
}

static void rtcp_finds_its_way_with_mux_on_one_side(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_A].rtcp_mux = true;
	apply(f);
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(goes_to(f, PATH_RTCP, EXTERNAL_RTCP));
	test_rtcp(&f->packet, 6);
	assert_true(take(f, RELAY_B, PATH_RTCP, EXTERNAL_RTCP));
	assert_true(goes_to(f, PATH_RTP, INTERNAL_RTP));
	test_rtcp(&f->packet, 5); /* its RTCP port is not in use */
	assert_false(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(stats(f, RELAY_A).dropped_source, 1);
}

static void direction_flags_stop_rtp_but_not_rtcp(void **state)
{
	struct fixture *f = *state;

	for (unsigned mask = 0; mask < 4; mask++) {
		f->remote[RELAY_A].receive = mask & 1;
		f->remote[RELAY_B].send = mask & 2;
		apply(f);
		test_rtp(&f->packet, 5, 1, 160);
		assert_int_equal(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP), mask == 3);
		test_rtcp(&f->packet, 5);
		assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	}
	assert_int_equal(stats(f, RELAY_A).dropped_direction, 3);
	assert_int_equal(stats(f, RELAY_A).rx_packets, 4);
	assert_int_equal(stats(f, RELAY_B).tx_packets, 1);
}

static void nothing_is_sent_to_an_unknown_far_end(void **state)
{
	static const char *const unknown[] = {"0.0.0.0:5000", "192.0.2.9:0", "[::]:5000"};
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3; i++) {
		f->remote[RELAY_B].rtp = test_addr(unknown[i]);
		apply(f);
		test_rtp(&f->packet, 5, 1, 160);
		assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
		assert_int_equal(stats(f, RELAY_A).dropped_direction, i + 1);
	}
	f->remote[RELAY_B].rtp.len = 0;
	apply(f);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
}

static void srtp_is_opened_and_sealed_anew(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer_seal, *peer_open;
	struct test_packet clear;

	use_srtp(f, RELAY_A, RELAY_AEAD_AES_256_GCM);
	use_srtp(f, RELAY_B, RELAY_AES_CM_128_HMAC_SHA1_32);
	peer_seal = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	peer_open = test_context(&f->remote[RELAY_B].tx, SRTP_OPEN);
	test_rtp(&clear, 5, 1, 160);
	f->packet = clear;
	srtp_context_seal(peer_seal, false, f->packet.data, &f->packet.len);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(f->packet.len, 176);
	assert_memory_not_equal(f->packet.data + 12, clear.data + 12, 160);
	assert_int_equal(
		srtp_context_open(peer_open, false, f->packet.data, &f->packet.len), 0);
	assert_true(test_same(&f->packet, &clear));
	/* The tap saw it in between, in clear. */
	assert_int_equal(f->tapped.count, 1);
	assert_int_equal(f->tapped.last.len, 172);
	assert_memory_equal(f->tapped.data, clear.data, clear.len);
	/* and how it is sent, as the far end has it */
	assert_true(f->tapped.has_onward);
	assert_memory_equal(f->tapped.onward.head, f->packet.data, TAP_HEAD);
	srtp_context_free(peer_seal);
	srtp_context_free(peer_open);
}

static void unauthentic_packets_change_a_counter_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;
	struct relay_stats after;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	for (unsigned i = 0; i < 1000; i++) {
		test_rtp(&f->packet, i, (uint16_t)i, 170); /* plain RTP */
		assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
		test_rtcp(&f->packet, i);
		f->packet.len = 32;
		assert_false(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	}
	after = stats(f, RELAY_A);
	assert_int_equal(after.dropped_auth, 2000);
	assert_int_equal(after.rx_packets + after.rx_rtcp + after.rx_lost, 0);
	assert_int_equal(after.last_rx_us, 0);
	assert_int_equal(after.ssrc + after.ssrc_changes + after.jitter_us, 0);
	assert_int_equal(after.dropped_replay + after.dropped_malformed, 0);
	assert_int_equal(f->tapped.count, 0);
	test_rtp(&f->packet, 5, 1, 160);
	srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	srtp_context_free(peer);
}

/* STUN, DTLS and their like, of any length, are no bad tags: those are told of as a wrong key. */
static void what_is_no_srtp_is_malformed(void **state)
{
	struct fixture *f = *state;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (unsigned i = 0; i < 4; i++) {
		memset(f->packet.data, (int)(i * 0x40), 100);
		f->packet.len = i == 2 ? 7 : 100;
		assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	}
	assert_int_equal(stats(f, RELAY_A).dropped_malformed, 4);
	assert_int_equal(stats(f, RELAY_A).dropped_auth, 0);
}

static void replayed_packets_are_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;
	struct test_packet sealed;

	use_srtp(f, RELAY_A, RELAY_AEAD_AES_128_GCM);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	test_rtp(&sealed, 5, 1, 160);
	srtp_context_seal(peer, false, sealed.data, &sealed.len);
	f->packet = sealed;
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	f->packet = sealed;
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(stats(f, RELAY_A).dropped_replay, 1);
	assert_int_equal(stats(f, RELAY_A).rx_packets, 1);
	srtp_context_free(peer);
}

/* Sends COUNT packets, from sequence number SEQ on, through the internal end. */
static void run_peer(
	struct fixture *f, struct srtp_context *peer, uint16_t seq, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		test_rtp(&f->packet, 5, (uint16_t)(seq + i), 20);
		assert_int_equal(
			srtp_context_seal(peer, false, f->packet.data, &f->packet.len),
			0);
		assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	}
}

static void the_same_key_keeps_its_roll_over_counter(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	run_peer(f, peer, 65000, 1000);               /* ROC is 1 now */
	f->remote[RELAY_A].rtp = test_addr(STRANGER); /* the far end moves */
	apply(f);
	test_rtp(&f->packet, 5, 464, 20);
	srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
	assert_true(take(f, RELAY_A, PATH_RTP, STRANGER));
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	srtp_context_free(peer);
}

static void a_new_key_starts_at_roll_over_zero(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	run_peer(f, peer, 65000, 1000);
	f->remote[RELAY_A].rx = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 99);
	apply(f);
	test_rtp(&f->packet, 5, 464, 20); /* the old key has ended */
	srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	srtp_context_free(peer);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	run_peer(f, peer, 465, 10); /* ROC 0 at the sender */
	srtp_context_free(peer);
}

/* A far end that goes on at the ROC that it had. */
static void a_new_key_may_keep_its_roll_over_counter(void **state)
{
	struct fixture *f = *state;

	for (unsigned keep = 0; keep < 2; keep++) {
		struct srtp_context *before, *peer;
		unsigned lost = keep ? 0 : 1; /* the one that arms the search */

		f->remote[RELAY_A].keep_roc = keep;
		f->remote[RELAY_A].rx =
			test_key(RELAY_AES_CM_128_HMAC_SHA1_80, (uint8_t)(80 + keep));
		f->remote[RELAY_A].tx =
			test_key(RELAY_AES_CM_128_HMAC_SHA1_80, (uint8_t)(82 + keep));
		apply(f);
		before = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
		run_peer(f, before, 65000, 1000); /* ROC is 1 now */
		f->remote[RELAY_A].rx =
			test_key(RELAY_AES_CM_128_HMAC_SHA1_80, (uint8_t)(90 + keep));
		apply(f);
		peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
		srtp_context_follow(peer, before, true);
		for (uint16_t seq = 464; seq < 474; seq++) {
			test_rtp(&f->packet, 5, seq, 20);
			srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
			assert_int_equal(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP),
				seq >= 464 + lost);
		}
		assert_int_equal(stats(f, RELAY_A).roll_overs, 1);
		assert_int_equal(stats(f, RELAY_A).roc_changes, 1);
		srtp_context_free(before);
		srtp_context_free(peer);
	}
}

/* What we seal goes on, too, where the far end wants it. */
static void check_new_seal(struct fixture *f, bool keep)
{
	struct relay_remote *remote = &f->remote[RELAY_B];
	struct srtp_context *peer;

	remote->keep_roc = keep;
	use_srtp(f, RELAY_B, RELAY_AEAD_AES_128_GCM);
	for (unsigned i = 0; i < 1000; i++) {
		test_rtp(&f->packet, 5, (uint16_t)(65000 + i), 20);
		test_put32(f->packet.data + 4, i * 160);
		assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	}
	remote->tx = test_key(RELAY_AEAD_AES_128_GCM, 70);
	apply(f);
	peer = test_context(&remote->tx, SRTP_OPEN);
	test_rtp(&f->packet, 5, 464, 20);
	test_put32(f->packet.data + 4, 1000 * 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(
		srtp_context_open_at(peer, keep, f->packet.data, &f->packet.len), 0);
	srtp_context_free(peer);
}

static void what_is_sealed_under_a_new_key_may_go_on(void **state)
{
	check_new_seal(*state, true);
}

static void what_is_sealed_under_a_new_key_begins_at_zero(void **state)
{
	check_new_seal(*state, false);
}

static void a_restart_under_the_same_key_is_told_of(void **state)
{
	struct fixture *f = *state;
	struct srtp_context *peer;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	run_peer(f, peer, 65000, 1000);
	srtp_context_free(peer);
	peer = test_context(&f->remote[RELAY_A].rx, SRTP_SEAL);
	for (uint16_t seq = 464; seq < 474; seq++) {
		test_rtp(&f->packet, 5, seq, 20);
		srtp_context_seal(peer, false, f->packet.data, &f->packet.len);
		assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	}
	assert_int_equal(stats(f, RELAY_A).dropped_auth, 10);
	assert_int_equal(stats(f, RELAY_A).roc_restarts, 9);
	apply(f); /* counted since the last description */
	assert_int_equal(stats(f, RELAY_A).roc_restarts, 0);
	srtp_context_free(peer);
}

static void a_keys_age_counts_from_the_change(void **state)
{
	struct fixture *f = *state;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (uint8_t seed = 90; seed < 100; seed++) {
		f->batch.now_us += 1000;
		f->remote[RELAY_A].rx = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, seed);
		apply(f);
		assert_int_equal(stats(f, RELAY_A).key_us, f->batch.now_us);
	}
	f->batch.now_us += 1000;
	apply(f); /* the same key */
	assert_int_equal(stats(f, RELAY_A).key_us, f->batch.now_us - 1000);
}

static void keys_that_are_not_usable_close_the_side(void **state)
{
	struct fixture *f = *state;
	const struct relay_remote good = f->remote[RELAY_B];
	struct relay_remote bad[4];

	for (unsigned i = 0; i < 4; i++)
		bad[i] = good;
	memset(&bad[0].tx, 0, sizeof(bad[0].tx)); /* GCM without a key, and RTP in */
	bad[1].rx = (struct relay_key){0};
	bad[1].tx = (struct relay_key){0};
	bad[2].rx = test_key(RELAY_AEAD_AES_128_GCM, 1);         /* SRTP in, RTP out */
	bad[3].tx.key = test_key(RELAY_AEAD_AES_128_GCM, 1).key; /* plain with a key */
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(path_check(&good), 0);
		assert_int_equal(path_set(&f->path, RELAY_B, &good, 0), 0);
		assert_int_equal(path_check(&bad[i]), i == 1 ? ERR_SUPPORT : ERR_STATE);
		assert_int_not_equal(path_set(&f->path, RELAY_B, &bad[i], 0), 0);
		test_rtp(&f->packet, 5, 1, 160);
		assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
		assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	}
}

static void use_udptl(struct fixture *f)
{
	f->remote[RELAY_A].udptl = f->remote[RELAY_B].udptl = true;
	apply(f);
}

static void make_udptl(struct fixture *f)
{
	static const char datagram[] = "\x00\x01\x04T.38\x00\x00";

	f->packet.len = sizeof(datagram) - 1;
	memcpy(f->packet.data, datagram, f->packet.len);
}

static void udptl_passes_as_it_is_between_sides_of_it(void **state)
{
	struct fixture *f = *state;

	f->remote[RELAY_A].udptl = true;
	apply(f);
	make_udptl(f);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP)); /* to RTP */
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP)); /* from RTP */
	use_udptl(f);
	make_udptl(f);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(goes_to(f, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->packet.len, 9);
	assert_memory_equal(f->packet.data, "\x00\x01\x04T.38\x00\x00", 9);
	assert_int_equal(f->tapped.last.len, 9);
	assert_int_equal(f->tapped.onward.head_len, 9);
	assert_memory_equal(f->tapped.onward.head, f->packet.data, 9);
	assert_int_equal(stats(f, RELAY_B).tx_bytes, 9);
	assert_false(take(f, RELAY_A, PATH_RTP, STRANGER));
	assert_false(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	assert_int_equal(stats(f, RELAY_A).dropped_source, 2);
	/* held: it is counted, and goes nowhere */
	f->remote[RELAY_B].send = false;
	apply(f);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
}

/* What is anything else on its port leaves no trace but a number. */
static void nothing_else_passes_for_udptl(void **state)
{
	struct fixture *f = *state;
	struct quality quality;
	uint64_t heard_us;

	use_udptl(f);
	quality = f->path.end[RELAY_B].quality;
	heard_us = stats(f, RELAY_B).last_rx_us;
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	test_rtcp(&f->packet, 5);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	make_udptl(f);
	f->packet.len--;
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	f->packet.len = 0; /* empty, or cut by the worker */
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(stats(f, RELAY_B).dropped_malformed, 4);
	assert_int_equal(stats(f, RELAY_B).rx_packets, 0);
	assert_int_equal(stats(f, RELAY_B).last_rx_us, heard_us);
	assert_memory_equal(&quality, &f->path.end[RELAY_B].quality, sizeof(quality));
}

/* The key of the audio before is gone with it. */
static void udptl_takes_the_place_of_srtp_and_gives_it_back(void **state)
{
	struct fixture *f = *state;

	use_srtp(f, RELAY_A, RELAY_AES_CM_128_HMAC_SHA1_80);
	use_udptl(f);
	assert_null(f->path.end[RELAY_A].open);
	assert_null(f->path.end[RELAY_A].seal);
	assert_int_equal(stats(f, RELAY_A).key_us, 0);
	make_udptl(f);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->packet.len, 9);
	f->remote[RELAY_A].udptl = f->remote[RELAY_B].udptl = false;
	apply(f);
	make_udptl(f);
	assert_false(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	test_rtp(&f->packet, 5, 1, 160);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_equal(f->packet.len, 12 + 160 + 10); /* sealed */
	test_rtp(&f->packet, 5, 1, 160);
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP)); /* in clear */
	assert_int_equal(stats(f, RELAY_A).dropped_auth, 1);
}

/* A page goes one way for minutes, and who gets it is silent. */
static void a_fax_keeps_both_sides_alive(void **state)
{
	struct fixture *f = *state;
	struct path_out out;
	uint64_t since_us = 0;

	use_udptl(f);
	f->batch.now_us = 60000000;
	make_udptl(f);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	for (enum relay_end end = 0; end < 2; end++) {
		assert_true(path_awaits(&f->path, end, &since_us));
		assert_int_equal(since_us, 60000000);
		assert_false(stats(f, end).expected);
		assert_false(path_report(&f->path, end, &f->batch, f->packet.data, &out));
	}
}

static void silence_counts_only_where_packets_are_expected(void **state)
{
	struct fixture *f = *state;
	uint64_t since_us = 0;

	assert_true(stats(f, RELAY_A).expected);
	assert_true(path_awaits(&f->path, RELAY_A, &since_us));
	assert_int_equal(since_us, 1000000); /* since it was set */
	f->batch.now_us = 2000000;
	test_rtcp(&f->packet, 5);
	take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP);
	assert_true(path_awaits(&f->path, RELAY_A, &since_us));
	assert_int_equal(since_us, 2000000);
	f->batch.now_us = 3000000;
	apply(f); /* a refresh is not media */
	assert_true(path_awaits(&f->path, RELAY_A, &since_us));
	assert_int_equal(since_us, 2000000);
	f->remote[RELAY_A].receive = false;
	apply(f);
	assert_false(path_awaits(&f->path, RELAY_A, &since_us));
	assert_false(stats(f, RELAY_A).expected);
	assert_int_equal(stats(f, RELAY_A).sets, 3);
	f->batch.now_us = 9000000;
	f->remote[RELAY_A].receive = true;
	apply(f); /* resumed: silence counts from here */
	assert_true(path_awaits(&f->path, RELAY_A, &since_us));
	assert_int_equal(since_us, 9000000);
}

/* RTCP of the far end is silent from the first description on. */
static void reports_are_made_for_a_side_that_gets_none(void **state)
{
	struct fixture *f = *state;
	struct path_out out;
	struct rtcp_sender sender;

	test_rtp(&f->packet, 5, 1, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_false(path_report(&f->path, RELAY_B, &f->batch, f->packet.data, &out));
	f->batch.now_us += REPORT_SILENCE_US + 1;
	test_rtp(&f->packet, 5, 2, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_true(path_report(&f->path, RELAY_B, &f->batch, f->packet.data, &out));
	assert_int_equal(out.end, RELAY_B);
	assert_int_equal(out.channel, PATH_RTCP);
	assert_int_equal(out.kind, PATH_RTCP);
	assert_true(rtcp_sender(f->packet.data, out.len, &sender));
	assert_int_equal(sender.ssrc, outgoing_ssrc(&f->path.end[RELAY_B].outgoing));
	assert_int_equal(sender.packets, 2);
	assert_int_equal(sender.octets, 320);
	assert_true(f->tapped.last.sent);
	assert_int_equal(f->tapped.last.end, RELAY_B);
	assert_memory_equal(f->tapped.data, f->packet.data, out.len);
	/* Nothing goes the other way: there is no stream to report on. */
	assert_false(path_report(&f->path, RELAY_A, &f->batch, f->packet.data, &out));
	/* Its own reports put an end to ours. */
	f->batch.now_us += REPORT_INTERVAL_US;
	test_rtcp(&f->packet, 5);
	assert_true(take(f, RELAY_A, PATH_RTCP, INTERNAL_RTCP));
	test_rtp(&f->packet, 5, 3, 160);
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_false(path_report(&f->path, RELAY_B, &f->batch, f->packet.data, &out));
}

static void send_type(struct fixture *f, uint16_t seq, uint8_t type, uint32_t timestamp)
{
	test_rtp(&f->packet, 5, seq, 160);
	f->packet.data[1] = type;
	test_put32(f->packet.data + 4, timestamp);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
}

/* What comes, not what was offered first: and not what comes beside it. */
static void the_payload_type_that_comes_is_known(void **state)
{
	struct fixture *f = *state;
	struct relay_remote *remote = &f->remote[RELAY_B];

	assert_int_equal(stats(f, RELAY_B).payload_type, -1);
	remote->format_count = 3;
	remote->formats[0] = (struct relay_format){.type = 111, .rate = 48000};
	remote->formats[1] =
		(struct relay_format){.type = 101, .aside = true, .rate = 48000};
	remote->formats[2] = (struct relay_format){.type = 9, .rate = 8000};
	apply(f);
	for (uint16_t i = 0; i < 1000; i++) {
		f->batch.now_us += 20000 + (i % 2 ? 1000U : 0U);
		send_type(f, i, i % 100 == 99 ? 101 : 111, i * 960U);
	}
	assert_int_equal(stats(f, RELAY_B).payload_type, 111);
	assert_in_range(stats(f, RELAY_B).jitter_us, 450, 560);
	send_type(f, 1000, 13, 960000); /* comfort noise */
	assert_int_equal(stats(f, RELAY_B).payload_type, 111);
	send_type(f, 1001, 0, 960160);
	assert_int_equal(stats(f, RELAY_B).payload_type, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_rtp_and_rtcp_cross_under_ssrcs_of_ours),
		TEST(ssrcs_of_ours_are_each_ends_and_calls_own),
		TEST(other_sources_are_dropped_and_counted),
		TEST(packets_are_told_apart_by_their_first_bytes),
		TEST(numbers_go_on_behind_those_of_another_line),
		TEST(malformed_headers_are_dropped),
		TEST(rtcp_finds_its_way_with_mux_on_one_side),
		TEST(direction_flags_stop_rtp_but_not_rtcp),
		TEST(nothing_is_sent_to_an_unknown_far_end),
		TEST(reports_are_made_for_a_side_that_gets_none),
		TEST(srtp_is_opened_and_sealed_anew),
		TEST(unauthentic_packets_change_a_counter_and_nothing_else),
		TEST(what_is_no_srtp_is_malformed),
		TEST(replayed_packets_are_dropped_and_counted),
		TEST(the_same_key_keeps_its_roll_over_counter),
		TEST(a_new_key_starts_at_roll_over_zero),
		TEST(a_new_key_may_keep_its_roll_over_counter),
		TEST(what_is_sealed_under_a_new_key_may_go_on),
		TEST(what_is_sealed_under_a_new_key_begins_at_zero),
		TEST(a_restart_under_the_same_key_is_told_of),
		TEST(a_keys_age_counts_from_the_change),
		TEST(keys_that_are_not_usable_close_the_side),
		TEST(udptl_passes_as_it_is_between_sides_of_it),
		TEST(nothing_else_passes_for_udptl),
		TEST(udptl_takes_the_place_of_srtp_and_gives_it_back),
		TEST(a_fax_keeps_both_sides_alive),
		TEST(silence_counts_only_where_packets_are_expected),
		TEST(the_payload_type_that_comes_is_known),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
