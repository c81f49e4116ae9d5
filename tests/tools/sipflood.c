/*
 * A flood of SIP over UDP, as a far end sends that has gone mad: many requests of one kind, each in a
 * transaction and a dialog of its own, as fast as they are answered.
 *
 *   sipflood [-n COUNT] [-a] KIND ADDRESS PORT
 *
 * KIND: invite, options, register, bye, cancel, a method that nobody knows (unknown), INVITEs with a wrong password
 * for the nonce that came first (password), or bytes that are no SIP (garbage). -a: refusals of INVITEs are acknowledged. At most WINDOW are on their way without an answer, so that
 * they are seen and not lost in a buffer; where no answer comes for a while, the next ones follow. Garbage is not
 * answered, and waits for nothing.
 *
 * Prints what was sent and what came back first to each, by status, as JSON. Exit 2: usage; 1: a socket.
 */
#include "flood_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW 64
#define QUIET_MS 500 /* without an answer: nothing more comes of those that were sent */

struct sender {
	struct flood flood;
	struct sockaddr_in remote;
	int fd;
};

static void send_text(const struct sender *sender, const char *text, int len)
{
	(void)sendto(sender->fd, text, (size_t)len, 0,
		(const struct sockaddr *)&sender->remote, sizeof(sender->remote));
}

/* Reads what has come; waits for it MS at most. False: nothing came. */
static bool receive(struct sender *sender, int ms)
{
	struct pollfd poll_fd = {.fd = sender->fd, .events = POLLIN};
	char answer[4096], ack[FLOOD_REQUEST_SIZE];
	int len;
	ssize_t n;
	bool any = false;

	if (poll(&poll_fd, 1, ms) <= 0)
		return false;
	while ((n = recv(sender->fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)) > 0) {
		answer[n] = '\0';
		len = flood_take(&sender->flood, answer, ack);
		if (len)
			send_text(sender, ack, len);
		any = true;
	}
	return any;
}

static void run(struct sender *sender)
{
	struct flood *flood = &sender->flood;
	unsigned settled =
		0; /* of those that were sent: answered, or no more waited for */
	char request[FLOOD_REQUEST_SIZE];

	while (flood->sent < flood->count) {
		send_text(sender, request, flood_write(flood, flood->sent, request));
		flood->sent++;
		(void)receive(sender, 0);
		if (settled < flood->answered)
			settled = flood->answered;
		while (flood->kind->method && flood->sent - settled >= WINDOW) {
			const unsigned before = flood->answered;

			if (receive(sender, QUIET_MS))
				settled += flood->answered - before;
			else
				settled = flood->sent;
			if (settled > flood->sent)
				settled = flood->sent;
		}
	}
	while (flood->answered < flood->sent && receive(sender, QUIET_MS))
		;
}

static int open_socket(struct sender *sender)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(local);
	const int room = 4 << 20;

	sender->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sender->fd < 0 ||
		bind(sender->fd, (struct sockaddr *)&local, sizeof(local)) ||
		getsockname(sender->fd, (struct sockaddr *)&local, &len))
		return -1;
	(void)setsockopt(sender->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	sender->flood.port = ntohs(local.sin_port);
	return 0;
}

static bool read_arguments(struct sender *sender, int argc, char **argv)
{
	struct flood *flood = &sender->flood;
	int option;

	while ((option = getopt(argc, argv, "n:a")) >= 0) {
		if (option == 'n')
			flood->count = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'a')
			flood->acks = true;
		else
			return false;
	}
	if (argc - optind != 3 || !flood->count)
		return false;
	flood->kind = flood_kind(argv[optind]);
	sender->remote.sin_family = AF_INET;
	sender->remote.sin_port = htons((uint16_t)strtoul(argv[optind + 2], NULL, 10));
	return flood->kind &&
	       inet_pton(AF_INET, argv[optind + 1], &sender->remote.sin_addr) == 1;
}

int main(int argc, char **argv)
{
	struct sender sender = {.flood = {.count = 1000, .transport = "UDP"}, .fd = -1};

	if (!read_arguments(&sender, argc, argv)) {
		fprintf(stderr, "usage: sipflood [-n COUNT] [-a] KIND ADDRESS PORT\n");
		return 2;
	}
	sender.flood.seen = calloc(sender.flood.count, 1);
	if (!sender.flood.seen || open_socket(&sender)) {
		perror("sipflood");
		return 1;
	}
	run(&sender);
	printf("{");
	flood_print(&sender.flood);
	printf("}\n");
	close(sender.fd);
	free(sender.flood.seen);
	return 0;
}
