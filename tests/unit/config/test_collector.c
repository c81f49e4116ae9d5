#include "../unit.h"

#include "base/err.h"
#include "config/collector.h"

#include <string.h>

static void expect(const char *text, enum collector_transport transport, const char *host,
	uint16_t port, const char *name)
{
	struct collector_place place;
	char out[COLLECTOR_NAME_SIZE];

	assert_int_equal(collector_parse(text, &place), 0);
	assert_int_equal(place.transport, transport);
	assert_string_equal(place.host, host);
	assert_int_equal(place.port, port);
	assert_string_equal(collector_name(&place, out), name);
}

static void transport_host_and_port_are_read(void **state)
{
	(void)state;
	expect("udp:10.0.0.1:9000", COLLECTOR_UDP, "10.0.0.1", 9000, "udp:10.0.0.1:9000");
	expect("tcp:homer.example.com:65535", COLLECTOR_TCP, "homer.example.com", 65535,
		"tcp:homer.example.com:65535");
	expect("tls:[2001:db8::1]:1", COLLECTOR_TLS, "2001:db8::1", 1,
		"tls:[2001:db8::1]:1");
}

static void the_port_may_be_left_out(void **state)
{
	(void)state;
	expect("udp:homer", COLLECTOR_UDP, "homer", 9060, "udp:homer:9060");
	expect("tcp:[::1]", COLLECTOR_TCP, "::1", 9060, "tcp:[::1]:9060");
	expect("tls:homer", COLLECTOR_TLS, "homer", 9061, "tls:homer:9061");
}

static void what_is_none_is_refused(void **state)
{
	static const char *const none[] = {"", "udp", "udp:", "10.0.0.1:9060",
		"sctp:homer", "udp:homer:", "udp:homer:0", "udp:homer:65536",
		"udp:homer:9060x", "udp:homer:9060:1", "udp:::1", "udp:[::1",
		"udp:[::1]x", "udp:[homer]", "udp:ho mer", "udp:[]", "udp::9060",
		"UDP:homer"};
	struct collector_place place = {.port = 7};
	char text[400] = "udp:";

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(collector_parse(none[i], &place), ERR_FORMAT);
	memset(text + 4, 'a', 300);
	assert_int_equal(collector_parse(text, &place), ERR_FORMAT);
	assert_int_equal(place.port, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transport_host_and_port_are_read),
		cmocka_unit_test(the_port_may_be_left_out),
		cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
