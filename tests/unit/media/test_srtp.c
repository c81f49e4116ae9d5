/* SRTP contexts: formats, replay, roll-over, SSRCs, MKI. */
#include "../heap.h"
#include "media_test.h"

static const size_t rtp_tag_len[] = {16, 16, 10, 10, 4, 4};
static const size_t rtcp_tag_len[] = {16, 16, 10, 10, 10, 10};

/* Seals with one context and opens with another; true when the clear text came back. */
static int pass(struct srtp_context *seal, struct srtp_context *open, bool rtcp,
	const struct test_packet *clear)
{
	struct test_packet packet = *clear;
	int err = srtp_context_seal(seal, rtcp, packet.data, &packet.len);

	if (err != 0)
		return err;
	err = srtp_context_open(open, rtcp, packet.data, &packet.len);
	if (err != 0)
		return err;
	assert_int_equal(packet.len, clear->len);
	assert_memory_equal(packet.data, clear->data, clear->len);
	return 0;
}

/* The reference packet of libsrtp's own test driver, header and 16 bytes of 0xab. */
static void seals_as(const struct relay_key *key, const uint8_t expected[static 26])
{
	static const uint8_t header[12] = {
		0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe};
	struct srtp_context *context = test_context(key, SRTP_SEAL);
	struct test_packet packet = {.len = 28};

	memcpy(packet.data, header, sizeof(header));
	memset(packet.data + sizeof(header), 0xab, 16);
	assert_int_equal(srtp_context_seal(context, false, packet.data, &packet.len), 0);
	assert_int_equal(packet.len, 38);
	assert_memory_equal(packet.data, header, sizeof(header));
	assert_memory_equal(packet.data + 12, expected, 26);
	srtp_context_free(context);
}

/* The master keys are those of RFC 3711 B.3 and RFC 6188 7.2. */
static void seals_the_reference_packets(void **state)
{
	static const uint8_t key_128[30] = {0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b,
		0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39, 0x0e, 0xc6, 0x75,
		0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6};
	static const uint8_t sealed_128[26] = {0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78,
		0xd8, 0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a,
		0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb};
	static const uint8_t key_256[46] = {0xf0, 0xf0, 0x49, 0x14, 0xb5, 0x13, 0xf2,
		0x76, 0x3a, 0x1b, 0x1f, 0xa1, 0x30, 0xf1, 0x0e, 0x29, 0x98, 0xf6, 0xf6,
		0xe4, 0x3e, 0x43, 0x09, 0xd1, 0xe6, 0x22, 0xa0, 0xe3, 0x32, 0xb9, 0xf1,
		0xb6, 0x3b, 0x04, 0x80, 0x3d, 0xe5, 0x1e, 0xe7, 0xc9, 0x64, 0x23, 0xab,
		0x5b, 0x78, 0xd2};
	static const uint8_t sealed_256[26] = {0xf1, 0xd9, 0xde, 0x17, 0xff, 0x25, 0x1f,
		0xf1, 0xaa, 0x00, 0x77, 0x74, 0xb0, 0xb4, 0xb4, 0x0d, 0xa0, 0x8d, 0x9d,
		0x9a, 0x5b, 0x3a, 0x55, 0xd8, 0x87, 0x3b};
	struct relay_key key = {.suite = RELAY_AES_CM_128_HMAC_SHA1_80};

	(void)state;
	secret_set(&key.key, key_128, sizeof(key_128));
	seals_as(&key, sealed_128);
	key.suite = RELAY_AES_256_CM_HMAC_SHA1_80;
	secret_set(&key.key, key_256, sizeof(key_256));
	seals_as(&key, sealed_256);
}

