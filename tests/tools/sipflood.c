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
#define STATUSES 700

static const struct kind {
	const char *name, *method;
	bool to_tag;
} kinds[] = {
	{"invite", "INVITE", false},
	{"options", "OPTIONS", false},
	{"register", "REGISTER", false},
	{"bye", "BYE", true},
	{"cancel", "CANCEL", false},
	{"unknown", "FROBNICATE", false},
	{"password", "INVITE", false},
	{"garbage", NULL, false},
};

struct flood {
	const struct kind *kind;
	struct sockaddr_in remote;
	unsigned count;
	bool acks;
	int fd;
	uint16_t port;
	unsigned sent, answered;
	unsigned char *seen; /* whether the nth was answered */
	unsigned statuses[STATUSES];
	char realm[128], nonce[256]; /* password: of the first challenge; "": none yet */
};

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\n"
			  "c=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n";

static int write_request(const struct flood *flood, unsigned nth, char *buf, size_t size)
{
	const struct kind *kind = flood->kind;
	const bool invite = !strcmp(kind->name, "invite");
	char proof[1024] = "";

	if (flood->nonce[0])
		snprintf(proof, sizeof(proof),
			"Authorization: Digest username=\"flood\", realm=\"%s\", "
			"nonce=\"%s\", "
			"uri=\"sip:+4930100@127.0.0.1\", algorithm=SHA-256, qop=auth, "
			"cnonce=\"c\", "
			"nc=%08x, response=\"%064x\"\r\n",
			flood->realm, flood->nonce, nth + 1, nth);
	if (!kind->method) {
		for (unsigned i = 0; i < 200; i++)
			buf[i] = (char)(nth * 2654435761U >> (i % 24));
		return 200;
	}
	return snprintf(buf, size,
		"%s sip:+4930100@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%u-%u;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:flood@127.0.0.1>;tag=f%u\r\n"
		"To: <sip:+4930100@127.0.0.1>%s\r\nCall-ID: %u.%u\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:flood@127.0.0.1:%u>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		kind->method, flood->port, flood->port, nth, nth,
		kind->to_tag ? ";tag=nobody" : "", flood->port, nth, kind->method,
		flood->port, proof, invite ? "Content-Type: application/sdp\r\n" : "",
		invite ? strlen(sdp) : 0, invite ? sdp : "");
}

static void send_text(const struct flood *flood, const char *text, int len)
{
	(void)sendto(flood->fd, text, (size_t)len, 0,
		(const struct sockaddr *)&flood->remote, sizeof(flood->remote));
}

/* Of the header NAME in ANSWER, whole. */
static int copy_line(const char *answer, const char *name, char *ret, size_t size)
{
	const char *at = strstr(answer, name);
	const char *end = at ? strstr(at + 2, "\r\n") : NULL;

	return end ? snprintf(ret, size, "%.*s", (int)(end - at), at) : 0;
}

static void acknowledge(const struct flood *flood, unsigned nth, const char *answer)
{
	char to[512], ack[1400];
	int len;

	if (!copy_line(answer, "\r\nTo:", to, sizeof(to)))
		return;
	len = snprintf(ack, sizeof(ack),
		"ACK sip:+4930100@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%u-%u;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:flood@127.0.0.1>;tag=f%u%s\r\n"
		"Call-ID: %u.%u\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
		flood->port, flood->port, nth, nth, to, flood->port, nth);
	send_text(flood, ack, len);
}

/* The value of NAME="..." in ANSWER. */
static void copy_value(const char *answer, const char *name, char *ret, size_t size)
{
	const char *at = strstr(answer, name);

	if (at)
		snprintf(ret, size, "%.*s", (int)strcspn(at + strlen(name), "\""),
			at + strlen(name));
}

