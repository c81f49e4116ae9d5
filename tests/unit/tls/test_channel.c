#include "tls/channel.h"

#include "../unit.h"
#include "pair_fixture.h"

#include "tls/explain.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lab_id rogue, sub;

static int make_authorities(void **state)
{
	struct lab_spec spec = {.cn = "Lab Sub CA", .ca = true};

	(void)make_world(state);
	lab_root(&rogue, "Rogue CA");
	lab_issue(&sub, &spec, &world.root);
	return 0;
}

static int drop_authorities(void **state)
{
	lab_drop(&sub);
	lab_drop(&rogue);
	return drop_world(state);
}

static void pair_start(struct pair *pair, bool accept, const struct peer *peer,
	const struct lab_id *id, const char *priorities)
{
	pair_open(pair, accept, world.cred, peer, id, priorities);
}

/* --- the matrix: each bad certificate in both roles and versions --- */

static void refuse(const struct peer *peer, const struct lab_id *id, enum peer_rule rule,
	int alert, const char *words)
{
	pair_refuse(world.cred, peer, id, rule, alert, words);
}

static void refuse_spec(const struct lab_spec *spec, const struct lab_id *issuer,
	enum peer_rule rule, int alert, const char *words)
{
	struct lab_id id;

	lab_issue(&id, spec, issuer);
	refuse(world.peer, &id, rule, alert, words);
	lab_drop(&id);
}

static void accept_id(const struct peer *peer, const struct lab_id *id)
{
	pair_accept(world.cred, peer, id);
}

static void accept_spec(const struct lab_spec *spec)
{
	struct lab_id id;

	lab_issue(&id, spec, &world.root);
	accept_id(world.peer, &id);
	lab_drop(&id);
}

static void right_certificate_is_let_in(void **state)
{
	(void)state;
	accept_id(world.peer, &world.good);
}

static void chain_over_an_intermediate_is_let_in(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &sub);
	accept_id(world.peer, &id);
	lab_drop(&id);
}

static void sip_uri_is_let_in(void **state)
{
	struct lab_spec spec = {.cn = "x", .sans = {{'U', "sip:" PAIR_HOST, 0}}};

	(void)state;
	accept_spec(&spec);
}

static void cn_alone_is_let_in(void **state)
{
	struct lab_spec spec = {.cn = PAIR_HOST};

	(void)state;
	accept_spec(&spec);
}

static void purpose_of_either_role_is_let_in(void **state)
{
	static const char *const purposes[] = {
		GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_ANY};

	(void)state;
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		struct lab_spec spec = {
			.sans = {{'D', PAIR_HOST, 0}}, .purpose = purposes[i]};

		accept_spec(&spec);
	}
}

static void rsa_2048_is_let_in(void **state)
{
	struct lab_spec spec = {.sans = {{'D', PAIR_HOST, 0}}, .rsa_bits = 2048};

	(void)state;
	accept_spec(&spec);
}

static void other_issuer_is_refused(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &rogue);
	refuse(world.peer, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA,
		"tls refused by=us rule=issuer expected=" PAIR_HOST
		" presented=DNS:" PAIR_HOST
		" claims=\"trunk lab\" issuer=\"CN=Rogue CA\"");
	lab_drop(&id);
}

static void issuer_of_the_same_name_is_refused(void **state)
{
	struct lab_id fake;
	struct lab_id id;

	(void)state;
	lab_root(&fake, "Lab CA");
	lab_host(&id, PAIR_HOST, &fake);
	refuse(world.peer, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA, "issuer=\"CN=Lab CA\"");
	lab_drop(&id);
	lab_drop(&fake);
}

static void missing_intermediate_is_refused(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &sub);
	id.issuer = &world.root;
	refuse(world.peer, &id, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA,
		"issuer=\"CN=Lab Sub CA\"");
	lab_drop(&id);
}

static void self_signed_is_refused(void **state)
{
	struct lab_spec spec = {.cn = PAIR_HOST, .sans = {{'D', PAIR_HOST, 0}}};

	(void)state;
	refuse_spec(&spec, NULL, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA, "detail=self-signed");
}

