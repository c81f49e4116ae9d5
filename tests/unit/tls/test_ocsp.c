#include "tls/ocsp.h"

#include "../heap.h"
#include "../unit.h"
#include "responder.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "sbc.carrier.example"
#define OID_AIA "1.3.6.1.5.5.7.1.1"
/* About so many lie around what is signed. */
#define ENVELOPE_BYTES 34
#define SIGNATURE_BYTES 90

static struct world {
	struct lab_id root, rogue, sub, good, other;
	gnutls_x509_crt_t certificate, issuer; /* of good, as they come from a peer */
} world;

static gnutls_x509_crt_t received(const struct lab_id *id)
{
	gnutls_datum_t der = {NULL, 0};
	gnutls_x509_crt_t crt;

	assert_int_equal(gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_DER, &der), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER), 0);
	gnutls_free(der.data);
	return crt;
}

static int make_world(void **state)
{
	struct lab_spec sub = {.cn = "Lab Sub CA", .ca = true};

	(void)state;
	lab_start();
	lab_root(&world.root, "Lab CA");
	lab_root(&world.rogue, "Lab CA"); /* the same name, another key */
	lab_issue(&world.sub, &sub, &world.root);
	lab_host(&world.good, HOST, &world.root);
	lab_host(&world.other, HOST, &world.root);
	world.certificate = received(&world.good);
	world.issuer = received(&world.root);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	gnutls_x509_crt_deinit(world.issuer);
	gnutls_x509_crt_deinit(world.certificate);
	lab_drop(&world.other);
	lab_drop(&world.good);
	lab_drop(&world.sub);
	lab_drop(&world.rogue);
	lab_drop(&world.root);
	lab_stop();
	return 0;
}

static struct ocsp_answer read_der(const gnutls_datum_t *der)
{
	struct ocsp_answer answer;

	ocsp_read(&answer, der, world.certificate, world.issuer);
	return answer;
}

static struct ocsp_answer answer_to(struct response_spec spec)
{
	struct ocsp_answer answer;
	gnutls_datum_t der;

	if (!spec.about)
		spec.about = &world.good;
	respond(&der, &spec);
	answer = read_der(&der);
	free(der.data);
	return answer;
}

static void says(struct response_spec spec, enum ocsp_status status, const char *words)
{
	struct ocsp_answer answer = answer_to(spec);

	if (!strstr(answer.text, words))
		fail_msg("\"%s\" does not say \"%s\"", answer.text, words);
	assert_int_equal(answer.status, status);
}

static void a_good_one_is_good_until_it_is_due(void **state)
{
	struct ocsp_answer answer = answer_to((struct response_spec){.due = 5000});
	const time_t now = time(NULL);

	(void)state;
	assert_int_equal(answer.status, OCSP_GOOD);
	assert_string_equal(answer.text, "");
	assert_in_range(answer.next_update, now + 4900, now + 5000);
	assert_in_range(answer.this_update, now - 3700, now - 3600);
}

static void what_the_responder_knows_is_told(void **state)
{
	(void)state;
	says((struct response_spec){.status = 'r'}, OCSP_REVOKED, "revoked 20");
	says((struct response_spec){.status = 'u'}, OCSP_UNKNOWN, "does not know");
}

static void out_of_its_dates_it_says_nothing(void **state)
{
	(void)state;
	says((struct response_spec){.due = -1}, OCSP_STALE, "was due 20");
	says((struct response_spec){.no_due = true}, OCSP_STALE, "without nextUpdate");
	says((struct response_spec){.from = 3600}, OCSP_NOT_YET, "valid from 20");
	/* A clock that is a little ahead. */
	says((struct response_spec){.from = 60}, OCSP_GOOD, "");
}

static void revoked_is_revoked_also_out_of_its_dates(void **state)
{
	(void)state;
	says((struct response_spec){.status = 'r', .due = -1}, OCSP_REVOKED, "revoked");
	says((struct response_spec){.status = 'r', .from = 3600}, OCSP_REVOKED,
		"revoked");
}

static void it_must_be_about_the_certificate(void **state)
{
	(void)state;
	says((struct response_spec){.about = &world.other}, OCSP_OTHER, "another");
	says((struct response_spec){.first = &world.other, .status = 'r'}, OCSP_REVOKED,
		"revoked");
}