static void every_suite_has_its_tag_lengths(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		struct relay_key key = test_key(suite, 1);
		struct srtp_context *seal = test_context(&key, SRTP_SEAL);
		struct srtp_context *open = test_context(&key, SRTP_OPEN);
		struct test_packet packet;

		test_rtp(&packet, 1, 1, 160);
		assert_int_equal(
			srtp_context_seal(seal, false, packet.data, &packet.len), 0);
		assert_int_equal(packet.len, 172 + rtp_tag_len[suite]);
		test_rtcp(&packet, 1);
		assert_int_equal(
			srtp_context_seal(seal, true, packet.data, &packet.len), 0);
		assert_int_equal(packet.len, 8 + 4 + rtcp_tag_len[suite]);
		test_rtp(&packet, 1, 2, 160);
		assert_int_equal(pass(seal, open, false, &packet), 0);
		test_rtcp(&packet, 1);
		assert_int_equal(pass(seal, open, true, &packet), 0);
		srtp_context_free(seal);
		srtp_context_free(open);
	}
}

static void refuses_every_flipped_bit_and_lives(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		struct relay_key key = test_key(suite, 2);
		struct srtp_context *seal = test_context(&key, SRTP_SEAL);
		struct srtp_context *open = test_context(&key, SRTP_OPEN);
		struct test_packet sealed, copy;

		test_rtp(&sealed, 7, 100, 20);
		srtp_context_seal(seal, false, sealed.data, &sealed.len);
		/* The header from its second bit on; the version is path.c's to check. */
		for (size_t bit = 8; bit < sealed.len * 8; bit++) {
			copy = sealed;
			copy.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(
				srtp_context_open(open, false, copy.data, &copy.len),
				ERR_AUTH);
		}
		copy = sealed;
		assert_int_equal(srtp_context_open(open, false, copy.data, &copy.len), 0);
		srtp_context_free(seal);
		srtp_context_free(open);
	}
}

static void refuses_replayed_and_old_packets(void **state)
{
	struct relay_key key = test_key(RELAY_AEAD_AES_128_GCM, 3);
	struct srtp_context *seal = test_context(&key, SRTP_SEAL);
	struct srtp_context *open = test_context(&key, SRTP_OPEN);
	static struct test_packet sent[SRTP_REPLAY_WINDOW + 50];
	struct test_packet copy;
	const unsigned last = SRTP_REPLAY_WINDOW + 49;

	(void)state;
	for (unsigned i = 0; i <= last; i++) {
		test_rtp(&sent[i], 9, (uint16_t)(1000 + i), 160);
		srtp_context_seal(seal, false, sent[i].data, &sent[i].len);
	}
	copy = sent[last];
	assert_int_equal(srtp_context_open(open, false, copy.data, &copy.len), 0);
	copy = sent[last];
	assert_int_equal(
		srtp_context_open(open, false, copy.data, &copy.len), ERR_REPLAY);
	copy = sent[last - 100]; /* late, within the window */
	assert_int_equal(srtp_context_open(open, false, copy.data, &copy.len), 0);
	copy = sent[0]; /* never seen, but too old to know */
	assert_int_equal(
		srtp_context_open(open, false, copy.data, &copy.len), ERR_REPLAY);
	srtp_context_free(seal);
	srtp_context_free(open);
}

static void refuses_replayed_rtcp(void **state)
{
	struct relay_key key = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 3);
	struct srtp_context *seal = test_context(&key, SRTP_SEAL);
	struct srtp_context *open = test_context(&key, SRTP_OPEN);
	struct test_packet packet, copy;

	(void)state;
	test_rtcp(&packet, 5);
	srtp_context_seal(seal, true, packet.data, &packet.len);
	copy = packet;
	assert_int_equal(srtp_context_open(open, true, copy.data, &copy.len), 0);
	copy = packet;
	assert_int_equal(srtp_context_open(open, true, copy.data, &copy.len), ERR_REPLAY);
	srtp_context_free(seal);
	srtp_context_free(open);
}

static void rolls_over_with_loss_around_the_wrap(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		struct relay_key key = test_key(suite, 4);
		struct srtp_context *seal = test_context(&key, SRTP_SEAL);
		struct srtp_context *open = test_context(&key, SRTP_OPEN);
		struct test_packet packet;

		for (unsigned i = 0; i < 200000; i += 1 + i % 4000) {
			test_rtp(&packet, 3, (uint16_t)(60000 + i), 20);
			assert_int_equal(pass(seal, open, false, &packet), 0);
		}
		srtp_context_free(seal);
		srtp_context_free(open);
	}
}

