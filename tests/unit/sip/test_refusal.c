/* What is refused or dropped leaves a line, a counter and a Warning; lines have a limit. */
#include "../unit.h"

#include "base/buf.h"
#include "base/log_limit.h"
#include "base/timer.h"
#include "sip/txn.h"

#include <stdio.h>
#include <string.h>

struct rig {
	struct clock_virtual clock;
	struct timers *timers;
	struct txn_layer *layer;
	struct flow flow;
	struct txn_refusal refusal; /* by which requests are refused */
	int reply;                  /* not 0: they are answered so, and not refused */
	struct buf sent;
	struct buf log;
	unsigned lines;
};

static int send_h(struct flow *flow, const char *data, size_t len)
{
	struct rig *rig = flow->owner;

	buf_clear(&rig->sent);
	buf_add(&rig->sent, data, len);
	return 0;
}

static void free_h(struct flow *flow)
{
	(void)flow;
}

static const struct flow_ops flow_ops = {.send = send_h, .free = free_h};

static void request_h(void *arg, struct txn_server *txn, struct message *request)
{
	struct rig *rig = arg;

	(void)request;
	if (rig->reply)
		assert_int_equal(txn_server_reply(txn, rig->reply, NULL, NULL, NULL), 0);
	else
		assert_int_equal(txn_server_refuse(txn, NULL, &rig->refusal), 0);
}

static void ack_h(void *arg, struct flow *flow, struct message *ack)
{
	(void)arg;
	(void)flow;
	(void)ack;
}

static void unmatched_h(void *arg, struct flow *flow, struct message *response)
{
	(void)arg;
	(void)flow;
	(void)response;
}

static const char *name_h(
	void *arg, const struct flow *flow, char buf[static TXN_NAME_SIZE])
{
	(void)arg;
	(void)flow;
	strcpy(buf, "med.example");
	return buf;
}

static void sink_h(void *arg, enum log_level level, const char *line)
{
	struct rig *rig = arg;

	(void)level;
	buf_clear(&rig->log);
	buf_add_str(&rig->log, line);
	rig->lines++;
}

static void rig_init(struct rig *rig, enum log_level level)
{
	struct txn_times times = {500, 4000, 5000};
	struct txn_handlers handlers = {.request_h = request_h,
		.ack_h = ack_h,
		.unmatched_h = unmatched_h,
		.name_h = name_h,
		.arg = rig};
	struct addr remote;

	memset(rig, 0, sizeof(*rig));
	clock_virtual_init(&rig->clock, 5000000);
	assert_int_equal(addr_parse(&remote, "192.0.2.7:5062", 0), 0);
	flow_init(&rig->flow, &flow_ops, TRANSPORT_TCP, &remote);
	rig->flow.owner = rig;
	buf_init(&rig->sent, 0);
	buf_init(&rig->log, 0);
	assert_int_equal(timers_new(&rig->timers, &rig->clock.clock), 0);
	assert_int_equal(txn_layer_new(&rig->layer, rig->timers, &times, &handlers), 0);
	log_set_level(level);
	log_set_sink(sink_h, rig);
}

static void rig_free(struct rig *rig)
{
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	txn_layer_free(rig->layer);
	timers_free(rig->timers);
	buf_free(&rig->sent);
	buf_free(&rig->log);
}

static void deliver(struct rig *rig, const char *text)
{
	struct message_fault fault;
	struct message *message;

	assert_int_equal(message_parse(&message, text, strlen(text), &fault), 0);
	txn_receive(rig->layer, &rig->flow, message, &fault);
	message_unref(message);
}

static void assert_has(struct buf *buf, const char *text)
{
	if (!buf->len || !strstr(buf_str(buf), text))
		fail_msg("no '%s' in '%s'", text, buf->len ? buf_str(buf) : "");
}

static uint64_t count_of(const struct rig *rig, const char *word)
{
	const char *reason;
	uint64_t count;

	for (unsigned i = 0; txn_refused(rig->layer, i, &reason, &count); i++) {
		if (!strcmp(reason, word))
			return count;
	}
	fail_msg("no reason %s", word);
	return 0;
}

#define TAIL                                                                             \
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: \"c\r\n"                     \
	"Content-Length: 0\r\n\r\n"
#define INVITE                                                                           \
	"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK%s\r\n"              \
	"CSeq: 1 INVITE\r\n" TAIL
#define OPTIONS                                                                          \
	"OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK2\r\n"              \
	"CSeq: 1 OPTIONS\r\n" TAIL

