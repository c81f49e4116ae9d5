/*
 * UDP: one unconnected socket a listener, datagrams in and out by batches.
 *
 * A trunk that is configured as UDP stays UDP: RFC 3261 18.1.1 would have requests over
 * 1,300 bytes change to TCP, but which transport a trunk speaks is its owner's decision
 * and not the size's, so larger ones leave in fragments, up to what a datagram can hold.
 */
#include "sip/transport_priv.h"

#include "base/dscp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
/* Batches of one socket in one turn. */
#define BATCHES_A_TURN 4
#define DATAGRAM_BYTES (64 * 1024)
#define DATAGRAM_MAX 65507
/* Output that may wait for the kernel; what is over is lost as on the wire, and healed by
 * retransmission the same way. */
#define QUEUE_BYTES (4 * 1024 * 1024)
/* Bursts come faster than the loop turns. The kernel caps it at net.core.rmem_max. */
#define SOCKET_BUFFER_BYTES (4 * 1024 * 1024)
/* ICMP errors read in one turn: strangers can make them at will. */
#define ERRORS_A_TURN 64
/* Of what an error returns, so much is looked at. */
#define QUOTED_BYTES 1024

struct udp_batch {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	struct addr remotes[BATCH];
	char data[BATCH][DATAGRAM_BYTES]; /* touched, and so in memory, as far as used */
};

struct udp_datagram {
	size_t at; /* in udp_socket.out */
	size_t len;
	struct addr remote;
};

struct udp_socket {
	struct list node;
	struct transport *transport;
	int fd;
	struct addr local;
	struct loop_fd watch;
	struct loop_task flush;
	struct buf out;       /* bytes of the datagrams that wait */
	struct buf out_index; /* struct udp_datagram */
	uint64_t lost;        /* datagrams over QUEUE_BYTES since the last log line */
};

/* Lives while somebody holds a reference, so that strangers' datagrams leave nothing. */
struct udp_flow {
	struct flow flow;
	struct udp_socket *socket; /* NULL after the socket closed */
	struct hash_node node;     /* in transport->udp_flows */
	/* A datagram to it could not leave: told at the end of the turn, with a reference. */
	struct loop_task failed;
	int failure;
};

/* ---- output ---- */

static void udp_flush(void *arg);

static void udp_event(void *arg, uint32_t events);

static void udp_want(struct udp_socket *socket, uint32_t events)
{
	if (loop_rewatch(&socket->watch, events) < 0)
		log_error("transport", "event=socket-not-watched side=%s",
			socket->transport->name);
}

static struct udp_flow *udp_flow_find(
	struct udp_socket *socket, const struct addr *remote);

/* ERR as transport_handlers.unreachable_h has it; 0: it says nothing of the way there. */
static int udp_failure(int err)
{
	switch (err) {
	case ECONNREFUSED:
	case ENOPROTOOPT: /* no such protocol */
		return -ECONNREFUSED;
	case ENETUNREACH:
		return -ENETUNREACH;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case EACCES: /* prohibited there, or by a firewall here */
	case EPERM:
		return -EHOSTUNREACH;
	default:
		return 0;
	}
}

static void udp_tell_failed(void *arg)
{
	struct udp_flow *flow = arg;
	const struct transport_handlers *handlers;

	if (flow->socket) {
		handlers = &flow->socket->transport->handlers;
		handlers->unreachable_h(
			handlers->arg, &flow->flow, (struct span){0}, flow->failure);
	}
	flow_unref(&flow->flow);
}

/* The kernel refused a datagram to REMOTE with ERR. It is told later: whoever sends must not be
 * called up from within. */
static void udp_failed(struct udp_socket *socket, const struct addr *remote, int err)
{
	struct udp_flow *flow = udp_flow_find(socket, remote);
	const int failure = udp_failure(err);

	log_debug("transport", "event=datagram-lost error=\"%s\" side=%s", err_str(-err),
		socket->transport->name);
	if (!flow || !failure || flow->failed.queued ||
		!socket->transport->handlers.unreachable_h)
		return;
	flow->failure = failure;
	flow_ref(&flow->flow);
	loop_defer(socket->transport->loop, &flow->failed, udp_tell_failed, flow);
}

/* Sends up to BATCH datagrams from the COUNT at FIRST. How many are done with; -EAGAIN. */
static int udp_send_batch(
	struct udp_socket *socket, struct udp_datagram *first, size_t count)
{
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	unsigned n = count < BATCH ? (unsigned)count : BATCH;
	int sent;