/* What we seal has SSRCs of ours, which are few; one that ended makes room for another. */
static void seals_for_a_bounded_number_of_ssrcs(void **state)
{
	struct relay_key key = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 5);
	struct srtp_context *seal = test_context(&key, SRTP_SEAL);
	struct test_packet packet;

	(void)state;
	for (uint32_t ssrc = 1; ssrc <= SRTP_SEAL_SSRCS; ssrc++) {
		test_rtp(&packet, ssrc, 1, 20);
		assert_int_equal(
			srtp_context_seal(seal, false, packet.data, &packet.len), 0);
	}
	test_rtp(&packet, 99, 1, 20);
	assert_int_equal(
		srtp_context_seal(seal, false, packet.data, &packet.len), ERR_LIMIT);
	test_rtp(&packet, 1, 2, 20); /* the known ones go on */
	assert_int_equal(srtp_context_seal(seal, false, packet.data, &packet.len), 0);
	srtp_context_end(seal, 7);
	srtp_context_end(seal, 7);
	test_rtp(&packet, 99, 1, 20);
	assert_int_equal(srtp_context_seal(seal, false, packet.data, &packet.len), 0);
	test_rtp(&packet, 100, 1, 20);
	assert_int_equal(
		srtp_context_seal(seal, false, packet.data, &packet.len), ERR_LIMIT);
	srtp_context_free(seal);
}

/* What the far end sends of SSRC at INDEX, after all that led there. */
static void far_seal(const struct relay_key *key, struct test_packet *packet,
	uint32_t ssrc, uint32_t index, bool rtcp)
{
	struct srtp_context *seal = test_context(key, SRTP_SEAL);

	if (rtcp)
		test_rtcp(packet, ssrc);
	else
		test_rtp(packet, ssrc, (uint16_t)index, 20);
	if (!rtcp)
		for (uint32_t at = 0; at < index; at += 30000) {
			struct test_packet before;

			test_rtp(&before, ssrc, (uint16_t)at, 20);
			assert_int_equal(
				srtp_context_seal(seal, false, before.data, &before.len),
				0);
		}
	for (uint32_t at = 0; rtcp && at < index; at++) {
		struct test_packet before;

		test_rtcp(&before, ssrc);
		assert_int_equal(
			srtp_context_seal(seal, true, before.data, &before.len), 0);
	}
	assert_int_equal(srtp_context_seal(seal, rtcp, packet->data, &packet->len), 0);
	srtp_context_free(seal);
}

static int open_once(
	struct srtp_context *open, const struct test_packet *sealed, bool rtcp)
{
	struct test_packet packet = *sealed;

	return srtp_context_open(open, rtcp, packet.data, &packet.len);
}

/* However many SSRCs come, none of their packets counts twice, and each goes on when it comes
 * back. */
