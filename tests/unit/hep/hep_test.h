/*
 * What the tests of the export share: a loop with a clock that the test sets, a collector on the loopback, and a reader of
 * packets that shares no code with their writer.
 */
#pragma once

#include "base/loop.h"
#include "sip/resolve.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
};

/* HOSTS: a hosts file; NULL: the machine's. */
static inline void world_start(struct world *world, const char *hosts)
{
	const struct resolver_params params = {.hosts_file = hosts};

	clock_virtual_init(&world->clock, UINT64_C(1795305600000000));
	assert_int_equal(loop_new(&world->loop, &world->clock.clock), 0);
	assert_int_equal(
		resolver_new_with(&world->resolver, world->loop, &params, NULL), 0);
}

static inline void world_stop(struct world *world)
{
	resolver_free(world->resolver);
	loop_free(world->loop);
}

/* Turns until CONDITION holds; what it waits for passes the loopback. */
#define TURN_UNTIL(world, condition)                                                     \
	do {                                                                             \
		for (unsigned turns_ = 0; !(condition); turns_++) {                      \
			assert_true(turns_ < 5000);                                      \
			loop_turn((world)->loop, 1);                                     \
		}                                                                        \
	} while (0)

static inline void pass_ms(struct world *world, uint64_t ms)
{
	clock_virtual_advance(&world->clock, ms * 1000);
	loop_turn(world->loop, 0);
}

/* A socket of TYPE, bound to PORT (0: any) of the loopback. *RET_PORT says which. */
static inline int bound(int type, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	const int on = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

/* The data of chunk TYPE of the packet at DATA as a text, numbers in decimal; "" where there is none. */
static inline const char *chunk(const uint8_t *data, size_t len, unsigned type)
{
	static char text[8][4096];
	static unsigned turn;
	char *out = text[turn++ % 8];

	out[0] = '\0';
	assert_true(len >= 6);
	assert_memory_equal(data, "HEP3", 4);
	assert_int_equal(data[4] << 8 | data[5], len);
	for (size_t at = 6; at < len;) {
		const size_t size = (size_t)data[at + 4] << 8 | data[at + 5];
		const uint8_t *value = data + at + 6;
		uint64_t number = 0;

		assert_true(size >= 6 && size <= len - at);
		for (size_t i = 0; i < size - 6 && i < 8; i++)
			number = number << 8 | value[i];
		if ((unsigned)(data[at + 2] << 8 | data[at + 3]) == type) {
			if (type <= 2 || (type >= 7 && type <= 12))
				snprintf(out, 4096, "%llu", (unsigned long long)number);
			else if (type <= 4)
				inet_ntop(AF_INET, value, out, 4096);
			else
				snprintf(out, 4096, "%.*s", (int)(size - 6),
					(const char *)value);
		}
		at += size;
	}
	return out;
}
