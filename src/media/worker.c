/*
 * Sockets stay unconnected, although a connected one saves a tenth of a packet's cost: to
 * a connected socket the kernel answers a stranger with an ICMP "port unreachable" and
 * counts nothing, and what was queued before a re-INVITE moved the far end would still have
 * to be compared. path.c compares every source instead.
 */
#include "media/worker.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MODULE "worker"

#define COMMAND_QUEUE_BYTES ((size_t)256 * 1024)
#define EVENT_QUEUE_BYTES ((size_t)64 * 1024)
#define TURN_EVENTS 256 /* sockets read between two looks at the commands */
#define PACKET_MAX 4096 /* bytes; longer datagrams are no media and are dropped */
#define SWEEP_US 1000000
/* A worker is busy above 10,000 packets a second, looked at ten times a second. */
#define LOAD_US 100000
#define LOAD_BUSY 1000

enum command_type {
	COMMAND_OPEN,
	COMMAND_CLOSE,
	COMMAND_ADD,
	COMMAND_REMOVE,
	COMMAND_SET
};

/* What a stream's side becomes. On the heap and not in the queue, so that the keys can be
 * wiped once they have been used. */
struct change {
	struct worker_stream *stream;
	enum relay_side side;
	struct relay_remote remote;
};

struct command {
	enum command_type type;
	union {
		struct worker_session *session;
		struct worker_stream *stream;
		struct change *change;
	};
};

/* The command that ends a session or a stream; part of it, so that it cannot fail. */
struct ending {
	struct list node; /* in the worker's list of endings */
	struct command command;
};

struct worker_socket {
	struct worker_stream *stream;
	int fd;
	enum relay_side side;
	enum path_channel channel;
};

struct worker_stream {
	struct list node;     /* in the session's streams; the worker's thread */
	struct ending ending; /* the loop thread */
	struct worker_session *session; /* RO */
	struct worker_socket socket[2][2];
	struct path path;
};

struct worker_session {
	struct list node;      /* in the worker's sessions; the worker's thread */
	struct ending ending;  /* the loop thread */
	struct worker *worker; /* RO */
	uint64_t call;         /* RO */
	bool tap;              /* RO */
	char cname[RTCP_CNAME_MAX + 1]; /* RO; of our own reports */
	_Atomic uint64_t timeout_us;    /* atomic */
	/* The worker's thread: */
	struct list streams;
	bool told[2]; /* that a side is silent */
	uint64_t told_since_us[2];
};

struct worker {
	/* RO after start */
	unsigned index;
	unsigned tick_us;
	const struct tap *tap;
	struct queue *commands; /* loop to worker */
	struct queue *events;   /* worker to loop */
	int epoll_fd;
	int stop_fd;
	pthread_t thread;

	/* The loop thread: */
	unsigned session_count;
	struct list endings; /* that the full queue could not take yet, in order */

	/* The worker's thread: */
	struct list sessions;
	uint64_t now_us;
	uint64_t swept_us;
	uint64_t load_us; /* when the present load window began */
	unsigned load;    /* packets in it */
	bool busy;
	bool stopping;
	_Atomic uint64_t packets; /* atomic */
	_Alignas(8) uint8_t packet[PACKET_MAX + SRTP_TRAILER_MAX];
};

/* Packets: the worker's thread */

static void send_packet(struct worker_stream *stream, const struct path_out *out)
{
	struct worker *worker = stream->session->worker;
	int fd = stream->socket[out->side][out->channel].fd;
	ssize_t sent;

	do
		sent = sendto(fd, worker->packet, out->len, MSG_NOSIGNAL, &out->to->sa,
			out->to->len);
	while (sent < 0 && errno == EINTR);
	path_sent(&stream->path, out, sent >= 0);
	if (sent >= 0)
		atomic_store_explicit(&worker->packets,
			atomic_load_explicit(&worker->packets, memory_order_relaxed) + 1,
			memory_order_relaxed);
}

/*
 * One packet a turn: epoll is level-triggered and reports the socket again after all
 * others had theirs. So no stream starves another, and no call is spent on learning that a
 * socket is empty, which with telephony's 50 packets a second it nearly always is.
 */
static void receive_packet(
	struct worker *worker, struct worker_socket *socket, struct path_batch *batch)
{
	struct worker_stream *stream = socket->stream;
	struct addr source;
	struct path_in in = {
		.side = socket->side,
		.channel = socket->channel,
		.source = &source,
		.call = stream->session->call,
		.tapped = stream->session->tap,
		.data = worker->packet,
	};
	struct path_out out;
	ssize_t len;