static void opens_any_number_of_ssrcs_and_forgets_none(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct relay_key key = test_key(
			round ? RELAY_AEAD_AES_256_GCM : RELAY_AES_CM_128_HMAC_SHA1_80,
			5);
		struct srtp_context *open = test_context(&key, SRTP_OPEN);
		const uint32_t count = 20 * SSRCS_LIVE;
		struct test_packet rtp[3], rtcp[2], packet;

		/* One at ROC 2, by three packets; one of RTCP alone. */
		far_seal(&key, &rtp[0], 1, 60000, false);
		far_seal(&key, &rtp[1], 1, 120000, false);
		far_seal(&key, &rtp[2], 1, 150000, false);
		far_seal(&key, &rtcp[0], 2, 3, true);
		for (uint32_t at = 0; at <= 150000; at += 30000) {
			far_seal(&key, &packet, 1, at, false);
			assert_int_equal(open_once(open, &packet, false), 0);
		}
		assert_int_equal(open_once(open, &rtcp[0], true), 0);
		for (uint32_t ssrc = 100; ssrc < 100 + count; ssrc++) {
			far_seal(&key, &packet, ssrc, ssrc, false);
			assert_int_equal(open_once(open, &packet, false), 0);
			assert_int_equal(open_once(open, &packet, false), ERR_REPLAY);
		}
		/* What came comes not again, though its window is gone. */
		for (unsigned i = 0; i < 3; i++)
			assert_int_not_equal(open_once(open, &rtp[i], false), 0);
		assert_int_equal(open_once(open, &rtcp[0], true), ERR_REPLAY);
		for (uint32_t ssrc = 100; ssrc < 100 + count - SSRCS_LIVE; ssrc++) {
			far_seal(&key, &packet, ssrc, ssrc, false);
			assert_int_equal(open_once(open, &packet, false), ERR_REPLAY);
			far_seal(&key, &packet, ssrc, ssrc - 1, false);
			assert_int_equal(open_once(open, &packet, false), ERR_REPLAY);
		}
		/* Each goes on where it was: by RTCP first, and by RTP first. */
		far_seal(&key, &rtcp[1], 1, 0, true);
		assert_int_equal(open_once(open, &rtcp[1], true), 0);
		assert_int_not_equal(open_once(open, &rtp[2], false), 0);
		far_seal(&key, &packet, 1, 150001, false);
		assert_int_equal(open_once(open, &packet, false), 0);
		assert_int_equal(open_once(open, &packet, false), ERR_REPLAY);
		far_seal(&key, &packet, 2, 4, true);
		assert_int_equal(open_once(open, &packet, true), 0);
		assert_int_equal(open_once(open, &packet, true), ERR_REPLAY);
		for (uint32_t ssrc = 100; ssrc < 100 + count; ssrc++) {
			far_seal(&key, &packet, ssrc, ssrc + 1, false);
			assert_int_equal(open_once(open, &packet, false), 0);
			assert_int_equal(open_once(open, &packet, false), ERR_REPLAY);
		}
		srtp_context_free(open);
	}
}

/* The end of it: what is known goes on, and stays safe. */
static void refuses_ssrcs_beyond_its_memory(void **state)
{
	struct relay_key key = test_key(RELAY_AEAD_AES_128_GCM, 5);
	struct srtp_context *open = test_context(&key, SRTP_OPEN);
	struct srtp_context *seal = test_context(&key, SRTP_SEAL);
	struct test_packet packet, first;

	(void)state;
	for (uint32_t ssrc = 1; ssrc <= SSRCS_MAX + 1; ssrc++) {
		test_rtp(&packet, ssrc * 2654435761U, 1, 20);
		assert_int_equal(
			srtp_context_seal(seal, false, packet.data, &packet.len), 0);
		srtp_context_end(seal, ssrc * 2654435761U);
		if (ssrc == 1)
			first = packet;
		assert_int_equal(srtp_context_open(open, false, packet.data, &packet.len),
			ssrc <= SSRCS_MAX ? 0 : ERR_LIMIT);
	}
	assert_int_equal(open_once(open, &first, false), ERR_REPLAY);
	test_rtp(&packet, 2654435761U, 2, 20);
	assert_int_equal(pass(seal, open, false, &packet), 0);
	srtp_context_free(seal);
	srtp_context_free(open);
}

/* Forged packets must not use up the places of the true ones. */
static void forged_ssrcs_take_no_place(void **state)
{
	struct relay_key key = test_key(RELAY_AEAD_AES_256_GCM, 6);
	struct srtp_context *seal = test_context(&key, SRTP_SEAL);
	struct srtp_context *open = test_context(&key, SRTP_OPEN);
	struct test_packet packet;

	(void)state;
	for (uint32_t ssrc = 100; ssrc < 1000; ssrc++) {
		test_rtp(&packet, ssrc, 1, 60);
		assert_int_equal(srtp_context_open(open, false, packet.data, &packet.len),
			ERR_AUTH);
	}
	test_rtp(&packet, 1, 1, 20);
	assert_int_equal(pass(seal, open, false, &packet), 0);
	srtp_context_free(seal);
	srtp_context_free(open);
}

