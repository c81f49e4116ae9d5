#include "media/relay.h"

#include "base/list.h"
#include "base/log.h"
#include "media/pools.h"
#include "media/srtp.h"
#include "media/srtp_engine.h"
#include "media/worker.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MODULE "relay"
#define WORKERS_MAX 256
#define QUARANTINE_MS 5000
#define FLUSH_MS 10
/* So long may commands that are in no hurry wait for those of other calls. */
#define LATE_MS 10

struct worker_slot {
	struct relay *relay;
	struct worker *worker;
	struct loop_fd watch;
	struct loop_task wake; /* queued when commands wait for the end of the turn */
	struct timer late;     /* runs when commands wait that are in no hurry */
};

struct relay {
	struct loop *loop;
	struct relay_handlers handlers;
	struct io_shared *io;
	struct pools pools;
	struct list sessions;
	uint64_t session_count;
	uint64_t stream_count;
	struct timer flush_timer;
	unsigned worker_count;
	struct worker_slot workers[];
};

struct relay_stream {
	struct worker_stream *worker;
	struct addr local_rtp[2];
};

struct relay_session {
	struct list node;
	struct relay *relay;
	struct worker_slot *slot;
	struct worker_session *worker;
	struct ports *ports[2]; /* by end: of its streams; NULL: not told yet */
	struct relay_stream *streams[RELAY_STREAMS];
};

static uint64_t now_ms(const struct relay *relay)
{
	struct clock *clock = loop_clock(relay->loop);

	return clock->mono_us(clock) / 1000;
}

/* Starting and stopping */

