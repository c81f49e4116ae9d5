#include "loadgen_link.h"

#include "base/buf.h"
#include "loadgen_text.h"

#include <gnutls/gnutls.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536
#define RECORD_BYTES 16384
#define READS_A_TURN 8
#define DATAGRAMS_A_CALL 64
#define UDP_BUFFER_BYTES (64 << 20)

enum link_state { CONNECTING, SHAKING, OPEN, CLOSED };

struct link {
	struct list node;
	struct links *links;
	enum link_kind kind;
	enum link_state state;
	bool listens; /* TCP: a listener */
	int fd;
	gnutls_session_t session;
	struct addr remote; /* UDP: whom to send to */
	struct loop_fd watch;
	struct loop_task flush;
	struct buf in;
	struct buf out;
	struct buf sizes;  /* UDP: a size_t for each datagram in out */
	struct buf stamps; /* a uint64_t * for each time that is to be noted */
	size_t offered;    /* TLS: what a write that would block must offer again */
};

struct links {
	struct loop *loop;
	struct link_handlers handlers;
	struct list all;
	unsigned open;
	unsigned opening;
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t priority;
	char *read_buf;
};

static void flush_h(void *arg);

static uint64_t now_us(const struct links *links)
{
	struct clock *clock = loop_clock(links->loop);

	return clock->mono_us(clock);
}

/* ---- the set ---- */

static int load_credentials(struct links *links, const struct link_files *files)
{
	int err = gnutls_certificate_allocate_credentials(&links->cred);

	if (err >= 0 && files->cert)
		err = gnutls_certificate_set_x509_key_file(links->cred, files->cert,
			files->key ? files->key : files->cert, GNUTLS_X509_FMT_PEM);
	if (err >= 0 && files->ca)
		err = gnutls_certificate_set_x509_trust_file(
			links->cred, files->ca, GNUTLS_X509_FMT_PEM);
	if (err >= 0)
		err = gnutls_priority_init(&links->priority,
			"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%NO_TICKETS", NULL);
	if (err < 0)
		fprintf(stderr, "loadgen: certificates: %s\n", gnutls_strerror(err));
	return err < 0 ? -1 : 0;
}

int links_new(struct links **ret, struct loop *loop, const struct link_files *files,
	const struct link_handlers *handlers)
{
	struct links *links = calloc(1, sizeof(*links));

	if (!links)
		return -1;
	links->loop = loop;
	links->handlers = *handlers;
	list_init(&links->all);
	links->read_buf = malloc(READ_BYTES);
	if (!links->read_buf || (files->cert && load_credentials(links, files))) {
		links_free(links);
		return -1;
	}
	*ret = links;
	return 0;
}

static void link_shut(struct link *link)
{
	loop_unwatch(&link->watch);
	loop_cancel(&link->flush);
	if (link->session)
		gnutls_deinit(link->session);
	link->session = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	buf_free(&link->in);
	buf_free(&link->out);
	buf_free(&link->sizes);
	buf_free(&link->stamps);
}

void links_free(struct links *links)
{
	if (!links)
		return;
	LIST_FOREACH (&links->all, node, next) {
		struct link *link = LIST_ENTRY(node, struct link, node);

		if (link->session && link->state == OPEN)
			gnutls_bye(link->session, GNUTLS_SHUT_WR);
		link_shut(link);
		list_remove(node);
		free(link);
	}
	if (links->cred)
		gnutls_certificate_free_credentials(links->cred);
	if (links->priority)
		gnutls_priority_deinit(links->priority);
	free(links->read_buf);
	free(links);
}

unsigned links_open(const struct links *links)
{
	return links->open;
}

unsigned links_opening(const struct links *links)
{
	return links->opening;
}

static void set_state(struct link *link, enum link_state state)
{
	struct links *links = link->links;

	if (!link->listens) {
		links->open -= link->state == OPEN;
		links->opening -= link->state < OPEN;
		links->open += state == OPEN;
		links->opening += state < OPEN;
	}
	link->state = state;
}

static struct link *link_new(
	struct links *links, enum link_kind kind, int fd, bool listens)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		close(fd);
		return NULL;
	}
	link->links = links;
	link->kind = kind;
	link->fd = fd;
	link->listens = listens;
	link->state = CLOSED;
	buf_init(&link->in, 0);
	buf_init(&link->out, 0);
	buf_init(&link->sizes, 0);
	buf_init(&link->stamps, 0);
	list_append(&links->all, &link->node);
	return link;
}

static void fail(struct link *link, const char *why)
{
	const struct link_handlers *handlers = &link->links->handlers;

	if (link->state == CLOSED)
		return;
	set_state(link, CLOSED);
	link_shut(link);
	handlers->closed_h(handlers->arg, link, why);
}

/* ---- opening ---- */

