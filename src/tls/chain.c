#include "tls/chain.h"

#include "base/clock.h"
#include "tls/constraints.h"
#include "tls/escape.h"
#include "tls/path.h"
#include "tls/revocation.h"

#include <stdio.h>
#include <string.h>

/*
 * MEDIUM asks for 112 bits: RSA 2048, no SHA-1. A version 1 anchor cannot say that it is a
 * CA. Revocation is revocation.c's.
 */
#define CHAIN_FLAGS                                                                      \
	(GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM) |                               \
		GNUTLS_VERIFY_DO_NOT_ALLOW_X509_V1_CA_CRT |                              \
		GNUTLS_VERIFY_DISABLE_CRL_CHECKS)

#define OID_EXTENDED_KEY_USAGE "2.5.29.37"
#define MAX_OID_SIZE 128

int chain_import(struct chain *ret, const gnutls_datum_t *der, unsigned count)
{
	struct chain chain = {.count = 0};

	while (chain.count < count && chain.count < POLICY_CHAIN_MAX) {
		gnutls_x509_crt_t crt;

		if (gnutls_x509_crt_init(&crt) < 0)
			break;
		chain.crts[chain.count++] = crt;
		if (gnutls_x509_crt_import(
			    crt, &der[chain.count - 1], GNUTLS_X509_FMT_DER) < 0)
			break;
		if (chain.count == count) {
			*ret = chain;
			return 0;
		}
	}
	chain_free(&chain);
	return ERR_FORMAT;
}

void chain_free(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->crts[i]);
	chain->count = 0;
}

static void say(struct peer_verdict *verdict, const char *text)
{
	escape_add_str(verdict->detail, sizeof(verdict->detail), text);
}

static void say_subject(struct peer_verdict *verdict, gnutls_x509_crt_t crt)
{
	gnutls_datum_t dn = {NULL, 0};

	say(verdict, " of ");
	if (gnutls_x509_crt_get_dn3(crt, &dn, 0) == 0)
		escape_add(verdict->detail, sizeof(verdict->detail),
			(const char *)dn.data, dn.size);
	gnutls_free(dn.data);
}

static void say_date(struct peer_verdict *verdict, const char *what, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	say(verdict, what);
	say(verdict, clock_text(when > 0 ? (uint64_t)when * 1000000 : 0, text));
}

/* "PREFIX" and the bytes, "AB:CD". */
static void say_bytes(struct peer_verdict *verdict, const char *prefix,
	const unsigned char *p, size_t len)
{
	const size_t size = sizeof(verdict->issuer_id);
	size_t at = (size_t)snprintf(verdict->issuer_id, size, "%s", prefix);

	for (size_t i = 0; i < len && at + 4 <= size; i++)
		at += (size_t)snprintf(
			verdict->issuer_id + at, size - at, "%s%02X", i ? ":" : "", p[i]);
}

/*
 * The chain ends below what is trusted. Its last certificate is the missing issuer itself
 * where that signs itself; else only the name and key id of the next one are known.
 */
static void say_issuer_id(gnutls_x509_crt_t last, struct peer_verdict *verdict)
{
	unsigned char bytes[64];
	size_t size = sizeof(bytes);

	if (gnutls_x509_crt_check_issuer(last, last) != 0) {
		if (gnutls_x509_crt_get_fingerprint(
			    last, GNUTLS_DIG_SHA256, bytes, &size) == 0)
			say_bytes(verdict, "sha256:", bytes, size);
		return;
	}
	if (gnutls_x509_crt_get_authority_key_id(last, bytes, &size, NULL) == 0)
		say_bytes(verdict, "key id ", bytes, size);
}

static void say_issuer(const struct chain *chain, struct peer_verdict *verdict)
{
	gnutls_x509_crt_t last = chain->crts[chain->count - 1];
	gnutls_datum_t dn = {NULL, 0};

	if (gnutls_x509_crt_get_issuer_dn3(last, &dn, 0) == 0)
		escape_add(verdict->issuer, sizeof(verdict->issuer),
			(const char *)dn.data, dn.size);
	gnutls_free(dn.data);
	say_issuer_id(last, verdict);
	if (gnutls_x509_crt_check_issuer(chain->crts[0], chain->crts[0]) != 0)
		say(verdict, "self-signed");
}

static void say_expired(const struct chain *chain, struct peer_verdict *verdict)
{
	time_t now = time(NULL);

	for (unsigned i = 0; i < chain->count; i++) {
		time_t to = gnutls_x509_crt_get_expiration_time(chain->crts[i]);

		if (to < now) {
			say_date(verdict, "expired ", to);
			say_subject(verdict, chain->crts[i]);
			return;
		}
	}
	say(verdict, "the trust anchor has expired");
}

static void say_not_yet(const struct chain *chain, struct peer_verdict *verdict)
{
	time_t now = time(NULL);

	for (unsigned i = 0; i < chain->count; i++) {
		time_t from = gnutls_x509_crt_get_activation_time(chain->crts[i]);

		if (from > now) {
			say_date(verdict, "valid from ", from);
			say_subject(verdict, chain->crts[i]);
			return;
		}
	}
	say(verdict, "the trust anchor is not valid yet");
}

