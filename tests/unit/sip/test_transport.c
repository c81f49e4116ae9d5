/* UDP and TCP over loopback, with far ends that behave and that do not. */
#include "plain_rig.h"

#include "base/log_limit.h"

#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- each kind, both ways ---- */

static void check_tap(const struct tap_message *message, enum transport_kind kind,
	uint64_t call, const struct addr *from, const struct addr *to)
{
	static const enum tap_transport kinds[] = {[TRANSPORT_UDP] = TAP_UDP,
		[TRANSPORT_TCP] = TAP_TCP,
		[TRANSPORT_TLS] = TAP_TLS};

	assert_int_equal(message->transport, kinds[kind]);
	assert_int_equal(message->call, call);
	assert_false(message->waits && !message->sent);
	assert_int_equal(message->party, call ? call + 100 : 0);
	assert_int_equal(message->mono_us / 1000000, 2);
	assert_string_equal(message->version, kind == TRANSPORT_TLS ? "TLS1.3" : "");
	assert_int_equal(message->cipher[0] != '\0', kind == TRANSPORT_TLS);
	assert_int_equal(message->peer_names[0] != '\0', kind == TRANSPORT_TLS);
	assert_true(addr_equal(&message->source, from));
	assert_true(addr_equal(&message->destination, to));
}

static void exchange(enum transport_kind kind, const char *host)
{
	struct clock_virtual clock;
	struct addr there;
	struct flow *flow;

	clock_virtual_init(&clock, 1000000);
	clock.mono_us = 2000000;
	restart_with(&clock.clock, NULL);
	there = side_listen(&far, kind, host);
	if (kind == TRANSPORT_UDP)
		side_listen(&near, kind, host);
	far.answer = true;
	flow = side_flow(&near, kind, &there);
	assert_int_equal(test_send(flow, 100), 0);
	UNTIL(loop, near.messages == 1);
	assert_int_equal(far.messages, 1);
	assert_string_equal(far.text, test_request(100));
	assert_string_equal(near.text, test_response());
	assert_ptr_equal(near.flow, flow);
	assert_int_equal(far.fault.status, 0);
	assert_true(flow->opened && far.flow->opened);
	assert_true(addr_equal(&far.flow->remote, &flow->local));
	assert_true(addr_equal(&far.flow->local, &there));
	assert_int_equal(flow_is_reliable(flow), kind != TRANSPORT_UDP);
	assert_int_equal(near.tapped_out, 1);
	assert_int_equal(near.tapped_in, 1);
	assert_int_equal(far.tapped_out, 1);
	assert_int_equal(far.tapped_in, 1);
	check_tap(&near.last_out, kind, 0, &flow->local, &there);
	check_tap(&far.last_in, kind, 8, &flow->local, &there);
	check_tap(&far.last_out, kind, 7, &there, &flow->local);
	check_tap(&near.last_in, kind, 9, &there, &flow->local);
	assert_int_equal(near.connected, kind != TRANSPORT_UDP);
	assert_int_equal(near.opened, kind != TRANSPORT_UDP);
	assert_int_equal(far.connected + far.opened, 0);
	assert_int_equal(side_totals(&far).messages_in, 1);
	assert_int_equal(side_totals(&far).messages_out, 1);
	flow_unref(flow);
}

static void udp_carries_both_ways(void **state)
{
	(void)state;
	exchange(TRANSPORT_UDP, "127.0.0.1");
}

static void tcp_carries_both_ways(void **state)
{
	(void)state;
	exchange(TRANSPORT_TCP, "127.0.0.1");
	assert_int_equal(side_totals(&far).connections, 1);
	assert_int_equal(side_totals(&far).accepted, 1);
	assert_int_equal(side_totals(&near).accepted, 0);
}

static void udp_carries_over_ipv6(void **state)
{
	(void)state;
	if (test_has_v6())
		exchange(TRANSPORT_UDP, "::1");
}

static void tcp_carries_over_ipv6(void **state)
{
	(void)state;
	if (test_has_v6())
		exchange(TRANSPORT_TCP, "::1");
}

/* ---- connections: opening, reuse, end ---- */

