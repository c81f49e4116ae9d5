/* Peers of TLS connections that are judged again: after a reload, and when what proved them runs out. */
#include "tls_rig.h"

#include "../tls/responder.h"
#include "tls/staple.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void reload_keeps_handshakes_and_connections(void **state)
{
	struct flow *old = flow_as(&near, &there, far_peer, NULL);
	struct flow *opening;
	struct peer *again;

	(void)state;
	assert_int_equal(test_send(old, 0), 0);
	UNTIL(loop, far.messages == 1);
	opening = flow_as(&near, &there, far_peer, near_cred);
	assert_ptr_equal(opening, old);
	flow_unref(opening);
	/* One is in its handshake when the peers are replaced and their owner lets go. */
	side_stop(&near);
	side_start(&near, "near", loop, NULL);
	transport_set_tls(near.transport, near_cred, far_peer->set);
	flow_unref(old);
	opening = flow_as(&near, &there, far_peer, NULL);
	assert_int_equal(test_send(opening, 0), 0);
	UNTIL(loop, side_totals(&far).handshakes == 1);
	again = lab_peer("near.example.com", trust);
	transport_set_tls(far.transport, far_cred, again->set);
	peer_set_unref(near_peer->set);
	near_peer = again;
	UNTIL(loop, far.messages == 2);
	assert_string_equal(far.flow->peer->name, "near.example.com");
	assert_ptr_not_equal(far.flow->peer, again);
	flow_unref(opening);
}

static void call_of_before_a_reload_uses_the_peer_of_after(void **state)
{
	struct peer *again = lab_peer("far.example.com", trust);
	struct flow *one, *two;

	(void)state;
	transport_set_tls(near.transport, near_cred, again->set);
	one = flow_as(&near, &there, far_peer, NULL);
	two = flow_as(&near, &there, again, NULL);
	assert_ptr_equal(one, two);
	assert_int_equal(test_send(one, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_ptr_equal(one->peer, again);
	flow_unref(one);
	flow_unref(two);
	peer_set_unref(again->set);
}

static void reload_moves_open_connections_to_the_new_peers(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);
	struct peer *far_again = lab_peer("far.example.com", trust);
	struct peer *near_again = lab_peer("near.example.com", trust);
	struct flow *same;

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	transport_set_tls(near.transport, near_cred, far_again->set);
	transport_set_tls(far.transport, far_cred, near_again->set);
	transport_judge_again(near.transport);
	transport_judge_again(far.transport);
	test_settle(loop);
	assert_int_equal(near.closed + far.closed, 0);
	assert_ptr_equal(flow->peer, far_again);
	assert_ptr_equal(far.flow->peer, near_again);
	same = flow_as(&near, &there, far_again, NULL);
	assert_ptr_equal(same, flow);
	flow_unref(same);
	same = flow_as(&far, &there, near_again, NULL);
	assert_ptr_equal(same, far.flow);
	flow_unref(same);
	flow_unref(flow);
	peer_set_unref(far_again->set);
	peer_set_unref(near_again->set);
}

static void reload_without_a_peer_closes_its_connection(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);
	struct peer *other = lab_peer("other.example.com", trust);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	transport_set_tls(far.transport, far_cred, other->set);
	transport_judge_again(far.transport);
	UNTIL(loop, far.closed == 1 && near.closed == 1);
	/* whose calls end; near only lost a connection */
	assert_true(far.flow->refused);
	assert_false(flow->refused);
	assert_non_null(strstr(far.why, "tls refused by=us rule=name"));
	assert_int_equal(side_totals(&far).connections, 0);
	flow_unref(flow);
	peer_set_unref(other->set);
}

/* What we began ourselves may stay: whom it is to was not asked of anybody. */
static void reload_without_peers_closes_what_was_accepted(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	transport_set_tls(near.transport, NULL, NULL);
	transport_judge_again(near.transport);
	test_settle(loop);
	assert_int_equal(near.closed, 0);
	transport_set_tls(far.transport, NULL, NULL);
	transport_judge_again(far.transport);
	UNTIL(loop, far.closed == 1 && near.closed == 1);
	assert_string_equal(far.why, "nobody may connect any more");
	assert_true(far.flow->refused);
	assert_int_equal(side_totals(&far).connections, 0);
	flow_unref(flow);
}

