#include "media/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/secret.h"
#include "base/thread.h"
#include "media/io.h"
#include "media/worker_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MODULE "worker"

#define COMMAND_QUEUE_BYTES ((size_t)256 * 1024)
#define EVENT_QUEUE_BYTES ((size_t)64 * 1024)
#define SWEEP_US 1000000
/* A worker is busy above 10,000 packets a second, looked at ten times a second. */
#define LOAD_US 100000
#define LOAD_BUSY 1000

/* Packets: the worker's thread */

static void on_packet(void *arg, struct io_port *io, const struct addr *source,
	uint8_t *data, size_t len)
{
	struct worker *worker = arg;
	struct worker_port *port = (struct worker_port *)io;
	struct worker_stream *stream = port->stream;
	struct path_in in = {
		.end = port->end,
		.channel = port->channel,
		.source = source,
		.data = data,
		.len = len,
	};
	struct path_out out;

	if (stream->ended)
		return;
	if (path_packet(&stream->path, &worker->batch, &in, &out))
		worker_send(stream, data, &out);
	if (stream->path.due)
		worker_tell(worker, stream);
}

static void on_failed(void *arg, struct io_port *io)
{
	struct worker_port *port = (struct worker_port *)io;

	(void)arg;
	if (port)
		path_send_failed(&port->stream->path, port->end);
}

/* Packets of our own: the worker's thread */

static void play(struct worker *worker, struct worker_stream *stream,
	const struct dtmf_digit *digit)
{
	path_play(&stream->path, digit, worker->now_us);
	if (stream->path.next_us != 0 && list_empty(&stream->pacing))
		list_append(&worker->pacing, &stream->pacing);
}

static void pace(struct worker *worker)
{
	struct path_out out;

	LIST_FOREACH (&worker->pacing, node, next) {
		struct worker_stream *stream =
			LIST_ENTRY(node, struct worker_stream, pacing);
		struct path *path = &stream->path;

		if (worker->now_us < path->next_us)
			continue;
		if (path_tick(path, &worker->batch, worker->own, &out)) {
			worker_send(stream, worker->own, &out);
			io_flush(worker->io);
		}
		if (path->next_us == 0)
			list_remove(&stream->pacing);
	}
}

/* How long a worker that has nothing to do may sleep. */
static int patience_ms(const struct worker *worker)
{
	uint64_t ms = SWEEP_US / 1000;

	LIST_FOREACH (&worker->pacing, node, next) {
		const struct path *path =
			&LIST_ENTRY(node, struct worker_stream, pacing)->path;
		uint64_t left_us = path->next_us > worker->now_us
					   ? path->next_us - worker->now_us
					   : 0;

		if ((left_us + 999) / 1000 < ms)
			ms = (left_us + 999) / 1000;
	}
	return (int)ms;
}

/* Commands: the worker's thread */

static void add_stream(struct worker *worker, struct worker_stream *stream)
{
	list_append(&stream->session->streams, &stream->node);
	for (unsigned i = 0; i < 4; i++) {
		int err = io_add(worker->io, &stream->port[i / 2][i % 2].io);

		/* For want of memory alone. The port is deaf then, and the call's
		 * timeout will end it. */
		if (err != 0)
			log_error(MODULE, "call=%s event=port-deaf error=\"%s\"",
				stream->session->id, err_str(err));
	}
}

static void free_stream(struct worker_stream *stream)
{
	for (unsigned i = 0; i < 4; i++)
		io_remove(stream->session->worker->io, &stream->port[i / 2][i % 2].io);
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
		&change->stream->path, change->end, &change->remote, worker->now_us);

	/* The stream is closed at that end: silence, never plain RTP. */
	if (err != 0)
		log_warning(MODULE, "call=%s leg=%c event=stream-closed error=\"%s\"",
			change->stream->session->id, change->end == RELAY_A ? 'a' : 'b',
			err_str(err));
	free_change(change);
}

/* What ends takes no packet any more, but those that were read may still name it. */
static void end_stream(struct worker *worker, struct worker_stream *stream)
{
	stream->ended = true;
	list_remove(&stream->pacing);
	list_remove(&stream->node);
	list_append(&worker->ended_streams, &stream->node);
}

static void end_session(struct worker *worker, struct worker_session *session)
{
	LIST_FOREACH (&session->streams, node, next)
		end_stream(worker, LIST_ENTRY(node, struct worker_stream, node));
	list_remove(&session->node);
	list_append(&worker->ended_sessions, &session->node);
}

