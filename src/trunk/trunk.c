#include "trunk/trunk.h"

#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the addresses of a plain gateway with a host name are looked up again. */
#define TRUNK_RESOLVE_MS 60000
/* While a name cannot be resolved. */
#define TRUNK_RETRY_MS 5000

/* The trunks of one kind, in order of priority. */
struct trunk_side {
	struct trunk **trunks;
	unsigned count;
	struct cred *cred;
	struct peer_set *peers;
};

struct trunks {
	struct loop *loop;
	struct resolver *resolver;
	struct trunk_side sides[2]; /* by enum trunk_kind */
	struct trunk **retired;     /* left the configuration, but their calls go on */
	unsigned retired_count;
	struct timer refresh;
};

/* What was loaded during one trunks_apply(): a thousand gateways often share their files. */
struct file_cache {
	struct {
		const char *anchors;
		const char *crl;
		struct trust *trust;
	} * trusts;
	size_t trust_count;
	struct {
		const char *certificate;
		const char *key;
		struct cred *cred;
	} * creds;
	size_t cred_count;
};

static void refresh_h(void *arg);

int trunks_new(struct trunks **ret, struct loop *loop, struct resolver *resolver)
{
	struct trunks *trunks = calloc(1, sizeof(*trunks));

	if (!trunks)
		return -ENOMEM;
	trunks->loop = loop;
	trunks->resolver = resolver;
	*ret = trunks;
	return 0;
}

/* ---- one trunk ---- */

struct trunk *trunk_ref(struct trunk *trunk)
{
	trunk->refs++;
	return trunk;
}

void trunk_unref(struct trunk *trunk)
{
	if (!trunk || --trunk->refs)
		return;
	resolve_cancel(trunk->resolving);
	cred_unref(trunk->cred);
	config_unref(trunk->config);
	free(trunk->id);
	free(trunk);
}

bool trunk_is_tls(const struct trunk *trunk)
{
	return trunk->kind == TRUNK_SERVER || trunk->gateway->tls;
}

enum transport_kind trunk_transport(const struct trunk *trunk)
{
	if (trunk_is_tls(trunk))
		return TRANSPORT_TLS;
	return trunk->gateway->transport == CONFIG_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
}

const char *trunk_host(const struct trunk *trunk)
{
	return trunk->kind == TRUNK_SERVER ? trunk->server->host : trunk->gateway->host;
}

uint16_t trunk_port(const struct trunk *trunk)
{
	return trunk->kind == TRUNK_SERVER ? trunk->server->port : trunk->gateway->port;
}

const char *trunk_name(const struct trunk *trunk, char buf[static 80])
{
	snprintf(buf, 80, "%s %s", trunk->kind == TRUNK_SERVER ? "server" : "trunk",
		trunk->id);
	return buf;
}

/* ---- the new state of one side, built beside the old ---- */

static int cached_trust(struct file_cache *cache, const char *anchors, const char *crl,
	struct trust **ret, struct err_text *text)
{
	void *grown;
	int err;

	for (size_t i = 0; i < cache->trust_count; i++)
		if (!strcmp(cache->trusts[i].anchors, anchors) &&
			!strcmp(cache->trusts[i].crl, crl)) {
			*ret = cache->trusts[i].trust;
			return 0;
		}
	grown = realloc(cache->trusts, (cache->trust_count + 1) * sizeof(*cache->trusts));
	if (!grown)
		return -ENOMEM;
	cache->trusts = grown;
	err = trust_load(ret, anchors, crl, text);
	if (err)
		return err;
	cache->trusts[cache->trust_count].anchors = anchors;
	cache->trusts[cache->trust_count].crl = crl;
	cache->trusts[cache->trust_count++].trust = *ret;
	return 0;
}

/* *RET owns a reference. */
static int cached_cred(struct file_cache *cache, const char *certificate, const char *key,
	struct cred **ret, struct err_text *text)
{
	struct cred *cred;
	void *grown;
	int err;

