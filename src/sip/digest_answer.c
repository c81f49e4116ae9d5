/* What a challenge is answered with, and what an answer is worth: RFC 7616 3.4 and 3.5. */
#include "sip/digest_priv.h"

#include "base/err.h"
#include "tls/hashing.h"

#include <stdlib.h>

/* The most parts that are hashed together, without the colons between them. */
#define MAX_PARTS 6

/* What a response is made of, of whatever end. */
struct sum {
	enum digest_algorithm algorithm;
	enum digest_qop qop;
	struct span user, realm, secret, nonce, cnonce, nc, method, uri, body;
};

static enum hashing_kind kind_of(enum digest_algorithm algorithm)
{
	static const enum hashing_kind kinds[DIGEST_ALGORITHMS] = {
		[DIGEST_MD5] = HASHING_MD5,
		[DIGEST_MD5_SESS] = HASHING_MD5,
		[DIGEST_SHA_256] = HASHING_SHA_256,
		[DIGEST_SHA_256_SESS] = HASHING_SHA_256,
		[DIGEST_SHA_512_256] = HASHING_SHA_512_256,
		[DIGEST_SHA_512_256_SESS] = HASHING_SHA_512_256,
	};

	return kinds[algorithm];
}

/* H() of COUNT parts with a colon between each two. */
static int hash_joined(enum digest_algorithm algorithm, const struct span *parts,
	unsigned count, char ret[static HASHING_HEX_SIZE])
{
	struct span all[2 * MAX_PARTS];
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		if (i)
			all[n++] = span_of(":");
		all[n++] = parts[i];
	}
	return hashing_hex(kind_of(algorithm), all, n, ret);
}

/* RFC 7616 3.4.2 */
static int hash_a1(const struct sum *sum, char ret[static HASHING_HEX_SIZE])
{
	const struct span plain[] = {sum->user, sum->realm, sum->secret};
	int err = hash_joined(sum->algorithm, plain, 3, ret);

	if (!err && digest_is_sess(sum->algorithm)) {
		const struct span sess[] = {span_of(ret), sum->nonce, sum->cnonce};

		err = hash_joined(sum->algorithm, sess, 3, ret);
	}
	return err;
}

/* RFC 7616 3.4.3 */
static int hash_a2(const struct sum *sum, char ret[static HASHING_HEX_SIZE])
{
	struct span parts[] = {sum->method, sum->uri, {0}};
	char body[HASHING_HEX_SIZE];
	int err;

	if (sum->qop != DIGEST_QOP_AUTH_INT)
		return hash_joined(sum->algorithm, parts, 2, ret);
	err = hash_joined(sum->algorithm, &sum->body, 1, body);
	parts[2] = span_of(body);
	return err ? err : hash_joined(sum->algorithm, parts, 3, ret);
}

static const char *qop_name(enum digest_qop qop)
{
	return qop == DIGEST_QOP_AUTH_INT ? "auth-int" : "auth";
}

/* RFC 7616 3.4.1; without qop RFC 2617 3.2.2.1 */
static int compute(const struct sum *sum, char ret[static HASHING_HEX_SIZE])
{
	char a1[HASHING_HEX_SIZE], a2[HASHING_HEX_SIZE];
	const struct span qop = span_of(qop_name(sum->qop));
	int err = hash_a1(sum, a1);

	if (!err)
		err = hash_a2(sum, a2);
	if (!err && sum->qop == DIGEST_QOP_NONE)
		err = hash_joined(sum->algorithm,
			(struct span[]){span_of(a1), sum->nonce, span_of(a2)}, 3, ret);
	else if (!err)
		err = hash_joined(sum->algorithm,
			(struct span[]){span_of(a1), sum->nonce, sum->nc, sum->cnonce,
				qop, span_of(a2)},
			6, ret);
	secret_wipe_bytes(a1, sizeof(a1));
	return err;
}

/* ---- as client ---- */

enum digest_qop digest_qop_of(const struct digest_challenge *challenge)
{
	if (challenge->qops & 1u << DIGEST_QOP_AUTH)
		return DIGEST_QOP_AUTH;
	return challenge->qops & 1u << DIGEST_QOP_AUTH_INT ? DIGEST_QOP_AUTH_INT
							   : DIGEST_QOP_NONE;
}

