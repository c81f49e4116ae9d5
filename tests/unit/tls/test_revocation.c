#include "tls/alert.h"
#include "tls/revocation.h"

#include "../unit.h"
#include "pair.h"
#include "responder.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCEPT_12 3 /* of the kinds of a pair */

static struct pair_world world;
static struct lab_id rogue, sub, below;

static int make_world(void **state)
{
	struct lab_spec spec = {.cn = "Lab Sub CA", .ca = true};

	(void)state;
	pair_world_make(&world);
	lab_root(&rogue, "Lab CA"); /* the same name, another key */
	lab_issue(&sub, &spec, &world.root);
	lab_host(&below, PAIR_HOST, &sub);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	lab_drop(&below);
	lab_drop(&sub);
	lab_drop(&rogue);
	pair_world_drop(&world);
	return 0;
}

static struct peer *peer_with(struct trust *trust, enum peer_revocation revocation)
{
	struct peer *peer = lab_peer(PAIR_HOST, trust);

	peer->revocation = revocation;
	return peer;
}

/* What a far end shows in one handshake. */
struct show {
	const struct lab_id *id;
	gnutls_datum_t staples[2];
	unsigned count;
};

static void show(struct show *ret, const struct lab_id *id, struct response_spec spec)
{
	*ret = (struct show){.id = id, .count = 1};
	if (!spec.about)
		spec.about = id;
	respond(&ret->staples[0], &spec);
}

static void show_free(struct show *shown)
{
	for (unsigned i = 0; i < shown->count; i++)
		free(shown->staples[i].data);
}

static void shake(struct pair *pair, int kind, enum peer_revocation revocation,
	const struct show *shown)
{
	struct peer *peer = peer_with(world.trust, revocation);

	pair_open(
		pair, kind & 1, world.cred, peer, shown->id, kind & 2 ? FAR_12 : FAR_13);
	if (shown->count)
		far_staple(&pair->far, shown->id, shown->staples, shown->count);
	pair_shake(pair);
	peer_set_unref(peer->set); /* the channel holds it */
}

static void lets_in(int kind, enum peer_revocation revocation, const struct show *shown)
{
	struct pair pair;

	shake(&pair, kind, revocation, shown);
	if (pair.result != 0)
		assert_words(pair.channel, "that it was let in");
	assert_int_equal(pair.far.result, 0);
	assert_string_equal(channel_verdict(pair.channel)->let_go, "");
	pair_stop(&pair);
}

static void refuses(int kind, enum peer_revocation revocation, const struct show *shown,
	enum peer_rule rule, const char *words)
{
	struct pair pair;

	shake(&pair, kind, revocation, shown);
	assert_int_equal(pair.result, ERR_TRUST);
	assert_words(pair.channel, words);
	assert_int_equal(channel_verdict(pair.channel)->rule, rule);
	assert_int_equal(far_alert(&pair.far), rule == PEER_REVOKED
						       ? GNUTLS_A_CERTIFICATE_REVOKED
						       : ALERT_BAD_STATUS_RESPONSE);
	pair_stop(&pair);
}

static void a_demanded_response_lets_in(void **state)
{
	struct show shown;

	(void)state;
	show(&shown, &world.good, (struct response_spec){0});
	for (int kind = 0; kind < PAIR_KINDS; kind++)
		if (kind != ACCEPT_12)
			lets_in(kind, PEER_REVOCATION_STAPLE, &shown);
	show_free(&shown);
}

static void without_one_it_is_refused(void **state)
{
	const struct show shown = {.id = &world.good};

	(void)state;
	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		lets_in(kind, PEER_REVOCATION_HARD, &shown);
		if (kind != ACCEPT_12)
			refuses(kind, PEER_REVOCATION_STAPLE, &shown, PEER_STAPLE,
				"rule=staple expected=sbc.carrier.example "
				"presented=DNS:sbc.carrier.example "
				"claims=\"trunk lab\" detail=\"it sent no OCSP");
	}
}

