/* A path between two far ends, without sockets: packets in, packets out. */
#pragma once

#include "media/path.h"
#include "media/rtp.h"
#include "media_test.h"

#include <stdlib.h>

#define INTERNAL_RTP "10.0.0.1:4000"
#define INTERNAL_RTCP "10.0.0.1:4001"
#define EXTERNAL_RTP "192.0.2.9:5000"
#define EXTERNAL_RTCP "192.0.2.9:5001"
#define STRANGER "10.0.0.1:4002"

struct tapped {
	unsigned count;
	struct tap_packet last;
	uint8_t data[TEST_ROOM];
	bool has_onward;
	struct tap_onward onward;
};

/* A path between 10.0.0.1 inside and 192.0.2.9 outside, plain and without mux until a
 * test says otherwise. */
struct fixture {
	struct path path;
	struct path_whose whose; /* tapped: the call's media is captured */
	struct relay_remote remote[2];
	struct tapped tapped;
	struct tap tap;
	struct path_batch batch;
	struct test_packet packet;
	struct path_out out;
};

static inline void on_packet(void *arg, const struct tap_packet *packet)
{
	struct tapped *tapped = arg;

	tapped->count++;
	tapped->last = *packet;
	memcpy(tapped->data, packet->data, packet->len);
	tapped->has_onward = packet->onward != NULL;
	if (packet->onward)
		tapped->onward = *packet->onward;
}

static inline void apply(struct fixture *f)
{
	for (enum relay_end end = 0; end < 2; end++)
		assert_int_equal(
			path_set(&f->path, end, &f->remote[end], f->batch.now_us), 0);
}

static inline int setup(void **state)
{
	const char *rtp[] = {INTERNAL_RTP, EXTERNAL_RTP};
	const char *rtcp[] = {INTERNAL_RTCP, EXTERNAL_RTCP};
	struct path_params params = {
		.local_rtp = {test_addr("10.0.0.2:2000"), test_addr("192.0.2.2:3000")},
		.cname = "ours",
		.seed = 1};
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->whose = (struct path_whose){.call = 42, .tapped = true};
	params.whose = &f->whose;
	memset(&f->path, 0xa5, sizeof(f->path));
	path_init(&f->path, &params);
	f->tap = (struct tap){.packet_h = on_packet, .arg = &f->tapped};
	f->batch = (struct path_batch){
		.now_us = 1000000, .wall_us = 77, .worker = 3, .tap = &f->tap};
	for (unsigned end = 0; end < 2; end++)
		f->remote[end] = (struct relay_remote){
			.rtp = test_addr(rtp[end]),
			.rtcp = test_addr(rtcp[end]),
			.send = true,
			.receive = true,
			.rx = {.suite = RELAY_PLAIN},
			.tx = {.suite = RELAY_PLAIN},
		};
	apply(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	path_clear(&f->path);
	free(f);
	return 0;
}

/* Takes f->packet in; f->packet is what came out when true. */
static inline bool take(struct fixture *f, enum relay_end end, enum path_channel channel,
	const char *source_text)
{
	const struct addr source = test_addr(source_text);
	const struct path_in in = {
		.end = end,
		.channel = channel,
		.source = &source,
		.data = f->packet.data,
		.len = f->packet.len,
	};

	if (!path_packet(&f->path, &f->batch, &in, &f->out))
		return false;
	f->packet.len = f->out.len;
	path_sent(&f->path, &f->out, true);
	return true;
}

static inline bool goes_to(
	const struct fixture *f, enum path_channel channel, const char *to)
{
	const struct addr addr = test_addr(to);

	return f->out.channel == channel && addr_equal(f->out.to, &addr);
}

static inline struct relay_stats stats(const struct fixture *f, enum relay_end end)
{
	struct relay_stats stats;

	path_stats(&f->path, end, &stats);
	return stats;
}

static inline void use_srtp(struct fixture *f, enum relay_end end, enum relay_suite suite)
{
	f->remote[end].rx = test_key(suite, (uint8_t)(10 + end));
	f->remote[end].tx = test_key(suite, (uint8_t)(20 + end));
	apply(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
