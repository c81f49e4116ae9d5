#include "sip/resolve.h"

#include "base/hash.h"
#include "base/log.h"
#include "sip/resolve_fault.h"
#include "sip/resolve_hosts.h"
#include "sip/resolve_set.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unbound.h>

#define TIMEOUT_MS 5000
/* Hosts whose answers are kept: they are configured, so there are never many. */
#define KEPT_MAX 256
/* Questions under way, should names ever come from a peer. */
#define LOOKUPS_MAX 256
#define KEPT_MAX_S 86400
/* RFC 8767 5: how long old answers may serve, and how often DNS is then tried again. */
#define STALE_MS (86400 * 1000ULL)
#define STALE_RETRY_MS (30 * 1000ULL)

#define DNS_CLASS_IN 1
#define DNS_A 1
#define DNS_AAAA 28
#define DNS_SRV 33

/* What is asked. */
struct key {
	char name[RESOLVE_NAME_SIZE];
	uint16_t port; /* 0: SRV, then the default */
	enum transport_kind kind;
};

/* A kept answer. */
struct kept {
	struct list node; /* in resolver->kept_order, the oldest first */
	struct hash_node by_key;
	struct key key;
	struct resolve_set set;
	uint64_t fresh_until_ms;
	uint64_t stale_until_ms;
};

/* The DNS questions for one key, shared by all who asked meanwhile. */
struct lookup {
	struct hash_node by_key;
	bool listed; /* in resolver->lookups: others may join */
	struct resolver *resolver;
	struct key key;
	struct list waiters; /* struct resolve */
	struct list queries; /* struct query */
	struct resolve_set set;
	struct timer timer;
	uint64_t ttl_s; /* the shortest of all answers */
	char why[200];  /* the first failure */
};

/* One question to libunbound. */
struct query {
	struct list node;
	struct lookup *lookup;
	int type;
	unsigned server; /* A, AAAA: which of the set */
	int async_id;
};

struct resolve {
	struct list node; /* in lookup->waiters */
	resolve_h *h;
	void *arg;
};

struct resolver {
	struct loop *loop;
	char *resolv_conf;
	char *forward;
	char *trust_anchor;
	uint64_t timeout_ms;
	struct resolve_hosts *hosts;
	struct ub_ctx *dns; /* NULL until the first question that needs it */
	struct loop_fd watch;
	struct hash lookups;
	struct hash kept;
	struct list kept_order;
};

static void lookup_addresses(struct lookup *lookup);
static void lookup_step(struct lookup *lookup);

static uint64_t key_hash(const struct key *key)
{
	return hash_bytes(key->name, strlen(key->name),
		(uint64_t)key->port << 8 | (uint64_t)key->kind);
}

