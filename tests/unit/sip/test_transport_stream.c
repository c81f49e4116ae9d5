/* A connection once it is open: what comes by it is framed, and what goes is queued. */
#include "plain_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- framing ---- */

static void two_messages_in_one_segment_are_two(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char both[4000];

	(void)state;
	snprintf(both, sizeof(both), "%s%s", test_request(5), test_response());
	test_write(fd, both);
	UNTIL(loop, far.messages == 2);
	assert_string_equal(far.text, test_response());
	close(fd);
}

static void a_message_byte_by_byte_is_one(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	const char *text = test_request(20);
	const int on = 1;

	(void)state;
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	for (const char *p = text; *p; p++) {
		assert_int_equal(far.messages, 0);
		assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
		assert_int_equal(loop_turn(loop, 1), 0);
	}
	UNTIL(loop, far.messages == 1);
	assert_string_equal(far.text, text);
	close(fd);
}

static void a_long_pipeline_is_read_over_many_turns(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);
	unsigned after_one_turn;

	(void)state;
	for (int i = 0; i < 200; i++)
		assert_int_equal(test_send(flow, 1000), 0);
	UNTIL(loop, far.messages > 0);
	after_one_turn = far.messages;
	assert_in_range(after_one_turn, 1, 100); /* one flood leaves time for others */
	UNTIL(loop, far.messages == 200);
	flow_unref(flow);
}

static void keepalive_is_answered(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char answer[10];
	ssize_t n = 0;

	(void)state;
	test_write(fd, "\r\n\r\n");
	UNTIL(loop, (n = recv(fd, answer, sizeof(answer), 0)) > 0);
	assert_int_equal(n, 2);
	assert_memory_equal(answer, "\r\n", 2);
	assert_int_equal(far.messages, 0);
	assert_int_equal(far.tapped_out, 0);
	close(fd);
	UNTIL(loop, far.closed == 1);
	assert_string_equal(far.why, "closed by peer");
}

static void broken_stream_is_closed_once(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char byte;

	(void)state;
	test_write(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	test_write(fd, test_request(0));
	UNTIL(loop, far.closed == 1);
	test_settle(loop);
	assert_int_equal(far.closed, 1);
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&far).broken, 1);
	assert_int_equal(side_totals(&far).connections, 0);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

/* One connects and speaks what is no SIP: he is told what he speaks, and where it would do. */
static void what_is_spoken_in_place_of_sip_is_named(void **state)
{
	static const struct {
		const char *bytes;
		const char *why;
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
			"sent HTTP, which is no SIP: this port is not for it"},
		{"\x16\x03\x01\x02\x01\x01", "sent a TLS hello on a port of plain SIP: "
					     "let it connect to the port of "
					     "[external] tls, with tls = yes in its "
					     "settings, or speak plain SIP"},
		{"\x15\x03\x01\x02\x01\x01", "sent a TLS alert on a port of plain SIP"},
		{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n",
			"sent a PROXY header: switch it off in the load balancer"},
		{"INVITE sip:b SIP/2.0\r\nContent-Length: x\r\n\r\n", "broken stream: "},
	};
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = test_dial(&there);

		test_write(fd, rows[i].bytes);
		UNTIL(loop, far.closed == i + 1);
		assert_memory_equal(far.why, rows[i].why, strlen(rows[i].why));
		close(fd);
	}
}

/* After a message it is a broken stream, whatever it looks like. */
static void behind_a_message_it_is_a_broken_stream(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);

	(void)state;
	test_write(fd, test_request(0));
	test_write(fd, "\x16\x03\x01\x02\x01\x01");
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.messages, 1);
	assert_non_null(strstr(far.why, "broken stream: "));
	close(fd);
}

