/* The relay end to end: real sockets on loopback, real workers. */
#include "media_test.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define PORT_MIN 62000
#define PORT_MAX 62999
#define CALL 4711

struct silence {
	unsigned count;
	uint64_t call;
	enum relay_side side;
};

/* A relay with one call of one stream, and the far ends' sockets on both sides. */
struct fixture {
	struct loop *loop;
	struct relay *relay;
	struct relay_session *session;
	struct tap tap;
	sem_t stalled, resume; /* for the tap that stalls a worker */
	struct silence silence;
	int peer[2][2]; /* by side; RTP, RTCP */
	struct addr peer_addr[2][2];
	struct addr local[2][2];
	struct relay_remote remote[2];
	struct srtp_context *seal[2]; /* the far ends' ends */
	struct srtp_context *open[2];
};

static uint64_t now_ms(void)
{
	return clock_real()->mono_us(clock_real()) / 1000;
}

static int bind_peer(const char *host, struct addr *ret_addr)
{
	struct addr addr = test_addr(host);
	int fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, &addr.sa, addr.len) != 0) {
		close(fd);
		return -1;
	}
	ret_addr->len = sizeof(ret_addr->v6);
	getsockname(fd, &ret_addr->sa, &ret_addr->len);
	return fd;
}

static void on_silence(void *arg, uint64_t call, enum relay_side side)
{
	struct silence *silence = arg;

	silence->count++;
	silence->call = call;
	silence->side = side;
}

static void start_relay(struct fixture *f, const char *host, const struct tap *tap)
{
	struct err_text text = {""};
	const struct relay_params params = {
		.loop = f->loop,
		.workers = 2,
		.address = {test_addr(host), test_addr(host)},
		.port_min = PORT_MIN,
		.port_max = PORT_MAX,
		.quarantine_ms = 1,
		.tap = tap,
		.handlers = {.timeout_h = on_silence, .arg = &f->silence},
	};

	if (relay_new(&f->relay, &params, &text) != 0)
		fail_msg("%s", text.text);
}

static void open_call(struct fixture *f, bool tap)
{
	const struct relay_open open = {.call = CALL, .tap = tap};

	assert_int_equal(relay_open(f->relay, &f->session, &open), 0);
	assert_int_equal(relay_stream_add(f->session, 0), 0);
	for (enum relay_side side = 0; side < 2; side++) {
		relay_stream_local(f->session, 0, side, &f->local[side][0]);
		f->local[side][1] = f->local[side][0];
		addr_set_port(&f->local[side][1],
			(uint16_t)(addr_port(&f->local[side][0]) + 1));
	}
}

static int setup_host(void **state, const char *host)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || loop_new(&f->loop, clock_real()) != 0)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		f->peer[i / 2][i % 2] = bind_peer(host, &f->peer_addr[i / 2][i % 2]);
		if (f->peer[i / 2][i % 2] < 0)
			return -1;
	}
	start_relay(f, host, NULL);
	open_call(f, false);
	return 0;
}

static int setup(void **state)
{
	return setup_host(state, "127.0.0.1");
}