static void connection_is_reused_by_address(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *one = side_flow(&near, TRANSPORT_TCP, &there);
	struct flow *two = side_flow(&near, TRANSPORT_TCP, &there);
	struct flow *three;

	(void)state;
	assert_ptr_equal(one, two); /* while it opens */
	assert_int_equal(test_send(one, 0), 0);
	UNTIL(loop, far.messages == 1);
	flow_unref(two);
	two = side_flow(&near, TRANSPORT_TCP, &there);
	assert_ptr_equal(one, two); /* and when it is open */
	transport_close_flow(one, "done");
	three = side_flow(&near, TRANSPORT_TCP, &there);
	assert_ptr_not_equal(one, three); /* but not when it ends */
	UNTIL(loop, near.closed == 1);
	assert_string_equal(near.why, "done");
	assert_false(one->no_listener);
	assert_int_equal(test_send(one, 0), ERR_CLOSED);
	assert_int_equal(test_send(three, 0), 0);
	UNTIL(loop, far.messages == 2);
	flow_unref(one);
	flow_unref(two);
	flow_unref(three);
}

static void refused_connection_is_told_once(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	const struct transport_target target = {.kind = TRANSPORT_TCP, .remote = there};
	struct flow *flow = NULL;

	(void)state;
	side_stop(&far); /* nobody listens there any more */
	assert_int_equal(transport_flow(near.transport, &target, &flow, NULL), 0);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, near.closed == 1);
	test_settle(loop);
	assert_int_equal(near.closed, 1);
	assert_int_equal(near.closed_id, flow->id);
	assert_non_null(strstr(near.why, "connect failed"));
	assert_true(flow->no_listener);
	assert_int_equal(side_totals(&near).handshakes, 0);
	flow_unref(flow);
}

/* There is no connection to all of a network. */
static void what_cannot_be_connected_is_told_at_once(void **state)
{
	struct transport_target target = {.kind = TRANSPORT_TCP};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;
	int next = dup(0), after;

	(void)state;
	assert_true(next >= 0);
	close(next);
	assert_int_equal(addr_parse(&target.remote, "255.255.255.255", 5060), 0);
	assert_true(transport_flow(near.transport, &target, &flow, &text) < 0);
	assert_null(flow);
	assert_non_null(
		strstr(text.text, "cannot connect to 255.255.255.255:5060 by TCP: "));
	after = dup(0);
	close(after);
	assert_int_equal(after, next); /* no descriptor is left open */
	assert_int_equal(side_totals(&near).handshakes, 0);
}

