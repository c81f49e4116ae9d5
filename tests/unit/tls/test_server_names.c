/* Which certificate whoever connects gets, and who may be there, by the server name that it asks for. */
#include "tls/server_names.h"

#include "tls/names.h"
#include "tls/staple.h"

#include "pair.h"
#include "responder.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names that a far end may ask for. */
#define FQDN "med1.example.test" /* of the common certificate: pair_world */
#define HOST_A "a.tenants.test"
#define HOST_B "b.tenants.test"
#define NEITHER "nobody.example.test"

static struct pair_world world;
/* Of ours: a host's, one with two names, a wildcard's, one by a sip: URI. */
static struct lab_id own_a, own_b, own_star, own_uri;
static struct cred *cred_a, *cred_b, *cred_star, *cred_uri;

static void make(struct lab_id *ret_id, struct cred **ret, struct lab_spec spec)
{
	lab_issue(ret_id, &spec, &world.root);
	*ret = lab_cred(ret_id);
}

static int start(void **state)
{
	(void)state;
	pair_world_make(&world);
	make(&own_a, &cred_a, (struct lab_spec){.sans = {{'D', HOST_A, 0}}});
	make(&own_b, &cred_b,
		(struct lab_spec){.sans = {{'D', HOST_B, 0}, {'D', "also-b.test", 0}}});
	make(&own_star, &cred_star,
		(struct lab_spec){
			.sans = {{'D', "*.star.test", 0}, {'I', "\x7f\0\0\1", 4}}});
	make(&own_uri, &cred_uri,
		(struct lab_spec){
			.sans = {{'U', "sip:uri.test", 0}, {'D', "dns.test", 0}}});
	return 0;
}

static int stop(void **state)
{
	(void)state;
	cred_unref(cred_uri);
	cred_unref(cred_star);
	cred_unref(cred_b);
	cred_unref(cred_a);
	lab_drop(&own_uri);
	lab_drop(&own_star);
	lab_drop(&own_b);
	lab_drop(&own_a);
	pair_world_drop(&world);
	return 0;
}

/* ---- the choice itself ---- */

static struct server_names *names_of(struct cred *common)
{
	struct server_names *names;

	assert_int_equal(server_names_new(&names, common), 0);
	assert_int_equal(server_names_add(names, HOST_A, cred_a), 0);
	assert_int_equal(server_names_add(names, HOST_B, cred_b), 0);
	assert_int_equal(server_names_add(names, "common.tenants.test", NULL), 0);
	assert_int_equal(server_names_add(names, NULL, cred_star), 0);
	assert_int_equal(server_names_add(names, NULL, cred_uri), 0);
	return names;
}

static void each_name_has_its_certificate(void **state)
{
	const struct {
		const char *name;
		struct cred *cred; /* NULL: the common one */
	} rows[] = {
		{"", NULL},
		{FQDN, NULL},
		{NEITHER, NULL},
		{HOST_A, cred_a},
		{"A.Tenants.TEST", cred_a},
		{HOST_A ".", cred_a},
		{HOST_B, cred_b},
		{"also-b.test", cred_b},
		{"common.tenants.test", NULL},
		{"x.star.test", cred_star},
		{"X.STAR.test", cred_star},
		{"x.y.star.test", NULL}, /* one label and no more */
		{"star.test", NULL},
		{".star.test", NULL},
		{"127.0.0.1", NULL}, /* RFC 6066 3: no server name */
		{"uri.test", cred_uri},
		{"dns.test", NULL}, /* RFC 5922 7.1: no name beside a URI */
		{"a.tenants.test\"", NULL},
		{"*.star.test", NULL},
	};
	struct server_names *names = names_of(world.cred);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (server_names_cred(names, rows[i].name) != rows[i].cred)
			fail_msg("%s: another certificate", rows[i].name);
	server_names_free(names);
}

static void who_may_be_there(void **state)
{
	const struct {
		const char *host; /* as the peer was added */
		struct cred *own;
		const char *yes[8], *no[8]; /* server names */
	} rows[] = {
		/* who has nothing of its own is never where another is meant */
		{NULL, NULL, {"", FQDN, NEITHER},
			{HOST_A, HOST_B, "common.tenants.test", "x.star.test", "uri.test",
				"also-b.test"}},
		{HOST_A, cred_a, {"", FQDN, NEITHER, HOST_A, "A.TENANTS.test"},
			{HOST_B, "common.tenants.test", "x.star.test", "also-b.test"}},
		{HOST_B, cred_b, {"", FQDN, HOST_B, "also-b.test"},
			{HOST_A, "x.star.test"}},
		{"common.tenants.test", NULL, {"", FQDN, "common.tenants.test"},
			{HOST_A, "x.star.test"}},
		{NULL, cred_star, {"", FQDN, "x.star.test"}, {HOST_A, "uri.test"}},
		{NULL, cred_uri, {"", "uri.test", "dns.test"}, {HOST_A, "x.star.test"}},
	};
	struct server_names *names = names_of(world.cred);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t n = 0; rows[i].yes[n]; n++)
			if (!server_names_admit(
				    names, rows[i].yes[n], rows[i].host, rows[i].own))
				fail_msg("row %zu may not: %s", i, rows[i].yes[n]);
		for (size_t n = 0; rows[i].no[n]; n++)
			if (server_names_admit(
				    names, rows[i].no[n], rows[i].host, rows[i].own))
				fail_msg("row %zu may: %s", i, rows[i].no[n]);
	}
	server_names_free(names);
}

