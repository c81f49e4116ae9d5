/* Mutual TLS over loopback: who is let in, what is told to whom, and what is reused. */
#include "tls_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void judged_h(void *arg, const struct flow *flow)
{
	*(const struct peer **)arg = flow->peer;
}

static void tls_carries_both_ways_and_knows_who(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);
	const struct peer *judged_by_far = NULL, *judged_by_near = NULL;

	(void)state;
	far.answer = true;
	transport_watch_judged(far.transport, judged_h, &judged_by_far);
	transport_watch_judged(near.transport, judged_h, &judged_by_near);
	assert_null(flow->peer); /* not before it was judged */
	assert_int_equal(test_send(flow, 100), 0);
	UNTIL(loop, near.messages == 1);
	assert_string_equal(far.text, test_request(100));
	assert_string_equal(near.text, test_response());
	assert_ptr_equal(flow->peer, far_peer);
	assert_ptr_equal(far.flow->peer, near_peer);
	assert_ptr_equal(judged_by_far, near_peer);
	assert_null(judged_by_near); /* it connected itself */
	assert_int_equal(flow->asked, FLOW_ASKED_YES);
	assert_int_equal(far.flow->asked, FLOW_ASKED_UNKNOWN);
	assert_string_equal(flow->version, "TLS1.3");
	assert_string_not_equal(flow->cipher, "");
	assert_non_null(strstr(far.flow->peer_names, "near.example.com"));
	assert_int_equal(side_totals(&far).accepted, 1);
	assert_int_equal(side_totals(&far).handshakes, 0);
	transport_close_flow(flow, "done");
	UNTIL(loop, near.closed == 1 && far.closed == 1);
	assert_string_equal(near.why, "done");
	assert_string_equal(far.why, "closed by peer");
	assert_string_equal(flow->version, "TLS1.3"); /* texts outlive the connection */
	flow_unref(flow);
}

static void refused_h(void *arg, const struct flow *flow)
{
	assert_null(flow->peer);
	assert_non_null(flow->report);
	++*(unsigned *)arg;
}

/* So does a far end that judges our certificate when its handshake is over. */
static void who_leaves_at_once_is_told_as_perhaps_refusing_us(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);

	(void)state;
	UNTIL(loop, near.opened == 1 && side_totals(&far).accepted == 1);
	transport_close_flow(flow, "done");
	UNTIL(loop, far.closed == 1);
	assert_non_null(strstr(far.why, "closed by peer "));
	assert_non_null(strstr(far.why,
		" ms after the handshake, without a SIP message: so does a far end that "
		"refuses our certificate; look at its log, and whether it trusts the CA "
		"of /"));
	assert_string_equal(near.why, "done");
	flow_unref(flow);
}

static void stranger_is_refused_and_both_ends_say_so(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, stranger_cred);
	unsigned refused = 0;

	(void)state;
	transport_watch_judged(far.transport, refused_h, &refused);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, near.closed == 1 && side_totals(&far).refused == 1);
	test_settle(loop);
	assert_int_equal(near.closed, 1);
	assert_non_null(strstr(near.why, "tls refused by=them"));
	assert_int_equal(far.messages, 0);
	assert_int_equal(far.closed, 0); /* nobody above knew it */
	assert_int_equal(refused, 1);    /* but those who watch */
	assert_int_equal(side_totals(&far).connections, 0);
	assert_int_equal(side_totals(&far).accepted, 0);
	flow_unref(flow);
}

static void wrong_server_gets_no_byte(void **state)
{
	struct peer *other = lab_peer("other.example.com", trust);
	struct flow *flow = flow_as(&near, &there, other, NULL);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, near.closed == 1);
	assert_non_null(strstr(near.why, "tls refused by=us rule=name"));
	assert_non_null(strstr(near.why, "far.example.com"));
	test_settle(loop);
	assert_int_equal(far.messages, 0);
	assert_null(flow->peer);
	flow_unref(flow);
	peer_set_unref(other->set);
}

static void refusal_is_one_warning_with_its_rule(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, stranger_cred);

	(void)state;
	UNTIL(loop, side_totals(&far).refused == 1);
	assert_non_null(strstr(last_warning, "transport tls refused by=us rule=issuer"));
	assert_non_null(strstr(last_warning, "side=far"));
	assert_non_null(strstr(last_warning, "remote=127.0.0.1:"));
	assert_non_null(strstr(last_warning, " flow="));
	flow_unref(flow);
}

