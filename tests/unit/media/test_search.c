/* Packets whose roll-over counter is not the expected one; the far end is libsrtp2 too. */
#include "media_test.h"

#include "media/search.h"

#include <stdlib.h>

#define SSRC 5
#define SECOND_US 1000000
/* Of sequence numbers. */
#define CYCLE 65536

/* A far end that seals, and our end that opens. */
struct fixture {
	struct relay_key key;
	struct srtp_context *peer, *open;
	struct search search;
	uint64_t now_us;
};

static void start(struct fixture *f, enum relay_suite suite)
{
	*f = (struct fixture){.key = test_key(suite, 1), .now_us = 1};
	f->peer = test_context(&f->key, SRTP_SEAL);
	f->open = test_context(&f->key, SRTP_OPEN);
}

static void stop(struct fixture *f)
{
	srtp_context_free(f->peer);
	srtp_context_free(f->open);
}

/* INDEX is that of the whole stream: ROC and sequence number. */
static struct test_packet sealed(struct fixture *f, uint64_t index)
{
	struct test_packet packet;

	test_rtp(&packet, SSRC, (uint16_t)index, 100);
	assert_int_equal(srtp_context_seal(f->peer, false, packet.data, &packet.len), 0);
	return packet;
}

static int take(struct fixture *f, const struct test_packet *packet)
{
	struct test_packet copy = *packet, clear;
	uint16_t seq = (uint16_t)(packet->data[2] << 8 | packet->data[3]);
	int err = search_open(&f->search, f->open, f->now_us, copy.data, &copy.len);

	if (err != 0) {
		assert_int_equal(copy.len, packet->len);
		return err;
	}
	test_rtp(&clear, SSRC, seq, 100);
	assert_int_equal(copy.len, clear.len);
	assert_memory_equal(copy.data, clear.data, clear.len);
	return 0;
}

/* What the far end sends from FIRST to LAST is lost. It goes in steps that it can guess. */
static void lose(struct fixture *f, uint64_t first, uint64_t last)
{
	for (uint64_t index = first; index < last; index += 10000)
		sealed(f, index);
}

static void take_from(struct fixture *f, uint64_t index, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct test_packet packet = sealed(f, index + i);

		assert_int_equal(take(f, &packet), 0);
	}
}

static void give_new_key(struct fixture *f, bool peer_keeps, bool we_keep)
{
	struct srtp_context *peer = f->peer, *open = f->open;

	f->key.key.bytes[0] ^= 0xff;
	f->peer = test_context(&f->key, SRTP_SEAL);
	f->open = test_context(&f->key, SRTP_OPEN);
	srtp_context_follow(f->peer, peer, peer_keeps);
	srtp_context_follow(f->open, open, we_keep);
	srtp_context_free(peer);
	srtp_context_free(open);
}

static uint32_t roc_of(struct fixture *f, const struct test_packet *packet)
{
	return srtp_context_roc(f->open, packet->data);
}

static void goes_on_after_the_loss_of_half_a_cycle_and_more(void **state)
{
	static const unsigned losses[] = {33000, 65536, 70000, 100000, 131072, 150000};

	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++)
		for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
			uint64_t next = 60000 + losses[i];
			struct test_packet old, packet;
			struct fixture f;

			start(&f, suite);
			old = sealed(&f, 59000);
			take_from(&f, 60000, 2);
			lose(&f, 60002, next);
			packet = sealed(&f, next);
			assert_int_not_equal(take(&f, &packet), 0); /* arms it */
			take_from(&f, next + 1, 3);
			assert_int_equal(f.search.found, 1);
			assert_int_equal(roc_of(&f, &packet), next >> 16);
			assert_int_not_equal(take(&f, &old), 0);
			stop(&f);
		}
}

/* What was heard before a jump, or after it, is not heard again. */
static void what_came_before_does_not_come_again(void **state)
{
	struct test_packet sent[20];
	struct fixture f;
	unsigned count = 0;

	(void)state;
	start(&f, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (uint64_t index = 0; index < CYCLE; index += 10000)
		take_from(&f, index, 1);
	for (; count < 10; count++) {
		sent[count] = sealed(&f, CYCLE + 1000 + count);
		assert_int_equal(take(&f, &sent[count]), 0);
	}
	lose(&f, CYCLE + 1010, CYCLE + 51000);
	sealed(&f, CYCLE + 51000);
	take(&f, &(struct test_packet){.len = 200, .data = {0x80}});
	for (; count < 20; count++) {
		sent[count] = sealed(&f, CYCLE + 51000 + count);
		assert_int_equal(take(&f, &sent[count]), 0);
	}
	assert_int_equal(f.search.found, 1);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < count; i++)
			assert_int_not_equal(take(&f, &sent[i]), 0);
	assert_int_equal(f.search.found, 1);
	stop(&f);
}

