#include "txn_test.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int send_h(struct flow *flow, const char *data, size_t len)
{
	struct rig *rig = flow->owner;
	struct span text = {data, len};
	struct span first, second;

	span_next(&text, ' ', &first);
	span_next(&text, ' ', &second);
	if (span_equal_str(first, "SIP/2.0"))
		first = second;
	buf_printf(&rig->trace, ">%.*s ", SPAN_ARG(first));
	buf_clear(&rig->sent);
	buf_add(&rig->sent, data, len);
	return 0;
}

static void free_h(struct flow *flow)
{
	(void)flow;
}

static const struct flow_ops flow_ops = {.send = send_h, .free = free_h};

static void response_h(void *arg, struct txn_client *txn, struct message *response)
{
	struct rig *rig = arg;

	(void)txn;
	buf_printf(&rig->trace, "<%d ", message_status(response));
}

static void client_failed_h(void *arg, struct txn_client *txn, int err)
{
	struct rig *rig = arg;

	(void)txn;
	buf_printf(&rig->trace, "%s ",
		err == ERR_CLOSED      ? "closed"
		: err == -ETIMEDOUT    ? "timeout"
		: err == -ECONNREFUSED ? "unreachable"
				       : "?");
}

static void client_ended_h(void *arg, struct txn_client *txn)
{
	struct rig *rig = arg;

	(void)txn;
	rig->client = NULL;
	buf_add_str(&rig->trace, "ended ");
}

static void server_failed_h(void *arg, struct txn_server *txn)
{
	struct rig *rig = arg;

	(void)txn;
	buf_add_str(&rig->trace, "failed ");
}

static void server_ended_h(void *arg, struct txn_server *txn)
{
	struct rig *rig = arg;

	if (txn == rig->server)
		rig->server = NULL;
	buf_add_str(&rig->trace, "ended ");
}

static void request_h(void *arg, struct txn_server *txn, struct message *request)
{
	struct rig *rig = arg;
	struct txn_server_user user = {
		.failed_h = server_failed_h, .ended_h = server_ended_h, .arg = rig};

	buf_printf(&rig->trace, "<%.*s ", SPAN_ARG(message_method_name(request)));
	rig->server = txn;
	txn_server_attach(txn, &user);
}

static void ack_h(void *arg, struct flow *flow, struct message *ack)
{
	struct rig *rig = arg;

	(void)flow;
	(void)ack;
	buf_add_str(&rig->trace, "ack ");
}

static void unmatched_h(void *arg, struct flow *flow, struct message *response)
{
	struct rig *rig = arg;

	(void)flow;
	buf_printf(&rig->trace, "stray:%d ", message_status(response));
}

static void cancel_h(void *arg, struct txn_server *invite, struct message *cancel)
{
	struct rig *rig = arg;

	(void)invite;
	(void)cancel;
	buf_add_str(&rig->trace, "cancel ");
}

/* ---- the rig ---- */

void rig_init_flow(struct rig *rig, struct flow *flow, enum transport_kind kind)
{
	flow_init(flow, &flow_ops, kind, &(struct addr){.len = 0});
	flow->owner = rig;
}

void rig_init_with(struct rig *rig, enum transport_kind kind, const char *method,
	bool (*same_h)(void *arg, const struct flow *flow, const struct flow *other))
{
	struct txn_times times = {500, 4000, 5000};
	struct txn_handlers handlers = {.request_h = request_h,
		.ack_h = ack_h,
		.unmatched_h = unmatched_h,
		.cancel_h = cancel_h,
		.same_h = same_h,
		.arg = rig};

	memset(rig, 0, sizeof(*rig));
	clock_virtual_init(&rig->clock, 0);
	rig->clock.mono_us = 3600 * 1000000ULL; /* the machine runs for a while */
	rig->method = method;
	rig_init_flow(rig, &rig->flow, kind);
	rig->from = &rig->flow;
	buf_init(&rig->trace, 0);
	buf_init(&rig->sent, 0);
	assert_int_equal(timers_new(&rig->timers, &rig->clock.clock), 0);
	assert_int_equal(txn_layer_new(&rig->layer, rig->timers, &times, &handlers), 0);
}

void rig_init(struct rig *rig, enum transport_kind kind, const char *method)
{
	rig_init_with(rig, kind, method, NULL);
}

void rig_free(struct rig *rig)
{
	txn_layer_free(rig->layer);
	timers_free(rig->timers);
	assert_int_equal(rig->flow.refs, 1);
	assert_int_equal(rig->flow.users, 0);
	buf_free(&rig->trace);
	buf_free(&rig->sent);
}

void pass(struct rig *rig, uint64_t ms)
{
	for (; ms > 0; ms--) {
		clock_virtual_advance(&rig->clock, 1000);
		timers_run(rig->timers);
	}
}

void deliver(struct rig *rig, const char *format, ...)
{
	struct message_fault fault;
	struct message *message;
	char text[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_true(len > 0 && (size_t)len < sizeof(text));
	assert_int_equal(message_parse(&message, text, (size_t)len, &fault), 0);
	txn_receive(rig->layer, rig->from, message, &fault);
	message_unref(message);
}

void deliver_response(struct rig *rig, int status, const char *method)
{
	deliver(rig,
		"SIP/2.0 %d X\r\nVia: SIP/2.0/UDP a.example;branch=" BRANCH "\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>;tag=2\r\n"
		"Call-ID: c\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		status, method);
}

void deliver_request(
	struct rig *rig, const char *method, const char *branch, const char *to_tag)
{
	deliver(rig,
		"%s sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=%s\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:a@a.example>;tag=1\r\n"
		"To: <sip:b@b.example>%s\r\nCall-ID: c\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:a@a.example>\r\nContent-Length: 0\r\n\r\n",
		method, branch, to_tag, method);
}

void start_client(struct rig *rig)
{
	struct txn_client_user user = {.response_h = response_h,
		.failed_h = client_failed_h,
		.ended_h = client_ended_h,
		.arg = rig};
	bool invite = !strcmp(rig->method, "INVITE");
	int len = snprintf(rig->request, sizeof(rig->request),
		"%s sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=" BRANCH
		"\r\nMax-Forwards: 70\r\nRoute: <sip:p.example;lr>\r\n"
		"Route: <sip:q.example;lr>\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\nCall-ID: c\r\n"
		"CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		rig->method, rig->method);

	assert_int_equal(
		txn_client_start(rig->layer,
			&(struct txn_client_params){.flow = &rig->flow,
				.method = invite ? MESSAGE_INVITE : MESSAGE_OPTIONS,
				.branch = BRANCH,
				.request = strdup(rig->request),
				.request_len = (size_t)len,
				.owner = 7,
				.user = &user},
			&rig->client),
		0);
}