static int start_tls(struct link *link)
{
	struct links *links = link->links;
	int err = gnutls_init(
		&link->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (err >= 0)
		err = gnutls_priority_set(link->session, links->priority);
	if (err >= 0)
		err = gnutls_credentials_set(
			link->session, GNUTLS_CRD_CERTIFICATE, links->cred);
	if (err < 0)
		return err;
	/* The chain alone: which name is right is not what is measured. */
	gnutls_session_set_verify_cert(link->session, NULL, 0);
	gnutls_transport_set_int(link->session, link->fd);
	return 0;
}

static void shake(struct link *link)
{
	int err = gnutls_handshake(link->session);

	if (err == GNUTLS_E_AGAIN || err == GNUTLS_E_INTERRUPTED) {
		loop_rewatch(&link->watch,
			gnutls_record_get_direction(link->session) ? EPOLLOUT : EPOLLIN);
	} else if (err < 0) {
		fail(link, gnutls_strerror(err));
	} else {
		set_state(link, OPEN);
		loop_rewatch(&link->watch, EPOLLIN);
		if (link->out.len)
			loop_defer(link->links->loop, &link->flush, flush_h, link);
	}
}

static void connected(struct link *link)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		fail(link, strerror(err));
	} else if (link->kind == LINK_TLS) {
		set_state(link, SHAKING);
		err = start_tls(link);
		if (err < 0)
			fail(link, gnutls_strerror(err));
		else
			shake(link);
	} else {
		set_state(link, OPEN);
		loop_rewatch(&link->watch, EPOLLIN);
		if (link->out.len)
			loop_defer(link->links->loop, &link->flush, flush_h, link);
	}
}

/* ---- input ---- */

static void hand_up(struct link *link, struct span message, uint64_t read_us)
{
	const struct link_handlers *handlers = &link->links->handlers;

	handlers->message_h(handlers->arg, link, message, read_us);
}

static void frame(struct link *link, uint64_t read_us)
{
	size_t at = 0;

	while (link->state == OPEN && at < link->in.len) {
		const char *data = link->in.data + at;
		ssize_t len = text_frame(data, link->in.len - at);

		if (len < 0) {
			fail(link, "sent what is no SIP");
			return;
		}
		if (len == 0)
			break;
		if (*data != '\r')
			hand_up(link, (struct span){data, (size_t)len}, read_us);
		at += (size_t)len;
	}
	if (link->state == OPEN)
		buf_consume(&link->in, at);
}

/* One read: bytes, 0 for none now, -1 when the link is closed. */
static ssize_t read_once(struct link *link)
{
	char *room = buf_reserve(&link->in, READ_BYTES);
	ssize_t n;

	if (!room) {
		fail(link, "out of memory");
		return -1;
	}
	if (link->session) {
		n = gnutls_record_recv(link->session, room, READ_BYTES);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		if (n <= 0)
			fail(link, n ? gnutls_strerror((int)n) : "closed by peer");
	} else {
		n = recv(link->fd, room, READ_BYTES, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0)
			fail(link, n ? strerror(errno) : "closed by peer");
	}
	if (n <= 0)
		return -1;
	link->in.len += (size_t)n;
	return n;
}

static void receive_stream(struct link *link)
{
	uint64_t read_us = now_us(link->links);
	ssize_t n = 0;

	/* What a session has decrypted already makes no event: it is read to its end. */
	for (unsigned i = 0; i < READS_A_TURN || link->session; i++) {
		n = read_once(link);
		if (n <= 0)
			break;
		frame(link, read_us);
		if (link->state != OPEN || (!link->session && n < READ_BYTES))
			break;
	}
}

static void receive_datagrams(struct link *link)
{
	struct links *links = link->links;
	uint64_t read_us = now_us(links);

	for (unsigned i = 0; i < DATAGRAMS_A_CALL && link->state == OPEN; i++) {
		struct addr from = {.len = sizeof(from.v6)};
		ssize_t n = recvfrom(
			link->fd, links->read_buf, READ_BYTES, 0, &from.sa, &from.len);

		if (n < 0)
			break;
		link->remote = from;
		hand_up(link, (struct span){links->read_buf, (size_t)n}, read_us);
	}
}

static void event_h(void *arg, uint32_t events)
{
	struct link *link = arg;

	switch (link->state) {
	case CONNECTING:
		connected(link);
		break;
	case SHAKING:
		shake(link);
		break;
	case OPEN:
		if (events & EPOLLOUT)
			flush_h(link);
		if (link->state != OPEN || !(events & ~(uint32_t)EPOLLOUT))
			break;
		if (link->kind == LINK_UDP)
			receive_datagrams(link);
		else
			receive_stream(link);
		break;
	case CLOSED:
		break;
	}
}

/* ---- output ---- */

static void stamp_all(struct link *link)
{
	uint64_t now = now_us(link->links);
	size_t count = link->stamps.len / sizeof(uint64_t *);

	for (size_t i = 0; i < count; i++) {
		uint64_t *when_us;

		memcpy(&when_us, link->stamps.data + i * sizeof(when_us),
			sizeof(when_us));
		*when_us = now;
	}
	buf_clear(&link->stamps);
}