/* A handshake that began before a reload opens no door that the reload has closed. */
static void reload_counts_for_handshakes_too(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, NULL);
	struct peer *other = lab_peer("other.example.com", trust);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, side_totals(&far).handshakes == 1);
	transport_set_tls(far.transport, far_cred, other->set);
	transport_judge_again(far.transport);
	UNTIL(loop, near.closed == 1 && far.closed == 1);
	assert_non_null(strstr(far.why, "tls refused by=us rule=name"));
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&far).connections, 0);
	flow_unref(flow);
	peer_set_unref(other->set);
}

/* A certificate of near's for a day. */
struct brief {
	struct lab_id id;
	struct cred *cred;
};

static void brief_make(struct brief *brief)
{
	const struct lab_spec spec = {
		.cn = "near", .sans = {{'D', "near.example.com", 0}}, .to_days = 1};

	lab_issue(&brief->id, &spec, &root);
	brief->cred = lab_cred(&brief->id);
}

static void brief_drop(struct brief *brief)
{
	cred_unref(brief->cred);
	lab_drop(&brief->id);
}

/* A flow to far by it, begun so long AFTER_S the certificate was made. */
static struct flow *brief_connect(const struct brief *brief, uint64_t after_s)
{
	struct flow *flow;

	clock_virtual_init(
		&virtual_clock, ((uint64_t)time(NULL) + after_s) * UINT64_C(1000000));
	restart_with(&virtual_clock.clock, NULL);
	flow = flow_as(&near, &there, far_peer, brief->cred);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	return flow;
}

/* In its last hour, and though the wall clock was set meanwhile. */
static void certificate_that_runs_out_ends_its_connection(void **state)
{
	struct brief brief;
	struct flow *flow;

	(void)state;
	brief_make(&brief);
	for (unsigned set = 0; set < 2; set++) {
		flow = brief_connect(&brief, set ? 0 : LAB_DAY - 1800);
		if (set)
			virtual_clock.wall_us += 2 * LAB_DAY * 1000000ULL;
		clock_virtual_advance(&virtual_clock, 1200 * 1000000ULL);
		test_settle(loop);
		assert_int_equal(far.closed, 0);
		days_passed = 2;
		clock_virtual_advance(&virtual_clock, (set ? 2401 : 660) * 1000000ULL);
		UNTIL(loop, far.closed == 1 && near.closed == 1);
		days_passed = 0;
		assert_non_null(strstr(far.why, "tls refused by=us rule=expired"));
		flow_unref(flow);
	}
	brief_drop(&brief);
}

/* The judge has another clock than we: by ours it is over. */
static void certificate_that_should_be_over_is_looked_at_each_second(void **state)
{
	struct brief brief;
	struct flow *flow;

	(void)state;
	brief_make(&brief);
	flow = brief_connect(&brief, LAB_DAY + 100);
	for (unsigned i = 0; i < 3; i++) {
		clock_virtual_advance(&virtual_clock, 1000000);
		test_settle(loop);
	}
	days_passed = 2;
	clock_virtual_advance(&virtual_clock, 999000);
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	clock_virtual_advance(&virtual_clock, 1000);
	UNTIL(loop, far.closed == 1);
	days_passed = 0;
	flow_unref(flow);
	brief_drop(&brief);
}

/* Its end is hours away, and others on the same side have a later one, or none. */
static void certificate_is_looked_at_until_it_runs_out(void **state)
{
	struct brief brief;
	struct flow *flow, *lasting;
	struct addr plain;
	int fd;

	(void)state;
	brief_make(&brief);
	flow = brief_connect(&brief, LAB_DAY - 9000);
	lasting = flow_as(&near, &there, far_peer, NULL);
	assert_int_equal(test_send(lasting, 0), 0);
	plain = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	fd = test_dial(&plain);
	UNTIL(loop, far.messages == 2 && side_totals(&far).connections == 3);
	for (unsigned i = 0; i < 2; i++) {
		clock_virtual_advance(&virtual_clock, 4000 * 1000000ULL);
		test_settle(loop);
	}
	assert_int_equal(far.closed, 0);
	days_passed = 2;
	clock_virtual_advance(&virtual_clock, 1060 * 1000000ULL);
	UNTIL(loop, far.closed == 1 && near.closed == 1);
	days_passed = 0;
	assert_non_null(strstr(far.why, "tls refused by=us rule=expired"));
	assert_true(flow->closed);
	assert_false(lasting->closed);
	close(fd);
	flow_unref(flow);
	flow_unref(lasting);
	brief_drop(&brief);
}

