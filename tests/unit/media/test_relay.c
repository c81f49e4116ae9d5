/* What the relay does with packets. */
#define PORT_MIN 62000
#include "relay_test.h"

static void relays_between_all_pairs_of_suites(void **state)
{
	struct fixture *f = *state;

	for (enum relay_suite internal = 0; internal <= RELAY_PLAIN; internal++)
		for (enum relay_suite external = 0; external <= RELAY_PLAIN; external++) {
			announce_both(f, internal, external);
			for (uint16_t seq = 1; seq <= 5; seq++) {
				cross_rtp(f, RELAY_A, seq);
				cross_rtp(f, RELAY_B, seq);
				cross_rtcp(f, RELAY_A);
				cross_rtcp(f, RELAY_B);
			}
			drop_contexts(f);
			relay_close(f->session);
			open_call(f, false);
		}
}

static void relays_over_ipv6(void **state)
{
	struct fixture *f = *state;

	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	cross_rtp(f, RELAY_B, 1);
	cross_rtcp(f, RELAY_B);
}

static void counts_what_it_relays(void **state)
{
	struct fixture *f = *state;
	struct relay_totals totals;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (uint16_t seq = 1; seq <= 20; seq++)
		if (seq != 7)
			cross_rtp(f, RELAY_A, seq);
	cross_rtcp(f, RELAY_A);
	EXPECT_COUNTER(f, RELAY_A, rx_packets, 19);
	EXPECT_COUNTER(f, RELAY_A, rx_bytes, 19 * 172);
	EXPECT_COUNTER(f, RELAY_A, rx_rtcp, 1);
	EXPECT_COUNTER(f, RELAY_A, rx_lost, 1);
	EXPECT_COUNTER(f, RELAY_B, tx_packets, 19);
	EXPECT_COUNTER(f, RELAY_B, tx_bytes, 19 * 172);
	EXPECT_COUNTER(f, RELAY_B, tx_rtcp, 1);
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
	assert_int_equal(totals.streams, 2); /* one is settle()'s */
	assert_int_equal(totals.ports_used, 4);
	assert_int_equal(totals.packets, 20);
}

/* What a stranger sprays over all our ports is neither relayed nor answered. */
static void strangers_get_nothing_and_do_no_harm(void **state)
{
	struct fixture *f = *state;
	struct addr stranger_addr;
	int stranger = bind_peer("127.0.0.1", &stranger_addr);
	struct test_packet rtp, rtcp;

	announce_both(f, RELAY_PLAIN, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (unsigned i = 0; i < 50; i++) {
		test_rtp(&rtp, 13, (uint16_t)i, 160);
		test_rtcp(&rtcp, 13);
		for (enum relay_end end = 0; end < 2; end++) {
			send_bytes(stranger, &f->local[end][0], &rtp);
			send_bytes(stranger, &f->local[end][1], &rtcp);
		}
	}
	cross_rtp(f, RELAY_A, 1);
	cross_rtp(f, RELAY_B, 1);
	cross_rtcp(f, RELAY_A);
	cross_rtcp(f, RELAY_B);
	EXPECT_COUNTER(f, RELAY_A, dropped_source, 100);
	EXPECT_COUNTER(f, RELAY_B, dropped_source, 100);
	EXPECT_COUNTER(f, RELAY_B, tx_packets, 1);
	assert_nothing_at(stranger);
	close(stranger);
}

static void bad_tags_and_replays_do_not_disturb_the_stream(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet, replay;

	announce_both(f, RELAY_AEAD_AES_128_GCM, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	test_rtp(&packet, 77, 2, 160);
	replay = packet;
	srtp_context_seal(f->seal[0], false, replay.data, &replay.len);
	send_bytes(f->peer[0][0], &f->local[0][0], &replay);
	peer_expect(f, RELAY_B, 0, false, &packet);
	for (unsigned i = 0; i < 100; i++) {
		send_bytes(f->peer[0][0], &f->local[0][0], &replay);
		test_rtp(&packet, 77, (uint16_t)(3 + i * 500), 176);
		send_bytes(f->peer[0][0], &f->local[0][0], &packet);
	}
	cross_rtp(f, RELAY_A, 3);
	EXPECT_COUNTER(f, RELAY_A, dropped_replay, 100);
	EXPECT_COUNTER(f, RELAY_A, dropped_auth, 100);
	EXPECT_COUNTER(f, RELAY_A, rx_packets, 3);
}

static void hold_stops_rtp_and_resume_lets_it_flow(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	f->remote[RELAY_A].receive = false;
	relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]);
	settle(f);
	test_rtp(&packet, 77, 2, 160);
	peer_send(f, RELAY_A, 0, false, &packet);
	EXPECT_COUNTER(f, RELAY_A, dropped_direction, 1);
	cross_rtcp(f, RELAY_A);
	f->remote[RELAY_A].receive = true;
	relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]);
	settle(f);
	cross_rtp(f, RELAY_A, 3);
}

