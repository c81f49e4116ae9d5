/* Every allocation of ours fails once: what is begun without memory leaves nothing behind. */
#include "transport_test.h"

#include "../oom.h"
#include "base/err.h"
#include "sip/compose.h"
#include "sip/dialog.h"
#include "sip/resolve.h"
#include "sip/txn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADERS                                                                          \
	"Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"             \
	"From: \"A\" <sip:a@a.example>;tag=ta\r\nCall-ID: id@a.example\r\n"              \
	"Contact: <sip:a@192.0.2.1:5070>\r\nRecord-Route: <sip:p.example;lr>\r\n"        \
	"CSeq: 7 INVITE\r\nContent-Length: 0\r\n"
static const char invite_text[] =
	"INVITE sip:b@b.example SIP/2.0\r\nTo: <sip:b@b.example>\r\n" HEADERS "\r\n";
static const char ok_text[] =
	"SIP/2.0 200 OK\r\nTo: <sip:b@b.example>;tag=tb\r\n" HEADERS "\r\n";

static struct loop *loop;
static struct message *invite, *ok;
static struct dialog ours;

static int read_message(struct message **ret, const char *text)
{
	struct message_fault fault;

	return message_parse(ret, text, strlen(text), &fault);
}

static int start(void **state)
{
	(void)state;
	test_quiet();
	loop = test_loop(NULL);
	assert_int_equal(read_message(&invite, invite_text), 0);
	assert_int_equal(read_message(&ok, ok_text), 0);
	assert_int_equal(dialog_init_uac(&ours, "<sip:a@us>", "<sip:b@b.example>",
				 "sip:b@b.example", "us"),
		0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dialog_free(&ours);
	message_unref(invite);
	message_unref(ok);
	loop_free(loop);
	invite = ok = NULL;
	return 0;
}

static void is_out_of_memory(int err)
{
	assert_int_equal(err, -ENOMEM);
}

static int try_compose(void)
{
	struct buf out;
	int err;

	buf_init(&out, 0);
	err = compose_response(&out, invite, 200, NULL, "t");
	if (!err)
		err = out.err;
	buf_free(&out);
	return err;
}

static void a_response_is_whole_or_none(void **state)
{
	(void)state;
	oom_each(try_compose, is_out_of_memory);
}

static int try_uas(void)
{
	struct dialog dialog = {.owner = NULL};
	int err = dialog_init_uas(&dialog, invite);

	if (!err) {
		assert_string_equal(dialog.next_hop, "sip:p.example;lr");
		dialog_free(&dialog);
	}
	return err;
}

static int try_uac(void)
{
	struct dialog dialog = {.owner = NULL};
	int err = dialog_init_uac(
		&dialog, "<sip:a@us>", "<sip:b@b>", "sip:b@b.example", "us.example");

	if (!err)
		dialog_free(&dialog);
	return err;
}

static int try_fork(void)
{
	struct dialog fork = {.owner = NULL};
	int err = dialog_fork(&fork, &ours);

	if (!err) {
		assert_string_equal(fork.call_id, ours.call_id);
		assert_string_equal(fork.local_tag, ours.local_tag);
		dialog_free(&fork);
	}
	return err;
}

static int try_copy(void)
{
	struct dialog copy = {.owner = NULL};
	int err = dialog_copy(&copy, &ours);

	if (!err) {
		assert_string_equal(copy.remote_target, ours.remote_target);
		dialog_free(&copy);
	}
	return err;
}

static int try_establish(void)
{
	struct dialog dialog;
	int left = oom_left, err;

	oom_left = 0;
	assert_int_equal(dialog_copy(&dialog, &ours), 0);
	oom_left = left;
	err = dialog_establish(&dialog, ok);
	if (!err) {
		assert_string_equal(dialog.remote_tag, "tb");
		assert_string_equal(dialog.remote_target, "sip:a@192.0.2.1:5070");
		assert_string_equal(dialog.next_hop, "sip:p.example;lr");
	}
	dialog_free(&dialog);
	return err;
}

static void dialogs_are_whole_or_none(void **state)
{
	(void)state;
	oom_each(try_uas, is_out_of_memory);
	oom_each(try_uac, is_out_of_memory);
	oom_each(try_fork, is_out_of_memory);
	oom_each(try_copy, is_out_of_memory);
	oom_each(try_establish, is_out_of_memory);
}

static int try_transactions(void)
{
	static const struct txn_handlers handlers = {.arg = NULL};
	const struct txn_times times = {.t1_ms = 500, .t2_ms = 4000, .t4_ms = 5000};
	struct txn_layer *layer = NULL;
	int err = txn_layer_new(&layer, loop_timers(loop), &times, &handlers);

	assert_int_equal(layer == NULL, err != 0);
	txn_layer_free(layer);
	return err;
}

static int try_transport(void)
{
	const struct transport_params params = {.name = "external", .loop = loop};
	struct transport *transport = NULL;
	int err = transport_new(&transport, &params);

	assert_int_equal(transport == NULL, err != 0);
	transport_free(transport);
	return err;
}

static int try_resolver(void)
{
	const struct resolver_params params = {.hosts_file = "/etc/hosts",
		.resolv_conf = "/etc/resolv.conf",
		.forward = "127.0.0.1@9",
		.trust_anchor = "/nonexistent/root.key"};
	struct resolver *resolver = NULL;
	struct err_text text = {{0}};
	int err = resolver_new_with(&resolver, loop, &params, &text);

	assert_int_equal(resolver == NULL, err != 0);
	resolver_free(resolver);
	return err;
}

static void no_answer_h(void *arg, const struct resolve_answer *answer)
{
	(void)arg;
	(void)answer;
	fail_msg("nobody waits any more");
}

static void failed_h(void *arg, const struct resolve_answer *answer)
{
	assert_int_equal(answer->err, ERR_RESOLVE);
	++*(unsigned *)arg;
}

/* One that could not be asked is in nobody's way. */
static void ask_later(struct resolver *resolver)
{
	struct resolve *later = NULL;
	unsigned failed = 0;
	const struct resolve_question asked = {.host = "host.example",
		.kind = TRANSPORT_UDP,
		.h = failed_h,
		.arg = &failed};

	assert_int_equal(resolver_ask(resolver, &asked, &later), 0);
	UNTIL(loop, failed == 1);
}

/* Twice, for the second one joins the first. */
static int try_ask(void)
{
	const struct resolver_params params = {
		.hosts_file = "/dev/null", .forward = "127.0.0.1@9", .timeout_ms = 50};
	const struct resolve_question asked = {
		.host = "host.example", .kind = TRANSPORT_UDP, .h = no_answer_h};
	struct resolve *first = NULL, *second = NULL;
	struct resolver *resolver = NULL;
	int left = oom_left, err;

	oom_left = 0;
	assert_int_equal(resolver_new_with(&resolver, loop, &params, NULL), 0);
	oom_left = left;
	err = resolver_ask(resolver, &asked, &first);
	assert_int_equal(first == NULL, err != 0);
	if (!err)
		err = resolver_ask(resolver, &asked, &second);
	oom_left = 0;
	resolve_cancel(first);
	resolve_cancel(second);
	if (err)
		ask_later(resolver);
	resolver_free(resolver);
	return err;
}

static void is_not_asked(int err)
{
	assert_true(err == -ENOMEM || err == ERR_RESOLVE);
}

static void questions_are_asked_or_refused(void **state)
{
	(void)state;
	oom_each(try_ask, is_not_asked);
}

static char sent[1000];

static int keep_sent(struct flow *flow, const char *data, size_t len)
{
	(void)flow;
	assert_int_equal(span_copy((struct span){data, len}, sent, sizeof(sent)), 0);
	return 0;
}

static void keep_flow(struct flow *flow)
{
	(void)flow;
}

static void answer_h(void *arg, struct txn_server *txn, struct message *request)
{
	(void)arg;
	(void)request;
	(void)txn_server_reply(txn, 200, NULL, NULL, NULL);
}

/* What comes while there is no memory for a transaction is refused, or sent again. */
static int try_receive(void)
{
	static const struct flow_ops ops = {.send = keep_sent, .free = keep_flow};
	static const struct txn_handlers handlers = {.request_h = answer_h};
	const struct txn_times times = {.t1_ms = 500, .t2_ms = 4000, .t4_ms = 5000};
	const struct message_fault none = {.status = 0};
	struct txn_layer *layer = NULL;
	struct flow flow = {.owner = NULL};
	int left = oom_left;

	oom_left = 0;
	sent[0] = '\0';
	flow_init(&flow, &ops, TRANSPORT_TCP, &(struct addr){.len = 0});
	assert_int_equal(txn_layer_new(&layer, loop_timers(loop), &times, &handlers), 0);
	oom_left = left;
	txn_receive(layer, &flow, invite, &none);
	oom_left = 0;
	txn_layer_free(layer);
	return strncmp(sent, "SIP/2.0 200 OK\r\n", 16) == 0 ? 0 : -ENOMEM;
}

static void is_refused_or_silent(int err)
{
	if (err && sent[0])
		assert_true(span_starts(
			span_of(sent), "SIP/2.0 503 Service Unavailable\r\n"));
}

static void requests_are_answered_or_refused(void **state)
{
	(void)state;
	oom_each(try_receive, is_refused_or_silent);
}

static void layers_begin_or_do_not(void **state)
{
	(void)state;
	oom_each(try_transactions, is_out_of_memory);
	oom_each(try_transport, is_out_of_memory);
	oom_each(try_resolver, is_out_of_memory);
}

static struct side listening;

static int try_listen_at(enum transport_kind kind)
{
	const struct transport_params params = {.name = "external", .loop = loop};
	struct transport *transport;
	struct err_text text = {{0}};
	struct addr addr, bound;
	int left = oom_left, err, fd;

	oom_left = 0;
	assert_int_equal(transport_new(&transport, &params), 0);
	assert_int_equal(addr_parse(&addr, "127.0.0.1", 0), 0);
	assert_int_equal(transport_bind(kind, &addr, &fd, &text), 0);
	oom_left = left;
	err = transport_listen(transport, kind, fd, &bound, &text);
	oom_left = 0;
	if (err)
		assert_string_not_equal(text.text, "");
	transport_free(transport);
	return err;
}

static int try_listen_udp(void)
{
	return try_listen_at(TRANSPORT_UDP);
}

static int try_listen_tcp(void)
{
	return try_listen_at(TRANSPORT_TCP);
}

static int try_flow(enum transport_kind kind)
{
	struct transport_target target = {.kind = kind};
	struct err_text text = {{0}};
	struct flow *flow = NULL;
	int left = oom_left, err;

	oom_left = 0;
	side_start(&listening, "external", loop, NULL);
	target.remote = side_listen(&listening, kind, "127.0.0.1");
	oom_left = left;
	err = transport_flow(listening.transport, &target, &flow, &text);
	oom_left = 0;
	assert_int_equal(flow == NULL, err != 0);
	if (flow)
		flow_unref(flow);
	side_stop(&listening);
	return err;
}

static int try_flow_udp(void)
{
	return try_flow(TRANSPORT_UDP);
}

static int try_flow_tcp(void)
{
	return try_flow(TRANSPORT_TCP);
}

static void flows_and_listeners_are_there_or_not(void **state)
{
	(void)state;
	oom_each(try_listen_udp, is_out_of_memory);
	oom_each(try_listen_tcp, is_out_of_memory);
	oom_each(try_flow_udp, is_out_of_memory);
	oom_each(try_flow_tcp, is_out_of_memory);
}

static struct side sending;

/* An open flow of SENDING to LISTENING. */
static struct flow *open_flow(enum transport_kind kind)
{
	struct addr there;
	struct flow *flow;

	side_start(&listening, "listening", loop, NULL);
	side_start(&sending, "sending", loop, NULL);
	there = side_listen(&listening, kind, "127.0.0.1");
	if (kind == TRANSPORT_UDP)
		side_listen(&sending, kind, "127.0.0.1");
	flow = side_flow(&sending, kind, &there);
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, listening.messages == 1);
	return flow;
}

