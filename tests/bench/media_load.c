#include "media_load.h"

#include "media/srtp.h"
#include "media/srtp_engine.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Sockets an end and channel: calls share them, and are told apart by their SSRC. */
#define SOCKETS 8
#define BATCH 32
#define PAYLOAD 160
#define RTP_LEN (12 + PAYLOAD)
#define RTCP_LEN 44
#define RTCP_SECONDS 5
#define QUEUE_BYTES (4 * 1024 * 1024)
#define SSRC_FIRST 0x10000000
#define SAMPLES_MAX 2000000
#define DRAIN_US 5000000
#define SILENCE_US 200000

/* What one far end sends to the other. */
struct flow {
	int fd[2]; /* it leaves from; RTP and RTCP */
	struct addr to[2];
	struct addr from; /* it has to come from */
	/* From end A it is sealed here; toward it it is opened here. */
	struct srtp_context *crypto;
	uint16_t seq;
	uint64_t sent, received; /* in this slice */
};

struct packet {
	_Alignas(8) uint8_t data[RTP_LEN + SRTP_TRAILER_MAX + 64];
	struct addr source;
	_Alignas(8) uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec part;
};

struct media_load {
	unsigned count;
	struct media_call *calls;
	struct flow *flows; /* call by call: from end A, from end B */
	unsigned *order;    /* in which they are sent: those of one socket together */
	/* By end and port of the server, which may send SSRCs of its own: the flow that comes from
	 * there, and 1; 0: none. */
	unsigned from[2][65536];
	bool served;
	int fd[2][2][SOCKETS]; /* by end and channel */
	unsigned at;
	unsigned reading;
	unsigned rtcp_every; /* packets of a flow */
	bool delay;
	struct media_result result;
	uint32_t *samples; /* ns */
	size_t sample_count;
	int batch_fd;
	unsigned batch_count;
	struct mmsghdr out[BATCH], in[BATCH];
	struct packet out_packets[BATCH], in_packets[BATCH];
};

static uint64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return ntohl(value);
}

/* Making */

static int open_socket(struct addr *ret)
{
	const int bytes = QUEUE_BYTES;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	addr_parse(ret, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &ret->sa, ret->len) != 0 ||
		getsockname(fd, &ret->sa, &ret->len) != 0)
		media_check(-errno, "a socket of the load");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

static void open_sockets(struct media_load *load)
{
	struct addr addr;

	for (unsigned i = 0; i < 4 * SOCKETS; i++) {
		unsigned end = i & 1, channel = i >> 1 & 1, k = i >> 2;

		load->fd[end][channel][k] = open_socket(&addr);
		for (unsigned call = 0; call < load->count; call++)
			if (call * SOCKETS / load->count == k)
				load->calls[call].peer[end][channel] = addr;
	}
}

/* Without a server what one end sends goes to the other. */
static void connect_directly(struct media_load *load)
{
	for (unsigned i = 0; i < load->count; i++) {
		struct media_call *call = &load->calls[i];

		memcpy(call->local[0], call->peer[1], sizeof(call->local[0]));
		memcpy(call->local[1], call->peer[0], sizeof(call->local[1]));
		call->to = call->from = (struct media_passed){.suite = RELAY_PLAIN};
	}
}

static void make_flow(struct media_load *load, unsigned number)
{
	struct flow *flow = &load->flows[number];
	const struct media_call *call = &load->calls[number / 2];
	unsigned end = number % 2, k = number / 2 * SOCKETS / load->count;
	struct relay_key key = media_take(end == RELAY_A ? &call->to : &call->from);

	for (unsigned channel = 0; channel < 2; channel++) {
		flow->fd[channel] = load->fd[end][channel][k];
		flow->to[channel] = call->local[end][channel];
	}
	flow->from = call->local[1 - end][0];
	if (load->served)
		load->from[1 - end][addr_port(&flow->from)] = number + 1;
	flow->seq = (uint16_t)number;
	if (key.suite != RELAY_PLAIN)
		media_check(srtp_context_new(&flow->crypto, &key,
				    end == RELAY_A ? SRTP_SEAL : SRTP_OPEN),
			"key");
}

