/* The one sender: what each try of a request has of its own, and what is the same. */
#include "../unit.h"

#include "base/err.h"
#include "sip/compose.h"
#include "sip/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct rig {
	struct clock_virtual clock;
	struct timers *timers;
	struct txn_layer *layer;
	struct dialog dialog;
	struct flow flow, other; /* where we are us.example, and other.example */
	struct buf sent;         /* all messages */
	unsigned count;
	int send_err;
	int failed; /* what failed_h() was told */
};

static int send_h(struct flow *flow, const char *data, size_t len)
{
	struct rig *rig = flow->owner;

	if (rig->send_err)
		return rig->send_err;
	buf_add(&rig->sent, data, len);
	rig->count++;
	return 0;
}

static void free_h(struct flow *flow)
{
	(void)flow;
}

static const struct flow_ops flow_ops = {.send = send_h, .free = free_h};

static const char *sent_by_h(void *arg, const struct flow *flow, const char *host,
	char buf[static TXN_NAME_SIZE])
{
	struct rig *rig = arg;

	if (host)
		snprintf(buf, TXN_NAME_SIZE, "%s:%d", host,
			flow == &rig->other ? 5071 : 5061);
	else
		strcpy(buf,
			flow == &rig->other ? "other.example:5061" : "us.example:5061");
	return buf;
}

static void failed_h(void *arg, struct txn_client *txn, int err)
{
	struct rig *rig = arg;

	(void)txn;
	assert_int_equal(rig->failed, 0);
	rig->failed = err;
}

static void never_h(void *arg, struct txn_client *txn, int err)
{
	(void)arg;
	(void)txn;
	(void)err;
	fail_msg("a request that was never begun has no failure");
}

static int set_up(void **state)
{
	static struct rig rig;
	const struct txn_times times = {500, 4000, 5000};
	const struct txn_handlers handlers = {.sent_by_h = sent_by_h, .arg = &rig};
	struct addr remote;

	memset(&rig, 0, sizeof(rig));
	clock_virtual_init(&rig.clock, 0);
	assert_int_equal(timers_new(&rig.timers, &rig.clock.clock), 0);
	assert_int_equal(txn_layer_new(&rig.layer, rig.timers, &times, &handlers), 0);
	assert_int_equal(addr_parse(&remote, "192.0.2.1:5061", 0), 0);
	flow_init(&rig.flow, &flow_ops, TRANSPORT_TLS, &remote);
	flow_init(&rig.other, &flow_ops, TRANSPORT_TLS, &remote);
	rig.flow.owner = rig.other.owner = &rig;
	buf_init(&rig.sent, 0);
	assert_int_equal(
		dialog_init_uac(&rig.dialog, "<sip:us@us.example>",
			"<sip:them@them.example>", "sip:them@them.example", "us.example"),
		0);
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	dialog_free(&rig->dialog);
	txn_layer_free(rig->layer);
	timers_free(rig->timers);
	buf_free(&rig->sent);
	assert_int_equal(rig->flow.refs, 1);
	assert_int_equal(rig->other.refs, 1);
	assert_int_equal(rig->flow.users + rig->other.users, 0);
	return 0;
}

static struct request begin(struct rig *rig, enum message_method method)
{
	struct request request = {
		.txns = rig->layer, .flow = &rig->flow, .method = method};

	request_begin(&request, &rig->dialog);
	compose_header_str(&request.text, "User-Agent", "Tandem");
	compose_body(&request.text, NULL, (struct span){0});
	return request;
}

/* All that was sent is INVITE, from HOST. */
static void assert_invite(struct rig *rig, const struct request *invite, const char *host)
{
	char expected[1024];

	snprintf(expected, sizeof(expected),
		"INVITE sip:them@them.example SIP/2.0\r\n"
		"Via: SIP/2.0/TLS %s:5061;branch=%s;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:us@us.example>;tag=%s\r\n"
		"To: <sip:them@them.example>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n"
		"User-Agent: Tandem\r\nContent-Length: 0\r\n\r\n",
		host, invite->branch, rig->dialog.local_tag, rig->dialog.call_id);
	assert_string_equal(buf_str(&rig->sent), expected);
}

static void pass(struct rig *rig, uint64_t ms)
{
	clock_virtual_advance(&rig->clock, ms * 1000);
	timers_run(rig->timers);
}

static void is_composed_of_its_parts(void **state)
{
	struct rig *rig = *state;
	struct request request = begin(rig, MESSAGE_INVITE);

	assert_int_equal(request_send(&request, NULL, NULL), 0);
	assert_invite(rig, &request, "us.example");
	assert_int_equal(txn_count(rig->layer), 1);
}