static void take_answer(struct flood *flood, const char *answer)
{
	const char *call_id = strstr(answer, "\r\nCall-ID: ");
	const char *dot = call_id ? strchr(call_id, '.') : NULL;
	const unsigned nth = dot ? (unsigned)strtoul(dot + 1, NULL, 10) : flood->count;
	const int status =
		!strncmp(answer, "SIP/2.0 ", 8) ? (int)strtol(answer + 8, NULL, 10) : 0;

	if (nth >= flood->count || status < 200 || status >= STATUSES)
		return;
	if (flood->acks && !strcmp(flood->kind->name, "invite"))
		acknowledge(flood, nth, answer);
	if (!strcmp(flood->kind->name, "password") && !flood->nonce[0]) {
		copy_value(answer, "realm=\"", flood->realm, sizeof(flood->realm));
		copy_value(answer, "nonce=\"", flood->nonce, sizeof(flood->nonce));
	}
	if (flood->seen[nth])
		return;
	flood->seen[nth] = 1;
	flood->statuses[status]++;
	flood->answered++;
}

/* Reads what has come; waits for it MS at most. False: nothing came. */
static bool receive(struct flood *flood, int ms)
{
	struct pollfd poll_fd = {.fd = flood->fd, .events = POLLIN};
	char answer[4096];
	ssize_t n;
	bool any = false;

	if (poll(&poll_fd, 1, ms) <= 0)
		return false;
	while ((n = recv(flood->fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)) > 0) {
		answer[n] = '\0';
		take_answer(flood, answer);
		any = true;
	}
	return any;
}

static void run(struct flood *flood)
{
	unsigned settled =
		0; /* of those that were sent: answered, or no more waited for */
	char request[2048];

	while (flood->sent < flood->count) {
		send_text(flood, request,
			write_request(flood, flood->sent, request, sizeof(request)));
		flood->sent++;
		(void)receive(flood, 0);
		if (settled < flood->answered)
			settled = flood->answered;
		while (flood->kind->method && flood->sent - settled >= WINDOW) {
			const unsigned before = flood->answered;

			if (receive(flood, QUIET_MS))
				settled += flood->answered - before;
			else
				settled = flood->sent;
			if (settled > flood->sent)
				settled = flood->sent;
		}
	}
	while (flood->answered < flood->sent && receive(flood, QUIET_MS))
		;
}

static int open_socket(struct flood *flood)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(local);
	const int room = 4 << 20;

	flood->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (flood->fd < 0 || bind(flood->fd, (struct sockaddr *)&local, sizeof(local)) ||
		getsockname(flood->fd, (struct sockaddr *)&local, &len))
		return -1;
	(void)setsockopt(flood->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	flood->port = ntohs(local.sin_port);
	return 0;
}

static bool read_arguments(struct flood *flood, int argc, char **argv)
{
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
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[optind]))
			flood->kind = &kinds[i];
	flood->remote.sin_family = AF_INET;
	flood->remote.sin_port = htons((uint16_t)strtoul(argv[optind + 2], NULL, 10));
	return flood->kind &&
	       inet_pton(AF_INET, argv[optind + 1], &flood->remote.sin_addr) == 1;
}

int main(int argc, char **argv)
{
	struct flood flood = {.count = 1000, .fd = -1};
	const char *separator = "";

	if (!read_arguments(&flood, argc, argv)) {
		fprintf(stderr, "usage: sipflood [-n COUNT] [-a] KIND ADDRESS PORT\n");
		return 2;
	}
	flood.seen = calloc(flood.count, 1);
	if (!flood.seen || open_socket(&flood)) {
		perror("sipflood");
		return 1;
	}
	run(&flood);
	printf("{\"sent\": %u, \"answered\": %u, \"by_status\": {", flood.sent,
		flood.answered);
	for (unsigned i = 0; i < STATUSES; i++) {
		if (!flood.statuses[i])
			continue;
		printf("%s\"%u\": %u", separator, i, flood.statuses[i]);
		separator = ", ";
	}
	printf("}}\n");
	close(flood.fd);
	free(flood.seen);
	return 0;
}
