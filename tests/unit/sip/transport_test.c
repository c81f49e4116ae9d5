#include "transport_test.h"

#include "base/log.h"
#include "sip/transport_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_warnings warnings;

static void log_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_ERROR)
		warnings.errors++;
	if (level == LOG_LEVEL_WARNING) {
		warnings.count++;
		snprintf(warnings.last, sizeof(warnings.last), "%s", line);
	}
	if (getenv("TEST_LOG"))
		fprintf(stderr, "%s\n", line);
}

void test_quiet(void)
{
	log_set_sink(log_line, NULL);
	warnings = (struct test_warnings){.count = 0};
}

const struct test_warnings *test_warnings(void)
{
	return &warnings;
}

struct loop *test_loop(struct clock *clock)
{
	struct loop *loop = NULL;

	assert_int_equal(loop_new(&loop, clock ? clock : clock_real()), 0);
	return loop;
}

static void message_came(void *arg, struct flow *flow, struct message *message,
	const struct message_fault *fault)
{
	struct side *side = arg;

	side->messages++;
	side->fault = *fault;
	if (side->flow != flow) {
		flow_unref(side->flow);
		side->flow = flow_ref(flow);
	}
	if (side->answer && message_is_request(message))
		assert_int_equal(flow_send(flow, tap_owner(7, 107), test_response(),
					 strlen(test_response())),
			0);
	if (side->close_on_message)
		transport_close_flow(flow, "enough");
}

static void flow_closed(void *arg, struct flow *flow, const char *why)
{
	struct side *side = arg;

	assert_true(flow->closed);
	side->closed++;
	side->closed_id = flow->id;
	snprintf(side->why, sizeof(side->why), "%s", why);
}

static void flow_unreachable(void *arg, struct flow *flow, struct span quoted, int err)
{
	struct side *side = arg;

	side->unreachable++;
	side->failure = err;
	side->unreachable_addr = flow->remote;
	assert_int_equal(span_copy(quoted, side->quoted, sizeof(side->quoted)), 0);
}

static void progressed(void *arg, struct flow *flow, enum transport_progress progress)
{
	struct side *side = arg;

	assert_int_equal(flow->opened, progress == TRANSPORT_OPENED);
	if (progress == TRANSPORT_CONNECTED)
		side->connected++;
	else
		side->opened++;
}

/* The number that is for the tap alone. */
static uint64_t owner_of(
	void *arg, const struct flow *flow, const struct message *message)
{
	(void)arg;
	(void)flow;
	return message_is_request(message) ? tap_owner(8, 108) : tap_owner(9, 109);
}

static bool is_allowed(void *arg, enum transport_kind kind, const struct addr *remote)
{
	const struct side *side = arg;

	assert_true(kind != TRANSPORT_TLS);
	assert_true(addr_is_loopback(remote));
	return !side->refuse;
}

static void tapped(void *arg, const struct tap_message *message)
{
	struct side *side = arg;

	assert_true(message->len > 0);
	assert_true(addr_port(&message->source) != 0);
	assert_true(addr_port(&message->destination) != 0);
	if (message->sent) {
		side->tapped_out++;
		side->last_out = *message;
		return;
	}
	side->tapped_in++;
	side->last_in = *message;
	assert_true(message->len < sizeof(side->text));
	memcpy(side->text, message->data, message->len);
	side->text[message->len] = '\0';
}

void side_start(struct side *side, const char *name, struct loop *loop,
	const struct transport_limits *limits)
{
	struct transport_params params = {
		.name = name,
		.loop = loop,
		.limits = {.handshake_ms = 5000, .queue_bytes = 256 * 1024},
		.handlers = {.message_h = message_came,
			.closed_h = flow_closed,
			.unreachable_h = flow_unreachable,
			.progress_h = progressed,
			.owner_of_h = owner_of,
			.allowed_h = is_allowed,
			.arg = side},
		.tap = &side->tap,
		.dscp = SIDE_DSCP,
	};

	memset(side, 0, sizeof(*side));
	side->loop = loop;
	side->tap = (struct tap){.message_h = tapped, .arg = side};
	if (limits)
		params.limits = *limits;
	assert_int_equal(transport_new(&side->transport, &params), 0);
}

void side_stop(struct side *side)
{
	transport_free(side->transport);
	side->transport = NULL;
	flow_unref(side->flow);
	side->flow = NULL;
}

struct addr side_listen(struct side *side, enum transport_kind kind, const char *host)
{
	struct err_text text = {.text = ""};
	struct addr address, bound;
	int fd;

	assert_int_equal(addr_parse(&address, host, 0), 0);
	if (transport_bind(kind, &address, &fd, &text) != 0 ||
		transport_listen(side->transport, kind, fd, &bound, &text) != 0)
		fail_msg("%s", text.text);
	assert_true(addr_port(&bound) != 0);
	return bound;
}

struct flow *side_flow(struct side *side, enum transport_kind kind, const struct addr *to)
{
	const struct transport_target target = {.kind = kind, .remote = *to};
	struct err_text text = {.text = ""};
	struct flow *flow = NULL;

	if (transport_flow(side->transport, &target, &flow, &text) != 0)
		fail_msg("%s", text.text);
	return flow;
}

struct transport_totals side_totals(const struct side *side)
{
	struct transport_totals totals;

	transport_totals(side->transport, &totals);
	return totals;
}

const char *test_request(size_t len)
{
	static char text[70000];
	int head = snprintf(text, sizeof(text),
		"OPTIONS sip:b@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/TCP a.example.com;branch=z9hG4bKtest;rport\r\n"
		"From: <sip:a@example.com>;tag=1\r\n"
		"To: <sip:b@example.com>\r\n"
		"Call-ID: one@example.com\r\n"
		"CSeq: 1 OPTIONS\r\n"
		"Max-Forwards: 70\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: %zu\r\n"
		"\r\n",
		len);

	assert_true(head > 0 && (size_t)head + len < sizeof(text));
	memset(text + head, 'x', len);
	text[(size_t)head + len] = '\0';
	return text;
}

const char *test_response(void)
{
	return "SIP/2.0 200 OK\r\n"
	       "Via: SIP/2.0/TCP a.example.com;branch=z9hG4bKtest\r\n"
	       "From: <sip:a@example.com>;tag=1\r\n"
	       "To: <sip:b@example.com>;tag=2\r\n"
	       "Call-ID: one@example.com\r\n"
	       "CSeq: 1 OPTIONS\r\n"
	       "Content-Length: 0\r\n"
	       "\r\n";
}

int test_send(struct flow *flow, size_t len)
{
	const char *text = test_request(len);

	return flow_send(flow, 0, text, strlen(text));
}

int test_dial(const struct addr *addr)
{
	return test_dial_from(NULL, addr);
}

int test_dial_from(const char *host, const struct addr *addr)
{
	int fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct addr source;

	assert_true(fd >= 0);
	if (host) {
		assert_int_equal(addr_parse(&source, host, 0), 0);
		assert_int_equal(bind(fd, &source.sa, source.len), 0);
	}
	assert_int_equal(connect(fd, &addr->sa, addr->len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

const char *test_other_source(const char *host)
{
	static char other[20];
	struct addr a, b;

	assert_int_equal(addr_parse(&a, host, 0), 0);
	for (unsigned i = 100;; i++) {
		snprintf(other, sizeof(other), "127.0.0.%u", i);
		assert_int_equal(addr_parse(&b, other, 0), 0);
		if (crowd_source(&a) != crowd_source(&b))
			return other;
	}
}

void test_write(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

bool test_has_v6(void)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

void test_settle(struct loop *loop)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_turn(loop, 1), 0);
}
