#include "probe/observe.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/secret.h"
#include "probe/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first probes after a start are so far apart in the mean. */
#define SPREAD_MS 50

struct observe {
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct list observed;
	struct hash by_id;
	struct list waiting; /* whose time has come while enough probes are under way */
	unsigned running;
};

struct observed {
	struct list node;
	struct list wait_node;
	struct hash_node id_node;
	struct observe *observe;
	struct trunk *trunk; /* a reference */
	char *terms;         /* what of the configuration the verdict depends on */
	bool wanted;         /* the present configuration observes it */
	struct timer timer;
	struct probe *probe; /* under way, or NULL */
	unsigned name;       /* which of its hosts that is about */
	enum observe_state state;
	const char *step;        /* that fails, or "" */
	struct probe_step fault; /* FAILS: what it said */
	uint64_t since_us;       /* wall time, as the other two */
	unsigned probes;
	struct probe_step srtp; /* of the last probe */
	uint64_t checked_us;
	struct probe_step inbound;
	uint64_t inbound_us;
};

static const char in_step[] = "tls-in";

static uint64_t wall_us(const struct observe *observe)
{
	struct clock *clock = loop_clock(observe->loop);

	return clock->wall_us(clock);
}

/* ---- verdicts ---- */

static void log_verdict(const struct observed *observed)
{
	const char *id = observed->trunk->id;
	char since[CLOCK_TEXT_SIZE];

	clock_text(observed->since_us, since);
	if (observed->state == OBSERVE_WORKS)
		log_info("observe",
			"trunk=%s event=observe verdict=would-work since=%s srtp=%s", id,
			since, probe_verdict_name(observed->srtp.verdict));
	else if (observed->state == OBSERVE_FAILS)
		log_warning("observe",
			"trunk=%s event=observe verdict=would-fail step=%s since=%s "
			"found: %s -> %s",
			id, observed->step, since, observed->fault.words,
			observed->fault.fix);
}

/* The words of TCP name the addresses in the order of DNS, which is none. */
static bool is_the_same(const struct observed *observed, enum observe_state state,
	const char *step, const struct probe_step *fault)
{
	if (state != observed->state || strcmp(step, observed->step) != 0)
		return false;
	return !fault || strcmp(step, probe_step_name(PROBE_TCP)) == 0 ||
	       strcmp(fault->words, observed->fault.words) == 0;
}

/* FAULT is what STEP said, NULL: nothing is wrong. A change begins a new row and is said. */
static void set_verdict(
	struct observed *observed, const char *step, const struct probe_step *fault)
{
	enum observe_state state = fault                  ? OBSERVE_FAILS
				   : observed->checked_us ? OBSERVE_WORKS
							  : OBSERVE_UNKNOWN;
	bool same = is_the_same(observed, state, step, fault);

	if (fault)
		observed->fault = *fault;
	if (same)
		return;
	observed->state = state;
	observed->step = step;
	observed->since_us = wall_us(observed->observe);
	observed->probes = 0;
	log_verdict(observed);
}

/* No probe found a fault; what became of their connections may be one. */
static void judge_inbound(struct observed *observed)
{
	uint64_t until_us = observed->inbound_us + (uint64_t)OBSERVE_REFUSED_MS * 1000;

	if (observed->inbound.verdict == PROBE_FAILED &&
		wall_us(observed->observe) < until_us)
		set_verdict(observed, in_step, &observed->inbound);
	else
		set_verdict(observed, "", NULL);
}

/* ---- probing ---- */

static void schedule(struct observed *observed, uint64_t delay_ms);

static void take_result(struct observed *observed, const struct probe_result *result)
{
	observed->checked_us = result->wall_us;
	observed->srtp = result->steps[PROBE_SRTP];
	if (result->failed == PROBE_STEPS)
		judge_inbound(observed);
	else
		set_verdict(observed, probe_step_name(result->failed),
			&result->steps[result->failed]);
	observed->probes++;
}

