/* Which versions and ciphers each peer may use, and that nobody gets another's. */
#include "tls/policy.h"

#include "../unit.h"
#include "pair.h"

#include "tls/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STRICT "pbx1.corp.example"
#define WIDE "old.carrier.example"
#define VERSIONS 4
#define CIPHERS 3

/* RSA keys where a key exchange needs one, P-256 beside them. */
static struct world {
	struct lab_id root, us[2], strict[2], wide[2];
	struct cred *cred[2];
	struct trust *trust;
} world;

static void make_id(struct lab_id *ret, const char *name, bool rsa)
{
	struct lab_spec spec = {.sans = {{'D', name, 0}}, .rsa_bits = rsa ? 2048 : 0};

	lab_issue(ret, &spec, &world.root);
}

static int make_world(void **state)
{
	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	for (int rsa = 0; rsa < 2; rsa++) {
		make_id(&world.us[rsa], "med1.example.test", rsa);
		make_id(&world.strict[rsa], STRICT, rsa);
		make_id(&world.wide[rsa], WIDE, rsa);
		world.cred[rsa] = lab_cred(&world.us[rsa]);
	}
	world.trust = lab_trust(&world.root);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	trust_unref(world.trust);
	for (int rsa = 0; rsa < 2; rsa++) {
		cred_unref(world.cred[rsa]);
		lab_drop(&world.wide[rsa]);
		lab_drop(&world.strict[rsa]);
		lab_drop(&world.us[rsa]);
	}
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

/* In SET, or in a new one when it is NULL. */
static struct peer *add_peer(
	struct peer_set *set, const char *name, enum policy_version min, unsigned ciphers)
{
	struct peer_params params = {.id = name,
		.name = name,
		.trust = world.trust,
		.terms = {min, (enum policy_ciphers)ciphers}};
	struct peer *peer = NULL;

	if (!set)
		assert_int_equal(peer_set_new(&set), 0);
	assert_int_equal(peer_add(set, &params, &peer), 0);
	return peer;
}

/* A far end that speaks one version and one kind of cipher alone. */
struct kind {
	const char *priorities;
	enum policy_version version;
	enum policy_ciphers ciphers;
	const char *suite;
	bool needs_rsa;
};

#define OLD_SIGNS ":+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1"
#define ONLY(version, kx, cipher, mac)                                                   \
	"NORMAL:-VERS-ALL:+VERS-TLS" version ":-KX-ALL:" kx ":-CIPHER-ALL:+" cipher      \
	":-MAC-ALL:+" mac OLD_SIGNS
#define ECDHE "+ECDHE-RSA:+ECDHE-ECDSA"
#define RSA "+RSA"

static const struct kind kinds[] = {
	{ONLY("1.3", ECDHE, "AES-256-GCM", "AEAD"), POLICY_TLS_1_3, POLICY_MODERN,
		"TLS_AES_256_GCM_SHA384", false},
	{ONLY("1.3", ECDHE, "CHACHA20-POLY1305", "AEAD"), POLICY_TLS_1_3, POLICY_MODERN,
		"TLS_CHACHA20_POLY1305_SHA256", false},
	{ONLY("1.3", ECDHE, "AES-128-CCM", "AEAD"), POLICY_TLS_1_3, POLICY_NEVER, "",
		false},
	{ONLY("1.2", ECDHE, "AES-128-GCM", "AEAD"), POLICY_TLS_1_2, POLICY_MODERN,
		"_WITH_AES_128_GCM_SHA256", false},
	{ONLY("1.2", ECDHE, "CHACHA20-POLY1305", "AEAD"), POLICY_TLS_1_2, POLICY_MODERN,
		"_WITH_CHACHA20_POLY1305_SHA256", false},
	{ONLY("1.2", ECDHE, "AES-128-CBC", "SHA256"), POLICY_TLS_1_2, POLICY_COMPATIBLE,
		"_WITH_AES_128_CBC_SHA256", false},
	{ONLY("1.2", ECDHE, "AES-256-CBC", "SHA384"), POLICY_TLS_1_2, POLICY_COMPATIBLE,
		"_WITH_AES_256_CBC_SHA384", false},
	{ONLY("1.2", ECDHE, "AES-128-CBC", "SHA1"), POLICY_TLS_1_2, POLICY_COMPATIBLE,
		"_WITH_AES_128_CBC_SHA", false},
	{ONLY("1.2", RSA, "AES-256-GCM", "AEAD"), POLICY_TLS_1_2, POLICY_LEGACY,
		"TLS_RSA_WITH_AES_256_GCM_SHA384", true},
	{ONLY("1.2", RSA, "AES-256-CBC", "SHA1"), POLICY_TLS_1_2, POLICY_LEGACY,
		"TLS_RSA_WITH_AES_256_CBC_SHA", true},
	{ONLY("1.2", "+DHE-RSA", "AES-256-GCM", "AEAD"), POLICY_TLS_1_2, POLICY_NEVER, "",
		true},
	{ONLY("1.2", ECDHE, "3DES-CBC", "SHA1"), POLICY_TLS_1_2, POLICY_NEVER, "", false},
	{ONLY("1.2", RSA, "ARCFOUR-128", "SHA1"), POLICY_TLS_1_2, POLICY_NEVER, "", true},
	{ONLY("1.2", RSA, "NULL", "SHA1"), POLICY_TLS_1_2, POLICY_NEVER, "", true},
	{ONLY("1.2", RSA, "CAMELLIA-128-CBC", "SHA1"), POLICY_TLS_1_2, POLICY_NEVER, "",
		true},
	{ONLY("1.1", ECDHE, "AES-256-CBC", "SHA1"), POLICY_TLS_1_1, POLICY_COMPATIBLE,
		"_WITH_AES_256_CBC_SHA", false},
	{ONLY("1.1", RSA, "AES-128-CBC", "SHA1"), POLICY_TLS_1_1, POLICY_LEGACY,
		"TLS_RSA_WITH_AES_128_CBC_SHA", true},
	{ONLY("1.0", ECDHE, "AES-128-CBC", "SHA1"), POLICY_TLS_1_0, POLICY_COMPATIBLE,
		"_WITH_AES_128_CBC_SHA", false},
	{ONLY("1.0", RSA, "AES-256-CBC", "SHA1"), POLICY_TLS_1_0, POLICY_LEGACY,
		"TLS_RSA_WITH_AES_256_CBC_SHA", true},
	{ONLY("1.0", RSA, "3DES-CBC", "SHA1"), POLICY_TLS_1_0, POLICY_NEVER, "", true},
};

static void try_kind(const struct kind *kind, const struct peer *peer, bool accept,
	bool rsa, bool expected)
{
	const struct lab_id *them = peer->name[0] == 'p' ? world.strict : world.wide;
	struct policy_agreed agreed = {0};
	struct pair pair;
	int result;

	pair_open(&pair, accept, world.cred[rsa], peer, &them[rsa], kind->priorities);
	result = pair_shake(&pair);
	if (expected != (result == 0)) {
		if (result != 0)
			assert_words(pair.channel, "that it was let in");
		fail_msg("%s, %s, %s, at least %s, %s: let in", kind->priorities,
			accept ? "accepting" : "connecting", rsa ? "RSA" : "ECDSA",
			policy_version_name(peer->terms.min),
			policy_ciphers_name(peer->terms.ciphers));
	}
	if (expected) {
		assert_ptr_equal(channel_peer(pair.channel), peer);
		policy_read(pair.far.session, 0, &agreed);
		assert_int_equal(agreed.version, kind->version);
		/* Once it is over, the library tells the suite too. */
		assert_non_null(
			strstr(gnutls_ciphersuite_get(pair.far.session), kind->suite));
	} else {
		assert_null(channel_peer(pair.channel));
		assert_int_not_equal(result, -EAGAIN);
	}
	pair_stop(&pair);
}

static void each_peer_gets_what_its_terms_allow(void **state)
{
	unsigned let_in = 0;

	(void)state;
	for (unsigned at = 0; at < VERSIONS * CIPHERS; at++) {
		enum policy_version min = POLICY_TLS_1_0 + (int)(at / CIPHERS);
		enum policy_ciphers ciphers = at % CIPHERS;
		struct peer *peer = add_peer(NULL, WIDE, min, ciphers);

		for (size_t i = 0; i < 4 * sizeof(kinds) / sizeof(kinds[0]); i++) {
			const struct kind *kind = &kinds[i / 4];
			bool rsa = i & 2;
			bool expected = kind->version >= min && kind->ciphers <= ciphers;

			if (kind->needs_rsa && !rsa)
				continue;
			try_kind(kind, peer, i & 1, rsa, expected);
			let_in += expected;
		}
		peer_set_unref(peer->set);
	}
	print_message("%u let in\n", let_in);
	assert_true(let_in > 150);
}

/* A server in no way below the rule, and a gateway as wide as can be, on one listener. */
static void wide_terms_of_one_peer_are_no_other_ones(void **state)
{
	struct peer *strict = add_peer(NULL, STRICT, POLICY_TLS_1_2, POLICY_MODERN);
	struct peer *wide = add_peer(strict->set, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i / 2];

		if (kind->needs_rsa && !(i & 1))
			continue;
		try_kind(kind, wide, true, i & 1, kind->ciphers <= POLICY_LEGACY);
		try_kind(kind, strict, true, i & 1,
			kind->version >= POLICY_TLS_1_2 &&
				kind->ciphers == POLICY_MODERN);
	}
	peer_set_unref(strict->set);
}

