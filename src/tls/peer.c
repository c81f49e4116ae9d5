#include "tls/peer.h"

#include "tls/chain.h"
#include "tls/escape.h"
#include "tls/facts.h"
#include "tls/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const rule_names[] = {
	[PEER_OK] = "ok",
	[PEER_NO_CERTIFICATE] = "no-certificate",
	[PEER_UNREADABLE] = "unreadable",
	[PEER_ISSUER] = "issuer",
	[PEER_EXPIRED] = "expired",
	[PEER_NOT_YET] = "not-yet",
	[PEER_REVOKED] = "revoked",
	[PEER_CRL_STALE] = "crl-stale",
	[PEER_STAPLE] = "staple",
	[PEER_WEAK] = "weak",
	[PEER_PURPOSE] = "purpose",
	[PEER_CONSTRAINT] = "constraint",
	[PEER_NAME] = "name",
	[PEER_PIN] = "pin",
	[PEER_NOT_ASKED] = "not-asked",
	[PEER_VERSION] = "version",
	[PEER_CIPHER] = "cipher",
	[PEER_SERVER_NAME] = "server-name",
};

const char *peer_rule_name(enum peer_rule rule)
{
	return rule_names[rule];
}

const char *peer_words(const char *id, char buf[static PEER_WORDS_SIZE])
{
	static const char unknown[] = " peer=";
	const char *space = id ? strchr(id, ' ') : NULL;
	const char *head = space ? " " : unknown;
	char *end = buf;

	*end = '\0';
	if (!id)
		return buf;
	end = stpcpy(end, head);
	end = mempcpy(end, id, strnlen(id, PEER_WORDS_SIZE - sizeof(unknown)));
	*end = '\0';
	if (space && 1 + space - id < end - buf)
		buf[1 + (space - id)] = '=';
	return buf;
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

static void words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

/* NULL-ended; NULL without memory. */
static char **words_copy(char *const *words, size_t count)
{
	char **copy = calloc(count + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(words[i]);
		if (!copy[i]) {
			words_free(copy);
			return NULL;
		}
	}
	return copy;
}

static char **hosts_copy(const struct peer_params *params)
{
	char *const first[] = {(char *)(uintptr_t)params->name};
	char **hosts = words_copy(first, 1), **grown, **more;

	if (!hosts || !params->further_host_count)
		return hosts;
	more = words_copy(params->further_hosts, params->further_host_count);
	grown = more ? realloc(hosts, (params->further_host_count + 2) * sizeof(*grown))
		     : NULL;
	if (!grown) {
		words_free(hosts);
		words_free(more);
		return NULL;
	}
	memcpy(grown + 1, more, (params->further_host_count + 1) * sizeof(*grown));
	free(more);
	return grown;
}

static void peer_free(struct peer *peer)
{
	words_free(peer->hosts);
	words_free(peer->other_names);
	words_free(peer->pins);
	free(peer->id);
	free(peer->name);
	free(peer->our_host);
	cred_unref(peer->cred);
	trust_unref(peer->trust);
	free(peer);
}

int peer_add(struct peer_set *set, const struct peer_params *params, struct peer **ret)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	peer->set = set;
	peer->id = strdup(params->id);
	peer->name = strdup(params->name);
	peer->hosts = hosts_copy(params);
	peer->other_names = words_copy(params->other_names, params->other_name_count);
	peer->pins = words_copy(params->pins, params->pin_count);
	peer->wildcard = params->wildcard;
	peer->strict_purpose = params->strict_purpose;
	peer->must_ask = params->must_ask;
	peer->revocation = params->revocation;
	peer->terms = params->terms;
	peer->trust = trust_ref(params->trust);
	peer->our_host = params->our_host ? strdup(params->our_host) : NULL;
	peer->owner = params->owner;
	if (!peer->id || !peer->name || !peer->hosts || !peer->other_names ||
		!peer->pins || (params->our_host && !peer->our_host)) {
		peer_free(peer);
		return -ENOMEM;
	}
	set->widest = list_empty(&set->peers) ? peer->terms
					      : policy_widest(set->widest, peer->terms);
	list_append(&set->peers, &peer->node);
	if (ret)
		*ret = peer;
	return 0;
}

static bool words_equal(char *const *a, char *const *b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return !*a && !*b;
}

bool peer_is_alike(const struct peer *a, const struct peer *b)
{
	return a->trust == b->trust && !strcmp(a->name, b->name) &&
	       words_equal(a->other_names, b->other_names) &&
	       words_equal(a->pins, b->pins) && a->wildcard == b->wildcard &&
	       a->strict_purpose == b->strict_purpose && a->must_ask == b->must_ask &&
	       a->revocation == b->revocation && a->terms.min == b->terms.min &&
	       a->terms.ciphers == b->terms.ciphers;
}

