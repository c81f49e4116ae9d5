#include "tls/ocsp.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

#include <gnutls/ocsp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A responder's clock may be ahead of ours by so much. */
#define OCSP_SKEW_S 300
/* As for a peer's chain: 112 bits, no SHA-1. */
#define OCSP_FLAGS GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM)
#define OCSP_URI_MAX 1024

static void say(struct ocsp_answer *answer, enum ocsp_status status, const char *text)
{
	answer->status = status;
	snprintf(answer->text, sizeof(answer->text), "%s", text);
}

static void say_date(struct ocsp_answer *answer, enum ocsp_status status,
	const char *what, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	answer->status = status;
	snprintf(answer->text, sizeof(answer->text), "%s %s", what,
		clock_text(when > 0 ? (uint64_t)when * 1000000 : 0, text));
}

/* One that may stand in a log line. */
static bool is_plain_http(const gnutls_datum_t *uri)
{
	if (uri->size <= 7 || uri->size >= OCSP_URI_MAX ||
		strncasecmp((const char *)uri->data, "http://", 7) != 0)
		return false;
	for (unsigned i = 0; i < uri->size; i++)
		if (uri->data[i] <= ' ' || uri->data[i] > '~' || uri->data[i] == '"')
			return false;
	return true;
}

/* RFC 6960 4.2.1: whoever cannot answer says so, unsigned. */
static bool has_answer(gnutls_ocsp_resp_t response, struct ocsp_answer *answer)
{
	static const char *const errors[] = {
		[GNUTLS_OCSP_RESP_MALFORMEDREQUEST] =
			"the responder says malformedRequest",
		[GNUTLS_OCSP_RESP_INTERNALERROR] = "the responder says internalError",
		[GNUTLS_OCSP_RESP_TRYLATER] = "the responder says tryLater",
		[GNUTLS_OCSP_RESP_SIGREQUIRED] = "the responder says sigRequired",
		[GNUTLS_OCSP_RESP_UNAUTHORIZED] = "the responder says unauthorized",
	};
	int status = gnutls_ocsp_resp_get_status(response);

	if (status == GNUTLS_OCSP_RESP_SUCCESSFUL)
		return true;
	say(answer, OCSP_UNREADABLE, "not readable");
	if (status > 0 && (size_t)status < sizeof(errors) / sizeof(errors[0]) &&
		errors[status])
		say(answer, OCSP_UNREADABLE, errors[status]);
	return false;
}

static bool is_signed(
	gnutls_ocsp_resp_t response, gnutls_x509_crt_t issuer, struct ocsp_answer *answer)
{
	int algorithm = gnutls_ocsp_resp_get_signature_algorithm(response);
	unsigned fault = 0;

	/* The library looks at the strength of the delegate's certificate alone. */
	if (algorithm < 0 || gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
				     GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0) {
		say(answer, OCSP_FORGED, "signed with an algorithm that is too weak");
		return false;
	}
	if (gnutls_ocsp_resp_verify_direct(response, issuer, &fault, OCSP_FLAGS) == 0 &&
		fault == 0)
		return true;
	if (fault & GNUTLS_OCSP_VERIFY_SIGNER_KEYUSAGE_ERROR)
		say(answer, OCSP_FORGED, "its signer is not allowed to sign responses");
	else if (fault & (GNUTLS_OCSP_VERIFY_CERT_EXPIRED |
				 GNUTLS_OCSP_VERIFY_CERT_NOT_ACTIVATED))
		say(answer, OCSP_FORGED, "its signer's certificate is out of its dates");
	else
		say(answer, OCSP_FORGED,
			"not signed by the certificate's issuer, nor by one that it "
			"allows to");
	return false;
}

struct single {
	unsigned status;
	time_t this_update, next_update, revoked;
};

