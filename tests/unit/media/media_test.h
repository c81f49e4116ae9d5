/*
 * What the media tests share: packets to build, keys to fill, time to wait.
 */
#pragma once

#include "../unit.h"
#include "media/srtp.h"
#include "media/srtp_engine.h"

#include <stdbool.h>
#include <string.h>

#define TEST_ROOM 2048

struct test_packet {
	_Alignas(8) uint8_t data[TEST_ROOM];
	size_t len;
};

static inline void test_put32(uint8_t *p, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* G.711 with PAYLOAD bytes. */
static inline void test_rtp(
	struct test_packet *packet, uint32_t ssrc, uint16_t seq, size_t payload)
{
	memset(packet->data, 0, sizeof(packet->data));
	packet->data[0] = 0x80;
	packet->data[1] = 0;
	packet->data[2] = (uint8_t)(seq >> 8);
	packet->data[3] = (uint8_t)seq;
	test_put32(packet->data + 4, seq * 160U);
	test_put32(packet->data + 8, ssrc);
	for (size_t i = 0; i < payload; i++)
		packet->data[12 + i] = (uint8_t)(seq + i);
	packet->len = 12 + payload;
}

/* A receiver report about nothing. */
static inline void test_rtcp(struct test_packet *packet, uint32_t ssrc)
{
	memset(packet->data, 0, sizeof(packet->data));
	packet->data[0] = 0x80;
	packet->data[1] = 201;
	packet->data[3] = 1;
	test_put32(packet->data + 4, ssrc);
	packet->len = 8;
}

/* Whether A and B are the same RTP or RTCP, but for their SSRC. */
static inline bool test_same(const struct test_packet *a, const struct test_packet *b)
{
	size_t at = a->data[1] >= 192 && a->data[1] <= 223 ? 4 : 8;

	return a->len == b->len && memcmp(a->data, b->data, at) == 0 &&
	       memcmp(a->data + at + 4, b->data + at + 4, a->len - at - 4) == 0;
}

/* Bytes of a suite's master key and salt. */
static inline size_t test_key_len(enum relay_suite suite)
{
	switch (suite) {
	case RELAY_AEAD_AES_256_GCM:
		return 44;
	case RELAY_AEAD_AES_128_GCM:
		return 28;
	case RELAY_AES_256_CM_HMAC_SHA1_80:
	case RELAY_AES_256_CM_HMAC_SHA1_32:
		return 46;
	case RELAY_AES_CM_128_HMAC_SHA1_80:
	case RELAY_AES_CM_128_HMAC_SHA1_32:
		return 30;
	case RELAY_PLAIN:
		break;
	}
	return 0;
}

/* A key that SEED decides. */
static inline struct relay_key test_key(enum relay_suite suite, uint8_t seed)
{
	struct relay_key key = {.suite = suite};

	key.key.len = test_key_len(suite);
	for (size_t i = 0; i < key.key.len; i++)
		key.key.bytes[i] = (uint8_t)(seed * 31 + i * 7 + 1);
	return key;
}

static inline struct srtp_context *test_context(
	const struct relay_key *key, enum srtp_direction direction)
{
	struct srtp_context *context = NULL;

	assert_int_equal(srtp_context_new(&context, key, direction), 0);
	return context;
}

static inline struct addr test_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(&addr, text, 0), 0);
	return addr;
}

/* A group setup: libsrtp2 with our engine. */
static inline int test_start_srtp(void **state)
{
	struct err_text text = {""};

	(void)state;
	if (srtp_library_start(&srtp_engine_nettle, &text) == 0)
		return 0;
	print_error("%s\n", text.text);
	return -1;
}
