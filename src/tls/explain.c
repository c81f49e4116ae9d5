#include "tls/explain.h"

#include "tls/alert.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Bare where nothing in it could end the word; quoted otherwise. VALUE is escaped. */
static void add_word(struct buf *out, const char *key, const char *value)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-_:@/";
	size_t len = strlen(value);

	if (len == 0)
		return;
	if (strspn(value, bare) == len)
		buf_printf(out, " %s=%s", key, value);
	else
		buf_printf(out, " %s=\"%s\"", key, value);
}

/* Alerts by the names of RFC 8446 6, which all products print: "unknown_ca". */
static void add_alert(struct buf *out, int alert)
{
	static const char prefix[] = "GNUTLS_A_";
	const char *name = gnutls_alert_get_strname((gnutls_alert_description_t)alert);

	if (!name && alert == ALERT_BAD_STATUS_RESPONSE)
		name = "bad_certificate_status_response";
	if (!name) {
		buf_printf(out, " alert=\"%d\"", alert);
		return;
	}
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	buf_add_str(out, " alert=\"");
	for (; *name != '\0'; name++)
		buf_add_char(out, (char)tolower((unsigned char)*name));
	buf_add_char(out, '"');
}

void explain_report(struct explain_report *ret, const struct channel *channel)
{
	const struct channel_failure *failure = channel_failure(channel);
	const struct peer_verdict *verdict = channel_verdict(channel);

	memset(ret, 0, sizeof(*ret));
	ret->fault = failure->fault;
	ret->code = failure->code;
	ret->alert = failure->alert;
	ret->in_clear = failure->in_clear;
	snprintf(ret->error, sizeof(ret->error), "%s",
		failure->error ? failure->error : "");
	snprintf(ret->ours, sizeof(ret->ours), "%s", channel_ours(channel));
	snprintf(ret->server_name, sizeof(ret->server_name), "%s",
		channel_server_name(channel));
	if (verdict)
		ret->verdict = *verdict;
	ret->verdict.peer = NULL;
	ret->rule = failure->fault == CHANNEL_REFUSED_BY_US ? ret->verdict.rule : PEER_OK;
}

void explain_channel(const struct channel *channel, struct buf *out)
{
	struct explain_report report;

	explain_report(&report, channel);
	explain_words(&report, out);
}

void explain_words(const struct explain_report *report, struct buf *out)
{
	const struct peer_verdict *verdict = &report->verdict;

	switch (report->fault) {
	case CHANNEL_FINE:
		break;
	case CHANNEL_REFUSED_BY_US:
		buf_printf(
			out, "tls refused by=us rule=%s", peer_rule_name(verdict->rule));
		add_word(out, "expected", verdict->expected);
		add_word(out, "presented", verdict->presented);
		add_word(out, "claims", verdict->claims);
		add_word(out, "issuer", verdict->issuer);
		add_word(out, "issuer-id", verdict->issuer_id);
		add_word(out, "detail", verdict->detail);
		break;
	case CHANNEL_REFUSED_BY_THEM:
		buf_add_str(out, "tls refused by=them");
		add_alert(out, report->alert);
		if (report->in_clear)
			buf_add_str(out, " encrypted=no");
		add_word(out, "ours", report->ours);
		break;
	case CHANNEL_BROKEN:
		buf_add_str(out, "tls failed");
		add_word(out, "error", report->error);
		break;
	}
	if (report->fault != CHANNEL_FINE)
		add_word(out, "sni", report->server_name);
}

const char *explain_fix(enum peer_rule rule)
{
	switch (rule) {
	case PEER_OK:
		return "";
	case PEER_NO_CERTIFICATE:
		return "give the far end a certificate of its own and let it present "
		       "that: "
		       "TLS is mutual";
	case PEER_UNREADABLE:
		return "have the far end's certificate issued anew: it cannot be parsed";
	case PEER_ISSUER:
		return "add the issuer to trust, if it is the right one; or let the far "
		       "end "
		       "send its intermediate certificates";
	case PEER_EXPIRED:
		return "have the far end's certificate renewed; if it is valid, set the "
		       "clock";
	case PEER_NOT_YET:
		return "check the clocks on both sides; the certificate is not valid yet";
	case PEER_REVOKED:
		return "its CA has withdrawn the certificate: have a new one issued";
	case PEER_CRL_STALE:
		return "fetch the issuer's current CRL and reload";
	case PEER_STAPLE:
		return "switch on OCSP stapling at the far end, with a responder of its "
		       "CA that answers; one that connects to us needs TLS 1.3 for it; "
		       "or set revocation = hard and judge by crl";
	case PEER_WEAK:
		return "have the certificate issued with P-256 or RSA 2048 and SHA-256 "
		       "or "
		       "better";
	case PEER_PURPOSE:
		return "have the certificate issued for digital signatures and for "
		       "serverAuth or clientAuth; for the one that its role needs where "
		       "eku is strict";
	case PEER_CONSTRAINT:
		return "let the CA check its constraints and the chain: the certificates "
		       "do "
		       "not allow each other";
	case PEER_NAME:
		return "set host, or names, to a name that the certificate carries, or "
		       "have it issued for the expected name";
	case PEER_PIN:
		return "ask the far end whether it has a new key; if so, add that to "
		       "pins";
	case PEER_NOT_ASKED:
		return "let the far end ask for our certificate and check it, or set "
		       "mutual = lax";
	case PEER_VERSION:
		return "let the far end speak TLS 1.3 or 1.2; for a gateway that cannot, "
		       "tls-min may be set lower, as an exception";
	case PEER_CIPHER:
		return "let the far end offer ECDHE with AES-GCM; for a gateway that "
		       "cannot, ciphers may be set wider, as an exception";
	case PEER_SERVER_NAME:
		return "let the far end connect by the name that it knows us by "
		       "(contact-host "
		       "of its trunk or server), or correct contact-host or certificate "
		       "there";
	case PEER_RULES:
		break;
	}
	return "";
}

