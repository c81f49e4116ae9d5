/* What certificates and lists say, as text. */
#include "tls/facts.h"

#include "tls/cred.h"

#include "../unit.h"
#include "lab.h"

#include "tls/names.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <string.h>

static struct world {
	struct lab_id root, sub, us;
} world;

static int make_world(void **state)
{
	const struct lab_spec sub = {.cn = "Lab Sub CA", .ca = true};
	const struct lab_spec us = {.cn = "us",
		.sans = {{'D', "us.example.test", 0}, {'U', "sip:us.example.test", 0}},
		.purpose = GNUTLS_KP_TLS_WWW_SERVER,
		.to_days = 40};

	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	lab_issue(&world.sub, &sub, &world.root);
	lab_issue(&world.us, &us, &world.sub);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	lab_drop(&world.us);
	lab_drop(&world.sub);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

/* As it comes from a far end: what was just made is not quite the same to the library. */
static struct facts facts_of(const struct lab_id *id)
{
	static struct facts_chain chain;
	gnutls_datum_t der = {NULL, 0};

	assert_int_equal(gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_DER, &der), 0);
	assert_int_equal(facts_of_der(&chain, &der, 1), 0);
	gnutls_free(der.data);
	return chain.facts[0];
}

static void a_common_name_is_as_people_write_it(void **state)
{
	const struct lab_spec spec = {.cn = "Tandem, \"Lab\" CA; a+b", .ca = true};
	struct lab_id id;

	(void)state;
	lab_issue(&id, &spec, &world.root);
	assert_string_equal(facts_of(&id).common_name, "Tandem, \\\"Lab\\\" CA; a+b");
	assert_string_equal(facts_of(&world.us).common_name, "us");
	lab_drop(&id);
}

static void a_certificate_is_read(void **state)
{
	const time_t now = time(NULL);
	struct facts facts;

	(void)state;
	facts = facts_of(&world.us);
	assert_string_equal(facts.subject, "CN=us");
	assert_string_equal(facts.issuer, "CN=Lab Sub CA");
	assert_string_equal(facts.names, "DNS:us.example.test, URI:sip:us.example.test");
	assert_string_equal(facts.eku, "serverAuth");
	assert_string_equal(facts.key, "EC/ECDSA 256");
	assert_true(facts.from < now);
	assert_true(facts.to > now + 39 * LAB_DAY && facts.to < now + 41 * LAB_DAY);
	assert_false(facts.ca);
	assert_false(facts.self_signed);
	assert_int_equal(strlen(facts.fingerprint), 32 * 3 - 1);
	assert_memory_equal(facts.pin, "sha256/", 7);
	assert_int_equal(strlen(facts.pin), 7 + 44);
	assert_true(facts.serial[0]);

	facts = facts_of(&world.root);
	assert_true(facts.ca);
	assert_true(facts.self_signed);
	assert_string_equal(facts.eku, "any");
}

/* As openssl and others write it, so that it can be compared. */
static void a_serial_number_is_a_number(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
		{"\x01\x02", 2, "0102"},
		{"\0\xa3\xc1", 3, "A3C1"},
		{"\x7f", 1, "7F"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lab_spec spec = {.cn = "one"};
		struct lab_id id;

		spec.serial.bytes = cases[i].bytes;
		spec.serial.len = cases[i].len;
		lab_issue(&id, &spec, &world.root);
		assert_string_equal(facts_of(&id).serial, cases[i].text);
		lab_drop(&id);
	}
}

static void odd_texts_are_escaped_and_cut(void **state)
{
	char cn[64] = "\"<\x01\xc3\xa4\\";
	const struct lab_spec odd = {.cn = cn, .sans = {{'D', "a\nb", 0}}};
	const struct lab_spec nothing = {.cn = "none",
		.broken_purpose = {"\x30\x00", 2},
		.sans = {{'D', "none.example.test", 0}}};
	struct lab_id id;
	struct facts facts;

	(void)state;
	lab_issue(&id, &odd, &world.root);
	facts = facts_of(&id);
	lab_drop(&id);
	for (const char *c = facts.subject; *c; c++)
		assert_true(*c >= 0x20 && *c < 0x7f);
	assert_non_null(strstr(facts.subject, "\\\""));
	assert_string_equal(facts.names, "DNS:a\\x0ab");

	/* an empty extended key usage allows nothing: not the same as none */
	lab_issue(&id, &nothing, &world.root);
	facts = facts_of(&id);
	lab_drop(&id);
	assert_string_not_equal(facts.eku, "any");
}

