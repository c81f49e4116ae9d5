/*
 * A TLS client that does not mean well, for the tests of what strangers may cause.
 *
 *   tlsabuse [-b ADDRESS] [-c CERT.pem -k KEY.pem] [-p PRIORITY] [-w MS] MODE ADDRESS PORT ...
 *
 *   half-open ADDRESS PORT COUNT   begins so many handshakes, sends half a ClientHello on
 *                                  each, and holds them until the server has closed all
 *   crowd ADDRESS PORT COUNT       the same, but what is closed is begun again
 *   flood ADDRESS PORT COUNT RATE  so many whole handshakes, RATE a second, one at a time
 *   cut ADDRESS PORT               a handshake that ends after each byte of what the client
 *                                  has to say: closed after none, after one, and so on
 *
 * -b binds the source, -c is the certificate to show, -p the GnuTLS priorities, -w how long
 * at most (10,000 ms): in all for half-open and crowd, for each connection otherwise.
 *
 * Prints one JSON object; half-open and crowd print "holding" on a line of its own first, when
 * all are begun. Exit 0 when it could do what it is for, whatever the server made of it.
 */
#include <gnutls/gnutls.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELLO_MAX 2048
/* More than the client's part of any handshake here. */
#define FLIGHTS_MAX 20000

struct options {
	struct sockaddr_in remote;
	struct sockaddr_in local; /* family 0: any */
	gnutls_certificate_credentials_t cred;
	const char *priority;
	int wait_ms;
	unsigned count;
	unsigned rate;
	bool again;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_address(const char *host, const char *port, struct sockaddr_in *ret)
{
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	return inet_pton(AF_INET, host, &ret->sin_addr) == 1;
}

/* A connected socket that does not block for ever, or -1. */
static int open_socket(const struct options *options)
{
	struct timeval limit = {.tv_sec = options->wait_ms / 1000,
		.tv_usec = options->wait_ms % 1000 * 1000};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((options->local.sin_family != 0 &&
		    bind(fd, (const struct sockaddr *)&options->local,
			    sizeof(options->local)) < 0) ||
		connect(fd, (const struct sockaddr *)&options->remote,
			sizeof(options->remote)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- a client whose words end after so many bytes ---- */

struct client {
	int fd; /* -1: nothing is sent, but counted and kept */
	gnutls_session_t session;
	size_t allowed; /* bytes that may leave */
	size_t sent;
	unsigned char hello[HELLO_MAX]; /* the first of them */
};

static ssize_t push_h(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct client *client = arg;
	size_t room = client->allowed - client->sent;

	if (len > room)
		len = room;
	if (client->sent + len <= sizeof(client->hello))
		memcpy(client->hello + client->sent, data, len);
	if (len == 0 || (client->fd >= 0 && send(client->fd, data, len, MSG_NOSIGNAL) !=
						    (ssize_t)len)) {
		gnutls_transport_set_errno(client->session, EPIPE);
		return -1;
	}
	client->sent += len;
	return (ssize_t)len;
}

static ssize_t pull_h(gnutls_transport_ptr_t arg, void *data, size_t len)
{
	struct client *client = arg;

	if (client->fd < 0) {
		gnutls_transport_set_errno(client->session, EAGAIN);
		return -1;
	}
	return recv(client->fd, data, len, 0);
}

/* The library asks only when it has a deadline, and it has none. */
static int pull_timeout_h(gnutls_transport_ptr_t arg, unsigned ms)
{
	(void)arg;
	(void)ms;
	return 1;
}

/* A whole handshake, as far as it goes. 0 or an error of GnuTLS. */
static int shake_hands(struct client *client, const struct options *options)
{
	int err = gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);

	if (err < 0)
		return err;
	err = gnutls_priority_set_direct(client->session, options->priority, NULL);
	if (err < 0)
		return err;
	gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, options->cred);
	gnutls_transport_set_ptr(client->session, client);
	gnutls_transport_set_push_function(client->session, push_h);
	gnutls_transport_set_pull_function(client->session, pull_h);
	gnutls_transport_set_pull_timeout_function(client->session, pull_timeout_h);
	do
		err = gnutls_handshake(client->session);
	while (err == GNUTLS_E_INTERRUPTED || err == GNUTLS_E_WARNING_ALERT_RECEIVED);
	return err;
}

/* ---- half-open ---- */

struct holding {
	struct pollfd *fds;
	unsigned begun;
	unsigned closed;
	int64_t first_ms; /* how long the first one that was closed was held */
	int64_t last_ms;
};

static bool hold_one(
	struct pollfd *ret, const struct options *options, const struct client *hello)
{
	int fd = open_socket(options);

	if (fd < 0)
		return false;
	/* That the server may have closed already is seen when it is polled. */
	(void)!send(fd, hello->hello, hello->sent / 2, MSG_NOSIGNAL);
	*ret = (struct pollfd){.fd = fd, .events = POLLIN};
	return true;
}

static void reap(struct holding *holding, const struct options *options,
	const struct client *hello, int64_t began_ms)
{
	char scrap[512];

	for (unsigned i = 0; i < holding->begun; i++) {
		struct pollfd *one = &holding->fds[i];

		if (one->fd < 0 || !one->revents ||
			recv(one->fd, scrap, sizeof(scrap), 0) > 0)
			continue;
		close(one->fd);
		one->fd = -1;
		holding->last_ms = now_ms() - began_ms;
		if (holding->closed++ == 0)
			holding->first_ms = holding->last_ms;
		if (options->again)
			(void)hold_one(one, options, hello);
	}
}

static bool half_open(const struct options *options)
{
	struct client hello = {.fd = -1, .allowed = HELLO_MAX};
	struct holding holding = {.fds = calloc(options->count, sizeof(*holding.fds))};
	int64_t began_ms = now_ms();
	int64_t left_ms;

	if (!holding.fds)
		return false;
	(void)shake_hands(&hello, options);
	gnutls_deinit(hello.session);
	while (holding.begun < options->count &&
		hold_one(&holding.fds[holding.begun], options, &hello))
		holding.begun++;
	puts("holding");
	fflush(stdout);
	while ((options->again || holding.closed < holding.begun) &&
		(left_ms = began_ms + options->wait_ms - now_ms()) > 0 &&
		poll(holding.fds, holding.begun, (int)left_ms) > 0)
		reap(&holding, options, &hello, began_ms);
	printf("{\"begun\":%u,\"closed\":%u,\"first_ms\":%lld,\"last_ms\":%lld}\n",
		holding.begun, holding.closed, (long long)holding.first_ms,
		(long long)holding.last_ms);
	free(holding.fds);
	return holding.begun == options->count;
}

/* ---- flood ---- */

/* Whether the far end let us in: with TLS 1.3 it says no behind the handshake. */
static bool is_let_in(struct client *client)
{
	char scrap[512];

	return gnutls_record_recv(client->session, scrap, sizeof(scrap)) >= 0;
}

static bool flood(const struct options *options)
{
	int64_t began_ms = now_ms();
	unsigned begun = 0, let_in = 0;

	for (unsigned i = 0; i < options->count; i++) {
		struct client client = {.allowed = SIZE_MAX};
		int64_t due_ms = began_ms + (int64_t)i * 1000 / options->rate;
		int64_t early_ms = due_ms - now_ms();

		if (early_ms > 0)
			poll(NULL, 0, (int)early_ms);
		client.fd = open_socket(options);
		if (client.fd < 0)
			continue;
		begun++;
		if (shake_hands(&client, options) == 0 && is_let_in(&client))
			let_in++;
		gnutls_deinit(client.session);
		close(client.fd);
	}
	printf("{\"begun\":%u,\"let_in\":%u,\"took_ms\":%lld}\n", begun, let_in,
		(long long)(now_ms() - began_ms));
	return begun == options->count;
}

/* ---- cut ---- */

static bool cut(const struct options *options)
{
	size_t at = 0;
	bool whole = false;

	for (; !whole && at < FLIGHTS_MAX; at++) {
		struct client client = {.fd = open_socket(options), .allowed = at};

		if (client.fd < 0)
			return false;
		whole = shake_hands(&client, options) == 0;
		gnutls_deinit(client.session);
		close(client.fd);
	}
	/* Signatures differ in length by a few bytes: not all need be met once more. */
	printf("{\"cut\":%zu,\"whole\":%s}\n", at - 1, whole ? "true" : "false");
	return whole;
}

/* ---- the command line ---- */

static int usage(void)
{
	fprintf(stderr,
		"usage: tlsabuse [-b ADDRESS] [-c CERT.pem -k KEY.pem] "
		"[-p PRIORITY] [-w MS]\n"
		"  half-open|crowd ADDRESS PORT COUNT | flood ADDRESS PORT COUNT RATE |\n"
		"  cut ADDRESS PORT\n");
	return 2;
}

static bool read_options(struct options *options, int argc, char **argv)
{
	const char *cert = NULL, *key = NULL;
	int c;

	while ((c = getopt(argc, argv, "b:c:k:p:w:")) >= 0) {
		if (c == 'b' && !read_address(optarg, "0", &options->local))
			return false;
		if (c == 'c')
			cert = optarg;
		else if (c == 'k')
			key = optarg;
		else if (c == 'p')
			options->priority = optarg;
		else if (c == 'w')
			options->wait_ms = atoi(optarg);
		else if (c != 'b')
			return false;
	}
	if (argc - optind < 3 ||
		!read_address(argv[optind + 1], argv[optind + 2], &options->remote))
		return false;
	if (cert && gnutls_certificate_set_x509_key_file(options->cred, cert,
			    key ? key : cert, GNUTLS_X509_FMT_PEM) < 0)
		return false;
	if (argc > optind + 3)
		options->count = (unsigned)strtoul(argv[optind + 3], NULL, 10);
	if (argc > optind + 4)
		options->rate = (unsigned)strtoul(argv[optind + 4], NULL, 10);
	return options->wait_ms > 0;
}

int main(int argc, char **argv)
{
	struct options options = {.priority = "NORMAL", .wait_ms = 10000};
	struct rlimit files;
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (gnutls_certificate_allocate_credentials(&options.cred) < 0)
		return 1;
	if (!read_options(&options, argc, argv))
		return usage();
	argv += optind;
	options.again = strcmp(argv[0], "crowd") == 0;
	if ((options.again || strcmp(argv[0], "half-open") == 0) && options.count)
		ok = half_open(&options);
	else if (strcmp(argv[0], "flood") == 0 && options.count && options.rate)
		ok = flood(&options);
	else if (strcmp(argv[0], "cut") == 0)
		ok = cut(&options);
	else
		return usage();
	gnutls_certificate_free_credentials(options.cred);
	return ok ? 0 : 1;
}