static void wrong_name_is_refused(void **state)
{
	struct lab_spec spec = {.sans = {{'D', "sbc2.carrier.example", 0}}};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"tls refused by=us rule=name expected=" PAIR_HOST
		" presented=DNS:sbc2.carrier.example");
}

static void cn_beside_a_san_is_refused(void **state)
{
	struct lab_spec spec = {
		.cn = PAIR_HOST, .sans = {{'E', "sip@carrier.example", 0}}};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"presented=email:sip@carrier.example");
}

static void wildcard_is_refused(void **state)
{
	struct lab_spec spec = {.sans = {{'D', "*.carrier.example", 0}}};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"presented=\"DNS:*.carrier.example\"");
}

static void nul_in_a_name_is_refused(void **state)
{
	struct lab_spec spec = {.sans = {{'D', PAIR_HOST "\0.evil.example", 0}}};

	(void)state;
	spec.sans[0].len = sizeof(PAIR_HOST "\0.evil.example") - 1;
	refuse_spec(&spec, &world.root, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"presented=\"DNS:" PAIR_HOST "\\x00.evil.example\"");
}

static void expired_is_refused(void **state)
{
	struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .from_days = -30, .to_days = -1};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED,
		"detail=\"expired 20");
}

static void not_yet_valid_is_refused(void **state)
{
	struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .from_days = 2, .to_days = 30};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_NOT_YET, GNUTLS_A_CERTIFICATE_EXPIRED,
		"detail=\"valid from 20");
}

static void expired_issuer_is_refused(void **state)
{
	struct lab_spec spec = {
		.cn = "Old CA", .ca = true, .from_days = -30, .to_days = -1};
	struct lab_id old;
	struct lab_id id;

	(void)state;
	lab_issue(&old, &spec, &world.root);
	lab_host(&id, PAIR_HOST, &old);
	refuse(world.peer, &id, PEER_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED,
		"of CN=Old CA");
	lab_drop(&id);
	lab_drop(&old);
}

static void weak_rsa_is_refused(void **state)
{
	struct lab_spec spec = {.sans = {{'D', PAIR_HOST, 0}}, .rsa_bits = 1024};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_WEAK, GNUTLS_A_BAD_CERTIFICATE,
		"rule=weak expected=" PAIR_HOST " presented=DNS:" PAIR_HOST
		" claims=\"trunk lab\" detail=\"key RSA 1024 bits of O=Tandem lab\"");
}

static void sha1_is_refused(void **state)
{
	struct lab_spec spec = {.sans = {{'D', PAIR_HOST, 0}}, .sha1 = true};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_WEAK, GNUTLS_A_BAD_CERTIFICATE,
		"detail=\"signature ECDSA-SHA1");
}

static void other_purpose_is_refused(void **state)
{
	struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .purpose = GNUTLS_KP_EMAIL_PROTECTION};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_PURPOSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		"detail=\"neither serverAuth nor clientAuth");
}

static void purpose_that_cannot_be_read_allows_nothing(void **state)
{
	struct lab_spec empty = {
		.sans = {{'D', PAIR_HOST, 0}}, .broken_purpose = {"\x30\x00", 2}};
	struct lab_spec nonsense = {
		.sans = {{'D', PAIR_HOST, 0}}, .broken_purpose = {"\x05\x00", 2}};

	(void)state;
	refuse_spec(&empty, &world.root, PEER_PURPOSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		"rule=purpose");
	refuse_spec(&nonsense, &world.root, PEER_PURPOSE,
		GNUTLS_A_UNSUPPORTED_CERTIFICATE, "rule=purpose");
}

static void leaf_that_signs_is_refused(void **state)
{
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &world.good);
	refuse(world.peer, &id, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
		"rule=constraint");
	lab_drop(&id);
}