/* A tenth sooner or later, so that trunks do not fall into step. */
static void schedule_next(struct observed *observed)
{
	uint64_t interval_ms = observed->trunk->gateway->observe_ms;

	schedule(observed,
		interval_ms - interval_ms / 10 + secret_below(interval_ms / 5 + 1));
}

static void begin(struct observed *observed);

static void begin_waiting(struct observe *observe)
{
	LIST_FOREACH (&observe->waiting, node, next) {
		if (observe->running == OBSERVE_PROBES_MAX)
			return;
		list_remove(node);
		begin(LIST_ENTRY(node, struct observed, wait_node));
	}
}

/* Each of its hosts has to do: the first that does not is what is told of. */
static bool has_more(const struct observed *observed)
{
	return observed->name + 1 < trunk_settings(observed->trunk)->hosts.count;
}

static void probed_h(void *arg, const struct probe_result *result)
{
	struct observed *observed = arg;

	observed->probe = NULL;
	observed->observe->running--;
	if (result->failed == PROBE_STEPS && has_more(observed)) {
		observed->name++;
		begin(observed);
	} else {
		take_result(observed, result);
		schedule_next(observed);
	}
	begin_waiting(observed->observe);
}

static void begin(struct observed *observed)
{
	struct observe *observe = observed->observe;
	struct err_text text = {""};
	const struct probe_params params = {.loop = observe->loop,
		.resolver = observe->resolver,
		.trunk = observed->trunk,
		.name = observed->name,
		.cred = trunks_cred(observe->trunks, TRUNK_GATEWAY),
		.quiet = true,
		.h = probed_h,
		.arg = observed};

	if (probe_start(&observed->probe, &params, &text) == 0) {
		observe->running++;
		return;
	}
	log_error("observe", "trunk=%s event=not-probed reason=\"%s\"",
		observed->trunk->id, text.text);
	schedule_next(observed);
}

static void due_h(void *arg)
{
	struct observed *observed = arg;

	observed->name = 0;
	list_append(&observed->observe->waiting, &observed->wait_node);
	begin_waiting(observed->observe);
}

static void schedule(struct observed *observed, uint64_t delay_ms)
{
	timer_start(loop_timers(observed->observe->loop), &observed->timer, delay_ms,
		due_h, observed);
}

/* ---- which trunks ---- */

static uint64_t hash_of(const char *id)
{
	return hash_bytes(id, strlen(id), 0);
}

static struct observed *find(const struct observe *observe, const char *id)
{
	struct hash_node *node = hash_find(&observe->by_id, hash_of(id));

	for (; node; node = hash_find_next(node)) {
		struct observed *observed = HASH_ENTRY(node, struct observed, id_node);

		if (strcmp(observed->trunk->id, id) == 0)
			return observed;
	}
	return NULL;
}

static void drop(struct observed *observed)
{
	struct observe *observe = observed->observe;

	if (observed->probe)
		observe->running--;
	probe_cancel(observed->probe);
	timer_stop(&observed->timer);
	list_remove(&observed->wait_node);
	list_remove(&observed->node);
	hash_remove(&observe->by_id, &observed->id_node);
	trunk_unref(observed->trunk);
	free(observed->terms);
	free(observed);
}

static void add_tls(struct buf *out, const struct config_tls *tls)
{
	buf_printf(out, "%s\n%s\n%s\n%s\n%s\n%s\n%lld\n", tls->certificate, tls->key,
		tls->trust, tls->crl, tls->next_certificate, tls->next_key,
		(long long)tls->next_from);
}

static void add_words(struct buf *out, const struct config_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		buf_printf(out, "%s ", words->words[i]);
	buf_add_char(out, '\n');
}