	for (size_t i = 0; i < cache->cred_count; i++)
		if (!strcmp(cache->creds[i].certificate, certificate) &&
			!strcmp(cache->creds[i].key, key)) {
			*ret = cred_ref(cache->creds[i].cred);
			return 0;
		}
	grown = realloc(cache->creds, (cache->cred_count + 1) * sizeof(*cache->creds));
	if (!grown)
		return -ENOMEM;
	cache->creds = grown;
	err = cred_load(&cred, certificate, key, NULL, text);
	if (err)
		return err;
	cache->creds[cache->cred_count].certificate = certificate;
	cache->creds[cache->cred_count].key = key;
	cache->creds[cache->cred_count++].cred = cred;
	*ret = cred_ref(cred);
	return 0;
}

static void free_cache(struct file_cache *cache)
{
	for (size_t i = 0; i < cache->trust_count; i++)
		trust_unref(cache->trusts[i].trust);
	for (size_t i = 0; i < cache->cred_count; i++)
		cred_unref(cache->creds[i].cred);
	free(cache->trusts);
	free(cache->creds);
}

static const char *either(const char *own, const char *common)
{
	return own[0] ? own : common;
}

/* Names the peer in an error that only named a file. */
static int blame(struct err_text *text, int err, const struct trunk *trunk)
{
	struct err_text why = *text;
	char name[80];

	return err_set(text, err, "%s: %s", trunk_name(trunk, name),
		why.text[0] ? why.text : err_str(err));
}

static struct trunk *find_in(const struct trunk_side *side, const char *id)
{
	for (unsigned i = 0; i < side->count; i++)
		if (!strcmp(side->trunks[i]->id, id))
			return side->trunks[i];
	return NULL;
}

/* The trunk as a peer of SET, judged as its configuration says. */
static int add_peer(struct trunk *trunk, struct peer_set *set, struct trust *trust)
{
	const struct config_peer *own = trunk->kind == TRUNK_SERVER
						? &trunk->server->peer
						: &trunk->gateway->peer;
	char name[80];
	const struct peer_params params = {
		.id = trunk_name(trunk, name),
		.name = trunk_host(trunk),
		.other_names = own->names.words,
		.other_name_count = own->names.count,
		.pins = own->pins.words,
		.pin_count = own->pins.count,
		.wildcard = own->wildcard == CONFIG_WILDCARD_ONE_LABEL,
		.strict_purpose = own->eku == CONFIG_EKU_STRICT,
		.must_ask = own->mutual == CONFIG_MUTUAL_STRICT,
		.trust = trust,
		.owner = trunk,
	};

	return peer_add(set, &params, &trunk->peer);
}

/* What TRUNK needs for TLS: a peer to judge by, and its own certificate where it has one. */
static int load_tls(struct trunk *trunk, struct trunk_side *side,
	struct file_cache *cache, struct err_text *text)
{
	const struct config *config = trunk->config;
	const struct config_tls *common = trunk->kind == TRUNK_SERVER
						  ? &config->internal.tls
						  : &config->external.tls;
	const struct config_tls *own = trunk->kind == TRUNK_SERVER
					       ? &trunk->server->tls
					       : &trunk->gateway->certs;
	struct trust *trust;
	int err = cached_trust(cache, either(own->trust, common->trust),
		either(own->crl, common->crl), &trust, text);

	if (!err && trunk->kind == TRUNK_GATEWAY && own->certificate[0])
		err = cached_cred(cache, own->certificate, either(own->key, common->key),
			&trunk->cred, text);
	if (!err)
		err = add_peer(trunk, side->peers, trust);
	return err ? blame(text, err, trunk) : 0;
}

/* A trunk with the settings of CONFIG, counters kept from OLD (may be NULL). */
static struct trunk *make_trunk(enum trunk_kind kind, struct config *config,
	const struct config_server *server, const struct config_gateway *gateway)
{
	struct trunk *trunk = calloc(1, sizeof(*trunk));

	if (!trunk)
		return NULL;
	trunk->refs = 1;
	trunk->kind = kind;
	trunk->configured = true;
	trunk->server = server;
	trunk->gateway = gateway;
	trunk->config = config_ref(config);
	trunk->id = strdup(kind == TRUNK_SERVER ? server->id : gateway->id);
	if (!trunk->id) {
		trunk_unref(trunk);
		return NULL;
	}
	return trunk;
}

