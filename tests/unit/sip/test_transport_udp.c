/* UDP over loopback: datagrams that are too short, too long or nobody's, and ICMP errors. */
#include "plain_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void udp_batches_arrive_whole_and_in_order(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(test_send(flow, i), 0);
	assert_int_equal(test_send(flow, 60000), 0);
	UNTIL(loop, far.messages == 101);
	assert_string_equal(far.text, test_request(60000));
	flow_unref(flow);
}

static void udp_flow_is_shared_while_held_and_gone_after(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow, *again;
	uint64_t id;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	again = side_flow(&near, TRANSPORT_UDP, &there);
	id = flow->id;
	assert_ptr_equal(flow, again);
	flow_unref(again);
	flow_unref(flow);
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	assert_true(flow->id > id);
	flow_unref(flow);
}

static void udp_reaches_another_port_of_the_same_host(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct addr other = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow, *beside, *again;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	beside = flow->ops->at_port(flow, addr_port(&other));
	assert_true(addr_equal(&beside->remote, &other));
	assert_true(addr_equal(&beside->local, &flow->local));
	again = side_flow(&near, TRANSPORT_UDP, &other);
	assert_ptr_equal(again, beside);
	assert_int_equal(test_send(beside, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_true(addr_equal(&far.flow->local, &other));
	flow_unref(again);
	/* without a transport there is no other */
	side_stop(&near);
	again = flow->ops->at_port(flow, addr_port(&other));
	assert_ptr_equal(again, flow);
	flow_unref(again);
	flow_unref(beside);
	flow_unref(flow);
}

static void udp_leaves_by_a_socket_that_can_reach_it(void **state)
{
	struct addr loopback = side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	struct addr any = side_listen(&near, TRANSPORT_UDP, "0.0.0.0");
	struct addr world;
	struct flow *flow;

	(void)state;
	assert_int_equal(addr_parse(&world, "192.0.2.1", 5060), 0);
	flow = side_flow(&near, TRANSPORT_UDP, &world);
	assert_true(addr_equal(&flow->local, &any));
	flow_unref(flow);
	flow = side_flow(&near, TRANSPORT_UDP, &any);
	assert_true(addr_equal(&flow->local, &any));
	flow_unref(flow);
	flow = side_flow(&near, TRANSPORT_UDP, &loopback);
	assert_true(addr_equal(&flow->local, &loopback));
	flow_unref(flow);
	if (test_has_v6()) {
		struct addr six = side_listen(&near, TRANSPORT_UDP, "::1");

		flow = side_flow(&near, TRANSPORT_UDP, &six);
		assert_true(addr_equal(&flow->local, &six));
		flow_unref(flow);
	}
}

static void udp_has_nothing_to_close(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	transport_close_flow(flow, "as a connection is");
	assert_false(flow->closed);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(near.closed, 0);
	flow_unref(flow);
}

static void udp_refuses_what_no_datagram_can_hold(void **state)
{
	struct addr there = side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_UDP, &there);

	(void)state;
	assert_int_equal(test_send(flow, 65508), -EMSGSIZE);
	assert_int_equal(near.tapped_out, 0);
	flow_unref(flow);
}

static void udp_needs_a_listener_of_its_family(void **state)
{
	struct transport_target target = {.kind = TRANSPORT_UDP};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	assert_int_equal(addr_parse(&target.remote, "2001:db8::1", 5060), 0);
	assert_int_equal(
		transport_flow(near.transport, &target, &flow, &text), ERR_STATE);
	assert_non_null(strstr(text.text, "2001:db8::1"));
	assert_null(flow);
}

/* Sends raw bytes as one datagram. */
static void throw_datagram(const struct addr *to, const char *data, size_t len)
{
	int fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, data, len, 0, &to->sa, to->len), (ssize_t)len);
	close(fd);
}

static void udp_drops_garbage_and_answers_for_short_bodies(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	const char *whole = test_request(50);

	(void)state;
	throw_datagram(&there, "hello there\r\n\r\n", 15);
	UNTIL(loop, side_totals(&far).broken == 1);
	throw_datagram(&there, "\r\n\r\n", 4);
	throw_datagram(&there, "", 0);
	throw_datagram(&there, whole, strlen(whole) - 10);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(far.fault.status, 400);
	throw_datagram(&there, whole, strlen(whole));
	UNTIL(loop, far.messages == 2);
	assert_int_equal(far.fault.status, 0);
}