static bool key_equal(const struct key *a, const struct key *b)
{
	return a->port == b->port && a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

static uint64_t now_ms(const struct resolver *resolver)
{
	return timers_now_ms(loop_timers(resolver->loop));
}

/* ---- kept answers ---- */

static struct kept *kept_find(const struct resolver *resolver, const struct key *key)
{
	for (struct hash_node *node = hash_find(&resolver->kept, key_hash(key)); node;
		node = hash_find_next(node)) {
		struct kept *kept = HASH_ENTRY(node, struct kept, by_key);

		if (key_equal(&kept->key, key))
			return kept;
	}
	return NULL;
}

static void kept_drop(struct resolver *resolver, struct kept *kept)
{
	hash_remove(&resolver->kept, &kept->by_key);
	list_remove(&kept->node);
	free(kept);
}

static void kept_add(struct resolver *resolver, const struct lookup *lookup)
{
	struct kept *kept = kept_find(resolver, &lookup->key);
	uint64_t ttl_s = lookup->ttl_s < KEPT_MAX_S ? lookup->ttl_s : KEPT_MAX_S;

	if (kept)
		kept_drop(resolver, kept);
	if (resolver->kept.count == KEPT_MAX)
		kept_drop(resolver,
			LIST_ENTRY(resolver->kept_order.next, struct kept, node));
	kept = malloc(sizeof(*kept));
	if (!kept)
		return; /* it is only a cache */
	kept->key = lookup->key;
	kept->set = lookup->set;
	kept->fresh_until_ms = now_ms(resolver) + ttl_s * 1000;
	kept->stale_until_ms = kept->fresh_until_ms + STALE_MS;
	hash_add(&resolver->kept, &kept->by_key, key_hash(&kept->key));
	list_append(&resolver->kept_order, &kept->node);
}

/* ---- the end of a lookup ---- */

static void query_free(struct query *query)
{
	list_remove(&query->node);
	free(query);
}

static void lookup_unlist(struct lookup *lookup)
{
	if (lookup->listed)
		hash_remove(&lookup->resolver->lookups, &lookup->by_key);
	lookup->listed = false;
}

static void lookup_free(struct lookup *lookup)
{
	lookup_unlist(lookup);
	timer_stop(&lookup->timer);
	LIST_FOREACH (&lookup->queries, node, next) {
		struct query *query = LIST_ENTRY(node, struct query, node);

		(void)ub_cancel(lookup->resolver->dns, query->async_id);
		query_free(query);
	}
	LIST_FOREACH (&lookup->waiters, node, next)
		free(LIST_ENTRY(node, struct resolve, node));
	free(lookup);
}

static void answer_from_set(struct resolve_answer *answer, const struct resolve_set *set)
{
	*answer = (struct resolve_answer){.err = 0};
	resolve_set_order(set, answer);
}

/* Tells all waiters; each gets a draw of its own. SET NULL: it failed. */
static void lookup_tell(struct lookup *lookup, const struct resolve_set *set)
{
	/* Who asks again from its handler begins a new lookup, or this would never end. */
	lookup_unlist(lookup);
	while (!list_empty(&lookup->waiters)) {
		struct resolve *waiter =
			LIST_ENTRY(lookup->waiters.next, struct resolve, node);
		const struct resolve asked = *waiter;
		struct resolve_answer answer = {.err = ERR_RESOLVE};

		list_remove(&waiter->node);
		free(waiter);
		if (set)
			answer_from_set(&answer, set);
		else
			snprintf(answer.why, sizeof(answer.why), "%s", lookup->why);
		asked.h(asked.arg, &answer);
	}
}

static void lookup_fail(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	struct kept *kept = kept_find(resolver, &lookup->key);
	struct resolve_set old;

	if (!lookup->why[0])
		snprintf(lookup->why, sizeof(lookup->why),
			"%.100s has no address in DNS, neither A nor AAAA",
			lookup->key.name);
	if (kept && now_ms(resolver) < kept->stale_until_ms) {
		log_warning("resolve", "event=old-answer-used host=%s reason=\"%s\"",
			lookup->key.name, lookup->why);
		kept->fresh_until_ms = now_ms(resolver) + STALE_RETRY_MS;
		old = kept->set; /* a waiter may ask again, which may drop KEPT */
		lookup_tell(lookup, &old);
	} else {
		log_warning("resolve", "event=lookup-failed host=%s reason=\"%s\"",
			lookup->key.name, lookup->why);
		lookup_tell(lookup, NULL);
	}
	lookup_free(lookup);
}

/* All queries came back. */
static void lookup_finish(struct lookup *lookup)
{
	unsigned addrs = 0;

	for (unsigned i = 0; i < lookup->set.count; i++)
		addrs += lookup->set.servers[i].addr_count;
	if (addrs == 0) {
		lookup_fail(lookup);
		return;
	}
	kept_add(lookup->resolver, lookup);
	lookup_tell(lookup, &lookup->set);
	lookup_free(lookup);
}

static void lookup_timeout(void *arg)
{
	struct lookup *lookup = arg;

	snprintf(lookup->why, sizeof(lookup->why),
		"no answer from DNS in %llu ms: see [tandem] dns-server, and whether "
		"port 53 is open",
		(unsigned long long)lookup->resolver->timeout_ms);
	/* What came so far may do: a lost AAAA must not hide the A. */
	lookup_finish(lookup);
}

/* ---- queries ---- */

static const char *type_name(int type)
{
	return type == DNS_SRV ? "SRV" : type == DNS_A ? "A" : "AAAA";
}

static void lookup_note(
	struct lookup *lookup, const char *name, int type, const char *why)
{
	if (!lookup->why[0])
		snprintf(lookup->why, sizeof(lookup->why), "%.100s %s: %.80s", name,
			type_name(type), why);
}

static void use_ttl(struct lookup *lookup, const struct ub_result *result)
{
	uint64_t ttl_s = result->ttl > 0 ? (uint64_t)result->ttl : 0;

	if (ttl_s < lookup->ttl_s)
		lookup->ttl_s = ttl_s;
}

static uint16_t default_port(enum transport_kind kind)
{
	return kind == TRANSPORT_TLS ? 5061 : 5060;
}

static void srv_done(struct lookup *lookup, const struct ub_result *result)
{
	bool denied = false;

	for (int i = 0; result->havedata && result->data[i]; i++) {
		int err = resolve_set_add_srv(&lookup->set,
			(const uint8_t *)result->data[i], (size_t)result->len[i]);

		denied |= err == ERR_SUPPORT;
	}
	if (result->havedata)
		use_ttl(lookup, result);
	if (lookup->set.count == 0 && denied) {
		lookup_note(lookup, result->qname, DNS_SRV, "the service is not offered");
		return;
	}
	if (lookup->set.count == 0)
		resolve_set_add_host(
			&lookup->set, lookup->key.name, default_port(lookup->key.kind));
	lookup_addresses(lookup);
}

static void address_done(
	struct lookup *lookup, const struct query *query, const struct ub_result *result)
{
	struct resolve_server *server = &lookup->set.servers[query->server];

	/* It may be the host that an SRV record names. */
	if (result->nxdomain)
		lookup_note(lookup, result->qname, query->type,
			"NXDOMAIN, the name does not exist");
	if (!result->havedata)
		return;
	use_ttl(lookup, result);
	for (int i = 0; result->data[i]; i++) {
		struct addr addr = {.len = 0};

		if (query->type == DNS_A && result->len[i] == 4) {
			addr.v4.sin_family = AF_INET;
			addr.len = sizeof(addr.v4);
			memcpy(&addr.v4.sin_addr, result->data[i], 4);
		} else if (query->type == DNS_AAAA && result->len[i] == 16) {
			addr.v6.sin6_family = AF_INET6;
			addr.len = sizeof(addr.v6);
			memcpy(&addr.v6.sin6_addr, result->data[i], 16);
		} else {
			continue;
		}
		resolve_server_add(server, &addr);
	}
}

/* From ub_process(), so in the loop thread. */
static void query_done(void *arg, int err, struct ub_result *result)
{
	struct query *query = arg;
	struct lookup *lookup = query->lookup;
	const char *fault = resolve_fault(err, result);

	if (fault)
		lookup_note(lookup, result ? result->qname : lookup->key.name,
			query->type, fault);
	else if (query->type == DNS_SRV)
		srv_done(lookup, result);
	else
		address_done(lookup, query, result);
	query_free(query);
	ub_resolve_free(result);
	lookup_step(lookup);
}

static int query_start(struct lookup *lookup, const char *name, int type, unsigned server)
{
	struct query *query = calloc(1, sizeof(*query));
	sigset_t all, old;
	int err;

	if (!query)
		return -ENOMEM;
	query->lookup = lookup;
	query->type = type;
	query->server = server;
	/* The first question starts libunbound's thread, which must take none of our signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = ub_resolve_async(lookup->resolver->dns, name, type, DNS_CLASS_IN, query,
		query_done, &query->async_id);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		free(query);
		lookup_note(lookup, name, type, ub_strerror(err));
		return ERR_RESOLVE;
	}
	list_append(&lookup->queries, &query->node);
	return 0;
}

/* Asks for the addresses of every server that is neither numeric nor in the hosts file. */
static void lookup_addresses(struct lookup *lookup)
{
	struct resolve_hosts *hosts = lookup->resolver->hosts;

	for (unsigned i = 0; i < lookup->set.count; i++) {
		struct resolve_server *server = &lookup->set.servers[i];

		if (resolve_hosts_find(hosts, server))
			continue;
		(void)query_start(lookup, server->name, DNS_A, i);
		(void)query_start(lookup, server->name, DNS_AAAA, i);
	}
}

static void lookup_step(struct lookup *lookup)
{
	if (list_empty(&lookup->queries))
		lookup_finish(lookup);
}

/* ---- libunbound ---- */

static void dns_event(void *arg, uint32_t events)
{
	struct resolver *resolver = arg;
	int err = ub_process(resolver->dns);

	(void)events;
	if (err)
		log_warning(
			"resolve", "event=library-failed error=\"%s\"", ub_strerror(err));
}

static int dns_configure(const struct resolver *resolver, struct ub_ctx *dns)
{
	int err = ub_ctx_debugout(dns, NULL); /* its stderr is not our log */

	/* Local resolvers (systemd-resolved, dnsmasq) are ordinary name servers to us. */
	if (!err)
		err = ub_ctx_set_option(dns, "do-not-query-localhost:", "no");
	if (!err)
		err = ub_ctx_async(dns, 1);
	if (!err && resolver->trust_anchor)
		err = ub_ctx_add_ta_file(dns, resolver->trust_anchor);
	if (err)
		return err;
	if (resolver->forward)
		return ub_ctx_set_fwd(dns, resolver->forward);
	/* Without name servers there it asks the root servers itself. */
	if (ub_ctx_resolvconf(dns, resolver->resolv_conf))
		log_warning("resolve", "event=no-name-servers file=%s",
			resolver->resolv_conf);
	return 0;
}

/* Made at the first need: it costs memory and a thread, and many servers need no DNS. */
static int dns_start(struct resolver *resolver)
{
	struct ub_ctx *dns;
	int err;

	if (resolver->dns)
		return 0;
	dns = ub_ctx_create();
	if (!dns)
		return -ENOMEM;
	err = dns_configure(resolver, dns);
	if (err) {
		log_error(
			"resolve", "event=library-failed error=\"%s\"", ub_strerror(err));
		ub_ctx_delete(dns);
		return ERR_LIBRARY;
	}
	/* Lab networks are called "something.test", which libunbound would deny itself. */
	(void)ub_ctx_zone_remove(dns, "test.");
	err = loop_watch(resolver->loop, &resolver->watch, ub_fd(dns), EPOLLIN, dns_event,
		resolver);
	if (err < 0) {
		ub_ctx_delete(dns);
		return err;
	}
	resolver->dns = dns;
	return 0;
}

/* ---- asking ---- */

static struct lookup *lookup_find(const struct resolver *resolver, const struct key *key)
{
	for (struct hash_node *node = hash_find(&resolver->lookups, key_hash(key)); node;
		node = hash_find_next(node)) {
		struct lookup *lookup = HASH_ENTRY(node, struct lookup, by_key);

		if (key_equal(&lookup->key, key))
			return lookup;
	}
	return NULL;
}

static void lookup_ask(struct lookup *lookup)
{
	static const char *const services[] = {
		[TRANSPORT_UDP] = "_sip._udp",
		[TRANSPORT_TCP] = "_sip._tcp",
		[TRANSPORT_TLS] = "_sips._tcp",
	};
	const struct key *key = &lookup->key;
	char name[RESOLVE_NAME_SIZE + 16];

	if (key->port) {
		resolve_set_add_host(&lookup->set, key->name, key->port);
		lookup_addresses(lookup);
		return;
	}
	snprintf(name, sizeof(name), "%s.%s", services[key->kind], key->name);
	(void)query_start(lookup, name, DNS_SRV, 0);
}

/* Begins the questions for KEY. 0 or negative. */
static int lookup_start(
	struct resolver *resolver, const struct key *key, struct lookup **ret)
{
	struct lookup *lookup;
	int err;

	if (resolver->lookups.count >= LOOKUPS_MAX)
		return ERR_LIMIT;
	err = dns_start(resolver);
	if (err < 0)
		return err;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return -ENOMEM;
	lookup->resolver = resolver;
	lookup->key = *key;
	lookup->ttl_s = KEPT_MAX_S;
	list_init(&lookup->waiters);
	list_init(&lookup->queries);
	hash_add(&resolver->lookups, &lookup->by_key, key_hash(key));
	lookup->listed = true;
	lookup_ask(lookup);
	if (list_empty(&lookup->queries)) {
		lookup_free(lookup);
		return ERR_RESOLVE;
	}
	timer_start(loop_timers(resolver->loop), &lookup->timer, resolver->timeout_ms,
		lookup_timeout, lookup);
	*ret = lookup;
	return 0;
}

/* The answer that needs no DNS question: numeric, in the hosts file, or kept and fresh. */
static bool answer_at_once(
	struct resolver *resolver, const struct key *key, struct resolve_answer *ret)
{
	struct resolve_set set = {.count = 0};
	const struct kept *kept;

	resolve_set_add_host(
		&set, key->name, key->port ? key->port : default_port(key->kind));
	if (resolve_hosts_find(resolver->hosts, &set.servers[0])) {
		answer_from_set(ret, &set);
		return true;
	}
	kept = kept_find(resolver, key);
	if (!kept || now_ms(resolver) >= kept->fresh_until_ms)
		return false;
	answer_from_set(ret, &kept->set);
	return true;
}

int resolver_ask(struct resolver *resolver, const struct resolve_question *question,
	struct resolve **ret)
{
	struct resolve_answer answer = {.count = 1};
	struct key key = {.port = question->port, .kind = question->kind};
	const uint16_t port = key.port ? key.port : default_port(key.kind);
	struct resolve *waiter;
	struct lookup *lookup;
	int err;

	*ret = NULL;
	if (addr_parse(&answer.addrs[0], question->host, port) == 0) {
		if (key.port)
			addr_set_port(&answer.addrs[0], key.port);
		question->h(question->arg, &answer);
		return 0;
	}
	if (resolve_name(key.name, question->host) < 0)
		return ERR_FORMAT;
	if (answer_at_once(resolver, &key, &answer)) {
		question->h(question->arg, &answer);
		return 0;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return -ENOMEM;
	waiter->h = question->h;
	waiter->arg = question->arg;
	lookup = lookup_find(resolver, &key);
	err = lookup ? 0 : lookup_start(resolver, &key, &lookup);
	if (err < 0) {
		free(waiter);
		return err;
	}
	list_append(&lookup->waiters, &waiter->node);
	*ret = waiter;
	return 0;
}

void resolve_cancel(struct resolve *resolve)
{
	if (!resolve)
		return;
	/* The lookup goes on: its answer will be kept. */
	list_remove(&resolve->node);
	free(resolve);
}

/* ---- start and end ---- */

int resolver_new(struct resolver **ret, struct loop *loop, struct err_text *text)
{
	const struct resolver_params params = {.timeout_ms = 0};

	return resolver_new_with(ret, loop, &params, text);
}

/* A copy of TEXT, or of OTHERWISE when it is NULL; that may be NULL too. */
static int copy_text(char **ret, const char *text, const char *otherwise)
{
	if (!text)
		text = otherwise;
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

int resolver_new_with(struct resolver **ret, struct loop *loop,
	const struct resolver_params *params, struct err_text *text)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return err_set(text, -ENOMEM, "out of memory");
	resolver->loop = loop;
	resolver->timeout_ms = params->timeout_ms ? params->timeout_ms : TIMEOUT_MS;
	list_init(&resolver->kept_order);
	if (copy_text(&resolver->resolv_conf, params->resolv_conf, "/etc/resolv.conf") <
			0 ||
		copy_text(&resolver->forward, params->forward, NULL) < 0 ||
		copy_text(&resolver->trust_anchor, params->trust_anchor, NULL) < 0 ||
		hash_init(&resolver->lookups) < 0 || hash_init(&resolver->kept) < 0 ||
		resolve_hosts_new(&resolver->hosts,
			params->hosts_file ? params->hosts_file : "/etc/hosts") < 0) {
		resolver_free(resolver);
		return err_set(text, -ENOMEM, "out of memory");
	}
	*ret = resolver;
	return 0;
}

static void drop_lookup(void *arg, struct hash_node *node)
{
	(void)arg;
	lookup_free(HASH_ENTRY(node, struct lookup, by_key));
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->lookups.slots)
		hash_each(&resolver->lookups, drop_lookup, NULL);
	loop_unwatch(&resolver->watch);
	if (resolver->dns)
		ub_ctx_delete(resolver->dns);
	LIST_FOREACH (&resolver->kept_order, node, next)
		kept_drop(resolver, LIST_ENTRY(node, struct kept, node));
	hash_free(&resolver->lookups);
	hash_free(&resolver->kept);
	resolve_hosts_free(resolver->hosts);
	free(resolver->resolv_conf);
	free(resolver->forward);
	free(resolver->trust_anchor);
	free(resolver);
}
