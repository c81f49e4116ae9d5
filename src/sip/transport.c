/* The transport of one side, as those who use it see it: the files below it, joined. */
#include "sip/transport.h"

#include "sip/transport_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- credentials and peers ---- */

void transport_set_tls(
	struct transport *transport, struct cred *cred, struct peer_set *peers)
{
	struct cred *old_cred = transport->cred;
	struct peer_set *old_peers = transport->peers;

	transport->cred = cred ? cred_ref(cred) : NULL;
	transport->peers = peers ? peer_set_ref(peers) : NULL;
	cred_unref(old_cred);
	peer_set_unref(old_peers);
}

void transport_watch_judged(struct transport *transport,
	void (*h)(void *arg, const struct flow *flow), void *arg)
{
	transport->judged_h = h;
	transport->judged_arg = arg;
}

/* ---- start and end ---- */

int transport_new(struct transport **ret, const struct transport_params *params)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return -ENOMEM;
	transport->loop = params->loop;
	transport->limits = params->limits;
	transport->handlers = params->handlers;
	transport->tap = params->tap;
	transport->witness = params->witness;
	transport->quiet = params->quiet;
	transport->dscp = params->dscp;
	transport->room_h = listener_update_all;
	log_limit_init(&transport->log_limit, transport_timers(transport), "transport",
		transport_level(transport, LOG_LEVEL_WARNING), LOG_LINES_A_SECOND);
	list_init(&transport->listeners);
	list_init(&transport->udp_sockets);
	list_init(&transport->streams);
	list_init(&transport->handshakes.all);
	list_init(&transport->handshakes.ready);
	list_init(&transport->handshakes.waiting);
	transport->handshakes.told_h = handshake_tell;
	transport->name = strdup(params->name);
	if (!transport->name)
		goto out_transport;
	if (hash_init(&transport->reusable) < 0)
		goto out_name;
	if (hash_init(&transport->udp_flows) < 0)
		goto out_reusable;
	*ret = transport;
	return 0;

out_reusable:
	hash_free(&transport->reusable);
out_name:
	free(transport->name);
out_transport:
	free(transport);
	return -ENOMEM;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	timer_stop(&transport->resume);
	timer_stop(&transport->handshakes.timer);
	loop_cancel(&transport->handshakes.task);
	handshake_forget_waiting(&transport->handshakes);
	timer_stop(&transport->expiry);
	log_limit_end(&transport->log_limit);
	LIST_FOREACH (&transport->streams, node, next)
		stream_abandon(LIST_ENTRY(node, struct stream, node));
	LIST_FOREACH (&transport->listeners, node, next)
		listener_free(LIST_ENTRY(node, struct listener, node));
	udp_free(transport);
	strangers_free(transport->strangers);
	cred_unref(transport->cred);
	peer_set_unref(transport->peers);
	hash_free(&transport->udp_flows);
	hash_free(&transport->reusable);
	free(transport->name);
	free(transport);
}

