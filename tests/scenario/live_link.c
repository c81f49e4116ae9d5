#include "live_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIVE_FQDN "med.tandem.example"
/* Tandem reads at once; one that does not for so long counts as stuck. */
#define LIVE_WRITE_MS 5000
#define LIVE_READ_BYTES 16384

/* ---- life ---- */

gnutls_certificate_credentials_t live_link_cred(
	const char *chain, const char *key, const char *trust)
{
	gnutls_certificate_credentials_t cred;

	if (gnutls_certificate_allocate_credentials(&cred) ||
		gnutls_certificate_set_x509_key_file(
			cred, chain, key, GNUTLS_X509_FMT_PEM) ||
		gnutls_certificate_set_x509_trust_file(
			cred, trust, GNUTLS_X509_FMT_PEM) != 1)
		abort();
	return cred;
}

static const struct flow_ops no_ops = {0};

static struct live_link *make(struct party *party, enum transport_kind kind, int fd)
{
	struct live_link *link = calloc(1, sizeof(*link));
	int yes = 1;

	if (!link)
		abort();
	/* what was written is there when Tandem is asked next */
	if (kind != TRANSPORT_UDP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	flow_init(&link->flow, &no_ops, kind, &party->addr);
	link->party = party;
	link->fd = fd;
	buf_init(&link->in, 0);
	return link;
}

struct live_link *live_link_udp(struct party *party, int fd)
{
	return make(party, TRANSPORT_UDP, fd);
}

static void start_tls(
	struct live_link *link, unsigned role, gnutls_certificate_credentials_t cred)
{
	if (gnutls_init(&link->tls, role | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) ||
		gnutls_set_default_priority(link->tls) ||
		gnutls_credentials_set(link->tls, GNUTLS_CRD_CERTIFICATE, cred))
		abort();
	gnutls_transport_set_int(link->tls, link->fd);
	gnutls_session_set_verify_cert(link->tls, LIVE_FQDN, 0);
	if (role == GNUTLS_SERVER)
		gnutls_certificate_server_set_request(link->tls, GNUTLS_CERT_REQUIRE);
	link->shaking = true;
}

struct live_link *live_link_accept(
	struct party *party, int fd, gnutls_certificate_credentials_t cred)
{
	struct live_link *link = make(party, cred ? TRANSPORT_TLS : TRANSPORT_TCP, fd);

	if (cred)
		start_tls(link, GNUTLS_SERVER, cred);
	return link;
}

struct live_link *live_link_connect(struct party *party, const struct addr *remote,
	gnutls_certificate_credentials_t cred)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct addr source = party->addr;
	struct live_link *link;

	addr_set_port(&source, 0);
	if (fd < 0 || bind(fd, &source.sa, source.len) ||
		(connect(fd, &remote->sa, remote->len) && errno != EINPROGRESS)) {
		close(fd);
		return NULL;
	}
	link = make(party, cred ? TRANSPORT_TLS : TRANSPORT_TCP, fd);
	if (cred)
		start_tls(link, GNUTLS_CLIENT, cred);
	return link;
}

void live_link_close(struct live_link *link)
{
	if (link->flow.closed)
		return;
	link->flow.closed = true;
	if (link->tls && !link->shaking)
		gnutls_bye(link->tls, GNUTLS_SHUT_WR);
	if (link->tls)
		gnutls_deinit(link->tls);
	link->tls = NULL;
	close(link->fd);
	link->fd = -1;
}

void live_link_free(struct live_link *link)
{
	live_link_close(link);
	buf_free(&link->in);
	free(link);
}

/* ---- in ---- */

/* Whether the handshake moved. */
static bool shake(struct live_link *link)
{
	int err = gnutls_handshake(link->tls);

	if (!err)
		link->shaking = false;
	else if (gnutls_error_is_fatal(err))
		live_link_close(link);
	return err != GNUTLS_E_AGAIN;
}

/* What one read gave; 0: nothing now; negative: it is over. */
static ssize_t read_some(struct live_link *link, void *room, size_t size)
{
	ssize_t n;

	if (link->tls) {
		n = gnutls_record_recv(link->tls, room, size);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		return n > 0 || (n < 0 && !gnutls_error_is_fatal((int)n))
			       ? (n > 0 ? n : 0)
			       : -1;
	}
	n = recv(link->fd, room, size, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED))
		return 0;
	if (link->flow.kind == TRANSPORT_UDP)
		return n > 0 ? n : 0;
	return n > 0 ? n : -1;
}

/* Cuts what came into messages. What is none goes up too: Tandem sends nothing else. */
static void cut(struct live_link *link, live_link_h *h, void *arg)
{
	const char *reason;
	size_t len;

	while (link->in.len) {
		enum framer_result result = framer_stream(
			&link->framer, link->in.data, link->in.len, &len, &reason);

		if (result == FRAMER_MORE)
			return;
		if (result == FRAMER_BROKEN || result == FRAMER_TOO_BIG)
			len = link->in.len;
		if (result != FRAMER_SKIP && result != FRAMER_KEEPALIVE)
			h(arg, link, link->in.data, len);
		buf_consume(&link->in, len);
	}
}

static void take(
	struct live_link *link, const char *data, size_t len, live_link_h *h, void *arg)
{
	if (link->flow.kind == TRANSPORT_UDP) {
		h(arg, link, data, len);
		return;
	}
	buf_add(&link->in, data, len);
	cut(link, h, arg);
}

bool live_link_read(struct live_link *link, live_link_h *h, void *arg)
{
	static char room[65536];
	bool moved = false;
	ssize_t n = 0;

	if (link->tls && link->shaking)
		moved = shake(link);
	if (link->flow.closed || link->shaking)
		return moved;
	while ((n = read_some(link, room, sizeof(room))) > 0) {
		take(link, room, (size_t)n, h, arg);
		moved = true;
	}
	if (n < 0)
		live_link_close(link);
	return moved || n < 0;
}

/* ---- out ---- */

static ssize_t write_some(struct live_link *link, const char *data, size_t len)
{
	ssize_t n;

	if (link->tls) {
		n = gnutls_record_send(link->tls, data, len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		return n > 0 ? n : -1;
	}
	n = send(link->fd, data, len, MSG_NOSIGNAL);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

bool live_link_write(struct live_link *link, const struct addr *remote, const char *text)
{
	size_t len = strlen(text);

	if (link->flow.kind == TRANSPORT_UDP)
		return sendto(link->fd, text, len, 0, &remote->sa, remote->len) ==
		       (ssize_t)len;
	while (len && !link->flow.closed) {
		struct pollfd writable = {.fd = link->fd, .events = POLLOUT};
		ssize_t n = write_some(link, text, len);

		if (n < 0 || (!n && poll(&writable, 1, LIVE_WRITE_MS) <= 0)) {
			live_link_close(link);
			break;
		}
		text += n;
		len -= (size_t)n;
	}
	return !len;
}