/* Every setting that a verdict depends on, as one text. NULL without memory. */
static char *terms_of(const struct trunk *trunk)
{
	const struct config_gateway *gateway = trunk->gateway;
	const struct config_peer *peer = &gateway->common.peer;
	struct buf out;
	char *terms;

	buf_init(&out, 0);
	buf_printf(&out, "%s\n%u\n%s\n", config_our_host(trunk->config, &gateway->common),
		(unsigned)config_port(&gateway->common, true), gateway->from_host);
	buf_printf(&out, "%d %d %d %u\n%s\n", (int)gateway->common.tls_min,
		(int)gateway->common.ciphers, (int)gateway->common.srtp_with_tls,
		gateway->common.suites, gateway->probe_number);
	buf_printf(&out, "%d %d %d %d\n", (int)peer->wildcard, (int)peer->eku,
		(int)peer->mutual, (int)peer->revocation);
	add_words(&out, &gateway->common.hosts);
	add_words(&out, &peer->names);
	add_words(&out, &peer->pins);
	add_tls(&out, &gateway->common.certs);
	add_tls(&out, &trunk->config->external.tls);
	terms = out.err ? NULL : strdup(buf_str(&out));
	buf_free(&out);
	return terms;
}

/* Takes TERMS on success. NULL without memory. */
static struct observed *add(struct observe *observe, struct trunk *trunk, char *terms)
{
	struct observed *observed = calloc(1, sizeof(*observed));

	if (!observed)
		return NULL;
	observed->observe = observe;
	observed->trunk = trunk_ref(trunk);
	observed->terms = terms;
	observed->step = "";
	observed->srtp.verdict = PROBE_UNKNOWN;
	observed->inbound.verdict = PROBE_UNKNOWN;
	list_init(&observed->wait_node);
	list_append(&observe->observed, &observed->node);
	hash_add(&observe->by_id, &observed->id_node, hash_of(trunk->id));
	return observed;
}

/* Without memory it is not observed, until the next reload. */
static void want(struct observe *observe, struct trunk *trunk)
{
	struct observed *observed = find(observe, trunk->id);
	char *terms = terms_of(trunk);

	if (observed && (!terms || strcmp(terms, observed->terms) != 0)) {
		drop(observed);
		observed = NULL;
	}
	if (!observed && terms) {
		observed = add(observe, trunk, terms);
		terms = observed ? NULL : terms;
	}
	free(terms);
	if (observed)
		observed->wanted = true;
	else
		log_error("observe", "trunk=%s event=not-observed reason=\"%s\"",
			trunk->id, err_str(-ENOMEM));
}

/* The time of its next probe: one that is new soon, COUNT of them spread; one whose interval
 * became shorter by that. */
static void settle(struct observed *observed, unsigned count)
{
	uint64_t now_ms = timers_now_ms(loop_timers(observed->observe->loop));
	uint64_t interval_ms = observed->trunk->gateway->observe_ms;
	uint64_t spread_ms = (uint64_t)count * SPREAD_MS;
	bool is_new = !observed->probe && !timer_running(&observed->timer) &&
		      list_empty(&observed->wait_node);

	if (is_new)
		schedule(observed,
			secret_below(spread_ms < interval_ms ? spread_ms : interval_ms));
	else if (timer_running(&observed->timer) &&
		 observed->timer.expiry_ms > now_ms + interval_ms + interval_ms / 10)
		schedule_next(observed);
}

void observe_apply(struct observe *observe)
{
	struct trunk *trunk;
	unsigned count = 0;

	LIST_FOREACH (&observe->observed, node, next)
		LIST_ENTRY(node, struct observed, node)->wanted = false;
	for (unsigned i = 0; (trunk = trunks_at(observe->trunks, TRUNK_GATEWAY, i));
		i++) {
		if (trunk_settings(trunk)->tls != CONFIG_TLS_OBSERVE ||
			!trunk_settings(trunk)->enabled)
			continue;
		want(observe, trunk);
		count++;
	}
	LIST_FOREACH (&observe->observed, node, next) {
		struct observed *observed = LIST_ENTRY(node, struct observed, node);

		if (observed->wanted)
			settle(observed, count);
		else
			drop(observed);
	}
	begin_waiting(observe);
}

int observe_new(struct observe **ret, const struct observe_params *params)
{
	struct observe *observe = calloc(1, sizeof(*observe));

	if (!observe)
		return -ENOMEM;
	observe->loop = params->loop;
	observe->resolver = params->resolver;
	observe->trunks = params->trunks;
	list_init(&observe->observed);
	list_init(&observe->waiting);
	if (hash_init(&observe->by_id)) {
		free(observe);
		return -ENOMEM;
	}
	*ret = observe;
	return 0;
}