static void names_are_told_by_their_kinds(void **state)
{
	static const struct {
		struct lab_spec spec;
		const char *names;
	} rows[] = {
		{{.sans = {{'D', "a.example", 0}, {'U', "sip:b.example", 0},
			  {'I', "\xc0\x00\x02\x01", 4},
			  {'I', "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16},
			  {'E', "x@c.example", 0}}},
			"DNS:a.example, URI:sip:b.example, IP:192.0.2.1, IP:2001:db8::1, "
			"email:x@c.example"},
		{{.sans = {{'I', "\xc0\x00\x02", 3}}}, "IP:?"},
		{{.cn = "c.example"}, "CN:c.example"},
		{{.cn = "c.example", .broken_san = "nonsense"}, "unreadable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256] = "";
		struct names names;
		struct lab_id id;

		lab_issue(&id, &rows[i].spec, &world.root);
		names_read(&names, id.crt);
		names_print(&names, text, sizeof(text));
		assert_string_equal(text, rows[i].names);
		names_free(&names);
		lab_drop(&id);
	}
}

static void a_chain_is_read_from_each_form(void **state)
{
	static struct facts_chain first, second;
	gnutls_datum_t der[POLICY_CHAIN_MAX + 1];
	unsigned count = lab_chain(&world.us, der, POLICY_CHAIN_MAX);
	char print[FACTS_FINGERPRINT_SIZE];
	struct err_text text = {""};
	struct buf pem;

	(void)state;
	assert_int_equal(facts_of_der(&first, der, count), 0);
	assert_int_equal(first.count, 2);
	assert_string_equal(first.facts[0].subject, "CN=us");
	assert_string_equal(first.facts[1].subject, "CN=Lab Sub CA");
	assert_string_equal(
		facts_fingerprint(&der[0], print), first.facts[0].fingerprint);

	buf_init(&pem, 0);
	assert_int_equal(facts_print_pem(der, count, &pem), 0);
	lab_write("chain.pem", pem.data, pem.len, 0600);
	buf_free(&pem);
	assert_int_equal(facts_of_file(&second, lab_path("chain.pem"), &text), 0);
	assert_int_equal(second.count, 2);
	assert_memory_equal(&second.facts[0], &first.facts[0], sizeof(struct facts));
	assert_memory_equal(&second.facts[1], &first.facts[1], sizeof(struct facts));

	for (unsigned i = count; i <= POLICY_CHAIN_MAX; i++)
		der[i] = der[0];
	assert_int_equal(facts_of_der(&first, der, POLICY_CHAIN_MAX + 1), ERR_LIMIT);
	assert_int_equal(facts_of_der(&first, der, 0), ERR_LIMIT);
	der[2].size = 7; /* cut off */
	assert_int_equal(facts_of_der(&first, der, 3), ERR_FORMAT);
	lab_chain_free(der, count);
	lab_write("chain.pem", "no", 2, 0600);
	assert_int_equal(facts_of_file(&first, lab_path("chain.pem"), &text), ERR_FORMAT);
	assert_true(facts_of_file(&first, lab_path("none.pem"), &text) < 0);
}

static void our_own_chain_is_told(void **state)
{
	static struct facts_chain chain;
	struct cred *cred = lab_cred(&world.us);

	(void)state;
	assert_int_equal(cred_facts(cred, &chain), 0);
	assert_int_equal(chain.count, 2);
	assert_string_equal(chain.facts[0].subject, "CN=us");
	cred_unref(cred);
}

static struct told {
	unsigned anchors, lists;
	struct facts anchor;
	struct facts_crl list;
} told;

static void note_anchor(void *arg, const struct facts *anchor)
{
	(void)arg;
	told.anchor = *anchor;
	told.anchors++;
}

static void note_list(void *arg, const struct facts_crl *list)
{
	(void)arg;
	told.list = *list;
	told.lists++;
}

static void anchors_and_lists_are_told(void **state)
{
	const struct trust_reader reader = {.anchor_h = note_anchor, .crl_h = note_list};
	const time_t now = time(NULL);
	struct trust *trust = NULL;
	struct err_text text = {""};

	(void)state;
	lab_write_chain("root.pem", &world.root);
	lab_write_crl("root.crl", &world.root, NULL, NULL, 9, false);
	assert_int_equal(
		trust_load(&trust, lab_path("root.pem"), lab_path("root.crl"), &text), 0);
	trust_read(trust, &reader);
	assert_int_equal(told.anchors, 1);
	assert_string_equal(told.anchor.subject, "CN=Lab CA");
	assert_int_equal(told.lists, 1);
	assert_string_equal(told.list.issuer, told.anchor.subject);
	assert_true(told.list.issued <= now);
	assert_true(
		told.list.due > now + 8 * LAB_DAY && told.list.due < now + 10 * LAB_DAY);
	trust_unref(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_common_name_is_as_people_write_it),
		cmocka_unit_test(a_certificate_is_read),
		cmocka_unit_test(a_serial_number_is_a_number),
		cmocka_unit_test(odd_texts_are_escaped_and_cut),
		cmocka_unit_test(names_are_told_by_their_kinds),
		cmocka_unit_test(a_chain_is_read_from_each_form),
		cmocka_unit_test(our_own_chain_is_told),
		cmocka_unit_test(anchors_and_lists_are_told),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