static void a_re_invite_with_the_same_key_keeps_the_stream(void **state)
{
	struct fixture *f = *state;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_AEAD_AES_256_GCM);
	for (unsigned i = 0; i < 100; i++)
		cross_rtp(f, RELAY_A, (uint16_t)(65500 + i)); /* ROC 1 */
	relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]);
	relay_stream_set(f->session, 0, RELAY_B, &f->remote[RELAY_B]);
	settle(f);
	cross_rtp(f, RELAY_A, 64);
}

static void a_re_invite_with_new_keys_starts_afresh(void **state)
{
	struct fixture *f = *state;
	struct relay_remote *remote = &f->remote[RELAY_A];

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (unsigned i = 0; i < 100; i++)
		cross_rtp(f, RELAY_A, (uint16_t)(65500 + i));
	remote->rx = test_key(RELAY_AEAD_AES_128_GCM, 50);
	remote->tx = test_key(RELAY_AEAD_AES_128_GCM, 51);
	drop_contexts(f);
	f->seal[0] = test_context(&remote->rx, SRTP_SEAL);
	f->open[0] = test_context(&remote->tx, SRTP_OPEN);
	relay_stream_set(f->session, 0, RELAY_A, remote);
	settle(f);
	cross_rtp(f, RELAY_A, 64);
	cross_rtp(f, RELAY_B, 1);
}

/* A new key for both directions of END, as a re-INVITE brings it; the far end goes on at its
 * ROC where KEEP. */
static void change_keys(struct fixture *f, enum relay_end end, unsigned round, bool keep)
{
	enum relay_suite suite = (enum relay_suite)(round % RELAY_PLAIN);
	struct relay_remote *remote = &f->remote[end];
	struct srtp_context *seal = f->seal[end], *open = f->open[end];

	remote->keep_roc = keep;
	remote->rx = test_key(suite, (uint8_t)(100 + 2 * round));
	remote->tx = test_key(suite, (uint8_t)(101 + 2 * round));
	f->seal[end] = test_context(&remote->rx, SRTP_SEAL);
	f->open[end] = test_context(&remote->tx, SRTP_OPEN);
	srtp_context_follow(f->seal[end], seal, keep);
	srtp_context_follow(f->open[end], open, keep);
	srtp_context_free(seal);
	srtp_context_free(open);
	assert_int_equal(relay_stream_set(f->session, 0, end, remote), 0);
	settle(f);
}

/* Both ways, over several wraps, with keys that change at either end in between. */
static void keys_change_again_and_again_under_traffic(void **state)
{
	struct fixture *f = *state;
	uint16_t seq = 60000;

	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (unsigned round = 0; round < 24; round++) {
		for (unsigned i = 0; i < 10; i++, seq = (uint16_t)(seq + 1500)) {
			cross_rtp(f, RELAY_A, seq);
			cross_rtp(f, RELAY_B, seq);
			cross_rtcp(f, RELAY_A);
			cross_rtcp(f, RELAY_B);
		}
		change_keys(f, round % 2, round, round % 4 < 2);
	}
	for (enum relay_end end = 0; end < 2; end++) {
		EXPECT_COUNTER(f, end, rx_packets, 240);
		EXPECT_COUNTER(f, end, tx_packets, 240);
		EXPECT_COUNTER(f, end, dropped_auth, 0);
	}
}

