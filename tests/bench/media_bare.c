/*
 * The process that only forwards, by the back end that Tandem's relay uses and with its tick:
 * what is left when a relay neither decrypts nor counts nor compares anything.
 */
#include "media_server.h"

#include "media/io.h"
#include "media/ports.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORT_MIN 10000
#define PORT_MAX 32767
#define WAIT_MS 1000
/* After so many ticks without a packet it waits for one, as a worker does that is not busy. */
#define QUIET_TICKS 100

struct bare_port {
	struct io_port io; /* first: what comes in names it */
	struct addr local;
	const struct addr *to;
	struct bare_port *out;
};

struct bare {
	struct io_shared *shared;
	struct io *io;
	struct ports *ports[2];
};

static void on_packet(void *arg, struct io_port *io, const struct addr *source,
	uint8_t *data, size_t len)
{
	struct bare *bare = arg;
	struct bare_port *port = (struct bare_port *)io;

	(void)source;
	io_send(bare->io, &port->out->io, data, len, port->to);
}

static void on_failed(void *arg, struct io_port *io)
{
	(void)arg;
	(void)io;
}

/* There are no commands. */
static void on_ready(void *arg)
{
	(void)arg;
}

static int start(struct bare *bare, const struct media_params *params,
	const struct addr local[2], int control, struct err_text *text)
{
	const struct io_shared_params shared = {
		.addresses = local, .address_count = 2, .workers = 1};
	struct io_params io = {.wake_fd = control,
		.ready_h = on_ready,
		.packet_h = on_packet,
		.failed_h = on_failed,
		.arg = bare};
	enum io_kind kind = (enum io_kind)(params->io - RELAY_IO_SOCKETS);
	int err = io_shared_new(&bare->shared, kind, &shared, text);

	for (unsigned end = 0; err == 0 && end < 2; end++) {
		const struct ports_params ports = {.address = local[end],
			.min = PORT_MIN,
			.max = PORT_MAX,
			.bind = io_shared_binds(bare->shared)};

		err = ports_new(&bare->ports[end], &ports);
		if (err != 0)
			err_set(text, err, "ports: %s", err_str(err));
	}
	io.shared = bare->shared;
	if (err == 0)
		err = io_new(&bare->io, &io, text);
	if (err == 0)
		io_start(bare->io);
	return err;
}

static void open_call(struct bare *bare, struct media_call *call)
{
	struct bare_port *port = calloc(4, sizeof(*port));
	struct addr *peer = calloc(4, sizeof(*peer));

	if (!port || !peer)
		exit(1);
	for (unsigned end = 0; end < 2; end++) {
		int fd[2];

		media_check(ports_take(bare->ports[end], 0, fd, &call->local[end][0]),
			"ports");
		io_claim(bare->shared, &call->local[end][0], 0);
		call->local[end][1] = call->local[end][0];
		addr_set_port(&call->local[end][1],
			(uint16_t)(addr_port(&call->local[end][0]) + 1));
		for (unsigned channel = 0; channel < 2; channel++) {
			struct bare_port *here = &port[end * 2 + channel];

			here->local = call->local[end][channel];
			here->io.fd = fd[channel];
			here->io.local = &here->local;
			here->out = &port[(1 - end) * 2 + channel];
			here->to = &peer[(1 - end) * 2 + channel];
			peer[end * 2 + channel] = call->peer[end][channel];
			media_check(io_add(bare->io, &here->io), "port");
		}
	}
	call->to = call->from = (struct media_passed){.suite = RELAY_PLAIN};
}

/* False when there will be no more. */
static bool serve(struct bare *bare, int control)
{
	struct media_request request;
	struct media_call *calls;

	if (read(control, &request, sizeof(request)) != sizeof(request))
		return false;
	calls = calloc(request.count, sizeof(*calls));
	if (!calls)
		exit(1);
	media_read(control, calls, request.count * sizeof(*calls));
	for (unsigned i = 0; i < request.count; i++)
		open_call(bare, &calls[i]);
	media_write(control, calls, request.count * sizeof(*calls));
	free(calls);
	return true;
}

void media_bare_run(
	const struct media_params *params, const struct addr local[2], int control)
{
	const struct timespec tick = {.tv_nsec = (long)params->tick_us * 1000};
	struct media_ready ready = {0};
	struct bare bare = {0};
	unsigned quiet = 0;
	bool more = true;

	ready.err = start(&bare, params, local, control, &ready.text);
	media_write(control, &ready, sizeof(ready));
	while (ready.err == 0 && more) {
		bool told = false;

		if (params->tick_us && quiet < QUIET_TICKS) {
			if (io_wait(bare.io, 0)) {
				quiet = 0;
				io_receive(bare.io, &told);
			} else {
				quiet++;
				nanosleep(&tick, NULL);
			}
		} else if (io_wait(bare.io, WAIT_MS)) {
			quiet = 0;
			io_receive(bare.io, &told);
		}
		io_flush(bare.io);
		if (told)
			more = serve(&bare, control);
	}
}