static void say_weak(const struct chain *chain, struct peer_verdict *verdict)
{
	for (unsigned i = 0; i < chain->count; i++) {
		unsigned bits = 0;
		char text[64];
		int key = gnutls_x509_crt_get_pk_algorithm(chain->crts[i], &bits);
		int sign = gnutls_x509_crt_get_signature_algorithm(chain->crts[i]);
		const char *sign_name =
			gnutls_sign_get_name((gnutls_sign_algorithm_t)sign);

		if (key >= 0 && gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)key,
					bits) < GNUTLS_SEC_PARAM_MEDIUM)
			snprintf(text, sizeof(text), "key %s %u bits",
				gnutls_pk_get_name((gnutls_pk_algorithm_t)key), bits);
		else if (sign < 0 || gnutls_sign_is_secure2((gnutls_sign_algorithm_t)sign,
					     GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0)
			snprintf(text, sizeof(text), "signature %s",
				sign_name ? sign_name : "unknown");
		else
			continue;
		say(verdict, text);
		say_subject(verdict, chain->crts[i]);
		return;
	}
	say(verdict, "the trust anchor's key");
}

static void say_status(unsigned status, struct peer_verdict *verdict)
{
	gnutls_datum_t text = {NULL, 0};

	if (gnutls_certificate_verification_status_print(
		    status, GNUTLS_CRT_X509, &text, 0) == 0)
		say(verdict, (const char *)text.data);
	gnutls_free(text.data);
}

/* The library's findings as one rule: the most fundamental first. */
static enum peer_rule rule_of(unsigned status)
{
	if (status == 0)
		return PEER_OK;
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE))
		return PEER_ISSUER;
	if (status & (GNUTLS_CERT_SIGNER_NOT_CA | GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE))
		return PEER_CONSTRAINT;
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return PEER_WEAK;
	if (status & GNUTLS_CERT_EXPIRED)
		return PEER_EXPIRED;
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return PEER_NOT_YET;
	/* Also what has no bit of its own, such as an unknown critical extension. */
	return PEER_CONSTRAINT;
}

/* By the library's rules. */
static enum peer_rule path_leads(
	const struct chain *path, const struct trust *trust, struct peer_verdict *verdict)
{
	gnutls_x509_crt_t crts[POLICY_CHAIN_MAX];
	unsigned status = 0;
	enum peer_rule rule;

	memcpy(crts, path->crts, sizeof(crts));
	if (gnutls_x509_trust_list_verify_crt2(trust_list(trust), crts, path->count, NULL,
		    0, CHAIN_FLAGS, &status, NULL) < 0)
		status = GNUTLS_CERT_INVALID;
	rule = rule_of(status);
	if (rule == PEER_ISSUER)
		say_issuer(path, verdict);
	else if (rule == PEER_EXPIRED)
		say_expired(path, verdict);
	else if (rule == PEER_NOT_YET)
		say_not_yet(path, verdict);
	else if (rule == PEER_WEAK)
		say_weak(path, verdict);
	else if (rule != PEER_OK)
		say_status(status, verdict);
	return rule;
}

/* No extended key usage allows everything; one that cannot be read, or is empty, nothing. */
static bool crt_allows(gnutls_x509_crt_t crt, const char *purpose)
{
	gnutls_datum_t der = {NULL, 0};
	char oid[MAX_OID_SIZE];
	size_t size = sizeof(oid);
	int err = gnutls_x509_crt_get_extension_by_oid2(
		crt, OID_EXTENDED_KEY_USAGE, 0, &der, NULL);

	gnutls_free(der.data);
	if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return true;
	if (err < 0 || gnutls_x509_crt_get_key_purpose_oid(crt, 0, oid, &size, NULL) < 0)
		return false;
	return gnutls_x509_crt_check_key_purpose(crt, purpose, 0) != 0;
}

static bool crt_fits(gnutls_x509_crt_t crt, enum chain_purpose purpose)
{
	bool server =
		purpose != CHAIN_TLS_CLIENT && crt_allows(crt, GNUTLS_KP_TLS_WWW_SERVER);
	bool client =
		purpose != CHAIN_TLS_SERVER && crt_allows(crt, GNUTLS_KP_TLS_WWW_CLIENT);

	return server || client;
}

/*
 * Where the peer's configuration does not say otherwise either TLS role will do: public CAs
 * no longer issue clientAuth, and a server that calls is a TLS client.
 */
static enum peer_rule path_fits(const struct chain *path, enum chain_purpose purpose,
	struct peer_verdict *verdict)
{
	static const char *const texts[] = {
		[CHAIN_EITHER_ROLE] =
			"neither serverAuth nor clientAuth in the certificate",
		[CHAIN_TLS_SERVER] = "no serverAuth in the certificate",
		[CHAIN_TLS_CLIENT] = "no clientAuth in the certificate",
	};

