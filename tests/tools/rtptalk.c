/*
 * The media of one call through a server: both of its far ends, and a bad network between
 * each of them and the server.
 *
 *   rtptalk [-n PACKETS] [-r RATE] [-q SEQ] [-s SEED] [-l LOSS] [-d DOUBLING] [-j DELAY]
 *           [-x BAD] END END
 *   a|b reset|keep CRYPTO
 *   stop
 *
 * END is "LOCAL,REMOTE" (ports of 127.0.0.1), or with SRTP "LOCAL,REMOTE,SEAL,OPEN", where
 * SEAL and OPEN are values of a=crypto. Each end sends PACKETS (1000), numbered from SEQ (0),
 * RATE a second; without RATE as fast as they arrive. LOSS, DOUBLING and DELAY are chances
 * in a thousand, each way between each end and the server; SEED makes another network.
 * BAD: packets that must not arrive, for each that must: bad tags, replays, all lengths, STUN
 * and DTLS, all of them from where the good ones come from.
 *
 * A line on standard input gives one end another key to seal with (CRYPTO may be the same as
 * before), whose roll-over counter begins at 0 or goes on. With "stop" no more is sent.
 *
 * Prints what was sent, lost on the way and received, as JSON. Exit 2: usage; 1: a socket.
 */
#include "base/clock.h"
#include "media/srtp.h"
#include "media/srtp_engine.h"
#include "network.h"
#include "sdp/sdes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 12
#define PAYLOAD 160
#define ROOM 4096
/* Packets on their way through the server: fewer than the kernel queues for one socket. */
#define WINDOW 48
#define LENGTH_MAX 2000
/* What has not come for so long does not come any more. */
#define PATIENCE_US 300000
#define END_PATIENCE_US 2000000

struct packet {
	_Alignas(8) uint8_t data[ROOM];
	size_t len;
};

struct end {
	int fd;
	struct sockaddr_in remote;
	struct srtp_context *seal, *open; /* NULL: RTP */
	struct network up, down;
	struct talk *talk;
	struct packet old; /* one that was sent before, sealed */
	bool *seen;        /* by index of the other end's packets */
	bool heard;        /* SSRC is that of what comes */
	uint8_t ssrc[4];
	uint64_t bad_sent;
	uint64_t received, duplicates, wrong, strays;
	uint64_t
		missing; /* that the server had, and that did not come out for too long */
};

struct talk {
	struct end end[2];
	uint64_t count, rate, bad;
	uint16_t first_seq;
	uint64_t next; /* index of the next packet of each end */
	bool input_ended;
	uint64_t start_us, progress_us;
};

static uint64_t now_us(void)
{
	return clock_real()->mono_us(clock_real());
}

static unsigned number_of(const struct end *end)
{
	return end == &end->talk->end[1];
}

static struct end *other_of(struct end *end)
{
	return &end->talk->end[!number_of(end)];
}

/* Packets */