static void drop_contexts(struct fixture *f)
{
	for (unsigned side = 0; side < 2; side++) {
		srtp_context_free(f->seal[side]);
		srtp_context_free(f->open[side]);
		f->seal[side] = NULL;
		f->open[side] = NULL;
	}
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	relay_close(f->session);
	relay_free(f->relay);
	drop_contexts(f);
	for (unsigned i = 0; i < 4; i++)
		close(f->peer[i / 2][i % 2]);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* Both sides as their SDP would say it, with SUITE. */
static void announce(struct fixture *f, enum relay_side side, enum relay_suite suite)
{
	struct relay_remote *remote = &f->remote[side];

	*remote = (struct relay_remote){
		.rtp = f->peer_addr[side][0],
		.rtcp = f->peer_addr[side][1],
		.send = true,
		.receive = true,
		.rx = test_key(suite, (uint8_t)(1 + side)),
		.tx = test_key(suite, (uint8_t)(3 + side)),
	};
	if (suite != RELAY_PLAIN) {
		f->seal[side] = test_context(&remote->rx, SRTP_SEAL);
		f->open[side] = test_context(&remote->tx, SRTP_OPEN);
	}
	assert_int_equal(relay_stream_set(f->session, 0, side, remote), 0);
}

static void send_bytes(int fd, const struct addr *to, const struct test_packet *packet)
{
	assert_int_equal(sendto(fd, packet->data, packet->len, 0, &to->sa, to->len),
		(ssize_t)packet->len);
}

/* The far end of SIDE seals PACKET and sends it to our port. */
static void peer_send(struct fixture *f, enum relay_side side, unsigned channel,
	bool rtcp, const struct test_packet *clear)
{
	struct test_packet packet = *clear;

	if (f->seal[side])
		assert_int_equal(
			srtp_context_seal(f->seal[side], rtcp, packet.data, &packet.len),
			0);
	send_bytes(f->peer[side][channel], &f->local[side][channel], &packet);
}

/* The next packet that the far end of SIDE receives; it must be CLEAR, from our port. */
static void peer_expect(struct fixture *f, enum relay_side side, unsigned channel,
	bool rtcp, const struct test_packet *clear)
{
	struct pollfd ready = {.fd = f->peer[side][channel], .events = POLLIN};
	struct addr source = {.len = sizeof(source.v6)};
	struct test_packet packet;
	ssize_t len;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	len = recvfrom(
		ready.fd, packet.data, sizeof(packet.data), 0, &source.sa, &source.len);
	assert_true(len > 0);
	packet.len = (size_t)len;
	assert_true(addr_equal(&source, &f->local[side][channel]));
	if (f->open[side]) {
		assert_int_not_equal(packet.len, clear->len);
		assert_int_equal(
			srtp_context_open(f->open[side], rtcp, packet.data, &packet.len),
			0);
	}
	assert_int_equal(packet.len, clear->len);
	assert_memory_equal(packet.data, clear->data, clear->len);
}

/* One RTP packet across. What was sent on the same port before has been dealt with when
 * it arrives: a barrier for the tests of what must not arrive. */
static void cross_rtp(struct fixture *f, enum relay_side from, uint16_t seq)
{
	struct test_packet packet;

	test_rtp(&packet, 77U + from, seq, 160);
	peer_send(f, from, 0, false, &packet);
	peer_expect(f, !from, 0, false, &packet);
}

static void cross_rtcp(struct fixture *f, enum relay_side from)
{
	struct test_packet packet;

	test_rtcp(&packet, 77U + from);
	peer_send(f, from, 1, true, &packet);
	peer_expect(f, !from, 1, true, &packet);
}

/*
 * A packet is no later than a command: the queue and the sockets are two ways to the
 * worker. Waits until the command that just went out has been run, as a new stream at
 * INDEX 7, which commands reach in order, shows.
 */
static void settle(struct fixture *f)
{
	struct test_packet packet = {.len = 1, .data = {0}};
	struct relay_stats stats = {0};
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct addr probe;

	relay_stream_remove(f->session, 7);
	assert_int_equal(relay_stream_add(f->session, 7), 0);
	relay_stream_local(f->session, 7, RELAY_INTERNAL, &probe);
	send_bytes(f->peer[0][0], &probe, &packet);
	while (stats.dropped_source == 0 && now_ms() < deadline) {
		relay_stats(f->session, 7, RELAY_INTERNAL, &stats);
		sched_yield();
	}
	assert_int_equal(stats.dropped_source, 1);
}

static void announce_both(
	struct fixture *f, enum relay_suite internal, enum relay_suite external)
{
	announce(f, RELAY_INTERNAL, internal);
	announce(f, RELAY_EXTERNAL, external);
	settle(f);
}

/* Waits until the counter at OFFSET of struct relay_stats is VALUE. */
static void expect_counter(
	struct fixture *f, enum relay_side side, size_t offset, uint64_t value)
{
	uint64_t deadline = now_ms() + DEADLINE_MS, found;
	struct relay_stats stats;

	do {
		relay_stats(f->session, 0, side, &stats);
		memcpy(&found, (const uint8_t *)&stats + offset, sizeof(found));
		sched_yield();
	} while (found != value && now_ms() < deadline);
	assert_int_equal(found, value);
}

#define EXPECT_COUNTER(f, side, name, value)                                             \
	expect_counter(f, side, offsetof(struct relay_stats, name), value)

static void assert_nothing_at(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void relays_between_all_pairs_of_suites(void **state)
{
	struct fixture *f = *state;

	for (enum relay_suite internal = 0; internal <= RELAY_PLAIN; internal++)
		for (enum relay_suite external = 0; external <= RELAY_PLAIN; external++) {
			announce_both(f, internal, external);
			for (uint16_t seq = 1; seq <= 5; seq++) {
				cross_rtp(f, RELAY_INTERNAL, seq);
				cross_rtp(f, RELAY_EXTERNAL, seq);
				cross_rtcp(f, RELAY_INTERNAL);
				cross_rtcp(f, RELAY_EXTERNAL);
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
	cross_rtp(f, RELAY_INTERNAL, 1);
	cross_rtp(f, RELAY_EXTERNAL, 1);
	cross_rtcp(f, RELAY_EXTERNAL);
}

static void counts_what_it_relays(void **state)
{
	struct fixture *f = *state;
	struct relay_totals totals;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (uint16_t seq = 1; seq <= 20; seq++)
		if (seq != 7)
			cross_rtp(f, RELAY_INTERNAL, seq);
	cross_rtcp(f, RELAY_INTERNAL);
	EXPECT_COUNTER(f, RELAY_INTERNAL, rx_packets, 19);
	EXPECT_COUNTER(f, RELAY_INTERNAL, rx_bytes, 19 * 172);
	EXPECT_COUNTER(f, RELAY_INTERNAL, rx_rtcp, 1);
	EXPECT_COUNTER(f, RELAY_INTERNAL, rx_lost, 1);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, tx_packets, 19);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, tx_bytes, 19 * 172);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, tx_rtcp, 1);
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
		for (enum relay_side side = 0; side < 2; side++) {
			send_bytes(stranger, &f->local[side][0], &rtp);
			send_bytes(stranger, &f->local[side][1], &rtcp);
		}
	}
	cross_rtp(f, RELAY_INTERNAL, 1);
	cross_rtp(f, RELAY_EXTERNAL, 1);
	cross_rtcp(f, RELAY_INTERNAL);
	cross_rtcp(f, RELAY_EXTERNAL);
	EXPECT_COUNTER(f, RELAY_INTERNAL, dropped_source, 100);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, dropped_source, 100);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, tx_packets, 1);
	assert_nothing_at(stranger);
	close(stranger);
}

