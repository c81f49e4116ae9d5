/*
 * A relay end to end: real sockets on loopback, real workers, with each back end that this
 * machine allows. Included by one test program each, which sets PORT_MIN.
 */
#pragma once

#include "media/io.h"
#include "media_test.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define PORT_MAX (PORT_MIN + 999)
#define CALL 4711
/* Not the default, nor 0. */
#define DSCP 34
/* Another local address that the relay knows. */
#define MORE_HOST "127.0.0.2"

struct silence {
	unsigned count;
	uint64_t call;
	enum relay_end end;
};

/* A relay with one call of one stream, and the sockets of the peers at both ends. */
struct fixture {
	struct loop *loop;
	struct relay *relay;
	struct relay_session *session;
	struct tap tap;
	sem_t stalled, resume; /* for the tap that stalls a worker */
	struct silence silence;
	unsigned latched_count, digit_count;
	struct relay_latched latched; /* the latest */
	struct relay_digit digit;
	struct addr host; /* ours, for both ends */
	int peer[2][2];   /* by end; RTP, RTCP */
	struct addr peer_addr[2][2];
	struct addr local[2][2];
	struct relay_remote remote[2];
	struct srtp_context *seal[2]; /* the far ends' ends */
	struct srtp_context *open[2];
};

/* Each test runs with each back end that this machine allows. */
static enum relay_io back_end;

static inline uint64_t now_ms(void)
{
	return clock_real()->mono_us(clock_real()) / 1000;
}

static inline int bind_peer(const char *host, struct addr *ret_addr)
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

static inline void on_silence(void *arg, uint64_t call, enum relay_end end)
{
	struct silence *silence = &((struct fixture *)arg)->silence;

	silence->count++;
	silence->call = call;
	silence->end = end;
}

static inline void on_latched(void *arg, const struct relay_latched *latched)
{
	struct fixture *f = arg;

	f->latched_count++;
	f->latched = *latched;
}

static inline void on_digit(void *arg, const struct relay_digit *digit)
{
	struct fixture *f = arg;

	f->digit_count++;
	f->digit = *digit;
}

/* A ring's sockets outlive it for a while: waits until the ports of the relay before are free. */
static inline void wait_for_ports(const char *host)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct addr addr = test_addr(host);
	unsigned port = PORT_MIN;

	while (port <= PORT_MAX && now_ms() < deadline) {
		int fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		addr_set_port(&addr, (uint16_t)port);
		if (bind(fd, &addr.sa, addr.len) == 0)
			port++;
		close(fd);
	}
	assert_int_equal(port, PORT_MAX + 1);
}

static inline void start_relay(struct fixture *f, const char *host, const struct tap *tap)
{
	struct err_text text = {""};
	const struct addr addresses[] = {
		test_addr(host), test_addr(host), test_addr(MORE_HOST)};
	const struct relay_params params = {
		.loop = f->loop,
		.io = back_end,
		.workers = 2,
		.addresses = addresses,
		.address_count = 3,
		.dscp = DSCP,
		.port_min = PORT_MIN,
		.port_max = PORT_MAX,
		.quarantine_ms = 1,
		.tap = tap,
		.handlers = {.timeout_h = on_silence,
			.latched_h = on_latched,
			.digit_h = on_digit,
			.arg = f},
	};

	f->host = addresses[0];
	wait_for_ports(host);
	if (relay_new(&f->relay, &params, &text) != 0)
		fail_msg("%s", text.text);
}

static inline void add_stream(struct fixture *f)
{
	assert_int_equal(relay_stream_add(f->session, 0), 0);
	for (enum relay_end end = 0; end < 2; end++) {
		relay_stream_local(f->session, 0, end, &f->local[end][0]);
		f->local[end][1] = f->local[end][0];
		addr_set_port(
			&f->local[end][1], (uint16_t)(addr_port(&f->local[end][0]) + 1));
	}
}