static void put(uint8_t *p, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static void make_packet(
	const struct talk *talk, unsigned number, uint64_t index, struct packet *packet)
{
	put(packet->data, 4, 0x80080000 | (uint16_t)(talk->first_seq + index));
	put(packet->data + 4, 4, index * PAYLOAD);
	put(packet->data + 8, 4, 0x70000000 + number);
	put(packet->data + HEADER, 8, index);
	for (unsigned i = 8; i < PAYLOAD; i++)
		packet->data[HEADER + i] = (uint8_t)(index + i);
	packet->len = HEADER + PAYLOAD;
}

static uint64_t index_of(const struct packet *packet)
{
	uint64_t index = 0;

	for (unsigned i = 0; i < 8; i++)
		index = index << 8 | packet->data[HEADER + i];
	return index;
}

static void transmit(struct end *end, const uint8_t *data, size_t len)
{
	while (sendto(end->fd, data, len, 0, (const struct sockaddr *)&end->remote,
		       sizeof(end->remote)) < 0)
		/* An ICMP error of an earlier one is told once. */
		if (errno != EINTR && errno != ECONNREFUSED) {
			perror("sendto");
			exit(1);
		}
}

static void on_up(void *arg, const uint8_t *data, size_t len)
{
	transmit(arg, data, len);
}

/* Whether PACKET is EXPECTED, under one and the same SSRC of the server's. */
static bool is_same(
	struct end *end, const struct packet *packet, const struct packet *expected)
{
	const size_t ssrc = 8;

	if (!end->heard)
		memcpy(end->ssrc, packet->data + ssrc, sizeof(end->ssrc));
	end->heard = true;
	return memcmp(packet->data, expected->data, ssrc) == 0 &&
	       memcmp(packet->data + ssrc, end->ssrc, sizeof(end->ssrc)) == 0 &&
	       memcmp(end->ssrc, expected->data + ssrc, sizeof(end->ssrc)) != 0 &&
	       memcmp(packet->data + HEADER, expected->data + HEADER,
		       expected->len - HEADER) == 0;
}

/* What the far end of the way makes of what came. */
static void on_down(void *arg, const uint8_t *data, size_t len)
{
	struct end *end = arg;
	struct packet packet = {.len = len}, expected;
	uint64_t index;
	int err = 0;

	memcpy(packet.data, data, len);
	if (end->open)
		err = srtp_context_open(end->open, false, packet.data, &packet.len);
	if (err == ERR_REPLAY) {
		end->duplicates++;
		return;
	}
	index = err == 0 && packet.len == HEADER + PAYLOAD ? index_of(&packet)
							   : UINT64_MAX;
	if (index < end->talk->next)
		make_packet(end->talk, !number_of(end), index, &expected);
	if (index >= end->talk->next || !is_same(end, &packet, &expected))
		end->wrong++;
	else if (end->seen[index])
		end->duplicates++;
	else
		end->received++;
	if (index < end->talk->next)
		end->seen[index] = true;
}

/* The NTH packet that must go nowhere. From where RTP without SRTP comes anything with its
 * version is taken, so there it has another. */
static void send_bad(struct end *end, const struct packet *good, uint64_t nth)
{
	static const uint8_t firsts[] = {0 /* STUN */, 22 /* DTLS */, 64, 255};
	struct packet bad = *good;

	switch (end->seal ? nth % 6 : 4 + nth % 2) {
	case 0: /* a bad tag */
		bad.data[bad.len - 1] ^= 1;
		break;
	case 1: /* of another SSRC, whose packets nobody sealed */
		put(bad.data + 8, 4, nth);
		break;
	case 2: /* somewhere else in the sequence */
		put(bad.data + 2, 2, nth * 977);
		break;
	case 3: /* a replay; before there is an old one, an empty packet */
		bad = end->old;
		break;
	case 4:
		memset(bad.data, 0x5a, sizeof(bad.data));
		bad.data[0] = end->seal ? 0x80 : 0x40;
		bad.len = nth / 2 % (LENGTH_MAX + 1);
		break;
	default:
		bad.data[0] = firsts[nth / 6 % sizeof(firsts)];
		break;
	}
	transmit(end, bad.data, bad.len);
	end->bad_sent++;
}

static void send_next(struct end *end)
{
	struct talk *talk = end->talk;
	struct packet packet;

	make_packet(talk, number_of(end), talk->next, &packet);
	if (end->seal &&
		srtp_context_seal(end->seal, false, packet.data, &packet.len) != 0) {
		fputs("rtptalk: cannot seal\n", stderr);
		exit(1);
	}
	network_put(&end->up, packet.data, packet.len, on_up, end);
	for (uint64_t i = 0; i < talk->bad; i++)
		send_bad(end, &packet, talk->next * talk->bad + i);
	if (talk->next % 50 == 0)
		end->old = packet;
}

static void receive(struct end *end)
{
	struct sockaddr_in source;
	socklen_t source_len = sizeof(source);
	uint8_t data[NETWORK_PACKET_MAX];
	ssize_t len;

	while ((len = recvfrom(end->fd, data, sizeof(data), MSG_DONTWAIT,
			(struct sockaddr *)&source, &source_len)) >= 0) {
		if (source.sin_port != end->remote.sin_port ||
			source.sin_addr.s_addr != end->remote.sin_addr.s_addr) {
			end->strays++;
			continue;
		}
		end->talk->progress_us = now_us();
		network_put(&end->down, data, (size_t)len, on_down, end);
	}
}

/* The talk */

/* Packets of END that the server has, or has not let out. */
static int64_t on_the_way(struct end *end)
{
	const struct network *up = &end->up;

	return (int64_t)(up->out - up->doubled - end->missing - other_of(end)->down.in);
}

static bool is_idle(const struct talk *talk, uint64_t patience_us)
{
	return now_us() - talk->progress_us >= patience_us;
}

static void give_up_missing(struct talk *talk)
{
	for (unsigned i = 0; i < 2; i++) {
		int64_t missing = on_the_way(&talk->end[i]);

		if (missing > 0)
			talk->end[i].missing += (uint64_t)missing;
	}
	talk->progress_us = now_us();
}

static bool may_send(struct talk *talk)
{
	int64_t window = WINDOW / (int64_t)(talk->bad + 1) + 1;

	if (talk->next == talk->count)
		return false;
	if (talk->rate && now_us() - talk->start_us < talk->next * 1000000 / talk->rate)
		return false;
	if (on_the_way(&talk->end[0]) < window && on_the_way(&talk->end[1]) < window)
		return true;
	if (is_idle(talk, PATIENCE_US))
		give_up_missing(talk);
	return false;
}

static bool is_over(struct talk *talk)
{
	if (talk->next < talk->count)
		return false;
	return is_idle(talk, END_PATIENCE_US) ||
	       (on_the_way(&talk->end[0]) <= 0 && on_the_way(&talk->end[1]) <= 0);
}

static bool make_context(
	struct srtp_context **ret, struct span text, enum srtp_direction direction)
{
	struct sdes_crypto crypto;
	struct relay_key key = {0};

	if (sdes_parse(&crypto, text, NULL))
		return false;
	key.suite = (enum relay_suite)crypto.suite;
	key.key = crypto.key;
	return srtp_context_new(ret, &key, direction) == 0;
}

static bool change_key(struct talk *talk, struct span line)
{
	struct span name, how;
	struct srtp_context *seal = NULL;
	struct end *end;

	if (!span_next(&line, ' ', &name) || !span_next(&line, ' ', &how) ||
		!make_context(&seal, span_trim(line), SRTP_SEAL))
		return false;
	end = &talk->end[span_equal_str(name, "b")];
	if (end->seal)
		srtp_context_follow(seal, end->seal, span_equal_str(how, "keep"));
	srtp_context_free(end->seal);
	end->seal = seal;
	return true;
}

static void read_input(struct talk *talk)
{
	char line[512];

	if (!fgets(line, sizeof(line), stdin)) {
		talk->input_ended = true;
	} else if (strcmp(line, "stop\n") == 0) {
		talk->count = talk->next;
		talk->progress_us = now_us();
	} else if (!change_key(
			   talk, span_trim((struct span){line, strcspn(line, "\n")}))) {
		fputs("rtptalk: no line that is understood\n", stderr);
		exit(2);
	}
}

static void run(struct talk *talk)
{
	struct pollfd fds[3] = {{.fd = talk->end[0].fd, .events = POLLIN},
		{.fd = talk->end[1].fd, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN}};

	setvbuf(stdin, NULL, _IONBF, 0);
	talk->start_us = talk->progress_us = now_us();
	while (!is_over(talk)) {
		bool sends = may_send(talk);

		for (unsigned i = 0; sends && i < 2; i++)
			send_next(&talk->end[i]);
		talk->next += sends;
		if (sends && talk->next == talk->count) {
			talk->progress_us = now_us();
			for (unsigned i = 0; i < 2; i++)
				network_flush(&talk->end[i].up, on_up, &talk->end[i]);
		}
		poll(fds, talk->input_ended ? 2 : 3, sends ? 0 : 1);
		if (!talk->input_ended && fds[2].revents)
			read_input(talk);
		for (unsigned i = 0; i < 2; i++)
			receive(&talk->end[i]);
	}
	give_up_missing(talk);
	for (unsigned i = 0; i < 2; i++)
		network_flush(&talk->end[i].down, on_down, &talk->end[i]);
}

/* Starting and telling */

static bool open_socket(struct end *end, struct span local, struct span remote)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint64_t local_port, remote_port;

	if (span_uint(local, UINT16_MAX, &local_port) ||
		span_uint(remote, UINT16_MAX, &remote_port))
		return false;
	end->remote = address;
	end->remote.sin_port = htons((uint16_t)remote_port);
	address.sin_port = htons((uint16_t)local_port);
	end->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (end->fd < 0 ||
		bind(end->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("rtptalk: bind");
		exit(1);
	}
	return true;
}

static bool read_end(struct end *end, const char *text)
{
	struct span rest = span_of(text), part[4] = {{NULL, 0}};
	unsigned count = 0;

	while (count < 4 && span_next(&rest, ',', &part[count]))
		count++;
	if (!open_socket(end, part[0], part[1]))
		return false;
	return count == 2 ||
	       (count == 4 && make_context(&end->seal, part[2], SRTP_SEAL) &&
		       make_context(&end->open, part[3], SRTP_OPEN));
}

static void tell_network(const char *name, const struct network *network)
{
	printf("\"%s\": {\"in\": %llu, \"lost\": %llu, \"doubled\": %llu, \"delayed\": "
	       "%llu, "
	       "\"out\": %llu}, ",
		name, (unsigned long long)network->in, (unsigned long long)network->lost,
		(unsigned long long)network->doubled,
		(unsigned long long)network->delayed, (unsigned long long)network->out);
}

static void tell(const char *name, const struct end *end)
{
	printf("\"%s\": {", name);
	tell_network("up", &end->up);
	tell_network("down", &end->down);
	printf("\"bad_sent\": %llu, \"received\": %llu, \"duplicates\": %llu, "
	       "\"wrong\": %llu, \"strays\": %llu, \"missing\": %llu}",
		(unsigned long long)end->bad_sent, (unsigned long long)end->received,
		(unsigned long long)end->duplicates, (unsigned long long)end->wrong,
		(unsigned long long)end->strays, (unsigned long long)end->missing);
}

static int usage(void)
{
	fputs("usage: rtptalk [-n packets] [-r rate] [-q seq] [-s seed] [-l loss] [-d "
	      "doubling]\n"
	      "               [-j delay] [-x bad] local,remote[,seal,open] "
	      "local,remote[,seal,open]\n",
		stderr);
	return 2;
}

struct options {
	struct network_params network;
	uint64_t seed;
};

static bool read_option(
	struct talk *talk, struct options *options, int option, uint64_t value)
{
	switch (option) {
	case 'n':
		talk->count = value;
		break;
	case 'r':
		talk->rate = value;
		break;
	case 'q':
		talk->first_seq = (uint16_t)value;
		break;
	case 's':
		options->seed = value;
		break;
	case 'l':
		options->network.loss = (unsigned)value;
		break;
	case 'd':
		options->network.doubling = (unsigned)value;
		break;
	case 'j':
		options->network.delay = (unsigned)value;
		break;
	case 'x':
		talk->bad = value;
		break;
	default:
		return false;
	}
	return true;
}

static bool open_end(struct talk *talk, unsigned number, const struct options *options,
	const char *text)
{
	struct end *end = &talk->end[number];
	uint64_t seed = options->seed * 4 + 2 * number;

	end->talk = talk;
	end->seen = calloc(talk->count + 1, sizeof(*end->seen));
	network_init(&end->up, &options->network, seed);
	network_init(&end->down, &options->network, seed + 1);
	return end->seen && read_end(end, text);
}

static void close_end(struct end *end)
{
	srtp_context_free(end->seal);
	srtp_context_free(end->open);
	free(end->seen);
	close(end->fd);
}

int main(int argc, char **argv)
{
	static struct talk talk = {.count = 1000};
	struct options options = {.seed = 1};
	int option;

	while ((option = getopt(argc, argv, "n:r:q:s:l:d:j:x:")) != -1)
		if (!read_option(&talk, &options, option,
			    optarg ? strtoull(optarg, NULL, 10) : 0))
			return usage();
	if (argc - optind != 2 || srtp_library_start(&srtp_engine_nettle, NULL) != 0)
		return usage();
	for (unsigned i = 0; i < 2; i++)
		if (!open_end(&talk, i, &options, argv[optind + (int)i]))
			return usage();
	run(&talk);
	putchar('{');
	tell("a", &talk.end[0]);
	printf(", ");
	tell("b", &talk.end[1]);
	printf("}\n");
	close_end(&talk.end[0]);
	close_end(&talk.end[1]);
	return 0;
}
