/*
 * Listeners of TCP and TLS. One that may not accept (limits reached, no descriptors left)
 * is simply not watched: the kernel's backlog holds the newcomers, so a burst is served a
 * little later instead of being turned away, and the loop does not spin.
 */
#include "sip/transport_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 1024
/* So many newcomers a turn, so that those who are connected are not kept waiting by a storm
 * of reconnects. */
#define ACCEPTS_A_TURN 8
/* How long listeners rest when the process has no descriptors left. */
#define NO_DESCRIPTORS_MS 100
#define PAUSED_LOG_MS 60000

static bool listener_may_accept(const struct listener *listener)
{
	return !listener->transport->no_descriptors &&
	       handshake_room_ms(listener->transport, listener->kind) == 0;
}

static void listener_resume(void *arg)
{
	struct transport *transport = arg;

	transport->no_descriptors = false;
	listener_update_all(transport);
}

static void listener_no_descriptors(struct listener *listener, int err)
{
	struct transport *transport = listener->transport;
	const uint64_t now_ms = timers_now_ms(transport_timers(transport));
	char where[ADDR_TEXT_SIZE];

	transport->rests++;
	if (now_ms >= transport->scarce_log_ms) {
		transport->scarce_log_ms = now_ms + PAUSED_LOG_MS;
		log_error("transport",
			"event=accepting-paused error=\"%s\" side=%s local=%s times=%llu",
			err_str(err), transport->name, addr_text(&listener->local, where),
			(unsigned long long)transport->rests);
		transport->rests = 0;
	}
	transport->no_descriptors = true;
	timer_start(transport_timers(transport), &transport->resume, NO_DESCRIPTORS_MS,
		listener_resume, transport);
	listener_update_all(transport);
}

/* Not at the first that gets one: others may be refused at once, and that many lines a second. */
static void listener_descriptors_are_back(struct transport *transport)
{
	if (!transport->scarce_log_ms ||
		timers_now_ms(transport_timers(transport)) < transport->scarce_log_ms)
		return;
	transport->scarce_log_ms = 0;
	log_info("transport", "event=accepting-again side=%s paused-times=%llu",
		transport->name, (unsigned long long)transport->rests);
	transport->rests = 0;
}

/* False: nothing more to accept now. */
static bool listener_accept_one(struct listener *listener)
{
	struct addr remote = {.len = sizeof(remote.v6)};
	int fd = accept4(
		listener->fd, &remote.sa, &remote.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		listener_descriptors_are_back(listener->transport);
		handshake_make_room(listener->transport, listener->kind);
		stream_accept(listener, fd, &remote);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		listener_no_descriptors(listener, -errno);
		return false;
	default:
		/* The newcomer's own network error, which accept(2) passes on, or EINTR. */
		return true;
	}
}

static void listener_event(void *arg, uint32_t events)
{
	struct listener *listener = arg;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN && listener_may_accept(listener); i++) {
		if (!listener_accept_one(listener))
			break;
	}
}

/* Strangers can reach and leave a limit many times a second: that is one line a minute. */
static void listener_log_paused(struct transport *transport)
{
	uint64_t now_ms = timers_now_ms(transport_timers(transport));

	if (now_ms < transport->paused_log_ms)
		return;
	transport->paused_log_ms = now_ms + PAUSED_LOG_MS;
	log_warning("transport",
		"event=accepting-paused side=%s connections=%u handshakes=%u",
		transport->name, transport->accepted, transport->accepted_opening);
}

/* Handshakes that are too young to give way are soon old enough. */
static void listener_look_again(struct listener *listener)
{
	struct transport *transport = listener->transport;
	uint64_t room_ms = handshake_room_ms(transport, listener->kind);

	if (room_ms != UINT64_MAX && !timer_running(&transport->resume))
		timer_start(transport_timers(transport), &transport->resume, room_ms,
			listener_resume, transport);
}

static int listener_watch(struct listener *listener)
{
	return loop_watch(listener->transport->loop, &listener->watch, listener->fd,
		EPOLLIN, listener_event, listener);
}

void listener_update_all(struct transport *transport)
{
	LIST_FOREACH (&transport->listeners, node, next) {
		struct listener *listener = LIST_ENTRY(node, struct listener, node);
		bool watched = listener->watch.loop;

		if (listener_may_accept(listener) && !watched) {
			if (listener_watch(listener) < 0)
				log_error("transport", "event=accepting-stopped side=%s",
					transport->name);
		} else if (!listener_may_accept(listener)) {
			if (watched && !transport->no_descriptors)
				listener_log_paused(transport);
			loop_unwatch(&listener->watch);
			listener_look_again(listener);
		}
	}
}

int listener_open(struct transport *transport, enum transport_kind kind, int fd,
	const struct addr *local)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int err = 0;

	if (!listener) {
		close(fd);
		return -ENOMEM;
	}
	listener->transport = transport;
	listener->kind = kind;
	listener->fd = fd;
	listener->local = *local;
	list_init(&listener->node);
	if (listen(fd, LISTEN_BACKLOG) < 0)
		err = -errno;
	if (!err)
		err = listener_watch(listener);
	if (err)
		listener_free(listener);
	else
		list_append(&transport->listeners, &listener->node);
	return err;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	loop_unwatch(&listener->watch);
	if (listener->fd >= 0)
		close(listener->fd);
	list_remove(&listener->node);
	free(listener);
}
