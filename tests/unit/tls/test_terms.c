/*
 * What a peer's own configuration asks of its certificate beyond chain and host: names,
 * wildcards, purpose, pins, and that it asks for ours. Over the wire each case runs in both
 * roles and in TLS 1.3 and 1.2.
 */
#include "tls/peer.h"

#include "../unit.h"
#include "pair.h"

#include "tls/explain.h"
#include "tls/names.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The hash of nothing: no key has it. */
static char no_pin[] = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

static struct pair_world world;
static struct lab_id rogue;

static int make_world(void **state)
{
	(void)state;
	pair_world_make(&world);
	lab_root(&rogue, "Rogue CA");
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	lab_drop(&rogue);
	pair_world_drop(&world);
	return 0;
}

/* TERMS for PAIR_HOST under the lab's root, in SET. */
static const struct peer *add(struct peer_set *set, struct peer_params terms)
{
	struct peer *peer = NULL;

	if (!terms.id)
		terms.id = "trunk lab";
	if (!terms.name)
		terms.name = PAIR_HOST;
	terms.trust = world.trust;
	assert_int_equal(peer_add(set, &terms, &peer), 0);
	return peer;
}

/* The same in a set of its own; end with peer_set_unref(peer->set). */
static const struct peer *make(struct peer_params terms)
{
	struct peer_set *set;

	assert_int_equal(peer_set_new(&set), 0);
	return add(set, terms);
}

static void accepts(struct peer_params terms, const struct lab_id *id)
{
	const struct peer *peer = make(terms);

	pair_accept(world.cred, peer, id);
	peer_set_unref(peer->set);
}

static void refuses(struct peer_params terms, const struct lab_id *id,
	enum peer_rule rule, int alert, const char *words)
{
	const struct peer *peer = make(terms);

	pair_refuse(world.cred, peer, id, rule, alert, words);
	peer_set_unref(peer->set);
}

/* --- names --- */

static char sbc2[] = "sbc2.carrier.example";
static char address7[] = "192.0.2.7";
static char *other_names[] = {sbc2, address7};

static void any_of_its_names_is_let_in(void **state)
{
	struct peer_params terms = {.other_names = other_names, .other_name_count = 2};
	struct lab_spec address = {.sans = {{'I', "\xc0\x00\x02\x07", 4}}};
	struct lab_spec uri = {.sans = {{'U', "sip:sbc2.carrier.example", 0}}};
	struct lab_id id;

	(void)state;
	accepts(terms, &world.good);
	lab_host(&id, "sbc2.carrier.example", &world.root);
	accepts(terms, &id);
	lab_drop(&id);
	lab_issue(&id, &address, &world.root);
	accepts(terms, &id);
	lab_drop(&id);
	lab_issue(&id, &uri, &world.root);
	accepts(terms, &id);
	lab_drop(&id);
}

static void another_name_is_refused(void **state)
{
	struct peer_params terms = {.other_names = other_names, .other_name_count = 2};
	struct lab_id id;

	(void)state;
	lab_host(&id, "sbc3.carrier.example", &world.root);
	refuses(terms, &id, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"rule=name expected=\"" PAIR_HOST ", sbc2.carrier.example, 192.0.2.7\" "
		"presented=DNS:sbc3.carrier.example");
	lab_drop(&id);
	/* A name of its own opens no other chain. */
	lab_host(&id, "sbc2.carrier.example", &rogue);
	refuses(terms, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA, "rule=issuer");
	lab_drop(&id);
}

/* --- wildcards --- */