static void mki_travels_where_the_rfc_puts_it(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_AES_256_CM_HMAC_SHA1_32; suite++) {
		size_t tag = rtp_tag_len[suite];
		bool aead = suite <= RELAY_AEAD_AES_128_GCM;
		struct relay_key key = test_key(suite, 7), wrong;
		struct srtp_context *seal, *open, *stranger;
		struct test_packet packet, copy;

		key.mki_len = 4;
		memcpy(key.mki, "\xde\xad\xbe\xef", 4);
		seal = test_context(&key, SRTP_SEAL);
		open = test_context(&key, SRTP_OPEN);
		wrong = key;
		wrong.mki[3] ^= 1;
		stranger = test_context(&wrong, SRTP_OPEN);
		test_rtp(&packet, 1, 1, 160);
		srtp_context_seal(seal, false, packet.data, &packet.len);
		assert_int_equal(packet.len, 172 + tag + 4);
		/* Before HMAC's tag (RFC 3711 3.1), behind GCM's (RFC 7714 8). */
		assert_memory_equal(packet.data + 172 + (aead ? tag : 0), key.mki, 4);
		copy = packet;
		assert_int_equal(srtp_context_open(stranger, false, copy.data, &copy.len),
			ERR_AUTH);
		assert_int_equal(
			srtp_context_open(open, false, packet.data, &packet.len), 0);
		assert_int_equal(packet.len, 172);
		for (uint16_t seq = 2; seq < 10; seq++) {
			test_rtp(&packet, 1, seq, 160);
			assert_int_equal(pass(seal, open, false, &packet), 0);
			test_rtcp(&packet, 1);
			assert_int_equal(pass(seal, open, true, &packet), 0);
		}
		srtp_context_free(seal);
		srtp_context_free(open);
		srtp_context_free(stranger);
	}
}

static void short_packets_are_refused_at_every_length(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++)
		for (unsigned mki_len = 0; mki_len <= 4; mki_len++) {
			struct relay_key key = test_key(suite, 8);
			struct srtp_context *open;

			key.mki_len = mki_len;
			if (srtp_key_check(&key) != 0)
				continue;
			open = test_context(&key, SRTP_OPEN);
			for (size_t len = 0; len < 80; len++) {
				struct test_packet packet;
				size_t rtp_len = len, rtcp_len = len;

				test_rtp(&packet, 1, 1, 160);
				assert_int_not_equal(srtp_context_open(open, false,
							     packet.data, &rtp_len),
					0);
				test_rtcp(&packet, 1);
				assert_int_not_equal(srtp_context_open(open, true,
							     packet.data, &rtcp_len),
					0);
			}
			srtp_context_free(open);
		}
}

static void checks_keys(void **state)
{
	struct relay_key key = {0}; /* GCM with an empty key */

	(void)state;
	assert_int_equal(srtp_key_check(&key), ERR_SUPPORT);
	key = test_key(RELAY_AEAD_AES_256_GCM, 1);
	assert_int_equal(srtp_key_check(&key), 0);
	key.key.len--;
	assert_int_equal(srtp_key_check(&key), ERR_SUPPORT);
	key = test_key(RELAY_AES_CM_128_HMAC_SHA1_32, 1);
	assert_int_equal(srtp_key_check(&key), 0);
	key.mki_len = 1; /* tags of two lengths */
	assert_int_equal(srtp_key_check(&key), ERR_SUPPORT);
	key = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 1);
	key.mki_len = 5;
	assert_int_equal(srtp_key_check(&key), ERR_SUPPORT);
	key = test_key(RELAY_PLAIN, 1);
	assert_int_equal(srtp_key_check(&key), ERR_SUPPORT);
}

static void compares_keys_in_all_their_parts(void **state)
{
	struct relay_key a = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 1), b = a;

	(void)state;
	assert_true(srtp_key_equal(&a, &b));
	b.suite = RELAY_AES_CM_128_HMAC_SHA1_32;
	assert_false(srtp_key_equal(&a, &b));
	b = a;
	b.key.bytes[29] ^= 1;
	assert_false(srtp_key_equal(&a, &b));
	b = a;
	b.mki_len = 1;
	assert_false(srtp_key_equal(&a, &b));
	b = a;
	b.mki[0] = 1; /* of no meaning while mki_len is 0 */
	assert_true(srtp_key_equal(&a, &b));
}