static void refuse_strict(const struct peer *strict, const char *priorities,
	enum peer_rule rule, int alert, const char *words)
{
	struct pair pair;

	pair_open(&pair, true, world.cred[1], strict, &world.strict[1], priorities);
	assert_int_equal(pair_shake(&pair), ERR_TRUST);
	assert_words(pair.channel, words);
	assert_int_equal(channel_verdict(pair.channel)->rule, rule);
	assert_int_equal(far_alert(&pair.far), alert);
	assert_int_not_equal(explain_advice(pair.channel)[0], '\0');
	pair_stop(&pair);
}

static void the_refusal_names_version_or_cipher(void **state)
{
	struct peer *strict = add_peer(NULL, STRICT, POLICY_TLS_1_2, POLICY_MODERN);

	(void)state;
	add_peer(strict->set, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);
	refuse_strict(strict, ONLY("1.0", ECDHE, "AES-128-CBC", "SHA1"), PEER_VERSION,
		GNUTLS_A_PROTOCOL_VERSION,
		"tls refused by=us rule=version expected=" STRICT " presented=DNS:" STRICT
		" claims=" STRICT " detail=\"TLS1.0, at least TLS1.2 for " STRICT "\"");
	refuse_strict(strict, ONLY("1.2", RSA, "AES-128-CBC", "SHA1"), PEER_CIPHER,
		GNUTLS_A_INSUFFICIENT_SECURITY,
		"detail=\"TLS_RSA_WITH_AES_128_CBC_SHA, ciphers are modern for " STRICT
		"\"");
	peer_set_unref(strict->set);
}

