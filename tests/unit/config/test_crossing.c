/* Keys for statuses, reasons and headers that cross: their values, their defaults, and where a fault is. */
#include "fixture.h"

static void what_never_crosses_is_refused_where_it_is_named(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\n"
		"headers-pass = X-Site, in Via\n"
		"headers-drop = P-Asserted-Identity\n"
		"headers-add = X-A: 1, Route: <sip:a>\n"
		"codes = 404 -> 480, 486 -> 200\ncodes-out = 404 => 480\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:24: error: headers-pass: \"in Via\" is not "
		"possible: "
		"it belongs to one hop: each side has its own\n"
		"gateways.d/a.conf:4:16: error: headers-drop: \"P-Asserted-Identity\" is "
		"not "
		"possible: it says who calls whom, which the rules of numbers and "
		"identities decide\n"
		"gateways.d/a.conf:5:23: error: headers-add: \"Route: <sip:a>\" is not "
		"possible: it belongs to one hop: each side has its own\n"
		"gateways.d/a.conf:6:21: error: codes: \"486 -> 200\" is not possible: a "
		"refusal stays a refusal: 400 to 699\n"
		"gateways.d/a.conf:7:13: error: codes-out: expected a comma list such as "
		"404 -> 480, 500-599 -> 503, q850:34 -> 503, 480 q850:31 -> 486 or "
		"q850:1-127 -> rfc3398, each once, got \"404 => 480\"\n");
}

static void what_crosses_is_read(void **state)
{
	struct fixture *fixture = *state;
	const struct config_crossing *crossing;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nheaders-pass = X-Site, in X-*\n"
		"headers-drop = User-to-User\nheaders-add = X-A: 1\\, 2, in X-B: 3\n"
		"codes = 404 -> 480, q850:34 -> 503\ncodes-out = 603 -> 403\n"
		"reason = make\n");
	fixture_load_ok(fixture);
	crossing = &config_gateway_find(fixture->config, "a")->common.crossing;
	assert_int_equal(crossing->pass.count, 2);
	assert_string_equal(crossing->pass.words[1], "in X-*");
	assert_int_equal(crossing->drop.count, 1);
	assert_int_equal(crossing->add.count, 2);
	assert_string_equal(crossing->add.words[0], "X-A: 1\\, 2");
	assert_int_equal(crossing->codes.count, 2);
	assert_int_equal(crossing->codes_out.count, 1);
	assert_int_equal(crossing->reason, CONFIG_REASON_MAKE);
	crossing = &fixture->config->servers[0].common.crossing;
	assert_int_equal(crossing->pass.count, 0);
	assert_int_equal(crossing->codes.count, 0);
	assert_int_equal(crossing->reason, CONFIG_REASON_PASS);
}

static void headers_of_records_are_named(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nrecord-headers = X-A,P-Charging-Vector\n");
	fixture_load_ok(fixture);
	assert_int_equal(
		config_gateway_find(fixture->config, "a")->common.record_headers.count,
		2);
	assert_int_equal(fixture->config->servers[0].common.record_headers.count, 0);
}

static void headers_that_records_do_not_have_are_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture_write(fixture, "gateways.d/a.conf",
		"[gateway]\nhost = a.example\nrecord-headers = X-A, authorization\n");
	fixture_write(fixture, "gateways.d/b.conf",
		"[gateway]\nhost = b.example\nrecord-headers = X-A, x-a\n");
	fixture_write(fixture, "gateways.d/c.conf",
		"[gateway]\nhost = c.example\nrecord-headers = "
		"A1,A2,A3,A4,A5,A6,A7,A8,A9\n");
	fixture_write(fixture, "gateways.d/d.conf",
		"[gateway]\nhost = d.example\nrecord-headers = X-*\n");
	fixture_load_fails(fixture,
		"gateways.d/a.conf:3:23: error: record-headers: \"authorization\" is not "
		"possible: it proves who is who, and records are for others to read\n"
		"gateways.d/b.conf:3:23: error: record-headers: expected a comma list of "
		"at "
		"most 8 names of headers such as X-Site, each once, got \"x-a\"\n"
		"gateways.d/c.conf:3:42: error: record-headers: expected a comma list of "
		"at "
		"most 8 names of headers such as X-Site, each once, got \"A9\"\n"
		"gateways.d/d.conf:3:18: error: record-headers: expected a comma list of "
		"at "
		"most 8 names of headers such as X-Site, each once, got \"X-*\"\n");
}

#define TEST(function)                                                                   \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_never_crosses_is_refused_where_it_is_named),
		TEST(what_crosses_is_read),
		TEST(headers_of_records_are_named),
		TEST(headers_that_records_do_not_have_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