/* A name of the common certificate is nobody's alone, unless somebody's contact-host. */
static void the_common_names_come_first(void **state)
{
	struct server_names *names;

	(void)state;
	assert_int_equal(server_names_new(&names, cred_b), 0);
	assert_int_equal(server_names_add(names, NULL, cred_b), 0);
	assert_int_equal(server_names_add(names, "also-b.test", cred_a), 0);
	assert_null(server_names_cred(names, HOST_B));
	assert_true(server_names_admit(names, HOST_B, NULL, cred_a));
	assert_ptr_equal(server_names_cred(names, "also-b.test"), cred_a);
	assert_false(server_names_admit(names, "also-b.test", NULL, cred_b));
	server_names_free(names);
}

/* A common wildcard does not hide a peer's very name. */
static void a_very_name_comes_before_a_wildcard(void **state)
{
	struct lab_id id;
	struct cred *wide;
	struct server_names *names;

	(void)state;
	make(&id, &wide, (struct lab_spec){.sans = {{'D', "*.tenants.test", 0}}});
	assert_int_equal(server_names_new(&names, wide), 0);
	assert_int_equal(server_names_add(names, NULL, cred_a), 0);
	assert_ptr_equal(server_names_cred(names, HOST_A), cred_a);
	assert_null(server_names_cred(names, HOST_B));
	assert_true(server_names_admit(names, HOST_B, NULL, cred_a));
	server_names_free(names);
	cred_unref(wide);
	lab_drop(&id);
}

static void one_contact_host_has_one_certificate(void **state)
{
	struct server_names *names;

	(void)state;
	assert_int_equal(server_names_new(&names, world.cred), 0);
	assert_int_equal(server_names_add(names, HOST_A, cred_a), 0);
	assert_int_equal(server_names_add(names, HOST_A, cred_a), 0);
	assert_int_equal(server_names_add(names, "A.TENANTS.test", cred_b), ERR_STATE);
	assert_int_equal(server_names_add(names, HOST_A, NULL), ERR_STATE);
	server_names_free(names);
}

/* ---- a certificate and a host that we may call ourselves ---- */

static void a_host_is_looked_for_in_the_certificate(void **state)
{
	struct err_text text = {{0}};
	bool wildcard = true;

	(void)state;
	assert_int_equal(cred_check_host(cred_a, HOST_A, &wildcard, &text), 0);
	assert_false(wildcard);
	assert_int_equal(cred_check_host(cred_star, "x.star.test", &wildcard, &text), 0);
	assert_true(wildcard);
	assert_int_equal(cred_check_host(cred_star, "x.star.test", NULL, NULL), 0);
	assert_int_equal(cred_check_host(cred_b, HOST_A, &wildcard, &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "the certificate is for DNS:" HOST_B
					  ", DNS:also-b.test, not for " HOST_A));
}

/* ---- handshakes ---- */

/* Who may be there: two tenants of one carrier, and a gateway that has nothing of its own. */
struct crowd {
	struct peer_set *set;
	struct peer *a, *b, *other;
};

static struct peer *add_peer(
	struct crowd *crowd, const char *id, const char *name, const char *our_host)
{
	const struct peer_params params = {
		.id = id, .name = name, .trust = world.trust, .our_host = our_host};
	struct peer *peer;

	assert_int_equal(peer_add(crowd->set, &params, &peer), 0);
	return peer;
}

static void gather(struct crowd *crowd)
{
	struct err_text text = {{0}};

	assert_int_equal(peer_set_new(&crowd->set), 0);
	crowd->a = add_peer(crowd, "trunk a", PAIR_HOST, HOST_A);
	crowd->b = add_peer(crowd, "trunk b", PAIR_HOST, HOST_B);
	crowd->other = add_peer(crowd, "trunk other", "other.example.test", NULL);
	peer_present(crowd->a, cred_a);
	peer_present(crowd->b, cred_b);
	assert_int_equal(peer_set_present(crowd->set, world.cred, &text), 0);
}

