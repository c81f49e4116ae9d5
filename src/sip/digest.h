/*
 * Digest authentication: challenges are read, one is chosen, and answered; what others answer is read and
 * compared. RFC 7616, RFC 8760, RFC 3261 22, and RFC 2617 and 2069 where they are less. Pure: no clock,
 * no random numbers, no state. Spans borrow from what was read. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "sip/message.h"

enum digest_algorithm {
	DIGEST_MD5,
	DIGEST_MD5_SESS,
	DIGEST_SHA_256,
	DIGEST_SHA_256_SESS,
	DIGEST_SHA_512_256,
	DIGEST_SHA_512_256_SESS,
	DIGEST_ALGORITHMS,
};

/* A set of algorithms has a bit for each. */
#define DIGEST_BIT(algorithm) (1u << (algorithm))
#define DIGEST_WEAK (DIGEST_BIT(DIGEST_MD5) | DIGEST_BIT(DIGEST_MD5_SESS))
#define DIGEST_STRONG (DIGEST_BIT(DIGEST_ALGORITHMS) - 1u - DIGEST_WEAK)

enum digest_qop {
	DIGEST_QOP_NONE, /* RFC 2069 */
	DIGEST_QOP_AUTH,
	DIGEST_QOP_AUTH_INT,
};

/* Longer values are no value, but a mistake. */
#define DIGEST_MAX_VALUE 512
/* So many challenges of one response are read, and realms of it answered. */
#define DIGEST_MAX_CHALLENGES 8
#define DIGEST_MAX_REALMS 4
/* A response in small hex digits, with a NUL. */
#define DIGEST_RESPONSE_SIZE 65

/* "SHA-512-256-sess", as it stands in headers. */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
bool digest_is_sess(enum digest_algorithm algorithm);

/* ---- challenges ---- */

/* Texts are what is between the quotes, with their escapes: so they are hashed, and returned. */
struct digest_challenge {
	struct span realm, nonce, opaque; /* OPAQUE without bytes and p NULL: none */
	enum digest_algorithm algorithm;
	bool algorithm_named; /* else it is MD5 by default, and is not named in answers */
	unsigned qops;        /* a bit for each enum digest_qop */
	bool stale, userhash;
	bool proxy; /* of a 407's header: answered by Proxy-Authorization */
};

/*
 * Takes the next challenge off the front of LINE, the value of a WWW- or Proxy-Authenticate header.
 * 0; -ENOENT: LINE is spent; ERR_FORMAT or ERR_LIMIT: no challenge, and nothing behind it can be read
 * (LINE is spent); ERR_SUPPORT: another scheme than Digest, an algorithm or only qops that are unknown.
 */
int digest_challenge_next(struct span *line, struct digest_challenge *ret);

struct digest_challenges {
	struct digest_challenge list[DIGEST_MAX_CHALLENGES];
	unsigned count;
	unsigned unknown; /* that were there and cannot be used, whatever is allowed */
};

/* Those of RESPONSE, a 401 or 407, in their order. */
void digest_challenges_read(
	struct digest_challenges *ret, const struct message *response);

/* What an account allows. */
struct digest_terms {
	unsigned algorithms; /* a set */
	const char *realm;   /* the only one that is answered; NULL or "": any */
	const char *never;   /* our own, in which we demand: not answered; NULL: none */
};

/*
 * Chooses one challenge of each realm of ALL: the first (RFC 8760 2.3) whose algorithm is allowed, but MD5
 * only where nothing better is. One without qop is as weak as MD5, and so answered only where that is
 * allowed. Returns how many there are in RET; 0: none, with *RET_WHY, a few words, static.
 */
unsigned digest_choose(const struct digest_challenges *all,
	const struct digest_terms *terms, struct digest_challenge ret[DIGEST_MAX_REALMS],
	const char **ret_why);
/* REALM, as a challenge has it, is the text PLAIN. */
bool digest_realm_is(struct span realm, const char *plain);

/* ---- answers ---- */

/* What a challenge is answered for, and with. */
struct digest_answer {
	struct span user;   /* without '"', '\\' and control characters */
	struct span secret; /* the password */
	struct span method, uri,
		body; /* of the request; URI byte for byte as its start line has it */
	struct span cnonce; /* without '"' and '\\' */
	uint32_t nc;        /* how often the nonce was used, this time included */
};

/* The qop that CHALLENGE is answered with: auth where it is offered. */
enum digest_qop digest_qop_of(const struct digest_challenge *challenge);
/* Appends the whole line "Authorization: ..." or "Proxy-Authorization: ...". 0; ERR_SUPPORT where
 * hashing_hex() cannot; ERR_FORMAT where user or URI cannot stand there. */
int digest_answer_write(struct buf *out, const struct digest_challenge *challenge,
	const struct digest_answer *answer);

/* ---- what others answer ---- */

/* Values of an Authorization or Proxy-Authorization header; texts as above. */
struct digest_credentials {
	struct span user, realm, nonce, uri, response, cnonce, opaque;
	struct span nc_text; /* eight hex digits; empty without qop */
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	uint32_t nc;
	bool userhash;
};

/* Reads LINE. 0, ERR_FORMAT, ERR_LIMIT or ERR_SUPPORT as digest_challenge_next(). */
int digest_credentials_read(struct digest_credentials *ret, struct span line);
/* Whether CREDENTIALS are those of ANSWER's user and secret, for its method and body: compared in
 * a time that tells nothing. Its URI, cnonce and nc are not used, but those of the credentials. False too
 * where a hash cannot be computed. */
bool digest_credentials_prove(
	const struct digest_credentials *credentials, const struct digest_answer *answer);

/* The nextnonce of an Authentication-Info or Proxy-Authentication-Info header; false: none. */
bool digest_next_nonce(struct span line, struct span *ret);