void peer_set_unref(struct peer_set *set)
{
	if (!set || --set->refs > 0)
		return;
	LIST_FOREACH (&set->peers, node, next) {
		list_remove(node);
		peer_free(LIST_ENTRY(node, struct peer, node));
	}
	server_names_free(set->names);
	free(set);
}

/* ---- what is presented ---- */

void peer_present(struct peer *peer, struct cred *cred)
{
	struct cred *old = peer->cred;

	peer->cred = cred ? cred_ref(cred) : NULL;
	cred_unref(old);
}

/* Who else knows us as PEER does. */
static const struct peer *namesake_of(const struct peer_set *set, const struct peer *peer)
{
	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *other = LIST_ENTRY(node, struct peer, node);

		if (other != peer && other->our_host && other->cred != peer->cred &&
			!strcasecmp(other->our_host, peer->our_host))
			return other;
	}
	return peer;
}

static int add_presented(const struct peer_set *set, struct server_names *names,
	const struct peer *peer, struct err_text *text)
{
	int err = server_names_add(names, peer->our_host, peer->cred);

	if (err == ERR_STATE)
		return err_set(text, err,
			"%s: contact-host: %s is that of %s too, which has another "
			"certificate: who asks for that name could be either",
			peer->id, peer->our_host, namesake_of(set, peer)->id);
	return err;
}

int peer_set_present(struct peer_set *set, struct cred *common, struct err_text *text)
{
	struct server_names *names = NULL;
	bool same = true;
	int err;

	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);

		same = same && !peer->our_host && !peer->cred;
	}
	err = same ? 0 : server_names_new(&names, common);
	for (struct list *node = set->peers.next; names && !err && node != &set->peers;
		node = node->next)
		err = add_presented(
			set, names, LIST_ENTRY(node, struct peer, node), text);
	if (err) {
		server_names_free(names);
		return err;
	}
	server_names_free(set->names);
	set->names = names;
	return 0;
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

/* How a certificate's names fit a peer's. */
enum fit { FIT_NONE, FIT_WILDCARD, FIT_EXACT };

static enum fit better(
	enum fit fit, const struct names *names, const char *name, bool wildcard)
{
	if (fit == FIT_EXACT || names_match(names, name))
		return FIT_EXACT;
	return wildcard && names_match_one_label(names, name) ? FIT_WILDCARD : fit;
}

/* Whether HOST of PEER counts where WANTED, NULL: any, was connected to. */
static bool counts(const char *host, const char *wanted)
{
	return !wanted || !strcasecmp(host, wanted);
}

/* As if PEER had set wildcard or not. */
static enum fit fit_of(const struct names *names, const struct peer *peer,
	const char *wanted, bool wildcard)
{
	enum fit fit = FIT_NONE;

	if (wanted && !peer_has_host(peer, wanted))
		return FIT_NONE; /* it is its host no more */
	for (size_t i = 0; peer->hosts[i]; i++)
		if (counts(peer->hosts[i], wanted))
			fit = better(fit, names, peer->hosts[i], wildcard);
	for (size_t i = 0; peer->other_names[i]; i++)
		fit = better(fit, names, peer->other_names[i], wildcard);
	return fit;
}

bool peer_has_host(const struct peer *peer, const char *host)
{
	for (size_t i = 0; peer->hosts[i]; i++)
		if (!strcasecmp(peer->hosts[i], host))
			return true;
	return false;
}

bool peer_is_same(const struct peer *a, const struct peer *b)
{
	if (strcmp(a->id, b->id) != 0)
		return false;
	for (size_t i = 0; a->hosts[i]; i++)
		if (peer_has_host(b, a->hosts[i]))
			return true;
	return false;
}

static enum fit peer_fit(
	const struct names *names, const struct peer *peer, const char *wanted)
{
	return fit_of(names, peer, wanted, peer->wildcard);
}

static void expect_name(struct peer_verdict *verdict, const char *name)
{
	if (verdict->expected[0] != '\0')
		escape_add_str(verdict->expected, sizeof(verdict->expected), ", ");
	escape_add_str(verdict->expected, sizeof(verdict->expected), name);
}

static void expect(
	struct peer_verdict *verdict, const struct peer *peer, const char *wanted)
{
	for (size_t i = 0; peer->hosts[i]; i++)
		if (counts(peer->hosts[i], wanted))
			expect_name(verdict, peer->hosts[i]);
	for (size_t i = 0; peer->other_names[i]; i++)
		expect_name(verdict, peer->other_names[i]);
}

