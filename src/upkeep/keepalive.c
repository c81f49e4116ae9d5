#include "upkeep/keepalive.h"

#include "base/secret.h"
#include "trunk/target.h"
#include "upkeep/trunk_list.h"

#include <errno.h>
#include <stdlib.h>

struct keepalives {
	struct upkeep_params by;
	struct trunk_list trunks; /* of struct keepalive */
};

/* A trunk that is kept alive. */
struct keepalive {
	struct trunk_entry entry;
	struct timer timer;
	bool asked;       /* answers are awaited */
	uint64_t sent_ms; /* when it was asked last */
};

static struct timers *timers_of(const struct keepalive *keepalive)
{
	const struct keepalives *all = keepalive->entry.list->arg;

	return all->by.timers;
}

static struct transport *transport_of(const struct keepalive *keepalive)
{
	const struct keepalives *all = keepalive->entry.list->arg;

	return bridge_transport(all->by.bridge,
		keepalive->entry.target->trunk->kind == TRUNK_SERVER ? SIDE_INTERNAL
								     : SIDE_EXTERNAL);
}

/* Up to a fifth earlier, so that all do not go at once (RFC 5626 4.4.1). */
static uint64_t pause_ms(const struct keepalive *keepalive)
{
	const uint64_t ms = keepalive->entry.target->settings->keepalive_ms;

	return ms - secret_below(ms / 5 + 1);
}

/* ---- connections ---- */

static void send_h(void *arg, struct flow *flow)
{
	(void)arg;
	(void)flow_keep_alive(flow);
}

/* One that was opened since was asked nothing. */
static void judge_h(void *arg, struct flow *flow)
{
	const struct keepalive *keepalive = arg;

	if (flow->heard_ms < keepalive->sent_ms)
		transport_cut_flow(flow, "dead: no answer to a CRLF keep-alive in 10 s");
}

/* Calls H for each of its connections: over TLS for each of its peer, else by address. */
static void each_connection(
	struct keepalive *keepalive, void (*h)(void *arg, struct flow *flow))
{
	const struct target *target = keepalive->entry.target;
	const struct trunk *trunk = target->trunk;
	const struct addr anywhere = {.len = 0};
	const unsigned count = target_is_tls(target) ? 1 : trunk->addr_count;
	struct transport_target to;

	for (unsigned i = 0; i < count; i++)
		if (!target_connection(target,
			    target_is_tls(target) ? &anywhere : &trunk->addrs[i], &to,
			    NULL))
			transport_each_open(transport_of(keepalive), &to, h, keepalive);
}

static void send_datagrams(struct keepalive *keepalive)
{
	const struct target *target = keepalive->entry.target;
	const struct trunk *trunk = target->trunk;
	struct transport_target to;
	struct flow *flow;

	for (unsigned i = 0; i < trunk->addr_count; i++) {
		if (target_connection(target, &trunk->addrs[i], &to, NULL) ||
			transport_flow(transport_of(keepalive), &to, &flow, NULL))
			continue;
		(void)flow_keep_alive(flow);
		flow_unref(flow);
	}
}

/* ---- time ---- */

static void due_h(void *arg)
{
	struct keepalive *keepalive = arg;
	uint64_t next_ms = pause_ms(keepalive);

	if (keepalive->asked) {
		keepalive->asked = false;
		each_connection(keepalive, judge_h);
		next_ms -= next_ms > KEEPALIVE_WITHIN_MS ? KEEPALIVE_WITHIN_MS : next_ms;
	} else if (keepalive->entry.target->transport == TRANSPORT_UDP) {
		send_datagrams(keepalive);
	} else {
		keepalive->asked = true;
		keepalive->sent_ms = timers_now_ms(timers_of(keepalive));
		each_connection(keepalive, send_h);
		next_ms = KEEPALIVE_WITHIN_MS;
	}
	timer_start(timers_of(keepalive), &keepalive->timer, next_ms, due_h, keepalive);
}

/* ---- which trunks ---- */

static bool wanted_h(const struct config_trunk *settings)
{
	return settings->keepalive_ms != CONFIG_OFF;
}

static struct trunk_entry *new_h(struct trunk_list *list)
{
	struct keepalive *keepalive = calloc(1, sizeof(*keepalive));

	(void)list;
	if (!keepalive)
		return NULL;
	return &keepalive->entry;
}

static void free_h(struct trunk_entry *entry)
{
	struct keepalive *keepalive = (struct keepalive *)entry;

	timer_stop(&keepalive->timer);
	free(keepalive);
}

static void settle_h(struct trunk_entry *entry, unsigned count)
{
	struct keepalive *keepalive = (struct keepalive *)entry;
	uint64_t now_ms = timers_now_ms(timers_of(keepalive));
	uint64_t pause = pause_ms(keepalive);

	(void)count;
	if (!timer_running(&keepalive->timer) ||
		keepalive->timer.expiry_ms > now_ms + pause)
		timer_start(
			timers_of(keepalive), &keepalive->timer, pause, due_h, keepalive);
}

int keepalives_new(struct keepalives **ret, const struct upkeep_params *params)
{
	struct keepalives *keepalives = calloc(1, sizeof(*keepalives));

	if (!keepalives)
		return -ENOMEM;
	keepalives->by = *params;
	if (trunk_list_init(&keepalives->trunks,
		    &(struct trunk_list_handlers){.wanted_h = wanted_h,
			    .new_h = new_h,
			    .free_h = free_h,
			    .settle_h = settle_h},
		    keepalives)) {
		free(keepalives);
		return -ENOMEM;
	}
	*ret = keepalives;
	return 0;
}

void keepalives_free(struct keepalives *keepalives)
{
	if (!keepalives)
		return;
	trunk_list_clear(&keepalives->trunks);
	free(keepalives);
}

void keepalives_apply(struct keepalives *keepalives)
{
	trunk_list_apply(&keepalives->trunks, keepalives->by.trunks);
}
