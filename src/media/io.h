/*
 * How a worker's packets come and go. Three back ends behind one interface: a socket a port
 * (io_sockets.c), the same through io_uring (io_uring.c), and one socket for all ports of a
 * worker (io_steer.c). They move bytes; what is a packet worth is path.c's to say.
 *
 * What does not say otherwise is called by the worker's thread. io.c chooses.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "media/srtp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest packet; longer datagrams are no media. */
#define IO_PACKET_MAX 2048
/* Packets handed over in one turn, between two looks at the worker's commands. */
#define IO_TURN_PACKETS 256

/* In the order of what a packet costs, the dearest first. */
enum io_kind { IO_SOCKETS, IO_URING, IO_STEER, IO_KINDS };

/* "sockets", "io_uring", "steer". */
const char *io_name(enum io_kind kind);

/* A local port; embedded in its user, who fills all but SLOT. */
struct io_port {
	int fd; /* bound, non-blocking, io_remove() closes it; -1 where none is needed */
	unsigned slot;            /* the back end's */
	const struct addr *local; /* borrowed as long as the port */
};

/* A datagram came to PORT. DATA is aligned to 4, with SRTP_TRAILER_MAX bytes of room behind
 * IO_PACKET_MAX, and may be changed; LEN 0 also stands for one that was too long. */
typedef void io_packet_h(void *arg, struct io_port *port, const struct addr *source,
	uint8_t *data, size_t len);

struct io_params {
	int wake_fd;     /* makes io_wait() return when readable */
	unsigned worker; /* its index */
	struct io_shared *shared;
	/*
	 * Packets were read, and are handed over next. What the loop commanded before their
	 * senders sent them is in the worker's queue by now, and is to count for them.
	 */
	void (*ready_h)(void *arg);
	io_packet_h *packet_h;
	/* A packet that io_send() took could not be sent from PORT. NULL: PORT is gone. */
	void (*failed_h)(void *arg, struct io_port *port);
	void *arg;
};

struct io;
/* What the workers of one relay have in common. */
struct io_shared;

struct io_shared_params {
	const struct addr *addresses; /* the local ones; equal ones once */
	unsigned address_count;
	unsigned workers;
	unsigned dscp; /* of what leaves where ports have no socket of their own */
};

/* Before there are workers. 0, or negative with TEXT: this machine, or what this process may
 * do, does not allow KIND. Loop thread. */
int io_shared_new(struct io_shared **ret, enum io_kind kind,
	const struct io_shared_params *params, struct err_text *text);
/* After its workers. NULL is fine. Loop thread. */
void io_shared_free(struct io_shared *shared);
enum io_kind io_shared_kind(const struct io_shared *shared);
/* Whether each port needs a bound socket. */
bool io_shared_binds(const struct io_shared *shared);
/* Packets to LOCAL_RTP and to the port above it are WORKER's, until they are given up. In the
 * order in which the pools give ports: a worker that is late must not take back, for a stream
 * that is over, what is another's by now. Loop thread. */
void io_claim(struct io_shared *shared, const struct addr *local_rtp, unsigned worker);
void io_give_up(struct io_shared *shared, const struct addr *local_rtp);

/* 0, or negative with TEXT. Loop thread. */
int io_new(struct io **ret, const struct io_params *params, struct err_text *text);
/* Closes the ports' sockets that are left. NULL is fine. Loop thread, after the worker's. */
void io_free(struct io *io);
/* Once, at the beginning of the worker's thread. */
void io_start(struct io *io);

/* From now on packets to PORT are handed over. 0 or negative: PORT is deaf, but is to be
 * removed all the same. */
int io_add(struct io *io, struct io_port *port);
/* Closes its socket. PORT is not named any more. Not from within io_receive(), which may have
 * read what came to it. */
void io_remove(struct io *io, struct io_port *port);

/* Waits until something is there, WAIT_MS at most (0: not at all). False: nothing. */
bool io_wait(struct io *io, int wait_ms);
/* Hands over what is there, IO_TURN_PACKETS at most. *RET_WOKEN: the wake fd is readable.
 * How many packets. */
unsigned io_receive(struct io *io, bool *ret_woken);
/*
 * Sends LEN bytes of DATA from PORT to TO, now or with io_flush(); until then DATA must
 * stand. 0, or negative: it was not sent.
 */
int io_send(struct io *io, struct io_port *port, const uint8_t *data, size_t len,
	const struct addr *to);
void io_flush(struct io *io);
