/*
 * Sprays what looks like media over a range of ports, from an address that no SDP names.
 *
 *   rtpspray [-b SOURCE] [-n PACKETS] [-r RATE] ADDRESS FIRST LAST
 *
 * RTP, RTCP, STUN, DTLS and all lengths from 0 to 2,000, in turn over all ports from FIRST to
 * LAST; PACKETS (100,000) of them, RATE a second (as fast as it can), and then on until its
 * standard input ends. Prints how many it sent, and how many came back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LENGTH_MAX 2000
/* Looked at once in so many packets. */
#define BATCH 64

struct spray {
	int fd;
	struct sockaddr_in to;
	unsigned first, last;
	uint64_t count, rate;
	uint64_t sent, came_back;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The length of packet NTH, in DATA of LENGTH_MAX bytes. */
static size_t make(uint64_t nth, uint8_t *data)
{
	size_t len = 172;

	memset(data, 0, 64);
	data[0] = 0x80;
	data[1] = 8;
	data[2] = (uint8_t)(nth >> 8);
	data[3] = (uint8_t)nth;
	data[11] = 1;
	switch (nth % 5) {
	case 0: /* RTP, PCMA */
		break;
	case 1: /* RTCP, an empty receiver report */
		data[1] = 201;
		data[2] = 0;
		data[3] = 1;
		len = 8;
		break;
	case 2: /* STUN, a binding request */
		memcpy(data, "\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
		len = 20;
		break;
	case 3: /* DTLS, a handshake record */
		memcpy(data, "\x16\xfe\xfd", 3);
		break;
	default:
		len = nth / 5 % (LENGTH_MAX + 1);
		break;
	}
	return len;
}

static void send_batch(struct spray *spray)
{
	static uint8_t data[LENGTH_MAX];

	for (unsigned i = 0; i < BATCH; i++) {
		unsigned ports = spray->last - spray->first + 1;
		size_t len = make(spray->sent / ports, data);

		spray->to.sin_port =
			htons((uint16_t)(spray->first + spray->sent % ports));
		if (sendto(spray->fd, data, len, 0, (const struct sockaddr *)&spray->to,
			    sizeof(spray->to)) < 0 &&
			errno != ECONNREFUSED && errno != EINTR) {
			perror("rtpspray: sendto");
			exit(1);
		}
		spray->sent++;
	}
	while (recv(spray->fd, data, sizeof(data), MSG_DONTWAIT) >= 0)
		spray->came_back++;
}

/* Waits for at most TIMEOUT_MS. */
static bool input_ended(int timeout_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char byte;

	return poll(&input, 1, timeout_ms) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static void run(struct spray *spray)
{
	uint64_t start_us = now_us();
	bool ended = false;

	while (!ended || spray->sent < spray->count) {
		bool early = spray->rate &&
			     now_us() - start_us < spray->sent * 1000000 / spray->rate;

		if (!ended)
			ended = input_ended(early ? 1 : 0);
		else if (early)
			poll(NULL, 0, 1);
		if (!early)
			send_batch(spray);
	}
}

static int usage(void)
{
	fputs("usage: rtpspray [-b source] [-n packets] [-r rate] address first last\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct spray spray = {.count = 100000, .to.sin_family = AF_INET};
	struct sockaddr_in source = {.sin_family = AF_INET};
	const char *text = "127.0.0.9";
	int option;

	while ((option = getopt(argc, argv, "b:n:r:")) != -1)
		switch (option) {
		case 'b':
			text = optarg;
			break;
		case 'n':
			spray.count = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			spray.rate = strtoull(optarg, NULL, 10);
			break;
		default:
			return usage();
		}
	if (argc - optind != 3 || inet_pton(AF_INET, text, &source.sin_addr) != 1 ||
		inet_pton(AF_INET, argv[optind], &spray.to.sin_addr) != 1)
		return usage();
	spray.first = (unsigned)strtoul(argv[optind + 1], NULL, 10);
	spray.last = (unsigned)strtoul(argv[optind + 2], NULL, 10);
	spray.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (spray.first > spray.last || spray.fd < 0 ||
		bind(spray.fd, (const struct sockaddr *)&source, sizeof(source)) < 0) {
		perror("rtpspray: bind");
		return 1;
	}
	run(&spray);
	printf("{\"sent\": %llu, \"came_back\": %llu}\n", (unsigned long long)spray.sent,
		(unsigned long long)spray.came_back);
	close(spray.fd);
	return 0;
}