/* FAR got the certificate of ID. */
static void assert_shown(struct far *far, const struct lab_id *id)
{
	unsigned count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(far->session, &count);
	gnutls_datum_t chain[4];
	unsigned len = lab_chain(id, chain, 4);

	assert_non_null(shown);
	assert_int_equal(shown[0].size, chain[0].size);
	assert_memory_equal(shown[0].data, chain[0].data, chain[0].size);
	lab_chain_free(chain, len);
}

/* FAR, which presents ID, asks for NAME; NULL: for none. */
static void ask(struct pair *pair, struct crowd *crowd, const struct lab_id *id,
	const char *name, const char *priorities)
{
	pair_open(pair, true, world.cred, crowd->a, id, priorities);
	if (name)
		assert_int_equal(gnutls_server_name_set(pair->far.session,
					 GNUTLS_NAME_DNS, name, strlen(name)),
			0);
	pair_shake(pair);
}

static const char *const versions[] = {FAR_13, FAR_12};

static void a_far_end_gets_the_certificate_that_it_asks_for(void **state)
{
	const struct {
		const char *name;
		const struct lab_id *shown;
		struct cred *cred;
		const char *peer;
	} rows[] = {
		{NULL, &world.us, world.cred, "trunk a"},
		{FQDN, &world.us, world.cred, "trunk a"},
		{NEITHER, &world.us, world.cred, "trunk a"},
		{HOST_A, &own_a, cred_a, "trunk a"},
		{HOST_B, &own_b, cred_b, "trunk b"},
		{"B.tenants.test", &own_b, cred_b, "trunk b"},
		{"also-b.test", &own_b, cred_b, "trunk b"},
	};
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pair;

		ask(&pair, &crowd, &world.good, rows[i / 2].name, versions[i % 2]);
		assert_int_equal(pair.result, 0);
		assert_int_equal(pair.far.result, 0);
		assert_shown(&pair.far, rows[i / 2].shown);
		assert_string_equal(channel_peer(pair.channel)->id, rows[i / 2].peer);
		assert_ptr_equal(channel_cred(pair.channel), rows[i / 2].cred);
		/* and so it is when it is judged again */
		assert_int_equal(channel_judge_again(pair.channel, crowd.set, NULL), 0);
		assert_string_equal(channel_peer(pair.channel)->id, rows[i / 2].peer);
		pair_stop(&pair);
	}
	peer_set_unref(crowd.set);
}

/* Each certificate has its own OCSP response, and goes with no other's. */
static void the_response_goes_with_its_certificate(void **state)
{
	struct ocsp_answer answer;
	struct err_text text = {{0}};
	struct staple *staple;
	struct crowd crowd;
	gnutls_datum_t der;

	(void)state;
	gather(&crowd);
	lab_write_chain("ca.pem", &world.root);
	assert_int_equal(staple_new(&staple, cred_a, &text), 0);
	assert_int_equal(staple_find_issuer(staple, lab_path("ca.pem"), &text), 0);
	respond(&der, &(struct response_spec){.about = &own_a});
	assert_int_equal(staple_take(staple, &der, &answer, &text), 0);
	for (size_t i = 0; i < 4; i++) {
		const bool is_a = i / 2 == 0;
		gnutls_datum_t got = {NULL, 0};
		struct pair pair;

		ask(&pair, &crowd, &world.good, is_a ? HOST_A : HOST_B, versions[i % 2]);
		assert_int_equal(pair.result, 0);
		if (gnutls_ocsp_status_request_get2(pair.far.session, 0, &got) < 0)
			got.size = 0;
		assert_int_equal(got.size, is_a ? der.size : 0);
		pair_stop(&pair);
	}
	free(der.data);
	staple_free(staple);
	peer_set_unref(crowd.set);
}

static void who_asks_for_the_name_of_another_is_refused(void **state)
{
	struct lab_id other;
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	lab_host(&other, "other.example.test", &world.root);
	for (size_t i = 0; i < 2; i++) {
		struct pair pair;

		ask(&pair, &crowd, &other, HOST_B, versions[i]);
		assert_int_equal(pair.result, ERR_TRUST);
		assert_int_equal(channel_verdict(pair.channel)->rule, PEER_SERVER_NAME);
		assert_int_equal(far_alert(&pair.far), GNUTLS_A_ACCESS_DENIED);
		assert_words(pair.channel,
			"tls refused by=us rule=server-name expected=other.example.test");
		assert_words(pair.channel,
			"detail=\"it asked for " HOST_B
			", which is not what trunk other knows us by\" sni=" HOST_B);
		pair_stop(&pair);
		/* nobody is shut out who asks for nobody */
		ask(&pair, &crowd, &other, NULL, versions[i]);
		assert_int_equal(pair.result, 0);
		assert_ptr_equal(channel_peer(pair.channel), crowd.other);
		pair_stop(&pair);
	}
	lab_drop(&other);
	peer_set_unref(crowd.set);
}

