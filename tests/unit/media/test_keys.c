/* A key has one context from its first use to its last. */
#include "path_test.h"

#include "media/rtcp.h"

#define ALTERNATIONS 40
#define SUITE RELAY_AEAD_AES_256_GCM

/* A far end that keeps a context for each of two keys: it refuses whatever comes twice. */
struct far_end {
	struct relay_key rx[2], tx[2];
	struct srtp_context *seal[2], *open[2];
};

static struct far_end start_far_end(enum relay_suite a, enum relay_suite b)
{
	struct far_end far;

	for (unsigned i = 0; i < 2; i++) {
		enum relay_suite suite = i == 0 ? a : b;

		far.rx[i] = test_key(suite, (uint8_t)(10 + i));
		far.tx[i] = test_key(suite, (uint8_t)(20 + i));
		far.seal[i] = test_context(&far.rx[i], SRTP_SEAL);
		far.open[i] = test_context(&far.tx[i], SRTP_OPEN);
	}
	return far;
}

static void stop_far_end(struct far_end *far)
{
	for (unsigned i = 0; i < 2; i++) {
		srtp_context_free(far->seal[i]);
		srtp_context_free(far->open[i]);
	}
}

static void use_key(struct fixture *f, const struct far_end *far, unsigned which)
{
	f->remote[RELAY_A].rx = far->rx[which];
	f->remote[RELAY_A].tx = far->tx[which];
	apply(f);
}

/* SRTCP's index: the last word but for the tag of suites that are no AEAD. */
static uint32_t rtcp_index(const struct test_packet *packet, enum relay_suite suite)
{
	size_t tag = suite <= RELAY_AEAD_AES_128_GCM ? 0 : 10;

	return rtp_get32(packet->data + packet->len - tag - 4) & 0x7fffffff;
}

/* Forks answer with one key and the other in turn: previews, until one of them is picked up. */
static void check_alternation(struct fixture *f, enum relay_suite a, enum relay_suite b)
{
	struct far_end far = start_far_end(a, b);
	uint32_t index[2] = {0};
	uint16_t seq = 65000;

	for (unsigned i = 0; i < ALTERNATIONS; i++) {
		unsigned which = i % 2;

		use_key(f, &far, which);
		for (unsigned j = 0; j < 100; j++, seq++) {
			test_rtp(&f->packet, 5, seq, 20);
			test_put32(f->packet.data + 4, (i * 100 + j) * 160);
			f->batch.now_us += 20000;
			assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
			assert_int_equal(srtp_context_open(far.open[which], false,
						 f->packet.data, &f->packet.len),
				0);
		}
		for (unsigned j = 0; j < 3; j++) {
			test_rtcp(&f->packet, 5);
			assert_true(take(f, RELAY_B, PATH_RTCP, EXTERNAL_RTCP));
			index[which]++;
			assert_int_equal(rtcp_index(&f->packet, far.tx[which].suite),
				index[which]);
			assert_int_equal(srtp_context_open(far.open[which], true,
						 f->packet.data, &f->packet.len),
				0);
		}
		/* The other way: what was heard under a key is not heard again. */
		test_rtp(&f->packet, 9, seq, 20);
		assert_int_equal(srtp_context_seal(far.seal[which], false, f->packet.data,
					 &f->packet.len),
			0);
		assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	}
	stop_far_end(&far);
}

static void keys_that_alternate_go_on_each(void **state)
{
	check_alternation(*state, SUITE, SUITE);
}

static void suites_that_alternate_go_on_each(void **state)
{
	check_alternation(*state, RELAY_AES_CM_128_HMAC_SHA1_80, RELAY_AEAD_AES_128_GCM);
}

