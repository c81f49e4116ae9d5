#include "tls/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIORITIES_SIZE 1024
#define VERSIONS 4
#define CIPHERS 3

/*
 * Everything is named, so that a new release of the library adds nothing by itself.
 *
 * - AES-256-GCM first: on a 1 kB record it costs 0.05 us more than AES-128-GCM, which no
 *   call notices, and the audits of enterprises ask for it. ChaCha20 last: with AES in
 *   the processor it is 10 times slower.
 * - The library goes by key exchange, then cipher, then MAC: of the wider lists CBC is
 *   taken where there is no AEAD, and RSA key exchange where there is no ECDHE.
 * - Groups and signatures give 128 bits or more; RSA only with PSS or SHA-2. P-256 comes
 *   before X25519 because the certificates use it anyway and FIPS knows it. Before TLS 1.2
 *   signatures are SHA-1 by definition and not negotiated: no name here allows them in 1.2.
 * - %SAFE_RENEGOTIATION refuses TLS 1.2 peers without RFC 5746.
 */
static const char *const version_words[VERSIONS] = {
	":+VERS-TLS1.0", ":+VERS-TLS1.1", ":+VERS-TLS1.2", ":+VERS-TLS1.3"};

#define CBC_WORDS ":+AES-256-CBC:+AES-128-CBC:+SHA256:+SHA384:+SHA1"
static const char *const cipher_words[CIPHERS] = {"", CBC_WORDS, CBC_WORDS};
static const char *const exchange_words[CIPHERS] = {"", "", ":+RSA"};

#define APPROVED_SIGNATURES                                                              \
	":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384"                     \
	":+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384"            \
	":+SIGN-ECDSA-SHA512"                                                            \
	":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512" \
	":+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512"                \
	":+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512"

/* What differs where FIPS 140 is required: SP 800-52, SP 800-186, FIPS 186-5. */
struct palette {
	const char *aead;
	const char *groups;
	const char *signatures;
};

static const struct palette palette_open = {
	":+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305",
	":+GROUP-SECP256R1:+GROUP-X25519:+GROUP-SECP384R1:+GROUP-SECP521R1",
	APPROVED_SIGNATURES ":+SIGN-EDDSA-ED25519:+SIGN-EDDSA-ED448",
};
static const struct palette palette_approved = {
	":+AES-256-GCM:+AES-128-GCM",
	":+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1",
	APPROVED_SIGNATURES,
};

/* RO after start. */
static gnutls_priority_t policy_parsed[VERSIONS][CIPHERS];
static bool policy_restricted;

static unsigned version_index(enum policy_version version)
{
	return (unsigned)(version - POLICY_TLS_1_0);
}

static void compose(char *out, const struct palette *palette, enum policy_version min,
	enum policy_ciphers ciphers)
{
	char versions[80] = "";
	size_t len = 0;

	for (unsigned i = VERSIONS; i-- > version_index(min);)
		len += (size_t)snprintf(
			versions + len, sizeof(versions) - len, "%s", version_words[i]);
	snprintf(out, PRIORITIES_SIZE,
		"NONE%s%s%s:+AEAD:+ECDHE-ECDSA:+ECDHE-RSA%s%s%s:+CTYPE-X509:+COMP-NULL"
		":%%SERVER_PRECEDENCE:%%SAFE_RENEGOTIATION",
		versions, palette->aead, cipher_words[ciphers], exchange_words[ciphers],
		palette->groups, palette->signatures);
}

static void forget_priorities(void)
{
	for (unsigned i = 0; i < VERSIONS * CIPHERS; i++) {
		gnutls_priority_t *at = &policy_parsed[i / CIPHERS][i % CIPHERS];

		gnutls_priority_deinit(*at);
		*at = NULL;
	}
}

/* Of terms that have nothing to offer below TLS 1.2, or must not, the rule is left. */
static void bound(struct policy_terms *terms)
{
	if (policy_restricted)
		terms->ciphers = POLICY_MODERN;
	if (terms->ciphers == POLICY_MODERN && terms->min < POLICY_TLS_1_2)
		terms->min = POLICY_TLS_1_2;
}