/* The server name lets nobody in: certificates do. */
static void a_stranger_stays_one(void **state)
{
	struct lab_id foreign, stranger;
	struct crowd crowd;
	struct pair pair;

	(void)state;
	gather(&crowd);
	lab_root(&foreign, "Foreign CA");
	lab_host(&stranger, PAIR_HOST, &foreign);
	ask(&pair, &crowd, &stranger, HOST_A, FAR_13);
	assert_int_equal(pair.result, ERR_TRUST);
	assert_int_equal(channel_verdict(pair.channel)->rule, PEER_ISSUER);
	pair_stop(&pair);
	ask(&pair, &crowd, NULL, HOST_A, FAR_13);
	assert_int_equal(channel_verdict(pair.channel)->rule, PEER_NO_CERTIFICATE);
	pair_stop(&pair);
	lab_drop(&stranger);
	lab_drop(&foreign);
	peer_set_unref(crowd.set);
}

/* A reload that gives a name to another cuts who asked for it. */
static void judged_again_by_the_names_of_today(void **state)
{
	struct crowd before, after;
	struct err_text text = {{0}};
	struct pair pair;

	(void)state;
	gather(&before);
	gather(&after);
	peer_present(after.a, cred_star); /* another certificate makes no difference */
	assert_int_equal(peer_set_present(after.set, world.cred, &text), 0);
	ask(&pair, &before, &world.good, HOST_A, FAR_13);
	assert_ptr_equal(channel_peer(pair.channel), before.a);
	assert_int_equal(channel_judge_again(pair.channel, after.set, NULL), 0);
	assert_ptr_equal(channel_peer(pair.channel), after.a);
	peer_set_unref(after.set);
	assert_int_equal(peer_set_new(&after.set), 0);
	after.other = add_peer(&after, "trunk new", "other.example.test", HOST_A);
	after.a = add_peer(&after, "trunk a", PAIR_HOST, NULL);
	assert_int_equal(peer_set_present(after.set, world.cred, &text), 0);
	assert_int_equal(channel_judge_again(pair.channel, after.set, NULL), ERR_TRUST);
	assert_int_equal(channel_verdict(pair.channel)->rule, PEER_SERVER_NAME);
	pair_stop(&pair);
	peer_set_unref(after.set);
	peer_set_unref(before.set);
}

static void two_of_one_name_and_two_certificates_are_refused(void **state)
{
	struct err_text text = {{0}};
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	add_peer(&crowd, "trunk twin", "twin.example.test", HOST_A);
	assert_int_equal(peer_set_present(crowd.set, world.cred, &text), ERR_STATE);
	assert_string_equal(text.text,
		"trunk twin: contact-host: " HOST_A " is that of trunk a too, which has "
		"another certificate: who asks for that name could be either");
	/* and all is as it was */
	assert_ptr_equal(server_names_cred(crowd.set->names, HOST_A), cred_a);
	peer_set_unref(crowd.set);
}

/* A name in other letters comes as it is written in certificates. */
static void a_name_in_other_letters_is_found(void **state)
{
	static const char host[] = "xn--mller-kva.test";
	struct err_text text = {{0}};
	struct crowd crowd;
	struct pair pair;
	struct lab_id id;
	struct cred *cred;

	(void)state;
	make(&id, &cred, (struct lab_spec){.sans = {{'D', host, 0}}});
	assert_int_equal(peer_set_new(&crowd.set), 0);
	crowd.a = add_peer(&crowd, "trunk a", PAIR_HOST, host);
	peer_present(crowd.a, cred);
	assert_int_equal(peer_set_present(crowd.set, world.cred, &text), 0);
	ask(&pair, &crowd, &world.good, host, FAR_13);
	assert_int_equal(pair.result, 0);
	assert_shown(&pair.far, &id);
	pair_stop(&pair);
	peer_set_unref(crowd.set);
	cred_unref(cred);
	lab_drop(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_has_its_certificate),
		cmocka_unit_test(who_may_be_there),
		cmocka_unit_test(the_common_names_come_first),
		cmocka_unit_test(a_very_name_comes_before_a_wildcard),
		cmocka_unit_test(one_contact_host_has_one_certificate),
		cmocka_unit_test(a_host_is_looked_for_in_the_certificate),
		cmocka_unit_test(a_far_end_gets_the_certificate_that_it_asks_for),
		cmocka_unit_test(the_response_goes_with_its_certificate),
		cmocka_unit_test(who_asks_for_the_name_of_another_is_refused),
		cmocka_unit_test(a_stranger_stays_one),
		cmocka_unit_test(judged_again_by_the_names_of_today),
		cmocka_unit_test(two_of_one_name_and_two_certificates_are_refused),
		cmocka_unit_test(a_name_in_other_letters_is_found),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
