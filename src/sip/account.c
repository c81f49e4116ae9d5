#include "sip/account.h"

#include "base/secret.h"
#include "tls/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a cnonce. */
#define CNONCE_BYTES 16

/* One realm's last challenge. Strings are owned. */
struct realm {
	char *name; /* NULL: the place is free */
	char *nonce, *opaque;
	bool has_opaque;
	struct digest_challenge challenge; /* its spans are not set: challenge_of() */
	/* The same with each use of the nonce, since RFC 7616 3.4.2 has the first one in A1 of -sess. */
	char cnonce[2 * CNONCE_BYTES + 1];
	uint32_t count; /* uses of the nonce */
	uint64_t asked; /* when it asked, in the order of asking */
};

struct account {
	unsigned refs;
	char *user, *only, *never;
	char *secret;
	size_t secret_len;
	unsigned algorithms;
	uint64_t asked;
	bool closed;
	struct realm realms[DIGEST_MAX_REALMS];
};

/* ---- its life ---- */

static unsigned computable(unsigned algorithms)
{
	const unsigned fips =
		DIGEST_BIT(DIGEST_SHA_256) | DIGEST_BIT(DIGEST_SHA_256_SESS);

	return policy_fips_active() ? algorithms & fips : algorithms;
}

static const char *text_or_none(const char *text)
{
	return text ? text : "";
}

int account_new(struct account **ret, const struct account_params *params)
{
	struct account *account = calloc(1, sizeof(*account));

	if (!account)
		return -ENOMEM;
	account->refs = 1;
	account->user = strdup(params->user);
	account->only = strdup(text_or_none(params->terms.realm));
	account->never = strdup(text_or_none(params->terms.never));
	account->secret = span_dup(params->secret);
	account->secret_len = account->secret ? params->secret.len : 0;
	account->algorithms = computable(params->terms.algorithms);
	if (!account->user || !account->only || !account->never || !account->secret) {
		account_unref(account);
		return -ENOMEM;
	}
	*ret = account;
	return 0;
}

struct account *account_ref(struct account *account)
{
	account->refs++;
	return account;
}

static void forget(struct realm *realm)
{
	free(realm->name);
	free(realm->nonce);
	free(realm->opaque);
	*realm = (struct realm){.name = NULL};
}

void account_unref(struct account *account)
{
	if (!account || --account->refs)
		return;
	for (unsigned i = 0; i < DIGEST_MAX_REALMS; i++)
		forget(&account->realms[i]);
	free(account->user);
	free(account->only);
	free(account->never);
	secret_free(account->secret, account->secret_len);
	free(account);
}

void account_close(struct account *account)
{
	if (!account)
		return;
	account->closed = true;
	account->algorithms = 0;
	for (unsigned i = 0; i < DIGEST_MAX_REALMS; i++)
		forget(&account->realms[i]);
	secret_wipe_bytes(account->secret, account->secret_len);
	account->secret_len = 0;
}

bool account_is(const struct account *account, const struct account_params *params)
{
	return !account->closed && !strcmp(account->user, params->user) &&
	       !strcmp(account->only, text_or_none(params->terms.realm)) &&
	       !strcmp(account->never, text_or_none(params->terms.never)) &&
	       account->algorithms == computable(params->terms.algorithms) &&
	       span_equal((struct span){account->secret, account->secret_len},
		       params->secret);
}

/* ---- what goes out ---- */

static struct digest_challenge challenge_of(const struct realm *realm)
{
	struct digest_challenge challenge = realm->challenge;

	challenge.realm = span_of(realm->name);
	challenge.nonce = span_of(realm->nonce);
	if (realm->has_opaque)
		challenge.opaque = span_of(realm->opaque);
	return challenge;
}

static void write_realm(const struct account *account, struct realm *realm,
	const struct account_request *request, struct buf *out)
{
	const struct digest_challenge challenge = challenge_of(realm);
	const struct digest_answer answer = {.user = span_of(account->user),
		.secret = {account->secret, account->secret_len},
		.method = request->method,
		.uri = request->uri,
		.body = request->body,
		.cnonce = span_of(realm->cnonce),
		.nc = ++realm->count};

	/* an URI that cannot be quoted is none that a request could have */
	(void)digest_answer_write(out, &challenge, &answer);
	if (realm->count == UINT32_MAX)
		forget(realm);
}

void account_write(
	struct account *account, const struct account_request *request, struct buf *out)
{
	for (unsigned i = 0; i < DIGEST_MAX_REALMS; i++)
		if (account->realms[i].name)
			write_realm(account, &account->realms[i], request, out);
}

/* ---- what comes back ---- */