static void bad_tags_and_replays_do_not_disturb_the_stream(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet, replay;

	announce_both(f, RELAY_AEAD_AES_128_GCM, RELAY_PLAIN);
	cross_rtp(f, RELAY_INTERNAL, 1);
	test_rtp(&packet, 77, 2, 160);
	replay = packet;
	srtp_context_seal(f->seal[0], false, replay.data, &replay.len);
	send_bytes(f->peer[0][0], &f->local[0][0], &replay);
	peer_expect(f, RELAY_EXTERNAL, 0, false, &packet);
	for (unsigned i = 0; i < 100; i++) {
		send_bytes(f->peer[0][0], &f->local[0][0], &replay);
		test_rtp(&packet, 77, (uint16_t)(3 + i * 500), 176);
		send_bytes(f->peer[0][0], &f->local[0][0], &packet);
	}
	cross_rtp(f, RELAY_INTERNAL, 3);
	EXPECT_COUNTER(f, RELAY_INTERNAL, dropped_replay, 100);
	EXPECT_COUNTER(f, RELAY_INTERNAL, dropped_auth, 100);
	EXPECT_COUNTER(f, RELAY_INTERNAL, rx_packets, 3);
}

static void hold_stops_rtp_and_resume_lets_it_flow(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	cross_rtp(f, RELAY_INTERNAL, 1);
	f->remote[RELAY_INTERNAL].receive = false;
	relay_stream_set(f->session, 0, RELAY_INTERNAL, &f->remote[RELAY_INTERNAL]);
	settle(f);
	test_rtp(&packet, 77, 2, 160);
	peer_send(f, RELAY_INTERNAL, 0, false, &packet);
	EXPECT_COUNTER(f, RELAY_INTERNAL, dropped_direction, 1);
	cross_rtcp(f, RELAY_INTERNAL);
	f->remote[RELAY_INTERNAL].receive = true;
	relay_stream_set(f->session, 0, RELAY_INTERNAL, &f->remote[RELAY_INTERNAL]);
	settle(f);
	cross_rtp(f, RELAY_INTERNAL, 3);
}