static void a_client_of_tls_1_2_has_no_way_to_send_one(void **state)
{
	struct show shown;

	(void)state;
	show(&shown, &world.good, (struct response_spec){0});
	refuses(ACCEPT_12, PEER_REVOCATION_STAPLE, &shown, PEER_STAPLE,
		"a TLS 1.2 client cannot send");
	lets_in(ACCEPT_12, PEER_REVOCATION_HARD, &shown);
	show_free(&shown);
}

/* Demanded, SPEC is refused with WORDS; not demanded, it is as if none had come. */
static void is_no_proof(struct response_spec spec, const char *words)
{
	struct show shown;

	show(&shown, &world.good, spec);
	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		lets_in(kind, PEER_REVOCATION_HARD, &shown);
		lets_in(kind, PEER_REVOCATION_SOFT, &shown);
		if (kind != ACCEPT_12)
			refuses(kind, PEER_REVOCATION_STAPLE, &shown, PEER_STAPLE, words);
	}
	show_free(&shown);
}

static void a_bad_one_counts_where_it_is_demanded(void **state)
{
	(void)state;
	is_no_proof((struct response_spec){.due = -1}, "OCSP response: was due 20");
	is_no_proof((struct response_spec){.status = 'u'}, "does not know");
	is_no_proof((struct response_spec){.about = &world.us}, "another certificate");
	is_no_proof((struct response_spec){.signer = &rogue}, "not signed by");
	is_no_proof((struct response_spec){.error = 3}, "tryLater");
}

static void garbage_counts_where_it_is_demanded(void **state)
{
	static unsigned char noise[200];
	struct show shown = {
		.id = &world.good, .count = 1, .staples = {{noise, sizeof(noise)}}};

	(void)state;
	memset(noise, 0x30, sizeof(noise));
	for (int kind = 0; kind < 2 * ACCEPT_12; kind++) {
		/* The least that can come is no less a response. */
		shown.staples[0].size = kind < ACCEPT_12 ? sizeof(noise) : 1;
		lets_in(kind % ACCEPT_12, PEER_REVOCATION_HARD, &shown);
		refuses(kind % ACCEPT_12, PEER_REVOCATION_STAPLE, &shown, PEER_STAPLE,
			"not readable");
	}
}

static void revoked_is_refused_though_nobody_demanded_it(void **state)
{
	struct show shown;

	(void)state;
	show(&shown, &world.good, (struct response_spec){.status = 'r'});
	for (int kind = 0; kind < ACCEPT_12; kind++) {
		refuses(kind, PEER_REVOCATION_HARD, &shown, PEER_REVOKED, "rule=revoked");
		refuses(kind, PEER_REVOCATION_SOFT, &shown, PEER_REVOKED,
			"OCSP response: revoked 20");
		refuses(kind, PEER_REVOCATION_STAPLE, &shown, PEER_REVOKED,
			"rule=revoked");
	}
	show_free(&shown);
}

static void one_of_an_intermediate_may_say_so_too(void **state)
{
	struct show shown;

	(void)state;
	show(&shown, &below, (struct response_spec){0});
	lets_in(0, PEER_REVOCATION_STAPLE, &shown);
	lets_in(1, PEER_REVOCATION_STAPLE, &shown);
	respond(&shown.staples[1], &(struct response_spec){.about = &sub, .status = 'r'});
	shown.count = 2;
	refuses(0, PEER_REVOCATION_STAPLE, &shown, PEER_REVOKED, "rule=revoked");
	refuses(1, PEER_REVOCATION_HARD, &shown, PEER_REVOKED, "rule=revoked");
	show_free(&shown);
}

/* Whoever stole a key sends along a CA that is called like its issuer. */
static void a_namesake_of_the_issuer_answers_for_nothing(void **state)
{
	struct lab_id forged = world.good;
	struct show shown;

	(void)state;
	forged.issuer = &(struct lab_id){
		.crt = rogue.crt, .key = rogue.key, .issuer = &world.root};
	show(&shown, &forged, (struct response_spec){.signer = &rogue});
	refuses(0, PEER_REVOCATION_STAPLE, &shown, PEER_STAPLE, "not signed by");
	show_free(&shown);
}

