/* The four transaction machines: each state with each event (RFC 3261 17, RFC 6026). */
#include "../unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/timer.h"
#include "sip/txn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRANCH "z9hG4bKbranch"

/* Everything that happens is a word in `trace`. */
struct rig {
	struct clock_virtual clock;
	struct timers *timers;
	struct txn_layer *layer;
	struct flow flow;
	struct txn_client *client;
	struct txn_server *server;
	const char *method;
	char request[512]; /* of the client */
	struct buf trace;
};

/* ---- handlers ---- */

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

static void rig_init(struct rig *rig, enum transport_kind kind, const char *method)
{
	struct txn_times times = {500, 4000, 5000};
	struct txn_handlers handlers = {.request_h = request_h,
		.ack_h = ack_h,
		.unmatched_h = unmatched_h,
		.cancel_h = cancel_h,
		.arg = rig};

	memset(rig, 0, sizeof(*rig));
	clock_virtual_init(&rig->clock, 0);
	rig->method = method;
	flow_init(&rig->flow, &flow_ops, kind, &(struct addr){.len = 0});
	rig->flow.owner = rig;
	buf_init(&rig->trace, 0);
	assert_int_equal(timers_new(&rig->timers, &rig->clock.clock), 0);
	assert_int_equal(txn_layer_new(&rig->layer, rig->timers, &times, &handlers), 0);
}

static void rig_free(struct rig *rig)
{
	txn_layer_free(rig->layer);
	timers_free(rig->timers);
	assert_int_equal(rig->flow.refs, 1);
	assert_int_equal(rig->flow.users, 0);
	buf_free(&rig->trace);
}

static void pass(struct rig *rig, uint64_t ms)
{
	for (; ms > 0; ms--) {
		clock_virtual_advance(&rig->clock, 1000);
		timers_run(rig->timers);
	}
}

static void deliver(struct rig *rig, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void deliver(struct rig *rig, const char *format, ...)
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
	txn_receive(rig->layer, &rig->flow, message, &fault);
	message_unref(message);
}

static void deliver_response(struct rig *rig, int status, const char *method)
{
	deliver(rig,
		"SIP/2.0 %d X\r\nVia: SIP/2.0/UDP a.example;branch=" BRANCH "\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>;tag=2\r\n"
		"Call-ID: c\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
		status, method);
}

static void deliver_request(
	struct rig *rig, const char *method, const char *branch, const char *to_tag)
{
	deliver(rig,
		"%s sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=%s\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:a@a.example>;tag=1\r\n"
		"To: <sip:b@b.example>%s\r\nCall-ID: c\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:a@a.example>\r\nContent-Length: 0\r\n\r\n",
		method, branch, to_tag, method);
}

static void start_client(struct rig *rig)
{
	struct txn_client_user user = {.response_h = response_h,
		.failed_h = client_failed_h,
		.ended_h = client_ended_h,
		.arg = rig};
	bool invite = !strcmp(rig->method, "INVITE");
	int len = snprintf(rig->request, sizeof(rig->request),
		"%s sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=" BRANCH
		"\r\nMax-Forwards: 70\r\nRoute: <sip:p.example;lr>\r\n"
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
				.call = 7,
				.user = &user},
			&rig->client),
		0);
}

/* "icmp" with a number: an error that returns so many bytes of the request, and zeros where
 * there are no more; "icmp-forged": another request to the same place. */
static void receive_icmp(struct rig *rig, const char *event)
{
	char quoted[600] = {0};
	size_t len = strlen(rig->request);

	memcpy(quoted, rig->request, len);
	if (!strcmp(event, "icmp-forged"))
		memset(strstr(quoted, BRANCH), '0', strlen(BRANCH));
	else if (!strcmp(event, "icmp-stranger"))
		quoted[0] = 'X';
	else if (!strcmp(event, "icmp-padded")) /* RFC 4884: a header of version 2 */
		memcpy(quoted + 60, "\x20\0\xab\xcd", 4);
	else
		len = strtoul(event + strlen("icmp"), NULL, 10);
	txn_unreachable(
		rig->layer, &rig->flow, (struct span){quoted, len}, -ECONNREFUSED);
}