	source.len = sizeof(source.v6);
	/* MSG_TRUNC: the true length comes back even when the datagram was cut. Errors
	 * are left alone: they are the network's (ICMP), and reading has cleared them. */
	len = recvfrom(socket->fd, worker->packet, PACKET_MAX, MSG_TRUNC, &source.sa,
		&source.len);
	if (len < 0)
		return;
	worker->load++;
	/* Not to be read; path.c takes an empty packet for what it is, malformed. */
	in.len = len > PACKET_MAX ? 0 : (size_t)len;
	if (in.tapped && worker->tap && !batch->wall_us)
		batch->wall_us = clock_real()->wall_us(clock_real());
	if (path_packet(&stream->path, batch, &in, &out))
		send_packet(stream, &out);
}

/* Commands: the worker's thread */

static int watch(struct worker *worker, int fd, void *mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};

	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 ? -errno : 0;
}

static void add_stream(struct worker *worker, struct worker_stream *stream)
{
	list_append(&stream->session->streams, &stream->node);
	for (unsigned i = 0; i < 4; i++) {
		struct worker_socket *socket = &stream->socket[i / 2][i % 2];
		int err = watch(worker, socket->fd, socket);

		/* For want of memory alone. The socket is deaf then, and the call's
		 * timeout will end it. */
		if (err != 0)
			log_error(MODULE, "watch call=%llu error=%s",
				(unsigned long long)stream->session->call, err_str(err));
	}
}

/* Closing a socket takes it out of epoll. */
static void free_stream(struct worker_stream *stream)
{
	for (unsigned i = 0; i < 4; i++)
		close(stream->socket[i / 2][i % 2].fd);
	list_remove(&stream->node);
	path_clear(&stream->path);
	free(stream);
}

static void free_session(struct worker_session *session)
{
	LIST_FOREACH (&session->streams, node, next)
		free_stream(LIST_ENTRY(node, struct worker_stream, node));
	list_remove(&session->node);
	free(session);
}

static void free_change(struct change *change)
{
	secret_wipe_bytes(change, sizeof(*change));
	free(change);
}

static void set_stream(struct worker *worker, struct change *change)
{
	int err = path_set(
		&change->stream->path, change->side, &change->remote, worker->now_us);

	/* The stream is closed on that side: silence, never plain RTP. */
	if (err != 0)
		log_warning(MODULE, "set call=%llu side=%u error=%s",
			(unsigned long long)change->stream->session->call,
			(unsigned)change->side, err_str(err));
	free_change(change);
}

static void run_command(struct worker *worker, const struct command *command)
{
	switch (command->type) {
	case COMMAND_OPEN:
		list_append(&worker->sessions, &command->session->node);
		break;
	case COMMAND_CLOSE:
		free_session(command->session);
		break;
	case COMMAND_ADD:
		add_stream(worker, command->stream);
		break;
	case COMMAND_REMOVE:
		free_stream(command->stream);
		break;
	case COMMAND_SET:
		set_stream(worker, command->change);
		break;
	}
}

static void run_commands(struct worker *worker)
{
	const struct command *next;
	size_t len;

	queue_clear_fd(worker->commands);
	while ((next = queue_peek(worker->commands, &len))) {
		struct command command = *next;

		assert(len == sizeof(command));
		queue_pop(worker->commands);
		run_command(worker, &command);
	}
}

/* Silence: the worker's thread */

static void sweep_side(
	struct worker *worker, struct worker_session *session, enum relay_side side)
{
	uint64_t timeout_us =
		atomic_load_explicit(&session->timeout_us, memory_order_relaxed);
	struct worker_event event = {.call = session->call, .side = side};
	uint64_t since_us = 0, stream_us;
	bool awaited = false;

	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		if (!path_awaits(&stream->path, side, &stream_us))
			continue;
		awaited = true;
		if (stream_us > since_us)
			since_us = stream_us;
	}
	/* Heard, or put on hold, since it was last told. */
	if (!awaited || since_us != session->told_since_us[side])
		session->told[side] = false;
	if (!awaited || timeout_us == 0 || session->told[side] ||
		worker->now_us - since_us < timeout_us)
		return;
	/* When the loop does not read its events, the next sweep tries again. */
	if (queue_push(worker->events, &event, sizeof(event), NULL, 0) != 0)
		return;
	session->told[side] = true;
	session->told_since_us[side] = since_us;
}

/* Reports toward a side whose far side makes none, once a second at most. */
static void report_streams(struct worker *worker, struct worker_session *session)
{
	const struct path_batch batch = {
		.now_us = worker->now_us,
		.wall_us = clock_real()->wall_us(clock_real()),
		.worker = worker->index,
	};
	struct path_out out;

	LIST_FOREACH (&session->streams, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, node);

		for (unsigned side = 0; side < 2; side++)
			if (path_report(&stream->path, (enum relay_side)side, &batch,
				    session->cname, worker->packet, &out))
				send_packet(stream, &out);
	}
}