static void an_invite_is_refused_with_line_counter_and_warning(void **state)
{
	char expected[300];
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.refusal = (struct txn_refusal){.status = 420,
		.where = "Require",
		.why = "not supported: \"x\"\xff\\",
		.extra = "Unsupported: x\r\n"};
	deliver(&rig, INVITE);
	assert_has(&rig.sent, "SIP/2.0 420 Bad Extension\r\n");
	assert_has(&rig.sent, "\r\nWarning: 399 med.example \"not supported: 'x'?' "
			      "(header Require)\"\r\n"
			      "Unsupported: x\r\n");
	snprintf(expected, sizeof(expected),
		"info txn event=refused remote=192.0.2.7:5062 method=\"INVITE\" "
		"status=420 "
		"header=Require reason=\"not supported: \\\"x\\\"\\xff\\\\\" "
		"call-id=\"\\\"c\" flow=%llu",
		(unsigned long long)rig.flow.id);
	assert_string_equal(buf_str(&rig.log), expected);
	assert_int_equal(rig.lines, 1);
	assert_int_equal(count_of(&rig, "extension"), 1);
	assert_int_equal(count_of(&rig, "malformed"), 0);
	rig_free(&rig);
}

static void a_long_warning_is_cut(void **state)
{
	static const char begin[] = "Warning: 399 med.example \"";
	char why[300];
	const char *text;
	struct rig rig;

	(void)state;
	memset(why, 'w', sizeof(why));
	why[sizeof(why) - 1] = '\0';
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.refusal = (struct txn_refusal){.status = 488, .why = why};
	deliver(&rig, INVITE);
	text = strstr(buf_str(&rig.sent), begin);
	assert_non_null(text);
	text += strlen(begin);
	assert_int_equal(strspn(text, "w"), 200);
	assert_int_equal(strncmp(text + 200, "\"\r\n", 3), 0);
	rig_free(&rig);
}

static void other_methods_are_told_at_debug(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.refusal = (struct txn_refusal){.status = 405, .extra = "Allow: INVITE\r\n"};
	deliver(&rig, OPTIONS);
	assert_has(&rig.sent, "SIP/2.0 405 Method Not Allowed\r\n");
	assert_has(&rig.sent, "\r\nAllow: INVITE\r\n");
	assert_null(strstr(buf_str(&rig.sent), "Warning"));
	assert_int_equal(rig.lines, 0);
	assert_int_equal(count_of(&rig, "method"), 1);
	rig_free(&rig);
	rig_init(&rig, LOG_LEVEL_DEBUG);
	rig.refusal = (struct txn_refusal){.status = 405};
	deliver(&rig, OPTIONS);
	assert_int_equal(rig.lines, 1);
	assert_has(&rig.log,
		"debug txn event=refused remote=192.0.2.7:5062 method=\"OPTIONS\" "
		"status=405 reason=\"Method Not Allowed\"");
	rig_free(&rig);
}

static void a_fault_is_answered_with_its_header(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	deliver(&rig, "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: 1 INVITE\r\nMax-Forwards: x\r\n" TAIL);
	assert_has(&rig.sent, "SIP/2.0 400 Bad Max-Forwards\r\n");
	assert_has(&rig.sent, "Warning: 399 med.example \"Bad Max-Forwards (header "
			      "Max-Forwards)\"\r\n");
	assert_has(
		&rig.log, "status=400 header=Max-Forwards reason=\"Bad Max-Forwards\"");
	assert_int_equal(count_of(&rig, "malformed"), 1);
	assert_int_equal(txn_count(rig.layer), 0);
	rig_free(&rig);
}

/* Without a readable Via, or as a response or an ACK, it cannot be answered. */
static void what_cannot_be_answered_is_told(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	deliver(&rig, "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a b;;\r\nCSeq: 1 "
		      "INVITE\r\n" TAIL);
	assert_has(&rig.log,
		"info txn event=dropped remote=192.0.2.7:5062 method=\"INVITE\" status=0 "
		"header=Via reason=\"Bad Via\"");
	deliver(&rig, "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: x INVITE\r\n" TAIL);
	assert_has(&rig.log, "event=dropped remote=192.0.2.7:5062 response-to=");
	assert_has(&rig.log, "status=200 header=CSeq reason=\"Bad CSeq\"");
	deliver(&rig, "ACK sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: 1 INVITE\r\n" TAIL);
	assert_int_equal(rig.sent.len, 0);
	assert_int_equal(count_of(&rig, "dropped"), 3);
	rig_free(&rig);
}