/* One event: a number is a response (received by a client, sent by a server), "again" the
 * request, others are words. */
static void client_event(struct rig *rig, const char *event)
{
	if (!strcmp(event, "silence"))
		pass(rig, 33000);
	else if (!strcmp(event, "lost"))
		txn_flow_closed(rig->layer, &rig->flow);
	else if (!strcmp(event, "rest"))
		pass(rig, 6000);
	else if (span_starts(span_of(event), "icmp"))
		receive_icmp(rig, event);
	else if (!strcmp(event, "cancel"))
		buf_add_str(&rig->trace,
			txn_client_cancel(rig->client, NULL) ? "refused " : "");
	else
		deliver_response(rig, atoi(event), rig->method);
}

static void server_event(struct rig *rig, const char *event)
{
	char text[32];
	int err = 0;

	snprintf(text, sizeof(text), "SIP/2.0 %s X", event);
	if (!strcmp(event, "silence"))
		pass(rig, 33000);
	else if (!strcmp(event, "lost"))
		txn_flow_closed(rig->layer, &rig->flow);
	else if (!strcmp(event, "again"))
		deliver_request(rig, rig->method, BRANCH, "");
	else if (!strcmp(event, "ack"))
		deliver_request(rig, "ACK", BRANCH, ";tag=2");
	else
		err = txn_server_respond(rig->server, atoi(event), text, strlen(text));
	if (err)
		buf_add_str(&rig->trace, "refused ");
}

struct row {
	const char *reach; /* events that lead to the state, with blanks */
	const char *event;
	const char *trace;
};

typedef void event_h(struct rig *rig, const char *event);

static void play_row(enum transport_kind kind, const char *method, bool client,
	event_h *h, const struct row *row)
{
	char reach[64];
	char *rest = reach;
	char *event;
	struct rig rig;

	rig_init(&rig, kind, method);
	if (client)
		start_client(&rig);
	else
		deliver_request(&rig, method, BRANCH, "");
	snprintf(reach, sizeof(reach), "%s", row->reach);
	while ((event = strsep(&rest, " ")) != NULL)
		if (*event)
			h(&rig, event);
	buf_clear(&rig.trace);
	h(&rig, row->event);
	if (strcmp(buf_str(&rig.trace), row->trace))
		fail_msg("%s after \"%s\", event %s: \"%s\", not \"%s\"", method,
			row->reach, row->event, buf_str(&rig.trace), row->trace);
	rig_free(&rig);
}

#define PLAY(kind, method, client, h, rows)                                              \
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                      \
	play_row(kind, method, client, h, &rows[i])

/* ---- RFC 3261 figure 5 with RFC 6026 ---- */

static void invite_client_states(void **state)
{
	static const struct row rows[] = {
		/* Calling */
		{"", "180", "<180 "},
		{"", "200", "<200 "},
		{"", "486", ">ACK <486 "},
		{"", "silence",
			">INVITE >INVITE >INVITE >INVITE >INVITE >INVITE timeout ended "},
		{"", "lost", "closed ended "},
		{"", "cancel", ""},
		/* Calling, cancelled: CANCEL waits for a provisional response */
		{"cancel", "180", ">CANCEL <180 "},
		{"cancel", "200", "<200 "},
		{"cancel", "487", ">ACK <487 "},
		{"cancel", "cancel", ""},
		/* Proceeding */
		{"180", "183", "<183 "},
		{"180", "200", "<200 "},
		{"180", "486", ">ACK <486 "},
		{"180", "silence", ""},
		{"180", "lost", "closed ended "},
		{"180", "cancel", ">CANCEL "},
		{"180 cancel", "487", ">ACK <487 "},
		{"180 cancel", "cancel", ""},
		/* Accepted */
		{"180 200", "180", ""},
		{"180 200", "200", "<200 "},
		{"180 200", "486", ""},
		{"180 200", "silence", "ended "},
		{"180 200", "lost", "ended "},
		{"180 200", "cancel", "refused "},
		/* Completed */
		{"486", "180", ""},
		{"486", "200", ""},
		{"486", "486", ">ACK "},
		{"486", "silence", "ended "},
		{"486", "lost", "ended "},
		{"486", "cancel", "refused "},
	};

	(void)state;
	PLAY(TRANSPORT_UDP, "INVITE", true, client_event, rows);
}