static void name_outside_the_constraint_is_refused(void **state)
{
	struct lab_spec spec = {
		.cn = "Narrow CA", .ca = true, .permitted = "other.example"};
	struct lab_id narrow;
	struct lab_id id;

	(void)state;
	lab_issue(&narrow, &spec, &world.root);
	lab_host(&id, PAIR_HOST, &narrow);
	refuse(world.peer, &id, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
		"rule=constraint");
	lab_drop(&id);
	lab_drop(&narrow);
}

/* RFC 5280 6.1.1 leaves it open; here what is trusted is trusted within its own limits. */
static void a_constrained_anchor_is_held_to_it(void **state)
{
	struct lab_spec inside = {
		.cn = "Anchor CA", .ca = true, .permitted_uri = ".carrier.example"};
	struct lab_spec outside = {
		.cn = "Anchor CA", .ca = true, .permitted_uri = ".other.example"};
	struct lab_spec free = {.cn = "Anchor CA", .ca = true};
	struct lab_spec leaf = {.sans = {{'U', "sip:" PAIR_HOST, 0}}};
	struct lab_id anchor, twin, id;
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_issue(&anchor, &outside, NULL);
	lab_issue(&id, &leaf, &anchor);
	trust = lab_trust(&anchor);
	peer = lab_peer(PAIR_HOST, trust);
	refuse(peer, &id, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
		"detail=\"outside the name constraints: sip:" PAIR_HOST
		" of CN=Anchor CA\"");
	peer_set_unref(peer->set);
	trust_unref(trust);
	inside.key_of = &anchor;
	lab_issue(&twin, &inside, NULL);
	trust = lab_trust(&twin);
	peer = lab_peer(PAIR_HOST, trust);
	accept_id(peer, &id);
	peer_set_unref(peer->set);
	trust_unref(trust);
	lab_drop(&twin);
	/* Of two with one name and key, one that may is enough; where none may, it is refused. */
	for (unsigned may = 0; may < 2; may++) {
		struct err_text text = {""};

		free.key_of = outside.key_of = &anchor;
		lab_issue(&twin, may ? &free : &outside, NULL);
		lab_write_both("one.pem", &anchor, &twin);
		assert_int_equal(trust_load(&trust, lab_path("one.pem"), "", &text), 0);
		peer = lab_peer(PAIR_HOST, trust);
		if (may)
			accept_id(peer, &id);
		else
			refuse(peer, &id, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
				"outside the name constraints");
		peer_set_unref(peer->set);
		trust_unref(trust);
		lab_drop(&twin);
	}
	lab_drop(&id);
	lab_drop(&anchor);
}

/* The verdict holds until the first certificate of the path runs out. */
static void a_chain_is_good_until_its_first_end(void **state)
{
	static const long ends[][2] = {{5, 20}, {20, 5}};
	const time_t now = time(NULL);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct lab_spec ca = {
			.cn = "Short CA", .ca = true, .to_days = ends[i][0]};
		struct lab_spec leaf = {
			.sans = {{'D', PAIR_HOST, 0}}, .to_days = ends[i][1]};
		struct lab_id issuer, id;
		struct pair pair;
		time_t until;

		lab_issue(&issuer, &ca, &world.root);
		lab_issue(&id, &leaf, &issuer);
		pair_start(&pair, true, world.peer, &id, FAR_13);
		assert_int_equal(pair_shake(&pair), 0);
		until = channel_verdict(pair.channel)->until;
		assert_true(until > now + 4 * LAB_DAY && until < now + 6 * LAB_DAY);
		pair_stop(&pair);
		lab_drop(&id);
		lab_drop(&issuer);
	}
}

static void unknown_critical_extension_is_refused(void **state)
{
	struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .critical = "1.3.6.1.4.1.99999.1"};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
		"rule=constraint");
}