static inline void open_call(struct fixture *f, bool tap)
{
	const struct relay_open open = {.call = CALL,
		.id = "5f3c-000001",
		.tap = tap,
		.address = {f->host, f->host}};

	assert_int_equal(relay_open(f->relay, &f->session, &open), 0);
	add_stream(f);
}

static inline int setup_host(void **state, const char *host)
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

static inline int setup(void **state)
{
	return setup_host(state, "127.0.0.1");
}

static inline void drop_contexts(struct fixture *f)
{
	for (unsigned end = 0; end < 2; end++) {
		srtp_context_free(f->seal[end]);
		srtp_context_free(f->open[end]);
		f->seal[end] = NULL;
		f->open[end] = NULL;
	}
}

static inline int teardown(void **state)
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

/* Both ends as their SDP would say it, with SUITE. */
static inline void announce(struct fixture *f, enum relay_end end, enum relay_suite suite)
{
	struct relay_remote *remote = &f->remote[end];

	*remote = (struct relay_remote){
		.rtp = f->peer_addr[end][0],
		.rtcp = f->peer_addr[end][1],
		.send = true,
		.receive = true,
		.rx = test_key(suite, (uint8_t)(1 + end)),
		.tx = test_key(suite, (uint8_t)(3 + end)),
	};
	if (suite != RELAY_PLAIN) {
		f->seal[end] = test_context(&remote->rx, SRTP_SEAL);
		f->open[end] = test_context(&remote->tx, SRTP_OPEN);
	}
	assert_int_equal(relay_stream_set(f->session, 0, end, remote), 0);
}

static inline void send_bytes(
	int fd, const struct addr *to, const struct test_packet *packet)
{
	assert_int_equal(sendto(fd, packet->data, packet->len, 0, &to->sa, to->len),
		(ssize_t)packet->len);
}

/* The peer at END seals PACKET and sends it to our port. */
static inline void peer_send(struct fixture *f, enum relay_end end, unsigned channel,
	bool rtcp, const struct test_packet *clear)
{
	struct test_packet packet = *clear;

	if (f->seal[end])
		assert_int_equal(
			srtp_context_seal(f->seal[end], rtcp, packet.data, &packet.len),
			0);
	send_bytes(f->peer[end][channel], &f->local[end][channel], &packet);
}

/* The next packet that the peer at END receives; it must be CLEAR under an SSRC of ours,
 * from our port. */
static inline void peer_expect(struct fixture *f, enum relay_end end, unsigned channel,
	bool rtcp, const struct test_packet *clear)
{
	struct pollfd ready = {.fd = f->peer[end][channel], .events = POLLIN};
	struct addr source = {.len = sizeof(source.v6)};
	struct test_packet packet;
	ssize_t len;

	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	len = recvfrom(
		ready.fd, packet.data, sizeof(packet.data), 0, &source.sa, &source.len);
	assert_true(len > 0);
	packet.len = (size_t)len;
	assert_true(addr_equal(&source, &f->local[end][channel]));
	if (f->open[end]) {
		assert_int_not_equal(packet.len, clear->len);
		assert_int_equal(
			srtp_context_open(f->open[end], rtcp, packet.data, &packet.len),
			0);
	}
	assert_int_equal(packet.len, clear->len);
	/* Its numbers are ours: test_outgoing.c. */
	if (clear->data[0] & 0x80 && !rtcp)
		assert_memory_equal(packet.data + 12, clear->data + 12, clear->len - 12);
	else if (clear->data[0] & 0x80)
		assert_true(test_same(&packet, clear));
	else
		assert_memory_equal(packet.data, clear->data, clear->len);
}

/* One RTP packet across. What was sent on the same port before has been dealt with when
 * it arrives: a barrier for the tests of what must not arrive. */
static inline void cross_rtp(struct fixture *f, enum relay_end from, uint16_t seq)
{
	struct test_packet packet;

	test_rtp(&packet, 77U + from, seq, 160);
	peer_send(f, from, 0, false, &packet);
	peer_expect(f, !from, 0, false, &packet);
}