static void restart_with_limits(struct transport_limits limits)
{
	limits.handshake_ms = 5000;
	limits.queue_bytes = 65536;
	clock_virtual_init(&virtual_clock, 1000000);
	virtual_clock.mono_us = 3600 * 1000000ULL; /* the machine runs for a while */
	restart_with(&virtual_clock.clock, &limits);
}

/* A connection from ADDRESS that says nothing. */
static int silent_from(const char *address)
{
	return test_dial_from(address, &there);
}

static bool was_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void silent_client_is_cut_after_the_limit(void **state)
{
	int fd;

	(void)state;
	restart_with_limits((struct transport_limits){.max_handshakes = 2});
	fd = test_dial(&there);
	UNTIL(loop, side_totals(&far).handshakes == 1);
	clock_virtual_advance(&virtual_clock, 4999 * 1000);
	test_settle(loop);
	assert_int_equal(side_totals(&far).refused, 0);
	clock_virtual_advance(&virtual_clock, 2 * 1000);
	UNTIL(loop, side_totals(&far).refused == 1);
	assert_non_null(strstr(
		last_warning, "tls failed error=\"no answer in 5000 ms\" side=far"));
	assert_true(was_closed(fd));
	assert_int_equal(side_totals(&far).handshakes, 0);
	close(fd);
}

/* Until a newcomer gets the place of one of FDS, which is cut when it is a second old. */
static void take_a_place(const int *fds, unsigned count, unsigned loser)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);

	assert_int_equal(test_send(flow, 0), 0);
	clock_virtual_advance(&virtual_clock, 999 * 1000);
	test_settle(loop);
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&far).refused, 0);
	clock_virtual_advance(&virtual_clock, 2 * 1000);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(side_totals(&far).refused, 1);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(was_closed(fds[i]), i == loser);
		close(fds[i]);
	}
	assert_non_null(strstr(last_warning, "and others wait"));
	flow_unref(flow);
}

static void oldest_silent_client_gives_way(void **state)
{
	int fds[2];

	(void)state;
	restart_with_limits((struct transport_limits){.max_handshakes = 2});
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = silent_from("127.0.0.1");
		UNTIL(loop, side_totals(&far).handshakes == i + 1);
	}
	take_a_place(fds, 2, 0);
}

static void crowd_gives_way_before_a_single_one(void **state)
{
	const char *single = test_other_source("127.0.0.2");
	int fds[3];

	(void)state;
	restart_with_limits((struct transport_limits){.max_handshakes = 3});
	for (unsigned i = 0; i < 3; i++) {
		fds[i] = silent_from(i == 0 ? single : "127.0.0.2");
		UNTIL(loop, side_totals(&far).handshakes == i + 1);
	}
	take_a_place(fds, 3, 1);
}

static void silent_clients_do_not_fill_the_connections(void **state)
{
	int fd;

	(void)state;
	restart_with_limits((struct transport_limits){.max_connections = 1});
	fd = silent_from("127.0.0.1");
	UNTIL(loop, side_totals(&far).handshakes == 1);
	take_a_place(&fd, 1, 0);
}

static void plain_text_on_the_tls_port_is_refused(void **state)
{
	int fd = test_dial(&there);

	(void)state;
	test_write(fd, test_request(0));
	UNTIL(loop, side_totals(&far).refused == 1);
	assert_int_equal(far.messages, 0);
	assert_non_null(strstr(last_warning, "event=stranger by=us rule=not_tls "));
	assert_non_null(strstr(last_warning, " spoke=\"SIP OPTIONS\" count=1 "));
	close(fd);
}

static void connection_is_reused_for_the_same_peer_alone(void **state)
{
	struct peer *other = lab_peer("other.example.com", trust);
	struct flow *one = flow_as(&near, &there, far_peer, NULL);
	struct flow *two = flow_as(&near, &there, far_peer, NULL);
	struct flow *others = flow_as(&near, &there, other, NULL);
	struct flow *as_other = flow_as(&near, &there, far_peer, stranger_cred);

	(void)state;
	assert_ptr_equal(one, two);
	assert_ptr_not_equal(one, others);   /* same address, another identity */
	assert_ptr_not_equal(one, as_other); /* same peer, but we would be another */
	flow_unref(one);
	flow_unref(two);
	flow_unref(others);
	flow_unref(as_other);
	peer_set_unref(other->set);
}