static struct trust *trust_both(int order, const char *crl)
{
	const struct lab_id *anchors[] = {&world.root, &rogue};
	struct err_text text = {""};
	struct buf file = {0};
	struct trust *both;

	for (int i = 0; i < 2; i++) {
		gnutls_datum_t pem = {NULL, 0};

		assert_int_equal(gnutls_x509_crt_export2(anchors[i ^ order]->crt,
					 GNUTLS_X509_FMT_PEM, &pem),
			0);
		buf_add(&file, pem.data, pem.size);
		gnutls_free(pem.data);
	}
	lab_write("both.pem", file.data, file.len, 0644);
	buf_free(&file);
	assert_int_equal(trust_load(&both, lab_path("both.pem"), crl, &text), 0);
	return both;
}

static void import(struct chain *ret, const struct lab_id *id)
{
	gnutls_datum_t certificate = {NULL, 0};

	assert_int_equal(
		gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_DER, &certificate), 0);
	assert_int_equal(chain_import(ret, &certificate, 1), 0);
	gnutls_free(certificate.data);
}

/* While a CA changes its key two anchors have one name. The library's path would fail. */
static void one_of_two_anchors_may_have_signed_it(void **state)
{
	gnutls_datum_t response;
	struct chain chain;

	(void)state;
	respond(&response, &(struct response_spec){.about = &world.good});
	import(&chain, &world.good);
	chain.staples = &response;
	for (int order = 0; order < 2; order++) {
		struct peer_verdict verdict = {.until = time(NULL) + 30 * LAB_DAY};
		struct trust *both = trust_both(order, "");

		assert_int_equal(revocation_judge(&chain, &chain, both,
					 PEER_REVOCATION_STAPLE, &verdict),
			PEER_OK);
		assert_true(verdict.until <= time(NULL) + LAB_DAY);
		trust_unref(both);
	}
	chain_free(&chain);
	free(response.data);
}

/* What lists of two keys with one name say of a certificate by each. */
static void a_list_counts_for_the_key_that_signed_it(void **state)
{
	struct lab_id next;
	const struct lab_id *leaves[] = {&world.good, &next};
	static const struct {
		int lists[2]; /* whose certificate ROOT's and ROGUE's revoke; -1: none */
		bool absent[2]; /* the list */
		enum peer_rule rules[2];
	} rows[] = {
		{{-1, -1}, {0}, {PEER_OK, PEER_OK}},
		{{0, -1}, {0}, {PEER_REVOKED, PEER_OK}},
		{{-1, 1}, {0}, {PEER_OK, PEER_REVOKED}},
		{{1, 0}, {0}, {PEER_OK, PEER_OK}}, /* a serial number of the other's */
		{{-1, 1}, {true, false}, {PEER_CRL_STALE, PEER_REVOKED}},
		{{-1, 1}, {false, true}, {PEER_OK, PEER_CRL_STALE}},
	};

	(void)state;
	lab_host(&next, PAIR_HOST, &rogue);
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct lab_id *signers[] = {&world.root, &rogue};
		struct trust *both;
		bool add = false;

		for (int j = 0; j < 2; j++) {
			int revoked = rows[i / 2].lists[j];

			if (rows[i / 2].absent[j])
				continue;
			lab_write_crl("ca.crl", signers[j], NULL,
				revoked < 0 ? NULL : leaves[revoked], 5, add);
			add = true;
		}
		both = trust_both(i & 1, lab_path("ca.crl"));
		for (int j = 0; j < 4; j++) { /* twice: by then it is known who signed */
			struct peer_verdict verdict = {.rule = PEER_OK};
			struct chain chain;

			import(&chain, leaves[j & 1]);
			assert_int_equal(revocation_judge(&chain, &chain, both,
						 PEER_REVOCATION_HARD, &verdict),
				rows[i / 2].rules[j & 1]);
			chain_free(&chain);
		}
		trust_unref(both);
	}
	lab_drop(&next);
}