/* The branch is what nobody else knows; without it an error must come soon. */
static void icmp_errors_end_what_they_return(void **state)
{
	static const struct row invites[] = {
		{"", "icmp0", "unreachable ended "},
		{"", "icmp8", "unreachable ended "},
		{"", "icmp200", "unreachable ended "},
		{"", "icmp599", "unreachable ended "},
		{"", "icmp-stranger", ""},
		{"", "icmp-forged", ""},
		{"", "icmp-padded", "unreachable ended "},
		{"rest", "icmp0", ""},
		{"rest", "icmp40", ""},
		{"rest", "icmp-forged", ""},
		{"rest", "icmp200", "unreachable ended "},
		{"180", "icmp0", ""},
		{"180", "icmp-forged", ""},
		{"180", "icmp200", "unreachable ended "},
		{"200", "icmp200", ""},
		{"200", "icmp0", ""},
		{"486", "icmp200", ""},
		{"486", "icmp0", ""},
	};
	static const struct row others[] = {
		{"", "icmp0", "unreachable ended "},
		{"rest", "icmp0", ""},
		{"100", "icmp0", ""},
		{"100", "icmp200", "unreachable ended "},
		{"200", "icmp0", ""},
	};

	(void)state;
	PLAY(TRANSPORT_UDP, "INVITE", true, client_event, invites);
	PLAY(TRANSPORT_UDP, "OPTIONS", true, client_event, others);
}

static void invite_client_over_streams(void **state)
{
	static const struct row rows[] = {
		{"", "silence", "timeout ended "},
		{"", "486", ">ACK <486 "},
		{"486", "silence", "ended "},
		{"200", "silence", "ended "},
		/* the classes and their borders */
		{"", "199", "<199 "},
		{"199", "299", "<299 "},
		{"299", "299", "<299 "},
		{"", "300", ">ACK <300 "},
		{"300", "300", ">ACK "},
	};

	(void)state;
	PLAY(TRANSPORT_TLS, "INVITE", true, client_event, rows);
}

/* ---- RFC 3261 figure 6 ---- */

static void other_client_states(void **state)
{
	static const struct row rows[] = {
		/* Trying */
		{"", "100", "<100 "},
		{"", "200", "<200 "},
		{"", "486", "<486 "},
		{"", "silence",
			">OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS "
			">OPTIONS >OPTIONS >OPTIONS timeout ended "},
		{"", "lost", "closed ended "},
		{"", "cancel", "refused "},
		/* Proceeding */
		{"100", "100", "<100 "},
		{"100", "200", "<200 "},
		{"100", "486", "<486 "},
		{"100", "silence",
			">OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS >OPTIONS "
			">OPTIONS timeout ended "},
		{"100", "lost", "closed ended "},
		/* Completed */
		{"200", "100", ""},
		{"200", "200", ""},
		{"200", "486", ""},
		{"200", "silence", "ended "},
		{"200", "lost", "ended "},
	};

	(void)state;
	PLAY(TRANSPORT_UDP, "OPTIONS", true, client_event, rows);
}

/* ---- RFC 3261 figure 7 with RFC 6026 ---- */