static void a_re_invite_with_the_same_key_keeps_the_stream(void **state)
{
	struct fixture *f = *state;

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_AEAD_AES_256_GCM);
	for (unsigned i = 0; i < 100; i++)
		cross_rtp(f, RELAY_INTERNAL, (uint16_t)(65500 + i)); /* ROC 1 */
	relay_stream_set(f->session, 0, RELAY_INTERNAL, &f->remote[RELAY_INTERNAL]);
	relay_stream_set(f->session, 0, RELAY_EXTERNAL, &f->remote[RELAY_EXTERNAL]);
	settle(f);
	cross_rtp(f, RELAY_INTERNAL, 64);
}

static void a_re_invite_with_new_keys_starts_afresh(void **state)
{
	struct fixture *f = *state;
	struct relay_remote *remote = &f->remote[RELAY_INTERNAL];

	announce_both(f, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_PLAIN);
	for (unsigned i = 0; i < 100; i++)
		cross_rtp(f, RELAY_INTERNAL, (uint16_t)(65500 + i));
	remote->rx = test_key(RELAY_AEAD_AES_128_GCM, 50);
	remote->tx = test_key(RELAY_AEAD_AES_128_GCM, 51);
	drop_contexts(f);
	f->seal[0] = test_context(&remote->rx, SRTP_SEAL);
	f->open[0] = test_context(&remote->tx, SRTP_OPEN);
	relay_stream_set(f->session, 0, RELAY_INTERNAL, remote);
	settle(f);
	cross_rtp(f, RELAY_INTERNAL, 64);
	cross_rtp(f, RELAY_EXTERNAL, 1);
}

static void follows_a_far_end_that_moves(void **state)
{
	struct fixture *f = *state;
	struct addr moved_addr;
	int moved = bind_peer("127.0.0.1", &moved_addr), before = f->peer[1][0];
	struct test_packet packet;

	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	cross_rtp(f, RELAY_INTERNAL, 1);
	f->remote[RELAY_EXTERNAL].rtp = moved_addr;
	relay_stream_set(f->session, 0, RELAY_EXTERNAL, &f->remote[RELAY_EXTERNAL]);
	settle(f);
	f->peer[1][0] = moved;
	cross_rtp(f, RELAY_INTERNAL, 2);
	cross_rtp(f, RELAY_EXTERNAL, 2);
	test_rtp(&packet, 78, 3, 160);
	send_bytes(before, &f->local[1][0], &packet);
	EXPECT_COUNTER(f, RELAY_EXTERNAL, dropped_source, 1);
	assert_nothing_at(before);
	close(before);
}