static void the_issuer_must_have_signed_it(void **state)
{
	const struct response_spec by_rogue = {.signer = &world.rogue};
	const struct response_spec rogue_attached = {
		.signer = &world.rogue, .attach = true};
	const struct response_spec by_itself = {.signer = &world.good, .attach = true};
	const struct response_spec issuer_attached = {
		.signer = &world.root, .attach = true};

	(void)state;
	says(by_rogue, OCSP_FORGED, "not signed by");
	says(rogue_attached, OCSP_FORGED, "not signed by");
	says(by_itself, OCSP_FORGED, "not allowed to sign");
	says(issuer_attached, OCSP_GOOD, "");
}

static void sha1_is_no_signature(void **state)
{
	(void)state;
	says((struct response_spec){.sha1 = true}, OCSP_FORGED, "too weak");
}

/* By one who has SPEC, of ISSUER. */
static void delegate_says(const struct lab_spec *spec, const struct lab_id *issuer,
	enum ocsp_status status, const char *words)
{
	struct lab_id delegate;

	lab_issue(&delegate, spec, issuer);
	says((struct response_spec){.signer = &delegate, .attach = true}, status, words);
	/* Who does not show what allows it to sign is nobody. */
	says((struct response_spec){.signer = &delegate}, OCSP_FORGED, "not signed by");
	lab_drop(&delegate);
}

static void a_delegate_must_be_named_one_by_the_issuer(void **state)
{
	const struct lab_spec named = {
		.cn = "Responder", .purpose = GNUTLS_KP_OCSP_SIGNING};
	const struct lab_spec server = {
		.cn = "Responder", .purpose = GNUTLS_KP_TLS_WWW_SERVER};
	const struct lab_spec prefix = {.cn = "Responder", .purpose = "1.3.6.1.5.5.7.3"};
	const struct lab_spec any = {.cn = "Responder", .purpose = GNUTLS_KP_ANY};
	const struct lab_spec plain = {.cn = "Responder"};
	const struct lab_spec expired = {.cn = "Responder",
		.purpose = GNUTLS_KP_OCSP_SIGNING,
		.from_days = -9,
		.to_days = -2};
	const struct lab_spec future = {.cn = "Responder",
		.purpose = GNUTLS_KP_OCSP_SIGNING,
		.from_days = 2,
		.to_days = 9};

	(void)state;
	delegate_says(&named, &world.root, OCSP_GOOD, "");
	delegate_says(&server, &world.root, OCSP_FORGED, "not allowed to sign");
	delegate_says(&prefix, &world.root, OCSP_FORGED, "not allowed to sign");
	delegate_says(&any, &world.root, OCSP_FORGED, "not allowed to sign");
	delegate_says(&plain, &world.root, OCSP_FORGED, "not allowed to sign");
	delegate_says(&expired, &world.root, OCSP_FORGED, "out of its dates");
	delegate_says(&future, &world.root, OCSP_FORGED, "out of its dates");
	delegate_says(&named, &world.rogue, OCSP_FORGED, "not signed by");
	delegate_says(&named, &world.sub, OCSP_FORGED, "not signed by");
}

static void an_error_is_no_answer(void **state)
{
	(void)state;
	says((struct response_spec){.error = 1}, OCSP_UNREADABLE, "malformedRequest");
	says((struct response_spec){.error = 2}, OCSP_UNREADABLE, "internalError");
	says((struct response_spec){.error = 3}, OCSP_UNREADABLE, "tryLater");
	says((struct response_spec){.error = 4}, OCSP_UNREADABLE, "not readable");
	says((struct response_spec){.error = 5}, OCSP_UNREADABLE, "sigRequired");
	says((struct response_spec){.error = 6}, OCSP_UNREADABLE, "unauthorized");
	says((struct response_spec){.error = 77}, OCSP_UNREADABLE, "not readable");
}

static void garbage_is_no_answer(void **state)
{
	static unsigned char large[OCSP_BYTES_MAX + 1];
	const gnutls_datum_t nothing = {large, 0};
	const gnutls_datum_t too_large = {large, sizeof(large)};
	struct ocsp_answer answer;
	gnutls_datum_t der;

	(void)state;
	assert_int_equal(read_der(&nothing).status, OCSP_UNREADABLE);
	answer = read_der(&too_large);
	assert_int_equal(answer.status, OCSP_UNREADABLE);
	assert_non_null(strstr(answer.text, "larger"));
	respond(&der, &(struct response_spec){.about = &world.good});
	/* Cut anywhere, or changed in what is signed, it says nothing. */
	for (unsigned i = 0; i < der.size; i++) {
		gnutls_datum_t cut = {der.data, i};

		assert_int_equal(read_der(&cut).status, OCSP_UNREADABLE);
	}
	for (unsigned i = ENVELOPE_BYTES; i < der.size - SIGNATURE_BYTES; i++) {
		der.data[i] ^= 1;
		assert_in_range(read_der(&der).status, OCSP_FORGED, OCSP_UNREADABLE);
		der.data[i] ^= 1;
	}
	assert_int_equal(read_der(&der).status, OCSP_GOOD);
	free(der.data);
}

