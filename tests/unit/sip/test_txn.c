/* The four transaction machines: each state with each event (RFC 3261 17, RFC 6026). */
#include "txn_test.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	else if (!strcmp(event, "5.5s"))
		pass(rig, 5500); /* two seconds after the request went out again */
	else if (!strcmp(event, "ms"))
		pass(rig, 1);
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
		{"5.5s", "icmp0", "unreachable ended "},
		{"5.5s ms", "icmp0", ""},
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

/* When something happens after the events REACH, in milliseconds from the last one on, as words
 * of the trace with their time before them. */
static void assert_times(enum transport_kind kind, const char *method, bool client,
	const char *reach, const char *times)
{
	event_h *h = client ? client_event : server_event;
	char events[64], *rest = events, *event;
	struct rig rig;
	struct buf all;

	buf_init(&all, 0);
	rig_init(&rig, kind, method);
	if (client)
		start_client(&rig);
	else
		deliver_request(&rig, method, BRANCH, "");
	snprintf(events, sizeof(events), "%s", reach);
	while ((event = strsep(&rest, " ")) != NULL)
		if (*event)
			h(&rig, event);
	for (unsigned ms = 1; ms <= 40000; ms++) {
		buf_clear(&rig.trace);
		pass(&rig, 1);
		if (rig.trace.len)
			buf_printf(&all, "%u %s", ms, buf_str(&rig.trace));
	}
	if (strcmp(all.len ? buf_str(&all) : "", times))
		fail_msg("%s after \"%s\": \"%s\", not \"%s\"", method, reach,
			all.len ? buf_str(&all) : "", times);
	buf_free(&all);
	rig_free(&rig);
}

/* RFC 3261, table 4, and RFC 6026. */
static void clients_keep_their_times(void **state)
{
	(void)state;
	assert_times(TRANSPORT_UDP, "INVITE", true, "",
		"500 >INVITE 1500 >INVITE 3500 >INVITE 7500 >INVITE 15500 >INVITE "
		"31500 >INVITE 32000 timeout ended ");
	assert_times(TRANSPORT_TCP, "INVITE", true, "", "32000 timeout ended ");
	assert_times(TRANSPORT_UDP, "INVITE", true, "180", "");
	assert_times(TRANSPORT_UDP, "INVITE", true, "180 cancel",
		"500 >CANCEL 1500 >CANCEL 3500 >CANCEL 7500 >CANCEL 11500 >CANCEL "
		"15500 >CANCEL 19500 >CANCEL 23500 >CANCEL 27500 >CANCEL "
		"31500 >CANCEL 32000 timeout ended ");
	assert_times(TRANSPORT_TCP, "INVITE", true, "180 cancel", "32000 timeout ended ");
	assert_times(TRANSPORT_TCP, "INVITE", true, "cancel 180", "32000 timeout ended ");
	assert_times(TRANSPORT_UDP, "INVITE", true, "200", "32000 ended ");
	assert_times(TRANSPORT_TCP, "INVITE", true, "200", "32000 ended ");
	assert_times(TRANSPORT_UDP, "INVITE", true, "486", "32000 ended ");
	assert_times(TRANSPORT_TCP, "INVITE", true, "486", "1 ended ");
	assert_times(TRANSPORT_UDP, "OPTIONS", true, "",
		"500 >OPTIONS 1500 >OPTIONS 3500 >OPTIONS 7500 >OPTIONS 11500 >OPTIONS "
		"15500 >OPTIONS 19500 >OPTIONS 23500 >OPTIONS 27500 >OPTIONS "
		"31500 >OPTIONS 32000 timeout ended ");
	assert_times(TRANSPORT_UDP, "OPTIONS", true, "100",
		"500 >OPTIONS 4500 >OPTIONS 8500 >OPTIONS 12500 >OPTIONS 16500 >OPTIONS "
		"20500 >OPTIONS 24500 >OPTIONS 28500 >OPTIONS 32000 timeout ended ");
	assert_times(TRANSPORT_TCP, "OPTIONS", true, "", "32000 timeout ended ");
	assert_times(TRANSPORT_UDP, "OPTIONS", true, "200", "5000 ended ");
	assert_times(TRANSPORT_TCP, "OPTIONS", true, "200", "1 ended ");
}