static void identity_is_judged_before_the_version(void **state)
{
	struct peer *strict = add_peer(NULL, STRICT, POLICY_TLS_1_2, POLICY_MODERN);
	struct pair pair;
	struct lab_id id;

	(void)state;
	add_peer(strict->set, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);
	make_id(&id, "elsewhere.example", true);
	pair_open(&pair, true, world.cred[1], strict, &id,
		ONLY("1.0", RSA, "AES-128-CBC", "SHA1"));
	assert_int_equal(pair_shake(&pair), ERR_TRUST);
	assert_int_equal(channel_verdict(pair.channel)->rule, PEER_NAME);
	pair_stop(&pair);
	lab_drop(&id);
	peer_set_unref(strict->set);
}

#define EVERYTHING                                                                       \
	"NORMAL:-CIPHER-ALL:+3DES-CBC:+AES-128-CBC:+AES-128-GCM:-VERS-ALL:+VERS-TLS1.0"  \
	":+VERS-TLS1.1:+VERS-TLS1.2:-KX-ALL:+RSA:+ECDHE-RSA:+SHA1" OLD_SIGNS

/* Also where it asks for the weaker first. */
static void the_best_in_common_is_taken(void **state)
{
	struct peer *wide = add_peer(NULL, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);
	static const struct {
		const char *priorities;
		const char *version;
		const char *suite;
	} cases[] = {
		{EVERYTHING ":+VERS-TLS1.3", "TLS1.3", "TLS_AES_128_GCM_SHA256"},
		{EVERYTHING, "TLS1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{EVERYTHING ":-AES-128-GCM", "TLS1.2",
			"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
		{EVERYTHING ":-VERS-TLS1.2", "TLS1.1",
			"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pair;

		pair_open(&pair, i & 1, world.cred[1], wide, &world.wide[1],
			cases[i / 2].priorities);
		assert_int_equal(pair_shake(&pair), 0);
		assert_string_equal(channel_version(pair.channel), cases[i / 2].version);
		/* Connecting, the far end chooses. */
		if (i & 1)
			assert_string_equal(gnutls_ciphersuite_get(pair.far.session),
				cases[i / 2].suite);
		pair_stop(&pair);
	}
	peer_set_unref(wide->set);
}

static void a_stricter_reload_closes_what_is_open(void **state)
{
	struct peer *wide = add_peer(NULL, WIDE, POLICY_TLS_1_0, POLICY_COMPATIBLE);
	struct peer *newer = add_peer(NULL, WIDE, POLICY_TLS_1_2, POLICY_COMPATIBLE);
	struct peer *modern = add_peer(NULL, WIDE, POLICY_TLS_1_2, POLICY_MODERN);

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool old = i & 2;
		struct peer *then = old ? newer : modern;
		struct pair pair;

		pair_open(&pair, i & 1, world.cred[0], wide, &world.wide[0],
			old ? ONLY("1.1", ECDHE, "AES-128-CBC", "SHA1")
			    : ONLY("1.2", ECDHE, "AES-128-CBC", "SHA1"));
		assert_int_equal(pair_shake(&pair), 0);
		assert_int_equal(channel_judge_again(pair.channel, wide->set, wide), 0);
		assert_int_equal(
			channel_judge_again(pair.channel, then->set, then), ERR_TRUST);
		assert_int_equal(channel_verdict(pair.channel)->rule,
			old ? PEER_VERSION : PEER_CIPHER);
		assert_int_equal(far_alert(&pair.far),
			old ? GNUTLS_A_PROTOCOL_VERSION : GNUTLS_A_INSUFFICIENT_SECURITY);
		pair_stop(&pair);
	}
	peer_set_unref(wide->set);
	peer_set_unref(newer->set);
	peer_set_unref(modern->set);
}

static void nothing_in_common_is_told_by_the_terms(void **state)
{
	struct peer *newest = add_peer(NULL, WIDE, POLICY_TLS_1_3, POLICY_LEGACY);
	struct peer *wide = add_peer(NULL, WIDE, POLICY_TLS_1_1, POLICY_COMPATIBLE);
	struct pair pair;

	(void)state;
	pair_open(&pair, true, world.cred[1], newest, &world.wide[1], FAR_12);
	assert_int_equal(pair_shake(&pair), ERR_LIBRARY);
	assert_words(pair.channel, "no version in common: ours is TLS 1.3\"");
	pair_stop(&pair);
	pair_open(&pair, true, world.cred[1], wide, &world.wide[1],
		ONLY("1.0", ECDHE, "AES-128-CBC", "SHA1"));
	assert_int_equal(pair_shake(&pair), ERR_LIBRARY);
	assert_words(
		pair.channel, "no version in common: ours are TLS 1.3, 1.2 and 1.1\"");
	pair_stop(&pair);
	pair_open(&pair, true, world.cred[1], wide, &world.wide[1],
		ONLY("1.2", RSA, "AES-128-CBC", "SHA1"));
	assert_int_equal(pair_shake(&pair), ERR_LIBRARY);
	assert_words(pair.channel, "no cipher in common: ours are ECDHE with AES-GCM or "
				   "ChaCha20-Poly1305, or AES-CBC\"");
	pair_stop(&pair);
	peer_set_unref(newest->set);
	peer_set_unref(wide->set);
}

/* By session id too, which TLS 1.0 and 1.1 would do it by. */
static void nobody_resumes(void **state)
{
	static const char *const priorities[] = {FAR_13, FAR_12,
		ONLY("1.1", RSA, "AES-128-CBC", "SHA1"),
		ONLY("1.0", RSA, "AES-128-CBC", "SHA1")};
	struct peer *wide = add_peer(NULL, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);

	(void)state;
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		gnutls_datum_t kept = {NULL, 0};
		struct pair pair;

		pair_open(
			&pair, true, world.cred[1], wide, &world.wide[1], priorities[i]);
		assert_int_equal(pair_shake(&pair), 0);
		far_alert(&pair.far); /* reads a ticket, if there is one */
		assert_int_equal(gnutls_session_get_flags(pair.far.session) &
					 GNUTLS_SFLAGS_SESSION_TICKET,
			0);
		gnutls_session_get_data2(pair.far.session, &kept);
		pair_stop(&pair);

		pair_open(
			&pair, true, world.cred[1], wide, &world.wide[1], priorities[i]);
		if (kept.size > 0)
			gnutls_session_set_data(pair.far.session, kept.data, kept.size);
		assert_int_equal(pair_shake(&pair), 0);
		assert_int_equal(gnutls_session_is_resumed(pair.far.session), 0);
		assert_ptr_equal(channel_peer(pair.channel), wide);
		pair_stop(&pair);
		gnutls_free(kept.data);
	}
	peer_set_unref(wide->set);
}

