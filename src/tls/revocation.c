#include "tls/revocation.h"

#include "tls/crl.h"
#include "tls/escape.h"
#include "tls/ocsp.h"

/*
 * Who signed CRT, on the path. A name is not enough: whoever holds a revoked certificate may
 * send along a CA of his own making that is called like its issuer, with a key that its
 * signature fits (for ECDSA such a key is found with ease, though not its private half).
 */
static gnutls_x509_crt_t issuer_on_path(const struct chain *path, gnutls_x509_crt_t crt)
{
	for (unsigned i = 0; i < path->count; i++) {
		if (path->crts[i] != crt && ocsp_is_issuer(path->crts[i], crt))
			return path->crts[i];
	}
	return NULL;
}

/*
 * The same among the anchors. NULL, or to be freed. The library knows them by name; only
 * where several share one are all looked at, each copied, by the hundred in a large bundle.
 */
static gnutls_x509_crt_t anchored_issuer(const struct trust *trust, gnutls_x509_crt_t crt)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t found = NULL;
	gnutls_x509_crt_t anchor;

	if (gnutls_x509_trust_list_get_issuer(
		    trust_list(trust), crt, &anchor, GNUTLS_TL_GET_COPY) < 0)
		return NULL;
	if (ocsp_is_issuer(anchor, crt))
		return anchor;
	gnutls_x509_crt_deinit(anchor);
	while (gnutls_x509_trust_list_iter_get_ca(trust_list(trust), &iter, &anchor) ==
		0) {
		if (!found && ocsp_is_issuer(anchor, crt))
			found = anchor;
		else
			gnutls_x509_crt_deinit(anchor);
	}
	return found;
}

static void say(char *out, size_t size, const char *text)
{
	escape_add_str(out, size, text);
}

static enum peer_rule judge_by_list(struct crl_set *crls, gnutls_x509_crt_t crt,
	gnutls_x509_crt_t issuer, bool required, enum peer_revocation mode,
	struct peer_verdict *verdict)
{
	char detail[sizeof(verdict->detail)] = "";
	enum peer_rule rule = crl_check(
		crls, crt, issuer, required, &verdict->until, detail, sizeof(detail));

	if (rule == PEER_CRL_STALE && mode == PEER_REVOCATION_SOFT) {
		if (verdict->let_go[0] == '\0')
			say(verdict->let_go, sizeof(verdict->let_go), detail);
		return PEER_OK;
	}
	say(verdict->detail, sizeof(verdict->detail), detail);
	return rule;
}

/*
 * One that nobody demanded counts when it says that the certificate is revoked; what else
 * may be wrong with it is as if none had come: many a far end staples carelessly.
 */
static enum peer_rule judge_staple(const gnutls_datum_t *der, gnutls_x509_crt_t crt,
	gnutls_x509_crt_t issuer, bool demanded, struct peer_verdict *verdict)
{
	struct ocsp_answer answer = {
		.status = OCSP_FORGED, .text = "its issuer is unknown"};

	if (issuer)
		ocsp_read(&answer, der, crt, issuer);
	if (answer.status == OCSP_REVOKED) {
		say(verdict->detail, sizeof(verdict->detail), "OCSP response: ");
		say(verdict->detail, sizeof(verdict->detail), answer.text);
		return PEER_REVOKED;
	}
	if (!demanded)
		return PEER_OK;
	if (answer.status != OCSP_GOOD) {
		say(verdict->detail, sizeof(verdict->detail), "OCSP response: ");
		say(verdict->detail, sizeof(verdict->detail), answer.text);
		return PEER_STAPLE;
	}
	if (answer.next_update < verdict->until)
		verdict->until = answer.next_update;
	return PEER_OK;
}

/* The certificate at INDEX. */
static enum peer_rule judge_staple_at(const struct chain *chain, unsigned index,
	gnutls_x509_crt_t issuer, bool demanded, struct peer_verdict *verdict)
{
	if (chain->staples && chain->staples[index].size > 0)
		return judge_staple(&chain->staples[index], chain->crts[index], issuer,
			demanded, verdict);
	if (!demanded)
		return PEER_OK;
	say(verdict->detail, sizeof(verdict->detail),
		chain->cannot_staple ? "a TLS 1.2 client cannot send an OCSP response"
				     : "it sent no OCSP response");
	return PEER_STAPLE;
}

/*
 * Every presented certificate is asked for, also one that the path did not need: it may
 * refuse too much, never too little. A root signs itself and is trusted or not; a CA that
 * certifies itself with another key has the same names, and can be revoked.
 */
enum peer_rule revocation_judge(const struct chain *chain, const struct chain *path,
	const struct trust *trust, enum peer_revocation mode,
	struct peer_verdict *verdict)
{
	struct crl_set *crls = trust_crls(trust);
	enum peer_rule rule = PEER_OK;

	if (!crls && !chain->staples && mode != PEER_REVOCATION_STAPLE)
		return PEER_OK;
	for (unsigned i = 0; i < chain->count && rule == PEER_OK; i++) {
		gnutls_x509_crt_t crt = chain->crts[i];
		gnutls_x509_crt_t anchor = NULL;
		gnutls_x509_crt_t issuer;

		if (ocsp_is_issuer(crt, crt))
			continue;
		issuer = issuer_on_path(path, crt);
		if (!issuer)
			issuer = anchor = anchored_issuer(trust, crt);
		if (crls)
			rule = judge_by_list(crls, crt, issuer, i == 0, mode, verdict);
		if (rule == PEER_OK)
			rule = judge_staple_at(chain, i, issuer,
				i == 0 && mode == PEER_REVOCATION_STAPLE, verdict);
		if (anchor)
			gnutls_x509_crt_deinit(anchor);
	}
	return rule;
}