/* RFC 3261 8.1.1.5 and 8.1.1.7. */
static void each_try_has_its_own_branch_and_cseq(void **state)
{
	struct rig *rig = *state;
	struct request first = begin(rig, MESSAGE_OPTIONS);
	struct request second;

	assert_int_equal(request_send(&first, NULL, NULL), 0);
	second = begin(rig, MESSAGE_OPTIONS);
	assert_int_equal(request_send(&second, NULL, NULL), 0);
	assert_int_equal(first.cseq, 1);
	assert_int_equal(second.cseq, 2);
	assert_string_not_equal(first.branch, second.branch);
	assert_non_null(strstr(buf_str(&rig->sent), second.branch));
	assert_non_null(strstr(buf_str(&rig->sent), "\r\nCSeq: 2 OPTIONS\r\n"));
	assert_int_equal(txn_count(rig->layer), 2);
}

/* RFC 3261 13.2.2.4: the number of its INVITE, no transaction, and it may be repeated. */
static void ack_is_sent_without_a_transaction(void **state)
{
	struct rig *rig = *state;
	struct request ack = {
		.txns = rig->layer, .flow = &rig->flow, .method = MESSAGE_ACK, .cseq = 7};

	rig->dialog.local_cseq = 9;
	request_begin(&ack, &rig->dialog);
	compose_body(&ack.text, NULL, (struct span){0});
	assert_int_equal(request_send_ack(&ack), 0);
	assert_non_null(strstr(buf_str(&rig->sent), "\r\nCSeq: 7 ACK\r\n"));
	assert_string_equal(buf_str(&rig->sent), buf_str(&ack.text));
	assert_int_equal(rig->dialog.local_cseq, 9);
	assert_int_equal(txn_count(rig->layer), 0);
	buf_free(&ack.text);
}

/* The name by which the far end knows us stands in Via on whatever connection, also when the dialog is gone. */
static void a_name_of_ours_stays_with_the_request(void **state)
{
	struct rig *rig = *state;
	struct request request;

	assert_int_equal(dialog_name_us(&rig->dialog, "tenant.example"), 0);
	rig->flow.waiting = true;
	request = begin(rig, MESSAGE_INVITE);
	assert_int_equal(dialog_name_us(&rig->dialog, "other.example"), 0);
	assert_int_equal(request_send(&request, NULL, NULL), 0);
	assert_int_equal(rig->sent.len, 0);
	txn_flow_replaced(rig->layer, &rig->flow, &rig->other);
	assert_non_null(
		strstr(buf_str(&rig->sent), "\r\nVia: SIP/2.0/TLS tenant.example:5071;"));
	rig->flow.waiting = false;
	buf_clear(&rig->sent);
	/* and so of the next ones, until the flow says it again */
	request = begin(rig, MESSAGE_OPTIONS);
	assert_int_equal(request_send(&request, NULL, NULL), 0);
	assert_non_null(
		strstr(buf_str(&rig->sent), "\r\nVia: SIP/2.0/TLS other.example:5061;"));
	assert_int_equal(dialog_name_us(&rig->dialog, ""), 0);
	buf_clear(&rig->sent);
	request = begin(rig, MESSAGE_OPTIONS);
	assert_int_equal(request_send(&request, NULL, NULL), 0);
	assert_non_null(
		strstr(buf_str(&rig->sent), "\r\nVia: SIP/2.0/TLS us.example:5061;"));
}

static void what_could_not_be_composed_is_not_sent(void **state)
{
	struct rig *rig = *state;
	const struct txn_client_user user = {.failed_h = never_h};
	struct request request = begin(rig, MESSAGE_BYE);
	struct request ack = begin(rig, MESSAGE_ACK);

	request.text.err = ERR_TRUST;
	assert_int_equal(request_send(&request, &user, NULL), ERR_TRUST);
	ack.text.err = ERR_TRUST;
	assert_int_equal(request_send_ack(&ack), ERR_TRUST);
	buf_free(&ack.text);
	assert_int_equal(rig->count, 0);
	assert_int_equal(txn_count(rig->layer), 0);
}

static void what_cannot_be_queued_leaves_nothing(void **state)
{
	struct rig *rig = *state;
	const struct txn_client_user user = {.failed_h = never_h};
	struct request request = begin(rig, MESSAGE_BYE);

	rig->send_err = ERR_LIMIT;
	assert_int_equal(request_send(&request, &user, NULL), ERR_LIMIT);
	assert_null(request.text.data);
	assert_int_equal(txn_count(rig->layer), 0);
}

/* ---- on a flow that stands for a connection that is being made ---- */

static void connect_other(struct rig *rig)
{
	rig->flow.waiting = false;
	txn_flow_replaced(rig->layer, &rig->flow, &rig->other);
}