static void the_widest_is_that_of_all_together(void **state)
{
	struct peer *peer = add_peer(NULL, STRICT, POLICY_TLS_1_3, POLICY_COMPATIBLE);
	struct policy_terms rule = {0};
	struct peer_set *empty;

	(void)state;
	assert_int_equal(peer->set->widest.min, POLICY_TLS_1_3);
	add_peer(peer->set, WIDE, POLICY_TLS_1_2, POLICY_LEGACY);
	assert_int_equal(peer->set->widest.min, POLICY_TLS_1_2);
	assert_int_equal(peer->set->widest.ciphers, POLICY_LEGACY);
	add_peer(peer->set, WIDE, POLICY_TLS_1_1, POLICY_MODERN);
	assert_int_equal(peer->set->widest.min, POLICY_TLS_1_1);
	assert_int_equal(peer->set->widest.ciphers, POLICY_LEGACY);
	peer_set_unref(peer->set);

	assert_int_equal(peer_set_new(&empty), 0);
	assert_int_equal(empty->widest.min, POLICY_TLS_1_2);
	assert_int_equal(empty->widest.ciphers, POLICY_MODERN);
	peer_set_unref(empty);
	assert_false(policy_is_exception(&rule));
	assert_false(policy_is_exception(
		&(struct policy_terms){POLICY_TLS_1_3, POLICY_MODERN}));
	assert_true(policy_is_exception(
		&(struct policy_terms){POLICY_TLS_1_1, POLICY_COMPATIBLE}));
	assert_true(policy_is_exception(
		&(struct policy_terms){POLICY_TLS_1_2, POLICY_COMPATIBLE}));
}