static void free_side(struct trunk_side *side)
{
	for (unsigned i = 0; i < side->count; i++)
		trunk_unref(side->trunks[i]);
	free(side->trunks);
	cred_unref(side->cred);
	peer_set_unref(side->peers);
	memset(side, 0, sizeof(*side));
}

/* A certificate that did not change stays the same object: connections made with it are
 * reused on after a reload. */
static void keep_same(struct cred **cred, struct cred *old)
{
	if (!*cred || !old || !cred_equal(*cred, old))
		return;
	cred_unref(*cred);
	*cred = cred_ref(old);
}

/*
 * TLS of TRUNK was switched off, but calls that began with it stand on a TLS connection:
 * its peer stays in the set, so that the connection is judged as before. New calls do not
 * come that way: trunks_of_flow() looks at the present setting.
 */
static void keep_peer(struct trunk *trunk, struct trunk_side *side,
	const struct trunk_side *old, struct file_cache *cache)
{
	const struct trunk *before = find_in(old, trunk->id);
	struct err_text text = {{0}};

	if (!before || !before->calls || !before->peer)
		return;
	if (load_tls(trunk, side, cache, &text))
		log_warning("trunk", "trunk=%s event=peer-not-kept reason=\"%s\"",
			trunk->id, text.text);
}

static int build_side(struct trunk_side *side, const struct trunk_side *old,
	enum trunk_kind kind, struct config *config, struct file_cache *cache,
	struct err_text *text)
{
	bool server = kind == TRUNK_SERVER;
	size_t count = server ? config->server_count : config->gateway_count;
	const struct config_tls *common =
		server ? &config->internal.tls : &config->external.tls;
	int err = peer_set_new(&side->peers);

	side->trunks = calloc(count ? count : 1, sizeof(struct trunk *));
	if (err || !side->trunks)
		return -ENOMEM;
	if (common->certificate[0]) {
		err = cred_load(&side->cred, common->certificate, common->key,
			config->tandem.fqdn, text);
		if (err)
			return err;
		keep_same(&side->cred, old->cred);
	}
	for (size_t i = 0; i < count; i++) {
		struct trunk *trunk =
			make_trunk(kind, config, server ? &config->servers[i] : NULL,
				server ? NULL : &config->gateways[i]);

		if (!trunk)
			return -ENOMEM;
		side->trunks[side->count++] = trunk;
		if (trunk_is_tls(trunk))
			err = load_tls(trunk, side, cache, text);
		else
			keep_peer(trunk, side, old, cache);
		if (err)
			return err;
	}
	return 0;
}

/* ---- swapping ---- */

/* Moves the settings of FRESH into OLD, whose live state calls hold on to. FRESH is left
 * with OLD's settings and dies. */
static void renew(struct trunk *old, struct trunk *fresh)
{
	struct trunk kept = *old;

	if (strcmp(trunk_host(old), trunk_host(fresh)) ||
		trunk_port(old) != trunk_port(fresh))
		old->addr_count = 0;
	keep_same(&fresh->cred, kept.cred);
	old->config = fresh->config;
	old->server = fresh->server;
	old->gateway = fresh->gateway;
	old->cred = fresh->cred;
	old->peer = fresh->peer;
	fresh->config = kept.config;
	fresh->server = kept.server;
	fresh->gateway = kept.gateway;
	fresh->cred = kept.cred;
}

static void drop_retired(struct trunks *trunks)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < trunks->retired_count; i++) {
		if (trunks->retired[i]->calls)
			trunks->retired[kept++] = trunks->retired[i];
		else
			trunk_unref(trunks->retired[i]);
	}
	trunks->retired_count = kept;
}