/* Whoever watches sees what a peer sent, whatever it is. */
static void udp_shows_what_is_no_message(void **state)
{
	const char *text = "B@D sip:b@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n";
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");

	(void)state;
	throw_datagram(&there, text, strlen(text));
	UNTIL(loop, side_totals(&far).broken == 1);
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&far).messages_in, 1);
	assert_int_equal(far.tapped_in, 1);
	assert_string_equal(far.text, text);
}

static void udp_flood_leaves_time_for_others(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	const char *text = test_request(0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 200; i++)
		assert_true(sendto(fd, text, strlen(text), 0, &there.sa, there.len) > 0);
	UNTIL(loop, far.messages > 0);
	assert_int_equal(far.messages, 128); /* of one turn */
	UNTIL(loop, far.messages == 200);
	close(fd);
}

static void udp_skips_keepalives_before_a_message(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	char text[2000];

	(void)state;
	snprintf(text, sizeof(text), "\r\n\r\n\r\n%s", test_request(50));
	throw_datagram(&there, text, strlen(text));
	UNTIL(loop, far.messages == 1);
	assert_int_equal(far.fault.status, 0);
	assert_string_equal(far.text, test_request(50));
	assert_int_equal(side_totals(&far).broken, 0);
}

static void udp_answers_for_what_is_too_big(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	const char *small = test_request(0);
	const char *length = strstr(small, "Content-Length");
	char *text = malloc(30000);
	char left[1000];
	int head;

	(void)state;
	assert_non_null(text);
	assert_non_null(length);
	head = sprintf(text, "%.*sSubject: ", (int)(length - small), small);
	snprintf(left, sizeof(left), "%.*s\r\n", (int)(length - small), small);
	memset(text + head, 's', 20000);
	strcpy(text + head + 20000, "\r\nContent-Length: 0\r\n\r\n");
	throw_datagram(&there, text, strlen(text));
	UNTIL(loop, far.messages == 1);
	assert_int_equal(far.fault.status, 513);
	assert_string_equal(far.text, left);
	assert_non_null(strstr(test_warnings()->last,
		"transport message skipped reason=\"line too long or headers too big\" "
		"side=far remote=127.0.0.1:"));
	assert_int_equal(test_warnings()->count, 1);
	assert_int_equal(side_totals(&far).too_big, 1);
	assert_int_equal(side_totals(&far).broken, 0);
	free(text);
}

static void udp_discards_a_short_response(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	char text[1000];
	const char *length;

	(void)state;
	length = strstr(test_response(), "Content-Length");
	assert_non_null(length);
	snprintf(text, sizeof(text), "%.*sContent-Length: 5\r\n\r\nab",
		(int)(length - test_response()), test_response());
	throw_datagram(&there, text, strlen(text));
	UNTIL(loop, side_totals(&far).broken == 1);
	assert_int_equal(far.messages, 0);
}

static void udp_strangers_are_counted_and_not_parsed(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");

	(void)state;
	far.refuse = true;
	throw_datagram(&there, "OPTIONS", 7);
	UNTIL(loop, side_totals(&far).stray == 1);
	assert_int_equal(side_totals(&far).broken, 0);
	assert_int_equal(far.tapped_in, 0);
}

/* A port of ADDR's host that was free a moment ago. */
static struct addr closed_port(const struct addr *addr)
{
	struct addr nobody = *addr;
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	addr_set_port(&nobody, 0);
	assert_int_equal(bind(fd, &nobody.sa, nobody.len), 0);
	assert_int_equal(getsockname(fd, &nobody.sa, &nobody.len), 0);
	close(fd);
	return nobody;
}

static void udp_survives_a_far_end_that_is_not_there(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct addr nobody = closed_port(&there);
	struct flow *lost, *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	lost = side_flow(&near, TRANSPORT_UDP, &nobody);
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(test_send(lost, 10), 0);
		test_settle(loop);
	}
	assert_int_equal(test_send(flow, 10), 0);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(near.closed, 0);
	flow_unref(lost);
	flow_unref(flow);
}

/* The kernel tells an error to whoever sends next: that datagram must not pay for it. */
static void an_icmp_error_costs_no_other_datagram(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct addr nobody = closed_port(&there);
	struct flow *lost, *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	lost = side_flow(&near, TRANSPORT_UDP, &nobody);
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(test_send(lost, 10), 0);
		assert_int_equal(test_send(flow, 10), 0);
	}
	UNTIL(loop, far.messages == 100);
	UNTIL(loop, near.unreachable > 0);
	flow_unref(lost);
	flow_unref(flow);
}