static void accepted_connection_carries_our_requests(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);
	struct flow *back;
	struct addr nowhere;

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(addr_parse(&nowhere, "127.0.0.1", 1), 0);
	back = flow_as(&far, &nowhere, near_peer, NULL);
	assert_ptr_equal(back, far.flow); /* RFC 5923 */
	assert_int_equal(test_send(back, 10), 0);
	UNTIL(loop, near.messages == 1);
	assert_ptr_equal(near.flow, flow);
	flow_unref(back);
	flow_unref(flow);
}

static void count_h(void *arg)
{
	++*(unsigned *)arg;
}

static void handshake_of_a_host_is_waited_for(void **state)
{
	unsigned told = 0;
	struct transport_wait wait = {.h = count_h, .arg = &told};
	const struct transport_target target = {
		.kind = TRANSPORT_TLS, .remote = there, .peer = near_peer};
	struct addr elsewhere;
	struct flow *flow;
	int fd = test_dial(&there);

	(void)state;
	UNTIL(loop, side_totals(&far).handshakes == 1);
	assert_int_equal(addr_parse(&elsewhere, "127.0.0.2", 5061), 0);
	assert_false(transport_await_handshake(far.transport, &elsewhere, &wait));
	assert_true(transport_await_handshake(far.transport, &there, &wait));
	assert_false(transport_is_open(far.transport, &target));
	flow = flow_as(&near, &there, far_peer, NULL);
	UNTIL(loop, told == 1); /* the peer's own is the first to be over */
	assert_true(transport_is_open(far.transport, &target));
	assert_true(transport_await_handshake(far.transport, &there, &wait));
	close(fd); /* the other comes to nothing, and that is told too */
	UNTIL(loop, told == 2);
	assert_false(transport_await_handshake(far.transport, &there, &wait));
	flow_unref(flow);
}

static void next_address_of_a_peer_is_tried_beside_the_first(void **state)
{
	struct flow *first, *second;
	struct addr nowhere;

	(void)state;
	assert_int_equal(addr_parse(&nowhere, "127.0.0.2", addr_port(&there)), 0);
	first = flow_as(&near, &nowhere, far_peer, NULL);
	second = flow_as(&near, &there, far_peer, NULL);
	assert_ptr_not_equal(first, second); /* while the first is not open */
	assert_int_equal(test_send(second, 0), 0);
	UNTIL(loop, far.messages == 1);
	flow_unref(first);
	first = flow_as(&near, &nowhere, far_peer, NULL);
	assert_ptr_equal(first, second); /* an open one is the peer, wherever it is */
	flow_unref(first);
	flow_unref(second);
}

/* Of several open ones that to the address that was asked for is the best. */
static void each_address_of_a_peer_keeps_its_connection(void **state)
{
	struct addr other = side_listen(&far, TRANSPORT_TLS, "127.0.0.2");
	struct addr nowhere;
	struct flow *flows[2] = {flow_as(&near, &there, far_peer, NULL),
		flow_as(&near, &other, far_peer, NULL)};
	struct flow *again;

	(void)state;
	assert_ptr_not_equal(flows[0], flows[1]);
	assert_int_equal(test_send(flows[0], 0), 0);
	assert_int_equal(test_send(flows[1], 0), 0);
	UNTIL(loop, far.messages == 2);
	for (unsigned i = 0; i < 2; i++) {
		again = flow_as(&near, i ? &other : &there, far_peer, NULL);
		assert_ptr_equal(again, flows[i]);
		flow_unref(again);
	}
	/* and for a third one any will do */
	assert_int_equal(addr_parse(&nowhere, "127.0.0.3", 1), 0);
	again = flow_as(&near, &nowhere, far_peer, NULL);
	assert_true(again == flows[0] || again == flows[1]);
	flow_unref(again);
	flow_unref(flows[0]);
	flow_unref(flows[1]);
}

static void much_output_passes_in_order(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(test_send(flow, 60000), 0);
	UNTIL(loop, far.messages == 3);
	assert_string_equal(far.text, test_request(60000));
	/* Small records, more than one turn reads: what the channel read ahead is not lost. */
	for (int i = 0; i < 300; i++) {
		assert_int_equal(test_send(flow, 1), 0);
		if (i % 3 == 0)
			assert_int_equal(loop_turn(loop, 0), 0);
	}
	UNTIL(loop, far.messages == 303);
	flow_unref(flow);
}

/* A far end with a loop of its own does not read while that stands still. */
struct sleeper {
	struct loop *loop;
	struct side side;
	struct flow *flow; /* of NEAR, to it */
};