static const struct wildcard_case {
	struct lab_spec spec;
	const char *name;
	bool match;
} wildcard_cases[] = {
	{{.sans = {{'D', "*.example.com", 0}}}, "a.example.com", true},
	{{.sans = {{'D', "*.EXAMPLE.com", 0}}}, "A.example.COM", true},
	{{.sans = {{'D', "*.example.com.", 0}}}, "a.example.com", true},
	{{.sans = {{'D', "*.example.com", 0}}}, "a.example.com.", true},
	{{.sans = {{'D', "*.b.example.com", 0}}}, "a.b.example.com", true},
	{{.sans = {{'D', "x.example", 0}, {'D', "*.example.com", 0}}}, "a.example.com",
		true},
	{{.sans = {{'D', "*.example.com", 0}}}, "xn--mnchen-3ya.example.com", true},
	/* exactly one label */
	{{.sans = {{'D', "*.example.com", 0}}}, "example.com", false},
	{{.sans = {{'D', "*.example.com", 0}}}, ".example.com", false},
	{{.sans = {{'D', "*.example.com", 0}}}, "b.a.example.com", false},
	{{.sans = {{'D', "*.example.com", 0}}}, "aexample.com", false},
	{{.sans = {{'D', "*.example.com", 0}}}, "a.example.com.evil", false},
	{{.sans = {{'D', "*.example.com", 0}}}, "*.example.com", false},
	{{.sans = {{'D', "*.example.com", 0}}}, "a.example.org", false},
	/* the whole leftmost label and no other */
	{{.sans = {{'D', "*a.example.com", 0}}}, "aa.example.com", false},
	{{.sans = {{'D', "a*.example.com", 0}}}, "aa.example.com", false},
	{{.sans = {{'D', "xn--*.example.com", 0}}}, "xn--a.example.com", false},
	{{.sans = {{'D', "**.example.com", 0}}}, "a.example.com", false},
	{{.sans = {{'D', "*.*.example.com", 0}}}, "a.b.example.com", false},
	{{.sans = {{'D', "a.*.example.com", 0}}}, "a.b.example.com", false},
	{{.sans = {{'D', "a.b.*", 0}}}, "a.b.com", false},
	/* two labels after it */
	{{.sans = {{'D', "*", 0}}}, "a", false},
	{{.sans = {{'D', "*.", 0}}}, "a.", false},
	{{.sans = {{'D', "*.com", 0}}}, "example.com", false},
	{{.sans = {{'D', "*.com.", 0}}}, "example.com.", false},
	{{.sans = {{'D', "*..com", 0}}}, "a..com", false},
	{{.sans = {{'D', "*.a..com", 0}}}, "b.a..com", false},
	{{.sans = {{'D', "*.example.com..", 0}}}, "a.example.com.", false},
	{{.sans = {{'D', "*.example.com\0", 14}}}, "a.example.com", false},
	{{.sans = {{'D', "*.example.com\0.b", 16}}}, "a.example.com", false},
	/* DNS SANs alone */
	{{.sans = {{'U', "sip:*.example.com", 0}}}, "a.example.com", false},
	{{.sans = {{'U', "*.example.com", 0}}}, "a.example.com", false},
	{{.sans = {{'E', "*.example.com", 0}}}, "a.example.com", false},
	{{.cn = "*.example.com"}, "a.example.com", false},
	{{.cn = "*.example.com", .sans = {{'D', "b.example.com", 0}}}, "a.example.com",
		false},
	{{.sans = {{'U', "sip:b.example", 0}, {'D', "*.example.com", 0}}},
		"a.example.com", false},
	/* never addresses */
	{{.sans = {{'D', "*.0.2.1", 0}}}, "192.0.2.1", false},
	{{.sans = {{'D', "*.0.2.1", 0}}}, "192.0.2.1.", false},
	/* what matches without a wildcard is none */
	{{.sans = {{'D', "a.example.com", 0}}}, "a.example.com", false},
};

static void a_wildcard_is_one_whole_label(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wildcard_cases) / sizeof(wildcard_cases[0]); i++) {
		const struct wildcard_case *c = &wildcard_cases[i];
		struct names names;
		struct lab_id id;

		lab_issue(&id, &c->spec, &world.root);
		names_read(&names, id.crt);
		if (names_match_one_label(&names, c->name) != c->match)
			fail_msg("case %zu: \"%s\"", i, c->name);
		names_free(&names);
		lab_drop(&id);
	}
}

static void a_wildcard_counts_where_it_is_allowed(void **state)
{
	struct lab_spec spec = {.sans = {{'D', "*.carrier.example", 0}}};
	struct peer_params strict = {.id = NULL};
	struct peer_params loose = {.wildcard = true};
	struct peer_params by_other = {.name = "carrier.example",
		.other_names = other_names,
		.other_name_count = 2,
		.wildcard = true};
	struct peer_params elsewhere = {.name = "a.b.carrier.example", .wildcard = true};
	struct lab_id id;

	(void)state;
	lab_issue(&id, &spec, &world.root);
	accepts(loose, &id);
	accepts(by_other, &id);
	refuses(strict, &id, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"detail=\"wildcards count with wildcard = one-label alone\"");
	refuses(elsewhere, &id, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"rule=name expected=a.b.carrier.example "
		"presented=\"DNS:*.carrier.example\"");
	lab_drop(&id);
	lab_issue(&id, &spec, &rogue);
	refuses(loose, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA, "rule=issuer");
	lab_drop(&id);
}

