#include "base/network.h"

#include "../unit.h"

#include "base/err.h"

static void texts_are_networks_or_not(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
		bool valid;
	} cases[] = {
		{"192.0.2.0/24", 24, true},
		{"0.0.0.0/0", 0, true},
		{"192.0.2.7", 32, true},
		{"192.0.2.7/32", 32, true},
		{"10.128.0.0/9", 9, true},
		{"2001:db8::/32", 32, true},
		{"::/0", 0, true},
		{"2001:db8::1", 128, true},
		{"192.0.2.1/24", 0, false}, /* a host, not a network */
		{"2001:db8::1/64", 0, false},
		{"192.0.2.0/33", 0, false},
		{"2001:db8::/129", 0, false},
		{"192.0.2.0/", 0, false},
		{"192.0.2.0/x", 0, false},
		{"192.0.2.0/24/1", 0, false},
		{"192.0.2/24", 0, false},
		{"fe80::1%1/128", 0, false},
		{"example.com", 0, false},
		{"", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct network network = {.bits = 999};
		int err = network_parse(&network, span_of(cases[i].text));

		if (err != (cases[i].valid ? 0 : ERR_FORMAT) ||
			network.bits != (cases[i].valid ? cases[i].bits : 999))
			fail_msg("%s: %d, %u", cases[i].text, err, network.bits);
	}
}

static void addresses_are_in_it_or_not(void **state)
{
	static const struct {
		const char *network, *addr;
		bool has;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"10.128.0.0/9", "10.255.1.2", true},
		{"10.128.0.0/9", "10.127.1.2", false},
		{"0.0.0.0/0", "198.51.100.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"2001:db8::1", "2001:db8::1", true},
		{"2001:db8::1", "2001:db8::2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct network network;
		struct addr addr;

		assert_int_equal(network_parse(&network, span_of(cases[i].network)), 0);
		assert_int_equal(addr_parse(&addr, cases[i].addr, 9), 0);
		if (network_has(&network, &addr) != cases[i].has)
			fail_msg("%s in %s", cases[i].addr, cases[i].network);
	}
	struct network all;
	struct addr none = {.len = 0};

	assert_int_equal(network_parse(&all, span_of("0.0.0.0/0")), 0);
	assert_false(network_has(&all, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_networks_or_not),
		cmocka_unit_test(addresses_are_in_it_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
