#include "sip/failure.h"

#include "../unit.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The longest address that there is, and a short one. */
static struct addr address(const char *host)
{
	struct addr addr;

	assert_int_equal(addr_parse_host(&addr, host, strlen(host), 65535), 0);
	return addr;
}

static void a_closed_port_is_said_with_what_to_do(void **state)
{
	const struct addr remote = address("203.0.113.5");
	char buf[ERR_REASON_SIZE];

	(void)state;
	assert_string_equal(
		failure_of_request(-ECONNREFUSED, TRANSPORT_UDP, &remote, buf),
		"port unreachable: nothing listens at 203.0.113.5:65535 UDP; is it up, "
		"and is `port` right?");
}

/* Cause first, then the address, then what to do; each other than the others. */
static void each_failure_of_a_request_has_a_cause_and_a_remedy(void **state)
{
	static const struct {
		int err;
		const char *cause, *remedy;
	} rows[] = {
		{-ETIMEDOUT, "no response: ", "does a firewall drop them?"},
		{-ECONNREFUSED, "port unreachable: ", "is `port` right?"},
		{-EHOSTUNREACH, "host unreachable: ", "refuse us?"},
		{-ENETUNREACH, "network unreachable: ", "`ip route get ADDRESS`"},
		{ERR_CLOSED, "connection lost: ", "its log may say why"},
		{-EIO, "connection lost: ", "its log may say why"},
	};
	const struct addr remote = address("2001:db8:1111:2222:3333:4444:5555:6666");
	char buf[ERR_REASON_SIZE], quoted[LOG_TEXT_SIZE];
	const char *at;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		failure_of_request(rows[i].err, TRANSPORT_TCP, &remote, buf);
		assert_ptr_equal(strstr(buf, rows[i].cause), buf);
		at = strstr(buf, "[2001:db8:1111:2222:3333:4444:5555:6666]:65535 TCP");
		assert_non_null(at);
		assert_non_null(strstr(at, rows[i].remedy));
		/* the log cuts none of it */
		log_said(quoted, buf, strlen(buf));
		assert_int_equal(strlen(quoted), strlen(buf) + 2);
	}
}

static void a_connection_has_a_remedy_where_one_is_known(void **state)
{
	static const struct {
		enum failure_phase phase;
		int err;
		const char *remedy;
	} rows[] = {
		{FAILURE_CONNECT, -ECONNREFUSED,
			"nothing listens at 192.0.2.1:65535 TLS; is it up, and is `port` "
			"right?"},
		{FAILURE_CONNECT, -ETIMEDOUT,
			"192.0.2.1:65535 TLS stays silent; is it up, is `port` right, "
			"does a firewall drop connections?"},
		{FAILURE_CONNECT, -EHOSTUNREACH,
			"there is no way to 192.0.2.1:65535 TLS; is it up, and does a "
			"firewall on the way refuse us?"},
		{FAILURE_CONNECT, -ENETUNREACH,
			"there is no route to 192.0.2.1:65535 TLS; `ip route get "
			"ADDRESS` shows the one here"},
		{FAILURE_CONNECT, -ECONNRESET,
			"192.0.2.1:65535 TLS ended it at once; does a firewall or load "
			"balancer stand there?"},
		{FAILURE_HANDSHAKE, -ETIMEDOUT,
			"192.0.2.1:65535 TLS took the connection and stays silent; does "
			"it speak TLS on this port?"},
		/* err_str() says it */
		{FAILURE_CONNECT, -EMFILE, ""},
		{FAILURE_HANDSHAKE, -EIO, ""},
	};
	const struct addr remote = address("192.0.2.1");
	char buf[FAILURE_REMEDY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(failure_remedy(rows[i].phase, rows[i].err,
					    TRANSPORT_TLS, &remote, buf),
			rows[i].remedy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_port_is_said_with_what_to_do),
		cmocka_unit_test(each_failure_of_a_request_has_a_cause_and_a_remedy),
		cmocka_unit_test(a_connection_has_a_remedy_where_one_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
