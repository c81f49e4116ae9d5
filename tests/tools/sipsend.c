/*
 * Sends files as they are, byte by byte, over UDP, TCP or TLS, and says what came back.
 *
 *   sipsend [-b ADDRESS] [-w MS] [-c CERT.pem -k KEY.pem] udp|tcp|tls ADDRESS PORT FILE...
 *
 * Each file goes over a connection of its own (a datagram over UDP). A line for each: the
 * file's name, a tab, and the status line of the first final response; or "closed",
 * "silence", "refused", or a TLS error. Waits MS (1000) for each. -b binds the source.
 * The far end's certificate is not looked at: this is the hostile client.
 *
 * Exit 0 when every file was sent, whatever came back.
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REPLY_MAX 65536
#define FILE_MAX (4 << 20)

enum kind { KIND_UDP, KIND_TCP, KIND_TLS };

struct options {
	enum kind kind;
	struct sockaddr_in remote;
	struct sockaddr_in local; /* family 0: any */
	int wait_ms;
	gnutls_certificate_credentials_t cred;
};

struct link {
	int fd;
	gnutls_session_t session; /* NULL in plain */
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

/* A connected socket, or -1. Neither connect nor send blocks for ever. */
static int open_socket(const struct options *options)
{
	struct timeval limit = {.tv_sec = 5};
	int on = 1;
	int fd = socket(AF_INET,
		(options->kind == KIND_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
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

static int start_tls(struct link *link, const struct options *options)
{
	int err = gnutls_init(&link->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);

	if (err < 0)
		return err;
	gnutls_set_default_priority(link->session);
	gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, options->cred);
	gnutls_transport_set_int(link->session, link->fd);
	gnutls_handshake_set_timeout(link->session, 5000);
	do
		err = gnutls_handshake(link->session);
	while (err < 0 && !gnutls_error_is_fatal(err));
	return err;
}

static ssize_t link_send(struct link *link, const char *data, size_t len)
{
	ssize_t n;

	if (!link->session)
		return send(link->fd, data, len, MSG_NOSIGNAL);
	do
		n = gnutls_record_send(link->session, data, len);
	while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
	return n;
}

static ssize_t link_recv(struct link *link, char *data, size_t size)
{
	ssize_t n;

	if (!link->session)
		return recv(link->fd, data, size, 0);
	do
		n = gnutls_record_recv(link->session, data, size);
	while (n == GNUTLS_E_INTERRUPTED);
	return n;
}

/* True when there may be something to read before DEADLINE_MS. */
static bool wait_readable(const struct link *link, int64_t deadline_ms)
{
	struct pollfd poll_fd = {.fd = link->fd, .events = POLLIN};
	int64_t left_ms = deadline_ms - now_ms();

	if (link->session && gnutls_record_check_pending(link->session) > 0)
		return true;
	return left_ms > 0 && poll(&poll_fd, 1, (int)left_ms) > 0;
}

/* The status line of a final response within TEXT, or NULL. */
static char *find_final(char *text)
{
	char *line = text;

	while ((line = strstr(line, "SIP/2.0 ")) != NULL) {
		if ((line == text || line[-1] == '\n') && line[8] >= '2' &&
			line[8] <= '6') {
			line[strcspn(line, "\r\n")] = '\0';
			return line;
		}
		line += 8;
	}
	return NULL;
}

/* What came back, in BUF or as a constant. */
static const char *read_reply(struct link *link, int wait_ms, char buf[static REPLY_MAX])
{
	int64_t deadline_ms = now_ms() + wait_ms;
	size_t len = 0;
	char *final;
	ssize_t n;

	while (len < REPLY_MAX - 1 && wait_readable(link, deadline_ms)) {
		n = link_recv(link, buf + len, REPLY_MAX - 1 - len);
		if (n == GNUTLS_E_AGAIN && link->session)
			continue;
		if (n == 0)
			return "closed";
		if (n < 0 && link->session)
			return gnutls_strerror((int)n);
		if (n < 0)
			return errno == ECONNREFUSED ? "refused" : "closed";
		for (ssize_t i = 0; i < n; i++)
			if (buf[len + (size_t)i] == '\0')
				buf[len + (size_t)i] = '?';
		len += (size_t)n;
		buf[len] = '\0';
		final = find_final(buf);
		if (final)
			return final;
	}
	return "silence";
}

static const char *exchange(const struct options *options, const char *data, size_t len,
	char reply[static REPLY_MAX])
{
	struct link link = {.fd = open_socket(options)};
	const char *result = NULL;
	size_t sent = 0;
	ssize_t n;
	int err;

	if (link.fd < 0)
		return "refused";
	if (options->kind == KIND_TLS) {
		err = start_tls(&link, options);
		if (err < 0)
			result = gnutls_strerror(err);
	}
	while (!result && sent < len) {
		n = link_send(&link, data + sent, len - sent);
		/* A server that has had enough closes while we still write. */
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	if (!result)
		result = read_reply(&link, options->wait_ms, reply);
	if (link.session)
		gnutls_deinit(link.session);
	close(link.fd);
	return result;
}

static bool send_file(const struct options *options, const char *path)
{
	static char reply[REPLY_MAX];
	char *data = malloc(FILE_MAX);
	FILE *file = fopen(path, "rb");
	const char *name = strrchr(path, '/');
	bool ok = data && file;
	size_t len;

	if (ok) {
		len = fread(data, 1, FILE_MAX, file);
		/* More than that does not fit into a datagram. */
		if (options->kind == KIND_UDP && len > 65507)
			len = 65507;
		printf("%s\t%s\n", name ? name + 1 : path,
			exchange(options, data, len, reply));
		fflush(stdout);
	} else {
		fprintf(stderr, "sipsend: cannot read %s\n", path);
	}
	if (file)
		fclose(file);
	free(data);
	return ok;
}

static int usage(void)
{
	fprintf(stderr, "usage: sipsend [-b ADDRESS] [-w MS] [-c CERT.pem -k KEY.pem] "
			"udp|tcp|tls ADDRESS PORT FILE...\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct options options = {.wait_ms = 1000};
	const char *cert = NULL, *key = NULL;
	bool ok = true;
	int c;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt(argc, argv, "b:w:c:k:")) >= 0) {
		if (c == 'b' && read_address(optarg, "0", &options.local))
			continue;
		if (c == 'w')
			options.wait_ms = atoi(optarg);
		else if (c == 'c')
			cert = optarg;
		else if (c == 'k')
			key = optarg;
		else
			return usage();
	}
	if (argc - optind < 4 ||
		!read_address(argv[optind + 1], argv[optind + 2], &options.remote))
		return usage();
	options.kind = strcmp(argv[optind], "tls") == 0   ? KIND_TLS
		       : strcmp(argv[optind], "tcp") == 0 ? KIND_TCP
							  : KIND_UDP;
	if (gnutls_certificate_allocate_credentials(&options.cred) < 0)
		return 1;
	if (cert && gnutls_certificate_set_x509_key_file(options.cred, cert,
			    key ? key : cert, GNUTLS_X509_FMT_PEM) < 0) {
		fprintf(stderr, "sipsend: cannot use %s\n", cert);
		return 2;
	}
	for (int i = optind + 3; i < argc; i++)
		ok = send_file(&options, argv[i]) && ok;
	gnutls_certificate_free_credentials(options.cred);
	return ok ? 0 : 1;
}
