#include "base/secret.h"

#include "../unit.h"

#include "base/err.h"

#include <string.h>

static void a_secret_holds_up_to_its_maximum(void **state)
{
	uint8_t bytes[SECRET_MAX + 1] = {1, 2, 3};
	struct secret secret = {.len = 7};

	(void)state;
	assert_int_equal(secret_set(&secret, bytes, SECRET_MAX + 1), ERR_LIMIT);
	assert_int_equal(secret.len, 7);
	assert_int_equal(secret_set(&secret, bytes, SECRET_MAX), 0);
	assert_int_equal(secret.len, SECRET_MAX);
	assert_memory_equal(secret.bytes, bytes, SECRET_MAX);
	assert_int_equal(secret_random(&secret, SECRET_MAX + 1), ERR_LIMIT);
}

static void a_shorter_secret_leaves_nothing_of_a_longer_one(void **state)
{
	static const uint8_t zeros[SECRET_MAX];
	struct secret secret;

	(void)state;
	secret_set(&secret, "0123456789", 10);
	secret_set(&secret, "ab", 2);
	assert_memory_equal(secret.bytes + 2, zeros, SECRET_MAX - 2);
}

static void equality_needs_same_bytes_and_length(void **state)
{
	struct secret a, b;

	(void)state;
	secret_set(&a, "abc", 3);
	secret_set(&b, "abc", 3);
	assert_true(secret_equal(&a, &b));
	secret_set(&b, "abd", 3);
	assert_false(secret_equal(&a, &b));
	secret_set(&b, "abc\0", 4);
	assert_false(secret_equal(&a, &b));
	secret_set(&a, NULL, 0);
	secret_set(&b, NULL, 0);
	assert_true(secret_equal(&a, &b));
}

static void wiping_leaves_zeros(void **state)
{
	static const struct secret zeros;
	struct secret secret;

	(void)state;
	assert_int_equal(secret_random(&secret, 46), 0);
	assert_int_equal(secret.len, 46);
	secret_wipe(&secret);
	assert_memory_equal(&secret, &zeros, sizeof(zeros));
	secret_wipe_bytes(NULL, 0);
}

static void random_secrets_differ(void **state)
{
	struct secret a, b;

	(void)state;
	assert_int_equal(secret_random(&a, 16), 0);
	assert_int_equal(secret_random(&b, 16), 0);
	assert_false(secret_equal(&a, &b));
}

static void tokens_are_hex_and_never_repeat(void **state)
{
	/* 16 bytes each: over the pool's end and through several refills. */
	enum { COUNT = 100, BYTES = 16 };
	char tokens[COUNT][2 * BYTES + 1];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		secret_token(tokens[i], BYTES);
		assert_int_equal(strlen(tokens[i]), 2 * BYTES);
		assert_int_equal(strspn(tokens[i], "0123456789abcdef"), 2 * BYTES);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(tokens[i], tokens[j]);
	}
}

static void a_token_may_be_longer_than_the_pool(void **state)
{
	char token[2 * 1000 + 1];

	(void)state;
	secret_token(token, 1000);
	assert_int_equal(strlen(token), 2000);
	assert_memory_not_equal(token, token + 512, 512);
	secret_token(token, 0);
	assert_string_equal(token, "");
}

static void numbers_stay_below_their_limit(void **state)
{
	enum { LIMIT = 3, COUNT = 200 };
	unsigned seen[LIMIT] = {0};

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t number = secret_below(LIMIT);

		assert_true(number < LIMIT);
		seen[number]++;
	}
	/* one of them is missing once in 10^34 runs */
	for (unsigned i = 0; i < LIMIT; i++)
		assert_true(seen[i] > 0);
	assert_int_equal(secret_below(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_holds_up_to_its_maximum),
		cmocka_unit_test(a_shorter_secret_leaves_nothing_of_a_longer_one),
		cmocka_unit_test(equality_needs_same_bytes_and_length),
		cmocka_unit_test(wiping_leaves_zeros),
		cmocka_unit_test(random_secrets_differ),
		cmocka_unit_test(tokens_are_hex_and_never_repeat),
		cmocka_unit_test(a_token_may_be_longer_than_the_pool),
		cmocka_unit_test(numbers_stay_below_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
