#include "../unit.h"

#include "hep/packet.h"

#include <stdlib.h>
#include <string.h>

static uint8_t out[HEP_PACKET_MAX];

static struct addr addr_of(const char *text)
{
	struct addr addr = {.len = 0};

	assert_int_equal(addr_parse(&addr, text, 0), 0);
	return addr;
}

/* A whole packet, byte by byte, as the specification's own example is laid out. */
static void every_chunk_is_where_and_what_it_should_be(void **state)
{
	static const uint8_t expected[] = {'H', 'E', 'P', '3', 0, 148, /* length of all */
		0, 0, 0, 1, 0, 7, 2,                                   /* IPv4 */
		0, 0, 0, 2, 0, 7, 17,                                  /* UDP */
		0, 0, 0, 3, 0, 10, 212, 202, 0, 1,                     /* source */
		0, 0, 0, 4, 0, 10, 82, 116, 0, 211,                    /* destination */
		0, 0, 0, 7, 0, 8, 0x2e, 0xea,                          /* 12010 */
		0, 0, 0, 8, 0, 8, 0x13, 0xc4,                          /* 5060 */
		0, 0, 0, 9, 0, 10, 0x4e, 0x49, 0x82, 0xcb,             /* seconds */
		0, 0, 0, 10, 0, 10, 0, 1, 0xd4, 0xc0,                  /* 120000 us */
		0, 0, 0, 11, 0, 7, 1,                                  /* SIP */
		0, 0, 0, 12, 0, 10, 0, 0, 0, 0xe4,                /* capture id 228 */
		0, 0, 0, 14, 0, 12, 's', 'e', 'c', 'r', 'e', 't', /* key */
		0, 0, 0, 19, 0, 9, 'm', 'e', 'd',                 /* node */
		0, 0, 0, 17, 0, 14, '5', 'f', '3', 'c', '-', '0', '0', '1', /* call */
		0, 0, 0, 15, 0, 20, 'I', 'N', 'V', 'I', 'T', 'E', ' ', 's', 'i', 'p', ':',
		'b', '@', 'x'};
	const struct hep_packet packet = {.type = HEP_SIP,
		.protocol = IPPROTO_UDP,
		.source = addr_of("212.202.0.1:12010"),
		.destination = addr_of("82.116.0.211:5060"),
		.wall_us = UINT64_C(0x4e4982cb) * 1000000 + 120000,
		.capture_id = 228,
		.key = span_of("secret"),
		.node = span_of("med"),
		.correlation = span_of("5f3c-001"),
		.payload = span_of("INVITE sip:b@x")};
	bool cut = true;

	(void)state;
	assert_int_equal(hep_packet_write(out, &packet, &cut), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_int_equal(hep_packet_len(out), sizeof(expected));
	assert_false(cut);
}

/* What is not known has no chunk; addresses always have, since collectors drop packets without. */
static void what_is_not_known_is_left_out(void **state)
{
	static const uint8_t expected[] = {'H', 'E', 'P', '3', 0, 102, /* */
		0, 0, 0, 1, 0, 7, 2,                                   /* */
		0, 0, 0, 2, 0, 7, 6,                                   /* TCP */
		0, 0, 0, 3, 0, 10, 0, 0, 0, 0,                         /* */
		0, 0, 0, 4, 0, 10, 0, 0, 0, 0,                         /* */
		0, 0, 0, 7, 0, 8, 0, 0,                                /* */
		0, 0, 0, 8, 0, 8, 0, 0,                                /* */
		0, 0, 0, 9, 0, 10, 0, 0, 0, 0,                         /* */
		0, 0, 0, 10, 0, 10, 0, 0, 0, 0,                        /* */
		0, 0, 0, 11, 0, 7, 100,                                /* log */
		0, 0, 0, 12, 0, 10, 0, 0, 0, 0,                        /* */
		0, 0, 0, 15, 0, 9, 'e', 'n', 'd'};
	const struct hep_packet packet = {
		.type = HEP_LOG, .protocol = IPPROTO_TCP, .payload = span_of("end")};
	bool cut;

	(void)state;
	assert_int_equal(hep_packet_write(out, &packet, &cut), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void expect_addresses(
	const char *source, const char *destination, const uint8_t expected[static 64])
{
	struct hep_packet packet = {.type = HEP_RTCP, .protocol = IPPROTO_UDP};
	bool cut;

	if (source)
		packet.source = addr_of(source);
	if (destination)
		packet.destination = addr_of(destination);
	hep_packet_write(out, &packet, &cut);
	assert_memory_equal(out + 6, expected, 64);
}

/* One packet has one family: IPv4 is mapped into IPv6 where the other is. */
static void addresses_have_one_family(void **state)
{
	static const uint8_t both[64] = {0, 0, 0, 1, 0, 7, 10, 0, 0, 0, 2, 0, 7, 17, /* */
		0, 0, 0, 5, 0, 22, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0, 0, 0, 6, 0, 22, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		0, 0, 0, 7, 0, 8};
	static const uint8_t mixed[64] = {0, 0, 0, 1, 0, 7, 10, 0, 0, 0, 2, 0, 7, 17,
		/* */
		0, 0, 0, 5, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1,
		0, 0, 0, 6, 0, 22, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		0, 0, 0, 7, 0, 8};
	static const uint8_t half[64] = {0, 0, 0, 1, 0, 7, 10, 0, 0, 0, 2, 0, 7, 17, /* */
		0, 0, 0, 5, 0, 22, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0, 0, 0, 6, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 7, 0, 8};

	(void)state;
	expect_addresses("[2001:db8::1]:5060", "[2001:db8::2]:5061", both);
	expect_addresses("192.0.2.1:5060", "[2001:db8::2]:5061", mixed);
	expect_addresses("[2001:db8::1]:5060", NULL, half);
}

/* A datagram has no more; the length is that of what is there. */
static void a_payload_that_does_not_fit_is_cut(void **state)
{
	const size_t big = 70000, head = 102 - 3;
	char *payload = malloc(big);
	struct hep_packet packet = {.type = HEP_SIP, .protocol = IPPROTO_TCP};
	bool cut = false;

	(void)state;
	memset(payload, 'a', big);
	packet.payload = (struct span){payload, big};
	assert_int_equal(hep_packet_write(out, &packet, &cut), HEP_PACKET_MAX);
	assert_true(cut);
	assert_int_equal(hep_packet_len(out), HEP_PACKET_MAX);
	assert_int_equal(out[head - 2] << 8 | out[head - 1], HEP_PACKET_MAX - head + 6);
	assert_int_equal(out[HEP_PACKET_MAX - 1], 'a');
	packet.payload.len = HEP_PACKET_MAX - head;
	assert_int_equal(hep_packet_write(out, &packet, &cut), HEP_PACKET_MAX);
	assert_false(cut);
	packet.payload.len++;
	hep_packet_write(out, &packet, &cut);
	assert_true(cut);
	free(payload);
}

static void a_long_text_is_cut(void **state)
{
	char text[300];
	const struct hep_packet packet = {.type = HEP_SIP,
		.protocol = IPPROTO_TCP,
		.node = {text, sizeof(text)},
		.payload = span_of("end")};
	bool cut;

	(void)state;
	memset(text, 'n', sizeof(text));
	assert_int_equal(hep_packet_write(out, &packet, &cut), 102 + 6 + 256);
	assert_false(cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_chunk_is_where_and_what_it_should_be),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(addresses_have_one_family),
		cmocka_unit_test(a_payload_that_does_not_fit_is_cut),
		cmocka_unit_test(a_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
