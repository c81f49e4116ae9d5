/* Key derivation, key streams and tags of RFC 3711, 6188, 7714 and 2202 through the types
 * that libsrtp2 is given. */
#include "media_test.h"

#include <srtp2/auth.h>
#include <srtp2/cipher.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 128
/* One packet's key stream at most: RFC 3711 4.1.1. */
#define STREAM_BLOCKS 0xff02

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t len = strlen(hex) / 2;

	assert_true(len <= TEXT_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return len;
}

static srtp_cipher_t *new_cipher(
	const srtp_cipher_type_t *type, const char *key_hex, int tag_len)
{
	uint8_t key[TEXT_MAX];
	size_t len = unhex(key, key_hex);
	srtp_cipher_t *cipher = NULL;

	assert_int_equal(type->alloc(&cipher, (int)len, tag_len), srtp_err_status_ok);
	assert_int_equal(cipher->type->id, type->id);
	assert_int_equal(type->init(cipher->state, key), srtp_err_status_ok);
	return cipher;
}

/* RFC 3711 4.3.1: the label is byte 7 of the salt's fourteen. */
static void derive(srtp_cipher_t *cipher, uint8_t label, const char *expected_hex)
{
	uint8_t iv[16] = {[7] = label}, out[TEXT_MAX] = {0}, expected[TEXT_MAX];
	unsigned len = (unsigned)unhex(expected, expected_hex);

	cipher->type->set_iv(cipher->state, iv, srtp_direction_encrypt);
	cipher->type->encrypt(cipher->state, out, &len);
	assert_memory_equal(out, expected, len);
}

