/* What keeps connections, and finds those that are dead: CRLF, which of them serve a target, a cut. */
#include "plain_rig.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct flow *flow_with(enum transport_reuse reuse, const struct addr *to)
{
	const struct transport_target target = {
		.kind = TRANSPORT_TCP, .remote = *to, .reuse = reuse};
	struct flow *flow;

	assert_int_equal(transport_flow(near.transport, &target, &flow, NULL), 0);
	return flow;
}

/* RFC 5626 4.4.1: ours is answered by the framer of any Tandem, and no message to anybody. */
static void a_double_crlf_is_answered_and_heard(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);

	(void)state;
	UNTIL(loop, flow->opened && side_totals(&far).connections == 1);
	flow->heard_ms = 0;
	assert_int_equal(flow_keep_alive(flow), 0);
	UNTIL(loop, flow->heard_ms > 0);
	assert_int_equal(near.tapped_out, 0);
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&near).messages_out, 0);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	flow_unref(flow);
}

static void nothing_is_kept_of_a_connection_that_is_not_open(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);

	(void)state;
	assert_int_equal(flow_keep_alive(flow), ERR_CLOSED);
	transport_cut_flow(flow, "enough");
	assert_true(flow->closed);
	assert_int_equal(flow_keep_alive(flow), ERR_CLOSED);
	UNTIL(loop, near.closed == 1);
	assert_string_equal(near.why, "enough");
	flow_unref(flow);
}

static void over_udp_it_is_a_datagram_without_an_answer(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_UDP, "127.0.0.1");
	struct flow *flow;

	(void)state;
	side_listen(&near, TRANSPORT_UDP, "127.0.0.1");
	flow = side_flow(&near, TRANSPORT_UDP, &there);
	assert_int_equal(flow_keep_alive(flow), 0);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_int_equal(side_totals(&far).broken, 0);
	assert_int_equal(flow->heard_ms, 0);
	flow_unref(flow);
}

static void who_wants_a_connection_of_his_own_gets_one(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *stands = side_flow(&near, TRANSPORT_TCP, &there);
	struct flow *same, *other, *found;

	(void)state;
	UNTIL(loop, stands->opened);
	same = flow_with(TRANSPORT_REUSE_HOST, &there);
	assert_ptr_equal(same, stands);
	other = flow_with(TRANSPORT_REUSE_NONE, &there);
	assert_ptr_not_equal(other, stands);
	UNTIL(loop, other->opened);
	transport_cut_flow(stands, "dead");
	found = flow_with(TRANSPORT_REUSE_PEER, &there);
	assert_ptr_equal(found, other); /* calls go on by it */
	flow_unref(stands);
	flow_unref(same);
	flow_unref(other);
	flow_unref(found);
}

static void cut_each(void *arg, struct flow *flow)
{
	unsigned *count = arg;

	(*count)++;
	transport_cut_flow(flow, "dead");
}

static void each_open_connection_of_a_target_is_told_and_may_be_cut(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct addr elsewhere = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	const struct transport_target target = {.kind = TRANSPORT_TCP, .remote = there};
	struct flow *one = flow_with(TRANSPORT_REUSE_NONE, &there);
	struct flow *two = flow_with(TRANSPORT_REUSE_NONE, &there);
	struct flow *other = flow_with(TRANSPORT_REUSE_NONE, &elsewhere);
	unsigned count = 0;

	(void)state;
	transport_each_open(near.transport, &target, cut_each, &count);
	assert_int_equal(count, 0); /* none is open yet */
	UNTIL(loop, one->opened && two->opened && other->opened);
	transport_each_open(near.transport, &target, cut_each, &count);
	assert_int_equal(count, 2);
	assert_true(one->closed && two->closed);
	assert_false(other->closed);
	UNTIL(loop, near.closed == 2);
	flow_unref(one);
	flow_unref(two);
	flow_unref(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_double_crlf_is_answered_and_heard),
		TEST(nothing_is_kept_of_a_connection_that_is_not_open),
		TEST(over_udp_it_is_a_datagram_without_an_answer),
		TEST(who_wants_a_connection_of_his_own_gets_one),
		TEST(each_open_connection_of_a_target_is_told_and_may_be_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