static void what_was_heard_under_a_key_is_not_heard_when_it_comes_back(void **state)
{
	struct fixture *f = *state;
	struct far_end far = start_far_end(SUITE, SUITE);
	struct test_packet heard;

	use_key(f, &far, 0);
	test_rtp(&heard, 9, 1, 20);
	srtp_context_seal(far.seal[0], false, heard.data, &heard.len);
	f->packet = heard;
	assert_true(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	use_key(f, &far, 1);
	/* No SRTP at all in between, and an end that was closed by a mistake. */
	f->remote[RELAY_A].rx = f->remote[RELAY_A].tx =
		(struct relay_key){.suite = RELAY_PLAIN};
	apply(f);
	f->remote[RELAY_A].udptl = true;
	apply(f);
	f->remote[RELAY_A].udptl = false;
	f->remote[RELAY_A].rx.suite = SUITE;
	assert_int_not_equal(path_set(&f->path, RELAY_A, &f->remote[RELAY_A], 0), 0);
	use_key(f, &far, 0);
	f->packet = heard;
	assert_false(take(f, RELAY_A, PATH_RTP, INTERNAL_RTP));
	assert_int_equal(stats(f, RELAY_A).dropped_replay, 1);
	stop_far_end(&far);
}

/* The _80 and _32 suites make the same key stream of a key. */
static void a_key_under_another_suite_seals_other_ssrcs(void **state)
{
	struct fixture *f = *state;
	uint32_t before;

	f->remote[RELAY_A].rx = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 10);
	f->remote[RELAY_A].tx = test_key(RELAY_AES_CM_128_HMAC_SHA1_80, 20);
	apply(f);
	test_rtp(&f->packet, 5, 1, 20);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	before = rtp_ssrc(f->packet.data);
	f->remote[RELAY_A].tx.suite = RELAY_AES_CM_128_HMAC_SHA1_32;
	apply(f);
	test_rtp(&f->packet, 5, 2, 20);
	assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
	assert_int_not_equal(rtp_ssrc(f->packet.data), before);
	assert_int_equal(rtp_seq(f->packet.data), 2);
}

/* Re-INVITEs with ever new keys: all are taken, in bounded memory, and an old one never again. */
static void keys_beyond_memory_are_refused_when_they_come_back(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < KEYS_MAX + 40; i++) {
		f->remote[RELAY_A].rx = test_key(SUITE, (uint8_t)i);
		f->remote[RELAY_A].tx = test_key(SUITE, (uint8_t)(128 + i));
		apply(f);
		assert_true(f->path.end[0].open_keys.count <= KEYS_MAX);
	}
	for (unsigned i = 0; i < KEYS_MAX + 40; i++) {
		bool known = i >= 40;

		f->remote[RELAY_A].rx = test_key(SUITE, (uint8_t)i);
		f->remote[RELAY_A].tx = test_key(SUITE, (uint8_t)(128 + i));
		assert_int_equal(
			path_set(&f->path, RELAY_A, &f->remote[RELAY_A], f->batch.now_us),
			known ? 0 : ERR_STATE);
		test_rtp(&f->packet, 5, (uint16_t)i, 20);
		assert_int_equal(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP), known);
	}
}

/* A goodbye ends our SSRC, and what it took in the library with it. */
static void goodbyes_without_end_are_borne(void **state)
{
	struct fixture *f = *state;
	struct far_end far = start_far_end(SUITE, SUITE);

	for (unsigned i = 0; i < 10 * SRTP_SEAL_SSRCS; i++) {
		/* Also those that another key has sealed as well. */
		use_key(f, &far, 1);
		test_rtp(&f->packet, 100 + i, 0, 20);
		assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
		use_key(f, &far, 0);
		test_rtp(&f->packet, 100 + i, 1, 20);
		assert_true(take(f, RELAY_B, PATH_RTP, EXTERNAL_RTP));
		test_rtcp(&f->packet, 100 + i);
		rtp_put32(f->packet.data + 8, 0x81cb0001);
		rtp_put32(f->packet.data + 12, 100 + i);
		f->packet.len = 16;
		assert_true(take(f, RELAY_B, PATH_RTCP, EXTERNAL_RTCP));
		assert_int_equal(srtp_context_open(far.open[0], true, f->packet.data,
					 &f->packet.len),
			0);
		assert_int_equal(f->packet.len, 16);
	}
	stop_far_end(&far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_that_alternate_go_on_each),
		TEST(suites_that_alternate_go_on_each),
		TEST(what_was_heard_under_a_key_is_not_heard_when_it_comes_back),
		TEST(a_key_under_another_suite_seals_other_ssrcs),
		TEST(keys_beyond_memory_are_refused_when_they_come_back),
		TEST(goodbyes_without_end_are_borne),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