static void the_response_s_end_is_the_verdict_s(void **state)
{
	struct show shown;
	struct pair pair;

	(void)state;
	show(&shown, &world.good, (struct response_spec){.due = 5000});
	shake(&pair, 0, PEER_REVOCATION_STAPLE, &shown);
	assert_int_equal(pair.result, 0);
	assert_in_range(channel_verdict(pair.channel)->until, time(NULL) + 4000,
		time(NULL) + 5000);
	pair_stop(&pair);
	shake(&pair, 0, PEER_REVOCATION_HARD, &shown);
	assert_int_equal(pair.result, 0);
	assert_true(channel_verdict(pair.channel)->until > time(NULL) + LAB_DAY);
	pair_stop(&pair);
	show_free(&shown);
}

static void it_is_judged_again_when_it_runs_out(void **state)
{
	struct show shown;
	struct pair pair;
	const struct peer *peer;

	(void)state;
	show(&shown, &world.good, (struct response_spec){.due = 2});
	shake(&pair, 0, PEER_REVOCATION_STAPLE, &shown);
	assert_int_equal(pair.result, 0);
	peer = channel_peer(pair.channel);
	while (time(NULL) < channel_verdict(pair.channel)->until)
		usleep(50000);
	assert_int_equal(channel_judge_again(pair.channel, NULL, peer), ERR_TRUST);
	assert_words(pair.channel, "rule=staple");
	pair_stop(&pair);
	show_free(&shown);
}

/* --- lists --- */

/* A list of the root, of ISSUED, that revokes serial numbers of 1 to COUNT bytes: \1, \1\1, ... */
static void write_list(time_t issued, unsigned count)
{
	static const char ones[] = "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";
	gnutls_datum_t pem = {NULL, 0};
	gnutls_x509_crl_t list;

	assert_int_equal(gnutls_x509_crl_init(&list), 0);
	gnutls_x509_crl_set_version(list, 2);
	gnutls_x509_crl_set_this_update(list, issued);
	gnutls_x509_crl_set_next_update(list, time(NULL) + LAB_DAY);
	for (unsigned i = 1; i <= count; i++)
		assert_int_equal(
			gnutls_x509_crl_set_crt_serial(list, ones, i, issued), 0);
	assert_int_equal(gnutls_x509_crl_sign2(list, world.root.crt, world.root.key,
				 GNUTLS_DIG_SHA256, 0),
		0);
	assert_int_equal(gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_PEM, &pem), 0);
	lab_write("ca.crl", pem.data, pem.size, 0644);
	gnutls_free(pem.data);
	gnutls_x509_crl_deinit(list);
}

/* What it says of a certificate with the serial number BYTES. */
static enum peer_rule list_says(const char *bytes, size_t len, const char *words)
{
	const struct lab_spec spec = {
		.sans = {{'D', PAIR_HOST, 0}}, .serial = {bytes, len}};
	struct peer_verdict verdict = {.rule = PEER_OK};
	struct err_text text = {""};
	struct trust *trust;
	struct chain chain;
	struct lab_id id;

	lab_issue(&id, &spec, &world.root);
	import(&chain, &id);
	lab_write_chain("ca.pem", &world.root);
	if (trust_load(&trust, lab_path("ca.pem"), lab_path("ca.crl"), &text) < 0)
		fail_msg("%s", text.text);
	verdict.rule =
		revocation_judge(&chain, &chain, trust, PEER_REVOCATION_HARD, &verdict);
	if (!strstr(verdict.detail, words))
		fail_msg("\"%s\" does not say \"%s\"", verdict.detail, words);
	trust_unref(trust);
	chain_free(&chain);
	lab_drop(&id);
	return verdict.rule;
}