static void terms_that_do_not_exist_make_no_session(void **state)
{
	static const struct policy_terms bad[] = {{POLICY_TLS_OLDER, POLICY_LEGACY},
		{POLICY_TLS_1_3 + 1, POLICY_MODERN}, {POLICY_TLS_1_2, POLICY_NEVER}};
	gnutls_session_t session = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(policy_session(&session, true, &bad[i]), ERR_LIBRARY);
	assert_null(session);
}

/* By it whoever looks at a refusal or at a peer's terms knows what is meant. */
static void each_version_and_kind_of_cipher_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(policy_version_name(POLICY_TLS_OLDER), "older");
	assert_string_equal(policy_version_name(POLICY_TLS_1_0), "TLS1.0");
	assert_string_equal(policy_version_name(POLICY_TLS_1_1), "TLS1.1");
	assert_string_equal(policy_version_name(POLICY_TLS_1_2), "TLS1.2");
	assert_string_equal(policy_version_name(POLICY_TLS_1_3), "TLS1.3");
	assert_string_equal(policy_ciphers_name(POLICY_MODERN), "modern");
	assert_string_equal(policy_ciphers_name(POLICY_COMPATIBLE), "compatible");
	assert_string_equal(policy_ciphers_name(POLICY_LEGACY), "legacy");
}

