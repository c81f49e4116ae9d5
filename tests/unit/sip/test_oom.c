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
	int left = oom_left, err;

	oom_left = 0;
	assert_int_equal(transport_new(&transport, &params), 0);
	assert_int_equal(addr_parse(&addr, "127.0.0.1", 0), 0);
	oom_left = left;
	err = transport_listen(transport, kind, &addr, &bound, &text);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_response_is_whole_or_none),
		TEST(dialogs_are_whole_or_none),
		TEST(layers_begin_or_do_not),
		TEST(flows_and_listeners_are_there_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