static void joins_and_splits_rtcp_with_mux_on_one_side(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet;

	announce_both(f, RELAY_AEAD_AES_256_GCM, RELAY_PLAIN);
	f->remote[RELAY_INTERNAL].rtcp_mux = true;
	relay_stream_set(f->session, 0, RELAY_INTERNAL, &f->remote[RELAY_INTERNAL]);
	settle(f);
	test_rtcp(&packet, 1);
	peer_send(f, RELAY_INTERNAL, 0, true, &packet);
	peer_expect(f, RELAY_EXTERNAL, 1, true, &packet);
	test_rtcp(&packet, 2);
	peer_send(f, RELAY_EXTERNAL, 1, true, &packet);
	peer_expect(f, RELAY_INTERNAL, 0, true, &packet);
	cross_rtp(f, RELAY_INTERNAL, 1);
}

static void passes_udptl_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct test_packet packet = {.len = 5, .data = "\x00\x01\x02T."};

	for (enum relay_side side = 0; side < 2; side++) {
		f->remote[side] = (struct relay_remote){.rtp = f->peer_addr[side][0],
			.raw = true,
			.send = true,
			.receive = true};
		assert_int_equal(
			relay_stream_set(f->session, 0, side, &f->remote[side]), 0);
	}
	settle(f);
	peer_send(f, RELAY_EXTERNAL, 0, false, &packet);
	peer_expect(f, RELAY_INTERNAL, 0, false, &packet);
}

static void refuses_what_is_no_key(void **state)
{
	struct fixture *f = *state;
	struct relay_remote remote = {
		.rtp = f->peer_addr[0][0], .send = true, .receive = true};

	assert_int_equal(relay_stream_set(f->session, 0, RELAY_INTERNAL, &remote),
		ERR_SUPPORT); /* all zero: GCM with an empty key */
	remote.rx.suite = RELAY_PLAIN;
	assert_int_equal(
		relay_stream_set(f->session, 0, RELAY_INTERNAL, &remote), ERR_STATE);
	remote.tx.suite = RELAY_PLAIN;
	assert_int_equal(relay_stream_set(f->session, 1, RELAY_INTERNAL, &remote),
		ERR_STATE); /* no such stream */
	assert_int_equal(relay_stream_set(f->session, 0, RELAY_INTERNAL, &remote), 0);
	assert_int_equal(relay_stream_add(f->session, 0), ERR_STATE);
	assert_int_equal(relay_stream_add(f->session, RELAY_STREAMS), ERR_LIMIT);
}

static void tells_once_of_a_silent_side(void **state)
{
	struct fixture *f = *state;
	uint64_t deadline = now_ms() + DEADLINE_MS;

	announce(f, RELAY_INTERNAL, RELAY_PLAIN);
	relay_set_timeout(f->session, 1);
	while (f->silence.count == 0 && now_ms() < deadline)
		loop_turn(f->loop, 100);
	assert_int_equal(f->silence.count, 1);
	assert_int_equal(f->silence.call, CALL);
	assert_int_equal(f->silence.side, RELAY_INTERNAL);
	/* The other side begins to be awaited; the first is not told again. */
	announce(f, RELAY_EXTERNAL, RELAY_PLAIN);
	while (f->silence.count == 1 && now_ms() < deadline)
		loop_turn(f->loop, 100);
	assert_int_equal(f->silence.count, 2);
	assert_int_equal(f->silence.side, RELAY_EXTERNAL);
}

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void wait_for_descriptors(unsigned count)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (count_descriptors() != count && now_ms() < deadline)
		sched_yield();
	assert_int_equal(count_descriptors(), count);
}

