/* What an operator is told to do, and the words of the log. */
#include "../unit.h"

#include "tls/alert.h"
#include "tls/explain.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

static const struct explain_context context = {
	.file = "/etc/tandem/gateways.d/a.conf",
	.section = "[gateway]",
	.host = "sbc.example",
	.trust = "/etc/tandem/a.pem",
	.crl = "/etc/tandem/a.crl",
	.certificate = "/etc/tandem/us.pem",
};

static struct explain_report refused(enum peer_rule rule)
{
	struct explain_report report = {
		.fault = CHANNEL_REFUSED_BY_US, .rule = rule, .code = ERR_TRUST};

	report.verdict.rule = rule;
	return report;
}

static struct explain_report refused_by_them(int alert)
{
	return (struct explain_report){.fault = CHANNEL_REFUSED_BY_THEM, .alert = alert};
}

/* To do about REPORT in CONTEXT is exactly WHAT. */
static void expect_to_do(const struct explain_report *report,
	const struct explain_context *where, const char *what)
{
	struct buf out;

	buf_init(&out, 0);
	explain_what_to_do(report, where, &out);
	assert_string_equal(buf_str(&out), what);
	buf_free(&out);
}

static void expect_words(const struct explain_report *report, const char *words)
{
	struct buf out;

	buf_init(&out, 0);
	explain_words(report, &out);
	assert_string_equal(buf_str(&out), words);
	buf_free(&out);
}

static void an_issuer_is_named_with_where_it_goes(void **state)
{
	static const char rest[] =
		" from whoever runs that CA, compare it with `openssl x509 -noout "
		"-subject -fingerprint -sha256 -ext subjectKeyIdentifier -in FILE`, "
		"append it to /etc/tandem/a.pem and run `tandemctl config reload`; or "
		"let the far end send its intermediate certificates";
	struct explain_report report = refused(PEER_ISSUER);
	char expected[512];

	(void)state;
	strcpy(report.verdict.issuer, "CN=Some CA");
	snprintf(expected, sizeof(expected), "get the certificate of CN=Some CA%s", rest);
	expect_to_do(&report, &context, expected);
	strcpy(report.verdict.issuer_id, "key id 1A:2B");
	snprintf(expected, sizeof(expected),
		"get the certificate of CN=Some CA (key id 1A:2B)%s", rest);
	expect_to_do(&report, &context, expected);
}

static void a_name_is_offered_as_the_setting_takes_it(void **state)
{
	static const struct {
		const char *presented, *name;
	} rows[] = {
		{"DNS:a.example, URI:sip:b.example", "a.example"},
		{"URI:sip:b.example;transport=tls", "b.example"},
		{"IP:192.0.2.1", "192.0.2.1"},
		{"CN:c.example", "c.example"},
	};
	struct explain_report report = refused(PEER_NAME);
	char expected[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strcpy(report.verdict.presented, rows[i].presented);
		snprintf(expected, sizeof(expected),
			"if that is the right far end, set host = %s (or names = %s) in "
			"[gateway] of /etc/tandem/gateways.d/a.conf and run `tandemctl "
			"config reload`; else have the certificate issued for "
			"sbc.example",
			rows[i].name, rows[i].name);
		expect_to_do(&report, &context, expected);
	}
	report.verdict.presented[0] = '\0';
	expect_to_do(&report, &context, "have the certificate issued for sbc.example");
}

static void a_stale_list_is_named_by_its_file(void **state)
{
	struct explain_report report = refused(PEER_CRL_STALE);
	struct explain_context without = context;

	(void)state;
	without.crl = "";
	expect_to_do(&report, &context,
		"fetch the current list of the issuer (`openssl crl -noout -issuer "
		"-nextupdate -in FILE`), put it into /etc/tandem/a.crl and run "
		"`tandemctl config reload`");
	expect_to_do(&report, &without,
		"fetch the current list of the issuer (`openssl crl -noout -issuer "
		"-nextupdate -in FILE`), put it into the file that crl names and run "
		"`tandemctl config reload`");
}

/* What is a matter of a setting says where that is; the rest is the far end's to mend. */
static void settings_are_told_with_their_place(void **state)
{
	static const enum peer_rule settings[] = {
		PEER_STAPLE, PEER_PIN, PEER_NOT_ASKED, PEER_VERSION, PEER_CIPHER};
	static const enum peer_rule theirs[] = {PEER_NO_CERTIFICATE, PEER_UNREADABLE,
		PEER_EXPIRED, PEER_NOT_YET, PEER_REVOKED, PEER_WEAK, PEER_PURPOSE,
		PEER_CONSTRAINT};
	struct explain_report report;
	char expected[512];

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		report = refused(settings[i]);
		snprintf(expected, sizeof(expected),
			"%s ([gateway] of /etc/tandem/gateways.d/a.conf)",
			explain_fix(settings[i]));
		expect_to_do(&report, &context, expected);
	}
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		report = refused(theirs[i]);
		expect_to_do(&report, &context, explain_fix(theirs[i]));
	}
	assert_string_equal(explain_fix(PEER_OK), "");
	/* No two rules are mended by the same. */
	for (int a = 1; a < PEER_RULES; a++) {
		assert_true(strlen(explain_fix((enum peer_rule)a)) > 20);
		/* a call's reason has it whole, behind its rule */
		assert_true(strlen("tls refused by=us rule=not-configured... do=\"\"") +
				    strlen(explain_fix((enum peer_rule)a)) <
			    ERR_REASON_SIZE);
		for (int b = 1; b < a; b++)
			assert_string_not_equal(explain_fix((enum peer_rule)a),
				explain_fix((enum peer_rule)b));
	}
}

