/*
 * One socket a worker and address for all its ports: BPF steers what comes to them there,
 * and it is read in batches; what leaves is written by a raw socket, in batches too, with a
 * head that we make. No socket lives and dies with a call. Needs CAP_BPF, CAP_NET_ADMIN and
 * CAP_NET_RAW at the start.
 */
#include "media/io_priv.h"
#include "media/steer_bpf.h"

#include "base/checksum.h"
#include "base/dscp.h"
#include "base/secret.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEER_ADDRESSES 16
#define STEER_BATCH 64
/* Some 40 ms of 100,000 packets a second, as the kernel counts them. */
#define STEER_QUEUE_BYTES (8 * 1024 * 1024)
#define STEER_PORTS 65536
#define STEER_TTL 64

struct steer_address {
	struct steer_bpf bpf;
	int *sockets; /* by worker */
};

struct steer_shared {
	struct io_shared shared;
	int raw_fd[2]; /* IPv4, IPv6; -1: not used */
	unsigned workers;
	unsigned tos;
	unsigned address_count;
	struct steer_address addresses[STEER_ADDRESSES];
};

/* Where a packet is read to, and from where it leaves. */
struct steer_buffer {
	_Alignas(8) uint8_t data[IO_PACKET_MAX + SRTP_TRAILER_MAX];
};

struct steer_head {
	union {
		struct {
			struct iphdr ip;
			struct udphdr udp;
		} v4;
		struct {
			struct ip6_hdr ip;
			struct udphdr udp;
		} v6;
	};
	struct addr to; /* port 0, as raw sockets want it */
	struct iovec parts[2];
	struct io_port *port;
};

struct steer {
	struct io io;
	struct steer_shared *shared; /* RO */
	int epoll_fd;
	int raw_fd[2];  /* IPv4, IPv6; -1: not used */
	uint32_t ready; /* a bit an address, and one for the wake fd */
	struct io_port **ports[STEER_ADDRESSES]; /* by port */

	struct mmsghdr in[STEER_BATCH];
	struct addr sources[STEER_BATCH];
	struct iovec in_parts[STEER_BATCH];
	_Alignas(8) uint8_t control[STEER_BATCH][CMSG_SPACE(sizeof(struct sockaddr_in6))];

	/* What waits for the flush: of one family, OUT_FAMILY. */
	unsigned out_count;
	unsigned out_family;
	struct mmsghdr out[STEER_BATCH];
	struct steer_head heads[STEER_BATCH];
	struct steer_buffer buffers[STEER_BATCH];
};

#define STEER_WAKE_BIT (1U << STEER_ADDRESSES)

/* What all workers share: the loop thread */

static int steer_option(int fd, int level, int name)
{
	const int on = 1;

	return setsockopt(fd, level, name, &on, sizeof(on)) != 0 ? -errno : 0;
}

