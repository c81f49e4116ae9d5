#include "tls/bundle_priv.h"

#include "base/clock.h"
#include "tls/names.h"
#include "tls/pem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400
/* Less than this is left: worth a line. */
#define SOON_DAYS 30

struct judge {
	const struct bundle *bundle;
	const struct bundle_demands *demands;
	bundle_say_h *say;
	void *arg;
	unsigned bad;
};

static void say(struct judge *judge, enum bundle_mark mark, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct judge *judge, enum bundle_mark mark, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	judge->bad += mark == BUNDLE_BAD;
	judge->say(judge->arg, mark, line);
}

static gnutls_x509_crt_t crt_at(const struct bundle *bundle, unsigned index)
{
	return bundle->crts[bundle->chain[index]];
}

/* "2026-11-30": a day is enough for a person. */
static const char *day(time_t when, char buf[static CLOCK_TEXT_SIZE])
{
	clock_text(when > 0 ? (uint64_t)when * 1000000 : 0, buf);
	buf[strcspn(buf, "T")] = '\0';
	return buf;
}

static void judge_name(struct judge *judge, const struct facts *leaf)
{
	const char *fqdn = judge->demands->fqdn;
	struct names names;
	bool match;

	names_read(&names, crt_at(judge->bundle, 0));
	match = !fqdn || names_match(&names, fqdn);
	names_free(&names);
	if (match)
		say(judge, BUNDLE_GOOD, "names: %s",
			leaf->names[0] ? leaf->names : "none");
	else
		say(judge, BUNDLE_BAD,
			"names: %s, and not %s; ask for a certificate with that name as "
			"subjectAltName",
			leaf->names[0] ? leaf->names : "none", fqdn);
}

static void judge_dates(struct judge *judge, const struct facts *facts)
{
	time_t now = time(NULL);
	char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];

	day(facts->from, from);
	day(facts->to, to);
	if (facts->to < now)
		say(judge, BUNDLE_BAD, "dates: %s expired on %s", facts->subject, to);
	else if (facts->from > now)
		say(judge, BUNDLE_BAD,
			"dates: %s is not valid before %s; is this machine's clock "
			"right?",
			facts->subject, from);
	else if (facts->to - now < SOON_DAYS * DAY_S)
		say(judge, BUNDLE_NOTE, "dates: %s expires on %s, in %ld days",
			facts->subject, to, (long)((facts->to - now) / DAY_S));
	else
		say(judge, BUNDLE_GOOD, "dates: %s, %s to %s", facts->subject, from, to);
}

static void judge_purpose(struct judge *judge, const struct facts *leaf)
{
	bool any =
		strcmp(leaf->eku, "any") == 0 || strstr(leaf->eku, "anyExtendedKeyUsage");
	bool server = any || strstr(leaf->eku, "serverAuth");
	bool client = any || strstr(leaf->eku, "clientAuth");

	if (leaf->ca)
		say(judge, BUNDLE_BAD,
			"purpose: this is the certificate of an authority, not of a "
			"server");
	if (server && client)
		say(judge, BUNDLE_GOOD, "purpose: %s", leaf->eku);
	else if (server || client)
		say(judge, BUNDLE_NOTE,
			"purpose: %s alone; far ends that demand %s too will refuse it",
			leaf->eku, server ? "clientAuth" : "serverAuth");
	else
		say(judge, BUNDLE_BAD,
			"purpose: %s; expected serverAuth and clientAuth: ask for a "
			"certificate of a TLS server and client",
			leaf->eku[0] ? leaf->eku : "none");
}

static void judge_strength(
	struct judge *judge, gnutls_x509_crt_t crt, const struct facts *facts)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	int signature = gnutls_x509_crt_get_signature_algorithm(crt);

	if (algorithm < 0 || gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm,
				     bits) < GNUTLS_SEC_PARAM_MEDIUM)
		say(judge, BUNDLE_BAD,
			"key: %s of %s is too weak; RSA 2048 or ECDSA 256 at least",
			facts->key, facts->subject);
	else
		say(judge, BUNDLE_GOOD, "key: %s", facts->key);
	if (signature < 0 || !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)signature,
				     GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS))
		say(judge, BUNDLE_BAD,
			"signature: %s of %s is too weak; SHA-256 at least",
			signature < 0 ? "unknown"
				      : gnutls_sign_get_name(
						(gnutls_sign_algorithm_t)signature),
			facts->subject);
}