static void tcp_strangers_are_closed(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char byte;

	(void)state;
	far.refuse = true;
	UNTIL(loop, side_totals(&far).stray == 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(side_totals(&far).connections, 0);
	assert_int_equal(far.closed, 0);
	close(fd);
}

static void a_storm_of_newcomers_leaves_time_for_others(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fds[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		fds[i] = test_dial(&there);
	UNTIL(loop, side_totals(&far).accepted > 0);
	assert_int_equal(side_totals(&far).accepted, 8); /* in one turn */
	UNTIL(loop, side_totals(&far).accepted == 20);
	for (unsigned i = 0; i < 20; i++)
		close(fds[i]);
}

/* Strangers can come in any number: of each second so many have a line, and the others a count. */
static void lines_about_strangers_are_limited(void **state)
{
	const struct transport_limits limits = {.queue_bytes = 65536};
	struct clock_virtual clock;
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TLS, "127.0.0.1");
	for (unsigned i = 0; i < LOG_LINES_A_SECOND + 5; i++) {
		close(test_dial(&there));
		UNTIL(loop, side_totals(&far).refused == i + 1);
		if (i == 0)
			assert_non_null(strstr(test_warnings()->last,
				"transport tls refused by=us rule=not_configured "
				"side=far "
				"remote=127.0.0.1:"));
	}
	assert_int_equal(test_warnings()->count, LOG_LINES_A_SECOND);
	assert_null(strstr(test_warnings()->last, "suppressed"));
	clock_virtual_advance(&clock, 1000000);
	close(test_dial(&there));
	UNTIL(loop, side_totals(&far).refused == LOG_LINES_A_SECOND + 6);
	assert_int_equal(test_warnings()->count, LOG_LINES_A_SECOND + 1);
	assert_non_null(strstr(test_warnings()->last, " suppressed=5"));
}

static void over_max_connections_wait_in_the_backlog(void **state)
{
	const struct transport_limits limits = {
		.max_connections = 2, .queue_bytes = 65536};
	struct addr there;
	int fds[3];

	(void)state;
	restart_with(NULL, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	for (int i = 0; i < 3; i++) {
		fds[i] = test_dial(&there);
		test_write(fds[i], test_request(0));
	}
	test_settle(loop);
	assert_int_equal(far.messages, 2);
	assert_int_equal(side_totals(&far).connections, 2);
	close(fds[0]);
	UNTIL(loop, far.messages == 3);
	close(fds[1]);
	close(fds[2]);
}

#define CROWD 10
#define PLACES 12

/* So many clients at HOST, each of which has said something, a second apart. FLOWS: ours, as they came. */
static void dial_crowd(const struct addr *there, struct clock_virtual *clock,
	const char *host, int *fds, struct flow **flows, unsigned count)
{
	const unsigned before = far.messages;

	for (unsigned i = 0; i < count; i++) {
		fds[i] = test_dial_from(host, there);
		test_write(fds[i], test_request(0));
		UNTIL(loop, far.messages == before + i + 1);
		flows[i] = flow_ref(far.flow);
		clock_virtual_advance(clock, 1000000);
	}
}

static void leave_crowd(int *fds, struct flow **flows, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		close(fds[i]);
		flow_unref(flows[i]);
	}
}

/* A far end that opens connections without end keeps nobody out: of its own that nobody uses the
 * one that has been quiet for longest gives way. */
static void one_of_a_crowd_gives_way(void **state)
{
	const struct transport_limits limits = {
		.max_connections = CROWD, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct flow *flows[CROWD];
	int fds[PLACES];
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	dial_crowd(&there, &clock, "127.0.0.1", fds, flows, CROWD);
	flows[0]->users = 1;
	test_write(fds[1], test_request(0));
	UNTIL(loop, far.messages == CROWD + 1);
	fds[CROWD] = test_dial(&there);
	test_write(fds[CROWD], test_request(0));
	UNTIL(loop, far.messages == CROWD + 2);
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.closed_id, flows[2]->id);
	assert_string_equal(far.why, "unused, one of 10 from there, and others wait");
	assert_int_equal(side_totals(&far).connections, CROWD);
	flows[0]->users = 0;
	close(fds[CROWD]);
	leave_crowd(fds, flows, CROWD);
}

/* Few are no crowd, though they have all places. */
static void one_of_few_does_not_give_way(void **state)
{
	const struct transport_limits limits = {
		.max_connections = 8, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct flow *flows[8];
	int fds[9];
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	dial_crowd(&there, &clock, "127.0.0.1", fds, flows, 8);
	fds[8] = test_dial(&there);
	test_write(fds[8], test_request(0));
	clock_virtual_advance(&clock, 5000000);
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	assert_int_equal(far.messages, 8);
	close(fds[8]);
	leave_crowd(fds, flows, 8);
}

static void the_larger_crowd_gives_way(void **state)
{
	const struct transport_limits limits = {
		.max_connections = 2 * CROWD, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct flow *flows[2 * CROWD];
	int fds[2 * CROWD + 1];
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	dial_crowd(&there, &clock, "127.0.0.2", fds, flows, 9);
	dial_crowd(
		&there, &clock, test_other_source("127.0.0.2"), fds + 9, flows + 9, 11);
	fds[2 * CROWD] = test_dial(&there);
	test_write(fds[2 * CROWD], test_request(0));
	UNTIL(loop, far.messages == 2 * CROWD + 1);
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.closed_id, flows[9]->id);
	close(fds[2 * CROWD]);
	leave_crowd(fds, flows, 2 * CROWD);
}

/* Nobody tells when one is no longer used: it is looked for again and again. One that spoke just now is left alone. */
static void one_of_a_crowd_gives_way_when_it_can(void **state)
{
	const struct transport_limits limits = {
		.max_connections = CROWD, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct flow *flows[CROWD];
	int fds[PLACES];
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	dial_crowd(&there, &clock, "127.0.0.1", fds, flows, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		flows[i]->users = 1;
	fds[CROWD] = test_dial(&there);
	test_write(fds[CROWD], test_request(0));
	clock_virtual_advance(&clock, 3000000);
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	test_write(fds[4], test_request(0));
	UNTIL(loop, far.messages == CROWD + 1);
	flows[4]->users = 0;
	clock_virtual_advance(&clock, 999000);
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	clock_virtual_advance(&clock, 1001000);
	UNTIL(loop, far.messages == CROWD + 2);
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.closed_id, flows[4]->id);
	for (unsigned i = 0; i < CROWD; i++)
		flows[i]->users = 0;
	close(fds[CROWD]);
	leave_crowd(fds, flows, CROWD);
}

/* The next descriptor will be one too many. Returns the limit of before. */
static struct rlimit take_descriptors(void)
{
	struct rlimit old, low;
	int next = dup(0);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	return old;
}

static void without_descriptors_nothing_is_begun(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	const struct transport_target target = {.kind = TRANSPORT_TCP, .remote = there};
	struct err_text texts[3] = {{.text = ""}};
	struct flow *flow = NULL;
	struct addr free_port;
	struct rlimit old;
	int err[3], fd;

	(void)state;
	assert_int_equal(addr_parse(&free_port, "127.0.0.1", 0), 0);
	old = take_descriptors();
	err[0] = transport_bind(TRANSPORT_TCP, &free_port, &fd, &texts[0]);
	err[1] = transport_bind(TRANSPORT_UDP, &free_port, &fd, &texts[1]);
	err[2] = transport_flow(near.transport, &target, &flow, &texts[2]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(err[i], -EMFILE);
	assert_non_null(strstr(texts[0].text, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(texts[1].text, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(texts[2].text, "cannot connect to 127.0.0.1:"));
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(strstr(texts[i].text, ": no descriptors left: allowed "));
	assert_null(flow);
	assert_int_equal(side_totals(&near).handshakes, 0);
}

static void accepting_rests_without_descriptors(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	struct rlimit old;
	const unsigned errors = test_warnings()->errors;
	unsigned turns = 0;

	(void)state;
	test_write(fd, test_request(0));
	old = take_descriptors();
	for (time_t end = time(NULL) + 1; time(NULL) <= end; turns++)
		assert_int_equal(loop_turn(loop, 50), 0);
	assert_int_equal(far.messages, 0);
	assert_in_range(turns, 1, 200); /* it does not spin, and says it once */
	assert_int_equal(test_warnings()->errors, errors + 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	UNTIL(loop, far.messages == 1);
	close(fd);
}

static void idle_connection_is_closed_unless_used(void **state)
{
	const struct transport_limits limits = {.idle_ms = 60000, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct flow *flow;
	struct addr there;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_TCP, &there);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	flow->users = 1;
	far.flow->users = 1;
	clock_virtual_advance(&clock, 200 * 1000000ULL);
	test_settle(loop);
	assert_int_equal(near.closed + far.closed, 0);
	flow->users = 0;
	clock_virtual_advance(&clock, 61 * 1000000ULL);
	UNTIL(loop, near.closed == 1);
	assert_string_equal(near.why, "idle");
	UNTIL(loop, far.closed == 1);
	assert_string_equal(far.why, "closed by peer");
	flow_unref(flow);
}

/* The quiet begins with the last byte, not with the turn before it. */
static void a_message_after_long_quiet_keeps_the_connection(void **state)
{
	const struct transport_limits limits = {.idle_ms = 60000, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct addr there;
	int fd;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	fd = test_dial(&there);
	UNTIL(loop, side_totals(&far).connections == 1);
	clock_virtual_advance(&clock, 59 * 1000000ULL);
	test_write(fd, test_request(0));
	UNTIL(loop, far.messages == 1);
	clock_virtual_advance(&clock, 59 * 1000000ULL);
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	clock_virtual_advance(&clock, 2 * 1000000ULL);
	UNTIL(loop, far.closed == 1);
	assert_string_equal(far.why, "idle");
	close(fd);
}

static void connect_without_answer_is_given_up(void **state)
{
	const struct transport_limits limits = {
		.handshake_ms = 5000, .queue_bytes = 65536};
	struct clock_virtual clock;
	struct addr nowhere;
	struct transport_target target = {.kind = TRANSPORT_TCP};
	struct flow *flow = NULL;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	/* RFC 5737: nobody answers there; without a route the failure is at once. */
	assert_int_equal(addr_parse(&nowhere, "192.0.2.1", 5060), 0);
	target.remote = nowhere;
	if (transport_flow(near.transport, &target, &flow, NULL) < 0)
		return;
	assert_int_equal(loop_turn(loop, 0), 0);
	clock_virtual_advance(&clock, 5001 * 1000ULL);
	UNTIL(loop, near.closed == 1);
	assert_non_null(strstr(near.why, "connect failed"));
	flow_unref(flow);
}

static void flows_outlive_their_transport(void **state)
{
	struct addr tcp = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct addr udp = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *stream = side_flow(&near, TRANSPORT_TCP, &tcp);
	struct flow *datagram;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	datagram = side_flow(&near, TRANSPORT_UDP, &udp);
	assert_int_equal(test_send(stream, 0), 0);
	assert_int_equal(test_send(datagram, 0), 0);
	UNTIL(loop, far.messages == 2);
	side_stop(&near);
	assert_int_equal(near.closed, 0);
	assert_true(stream->closed);
	assert_true(datagram->closed);
	assert_int_equal(test_send(stream, 0), ERR_CLOSED);
	assert_int_equal(test_send(datagram, 0), ERR_CLOSED);
	transport_close_flow(stream, "nothing to close");
	transport_close_flow(datagram, "nothing to close");
	flow_unref(stream);
	flow_unref(datagram);
	UNTIL(loop, far.closed == 1);
}

static void a_transport_may_end_before_it_has_told_of_a_flow(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);

	(void)state;
	transport_close_flow(flow, "not wanted any more");
	assert_true(flow->closed);
	transport_close_flow(flow, "nothing to close");
	side_stop(&near);
	test_settle(loop);
	assert_int_equal(near.closed, 0);
	flow_unref(flow);
}

static void listening_where_another_does_fails_in_words(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct addr udp = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct err_text text = {.text = ""};
	int fd;

	(void)state;
	assert_int_equal(transport_bind(TRANSPORT_TCP, &there, &fd, &text), -EADDRINUSE);
	assert_non_null(strstr(text.text, "cannot listen on 127.0.0.1:"));
	assert_int_equal(transport_bind(TRANSPORT_UDP, &udp, &fd, &text), -EADDRINUSE);
}

/* Two may be bound where nobody listens yet; who listens second is told. */
static void listening_behind_another_fails_in_words(void **state)
{
	struct err_text text = {.text = ""};
	struct addr address, bound;
	int first, second;

	(void)state;
	assert_int_equal(addr_parse(&address, "127.0.0.1", 0), 0);
	assert_int_equal(transport_bind(TRANSPORT_TCP, &address, &first, &text), 0);
	bound.len = sizeof(bound.v6);
	assert_int_equal(getsockname(first, &bound.sa, &bound.len), 0);
	assert_int_equal(transport_bind(TRANSPORT_TCP, &bound, &second, &text), 0);
	assert_int_equal(
		transport_listen(far.transport, TRANSPORT_TCP, first, NULL, &text), 0);
	assert_int_equal(
		transport_listen(near.transport, TRANSPORT_TCP, second, NULL, &text),
		-EADDRINUSE);
	assert_non_null(strstr(text.text, "cannot listen on 127.0.0.1:"));
}

/* How many sockets of TYPE in this process are marked; listeners send nothing and are not. */
static unsigned marked_sockets(int type)
{
	unsigned count = 0;

	for (int fd = 3; fd < 256; fd++) {
		int found = 0, tos = 0;
		socklen_t len = sizeof(found);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &len) != 0 ||
			found != type ||
			getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &len) != 0)
			continue;
		count += tos == SIDE_DSCP << 2;
	}
	return count;
}

static void what_is_sent_is_marked(void **state)
{
	struct addr tcp = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &tcp);

	(void)state;
	side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(marked_sockets(SOCK_STREAM), 2);
	assert_int_equal(marked_sockets(SOCK_DGRAM), 1);
	flow_unref(flow);
}

/* Of each connected socket, at both ends. */
static void a_far_end_that_vanished_would_be_noticed(void **state)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 25},
		{IPPROTO_TCP, TCP_KEEPINTVL, 5},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, 20000},
	};
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);
	unsigned sockets = 0;

	(void)state;
	UNTIL(loop, side_totals(&far).connections == 1);
	for (int fd = 3; fd < 256; fd++) {
		struct addr near_end = {.len = sizeof(near_end.v6)};
		struct addr far_end = {.len = sizeof(far_end.v6)};

		if (getsockname(fd, &near_end.sa, &near_end.len) != 0 ||
			getpeername(fd, &far_end.sa, &far_end.len) != 0 ||
			(!addr_equal(&near_end, &there) && !addr_equal(&far_end, &there)))
			continue;
		sockets++;
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			int value = 0;
			socklen_t len = sizeof(value);

			assert_int_equal(getsockopt(fd, options[i].level, options[i].name,
						 &value, &len),
				0);
			assert_int_equal(value, options[i].value);
		}
	}
	assert_int_equal(sockets, 2);
	flow_unref(flow);
}