/* Who has the very name is meant, whatever stands first. */
static void an_exact_name_wins_over_a_wildcard(void **state)
{
	struct lab_spec spec = {
		.sans = {{'D', "*.carrier.example", 0}, {'D', PAIR_HOST, 0}}};
	struct peer_verdict verdict;
	const struct peer *any;
	const struct peer *exact;
	gnutls_datum_t chain[2];
	struct lab_id id;
	unsigned count;

	(void)state;
	any = make((struct peer_params){
		.id = "trunk any", .name = "a.carrier.example", .wildcard = true});
	exact = add(any->set, (struct peer_params){.id = "trunk exact"});
	lab_issue(&id, &spec, &world.root);
	count = lab_chain(&id, chain, 2);
	assert_int_equal(peer_judge(any->set, NULL,
				 &(struct peer_shown){.chain = chain, .chain_len = count},
				 &verdict),
		0);
	assert_ptr_equal(verdict.peer, exact);
	assert_int_equal(peer_judge(NULL, any,
				 &(struct peer_shown){.chain = chain, .chain_len = count},
				 &verdict),
		0);
	assert_ptr_equal(verdict.peer, any);
	lab_chain_free(chain, count);
	lab_drop(&id);
	peer_set_unref(any->set);
}

/* --- purpose --- */

static const struct purpose_case {
	const char *purpose;
	bool as_server,
		as_client; /* let in when the far end is the TLS server, or client */
} purpose_cases[] = {
	{NULL, true, true},
	{GNUTLS_KP_ANY, true, true},
	{GNUTLS_KP_TLS_WWW_SERVER, true, false},
	{GNUTLS_KP_TLS_WWW_CLIENT, false, true},
	{GNUTLS_KP_EMAIL_PROTECTION, false, false},
};

static void strict_purpose_is_that_of_its_role(void **state)
{
	const struct peer *peer = make((struct peer_params){.strict_purpose = true});

	(void)state;
	for (size_t i = 0; i < sizeof(purpose_cases) / sizeof(purpose_cases[0]); i++) {
		const struct purpose_case *c = &purpose_cases[i];
		struct lab_spec spec = {
			.sans = {{'D', PAIR_HOST, 0}}, .purpose = c->purpose};
		struct lab_id id;

		lab_issue(&id, &spec, &world.root);
		for (int kind = 0; kind < PAIR_KINDS; kind++) {
			bool accept = kind & 1;

			if (accept ? c->as_client : c->as_server)
				pair_accept_kind(kind, world.cred, peer, &id);
			else
				pair_refuse_kind(kind, world.cred, peer, &id,
					PEER_PURPOSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE,
					accept ? "rule=purpose expected=" PAIR_HOST
						 " presented=DNS:" PAIR_HOST
						 " claims=\"trunk lab\" detail=\"no "
						 "clientAuth in the certificate of "
					       : "detail=\"no serverAuth in the "
						 "certificate of ");
		}
		lab_drop(&id);
	}
	peer_set_unref(peer->set);
}

static void strict_purpose_holds_for_issuers_too(void **state)
{
	struct lab_spec spec = {
		.cn = "Web CA", .ca = true, .purpose = GNUTLS_KP_TLS_WWW_SERVER};
	const struct peer *peer = make((struct peer_params){.strict_purpose = true});
	struct lab_id web;
	struct lab_id id;

	(void)state;
	lab_issue(&web, &spec, &world.root);
	lab_host(&id, PAIR_HOST, &web);
	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		if (kind & 1)
			pair_refuse_kind(kind, world.cred, peer, &id, PEER_PURPOSE,
				GNUTLS_A_UNSUPPORTED_CERTIFICATE,
				"no clientAuth in the certificate of CN=Web CA");
		else
			pair_accept_kind(kind, world.cred, peer, &id);
	}
	lab_drop(&id);
	lab_drop(&web);
	peer_set_unref(peer->set);
}

static void strict_purpose_that_cannot_be_read_is_refused(void **state)
{
	struct lab_spec empty = {
		.sans = {{'D', PAIR_HOST, 0}}, .broken_purpose = {"\x30\x00", 2}};
	struct lab_id id;

	(void)state;
	lab_issue(&id, &empty, &world.root);
	refuses((struct peer_params){.strict_purpose = true}, &id, PEER_PURPOSE,
		GNUTLS_A_UNSUPPORTED_CERTIFICATE, "rule=purpose");
	lab_drop(&id);
}