/* A socket that packets are steered to; its own port is of no use. */
static int steer_socket(const struct addr *address)
{
	const int bytes = STEER_QUEUE_BYTES;
	struct addr any_port = *address;
	int fd = socket(
		address->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	addr_set_port(&any_port, 0);
	err = addr_is_v6(address) ? steer_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) : 0;
	if (err == 0)
		err = addr_is_v6(address)
			      ? steer_option(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR)
			      : steer_option(fd, IPPROTO_IP, IP_RECVORIGDSTADDR);
	if (err == 0 && bind(fd, &any_port.sa, any_port.len) != 0)
		err = -errno;
	if (err == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		err = -errno;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

static int steer_open_raw(
	struct steer_shared *steer, const struct addr *local, struct err_text *text)
{
	int *fd = &steer->raw_fd[addr_is_v6(local)];

	if (*fd < 0)
		*fd = socket(local->sa.sa_family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			IPPROTO_RAW);
	return *fd >= 0 ? 0
			: err_set(text, -errno,
				  "a raw socket for steered media: %s (it needs "
				  "CAP_NET_RAW)",
				  err_str(-errno));
}

static void steer_unshare(struct io_shared *shared)
{
	struct steer_shared *steer = (struct steer_shared *)shared;

	for (unsigned i = 0; i < 2; i++)
		if (steer->raw_fd[i] >= 0)
			close(steer->raw_fd[i]);
	for (unsigned i = 0; i < steer->address_count; i++) {
		struct steer_address *address = &steer->addresses[i];

		steer_bpf_free(&address->bpf);
		for (unsigned worker = 0; address->sockets && worker < steer->workers;
			worker++)
			if (address->sockets[worker] >= 0)
				close(address->sockets[worker]);
		free(address->sockets);
	}
}

static int steer_share_address(
	struct steer_shared *steer, const struct addr *local, struct err_text *text)
{
	struct steer_address *address = &steer->addresses[steer->address_count];
	char name[ADDR_TEXT_SIZE];

	address->bpf = (struct steer_bpf){
		.table_fd = -1, .sockets_fd = -1, .program_fd = -1, .link_fd = -1};
	address->sockets = calloc(steer->workers, sizeof(*address->sockets));
	steer->address_count++;
	if (!address->sockets)
		return err_set(text, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < steer->workers; i++)
		address->sockets[i] = -1;
	for (unsigned i = 0; i < steer->workers; i++) {
		address->sockets[i] = steer_socket(local);
		if (address->sockets[i] < 0)
			return err_set(text, address->sockets[i],
				"a socket on %s for steered media: %s (it needs "
				"CAP_NET_ADMIN)",
				addr_host_text(local, name),
				err_str(address->sockets[i]));
	}
	return steer_bpf_new(
		&address->bpf, local, address->sockets, steer->workers, text);
}

static int steer_share(struct io_shared *shared, const struct io_shared_params *params,
	struct err_text *text)
{
	struct steer_shared *steer = (struct steer_shared *)shared;
	int err = 0;

	if (params->address_count > STEER_ADDRESSES)
		return err_set(text, ERR_LIMIT,
			"media is steered on %d addresses at most", STEER_ADDRESSES);
	steer->workers = params->workers;
	steer->tos = dscp_tos(params->dscp);
	steer->raw_fd[0] = steer->raw_fd[1] = -1;
	for (unsigned i = 0; err == 0 && i < params->address_count; i++) {
		err = steer_open_raw(steer, &params->addresses[i], text);
		if (err == 0)
			err = steer_share_address(steer, &params->addresses[i], text);
	}
	if (err != 0)
		steer_unshare(shared);
	return err;
}

static struct steer_bpf *steer_find(struct steer_shared *steer, const struct addr *local)
{
	for (unsigned i = 0; i < steer->address_count; i++)
		if (addr_equal_host(&steer->addresses[i].bpf.address, local))
			return &steer->addresses[i].bpf;
	return NULL;
}

static void steer_claim(
	struct io_shared *shared, const struct addr *local_rtp, unsigned worker)
{
	struct steer_bpf *bpf = steer_find((struct steer_shared *)shared, local_rtp);
	uint16_t port = addr_port(local_rtp);

	if (!bpf)
		return;
	steer_bpf_set(bpf, port, worker);
	steer_bpf_set(bpf, (uint16_t)(port + 1), worker);
}

static void steer_give_up(struct io_shared *shared, const struct addr *local_rtp)
{
	struct steer_bpf *bpf = steer_find((struct steer_shared *)shared, local_rtp);
	uint16_t port = addr_port(local_rtp);

	if (!bpf)
		return;
	steer_bpf_clear(bpf, port);
	steer_bpf_clear(bpf, (uint16_t)(port + 1));
}

/* Opening and closing: the loop thread */

static int steer_watch(const struct steer *steer, int fd, uint32_t bit)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = bit};

	return epoll_ctl(steer->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 ? -errno : 0;
}

static void steer_close(struct io *io)
{
	struct steer *steer = (struct steer *)io;

	if (steer->epoll_fd >= 0)
		close(steer->epoll_fd);
	for (unsigned i = 0; i < STEER_ADDRESSES; i++)
		free(steer->ports[i]);
	secret_wipe_bytes(steer->buffers, sizeof(steer->buffers));
}

static void steer_prepare(struct steer *steer)
{
	for (unsigned i = 0; i < STEER_BATCH; i++) {
		steer->in_parts[i] = (struct iovec){
			.iov_base = steer->buffers[i].data, .iov_len = IO_PACKET_MAX};
		steer->in[i].msg_hdr = (struct msghdr){.msg_name = &steer->sources[i].v6,
			.msg_iov = &steer->in_parts[i],
			.msg_iovlen = 1,
			.msg_control = steer->control[i]};
		steer->out[i].msg_hdr =
			(struct msghdr){.msg_name = &steer->heads[i].to.v6,
				.msg_iov = steer->heads[i].parts,
				.msg_iovlen = 2};
	}
}

static int steer_open(struct io *io, struct err_text *text)
{
	struct steer *steer = (struct steer *)io;
	int err = 0;

	steer->shared = (struct steer_shared *)io->params.shared;
	steer->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (steer->epoll_fd < 0)
		err = -errno;
	if (err == 0)
		err = steer_watch(steer, io->params.wake_fd, STEER_WAKE_BIT);
	for (unsigned i = 0; err == 0 && i < steer->shared->address_count; i++) {
		struct steer_address *address = &steer->shared->addresses[i];

		steer->ports[i] = calloc(STEER_PORTS, sizeof(struct io_port *));
		err = steer->ports[i] ? 0 : -ENOMEM;
		if (err == 0)
			err = steer_watch(
				steer, address->sockets[io->params.worker], 1U << i);
	}
	if (err != 0) {
		steer_close(io);
		return err_set(text, err, "steered media: %s", err_str(err));
	}
	steer_prepare(steer);
	return 0;
}

/* Ports: the worker's thread */

static int steer_add(struct io *io, struct io_port *port)
{
	struct steer *steer = (struct steer *)io;
	struct steer_shared *shared = steer->shared;

	for (unsigned i = 0; i < shared->address_count; i++) {
		if (!addr_equal_host(&shared->addresses[i].bpf.address, port->local))
			continue;
		port->slot = i;
		steer->ports[i][addr_port(port->local)] = port;
		return 0;
	}
	port->slot = STEER_ADDRESSES;
	return -EADDRNOTAVAIL;
}

static void steer_remove(struct io *io, struct io_port *port)
{
	struct steer *steer = (struct steer *)io;
	struct io_port **entry;

	if (port->slot == STEER_ADDRESSES)
		return;
	entry = &steer->ports[port->slot][addr_port(port->local)];
	/* Another stream's by now, where the pool is small. */
	if (*entry == port)
		*entry = NULL;
}

/* Sending */

/* RFC 768: with the addresses, the protocol and the length. Zero would mean none. */
static void steer_checksum(struct udphdr *udp, const void *addresses,
	size_t addresses_len, const uint8_t *data, size_t len)
{
	uint64_t sum = checksum_add(0, addresses, addresses_len);
	uint16_t check;

	sum += htons(IPPROTO_UDP) + (uint64_t)udp->len;
	sum = checksum_add(sum, udp, sizeof(*udp));
	check = checksum_fold(checksum_add(sum, data, len));
	udp->check = check ? check : 0xffff;
}

static size_t steer_write_v4(struct steer_head *head, const struct addr *local,
	const struct addr *to, const uint8_t *data, size_t len)
{
	/* The kernel fills in length, identification and checksum. */
	head->v4.ip = (struct iphdr){.version = 4,
		.ihl = sizeof(struct iphdr) / 4,
		.ttl = STEER_TTL,
		.protocol = IPPROTO_UDP,
		.saddr = local->v4.sin_addr.s_addr,
		.daddr = to->v4.sin_addr.s_addr};
	head->v4.udp = (struct udphdr){.source = local->v4.sin_port,
		.dest = to->v4.sin_port,
		.len = htons((uint16_t)(sizeof(struct udphdr) + len))};
	steer_checksum(&head->v4.udp, &head->v4.ip.saddr, 8, data, len);
	return sizeof(head->v4);
}

static size_t steer_write_v6(struct steer_head *head, const struct addr *local,
	const struct addr *to, const uint8_t *data, size_t len)
{
	uint16_t udp_len = htons((uint16_t)(sizeof(struct udphdr) + len));

	head->v6.ip = (struct ip6_hdr){
		.ip6_src = local->v6.sin6_addr, .ip6_dst = to->v6.sin6_addr};
	head->v6.ip.ip6_flow = htonl(6U << 28);
	head->v6.ip.ip6_plen = udp_len;
	head->v6.ip.ip6_nxt = IPPROTO_UDP;
	head->v6.ip.ip6_hlim = STEER_TTL;
	head->v6.udp = (struct udphdr){
		.source = local->v6.sin6_port, .dest = to->v6.sin6_port, .len = udp_len};
	steer_checksum(&head->v6.udp, &head->v6.ip.ip6_src, 32, data, len);
	return sizeof(head->v6);
}

static void steer_flush(struct io *io)
{
	struct steer *steer = (struct steer *)io;
	unsigned done = 0;

	while (done < steer->out_count) {
		int sent = sendmmsg(steer->shared->raw_fd[steer->out_family],
			steer->out + done, steer->out_count - done, MSG_NOSIGNAL);

		if (sent > 0) {
			done += (unsigned)sent;
		} else if (errno != EINTR) {
			/* It says so of the first one alone. */
			io->params.failed_h(io->params.arg, steer->heads[done].port);
			done++;
		}
	}
	steer->out_count = 0;
}

static int steer_send(struct io *io, struct io_port *port, const uint8_t *data,
	size_t len, const struct addr *to)
{
	struct steer *steer = (struct steer *)io;
	unsigned v6 = addr_is_v6(port->local);
	struct steer_head *head;
	size_t head_len;

	if (addr_is_v6(to) != (v6 != 0))
		return -EAFNOSUPPORT;
	if (steer->out_count == STEER_BATCH || steer->out_family != v6)
		steer_flush(io);
	steer->out_family = v6;
	head = &steer->heads[steer->out_count++];
	head_len = v6 ? steer_write_v6(head, port->local, to, data, len)
		      : steer_write_v4(head, port->local, to, data, len);
	if (v6)
		head->v6.ip.ip6_flow |= htonl(steer->shared->tos << 20);
	else
		head->v4.ip.tos = (uint8_t)steer->shared->tos;
	head->port = port;
	head->to = *to;
	addr_set_port(&head->to, 0);
	head->parts[0] = (struct iovec){.iov_base = &head->v4, .iov_len = head_len};
	head->parts[1] =
		(struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	steer->out[steer->out_count - 1].msg_hdr.msg_namelen = to->len;
	return 0;
}

/* Receiving */

static bool steer_wait(struct io *io, int wait_ms)
{
	struct steer *steer = (struct steer *)io;
	struct epoll_event events[STEER_ADDRESSES + 1];
	int count = epoll_wait(steer->epoll_fd, events,
		(int)(sizeof(events) / sizeof(events[0])), wait_ms);

	steer->ready = 0;
	for (int i = 0; i < count; i++)
		steer->ready |= events[i].data.u32;
	return steer->ready != 0;
}

/* The port that MESSAGE was sent to; 0 when the kernel did not say. */
static uint16_t steer_port(struct msghdr *message)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct addr to = {.len = 0};

	if (!control || control->cmsg_len < CMSG_LEN(sizeof(to.v4)) ||
		control->cmsg_len > CMSG_LEN(sizeof(to.v6)))
		return 0;
	to.len = (socklen_t)(control->cmsg_len - CMSG_LEN(0));
	memcpy(&to.v6, CMSG_DATA(control), to.len);
	return addr_port(&to);
}

/* One batch that came to the address of INDEX; how many there were. */
static unsigned steer_read(struct steer *steer, unsigned index)
{
	const struct io_params *params = &steer->io.params;
	int fd = steer->shared->addresses[index].sockets[params->worker];
	int count;

	for (unsigned i = 0; i < STEER_BATCH; i++) {
		struct msghdr *message = &steer->in[i].msg_hdr;

		message->msg_namelen = sizeof(steer->sources[i].v6);
		message->msg_controllen = sizeof(steer->control[i]);
	}
	count = recvmmsg(fd, steer->in, STEER_BATCH, MSG_DONTWAIT, NULL);
	if (count > 0)
		params->ready_h(params->arg);
	for (int i = 0; i < count; i++) {
		struct msghdr *message = &steer->in[i].msg_hdr;
		/* None any more: its call ended while this waited. */
		struct io_port *port = steer->ports[index][steer_port(message)];

		steer->sources[i].len = message->msg_namelen;
		if (port)
			params->packet_h(params->arg, port, &steer->sources[i],
				steer->buffers[i].data,
				message->msg_flags & MSG_TRUNC ? 0
							       : steer->in[i].msg_len);
	}
	/* Before the buffers are read to again. */
	steer_flush(&steer->io);
	return count > 0 ? (unsigned)count : 0;
}

static unsigned steer_receive(struct io *io, bool *ret_woken)
{
	struct steer *steer = (struct steer *)io;
	unsigned packets = 0;

	if (steer->ready & STEER_WAKE_BIT)
		*ret_woken = true;
	for (unsigned i = 0; i < steer->shared->address_count; i++) {
		unsigned count = STEER_BATCH, most = IO_TURN_PACKETS / STEER_BATCH;

		if (!(steer->ready & 1U << i))
			continue;
		for (; count == STEER_BATCH && most > 0; most--) {
			count = steer_read(steer, i);
			packets += count;
		}
	}
	return packets;
}

const struct io_backend io_steer = {
	.name = "steer",
	.binds = false,
	.shared_size = sizeof(struct steer_shared),
	.size = sizeof(struct steer),
	.share = steer_share,
	.unshare = steer_unshare,
	.claim = steer_claim,
	.give_up = steer_give_up,
	.open = steer_open,
	.close = steer_close,
	.add = steer_add,
	.remove = steer_remove,
	.wait = steer_wait,
	.receive = steer_receive,
	.send = steer_send,
	.flush = steer_flush,
};