static bool may_be_quoted(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.p[i];

		if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static void add_quoted(struct buf *out, const char *name, struct span value)
{
	buf_add_str(out, name);
	buf_add_str(out, "=\"");
	buf_add_span(out, value);
	buf_add_str(out, "\"");
}

/* H(user:realm) where the challenge wants that (RFC 7616 3.4.4). */
static int hash_user(enum digest_algorithm algorithm, struct span user, struct span realm,
	char ret[static HASHING_HEX_SIZE])
{
	return hash_joined(algorithm, (struct span[]){user, realm}, 2, ret);
}

static void write_line(struct buf *out, const struct digest_challenge *challenge,
	const struct sum *sum, struct span user, const char *response)
{
	buf_add_str(out, challenge->proxy ? "Proxy-Authorization: Digest "
					  : "Authorization: Digest ");
	add_quoted(out, "username", user);
	add_quoted(out, ", realm", challenge->realm);
	add_quoted(out, ", nonce", challenge->nonce);
	add_quoted(out, ", uri", sum->uri);
	add_quoted(out, ", response", span_of(response));
	if (challenge->algorithm_named)
		buf_printf(out, ", algorithm=%s",
			digest_algorithm_name(challenge->algorithm));
	if (sum->qop != DIGEST_QOP_NONE || digest_is_sess(sum->algorithm))
		add_quoted(out, ", cnonce", sum->cnonce);
	if (challenge->opaque.p)
		add_quoted(out, ", opaque", challenge->opaque);
	if (sum->qop != DIGEST_QOP_NONE)
		buf_printf(
			out, ", qop=%s, nc=%.*s", qop_name(sum->qop), SPAN_ARG(sum->nc));
	if (challenge->userhash)
		buf_add_str(out, ", userhash=true");
	buf_add_str(out, "\r\n");
}

int digest_answer_write(struct buf *out, const struct digest_challenge *challenge,
	const struct digest_answer *answer)
{
	char response[HASHING_HEX_SIZE], user[HASHING_HEX_SIZE], nc[9];
	struct sum sum = {.algorithm = challenge->algorithm,
		.qop = digest_qop_of(challenge),
		.user = answer->user,
		.realm = challenge->realm,
		.secret = answer->secret,
		.nonce = challenge->nonce,
		.cnonce = answer->cnonce,
		.method = answer->method,
		.uri = answer->uri,
		.body = answer->body};
	int err;

	if (!may_be_quoted(answer->user) || !may_be_quoted(answer->uri) ||
		!may_be_quoted(answer->cnonce))
		return ERR_FORMAT;
	for (unsigned i = 0; i < 8; i++)
		nc[i] = "0123456789abcdef"[answer->nc >> (28 - 4 * i) & 15];
	nc[8] = '\0';
	sum.nc = span_of(nc);
	err = compute(&sum, response);
	if (!err && challenge->userhash)
		err = hash_user(
			challenge->algorithm, answer->user, challenge->realm, user);
	if (err)
		return err;
	write_line(out, challenge, &sum,
		challenge->userhash ? span_of(user) : answer->user, response);
	return out->err;
}

/* ---- as server ---- */

static int read_nc(struct span text, uint32_t *ret)
{
	uint32_t nc = 0;

	if (text.len != 8)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		const char c = (char)(text.p[i] | 0x20);

		if (text.p[i] >= '0' && text.p[i] <= '9')
			nc = nc << 4 | (uint32_t)(text.p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			nc = nc << 4 | (uint32_t)(c - 'a' + 10);
		else
			return ERR_FORMAT;
	}
	*ret = nc;
	return 0;
}

/* Whether what goes with QOP, and only that, is there. */
static int read_qop(struct span qop, struct digest_credentials *credentials)
{
	if (!qop.p) {
		credentials->qop = DIGEST_QOP_NONE;
		return credentials->nc_text.p ? ERR_FORMAT : 0;
	}
	if (!credentials->cnonce.p)
		return ERR_FORMAT;
	if (span_equal_nocase(qop, "auth"))
		credentials->qop = DIGEST_QOP_AUTH;
	else if (span_equal_nocase(qop, "auth-int"))
		credentials->qop = DIGEST_QOP_AUTH_INT;
	else
		return ERR_SUPPORT;
	return read_nc(credentials->nc_text, &credentials->nc);
}

int digest_credentials_read(struct digest_credentials *ret, struct span line)
{
	struct digest_credentials c = {.algorithm = DIGEST_MD5};
	struct span algorithm = {0}, qop = {0}, userhash = {0}, scheme;
	const struct digest_text texts[] = {
		{"username", &c.user},
		{"realm", &c.realm},
		{"nonce", &c.nonce},
		{"uri", &c.uri},
		{"response", &c.response},
		{"cnonce", &c.cnonce},
		{"opaque", &c.opaque},
		{"nc", &c.nc_text},
		{"algorithm", &algorithm},
		{"qop", &qop},
		{"userhash", &userhash},
		{NULL, NULL},
	};
	int err;

	if (!digest_scheme_next(&line, &scheme))
		return ERR_FORMAT;
	if (!span_equal_nocase(scheme, "Digest"))
		return ERR_SUPPORT;
	err = digest_params_read(&line, texts);
	if (!err && (line.len || !c.user.p || !c.realm.p || !c.nonce.p || !c.uri.p ||
			    !c.response.p))
		err = ERR_FORMAT;
	if (!err && algorithm.p)
		err = digest_algorithm_of(algorithm, &c.algorithm);
	if (!err)
		err = read_qop(qop, &c);
	if (!err && digest_is_sess(c.algorithm) && !c.cnonce.p)
		err = ERR_FORMAT;
	c.userhash = span_equal_nocase(userhash, "true");
	if (!err)
		*ret = c;
	return err;
}

bool digest_credentials_prove(
	const struct digest_credentials *credentials, const struct digest_answer *answer)
{
	char expected[HASHING_HEX_SIZE], user[HASHING_HEX_SIZE];
	const struct sum sum = {.algorithm = credentials->algorithm,
		.qop = credentials->qop,
		.user = answer->user,
		.realm = credentials->realm,
		.secret = answer->secret,
		.nonce = credentials->nonce,
		.cnonce = credentials->cnonce,
		.nc = credentials->nc_text,
		.method = answer->method,
		.uri = credentials->uri,
		.body = answer->body};
	struct span who = answer->user;
	bool named, proved;

	if (compute(&sum, expected))
		return false;
	if (credentials->userhash) {
		if (hash_user(credentials->algorithm, answer->user, credentials->realm,
			    user))
			return false;
		who = span_of(user);
	}
	/* both are looked at, so that a wrong user takes the time of a wrong secret */
	named = hashing_same(credentials->user, who);
	proved = hashing_same(credentials->response, span_of(expected));
	return named && proved;
}

/* ---- what follows ---- */

bool digest_next_nonce(struct span line, struct span *ret)
{
	struct span nonce = {0};
	const struct digest_text texts[] = {{"nextnonce", &nonce}, {NULL, NULL}};

	if (digest_params_read(&line, texts) || line.len || nonce.len == 0)
		return false;
	*ret = nonce;
	return true;
}
