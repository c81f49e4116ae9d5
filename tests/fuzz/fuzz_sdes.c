/*
 * a=crypto: what parses is printed in a form that parses to the same and prints the same
 * again; what does not leaves the result alone and says why.
 */
#include "fuzz.h"
#include "sdp/b64.h"
#include "sdp/sdes.h"

#include <string.h>

static void must_equal(const struct sdes_crypto *a, const struct sdes_crypto *b)
{
	MUST(a->tag == b->tag && a->suite == b->suite);
	MUST(secret_equal(&a->key, &b->key));
	MUST(a->lifetime == b->lifetime && a->lifetime_power == b->lifetime_power);
	MUST(a->mki_len == b->mki_len && (!a->mki_len || a->mki == b->mki));
}

static void round_trip(const struct sdes_crypto *crypto)
{
	struct sdes_crypto again;
	struct buf first, second;

	MUST(crypto->suite < SDES_SUITES &&
		crypto->key.len == sdes_key_len(crypto->suite));
	MUST(crypto->lifetime <= (uint64_t)1 << 48 && crypto->mki_len <= 4);
	buf_init(&first, 0);
	buf_init(&second, 0);
	sdes_print(crypto, &first);
	MUST(sdes_parse(&again, buf_span(&first), NULL) == 0);
	must_equal(crypto, &again);
	sdes_print(&again, &second);
	MUST(span_equal(buf_span(&first), buf_span(&second)));
	buf_free(&first);
	buf_free(&second);
}

/* One text, one key: what decodes is what encoding gives, padding aside. */
static void base64_is_one_to_one(struct span text, size_t len)
{
	char again[B64_LEN(46)];
	uint8_t bytes[46];

	if (b64_decode(text, bytes, len) != 0)
		return;
	b64_encode(bytes, len, again);
	MUST(text.len <= B64_LEN(len) && memcmp(again, text.p, text.len) == 0);
	for (size_t i = text.len; i < B64_LEN(len); i++)
		MUST(again[i] == '=');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct sdes_crypto crypto, untouched;
	struct err_text error = {""};

	memset(&crypto, 0x5a, sizeof(crypto));
	memset(&untouched, 0x5a, sizeof(untouched));
	if (sdes_parse(&crypto, text, &error) == 0) {
		round_trip(&crypto);
	} else {
		MUST(memcmp(&crypto, &untouched, sizeof(crypto)) == 0);
		MUST(error.text[0]);
	}
	base64_is_one_to_one(text, 28);
	base64_is_one_to_one(text, 30);
	base64_is_one_to_one(text, 44);
	base64_is_one_to_one(text, 46);
	return 0;
}
