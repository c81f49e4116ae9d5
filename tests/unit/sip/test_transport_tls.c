/* Mutual TLS over loopback: who is let in, what is told to whom, and what is reused. */
#include "transport_test.h"

#include "../tls/lab.h"
#include "../tls/responder.h"
#include "base/log.h"
#include "tls/staple.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One PKI for all tests, one loop and two sides for each. */
static struct lab_id root, stranger_root, near_id, far_id, stranger_id;
static struct trust *trust;
static struct cred *near_cred, *far_cred, *stranger_cred;

static struct loop *loop;
static struct clock_virtual virtual_clock;
static struct side near, far;
static struct peer *far_peer;  /* as near knows it */
static struct peer *near_peer; /* as far knows it */
static struct addr there;
static char last_warning[2000];

/* What GnuTLS takes for today. */
static time_t days_passed;

static time_t judges_time(time_t *ret)
{
	time_t now = time(NULL) + days_passed * LAB_DAY;

	if (ret)
		*ret = now;
	return now;
}

static void keep_warning(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_WARNING)
		snprintf(last_warning, sizeof(last_warning), "%s", line);
	if (getenv("TEST_LOG"))
		fprintf(stderr, "%s\n", line);
}

static int start_lab(void **state)
{
	(void)state;
	lab_start();
	gnutls_global_set_time_function(judges_time);
	log_set_sink(keep_warning, NULL);
	lab_root(&root, "root");
	lab_root(&stranger_root, "stranger root");
	lab_host(&near_id, "near.example.com", &root);
	lab_host(&far_id, "far.example.com", &root);
	lab_host(&stranger_id, "near.example.com", &stranger_root);
	trust = lab_trust(&root);
	near_cred = lab_cred(&near_id);
	far_cred = lab_cred(&far_id);
	stranger_cred = lab_cred(&stranger_id);
	return 0;
}

static int stop_lab(void **state)
{
	(void)state;
	cred_unref(near_cred);
	cred_unref(far_cred);
	cred_unref(stranger_cred);
	trust_unref(trust);
	lab_drop(&near_id);
	lab_drop(&far_id);
	lab_drop(&stranger_id);
	lab_drop(&root);
	lab_drop(&stranger_root);
	lab_stop();
	return 0;
}

static void start_with(struct clock *clock, const struct transport_limits *limits)
{
	loop = test_loop(clock);
	last_warning[0] = '\0';
	far_peer = lab_peer("far.example.com", trust);
	near_peer = lab_peer("near.example.com", trust);
	side_start(&near, "near", loop, limits);
	side_start(&far, "far", loop, limits);
	transport_set_tls(near.transport, near_cred, far_peer->set);
	transport_set_tls(far.transport, far_cred, near_peer->set);
	there = side_listen(&far, TRANSPORT_TLS, "127.0.0.1");
}

static int start(void **state)
{
	(void)state;
	start_with(NULL, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	side_stop(&near);
	side_stop(&far);
	peer_set_unref(far_peer->set);
	peer_set_unref(near_peer->set);
	loop_free(loop);
	return 0;
}

static void restart_with(struct clock *clock, const struct transport_limits *limits)
{
	stop(NULL);
	start_with(clock, limits);
}

static struct flow *flow_as(struct side *side, const struct addr *to,
	const struct peer *peer, struct cred *cred)
{
	const struct transport_target target = {
		.kind = TRANSPORT_TLS, .remote = *to, .peer = peer, .cred = cred};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;

	if (transport_flow(side->transport, &target, &flow, &text) != 0)
		fail_msg("%s", text.text);
	return flow;
}

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

static void stranger_is_refused_and_both_ends_say_so(void **state)
{
	struct flow *flow = flow_as(&near, &there, far_peer, stranger_cred);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, near.closed == 1 && side_totals(&far).refused == 1);
	test_settle(loop);
	assert_int_equal(near.closed, 1);
	assert_non_null(strstr(near.why, "tls refused by=them"));
	assert_int_equal(far.messages, 0);
	assert_int_equal(far.closed, 0); /* nobody above knew it */
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
	flow_unref(flow);
}

static void restart_with_limits(struct transport_limits limits)
{
	limits.handshake_ms = 5000;
	limits.queue_bytes = 65536;
	clock_virtual_init(&virtual_clock, 1000000);
	restart_with(&virtual_clock.clock, &limits);
}

/* A connection from ADDRESS that says nothing. */
static int silent_from(const char *address)
{
	struct addr source;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(addr_parse(&source, address, 0), 0);
	assert_int_equal(bind(fd, &source.sa, source.len), 0);
	assert_int_equal(connect(fd, &there.sa, there.len), 0);
	return fd;
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
	int fds[3];

	(void)state;
	restart_with_limits((struct transport_limits){.max_handshakes = 3});
	for (unsigned i = 0; i < 3; i++) {
		fds[i] = silent_from(i == 0 ? "127.0.0.3" : "127.0.0.2");
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
	assert_non_null(strstr(last_warning, "tls failed"));
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

/* In its last hour, and though the wall clock was set meanwhile. */
static void certificate_that_runs_out_ends_its_connection(void **state)
{
	const struct lab_spec spec = {
		.cn = "near", .sans = {{'D', "near.example.com", 0}}, .to_days = 1};
	struct lab_id brief;
	struct cred *cred;
	struct flow *flow;

	(void)state;
	lab_issue(&brief, &spec, &root);
	cred = lab_cred(&brief);
	for (unsigned set = 0; set < 2; set++) {
		const uint64_t now_us = (uint64_t)time(NULL) * 1000000;

		clock_virtual_init(&virtual_clock,
			set ? now_us : now_us + (LAB_DAY - 1800) * 1000000ULL);
		restart_with(&virtual_clock.clock, NULL);
		flow = flow_as(&near, &there, far_peer, cred);
		assert_int_equal(test_send(flow, 0), 0);
		UNTIL(loop, far.messages == 1);
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
	cred_unref(cred);
	lab_drop(&brief);
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

	(void)state;
	assert_int_equal(
		transport_flow(near.transport, &target, &flow, &text), ERR_STATE);
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
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tls_carries_both_ways_and_knows_who),
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
		TEST(reload_keeps_handshakes_and_connections),
		TEST(call_of_before_a_reload_uses_the_peer_of_after),
		TEST(reload_moves_open_connections_to_the_new_peers),
		TEST(reload_without_a_peer_closes_its_connection),
		TEST(reload_counts_for_handshakes_too),
		TEST(certificate_that_runs_out_ends_its_connection),
		TEST(response_half_through_wants_a_new_connection),
		TEST(what_soft_lets_go_is_said),
		TEST(much_output_passes_in_order),
		TEST(what_waited_for_a_slow_reader_arrives_whole),
		TEST(reader_that_sleeps_is_cut),
		TEST(tls_without_identity_is_refused),
	};

	return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
