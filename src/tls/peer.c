#include "tls/peer.h"

#include "tls/chain.h"
#include "tls/escape.h"
#include "tls/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_names[] = {
	[PEER_OK] = "ok",
	[PEER_NO_CERTIFICATE] = "no-certificate",
	[PEER_UNREADABLE] = "unreadable",
	[PEER_ISSUER] = "issuer",
	[PEER_EXPIRED] = "expired",
	[PEER_NOT_YET] = "not-yet",
	[PEER_REVOKED] = "revoked",
	[PEER_CRL_STALE] = "crl-stale",
	[PEER_WEAK] = "weak",
	[PEER_PURPOSE] = "purpose",
	[PEER_CONSTRAINT] = "constraint",
	[PEER_NAME] = "name",
};

const char *peer_rule_name(enum peer_rule rule)
{
	return rule_names[rule];
}

int peer_set_new(struct peer_set **ret)
{
	struct peer_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->refs = 1;
	list_init(&set->peers);
	*ret = set;
	return 0;
}

struct peer_set *peer_set_ref(struct peer_set *set)
{
	set->refs++;
	return set;
}

static void peer_free(struct peer *peer)
{
	free(peer->id);
	free(peer->name);
	trust_unref(peer->trust);
	free(peer);
}

int peer_add(struct peer_set *set, const char *id, const char *name, struct trust *trust,
	void *owner, struct peer **ret)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	peer->set = set;
	peer->id = strdup(id);
	peer->name = strdup(name);
	peer->trust = trust_ref(trust);
	peer->owner = owner;
	if (!peer->id || !peer->name) {
		peer_free(peer);
		return -ENOMEM;
	}
	list_append(&set->peers, &peer->node);
	if (ret)
		*ret = peer;
	return 0;
}

void peer_set_unref(struct peer_set *set)
{
	if (!set || --set->refs > 0)
		return;
	LIST_FOREACH (&set->peers, node, next) {
		list_remove(node);
		peer_free(LIST_ENTRY(node, struct peer, node));
	}
	free(set);
}

bool peer_match_name(gnutls_x509_crt_t certificate, const char *name)
{
	struct names names;
	bool match;

	names_read(&names, certificate);
	match = names_match(&names, name);
	names_free(&names);
	return match;
}

static void expect(struct peer_verdict *verdict, const struct peer *peer)
{
	if (verdict->expected[0] != '\0')
		escape_add_str(verdict->expected, sizeof(verdict->expected), ", ");
	escape_add_str(verdict->expected, sizeof(verdict->expected), peer->name);
}

static void judge_one(const struct chain *chain, const struct names *names,
	const struct peer *peer, struct peer_verdict *verdict)
{
	bool match = names_match(names, peer->name);

	expect(verdict, peer);
	if (match)
		escape_add_str(verdict->claims, sizeof(verdict->claims), peer->id);
	if (chain_judge(chain, peer->trust, verdict) != PEER_OK)
		return;
	if (match)
		verdict->peer = peer;
	else
		verdict->rule = PEER_NAME;
}

/* Of two refusals the one that came further: a known issuer says more than an unknown. */
static void keep_better(struct peer_verdict *best, const struct peer_verdict *next)
{
	if (best->rule == PEER_OK ||
		(best->rule == PEER_ISSUER && next->rule != PEER_ISSUER))
		*best = *next;
}

/* True when a peer of SET has one of NAMES: VERDICT then says whether it may come in. */
static bool judge_namesakes(const struct peer_set *set, const struct chain *chain,
	const struct names *names, struct peer_verdict *verdict)
{
	struct peer_verdict best = {.rule = PEER_OK};
	bool found = false;

	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);
		struct peer_verdict trial = *verdict;

		if (!names_match(names, peer->name))
			continue;
		found = true;
		judge_one(chain, names, peer, &trial);
		if (trial.rule == PEER_OK) {
			*verdict = trial;
			return true;
		}
		keep_better(&best, &trial);
	}
	if (found)
		*verdict = best;
	return found;
}

static bool trust_seen(const struct peer_set *set, const struct peer *until)
{
	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);

		if (peer == until)
			return false;
		if (peer->trust == until->trust)
			return true;
	}
	return false;
}

/* Nobody has that name. Whether it is the name's fault or the chain's, a trust must say. */
static void judge_stranger(const struct peer_set *set, const struct chain *chain,
	struct peer_verdict *verdict)
{
	struct peer_verdict best = {.rule = PEER_OK};

	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);
		struct peer_verdict trial = *verdict;

		expect(verdict, peer);
		if (trust_seen(set, peer) || best.rule == PEER_NAME)
			continue;
		if (chain_judge(chain, peer->trust, &trial) == PEER_OK)
			trial.rule = PEER_NAME;
		if (trial.rule == PEER_NAME)
			best = trial;
		else
			keep_better(&best, &trial);
	}
	if (best.rule == PEER_OK) /* the set is empty: nobody may come */
		best.rule = PEER_NAME;
	verdict->rule = best.rule;
	memcpy(verdict->issuer, best.issuer, sizeof(verdict->issuer));
	memcpy(verdict->detail, best.detail, sizeof(verdict->detail));
}

/* "But the name is there!" deserves an answer. */
static void say_why_not_dns(const struct names *names, struct peer_verdict *verdict)
{
	if (verdict->rule == PEER_NAME && names->has_sip_uri)
		escape_add_str(verdict->detail, sizeof(verdict->detail),
			"a sip: URI takes the place of DNS names (RFC 5922 7.1)");
}

static void judge_chain(const struct peer_set *set, const struct peer *one,
	const struct chain *chain, struct peer_verdict *verdict)
{
	struct names names;

	names_read(&names, chain->crts[0]);
	names_print(&names, verdict->presented, sizeof(verdict->presented));
	if (one)
		judge_one(chain, &names, one, verdict);
	else if (!judge_namesakes(set, chain, &names, verdict))
		judge_stranger(set, chain, verdict);
	say_why_not_dns(&names, verdict);
	names_free(&names);
}

int peer_judge(const struct peer_set *set, const struct peer *one,
	const gnutls_datum_t *chain, unsigned chain_len, struct peer_verdict *ret_verdict)
{
	struct peer_verdict verdict = {.rule = PEER_NO_CERTIFICATE};
	struct chain crts;

	if (chain_len == 0) {
		if (one)
			expect(&verdict, one);
	} else if (chain_len > POLICY_CHAIN_MAX) {
		verdict.rule = PEER_CONSTRAINT;
		escape_add_str(verdict.detail, sizeof(verdict.detail),
			"more certificates in the chain than allowed");
	} else if (chain_import(&crts, chain, chain_len) < 0) {
		verdict.rule = PEER_UNREADABLE;
	} else {
		judge_chain(set, one, &crts, &verdict);
		chain_free(&crts);
	}
	*ret_verdict = verdict;
	return verdict.rule == PEER_OK ? 0 : ERR_TRUST;
}
