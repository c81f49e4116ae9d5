/*
 * IPv6 in messages, case by case after RFC 5118; the messages are our own. What may be served says which host and
 * port it means; what is ambiguous by its writer's fault is refused, never guessed.
 */
#include "verdict.h"

#include "../unit.h"

#include "sip/message.h"

#include <stdio.h>
#include <string.h>

#define VIA "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3"

/* A request whose URI, top Via and Contact are these. */
static size_t write_request(
	char text[static 1024], const char *uri, const char *via, const char *contact)
{
	return (size_t)snprintf(text, 1024,
		"REGISTER %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\n"
		"From: <sip:u@example.com>;tag=1\r\nTo: <sip:u@example.com>\r\n"
		"Call-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: %s\r\nContent-Length: "
		"0\r\n\r\n",
		uri, via, contact);
}

static struct message *read_request(
	const char *uri, const char *via, const char *contact, int *ret_status)
{
	struct message_fault fault;
	struct message *message;
	char text[1024];
	size_t len = write_request(text, uri, via, contact);

	assert_int_equal(message_parse(&message, text, len, &fault), 0);
	*ret_status = fault.status;
	return message;
}

/* 4.1, 4.3, 4.4, 4.9: a reference in brackets is one host; a port stands behind them. */
static void references_have_brackets(void **state)
{
	static const struct {
		const char *uri, *host;
		unsigned port;
	} rows[] = {
		{"sip:[2001:db8::10]", "[2001:db8::10]", 0},
		{"sip:[2001:db8::10:5070]", "[2001:db8::10:5070]", 0},
		{"sip:[2001:db8::10]:5070", "[2001:db8::10]", 5070},
		{"sip:[::ffff:192.0.2.10]:19823", "[::ffff:192.0.2.10]", 19823},
		{"sip:u@[2001:DB8::10];transport=tcp", "[2001:DB8::10]", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int status;
		struct message *message =
			read_request(rows[i].uri, VIA, "<sip:u@[2001:db8::1]>", &status);
		const struct message_uri *uri = message_request_uri(message);

		if (status || !span_equal_str(uri->host, rows[i].host) ||
			uri->port != rows[i].port)
			fail_msg("%s: %d, %.*s, %u", rows[i].uri, status,
				SPAN_ARG(uri->host), (unsigned)uri->port);
		message_unref(message);
	}
}

/* 4.2: without brackets nobody knows where the host ends; that is refused. */
static void without_brackets_it_is_no_host(void **state)
{
	static const char *const uris[] = {"sip:2001:db8::10", "sip:u@2001:db8::10",
		"sip:[2001:db8::10", "sip:2001:db8::10]", "sip:[2001:db8::10]x",
		"sip:[2001:db8::10]:", "sip:[2001:db8::10]:99999", "sip:[]"};

	(void)state;
	for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
		char text[1024], out[VERDICT_SIZE];
		size_t len = write_request(text, uris[i], VIA, "<sip:u@[2001:db8::1]>");

		verdict(false, text, len, out);
		if (strcmp(out, "status 400") != 0)
			fail_msg("%s: %s", uris[i], out);
	}
}

/* 4.5: received with brackets and without is the same; it is replaced by what is seen anyway. */
static void received_is_taken_either_way(void **state)
{
	static const char *const vias[] = {
		VIA ";received=[2001:db8::9:255]", VIA ";received=2001:db8::9:255", VIA};

	(void)state;
	for (size_t i = 0; i < sizeof vias / sizeof vias[0]; i++) {
		struct buf out;
		int status;
		struct message *message = read_request(
			"sip:example.com", vias[i], "<sip:u@[2001:db8::1]>", &status);

		assert_int_equal(status, 0);
		assert_true(
			span_equal_str(message_via(message)->host, "[2001:db8::9:1]"));
		message_set_received(message, "2001:db8::77", 5060);
		buf_init(&out, 0);
		message_add_vias(message, &out);
		assert_non_null(strstr(buf_str(&out), "2001:db8::77"));
		assert_null(strstr(buf_str(&out), "9:255"));
		buf_free(&out);
		message_unref(message);
	}
}

/* 4.7: addresses of both families in one message. */
static void families_mix(void **state)
{
	struct message_address contact;
	int status;
	struct message *message = read_request("sip:u@[2001:db8::10]",
		"SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1", "<sip:u@192.0.2.3>",
		&status);

	(void)state;
	assert_int_equal(status, 0);
	assert_true(span_equal_str(message_via(message)->host, "192.0.2.1"));
	assert_true(message_contact(message, 0, &contact));
	assert_true(span_equal_str(contact.uri.host, "192.0.2.3"));
	message_unref(message);
}

/* 4.10: RFC 3261's grammar as printed allowed three colons before an embedded IPv4 address. Nobody is there. */
static void three_colons_never_crash(void **state)
{
	char text[1024], out[VERDICT_SIZE];
	size_t len = write_request(text, "sip:u@example.com",
		"SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bKas3",
		"<sip:u@[2001:db8:::192.0.2.1]>");

	(void)state;
	verdict(false, text, len, out);
	assert_true(strcmp(out, "ok") == 0 || strcmp(out, "status 400") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_have_brackets),
		cmocka_unit_test(without_brackets_it_is_no_host),
		cmocka_unit_test(received_is_taken_either_way),
		cmocka_unit_test(families_mix),
		cmocka_unit_test(three_colons_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