/* The path as a far end would judge it that trusts the last of what we have. */
static void judge_path(struct judge *judge)
{
	const struct bundle *bundle = judge->bundle;
	gnutls_x509_crt_t crts[POLICY_CHAIN_MAX];
	unsigned count = bundle->chain_count;
	gnutls_x509_crt_t anchor;
	gnutls_x509_trust_list_t list = NULL;
	unsigned status = GNUTLS_CERT_INVALID;
	gnutls_datum_t why = {NULL, 0};

	for (unsigned i = 0; i < count; i++)
		crts[i] = crt_at(bundle, i);
	if (bundle->root < 0 && count < 2)
		return;
	anchor = bundle->root >= 0 ? bundle->crts[bundle->root] : crts[--count];
	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return;
	gnutls_x509_trust_list_add_cas(list, &anchor, 1, 0);
	/* Dates and strength have lines of their own. */
	gnutls_x509_trust_list_verify_crt(list, crts, count,
		GNUTLS_VERIFY_DISABLE_CRL_CHECKS | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			GNUTLS_VERIFY_ALLOW_BROKEN,
		&status, NULL);
	if (status == 0)
		say(judge, BUNDLE_GOOD, "chain: each certificate is signed by the next");
	else if (gnutls_certificate_verification_status_print(
			 status, GNUTLS_CRT_X509, &why, 0) >= 0)
		say(judge, BUNDLE_BAD, "chain: %s", (const char *)why.data);
	gnutls_free(why.data);
	gnutls_x509_trust_list_deinit(list, 0);
}

static void judge_end(struct judge *judge)
{
	const struct bundle *bundle = judge->bundle;
	struct facts last;

	bundle_chain_facts(bundle, bundle->chain_count - 1, &last);
	if (bundle->root >= 0)
		say(judge, BUNDLE_GOOD,
			"root: %s came along; it is left out of the chain, since far "
			"ends "
			"must have it",
			last.issuer);
	else if (last.self_signed)
		say(judge, BUNDLE_NOTE,
			"root: the certificate signs itself; each far end must trust "
			"just this one");
	else if (bundle->chain_count == 1)
		say(judge, BUNDLE_NOTE,
			"root: %s did not come along; if it is an intermediate "
			"authority, give its certificate too",
			last.issuer);
	else
		say(judge, BUNDLE_GOOD, "root: far ends must trust %s", last.issuer);
}

static bool is_by(gnutls_x509_crl_t crl, gnutls_x509_crt_t crt)
{
	gnutls_datum_t a = {NULL, 0}, b = {NULL, 0};
	bool same = gnutls_x509_crl_get_raw_issuer_dn(crl, &a) >= 0 &&
		    gnutls_x509_crt_get_raw_issuer_dn(crt, &b) >= 0 && a.size == b.size &&
		    memcmp(a.data, b.data, a.size) == 0;

	gnutls_free(a.data);
	gnutls_free(b.data);
	return same;
}

static void judge_list(struct judge *judge, gnutls_x509_crl_t crl)
{
	for (unsigned i = 0; i < judge->bundle->chain_count; i++) {
		gnutls_x509_crt_t crt = crt_at(judge->bundle, i);
		struct facts facts;
		int revoked;

		if (!is_by(crl, crt))
			continue;
		bundle_chain_facts(judge->bundle, i, &facts);
		revoked = gnutls_x509_crt_check_revocation(crt, &crl, 1);
		if (revoked == 0)
			say(judge, BUNDLE_GOOD, "revocation: %s is not revoked by %s",
				facts.subject, judge->demands->crl);
		else
			say(judge, BUNDLE_BAD,
				"revocation: %s is revoked by %s; ask %s for a new one",
				facts.subject, judge->demands->crl, facts.issuer);
	}
}

static void judge_revocation(struct judge *judge)
{
	gnutls_datum_t bytes = {NULL, 0};
	gnutls_x509_crl_t *crls = NULL;
	unsigned count = 0;

	if (!judge->demands->crl || !judge->demands->crl[0] ||
		pem_read(&bytes, judge->demands->crl, PEM_CRL_BYTES_MAX, false, NULL) < 0)
		return;
	if (gnutls_x509_crl_list_import2(&crls, &count, &bytes, GNUTLS_X509_FMT_PEM, 0) <
		0)
		count = 0;
	for (unsigned i = 0; i < count; i++) {
		judge_list(judge, crls[i]);
		gnutls_x509_crl_deinit(crls[i]);
	}
	gnutls_free(crls);
	pem_free(&bytes);
}

unsigned bundle_judge(const struct bundle *bundle, const struct bundle_demands *demands,
	bundle_say_h *say_h, void *arg)
{
	struct judge judge = {bundle, demands, say_h, arg, 0};
	struct facts facts;

	for (unsigned i = 0; i < bundle->chain_count; i++) {
		bundle_chain_facts(bundle, i, &facts);
		if (i == 0) {
			judge_name(&judge, &facts);
			judge_purpose(&judge, &facts);
		}
		judge_dates(&judge, &facts);
		judge_strength(&judge, crt_at(bundle, i), &facts);
	}
	judge_path(&judge);
	judge_end(&judge);
	judge_revocation(&judge);
	return judge.bad;
}