static void invite_server_states(void **state)
{
	static const struct row rows[] = {
		/* Proceeding */
		{"", "again", ""},
		{"180", "again", ">180 "},
		{"", "ack", ""},
		{"", "180", ">180 "},
		{"", "200", ">200 "},
		{"", "486", ">486 "},
		{"", "silence", ""},
		{"", "lost", "failed ended "},
		/* Accepted */
		{"200", "again", ""},
		{"200", "ack", "ack "},
		{"200", "180", "refused "},
		{"200", "200", ">200 "},
		{"200", "486", "refused "},
		{"200", "silence", "ended "},
		{"200", "lost", "ended "},
		/* Completed */
		{"486", "again", ">486 "},
		{"486", "ack", ""},
		{"486", "180", "refused "},
		{"486", "200", "refused "},
		{"486", "486", "refused "},
		{"486", "silence",
			">486 >486 >486 >486 >486 >486 >486 >486 >486 >486 failed "
			"ended "},
		{"486", "lost", "failed ended "},
		/* Confirmed */
		{"486 ack", "again", ""},
		{"486 ack", "ack", ""},
		{"486 ack", "180", "refused "},
		{"486 ack", "200", "refused "},
		{"486 ack", "486", "refused "},
		{"486 ack", "silence", "ended "},
		{"486 ack", "lost", "ended "},
		/* the classes and their borders */
		{"199", "again", ">199 "},
		{"199", "299", ">299 "},
		{"299", "ack", "ack "},
		{"300", "ack", ""},
		{"300", "again", ">300 "},
	};

	(void)state;
	PLAY(TRANSPORT_UDP, "INVITE", false, server_event, rows);
}

static void invite_server_over_streams(void **state)
{
	static const struct row rows[] = {
		{"486", "silence", "failed ended "},
		{"486", "ack", ""},
		{"200", "silence", "ended "},
	};

	(void)state;
	PLAY(TRANSPORT_TLS, "INVITE", false, server_event, rows);
}

/* ---- RFC 3261 figure 8 ---- */

static void other_server_states(void **state)
{
	static const struct row rows[] = {
		/* Trying */
		{"", "again", ""},
		{"", "100", ">100 "},
		{"", "200", ">200 "},
		{"", "404", ">404 "},
		{"", "silence", ""},
		{"", "lost", "failed ended "},
		/* Proceeding */
		{"100", "again", ">100 "},
		{"100", "100", ">100 "},
		{"100", "200", ">200 "},
		{"100", "404", ">404 "},
		{"100", "silence", ""},
		{"100", "lost", "failed ended "},
		/* Completed */
		{"200", "again", ">200 "},
		{"200", "100", "refused "},
		{"200", "200", "refused "},
		{"200", "404", "refused "},
		{"200", "silence", "ended "},
		{"200", "lost", "ended "},
		{"199", "again", ">199 "},
		{"300", "again", ">300 "},
		{"300", "silence", "ended "},
	};

	(void)state;
	PLAY(TRANSPORT_UDP, "OPTIONS", false, server_event, rows);
}

/* ---- matching ---- */

static void assert_trace(struct rig *rig, const char *trace)
{
	assert_string_equal(buf_str(&rig->trace), trace);
	buf_clear(&rig->trace);
}

static void cancel_finds_its_invite(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver_request(&rig, "CANCEL", BRANCH, "");
	assert_trace(&rig, ">481 ");
	deliver_request(&rig, "INVITE", "z9hG4bKother", "");
	deliver_request(&rig, "CANCEL", "z9hG4bKother", "");
	assert_trace(&rig, "<INVITE >200 cancel ");
	/* after the final response CANCEL has no effect */
	deliver_request(&rig, "INVITE", "z9hG4bKlate", ";tag=2");
	assert_int_equal(txn_server_reply(rig.server, 486, NULL, NULL, NULL), 0);
	deliver_request(&rig, "CANCEL", "z9hG4bKlate", ";tag=2");
	assert_trace(&rig, "<INVITE >486 >200 ");
	rig_free(&rig);
}