/* The part of RESPONSE about CERTIFICATE; a list of others may come with it. */
static bool find_single(
	gnutls_ocsp_resp_t response, gnutls_x509_crt_t certificate, struct single *ret)
{
	for (unsigned i = 0;; i++) {
		int err = gnutls_ocsp_resp_get_single(response, i, NULL, NULL, NULL, NULL,
			&ret->status, &ret->this_update, &ret->next_update, &ret->revoked,
			NULL);

		if (err < 0)
			return false;
		if (gnutls_ocsp_resp_check_crt(response, i, certificate) == 0)
			return true;
	}
}

static void judge_single(const struct single *single, struct ocsp_answer *answer)
{
	const time_t now = time(NULL);

	answer->this_update = single->this_update;
	answer->next_update = single->next_update > 0 ? single->next_update : 0;
	if (single->status == GNUTLS_OCSP_CERT_REVOKED)
		say_date(answer, OCSP_REVOKED, "revoked", single->revoked);
	else if (single->this_update > now + OCSP_SKEW_S)
		say_date(answer, OCSP_NOT_YET, "valid from", single->this_update);
	else if (answer->next_update == 0)
		say(answer, OCSP_STALE, "without nextUpdate");
	else if (answer->next_update <= now)
		say_date(answer, OCSP_STALE, "was due", answer->next_update);
	else if (single->status == GNUTLS_OCSP_CERT_GOOD)
		say(answer, OCSP_GOOD, "");
	else
		say(answer, OCSP_UNKNOWN, "the responder does not know the certificate");
}

void ocsp_read(struct ocsp_answer *ret, const gnutls_datum_t *der,
	gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
	struct ocsp_answer answer = {.status = OCSP_UNREADABLE, .text = "not readable"};
	gnutls_ocsp_resp_t response;
	struct single single;

	if (der->size > OCSP_BYTES_MAX) {
		say(&answer, OCSP_UNREADABLE, "larger than a response may be");
	} else if (gnutls_ocsp_resp_init(&response) == 0) {
		if (gnutls_ocsp_resp_import(response, der) == 0 &&
			has_answer(response, &answer) &&
			is_signed(response, issuer, &answer)) {
			if (find_single(response, certificate, &single))
				judge_single(&single, &answer);
			else
				say(&answer, OCSP_OTHER, "about another certificate");
		}
		gnutls_ocsp_resp_deinit(response);
	}
	*ret = answer;
}

bool ocsp_is_issuer(gnutls_x509_crt_t issuer, gnutls_x509_crt_t certificate)
{
	unsigned status = 0;

	return gnutls_x509_crt_check_issuer(certificate, issuer) != 0 &&
	       gnutls_x509_crt_verify(certificate, &issuer, 1,
		       GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			       GNUTLS_VERIFY_DO_NOT_ALLOW_SAME,
		       &status) == 0 &&
	       (status & (GNUTLS_CERT_SIGNER_NOT_FOUND |
				 GNUTLS_CERT_SIGNATURE_FAILURE)) == 0;
}

int ocsp_request(
	gnutls_datum_t *ret, gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
	gnutls_ocsp_req_t request;
	int err = ERR_LIBRARY;

	if (gnutls_ocsp_req_init(&request) < 0)
		return ERR_LIBRARY;
	/* SHA-1 only names the certificate: it is what every responder knows. */
	if (gnutls_ocsp_req_add_cert(request, GNUTLS_DIG_SHA1, issuer, certificate) ==
			0 &&
		gnutls_ocsp_req_export(request, ret) == 0)
		err = 0;
	gnutls_ocsp_req_deinit(request);
	return err;
}

char *ocsp_responder(gnutls_x509_crt_t certificate)
{
	for (unsigned i = 0;; i++) {
		gnutls_datum_t uri = {NULL, 0};
		char *text = NULL;
		int err = gnutls_x509_crt_get_authority_info_access(
			certificate, i, GNUTLS_IA_OCSP_URI, &uri, NULL);

		if (err < 0 && err != GNUTLS_E_UNKNOWN_ALGORITHM)
			return NULL;
		if (err == 0 && is_plain_http(&uri))
			text = span_dup((struct span){(const char *)uri.data, uri.size});
		gnutls_free(uri.data);
		if (text)
			return text;
	}
}
