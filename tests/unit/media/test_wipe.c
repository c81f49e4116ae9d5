/*
 * What is given back to the heap holds no key of SRTP's: free() of this program looks at each
 * block for one.
 */
#include "media_test.h"

#include "media/keys.h"

#include <dlfcn.h>
#include <malloc.h>
#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <stdlib.h>

/* Bytes that nothing else has by chance: a salt has no more. */
#define NEEDLE 12

static uint8_t needle[NEEDLE];
static bool looking;
static unsigned leaks;

static inline bool holds(const void *block)
{
	size_t len = malloc_usable_size((void *)(uintptr_t)block);

	return memmem(block, len, needle, sizeof(needle)) != NULL;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HEAP_IS_LIBCS 1

/* The C library's, or LeakSanitizer's. */
static void give_back(void *block)
{
	static void (*next)(void *block);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "free");
	next(block);
}

void free(void *block);
void free(void *block)
{
	if (looking && block && holds(block))
		leaks++;
	give_back(block);
}
#else
#define HEAP_IS_LIBCS 0
#endif

static void look_for(const uint8_t *key)
{
	memcpy(needle, key, sizeof(needle));
	leaks = 0;
	looking = true;
}

static void expect_none(void)
{
	looking = false;
	assert_int_equal(leaks, 0);
}

/* What is looked for would be found. */
static void finds_a_key_that_is_given_back(void **state)
{
	uint8_t *block = malloc(100);
	struct relay_key key = test_key(RELAY_AEAD_AES_128_GCM, 1);

	(void)state;
	assert_non_null(block);
	look_for(key.key.bytes);
	memcpy(block + 50, key.key.bytes, NEEDLE);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else nobody reads it */
	free(block);
	looking = false;
	assert_int_equal(leaks, 1);
}

static void contexts_are_wiped(void **state)
{
	(void)state;
	for (enum relay_suite suite = 0; suite < RELAY_PLAIN; suite++) {
		struct relay_key key = test_key(suite, 3);
		struct srtp_context *context;
		struct test_packet packet;

		look_for(key.key.bytes);
		context = test_context(&key, SRTP_SEAL);
		test_rtp(&packet, 7, 1, 160);
		assert_int_equal(
			srtp_context_seal(context, false, packet.data, &packet.len), 0);
		srtp_context_free(context);
		key.key.len = 0; /* no such key: nothing stays of it either */
		assert_int_not_equal(srtp_context_new(&context, &key, SRTP_SEAL), 0);
		expect_none();
	}
}

static void use_cipher(const srtp_cipher_type_t *type, const uint8_t *key, int key_len)
{
	srtp_cipher_t *cipher = NULL;

	assert_int_equal(type->alloc(&cipher, key_len, 16), 0);
	assert_int_equal(type->init(cipher->state, key), 0);
	type->dealloc(cipher);
}

/* The objects that each packet goes through, of which libsrtp2 wipes nothing. */
static void ciphers_are_wiped(void **state)
{
	static const int key_lens[SRTP_ENGINE_CIPHERS] = {30, 46, 28, 44};
	const struct srtp_engine *engine = *state;

	for (unsigned i = 0; i < SRTP_ENGINE_CIPHERS; i++) {
		uint8_t key[46];

		for (unsigned j = 0; j < sizeof(key); j++)
			key[j] = (uint8_t)(7 * j + i);
		look_for(key);
		use_cipher(engine->ciphers[i], key, key_lens[i]);
		expect_none();
		look_for(key + key_lens[i] - NEEDLE); /* the salt */
		use_cipher(engine->ciphers[i], key, key_lens[i]);
		expect_none();
	}
}

static void macs_are_wiped(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_auth_t *mac = NULL;
	uint8_t key[20], tag[10], data[100] = {0};

	for (unsigned j = 0; j < sizeof(key); j++)
		key[j] = (uint8_t)(11 * j + 1);
	look_for(key);
	assert_int_equal(engine->mac->alloc(&mac, sizeof(key), sizeof(tag)), 0);
	engine->mac->init(mac->state, key, sizeof(key));
	engine->mac->compute(mac->state, data, sizeof(data), sizeof(tag), tag);
	engine->mac->dealloc(mac);
	expect_none();
}

#define OF_BOTH(test)                                                                    \
	cmocka_unit_test_prestate(test, (void *)(uintptr_t)&srtp_engine_nettle),         \
		cmocka_unit_test_prestate(test, (void *)(uintptr_t)&srtp_engine_gnutls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_key_that_is_given_back),
		cmocka_unit_test(contexts_are_wiped),
		OF_BOTH(ciphers_are_wiped),
		OF_BOTH(macs_are_wiped),
	};

	if (!HEAP_IS_LIBCS) {
		print_message("a sanitizer has the heap: nothing is looked at\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
