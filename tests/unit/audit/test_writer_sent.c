/* Packets as they were received and as they were sent, in one capture. */
#include "writer_fixture.h"

/* A packet that went on: once as it was received, once as it was sent. */
static void onward(struct fixture *fixture, uint16_t sequence)
{
	const uint8_t rtp[172] = {0x80, 8, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0,
		0, 0, 1, 0, 0, 0, 7, 'p', 'a', 'y'};
	const struct tap_onward on = {.source = fixture_addr("[2001:db8::1]:30004"),
		.destination = fixture_addr("[2001:db8::2]:40000"),
		.end = 1,
		.head_len = TAP_HEAD,
		.head = {0x80, 0x88, 0x12, 0x34, 0, 0, 0, 2, 0, 0, 0, 8}};
	const struct tap_packet packet = {.call = 1,
		.mono_us = clock_real()->mono_us(clock_real()),
		.captured = true,
		.source = fixture_addr("127.0.0.1:30002"),
		.destination = fixture_addr("127.0.0.1:20000"),
		.onward = &on,
		.data = rtp,
		.len = sizeof(rtp)};

	fixture->tap->packet_h(fixture->tap->arg, &packet);
}

static void use_style(struct fixture *fixture, bool both)
{
	struct style *style = style_new(CONFIG_CAPTURE_PCAPNG, NULL, "");

	style->media_both = both;
	writer_set_style(fixture->writer, style);
	style_unref(style);
}

static void a_packet_is_there_as_it_was_sent_too(void **state)
{
	struct fixture *fixture = *state;
	struct tap_packet own = {.call = 1,
		.mono_us = clock_real()->mono_us(clock_real()),
		.captured = true,
		.sent = true,
		.source = fixture_addr("127.0.0.1:20000"),
		.destination = fixture_addr("127.0.0.1:30002"),
		.data = (const uint8_t *)"\x80\x00\x00\x09zzzzyyyy",
		.len = 12};

	if (system("command -v tshark >/dev/null 2>&1") != 0)
		skip();
	writer_call_begin(fixture->writer, 1, "a");
	party(fixture, 7, 0, "a", "server pbx1");
	party(fixture, 8, 1, "b", "trunk x");
	onward(fixture, 5);
	fixture->tap->packet_h(fixture->tap->arg, &own);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).offered, 3);
	use_style(fixture, false);
	onward(fixture, 6);
	fixture->tap->packet_h(fixture->tap->arg, &own);
	WAIT_FOR(settled(fixture));
	assert_int_equal(totals(fixture).offered, 4);
	assert_int_equal(totals(fixture).lost, 0);
	WAIT_FOR(totals(fixture).stored == 4);
	tshark_says(fixture,
		"-d udp.port==20000-40000,rtp -e frame.interface_name "
		"-e frame.packet_flags_direction -e ip.dst -e ipv6.dst -e rtp.seq "
		"-e rtp.ssrc -e udp.length -e udp.checksum.status "
		"-o udp.check_checksum:TRUE",
		"a\t0x00000001\t127.0.0.1\t\t5\t0x00000007\t180\t1\n"
		"b\t0x00000002\t\t2001:db8::2\t4660\t0x00000008\t180\t1\n"
		"a\t0x00000002\t127.0.0.1\t\t9\t0x79797979\t20\t1\n"
		"a\t0x00000001\t127.0.0.1\t\t6\t0x00000007\t180\t1\n");
}

static void what_is_sent_on_is_lost_with_it(void **state)
{
	struct fixture *fixture = *state;

	onward(fixture, 1); /* of no call */
	WAIT_FOR(totals(fixture).lost == 2);
	assert_int_equal(totals(fixture).offered, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_packet_is_there_as_it_was_sent_too, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_sent_on_is_lost_with_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