static void their_alert_says_what_is_wrong_with_ours(void **state)
{
	static const struct {
		int alert;
		const char *words, *advice;
	} rows[] = {
		{GNUTLS_A_UNKNOWN_CA, "unknown_ca", "does not trust our issuer"},
		{GNUTLS_A_BAD_CERTIFICATE, "bad_certificate", "whether it trusts our CA"},
		{GNUTLS_A_CERTIFICATE_REQUIRED, "certificate_required",
			"took none of ours"},
		{GNUTLS_A_CERTIFICATE_EXPIRED, "certificate_expired", "out of date"},
		{GNUTLS_A_CERTIFICATE_REVOKED, "certificate_revoked", "is revoked"},
		{ALERT_BAD_STATUS_RESPONSE, "bad_certificate_status_response",
			"OCSP response"},
		{GNUTLS_A_ACCESS_DENIED, "access_denied", "the name in our certificate"},
		{GNUTLS_A_PROTOCOL_VERSION, "protocol_version", "no TLS version"},
		{GNUTLS_A_HANDSHAKE_FAILURE, "handshake_failure", "no cipher"},
		{GNUTLS_A_INSUFFICIENT_SECURITY, "insufficient_security", "no cipher"},
		{GNUTLS_A_INTERNAL_ERROR, "internal_error", "refused us"},
		{199, "199", "refused us"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct explain_report report = refused_by_them(rows[i].alert);
		char words[128];
		struct buf out;

		buf_init(&out, 0);
		explain_words(&report, &out);
		snprintf(words, sizeof(words), "tls refused by=them alert=\"%s\"",
			rows[i].words);
		assert_string_equal(buf_str(&out), words);
		buf_clear(&out);
		explain_what_to_do(&report, &context, &out);
		assert_non_null(strstr(buf_str(&out), rows[i].advice));
		assert_non_null(strstr(buf_str(&out),
			"; what we present is /etc/tandem/us.pem (`openssl x509 -noout "
			"-subject -issuer -dates -in /etc/tandem/us.pem`)"));
		buf_free(&out);
	}
}

static void what_we_present_is_told_where_it_is_known(void **state)
{
	struct explain_report report = refused_by_them(GNUTLS_A_CERTIFICATE_REVOKED);
	struct explain_context without = context;

	(void)state;
	without.certificate = "";
	expect_to_do(
		&report, &without, "our certificate is revoked: have a new one issued");
}

static void a_broken_handshake_is_told_by_whose_fault_it_may_be(void **state)
{
	struct explain_report report = {.fault = CHANNEL_BROKEN, .code = ERR_LIBRARY};

	(void)state;
	strcpy(report.error, "a packet with illegal parameters");
	strcpy(report.server_name, "med1.example.test");
	expect_words(&report, "tls failed error=\"a packet with illegal parameters\" "
			      "sni=med1.example.test");
	expect_to_do(&report, &context,
		"check the port, and that the far end speaks TLS there, in a version "
		"and with a cipher that are allowed");
	report.code = -1;
	expect_to_do(&report, &context, "the far end gave no reason: look at its log");
	report.fault = CHANNEL_FINE;
	expect_words(&report, "");
	expect_to_do(&report, &context, "");
}

/* key=value, quoted where a value could end the word; what is not known is left out. */
static void a_refusal_is_one_line_of_words(void **state)
{
	struct explain_report report = refused(PEER_NAME);

	(void)state;
	strcpy(report.verdict.expected, "a.example");
	strcpy(report.verdict.presented, "DNS:b.example, DNS:c.example");
	strcpy(report.verdict.claims, "server pbx1");
	strcpy(report.verdict.issuer, "CN=x");
	strcpy(report.verdict.issuer_id, "sha256:AB:CD");
	strcpy(report.verdict.detail, "self-signed");
	expect_words(&report,
		"tls refused by=us rule=name expected=a.example "
		"presented=\"DNS:b.example, DNS:c.example\" claims=\"server pbx1\" "
		"issuer=\"CN=x\" issuer-id=sha256:AB:CD detail=self-signed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_issuer_is_named_with_where_it_goes),
		cmocka_unit_test(a_name_is_offered_as_the_setting_takes_it),
		cmocka_unit_test(a_stale_list_is_named_by_its_file),
		cmocka_unit_test(settings_are_told_with_their_place),
		cmocka_unit_test(their_alert_says_what_is_wrong_with_ours),
		cmocka_unit_test(what_we_present_is_told_where_it_is_known),
		cmocka_unit_test(a_broken_handshake_is_told_by_whose_fault_it_may_be),
		cmocka_unit_test(a_refusal_is_one_line_of_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
