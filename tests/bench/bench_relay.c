/*
 * What the relay costs: setting up and ending a call, memory a call, and CPU a packet.
 * Usage: bench_relay [CALLS [PACKETS_PER_SECOND [SECONDS [TICK_US [SUITE]]]]]
 *
 * SUITE is a number of enum relay_suite for the internal side (default 3,
 * AES_CM_128_HMAC_SHA1_80); the external side is RTP. Packets go both ways. The far ends
 * are a forked process, whose CPU does not count.
 */
#include "media/relay.h"
#include "media/srtp.h"
#include "media/srtp_engine.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD 160
#define SETUP_CALLS 2000
#define PORT_MIN 30000
#define PORT_MAX 60999
#define GENERATOR_TICK_NS 1000000

struct options {
	unsigned calls;
	unsigned pps;
	unsigned seconds;
	unsigned tick_us;
	enum relay_suite suite;
};

/* One call's far ends: addresses of both sides, and the relay's. */
struct far_end {
	struct addr peer[2];
	struct addr local[2];
};

static const size_t key_len[] = {44, 28, 46, 30, 46, 30, 0};

static void check(int err, const char *what)
{
	if (err == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err_str(err));
	exit(1);
}

static double clock_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct relay_key make_key(enum relay_suite suite, uint8_t seed)
{
	struct relay_key key = {.suite = suite};

	key.key.len = key_len[suite];
	memset(key.key.bytes, seed, key.key.len);
	return key;
}

static void transfer(int fd, void *data, size_t len, bool out)
{
	for (size_t done = 0; done < len;) {
		uint8_t *at = (uint8_t *)data + done;
		ssize_t n = out ? write(fd, at, len - done) : read(fd, at, len - done);

		if (n <= 0)
			exit(1);
		done += (size_t)n;
	}
}

/* The generator: a process of its own */

struct generator {
	const struct options *options;
	struct far_end *ends;
	int (*fd)[2];
	struct srtp_context **seal;
	uint16_t seq;
};

static void send_packet(struct generator *g, unsigned call, enum relay_side side)
{
	_Alignas(8) uint8_t data[12 + PAYLOAD + SRTP_TRAILER_MAX] = {0x80};
	const struct addr *to = &g->ends[call].local[side];
	size_t len = 12 + PAYLOAD;

	data[2] = (uint8_t)(g->seq >> 8);
	data[3] = (uint8_t)g->seq;
	data[11] = 1;
	if (side == RELAY_INTERNAL && g->options->suite != RELAY_PLAIN)
		srtp_context_seal(g->seal[call], false, data, &len);
	sendto(g->fd[call][side], data, len, 0, &to->sa, to->len);
	while (recv(g->fd[call][side], data, sizeof(data), MSG_DONTWAIT) > 0)
		;
}

/* Evenly: every millisecond the packets that are due by then. */
static uint64_t generate(struct generator *g)
{
	const struct options *o = g->options;
	uint64_t total = (uint64_t)o->pps * o->seconds, sent = 0;
	double began = clock_us(CLOCK_MONOTONIC);
	const struct timespec tick = {.tv_nsec = GENERATOR_TICK_NS};

	while (sent < total) {
		double elapsed = clock_us(CLOCK_MONOTONIC) - began;
		uint64_t due = (uint64_t)(elapsed * o->pps / 1e6);

		for (; sent < due && sent < total; sent++) {
			unsigned flow = (unsigned)(sent % (2 * o->calls));

			if (flow == 0)
				g->seq++;
			send_packet(g, flow / 2, flow % 2);
		}
		nanosleep(&tick, NULL);
	}
	return sent;
}

static void run_generator(const struct options *o, int control)
{
	struct generator g = {.options = o};
	struct relay_key key = make_key(o->suite, 1);
	uint64_t sent;

	check(srtp_library_start(&srtp_engine_nettle, NULL), "srtp");
	g.ends = calloc(o->calls, sizeof(*g.ends));
	g.fd = calloc(o->calls, sizeof(*g.fd));
	g.seal = calloc(o->calls, sizeof(struct srtp_context *));
	if (!g.ends || !g.fd || !g.seal)
		exit(1);
	for (unsigned i = 0; i < 2 * o->calls; i++) {
		struct addr *addr = &g.ends[i / 2].peer[i % 2];
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		addr_parse(addr, "127.0.0.1", 0);
		if (fd < 0 || bind(fd, &addr->sa, addr->len) != 0)
			check(-errno, "generator socket");
		getsockname(fd, &addr->sa, &addr->len);
		g.fd[i / 2][i % 2] = fd;
		if (i % 2 == 0 && o->suite != RELAY_PLAIN)
			check(srtp_context_new(&g.seal[i / 2], &key, SRTP_SEAL), "seal");
	}
	transfer(control, g.ends, o->calls * sizeof(*g.ends), true);
	transfer(control, g.ends, o->calls * sizeof(*g.ends), false);
	sent = generate(&g);
	transfer(control, &sent, sizeof(sent), true);
	exit(0);
}

/* The relay */

