/*
 * A socket a port, through io_uring: packets come into buffers that the kernel picks, by one
 * request a socket that goes on by itself, and those of one turn leave with one system call.
 * Needs Linux 6.1.
 */
#include "media/io_priv.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is sent in a turn fits, with what is asked for anew; more is submitted in between. */
#define URING_REQUESTS 1024
#define URING_RESULTS 8192
#define URING_BUFFERS 1024 /* a power of two */
#define URING_GROUP 0
/* One thread asks, and the kernel works in its calls alone: no interrupt between packets.
 * Disabled, because that thread is not the one that makes it. */
#define URING_FLAGS                                                                      \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |                       \
		IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL)
/* Of a buffer: the kernel's head, the source, the packet. */
#define URING_NAME_LEN sizeof(struct sockaddr_in6)
#define URING_BUFFER_SIZE                                                                \
	((sizeof(struct io_uring_recvmsg_out) + URING_NAME_LEN + IO_PACKET_MAX +         \
		 SRTP_TRAILER_MAX + 63) &                                                \
		~(size_t)63)

/* What a result is about: in the upper half of its user data, the slot in the lower. */
enum uring_subject { URING_NOTHING, URING_WAKE, URING_RECEIVE, URING_SEND };

struct uring_slot {
	struct io_port *port; /* NULL: it was removed, or the slot is free */
	unsigned next_free;
};

struct uring {
	struct io io;
	struct io_uring ring;
	struct io_uring_buf_ring *buffer_ring;
	uint8_t *buffers;
	struct msghdr message; /* what a receive asks for: the source, nothing else */
	struct uring_slot *slots;
	unsigned slot_count;
	unsigned first_free; /* == slot_count: none */
	/* Buffers of this turn: what is sent from them leaves with the flush. */
	uint16_t used[IO_TURN_PACKETS];
	unsigned used_count;
};

static uint64_t uring_mark(enum uring_subject subject, unsigned slot)
{
	return (uint64_t)subject << 32 | slot;
}

static size_t uring_buffers_size(void)
{
	return URING_BUFFERS * URING_BUFFER_SIZE;
}

static uint8_t *uring_buffer(const struct uring *uring, uint16_t id)
{
	return uring->buffers + id * URING_BUFFER_SIZE;
}

static void uring_give(struct uring *uring, uint16_t id, unsigned at)
{
	/* The trailer's room is not the kernel's. */
	io_uring_buf_ring_add(uring->buffer_ring, uring_buffer(uring, id),
		URING_BUFFER_SIZE - SRTP_TRAILER_MAX, id,
		io_uring_buf_ring_mask(URING_BUFFERS), (int)at);
}

/* Whether the kernel would, by doing it. */
static int uring_share(struct io_shared *shared, const struct io_shared_params *params,
	struct err_text *text)
{
	struct io_uring_params setup = {.flags = URING_FLAGS};
	struct io_uring ring;
	int err = io_uring_queue_init_params(2, &ring, &setup);

	(void)shared;
	(void)params;
	if (err < 0)
		return err_set(text, err,
			"io_uring: %s (it needs Linux 6.1, kernel.io_uring_disabled = 0 "
			"and no filter of system calls against it)",
			err_str(err));
	io_uring_queue_exit(&ring);
	return 0;
}

static void *uring_map(size_t size)
{
	void *p = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

static int uring_map_buffers(struct uring *uring)
{
	struct io_uring_buf_reg reg = {
		.ring_entries = URING_BUFFERS, .bgid = URING_GROUP};

	uring->buffer_ring = uring_map(URING_BUFFERS * sizeof(struct io_uring_buf));
	uring->buffers = uring_map(uring_buffers_size());
	if (!uring->buffer_ring || !uring->buffers)
		return -ENOMEM;
	io_uring_buf_ring_init(uring->buffer_ring);
	for (unsigned id = 0; id < URING_BUFFERS; id++)
		uring_give(uring, (uint16_t)id, id);
	io_uring_buf_ring_advance(uring->buffer_ring, URING_BUFFERS);
	reg.ring_addr = (uint64_t)(uintptr_t)uring->buffer_ring;
	return io_uring_register_buf_ring(&uring->ring, &reg, 0);
}

static void uring_unmap_buffers(struct uring *uring)
{
	if (uring->buffers) {
		secret_wipe_bytes(uring->buffers, uring_buffers_size());
		munmap(uring->buffers, uring_buffers_size());
	}
	if (uring->buffer_ring)
		munmap(uring->buffer_ring, URING_BUFFERS * sizeof(struct io_uring_buf));
}

/* A ring does the work of system calls past the filter that the process has for these: it is left what this
 * file asks for. From the moment that it is enabled. */
static int uring_restrict(struct uring *uring)
{
	struct io_uring_restriction allowed[] = {
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_POLL_ADD},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_RECVMSG},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_SEND},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_ASYNC_CANCEL},
		{.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
			.sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS},
	};

	/* Debian's liburing declares a function for this, and does not have it. */
	long result = syscall(SYS_io_uring_register, uring->ring.ring_fd,
		IORING_REGISTER_RESTRICTIONS, allowed,
		sizeof(allowed) / sizeof(allowed[0]));

	return result < 0 ? -errno : 0;
}