static void follows_a_far_end_that_moves(void **state)
{
	struct fixture *f = *state;
	struct addr moved_addr;
	int moved = bind_peer("127.0.0.1", &moved_addr), before = f->peer[1][0];
	struct test_packet packet;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	f->remote[RELAY_B].rtp = moved_addr;
	relay_stream_set(f->session, 0, RELAY_B, &f->remote[RELAY_B]);
	settle(f);
	f->peer[1][0] = moved;
	cross_rtp(f, RELAY_A, 2);
	cross_rtp(f, RELAY_B, 2);
	test_rtp(&packet, 78, 3, 160);
	send_bytes(before, &f->local[1][0], &packet);
	EXPECT_COUNTER(f, RELAY_B, dropped_source, 1);
	assert_nothing_at(before);
	close(before);
}

/* The answer is told to the relay and then sent: media that comes at once must find it told. */
static void what_is_set_before_a_packet_is_sent_counts_for_it(void **state)
{
	struct fixture *f = *state;
	const int home = f->peer[0][0];
	struct addr home_addr = f->peer_addr[0][0], moved_addr;
	int moved = bind_peer("127.0.0.1", &moved_addr);

	announce(f, RELAY_B, RELAY_PLAIN);
	announce(f, RELAY_A, RELAY_PLAIN);
	for (uint16_t i = 0; i < 1000; i++) {
		f->remote[RELAY_A].rtp = i % 2 ? home_addr : moved_addr;
		f->peer[0][0] = i % 2 ? home : moved;
		assert_int_equal(
			relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]), 0);
		cross_rtp(f, RELAY_A, i);
	}
	EXPECT_COUNTER(f, RELAY_A, rx_packets, 1000);
	EXPECT_COUNTER(f, RELAY_A, dropped_source, 0);
	close(moved);
}

static void joins_and_splits_rtcp_with_mux_on_one_side(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_PLAIN);
	f->remote[RELAY_A].rtcp_mux = true;
	relay_stream_set(f->session, 0, RELAY_A, &f->remote[RELAY_A]);
	settle(f);
	test_rtcp(&packet, 1);
	peer_send(f, RELAY_A, 0, true, &packet);
	peer_expect(f, RELAY_B, 1, true, &packet);
	test_rtcp(&packet, 2);
	peer_send(f, RELAY_B, 1, true, &packet);
	peer_expect(f, RELAY_A, 0, true, &packet);
	cross_rtp(f, RELAY_A, 1);
}

static void passes_udptl_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet = {.len = 7, .data = "\x00\x01\x02T.\x00\x00"};

	for (enum relay_end end = 0; end < 2; end++) {
		f->remote[end] = (struct relay_remote){.rtp = f->peer_addr[end][0],
			.udptl = true,
			.send = true,
			.receive = true};
		assert_int_equal(
			relay_stream_set(f->session, 0, end, &f->remote[end]), 0);
	}
	settle(f);
	peer_send(f, RELAY_B, 0, false, &packet);
	peer_expect(f, RELAY_A, 0, false, &packet);
}