/* All that we and the far end can make of a new key, before and after a wrap. */
static void a_new_key_is_found_whatever_the_far_end_does(void **state)
{
	static const uint64_t lasts[] = {3 * 65536 + 500, 3 * 65536 + 65530};

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		bool peer_keeps = i & 1, we_keep = i & 2;
		uint64_t last = lasts[i / 8];
		struct test_packet old, packet;
		struct fixture f;

		start(&f, i & 4 ? RELAY_AEAD_AES_256_GCM : RELAY_AES_CM_128_HMAC_SHA1_32);
		for (uint64_t index = 0; index < last; index += 10000)
			take_from(&f, index, 1);
		take_from(&f, last, 1);
		old = sealed(&f, last + 1);
		give_new_key(&f, peer_keeps, we_keep);
		packet = sealed(&f, last + 10); /* rolls over in half of them */
		assert_int_equal(take(&f, &old), ERR_AUTH);
		assert_int_equal(take(&f, &packet), 0);
		take_from(&f, last + 11, 5);
		assert_int_equal(f.search.found, peer_keeps == we_keep ? 0 : 1);
		assert_int_equal(roc_of(&f, &packet), peer_keeps ? (last + 10) >> 16 : 0);
		assert_int_equal(take(&f, &packet), ERR_REPLAY);
		assert_int_equal(take(&f, &old), ERR_AUTH);
		stop(&f);
	}
}

/* It uses key streams twice, so we do not follow: we say that it does. */
static void a_restart_under_the_same_key_is_refused_and_told(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, RELAY_AEAD_AES_128_GCM);
	for (uint64_t index = 0; index < CYCLE + 10000; index += 10000)
		take_from(&f, index, 1);
	srtp_context_free(f.peer);
	f.peer = test_context(&f.key, SRTP_SEAL);
	for (unsigned i = 0; i < 10; i++) {
		struct test_packet packet = sealed(&f, 4500 + i);

		assert_int_equal(take(&f, &packet), ERR_AUTH);
	}
	assert_int_equal(f.search.restarted, 9);
	assert_int_equal(f.search.found, 0);
	stop(&f);
}

static void a_flood_of_bad_tags_is_searched_for_within_bounds(void **state)
{
	struct test_packet bad, packet;
	struct fixture f;

	(void)state;
	start(&f, RELAY_AES_CM_128_HMAC_SHA1_80);
	for (uint64_t index = 0; index < CYCLE; index += 10000)
		take_from(&f, index, 1);
	take_from(&f, CYCLE + 1000, 1);
	lose(&f, CYCLE + 1001, CYCLE + 50000);
	for (unsigned i = 0; i < 10000; i++) {
		test_rtp(&bad, i % 2 ? SSRC : 1000 + i, (uint16_t)i, 110);
		assert_int_not_equal(take(&f, &bad), 0);
	}
	assert_int_equal(f.search.left, 0);
	packet = sealed(&f, CYCLE + 50000);
	assert_int_not_equal(take(&f, &packet), 0); /* no search is left in this second */
	f.now_us += SECOND_US;
	packet = sealed(&f, CYCLE + 50001);
	assert_int_equal(take(&f, &packet), 0);
	assert_int_equal(f.search.left, SEARCH_PER_SECOND - 1);
	assert_int_equal(f.search.restarted, 0);
	/* And they took none of the places for SSRCs. */
	for (uint32_t ssrc = 100; ssrc < 110; ssrc++) {
		test_rtp(&packet, ssrc, 1, 100);
		srtp_context_seal(f.peer, false, packet.data, &packet.len);
		assert_int_equal(
			srtp_context_open(f.open, false, packet.data, &packet.len), 0);
	}
	stop(&f);
}

/* Not to have a packet of any length copied to the stack. */
static void long_packets_are_opened_but_not_searched_for(void **state)
{
	static uint8_t data[SEARCH_LEN_MAX + 100] __attribute__((aligned(8)));
	size_t len = SEARCH_LEN_MAX + 20;
	struct test_packet bad;
	struct fixture f;

	(void)state;
	start(&f, RELAY_AES_CM_128_HMAC_SHA1_80);
	test_rtp(&bad, SSRC, 1, 110);
	assert_int_equal(take(&f, &bad), ERR_AUTH);
	memcpy(data, bad.data, 12);
	assert_int_equal(search_open(&f.search, f.open, f.now_us, data, &len), ERR_AUTH);
	assert_int_equal(f.search.left, 0); /* none has begun */
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_after_the_loss_of_half_a_cycle_and_more),
		cmocka_unit_test(what_came_before_does_not_come_again),
		cmocka_unit_test(a_new_key_is_found_whatever_the_far_end_does),
		cmocka_unit_test(a_restart_under_the_same_key_is_refused_and_told),
		cmocka_unit_test(a_flood_of_bad_tags_is_searched_for_within_bounds),
		cmocka_unit_test(long_packets_are_opened_but_not_searched_for),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
