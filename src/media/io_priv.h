/*
 * What io.c and the back ends share; nobody else includes this.
 */
#pragma once

#include "media/io.h"

/* What follows is as the functions of io.h of the same name say. */
struct io_backend {
	const char *name;
	bool binds;
	size_t shared_size; /* of a struct that begins with struct io_shared */
	size_t size;        /* of a struct that begins with struct io */
	/* Both are given zeroed memory with its head filled, and undo what they did when they
	 * fail; NULL: there is nothing to do. */
	int (*share)(struct io_shared *shared, const struct io_shared_params *params,
		struct err_text *text);
	void (*unshare)(struct io_shared *shared);
	void (*claim)(
		struct io_shared *shared, const struct addr *local_rtp, unsigned worker);
	void (*give_up)(struct io_shared *shared, const struct addr *local_rtp);
	int (*open)(struct io *io, struct err_text *text);
	void (*close)(struct io *io);
	void (*start)(struct io *io);
	int (*add)(struct io *io, struct io_port *port);
	void (*remove)(struct io *io, struct io_port *port);
	bool (*wait)(struct io *io, int wait_ms);
	unsigned (*receive)(struct io *io, bool *ret_woken);
	int (*send)(struct io *io, struct io_port *port, const uint8_t *data, size_t len,
		const struct addr *to);
	void (*flush)(struct io *io);
};

struct io_shared {
	const struct io_backend *backend; /* RO */
};

struct io {
	const struct io_backend *backend; /* RO */
	struct io_params params;          /* RO */
};

extern const struct io_backend io_sockets;
extern const struct io_backend io_uring;
extern const struct io_backend io_steer;