static void assert_leaves_from(const struct flow *flow, const char *host)
{
	char text[ADDR_TEXT_SIZE];

	assert_string_equal(addr_host_text(&flow->local, text), host);
}

/* Peers' access lists know that address. */
static void connections_leave_from_where_we_listen(void **state)
{
	struct addr one = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct transport_target target = {.kind = TRANSPORT_TCP};
	struct flow *flow, *other = NULL;

	(void)state;
	if (test_has_v6())
		side_listen(&near, TRANSPORT_TCP, "::1");
	flow = side_flow(&near, TRANSPORT_TCP, &one);
	assert_leaves_from(flow, "127.0.0.1"); /* as the kernel chooses */
	flow_unref(flow);
	side_listen(&near, TRANSPORT_TCP, "0.0.0.0");
	side_listen(&near, TRANSPORT_TCP, "127.0.0.2");
	one = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_TCP, &one);
	assert_leaves_from(flow, "127.0.0.2");
	target.remote = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	assert_int_equal(addr_parse(&target.source, "127.0.0.3", 5060), 0);
	assert_int_equal(transport_flow(near.transport, &target, &other, NULL), 0);
	assert_leaves_from(other, "127.0.0.3");
	assert_int_not_equal(addr_port(&other->local), 5060);
	assert_int_equal(test_send(flow, 0), 0);
	assert_int_equal(test_send(other, 0), 0);
	UNTIL(loop, far.messages == 2);
	flow_unref(flow);
	flow_unref(other);
}