static void close_sides(struct flow *flow)
{
	flow_unref(flow);
	side_stop(&sending);
	side_stop(&listening);
}

static int try_send_tcp(void)
{
	int left = oom_left, err;
	struct flow *flow;

	oom_left = 0;
	flow = open_flow(TRANSPORT_TCP);
	oom_left = left;
	err = test_send(flow, 100);
	oom_left = 0;
	/* a connection that lacks a message is of no use */
	UNTIL(loop, err ? sending.closed == 1 : listening.messages == 2);
	if (err)
		assert_string_equal(sending.why, "out of memory");
	assert_int_equal(sending.tapped_out, err ? 1 : 2);
	close_sides(flow);
	return err;
}

static int try_send_udp(void)
{
	int left = oom_left, err;
	struct flow *flow;

	oom_left = 0;
	flow = open_flow(TRANSPORT_UDP);
	oom_left = left;
	err = test_send(flow, 100);
	oom_left = 0;
	assert_int_equal(sending.tapped_out, err ? 1 : 2);
	/* and the next one has memory again */
	assert_int_equal(test_send(flow, 200), 0);
	UNTIL(loop, listening.messages == (err ? 2 : 3));
	assert_string_equal(listening.text, test_request(200));
	close_sides(flow);
	return err;
}

static int try_read(void)
{
	int left = oom_left;
	struct flow *flow;
	bool closed;

	oom_left = 0;
	flow = open_flow(TRANSPORT_TCP);
	assert_int_equal(test_send(flow, 100), 0);
	oom_left = left;
	for (unsigned i = 0; i < 1000 && !listening.closed && listening.messages == 1;
		i++)
		assert_int_equal(loop_turn(loop, 1), 0);
	oom_left = 0;
	closed = listening.closed == 1;
	if (closed)
		assert_string_equal(listening.why, "out of memory");
	else
		assert_string_equal(listening.text, test_request(100));
	close_sides(flow);
	return closed ? -ENOMEM : 0;
}

static void messages_are_whole_or_none(void **state)
{
	(void)state;
	oom_each(try_send_tcp, is_out_of_memory);
	oom_each(try_send_udp, is_out_of_memory);
	oom_each(try_read, is_out_of_memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_response_is_whole_or_none),
		TEST(dialogs_are_whole_or_none),
		TEST(questions_are_asked_or_refused),
		TEST(requests_are_answered_or_refused),
		TEST(layers_begin_or_do_not),
		TEST(flows_and_listeners_are_there_or_not),
		TEST(messages_are_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