static bool has_pin(const struct peer *peer, const char *pin)
{
	for (size_t i = 0; peer->pins[i]; i++) {
		if (pin[0] != '\0' && strcmp(peer->pins[i], pin) == 0)
			return true;
	}
	return false;
}

/* A key that cannot be hashed is none of those named. */
static enum peer_rule judge_pin(
	const struct chain *chain, const struct peer *peer, struct peer_verdict *verdict)
{
	char pin[FACTS_PIN_SIZE];

	if (!peer->pins[0] || has_pin(peer, facts_pin(chain->crts[0], pin)))
		return PEER_OK;
	escape_add_str(verdict->detail, sizeof(verdict->detail), "its key is ");
	escape_add_str(verdict->detail, sizeof(verdict->detail),
		pin[0] != '\0' ? pin : "of an unknown kind");
	return PEER_PIN;
}

static void detail(struct peer_verdict *verdict, const char *text)
{
	escape_add_str(verdict->detail, sizeof(verdict->detail), text);
}

static enum peer_rule judge_terms(const struct policy_agreed *agreed,
	const struct peer *peer, struct peer_verdict *verdict)
{
	if (!policy_allows_version(&peer->terms, agreed)) {
		detail(verdict, agreed->version_name);
		detail(verdict, ", at least ");
		detail(verdict, policy_version_name(peer->terms.min));
		detail(verdict, " for ");
		detail(verdict, peer->id);
		return PEER_VERSION;
	}
	if (!policy_allows_cipher(&peer->terms, agreed)) {
		detail(verdict, agreed->suite);
		detail(verdict, ", ciphers are ");
		detail(verdict, policy_ciphers_name(peer->terms.ciphers));
		detail(verdict, " for ");
		detail(verdict, peer->id);
		return PEER_CIPHER;
	}
	return PEER_OK;
}

/* What came, read once: the chain parsed, and the session's facts. */
struct evidence {
	const struct chain *chain;
	const struct names *names;
	const struct policy_agreed *agreed; /* may be NULL */
	const char *server_name;            /* may be NULL */
	const char *host;                   /* that was connected to; NULL: any */
};

/* CONNECTING: the far end is the TLS server. */
static void judge_one(const struct evidence *evidence, const struct peer *peer,
	bool connecting, struct peer_verdict *verdict)
{
	const struct chain *chain = evidence->chain;
	const struct names *names = evidence->names;
	struct chain_demands demands = {CHAIN_EITHER_ROLE, peer->revocation};
	bool match = peer_fit(names, peer, evidence->host) != FIT_NONE;

	if (peer->strict_purpose)
		demands.purpose = connecting ? CHAIN_TLS_SERVER : CHAIN_TLS_CLIENT;
	expect(verdict, peer, evidence->host);
	if (match)
		escape_add_str(verdict->claims, sizeof(verdict->claims), peer->id);
	if (chain_judge(chain, peer->trust, &demands, verdict) != PEER_OK)
		return;
	verdict->rule = match ? judge_pin(chain, peer, verdict) : PEER_NAME;
	if (verdict->rule == PEER_OK && evidence->agreed)
		verdict->rule = judge_terms(evidence->agreed, peer, verdict);
	if (verdict->rule == PEER_OK)
		verdict->peer = peer;
}

/* Whether PEER may be there though another server name could have been asked for. */
static bool is_admitted(const struct peer_set *set, const struct evidence *evidence,
	const struct peer *peer)
{
	return !set->names || !evidence->server_name ||
	       server_names_admit(
		       set->names, evidence->server_name, peer->our_host, peer->cred);
}

static void refuse_name(const struct evidence *evidence, const struct peer *peer,
	struct peer_verdict *verdict)
{
	verdict->rule = PEER_SERVER_NAME;
	verdict->peer = NULL;
	detail(verdict, "it asked for ");
	detail(verdict, evidence->server_name);
	detail(verdict, ", which is not what ");
	detail(verdict, peer->id);
	detail(verdict, " knows us by");
}

/* Of two refusals the one that came further: a known issuer says more than an unknown. */
static void keep_better(struct peer_verdict *best, const struct peer_verdict *next)
{
	if (best->rule == PEER_OK ||
		(best->rule == PEER_ISSUER && next->rule != PEER_ISSUER))
		*best = *next;
}