static void chain_of_nine_is_refused(void **state)
{
	struct lab_spec spec = {.cn = "Deep CA", .ca = true};
	struct lab_id cas[8];
	struct lab_id id;

	(void)state;
	for (int i = 0; i < 8; i++)
		lab_issue(&cas[i], &spec, i == 0 ? &world.root : &cas[i - 1]);
	lab_host(&id, PAIR_HOST, &cas[7]);
	refuse(world.peer, &id, PEER_CONSTRAINT, GNUTLS_A_BAD_CERTIFICATE,
		"detail=\"more certificates in the chain");
	lab_drop(&id);
	for (int i = 0; i < 8; i++)
		lab_drop(&cas[i]);
}

static void hostile_names_stay_one_quoted_word(void **state)
{
	struct lab_spec spec = {.sans = {{'D', "a\" by=them\nb", 0}}};

	(void)state;
	refuse_spec(&spec, &world.root, PEER_NAME, GNUTLS_A_ACCESS_DENIED,
		"presented=\"DNS:a\\\" by=them\\x0ab\"");
}

/* --- no certificate --- */

static void nobody_without_certificate_is_let_in(void **state)
{
	static const struct {
		const char *priorities;
		int alert;
	} cases[] = {{FAR_13, GNUTLS_A_CERTIFICATE_REQUIRED},
		{FAR_12, GNUTLS_A_HANDSHAKE_FAILURE}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pair pair;

		pair_start(&pair, true, world.peer, NULL, cases[i].priorities);
		assert_int_equal(pair_shake(&pair), ERR_TRUST);
		assert_words(pair.channel, "tls refused by=us rule=no-certificate");
		assert_int_equal(far_alert(&pair.far), cases[i].alert);
		pair_stop(&pair);
	}
}

static void a_server_that_does_not_ask_is_told_apart(void **state)
{
	struct pair pair;

	(void)state;
	pair_start(&pair, false, world.peer, &world.good, FAR_13);
	gnutls_certificate_server_set_request(pair.far.session, GNUTLS_CERT_IGNORE);
	assert_int_equal(pair_shake(&pair), 0);
	assert_false(channel_was_asked(pair.channel));
	pair_stop(&pair);
}

/* --- revocation --- */

static struct peer *peer_with_crl(struct trust **ret)
{
	struct err_text text = {""};

	lab_write_chain("ca.pem", &world.root);
	if (trust_load(ret, lab_path("ca.pem"), lab_path("ca.crl"), &text) < 0)
		fail_msg("%s", text.text);
	return lab_peer(PAIR_HOST, *ret);
}

static void drop_peer(struct peer *peer, struct trust *trust)
{
	peer_set_unref(peer->set);
	trust_unref(trust);
}

static void revoked_is_refused(void **state)
{
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, &world.good, 5, false);
	peer = peer_with_crl(&trust);
	refuse(peer, &world.good, PEER_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED,
		"detail=\"serial 01");
	drop_peer(peer, trust);
}

static void fresh_crl_lets_others_in(void **state)
{
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, &world.us, 5, false);
	peer = peer_with_crl(&trust);
	accept_id(peer, &world.good);
	assert_true(trust_crl_due(trust) > time(NULL) + 4 * LAB_DAY);
	drop_peer(peer, trust);
}

static void stale_crl_refuses_its_issuers(void **state)
{
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, NULL, -1, false);
	peer = peer_with_crl(&trust);
	refuse(peer, &world.good, PEER_CRL_STALE, GNUTLS_A_CERTIFICATE_UNKNOWN,
		"detail=\"CRL was due 20");
	drop_peer(peer, trust);
}

static void crl_of_another_issuer_refuses(void **state)
{
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_write_crl("ca.crl", &rogue, NULL, NULL, 5, false);
	peer = peer_with_crl(&trust);
	refuse(peer, &world.good, PEER_CRL_STALE, GNUTLS_A_CERTIFICATE_UNKNOWN,
		"detail=\"no CRL that is valid now, issuer CN=Lab CA\"");
	drop_peer(peer, trust);
}

