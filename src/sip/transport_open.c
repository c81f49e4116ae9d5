/* How a stream connection comes to be: connected or accepted, shaken hands, opened. */
#include "sip/transport_priv.h"

#include "base/dscp.h"
#include "sip/failure.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A far end that vanished is noticed after 45 s without traffic, or when it did not
 * acknowledge anything for 20 s. */
#define KEEPALIVE_IDLE_S 25
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_PROBES 4
#define UNACKNOWLEDGED_MS 20000

static void stream_idle(void *arg)
{
	struct stream *stream = arg;
	struct timers *timers = transport_timers(stream->transport);
	const uint64_t idle_ms = stream->transport->limits.idle_ms;
	uint64_t quiet_ms = timers_now_ms(timers) - stream->flow.heard_ms;

	if (stream->flow.users == 0 && quiet_ms >= idle_ms) {
		stream_close(stream, "idle");
		return;
	}
	timer_start(timers, &stream->timer,
		quiet_ms < idle_ms ? idle_ms - quiet_ms : idle_ms, stream_idle, stream);
}

static void stream_opening_timeout(void *arg)
{
	struct stream *stream = arg;
	const bool connecting = stream->state == STREAM_CONNECTING;
	char remedy[FAILURE_REMEDY_SIZE] = "";
	char words[ERR_REASON_SIZE];

	/* who connected to us is asked nothing */
	if (stream->accepted)
		stream->transport->totals.refused++;
	else
		failure_remedy(connecting ? FAILURE_CONNECT : FAILURE_HANDSHAKE,
			-ETIMEDOUT, stream->flow.kind, &stream->flow.remote, remedy);
	snprintf(words, sizeof(words), "%s failed error=\"no answer in %llu ms\"%s%s%s",
		connecting ? "connect" : "tls",
		(unsigned long long)stream->transport->limits.handshake_ms,
		remedy[0] ? " do=\"" : "", remedy, remedy[0] ? "\"" : "");
	transport_log_flow_refused(stream->transport, &stream->flow, words);
	stream_end(stream, words);
}

/* To whoever asked for the connection; the stream may be closed afterwards. */
static void stream_report_progress(
	struct stream *stream, enum transport_progress progress)
{
	const struct transport_handlers *handlers = &stream->transport->handlers;

	if (!stream->accepted && handlers->progress_h)
		handlers->progress_h(handlers->arg, &stream->flow, progress);
}

static void stream_opened(struct stream *stream)
{
	struct transport *transport = stream->transport;
	struct flow *flow = &stream->flow;
	char remote[ADDR_TEXT_SIZE], peer[PEER_WORDS_SIZE];

	stream_stop_shaking(stream);
	if (stream->channel)
		stream_take_dates(stream);
	stream_set_state(stream, STREAM_OPEN);
	stream->flow.opened = true;
	if (stream->accepted)
		transport->totals.accepted++;
	/*
	 * RFC 5923 5: a connection that the peer made carries our requests to it too. Both
	 * ends proved who they are by certificate, so nobody can attract our requests by
	 * connecting under another's name. Plain TCP proves nothing and is not shared.
	 */
	if (stream->accepted && flow->peer)
		stream_make_reusable(
			stream, &(struct transport_target){
					.kind = TRANSPORT_TLS, .peer = flow->peer});
	if (stream->flow.until)
		judge_schedule(transport, stream->flow.until);
	stream->opened_ms = timers_now_ms(transport_timers(transport));
	stream->flow.heard_ms = stream->opened_ms;
	timer_stop(&stream->timer);
	if (transport->limits.idle_ms)
		timer_start(transport_timers(transport), &stream->timer,
			transport->limits.idle_ms, stream_idle, stream);
	log_write(transport_level(transport, LOG_LEVEL_INFO), "transport",
		"event=opened flow=%llu side=%s transport=%s by=%s remote=%s%s%s%s%s%s",
		(unsigned long long)flow->id, transport->name,
		transport_kind_name(flow->kind), stream->accepted ? "them" : "us",
		addr_text(&flow->remote, remote),
		peer_words(flow->peer ? flow->peer->id : NULL, peer),
		flow->version[0] ? " version=" : "", flow->version,
		flow->cipher[0] ? " cipher=" : "", flow->cipher);
	if (stream->accepted && flow->peer)
		transport_judged(transport, flow);
	if (stream->channel)
		stream_note_exception(stream);
	stream_report_progress(stream, TRANSPORT_OPENED);
	if (stream->state == STREAM_OPEN && stream->outdated)
		stream_judge_again(stream);
	if (stream->state == STREAM_OPEN)
		stream_want(stream, EPOLLIN);
	if (stream->state != STREAM_OPEN)
		return;
	if (stream->out.len)
		loop_defer(transport->loop, &stream->flush, stream_flush, stream);
	/* The handshake may have taken the first message's record off the socket. */
	if (stream->ops->handshake)
		stream_receive(stream);
}