static void waits_and_leaves_by_the_new_connection(void **state)
{
	struct rig *rig = *state;
	const struct txn_client_user user = {.failed_h = failed_h, .arg = rig};
	struct request invite = begin(rig, MESSAGE_INVITE);

	rig->flow.waiting = true;
	assert_int_equal(request_send(&invite, &user, NULL), 0);
	pass(rig, 20000);
	assert_int_equal(rig->count, 0);
	connect_other(rig);
	assert_int_equal(rig->count, 1);
	assert_invite(rig, &invite, "other.example");
	assert_int_equal(rig->flow.users, 0);
	assert_int_equal(rig->other.users, 1);
	pass(rig, 31999); /* Timer B runs from when it was sent */
	assert_int_equal(rig->failed, 0);
	pass(rig, 1);
	assert_int_equal(rig->failed, -ETIMEDOUT);
	pass(rig, 0);
	assert_int_equal(txn_count(rig->layer), 0);
}

static void what_waits_is_not_repeated(void **state)
{
	struct rig *rig = *state;
	struct request bye;

	rig->flow.kind = rig->other.kind = TRANSPORT_UDP;
	rig->flow.waiting = true;
	bye = begin(rig, MESSAGE_BYE);
	assert_int_equal(request_send(&bye, NULL, NULL), 0);
	pass(rig, 10000);
	assert_int_equal(rig->count, 0);
	connect_other(rig);
	assert_int_equal(rig->count, 1);
	pass(rig, 499); /* Timer E */
	assert_int_equal(rig->count, 1);
	pass(rig, 1);
	assert_int_equal(rig->count, 2);
}

static void several_leave_in_their_order(void **state)
{
	struct rig *rig = *state;
	struct request first = begin(rig, MESSAGE_INFO);
	struct request second = begin(rig, MESSAGE_BYE);
	const char *info;

	rig->flow.waiting = true;
	assert_int_equal(request_send(&first, NULL, NULL), 0);
	assert_int_equal(request_send(&second, NULL, NULL), 0);
	connect_other(rig);
	assert_int_equal(rig->count, 2);
	info = strstr(buf_str(&rig->sent), "CSeq: 1 INFO\r\n");
	assert_non_null(info);
	assert_non_null(strstr(info, "CSeq: 2 BYE\r\n"));
}

/* RFC 3261 9.1: CANCEL has the topmost Via of the INVITE. */
static void cancel_fits_the_invite_that_left(void **state)
{
	struct rig *rig = *state;
	struct request invite = begin(rig, MESSAGE_INVITE);
	struct message_fault fault;
	struct message *trying;
	struct txn_client *txn;
	char text[512], via[200];

	rig->flow.waiting = true;
	assert_int_equal(request_send(&invite, NULL, &txn), 0);
	assert_int_equal(txn_client_cancel(txn, NULL), 0);
	connect_other(rig);
	assert_int_equal(rig->count, 1);
	buf_clear(&rig->sent);
	snprintf(via, sizeof(via),
		"Via: SIP/2.0/TLS other.example:5061;branch=%s;rport\r\n", invite.branch);
	snprintf(text, sizeof(text),
		"SIP/2.0 100 Trying\r\n%sFrom: <sip:a@a.example>;tag=1\r\n"
		"To: <sip:b@b.example>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
		"Content-Length: 0\r\n\r\n",
		via);
	assert_int_equal(message_parse(&trying, text, strlen(text), &fault), 0);
	txn_receive(rig->layer, &rig->other, trying, &fault);
	message_unref(trying);
	assert_true(span_starts(buf_span(&rig->sent), "CANCEL "));
	assert_non_null(strstr(buf_str(&rig->sent), via));
}

/* It did not go out: that it had no answer is not the far end's silence. */
static void nothing_waits_for_ever(void **state)
{
	struct rig *rig = *state;
	const struct txn_client_user user = {.failed_h = failed_h, .arg = rig};
	struct request bye = begin(rig, MESSAGE_BYE);

	rig->flow.waiting = true;
	assert_int_equal(request_send(&bye, &user, NULL), 0);
	pass(rig, 32000);
	assert_int_equal(rig->failed, ERR_CLOSED);
	connect_other(rig);
	assert_int_equal(rig->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			is_composed_of_its_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_try_has_its_own_branch_and_cseq, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			ack_is_sent_without_a_transaction, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_name_of_ours_stays_with_the_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_could_not_be_composed_is_not_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_queued_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			waits_and_leaves_by_the_new_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_waits_is_not_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			several_leave_in_their_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			cancel_fits_the_invite_that_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_waits_for_ever, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