/* The TOS byte or traffic class of the next packet at FD. */
static unsigned received_tos(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct test_packet packet;
	struct iovec part = {packet.data, sizeof(packet.data)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *found;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	assert_true(recvmsg(fd, &message, 0) > 0);
	found = CMSG_FIRSTHDR(&message);
	assert_non_null(found);
	/* IPv4 gives a byte, IPv6 an int. */
	return found->cmsg_level == IPPROTO_IP ? *CMSG_DATA(found)
					       : (unsigned)*(int *)CMSG_DATA(found);
}

static void marks(struct fixture *f, int level, int name)
{
	const int on = 1;
	struct test_packet packet;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (unsigned i = 0; i < 4; i++) {
		enum relay_end from = i / 2;
		unsigned channel = i % 2;

		assert_int_equal(
			setsockopt(f->peer[!from][channel], level, name, &on, sizeof(on)),
			0);
		test_rtp(&packet, 77, 1, 160);
		if (channel == 1)
			test_rtcp(&packet, 77);
		peer_send(f, from, channel, channel == 1, &packet);
		assert_int_equal(received_tos(f->peer[!from][channel]), DSCP << 2);
	}
}

static void marks_what_it_sends(void **state)
{
	marks(*state, IPPROTO_IP, IP_RECVTOS);
}

static void marks_what_it_sends_over_ipv6(void **state)
{
	marks(*state, IPPROTO_IPV6, IPV6_RECVTCLASS);
}

static void media_may_be_elsewhere(void **state)
{
	struct fixture *f = *state;
	const struct addr more = test_addr(MORE_HOST);

	assert_int_equal(relay_set_address(f->session, RELAY_A, &f->local[0][0]), 0);
	assert_true(relay_stream_exists(f->session, 0));
	assert_int_equal(relay_set_address(f->session, RELAY_B, &more), 0);
	assert_false(relay_stream_exists(f->session, 0));
	add_stream(f);
	assert_true(addr_equal_host(&f->local[RELAY_B][0], &more));
	assert_false(addr_equal_host(&f->local[RELAY_A][0], &more));
	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (enum relay_end end = 0; end < 2; end++) {
		cross_rtp(f, end, 1);
		cross_rtcp(f, end);
	}
}

static void further_addresses_come_by_themselves_where_ports_are_bound(void **state)
{
	struct fixture *f = *state;
	const struct addr more = test_addr("127.0.0.3"), no = test_addr("198.51.100.1");
	struct err_text text = {""};
	struct relay_totals before, after;

	relay_totals(f->relay, &before);
	assert_int_equal(relay_set_address(f->session, RELAY_B, &more), -EADDRNOTAVAIL);
	assert_true(relay_stream_exists(f->session, 0));
	assert_int_equal(relay_add_address(f->relay, &f->local[0][0], &text), 0);
	if (back_end == RELAY_IO_STEER) {
		assert_int_equal(relay_add_address(f->relay, &more, &text), ERR_SUPPORT);
		assert_non_null(strstr(text.text, "127.0.0.3"));
		return;
	}
	assert_int_equal(relay_add_address(f->relay, &no, &text), -EADDRNOTAVAIL);
	assert_non_null(strstr(text.text, "198.51.100.1"));
	assert_int_equal(relay_add_address(f->relay, &more, &text), 0);
	assert_int_equal(relay_add_address(f->relay, &more, &text), 0);
	relay_totals(f->relay, &after);
	assert_int_equal(
		2 * (after.ports_total - before.ports_total), before.ports_total);
	assert_int_equal(relay_set_address(f->session, RELAY_B, &more), 0);
	add_stream(f);
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	cross_rtp(f, RELAY_B, 1);
}

/* More packets than any back end has buffers for. */
static void a_long_stream_goes_on(void **state)
{
	struct fixture *f = *state;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	for (unsigned seq = 0; seq < 2500; seq++)
		cross_rtp(f, RELAY_A, (uint16_t)seq);
}

/* To where nothing may be sent; the others of the same turn leave all the same. */
static void what_cannot_be_sent_is_counted(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	f->remote[RELAY_B].rtp = test_addr("255.255.255.255:9");
	assert_int_equal(
		relay_stream_set(f->session, 0, RELAY_B, &f->remote[RELAY_B]), 0);
	for (uint16_t seq = 1; seq <= 3; seq++) {
		test_rtp(&packet, 77, seq, 160);
		peer_send(f, RELAY_A, 0, false, &packet);
		cross_rtcp(f, RELAY_A);
	}
	EXPECT_COUNTER(f, RELAY_B, send_errors, 3);
	EXPECT_COUNTER(f, RELAY_A, send_errors, 0);
}

static void refuses_what_is_no_key(void **state)
{
	struct fixture *f = *state;
	struct relay_remote remote = {
		.rtp = f->peer_addr[0][0], .send = true, .receive = true};

	assert_int_equal(relay_stream_set(f->session, 0, RELAY_A, &remote),
		ERR_SUPPORT); /* all zero: GCM with an empty key */
	remote.rx.suite = RELAY_PLAIN;
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_A, &remote), ERR_STATE);
	remote.tx.suite = RELAY_PLAIN;
	assert_int_equal(relay_stream_set(f->session, 1, RELAY_A, &remote),
		ERR_STATE); /* no such stream */
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_A, &remote), 0);
	assert_int_equal(relay_stream_add(f->session, 0), ERR_STATE);
	assert_int_equal(relay_stream_add(f->session, RELAY_STREAMS), ERR_LIMIT);
}