static void make_order(struct media_load *load)
{
	unsigned at = 0;

	for (unsigned group = 0; group < 2 * SOCKETS; group++)
		for (unsigned i = 0; i < 2 * load->count; i++)
			if (i / 2 * SOCKETS / load->count == group / 2 &&
				i % 2 == group % 2)
				load->order[at++] = i;
}

static void make_batches(struct media_load *load)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct packet *in = &load->in_packets[i], *out = &load->out_packets[i];

		in->part = (struct iovec){in->data, sizeof(in->data)};
		load->in[i].msg_hdr = (struct msghdr){.msg_name = &in->source.v6,
			.msg_iov = &in->part,
			.msg_iovlen = 1};
		out->part = (struct iovec){out->data, 0};
		load->out[i].msg_hdr =
			(struct msghdr){.msg_iov = &out->part, .msg_iovlen = 1};
	}
}

void media_load_new(struct media_load **ret, struct media_server *server, unsigned count)
{
	struct media_load *load = calloc(1, sizeof(*load));

	if (load) {
		load->calls = calloc(count, sizeof(*load->calls));
		load->flows = calloc(2 * (size_t)count, sizeof(*load->flows));
		load->order = calloc(2 * (size_t)count, sizeof(*load->order));
		load->samples = calloc(SAMPLES_MAX, sizeof(*load->samples));
	}
	if (!load || !load->calls || !load->flows || !load->order || !load->samples)
		media_check(-ENOMEM, "load");
	media_check(srtp_library_start(&srtp_engine_nettle, NULL), "SRTP");
	load->count = count;
	open_sockets(load);
	load->served = server != NULL;
	if (server)
		media_server_open(server, load->calls, 0, count);
	else
		connect_directly(load);
	for (unsigned i = 0; i < 2 * count; i++)
		make_flow(load, i);
	make_order(load);
	make_batches(load);
	*ret = load;
}

void media_load_free(struct media_load *load)
{
	if (!load)
		return;
	for (unsigned i = 0; i < 4 * SOCKETS; i++)
		close(load->fd[i & 1][i >> 1 & 1][i >> 2]);
	for (unsigned i = 0; i < 2 * load->count; i++)
		srtp_context_free(load->flows[i].crypto);
	free(load->calls);
	free(load->flows);
	free(load->order);
	free(load->samples);
	free(load);
}

const struct media_call *media_load_call(const struct media_load *load)
{
	return &load->calls[0];
}

/* Sending */

static void flush(struct media_load *load)
{
	unsigned done = 0;

	while (done < load->batch_count) {
		int sent = sendmmsg(
			load->batch_fd, load->out + done, load->batch_count - done, 0);

		if (sent > 0)
			done += (unsigned)sent;
		else if (errno != EAGAIN && errno != EINTR)
			media_check(-errno, "send");
	}
	load->batch_count = 0;
}

/* The next packet to send from FD to TO. */
static struct packet *next_packet(struct media_load *load, int fd, struct addr *to)
{
	struct msghdr *head;

	if (load->batch_count == BATCH || fd != load->batch_fd)
		flush(load);
	load->batch_fd = fd;
	head = &load->out[load->batch_count].msg_hdr;
	head->msg_name = &to->v6;
	head->msg_namelen = to->len;
	return &load->out_packets[load->batch_count++];
}

static void seal(
	struct flow *flow, unsigned number, bool rtcp, struct packet *packet, size_t len)
{
	if (flow->crypto && number % 2 == RELAY_A)
		media_check(srtp_context_seal(flow->crypto, rtcp, packet->data, &len),
			"seal");
	packet->part.iov_len = len;
}

/* RFC 3550 6.4.1, 6.5: a sender report and a name. */
static void send_rtcp(struct media_load *load, unsigned number)
{
	struct flow *flow = &load->flows[number];
	struct packet *packet = next_packet(load, flow->fd[1], &flow->to[1]);
	uint64_t wall = now_ns(CLOCK_REALTIME);
	uint8_t *data = packet->data;

	put32(data, 0x80c80006);
	put32(data + 4, SSRC_FIRST + number);
	put32(data + 8, (uint32_t)(wall / 1000000000 + 2208988800));
	put32(data + 12, (uint32_t)((wall % 1000000000 << 32) / 1000000000));
	put32(data + 16, flow->seq * 160U);
	put32(data + 20, flow->seq);
	put32(data + 24, flow->seq * 160U);
	put32(data + 28, 0x81ca0003);
	put32(data + 32, SSRC_FIRST + number);
	memcpy(data + 36, "\1\5bench", 8);
	seal(flow, number, true, packet, RTCP_LEN);
}