/*
 * Tries the peers of SET that have FIT, until one may come in: VERDICT is then about it.
 * Otherwise BEST is the best refusal, of earlier calls too.
 */
static bool judge_fitting(const struct peer_set *set, const struct evidence *evidence,
	enum fit fit, struct peer_verdict *verdict, struct peer_verdict *best)
{
	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);
		struct peer_verdict trial = *verdict;

		if (peer_fit(evidence->names, peer, NULL) != fit)
			continue;
		judge_one(evidence, peer, false, &trial);
		if (trial.rule == PEER_OK && !is_admitted(set, evidence, peer))
			refuse_name(evidence, peer, &trial);
		if (trial.rule == PEER_OK) {
			*verdict = trial;
			return true;
		}
		keep_better(best, &trial);
	}
	return false;
}

/* True when a peer of SET has one of NAMES: VERDICT then says whether it may come in. */
static bool judge_namesakes(const struct peer_set *set, const struct evidence *evidence,
	struct peer_verdict *verdict)
{
	struct peer_verdict best = {.rule = PEER_OK};

	if (judge_fitting(set, evidence, FIT_EXACT, verdict, &best) ||
		judge_fitting(set, evidence, FIT_WILDCARD, verdict, &best))
		return true;
	if (best.rule == PEER_OK) /* nobody was tried */
		return false;
	*verdict = best;
	return true;
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
	const struct chain_demands demands = {CHAIN_EITHER_ROLE, PEER_REVOCATION_HARD};
	struct peer_verdict best = {.rule = PEER_OK};

	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);
		struct peer_verdict trial = *verdict;

		expect(verdict, peer, NULL);
		if (trust_seen(set, peer) || best.rule == PEER_NAME)
			continue;
		if (chain_judge(chain, peer->trust, &demands, &trial) == PEER_OK)
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

static bool wildcard_would_fit(const struct peer_set *set, const struct peer *one,
	const struct evidence *evidence)
{
	if (one)
		return fit_of(evidence->names, one, evidence->host, true) == FIT_WILDCARD;
	LIST_FOREACH (&set->peers, node, next) {
		const struct peer *peer = LIST_ENTRY(node, struct peer, node);

		if (fit_of(evidence->names, peer, NULL, true) == FIT_WILDCARD)
			return true;
	}
	return false;
}

/* "But the name is there!" deserves an answer. */
static void say_why_not(const struct peer_set *set, const struct peer *one,
	const struct evidence *evidence, struct peer_verdict *verdict)
{
	if (verdict->rule != PEER_NAME)
		return;
	if (evidence->names->has_sip_uri)
		escape_add_str(verdict->detail, sizeof(verdict->detail),
			"a sip: URI takes the place of DNS names (RFC 5922 7.1)");
	else if (wildcard_would_fit(set, one, evidence))
		escape_add_str(verdict->detail, sizeof(verdict->detail),
			"wildcards count with wildcard = one-label alone");
}

static void judge_chain(const struct peer_set *set, const struct peer *one,
	const struct chain *chain, const struct peer_shown *shown,
	struct peer_verdict *verdict)
{
	struct names names;
	const struct evidence evidence = {
		chain, &names, shown->agreed, shown->server_name, shown->host};

	names_read(&names, chain->crts[0]);
	names_print(&names, verdict->presented, sizeof(verdict->presented));
	if (one)
		judge_one(&evidence, one, true, verdict);
	else if (!judge_namesakes(set, &evidence, verdict))
		judge_stranger(set, chain, verdict);
	say_why_not(set, one, &evidence, verdict);
	names_free(&names);
}

int peer_judge(const struct peer_set *set, const struct peer *one,
	const struct peer_shown *shown, struct peer_verdict *ret_verdict)
{
	struct peer_verdict verdict = {.rule = PEER_NO_CERTIFICATE};
	struct chain crts;

	if (shown->chain_len == 0) {
		if (one)
			expect(&verdict, one, shown->host);
	} else if (shown->chain_len > POLICY_CHAIN_MAX) {
		verdict.rule = PEER_CONSTRAINT;
		escape_add_str(verdict.detail, sizeof(verdict.detail),
			"more certificates in the chain than allowed");
	} else if (chain_import(&crts, shown->chain, shown->chain_len) < 0) {
		verdict.rule = PEER_UNREADABLE;
	} else {
		crts.staples = shown->staples;
		crts.cannot_staple = shown->cannot_staple;
		judge_chain(set, one, &crts, shown, &verdict);
		chain_free(&crts);
	}
	*ret_verdict = verdict;
	return verdict.rule == PEER_OK ? 0 : ERR_TRUST;
}
