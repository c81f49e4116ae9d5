#include "tls/seal.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

static struct seal *make(char fill)
{
	struct secret key = {.len = SEAL_KEY_LEN};
	struct seal *seal = NULL;

	memset(key.bytes, fill, SEAL_KEY_LEN);
	assert_int_equal(seal_new(&seal, &key), 0);
	return seal;
}

static int run(int (*h)(void *arg, const char *about, struct span in, struct buf *out),
	struct seal *seal, const char *about, const char *in, struct buf *out)
{
	buf_init(out, 0);
	return h(seal, about, span_of(in), out);
}

/* PLAIN as SEAL seals it for call 7; to be freed. */
static char *sealed(struct seal *seal)
{
	const struct saved_sealer sealer = seal_sealer(seal);
	struct buf out;

	assert_int_equal(run(sealer.seal_h, seal, "call 7", PLAIN, &out), 0);
	assert_non_null(buf_str(&out));
	return buf_steal(&out, NULL);
}

static void what_is_sealed_is_opened(void **state)
{
	struct seal *seal = make('k');
	const struct saved_sealer sealer = seal_sealer(seal);
	char *text = sealed(seal);
	struct buf out;

	(void)state;
	assert_null(strstr(text, "inline"));
	assert_int_equal(strspn(text, "0123456789abcdef"), strlen(text));
	assert_int_equal(run(sealer.open_h, seal, "call 7", text, &out), 0);
	assert_string_equal(buf_str(&out), PLAIN);
	buf_free(&out);
	free(text);
	seal_free(seal);
}

static void nothing_is_sealed_as_well(void **state)
{
	struct seal *seal = make('k');
	const struct saved_sealer sealer = seal_sealer(seal);
	struct buf text, out;

	(void)state;
	assert_int_equal(run(sealer.seal_h, seal, "", "", &text), 0);
	assert_int_equal(run(sealer.open_h, seal, "", buf_str(&text), &out), 0);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	buf_free(&text);
	seal_free(seal);
}

static void the_same_twice_does_not_look_the_same(void **state)
{
	struct seal *seal = make('k');
	char *one = sealed(seal), *two = sealed(seal);

	(void)state;
	assert_string_not_equal(one, two);
	free(one);
	free(two);
	seal_free(seal);
}

static void another_key_or_matter_opens_nothing(void **state)
{
	struct seal *seal = make('k'), *other = make('l');
	const struct saved_sealer sealer = seal_sealer(seal);
	char *text = sealed(seal);
	struct buf out;

	(void)state;
	assert_int_equal(run(sealer.open_h, other, "call 7", text, &out), ERR_AUTH);
	assert_int_equal(out.len, 0);
	assert_int_equal(run(sealer.open_h, seal, "call 8", text, &out), ERR_AUTH);
	assert_int_equal(out.len, 0);
	free(text);
	seal_free(seal);
	seal_free(other);
}

static void a_changed_text_opens_nothing(void **state)
{
	struct seal *seal = make('k');
	const struct saved_sealer sealer = seal_sealer(seal);
	char *text = sealed(seal);
	const size_t len = strlen(text);
	struct buf out;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		const char was = text[i];

		text[i] = was == '0' ? '1' : '0';
		assert_int_equal(
			run(sealer.open_h, seal, "call 7", text, &out), ERR_AUTH);
		text[i] = 'G';
		assert_int_equal(
			run(sealer.open_h, seal, "call 7", text, &out), ERR_AUTH);
		text[i] = was;
		assert_int_equal(out.len, 0);
		buf_free(&out);
	}
	while (*text) {
		text[strlen(text) - 1] = '\0';
		assert_int_equal(
			run(sealer.open_h, seal, "call 7", text, &out), ERR_AUTH);
		buf_free(&out);
	}
	free(text);
	seal_free(seal);
}

static void a_key_has_one_length(void **state)
{
	struct secret key = {.len = SEAL_KEY_LEN - 1};
	struct seal *seal = NULL;

	(void)state;
	assert_int_equal(seal_new(&seal, &key), ERR_SUPPORT);
	key.len = SEAL_KEY_LEN + 1;
	assert_int_equal(seal_new(&seal, &key), ERR_SUPPORT);
	assert_null(seal);
	seal_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_is_opened),
		cmocka_unit_test(nothing_is_sealed_as_well),
		cmocka_unit_test(the_same_twice_does_not_look_the_same),
		cmocka_unit_test(another_key_or_matter_opens_nothing),
		cmocka_unit_test(a_changed_text_opens_nothing),
		cmocka_unit_test(a_key_has_one_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