/* Pinned, or in a container, there may be fewer cores for us than the machine has. */
static unsigned usable_cores(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	/* Fails on machines of more than 1,024 cores. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	return online > 0 ? (unsigned)online : 1;
}

unsigned relay_worker_count(unsigned configured)
{
	unsigned count = configured > 0 ? configured : usable_cores();

	return count < WORKERS_MAX ? count : WORKERS_MAX;
}

/* Each address once. NULL: out of memory. */
static struct addr *list_addresses(const struct relay_params *params, unsigned *ret_count)
{
	struct addr *list = calloc(params->address_count + 1, sizeof(*list));
	unsigned count = 0;

	for (unsigned i = 0; list && i < params->address_count; i++) {
		const struct addr *address = &params->addresses[i];
		unsigned at = 0;

		while (at < count && !addr_equal_host(&list[at], address))
			at++;
		if (at == count)
			list[count++] = *address;
	}
	*ret_count = count;
	return list;
}

/* What the configuration forces, else the cheapest that this machine allows. */
static int open_io(struct io_shared **ret, enum relay_io wanted,
	const struct io_shared_params *io, struct err_text *text)
{
	int kind = wanted == RELAY_IO_AUTO ? IO_KINDS - 1 : (int)wanted - 1;
	struct err_text why;

	for (unsigned i = 0; i < io->address_count; i++) {
		int err = pools_check(&io->addresses[i], text);

		if (err != 0)
			return err;
	}
	if (wanted != RELAY_IO_AUTO)
		return io_shared_new(ret, (enum io_kind)kind, io, text);
	while (io_shared_new(ret, (enum io_kind)kind, io, &why) != 0) {
		if (kind == IO_SOCKETS)
			return err_set(text, ERR_LIBRARY, "%s", why.text);
		log_info(MODULE, "event=io-not-used io=%s reason=\"%s\"",
			io_name((enum io_kind)kind), why.text);
		kind--;
	}
	return 0;
}

int relay_io_open(
	struct io_shared **ret, const struct relay_params *params, struct err_text *text)
{
	struct io_shared_params io = {
		.workers = relay_worker_count(params->workers),
		.dscp = params->dscp,
	};
	struct addr *addresses = list_addresses(params, &io.address_count);
	int err;

	if (!addresses)
		return err_set(text, -ENOMEM, "out of memory");
	io.addresses = addresses;
	err = open_io(ret, params->io, &io, text);
	free(addresses);
	return err;
}

bool relay_io_steers(const struct io_shared *opened)
{
	return io_shared_kind(opened) == IO_STEER;
}

void relay_io_close(struct io_shared *opened)
{
	io_shared_free(opened);
}

static int make_ports(
	struct relay *relay, const struct relay_params *params, struct err_text *text)
{
	const struct ports_params ports = {
		.min = params->port_min,
		.max = params->port_max,
		.quarantine_ms =
			params->quarantine_ms ? params->quarantine_ms : QUARANTINE_MS,
		.bind = io_shared_binds(relay->io),
		.dscp = params->dscp,
	};
	unsigned count;
	struct addr *addresses = list_addresses(params, &count);
	int err = addresses ? 0 : err_set(text, -ENOMEM, "out of memory");

	pools_init(&relay->pools, &ports);
	for (unsigned i = 0; err == 0 && i < count; i++)
		err = pools_add(&relay->pools, &addresses[i], text);
	free(addresses);
	return err;
}

static void on_event(void *arg, const struct worker_event *event)
{
	const struct relay_handlers *handlers = arg;
	const struct relay_latched *latched = &event->latched;

	switch (event->type) {
	case WORKER_SILENT:
		if (handlers->timeout_h)
			handlers->timeout_h(handlers->arg, latched->call, latched->end);
		break;
	case WORKER_LATCHED:
		if (handlers->latched_h)
			handlers->latched_h(handlers->arg, latched);
		break;
	case WORKER_DIGIT:
		if (handlers->digit_h)
			handlers->digit_h(handlers->arg, &event->digit);
		break;
	}
}

static void on_events(void *arg, uint32_t events)
{
	struct worker_slot *slot = arg;

	(void)events;
	worker_events(slot->worker, on_event, &slot->relay->handlers);
}

static int start_workers(
	struct relay *relay, const struct relay_params *params, struct err_text *text)
{
	struct worker_params worker = {
		.tick_us = params->tick_us, .tap = params->tap, .shared = relay->io};

	for (unsigned i = 0; i < relay->worker_count; i++) {
		struct worker_slot *slot = &relay->workers[i];
		int err;

		worker.index = i;
		slot->relay = relay;
		err = worker_new(&slot->worker, &worker, text);
		if (err != 0)
			return err;
		err = loop_watch(relay->loop, &slot->watch, worker_event_fd(slot->worker),
			EPOLLIN, on_events, slot);
		if (err != 0)
			return err_set(text, err, "cannot watch media worker %u: %s", i,
				err_str(err));
	}
	return 0;
}

int relay_new(
	struct relay **ret, const struct relay_params *params, struct err_text *text)
{
	unsigned workers = relay_worker_count(params->workers);
	struct relay *relay;
	int err = srtp_library_start(
		params->validated_crypto ? &srtp_engine_gnutls : &srtp_engine_nettle,
		text);

	relay = calloc(1, sizeof(*relay) + workers * sizeof(relay->workers[0]));
	if (err == 0 && !relay)
		err = err_set(text, -ENOMEM, "out of memory");
	if (err != 0) {
		relay_io_close(params->opened);
		free(relay);
		return err;
	}
	relay->io = params->opened;
	relay->loop = params->loop;
	relay->handlers = params->handlers;
	relay->worker_count = workers;
	list_init(&relay->sessions);
	list_init(&relay->pools.list);
	if (!relay->io)
		err = relay_io_open(&relay->io, params, text);
	if (err == 0)
		err = make_ports(relay, params, text);
	if (err == 0)
		err = start_workers(relay, params, text);
	if (err != 0) {
		relay_free(relay);
		return err;
	}
	*ret = relay;
	return 0;
}

void relay_stop(struct relay *relay)
{
	for (unsigned i = 0; i < relay->worker_count; i++) {
		worker_stop(relay->workers[i].worker);
		worker_events(relay->workers[i].worker, on_event, &relay->handlers);
	}
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	LIST_FOREACH (&relay->sessions, node, next)
		relay_close(LIST_ENTRY(node, struct relay_session, node));
	timer_stop(&relay->flush_timer);
	for (unsigned i = 0; i < relay->worker_count; i++) {
		struct worker_slot *slot = &relay->workers[i];

		loop_cancel(&slot->wake);
		timer_stop(&slot->late);
		if (slot->watch.loop)
			loop_unwatch(&slot->watch);
		worker_free(slot->worker);
	}
	pools_free(&relay->pools);
	io_shared_free(relay->io);
	free(relay);
}

int relay_add_address(
	struct relay *relay, const struct addr *address, struct err_text *text)
{
	char name[ADDR_TEXT_SIZE];
	int err;

	if (pools_find(&relay->pools, address))
		return 0;
	if (!io_shared_binds(relay->io))
		return err_set(text, ERR_SUPPORT,
			"media is steered, so a further address, %s, can be taken into "
			"use at the start alone",
			addr_host_text(address, name));
	err = pools_check(address, text);
	return err != 0 ? err : pools_add(&relay->pools, address, text);
}

bool relay_turns(struct relay *relay, unsigned *ret_worker)
{
	bool turn = true;

	/* each is asked, so that each answers the same time */
	for (unsigned i = relay->worker_count; i-- > 0;) {
		if (worker_turns(relay->workers[i].worker))
			continue;
		*ret_worker = i;
		turn = false;
	}
	return turn;
}

void relay_totals(const struct relay *relay, struct relay_totals *ret)
{
	const struct pools_count ports = pools_count(&relay->pools);

	*ret = (struct relay_totals){
		.io = io_name(io_shared_kind(relay->io)),
		.workers = relay->worker_count,
		.sessions = relay->session_count,
		.streams = relay->stream_count,
		.ports_used = ports.used,
		.ports_total = ports.total,
		.ports_early = ports.early,
	};
	for (unsigned i = 0; i < relay->worker_count; i++)
		ret->packets += worker_packets(relay->workers[i].worker);
}

/* Sessions */

static struct worker_slot *least_loaded(struct relay *relay)
{
	struct worker_slot *least = &relay->workers[0];

	for (unsigned i = 1; i < relay->worker_count; i++) {
		struct worker_slot *slot = &relay->workers[i];

		if (worker_sessions(slot->worker) < worker_sessions(least->worker))
			least = slot;
	}
	return least;
}

static void wake_now(void *arg)
{
	struct worker_slot *slot = arg;

	timer_stop(&slot->late);
	worker_wake(slot->worker);
}

/* After a command that waits for no packet: a call's several take one wake-up, at the end of the
 * turn, when what we answer leaves too. */
static void wake(struct worker_slot *slot)
{
	struct loop *loop = slot->relay->loop;

	if (loop_is_turning(loop))
		loop_defer(loop, &slot->wake, wake_now, slot);
	else
		wake_now(slot);
}

/* After a command that any packet finds run (worker.h): those of many calls take one wake-up. It comes
 * all the same, because keys that are over are to be wiped whether or not a packet comes. */
static void wake_late(struct worker_slot *slot)
{
	struct loop *loop = slot->relay->loop;

	if (!loop_is_turning(loop))
		wake_now(slot);
	else if (!timer_running(&slot->late))
		timer_start(loop_timers(loop), &slot->late, LATE_MS, wake_now, slot);
}

/* A worker's queue was full when something ended: sees to it that it hears later. */
static void flush(void *arg)
{
	struct relay *relay = arg;
	bool again = false;

	for (unsigned i = 0; i < relay->worker_count; i++) {
		again |= worker_flush(relay->workers[i].worker);
		wake(&relay->workers[i]);
	}
	if (again)
		timer_start(loop_timers(relay->loop), &relay->flush_timer, FLUSH_MS,
			flush, relay);
}

static int find_ports(struct relay_session *session, const struct relay_open *open)
{
	for (unsigned end = 0; end < 2; end++) {
		const struct addr *address = &open->address[end];

		if (address->len == 0)
			continue;
		session->ports[end] = pools_find(&session->relay->pools, address);
		if (!session->ports[end])
			return -EADDRNOTAVAIL;
	}
	return 0;
}

int relay_open(
	struct relay *relay, struct relay_session **ret, const struct relay_open *open)
{
	struct relay_session *session = calloc(1, sizeof(*session));
	int err;

	if (!session)
		return -ENOMEM;
	session->relay = relay;
	session->slot = least_loaded(relay);
	err = find_ports(session, open);
	/* Nobody waits for it either: a session without streams has nothing to do. */
	if (err == 0)
		err = worker_open(session->slot->worker, &session->worker, open);
	if (err != 0) {
		free(session);
		return err;
	}
	list_append(&relay->sessions, &session->node);
	relay->session_count++;
	*ret = session;
	return 0;
}

static void claim_ports(
	struct relay_session *session, const struct addr local_rtp[static 2])
{
	struct relay *relay = session->relay;
	unsigned worker = (unsigned)(session->slot - relay->workers);

	for (unsigned end = 0; end < 2; end++)
		io_claim(relay->io, &local_rtp[end], worker);
}

static void release_ports(
	struct relay_session *session, const struct addr local_rtp[static 2])
{
	uint64_t ms = now_ms(session->relay);

	for (unsigned end = 0; end < 2; end++) {
		io_give_up(session->relay->io, &local_rtp[end]);
		ports_release(session->ports[end], addr_port(&local_rtp[end]), ms);
	}
}

static void forget_stream(struct relay_session *session, unsigned index)
{
	release_ports(session, session->streams[index]->local_rtp);
	free(session->streams[index]);
	session->streams[index] = NULL;
	session->relay->stream_count--;
}

void relay_close(struct relay_session *session)
{
	struct relay *relay;

	if (!session)
		return;
	relay = session->relay;
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (session->streams[i])
			forget_stream(session, i);
	if (worker_close(session->worker))
		flush(relay);
	wake_late(session->slot);
	list_remove(&session->node);
	relay->session_count--;
	free(session);
}

void relay_set_timeout(struct relay_session *session, uint64_t timeout_ms)
{
	worker_set_timeout(session->worker, timeout_ms);
}

int relay_set_tap(struct relay_session *session, bool tap)
{
	int err = worker_set_tap(session->worker, tap);

	wake_late(session->slot);
	return err;
}

/* Streams */

static void close_pair(const int fd[static 2])
{
	for (unsigned i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/* A pair for END: that of the port of WAS, or where that is NULL any. */
static int take_pair(struct relay_session *session, unsigned end, const struct addr *was,
	struct worker_ports *ports)
{
	return was ? ports_take_at(session->ports[end], addr_port(was), ports->fd[end],
			     &ports->local_rtp[end])
		   : ports_take(session->ports[end], now_ms(session->relay),
			     ports->fd[end], &ports->local_rtp[end]);
}

/* A pair for each end, those of WAS, by end, or where that is NULL any. */
static int take_ports(
	struct relay_session *session, const struct addr *was, struct worker_ports *ret)
{
	struct worker_ports ports;
	int err = take_pair(session, 0, was, &ports);

	if (err != 0)
		return err;
	err = take_pair(session, 1, was ? &was[1] : NULL, &ports);
	if (err != 0) {
		close_pair(ports.fd[0]);
		ports_release(session->ports[0], addr_port(&ports.local_rtp[0]),
			now_ms(session->relay));
		return err;
	}
	*ret = ports;
	return 0;
}

static int may_add(const struct relay_session *session, unsigned index)
{
	if (index >= RELAY_STREAMS)
		return ERR_LIMIT;
	return session->streams[index] || !session->ports[0] || !session->ports[1]
		       ? ERR_STATE
		       : 0;
}

/* Stream INDEX with PORTS, which are its own or given back; FROM and ERROR as worker_add(). */
static int add_stream(struct relay_session *session, unsigned index,
	const struct worker_ports *taken, const struct saved *from,
	struct err_text *error)
{
	struct relay *relay = session->relay;
	const struct worker_ports ports = *taken;
	struct relay_stream *stream = calloc(1, sizeof(*stream));
	int err =
		stream ? worker_add(session->worker, &stream->worker, &ports, from, error)
		       : -ENOMEM;

	/* Its sockets are to be watched. Where ports have none of their own, a packet wakes the
	 * worker in any case, and finds the stream. The calls of a restart are more than its queue
	 * holds. */
	if (from)
		wake_now(session->slot);
	else if (io_shared_binds(relay->io))
		wake(session->slot);
	if (err != 0) {
		close_pair(ports.fd[0]);
		close_pair(ports.fd[1]);
		release_ports(session, ports.local_rtp);
		free(stream);
		return err;
	}
	memcpy(stream->local_rtp, ports.local_rtp, sizeof(stream->local_rtp));
	claim_ports(session, ports.local_rtp);
	session->streams[index] = stream;
	relay->stream_count++;
	return 0;
}

int relay_stream_add(struct relay_session *session, unsigned index)
{
	struct worker_ports ports;
	int err = may_add(session, index);

	if (err == 0)
		err = take_ports(session, NULL, &ports);
	return err != 0 ? err : add_stream(session, index, &ports, NULL, NULL);
}

/* Not written of struct relay_stream: worker (any one goes on with it). */
static const struct saved_field stream_fields[] = {
	SAVED_LIST(struct relay_stream, local_rtp, SAVED_IS_ADDR, NULL),
	SAVED_END,
};

int relay_stream_save(
	const struct relay_session *session, unsigned index, struct saved to)
{
	const struct relay_stream *stream = session->streams[index];
	int err = saved_put(to, stream_fields, stream);

	return err != 0 ? err : worker_save(stream->worker, to);
}

int relay_stream_load(struct relay_session *session, unsigned index, struct saved from,
	struct err_text *error)
{
	struct relay_stream was = {.worker = NULL};
	struct worker_ports ports;
	int err = saved_take(from, stream_fields, &was, error);

	for (unsigned end = 0; end < 2 && err == 0; end++)
		err = relay_set_address(
			session, (enum relay_end)end, &was.local_rtp[end]);
	if (err == 0)
		err = may_add(session, index);
	if (err == 0)
		err = take_ports(session, was.local_rtp, &ports);
	return err != 0 ? err : add_stream(session, index, &ports, &from, error);
}

void relay_stream_remove(struct relay_session *session, unsigned index)
{
	if (!relay_stream_exists(session, index))
		return;
	if (worker_remove(session->streams[index]->worker))
		flush(session->relay);
	wake_late(session->slot);
	forget_stream(session, index);
}

int relay_set_address(
	struct relay_session *session, enum relay_end end, const struct addr *address)
{
	struct ports *ports = pools_find(&session->relay->pools, address);

	if (!ports)
		return -EADDRNOTAVAIL;
	for (unsigned i = 0; i < RELAY_STREAMS; i++)
		if (ports != session->ports[end])
			relay_stream_remove(session, i);
	session->ports[end] = ports;
	return 0;
}

bool relay_stream_exists(const struct relay_session *session, unsigned index)
{
	return index < RELAY_STREAMS && session->streams[index];
}

void relay_stream_local(const struct relay_session *session, unsigned index,
	enum relay_end end, struct addr *ret_rtp)
{
	assert(relay_stream_exists(session, index));
	*ret_rtp = session->streams[index]->local_rtp[end];
}

int relay_stream_set(struct relay_session *session, unsigned index, enum relay_end end,
	const struct relay_remote *remote)
{
	int err;

	if (!relay_stream_exists(session, index))
		return ERR_STATE;
	err = worker_set(session->streams[index]->worker, end, remote);
	wake_late(session->slot);
	return err;
}

int relay_digit(
	struct relay_session *session, unsigned index, const struct dtmf_digit *digit)
{
	int err;

	if (!relay_stream_exists(session, index))
		return ERR_STATE;
	err = worker_digit(session->streams[index]->worker, digit);
	wake(session->slot);
	return err;
}

void relay_stats(const struct relay_session *session, unsigned index, enum relay_end end,
	struct relay_stats *ret)
{
	if (relay_stream_exists(session, index))
		worker_stats(session->streams[index]->worker, end, ret);
	else
		*ret = (struct relay_stats){.payload_type = -1};
}