/* Without memory its calls go on, but a plain gateway's own requests are not heard. */
static void retire(struct trunks *trunks, struct trunk *trunk)
{
	void *grown = realloc(
		trunks->retired, (trunks->retired_count + 1) * sizeof(struct trunk *));

	if (!grown)
		return;
	trunks->retired = grown;
	trunks->retired[trunks->retired_count++] = trunk_ref(trunk);
}

/* Trunks that are gone and still have calls stay known until those have ended. */
static void retire_unconfigured(struct trunks *trunks, const struct trunk_side *old)
{
	for (unsigned i = 0; i < old->count; i++)
		if (!old->trunks[i]->configured && old->trunks[i]->calls)
			retire(trunks, old->trunks[i]);
}

static void swap_side(
	struct trunks *trunks, struct trunk_side *side, struct trunk_side *fresh)
{
	struct trunk_side old = *side;

	for (unsigned i = 0; i < old.count; i++)
		old.trunks[i]->configured = false;
	for (unsigned i = 0; i < fresh->count; i++) {
		struct trunk *known = find_in(&old, fresh->trunks[i]->id);

		if (!known)
			continue;
		renew(known, fresh->trunks[i]);
		known->configured = true;
		if (known->peer)
			known->peer->owner = known;
		trunk_unref(fresh->trunks[i]);
		fresh->trunks[i] = trunk_ref(known);
	}
	retire_unconfigured(trunks, &old);
	*side = *fresh;
	memset(fresh, 0, sizeof(*fresh));
	free_side(&old);
}

int trunks_apply(struct trunks *trunks, struct config *config, struct err_text *text)
{
	struct trunk_side fresh[2] = {0};
	struct file_cache cache = {0};
	int err = 0;

	for (unsigned kind = 0; kind < 2 && !err; kind++)
		err = build_side(&fresh[kind], &trunks->sides[kind],
			(enum trunk_kind)kind, config, &cache, text);
	if (!err) {
		drop_retired(trunks);
		swap_side(trunks, &trunks->sides[TRUNK_SERVER], &fresh[TRUNK_SERVER]);
		swap_side(trunks, &trunks->sides[TRUNK_GATEWAY], &fresh[TRUNK_GATEWAY]);
		refresh_h(trunks);
	}
	free_side(&fresh[TRUNK_SERVER]);
	free_side(&fresh[TRUNK_GATEWAY]);
	free_cache(&cache);
	return err;
}

int trunks_check(struct config *config, struct err_text *text)
{
	struct trunk_side none = {0};
	struct file_cache cache = {0};
	int err = 0;

	for (unsigned kind = 0; kind < 2 && !err; kind++) {
		struct trunk_side side = {0};

		err = build_side(
			&side, &none, (enum trunk_kind)kind, config, &cache, text);
		free_side(&side);
	}
	free_cache(&cache);
	return err;
}

void trunks_free(struct trunks *trunks)
{
	if (!trunks)
		return;
	timer_stop(&trunks->refresh);
	free_side(&trunks->sides[TRUNK_SERVER]);
	free_side(&trunks->sides[TRUNK_GATEWAY]);
	for (unsigned i = 0; i < trunks->retired_count; i++)
		trunk_unref(trunks->retired[i]);
	free(trunks->retired);
	free(trunks);
}

/* ---- addresses of plain gateways ---- */

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct trunk *trunk = arg;

	trunk->resolving = NULL;
	if (answer->err) {
		snprintf(trunk->last_error, sizeof(trunk->last_error), "%s", answer->why);
		log_warning("trunk", "trunk=%s event=unresolved host=%s reason=\"%s\"",
			trunk->id, trunk_host(trunk), answer->why);
		return; /* the last known addresses go on counting */
	}
	memcpy(trunk->addrs, answer->addrs, sizeof(trunk->addrs));
	trunk->addr_count = answer->count;
}

/* Plain SIP is known by its source address alone, so the names of plain gateways are kept
 * resolved; TLS peers are known by certificate, and resolved when they are called. */
