/*
 * A flood over TLS by a peer that is let in: requests of one kind, on one connection or on many, as fast as they are
 * taken.
 *
 *   tlsflood -c CERT.pem -k KEY.pem [-n COUNT] [-m CONNECTIONS] [-b ADDRESS] [-a] [-d] [-w MS] KIND ADDRESS PORT
 *
 * KIND: one of sipflood's, or "none": the connections are opened, and say nothing. COUNT (1,000) requests in all,
 * 64 at most on their way on each connection. -a: refusals of INVITEs are acknowledged. -d: nothing that comes is
 * read, and the connections are written to as long as they take something. -b is where they come from.
 *
 * It ends when all is answered, when all connections are closed, or MS (10,000) after the last of them was opened;
 * before that it prints "open". At the end JSON: connections that were opened, those that the far end closed, what was sent and what came
 * back. Exit 2: usage; 1: a connection could not be opened.
 */
#include "flood_text.h"

#include <gnutls/gnutls.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 64
#define IN_SIZE 65536
#define OUT_SIZE 65536

struct connection {
	int fd;
	gnutls_session_t session;
	bool closed;  /* by the far end */
	bool offered; /* the last write is to be repeated */
	unsigned waiting;
	size_t in_len, out_len;
	char in[IN_SIZE + 1], out[OUT_SIZE];
};