static void intermediates_are_revoked_too(void **state)
{
	struct trust *trust;
	struct peer *peer;
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &sub);
	lab_write_crl("ca.crl", &sub, NULL, NULL, 5, false);
	peer = peer_with_crl(&trust);
	accept_id(peer, &id);
	drop_peer(peer, trust);

	lab_write_crl("ca.crl", &world.root, NULL, &sub, 5, true);
	peer = peer_with_crl(&trust);
	refuse(peer, &id, PEER_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED, "rule=revoked");
	drop_peer(peer, trust);
	lab_drop(&id);
}

static void forged_crl_of_an_intermediate_counts_for_nothing(void **state)
{
	struct trust *trust;
	struct peer *peer;
	struct lab_id id;

	(void)state;
	lab_host(&id, PAIR_HOST, &sub);
	lab_write_crl("ca.crl", &sub, &rogue, NULL, 5, false);
	peer = peer_with_crl(&trust);
	refuse(peer, &id, PEER_CRL_STALE, GNUTLS_A_CERTIFICATE_UNKNOWN, "no CRL that is");
	drop_peer(peer, trust);
	lab_drop(&id);
}

static void a_connected_peer_is_judged_again(void **state)
{
	struct trust *trust;
	struct peer *peer;

	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, &world.good, 5, false);
	peer = peer_with_crl(&trust);
	for (int i = 0; i < 4; i++) {
		struct pair pair;

		pair_start(
			&pair, i & 1, world.peer, &world.good, i & 2 ? FAR_12 : FAR_13);
		assert_int_equal(
			channel_judge_again(pair.channel, peer->set, peer), ERR_STATE);
		assert_int_equal(pair_shake(&pair), 0);
		assert_int_equal(
			channel_judge_again(pair.channel, world.peer->set, world.peer),
			0);
		assert_ptr_equal(channel_peer(pair.channel), world.peer);
		assert_int_equal(
			channel_judge_again(pair.channel, peer->set, peer), ERR_TRUST);
		assert_words(pair.channel, "rule=revoked");
		assert_int_equal(far_alert(&pair.far), GNUTLS_A_CERTIFICATE_REVOKED);
		pair_stop(&pair);
	}
	drop_peer(peer, trust);
}

/* --- they refuse us --- */

/* --- policy --- */

static void old_versions_and_ciphers_are_refused(void **state)
{
	static const char *const bad[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1",
		"NORMAL:-VERS-ALL:+VERS-TLS1.0",
		FAR_12 ":-KX-ALL:+RSA",
		FAR_12 ":-KX-ALL:+DHE-RSA",
		FAR_12 ":-CIPHER-ALL:+AES-256-CBC:+AES-128-CBC",
		FAR_12 ":%DISABLE_SAFE_RENEGOTIATION",
		FAR_12 ":-SIGN-ALL:+SIGN-ECDSA-SHA1",
		FAR_13 ":-GROUP-ALL:+GROUP-FFDHE2048",
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct pair pair;
		int result;

		pair_start(&pair, i & 1, world.peer, &world.good, bad[i / 2]);
		result = pair_shake(&pair);
		if (result == 0 || result == -EAGAIN)
			fail_msg("%s gave %d", bad[i / 2], result);
		assert_null(channel_peer(pair.channel));
		pair_stop(&pair);
	}
}

static void our_order_of_ciphers_counts(void **state)
{
	struct pair pair;

	(void)state;
	pair_start(&pair, true, world.peer, &world.good,
		FAR_13 ":-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM");
	assert_int_equal(pair_shake(&pair), 0);
	assert_string_equal(channel_cipher(pair.channel), "AES-256-GCM");
	pair_stop(&pair);
}

static void both_partners_have_their_own_ca(void **state)
{
	struct trust *rogue_trust = lab_trust(&rogue);
	struct peer *partner;
	struct lab_id theirs;
	struct lab_id ours_by_name;

	(void)state;
	lab_host(&theirs, "pbx.partner.example", &rogue);
	lab_host(&ours_by_name, "pbx.partner.example", &world.root);
	assert_int_equal(peer_add(world.peer->set,
				 &(struct peer_params){.id = "server partner",
					 .name = "pbx.partner.example",
					 .trust = rogue_trust},
				 &partner),
		0);
	accept_id(partner, &theirs);
	accept_id(world.peer, &world.good);
	/* A CA that is trusted for one partner vouches for no other. */
	refuse(partner, &ours_by_name, PEER_ISSUER, GNUTLS_A_UNKNOWN_CA,
		"claims=\"server partner\" issuer=\"CN=Lab CA\"");
	list_remove(&partner->node);
	list_append(&world.peer->set->peers, &partner->node);
	trust_unref(rogue_trust);
	lab_drop(&theirs);
	lab_drop(&ours_by_name);
}

