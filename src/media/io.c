#include "media/io_priv.h"

#include <errno.h>
#include <stdlib.h>

static const struct io_backend *const backends[IO_KINDS] = {
	[IO_SOCKETS] = &io_sockets,
	[IO_URING] = &io_uring,
	[IO_STEER] = &io_steer,
};

const char *io_name(enum io_kind kind)
{
	return backends[kind]->name;
}

int io_shared_new(struct io_shared **ret, enum io_kind kind,
	const struct io_shared_params *params, struct err_text *text)
{
	const struct io_backend *backend = backends[kind];
	struct io_shared *shared = calloc(1, backend->shared_size);
	int err;

	if (!shared)
		return err_set(text, -ENOMEM, "out of memory");
	shared->backend = backend;
	err = backend->share ? backend->share(shared, params, text) : 0;
	if (err != 0) {
		free(shared);
		return err;
	}
	*ret = shared;
	return 0;
}

void io_shared_free(struct io_shared *shared)
{
	if (shared && shared->backend->unshare)
		shared->backend->unshare(shared);
	free(shared);
}

enum io_kind io_shared_kind(const struct io_shared *shared)
{
	enum io_kind kind = 0;

	while (backends[kind] != shared->backend)
		kind++;
	return kind;
}

bool io_shared_binds(const struct io_shared *shared)
{
	return shared->backend->binds;
}

void io_claim(struct io_shared *shared, const struct addr *local_rtp, unsigned worker)
{
	if (shared->backend->claim)
		shared->backend->claim(shared, local_rtp, worker);
}

void io_give_up(struct io_shared *shared, const struct addr *local_rtp)
{
	if (shared->backend->give_up)
		shared->backend->give_up(shared, local_rtp);
}

int io_new(struct io **ret, const struct io_params *params, struct err_text *text)
{
	const struct io_backend *backend = params->shared->backend;
	struct io *io = calloc(1, backend->size);
	int err;

	if (!io)
		return err_set(text, -ENOMEM, "out of memory");
	io->backend = backend;
	io->params = *params;
	err = backend->open(io, text);
	if (err != 0) {
		free(io);
		return err;
	}
	*ret = io;
	return 0;
}

void io_free(struct io *io)
{
	if (io)
		io->backend->close(io);
	free(io);
}

void io_start(struct io *io)
{
	if (io->backend->start)
		io->backend->start(io);
}

int io_add(struct io *io, struct io_port *port)
{
	return io->backend->add(io, port);
}

void io_remove(struct io *io, struct io_port *port)
{
	io->backend->remove(io, port);
}

bool io_wait(struct io *io, int wait_ms)
{
	return io->backend->wait(io, wait_ms);
}

unsigned io_receive(struct io *io, bool *ret_woken)
{
	return io->backend->receive(io, ret_woken);
}

int io_send(struct io *io, struct io_port *port, const uint8_t *data, size_t len,
	const struct addr *to)
{
	return io->backend->send(io, port, data, len, to);
}

void io_flush(struct io *io)
{
	if (io->backend->flush)
		io->backend->flush(io);
}