static void a_second_path_is_merged(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver_request(&rig, "INVITE", "z9hG4bKone", "");
	deliver_request(&rig, "INVITE", "z9hG4bKtwo", "");
	assert_trace(&rig, "<INVITE >482 ");
	assert_int_equal(txn_count(rig.layer), 1);
	/* within a dialog nothing is merged */
	deliver_request(&rig, "INVITE", "z9hG4bKthree", ";tag=2");
	assert_trace(&rig, "<INVITE ");
	rig_free(&rig);
	/* nor is one that came first and is over */
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	for (unsigned i = 0; i < 2; i++) {
		deliver_request(&rig, "INVITE", i ? "z9hG4bKtwo" : "z9hG4bKone", "");
		assert_int_equal(txn_server_reply(rig.server, 486, NULL, NULL, NULL), 0);
		assert_trace(&rig, "<INVITE >486 ");
		pass(&rig, 33000);
		assert_int_equal(txn_count(rig.layer), 0);
		buf_clear(&rig.trace);
	}
	rig_free(&rig);
}

static void old_branches_match_by_content(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver_request(&rig, "INVITE", "1", "");
	deliver_request(&rig, "INVITE", "1", "");
	assert_trace(&rig, "<INVITE ");
	assert_int_equal(txn_server_reply(rig.server, 486, NULL, NULL, NULL), 0);
	deliver_request(&rig, "ACK", "1", ";tag=2");
	assert_trace(&rig, ">486 ");
	pass(&rig, 6000);
	assert_int_equal(txn_count(rig.layer), 0);
	rig_free(&rig);
}

static void strays_are_told(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver_response(&rig, 200, "INVITE");
	deliver_request(&rig, "ACK", BRANCH, ";tag=2");
	assert_trace(&rig, "stray:200 ack ");
	/* the method is part of the match */
	start_client(&rig);
	buf_clear(&rig.trace);
	deliver_response(&rig, 200, "BYE");
	assert_trace(&rig, "stray:200 ");
	rig_free(&rig);
}

static void requests_at_fault_are_answered(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver(&rig,
		"INVITE sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\n"
		"Call-ID: c\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
	assert_trace(&rig, ">400 ");
	deliver(&rig,
		"ACK sip:b@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
		"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\n"
		"Call-ID: c\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
	assert_trace(&rig, "");
	assert_int_equal(txn_count(rig.layer), 0);
	rig_free(&rig);
}

static void detached_users_hear_nothing(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	start_client(&rig);
	txn_client_detach(rig.client);
	buf_clear(&rig.trace);
	deliver_response(&rig, 486, "INVITE");
	assert_trace(&rig, ">ACK ");
	pass(&rig, 33000);
	assert_trace(&rig, "");
	assert_int_equal(txn_count(rig.layer), 0);
	rig_free(&rig);
}

static void branches_differ(void **state)
{
	char one[TXN_BRANCH_SIZE];
	char two[TXN_BRANCH_SIZE];

	(void)state;
	txn_branch(one);
	txn_branch(two);
	assert_int_equal(strncmp(one, "z9hG4bK", 7), 0);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_client_states),
		cmocka_unit_test(icmp_errors_end_what_they_return),
		cmocka_unit_test(invite_client_over_streams),
		cmocka_unit_test(other_client_states),
		cmocka_unit_test(invite_server_states),
		cmocka_unit_test(invite_server_over_streams),
		cmocka_unit_test(other_server_states),
		cmocka_unit_test(cancel_finds_its_invite),
		cmocka_unit_test(a_second_path_is_merged),
		cmocka_unit_test(old_branches_match_by_content),
		cmocka_unit_test(strays_are_told),
		cmocka_unit_test(requests_at_fault_are_answered),
		cmocka_unit_test(detached_users_hear_nothing),
		cmocka_unit_test(branches_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