static void a_channel_needs_a_certificate_and_a_peer(void **state)
{
	struct channel_params params = {.accept = true, .cred = world.cred};
	struct channel *channel = NULL;
	struct err_text text = {""};

	(void)state;
	params.peer = world.peer;
	assert_int_equal(channel_new(&channel, &params, &text), -EINVAL);
	params.accept = false;
	params.peer = NULL;
	params.peers = world.peer->set;
	assert_int_equal(channel_new(&channel, &params, &text), -EINVAL);
	params.peer = world.peer;
	params.cred = NULL;
	assert_int_equal(channel_new(&channel, &params, &text), -EINVAL);
	assert_null(channel);
	channel_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_certificate_is_let_in),
		cmocka_unit_test(chain_over_an_intermediate_is_let_in),
		cmocka_unit_test(sip_uri_is_let_in),
		cmocka_unit_test(cn_alone_is_let_in),
		cmocka_unit_test(purpose_of_either_role_is_let_in),
		cmocka_unit_test(rsa_2048_is_let_in),
		cmocka_unit_test(other_issuer_is_refused),
		cmocka_unit_test(issuer_of_the_same_name_is_refused),
		cmocka_unit_test(missing_intermediate_is_refused),
		cmocka_unit_test(self_signed_is_refused),
		cmocka_unit_test(wrong_name_is_refused),
		cmocka_unit_test(cn_beside_a_san_is_refused),
		cmocka_unit_test(wildcard_is_refused),
		cmocka_unit_test(nul_in_a_name_is_refused),
		cmocka_unit_test(expired_is_refused),
		cmocka_unit_test(not_yet_valid_is_refused),
		cmocka_unit_test(expired_issuer_is_refused),
		cmocka_unit_test(weak_rsa_is_refused),
		cmocka_unit_test(sha1_is_refused),
		cmocka_unit_test(other_purpose_is_refused),
		cmocka_unit_test(purpose_that_cannot_be_read_allows_nothing),
		cmocka_unit_test(leaf_that_signs_is_refused),
		cmocka_unit_test(name_outside_the_constraint_is_refused),
		cmocka_unit_test(a_constrained_anchor_is_held_to_it),
		cmocka_unit_test(a_chain_is_good_until_its_first_end),
		cmocka_unit_test(unknown_critical_extension_is_refused),
		cmocka_unit_test(chain_of_nine_is_refused),
		cmocka_unit_test(hostile_names_stay_one_quoted_word),
		cmocka_unit_test(nobody_without_certificate_is_let_in),
		cmocka_unit_test(a_server_that_does_not_ask_is_told_apart),
		cmocka_unit_test(revoked_is_refused),
		cmocka_unit_test(fresh_crl_lets_others_in),
		cmocka_unit_test(stale_crl_refuses_its_issuers),
		cmocka_unit_test(crl_of_another_issuer_refuses),
		cmocka_unit_test(intermediates_are_revoked_too),
		cmocka_unit_test(forged_crl_of_an_intermediate_counts_for_nothing),
		cmocka_unit_test(a_connected_peer_is_judged_again),
		cmocka_unit_test(old_versions_and_ciphers_are_refused),
		cmocka_unit_test(our_order_of_ciphers_counts),
		cmocka_unit_test(both_partners_have_their_own_ca),
		cmocka_unit_test(a_channel_needs_a_certificate_and_a_peer),
	};

	return cmocka_run_group_tests(tests, make_authorities, drop_authorities);
}