static void a_serial_number_of_any_length_is_found(void **state)
{
	static const char ones[] = "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1";

	(void)state;
	write_list(time(NULL) - LAB_DAY, 19);
	for (size_t len = 1; len < 20; len++)
		assert_int_equal(list_says(ones, len, "serial 01"), PEER_REVOKED);
	/* Not by its beginning alone, nor as the beginning of another. */
	assert_int_equal(list_says(ones, 20, ""), PEER_OK);
	assert_int_equal(list_says("\1\2", 2, ""), PEER_OK);
	assert_int_equal(list_says("\2", 1, ""), PEER_OK);
}

static void a_list_counts_from_the_second_of_its_issue(void **state)
{
	(void)state;
	write_list(time(NULL), 1);
	assert_int_equal(list_says("\1", 1, "serial 01"), PEER_REVOKED);
	write_list(time(NULL) + 3600, 1);
	assert_int_equal(list_says("\1", 1, "no CRL that is valid now"), PEER_CRL_STALE);
}

/* --- soft --- */

static struct peer *peer_by_list(enum peer_revocation revocation, struct trust **ret)
{
	struct err_text text = {""};

	lab_write_chain("ca.pem", &world.root);
	if (trust_load(ret, lab_path("ca.pem"), lab_path("ca.crl"), &text) < 0)
		fail_msg("%s", text.text);
	return peer_with(*ret, revocation);
}

/* Soft lets ID in and says WHY, or says nothing where that is "". */
static void soft_lets_in(const struct lab_id *id, const char *why)
{
	struct trust *trust;
	struct peer *peer = peer_by_list(PEER_REVOCATION_SOFT, &trust);

	for (int kind = 0; kind < PAIR_KINDS; kind++) {
		struct pair pair;
		const char *let_go;

		pair_open(&pair, kind & 1, world.cred, peer, id,
			kind & 2 ? FAR_12 : FAR_13);
		assert_int_equal(pair_shake(&pair), 0);
		let_go = channel_verdict(pair.channel)->let_go;
		if (!strstr(let_go, why) || (!why[0] && let_go[0]))
			fail_msg("\"%s\" does not say \"%s\"", let_go, why);
		assert_true(channel_verdict(pair.channel)->until > time(NULL));
		pair_stop(&pair);
	}
	peer_set_unref(peer->set);
	trust_unref(trust);
}

static void by_list(const struct lab_id *id, enum peer_revocation revocation,
	enum peer_rule rule, int alert)
{
	struct trust *trust;
	struct peer *peer = peer_by_list(revocation, &trust);

	pair_refuse(world.cred, peer, id, rule, alert, peer_rule_name(rule));
	peer_set_unref(peer->set);
	trust_unref(trust);
}

static void soft_lets_a_stale_list_go_and_says_so(void **state)
{
	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, NULL, -1, false);
	soft_lets_in(&world.good, "CRL was due 20");
	by_list(&world.good, PEER_REVOCATION_HARD, PEER_CRL_STALE,
		GNUTLS_A_CERTIFICATE_UNKNOWN);
	by_list(&world.good, PEER_REVOCATION_STAPLE, PEER_CRL_STALE,
		GNUTLS_A_CERTIFICATE_UNKNOWN);
}

static void soft_lets_a_missing_list_go(void **state)
{
	struct lab_id other;

	(void)state;
	lab_root(&other, "Other CA");
	lab_write_crl("ca.crl", &other, NULL, NULL, 5, false);
	soft_lets_in(&world.good, "no CRL that is valid now, issuer CN=Lab CA");
	lab_drop(&other);
}

static void soft_with_a_good_list_has_nothing_to_say(void **state)
{
	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, &world.us, 5, false);
	soft_lets_in(&world.good, "");
}