static int parse_priorities(struct err_text *text)
{
	const struct palette *palette =
		policy_restricted ? &palette_approved : &palette_open;
	char words[PRIORITIES_SIZE];

	for (unsigned i = 0; i < VERSIONS * CIPHERS; i++) {
		struct policy_terms terms = {
			.min = POLICY_TLS_1_0 + (int)(i / CIPHERS),
			.ciphers = i % CIPHERS,
		};
		const char *mistake = words;
		int ret;

		bound(&terms);
		compose(words, palette, terms.min, terms.ciphers);
		ret = gnutls_priority_init(
			&policy_parsed[i / CIPHERS][i % CIPHERS], words, &mistake);
		if (ret < 0) {
			policy_parsed[i / CIPHERS][i % CIPHERS] = NULL;
			return err_set(text, ERR_LIBRARY,
				"GnuTLS refuses our TLS policy: %s at \"%s\"",
				gnutls_strerror(ret), mistake);
		}
	}
	return 0;
}

int policy_start(struct err_text *text)
{
	int ret;

	/* The library would write every session's secrets to the file that this names. */
	unsetenv("SSLKEYLOGFILE");
	ret = gnutls_global_init();
	if (ret < 0)
		return err_set(text, ERR_LIBRARY, "GnuTLS does not start: %s",
			gnutls_strerror(ret));
	policy_restricted = false;
	ret = parse_priorities(text);
	if (ret < 0) {
		forget_priorities();
		gnutls_global_deinit();
	}
	return ret;
}

void policy_stop(void)
{
	forget_priorities();
	gnutls_global_deinit();
}

bool policy_fips_active(void)
{
	return gnutls_fips140_mode_enabled() != 0;
}

int policy_fips_check(struct err_text *text)
{
	if (policy_fips_active())
		return 0;
	return err_set(text, ERR_SUPPORT,
		"fips = required, but this system's GnuTLS is not in FIPS 140 mode: use "
		"a "
		"system whose GnuTLS is built and validated for it, switch the mode on "
		"there (kernel option fips=1), or set fips = off");
}

int policy_restrict(struct err_text *text)
{
	int err;

	forget_priorities();
	policy_restricted = true;
	err = parse_priorities(text);
	if (err < 0)
		forget_priorities();
	return err;
}

