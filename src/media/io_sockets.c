/*
 * A socket a port, waited for by epoll: what any process may do.
 *
 * Sockets stay unconnected, although a connected one saves a tenth of a packet's cost: to
 * a connected socket the kernel answers a stranger with an ICMP "port unreachable" and
 * counts nothing, and what was queued before a re-INVITE moved the far end would still have
 * to be compared. path.c compares every source instead.
 */
#include "media/io_priv.h"

#include "base/secret.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct sockets {
	struct io io;
	int epoll_fd;
	int ready; /* of EVENTS */
	struct epoll_event events[IO_TURN_PACKETS];
	_Alignas(8) uint8_t packet[IO_PACKET_MAX + SRTP_TRAILER_MAX];
};

static int sockets_watch(const struct sockets *sockets, int fd, void *mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};

	return epoll_ctl(sockets->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 ? -errno : 0;
}

static int sockets_open(struct io *io, struct err_text *text)
{
	struct sockets *sockets = (struct sockets *)io;
	int err;

	sockets->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sockets->epoll_fd < 0)
		return err_set(text, -errno, "epoll: %s", err_str(-errno));
	err = sockets_watch(sockets, io->params.wake_fd, sockets);
	if (err != 0) {
		close(sockets->epoll_fd);
		return err_set(text, err, "epoll: %s", err_str(err));
	}
	return 0;
}

static void sockets_close(struct io *io)
{
	struct sockets *sockets = (struct sockets *)io;

	close(sockets->epoll_fd);
	secret_wipe_bytes(sockets->packet, sizeof(sockets->packet));
}

static int sockets_add(struct io *io, struct io_port *port)
{
	return sockets_watch((struct sockets *)io, port->fd, port);
}

/* Closing a socket takes it out of epoll. */
static void sockets_remove(struct io *io, struct io_port *port)
{
	(void)io;
	close(port->fd);
}

static bool sockets_wait(struct io *io, int wait_ms)
{
	struct sockets *sockets = (struct sockets *)io;

	sockets->ready =
		epoll_wait(sockets->epoll_fd, sockets->events, IO_TURN_PACKETS, wait_ms);
	return sockets->ready > 0;
}

/*
 * One packet a turn: epoll is level-triggered and reports the socket again after all
 * others had theirs. So no stream starves another, and no call is spent on learning that a
 * socket is empty, which with telephony's 50 packets a second it nearly always is.
 */
static bool sockets_read(struct sockets *sockets, struct io_port *port)
{
	const struct io_params *params = &sockets->io.params;
	struct addr source;
	ssize_t len;

	source.len = sizeof(source.v6);
	/* MSG_TRUNC: the true length comes back even when the datagram was cut. Errors
	 * are left alone: they are the network's (ICMP), and reading has cleared them. */
	len = recvfrom(port->fd, sockets->packet, IO_PACKET_MAX, MSG_TRUNC, &source.sa,
		&source.len);
	if (len < 0)
		return false;
	params->packet_h(params->arg, port, &source, sockets->packet,
		len > IO_PACKET_MAX ? 0 : (size_t)len);
	return true;
}

static unsigned sockets_receive(struct io *io, bool *ret_woken)
{
	struct sockets *sockets = (struct sockets *)io;
	unsigned packets = 0;

	/* Each socket that is read has had its oldest packet since the wait. */
	if (sockets->ready > 0)
		io->params.ready_h(io->params.arg);
	for (int i = 0; i < sockets->ready; i++) {
		void *mark = sockets->events[i].data.ptr;

		if (mark == sockets)
			*ret_woken = true;
		else
			packets += sockets_read(sockets, mark);
	}
	return packets;
}

static int sockets_send(struct io *io, struct io_port *port, const uint8_t *data,
	size_t len, const struct addr *to)
{
	ssize_t sent;

	(void)io;
	do
		sent = sendto(port->fd, data, len, MSG_NOSIGNAL, &to->sa, to->len);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

const struct io_backend io_sockets = {
	.name = "sockets",
	.binds = true,
	.shared_size = sizeof(struct io_shared),
	.size = sizeof(struct sockets),
	.open = sockets_open,
	.close = sockets_close,
	.add = sockets_add,
	.remove = sockets_remove,
	.wait = sockets_wait,
	.receive = sockets_receive,
	.send = sockets_send,
};