static int uring_open(struct io *io, struct err_text *text)
{
	struct uring *uring = (struct uring *)io;
	struct io_uring_params setup = {
		.flags = URING_FLAGS | IORING_SETUP_CQSIZE, .cq_entries = URING_RESULTS};
	int err = io_uring_queue_init_params(URING_REQUESTS, &uring->ring, &setup);

	if (err < 0)
		return err_set(text, err, "io_uring: %s", err_str(err));
	err = uring_map_buffers(uring);
	if (err == 0)
		err = uring_restrict(uring);
	if (err < 0) {
		io_uring_queue_exit(&uring->ring);
		uring_unmap_buffers(uring);
		return err_set(text, err, "io_uring's buffers and restrictions: %s",
			err_str(err));
	}
	uring->message.msg_namelen = URING_NAME_LEN;
	return 0;
}

static void uring_close(struct io *io)
{
	struct uring *uring = (struct uring *)io;

	io_uring_queue_exit(&uring->ring);
	uring_unmap_buffers(uring);
	free(uring->slots);
}

/* NULL once the ring is no longer this thread's: what is asked then does not matter. */
static struct io_uring_sqe *uring_request(struct uring *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	if (!sqe) {
		io_uring_submit(&uring->ring);
		sqe = io_uring_get_sqe(&uring->ring);
	}
	return sqe;
}

static void uring_await_wake(struct uring *uring)
{
	struct io_uring_sqe *sqe = uring_request(uring);

	if (!sqe)
		return;
	io_uring_prep_poll_multishot(sqe, uring->io.params.wake_fd, POLLIN);
	io_uring_sqe_set_data64(sqe, uring_mark(URING_WAKE, 0));
}

static void uring_start(struct io *io)
{
	struct uring *uring = (struct uring *)io;
	long result = syscall(SYS_io_uring_register, uring->ring.ring_fd,
		IORING_REGISTER_ENABLE_RINGS, NULL, 0);

	assert(result == 0);
	(void)result;
	uring_await_wake(uring);
}