int policy_session(gnutls_session_t *ret, bool accept, const struct policy_terms *terms)
{
	/*
	 * - No tickets, neither sent nor asked for: a resumed session skips the judgement.
	 * - Our certificate is sent whatever issuers the far end names: a peer that wants
	 *   another one must say so by refusing it, not by getting none.
	 * - One key share: each costs a scalar multiplication, and all peers know P-256.
	 * - No extension that only the library wants. An OCSP response is asked for: one that
	 *   was not demanded may still say that the certificate is revoked.
	 */
	unsigned flags = (accept ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK |
			 GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS |
			 GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_FORCE_CLIENT_CERT |
			 GNUTLS_KEY_SHARE_TOP | GNUTLS_NO_EXTENSIONS;
	gnutls_session_t session;

	if (gnutls_init(&session, flags) < 0)
		return ERR_LIBRARY;
	if (policy_apply(session, terms) < 0 ||
		(!accept && gnutls_ocsp_status_request_enable_client(
				    session, NULL, 0, NULL) < 0)) {
		gnutls_deinit(session);
		return ERR_LIBRARY;
	}
	if (accept)
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	*ret = session;
	return 0;
}

int policy_apply(gnutls_session_t session, const struct policy_terms *terms)
{
	struct policy_terms own = {0};
	gnutls_priority_t priority;

	if (terms)
		own = *terms;
	if (own.min < POLICY_TLS_1_0 || own.min > POLICY_TLS_1_3 ||
		own.ciphers > POLICY_LEGACY)
		return ERR_LIBRARY;
	priority = policy_parsed[version_index(own.min)][own.ciphers];
	if (!priority || gnutls_priority_set(session, priority) < 0)
		return ERR_LIBRARY;
	gnutls_handshake_set_max_packet_length(session, POLICY_HANDSHAKE_BYTES);
	return 0;
}

struct policy_terms policy_widest(struct policy_terms a, struct policy_terms b)
{
	return (struct policy_terms){
		.min = a.min < b.min ? a.min : b.min,
		.ciphers = a.ciphers > b.ciphers ? a.ciphers : b.ciphers,
	};
}

bool policy_is_exception(const struct policy_terms *terms)
{
	return terms->min < POLICY_TLS_1_2 || terms->ciphers > POLICY_MODERN;
}

/* --- what was agreed --- */

static enum policy_version version_of(gnutls_protocol_t version)
{
	switch (version) {
	case GNUTLS_TLS1_0:
		return POLICY_TLS_1_0;
	case GNUTLS_TLS1_1:
		return POLICY_TLS_1_1;
	case GNUTLS_TLS1_2:
		return POLICY_TLS_1_2;
	case GNUTLS_TLS1_3:
		return POLICY_TLS_1_3;
	default:
		return POLICY_TLS_OLDER;
	}
}

/* What is not named here is never allowed, though the priorities should have kept it out.
 * Numbers and names of the IANA registry. */
static const struct {
	uint16_t number;
	const char *name;
	enum policy_ciphers ciphers;
} suites[] = {
	{0x1302, "TLS_AES_256_GCM_SHA384", POLICY_MODERN},
	{0x1301, "TLS_AES_128_GCM_SHA256", POLICY_MODERN},
	{0x1303, "TLS_CHACHA20_POLY1305_SHA256", POLICY_MODERN},
	{0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", POLICY_MODERN},
	{0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", POLICY_MODERN},
	{0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", POLICY_MODERN},
	{0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", POLICY_MODERN},
	{0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", POLICY_MODERN},
	{0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", POLICY_MODERN},
	{0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", POLICY_COMPATIBLE},
	{0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", POLICY_COMPATIBLE},
	{0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", POLICY_COMPATIBLE},
	{0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", POLICY_COMPATIBLE},
	{0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", POLICY_COMPATIBLE},
	{0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", POLICY_COMPATIBLE},
	{0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", POLICY_COMPATIBLE},
	{0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", POLICY_COMPATIBLE},
	{0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", POLICY_LEGACY},
	{0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", POLICY_LEGACY},
	{0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", POLICY_LEGACY},
	{0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", POLICY_LEGACY},
	{0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", POLICY_LEGACY},
	{0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", POLICY_LEGACY},
};

void policy_read(gnutls_session_t session, uint16_t suite, struct policy_agreed *ret)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(session);
	const char *version_name = gnutls_protocol_get_name(version);

	ret->version = version_of(version);
	ret->version_name = version_name ? version_name : "unknown";
	ret->ciphers = POLICY_NEVER;
	ret->suite = "unknown";
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].number != suite)
			continue;
		ret->ciphers = suites[i].ciphers;
		ret->suite = suites[i].name;
	}
}

uint16_t policy_suite(const unsigned char *hello, size_t len)
{
	size_t at = 2 + 32; /* version, random */

	if (len <= at || hello[at] > 32 || len < at + 1 + hello[at] + 2)
		return 0;
	at += 1 + (size_t)hello[at]; /* session id */
	return (uint16_t)(hello[at] << 8 | hello[at + 1]);
}

bool policy_allows_version(
	const struct policy_terms *terms, const struct policy_agreed *agreed)
{
	return agreed->version >= POLICY_TLS_1_0 && agreed->version >= terms->min;
}

bool policy_allows_cipher(
	const struct policy_terms *terms, const struct policy_agreed *agreed)
{
	return agreed->ciphers < POLICY_NEVER && agreed->ciphers <= terms->ciphers;
}

const char *policy_version_name(enum policy_version version)
{
	static const char *const names[VERSIONS] = {
		"TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"};

	return version < POLICY_TLS_1_0 ? "older" : names[version_index(version)];
}

const char *policy_ciphers_name(enum policy_ciphers ciphers)
{
	static const char *const names[] = {"modern", "compatible", "legacy", "never"};

	return names[ciphers];
}

const char *policy_versions_text(const struct policy_terms *terms, char *out, size_t size)
{
	static const char *const texts[VERSIONS] = {"ours are TLS 1.3, 1.2, 1.1 and 1.0",
		"ours are TLS 1.3, 1.2 and 1.1", "ours are TLS 1.3 and 1.2",
		"ours is TLS 1.3"};
	struct policy_terms own = *terms;

	bound(&own);
	snprintf(out, size, "%s", texts[version_index(own.min)]);
	return out;
}

const char *policy_ciphers_text(const struct policy_terms *terms, char *out, size_t size)
{
	static const char *const more[CIPHERS] = {
		"", ", or AES-CBC", ", or AES-CBC; or RSA with AES"};
	struct policy_terms own = *terms;

	bound(&own);
	snprintf(out, size, "ours are ECDHE with AES-GCM%s%s",
		policy_restricted ? "" : " or ChaCha20-Poly1305", more[own.ciphers]);
	return out;
}