struct run {
	struct flood flood;
	struct sockaddr_in remote, local; /* local: family 0: any */
	gnutls_certificate_credentials_t cred;
	const char *cert, *key;
	bool deaf;
	unsigned asked, opened, closed;
	int wait_ms;
	struct connection **connections;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- opening ---- */

static int open_socket(const struct run *run)
{
	const struct timeval limit = {.tv_sec = run->wait_ms / 1000 + 1};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((run->local.sin_family &&
		    bind(fd, (const struct sockaddr *)&run->local, sizeof(run->local))) ||
		connect(fd, (const struct sockaddr *)&run->remote, sizeof(run->remote))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int shake_hands(struct connection *connection, const struct run *run)
{
	int err = gnutls_init(&connection->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);

	if (err < 0)
		return err;
	gnutls_set_default_priority(connection->session);
	gnutls_credentials_set(connection->session, GNUTLS_CRD_CERTIFICATE, run->cred);
	gnutls_transport_set_int(connection->session, connection->fd);
	do
		err = gnutls_handshake(connection->session);
	while (err < 0 && !gnutls_error_is_fatal(err));
	return err;
}

/* False: one cannot be opened. */
static bool open_one(struct run *run)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int err;

	if (!connection)
		return false;
	run->connections[run->opened] = connection;
	connection->fd = open_socket(run);
	if (connection->fd < 0) {
		perror("tlsflood");
		return false;
	}
	err = shake_hands(connection, run);
	if (err < 0) {
		fprintf(stderr, "tlsflood: %s\n", gnutls_strerror(err));
		return false;
	}
	fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	run->opened++;
	return true;
}

/* ---- what comes ---- */

static void end_connection(struct run *run, struct connection *connection)
{
	connection->closed = true;
	run->closed++;
}

/* The length of the message that IN begins with; 0: it is not whole. */
static size_t frame(const char *in)
{
	const char *end = strstr(in, "\r\n\r\n");
	const char *length = strstr(in, "\r\nContent-Length:");
	size_t len;

	if (!end)
		return 0;
	len = (size_t)(end - in) + 4;
	if (length && length < end)
		len += strtoul(length + 17, NULL, 10);
	return len <= strlen(in) ? len : 0;
}

static void take(struct run *run, struct connection *connection)
{
	const unsigned before = run->flood.answered;
	char ack[FLOOD_REQUEST_SIZE], kept;
	char *at = connection->in;
	size_t len;
	int ack_len;

	connection->in[connection->in_len] = '\0';
	while ((len = frame(at)) > 0) {
		kept = at[len];
		at[len] = '\0';
		ack_len = flood_take(&run->flood, at, ack);
		at[len] = kept;
		at += len;
		if (ack_len && connection->out_len + (size_t)ack_len <= OUT_SIZE) {
			memcpy(connection->out + connection->out_len, ack,
				(size_t)ack_len);
			connection->out_len += (size_t)ack_len;
		}
	}
	connection->in_len -= (size_t)(at - connection->in);
	memmove(connection->in, at, connection->in_len);
	connection->waiting -= run->flood.answered - before;
}

static void receive(struct run *run, struct connection *connection)
{
	ssize_t n;

	while ((n = gnutls_record_recv(connection->session,
			connection->in + connection->in_len,
			IN_SIZE - connection->in_len)) > 0) {
		connection->in_len += (size_t)n;
		take(run, connection);
	}
	if (n == 0 || gnutls_error_is_fatal((int)n))
		end_connection(run, connection);
}

/* ---- what goes ---- */

static bool may_ask(const struct run *run, const struct connection *connection)
{
	return run->flood.kind && run->flood.sent < run->flood.count &&
	       (run->deaf || connection->waiting < WINDOW);
}

static void ask(struct run *run, struct connection *connection)
{
	while (may_ask(run, connection) &&
		connection->out_len + FLOOD_REQUEST_SIZE <= OUT_SIZE / 4) {
		connection->out_len += (size_t)flood_write(&run->flood, run->flood.sent,
			connection->out + connection->out_len);
		run->flood.sent++;
		connection->waiting++;
	}
}

static void send_all(struct run *run, struct connection *connection)
{
	if (!connection->offered)
		ask(run, connection);
	while (connection->out_len) {
		const ssize_t n =
			connection->offered
				? gnutls_record_send(connection->session, NULL, 0)
				: gnutls_record_send(connection->session, connection->out,
					  connection->out_len);

		connection->offered = n == GNUTLS_E_AGAIN;
		if (n < 0 && gnutls_error_is_fatal((int)n))
			end_connection(run, connection);
		if (n <= 0)
			return;
		connection->out_len -= (size_t)n;
		memmove(connection->out, connection->out + n, connection->out_len);
	}
}

/* ---- a run ---- */

/* One turn, of MS at most. */
static void turn(struct run *run, struct pollfd *fds, int ms)
{
	for (unsigned i = 0; i < run->opened; i++) {
		const struct connection *connection = run->connections[i];
		const bool writes = connection->out_len || may_ask(run, connection);

		fds[i].fd = connection->closed ? -1 : connection->fd;
		fds[i].events =
			(short)((run->deaf ? 0 : POLLIN) | (writes ? POLLOUT : 0));
	}
	if (poll(fds, run->opened, ms) <= 0)
		return;
	for (unsigned i = 0; i < run->opened; i++) {
		struct connection *connection = run->connections[i];

		if (fds[i].fd >= 0 && fds[i].revents & (POLLOUT | POLLERR))
			send_all(run, connection);
		if (!connection->closed && fds[i].fd >= 0 && !run->deaf &&
			fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			receive(run, connection);
	}
}

static bool is_over(const struct run *run)
{
	if (run->closed == run->opened)
		return true;
	return run->flood.kind && !run->deaf && run->flood.answered == run->flood.count;
}

static bool work(struct run *run)
{
	struct pollfd *fds = calloc(run->asked, sizeof(*fds));
	int64_t end_ms, left_ms;

	while (fds && run->opened < run->asked && open_one(run))
		turn(run, fds, 0);
	if (!fds || run->opened < run->asked)
		return false;
	puts("open");
	fflush(stdout);
	end_ms = now_ms() + run->wait_ms;
	while (!is_over(run) && (left_ms = end_ms - now_ms()) > 0)
		turn(run, fds, (int)left_ms);
	free(fds);
	return true;
}

/* ---- the command line ---- */

static bool read_address(const char *host, const char *port, struct sockaddr_in *ret)
{
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	return inet_pton(AF_INET, host, &ret->sin_addr) == 1;
}

static bool read_option(struct run *run, int option, const char *text)
{
	switch (option) {
	case 'n':
		run->flood.count = (unsigned)strtoul(text, NULL, 10);
		return run->flood.count > 0;
	case 'm':
		run->asked = (unsigned)strtoul(text, NULL, 10);
		return run->asked > 0;
	case 'w':
		run->wait_ms = atoi(text);
		return run->wait_ms > 0;
	case 'b':
		return read_address(text, "0", &run->local);
	case 'c':
		run->cert = text;
		return true;
	case 'k':
		run->key = text;
		return true;
	case 'a':
		return run->flood.acks = true;
	case 'd':
		return run->deaf = true;
	default:
		return false;
	}
}

static bool read_arguments(struct run *run, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:m:w:b:c:k:ad")) >= 0)
		if (!read_option(run, option, optarg))
			return false;
	if (argc - optind != 3 || !run->cert || !run->key)
		return false;
	run->flood.kind = flood_kind(argv[optind]);
	return (run->flood.kind || !strcmp(argv[optind], "none")) &&
	       read_address(argv[optind + 1], argv[optind + 2], &run->remote) &&
	       gnutls_certificate_set_x509_key_file(
		       run->cred, run->cert, run->key, GNUTLS_X509_FMT_PEM) >= 0;
}

static void end_all(struct run *run)
{
	for (unsigned i = 0; i < run->asked && run->connections[i]; i++) {
		if (run->connections[i]->session)
			gnutls_deinit(run->connections[i]->session);
		if (run->connections[i]->fd >= 0)
			close(run->connections[i]->fd);
		free(run->connections[i]);
	}
	free(run->connections);
	free(run->flood.seen);
	gnutls_certificate_free_credentials(run->cred);
}

int main(int argc, char **argv)
{
	struct run run = {.flood = {.count = 1000, .transport = "TLS"},
		.asked = 1,
		.wait_ms = 10000};
	bool ok;

	/* no two runs have a branch or a Call-ID in common */
	run.flood.port = (uint16_t)(1024 + getpid() % 60000);
	signal(SIGPIPE, SIG_IGN);
	if (gnutls_certificate_allocate_credentials(&run.cred) < 0)
		return 1;
	if (!read_arguments(&run, argc, argv)) {
		fprintf(stderr, "usage: tlsflood -c CERT.pem -k KEY.pem [-n COUNT] "
				"[-m CONNECTIONS]\n"
				"  [-b ADDRESS] [-a] [-d] [-w MS] KIND ADDRESS PORT\n");
		return 2;
	}
	run.flood.seen = calloc(run.flood.count, 1);
	run.connections = calloc(run.asked, sizeof(struct connection *));
	ok = run.flood.seen && run.connections && work(&run);
	printf("{\"opened\": %u, \"closed\": %u, ", run.opened, run.closed);
	flood_print(&run.flood);
	printf("}\n");
	end_all(&run);
	return ok ? 0 : 1;
}
