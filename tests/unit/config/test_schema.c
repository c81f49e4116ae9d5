#include "../unit.h"

#include "config/config.h"
#include "config/lens.h"
#include "config/schema.h"
#include "config/value.h"

#include <string.h>

static void every_key_is_found_once(void **state)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	(void)state;
	assert_true(count > 60 && count <= SCHEMA_MAX_KEYS);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(schema_find(keys[i].section, keys[i].name), &keys[i]);
		assert_int_equal(schema_index(&keys[i]), i);
		assert_non_null(keys[i].help);
	}
	assert_null(schema_find(SCHEMA_TANDEM, "tls"));
}

/* A default that its own row refuses would only be found by who relies on it. */
static void every_default_is_valid(void **state)
{
	union {
		struct config config;
		struct config_server server;
		struct config_gateway gateway;
	} base = {0};
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct span bad;

		if (keys[i].fallback == NULL || keys[i].fallback[0] == '\0')
			continue;
		assert_int_equal(
			value_set(&keys[i], &base, "/etc", keys[i].fallback, &bad), 0);
		value_clear(&keys[i], &base);
	}
}

static void bounds_fit_their_members(void **state)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(keys[i].min <= keys[i].max);
		if (keys[i].type != SCHEMA_RANGE && keys[i].size < sizeof(uint64_t))
			assert_true(keys[i].max < 1ULL << (8 * keys[i].size));
		if (keys[i].type == SCHEMA_DURATION || keys[i].type == SCHEMA_SIZE ||
			keys[i].type == SCHEMA_UINT)
			assert_non_null(keys[i].unit);
	}
}

static void inherited_keys_have_a_parent_of_their_type(void **state)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	unsigned inherited = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct schema_key *parent;

		if (!keys[i].inherits)
			continue;
		if (keys[i].section == SCHEMA_ROUTE)
			assert_int_equal(keys[i].parent, SCHEMA_GATEWAY);
		parent = schema_find(keys[i].parent, keys[i].name);
		assert_non_null(parent);
		assert_int_equal(parent->type, keys[i].type);
		assert_int_equal(parent->size, keys[i].size);
		inherited++;
	}
	assert_int_equal(inherited, 11 + 5); /* of [route NAME] all five */
}

static void expected_texts_name_bounds_and_words(void **state)
{
	static const struct {
		enum schema_section section;
		const char *name;
		const char *text;
	} rows[] = {
		{SCHEMA_GATEWAY, "enabled", "yes or no"},
		{SCHEMA_GATEWAY, "port", "a port (1-65535)"},
		{SCHEMA_GATEWAY, "transport", "one of: udp, tcp"},
		{SCHEMA_SIP, "t1", "a time from 10ms to 10s such as 500ms"},
		{SCHEMA_MEDIA, "tick", "a time from 0 to 20ms such as 1ms"},
		{SCHEMA_LIMITS, "max-duration",
			"a time from 0 to 30d such as 30d, or unlimited"},
		{SCHEMA_LIMITS, "queue-size", "a size from 64k to 64M such as 256k"},
		{SCHEMA_MEDIA, "workers", "a number from 0 to 256, or auto"},
		{SCHEMA_MEDIA, "ports",
			"a range of ports such as 16384-32767 (1024-65535)"},
		{SCHEMA_MEDIA, "dscp",
			"a number from 0 to 63, or EF, CS0 to CS7, AF11 to AF43"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SCHEMA_EXPECTED_SIZE];

		assert_string_equal(
			schema_expected(schema_find(rows[i].section, rows[i].name), text,
				sizeof(text)),
			rows[i].text);
	}
}

static void no_expected_text_is_cut(void **state)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char text[SCHEMA_EXPECTED_SIZE];

		assert_true(strlen(schema_expected(&keys[i], text, sizeof(text))) <
			    sizeof(text) - 1);
	}
}

static void suggestions_are_near(void **state)
{
	(void)state;
	assert_string_equal(schema_suggest(SCHEMA_INTERNAL, "lisen"), "listen");
	assert_string_equal(schema_suggest(SCHEMA_GATEWAY, "early_media"), "early-media");
	assert_string_equal(
		schema_suggest(SCHEMA_MEDIA, "external-adress"), "external-address");
	assert_null(schema_suggest(SCHEMA_INTERNAL, "colour"));
	assert_null(schema_suggest(SCHEMA_SIP, "x"));
	assert_string_equal(schema_suggest_section(false, "intrenal"), "internal");
	assert_string_equal(schema_suggest_section(true, "gatway"), "gateway");
	assert_null(schema_suggest_section(true, "intrenal"));
	assert_string_equal(
		schema_suggest_word(schema_find(SCHEMA_GATEWAY, "srtp"), "require"),
		"required");
}

static void ids_are_safe_as_file_names(void **state)
{
	char longest[66];

	(void)state;
	assert_true(schema_id_valid("carrier-a.2_B"));
	assert_false(schema_id_valid(""));
	assert_false(schema_id_valid(".hidden"));
	assert_false(schema_id_valid("a/b"));
	assert_false(schema_id_valid("a b"));
	assert_false(schema_id_valid("a\n"));
	memset(longest, 'a', 65);
	longest[65] = '\0';
	assert_false(schema_id_valid(longest));
	longest[64] = '\0';
	assert_true(schema_id_valid(longest));
}

static void names_are_those_of_the_standards(void **state)
{
	(void)state;
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AEAD_AES_256_GCM), "AEAD_AES_256_GCM");
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AEAD_AES_128_GCM), "AEAD_AES_128_GCM");
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AES_256_CM_80), "AES_256_CM_HMAC_SHA1_80");
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AES_CM_128_80), "AES_CM_128_HMAC_SHA1_80");
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AES_256_CM_32), "AES_256_CM_HMAC_SHA1_32");
	assert_string_equal(
		config_suite_name(CONFIG_SUITE_AES_CM_128_32), "AES_CM_128_HMAC_SHA1_32");
	assert_string_equal(config_srtp_name(CONFIG_SRTP_OPTIONAL), "optional");
	assert_string_equal(config_srtp_name(CONFIG_SRTP_OFF), "off");
	assert_string_equal(config_audit_name(CONFIG_AUDIT_SIGNALLING), "signalling");
	assert_string_equal(config_audit_name(CONFIG_AUDIT_FULL), "full");
}

/* Augeas proves that no line can be read in two ways. */
static void lens_is_unambiguous(void **state)
{
	struct augeas *augeas = NULL;
	struct err_text text = {""};

	(void)state;
	if (lens_open(&augeas, true, &text) != 0)
		fail_msg("%s", text.text);
	aug_close(augeas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_found_once),
		cmocka_unit_test(every_default_is_valid),
		cmocka_unit_test(bounds_fit_their_members),
		cmocka_unit_test(inherited_keys_have_a_parent_of_their_type),
		cmocka_unit_test(expected_texts_name_bounds_and_words),
		cmocka_unit_test(no_expected_text_is_cut),
		cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(ids_are_safe_as_file_names),
		cmocka_unit_test(names_are_those_of_the_standards),
		cmocka_unit_test(lens_is_unambiguous),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