static void free_ended(struct worker *worker)
{
	LIST_FOREACH (&worker->ended_streams, node, next)
		free_stream(LIST_ENTRY(node, struct worker_stream, node));
	LIST_FOREACH (&worker->ended_sessions, node, next)
		free_session(LIST_ENTRY(node, struct worker_session, node));
}

static void run_command(struct worker *worker, const struct command *command)
{
	switch (command->type) {
	case COMMAND_OPEN:
		list_append(&worker->sessions, &command->session->node);
		break;
	case COMMAND_CLOSE:
		end_session(worker, command->session);
		break;
	case COMMAND_ADD:
		add_stream(worker, command->stream);
		break;
	case COMMAND_REMOVE:
		end_stream(worker, command->stream);
		break;
	case COMMAND_SET:
		set_stream(worker, command->change);
		break;
	case COMMAND_DIGIT:
		play(worker, command->stream, &command->digit);
		break;
	case COMMAND_TAP:
		command->session->whose.tapped = command->tap;
		break;
	}
}

static void run_commands(struct worker *worker)
{
	const struct command *next;
	size_t len;

	while ((next = queue_peek(worker->commands, &len))) {
		struct command command = *next;

		assert(len == sizeof(command));
		queue_pop(worker->commands);
		run_command(worker, &command);
	}
}

/* Between reading packets and looking at them: a command that was given before a packet was
 * sent is run before it is looked at. */
static void on_ready(void *arg)
{
	run_commands(arg);
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
 * sleeps for a tick and finds a handful; otherwise it waits until something is there. */
static bool wait_packets(struct worker *worker)
{
	struct timespec tick = {.tv_nsec = (long)worker->tick_us * 1000};
	bool found;

	if (!worker->busy || worker->tick_us == 0)
		return io_wait(worker->io, patience_ms(worker));
	found = io_wait(worker->io, 0);
	if (!found)
		nanosleep(&tick, NULL);
	return found;
}

static void turn(struct worker *worker)
{
	bool found = wait_packets(worker), commanded = false;

	read_clock(worker);
	worker->batch = (struct path_batch){
		.worker = worker->index, .tap = worker->tap, .now_us = worker->now_us};
	if (found)
		worker->load += io_receive(worker->io, &commanded);
	io_flush(worker->io);
	if (commanded)
		queue_clear_fd(worker->commands);
	run_commands(worker);
	free_ended(worker);
	pace(worker);
	if (worker->now_us - worker->swept_us >= SWEEP_US) {
		worker->swept_us = worker->now_us;
		sweep(worker);
	}
}

static void *run(void *arg)
{
	struct worker *worker = arg;

	read_clock(worker);
	worker->swept_us = worker->now_us;
	io_start(worker->io);
	while (!atomic_load_explicit(&worker->stopping, memory_order_acquire)) {
		turn(worker);
		pulse_beat(&worker->pulse);
	}
	return NULL;
}

/* Starting and stopping: the loop thread */

static int start_thread(struct worker *worker)
{
	char name[16];

	snprintf(name, sizeof(name), "media-%u", worker->index % 1000);
	return thread_start(&worker->thread, name, run, worker);
}

static void free_parts(struct worker *worker)
{
	io_free(worker->io);
	queue_free(worker->commands);
	queue_free(worker->events);
	free(worker);
}

static int open_parts(
	struct worker *worker, struct io_shared *shared, struct err_text *text)
{
	struct io_params io = {
		.worker = worker->index,
		.shared = shared,
		.ready_h = on_ready,
		.packet_h = on_packet,
		.failed_h = on_failed,
		.arg = worker,
	};
	int err = queue_new(&worker->commands, COMMAND_QUEUE_BYTES);

	if (err == 0)
		err = queue_new(&worker->events, EVENT_QUEUE_BYTES);
	if (err != 0)
		return err_set(text, err, "%s", err_str(err));
	io.wake_fd = queue_fd(worker->commands);
	return io_new(&worker->io, &io, text);
}

int worker_new(
	struct worker **ret, const struct worker_params *params, struct err_text *text)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int err;

	if (!worker)
		return err_set(text, -ENOMEM, "out of memory");
	worker->index = params->index;
	/* Less than a second, for the timespec and for the sweep. */
	worker->tick_us = params->tick_us < 100000 ? params->tick_us : 100000;
	worker->tap = params->tap;
	list_init(&worker->endings);
	list_init(&worker->sessions);
	list_init(&worker->pacing);
	list_init(&worker->ended_sessions);
	list_init(&worker->ended_streams);
	err = open_parts(worker, params->shared, text);
	if (err == 0) {
		err = start_thread(worker);
		if (err != 0)
			err_set(text, err, "cannot start a thread: %s", err_str(err));
	}
	if (err != 0) {
		free_parts(worker);
		return err;
	}
	*ret = worker;
	return 0;
}

