#include "base/addr.h"

#include "../unit.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct addr parsed(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 5060), 0);
	return addr;
}

static void texts_come_back_as_they_are_written(void **state)
{
	static const struct {
		const char *in, *text, *host, *uri;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1:5060", "192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:65535", "192.0.2.1:65535", "192.0.2.1", "192.0.2.1"},
		{"0.0.0.0:0", "0.0.0.0:0", "0.0.0.0", "0.0.0.0"},
		{"2001:db8::1", "[2001:db8::1]:5060", "2001:db8::1", "[2001:db8::1]"},
		{"[2001:DB8:0::1]", "[2001:db8::1]:5060", "2001:db8::1", "[2001:db8::1]"},
		{"[::]:7", "[::]:7", "::", "[::]"},
		{"[fe80::1%1]:7", "[fe80::1%1]:7", "fe80::1%1", "[fe80::1%1]"},
	};
	char buf[ADDR_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr addr = parsed(cases[i].in);

		assert_string_equal(addr_text(&addr, buf), cases[i].text);
		assert_string_equal(addr_host_text(&addr, buf), cases[i].host);
		assert_string_equal(addr_uri_text(&addr, buf), cases[i].uri);
	}
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const texts[] = {"", ":", "[", "]", "[]", "[]:1", "localhost",
		"1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "0x1.2.3.4", "16909060",
		" 1.2.3.4", "1.2.3.4 ", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1",
		"1.2.3.4:+1", "1.2.3.4:sip", "1.2.3.4:1:2", "[1.2.3.4]", "[1.2.3.4]:1",
		"[::1", "[::1]x", "[::1]:", "[::1]:65536", "[::1]5060", "[[::1]]", "::1]",
		"1::2::3", "2001:db8::1%1", "fe80::1%", "fe80::1%no-such-if", "1.2.3.4%1",
		"g::1"};
	struct addr addr, before;

	(void)state;
	memset(&addr, 0x5a, sizeof(addr));
	before = addr;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (addr_parse(&addr, texts[i], 1) != ERR_FORMAT)
			fail_msg("taken: \"%s\"", texts[i]);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void an_overlong_address_is_refused(void **state)
{
	char text[300];
	struct addr addr;

	(void)state;
	memset(text, '0', sizeof(text));
	memcpy(text, "::", 2);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(addr_parse(&addr, text, 1), ERR_FORMAT);
	assert_int_equal(addr_parse_host(&addr, text, sizeof(text), 1), ERR_FORMAT);
}

static void a_host_stands_alone(void **state)
{
	char buf[ADDR_TEXT_SIZE];
	struct addr addr;

	(void)state;
	assert_int_equal(addr_parse_host(&addr, "192.0.2.15", 9, 9), 0);
	assert_string_equal(addr_text(&addr, buf), "192.0.2.1:9");
	assert_int_equal(addr_parse_host(&addr, "::1", 3, 9), 0);
	assert_string_equal(addr_text(&addr, buf), "[::1]:9");
	assert_int_equal(addr_parse_host(&addr, "[::1]", 5, 9), ERR_FORMAT);
	assert_int_equal(addr_parse_host(&addr, "1.2.3.4:5", 9, 9), ERR_FORMAT);
	assert_int_equal(addr_parse_host(&addr, "1.2.3.4\0x", 9, 9), ERR_FORMAT);
	assert_int_equal(addr_parse_host(&addr, NULL, 0, 9), ERR_FORMAT);
}

static void equality_looks_at_host_family_and_port(void **state)
{
	struct addr a = parsed("192.0.2.1:1"), b = parsed("192.0.2.1:2");
	struct addr c = parsed("[::ffff:192.0.2.1]:1"), none = {0};
	struct addr scope1 = parsed("fe80::1%1"), scope2 = parsed("fe80::1%2");

	(void)state;
	assert_true(addr_equal_host(&a, &b));
	assert_false(addr_equal(&a, &b));
	addr_set_port(&b, 1);
	assert_true(addr_equal(&a, &b));
	assert_false(addr_equal_host(&a, &c));
	assert_false(addr_equal_host(&c, &a));
	assert_false(addr_equal_host(&scope1, &scope2));
	assert_false(addr_equal(&a, &none));
	assert_false(addr_equal(&none, &a));
	assert_true(addr_equal(&none, &none));
}

static void kinds_are_told_apart(void **state)
{
	struct addr any4 = parsed("0.0.0.0"), any6 = parsed("::"), none = {0};
	struct addr loop4 = parsed("127.9.9.9"), loop6 = parsed("::1");
	struct addr mapped = parsed("::ffff:127.0.0.1"), other = parsed("128.0.0.1");
	struct addr mapped_other = parsed("::ffff:128.0.0.1");

	(void)state;
	assert_true(addr_is_any(&any4) && addr_is_any(&any6));
	assert_false(addr_is_any(&loop4) || addr_is_any(&loop6) || addr_is_any(&none));
	assert_true(addr_is_loopback(&loop4) && addr_is_loopback(&loop6));
	assert_true(addr_is_loopback(&mapped));
	assert_false(addr_is_loopback(&other) || addr_is_loopback(&mapped_other));
	assert_false(addr_is_loopback(&any4) || addr_is_loopback(&none));
	assert_true(addr_is_v6(&loop6));
	assert_false(addr_is_v6(&loop4) || addr_is_v6(&none));
}

static void ports_are_read_and_set(void **state)
{
	struct addr v4 = parsed("192.0.2.1:1"), v6 = parsed("[::1]:2"), none = {0};

	(void)state;
	assert_int_equal(addr_port(&v4), 1);
	assert_int_equal(addr_port(&v6), 2);
	addr_set_port(&v6, 65535);
	assert_int_equal(addr_port(&v6), 65535);
	addr_set_port(&none, 1);
	assert_int_equal(addr_port(&none), 0);
}

/* The C library judges; every byte at every place, with every number of digits around it. */
static void ipv4_texts_are_those_of_the_library(void **state)
{
	char buf[ADDR_TEXT_SIZE], expected[ADDR_TEXT_SIZE];
	struct addr addr = parsed("0.0.0.0:0");

	(void)state;
	for (uint32_t i = 0; i < 65536; i++) {
		char host[INET_ADDRSTRLEN];

		addr.v4.sin_addr.s_addr = htonl(i * 65537 ^ i << 8);
		addr_set_port(&addr, (uint16_t)i);
		inet_ntop(AF_INET, &addr.v4.sin_addr, host, sizeof(host));
		snprintf(expected, sizeof(expected), "%s:%u", host, i);
		if (strcmp(addr_host_text(&addr, buf), host) != 0 ||
			strcmp(addr_uri_text(&addr, buf), host) != 0 ||
			strcmp(addr_text(&addr, buf), expected) != 0)
			fail_msg("%s is not %s", buf, expected);
	}
}

static void no_address_has_a_text_too(void **state)
{
	char buf[ADDR_TEXT_SIZE];
	struct addr none = {0};

	(void)state;
	assert_string_equal(addr_text(&none, buf), "none");
	assert_string_equal(addr_uri_text(&none, buf), "none");
}

static void the_longest_text_fits(void **state)
{
	struct addr addr = parsed("fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	char buf[ADDR_TEXT_SIZE];

	(void)state;
	addr.v6.sin6_scope_id = UINT32_MAX;
	addr_set_port(&addr, 65535);
	assert_string_equal(addr_text(&addr, buf),
		"[fe80:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_come_back_as_they_are_written),
		cmocka_unit_test(malformed_addresses_are_refused),
		cmocka_unit_test(an_overlong_address_is_refused),
		cmocka_unit_test(a_host_stands_alone),
		cmocka_unit_test(equality_looks_at_host_family_and_port),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(ports_are_read_and_set),
		cmocka_unit_test(ipv4_texts_are_those_of_the_library),
		cmocka_unit_test(no_address_has_a_text_too),
		cmocka_unit_test(the_longest_text_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
