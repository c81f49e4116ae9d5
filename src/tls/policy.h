/*
 * Which TLS we speak: 1.3, then 1.2, forward secrecy and AEAD, no resumption, no
 * renegotiation; and what one old gateway may have beside that. One place, so that no
 * session can be made with anything else.
 * Read-only after policy_start() and policy_restrict(), any thread.
 */
#pragma once

#include "base/err.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Certificates in a peer's chain, and bytes in one of its handshake messages. */
#define POLICY_CHAIN_MAX 8
#define POLICY_HANDSHAKE_BYTES ((size_t)32 * 1024)

/* In order. What nobody set is 0, and that is the rule. */
enum policy_version {
	POLICY_TLS_OLDER =
		-3, /* SSL 3.0, or unknown: of what was agreed, never allowed */
	POLICY_TLS_1_0 = -2,
	POLICY_TLS_1_1 = -1,
	POLICY_TLS_1_2 = 0,
	POLICY_TLS_1_3 = 1,
};

/* In order: each holds the one before it. */
enum policy_ciphers {
	POLICY_MODERN,     /* ECDHE with AES-GCM or ChaCha20-Poly1305 */
	POLICY_COMPATIBLE, /* ECDHE with AES-CBC too: all that TLS 1.0 and 1.1 have */
	POLICY_LEGACY,     /* RSA key exchange with AES too: no forward secrecy */
	POLICY_NEVER,      /* any other: of what was agreed, never allowed */
};

/* What one peer may use; zeroed: TLS 1.2 and modern ciphers, the rule for everybody. */
struct policy_terms {
	enum policy_version min;
	enum policy_ciphers ciphers; /* POLICY_LEGACY at most */
};

/* What a handshake came to. */
struct policy_agreed {
	enum policy_version version;
	enum policy_ciphers ciphers;
	const char *version_name; /* "TLS1.2"; static, as the next one */
	const char *suite;        /* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" */
};

/*
 * Initialises GnuTLS, unsets SSLKEYLOGFILE, parses the priorities. 0 or ERR_LIBRARY.
 */
int policy_start(struct err_text *text);
void policy_stop(void);

/*
 * FIPS 140. policy_fips_check(): whether `fips = required` could be kept: 0, or ERR_SUPPORT
 * with a TEXT that says how, when the library is not in that mode. policy_restrict() leaves
 * approved algorithms alone in every session made from then on; at the start, before there
 * is one. 0 or ERR_LIBRARY: then nothing can be used any more.
 */
int policy_fips_check(struct err_text *text);
bool policy_fips_active(void); /* the library is in FIPS 140 mode */
int policy_restrict(struct err_text *text);

/*
 * A session that accepts or connects, with everything below applied: the only way that
 * the rest of Tandem makes one. 0 or ERR_LIBRARY; the caller owns *RET. NULL for TERMS:
 * the rule for everybody.
 */
int policy_session(gnutls_session_t *ret, bool accept, const struct policy_terms *terms);

/* Applies versions, ciphers, signature rules and handshake bounds to a new session. */
int policy_apply(gnutls_session_t session, const struct policy_terms *terms);

/* What both A and B need. */
struct policy_terms policy_widest(struct policy_terms a, struct policy_terms b);
/* Whether TERMS allow less than the rule for everybody: to be shown as an exception. */
bool policy_is_exception(const struct policy_terms *terms);

/*
 * What SESSION agreed on, as soon as its hellos are through; SUITE is policy_suite() of the
 * server's. The library does not tell the cipher before the handshake is over, which is
 * too late to refuse it there.
 */
void policy_read(gnutls_session_t session, uint16_t suite, struct policy_agreed *ret);
/* The cipher suite in the body of a ServerHello (RFC 8446 4.1.3); 0 when it is cut short. */
uint16_t policy_suite(const unsigned char *hello, size_t len);
bool policy_allows_version(
	const struct policy_terms *terms, const struct policy_agreed *agreed);
bool policy_allows_cipher(
	const struct policy_terms *terms, const struct policy_agreed *agreed);

const char *policy_version_name(enum policy_version version); /* "TLS1.2" */
const char *policy_ciphers_name(enum policy_ciphers ciphers); /* "modern" */

/* For a far end that has none of them: "ours are TLS 1.3 and 1.2". Returns OUT. */
const char *policy_versions_text(
	const struct policy_terms *terms, char *out, size_t size);
/* "ours are ECDHE with AES-GCM or ChaCha20-Poly1305". */
const char *policy_ciphers_text(const struct policy_terms *terms, char *out, size_t size);