static void check_closed_port(const char *host)
{
	struct addr here = side_listen(&near, TRANSPORT_UDP, host);
	struct addr nobody = closed_port(&here);
	struct flow *flow = side_flow(&near, TRANSPORT_UDP, &nobody);

	assert_int_equal(test_send(flow, 10), 0);
	UNTIL(loop, near.unreachable == 1);
	assert_int_equal(near.failure, -ECONNREFUSED);
	assert_true(addr_equal(&near.unreachable_addr, &nobody));
	assert_true(strlen(near.quoted) > 100);
	assert_memory_equal(near.quoted, test_request(10), strlen(near.quoted));
	flow_unref(flow);
}

static void a_closed_port_is_told_with_what_was_sent(void **state)
{
	(void)state;
	check_closed_port("127.0.0.1");
}

static void a_closed_port_is_told_over_ipv6(void **state)
{
	(void)state;
	if (!test_has_v6())
		skip();
	check_closed_port("::1");
}

static void nobody_is_told_of_a_flow_that_is_gone(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct addr nobody = closed_port(&there);
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &nobody);
	assert_int_equal(test_send(flow, 10), 0);
	flow_unref(flow);
	test_settle(loop);
	assert_int_equal(near.unreachable, 0);
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	assert_int_equal(test_send(flow, 10), 0);
	UNTIL(loop, far.messages == 1);
	flow_unref(flow);
}

/* A socket on loopback cannot reach the world: the kernel says so at once. */
static void no_way_there_is_told_after_the_turn(void **state)
{
	struct addr world;
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	assert_int_equal(addr_parse(&world, "192.0.2.1", 5060), 0);
	flow = side_flow(&near, TRANSPORT_UDP, &world);
	assert_int_equal(test_send(flow, 10), 0);
	assert_int_equal(test_send(flow, 10), 0);
	assert_int_equal(near.unreachable, 0);
	test_settle(loop);
	/* The kernel's error for it is EINVAL on some and ENETUNREACH on other machines. */
	if (near.unreachable)
		assert_true(
			near.failure == -ENETUNREACH || near.failure == -EHOSTUNREACH);
	assert_true(near.unreachable <= 1);
	flow_unref(flow);
}

/* To all of a network nothing may be sent. */
static void what_the_kernel_refuses_is_told_once_a_turn(void **state)
{
	struct addr everybody;
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "0.0.0.0");
	assert_int_equal(addr_parse(&everybody, "255.255.255.255", 5060), 0);
	flow = side_flow(&near, TRANSPORT_UDP, &everybody);
	for (unsigned turn = 1; turn <= 2; turn++) {
		assert_int_equal(test_send(flow, 10), 0);
		assert_int_equal(test_send(flow, 20), 0);
		UNTIL(loop, near.unreachable == turn);
		test_settle(loop);
		assert_int_equal(near.unreachable, turn);
		assert_true(
			near.failure == -ENETUNREACH || near.failure == -EHOSTUNREACH);
		assert_string_equal(near.quoted, "");
		assert_int_equal(flow->refs, 1);
	}
	/* where nobody holds the flow any more there is nobody to tell */
	assert_int_equal(test_send(flow, 10), 0);
	flow_unref(flow);
	test_settle(loop);
	assert_int_equal(near.unreachable, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(udp_batches_arrive_whole_and_in_order),
		TEST(udp_flow_is_shared_while_held_and_gone_after),
		TEST(udp_reaches_another_port_of_the_same_host),
		TEST(udp_leaves_by_a_socket_that_can_reach_it),
		TEST(udp_has_nothing_to_close),
		TEST(udp_refuses_what_no_datagram_can_hold),
		TEST(udp_needs_a_listener_of_its_family),
		TEST(udp_drops_garbage_and_answers_for_short_bodies),
		TEST(udp_shows_what_is_no_message),
		TEST(udp_flood_leaves_time_for_others),
		TEST(udp_skips_keepalives_before_a_message),
		TEST(udp_answers_for_what_is_too_big),
		TEST(udp_discards_a_short_response),
		TEST(udp_strangers_are_counted_and_not_parsed),
		TEST(udp_survives_a_far_end_that_is_not_there),
		TEST(an_icmp_error_costs_no_other_datagram),
		TEST(a_closed_port_is_told_with_what_was_sent),
		TEST(a_closed_port_is_told_over_ipv6),
		TEST(nobody_is_told_of_a_flow_that_is_gone),
		TEST(no_way_there_is_told_after_the_turn),
		TEST(what_the_kernel_refuses_is_told_once_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