static void tells_once_of_a_silent_side(void **state)
{
	struct fixture *f = *state;
	uint64_t deadline = now_ms() + DEADLINE_MS;

	announce(f, RELAY_A, RELAY_PLAIN);
	relay_set_timeout(f->session, 1);
	while (f->silence.count == 0 && now_ms() < deadline)
		loop_turn(f->loop, 100);
	assert_int_equal(f->silence.count, 1);
	assert_int_equal(f->silence.call, CALL);
	assert_int_equal(f->silence.end, RELAY_A);
	/* The other end begins to be awaited; the first is not told again. */
	announce(f, RELAY_B, RELAY_PLAIN);
	while (f->silence.count == 1 && now_ms() < deadline)
		loop_turn(f->loop, 100);
	assert_int_equal(f->silence.count, 2);
	assert_int_equal(f->silence.end, RELAY_B);
}

static void count_packet(void *arg, const struct tap_packet *packet)
{
	struct fixture *f = arg;

	assert_int_equal(packet->call, CALL);
	sem_post(&f->stalled);
}

static void expect_tapped(struct fixture *f, int count)
{
	int tapped;

	assert_int_equal(sem_getvalue(&f->stalled, &tapped), 0);
	assert_int_equal(tapped, count);
}

/* Another gateway is called, whose calls are captured or not: what comes from then on is. */
static void a_session_is_tapped_from_when_it_is_told_to(void **state)
{
	struct fixture *f = *state;

	relay_close(f->session);
	relay_free(f->relay);
	sem_init(&f->stalled, 0, 0);
	f->tap = (struct tap){.packet_h = count_packet, .arg = f};
	start_relay(f, "127.0.0.1", &f->tap);
	open_call(f, false);
	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_PLAIN);
	cross_rtp(f, RELAY_A, 1);
	cross_rtp(f, RELAY_B, 1);
	expect_tapped(f, 0);
	assert_int_equal(relay_set_tap(f->session, true), 0);
	cross_rtp(f, RELAY_A, 2);
	cross_rtp(f, RELAY_B, 2);
	cross_rtcp(f, RELAY_A); /* as it came, and as it went */
	expect_tapped(f, 4);
	assert_int_equal(relay_set_tap(f->session, false), 0);
	cross_rtp(f, RELAY_A, 3);
	cross_rtp(f, RELAY_B, 3);
	expect_tapped(f, 4);
}

static int setup_v6(void **state)
{
	return setup_host(state, "::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(relays_between_all_pairs_of_suites),
		TEST(counts_what_it_relays),
		TEST(strangers_get_nothing_and_do_no_harm),
		TEST(bad_tags_and_replays_do_not_disturb_the_stream),
		TEST(hold_stops_rtp_and_resume_lets_it_flow),
		TEST(a_re_invite_with_the_same_key_keeps_the_stream),
		TEST(a_re_invite_with_new_keys_starts_afresh),
		TEST(keys_change_again_and_again_under_traffic),
		TEST(follows_a_far_end_that_moves),
		TEST(what_is_set_before_a_packet_is_sent_counts_for_it),
		TEST(joins_and_splits_rtcp_with_mux_on_one_side),
		TEST(passes_udptl_as_it_is),
		TEST(a_long_stream_goes_on),
		TEST(what_cannot_be_sent_is_counted),
		TEST(refuses_what_is_no_key),
		TEST(tells_once_of_a_silent_side),
		TEST(a_session_is_tapped_from_when_it_is_told_to),
		TEST(marks_what_it_sends),
		TEST(media_may_be_elsewhere),
		TEST(further_addresses_come_by_themselves_where_ports_are_bound),
	};
	const struct CMUnitTest tests_v6[] = {
		cmocka_unit_test_setup_teardown(relays_over_ipv6, setup_v6, teardown),
		cmocka_unit_test_setup_teardown(
			marks_what_it_sends_over_ipv6, setup_v6, teardown),
	};
	struct addr addr;
	int probe = bind_peer("::1", &addr), failed = 0;

	if (probe < 0)
		print_message("no IPv6 here: relays_over_ipv6 is not run\n");
	else
		close(probe);
	for (back_end = RELAY_IO_SOCKETS; back_end <= RELAY_IO_STEER; back_end++) {
		if (!back_end_is_allowed())
			continue;
		failed += cmocka_run_group_tests(tests, test_start_srtp, NULL);
		if (probe >= 0)
			failed += cmocka_run_group_tests(tests_v6, test_start_srtp, NULL);
	}
	return failed;
}