static const char *advice_for_alert(int alert)
{
	switch (alert) {
	case GNUTLS_A_UNKNOWN_CA:
		return "the far end does not trust our issuer: give it our CA "
		       "certificate";
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
		return "the far end refused our certificate: see whether it trusts our "
		       "CA, "
		       "and its log";
	case GNUTLS_A_CERTIFICATE_REQUIRED:
		return "the far end wants a certificate and took none of ours: look at "
		       "its log";
	case GNUTLS_A_CERTIFICATE_EXPIRED:
		return "our certificate or the far end's clock is out of date";
	case GNUTLS_A_CERTIFICATE_REVOKED:
		return "our certificate is revoked: have a new one issued";
	case ALERT_BAD_STATUS_RESPONSE:
		return "the far end wants an OCSP response with our certificate: see "
		       "staple, and stapling in `tandemctl status`";
	case GNUTLS_A_ACCESS_DENIED:
		return "the far end does not know the name in our certificate: add it "
		       "there";
	case GNUTLS_A_PROTOCOL_VERSION:
		return "the far end speaks no TLS version that is allowed here: update "
		       "it, or see tls-min for a gateway that cannot be";
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return "no cipher or key type in common, or the far end refused our "
		       "certificate: look at its log";
	default:
		return "the far end refused us: look at its log";
	}
}

static const char *advice(const struct explain_report *report)
{
	switch (report->fault) {
	case CHANNEL_REFUSED_BY_US:
		return explain_fix(report->rule);
	case CHANNEL_REFUSED_BY_THEM:
		return advice_for_alert(report->alert);
	case CHANNEL_BROKEN:
		return report->code == ERR_LIBRARY
			       ? "check the port, and that the far end speaks TLS there, "
				 "in a version and with a cipher that are allowed"
			       : "the far end gave no reason: look at its log";
	case CHANNEL_FINE:
		break;
	}
	return "";
}

const char *explain_advice(const struct channel *channel)
{
	struct explain_report report;

	explain_report(&report, channel);
	return advice(&report);
}

/* The first name of "DNS:a, URI:sip:b" as `host` takes it. */
static struct span first_name(const char *presented)
{
	static const char *const kinds[] = {"DNS:", "URI:sip:", "IP:", "CN:"};
	struct span name = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = strstr(presented, kinds[i]);

		if (!at)
			continue;
		name.p = at + strlen(kinds[i]);
		name.len = strcspn(name.p, ",; ");
		break;
	}
	return name;
}

static void do_about_issuer(const struct peer_verdict *verdict,
	const struct explain_context *context, struct buf *out)
{
	buf_printf(out, "get the certificate of %s", verdict->issuer);
	if (verdict->issuer_id[0])
		buf_printf(out, " (%s)", verdict->issuer_id);
	buf_printf(out,
		" from whoever runs that CA, compare it with `openssl x509 -noout "
		"-subject -fingerprint -sha256 -ext subjectKeyIdentifier -in FILE`, "
		"append it to %s and run `tandemctl config reload`; or let the far end "
		"send its intermediate certificates",
		context->trust);
}

static void do_about_name(const struct peer_verdict *verdict,
	const struct explain_context *context, struct buf *out)
{
	struct span name = first_name(verdict->presented);

	if (name.len)
		buf_printf(out,
			"if that is the right far end, set host = %.*s (or names = "
			"%.*s) "
			"in %s of %s and run `tandemctl config reload`; else have the "
			"certificate issued for %s",
			SPAN_ARG(name), SPAN_ARG(name), context->section, context->file,
			context->host);
	else
		buf_printf(out, "have the certificate issued for %s", context->host);
}

static void do_about_ours(const struct explain_report *report,
	const struct explain_context *context, struct buf *out)
{
	buf_add_str(out, advice_for_alert(report->alert));
	if (context->certificate[0])
		buf_printf(out,
			"; what we present is %s (`openssl x509 -noout -subject "
			"-issuer -dates -in %s`)",
			context->certificate, context->certificate);
}

void explain_what_to_do(const struct explain_report *report,
	const struct explain_context *context, struct buf *out)
{
	const struct peer_verdict *verdict = &report->verdict;

	if (report->fault == CHANNEL_REFUSED_BY_THEM) {
		do_about_ours(report, context, out);
		return;
	}
	switch (report->rule) {
	case PEER_ISSUER:
		do_about_issuer(verdict, context, out);
		return;
	case PEER_NAME:
		do_about_name(verdict, context, out);
		return;
	case PEER_CRL_STALE:
		buf_printf(out,
			"fetch the current list of the issuer (`openssl crl -noout "
			"-issuer -nextupdate -in FILE`), put it into %s and run "
			"`tandemctl config reload`",
			context->crl[0] ? context->crl : "the file that crl names");
		return;
	case PEER_STAPLE:
	case PEER_PIN:
	case PEER_NOT_ASKED:
	case PEER_VERSION:
	case PEER_CIPHER:
	case PEER_SERVER_NAME:
		buf_printf(out, "%s (%s of %s)", advice(report), context->section,
			context->file);
		return;
	default:
		buf_add_str(out, advice(report));
	}
}