static void sleeper_start(struct sleeper *sleeper, unsigned queue_bytes)
{
	const struct transport_limits limits = {
		.handshake_ms = 5000, .queue_bytes = queue_bytes};
	struct addr address;

	restart_with(NULL, &limits);
	sleeper->loop = test_loop(NULL);
	side_start(&sleeper->side, "sleeper", sleeper->loop, &limits);
	transport_set_tls(sleeper->side.transport, far_cred, near_peer->set);
	address = side_listen(&sleeper->side, TRANSPORT_TLS, "127.0.0.1");
	sleeper->flow = flow_as(&near, &address, far_peer, NULL);
	while (side_totals(&sleeper->side).connections == 0) {
		assert_int_equal(loop_turn(loop, 1), 0);
		assert_int_equal(loop_turn(sleeper->loop, 1), 0);
	}
}

static void sleeper_stop(struct sleeper *sleeper)
{
	flow_unref(sleeper->flow);
	side_stop(&sleeper->side);
	loop_free(sleeper->loop);
}

static void what_waited_for_a_slow_reader_arrives_whole(void **state)
{
	static struct sleeper sleeper;
	const unsigned count =
		400; /* 20 MB: more than the kernel holds for a connection */
	time_t end = time(NULL) + 20;

	(void)state;
	sleeper_start(&sleeper, 100 * 1024 * 1024);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(test_send(sleeper.flow, 50000), 0);
		assert_int_equal(loop_turn(loop, 0), 0);
	}
	while (sleeper.side.messages < count && time(NULL) < end) {
		assert_int_equal(loop_turn(loop, 0), 0);
		assert_int_equal(loop_turn(sleeper.loop, 0), 0);
	}
	assert_int_equal(sleeper.side.messages, count);
	assert_int_equal(sleeper.side.closed, 0);
	sleeper_stop(&sleeper);
}

static void reader_that_sleeps_is_cut(void **state)
{
	static struct sleeper sleeper;
	int err = 0;

	(void)state;
	sleeper_start(&sleeper, 256 * 1024);
	while (err == 0) {
		err = test_send(sleeper.flow, 50000);
		assert_int_equal(loop_turn(loop, 0), 0);
	}
	assert_int_equal(err, ERR_LIMIT);
	UNTIL(loop, near.closed == 1);
	assert_non_null(strstr(near.why, "reads too slowly"));
	sleeper_stop(&sleeper);
}

static void tls_without_identity_is_refused(void **state)
{
	struct transport_target target = {.kind = TRANSPORT_TLS, .remote = there};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;
	int fd;

	(void)state;
	assert_int_equal(
		transport_flow(near.transport, &target, &flow, &text), ERR_STATE);
	assert_false(transport_is_open(near.transport, &target));
	target.peer = far_peer;
	transport_set_tls(near.transport, NULL, NULL);
	assert_int_equal(
		transport_flow(near.transport, &target, &flow, &text), ERR_STATE);
	assert_string_not_equal(text.text, "");
	assert_null(flow);
	/* Nor is anybody let in. */
	transport_set_tls(far.transport, NULL, NULL);
	target.cred = near_cred;
	assert_int_equal(transport_flow(near.transport, &target, &flow, &text), 0);
	UNTIL(loop, near.closed == 1);
	assert_int_equal(side_totals(&far).refused, 1);
	flow_unref(flow);
	fd = test_dial(&there);
	UNTIL(loop, side_totals(&far).refused == 2);
	assert_true(was_closed(fd));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tls_carries_both_ways_and_knows_who),
		TEST(who_leaves_at_once_is_told_as_perhaps_refusing_us),
		TEST(stranger_is_refused_and_both_ends_say_so),
		TEST(wrong_server_gets_no_byte),
		TEST(refusal_is_one_warning_with_its_rule),
		TEST(silent_client_is_cut_after_the_limit),
		TEST(oldest_silent_client_gives_way),
		TEST(crowd_gives_way_before_a_single_one),
		TEST(silent_clients_do_not_fill_the_connections),
		TEST(plain_text_on_the_tls_port_is_refused),
		TEST(connection_is_reused_for_the_same_peer_alone),
		TEST(accepted_connection_carries_our_requests),
		TEST(handshake_of_a_host_is_waited_for),
		TEST(next_address_of_a_peer_is_tried_beside_the_first),
		TEST(each_address_of_a_peer_keeps_its_connection),
		TEST(much_output_passes_in_order),
		TEST(what_waited_for_a_slow_reader_arrives_whole),
		TEST(reader_that_sleeps_is_cut),
		TEST(tls_without_identity_is_refused),
	};

	return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