/* 0 when the socket takes no more. */
static ssize_t write_once(struct link *link, size_t at)
{
	size_t len = link->out.len - at;
	ssize_t n;

	if (!link->session) {
		n = send(link->fd, link->out.data + at, len, MSG_NOSIGNAL);
		return n < 0 && errno == EAGAIN ? 0 : n;
	}
	if (len > RECORD_BYTES)
		len = RECORD_BYTES;
	if (link->offered)
		len = link->offered;
	n = gnutls_record_send(link->session, link->out.data + at, len);
	link->offered = n == GNUTLS_E_AGAIN ? len : 0;
	return n == GNUTLS_E_AGAIN ? 0 : n;
}

static void flush_stream(struct link *link)
{
	size_t at = 0;

	while (at < link->out.len) {
		ssize_t n = write_once(link, at);

		if (n < 0) {
			fail(link, "write failed");
			return;
		}
		if (n == 0)
			break;
		at += (size_t)n;
	}
	buf_consume(&link->out, at);
	loop_rewatch(&link->watch, link->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void flush_datagrams(struct link *link)
{
	struct mmsghdr messages[DATAGRAMS_A_CALL];
	struct iovec parts[DATAGRAMS_A_CALL];
	size_t count = link->sizes.len / sizeof(size_t);
	size_t at = 0;

	memset(messages, 0, sizeof(messages));
	for (size_t i = 0; i < count;) {
		unsigned batch = 0;

		for (; batch < DATAGRAMS_A_CALL && i < count; batch++, i++) {
			size_t len;

			memcpy(&len, link->sizes.data + i * sizeof(len), sizeof(len));
			parts[batch] = (struct iovec){link->out.data + at, len};
			messages[batch].msg_hdr =
				(struct msghdr){.msg_iov = &parts[batch],
					.msg_iovlen = 1,
					.msg_name = &link->remote.sa,
					.msg_namelen = link->remote.len};
			at += len;
		}
		/* What the kernel does not take is lost, as on any network. */
		(void)sendmmsg(link->fd, messages, batch, 0);
	}
	buf_clear(&link->out);
	buf_clear(&link->sizes);
}

static void flush_h(void *arg)
{
	struct link *link = arg;

	if (link->state != OPEN)
		return;
	stamp_all(link);
	if (link->kind == LINK_UDP)
		flush_datagrams(link);
	else
		flush_stream(link);
}

void link_send(struct link *link, const char *data, size_t len)
{
	if (link->state == CLOSED)
		return;
	buf_add(&link->out, data, len);
	if (link->kind == LINK_UDP)
		buf_add(&link->sizes, &len, sizeof(len));
	if (link->state == OPEN)
		loop_defer(link->links->loop, &link->flush, flush_h, link);
}

void link_stamp(struct link *link, uint64_t *when_us)
{
	buf_add(&link->stamps, &when_us, sizeof(when_us));
}

bool link_is_open(const struct link *link)
{
	return link->state == OPEN;
}

enum link_kind link_kind(const struct link *link)
{
	return link->kind;
}

/* ---- making ---- */

static int make_socket(enum link_kind kind)
{
	const int on = 1, bytes = UDP_BUFFER_BYTES;
	int fd = socket(AF_INET,
		(kind == LINK_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK |
			SOCK_CLOEXEC,
		0);

	if (fd < 0)
		return -1;
	if (kind == LINK_UDP) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	return fd;
}

struct link *links_connect(
	struct links *links, enum link_kind kind, const struct addr *remote)
{
	int fd = make_socket(kind);
	struct link *link;

	if (fd < 0 ||
		(connect(fd, &remote->sa, remote->len) != 0 && errno != EINPROGRESS)) {
		perror("loadgen: connect");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	link = link_new(links, kind, fd, false);
	if (!link || loop_watch(links->loop, &link->watch, fd, EPOLLOUT, event_h, link))
		return NULL;
	links->opening++;
	link->state = CONNECTING;
	return link;
}

static void accept_h(void *arg, uint32_t events)
{
	struct link *listener = arg;
	struct links *links = listener->links;
	const int on = 1;
	struct link *link;
	int fd;

	(void)events;
	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
		0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		link = link_new(links, LINK_TCP, fd, false);
		if (!link ||
			loop_watch(links->loop, &link->watch, fd, EPOLLIN, event_h, link))
			return;
		set_state(link, OPEN);
	}
}

int links_listen(struct links *links, enum link_kind kind, const struct addr *local,
	const struct addr *peer, struct link **ret)
{
	int fd = make_socket(kind);
	struct link *link;

	if (fd < 0 || bind(fd, &local->sa, local->len) != 0 ||
		(kind == LINK_TCP && listen(fd, SOMAXCONN) != 0)) {
		perror("loadgen: listen");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	link = link_new(links, kind, fd, true);
	if (!link || loop_watch(links->loop, &link->watch, fd, EPOLLIN,
			     kind == LINK_TCP ? accept_h : event_h, link))
		return -1;
	if (peer)
		link->remote = *peer;
	set_state(link, OPEN);
	if (ret)
		*ret = link;
	return 0;
}