/* We connect, to a port of TLS: OpenSSL's servers say so by an alert. */
static void a_port_of_tls_that_we_speak_plainly_to_is_named(void **state)
{
	const struct addr host = {
		.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
		.len = sizeof(struct sockaddr_in)};
	struct addr there = host;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	struct flow *flow;

	(void)state;
	assert_int_equal(bind(listener, &host.sa, host.len), 0);
	assert_int_equal(getsockname(listener, &there.sa, &there.len), 0);
	assert_int_equal(listen(listener, 1), 0);
	flow = side_flow(&near, TRANSPORT_TCP, &there);
	assert_int_equal(test_send(flow, 0), 0);
	fd = accept(listener, NULL, NULL);
	test_write(fd, "\x15\x03\x01\x02\x02\x46");
	UNTIL(loop, near.closed == 1);
	assert_string_equal(near.why,
		"the far end wants TLS on this port: tls = yes, or set "
		"port to the one of its plain SIP");
	flow_unref(flow);
	close(fd);
	close(listener);
}

/* Framed it is, and means nothing. */
static void what_is_no_message_ends_the_connection(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char byte;

	(void)state;
	test_write(fd, "B@D sip:b@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n");
	test_write(fd, test_request(0));
	UNTIL(loop, far.closed == 1);
	assert_string_equal(far.why, "sent what is no SIP message");
	assert_int_equal(far.messages, 0);
	assert_int_equal(far.tapped_in, 1);
	assert_int_equal(side_totals(&far).broken, 1);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

/* Sends LEN bytes of DATA with turns of the loop between, since no socket takes them all. */
static void pour(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		assert_true(n > 0 || errno == EAGAIN);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		assert_int_equal(loop_turn(loop, 1), 0);
	}
}

/* One START line and what a message must have, then HEADERS and LEN bytes of body. */
static void pour_message(int fd, const char *start, const char *headers, size_t len)
{
	char *text = malloc(strlen(headers) + len + 500);
	int head;

	assert_non_null(text);
	head = sprintf(text,
		"%s\r\n"
		"Via: SIP/2.0/TCP a.example.com;branch=z9hG4bKbig;rport\r\n"
		"From: <sip:a@example.com>;tag=1\r\n"
		"To: <sip:b@example.com>;tag=2\r\n"
		"Call-ID: big@example.com\r\n"
		"CSeq: 1 OPTIONS\r\n"
		"%sContent-Length: %zu\r\n\r\n",
		start, headers, len);
	memset(text + head, 'x', len);
	pour(fd, text, (size_t)head + len);
	free(text);
}

static void a_message_over_the_limit_leaves_the_connection(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char *line = malloc(50000);

	(void)state;
	far.answer = true;
	test_write(fd, test_request(0));
	UNTIL(loop, far.messages == 1);
	pour_message(fd, "OPTIONS sip:b@example.com SIP/2.0", "", 100000);
	UNTIL(loop, far.messages == 2);
	assert_int_equal(far.fault.status, 513);
	assert_non_null(line);
	memset(line, 'i', 50000);
	memcpy(line, "Identity: ", 10);
	memcpy(line + 49900, "\r\n", 3);
	pour_message(fd, "OPTIONS sip:b@example.com SIP/2.0", line, 100);
	UNTIL(loop, far.messages == 3);
	assert_int_equal(far.fault.status, 513);
	pour_message(fd, "SIP/2.0 200 OK", "", 100000);
	UNTIL(loop, side_totals(&far).too_big == 3);
	test_write(fd, test_request(10));
	UNTIL(loop, far.messages == 4);
	assert_int_equal(far.fault.status, 0);
	assert_int_equal(far.closed, 0);
	assert_int_equal(side_totals(&far).broken, 0);
	assert_int_equal(side_totals(&far).connections, 1);
	free(line);
	close(fd);
}

static void a_message_too_big_to_read_past_ends_the_connection(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);

	(void)state;
	test_write(fd, "OPTIONS sip:b@example.com SIP/2.0\r\n"
		       "Content-Length: 1100000\r\n\r\n");
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.messages, 0);
	assert_int_equal(side_totals(&far).broken, 1);
	close(fd);
}