static void two_hundred_calls_leave_nothing_behind(void **state)
{
	struct fixture *f = *state;
	struct relay_session *sessions[200];
	unsigned before = count_descriptors();
	struct relay_totals totals;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++) {
			const struct relay_open open = {.call = i};
			const struct relay_remote remote = {
				.rx = test_key(RELAY_AEAD_AES_256_GCM, 1),
				.tx = test_key(RELAY_AEAD_AES_256_GCM, 2)};

			assert_int_equal(relay_open(f->relay, &sessions[i], &open), 0);
			assert_int_equal(relay_stream_add(sessions[i], 0), 0);
			assert_int_equal(
				relay_stream_set(sessions[i], 0, RELAY_EXTERNAL, &remote),
				0);
		}
		for (unsigned i = 0; i < 200; i++)
			relay_close(sessions[i]);
		wait_for_descriptors(before);
	}
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
	assert_int_equal(totals.ports_used, 2);
}

static void an_empty_pool_refuses_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct relay_totals totals;
	const struct relay_open open = {.call = 1};
	struct relay_session *sessions[PORT_MAX - PORT_MIN];
	unsigned count = 0, before = count_descriptors();
	int err = 0;

	while (err == 0) {
		assert_int_equal(relay_open(f->relay, &sessions[count], &open), 0);
		err = relay_stream_add(sessions[count++], 0);
	}
	assert_int_equal(err, -EADDRNOTAVAIL);
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.ports_used, totals.ports_total);
	while (count)
		relay_close(sessions[--count]);
	wait_for_descriptors(before);
	settle(f);
}

/* A tap must not block; this one does, so that the worker's queue fills. */
static void stall(void *arg, const struct tap_packet *packet)
{
	struct fixture *f = arg;

	(void)packet;
	sem_post(&f->stalled);
	sem_wait(&f->resume);
}

static void a_full_queue_refuses_calls_but_ends_them_all(void **state)
{
	enum { MANY = 100000 };
	struct fixture *f = *state;
	struct relay_session **sessions = calloc(MANY, sizeof(struct relay_session *));
	const struct relay_open open = {.call = 1};
	struct relay_totals totals;
	struct test_packet packet;
	unsigned count = 0;

	assert_non_null(sessions);
	relay_close(f->session);
	relay_free(f->relay);
	sem_init(&f->stalled, 0, 0);
	sem_init(&f->resume, 0, 0);
	f->tap = (struct tap){.packet_h = stall, .arg = f};
	start_relay(f, "127.0.0.1", &f->tap);
	open_call(f, true);
	announce_both(f, RELAY_PLAIN, RELAY_PLAIN);
	test_rtp(&packet, 77, 1, 160);
	peer_send(f, RELAY_INTERNAL, 0, false, &packet);
	sem_wait(&f->stalled);
	while (count < MANY && relay_open(f->relay, &sessions[count], &open) == 0) {
		if (count < 100)
			assert_int_equal(relay_stream_add(sessions[count], 0), 0);
		count++;
	}
	assert_in_range(count, 100, MANY - 1);
	assert_int_equal(relay_open(f->relay, &sessions[count], &open), ERR_LIMIT);
	/* A stream's end must stay before that of its session. */
	for (unsigned i = 0; i < count; i++) {
		relay_stream_remove(sessions[i], 0);
		relay_close(sessions[i]);
	}
	relay_totals(f->relay, &totals);
	assert_int_equal(totals.sessions, 1);
	sem_post(&f->resume);
	peer_expect(f, RELAY_EXTERNAL, 0, false, &packet);
	/* Endings that waited go first; then there is room again. */
	do
		loop_turn(f->loop, 50);
	while (relay_open(f->relay, &sessions[0], &open) == ERR_LIMIT);
	relay_close(sessions[0]);
	free(sessions);
}

static void open_in_turn(void *arg)
{
	relay_close(((struct fixture *)arg)->session);
	open_call(arg, false);
	announce(arg, RELAY_INTERNAL, RELAY_PLAIN);
	announce(arg, RELAY_EXTERNAL, RELAY_PLAIN);
}