static void soft_refuses_the_revoked_also_by_a_stale_list(void **state)
{
	(void)state;
	lab_write_crl("ca.crl", &world.root, NULL, &world.good, -1, false);
	by_list(&world.good, PEER_REVOCATION_SOFT, PEER_REVOKED,
		GNUTLS_A_CERTIFICATE_REVOKED);
	/* The leaf's list is stale, and its CA is revoked by a good one. */
	lab_write_crl("ca.crl", &sub, NULL, NULL, -1, false);
	lab_write_crl("ca.crl", &world.root, NULL, &sub, 5, true);
	by_list(&below, PEER_REVOCATION_SOFT, PEER_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED);
}

/* Of the same names as a root, and not signed by itself. */
static void what_a_ca_certifies_for_itself_can_be_revoked(void **state)
{
	const struct lab_spec spec = {.cn = "Lab CA", .sans = {{'D', PAIR_HOST, 0}}};
	struct lab_id own;

	(void)state;
	lab_issue(&own, &spec, &world.root);
	lab_write_crl("ca.crl", &world.root, NULL, &own, 5, false);
	by_list(&own, PEER_REVOCATION_HARD, PEER_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED);
	by_list(&own, PEER_REVOCATION_SOFT, PEER_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED);
	lab_drop(&own);
}

/* A CA of the same name, sent along, must not hide the list of the real one. */
static void soft_is_not_fooled_by_a_namesake(void **state)
{
	const struct lab_id *sent[] = {&below, NULL, &sub};
	struct peer_verdict verdict = {.rule = PEER_OK};
	gnutls_datum_t der[3];
	struct lab_id namesake;
	struct trust *trust;
	struct peer *peer;
	struct chain chain, path;

	(void)state;
	lab_issue(&namesake, &(struct lab_spec){.cn = "Lab Sub CA", .ca = true}, &rogue);
	sent[1] = &namesake;
	for (int i = 0; i < 3; i++)
		assert_int_equal(gnutls_x509_crt_export2(
					 sent[i]->crt, GNUTLS_X509_FMT_DER, &der[i]),
			0);
	lab_write_crl("ca.crl", &sub, NULL, &below, 5, false);
	peer = peer_by_list(PEER_REVOCATION_SOFT, &trust);
	assert_int_equal(chain_import(&chain, der, 3), 0);
	path = (struct chain){.crts = {chain.crts[0], chain.crts[2]}, .count = 2};
	assert_int_equal(
		revocation_judge(&chain, &path, trust, PEER_REVOCATION_SOFT, &verdict),
		PEER_REVOKED);
	chain_free(&chain);
	peer_set_unref(peer->set);
	trust_unref(trust);
	lab_chain_free(der, 3);
	lab_drop(&namesake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_demanded_response_lets_in),
		cmocka_unit_test(without_one_it_is_refused),
		cmocka_unit_test(a_client_of_tls_1_2_has_no_way_to_send_one),
		cmocka_unit_test(a_bad_one_counts_where_it_is_demanded),
		cmocka_unit_test(garbage_counts_where_it_is_demanded),
		cmocka_unit_test(revoked_is_refused_though_nobody_demanded_it),
		cmocka_unit_test(one_of_an_intermediate_may_say_so_too),
		cmocka_unit_test(a_namesake_of_the_issuer_answers_for_nothing),
		cmocka_unit_test(one_of_two_anchors_may_have_signed_it),
		cmocka_unit_test(a_list_counts_for_the_key_that_signed_it),
		cmocka_unit_test(the_response_s_end_is_the_verdict_s),
		cmocka_unit_test(it_is_judged_again_when_it_runs_out),
		cmocka_unit_test(a_serial_number_of_any_length_is_found),
		cmocka_unit_test(a_list_counts_from_the_second_of_its_issue),
		cmocka_unit_test(soft_lets_a_stale_list_go_and_says_so),
		cmocka_unit_test(soft_lets_a_missing_list_go),
		cmocka_unit_test(soft_with_a_good_list_has_nothing_to_say),
		cmocka_unit_test(soft_refuses_the_revoked_also_by_a_stale_list),
		cmocka_unit_test(what_a_ca_certifies_for_itself_can_be_revoked),
		cmocka_unit_test(soft_is_not_fooled_by_a_namesake),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