static void sweep(struct worker *worker)
{
	LIST_FOREACH (&worker->sessions, node, next) {
		struct worker_session *session =
			LIST_ENTRY(node, struct worker_session, node);

		sweep_side(worker, session, RELAY_INTERNAL);
		sweep_side(worker, session, RELAY_EXTERNAL);
		report_streams(worker, session);
	}
}

/* The thread */

static void read_clock(struct worker *worker)
{
	worker->now_us = clock_real()->mono_us(clock_real());
	if (worker->now_us - worker->load_us >= LOAD_US) {
		worker->busy = worker->load >= LOAD_BUSY;
		worker->load = 0;
		worker->load_us = worker->now_us;
	}
}

/* Being woken costs more than a packet's whole path. A busy worker that found nothing
 * sleeps for a tick and finds a handful; otherwise it waits in epoll. */
static int wait_events(struct worker *worker, struct epoll_event events[TURN_EVENTS])
{
	struct timespec tick = {.tv_nsec = (long)worker->tick_us * 1000};
	int count;

	if (!worker->busy || worker->tick_us == 0)
		return epoll_wait(worker->epoll_fd, events, TURN_EVENTS, SWEEP_US / 1000);
	count = epoll_wait(worker->epoll_fd, events, TURN_EVENTS, 0);
	if (count == 0)
		nanosleep(&tick, NULL);
	return count;
}

static void turn(struct worker *worker)
{
	struct epoll_event events[TURN_EVENTS];
	struct path_batch batch = {.worker = worker->index, .tap = worker->tap};
	bool commanded = false;
	int count = wait_events(worker, events);

	read_clock(worker);
	batch.now_us = worker->now_us;
	for (int i = 0; i < count; i++) {
		void *mark = events[i].data.ptr;

		if (mark == &worker->commands)
			commanded = true;
		else if (mark == &worker->stop_fd)
			worker->stopping = true;
		else
			receive_packet(worker, mark, &batch);
	}
	/* After the packets: a command may end a socket that EVENTS still names. */
	if (commanded)
		run_commands(worker);
	if (worker->now_us - worker->swept_us >= SWEEP_US) {
		worker->swept_us = worker->now_us;
		sweep(worker);
	}
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	char name[16];

	snprintf(name, sizeof(name), "media-%u", worker->index % 1000);
	pthread_setname_np(pthread_self(), name);
	read_clock(worker);
	worker->swept_us = worker->now_us;
	while (!worker->stopping)
		turn(worker);
	return NULL;
}

/* Starting and stopping: the loop thread */

/* Signals are the main thread's. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void free_parts(struct worker *worker)
{
	queue_free(worker->commands);
	queue_free(worker->events);
	if (worker->epoll_fd >= 0)
		close(worker->epoll_fd);
	if (worker->stop_fd >= 0)
		close(worker->stop_fd);
	secret_wipe_bytes(worker->packet, sizeof(worker->packet));
	free(worker);
}

int worker_new(struct worker **ret, const struct worker_params *params)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int err;

	if (!worker)
		return -ENOMEM;
	worker->index = params->index;
	/* Less than a second, for the timespec and for the sweep. */
	worker->tick_us = params->tick_us < 100000 ? params->tick_us : 100000;
	worker->tap = params->tap;
	list_init(&worker->endings);
	list_init(&worker->sessions);
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	worker->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = worker->epoll_fd < 0 || worker->stop_fd < 0 ? -errno : 0;
	if (err == 0)
		err = queue_new(&worker->commands, COMMAND_QUEUE_BYTES);
	if (err == 0)
		err = queue_new(&worker->events, EVENT_QUEUE_BYTES);
	if (err == 0)
		err = watch(worker, queue_fd(worker->commands), &worker->commands);
	if (err == 0)
		err = watch(worker, worker->stop_fd, &worker->stop_fd);
	if (err == 0)
		err = start_thread(worker);
	if (err != 0) {
		free_parts(worker);
		return err;
	}
	*ret = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	const uint64_t one = 1;

	if (!worker)
		return;
	(void)!write(worker->stop_fd, &one, sizeof(one));
	pthread_join(worker->thread, NULL);
	/* From here on this thread is the only one and stands in for the worker's. */
	do {
		run_commands(worker);
		worker_flush(worker);
	} while (!list_empty(&worker->endings));
	run_commands(worker);
	LIST_FOREACH (&worker->sessions, node, next)
		free_session(LIST_ENTRY(node, struct worker_session, node));
	free_parts(worker);
}

/* Commanding: the loop thread */

static int push(struct worker *worker, const struct command *command)
{
	int err = queue_push_quiet(worker->commands, command, sizeof(*command), NULL, 0);

	return err != 0 ? ERR_LIMIT : 0;
}