static void servers_keep_their_times(void **state)
{
	(void)state;
	assert_times(TRANSPORT_UDP, "INVITE", false, "180", "");
	assert_times(TRANSPORT_UDP, "INVITE", false, "486",
		"500 >486 1500 >486 3500 >486 7500 >486 11500 >486 15500 >486 "
		"19500 >486 23500 >486 27500 >486 31500 >486 32000 failed ended ");
	assert_times(TRANSPORT_TCP, "INVITE", false, "486", "32000 failed ended ");
	assert_times(TRANSPORT_UDP, "INVITE", false, "486 ack", "5000 ended ");
	assert_times(TRANSPORT_TCP, "INVITE", false, "486 ack", "1 ended ");
	assert_times(TRANSPORT_UDP, "INVITE", false, "200", "32000 ended ");
	assert_times(TRANSPORT_TCP, "INVITE", false, "200", "32000 ended ");
	assert_times(TRANSPORT_UDP, "OPTIONS", false, "200", "32000 ended ");
	assert_times(TRANSPORT_TCP, "OPTIONS", false, "200", "1 ended ");
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

#define SIBLING                                                                          \
	"Via: SIP/2.0/UDP a.example;branch=" BRANCH "\r\nMax-Forwards: 70\r\n"           \
	"Route: <sip:p.example;lr>\r\nRoute: <sip:q.example;lr>\r\n"                     \
	"From: <sip:a@a.example>;tag=1\r\n"

/* RFC 3261 9.1 and 17.1.1.3. */
static void ack_and_cancel_are_made_of_their_invite(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	start_client(&rig);
	deliver_response(&rig, 180, "INVITE");
	assert_int_equal(txn_client_cancel(rig.client, "Reason: SIP;cause=200\r\n"), 0);
	assert_string_equal(buf_str(&rig.sent),
		"CANCEL sip:b@b.example SIP/2.0\r\n" SIBLING
		"To: <sip:b@b.example>\r\nCall-ID: c\r\nCSeq: 1 CANCEL\r\n"
		"Reason: SIP;cause=200\r\nContent-Length: 0\r\n\r\n");
	deliver_response(&rig, 487, "INVITE");
	assert_string_equal(buf_str(&rig.sent),
		"ACK sip:b@b.example SIP/2.0\r\n" SIBLING
		"To: <sip:b@b.example>;tag=2\r\nCall-ID: c\r\nCSeq: 1 ACK\r\n"
		"Content-Length: 0\r\n\r\n");
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

/* RFC 3261 17.2.3: what tells transactions apart, with a branch of today and with one of old. */
static void a_request_is_the_same_or_another(void **state)
{
	static const struct {
		const char *uri, *sent_by, *tag, *call_id;
		unsigned cseq;
		bool same, same_old; /* as the first one */
	} cases[] = {
		{"b", "a.example:5070", "1", "c", 1, true, true},
		{"b", "a.example:5071", "1", "c", 1, false, false},
		{"b", "a.example", "1", "c", 1, false, false},
		{"b", "b.example:5070", "1", "c", 1, false, false},
		{"x", "a.example:5070", "1", "c", 1, true, false},
		{"b", "a.example:5070", "2", "c", 1, true, false},
		{"b", "a.example:5070", "1", "d", 1, true, false},
		{"b", "a.example:5070", "1", "c", 2, true, false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *branch = i % 2 ? "1" : BRANCH;
		const size_t rows[] = {0, i / 2};
		struct rig rig;

		rig_init(&rig, TRANSPORT_UDP, "OPTIONS");
		for (size_t k = 0; k < 2; k++) {
			buf_clear(&rig.trace);
			deliver(&rig,
				"OPTIONS sip:%s SIP/2.0\r\n"
				"Via: SIP/2.0/UDP %s;branch=%s\r\n"
				"From: <sip:a@a>;tag=%s\r\nTo: <sip:b@b>;tag=2\r\n"
				"Call-ID: %s\r\nCSeq: %u OPTIONS\r\n"
				"Content-Length: 0\r\n\r\n",
				cases[rows[k]].uri, cases[rows[k]].sent_by, branch,
				cases[rows[k]].tag, cases[rows[k]].call_id,
				cases[rows[k]].cseq);
		}
		if ((rig.trace.len == 0) !=
			(i % 2 ? cases[i / 2].same_old : cases[i / 2].same))
			fail_msg("case %zu with branch %s", i / 2, branch);
		rig_free(&rig);
	}
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

/* Branches are no secret: who is not the peer that a transaction is with has no part in it. */
static void others_do_not_belong_to_a_transaction(void **state)
{
	static char id[] = "server one", same_id[] = "server one",
		    other_id[] = "server two";
	static const struct peer one = {.id = id}, again = {.id = same_id},
				 two = {.id = other_id};
	static const struct {
		const struct peer *ours, *theirs;
		bool same;
	} cases[] = {
		{NULL, NULL, true},
		{&one, &one, true},
		{&one, &again, true},
		{&one, &two, false},
		{&one, NULL, false},
		{NULL, &two, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow other = {.peer = cases[i].theirs};
		struct rig rig;

		rig_init(&rig, TRANSPORT_TLS, "INVITE");
		rig_init_flow(&rig, &other, TRANSPORT_TLS);
		rig.flow.peer = cases[i].ours;
		start_client(&rig);
		deliver_request(&rig, "INVITE", BRANCH, "");
		buf_clear(&rig.trace);
		rig.from = &other;
		deliver_response(&rig, 180, "INVITE");
		assert_trace(&rig, cases[i].same ? "<180 " : "stray:180 ");
		deliver_request(&rig, "CANCEL", BRANCH, "");
		assert_trace(&rig, cases[i].same ? ">200 cancel " : ">481 ");
		rig_free(&rig);
	}
}

/* Only what comes by FLOW->id 1000 is of the peer. */
static bool is_known(void *arg, const struct flow *flow, const struct flow *other)
{
	struct rig *rig = arg;

	assert_ptr_equal(other, &rig->flow);
	return flow->id == 1000;
}

static void the_layer_above_says_who_is_the_same(void **state)
{
	struct flow other = {.peer = NULL};
	struct rig rig;

	(void)state;
	rig_init_with(&rig, TRANSPORT_TLS, "INVITE", is_known);
	rig_init_flow(&rig, &other, TRANSPORT_TLS);
	start_client(&rig);
	buf_clear(&rig.trace);
	rig.from = &other;
	deliver_response(&rig, 180, "INVITE");
	assert_trace(&rig, "stray:180 ");
	other.id = 1000;
	deliver_response(&rig, 180, "INVITE");
	assert_trace(&rig, "<180 ");
	rig_free(&rig);
}

static unsigned asked_port;

static struct flow *at_port(struct flow *flow, uint16_t port)
{
	asked_port = port;
	return flow_ref(flow);
}

/* RFC 3261 18.2.2: over UDP, where it does not ask for the port that it came from. */
static void answers_go_to_the_port_of_the_via(void **state)
{
	static const struct {
		const char *sent_by;
		unsigned port; /* 0: back to where it came from */
	} cases[] = {
		{"a.example", 5060},
		{"a.example:5070", 5070},
		{"a.example:5080", 0},
		{"a.example;rport", 0},
		{"a.example:5070;rport", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_ops ops;
		struct rig rig;

		rig_init(&rig, TRANSPORT_UDP, "OPTIONS");
		ops = *rig.flow.ops;
		ops.at_port = at_port;
		rig.flow.ops = &ops;
		assert_int_equal(addr_parse(&rig.flow.remote, "192.0.2.1", 5080), 0);
		asked_port = 0;
		deliver(&rig,
			"OPTIONS sip:b@b.example SIP/2.0\r\n"
			"Via: SIP/2.0/UDP %s;branch=z9hG4bK1\r\n"
			"From: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\n"
			"Call-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			cases[i].sent_by);
		assert_trace(&rig, "<OPTIONS ");
		assert_int_equal(asked_port, cases[i].port);
		rig_free(&rig);
	}
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

static void detached_server_users_hear_nothing(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, TRANSPORT_UDP, "INVITE");
	deliver_request(&rig, "INVITE", BRANCH, "");
	assert_int_equal(txn_server_reply(rig.server, 486, NULL, NULL, NULL), 0);
	assert_ptr_equal(txn_server_user_arg(rig.server), &rig);
	txn_server_detach(rig.server);
	assert_null(txn_server_user_arg(rig.server));
	buf_clear(&rig.trace);
	txn_flow_closed(rig.layer, &rig.flow);
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
	assert_int_equal(strlen(one), 7 + 24); /* 96 bits are not guessed */
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invite_client_states),
		cmocka_unit_test(icmp_errors_end_what_they_return),
		cmocka_unit_test(clients_keep_their_times),
		cmocka_unit_test(servers_keep_their_times),
		cmocka_unit_test(invite_client_over_streams),
		cmocka_unit_test(other_client_states),
		cmocka_unit_test(invite_server_states),
		cmocka_unit_test(invite_server_over_streams),
		cmocka_unit_test(other_server_states),
		cmocka_unit_test(cancel_finds_its_invite),
		cmocka_unit_test(ack_and_cancel_are_made_of_their_invite),
		cmocka_unit_test(a_second_path_is_merged),
		cmocka_unit_test(old_branches_match_by_content),
		cmocka_unit_test(a_request_is_the_same_or_another),
		cmocka_unit_test(strays_are_told),
		cmocka_unit_test(others_do_not_belong_to_a_transaction),
		cmocka_unit_test(the_layer_above_says_who_is_the_same),
		cmocka_unit_test(answers_go_to_the_port_of_the_via),
		cmocka_unit_test(requests_at_fault_are_answered),
		cmocka_unit_test(detached_users_hear_nothing),
		cmocka_unit_test(detached_server_users_hear_nothing),
		cmocka_unit_test(branches_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