/* Old versions have no modern cipher: who allows them without one allows nothing more. */
static void old_versions_without_their_ciphers_are_not_offered(void **state)
{
	struct policy_terms terms = {POLICY_TLS_1_0, POLICY_MODERN};
	struct peer *peer = add_peer(NULL, WIDE, POLICY_TLS_1_0, POLICY_MODERN);
	char text[128];
	struct pair pair;

	(void)state;
	assert_string_equal(policy_versions_text(&terms, text, sizeof(text)),
		"ours are TLS 1.3 and 1.2");
	terms.ciphers = POLICY_COMPATIBLE;
	assert_string_equal(policy_versions_text(&terms, text, sizeof(text)),
		"ours are TLS 1.3, 1.2, 1.1 and 1.0");
	pair_open(&pair, true, world.cred[0], peer, &world.wide[0],
		ONLY("1.1", ECDHE, "AES-128-CBC", "SHA1"));
	assert_int_equal(pair_shake(&pair), ERR_LIBRARY);
	assert_words(pair.channel, "no version in common: ours are TLS 1.3 and 1.2\"");
	pair_stop(&pair);
	peer_set_unref(peer->set);
}

static void a_session_without_terms_has_the_rule_for_everybody(void **state)
{
	(void)state;
	for (int accept = 0; accept < 2; accept++) {
		gnutls_session_t session = NULL;

		assert_int_equal(policy_session(&session, accept, NULL), 0);
		assert_non_null(session);
		gnutls_deinit(session);
	}
}

static void a_server_hello_that_is_cut_names_no_suite(void **state)
{
	unsigned char hello[2 + 32 + 1 + 32 + 2] = {3, 3};

	(void)state;
	hello[34] = 32;
	hello[67] = 0x13;
	hello[68] = 0x02;
	assert_int_equal(policy_suite(hello, sizeof(hello)), 0x1302);
	for (size_t len = 0; len < sizeof(hello); len++)
		assert_int_equal(policy_suite(hello, len), 0);
	hello[34] = 33;
	assert_int_equal(policy_suite(hello, sizeof(hello)), 0);
	hello[34] = 0;
	hello[35] = 0xc0;
	hello[36] = 0x2f;
	assert_int_equal(policy_suite(hello, 37), 0xc02f);
}

/* --- the name that a client asks for --- */

static void ask_for(const char *name, size_t len, bool good, const char *expected)
{
	struct peer *peer = add_peer(NULL, STRICT, POLICY_TLS_1_2, POLICY_MODERN);
	struct pair pair;

	for (int i = 0; i < 2; i++) {
		pair_open(&pair, true, world.cred[0], peer,
			good ? &world.strict[0] : &world.wide[0], i ? FAR_12 : FAR_13);
		if (name)
			assert_return_code(gnutls_server_name_set(pair.far.session,
						   GNUTLS_NAME_DNS, name, len),
				0);
		assert_int_equal(pair_shake(&pair), good ? 0 : ERR_TRUST);
		assert_string_equal(channel_server_name(pair.channel), expected);
		if (!good && expected[0] != '\0') {
			char words[300];

			snprintf(words, sizeof(words), " sni=%s", expected);
			assert_words(pair.channel, words);
		}
		pair_stop(&pair);
	}
	peer_set_unref(peer->set);
}