static void callee_may_close_in_the_middle(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	char both[4000];

	(void)state;
	far.close_on_message = true;
	far.answer = true;
	snprintf(both, sizeof(both), "%s%s", test_request(5), test_request(5));
	test_write(fd, both);
	UNTIL(loop, far.closed == 1);
	assert_int_equal(far.messages, 1);
	assert_string_equal(far.why, "enough");
	/* What was queued before the close was still written. */
	memset(both, 0, sizeof(both));
	assert_true(recv(fd, both, sizeof(both) - 1, 0) > 0);
	assert_string_equal(both, test_response());
	close(fd);
}

/* ---- output ---- */

static void output_of_a_turn_is_one_segment(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	(void)state;
	test_write(fd, test_request(0));
	UNTIL(loop, far.messages == 1);
	for (int i = 0; i < 20; i++)
		assert_int_equal(test_send(far.flow, 100), 0);
	test_settle(loop);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_data_segs_in, 1);
	close(fd);
}

static void slow_reader_is_cut_at_the_limit(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	int fd = test_dial(&there);
	int err = 0;
	int sent = 0;

	(void)state;
	test_write(fd, test_request(0));
	UNTIL(loop, far.messages == 1);
	for (; err == 0 && sent < 100000; sent++) {
		err = test_send(far.flow, 1000);
		if (sent % 50 == 0)
			assert_int_equal(loop_turn(loop, 0), 0);
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(far.closed, 0); /* never from inside flow_send() */
	assert_int_equal(test_send(far.flow, 0), ERR_CLOSED);
	UNTIL(loop, far.closed == 1);
	assert_non_null(strstr(far.why, "reads too slowly"));
	close(fd);
}

static void what_cannot_be_written_does_not_keep_a_connection(void **state)
{
	const struct transport_limits limits = {
		.handshake_ms = 5000, .queue_bytes = 64 << 20};
	struct clock_virtual clock;
	struct addr there;
	int fd;

	(void)state;
	clock_virtual_init(&clock, 1000000);
	restart_with(&clock.clock, &limits);
	there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	fd = test_dial(&there);
	test_write(fd, test_request(0));
	UNTIL(loop, far.messages == 1);
	/* more than the kernel takes for one who does not read */
	for (unsigned i = 0; i < 800; i++)
		assert_int_equal(test_send(far.flow, 60000), 0);
	transport_close_flow(far.flow, "done");
	test_settle(loop);
	assert_int_equal(far.closed, 0);
	assert_int_equal(test_send(far.flow, 0), ERR_CLOSED);
	clock_virtual_advance(&clock, 2001 * 1000ULL);
	UNTIL(loop, far.closed == 1);
	assert_string_equal(far.why, "closed with output unsent");
	close(fd);
}

static void many_messages_in_a_turn_are_no_slow_reader(void **state)
{
	struct addr there = side_listen(&far, TRANSPORT_TCP, "127.0.0.1");
	struct flow *flow = side_flow(&near, TRANSPORT_TCP, &there);

	(void)state;
	assert_int_equal(test_send(flow, 0), 0);
	UNTIL(loop, far.messages == 1);
	for (int i = 0; i < 400; i++)
		assert_int_equal(test_send(flow, 1000), 0);
	UNTIL(loop, far.messages == 401);
	flow_unref(flow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_messages_in_one_segment_are_two),
		TEST(a_message_byte_by_byte_is_one),
		TEST(a_long_pipeline_is_read_over_many_turns),
		TEST(keepalive_is_answered),
		TEST(broken_stream_is_closed_once),
		TEST(what_is_spoken_in_place_of_sip_is_named),
		TEST(behind_a_message_it_is_a_broken_stream),
		TEST(a_port_of_tls_that_we_speak_plainly_to_is_named),
		TEST(what_is_no_message_ends_the_connection),
		TEST(a_message_over_the_limit_leaves_the_connection),
		TEST(a_message_too_big_to_read_past_ends_the_connection),
		TEST(callee_may_close_in_the_middle),
		TEST(output_of_a_turn_is_one_segment),
		TEST(slow_reader_is_cut_at_the_limit),
		TEST(what_cannot_be_written_does_not_keep_a_connection),
		TEST(many_messages_in_a_turn_are_no_slow_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