/* A descriptor, or the negated errno. */
static int bind_socket(const struct addr *address, int type)
{
	const int on = 1;
	int fd = socket(address->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	/* A UDP port must not be shared by accident, and needs no waiting after a restart. */
	if (type == SOCK_STREAM &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		goto out;
	/* An IPv4 far end is always an IPv4 address to us, never ::ffff:192.0.2.1. */
	if (addr_is_v6(address) &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		goto out;
	if (bind(fd, &address->sa, address->len) < 0)
		goto out;
	return fd;

out:
	err = -errno;
	close(fd);
	return err;
}

static int say_cannot_listen(enum transport_kind kind, const struct addr *address,
	int err, struct err_text *text)
{
	char where[ADDR_TEXT_SIZE];

	return err_set(text, err, "cannot listen on %s for %s: %s",
		addr_text(address, where), transport_kind_name(kind), err_str(err));
}

int transport_bind(enum transport_kind kind, const struct addr *address, int *ret_fd,
	struct err_text *text)
{
	int fd = bind_socket(address, kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM);

	if (fd < 0)
		return say_cannot_listen(kind, address, fd, text);
	*ret_fd = fd;
	return 0;
}

static int make_strangers(struct transport *transport)
{
	const struct strangers_params params = {.side = transport->name,
		.loop = transport->loop,
		.owner_h = transport->handlers.owner_h,
		.arg = transport->handlers.arg};

	return transport->strangers ? 0 : strangers_new(&transport->strangers, &params);
}

int transport_listen(struct transport *transport, enum transport_kind kind, int fd,
	struct addr *ret_bound, struct err_text *text)
{
	char where[ADDR_TEXT_SIZE];
	struct addr bound = {.len = sizeof(bound.v6)};
	int err = make_strangers(transport);

	if (!err && getsockname(fd, &bound.sa, &bound.len) < 0)
		err = -errno;
	if (err) {
		close(fd);
	} else if (kind == TRANSPORT_UDP) {
		err = udp_listen(transport, fd, &bound);
	} else {
		err = listener_open(transport, kind, fd, &bound);
	}
	if (err)
		return say_cannot_listen(kind, &bound, err, text);
	log_info("transport", "event=listening side=%s transport=%s local=%s",
		transport->name, transport_kind_name(kind), addr_text(&bound, where));
	if (ret_bound)
		*ret_bound = bound;
	return 0;
}

/* ---- connections ---- */

/* *WANTED becomes TARGET with who must be there today, and what we present. */
static int complete_target(const struct transport *transport,
	const struct transport_target *target, struct transport_target *wanted,
	struct err_text *text)
{
	*wanted = *target;
	if (target->kind != TRANSPORT_TLS)
		return 0;
	if (!wanted->cred)
		wanted->cred = transport->cred;
	if (!wanted->peer || !wanted->cred)
		return err_set(text, ERR_STATE,
			"TLS needs a peer to expect and a certificate to present");
	wanted->peer = transport_present_peer(transport, wanted->peer);
	return 0;
}

int transport_flow(struct transport *transport, const struct transport_target *target,
	struct flow **ret, struct err_text *text)
{
	struct transport_target wanted;
	struct stream *stream;
	int err;

	if (target->kind == TRANSPORT_UDP)
		return udp_flow_to(transport, &target->remote, ret, text);
	err = complete_target(transport, target, &wanted, text);
	if (err)
		return err;
	stream = stream_find(transport, &wanted);
	if (!stream) {
		err = stream_connect(transport, &wanted, &stream, text);
		if (err < 0)
			return err;
	}
	*ret = flow_ref(&stream->flow);
	return 0;
}

bool transport_is_open(struct transport *transport, const struct transport_target *target)
{
	struct transport_target wanted;
	const struct stream *stream;

	if (complete_target(transport, target, &wanted, NULL))
		return false;
	stream = stream_find(transport, &wanted);
	return stream && stream->state == STREAM_OPEN;
}

void transport_each_open(struct transport *transport,
	const struct transport_target *target, void (*h)(void *arg, struct flow *flow),
	void *arg)
{
	struct transport_target wanted;

	if (target->kind != TRANSPORT_UDP &&
		!complete_target(transport, target, &wanted, NULL))
		stream_each_open(transport, &wanted, h, arg);
}

void transport_each(
	struct transport *transport, void (*h)(void *arg, struct flow *flow), void *arg)
{
	LIST_FOREACH (&transport->streams, node, next) {
		struct stream *stream = LIST_ENTRY(node, struct stream, node);

		/* One that we accepted is nobody before it was judged. */
		if (!stream->flow.closed && (stream->flow.opened || !stream->accepted))
			h(arg, &stream->flow);
	}
}

void transport_totals(const struct transport *transport, struct transport_totals *ret)
{
	*ret = transport->totals;
}

void transport_strangers(const struct transport *transport, strangers_h *h, void *arg)
{
	if (transport->strangers)
		strangers_each(transport->strangers, h, arg);
}