/* That of CHALLENGE; else a free one, or that which asked longest ago. */
static unsigned place_of(
	const struct account *account, const struct digest_challenge *challenge)
{
	const struct realm *realms = account->realms;
	unsigned place = 0;

	for (unsigned i = 0; i < DIGEST_MAX_REALMS; i++) {
		if (realms[i].name && realms[i].challenge.proxy == challenge->proxy &&
			span_equal_str(challenge->realm, realms[i].name))
			return i;
		if (realms[i].asked < realms[place].asked)
			place = i;
	}
	return place;
}

/* False: no memory. */
static bool take(struct account *account, struct realm *realm,
	const struct digest_challenge *challenge)
{
	const struct realm fresh = {.name = span_dup(challenge->realm),
		.nonce = span_dup(challenge->nonce),
		.opaque = span_dup(challenge->opaque),
		.has_opaque = challenge->opaque.p != NULL,
		.challenge = *challenge,
		.asked = ++account->asked};

	forget(realm);
	*realm = fresh;
	if (!realm->name || !realm->nonce || !realm->opaque) {
		forget(realm);
		return false;
	}
	realm->challenge.realm = realm->challenge.nonce = realm->challenge.opaque =
		(struct span){NULL, 0};
	secret_token(realm->cnonce, CNONCE_BYTES);
	return true;
}

/* One of the realms that ask. NULL: it is answered; else why not. */
static const char *answer_one(struct account *account,
	const struct digest_challenge *challenge, struct account_use *use)
{
	const unsigned place = place_of(account, challenge);
	struct realm *realm = &account->realms[place];
	const bool known = realm->name && realm->challenge.proxy == challenge->proxy &&
			   span_equal_str(challenge->realm, realm->name);

	if (known && use->answered >> place & 1 && !challenge->stale) {
		/* it would be wrong for the next request too */
		forget(realm);
		return "the user or the password is wrong";
	}
	if (!take(account, realm, challenge))
		return "out of memory";
	use->answered |= 1u << place;
	return NULL;
}

bool account_answer(struct account *account, const struct message *response,
	struct account_use *use, const char **ret_why)
{
	const struct digest_terms terms = {.algorithms = account->algorithms,
		.realm = account->only,
		.never = account->never[0] ? account->never : NULL};
	struct digest_challenge chosen[DIGEST_MAX_REALMS];
	struct digest_challenges all;
	unsigned count;

	if (account->closed) {
		*ret_why = "a reload has taken its user away, or changed him";
		return false;
	}
	digest_challenges_read(&all, response);
	count = digest_choose(&all, &terms, chosen, ret_why);
	for (unsigned i = 0; i < count; i++) {
		*ret_why = answer_one(account, &chosen[i], use);
		if (*ret_why)
			return false;
	}
	if (count && use->repeats == ACCOUNT_REPEATS) {
		*ret_why = "it asks again and again";
		return false;
	}
	use->repeats += count > 0;
	return count > 0;
}

/* The header names no realm: it is taken where one alone can be meant. With -sess the nonce is in the
 * key of the session, which would end. */
static void heed(struct account *account, const struct message *response,
	const char *header, bool proxy)
{
	struct realm *meant = NULL;
	struct span line, nonce;
	char *copy;

	if (!message_line(response, header, 0, &line) || !digest_next_nonce(line, &nonce))
		return;
	for (unsigned i = 0; i < DIGEST_MAX_REALMS; i++) {
		struct realm *realm = &account->realms[i];

		if (!realm->name || realm->challenge.proxy != proxy)
			continue;
		if (meant)
			return;
		meant = realm;
	}
	if (!meant || digest_is_sess(meant->challenge.algorithm) ||
		span_equal_str(nonce, meant->nonce))
		return;
	copy = span_dup(nonce);
	if (!copy)
		return;
	free(meant->nonce);
	meant->nonce = copy;
	meant->count = 0;
}

void account_heed(struct account *account, const struct message *response)
{
	heed(account, response, "Authentication-Info", false);
	heed(account, response, "Proxy-Authentication-Info", true);
}

/* ---- who says that he is it ---- */

bool account_takes(const struct account *account, enum digest_algorithm algorithm)
{
	return !digest_is_sess(algorithm) &&
	       (account->algorithms & DIGEST_BIT(algorithm)) != 0;
}

bool account_is_proved(const struct account *account,
	const struct digest_credentials *credentials, struct span method)
{
	const struct digest_answer answer = {.user = span_of(account->user),
		.secret = {account->secret, account->secret_len},
		.method = method};

	return account_takes(account, credentials->algorithm) &&
	       digest_credentials_prove(credentials, &answer);
}