/* --- pins --- */

/* Told another way than chain.c does: over the exported public key. */
static char *pin_of(const struct lab_id *id)
{
	gnutls_datum_t spki = {NULL, 0};
	gnutls_datum_t text = {NULL, 0};
	unsigned char digest[32];
	gnutls_datum_t raw = {digest, sizeof(digest)};
	gnutls_pubkey_t key;
	char *pin = NULL;

	assert_int_equal(gnutls_pubkey_init(&key), 0);
	assert_int_equal(gnutls_pubkey_import_x509(key, id->crt, 0), 0);
	assert_int_equal(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki), 0);
	assert_int_equal(
		gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size, digest), 0);
	assert_int_equal(gnutls_base64_encode2(&raw, &text), 0);
	assert_true(asprintf(&pin, "sha256/%s", (const char *)text.data) > 0);
	gnutls_free(text.data);
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(key);
	return pin;
}

static void a_pinned_key_is_let_in(void **state)
{
	struct lab_spec rsa = {.sans = {{'D', PAIR_HOST, 0}}, .rsa_bits = 2048};
	struct lab_id id;
	char *pins[2] = {no_pin, pin_of(&world.good)};

	(void)state;
	accepts((struct peer_params){.pins = pins, .pin_count = 2}, &world.good);
	free(pins[1]);
	lab_issue(&id, &rsa, &world.root);
	pins[1] = pin_of(&id);
	accepts((struct peer_params){.pins = pins, .pin_count = 2}, &id);
	free(pins[1]);
	lab_drop(&id);
}

static void another_key_is_refused(void **state)
{
	char *good = pin_of(&world.good);
	char *root = pin_of(&world.root);
	char *pins[2] = {no_pin, root};
	struct peer_params terms = {.pins = pins, .pin_count = 2};
	char words[256];
	struct lab_id id;

	(void)state;
	/* The issuer's key is not the peer's. */
	snprintf(words, sizeof(words),
		"rule=pin expected=" PAIR_HOST " presented=DNS:" PAIR_HOST
		" claims=\"trunk lab\" detail=\"its key is %s\"",
		good);
	refuses(terms, &world.good, PEER_PIN, GNUTLS_A_ACCESS_DENIED, words);

	/* A pinned key stands for nothing else: chain and name are looked at first. */
	pins[1] = good;
	lab_host(&id, "other.example", &world.root);
	refuses(terms, &id, PEER_NAME, GNUTLS_A_ACCESS_DENIED, "rule=name");
	lab_drop(&id);
	pins[1] = root;
	free(good);
	lab_host(&id, PAIR_HOST, &rogue);
	good = pin_of(&id);
	pins[1] = good;
	refuses(terms, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA, "rule=issuer");
	lab_drop(&id);
	free(root);
	free(good);
}

static void a_pin_is_compared_to_its_last_byte(void **state)
{
	char *pin = pin_of(&world.good);
	char *pins[1] = {pin};
	struct peer_params terms = {.pins = pins, .pin_count = 1};
	char no_hash[] = "sha256/";
	char empty[] = "";

	(void)state;
	for (size_t i = 0; i < strlen(pin); i += 5) {
		const struct peer *peer;
		char right = pin[i];

		pin[i] = right == 'A' ? 'B' : 'A';
		peer = make(terms);
		pair_refuse_kind(0, world.cred, peer, &world.good, PEER_PIN,
			GNUTLS_A_ACCESS_DENIED, "rule=pin");
		peer_set_unref(peer->set);
		pin[i] = right;
	}
	accepts(terms, &world.good);
	pins[0] = no_hash;
	refuses(terms, &world.good, PEER_PIN, GNUTLS_A_ACCESS_DENIED, "rule=pin");
	pins[0] = empty;
	refuses(terms, &world.good, PEER_PIN, GNUTLS_A_ACCESS_DENIED, "rule=pin");
	free(pin);
}

/* --- whether it asks for our certificate --- */

static void open_silent(
	struct pair *pair, const struct peer *peer, const struct lab_id *id, int kind)
{
	pair_open(pair, false, world.cred, peer, id, kind ? FAR_12 : FAR_13);
	gnutls_certificate_server_set_request(pair->far.session, GNUTLS_CERT_IGNORE);
}

