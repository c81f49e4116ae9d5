/* Byte operations of a plain TCP connection. */
#include "sip/transport_priv.h"

#include <errno.h>
#include <sys/socket.h>

static ssize_t tcp_read(struct stream *stream, void *data, size_t len)
{
	ssize_t n;

	do {
		n = recv(stream->fd, data, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return ERR_CLOSED;
	return n < 0 ? -errno : n;
}

static ssize_t tcp_write(struct stream *stream, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = send(stream->fd, data, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void tcp_close(struct stream *stream)
{
	/* Best effort: a socket whose far end is gone has nobody to say goodbye to. */
	(void)shutdown(stream->fd, SHUT_WR);
}

static void tcp_explain(const struct stream *stream, int err, struct buf *out)
{
	(void)stream;
	buf_printf(out, "tcp failed error=\"%s\"", err_str(err));
}

const struct stream_ops stream_tcp_ops = {
	.kind = TRANSPORT_TCP,
	.write_max = SIZE_MAX,
	.short_read_drains = true,
	.read = tcp_read,
	.write = tcp_write,
	.close = tcp_close,
	.explain = tcp_explain,
};