void observe_free(struct observe *observe)
{
	if (!observe)
		return;
	LIST_FOREACH (&observe->observed, node, next)
		drop(LIST_ENTRY(node, struct observed, node));
	hash_free(&observe->by_id);
	free(observe);
}

/* ---- their connections ---- */

/* ID as a peer has it: "trunk carrier-a". */
static struct observed *find_peer(const struct observe *observe, const char *id)
{
	static const char prefix[] = "trunk ";

	if (strncmp(id, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return find(observe, id + sizeof(prefix) - 1);
}

static void note_inbound(struct observed *observed, enum probe_verdict verdict,
	const struct flow *flow, const char *words)
{
	char from[ADDR_TEXT_SIZE];

	observed->inbound.verdict = verdict;
	observed->inbound_us = wall_us(observed->observe);
	/* without the port, which is another one each time */
	snprintf(observed->inbound.words, sizeof(observed->inbound.words), "%s from %s",
		words, addr_host_text(&flow->remote, from));
	if (observed->state != OBSERVE_FAILS || observed->step == in_step)
		judge_inbound(observed);
}

static void note_accepted(struct observed *observed, const struct flow *flow)
{
	char words[512];

	observed->inbound.fix[0] = '\0';
	snprintf(words, sizeof(words), "accepted: %s %s with %s", flow->version,
		flow->cipher, flow->peer_names);
	note_inbound(observed, PROBE_OK, flow, words);
}

static void note_refused(struct observed *observed, const struct flow *flow)
{
	const struct trunk *trunk = observed->trunk;
	struct explain_context context;
	struct buf words, fix;

	buf_init(&words, 0);
	buf_init(&fix, 0);
	explain_words(flow->report, &words);
	probe_context(trunk->config, trunk->kind, trunk_settings(trunk), &context);
	explain_what_to_do(flow->report, &context, &fix);
	snprintf(observed->inbound.fix, sizeof(observed->inbound.fix), "%s",
		buf_str(&fix) ? fix.data : "");
	note_inbound(observed, PROBE_FAILED, flow, buf_str(&words) ? words.data : "");
	buf_free(&words);
	buf_free(&fix);
}

static bool comes_from(const struct trunk *trunk, const struct flow *flow)
{
	for (unsigned i = 0; i < trunk->addr_count; i++)
		if (addr_equal_host(&trunk->addrs[i], &flow->remote))
			return true;
	return false;
}

/*
 * Whoever was refused proved nothing, and anybody may claim a name: it counts against a
 * trunk only from an address of that one, and when it did not claim to be another.
 */
static void judge_refused(struct observe *observe, const struct flow *flow)
{
	const char *claims = flow->report->verdict.claims;

	LIST_FOREACH (&observe->observed, node, next) {
		struct observed *observed = LIST_ENTRY(node, struct observed, node);

		if (comes_from(observed->trunk, flow) &&
			(!claims[0] || find_peer(observe, claims) == observed))
			note_refused(observed, flow);
	}
}

void observe_judged_h(void *arg, const struct flow *flow)
{
	struct observe *observe = arg;
	struct observed *observed;

	if (flow->report) {
		judge_refused(observe, flow);
		return;
	}
	observed = find_peer(observe, flow->peer->id);
	if (observed)
		note_accepted(observed, flow);
}

/* ---- asking ---- */

bool observe_find(
	const struct observe *observe, const char *id, struct observe_verdict *ret)
{
	const struct observed *observed = find(observe, id);
	bool fails;

	if (!observed)
		return false;
	fails = observed->state == OBSERVE_FAILS;
	*ret = (struct observe_verdict){.state = observed->state,
		.since_us = observed->since_us,
		.checked_us = observed->checked_us,
		.probes = observed->probes,
		.step = observed->step,
		.words = fails ? observed->fault.words : "",
		.fix = fails ? observed->fault.fix : "",
		.srtp = &observed->srtp,
		.inbound = &observed->inbound,
		.inbound_us = observed->inbound_us};
	return true;
}