static void uring_await_packets(struct uring *uring, unsigned slot)
{
	struct io_uring_sqe *sqe = uring_request(uring);

	if (!sqe)
		return;
	io_uring_prep_recvmsg_multishot(
		sqe, uring->slots[slot].port->fd, &uring->message, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = URING_GROUP;
	io_uring_sqe_set_data64(sqe, uring_mark(URING_RECEIVE, slot));
}

static int uring_grow(struct uring *uring)
{
	unsigned count = uring->slot_count ? 2 * uring->slot_count : 64;
	struct uring_slot *slots = reallocarray(uring->slots, count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (unsigned i = uring->slot_count; i < count; i++)
		slots[i] = (struct uring_slot){.next_free = i + 1};
	uring->slots = slots;
	uring->slot_count = count;
	return 0;
}

static int uring_add(struct io *io, struct io_port *port)
{
	struct uring *uring = (struct uring *)io;
	unsigned slot = uring->first_free;

	port->slot = UINT_MAX;
	if (slot == uring->slot_count && uring_grow(uring) != 0)
		return -ENOMEM;
	uring->first_free = uring->slots[slot].next_free;
	uring->slots[slot].port = port;
	port->slot = slot;
	uring_await_packets(uring, slot);
	return 0;
}

/* The slot is free when the receive's last result is in. */
static void uring_remove(struct io *io, struct io_port *port)
{
	struct uring *uring = (struct uring *)io;
	struct io_uring_sqe *sqe;

	if (port->slot != UINT_MAX) {
		uring->slots[port->slot].port = NULL;
		sqe = uring_request(uring);
		if (sqe) {
			io_uring_prep_cancel64(
				sqe, uring_mark(URING_RECEIVE, port->slot), 0);
			io_uring_sqe_set_data64(sqe, uring_mark(URING_NOTHING, 0));
		}
	}
	close(port->fd);
}

static bool uring_wait(struct io *io, int wait_ms)
{
	struct uring *uring = (struct uring *)io;
	struct __kernel_timespec timeout = {
		.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};
	struct io_uring_cqe *cqe;

	/* The flush may have found some already. */
	if (io_uring_cq_ready(&uring->ring) > 0)
		return true;
	if (wait_ms == 0)
		io_uring_submit_and_get_events(&uring->ring);
	else
		io_uring_submit_and_wait_timeout(&uring->ring, &cqe, 1, &timeout, NULL);
	return io_uring_cq_ready(&uring->ring) > 0;
}

static void uring_hand_over(
	struct uring *uring, struct io_port *port, uint8_t *buffer, int len)
{
	const struct io_params *params = &uring->io.params;
	struct io_uring_recvmsg_out *out =
		io_uring_recvmsg_validate(buffer, len, &uring->message);
	struct addr source;
	unsigned payload_len;

	if (!out || out->namelen > URING_NAME_LEN)
		return;
	memcpy(&source.v6, io_uring_recvmsg_name(out), out->namelen);
	source.len = (socklen_t)out->namelen;
	payload_len = io_uring_recvmsg_payload_length(out, len, &uring->message);
	params->packet_h(params->arg, port, &source,
		io_uring_recvmsg_payload(out, &uring->message),
		out->flags & MSG_TRUNC ? 0 : payload_len);
}

/* True: it was a packet. */
static bool uring_received(
	struct uring *uring, const struct io_uring_cqe *cqe, unsigned index)
{
	struct uring_slot *slot = &uring->slots[index];
	bool is_packet = slot->port && cqe->res >= 0 && cqe->flags & IORING_CQE_F_BUFFER;

	if (cqe->flags & IORING_CQE_F_BUFFER) {
		uint16_t id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

		uring->used[uring->used_count++] = id;
		if (is_packet)
			uring_hand_over(
				uring, slot->port, uring_buffer(uring, id), cqe->res);
	}
	if (cqe->flags & IORING_CQE_F_MORE)
		return is_packet;
	/* Out of buffers, or an error of the network: it is asked for anew. */
	if (slot->port) {
		uring_await_packets(uring, index);
	} else {
		slot->next_free = uring->first_free;
		uring->first_free = index;
	}
	return is_packet;
}

static unsigned uring_receive(struct io *io, bool *ret_woken)
{
	struct uring *uring = (struct uring *)io;
	const struct io_params *params = &io->params;
	struct io_uring_cqe *cqe;
	unsigned packets = 0, results = 0, head;

	params->ready_h(params->arg);
	io_uring_for_each_cqe(&uring->ring, head, cqe)
	{
		unsigned slot = (unsigned)cqe->user_data;

		if (results == IO_TURN_PACKETS)
			break;
		results++;
		switch ((enum uring_subject)(cqe->user_data >> 32)) {
		case URING_NOTHING:
			break;
		case URING_WAKE:
			*ret_woken = true;
			if (!(cqe->flags & IORING_CQE_F_MORE))
				uring_await_wake(uring);
			break;
		case URING_RECEIVE:
			packets += uring_received(uring, cqe, slot);
			break;
		case URING_SEND:
			params->failed_h(params->arg, uring->slots[slot].port);
			break;
		}
	}
	io_uring_cq_advance(&uring->ring, results);
	return packets;
}

/* Never waits for room in the socket: DATA is free once it was submitted, whatever came of
 * it. Only a failure has a result. */
static int uring_send(struct io *io, struct io_port *port, const uint8_t *data,
	size_t len, const struct addr *to)
{
	struct uring *uring = (struct uring *)io;
	struct io_uring_sqe *sqe = uring_request(uring);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_send(sqe, port->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	io_uring_prep_send_set_addr(sqe, &to->sa, (__u16)to->len);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	io_uring_sqe_set_data64(sqe, uring_mark(URING_SEND, port->slot));
	return 0;
}

static void uring_flush(struct io *io)
{
	struct uring *uring = (struct uring *)io;

	if (io_uring_sq_ready(&uring->ring) > 0)
		io_uring_submit_and_get_events(&uring->ring);
	for (unsigned i = 0; i < uring->used_count; i++)
		uring_give(uring, uring->used[i], i);
	io_uring_buf_ring_advance(uring->buffer_ring, (int)uring->used_count);
	uring->used_count = 0;
}

const struct io_backend io_uring = {
	.name = "io_uring",
	.binds = true,
	.shared_size = sizeof(struct io_shared),
	.size = sizeof(struct uring),
	.share = uring_share,
	.open = uring_open,
	.close = uring_close,
	.start = uring_start,
	.add = uring_add,
	.remove = uring_remove,
	.wait = uring_wait,
	.receive = uring_receive,
	.send = uring_send,
	.flush = uring_flush,
};