static void set_up(struct relay *relay, struct relay_session **ret, uint64_t call,
	const struct options *o, struct far_end *end)
{
	const struct relay_open open = {.call = call, .timeout_ms = 30000};
	struct relay_remote remote = {.send = true, .receive = true};

	check(relay_open(relay, ret, &open), "open");
	check(relay_stream_add(*ret, 0), "stream");
	for (enum relay_side side = 0; side < 2; side++) {
		bool inside = side == RELAY_INTERNAL;

		remote.rtp = end->peer[side];
		remote.rtcp = end->peer[side];
		remote.rx = make_key(inside ? o->suite : RELAY_PLAIN, 1);
		remote.tx = make_key(inside ? o->suite : RELAY_PLAIN, 2);
		check(relay_stream_set(*ret, 0, side, &remote), "set");
		relay_stream_local(*ret, 0, side, &end->local[side]);
	}
}

/* Calls begin and end one after the other, 50 of them alive. */
static void measure_setup(struct relay *relay, const struct options *o)
{
	struct relay_session *live[50] = {NULL};
	struct far_end end = {0};
	double loop = clock_us(CLOCK_THREAD_CPUTIME_ID);
	double all = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	double wall = clock_us(CLOCK_MONOTONIC);

	for (unsigned side = 0; side < 2; side++)
		addr_parse(&end.peer[side], "127.0.0.1:9", 0);
	for (unsigned i = 0; i < SETUP_CALLS; i++) {
		relay_close(live[i % 50]);
		set_up(relay, &live[i % 50], i, o, &end);
	}
	for (unsigned i = 0; i < 50; i++)
		relay_close(live[i]);
	usleep(100000); /* the workers end what is left; costs no CPU */
	printf("set-up and end of a call: %.1f us CPU, %.1f of it the loop's; %.1f us "
	       "elapsed\n",
		(clock_us(CLOCK_PROCESS_CPUTIME_ID) - all) / SETUP_CALLS,
		(clock_us(CLOCK_THREAD_CPUTIME_ID) - loop) / SETUP_CALLS,
		(clock_us(CLOCK_MONOTONIC) - wall - 100000) / SETUP_CALLS);
}

/* Packets that arrived, were relayed, and were lost to any cause, of all calls. */
static void print_packets(struct relay_session **sessions, const struct options *o,
	uint64_t sent, double cpu_us)
{
	uint64_t received = 0, relayed = 0;
	struct relay_stats stats;

	for (unsigned i = 0; i < 2 * o->calls; i++) {
		relay_stats(sessions[i / 2], 0, i % 2, &stats);
		received += stats.rx_packets;
		relayed += stats.tx_packets;
	}
	printf("%u calls, %u packets/s, tick %u us, %s to RTP: sent %llu, received %llu, "
	       "relayed %llu; %.2f us CPU a packet, %.0f %% of a core\n",
		o->calls, o->pps, o->tick_us, relay_suite_name(o->suite),
		(unsigned long long)sent, (unsigned long long)received,
		(unsigned long long)relayed, cpu_us / (double)(relayed ? relayed : 1),
		cpu_us / o->seconds / 1e4);
}

static void measure_traffic(struct relay *relay, const struct options *o, int control)
{
	struct far_end *ends = calloc(o->calls, sizeof(*ends));
	struct relay_session **sessions =
		calloc(o->calls, sizeof(struct relay_session *));
	size_t before = mallinfo2().uordblks;
	double cpu;
	uint64_t sent;

	if (!ends || !sessions)
		exit(1);
	transfer(control, ends, o->calls * sizeof(*ends), false);
	for (unsigned i = 0; i < o->calls; i++)
		set_up(relay, &sessions[i], i, o, &ends[i]);
	usleep(200000);
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	transfer(control, ends, o->calls * sizeof(*ends), true);
	transfer(control, &sent, sizeof(sent), false);
	usleep(100000); /* what is still on its way */
	cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("memory of a call: %.1f kB without the kernel's\n",
		(double)(mallinfo2().uordblks - before) / o->calls / 1024);
	print_packets(sessions, o, sent, cpu);
	for (unsigned i = 0; i < o->calls; i++)
		relay_close(sessions[i]);
	free(sessions);
	free(ends);
}

static unsigned argument(int argc, char **argv, int index, unsigned otherwise)
{
	return index < argc ? (unsigned)strtoul(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	struct options o = {
		.calls = argument(argc, argv, 1, 500),
		.pps = argument(argc, argv, 2, 20000),
		.seconds = argument(argc, argv, 3, 5),
		.tick_us = argument(argc, argv, 4, 1000),
		.suite = argument(argc, argv, 5, RELAY_AES_CM_128_HMAC_SHA1_80),
	};
	struct relay_params params = {
		.io = (enum relay_io)argument(argc, argv, 6, RELAY_IO_AUTO),
		.workers = 1,
		.tick_us = o.tick_us,
		.port_min = PORT_MIN,
		.port_max = PORT_MAX,
	};
	struct err_text text = {""};
	struct relay *relay;
	int control[2];

	if (o.suite > RELAY_PLAIN || o.calls == 0 || o.seconds == 0)
		return 2;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, control) != 0)
		return 1;
	if (fork() == 0)
		run_generator(&o, control[1]);
	close(control[1]);
	addr_parse(&params.address[0], "127.0.0.1", 0);
	addr_parse(&params.address[1], "127.0.0.1", 0);
	check(loop_new(&params.loop, clock_real()), "loop");
	if (relay_new(&relay, &params, &text) != 0) {
		fprintf(stderr, "%s\n", text.text);
		return 1;
	}
	measure_setup(relay, &o);
	measure_traffic(relay, &o, control[0]);
	relay_free(relay);
	loop_free(params.loop);
	wait(NULL);
	return 0;
}