static void derives_keys_of_rfc3711(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = new_cipher(engine->ciphers[0],
		"e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6", 0);

	derive(cipher, 0, "c61e7a93744f39ee10734afe3ff7a087");
	derive(cipher, 2, "30cbbc08863d8c85d49db34a9ae1");
	derive(cipher, 1, "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
	cipher->type->dealloc(cipher);
}

static void derives_keys_of_rfc6188(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = new_cipher(engine->ciphers[1],
		"f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
		"3b04803de51ee7c96423ab5b78d2",
		0);

	derive(cipher, 0,
		"5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
	derive(cipher, 2, "fa31791685ca444a9e07c6c64e93");
	derive(cipher, 1, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
	cipher->type->dealloc(cipher);
}

/* The first three and the last three blocks of a whole key stream. */
static void stream(const srtp_cipher_type_t *type, const char *key_hex,
	const char *first_hex, const char *last_hex)
{
	srtp_cipher_t *cipher = new_cipher(type, key_hex, 0);
	uint8_t iv[16] = {0}, expected[TEXT_MAX];
	unsigned len = STREAM_BLOCKS * 16;
	uint8_t *out = calloc(STREAM_BLOCKS, 16);

	assert_non_null(out);
	type->set_iv(cipher->state, iv, srtp_direction_encrypt);
	type->encrypt(cipher->state, out, &len);
	assert_int_equal(unhex(expected, first_hex), 48);
	assert_memory_equal(out, expected, 48);
	assert_int_equal(unhex(expected, last_hex), 48);
	assert_memory_equal(out + len - 48, expected, 48);
	free(out);
	type->dealloc(cipher);
}

/* RFC 3711 B.2, RFC 6188 7.1 */
static void makes_the_key_streams_of_the_rfcs(void **state)
{
	const struct srtp_engine *engine = *state;

	stream(engine->ciphers[0],
		"2b7e151628aed2a6abf7158809cf4f3cf0f1f2f3f4f5f6f7f8f9fafbfcfd",
		"e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
		"41e95b3bb0a2e8dd477901e4fca894c0",
		"ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae"
		"6a2cc3787889374fbeb4c81b17ba6c44");
	stream(engine->ciphers[1],
		"57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98"
		"f0f1f2f3f4f5f6f7f8f9fafbfcfd",
		"92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac"
		"63c4868b7096d88421b563b8c94c9a31",
		"cea518c90fd91ced9cbb18c078a547113dbc4814f4da5f00a08772b63c6a046d"
		"6eb246913062a16891433e97dd01a57f");
}

/* AAD of one or two pieces, as libsrtp2 gives it, TEXT and what comes of it with its tag;
 * then back. */
static void seals_and_opens(srtp_cipher_t *cipher, const char *iv_hex,
	const char *aad_hex[2], const char *text_hex, const char *sealed_hex)
{
	uint8_t iv[TEXT_MAX], aad[TEXT_MAX], text[TEXT_MAX], sealed[TEXT_MAX],
		out[TEXT_MAX];
	unsigned text_len = (unsigned)unhex(text, text_hex), len = text_len;
	unsigned sealed_len = (unsigned)unhex(sealed, sealed_hex);
	uint32_t tag_len = 16;

	assert_int_equal(sealed_len, text_len + tag_len);
	assert_int_equal(unhex(iv, iv_hex), 12);
	cipher->type->set_iv(cipher->state, iv, srtp_direction_encrypt);
	for (unsigned i = 0; i < 2 && aad_hex[i]; i++)
		cipher->type->set_aad(
			cipher->state, aad, (uint32_t)unhex(aad, aad_hex[i]));
	memcpy(out, text, text_len);
	cipher->type->encrypt(cipher->state, out, &len);
	cipher->type->get_tag(cipher->state, out + len, &tag_len);
	assert_memory_equal(out, sealed, sealed_len);

	cipher->type->set_iv(cipher->state, iv, srtp_direction_decrypt);
	for (unsigned i = 0; i < 2 && aad_hex[i]; i++)
		cipher->type->set_aad(
			cipher->state, aad, (uint32_t)unhex(aad, aad_hex[i]));
	len = sealed_len;
	assert_int_equal(
		cipher->type->decrypt(cipher->state, out, &len), srtp_err_status_ok);
	assert_int_equal(len, text_len);
	assert_memory_equal(out, text, text_len);
}

/* RFC 7714 16 and 17: SRTP, SRTCP, and SRTCP with a tag alone; both key lengths. */
static void seals_and_opens_packets_of_rfc7714(void **state)
{
	static const char text[] =
		"47616c6c696120657374206f6d6e69732064697669736120696e207061"
		"727465732074726573";
	static const char report[] =
		"4e5450314e545032525450200000042a0000e9304c756e61deadbeef"
		"deadbeefdeadbeefdeadbeefdeadbeef";
	static const char *rtp[] = {"8040f17b8041f8d35501a0b2", NULL};
	static const char *rtcp[] = {"81c8000d4d617273", "800005d4"};
	static const char *clear[] = {
		"81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeef"
		"deadbeefdeadbeefdeadbeefdeadbeef",
		"000005d4"};
	static const char rtp_iv[] = "51753c6580c2726f20718414";
	static const char rtcp_iv[] = "517524055203726f207170bb";
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = new_cipher(engine->ciphers[2],
		"000102030405060708090a0b0c0d0e0f517569642070726f2071756f", 16);

	seals_and_opens(cipher, rtp_iv, rtp, text,
		"f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf"
		"8833899d7f27beb16a9152cf765ee4390cce");
	seals_and_opens(cipher, rtcp_iv, rtcp, report,
		"63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
		"86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade");
	seals_and_opens(cipher, rtcp_iv, clear, "", "841dd9683dd78ec92ae58790125f62b3");
	cipher->type->dealloc(cipher);

	cipher = new_cipher(engine->ciphers[3],
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		"517569642070726f2071756f",
		16);
	seals_and_opens(cipher, rtp_iv, rtp, text,
		"32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799"
		"b87b7aa3db36dfffd6b0f9bb7878d7a76c13");
	seals_and_opens(cipher, rtcp_iv, rtcp, report,
		"d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658"
		"c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be");
	cipher->type->dealloc(cipher);
}

static void passes_the_librarys_self_tests(void **state)
{
	const struct srtp_engine *engine = *state;

	for (unsigned i = 0; i < SRTP_ENGINE_CIPHERS; i++)
		assert_int_equal(srtp_cipher_type_self_test(engine->ciphers[i]),
			srtp_err_status_ok);
	assert_int_equal(srtp_auth_type_self_test(engine->mac), srtp_err_status_ok);
}

/* Seals TEXT with AAD given in pieces of PIECE bytes. Returns the sealed length. */
static unsigned seal(srtp_cipher_t *cipher, const uint8_t *aad, uint32_t aad_len,
	uint32_t piece, uint8_t *text, unsigned len)
{
	uint8_t iv[12] = {1, 2, 3};
	uint32_t tag_len = 16;

	cipher->type->set_iv(cipher->state, iv, srtp_direction_encrypt);
	for (uint32_t at = 0; at < aad_len; at += piece) {
		uint32_t part = aad_len - at < piece ? aad_len - at : piece;

		cipher->type->set_aad(cipher->state, aad + at, part);
	}
	cipher->type->encrypt(cipher->state, text, &len);
	cipher->type->get_tag(cipher->state, text + len, &tag_len);
	return len + tag_len;
}

/* SRTCP's associated data comes as 8 bytes and 4; nettle wants whole blocks. */
static void gcm_takes_associated_data_in_any_pieces(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = new_cipher(engine->ciphers[2],
		"000102030405060708090a0b0c0d0e0f517569642070726f2071756f", 16);
	uint8_t aad[61], whole[64] = {0}, pieces[64];

	for (uint8_t i = 0; i < sizeof(aad); i++)
		aad[i] = i;
	assert_int_equal(seal(cipher, aad, sizeof(aad), sizeof(aad), whole, 40), 56);
	for (uint32_t piece = 1; piece < sizeof(aad); piece++) {
		memset(pieces, 0, sizeof(pieces));
		seal(cipher, aad, sizeof(aad), piece, pieces, 40);
		assert_memory_equal(pieces, whole, 56);
	}
	cipher->type->dealloc(cipher);
}

static void gcm_refuses_any_flipped_bit(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = new_cipher(engine->ciphers[2],
		"000102030405060708090a0b0c0d0e0f517569642070726f2071756f", 16);
	uint8_t aad[12] = {9}, iv[12] = {1, 2, 3}, sealed[64] = {0}, copy[64];
	unsigned sealed_len = seal(cipher, aad, sizeof(aad), 12, sealed, 20);

	for (unsigned bit = 0; bit <= sealed_len * 8; bit++) {
		unsigned len = sealed_len;
		srtp_err_status_t status;

		memcpy(copy, sealed, sizeof(copy));
		if (bit < sealed_len * 8)
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cipher->type->set_iv(cipher->state, iv, srtp_direction_decrypt);
		cipher->type->set_aad(cipher->state, aad, sizeof(aad));
		status = cipher->type->decrypt(cipher->state, copy, &len);
		if (bit < sealed_len * 8) {
			assert_int_equal(status, srtp_err_status_auth_fail);
		} else {
			assert_int_equal(status, srtp_err_status_ok);
			assert_int_equal(len, 20);
		}
	}
	cipher->type->dealloc(cipher);
}

static void refuses_keys_of_other_lengths(void **state)
{
	const struct srtp_engine *engine = *state;
	srtp_cipher_t *cipher = NULL;
	srtp_auth_t *auth = NULL;

	assert_int_not_equal(engine->ciphers[0]->alloc(&cipher, 16, 0), 0);
	assert_int_not_equal(engine->ciphers[2]->alloc(&cipher, 16, 16), 0);
	assert_int_not_equal(engine->ciphers[2]->alloc(&cipher, 28, 15), 0);
	assert_int_not_equal(engine->mac->alloc(&auth, 20, 21), 0);
	assert_null(cipher);
	assert_null(auth);
}

/* A packet that ends within a block goes on where it ended, and a key that is set anew
 * begins anew: both engines do the same with the same calls. */
static void engines_agree(void **state)
{
	static const int key_lens[SRTP_ENGINE_CIPHERS] = {30, 46, 28, 44};
	const struct srtp_engine *other = *state;

	for (unsigned i = 0; i < SRTP_ENGINE_CIPHERS; i++) {
		const srtp_cipher_type_t *types[] = {
			srtp_engine_nettle.ciphers[i], other->ciphers[i]};
		uint8_t out[2][1500];

		for (unsigned side = 0; side < 2; side++) {
			srtp_cipher_t *cipher = NULL;
			uint8_t key[46];

			assert_int_equal(types[side]->alloc(&cipher, key_lens[i], 16), 0);
			memset(out[side], 0, sizeof(out[side]));
			for (unsigned round = 0; round < 100; round++) {
				uint8_t iv[16] = {[2] = (uint8_t)round, [13] = 7};
				unsigned len = round * 14 % 1400;

				memset(key, (int)round / 10, sizeof(key));
				if (round % 10 == 0)
					types[side]->init(cipher->state, key);
				types[side]->set_iv(
					cipher->state, iv, srtp_direction_encrypt);
				types[side]->encrypt(cipher->state, out[side], &len);
			}
			types[side]->dealloc(cipher);
		}
		assert_memory_equal(out[0], out[1], sizeof(out[0]));
	}
}

static void macs_agree(void **state)
{
	const struct srtp_engine *engines[] = {&srtp_engine_nettle, *state};
	uint8_t tags[2][20], key[20] = {1, 2, 3}, data[200] = {4, 5, 6};

	for (unsigned side = 0; side < 2; side++) {
		const srtp_auth_type_t *type = engines[side]->mac;
		srtp_auth_t *mac = NULL;

		assert_int_equal(type->alloc(&mac, sizeof(key), sizeof(tags[0])), 0);
		type->init(mac->state, key, sizeof(key));
		/* One that is given up half way leaves nothing behind. */
		type->start(mac->state);
		type->update(mac->state, data, 99);
		type->start(mac->state);
		type->update(mac->state, data, 100);
		type->compute(mac->state, data + 100, 100, sizeof(tags[0]), tags[side]);
		type->dealloc(mac);
	}
	assert_memory_equal(tags[0], tags[1], sizeof(tags[0]));
}

#define OF_BOTH(test)                                                                    \
	cmocka_unit_test_prestate(test, (void *)(uintptr_t)&srtp_engine_nettle),         \
		cmocka_unit_test_prestate(test, (void *)(uintptr_t)&srtp_engine_gnutls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH(derives_keys_of_rfc3711),
		OF_BOTH(derives_keys_of_rfc6188),
		OF_BOTH(makes_the_key_streams_of_the_rfcs),
		OF_BOTH(seals_and_opens_packets_of_rfc7714),
		OF_BOTH(passes_the_librarys_self_tests),
		OF_BOTH(gcm_takes_associated_data_in_any_pieces),
		OF_BOTH(gcm_refuses_any_flipped_bit),
		OF_BOTH(refuses_keys_of_other_lengths),
		OF_BOTH(engines_agree),
		OF_BOTH(macs_agree),
	};

	return cmocka_run_group_tests(tests, test_start_srtp, NULL);
}
