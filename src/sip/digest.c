#include "sip/digest_priv.h"

#include "base/err.h"

#include <errno.h>

static const char *const names[DIGEST_ALGORITHMS] = {
	[DIGEST_MD5] = "MD5",
	[DIGEST_MD5_SESS] = "MD5-sess",
	[DIGEST_SHA_256] = "SHA-256",
	[DIGEST_SHA_256_SESS] = "SHA-256-sess",
	[DIGEST_SHA_512_256] = "SHA-512-256",
	[DIGEST_SHA_512_256_SESS] = "SHA-512-256-sess",
};

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return names[algorithm];
}

bool digest_is_sess(enum digest_algorithm algorithm)
{
	return algorithm == DIGEST_MD5_SESS || algorithm == DIGEST_SHA_256_SESS ||
	       algorithm == DIGEST_SHA_512_256_SESS;
}

int digest_algorithm_of(struct span name, enum digest_algorithm *ret)
{
	for (int i = 0; i < DIGEST_ALGORITHMS; i++) {
		if (span_equal_nocase(name, names[i])) {
			*ret = (enum digest_algorithm)i;
			return 0;
		}
	}
	return ERR_SUPPORT;
}

/* ---- reading ---- */

/* ERR_SUPPORT where none is known: to leave it out then would be less than was demanded. */
static int read_qops(struct span list, unsigned *ret)
{
	struct span word;
	unsigned qops = 0;

	if (!list.p) {
		*ret = 1u << DIGEST_QOP_NONE;
		return 0;
	}
	while (span_next(&list, ',', &word)) {
		word = span_trim(word);
		if (span_equal_nocase(word, "auth"))
			qops |= 1u << DIGEST_QOP_AUTH;
		else if (span_equal_nocase(word, "auth-int"))
			qops |= 1u << DIGEST_QOP_AUTH_INT;
	}
	if (!qops)
		return ERR_SUPPORT;
	*ret = qops;
	return 0;
}

/* The parameters of a challenge behind its scheme. */
static int read_challenge(struct span *line, struct digest_challenge *ret)
{
	struct span algorithm = {0}, qop = {0}, stale = {0}, userhash = {0};
	struct digest_challenge challenge = {.algorithm = DIGEST_MD5};
	const struct digest_text texts[] = {
		{"realm", &challenge.realm},
		{"nonce", &challenge.nonce},
		{"opaque", &challenge.opaque},
		{"algorithm", &algorithm},
		{"qop", &qop},
		{"stale", &stale},
		{"userhash", &userhash},
		{NULL, NULL},
	};
	int err = digest_params_read(line, texts);

	if (!err && (!challenge.realm.p || !challenge.nonce.p))
		err = ERR_FORMAT;
	if (err)
		return err;
	challenge.algorithm_named = algorithm.p != NULL;
	challenge.stale = span_equal_nocase(stale, "true");
	challenge.userhash = span_equal_nocase(userhash, "true");
	if (algorithm.p)
		err = digest_algorithm_of(algorithm, &challenge.algorithm);
	if (!err)
		err = read_qops(qop, &challenge.qops);
	if (!err)
		*ret = challenge;
	return err;
}

int digest_challenge_next(struct span *line, struct digest_challenge *ret)
{
	const struct digest_text none[] = {{NULL, NULL}};
	struct span scheme;
	int err;

	*line = span_trim(*line);
	if (line->len == 0)
		return -ENOENT;
	if (!digest_scheme_next(line, &scheme)) {
		err = ERR_FORMAT;
	} else if (span_equal_nocase(scheme, "Digest")) {
		err = read_challenge(line, ret);
	} else {
		err = digest_params_read(line, none);
		if (!err)
			err = ERR_SUPPORT;
	}
	if (err && err != ERR_SUPPORT)
		*line = (struct span){0};
	return err;
}

static void read_lines(struct digest_challenges *ret, const struct message *response,
	const char *header, bool proxy)
{
	struct digest_challenge challenge;
	struct span line;
	int err;

	for (unsigned nth = 0; message_line(response, header, nth, &line); nth++) {
		while ((err = digest_challenge_next(&line, &challenge)) != -ENOENT) {
			if (err || ret->count == DIGEST_MAX_CHALLENGES) {
				ret->unknown++;
				continue;
			}
			challenge.proxy = proxy;
			ret->list[ret->count++] = challenge;
		}
	}
}

void digest_challenges_read(struct digest_challenges *ret, const struct message *response)
{
	*ret = (struct digest_challenges){.count = 0};
	read_lines(ret, response, "WWW-Authenticate", false);
	read_lines(ret, response, "Proxy-Authenticate", true);
}

/* ---- choosing ---- */

bool digest_realm_is(struct span realm, const char *plain)
{
	for (size_t i = 0; i < realm.len; i++, plain++) {
		if (realm.p[i] == '\\')
			i++;
		if (i == realm.len || *plain != realm.p[i])
			return false;
	}
	return *plain == '\0';
}

static bool is_weak(const struct digest_challenge *challenge)
{
	return (DIGEST_BIT(challenge->algorithm) & DIGEST_WEAK) ||
	       challenge->qops == 1u << DIGEST_QOP_NONE;
}

/* Why CHALLENGE is not answered; NULL: it may be. */
static const char *obstacle(
	const struct digest_challenge *challenge, const struct digest_terms *terms)
{
	if (terms->never && digest_realm_is(challenge->realm, terms->never))
		return "our own realm, as if a challenge of ours came back";
	if (terms->realm && terms->realm[0] &&
		!digest_realm_is(challenge->realm, terms->realm))
		return "another realm than auth-realm";
	if (!(DIGEST_BIT(challenge->algorithm) & terms->algorithms))
		return "an algorithm that auth-algorithms does not allow";
	if (challenge->qops == 1u << DIGEST_QOP_NONE &&
		!(terms->algorithms & DIGEST_WEAK))
		return "no qop, which is as weak as MD5, and auth-algorithms does not "
		       "allow that";
	return NULL;
}

static struct digest_challenge *same_realm(struct digest_challenge *list, unsigned count,
	const struct digest_challenge *challenge)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].proxy == challenge->proxy &&
			span_equal(list[i].realm, challenge->realm))
			return &list[i];
	return NULL;
}

unsigned digest_choose(const struct digest_challenges *all,
	const struct digest_terms *terms, struct digest_challenge ret[DIGEST_MAX_REALMS],
	const char **ret_why)
{
	const char *why = all->unknown ? "nothing but an unknown scheme, algorithm or qop"
				       : "no challenge";
	unsigned count = 0;

	for (unsigned i = 0; i < all->count; i++) {
		const struct digest_challenge *challenge = &all->list[i];
		const char *reason = obstacle(challenge, terms);
		struct digest_challenge *chosen = same_realm(ret, count, challenge);

		if (reason)
			why = reason;
		else if (chosen && is_weak(chosen) && !is_weak(challenge))
			*chosen = *challenge;
		else if (!chosen && count < DIGEST_MAX_REALMS)
			ret[count++] = *challenge;
	}
	if (count == 0)
		*ret_why = why;
	return count;
}
