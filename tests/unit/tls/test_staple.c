#include "tls/alert.h"
#include "tls/staple.h"

#include "../unit.h"
#include "pair.h"
#include "responder.h"
#include "tls/explain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST "sbc.carrier.example"

static struct world {
	struct lab_id root, rogue, sub, us, far;
	struct trust *trust;
	struct peer *peer;
} world;

static int make_world(void **state)
{
	struct lab_spec sub = {.cn = "Lab Sub CA", .ca = true};

	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	lab_root(&world.rogue, "Lab CA");
	lab_issue(&world.sub, &sub, &world.root);
	lab_host(&world.us, "med1.example.test", &world.root);
	lab_host(&world.far, HOST, &world.root);
	world.trust = lab_trust(&world.root);
	world.peer = lab_peer(HOST, world.trust);
	lab_write_chain("anchors.pem", &world.root);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	peer_set_unref(world.peer->set);
	trust_unref(world.trust);
	lab_drop(&world.far);
	lab_drop(&world.us);
	lab_drop(&world.sub);
	lab_drop(&world.rogue);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

static struct staple *make(struct cred *cred)
{
	struct err_text text = {""};
	struct staple *staple = NULL;

	if (staple_new(&staple, cred, &text) < 0 ||
		staple_find_issuer(staple, lab_path("anchors.pem"), &text) < 0)
		fail_msg("%s", text.text);
	return staple;
}

/* Takes what SPEC says of our certificate, and gives its bytes to DER (to be freed). */
static int take(struct staple *staple, struct response_spec spec, gnutls_datum_t *der,
	const char *words)
{
	struct err_text text = {""};
	struct ocsp_answer answer;
	int err;

	if (!spec.about)
		spec.about = &world.us;
	respond(der, &spec);
	err = staple_take(staple, der, &answer, &text);
	if (!strstr(text.text, words))
		fail_msg("\"%s\" does not say \"%s\"", text.text, words);
	assert_int_equal(err == 0, answer.status == OCSP_GOOD);
	return err;
}

/* What the far end gets with our certificate; FAR asks for it when it is the client. */
static void gets(int kind, struct cred *cred, const gnutls_datum_t *want)
{
	gnutls_datum_t got = {NULL, 0};
	struct pair pair;

	pair_open(&pair, kind & 1, cred, world.peer, &world.far,
		kind & 2 ? FAR_12 : FAR_13);
	assert_int_equal(pair_shake(&pair), 0);
	if (gnutls_ocsp_status_request_get2(pair.far.session, 0, &got) < 0)
		got.size = 0;
	assert_int_equal(got.size, want->size);
	if (want->size)
		assert_memory_equal(got.data, want->data, want->size);
	pair_stop(&pair);
}

/* Client of TLS 1.3, server of 1.3, server of 1.2; a client of 1.2 cannot. */
static const int kinds[] = {0, 1, 3};

static void ours_goes_along_in_both_roles(void **state)
{
	const gnutls_datum_t none = {NULL, 0};
	struct cred *cred = lab_cred(&world.us);
	struct staple *staple = make(cred);
	gnutls_datum_t first, second;

	(void)state;
	for (int i = 0; i < 3; i++)
		gets(kinds[i], cred, &none);
	assert_int_equal(
		take(staple, (struct response_spec){.due = 1000}, &first, ""), 0);
	for (int i = 0; i < 3; i++)
		gets(kinds[i], cred, &first);
	gets(2, cred, &none);
	/* Exchanged while the credentials are in use. */
	assert_int_equal(
		take(staple, (struct response_spec){.due = 9000}, &second, ""), 0);
	assert_true(first.size != second.size ||
		    memcmp(first.data, second.data, first.size) != 0);
	for (int i = 0; i < 3; i++)
		gets(kinds[i], cred, &second);
	free(first.data);
	free(second.data);
	staple_free(staple);
	cred_unref(cred);
}

static void a_bad_one_does_not_take_its_place(void **state)
{
	struct cred *cred = lab_cred(&world.us);
	struct staple *staple = make(cred);
	gnutls_datum_t good, bad;
	const struct {
		struct response_spec spec;
		const char *words;
	} refused[] = {
		{{.status = 'r'}, "the OCSP response: revoked"},
		{{.status = 'u'}, "does not know"},
		{{.due = -1}, "was due"},
		{{.about = &world.far}, "another certificate"},
		{{.signer = &world.rogue}, "not signed by"},
		{{.error = 2}, "internalError"},
	};

	(void)state;
	assert_int_equal(take(staple, (struct response_spec){0}, &good, ""), 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(
			take(staple, refused[i].spec, &bad, refused[i].words), ERR_TRUST);
		free(bad.data);
	}
	gets(1, cred, &good);
	free(good.data);
	staple_free(staple);
	cred_unref(cred);
}

static void one_that_has_run_out_is_not_sent(void **state)
{
	const gnutls_datum_t none = {NULL, 0};
	struct cred *cred = lab_cred(&world.us);
	struct staple *staple = make(cred);
	time_t due = time(NULL) + 2;
	gnutls_datum_t der;

	(void)state;
	assert_int_equal(take(staple, (struct response_spec){.due = 2}, &der, ""), 0);
	while (time(NULL) <= due)
		usleep(50000);
	for (int i = 0; i < 3; i++)
		gets(kinds[i], cred, &none);
	free(der.data);
	staple_free(staple);
	cred_unref(cred);
}

static void who_demands_ours_is_understood(void **state)
{
	struct cred *cred = lab_cred(&world.us);
	struct pair pair;
	char byte;

	(void)state;
	pair_open(&pair, false, cred, world.peer, &world.far, FAR_13);
	assert_int_equal(pair_shake(&pair), 0);
	gnutls_alert_send(pair.far.session, GNUTLS_AL_FATAL,
		(gnutls_alert_description_t)ALERT_BAD_STATUS_RESPONSE);
	assert_int_equal(channel_read(pair.channel, &byte, 1), ERR_TRUST);
	assert_words(pair.channel,
		"tls refused by=them alert=\"bad_certificate_status_response\"");
	assert_non_null(strstr(explain_advice(pair.channel), "OCSP response"));
	pair_stop(&pair);
	cred_unref(cred);
}

static void the_issuer_is_found_in_the_chain_or_among_the_anchors(void **state)
{
	struct err_text text = {""};
	struct staple *staple = NULL;
	gnutls_datum_t request = {NULL, 0};
	struct cred *cred;
	struct lab_id below;

	(void)state;
	lab_host(&below, "med1.example.test", &world.sub);
	cred = lab_cred(&below);
	assert_int_equal(staple_new(&staple, cred, &text), 0);
	/* Its file holds the intermediate. */
	assert_int_equal(staple_find_issuer(staple, lab_path("nowhere.pem"), &text), 0);
	assert_int_equal(staple_request(staple, &request), 0);
	assert_true(request.size > 60);
	assert_int_equal(strlen(staple_id(staple)), 64);
	assert_null(staple_responder(staple));
	gnutls_free(request.data);
	staple_free(staple);
	cred_unref(cred);

	cred = lab_cred(&world.us);
	assert_int_equal(staple_new(&staple, cred, &text), 0);
	lab_write_chain("rogue.pem", &world.rogue);
	assert_int_equal(
		staple_find_issuer(staple, lab_path("rogue.pem"), &text), ERR_TRUST);
	assert_non_null(strstr(text.text, "rogue.pem: append it"));
	assert_true(staple_find_issuer(staple, lab_path("nowhere.pem"), &text) < 0);
	assert_int_equal(staple_find_issuer(staple, lab_path("anchors.pem"), &text), 0);
	staple_free(staple);
	cred_unref(cred);
	lab_drop(&below);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_goes_along_in_both_roles),
		cmocka_unit_test(a_bad_one_does_not_take_its_place),
		cmocka_unit_test(one_that_has_run_out_is_not_sent),
		cmocka_unit_test(who_demands_ours_is_understood),
		cmocka_unit_test(the_issuer_is_found_in_the_chain_or_among_the_anchors),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