static void refresh_h(void *arg)
{
	struct trunks *trunks = arg;
	struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];
	uint64_t delay_ms = TRUNK_RESOLVE_MS;

	drop_retired(trunks);
	for (unsigned i = 0; i < side->count; i++) {
		struct trunk *trunk = side->trunks[i];

		if (trunk_is_tls(trunk) || trunk->resolving)
			continue;
		if (resolver_ask(trunks->resolver, trunk_host(trunk), trunk_port(trunk),
			    trunk_transport(trunk), resolved_h, trunk,
			    &trunk->resolving) ||
			!trunk->addr_count)
			delay_ms = TRUNK_RETRY_MS;
	}
	timer_start(
		loop_timers(trunks->loop), &trunks->refresh, delay_ms, refresh_h, trunks);
}

/* ---- asking ---- */

struct cred *trunks_cred(const struct trunks *trunks, enum trunk_kind kind)
{
	return trunks->sides[kind].cred;
}

struct peer_set *trunks_peers(const struct trunks *trunks, enum trunk_kind kind)
{
	return trunks->sides[kind].peers;
}

struct trunk *trunks_find(
	const struct trunks *trunks, enum trunk_kind kind, const char *id)
{
	return find_in(&trunks->sides[kind], id);
}

struct trunk *trunks_at(const struct trunks *trunks, enum trunk_kind kind, unsigned index)
{
	const struct trunk_side *side = &trunks->sides[kind];

	return index < side->count ? side->trunks[index] : NULL;
}

static struct trunk *find_plain(
	const struct trunks *trunks, enum transport_kind kind, const struct addr *remote)
{
	const struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];
	struct trunk *by_host = NULL;

	for (unsigned i = 0; i < side->count; i++) {
		struct trunk *trunk = side->trunks[i];

		if (trunk_transport(trunk) != kind || !trunk->gateway->enabled)
			continue;
		for (unsigned j = 0; j < trunk->addr_count; j++) {
			if (addr_equal(&trunk->addrs[j], remote))
				return trunk;
			if (!by_host && addr_equal_host(&trunk->addrs[j], remote))
				by_host = trunk;
		}
	}
	/* a gateway may send from another port than the one it listens on */
	return by_host;
}

static struct trunk *find_judged(const struct trunk_side *side, const struct peer *judged)
{
	if (judged->set == side->peers)
		return judged->owner;
	/* judged before a reload: the same id and name are the same peer */
	for (unsigned i = 0; i < side->count; i++) {
		const struct peer *peer = side->trunks[i]->peer;

		if (peer && !strcmp(peer->id, judged->id) &&
			!strcmp(peer->name, judged->name))
			return side->trunks[i];
	}
	return NULL;
}

struct trunk *trunks_of_flow(
	const struct trunks *trunks, const struct flow *flow, enum trunk_kind side)
{
	if (flow->kind == TRANSPORT_TLS) {
		struct trunk *trunk =
			flow->peer ? find_judged(&trunks->sides[side], flow->peer) : NULL;

		return trunk && trunk_is_tls(trunk) ? trunk : NULL;
	}
	return side == TRUNK_GATEWAY ? find_plain(trunks, flow->kind, &flow->remote)
				     : NULL;
}

/* Calls that began in plain go on so after TLS was switched on, or after their gateway left
 * the configuration: it is heard. */
static bool has_plain_calls(const struct trunk *trunk, const struct addr *remote)
{
	if (!trunk->calls)
		return false;
	for (unsigned i = 0; i < trunk->addr_count; i++)
		if (addr_equal_host(&trunk->addrs[i], remote))
			return true;
	return false;
}

bool trunks_allow_plain(
	const struct trunks *trunks, enum transport_kind kind, const struct addr *remote)
{
	const struct trunk_side *side = &trunks->sides[TRUNK_GATEWAY];

	if (find_plain(trunks, kind, remote))
		return true;
	for (unsigned i = 0; i < side->count; i++)
		if (trunk_is_tls(side->trunks[i]) &&
			has_plain_calls(side->trunks[i], remote))
			return true;
	for (unsigned i = 0; i < trunks->retired_count; i++)
		if (has_plain_calls(trunks->retired[i], remote))
			return true;
	return false;
}