static void a_request_names_the_certificate(void **state)
{
	gnutls_datum_t der = {NULL, 0};

	(void)state;
	assert_int_equal(ocsp_request(&der, world.certificate, world.issuer), 0);
	assert_in_range(der.size, 60, 100);
	gnutls_free(der.data);
}

/* A certificate with URI in its AuthorityInfoAccess (RFC 5280 4.2.2.1) names RESPONDER. */
static void names(const char *uri, const char *responder)
{
	static const char ocsp[] = "\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01";
	struct buf name = {0}, description = {0}, access = {0};
	gnutls_x509_crt_t crt;
	char *found;

	buf_add(&description, ocsp, sizeof(ocsp) - 1);
	respond_add(&description, 0x86, uri, strlen(uri));
	respond_add(&access, 0x30, description.data, description.len);
	respond_add(&name, 0x30, access.data, access.len);
	assert_int_equal(name.err, 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_null(ocsp_responder(crt));
	assert_int_equal(gnutls_x509_crt_set_extension_by_oid(
				 crt, OID_AIA, name.data, name.len, 0),
		0);
	found = ocsp_responder(crt);
	assert_int_equal(!found, !responder);
	if (found)
		assert_string_equal(found, responder);
	free(found);
	gnutls_x509_crt_deinit(crt);
	buf_free(&description);
	buf_free(&access);
	buf_free(&name);
}

static void a_certificate_names_its_responder(void **state)
{
	(void)state;
	names("http://ocsp.example.com/x", "http://ocsp.example.com/x");
	names("https://ocsp.example.com/", NULL);
	names("http://a/\" forged=\"yes", NULL);
	names("http://a/\nforged", NULL);
	names("http://a/ forged", NULL);
}

/* A host of one letter is one, none is none; and what is kept for a log line has an end. */
static void the_shortest_and_the_longest_responder_are_known(void **state)
{
	char uri[1025] = "http://a/";

	(void)state;
	names("http://a", "http://a");
	names("http://", NULL);
	memset(uri + 9, 'x', sizeof(uri) - 9);
	uri[1024] = '\0';
	names(uri, NULL);
	uri[1023] = '\0';
	names(uri, uri);
}

static void read_each(void *arg)
{
	const gnutls_datum_t *responses = arg;

	for (unsigned i = 0; i < 4; i++)
		(void)read_der(&responses[i]);
}

static void ask_each(void *arg)
{
	gnutls_datum_t request = {NULL, 0};

	(void)arg;
	assert_int_equal(ocsp_request(&request, world.certificate, world.issuer), 0);
	gnutls_free(request.data);
	free(ocsp_responder(world.certificate));
}

/* Responses that are good, another's, or cut, and what is asked. */
static void answers_and_questions_keep_nothing(void **state)
{
	struct response_spec specs[] = {
		{.about = &world.good}, {.about = &world.other}, {.about = &world.good}};
	unsigned char garbage[] = "garbage";
	gnutls_datum_t responses[4] = {{NULL, 0}};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		respond(&responses[i], &specs[i]);
	responses[2].size -= 7;
	responses[3] = (gnutls_datum_t){garbage, sizeof(garbage)};
	assert_keeps_nothing(read_each, responses);
	assert_keeps_nothing(ask_each, NULL);
	for (unsigned i = 0; i < 3; i++)
		free(responses[i].data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_good_until_it_is_due),
		cmocka_unit_test(what_the_responder_knows_is_told),
		cmocka_unit_test(out_of_its_dates_it_says_nothing),
		cmocka_unit_test(revoked_is_revoked_also_out_of_its_dates),
		cmocka_unit_test(it_must_be_about_the_certificate),
		cmocka_unit_test(the_issuer_must_have_signed_it),
		cmocka_unit_test(sha1_is_no_signature),
		cmocka_unit_test(a_delegate_must_be_named_one_by_the_issuer),
		cmocka_unit_test(an_error_is_no_answer),
		cmocka_unit_test(garbage_is_no_answer),
		cmocka_unit_test(a_request_names_the_certificate),
		cmocka_unit_test(a_certificate_names_its_responder),
		cmocka_unit_test(the_shortest_and_the_longest_responder_are_known),
		cmocka_unit_test(answers_and_questions_keep_nothing),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
