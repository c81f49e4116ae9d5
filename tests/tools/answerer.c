/*
 * Answers each SIP request that comes by UDP with 200, from the address that it came to: one process is as many
 * far ends as there are addresses in 127.0.0.0/8. For tests/bench/health.
 *
 *   answerer PORT     says "ready" first; ends with its standard input
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_BYTES 4096

/* A datagram, whom it is from, and which address of ours it came to. */
struct datagram {
	char data[DATAGRAM_BYTES + 1];
	size_t len;
	struct sockaddr_in from;
	struct in_pktinfo to;
};

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static int listen_at(const char *port)
{
	const struct sockaddr_in here = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)atoi(port)),
		.sin_addr = {.s_addr = INADDR_ANY}};
	const int on = 1, bytes = 4 * 1024 * 1024;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
		bind(fd, (const struct sockaddr *)&here, sizeof(here))) {
		perror("answerer");
		exit(1);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static int receive(int fd, struct datagram *ret)
{
	union control control;
	struct iovec part = {.iov_base = ret->data, .iov_len = DATAGRAM_BYTES};
	struct msghdr header = {.msg_name = &ret->from,
		.msg_namelen = sizeof(ret->from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &header, 0);

	if (n <= 0)
		return -1;
	ret->len = (size_t)n;
	ret->data[n] = '\0';
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header); cmsg;
		cmsg = CMSG_NXTHDR(&header, cmsg))
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO)
			memcpy(&ret->to, CMSG_DATA(cmsg), sizeof(ret->to));
	return 0;
}

/* The lines that RFC 3261 8.2.6.2 has copied. */
static size_t compose(const struct datagram *request, char *out, size_t size)
{
	static const char *const names[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
	size_t len = (size_t)snprintf(out, size, "SIP/2.0 200 OK\r\n");
	const char *line = strstr(request->data, "\r\n");

	for (; line && line[2] && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
		const char *end = strstr(line + 2, "\r\n");

		for (size_t i = 0; end && i < sizeof(names) / sizeof(names[0]); i++)
			if (!strncasecmp(line + 2, names[i], strlen(names[i])))
				len += (size_t)snprintf(out + len, size - len,
					"%.*s%s\r\n", (int)(end - line - 2), line + 2,
					i == 2 ? ";tag=a" : "");
	}
	return len + (size_t)snprintf(out + len, size - len, "Content-Length: 0\r\n\r\n");
}

static void answer(int fd, struct datagram *request)
{
	char text[2 * DATAGRAM_BYTES];
	union control control = {.bytes = {0}};
	struct iovec part = {
		.iov_base = text, .iov_len = compose(request, text, sizeof(text))};
	struct msghdr header = {.msg_name = &request->from,
		.msg_namelen = sizeof(request->from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	const struct in_pktinfo from = {.ipi_spec_dst = request->to.ipi_addr};

	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(from));
	memcpy(CMSG_DATA(cmsg), &from, sizeof(from));
	(void)sendmsg(fd, &header, 0);
}

int main(int argc, char **argv)
{
	static struct datagram datagram;
	struct pollfd fds[2] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	char ended[64];

	if (argc != 2) {
		fputs("usage: answerer PORT\n", stderr);
		return 2;
	}
	fds[1].fd = listen_at(argv[1]);
	puts("ready");
	fflush(stdout);
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && read(STDIN_FILENO, ended, sizeof(ended)) <= 0)
			break;
		if (fds[1].revents && !receive(fds[1].fd, &datagram))
			answer(fds[1].fd, &datagram);
	}
	return 0;
}