static void count_flow(void *arg, struct flow *flow)
{
	unsigned *count = arg;

	assert_false(flow->closed);
	(*count)++;
}

static void each_connection_is_listed(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);
	unsigned count = 0;

	(void)state;
	transport_each(near.transport, count_flow, &count);
	assert_int_equal(count, 1);
	UNTIL(loop, side_totals(&far).connections == 1);
	transport_each(far.transport, count_flow, &count);
	assert_int_equal(count, 2);
	flow_unref(flow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(udp_carries_both_ways),
		TEST(tcp_carries_both_ways),
		TEST(udp_carries_over_ipv6),
		TEST(tcp_carries_over_ipv6),
		TEST(connection_is_reused_by_address),
		TEST(refused_connection_is_told_once),
		TEST(what_cannot_be_connected_is_told_at_once),
		TEST(tcp_strangers_are_closed),
		TEST(a_storm_of_newcomers_leaves_time_for_others),
		TEST(lines_about_strangers_are_limited),
		TEST(over_max_connections_wait_in_the_backlog),
		TEST(one_of_a_crowd_gives_way),
		TEST(the_larger_crowd_gives_way),
		TEST(one_of_few_does_not_give_way),
		TEST(one_of_a_crowd_gives_way_when_it_can),
		TEST(without_descriptors_nothing_is_begun),
		TEST(accepting_rests_without_descriptors),
		TEST(idle_connection_is_closed_unless_used),
		TEST(a_message_after_long_quiet_keeps_the_connection),
		TEST(connect_without_answer_is_given_up),
		TEST(flows_outlive_their_transport),
		TEST(a_transport_may_end_before_it_has_told_of_a_flow),
		TEST(listening_where_another_does_fails_in_words),
		TEST(listening_behind_another_fails_in_words),
		TEST(each_connection_is_listed),
		TEST(what_is_sent_is_marked),
		TEST(a_far_end_that_vanished_would_be_noticed),
		TEST(connections_leave_from_where_we_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