static void send_next(struct media_load *load)
{
	unsigned number = load->order[load->at];
	struct flow *flow = &load->flows[number];
	struct packet *packet = next_packet(load, flow->fd[0], &flow->to[0]);
	uint64_t wall = load->delay ? now_ns(CLOCK_REALTIME) : 0;
	uint8_t *data = packet->data;

	load->at = (load->at + 1) % (2 * load->count);
	put32(data, 0x80080000U | ++flow->seq);
	put32(data + 4, flow->seq * 160U);
	put32(data + 8, SSRC_FIRST + number);
	memcpy(data + 12, &wall, sizeof(wall));
	put32(data + 20, number);
	put32(data + 24, flow->seq);
	memset(data + 28, 0xd5, RTP_LEN - 28);
	seal(flow, number, false, packet, RTP_LEN);
	flow->sent++;
	load->result.sent++;
	if ((flow->seq + number) % load->rtcp_every == 0)
		send_rtcp(load, number);
}

/* Receiving */

static void take_delay(struct media_load *load, struct msghdr *head, const uint8_t *data)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(head);
	struct timespec came;
	uint64_t sent, came_ns;

	if (!cmsg || cmsg->cmsg_type != SCM_TIMESTAMPNS ||
		load->sample_count == SAMPLES_MAX)
		return;
	memcpy(&came, CMSG_DATA(cmsg), sizeof(came));
	memcpy(&sent, data + 12, sizeof(sent));
	came_ns = (uint64_t)came.tv_sec * 1000000000 + (uint64_t)came.tv_nsec;
	if (came_ns > sent)
		load->samples[load->sample_count++] =
			came_ns - sent > UINT32_MAX ? UINT32_MAX
						    : (uint32_t)(came_ns - sent);
}

/* The flow that PACKET came from the server for; UINT32_MAX: none. Without a server flows share
 * their sources, and their SSRCs tell. */
static unsigned find_flow(
	const struct media_load *load, const struct packet *packet, size_t len)
{
	uint16_t port = addr_port(&packet->source);

	if (len < RTP_LEN)
		return UINT32_MAX;
	for (unsigned end = 0; end < 2; end++) {
		unsigned number = load->from[end][port] - 1;

		if (load->from[end][port] != 0 &&
			addr_equal(&packet->source, &load->flows[number].from))
			return number;
	}
	return get32(packet->data + 8) - SSRC_FIRST;
}

static void take(struct media_load *load, struct mmsghdr *message)
{
	struct packet *packet = (struct packet *)message->msg_hdr.msg_iov->iov_base;
	size_t len = message->msg_len;
	struct flow *flow;
	unsigned number;

	load->result.bad++; /* until it has proved to be good */
	packet->source.len = message->msg_hdr.msg_namelen;
	number = find_flow(load, packet, len);
	if (number >= 2 * load->count)
		return;
	flow = &load->flows[number];
	if (!addr_equal(&packet->source, &flow->from))
		return;
	if (flow->crypto && number % 2 == RELAY_B &&
		srtp_context_open(flow->crypto, false, packet->data, &len) != 0)
		return;
	if (len != RTP_LEN || get32(packet->data + 20) != number)
		return;
	load->result.bad--;
	load->result.received++;
	flow->received++;
	if (load->delay)
		take_delay(load, &message->msg_hdr, packet->data);
}

static int receive(struct media_load *load, int fd)
{
	int got;

	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *head = &load->in[i].msg_hdr;

		head->msg_namelen = sizeof(load->in_packets[i].source.v6);
		head->msg_control = load->delay ? load->in_packets[i].control : NULL;
		head->msg_controllen =
			load->delay ? sizeof(load->in_packets[i].control) : 0;
	}
	got = recvmmsg(fd, load->in, BATCH, MSG_DONTWAIT, NULL);
	return got > 0 ? got : 0;
}