static void cross(struct srtp_context *seal, struct srtp_context *open, uint32_t ssrc,
	uint16_t seq, uint32_t roc)
{
	struct test_packet packet;

	test_rtp(&packet, ssrc, seq, 20);
	assert_int_equal(srtp_context_seal(seal, false, packet.data, &packet.len), 0);
	assert_int_equal(srtp_context_open(open, false, packet.data, &packet.len), 0);
	assert_int_equal(srtp_context_roc(open, packet.data), roc);
}

static void a_new_key_goes_on_for_each_ssrc(void **state)
{
	const struct relay_key before = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 1);
	const struct relay_key after = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 2);
	struct srtp_context *seal[2], *open[2];

	(void)state;
	seal[0] = test_context(&before, SRTP_SEAL);
	open[0] = test_context(&before, SRTP_OPEN);
	seal[1] = test_context(&after, SRTP_SEAL);
	open[1] = test_context(&after, SRTP_OPEN);
	for (uint32_t ssrc = 5; ssrc < 9; ssrc++) {
		cross(seal[0], open[0], ssrc, 65000, 0);
		cross(seal[0], open[0], ssrc, 100, 1);
	}
	srtp_context_follow(seal[1], seal[0], true);
	srtp_context_follow(open[1], open[0], true);
	for (uint32_t ssrc = 5; ssrc < 9; ssrc++)
		cross(seal[1], open[1], ssrc, 200, 1);
	cross(seal[1], open[1], 9, 200, 0); /* which is new */
	for (unsigned i = 0; i < 2; i++) {
		srtp_context_free(seal[i]);
		srtp_context_free(open[i]);
	}
}

struct goodbyes {
	struct srtp_context *seal;
	uint32_t ssrc;
};

static void begin_and_end(void *arg)
{
	struct goodbyes *goodbyes = arg;
	struct test_packet packet;

	test_rtp(&packet, ++goodbyes->ssrc, 1, 20);
	assert_int_equal(
		srtp_context_seal(goodbyes->seal, false, packet.data, &packet.len), 0);
	srtp_context_end(goodbyes->seal, goodbyes->ssrc);
}

static void make_and_free(void *arg)
{
	const struct relay_key *key = arg;
	struct srtp_context *context = test_context(key, SRTP_SEAL);
	struct srtp_context *next = test_context(key, SRTP_SEAL);
	struct test_packet packet;

	test_rtp(&packet, 5, 1, 20);
	assert_int_equal(srtp_context_seal(context, false, packet.data, &packet.len), 0);
	srtp_context_follow(next, context, true);
	srtp_context_follow(next, context, true);
	srtp_context_free(next);
	srtp_context_free(context);
}

static void streams_and_contexts_that_end_keep_nothing(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		struct relay_key key = test_key(suite, 1);
		struct goodbyes goodbyes = {.seal = test_context(&key, SRTP_SEAL)};

		assert_keeps_nothing(begin_and_end, &goodbyes);
		srtp_context_free(goodbyes.seal);
		assert_keeps_nothing(make_and_free, &key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_the_reference_packets),
		cmocka_unit_test(every_suite_has_its_tag_lengths),
		cmocka_unit_test(refuses_every_flipped_bit_and_lives),
		cmocka_unit_test(refuses_replayed_and_old_packets),
		cmocka_unit_test(refuses_replayed_rtcp),
		cmocka_unit_test(rolls_over_with_loss_around_the_wrap),
		cmocka_unit_test(seals_for_a_bounded_number_of_ssrcs),
		cmocka_unit_test(opens_any_number_of_ssrcs_and_forgets_none),
		cmocka_unit_test(refuses_ssrcs_beyond_its_memory),
		cmocka_unit_test(forged_ssrcs_take_no_place),
		cmocka_unit_test(mki_travels_where_the_rfc_puts_it),
		cmocka_unit_test(short_packets_are_refused_at_every_length),
		cmocka_unit_test(checks_keys),
		cmocka_unit_test(compares_keys_in_all_their_parts),
		cmocka_unit_test(a_new_key_goes_on_for_each_ssrc),
		cmocka_unit_test(streams_and_contexts_that_end_keep_nothing),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