	memset(headers, 0, sizeof(headers));
	for (unsigned i = 0; i < n; i++) {
		parts[i].iov_base = socket->out.data + first[i].at;
		parts[i].iov_len = first[i].len;
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
		headers[i].msg_hdr.msg_name = &first[i].remote.sa;
		headers[i].msg_hdr.msg_namelen = first[i].remote.len;
	}
	sent = sendmmsg(socket->fd, headers, n, MSG_NOSIGNAL);
	/* An ICMP error of an earlier datagram is told once to the next call, whose own
	 * datagrams it does not concern. It waits in the error queue too. */
	if (sent < 0 && udp_failure(errno))
		sent = sendmmsg(socket->fd, headers, n, MSG_NOSIGNAL);
	if (sent > 0)
		return sent;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return -EAGAIN;
	/* The first one cannot go, by no way or by a firewall: it is lost as on the wire. */
	udp_failed(socket, &first->remote, errno);
	return 1;
}

static void udp_flush(void *arg)
{
	struct udp_socket *socket = arg;
	struct udp_datagram *index =
		(struct udp_datagram *)(void *)socket->out_index.data;
	const size_t count = socket->out_index.len / sizeof(*index);
	size_t done = 0;

	while (done < count) {
		int n = udp_send_batch(socket, index + done, count - done);

		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done == count) {
		buf_free(&socket->out);
		buf_free(&socket->out_index);
	} else {
		/* What stays keeps its place: the bytes go when all of them are sent. */
		buf_consume(&socket->out_index, done * sizeof(*index));
	}
	udp_want(socket, done == count ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static int udp_queue(struct udp_socket *socket, const struct udp_flow *flow,
	const char *data, size_t len)
{
	struct udp_datagram datagram = {.len = len, .remote = flow->flow.remote};

	if (socket->out.len + len > QUEUE_BYTES)
		udp_flush(socket);
	if (socket->out.len + len > QUEUE_BYTES) {
		if (socket->lost++ == 0)
			log_warning("transport",
				"event=output-lost side=%s reason=\"the kernel takes no "
				"more\"",
				socket->transport->name);
		return 0;
	}
	socket->lost = 0;
	datagram.at = socket->out.len;
	buf_add(&socket->out, data, len);
	buf_add(&socket->out_index, &datagram, sizeof(datagram));
	if (socket->out.err || socket->out_index.err) {
		/* They no longer belong together: all that waits is lost. */
		buf_free(&socket->out);
		buf_free(&socket->out_index);
		return -ENOMEM;
	}
	loop_defer(socket->transport->loop, &socket->flush, udp_flush, socket);
	return 0;
}

/* ---- flows ---- */

static struct udp_flow *udp_flow_of(struct flow *flow)
{
	return (struct udp_flow *)(void *)((char *)flow -
					   offsetof(struct udp_flow, flow));
}

static int udp_send(struct flow *flow, const char *data, size_t len)
{
	struct udp_flow *udp_flow = udp_flow_of(flow);
	int err;

	if (len > DATAGRAM_MAX)
		return -EMSGSIZE;
	err = udp_queue(udp_flow->socket, udp_flow, data, len);
	if (err == 0)
		transport_sent(udp_flow->socket->transport, flow, data, len);
	return err;
}

static int udp_keep_alive(struct flow *flow)
{
	struct udp_flow *udp_flow = udp_flow_of(flow);

	return udp_queue(udp_flow->socket, udp_flow, "\r\n\r\n", 4);
}

static void udp_flow_free(struct flow *flow)
{
	struct udp_flow *udp_flow = udp_flow_of(flow);

	if (udp_flow->socket)
		hash_remove(&udp_flow->socket->transport->udp_flows, &udp_flow->node);
	free(udp_flow);
}

static struct flow *udp_flow_get(struct udp_socket *socket, const struct addr *remote);

static struct flow *udp_at_port(struct flow *flow, uint16_t port)
{
	struct udp_flow *udp_flow = udp_flow_of(flow);
	struct addr remote = flow->remote;

	addr_set_port(&remote, port);
	return udp_flow->socket ? udp_flow_get(udp_flow->socket, &remote)
				: flow_ref(flow);
}

static const struct flow_ops udp_flow_ops = {
	.send = udp_send,
	.free = udp_flow_free,
	.keep_alive = udp_keep_alive,
	.at_port = udp_at_port,
};

/* The flow of SOCKET and REMOTE, borrowed, or NULL. */
static struct udp_flow *udp_flow_find(
	struct udp_socket *socket, const struct addr *remote)
{
	struct hash_node *node =
		hash_find(&socket->transport->udp_flows, transport_addr_hash(remote));

	for (; node; node = hash_find_next(node)) {
		struct udp_flow *flow = HASH_ENTRY(node, struct udp_flow, node);

		if (flow->socket == socket && addr_equal(&flow->flow.remote, remote))
			return flow;
	}
	return NULL;
}

/* The same with a reference for the caller, made where there is none; NULL without memory. */
static struct flow *udp_flow_get(struct udp_socket *socket, const struct addr *remote)
{
	struct udp_flow *flow = udp_flow_find(socket, remote);

	if (flow)
		return flow_ref(&flow->flow);
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow_init(&flow->flow, &udp_flow_ops, TRANSPORT_UDP, remote);
	flow->flow.opened = true;
	flow->flow.local = socket->local;
	flow->socket = socket;
	hash_add(&socket->transport->udp_flows, &flow->node, transport_addr_hash(remote));
	return &flow->flow;
}

int udp_flow_to(struct transport *transport, const struct addr *remote, struct flow **ret,
	struct err_text *text)
{
	struct udp_socket *best = NULL;
	char where[ADDR_TEXT_SIZE];
	struct flow *flow;

	LIST_FOREACH (&transport->udp_sockets, node, next) {
		struct udp_socket *socket = LIST_ENTRY(node, struct udp_socket, node);

		if (socket->local.sa.sa_family != remote->sa.sa_family)
			continue;
		/* One on loopback reaches loopback alone. */
		if (!best ||
			(addr_is_loopback(&best->local) && !addr_is_loopback(remote)))
			best = socket;
	}
	if (!best)
		return err_set(text, ERR_STATE,
			"no UDP listener of its family can reach %s",
			addr_text(remote, where));
	flow = udp_flow_get(best, remote);
	if (!flow)
		return err_set(text, -ENOMEM, "out of memory");
	*ret = flow;
	return 0;
}

/* ---- input ---- */

/* DATAGRAM says what DATA holds. */
static int udp_deliver(struct udp_socket *socket, struct flow *flow, const char *data,
	const struct framer_datagram *datagram, enum framer_result result)
{
	const struct span text = {data + datagram->at, datagram->len};

	if (result == FRAMER_TOO_BIG)
		return transport_deliver_too_big(
			socket->transport, flow, text, datagram->reason);
	return transport_deliver(socket->transport, flow, text,
		datagram->is_short ? TRANSPORT_SHORT : TRANSPORT_WHOLE);
}

static void udp_receive_one(struct udp_socket *socket, const struct addr *remote,
	const char *data, size_t len)
{
	struct transport *transport = socket->transport;
	const struct transport_handlers *handlers = &transport->handlers;
	struct framer_datagram datagram;
	enum framer_result result;
	struct flow *flow;

	if (handlers->allowed_h &&
		!handlers->allowed_h(handlers->arg, TRANSPORT_UDP, remote)) {
		transport->totals.stray++;
		strangers_note(transport->strangers, TRANSPORT_UDP, remote,
			(struct span){data, len});
		return;
	}
	result = framer_datagram(data, len, &datagram);
	if (result == FRAMER_BROKEN)
		transport->totals.broken++;
	/* RFC 5626 4.4.1 has CRLF answered on connections; a datagram of it asks nothing. */
	if (result != FRAMER_MESSAGE && result != FRAMER_TOO_BIG)
		return;
	flow = udp_flow_get(socket, remote);
	if (!flow)
		return;
	if (udp_deliver(socket, flow, data, &datagram, result) == ERR_FORMAT)
		transport->totals.broken++;
	flow_unref(flow);
}

/* False when the socket is empty. */
static bool udp_receive_batch(struct udp_socket *socket, struct udp_batch *batch)
{
	int count;

	for (unsigned i = 0; i < BATCH; i++) {
		batch->parts[i].iov_base = batch->data[i];
		batch->parts[i].iov_len = DATAGRAM_BYTES;
		batch->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->remotes[i].sa,
			.msg_namelen = sizeof(batch->remotes[i].v6),
			.msg_iov = &batch->parts[i],
			.msg_iovlen = 1,
		};
	}
	/* An ICMP error of an earlier datagram may come first: the next call goes on. */
	count = recvmmsg(socket->fd, batch->headers, BATCH, MSG_DONTWAIT, NULL);
	if (count < 0)
		return errno != EAGAIN;
	for (int i = 0; i < count; i++) {
		batch->remotes[i].len = batch->headers[i].msg_hdr.msg_namelen;
		udp_receive_one(socket, &batch->remotes[i], batch->data[i],
			batch->headers[i].msg_len);
	}
	return count == BATCH;
}

/* ---- ICMP ---- */

/* The extended error in HEADER, or NULL. */
static const struct sock_extended_err *udp_extended_error(struct msghdr *header)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(header);

	for (; part; part = CMSG_NXTHDR(header, part)) {
		if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
			(part->cmsg_level == IPPROTO_IPV6 &&
				part->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(part);
	}
	return NULL;
}

/* RFC 3261 18.4: unreachable counts, and a packet that went in circles does not. */
static int udp_icmp_failure(const struct sock_extended_err *error)
{
	if (!error)
		return 0;
	if ((error->ee_origin == SO_EE_ORIGIN_ICMP &&
		    error->ee_type == ICMP_DEST_UNREACH) ||
		(error->ee_origin == SO_EE_ORIGIN_ICMP6 &&
			error->ee_type == ICMP6_DST_UNREACH))
		return udp_failure((int)error->ee_errno);
	return 0;
}

/*
 * One error of the queue. False when there is none. To whom nothing was sent lately there is
 * no flow, and the error counts for nothing; what else it must prove is up to unreachable_h.
 */
static bool udp_receive_error(struct udp_socket *socket)
{
	const struct transport_handlers *handlers = &socket->transport->handlers;
	struct addr remote = {.len = 0};
	char quoted[QUOTED_BYTES];
	union {
		struct cmsghdr align;
		char bytes[512];
	} control;
	struct iovec part = {.iov_base = quoted, .iov_len = sizeof(quoted)};
	struct msghdr header = {.msg_name = &remote.sa,
		.msg_namelen = sizeof(remote.v6),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(socket->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
	struct udp_flow *flow;
	int failure;

	if (len < 0)
		return errno == EINTR;
	remote.len = header.msg_namelen;
	failure = udp_icmp_failure(udp_extended_error(&header));
	flow = failure && remote.len ? udp_flow_find(socket, &remote) : NULL;
	if (!flow || !handlers->unreachable_h)
		return true;
	flow_ref(&flow->flow);
	handlers->unreachable_h(
		handlers->arg, &flow->flow, (struct span){quoted, (size_t)len}, failure);
	flow_unref(&flow->flow);
	return true;
}

static void udp_receive_errors(struct udp_socket *socket)
{
	for (unsigned i = 0; i < ERRORS_A_TURN; i++) {
		if (!udp_receive_error(socket))
			break;
	}
}

static void udp_event(void *arg, uint32_t events)
{
	struct udp_socket *socket = arg;

	if (events & EPOLLERR)
		udp_receive_errors(socket);
	if (events & EPOLLOUT)
		udp_flush(socket);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	for (unsigned i = 0; i < BATCHES_A_TURN; i++) {
		if (!udp_receive_batch(socket, socket->transport->batch))
			break;
	}
}

/* ---- listeners ---- */

static void udp_socket_free(struct udp_socket *socket)
{
	loop_unwatch(&socket->watch);
	loop_cancel(&socket->flush);
	if (socket->fd >= 0)
		close(socket->fd);
	buf_free(&socket->out);
	buf_free(&socket->out_index);
	list_remove(&socket->node);
	free(socket);
}

static int udp_socket_open(struct udp_socket *socket)
{
	const struct addr *address = &socket->local;
	const int fragments = IP_PMTUDISC_DONT;
	const int bytes = SOCKET_BUFFER_BYTES;
	const int on = 1;

	/* Without them a far end that is not there is waited for as long as a silent one. */
	if (addr_is_v6(address))
		(void)setsockopt(socket->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(socket->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	/* An INVITE with SDP is often larger than a path: let routers cut it (no DF) rather
	 * than lose the first one to path MTU discovery. Both are improvements only. */
	if (!addr_is_v6(address))
		(void)setsockopt(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, &fragments,
			sizeof(fragments));
	(void)setsockopt(socket->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	(void)dscp_set(socket->fd, address, socket->transport->dscp);
	return loop_watch(socket->transport->loop, &socket->watch, socket->fd, EPOLLIN,
		udp_event, socket);
}

int udp_listen(struct transport *transport, int fd, const struct addr *local)
{
	struct udp_socket *socket = calloc(1, sizeof(*socket));
	int err;

	if (!transport->batch)
		transport->batch = malloc(sizeof(*transport->batch));
	if (!socket || !transport->batch) {
		free(socket);
		close(fd);
		return -ENOMEM;
	}
	memset(transport->batch->headers, 0, sizeof(transport->batch->headers));
	socket->transport = transport;
	socket->fd = fd;
	socket->local = *local;
	list_init(&socket->node);
	err = udp_socket_open(socket);
	if (err)
		udp_socket_free(socket);
	else
		list_append(&transport->udp_sockets, &socket->node);
	return err;
}

static void udp_flow_close(void *arg, struct hash_node *node)
{
	struct transport *transport = arg;
	struct udp_flow *flow = HASH_ENTRY(node, struct udp_flow, node);

	hash_remove(&transport->udp_flows, node);
	flow->flow.closed = true;
	flow->socket = NULL;
	if (flow->failed.queued) {
		loop_cancel(&flow->failed);
		flow_unref(&flow->flow);
	}
}

void udp_free(struct transport *transport)
{
	hash_each(&transport->udp_flows, udp_flow_close, transport);
	LIST_FOREACH (&transport->udp_sockets, node, next) {
		struct udp_socket *socket = LIST_ENTRY(node, struct udp_socket, node);

		udp_flush(socket);
		udp_socket_free(socket);
	}
	free(transport->batch);
	transport->batch = NULL;
}