static void who_does_not_ask_is_refused_where_it_must(void **state)
{
	const struct peer *peer = make((struct peer_params){.must_ask = true});

	(void)state;
	pair_accept(world.cred, peer, &world.good);
	for (int kind = 0; kind < 2; kind++) {
		struct pair pair;

		open_silent(&pair, peer, &world.good, kind);
		assert_int_equal(pair_shake(&pair), ERR_TRUST);
		assert_null(channel_peer(pair.channel));
		assert_words(pair.channel,
			"tls refused by=us rule=not-asked expected=" PAIR_HOST
			" presented=DNS:" PAIR_HOST " claims=\"trunk lab\"");
		assert_non_null(strstr(explain_advice(pair.channel), "mutual = lax"));
		assert_int_equal(far_alert(&pair.far), GNUTLS_A_HANDSHAKE_FAILURE);
		/* It never believed to be welcome, and no byte of SIP can follow. */
		assert_int_not_equal(pair.far.result, 0);
		assert_int_equal(channel_write(pair.channel, "INVITE", 6), ERR_TRUST);
		pair_stop(&pair);
	}
	peer_set_unref(peer->set);
}

/* A worse fault is told first: asking is worth nothing there. */
static void a_bad_chain_is_told_before_not_asking(void **state)
{
	const struct peer *peer = make((struct peer_params){.must_ask = true});
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &rogue);
	for (int kind = 0; kind < 2; kind++) {
		struct pair pair;

		open_silent(&pair, peer, &id, kind);
		assert_int_equal(pair_shake(&pair), ERR_TRUST);
		assert_words(pair.channel, "rule=issuer");
		assert_int_equal(far_alert(&pair.far), GNUTLS_A_UNKNOWN_CA);
		pair_stop(&pair);
	}
	lab_drop(&id);
	peer_set_unref(peer->set);
}

static void who_did_not_ask_is_closed_by_a_stricter_reload(void **state)
{
	const struct peer *lax = make((struct peer_params){.id = NULL});
	const struct peer *strict = make((struct peer_params){.must_ask = true});

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct pair pair;

		open_silent(&pair, lax, &world.good, kind);
		assert_int_equal(pair_shake(&pair), 0);
		assert_false(channel_was_asked(pair.channel));
		assert_int_equal(channel_judge_again(pair.channel, NULL, lax), 0);
		assert_int_equal(
			channel_judge_again(pair.channel, NULL, strict), ERR_TRUST);
		assert_words(pair.channel, "rule=not-asked");
		pair_stop(&pair);
	}
	peer_set_unref(lax->set);
	peer_set_unref(strict->set);
}

/* Every other rule is looked at in an open connection too. */
static void stricter_terms_close_an_open_connection(void **state)
{
	static char *pins[] = {no_pin};
	const struct peer *lax = make((struct peer_params){.id = NULL});
	const struct peer *pinned =
		make((struct peer_params){.pins = pins, .pin_count = 1});

	(void)state;
	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		struct pair pair;

		pair_open(&pair, kind & 1, world.cred, lax, &world.good,
			kind & 2 ? FAR_12 : FAR_13);
		assert_int_equal(pair_shake(&pair), 0);
		assert_int_equal(channel_judge_again(pair.channel, pinned->set, pinned),
			ERR_TRUST);
		assert_words(pair.channel, "rule=pin");
		assert_int_equal(far_alert(&pair.far), GNUTLS_A_ACCESS_DENIED);
		pair_stop(&pair);
	}
	peer_set_unref(lax->set);
	peer_set_unref(pinned->set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_its_names_is_let_in),
		cmocka_unit_test(another_name_is_refused),
		cmocka_unit_test(a_wildcard_is_one_whole_label),
		cmocka_unit_test(a_wildcard_counts_where_it_is_allowed),
		cmocka_unit_test(an_exact_name_wins_over_a_wildcard),
		cmocka_unit_test(strict_purpose_is_that_of_its_role),
		cmocka_unit_test(strict_purpose_holds_for_issuers_too),
		cmocka_unit_test(strict_purpose_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_pinned_key_is_let_in),
		cmocka_unit_test(another_key_is_refused),
		cmocka_unit_test(a_pin_is_compared_to_its_last_byte),
		cmocka_unit_test(who_does_not_ask_is_refused_where_it_must),
		cmocka_unit_test(a_bad_chain_is_told_before_not_asking),
		cmocka_unit_test(who_did_not_ask_is_closed_by_a_stricter_reload),
		cmocka_unit_test(stricter_terms_close_an_open_connection),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