/* Goes on with the handshake as far as it comes; the stream may be closed afterwards. */
static void stream_handshake(struct stream *stream)
{
	int err = stream->ops->handshake(stream);

	if (err == 0)
		stream_opened(stream);
	else if (err == -EAGAIN)
		stream_want(
			stream, stream->ops->wants_write(stream) ? EPOLLOUT : EPOLLIN);
	else
		stream_fail(stream, err);
}

/* The socket is connected. */
static void stream_connected(struct stream *stream)
{
	struct err_text text = {.text = ""};

	if (!stream->ops->start) {
		stream_opened(stream);
		return;
	}
	if (stream->ops->start(stream, &text) < 0) {
		stream_cut(stream, LOG_LEVEL_ERROR, text.text);
		return;
	}
	stream_set_state(stream, STREAM_HANDSHAKE);
	if (stream->accepted)
		handshake_begin(stream, stream_handshake);
	else
		stream_handshake(stream);
}

static void stream_connect_done(struct stream *stream)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		stream_fail(stream, -err);
		return;
	}
	stream_report_progress(stream, TRANSPORT_CONNECTED);
	if (stream->state == STREAM_CONNECTING)
		stream_connected(stream);
}

static void stream_event(void *arg, uint32_t events)
{
	struct stream *stream = arg;

	switch (stream->state) {
	case STREAM_CONNECTING:
		stream_connect_done(stream);
		return;
	case STREAM_HANDSHAKE:
		if (stream->accepted)
			handshake_ready(stream);
		else
			stream_handshake(stream);
		return;
	case STREAM_OPEN:
	case STREAM_DRAINING:
		if (events & EPOLLOUT)
			stream_flush(stream);
		if (stream->state != STREAM_CLOSED &&
			(stream->more || events & ~(uint32_t)EPOLLOUT))
			stream_receive(stream);
		return;
	case STREAM_CLOSED:
		return;
	}
}

static void stream_set_options(
	const struct transport *transport, int fd, const struct addr *remote)
{
	const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
	};

	/* None of them is needed for a correct service, so none may prevent it. */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof(options[i].value));
	(void)dscp_set(fd, remote, transport->dscp);
}

/* Takes FD, on failure too. */
static int stream_new(struct transport *transport, enum transport_kind kind, int fd,
	const struct addr *remote, bool accepted, struct stream **ret)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err = -ENOMEM;

	if (!stream)
		goto out;
	flow_init(&stream->flow, &stream_flow_ops, kind, remote);
	stream->flow.local.len = sizeof(stream->flow.local.v6);
	if (getsockname(fd, &stream->flow.local.sa, &stream->flow.local.len) < 0) {
		err = -errno;
		goto out;
	}
	stream->ops = kind == TRANSPORT_TLS ? &stream_tls_ops : &stream_tcp_ops;
	stream->transport = transport;
	stream->accepted = accepted;
	stream->source = crowd_source(remote);
	stream->fd = fd;
	stream->state = STREAM_CONNECTING;
	list_init(&stream->shaking_node);
	list_init(&stream->ready_node);
	buf_init(&stream->in, FRAMER_MAX_MESSAGE + 2 * STREAM_READ_BYTES);
	buf_init(&stream->out, 0);
	err = loop_watch(transport->loop, &stream->watch, fd,
		accepted ? EPOLLIN : EPOLLOUT, stream_event, stream);
	if (err < 0)
		goto out;
	list_append(&transport->streams, &stream->node);
	stream_count(stream, 1);
	if (transport->limits.handshake_ms)
		timer_start(transport_timers(transport), &stream->timer,
			transport->limits.handshake_ms, stream_opening_timeout, stream);
	*ret = stream;
	return 0;