static void lines_are_limited_and_the_rest_is_counted(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	for (unsigned i = 0; i < 50; i++)
		deliver(&rig,
			"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
			"CSeq: 1 BYE\r\n" TAIL);
	assert_int_equal(rig.lines, LOG_LINES_A_SECOND);
	clock_virtual_advance(&rig.clock, 1000000);
	timers_run(rig.timers);
	deliver(&rig, "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: 1 BYE\r\n" TAIL);
	assert_int_equal(rig.lines, LOG_LINES_A_SECOND + 1);
	assert_has(&rig.log, " suppressed=30");
	assert_int_equal(count_of(&rig, "malformed"), 51);
	rig_free(&rig);
}

static void a_reply_is_a_refusal_from_400_on(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.reply = 399;
	deliver(&rig, INVITE);
	assert_has(&rig.sent, "SIP/2.0 399 ");
	assert_null(strstr(buf_str(&rig.sent), "Warning"));
	assert_int_equal(rig.lines, 0);
	rig_free(&rig);
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.reply = 400;
	deliver(&rig, INVITE);
	assert_has(&rig.sent, "SIP/2.0 400 Bad Request\r\n");
	assert_has(&rig.sent, "Warning: 399 med.example \"Bad Request\"\r\n");
	assert_int_equal(rig.lines, 1);
	assert_int_equal(count_of(&rig, "malformed"), 1);
	rig_free(&rig);
}

static void faults_that_were_let_pass_are_told_at_debug(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_DEBUG);
	deliver(&rig, "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: 1 INVITE\r\nDate: x\r\nExpires: never\r\n" TAIL);
	assert_string_equal(buf_str(&rig.log),
		"debug txn event=header-tolerated remote=192.0.2.7:5062 "
		"header=\"Date, Expires\"");
	rig_free(&rig);
	rig_init(&rig, LOG_LEVEL_INFO);
	deliver(&rig, "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"
		      "CSeq: 1 INVITE\r\nDate: x\r\n" TAIL);
	assert_int_equal(rig.lines, 0);
	rig_free(&rig);
}

/* RFC 3261 8.2.2.2: the same request by another path, and nothing else. */
static void a_second_path_is_told_from_another_request(void **state)
{
	static const struct {
		const char *method, *tag, *call_id;
		unsigned cseq;
		bool merged; /* with the first one */
	} cases[] = {
		{"OPTIONS", "1", "c", 1, true},
		{"OPTIONS", "1", "c", 2, false},
		{"OPTIONS", "1", "c", 257, false},
		{"OPTIONS", "2", "c", 1, false},
		{"OPTIONS", "1", "d", 1, false},
		{"INFO", "1", "c", 1, false},
	};
	static const char format[] =
		"%s sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK%u\r\n"
		"From: <sip:a@x>;tag=%s\r\nTo: <sip:b@x>\r\nCall-ID: %s\r\n"
		"CSeq: %u %s\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[500];
		struct rig rig;

		rig_init(&rig, LOG_LEVEL_INFO);
		rig.reply = 100;
		snprintf(
			text, sizeof(text), format, "OPTIONS", 0, "1", "c", 1, "OPTIONS");
		deliver(&rig, text);
		snprintf(text, sizeof(text), format, cases[i].method, 1, cases[i].tag,
			cases[i].call_id, cases[i].cseq, cases[i].method);
		deliver(&rig, text);
		assert_has(&rig.sent, cases[i].merged ? "SIP/2.0 482 Loop Detected\r\n"
						      : "SIP/2.0 100 Trying\r\n");
		assert_int_equal(count_of(&rig, "merged"), cases[i].merged);
		rig_free(&rig);
	}
}

static void statuses_without_a_word_are_others(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, LOG_LEVEL_INFO);
	rig.refusal = (struct txn_refusal){.status = 606};
	deliver(&rig, INVITE);
	assert_int_equal(count_of(&rig, "other"), 1);
	rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invite_is_refused_with_line_counter_and_warning),
		cmocka_unit_test(a_long_warning_is_cut),
		cmocka_unit_test(other_methods_are_told_at_debug),
		cmocka_unit_test(a_fault_is_answered_with_its_header),
		cmocka_unit_test(what_cannot_be_answered_is_told),
		cmocka_unit_test(lines_are_limited_and_the_rest_is_counted),
		cmocka_unit_test(a_reply_is_a_refusal_from_400_on),
		cmocka_unit_test(faults_that_were_let_pass_are_told_at_debug),
		cmocka_unit_test(a_second_path_is_told_from_another_request),
		cmocka_unit_test(statuses_without_a_word_are_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