static inline void cross_rtcp(struct fixture *f, enum relay_end from)
{
	struct test_packet packet;

	test_rtcp(&packet, 77U + from);
	peer_send(f, from, 1, true, &packet);
	peer_expect(f, !from, 1, true, &packet);
}

/* Ports that were released rest for a millisecond. */
static inline void add_rested_stream(struct relay_session *session, unsigned index)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	int err;

	do
		err = relay_stream_add(session, index);
	while (err == -EADDRNOTAVAIL && now_ms() < deadline);
	assert_int_equal(err, 0);
}

/* Packets to SESSION's stream at INDEX come to it: it refuses one of a foreign source. */
static inline void expect_heard(
	struct fixture *f, struct relay_session *session, unsigned index)
{
	struct test_packet packet = {.len = 1, .data = {0}};
	struct relay_stats stats = {0};
	uint64_t deadline = now_ms() + DEADLINE_MS;
	struct addr probe;

	relay_stream_local(session, index, RELAY_A, &probe);
	while (stats.dropped_source == 0 && now_ms() < deadline) {
		/* One that comes before the port is known is nobody's with some back ends. */
		send_bytes(f->peer[0][0], &probe, &packet);
		relay_stats(session, index, RELAY_A, &stats);
		sched_yield();
	}
	assert_true(stats.dropped_source > 0);
}

/*
 * A command may overtake packets that were sent before it: the queue and the sockets are two
 * ways to the worker. Waits until the command that just went out has been run, as a new stream
 * at INDEX 7, which commands reach in order, shows.
 */
static inline void settle(struct fixture *f)
{
	relay_stream_remove(f->session, 7);
	add_rested_stream(f->session, 7);
	expect_heard(f, f->session, 7);
}

static inline void announce_both(
	struct fixture *f, enum relay_suite internal, enum relay_suite external)
{
	announce(f, RELAY_A, internal);
	announce(f, RELAY_B, external);
	settle(f);
}

/* Waits until the counter at OFFSET of struct relay_stats is VALUE. */
static inline void expect_counter(
	struct fixture *f, enum relay_end end, size_t offset, uint64_t value)
{
	uint64_t deadline = now_ms() + DEADLINE_MS, found;
	struct relay_stats stats;

	do {
		relay_stats(f->session, 0, end, &stats);
		memcpy(&found, (const uint8_t *)&stats + offset, sizeof(found));
		sched_yield();
	} while (found != value && now_ms() < deadline);
	assert_int_equal(found, value);
}

#define EXPECT_COUNTER(f, end, name, value)                                              \
	expect_counter(f, end, offsetof(struct relay_stats, name), value)

static inline void assert_nothing_at(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* What the kernel lets this process do, asked without the code that is tested: where it does, a
 * back end that cannot be opened is a fault. */
static inline bool kernel_allows_io_uring(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static inline bool kernel_allows_steer(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
	};
	const int bytes = 4096;
	int map_fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	int raw_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	bool allowed = map_fd >= 0 && raw_fd >= 0 &&
		       setsockopt(raw_fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			       sizeof(bytes)) == 0;

	if (map_fd >= 0)
		close(map_fd);
	if (raw_fd >= 0)
		close(raw_fd);
	return allowed;
}

static inline bool kernel_allows(void)
{
	switch (back_end) {
	case RELAY_IO_URING:
		return kernel_allows_io_uring();
	case RELAY_IO_STEER:
		return kernel_allows_steer();
	default:
		return true;
	}
}

static inline bool back_end_is_allowed(void)
{
	static const char *const names[] = {
		[RELAY_IO_SOCKETS] = "sockets",
		[RELAY_IO_URING] = "io_uring",
		[RELAY_IO_STEER] = "steer",
	};
	bool allowed = kernel_allows();

	print_message(allowed ? "by %s:\n" : "%s is not allowed here\n", names[back_end]);
	return allowed;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
