/*
 * What the transport's tests share: transports on one loop that record what they are told,
 * raw sockets that misbehave, and waiting for an event.
 */
#pragma once

#include "../unit.h"

#include "base/loop.h"
#include "sip/transport.h"

#include <stdbool.h>
#include <time.h>

/* One transport and what came up from it. */
struct side {
	struct transport *transport;
	struct loop *loop;
	unsigned messages;
	char text[70000]; /* of the last message, as the tap saw it */
	struct message_fault fault;
	struct flow *flow; /* of the last message; owned */
	unsigned closed;
	uint64_t closed_id;
	char why[400];
	bool refuse; /* what allowed_h answers */
	bool answer; /* each request with a 200 on its flow */
	bool close_on_message;
	unsigned unreachable;
	int failure; /* of the last one */
	struct addr unreachable_addr;
	char quoted[2000];
	unsigned connected, opened; /* what progress_h told */
	unsigned tapped_in, tapped_out;
	struct tap_message last_in, last_out; /* without their data */
	struct tap tap;
};

/* Log lines are hidden, unless TEST_LOG is set, and warnings counted from now on. */
void test_quiet(void);
struct test_warnings {
	unsigned errors; /* lines at that level */
	unsigned count;
	char last[400];
};
const struct test_warnings *test_warnings(void);
/* CLOCK NULL: the kernel's. */
struct loop *test_loop(struct clock *clock);
void side_start(struct side *side, const char *name, struct loop *loop,
	const struct transport_limits *limits);
void side_stop(struct side *side);
/* Listens on a free port of HOST. */
struct addr side_listen(struct side *side, enum transport_kind kind, const char *host);
struct flow *side_flow(
	struct side *side, enum transport_kind kind, const struct addr *to);
struct transport_totals side_totals(const struct side *side);

/* A whole OPTIONS (or the 200 to it) whose body has LEN bytes; static memory. */
const char *test_request(size_t len);
const char *test_response(void);
/* Sends test_request(LEN). */
int test_send(struct flow *flow, size_t len);

/* A raw TCP client of ADDR, not blocking. */
int test_dial(const struct addr *addr);
/* The same with HOST as its own address. */
int test_dial_from(const char *host, const struct addr *addr);
/* Another loopback address, whose counter is not that of HOST; static memory. */
const char *test_other_source(const char *host);
void test_write(int fd, const char *text);

bool test_has_v6(void);

/* What every side marks its packets with. */
#define SIDE_DSCP 24

/* Turns the loop until CONDITION holds; fails after five seconds of real time. */
#define UNTIL(loop, condition)                                                           \
	do {                                                                             \
		time_t until_end = time(NULL) + 5;                                       \
		while (!(condition)) {                                                   \
			if (time(NULL) > until_end)                                      \
				fail_msg("never happened: %s", #condition);              \
			assert_int_equal(loop_turn(loop, 50), 0);                        \
		}                                                                        \
	} while (0)

/* Some turns in which what must not happen could. */
void test_settle(struct loop *loop);