static void the_name_asked_for_is_told_and_decides_nothing(void **state)
{
	char longest[240];

	(void)state;
	ask_for(NULL, 0, true, "");
	ask_for(NULL, 0, false, "");
	ask_for("med1.example.test", 17, true, "med1.example.test");
	ask_for("other.example.test", 18, true, "other.example.test");
	ask_for("med1.example.test", 17, false, "med1.example.test");
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 49; i < sizeof(longest); i += 50)
		longest[i] = '.';
	longest[sizeof(longest) - 1] = '\0';
	ask_for(longest, strlen(longest), true, longest);
}

/* --- FIPS 140 --- */

static void fips_is_refused_where_the_library_is_not_in_it(void **state)
{
	struct err_text text = {""};

	(void)state;
	if (policy_fips_active()) {
		assert_int_equal(policy_fips_check(&text), 0);
		return;
	}
	assert_int_equal(policy_fips_check(&text), ERR_SUPPORT);
	assert_non_null(strstr(text.text, "not in FIPS 140 mode"));
}

/* The last one: there is no way back but a new start. */
static void approved_algorithms_are_left_alone(void **state)
{
	static const struct {
		const char *priorities;
		bool allowed;
	} cases[] = {
		{FAR_13, true},
		{FAR_12, true},
		{FAR_13 ":-CIPHER-ALL:+AES-128-GCM", true},
		{FAR_13 ":-GROUP-ALL:+GROUP-SECP521R1", true},
		{FAR_13 ":-GROUP-ALL:+GROUP-X25519", false},
		{FAR_12 ":-GROUP-ALL:+GROUP-X25519", false},
		{FAR_13 ":-CIPHER-ALL:+CHACHA20-POLY1305", false},
		{FAR_12 ":-CIPHER-ALL:+CHACHA20-POLY1305", false},
		{ONLY("1.2", ECDHE, "AES-128-CBC", "SHA256"), false},
		{ONLY("1.2", RSA, "AES-128-GCM", "AEAD"), false},
		{ONLY("1.1", ECDHE, "AES-128-CBC", "SHA1"), false},
		{ONLY("1.0", ECDHE, "AES-128-CBC", "SHA1"), false},
	};
	struct peer *wide = add_peer(NULL, WIDE, POLICY_TLS_1_0, POLICY_LEGACY);
	struct err_text text = {""};

	(void)state;
	assert_int_equal(policy_restrict(&text), 0);
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pair;
		int result;

		pair_open(&pair, i & 1, world.cred[1], wide, &world.wide[1],
			cases[i / 2].priorities);
		result = pair_shake(&pair);
		if (cases[i / 2].allowed != (result == 0) || result == -EAGAIN)
			fail_msg("%s gave %d", cases[i / 2].priorities, result);
		pair_stop(&pair);
	}
	peer_set_unref(wide->set);
	policy_stop();
	assert_int_equal(policy_start(&text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_peer_gets_what_its_terms_allow),
		cmocka_unit_test(wide_terms_of_one_peer_are_no_other_ones),
		cmocka_unit_test(the_refusal_names_version_or_cipher),
		cmocka_unit_test(identity_is_judged_before_the_version),
		cmocka_unit_test(the_best_in_common_is_taken),
		cmocka_unit_test(a_stricter_reload_closes_what_is_open),
		cmocka_unit_test(nothing_in_common_is_told_by_the_terms),
		cmocka_unit_test(nobody_resumes),
		cmocka_unit_test(the_widest_is_that_of_all_together),
		cmocka_unit_test(terms_that_do_not_exist_make_no_session),
		cmocka_unit_test(each_version_and_kind_of_cipher_has_its_name),
		cmocka_unit_test(old_versions_without_their_ciphers_are_not_offered),
		cmocka_unit_test(a_session_without_terms_has_the_rule_for_everybody),
		cmocka_unit_test(a_server_hello_that_is_cut_names_no_suite),
		cmocka_unit_test(the_name_asked_for_is_told_and_decides_nothing),
		cmocka_unit_test(fips_is_refused_where_the_library_is_not_in_it),
		cmocka_unit_test(approved_algorithms_are_left_alone),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