/* An OCSP response of a day goes along with CRED, which is ID's. */
static void staple(struct cred *cred, const struct lab_id *id)
{
	struct err_text text = {.text = ""};
	struct staple *made = NULL;
	struct ocsp_answer answer;
	gnutls_datum_t der;

	lab_write_chain("root.pem", &root);
	respond(&der, &(struct response_spec){.about = id});
	assert_int_equal(staple_new(&made, cred, &text), 0);
	assert_int_equal(staple_find_issuer(made, lab_path("root.pem"), &text), 0);
	assert_int_equal(staple_take(made, &der, &answer, &text), 0);
	free(der.data);
	staple_free(made);
}

static void response_half_through_wants_a_new_connection(void **state)
{
	struct flow *first, *same, *next;

	(void)state;
	clock_virtual_init(&virtual_clock, (uint64_t)time(NULL) * 1000000);
	restart_with(&virtual_clock.clock, NULL);
	staple(far_cred, &far_id);
	far_peer->revocation = PEER_REVOCATION_STAPLE;
	first = flow_as(&near, &there, far_peer, NULL);
	assert_int_equal(test_send(first, 0), 0);
	UNTIL(loop, far.messages == 1);
	clock_virtual_advance(&virtual_clock, LAB_DAY / 2 * 1000000ULL - 60000000);
	same = flow_as(&near, &there, far_peer, NULL);
	assert_ptr_equal(first, same);
	clock_virtual_advance(&virtual_clock, 61000000);
	next = flow_as(&near, &there, far_peer, NULL);
	assert_ptr_not_equal(first, next);
	/* What is under way on the old one goes on. */
	assert_int_equal(test_send(first, 0), 0);
	assert_int_equal(test_send(next, 0), 0);
	UNTIL(loop, far.messages == 3);
	assert_int_equal(near.closed, 0);
	flow_unref(first);
	flow_unref(same);
	flow_unref(next);
}

static void where_no_response_is_wanted_any_more_the_connection_stays(void **state)
{
	struct flow *first, *same;

	(void)state;
	clock_virtual_init(&virtual_clock, (uint64_t)time(NULL) * 1000000);
	restart_with(&virtual_clock.clock, NULL);
	staple(far_cred, &far_id);
	far_peer->revocation = PEER_REVOCATION_STAPLE;
	first = flow_as(&near, &there, far_peer, NULL);
	assert_int_equal(test_send(first, 0), 0);
	UNTIL(loop, far.messages == 1);
	far_peer->revocation = PEER_REVOCATION_HARD;
	transport_judge_again(near.transport);
	clock_virtual_advance(&virtual_clock, (LAB_DAY / 2 + 60) * 1000000ULL);
	same = flow_as(&near, &there, far_peer, NULL);
	assert_ptr_equal(first, same);
	flow_unref(first);
	flow_unref(same);
}

static void what_soft_lets_go_is_said(void **state)
{
	struct err_text text = {.text = ""};
	struct trust *stale = NULL;
	struct flow *flow;

	(void)state;
	lab_write_chain("root.pem", &root);
	lab_write_crl("stale.crl", &root, NULL, NULL, -1, false);
	assert_int_equal(
		trust_load(&stale, lab_path("root.pem"), lab_path("stale.crl"), &text),
		0);
	peer_set_unref(far_peer->set);
	far_peer = lab_peer("far.example.com", stale);
	far_peer->revocation = PEER_REVOCATION_SOFT;
	transport_set_tls(near.transport, near_cred, far_peer->set);
	trust_unref(stale);
	flow = flow_as(&near, &there, far_peer, NULL);
	assert_string_equal(flow->exception, "");
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	assert_non_null(strstr(flow->exception, "CRL was due 20"));
	/* Judged by others, there is nothing to let go. */
	far_peer->revocation = PEER_REVOCATION_HARD;
	transport_judge_again(near.transport);
	UNTIL(loop, near.closed == 1);
	assert_non_null(strstr(near.why, "rule=crl-stale"));
	flow_unref(flow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reload_keeps_handshakes_and_connections),
		TEST(call_of_before_a_reload_uses_the_peer_of_after),
		TEST(reload_moves_open_connections_to_the_new_peers),
		TEST(reload_without_a_peer_closes_its_connection),
		TEST(reload_without_peers_closes_what_was_accepted),
		TEST(reload_counts_for_handshakes_too),
		TEST(certificate_that_runs_out_ends_its_connection),
		TEST(certificate_that_should_be_over_is_looked_at_each_second),
		TEST(certificate_is_looked_at_until_it_runs_out),
		TEST(response_half_through_wants_a_new_connection),
		TEST(where_no_response_is_wanted_any_more_the_connection_stays),
		TEST(what_soft_lets_go_is_said),
	};

	return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