/* What is on the next socket; on those of RTCP less often. */
static int receive_next(struct media_load *load)
{
	unsigned n = load->reading++;
	int got = receive(load, load->fd[n & 1][0][n / 2 % SOCKETS]);

	for (int i = 0; i < got; i++)
		take(load, &load->in[i]);
	if (n % 8 == 0)
		load->result.rtcp +=
			(unsigned)receive(load, load->fd[n / 8 & 1][1][n / 16 % SOCKETS]);
	return got;
}

/* A slice */

static uint64_t own_drops(const struct media_load *load)
{
	uint64_t drops = 0;

	for (unsigned i = 0; i < 2 * SOCKETS; i++) {
		uint32_t info[SK_MEMINFO_VARS] = {0};
		socklen_t len = sizeof(info);

		getsockopt(
			load->fd[i & 1][0][i >> 1], SOL_SOCKET, SO_MEMINFO, info, &len);
		drops += info[SK_MEMINFO_DROPS];
	}
	return drops;
}

static void stamp(const struct media_load *load, int on)
{
	for (unsigned i = 0; i < 2 * SOCKETS; i++)
		setsockopt(load->fd[i & 1][0][i >> 1], SOL_SOCKET, SO_TIMESTAMPNS, &on,
			sizeof(on));
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void judge(struct media_load *load)
{
	struct media_result *result = &load->result;

	result->lost_min = 1;
	for (unsigned i = 0; i < 2 * load->count; i++) {
		const struct flow *flow = &load->flows[i];
		double lost = flow->sent > flow->received
				      ? 1 - (double)flow->received / (double)flow->sent
				      : 0;

		result->lost_min = lost < result->lost_min ? lost : result->lost_min;
		result->lost_max = lost > result->lost_max ? lost : result->lost_max;
	}
	if (result->sent > 0)
		result->lost = 1 - (double)result->received / (double)result->sent;
	if (load->sample_count == 0)
		return;
	qsort(load->samples, load->sample_count, sizeof(*load->samples), by_value);
	result->p50_us = load->samples[load->sample_count / 2] / 1e3;
	result->p99_us = load->samples[load->sample_count * 99 / 100] / 1e3;
}

/* All that is due by ELAPSED seconds, but not so much that nothing is read for long. */
static void send_due(struct media_load *load, double elapsed, unsigned pps)
{
	uint64_t due = (uint64_t)(elapsed * pps);

	for (unsigned i = 0; i < BATCH && load->result.sent < due; i++)
		send_next(load);
	flush(load);
}

/* What is still on its way. */
static void drain(struct media_load *load)
{
	uint64_t began = now_ns(CLOCK_MONOTONIC), heard = began, now = began;

	while (load->result.received < load->result.sent &&
		now - began < DRAIN_US * 1000ULL && now - heard < SILENCE_US * 1000ULL) {
		now = now_ns(CLOCK_MONOTONIC);
		if (receive_next(load) > 0)
			heard = now;
	}
}

void media_load_run(struct media_load *load, const struct media_slice *slice,
	struct media_result *ret)
{
	uint64_t dropped = own_drops(load), began;
	double elapsed = 0;

	load->result = (struct media_result){0};
	load->sample_count = 0;
	load->delay = slice->delay;
	load->rtcp_every = RTCP_SECONDS * slice->pps / (2 * load->count) + 1;
	for (unsigned i = 0; i < 2 * load->count; i++)
		load->flows[i].sent = load->flows[i].received = 0;
	stamp(load, slice->delay);
	began = now_ns(CLOCK_MONOTONIC);
	while (elapsed < slice->seconds) {
		elapsed = (double)(now_ns(CLOCK_MONOTONIC) - began) / 1e9;
		send_due(load, elapsed, slice->pps);
		receive_next(load);
	}
	drain(load);
	judge(load);
	load->result.pps = (double)load->result.sent / elapsed;
	load->result.own_drops = own_drops(load) - dropped;
	*ret = load->result;
}