/* A turn's commands go out at its end: no other command and no turn wakes the worker here. */
static void what_a_turn_commands_takes_effect_at_its_end(void **state)
{
	struct fixture *f = *state;
	struct pollfd ready = {.fd = f->peer[RELAY_EXTERNAL][0], .events = POLLIN};
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct loop_task task = {.queued = false};
	struct test_packet packet;

	loop_defer(f->loop, &task, open_in_turn, f);
	assert_int_equal(loop_turn(f->loop, 0), 0);
	test_rtp(&packet, 77, 1, 160);
	do /* the first may be there before the commands have been run */
		peer_send(f, RELAY_INTERNAL, 0, false, &packet);
	while (poll(&ready, 1, 10) == 0 && now_ms() < deadline);
	peer_expect(f, RELAY_EXTERNAL, 0, false, &packet);
}

static void no_descriptors_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, low;
	struct relay_totals before, after;

	getrlimit(RLIMIT_NOFILE, &limit);
	relay_totals(f->relay, &before);
	low = limit;
	low.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(relay_stream_add(f->session, 1), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	relay_totals(f->relay, &after);
	assert_int_equal(after.ports_used, before.ports_used);
	assert_int_equal(relay_stream_add(f->session, 1), 0);
}

static void workers_are_counted_by_the_cores_we_may_use(void **state)
{
	cpu_set_t all, one;
	size_t cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(relay_worker_count(0), CPU_COUNT(&all));
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(relay_worker_count(0), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(relay_worker_count(3), 3);
	assert_int_equal(relay_worker_count(100000), 256);
}

static void says_why_it_cannot_start(void **state)
{
	struct fixture *f = *state;
	struct relay_params params = {.loop = f->loop,
		.workers = 1,
		.address = {test_addr("127.0.0.1"), test_addr("127.0.0.1")},
		.port_min = PORT_MIN,
		.port_max = PORT_MAX};
	struct relay *relay = NULL;
	struct err_text text = {""};

	params.address[1] = test_addr("198.51.100.1"); /* RFC 5737: nobody's */
	assert_int_equal(relay_new(&relay, &params, &text), -EADDRNOTAVAIL);
	assert_non_null(strstr(text.text, "198.51.100.1"));
	params.address[1] = test_addr("0.0.0.0");
	assert_int_equal(relay_new(&relay, &params, &text), ERR_CONFIG);
	params.address[1] = params.address[0];
	params.port_max = PORT_MIN;
	assert_int_equal(relay_new(&relay, &params, &text), ERR_LIMIT);
	assert_non_null(strstr(text.text, "62000-62000"));
	assert_null(relay);
}

static int setup_v6(void **state)
{
	return setup_host(state, "::1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(follows_a_far_end_that_moves),
		TEST(joins_and_splits_rtcp_with_mux_on_one_side),
		TEST(passes_udptl_as_it_is),
		TEST(refuses_what_is_no_key),
		TEST(tells_once_of_a_silent_side),
		TEST(two_hundred_calls_leave_nothing_behind),
		TEST(an_empty_pool_refuses_and_recovers),
		TEST(a_full_queue_refuses_calls_but_ends_them_all),
		TEST(what_a_turn_commands_takes_effect_at_its_end),
		TEST(no_descriptors_is_told_apart),
		TEST(workers_are_counted_by_the_cores_we_may_use),
		TEST(says_why_it_cannot_start),
	};
	const struct CMUnitTest tests_v6[] = {
		cmocka_unit_test_setup_teardown(relays_over_ipv6, setup_v6, teardown),
	};
	struct addr addr;
	int probe = bind_peer("::1", &addr), failed;

	failed = cmocka_run_group_tests(tests, test_start_srtp, NULL);
	if (probe < 0) {
		print_message("no IPv6 here: relays_over_ipv6 was not run\n");
		return failed;
	}
	close(probe);
	return failed + cmocka_run_group_tests(tests_v6, test_start_srtp, NULL);
}