	for (unsigned i = 0; i < path->count; i++) {
		if (!crt_fits(path->crts[i], purpose)) {
			say(verdict, texts[purpose]);
			say_subject(verdict, path->crts[i]);
			return PEER_PURPOSE;
		}
	}
	return PEER_OK;
}

static bool has_signed(gnutls_x509_crt_t anchor, gnutls_x509_crt_t crt)
{
	unsigned status = 0;

	return gnutls_x509_crt_check_issuer(crt, anchor) != 0 &&
	       gnutls_x509_crt_verify(crt, &anchor, 1, CHAIN_FLAGS, &status) == 0 &&
	       status == 0;
}

/* Whether AUTHORITY may; else DETAIL, unless NULL, says which of NAMES it may not vouch for. */
static bool may_name(gnutls_x509_crt_t authority, const struct names *names,
	struct peer_verdict *verdict)
{
	struct span name;

	if (constraints_allow(authority, names, &name))
		return true;
	if (verdict && verdict->detail[0] == '\0') {
		say(verdict, "outside the name constraints: ");
		escape_add(verdict->detail, sizeof(verdict->detail), name.p, name.len);
		say_subject(verdict, authority);
	}
	return false;
}

/* Whether one of the anchors that signed CRT may, or may not. */
static bool an_anchor(gnutls_x509_crt_t crt, const struct trust *trust, bool may,
	const struct names *names, struct peer_verdict *verdict)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	bool found = false;

	while (gnutls_x509_trust_list_iter_get_ca(trust_list(trust), &iter, &anchor) ==
		0) {
		if (gnutls_x509_crt_check_issuer(crt, anchor) != 0 &&
			may_name(anchor, names, verdict) == may &&
			has_signed(anchor, crt))
			found = true;
		gnutls_x509_crt_deinit(anchor);
	}
	return found;
}

/* By the name constraints that the library leaves out. Of two anchors of one name and key the
 * one that may will do. */
static enum peer_rule path_may_name(
	const struct chain *path, const struct trust *trust, struct peer_verdict *verdict)
{
	gnutls_x509_crt_t top = path->crts[path->count - 1];
	struct names names;
	bool may = true;

	names_read(&names, path->crts[0]);
	for (unsigned i = 1; i < path->count && may; i++)
		may = may_name(path->crts[i], &names, verdict);
	if (may && an_anchor(top, trust, false, &names, verdict))
		may = an_anchor(top, trust, true, &names, NULL);
	if (may)
		verdict->detail[0] = '\0';
	names_free(&names);
	return may ? PEER_OK : PEER_CONSTRAINT;
}

static time_t path_until(const struct chain *path)
{
	time_t until = gnutls_x509_crt_get_expiration_time(path->crts[0]);

	for (unsigned i = 1; i < path->count; i++) {
		time_t to = gnutls_x509_crt_get_expiration_time(path->crts[i]);

		if (to < until)
			until = to;
	}
	return until;
}

/* The search for a path that will do. */
struct climb {
	const struct trust *trust;
	enum chain_purpose purpose;
	struct peer_verdict *verdict; /* of the path that does, else the best refusal */
	struct chain path;            /* the one that does; borrowed */
	bool tried;
};

/* Of two refusals the one that came further counts: a known issuer says more than none. */
static bool climb_h(void *arg, const struct chain *path)
{
	struct climb *climb = arg;
	struct peer_verdict trial = *climb->verdict;

	trial.issuer[0] = '\0';
	trial.issuer_id[0] = '\0';
	trial.detail[0] = '\0';
	trial.until = path_until(path);
	trial.rule = path_leads(path, climb->trust, &trial);
	if (trial.rule == PEER_OK)
		trial.rule = path_may_name(path, climb->trust, &trial);
	if (trial.rule == PEER_OK)
		trial.rule = path_fits(path, climb->purpose, &trial);
	if (trial.rule == PEER_OK || !climb->tried ||
		(climb->verdict->rule == PEER_ISSUER && trial.rule != PEER_ISSUER))
		*climb->verdict = trial;
	climb->tried = true;
	climb->path = *path;
	return trial.rule == PEER_OK;
}

enum peer_rule chain_judge(const struct chain *chain, const struct trust *trust,
	const struct chain_demands *demands, struct peer_verdict *verdict)
{
	struct climb climb = {
		.trust = trust, .purpose = demands->purpose, .verdict = verdict};

	verdict->let_go[0] = '\0';
	path_find(chain, trust_list(trust), climb_h, &climb);
	if (verdict->rule == PEER_OK)
		verdict->rule = revocation_judge(
			chain, &climb.path, trust, demands->revocation, verdict);
	return verdict->rule;
}

bool chain_may_sign(const gnutls_datum_t *leaf)
{
	unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	struct chain chain;

	if (chain_import(&chain, leaf, 1) < 0)
		return true;
	if (gnutls_x509_crt_get_key_usage(chain.crts[0], &usage, NULL) < 0)
		usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	chain_free(&chain);
	return (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) != 0;
}