void worker_wake(struct worker *worker)
{
	queue_wake(worker->commands);
}

/* While endings wait nothing new begins: commands stay in order, and the queue empties. */
static int begin(struct worker *worker, const struct command *command)
{
	if (worker_flush(worker))
		return ERR_LIMIT;
	return push(worker, command);
}

static bool end(struct worker *worker, struct ending *ending)
{
	list_append(&worker->endings, &ending->node);
	return worker_flush(worker);
}

bool worker_flush(struct worker *worker)
{
	LIST_FOREACH (&worker->endings, node, next) {
		struct ending *ending = LIST_ENTRY(node, struct ending, node);
		struct command command = ending->command;

		/* Off the list first: once pushed it is the other thread's to free. */
		list_remove(node);
		if (push(worker, &command) != 0) {
			/* Back to the front: before the one that is first now. */
			list_append(worker->endings.next, node);
			return true;
		}
	}
	return false;
}

int worker_open(
	struct worker *worker, struct worker_session **ret, const struct relay_open *open)
{
	struct worker_session *session = calloc(1, sizeof(*session));
	struct command command = {.type = COMMAND_OPEN, .session = session};
	int err;

	if (!session)
		return -ENOMEM;
	session->worker = worker;
	session->call = open->call;
	session->tap = open->tap;
	list_init(&session->node);
	list_init(&session->streams);
	worker_set_timeout(session, open->timeout_ms);
	/* RFC 7022 4.2: 96 random bits, so that it tells nothing and is nobody else's. */
	secret_token(session->cname, RTCP_CNAME_MAX / 2);
	err = begin(worker, &command);
	if (err != 0) {
		free(session);
		return err;
	}
	worker->session_count++;
	*ret = session;
	return 0;
}

bool worker_close(struct worker_session *session)
{
	struct worker *worker = session->worker;

	worker->session_count--;
	session->ending.command =
		(struct command){.type = COMMAND_CLOSE, .session = session};
	return end(worker, &session->ending);
}

void worker_set_timeout(struct worker_session *session, uint64_t timeout_ms)
{
	uint64_t timeout_us =
		timeout_ms > UINT64_MAX / 1000 ? UINT64_MAX : timeout_ms * 1000;

	atomic_store_explicit(&session->timeout_us, timeout_us, memory_order_relaxed);
}

int worker_add(struct worker_session *session, struct worker_stream **ret,
	const struct worker_ports *ports)
{
	struct worker_stream *stream = calloc(1, sizeof(*stream));
	struct command command = {.type = COMMAND_ADD, .stream = stream};
	int err;

	if (!stream)
		return -ENOMEM;
	stream->session = session;
	list_init(&stream->node);
	path_init(&stream->path, ports->local_rtp);
	for (unsigned i = 0; i < 4; i++)
		stream->socket[i / 2][i % 2] = (struct worker_socket){
			.stream = stream,
			.fd = ports->fd[i / 2][i % 2],
			.side = (enum relay_side)(i / 2),
			.channel = (enum path_channel)(i % 2),
		};
	err = begin(session->worker, &command);
	if (err != 0) {
		free(stream);
		return err;
	}
	*ret = stream;
	return 0;
}

bool worker_remove(struct worker_stream *stream)
{
	stream->ending.command =
		(struct command){.type = COMMAND_REMOVE, .stream = stream};
	return end(stream->session->worker, &stream->ending);
}

int worker_set(struct worker_stream *stream, enum relay_side side,
	const struct relay_remote *remote)
{
	struct command command = {.type = COMMAND_SET};
	int err = path_check(remote);

	if (err != 0)
		return err;
	command.change = malloc(sizeof(*command.change));
	if (!command.change)
		return -ENOMEM;
	/* Field by field: a compound literal would leave a copy of the keys on the stack. */
	command.change->stream = stream;
	command.change->side = side;
	command.change->remote = *remote;
	err = begin(stream->session->worker, &command);
	if (err != 0)
		free_change(command.change);
	return err;
}

/* Reading: the loop thread */

void worker_stats(
	const struct worker_stream *stream, enum relay_side side, struct relay_stats *ret)
{
	path_stats(&stream->path, side, ret);
}

int worker_event_fd(const struct worker *worker)
{
	return queue_fd(worker->events);
}

void worker_events(struct worker *worker, worker_event_h *h, void *arg)
{
	const struct worker_event *next;
	size_t len;

	queue_clear_fd(worker->events);
	while ((next = queue_peek(worker->events, &len))) {
		struct worker_event event = *next;

		queue_pop(worker->events);
		h(arg, &event);
	}
}

uint64_t worker_packets(const struct worker *worker)
{
	return atomic_load_explicit(&worker->packets, memory_order_relaxed);
}

unsigned worker_sessions(const struct worker *worker)
{
	return worker->session_count;
}