out:
	close(fd);
	free(stream);
	return err;
}

void stream_accept(struct listener *listener, int fd, const struct addr *remote)
{
	struct transport *transport = listener->transport;
	const struct transport_handlers *handlers = &transport->handlers;
	struct stream *stream = NULL;

	if (listener->kind == TRANSPORT_TLS && (!transport->cred || !transport->peers)) {
		transport->totals.refused++;
		transport_log_refused(
			transport, remote, "tls refused by=us rule=not_configured");
		close(fd);
		return;
	}
	if (listener->kind == TRANSPORT_TCP && handlers->allowed_h &&
		!handlers->allowed_h(handlers->arg, listener->kind, remote)) {
		transport->totals.stray++;
		strangers_note(transport->strangers, listener->kind, remote,
			(struct span){NULL, 0});
		close(fd);
		return;
	}
	stream_set_options(transport, fd, remote);
	if (stream_new(transport, listener->kind, fd, remote, true, &stream) < 0) {
		transport_log_refused(
			transport, remote, "connection refused by=us rule=resources");
		return;
	}
	if (listener->kind == TRANSPORT_TLS) {
		stream->peers = peer_set_ref(transport->peers);
		stream->cred = cred_ref(transport->cred);
	}
	stream_connected(stream);
	transport_room_changed(transport);
}

/* False when SOURCE cannot reach REMOTE. */
static bool stream_bind_to(int fd, struct addr source, const struct addr *remote)
{
	const int on = 1;

	if (source.sa.sa_family != remote->sa.sa_family || addr_is_any(&source) ||
		addr_is_loopback(&source) != addr_is_loopback(remote))
		return false;
	addr_set_port(&source, 0);
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	/* When it fails the kernel chooses, which serves better than no connection. */
	(void)bind(fd, &source.sa, source.len);
	return true;
}

/*
 * Connections leave from the address that we listen on: peers' access lists and firewalls
 * know that one. Not where it cannot reach REMOTE (a loopback listener, the world).
 */
static void stream_bind_source(
	const struct transport *transport, int fd, const struct transport_target *target)
{
	const struct addr *remote = &target->remote;

	if (target->source.len) {
		stream_bind_to(fd, target->source, remote);
		return;
	}
	LIST_FOREACH (&transport->listeners, node, next) {
		if (stream_bind_to(
			    fd, LIST_ENTRY(node, struct listener, node)->local, remote))
			return;
	}
}

static int stream_dial(
	const struct transport *transport, const struct transport_target *target)
{
	const struct addr *remote = &target->remote;
	int fd = socket(
		remote->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	stream_set_options(transport, fd, remote);
	stream_bind_source(transport, fd, target);
	if (connect(fd, &remote->sa, remote->len) == 0 || errno == EINPROGRESS)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int stream_connect(struct transport *transport, const struct transport_target *target,
	struct stream **ret, struct err_text *text)
{
	struct stream *stream = NULL;
	char where[ADDR_TEXT_SIZE];
	int fd = stream_dial(transport, target);
	int err = fd;

	if (fd >= 0)
		err = stream_new(
			transport, target->kind, fd, &target->remote, false, &stream);
	if (err < 0)
		return err_set(text, err, "cannot connect to %s by %s: %s",
			addr_text(&target->remote, where),
			transport_kind_name(target->kind), err_str(err));
	if (target->kind == TRANSPORT_TLS) {
		stream->expected = target->peer;
		stream->peers = peer_set_ref(target->peer->set);
		stream->cred = cred_ref(target->cred);
		stream->host = target->host ? strdup(target->host) : NULL;
		if (target->host && !stream->host) {
			stream_cut(stream, LOG_LEVEL_ERROR, "out of memory");
			return err_set(text, -ENOMEM, "out of memory");
		}
	}
	stream_make_reusable(stream, target);
	*ret = stream;
	return 0;
}