void worker_stop(struct worker *worker)
{
	if (!worker->stopped) {
		atomic_store_explicit(&worker->stopping, true, memory_order_release);
		worker_wake(worker);
		pthread_join(worker->thread, NULL);
	}
	worker->stopped = true;
	/* From here on this thread is the only one and stands in for the worker's. */
	do {
		run_commands(worker);
		worker_flush(worker);
	} while (!list_empty(&worker->endings));
	run_commands(worker);
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	worker_stop(worker);
	free_ended(worker);
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

static bool hand_ending(struct worker *worker, struct ending *ending)
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
	snprintf(session->id, sizeof(session->id), "%s", open->id ? open->id : "");
	session->whose = (struct path_whose){.call = open->call, .tapped = open->tap};
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
	return hand_ending(worker, &session->ending);
}

void worker_set_timeout(struct worker_session *session, uint64_t timeout_ms)
{
	uint64_t timeout_us =
		timeout_ms > UINT64_MAX / 1000 ? UINT64_MAX : timeout_ms * 1000;

	atomic_store_explicit(&session->timeout_us, timeout_us, memory_order_relaxed);
}

int worker_set_tap(struct worker_session *session, bool tap)
{
	const struct command command = {
		.type = COMMAND_TAP, .session = session, .tap = tap};

	return begin(session->worker, &command);
}

static void free_unborn(struct worker_stream *stream)
{
	path_clear(&stream->path);
	free(stream);
}

int worker_add(struct worker_session *session, struct worker_stream **ret,
	const struct worker_ports *ports, const struct saved *from,
	struct err_text *error)
{
	struct worker_stream *stream = calloc(1, sizeof(*stream));
	struct command command = {.type = COMMAND_ADD, .stream = stream};
	struct path_params params = {
		.cname = session->cname,
		.whose = &session->whose,
		.local_rtp = {ports->local_rtp[0], ports->local_rtp[1]},
	};
	char seed[17];
	int err;

	if (!stream)
		return -ENOMEM;
	stream->session = session;
	list_init(&stream->node);
	list_init(&stream->pacing);
	secret_token(seed, 8);
	params.seed = strtoull(seed, NULL, 16);
	path_init(&stream->path, &params);
	for (unsigned i = 0; i < 4; i++)
		stream->port[i / 2][i % 2] = (struct worker_port){
			.io = {.fd = ports->fd[i / 2][i % 2],
				.local = &stream->path.end[i / 2].local[i % 2]},
			.stream = stream,
			.end = (enum relay_end)(i / 2),
			.channel = (enum path_channel)(i % 2),
		};
	err = from ? path_load(&stream->path, *from, error) : 0;
	if (err == 0)
		err = begin(session->worker, &command);
	if (err != 0) {
		free_unborn(stream);
		return err;
	}
	*ret = stream;
	return 0;
}

int worker_save(const struct worker_stream *stream, struct saved to)
{
	assert(stream->session->worker->stopped);
	return path_save(&stream->path, to);
}

bool worker_remove(struct worker_stream *stream)
{
	stream->ending.command =
		(struct command){.type = COMMAND_REMOVE, .stream = stream};
	return hand_ending(stream->session->worker, &stream->ending);
}

int worker_set(struct worker_stream *stream, enum relay_end end,
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
	command.change->end = end;
	command.change->remote = *remote;
	err = begin(stream->session->worker, &command);
	if (err != 0)
		free_change(command.change);
	return err;
}

int worker_digit(struct worker_stream *stream, const struct dtmf_digit *digit)
{
	struct command command = {
		.type = COMMAND_DIGIT, .stream = stream, .digit = *digit};

	return begin(stream->session->worker, &command);
}

/* Reading: the loop thread */

void worker_stats(
	const struct worker_stream *stream, enum relay_end end, struct relay_stats *ret)
{
	path_stats(&stream->path, end, ret);
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

bool worker_turns(struct worker *worker)
{
	bool turns = pulse_look(&worker->pulse);

	worker_wake(worker);
	return turns;
}

uint64_t worker_packets(const struct worker *worker)
{
	return atomic_load_explicit(&worker->packets, memory_order_relaxed);
}

unsigned worker_sessions(const struct worker *worker)
{
	return worker->session_count;
}
